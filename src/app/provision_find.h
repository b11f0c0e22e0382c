/* Private to src/app/: from a request to what it asks for, and whether it is served. The handler
 * and `autoprovctl explain` both come here. */
#ifndef AUTOPROV_PROVISION_FIND_H
#define AUTOPROV_PROVISION_FIND_H

#include "autoprov/catalogue.h"
#include "autoprov/http.h"
#include "autoprov/policy.h"
#include "autoprov/provision_path.h"
#include "autoprov/rendering.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "provision_auth.h"

/* Borrowed for the call. */
struct provision_question {
    const struct snapshot *snapshot;
    const struct config_listener *listener; /* of the snapshot: whose door it came to */
    struct store_db *reader;
    struct arena *arena; /* the finding's strings */
    const char *path;    /* canonical, as of the request gate */
    size_t path_len;
    const struct address *source;
    bool has_forwarded;
    bool flat_paused;                                /* see flat_guard.h */
    const char *user_agent;                          /* NULL: not given */
    const struct http_certificate *certificate;      /* NULL: none was shown and verified */
    const struct provision_credentials *credentials; /* NULL: none that the listener asks for */
};

/* Facts in the order in which they are found. */
struct provision_finding {
    struct provision_path path;
    bool path_known;
    struct catalogue_match match;
    bool name_known; /* match is filled */
    struct store_phone phone;
    bool phone_known;
    bool token_known;    /* of a common file */
    const char *user_id; /* then: whose token it is */
    enum store_token_kind token_kind;
    /* What is asked for: of the phone, or of a common file. NULL: not settled. */
    const struct catalogue_vendor *vendor;
    const struct catalogue_model *model;
    const struct catalogue_file *file;
    enum policy_file file_kind;
    enum catalogue_agent agent;
    enum policy_auth auth;        /* as in struct policy_facts */
    bool certificate_names_phone; /* the same */
    bool certificate_proves_mac;
    enum policy_reason reason; /* POLICY_SERVE, or why not */
    /* Of POLICY_SERVE: */
    enum policy_part part;
    bool is_first;  /* to be noted as the phone's first fetch with secrets */
    bool has_moved; /* to be noted as a phone that left flat mode */
};

/* One indexed read, the same work for a hit and a miss; what is refused whatever the phone opens no
 * row, least of all for who says no credentials where they are asked for. With some, a name without
 * a MAC costs two reads. ret_finding->path.token is a secret: to be wiped, on errors too.
 * Errors: the store's, AP_ECRYPTO, AP_ECORRUPT; ret_finding then holds what was found before. */
AP_MUSTCHECK int provision_find(const struct provision_question *question,
                                struct provision_finding *ret_finding);

/* What is to be rendered for a finding of POLICY_SERVE. token: room for the folder's, a secret: to
 * be wiped, on errors too. ret_job borrows all three; its public_url is left to the caller. Errors:
 * the store's, AP_ECRYPTO, AP_ECORRUPT. */
AP_MUSTCHECK int provision_job(const struct provision_question *question,
                               const struct provision_finding *finding, struct token *token,
                               struct rendering_job *ret_job);

#endif
