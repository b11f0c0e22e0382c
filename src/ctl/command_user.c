/* user …, token … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autoprov/text.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "NAME"},     {"display_name", "DISPLAY NAME"}, {"accounts", "ACCOUNTS"},
    {"phones", "PHONES"}, {"created_at", "CREATED"},        {0},
};
static const struct ctl_column FIELDS[] = {
    {"name", "Name:"},
    {"display_name", "Display name:"},
    {"external_id", "External id:"},
    {"site", "Site:"},
    {"accounts", "Accounts:"},
    {"phones", "Phones:"},
    {"created_at", "Created:"},
    {0},
};

int ctl_user_add(const struct ctl_args *args)
{
    json_t *body = json_pack("{s:s}", "name", args->positionals[0]);
    json_t *user = NULL;
    int code = body ? CTL_OK : ctl_fail(CTL_INVALID, "NAME is not UTF-8");

    if (code == CTL_OK)
        code = ctl_add_string(args, "display-name", "display_name", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "external-id", "external_id", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "site", "site", body);
    if (code == CTL_OK)
        code = ctl_add_secret(args, "token-file", "token", false, body);
    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "POST", "/users", body, &user);
    if (code == CTL_OK && args->json)
        ctl_print_json(user);
    else if (code == CTL_OK)
        printf("user %s added; next: autoprovctl account add %s SIP_USER@DOMAIN --password-file "
               "FILE\n",
               args->positionals[0], args->positionals[0]);
    json_decref(user);
    return code;
}

int ctl_user_set(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *user = NULL;
    char *path = ctl_path("/users/{}", args->positionals[0]);
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_add_string(args, "display-name", "display_name", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "external-id", "external_id", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "site", "site", body);
    if (code == CTL_OK && json_object_size(body) == 0)
        code = ctl_fail(CTL_USAGE, "nothing to change; try: autoprovctl user set --help");
    if (code == CTL_OK)
        code = ctl_call(args, "PATCH", path, body, &user);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(user);
    else if (code == CTL_OK)
        printf("user %s changed; phones get it with their next fetch\n", args->positionals[0]);
    json_decref(user);
    free(path);
    return code;
}

int ctl_user_list(const struct ctl_args *args)
{
    return ctl_list(args, "/users", NULL, COLUMNS);
}

int ctl_user_show(const struct ctl_args *args)
{
    return ctl_show(args, "/users/{}", FIELDS);
}

int ctl_user_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/users/{}", "user", "with all accounts and phones");
}

int ctl_token_rotate(const struct ctl_args *args)
{
    const char *grace = ctl_arg(args, "grace");
    json_t *body = json_object();
    json_t *result = NULL;
    uint64_t grace_ms = 0;
    char *path = ctl_path("/users/{}/token/rotate", args->positionals[0]);
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && grace) {
        if (text_parse_duration_ms(grace, strlen(grace), 0, 30ULL * 86400000, &grace_ms) != 0)
            code = ctl_fail(CTL_INVALID, "--grace: a number with a unit, as in 30m, 24h, 7d; at "
                                         "most 30d");
        else if (json_object_set_new(body, "grace", json_integer((json_int_t)(grace_ms / 1000))))
            code = ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &result);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        printf("user %s has a new folder token; tell the phones their new URL: autoprovctl phone "
               "url MAC\n%s",
               args->positionals[0],
               json_is_true(json_object_get(result, "ended_one_before"))
                   ? "the token before the last one ended now: phones still on it get nothing\n"
                   : "");
    json_decref(result);
    free(path);
    return code;
}
