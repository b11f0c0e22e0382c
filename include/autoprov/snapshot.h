/* Everything read from configuration, whole and immutable: what one reload switches. */
#ifndef AUTOPROV_SNAPSHOT_H
#define AUTOPROV_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/config.h"
#include "autoprov/err.h"
#include "autoprov/rendering.h"
#include "autoprov/tls_context.h"

/* Reference-counted; any thread; read only. */
struct snapshot {
    struct snapshot *base; /* NULL: the parts below are this one's own; else base's */
    struct config *config;
    struct options options;      /* effective: the conf file's, else the store's, else none */
    bool options_from_config;    /* the conf file sets them: the store's value is not looked at */
    struct rendering *rendering; /* catalogue and templates */
    struct tls_context **tls;    /* one per listener, in the order of config->listeners; NULL for
                                    one without TLS */
    int64_t loaded_at;           /* UTC seconds */
    uint32_t generation;         /* from 1, one more with each switch */
    _Atomic uint32_t references;
};

/* Build and check all of it: certificates, keys, templates, options.
 * config: ownership passes, also on failure. stored_options: JSON text from the store, NULL for
 * none or unknown.
 * Errors, each with one line that names file, line or key: whatever the parts return. */
AP_MUSTCHECK int snapshot_new(struct config *config, const char *stored_options, int64_t now,
                              uint32_t generation, struct snapshot **ret_snapshot,
                              struct ap_error *error);

/* The same configuration with other stored options: shares everything else with base, which it
 * keeps a reference of. Errors: those of options_parse(), AP_ENOMEM. */
AP_MUSTCHECK int snapshot_with_options(struct snapshot *base, const char *stored_options,
                                       int64_t now, uint32_t generation,
                                       struct snapshot **ret_snapshot, struct ap_error *error);

struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/* Check what a start or a reload would read, the database apart, and every name that templates use.
 * One opinion for "autoprovd --check" and "autoprovctl config check".
 * Errors: with one line, as snapshot_new() and config_load(); AP_EINVAL an unknown variable. */
AP_MUSTCHECK int snapshot_check(const char *config_path, struct ap_error *error);

#endif
