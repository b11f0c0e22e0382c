/* One value: text into its place in struct config, and back. Knows neither files nor lines. */
#include "config_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

static void *slot_of(const struct config_target *target, const struct config_key *key)
{
    char *base = (char *)target->config;

    if (key->section == CONFIG_LISTENER)
        base = (char *)target->listener;
    else if (key->section == CONFIG_CERTIFICATE)
        base = (char *)target->certificate;
    return base + config_key_binding(key)->offset;
}

static int set_string(char **slot, const char *text, struct ap_error *reason)
{
    char *copy = strdup(text);

    if (!copy)
        return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    free(*slot);
    *slot = copy;
    return 0;
}

static int set_text(const struct config_key *key, char **slot, const char *text,
                    struct ap_error *reason)
{
    config_check_fn check = config_key_binding(key)->check;
    size_t len = strlen(text);

    if (len < key->min || len > key->max)
        return ap_error_set(reason, AP_ERANGE, "must have %llu to %llu bytes",
                            (unsigned long long)key->min, (unsigned long long)key->max);
    int err = check(key, text, reason);
    return err ? err : set_string(slot, text, reason);
}

static int parse_number(const struct config_key *key, const char *text, uint32_t *ret_value,
                        struct ap_error *reason)
{
    uint64_t value;
    int err = text_parse_u64(text, strlen(text), key->min, key->max, &value);

    if (err)
        return ap_error_set(reason, err,
                            "must be a whole number from %llu to %llu, in decimal digits without "
                            "leading zero",
                            (unsigned long long)key->min, (unsigned long long)key->max);
    *ret_value = (uint32_t)value;
    return 0;
}

static int set_u32(const struct config_key *key, uint32_t *slot, const char *text,
                   struct ap_error *reason)
{
    int err = parse_number(key, text, slot, reason);

    if (err == 0 && key == &CONFIG_KEYS[KEY_WORKERS] && *slot == 0)
        *slot = config_workers_per_core();
    return err;
}

static int set_duration(const struct config_key *key, uint32_t *slot, const char *text,
                        struct ap_error *reason)
{
    char least[CONFIG_DURATION_TEXT_MAX], most[CONFIG_DURATION_TEXT_MAX];
    uint64_t value_ms = 0;
    int err =
        text_parse_duration_ms(text, strlen(text), key->min * 1000, key->max * 1000, &value_ms);

    if (err == 0 && value_ms % 1000 != 0)
        err = AP_ESYNTAX;
    config_duration_text(key->min, least);
    config_duration_text(key->max, most);
    if (err)
        return ap_error_set(reason, err, "must be a number with a unit (s, m, h, d), from %s to %s",
                            least, most);
    *slot = (uint32_t)(value_ms / 1000);
    return 0;
}

static int set_address(struct address *slot, const char *text, struct ap_error *reason)
{
    uint16_t port = slot->port;
    int err = address_parse(text, slot);

    if (err)
        return ap_error_set(reason, err,
                            "must be a numeric address such as 192.0.2.7 or 2001:db8::7");
    slot->port = port;
    return 0;
}

static int set_port(const struct config_key *key, struct address *slot, const char *text,
                    struct ap_error *reason)
{
    uint32_t port = 0;
    int err = parse_number(key, text, &port, reason);

    if (err == 0)
        slot->port = (uint16_t)port;
    return err;
}

/* Why a list may not be everything. */
static const char *harm_of_everybody(const struct config_key *key)
{
    if (key == &CONFIG_KEYS[KEY_PROXY_PEERS])
        return "whoever reaches the listener could then give himself any address";
    if (key == &CONFIG_KEYS[KEY_NETWORKS])
        return "leave the key out where phones may come from everywhere, and name the admins' own "
               "networks where it is of the portal";
    return "whoever knows a MAC could then download its SIP password from anywhere";
}

