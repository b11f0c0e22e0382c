/* Sites: groups of users. Must not know what their settings mean. */
#include "store_private.h"

#define SITE_COLUMNS                                                                               \
    "s.id, s.name, s.external_id, s.created_at, s.version, "                                       \
    "(SELECT count(*) FROM user u WHERE u.site_id = s.id AND " STORE_VISIBLE("u") ")"

int store_site_add(struct store_db *db, const struct store_site *site,
                   char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    int err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO site (id, name, external_id, created_at) VALUES (?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, site->name);
    store_query_bind_text(&query, site->external_id);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    err = store_change_end(db, store_query_run(&query));
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_site(struct store_query *query, struct arena *arena, struct store_site *ret_site)
{
    ret_site->id = store_query_column_text(query, arena);
    ret_site->name = store_query_column_text(query, arena);
    ret_site->external_id = store_query_column_text(query, arena);
    ret_site->created_at = store_query_column_number(query);
    ret_site->version = (uint64_t)store_query_column_number(query);
    ret_site->user_count = (uint64_t)store_query_column_number(query);
}

int store_site_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                   struct store_site *ret_site)
{
    struct store_site site = {0};
    struct store_query query;

    /* A name may look like another site's id: the name wins. */
    store_query_begin(&query, db,
                      "SELECT " SITE_COLUMNS " FROM site s WHERE s.name = ?1 OR s.id = ?1 "
                      "ORDER BY s.name = ?1 DESC LIMIT 1");
    store_query_bind_text(&query, name_or_id);
    int err = store_query_step(&query);
    if (!err)
        read_site(&query, arena, &site);
    err = store_query_end(&query, err);
    if (!err)
        *ret_site = site;
    return err;
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    read_site(query, arena, item);
}

int store_site_list(struct store_db *db, struct arena *arena, const char *after, uint32_t limit,
                    struct store_site **ret_sites, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " SITE_COLUMNS " FROM site s WHERE s.name > ?1 "
                      "ORDER BY s.name LIMIT ?2");
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_site), read_row, &rows);
    if (err)
        return err;
    *ret_sites = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_site_set(struct store_db *db, const struct store_site *site, uint64_t if_version)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = store_change_check_version(db, "SELECT version FROM site WHERE id = ?", site->id,
                                     if_version);
    if (err)
        return store_change_end(db, err);
    store_query_begin(&query, db,
                      "UPDATE site SET name = ?, external_id = ?, version = version + 1 "
                      "WHERE id = ?");
    store_query_bind_text(&query, site->name);
    store_query_bind_text(&query, site->external_id);
    store_query_bind_text(&query, site->id);
    return store_change_end(db, store_query_run(&query));
}

int store_site_del(struct store_db *db, const char *site_id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = store_setting_forget(db, STORE_SCOPE_SITE, site_id);
    if (err)
        return store_change_end(db, err);
    store_query_begin(&query, db, "DELETE FROM site WHERE id = ?");
    store_query_bind_text(&query, site_id);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}
