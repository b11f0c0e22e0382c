/* Admins of the portal. */
#include <string.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"

static json_t *admin_json(const struct store_admin *admin)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I}", "id", admin->id, "name", admin->name,
                     "role", admin->role, "enabled", (int)admin->enabled, "created_at",
                     (json_int_t)admin->created_at, "last_sign_in_at",
                     (json_int_t)admin->last_sign_in_at, "version", (json_int_t)admin->version);
}

static int get_admin(struct api_call *call, struct store_db *db, struct store_admin *ret_admin)
{
    int err = store_admin_get(db, &call->arena, call->params[0], ret_admin);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no admin '%s'", call->params[0]);
    return err;
}

int api_admin_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    struct store_admin *admins = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = store_admin_list(db, &call->arena, after, limit, &admins, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, admin_json(&admins[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? admins[count - 1].name : NULL);
}

int api_admin_show(struct api_call *call, struct store_db *db)
{
    struct store_admin admin;
    int err = get_admin(call, db, &admin);

    return err ? err : api_result(call, 200, admin_json(&admin));
}

/* As it is in the database now. */
static int answer_admin(struct api_call *call, struct store_db *db, const char *id, int status)
{
    struct store_admin admin;
    int err = store_admin_get(db, &call->arena, id, &admin);

    return err ? err : api_result(call, status, admin_json(&admin));
}

static int check_role(struct api_call *call, const char *text)
{
    enum api_role role;

    if (text && api_role_parse(text, &role) != 0)
        return api_problem(call, AP_EINVAL, "/role", "role: viewer, operator or admin");
    return 0;
}

/* -- add --------------------------------------------------------------------------------------- */

struct added {
    const char *name, *role;
    bool enabled;
};

int api_admin_add_before(struct api_call *call)
{
    struct added *added = arena_alloc(&call->arena, sizeof(*added));
    const char *text = NULL;

    if (!added)
        return AP_ENOMEM;
    added->enabled = true;
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_NAME, .required = true, .target = &added->name},
        {.name = "role", .type = API_FIELD_NAME, .required = true, .target = &added->role},
        {.name = "password", .type = API_FIELD_RAW, .required = true, .target = &text},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &added->enabled},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = check_role(call, added->role);
    if (!err)
        err = api_password_check(call, "/password", text, added->name);
    call->more = added;
    call->password.made_of = text;
    return err;
}

int api_admin_insert(struct api_call *call, struct store_db *db, const struct store_admin *admin,
                     char ret_id[static STORE_ID_TEXT_MAX])
{
    int err = store_admin_add(db, admin, ret_id);

    if (err == AP_EEXIST)
        return api_problem(call, err, "/name", "admin '%s' exists already", admin->name);
    return err;
}

int api_admin_add(struct api_call *call, struct store_db *db)
{
    const struct added *added = call->more;
    const struct store_admin admin = {.name = added->name,
                                      .role = added->role,
                                      .hash = call->password.made,
                                      .enabled = added->enabled};
    char id[STORE_ID_TEXT_MAX];
    int err = api_admin_insert(call, db, &admin, id);

    if (!err)
        err = api_audit(
            call, db, api_text(call, "admin=%s", admin.name),
            api_text(call, "role=%s enabled=%s", admin.role, admin.enabled ? "yes" : "no"));
    return err ? err : answer_admin(call, db, id, 201);
}

/* -- change ------------------------------------------------------------------------------------ */

/* Members that were given; the password's hash is made meanwhile. */
struct changes {
    const char *role; /* NULL: as it is */
    bool has_enabled, enabled;
};

int api_admin_set_before(struct api_call *call)
{
    struct changes *changes = arena_alloc(&call->arena, sizeof(*changes));
    const char *text = NULL;

    if (!changes)
        return AP_ENOMEM;
    const struct api_field fields[] = {
        {.name = "role", .type = API_FIELD_NAME, .target = &changes->role},
        {.name = "password", .type = API_FIELD_RAW, .target = &text},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &changes->enabled},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = check_role(call, changes->role);
    if (!err && text)
        err = api_password_check(call, "/password", text, call->params[0]);
    changes->has_enabled = json_object_get(call->body, "enabled") != NULL;
    call->more = changes;
    call->password.made_of = text;
    return err;
}

/* Somebody must be able to let others in. */
static int check_one_stays(struct api_call *call, struct store_db *db)
{
    struct store_admin_counts counts;
    int err = store_admin_counts(db, &counts);

    if (!err && counts.enabled_admins == 0)
        return api_problem(call, AP_ECONFLICT, NULL,
                           "the last enabled admin with the role admin stays: make another first");
    return err;
}

int api_admin_set(struct api_call *call, struct store_db *db)
{
    const struct changes *changes = call->more;
    struct store_admin admin;
    int err = get_admin(call, db, &admin);

    if (err)
        return err;
    bool has_password = call->password.made[0] != '\0';
    bool ends = has_password || (changes->has_enabled && !changes->enabled) ||
                (changes->role && strcmp(changes->role, admin.role) != 0);
    admin.role = changes->role ? changes->role : admin.role;
    admin.enabled = changes->has_enabled ? changes->enabled : admin.enabled;
    admin.hash = has_password ? call->password.made : admin.hash;
    err = store_admin_set(db, &admin);
    if (!err)
        err = check_one_stays(call, db);
    if (!err && ends)
        err = store_session_end_others(db, admin.id, NULL);
    if (!err)
        err = api_audit(call, db, api_text(call, "admin=%s", admin.name),
                        api_text(call, "role=%s enabled=%s%s", admin.role,
                                 admin.enabled ? "yes" : "no",
                                 has_password ? " password=changed" : ""));
    return err ? err : answer_admin(call, db, admin.id, 200);
}

/* Whoever was locked out by tries at the old password has a new one. */
int api_admin_set_after(struct api_call *call)
{
    if (call->password.made[0])
        sign_in_throttle_right(call->api->door.throttle,
                               json_string_value(json_object_get(call->result, "name")), NULL);
    return 0;
}

int api_admin_del(struct api_call *call, struct store_db *db)
{
    struct store_admin admin;
    int err = get_admin(call, db, &admin);

    if (!err)
        err = store_admin_del(db, admin.id);
    if (!err)
        err = check_one_stays(call, db);
    if (!err)
        err = api_audit(call, db, api_text(call, "admin=%s", admin.name),
                        api_text(call, "role=%s", admin.role));
    return err ? err : api_result(call, 200, admin_json(&admin));
}
