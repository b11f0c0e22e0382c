/* Sessions of browsers. Must not know cookies, nor what a session may do. */
#include "autoprov/store_session.h"

#include "autoprov/limits.h"
#include "store_private.h"

static const char *const KINDS[] = {[STORE_SESSION_ADMIN] = "admin", [STORE_SESSION_USER] = "user"};

#define SESSION_COLUMNS                                                                            \
    "s.id, s.kind, coalesce(s.admin_id, s.user_id), coalesce(a.name, u.name), a.role, "            \
    "s.invitation_id, s.created_at, s.last_at, s.ends_at, s.address, s.agent"
#define SESSION_TABLES                                                                             \
    "session s LEFT JOIN admin a ON a.id = s.admin_id LEFT JOIN user u ON u.id = s.user_id"
/* ?1: now; ?2: who was not seen since then is idle. */
#define IS_OPEN "s.ends_at > ?1 AND s.last_at > ?2 AND coalesce(a.enabled, 1) = 1"

const char *store_session_kind_name(enum store_session_kind kind)
{
    return KINDS[kind];
}

static void bind_now(struct store_query *query)
{
    int64_t now = store_now_s(query->db);

    store_query_bind_number(query, now);
    store_query_bind_number(query, now - AP_SESSION_IDLE_S);
}

/* Who signs in again and again leaves no pile. */
static int end_oldest(struct store_db *db, const char *holder_id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE admin_id = ?1 "
                      "OR user_id = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)");
    store_query_bind_text(&query, holder_id);
    store_query_bind_number(&query, AP_SESSIONS_OF_ONE_MAX);
    return store_query_run(&query);
}

int store_session_add(struct store_db *db, const struct store_session *session,
                      const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                      char ret_id[static STORE_ID_TEXT_MAX])
{
    bool is_admin = session->kind == STORE_SESSION_ADMIN;
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO session (id, digest, kind, admin_id, user_id, invitation_id, "
                      "created_at, last_at, ends_at, address, agent) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10)");
    store_query_bind_text(&query, id);
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    store_query_bind_text(&query, KINDS[session->kind]);
    store_query_bind_text(&query, is_admin ? session->holder_id : NULL);
    store_query_bind_text(&query, is_admin ? NULL : session->holder_id);
    store_query_bind_text(&query, session->invitation_id);
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_number(&query, session->ends_at);
    store_query_bind_text(&query, session->address);
    store_query_bind_text(&query, session->agent);
    int err = store_query_run(&query);
    if (err == AP_ECONFLICT) /* a reference that leads nowhere */
        return AP_ENOENT;
    if (!err)
        err = end_oldest(db, session->holder_id);
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_session(struct store_query *query, struct arena *arena, void *item)
{
    struct store_session *session = item;

    session->id = store_query_column_text(query, arena);
    session->kind = (enum store_session_kind)store_query_column_name(query, KINDS, 2);
    session->holder_id = store_query_column_text(query, arena);
    session->name = store_query_column_text(query, arena);
    session->role = store_query_column_text(query, arena);
    session->invitation_id = store_query_column_text(query, arena);
    session->created_at = store_query_column_number(query);
    session->last_at = store_query_column_number(query);
    session->ends_at = store_query_column_number(query);
    session->address = store_query_column_text(query, arena);
    session->agent = store_query_column_text(query, arena);
}

static int read_one(struct store_query *query, struct arena *arena,
                    struct store_session *ret_session)
{
    struct store_session session = {.id = NULL};
    int err = store_query_step(query);

    if (!err)
        read_session(query, arena, &session);
    err = store_query_end(query, err);
    if (!err)
        *ret_session = session;
    return err;
}

int store_session_find(struct store_db *db, struct arena *arena,
                       const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                       struct store_session *ret_session)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " SESSION_COLUMNS " FROM " SESSION_TABLES " WHERE " IS_OPEN
                      " AND s.digest = ?3");
    bind_now(&query);
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    return read_one(&query, arena, ret_session);
}

int store_session_get(struct store_db *db, struct arena *arena, const char *id,
                      struct store_session *ret_session)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " SESSION_COLUMNS " FROM " SESSION_TABLES " WHERE " IS_OPEN
                      " AND s.id = ?3");
    bind_now(&query);
    store_query_bind_text(&query, id);
    return read_one(&query, arena, ret_session);
}

int store_session_list(struct store_db *db, struct arena *arena, const char *holder_id,
                       const char *after, uint32_t limit, struct store_session **ret_sessions,
                       size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " SESSION_COLUMNS " FROM " SESSION_TABLES " WHERE " IS_OPEN
                      " AND s.id > ?3 AND (?4 IS NULL OR s.admin_id = ?4 OR s.user_id = ?4) "
                      "ORDER BY s.id LIMIT ?5");
    bind_now(&query);
    store_query_bind_text(&query, after);
    store_query_bind_text(&query, holder_id);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_session), read_session, &rows);
    if (err)
        return err;
    *ret_sessions = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_session_touch(struct store_db *db, const char *id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE session SET last_at = ?1 WHERE id = ?3 AND ends_at > ?1 "
                      "AND last_at > ?2");
    bind_now(&query);
    store_query_bind_text(&query, id);
    return store_query_run(&query);
}

int store_session_end(struct store_db *db, const char *id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM session WHERE id = ?");
    store_query_bind_text(&query, id);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

int store_session_end_others(struct store_db *db, const char *holder_id, const char *except)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "DELETE FROM session WHERE (admin_id = ?1 OR user_id = ?1) "
                      "AND id <> coalesce(?2, '')");
    store_query_bind_text(&query, holder_id);
    store_query_bind_text(&query, except);
    return store_query_run(&query);
}

int store_session_count(struct store_db *db, uint64_t *ret_count)
{
    struct store_query query;
    int64_t count = 0;

    store_query_begin(&query, db, "SELECT count(*) FROM " SESSION_TABLES " WHERE " IS_OPEN);
    bind_now(&query);
    int err = store_query_step(&query);
    if (!err)
        count = store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_count = (uint64_t)count;
    return err;
}

/* -- upkeep ------------------------------------------------------------------------------------ */

static int run_with_now(struct store_db *db, const char *sql)
{
    struct store_query query;

    store_query_begin(&query, db, sql);
    bind_now(&query);
    return store_query_run(&query);
}

/* An invitation outlives its end as long as its session. */
static int count_ended(struct store_db *db, int64_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT (SELECT count(*) FROM session WHERE ends_at <= ?1 OR last_at <= ?2) "
                      "+ (SELECT count(*) FROM invitation i WHERE i.ends_at <= ?1 AND NOT EXISTS "
                      "(SELECT 1 FROM session WHERE invitation_id = i.id))");
    bind_now(&query);
    int err = store_query_step(&query);
    if (!err)
        *ret_count = store_query_column_number(&query);
    return store_query_end(&query, err);
}

int store_session_prune(struct store_db *db, enum store_upkeep_result *ret_result)
{
    int64_t count = 0;

    int err = count_ended(db, &count);
    if (err || count == 0)
        return err;
    err = store_write_begin(db);
    if (err)
        return err;
    err = run_with_now(db, "DELETE FROM session WHERE ends_at <= ?1 OR last_at <= ?2");
    if (!err)
        err = run_with_now(db, "DELETE FROM invitation WHERE ends_at <= ?1 AND ?2 IS NOT NULL AND "
                               "NOT EXISTS (SELECT 1 FROM session s WHERE s.invitation_id = "
                               "invitation.id)");
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    else
        *ret_result = STORE_UPKEEP_LAST;
    return err;
}
