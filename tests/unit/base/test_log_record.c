/* A line of the log, taken apart and as JSON. */
#include "autoprov/log_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

/* 2026-01-02T03:04:05Z */
#define NOW_S INT64_C(1767323045)

static void check(const char *line, const char *expected)
{
    static struct log_record record;
    char whole[4000];
    struct buf json;

    buf_init(&json, 65536);
    log_record_parse(line, &record);
    assert_int_equal(log_record_json(&record, LOG_LEVEL_NOTICE, NOW_S, &json), 0);
    (void)snprintf(whole, sizeof(whole),
                   "{\"ts\":\"2026-01-02T03:04:05Z\",\"level\":\"notice\",%s}", expected);
    assert_string_equal(json.data, whole);
    buf_done(&json);
}

static void test_pairs_become_members_and_the_rest_a_message(void **state)
{
    static const struct {
        const char *line, *expected;
    } CASES[] = {
        {"ready version=0.1.0 workers=2",
         "\"event\":\"ready\",\"version\":\"0.1.0\",\"workers\":\"2\""},
        {"stop finishing answers in hand",
         "\"event\":\"stop\",\"message\":\"finishing answers in hand\""},
        {"flat_mode state=on; whoever is in it",
         "\"event\":\"flat_mode\",\"state\":\"on\",\"message\":\"whoever is in it\""},
        {"reload result=failed error=\"f.conf:1: broken\"; keeping the old one",
         "\"event\":\"reload\",\"result\":\"failed\",\"error\":\"f.conf:1: broken\","
         "\"message\":\"keeping the old one\""},
        {"refused source=2001:db8:: mac=- count=3",
         "\"event\":\"refused\",\"source\":\"2001:db8::\",\"mac\":\"-\",\"count\":\"3\""},
        {"fetch agent=\"\" status=200", "\"event\":\"fetch\",\"agent\":\"\",\"status\":\"200\""},
        {"x empty= next=1", "\"event\":\"x\",\"empty\":\"\",\"next\":\"1\""},
        {"x url=https://h/p?a=b", "\"event\":\"x\",\"url\":\"https://h/p?a=b\""},
        {"x error=\"no \"such\" file\" n=1",
         "\"event\":\"x\",\"error\":\"no \\\"such\",\"n\":\"1\",\"message\":\"file\\\"\""},
        {"x cut=\"in the middle", "\"event\":\"x\",\"cut\":\"in the middle\""},
        {"x  two   blanks", "\"event\":\"x\",\"message\":\"two blanks\""},
        {"event", "\"event\":\"event\""},
        {"", "\"event\":\"\""},
        {"x Key=1 1a=2 a-b=3 =4", "\"event\":\"x\",\"message\":\"Key=1 1a=2 a-b=3 =4\""},
        {"x back=a\\b", "\"event\":\"x\",\"back\":\"a\\\\b\""},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++)
        check(CASES[i].line, CASES[i].expected);
}

static void test_no_member_comes_twice(void **state)
{
    (void)state;
    check("x a=1 a=2", "\"event\":\"x\",\"a\":\"1\",\"message\":\"a=2\"");
    check("x level=debug ts=0 event=y message=z",
          "\"event\":\"x\",\"message\":\"level=debug ts=0 event=y message=z\"");
}

static void test_foreign_text_that_is_quoted_makes_no_pair(void **state)
{
    static const char AGENT[] = "x\" reason=served mac=\"001122334455\"; y=\\z";
    static struct log_record record;
    struct buf line;

    (void)state;
    buf_init(&line, 4096);
    assert_int_equal(buf_append_text(&line, "refused agent="), 0);
    assert_int_equal(text_append_quoted(&line, AGENT, strlen(AGENT), 128), 0);
    assert_int_equal(buf_append_text(&line, " reason=disabled"), 0);
    log_record_parse(line.data, &record);
    assert_int_equal(record.pair_count, 2);
    assert_string_equal(record.pairs[0].key, "agent");
    assert_string_equal(record.pairs[1].key, "reason");
    assert_string_equal(record.pairs[1].value, "disabled");
    assert_string_equal(record.message, "");
    buf_done(&line);
}

static void test_more_pairs_than_there_is_room_for_stay_in_the_message(void **state)
{
    static struct log_record record;
    char line[512] = "x";

    (void)state;
    for (int i = 0; i < LOG_RECORD_PAIRS_MAX + 2; i++) {
        size_t len = strlen(line);
        (void)snprintf(line + len, sizeof(line) - len, " k%d=%d", i, i);
    }
    log_record_parse(line, &record);
    assert_int_equal(record.pair_count, LOG_RECORD_PAIRS_MAX);
    assert_string_equal(record.message, "k16=16 k17=17");
}

static void test_what_is_no_utf_8_is_replaced_and_a_long_line_cut(void **state)
{
    static struct log_record record;
    static char line[3 * LOG_LINE_MAX];

    (void)state;
    check("x a=\xc3\xa4 b=\xff\xfe", "\"event\":\"x\",\"a\":\"\xc3\xa4\",\"b\":\"??\"");
    check("x a=\x01\x1f", "\"event\":\"x\",\"a\":\"\\u0001\\u001f\"");
    memset(line, 'w', sizeof(line) - 1);
    memcpy(line, "x ", 2);
    log_record_parse(line, &record);
    assert_int_equal(strlen(record.message), LOG_LINE_MAX - 1 - 2);
}

static void test_a_buffer_that_is_too_small_is_an_error(void **state)
{
    static struct log_record record;
    struct buf json;

    (void)state;
    buf_init(&json, 60);
    log_record_parse("event pair=value message here", &record);
    assert_int_equal(log_record_json(&record, LOG_LEVEL_INFO, NOW_S, &json), AP_ERANGE);
    buf_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_become_members_and_the_rest_a_message),
        cmocka_unit_test(test_no_member_comes_twice),
        cmocka_unit_test(test_foreign_text_that_is_quoted_makes_no_pair),
        cmocka_unit_test(test_more_pairs_than_there_is_room_for_stay_in_the_message),
        cmocka_unit_test(test_what_is_no_utf_8_is_replaced_and_a_long_line_cut),
        cmocka_unit_test(test_a_buffer_that_is_too_small_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
