/* pnp …: phones that asked by multicast */
#include <stdio.h>
#include <stdlib.h>

#include "autoprov/array.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"mac", "MAC"},           {"vendor", "VENDOR"},   {"model", "MODEL"},
    {"firmware", "FIRMWARE"}, {"source", "FROM"},     {"interface", "INTERFACE"},
    {"count", "TIMES"},       {"last_at", "LAST"},    {"known", "KNOWN"},
    {"told_at", "TOLD"},      {"outcome", "OUTCOME"}, {0},
};
static const struct ctl_column FIELDS[] = {
    {"mac", "MAC:"},
    {"vendor", "Vendor:"},
    {"model", "Model:"},
    {"said_vendor", "Says vendor:"},
    {"said_model", "Says model:"},
    {"firmware", "Firmware:"},
    {"user_agent", "User agent:"},
    {"contact", "Contact:"},
    {"source", "From:"},
    {"interface", "Interface:"},
    {"first_at", "First:"},
    {"last_at", "Last:"},
    {"count", "Times:"},
    {"known", "Known:"},
    {"told_at", "Told:"},
    {"outcome", "Outcome:"},
    {0},
};

int ctl_pnp_list(const struct ctl_args *args)
{
    return ctl_list(args, ctl_arg(args, "unknown") ? "/pnp?known=no" : "/pnp", NULL, COLUMNS);
}

int ctl_pnp_show(const struct ctl_args *args)
{
    return ctl_show(args, "/pnp/{}", FIELDS);
}

static int add_fields(const struct ctl_args *args, json_t *body)
{
    static const char *const NAMES[] = {"user", "vendor", "model", "label"};
    int code = ctl_arg(args, "user") ? CTL_OK : ctl_fail(CTL_USAGE, "--user is missing");

    for (size_t i = 0; code == CTL_OK && i < AP_COUNT(NAMES); i++)
        code = ctl_add_string(args, NAMES[i], NAMES[i], body);
    if (code == CTL_OK)
        code = ctl_add_lines(args, body);
    return code == CTL_OK ? ctl_add_window(args, body) : code;
}

static void print_adopted(const char *mac, const json_t *phone)
{
    const char *vendor = json_string_value(json_object_get(phone, "vendor"));
    const char *model = json_string_value(json_object_get(phone, "model"));
    size_t lines = json_array_size(json_object_get(phone, "lines"));

    printf(
        "phone %s added as %s%s%s with %zu line%s; next: restart it, so that it asks again while "
        "its window is open\n",
        mac, vendor ? vendor : "", model && model[0] ? " " : "", model ? model : "", lines,
        lines == 1 ? "" : "s");
    ctl_print_unused(phone);
}

int ctl_pnp_adopt(const struct ctl_args *args)
{
    char *path = ctl_path("/pnp/{}/adopt", args->positionals[0]);
    json_t *body = json_object();
    json_t *phone = NULL;
    int code = body && path ? add_fields(args, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &phone);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(phone);
    else if (code == CTL_OK)
        print_adopted(args->positionals[0], phone);
    json_decref(phone);
    free(path);
    return code;
}

int ctl_pnp_forget(const struct ctl_args *args)
{
    char *path = ctl_path("/pnp/{}", args->positionals[0]);
    json_t *row = NULL;
    int code =
        path ? ctl_call(args, "DELETE", path, NULL, &row) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && args->json)
        ctl_print_json(row);
    else if (code == CTL_OK)
        printf("%s is forgotten until it asks again\n", args->positionals[0]);
    json_decref(row);
    free(path);
    return code;
}
