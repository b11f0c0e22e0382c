/* The table of keys, and where each value lives. Knows no file and no parser. */
#include "config_private.h"

#include <string.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

#define PATH_BYTES 4095 /* PATH_MAX without its NUL */
#define DECADE_S   (3650 * 86400)

#define DEFAULT_FLAT_NETWORKS                                                                      \
    "{ 127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, "          \
    "fe80::/10, fc00::/7 }"

/* section, name, type, default, min, max, unit, reloadable, help */
const struct config_key CONFIG_KEYS[] = {
    [KEY_USER] = {CONFIG_TOP, "user", CONFIG_STRING, "autoprovd", 1, 32, NULL, false,
                  "The account that `autoprovctl init` gives its files to, and that the daemon "
                  "becomes when root starts it. The systemd unit's `User=` must be the same."},
    [KEY_GROUP] = {CONFIG_TOP, "group", CONFIG_STRING, "autoprovd", 1, 32, NULL, false,
                   "Members of this group may use the control socket."},
    [KEY_SANDBOX] = {CONFIG_TOP, "sandbox", CONFIG_CHOICE, "yes", 1, 16, NULL, false,
                     "Whether the daemon fences itself in once its ports are bound: only the "
                     "folders that it uses can be opened (Landlock), only the system calls that it "
                     "needs can be made (seccomp). yes or no."},
    [KEY_WORKERS] = {CONFIG_TOP, "workers", CONFIG_NUMBER, "0", 0, 64, "threads", false,
                     "Threads that serve phones. 0 means one per core."},
    [KEY_STATE_DIRECTORY] = {CONFIG_TOP, "state_directory", CONFIG_PATH, "/var/lib/autoprovd", 1,
                             PATH_BYTES, NULL, false,
                             "Folder of the database and its lock file; an absolute path."},
    [KEY_MASTER_KEY_FILE] =
        {CONFIG_TOP, "master_key_file", CONFIG_PATH, "/etc/autoprovd/master.key", 1, PATH_BYTES,
         NULL, false,
         "File with the key that seals all secrets in the database: an absolute "
         "path, or the name of a systemd credential."},
    [KEY_CONTROL_SOCKET] = {CONFIG_TOP, "control_socket", CONFIG_PATH,
                            "/run/autoprovd/control.sock", 1, 107, NULL, false,
                            "Where autoprovctl reaches the daemon; an absolute path."},
    [KEY_TEMPLATES_DIRECTORY] = {CONFIG_TOP, "templates_directory", CONFIG_PATH,
                                 "/usr/share/autoprovd/templates", 1, PATH_BYTES, NULL, true,
                                 "Folder of the shipped templates; an absolute path."},
    [KEY_CUSTOM_TEMPLATES_DIRECTORY] = {CONFIG_TOP, "custom_templates_directory", CONFIG_PATH,
                                        "/etc/autoprovd/templates", 1, PATH_BYTES, NULL, true,
                                        "Folder of your own templates, which go before shipped "
                                        "ones of the same name; an absolute path that may be "
                                        "absent."},
    [KEY_VENDORS_DIRECTORY] = {CONFIG_TOP, "vendors_directory", CONFIG_PATH,
                               "/usr/share/autoprovd/vendors", 1, PATH_BYTES, NULL, true,
                               "Folder of the shipped catalogue of vendors and models; an absolute "
                               "path."},
    [KEY_CUSTOM_VENDORS_DIRECTORY] = {CONFIG_TOP, "custom_vendors_directory", CONFIG_PATH,
                                      "/etc/autoprovd/vendors", 1, PATH_BYTES, NULL, true,
                                      "Folder of your own catalogue files, which go before shipped "
                                      "ones of the same name; an absolute path that may be "
                                      "absent."},
    [KEY_PROVISION_PREFIX] = {CONFIG_TOP, "provision_prefix", CONFIG_STRING, "/provision", 2, 64,
                              NULL, true,
                              "First part of the path of every provisioning URL. Phones that have "
                              "been told the old one do not find the new one."},
    [KEY_FLAT_NETWORKS] = {CONFIG_TOP, "flat_networks", CONFIG_LIST, DEFAULT_FLAT_NETWORKS, 0,
                           AP_CONFIG_NETWORKS_MAX, "networks", true,
                           "Where a phone may come from in flat mode, that is without a token in "
                           "its URL. Without effect while flat mode is off."},
    [KEY_FLAT] = {CONFIG_TOP, "flat", CONFIG_CHOICE, "full", 1, 16, NULL, true,
                  "What flat mode gives a phone that `autoprovctl phone set --flat` says nothing "
                  "of: full (its file), bootstrap (a file without secrets that points it to a URL "
                  "of its own, for one use) or off. Without effect while flat mode is off."},
    [KEY_FLAT_ENROLMENT] = {CONFIG_TOP, "flat_enrolment", CONFIG_CHOICE, "open", 1, 16, NULL, true,
                            "Whom flat mode serves: open (every phone that is entered) or window "
                            "(one with an open window of `autoprovctl phone enrol`, or in the "
                            "network of its first fetch)."},
    [KEY_FLAT_BUDGET] = {CONFIG_TOP, "flat_budget", CONFIG_NUMBER, "600", 1, 4096, "MACs", true,
                         "Different MACs that flat mode refuses as unknown within an hour; beyond, "
                         "it pauses for 15 minutes and raises an alarm."},
    [KEY_FLAT_BUDGET_PER_OUI] = {CONFIG_TOP, "flat_budget_per_oui", CONFIG_NUMBER, "120", 1, 4096,
                                 "MACs", true, "The same of one OUI, a MAC's first three bytes."},
    [KEY_PNP] = {CONFIG_TOP, "pnp", CONFIG_CHOICE, "off", 1, 16, NULL, false,
                 "What becomes of phones without a configuration that ask by multicast (SIP PnP): "
                 "off (nobody listens), discover (they are listed, and nobody is answered) or "
                 "provision (a phone that is entered is told a URL of its own, for one use, while "
                 "its window of `autoprovctl phone enrol` is open)."},
    [KEY_PNP_INTERFACES] =
        {CONFIG_TOP, "pnp_interfaces", CONFIG_LIST, "{ }", 0, AP_SIP_INTERFACES_MAX, "addresses",
         false,
         "The IPv4 addresses of this machine in the networks where phones ask by "
         "multicast. Needed unless `pnp` is off."},
    [KEY_PNP_PORT] = {CONFIG_TOP, "pnp_port", CONFIG_NUMBER, "5060", 1, 65535, NULL, false,
                      "UDP port of the multicast group 224.0.1.75 that phones ask."},
    [KEY_SIP_PORT] = {CONFIG_TOP, "sip_port", CONFIG_NUMBER, "0", 0, 65535, NULL, false,
                      "Local UDP port that SIP messages leave from and answers come to. 0 means "
                      "any free one."},
    [KEY_SECRETS] =
        {CONFIG_TOP, "secrets", CONFIG_CHOICE, "always", 1, 16, NULL, true,
         "When a phone's file holds its secrets, unless `autoprovctl phone set "
         "--secrets` says otherwise: always, once (the first fetch after `phone enrol`) "
         "or first_network (only in the network of that fetch). Else the lines with "
         "secrets are left out."},
    [KEY_AGENT_CHECK] = {CONFIG_TOP, "agent_check", CONFIG_CHOICE, "warn", 1, 16, NULL, true,
                         "What follows when the User-Agent names another MAC or another vendor's "
                         "phone than the one it fetches for: off (nothing), warn (an alarm) or "
                         "refuse (an alarm, and the miss)."},
    [KEY_CUSTOM_OPTIONS] = {CONFIG_TOP, "custom_options", CONFIG_STRING, NULL, 0,
                            AP_CUSTOM_OPTIONS_MAX_BYTES, NULL, true,
                            "The JSON custom options. When this key is set it wins over what "
                            "`autoprovctl options set` has stored; an empty text means no "
                            "options."},
    [KEY_MAX_CONNECTIONS] = {CONFIG_TOP, "max_connections", CONFIG_NUMBER, "10000", 1, 65535,
                             "connections", false,
                             "Open connections of phones, all listeners together."},
    [KEY_MAX_CONNECTIONS_PER_SOURCE] = {CONFIG_TOP, "max_connections_per_source", CONFIG_NUMBER,
                                        "1000", 1, 65535, "connections", false,
                                        "Open connections from one IPv4 address or one IPv6 /64. A "
                                        "whole customer may stand behind one address."},
    [KEY_MAX_HANDSHAKES] = {CONFIG_TOP, "max_handshakes", CONFIG_NUMBER, "256", 1, 65535,
                            "handshakes", false,
                            "TLS handshakes in progress; further connections wait for their turn."},
    [KEY_MAX_HANDSHAKES_PER_SOURCE] = {CONFIG_TOP, "max_handshakes_per_source", CONFIG_NUMBER, "64",
                                       1, 65535, "handshakes", false,
                                       "TLS handshakes in progress from one IPv4 address or one "
                                       "IPv6 /64; further connections wait for their turn."},
    [KEY_THROTTLE] = {CONFIG_TOP, "throttle", CONFIG_CHOICE, "yes", 1, 16, NULL, true,
                      "Whether refusals come late to a source that guesses tokens or MACs: yes or "
                      "no. Phones with a right URL are served at once in any case."},
    [KEY_FETCH_RETENTION] = {CONFIG_TOP, "fetch_retention", CONFIG_DURATION, "90d", 3600, DECADE_S,
                             NULL, true,
                             "How long the record of a fetch is kept: who fetched what, when and "
                             "from where."},
    [KEY_FETCH_ROWS_MAX] = {CONFIG_TOP, "fetch_rows_max", CONFIG_NUMBER, "10000000", 1000,
                            1000000000, "rows", true,
                            "Records of fetches that are kept at most; the oldest go first. One "
                            "takes about 150 bytes."},
    [KEY_REFUSAL_RETENTION] = {CONFIG_TOP, "refusal_retention", CONFIG_DURATION, "30d", 3600,
                               DECADE_S, NULL, true, "How long the record of a refusal is kept."},
    [KEY_REFUSAL_ROWS_MAX] = {CONFIG_TOP, "refusal_rows_max", CONFIG_NUMBER, "1000000", 1000,
                              1000000000, "rows", true,
                              "Records of refusals that are kept at most; the oldest go first."},
    [KEY_NOTIFIER] = {CONFIG_TOP, "notifier", CONFIG_CHOICE, "direct", 1, 16, NULL, true,
                      "Who tells phones to fetch: direct (the daemon sends the NOTIFY) or external "
                      "(a program takes the orders, for a PBX that sends it: `autoprovctl "
                      "notifier`)."},
    [KEY_RESYNC_RATE] = {CONFIG_TOP, "resync_rate", CONFIG_NUMBER, "10", 1, AP_RESYNC_RATE_MAX,
                         "phones", true,
                         "Phones that one order of `autoprovctl resync` tells in a second, unless "
                         "it says another rate."},
    [KEY_RESYNC_STALE] = {CONFIG_TOP, "resync_stale", CONFIG_CHOICE, "no", 1, 16, NULL, true,
                          "Whether phones whose file has changed since they fetched it are told by "
                          "the daemon itself: yes or no."},
    [KEY_LOG_LEVEL] = {CONFIG_TOP, "log_level", CONFIG_CHOICE, "info", 1, 16, NULL, true,
                       "Lines below this level are not logged: error, warning, notice, info or "
                       "debug."},
    [KEY_LOG_FORMAT] = {CONFIG_TOP, "log_format", CONFIG_CHOICE, "text", 1, 16, NULL, true,
                        "How a line looks: text (an event and key=value pairs) or json (an object "
                        "with `ts`, `level`, `event` and a member for each pair)."},
    [KEY_LOG_TARGET] = {CONFIG_TOP, "log_target", CONFIG_CHOICE, "auto", 1, 16, NULL, true,
                        "Where lines go: stderr, journal (each pair is a field of its own), or "
                        "auto: the journal when standard error is connected to it."},
    [KEY_SERVES] =
        {CONFIG_LISTENER, "serves", CONFIG_CHOICE, "phones", 1, 16, NULL, false,
         "Whom the listener is for: phones, admin (programs that use the API with a key of "
         "`autoprovctl apikey add`), or portal (the API, and the web portal's pages for "
         "admins and users who sign in)."},
    [KEY_ADDRESS] = {CONFIG_LISTENER, "address", CONFIG_STRING, "0.0.0.0", 1, 45, NULL, false,
                     "Numeric IPv4 or IPv6 address to listen on; 0.0.0.0 is every IPv4 address, :: "
                     "every IPv6 address; for admins and the portal 127.0.0.1 by default."},
    [KEY_PORT] =
        {CONFIG_LISTENER, "port", CONFIG_NUMBER, "443", 1, 65535, NULL, false,
         "TCP port to listen on. The default of a listener for admins or the portal is 8443."},
    [KEY_PUBLIC_URL] =
        {CONFIG_LISTENER, "public_url", CONFIG_STRING, NULL, 1, 512, NULL, true,
         "What phones call this listener: https://HOST or https://HOST:PORT, nothing "
         "after it. Every provisioning URL begins so."},
    [KEY_PROXY_PROTOCOL] =
        {CONFIG_LISTENER, "proxy_protocol", CONFIG_CHOICE, "no", 1, 16, NULL, false,
         "Whether a proxy stands before the listener and tells by a PROXY header whom it connects "
         "for: no, or v2, the binary form."},
    [KEY_PROXY_PEERS] = {CONFIG_LISTENER, "proxy_peers", CONFIG_LIST, "{ }", 0,
                         AP_CONFIG_NETWORKS_MAX, "networks", true,
                         "The proxies of `proxy_protocol = v2`; whoever else connects is closed at "
                         "once."},
    [KEY_TLS] = {CONFIG_LISTENER, "tls", CONFIG_CHOICE, "modern", 1, 16, NULL, true,
                 "Which TLS the listener speaks: modern (1.2 and 1.3, ECDHE with AEAD), compatible "
                 "(at 1.2 also ECDHE with CBC, and RSA key exchange), legacy (from 1.0) or off "
                 "(plain HTTP)."},
    [KEY_TLS_RESUMPTION] = {CONFIG_LISTENER, "tls_resumption", CONFIG_CHOICE, "no", 1, 16, NULL,
                            true,
                            "Whether a client may come back within an hour without a full "
                            "handshake: no or yes, by session tickets."},
    [KEY_NETWORKS] = {CONFIG_LISTENER, "networks", CONFIG_LIST, "{ }", 0, AP_CONFIG_NETWORKS_MAX,
                      "networks", true,
                      "Where phones of this listener may come from; an empty list means "
                      "everywhere. Of the portal: who may connect at all."},
    [KEY_HOSTS] = {CONFIG_LISTENER, "hosts", CONFIG_LIST, "{ }", 0, AP_CONFIG_HOSTS_MAX, "names",
                   true,
                   "What browsers call the portal: the names that may stand in their address line. "
                   "An empty list means localhost, 127.0.0.1 and [::1]."},
    [KEY_CLIENT_CERTIFICATES] =
        {CONFIG_LISTENER, "client_certificates", CONFIG_CHOICE, "off", 1, 16, NULL, true,
         "Whether phones show the certificate that their vendor gave them: off, optional (one of "
         "another phone is refused) or required (one that names the phone's MAC)."},
    [KEY_CLIENT_CA_FILES] =
        {CONFIG_LISTENER, "client_ca_files", CONFIG_LIST, "{ }", 0, AP_CONFIG_CA_FILES_MAX, "files",
         true,
         "Whose certificates count: VENDOR:/path of a PEM file with the authorities that sign that "
         "vendor's phones."},
    [KEY_CLIENT_CRL_FILE] = {CONFIG_LISTENER, "client_crl_file", CONFIG_PATH, NULL, 1, PATH_BYTES,
                             NULL, true,
                             "PEM file with revocation lists of these authorities; an absolute "
                             "path."},
    [KEY_AUTH] = {CONFIG_LISTENER, "auth", CONFIG_CHOICE, "none", 1, 16, NULL, true,
                  "Whether phones must say a user name and a password of their own: none, basic, "
                  "digest (SHA-256 or MD5) or digest_md5."},
    [KEY_PLAIN_SECRETS] = {CONFIG_LISTENER, "plain_secrets", CONFIG_CHOICE, "no", 1, 16, NULL, true,
                           "Whether a listener with `tls = off` serves files with secrets, which "
                           "everybody on the way can read: yes, or no, bootstrap files only."},
    [KEY_CERTIFICATE_FILE] = {CONFIG_CERTIFICATE, "certificate_file", CONFIG_PATH, NULL, 1,
                              PATH_BYTES, NULL, true,
                              "PEM file with the certificate and, after it, the intermediate ones; "
                              "an absolute path."},
    [KEY_KEY_FILE] = {CONFIG_CERTIFICATE, "key_file", CONFIG_PATH, NULL, 1, PATH_BYTES, NULL, true,
                      "PEM file with the private key of that certificate; an absolute path."},
};
const size_t CONFIG_KEY_COUNT = AP_COUNT(CONFIG_KEYS);
_Static_assert(AP_COUNT(CONFIG_KEYS) == KEY_COUNT, "one row per key");

