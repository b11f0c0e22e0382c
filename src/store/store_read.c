/* Reads that see one state of the database, and the one that a worker keeps open between fetches.
 *
 * A kept read spares each fetch a BEGIN and a COMMIT with their file locks. The writer counts its
 * commits; while the number stands the kept read sees what a new one would. Must not know rows. */
#include <stdatomic.h>

#include "autoprov/log.h"

#include "store_private.h"

int store_read_begin(struct store_db *db)
{
    struct store_query query;

    store_read_rest(db);
    store_query_begin(&query, db, "BEGIN");
    int err = store_query_run(&query);
    db->reading = err == 0;
    return err;
}

void store_read_end(struct store_db *db)
{
    struct store_query query;

    if (!db->reading)
        return;
    db->reading = false;
    store_query_begin(&query, db, "COMMIT");
    int err = store_query_run(&query);
    if (err) /* nothing was written: the transaction is gone already */
        log_event(LOG_LEVEL_DEBUG, "read_end", "error=%d", err);
}

void store_read_follow(struct store_db *db, const struct store_writer *writer)
{
    store_read_rest(db);
    db->commits = writer ? store_writer_commits(writer) : NULL;
}

void store_read_rest(struct store_db *db)
{
    if (!db->kept)
        return;
    db->kept = false;
    store_read_end(db);
}

/* Make sure that a kept read is open which sees every commit of the number: it was read before the
 * state is taken, so a commit in between is seen, and looked for once more. */
static int keep(struct store_db *db, uint64_t commits)
{
    if (db->kept && db->commits_seen == commits && !db->read_failed)
        return 0;
    store_read_rest(db);
    int err = store_read_begin(db);
    db->kept = err == 0;
    db->commits_seen = commits;
    db->read_failed = false;
    return err;
}

int store_read_join(struct store_db *db, bool *ret_opened)
{
    *ret_opened = false;
    if (db->commits && (db->kept || !db->reading)) {
        uint64_t commits = atomic_load_explicit(db->commits, memory_order_acquire);
        if ((commits & STORE_COMMITS_KEEP_NOTHING) == 0)
            return keep(db, commits);
        store_read_rest(db);
    }
    if (sqlite3_get_autocommit(db->sqlite) == 0)
        return 0;
    int err = store_read_begin(db);
    *ret_opened = err == 0;
    return err;
}

void store_read_leave(struct store_db *db, bool opened)
{
    if (opened)
        store_read_end(db);
}
