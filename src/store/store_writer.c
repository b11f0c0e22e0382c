/* The writer thread: the queue of acknowledged writes, grouped into commits, and the ring of
 * droppable records, written in batches. Must not know what a write does.
 *
 *   submit() -> first ... last --take--> batch --BEGIN, run each, COMMIT--> done()
 *   record() -> ring[head .. head+count) --take--> records[] --BEGIN, write each, COMMIT
 *
 * The lock guards the queue, the ring and the numbers, and is never held during a commit. */
#include "autoprov/store_writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "autoprov/limits.h"

#include "store_private.h"

/* The thread looks up this often. */
#define TICK_MS 500
/* Records are written when the first of them has waited so long: the rest is for the commit. After
 * each one every reader reads its pages anew, so that there are to be few. */
#define RECORD_WAIT_MS (AP_RECORD_DELAY_MS - 100)
/* Of records in one commit: writes wait for it, some 20 µs a record. */
#define RECORD_BATCH_MAX 2048

struct store_writer {
    struct store_db *db; /* the thread's while it runs */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_write *first, **last;
    struct store_record *ring; /* AP_RECORD_QUEUE_MAX */
    uint32_t ring_head;
    int64_t first_record_ms; /* when the first of the ring came, or one before it */
    bool stopping;
    struct store_writer_stats stats;
    bool retains;
    struct store_retention retention;
    _Atomic int64_t heartbeat_ms;
    _Atomic uint64_t commits; /* of store_writer_commits() */

    /* The thread's own. */
    struct store_record *records; /* RECORD_BATCH_MAX */
    int64_t last_commit_ms;
    struct store_upkeep upkeep;
    bool is_cutting_wal;
};

/* What one turn of the thread has to do. */
struct work {
    struct store_write *writes; /* linked by next */
    uint32_t write_count;
    uint32_t record_count;
    bool last; /* stopping, and nothing is left */
};

static struct timespec time_from_now(int64_t wait_ms)
{
    struct timespec at;

    /* Cannot fail: the clock exists. */
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)wait_ms * 1000000L; /* below a second */
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

static bool are_records_due(const struct store_writer *writer, int64_t now_ms)
{
    uint32_t queued = writer->stats.queued_records;
    return queued > 0 && (writer->stopping || queued >= AP_RECORD_QUEUE_MAX / 2 ||
                          now_ms - writer->first_record_ms >= RECORD_WAIT_MS);
}

/* Until the next tick, or until records are due before it. */
static int64_t sleep_ms(const struct store_writer *writer, int64_t now_ms)
{
    int64_t due_ms = writer->first_record_ms + RECORD_WAIT_MS - now_ms;
    bool is_soon = writer->stats.queued_records > 0 && due_ms < TICK_MS;

    return store_upkeep_wait_ms(&writer->upkeep, is_soon ? due_ms : TICK_MS);
}

static void take_writes(struct store_writer *writer, struct work *work)
{
    struct store_write **end = &writer->first;

    work->writes = writer->first;
    while (*end && work->write_count < AP_WRITER_BATCH_MAX) {
        end = &(*end)->next;
        work->write_count++;
    }
    writer->first = *end;
    *end = NULL;
    if (!writer->first)
        writer->last = &writer->first;
    writer->stats.queued_writes -= work->write_count;
}

static void take_records(struct store_writer *writer, struct work *work)
{
    while (writer->stats.queued_records > 0 && work->record_count < RECORD_BATCH_MAX) {
        writer->records[work->record_count++] = writer->ring[writer->ring_head];
        writer->ring_head = (writer->ring_head + 1) % AP_RECORD_QUEUE_MAX;
        writer->stats.queued_records--;
    }
}

/* Wait for a write, for records that are due, or one tick. */
static void wait_for_work(struct store_writer *writer, struct work *ret_work)
{
    struct work work = {0};
    int64_t now_ms = clock_monotonic_ms(writer->db->clock);

    (void)pthread_mutex_lock(&writer->lock);
    if (!writer->first && !writer->stopping && !are_records_due(writer, now_ms)) {
        struct timespec until = time_from_now(sleep_ms(writer, now_ms));
        /* Woken early, by time or for nothing: the state below decides. */
        (void)pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
        now_ms = clock_monotonic_ms(writer->db->clock);
    }
    take_writes(writer, &work);
    if (are_records_due(writer, now_ms))
        take_records(writer, &work);
    writer->stats.rekey_state = store_rekey_state(writer->db);
    writer->stats.rekey_rows = writer->upkeep.rekey.rows;
    writer->stats.rekey_broken = writer->upkeep.rekey.broken;
    writer->upkeep.retains = writer->retains;
    writer->upkeep.retention = writer->retention;
    work.last = writer->stopping && !writer->first && writer->stats.queued_records == 0;
    (void)pthread_mutex_unlock(&writer->lock);
    *ret_work = work;
}

