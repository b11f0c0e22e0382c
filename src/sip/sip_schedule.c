/* A heap of timers. */
#include <stdlib.h>

#include "sip_machine.h"

int sip_schedule_init(struct sip_schedule *schedule, size_t max)
{
    struct sip_timer **timers = calloc(max, sizeof(struct sip_timer *));

    if (!timers)
        return AP_ENOMEM;
    *schedule = (struct sip_schedule){.timers = timers, .max = max};
    return 0;
}

void sip_schedule_done(struct sip_schedule *schedule)
{
    free(schedule->timers);
    *schedule = (struct sip_schedule){0};
}

/* Places count from 1, so that place / 2 is the parent. */
static void put(struct sip_schedule *schedule, size_t place, struct sip_timer *timer)
{
    schedule->timers[place - 1] = timer;
    timer->place = place;
}

/* Towards the top while it is earlier than what is there. */
static size_t rise(struct sip_schedule *schedule, size_t place, const struct sip_timer *timer)
{
    while (place > 1 && schedule->timers[place / 2 - 1]->due_ms > timer->due_ms) {
        put(schedule, place, schedule->timers[place / 2 - 1]);
        place /= 2;
    }
    return place;
}

static size_t sink(struct sip_schedule *schedule, size_t place, const struct sip_timer *timer)
{
    for (size_t child; (child = 2 * place) <= schedule->count; place = child) {
        if (child < schedule->count &&
            schedule->timers[child]->due_ms < schedule->timers[child - 1]->due_ms)
            child++;
        if (schedule->timers[child - 1]->due_ms >= timer->due_ms)
            break;
        put(schedule, place, schedule->timers[child - 1]);
    }
    return place;
}

/* place is free. */
static void settle(struct sip_schedule *schedule, size_t place, struct sip_timer *timer)
{
    put(schedule, sink(schedule, rise(schedule, place, timer), timer), timer);
}

void sip_schedule_set(struct sip_schedule *schedule, struct sip_timer *timer, int64_t due_ms)
{
    timer->due_ms = due_ms;
    settle(schedule, timer->place ? timer->place : ++schedule->count, timer);
}

void sip_schedule_clear(struct sip_schedule *schedule, struct sip_timer *timer)
{
    size_t place = timer->place;

    if (place == 0)
        return;
    struct sip_timer *last = schedule->timers[--schedule->count];
    timer->place = 0;
    if (last != timer)
        settle(schedule, place, last);
}

struct sip_timer *sip_schedule_first(const struct sip_schedule *schedule)
{
    return schedule->count > 0 ? schedule->timers[0] : NULL;
}
