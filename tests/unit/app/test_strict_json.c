/* Where members and values of a JSON text stand. */
#include "strict_json_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

static void test_places_are_found_whatever_stands_before(void **state)
{
    static const struct {
        const char *text;
        size_t way[4], depth;
        unsigned name_line, name_column, line, column;
    } ROWS[] = {
        {"{}", {0}, 0, 1, 1, 1, 1},
        {" \r\n\t {}", {0}, 0, 2, 3, 2, 3},
        {"{\"a\":1}", {0}, 1, 1, 2, 1, 6},
        {"{\"a\" \n : \n  1 }", {0}, 1, 1, 2, 3, 3},
        {"{\"a\":1,\"b\":2}", {1}, 1, 1, 8, 1, 12},
        {"{\"a\":-1.5e+3 , \"b\":true}", {1}, 1, 1, 16, 1, 20},
        {"{\"a\":null,\"b\":false,\"c\":0}", {2}, 1, 1, 21, 1, 25},
        {"[1,[2,[3,4]],5]", {1, 1, 1}, 3, 1, 10, 1, 10},
        {"[1,[2,[3,4]],5]", {2}, 1, 1, 14, 1, 14},
        {"[[],{},\"\",[[]]]", {3, 0}, 2, 1, 12, 1, 12},
        {"{\"a\":{\"x\":[{}]},\"b\":[{\"c\":7}]}", {1, 0, 0}, 3, 1, 23, 1, 27},
        /* brackets, commas, colons and quotes inside of strings */
        {"{\"a\":\"}],:{[\",\"b\":2}", {1}, 1, 1, 15, 1, 19},
        {"{\"\\\"\":\"\\\\\",\"b\":2}", {1}, 1, 1, 12, 1, 16},
        {"{\"\\\\\\\"\":\"\\\"\\\\\",\"b\":2}", {1}, 1, 1, 16, 1, 20},
        {"{\"\\u0022\":\"\\u005c\",\"b\":2}", {1}, 1, 1, 20, 1, 24},
        /* characters, not bytes */
        {"{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x93\x9e\",\"b\":2}", {1}, 1, 1, 11, 1, 15},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        size_t len = strlen(ROWS[i].text);
        struct strict_json_place name =
            strict_json_find(ROWS[i].text, len, ROWS[i].way, ROWS[i].depth, true);
        struct strict_json_place value =
            strict_json_find(ROWS[i].text, len, ROWS[i].way, ROWS[i].depth, false);
        if (name.line != ROWS[i].name_line || name.column != ROWS[i].name_column ||
            value.line != ROWS[i].line || value.column != ROWS[i].column)
            fail_msg("%s: name %u:%u, value %u:%u", ROWS[i].text, name.line, name.column,
                     value.line, value.column);
    }
}

static void test_way_that_leads_nowhere_ends_inside_the_text(void **state)
{
    static const char *const TEXTS[] = {"",        " ",   "{",     "[",  "{\"a", "{\"a\"",
                                        "{\"a\":", "[1,", "[\"\\", "{}", "[]"};
    static const size_t WAY[] = {3, 2};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        size_t len = strlen(TEXTS[i]);
        char *copy = malloc(len + 1); /* so that the sanitizer sees the end */
        assert_non_null(copy);
        char *text = memcpy(copy + 1, TEXTS[i], len);
        struct strict_json_place place = strict_json_find(text, len, WAY, 2, true);
        assert_in_range(place.column, 1, len + 1);
        free(copy);
    }
}

static void test_string_before_a_byte_is_the_last_that_begins_there(void **state)
{
    static const char TEXT[] = "{\"a\\\"\": 1,\n \"b\": \"c\"}";

    (void)state;
    struct strict_json_place place = strict_json_string_before(TEXT, strlen(TEXT), 15);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 2);
    place = strict_json_string_before(TEXT, strlen(TEXT), 6);
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 2);
    place = strict_json_string_before(TEXT, strlen(TEXT), 1000);
    assert_int_equal(place.column, 7);
    place = strict_json_string_before(TEXT, strlen(TEXT), 0);
    assert_int_equal(place.column, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_are_found_whatever_stands_before),
        cmocka_unit_test(test_way_that_leads_nowhere_ends_inside_the_text),
        cmocka_unit_test(test_string_before_a_byte_is_the_last_that_begins_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
