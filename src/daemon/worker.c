/* A worker shares nothing on the way of a request but the limits table and the writer's queues. */
#include "worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "autoprov/fetch_log.h"
#include "autoprov/front.h"
#include "autoprov/provision.h"

/* Heartbeat, and the delay of counted refusals. */
#define TICK_MS 500

struct worker {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_timer_t tick;
    struct mailbox *mailbox;
    struct mailbox *control;
    struct front *front;
    struct provision *provision;
    struct fetch_log *log;
    struct store_db *reader;
    const struct ap_clock *clock;
    size_t listener_count;
    struct worker_request *draining;
    struct mailbox_message stop;
    _Atomic int64_t heartbeat_ms;
    uv_mutex_t stats_lock; /* the front's own figures are its loop's alone: each tick copies them */
    struct front_stats stats;
};

static void on_tick(uv_timer_t *timer)
{
    struct worker *worker = timer->data;

    atomic_store_explicit(&worker->heartbeat_ms, clock_monotonic_ms(worker->clock),
                          memory_order_relaxed);
    uv_mutex_lock(&worker->stats_lock);
    front_stats(worker->front, &worker->stats);
    uv_mutex_unlock(&worker->stats_lock);
    provision_tick(worker->provision);
    fetch_log_tick(worker->log, clock_wall_s(worker->clock));
    store_read_rest(worker->reader);
}

static void run_loop(void *data)
{
    struct worker *worker = data;

    (void)uv_run(&worker->loop,
                 UV_RUN_DEFAULT); /* until uv_stop(): handles stay for worker_free() */
}

static int open_parts(struct worker *worker, const struct worker_setup *setup,
                      struct ap_error *error)
{
    struct provision_setup provision = {.snapshot = setup->snapshot,
                                        .writer = setup->writer,
                                        .penalties = setup->penalties,
                                        .auths = setup->auths,
                                        .guard = setup->guard,
                                        .alarms = setup->alarms,
                                        .clock = setup->clock};
    struct front_setup front = {.loop = &worker->loop,
                                .clock = setup->clock,
                                .sources = setup->sources,
                                .turned_away = setup->turned_away,
                                .penalties = setup->penalties,
                                .handler = provision_handle};
    int err = store_open(setup->database, STORE_READER, setup->vault, setup->clock, &worker->reader,
                         error);

    if (err)
        return err;
    store_read_follow(worker->reader, setup->writer);
    err = mailbox_open(&worker->loop, &worker->mailbox);
    if (!err)
        err = fetch_log_new(setup->writer, setup->alarms, &worker->log);
    if (!err) {
        provision.reader = worker->reader;
        provision.mailbox = worker->mailbox;
        provision.log = worker->log;
        err = provision_new(&provision, &worker->provision);
    }
    if (!err) {
        front.handler_data = worker->provision;
        err = front_open(&front, &worker->front);
    }
    if (err)
        return ap_error_set(error, err, "a worker cannot be started: %s", ap_strerror(err));
    return 0;
}

/* What front_set_proxy() wants. */
static const struct network_list *proxy_peers(const struct config_listener *listener)
{
    return listener->proxy_protocol == CONFIG_PROXY_NO ? NULL : &listener->proxy_peers;
}

static int add_listeners(struct worker *worker, const struct worker_setup *setup, size_t *ret_added,
                         struct ap_error *error)
{
    for (size_t i = 0; i < worker->listener_count; i++) {
        if (setup->fds[i] < 0)
            continue; /* for admins */
        enum front_kind kind = setup->snapshot->tls[i] ? FRONT_PHONE_TLS : FRONT_PHONE_PLAIN;
        int err = front_add_listener(worker->front, setup->fds[i], kind, (unsigned)i,
                                     setup->snapshot->tls[i]);
        *ret_added = i + 1;
        if (err)
            return ap_error_set(error, err, "listener %s cannot be served: %s",
                                setup->snapshot->config->listeners[i].name, ap_strerror(err));
        front_set_proxy(worker->front, (unsigned)i,
                        proxy_peers(&setup->snapshot->config->listeners[i]));
    }
    return 0;
}

/* Sockets that were never served. */
static void close_from(const struct worker_setup *setup, size_t first)
{
    for (size_t i = first; i < setup->snapshot->config->listener_count; i++) {
        if (setup->fds[i] >= 0)
            (void)close(setup->fds[i]); /* nothing was written */
    }
}

