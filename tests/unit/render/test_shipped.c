/* The shipped templates: they compile, use documented variables only, and stay well-formed XML
 * whatever the values hold. */
#include "autoprov/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <expat.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"

static const char *const SHIPPED[] = {"generic.xml", "linphone.xml"};
#define SHIPPED_COUNT (sizeof(SHIPPED) / sizeof(SHIPPED[0]))

static const char *const PHONE_NAMES[] = {
    "mac",   "mac_upper", "mac_colon",        "vendor",
    "model", "label",     "provisioning_url", "provisioning_base_url",
};
static const char *const LINE_NAMES[] = {
    "index",     "position",     "is_first",       "sip_user",       "domain",
    "auth_user", "has_password", "password",       "display_name",   "display_name_quoted",
    "registrar", "transport",    "registrar_host", "registrar_port", "is_udp",
    "is_tcp",    "is_tls",       "outbound_proxy", "expires",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct sample {
    struct value_member lines[2][COUNT(LINE_NAMES)];
    struct value line_objects[2];
    struct value_member user[2];
    struct value_member phone[COUNT(PHONE_NAMES) + 2];
    struct value root;
};

/* Every text is text; the first of the two lines has everything, the second no "" value. */
static void fill_sample(struct sample *sample, const char *text, size_t line_count)
{
    for (size_t i = 0; i < COUNT(LINE_NAMES); i++) {
        struct value value = value_text(text);
        if (strncmp(LINE_NAMES[i], "is_", 3) == 0 || strncmp(LINE_NAMES[i], "has_", 4) == 0)
            value = value_bool(1);
        sample->lines[0][i] = value_member(LINE_NAMES[i], value);
        sample->lines[1][i] = value_member(LINE_NAMES[i], value_null());
    }
    sample->lines[0][0] = value_member("index", value_text("0"));
    sample->lines[1][0] = value_member("index", value_text("1"));
    sample->line_objects[0] = value_object(sample->lines[0], COUNT(LINE_NAMES));
    sample->line_objects[1] = value_object(sample->lines[1], COUNT(LINE_NAMES));
    sample->user[0] = value_member("name", value_text(text));
    sample->user[1] = value_member("display_name", value_text(text));
    for (size_t i = 0; i < COUNT(PHONE_NAMES); i++)
        sample->phone[i] = value_member(PHONE_NAMES[i], value_text(text));
    sample->phone[COUNT(PHONE_NAMES)] = value_member("user", value_object(sample->user, 2));
    sample->phone[COUNT(PHONE_NAMES) + 1] =
        value_member("lines", value_list(sample->line_objects, line_count));
    sample->root = value_object(sample->phone, COUNT(PHONE_NAMES) + 2);
}

static struct template *load(const char *name)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};
    struct buf text;
    char path[512];

    snprintf(path, sizeof(path), "%s/conf/templates/%s", AP_SOURCE_DIR, name);
    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    if (file_read(path, &text, &error) != 0 ||
        template_compile(name, text.data, text.len, TEMPLATE_ESCAPE_XML, &template, &error) != 0)
        fail_msg("%s", error.text);
    buf_done(&text);
    return template;
}

static void render(const char *name, const char *text, size_t line_count, struct buf *out)
{
    struct template *template = load(name);
    static struct sample sample;

    fill_sample(&sample, text, line_count);
    buf_init(out, AP_BODY_MAX_BYTES);
    assert_int_equal(template_render(template, &sample.root, out), 0);
    template_free(template);
}

struct elements {
    unsigned count, lines;
};

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct elements *elements = data;

    elements->count++;
    if (strcmp(name, "line") == 0 ||
        (strcmp(name, "section") == 0 && strncmp(attributes[1], "proxy_", 6) == 0))
        elements->lines++;
}

static struct elements parse(const char *name, const struct buf *xml)
{
    struct elements elements = {0};
    XML_Parser parser = XML_ParserCreate(NULL);

    XML_SetUserData(parser, &elements);
    XML_SetStartElementHandler(parser, on_start);
    if (XML_Parse(parser, xml->data, (int)xml->len, 1) != XML_STATUS_OK)
        fail_msg("%s: line %lu: %s\n%s", name, (unsigned long)XML_GetCurrentLineNumber(parser),
                 XML_ErrorString(XML_GetErrorCode(parser)), xml->data);
    XML_ParserFree(parser);
    return elements;
}

