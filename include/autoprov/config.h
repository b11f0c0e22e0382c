/* autoprovd.conf and conf.d/ into one checked struct. Knows neither store nor network. */
#ifndef AUTOPROV_CONFIG_H
#define AUTOPROV_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/log.h"
#include "autoprov/options.h"

#define CONFIG_DEFAULT_PATH "/etc/autoprovd/autoprovd.conf"

/* certificate "rsa" { … } inside a listener. Files are named here and opened by net/. */
struct config_certificate {
    char *name;
    char *certificate_file; /* PEM, leaf first, then intermediates */
    char *key_file;         /* PEM */
    int line;               /* where the section begins, for messages */
};

enum config_switch { CONFIG_NO, CONFIG_YES };

/* Whom a listener is for. */
enum config_serves {
    CONFIG_SERVES_PHONES,
    CONFIG_SERVES_ADMIN,  /* the API */
    CONFIG_SERVES_PORTAL, /* the API, and pages for browsers with sessions */
};

/* "phones", "admin", "portal". */
const char *config_serves_name(enum config_serves serves);

struct config_host_list {
    char **items; /* owned */
    size_t count;
};

enum config_proxy { CONFIG_PROXY_NO, CONFIG_PROXY_V2 };

/* What protects a listener's connections. */
enum config_tls {
    CONFIG_TLS_MODERN,
    CONFIG_TLS_COMPATIBLE,
    CONFIG_TLS_LEGACY, /* for phones, and networks is not empty */
    CONFIG_TLS_OFF,    /* plain HTTP: the same, on a private or loopback address */
};

/* What phones of a listener show of themselves. */
enum config_client_certificates {
    CONFIG_CERTIFICATES_OFF,      /* they are not asked */
    CONFIG_CERTIFICATES_OPTIONAL, /* one that names another phone is refused, none is not */
    CONFIG_CERTIFICATES_REQUIRED, /* one that names this phone, by the vendor's own authority */
};

/* What phones of a listener say of themselves. */
enum config_auth {
    CONFIG_AUTH_NONE,
    CONFIG_AUTH_BASIC,
    CONFIG_AUTH_DIGEST,     /* SHA-256 is asked for first, then MD5 */
    CONFIG_AUTH_DIGEST_MD5, /* MD5 alone: for phones that read the first challenge only */
};

/* "VENDOR:/path": the authorities that sign this vendor's phones. */
struct config_ca_file {
    char *vendor; /* of the catalogue */
    char *path;   /* PEM */
};
struct config_ca_list {
    struct config_ca_file *items; /* owned */
    size_t count;
};

/* listener "phones" { … }: a door, HTTPS unless tls says off. */
struct config_listener {
    char *name;
    char *file; /* the configuration file that it stands in */
    enum config_serves serves;
    struct address address;
    enum config_proxy proxy_protocol;
    struct network_list proxy_peers; /* never everything; with CONFIG_PROXY_V2 one or more */
    char *public_url; /* "https://pbx.example.com" ("http://…" with tls off), no trailing slash:
                         provisioning URLs begin so; NULL for admins, unless set */
    enum config_tls tls;
    bool tls_resumption;
    struct network_list networks;  /* where phones may come from; empty: everywhere. Of the portal:
                                      who may connect; one or more unless it listens on loopback */
    struct config_host_list hosts; /* of the portal, as networks; none: this machine's own names */
    enum config_client_certificates client_certificates;
    struct config_ca_list client_ca_files; /* none when they are off, else one or more */
    char *client_crl_file;                 /* NULL: none */
    enum config_auth auth;                 /* with TLS alone */
    enum config_switch plain_secrets;      /* with CONFIG_TLS_OFF alone */
    struct config_certificate *certificates;
    size_t certificate_count; /* 1 or more; with tls off 0 */
    int line;
};

/* Where the log goes. */
enum config_log_target {
    CONFIG_LOG_AUTO, /* the journal when standard error is connected to it, else standard error */
    CONFIG_LOG_STDERR,
    CONFIG_LOG_JOURNAL,
};

/* What flat mode gives a phone. */
enum config_flat { CONFIG_FLAT_FULL, CONFIG_FLAT_BOOTSTRAP, CONFIG_FLAT_OFF };

/* Whom flat mode serves. */
enum config_enrolment { CONFIG_ENROLMENT_OPEN, CONFIG_ENROLMENT_WINDOW };

/* When a phone's file holds its secrets. */
enum config_secrets { CONFIG_SECRETS_ALWAYS, CONFIG_SECRETS_ONCE, CONFIG_SECRETS_FIRST_NETWORK };

/* What follows when a User-Agent contradicts the phone that it fetches for. */
enum config_agent_check { CONFIG_AGENT_OFF, CONFIG_AGENT_WARN, CONFIG_AGENT_REFUSE };

/* What phones get that ask by multicast (PnP). */
enum config_pnp {
    CONFIG_PNP_OFF,       /* nobody listens */
    CONFIG_PNP_DISCOVER,  /* they are listed, and nobody is answered */
    CONFIG_PNP_PROVISION, /* those that are entered, while their window is open */
};

/* "off", "discover", "provision". */
const char *config_pnp_name(enum config_pnp pnp);

struct config_address_list {
    struct address *items; /* owned; their port is 0 */
    size_t count;
};

