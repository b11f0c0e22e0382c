/* A POSIX TZ string in pieces: what phones want to be told of a time zone. */
#ifndef AUTOPROV_TIME_ZONE_H
#define AUTOPROV_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/err.h"

/* A rule of the form Mm.w.d/time (POSIX.1-2017, 8.3). */
struct time_zone_rule {
    uint8_t month;       /* 1..12 */
    uint8_t week;        /* 1..5; 5 is the last */
    uint8_t day_of_week; /* 0 Sunday .. 6 */
    int32_t time_s;      /* local time of the change; may be negative or above a day (RFC 8536) */
};

/* dst_offset_s is always the larger one: Ireland, whose winter time is written as summer time of
 * -1 hour ("IST-1GMT0,M10.5.0,M3.5.0/1"), is turned round. */
struct time_zone {
    int32_t offset_s; /* standard time, east of UTC: 3600 for Berlin */
    bool has_dst;
    int32_t dst_offset_s;             /* summer time, east of UTC */
    struct time_zone_rule start, end; /* of summer time */
};

/* "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30". Julian-day rules (Jn, n) are not taken: no zone of
 * today has one. Errors: AP_ESYNTAX. */
AP_MUSTCHECK int time_zone_parse(const char *posix, struct time_zone *ret_zone);

#endif
