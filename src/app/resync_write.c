/* Rows of attempts to the writer: many in one write, one write at a time, none lost. */
#include "resync_private.h"

#include <stddef.h>

#include "autoprov/log.h"

/* After a commit that failed. */
#define FAILED_RETRY_MS 1000
/* After one that did not: commits cost more than rows, and a phone that answers meanwhile has one
 * row instead of two. */
#define PAUSE_MS 100

void resync_mark(struct resync_attempt *attempt)
{
    if (attempt->is_unwritten)
        return;
    attempt->is_unwritten = true;
    TAILQ_INSERT_TAIL(&attempt->resync->unwritten, attempt, unwritten);
}

/* On the writer's thread. */
static int run_write(struct store_write *write, struct store_db *db)
{
    struct resync_batch *batch =
        (struct resync_batch *)((char *)write - offsetof(struct resync_batch, write));
    int err = batch->count == 0 ? store_resync_recover(db, &batch->recovered) : 0;

    for (size_t i = 0; i < batch->count && !err; i++)
        err = store_resync_put(db, &batch->rows[i]);
    return err;
}

static void write_done(struct store_write *write, int err)
{
    struct resync_batch *batch =
        (struct resync_batch *)((char *)write - offsetof(struct resync_batch, write));

    batch->err = err;
    mailbox_post(batch->resync->setup.mailbox, &batch->message);
}

/* An attempt that has ended is over when nothing of it is unwritten. */
static void settle(struct resync_attempt *attempt, bool is_written)
{
    attempt->is_written = false;
    if (!is_written)
        resync_mark(attempt);
    else if (!attempt->is_unwritten && !attempt->run)
        resync_free_attempt(attempt);
}

static void committed(struct mailbox_message *message)
{
    struct resync_batch *batch =
        (struct resync_batch *)((char *)message - offsetof(struct resync_batch, message));
    struct resync *resync = batch->resync;

    batch->is_busy = false;
    for (size_t i = 0; i < batch->count; i++)
        settle(batch->attempts[i], batch->err == 0);
    if (batch->err == 0 && batch->count == 0) {
        resync->is_recovered = true;
        if (batch->recovered > 0)
            log_event(LOG_LEVEL_WARNING, "resync_recovered",
                      "phones=%llu; the daemon ended while they were told: order them anew",
                      (unsigned long long)batch->recovered);
    }
    resync->write_again_ms = clock_monotonic_ms(resync->setup.clock) +
                             (batch->err          ? FAILED_RETRY_MS
                              : batch->count == 0 ? 0 /* what a daemon before this one has left */
                                                  : PAUSE_MS);
    if (batch->err && !resync->is_write_failing)
        log_event(LOG_LEVEL_ERROR, "resync", "error=\"%s\"; results wait to be written",
                  ap_strerror(batch->err));
    resync->is_write_failing = batch->err != 0;
    if (!resync->stopped)
        resync->setup.wake(resync->setup.data);
}

static void fill(struct resync_batch *batch)
{
    struct resync *resync = batch->resync;
    struct resync_attempt *attempt, *next;

    batch->count = 0;
    for (attempt = resync->is_recovered ? TAILQ_FIRST(&resync->unwritten) : NULL;
         attempt && batch->count < AP_RESYNC_BATCH_ROWS; attempt = next) {
        next = TAILQ_NEXT(attempt, unwritten);
        TAILQ_REMOVE(&resync->unwritten, attempt, unwritten);
        attempt->is_unwritten = false;
        attempt->is_written = true;
        batch->rows[batch->count] = attempt->row;
        batch->attempts[batch->count++] = attempt;
    }
}

int64_t resync_write(struct resync *resync, int64_t now_ms)
{
    struct resync_batch *batch = &resync->batch;

    if (batch->is_busy || (resync->is_recovered && TAILQ_EMPTY(&resync->unwritten)))
        return -1;
    if (now_ms < resync->write_again_ms)
        return resync->write_again_ms;
    fill(batch);
    batch->write.run = run_write;
    batch->write.done = write_done;
    batch->message.run = committed;
    batch->is_busy = true;
    if (store_writer_submit(resync->setup.writer, &batch->write) == 0)
        return -1;
    batch->is_busy = false;
    for (size_t i = 0; i < batch->count; i++)
        settle(batch->attempts[i], false);
    resync->write_again_ms = now_ms + RESYNC_RETRY_MS;
    return resync->write_again_ms;
}
