/* Command lines: split as a shell would without expanding anything, filled without splitting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "words.h"

#define MANY "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "

static void test_lines_are_split_as_sh_does(void **state)
{
    static const struct {
        const char *line;
        int err;
        const char *words[4]; /* up to NULL */
    } CASES[] = {
        {"/bin/a", 0, {"/bin/a"}},
        {"  /bin/a \t b\n", 0, {"/bin/a", "b"}},
        {"/bin/a 'b c' \"d e\"", 0, {"/bin/a", "b c", "d e"}},
        {"a b'c d'\"e\"f", 0, {"a", "bc def"}},
        {"a '' \"\"", 0, {"a", "", ""}},
        {"a \\'b\\ c", 0, {"a", "'b c"}},
        {"a 'b\\c\"' \"d\\\"e\\\\f\\g'\"", 0, {"a", "b\\c\"", "d\"e\\f\\g'"}},
        {"a $HOME `b` $(c) *", 0, {"a", "$HOME", "`b`", "$(c)"}}, /* and a fifth */
        {"a ~ #b;c|d>e&", 0, {"a", "~", "#b;c|d>e&"}},
        {"", AP_EINVAL, {NULL}},
        {" \t", AP_EINVAL, {NULL}},
        {"a 'b", AP_ESYNTAX, {NULL}},
        {"a \"b", AP_ESYNTAX, {NULL}},
        {"a \"b\\\"", AP_ESYNTAX, {NULL}},
        {"a b\\", AP_ESYNTAX, {NULL}},
        {MANY MANY "a", AP_ERANGE, {NULL}},
    };
    struct words words;
    struct ap_error error;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        assert_int_equal(words_split(CASES[i].line, &words, &error), CASES[i].err);
        for (size_t j = 0; j < 4 && CASES[i].words[j]; j++) {
            assert_true(j < words.count);
            assert_string_equal(words.words[j], CASES[i].words[j]);
        }
        if (!CASES[i].err)
            assert_null(words.words[words.count]);
    }
}

static void test_a_line_has_a_longest_one(void **state)
{
    static char line[WORDS_TEXT_MAX + 16];
    struct words words;
    struct ap_error error;

    (void)state;
    memset(line, 'a', WORDS_TEXT_MAX - 2);
    assert_int_equal(words_split(line, &words, &error), 0);
    assert_int_equal(words.count, 1);
    memset(line, 'a', WORDS_TEXT_MAX);
    assert_int_equal(words_split(line, &words, &error), AP_ERANGE);
}

static const struct words_value VALUES[] = {
    {"mac", "00:15:65:00:00:01"},
    {"event", "check-sync;reboot=false"},
    {"contact", ""},
    {"url", NULL},
    {NULL, NULL},
};

static void test_values_fill_their_places_and_nothing_else(void **state)
{
    static const struct {
        const char *line;
        int err;
        const char *words[4];
    } CASES[] = {
        {"a {mac}", 0, {"a", "00:15:65:00:00:01"}},
        {"a 'notify {event} to {mac}!'",
         0,
         {"a", "notify check-sync;reboot=false to 00:15:65:00:00:01!"}},
        {"a {contact} b", 0, {"a", "", "b"}},
        {"a {mac}{mac}", 0, {"a", "00:15:65:00:00:0100:15:65:00:00:01"}},
        {"a }b", 0, {"a", "}b"}},
        {"a {MAC}", AP_EINVAL, {NULL}},
        {"a {mac", AP_EINVAL, {NULL}},
        {"a {", AP_EINVAL, {NULL}},
        {"a {}", AP_EINVAL, {NULL}},
        {"a {{mac}}", AP_EINVAL, {NULL}},
        {"a {url}", AP_EINVAL, {NULL}},
    };
    struct words words, filled;
    struct ap_error error;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        assert_int_equal(words_split(CASES[i].line, &words, &error), 0);
        int err = words_fill(&words, VALUES, &filled, &error);
        assert_int_equal(err, CASES[i].err);
        if (err)
            continue;
        assert_int_equal(filled.count, words.count);
        for (size_t j = 0; j < 4 && CASES[i].words[j]; j++)
            assert_string_equal(filled.words[j], CASES[i].words[j]);
        assert_null(filled.words[filled.count]);
    }
}

/* A value with a place in it stays what it is. */
static void test_a_value_is_not_filled_again(void **state)
{
    static const struct words_value NESTED[] = {{"mac", "{event}"}, {"event", "x"}, {NULL, NULL}};
    struct words words, filled;
    struct ap_error error;

    (void)state;
    assert_int_equal(words_split("a {mac}", &words, &error), 0);
    assert_int_equal(words_fill(&words, NESTED, &filled, &error), 0);
    assert_string_equal(filled.words[1], "{event}");
}

static void test_values_that_may_be_arguments(void **state)
{
    static const struct {
        const char *value;
        bool is_plain;
    } CASES[] = {
        {"", true},
        {"sip:1001@192.0.2.7:5062;line=x", true},
        {"check-sync;reboot=false", true},
        {"1001+a!b*c~", true},
        {"-x", false},
        {"a b", false},
        {"a\tb", false},
        {"a\nb", false},
        {"a'b", false},
        {"a\"b", false},
        {"a`b", false},
        {"a$b", false},
        {"a\\b", false},
        {"<a>", false},
        {"a|b", false},
        {"a&b", false},
        {"{mac}", false},
        {"a\xc3\xa4", false},
        {"a\x7f", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++)
        assert_int_equal(words_value_is_plain(CASES[i].value), CASES[i].is_plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_split_as_sh_does),
        cmocka_unit_test(test_a_line_has_a_longest_one),
        cmocka_unit_test(test_values_fill_their_places_and_nothing_else),
        cmocka_unit_test(test_a_value_is_not_filled_again),
        cmocka_unit_test(test_values_that_may_be_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
