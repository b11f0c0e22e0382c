/* Templates that admins stored. Must not know what is in them. */
#include "autoprov/store_template.h"

#include "autoprov/limits.h"
#include "store_private.h"

#define COLUMNS "id, name, text, changed_at, version "

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    struct store_template *template = item;

    template->id = store_query_column_text(query, arena);
    template->name = store_query_column_text(query, arena);
    template->text = store_query_column_text(query, arena);
    template->changed_at = store_query_column_number(query);
    template->version = (uint64_t)store_query_column_number(query);
}

int store_template_list(struct store_db *db, struct arena *arena,
                        struct store_template **ret_templates, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db, "SELECT " COLUMNS "FROM template ORDER BY name");
    int err = store_query_rows(&query, arena, sizeof(struct store_template), read_row, &rows);
    if (err)
        return err;
    *ret_templates = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_template_get(struct store_db *db, struct arena *arena, const char *name,
                       struct store_template *ret_template)
{
    struct store_template template = {.id = NULL};
    struct store_query query;

    store_query_begin(&query, db, "SELECT " COLUMNS "FROM template WHERE name = ?");
    store_query_bind_text(&query, name);
    int err = store_query_step(&query);
    if (!err)
        read_row(&query, arena, &template);
    err = store_query_end(&query, err);
    if (!err)
        *ret_template = template;
    return err;
}

/* Errors: AP_ERANGE there is no place for one more. */
static int check_count(struct store_db *db)
{
    struct store_query query;
    int64_t count = 0;

    store_query_begin(&query, db, "SELECT count(*) FROM template");
    int err = store_query_step(&query);
    if (!err)
        count = store_query_column_number(&query);
    err = store_query_end(&query, err);
    return !err && count > AP_TEMPLATES_STORED_MAX ? AP_ERANGE : err;
}

int store_template_put(struct store_db *db, const char *name, const char *text)
{
    char id[STORE_ID_TEXT_MAX];
    struct store_query query;
    int err = store_change_begin(db);

    if (err)
        return err;
    store_change_make_id(id);
    store_query_begin(&query, db,
                      "INSERT INTO template (id, name, text, changed_at) VALUES (?1, ?2, ?3, ?4) "
                      "ON CONFLICT (name) DO UPDATE SET text = ?3, changed_at = ?4, "
                      "version = version + 1");
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, name);
    store_query_bind_text(&query, text);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    err = store_query_run(&query);
    if (!err)
        err = check_count(db);
    return store_change_end(db, err);
}

int store_template_del(struct store_db *db, const char *name)
{
    struct store_query query;
    int err = store_change_begin(db);

    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM template WHERE name = ?");
    store_query_bind_text(&query, name);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}
