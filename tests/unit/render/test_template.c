/* Compiling and rendering: own rules beyond the specification's tests, errors, ceilings. */
#include "autoprov/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};

static struct value sample_root(void)
{
    static struct value_member line_one[2], line_two[2], user[1], root[7];
    static struct value lines[2];

    line_one[0] = value_member("sip_user", value_text("1001"));
    line_one[1] = value_member("is_tls", value_bool(1));
    line_two[0] = value_member("sip_user", value_text("1002 <&>"));
    line_two[1] = value_member("is_tls", value_bool(0));
    lines[0] = value_object(line_one, 2);
    lines[1] = value_object(line_two, 2);
    user[0] = value_member("name", value_text("alice"));
    root[0] = value_member("mac", value_text("cc5ef641b794"));
    root[1] = value_member("lines", value_list(lines, 2));
    root[2] = value_member("user", value_object(user, 1));
    root[3] = value_member("empty", value_text(""));
    root[4] = value_member("none", value_list(NULL, 0));
    root[5] = value_member("yes", value_bool(1));
    root[6] = value_member("null", value_null());
    return value_object(root, 7);
}

/* The same with records. */
static struct value sample_record(void)
{
    static const char *const LINE[] = {"sip_user", "is_tls"};
    static const char *const USER[] = {"name"};
    static const char *const ROOT[] = {"mac", "lines", "user", "empty", "none", "yes", "null"};
    static const struct value_shape SHAPES[] = {
        {.names = ROOT, .count = 7, .number = 0},
        {.names = LINE, .count = 2, .number = 7},
        {.names = USER, .count = 1, .number = 3},
    };
    static struct value line_one[2], line_two[2], user[1], root[7], lines[2];
    static const struct value_record records[] = {
        {&SHAPES[0], root}, {&SHAPES[1], line_one}, {&SHAPES[1], line_two}, {&SHAPES[2], user}};
    const struct value objects = sample_root();

    for (size_t i = 0; i < 7; i++)
        root[i] = objects.as.members[i].value;
    for (size_t i = 0; i < 2; i++) {
        line_one[i] = root[1].as.items[0].as.members[i].value;
        line_two[i] = root[1].as.items[1].as.members[i].value;
        lines[i] = value_of_record(&records[1 + i]);
    }
    user[0] = root[2].as.members[0].value;
    root[1] = value_list(lines, 2);
    root[2] = value_of_record(&records[3]);
    return value_of_record(&records[0]);
}

static struct template *must_compile(const char *text)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};

    if (template_compile("t.xml", text, strlen(text), &template, &error) != 0)
        fail_msg("'%s' does not compile: %s", text, error.text);
    return template;
}

/* Objects first, then records twice: what was learnt of one changes nothing for the other. */
static void check_rendering(const char *text, const char *expected)
{
    struct template *template = must_compile(text);
    const struct value roots[] = {sample_root(), sample_record(), sample_record(), sample_root()};
    struct buf out;

    buf_init(&out, AP_BODY_MAX_BYTES);
    for (size_t i = 0; i < AP_COUNT(roots); i++) {
        buf_reset(&out);
        assert_int_equal(template_render(template, &XML, &roots[i], &out), 0);
        assert_string_equal(out.data ? out.data : "", expected);
    }
    buf_done(&out);
    template_free(template);
}

/* -- numbered names ---------------------------------------------------------------------------- */

