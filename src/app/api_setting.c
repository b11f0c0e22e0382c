/* Settings of all scopes. Secrets go in, never out. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/variable.h"

/* -- scopes ------------------------------------------------------------------------------------ */

/* "vendor" or "vendor/model", as the catalogue writes them. */
static int settle_catalogue_scope(struct api_call *call, enum store_scope scope, const char *name,
                                  const char **ret_id)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    size_t vendor_len = strcspn(name, "/");
    const char *vendor_name = arena_strndup(&call->arena, name, vendor_len);
    char shown[API_SHOWN_MAX];

    if (!vendor_name)
        return AP_ENOMEM;
    const struct catalogue_vendor *vendor = catalogue_vendor(catalogue, vendor_name);
    if (!vendor)
        return api_problem(call, AP_ENOENT, "/id", "there is no vendor '%s' in the catalogue",
                           api_shown(vendor_name, shown));
    if (scope == STORE_SCOPE_VENDOR) {
        *ret_id = vendor->name;
        return name[vendor_len] == '\0'
                   ? 0
                   : api_problem(call, AP_EINVAL, "/id", "a vendor's name has no '/'");
    }
    const struct catalogue_model *model =
        name[vendor_len] ? catalogue_model(vendor, name + vendor_len + 1) : NULL;
    if (!model)
        return api_problem(call, AP_ENOENT, "/id",
                           "there is no model '%s' in the catalogue: give VENDOR/MODEL",
                           api_shown(name, shown));
    *ret_id = api_text(call, "%s/%s", vendor->name, model->name);
    return *ret_id ? 0 : AP_ENOMEM;
}

static int settle_row_scope(struct api_call *call, struct store_db *db, enum store_scope scope,
                            const char *name, const char **ret_id)
{
    struct store_site site;
    struct store_user user;
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];
    char shown[API_SHOWN_MAX];
    int err;

    if (scope == STORE_SCOPE_SITE) {
        err = store_site_get(db, &call->arena, name, &site);
        if (!err && !api_scope_has_site(call, site.id))
            err = AP_ENOENT;
        *ret_id = err ? NULL : site.id;
    } else if (scope == STORE_SCOPE_USER) {
        err = store_user_get(db, &call->arena, name, &user);
        if (!err && !api_scope_has_site(call, user.site_id))
            err = AP_ENOENT;
        *ret_id = err ? NULL : user.id;
    } else {
        err = api_parse_mac(call, name, "/id", mac);
        if (err)
            return err;
        err = store_phone_get(db, &call->arena, mac, &phone);
        if (!err)
            err = api_scope_has_user(call, db, phone.user_name);
        *ret_id = err ? NULL : phone.id;
    }
    if (err == AP_ENOENT)
        return api_problem(call, err, "/id", "there is no %s '%s'", store_scope_name(scope),
                           api_shown(name, shown));
    return err;
}

/* What a vendor or model that has left the catalogue leaves behind can be seen and taken back. */
static bool is_set_there(struct api_call *call, struct store_db *db, enum store_scope scope,
                         const char *id)
{
    const struct store_setting_filter filter = {.scope = scope, .scope_id = id, .limit = 1};
    struct store_setting *settings;
    size_t count = 0;

    return store_setting_list(db, &call->arena, &filter, &settings, &count) == 0 && count > 0;
}

static int parse_scope(struct api_call *call, const char *name, enum store_scope *ret_scope)
{
    if (store_scope_parse(name, ret_scope) != 0)
        return api_problem(call, AP_EINVAL, "/scope",
                           "scope must be global, vendor, model, site, user or phone");
    return api_scope_check_setting(call, *ret_scope);
}

