/* The network side of one loop: listeners, connections, deadlines, libmicrohttpd.
 *
 * Bytes in, requests out, answers in, bytes out. Knows nothing of tokens, phones or users. */
#ifndef AUTOPROV_FRONT_H
#define AUTOPROV_FRONT_H

#include <stdint.h>
#include <uv.h>

#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/http.h"
#include "autoprov/penalty_table.h"
#include "autoprov/source_table.h"
#include "autoprov/tls_context.h"

struct front;

struct front_setup {
    uv_loop_t *loop;                 /* borrowed for the front's life */
    const struct ap_clock *clock;    /* borrowed */
    struct source_table *sources;    /* shared by all fronts; borrowed. NULL: nothing is counted */
    struct turned_away *turned_away; /* the same. NULL: nobody is remembered */
    http_handler_fn handler;
    void *handler_data;
    struct penalty_table
        *penalties; /* shared by all fronts; borrowed. NULL: all late answers wait */
};

/* Everything below: loop's thread only; the process ignores SIGPIPE (OpenSSL writes with write(2)).
 * *ret_front: close with front_close().
 * Errors: AP_ENOMEM, AP_EIO. */
AP_MUSTCHECK int front_open(const struct front_setup *setup, struct front **ret_front);

enum front_kind {
    FRONT_PHONE_TLS,   /* gate profile phone, TLS */
    FRONT_PHONE_PLAIN, /* gate profile phone, HTTP without TLS; limits per source all the same */
    FRONT_ADMIN_UNIX,  /* gate profile admin, control socket, no TLS */
    FRONT_ADMIN_TLS,   /* gate profile admin, TLS; at most AP_ADMIN_CONNECTIONS_MAX connections */
    FRONT_PORTAL_TLS,  /* the same for browsers too: each answer keeps its page to itself */
};

/* Serve a listening socket. fd: owned by the front, also on failure. tls: referenced; NULL for
 * kinds without TLS. index: handed to the handler. */
AP_MUSTCHECK int front_add_listener(struct front *front, int fd, enum front_kind kind,
                                    unsigned index, struct tls_context *tls);

/* Who connects to listener index from now on is one of peers, and says whom it connects for by a
 * PROXY header of version 2; everybody else is closed at once. That address then counts for limits
 * and is the request's peer; AF_UNSPEC when the header tells none. peers: borrowed until the next
 * call for the listener or front_close(). Call it before the loop runs, or to change the peers;
 * NULL: nobody is a proxy. */
void front_set_proxy(struct front *front, unsigned index, const struct network_list *peers);

/* From now on listener index accepts connections of networks alone; others are closed at once,
 * before TLS. networks: borrowed until the next call for the listener or front_close(); NULL or
 * empty: everybody's. */
void front_set_networks(struct front *front, unsigned index, const struct network_list *networks);

/* New connections of listener index begin with tls; old ones go on with theirs. */
void front_set_tls(struct front *front, unsigned index, struct tls_context *tls);

/* Stop accepting; idle connections close now, those with a request or a handshake in hand close
 * after their answer. drained is called once, by the loop (never from in here), when none is left.
 */
void front_drain(struct front *front, void (*drained)(void *data), void *data);

/* Close everything at once; the memory is freed when the loop has run the closes: run it until
 * uv_run() returns 0. May be called by a handler and by drained. NULL is fine. */
void front_close(struct front *front);

struct front_stats {
    uint64_t accepted, refused_connections; /* refused: over a limit */
    uint64_t handshakes, failed_handshakes;
    uint64_t requests;
    uint64_t timeouts;                         /* connections closed by a deadline */
    uint64_t foreign_peers, bad_proxy_headers; /* closed on listeners behind a proxy */
    uint64_t foreign_sources;                  /* closed by front_set_networks() */
    struct address last_bad_peer;              /* of those three */
    uint32_t open_connections, waiting_handshakes;
};
/* Loop's thread. */
void front_stats(const struct front *front, struct front_stats *ret_stats);

/* -- sockets (any thread) -------------------------------------------------------------------- */

/* Bind a TCP listener with SO_REUSEPORT; an IPv6 one serves IPv6 only. first: also refuse an
 * address that another program listens on (SO_REUSEPORT alone would share it silently); give true
 * for the first worker's. Errors, with a line that names address and port: AP_EBUSY in use,
 * AP_EPERM, AP_EINVAL sockets of this family cannot be had, AP_EIO. */
AP_MUSTCHECK int listener_open_tcp(const struct address *address, bool first, int *ret_fd,
                                   struct ap_error *error);

/* Bind the control socket with mode 0660 and group gid (-1: leave); a socket file that nobody
 * listens on is replaced. Errors, with a line: AP_EBUSY another daemon listens, AP_EPERM,
 * AP_EINVAL path too long, AP_EIO. */
AP_MUSTCHECK int listener_open_unix(const char *path, gid_t gid, int *ret_fd,
                                    struct ap_error *error);

#endif
