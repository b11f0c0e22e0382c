/* Builds what a reload switches; on any fault nothing of it remains. */
#include "autoprov/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/clock.h"
#include "autoprov/limits.h"
#include "autoprov/template_check.h"

static enum tls_profile profile_of(const struct config_listener *listener)
{
    switch (listener->tls) {
    case CONFIG_TLS_COMPATIBLE:
        return TLS_PROFILE_COMPATIBLE;
    case CONFIG_TLS_LEGACY:
        return TLS_PROFILE_LEGACY;
    default:
        return TLS_PROFILE_MODERN;
    }
}

/* Authorities of a vendor whose form is not known would prove nothing for ever. */
static int check_authorities(const struct snapshot *snapshot,
                             const struct config_listener *listener, struct ap_error *error)
{
    for (size_t i = 0; i < listener->client_ca_files.count; i++) {
        const char *name = listener->client_ca_files.items[i].vendor;
        const struct catalogue_vendor *vendor =
            catalogue_vendor(snapshot->rendering->catalogue, name);
        if (!vendor)
            return ap_error_set(error, AP_EINVAL,
                                "client_ca_files: the catalogue has no vendor '%s' (autoprovctl "
                                "vendor list)",
                                name);
        if (!vendor->certificate_cn)
            return ap_error_set(error, AP_EINVAL,
                                "client_ca_files: the catalogue does not say how certificates of "
                                "'%s' name a phone: set certificate_cn in a file of your own "
                                "(docs/templates.md)",
                                name);
    }
    return 0;
}

_Static_assert(AP_CONFIG_CA_FILES_MAX <= TLS_AUTHORITY_FILES_MAX, "each file has its bit");
_Static_assert(AP_CONFIG_CERTIFICATES_MAX <= TLS_CERTIFICATES_MAX, "all of them fit");

static int load_listener(const struct snapshot *snapshot, const struct config_listener *listener,
                         struct tls_context **ret_tls, struct ap_error *error)
{
    struct tls_certificate certificates[AP_CONFIG_CERTIFICATES_MAX];
    const char *authorities[AP_CONFIG_CA_FILES_MAX];
    const struct tls_setup setup = {
        .profile = profile_of(listener),
        .certificates = certificates,
        .certificate_count = listener->certificate_count,
        .authority_files = authorities,
        .authority_count = listener->client_ca_files.count,
        .crl_file = listener->client_crl_file,
        .resumes = listener->tls_resumption,
    };
    struct ap_error detail = {{0}};

    for (size_t i = 0; i < listener->certificate_count; i++) {
        certificates[i].certificate_file = listener->certificates[i].certificate_file;
        certificates[i].key_file = listener->certificates[i].key_file;
    }
    for (size_t i = 0; i < listener->client_ca_files.count; i++)
        authorities[i] = listener->client_ca_files.items[i].path;
    int err = check_authorities(snapshot, listener, &detail);
    if (!err)
        err = tls_context_new(&setup, ret_tls, &detail);
    if (err)
        (void)ap_error_set(error, err, "%s:%d: listener '%s': %s", listener->file, listener->line,
                           listener->name, detail.text);
    return err;
}

static int load_tls(struct snapshot *snapshot, struct ap_error *error)
{
    const struct config *config = snapshot->config;
    int err = 0;

    snapshot->tls = calloc(config->listener_count, sizeof(struct tls_context *));
    if (!snapshot->tls)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", config->path, ap_strerror(AP_ENOMEM));
    for (size_t i = 0; !err && i < config->listener_count; i++) {
        if (config->listeners[i].tls != CONFIG_TLS_OFF)
            err = load_listener(snapshot, &config->listeners[i], &snapshot->tls[i], error);
    }
    return err;
}

struct rendering_folders snapshot_folders(const struct config *config)
{
    return (struct rendering_folders){
        .templates = config->templates_directory,
        .custom_templates = config->custom_templates_directory,
        .vendors = config->vendors_directory,
        .custom_vendors = config->custom_vendors_directory,
    };
}

static int load_rendering(struct snapshot *snapshot, const struct snapshot_stored *stored,
                          struct ap_error *error)
{
    struct rendering_folders folders = snapshot_folders(snapshot->config);

    folders.stored = stored ? stored->templates : NULL;
    folders.stored_count = stored ? stored->template_count : 0;
    return rendering_load(&folders, &snapshot->rendering, error);
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

int snapshot_new(struct config *config, const struct snapshot_stored *stored, int64_t now,
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
    err = settle_options(snapshot, stored ? stored->options : NULL, error);
    if (!err)
        err = load_rendering(snapshot, stored, error);
    if (!err)
        err = load_tls(snapshot, error);
    if (err) {
        snapshot_unref(snapshot);
        return err;
    }
    *ret_snapshot = snapshot;
    return 0;
}

/* With base's configuration and certificates, and no rendering yet. NULL without memory. */
static struct snapshot *new_above(struct snapshot *base, int64_t now, uint32_t generation)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return NULL;
    /* Never a chain: what has a base of its own passes that on. */
    snapshot->base = snapshot_ref(base->base ? base->base : base);
    snapshot->config = base->config;
    snapshot->tls = base->tls;
    snapshot->loaded_at = now;
    snapshot->generation = generation;
    atomic_init(&snapshot->references, 1);
    return snapshot;
}

int snapshot_with_options(struct snapshot *base, const char *stored_options, int64_t now,
                          uint32_t generation, struct snapshot **ret_snapshot,
                          struct ap_error *error)
{
    struct snapshot *snapshot = new_above(base, now, generation);

    if (!snapshot)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    snapshot->rendering = rendering_ref(base->rendering);
    int err = settle_options(snapshot, stored_options, error);
    if (err) {
        snapshot_unref(snapshot);
        return err;
    }
    *ret_snapshot = snapshot;
    return 0;
}

int snapshot_with_templates(struct snapshot *base, const struct snapshot_stored *stored,
                            int64_t now, uint32_t generation, struct snapshot **ret_snapshot,
                            struct ap_error *error)
{
    struct snapshot *snapshot = new_above(base, now, generation);

    if (!snapshot)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    int err = settle_options(snapshot, stored->options, error);
    if (!err)
        err = load_rendering(snapshot, stored, error);
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
    rendering_free(snapshot->rendering);
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
    config_free(snapshot->config);
    free(snapshot);
}

/* The first fault of all. */
static void keep_first(void *data, const char *line)
{
    struct ap_error *error = data;

    if (error->text[0] == '\0')
        (void)ap_error_set(error, AP_EINVAL, "%s", line); /* the walk says that it failed */
}

int snapshot_check(const char *config_path, struct ap_error *error)
{
    struct config *config = NULL;
    struct snapshot *snapshot = NULL;
    const struct template *template;
    const char *file;
    struct ap_error first = {{0}};
    size_t renderings;
    int err = config_load(config_path, &config, error);

    if (!err)
        err = snapshot_new(config, NULL, clock_wall_s(clock_system()), 1, &snapshot, error);
    if (err)
        return err;
    for (size_t i = 0;
         !err && (template = template_set_at(snapshot->rendering->templates, i, &file)); i++)
        err = template_check(snapshot->rendering, template, file, keep_first, &first, &renderings);
    if (err)
        (void)ap_error_set(error, err, "%s", first.text[0] ? first.text : ap_strerror(err));
    snapshot_unref(snapshot);
    return err;
}
