/* account … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"sip_user", "SIP USER"},
    {"domain", "DOMAIN"},
    {"user", "USER"},
    {"display_name", "DISPLAY NAME"},
    {"transport", "TRANSPORT"},
    {"registrar_host", "REGISTRAR"},
    {0},
};

static int add_fields(const struct ctl_args *args, bool adding, json_t *body)
{
    static const struct {
        const char *option, *member;
    } STRINGS[] = {
        {"auth-user", "auth_user"},           {"display-name", "display_name"},
        {"registrar", "registrar_host"},      {"transport", "transport"},
        {"outbound-proxy", "outbound_proxy"}, {"external-id", "external_id"},
    };
    int code = ctl_add_secret(args, "password-file", "password", adding, body);

    for (size_t i = 0; code == CTL_OK && i < AP_COUNT(STRINGS); i++)
        code = ctl_add_string(args, STRINGS[i].option, STRINGS[i].member, body);
    if (code == CTL_OK)
        code = ctl_add_number(args, "port", "registrar_port", body);
    if (code == CTL_OK)
        code = ctl_add_number(args, "expires", "expires", body);
    return code;
}

int ctl_account_add(const struct ctl_args *args)
{
    const char *address = args->positionals[1];
    const char *at = strrchr(address, '@');
    json_t *account = NULL;
    json_t *body;

    if (!at)
        return ctl_fail(CTL_INVALID, "'%s' is not of the form SIP_USER@DOMAIN", address);
    body = json_pack("{s:s, s:s%, s:s}", "user", args->positionals[0], "sip_user", address,
                     (size_t)(at - address), "domain", at + 1);
    int code =
        body ? add_fields(args, true, body) : ctl_fail(CTL_INVALID, "an argument is not UTF-8");
    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "POST", "/accounts", body, &account);
    if (code == CTL_OK && args->json)
        ctl_print_json(account);
    else if (code == CTL_OK)
        printf("account %s added; next: autoprovctl phone add %s MAC\n", address,
               args->positionals[0]);
    json_decref(account);
    return code;
}

int ctl_account_list(const struct ctl_args *args)
{
    return ctl_list(args, "/accounts", "/accounts?user={}", COLUMNS);
}

int ctl_account_set(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *account = NULL;
    char *path = ctl_path("/accounts/{}", args->positionals[0]);
    int code = body && path ? add_fields(args, false, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && json_object_size(body) == 0)
        code = ctl_fail(CTL_USAGE, "nothing to change; try: autoprovctl account set --help");
    if (code == CTL_OK)
        code = ctl_call(args, "PATCH", path, body, &account);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(account);
    else if (code == CTL_OK)
        printf("account %s changed; its phones get it with their next fetch\n",
               args->positionals[0]);
    json_decref(account);
    free(path);
    return code;
}

int ctl_account_show(const struct ctl_args *args)
{
    static const struct ctl_column FIELDS[] = {
        {"sip_user", "SIP user:"},
        {"domain", "Domain:"},
        {"user", "User:"},
        {"auth_user", "Auth user:"},
        {"display_name", "Display name:"},
        {"registrar_host", "Registrar:"},
        {"registrar_port", "Port:"},
        {"transport", "Transport:"},
        {"outbound_proxy", "Outbound proxy:"},
        {"expires", "Expires (s):"},
        {"external_id", "External id:"},
        {"created_at", "Created:"},
        {0},
    };

    return ctl_show(args, "/accounts/{}", FIELDS);
}

int ctl_account_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/accounts/{}", "account", "");
}
