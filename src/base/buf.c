/* Growing bytes with a ceiling. */
#include "autoprov/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/secret.h"

/* Smallest allocation: most contents fit without growing twice. */
#define BUF_FIRST_BYTES 256

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max = max_bytes < SIZE_MAX ? max_bytes : SIZE_MAX - 1};
}

void buf_init_secret(struct buf *buf, size_t max_bytes)
{
    buf_init(buf, max_bytes);
    buf->secret = true;
}

void buf_done(struct buf *buf)
{
    if (buf->secret && buf->data)
        secret_wipe(buf->data, buf->cap);
    free(buf->data);
    buf->data = NULL;
    buf->len = 0;
    buf->cap = 0;
}

void buf_reset(struct buf *buf)
{
    if (!buf->data)
        return;
    if (buf->secret)
        secret_wipe(buf->data, buf->len);
    buf->len = 0;
    buf->data[0] = '\0';
}

int buf_reserve(struct buf *buf, size_t more)
{
    if (more > buf->max - buf->len)
        return AP_ERANGE;
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return 0;
    size_t cap = buf->cap ? buf->cap : BUF_FIRST_BYTES;
    while (cap < need && cap <= buf->max / 2)
        cap *= 2;
    if (cap < need || cap > buf->max + 1)
        cap = need > buf->max / 2 ? buf->max + 1 : need;
    if (cap < need)
        cap = need;

    char *data;
    if (buf->secret) {
        /* realloc() would leave a copy behind. */
        data = malloc(cap);
        if (!data)
            return AP_ENOMEM;
        if (buf->data) {
            memcpy(data, buf->data, buf->len);
            secret_wipe(buf->data, buf->cap);
            free(buf->data);
        }
    } else {
        data = realloc(buf->data, cap);
        if (!data)
            return AP_ENOMEM;
    }
    data[buf->len] = '\0';
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int buf_append(struct buf *buf, const void *data, size_t len)
{
    /* Most appends find room: cap is never beyond the ceiling and its NUL. */
    int err = len < buf->cap - buf->len ? 0 : buf_reserve(buf, len);
    if (err)
        return err;
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        return AP_EINVAL;
    int err = buf_reserve(buf, (size_t)len);
    if (err)
        return err;
    va_start(args, fmt);
    (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args); /* measured above */
    va_end(args);
    buf->len += (size_t)len;
    return 0;
}

int buf_join(struct buf *front, struct buf *back)
{
    struct buf head = *front;

    if (front->len > front->max || back->len > front->max - front->len)
        return AP_ERANGE;
    front->secret = head.secret || back->secret;
    if (back->cap - back->len <= front->len || back->cap > front->max + 1) {
        int err = buf_append(front, back->data, back->len);
        if (!err)
            buf_done(back);
        return err;
    }
    /* The back, most often by far the longer one, stays where it is. */
    memmove(back->data + head.len, back->data, back->len + 1);
    if (head.len > 0)
        memcpy(back->data, head.data, head.len);
    front->data = back->data;
    front->len = head.len + back->len;
    front->cap = back->cap;
    back->data = NULL;
    back->len = 0;
    back->cap = 0;
    buf_done(&head);
    return 0;
}

void buf_consume(struct buf *buf, size_t len)
{
    if (len == 0)
        return;
    memmove(buf->data, buf->data + len, buf->len - len);
    if (buf->secret)
        secret_wipe(buf->data + buf->len - len, len);
    buf->len -= len;
    buf->data[buf->len] = '\0';
}
