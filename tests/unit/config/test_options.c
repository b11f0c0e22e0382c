/* The JSON custom options. */
#include "autoprov/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

static void test_good_options_are_read(void **state)
{
    static const struct {
        const char *text;
        bool expected;
    } cases[] = {
        {"{\"disable_auto_provision_security\": true}", true},
        {"{\"disable_auto_provision_security\" : true}", true},
        {"{\"disable_auto_provision_security\":false}", false},
        {"\n{\t\"disable_auto_provision_security\"\r\n:true }\n", true},
        {"{\"\\u0064isable_auto_provision_security\":true}", true},
        {"{}", false},
        {"", false},
        {" \t\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct options options = {.disable_auto_provision_security = !cases[i].expected};
        struct ap_error error = {{0}};
        assert_int_equal(options_parse(cases[i].text, strlen(cases[i].text), &options, &error), 0);
        assert_int_equal(options.disable_auto_provision_security, cases[i].expected);
    }
}

static void test_bad_options_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        int err;
        const char *expected; /* how the message begins */
    } cases[] = {
        {"{\"x\": true}", AP_EINVAL, "line 1, column 2: unknown option 'x'"},
        {"{\"Disable_auto_provision_security\": true}", AP_EINVAL, "line 1, column 2: unknown"},
        {"{\n  \"disable_auto_provision_security\": true,\n  \"\xC3\xA4\": [1, {\"y\": \"}\\\"\"}],"
         " \"z\": 1}",
         AP_EINVAL, "line 3, column 3: unknown option '\xC3\xA4'"},
        {"{\"disable_auto_provision_security\": 1}", AP_EINVAL,
         "line 1, column 2: 'disable_auto_provision_security' must be true or false"},
        {"{\"disable_auto_provision_security\": \"true\"}", AP_EINVAL, "line 1, column 2: '"},
        {"{\"disable_auto_provision_security\": null}", AP_EINVAL, "line 1, column 2: '"},
        {"{\"disable_auto_provision_security\": {}}", AP_EINVAL, "line 1, column 2: '"},
        {" []", AP_EINVAL, "line 1, column 2: must be an object"},
        {"true", AP_ESYNTAX, "line 1, column "},
        {"\"x\"", AP_ESYNTAX, "line 1, column "},
        {"{", AP_ESYNTAX, "line 1, column 1: "},
        {"{}\n{}", AP_ESYNTAX, "line 2, column 1: "},
        {"{\n\"disable_auto_provision_security\":\n tru}", AP_ESYNTAX, "line 3, column 4: "},
        {"{\"disable_auto_provision_security\":true,}", AP_ESYNTAX, "line 1, column "},
        {"{\"disable_auto_provision_security\":true,\"disable_auto_provision_security\":true}",
         AP_ESYNTAX, "line 1, column "},
        {"{'disable_auto_provision_security': true}", AP_ESYNTAX, "line 1, column 2: "},
        {"{\"a\\u0000\": true}", AP_ESYNTAX, "line 1, column "},
        {"{\"\xE4\": true}", AP_ESYNTAX, "line 1, column "},
        {"{\"a\nb\": true}", AP_ESYNTAX, "line 1, column "},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct options options = {.disable_auto_provision_security = true};
        struct ap_error error = {{0}};
        int err = options_parse(cases[i].text, strlen(cases[i].text), &options, &error);
        if (err != cases[i].err ||
            strncmp(error.text, cases[i].expected, strlen(cases[i].expected)) != 0)
            fail_msg("%s: %d '%s'", cases[i].text, err, error.text);
        assert_true(options.disable_auto_provision_security); /* untouched */
        assert_null(strpbrk(error.text, "\r\n"));
    }
}

static void test_options_end_where_the_length_says(void **state)
{
    struct options options = {.disable_auto_provision_security = true};
    struct ap_error error;

    (void)state;
    assert_int_equal(options_parse("{}garbage", 2, &options, &error), 0);
    assert_false(options.disable_auto_provision_security);
    assert_int_equal(options_parse("{}\0", 3, &options, &error), AP_ESYNTAX);
    assert_int_equal(options_parse("\0", 1, &options, &error), AP_ESYNTAX);
}

static void test_options_have_a_ceiling(void **state)
{
    char *text = malloc(AP_CUSTOM_OPTIONS_MAX_BYTES + 1);
    struct options options;
    struct ap_error error;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', AP_CUSTOM_OPTIONS_MAX_BYTES + 1);
    memcpy(text, "{}", 2);
    assert_int_equal(options_parse(text, AP_CUSTOM_OPTIONS_MAX_BYTES, &options, &error), 0);
    assert_int_equal(options_parse(text, AP_CUSTOM_OPTIONS_MAX_BYTES + 1, &options, &error),
                     AP_ERANGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_options_are_read),
        cmocka_unit_test(test_bad_options_are_refused_with_their_place),
        cmocka_unit_test(test_options_end_where_the_length_says),
        cmocka_unit_test(test_options_have_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
