/* Lists of "VENDOR:/path": text into struct config_ca_list, and back. Knows no vendors. */
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "config_private.h"

/* Names of vendors are [a-z0-9-] (catalogue.h). */
static bool is_vendor(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'z') && text[i] != '-')
            return false;
    }
    return len > 0 && len <= AP_NAME_MAX_BYTES;
}

static int set_item(const struct config_key *key, struct config_ca_file *item, const char *text,
                    struct ap_error *reason)
{
    const char *colon = strchr(text, ':');

    if (!colon || !is_vendor(text, (size_t)(colon - text)) ||
        config_check_path(key, colon + 1, reason) != 0)
        return ap_error_set(reason, AP_EINVAL,
                            "'%.64s' is no vendor of the catalogue with an absolute path, such as "
                            "yealink:/etc/autoprovd/tls/yealink.pem",
                            text);
    item->vendor = strndup(text, (size_t)(colon - text));
    item->path = strdup(colon + 1);
    if (!item->vendor || !item->path)
        return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    return 0;
}

int config_ca_list_set(const struct config_key *key, struct config_ca_list *slot,
                       const char *const *items, size_t count, struct ap_error *reason)
{
    struct config_ca_list list = {.count = 0};
    int err = 0;

    if (count > key->max)
        return ap_error_set(reason, AP_ERANGE, "must have at most %llu files",
                            (unsigned long long)key->max);
    if (count > 0) {
        list.items = calloc(count, sizeof(*list.items));
        if (!list.items)
            return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    for (size_t i = 0; !err && i < count; i++)
        err = set_item(key, &list.items[list.count++], items[i], reason);
    if (err) {
        config_ca_list_done(&list);
        return err;
    }
    config_ca_list_done(slot);
    *slot = list;
    return 0;
}

/* A path may hold what ends a bare word. */
static int quoted_text(const struct config_ca_file *item, struct buf *out)
{
    int err = buf_printf(out, "'%s:", item->vendor);

    for (const char *at = item->path; !err && *at; at++) {
        if (*at == '\'' || *at == '\\')
            err = buf_append_text(out, "\\");
        if (!err)
            err = buf_append(out, at, 1);
    }
    return err ? err : buf_append_text(out, "'");
}

int config_ca_list_text(const struct config_ca_list *list, struct buf *out)
{
    int err = buf_append_text(out, list->count > 0 ? "{ " : "{ }");

    for (size_t i = 0; err == 0 && i < list->count; i++) {
        err = quoted_text(&list->items[i], out);
        if (err == 0)
            err = buf_append_text(out, i + 1 < list->count ? ", " : " }");
    }
    return err;
}

bool config_ca_list_equal(const struct config_ca_list *a, const struct config_ca_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].vendor, b->items[i].vendor) != 0 ||
            strcmp(a->items[i].path, b->items[i].path) != 0)
            return false;
    }
    return true;
}

void config_ca_list_done(struct config_ca_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].vendor);
        free(list->items[i].path);
    }
    free(list->items);
    *list = (struct config_ca_list){.count = 0};
}
