/* The JSON custom options: shown, set and unset, unless the conf file sets them. */
#include <arpa/inet.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/options.h"

/* -- what flat mode would meet ----------------------------------------------------------------- */

static json_t *guard_json(const char *name, bool on, const char *value)
{
    return json_pack("{s:s, s:b, s:s?}", "name", name, "on", (int)on, "value", value);
}

static const char *networks_text(struct api_call *call, const struct network_list *list)
{
    char text[INET6_ADDRSTRLEN];
    const char *all = "";

    for (size_t i = 0; all && i < list->count; i++) {
        const struct network *network = &list->items[i];
        if (!inet_ntop(network->family, network->bytes, text, sizeof(text)))
            return NULL;
        all = api_text(call, "%s%s%s/%u", all, i > 0 ? ", " : "", text,
                       (unsigned)network->prefix_len);
    }
    return all;
}

/* The rails that hold when security is switched off: which are on, and how they are set. */
static json_t *flat_json(struct api_call *call)
{
    static const char *const FLATS[] = {[CONFIG_FLAT_FULL] = "full",
                                        [CONFIG_FLAT_BOOTSTRAP] = "bootstrap",
                                        [CONFIG_FLAT_OFF] = "off"};
    static const char *const AGENTS[] = {
        [CONFIG_AGENT_OFF] = "off", [CONFIG_AGENT_WARN] = "warn", [CONFIG_AGENT_REFUSE] = "refuse"};
    const struct config *config = call->snapshot->config;
    bool window = config->flat_enrolment == CONFIG_ENROLMENT_WINDOW;

    return json_pack(
        "[o, o, o, o, o]",
        guard_json("networks", true, networks_text(call, &config->flat_networks)),
        guard_json("agent", config->agent_check == CONFIG_AGENT_REFUSE,
                   AGENTS[config->agent_check]),
        guard_json("budget", true,
                   api_text(call, "%u an hour, %u of one OUI", (unsigned)config->flat_budget,
                            (unsigned)config->flat_budget_per_oui)),
        guard_json("secrets", config->flat != CONFIG_FLAT_FULL, FLATS[config->flat]),
        guard_json("window", window, window ? "window" : "open"));
}

static json_t *known_json(void)
{
    return json_pack("[{s:s, s:s, s:b}]", "name", "disable_auto_provision_security", "type",
                     "boolean", "default", 0);
}

/* -- options ----------------------------------------------------------------------------------- */

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
    return api_result(
        call, 200,
        json_pack("{s:s?, s:s, s:o, s:b, s:s?, s:o, s:o}", "custom_options", text, "source", source,
                  "effective", options_json(&snapshot->options), "read_only",
                  (int)snapshot->options_from_config, "reason",
                  snapshot->options_from_config
                      ? api_text(call, "custom_options is set in %s", snapshot->config->path)
                      : NULL,
                  "flat", flat_json(call), "known", known_json()));
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
