/* Error phrases and error lines. */
#include "autoprov/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_each_code_has_its_own_phrase_without_full_stop(void **state)
{
    (void)state;
    for (int code = AP_ETHROTTLED; code <= AP_OK; code++) {
        const char *phrase = ap_strerror(code);
        assert_non_null(phrase);
        assert_true(strlen(phrase) > 3);
        assert_int_not_equal(phrase[strlen(phrase) - 1], '.');
        assert_string_not_equal(phrase, "unknown error");
        for (int other = code + 1; other <= AP_OK; other++)
            assert_string_not_equal(phrase, ap_strerror(other));
    }
}

static void test_foreign_code_is_an_unknown_error(void **state)
{
    (void)state;
    assert_string_equal(ap_strerror(1), "unknown error");
    assert_string_equal(ap_strerror(AP_ETHROTTLED - 1), "unknown error");
    assert_string_equal(ap_strerror(-10000), "unknown error");
}

static void test_error_line_is_written_and_the_code_handed_back(void **state)
{
    struct ap_error error;

    (void)state;
    assert_int_equal(ap_error_set(&error, AP_ENOENT, "%s:%d: gone", "a.conf", 7), AP_ENOENT);
    assert_string_equal(error.text, "a.conf:7: gone");
    assert_int_equal(ap_error_set(NULL, AP_EPERM, "nobody reads this"), AP_EPERM);
}

static void test_error_line_is_cut_at_its_maximum(void **state)
{
    struct ap_error error;
    char path[4096];

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(ap_error_set(&error, AP_EIO, "%s: cannot be read", path), AP_EIO);
    assert_int_equal(strlen(error.text), AP_ERROR_TEXT_MAX - 1);
    assert_int_equal(strspn(error.text, "p"), AP_ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_code_has_its_own_phrase_without_full_stop),
        cmocka_unit_test(test_foreign_code_is_an_unknown_error),
        cmocka_unit_test(test_error_line_is_written_and_the_code_handed_back),
        cmocka_unit_test(test_error_line_is_cut_at_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
