/* Listening sockets of a front: accepting, and what to do when descriptors run out.
 * Must not know what becomes of a connection. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/limits.h"
#include "connection.h"
#include "front_private.h"

/* In one go, so that others have their turn too. Many more than handshakes are begun in a turn: the
 * kernel's queue is one in order of arrival, in which phones grow old unseen. */
#define ACCEPTS_MAX 256

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct listener *listener = timer->data;

    /* Fails without memory: then the timer tries again. */
    if (uv_poll_start(&listener->poll, UV_READABLE, on_readable) != 0)
        (void)uv_timer_start(timer, on_pause_over, AP_ACCEPT_PAUSE_MS, 0);
}

static void pause_listener(struct listener *listener)
{
    (void)uv_poll_stop(&listener->poll); /* never fails */
    (void)uv_timer_start(&listener->pause, on_pause_over, AP_ACCEPT_PAUSE_MS,
                         0); /* fails only when closing */
}

/* The connection stays in the kernel's queue and the poll would fire for ever. Close one client
 * with the reserve's descriptor, so that it isn't left hanging, then rest. */
static void out_of_descriptors(struct listener *listener)
{
    struct front *front = listener->front;

    if (front->spare_fd >= 0)
        (void)close(front->spare_fd); /* nothing was written */
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd); /* nothing was written */
        front->stats.refused_connections++;
    }
    front->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pause_listener(listener);
}

/* False: accept no more in this turn. */
static bool accept_failed(struct listener *listener)
{
    switch (errno) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true; /* the client's own trouble, told by accept (accept(2)) */
    case EMFILE:
    case ENFILE:
        out_of_descriptors(listener);
        return false;
    case EAGAIN:
        return false;
    default:
        pause_listener(listener);
        return false;
    }
}

/* Of a listener for admins: one source alone may not fill it. There are few to look through. */
static bool has_its_share(const struct listener *listener, const struct address *peer)
{
    struct source_key own, other;
    size_t count = 0;

    address_source_key(peer, &own);
    if (listener_profile(listener) != GATE_ADMIN || own.bytes[0] == 0) /* 0: no address */
        return false;
    for (const struct connection *it = listener->front->connections.first; it; it = it->next) {
        if (it->listener != listener)
            continue;
        address_source_key(&it->peer, &other);
        count += memcmp(&own, &other, sizeof(own)) == 0;
    }
    return count >= AP_ADMIN_SOURCE_CONNECTIONS_MAX;
}

static void accept_one(struct listener *listener, int fd, const struct sockaddr *sockaddr)
{
    struct front *front = listener->front;
    struct address peer;

    if (listener_profile(listener) == GATE_ADMIN &&
        listener->connections >= AP_ADMIN_CONNECTIONS_MAX) {
        (void)close(fd); /* nothing was written */
        front->stats.refused_connections++;
        return;
    }
    address_from_sockaddr(sockaddr, &peer);
    if (listener->proxy_peers && !network_list_contains(listener->proxy_peers, &peer)) {
        (void)close(fd); /* nothing was written */
        front->stats.foreign_peers++;
        front->stats.last_bad_peer = peer;
        return;
    }
    if (listener->networks && listener->networks->count > 0 &&
        !network_list_contains(listener->networks, &peer)) {
        (void)close(fd); /* nothing was written */
        front->stats.foreign_sources++;
        front->stats.last_bad_peer = peer;
        return;
    }
    if (has_its_share(listener, &peer)) {
        (void)close(fd); /* nothing was written */
        front->stats.refused_connections++;
        return;
    }
    int err = connection_open(listener, fd, &peer);
    if (err == 0)
        front->stats.accepted++;
    else
        front->stats.refused_connections++;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;

    (void)events;
    if (status < 0) {
        pause_listener(listener); /* the socket has an error; accept() will fetch it */
        return;
    }
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage sockaddr = {0};
        socklen_t len = sizeof(sockaddr);
        int fd =
            accept4(listener->fd, (struct sockaddr *)&sockaddr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            accept_one(listener, fd, (const struct sockaddr *)&sockaddr);
        else if (!accept_failed(listener))
            return;
    }
}

int front_add_listener(struct front *front, int fd, enum front_kind kind, unsigned index,
                       struct tls_context *tls)
{
    const int one = 1;
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener) {
        (void)close(fd); /* nothing was written */
        return AP_ENOMEM;
    }
    if (uv_poll_init(front->setup.loop, &listener->poll, fd) != 0) {
        (void)close(fd); /* nothing was written */
        free(listener);
        return AP_EIO;
    }
    (void)uv_timer_init(front->setup.loop, &listener->pause); /* never fails */
    listener->poll.data = listener;
    listener->pause.data = listener;
    listener->front = front;
    listener->fd = fd;
    listener->kind = kind;
    listener->index = index;
    listener->tls = tls ? tls_context_ref(tls) : NULL;
    listener->next = front->listeners;
    front->listeners = listener;
    front->parts += 2;
    /* Linux hands it down to accepted sockets: one system call less for each. */
    if (kind != FRONT_ADMIN_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
                         sizeof(one)); /* only speed depends on it */
    if (uv_poll_start(&listener->poll, UV_READABLE, on_readable) != 0) {
        listener_close(listener);
        return AP_EIO;
    }
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    const struct listener *listener = handle->data;

    front_part_done(listener->front);
}

void listener_close(struct listener *listener)
{
    if (listener->fd < 0)
        return;
    uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
    uv_close((uv_handle_t *)&listener->pause, on_handle_closed);
    (void)close(listener->fd); /* nothing was written */
    listener->fd = -1;
}

void front_set_proxy(struct front *front, unsigned index, const struct network_list *peers)
{
    for (struct listener *listener = front->listeners; listener; listener = listener->next) {
        if (listener->index == index)
            listener->proxy_peers = peers;
    }
}

void front_set_networks(struct front *front, unsigned index, const struct network_list *networks)
{
    for (struct listener *listener = front->listeners; listener; listener = listener->next) {
        if (listener->index == index)
            listener->networks = networks;
    }
}

void front_set_tls(struct front *front, unsigned index, struct tls_context *tls)
{
    for (struct listener *listener = front->listeners; listener; listener = listener->next) {
        if (listener->index != index || listener_is_plain(listener))
            continue;
        struct tls_context *old = listener->tls;
        listener->tls = tls_context_ref(tls);
        tls_context_unref(old);
    }
}
