/* Settings as templates see them: codecs, pass-through, time zones, intervals. */
#include "view_fixture.h"

#include "autoprov/array.h"

static void set_one(struct view_fixture *view, struct store_setting *setting, const char *name,
                    const char *value)
{
    *setting = (struct store_setting){
        .scope = STORE_SCOPE_PHONE, .scope_id = "", .name = name, .value = value};
    view->phone.settings = setting;
    view->phone.setting_count = 1;
    view_build(view);
}

/* -- codecs ------------------------------------------------------------------------------------ */

/* "ulaw,alaw": the codes of a list. */
static void check_codes(const struct view_fixture *view, const char *list, const char *expected)
{
    const struct value *items = view_member(&view->root, list);
    char codes[256] = "";

    for (size_t i = 0; i < items->len; i++) {
        const struct value *code = view_member(&items->as.items[i], "code");
        size_t len = strlen(codes);
        (void)snprintf(codes + len, sizeof(codes) - len, "%s%.*s", i > 0 ? "," : "", (int)code->len,
                       code->as.text);
        assert_int_equal(view_is(&items->as.items[i], "is_first"), i == 0);
        assert_int_equal(view_is(&items->as.items[i], "is_last"), i + 1 == items->len);
    }
    assert_string_equal(codes, expected);
}

static void test_codecs_come_in_the_settings_order_and_the_rest_in_the_tables(void **state)
{
    static const struct {
        const char *setting, *on, *off;
    } ROWS[] = {
        {"PCMA,PCMU", "alaw,ulaw", "wide,o"},
        {"opus,G722,PCMA,PCMU", "o,wide,alaw,ulaw", ""},
        {"pcmu", "ulaw", "alaw,wide,o"},
        {"GSM,PCMA,iLBC", "alaw", "ulaw,wide,o"}, /* what the vendor has not is left out */
        {"GSM", "", "ulaw,alaw,wide,o"},
        {"PCMA,PCMA,PCMA,PCMA,PCMA,PCMA", "alaw,alaw,alaw,alaw", "ulaw,wide,o"}, /* no overflow */
        {",,", "", "ulaw,alaw,wide,o"},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_one(view, &setting, "codecs", ROWS[i].setting);
        check_codes(view, "codecs", ROWS[i].on);
        check_codes(view, "codecs_off", ROWS[i].off);
    }
}

static void test_codec_tells_its_rank_and_its_name(void **state)
{
    struct view_fixture *view = *state;
    struct store_setting setting;

    set_one(view, &setting, "codecs", "g722,PCMA");
    view_check(view_item(view, "codecs", 0), "name", "G722");
    view_check(view_item(view, "codecs", 1), "name", "PCMA");
    view_check(view_item(view, "codecs", 1), "position", "2");
    view_check(view_item(view, "codecs", 1), "index", "1");
    assert_true(view_is(view_item(view, "codecs", 1), "is_codec_2"));
    assert_true(view_is(view_item(view, "codecs", 1), "is_PCMA"));
    assert_true(view_is(view_item(view, "codecs_off", 1), "is_codec_2"));
}

/* -- raw --------------------------------------------------------------------------------------- */

static void test_raw_settings_merge_by_scope_in_the_order_of_names(void **state)
{
    static const struct store_setting SETTINGS[] = {
        {STORE_SCOPE_PHONE, "p", "raw.b", "phone", false, 1},
        {STORE_SCOPE_VENDOR, "acme", "raw.b", "vendor", false, 1},
        {STORE_SCOPE_VENDOR, "acme", "raw.a.z", "vendor", false, 1},
        {STORE_SCOPE_MODEL, "acme/A1", "raw.a.z", "model", false, 1},
        {STORE_SCOPE_MODEL, "acme/A1", "raw.C", "model", false, 1},
        {STORE_SCOPE_GLOBAL, "", "raw.hidden", NULL, true, 1},
        {STORE_SCOPE_GLOBAL, "", "srtp", "off", false, 1},
    };
    static const struct {
        const char *name, *value;
    } EXPECTED[] = {{"C", "model"}, {"a.z", "model"}, {"b", "phone"}};
    struct view_fixture *view = *state;

    view->phone.settings = (struct store_setting *)(uintptr_t)SETTINGS;
    view->phone.setting_count = AP_COUNT(SETTINGS);
    view_build(view);
    assert_int_equal(view_member(&view->root, "raw")->len, AP_COUNT(EXPECTED));
    for (size_t i = 0; i < AP_COUNT(EXPECTED); i++) {
        view_check(view_item(view, "raw", i), "name", EXPECTED[i].name);
        view_check(view_item(view, "raw", i), "value", EXPECTED[i].value);
    }
}

