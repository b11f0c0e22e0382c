/* Everything read from configuration, whole and immutable: what one reload switches. */
#ifndef AUTOPROV_SNAPSHOT_H
#define AUTOPROV_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/config.h"
#include "autoprov/err.h"
#include "autoprov/limits.h"
#include "autoprov/rendering.h"
#include "autoprov/tls_context.h"

struct store_db;

/* Reference-counted; any thread; read only. */
struct snapshot {
    struct snapshot *base; /* NULL: configuration and TLS are this one's own; else base's */
    struct config *config;
    struct options options;      /* effective: the conf file's, else the store's, else none */
    bool options_from_config;    /* the conf file sets them: the store's value is not looked at */
    struct rendering *rendering; /* catalogue and templates; a reference */
    struct tls_context **tls;    /* one per listener, in the order of config->listeners; NULL for
                                    one without TLS */
    int64_t loaded_at;           /* UTC seconds */
    uint32_t generation;         /* from 1, one more with each switch */
    _Atomic uint32_t references;
};

/* What the store has of it. Borrowed for the call that takes it. */
struct snapshot_stored {
    const char *options; /* JSON text; NULL: none, or unknown */
    const struct template_text *templates;
    size_t template_count;
};

/* Read it, into arena, whose ceiling is SNAPSHOT_STORED_MAX_BYTES. Errors: the store's, with a
 * line. */
#define SNAPSHOT_STORED_MAX_BYTES                                                                  \
    ((size_t)(AP_TEMPLATES_STORED_MAX + 1) * (AP_TEMPLATE_MAX_BYTES + 4096))
AP_MUSTCHECK int snapshot_read_stored(struct store_db *db, struct arena *arena,
                                      struct snapshot_stored *ret_stored, struct ap_error *error);

/* Build and check all of it: certificates, keys, templates, options.
 * config: ownership passes, also on failure. stored: NULL for nothing. Its templates that do not
 * compile are passed over.
 * Errors, each with one line that names file, line or key: whatever the parts return. */
AP_MUSTCHECK int snapshot_new(struct config *config, const struct snapshot_stored *stored,
                              int64_t now, uint32_t generation, struct snapshot **ret_snapshot,
                              struct ap_error *error);

/* The same configuration with other stored options: shares everything else with base, which it
 * keeps a reference of. Errors: those of options_parse(), AP_ENOMEM. */
AP_MUSTCHECK int snapshot_with_options(struct snapshot *base, const char *stored_options,
                                       int64_t now, uint32_t generation,
                                       struct snapshot **ret_snapshot, struct ap_error *error);

/* The same configuration and certificates with catalogue and templates read anew. Errors: those of
 * rendering_load() and options_parse(), AP_ENOMEM. */
AP_MUSTCHECK int snapshot_with_templates(struct snapshot *base,
                                         const struct snapshot_stored *stored, int64_t now,
                                         uint32_t generation, struct snapshot **ret_snapshot,
                                         struct ap_error *error);

/* Where a configuration's catalogue and templates are; borrowed from config. */
struct rendering_folders snapshot_folders(const struct config *config);

struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/* Check what a start or a reload would read, the database apart, and every name that templates use.
 * One opinion for "autoprovd --check" and "autoprovctl config check".
 * Errors: with one line, as snapshot_new() and config_load(); AP_EINVAL an unknown variable. */
AP_MUSTCHECK int snapshot_check(const char *config_path, struct ap_error *error);

#endif
