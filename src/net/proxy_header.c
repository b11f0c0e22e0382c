/* PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt, 2.2).
 * Pure: no memory, no state, no clock. Must not know who may send it. */
#include "proxy_header.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "autoprov/limits.h"

static const uint8_t SIGNATURE[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Signature, version and command, family and transport, length of what follows. */
#define FIXED_BYTES 16

enum { COMMAND_LOCAL = 0, COMMAND_PROXY = 1 };
enum { FAMILY_UNSPEC = 0, FAMILY_INET = 1, FAMILY_INET6 = 2, FAMILY_UNIX = 3, FAMILY_COUNT };
enum { TRANSPORT_UNSPEC = 0, TRANSPORT_STREAM = 1, TRANSPORT_DATAGRAM = 2, TRANSPORT_COUNT };

/* Both addresses and ports. */
static const size_t ADDRESS_BYTES[FAMILY_COUNT] = {
    [FAMILY_UNSPEC] = 0, [FAMILY_INET] = 12, [FAMILY_INET6] = 36, [FAMILY_UNIX] = 216};

struct fixed_part {
    unsigned version, command, family, transport;
    size_t rest_bytes;
};

static void read_fixed(const uint8_t *data, struct fixed_part *fixed)
{
    fixed->version = data[12] >> 4;
    fixed->command = data[12] & 0xf;
    fixed->family = data[13] >> 4;
    fixed->transport = data[13] & 0xf;
    fixed->rest_bytes = (size_t)data[14] << 8 | data[15];
}

/* Everything but the bytes behind it. With LOCAL the family is not looked at. */
static bool fixed_is_valid(const struct fixed_part *fixed)
{
    if (fixed->version != 2 || FIXED_BYTES + fixed->rest_bytes > AP_PROXY_HEADER_MAX_BYTES)
        return false;
    if (fixed->command != COMMAND_PROXY)
        return fixed->command == COMMAND_LOCAL;
    return fixed->family < FAMILY_COUNT && fixed->transport < TRANSPORT_COUNT &&
           fixed->rest_bytes >= ADDRESS_BYTES[fixed->family];
}

/* Through the socket's form, so that an IPv4 address in IPv6 clothes becomes IPv4. */
static void read_source(const struct fixed_part *fixed, const uint8_t *data,
                        struct address *ret_source)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    *ret_source = (struct address){.family = AF_UNSPEC};
    if (fixed->command != COMMAND_PROXY || fixed->transport != TRANSPORT_STREAM)
        return;
    /* Source, destination, source's port, destination's port; network byte order. */
    if (fixed->family == FAMILY_INET) {
        memcpy(&in.sin_addr, data, 4);
        memcpy(&in.sin_port, data + 8, 2);
        address_from_sockaddr((const struct sockaddr *)&in, ret_source);
    } else if (fixed->family == FAMILY_INET6) {
        memcpy(&in6.sin6_addr, data, 16);
        memcpy(&in6.sin6_port, data + 32, 2);
        address_from_sockaddr((const struct sockaddr *)&in6, ret_source);
    }
}

enum proxy_verdict proxy_header_read(const uint8_t *data, size_t len,
                                     struct proxy_header *ret_header)
{
    size_t signed_bytes = len < sizeof(SIGNATURE) ? len : sizeof(SIGNATURE);
    struct fixed_part fixed;

    if (memcmp(data, SIGNATURE, signed_bytes) != 0)
        return PROXY_REFUSE;
    ret_header->bytes = FIXED_BYTES;
    if (len < FIXED_BYTES)
        return PROXY_NEED_MORE;
    read_fixed(data, &fixed);
    if (!fixed_is_valid(&fixed))
        return PROXY_REFUSE;
    ret_header->bytes = FIXED_BYTES + fixed.rest_bytes;
    if (len < ret_header->bytes)
        return PROXY_NEED_MORE;
    read_source(&fixed, data + FIXED_BYTES, &ret_header->source);
    return PROXY_ACCEPT;
}
