/* Invitations of users. Must not know URLs. */
#include "autoprov/store_invitation.h"

#include "autoprov/limits.h"
#include "store_private.h"

#define INVITATION_COLUMNS "i.id, i.user_id, u.name, i.created_at, i.ends_at, i.used_at, i.phones"
#define INVITATION_TABLES  "invitation i JOIN user u ON u.id = i.user_id"

int store_invitation_add(struct store_db *db, const char *user_id,
                         const uint8_t digest[static STORE_TICKET_DIGEST_BYTES], int64_t ends_at,
                         char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO invitation (id, digest, user_id, created_at, ends_at) "
                      "VALUES (?, ?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    store_query_bind_text(&query, user_id);
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_number(&query, ends_at);
    int err = store_query_run(&query);
    if (err == AP_ECONFLICT) /* a reference that leads nowhere */
        return AP_ENOENT;
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_invitation(struct store_query *query, struct arena *arena, void *item)
{
    struct store_invitation *invitation = item;

    invitation->id = store_query_column_text(query, arena);
    invitation->user_id = store_query_column_text(query, arena);
    invitation->user_name = store_query_column_text(query, arena);
    invitation->created_at = store_query_column_number(query);
    invitation->ends_at = store_query_column_number(query);
    invitation->used_at = store_query_column_number(query);
    invitation->phones = (uint32_t)store_query_column_number(query);
}

static int read_one(struct store_query *query, struct arena *arena,
                    struct store_invitation *ret_invitation)
{
    struct store_invitation invitation = {.id = NULL};
    int err = store_query_step(query);

    if (!err)
        read_invitation(query, arena, &invitation);
    err = store_query_end(query, err);
    if (!err)
        *ret_invitation = invitation;
    return err;
}

int store_invitation_get(struct store_db *db, struct arena *arena, const char *id,
                         struct store_invitation *ret_invitation)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " INVITATION_COLUMNS " FROM " INVITATION_TABLES " WHERE i.id = ?");
    store_query_bind_text(&query, id);
    return read_one(&query, arena, ret_invitation);
}

int store_invitation_list(struct store_db *db, struct arena *arena, const char *user_id,
                          const char *after, uint32_t limit,
                          struct store_invitation **ret_invitations, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " INVITATION_COLUMNS " FROM " INVITATION_TABLES
                      " WHERE i.user_id = ?1 AND i.id > ?2 ORDER BY i.id LIMIT ?3");
    store_query_bind_text(&query, user_id);
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    int err =
        store_query_rows(&query, arena, sizeof(struct store_invitation), read_invitation, &rows);
    if (err)
        return err;
    *ret_invitations = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_invitation_del(struct store_db *db, const char *id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM invitation WHERE id = ?");
    store_query_bind_text(&query, id);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

int store_invitation_use(struct store_db *db, struct arena *arena,
                         const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                         struct store_invitation *ret_invitation)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE invitation SET used_at = ?1, version = version + 1 "
                      "WHERE digest = ?2 AND used_at = 0 AND ends_at > ?1");
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    int err = store_query_run(&query);
    if (err)
        return err;
    if (store_query_changes(db) == 0)
        return AP_ENOENT;
    store_query_begin(
        &query, db, "SELECT " INVITATION_COLUMNS " FROM " INVITATION_TABLES " WHERE i.digest = ?");
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    return read_one(&query, arena, ret_invitation);
}

int store_invitation_add_phone(struct store_db *db, const char *id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE invitation SET phones = phones + 1, version = version + 1 "
                      "WHERE id = ?1 AND phones < ?2");
    store_query_bind_text(&query, id);
    store_query_bind_number(&query, AP_INVITATION_PHONES_MAX);
    int err = store_query_run(&query);
    if (err || store_query_changes(db) > 0)
        return err;
    store_query_begin(&query, db, "SELECT 1 FROM invitation WHERE id = ?");
    store_query_bind_text(&query, id);
    err = store_query_end(&query, store_query_step(&query));
    return err ? err : AP_ERANGE;
}

int store_invitation_end_all(struct store_db *db, const char *user_id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM invitation WHERE user_id = ?"); /* sessions too */
    store_query_bind_text(&query, user_id);
    return store_query_run(&query);
}
