/* Private to src/app/: what the two walks of explain share. */
#ifndef AUTOPROV_API_EXPLAIN_H
#define AUTOPROV_API_EXPLAIN_H

#include "api_private.h"

/* -- api_explain_pnp.c ------------------------------------------------------------------------- */

/* The answer to a question of explain whose "pnp" is true. */
AP_MUSTCHECK int api_explain_pnp(struct api_call *call, struct store_db *db);

/* -- api_explain_resync.c ---------------------------------------------------------------------- */

struct provision_finding;
/* Of a known phone whose vendor is known. *ret_detail: for people, static or from the call's arena.
 * Errors: AP_ENOMEM, the store's. */
AP_MUSTCHECK int api_explain_resync(struct api_call *call, struct store_db *db,
                                    const struct provision_finding *found, bool *ret_can,
                                    const char **ret_detail);

/* -- api_explain_next.c ------------------------------------------------------------------------ */

/* What an admin does about a refusal for that reason; "" : nothing is known. Static. */
const char *api_explain_next(enum policy_reason reason);

/* The whole answer. steps: taken over. Errors: AP_ENOMEM. */
AP_MUSTCHECK int api_explain_answer(struct api_call *call, enum policy_reason reason,
                                    const char *next, json_t *steps);

#endif
