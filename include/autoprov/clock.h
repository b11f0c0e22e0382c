/* Two clocks: monotonic for timeouts, wall for records. Tests give their own. */
#ifndef AUTOPROV_CLOCK_H
#define AUTOPROV_CLOCK_H

#include <stdint.h>

/* A source of time. Functions may be called from any thread. */
struct ap_clock {
    int64_t (*monotonic_ms)(void *data); /* milliseconds since an unknown start, never back */
    int64_t (*wall_s)(void *data);       /* UTC seconds since 1970, may jump */
    void *data;
};

/* The system's clocks; static, never freed. */
const struct ap_clock *clock_system(void);

int64_t clock_monotonic_ms(const struct ap_clock *clock);
int64_t clock_wall_s(const struct ap_clock *clock);

/* Microseconds since an unknown start, never back: to measure how long something took, not to
 * decide by, so no test replaces it. Any thread. */
int64_t clock_measure_us(void);

#endif
