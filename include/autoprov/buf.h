/* Bytes that grow up to a ceiling given when the buffer is made. */
#ifndef AUTOPROV_BUF_H
#define AUTOPROV_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"

/*  data[0 .. len)   content, data[len] is a NUL whenever data is not NULL
 *  data[len .. cap) free
 *  len <= max always; cap <= max + 1 */
struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool secret; /* wipe old memory when growing and when done */
};

/* Allocates nothing. max_bytes: ceiling of the content. */
void buf_init(struct buf *buf, size_t max_bytes);

/* The same for content that holds secrets: wiped on growth, reset and done. */
void buf_init_secret(struct buf *buf, size_t max_bytes);

/* Free; the buffer may be used again, with the same ceiling. */
void buf_done(struct buf *buf);

/* Forget the content, keep the memory. */
void buf_reset(struct buf *buf);

/* Make room for more bytes after len. Errors: AP_ERANGE above the ceiling, AP_ENOMEM. */
AP_MUSTCHECK int buf_reserve(struct buf *buf, size_t more);

/* On error the content is as it was. Errors: AP_ERANGE above the ceiling, AP_ENOMEM. */
AP_MUSTCHECK int buf_append(struct buf *buf, const void *data, size_t len);
AP_MUSTCHECK int buf_append_text(struct buf *buf, const char *text);
AP_MUSTCHECK int buf_printf(struct buf *buf, const char *fmt, ...) AP_PRINTF(2, 3);

/* Put what back holds behind what front holds; back is empty then. front becomes secret when back
 * was. On error both are as they were. Errors: AP_ERANGE above front's ceiling, AP_ENOMEM. */
AP_MUSTCHECK int buf_join(struct buf *front, struct buf *back);

/* Remove the first len bytes (len <= buf->len). */
void buf_consume(struct buf *buf, size_t len);

#endif
