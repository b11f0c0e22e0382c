/* Users. Must not know phones or accounts beyond their number. */
#include "store_private.h"

#define USER_COLUMNS                                                                               \
    "u.id, u.name, u.display_name, u.external_id, u.site_id, u.networks, "                         \
    "(SELECT name FROM site WHERE id = u.site_id), u.created_at, u.version, "                      \
    "(SELECT count(*) FROM account a WHERE a.user_id = u.id AND " STORE_VISIBLE(                   \
        "a") "), "                                                                                 \
             "(SELECT count(*) FROM phone p WHERE p.user_id = u.id AND " STORE_VISIBLE("p") ")"

int store_user_add(struct store_db *db, const struct store_user *user, const struct token *token,
                   char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    int err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO user (id, name, display_name, external_id, site_id, networks, "
                      "created_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, user->name);
    store_query_bind_text(&query, user->display_name);
    store_query_bind_text(&query, user->external_id);
    store_query_bind_text(&query, user->site_id);
    store_query_bind_text(&query, user->networks);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    err = store_query_run(&query);
    if (err == AP_ECONFLICT)
        err = AP_ENOENT; /* the site is what it refers to */
    if (!err)
        err = store_token_insert(db, id, token, 0);
    err = store_change_end(db, err);
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_user(struct store_query *query, struct arena *arena, struct store_user *ret_user)
{
    ret_user->id = store_query_column_text(query, arena);
    ret_user->name = store_query_column_text(query, arena);
    ret_user->display_name = store_query_column_text(query, arena);
    ret_user->external_id = store_query_column_text(query, arena);
    ret_user->site_id = store_query_column_text(query, arena);
    ret_user->networks = store_query_column_text(query, arena);
    ret_user->site_name = store_query_column_text(query, arena);
    ret_user->created_at = store_query_column_number(query);
    ret_user->version = (uint64_t)store_query_column_number(query);
    ret_user->account_count = (uint64_t)store_query_column_number(query);
    ret_user->phone_count = (uint64_t)store_query_column_number(query);
}

int store_user_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                   struct store_user *ret_user)
{
    struct store_user user = {0};
    struct store_query query;

    /* A name may look like another user's id: the name wins. */
    store_query_begin(&query, db,
                      "SELECT " USER_COLUMNS
                      " FROM user u WHERE (u.name = ?1 OR u.id = ?1) AND " STORE_VISIBLE(
                          "u") " "
                               "ORDER BY u.name = ?1 DESC LIMIT 1");
    store_query_bind_text(&query, name_or_id);
    int err = store_query_step(&query);
    if (!err)
        read_user(&query, arena, &user);
    err = store_query_end(&query, err);
    if (!err)
        *ret_user = user;
    return err;
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    read_user(query, arena, item);
}

#define LIST(by)                                                                                   \
    "SELECT " USER_COLUMNS " FROM user u WHERE " by                                                \
    " AND u.name > ?1 AND " STORE_VISIBLE("u") " "                                                 \
                                               "ORDER BY u.name LIMIT ?2"

int store_user_list(struct store_db *db, struct arena *arena, const char *site_id,
                    const char *after, uint32_t limit, struct store_user **ret_users,
                    size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db, site_id ? LIST("u.site_id = ?3") : LIST("true"));
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    if (site_id)
        store_query_bind_text(&query, site_id);
    int err = store_query_rows(&query, arena, sizeof(struct store_user), read_row, &rows);
    if (err)
        return err;
    *ret_users = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_user_set(struct store_db *db, const struct store_user *user, uint64_t if_version)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = store_change_check_version(db, "SELECT version FROM user WHERE id = ?", user->id,
                                     if_version);
    if (err)
        return store_change_end(db, err);
    store_query_begin(
        &query, db,
        "UPDATE user SET display_name = ?, external_id = ?, site_id = ?, networks = ?, "
        "version = version + 1 WHERE id = ?");
    store_query_bind_text(&query, user->display_name);
    store_query_bind_text(&query, user->external_id);
    store_query_bind_text(&query, user->site_id);
    store_query_bind_text(&query, user->networks);
    store_query_bind_text(&query, user->id);
    err = store_query_run(&query);
    return store_change_end(db, err == AP_ECONFLICT ? AP_ENOENT : err); /* no such site */
}

int store_user_del(struct store_db *db, const char *user_id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = store_setting_forget(db, STORE_SCOPE_USER, user_id);
    if (err)
        return store_change_end(db, err);
    /* Tokens, accounts, phones and what hangs on them go along (ON DELETE CASCADE). */
    store_query_begin(&query, db, "DELETE FROM user WHERE id = ?");
    store_query_bind_text(&query, user_id);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}
