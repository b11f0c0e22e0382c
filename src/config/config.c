/* The main file and its conf.d folder into one struct config: order, overriding, and the rules that
 * concern more than one key. Knows neither grammar nor single values. */
#include "autoprov/config.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "config_private.h"

#define ADMIN_PORT 8443

struct place {
    const char *path;
    int line; /* 0: nowhere, the default counts */
};

struct loader {
    struct config *config;
    struct place keys[KEY_COUNT]; /* where each top-level key was set last */
    struct place listeners[AP_CONFIG_LISTENERS_MAX];
    struct config_drop_ins drop_ins; /* places refer to their paths */
    struct ap_error *error;
};

/* One file on its way. */
struct source {
    const char *path;
    struct config_scan scan;
    uint32_t listener, certificate; /* being applied, numbered within the file */
};

static int no_memory(struct loader *loader)
{
    return ap_error_set(loader->error, AP_ENOMEM, "%s: %s", loader->config->path,
                        ap_strerror(AP_ENOMEM));
}

/* -- from the tree --------------------------------------------------------------------------- */

static int line_of(const struct source *source, enum config_section section,
                   const struct config_key *key)
{
    return config_scan_line(&source->scan, section, key, source->listener, source->certificate);
}

static int apply_key(struct loader *loader, struct source *source, cfg_t *tree,
                     const struct config_target *target, const struct config_key *key)
{
    cfg_opt_t *opt = cfg_getopt(tree, key->name);
    unsigned count = cfg_opt_size(opt);
    const char *one = cfg_opt_getnstr(opt, 0);
    const char **items = &one;
    struct ap_error reason;
    int err;

    if (count == 0 && key->type != CONFIG_LIST)
        return 0; /* neither set nor with a default */
    if (count > 1) {
        items = calloc(count, sizeof(*items));
        if (!items)
            return no_memory(loader);
        for (unsigned i = 0; i < count; i++)
            items[i] = cfg_opt_getnstr(opt, i);
    }
    err = config_value_set(target, key, items, count, &reason);
    if (err) {
        int line = line_of(source, key->section, key);
        (void)ap_error_set(loader->error, err, "%s:%d: %s: %s", source->path, line, key->name,
                           reason.text);
    }
    if (items != &one)
        free(items);
    return err;
}

static int apply_section(struct loader *loader, struct source *source, cfg_t *tree,
                         const struct config_target *target, enum config_section section)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < CONFIG_KEY_COUNT; i++) {
        if (CONFIG_KEYS[i].section == section)
            err = apply_key(loader, source, tree, target, &CONFIG_KEYS[i]);
    }
    return err;
}

/* The main file brings the defaults; later files only what they set. */
static int apply_top(struct loader *loader, struct source *source, cfg_t *tree, bool main_file)
{
    struct config_target target = {.config = loader->config};
    int err = 0;

    for (size_t i = 0; err == 0 && i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        if (key->section != CONFIG_TOP)
            continue;
        int line = line_of(source, CONFIG_TOP, key);
        if (line > 0)
            loader->keys[i] = (struct place){source->path, line};
        if (line > 0 || main_file)
            err = apply_key(loader, source, tree, &target, key);
    }
    return err;
}

static int set_title(struct loader *loader, const struct source *source, const char *title,
                     int line, char **ret_name)
{
    if (!config_title_is_valid(title))
        return ap_error_set(loader->error, AP_EINVAL,
                            "%s:%d: the name of a section has 1 to 64 letters, digits, '.', '_' "
                            "or '-'",
                            source->path, line);
    *ret_name = strdup(title);
    return *ret_name ? 0 : no_memory(loader);
}

static int apply_certificate(struct loader *loader, struct source *source, cfg_t *tree,
                             struct config_target *target)
{
    struct config_certificate *certificate = target->certificate;
    const char *missing = NULL;
    int err;

    certificate->line = line_of(source, CONFIG_CERTIFICATE, NULL);
    err = set_title(loader, source, cfg_title(tree), certificate->line, &certificate->name);
    if (err == 0)
        err = apply_section(loader, source, tree, target, CONFIG_CERTIFICATE);
    if (err)
        return err;
    if (!certificate->certificate_file)
        missing = CONFIG_KEYS[KEY_CERTIFICATE_FILE].name;
    else if (!certificate->key_file)
        missing = CONFIG_KEYS[KEY_KEY_FILE].name;
    if (missing)
        return ap_error_set(loader->error, AP_EINVAL, "%s:%d: certificate '%s' needs %s",
                            source->path, certificate->line, certificate->name, missing);
    return 0;
}

static int apply_certificates(struct loader *loader, struct source *source, cfg_t *tree,
                              struct config_target *target)
{
    struct config_listener *listener = target->listener;
    unsigned count = cfg_size(tree, "certificate");
    int err = 0;

