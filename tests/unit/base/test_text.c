/* Numbers, durations, hex, UTF-8 and quoting. */
#include "autoprov/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

static void test_numbers_are_plain_decimal_within_bounds(void **state)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        int err;
        uint64_t value;
    } ROWS[] = {
        {"0", 0, 10, 0, 0},
        {"7", 0, 10, 0, 7},
        {"10", 0, 10, 0, 10},
        {"5", 5, 5, 0, 5},
        {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, AP_ERANGE, 0},
        {"99999999999999999999999999", 0, UINT64_MAX, AP_ERANGE, 0},
        {"11", 0, 10, AP_ERANGE, 0},
        {"4", 5, 10, AP_ERANGE, 0},
        {"", 0, 10, AP_ESYNTAX, 0},
        {"00", 0, 10, AP_ESYNTAX, 0},
        {"010", 0, 10, AP_ESYNTAX, 0},
        {"-1", 0, 10, AP_ESYNTAX, 0},
        {"+1", 0, 10, AP_ESYNTAX, 0},
        {" 1", 0, 10, AP_ESYNTAX, 0},
        {"1 ", 0, 10, AP_ESYNTAX, 0},
        {"1\n", 0, 10, AP_ESYNTAX, 0},
        {"0x1", 0, 10, AP_ESYNTAX, 0},
        {"1e1", 0, 10, AP_ESYNTAX, 0},
        {"1.0", 0, 10, AP_ESYNTAX, 0},
        {"\xd9\xa1", 0, 10, AP_ESYNTAX, 0}, /* ARABIC-INDIC DIGIT ONE */
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        uint64_t value = 4711;
        int err =
            text_parse_u64(ROWS[i].text, strlen(ROWS[i].text), ROWS[i].min, ROWS[i].max, &value);
        if (err != ROWS[i].err || value != (err ? 4711 : ROWS[i].value))
            fail_msg("'%s': %d %llu", ROWS[i].text, err, (unsigned long long)value);
    }
}

static void test_number_ends_at_its_length(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_int_equal(text_parse_u64("1234", 2, 0, 100, &value), 0);
    assert_int_equal(value, 12);
    assert_int_equal(text_parse_u64("1\0"
                                    "2",
                                    3, 0, 100, &value),
                     AP_ESYNTAX);
}

