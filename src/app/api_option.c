/* The JSON custom options: shown, set and unset, unless the conf file sets them. */
#include <string.h>

#include "api_private.h"
#include "autoprov/options.h"

static json_t *options_json(const struct options *options)
{
    return json_pack("{s:b}", "disable_auto_provision_security",
                     (int)options->disable_auto_provision_security);
}

int api_options_show(struct api_call *call, struct store_db *db)
{
    const struct snapshot *snapshot = call->snapshot;
    const char *text = NULL;
    const char *source = "none";

    if (snapshot->options_from_config) {
        text = snapshot->config->custom_options;
        source = "config";
    } else {
        int err = store_options_get(db, &call->arena, &text);
        if (err && err != AP_ENOENT)
            return err;
        if (!err)
            source = "store";
    }
    return api_result(call, 200,
                      json_pack("{s:s?, s:s, s:o}", "custom_options", text, "source", source,
                                "effective", options_json(&snapshot->options)));
}

/* Switching is the daemon's: the answer comes when every worker has the new value. */
static int write_options(struct api_call *call, struct store_db *db, const char *text,
                         const char *detail)
{
    if (call->snapshot->options_from_config)
        return api_problem(call, AP_ECONFLICT, NULL,
                           "custom_options is set in %s: change it there and reload",
                           call->snapshot->config->path);
    int err = store_options_set(db, text);
    if (!err)
        err = api_audit(call, db, "options", detail);
    if (!err)
        err = api_result(
            call, 200,
            json_pack("{s:s?, s:s}", "custom_options", text, "source", text ? "store" : "none"));
    return err;
}

int api_options_set(struct api_call *call, struct store_db *db)
{
    const char *text = NULL;
    struct options options;
    struct ap_error detail;
    const struct api_field fields[] = {
        {.name = "custom_options",
         .type = API_FIELD_RAW,
         .required = true,
         .may_be_empty = true,
         .target = &text},
    };
    int err = api_read_fields(call, fields, 1);

    if (err)
        return err;
    err = options_parse(text, strlen(text), &options, &detail);
    if (err)
        return api_problem(call, err == AP_ENOMEM ? err : AP_EINVAL, "/custom_options", "%s",
                           detail.text);
    /* What it means: the text itself may be longer than an audit row. */
    return write_options(call, db, text,
                         options.disable_auto_provision_security
                             ? "disable_auto_provision_security=true"
                             : "disable_auto_provision_security=false");
}

int api_options_unset(struct api_call *call, struct store_db *db)
{
    return write_options(call, db, NULL, "unset");
}