    bool without_tls = listener->tls == CONFIG_TLS_OFF;
    if (without_tls != (count == 0))
        return ap_error_set(
            loader->error, AP_EINVAL, "%s:%d: listener '%s' %s a certificate section", source->path,
            listener->line, listener->name, without_tls ? "with tls = off must not have" : "needs");
    if (without_tls)
        return 0;
    listener->certificates = calloc(count, sizeof(*listener->certificates));
    if (!listener->certificates)
        return no_memory(loader);
    for (unsigned i = 0; err == 0 && i < count; i++) {
        source->certificate = i;
        target->certificate = &listener->certificates[listener->certificate_count++];
        err = apply_certificate(loader, source, cfg_getnsec(tree, "certificate", i), target);
    }
    return err;
}

/* The last listener against those before it. */
static int check_listener_unique(struct loader *loader)
{
    const struct config *config = loader->config;
    size_t last = config->listener_count - 1;
    const struct config_listener *a = &config->listeners[last];
    const struct place *at = &loader->listeners[last];

    for (size_t i = 0; i < last; i++) {
        const struct config_listener *b = &config->listeners[i];
        const struct place *before = &loader->listeners[i];
        if (strcmp(a->name, b->name) == 0)
            return ap_error_set(loader->error, AP_EINVAL,
                                "%s:%d: listener '%s' is there already, at %s:%d", at->path,
                                at->line, a->name, before->path, before->line);
        if (a->address.family == b->address.family && a->address.port == b->address.port &&
            memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes)) == 0)
            return ap_error_set(loader->error, AP_EINVAL,
                                "%s:%d: listener '%s' has the address and port of listener '%s', "
                                "at %s:%d",
                                at->path, at->line, a->name, b->name, before->path, before->line);
    }
    return 0;
}

/* Other defaults than a listener for phones has: an admin's door is open to this machine alone
 * unless somebody says otherwise. */
static int default_admin(const struct source *source, struct config_listener *listener)
{
    uint16_t port = listener->address.port;
    int err = 0;

    if (line_of(source, CONFIG_LISTENER, &CONFIG_KEYS[KEY_ADDRESS]) == 0)
        err = address_parse("127.0.0.1", &listener->address);
    listener->address.port = port;
    if (line_of(source, CONFIG_LISTENER, &CONFIG_KEYS[KEY_PORT]) == 0)
        listener->address.port = ADMIN_PORT;
    return err;
}

static int check_proxy(struct loader *loader, const struct source *source,
                       const struct config_listener *listener)
{
    bool has_peers = listener->proxy_peers.count > 0;
    const char *wrong = NULL;

    if (listener->proxy_protocol == CONFIG_PROXY_NO && has_peers)
        wrong = "has proxy_peers, but no proxy_protocol = v2";
    else if (listener->proxy_protocol == CONFIG_PROXY_V2 && !has_peers)
        wrong = "needs proxy_peers: the addresses of its proxies";
    else if (has_peers && listener->serves != CONFIG_SERVES_PHONES)
        wrong = "is for admins: proxy_protocol is for listeners for phones";
    if (!wrong)
        return 0;
    return ap_error_set(loader->error, AP_EINVAL, "%s:%d: listener '%s' %s", source->path,
                        listener->line, listener->name, wrong);
}

static int apply_listener(struct loader *loader, struct source *source, cfg_t *tree,
                          struct config_listener *listener)
{
    struct config_target target = {.config = loader->config, .listener = listener};
    int err;

    listener->line = line_of(source, CONFIG_LISTENER, NULL);
    loader->listeners[loader->config->listener_count - 1] =
        (struct place){source->path, listener->line};
    listener->file = strdup(source->path);
    if (!listener->file)
        return no_memory(loader);
    err = set_title(loader, source, cfg_title(tree), listener->line, &listener->name);
    if (err == 0)
        err = apply_section(loader, source, tree, &target, CONFIG_LISTENER);
    if (!err)
        err = check_proxy(loader, source, listener);
    if (err)
        return err;
    if (listener->serves != CONFIG_SERVES_PHONES)
        err = default_admin(source, listener);
    else if (!listener->public_url)
        return ap_error_set(loader->error, AP_EINVAL, "%s:%d: listener '%s' needs public_url",
                            source->path, listener->line, listener->name);
    if (!err)
        err = config_check_listener(listener, &source->scan, source->listener, loader->error);
    if (!err)
        err = apply_certificates(loader, source, tree, &target);
    return err ? err : check_listener_unique(loader);
}

static int apply_listeners(struct loader *loader, struct source *source, cfg_t *tree)
{
    struct config *config = loader->config;
    unsigned count = cfg_size(tree, "listener");
    int err = 0;

    if (count == 0)
        return 0;
    if (config->listener_count + count > AP_CONFIG_LISTENERS_MAX)
        return ap_error_set(loader->error, AP_ERANGE, "%s: more than %d listeners", source->path,
                            AP_CONFIG_LISTENERS_MAX);
    struct config_listener *grown =
        realloc(config->listeners, (config->listener_count + count) * sizeof(*grown));
    if (!grown)
        return no_memory(loader);
    config->listeners = grown;
    for (unsigned i = 0; err == 0 && i < count; i++) {
        struct config_listener *listener = &config->listeners[config->listener_count++];
        memset(listener, 0, sizeof(*listener));
        source->listener = i;
        err = apply_listener(loader, source, cfg_getnsec(tree, "listener", i), listener);
    }
    return err;
}

