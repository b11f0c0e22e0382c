/* vendor …, model …: the catalogue */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_private.h"

static const struct ctl_column VENDORS[] = {
    {"name", "NAME"},
    {"title", "VENDOR"},
    {"models", "MODELS"},
    {"resync_event", "RESYNC EVENT"},
    {0},
};
static const struct ctl_column MODELS[] = {
    {"vendor", "VENDOR"}, {"model", "MODEL"}, {"lines", "LINES"}, {"keys", "KEYS"}, {0},
};
static const struct ctl_column FIELDS[] = {
    {"vendor", "Vendor:"}, {"model", "Model:"}, {"lines", "Lines:"},
    {"keys", "Keys:"},     {"url", "URL:"},     {0},
};
static const struct ctl_column FILES[] = {
    {"name", "FILE"},
    {"role", "ROLE"},
    {"template", "TEMPLATE"},
    {0},
};

static int list(const struct ctl_args *args, char *path, const struct ctl_column *columns)
{
    json_t *page = NULL;
    int code =
        path ? ctl_call(args, "GET", path, NULL, &page) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        ctl_print_table(args, json_object_get(page, "items"), columns);
    json_decref(page);
    free(path);
    return code;
}

int ctl_vendor_list(const struct ctl_args *args)
{
    return list(args, strdup("/vendors"), VENDORS);
}

int ctl_model_list(const struct ctl_args *args)
{
    return list(args, ctl_path_query(strdup("/models"), "vendor", ctl_arg(args, "vendor")), MODELS);
}

/* VENDOR/MODEL: two segments of the path. */
int ctl_model_show(const struct ctl_args *args)
{
    const char *name = args->positionals[0];
    const char *slash = strchr(name, '/');
    char *vendor = slash ? strndup(name, (size_t)(slash - name)) : NULL;
    char *first = vendor ? ctl_path("/models/{}/", vendor) : NULL;
    char *second = slash ? ctl_path("{}", slash + 1) : NULL;
    char *path = NULL;
    json_t *model = NULL;
    int code = slash ? CTL_OK : ctl_fail(CTL_INVALID, "give VENDOR/MODEL, as in yealink/T54W");

    if (code == CTL_OK && (!first || !second || asprintf(&path, "%s%s", first, second) < 0)) {
        path = NULL;
        code = ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK)
        code = ctl_call(args, "GET", path, NULL, &model);
    if (code == CTL_OK)
        ctl_print_object(args, model, FIELDS);
    if (code == CTL_OK && !args->json) {
        printf("\n");
        ctl_print_table(args, json_object_get(model, "files"), FILES);
    }
    json_decref(model);
    free(vendor);
    free(first);
    free(second);
    free(path);
    return code;
}