/* What an admin calls a scope, as it stands in the table. */
static int settle_scope(struct api_call *call, struct store_db *db, const char *scope_name,
                        const char *name, enum store_scope *ret_scope, const char **ret_id)
{
    bool to_set = call->route->method == GATE_PUT;
    int err = parse_scope(call, scope_name, ret_scope);

    if (err)
        return err;
    if (*ret_scope == STORE_SCOPE_GLOBAL) {
        *ret_id = "";
        return name[0] == '\0' ? 0
                               : api_problem(call, AP_EINVAL, "/id", "the global scope has no id");
    }
    if (name[0] == '\0')
        return api_problem(call, AP_EINVAL, "/id", "which %s? The scope needs an id", scope_name);
    if (*ret_scope != STORE_SCOPE_VENDOR && *ret_scope != STORE_SCOPE_MODEL)
        return settle_row_scope(call, db, *ret_scope, name, ret_id);
    *ret_id = name;
    return !to_set && is_set_there(call, db, *ret_scope, name)
               ? 0
               : settle_catalogue_scope(call, *ret_scope, name, ret_id);
}

/* -- one setting ------------------------------------------------------------------------------- */

static bool is_raw(const char *name)
{
    return strncmp(name, VARIABLE_RAW_PREFIX, strlen(VARIABLE_RAW_PREFIX)) == 0;
}

/* Raw names belong to a vendor's files: a scope that spans vendors has none. */
static int check_raw(struct api_call *call, struct store_setting *setting)
{
    if (setting->scope != STORE_SCOPE_VENDOR && setting->scope != STORE_SCOPE_MODEL &&
        setting->scope != STORE_SCOPE_PHONE)
        return api_problem(call, AP_EINVAL, "/scope",
                           "raw settings belong to a vendor's files: set them for a vendor, a "
                           "model or a phone");
    static const struct dialect ANY = {.escape = DIALECT_ESCAPE_XML};
    size_t len = strlen(setting->value);
    if (len > AP_SETTING_MAX_BYTES ||
        dialect_check(&ANY, DIALECT_USE_VALUE, setting->value, len, NULL) != 0)
        return api_problem(call, AP_EINVAL, "/value",
                           "value: UTF-8 without control characters, %d bytes at most",
                           AP_SETTING_MAX_BYTES);
    setting->secret = variable_raw_is_secret(setting->name + strlen(VARIABLE_RAW_PREFIX));
    return 0;
}

static int unknown_setting(struct api_call *call, const char *name)
{
    const struct variable *variable;
    const char *known = "";
    char shown[API_SHOWN_MAX];

    for (size_t i = 0; known && (variable = variable_setting_at(i)); i++)
        known = api_text(call, "%s%s%s", known, i > 0 ? ", " : "", variable->name);
    return api_problem(call, AP_EINVAL, "/name",
                       "there is no setting '%s'; there are: %s, and raw.NAME for what a vendor's "
                       "file takes besides",
                       api_shown(name, shown), known ? known : "");
}

static int check_value(struct api_call *call, struct store_setting *setting)
{
    size_t index;
    struct ap_error why = {{0}};

    if (is_raw(setting->name))
        return check_raw(call, setting);
    if (variable_setting_find(setting->name, &index) != 0)
        return unknown_setting(call, setting->name);
    const struct variable *variable = variable_setting_at(index);
    setting->secret = variable->secret;
    int err = variable_check(variable, call->snapshot->rendering->catalogue, setting->value, &why);
    return err ? api_problem(call, err, "/value", "%s: %s", setting->name, why.text) : 0;
}

static json_t *setting_json(const struct store_setting *setting, const char *id)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:b}", "scope", store_scope_name(setting->scope), "id",
                     id, "name", setting->name, "value", setting->secret ? NULL : setting->value,
                     "secret", (int)setting->secret);
}

static int check_raw_name(const struct catalogue_vendor *vendor, const void *object,
                          struct ap_error *error)
{
    const struct store_setting *setting = object;

    return variable_check_raw(&vendor->dialect, setting->name + strlen(VARIABLE_RAW_PREFIX), error);
}

