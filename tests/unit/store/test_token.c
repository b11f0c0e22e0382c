#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/token.h"

static const struct {
    const char *text;
    int err;
    bool imported;
} cases[] = {
    {"0123456789abcdef0123456789abcdef", 0, false},
    {"0123456789ABCDEF0123456789ABCDEF", 0, true},
    {"0123456789abcdef0123456789abcde", 0, true},
    {"0123456789abcdef0123456789abcdef0", 0, true},
    {"0123456789abcdeg0123456789abcdef", 0, true},
    {"fifteen-chars_X", 0, true},
    {"fourteen-chars", AP_ESYNTAX, false},
    {"", AP_ESYNTAX, false},
    {"0123456789012345678901234567890123456789012345678901234567890123", 0, true},
    {"01234567890123456789012345678901234567890123456789012345678901234", AP_ESYNTAX, false},
    {"0123456789abcdef/0123456789abcde", AP_ESYNTAX, false},
    {"0123456789abcdef.0123456789abcde", AP_ESYNTAX, false},
    {"0123456789abcdef%0123456789abcde", AP_ESYNTAX, false},
    {"0123456789abcdef 0123456789abcde", AP_ESYNTAX, false},
    {"0123456789abcdef\n0123456789abcde", AP_ESYNTAX, false},
    {"0123456789abcdef\xc3\xa4z23456789abcde", AP_ESYNTAX, false},
};

static void test_parse_accepts_the_token_alphabet_and_lengths_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct token token;
        memset(&token, 0x55, sizeof(token));
        assert_int_equal(token_parse(cases[i].text, strlen(cases[i].text), &token), cases[i].err);
        if (cases[i].err) {
            assert_int_equal(token.text[0], 0x55); /* written only on success */
            continue;
        }
        assert_string_equal(token.text, cases[i].text);
        assert_int_equal(token.len, strlen(cases[i].text));
        assert_int_equal(token_is_imported(&token), cases[i].imported);
    }
}

static void test_a_nul_inside_is_no_token(void **state)
{
    struct token token;
    (void)state;
    assert_int_equal(token_parse("0123456789abcdef\0"
                                 "123456789abcdef",
                                 32, &token),
                     AP_ESYNTAX);
}

static void test_made_tokens_are_of_our_form_and_differ(void **state)
{
    struct token a, b, parsed;
    (void)state;
    assert_int_equal(token_make(&a), 0);
    assert_int_equal(token_make(&b), 0);
    assert_int_equal(a.len, TOKEN_MADE_LEN);
    assert_int_equal(strlen(a.text), TOKEN_MADE_LEN);
    assert_false(token_is_imported(&a));
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(token_parse(a.text, a.len, &parsed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_accepts_the_token_alphabet_and_lengths_only),
        cmocka_unit_test(test_a_nul_inside_is_no_token),
        cmocka_unit_test(test_made_tokens_are_of_our_form_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
