/* key …: of a phone, or with --user of all phones of a user */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"

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

static const struct ctl_column FIELDS[] = {
    {"position", "Key:"},
    {"type", "Type:"},
    {"value", "Value:"},
    {"label", "Label:"},
    {"line", "Line:"},
    {"of", "Of:"},
    {0},
};

static char *keys_path(const struct ctl_args *args)
{
    return ctl_path(ctl_arg(args, "user") ? "/users/{}/keys" : "/phones/{}/keys",
                    args->positionals[0]);
}

/* The path of one key: its number is the second positional. NULL without memory. */
static char *key_path(const struct ctl_args *args)
{
    char *keys = keys_path(args);
    char *number = ctl_path("/{}", args->positionals[1]);
    char *path = NULL;

    if (!keys || !number || asprintf(&path, "%s%s", keys, number) < 0)
        path = NULL;
    free(keys);
    free(number);
    return path;
}

/* TYPE [VALUE] from the given positional on, and what the options say. */
static int add_fields(const struct ctl_args *args, size_t first, json_t *body)
{
    int code = CTL_OK;

    if (json_object_set_new(body, "type", json_string(args->positionals[first])) != 0 ||
        (args->positional_count > first + 1 &&
         json_object_set_new(body, "value", json_string(args->positionals[first + 1])) != 0))
        code = ctl_fail(CTL_INVALID, "an argument is not UTF-8");
    if (code == CTL_OK)
        code = ctl_add_string(args, "label", "label", body);
    return code == CTL_OK ? ctl_add_number(args, "line", "line", body) : code;
}

int ctl_key_add(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *key = NULL;
    char *path = keys_path(args);
    int code = body && path ? add_fields(args, 1, body) : ctl_fail(CTL_FAILED, "out of memory");

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

int ctl_key_set(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *key = NULL;
    char *path = key_path(args);
    int code = body && path ? add_fields(args, 2, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(args, "PUT", path, body, &key);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(key);
    else if (code == CTL_OK)
        printf("key %s changed; phones get it with their next fetch\n", args->positionals[1]);
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

/* Its number as people give it: "7" and "07" are one. */
static bool is_key(const json_t *key, const char *text)
{
    uint64_t number;

    text += strspn(text, "0");
    return text_parse_u64(text, strlen(text), 1, UINT32_MAX, &number) == 0 &&
           (uint64_t)json_integer_value(json_object_get(key, "position")) == number;
}

/* A phone has its user's keys too, and its own before those at one position. */
int ctl_key_show(const struct ctl_args *args)
{
    json_t *page = NULL;
    const json_t *found = NULL;
    char *path = keys_path(args);
    int code =
        path ? ctl_call(args, "GET", path, NULL, &page) : ctl_fail(CTL_FAILED, "out of memory");
    const json_t *items = json_object_get(page, "items");

    for (size_t i = 0; code == CTL_OK && !found && i < json_array_size(items); i++) {
        if (is_key(json_array_get(items, i), args->positionals[1]))
            found = json_array_get(items, i);
    }
    if (code == CTL_OK && !found)
        code = ctl_fail(CTL_NOT_FOUND, "there is no key '%s'; look: autoprovctl key list %s",
                        args->positionals[1], args->positionals[0]);
    else if (code == CTL_OK)
        ctl_print_object(args, found, FIELDS);
    json_decref(page);
    free(path);
    return code;
}

int ctl_key_del(const struct ctl_args *args)
{
    json_t *answer = NULL;
    char *path = key_path(args);
    int code = path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(args, "DELETE", path, NULL, &answer);
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("key %s deleted; phones get it with their next fetch\n", args->positionals[1]);
    json_decref(answer);
    free(path);
    return code;
}
