/* One kind of stream for the connection's machine, and the plain one.
 * Must not know requests or deadlines. */
#include "stream.h"

#include <errno.h>
#include <sys/socket.h>

bool stream_is_started(const struct stream *stream)
{
    return stream->operations != NULL;
}

enum stream_result stream_handshake(struct stream *stream)
{
    return stream->operations->handshake(stream);
}

enum stream_result stream_read(struct stream *stream, void *data, size_t len, size_t *ret_len)
{
    return stream->operations->read(stream, data, len, ret_len);
}

enum stream_result stream_write(struct stream *stream, const void *data, size_t len,
                                size_t *ret_len)
{
    return stream->operations->write(stream, data, len, ret_len);
}

bool stream_has_pending(const struct stream *stream)
{
    return stream->operations->has_pending(stream);
}

void stream_say_goodbye(struct stream *stream)
{
    if (stream->operations && !stream->is_broken)
        stream->operations->say_goodbye(stream);
}

const struct http_certificate *stream_certificate(const struct stream *stream)
{
    return stream->certificate.authorities ? &stream->certificate : NULL;
}

void stream_done(struct stream *stream)
{
    if (stream->operations)
        stream->operations->done(stream);
    stream->operations = NULL;
}

/* -- plain ------------------------------------------------------------------------------------ */

void stream_start_plain(struct stream *stream, int fd)
{
    *stream = (struct stream){.operations = &stream_plain_operations, .fd = fd};
}

static enum stream_result plain_handshake(struct stream *stream)
{
    (void)stream;
    return STREAM_DONE;
}

static enum stream_result plain_result(struct stream *stream, enum stream_result would_block)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return would_block;
    stream->is_broken = true;
    return STREAM_FAILED;
}

static enum stream_result plain_read(struct stream *stream, void *data, size_t len, size_t *ret_len)
{
    ssize_t got;

    do
        got = recv(stream->fd, data, len, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return plain_result(stream, STREAM_WANT_READ);
    if (got == 0)
        return STREAM_CLOSED;
    *ret_len = (size_t)got;
    return STREAM_DONE;
}

static enum stream_result plain_write(struct stream *stream, const void *data, size_t len,
                                      size_t *ret_len)
{
    ssize_t sent;

    do
        sent = send(stream->fd, data, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return plain_result(stream, STREAM_WANT_WRITE);
    *ret_len = (size_t)sent;
    return STREAM_DONE;
}

static bool plain_has_pending(const struct stream *stream)
{
    (void)stream;
    return false;
}

static void plain_nothing(struct stream *stream)
{
    (void)stream; /* the end of a plain stream is the end of its descriptor */
}

const struct stream_operations stream_plain_operations = {
    .handshake = plain_handshake,
    .read = plain_read,
    .write = plain_write,
    .has_pending = plain_has_pending,
    .say_goodbye = plain_nothing,
    .done = plain_nothing,
};
