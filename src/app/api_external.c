/* Objects by the PBX's own keys: created or changed, whichever it takes, by the routes of single
 * ones. To a key of one site what another site has is not there: it creates, and finds the external
 * id taken. */
#include <string.h>

#include "api_private.h"
#include "autoprov/store_import.h"

/* The path's key is the body's too. */
static int settle_key(struct api_call *call)
{
    const char *id = call->params[0];
    const json_t *given = json_object_get(call->body, "external_id");

    if (api_check_text(API_FIELD_NAME, id, strlen(id)) != 0)
        return api_problem(call, AP_EINVAL, NULL, "external_id: %s", api_rule_of(API_FIELD_NAME));
    if (given && (!json_is_string(given) || strcmp(json_string_value(given), id) != 0))
        return api_problem(call, AP_EINVAL, "/external_id",
                           "this is not the external id of the path");
    return json_object_set_new(call->body, "external_id", json_string(id)) == 0 ? 0 : AP_ENOMEM;
}

/* A member that never changes may be there, with the value that it has: setting does not take it.
 */
static int take_fixed(struct api_call *call, const char *member, const char *value)
{
    const json_t *given = json_object_get(call->body, member);

    if (!given)
        return 0;
    if (!json_is_string(given) || strcmp(json_string_value(given), value) != 0)
        return api_problem(
            call, AP_ECONFLICT, api_text(call, "/%s", member),
            "what has this external id has another %s, which does not change: delete "
            "it first",
            member);
    return json_object_del(call->body, member) == 0 ? 0 : AP_ENOMEM;
}

int api_user_put(struct api_call *call, struct store_db *db)
{
    struct store_user user;
    int err = settle_key(call);

    if (!err)
        err = store_user_by_external(db, &call->arena, call->params[0], &user);
    if (!err)
        err = api_scope_has_user(call, db, user.name);
    if (err == AP_ENOENT)
        return api_user_add(call, db);
    if (!err)
        err = take_fixed(call, "name", user.name);
    if (err)
        return err;
    call->params[0] = user.name; /* its id may be another one's name, which would go before */
    return api_user_set(call, db);
}

int api_account_put(struct api_call *call, struct store_db *db)
{
    struct store_account account;
    int err = settle_key(call);

    if (!err)
        err = store_account_by_external(db, &call->arena, call->params[0], &account);
    if (!err)
        err = api_scope_has_user(call, db, account.user_name);
    if (err == AP_ENOENT)
        return api_account_add(call, db);
    if (!err)
        err = take_fixed(call, "user", account.user_name);
    if (err)
        return err;
    call->params[0] = account.id;
    return api_account_set(call, db);
}

/* Its MAC in any form. */
static int take_mac(struct api_call *call, const struct store_phone *phone)
{
    const char *given = json_string_value(json_object_get(call->body, "mac"));
    uint8_t mac[AP_MAC_LEN];
    char text[AP_MAC_TEXT_MAX];

    if (!given)
        return 0;
    int err = api_parse_mac(call, given, "/mac", mac);
    if (err)
        return err;
    mac_format(phone->mac, MAC_FORM_LOWER, text);
    return take_fixed(call, "mac", memcmp(mac, phone->mac, AP_MAC_LEN) == 0 ? given : text);
}

int api_phone_put(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    char mac[AP_MAC_TEXT_MAX];
    int err = settle_key(call);

    if (!err)
        err = store_phone_by_external(db, &call->arena, call->params[0], &phone);
    if (!err)
        err = api_scope_has_user(call, db, phone.user_name);
    if (err == AP_ENOENT)
        return api_phone_add(call, db);
    if (!err)
        err = take_mac(call, &phone);
    if (!err)
        err = take_fixed(call, "user", phone.user_name);
    if (err)
        return err;
    mac_format(phone.mac, MAC_FORM_LOWER, mac);
    call->params[0] = api_text(call, "%s", mac);
    return call->params[0] ? api_phone_set(call, db) : AP_ENOMEM;
}
