/* Keys of the admin API. Must not know what their roles allow. */
#include "autoprov/store_api_key.h"

#include "store_private.h"

#define PREFIX "apk_" /* tells people and scanners of leaked secrets what it is */
_Static_assert(sizeof(PREFIX) - 1 + STORE_TICKET_TEXT_MAX == STORE_API_KEY_TEXT_MAX, "both parts");

#define KEY_COLUMNS                                                                                \
    "k.id, k.name, k.role, k.site_id, (SELECT name FROM site WHERE id = k.site_id), k.networks, "  \
    "k.created_at, k.version"

int store_api_key_make(char ret_text[static STORE_API_KEY_TEXT_MAX])
{
    memcpy(ret_text, PREFIX, sizeof(PREFIX) - 1);
    return store_ticket_make(ret_text + sizeof(PREFIX) - 1);
}

int store_api_key_digest(const char *text, size_t len,
                         uint8_t ret_digest[static STORE_API_KEY_DIGEST_BYTES])
{
    return store_ticket_digest(text, len, ret_digest);
}

int store_api_key_add(struct store_db *db, const struct store_api_key *key,
                      const uint8_t digest[static STORE_API_KEY_DIGEST_BYTES],
                      char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_query query;
    char id[STORE_ID_TEXT_MAX];

    int err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO api_key (id, name, role, site_id, networks, digest, created_at) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, key->name);
    store_query_bind_text(&query, key->role);
    store_query_bind_text(&query, key->site_id);
    store_query_bind_text(&query, key->networks);
    store_query_bind_blob(&query, digest, STORE_API_KEY_DIGEST_BYTES);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    err = store_change_end(db, store_query_run(&query));
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

static void read_key(struct store_query *query, struct arena *arena, void *item)
{
    struct store_api_key *key = item;

    key->id = store_query_column_text(query, arena);
    key->name = store_query_column_text(query, arena);
    key->role = store_query_column_text(query, arena);
    key->site_id = store_query_column_text(query, arena);
    key->site_name = store_query_column_text(query, arena);
    key->networks = store_query_column_text(query, arena);
    key->created_at = store_query_column_number(query);
    key->version = (uint64_t)store_query_column_number(query);
}

static int read_one(struct store_query *query, struct arena *arena, struct store_api_key *ret_key)
{
    struct store_api_key key = {.id = NULL};
    int err = store_query_step(query);

    if (!err)
        read_key(query, arena, &key);
    err = store_query_end(query, err);
    if (!err)
        *ret_key = key;
    return err;
}

int store_api_key_find(struct store_db *db, struct arena *arena,
                       const uint8_t digest[static STORE_API_KEY_DIGEST_BYTES],
                       struct store_api_key *ret_key)
{
    struct store_query query;

    store_query_begin(&query, db, "SELECT " KEY_COLUMNS " FROM api_key k WHERE k.digest = ?");
    store_query_bind_blob(&query, digest, STORE_API_KEY_DIGEST_BYTES);
    return read_one(&query, arena, ret_key);
}

int store_api_key_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                      struct store_api_key *ret_key)
{
    struct store_query query;

    /* A name may look like another key's id: the name wins. */
    store_query_begin(&query, db,
                      "SELECT " KEY_COLUMNS " FROM api_key k WHERE k.name = ?1 OR k.id = ?1 "
                      "ORDER BY k.name = ?1 DESC LIMIT 1");
    store_query_bind_text(&query, name_or_id);
    return read_one(&query, arena, ret_key);
}

int store_api_key_list(struct store_db *db, struct arena *arena, const char *after, uint32_t limit,
                       struct store_api_key **ret_keys, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " KEY_COLUMNS " FROM api_key k WHERE k.name > ?1 "
                      "ORDER BY k.name LIMIT ?2");
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_api_key), read_key, &rows);
    if (err)
        return err;
    *ret_keys = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_api_key_del(struct store_db *db, const char *id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM api_key WHERE id = ?");
    store_query_bind_text(&query, id);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}
