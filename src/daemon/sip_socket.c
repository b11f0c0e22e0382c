/* Datagrams in and out. Must not know what is in them. */
#include "sip_socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "sip_socket_private.h"

#define ROUTE_KEPT_MS 60000

/* -- life -------------------------------------------------------------------------------------- */

/* Not started, or closed by now: nothing refers to it. */
static void free_all(struct sip_socket *sip)
{
    for (size_t i = 0; i < sip->count; i++)
        (void)close(sip->doors[i].fd); /* nothing waits in it that is ours */
    free(sip);
}

static void on_closed(uv_handle_t *handle)
{
    struct sip_socket *sip = ((struct sip_door *)handle->data)->sip;

    if (--sip->open_polls == 0)
        free_all(sip);
}

void sip_socket_close(struct sip_socket *sip)
{
    if (!sip)
        return;
    if (sip->open_polls == 0) {
        free_all(sip);
        return;
    }
    for (size_t i = 0; i < sip->count; i++) {
        if (sip->doors[i].is_polled)
            uv_close((uv_handle_t *)&sip->doors[i].poll, on_closed);
    }
}

/* -- in ---------------------------------------------------------------------------------------- */

/* Which interface it came in by (ip(7)); 0: not told. */
static unsigned interface_of(struct msghdr *message)
{
    struct in_pktinfo info;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO)
            continue;
        memcpy(&info, CMSG_DATA(part), sizeof(info));
        return info.ipi_ifindex > 0 ? (unsigned)info.ipi_ifindex : 0;
    }
    return 0;
}

/* The first one after a membership was renewed tells the interface's new index. */
static bool is_at_home(struct sip_door *door, unsigned interface)
{
    if (door->interface == 0)
        door->interface = interface;
    return door->interface == interface;
}

