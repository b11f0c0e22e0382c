/* key …: of a phone, or with --user of all phones of a user */
#include <stdio.h>
#include <stdlib.h>

#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"position", "KEY"},
    {"type", "TYPE"},
    {"value", "VALUE"},
    {"label", "LABEL"},
    {"line", "LINE"},
    {"of", "OF"},
    {0},
};

static char *keys_path(const struct ctl_args *args)
{
    return ctl_path(ctl_arg(args, "user") ? "/users/{}/keys" : "/phones/{}/keys",
                    args->positionals[0]);
}

int ctl_key_add(const struct ctl_args *args)
{
    json_t *body = json_pack("{s:s}", "type", args->positionals[1]);
    json_t *key = NULL;
    char *path = keys_path(args);
    int code = body && path ? CTL_OK : ctl_fail(CTL_INVALID, "an argument is not UTF-8");

    if (code == CTL_OK && args->positional_count > 2 &&
        json_object_set_new(body, "value", json_string(args->positionals[2])) != 0)
        code = ctl_fail(CTL_INVALID, "VALUE is not UTF-8");
    if (code == CTL_OK)
        code = ctl_add_string(args, "label", "label", body);
    if (code == CTL_OK)
        code = ctl_add_number(args, "line", "line", body);
    if (code == CTL_OK)
        code = ctl_add_number(args, "position", "position", body);
    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &key);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(key);
    else if (code == CTL_OK)
        printf("key %lld added; phones get it with their next fetch\n",
               (long long)json_integer_value(json_object_get(key, "position")));
    json_decref(key);
    free(path);
    return code;
}

int ctl_key_list(const struct ctl_args *args)
{
    json_t *page = NULL;
    char *path = keys_path(args);
    int code =
        path ? ctl_call(args, "GET", path, NULL, &page) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        ctl_print_table(args, json_object_get(page, "items"), COLUMNS);
    json_decref(page);
    free(path);
    return code;
}

int ctl_key_del(const struct ctl_args *args)
{
    json_t *answer = NULL;
    char *keys = keys_path(args);
    char *number = ctl_path("/{}", args->positionals[1]);
    char *path = NULL;
    int code = CTL_OK;

    if (!keys || !number || asprintf(&path, "%s%s", keys, number) < 0) {
        path = NULL;
        code = ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK)
        code = ctl_call(args, "DELETE", path, NULL, &answer);
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("key %s deleted; phones get it with their next fetch\n", args->positionals[1]);
    json_decref(answer);
    free(keys);
    free(number);
    free(path);
    return code;
}
