/* SIP accounts. Passwords go in, never out. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"

static const char *const TRANSPORTS[] = {
    [STORE_TRANSPORT_UDP] = "udp",
    [STORE_TRANSPORT_TCP] = "tcp",
    [STORE_TRANSPORT_TLS] = "tls",
};

const char *api_transport_name(enum store_transport transport)
{
    return TRANSPORTS[transport];
}

int api_parse_transport(const char *name, enum store_transport *ret_transport)
{
    for (size_t i = 0; i < AP_COUNT(TRANSPORTS); i++) {
        if (strcmp(name, TRANSPORTS[i]) == 0) {
            *ret_transport = (enum store_transport)i;
            return 0;
        }
    }
    return AP_EINVAL;
}

static json_t *account_json(const struct store_account *account)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:i, s:s?, s:I, s:I}", "id",
        account->id, "user", account->user_name, "sip_user", account->sip_user, "domain",
        account->domain, "auth_user", account->auth_user, "display_name", account->display_name,
        "registrar_host", account->registrar_host, "registrar_port", (int)account->registrar_port,
        "transport", TRANSPORTS[account->transport], "outbound_proxy", account->outbound_proxy,
        "expires", (int)account->expires_s, "external_id", account->external_id, "created_at",
        (json_int_t)account->created_at, "version", (json_int_t)account->version);
}

static int get_account(struct api_call *call, struct store_db *db,
                       struct store_account *ret_account)
{
    int err = store_account_get(db, &call->arena, call->params[0], ret_account);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no account '%s' (SIP_USER@DOMAIN)",
                           call->params[0]);
    return err;
}

int api_account_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    const char *user_id = NULL;
    struct store_account *accounts = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = api_query_user(call, db, &user_id);
    if (!err && call->site_id && !user_id)
        err = store_account_list_of_site(db, &call->arena, call->site_id, after, limit, &accounts,
                                         &count);
    else if (!err)
        err = store_account_list(db, &call->arena, user_id, after, limit, &accounts, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, account_json(&accounts[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? accounts[count - 1].id : NULL);
}

int api_account_show(struct api_call *call, struct store_db *db)
{
    struct store_account account;
    int err = get_account(call, db, &account);

    return err ? err : api_result(call, 200, account_json(&account));
}

/* Body members that add and set have in common, read over what account holds already. */
static int read_account(struct api_call *call, struct store_account *account, bool adding,
                        const char **ret_user)
{
    const char *transport = TRANSPORTS[account->transport];
    uint64_t port = account->registrar_port;
    uint64_t expires = account->expires_s;
    const struct api_field fields[] = {
        {.name = "user", .type = API_FIELD_NAME, .required = adding, .target = ret_user},
        {.name = "sip_user",
         .type = API_FIELD_SIP_USER,
         .required = adding,
         .target = &account->sip_user},
        {.name = "domain",
         .type = API_FIELD_DOMAIN,
         .required = adding,
         .target = &account->domain},
        {.name = "password",
         .type = API_FIELD_PASSWORD,
         .required = adding,
         .target = &account->password},
        {.name = "auth_user",
         .type = API_FIELD_SIP_USER,
         .may_be_empty = true,
         .target = &account->auth_user},
        {.name = "display_name",
         .type = API_FIELD_TEXT,
         .may_be_empty = true,
         .target = &account->display_name},
        {.name = "registrar_host",
         .type = API_FIELD_HOST,
         .may_be_empty = true,
         .target = &account->registrar_host},
        {.name = "registrar_port", .type = API_FIELD_NUMBER, .max = 65535, .target = &port},
        {.name = "transport", .type = API_FIELD_NAME, .target = &transport},
        {.name = "outbound_proxy",
         .type = API_FIELD_PROXY,
         .may_be_empty = true,
         .target = &account->outbound_proxy},
        {.name = "expires", .type = API_FIELD_NUMBER, .min = 60, .max = 86400, .target = &expires},
        {.name = "external_id",
         .type = API_FIELD_NAME,
         .may_be_null = true,
         .target = &account->external_id},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (err)
        return err;
    if (!adding && *ret_user)
        return api_problem(call, AP_EINVAL, "/user", "an account stays with its user");
    account->registrar_port = (uint16_t)port;
    account->expires_s = (uint32_t)expires;
    if (api_parse_transport(transport, &account->transport) == 0)
        return 0;
    return api_problem(call, AP_EINVAL, "/transport", "transport must be udp, tcp or tls");
}

static int taken(struct api_call *call, const struct store_account *account)
{
    return api_problem(call, AP_EEXIST, "/sip_user",
                       "account '%s@%s' exists already, or another account has its external id",
                       account->sip_user, account->domain);
}

int api_account_add(struct api_call *call, struct store_db *db)
{
    struct store_account account = {
        .auth_user = "",
        .display_name = "",
        .registrar_host = "",
        .outbound_proxy = "",
        .expires_s = API_DEFAULT_EXPIRES_S,
    };
    const char *user_name = NULL;
    struct store_user user;
    char id[STORE_ID_TEXT_MAX];
    int err = read_account(call, &account, true, &user_name);

    if (!err) {
        err = store_user_get(db, &call->arena, user_name, &user);
        if (err == AP_ENOENT)
            err = api_problem(call, err, "/user", "there is no user '%s'", user_name);
    }
    if (!err) {
        account.user_id = user.id;
        err = store_account_add(db, &account, id);
    }
    if (err == AP_EEXIST)
        err = taken(call, &account);
    if (!err)
        err = api_audit(call, db, api_text(call, "account=%s@%s", account.sip_user, account.domain),
                        api_text(call, "user=%s", user.name));
    if (!err)
        err = store_account_get(db, &call->arena, id, &account);
    return err ? err : api_result(call, 201, account_json(&account));
}

int api_account_set(struct api_call *call, struct store_db *db)
{
    struct store_account account;
    const char *user_name = NULL;
    int err = get_account(call, db, &account);

    if (!err)
        err = read_account(call, &account, false, &user_name);
    if (!err)
        err = store_account_set(db, &account, 0);
    if (err == AP_EEXIST)
        err = taken(call, &account);
    /* A new account is on no phone yet; which phones read it is checked when it becomes a line. */
    if (!err)
        err = api_check_vendors(call, db,
                                &(struct api_check){.run = api_check_account,
                                                    .object = &account,
                                                    .scope = STORE_SCOPE_COUNT,
                                                    .id = account.id});
    if (!err)
        err = api_audit(call, db, api_text(call, "account=%s@%s", account.sip_user, account.domain),
                        account.password ? "password=changed" : "");
    if (!err)
        err = store_account_get(db, &call->arena, account.id, &account);
    return err ? err : api_result(call, 200, account_json(&account));
}

int api_account_del(struct api_call *call, struct store_db *db)
{
    struct store_account account;
    int err = get_account(call, db, &account);

    if (!err)
        err = store_account_del(db, account.id);
    if (err == AP_ECONFLICT)
        err = api_problem(call, err, NULL, "a phone has a line on account '%s@%s'",
                          account.sip_user, account.domain);
    if (!err)
        err = api_audit(call, db, api_text(call, "account=%s@%s", account.sip_user, account.domain),
                        "");
    return err ? err : api_result(call, 200, account_json(&account));
}
