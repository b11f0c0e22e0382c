/* Private to provision*.c: one request while it is worked on. */
#ifndef AUTOPROV_PROVISION_PRIVATE_H
#define AUTOPROV_PROVISION_PRIVATE_H

#include "autoprov/alarm.h"
#include "autoprov/flat_guard.h"
#include "autoprov/provision.h"
#include "provision_find.h"

struct held;

struct provision {
    struct snapshot *snapshot;
    struct store_db *reader;
    struct store_writer *writer;
    struct mailbox *mailbox;
    struct fetch_log *log;
    struct penalty_table *penalties;
    struct auth_table *auths;
    struct tally *tally;
    struct flat_guard *guard;
    struct alarms *alarms;
    const struct ap_clock *clock;
    struct held *held; /* fetches that wait for the writer, newest first */
};

/* One request while it is answered. */
struct fetch {
    struct provision *provision;
    struct http_exchange *exchange;
    const struct http_request *request;
    const struct snapshot *snapshot; /* that it was found with */
    int64_t start_us;                /* of clock_measure_us() */
    struct provision_finding found;
    const struct provision_credentials *credentials; /* NULL: none that the listener asks for */
    bool stale_nonce;                                /* but some for a nonce that is over */
    bool nonce_used;                                 /* theirs was noted as used by this request */
    bool asked_again; /* what it had read was changed before its claim: decided anew, once */
    char token_tag[VAULT_TOKEN_TAG_TEXT_MAX];
    uint8_t digest[VAULT_TAG_BYTES];
};

/* -- provision.c ------------------------------------------------------------------------------- */

/* Find, decide, answer; again after a claim that came too late. */
void provision_look(struct fetch *fetch);
/* Render what was found into body, with the bootstrap token if that is the part; the digest too.
 * Answers by itself when it fails: then false, and body is done. */
bool provision_render(struct fetch *fetch, const struct token *bootstrap, struct buf *body);

/* -- provision_answer.c: each ends the exchange ------------------------------------------------ */

void provision_refuse(struct fetch *fetch, enum policy_reason reason);
/* 503, and a line. */
void provision_fail(struct fetch *fetch, const char *what, int err);
/* 200 or 304 with body, which is taken over; fetch->digest is body's. */
void provision_answer_file(struct fetch *fetch, struct buf *body);

/* Has the phone this body already (If-None-Match)? */
bool provision_is_known(const struct fetch *fetch);

/* -- provision_claim.c: what must be committed before the answer leaves -------------------------
 */

/* provision_answer_file(), after what the fetch uses up is committed. */
void provision_answer(struct fetch *fetch, struct buf *body);
/* Hand out a bootstrap token, then answer with the file that holds it. */
void provision_bootstrap(struct fetch *fetch);

#endif
