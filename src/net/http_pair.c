/* Pairs: libmicrohttpd's connections, each the far end of a socket pair of ours.
 *
 * libmicrohttpd meets no byte of a client (docs/decisions/0001-answer-before-microhttpd.md): what
 * it reads is a constant head. Must not know who waits for an answer. */
#include "http_pair.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

/* libmicrohttpd's own limit must never be reached (it deadlocked there in other modes). */
#define MHD_LIMIT (AP_HTTP_PAIRS_MAX + 16)
/* An answer's head has at most 800 bytes, for browsers 1600; the pool holds the request too. */
#define MHD_POOL_BYTES ((size_t)4096)
/* MHD_run() in one go: a bound, 2 is usual. */
#define MHD_RUNS_MAX 16

struct pair_pool {
    struct MHD_Daemon *daemon;
    struct http_pair *adding; /* during MHD_add_connection() */
    struct http_pair *free;
    struct http_pair *dying; /* closed here, not yet there */
    unsigned count;
};

/* -- called by libmicrohttpd ------------------------------------------------------------------ */

struct header {
    const char *name;
    const char *value; /* NULL: it is not sent */
};

static const char *const CACHES[] = {
    [HTTP_CACHE_NOTHING] = "private, no-store",
    [HTTP_CACHE_ASK] = "no-cache",
};

/* What a page of ours may load (nothing from elsewhere, nothing that stands in the page itself),
 * who may show it in a frame (nobody), and what it tells others (nothing): W3C, Content Security
 * Policy Level 3; Fetch; HTML. */
static const struct header BROWSER_HEADERS[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static bool add_headers(struct MHD_Response *response, const struct header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (headers[i].value &&
            MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
            return false;
    }
    return true;
}

static struct MHD_Response *response_new(struct http_pair *pair)
{
    const struct http_answer *answer = pair->job->answer;
    char retry_after[TEXT_DECIMAL_MAX];
    const struct header headers[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type},
        {MHD_HTTP_HEADER_ETAG, answer->etag[0] ? answer->etag : NULL},
        {MHD_HTTP_HEADER_ALLOW, answer->allow},
        {MHD_HTTP_HEADER_WWW_AUTHENTICATE, answer->authenticate[0]},
        {MHD_HTTP_HEADER_WWW_AUTHENTICATE, answer->authenticate[1]},
        {MHD_HTTP_HEADER_SET_COOKIE, answer->set_cookie},
        {MHD_HTTP_HEADER_RETRY_AFTER, answer->retry_after_s ? retry_after : NULL},
        {MHD_HTTP_HEADER_CACHE_CONTROL, CACHES[answer->cache]},
    };
    struct MHD_Response *response;

    (void)text_decimal(answer->retry_after_s, retry_after);
    /* Of the body only its length is looked at: the request was a HEAD. */
    response =
        MHD_create_response_from_buffer(pair->body.len, pair->body.data, MHD_RESPMEM_PERSISTENT);
    if (response && (!add_headers(response, headers, AP_COUNT(headers)) ||
                     (pair->job->for_browsers &&
                      !add_headers(response, BROWSER_HEADERS, AP_COUNT(BROWSER_HEADERS))))) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

static struct http_pair *pair_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Comes twice for each request: an answer to the first call would end the connection. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    struct http_pair *pair = pair_of(connection);
    enum MHD_Result result;

    (void)data;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_len;
    if (!*request) {
        *request = pair;
        return MHD_YES;
    }
    if (!pair->job)
        return MHD_NO;
    struct MHD_Response *response = response_new(pair);
    if (!response)
        return MHD_NO;
    result = MHD_queue_response(connection, (unsigned)pair->job->answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    (void)data;
    (void)request;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        pair_of(connection)->is_complete = true;
}

/* STARTED comes from inside MHD_add_connection(). */
static void on_connection(void *data, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct pair_pool *pool = data;

    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = pool->adding;
        pool->adding->is_open = true;
    } else {
        struct http_pair *pair = *socket_context;
        pair->is_open = false;
    }
}

