/* A configuration back into text, and what of it a reload cannot change. Knows no files. */
#include "autoprov/config.h"

#include <stdio.h>
#include <string.h>

#include "autoprov/limits.h"
#include "config_private.h"

/* Single quotes: the only kind in which libConfuse expands nothing. */
static int append_quoted(struct buf *out, const char *text)
{
    int err = buf_append_text(out, "'");

    while (err == 0 && *text) {
        size_t plain = strcspn(text, "'\\");
        err = buf_append(out, text, plain);
        text += plain;
        if (err == 0 && *text)
            err = buf_printf(out, "\\%c", *text++);
    }
    return err ? err : buf_append_text(out, "'");
}

/* "0" workers are as many as the machine has cores. */
static bool is_default(const struct config_target *target, const struct config_key *key,
                       const char *text)
{
    if (!config_value_is_set(target, key))
        return true;
    if (key == &CONFIG_KEYS[KEY_WORKERS])
        return target->config->workers == config_workers_per_core();
    return key->default_text && strcmp(key->default_text, text) == 0;
}

static int dump_key(const struct config_target *target, const struct config_key *key,
                    bool changed_only, const char *indent, struct buf *out)
{
    struct buf text;
    bool bare =
        key->type == CONFIG_NUMBER || key->type == CONFIG_DURATION || key->type == CONFIG_LIST;

    buf_init(&text, AP_CONFIG_FILE_MAX_BYTES);
    int err = config_value_text(target, key, &text);
    const char *value = text.data ? text.data : "";
    if (err || (changed_only && is_default(target, key, value)))
        goto out;
    if (!config_value_is_set(target, key)) {
        err = buf_printf(out, "%s# %s is not set\n", indent, key->name);
        goto out;
    }
    err = buf_printf(out, "%s%s = ", indent, key->name);
    if (err == 0)
        err = bare ? buf_append_text(out, value) : append_quoted(out, value);
    if (err == 0)
        err = buf_append_text(out, "\n");
out:
    buf_done(&text);
    return err;
}

static int dump_section(const struct config_target *target, enum config_section section,
                        bool changed_only, const char *indent, struct buf *out)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < CONFIG_KEY_COUNT; i++) {
        if (CONFIG_KEYS[i].section == section)
            err = dump_key(target, &CONFIG_KEYS[i], changed_only, indent, out);
    }
    return err;
}

static int dump_listener(struct config_target *target, bool changed_only, struct buf *out)
{
    const struct config_listener *listener = target->listener;
    int err = buf_printf(out, "listener '%s' {\n", listener->name);

    if (err == 0)
        err = dump_section(target, CONFIG_LISTENER, changed_only, "    ", out);
    for (size_t i = 0; err == 0 && i < listener->certificate_count; i++) {
        target->certificate = &listener->certificates[i];
        err = buf_printf(out, "    certificate '%s' {\n", target->certificate->name);
        if (err == 0)
            err = dump_section(target, CONFIG_CERTIFICATE, changed_only, "        ", out);
        if (err == 0)
            err = buf_append_text(out, "    }\n");
    }
    return err ? err : buf_append_text(out, "}\n");
}

int config_dump(const struct config *config, bool changed_only, struct buf *out)
{
    /* Read only; the target has no const of its own. */
    struct config_target target = {.config = (struct config *)config};
    int err = dump_section(&target, CONFIG_TOP, changed_only, "", out);

    for (size_t i = 0; err == 0 && i < config->listener_count; i++) {
        target.listener = &config->listeners[i];
        err = dump_listener(&target, changed_only, out);
    }
    return err;
}

static const struct config_key *first_restart_key(const struct config_target *a,
                                                  const struct config_target *b,
                                                  enum config_section section)
{
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        if (key->section == section && !key->reloadable && !config_value_equal(a, b, key))
            return key;
    }
    return NULL;
}

/* Listeners are compared by position: their numbers are what running sockets go by. */
const char *config_restart_key(const struct config *old_config, const struct config *new_config,
                               char *buffer, size_t buffer_len)
{
    struct config_target a = {.config = (struct config *)old_config};
    struct config_target b = {.config = (struct config *)new_config};
    const struct config_key *key = first_restart_key(&a, &b, CONFIG_TOP);

    if (key) {
        (void)snprintf(buffer, buffer_len, "%s", key->name); /* a cut name is still one */
        return buffer;
    }
    for (size_t i = 0; i < old_config->listener_count || i < new_config->listener_count; i++) {
        bool in_both = i < old_config->listener_count && i < new_config->listener_count;
        const char *name = i < old_config->listener_count ? old_config->listeners[i].name
                                                          : new_config->listeners[i].name;
        if (!in_both || strcmp(name, new_config->listeners[i].name) != 0) {
            (void)snprintf(buffer, buffer_len, "listener %s", name);
            return buffer;
        }
        a.listener = &old_config->listeners[i];
        b.listener = &new_config->listeners[i];
        key = first_restart_key(&a, &b, CONFIG_LISTENER);
        /* Another profile is for new connections; with and without TLS are two kinds of door. */
        if (!key && (a.listener->tls == CONFIG_TLS_OFF) != (b.listener->tls == CONFIG_TLS_OFF))
            key = &CONFIG_KEYS[KEY_TLS];
        if (key) {
            (void)snprintf(buffer, buffer_len, "listener %s: %s", name, key->name);
            return buffer;
        }
    }
    return NULL;
}
