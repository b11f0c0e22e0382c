/* A connection's life: states, deadlines, polling, its end.
 * Must not know what is read (connection_read.c) or answered (connection_answer.c). */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/limits.h"

/* Without TLS a connection that has said nothing yet is idle. */
static bool is_silent(const struct connection *connection)
{
    return connection->listener->kind == FRONT_PHONE_PLAIN && connection->requests == 0;
}

/* Milliseconds that a state may last, from its begin. 0: only the connection's own end counts. */
static uint64_t state_ms(const struct connection *connection, enum connection_state state)
{
    const struct front_deadlines *deadlines = &connection->front->deadlines;

    switch (state) {
    case CONNECTION_SILENT:
        return deadlines->first_byte_ms;
    case CONNECTION_PROXY:
        return deadlines->handshake_ms;
    case CONNECTION_WAITING:
        return (uint64_t)deadlines->first_byte_ms + deadlines->handshake_ms;
    case CONNECTION_HANDSHAKE:
        return deadlines->handshake_ms;
    case CONNECTION_IDLE:
        if (is_silent(connection))
            return deadlines->first_byte_ms;
        /* While draining only the request of a handshake that was in hand is waited for. */
        return connection->front->is_draining ? deadlines->head_ms : deadlines->idle_ms;
    case CONNECTION_HEAD:
        return deadlines->head_ms;
    case CONNECTION_BODY:
        return deadlines->admin_body_ms;
    case CONNECTION_DROP:
        return deadlines->dropped_body_ms;
    case CONNECTION_FRAMING:
    case CONNECTION_SENDING:
        return deadlines->answer_ms;
    case CONNECTION_LINGER:
        return deadlines->linger_ms;
    case CONNECTION_HANDLER:
    case CONNECTION_HELD:
    case CONNECTION_CLOSED:
        break;
    }
    return 0;
}

static void on_timer(uv_timer_t *timer);

/* The timer is only moved forward: a deadline that was put off is noticed when it fires, so a
 * request of a kept connection costs no timer at all. */
static void arm_timer(struct connection *connection)
{
    uint64_t now = uv_now(connection->front->setup.loop);
    uint64_t at = connection->deadline_ms > now ? connection->deadline_ms : now;

    if (!connection->is_watched || (connection->timer_at_ms != 0 && connection->timer_at_ms <= at))
        return;
    connection->timer_at_ms = at;
    (void)uv_timer_start(&connection->timer, on_timer, at - now, 0); /* fails only when closing */
}

void connection_change_state(struct connection *connection, enum connection_state state)
{
    uint64_t end = connection->opened_at_ms + connection->front->deadlines.connection_ms;
    uint64_t ms = state_ms(connection, state);
    uint64_t at = uv_now(connection->front->setup.loop) + ms;

    assert(connection->state != CONNECTION_CLOSED && state != CONNECTION_CLOSED);
    /* An answer that was held past the connection's end still leaves. */
    bool answering = state == CONNECTION_FRAMING || state == CONNECTION_SENDING;

    connection->state = state;
    connection->deadline_ms = ms != 0 && (at < end || answering) ? at : end;
    arm_timer(connection);
}

void connection_hold(struct connection *connection, uint64_t ms)
{
    connection->state = CONNECTION_HELD;
    connection->deadline_ms = uv_now(connection->front->setup.loop) + ms;
    arm_timer(connection);
}

static void expire(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HELD:
        connection_frame_answer(connection);
        return;
    case CONNECTION_DROP:
        connection->must_close = true;
        connection->client_closes = false; /* it is still sending */
        connection_dispatch(connection);
        return;
    case CONNECTION_LINGER:
        break;
    default:
        connection->front->stats.timeouts++;
        stream_say_goodbye(&connection->stream);
        break;
    }
    connection_close(connection);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *connection = timer->data;

    connection->timer_at_ms = 0;
    connection_check_deadline(connection);
}

void connection_check_deadline(struct connection *connection)
{
    if (uv_now(connection->front->setup.loop) < connection->deadline_ms)
        arm_timer(connection);
    else
        expire(connection);
}

/* -- polling ---------------------------------------------------------------------------------- */

