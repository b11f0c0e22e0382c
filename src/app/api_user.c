/* Users and their folder tokens. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/token.h"

/* A day: a phone may be off overnight. */
#define DEFAULT_GRACE_S 86400
#define MAX_GRACE_S     (30 * 86400)

static json_t *user_json(const struct store_user *user)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:I, s:I, s:I, s:I}", "id", user->id, "name",
                     user->name, "display_name", user->display_name, "external_id",
                     user->external_id, "site", user->site_name, "networks",
                     api_networks_json(user->networks), "accounts", (json_int_t)user->account_count,
                     "phones", (json_int_t)user->phone_count, "created_at",
                     (json_int_t)user->created_at, "version", (json_int_t)user->version);
}

int api_get_user(struct api_call *call, struct store_db *db, struct store_user *ret_user)
{
    int err = store_user_get(db, &call->arena, call->params[0], ret_user);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no user '%s'", call->params[0]);
    return err;
}

int api_user_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    struct store_user *users = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = store_user_list(db, &call->arena, call->site_id, after, limit, &users, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, user_json(&users[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? users[count - 1].name : NULL);
}

int api_user_show(struct api_call *call, struct store_db *db)
{
    struct store_user user;
    int err = api_get_user(call, db, &user);

    return err ? err : api_result(call, 200, user_json(&user));
}

static int settle_token(struct api_call *call, const char *given, struct token *ret_token)
{
    if (!given)
        return token_make(ret_token);
    if (token_parse(given, strlen(given), ret_token) != 0)
        return api_problem(call, AP_EINVAL, "/token",
                           "token: %d to %d letters, digits, '_' and '-'", TOKEN_MIN_LEN,
                           TOKEN_MAX_LEN);
    return 0;
}

/* NULL: as it is; "": none. */
static int settle_site(struct api_call *call, struct store_db *db, const char *name,
                       struct store_user *user)
{
    struct store_site site;

    if (!name)
        return 0;
    if (name[0] == '\0') {
        user->site_id = NULL;
        return 0;
    }
    int err = store_site_get(db, &call->arena, name, &site);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/site", "there is no site '%s'", name);
    if (!err)
        user->site_id = site.id;
    return err;
}

int api_user_add(struct api_call *call, struct store_db *db)
{
    /* A key of one site adds to it. */
    struct store_user user = {.display_name = "", .site_id = call->site_id};
    struct token token = {.len = 0};
    const char *token_text = NULL;
    const char *site = NULL;
    json_t *networks = NULL;
    char id[STORE_ID_TEXT_MAX];
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_NAME, .required = true, .target = &user.name},
        {.name = "display_name",
         .type = API_FIELD_TEXT,
         .may_be_empty = true,
         .target = &user.display_name},
        {.name = "external_id", .type = API_FIELD_NAME, .target = &user.external_id},
        {.name = "token", .type = API_FIELD_RAW, .target = &token_text},
        {.name = "site", .type = API_FIELD_NAME, .target = &site},
        {.name = "networks", .type = API_FIELD_LIST, .target = &networks},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = settle_site(call, db, site, &user);
    if (!err)
        err = api_settle_networks(call, networks, &user.networks);
    if (!err)
        err = settle_token(call, token_text, &token);
    if (!err)
        err = store_user_add(db, &user, &token, id);
    if (err == AP_EEXIST)
        err = api_problem(call, err, "/name",
                          "user '%s' exists already, or another user has its external id or token",
                          user.name);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name),
                        token_text ? "token=imported" : "");
    if (!err)
        err = store_user_get(db, &call->arena, user.name, &user);
    if (!err)
        err = api_result(call, 201, user_json(&user));
    secret_wipe(&token, sizeof(token));
    return err;
}

