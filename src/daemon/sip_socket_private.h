/* What sip_socket.c and sip_socket_open.c share. */
#ifndef AUTOPROV_SIP_SOCKET_PRIVATE_H
#define AUTOPROV_SIP_SOCKET_PRIVATE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdalign.h>

#include "autoprov/limits.h"
#include "sip_socket.h"

/* Networks of targets whose route is remembered. */
#define SIP_ROUTES_MAX 64
/* Of the group, and one for each family. */
#define SIP_DOORS_MAX (AP_SIP_INTERFACES_MAX + 2)

/* One socket. */
struct sip_door {
    uv_poll_t poll;
    bool is_polled;
    struct sip_socket *sip;
    int fd;
    int family;
    uint16_t port; /* local, of those that send */
    bool is_multicast;
    struct ip_mreqn membership; /* of those of the group, without an index */
    unsigned interface;         /* the same; 0: not known, the next one tells */
    char name[IF_NAMESIZE];     /* the same; else "" */
};

struct sip_route {
    char network[AP_ADDRESS_TEXT_MAX];
    struct address local;
    int64_t at_ms; /* monotonic; 0: free */
};

struct sip_socket {
    struct sip_door doors[SIP_DOORS_MAX];
    size_t count;
    size_t open_polls;
    sip_socket_fn received;
    void *data;
    struct sip_socket_stats stats;
    struct sip_route routes[SIP_ROUTES_MAX];
    char buffer[AP_SIP_DATAGRAM_MAX_BYTES];
};

#endif