int worker_start(const struct worker_setup *setup, struct worker **ret_worker,
                 struct ap_error *error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    size_t listener_count = setup->snapshot->config->listener_count;
    size_t added = 0;
    int err;

    if (worker && uv_mutex_init(&worker->stats_lock) != 0) {
        free(worker);
        worker = NULL;
    }
    if (!worker || uv_loop_init(&worker->loop) != 0) {
        if (worker)
            uv_mutex_destroy(&worker->stats_lock);
        close_from(setup, 0);
        free(worker);
        return ap_error_set(error, AP_ENOMEM, "a worker cannot be started: %s",
                            ap_strerror(AP_ENOMEM));
    }
    worker->control = setup->control;
    worker->clock = setup->clock;
    worker->listener_count = listener_count;
    atomic_init(&worker->heartbeat_ms, clock_monotonic_ms(setup->clock));
    (void)uv_timer_init(&worker->loop, &worker->tick); /* cannot fail */
    worker->tick.data = worker;
    err = open_parts(worker, setup, error);
    if (!err)
        err = add_listeners(worker, setup, &added, error);
    close_from(setup, added);
    if (!err) {
        (void)uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS); /* cannot fail */
        if (uv_thread_create(&worker->thread, run_loop, worker) != 0)
            err = ap_error_set(error, AP_EIO, "a worker's thread cannot be started");
    }
    if (err) {
        front_close(worker->front);
        worker->front = NULL;
        worker_free(worker);
        return err;
    }
    *ret_worker = worker;
    return 0;
}

/* -- requests from the control loop ------------------------------------------------------------ */

static void acknowledged(struct mailbox_message *message)
{
    struct worker_request *request = (struct worker_request *)message;

    request->done(request);
}

static void acknowledge(struct worker_request *request)
{
    request->message.run = acknowledged;
    mailbox_post(request->worker->control, &request->message);
}

static void run_switch(struct mailbox_message *message)
{
    struct worker_request *request = (struct worker_request *)message;
    struct worker *worker = request->worker;

    provision_set_snapshot(worker->provision, request->snapshot);
    for (size_t i = 0; i < worker->listener_count; i++) {
        front_set_tls(worker->front, (unsigned)i, request->snapshot->tls[i]);
        front_set_proxy(worker->front, (unsigned)i,
                        proxy_peers(&request->snapshot->config->listeners[i]));
    }
    acknowledge(request);
}

void worker_switch(struct worker *worker, struct worker_request *request)
{
    request->worker = worker;
    request->message.run = run_switch;
    mailbox_post(worker->mailbox, &request->message);
}

static void on_drained(void *data)
{
    struct worker *worker = data;

    acknowledge(worker->draining);
}

static void run_drain(struct mailbox_message *message)
{
    struct worker_request *request = (struct worker_request *)message;

    request->worker->draining = request;
    front_drain(request->worker->front, on_drained, request->worker);
}

void worker_drain(struct worker *worker, struct worker_request *request)
{
    request->worker = worker;
    request->message.run = run_drain;
    mailbox_post(worker->mailbox, &request->message);
}

static void run_stop(struct mailbox_message *message)
{
    struct worker *worker = (struct worker *)((char *)message - offsetof(struct worker, stop));

    front_close(worker->front);
    worker->front = NULL;
    fetch_log_close(worker->log);
    store_read_follow(worker->reader, NULL); /* the writer ends before the reader is closed */
    uv_stop(&worker->loop);
}

void worker_stop(struct worker *worker)
{
    worker->stop.run = run_stop;
    mailbox_post(worker->mailbox, &worker->stop);
    (void)uv_thread_join(&worker->thread); /* fails only on a wrong id */
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    mailbox_close(worker->mailbox);
    uv_close((uv_handle_t *)&worker->tick, NULL);
    while (uv_run(&worker->loop, UV_RUN_DEFAULT) != 0)
        ;
    (void)uv_loop_close(&worker->loop); /* no handle is left */
    provision_free(worker->provision);
    fetch_log_free(worker->log);
    store_close(worker->reader);
    uv_mutex_destroy(&worker->stats_lock);
    free(worker);
}

const struct tally *worker_tally(const struct worker *worker)
{
    return provision_tally(worker->provision);
}

void worker_front_stats(struct worker *worker, struct front_stats *ret_stats)
{
    uv_mutex_lock(&worker->stats_lock);
    *ret_stats = worker->stats;
    uv_mutex_unlock(&worker->stats_lock);
}

int64_t worker_heartbeat_ms(const struct worker *worker)
{
    return atomic_load_explicit(&worker->heartbeat_ms, memory_order_relaxed);
}

uint64_t worker_count(const struct worker *worker, enum policy_reason reason)
{
    return fetch_log_count(worker->log, reason);
}
