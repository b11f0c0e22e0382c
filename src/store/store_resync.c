/* Attempts to make phones fetch, as rows, and what a phone is asked with. Must not know how it is
 * asked. */
#include "autoprov/store_resync.h"

#include "autoprov/array.h"
#include "autoprov/limits.h"

#include "store_private.h"

static const char *const KIND_NAMES[] = {
    [STORE_RESYNC_FETCH] = "resync",
    [STORE_RESYNC_REBOOT] = "reboot",
    [STORE_RESYNC_URL] = "url",
};
static const char *const VIA_NAMES[] = {
    [STORE_RESYNC_DIRECT] = "direct",
    [STORE_RESYNC_EXTERNAL] = "external",
};
static const char *const OUTCOME_NAMES[] = {
    [STORE_RESYNC_WAITING] = "waiting",         [STORE_RESYNC_ACCEPTED] = "accepted",
    [STORE_RESYNC_CHALLENGED] = "challenged",   [STORE_RESYNC_REFUSED] = "refused",
    [STORE_RESYNC_UNREACHABLE] = "unreachable", [STORE_RESYNC_NO_TARGET] = "no_target",
    [STORE_RESYNC_FAILED] = "failed",           [STORE_RESYNC_CANCELLED] = "cancelled",
};
static const char *const WHY_NAMES[] = {
    [STORE_RESYNC_WHY_NONE] = "",
    [STORE_RESYNC_NO_EVENT] = "no_event",
    [STORE_RESYNC_NO_URL] = "no_url",
    [STORE_RESYNC_BAD_CONTACT] = "bad_contact",
    [STORE_RESYNC_NOT_SENT] = "not_sent",
    [STORE_RESYNC_NOT_TAKEN] = "not_taken",
    [STORE_RESYNC_NOT_REPORTED] = "not_reported",
    [STORE_RESYNC_PROGRAM] = "program",
};
_Static_assert(AP_COUNT(WHY_NAMES) == STORE_RESYNC_WHY_COUNT, "each reason has a name");
_Static_assert(AP_COUNT(OUTCOME_NAMES) == STORE_RESYNC_OUTCOME_COUNT, "each outcome has a name");

const char *store_resync_kind_name(enum store_resync_kind kind)
{
    return KIND_NAMES[kind];
}

const char *store_resync_via_name(enum store_resync_via via)
{
    return VIA_NAMES[via];
}

const char *store_resync_outcome_name(enum store_resync_outcome outcome)
{
    return OUTCOME_NAMES[outcome];
}

const char *store_resync_why_name(enum store_resync_why why)
{
    return WHY_NAMES[why];
}

static int find_name(const char *const *names, size_t count, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return AP_EINVAL;
}

int store_resync_kind_parse(const char *name, enum store_resync_kind *ret_kind)
{
    size_t index = 0;
    int err = find_name(KIND_NAMES, AP_COUNT(KIND_NAMES), name, &index);

    if (!err)
        *ret_kind = (enum store_resync_kind)index;
    return err;
}

int store_resync_outcome_parse(const char *name, enum store_resync_outcome *ret_outcome)
{
    size_t index = 0;
    int err = find_name(OUTCOME_NAMES, AP_COUNT(OUTCOME_NAMES), name, &index);

    if (!err)
        *ret_outcome = (enum store_resync_outcome)index;
    return err;
}

/* -- whom -------------------------------------------------------------------------------------- */

/* A phone that has fetched, but not since the password became another one, knows the previous one;
 * within the second of the change that is a guess. Only what it knows leaves the row. */
#define KNOWS_PREVIOUS                                                                             \
    "(a.previous_password_sealed IS NOT NULL AND p.last_fetch_at BETWEEN 1 AND a.password_at)"

static const char find_target[] =
    "SELECT p.id, p.user_id, u.name, p.vendor, p.enabled, p.sip_contact, "
    "(SELECT nullif(contact, '') FROM pnp WHERE mac = p.mac), p.last_fetch_address, "
    "a.id, a.sip_user, a.domain, a.auth_user, " KNOWS_PREVIOUS ", "
    "iif(" KNOWS_PREVIOUS ", a.previous_password_sealed, a.password_sealed) "
    "FROM phone p JOIN user u ON u.id = p.user_id "
    "LEFT JOIN line l ON l.phone_id = p.id "
    "AND l.position = (SELECT min(position) FROM line WHERE phone_id = p.id) "
    "LEFT JOIN account a ON a.id = l.account_id "
    "WHERE p.mac = ? AND " STORE_VISIBLE("p");

static void read_target(struct store_query *query, struct arena *arena, bool with_password,
                        struct store_resync_target *target)
{
    size_t len;

