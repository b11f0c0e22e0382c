/* Settings of all scopes, secrets sealed. Must not know what a name means. */
#include <stdio.h>

#include "autoprov/limits.h"
#include "store_private.h"

#define SEALED_COLUMN "value_sealed"
/* "phone/UUID/name": the row id that a sealed value is bound to. */
#define ROW_ID_MAX (16 + STORE_SCOPE_ID_MAX + AP_NAME_MAX_BYTES + 2)

static const char *const scope_names[STORE_SCOPE_COUNT] = {
    [STORE_SCOPE_GLOBAL] = "global", [STORE_SCOPE_VENDOR] = "vendor", [STORE_SCOPE_MODEL] = "model",
    [STORE_SCOPE_SITE] = "site",     [STORE_SCOPE_USER] = "user",     [STORE_SCOPE_PHONE] = "phone",
};

const char *store_scope_name(enum store_scope scope)
{
    return (int)scope >= 0 && scope < STORE_SCOPE_COUNT ? scope_names[scope] : "unknown";
}

int store_scope_parse(const char *name, enum store_scope *ret_scope)
{
    for (size_t i = 0; i < STORE_SCOPE_COUNT; i++) {
        if (strcmp(scope_names[i], name) == 0) {
            *ret_scope = (enum store_scope)i;
            return 0;
        }
    }
    return AP_ENOENT;
}

static void format_row_id(char text[static ROW_ID_MAX], enum store_scope scope,
                          const char *scope_id, const char *name)
{
    (void)snprintf(text, ROW_ID_MAX, "%s/%s/%s", /* each has its maximum in the schema */
                   scope_names[scope], scope_id, name);
}

/* -- changes ----------------------------------------------------------------------------------- */

static int check_owner(struct store_db *db, const struct store_setting *setting)
{
    struct store_query query;

    switch (setting->scope) {
    case STORE_SCOPE_SITE:
        store_query_begin(&query, db, "SELECT 1 FROM site WHERE id = ?");
        break;
    case STORE_SCOPE_USER:
        store_query_begin(&query, db, "SELECT 1 FROM user WHERE id = ?");
        break;
    case STORE_SCOPE_PHONE:
        store_query_begin(&query, db, "SELECT 1 FROM phone WHERE id = ?");
        break;
    default:
        return 0;
    }
    store_query_bind_text(&query, setting->scope_id);
    return store_query_end(&query, store_query_step(&query));
}

static int put_setting(struct store_db *db, const struct store_setting *setting,
                       const uint8_t *sealed, size_t sealed_len)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO setting (scope, scope_id, name, value, value_sealed) "
                      "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (scope, scope_id, name) "
                      "DO UPDATE SET value = ?4, value_sealed = ?5, version = version + 1");
    store_query_bind_text(&query, scope_names[setting->scope]);
    store_query_bind_text(&query, setting->scope_id);
    store_query_bind_text(&query, setting->name);
    store_query_bind_text(&query, setting->secret ? NULL : setting->value);
    store_query_bind_blob(&query, setting->secret ? sealed : NULL, sealed_len);
    return store_query_run(&query);
}

int store_setting_set(struct store_db *db, const struct store_setting *setting)
{
    uint8_t sealed[AP_SETTING_MAX_BYTES + VAULT_SEAL_OVERHEAD];
    char row_id[ROW_ID_MAX];
    size_t len = strlen(setting->value);
    size_t sealed_len = 0;

    if (len > AP_SETTING_MAX_BYTES || strlen(setting->scope_id) >= STORE_SCOPE_ID_MAX ||
        strlen(setting->name) > AP_NAME_MAX_BYTES)
        return AP_EINVAL;
    int err = store_change_begin(db);
    if (err)
        return err;
    err = check_owner(db, setting);
    if (!err && setting->secret) {
        format_row_id(row_id, setting->scope, setting->scope_id, setting->name);
        const struct vault_place place = {"setting", row_id, SEALED_COLUMN};
        err = vault_seal(db->vault, &place, setting->value, len, sealed);
        sealed_len = len + VAULT_SEAL_OVERHEAD;
    }
    if (!err)
        err = put_setting(db, setting, sealed, sealed_len);
    if (!err && setting->scope == STORE_SCOPE_PHONE)
        err = store_phone_touch(db, setting->scope_id);
    return store_change_end(db, err);
}

int store_setting_unset(struct store_db *db, enum store_scope scope, const char *scope_id,
                        const char *name)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "DELETE FROM setting WHERE scope = ? AND scope_id = ? AND name = ?");
    store_query_bind_text(&query, scope_names[scope]);
    store_query_bind_text(&query, scope_id);
    store_query_bind_text(&query, name);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    if (!err && scope == STORE_SCOPE_PHONE)
        err = store_phone_touch(db, scope_id);
    return store_change_end(db, err);
}

