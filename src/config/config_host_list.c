/* Lists of host names: text into struct config_host_list, and back; whether a listener for browsers
 * goes by a name. Knows no DNS. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "config_private.h"

/* What a listener goes by that names nobody else: this machine. */
static const char *const LOOPBACK[] = {"localhost", "127.0.0.1", "[::1]"};

static int set_item(struct config_host_list *list, const char *text, struct ap_error *reason)
{
    if (!config_is_host(text, strlen(text)))
        return ap_error_set(reason, AP_EINVAL,
                            "'%.64s' is no name that a browser's address line may have: a DNS "
                            "name, an IPv4 address, or an IPv6 address in brackets, without port",
                            text);
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], text) == 0)
            return ap_error_set(reason, AP_EINVAL, "'%.64s' is there twice", text);
    }
    list->items[list->count] = strdup(text);
    if (!list->items[list->count])
        return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    list->count++;
    return 0;
}

int config_host_list_set(const struct config_key *key, struct config_host_list *slot,
                         const char *const *items, size_t count, struct ap_error *reason)
{
    struct config_host_list list = {.count = 0};
    int err = 0;

    if (count > key->max)
        return ap_error_set(reason, AP_ERANGE, "must have at most %llu names",
                            (unsigned long long)key->max);
    if (count > 0) {
        list.items = calloc(count, sizeof(*list.items));
        if (!list.items)
            return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    for (size_t i = 0; !err && i < count; i++)
        err = set_item(&list, items[i], reason);
    if (err) {
        config_host_list_done(&list);
        return err;
    }
    config_host_list_done(slot);
    *slot = list;
    return 0;
}

int config_host_list_text(const struct config_host_list *list, struct buf *out)
{
    int err = buf_append_text(out, list->count > 0 ? "{ " : "{ }");

    for (size_t i = 0; !err && i < list->count; i++)
        err = buf_printf(out, "%s%s", list->items[i], i + 1 < list->count ? ", " : " }");
    return err;
}

bool config_host_list_equal(const struct config_host_list *a, const struct config_host_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

void config_host_list_done(struct config_host_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_host_list){.count = 0};
}

/* host, or host:port. */
static bool is_named(const char *host, uint16_t port, const char *text)
{
    size_t len = strlen(host);
    char digits[TEXT_DECIMAL_MAX];

    if (strncasecmp(host, text, len) != 0)
        return false;
    (void)text_decimal(port, digits);
    return text[len] == '\0' || (text[len] == ':' && strcmp(text + len + 1, digits) == 0);
}

bool config_listener_is_named(const struct config_listener *listener, const char *text)
{
    const char *const *hosts = (const char *const *)listener->hosts.items;
    size_t count = listener->hosts.count;

    if (count == 0) {
        hosts = LOOPBACK;
        count = AP_COUNT(LOOPBACK);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_named(hosts[i], listener->address.port, text))
            return true;
    }
    return false;
}

const char *config_listener_host(const struct config_listener *listener)
{
    return listener->hosts.count > 0 ? listener->hosts.items[0] : LOOPBACK[0];
}
