/* A connection's handshake: its slot, its turn among those who wait, its steps.
 * Must not know in which order turns come (front_queue.c). */
#include <poll.h>

#include "autoprov/limits.h"
#include "connection.h"

void connection_release_slot(struct connection *connection)
{
    struct front *front = connection->front;
    struct source_key key;

    if (!connection->has_slot)
        return;
    connection->has_slot = false;
    address_source_key(&connection->peer, &key);
    source_table_handshake_end(front->setup.sources, &key);
    front->may_begin = true;
}

bool connection_client_is_gone(const struct connection *connection)
{
    struct pollfd look = {.fd = connection->fd, .events = POLLRDHUP};

    return poll(&look, 1, 0) == 1;
}

/* Out of the queue, to where it would be without it. */
static void be_silent(struct connection *connection)
{
    uint64_t end = connection->opened_at_ms + connection->front->deadlines.first_byte_ms;

    front_remove_waiting(connection);
    connection_begin(connection);
    if (connection->deadline_ms > end)
        connection->deadline_ms = end;
    connection_watch(connection);
    connection_poll(connection, EPOLLIN);
}

/* One that waits has a turn: what has its client done meanwhile? Unwatched, it may not have spoken
 * yet: most likely its ClientHello is on its way. */
static int look_at_client(struct connection *connection)
{
    const struct front *front = connection->front;
    struct pollfd look = {.fd = connection->fd, .events = POLLIN | POLLRDHUP};
    uint64_t age_ms = uv_now(front->setup.loop) - connection->opened_at_ms;
    int count = poll(&look, 1, 0);

    /* A client that has waited long may have left: don't sign for it. */
    if (count == 1 && look.revents != POLLIN) {
        connection_close(connection);
        return AP_ECLOSED;
    }
    if (count == 1 || connection->is_watched)
        return 0;
    if (front->is_draining) {
        connection_close(connection); /* as all who are silent */
        return AP_ECLOSED;
    }
    if (age_ms < AP_HELLO_MS)
        return AP_ENOENT;
    be_silent(connection);
    return AP_ENOENT;
}

int connection_begin_handshake(struct connection *connection)
{
    struct front *front = connection->front;
    struct source_table *sources = front->setup.sources;
    struct source_key key;

    if (front->begun_handshakes >= AP_HANDSHAKES_PER_TURN) {
        front->may_begin = true; /* in the next turn */
        return AP_EBUSY;
    }
    if (connection->state == CONNECTION_WAITING) {
        int err = look_at_client(connection);
        if (err)
            return err;
    }
    if (sources) {
        address_source_key(&connection->peer, &key);
        int err = source_table_handshake_begin(sources, &key);
        if (err)
            return err;
        connection->has_slot = true;
    }
    front->begun_handshakes++;
    front_had_turn(connection);
    if (connection->state == CONNECTION_WAITING)
        front_remove_waiting(connection);
    connection_change_state(connection, CONNECTION_HANDSHAKE);
    if (!connection->is_watched)
        connection_watch(connection);
    if (stream_start_tls(&connection->stream, connection->fd, connection->listener->tls) != 0) {
        connection_close(connection);
        return AP_ECLOSED;
    }
    connection_shake_hands(connection);
    return 0;
}

void connection_shake_hands(struct connection *connection)
{
    enum stream_result result = stream_handshake(&connection->stream);

    if (result == STREAM_WANT_READ || result == STREAM_WANT_WRITE) {
        connection_wait(connection, result);
        return;
    }
    if (result != STREAM_DONE) {
        connection->front->stats.failed_handshakes++;
        connection_close(connection);
        return;
    }
    connection->front->stats.handshakes++;
    connection_release_slot(connection);
    connection_next(connection);
}
