/* Private: heads that libmicrohttpd has made, for further answers of the same second. */
#ifndef AUTOPROV_NET_HTTP_HEAD_H
#define AUTOPROV_NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "autoprov/buf.h"
#include "autoprov/http.h"

#define HTTP_HEADS_KEPT 8
/* A longer one is not kept. */
#define HTTP_HEAD_KEPT_BYTES 512

/* What answers with the same head have in common, and where in it they differ. */
struct http_head {
    time_t second; /* that its Date names; 0: none is kept here */
    int status;
    enum http_cache cache;
    size_t etag_len; /* 0: none */
    char content_type[HTTP_CONTENT_TYPE_MAX];
    char text[HTTP_HEAD_KEPT_BYTES];
    size_t len;
    size_t etag_at;
    size_t length_at, length_len; /* of Content-Length's digits */
};

/* All zero is empty. */
struct http_heads {
    struct http_head kept[HTTP_HEADS_KEPT];
    unsigned next; /* to be replaced */
};

/* Append the head of this answer, whose body has so many bytes. false: none is kept that fits, and
 * nothing was done. */
bool http_heads_write(const struct http_heads *heads, const struct http_answer *answer,
                      size_t body_bytes, struct buf *out);

/* Keep a head that libmicrohttpd made for this answer in this second. */
void http_heads_keep(struct http_heads *heads, const struct http_answer *answer, size_t body_bytes,
                     time_t second, const struct buf *head);

#endif
