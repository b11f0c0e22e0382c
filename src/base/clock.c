/* The system's clocks behind the replaceable interface. */
#include "autoprov/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t system_monotonic_ms(void *data)
{
    struct timespec now = {0};

    (void)data;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_s(void *data)
{
    struct timespec now = {0};

    (void)data;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec;
}

const struct ap_clock *clock_system(void)
{
    static const struct ap_clock SYSTEM = {
        .monotonic_ms = system_monotonic_ms,
        .wall_s = system_wall_s,
    };
    return &SYSTEM;
}

int64_t clock_measure_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(const struct ap_clock *clock)
{
    return clock->monotonic_ms(clock->data);
}

int64_t clock_wall_s(const struct ap_clock *clock)
{
    return clock->wall_s(clock->data);
}