/* -- files ----------------------------------------------------------------------------------- */

static int load_file(struct loader *loader, const char *path, bool main_file)
{
    struct source source = {.path = path};
    cfg_t *tree = NULL;
    int err = config_scan_file(&source.scan, path, loader->error);

    if (err == 0)
        err = config_tree_parse(&source.scan, path, &tree, loader->error);
    if (err == 0)
        err = apply_top(loader, &source, tree, main_file);
    if (err == 0)
        err = apply_listeners(loader, &source, tree);
    if (tree)
        (void)cfg_free(tree); /* fails for NULL only */
    config_scan_done(&source.scan);
    return err;
}

static int load_drop_ins(struct loader *loader)
{
    int err = config_drop_ins_list(&loader->drop_ins, loader->config->path, loader->error);

    for (size_t i = 0; err == 0 && i < loader->drop_ins.count; i++)
        err = load_file(loader, loader->drop_ins.paths[i], false);
    return err;
}

/* -- the whole ------------------------------------------------------------------------------- */

static int check_part(struct loader *loader, enum config_key_id part, uint32_t part_value,
                      enum config_key_id whole, uint32_t whole_value)
{
    const struct place *place = &loader->keys[part];

    if (part_value <= whole_value)
        return 0;
    if (place->line == 0)
        place = &loader->keys[whole];
    return ap_error_set(loader->error, AP_ERANGE, "%s:%d: %s (%lu) must not be above %s (%lu)",
                        place->path, place->line, CONFIG_KEYS[part].name, (unsigned long)part_value,
                        CONFIG_KEYS[whole].name, (unsigned long)whole_value);
}

const struct config_listener *config_phone_listener(const struct config *config)
{
    const struct config_listener *plain = NULL;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        if (listener->serves != CONFIG_SERVES_PHONES)
            continue;
        if (listener->tls != CONFIG_TLS_OFF)
            return listener;
        plain = plain ? plain : listener;
    }
    return plain;
}

static int check_top(struct loader *loader)
{
    const char *why;
    const struct config_key *key = config_check_top(loader->config, &why);

    if (!key)
        return 0;
    const struct place *place = &loader->keys[key - CONFIG_KEYS];
    if (place->line == 0) /* a default does not do */
        place = &loader->keys[KEY_PNP];
    return ap_error_set(loader->error, AP_EINVAL, "%s:%d: %s: %s", place->path, place->line,
                        key->name, why);
}

static int check_whole(struct loader *loader)
{
    const struct config *config = loader->config;
    int err;

    if (!config_phone_listener(config))
        return ap_error_set(loader->error, AP_EINVAL,
                            "%s: at least one listener for phones is needed: listener \"NAME\" { "
                            "… }",
                            config->path);
    err = check_top(loader);
    if (err)
        return err;
    err = check_part(loader, KEY_MAX_CONNECTIONS_PER_SOURCE, config->max_connections_per_source,
                     KEY_MAX_CONNECTIONS, config->max_connections);
    if (err)
        return err;
    return check_part(loader, KEY_MAX_HANDSHAKES_PER_SOURCE, config->max_handshakes_per_source,
                      KEY_MAX_HANDSHAKES, config->max_handshakes);
}

int config_load(const char *path, struct config **ret_config, struct ap_error *error)
{
    struct loader loader = {.error = error};
    int err = AP_ENOMEM;

    loader.config = calloc(1, sizeof(*loader.config));
    if (loader.config)
        loader.config->path = strdup(path);
    if (!loader.config || !loader.config->path) {
        (void)ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
        goto out;
    }
    err = load_file(&loader, path, true);
    if (err == 0)
        err = load_drop_ins(&loader);
    if (err == 0)
        err = check_whole(&loader);
    if (err)
        goto out;
    *ret_config = loader.config;
    loader.config = NULL;
out:
    config_drop_ins_done(&loader.drop_ins);
    config_free(loader.config);
    if (err)
        config_error_one_line(error);
    return err;
}

static void listener_done(struct config_listener *listener)
{
    for (size_t i = 0; i < listener->certificate_count; i++) {
        free(listener->certificates[i].name);
        free(listener->certificates[i].certificate_file);
        free(listener->certificates[i].key_file);
    }
    free(listener->certificates);
    free(listener->proxy_peers.items);
    free(listener->networks.items);
    config_host_list_done(&listener->hosts);
    config_ca_list_done(&listener->client_ca_files);
    free(listener->client_crl_file);
    free(listener->public_url);
    free(listener->file);
    free(listener->name);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->listener_count; i++)
        listener_done(&config->listeners[i]);
    free(config->listeners);
    free(config->path);
    free(config->user);
    free(config->group);
    free(config->state_directory);
    free(config->master_key_file);
    free(config->control_socket);
    free(config->templates_directory);
    free(config->custom_templates_directory);
    free(config->vendors_directory);
    free(config->custom_vendors_directory);
    free(config->provision_prefix);
    free(config->flat_networks.items);
    config_address_list_done(&config->pnp_interfaces);
    free(config->custom_options);
    free(config);
}
