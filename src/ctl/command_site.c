/* site … */
#include <stdio.h>

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

int ctl_site_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/sites/{}", "site", "with its settings");
}
