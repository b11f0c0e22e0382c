/* Private to resync*.c. All on the control loop's thread, but for the job and the write. */
#ifndef AUTOPROV_APP_RESYNC_PRIVATE_H
#define AUTOPROV_APP_RESYNC_PRIVATE_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "autoprov/api.h"
#include "autoprov/limits.h"
#include "autoprov/resync.h"
#include "freshness.h"

/* The row of resync could not be written, or the notifier has no room: tried again after this. */
#define RESYNC_RETRY_MS 100

struct resync_run; /* one order at work */

/* One phone that was asked, from then on until its row says how it ended. */
struct resync_attempt {
    TAILQ_ENTRY(resync_attempt) all;
    TAILQ_ENTRY(resync_attempt) unwritten; /* in resync->unwritten while is_unwritten */
    TAILQ_ENTRY(resync_attempt) external;  /* in resync->external while external_state is not 0 */
    struct resync *resync;
    struct resync_run *run; /* NULL: ended */
    struct store_resync row;
    uint8_t mac[AP_MAC_LEN];
    bool is_unwritten; /* row holds more than the database */
    bool is_written;   /* a write of it is under way */
    enum { RESYNC_NOT_EXTERNAL, RESYNC_QUEUED, RESYNC_TAKEN } external_state;
    uint64_t item_id;
    int64_t due_ms; /* of external ones: when it is lost */
    unsigned given; /* how often it was taken */
};
TAILQ_HEAD(resync_attempts, resync_attempt);

struct resync_run {
    struct resync_run *next;
    struct resync_progress progress;
    uint8_t (*macs)[AP_MAC_LEN]; /* who is told next; owned */
    size_t mac_count, mac_at;
    char after[AP_MAC_TEXT_MAX]; /* ALL and STALE: where it goes on behind macs */
    bool has_more;               /* ALL and STALE: there may be phones behind that */
    bool is_looked_for;          /* STALE: a job looks for them at this moment */
    size_t under_way;            /* attempts that have not ended */
    int64_t paced_ms;
    uint64_t allowance; /* thousandths of a phone */
    int64_t pause_ms;   /* not before */
};

/* Rows on their way to the writer: copies, since attempts go on meanwhile. */
struct resync_batch {
    struct store_write write;
    struct mailbox_message message;
    struct resync *resync;
    struct store_resync rows[AP_RESYNC_BATCH_ROWS];
    struct resync_attempt *attempts[AP_RESYNC_BATCH_ROWS];
    size_t count; /* 0: store_resync_recover() */
    uint64_t recovered;
    int err;
    bool is_busy;
};

/* A look for stale phones on a job thread. */
struct resync_look {
    struct api_job job;
    struct resync *resync;
    struct resync_run *run; /* NULL: it was cancelled */
    struct snapshot *snapshot;
    struct store_db *reader;
    struct freshness_walk walk;
    int64_t asked_before; /* automatic: only those that were not asked since; 0: all */
    uint8_t found[AP_RESYNC_FOUND_MAX][AP_MAC_LEN];
    size_t found_count;
    bool has_more;
    int err;
    bool is_busy;
};

struct resync {
    struct resync_setup setup;
    bool stopped;
    _Atomic bool stopping; /* the same, for the job */
    struct resync_run *runs;
    size_t run_count;
    struct resync_progress ended[AP_RESYNC_ENDED_MAX]; /* a ring */
    size_t ended_count, ended_next;
    uint64_t last_order;
    uint64_t totals[STORE_RESYNC_OUTCOME_COUNT]; /* of WAITING: at this moment */
    struct resync_attempts attempts;
    size_t attempt_count;
    struct resync_attempts unwritten;
    struct resync_batch batch;
    bool is_recovered;      /* store_resync_recover() is done */
    bool is_write_failing;  /* told to the log */
    int64_t write_again_ms; /* not before */
    struct resync_attempts external;
    size_t external_count;
    uint64_t next_item;
    void (*ready)(void *data);
    void *ready_data;
    struct resync_look look;
    int64_t look_ms; /* when the daemon itself looks next; 0: not settled */
    int64_t looked_ms;
    uint64_t looked_seq; /* change_seq and generation at the last look */
    uint32_t looked_generation;
};

/* -- resync.c ---------------------------------------------------------------------------------- */

const struct config *resync_config(const struct resync *resync);
/* As resync_order(), of the daemon itself if automatic. */
AP_MUSTCHECK int resync_begin(struct resync *resync, const struct resync_order *order,
                              bool automatic, struct resync_run **ret_run);
/* The STALE or ALL that runs, and was not cancelled; NULL: none. */
struct resync_run *resync_big_run(const struct resync *resync);
void resync_cancel_run(struct resync *resync, struct resync_run *run);

/* -- resync_send.c ----------------------------------------------------------------------------- */

/* Tell one phone. Errors: AP_EBUSY there is no room now, try again; everything else has become an
 * outcome. */
AP_MUSTCHECK int resync_send(struct resync *resync, struct resync_run *run,
                             const uint8_t mac[static AP_MAC_LEN], int64_t now_ms);
void resync_free_attempt(struct resync_attempt *attempt);
/* The attempt has ended: it counts, is told to the log, and waits for its row. */
void resync_end(struct resync_attempt *attempt, enum store_resync_outcome outcome, int status);
/* The phone's own URL in its vendor's form: a secret of arena. Errors: AP_ENOENT the phone, its
 * vendor or its file is gone; AP_EINVAL its vendor takes no such URL; the store's. */
AP_MUSTCHECK int resync_url(struct resync *resync, struct arena *arena,
                            const uint8_t mac[static AP_MAC_LEN], const char **ret_url);

/* -- resync_write.c ---------------------------------------------------------------------------- */

void resync_mark(struct resync_attempt *attempt);
/* Give the writer what has gathered. Returns when to try again, or -1: nothing waits for that. */
int64_t resync_write(struct resync *resync, int64_t now_ms);

/* -- resync_external.c ------------------------------------------------------------------------- */

/* Errors: AP_EBUSY the queue is full. */
AP_MUSTCHECK int resync_queue(struct resync_attempt *attempt, int64_t now_ms);
/* Out of the queue, whatever its state there. */
void resync_unqueue(struct resync_attempt *attempt);
/* Is there something to take? */
bool resync_has_queued(const struct resync *resync);
/* Give again, or end, what is lost. Returns when it is to be called next; -1: nothing waits. */
int64_t resync_expire(struct resync *resync, int64_t now_ms);

/* -- resync_look.c ----------------------------------------------------------------------------- */

/* Begin to look for more stale phones of the run. Errors: AP_EBUSY, AP_ENOMEM, the store's. */
AP_MUSTCHECK int resync_look(struct resync *resync, struct resync_run *run);
/* Begin an order of the daemon's own, if it is time for one and it may. Returns when to call next;
 * -1: it may not. */
int64_t resync_look_by_itself(struct resync *resync, int64_t now_ms);

#endif
