/* Private to src/app/: from a question by multicast to its answer. pnp.c and `autoprovctl explain
 * --pnp` both come here. */
#ifndef AUTOPROV_PNP_FIND_H
#define AUTOPROV_PNP_FIND_H

#include "autoprov/arena.h"
#include "autoprov/catalogue.h"
#include "autoprov/policy.h"
#include "autoprov/snapshot.h"
#include "autoprov/store_object.h"

struct pnp_question {
    const struct snapshot *snapshot;
    struct store_db *reader;
    struct arena *arena;
    const uint8_t *mac; /* AP_MAC_LEN bytes */
    const struct address *source;
};

struct pnp_finding {
    enum policy_reason reason;
    bool phone_known;                      /* it was looked for, and is there */
    struct store_phone phone;              /* if so; whole if the reason is POLICY_SERVE */
    const struct catalogue_vendor *vendor; /* of the phone; NULL: gone from the catalogue */
    const struct catalogue_model *model;
    struct ap_error error; /* of POLICY_RENDER_FAILED */
};

/* Writes nothing. Errors: those of the store, AP_ENOMEM. */
AP_MUSTCHECK int pnp_find(const struct pnp_question *question, struct pnp_finding *ret_finding);

/* What a phone of POLICY_SERVE is told: the URL of that bootstrap token, borrowed from the arena; a
 * secret. Errors: those of rendering_phone_url(). */
AP_MUSTCHECK int pnp_url(const struct pnp_question *question, struct pnp_finding *finding,
                         const struct token *token, const char **ret_url);

#endif