int api_user_set(struct api_call *call, struct store_db *db)
{
    struct store_user user;
    const char *site = NULL;
    json_t *networks = NULL;
    int err = api_get_user(call, db, &user);
    const struct api_field fields[] = {
        {.name = "display_name",
         .type = API_FIELD_TEXT,
         .may_be_empty = true,
         .target = &user.display_name},
        {.name = "external_id",
         .type = API_FIELD_NAME,
         .may_be_null = true,
         .target = &user.external_id},
        {.name = "site", .type = API_FIELD_NAME, .may_be_empty = true, .target = &site},
        {.name = "networks", .type = API_FIELD_LIST, .target = &networks},
    };

    if (!err)
        err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = settle_site(call, db, site, &user);
    if (!err)
        err = api_settle_networks(call, networks, &user.networks);
    if (!err)
        err = store_user_set(db, &user, 0);
    if (err == AP_EEXIST)
        err = api_problem(call, err, "/external_id", "another user has this external id");
    if (!err)
        err = api_check_vendors(call, db,
                                &(struct api_check){.run = api_check_user,
                                                    .object = &user,
                                                    .scope = STORE_SCOPE_USER,
                                                    .id = user.id,
                                                    .pointer = "/display_name"});
    /* With another site come its settings. */
    if (!err && site)
        err = api_check_phones_of(call, db, user.id);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name),
                        site ? api_text(call, "site=%s", site) : "");
    if (!err)
        err = store_user_get(db, &call->arena, user.name, &user);
    return err ? err : api_result(call, 200, user_json(&user));
}

int api_user_del(struct api_call *call, struct store_db *db)
{
    struct store_user user;
    int err = api_get_user(call, db, &user);

    if (!err)
        err = store_user_del(db, user.id);
    if (err == AP_ECONFLICT)
        err = api_problem(call, err, NULL,
                          "a phone of another user has a line on one of the accounts of '%s'",
                          user.name);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name),
                        api_text(call, "accounts=%llu phones=%llu",
                                 (unsigned long long)user.account_count,
                                 (unsigned long long)user.phone_count));
    if (!err)
        err = api_result(call, 200, user_json(&user));
    return err;
}

/* A token has one before it at most: is there one that a rotation would end early? */
static int read_previous(struct store_db *db, const char *user_id, int64_t now, bool *ret_serves)
{
    int64_t ends_at = 0;
    int err = store_token_previous_end(db, user_id, &ends_at);

    *ret_serves = !err && ends_at > now;
    return err == AP_ENOENT ? 0 : err;
}

/* A POST, since the URL is a secret. */
int api_token_show(struct api_call *call, struct store_db *db)
{
    struct store_user user;
    struct token token = {.len = 0};
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = api_get_user(call, db, &user);
    if (!err)
        err = store_token_get(db, &call->arena, user.id, &token);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name), "");
    if (!err)
        err = api_result(call, 200,
                         json_pack("{s:s, s:s}", "user", user.name, "provisioning_base_url",
                                   api_folder_url(call, &token)));
    secret_wipe(&token, sizeof(token));
    return err;
}

int api_token_rotate(struct api_call *call, struct store_db *db)
{
    uint64_t grace_s = DEFAULT_GRACE_S;
    struct store_user user;
    struct token token = {.len = 0};
    int64_t now = clock_wall_s(call->api->clock);
    int64_t ends_at = 0;
    bool ended_one = false;
    const struct api_field fields[] = {
        {.name = "grace", .type = API_FIELD_NUMBER, .max = MAX_GRACE_S, .target = &grace_s},
    };
    int err = api_read_fields(call, fields, 1);

    if (!err)
        err = api_get_user(call, db, &user);
    if (!err)
        err = token_make(&token);
    if (!err && grace_s > 0)
        ends_at = now + (int64_t)grace_s;
    if (!err)
        err = read_previous(db, user.id, now, &ended_one);
    if (!err)
        err = store_token_rotate(db, user.id, &token, ends_at);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name),
                        api_text(call, "grace=%llus", (unsigned long long)grace_s));
    if (!err)
        err =
            api_result(call, 200,
                       json_pack("{s:s, s:s, s:I, s:b}", "user", user.name, "provisioning_base_url",
                                 api_folder_url(call, &token), "previous_ends_at",
                                 (json_int_t)ends_at, "ended_one_before", (int)ended_one));
    secret_wipe(&token, sizeof(token));
    return err;
}