#define TOP(field)         offsetof(struct config, field)
#define LISTENER(field)    offsetof(struct config_listener, field)
#define CERTIFICATE(field) offsetof(struct config_certificate, field)

/* In the order of their enums. */
static const char *const FLATS[] = {"full", "bootstrap", "off", NULL};
static const char *const ENROLMENTS[] = {"open", "window", NULL};
static const char *const PNPS[] = {"off", "discover", "provision", NULL};
static const char *const SECRETS[] = {"always", "once", "first_network", NULL};
static const char *const AGENT_CHECKS[] = {"off", "warn", "refuse", NULL};
static const char *const FORMATS[] = {"text", "json", NULL};
static const char *const PROXIES[] = {"no", "v2", NULL};
static const char *const SERVES[] = {"phones", "admin", "portal", NULL};
static const char *const SWITCH[] = {"no", "yes", NULL};
static const char *const CERTIFICATES[] = {"off", "optional", "required", NULL};
static const char *const AUTHS[] = {"none", "basic", "digest", "digest_md5", NULL};
static const char *const TLS[] = {"modern", "compatible", "legacy", "off", NULL};
static const char *const NOTIFIERS[] = {"direct", "external", NULL};
static const char *const TARGETS[] = {"auto", "stderr", "journal", NULL};

