/* What the writer does between commits: old records and sessions, free pages, the highest wall
 * time, the WAL.
 *
 * Each step is small, and pauses lie between them: an acknowledged write never waits for long. Must
 * not know the queues. */
#include "autoprov/limits.h"

#include "store_private.h"

/* Between two steps of one task, and between two looks at whether there is one. */
#define PACE_MS 100
#define LOOK_MS 60000
/* Quiet for this long: a good time to give the WAL's space back. */
#define IDLE_MS 5000
/* A TRUNCATE checkpoint waits for readers, and no write should wait for that. */
#define IDLE_BUSY_MS  50
#define WAL_MAX_PAGES (AP_WAL_MAX_BYTES / STORE_PAGE_BYTES)

void store_upkeep_init(struct store_upkeep *upkeep, struct store_db *db)
{
    int64_t now_ms = clock_monotonic_ms(db->clock);

    *upkeep = (struct store_upkeep){.db = db, .time_noted_ms = now_ms, .stepped_ms = now_ms};
    for (size_t i = 0; i < STORE_UPKEEP_TASKS; i++)
        upkeep->due_ms[i] = now_ms;
}

static int run_task(struct store_upkeep *upkeep, size_t task, enum store_upkeep_result *ret_result)
{
    if (task == STORE_UPKEEP_PRUNE)
        return upkeep->retains ? store_retention_prune(upkeep->db, &upkeep->retention, ret_result)
                               : 0;
    if (task == STORE_UPKEEP_REKEY)
        return store_rekey_step(upkeep->db, &upkeep->rekey, ret_result);
    if (task == STORE_UPKEEP_SESSIONS)
        return store_session_prune(upkeep->db, ret_result);
    return store_retention_shrink(upkeep->db, ret_result);
}

static int run_next_task(struct store_upkeep *upkeep, int64_t now_ms, bool *ret_committed)
{
    upkeep->has_more = false;
    for (size_t i = 0; i < STORE_UPKEEP_TASKS; i++) {
        size_t task = (upkeep->next_task + i) % STORE_UPKEEP_TASKS;
        enum store_upkeep_result result = STORE_UPKEEP_NOTHING;
        if (now_ms < upkeep->due_ms[task])
            continue;
        int err = run_task(upkeep, task, &result);
        upkeep->has_more = result == STORE_UPKEEP_MORE;
        upkeep->due_ms[task] = now_ms + (upkeep->has_more ? PACE_MS : LOOK_MS);
        *ret_committed = result != STORE_UPKEEP_NOTHING;
        if (err || *ret_committed) {
            upkeep->next_task = task + 1;
            return err;
        }
    }
    return 0;
}

int64_t store_upkeep_wait_ms(const struct store_upkeep *upkeep, int64_t most_ms)
{
    return upkeep->has_more && most_ms > PACE_MS ? PACE_MS : most_ms;
}

int store_upkeep_step(struct store_upkeep *upkeep, bool *ret_committed)
{
    int64_t now_ms = clock_monotonic_ms(upkeep->db->clock);

    *ret_committed = false;
    if (now_ms - upkeep->time_noted_ms >= LOOK_MS) {
        upkeep->time_noted_ms = now_ms;
        int err = store_change_note_time(upkeep->db);
        if (err)
            return err;
    }
    if (now_ms - upkeep->stepped_ms < PACE_MS)
        return 0;
    upkeep->stepped_ms = now_ms;
    return run_next_task(upkeep, now_ms, ret_committed);
}

/* The result is not needed: what was not moved stays in the WAL, and an I/O error has marked the
 * connection. */
static void checkpoint(struct store_db *db, int mode)
{
    int pages = db->wal_pages;
    int rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL, mode, &pages, NULL);
    (void)store_query_map_error(db, rc);
    db->wal_pages = pages > 0 ? pages : 0;
}

bool store_upkeep_is_wal_long(const struct store_db *db)
{
    return db->wal_pages > WAL_MAX_PAGES && !db->failed;
}

/* For readers it waits a short time alone: writes wait meanwhile. */
static void checkpoint_waiting(struct store_db *db, int mode)
{
    (void)sqlite3_busy_timeout(db->sqlite, IDLE_BUSY_MS); /* cannot fail */
    checkpoint(db, mode);
    (void)sqlite3_busy_timeout(db->sqlite, STORE_WRITER_BUSY_MS);
}

/* Readers that overlap hold the WAL's end without a gap: then it waits for them, since none that
 * begins meanwhile reads from it. */
void store_upkeep_move_wal(struct store_db *db)
{
    if (db->wal_pages > 2 * WAL_MAX_PAGES)
        checkpoint_waiting(db, SQLITE_CHECKPOINT_RESTART);
    else
        checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
}

void store_upkeep_truncate_wal(struct store_db *db)
{
    checkpoint_waiting(db, SQLITE_CHECKPOINT_TRUNCATE);
}

void store_upkeep_idle(struct store_db *db, int64_t quiet_ms)
{
    if (db->wal_pages > 0 && quiet_ms >= IDLE_MS)
        store_upkeep_truncate_wal(db);
}
