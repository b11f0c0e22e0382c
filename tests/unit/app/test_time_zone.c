/* POSIX TZ strings, and the table of them that is shipped. */
#include "autoprov/time_zone.h"

#include "autoprov/array.h"
#include "catalogue_fixture.h"

#define H 3600

static void check(const char *posix, const struct time_zone *expected)
{
    struct time_zone zone;

    if (time_zone_parse(posix, &zone) != 0)
        fail_msg("%s is refused", posix);
    bool equal = zone.offset_s == expected->offset_s && zone.has_dst == expected->has_dst &&
                 zone.dst_offset_s == expected->dst_offset_s;
    const struct time_zone_rule *got[] = {&zone.start, &zone.end};
    const struct time_zone_rule *wanted[] = {&expected->start, &expected->end};
    for (size_t i = 0; i < 2; i++)
        equal = equal && got[i]->month == wanted[i]->month && got[i]->week == wanted[i]->week &&
                got[i]->day_of_week == wanted[i]->day_of_week &&
                got[i]->time_s == wanted[i]->time_s;
    if (!equal)
        fail_msg("%s: offset %d, summer %d from %d.%d.%d/%d to %d.%d.%d/%d", posix, zone.offset_s,
                 zone.dst_offset_s, zone.start.month, zone.start.week, zone.start.day_of_week,
                 zone.start.time_s, zone.end.month, zone.end.week, zone.end.day_of_week,
                 zone.end.time_s);
}

static void test_pieces_are_those_of_the_string(void **state)
{
    static const struct {
        const char *posix;
        struct time_zone expected;
    } ROWS[] = {
        {"UTC0", {.offset_s = 0}},
        {"CET-1CEST,M3.5.0,M10.5.0/3", {1 * H, true, 2 * H, {3, 5, 0, 2 * H}, {10, 5, 0, 3 * H}}},
        {"EST5EDT,M3.2.0,M11.1.0", {-5 * H, true, -4 * H, {3, 2, 0, 2 * H}, {11, 1, 0, 2 * H}}},
        {"<+0330>-3:30", {.offset_s = 3 * H + 1800}},
        {"<+0845>-08:45:30", {.offset_s = 8 * H + 45 * 60 + 30}},
        {"NST3:30NDT,M3.2.0,M11.1.0",
         {-(3 * H + 1800), true, -(2 * H + 1800), {3, 2, 0, 2 * H}, {11, 1, 0, 2 * H}}},
        {"AAA+3BBB+2,M1.1.1,M2.2.6/0:00:01",
         {-3 * H, true, -2 * H, {1, 1, 1, 2 * H}, {2, 2, 6, 1}}},
        /* Lord Howe: half an hour. */
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
         {10 * H + 1800, true, 11 * H, {10, 1, 0, 2 * H}, {4, 1, 0, 2 * H}}},
        /* Nuuk and Gaza: times before and after the day. */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
         {-2 * H, true, -1 * H, {3, 5, 0, -1 * H}, {10, 5, 0, 0}}},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50",
         {2 * H, true, 3 * H, {3, 4, 4, 50 * H}, {10, 4, 4, 50 * H}}},
        {"AAA-23BBB,M1.1.0/-167,M12.5.6/167:59:59",
         {23 * H, true, 24 * H, {1, 1, 0, -167 * H}, {12, 5, 6, 168 * H - 1}}},
        /* Dublin, turned round. */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", {0, true, 1 * H, {3, 5, 0, 1 * H}, {10, 5, 0, 2 * H}}},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++)
        check(ROWS[i].posix, &ROWS[i].expected);
}

static void test_other_strings_are_refused_and_write_nothing(void **state)
{
    static const char *const ROWS[] = {
        "",
        "UTC",
        "UT0",
        "0",
        "UTC0 ",
        " UTC0",
        "UTC0\n",
        "Europe/Berlin",
        ":Europe/Berlin",
        "U1C0",
        "<U>0",
        "<UTC0",
        "<UT C>0",
        "UTC25",
        "UTC024x",
        "UTC0000",
        "UTC1:60",
        "UTC1:0:60",
        "UTC1:",
        "UTC1:0:",
        "UTC--1",
        "UTC+",
        "UTC1.5",
        "CET-1CEST", /* no rules: each system has its own */
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M3.5.0,M10.5.0,",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J60,J300",
        "CET-1CEST,60,300",
        "CET-1CEST-1,M3.5.0,M10.5.0", /* summer time of no difference */
        "CET-1CES\xc3\x96,M3.5.0,M10.5.0",
    };
    struct time_zone zone, untouched;

    (void)state;
    memset(&untouched, 0xa5, sizeof(untouched));
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        zone = untouched;
        if (time_zone_parse(ROWS[i], &zone) != AP_ESYNTAX)
            fail_msg("'%s' is taken", ROWS[i]);
        assert_memory_equal(&zone, &untouched, sizeof(zone));
    }
}

static void test_shipped_table_has_the_zones_of_the_world(void **state)
{
    struct catalogue_fixture *fixture = *state;
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};
    struct time_zone zone;
    size_t count = 0;

    catalogue_fixture_vendor(
        fixture, "custom/a.json", "",
        "{\"name\": \"{mac}.xml\", \"role\": \"config\", \"template\": \"t.xml\"}", "");
    catalogue_fixture_copy(fixture, "shipped/time_zones.json",
                           AP_SOURCE_DIR "/conf/vendors/time_zones.json");
    if (catalogue_load(fixture->shipped, fixture->custom, &catalogue, &error) != 0)
        fail_msg("%s", error.text);
    for (const char *name; (name = catalogue_time_zone_at(catalogue, count)); count++) {
        const char *posix = catalogue_time_zone(catalogue, name);
        if (!posix || time_zone_parse(posix, &zone) != 0)
            fail_msg("%s: %s", name, posix);
    }
    assert_true(count > 450);
    assert_string_equal(catalogue_time_zone(catalogue, "Europe/Berlin"),
                        "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_string_equal(catalogue_time_zone(catalogue, "Etc/UTC"), "UTC0");
    assert_string_equal(catalogue_time_zone(catalogue, "US/Eastern"), "EST5EDT,M3.2.0,M11.1.0");
    assert_null(catalogue_time_zone(catalogue, "Europe/Berln"));
    assert_null(catalogue_time_zone(catalogue, "europe/berlin"));
    assert_null(catalogue_time_zone(catalogue, ""));
    catalogue_free(catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_those_of_the_string),
        cmocka_unit_test(test_other_strings_are_refused_and_write_nothing),
        cmocka_unit_test_setup_teardown(test_shipped_table_has_the_zones_of_the_world,
                                        catalogue_fixture_setup, catalogue_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
