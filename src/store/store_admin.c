/* Admins of the portal. Must not know what their roles allow. */
#include "autoprov/store_admin.h"

#include "store_private.h"

#define ADMIN_COLUMNS "id, name, role, enabled, created_at, last_sign_in_at, version"

int store_admin_add(struct store_db *db, const struct store_admin *admin,
                    char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    int err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO admin (id, name, role, hash, enabled, created_at) "
                      "VALUES (?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, admin->name);
    store_query_bind_text(&query, admin->role);
    store_query_bind_text(&query, admin->hash);
    store_query_bind_number(&query, admin->enabled);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    err = store_change_end(db, store_query_run(&query));
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_admin(struct store_query *query, struct arena *arena, void *item)
{
    struct store_admin *admin = item;

    admin->id = store_query_column_text(query, arena);
    admin->name = store_query_column_text(query, arena);
    admin->role = store_query_column_text(query, arena);
    admin->enabled = store_query_column_number(query) != 0;
    admin->created_at = store_query_column_number(query);
    admin->last_sign_in_at = store_query_column_number(query);
    admin->version = (uint64_t)store_query_column_number(query);
}

int store_admin_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                    struct store_admin *ret_admin)
{
    struct store_admin admin = {.id = NULL};
    struct store_query query;

    /* A name may look like another admin's id: the name wins. */
    store_query_begin(&query, db,
                      "SELECT " ADMIN_COLUMNS ", hash FROM admin WHERE name = ?1 OR id = ?1 "
                      "ORDER BY name = ?1 DESC LIMIT 1");
    store_query_bind_text(&query, name_or_id);
    int err = store_query_step(&query);
    if (!err) {
        read_admin(&query, arena, &admin);
        admin.hash = store_query_column_text(&query, arena);
    }
    err = store_query_end(&query, err);
    if (!err)
        *ret_admin = admin;
    return err;
}

int store_admin_list(struct store_db *db, struct arena *arena, const char *after, uint32_t limit,
                     struct store_admin **ret_admins, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " ADMIN_COLUMNS " FROM admin WHERE name > ?1 ORDER BY name LIMIT ?2");
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_admin), read_admin, &rows);
    if (err)
        return err;
    *ret_admins = rows.items;
    *ret_count = rows.count;
    return 0;
}

/* Run a query of a change whose row must be there. */
static int change_row(struct store_db *db, struct store_query *query)
{
    int err = store_query_run(query);

    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}

int store_admin_set(struct store_db *db, const struct store_admin *admin)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "UPDATE admin SET role = ?, hash = ?, enabled = ?, version = version + 1 "
                      "WHERE id = ?");
    store_query_bind_text(&query, admin->role);
    store_query_bind_text(&query, admin->hash);
    store_query_bind_number(&query, admin->enabled);
    store_query_bind_text(&query, admin->id);
    return change_row(db, &query);
}

int store_admin_del(struct store_db *db, const char *id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM admin WHERE id = ?");
    store_query_bind_text(&query, id);
    return change_row(db, &query);
}

int store_admin_signed_in(struct store_db *db, const char *id)
{
    struct store_query query;

    store_query_begin(&query, db, "UPDATE admin SET last_sign_in_at = ?1 WHERE id = ?2");
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_text(&query, id);
    return store_query_run(&query);
}

int store_admin_counts(struct store_db *db, struct store_admin_counts *ret_counts)
{
    struct store_admin_counts counts = {0};
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT count(*), count(*) FILTER (WHERE enabled = 1 AND role = 'admin') "
                      "FROM admin");
    int err = store_query_step(&query);
    if (!err) {
        counts.all = (uint64_t)store_query_column_number(&query);
        counts.enabled_admins = (uint64_t)store_query_column_number(&query);
    }
    err = store_query_end(&query, err);
    if (!err)
        *ret_counts = counts;
    return err;
}

/* -- the first one ----------------------------------------------------------------------------- */

static int check_none(struct store_db *db)
{
    struct store_admin_counts counts = {0};
    int err = store_admin_counts(db, &counts);

    return !err && counts.all > 0 ? AP_ECONFLICT : err;
}

int store_admin_open_setup(struct store_db *db,
                           const uint8_t digest[static STORE_TICKET_DIGEST_BYTES], int64_t ends_at)
{
    struct store_query query;
    int err = check_none(db);

    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO meta (name, number, value) VALUES ('setup', ?1, ?2) "
                      "ON CONFLICT (name) DO UPDATE SET number = ?1, value = ?2, "
                      "version = version + 1");
    store_query_bind_number(&query, ends_at);
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    return store_query_run(&query);
}

int store_admin_check_setup(struct store_db *db,
                            const uint8_t digest[static STORE_TICKET_DIGEST_BYTES])
{
    struct store_query query;
    int err = check_none(db);

    if (err)
        return err;
    store_query_begin(&query, db,
                      "SELECT 1 FROM meta WHERE name = 'setup' AND value = ?1 AND number > ?2");
    store_query_bind_blob(&query, digest, STORE_TICKET_DIGEST_BYTES);
    store_query_bind_number(&query, store_now_s(db));
    return store_query_end(&query, store_query_step(&query));
}

int store_admin_use_setup(struct store_db *db,
                          const uint8_t digest[static STORE_TICKET_DIGEST_BYTES])
{
    struct store_query query;
    int err = store_admin_check_setup(db, digest);

    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM meta WHERE name = 'setup'");
    return store_query_run(&query);
}
