/* phone … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"mac", "MAC"},
    {"user", "USER"},
    {"vendor", "VENDOR"},
    {"model", "MODEL"},
    {"label", "LABEL"},
    {"enabled", "ENABLED"},
    {"last_fetch_at", "LAST FETCH"},
    {0},
};
static const struct ctl_column STALE[] = {
    {"mac", "MAC"},
    {"user", "USER"},
    {"vendor", "VENDOR"},
    {"model", "MODEL"},
    {"files", "FILES"},
    {"last_fetch_at", "LAST FETCH"},
    {0},
};
static const struct ctl_column SETTINGS[] = {
    {"name", "SETTING"},
    {"value", "VALUE"},
    {"from", "FROM"},
    {0},
};
static const struct ctl_column FIELDS[] = {
    {"mac", "MAC:"},
    {"user", "User:"},
    {"vendor", "Vendor:"},
    {"model", "Model:"},
    {"label", "Label:"},
    {"lines", "Lines:"},
    {"enabled", "Enabled:"},
    {"external_id", "External id:"},
    {"sip_contact", "SIP contact:"},
    {"flat", "Flat mode:"},
    {"secrets", "Secrets:"},
    {"networks", "Networks:"},
    {"auth_required", "HTTP needed:"},
    {"auth_user", "HTTP user:"},
    {"auth_password_set", "HTTP password:"},
    {"enrol_until", "Window until:"},
    {"first_fetch_at", "First served:"},
    {"first_fetch_network", "First network:"},
    {"bootstrap_at", "Bootstrapped:"},
    {"moved_at", "Moved:"},
    {"last_fetch_at", "Last fetch:"},
    {"last_fetch_address", "Fetched from:"},
    {"last_fetch_agent", "User agent:"},
    {"last_fetch_digest", "Digest:"},
    {"fetches", "Fetches:"},
    {"refusals", "Refusals:"},
    {"last_refusal_at", "Last refusal:"},
    {"last_refusal_reason", "Refused for:"},
    {"created_at", "Created:"},
    {0},
};

int ctl_add_lines(const struct ctl_args *args, json_t *body)
{
    const char *names = ctl_arg(args, "lines");
    json_t *list;

    if (!names)
        return CTL_OK;
    list = json_array();
    while (list && *names) {
        size_t len = strcspn(names, ",");
        if (!text_is_utf8(names, len)) {
            json_decref(list);
            return ctl_fail(CTL_INVALID, "--lines: not UTF-8");
        }
        if (json_array_append_new(list, json_stringn(names, len)) != 0)
            break;
        names += len;
        names += *names == ',';
    }
    if (list && *names) {
        json_decref(list);
        list = NULL;
    }
    /* takes the list also when it fails, and fails without one */
    if (json_object_set_new(body, "lines", list) != 0)
        return ctl_fail(CTL_FAILED, "out of memory");
    return CTL_OK;
}

