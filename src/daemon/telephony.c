/* What the daemon says in SIP, and hears: sockets, machines and their owners tied together, on the
 * control loop. Must not know what is said. */
#include <stdlib.h>

#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/pnp.h"
#include "autoprov/resync.h"
#include "autoprov/sip_message.h"
#include "autoprov/sip_notifier.h"
#include "autoprov/sip_pnp.h"
#include "daemon_private.h"
#include "sip_socket.h"

/* A message's texts, some of them twice. */
#define MESSAGE_ARENA_MAX_BYTES ((size_t)8 * AP_SIP_DATAGRAM_MAX_BYTES)

/* Seconds between looks after the memberships. */
#define RENEW_TICKS 10

struct telephony {
    struct daemon *daemon;
    struct sip_socket *socket;
    struct sip_notifier *notifier;
    struct sip_pnp *questions; /* NULL: pnp is off, as is the next */
    struct pnp *pnp;
    struct resync *resync;
    uv_timer_t timer;
    bool timer_open;
    unsigned ticks;
    bool woken;            /* while it was at work */
    struct arena arena;    /* of the datagram in hand */
    const char *interface; /* that it came in by */
};

static int64_t now_ms(const struct telephony *telephony)
{
    return clock_monotonic_ms(telephony->daemon->clock);
}

/* -- time -------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static void call_in(struct telephony *telephony, int64_t ms)
{
    (void)uv_timer_start(&telephony->timer, on_timer, ms > 0 ? (uint64_t)ms : 0,
                         0); /* cannot fail */
}

static void call_at(struct telephony *telephony, int64_t first_ms, int64_t second_ms)
{
    int64_t at_ms = first_ms < 0 || (second_ms >= 0 && second_ms < first_ms) ? second_ms : first_ms;

    if (at_ms >= 0)
        call_in(telephony, at_ms - now_ms(telephony));
}

static void on_timer(uv_timer_t *timer)
{
    struct telephony *telephony = timer->data;
    int64_t now = now_ms(telephony);

    telephony->woken = false;
    sip_notifier_tick(telephony->notifier, now);
    int64_t resync_ms = resync_tick(telephony->resync, now);
    if (telephony->woken)
        call_in(telephony, 0);
    else
        call_at(telephony, sip_notifier_next_ms(telephony->notifier), resync_ms);
}

static struct snapshot *snapshot_now(void *data)
{
    const struct telephony *telephony = data;

    return telephony->daemon->snapshot;
}

static int start_job(void *data, struct api_job *job)
{
    const struct telephony *telephony = data;

    return control_start_job(telephony->daemon, job);
}

static int open_reader(void *data, struct store_db **ret_reader)
{
    const struct telephony *telephony = data;

    return control_open_reader(telephony->daemon, ret_reader);
}

/* Something has begun or ended: what is due is asked for anew, from the loop. */
static void wake(void *data)
{
    struct telephony *telephony = data;

    telephony->woken = true;
    if (telephony->timer_open)
        call_in(telephony, 0);
}

/* -- between the machines and the sockets -------------------------------------------------------
 */

static bool send_out(void *data, const struct sip_endpoint *to, const char *bytes, size_t len)
{
    const struct telephony *telephony = data;

    return telephony->socket && sip_socket_send(telephony->socket, to, bytes, len);
}

static bool local(void *data, const struct sip_endpoint *to, char *ret_text, size_t room)
{
    const struct telephony *telephony = data;

    return telephony->socket && sip_socket_local(telephony->socket, to, ret_text, room);
}

static void notified(void *data, void *notice_data, enum sip_outcome outcome, int status)
{
    struct telephony *telephony = data;

    if (!telephony->questions || !sip_pnp_done(telephony->questions, notice_data, outcome, status))
        resync_done(telephony->resync, notice_data, outcome, status);
}

