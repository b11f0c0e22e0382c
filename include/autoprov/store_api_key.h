/* Keys by which programs use the admin API: made once, stored as digests.
 *
 * The rules of store_object.h hold: reads on any connection, writes on the writer inside a
 * transaction, strings of results borrowed from the arena, its common errors. What a role means is
 * not known here. */
#ifndef AUTOPROV_STORE_API_KEY_H
#define AUTOPROV_STORE_API_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/store_ticket.h"

/* "apk_" and a ticket. */
#define STORE_API_KEY_TEXT_MAX     (4 + STORE_TICKET_TEXT_MAX)
#define STORE_API_KEY_DIGEST_BYTES STORE_TICKET_DIGEST_BYTES

/* A new key, a secret of the caller. Errors: AP_ECRYPTO. Any thread. */
AP_MUSTCHECK int store_api_key_make(char ret_text[static STORE_API_KEY_TEXT_MAX]);

/* What the database holds of a key, and finds it by: store_ticket_digest() of its text. text: len
 * bytes of any kind. Errors: AP_ECRYPTO. Any thread. */
AP_MUSTCHECK int store_api_key_digest(const char *text, size_t len,
                                      uint8_t ret_digest[static STORE_API_KEY_DIGEST_BYTES]);

struct store_api_key {
    const char *id;
    const char *name;      /* unique */
    const char *role;      /* "viewer", "operator", "admin" */
    const char *site_id;   /* NULL: all sites */
    const char *site_name; /* of that; read only */
    const char *networks;  /* where it may be used from, with commas between; "": everywhere */
    int64_t created_at;
    uint64_t version;
};

/* Errors: AP_EEXIST the name is taken. */
AP_MUSTCHECK int store_api_key_add(struct store_db *db, const struct store_api_key *key,
                                   const uint8_t digest[static STORE_API_KEY_DIGEST_BYTES],
                                   char ret_id[static STORE_ID_TEXT_MAX]);

/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_api_key_find(struct store_db *db, struct arena *arena,
                                    const uint8_t digest[static STORE_API_KEY_DIGEST_BYTES],
                                    struct store_api_key *ret_key);
AP_MUSTCHECK int store_api_key_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                                   struct store_api_key *ret_key);

/* In the order of names, those after the name after ("" : from the first), at most limit. */
AP_MUSTCHECK int store_api_key_list(struct store_db *db, struct arena *arena, const char *after,
                                    uint32_t limit, struct store_api_key **ret_keys,
                                    size_t *ret_count);

/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_api_key_del(struct store_db *db, const char *id);

#endif
