/* The only file that sees libConfuse's grammar: option arrays from the key table, one parse of one
 * scanned text, its errors as "FILE:LINE: …". Values stay text. */
#include "config_private.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>

/* libConfuse's error function gets the section being parsed and nothing of ours. An option of this
 * name, which no file can hold because config_scan.c knows it as no key, carries the pointer. */
#define CARRIER "|"

struct tree_errors {
    const char *path;
    struct ap_error *error;
    bool set;
};

static void on_error(cfg_t *cfg, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
    struct tree_errors *errors = NULL;
    char text[AP_ERROR_TEXT_MAX];

    for (const cfg_opt_t *opt = cfg->opts; opt->name; opt++) {
        if (strcmp(opt->name, CARRIER) == 0)
            errors = (void *)opt->simple_value.string;
    }
    if (!errors || errors->set)
        return;
    (void)vsnprintf(text, sizeof(text), fmt, args); /* a cut message is still one */
    errors->set = true;
    (void)ap_error_set(errors->error, AP_ESYNTAX, "%s:%d: %s", errors->path, cfg->line, text);
}

/* opts: room for KEY_COUNT + 3. Returns how many were filled. */
static size_t fill_options(enum config_section section, cfg_opt_t *opts, struct tree_errors *errors)
{
    size_t count = 0;

    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        cfg_flag_t flags = key->default_text ? CFGF_NONE : CFGF_NODEFAULT;
        if (key->section != section)
            continue;
        if (key->type == CONFIG_LIST)
            opts[count++] = (cfg_opt_t)CFG_STR_LIST(key->name, (char *)key->default_text, flags);
        else
            opts[count++] = (cfg_opt_t)CFG_STR(key->name, key->default_text, flags);
    }
    opts[count++] = (cfg_opt_t)CFG_SIMPLE_STR(CARRIER, (void *)errors);
    return count;
}

int config_tree_parse(const struct config_scan *scan, const char *path, struct cfg_t **ret_tree,
                      struct ap_error *error)
{
    const cfg_flag_t section_flags = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
    cfg_opt_t top[KEY_COUNT + 3], listener[KEY_COUNT + 3], certificate[KEY_COUNT + 3];
    struct tree_errors errors = {.path = path, .error = error};
    cfg_t *tree = NULL;
    FILE *file = NULL;
    size_t count;
    int err = AP_ENOMEM;

    count = fill_options(CONFIG_CERTIFICATE, certificate, &errors);
    certificate[count] = (cfg_opt_t)CFG_END();
    count = fill_options(CONFIG_LISTENER, listener, &errors);
    listener[count++] = (cfg_opt_t)CFG_SEC("certificate", certificate, section_flags);
    listener[count] = (cfg_opt_t)CFG_END();
    count = fill_options(CONFIG_TOP, top, &errors);
    top[count++] = (cfg_opt_t)CFG_SEC("listener", listener, section_flags);
    top[count] = (cfg_opt_t)CFG_END();

    tree = cfg_init(top, CFGF_NONE);
    file = fmemopen(scan->text.data, scan->text.len, "r");
    if (!tree || !file) {
        (void)ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
        goto out;
    }
    (void)cfg_set_error_function(tree, on_error); /* returns the old one */
    if (cfg_parse_fp(tree, file) != CFG_SUCCESS) {
        err = AP_ESYNTAX;
        if (!errors.set)
            (void)ap_error_set(error, err, "%s:%d: cannot be parsed", path, tree->line);
        goto out;
    }
    *ret_tree = tree;
    tree = NULL;
    err = 0;
out:
    if (file)
        (void)fclose(file); /* memory, nothing to flush */
    if (tree)
        (void)cfg_free(tree);
    return err;
}
