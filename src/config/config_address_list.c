/* Lists of interfaces' addresses: text into struct config_address_list, and back. Knows not which
 * interfaces there are. */
#include <stdlib.h>
#include <string.h>

#include "config_private.h"

/* One address of an interface: neither 0.0.0.0/8, 127.255.255.255-like broadcasts, nor a group. */
static bool is_of_interface(const struct address *address)
{
    return address->family == AF_INET && address->bytes[0] > 0 && address->bytes[0] < 224;
}

static int set_item(struct config_address_list *list, const char *text, struct ap_error *reason)
{
    struct address *address = &list->items[list->count];

    if (address_parse(text, address) != 0 || !is_of_interface(address))
        return ap_error_set(reason, AP_EINVAL,
                            "'%.64s' is no IPv4 address of an interface, such as 192.168.1.10",
                            text);
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->items[i].bytes, address->bytes, sizeof(address->bytes)) == 0)
            return ap_error_set(reason, AP_EINVAL, "'%.64s' is there twice", text);
    }
    list->count++;
    return 0;
}

int config_address_list_set(const struct config_key *key, struct config_address_list *slot,
                            const char *const *items, size_t count, struct ap_error *reason)
{
    struct config_address_list list = {.count = 0};
    int err = 0;

    if (count > key->max)
        return ap_error_set(reason, AP_ERANGE, "must have at most %llu addresses",
                            (unsigned long long)key->max);
    if (count > 0) {
        list.items = calloc(count, sizeof(*list.items));
        if (!list.items)
            return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    for (size_t i = 0; !err && i < count; i++)
        err = set_item(&list, items[i], reason);
    if (err) {
        config_address_list_done(&list);
        return err;
    }
    config_address_list_done(slot);
    *slot = list;
    return 0;
}

int config_address_list_text(const struct config_address_list *list, struct buf *out)
{
    char text[AP_ADDRESS_TEXT_MAX];
    int err = buf_append_text(out, list->count > 0 ? "{ " : "{ }");

    for (size_t i = 0; !err && i < list->count; i++) {
        address_format(&list->items[i], text);
        err = buf_printf(out, "%s%s", text, i + 1 < list->count ? ", " : " }");
    }
    return err;
}

bool config_address_list_equal(const struct config_address_list *a,
                               const struct config_address_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (memcmp(a->items[i].bytes, b->items[i].bytes, sizeof(a->items[i].bytes)) != 0)
            return false;
    }
    return true;
}

void config_address_list_done(struct config_address_list *list)
{
    free(list->items);
    *list = (struct config_address_list){0};
}
