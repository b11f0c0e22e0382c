/* POSIX TZ strings: what is taken keeps its bounds. */
#include "autoprov/time_zone.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void check_rule(const struct time_zone_rule *rule)
{
    CHECK(rule->month >= 1 && rule->month <= 12 && rule->week >= 1 && rule->week <= 5);
    CHECK(rule->day_of_week <= 6 && abs(rule->time_s) < 168 * 3600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct time_zone zone;
    char *text = calloc(1, size + 1);

    CHECK(text);
    if (size > 0)
        memcpy(text, data, size);
    if (time_zone_parse(text, &zone) == 0) {
        CHECK(abs(zone.offset_s) <= 26 * 3600);
        if (zone.has_dst) {
            CHECK(zone.dst_offset_s > zone.offset_s);
            check_rule(&zone.start);
            check_rule(&zone.end);
        }
    }
    free(text);
    return 0;
}
