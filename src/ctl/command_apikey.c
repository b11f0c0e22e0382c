/* apikey … */
#include <stdio.h>
#include <string.h>

#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "NAME"},         {"role", "ROLE"},          {"site", "SITE"},
    {"networks", "NETWORKS"}, {"created_at", "CREATED"}, {0},
};

/* --networks as a list; not given: nothing. */
static int add_networks(const struct ctl_args *args, json_t *body)
{
    const char *text = ctl_arg(args, "networks");
    json_t *list = text ? json_array() : NULL;

    for (const char *at = text ? text : ""; list && *at;) {
        size_t len = strcspn(at, ",");
        if (len > 0 && json_array_append_new(list, json_stringn(at, len)) != 0)
            return ctl_fail(CTL_INVALID, "--networks is not UTF-8");
        at += len;
        at += *at == ',';
    }
    if (list && json_object_set_new(body, "networks", list) != 0)
        return ctl_fail(CTL_FAILED, "out of memory");
    return CTL_OK;
}

int ctl_apikey_add(const struct ctl_args *args)
{
    const char *role = ctl_arg(args, "role");
    json_t *body =
        json_pack("{s:s, s:s}", "name", args->positionals[0], "role", role ? role : "viewer");
    json_t *key = NULL;
    int code = body ? ctl_add_string(args, "site", "site", body)
                    : ctl_fail(CTL_INVALID, "NAME or ROLE is not UTF-8");

    if (code == CTL_OK)
        code = add_networks(args, body);
    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "POST", "/api-keys", body, &key);
    if (code == CTL_OK && args->json) {
        ctl_print_json(key);
    } else if (code == CTL_OK) {
        printf("%s\n", json_string_value(json_object_get(key, "key")));
        fprintf(stderr,
                "API key %s added with the role %s; it is shown this once. Send it as: "
                "Authorization: Bearer KEY\n",
                args->positionals[0], json_string_value(json_object_get(key, "role")));
    }
    json_decref(key);
    return code;
}

int ctl_apikey_list(const struct ctl_args *args)
{
    return ctl_list(args, "/api-keys", NULL, COLUMNS);
}

int ctl_apikey_show(const struct ctl_args *args)
{
    static const struct ctl_column FIELDS[] = {
        {"name", "API key:"},      {"role", "Role:"},          {"site", "Site:"},
        {"networks", "Networks:"}, {"created_at", "Created:"}, {0},
    };

    return ctl_show(args, "/api-keys/{}", FIELDS);
}

int ctl_apikey_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/api-keys/{}", "API key", "whoever uses it is let in no more");
}
