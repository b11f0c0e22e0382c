/* The decision. Pure: no clock, no store, no log. */
#include "autoprov/policy.h"

#include <stddef.h>

static const char *const REASON_NAMES[POLICY_REASON_COUNT] = {
    [POLICY_SERVE] = "served",
    [POLICY_BAD_REQUEST] = "bad_request",
    [POLICY_METHOD] = "method",
    [POLICY_UNKNOWN_PATH] = "unknown_path",
    [POLICY_BAD_TOKEN] = "bad_token",
    [POLICY_UNKNOWN_FILE] = "unknown_file",
    [POLICY_UNKNOWN_PAIR] = "unknown_pair",
    [POLICY_UNKNOWN_MAC] = "unknown_mac",
    [POLICY_FLAT_OFF] = "flat_off",
    [POLICY_ADDRESS_NOT_ALLOWED] = "address_not_allowed",
    [POLICY_DISABLED] = "disabled",
    [POLICY_RENDER_FAILED] = "render_failed",
};

static enum policy_reason decide_flat(const struct policy_facts *facts,
                                      const struct policy_options *options)
{
    if (!options->options->disable_auto_provision_security)
        return POLICY_FLAT_OFF;
    /* Behind a proxy the whole Internet looks private. */
    if (facts->has_forwarded || !network_list_contains(options->flat_networks, facts->source))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (!facts->phone)
        return POLICY_UNKNOWN_MAC;
    return POLICY_SERVE;
}

enum policy_reason policy_decide(const struct policy_facts *facts,
                                 const struct policy_options *options)
{
    if (facts->flat) {
        enum policy_reason reason = decide_flat(facts, options);
        if (reason != POLICY_SERVE)
            return reason;
    } else if (!facts->phone) {
        return POLICY_UNKNOWN_PAIR;
    }
    if (!facts->phone->enabled)
        return POLICY_DISABLED;
    return POLICY_SERVE;
}

const char *policy_reason_name(enum policy_reason reason)
{
    if ((int)reason < 0 || reason >= POLICY_REASON_COUNT)
        return "unknown";
    return REASON_NAMES[reason];
}