int store_setting_forget(struct store_db *db, enum store_scope scope, const char *owner_id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM setting WHERE scope = ? AND scope_id = ?");
    store_query_bind_text(&query, scope_names[scope]);
    store_query_bind_text(&query, owner_id);
    int err = store_query_run(&query);
    if (err || scope != STORE_SCOPE_USER)
        return err;
    store_query_begin(&query, db,
                      "DELETE FROM setting WHERE scope = 'phone' AND scope_id IN "
                      "(SELECT id FROM phone WHERE user_id = ?)");
    store_query_bind_text(&query, owner_id);
    return store_query_run(&query);
}

/* -- reads ------------------------------------------------------------------------------------- */

/* How a read deals with a secret. */
enum secrets { SECRETS_HIDDEN, SECRETS_OPENED };

/* The columns rank, scope_id, name, value, value_sealed, version. */
static void read_setting(struct store_query *query, struct arena *arena, enum secrets secrets,
                         struct store_setting *ret_setting)
{
    struct store_setting *setting = ret_setting;
    char row_id[ROW_ID_MAX];
    size_t len;

    setting->scope = (enum store_scope)store_query_column_number(query);
    setting->scope_id = store_query_column_text(query, arena);
    setting->name = store_query_column_text(query, arena);
    setting->value = store_query_column_text(query, arena);
    setting->secret = setting->value == NULL;
    if (query->err)
        return;
    if (setting->secret && secrets == SECRETS_OPENED) {
        format_row_id(row_id, setting->scope, setting->scope_id, setting->name);
        const struct vault_place place = {"setting", row_id, SEALED_COLUMN};
        setting->value = store_query_column_sealed(query, &place, arena, &len);
    } else {
        (void)store_query_column_blob(query, &len); /* the column is left out */
    }
    setting->version = (uint64_t)store_query_column_number(query);
}

static void read_opened(struct store_query *query, struct arena *arena, void *item)
{
    read_setting(query, arena, SECRETS_OPENED, item);
}

static void read_hidden(struct store_query *query, struct arena *arena, void *item)
{
    read_setting(query, arena, SECRETS_HIDDEN, item);
}

/* The rest of a begun query, which it ends. */
static int read_settings(struct store_query *query, struct arena *arena, enum secrets secrets,
                         struct store_setting **ret_settings, size_t *ret_count)
{
    struct store_rows rows;

    int err = store_query_rows(query, arena, sizeof(struct store_setting),
                               secrets == SECRETS_OPENED ? read_opened : read_hidden, &rows);
    if (err)
        return err;
    *ret_settings = rows.items;
    *ret_count = rows.count;
    return 0;
}

#define COLUMNS ", scope_id, name, value, value_sealed, version "

/* A miss asks too, with empty ids. */
int store_setting_of_site(struct store_db *db, struct arena *arena, const char *site_id,
                          struct store_phone *phone)
{
    struct store_query query;
    char model[STORE_SCOPE_ID_MAX];

    (void)snprintf(model, sizeof(model), "%s/%s", /* 64 bytes each in the schema */
                   phone->vendor ? phone->vendor : "", phone->model ? phone->model : "");
    store_query_begin(
        &query, db,
        "SELECT 0" COLUMNS "FROM setting WHERE scope = 'global' AND scope_id = '' UNION ALL "
        "SELECT 1" COLUMNS "FROM setting WHERE scope = 'vendor' AND scope_id = ?1 UNION ALL "
        "SELECT 2" COLUMNS "FROM setting WHERE scope = 'model' AND scope_id = ?2 UNION ALL "
        "SELECT 3" COLUMNS "FROM setting WHERE scope = 'site' AND scope_id = "
        "coalesce(?5, (SELECT site_id FROM user WHERE id = ?3)) UNION ALL "
        "SELECT 4" COLUMNS "FROM setting WHERE scope = 'user' AND scope_id = ?3 UNION ALL "
        "SELECT 5" COLUMNS "FROM setting WHERE scope = 'phone' AND scope_id = ?4");
    store_query_bind_text(&query, phone->vendor ? phone->vendor : "");
    store_query_bind_text(&query, model);
    store_query_bind_text(&query, phone->user_id ? phone->user_id : "");
    store_query_bind_text(&query, phone->id ? phone->id : "");
    store_query_bind_text(&query, site_id);
    return read_settings(&query, arena, SECRETS_OPENED, &phone->settings, &phone->setting_count);
}

int store_setting_of_phone(struct store_db *db, struct arena *arena, struct store_phone *phone)
{
    return store_setting_of_site(db, arena, NULL, phone);
}

