/* Private to provision*.c: one request while it is worked on. */
#ifndef AUTOPROV_PROVISION_PRIVATE_H
#define AUTOPROV_PROVISION_PRIVATE_H

#include "autoprov/provision.h"
#include "provision_find.h"

struct provision {
    struct snapshot *snapshot;
    struct store_db *reader;
    struct store_writer *writer;
    struct mailbox *mailbox;
    struct fetch_log *log;
    struct penalty_table *penalties;
    struct tally *tally;
    const struct ap_clock *clock;
};

/* One request while it is answered. */
struct fetch {
    struct provision *provision;
    struct http_exchange *exchange;
    const struct http_request *request;
    int64_t start_us; /* of clock_measure_us() */
    struct provision_finding found;
    char token_tag[VAULT_TOKEN_TAG_TEXT_MAX];
    uint8_t digest[VAULT_TAG_BYTES];
};

/* -- provision_answer.c: each ends the exchange ------------------------------------------------ */

void provision_refuse(struct fetch *fetch, enum policy_reason reason);
/* 503, and a line. */
void provision_fail(struct fetch *fetch, const char *what, int err);
/* 200 or 304 with body, which is taken over; fetch->digest is body's. A phone that came on a new
 * token for the first time is answered when that is committed. */
void provision_answer(struct fetch *fetch, struct buf *body);

#endif
