/* The custom options' JSON text as the admin stored it. Must not parse it. */
#include "store_private.h"

int store_options_get(struct store_db *db, struct arena *arena, const char **ret_json)
{
    struct store_query query;
    const char *json = NULL;

    store_query_begin(&query, db,
                      "SELECT value FROM setting "
                      "WHERE scope = 'daemon' AND scope_id = '' AND name = 'custom_options'");
    int err = store_query_step(&query);
    if (!err)
        json = store_query_column_text(&query, arena);
    err = store_query_end(&query, err);
    if (err)
        return err;
    if (!json)
        return AP_ECORRUPT;
    *ret_json = json;
    return 0;
}

int store_options_set(struct store_db *db, const char *json)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    if (json) {
        store_query_begin(&query, db,
                          "INSERT INTO setting (scope, scope_id, name, value) "
                          "VALUES ('daemon', '', 'custom_options', ?1) "
                          "ON CONFLICT (scope, scope_id, name) "
                          "DO UPDATE SET value = ?1, version = version + 1");
        store_query_bind_text(&query, json);
    } else {
        store_query_begin(&query, db,
                          "DELETE FROM setting "
                          "WHERE scope = 'daemon' AND scope_id = '' AND name = 'custom_options'");
    }
    return store_change_end(db, store_query_run(&query));
}
