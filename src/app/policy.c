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
    [POLICY_FLAT_PAUSED] = "flat_paused",
    [POLICY_FLAT_CLOSED] = "flat_closed",
    [POLICY_FLAT_MOVED] = "flat_moved",
    [POLICY_WINDOW_CLOSED] = "window_closed",
    [POLICY_NO_BOOTSTRAP] = "no_bootstrap",
    [POLICY_BOOTSTRAP_USED] = "bootstrap_used",
    [POLICY_OTHER_NETWORK] = "other_network",
    [POLICY_AGENT_CONTRADICTS] = "agent_contradicts",
    [POLICY_NO_SOURCE] = "no_source",
    [POLICY_CERTIFICATE_MISMATCH] = "certificate_mismatch",
    [POLICY_PLAIN_HTTP] = "plain_http",
    [POLICY_CREDENTIALS_MISSING] = "credentials_missing",
    [POLICY_CREDENTIALS_WRONG] = "credentials_wrong",
    [POLICY_AUTH_REQUIRED] = "auth_required",
    [POLICY_PNP_OFF] = "pnp_off",
    [POLICY_PNP_DISCOVER] = "pnp_discover",
    [POLICY_PNP_UNKNOWN] = "pnp_unknown",
    [POLICY_PNP_ADDRESS] = "pnp_address",
};

/* As conf/fail2ban and conf/monitoring have them. */
static const bool GUESSES[POLICY_REASON_COUNT] = {
    [POLICY_BAD_TOKEN] = true, [POLICY_UNKNOWN_PAIR] = true,        [POLICY_UNKNOWN_MAC] = true,
    [POLICY_FLAT_OFF] = true,  [POLICY_ADDRESS_NOT_ALLOWED] = true,
};

static const bool ROUTINE[POLICY_REASON_COUNT] = {
    [POLICY_UNKNOWN_FILE] = true,
    [POLICY_PROBE] = true,
    [POLICY_FLAT_ONLY] = true,
    [POLICY_RENDER_FAILED] = true,
};

/* -- facts of a phone -------------------------------------------------------------------------- */

/* Behind a proxy the whole Internet looks private. */
static bool is_within(const struct network_list *networks, const struct policy_facts *facts)
{
    return !facts->has_forwarded && network_list_contains(networks, facts->source);
}

/* Who is behind a proxy may be anybody, so he is nowhere. */
static bool is_in(const struct policy_facts *facts, const char *networks)
{
    return !facts->has_forwarded && network_text_contains(networks, facts->source);
}

static bool is_in_first_network(const struct policy_facts *facts)
{
    const char *network = facts->phone->access.first_network;

    return network && is_in(facts, network);
}

/* A window is used up by the first fetch, and that opened it anew to its repeats. */
static bool has_window(const struct policy_facts *facts)
{
    const struct store_access *access = &facts->phone->access;

    return access->enrol_until > facts->now &&
           (!access->first_network || is_in_first_network(facts));
}

static enum store_flat flat_of(const struct policy_facts *facts,
                               const struct policy_options *options)
{
    enum store_flat flat = facts->phone->access.flat;

    flat = flat == STORE_FLAT_DEFAULT ? options->flat : flat;
    /* Without TLS everybody on the way reads along. */
    if (flat == STORE_FLAT_FULL && options->is_plain && !options->plain_secrets)
        flat = STORE_FLAT_BOOTSTRAP;
    return flat;
}

/* -- flat form --------------------------------------------------------------------------------- */

static enum policy_reason decide_flat(const struct policy_facts *facts,
                                      const struct policy_options *options)
{
    if (!options->options->disable_auto_provision_security)
        return POLICY_FLAT_OFF;
    if (!is_within(options->flat_networks, facts))
        return POLICY_ADDRESS_NOT_ALLOWED;
    return facts->flat_paused ? POLICY_FLAT_PAUSED : POLICY_SERVE;
}

static enum policy_reason decide_flat_phone(const struct policy_facts *facts,
                                            const struct policy_options *options)
{
    enum store_flat flat = flat_of(facts, options);

    if (flat == STORE_FLAT_OFF)
        return POLICY_FLAT_CLOSED;
    if (facts->phone->access.moved_at > 0)
        return POLICY_FLAT_MOVED;
    /* The phone's own certificate is as good as a window. */
    if (options->flat_needs_window && !has_window(facts) && !is_in_first_network(facts) &&
        !facts->certificate_proves_mac)
        return POLICY_WINDOW_CLOSED;
    if (flat == STORE_FLAT_BOOTSTRAP && facts->file == POLICY_FILE_SERVED && !facts->has_bootstrap)
        return POLICY_NO_BOOTSTRAP;
    return POLICY_SERVE;
}

