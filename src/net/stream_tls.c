/* A stream over TLS: OpenSSL's calls and their answers, in the connection's words.
 * Must not know requests or deadlines. */
#include "stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "tls_private.h"

/* Inside one SSL_read() OpenSSL goes on for as long as records without application data arrive:
 * TLS 1.3 KeyUpdates, or ClientHellos of a renegotiation that is refused. A client that sends
 * nothing else would keep the loop here for ever, with every deadline behind it; so reading ends
 * when so much has come without a byte of data. A handshake with a chain of certificates has
 * 16 KiB at most, a record 16 KiB, and as much is read ahead. */
#define QUIET_MAX_BYTES 65536

static long count_read(BIO *bio, int operation, const char *data, size_t len, int arg_int,
                       long arg_long, int result, size_t *done)
{
    struct stream *stream = (struct stream *)BIO_get_callback_arg(bio);

    (void)data;
    (void)len;
    (void)arg_int;
    (void)arg_long;
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0)
        stream->quiet_bytes += *done;
    if (operation == BIO_CB_READ && stream->quiet_bytes > QUIET_MAX_BYTES) {
        BIO_clear_retry_flags(bio);
        return -1;
    }
    return result;
}

int stream_start_tls(struct stream *stream, int fd, const struct tls_context *context)
{
    SSL *ssl = SSL_new(tls_context_ssl(context));

    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return AP_ENOMEM;
    }
    SSL_set_accept_state(ssl);
    *stream = (struct stream){.operations = &stream_tls_operations, .fd = fd, .tls = ssl};
    BIO_set_callback_ex(SSL_get_rbio(ssl), count_read);
    BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)stream);
    tls_certificate_wanted(ssl, &stream->certificate);
    return 0;
}

/* After a call that gave got <= 0. */
static enum stream_result tls_result(struct stream *stream, int got)
{
    switch (SSL_get_error(stream->tls, got)) {
    case SSL_ERROR_WANT_READ:
        return STREAM_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return STREAM_CLOSED;
    default:
        /* After a fatal error SSL_shutdown() must not be called (SSL_get_error(3)). */
        stream->is_broken = true;
        ERR_clear_error();
        return STREAM_FAILED;
    }
}

/* A client with Nagle's algorithm sends its Finished and holds its request back until the
 * acknowledgement, which the kernel delays by 40 ms as the server has nothing to say (with tickets
 * it has). Not concerned: TLS 1.2, where the server has the last word. */
static void acknowledge_at_once(const struct stream *stream)
{
    const int one = 1;

    if (SSL_version(stream->tls) == TLS1_3_VERSION && !SSL_has_pending(stream->tls))
        (void)setsockopt(stream->fd, IPPROTO_TCP, TCP_QUICKACK, &one,
                         sizeof(one)); /* only speed depends on it */
}

static enum stream_result tls_handshake(struct stream *stream)
{
    ERR_clear_error();
    int got = SSL_do_handshake(stream->tls);
    if (got != 1)
        return tls_result(stream, got);
    stream->quiet_bytes = 0;
    tls_certificate_release(stream->tls);
    acknowledge_at_once(stream);
    return STREAM_DONE;
}

static enum stream_result tls_read(struct stream *stream, void *data, size_t len, size_t *ret_len)
{
    size_t got_bytes = 0;

    ERR_clear_error();
    int got = SSL_read_ex(stream->tls, data, len, &got_bytes);
    if (got != 1)
        return tls_result(stream, got);
    *ret_len = got_bytes;
    stream->quiet_bytes = 0;
    return STREAM_DONE;
}

static enum stream_result tls_write(struct stream *stream, const void *data, size_t len,
                                    size_t *ret_len)
{
    size_t sent_bytes = 0;

    ERR_clear_error();
    int got = SSL_write_ex(stream->tls, data, len, &sent_bytes);
    if (got != 1)
        return tls_result(stream, got);
    *ret_len = sent_bytes;
    return STREAM_DONE;
}

static bool tls_has_pending(const struct stream *stream)
{
    return SSL_has_pending(stream->tls) == 1;
}

static void tls_say_goodbye(struct stream *stream)
{
    /* During a handshake there is nobody to say it to. */
    if (!SSL_is_init_finished(stream->tls))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(stream->tls); /* one way: a full socket buffer swallows it, no harm done */
    ERR_clear_error();
}

static void tls_done(struct stream *stream)
{
    SSL_free(stream->tls);
    stream->tls = NULL;
}

const struct stream_operations stream_tls_operations = {
    .handshake = tls_handshake,
    .read = tls_read,
    .write = tls_write,
    .has_pending = tls_has_pending,
    .say_goodbye = tls_say_goodbye,
    .done = tls_done,
};