static const struct config_binding BINDINGS[KEY_COUNT] = {
    [KEY_USER] = {SLOT_TEXT, TOP(user), config_check_account, NULL},
    [KEY_GROUP] = {SLOT_TEXT, TOP(group), config_check_account, NULL},
    [KEY_SANDBOX] = {SLOT_WORD, TOP(sandbox), NULL, SWITCH},
    [KEY_WORKERS] = {SLOT_U32, TOP(workers), NULL, NULL},
    [KEY_STATE_DIRECTORY] = {SLOT_TEXT, TOP(state_directory), config_check_path, NULL},
    [KEY_MASTER_KEY_FILE] = {SLOT_TEXT, TOP(master_key_file), config_check_path_or_name, NULL},
    [KEY_CONTROL_SOCKET] = {SLOT_TEXT, TOP(control_socket), config_check_path, NULL},
    [KEY_TEMPLATES_DIRECTORY] = {SLOT_TEXT, TOP(templates_directory), config_check_path, NULL},
    [KEY_CUSTOM_TEMPLATES_DIRECTORY] = {SLOT_TEXT, TOP(custom_templates_directory),
                                        config_check_path, NULL},
    [KEY_VENDORS_DIRECTORY] = {SLOT_TEXT, TOP(vendors_directory), config_check_path, NULL},
    [KEY_CUSTOM_VENDORS_DIRECTORY] = {SLOT_TEXT, TOP(custom_vendors_directory), config_check_path,
                                      NULL},
    [KEY_PROVISION_PREFIX] = {SLOT_TEXT, TOP(provision_prefix), config_check_prefix, NULL},
    [KEY_FLAT_NETWORKS] = {SLOT_NETWORKS, TOP(flat_networks), NULL, NULL},
    [KEY_FLAT] = {SLOT_WORD, TOP(flat), NULL, FLATS},
    [KEY_FLAT_ENROLMENT] = {SLOT_WORD, TOP(flat_enrolment), NULL, ENROLMENTS},
    [KEY_FLAT_BUDGET] = {SLOT_U32, TOP(flat_budget), NULL, NULL},
    [KEY_FLAT_BUDGET_PER_OUI] = {SLOT_U32, TOP(flat_budget_per_oui), NULL, NULL},
    [KEY_PNP] = {SLOT_WORD, TOP(pnp), NULL, PNPS},
    [KEY_PNP_INTERFACES] = {SLOT_ADDRESSES, TOP(pnp_interfaces), NULL, NULL},
    [KEY_PNP_PORT] = {SLOT_U32, TOP(pnp_port), NULL, NULL},
    [KEY_SIP_PORT] = {SLOT_U32, TOP(sip_port), NULL, NULL},
    [KEY_SECRETS] = {SLOT_WORD, TOP(secrets), NULL, SECRETS},
    [KEY_AGENT_CHECK] = {SLOT_WORD, TOP(agent_check), NULL, AGENT_CHECKS},
    [KEY_CUSTOM_OPTIONS] = {SLOT_OPTIONS, TOP(custom_options), NULL, NULL},
    [KEY_MAX_CONNECTIONS] = {SLOT_U32, TOP(max_connections), NULL, NULL},
    [KEY_MAX_CONNECTIONS_PER_SOURCE] = {SLOT_U32, TOP(max_connections_per_source), NULL, NULL},
    [KEY_MAX_HANDSHAKES] = {SLOT_U32, TOP(max_handshakes), NULL, NULL},
    [KEY_MAX_HANDSHAKES_PER_SOURCE] = {SLOT_U32, TOP(max_handshakes_per_source), NULL, NULL},
    [KEY_THROTTLE] = {SLOT_WORD, TOP(throttle), NULL, SWITCH},
    [KEY_FETCH_RETENTION] = {SLOT_DURATION, TOP(fetch_retention_s), NULL, NULL},
    [KEY_FETCH_ROWS_MAX] = {SLOT_U32, TOP(fetch_rows_max), NULL, NULL},
    [KEY_REFUSAL_RETENTION] = {SLOT_DURATION, TOP(refusal_retention_s), NULL, NULL},
    [KEY_REFUSAL_ROWS_MAX] = {SLOT_U32, TOP(refusal_rows_max), NULL, NULL},
    [KEY_NOTIFIER] = {SLOT_WORD, TOP(notifier), NULL, NOTIFIERS},
    [KEY_RESYNC_RATE] = {SLOT_U32, TOP(resync_rate), NULL, NULL},
    [KEY_RESYNC_STALE] = {SLOT_WORD, TOP(resync_stale), NULL, SWITCH},
    [KEY_LOG_LEVEL] = {SLOT_LEVEL, TOP(log_level), NULL, NULL},
    [KEY_LOG_FORMAT] = {SLOT_WORD, TOP(log_format), NULL, FORMATS},
    [KEY_LOG_TARGET] = {SLOT_WORD, TOP(log_target), NULL, TARGETS},
    [KEY_SERVES] = {SLOT_WORD, LISTENER(serves), NULL, SERVES},
    [KEY_ADDRESS] = {SLOT_ADDRESS, LISTENER(address), NULL, NULL},
    [KEY_PORT] = {SLOT_PORT, LISTENER(address), NULL, NULL},
    [KEY_PUBLIC_URL] = {SLOT_TEXT, LISTENER(public_url), config_check_public_url, NULL},
    [KEY_PROXY_PROTOCOL] = {SLOT_WORD, LISTENER(proxy_protocol), NULL, PROXIES},
    [KEY_PROXY_PEERS] = {SLOT_NETWORKS, LISTENER(proxy_peers), NULL, NULL},
    [KEY_TLS] = {SLOT_WORD, LISTENER(tls), NULL, TLS},
    [KEY_TLS_RESUMPTION] = {SLOT_FLAG, LISTENER(tls_resumption), NULL, NULL},
    [KEY_NETWORKS] = {SLOT_NETWORKS, LISTENER(networks), NULL, NULL},
    [KEY_HOSTS] = {SLOT_HOSTS, LISTENER(hosts), NULL, NULL},
    [KEY_CLIENT_CERTIFICATES] = {SLOT_WORD, LISTENER(client_certificates), NULL, CERTIFICATES},
    [KEY_CLIENT_CA_FILES] = {SLOT_CA_FILES, LISTENER(client_ca_files), NULL, NULL},
    [KEY_CLIENT_CRL_FILE] = {SLOT_TEXT, LISTENER(client_crl_file), config_check_path, NULL},
    [KEY_AUTH] = {SLOT_WORD, LISTENER(auth), NULL, AUTHS},
    [KEY_PLAIN_SECRETS] = {SLOT_WORD, LISTENER(plain_secrets), NULL, SWITCH},
    [KEY_CERTIFICATE_FILE] = {SLOT_TEXT, CERTIFICATE(certificate_file), config_check_path, NULL},
    [KEY_KEY_FILE] = {SLOT_TEXT, CERTIFICATE(key_file), config_check_path, NULL},
};

const struct config_binding *config_key_binding(const struct config_key *key)
{
    return &BINDINGS[key - CONFIG_KEYS];
}

const char *config_pnp_name(enum config_pnp pnp)
{
    return PNPS[pnp];
}

const char *config_serves_name(enum config_serves serves)
{
    return SERVES[serves];
}

const char *config_section_name(enum config_section section)
{
    switch (section) {
    case CONFIG_LISTENER:
        return "listener";
    case CONFIG_CERTIFICATE:
        return "certificate";
    default:
        return "top level";
    }
}

const struct config_key *config_key_find(enum config_section section, const char *name, size_t len)
{
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        if (key->section == section && strlen(key->name) == len &&
            memcmp(key->name, name, len) == 0)
            return key;
    }
    return NULL;
}

uint32_t config_workers_per_core(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t most = CONFIG_KEYS[KEY_WORKERS].max;

    if (cores < 1)
        return 1;
    return (uint64_t)cores > most ? (uint32_t)most : (uint32_t)cores;
}
