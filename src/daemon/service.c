/* Signals and systemd: ready, reloading, stopping, watchdog (sd_notify(3), systemd.service(5)). */
#include <signal.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "autoprov/array.h"
#include "autoprov/log.h"
#include "daemon_private.h"

#define TICK_MS 1000

static const int SIGNALS[] = {SIGTERM, SIGINT, SIGHUP};

static void reloaded(void *data, int err, const char *line)
{
    (void)data;
    (void)err;
    (void)line; /* logged where it happened */
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;

    if (number == SIGHUP)
        reload_request(daemon, API_PART_ALL, reloaded, NULL);
    else
        daemon_stop(daemon);
}

/* Results of sd_notify() are ignored throughout: without systemd there is nobody to tell. */
static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    struct store_writer_stats writer;

    store_writer_stats(daemon->writer, &writer);
    if (writer.failed && !daemon->store_failed) {
        /* After a failed fsync a retry may falsely succeed: only a new start reads what is there.
         */
        daemon->store_failed = true;
        log_event(LOG_LEVEL_ERROR, "store_failed",
                  "the disk refused a write; stopping, so that a new start reads what it holds");
        daemon_stop(daemon);
    }
    if (writer.rekey_state == STORE_REKEY_DONE && daemon->rekey_state == STORE_REKEY_RUNNING)
        daemon_tell_rekeyed(daemon->snapshot->config);
    daemon->rekey_state = writer.rekey_state;
    vitals_tell_proxy_faults(daemon);
    vitals_tell_strangers(daemon);
    api_tick(daemon->api);
    watch_tick(daemon);
    telephony_tick(daemon);
    for (size_t i = 0; i < daemon->snapshot->config->listener_count; i++)
        tls_context_tick(daemon->snapshot->tls[i], clock_monotonic_ms(daemon->clock));
    if (daemon->watchdog_ms == 0)
        return;
    if (vitals_all_alive(daemon))
        (void)sd_notify(0, "WATCHDOG=1");
    else
        log_event(LOG_LEVEL_ERROR, "stuck", "what=loop_or_writer; the watchdog is not fed");
}

int service_open(struct daemon *daemon, struct ap_error *error)
{
    uint64_t watchdog_us = 0;
    uint64_t tick_ms = TICK_MS;

    daemon->handles_open = true;
    (void)uv_timer_init(&daemon->loop, &daemon->tick); /* cannot fail */
    (void)uv_timer_init(&daemon->loop, &daemon->grace);
    daemon->tick.data = daemon;
    daemon->grace.data = daemon;
    for (size_t i = 0; i < AP_COUNT(SIGNALS); i++) {
        if (uv_signal_init(&daemon->loop, &daemon->signals[i]) != 0)
            return ap_error_set(error, AP_EIO, "signals cannot be handled");
        daemon->signals[i].data = daemon;
        if (uv_signal_start(&daemon->signals[i], on_signal, SIGNALS[i]) != 0)
            return ap_error_set(error, AP_EIO, "signals cannot be handled");
    }
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        daemon->watchdog_ms = watchdog_us / 1000;
    if (daemon->watchdog_ms > 0 && daemon->watchdog_ms / 2 < tick_ms)
        tick_ms = daemon->watchdog_ms / 2 > 0 ? daemon->watchdog_ms / 2 : 1;
    (void)uv_timer_start(&daemon->tick, on_tick, tick_ms, tick_ms); /* cannot fail */
    return 0;
}

void service_close(struct daemon *daemon)
{
    if (!daemon->handles_open)
        return;
    for (size_t i = 0; i < AP_COUNT(SIGNALS); i++) {
        if (daemon->signals[i].data)
            uv_close((uv_handle_t *)&daemon->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&daemon->tick, NULL);
    uv_close((uv_handle_t *)&daemon->grace, NULL);
    daemon->handles_open = false;
}

void service_ready(struct daemon *daemon)
{
    const struct config *config = daemon->snapshot->config;

    (void)sd_notifyf(
        0, "READY=1\nSTATUS=Serving %zu listener%s with %zu worker%s, configuration %u",
        config->listener_count, config->listener_count == 1 ? "" : "s", daemon->worker_count,
        daemon->worker_count == 1 ? "" : "s", daemon->snapshot->generation);
}

void service_reloading(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    /* MONOTONIC_USEC: ignored by systemd 252, needed from 253 on. */
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                     (unsigned long long)now.tv_sec * 1000000ULL +
                         (unsigned long long)now.tv_nsec / 1000ULL);
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1\nSTATUS=Finishing answers in hand");
}