static int set_networks(const struct config_key *key, struct network_list *slot,
                        const char *const *items, size_t count, struct ap_error *reason)
{
    struct network_list list = {.count = count};
    int err;

    if (count > key->max)
        return ap_error_set(reason, AP_ERANGE, "must have at most %llu networks",
                            (unsigned long long)key->max);
    if (count > 0) {
        list.items = calloc(count, sizeof(*list.items));
        if (!list.items)
            return ap_error_set(reason, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    for (size_t i = 0; i < count; i++) {
        err = network_parse(items[i], &list.items[i]);
        if (err == 0)
            continue;
        err = ap_error_set(reason, err, "'%.64s' %s", items[i],
                           err == AP_EINVAL ? "has bits set behind its prefix length"
                                            : "is no network such as 10.0.0.0/8 or fd00::/8");
        goto fail;
    }
    if (network_list_covers_everything(&list)) {
        err = ap_error_set(reason, AP_EINVAL, "covers every address: %s", harm_of_everybody(key));
        goto fail;
    }
    free(slot->items);
    *slot = list;
    return 0;
fail:
    free(list.items);
    return err;
}

static int set_options(struct config *config, const char *text, struct ap_error *reason)
{
    struct options options;
    int err = options_parse(text, strlen(text), &options, reason);

    if (err == 0)
        err = set_string(&config->custom_options, text, reason);
    if (err == 0)
        config->options = options;
    return err;
}

/* "must be a, b or c" */
static int refuse_word(const char *const *words, struct ap_error *reason)
{
    char list[128] = "";
    size_t used = 0;

    for (size_t i = 0; words[i] && used < sizeof(list); i++) {
        const char *joint = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        int len = snprintf(list + used, sizeof(list) - used, "%s%s", joint, words[i]);
        used += len > 0 ? (size_t)len : 0;
    }
    return ap_error_set(reason, AP_EINVAL, "must be %s", list);
}

static int set_word(const char *const *words, unsigned *slot, const char *text,
                    struct ap_error *reason)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            *slot = i;
            return 0;
        }
    }
    return refuse_word(words, reason);
}

static int set_flag(bool *slot, const char *text, struct ap_error *reason)
{
    bool is_yes = strcmp(text, "yes") == 0;

    if (!is_yes && strcmp(text, "no") != 0)
        return ap_error_set(reason, AP_EINVAL, "must be no or yes");
    *slot = is_yes;
    return 0;
}

int config_value_set(const struct config_target *target, const struct config_key *key,
                     const char *const *items, size_t count, struct ap_error *reason)
{
    void *slot = slot_of(target, key);

    switch (config_key_binding(key)->slot) {
    case SLOT_TEXT:
        return set_text(key, slot, items[0], reason);
    case SLOT_U32:
        return set_u32(key, slot, items[0], reason);
    case SLOT_DURATION:
        return set_duration(key, slot, items[0], reason);
    case SLOT_ADDRESS:
        return set_address(slot, items[0], reason);
    case SLOT_PORT:
        return set_port(key, slot, items[0], reason);
    case SLOT_NETWORKS:
        return set_networks(key, slot, items, count, reason);
    case SLOT_ADDRESSES:
        return config_address_list_set(key, slot, items, count, reason);
    case SLOT_HOSTS:
        return config_host_list_set(key, slot, items, count, reason);
    case SLOT_CA_FILES:
        return config_ca_list_set(key, slot, items, count, reason);
    case SLOT_LEVEL:
        if (log_level_parse(items[0], slot) != 0)
            return ap_error_set(reason, AP_EINVAL, "must be error, warning, notice, info or debug");
        return 0;
    case SLOT_WORD:
        return set_word(config_key_binding(key)->words, slot, items[0], reason);
    case SLOT_FLAG:
        return set_flag(slot, items[0], reason);
    default:
        return set_options(target->config, items[0], reason);
    }
}

static int network_text(const struct network *network, struct buf *out)
{
    struct address address = {.family = network->family};
    char text[AP_ADDRESS_TEXT_MAX];

    memcpy(address.bytes, network->bytes, sizeof(address.bytes));
    address_format(&address, text);
    return buf_printf(out, "%s/%u", text, (unsigned)network->prefix_len);
}

static int networks_text(const struct network_list *list, struct buf *out)
{
    int err = buf_append_text(out, list->count > 0 ? "{ " : "{ }");

    for (size_t i = 0; err == 0 && i < list->count; i++) {
        err = network_text(&list->items[i], out);
        if (err == 0)
            err = buf_append_text(out, i + 1 < list->count ? ", " : " }");
    }
    return err;
}

