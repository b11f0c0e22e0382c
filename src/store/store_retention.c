/* Old records go, and the space of free pages is given back, one small piece at a time.
 *
 * Rows go from the oldest up without a gap, so that the numbers of the first and the last row tell
 * how many there are (store_counts()). Must not know what the records say. */
#include "store_private.h"

/* Of records with a time that far ahead the clock was wrong. */
#define AHEAD_S 86400
/* Free pages up to this part of the file wait for new rows: given back they would be asked for
 * again. */
#define SPARE_PART 10
#define SPARE_MIN  256

struct span {
    int64_t first, last; /* 0: no rows */
};

/* The statements of one table. */
struct pruned {
    const char *span;
    const char *first_kept;
    const char *remove;
};
#define PRUNED(table)                                                                              \
    {                                                                                              \
        .span = "SELECT coalesce((SELECT min(seq) FROM " table "), 0), "                           \
                "coalesce((SELECT max(seq) FROM " table "), 0)",                                   \
        .first_kept = "SELECT seq FROM " table " WHERE seq >= ?1 AND seq < ?2 "                    \
                      "AND at BETWEEN ?3 AND ?4 ORDER BY seq LIMIT 1",                             \
        .remove = "DELETE FROM " table " WHERE seq < ?1",                                          \
    }
static const struct pruned fetches = PRUNED("fetch");
static const struct pruned refusals = PRUNED("refusal");

static int read_span(struct store_db *db, const struct pruned *pruned, struct span *ret_span)
{
    struct store_query query;

    store_query_begin(&query, db, pruned->span);
    int err = store_query_step(&query);
    if (!err) {
        ret_span->first = store_query_column_number(&query);
        ret_span->last = store_query_column_number(&query);
    }
    return store_query_end(&query, err);
}

/* The first row of [first, end) that is not too old; end: none of them. */
static int find_first_kept(struct store_db *db, const struct pruned *pruned, int64_t max_age_s,
                           const struct span *span, int64_t *ret_first)
{
    struct store_query query;
    int64_t now = clock_wall_s(db->clock);

    store_query_begin(&query, db, pruned->first_kept);
    store_query_bind_number(&query, span->first);
    store_query_bind_number(&query, span->last);
    store_query_bind_number(&query, now - max_age_s);
    store_query_bind_number(&query, now + AHEAD_S);
    int err = store_query_step(&query);
    *ret_first = err ? span->last : store_query_column_number(&query);
    return store_query_end(&query, err == AP_ENOENT ? 0 : err);
}

/* Rows below *ret_end go; none: 0. */
static int find_end(struct store_db *db, const struct pruned *pruned, const struct store_keep *keep,
                    int64_t *ret_end, bool *ret_more)
{
    struct span span = {0};
    int64_t end = 0;

    int err = read_span(db, pruned, &span);
    if (err || span.first == 0)
        return err;
    const struct span batch = {span.first, span.first + STORE_RETENTION_BATCH};
    err = find_first_kept(db, pruned, keep->max_age_s, &batch, &end);
    if (err)
        return err;
    if (end < span.last + 1 - keep->max_rows)
        end = span.last + 1 - keep->max_rows;
    if (end >= batch.last) {
        end = batch.last;
        *ret_more = true;
    }
    *ret_end = end > span.first ? end : 0;
    return 0;
}

static int remove_below(struct store_db *db, const struct pruned *pruned, int64_t end)
{
    struct store_query query;

    if (end == 0)
        return 0;
    store_query_begin(&query, db, pruned->remove);
    store_query_bind_number(&query, end);
    return store_query_run(&query);
}

int store_retention_prune(struct store_db *db, const struct store_retention *retention,
                          enum store_upkeep_result *ret_result)
{
    int64_t fetch_end = 0, refusal_end = 0;
    bool more = false;

    int err = find_end(db, &fetches, &retention->fetches, &fetch_end, &more);
    if (!err)
        err = find_end(db, &refusals, &retention->refusals, &refusal_end, &more);
    if (err || (fetch_end == 0 && refusal_end == 0))
        return err;
    err = store_write_begin(db);
    if (err)
        return err;
    err = remove_below(db, &fetches, fetch_end);
    if (!err)
        err = remove_below(db, &refusals, refusal_end);
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    else
        *ret_result = more ? STORE_UPKEEP_MORE : STORE_UPKEEP_LAST;
    return err;
}

int store_retention_shrink(struct store_db *db, enum store_upkeep_result *ret_result)
{
    int64_t pages, free_pages, mode;

    int err = store_exec_number(db, "PRAGMA auto_vacuum", &mode);
    if (!err)
        err = store_exec_number(db, "PRAGMA page_count", &pages);
    if (!err)
        err = store_exec_number(db, "PRAGMA freelist_count", &free_pages);
    if (err || mode != 2 || free_pages <= pages / SPARE_PART + SPARE_MIN)
        return err;
    err = store_exec(db, "PRAGMA incremental_vacuum(64)");
    if (!err)
        *ret_result = STORE_UPKEEP_MORE;
    return err;
}
