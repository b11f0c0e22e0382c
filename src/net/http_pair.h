/* Private: the pool of pairs. A pair is a connection of libmicrohttpd, lent for one answer. */
#ifndef AUTOPROV_NET_HTTP_PAIR_H
#define AUTOPROV_NET_HTTP_PAIR_H

#include <stdbool.h>
#include <time.h>

#include "http_private.h"

struct http_pair {
    struct http_pair *next; /* for the list that it is in */
    struct http_job *job;   /* NULL: free, or withdrawn: libmicrohttpd then ends the connection */
    struct buf body;        /* of the answer; stays here while libmicrohttpd makes its head */
    int fd;                 /* our end; -1: closed */
    bool is_open;           /* libmicrohttpd has the other end */
    bool is_complete;       /* the answer was sent into the pair */
    time_t lent_at;         /* the second in which it was lent */
};

struct pair_pool;

/* Errors: AP_EIO, AP_ENOMEM. */
AP_MUSTCHECK int pair_pool_open(struct pair_pool **ret_pool);

/* All pairs must have been given back or closed. NULL is fine. */
void pair_pool_close(struct pair_pool *pool);

/* A pair that has nothing in it. Errors: AP_EBUSY all are lent; AP_ENOMEM, AP_EIO. */
AP_MUSTCHECK int pair_take(struct pair_pool *pool, struct http_pair **ret_pair);

/* Its answer was read to the end. */
void pair_give_back(struct pair_pool *pool, struct http_pair *pair);

/* Something else has happened: never lent again. */
void pair_close(struct pair_pool *pool, struct http_pair *pair);

/* Let libmicrohttpd read, make heads (from pair->job->answer and pair->body) and send them. */
void pair_pool_run(struct pair_pool *pool);

#endif