int store_setting_common(struct store_db *db, struct arena *arena, const char *vendor,
                         const char *model, struct store_setting **ret_settings, size_t *ret_count)
{
    struct store_query query;
    char model_id[STORE_SCOPE_ID_MAX];
    bool opened = false;

    if ((size_t)snprintf(model_id, sizeof(model_id), "%s/%s", vendor, model) >= sizeof(model_id))
        return AP_EINVAL;
    int err = store_read_join(db, &opened);
    if (err)
        return err;
    store_query_begin(
        &query, db,
        "SELECT 0" COLUMNS "FROM setting WHERE scope = 'global' AND scope_id = '' AND value IS NOT "
        "NULL UNION ALL "
        "SELECT 1" COLUMNS "FROM setting WHERE scope = 'vendor' AND scope_id = ?1 AND value IS NOT "
        "NULL UNION ALL "
        "SELECT 2" COLUMNS "FROM setting WHERE scope = 'model' AND scope_id = ?2 AND value IS NOT "
        "NULL");
    store_query_bind_text(&query, vendor);
    store_query_bind_text(&query, model_id);
    err = read_settings(&query, arena, SECRETS_HIDDEN, ret_settings, ret_count);
    store_read_leave(db, opened);
    return err;
}

#define RANK                                                                                       \
    "CASE scope WHEN 'global' THEN 0 WHEN 'vendor' THEN 1 WHEN 'model' THEN 2 WHEN 'site' THEN 3 " \
    "WHEN 'user' THEN 4 ELSE 5 END"

#define OF_SITE                                                                                    \
    "CASE scope WHEN 'site' THEN scope_id = ?7 "                                                   \
    "WHEN 'user' THEN EXISTS (SELECT 1 FROM user WHERE id = scope_id AND site_id = ?7) "           \
    "WHEN 'phone' THEN EXISTS (SELECT 1 FROM phone p JOIN user u ON u.id = p.user_id "             \
    "WHERE p.id = scope_id AND u.site_id = ?7) ELSE 0 END"

int store_setting_list(struct store_db *db, struct arena *arena,
                       const struct store_setting_filter *filter,
                       struct store_setting **ret_settings, size_t *ret_count)
{
    const struct store_setting *after = filter->after;
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT " RANK COLUMNS "FROM setting WHERE scope <> 'daemon' "
                      "AND (?1 IS NULL OR scope = ?1) AND (?2 IS NULL OR scope_id = ?2) "
                      "AND (" RANK ", scope_id, name) > (?3, ?4, ?5) "
                      "AND (?7 IS NULL OR " OF_SITE ") "
                      "ORDER BY 1, scope_id, name LIMIT ?6");
    store_query_bind_text(&query,
                          filter->scope == STORE_SCOPE_COUNT ? NULL : scope_names[filter->scope]);
    store_query_bind_text(&query, filter->scope_id);
    store_query_bind_number(&query, after ? (int64_t)after->scope : -1);
    store_query_bind_text(&query, after ? after->scope_id : "");
    store_query_bind_text(&query, after ? after->name : "");
    store_query_bind_number(&query, filter->limit);
    store_query_bind_text(&query, filter->site_id);
    return read_settings(&query, arena, SECRETS_HIDDEN, ret_settings, ret_count);
}

int store_setting_vendors(struct store_db *db, struct arena *arena, enum store_scope scope,
                          const char *id, const char *const **ret_vendors, size_t *ret_count)
{
    struct store_query query;

    switch (scope) {
    case STORE_SCOPE_GLOBAL:
        store_query_begin(&query, db, "SELECT DISTINCT vendor FROM phone ORDER BY 1");
        return store_query_texts(&query, arena, ret_vendors, ret_count);
    case STORE_SCOPE_COUNT:
        store_query_begin(&query, db,
                          "SELECT DISTINCT p.vendor FROM line l JOIN phone p ON p.id = l.phone_id "
                          "WHERE l.account_id = ? ORDER BY 1");
        break;
    case STORE_SCOPE_SITE:
        store_query_begin(&query, db,
                          "SELECT DISTINCT p.vendor FROM user u JOIN phone p ON p.user_id = u.id "
                          "WHERE u.site_id = ? ORDER BY 1");
        break;
    case STORE_SCOPE_USER:
        store_query_begin(&query, db,
                          "SELECT DISTINCT vendor FROM phone WHERE user_id = ? ORDER BY 1");
        break;
    case STORE_SCOPE_PHONE:
        store_query_begin(&query, db, "SELECT vendor FROM phone WHERE id = ?");
        break;
    default:
        return AP_EINVAL;
    }
    store_query_bind_text(&query, id);
    return store_query_texts(&query, arena, ret_vendors, ret_count);
}