/* -- time zones -------------------------------------------------------------------------------- */

/* A name "dst.x" is one of the object's. */
static void check_rows(const struct view_fixture *view, const char *const rows[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(rows[i][0], "dst.", 4) == 0)
            view_check(view_member(&view->root, "dst"), rows[i][0] + 4, rows[i][1]);
        else
            view_top(view, rows[i][0], rows[i][1]);
    }
}

static void test_berlin_is_told_in_every_form(void **state)
{
    static const char *const ROWS[][2] = {
        {"time_zone", "Europe/Berlin"},
        {"time_zone_code", "31"},
        {"time_zone_posix", "CET-1CEST,M3.5.0,M10.5.0/3"},
        {"time_zone_offset_s", "3600"},
        {"time_zone_offset_minutes", "60"},
        {"time_zone_offset_minutes_west", "-60"},
        {"time_zone_offset_hours", "+1"},
        {"time_zone_offset_colon", "+01:00"},
        {"dst.start_month", "3"},
        {"dst.start_month_02", "03"},
        {"dst.start_week", "5"},
        {"dst.start_day", "0"},
        {"dst.start_day_iso", "7"},
        {"dst.start_day_from_1", "1"},
        {"dst.start_day_of_month", "-1"},
        {"dst.start_hour", "2"},
        {"dst.start_hour_02", "02"},
        {"dst.start_minute", "0"},
        {"dst.start_minute_02", "00"},
        {"dst.start_minutes", "120"},
        {"dst.end_month", "10"},
        {"dst.end_month_02", "10"},
        {"dst.end_week", "5"},
        {"dst.end_hour", "3"},
        {"dst.end_minutes", "180"},
        {"dst.save_minutes", "60"},
        {"dst.save_s", "3600"},
        {"dst.save_hours", "1"},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    set_one(view, &setting, "time_zone", "Europe/Berlin");
    check_rows(view, ROWS, AP_COUNT(ROWS));
    assert_true(view_is(view_member(&view->root, "dst"), "start_is_last"));
    assert_true(view_is(view_member(&view->root, "dst"), "end_is_last"));
}

static void test_zones_with_odd_offsets_and_rules(void **state)
{
    static const struct {
        const char *zone, *seconds, *minutes, *west, *hours, *colon;
        const char *save_s, *save_hours; /* NULL: no summer time */
        const char *start_minutes, *start_day_of_month, *start_hour;
    } ROWS[] = {
        {"Asia/Kolkata", "19800", "330", "-330", "+5:30", "+05:30", NULL, NULL, NULL, NULL, NULL},
        {"Etc/UTC", "0", "0", "0", "0", "+00:00", NULL, NULL, NULL, NULL, NULL},
        {"America/St_Johns", "-12600", "-210", "210", "-3:30", "-03:30", "3600", "1", "120", "8",
         "2"},
        {"Australia/Lord_Howe", "37800", "630", "-630", "+10:30", "+10:30", "1800", "0.5", "120",
         "1", "2"},
        /* The changes are outside of a phone's day: its end and its begin. */
        {"Asia/Gaza", "7200", "120", "-120", "+2", "+02:00", "3600", "1", "1439", "22", "23"},
        {"America/Nuuk", "-7200", "-120", "120", "-2", "-02:00", "3600", "1", "0", "-1", "0"},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_one(view, &setting, "time_zone", ROWS[i].zone);
        view_top(view, "time_zone_offset_s", ROWS[i].seconds);
        view_top(view, "time_zone_offset_minutes", ROWS[i].minutes);
        view_top(view, "time_zone_offset_minutes_west", ROWS[i].west);
        view_top(view, "time_zone_offset_hours", ROWS[i].hours);
        view_top(view, "time_zone_offset_colon", ROWS[i].colon);
        const struct value *dst = view_member(&view->root, "dst");
        assert_int_equal(dst->kind, ROWS[i].save_s ? VALUE_RECORD : VALUE_NULL);
        if (!ROWS[i].save_s)
            continue;
        view_check(dst, "save_s", ROWS[i].save_s);
        view_check(dst, "save_hours", ROWS[i].save_hours);
        view_check(dst, "start_minutes", ROWS[i].start_minutes);
        view_check(dst, "start_day_of_month", ROWS[i].start_day_of_month);
        view_check(dst, "start_hour", ROWS[i].start_hour);
    }
}

/* Not settable, but it may have left the table since. */
static void test_zone_that_is_not_in_the_table_is_universal_time(void **state)
{
    static const char *const ROWS[][2] = {
        {"time_zone", "Mars/Olympus"},   {"time_zone_code", ""},
        {"time_zone_posix", "UTC0"},     {"time_zone_offset_s", "0"},
        {"time_zone_offset_hours", "0"}, {"time_zone_offset_colon", "+00:00"},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    set_one(view, &setting, "time_zone", "Mars/Olympus");
    check_rows(view, ROWS, AP_COUNT(ROWS));
    assert_int_equal(view_member(&view->root, "dst")->kind, VALUE_NULL);
}

/* -- the others -------------------------------------------------------------------------------- */

static void test_intervals_are_rounded_up(void **state)
{
    static const struct {
        const char *seconds, *minutes, *hours;
    } ROWS[] = {
        {"300", "5", "1"},           {"301", "6", "1"},       {"3600", "60", "1"},
        {"3601", "61", "2"},         {"86400", "1440", "24"}, {"86399", "1440", "24"},
        {"2592000", "43200", "720"},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_one(view, &setting, "resync_interval", ROWS[i].seconds);
        view_top(view, "resync_interval", ROWS[i].seconds);
        view_top(view, "resync_interval_minutes", ROWS[i].minutes);
        view_top(view, "resync_interval_hours", ROWS[i].hours);
    }
}

static void test_words_become_the_vendors_codes(void **state)
{
    static const struct {
        const char *setting, *value, *code_name, *code;
    } ROWS[] = {
        {"language", "de", "language_code", "German"},
        {"language", "fr", "language_code", ""},
        {"srtp", "off", "srtp_code", "0"},
        {"srtp", "mandatory", "srtp_code", "2"},
        {"srtp", "optional", "srtp_code", ""},
        {"time_zone", "Europe/Berlin", "time_zone_code", "31"},
        {"time_zone", "Asia/Kolkata", "time_zone_code", ""},
    };
    struct view_fixture *view = *state;
    struct store_setting setting;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_one(view, &setting, ROWS[i].setting, ROWS[i].value);
        view_top(view, ROWS[i].setting, ROWS[i].value);
        view_top(view, ROWS[i].code_name, ROWS[i].code);
    }
    set_one(view, &setting, "srtp", "optional");
    assert_true(view_is(&view->root, "is_srtp_optional"));
    assert_false(view_is(&view->root, "is_srtp_off"));
    assert_false(view_is(&view->root, "is_srtp_mandatory"));
}

static void test_settings_have_their_defaults(void **state)
{
    static const char *const ROWS[][2] = {
        {"ntp_server", "pool.ntp.org"},
        {"time_zone", "Etc/UTC"},
        {"language", "en"},
        {"admin_password", ""},
        {"resync_interval", "86400"},
        {"voicemail_number", ""},
        {"srtp", "off"},
    };
    struct view_fixture *view = *state;

    view->phone.setting_count = 0;
    view_build(view);
    check_rows(view, ROWS, AP_COUNT(ROWS));
    check_codes(view, "codecs", "wide,alaw,ulaw");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

static void test_a_region_falls_back_to_its_language(void **state)
{
    static const struct {
        const char *setting, *code;
    } ROWS[] = {{"de", "German"}, {"de-AT", "German"}, {"fr-CA", ""}, {"en", ""}};
    struct view_fixture *view = *state;
    struct store_setting setting;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_one(view, &setting, "language", ROWS[i].setting);
        view_top(view, "language_code", ROWS[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_codecs_come_in_the_settings_order_and_the_rest_in_the_tables),
        ROW(test_codec_tells_its_rank_and_its_name),
        ROW(test_raw_settings_merge_by_scope_in_the_order_of_names),
        ROW(test_berlin_is_told_in_every_form),
        ROW(test_zones_with_odd_offsets_and_rules),
        ROW(test_zone_that_is_not_in_the_table_is_universal_time),
        ROW(test_intervals_are_rounded_up),
        ROW(test_words_become_the_vendors_codes),
        ROW(test_a_region_falls_back_to_its_language),
        ROW(test_settings_have_their_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