/* Kept reads are to see what was committed. Only this thread writes the number. */
static void count_commit(struct store_writer *writer, uint64_t flag)
{
    uint64_t commits = atomic_load_explicit(&writer->commits, memory_order_relaxed);

    commits = (commits & ~(uint64_t)STORE_COMMITS_KEEP_NOTHING) + STORE_COMMITS_ONE;
    atomic_store_explicit(&writer->commits, commits | flag, memory_order_release);
}

static void note_commit(struct store_writer *writer, int err, uint32_t dropped)
{
    count_commit(writer, writer->is_cutting_wal ? STORE_COMMITS_KEEP_NOTHING : 0);
    writer->last_commit_ms = clock_monotonic_ms(writer->db->clock);
    (void)pthread_mutex_lock(&writer->lock);
    writer->stats.last_error = err;
    writer->stats.failed = writer->db->failed;
    if (err)
        writer->stats.failed_commits++;
    writer->stats.dropped_records += dropped;
    (void)pthread_mutex_unlock(&writer->lock);
}

/* *broken: SQLite has rolled the whole transaction back; the result says why. */
static int run_write(struct store_db *db, struct store_write *write, bool *broken)
{
    int err = store_savepoint_begin(db);
    if (!err)
        err = store_savepoint_end(db, write->run(write, db));
    *broken = sqlite3_get_autocommit(db->sqlite) != 0;
    return err;
}

static int run_writes(struct store_db *db, const struct work *work, int *results)
{
    size_t at = 0;

    int err = store_write_begin(db);
    for (struct store_write *write = work->writes; write && !err; write = write->next) {
        bool broken = false;
        results[at] = run_write(db, write, &broken);
        if (broken)
            err = results[at] ? results[at] : AP_ESTORE;
        at++;
    }
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    return err;
}

static void commit_writes(struct store_writer *writer, const struct work *work)
{
    int results[AP_WRITER_BATCH_MAX];
    struct store_write *write = work->writes;

    int err = run_writes(writer->db, work, results);
    note_commit(writer, err, 0);
    for (size_t i = 0; i < work->write_count; i++) {
        struct store_write *next = write->next; /* done() may free it */
        write->done(write, err ? err : results[i]);
        write = next;
    }
}

static void commit_records(struct store_writer *writer, uint32_t count)
{
    struct store_db *db = writer->db;
    uint32_t dropped = 0;

    int err = store_write_begin(db);
    for (uint32_t i = 0; i < count && !err; i++) {
        int record_err = store_record_write(db, &writer->records[i]);
        if (record_err)
            dropped++;
        if (sqlite3_get_autocommit(db->sqlite) != 0)
            err = record_err ? record_err : AP_ESTORE;
    }
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    for (uint32_t i = 0; i < count; i++)
        free(writer->records[i].line_digests);
    note_commit(writer, err, err ? count : dropped);
}

/* A checkpoint moves only what no read holds, and the WAL begins at its start again only with a
 * commit during which none reads from it: until then no read is kept. */
static void cut_wal_when_long(struct store_writer *writer)
{
    bool is_long = store_upkeep_is_wal_long(writer->db);

    if (is_long != writer->is_cutting_wal) {
        writer->is_cutting_wal = is_long;
        count_commit(writer, is_long ? STORE_COMMITS_KEEP_NOTHING : 0);
    }
    if (is_long)
        store_upkeep_move_wal(writer->db);
}

static void tend(struct store_writer *writer)
{
    struct store_db *db = writer->db;
    bool committed = false;

    if (db->failed)
        return;
    int err = store_upkeep_step(&writer->upkeep, &committed);
    if (err || committed)
        note_commit(writer, err, 0);
    store_upkeep_idle(db, clock_monotonic_ms(db->clock) - writer->last_commit_ms);
    if (db->failed)
        note_commit(writer, AP_ESTORE, 0);
}

static void *run_thread(void *data)
{
    struct store_writer *writer = data;
    struct work work = {.last = false};

    while (!work.last) {
        wait_for_work(writer, &work);
        atomic_store(&writer->heartbeat_ms, clock_monotonic_ms(writer->db->clock));
        /* Before the commit: since the last one reads have begun anew, and none stops a checkpoint
         * before its end. */
        cut_wal_when_long(writer);
        if (work.write_count > 0)
            commit_writes(writer, &work);
        if (work.record_count > 0)
            commit_records(writer, work.record_count);
        tend(writer);
    }
    return NULL;
}

/* Signals are the control loop's. */
static int start_thread(struct store_writer *writer)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
        return AP_EIO;
    int failed = pthread_create(&writer->thread, NULL, run_thread, writer);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL); /* the mask that was valid before */
    return failed ? AP_EIO : 0;
}

