/* setting … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/variable.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"scope", "SCOPE"}, {"id", "OF"},         {"name", "NAME"},
    {"value", "VALUE"}, {"secret", "SECRET"}, {0},
};

/* "vendor:yealink" in its two halves; the id may hold colons. */
struct scope {
    char name[16];
    const char *id; /* "" : none */
};

static int read_scope(const struct ctl_args *args, struct scope *ret_scope)
{
    const char *text = ctl_arg(args, "scope");
    size_t len;

    if (!text)
        return ctl_fail(CTL_USAGE, "--scope is missing: global, vendor:NAME, model:VENDOR/MODEL, "
                                   "site:NAME, user:NAME or phone:MAC");
    len = strcspn(text, ":");
    if (len >= sizeof(ret_scope->name))
        return ctl_fail(CTL_INVALID, "'%s' is no scope", text);
    memcpy(ret_scope->name, text, len);
    ret_scope->name[len] = '\0';
    ret_scope->id = text[len] == ':' ? text + len + 1 : "";
    return CTL_OK;
}

/* The value as an argument, or from a file: a secret never stands in the arguments. */
static int add_value(const struct ctl_args *args, json_t *body)
{
    const char *name = args->positionals[0];
    size_t index;
    bool hidden = variable_setting_find(name, &index) == 0
                      ? variable_setting_at(index)->secret
                      : strncmp(name, VARIABLE_RAW_PREFIX, strlen(VARIABLE_RAW_PREFIX)) == 0 &&
                            variable_raw_is_secret(name);
    bool from_file = ctl_arg(args, "value-file") != NULL;

    if (from_file == (args->positional_count > 1))
        return ctl_fail(CTL_USAGE, "give a value%s",
                        hidden ? ": --value-file FILE, or - for "
                                 "standard input"
                               : ", or --value-file FILE");
    if (from_file)
        return ctl_add_secret(args, "value-file", "value", true, body);
    if (hidden)
        return ctl_fail(CTL_USAGE,
                        "%s is a secret, which other users of this machine would see among the "
                        "arguments: give --value-file FILE, or - for standard input",
                        name);
    if (json_object_set_new(body, "value", json_string(args->positionals[1])) != 0)
        return ctl_fail(CTL_INVALID, "VALUE is not UTF-8");
    return CTL_OK;
}

int ctl_setting_set(const struct ctl_args *args)
{
    struct scope scope = {.id = ""};
    json_t *body = NULL;
    json_t *setting = NULL;
    int code = read_scope(args, &scope);

    if (code == CTL_OK) {
        body = json_pack("{s:s, s:s, s:s}", "scope", scope.name, "id", scope.id, "name",
                         args->positionals[0]);
        code = body ? add_value(args, body) : ctl_fail(CTL_INVALID, "an argument is not UTF-8");
    }
    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "PUT", "/settings", body, &setting);
    if (code == CTL_OK && args->json)
        ctl_print_json(setting);
    else if (code == CTL_OK)
        printf("%s is set for %s%s%s; phones get it with their next fetch\n", args->positionals[0],
               scope.name, scope.id[0] ? " " : "", scope.id);
    json_decref(setting);
    return code;
}

int ctl_setting_unset(const struct ctl_args *args)
{
    struct scope scope = {.id = ""};
    json_t *answer = NULL;
    char *path = NULL;
    int code = read_scope(args, &scope);

    if (code != CTL_OK)
        return code;
    path = ctl_path_query(strdup("/settings"), "scope", scope.name);
    path = ctl_path_query(path, "id", scope.id[0] ? scope.id : NULL);
    path = ctl_path_query(path, "name", args->positionals[0]);
    code = path ? ctl_call(args, "DELETE", path, NULL, &answer)
                : ctl_fail(CTL_INVALID, "an argument is too long");
    if (code == CTL_OK && args->json)
        ctl_print_json(answer);
    else if (code == CTL_OK)
        printf("%s is not set for %s%s%s any more\n", args->positionals[0], scope.name,
               scope.id[0] ? " " : "", scope.id);
    json_decref(answer);
    free(path);
    return code;
}

static int get_list(const struct ctl_args *args, json_t **ret_items)
{
    struct scope scope = {.id = ""};
    char *path = strdup("/settings");
    int code = ctl_arg(args, "scope") ? read_scope(args, &scope) : CTL_OK;

    if (code == CTL_OK && scope.name[0])
        path = ctl_path_query(path, "scope", scope.name);
    if (code == CTL_OK && scope.id[0])
        path = ctl_path_query(path, "id", scope.id);
    if (code == CTL_OK)
        code = path ? ctl_call_list(args, path, ret_items)
                    : ctl_fail(CTL_INVALID, "an argument is too long");
    free(path);
    return code;
}

int ctl_setting_list(const struct ctl_args *args)
{
    json_t *items = NULL;
    int code = get_list(args, &items);

    if (code == CTL_OK)
        ctl_print_table(args, items, COLUMNS);
    json_decref(items);
    return code;
}

/* What a setting means, and everywhere that it is set. */
int ctl_setting_show(const struct ctl_args *args)
{
    const char *name = args->positionals[0];
    const struct variable *variable = NULL;
    json_t *items = NULL;
    json_t *own = json_array();
    size_t index;
    int code = own ? get_list(args, &items) : ctl_fail(CTL_FAILED, "out of memory");

    if (variable_setting_find(name, &index) == 0)
        variable = variable_setting_at(index);
    for (size_t i = 0; code == CTL_OK && i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        const char *other = json_string_value(json_object_get(item, "name"));
        if (other && strcmp(other, name) == 0 && json_array_append(own, item) != 0)
            code = ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK && !variable && json_array_size(own) == 0)
        code = ctl_fail(CTL_NOT_FOUND,
                        "there is no setting '%s', and nothing of that name is set; docs/"
                        "templates.md lists the settings",
                        name);
    if (code == CTL_OK && !args->json && variable)
        printf("%s: %s\ndefault: %s%s%s\n\n", name, variable->meaning,
               variable->default_value ? variable->default_value : "none",
               variable->choices ? "; one of: " : "", variable->choices ? variable->choices : "");
    if (code == CTL_OK)
        ctl_print_table(args, own, COLUMNS);
    json_decref(own);
    json_decref(items);
    return code;
}
