/* Private: one client's connection, from accept to close.
 *
 *   [PROXY ->] SILENT -> [WAITING ->] HANDSHAKE -> IDLE -> HEAD -> [BODY | DROP ->] HANDLER ->
 * [HELD ->] FRAMING -> SENDING -> IDLE …            any of them -> [LINGER ->] CLOSED
 *
 * A connection without TLS begins with IDLE. */
#ifndef AUTOPROV_NET_CONNECTION_H
#define AUTOPROV_NET_CONNECTION_H

#include <assert.h>
#include <stdbool.h>
#include <uv.h>

#include "front_private.h"
#include "stream.h"

enum connection_state {
    CONNECTION_PROXY,     /* the header that tells its source is not whole */
    CONNECTION_SILENT,    /* no byte yet: nothing but this record */
    CONNECTION_WAITING,   /* for a handshake slot; bytes are there, unless nobody watches it */
    CONNECTION_HANDSHAKE, /* holds a slot */
    CONNECTION_IDLE,      /* no request begun */
    CONNECTION_HEAD,      /* a part of a head is there */
    CONNECTION_BODY,      /* admin: reads the body into the exchange */
    CONNECTION_DROP,      /* reads a refused request's body and forgets it */
    CONNECTION_HANDLER,   /* the handler has the exchange */
    CONNECTION_HELD,      /* the answer waits for its due time */
    CONNECTION_FRAMING,   /* libmicrohttpd makes bytes of the answer */
    CONNECTION_SENDING,
    CONNECTION_LINGER, /* all is said; reads what the client still sends, so that no reset
                          destroys the answer */
    CONNECTION_CLOSED, /* waits for its handles */
};

struct connection {
    /* Those who wait are walked over in every turn: what is looked at is close together. */
    struct connection *next_waiting;
    struct connection *previous_waiting;
    uint64_t opened_at_ms;    /* these by the loop's clock */
    uint64_t waits_since_ms;  /* WAITING: its source, with earlier attempts */
    uint64_t passed_until_ms; /* WAITING: it could not begin, and until then is no candidate */
    uint64_t deadline_ms;
    enum connection_state state;
    int fd;
    bool is_watched; /* has a timer; without: WAITING, and the front sweeps */
    struct front *front;
    struct listener *listener;
    struct connection *next;
    struct connection *previous;
    uv_timer_t timer;
    struct stream stream;
    struct address peer;
    struct http_peer_user *peer_user; /* control socket only; one block with its groups */
    struct http_exchange *exchange;   /* BODY to FRAMING */
    struct buf in;
    struct buf out;
    size_t out_sent;
    size_t skip_bytes;    /* DROP, LINGER: to be read and forgotten, at most */
    uint64_t timer_at_ms; /* by the loop's clock; 0: not armed */
    uint32_t events;      /* watched for: EPOLLIN, EPOLLOUT, EPOLLRDHUP */
    unsigned requests;
    bool is_counted;    /* in the table of sources, in total */
    bool has_source;    /* counted there under its source too */
    bool has_slot;      /* in the table of sources */
    bool has_place;     /* HELD: in the table of penalties */
    bool must_close;    /* after the answer */
    bool client_closes; /* it asked for the close, and so sends nothing more */
};

/* "nothing for a silent TCP connection but its socket and a small record" (design, 13). */
static_assert(sizeof(struct connection) <= 1024, "a silent connection's record is small");

/* -- connection_open.c ------------------------------------------------------------------------ */

/* fd: owned, also on failure. peer: of a phone. Errors: AP_EBUSY over a limit of the table,
 * AP_ENOMEM, AP_EIO. */
AP_MUSTCHECK int connection_open(struct listener *listener, int fd, const struct address *peer);

/* Its address is known: count it there. Errors: AP_EBUSY over a limit of the table. */
AP_MUSTCHECK int connection_take_source(struct connection *connection);

/* Go to the first state of its kind behind accept, and behind a PROXY header. */
void connection_begin(struct connection *connection);

/* -- connection.c ----------------------------------------------------------------------------- */

void connection_change_state(struct connection *connection, enum connection_state state);

/* Go to CONNECTION_HELD for ms milliseconds, whatever the connection's own end is. */
void connection_hold(struct connection *connection, uint64_t ms);

/* A connection that only waits has neither timer nor events; from now on it has, the timer for the
 * end of the state that it is in. */
void connection_watch(struct connection *connection);

/* Something has happened to the socket; data: the connection (watch.h). */
void connection_on_event(void *data, bool has_failed);

/* EPOLLIN, EPOLLOUT, EPOLLRDHUP, 0: nothing. When that fails, the deadline ends the connection. */
void connection_poll(struct connection *connection, uint32_t events);

/* Is its time over? Then something happens. */
void connection_check_deadline(struct connection *connection);

/* Wait for what the stream wants, or close when it is over. */
void connection_wait(struct connection *connection, enum stream_result wanted);

/* Take a place for a late answer. Errors: AP_EBUSY there is none. */
AP_MUSTCHECK int connection_take_place(struct connection *connection);

/* Give the place back; may run twice. */
void connection_release_place(struct connection *connection);

/* Take it out of the table of sources, slot included; may run twice. */
void connection_uncount(struct connection *connection);

/* Say goodbye, let the client read it, close. */
void connection_finish(struct connection *connection);

/* At once. May run twice. */
void connection_close(struct connection *connection);

/* -- connection_handshake.c ------------------------------------------------------------------- */

/* Give the slot back; may run twice. */
void connection_release_slot(struct connection *connection);

/* The other side has closed, or will say nothing more. */
bool connection_client_is_gone(const struct connection *connection);

/* Take a slot and begin the handshake. Errors: AP_EBUSY there is none, or this turn has begun
 * enough; AP_ERANGE its source has its fill: not begun; AP_ECLOSED the
 * connection was closed instead; AP_ENOENT it has said nothing yet, and is SILENT when that
 * lasts. */
AP_MUSTCHECK int connection_begin_handshake(struct connection *connection);

void connection_shake_hands(struct connection *connection);

/* -- connection_read.c ------------------------------------------------------------------------ */

/* Read the PROXY header, and no byte behind it. */
void connection_read_proxy(struct connection *connection);

/* Read until a head is whole. */
void connection_read_head(struct connection *connection);
void connection_read_body(struct connection *connection);
void connection_drop_body(struct connection *connection);

/* An answer has left: what comes next? */
void connection_next(struct connection *connection);

/* -- connection_answer.c ---------------------------------------------------------------------- */

/* Copies what the gate's views point to. *ret_exchange: free with exchange_free().
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int exchange_new(struct connection *connection, const struct gate_result *result,
                              struct http_exchange **ret_exchange);
void exchange_free(struct http_exchange *exchange);

/* Room for the body of a request (admin). */
struct buf *exchange_body(struct http_exchange *exchange);
void exchange_refuse(struct http_exchange *exchange, enum gate_reason reason);

/* Hand the connection's exchange to the handler. */
void connection_dispatch(struct connection *connection);

/* HELD: its time has come. */
void connection_frame_answer(struct connection *connection);
void connection_send(struct connection *connection);

/* The connection ends while it has an exchange. */
void connection_drop_exchange(struct connection *connection);

#endif