/* Can all files that the setting comes into carry its name and its value? */
static int check_files(struct api_call *call, struct store_db *db,
                       const struct store_setting *setting)
{
    struct api_check check = {.run = check_raw_name,
                              .object = setting,
                              .scope = setting->scope,
                              .id = setting->scope_id,
                              .pointer = "/name"};
    int err = is_raw(setting->name) ? api_check_vendors(call, db, &check) : 0;

    check.run = api_check_setting;
    check.pointer = "/value";
    return err ? err : api_check_vendors(call, db, &check);
}

int api_setting_set(struct api_call *call, struct store_db *db)
{
    struct store_setting setting = {.name = ""};
    const char *scope = "";
    const char *id = "";
    const struct api_field fields[] = {
        {.name = "scope", .type = API_FIELD_NAME, .required = true, .target = &scope},
        {.name = "id", .type = API_FIELD_RAW, .may_be_empty = true, .target = &id},
        {.name = "name", .type = API_FIELD_RAW, .required = true, .target = &setting.name},
        {.name = "value", .type = API_FIELD_RAW, .required = true, .target = &setting.value},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = settle_scope(call, db, scope, id, &setting.scope, &setting.scope_id);
    if (!err && strlen(setting.name) > AP_NAME_MAX_BYTES)
        err = api_problem(call, AP_ERANGE, "/name", "a setting's name has %d bytes at most",
                          AP_NAME_MAX_BYTES);
    if (!err)
        err = check_value(call, &setting);
    if (!err)
        err = check_files(call, db, &setting);
    if (!err)
        err = store_setting_set(db, &setting);
    if (!err)
        err = api_audit(call, db, api_text(call, "setting=%s", api_object_name(call, setting.name)),
                        api_text(call, "scope=%s id=%s", scope, setting.scope_id));
    return err ? err : api_result(call, 200, setting_json(&setting, id));
}

int api_setting_unset(struct api_call *call, struct store_db *db)
{
    const char *scope_name = api_query(call, "scope");
    const char *id = api_query(call, "id");
    const char *name = api_query(call, "name");
    const char *scope_id = "";
    enum store_scope scope;
    char shown[API_SHOWN_MAX];

    if (!scope_name || !name)
        return api_problem(call, AP_EINVAL, NULL, "give scope and name, and id unless global");
    id = id ? id : "";
    int err = settle_scope(call, db, scope_name, id, &scope, &scope_id);
    if (!err)
        err = store_setting_unset(db, scope, scope_id, name);
    if (err == AP_ENOENT && call->problem.text[0] == '\0')
        err = api_problem(call, err, NULL, "'%s' is not set there", api_shown(name, shown));
    if (!err)
        err = api_audit(call, db, api_text(call, "setting=%s", api_object_name(call, name)),
                        api_text(call, "scope=%s id=%s", scope_name, scope_id));
    return err ? err
               : api_result(
                     call, 200,
                     json_pack("{s:s, s:s, s:s}", "scope", scope_name, "id", id, "name", name));
}

/* -- lists ------------------------------------------------------------------------------------- */

/* Row ids say nothing to people: their names do. */
static const char *scope_label(struct api_call *call, struct store_db *db,
                               const struct store_setting *setting)
{
    struct store_site site;
    struct store_user user;
    const char *mac;

    switch (setting->scope) {
    case STORE_SCOPE_SITE:
        return store_site_get(db, &call->arena, setting->scope_id, &site) == 0 ? site.name
                                                                               : setting->scope_id;
    case STORE_SCOPE_USER:
        return store_user_get(db, &call->arena, setting->scope_id, &user) == 0 ? user.name
                                                                               : setting->scope_id;
    case STORE_SCOPE_PHONE:
        return store_phone_mac_of(db, &call->arena, setting->scope_id, &mac) == 0
                   ? mac
                   : setting->scope_id;
    default:
        return setting->scope_id;
    }
}

/* The cursor: "scope/scope_id/name" of the last row, whose ids hold no '/' but a model's one. */
static int read_cursor(struct api_call *call, const char *after, struct store_setting *ret_row)
{
    const char *slash = strchr(after, '/');
    const char *name = strrchr(after, '/');

    if (!slash || name == slash)
        return api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    const char *scope = arena_strndup(&call->arena, after, (size_t)(slash - after));
    ret_row->scope_id = arena_strndup(&call->arena, slash + 1, (size_t)(name - slash - 1));
    ret_row->name = name + 1;
    if (!scope || !ret_row->scope_id)
        return AP_ENOMEM;
    if (store_scope_parse(scope, &ret_row->scope) != 0)
        return api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    return 0;
}

int api_setting_list(struct api_call *call, struct store_db *db)
{
    const char *scope_name = api_query(call, "scope");
    const char *id = api_query(call, "id");
    const char *after;
    struct store_setting_filter filter = {.scope = STORE_SCOPE_COUNT, .site_id = call->site_id};
    struct store_setting cursor, *settings = NULL;
    size_t count = 0;
    json_t *items;
    int err = api_query_page(call, &filter.limit, &after);

    if (!err && after[0]) {
        err = read_cursor(call, after, &cursor);
        filter.after = &cursor;
    }
    if (!err && scope_name && id)
        err = settle_scope(call, db, scope_name, id, &filter.scope, &filter.scope_id);
    else if (!err && id)
        err = api_problem(call, AP_EINVAL, NULL, "an id needs its scope: give both");
    else if (!err && scope_name)
        err = parse_scope(call, scope_name, &filter.scope);
    if (!err)
        err = store_setting_list(db, &call->arena, &filter, &settings, &count);
    if (err)
        return err;
    items = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = setting_json(&settings[i], scope_label(call, db, &settings[i]));
        if (json_array_append_new(items, item) != 0) {
            json_decref(items);
            return AP_ENOMEM;
        }
    }
    const struct store_setting *last = count == filter.limit ? &settings[count - 1] : NULL;
    return api_page_result(
        call, items,
        last ? api_text(call, "%s/%s/%s", store_scope_name(last->scope), last->scope_id, last->name)
             : NULL);
}

