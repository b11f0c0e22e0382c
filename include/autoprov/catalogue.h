/* The catalogue: what is known of each vendor's phones, as data (conf/vendors/NAME.json).
 *
 * Loaded and checked whole, then immutable and shared by all workers: part of the snapshot.
 * docs/templates.md has the schema. Knows no phones, no tokens, no template programs. */
#ifndef AUTOPROV_CATALOGUE_H
#define AUTOPROV_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/dialect.h"
#include "autoprov/err.h"
#include "autoprov/limits.h"
#include "autoprov/mac.h"
#include "autoprov/sip_pnp.h"

enum catalogue_role {
    CATALOGUE_CONFIG,    /* the phone's own file, with its secrets */
    CATALOGUE_COMMON,    /* of all phones of a vendor or model: never a secret */
    CATALOGUE_DIRECTORY, /* phone book, speed dials of one phone */
    CATALOGUE_PROBE,     /* asked for as a matter of routine; a miss is expected */
    CATALOGUE_FIRMWARE,
    CATALOGUE_UPLOAD, /* what the phone writes (PUT, POST) and reads back */
    CATALOGUE_ROLE_COUNT
};

/* A code table: our word -> the vendor's. In the order of the file. */
struct catalogue_code {
    const char *word;
    const char *code;
};
struct catalogue_codes {
    const struct catalogue_code *rows;
    size_t count;
};
enum catalogue_table {
    CATALOGUE_TRANSPORT, /* udp, tcp, tls */
    CATALOGUE_CODEC,    /* PCMU, PCMA, G722, G729, opus, … (RTP's names, RFC 3551 and registry) */
    CATALOGUE_KEY_TYPE, /* none, line, speed_dial, blf, park, dtmf */
    CATALOGUE_SRTP,     /* off, optional, mandatory */
    CATALOGUE_LANGUAGE, /* BCP 47: en, de, fr, pt-BR */
    CATALOGUE_TIME_ZONE, /* IANA names */
    CATALOGUE_TABLE_COUNT
};

/* One row of "files". Pointers are borrowed from the catalogue here and below. */
struct catalogue_file {
    const char *name; /* the pattern, as written */
    enum catalogue_role role;
    const char *template_name;  /* NULL: never served, a quiet miss */
    const char *bootstrap_name; /* template of what flat mode gives in its place; NULL: nothing */
    const char *content_type;   /* static or borrowed; never NULL */
    const struct dialect *dialect;
    const char *const *models; /* only these models ask for it; count 0: all */
    size_t model_count;
    bool flat; /* common file that flat mode serves too: first contact needs it */
};

struct catalogue_model {
    const char *name;           /* "T54W" */
    const char *code;           /* what {code} in file names stands for; NULL: none */
    const char *template_name;  /* in place of the config file's; NULL: none */
    const char *bootstrap_name; /* the same of its bootstrap file; NULL: the config file's */
    uint32_t lines, keys;
};

struct catalogue_vendor {
    const char *name;       /* "yealink": [a-z0-9-], as stored in phone rows */
    const char *title;      /* "Yealink" */
    enum mac_form mac_form; /* of {mac} in the vendor's own file names */
    uint32_t lines, keys;   /* of a model that is not in the list. lines 0: as many as are set */
    const struct catalogue_file *files;
    size_t file_count;
    const struct catalogue_model *models;
    size_t model_count;
    struct catalogue_codes codes[CATALOGUE_TABLE_COUNT];
    struct dialect dialect;
    const char *url;          /* Mustache over provisioning_*: what is written on the phone */
    const char *user_agent;   /* pattern of {mac}, {model}, {any}; NULL: tells nothing */
    const char *resync_event; /* value of Event that makes it fetch; NULL: it cannot be told */
    const char *reboot_event; /* the same with a restart; NULL: none */
    const char *pnp_vendor;   /* vendor="…" of its SUBSCRIBE (RFC 6080's profile); NULL: no PnP */
    const char *pnp_url;      /* as url: what a NOTIFY tells it */
    enum sip_pnp_form pnp_form;
    const char *certificate_cn; /* pattern of the CN of its phones' certificates; NULL: unknown */
    bool flat_only;             /* cannot be given a token URL */
};

struct catalogue;

/* Read every *.json of shipped_folder; a file of the same name in custom_folder (may be absent)
 * is taken in its place, and its further files are added. "time_zones.json" is the table of IANA
 * names (it may be absent), each other file one vendor, of the file's name.
 * *ret_catalogue: caller owns, immutable, any number of threads.
 * Errors, each with one line "FILE:LINE:COL: …" (the first one; FILE as opened): AP_ENOENT,
 * AP_EPERM, AP_EIO; AP_ESYNTAX no JSON; AP_EINVAL unknown or missing member, wrong type, bad
 * pattern, a name twice, two vendors that both serve one name without {mac}; AP_ERANGE above a
 * limit; AP_ENOMEM. */
AP_MUSTCHECK int catalogue_load(const char *shipped_folder, const char *custom_folder,
                                struct catalogue **ret_catalogue, struct ap_error *error);
void catalogue_free(struct catalogue *catalogue);

/* NULL: none. */
const struct catalogue_vendor *catalogue_vendor(const struct catalogue *catalogue,
                                                const char *name);
