/* user …, token … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "NAME"},     {"display_name", "DISPLAY NAME"}, {"accounts", "ACCOUNTS"},
    {"phones", "PHONES"}, {"created_at", "CREATED"},        {0},
};
static const struct ctl_column FIELDS[] = {
    {"name", "Name:"},     {"display_name", "Display name:"}, {"external_id", "External id:"},
    {"site", "Site:"},     {"networks", "Networks:"},         {"accounts", "Accounts:"},
    {"phones", "Phones:"}, {"created_at", "Created:"},        {0},
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
        code = ctl_add_networks(args, body);
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
    if (code == CTL_OK)
        code = ctl_add_networks(args, body);
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

/* {"1001@pbx.example.com": "…", …}: secrets, so from a file or standard input. */
static int add_passwords(const struct ctl_args *args, json_t *body)
{
    const char *path = ctl_arg(args, "passwords-file");
    struct secret content = {0};
    struct ap_error error;
    json_error_t fault;

    if (!path)
        return CTL_OK;
    int err = file_read_secret(path, AP_ADMIN_BODY_MAX_BYTES / 2, false, &content, &error);
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    json_t *passwords =
        json_loadb((const char *)content.bytes, content.len, JSON_REJECT_DUPLICATES, &fault);
    secret_done(&content);
    if (!json_is_object(passwords)) {
        json_decref(passwords);
        return ctl_fail(CTL_INVALID, "%s: no JSON object of SIP_USER@DOMAIN and password", path);
    }
    return json_object_set_new(body, "passwords", passwords) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

static void tell_burnt(const struct ctl_args *args, const json_t *result)
{
    const json_t *phones = json_object_get(result, "phones");
    const json_t *kept = json_object_get(result, "auth_passwords_kept");
    json_t *made = json_object_get(result, "passwords");
    const char *account;
    json_t *text;
    size_t i;

    /* What was made here is on standard output this once: the registrar needs it. */
    json_object_foreach(made, account, text) printf("%s %s\n", account, json_string_value(text));
    fprintf(
        stderr, "user %s has a new folder token and new SIP passwords%s\n", args->positionals[0],
        json_object_size(made) > 0 ? ": give those above to the registrar, they are shown this once"
                                   : "");
    fprintf(stderr,
            "%zu phones have to fetch anew%s%s; who did not come: autoprovctl phone list "
            "--stale\n",
            json_array_size(phones),
            ctl_arg(args, "hard")
                ? ", each by its new URL (autoprovctl phone url MAC)"
                : ", within 15 minutes and from where they were last, or by their "
                  "new URL",
            json_integer_value(json_object_get(result, "resync")) > 0
                ? "; they are being told (autoprovctl resync status)"
                : "");
    if (json_array_size(kept) == 0)
        return;
    fputs("their HTTP passwords stay, so that they can; once they have, make new ones with "
          "'autoprovctl phone set MAC --auth-password-make':",
          stderr);
    json_array_foreach(kept, i, text) fprintf(stderr, " %s", json_string_value(text));
    fputc('\n', stderr);
}

int ctl_user_burn(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *result = NULL;
    char *path = ctl_path("/users/{}/burn", args->positionals[0]);
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && !ctl_arg(args, "yes"))
        code = ctl_confirm("burn token and SIP passwords of user %s; the phones stay mute until "
                           "they fetch anew",
                           args->positionals[0]);
    if (code == CTL_OK)
        code = add_passwords(args, body);
    if (code == CTL_OK && ctl_arg(args, "hard") &&
        json_object_set_new(body, "hard", json_true()) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &result);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        tell_burnt(args, result);
    json_decref(result);
    free(path);
    return code;
}