/* Who tells phones to fetch. */
enum config_notifier { CONFIG_NOTIFIER_DIRECT, CONFIG_NOTIFIER_EXTERNAL };

/* Strings are never NULL unless a comment says so. */
struct config {
    char *path; /* the main file, for messages */

    char *user;  /* whom init gives its files, and whom a daemon started by root becomes */
    char *group; /* who may use the control socket */
    enum config_switch sandbox;
    uint32_t workers; /* 1..64; from 0 in the file: one per core */

    char *state_directory;            /* absolute: autoprovd.db and its lock */
    char *master_key_file;            /* absolute, or a name in $CREDENTIALS_DIRECTORY */
    char *control_socket;             /* absolute path of at most 107 bytes (unix(7)) */
    char *templates_directory;        /* shipped templates */
    char *custom_templates_directory; /* the admin's, looked at first; may be absent on disk */
    char *vendors_directory;          /* the catalogue, and the admin's, in the same way */
    char *custom_vendors_directory;

    char *provision_prefix;            /* "/provision": begins with '/', no '/' at the end */
    struct network_list flat_networks; /* never everything; empty: nobody */
    enum config_flat flat;             /* of phones that say nothing themselves */
    enum config_enrolment flat_enrolment;
    uint32_t flat_budget;         /* distinct unknown MACs an hour, 1..4096 */
    uint32_t flat_budget_per_oui; /* the same of one OUI */
    enum config_pnp pnp;
    struct config_address_list pnp_interfaces; /* IPv4, AP_SIP_INTERFACES_MAX at most; one or more
                                                  unless pnp is off */
    uint32_t pnp_port;                         /* of the multicast group, 1..65535 */
    uint32_t sip_port;                         /* where SIP messages leave from; 0: any */
    enum config_secrets secrets;
    enum config_agent_check agent_check;
    char *custom_options;   /* JSON as written; NULL: not set here, then the store's value counts */
    struct options options; /* custom_options parsed; defaults when NULL */

    struct config_listener *listeners;
    size_t listener_count; /* 1 or more, at least one of them for phones */

    uint32_t max_connections;
    uint32_t max_connections_per_source;
    uint32_t max_handshakes;
    uint32_t max_handshakes_per_source;
    enum config_switch throttle; /* misses of sources that guess come late */

    /* How long records are kept, and how many at most: whatever ends first. */
    uint32_t fetch_retention_s;
    uint32_t fetch_rows_max;
    uint32_t refusal_retention_s;
    uint32_t refusal_rows_max;

    /* Making phones fetch. */
    enum config_notifier notifier;
    uint32_t resync_rate;            /* phones a second, 1..AP_RESYNC_RATE_MAX */
    enum config_switch resync_stale; /* by itself */

    enum log_level log_level;
    enum log_format log_format;
    enum config_log_target log_target;
};

/* Parse path, then every conf.d/ *.conf beside it in name order (one file may not set a key
 * twice; a later file wins), and check every value that can be checked without opening what it
 * names.
 * *ret_config: caller owns, free with config_free().
 * Errors, each with one line "FILE:LINE: …" that names the key and never a secret's value:
 * AP_ENOENT, AP_EPERM, AP_EIO (no such file, unreadable), AP_ESYNTAX, AP_EINVAL, AP_ERANGE,
 * AP_ENOMEM. Any one thread at a time (libConfuse keeps globals). */
AP_MUSTCHECK int config_load(const char *path, struct config **ret_config, struct ap_error *error);
void config_free(struct config *config);

/* The first listener for phones with TLS, else the first: the one whose URL they are told. Never
 * NULL once loaded. */
const struct config_listener *config_phone_listener(const struct config *config);

/* Is text, a Host header's value, a name of the listener, with its port or without one? Names are
 * compared without regard to case. */
bool config_listener_is_named(const struct config_listener *listener, const char *text);
/* The first of these names, without a port; "localhost" where none is said. Borrowed from listener.
 */
const char *config_listener_host(const struct config_listener *listener);

/* Append the effective values in the file's own syntax, every key, so that the output is itself
 * a valid file with the same meaning. changed_only: leave out what has its default.
 * Errors: those of buf_append(). */
AP_MUSTCHECK int config_dump(const struct config *config, bool changed_only, struct buf *out);

/* Compare for a reload: NULL when every key that needs a restart is the same, else the name of
 * the first that differs ("workers", "listener phones: port"), in buffer borrowed until the next
 * call with it. */
const char *config_restart_key(const struct config *old_config, const struct config *new_config,
                               char *buffer, size_t buffer_len);

/* One row per key: the table that drives parsing, defaults, bounds, dump and the reference page. */
enum config_section { CONFIG_TOP, CONFIG_LISTENER, CONFIG_CERTIFICATE };
enum config_type {
    CONFIG_STRING,
    CONFIG_PATH,
    CONFIG_NUMBER,
    CONFIG_DURATION, /* "30m", "12h", "90d" */
    CONFIG_LIST,
    CONFIG_CHOICE,
};
struct config_key {
    enum config_section section;
    const char *name;
    enum config_type type;
    const char *default_text; /* as in the file; NULL: required, or unset */
    uint64_t min, max;        /* of numbers; seconds of durations; bytes of strings */
    const char *unit;         /* NULL: none */
    bool reloadable;
    const char *help; /* one or two sentences */
};
extern const struct config_key CONFIG_KEYS[];
extern const size_t CONFIG_KEY_COUNT;

#endif