    target->phone_id = store_query_column_text(query, arena);
    target->user_id = store_query_column_text(query, arena);
    target->user_name = store_query_column_text(query, arena);
    target->vendor = store_query_column_text(query, arena);
    target->enabled = store_query_column_number(query) != 0;
    target->sip_contact = store_query_column_text(query, arena);
    target->pnp_contact = store_query_column_text(query, arena);
    target->last_fetch_address = store_query_column_text(query, arena);
    const char *account_id = store_query_column_text(query, arena);
    target->sip_user = store_query_column_text(query, arena);
    target->domain = store_query_column_text(query, arena);
    target->auth_user = store_query_column_text(query, arena);
    bool previous = store_query_column_number(query) != 0;
    const struct vault_place place = {"account", account_id ? account_id : "",
                                      previous ? "previous_password_sealed" : "password_sealed"};
    if (account_id && with_password)
        target->password = store_query_column_sealed(query, &place, arena, &len);
}

int store_resync_target(struct store_db *db, struct arena *arena,
                        const uint8_t mac[static AP_MAC_LEN], bool with_password,
                        struct store_resync_target *ret_target)
{
    struct store_resync_target target = {.phone_id = NULL};
    struct store_query query;
    char text[AP_MAC_TEXT_MAX];

    store_query_begin(&query, db, find_target);
    store_query_bind_mac(&query, mac, text);
    int err = store_query_step(&query);
    if (!err)
        read_target(&query, arena, with_password, &target);
    err = store_query_end(&query, err);
    if (!err)
        *ret_target = target;
    return err;
}

int store_resync_macs(struct store_db *db, struct arena *arena, const char *after_mac,
                      uint32_t limit, const char *const **ret_macs, size_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT p.mac FROM phone p WHERE p.mac > ? AND p.enabled = 1 "
                      "AND " STORE_VISIBLE("p") " ORDER BY p.mac LIMIT ?");
    store_query_bind_text(&query, after_mac);
    store_query_bind_number(&query, limit);
    return store_query_texts(&query, arena, ret_macs, ret_count);
}

/* -- writes ------------------------------------------------------------------------------------ */

int store_resync_put(struct store_db *db, const struct store_resync *resync)
{
    struct store_query query;

    store_query_begin(
        &query, db,
        "INSERT INTO resync (phone_id, order_id, asked_at, kind, via, target, outcome, status, "
        "ended_at, why) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM phone WHERE id = ?1 "
        "ON CONFLICT (phone_id) DO UPDATE SET order_id = ?2, asked_at = ?3, kind = ?4, via = ?5, "
        "target = ?6, outcome = ?7, status = ?8, ended_at = ?9, why = ?10, version = version + 1 "
        "WHERE order_id <= ?2");
    store_query_bind_text(&query, resync->phone_id);
    store_query_bind_number(&query, (int64_t)resync->order_id);
    store_query_bind_number(&query, resync->asked_at);
    store_query_bind_text(&query, KIND_NAMES[resync->kind]);
    store_query_bind_text(&query, VIA_NAMES[resync->via]);
    store_query_bind_text(&query, resync->target);
    store_query_bind_text(&query, OUTCOME_NAMES[resync->outcome]);
    store_query_bind_number(&query, resync->status);
    store_query_bind_number(&query, resync->ended_at);
    store_query_bind_text(&query, WHY_NAMES[resync->why]);
    return store_query_run(&query);
}

int store_resync_recover(struct store_db *db, uint64_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE resync SET outcome = 'cancelled', ended_at = ?, "
                      "version = version + 1 WHERE outcome = 'waiting'");
    store_query_bind_number(&query, clock_wall_s(db->clock));
    int err = store_query_run(&query);
    if (!err)
        *ret_count = (uint64_t)store_query_changes(db);
    return err;
}

/* -- reads ------------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "r.phone_id, p.mac, u.name, r.order_id, r.asked_at, r.kind, r.via, r.target, r.outcome, "      \
    "r.status, r.why, r.ended_at, iif(p.last_fetch_at >= r.asked_at, p.last_fetch_at, 0)"

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    struct store_resync_row *row = item;

    row->phone_id = store_query_column_text(query, arena);
    store_query_column_mac(query, row->mac);
    row->user_name = store_query_column_text(query, arena);
    row->order_id = (uint64_t)store_query_column_number(query);
    row->asked_at = store_query_column_number(query);
    row->kind =
        (enum store_resync_kind)store_query_column_name(query, KIND_NAMES, AP_COUNT(KIND_NAMES));
    row->via =
        (enum store_resync_via)store_query_column_name(query, VIA_NAMES, AP_COUNT(VIA_NAMES));
    row->target = store_query_column_text(query, arena);
    row->outcome = (enum store_resync_outcome)store_query_column_name(query, OUTCOME_NAMES,
                                                                      AP_COUNT(OUTCOME_NAMES));
    row->status = (int)store_query_column_number(query);
    row->why =
        (enum store_resync_why)store_query_column_name(query, WHY_NAMES, AP_COUNT(WHY_NAMES));
    row->ended_at = store_query_column_number(query);
    row->fetched_at = store_query_column_number(query);
}

int store_resync_get(struct store_db *db, struct arena *arena, const char *phone_id,
                     struct store_resync_row *ret_row)
{
    struct store_resync_row row = {.phone_id = NULL};
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " COLUMNS " FROM resync r JOIN phone p ON p.id = r.phone_id "
                      "JOIN user u ON u.id = p.user_id WHERE r.phone_id = ?");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err)
        read_row(&query, arena, &row);
    err = store_query_end(&query, err);
    if (!err)
        *ret_row = row;
    return err;
}

/* From what is the smallest part; the other filters look at the rows found so. */
#define FROM_ALL "resync r CROSS JOIN phone p ON p.id = r.phone_id JOIN user u ON u.id = p.user_id"
#define FROM_A_PHONE                                                                               \
    "phone p CROSS JOIN resync r ON r.phone_id = p.id JOIN user u ON u.id = p.user_id"
