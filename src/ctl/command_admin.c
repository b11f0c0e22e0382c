/* admin …, session …: who uses the web portal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

static const struct ctl_column ADMINS[] = {
    {"name", "NAME"},          {"role", "ROLE"},
    {"enabled", "ENABLED"},    {"last_sign_in_at", "LAST SIGN-IN"},
    {"created_at", "CREATED"}, {0},
};
static const struct ctl_column SESSIONS[] = {
    {"id", "ID"},
    {"kind", "KIND"},
    {"name", "NAME"},
    {"address", "ADDRESS"},
    {"last_at", "LAST USE"},
    {"ends_at", "ENDS"},
    {0},
};

/* Print the answer with --json, else what is_text says; frees it. */
static int tell(const struct ctl_args *args, int code, json_t *answer, const char *what)
{
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("%s\n", what);
    json_decref(answer);
    return code;
}

int ctl_admin_setup_token(const struct ctl_args *args)
{
    json_t *made = NULL;
    int code = ctl_call(args, "POST", "/admins/setup-token", json_object(), &made);

    if (code == CTL_OK && !args->json)
        fprintf(stderr, "for an hour this makes the first admin: type it where the portal asks for "
                        "it\n");
    return tell(args, code, made, json_string_value(json_object_get(made, "token")));
}

int ctl_admin_list(const struct ctl_args *args)
{
    return ctl_list(args, "/admins", NULL, ADMINS);
}

int ctl_admin_add(const struct ctl_args *args)
{
    const char *role = ctl_arg(args, "role");
    json_t *body =
        json_pack("{s:s, s:s}", "name", args->positionals[0], "role", role ? role : "viewer");
    json_t *admin = NULL;
    int code = body ? ctl_add_secret(args, "password-file", "password", true, body)
                    : ctl_fail(CTL_INVALID, "NAME or ROLE is not UTF-8");

    if (code == CTL_OK)
        code = ctl_call(args, "POST", "/admins", body, &admin);
    else
        json_decref(body);
    return tell(args, code, admin, "admin added, and may sign in to the portal");
}

static int add_enabled(const struct ctl_args *args, json_t *body)
{
    const char *text = ctl_arg(args, "enabled");

    if (!text)
        return CTL_OK;
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return ctl_fail(CTL_INVALID, "--enabled: yes or no");
    return json_object_set_new(body, "enabled", json_boolean(text[0] == 'y')) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

int ctl_admin_set(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *admin = NULL;
    char *path = ctl_path("/admins/{}", args->positionals[0]);
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_add_string(args, "role", "role", body);
    if (code == CTL_OK)
        code = ctl_add_secret(args, "password-file", "password", false, body);
    if (code == CTL_OK)
        code = add_enabled(args, body);
    if (code == CTL_OK && json_object_size(body) == 0)
        code = ctl_fail(CTL_USAGE, "nothing to change; try: autoprovctl admin set --help");
    if (code == CTL_OK)
        code = ctl_call(args, "PATCH", path, body, &admin);
    else
        json_decref(body);
    free(path);
    return tell(args, code, admin, "admin changed");
}

int ctl_admin_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/admins/{}", "admin", "with all sessions");
}

int ctl_session_list(const struct ctl_args *args)
{
    return ctl_list(args, "/sessions", NULL, SESSIONS);
}

int ctl_session_end(const struct ctl_args *args)
{
    json_t *session = NULL;
    char *path = ctl_path("/sessions/{}", args->positionals[0]);
    int code = path ? ctl_call(args, "DELETE", path, NULL, &session)
                    : ctl_fail(CTL_FAILED, "out of memory");

    free(path);
    return tell(args, code, session, "the session has ended");
}

/* -- user invite ------------------------------------------------------------------------------- */

/* What the portal is called unless the configuration says hosts. */
#define LOCAL_URL "https://localhost"

static int add_duration(const struct ctl_args *args, json_t *body)
{
    const char *text = ctl_arg(args, "for");
    uint64_t ms;

    if (!text)
        return CTL_OK;
    if (text_parse_duration_ms(text, strlen(text), AP_INVITATION_MIN_S * 1000ULL,
                               AP_INVITATION_S * 1000ULL, &ms) != 0)
        return ctl_fail(CTL_INVALID, "--for: a number with a unit, 1m to 7d");
    return json_object_set_new(body, "for", json_integer((json_int_t)(ms / 1000))) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

int ctl_user_invite(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *made = NULL;
    char *path = ctl_path("/users/{}/invitations", args->positionals[0]);
    int code = body && path ? add_duration(args, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &made);
    else
        json_decref(body);
    free(path);
    const char *url = json_string_value(json_object_get(made, "url"));
    if (code == CTL_OK && !args->json)
        fprintf(stderr,
                "%s may enter phones by this link, which opens once; it is shown this "
                "once\n",
                args->positionals[0]);
    if (code == CTL_OK && !args->json && url && strncmp(url, LOCAL_URL, strlen(LOCAL_URL)) == 0)
        fprintf(stderr, "it leads to this machine itself: for users elsewhere give the portal's "
                        "listener an address, hosts and networks\n");
    return tell(args, code, made, url);
}
