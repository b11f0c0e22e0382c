/* Private: libmicrohttpd, wrapped. Frames one answer at a time into bytes. */
#ifndef AUTOPROV_NET_HTTP_PRIVATE_H
#define AUTOPROV_NET_HTTP_PRIVATE_H

#include <stdbool.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/http.h"

struct http;
struct http_pair;

/* One answer on its way through libmicrohttpd. Embedded in its owner; all zero is none. */
struct http_job {
    struct http_job *next; /* while no pair is free */
    struct http_pair *pair;
    bool is_waiting;
    bool head_only;
    bool for_browsers;          /* with the headers that keep a page to itself */
    struct http_answer *answer; /* borrowed; its body is taken */
    struct buf *out;            /* borrowed: the whole answer as bytes, head included */
    /* Once per submitted job, from http_run(): err 0, AP_ENOMEM, AP_ERANGE, AP_EIO. */
    void (*done)(struct http_job *job, int err);
};

/* Memory and descriptors for the daemon only; pairs are made when they are needed.
 * Errors: AP_EIO, AP_ENOMEM. */
AP_MUSTCHECK int http_open(struct http **ret_http);

/* Jobs that are left are forgotten, without a call of done. NULL is fine. */
void http_close(struct http *http);

/* Give a job; it is done in a later http_run(). */
void http_submit(struct http *http, struct http_job *job);

/* Forget a job that was submitted and is not done; nothing happens for any other. */
void http_withdraw(struct http *http, struct http_job *job);

/* Work on all jobs together. True: some are left, call again after other work was done. */
bool http_run(struct http *http);

#endif