static int make_locks(struct store_writer *writer)
{
    pthread_condattr_t attributes;
    int err = AP_EIO;

    if (pthread_condattr_init(&attributes) != 0)
        return AP_ENOMEM;
    if (pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&writer->wake, &attributes) != 0)
        goto out;
    if (pthread_mutex_init(&writer->lock, NULL) != 0) {
        (void)pthread_cond_destroy(&writer->wake);
        goto out;
    }
    err = 0;
out:
    (void)pthread_condattr_destroy(&attributes);
    return err;
}

static void free_memory(struct store_writer *writer)
{
    if (writer) {
        free(writer->ring);
        free(writer->records);
    }
    free(writer);
}

int store_writer_start(struct store_db *db, struct store_writer **ret_writer)
{
    int err = AP_ENOMEM;
    struct store_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        goto out;
    writer->ring = calloc(AP_RECORD_QUEUE_MAX, sizeof(*writer->ring));
    writer->records = calloc(RECORD_BATCH_MAX, sizeof(*writer->records));
    if (!writer->ring || !writer->records)
        goto out;
    writer->db = db;
    writer->last = &writer->first;
    int64_t now_ms = clock_monotonic_ms(db->clock);
    writer->heartbeat_ms = now_ms;
    writer->last_commit_ms = now_ms;
    store_upkeep_init(&writer->upkeep, db);
    err = make_locks(writer);
    if (err)
        goto out;
    err = start_thread(writer);
    if (err) {
        (void)pthread_mutex_destroy(&writer->lock);
        (void)pthread_cond_destroy(&writer->wake);
        goto out;
    }
    *ret_writer = writer;
    return 0;
out:
    free_memory(writer);
    store_close(db);
    return err;
}

void store_writer_halt(struct store_writer *writer)
{
    if (!writer)
        return;
    (void)pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);

    if (!writer->db->failed)
        store_upkeep_truncate_wal(writer->db);
    store_close(writer->db);
    writer->db = NULL;
}

void store_writer_free(struct store_writer *writer)
{
    if (!writer)
        return;
    (void)pthread_mutex_destroy(&writer->lock);
    (void)pthread_cond_destroy(&writer->wake);
    free_memory(writer);
}

void store_writer_stop(struct store_writer *writer)
{
    store_writer_halt(writer);
    store_writer_free(writer);
}

int store_writer_submit(struct store_writer *writer, struct store_write *write)
{
    int err = 0;

    (void)pthread_mutex_lock(&writer->lock);
    if (writer->stopping || writer->stats.queued_writes >= AP_WRITER_QUEUE_MAX) {
        err = AP_EBUSY;
    } else {
        write->next = NULL;
        *writer->last = write;
        writer->last = &write->next;
        writer->stats.queued_writes++;
        (void)pthread_cond_signal(&writer->wake);
    }
    (void)pthread_mutex_unlock(&writer->lock);
    return err;
}

void store_writer_record(struct store_writer *writer, const struct store_record *record)
{
    (void)pthread_mutex_lock(&writer->lock);
    uint32_t queued = writer->stats.queued_records;
    bool dropped = writer->stopping || queued >= AP_RECORD_QUEUE_MAX;
    if (dropped) {
        writer->stats.dropped_records++;
    } else {
        if (queued == 0)
            writer->first_record_ms = clock_monotonic_ms(writer->db->clock);
        writer->ring[(writer->ring_head + queued) % AP_RECORD_QUEUE_MAX] = *record;
        writer->stats.queued_records++;
        /* The tick finds a few; half a ring cannot wait for it. */
        if (queued + 1 == AP_RECORD_QUEUE_MAX / 2)
            (void)pthread_cond_signal(&writer->wake);
    }
    (void)pthread_mutex_unlock(&writer->lock);
    if (dropped)
        free(record->line_digests);
}

void store_writer_retain(struct store_writer *writer, const struct store_retention *retention)
{
    (void)pthread_mutex_lock(&writer->lock);
    writer->retains = true;
    writer->retention = *retention;
    (void)pthread_mutex_unlock(&writer->lock);
}

void store_writer_stats(struct store_writer *writer, struct store_writer_stats *ret_stats)
{
    (void)pthread_mutex_lock(&writer->lock);
    *ret_stats = writer->stats;
    ret_stats->stopping = writer->stopping;
    (void)pthread_mutex_unlock(&writer->lock);
}

int64_t store_writer_heartbeat_ms(struct store_writer *writer)
{
    return atomic_load(&writer->heartbeat_ms);
}

const _Atomic uint64_t *store_writer_commits(const struct store_writer *writer)
{
    return &writer->commits;
}
