/* What keys demand of each other: of one listener, and at the top level. Knows no files but their
 * lines. */
#include <string.h>

#include "autoprov/array.h"
#include "config_private.h"

static bool is_for_admins(const struct config_listener *listener)
{
    return listener->serves != CONFIG_SERVES_PHONES;
}

static bool is_weak(const struct config_listener *listener)
{
    return listener->tls == CONFIG_TLS_LEGACY || listener->tls == CONFIG_TLS_OFF;
}

static bool weak_for_admins(const struct config_listener *listener)
{
    return is_for_admins(listener) && is_weak(listener);
}

static bool networks_of_admins(const struct config_listener *listener)
{
    return listener->serves == CONFIG_SERVES_ADMIN && listener->networks.count > 0;
}

static bool is_far_portal(const struct config_listener *listener)
{
    return listener->serves == CONFIG_SERVES_PORTAL && !address_is_loopback(&listener->address);
}

static bool portal_without_hosts(const struct config_listener *listener)
{
    return is_far_portal(listener) && listener->hosts.count == 0;
}

static bool portal_without_networks(const struct config_listener *listener)
{
    return is_far_portal(listener) && listener->networks.count == 0;
}

static bool hosts_without_portal(const struct config_listener *listener)
{
    return listener->serves != CONFIG_SERVES_PORTAL && listener->hosts.count > 0;
}

static bool weak_for_everybody(const struct config_listener *listener)
{
    return is_weak(listener) && listener->networks.count == 0;
}

static bool plain_in_public(const struct config_listener *listener)
{
    return listener->tls == CONFIG_TLS_OFF && !address_is_private(&listener->address);
}

static bool begins_with_http(const struct config_listener *listener)
{
    return listener->public_url && strncmp(listener->public_url, "http:", 5) == 0;
}

static bool https_without_tls(const struct config_listener *listener)
{
    return listener->tls == CONFIG_TLS_OFF && listener->public_url && !begins_with_http(listener);
}

static bool http_with_tls(const struct config_listener *listener)
{
    return listener->tls != CONFIG_TLS_OFF && begins_with_http(listener);
}

static bool asks_clients(const struct config_listener *listener)
{
    return listener->client_certificates != CONFIG_CERTIFICATES_OFF;
}

static bool asks_admins(const struct config_listener *listener)
{
    return asks_clients(listener) && is_for_admins(listener);
}

static bool asks_without_tls(const struct config_listener *listener)
{
    return asks_clients(listener) && listener->tls == CONFIG_TLS_OFF;
}

static bool asks_without_authority(const struct config_listener *listener)
{
    return asks_clients(listener) && listener->client_ca_files.count == 0;
}

static bool authority_without_asking(const struct config_listener *listener)
{
    return !asks_clients(listener) && listener->client_ca_files.count > 0;
}

static bool plain_secrets_with_tls(const struct config_listener *listener)
{
    return listener->plain_secrets == CONFIG_YES && listener->tls != CONFIG_TLS_OFF;
}

static bool resumes_and_asks(const struct config_listener *listener)
{
    return listener->tls_resumption && asks_clients(listener);
}

static bool resumes_without_tls(const struct config_listener *listener)
{
    return listener->tls_resumption && listener->tls == CONFIG_TLS_OFF;
}

static bool auth_of_admins(const struct config_listener *listener)
{
    return listener->auth != CONFIG_AUTH_NONE && is_for_admins(listener);
}

static bool auth_without_tls(const struct config_listener *listener)
{
    return listener->auth != CONFIG_AUTH_NONE && listener->tls == CONFIG_TLS_OFF;
}

