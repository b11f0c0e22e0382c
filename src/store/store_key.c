/* Keys of phones and of users. Must not know what a type means. */
#include "autoprov/limits.h"
#include "store_private.h"

/* A phone's keys are a part of it; a user's are not one of each phone. */
static int touch(struct store_db *db, enum store_key_owner owner, const char *owner_id)
{
    return owner == STORE_KEY_PHONE ? store_phone_touch(db, owner_id) : 0;
}

static int put_key(struct store_db *db, enum store_key_owner owner, const char *owner_id,
                   const struct store_key *key)
{
    struct store_query query;

    if (owner == STORE_KEY_PHONE)
        store_query_begin(
            &query, db,
            "INSERT INTO \"key\" (phone_id, position, type, value, label, line_position) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (phone_id, position) DO UPDATE "
            "SET type = ?3, value = ?4, label = ?5, line_position = ?6, version = version + 1");
    else
        store_query_begin(
            &query, db,
            "INSERT INTO user_key (user_id, position, type, value, label, line_position) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (user_id, position) DO UPDATE "
            "SET type = ?3, value = ?4, label = ?5, line_position = ?6, version = version + 1");
    store_query_bind_text(&query, owner_id);
    store_query_bind_number(&query, key->position);
    store_query_bind_text(&query, key->type);
    store_query_bind_text(&query, key->value);
    store_query_bind_text(&query, key->label);
    store_query_bind_number(&query, key->line);
    int err = store_query_run(&query);
    return err == AP_ECONFLICT ? AP_ENOENT : err; /* the owner is what it refers to */
}

int store_key_set(struct store_db *db, enum store_key_owner owner, const char *owner_id,
                  const struct store_key *key)
{
    int err = store_change_begin(db);

    if (err)
        return err;
    err = put_key(db, owner, owner_id, key);
    if (!err)
        err = touch(db, owner, owner_id);
    return store_change_end(db, err);
}

int store_key_replace(struct store_db *db, const char *phone_id, const struct store_key *keys,
                      size_t count)
{
    struct store_query query;
    int err = store_change_begin(db);

    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM \"key\" WHERE phone_id = ?");
    store_query_bind_text(&query, phone_id);
    err = store_query_run(&query);
    for (size_t i = 0; !err && i < count; i++)
        err = put_key(db, STORE_KEY_PHONE, phone_id, &keys[i]);
    if (!err)
        err = store_phone_touch(db, phone_id);
    return store_change_end(db, err);
}

int store_key_del(struct store_db *db, enum store_key_owner owner, const char *owner_id,
                  uint32_t position)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    if (owner == STORE_KEY_PHONE)
        store_query_begin(&query, db, "DELETE FROM \"key\" WHERE phone_id = ? AND position = ?");
    else
        store_query_begin(&query, db, "DELETE FROM user_key WHERE user_id = ? AND position = ?");
    store_query_bind_text(&query, owner_id);
    store_query_bind_number(&query, position);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    if (!err)
        err = touch(db, owner, owner_id);
    return store_change_end(db, err);
}

/* owner, position, type, value, label, line_position */
static void read_key(struct store_query *query, struct arena *arena, void *item)
{
    struct store_key *key = item;

    key->owner = (enum store_key_owner)store_query_column_number(query);
    key->position = (uint32_t)store_query_column_number(query);
    key->type = store_query_column_text(query, arena);
    key->value = store_query_column_text(query, arena);
    key->label = store_query_column_text(query, arena);
    key->line = (uint32_t)store_query_column_number(query);
}

/* The rest of a begun query, which it ends. */
static int read_keys(struct store_query *query, struct arena *arena, struct store_key **ret_keys,
                     size_t *ret_count)
{
    struct store_rows rows;

    int err = store_query_rows(query, arena, sizeof(struct store_key), read_key, &rows);
    if (err)
        return err;
    *ret_keys = rows.items;
    *ret_count = rows.count;
    return 0;
}

#define COLUMNS ", position, type, value, label, line_position "
_Static_assert(STORE_KEY_PHONE == 0 && STORE_KEY_USER == 1, "the owners are numbers in SQL here");

int store_key_list(struct store_db *db, struct arena *arena, enum store_key_owner owner,
                   const char *owner_id, struct store_key **ret_keys, size_t *ret_count)
{
    struct store_query query;

    if (owner == STORE_KEY_PHONE)
        store_query_begin(&query, db,
                          "SELECT 0" COLUMNS "FROM \"key\" WHERE phone_id = ? ORDER BY position");
    else
        store_query_begin(&query, db,
                          "SELECT 1" COLUMNS "FROM user_key WHERE user_id = ? ORDER BY position");
    store_query_bind_text(&query, owner_id);
    return read_keys(&query, arena, ret_keys, ret_count);
}

/* A miss asks too, with empty ids. */
int store_key_of_phone(struct store_db *db, struct arena *arena, struct store_phone *phone)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT 0" COLUMNS "FROM \"key\" WHERE phone_id = ?1 UNION ALL "
                      "SELECT 1" COLUMNS "FROM user_key WHERE user_id = ?2 AND position NOT IN "
                      "(SELECT position FROM \"key\" WHERE phone_id = ?1) ORDER BY position");
    store_query_bind_text(&query, phone->id ? phone->id : "");
    store_query_bind_text(&query, phone->user_id ? phone->user_id : "");
    return read_keys(&query, arena, &phone->keys, &phone->key_count);
}