static void test_durations_have_a_number_and_a_unit(void **state)
{
    static const struct {
        const char *text;
        int err;
        uint64_t ms;
    } ROWS[] = {
        {"500ms", 0, 500},
        {"0s", 0, 0},
        {"30s", 0, 30000},
        {"5m", 0, 300000},
        {"12h", 0, 43200000},
        {"7d", 0, 604800000},
        {"30d", 0, 2592000000},
        {"31d", AP_ERANGE, 0},
        {"18446744073709551615d", AP_ERANGE, 0},
        {"213503982335d", AP_ERANGE, 0}, /* one day more than 64 bits of milliseconds hold */
        {"", AP_ESYNTAX, 0},
        {"5", AP_ESYNTAX, 0},
        {"s", AP_ESYNTAX, 0},
        {"ms", AP_ESYNTAX, 0},
        {"5 s", AP_ESYNTAX, 0},
        {"05s", AP_ESYNTAX, 0},
        {"-5s", AP_ESYNTAX, 0},
        {"1.5h", AP_ESYNTAX, 0},
        {"5S", AP_ESYNTAX, 0},
        {"5M", AP_ESYNTAX, 0},
        {"5sec", AP_ESYNTAX, 0},
        {"5w", AP_ESYNTAX, 0},
        {"1h30m", AP_ESYNTAX, 0},
        {"5ss", AP_ESYNTAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        uint64_t ms = 4711;
        int err = text_parse_duration_ms(ROWS[i].text, strlen(ROWS[i].text), 0, 2592000000, &ms);
        if (err != ROWS[i].err || ms != (err ? 4711 : ROWS[i].ms))
            fail_msg("'%s': %d %llu", ROWS[i].text, err, (unsigned long long)ms);
    }
}

static void test_duration_below_its_minimum_is_out_of_range(void **state)
{
    uint64_t ms = 0;

    (void)state;
    assert_int_equal(text_parse_duration_ms("59s", 3, 60000, 120000, &ms), AP_ERANGE);
    assert_int_equal(text_parse_duration_ms("1m", 2, 60000, 120000, &ms), 0);
    assert_int_equal(text_parse_duration_ms("2m", 2, 60000, 120000, &ms), 0);
    assert_int_equal(text_parse_duration_ms("120001ms", 8, 60000, 120000, &ms), AP_ERANGE);
}

static void test_hex_goes_both_ways(void **state)
{
    uint8_t all[256], back[256];
    char text[513];

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    text_hex(all, sizeof(all), text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_string_equal(text + 508, "feff");
    assert_int_equal(text_unhex(text, 512, back), 0);
    assert_memory_equal(all, back, sizeof(all));
    assert_int_equal(text_unhex("aBcDEf", 6, back), 0);
    assert_memory_equal(back, "\xab\xcd\xef", 3);
    text_hex("", 0, text);
    assert_string_equal(text, "");
    assert_int_equal(text_unhex("", 0, back), 0);
}

static void test_broken_hex_is_refused_before_anything_is_written(void **state)
{
    static const char *const BROKEN[] = {"a", "abc", "0g", "g0", "abcz", " 0", "0x", "-1", "\xffz"};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(BROKEN); i++) {
        uint8_t out[4] = {9, 9, 9, 9};
        assert_int_equal(text_unhex(BROKEN[i], strlen(BROKEN[i]), out), AP_ESYNTAX);
        assert_memory_equal(out, "\x09\x09\x09\x09", 4);
    }
}

static void test_character_classes_are_ascii(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool digit = i >= '0' && i <= '9';
        bool upper = i >= 'A' && i <= 'Z';
        bool lower = i >= 'a' && i <= 'z';
        assert_int_equal(text_is_digit(c), digit);
        assert_int_equal(text_is_alnum(c), digit || upper || lower);
        assert_int_equal(text_is_hex(c), digit || (upper && i <= 'F') || (lower && i <= 'f'));
        assert_int_equal(text_lower(c), upper ? (char)(i + 32) : c);
    }
}

static void test_case_is_ignored_in_ascii_only(void **state)
{
    (void)state;
    assert_true(text_equal_nocase("AbC", 3, "aBc", 3));
    assert_true(text_equal_nocase("", 0, "", 0));
    assert_false(text_equal_nocase("abc", 3, "abcd", 4));
    assert_false(text_equal_nocase("abc", 3, "abd", 3));
    assert_false(text_equal_nocase("[", 1, "{", 1));
    assert_false(text_equal_nocase("\xc3\x84", 2, "\xc3\xa4", 2)); /* A and a with diaeresis */
}

