/* Private to src/app/: what a phone says in HTTP, and whether it is right. Neither answers nor
 * counts. */
#ifndef AUTOPROV_PROVISION_AUTH_H
#define AUTOPROV_PROVISION_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/auth_table.h"
#include "autoprov/authorization.h"
#include "autoprov/config.h"
#include "autoprov/http.h"
#include "autoprov/mac.h"
#include "autoprov/store_access.h"

/* Credentials in a form that the listener asks for. Those of Digest have a fresh nonce; they are
 * views into the request. Secrets, in request memory. */
struct provision_credentials {
    enum {
        PROVISION_BASIC,
        PROVISION_DIGEST,
        PROVISION_ASSUMED_RIGHT, /* for who asks what would be */
        PROVISION_ASSUMED_WRONG,
    } kind;
    struct authorization_basic basic;
    struct authorization_digest digest;
    const char *method;
    bool is_for_this; /* the request's target is the one that was meant */
};

/* *ret_credentials: of the arena; NULL: the request has none that the listener asks for.
 * *ret_stale: they were said for a nonce that is none of ours, or is too old: a new one is all that
 * is wanted. Errors: AP_ENOMEM. */
AP_MUSTCHECK int provision_auth_read(const struct http_request *request, enum config_auth asked,
                                     const struct auth_table *table, int64_t now_ms,
                                     struct arena *arena,
                                     const struct provision_credentials **ret_credentials,
                                     bool *ret_stale);

/* The user name that was said; "" of assumed ones. */
const char *provision_auth_user(const struct provision_credentials *credentials);

/* Are they this phone's? In constant time as to the password. user "": its MAC. */
bool provision_auth_is_right(const struct provision_credentials *credentials,
                             const struct store_auth *auth, const uint8_t mac[static AP_MAC_LEN]);

/* What a 401 says; second: "" for Basic. Errors: AP_ECRYPTO. */
struct provision_challenge {
    char first[HTTP_CHALLENGE_MAX];
    char second[HTTP_CHALLENGE_MAX];
};
AP_MUSTCHECK int provision_auth_challenge(enum config_auth asked, struct auth_table *table,
                                          int64_t now_ms, bool stale,
                                          struct provision_challenge *ret_challenge);

#endif
