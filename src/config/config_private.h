/* Private to src/config/: the steps from the bytes of one file to struct config. */
#ifndef AUTOPROV_CONFIG_PRIVATE_H
#define AUTOPROV_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/config.h"
#include "autoprov/err.h"

/* Index into CONFIG_KEYS. */
enum config_key_id {
    KEY_USER,
    KEY_GROUP,
    KEY_SANDBOX,
    KEY_WORKERS,
    KEY_STATE_DIRECTORY,
    KEY_MASTER_KEY_FILE,
    KEY_CONTROL_SOCKET,
    KEY_TEMPLATES_DIRECTORY,
    KEY_CUSTOM_TEMPLATES_DIRECTORY,
    KEY_VENDORS_DIRECTORY,
    KEY_CUSTOM_VENDORS_DIRECTORY,
    KEY_PROVISION_PREFIX,
    KEY_FLAT_NETWORKS,
    KEY_FLAT,
    KEY_FLAT_ENROLMENT,
    KEY_FLAT_BUDGET,
    KEY_FLAT_BUDGET_PER_OUI,
    KEY_PNP,
    KEY_PNP_INTERFACES,
    KEY_PNP_PORT,
    KEY_SIP_PORT,
    KEY_SECRETS,
    KEY_AGENT_CHECK,
    KEY_CUSTOM_OPTIONS,
    KEY_MAX_CONNECTIONS,
    KEY_MAX_CONNECTIONS_PER_SOURCE,
    KEY_MAX_HANDSHAKES,
    KEY_MAX_HANDSHAKES_PER_SOURCE,
    KEY_THROTTLE,
    KEY_FETCH_RETENTION,
    KEY_FETCH_ROWS_MAX,
    KEY_REFUSAL_RETENTION,
    KEY_REFUSAL_ROWS_MAX,
    KEY_NOTIFIER,
    KEY_RESYNC_RATE,
    KEY_RESYNC_STALE,
    KEY_LOG_LEVEL,
    KEY_LOG_FORMAT,
    KEY_LOG_TARGET,
    KEY_SERVES,
    KEY_ADDRESS,
    KEY_PORT,
    KEY_PUBLIC_URL,
    KEY_PROXY_PROTOCOL,
    KEY_PROXY_PEERS,
    KEY_TLS,
    KEY_TLS_RESUMPTION,
    KEY_NETWORKS,
    KEY_HOSTS,
    KEY_CLIENT_CERTIFICATES,
    KEY_CLIENT_CA_FILES,
    KEY_CLIENT_CRL_FILE,
    KEY_AUTH,
    KEY_PLAIN_SECRETS,
    KEY_CERTIFICATE_FILE,
    KEY_KEY_FILE,
    KEY_COUNT,
};

/* -- config_keys.c --------------------------------------------------------------------------- */

/* What a key's place in struct config holds. */
enum config_slot {
    SLOT_TEXT,      /* char *, owned */
    SLOT_U32,       /* uint32_t */
    SLOT_DURATION,  /* uint32_t, seconds */
    SLOT_ADDRESS,   /* struct address, all but its port */
    SLOT_PORT,      /* struct address, its port */
    SLOT_NETWORKS,  /* struct network_list, owned */
    SLOT_ADDRESSES, /* struct config_address_list, owned */
    SLOT_HOSTS,     /* struct config_host_list, owned */
    SLOT_CA_FILES,  /* struct config_ca_list, owned */
    SLOT_LEVEL,     /* enum log_level */
    SLOT_WORD,      /* an enum: the place of its word in words */
    SLOT_FLAG,      /* bool: no, yes */
    SLOT_OPTIONS,   /* char *, owned, parsed into config->options */
};

/* reason gets a phrase that goes after the key's name: "must be …". */
typedef int (*config_check_fn)(const struct config_key *key, const char *text,
                               struct ap_error *reason);

/* Where a key's value lives: offset into the struct of its section. */
struct config_binding {
    enum config_slot slot;
    size_t offset;
    config_check_fn check;    /* of SLOT_TEXT, beyond its length */
    const char *const *words; /* of SLOT_WORD, ends with NULL */
};

const struct config_binding *config_key_binding(const struct config_key *key);

/* "top level", "listener", "certificate". */
const char *config_section_name(enum config_section section);

/* NULL: no such key in this section. */
const struct config_key *config_key_find(enum config_section section, const char *name, size_t len);

/* What workers = 0 means on this machine: one per core, at most what the key allows. */
uint32_t config_workers_per_core(void);

/* -- config_check.c -------------------------------------------------------------------------- */
int config_check_account(const struct config_key *key, const char *text, struct ap_error *reason);
int config_check_path(const struct config_key *key, const char *text, struct ap_error *reason);
int config_check_path_or_name(const struct config_key *key, const char *text,
                              struct ap_error *reason);
int config_check_prefix(const struct config_key *key, const char *text, struct ap_error *reason);
int config_check_public_url(const struct config_key *key, const char *text,
                            struct ap_error *reason);

/* A DNS name, an IPv4 address, or an IPv6 address in brackets. */
bool config_is_host(const char *host, size_t len);

/* Titles of sections: they stand in messages, logs and metrics. */
bool config_title_is_valid(const char *title);

/* Values that messages repeat may hold line ends: write control characters as '?'. */
void config_error_one_line(struct ap_error *error);

/* -- config_value.c -------------------------------------------------------------------------- */

/* The structs that keys of the three sections live in; listener and certificate may be NULL. */
struct config_target {
    struct config *config;
    struct config_listener *listener;
    struct config_certificate *certificate;
};

