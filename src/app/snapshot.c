/* Builds what a reload switches; on any fault nothing of it remains. */
#include "autoprov/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/clock.h"
#include "autoprov/phone_view.h"

static int load_tls(struct snapshot *snapshot, struct ap_error *error)
{
    const struct config *config = snapshot->config;

    snapshot->tls = calloc(config->listener_count, sizeof(struct tls_context *));
    if (!snapshot->tls)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", config->path, ap_strerror(AP_ENOMEM));
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        struct tls_certificate *files = calloc(listener->certificate_count, sizeof(*files));
        if (!files)
            return ap_error_set(error, AP_ENOMEM, "%s: %s", config->path, ap_strerror(AP_ENOMEM));
        for (size_t j = 0; j < listener->certificate_count; j++) {
            files[j].certificate_file = listener->certificates[j].certificate_file;
            files[j].key_file = listener->certificates[j].key_file;
        }
        int err = tls_context_new(files, listener->certificate_count, &snapshot->tls[i], error);
        free(files);
        if (err)
            return err;
    }
    return 0;
}

/* The conf file's value is the truth; else the store's; else none. */
static int settle_options(struct snapshot *snapshot, const char *stored_options,
                          struct ap_error *error)
{
    struct ap_error detail = {{0}};

    if (snapshot->config->custom_options) {
        snapshot->options = snapshot->config->options;
        snapshot->options_from_config = true;
        return 0;
    }
    if (!stored_options)
        return 0;
    int err = options_parse(stored_options, strlen(stored_options), &snapshot->options, &detail);
    if (err)
        (void)ap_error_set(error, err, "stored custom options: %s", detail.text);
    return err;
}

int snapshot_new(struct config *config, const char *stored_options, int64_t now,
                 uint32_t generation, struct snapshot **ret_snapshot, struct ap_error *error)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int err;

    if (!snapshot) {
        config_free(config);
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    atomic_init(&snapshot->references, 1);
    snapshot->config = config;
    snapshot->loaded_at = now;
    snapshot->generation = generation;
    err = settle_options(snapshot, stored_options, error);
    if (!err)
        err = template_set_load(config->templates_directory, config->custom_templates_directory,
                                &snapshot->templates, error);
    if (!err)
        err = load_tls(snapshot, error);
    if (err) {
        snapshot_unref(snapshot);
        return err;
    }
    *ret_snapshot = snapshot;
    return 0;
}

int snapshot_with_options(struct snapshot *base, const char *stored_options, int64_t now,
                          uint32_t generation, struct snapshot **ret_snapshot,
                          struct ap_error *error)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    /* Never a chain: what has a base of its own passes that on. */
    snapshot->base = snapshot_ref(base->base ? base->base : base);
    snapshot->config = base->config;
    snapshot->templates = base->templates;
    snapshot->tls = base->tls;
    snapshot->loaded_at = now;
    snapshot->generation = generation;
    atomic_init(&snapshot->references, 1);
    int err = settle_options(snapshot, stored_options, error);
    if (err) {
        snapshot_unref(snapshot);
        return err;
    }
    *ret_snapshot = snapshot;
    return 0;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
        return;
    if (snapshot->base) {
        snapshot_unref(snapshot->base);
        free(snapshot);
        return;
    }
    if (snapshot->tls) {
        for (size_t i = 0; i < snapshot->config->listener_count; i++)
            tls_context_unref(snapshot->tls[i]);
        free(snapshot->tls);
    }
    template_set_free(snapshot->templates);
    config_free(snapshot->config);
    free(snapshot);
}

int snapshot_check(const char *config_path, struct ap_error *error)
{
    struct config *config = NULL;
    struct snapshot *snapshot = NULL;
    const struct template *template;
    int err = config_load(config_path, &config, error);

    if (!err)
        err = snapshot_new(config, NULL, clock_wall_s(clock_system()), 1, &snapshot, error);
    if (err)
        return err;
    for (size_t i = 0; !err && (template = template_set_at(snapshot->templates, i, NULL)); i++)
        err = phone_view_check_names(template, error);
    snapshot_unref(snapshot);
    return err;
}