/* -- pairs ------------------------------------------------------------------------------------ */

/* libmicrohttpd takes its end, also on failure. The address is nobody's: the client's is not its
 * business. */
static int pair_new(struct pair_pool *pool, struct http_pair **ret_pair)
{
    const struct sockaddr_in nobody = {.sin_family = AF_INET};
    int ends[2];
    struct http_pair *pair = calloc(1, sizeof(*pair));

    if (!pair)
        return AP_ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        free(pair);
        return AP_EIO;
    }
    pair->fd = ends[0];
    pool->adding = pair;
    if (MHD_add_connection(pool->daemon, ends[1], (const struct sockaddr *)&nobody,
                           sizeof(nobody)) != MHD_YES) {
        (void)close(pair->fd); /* nothing was written */
        free(pair);
        return AP_EIO;
    }
    pool->count++;
    *ret_pair = pair;
    return 0;
}

int pair_take(struct pair_pool *pool, struct http_pair **ret_pair)
{
    if (!pool->free)
        return pool->count < AP_HTTP_PAIRS_MAX ? pair_new(pool, ret_pair) : AP_EBUSY;
    *ret_pair = pool->free;
    pool->free = pool->free->next;
    return 0;
}

void pair_give_back(struct pair_pool *pool, struct http_pair *pair)
{
    buf_done(&pair->body);
    pair->job = NULL;
    pair->is_complete = false;
    pair->next = pool->free;
    pool->free = pair;
}

/* The record stays until libmicrohttpd has seen the end: it is the socket's context there. */
void pair_close(struct pair_pool *pool, struct http_pair *pair)
{
    (void)close(pair->fd); /* whatever was in it is lost */
    pair->fd = -1;
    pair->job = NULL;
    pair->next = pool->dying;
    pool->dying = pair;
}

static void pair_free(struct pair_pool *pool, struct http_pair *pair)
{
    buf_done(&pair->body);
    free(pair);
    pool->count--;
}

static void reap_pairs(struct pair_pool *pool)
{
    struct http_pair **link = &pool->dying;

    while (*link) {
        struct http_pair *pair = *link;
        if (pair->is_open) {
            link = &pair->next;
        } else {
            *link = pair->next;
            pair_free(pool, pair);
        }
    }
}

/* -- the pool --------------------------------------------------------------------------------- */

void pair_pool_run(struct pair_pool *pool)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    for (int i = 0; i < MHD_RUNS_MAX; i++) {
        if (MHD_run(pool->daemon) != MHD_YES)
            break;
        if (MHD_get_timeout(pool->daemon, &timeout_ms) != MHD_YES || timeout_ms != 0)
            break;
    }
    reap_pairs(pool);
}

int pair_pool_open(struct pair_pool **ret_pool)
{
    struct http_pair *pair;
    struct pair_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return AP_ENOMEM;
    pool->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, pool,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MHD_LIMIT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        MHD_POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, pool, MHD_OPTION_NOTIFY_COMPLETED, on_completed, pool, MHD_OPTION_END);
    if (!pool->daemon) {
        free(pool);
        return AP_EIO;
    }
    /* The first pair now: answers must go on when descriptors have run out. */
    int err = pair_new(pool, &pair);
    if (err) {
        pair_pool_close(pool);
        return err;
    }
    pair_give_back(pool, pair);
    *ret_pool = pool;
    return 0;
}

void pair_pool_close(struct pair_pool *pool)
{
    if (!pool)
        return;
    while (pool->free) {
        struct http_pair *pair = pool->free;
        pool->free = pair->next;
        pair_close(pool, pair);
    }
    pair_pool_run(pool);
    MHD_stop_daemon(pool->daemon); /* ends what is left */
    reap_pairs(pool);
    free(pool);
}
