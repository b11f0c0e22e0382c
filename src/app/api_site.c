/* Sites: groups of users with settings of their own. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/store_setting.h"

static json_t *site_json(const struct store_site *site)
{
    return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I}", "id", site->id, "name", site->name,
                     "external_id", site->external_id, "users", (json_int_t)site->user_count,
                     "created_at", (json_int_t)site->created_at, "version",
                     (json_int_t)site->version);
}

static int get_site(struct api_call *call, struct store_db *db, struct store_site *ret_site)
{
    int err = store_site_get(db, &call->arena, call->params[0], ret_site);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no site '%s'", call->params[0]);
    return err;
}

int api_site_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    struct store_site *sites = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = store_site_list(db, &call->arena, after, limit, &sites, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, site_json(&sites[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? sites[count - 1].name : NULL);
}

int api_site_show(struct api_call *call, struct store_db *db)
{
    struct store_site site;
    int err = get_site(call, db, &site);

    return err ? err : api_result(call, 200, site_json(&site));
}

int api_site_add(struct api_call *call, struct store_db *db)
{
    struct store_site site = {.name = ""};
    char id[STORE_ID_TEXT_MAX];
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_NAME, .required = true, .target = &site.name},
        {.name = "external_id", .type = API_FIELD_NAME, .target = &site.external_id},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = store_site_add(db, &site, id);
    if (err == AP_EEXIST)
        err =
            api_problem(call, err, "/name",
                        "site '%s' exists already, or another site has its external id", site.name);
    if (!err)
        err = api_audit(call, db, api_text(call, "site=%s", site.name), "");
    if (!err)
        err = store_site_get(db, &call->arena, id, &site);
    return err ? err : api_result(call, 201, site_json(&site));
}

/* Which of the two that are unique another site has. */
static int taken(struct api_call *call, struct store_db *db, const struct store_site *site)
{
    struct store_site other;
    int err = store_site_get(db, &call->arena, site->name, &other);

    /* It would be found by an id, too. */
    if (!err && strcmp(other.name, site->name) == 0 && strcmp(other.id, site->id) != 0)
        return api_problem(call, AP_EEXIST, "/name", "site '%s' exists already", site->name);
    return api_problem(call, AP_EEXIST, "/external_id", "another site has this external id");
}

int api_site_set(struct api_call *call, struct store_db *db)
{
    struct store_site site = {.name = ""};
    int err = get_site(call, db, &site);
    const char *old_name = site.name;
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_NAME, .target = &site.name},
        {.name = "external_id",
         .type = API_FIELD_NAME,
         .may_be_null = true,
         .target = &site.external_id},
    };

    if (!err)
        err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = store_site_set(db, &site, 0);
    if (err == AP_EEXIST)
        err = taken(call, db, &site);
    if (!err)
        err =
            api_audit(call, db, api_text(call, "site=%s", old_name),
                      strcmp(site.name, old_name) != 0 ? api_text(call, "name=%s", site.name) : "");
    if (!err)
        err = store_site_get(db, &call->arena, site.name, &site);
    return err ? err : api_result(call, 200, site_json(&site));
}

int api_site_del(struct api_call *call, struct store_db *db)
{
    struct store_site site;
    int err = get_site(call, db, &site);

    if (!err)
        err = store_site_del(db, site.id);
    if (err == AP_ECONFLICT)
        err = api_problem(call, err, NULL,
                          "users or API keys belong to site '%s'; give them another one first",
                          site.name);
    if (!err)
        err = api_audit(call, db, api_text(call, "site=%s", site.name), "");
    return err ? err : api_result(call, 200, site_json(&site));
}