/* RFC 3629, section 4, and the tables of Unicode 15, 3.9. */
static void test_utf8_is_well_formed_or_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool ok;
    } ROWS[] = {
        {"", 0, true},
        {"plain", 5, true},
        {"\x7f", 1, true},
        {"a\0b", 3, false},
        {"\xc2\x80", 2, true},
        {"\xdf\xbf", 2, true},
        {"\xe0\xa0\x80", 3, true},
        {"\xed\x9f\xbf", 3, true}, /* last before the surrogates */
        {"\xee\x80\x80", 3, true}, /* first behind them */
        {"\xef\xbf\xbf", 3, true},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},          /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, false},         /* one more */
        {"\xc0\x80", 2, false},                 /* overlong NUL */
        {"\xc0\xaf", 2, false},                 /* overlong slash */
        {"\xc1\xbf", 2, false},                 /* overlong U+7F */
        {"\xe0\x80\xaf", 3, false},             /* overlong slash */
        {"\xe0\x9f\xbf", 3, false},             /* overlong U+7FF */
        {"\xf0\x80\x80\xaf", 4, false},         /* overlong slash */
        {"\xf0\x8f\xbf\xbf", 4, false},         /* overlong U+FFFF */
        {"\xed\xa0\x80", 3, false},             /* surrogates */
        {"\xed\xbf\xbf", 3, false},             /* surrogates */
        {"\xf5\x80\x80\x80", 4, false},         /* beyond Unicode */
        {"\xf8\x88\x80\x80\x80", 5, false},     /* five bytes */
        {"\xfc\x84\x80\x80\x80\x80", 6, false}, /* six bytes */
        {"\xfe", 1, false},
        {"\xff", 1, false},
        {"\x80", 1, false},
        {"\xbf", 1, false},
        {"a\x80", 2, false},
        {"\xc3", 1, false}, /* cut */
        {"\xe2\x82", 2, false},
        {"\xf0\x9f\x98", 3, false},
        {"\xc3(", 2, false},
        {"\xe2(\xa1", 3, false},
        {"\xe2\x82(", 3, false},
        {"\xf0\x9f\x98(", 4, false},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, true},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        if (text_is_utf8(ROWS[i].text, ROWS[i].len) != ROWS[i].ok)
            fail_msg("row %zu", i);
    }
}

static void test_quoted_text_holds_only_printable_ascii(void **state)
{
    static const struct {
        const char *text;
        size_t len, max;
        const char *quoted;
    } ROWS[] = {
        {"", 0, 10, "\"\""},
        {"plain text", 10, 20, "\"plain text\""},
        {"a\"b\\c", 5, 20, "\"a\\x22b\\x5cc\""},
        {"a\nb\r\t\0", 6, 20, "\"a\\x0ab\\x0d\\x09\\x00\""},
        {"\x1b[31m", 5, 20, "\"\\x1b[31m\""},
        {"\x7f\xc3\xa4\xff", 4, 20, "\"\\x7f\\xc3\\xa4\\xff\""},
        {"abcdef", 6, 3, "\"abc\""},
        {"\n\n\n", 3, 2, "\"\\x0a\\x0a\""},
        {"abc", 3, 0, "\"\""},
    };
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        buf_reset(&buf);
        assert_int_equal(buf_append_text(&buf, "x="), 0);
        assert_int_equal(text_append_quoted(&buf, ROWS[i].text, ROWS[i].len, ROWS[i].max), 0);
        assert_string_equal(buf.data + 2, ROWS[i].quoted);
    }
    buf_done(&buf);
}

static void test_quoting_above_the_ceiling_leaves_the_buffer_as_it_was(void **state)
{
    struct buf buf;

    (void)state;
    for (size_t max = 2; max < 13; max++) {
        buf_init(&buf, max);
        assert_int_equal(buf_append_text(&buf, "x="), 0);
        assert_int_equal(text_append_quoted(&buf, "ab\n\"", 4, 100), AP_ERANGE);
        assert_string_equal(buf.data, "x=");
        assert_int_equal(buf.len, 2);
        buf_done(&buf);
    }
    buf_init(&buf, 14);
    assert_int_equal(buf_append_text(&buf, "x="), 0);
    assert_int_equal(text_append_quoted(&buf, "ab\n\"", 4, 100), 0);
    assert_int_equal(buf.len, 14);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_plain_decimal_within_bounds),
        cmocka_unit_test(test_number_ends_at_its_length),
        cmocka_unit_test(test_durations_have_a_number_and_a_unit),
        cmocka_unit_test(test_duration_below_its_minimum_is_out_of_range),
        cmocka_unit_test(test_hex_goes_both_ways),
        cmocka_unit_test(test_broken_hex_is_refused_before_anything_is_written),
        cmocka_unit_test(test_character_classes_are_ascii),
        cmocka_unit_test(test_case_is_ignored_in_ascii_only),
        cmocka_unit_test(test_utf8_is_well_formed_or_refused),
        cmocka_unit_test(test_quoted_text_holds_only_printable_ascii),
        cmocka_unit_test(test_quoting_above_the_ceiling_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