/* In the order of names; NULL behind the last. */
const struct catalogue_vendor *catalogue_vendor_at(const struct catalogue *catalogue, size_t index);
/* Any case. NULL: the vendor has no such model. */
const struct catalogue_model *catalogue_model(const struct catalogue_vendor *vendor,
                                              const char *name);
/* The only vendor that has a model of this name (any case); NULL: none or several. */
const struct catalogue_vendor *catalogue_vendor_of_model(const struct catalogue *catalogue,
                                                         const char *model);
/* The only vendor that claims the MAC's first three bytes: a hint, never a rule. NULL: none or
 * several. */
const struct catalogue_vendor *catalogue_vendor_of_mac(const struct catalogue *catalogue,
                                                       const uint8_t mac[static AP_MAC_LEN]);
/* The vendor's word for ours, or NULL. Codecs and languages in any case. */
const char *catalogue_code(const struct catalogue_vendor *vendor, enum catalogue_table table,
                           const char *word);
/* "config", …; never NULL. */
const char *catalogue_role_name(enum catalogue_role role);
/* POSIX TZ string of an IANA name ("CET-1CEST,M3.5.0,M10.5.0/3"), or NULL. */
const char *catalogue_time_zone(const struct catalogue *catalogue, const char *name);
/* In the order of names; NULL behind the last. */
const char *catalogue_time_zone_at(const struct catalogue *catalogue, size_t index);

/* -- file names --------------------------------------------------------------------------------
 *
 * Patterns: literal characters and
 *   {mac}    twelve hex digits, bare or in pairs with one kind of separator (: - .)
 *   {model}  in a pattern with {mac}: 1 to 32 of [A-Za-z0-9_.-]; without: each model of the vendor
 *   {code}   each code of the vendor's models
 *   {any}    1 to 64 of [A-Za-z0-9_.-]; only in files that are never served, or with {mac}
 * At most one {mac} and one of the others. A pattern may hold '/' ("42/2/{mac}.xml"). Case never
 * matters. The work is bounded by the number of patterns times the name's length. A MAC that
 * mac_parse() refuses is none: 000000000000.cfg fits a row of that name only. */

#define CATALOGUE_CLAIMS_MAX 64

/* Which vendors' rows a name fits, those with the longest literals first; among equals vendors by
 * name, of a vendor rows that name models before one that doesn't. The shortest are left out
 * beyond the maximum. */
struct catalogue_match {
    bool has_mac;
    uint8_t mac[AP_MAC_LEN]; /* if has_mac: no claim tells another; rows without {mac} tell none */
    size_t count;
    struct catalogue_claim {
        const struct catalogue_vendor *vendor;
        const struct catalogue_file *file;
        const struct catalogue_model *model; /* that {model} or {code} named; NULL: none */
    } claims[CATALOGUE_CLAIMS_MAX];
};

/* name: what stands behind the token, without its first '/'; len bytes of any content.
 * Returns false when no vendor knows the name; ret_match is then undefined. Any thread. */
bool catalogue_match(const struct catalogue *catalogue, const char *name, size_t len,
                     struct catalogue_match *ret_match);

/* Does a phone of this model (NULL: not in the catalogue) ask for the row's file? */
bool catalogue_file_is_for(const struct catalogue_file *file, const struct catalogue_model *model);

/* The row that is the name for a phone of this vendor and model ("" or unknown to the catalogue:
 * rows without models), or NULL: not its own file. The first claim whose row is for the model: what
 * {model} or {code} named in the claim does not count. */
const struct catalogue_file *catalogue_match_of(const struct catalogue_match *match,
                                                const char *vendor, const char *model);

/* The MAC that a User-Agent of this vendor tells; of several the last that fits. {any} stands for
 * anything or nothing, {model} as above, {mac} as above and never for a piece of a longer word.
 * Case does not matter. Errors: AP_ENOENT it tells none, or is longer than
 * AP_CATALOGUE_AGENT_MAX_BYTES. */
AP_MUSTCHECK int catalogue_agent_mac(const struct catalogue_vendor *vendor, const char *user_agent,
                                     uint8_t ret_mac[static AP_MAC_LEN]);

/* What a User-Agent says against its being a phone of this vendor and MAC. */
enum catalogue_agent {
    CATALOGUE_AGENT_SILENT,       /* nothing */
    CATALOGUE_AGENT_OTHER_MAC,    /* by the vendor's own pattern */
    CATALOGUE_AGENT_OTHER_VENDOR, /* it fits the pattern of another vendor alone */
};
/* An agent that fits no pattern (a person's tool, a firmware that nobody knows) says nothing. */
enum catalogue_agent catalogue_agent_of(const struct catalogue *catalogue,
                                        const struct catalogue_vendor *vendor,
                                        const char *user_agent,
                                        const uint8_t mac[static AP_MAC_LEN]);
/* -- certificates ------------------------------------------------------------------------------
 *
 * Patterns of a subject's CN: printable ASCII as it stands, and exactly one of {mac_lower},
 * {mac_upper}, {mac_lower_colon}, {mac_upper_colon}, or {mac}: twelve digits, all lower or all
 * upper case, for a vendor whose case is not known. */

/* The MAC that the CN of a verified certificate names in exactly this vendor's form.
 * Errors: AP_ENOENT none: a generic certificate, another vendor's, or the vendor's form is not
 * known. */
AP_MUSTCHECK int catalogue_certificate_mac(const struct catalogue_vendor *vendor,
                                           const char *common_name,
                                           uint8_t ret_mac[static AP_MAC_LEN]);

#endif
