/* One loop's front: turns of the loop, drain and close.
 * Must not know what a connection does, nor who waits for what (front_queue.c). */
#include "autoprov/front.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autoprov/limits.h"
#include "connection.h"
#include "front_private.h"

/* -- turns of the loop ------------------------------------------------------------------------ */

static void close_parts(struct front *front);

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* while active, the loop doesn't sleep */
}

static void report_drained(struct front *front)
{
    void (*drained)(void *data) = front->drained;

    if (!front->is_draining || !drained || front->connections.first || front->is_closing)
        return;
    front->drained = NULL;
    drained(front->drained_data);
}

/* After the sockets were served, and again before the loop sleeps: timers queue work too, and the
 * loop would sleep on it. All answers of a turn go through libmicrohttpd together. */
static void run_turn(struct front *front)
{
    bool work_is_left;

    if (front->is_closing)
        return;
    front->is_in_turn = true;
    if (front->may_begin)
        front_start_waiting(front);
    work_is_left = http_run(front->http);
    report_drained(front);
    front->is_in_turn = false;
    if (front->is_closing) {
        close_parts(front);
        return;
    }
    if (work_is_left || (front->may_begin && front->waiting.first))
        (void)uv_idle_start(&front->idle, on_idle); /* never fails */
    else
        (void)uv_idle_stop(&front->idle); /* never fails */
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct front *front = prepare->data;

    front->begun_handshakes = 0;
    run_turn(front);
}

static void on_check(uv_check_t *check)
{
    run_turn(check->data);
}

/* -- open and close --------------------------------------------------------------------------- */

int front_open(const struct front_setup *setup, struct front **ret_front)
{
    struct front *front = calloc(1, sizeof(*front));
    int err;

    if (!front)
        return AP_ENOMEM;
    front->setup = *setup;
    front->deadlines = (struct front_deadlines){
        .first_byte_ms = AP_FIRST_BYTE_DEADLINE_MS,
        .handshake_ms = AP_HANDSHAKE_DEADLINE_MS,
        .head_ms = AP_HEAD_DEADLINE_MS,
        .admin_body_ms = AP_ADMIN_BODY_DEADLINE_MS,
        .dropped_body_ms = AP_DROPPED_BODY_DEADLINE_MS,
        .idle_ms = AP_KEEPALIVE_IDLE_MS,
        .answer_ms = AP_ANSWER_DEADLINE_MS,
        .late_ms = AP_MISS_LATE_MS,
        .waiting_ms = AP_HANDSHAKE_LATE_MS,
        .linger_ms = AP_LINGER_MS,
        .connection_ms = AP_CONNECTION_MAX_MS,
    };
    err = http_open(&front->http);
    if (!err)
        err = watch_set_open(&front->watches, setup->loop, connection_on_event);
    if (err) {
        http_close(front->http);
        free(front);
        return err;
    }
    /* -1 is fine: the reserve is then missing, and tried for again when it would be needed. */
    front->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* None of these fails (libuv's documentation of each). */
    (void)uv_prepare_init(setup->loop, &front->prepare);
    (void)uv_check_init(setup->loop, &front->check);
    (void)uv_idle_init(setup->loop, &front->idle);
    front->prepare.data = front;
    front->check.data = front;
    front->idle.data = front;
    front->parts = 5;
    front_queue_init(front);
    (void)uv_prepare_start(&front->prepare, on_prepare);
    (void)uv_check_start(&front->check, on_check);
    *ret_front = front;
    return 0;
}

void front_part_done(struct front *front)
{
    if (--front->parts > 0)
        return;
    while (front->listeners) {
        struct listener *listener = front->listeners;
        front->listeners = listener->next;
        tls_context_unref(listener->tls);
        free(listener);
    }
    if (front->spare_fd >= 0)
        (void)close(front->spare_fd); /* nothing was written */
    free(front);
}

static void on_part_closed(uv_handle_t *handle)
{
    front_part_done(handle->data);
}

static void close_parts(struct front *front)
{
    for (struct listener *listener = front->listeners; listener; listener = listener->next)
        listener_close(listener);
    while (front->connections.first)
        connection_close(front->connections.first);
    http_close(front->http);
    front->http = NULL;
    watch_set_close(&front->watches, on_part_closed, front);
    uv_close((uv_handle_t *)&front->prepare, on_part_closed);
    uv_close((uv_handle_t *)&front->check, on_part_closed);
    uv_close((uv_handle_t *)&front->idle, on_part_closed);
    uv_close((uv_handle_t *)&front->ticker, on_part_closed);
}

void front_close(struct front *front)
{
    if (!front || front->is_closing)
        return;
    front->is_closing = true;
    /* A handler or drained may have called: the turn that called them ends first. */
    if (!front->is_in_turn)
        close_parts(front);
}

void front_drain(struct front *front, void (*drained)(void *data), void *data)
{
    struct connection *next;

    if (front->is_closing)
        return;
    front->is_draining = true;
    front->drained = drained;
    front->drained_data = data;
    for (struct listener *listener = front->listeners; listener; listener = listener->next)
        listener_close(listener);
    for (struct connection *connection = front->connections.first; connection; connection = next) {
        next = connection->next;
        if (connection->state == CONNECTION_PROXY || connection->state == CONNECTION_SILENT ||
            connection->state == CONNECTION_IDLE) {
            stream_say_goodbye(&connection->stream);
            connection_close(connection);
        }
    }
    /* Also when nothing was open: drained is called from the loop, never from here. */
    (void)uv_idle_start(&front->idle, on_idle); /* never fails */
}

void front_stats(const struct front *front, struct front_stats *ret_stats)
{
    *ret_stats = front->stats;
}
