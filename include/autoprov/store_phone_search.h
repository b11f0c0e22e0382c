/* Phones as people look for them: by a piece of text, by state, in several orders.
 *
 * The rules of store_object.h hold. May look at every phone, which takes some 60 ms of 100,000: on
 * a job thread. */
#ifndef AUTOPROV_STORE_PHONE_SEARCH_H
#define AUTOPROV_STORE_PHONE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store_object.h"

enum store_phone_order {
    STORE_PHONE_BY_MAC,
    STORE_PHONE_BY_USER,       /* the user's name */
    STORE_PHONE_BY_MODEL,      /* vendor, then model */
    STORE_PHONE_BY_LAST_FETCH, /* never comes first */
    STORE_PHONE_ORDER_COUNT,
};

enum store_phone_state {
    STORE_PHONE_ANY,
    STORE_PHONE_DISABLED,
    STORE_PHONE_NEVER_FETCHED, /* and enabled */
    STORE_PHONE_FETCHED,       /* and enabled */
    STORE_PHONE_STATE_COUNT,
};

struct store_phone_search {
    struct store_phone_filter filter; /* without after_mac */
    /* Somewhere in the label, the user's name or display name, the vendor or the model; in any case
     * of ASCII; and in the MAC, where its : - . and blanks do not count. "" : all. */
    const char *text;
    enum store_phone_state state;
    enum store_phone_order order;
    bool descending;
    /* The last row of the page before, as told by it; MAC "" : the first page. */
    const char *after_key, *after_mac;
};

/* The key of a row in an order, in the arena, for the page after it. NULL without memory. */
const char *store_phone_order_key(struct arena *arena, enum store_phone_order order,
                                  const struct store_phone *phone);

/* Rows as of store_phone_find(), at most filter.limit. Errors: AP_ERANGE text longer than
 * AP_TEXT_MAX_BYTES; AP_EINVAL after_key is no key of that order. */
AP_MUSTCHECK int store_phone_search(struct store_db *db, struct arena *arena,
                                    const struct store_phone_search *search,
                                    struct store_phone **ret_phones, size_t *ret_count);
/* How many there are on all pages. Errors: AP_ERANGE as above. */
AP_MUSTCHECK int store_phone_search_count(struct store_db *db,
                                          const struct store_phone_search *search,
                                          uint64_t *ret_count);

#endif