static void asked(void *data, const struct sip_pnp_request *request)
{
    struct telephony *telephony = data;

    pnp_asked(telephony->pnp, request, telephony->interface);
}

static void told(void *data, const uint8_t *mac, enum sip_outcome outcome, int status)
{
    struct telephony *telephony = data;

    pnp_told(telephony->pnp, mac, outcome, status);
}

static int serve(void *data, uint64_t id, const char *url, enum sip_pnp_form form)
{
    struct telephony *telephony = data;
    int err = sip_pnp_serve(telephony->questions, id, url, form, now_ms(telephony));

    wake(telephony);
    return err;
}

static void ignore(void *data, uint64_t id)
{
    struct telephony *telephony = data;

    sip_pnp_ignore(telephony->questions, id);
}

static int notify(void *data, const struct sip_notice *notice)
{
    struct telephony *telephony = data;

    return sip_notifier_start(telephony->notifier, notice, now_ms(telephony));
}

static void hear(struct telephony *telephony, const struct sip_datagram *datagram)
{
    struct sip_message message;
    int64_t now = now_ms(telephony);

    if (datagram->is_multicast && !sip_pnp_admit(telephony->questions, &datagram->from, now))
        return;
    /* What is no message is nobody's fault that could be told: ports are scanned. */
    if (sip_message_read(datagram->bytes, datagram->len, &telephony->arena, &message) != 0)
        return;
    if (datagram->is_multicast && !message.is_response) {
        telephony->interface = datagram->interface_name;
        sip_pnp_receive(telephony->questions, &datagram->from, datagram->interface, &message, now);
        telephony->interface = "";
    } else if (message.is_response && /* some answer to the group, too */
               sip_notifier_receive(telephony->notifier, &datagram->from, &message, now)) {
        wake(telephony);
    }
}

static void received(void *data, const struct sip_datagram *datagram)
{
    struct telephony *telephony = data;

    hear(telephony, datagram);
    arena_reset(&telephony->arena);
}

/* -- life -------------------------------------------------------------------------------------- */

int telephony_claim(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    struct telephony *telephony = calloc(1, sizeof(*telephony));

    if (!telephony)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    telephony->daemon = daemon;
    telephony->interface = "";
    arena_init(&telephony->arena, MESSAGE_ARENA_MAX_BYTES);
    daemon->telephony = telephony;
    int err = sip_socket_open(config, &telephony->socket, error);
    /* A unit without a network still has its API, and a notifier of its own. */
    return err == AP_EINVAL && config->pnp == CONFIG_PNP_OFF ? 0 : err;
}

static int open_resync(struct telephony *telephony)
{
    struct daemon *daemon = telephony->daemon;
    const struct sip_notifier_setup notifier = {
        .data = telephony,
        .send = send_out,
        .local = local,
        .done = notified,
        .transactions_max = AP_SIP_TRANSACTIONS_MAX,
    };
    const struct resync_setup resync = {
        .reader = daemon->reader,
        .writer = daemon->writer,
        .mailbox = daemon->mailbox,
        .clock = daemon->clock,
        .data = telephony,
        .snapshot = snapshot_now,
        .notify = notify,
        .wake = wake,
        .start = start_job,
        .open_reader = open_reader,
    };
    int err = sip_notifier_new(&notifier, &telephony->notifier);

    return err ? err : resync_new(&resync, &telephony->resync);
}

static int open_pnp(struct telephony *telephony)
{
    struct daemon *daemon = telephony->daemon;
    const struct sip_pnp_setup questions = {
        .data = telephony,
        .send = send_out,
        .local = local,
        .asked = asked,
        .told = told,
        .notifier = telephony->notifier,
        .per_source_per_s = AP_SIP_PER_SOURCE_PER_S,
        .questions_per_s = AP_SIP_QUESTIONS_PER_S,
        .questions_at_once = AP_SIP_QUESTIONS_AT_ONCE,
    };
    const struct pnp_setup pnp = {
        .reader = daemon->reader,
        .writer = daemon->writer,
        .mailbox = daemon->mailbox,
        .alarms = daemon->alarms,
        .clock = daemon->clock,
        .data = telephony,
        .snapshot = snapshot_now,
        .serve = serve,
        .ignore = ignore,
    };
    int err = pnp_new(&pnp, &telephony->pnp);

    return err ? err : sip_pnp_new(&questions, &telephony->questions);
}

