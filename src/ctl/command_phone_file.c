/* phone preview, phone diff, explain: what a phone gets, and why */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "ctl_private.h"

static const struct ctl_column FILES[] = {
    {"file", "FILE"},   {"role", "ROLE"},
    {"state", "STATE"}, {"delivered_at", "DELIVERED"},
    {"error", "ERROR"}, {0},
};
static const struct ctl_column STEPS[] = {
    {"step", "STEP"},
    {"ok", "OK"},
    {"detail", "DETAIL"},
    {0},
};

int ctl_phone_preview(const struct ctl_args *args)
{
    bool secrets = ctl_arg(args, "secrets") != NULL;
    char *path = ctl_path(secrets ? "/phones/{}/preview/secrets" : "/phones/{}/preview",
                          args->positionals[0]);
    json_t *answer = NULL;
    int code;

    if (args->positional_count > 1)
        path = ctl_path_query(path, "file", args->positionals[1]);
    code =
        path ? ctl_call(args, "GET", path, NULL, &answer) : ctl_fail(CTL_FAILED, "out of memory");
    const json_t *body = json_object_get(answer, "body");
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK && json_is_string(body))
        (void)fwrite(json_string_value(body), 1, json_string_length(body),
                     stdout); /* ctl_finish() looks */
    json_decref(answer);
    free(path);
    return code;
}

int ctl_phone_diff(const struct ctl_args *args)
{
    char *path = ctl_path("/phones/{}/files", args->positionals[0]);
    json_t *page = NULL;
    int code =
        path ? ctl_call(args, "GET", path, NULL, &page) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        ctl_print_table(args, json_object_get(page, "items"), FILES);
    json_decref(page);
    free(path);
    return code;
}

/* A URL holds a token: it comes from standard input, never as an argument. */
static int add_url(json_t *body)
{
    struct secret url = {0};
    struct ap_error error;
    int code = CTL_OK;
    int err = file_read_secret("-", AP_SECRET_FILE_MAX_BYTES, true, &url, &error);

    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    if (json_object_set_new(body, "url", json_stringn((const char *)url.bytes, url.len)) != 0)
        code = ctl_fail(CTL_INVALID, "the URL is not UTF-8");
    secret_done(&url);
    return code;
}

static int add_subject(const struct ctl_args *args, json_t *body)
{
    const char *subject = args->positionals[0];

    if (strcmp(subject, "-") == 0)
        return add_url(body);
    if (strchr(subject, '/'))
        return ctl_fail(CTL_USAGE, "a URL holds a secret, which other users of this machine would "
                                   "see among the arguments: give - and write it to standard "
                                   "input");
    if (json_object_set_new(body, "mac", json_string(subject)) != 0)
        return ctl_fail(CTL_INVALID, "MAC is not UTF-8");
    return CTL_OK;
}

static void print_explanation(const json_t *answer, const struct ctl_args *args)
{
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    const char *next = json_string_value(json_object_get(answer, "next"));

    ctl_print_table(args, json_object_get(answer, "steps"), STEPS);
    printf("\n%s\nnext: %s\n",
           json_is_true(json_object_get(answer, "served")) ? "served"
           : reason                                        ? reason
                                                           : "",
           next ? next : "");
}

int ctl_explain(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *answer = NULL;
    int code = body ? add_subject(args, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_add_string(args, "from", "from", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "agent", "agent", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "file", "file", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "listener", "listener", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "certificate", "certificate", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "credentials", "credentials", body);
    if (code == CTL_OK && ctl_arg(args, "pnp") &&
        json_object_set_new(body, "pnp", json_true()) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK)
        code = ctl_call(args, "POST", "/explain", body, &answer);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        print_explanation(answer, args);
    json_decref(answer);
    return code;
}
