/* Requests and answers as handlers see them. Nothing of libmicrohttpd or TLS shows here. */
#ifndef AUTOPROV_HTTP_H
#define AUTOPROV_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "autoprov/address.h"
#include "autoprov/arena.h"
#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/request_gate.h"

/* Who is at the other end of a control socket (unix(7), SO_PEERCRED and SO_PEERGROUPS). */
struct http_peer_user {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    const gid_t *groups;
    size_t group_count;
};

/* Longest common name that is kept, with its NUL: a MAC in any form, and some letters around it. */
#define HTTP_COMMON_NAME_MAX 28

/* A client's certificate whose chain, dates, use and revocation were verified. Every connection has
 * room for one, so it is small. */
struct http_certificate {
    uint32_t authorities; /* bit i: the chain ends in the listener's authority file i */
    /* The only CN of its subject; "" when there are none or several, when it is longer, or has
     * anything but printable ASCII: then it names nobody. */
    char common_name[HTTP_COMMON_NAME_MAX];
};

/* Borrowed until the exchange is answered. Strings are NUL-terminated, "" when absent. */
struct http_request {
    enum gate_profile profile;
    enum gate_reason refusal; /* GATE_REASON_NONE, or why the gate refused: path is then "" */
    enum gate_method method;
    const char *path;
    size_t path_len;
    const char *query;
    const char *user_agent;
    const char *if_none_match;
    const char *if_match;
    const char *idempotency_key;
    const char *content_type;
    const char *authorization; /* a secret */
    const char *cookie;        /* a secret; these of GATE_ADMIN */
    const char *host;
    const char *origin;
    const char *sec_fetch_site;
    const char *target; /* with an authorization: what it was sent for, as it was sent */
    const char *body;   /* admin; NUL-terminated */
    size_t body_len;
    bool is_plain;              /* of GATE_PHONE: it came without TLS */
    bool has_forwarded;         /* of GATE_PHONE: a proxy that is not ours has named itself */
    const struct address *peer; /* behind a proxy of ours its client; AF_UNSPEC: not told */
    const struct http_peer_user *peer_user;     /* control socket only, else NULL */
    const struct http_certificate *certificate; /* NULL: none, or none that could be verified */
    unsigned listener;                          /* index given to front_add_listener() */
    int64_t arrival_ms;                         /* monotonic, when the head was complete */
};

enum http_when {
    HTTP_NOW,
    HTTP_AT_DUE_TIME, /* at arrival + AP_MISS_DUE_MS, or the next multiple of it */
    HTTP_LATE,        /* at arrival + AP_MISS_LATE_MS, or the next multiple of AP_MISS_DUE_MS; the
                         connection is closed instead when too many answers wait so
                         (penalty_table.h) */
};

/* What a client may keep of an answer. */
enum http_cache {
    HTTP_CACHE_NOTHING, /* "private, no-store" */
    HTTP_CACHE_ASK,     /* "no-cache": it may be kept, and its ETag is asked about before use */
};

#define HTTP_CONTENT_TYPE_MAX 128
#define HTTP_CHALLENGE_MAX    192
#define HTTP_COOKIE_MAX       192

struct http_answer {
    int status;
    const char *content_type; /* copied, at most HTTP_CONTENT_TYPE_MAX - 1 bytes; NULL: none */
    char etag[40];            /* with its quotes; "" : none */
    const char *allow;        /* static string for Allow; NULL: none */
    /* WWW-Authenticate, in this order; copied, at most HTTP_CHALLENGE_MAX - 1 bytes each; NULL:
     * none. */
    const char *authenticate[2];
    const char *set_cookie; /* a secret; copied, at most HTTP_COOKIE_MAX - 1 bytes; NULL: none */
    uint32_t retry_after_s; /* Retry-After; 0: none */
    enum http_cache cache;
    enum http_when when;
    bool close;      /* close after this answer */
    struct buf body; /* ownership passes with the answer; wiped when secret */
};

/* One request on its way to its answer. Belongs to the loop's thread. */
struct http_exchange;

const struct http_request *http_exchange_request(const struct http_exchange *exchange);

/* Request memory: wiped when the exchange is answered. */
struct arena *http_exchange_arena(struct http_exchange *exchange);

/* Has the client left, or half-closed its connection? A look at the socket: for answers that wait.
 */
bool http_exchange_is_gone(const struct http_exchange *exchange);

/* Give the answer: exactly once per exchange, from the loop's thread, now or later; the body in
 * answer is empty afterwards. It goes out with Content-Length, Date and Cache-Control, on a
 * listener for browsers also with the headers that keep a page to itself (http_pair.c); HEAD and
 * 304 without it. When the client has left meanwhile the answer is freed and nothing else happens.
 * The exchange is gone after this call. */
void http_exchange_answer(struct http_exchange *exchange, struct http_answer *answer);

/* Called once per request that is to be answered, refused ones included. Must lead to
 * http_exchange_answer(), at once or later. */
typedef void (*http_handler_fn)(void *data, struct http_exchange *exchange);

#endif