int telephony_open(struct daemon *daemon, struct ap_error *error)
{
    struct telephony *telephony = daemon->telephony;
    int err;

    (void)uv_timer_init(&daemon->loop, &telephony->timer); /* cannot fail */
    telephony->timer.data = telephony;
    telephony->timer_open = true;
    err = open_resync(telephony);
    if (!err && daemon->snapshot->config->pnp != CONFIG_PNP_OFF)
        err = open_pnp(telephony);
    daemon->pnp = telephony->pnp;
    daemon->resync = telephony->resync;
    if (!err && telephony->socket)
        err = sip_socket_start(telephony->socket, &daemon->loop, received, telephony);
    if (err)
        return ap_error_set(error, err, "SIP cannot be served: %s", ap_strerror(err));
    wake(telephony);
    return 0;
}

void telephony_switch(struct daemon *daemon)
{
    wake(daemon->telephony);
}

void telephony_metrics(const struct daemon *daemon, struct metrics_sip *ret_metrics)
{
    const struct telephony *telephony = daemon->telephony;
    struct sip_socket_stats socket;
    struct sip_notifier_stats notifier = {.sent = 0};
    struct sip_pnp_stats questions = {.questions = 0};

    sip_socket_stats(telephony->socket, &socket);
    if (telephony->notifier)
        sip_notifier_stats(telephony->notifier, &notifier);
    if (telephony->questions)
        sip_pnp_stats(telephony->questions, &questions);
    *ret_metrics = (struct metrics_sip){
        .received = socket.received,
        .sent = socket.sent,
        .unsent = socket.unsent,
        .retransmitted = notifier.retransmitted,
        .strays = notifier.strays,
        .too_long = socket.too_long,
        .misplaced = socket.misplaced,
        .over_rate = questions.dropped_rate,
        .malformed = questions.dropped_form,
        .repeats = questions.repeats,
    };
}

static void renewed(void *data, const char *interface)
{
    (void)data;
    log_event(LOG_LEVEL_WARNING, "pnp_interface",
              "interface=%s; it was gone: questions by multicast are heard again", interface);
}

void telephony_tick(struct daemon *daemon)
{
    struct telephony *telephony = daemon->telephony;

    if (++telephony->ticks % RENEW_TICKS == 0)
        sip_socket_renew(telephony->socket, renewed, NULL);
    if (daemon->telephony->pnp)
        pnp_tick(daemon->telephony->pnp);
}

/* Results that come now are still written: the writer runs. */
void telephony_stop(struct daemon *daemon)
{
    struct telephony *telephony = daemon->telephony;

    if (!telephony)
        return;
    sip_socket_close(telephony->socket);
    telephony->socket = NULL;
    sip_pnp_free(telephony->questions); /* tells pnp of what it cancels */
    telephony->questions = NULL;
    sip_notifier_free(telephony->notifier);
    telephony->notifier = NULL;
    resync_stop(telephony->resync);
    daemon->pnp = NULL;
    pnp_free(telephony->pnp);
    telephony->pnp = NULL;
    if (telephony->timer_open)
        uv_close((uv_handle_t *)&telephony->timer, NULL);
    telephony->timer_open = false;
}

void telephony_free(struct daemon *daemon)
{
    struct telephony *telephony = daemon->telephony;

    if (!telephony)
        return;
    daemon->resync = NULL;
    resync_free(telephony->resync);
    arena_done(&telephony->arena);
    free(telephony);
    daemon->telephony = NULL;
}
