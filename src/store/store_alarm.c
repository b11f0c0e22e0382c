/* Alarms as rows. Must not know why one is raised. */
#include "autoprov/store_alarm.h"

#include <stdio.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#include "store_private.h"

/* Closed ones are kept for 90 days. */
#define CLOSED_KEPT_S (90 * 86400)

static const char *const KIND_NAMES[] = {
    [STORE_ALARM_CERTIFICATE_END] = "certificate_end",
    [STORE_ALARM_NEW_NETWORK] = "new_network",
    [STORE_ALARM_AGENT_CONTRADICTS] = "agent_contradicts",
    [STORE_ALARM_FLAT_BUDGET] = "flat_budget",
    [STORE_ALARM_FLAT_CROWD] = "flat_crowd",
    [STORE_ALARM_BOOTSTRAP_REPEATED] = "bootstrap_repeated",
    [STORE_ALARM_REFUSAL_BURST] = "refusal_burst",
    [STORE_ALARM_PLAIN_SECRETS] = "plain_secrets",
};
_Static_assert(AP_COUNT(KIND_NAMES) == STORE_ALARM_KIND_COUNT, "each kind has a name");

const char *store_alarm_kind_name(enum store_alarm_kind kind)
{
    return (unsigned)kind < STORE_ALARM_KIND_COUNT ? KIND_NAMES[kind] : "unknown";
}

/* -- writes ---------------------------------------------------------------------------------- */

static void cut(char *out, size_t room, const char *text)
{
    (void)snprintf(out, room, "%s", text); /* cutting is meant */
    for (size_t len = strlen(out); !text_is_utf8(out, len); len--)
        out[len - 1] = '\0'; /* a character in two; nothing at all is UTF-8 */
}

static int count_again(struct store_db *db, enum store_alarm_kind kind, const char *subject,
                       const char *detail)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE alarm SET count = count + 1, last_at = ?3, detail = ?4, "
                      "version = version + 1 WHERE kind = ?1 AND subject = ?2 AND closed_at = 0");
    store_query_bind_text(&query, KIND_NAMES[kind]);
    store_query_bind_text(&query, subject);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_text(&query, detail);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

static int insert(struct store_db *db, enum store_alarm_kind kind, const char *subject,
                  const char *detail)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO alarm (kind, subject, detail, raised_at, last_at, count) "
                      "SELECT ?1, ?2, ?3, ?4, ?4, 1 WHERE "
                      "(SELECT count(*) FROM alarm WHERE closed_at = 0) < ?5");
    store_query_bind_text(&query, KIND_NAMES[kind]);
    store_query_bind_text(&query, subject);
    store_query_bind_text(&query, detail);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_number(&query, STORE_ALARM_OPEN_MAX);
    return store_query_run(&query);
}

static int forget_old(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM alarm WHERE closed_at > 0 AND closed_at < ?");
    store_query_bind_number(&query, clock_wall_s(db->clock) - CLOSED_KEPT_S);
    return store_query_run(&query);
}

int store_alarm_raise(struct store_db *db, enum store_alarm_kind kind, const char *subject,
                      const char *detail)
{
    char subject_cut[STORE_ALARM_SUBJECT_MAX], detail_cut[STORE_ALARM_DETAIL_MAX];

    cut(subject_cut, sizeof(subject_cut), subject);
    cut(detail_cut, sizeof(detail_cut), detail);
    int err = store_savepoint_begin(db);
    if (err)
        return err;
    err = count_again(db, kind, subject_cut, detail_cut);
    if (err == AP_ENOENT) {
        err = insert(db, kind, subject_cut, detail_cut);
        if (!err)
            err = forget_old(db);
    }
    return store_savepoint_end(db, err);
}

int store_alarm_end(struct store_db *db, enum store_alarm_kind kind, const char *subject)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE alarm SET closed_at = ?3, version = version + 1 "
                      "WHERE kind = ?1 AND subject = ?2 AND closed_at = 0");
    store_query_bind_text(&query, KIND_NAMES[kind]);
    store_query_bind_text(&query, subject);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    return store_query_run(&query);
}

static int check_there(struct store_db *db, uint64_t seq)
{
    struct store_query query;

    store_query_begin(&query, db, "SELECT 1 FROM alarm WHERE seq = ?");
    store_query_bind_number(&query, (int64_t)seq);
    return store_query_end(&query, store_query_step(&query));
}

