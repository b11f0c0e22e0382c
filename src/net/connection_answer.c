/* What a connection answers: the exchange with the handler, due times, sending.
 * Must not know why an answer is what it is. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "connection.h"

/* RFC 9110, 15.4.5: an answer without a body. */
#define NOT_MODIFIED 304

struct http_exchange {
    struct connection *connection; /* NULL: the client has left while the handler works */
    struct http_request request;
    struct address peer;
    struct http_peer_user peer_user;
    struct http_certificate certificate;
    struct arena arena;
    struct buf body;
    struct http_answer answer;
    /* The handler's may go before they are sent. */
    char content_type[HTTP_CONTENT_TYPE_MAX];
    char authenticate[2][HTTP_CHALLENGE_MAX];
    char set_cookie[HTTP_COOKIE_MAX];
    struct http_job job;
};

/* -- made ------------------------------------------------------------------------------------- */

/* NULL: no memory. */
static const char *copy_text(struct arena *arena, const struct gate_text *text)
{
    return text->len > 0 ? arena_strndup(arena, text->data, text->len) : "";
}

static int copy_request(struct http_exchange *exchange, const struct gate_result *result)
{
    struct http_request *request = &exchange->request;
    struct gate_text path = {result->path, result->path_len};
    const struct gate_text none = {0};
    bool is_admin = request->profile == GATE_ADMIN;
    const struct {
        const struct gate_text *from;
        const char **to;
    } texts[] = {
        {&path, &request->path},
        {&result->query, &request->query},
        {&result->user_agent, &request->user_agent},
        {&result->if_none_match, &request->if_none_match},
        {&result->if_match, &request->if_match},
        {&result->idempotency_key, &request->idempotency_key},
        {&result->content_type, &request->content_type},
        {&result->authorization, &request->authorization},
        {&result->cookie, &request->cookie},
        {is_admin ? &result->host : &none, &request->host},
        {&result->origin, &request->origin},
        {&result->sec_fetch_site, &request->sec_fetch_site},
        {result->authorization.data ? &result->target : &none, &request->target},
    };

    for (size_t i = 0; i < AP_COUNT(texts); i++) {
        *texts[i].to = copy_text(&exchange->arena, texts[i].from);
        if (!*texts[i].to)
            return AP_ENOMEM;
    }
    request->path_len = result->path_len;
    request->refusal = result->reason;
    request->method = result->method;
    return 0;
}

/* The handler may need it when the connection is long gone. */
static int copy_peer_user(struct http_exchange *exchange, const struct http_peer_user *user)
{
    gid_t *groups;

    if (!user)
        return 0;
    groups = arena_alloc_array(&exchange->arena, user->group_count, sizeof(*groups));
    if (!groups)
        return AP_ENOMEM;
    memcpy(groups, user->groups, user->group_count * sizeof(*groups));
    exchange->peer_user = *user;
    exchange->peer_user.groups = groups;
    exchange->request.peer_user = &exchange->peer_user;
    return 0;
}

int exchange_new(struct connection *connection, const struct gate_result *result,
                 struct http_exchange **ret_exchange)
{
    const struct listener *listener = connection->listener;
    const struct http_certificate *certificate = stream_certificate(&connection->stream);
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));

    if (!exchange)
        return AP_ENOMEM;
    arena_init(&exchange->arena, AP_REQUEST_ARENA_MAX_BYTES);
    exchange->connection = connection;
    exchange->peer = connection->peer;
    exchange->request = (struct http_request){
        .profile = listener_profile(listener),
        .peer = &exchange->peer,
        .body = "",
        .listener = listener->index,
        .is_plain = listener->kind == FRONT_PHONE_PLAIN,
        .arrival_ms = clock_monotonic_ms(connection->front->setup.clock),
    };
    /* Who stands before a proxy of ours is known; a proxy before that one is the client's own. */
    exchange->request.has_forwarded = result->has_forwarded && !listener->proxy_peers;
    if (certificate) {
        exchange->certificate = *certificate;
        exchange->request.certificate = &exchange->certificate;
    }
    if (copy_request(exchange, result) != 0 ||
        copy_peer_user(exchange, connection->peer_user) != 0) {
        exchange_free(exchange);
        return AP_ENOMEM;
    }
    *ret_exchange = exchange;
    return 0;
}

void exchange_free(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    arena_done(&exchange->arena);
    buf_done(&exchange->body);
    buf_done(&exchange->answer.body);
    secret_wipe(exchange->set_cookie, sizeof(exchange->set_cookie));
    free(exchange);
}

struct buf *exchange_body(struct http_exchange *exchange)
{
    return &exchange->body;
}

void exchange_refuse(struct http_exchange *exchange, enum gate_reason reason)
{
    exchange->request.refusal = reason;
    exchange->request.path = "";
    exchange->request.path_len = 0;
    exchange->request.query = "";
}

/* -- answered --------------------------------------------------------------------------------- */

