/* Addresses and networks. */
#include "autoprov/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

static const uint8_t V4_MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static size_t bits_of(int family)
{
    return family == AF_INET ? 32 : 128;
}

void address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address)
{
    struct address address = {.family = AF_UNSPEC};

    /* Copies: the caller's memory need not be aligned for the larger types. */
    if (sockaddr->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sockaddr, sizeof(in));
        address.family = AF_INET;
        memcpy(address.bytes, &in.sin_addr, 4);
        address.port = ntohs(in.sin_port);
    } else if (sockaddr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sockaddr, sizeof(in6));
        address.port = ntohs(in6.sin6_port);
        if (memcmp(&in6.sin6_addr, V4_MAPPED, sizeof(V4_MAPPED)) == 0) {
            address.family = AF_INET;
            memcpy(address.bytes, (const uint8_t *)&in6.sin6_addr + 12, 4);
        } else {
            address.family = AF_INET6;
            memcpy(address.bytes, &in6.sin6_addr, 16);
        }
    } else if (sockaddr->sa_family == AF_UNIX) {
        address.family = AF_UNIX;
    }
    *ret_address = address;
}

int address_parse(const char *text, struct address *ret_address)
{
    struct address address = {0};

    if (inet_pton(AF_INET, text, address.bytes) == 1) {
        address.family = AF_INET;
    } else if (inet_pton(AF_INET6, text, address.bytes) == 1) {
        address.family = AF_INET6;
        if (memcmp(address.bytes, V4_MAPPED, sizeof(V4_MAPPED)) == 0) {
            memmove(address.bytes, address.bytes + 12, 4);
            memset(address.bytes + 4, 0, 12);
            address.family = AF_INET;
        }
    } else {
        return AP_ESYNTAX;
    }
    *ret_address = address;
    return 0;
}

socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *ret_sockaddr)
{
    memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
    if (address->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&in.sin_addr, address->bytes, 4);
        memcpy(ret_sockaddr, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    memcpy(&in6.sin6_addr, address->bytes, 16);
    memcpy(ret_sockaddr, &in6, sizeof(in6));
    return sizeof(in6);
}

void address_format(const struct address *address, char ret_text[static AP_ADDRESS_TEXT_MAX])
{
    bool internet = address->family == AF_INET || address->family == AF_INET6;

    if (!internet || !inet_ntop(address->family, address->bytes, ret_text, AP_ADDRESS_TEXT_MAX))
        (void)snprintf(ret_text, AP_ADDRESS_TEXT_MAX, "%s", /* both words fit */
                       address->family == AF_UNIX ? "unix" : "unknown");
}

void address_source_key(const struct address *address, struct source_key *ret_key)
{
    struct source_key key = {0};

    if (address->family == AF_INET) {
        key.bytes[0] = 4;
        memcpy(key.bytes + 1, address->bytes, 4);
    } else if (address->family == AF_INET6) {
        key.bytes[0] = 6;
        memcpy(key.bytes + 1, address->bytes, 8);
    }
    *ret_key = key;
}

uint64_t address_source_hash(const struct source_key *key, uint64_t seed)
{
    uint64_t low, hash = seed;

    memcpy(&low, key->bytes + 1, sizeof(low));
    hash ^= low + key->bytes[0];
    /* Finaliser of MurmurHash3: every input bit reaches every output bit. */
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ hash >> 33) * (0xc4ceb9fe1a85ec53ULL ^ seed << 1);
    return hash ^ hash >> 33;
}