static const struct rule {
    enum config_key_id key;
    bool (*is_broken)(const struct config_listener *listener);
    const char *text;
} RULES[] = {
    {KEY_TLS, weak_for_admins, "must be modern or compatible on a listener for admins"},
    {KEY_NETWORKS, networks_of_admins,
     "is for phones; where an API key may be used is said by 'autoprovctl apikey add --networks'"},
    {KEY_HOSTS, hosts_without_portal, "is for the portal: serves = portal"},
    {KEY_HOSTS, portal_without_hosts,
     "a portal beyond this machine needs the names that browsers call it by, such as "
     "hosts = { pbx.example.com }"},
    {KEY_NETWORKS, portal_without_networks,
     "a portal beyond this machine needs the networks that admins come from, such as "
     "networks = { 10.0.0.0/8 }"},
    {KEY_TLS, weak_for_everybody,
     "legacy and off need a list of networks in the same listener, such as "
     "networks = { 10.0.0.0/8 }: what they serve can be read or changed on its way"},
    {KEY_ADDRESS, plain_in_public,
     "tls = off needs one private or loopback address to listen on, such as 10.0.0.1"},
    {KEY_CLIENT_CERTIFICATES, asks_admins, "is for phones; programs have API keys"},
    {KEY_CLIENT_CERTIFICATES, asks_without_tls, "there are none with tls = off"},
    {KEY_CLIENT_CERTIFICATES, asks_without_authority,
     "needs client_ca_files in the same listener, such as "
     "client_ca_files = { yealink:/etc/autoprovd/tls/yealink.pem }"},
    {KEY_CLIENT_CA_FILES, authority_without_asking,
     "has no effect while client_certificates is off: set that to optional or required"},
    {KEY_AUTH, auth_of_admins, "is for phones; programs have API keys"},
    {KEY_AUTH, auth_without_tls,
     "must be none with tls = off: everybody on the way would read the passwords"},
    {KEY_PLAIN_SECRETS, plain_secrets_with_tls, "has a meaning with tls = off only"},
    {KEY_TLS_RESUMPTION, resumes_and_asks,
     "must be no where client_certificates are looked at: a connection that is resumed shows none"},
    {KEY_TLS_RESUMPTION, resumes_without_tls, "must be no with tls = off"},
    {KEY_PUBLIC_URL, http_with_tls, "must begin with https://"},
    {KEY_PUBLIC_URL, https_without_tls, "must begin with http://, since tls is off"},
};

int config_check_listener(const struct config_listener *listener, const struct config_scan *scan,
                          uint32_t number, struct ap_error *error)
{
    for (size_t i = 0; i < AP_COUNT(RULES); i++) {
        const struct config_key *key = &CONFIG_KEYS[RULES[i].key];
        if (!RULES[i].is_broken(listener))
            continue;
        int line = config_scan_line(scan, CONFIG_LISTENER, key, number, 0);
        return ap_error_set(error, AP_EINVAL, "%s:%d: %s: %s", listener->file,
                            line > 0 ? line : listener->line, key->name, RULES[i].text);
    }
    return 0;
}

/* -- top level --------------------------------------------------------------------------------- */

static bool pnp_nowhere(const struct config *config)
{
    return config->pnp != CONFIG_PNP_OFF && config->pnp_interfaces.count == 0;
}

static bool pnp_without_tls(const struct config *config)
{
    return config->pnp == CONFIG_PNP_PROVISION &&
           config_phone_listener(config)->tls == CONFIG_TLS_OFF;
}

static const struct top_rule {
    enum config_key_id key;
    bool (*is_broken)(const struct config *config);
    const char *text;
} TOP_RULES[] = {
    {KEY_PNP_INTERFACES, pnp_nowhere,
     "pnp needs the addresses of the interfaces to listen on, such as "
     "pnp_interfaces = { 192.168.1.10 }"},
    {KEY_PNP, pnp_without_tls,
     "provision needs a listener with TLS: the URL that a phone is told opens its SIP password"},
};

const struct config_key *config_check_top(const struct config *config, const char **ret_why)
{
    for (size_t i = 0; i < AP_COUNT(TOP_RULES); i++) {
        if (!TOP_RULES[i].is_broken(config))
            continue;
        *ret_why = TOP_RULES[i].text;
        return &CONFIG_KEYS[TOP_RULES[i].key];
    }
    return NULL;
}
