/* Whether phones have what they would get now. Renders their files. Any thread, on a reader of its
 * own. */
#ifndef AUTOPROV_APP_FRESHNESS_H
#define AUTOPROV_APP_FRESHNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/mac.h"
#include "autoprov/rendering.h"
#include "autoprov/snapshot.h"
#include "autoprov/store_object.h"
#include "autoprov/store_setting.h"

enum freshness {
    FRESHNESS_NEVER_FETCHED,
    FRESHNESS_CURRENT,
    FRESHNESS_STALE,
    FRESHNESS_BROKEN, /* it can't be rendered: error says why */
};

struct freshness_question {
    const struct snapshot *snapshot;
    struct store_db *db;
    const struct store_delivery *deliveries; /* of the phone */
    size_t delivery_count;
};

/* Is what the phone last fetched what it would get now? job: of one of its files; its public_url is
 * changed. *ret_at: when it last got that file anew; 0: never. */
AP_MUSTCHECK int freshness_of_file(const struct freshness_question *question,
                                   struct rendering_job *job, enum freshness *ret_freshness,
                                   int64_t *ret_at, struct ap_error *error);

/* A job for the first of a whole phone's files; NULL in its file: there is none. token (room of the
 * caller) is filled with its folder's: a secret, to be wiped. Errors: AP_ENOENT its vendor is not
 * in the catalogue any more; the store's. */
AP_MUSTCHECK int freshness_job(const struct snapshot *snapshot, struct store_db *db,
                               struct arena *arena, const struct store_phone *phone,
                               struct token *token, struct rendering_job *ret_job);

/* A phone with files that are stale or broken. Borrowed for the call. */
struct freshness_found {
    const struct store_phone *phone; /* whole */
    int64_t last_fetch_at;
    const char *const *files; /* names as the phone asks for them */
    size_t file_count;
    size_t stale_count; /* of them; the others are broken */
};

/* A walk over all phones that ever fetched, in the order of MACs, some 20,000 in one call: about
 * two seconds. */
struct freshness_walk {
    const struct snapshot *snapshot;
    struct store_db *db;
    char after[AP_MAC_TEXT_MAX];  /* 12 lower-case hex digits, or "": where to go on */
    const _Atomic bool *stopping; /* NULL, or: end soon */
    void *data;
    /* NULL, or: is the phone to be looked at? Errors end the walk. */
    int (*asked)(void *data, const struct store_phone *row, bool *ret_asked);
    /* *ret_enough: end here. Errors end the walk. */
    int (*found)(void *data, const struct freshness_found *found, bool *ret_enough);
    /* What was passed, added up: phones in all, those that are off, and of the others those that
     * never fetched. */
    uint64_t looked_at, disabled, never_fetched;
};
/* *ret_more: there may be more behind walk->after. */
AP_MUSTCHECK int freshness_walk(struct freshness_walk *walk, bool *ret_more);

#endif
