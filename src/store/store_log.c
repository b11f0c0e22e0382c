/* Lists of fetches and refusals, newest first. Written by store_record.c.
 *
 * Each list has a statement for every filter that an index serves; SQLite does not choose an index
 * for a condition that a parameter may switch off. The other filters look at the rows found so. */
#include "autoprov/store_log.h"

#include "store_private.h"

/* The parameters, by number: 1 phone, 2 source, 3 reason, 4 network, 5 since, 6 before, 7 limit. */
#define PHONE  "l.phone_id = ?1"
#define SOURCE "l.source = ?2"
#define REASON "l.reason = ?3"
/* Rows come nearly in the order of their times, so the first number of that time ends the walk;
 * the + keeps SQLite from looking for it in the order of numbers. */
#define REST(table)                                                                                \
    " AND (?1 IS NULL OR l.phone_id = ?1) AND (?2 IS NULL OR l.source = ?2) "                      \
    "AND (?4 IS NULL OR in_network(l.source, ?4)) "                                                \
    "AND l.at >= ?5 AND l.seq >= CASE ?5 WHEN 0 THEN 0 ELSE coalesce("                             \
    "(SELECT min(+seq) FROM " table " WHERE at >= ?5), 0) END "                                    \
    "AND l.seq < ?6 ORDER BY l.seq DESC LIMIT ?7"

#define REFUSALS(by)                                                                               \
    "SELECT l.seq, l.at, l.source, l.reason, l.mac, l.role, l.token_tag, l.count "                 \
    "FROM refusal l WHERE " by " AND (?3 IS NULL OR l.reason = ?3)" REST("refusal")
#define FETCHES(by)                                                                                \
    "SELECT l.seq, l.at, l.source, coalesce(p.mac, ''), l.role, l.token_tag, l.user_agent, "       \
    "l.status, l.body_bytes FROM fetch l LEFT JOIN phone p ON p.id = l.phone_id "                  \
    "WHERE ?3 IS NULL AND " by REST("fetch")

/* in_network(source, network): the network is its struct's bytes, of this program alone. */
static void in_network(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct network network;
    struct address address;
    const char *source = (const char *)sqlite3_value_text(values[0]);
    const void *bytes = sqlite3_value_blob(values[1]);

    (void)count; /* 2, as registered */
    if (!source || !bytes || sqlite3_value_bytes(values[1]) != (int)sizeof(network) ||
        address_parse(source, &address) != 0) {
        sqlite3_result_int(context, 0);
        return;
    }
    memcpy(&network, bytes, sizeof(network));
    sqlite3_result_int(context, network_contains(&network, &address));
}

int store_log_prepare(struct store_db *db)
{
    int rc = sqlite3_create_function_v2(db->sqlite, "in_network", 2,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                        NULL, in_network, NULL, NULL, NULL);

    return store_query_map_error(db, rc);
}

static void bind_filter(struct store_query *query, const struct store_log_filter *filter,
                        const char *source)
{
    const struct network *network = source ? NULL : filter->network;

    store_query_bind_text(query, filter->phone_id);
    store_query_bind_text(query, source);
    store_query_bind_text(query, filter->reason);
    if (network)
        store_query_bind_blob(query, network, sizeof(*network));
    else
        store_query_bind_text(query, NULL);
    store_query_bind_number(query, filter->since);
    store_query_bind_number(query, filter->before ? (int64_t)filter->before : INT64_MAX);
    store_query_bind_number(query, filter->limit);
}

/* A network of one address, as text; else NULL. */
static const char *single_source(const struct network *network,
                                 char text[static AP_ADDRESS_TEXT_MAX])
{
    struct address address = {0};

    if (!network || network->prefix_len != (network->family == AF_INET ? 32 : 128))
        return NULL;
    address.family = network->family;
    memcpy(address.bytes, network->bytes, sizeof(address.bytes));
    address_format(&address, text);
    return text;
}

static void read_refusal(struct store_query *query, struct arena *arena, void *item)
{
    struct store_refusal *refusal = item;

    refusal->seq = (uint64_t)store_query_column_number(query);
    refusal->at = store_query_column_number(query);
    refusal->source = store_query_column_text(query, arena);
    refusal->reason = store_query_column_text(query, arena);
    refusal->mac = store_query_column_text(query, arena);
    refusal->role = store_query_column_text(query, arena);
    refusal->token_tag = store_query_column_text(query, arena);
    refusal->count = (uint64_t)store_query_column_number(query);
}

int store_log_refusals(struct store_db *db, struct arena *arena,
                       const struct store_log_filter *filter, struct store_refusal **ret_refusals,
                       size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;
    char text[AP_ADDRESS_TEXT_MAX];
    const char *source = single_source(filter->network, text);

    if (filter->phone_id)
        store_query_begin(&query, db, REFUSALS(PHONE));
    else if (source)
        store_query_begin(&query, db, REFUSALS(SOURCE));
    else if (filter->reason)
        store_query_begin(&query, db, REFUSALS(REASON));
    else
        store_query_begin(&query, db, REFUSALS("true"));
    bind_filter(&query, filter, source);
    int err = store_query_rows(&query, arena, sizeof(struct store_refusal), read_refusal, &rows);
    if (err)
        return err;
    *ret_refusals = rows.items;
    *ret_count = rows.count;
    return 0;
}

