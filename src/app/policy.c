/* The decision. Pure: no clock, no store, no log. */
#include "autoprov/policy.h"

#include <stddef.h>
#include <string.h>

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
    [POLICY_PROBE] = "probe",
    [POLICY_FLAT_ONLY] = "flat_only",
    [POLICY_BURNT] = "burnt",
    [POLICY_CERTIFICATE_MISMATCH] = "certificate_mismatch",
};

/* Behind a proxy the whole Internet looks private. */
static bool is_within(const struct network_list *networks, const struct policy_facts *facts)
{
    return !facts->has_forwarded && network_list_contains(networks, facts->source);
}

static enum policy_reason decide_flat(const struct policy_facts *facts,
                                      const struct policy_options *options)
{
    if (!options->options->disable_auto_provision_security)
        return POLICY_FLAT_OFF;
    if (!is_within(options->flat_networks, facts))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (!facts->phone && !facts->common)
        return POLICY_UNKNOWN_MAC;
    return POLICY_SERVE;
}

/* Who holds a leaked token is elsewhere, as a rule. */
static bool is_where_it_was(const struct policy_facts *facts)
{
    char source[AP_ADDRESS_TEXT_MAX];

    address_format(facts->source, source);
    return !facts->has_forwarded && strcmp(source, facts->phone->last_fetch_address) == 0;
}

static enum policy_reason decide_file(const struct policy_facts *facts)
{
    if (facts->file == POLICY_FILE_FOREIGN)
        return POLICY_UNKNOWN_FILE;
    if (facts->file == POLICY_FILE_PROBED)
        return POLICY_PROBE;
    return facts->flat_only && !facts->flat ? POLICY_FLAT_ONLY : POLICY_SERVE;
}

/* Last of all: a record of it says that somebody had everything but the phone. */
static enum policy_reason decide_certificate(const struct policy_facts *facts,
                                             const struct policy_options *options)
{
    bool is_wanting = !facts->certificate_proves_mac;

    if (options->client_certificates == CONFIG_CERTIFICATES_OPTIONAL)
        is_wanting = is_wanting && facts->certificate_names_phone;
    return options->client_certificates != CONFIG_CERTIFICATES_OFF && is_wanting
               ? POLICY_CERTIFICATE_MISMATCH
               : POLICY_SERVE;
}

enum policy_reason policy_decide(const struct policy_facts *facts,
                                 const struct policy_options *options)
{
    if (options->networks && options->networks->count > 0 && !is_within(options->networks, facts))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (facts->flat) {
        enum policy_reason flat = decide_flat(facts, options);
        if (flat != POLICY_SERVE)
            return flat;
    } else if (facts->common ? !facts->token_known : !facts->phone) {
        return POLICY_UNKNOWN_PAIR;
    }
    if (!facts->common && !facts->phone->enabled)
        return POLICY_DISABLED;
    if (facts->burnt && !is_where_it_was(facts))
        return POLICY_BURNT;
    enum policy_reason reason = decide_file(facts);
    return reason != POLICY_SERVE ? reason : decide_certificate(facts, options);
}

const char *policy_reason_name(enum policy_reason reason)
{
    if ((int)reason < 0 || reason >= POLICY_REASON_COUNT)
        return "unknown";
    return REASON_NAMES[reason];
}
