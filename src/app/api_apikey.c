/* Keys by which programs use this API over the admin listener. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/secret.h"
#include "autoprov/store_api_key.h"

static json_t *key_json(const struct store_api_key *key)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:o, s:I, s:I}", "id", key->id, "name", key->name,
                     "role", key->role, "site", key->site_name, "networks",
                     api_networks_json(key->networks), "created_at", (json_int_t)key->created_at,
                     "version", (json_int_t)key->version);
}

static int get_key(struct api_call *call, struct store_db *db, struct store_api_key *ret_key)
{
    int err = store_api_key_get(db, &call->arena, call->params[0], ret_key);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no API key '%s'", call->params[0]);
    return err;
}

int api_apikey_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    struct store_api_key *keys = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = store_api_key_list(db, &call->arena, after, limit, &keys, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, key_json(&keys[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? keys[count - 1].name : NULL);
}

int api_apikey_show(struct api_call *call, struct store_db *db)
{
    struct store_api_key key;
    int err = get_key(call, db, &key);

    return err ? err : api_result(call, 200, key_json(&key));
}

/* -- add --------------------------------------------------------------------------------------- */

static int settle_role(struct api_call *call, struct store_api_key *key)
{
    enum api_role role;

    if (api_role_parse(key->role, &role) != 0)
        return api_problem(call, AP_EINVAL, "/role", "role: viewer, operator or admin");
    return 0;
}

static int settle_site(struct api_call *call, struct store_db *db, const char *name,
                       struct store_api_key *key)
{
    struct store_site site;

    if (!name)
        return 0;
    int err = store_site_get(db, &call->arena, name, &site);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/site", "there is no site '%s'", name);
    if (!err)
        key->site_id = site.id;
    return err;
}

/* The answer alone has the key. */
static int answer_added(struct api_call *call, struct store_db *db, const char *id,
                        const char *text)
{
    struct store_api_key key;
    int err = store_api_key_get(db, &call->arena, id, &key);

    if (!err)
        err = api_result(call, 201, key_json(&key));
    if (!err && json_object_set_new(call->result, "key", json_string(text)) != 0)
        err = AP_ENOMEM;
    return err;
}

static int add(struct api_call *call, struct store_db *db, const struct store_api_key *key,
               char text[static STORE_API_KEY_TEXT_MAX])
{
    uint8_t digest[STORE_API_KEY_DIGEST_BYTES];
    char id[STORE_ID_TEXT_MAX];
    int err = store_api_key_make(text);

    if (!err)
        err = store_api_key_digest(text, strlen(text), digest);
    if (!err)
        err = store_api_key_add(db, key, digest, id);
    if (err == AP_EEXIST)
        return api_problem(call, err, "/name", "API key '%s' exists already", key->name);
    if (!err)
        err = api_audit(call, db, api_text(call, "apikey=%s", key->name),
                        api_text(call, "role=%s networks=%s", key->role, key->networks));
    return err ? err : answer_added(call, db, id, text);
}

int api_apikey_add(struct api_call *call, struct store_db *db)
{
    struct store_api_key key = {.networks = ""};
    char text[STORE_API_KEY_TEXT_MAX] = "";
    const char *site = NULL;
    json_t *networks = NULL;
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_NAME, .required = true, .target = &key.name},
        {.name = "role", .type = API_FIELD_NAME, .required = true, .target = &key.role},
        {.name = "site", .type = API_FIELD_NAME, .target = &site},
        {.name = "networks", .type = API_FIELD_LIST, .target = &networks},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = settle_role(call, &key);
    if (!err)
        err = settle_site(call, db, site, &key);
    if (!err)
        err = api_join_networks(call, networks, &key.networks);
    if (!err)
        err = add(call, db, &key, text);
    secret_wipe(text, sizeof(text));
    return err;
}

int api_apikey_del(struct api_call *call, struct store_db *db)
{
    struct store_api_key key;
    int err = get_key(call, db, &key);

    if (!err)
        err = store_api_key_del(db, key.id);
    if (!err)
        err = api_audit(call, db, api_text(call, "apikey=%s", key.name), "");
    return err ? err : api_result(call, 200, key_json(&key));
}