static int add_enabled(bool enabled, json_t *body)
{
    return json_object_set_new(body, "enabled", json_boolean(enabled)) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

/* What add and set have in common. */
static int add_fields(const struct ctl_args *args, json_t *body)
{
    int code = ctl_add_string(args, "vendor", "vendor", body);

    if (code == CTL_OK)
        code = ctl_add_string(args, "model", "model", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "label", "label", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "external-id", "external_id", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "sip-contact", "sip_contact", body);
    if (code == CTL_OK)
        code = ctl_add_lines(args, body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "flat", "flat", body);
    if (code == CTL_OK)
        code = ctl_add_string(args, "secrets", "secrets", body);
    if (code == CTL_OK)
        code = ctl_add_networks(args, body);
    return code == CTL_OK ? ctl_add_auth(args, body) : code;
}

void ctl_print_unused(const json_t *phone)
{
    json_int_t unused = json_integer_value(json_object_get(phone, "unused_lines"));

    if (unused > 0)
        fprintf(stderr,
                "autoprovctl: note: the model has no place for %lld of its lines; they are in no "
                "file\n",
                (long long)unused);
}

static void print_added(const char *mac, const json_t *phone)
{
    const char *vendor = json_string_value(json_object_get(phone, "vendor"));
    const char *model = json_string_value(json_object_get(phone, "model"));
    size_t lines = json_array_size(json_object_get(phone, "lines"));

    printf("phone %s added as %s%s%s with %zu line%s; next: autoprovctl phone url %s\n", mac,
           vendor ? vendor : "", model && model[0] ? " " : "", model ? model : "", lines,
           lines == 1 ? "" : "s", mac);
    ctl_print_unused(phone);
    ctl_print_made(phone);
}

int ctl_phone_add(const struct ctl_args *args)
{
    json_t *phone = NULL;
    json_t *body =
        json_pack("{s:s, s:s}", "user", args->positionals[0], "mac", args->positionals[1]);
    int code = body ? CTL_OK : ctl_fail(CTL_INVALID, "an argument is not UTF-8");

    if (code == CTL_OK)
        code = add_fields(args, body);
    if (code == CTL_OK && ctl_arg(args, "disabled"))
        code = add_enabled(false, body);
    if (code != CTL_OK) {
        json_decref(body);
        return code;
    }
    code = ctl_call(args, "POST", "/phones", body, &phone);
    if (code == CTL_OK && args->json)
        ctl_print_json(phone);
    else if (code == CTL_OK)
        print_added(args->positionals[1], phone);
    json_decref(phone);
    return code;
}

int ctl_phone_list(const struct ctl_args *args)
{
    static const char *const FILTERS[] = {"user",  "vendor", "model", "site",
                                          "state", "sort",   "order"};
    bool is_filtered = ctl_arg(args, "never-fetched") != NULL;
    json_t *items = NULL;
    char *path = strdup("/phones");

    for (size_t i = 0; i < AP_COUNT(FILTERS); i++) {
        const char *value = ctl_arg(args, FILTERS[i]);
        path = ctl_path_query(path, FILTERS[i], value);
        is_filtered = is_filtered || value;
    }
    is_filtered = is_filtered || ctl_arg(args, "search");
    path = ctl_path_query(path, "q", ctl_arg(args, "search"));
    path = ctl_path_query(path, "never_fetched", ctl_arg(args, "never-fetched") ? "true" : NULL);
    if (ctl_arg(args, "stale")) {
        free(path);
        return is_filtered ? ctl_fail(CTL_USAGE, "--stale stands alone: it takes no other filter")
                           : ctl_list(args, "/stale-phones", NULL, STALE);
    }
    int code =
        path ? ctl_call_list(args, path, &items) : ctl_fail(CTL_INVALID, "an argument is too long");
    if (code == CTL_OK)
        ctl_print_table(args, items, COLUMNS);
    json_decref(items);
    free(path);
    return code;
}

int ctl_phone_show(const struct ctl_args *args)
{
    char *path = ctl_path("/phones/{}/settings", args->positionals[0]);
    json_t *answer = NULL;
    int code = CTL_OK;

    if (!ctl_arg(args, "effective") || !args->json)
        code = ctl_show(args, "/phones/{}", FIELDS);
    if (code == CTL_OK && ctl_arg(args, "effective")) {
        code = path ? ctl_call(args, "GET", path, NULL, &answer)
                    : ctl_fail(CTL_FAILED, "out of memory");
        if (code == CTL_OK && !args->json)
            printf("\n");
        if (code == CTL_OK)
            ctl_print_table(args, json_object_get(answer, "items"), SETTINGS);
    }
    json_decref(answer);
    free(path);
    return code;
}

static int add_changes(const struct ctl_args *args, json_t *body)
{
    bool enable = ctl_arg(args, "enable") != NULL;
    bool disable = ctl_arg(args, "disable") != NULL;
    int code = CTL_OK;

    if (enable && disable)
        return ctl_fail(CTL_USAGE, "either --enable or --disable");
    if (enable || disable)
        code = add_enabled(enable, body);
    if (code == CTL_OK)
        code = add_fields(args, body);
    if (code == CTL_OK && json_object_size(body) == 0)
        code = ctl_fail(CTL_USAGE, "nothing to change; try: autoprovctl phone set --help");
    return code;
}

int ctl_phone_set(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *phone = NULL;
    char *path = ctl_path("/phones/{}", args->positionals[0]);
    int code = body && path ? add_changes(args, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(args, "PATCH", path, body, &phone);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(phone);
    else if (code == CTL_OK) {
        printf("phone %s changed; it gets it with its next fetch\n", args->positionals[0]);
        ctl_print_unused(phone);
        ctl_print_made(phone);
    }
    json_decref(phone);
    free(path);
    return code;
}

int ctl_phone_move(const struct ctl_args *args)
{
    const char *user = ctl_arg(args, "user");
    json_t *body = json_object();
    json_t *phone = NULL;
    char *path = ctl_path("/phones/{}/move", args->positionals[0]);
    int code = !user          ? ctl_fail(CTL_USAGE, "to whom? Give --user NAME")
               : body && path ? ctl_add_string(args, "user", "user", body)
                              : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_add_lines(args, body);
    if (code == CTL_OK)
        code = ctl_call(args, "POST", path, body, &phone);
    else
        json_decref(body);
    if (code == CTL_OK && args->json)
        ctl_print_json(phone);
    else if (code == CTL_OK) {
        printf("phone %s is %s's now, with %zu lines; its URL is another: autoprovctl phone url "
               "%s\n",
               args->positionals[0], user, json_array_size(json_object_get(phone, "lines")),
               args->positionals[0]);
        ctl_print_unused(phone);
    }
    json_decref(phone);
    free(path);
    return code;
}

int ctl_get_phone_url(const struct ctl_args *args, json_t **ret_result, const char **ret_url)
{
    char *path = ctl_path("/phones/{}/url", args->positionals[0]);
    int code = path ? ctl_call(args, "GET", path, NULL, ret_result)
                    : ctl_fail(CTL_FAILED, "out of memory");
    const char *member = ctl_arg(args, "base")    ? "provisioning_base_url"
                         : ctl_arg(args, "phone") ? "phone_url"
                                                  : "url";

    free(path);
    if (code != CTL_OK)
        return code;
    const char *url = json_string_value(json_object_get(*ret_result, member));
    *ret_url = url ? url : "";
    return CTL_OK;
}

int ctl_phone_url(const struct ctl_args *args)
{
    json_t *result = NULL;
    const char *url;
    int code = ctl_get_phone_url(args, &result, &url);

    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        printf("%s\n", url);
    json_decref(result);
    return code;
}

int ctl_phone_del(const struct ctl_args *args)
{
    return ctl_delete(args, "/phones/{}", "phone", "");
}