static int add_held(json_t *items, const char *name, const char *value, const char *from,
                    bool secret)
{
    return json_array_append_new(items, json_pack("{s:s, s:s?, s:s, s:b}", "name", name, "value",
                                                  value && secret ? "********" : value, "from",
                                                  from, "secret", (int)secret)) == 0
               ? 0
               : AP_ENOMEM;
}

/* Does a narrower scope set the same name? */
static bool is_overruled(const struct store_phone *phone, const struct store_setting *setting)
{
    for (size_t i = 0; i < phone->setting_count; i++) {
        const struct store_setting *other = &phone->settings[i];
        if (other->scope > setting->scope && strcmp(other->name, setting->name) == 0)
            return true;
    }
    return false;
}

/* What holds for one phone, and where it comes from: `phone show --effective`. */
int api_phone_settings(struct api_call *call, struct store_db *db)
{
    struct variable_value values[VARIABLE_SETTING_COUNT];
    struct store_phone phone;
    json_t *items = json_array();
    int err = api_get_whole_phone(call, db, &phone);

    if (!err)
        variable_resolve(phone.settings, phone.setting_count, values);
    for (size_t i = 0; !err && i < VARIABLE_SETTING_COUNT; i++) {
        const struct variable *variable = variable_setting_at(i);
        const struct variable_value *value = &values[i];
        const char *from = !value->value       ? "nowhere"
                           : value->is_default ? "default"
                                               : store_scope_name(value->scope);
        err = add_held(items, variable->name, value->value, from, variable->secret);
    }
    for (size_t i = 0; !err && i < phone.setting_count; i++) {
        const struct store_setting *setting = &phone.settings[i];
        if (is_raw(setting->name) && !is_overruled(&phone, setting))
            err = add_held(items, setting->name, setting->value, store_scope_name(setting->scope),
                           setting->secret);
    }
    if (err) {
        json_decref(items);
        return err;
    }
    return api_result(call, 200, json_pack("{s:o}", "items", items));
}
