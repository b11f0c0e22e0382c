/* Private to src/store/: an account's password becomes another one, and the one before it is kept
 * as long as phones know it. Both in a change or a transaction. */
#ifndef AUTOPROV_STORE_PASSWORD_H
#define AUTOPROV_STORE_PASSWORD_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/store.h"

struct store_sealed {
    const uint8_t *bytes;
    size_t len;
};

/* previous: what stood there. The one before that stays in its place, if phones know that and none
 * what stood there. */
AP_MUSTCHECK int store_password_put(struct store_db *db, const char *account_id,
                                    const struct store_sealed *password,
                                    const struct store_sealed *previous);

/* The phone has fetched: of the accounts on its lines drop the previous password that no phone
 * knows any more. */
AP_MUSTCHECK int store_password_forget(struct store_db *db, const char *phone_id);

#endif
