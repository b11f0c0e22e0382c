/* POSIX TZ strings. Knows no clock and no table of zones. */
#include "autoprov/time_zone.h"

#include <stddef.h>

#include "autoprov/text.h"

#define HOUR_S 3600
/* POSIX.1-2017, 8.3: hours of an offset; RFC 8536, 3.3.1: hours of a rule's time. */
#define OFFSET_HOURS_MAX    24
#define RULE_HOURS_MAX      167
#define RULE_DEFAULT_TIME_S (2 * HOUR_S)
#define NAME_MIN            3

static bool is_alpha(char c)
{
    return text_is_alnum(c) && !text_is_digit(c);
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* "CET" or "<+0330>". */
static bool skip_name(const char **at)
{
    bool quoted = take(at, '<');
    size_t len = 0;

    for (; quoted ? text_is_alnum(**at) || **at == '+' || **at == '-' : is_alpha(**at); (*at)++)
        len++;
    return len >= NAME_MIN && (!quoted || take(at, '>'));
}

/* One to max_digits digits. */
static bool take_number(const char **at, size_t max_digits, int max, int *ret_number)
{
    int number = 0;
    size_t digits = 0;

    for (; text_is_digit(**at) && digits < max_digits; (*at)++, digits++)
        number = number * 10 + (**at - '0');
    if (digits == 0 || number > max || text_is_digit(**at))
        return false;
    *ret_number = number;
    return true;
}

/* "[+-]h[h][:mm[:ss]]" in seconds. */
static bool take_time(const char **at, int max_hours, int32_t *ret_s)
{
    bool negative = take(at, '-');
    int hours, minutes = 0, seconds = 0;

    if (!negative)
        (void)take(at, '+'); /* may stand there, and says nothing */
    if (!take_number(at, 3, max_hours, &hours))
        return false;
    if (take(at, ':')) {
        if (!take_number(at, 2, 59, &minutes))
            return false;
        if (take(at, ':') && !take_number(at, 2, 59, &seconds))
            return false;
    }
    int32_t time_s = hours * HOUR_S + minutes * 60 + seconds;
    *ret_s = negative ? -time_s : time_s;
    return true;
}

/* ",Mm.w.d[/time]" */
static bool take_rule(const char **at, struct time_zone_rule *ret_rule)
{
    int month, week, day;
    int32_t time_s = RULE_DEFAULT_TIME_S;

    if (!take(at, ',') || !take(at, 'M') || !take_number(at, 2, 12, &month) || month == 0)
        return false;
    if (!take(at, '.') || !take_number(at, 1, 5, &week) || week == 0)
        return false;
    if (!take(at, '.') || !take_number(at, 1, 6, &day))
        return false;
    if (take(at, '/') && !take_time(at, RULE_HOURS_MAX, &time_s))
        return false;
    *ret_rule = (struct time_zone_rule){.month = (uint8_t)month,
                                        .week = (uint8_t)week,
                                        .day_of_week = (uint8_t)day,
                                        .time_s = time_s};
    return true;
}

/* Ireland's summer time is its standard time, and its winter time saves -1 hour. Phones know
 * only hours that are added in summer: told the other way round, it is the same clock. */
static void turn_round(struct time_zone *zone)
{
    struct time_zone_rule start = zone->start;
    int32_t offset_s = zone->offset_s;

    zone->offset_s = zone->dst_offset_s;
    zone->dst_offset_s = offset_s;
    zone->start = zone->end;
    zone->end = start;
}

int time_zone_parse(const char *posix, struct time_zone *ret_zone)
{
    struct time_zone zone = {0};
    const char *at = posix;
    int32_t west_s;

    if (!skip_name(&at) || !take_time(&at, OFFSET_HOURS_MAX, &west_s))
        return AP_ESYNTAX;
    zone.offset_s = -west_s;
    if (*at != '\0') {
        zone.has_dst = true;
        zone.dst_offset_s = zone.offset_s + HOUR_S;
        if (!skip_name(&at))
            return AP_ESYNTAX;
        if (*at != ',') {
            if (!take_time(&at, OFFSET_HOURS_MAX, &west_s))
                return AP_ESYNTAX;
            zone.dst_offset_s = -west_s;
        }
        if (!take_rule(&at, &zone.start) || !take_rule(&at, &zone.end) || *at != '\0')
            return AP_ESYNTAX;
        if (zone.dst_offset_s == zone.offset_s)
            return AP_ESYNTAX;
        if (zone.dst_offset_s < zone.offset_s)
            turn_round(&zone);
    }
    *ret_zone = zone;
    return 0;
}
