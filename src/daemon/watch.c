/* What the control loop looks after, once a second: alarms that are new go to the log, and
 * certificates near their end raise one. */
#include <stdio.h>

#include "autoprov/alarm.h"
#include "autoprov/log.h"
#include "daemon_private.h"

/* In one turn; the rest in the next. */
#define NEWS_MAX 100
/* Renewal is due 30 days before the end, as a rule: with less than this it has failed. */
#define CERTIFICATE_ALARM_DAYS 21
#define DAY_S                  86400
#define CERTIFICATE_PERIOD_MS  3600000

static void tell(const struct store_alarm *alarm)
{
    log_event(LOG_LEVEL_WARNING, "alarm",
              "alarm=%llu kind=%s subject=%s detail=\"%s\"; next: autoprovctl alarm ack %llu",
              (unsigned long long)alarm->seq, store_alarm_kind_name(alarm->kind), alarm->subject,
              alarm->detail, (unsigned long long)alarm->seq);
}

static void tell_news(struct daemon *daemon)
{
    struct arena arena;
    struct store_alarm *alarms = NULL;
    size_t count = 0;

    arena_init(&arena, (size_t)NEWS_MAX * 4096);
    /* What cannot be read now is told in the next turn; the store's own faults are told there. */
    if (store_alarm_news(daemon->reader, &arena, daemon->last_alarm, NEWS_MAX, &alarms, &count) ==
        0) {
        for (size_t i = 0; i < count; i++) {
            tell(&alarms[i]);
            daemon->last_alarm = alarms[i].seq;
        }
    }
    arena_done(&arena);
}

static void look_at_certificate(struct daemon *daemon, const char *listener, int64_t expires_at)
{
    int64_t left_s = expires_at - clock_wall_s(daemon->clock);
    char detail[STORE_ALARM_DETAIL_MAX];

    if (left_s >= CERTIFICATE_ALARM_DAYS * DAY_S) {
        alarms_end(daemon->alarms, STORE_ALARM_CERTIFICATE_END, listener);
        return;
    }
    if (left_s <= 0)
        (void)snprintf(detail, sizeof(detail), "has ended: phones refuse it"); /* fits */
    else
        (void)snprintf(detail, sizeof(detail), "ends in %lld days", (long long)(left_s / DAY_S));
    alarms_raise(daemon->alarms, STORE_ALARM_CERTIFICATE_END, listener, detail);
}

void watch_certificates(struct daemon *daemon)
{
    const struct snapshot *snapshot = daemon->snapshot;

    daemon->certificates_at_ms = clock_monotonic_ms(daemon->clock);
    for (size_t i = 0; i < snapshot->config->listener_count; i++)
        if (snapshot->tls[i])
            look_at_certificate(daemon, snapshot->config->listeners[i].name,
                                tls_context_expires_at(snapshot->tls[i]));
}

int watch_open(struct daemon *daemon, struct ap_error *error)
{
    int err = store_alarm_last(daemon->reader, &daemon->last_alarm);

    if (!err)
        err = alarms_new(daemon->writer, daemon->clock, &daemon->alarms);
    if (!err)
        err = flat_guard_new(daemon->clock, daemon->alarms, &daemon->guard);
    return err ? ap_error_set(error, err, "alarms: %s", ap_strerror(err)) : 0;
}

void watch_tick(struct daemon *daemon)
{
    tell_news(daemon);
    if (clock_monotonic_ms(daemon->clock) - daemon->certificates_at_ms >= CERTIFICATE_PERIOD_MS)
        watch_certificates(daemon);
}