static void test_output_is_well_formed_whatever_the_values_hold(void **state)
{
    static const char *const texts[] = {
        "plain",
        "",
        "<&>\"'",
        "]]>",
        "--><!--",
        "\" evil=\"1",
        "</entry></section></line>",
        "&lt;",
        "{{mac}}",
        "\x01\x1f\x7f",
        "a\xFF\xC0\xAFz",
        "\xEF\xBF\xBE",
        "M\xC3\xBCller",
    };

    (void)state;
    for (size_t i = 0; i < SHIPPED_COUNT; i++) {
        struct buf out;
        render(SHIPPED[i], "plain", 2, &out);
        struct elements expected = parse(SHIPPED[i], &out);
        buf_done(&out);
        assert_int_equal(expected.lines, 2);
        for (size_t j = 0; j < COUNT(texts); j++) {
            render(SHIPPED[i], texts[j], 2, &out);
            struct elements elements = parse(SHIPPED[i], &out);
            /* An empty text leaves optional elements out; none adds one. */
            assert_true(elements.count <= expected.count);
            assert_int_equal(elements.lines, 2);
            buf_done(&out);
        }
    }
}

static void test_output_begins_with_the_declaration_and_has_no_empty_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHIPPED_COUNT; i++) {
        struct buf out;
        render(SHIPPED[i], "x", 2, &out);
        assert_memory_equal(out.data, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", 39);
        assert_null(strstr(out.data, "\n\n"));
        assert_null(strstr(out.data, "\n  \n"));
        buf_done(&out);
    }
}

static void test_a_phone_without_lines_has_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHIPPED_COUNT; i++) {
        struct buf out;
        render(SHIPPED[i], "x", 0, &out);
        assert_int_equal(parse(SHIPPED[i], &out).lines, 0);
        buf_done(&out);
    }
}

static void test_linphone_gets_what_makes_it_register(void **state)
{
    static const char *const parts[] = {
        "<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\">",
        "<entry name=\"default_proxy\" overwrite=\"true\">0</entry>",
        "<section name=\"proxy_0\">",
        "<entry name=\"reg_proxy\" overwrite=\"true\">&lt;sip:v;transport=v&gt;</entry>",
        "<entry name=\"reg_identity\" overwrite=\"true\">&quot;v&quot; &lt;sip:v@v&gt;</entry>",
        "<section name=\"auth_info_0\">",
        "<entry name=\"passwd\" overwrite=\"true\">v</entry>",
        "<entry name=\"config-uri\" overwrite=\"true\">v</entry>",
    };
    struct buf out;

    (void)state;
    render("linphone.xml", "v", 2, &out);
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (!strstr(out.data, parts[i]))
            fail_msg("'%s' is missing in\n%s", parts[i], out.data);
    }
    assert_null(strstr(out.data, "auth_info_1")); /* the second line has no password */
    for (const char *at = out.data; (at = strstr(at, "<entry ")) != NULL; at++)
        assert_non_null(strstr(at, "\" overwrite=\"true\">"));
    buf_done(&out);
}

static int check_documented(void *data, const struct template_name *name)
{
    const char *page = data;
    char row[128];

    snprintf(row, sizeof(row), "\n| `%.*s` | ", (int)name->name_len, name->name);
    if (!strstr(page, row))
        fail_msg("docs/templates.md has no '%.*s' (line %u)", (int)name->name_len, name->name,
                 name->line);
    return 0;
}

static void test_templates_use_documented_variables_only(void **state)
{
    struct ap_error error = {{0}};
    struct buf page;
    char row[128];

    (void)state;
    buf_init(&page, 1 << 20);
    if (file_read(AP_SOURCE_DIR "/docs/templates.md", &page, &error) != 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < SHIPPED_COUNT; i++) {
        struct template *template = load(SHIPPED[i]);
        assert_int_equal(template_each_name(template, check_documented, page.data), 0);
        template_free(template);
    }
    for (size_t i = 0; i < COUNT(PHONE_NAMES) + COUNT(LINE_NAMES); i++) {
        snprintf(row, sizeof(row), "\n| `%s` | ",
                 i < COUNT(PHONE_NAMES) ? PHONE_NAMES[i] : LINE_NAMES[i - COUNT(PHONE_NAMES)]);
        assert_non_null(strstr(page.data, row));
    }
    buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_is_well_formed_whatever_the_values_hold),
        cmocka_unit_test(test_output_begins_with_the_declaration_and_has_no_empty_lines),
        cmocka_unit_test(test_a_phone_without_lines_has_none),
        cmocka_unit_test(test_linphone_gets_what_makes_it_register),
        cmocka_unit_test(test_templates_use_documented_variables_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
