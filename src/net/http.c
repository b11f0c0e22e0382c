/* Answers on their way through libmicrohttpd: who gets a pair, and what comes out of it.
 *
 * libmicrohttpd makes the head alone, as for HEAD; the body is put behind it here, and so never
 * copied through the socket pair. An answer like one before it in the same second needs no pair: it
 * gets that one's head (http_head.h). What libmicrohttpd sends is read back whole and at once, so
 * nothing waits inside it for a client. Must not know connections, TLS or deadlines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "http_head.h"
#include "http_pair.h"
#include "http_private.h"

/* What to read at once. */
#define HEAD_ROOM_BYTES 512
/* Rounds in one http_run(): a bound, so that a client that pipelines can't keep the loop. */
#define ROUNDS_MAX 16

struct pair_list {
    struct http_pair *first;
    struct http_pair *last;
};

struct http {
    struct pair_pool *pool;
    struct pair_list lent;
    struct http_job *waiting;
    struct http_job *last_waiting;
    struct http_heads heads;
};

static void push_lent(struct http *http, struct http_pair *pair)
{
    pair->next = NULL;
    if (http->lent.last)
        http->lent.last->next = pair;
    else
        http->lent.first = pair;
    http->lent.last = pair;
}

/* -- jobs ------------------------------------------------------------------------------------- */

/* Give the job a pair and write the request that libmicrohttpd answers (with a Host, as its
 * version 1.0 insists on one). */
static int lend(struct http *http, struct http_job *job)
{
    static const char head[] = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_pair *pair;

    int err = pair_take(http->pool, &pair);
    if (err)
        return err;
    if (send(pair->fd, head, strlen(head), MSG_NOSIGNAL) != (ssize_t)strlen(head)) {
        pair_close(http->pool, pair);
        return AP_EIO;
    }
    pair->body = job->answer->body;
    job->answer->body = (struct buf){0};
    pair->lent_at = time(NULL);
    pair->job = job;
    job->pair = pair;
    push_lent(http, pair);
    return 0;
}

static void push_waiting(struct http *http, struct http_job *job)
{
    job->is_waiting = true;
    job->next = NULL;
    if (http->last_waiting)
        http->last_waiting->next = job;
    else
        http->waiting = job;
    http->last_waiting = job;
}

static void remove_waiting(struct http *http, struct http_job *job)
{
    struct http_job *before = NULL;

    for (struct http_job *it = http->waiting; it != job; it = it->next)
        before = it;
    if (before)
        before->next = job->next;
    else
        http->waiting = job->next;
    if (http->last_waiting == job)
        http->last_waiting = before;
    job->is_waiting = false;
}

void http_submit(struct http *http, struct http_job *job)
{
    job->pair = NULL;
    push_waiting(http, job);
}

void http_withdraw(struct http *http, struct http_job *job)
{
    if (job->pair) {
        /* http_run() closes the pair: it may be in the middle of it. */
        job->pair->job = NULL;
        job->pair = NULL;
    }
    if (job->is_waiting)
        remove_waiting(http, job);
}

/* The body behind the head that is in out. */
static int add_body(const struct http_job *job, struct buf *body)
{
    if (!job->head_only)
        return buf_join(job->out, body);
    buf_done(body);
    return 0;
}

/* By a head that is kept; false: there is none for it. */
static bool serve_at_once(struct http *http, struct http_job *job)
{
    struct buf *body = &job->answer->body;

    if (job->for_browsers || !http_heads_write(&http->heads, job->answer, body->len, job->out))
        return false;
    remove_waiting(http, job);
    job->done(job, add_body(job, body));
    return true;
}

/* Serve at once, or lend free pairs, in order of arrival; jobs that come meanwhile are for the next
 * round. When no pair is lent nothing would come free later: then what lend() says is the job's
 * end. */
static void serve_waiting(struct http *http)
{
    const struct http_job *last = http->last_waiting;

    while (http->waiting) {
        struct http_job *job = http->waiting;
        bool is_last = job == last;
        if (!serve_at_once(http, job)) {
            int err = lend(http, job);
            if (err && http->lent.first)
                return;
            remove_waiting(http, job);
            if (err)
                job->done(job, err);
        }
        if (is_last)
            return;
    }
}

/* -- answers ---------------------------------------------------------------------------------- */

enum pump_result { PUMP_MORE, PUMP_DONE, PUMP_FAILED };

static size_t room_of(const struct buf *buf)
{
    return buf->cap > buf->len ? buf->cap - buf->len - 1 : 0;
}

/* Read the head that libmicrohttpd has sent. A short read after the completion is its end.
 * *ret_err: of PUMP_FAILED. */
static enum pump_result pump(struct http_pair *pair, int *ret_err)
{
    struct buf *out = pair->job->out;
    /* Asked before reading: what is sent later is not of this reading. */
    enum pump_result at_end = pair->is_complete ? PUMP_DONE : PUMP_MORE;

    *ret_err = AP_EIO;
    for (;;) {
        if (room_of(out) == 0) {
            *ret_err = buf_reserve(out, HEAD_ROOM_BYTES);
            if (*ret_err)
                return PUMP_FAILED;
        }
        size_t room = room_of(out);
        ssize_t got = recv(pair->fd, out->data + out->len, room, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return at_end;
        if (got <= 0)
            return PUMP_FAILED;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        if ((size_t)got < room)
            return at_end;
    }
}

static void work_on(struct http *http, struct http_pair *pair)
{
    struct http_job *job = pair->job;
    enum pump_result result;
    int err;

    if (!job) {
        pair_close(http->pool, pair);
        return;
    }
    result = pump(pair, &err);
    if (result == PUMP_MORE) {
        push_lent(http, pair);
        return;
    }
    if (result == PUMP_DONE) {
        if (!job->for_browsers)
            http_heads_keep(&http->heads, job->answer, pair->body.len, pair->lent_at, job->out);
        err = add_body(job, &pair->body);
    }
    job->pair = NULL;
    if (result == PUMP_DONE)
        pair_give_back(http->pool, pair);
    else
        pair_close(http->pool, pair);
    job->done(job, err);
}

bool http_run(struct http *http)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct http_pair *next;

        serve_waiting(http);
        if (!http->lent.first && !http->waiting)
            return false;
        if (!http->lent.first)
            continue; /* who was served at once has said more */
        pair_pool_run(http->pool);
        /* Jobs that come meanwhile are for the next round. */
        struct http_pair *pair = http->lent.first;
        http->lent = (struct pair_list){0};
        for (; pair; pair = next) {
            next = pair->next;
            work_on(http, pair);
        }
    }
    return http->lent.first || http->waiting;
}

/* -- open and close --------------------------------------------------------------------------- */

int http_open(struct http **ret_http)
{
    struct http *http = calloc(1, sizeof(*http));

    if (!http)
        return AP_ENOMEM;
    int err = pair_pool_open(&http->pool);
    if (err) {
        free(http);
        return err;
    }
    *ret_http = http;
    return 0;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    while (http->lent.first) {
        struct http_pair *pair = http->lent.first;
        http->lent.first = pair->next;
        pair_close(http->pool, pair);
    }
    pair_pool_close(http->pool);
    free(http);
}
