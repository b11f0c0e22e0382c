/* options … */
#include <stdio.h>
#include <string.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "ctl_private.h"

int ctl_options_show(const struct ctl_args *args)
{
    json_t *result = NULL;
    int code = ctl_call(args, "GET", "/options", NULL, &result);
    const char *text = json_string_value(json_object_get(result, "custom_options"));
    const char *source = json_string_value(json_object_get(result, "source"));

    if (code == CTL_OK && args->json) {
        ctl_print_json(result);
    } else if (code == CTL_OK) {
        printf("%s\n", text ? text : "{}");
        fprintf(stderr, "set %s\n",
                source && strcmp(source, "config") == 0  ? "in the configuration file"
                : source && strcmp(source, "store") == 0 ? "by options set"
                                                         : "nowhere: all defaults");
    }
    json_decref(result);
    return code;
}

static int set_options(const struct ctl_args *args, const char *text)
{
    json_t *result = NULL;

    if (text[strspn(text, " \t\r\n")] == '\0')
        return ctl_fail(CTL_INVALID,
                        "the custom options are empty; to remove them: autoprovctl options unset");
    json_t *body = json_pack("{s:s}", "custom_options", text);
    int code = body ? ctl_call(args, "PUT", "/options", body, &result)
                    : ctl_fail(CTL_INVALID, "the custom options are not UTF-8");

    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        printf("custom options set; every worker uses them\n");
    json_decref(result);
    return code;
}

int ctl_options_set(const struct ctl_args *args)
{
    struct ap_error error;
    struct buf text;
    int code;

    if (strcmp(args->positionals[0], "-") != 0)
        return set_options(args, args->positionals[0]);
    buf_init(&text, AP_CUSTOM_OPTIONS_MAX_BYTES);
    int err = file_read("-", &text, &error);
    code = err ? ctl_fail(ctl_exit_of(err), "%s", error.text)
               : set_options(args, text.data ? text.data : "");
    buf_done(&text);
    return code;
}

int ctl_options_unset(const struct ctl_args *args)
{
    json_t *result = NULL;
    int code = ctl_call(args, "DELETE", "/options", NULL, &result);

    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        printf("custom options removed; every worker uses the defaults\n");
    json_decref(result);
    return code;
}
