/* What must count across workers about HTTP credentials: nonces of Digest that were used, and wrong
 * tries in a row.
 *
 * A nonce is a time, random bytes, and an HMAC of both with a key that is made here: so any worker
 * can check it, none has to remember it, and it ends with the process, as what was used is known to
 * the process alone. Time is monotonic. Shared by all workers, with a short lock for each part. */
#ifndef AUTOPROV_AUTH_TABLE_H
#define AUTOPROV_AUTH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"
#include "autoprov/mac.h"

struct auth_table;

/* Memory is taken here once and never grows: AP_USED_NONCES_MAX and AP_WRONG_TRIES_MAX places.
 * Caller owns, free with auth_table_free(). Errors: AP_ENOMEM, AP_ECRYPTO no random bytes. */
AP_MUSTCHECK int auth_table_new(struct auth_table **ret_table);
void auth_table_free(struct auth_table *table);

/* 64 hex digits and a NUL. */
#define AUTH_NONCE_TEXT_MAX 65

/* It tells nobody how long the machine runs. Errors: AP_ECRYPTO. Any thread. */
AP_MUSTCHECK int auth_table_make_nonce(struct auth_table *table, int64_t now_ms,
                                       char ret_nonce[static AUTH_NONCE_TEXT_MAX]);

/* Was it made here, at most AP_NONCE_MS ago? len bytes of any content. Any thread. */
bool auth_table_is_fresh(const struct auth_table *table, const char *nonce, size_t len,
                         int64_t now_ms);

/* Note that a fresh nonce was used with that count (RFC 7616, 3.4: nc; from 1). Counts of one nonce
 * must rise. Where there is no room the oldest gives way, and with it all in that place that are as
 * old: never one that was used is taken for new. Errors: AP_EBUSY a replay, or the nonce had to
 * give way; AP_EINVAL it is not fresh. Any thread. */
AP_MUSTCHECK int auth_table_use(struct auth_table *table, const char *nonce, size_t len,
                                uint32_t count, int64_t now_ms);

/* Whose tries are a row: those of one source, under one user name, at one phone. */
struct auth_try {
    struct source_key source;
    const char *name;
    uint8_t mac[AP_MAC_LEN]; /* zero: at a file that is no phone's own */
};

/* Count a try with wrong credentials. True: the third or later one in a row, none of them longer
 * than AP_WRONG_TRY_MS apart. Where there is no room the oldest gives way. Any thread. */
bool auth_table_wrong(struct auth_table *table, const struct auth_try *tried, int64_t now_ms);

/* A right one: the row begins anew. Not at a file that is no phone's own: there a row is of all
 * phones with that name, and who knows one password could try another's. Any thread. */
void auth_table_right(struct auth_table *table, const struct auth_try *tried);

#endif