/* True: there may be more. */
static bool receive_one(struct sip_door *door)
{
    struct sip_socket *sip = door->sip;
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct iovec piece = {.iov_base = sip->buffer, .iov_len = sizeof(sip->buffer)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(door->fd, &message, 0);

    if (got < 0)
        return errno == EINTR; /* an error of one that was sent says nothing that timers do not */
    struct sip_datagram datagram = {
        .bytes = sip->buffer,
        .len = (size_t)got,
        .is_multicast = door->is_multicast,
        .interface = door->is_multicast ? interface_of(&message) : 0,
        .interface_name = door->name,
    };
    address_from_sockaddr((const struct sockaddr *)&from, &datagram.from.address);
    datagram.from.port = datagram.from.address.port;
    if (message.msg_flags & MSG_TRUNC) {
        sip->stats.too_long++;
    } else if (door->is_multicast && !is_at_home(door, datagram.interface)) {
        sip->stats.misplaced++;
    } else {
        sip->stats.received++;
        sip->received(sip->data, &datagram);
    }
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events; /* reading is all that was asked for */
    for (int i = 0; status == 0 && i < AP_SIP_BATCH_MAX; i++) {
        if (!receive_one(poll->data))
            return;
    }
}

int sip_socket_start(struct sip_socket *sip, uv_loop_t *loop, sip_socket_fn received, void *data)
{
    sip->received = received;
    sip->data = data;
    for (size_t i = 0; i < sip->count; i++) {
        struct sip_door *door = &sip->doors[i];
        if (uv_poll_init(loop, &door->poll, door->fd) != 0)
            return AP_EIO;
        door->poll.data = door;
        door->is_polled = true;
        sip->open_polls++;
        if (uv_poll_start(&door->poll, UV_READABLE, on_readable) != 0)
            return AP_EIO;
    }
    return 0;
}

void sip_socket_renew(struct sip_socket *sip, void (*renewed)(void *data, const char *interface),
                      void *data)
{
    for (size_t i = 0; sip && i < sip->count; i++) {
        struct sip_door *door = &sip->doors[i];
        /* By the address, as the interface is another one. Still a member: EADDRINUSE; the address
         * is gone: ENODEV, and it may come back. */
        if (!door->is_multicast || setsockopt(door->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP,
                                              &door->membership, sizeof(door->membership)) != 0)
            continue;
        door->interface = 0;
        renewed(data, door->name);
    }
}

void sip_socket_stats(const struct sip_socket *sip, struct sip_socket_stats *ret_stats)
{
    *ret_stats = sip ? sip->stats : (struct sip_socket_stats){.received = 0};
}

/* -- out --------------------------------------------------------------------------------------- */

static const struct sip_door *sender_for(const struct sip_socket *sip, int family)
{
    for (size_t i = 0; i < sip->count; i++) {
        if (!sip->doors[i].is_multicast && sip->doors[i].family == family)
            return &sip->doors[i];
    }
    return NULL;
}

static socklen_t target_of(const struct sip_endpoint *to, struct sockaddr_storage *ret_sockaddr)
{
    struct address address = to->address;

    address.port = to->port;
    return address_to_sockaddr(&address, ret_sockaddr);
}

bool sip_socket_send(struct sip_socket *sip, const struct sip_endpoint *to, const char *bytes,
                     size_t len)
{
    const struct sip_door *door = sender_for(sip, to->address.family);
    struct sockaddr_storage target;
    ssize_t sent = -1;

    if (door) {
        socklen_t target_len = target_of(to, &target);
        sent = sendto(door->fd, bytes, len, MSG_NOSIGNAL, (const struct sockaddr *)&target,
                      target_len);
    }
    bool is_sent = sent >= 0 && (size_t)sent == len;
    sip->stats.sent += is_sent;
    sip->stats.unsent += !is_sent;
    return is_sent;
}

/* -- our own address --------------------------------------------------------------------------- */

/* Nothing is sent: connect(2) of a datagram socket only looks for the route. */
static bool ask_route(const struct sip_endpoint *to, struct address *ret_local)
{
    struct sockaddr_storage target, local = {.ss_family = AF_UNSPEC};
    socklen_t target_len = target_of(to, &target), local_len = sizeof(local);
    int fd = socket(to->address.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    bool is_known = connect(fd, (const struct sockaddr *)&target, target_len) == 0 &&
                    getsockname(fd, (struct sockaddr *)&local, &local_len) == 0;
    (void)close(fd); /* nothing was written */
    if (is_known)
        address_from_sockaddr((const struct sockaddr *)&local, ret_local);
    return is_known && ret_local->family == to->address.family;
}

/* The newest answers, the oldest of them gives way. */
static const struct address *route_to(struct sip_socket *sip, const struct sip_endpoint *to)
{
    char network[AP_ADDRESS_TEXT_MAX];
    int64_t now_ms = (int64_t)(uv_hrtime() / 1000000);
    struct sip_route *oldest = &sip->routes[0];

    network_around(&to->address, network);
    for (size_t i = 0; i < AP_COUNT(sip->routes); i++) {
        struct sip_route *route = &sip->routes[i];
        if (route->at_ms > 0 && strcmp(route->network, network) == 0 &&
            now_ms - route->at_ms < ROUTE_KEPT_MS)
            return &route->local;
        if (route->at_ms < oldest->at_ms)
            oldest = route;
    }
    oldest->at_ms = 0;
    if (!ask_route(to, &oldest->local))
        return NULL;
    oldest->at_ms = now_ms;
    memcpy(oldest->network, network, sizeof(network));
    return &oldest->local;
}

bool sip_socket_local(struct sip_socket *sip, const struct sip_endpoint *to, char *ret_text,
                      size_t room)
{
    bool is_ipv6 = to->address.family == AF_INET6;
    const struct sip_door *door = sender_for(sip, to->address.family);
    const struct address *local = door ? route_to(sip, to) : NULL;
    char text[AP_ADDRESS_TEXT_MAX];

    if (!local)
        return false;
    address_format(local, text);
    int len = snprintf(ret_text, room, "%s%s%s:%u", is_ipv6 ? "[" : "", text, is_ipv6 ? "]" : "",
                       (unsigned)door->port);
    return len > 0 && (size_t)len < room;
}
