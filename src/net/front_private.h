/* Private: what the files of one front share. */
#ifndef AUTOPROV_NET_FRONT_PRIVATE_H
#define AUTOPROV_NET_FRONT_PRIVATE_H

#include <stdbool.h>

#include "autoprov/front.h"
#include "http_private.h"
#include "watch.h"

struct connection;

/* From limits.h; tests write shorter ones. */
struct front_deadlines {
    uint32_t first_byte_ms;
    uint32_t handshake_ms;
    uint32_t head_ms;
    uint32_t admin_body_ms;
    uint32_t dropped_body_ms;
    uint32_t idle_ms;
    uint32_t answer_ms;
    uint32_t late_ms;    /* of HTTP_LATE */
    uint32_t waiting_ms; /* for a handshake slot, in order of arrival */
    uint32_t linger_ms;
    uint32_t connection_ms;
};

struct listener {
    struct front *front;
    struct listener *next;
    uv_poll_t poll;
    uv_timer_t pause; /* after descriptors ran out */
    struct tls_context *tls;
    const struct network_list *proxy_peers; /* NULL: no PROXY header is expected */
    const struct network_list *networks;    /* NULL: everybody's connections are accepted */
    enum front_kind kind;
    unsigned index;
    unsigned connections;
    int fd; /* -1: closed */
};

static inline enum gate_profile listener_profile(const struct listener *listener)
{
    return listener->kind == FRONT_PHONE_TLS || listener->kind == FRONT_PHONE_PLAIN ? GATE_PHONE
                                                                                    : GATE_ADMIN;
}

static inline bool listener_is_plain(const struct listener *listener)
{
    return listener->kind == FRONT_PHONE_PLAIN || listener->kind == FRONT_ADMIN_UNIX;
}

struct connection_list {
    struct connection *first;
    struct connection *last;
};

struct front {
    struct front_setup setup;
    struct front_deadlines deadlines;
    struct front_stats stats;
    struct http *http;
    struct listener *listeners;
    struct connection_list connections;
    struct connection_list waiting; /* for a handshake slot, in order of arrival */
    struct connection *next_swept;  /* of those who wait: where the next sweep goes on */
    struct watch_set watches;       /* the connections' sockets */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;            /* active: work is left, the loop must not sleep */
    uv_timer_t ticker;         /* active: somebody waits for a slot that another front may free */
    unsigned begun_handshakes; /* in this turn; AP_HANDSHAKES_PER_TURN at most */
    uint64_t no_room_since_ms; /* some who might begin had to wait, in every turn since; 0: none */
    unsigned sweep_max;        /* of those who wait, looked at in one go; tests write less */
    bool is_late;              /* without room for so long: who comes is not watched */
    bool may_begin;            /* a slot was released, or those who wait were not all looked at */
    unsigned parts; /* handles and connections that are not closed yet; 0: free the front */
    int spare_fd;
    bool is_draining;
    bool is_closing;
    bool is_in_turn;
    void (*drained)(void *data);
    void *drained_data;
};

/* A part was closed for good. Frees the front with its last one. */
void front_part_done(struct front *front);

/* The loop must come round again before it sleeps. */
void front_wake(struct front *front);

/* -- front_queue.c: the queue for handshake slots --------------------------------------------- */

void front_queue_init(struct front *front);

void front_add_waiting(struct connection *connection);
void front_remove_waiting(struct connection *connection);

/* In order of arrival, or when the first has waited long those who came back, then the newest
 * first; but nobody waits behind the connections of a source that has its fill. */
void front_start_waiting(struct front *front);

/* The table of connections is full of those who wait: the oldest, who has waited for so long that
 * its turn will not come, is closed and counted as refused. False: there is none. */
bool front_make_room(struct front *front);

/* A connection's handshake begins; or it leaves the queue unserved: its source is remembered. */
void front_had_turn(const struct connection *connection);
void front_turn_away(const struct connection *connection);

/* accept.c: stop accepting; the closes are run by the loop. */
void listener_close(struct listener *listener);

#endif
