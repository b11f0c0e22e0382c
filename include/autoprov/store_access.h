/* Who gets a phone's file beyond the pair: networks, flat mode, windows, single uses.
 *
 * The rules of store_object.h hold. Facts are read with the phone (struct store_phone's access);
 * here is what changes them. Times are UTC seconds; comparisons use the highest wall time seen
 * (store_now()). */
#ifndef AUTOPROV_STORE_ACCESS_H
#define AUTOPROV_STORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"
#include "autoprov/token.h"

/* What flat mode gives a phone. */
enum store_flat {
    STORE_FLAT_DEFAULT, /* as the configuration says */
    STORE_FLAT_FULL,
    STORE_FLAT_BOOTSTRAP,
    STORE_FLAT_OFF,
};
/* When its file holds its secrets. */
enum store_secrets {
    STORE_SECRETS_DEFAULT, /* as the configuration says */
    STORE_SECRETS_ALWAYS,
    STORE_SECRETS_ONCE,
    STORE_SECRETS_FIRST_NETWORK,
};
/* "full", "bootstrap", "off"; "always", "once", "first_network"; "" for the default. */
const char *store_flat_name(enum store_flat flat);
const char *store_secrets_name(enum store_secrets secrets);
/* Errors: AP_EINVAL. */
AP_MUSTCHECK int store_flat_parse(const char *name, enum store_flat *ret_flat);
AP_MUSTCHECK int store_secrets_parse(const char *name, enum store_secrets *ret_secrets);

/* What a phone says in HTTP (RFC 7617, RFC 7616). */
struct store_auth {
    bool required;     /* a file for whoever says it, and for nobody else */
    const char *user;  /* "": its MAC, 12 lower-case hex digits */
    bool has_password; /* filled by reads */
    /* Plain; on output only from store_phone_by_*() and store_auth_find(), NULL where none is set.
     * On input NULL: as it is; "": none from now on. */
    const char *password;
};

struct store_access {
    const char *networks;      /* "10.0.0.0/8,192.0.2.7"; NULL: anywhere */
    const char *user_networks; /* its user's; NULL: anywhere */
    enum store_flat flat;
    enum store_secrets secrets;
    int64_t enrol_until;       /* end of the enrolment window; 0: none was opened */
    int64_t first_at;          /* its secrets were served first since the window; 0: not yet */
    const char *first_network; /* where to; NULL: not yet */
    int64_t bootstrap_at;      /* it was handed a bootstrap URL; 0: it was not */
    int64_t moved_at;          /* seen on its token URL after that; 0: not yet */
    /* From store_phone_by_pair() with STORE_TOKEN_BOOTSTRAP: */
    const char *token_network; /* where the token may be used from */
    int64_t token_used_at;     /* 0: not yet */
    struct store_auth auth;
};

/* Of the user's enabled phones those that have a password, and that user name; of no user
 * (user_id NULL) the phone whose MAC it is, 12 lower-case hex digits. For files that are no phone's
 * own. At most AP_AUTH_PAIRS_MAX. */
AP_MUSTCHECK int store_auth_find(struct store_db *db, struct arena *arena, const char *user_id,
                                 const char *name, struct store_auth **ret_pairs,
                                 size_t *ret_count);

/* MACs (12 lower-case hex digits) of the user's phones that have a password, in their order. */
AP_MUSTCHECK int store_auth_phones(struct store_db *db, struct arena *arena, const char *user_id,
                                   const char *const **ret_macs, size_t *ret_count);

/* A phone that asks twice within this time from the same network asks once. */
#define STORE_SAME_FETCH_S 60

/* Now, or the highest wall time seen: a clock that is set back reopens nothing. */
int64_t store_now(struct store_db *db);

/* -- windows --------------------------------------------------------------------------------- */

/* Open the phone's enrolment window until then (0: close it): its first network is forgotten, it
 * may be bootstrapped again. */
AP_MUSTCHECK int store_enrol(struct store_db *db, const char *phone_id, int64_t until);

/* -- rights that a fetch uses up ------------------------------------------------------------- */

/* Everything that must be committed before the answer leaves. What is not asked for stays. */
struct store_claim {
    const char *phone_id;
    bool seen;                 /* on the folder token of that generation */
    bool burnt;                /* on a burnt token: once */
    uint64_t generation;       /* of both: the phone's token_generation */
    const char *first_network; /* NULL; or its secrets are served there: once, or the first time */
    int64_t first_at;          /* then: as it was read */
    const struct token *bootstrap; /* NULL; or the token that is used up */
    const char *network;           /* then: where from */
    bool moved;                    /* seen on its token URL after a bootstrap: flat access ends */
};
/* Errors: AP_ENOENT no such phone; AP_ECONFLICT a right was used up meanwhile. */
AP_MUSTCHECK int store_claim(struct store_db *db, const struct store_claim *claim);

/* Hand the phone a bootstrap token for that network: fresh, or the one that it has already and that
 * is neither ended nor used; unsealed into ret_token.
 * *ret_repeated: it had one, for longer than STORE_SAME_FETCH_S.
 * Errors: AP_ENOENT no such phone; AP_ECONFLICT it has one for another network, or has used it. */
AP_MUSTCHECK int store_bootstrap(struct store_db *db, struct arena *arena, const char *phone_id,
                                 const struct token *fresh, const char *network, int64_t ends_at,
                                 struct token *ret_token, bool *ret_repeated);

/* -- who has not moved ----------------------------------------------------------------------- */

/* A phone that a previous token would still serve, or whose user's token was brought from
 * elsewhere, or that was handed a bootstrap URL and not seen since. */
struct store_unmoved {
    uint8_t mac[AP_MAC_LEN];
    const char *user_name;
    const char *why; /* "previous_token", "imported_token", "bootstrap" */
    int64_t since;   /* of the token that it should have; of the bootstrap */
    int64_t ends_at; /* of the previous or bootstrap token; 0: never */
    int64_t last_fetch_at;
};
/* user_id NULL: all users'. In the order of MACs, those behind after_mac. */
AP_MUSTCHECK int store_unmoved_list(struct store_db *db, struct arena *arena, const char *user_id,
                                    const char *after_mac, uint32_t limit,
                                    struct store_unmoved **ret_phones, size_t *ret_count);

#endif