#define FROM_A_SITE                                                                                \
    "user u CROSS JOIN phone p ON p.user_id = u.id CROSS JOIN resync r ON r.phone_id = p.id"
#define LIST(from, by)                                                                             \
    "SELECT " COLUMNS " FROM " from " WHERE " by " AND r.phone_id > ?1 "                           \
    "AND (?3 IS NULL OR r.outcome = ?3) AND (?4 IS NULL OR p.user_id = ?4) "                       \
    "AND (?5 IS NULL OR u.site_id = ?5) AND (?6 IS NULL OR p.mac = ?6) "                           \
    "ORDER BY r.phone_id LIMIT ?2"

int store_resync_list(struct store_db *db, struct arena *arena,
                      const struct store_resync_filter *filter, struct store_resync_row **ret_rows,
                      size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;
    char mac[AP_MAC_TEXT_MAX];

    if (filter->mac)
        store_query_begin(&query, db, LIST(FROM_A_PHONE, "p.mac = ?6"));
    else if (filter->user_id)
        store_query_begin(&query, db, LIST(FROM_A_PHONE, "p.user_id = ?4"));
    else if (filter->site_id)
        store_query_begin(&query, db, LIST(FROM_A_SITE, "u.site_id = ?5"));
    else if (filter->outcome)
        store_query_begin(&query, db, LIST(FROM_ALL, "r.outcome = ?3"));
    else
        store_query_begin(&query, db, LIST(FROM_ALL, "true"));
    store_query_bind_text(&query, filter->after);
    store_query_bind_number(&query, filter->limit);
    store_query_bind_text(&query, filter->outcome);
    store_query_bind_text(&query, filter->user_id);
    store_query_bind_text(&query, filter->site_id);
    if (filter->mac)
        store_query_bind_mac(&query, filter->mac, mac);
    else
        store_query_bind_text(&query, NULL);
    int err = store_query_rows(&query, arena, sizeof(struct store_resync_row), read_row, &rows);
    if (err)
        return err;
    *ret_rows = rows.items;
    *ret_count = rows.count;
    return 0;
}

/* The only number of a begun query, which it ends; none: 0. */
static int read_number(struct store_query *query, int64_t *ret_number)
{
    int64_t number = 0;
    int err = store_query_step(query);

    if (!err)
        number = store_query_column_number(query);
    err = store_query_end(query, err == AP_ENOENT ? 0 : err);
    if (!err)
        *ret_number = number;
    return err;
}

int store_resync_asked_at(struct store_db *db, const char *phone_id, int64_t *ret_asked_at)
{
    struct store_query query;

    store_query_begin(&query, db, "SELECT asked_at FROM resync WHERE phone_id = ?");
    store_query_bind_text(&query, phone_id);
    return read_number(&query, ret_asked_at);
}

int store_resync_fetched(struct store_db *db, uint64_t order_id, uint64_t *ret_count)
{
    struct store_query query;
    int64_t count = 0;

    store_query_begin(&query, db,
                      "SELECT count(*) FROM resync r CROSS JOIN phone p ON p.id = r.phone_id "
                      "WHERE r.order_id = ? AND p.last_fetch_at >= r.asked_at");
    store_query_bind_number(&query, (int64_t)order_id);
    int err = read_number(&query, &count);
    if (!err)
        *ret_count = (uint64_t)count;
    return err;
}

int store_resync_last_order(struct store_db *db, uint64_t *ret_order_id)
{
    struct store_query query;
    int64_t order_id = 0;

    store_query_begin(&query, db, "SELECT coalesce(max(order_id), 0) FROM resync");
    int err = read_number(&query, &order_id);
    if (!err)
        *ret_order_id = (uint64_t)order_id;
    return err;
}

int store_resync_counts(struct store_db *db, uint64_t ret_counts[static STORE_RESYNC_OUTCOME_COUNT])
{
    uint64_t counts[STORE_RESYNC_OUTCOME_COUNT] = {0};
    struct store_query query;
    int err;

    store_query_begin(&query, db, "SELECT outcome, count(*) FROM resync GROUP BY outcome");
    while ((err = store_query_step(&query)) == 0) {
        size_t outcome = store_query_column_name(&query, OUTCOME_NAMES, AP_COUNT(OUTCOME_NAMES));
        uint64_t count = (uint64_t)store_query_column_number(&query);
        if (outcome < STORE_RESYNC_OUTCOME_COUNT)
            counts[outcome] = count;
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    if (!err)
        memcpy(ret_counts, counts, sizeof(counts));
    return err;
}
