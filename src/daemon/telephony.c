/* Phones are told to fetch: the engine's place on the control loop, its timer and its ways out. */
#include "autoprov/log.h"
#include "daemon_private.h"

static struct snapshot *current_snapshot(void *data)
{
    return ((struct daemon *)data)->snapshot;
}

/* There is no SIP floor yet: only a program of the admin's tells phones. */
static int notify(void *data, const struct sip_notice *notice)
{
    (void)data;
    (void)notice;
    return AP_EIO;
}

/* The same: nothing is known of the contact. */
static int endpoint(const char *uri, struct address *ret_address, uint16_t *ret_port)
{
    (void)uri;
    (void)ret_address;
    (void)ret_port;
    return AP_EBUSY;
}

static void on_timer(uv_timer_t *timer);

static void wake_after(struct daemon *daemon, int64_t ms)
{
    (void)uv_timer_start(&daemon->resync_timer, on_timer, ms > 0 ? (uint64_t)ms : 0,
                         0); /* cannot fail */
}

static void on_timer(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    int64_t now_ms = clock_monotonic_ms(daemon->clock);

    daemon->resync_woken = false;
    int64_t next_ms = resync_tick(daemon->resync, now_ms);
    if (daemon->resync_woken) /* meanwhile, by what it has done */
        wake_after(daemon, 0);
    else if (next_ms >= 0)
        wake_after(daemon, next_ms - now_ms);
}

static void wake(void *data)
{
    struct daemon *daemon = data;

    daemon->resync_woken = true;
    if (daemon->telephony_open)
        wake_after(daemon, 0);
}

int telephony_open(struct daemon *daemon, struct ap_error *error)
{
    const struct resync_setup setup = {
        .reader = daemon->reader,
        .writer = daemon->writer,
        .mailbox = daemon->mailbox,
        .clock = daemon->clock,
        .data = daemon,
        .snapshot = current_snapshot,
        .notify = notify,
        .endpoint = endpoint,
        .wake = wake,
        .start = control_start_job,
        .open_reader = control_open_reader,
    };
    int err = resync_new(&setup, &daemon->resync);

    if (err)
        return ap_error_set(error, err, "telling phones to fetch: %s", ap_strerror(err));
    (void)uv_timer_init(&daemon->loop, &daemon->resync_timer); /* cannot fail */
    daemon->resync_timer.data = daemon;
    daemon->telephony_open = true;
    wake(daemon);
    return 0;
}

void telephony_switch(struct daemon *daemon)
{
    wake(daemon);
}

void telephony_stop(struct daemon *daemon)
{
    resync_stop(daemon->resync);
}

void telephony_close(struct daemon *daemon)
{
    if (daemon->telephony_open)
        uv_close((uv_handle_t *)&daemon->resync_timer, NULL);
    daemon->telephony_open = false;
}

void telephony_free(struct daemon *daemon)
{
    resync_free(daemon->resync);
}