void config_duration_text(uint64_t duration_s, char ret_text[static CONFIG_DURATION_TEXT_MAX])
{
    static const struct {
        uint64_t seconds;
        char unit;
    } UNITS[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;

    while (duration_s % UNITS[i].seconds != 0)
        i++;
    (void)snprintf(ret_text, CONFIG_DURATION_TEXT_MAX, "%lu%c", /* a decade has 9 digits */
                   (unsigned long)(duration_s / UNITS[i].seconds), UNITS[i].unit);
}

int config_value_text(const struct config_target *target, const struct config_key *key,
                      struct buf *out)
{
    char text[AP_ADDRESS_TEXT_MAX];
    char duration[CONFIG_DURATION_TEXT_MAX];
    const void *slot = slot_of(target, key);

    switch (config_key_binding(key)->slot) {
    case SLOT_U32:
        return buf_printf(out, "%lu", (unsigned long)*(const uint32_t *)slot);
    case SLOT_DURATION:
        config_duration_text(*(const uint32_t *)slot, duration);
        return buf_append_text(out, duration);
    case SLOT_ADDRESS:
        address_format(slot, text);
        return buf_append_text(out, text);
    case SLOT_PORT:
        return buf_printf(out, "%u", (unsigned)((const struct address *)slot)->port);
    case SLOT_NETWORKS:
        return networks_text(slot, out);
    case SLOT_ADDRESSES:
        return config_address_list_text(slot, out);
    case SLOT_HOSTS:
        return config_host_list_text(slot, out);
    case SLOT_CA_FILES:
        return config_ca_list_text(slot, out);
    case SLOT_LEVEL:
        return buf_append_text(out, log_level_name(*(const enum log_level *)slot));
    case SLOT_WORD:
        return buf_append_text(out, config_key_binding(key)->words[*(const unsigned *)slot]);
    case SLOT_FLAG:
        return buf_append_text(out, *(const bool *)slot ? "yes" : "no");
    default: {
        const char *value = *(char *const *)slot;
        return value ? buf_append_text(out, value) : 0;
    }
    }
}

bool config_value_is_set(const struct config_target *target, const struct config_key *key)
{
    enum config_slot slot = config_key_binding(key)->slot;

    return (slot != SLOT_TEXT && slot != SLOT_OPTIONS) || *(char *const *)slot_of(target, key);
}

static bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool networks_equal(const struct network_list *a, const struct network_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct network *x = &a->items[i];
        const struct network *y = &b->items[i];
        if (x->family != y->family || x->prefix_len != y->prefix_len ||
            memcmp(x->bytes, y->bytes, sizeof(x->bytes)) != 0)
            return false;
    }
    return true;
}

bool config_value_equal(const struct config_target *a, const struct config_target *b,
                        const struct config_key *key)
{
    const void *x = slot_of(a, key);
    const void *y = slot_of(b, key);

    switch (config_key_binding(key)->slot) {
    case SLOT_U32:
    case SLOT_DURATION:
        return *(const uint32_t *)x == *(const uint32_t *)y;
    case SLOT_ADDRESS:
        return address_equal(x, y);
    case SLOT_PORT:
        return ((const struct address *)x)->port == ((const struct address *)y)->port;
    case SLOT_NETWORKS:
        return networks_equal(x, y);
    case SLOT_ADDRESSES:
        return config_address_list_equal(x, y);
    case SLOT_HOSTS:
        return config_host_list_equal(x, y);
    case SLOT_CA_FILES:
        return config_ca_list_equal(x, y);
    case SLOT_LEVEL:
        return *(const enum log_level *)x == *(const enum log_level *)y;
    case SLOT_WORD:
        return *(const unsigned *)x == *(const unsigned *)y;
    case SLOT_FLAG:
        return *(const bool *)x == *(const bool *)y;
    default: {
        const char *p = *(char *const *)x;
        const char *q = *(char *const *)y;
        return p && q ? strcmp(p, q) == 0 : p == q;
    }
    }
}
