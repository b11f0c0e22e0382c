/* Escape modes: what a value can and cannot put into a document. */
#include "template_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/text.h"

static void check_xml(const char *input, size_t len, const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(escape_append(TEMPLATE_ESCAPE_XML, input, len, &out), 0);
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
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
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
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
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
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
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
            assert_int_equal(escape_append(TEMPLATE_ESCAPE_XML, input, 4, &out), 0);
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
    assert_int_equal(escape_append(TEMPLATE_ESCAPE_NONE, "<\xFF&\x01", 4, &out), 0);
    assert_memory_equal(out.data, "<\xFF&\x01", 4);
    buf_done(&out);
}

static void test_ceiling_is_kept(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 8);
    assert_int_equal(escape_append(TEMPLATE_ESCAPE_XML, "&&", 2, &out), AP_ERANGE);
    assert_true(out.len <= 8);
    buf_done(&out);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
