/* One worker: a thread with its own loop, listeners, reader and memory. */
#ifndef AUTOPROV_DAEMON_WORKER_H
#define AUTOPROV_DAEMON_WORKER_H

#include <stdint.h>

#include "autoprov/alarm.h"
#include "autoprov/auth_table.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/flat_guard.h"
#include "autoprov/front.h"
#include "autoprov/mailbox.h"
#include "autoprov/penalty_table.h"
#include "autoprov/policy.h"
#include "autoprov/snapshot.h"
#include "autoprov/source_table.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"
#include "autoprov/tally.h"

struct worker;

struct worker_setup {
    struct snapshot *snapshot; /* referenced */
    const char *database;      /* path */
    const struct vault *vault; /* cloned */
    struct store_writer *writer;
    struct source_table *sources;
    struct turned_away *turned_away;
    struct flat_guard *guard;
    struct alarms *alarms;
    struct penalty_table *penalties;
    struct auth_table *auths;
    const struct ap_clock *clock;
    struct mailbox *control; /* where acknowledgements go */
    const int *fds; /* one listening socket per listener; ownership passes, also on failure */
};

/* Make everything, then start the thread. Control thread.
 * *ret_worker: stop with worker_stop(), then worker_free(). Errors with a line. */
AP_MUSTCHECK int worker_start(const struct worker_setup *setup, struct worker **ret_worker,
                              struct ap_error *error);

/* Switch to snapshot; done runs on the control loop when it is in force. */
struct worker_request {
    struct mailbox_message message;
    struct worker *worker;
    struct snapshot *snapshot; /* of a switch: referenced until done */
    void (*done)(struct worker_request *request);
    void *data;
};
void worker_switch(struct worker *worker, struct worker_request *request);

/* Stop accepting and finish what is in hand; done runs on the control loop when nothing is left. */
void worker_drain(struct worker *worker, struct worker_request *request);

/* Close all connections and end the thread; returns when it has ended. The mailbox stays, for
 * answers of the writer. Control thread. */
void worker_stop(struct worker *worker);

/* After store_writer_stop(): take the last messages and free everything. NULL is fine. */
void worker_free(struct worker *worker);

/* Monotonic time of the loop's last turn. Any thread. */
int64_t worker_heartbeat_ms(const struct worker *worker);

/* Of its answers to phones; borrowed until worker_free(). Any thread. */
const struct tally *worker_tally(const struct worker *worker);

/* Of its connections, at most half a second old. Any thread. */
void worker_front_stats(struct worker *worker, struct front_stats *ret_stats);

/* Any thread. */
uint64_t worker_count(const struct worker *worker, enum policy_reason reason);

#endif
