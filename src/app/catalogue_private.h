/* What the catalogue's own files share: its tables, and the steps that fill them. */
#ifndef AUTOPROV_CATALOGUE_PRIVATE_H
#define AUTOPROV_CATALOGUE_PRIVATE_H

#include "autoprov/arena.h"
#include "autoprov/catalogue.h"
#include "strict_json.h"

/* In keys, for what is no literal character; patterns hold printable characters only. */
enum catalogue_wild {
    CATALOGUE_WILD_NONE,
    CATALOGUE_WILD_MAC = 1,
    CATALOGUE_WILD_MODEL = 2,
    CATALOGUE_WILD_ANY = 3,
};

/* Where a row of "files" stands: for faults that only show among vendors. */
struct catalogue_place {
    const char *path;
    struct strict_json_place at;
};

/* A row's name with {model} and {code} written out. */
struct catalogue_rule {
    const char *key; /* lower case, wilds as their numbers */
    struct catalogue_claim claim;
    const struct catalogue_place *place;
    size_t order; /* among all rules: vendors by name, then rows, then models */
};

/* All rules of one key.
 *     key    PREFIX [first MIDDLE [second SUFFIX]]    without second, MIDDLE is empty */
struct catalogue_group {
    const char *prefix, *middle, *suffix; /* in the key; not NUL-terminated */
    size_t prefix_len, middle_len, suffix_len;
    enum catalogue_wild first, second;
    const struct catalogue_claim *claims;
    size_t count;
};

/* Open addressing; a group of NULL ends a search. Never more than half full. */
struct catalogue_slot {
    uint32_t hash;
    const struct catalogue_group *group;
};
struct catalogue_table_of_groups {
    struct catalogue_slot *slots;
    size_t mask;
};

struct catalogue_model_slot {
    uint32_t hash;
    const struct catalogue_vendor *vendor; /* NULL: free */
    const struct catalogue_model *model;
};

struct catalogue_oui {
    uint32_t prefix; /* 24 bits */
    const struct catalogue_vendor *vendor;
};

struct catalogue_zone {
    const char *name;
    const char *posix;
};

struct catalogue {
    struct arena arena; /* of everything but the lists that grow */
    const struct catalogue_vendor *vendors[AP_CATALOGUE_VENDORS_MAX]; /* in the order of names */
    size_t vendor_count;
    struct catalogue_zone *zones; /* in the order of names; in the arena */
    size_t zone_count;
    struct catalogue_oui *ouis; /* in the order of prefixes */
    size_t oui_count;
    struct catalogue_rule *rules; /* until catalogue_index() */
    size_t rule_count, rule_room;
    struct catalogue_table_of_groups literals, macs; /* without any wild; with {mac} alone */
    /* Which lengths stand before and behind {mac} in any of macs. A pattern and the longest {code}
     * are shorter than a name. */
    bool mac_prefixes[AP_CATALOGUE_NAME_MAX_BYTES + 1];
    bool mac_suffixes[AP_CATALOGUE_NAME_MAX_BYTES + 1];
    struct catalogue_group *wilds; /* the others, longest literals first */
    size_t wild_count;
    struct catalogue_model_slot *models;
    size_t model_mask;
};

/* One file as read; borrowed for the call. */
struct catalogue_text {
    const char *path; /* for messages */
    const char *name; /* of the file, without ".json" */
    const char *text;
    size_t len;
};

/* NULL: no memory. */
struct catalogue *catalogue_new(void);
/* The table of IANA names; before any vendor. Errors: those of catalogue_load(). */
AP_MUSTCHECK int catalogue_add_zones(struct catalogue *catalogue, const struct catalogue_text *file,
                                     struct ap_error *error);
/* A vendor; in the order of names. Errors: those of catalogue_load(). */
AP_MUSTCHECK int catalogue_add_vendor(struct catalogue *catalogue,
                                      const struct catalogue_text *file, struct ap_error *error);
/* Last step: check the vendors against each other and build what matching needs. */
AP_MUSTCHECK int catalogue_index(struct catalogue *catalogue, struct ap_error *error);

/* What a vendor file says of its files, besides the table of rows. */
struct catalogue_defaults {
    struct catalogue *catalogue;
    struct catalogue_vendor *vendor; /* models and dialect filled */
    const char *content_type;
    const char *path; /* in the arena */
};

/* Read "files" into the vendor and add its rules. */
AP_MUSTCHECK int catalogue_add_files(const struct catalogue_defaults *defaults,
                                     const struct strict_json_node *node);

/* -- patterns --------------------------------------------------------------------------------- */

/* What a pattern of file names holds. */
struct catalogue_pattern {
    bool has_mac, has_model, has_code, has_any;
};

/* Errors: AP_EINVAL with the reason as a phrase. */
AP_MUSTCHECK int catalogue_pattern_check(const char *pattern, struct catalogue_pattern *ret_holds,
                                         const char **ret_why);
/* The key of pattern with word in place of {code}, and of {model} where there is no {mac}. NULL: no
 * memory. */
const char *catalogue_pattern_key(struct arena *arena, const char *pattern,
                                  const struct catalogue_pattern *holds, const char *word);
/* Which placeholder begins at text, and its length with the braces; 0: none. */
enum catalogue_placeholder {
    CATALOGUE_PLACEHOLDER_MAC,
    CATALOGUE_PLACEHOLDER_MODEL,
    CATALOGUE_PLACEHOLDER_CODE,
    CATALOGUE_PLACEHOLDER_ANY,
};
size_t catalogue_placeholder(const char *text, enum catalogue_placeholder *ret_which);
/* The characters that {model}, {code} and {any} stand for. */
bool catalogue_is_wild_char(char c);

/* -- patterns over any text (User-Agent, certificate names) ------------------------------------ */

/* True for literal printable characters, {any}, {model} and at most one {mac}. */
bool catalogue_agent_is_pattern(const char *text, size_t len);

/* May a vendor's certificate_cn be this text of len bytes? (catalogue_certificate.c) */
bool catalogue_certificate_is_pattern(const char *text, size_t len);

/* -- matching --------------------------------------------------------------------------------- */

/* Hashes that grow by a character at either end, so that what stands before and behind every place
 * of a name is hashed in one walk each. FNV-1a: no secret to keep, as only admins choose what is in
 * the tables. */
#define CATALOGUE_HASH_START UINT32_C(2166136261)

static inline uint32_t catalogue_hash_step(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * UINT32_C(16777619);
}

static inline uint32_t catalogue_hash_pair(uint32_t before, uint32_t behind)
{
    uint32_t hash = before * UINT32_C(0x9E3779B1) ^ behind;

    hash ^= hash >> 15;
    return hash * UINT32_C(0x85EBCA77);
}

/* The vendor's model of a name in lower case, by the catalogue's table; NULL: none. */
const struct catalogue_model *catalogue_find_model(const struct catalogue *catalogue,
                                                   const struct catalogue_vendor *vendor,
                                                   const char *name, size_t len);

#endif