int store_alarm_ack(struct store_db *db, uint64_t seq, const char *actor)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE alarm SET closed_at = ?2, closed_by = ?3, version = version + 1 "
                      "WHERE seq = ?1 AND closed_at = 0");
    store_query_bind_number(&query, (int64_t)seq);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_text(&query, actor);
    int err = store_query_run(&query);
    if (err || store_query_changes(db) > 0)
        return err;
    err = check_there(db, seq);
    return err ? err : AP_ECONFLICT;
}

/* -- reads ----------------------------------------------------------------------------------- */

#define ALARM_COLUMNS "seq, kind, subject, detail, raised_at, last_at, count, closed_at, closed_by"

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    struct store_alarm *alarm = item;

    alarm->seq = (uint64_t)store_query_column_number(query);
    alarm->kind =
        (enum store_alarm_kind)store_query_column_name(query, KIND_NAMES, AP_COUNT(KIND_NAMES));
    alarm->subject = store_query_column_text(query, arena);
    alarm->detail = store_query_column_text(query, arena);
    alarm->raised_at = store_query_column_number(query);
    alarm->last_at = store_query_column_number(query);
    alarm->count = (uint64_t)store_query_column_number(query);
    alarm->closed_at = store_query_column_number(query);
    alarm->closed_by = store_query_column_text(query, arena);
}

int store_alarm_get(struct store_db *db, struct arena *arena, uint64_t seq,
                    struct store_alarm *ret_alarm)
{
    struct store_alarm alarm = {0};
    struct store_query query;

    store_query_begin(&query, db, "SELECT " ALARM_COLUMNS " FROM alarm WHERE seq = ?");
    store_query_bind_number(&query, (int64_t)seq);
    int err = store_query_step(&query);
    if (!err)
        read_row(&query, arena, &alarm);
    err = store_query_end(&query, err);
    if (!err)
        *ret_alarm = alarm;
    return err;
}

static int read_rows(struct store_query *query, struct arena *arena,
                     struct store_alarm **ret_alarms, size_t *ret_count)
{
    struct store_rows rows;

    int err = store_query_rows(query, arena, sizeof(struct store_alarm), read_row, &rows);
    if (err)
        return err;
    *ret_alarms = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_alarm_list(struct store_db *db, struct arena *arena, bool open_only, uint64_t before,
                     uint32_t limit, struct store_alarm **ret_alarms, size_t *ret_count)
{
    struct store_query query;

    if (open_only)
        store_query_begin(&query, db,
                          "SELECT " ALARM_COLUMNS " FROM alarm "
                          "WHERE closed_at = 0 AND seq < ?1 ORDER BY seq DESC LIMIT ?2");
    else
        store_query_begin(&query, db,
                          "SELECT " ALARM_COLUMNS " FROM alarm "
                          "WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
    store_query_bind_number(&query, before ? (int64_t)before : INT64_MAX);
    store_query_bind_number(&query, limit);
    return read_rows(&query, arena, ret_alarms, ret_count);
}

int store_alarm_news(struct store_db *db, struct arena *arena, uint64_t after, uint32_t limit,
                     struct store_alarm **ret_alarms, size_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " ALARM_COLUMNS " FROM alarm WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    store_query_bind_number(&query, (int64_t)after);
    store_query_bind_number(&query, limit);
    return read_rows(&query, arena, ret_alarms, ret_count);
}

int store_alarm_counts(struct store_db *db, uint64_t ret_counts[static STORE_ALARM_KIND_COUNT])
{
    uint64_t counts[STORE_ALARM_KIND_COUNT] = {0};
    struct store_query query;
    int err;

    store_query_begin(&query, db,
                      "SELECT kind, count(*) FROM alarm WHERE closed_at = 0 GROUP BY kind");
    while ((err = store_query_step(&query)) == 0) {
        size_t kind = store_query_column_name(&query, KIND_NAMES, AP_COUNT(KIND_NAMES));
        counts[kind] = (uint64_t)store_query_column_number(&query);
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    if (!err)
        memcpy(ret_counts, counts, sizeof(counts));
    return err;
}

int store_alarm_last(struct store_db *db, uint64_t *ret_seq)
{
    struct store_query query;
    uint64_t seq = 0;

    store_query_begin(&query, db, "SELECT coalesce(max(seq), 0) FROM alarm");
    int err = store_query_step(&query);
    if (!err)
        seq = (uint64_t)store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_seq = seq;
    return err;
}
