/* QR codes as rows of modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/qr_rows.h"

static const char *row_of(const json_t *rows, size_t y)
{
    return json_string_value(json_array_get(rows, y));
}

/* The three finder patterns (ISO/IEC 18004, 5.3.2) stand in the corners, without a quiet zone. */
static void test_a_url_becomes_a_square_with_finders_in_its_corners(void **state)
{
    json_t *rows = NULL;

    (void)state;
    assert_int_equal(qr_rows_json("https://pbx.example.com/provision/0123/cc5ef641b794", &rows), 0);
    size_t width = json_array_size(rows);
    assert_true(width >= 21 && width % 4 == 1);
    for (size_t y = 0; y < width; y++) {
        assert_int_equal(strlen(row_of(rows, y)), width);
        assert_int_equal(strspn(row_of(rows, y), "01"), width);
    }
    assert_memory_equal(row_of(rows, 0), "11111110", 8);
    assert_memory_equal(row_of(rows, 1), "10000010", 8);
    assert_string_equal(row_of(rows, 0) + width - 8, "01111111");
    assert_memory_equal(row_of(rows, width - 1), "11111110", 8);
    json_decref(rows);
}

static void test_a_text_that_no_symbol_holds_is_out_of_range(void **state)
{
    char text[4096];
    json_t *rows = NULL;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(qr_rows_json(text, &rows), AP_ERANGE);
    text[2331] = '\0';
    assert_int_equal(qr_rows_json(text, &rows), 0);
    assert_int_equal(json_array_size(rows), 177);
    json_decref(rows);
}

static void test_no_text_makes_no_symbol(void **state)
{
    json_t *rows = NULL;

    (void)state;
    assert_int_equal(qr_rows_json("", &rows), AP_EINVAL);
    assert_null(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_url_becomes_a_square_with_finders_in_its_corners),
        cmocka_unit_test(test_a_text_that_no_symbol_holds_is_out_of_range),
        cmocka_unit_test(test_no_text_makes_no_symbol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