static void read_fetch(struct store_query *query, struct arena *arena, void *item)
{
    struct store_fetch *fetch = item;

    fetch->seq = (uint64_t)store_query_column_number(query);
    fetch->at = store_query_column_number(query);
    fetch->source = store_query_column_text(query, arena);
    fetch->mac = store_query_column_text(query, arena);
    fetch->role = store_query_column_text(query, arena);
    fetch->token_tag = store_query_column_text(query, arena);
    fetch->user_agent = store_query_column_text(query, arena);
    fetch->status = (uint16_t)store_query_column_number(query);
    fetch->body_bytes = (uint64_t)store_query_column_number(query);
}

int store_log_fetches(struct store_db *db, struct arena *arena,
                      const struct store_log_filter *filter, struct store_fetch **ret_fetches,
                      size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;
    char text[AP_ADDRESS_TEXT_MAX];
    const char *source = single_source(filter->network, text);

    if (filter->phone_id)
        store_query_begin(&query, db, FETCHES(PHONE));
    else
        store_query_begin(&query, db, FETCHES("true"));
    bind_filter(&query, filter, source);
    int err = store_query_rows(&query, arena, sizeof(struct store_fetch), read_fetch, &rows);
    if (err)
        return err;
    *ret_fetches = rows.items;
    *ret_count = rows.count;
    return 0;
}

/* -- activity ---------------------------------------------------------------------------------- */

static int count_steps(struct store_query *query, int64_t from, uint32_t step_s, size_t count,
                       uint64_t *counts)
{
    int err;

    memset(counts, 0, count * sizeof(*counts));
    store_query_bind_number(query, from);
    store_query_bind_number(query, step_s);
    while ((err = store_query_step(query)) == 0) {
        int64_t step = store_query_column_number(query);
        int64_t sum = store_query_column_number(query);
        if (step >= 0 && (uint64_t)step < count) /* else a clock that was put back */
            counts[step] = (uint64_t)sum;
    }
    return store_query_end(query, err == AP_ENOENT ? 0 : err);
}

int store_log_activity(struct store_db *db, int64_t from, uint32_t step_s, size_t count,
                       uint64_t *ret_fetches, uint64_t *ret_refusals)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT (at - ?1) / ?2 AS step, count(*) FROM fetch WHERE at >= ?1 "
                      "GROUP BY step");
    int err = count_steps(&query, from, step_s, count, ret_fetches);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "SELECT (at - ?1) / ?2 AS step, sum(count) FROM refusal WHERE at >= ?1 "
                      "GROUP BY step");
    return count_steps(&query, from, step_s, count, ret_refusals);
}

/* -- one phone ----------------------------------------------------------------------------------
 */

static int read_counts(struct store_db *db, struct arena *arena, const char *phone_id,
                       struct store_log_sum *sum)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT (SELECT count(*) FROM fetch WHERE phone_id = ?1), "
                      "(SELECT coalesce(sum(count), 0) FROM refusal WHERE phone_id = ?1), "
                      "coalesce((SELECT user_agent FROM fetch WHERE phone_id = ?1 "
                      "ORDER BY at DESC, seq DESC LIMIT 1), '')");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err) {
        sum->fetches = (uint64_t)store_query_column_number(&query);
        sum->refusals = (uint64_t)store_query_column_number(&query);
        sum->last_agent = store_query_column_text(&query, arena);
    }
    return store_query_end(&query, err);
}

static int read_delivery(struct store_db *db, struct arena *arena, const char *phone_id,
                         struct store_log_sum *sum)
{
    struct store_query query;
    size_t len;

    store_query_begin(&query, db,
                      "SELECT file, digest FROM delivered WHERE phone_id = ? "
                      "ORDER BY at DESC, file LIMIT 1");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err) {
        sum->last_file = store_query_column_text(&query, arena);
        const uint8_t *digest = store_query_column_blob(&query, &len);
        if (digest && len == sizeof(sum->digest))
            memcpy(sum->digest, digest, len);
    }
    err = store_query_end(&query, err);
    return err == AP_ENOENT ? 0 : err;
}

static int read_last_refusal(struct store_db *db, struct arena *arena, const char *phone_id,
                             struct store_log_sum *sum)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT at, reason FROM refusal WHERE phone_id = ? "
                      "ORDER BY at DESC, seq DESC LIMIT 1");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err) {
        sum->last_refusal_at = store_query_column_number(&query);
        sum->last_refusal_reason = store_query_column_text(&query, arena);
    }
    err = store_query_end(&query, err);
    return err == AP_ENOENT ? 0 : err;
}

int store_log_sum(struct store_db *db, struct arena *arena, const char *phone_id,
                  struct store_log_sum *ret_sum)
{
    struct store_log_sum sum = {.last_agent = "", .last_file = "", .last_refusal_reason = ""};
    int err = read_counts(db, arena, phone_id, &sum);

    if (!err)
        err = read_delivery(db, arena, phone_id, &sum);
    if (!err)
        err = read_last_refusal(db, arena, phone_id, &sum);
    if (!err)
        *ret_sum = sum;
    return err;
}