/* A name of another number is not there, and looked up further out. */
static void test_numbered_names_belong_to_one_item(void **state)
{
    static const char *const ITEM[] = {"is_item_N", "is_NAME"};
    static const char *const ROOT[] = {"items", "is_item_3"};
    static const struct value_shape ITEM_SHAPE = {.names = ITEM, .count = 2, .number = 1};
    static const struct value_shape ROOT_SHAPE = {.names = ROOT, .count = 2, .number = 2};
    const struct value one[] = {value_suffix(value_number("1")), value_suffix(value_text("PCMU"))};
    const struct value two[] = {value_suffix(value_number("2")), value_suffix(value_text("opus"))};
    const struct value_record records[] = {{&ITEM_SHAPE, one}, {&ITEM_SHAPE, two}};
    const struct value items[] = {value_of_record(&records[0]), value_of_record(&records[1])};
    const struct value top[] = {value_list(items, 2), value_text("outside")};
    const struct value_record root_record = {&ROOT_SHAPE, top};
    const struct value root = value_of_record(&root_record);
    struct template *template =
        must_compile("{{#items}}[{{is_item_1}} {{is_item_2}} {{is_item_3}} {{is_item_4}} "
                     "{{is_opus}} {{is_opu}}]{{/items}}");
    struct buf out;

    (void)state;
    buf_init(&out, AP_BODY_MAX_BYTES);
    assert_int_equal(template_render(template, &XML, &root, &out), 0);
    assert_string_equal(out.data, "[true  outside   ][ true outside  true ]");
    buf_done(&out);
    template_free(template);
}

static void test_templates_render(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"{ } {a} }}", "{ } {a} }}"},
        {"{{mac}}", "cc5ef641b794"},
        {"{{#lines}}{{sip_user}};{{/lines}}", "1001;1002 &lt;&amp;&gt;;"},
        {"{{#lines}}{{{sip_user}}};{{/lines}}", "1001;1002 <&>;"},
        {"{{#lines}}{{#is_tls}}s{{/is_tls}}{{^is_tls}}-{{/is_tls}}{{/lines}}", "s-"},
        {"{{user.name}}{{user.name.first}}{{user.nobody}}", "alice"},
        {"{{#lines}}{{user.name}}/{{mac}} {{/lines}}", "alice/cc5ef641b794 alice/cc5ef641b794 "},
        {"{{#empty}}a{{/empty}}{{^empty}}b{{/empty}}", "b"},
        {"{{#none}}a{{/none}}{{^none}}b{{/none}}", "b"},
        {"{{#null}}a{{/null}}{{^null}}b{{/null}}", "b"},
        {"{{yes}}{{lines}}{{user}}", "true"},
        {"{{#yes}}{{mac}}{{/yes}}", "cc5ef641b794"},
        {"{{^no}}{{#lines}}{{.}}{{^is_tls}}{{sip_user}}{{/is_tls}}{{/lines}}{{/no}}",
         "1002 &lt;&amp;&gt;"},
        {"a\r\n  {{#yes}}\r\nb\r\n\t{{/yes}}  \r\nc", "a\r\nb\r\nc"},
        {"{{#yes}} {{! not alone }}\nx{{/yes}}", " \nx"},
        {"{{#yes}}\r{{/yes}}", "\r"},
        {"{{ mac\n}}", "cc5ef641b794"},
        {"{{!}}{{! {{mac }}", ""},
        {"\xC3\xA4{{mac}}\xC3\xB6", "\xC3\xA4"
                                    "cc5ef641b794\xC3\xB6"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check_rendering(cases[i].text, cases[i].expected);
}

