/* site … */
#include <stdio.h>
#include <stdlib.h>

#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "NAME"},
    {"users", "USERS"},
    {"external_id", "EXTERNAL ID"},
    {"created_at", "CREATED"},
    {0},
};

int ctl_site_add(const struct ctl_args *args)
{
    json_t *body = json_pack("{s:s}", "name", args->positionals[0]);
    json_t *site = NULL;
    int code = body ? ctl_add_string(args, "external-id", "external_id", body)
                    : ctl_fail(CTL_INVALID, "NAME is not UTF-8");

    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "POST", "/sites", body, &site);
    if (code == CTL_OK && args->json)
        ctl_print_json(site);
    else if (code == CTL_OK)
        printf("site %s added; next: autoprovctl user set USER --site %s\n", args->positionals[0],
               args->positionals[0]);
    json_decref(site);
    return code;
}

int ctl_site_list(const struct ctl_args *args)
{
    return ctl_list(args, "/sites", NULL, COLUMNS);
}

int ctl_site_show(const struct ctl_args *args)
{
    static const struct ctl_column FIELDS[] = {
        {"name", "Site:"},
        {"users", "Users:"},
        {"external_id", "External id:"},
        {"created_at", "Created:"},
        {0},
    };

    return ctl_show(args, "/sites/{}", FIELDS);
}

/* '' takes it away: null in the body. */
static int add_external_id(const struct ctl_args *args, json_t *body)
{
    const char *id = ctl_arg(args, "external-id");

    if (!id || id[0])
        return ctl_add_string(args, "external-id", "external_id", body);
    return json_object_set_new(body, "external_id", json_null()) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

int ctl_site_set(const struct ctl_args *args)
{
    const char *name = ctl_arg(args, "name");
    json_t *body = json_object();
    json_t *site = NULL;
    char *path = ctl_path("/sites/{}", args->positionals[0]);
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_add_string(args, "name", "name", body);
    if (code == CTL_OK)
        code = add_external_id(args, body);
    if (code == CTL_OK && json_object_size(body) == 0)
        code = ctl_fail(CTL_USAGE, "nothing to change; try: autoprovctl site set --help");
    if (code == CTL_OK)
        code = ctl_call(args, "PATCH", path, body, &site);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(site);
    else if (code == CTL_OK)
        printf("site %s changed%s%s\n", args->positionals[0], name ? "; it is now " : "",
               name ? name : "");
    json_decref(site);
    free(path);
    return code;
}

int ctl_site_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/sites/{}", "site", "with its settings");
}
