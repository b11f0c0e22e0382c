/* Private to api*.c: who has tried wrong passwords too often, by account and by source.
 *
 * A try is counted when it begins, and taken back when it was right: so tries at the same time are
 * as many as one after the other. AP_SIGN_IN_FREE are free, then a wait of 2 s follows, 4 s, … up
 * to AP_SIGN_IN_WAIT_S; AP_SIGN_IN_KEEP_S after the last one all are forgotten. An account that is
 * not there counts like one that is. Memory ends with the process. Time is monotonic. Control
 * loop's thread. */
#ifndef AUTOPROV_APP_SIGN_IN_THROTTLE_H
#define AUTOPROV_APP_SIGN_IN_THROTTLE_H

#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"

struct sign_in_throttle;

/* Memory is taken here once and never grows: AP_SIGN_IN_ROWS_MAX rows; where there is no room the
 * row with the fewest tries gives way. Caller owns, free with sign_in_throttle_free(). Errors:
 * AP_ENOMEM. */
AP_MUSTCHECK int sign_in_throttle_new(struct sign_in_throttle **ret_throttle);
void sign_in_throttle_free(struct sign_in_throttle *throttle);

/* Begin a try. name: of the account as it was typed, any text; NULL: what is tried has no account.
 * source: NULL: the account alone counts. *ret_wait_s: of AP_EBUSY. *ret_tries: how many there
 * were, this one too, of account or source, whichever has more. Errors: AP_EBUSY not now;
 * AP_ECRYPTO. */
AP_MUSTCHECK int sign_in_throttle_begin(struct sign_in_throttle *throttle, const char *name,
                                        const struct address *source, int64_t now_ms,
                                        uint32_t *ret_wait_s, uint32_t *ret_tries);

/* The try was a right one: the account begins anew, the source (NULL: none) has one less. */
void sign_in_throttle_right(struct sign_in_throttle *throttle, const char *name,
                            const struct address *source);

#endif
