/* Internet addresses: peers, sources for limits, networks and lists of networks. */
#ifndef AUTOPROV_ADDRESS_H
#define AUTOPROV_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "autoprov/err.h"

/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%…" and a NUL; "[…]:65535" fits too. */
#define AP_ADDRESS_TEXT_MAX 64

/* An IPv4 address in IPv6 clothes (::ffff:a.b.c.d) is stored as IPv4. */
struct address {
    int family;        /* AF_INET, AF_INET6, AF_UNIX */
    uint8_t bytes[16]; /* 4 for AF_INET, 16 for AF_INET6, none for AF_UNIX; rest zero */
    uint16_t port;     /* host byte order */
};

/* An unknown family gives AF_UNSPEC. */
void address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address);

/* Numeric IPv4 or IPv6, without port and brackets. Errors: AP_ESYNTAX. */
AP_MUSTCHECK int address_parse(const char *text, struct address *ret_address);

/* Returns the length for bind(2). AF_INET and AF_INET6 only. */
socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *ret_sockaddr);

/* Without port: "192.0.2.7", "2001:db8::7", "unix". */
void address_format(const struct address *address, char ret_text[static AP_ADDRESS_TEXT_MAX]);

/* Loopback, RFC 1918, RFC 3927, RFC 4193 and link-local addresses (RFC 4291): none that a stranger
 * on the Internet can send from. */
bool address_is_private(const struct address *address);
/* 127.0.0.0/8, ::1. */
bool address_is_loopback(const struct address *address);

/* What limits and penalties count by: an IPv4 address, or an IPv6 /64 (RFC 4291, 2.5.4: one
 * subscriber has a whole /64). */
struct source_key {
    uint8_t bytes[9]; /* family tag 4, 6 or 0, then 4 or 8 bytes; rest zero */
};
void address_source_key(const struct address *address, struct source_key *ret_key);

/* For tables of sources: with a random seed nobody can choose addresses that meet in one place. */
uint64_t address_source_hash(const struct source_key *key, uint64_t seed);

/* prefix_len counts from the first bit of bytes. */
struct network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
    uint8_t prefix_len; /* 0..32, 0..128 */
};

/* "10.0.0.0/8", "fd00::/8", or an address alone (its whole length). Host bits must be zero.
 * Errors: AP_ESYNTAX; AP_EINVAL host bits set. */
AP_MUSTCHECK int network_parse(const char *text, struct network *ret_network);

bool network_contains(const struct network *network, const struct address *address);

/* What counts as one network where nobody wrote one: an IPv4 /24, an IPv6 /64; written as
 * network_parse() reads it. AF_UNIX: "unix". */
void network_around(const struct address *address, char ret_text[static AP_ADDRESS_TEXT_MAX]);

/* networks: as network_parse() reads them, with commas between. What cannot be read holds nobody.
 */
bool network_text_contains(const char *networks, const struct address *address);

/* items: owned by whoever made the list. */
struct network_list {
    struct network *items;
    size_t count;
};

bool network_list_contains(const struct network_list *list, const struct address *address);

/* True when the list, taken together, holds every IPv4 or every IPv6 address: one /0, or pieces
 * such as 0.0.0.0/1 and 128.0.0.0/1. */
bool network_list_covers_everything(const struct network_list *list);

#endif
