/* Settings of all scopes, keys of phones and users, sites, and what was last delivered.
 *
 * The rules of store_object.h hold: reads on any connection, writes on the writer inside a
 * transaction, strings of results borrowed from the arena, its common errors. Names and values
 * arrive checked by the caller (app/variable.h); what they mean is not known here. */
#ifndef AUTOPROV_STORE_SETTING_H
#define AUTOPROV_STORE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/vault.h"

/* -- settings ------------------------------------------------------------------------------ */

/* In the order of precedence: the last one that sets a name wins. */
enum store_scope {
    STORE_SCOPE_GLOBAL, /* scope_id "" */
    STORE_SCOPE_VENDOR, /* scope_id: catalogue name */
    STORE_SCOPE_MODEL,  /* scope_id: "VENDOR/MODEL" */
    STORE_SCOPE_SITE,   /* scope_id: row id of the site, and so on */
    STORE_SCOPE_USER,
    STORE_SCOPE_PHONE,
    STORE_SCOPE_COUNT
};
/* Longest scope_id with its NUL: a vendor, '/' and a model. */
#define STORE_SCOPE_ID_MAX 130

/* "global", …; never NULL. */
const char *store_scope_name(enum store_scope scope);
/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_scope_parse(const char *name, enum store_scope *ret_scope);

struct store_setting {
    enum store_scope scope;
    const char *scope_id;
    const char *name;
    const char *value; /* plain; of a secret NULL, unless it was read for a file */
    bool secret;       /* sealed in the database */
    uint64_t version;  /* filled by reads */
};

/* Set or replace. A change of scope phone makes a new version of the phone. Errors: AP_ENOENT the
 * site, user or phone of the scope does not exist. */
AP_MUSTCHECK int store_setting_set(struct store_db *db, const struct store_setting *setting);
/* Errors: AP_ENOENT it is not set there. */
AP_MUSTCHECK int store_setting_unset(struct store_db *db, enum store_scope scope,
                                     const char *scope_id, const char *name);
/* At most limit rows that fit, in the order of scopes, scope ids and names. */
struct store_setting_filter {
    enum store_scope scope; /* STORE_SCOPE_COUNT: all */
    const char *scope_id;   /* NULL: all of the scope */
    const char *site_id;    /* NULL: any; else of the site, its users and their phones alone */
    const struct store_setting *after; /* a row of an earlier page; NULL: the first page */
    uint32_t limit;
};
AP_MUSTCHECK int store_setting_list(struct store_db *db, struct arena *arena,
                                    const struct store_setting_filter *filter,
                                    struct store_setting **ret_settings, size_t *ret_count);
/* For a file of no phone in particular: global, vendor and model ("": none). Without secrets: they
 * are left out. */
AP_MUSTCHECK int store_setting_common(struct store_db *db, struct arena *arena, const char *vendor,
                                      const char *model, struct store_setting **ret_settings,
                                      size_t *ret_count);

/* -- keys ------------------------------------------------------------------------------------ */

enum store_key_owner { STORE_KEY_PHONE, STORE_KEY_USER /* on all phones of the user */ };

struct store_key {
    uint32_t position;          /* 1..AP_KEYS_PER_PHONE_MAX */
    const char *type;           /* "line", "speed_dial", "blf", "park", "dtmf" */
    const char *value;          /* "" if none */
    const char *label;          /* "" if none */
    uint32_t line;              /* position of the line that it uses; 0: the first */
    enum store_key_owner owner; /* filled by reads */
};

/* Set or replace the key at its position. Each change of a phone's own makes a new version of the
 * phone. Errors: AP_ENOENT no such owner. */
AP_MUSTCHECK int store_key_set(struct store_db *db, enum store_key_owner owner,
                               const char *owner_id, const struct store_key *key);
/* Errors: AP_ENOENT there is none. */
AP_MUSTCHECK int store_key_del(struct store_db *db, enum store_key_owner owner,
                               const char *owner_id, uint32_t position);
/* The phone's own, all of them; at most one at a position, else the last. No such phone is
 * AP_ENOENT with keys, and nothing without. */
AP_MUSTCHECK int store_key_replace(struct store_db *db, const char *phone_id,
                                   const struct store_key *keys, size_t count);
/* The owner's own, in the order of positions. */
AP_MUSTCHECK int store_key_list(struct store_db *db, struct arena *arena,
                                enum store_key_owner owner, const char *owner_id,
                                struct store_key **ret_keys, size_t *ret_count);

/* -- sites ----------------------------------------------------------------------------------- */

struct store_site {
    const char *id;
    const char *name;        /* unique */
    const char *external_id; /* NULL if none; unique */
    int64_t created_at;
    uint64_t version;
    uint64_t user_count; /* filled by reads */
};

AP_MUSTCHECK int store_site_add(struct store_db *db, const struct store_site *site,
                                char ret_id[static STORE_ID_TEXT_MAX]);
/* By name or by id. */
AP_MUSTCHECK int store_site_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                                struct store_site *ret_site);
/* At most limit rows with name > after, in the order of names. */
AP_MUSTCHECK int store_site_list(struct store_db *db, struct arena *arena, const char *after,
                                 uint32_t limit, struct store_site **ret_sites, size_t *ret_count);
/* Writes name and external_id of the site with site->id. if_version: 0, or the version that must
 * still stand: else AP_ECONFLICT. */
AP_MUSTCHECK int store_site_set(struct store_db *db, const struct store_site *site,
                                uint64_t if_version);
/* AP_ECONFLICT: a user belongs to it. */
AP_MUSTCHECK int store_site_del(struct store_db *db, const char *site_id);

/* -- deliveries ------------------------------------------------------------------------------ */

struct store_delivery {
    const char *file; /* the catalogue's pattern of the file name */
    uint8_t digest[VAULT_TAG_BYTES];
    int64_t at; /* UTC seconds */
};

/* What the phone last fetched, one row per file, in the order of files. */
AP_MUSTCHECK int store_delivery_list(struct store_db *db, struct arena *arena, const char *phone_id,
                                     struct store_delivery **ret_deliveries, size_t *ret_count);

/* Is this what the phone last fetched as that file? AP_ENOENT: no. Of a record that still waits for
 * the writer nothing is known. */
AP_MUSTCHECK int store_delivery_find(struct store_db *db, const char *phone_id, const char *file,
                                     const uint8_t digest[static VAULT_TAG_BYTES]);

/* Digests of the lines of what the phone last fetched as that file (of vault_line_digests()),
 * borrowed from the arena. Errors: AP_ENOENT none are kept: it never did, it had too many, or
 * another key made them. */
AP_MUSTCHECK int store_delivery_lines(struct store_db *db, struct arena *arena,
                                      const char *phone_id, const char *file,
                                      uint32_t **ret_digests, size_t *ret_count);

/* -- what an input check asks ------------------------------------------------------------------ */

/* The vendors whose phones read values of this site, user or phone (of the scope), each once.
 * STORE_SCOPE_GLOBAL: of all phones (reads each row). STORE_SCOPE_COUNT: of the account with this
 * id. VENDOR and MODEL: AP_EINVAL. */
AP_MUSTCHECK int store_setting_vendors(struct store_db *db, struct arena *arena,
                                       enum store_scope scope, const char *id,
                                       const char *const **ret_vendors, size_t *ret_count);

#endif
