/* Private: bytes to and from one client, whatever carries them. */
#ifndef AUTOPROV_NET_STREAM_H
#define AUTOPROV_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"
#include "autoprov/http.h"
#include "autoprov/tls_context.h"

enum stream_result {
    STREAM_DONE,
    STREAM_WANT_READ,
    STREAM_WANT_WRITE,
    STREAM_CLOSED, /* the client has said that nothing more comes */
    STREAM_FAILED,
};

struct stream;

struct stream_operations {
    enum stream_result (*handshake)(struct stream *stream);
    /* DONE: *ret_len > 0 bytes. */
    enum stream_result (*read)(struct stream *stream, void *data, size_t len, size_t *ret_len);
    enum stream_result (*write)(struct stream *stream, const void *data, size_t len,
                                size_t *ret_len);
    bool (*has_pending)(const struct stream *stream);
    void (*say_goodbye)(struct stream *stream);
    void (*done)(struct stream *stream);
};

/* Embedded; all zero is a stream that was never started. */
struct stream {
    const struct stream_operations *operations;
    int fd;                              /* borrowed */
    void *tls;                           /* SSL; NULL for a plain stream */
    size_t quiet_bytes;                  /* read since the last application data */
    struct http_certificate certificate; /* of use after the handshake */
    bool is_broken;
};

/* fd: non-blocking, borrowed until stream_done(). The context's certificates stay until then.
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int stream_start_tls(struct stream *stream, int fd, const struct tls_context *context);
void stream_start_plain(struct stream *stream, int fd);

bool stream_is_started(const struct stream *stream);

/* Until DONE. A plain stream has none: DONE. */
enum stream_result stream_handshake(struct stream *stream);

/* Until WANT_x. The result is written with DONE only. */
enum stream_result stream_read(struct stream *stream, void *data, size_t len, size_t *ret_len);
enum stream_result stream_write(struct stream *stream, const void *data, size_t len,
                                size_t *ret_len);

/* True when bytes lie inside the stream that no poll will announce (trials: records that were
 * read ahead but not yet decrypted make SSL_pending() say 0 and poll stay silent). */
bool stream_has_pending(const struct stream *stream);

/* Say once that no more bytes come, without waiting for the client's word. */
void stream_say_goodbye(struct stream *stream);

/* The client's certificate, after the handshake; borrowed from stream. NULL: none, or none that
 * could be verified. */
const struct http_certificate *stream_certificate(const struct stream *stream);

/* Free what the stream holds; fd stays open. May run twice. */
void stream_done(struct stream *stream);

/* Of the two kinds. */
extern const struct stream_operations stream_tls_operations;
extern const struct stream_operations stream_plain_operations;

#endif