void connection_dispatch(struct connection *connection)
{
    struct front *front = connection->front;
    struct http_exchange *exchange = connection->exchange;

    connection->requests++;
    front->stats.requests++;
    if (exchange->body.len > 0) {
        exchange->request.body = exchange->body.data;
        exchange->request.body_len = exchange->body.len;
    }
    connection_change_state(connection, CONNECTION_HANDLER);
    /* May answer at once: nothing of connection or exchange is touched afterwards. */
    front->setup.handler(front->setup.handler_data, exchange);
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

bool http_exchange_is_gone(const struct http_exchange *exchange)
{
    return !exchange->connection || connection_client_is_gone(exchange->connection);
}

static_assert(AP_MISS_LATE_MS % AP_MISS_DUE_MS == 0, "a late answer is due like others");

/* Milliseconds until arrival + first_ms, or the next multiple of AP_MISS_DUE_MS: so the time that
 * the work took can be told to no finer than that. One more, as both clocks have cut their
 * fractions off and an answer must not be early. */
static uint64_t due_in_ms(const struct http_exchange *exchange, int64_t first_ms, int64_t now_ms)
{
    int64_t took_ms = now_ms - exchange->request.arrival_ms;
    int64_t slot_ms = AP_MISS_DUE_MS;

    if (took_ms < 0)
        took_ms = 0;
    int64_t due_ms = took_ms <= first_ms ? first_ms : (took_ms + slot_ms - 1) / slot_ms * slot_ms;
    return (uint64_t)(due_ms - took_ms) + 1;
}

/* Nobody waits for it in a queue of ours: the client learns that the connection is gone. */
static void close_unanswered(struct connection *connection)
{
    struct http_exchange *exchange = connection->exchange;

    connection->exchange = NULL;
    exchange_free(exchange);
    stream_say_goodbye(&connection->stream);
    connection_close(connection);
}

static void hold_answer(struct connection *connection)
{
    const struct http_exchange *exchange = connection->exchange;
    bool late = exchange->answer.when == HTTP_LATE;
    int64_t first_ms = late ? connection->front->deadlines.late_ms : AP_MISS_DUE_MS;

    if (late && connection_take_place(connection) != 0) {
        close_unanswered(connection);
        return;
    }
    uv_update_time(connection->front->setup.loop); /* the turn may have begun long ago */
    connection_hold(connection, due_in_ms(exchange, first_ms,
                                          clock_monotonic_ms(connection->front->setup.clock)));
}

void http_exchange_answer(struct http_exchange *exchange, struct http_answer *answer)
{
    struct connection *connection = exchange->connection;

    exchange->answer = *answer;
    answer->body = (struct buf){0}; /* taken */
    if (!connection) {
        exchange_free(exchange);
        return;
    }
    assert(connection->state == CONNECTION_HANDLER);
    if (answer->content_type) {
        (void)snprintf(exchange->content_type, sizeof(exchange->content_type), "%s",
                       answer->content_type);
        exchange->answer.content_type = exchange->content_type;
    }
    for (size_t i = 0; i < AP_COUNT(exchange->authenticate) && answer->authenticate[i]; i++) {
        (void)snprintf(exchange->authenticate[i], HTTP_CHALLENGE_MAX, "%s",
                       answer->authenticate[i]); /* ours fit */
        exchange->answer.authenticate[i] = exchange->authenticate[i];
    }
    if (answer->set_cookie) {
        (void)snprintf(exchange->set_cookie, sizeof(exchange->set_cookie), "%s",
                       answer->set_cookie); /* ours fit */
        exchange->answer.set_cookie = exchange->set_cookie;
    }
    arena_done(&exchange->arena);
    buf_done(&exchange->body);
    if (exchange->answer.close)
        connection->must_close = true;
    if (exchange->answer.when == HTTP_NOW)
        connection_frame_answer(connection);
    else
        hold_answer(connection);
}

/* -- sent ------------------------------------------------------------------------------------- */

static void on_framed(struct http_job *job, int err)
{
    struct http_exchange *exchange =
        (struct http_exchange *)((char *)job - offsetof(struct http_exchange, job));
    struct connection *connection = exchange->connection;

    connection->exchange = NULL;
    exchange_free(exchange);
    if (err) {
        connection_close(connection);
        return;
    }
    connection->out_sent = 0;
    connection_change_state(connection, CONNECTION_SENDING);
    connection_send(connection);
}

void connection_frame_answer(struct connection *connection)
{
    struct http_exchange *exchange = connection->exchange;

    connection_release_place(connection);
    connection_change_state(connection, CONNECTION_FRAMING);
    exchange->job = (struct http_job){
        /* The length that a 304 names is that of the 200 (RFC 9110, 8.6). */
        .head_only =
            exchange->request.method == GATE_HEAD || exchange->answer.status == NOT_MODIFIED,
        .for_browsers = connection->listener->kind == FRONT_PORTAL_TLS,
        .answer = &exchange->answer,
        .out = &connection->out,
        .done = on_framed,
    };
    http_submit(connection->front->http, &exchange->job);
}

void connection_send(struct connection *connection)
{
    struct buf *out = &connection->out;

    while (connection->out_sent < out->len) {
        size_t sent = 0;
        enum stream_result result =
            stream_write(&connection->stream, out->data + connection->out_sent,
                         out->len - connection->out_sent, &sent);
        if (result != STREAM_DONE) {
            connection_wait(connection, result);
            return;
        }
        connection->out_sent += sent;
    }
    buf_done(out);
    connection_next(connection);
}

void connection_drop_exchange(struct connection *connection)
{
    struct http_exchange *exchange = connection->exchange;

    connection->exchange = NULL;
    if (!exchange)
        return;
    if (connection->state == CONNECTION_HANDLER) {
        exchange->connection = NULL; /* freed when it is answered */
        return;
    }
    http_withdraw(connection->front->http, &exchange->job);
    exchange_free(exchange);
}