/* True when the first prefix_len bits of a and b are the same. */
static bool same_prefix(const uint8_t *a, const uint8_t *b, size_t prefix_len)
{
    size_t whole = prefix_len / 8;
    unsigned rest = prefix_len % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool host_bits_are_zero(const struct network *network)
{
    for (size_t bit = network->prefix_len; bit < bits_of(network->family); bit++) {
        if ((network->bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
            return false;
    }
    return true;
}

int network_parse(const char *text, struct network *ret_network)
{
    char host[AP_ADDRESS_TEXT_MAX];
    struct address address;
    struct network network = {0};
    const char *slash = strchr(text, '/');
    size_t host_len = slash ? (size_t)(slash - text) : strlen(text);

    if (host_len >= sizeof(host))
        return AP_ESYNTAX;
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    int err = address_parse(host, &address);
    if (err)
        return err;
    uint64_t prefix_len = bits_of(address.family);
    if (slash && text_parse_u64(slash + 1, strlen(slash + 1), 0, prefix_len, &prefix_len) != 0)
        return AP_ESYNTAX;
    network.family = address.family;
    memcpy(network.bytes, address.bytes, sizeof(network.bytes));
    network.prefix_len = (uint8_t)prefix_len;
    if (!host_bits_are_zero(&network))
        return AP_EINVAL;
    *ret_network = network;
    return 0;
}

bool network_contains(const struct network *network, const struct address *address)
{
    return network->family == address->family &&
           same_prefix(network->bytes, address->bytes, network->prefix_len);
}

bool address_is_loopback(const struct address *address)
{
    static const struct network NETWORKS[] = {{AF_INET, {127}, 8}, {AF_INET6, {[15] = 1}, 128}};

    return network_contains(&NETWORKS[0], address) || network_contains(&NETWORKS[1], address);
}

bool address_is_private(const struct address *address)
{
    static const struct network NETWORKS[] = {
        {AF_INET, {127}, 8},       {AF_INET, {10}, 8},          {AF_INET, {172, 16}, 12},
        {AF_INET, {192, 168}, 16}, {AF_INET, {169, 254}, 16},   {AF_INET6, {0xfe, 0x80}, 10},
        {AF_INET6, {0xfc}, 7},     {AF_INET6, {[15] = 1}, 128},
    };

    for (size_t i = 0; i < AP_COUNT(NETWORKS); i++) {
        if (network_contains(&NETWORKS[i], address))
            return true;
    }
    return false;
}

void network_around(const struct address *address, char ret_text[static AP_ADDRESS_TEXT_MAX])
{
    struct address first = *address;
    bool is_ipv4 = address->family == AF_INET;
    size_t len;

    memset(first.bytes + (is_ipv4 ? 3 : 8), 0, sizeof(first.bytes) - (is_ipv4 ? 3 : 8));
    address_format(&first, ret_text);
    len = strlen(ret_text);
    if (address->family == AF_INET || address->family == AF_INET6)
        (void)snprintf(ret_text + len, AP_ADDRESS_TEXT_MAX - len, /* 45 and 3 of 64 */
                       is_ipv4 ? "/24" : "/64");
}

bool network_text_contains(const char *networks, const struct address *address)
{
    char text[AP_ADDRESS_TEXT_MAX];
    struct network network;

    for (const char *at = networks; *at;) {
        size_t len = strcspn(at, ",");
        if (len < sizeof(text)) {
            memcpy(text, at, len);
            text[len] = '\0';
            if (network_parse(text, &network) == 0 && network_contains(&network, address))
                return true;
        }
        at += len;
        at += *at == ',';
    }
    return false;
}

bool network_list_contains(const struct network_list *list, const struct address *address)
{
    for (size_t i = 0; i < list->count; i++) {
        if (network_contains(&list->items[i], address))
            return true;
    }
    return false;
}

/* Move address to the first one after network; true when there is none (it wrapped to zero). */
static bool step_past(const struct network *network, uint8_t address[static 16])
{
    memcpy(address, network->bytes, 16);
    for (size_t bit = network->prefix_len; bit > 0; bit--) {
        uint8_t mask = (uint8_t)(0x80 >> ((bit - 1) % 8));
        address[(bit - 1) / 8] ^= mask;
        if ((address[(bit - 1) / 8] & mask) != 0)
            return false;
    }
    return true;
}

/* Walk from the first address on, each time past a network that holds the first one not covered
 * yet. No network is taken twice, so this ends after count steps. */
static bool covers_family(const struct network_list *list, int family)
{
    struct address next = {.family = family};
    size_t i = 0;

    while (i < list->count) {
        if (!network_contains(&list->items[i], &next)) {
            i++;
            continue;
        }
        if (step_past(&list->items[i], next.bytes))
            return true;
        i = 0;
    }
    return false;
}

bool network_list_covers_everything(const struct network_list *list)
{
    return covers_family(list, AF_INET) || covers_family(list, AF_INET6);
}
