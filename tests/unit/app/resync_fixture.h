/* The engine of resyncs with a notifier that only keeps what it is given. Time stands still. */
#ifndef AUTOPROV_TESTS_RESYNC_FIXTURE_H
#define AUTOPROV_TESTS_RESYNC_FIXTURE_H

#include <uv.h>

#include "app_fixture.h"
#include "autoprov/resync.h"

#define RESYNC_NOTICES_MAX 1024

/* A copy of a struct sip_notice; "" for NULL. */
struct resync_notice {
    char host[AP_ADDRESS_TEXT_MAX];
    uint16_t port;
    char request_uri[STORE_CONTACT_MAX];
    char from[400], to_header[400];
    char event[64], subscription_state[64], content_type[64], body[256];
    char user[80], password[140];
    void *data;
};

struct resync_fixture {
    struct app_fixture *fixture;
    uv_loop_t *loop;
    struct mailbox *mailbox;
    struct snapshot **snapshot; /* where the current one is */
    struct resync *resync;
    struct resync_notice *notices; /* RESYNC_NOTICES_MAX */
    size_t notice_count;
    size_t answered;
    int notify_err; /* what the next notices end with */
    unsigned wakes, jobs;
    int64_t next_ms; /* of the last tick */
};

/* Everything but the resync itself is the caller's, and open. */
void resync_fixture_open(struct resync_fixture *rig, struct app_fixture *fixture, uv_loop_t *loop,
                         struct mailbox *mailbox, struct snapshot **snapshot);
/* When the writer is halted and the loop has run to its end. */
void resync_fixture_close(struct resync_fixture *rig);

/* Move the clocks, and do what is due; what is to be written is written then. */
void resync_fixture_tick(struct resync_fixture *rig, int64_t later_ms);
/* End all notices that are open in that way. */
void resync_fixture_answer(struct resync_fixture *rig, enum sip_outcome outcome, int status);

#endif