/* Check items and put them into key's place; an older value is freed. Scalars have one item.
 * reason: as for config_check_fn. Errors: AP_ESYNTAX, AP_EINVAL, AP_ERANGE, AP_ENOMEM. */
AP_MUSTCHECK int config_value_set(const struct config_target *target, const struct config_key *key,
                                  const char *const *items, size_t count, struct ap_error *reason);

/* Append the value without quotes: "8", "/etc/x", "{ ::1/128, 10.0.0.0/8 }"; nothing when unset. */
AP_MUSTCHECK int config_value_text(const struct config_target *target, const struct config_key *key,
                                   struct buf *out);

/* "90d", "36h", "30m", "45s": in the largest unit that divides it. */
#define CONFIG_DURATION_TEXT_MAX 16
void config_duration_text(uint64_t duration_s, char ret_text[static CONFIG_DURATION_TEXT_MAX]);

/* False for an unset custom_options; every other key has a value. */
bool config_value_is_set(const struct config_target *target, const struct config_key *key);

bool config_value_equal(const struct config_target *a, const struct config_target *b,
                        const struct config_key *key);

/* -- config_ca_list.c ------------------------------------------------------------------------- */

/* As config_value_x() for SLOT_CA_FILES. */
AP_MUSTCHECK int config_ca_list_set(const struct config_key *key, struct config_ca_list *slot,
                                    const char *const *items, size_t count,
                                    struct ap_error *reason);
AP_MUSTCHECK int config_ca_list_text(const struct config_ca_list *list, struct buf *out);
bool config_ca_list_equal(const struct config_ca_list *a, const struct config_ca_list *b);
void config_ca_list_done(struct config_ca_list *list);

/* -- config_address_list.c -------------------------------------------------------------------- */

/* As config_value_x() for SLOT_ADDRESSES: each one address of an interface, IPv4. */
AP_MUSTCHECK int config_address_list_set(const struct config_key *key,
                                         struct config_address_list *slot, const char *const *items,
                                         size_t count, struct ap_error *reason);
AP_MUSTCHECK int config_address_list_text(const struct config_address_list *list, struct buf *out);
bool config_address_list_equal(const struct config_address_list *a,
                               const struct config_address_list *b);
void config_address_list_done(struct config_address_list *list);

/* -- config_host_list.c ------------------------------------------------------------------------ */

/* As config_value_x() for SLOT_HOSTS. */
AP_MUSTCHECK int config_host_list_set(const struct config_key *key, struct config_host_list *slot,
                                      const char *const *items, size_t count,
                                      struct ap_error *reason);
AP_MUSTCHECK int config_host_list_text(const struct config_host_list *list, struct buf *out);
bool config_host_list_equal(const struct config_host_list *a, const struct config_host_list *b);
void config_host_list_done(struct config_host_list *list);

/* -- config_scan.c --------------------------------------------------------------------------- */

/* Where a section opens, or where a key stands. */
struct config_mark {
    enum config_section section;
    const struct config_key *key; /* NULL: the section opens here */
    uint32_t listener;            /* which listener of this file, from 0 */
    uint32_t certificate;         /* which certificate of that listener, from 0 */
    int line;
};

struct config_scan {
    struct buf text; /* the file with its comments blanked: same lines, same columns */
    struct config_mark *marks;
    size_t mark_count;
    size_t mark_cap;
};

/* Read path and check all that libConfuse would let pass. scan: zeroed; config_scan_done() also
 * after an error. Errors, with their line: those of file_read(), AP_ESYNTAX, AP_ERANGE. */
AP_MUSTCHECK int config_scan_file(struct config_scan *scan, const char *path,
                                  struct ap_error *error);
void config_scan_done(struct config_scan *scan);

/* The line of a key (NULL: of the section's opening); 0 when it is not there. */
int config_scan_line(const struct config_scan *scan, enum config_section section,
                     const struct config_key *key, uint32_t listener, uint32_t certificate);

/* -- config_rules.c -------------------------------------------------------------------------- */

/* The rules between the keys of one listener, its sections apart. Its file's scan and its number
 * there tell the line. Errors, with their line: AP_EINVAL. */
AP_MUSTCHECK int config_check_listener(const struct config_listener *listener,
                                       const struct config_scan *scan, uint32_t number,
                                       struct ap_error *error);

/* The rules between top-level keys, listeners known: the key that breaks one, and why; NULL: none
 * does. */
const struct config_key *config_check_top(const struct config *config, const char **ret_why);

/* -- config_drop_ins.c ------------------------------------------------------------------------ */
struct config_drop_ins {
    char **paths; /* in the order of their names */
    size_t count;
};

/* The files conf.d/ *.conf beside main_path; no folder is no file. ret: zeroed;
 * config_drop_ins_done() also after an error.
 * Errors, with the folder's name: AP_EPERM, AP_EIO, AP_ERANGE too many, AP_ENOMEM. */
AP_MUSTCHECK int config_drop_ins_list(struct config_drop_ins *ret, const char *main_path,
                                      struct ap_error *error);
void config_drop_ins_done(struct config_drop_ins *drop_ins);

/* -- config_tree.c --------------------------------------------------------------------------- */
struct cfg_t;

/* Run libConfuse over the scanned text. *ret_tree: free with cfg_free().
 * Errors, with their line: AP_ESYNTAX, AP_ENOMEM. */
AP_MUSTCHECK int config_tree_parse(const struct config_scan *scan, const char *path,
                                   struct cfg_t **ret_tree, struct ap_error *error);

#endif