/* -- token form -------------------------------------------------------------------------------- */

/* Who holds a leaked token is elsewhere, as a rule. */
static bool is_where_it_was(const struct policy_facts *facts)
{
    char source[AP_ADDRESS_TEXT_MAX];

    address_format(facts->source, source);
    return !facts->has_forwarded && strcmp(source, facts->phone->last_fetch_address) == 0;
}

static enum policy_reason decide_bootstrap(const struct policy_facts *facts)
{
    const struct store_access *access = &facts->phone->access;

    if (!access->token_network || !is_in(facts, access->token_network))
        return POLICY_OTHER_NETWORK;
    if (access->token_used_at > 0 && facts->now - access->token_used_at > STORE_SAME_FETCH_S)
        return POLICY_BOOTSTRAP_USED;
    return POLICY_SERVE;
}

/* -- any form ---------------------------------------------------------------------------------- */

static enum policy_reason decide_phone(const struct policy_facts *facts,
                                       const struct policy_options *options)
{
    const struct store_access *access = &facts->phone->access;
    enum policy_reason reason = POLICY_SERVE;

    if (!facts->phone->enabled)
        return POLICY_DISABLED;
    if ((access->networks && !is_in(facts, access->networks)) ||
        (access->user_networks && !is_in(facts, access->user_networks)))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (facts->flat)
        reason = decide_flat_phone(facts, options);
    else if (facts->burnt && !is_where_it_was(facts))
        reason = POLICY_BURNT;
    else if (facts->bootstrap)
        reason = decide_bootstrap(facts);
    if (reason == POLICY_SERVE && options->refuses_agents && facts->agent != CATALOGUE_AGENT_SILENT)
        reason = POLICY_AGENT_CONTRADICTS;
    return reason;
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

/* What is refused whichever phone is meant, if any. */
static enum policy_reason decide_place(const struct policy_facts *facts,
                                       const struct policy_options *options)
{
    if (options->auth != CONFIG_AUTH_NONE && facts->auth == POLICY_AUTH_NONE)
        return POLICY_CREDENTIALS_MISSING;
    if (options->networks && options->networks->count > 0 && !is_within(options->networks, facts))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (facts->flat)
        return decide_flat(facts, options);
    return options->is_plain ? POLICY_PLAIN_HTTP : POLICY_SERVE;
}

/* Wrong credentials are the same for a phone that there is and for one that there is not. */
static enum policy_reason decide_pair(const struct policy_facts *facts,
                                      const struct policy_options *options)
{
    if (options->auth != CONFIG_AUTH_NONE && facts->auth != POLICY_AUTH_RIGHT)
        return POLICY_CREDENTIALS_WRONG;
    if (facts->flat)
        return facts->phone || facts->common ? POLICY_SERVE : POLICY_UNKNOWN_MAC;
    if (facts->common ? !facts->token_known : !facts->phone)
        return POLICY_UNKNOWN_PAIR;
    return POLICY_SERVE;
}

static enum policy_reason decide_auth(const struct policy_facts *facts,
                                      const struct policy_options *options)
{
    bool is_required = facts->phone && facts->phone->access.auth.required;

    return is_required && options->auth == CONFIG_AUTH_NONE ? POLICY_AUTH_REQUIRED : POLICY_SERVE;
}

enum policy_reason policy_decide(const struct policy_facts *facts,
                                 const struct policy_options *options)
{
    enum policy_reason reason = decide_place(facts, options);

    if (reason == POLICY_SERVE)
        reason = decide_pair(facts, options);
    if (reason == POLICY_SERVE && !facts->common)
        reason = decide_phone(facts, options);
    if (reason == POLICY_SERVE)
        reason = decide_file(facts);
    if (reason == POLICY_SERVE)
        reason = decide_auth(facts, options);
    return reason == POLICY_SERVE ? decide_certificate(facts, options) : reason;
}

/* -- how much of it ---------------------------------------------------------------------------- */

static enum store_secrets secrets_of(const struct policy_facts *facts,
                                     const struct policy_options *options)
{
    enum store_secrets secrets = facts->phone->access.secrets;

    return secrets == STORE_SECRETS_DEFAULT ? options->secrets : secrets;
}

static bool holds_secrets(const struct policy_facts *facts, const struct policy_options *options)
{
    const struct store_access *access = &facts->phone->access;
    enum store_secrets secrets = secrets_of(facts, options);

    if (secrets == STORE_SECRETS_ALWAYS || !access->first_network)
        return true;
    if (!is_in_first_network(facts))
        return false;
    /* At zero with a network: the password is another since, and the phone may have it once. */
    return secrets == STORE_SECRETS_FIRST_NETWORK || access->first_at == 0 ||
           facts->now - access->first_at <= STORE_SAME_FETCH_S;
}

enum policy_part policy_part(const struct policy_facts *facts, const struct policy_options *options)
{
    if (facts->common)
        return POLICY_PART_WHOLE;
    if (facts->flat && flat_of(facts, options) == STORE_FLAT_BOOTSTRAP)
        return POLICY_PART_BOOTSTRAP;
    return holds_secrets(facts, options) ? POLICY_PART_WHOLE : POLICY_PART_WITHOUT_SECRETS;
}

bool policy_is_first(const struct policy_facts *facts, const struct policy_options *options)
{
    if (facts->common || facts->phone->access.first_at > 0 ||
        policy_part(facts, options) != POLICY_PART_WHOLE)
        return false;
    /* A window was for this fetch, whichever way it came. */
    return facts->flat || facts->phone->access.enrol_until > facts->now ||
           secrets_of(facts, options) != STORE_SECRETS_ALWAYS;
}

bool policy_has_moved(const struct policy_facts *facts)
{
    return !facts->common && !facts->flat && !facts->bootstrap && !facts->burnt &&
           facts->phone->access.bootstrap_at > 0 && facts->phone->access.moved_at == 0;
}

/* -- by multicast ------------------------------------------------------------------------------ */

/* Whatever flat_enrolment says: a source can be forged, so it takes an admin who expects the phone.
 */
static bool has_pnp_window(const struct policy_pnp_facts *facts)
{
    const struct store_access *access = &facts->phone->access;

    return access->enrol_until > facts->now &&
           (!access->first_network || network_text_contains(access->first_network, facts->source));
}

static bool is_in_pnp_networks(const struct policy_pnp_facts *facts)
{
    const struct store_access *access = &facts->phone->access;

    return (!access->networks || network_text_contains(access->networks, facts->source)) &&
           (!access->user_networks || network_text_contains(access->user_networks, facts->source));
}

enum policy_reason policy_pnp_decide(const struct policy_pnp_facts *facts,
                                     const struct policy_pnp_options *options)
{
    if (options->mode != CONFIG_PNP_PROVISION)
        return options->mode == CONFIG_PNP_OFF ? POLICY_PNP_OFF : POLICY_PNP_DISCOVER;
    if (!address_is_private(facts->source) &&
        !network_list_contains(options->flat_networks, facts->source))
        return POLICY_PNP_ADDRESS;
    if (!facts->phone)
        return POLICY_PNP_UNKNOWN;
    if (!facts->phone->enabled)
        return POLICY_DISABLED;
    if (!is_in_pnp_networks(facts))
        return POLICY_PNP_ADDRESS;
    if (facts->flat_only)
        return POLICY_FLAT_ONLY;
    if (!facts->has_url)
        return POLICY_NO_BOOTSTRAP;
    if (facts->phone->access.moved_at > 0)
        return POLICY_FLAT_MOVED;
    return has_pnp_window(facts) ? POLICY_SERVE : POLICY_WINDOW_CLOSED;
}

/* -- reasons ----------------------------------------------------------------------------------- */

bool policy_is_guess(enum policy_reason reason)
{
    return (unsigned)reason < POLICY_REASON_COUNT && GUESSES[reason];
}

bool policy_is_routine(enum policy_reason reason)
{
    return (unsigned)reason < POLICY_REASON_COUNT && ROUTINE[reason];
}

const char *policy_reason_name(enum policy_reason reason)
{
    if ((int)reason < 0 || reason >= POLICY_REASON_COUNT)
        return "unknown";
    return REASON_NAMES[reason];
}
