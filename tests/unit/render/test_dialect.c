/* Dialects: what a value can and cannot put into a file, and which values are refused. */
#include "autoprov/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};
static const struct dialect NONE = {.escape = DIALECT_ESCAPE_NONE};

static void check_xml(const char *input, size_t len, const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(dialect_append(&XML, input, len, &out), 0);
    assert_string_equal(out.data ? out.data : "", expected);
    buf_done(&out);
}

static void test_xml_writes_markup_as_references(void **state)
{
    static const struct {
        const char *input, *expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a&b", "a&amp;b"},
        {"<\">'", "&lt;&quot;&gt;&#39;"},
        {"&amp;", "&amp;amp;"},
        {"]]>", "]]&gt;"},
        {"tab\tline\ncr\r", "tab\tline\ncr\r"},
        {"M\xC3\xBCller \xE2\x82\xAC \xF0\x9F\x93\x9E",
         "M\xC3\xBCller \xE2\x82\xAC \xF0\x9F\x93\x9E"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check_xml(cases[i].input, strlen(cases[i].input), cases[i].expected);
}

static void test_xml_drops_what_xml_forbids(void **state)
{
    static const struct {
        const char *input;
        size_t len;
        const char *expected;
    } cases[] = {
        {"a\0b", 3, "ab"},
        {"\x01\x08\x0b\x0c\x0e\x1f.", 7, "."},
        {"\x7f", 1, "\x7f"}, /* allowed, if discouraged */
        {"\xEF\xBF\xBE.\xEF\xBF\xBF", 7, "."},
        {"\xEF\xBF\xBD", 3, "\xEF\xBF\xBD"},
        {"\xED\x9F\xBF\xEE\x80\x80", 6, "\xED\x9F\xBF\xEE\x80\x80"}, /* around the surrogates */
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check_xml(cases[i].input, cases[i].len, cases[i].expected);
}

static void test_xml_drops_invalid_utf8_byte_by_byte(void **state)
{
    static const struct {
        const char *input, *expected;
    } cases[] = {
        {"a\x80z", "az"},         /* continuation alone */
        {"a\xC3(", "a("},         /* cut two-byte form */
        {"a\xE2\x82", "a"},       /* cut at the end */
        {"\xC0\xAF", ""},         /* overlong '/' */
        {"\xE0\x80\xBC", ""},     /* overlong '<' */
        {"\xED\xA0\x80", ""},     /* surrogate */
        {"\xF4\x90\x80\x80", ""}, /* above U+10FFFF */
        {"\xF5\xFE\xFF", ""},
        {"\xE2\x82<", "&lt;"}, /* the byte after a broken one is read again */
        {"\xF0\x9F\x93\xC3\xA4", "\xC3\xA4"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check_xml(cases[i].input, strlen(cases[i].input), cases[i].expected);
}

/* Every pair of bytes between two letters: the output is UTF-8, without markup and without what
 * XML forbids. */
static void test_no_pair_of_bytes_breaks_out(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const char input[4] = {'x', (char)a, (char)b, 'y'};
            buf_reset(&out);
            assert_int_equal(dialect_append(&XML, input, 4, &out), 0);
            assert_true(text_is_utf8(out.data, out.len));
            assert_int_equal(out.data[0], 'x');
            assert_int_equal(out.data[out.len - 1], 'y');
            assert_null(strpbrk(out.data, "<>\"'"));
        }
    }
    buf_done(&out);
}

static void test_mode_none_copies_bytes(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 16);
    assert_int_equal(dialect_append(&NONE, "<\xFF&\x01", 4, &out), 0);
    assert_memory_equal(out.data, "<\xFF&\x01", 4);
    buf_done(&out);
}

static void test_ceiling_is_kept(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 8);
    assert_int_equal(dialect_append(&XML, "&&", 2, &out), AP_ERANGE);
    assert_true(out.len <= 8);
    buf_done(&out);
}

static void test_json_writes_what_a_string_needs(void **state)
{
    static const struct dialect JSON = {.escape = DIALECT_ESCAPE_JSON};
    static const struct {
        const char *input, *expected;
    } cases[] = {
        {"plain /<&>'", "plain /<&>'"},
        {"\"\\", "\\\"\\\\"},
        {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
        {"\x01\x1f\x7f", "\\u0001\\u001F\x7f"},
        {"M\xC3\xBC \xF0\x9F\x93\x9E", "M\xC3\xBC \xF0\x9F\x93\x9E"},
        {"a\xFF\xC3(", "a("},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        buf_reset(&out);
        assert_int_equal(dialect_append(&JSON, cases[i].input, strlen(cases[i].input), &out), 0);
        assert_string_equal(out.data, cases[i].expected);
    }
    buf_reset(&out);
    assert_int_equal(dialect_append(&JSON, "\0", 1, &out), 0);
    assert_string_equal(out.data, "\\u0000");
    buf_done(&out);
}

static void test_url_leaves_unreserved_characters_alone(void **state)
{
    static const struct dialect URL = {.escape = DIALECT_ESCAPE_URL};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    assert_int_equal(dialect_append(&URL, "aZ09-._~ /?#%&=+\n\xC3\xBC\xFF\0", 21, &out), 0);
    assert_string_equal(out.data, "aZ09-._~%20%2F%3F%23%25%26%3D%2B%0A%C3%BC%FF%00");
    buf_done(&out);
}

/* A dialect with every rule; its own rules are asked besides those of all dialects. */
static const char *const RESERVED[] = {"%NULL%", "none"};
static const struct dialect STRICT = {
    .escape = DIALECT_ESCAPE_TEXT,
    .forbid = "<\"",
    .forbid_in_keys = ";|",
    .forbid_in_passwords = "&%",
    .comment = '#',
    .reserved = RESERVED,
    .reserved_count = 2,
    .trims = true,
    .max_value_bytes = 12,
};
static const struct dialect TEXT = {.escape = DIALECT_ESCAPE_TEXT};

static void test_values_that_a_dialect_cannot_carry_are_refused_with_the_reason(void **state)
{
    static const struct dialect LATIN1 = {
        .escape = DIALECT_ESCAPE_TEXT, .charset = DIALECT_LATIN1, .max_value_bytes = 3};
    static const struct dialect JSON = {.escape = DIALECT_ESCAPE_JSON};
    static const char CONTROL[] = "holds a control character";
    static const struct {
        const struct dialect *dialect;
        enum dialect_use use;
        const char *text;
        const char *reason; /* NULL: carried */
    } cases[] = {
        {&TEXT, DIALECT_USE_VALUE, "", NULL},
        {&TEXT, DIALECT_USE_VALUE, " #<>\"';|&%NULL%= ", NULL},
        {&TEXT, DIALECT_USE_VALUE, "M\xC3\xBC \xE2\x82\xAC \xF0\x9F\x93\x9E \xC2\xA0", NULL},
        {&TEXT, DIALECT_USE_VALUE, "a\nb", CONTROL},
        {&TEXT, DIALECT_USE_VALUE, "a\rb", CONTROL},
        {&TEXT, DIALECT_USE_VALUE, "\t", CONTROL},
        {&TEXT, DIALECT_USE_VALUE, "\x7f", CONTROL},
        {&TEXT, DIALECT_USE_VALUE, "\xC2\x85", CONTROL}, /* next line, C1 */
        {&TEXT, DIALECT_USE_VALUE, "\xEF\xBF\xBE", "holds U+FFFE, which is no character"},
        {&TEXT, DIALECT_USE_VALUE, "\xEF\xBF\xBF", "holds U+FFFF, which is no character"},
        {&TEXT, DIALECT_USE_VALUE, "a\xFF", "is not UTF-8"},
        {&XML, DIALECT_USE_VALUE, "a\nb", CONTROL},
        {&XML, DIALECT_USE_PASSWORD, "<&>", NULL},
        {&JSON, DIALECT_USE_VALUE, "\x1f", CONTROL},
        {&NONE, DIALECT_USE_VALUE, "a\n\xFF", NULL},
        {&STRICT, DIALECT_USE_VALUE, "a;b|c&d%e", NULL},
        {&STRICT, DIALECT_USE_VALUE, "a<b", "holds '<', which the phone cannot read there"},
        {&STRICT, DIALECT_USE_KEY, "a;b", "holds ';', which the phone cannot read there"},
        {&STRICT, DIALECT_USE_KEY, "a&b\"", "holds '\"', which the phone cannot read there"},
        {&STRICT, DIALECT_USE_PASSWORD, "a%b", "holds '%', which the phone cannot read there"},
        {&STRICT, DIALECT_USE_PASSWORD, "a;b", NULL},
        {&STRICT, DIALECT_USE_VALUE, "a#b", NULL},
        {&STRICT, DIALECT_USE_VALUE, "#b", "holds '#', which begins a comment there"},
        {&STRICT, DIALECT_USE_VALUE, "a #b", "holds '#', which begins a comment there"},
        {&STRICT, DIALECT_USE_VALUE, "none", "is a word with a meaning of its own there"},
        {&STRICT, DIALECT_USE_VALUE, "%NULL%", "is a word with a meaning of its own there"},
        {&STRICT, DIALECT_USE_VALUE, "none at all", NULL},
        {&STRICT, DIALECT_USE_VALUE, " a",
         "begins or ends with a blank, which the phone drops there"},
        {&STRICT, DIALECT_USE_VALUE, "a ",
         "begins or ends with a blank, which the phone drops there"},
        {&STRICT, DIALECT_USE_VALUE, "123456789012", NULL},
        {&STRICT, DIALECT_USE_VALUE, "12345678901\xC3\xBC",
         "is longer than the 12 bytes that the phone reads"},
        {&LATIN1, DIALECT_USE_VALUE, "\xC3\xBC\xC3\xBF\xC2\xA0", NULL},
        {&LATIN1, DIALECT_USE_VALUE, "\xC4\x80",
         "holds a character that the file's ISO-8859-1 does not have"},
        {&LATIN1, DIALECT_USE_VALUE, "abcd", "is longer than the 3 bytes that the phone reads"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct ap_error error = {{0}};
        int err = dialect_check(cases[i].dialect, cases[i].use, cases[i].text,
                                strlen(cases[i].text), &error);
        assert_int_equal(err, cases[i].reason ? AP_EINVAL : 0);
        assert_string_equal(error.text, cases[i].reason ? cases[i].reason : "");
    }
    assert_int_equal(dialect_check(&TEXT, DIALECT_USE_VALUE, "a\0b", 3, NULL), AP_EINVAL);
}

/* What is written is what was allowed, for every pair of bytes after a first letter. */
static void test_text_writes_exactly_the_values_that_the_check_lets_pass(void **state)
{
    const struct dialect *const dialects[] = {&TEXT, &STRICT};
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    for (unsigned n = 0; n < 2 * 65536; n++) {
        const struct dialect *dialect = dialects[n & 1];
        const char input[3] = {'x', (char)(n >> 1 & 0xFF), (char)(n >> 9 & 0xFF)};
        buf_reset(&out);
        int err = dialect_check(dialect, DIALECT_USE_VALUE, input, 3, NULL);
        assert_int_equal(dialect_append(dialect, input, 3, &out), err);
        assert_int_equal(out.len, err ? 0 : 3);
        if (!err)
            assert_memory_equal(out.data, input, 3);
    }
    buf_done(&out);
}

static void test_whole_files_are_converted(void **state)
{
    static const struct dialect LATIN1 = {.charset = DIALECT_LATIN1};
    static const struct dialect CRLF = {.crlf = true};
    static const struct dialect BOTH = {.charset = DIALECT_LATIN1, .crlf = true};
    static const struct {
        const struct dialect *dialect;
        const char *input, *expected; /* NULL: refused */
    } cases[] = {
        {&XML, "M\xC3\xBC\n\xFF", "M\xC3\xBC\n\xFF"},
        {&LATIN1, "M\xC3\xBC\xC2\xA0\xC3\xBFz\n", "M\xFC\xA0\xFFz\n"},
        {&LATIN1, "\xE2\x82\xAC", NULL},
        {&LATIN1, "\xFC", NULL},
        {&CRLF, "\na\n\nb\r\nc\rd\r\r\n\n", "\r\na\r\n\r\nb\r\nc\rd\r\r\n\r\n"},
        {&CRLF, "no end", "no end"},
        {&BOTH, "\xC3\xBC\n\xC3\xBC", "\xFC\r\n\xFC"},
        {&BOTH, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct buf body;
        buf_init(&body, 64);
        assert_int_equal(buf_append_text(&body, cases[i].input), 0);
        assert_int_equal(dialect_convert(cases[i].dialect, &body),
                         cases[i].expected ? 0 : AP_EINVAL);
        if (cases[i].expected)
            assert_string_equal(body.data, cases[i].expected);
        buf_done(&body);
    }
}

static void test_conversion_keeps_the_ceiling_and_takes_an_empty_body(void **state)
{
    static const struct dialect BOTH = {.charset = DIALECT_LATIN1, .crlf = true};
    struct buf body;

    (void)state;
    buf_init(&body, 3);
    assert_int_equal(dialect_convert(&BOTH, &body), 0);
    assert_int_equal(buf_append_text(&body, "\n\n"), 0);
    assert_int_equal(dialect_convert(&BOTH, &body), AP_ERANGE);
    buf_done(&body);
}

static void test_modes_are_named(void **state)
{
    static const struct {
        const char *name;
        enum dialect_escape escape;
    } cases[] = {
        {"xml", DIALECT_ESCAPE_XML},
        {"text", DIALECT_ESCAPE_TEXT},
        {"json", DIALECT_ESCAPE_JSON},
        {"url", DIALECT_ESCAPE_URL},
    };
    enum dialect_escape escape = DIALECT_ESCAPE_NONE;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        assert_int_equal(dialect_escape_parse(cases[i].name, &escape), 0);
        assert_int_equal(escape, cases[i].escape);
    }
    assert_int_equal(dialect_escape_parse("none", &escape), AP_ENOENT);
    assert_int_equal(dialect_escape_parse("XML", &escape), AP_ENOENT);
    assert_int_equal(dialect_escape_parse("", &escape), AP_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_writes_markup_as_references),
        cmocka_unit_test(test_xml_drops_what_xml_forbids),
        cmocka_unit_test(test_xml_drops_invalid_utf8_byte_by_byte),
        cmocka_unit_test(test_no_pair_of_bytes_breaks_out),
        cmocka_unit_test(test_mode_none_copies_bytes),
        cmocka_unit_test(test_ceiling_is_kept),
        cmocka_unit_test(test_json_writes_what_a_string_needs),
        cmocka_unit_test(test_url_leaves_unreserved_characters_alone),
        cmocka_unit_test(test_values_that_a_dialect_cannot_carry_are_refused_with_the_reason),
        cmocka_unit_test(test_text_writes_exactly_the_values_that_the_check_lets_pass),
        cmocka_unit_test(test_whole_files_are_converted),
        cmocka_unit_test(test_conversion_keeps_the_ceiling_and_takes_an_empty_body),
        cmocka_unit_test(test_modes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