static void test_faults_are_named_with_line_and_column(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{{", "t.xml:1:1: this tag is not closed"},
        {"a\nb {{mac", "t.xml:2:3: this tag is not closed"},
        {"{{{mac}}", "t.xml:1:1: this tag is not closed"},
        {"{{! never", "t.xml:1:1: this tag is not closed"},
        {"{{#}}", "t.xml:1:1: this tag has no name"},
        {"\n\n  {{ }}", "t.xml:3:3: this tag has no name"},
        {"{{#a}}\n x", "t.xml:1:1: this section is not closed: 'a'"},
        {"{{/a}}", "t.xml:1:1: no section is open here: 'a'"},
        {"{{#a}}\n{{#b}}\n{{/a}}", "t.xml:3:1: 'a' is closed, but 'b' of line 2 is open"},
        {"{{#a}}{{/a.b}}", "t.xml:1:7: 'a.b' is closed, but 'a' of line 1 is open"},
        {"{{a b}}", "t.xml:1:1: a name has no blanks and no braces: 'a b'"},
        {"{{{{a}}}}", "t.xml:1:1: a name has no blanks and no braces: '{a'"},
        {"{{a..b}}", "t.xml:1:1: a part of this name is empty: 'a..b'"},
        {"{{.a}}", "t.xml:1:1: a part of this name is empty: '.a'"},
        {"{{a.}}", "t.xml:1:1: a part of this name is empty: 'a.'"},
        {"ok\n\xC3\xA4\xC3\xB6{{}}", "t.xml:2:3: this tag has no name"},
        {"ok\n\xFFx", "t.xml:2:1: this line is not UTF-8"},
        {"{{>}}", "t.xml:1:1: this tag has no name"},
        {"{{>a b}}", "t.xml:1:1: a name has no blanks and no braces: 'a b'"},
        {"x{{<p}}", "t.xml:1:2: this parent is not closed: 'p'"},
        {"{{$b}}{{/c}}{{/b}}", "t.xml:1:7: 'c' is closed, but 'b' of line 1 is open"},
        {"{{=a=}}", "t.xml:1:1: these are no two delimiters: 'a'"},
        {"{{=a b c=}}", "t.xml:1:1: these are no two delimiters: 'a b c'"},
        {"{{=a b", "t.xml:1:1: this tag is not closed"},
        {"{{=<% %>=}}\n<%#a%>", "t.xml:2:1: this section is not closed: 'a'"},
        {"{{<p}}{{#a}}{{/a}}{{/p}}", "t.xml:1:7: only blocks stand in a parent: 'a'"},
        {"{{@index}}", "t.xml:1:1: this kind of tag is not supported: '@index'"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct template *template = NULL;
        struct ap_error error = {{0}};
        int err =
            template_compile("t.xml", cases[i].text, strlen(cases[i].text), &template, &error);
        assert_int_equal(err, AP_ESYNTAX);
        assert_string_equal(error.text, cases[i].expected);
        assert_null(template);
        assert_int_equal(
            template_compile("t.xml", cases[i].text, strlen(cases[i].text), &template, NULL),
            AP_ESYNTAX);
    }
}

static void test_a_nul_in_the_text_is_refused(void **state)
{
    struct template *template = NULL;
    struct ap_error error;

    (void)state;
    assert_int_equal(template_compile("t", "a\0b", 3, &template, &error), AP_ESYNTAX);
}

static void compile_nested(size_t depth, int expected)
{
    struct template *template = NULL;
    struct ap_error error;
    struct buf text;

    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(buf_append_text(&text, "{{#yes}}"), 0);
    assert_int_equal(buf_append_text(&text, "x"), 0);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(buf_append_text(&text, "{{/yes}}"), 0);
    assert_int_equal(template_compile("t", text.data, text.len, &template, &error), expected);
    if (expected == 0) {
        struct value root = sample_root();
        struct buf out;
        buf_init(&out, 16);
        assert_int_equal(template_render(template, &XML, &root, &out), 0);
        assert_string_equal(out.data, "x");
        buf_done(&out);
    }
    template_free(template);
    buf_done(&text);
}

static void test_depth_has_a_ceiling(void **state)
{
    (void)state;
    compile_nested(AP_TEMPLATE_MAX_DEPTH, 0);
    compile_nested(AP_TEMPLATE_MAX_DEPTH + 1, AP_ERANGE);
}

static void test_size_has_a_ceiling(void **state)
{
    struct template *template = NULL;
    struct ap_error error;
    char *text = malloc(AP_TEMPLATE_MAX_BYTES + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', AP_TEMPLATE_MAX_BYTES + 1);
    assert_int_equal(template_compile("t", text, AP_TEMPLATE_MAX_BYTES + 1, &template, &error),
                     AP_ERANGE);
    assert_int_equal(template_compile("t", text, AP_TEMPLATE_MAX_BYTES, &template, &error), 0);
    template_free(template);
    free(text);
}

static void test_output_has_the_ceiling_of_its_buffer(void **state)
{
    struct template *template = must_compile("{{#lines}}0123456789{{/lines}}");
    struct value root = sample_root();
    struct buf out;

    (void)state;
    buf_init(&out, 19);
    assert_int_equal(template_render(template, &XML, &root, &out), AP_ERANGE);
    buf_done(&out);
    buf_init(&out, 20);
    assert_int_equal(template_render(template, &XML, &root, &out), 0);
    buf_done(&out);
    template_free(template);
}

/* Loops that write nothing are stopped by the count of steps. */
static void test_steps_have_a_ceiling(void **state)
{
    static struct value items[1001];
    struct value_member member;
    struct template *template = must_compile("{{#l}}{{#l}}{{^l}}{{/l}}{{/l}}{{/l}}");
    struct value root;
    struct buf out;

    (void)state;
    for (size_t i = 0; i < 1001; i++)
        items[i] = value_bool(1);
    member = value_member("l", value_list(items, 1001));
    root = value_object(&member, 1);
    buf_init(&out, 16);
    assert_int_equal(template_render(template, &XML, &root, &out), AP_ERANGE);
    member = value_member("l", value_list(items, 100));
    assert_int_equal(template_render(template, &XML, &root, &out), 0);
    buf_done(&out);
    template_free(template);
}

static void test_rendering_twice_gives_the_same_bytes(void **state)
{
    struct template *template = must_compile("{{#lines}}{{sip_user}}{{mac}}\n{{/lines}}");
    struct value root = sample_root();
    struct buf first, second;

    (void)state;
    buf_init(&first, 4096);
    buf_init(&second, 4096);
    assert_int_equal(template_render(template, &XML, &root, &first), 0);
    assert_int_equal(template_render(template, &XML, &root, &second), 0);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buf_done(&first);
    buf_done(&second);
    template_free(template);
}

static int note_name(void *data, const struct template_name *name)
{
    struct buf *out = data;
    int err = 0;

    for (size_t i = 0; err == 0 && i < name->scope_count; i++)
        err = buf_printf(out, "%s%.*s>", name->scopes[i].inverted ? "^" : "",
                         (int)name->scopes[i].name_len, name->scopes[i].name);
    if (err == 0)
        err = buf_printf(out, "%.*s@%u:%u%s ", (int)name->name_len, name->name, name->line,
                         name->column, name->opens_section ? "#" : "");
    return err;
}

static int stop_at_second(void *data, const struct template_name *name)
{
    int *count = data;

    (void)name;
    return ++*count == 2 ? 42 : 0;
}

static void test_names_are_visited_in_the_order_of_the_text(void **state)
{
    struct template *template =
        must_compile("{{mac}}\n{{#lines}}\n  {{sip_user}}{{^x}}{{{a.b}}}{{/x}}{{.}}\n{{/lines}}\n"
                     "{{!gone}}{{&z}}");
    struct buf out;
    int count = 0;

    (void)state;
    buf_init(&out, 4096);
    assert_int_equal(template_each_name(template, note_name, &out), 0);
    assert_string_equal(out.data, "mac@1:1 lines@2:1# lines>sip_user@3:3 lines>x@3:15# "
                                  "lines>^x>a.b@3:21 lines>.@3:36 z@5:10 ");
    assert_int_equal(template_each_name(template, stop_at_second, &count), 42);
    assert_int_equal(count, 2);
    assert_string_equal(template_name(template), "t.xml");
    buf_done(&out);
    template_free(template);
}

static void test_free_of_nothing_is_fine(void **state)
{
    (void)state;
    template_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbered_names_belong_to_one_item),
        cmocka_unit_test(test_templates_render),
        cmocka_unit_test(test_faults_are_named_with_line_and_column),
        cmocka_unit_test(test_a_nul_in_the_text_is_refused),
        cmocka_unit_test(test_depth_has_a_ceiling),
        cmocka_unit_test(test_size_has_a_ceiling),
        cmocka_unit_test(test_output_has_the_ceiling_of_its_buffer),
        cmocka_unit_test(test_steps_have_a_ceiling),
        cmocka_unit_test(test_rendering_twice_gives_the_same_bytes),
        cmocka_unit_test(test_names_are_visited_in_the_order_of_the_text),
        cmocka_unit_test(test_free_of_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
