/* What a connection reads: heads, bodies, PROXY headers.
 * Must not know what a request means: the gate judges, the handler answers. */
#include <assert.h>

#include "autoprov/limits.h"
#include "connection.h"
#include "proxy_header.h"

/* Phones' heads have 150 to 700 bytes. */
#define FIRST_READ_BYTES 1024

/* One read into buf. Errors of memory count as the stream's failure. */
static enum stream_result read_into(struct connection *connection, struct buf *buf, size_t max_len)
{
    size_t room = buf->cap > buf->len ? buf->cap - buf->len - 1 : 0;
    size_t got = 0;

    if (room == 0) {
        size_t more = max_len < FIRST_READ_BYTES ? max_len : FIRST_READ_BYTES;
        if (buf_reserve(buf, more) != 0)
            return STREAM_FAILED;
        room = buf->cap - buf->len - 1;
    }
    enum stream_result result = stream_read(&connection->stream, buf->data + buf->len,
                                            room < max_len ? room : max_len, &got);
    if (result == STREAM_DONE) {
        buf->len += got;
        buf->data[buf->len] = '\0';
    }
    return result;
}

/* -- PROXY headers ---------------------------------------------------------------------------- */

static void refuse_proxy_header(struct connection *connection)
{
    struct front_stats *stats = &connection->front->stats;

    stats->bad_proxy_headers++;
    stats->last_bad_peer = connection->peer;
    connection_close(connection);
}

static void take_proxy_header(struct connection *connection, const struct proxy_header *header)
{
    connection->peer = header->source;
    buf_done(&connection->in);
    stream_done(&connection->stream);
    if (connection_take_source(connection) != 0) {
        connection->front->stats.refused_connections++;
        connection_close(connection);
        return;
    }
    /* What has come behind the header still lies in the socket, and is announced again. */
    connection_begin(connection);
    connection_poll(connection, EPOLLIN);
}

void connection_read_proxy(struct connection *connection)
{
    struct buf *in = &connection->in;
    struct proxy_header header;

    for (;;) {
        /* data is NULL before the first byte. */
        const char *data = in->len > 0 ? in->data : "";
        switch (proxy_header_read((const uint8_t *)data, in->len, &header)) {
        case PROXY_ACCEPT:
            take_proxy_header(connection, &header);
            return;
        case PROXY_REFUSE:
            refuse_proxy_header(connection);
            return;
        case PROXY_NEED_MORE:
            break;
        }
        enum stream_result result = read_into(connection, in, header.bytes - in->len);
        if (result != STREAM_DONE) {
            connection_wait(connection, result);
            return;
        }
    }
}

/* -- bodies ----------------------------------------------------------------------------------- */

/* What of the body came together with the head. */
static size_t take_from_head_buffer(struct connection *connection, size_t max_len)
{
    return connection->in.len < max_len ? connection->in.len : max_len;
}

void connection_read_body(struct connection *connection)
{
    struct buf *body = exchange_body(connection->exchange);

    while (body->len < body->max) {
        enum stream_result result = read_into(connection, body, body->max - body->len);
        if (result != STREAM_DONE) {
            connection_wait(connection, result);
            return;
        }
    }
    connection_dispatch(connection);
}

/* The exchange's body buffer has the announced length as its ceiling. */
static void begin_body(struct connection *connection, size_t body_bytes)
{
    struct buf *body = exchange_body(connection->exchange);
    size_t there = take_from_head_buffer(connection, body_bytes);

    buf_init_secret(body, body_bytes);
    if (buf_reserve(body, body_bytes) != 0 || buf_append(body, connection->in.data, there) != 0) {
        connection_close(connection);
        return;
    }
    buf_consume(&connection->in, there);
    connection_change_state(connection, CONNECTION_BODY);
    connection_read_body(connection);
}

void connection_drop_body(struct connection *connection)
{
    char bytes[4096];

    while (connection->skip_bytes > 0) {
        size_t got = 0;
        size_t max =
            connection->skip_bytes < sizeof(bytes) ? connection->skip_bytes : sizeof(bytes);
        enum stream_result result = stream_read(&connection->stream, bytes, max, &got);
        if (result != STREAM_DONE) {
            connection_wait(connection, result);
            return;
        }
        connection->skip_bytes -= got;
    }
    connection_dispatch(connection);
}

static void begin_drop(struct connection *connection, size_t body_bytes)
{
    size_t there = take_from_head_buffer(connection, body_bytes);

    if (body_bytes > AP_DROPPED_BODY_MAX_BYTES) {
        connection->must_close = true;
        connection->client_closes = false; /* it is still sending */
        body_bytes = AP_DROPPED_BODY_MAX_BYTES;
    }
    buf_consume(&connection->in, there);
    connection->skip_bytes = body_bytes - there;
    connection_change_state(connection, CONNECTION_DROP);
    connection_drop_body(connection);
}

/* -- heads ------------------------------------------------------------------------------------ */

/* The gate has decided: the request is whole, or has a body to come. */
static void take_head(struct connection *connection, enum gate_verdict verdict,
                      const struct gate_result *result)
{
    connection->client_closes = result->close && verdict != GATE_REFUSE_AND_CLOSE;
    connection->must_close = result->close;
    if (exchange_new(connection, result, &connection->exchange) != 0) {
        connection_close(connection);
        return;
    }
    buf_consume(&connection->in, result->head_bytes);
    if (verdict == GATE_REFUSE && result->reason == GATE_REASON_METHOD && result->body_bytes > 0) {
        begin_drop(connection, result->body_bytes);
    } else if (verdict != GATE_ACCEPT || result->body_bytes == 0) {
        connection_dispatch(connection);
    } else if (result->body_bytes <= AP_ADMIN_BODY_MAX_BYTES) {
        begin_body(connection, result->body_bytes);
    } else {
        exchange_refuse(connection->exchange, GATE_REASON_BODY);
        connection->client_closes = false; /* the body is still coming */
        connection->must_close = true;
        connection_dispatch(connection);
    }
}

/* True: the bytes that are there were a head, and are taken. */
static bool look_at_head(struct connection *connection)
{
    enum gate_profile profile = listener_profile(connection->listener);
    struct gate_result result;
    enum gate_verdict verdict;

    if (connection->state == CONNECTION_IDLE)
        connection_change_state(connection, CONNECTION_HEAD);
    verdict = gate_read(profile, connection->in.data, connection->in.len, &result);
    if (verdict == GATE_NEED_MORE)
        return false;
    take_head(connection, verdict, &result);
    return true;
}

void connection_read_head(struct connection *connection)
{
    for (;;) {
        enum stream_result result =
            read_into(connection, &connection->in, AP_HEAD_MAX_BYTES - connection->in.len);
        if (result != STREAM_DONE) {
            if (connection->in.len == 0)
                buf_done(&connection->in); /* an idle phone costs its TLS state only */
            connection_wait(connection, result);
            return;
        }
        if (look_at_head(connection))
            return;
    }
}

void connection_next(struct connection *connection)
{
    if (connection->must_close || (connection->front->is_draining && connection->requests > 0)) {
        connection_finish(connection);
        return;
    }
    connection_change_state(connection, CONNECTION_IDLE);
    if (connection->in.len > 0) {
        /* A pipelined request, or its beginning. */
        if (!look_at_head(connection))
            connection_read_head(connection);
        return;
    }
    buf_done(&connection->in);
    if (stream_has_pending(&connection->stream))
        connection_read_head(connection);
    else
        connection_poll(connection, EPOLLIN);
}