static void linger(struct connection *connection)
{
    char bytes[4096];
    ssize_t got;

    while ((got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        if ((size_t)got >= connection->skip_bytes)
            break;
        connection->skip_bytes -= (size_t)got;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    connection_close(connection); /* the end, an error, or too much */
}

/* The first bytes are there. */
static void begin_or_wait(struct connection *connection)
{
    int err = connection_begin_handshake(connection);

    if (err != AP_EBUSY && err != AP_ERANGE)
        return;
    /* Those who leave must not fill the table of connections. */
    connection_poll(connection, EPOLLRDHUP);
    connection_change_state(connection, CONNECTION_WAITING);
    front_add_waiting(connection);
}

void connection_on_event(void *data, bool has_failed)
{
    struct connection *connection = data;

    if (has_failed) {
        if (connection->state == CONNECTION_HANDSHAKE)
            connection->front->stats.failed_handshakes++;
        connection_close(connection);
        return;
    }
    switch (connection->state) {
    case CONNECTION_PROXY:
        connection_read_proxy(connection);
        return;
    case CONNECTION_SILENT:
        begin_or_wait(connection);
        return;
    case CONNECTION_HANDSHAKE:
        connection_shake_hands(connection);
        return;
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
        connection_read_head(connection);
        return;
    case CONNECTION_BODY:
        connection_read_body(connection);
        return;
    case CONNECTION_DROP:
        connection_drop_body(connection);
        return;
    case CONNECTION_SENDING:
        connection_send(connection);
        return;
    case CONNECTION_LINGER:
        linger(connection);
        return;
    case CONNECTION_WAITING:
        connection_close(connection); /* the client has left */
        return;
    case CONNECTION_HANDLER:
    case CONNECTION_HELD:
    case CONNECTION_FRAMING:
        /* The next request, or the client's end: later. Left armed it would fire for ever. */
        connection_poll(connection, 0);
        return;
    case CONNECTION_CLOSED:
        return; /* in this turn, after its event was fetched */
    }
}

void connection_poll(struct connection *connection, uint32_t events)
{
    /* A system call each: therefore only when something changes. */
    if (events != connection->events && watch_change(&connection->front->watches, connection->fd,
                                                     connection->events, events, connection) == 0)
        connection->events = events;
}

static void init_timer(struct connection *connection)
{
    (void)uv_timer_init(connection->front->setup.loop, &connection->timer); /* never fails */
    connection->timer.data = connection;
    connection->is_watched = true;
}

void connection_watch(struct connection *connection)
{
    init_timer(connection);
    arm_timer(connection);
}

void connection_wait(struct connection *connection, enum stream_result wanted)
{
    switch (wanted) {
    case STREAM_WANT_READ:
        connection_poll(connection, EPOLLIN);
        return;
    case STREAM_WANT_WRITE:
        connection_poll(connection, EPOLLOUT);
        return;
    case STREAM_CLOSED:
        stream_say_goodbye(&connection->stream);
        connection_close(connection);
        return;
    case STREAM_DONE:
    case STREAM_FAILED:
        connection_close(connection);
        return;
    }
}

/* -- places for late answers ------------------------------------------------------------------ */

int connection_take_place(struct connection *connection)
{
    const struct front_setup *setup = &connection->front->setup;
    struct source_key key;

    if (!setup->penalties)
        return 0;
    address_source_key(&connection->peer, &key);
    int err = penalty_table_hold(setup->penalties, &key, clock_monotonic_ms(setup->clock));
    connection->has_place = err == 0;
    return err;
}

void connection_release_place(struct connection *connection)
{
    struct source_key key;

    if (!connection->has_place)
        return;
    connection->has_place = false;
    address_source_key(&connection->peer, &key);
    penalty_table_release(connection->front->setup.penalties, &key);
}

/* -- the end --------------------------------------------------------------------------------------
 */

static void unlink_connection(struct connection *connection)
{
    struct connection_list *list = &connection->front->connections;

    if (connection->previous)
        connection->previous->next = connection->next;
    else
        list->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    else
        list->last = connection->previous;
    connection->front->stats.open_connections--;
}

void connection_uncount(struct connection *connection)
{
    struct source_key key;

    connection_release_slot(connection);
    if (!connection->is_counted)
        return;
    connection->is_counted = false;
    if (!connection->has_source) {
        source_table_dismiss(connection->front->setup.sources);
        return;
    }
    connection->has_source = false;
    address_source_key(&connection->peer, &key);
    source_table_disconnect(connection->front->setup.sources, &key);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct front *front = connection->front;

    free(connection);
    front_part_done(front);
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (connection->state == CONNECTION_WAITING) {
        front_remove_waiting(connection);
        front_turn_away(connection);
    }
    connection_drop_exchange(connection);
    connection->state = CONNECTION_CLOSED;
    connection_release_place(connection);
    connection_uncount(connection);
    stream_done(&connection->stream);
    buf_done(&connection->in);
    buf_done(&connection->out);
    free(connection->peer_user);
    connection->peer_user = NULL;
    unlink_connection(connection);
    connection->listener->connections--;
    (void)close(connection->fd); /* everything was sent, or is lost */
    connection->fd = -1;
    if (!connection->is_watched)
        init_timer(connection); /* no caller finds it gone */
    uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
}

void connection_finish(struct connection *connection)
{
    bool may_be_unread = !connection->client_closes || connection->in.len > 0;

    stream_say_goodbye(&connection->stream);
    if (!may_be_unread || shutdown(connection->fd, SHUT_WR) != 0) {
        connection_close(connection);
        return;
    }
    /* Closing a socket with unread bytes sends a reset, which may destroy the answer. */
    stream_done(&connection->stream);
    buf_done(&connection->in);
    buf_done(&connection->out);
    connection->skip_bytes = AP_DROPPED_BODY_MAX_BYTES;
    connection_change_state(connection, CONNECTION_LINGER);
    connection_poll(connection, EPOLLIN);
}
