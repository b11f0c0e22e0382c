/* Who asked by multicast. Must not know who is answered. */
#include "autoprov/store_pnp.h"

#include "autoprov/limits.h"

#include "store_private.h"

/* -- writes ---------------------------------------------------------------------------------- */

/* The schema holds them too, but a row at fault would undo a whole batch of others. */
static bool fits(const struct store_pnp *row)
{
    return strlen(row->vendor) < STORE_PNP_WORD_MAX && strlen(row->model) < STORE_PNP_WORD_MAX &&
           strlen(row->firmware) < STORE_PNP_WORD_MAX &&
           strlen(row->user_agent) < STORE_PNP_AGENT_MAX &&
           strlen(row->contact) < STORE_PNP_CONTACT_MAX && row->source[0] &&
           strlen(row->source) < STORE_PNP_SOURCE_MAX &&
           strlen(row->interface) < STORE_PNP_INTERFACE_MAX;
}

static int upsert(struct store_db *db, const struct store_pnp *row)
{
    char mac[AP_MAC_TEXT_MAX];
    struct store_query query;

    if (!fits(row))
        return AP_EINVAL;
    store_query_begin(
        &query, db,
        "INSERT INTO pnp (mac, vendor, model, firmware, user_agent, contact, source, interface, "
        "first_at, last_at, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
        "ON CONFLICT (mac) DO UPDATE SET vendor = ?2, model = ?3, firmware = ?4, user_agent = ?5, "
        "contact = ?6, source = ?7, interface = ?8, last_at = max(last_at, ?10), "
        "count = count + ?11, version = version + 1");
    store_query_bind_mac(&query, row->mac, mac);
    store_query_bind_text(&query, row->vendor);
    store_query_bind_text(&query, row->model);
    store_query_bind_text(&query, row->firmware);
    store_query_bind_text(&query, row->user_agent);
    store_query_bind_text(&query, row->contact);
    store_query_bind_text(&query, row->source);
    store_query_bind_text(&query, row->interface);
    store_query_bind_number(&query, row->first_at);
    store_query_bind_number(&query, row->last_at);
    store_query_bind_number(&query, (int64_t)row->count);
    return store_query_run(&query);
}

static int note_told(struct store_db *db, const struct store_pnp *row)
{
    char mac[AP_MAC_TEXT_MAX];
    struct store_query query;

    if (strlen(row->outcome) >= STORE_PNP_OUTCOME_MAX)
        return AP_EINVAL;
    store_query_begin(
        &query, db,
        "UPDATE pnp SET told_at = ?2, outcome = ?3, version = version + 1 WHERE mac = ?1");
    store_query_bind_mac(&query, row->mac, mac);
    store_query_bind_number(&query, row->told_at);
    store_query_bind_text(&query, row->outcome);
    return store_query_run(&query);
}

int store_pnp_note(struct store_db *db, const struct store_pnp *row)
{
    int err = store_savepoint_begin(db);

    if (err)
        return err;
    if (row->count > 0)
        err = upsert(db, row);
    if (!err && row->told_at > 0)
        err = note_told(db, row);
    return store_savepoint_end(db, err);
}

/* Rows of an import that is not done yet are phones too. */
#define NO_PHONE "NOT EXISTS (SELECT 1 FROM phone WHERE mac = n.mac)"

int store_pnp_prune(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM pnp AS n WHERE n.last_at < ? AND " NO_PHONE);
    store_query_bind_number(&query, store_now_s(db) - STORE_PNP_KEPT_S);
    int err = store_query_run(&query);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "WITH unknown AS (SELECT n.mac, n.last_at FROM pnp n WHERE " NO_PHONE ") "
                      "DELETE FROM pnp WHERE mac IN (SELECT mac FROM unknown ORDER BY last_at, mac "
                      "LIMIT max(0, (SELECT count(*) FROM unknown) - ?))");
    store_query_bind_number(&query, AP_PNP_ROWS_MAX);
    return store_query_run(&query);
}

int store_pnp_del(struct store_db *db, const uint8_t mac[static AP_MAC_LEN])
{
    char text[AP_MAC_TEXT_MAX];
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM pnp WHERE mac = ?");
    store_query_bind_mac(&query, mac, text);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

/* -- reads ----------------------------------------------------------------------------------- */

#define IS_KNOWN "EXISTS (SELECT 1 FROM phone p WHERE p.mac = n.mac AND " STORE_VISIBLE("p") ")"
#define COLUMNS                                                                                    \
    "n.mac, n.vendor, n.model, n.firmware, n.user_agent, n.contact, n.source, n.interface, "       \
    "n.first_at, n.last_at, n.count, n.told_at, n.outcome, n.version, " IS_KNOWN
#define LIST(condition)                                                                            \
    "SELECT " COLUMNS " FROM pnp n WHERE n.mac > ?1" condition " ORDER BY n.mac LIMIT ?2"

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    struct store_pnp *row = item;

    store_query_column_mac(query, row->mac);
    row->vendor = store_query_column_text(query, arena);
    row->model = store_query_column_text(query, arena);
    row->firmware = store_query_column_text(query, arena);
    row->user_agent = store_query_column_text(query, arena);
    row->contact = store_query_column_text(query, arena);
    row->source = store_query_column_text(query, arena);
    row->interface = store_query_column_text(query, arena);
    row->first_at = store_query_column_number(query);
    row->last_at = store_query_column_number(query);
    row->count = (uint64_t)store_query_column_number(query);
    row->told_at = store_query_column_number(query);
    row->outcome = store_query_column_text(query, arena);
    row->version = (uint64_t)store_query_column_number(query);
    row->is_known = store_query_column_number(query) != 0;
}

int store_pnp_list(struct store_db *db, struct arena *arena, enum store_pnp_which which,
                   const char *after_mac, uint32_t limit, struct store_pnp **ret_rows,
                   size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      which == STORE_PNP_KNOWN     ? LIST(" AND " IS_KNOWN)
                      : which == STORE_PNP_UNKNOWN ? LIST(" AND NOT " IS_KNOWN)
                                                   : LIST(""));
    store_query_bind_text(&query, after_mac);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_pnp), read_row, &rows);
    if (err)
        return err;
    *ret_rows = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_pnp_get(struct store_db *db, struct arena *arena, const uint8_t mac[static AP_MAC_LEN],
                  struct store_pnp *ret_row)
{
    char text[AP_MAC_TEXT_MAX];
    struct store_pnp row = {.vendor = NULL};
    struct store_query query;

    store_query_begin(&query, db, "SELECT " COLUMNS " FROM pnp n WHERE n.mac = ?");
    store_query_bind_mac(&query, mac, text);
    int err = store_query_step(&query);
    if (!err)
        read_row(&query, arena, &row);
    err = store_query_end(&query, err);
    if (!err)
        *ret_row = row;
    return err;
}
