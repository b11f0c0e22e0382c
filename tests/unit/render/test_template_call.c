/* Partials, inheritance and delimiters: own rules beyond the specification's tests, places of
 * errors, ceilings. */
#include "autoprov/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

#define FILES_MAX 5

static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};

/* files[0] is rendered; the others are called by name. */
struct file {
    const char *name, *text;
};

struct set {
    struct template *templates[FILES_MAX];
    size_t count;
};

static const struct template *find(void *data, const char *name, size_t len)
{
    const struct set *set = data;

    for (size_t i = 0; i < set->count; i++) {
        const char *known = template_name(set->templates[i]);
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return set->templates[i];
    }
    return NULL;
}

static void make_set(struct set *set, const struct file files[FILES_MAX])
{
    struct ap_error error = {{0}};

    *set = (struct set){.count = 0};
    for (size_t i = 0; i < FILES_MAX && files[i].name; i++) {
        if (template_compile(files[i].name, files[i].text, strlen(files[i].text),
                             &set->templates[i], &error) != 0)
            fail_msg("%s", error.text);
        set->count++;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (template_link(set->templates[i], find, set, false, &error) != 0)
            fail_msg("%s", error.text);
    }
}

static void free_set(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        template_free(set->templates[i]);
}

static struct value sample_root(void)
{
    static struct value_member items[2][1], root[4];
    static struct value list[2];

    items[0][0] = value_member("n", value_text("1"));
    items[1][0] = value_member("n", value_text("2"));
    list[0] = value_object(items[0], 1);
    list[1] = value_object(items[1], 1);
    root[0] = value_member("list", value_list(list, 2));
    root[1] = value_member("yes", value_bool(1));
    root[2] = value_member("lines", value_text("one\ntwo"));
    root[3] = value_member("n", value_text("top"));
    return value_object(root, 4);
}

static void check(const struct file files[FILES_MAX], const char *expected)
{
    struct value root = sample_root();
    struct set set;
    struct buf out;

    make_set(&set, files);
    buf_init(&out, AP_BODY_MAX_BYTES);
    assert_int_equal(template_render(set.templates[0], &XML, &root, &out), 0);
    assert_string_equal(out.data ? out.data : "", expected);
    buf_done(&out);
    free_set(&set);
}

static void test_partials_are_written_in_place(void **state)
{
    static const struct {
        struct file files[FILES_MAX];
        const char *expected;
    } cases[] = {
        {{{"t", "[{{>p.cfg}}]"}, {"p.cfg", "{{n}}"}}, "[top]"},
        {{{"t", "{{#list}}{{>p-1}}{{/list}}"}, {"p-1", "{{n}};"}}, "1;2;"},
        /* Indentation adds up, and goes before the lines of the file, not before those of values.
         */
        {{{"t", "a\n  {{>p}}\nz\n"}, {"p", "b\n {{>q}}\nc\n"}, {"q", "d\n{{{lines}}}\n"}},
         "a\n  b\n   d\n   one\ntwo\n  c\nz\n"},
        {{{"t", "  {{>p}}\n"}, {"p", "a\n\nb\r\n\r\nc"}}, "  a\n\n  b\r\n\r\n  c"},
        {{{"t", "  {{>p}}\n"}, {"p", "{{#list}}\n{{n}}\n{{/list}}\nz\n"}}, "  1\n  2\n  z\n"},
        {{{"t", "  {{>p}}\n"}, {"p", "{{#yes}}a{{/yes}}\n{{^yes}}\nno\n{{/yes}}\n"}}, "  a\n"},
        {{{"t", "  {{>p}}\n"}, {"p", "{{! c }}a\n"}}, "  a\n"},
        /* A partial in the middle of a line is not indented by what is around it. */
        {{{"t", "  {{>p}}\n"}, {"p", "a {{>q}} b\nc\n"}, {"q", "1\n2"}}, "  a 1\n2 b\n  c\n"},
        {{{"t", "\t{{>p}}"}, {"p", "{{>q}}\n"}, {"q", "a\nb\n"}}, "\ta\n\tb\n"},
        {{{"t", "{{>p}}|"}, {"p", ""}}, "|"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check(cases[i].files, cases[i].expected);
}

static void test_delimiters_hold_to_the_end_of_their_file(void **state)
{
    static const struct {
        struct file files[FILES_MAX];
        const char *expected;
    } cases[] = {
        {{{"t", "{{=<% %>=}}{{n}} <%n%> <%={{ }}=%>{{n}}"}}, "{{n}} top top"},
        {{{"t", "{{=<% %>=}}<%#yes%><%&lines%><%/yes%><%! c %>"}}, "one\ntwo"},
        {{{"t", "{{=[ ]=}}[{n}] [>p]"}, {"p", "{{n}} [n]"}}, "top top [n]"},
        {{{"t", "{{>p}} {{n}}"}, {"p", "{{=| |=}}|n|"}}, "top top"},
        {{{"t", "{{= \n<%\t%> =}}<%n%>"}}, "top"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check(cases[i].files, cases[i].expected);
}

static void test_blocks_are_overridden_by_the_most_derived_template(void **state)
{
    static const struct {
        struct file files[FILES_MAX];
        const char *expected;
    } cases[] = {
        {{{"t", "{{<p}}{{$a}}A{{/a}}{{/p}}"}, {"p", "{{$a}}a{{/a}}{{$b}}b{{/b}}"}}, "Ab"},
        {{{"t", "{{<p}}{{$a}}site{{/a}}{{/p}}"},
          {"p", "{{<q}}{{$a}}model{{/a}}{{$b}}model{{/b}}{{/q}}"},
          {"q", "{{$a}}a{{/a}} {{$b}}b{{/b}} {{$c}}c{{/c}}"}},
         "site model c"},
        /* Through a partial, too. */
        {{{"t", "{{<p}}{{$a}}A{{/a}}{{/p}}"}, {"p", "{{>q}}"}, {"q", "{{$a}}a{{/a}}"}}, "A"},
        /* In a loop, with the item at hand. */
        {{{"t", "{{<p}}{{$a}}<{{n}}>{{/a}}{{/p}}"}, {"p", "{{#list}}{{$a}}a{{/a}}{{/list}}"}},
         "<1><2>"},
        /* Only for what the parent writes. */
        {{{"t", "{{<p}}{{$a}}A{{/a}}{{/p}}{{$a}}own{{/a}}{{>p}}"}, {"p", "{{$a}}a{{/a}}"}},
         "Aowna"},
        /* A block of its own name inside an override is that override's default. */
        {{{"t", "{{<p}}{{$a}}A {{$a}}inner{{/a}}{{/a}}{{/p}}"}, {"p", "{{$a}}a{{/a}}"}}, "A inner"},
        {{{"t", "{{<p}}{{$a}}{{$b}}{{/b}}{{/a}}{{$b}}{{$a}}end{{/a}}{{/b}}{{/p}}"},
          {"p", "{{$a}}{{/a}}"}},
         "end"},
        {{{"t", "{{<p}}{{! c }}{{=<% %>=}} text <%$a%>A<%/a%><%/p%><%n%>"}, {"p", "{{$a}}a{{/a}}"}},
         "Atop"},
        {{{"t", "{{<p}}{{$none}}A{{/none}}{{/p}}"}, {"p", "{{$a}}a{{/a}}"}}, "a"},
        /* Of two overrides of one name the first one counts. */
        {{{"t", "{{<p}}{{$a}}1{{/a}}{{$a}}2{{/a}}{{/p}}"}, {"p", "{{$a}}a{{/a}}"}}, "1"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        check(cases[i].files, cases[i].expected);
}

/* An override of several lines, where the block stands in one, between lines, or alone. */
static void test_overrides_take_the_indentation_of_their_block(void **state)
{
    static const char OVERRIDE[] = "{{<p}}\n{{$a}}\n    one\n      two\n{{/a}}\n{{/p}}\n";
    static const struct {
        const char *parent;
        const char *expected;
    } cases[] = {
        {"<\n  {{$a}}\n  default\n  {{/a}}\n>\n", "<\n  one\n    two\n>\n"},
        {"<\n  {{$a}}{{/a}}\n>\n", "<\n  one\n    two\n>\n"},
        {"<\n{{$a}}{{/a}}\n>\n", "<\none\n  two\n>\n"},
        {"<\n  {{$a}}default{{/a}}>\n", "<\n  one\n    two\n>\n"},
        {"<{{$a}}default{{/a}}>\n", "<one\n  two\n>\n"},
        {"<\n{{$a}}\n\n\n    default\n{{/a}}\n>\n", "<\n    one\n      two\n>\n"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        const struct file files[FILES_MAX] = {{"t", OVERRIDE}, {"p", cases[i].parent}};
        check(files, cases[i].expected);
    }
}

static void test_a_block_alone_on_its_line_is_a_place_for_additions(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"{{>p}}\n", "<\n>\n"}, /* nothing added, no empty line */
        {"{{<p}}\n{{$a}}x{{/a}}\n{{/p}}\n", "<\n  x\n>\n"},
        {"{{<p}}\n{{$a}}\nx = 1\ny = 2\n{{/a}}\n{{/p}}\n", "<\n  x = 1\n  y = 2\n>\n"},
        {"{{<p}}\n{{$a}}{{/a}}\n{{/p}}\n", "<\n>\n"},
        {"{{<p}}{{$a}}\n{{^yes}}\nx\n{{/yes}}\n{{/a}}{{/p}}\n", "<\n>\n"},
        {"{{<p}}{{$a}}\n{{#list}}\nn = {{n}}\n{{/list}}\n{{/a}}{{/p}}\n",
         "<\n  n = 1\n  n = 2\n>\n"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        const struct file files[FILES_MAX] = {{"t", cases[i].text},
                                              {"p", "<\n  {{$a}}{{/a}}\n>\n"}};
        check(files, cases[i].expected);
    }
    const struct file crlf[FILES_MAX] = {{"t", "{{<p}}{{$a}}x{{/a}}{{/p}}\r\n"},
                                         {"p", "<\r\n{{$a}}{{/a}}\r\n>\r\n"}};
    check(crlf, "<\r\nx\r\n>\r\n");
}

static void test_parent_is_indented_like_a_partial(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"<\n  {{<p}}\n    {{$a}}A{{/a}}\n  {{/p}}\n>\n", "<\n  1\n  A\n>\n"},
        {"<\n  {{<p}}{{$a}}A{{/a}}{{/p}}\n>\n", "<\n  1\n  A\n>\n"},
        {"<\n  {{<p}}{{$a}}A{{/a}}{{/p}}.\n>\n", "<\n  1\nA\n.\n>\n"},
        {"<{{<p}}{{$a}}A{{/a}}{{/p}}\n>\n", "<1\nA\n\n>\n"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        const struct file files[FILES_MAX] = {{"t", cases[i].text}, {"p", "1\n{{$a}}a{{/a}}\n"}};
        check(files, cases[i].expected);
    }
}

static void test_missing_template_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a\n {{>x.cfg}}", "t:2:2: there is no template 'x.cfg'"},
        {"{{<base}}{{/base}}", "t:1:1: there is no template 'base'"},
        {"{{>t}}{{$a}}{{>t2}}{{/a}}", "t:1:13: there is no template 't2'"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct set set = {.count = 1};
        struct ap_error error = {{0}};
        const struct value root = sample_root();
        struct buf out;
        assert_int_equal(
            template_compile("t", cases[i].text, strlen(cases[i].text), &set.templates[0], &error),
            0);
        assert_int_equal(template_link(set.templates[0], find, &set, false, &error), AP_ENOENT);
        assert_string_equal(error.text, cases[i].expected);
        assert_int_equal(template_link(set.templates[0], find, &set, false, NULL), AP_ENOENT);
        set.count = 0; /* not even itself */
        assert_int_equal(template_link(set.templates[0], find, &set, true, &error), 0);
        buf_init(&out, 100);
        assert_int_equal(template_render(set.templates[0], &XML, &root, &out), 0);
        template_free(set.templates[0]);
        buf_done(&out);
    }
}

/* Recursion follows the data; without an end in them it ends at the ceilings. */
static void test_recursion_has_a_ceiling(void **state)
{
    static const struct {
        struct file files[FILES_MAX];
        int err;
    } cases[] = {
        {{{"t", "{{>t}}"}}, AP_ERANGE},
        {{{"t", "{{>p}}"}, {"p", "{{>t}}"}}, AP_ERANGE},
        {{{"t", "{{<t}}{{$a}}{{/a}}{{/t}}"}}, AP_ERANGE},
        {{{"t", "{{#list}}{{>t}}{{/list}}"}}, AP_ERANGE},
        {{{"t", "{{<p}}{{$a}}{{>t}}{{/a}}{{/p}}"}, {"p", "{{$a}}{{/a}}"}}, AP_ERANGE},
        {{{"t", "{{^yes}}{{>t}}{{/yes}}"}}, 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct value root = sample_root();
        struct set set;
        struct buf out;
        make_set(&set, cases[i].files);
        buf_init(&out, 1000);
        assert_int_equal(template_render(set.templates[0], &XML, &root, &out), cases[i].err);
        buf_done(&out);
        free_set(&set);
    }
}

static int ignore_name(void *data, const struct template_name *name)
{
    (void)data;
    (void)name;
    return 0;
}

/* Calls that branch are stopped by the count of steps, long before they have an end. */
#define FOUR(text)    text text text text
#define SIXTEEN(text) FOUR(FOUR(text))
static void test_branching_calls_end_at_the_ceiling_of_steps(void **state)
{
    static const struct file files[FILES_MAX] = {{"t", SIXTEEN("{{>p}}")},
                                                 {"p", SIXTEEN("{{>q}}")},
                                                 {"q", SIXTEEN("{{>r}}")},
                                                 {"r", SIXTEEN("{{>s}}")},
                                                 {"s", SIXTEEN("{{^x}}{{/x}}")}};
    struct value root = sample_root();
    struct set set;
    struct buf out;

    (void)state;
    make_set(&set, files);
    buf_init(&out, 1000);
    assert_int_equal(template_render(set.templates[0], &XML, &root, &out), AP_ERANGE);
    assert_int_equal(template_each_name(set.templates[0], ignore_name, NULL), AP_ERANGE);
    assert_int_equal(template_render(set.templates[1], &XML, &root, &out), 0);
    buf_done(&out);
    free_set(&set);
}

static int note_name(void *data, const struct template_name *name)
{
    struct buf *out = data;
    int err = 0;

    for (size_t i = 0; err == 0 && i < name->scope_count; i++)
        err = buf_printf(out, "%s%.*s>", name->scopes[i].inverted ? "^" : "",
                         (int)name->scopes[i].name_len, name->scopes[i].name);
    if (err == 0)
        err = buf_printf(out, "%.*s@%s:%u:%u ", (int)name->name_len, name->name,
                         template_name(name->template), name->line, name->column);
    return err;
}

static void test_names_are_visited_through_calls(void **state)
{
    static const struct {
        struct file files[FILES_MAX];
        const char *expected;
    } cases[] = {
        {{{"t", "{{#list}}{{>p}}{{/list}}{{>p}}"}, {"p", "\n{{n}}"}},
         "list@t:1:1 list>n@p:2:1 n@p:2:1 "},
        {{{"t", "{{a}}{{>t}}{{b}}"}}, "a@t:1:1 b@t:1:12 "}, /* recursion is not followed */
        {{{"t", "{{a}}{{>p}}"}, {"p", "{{b}}{{>t}}{{>p}}{{c}}"}}, "a@t:1:1 b@p:1:1 c@p:1:18 "},
        /* The override that counts, where it is written. */
        {{{"t", "{{<p}}{{$a}}{{x}}{{/a}}{{/p}}"}, {"p", "{{#s}}{{$a}}{{y}}{{/a}}{{/s}}{{z}}"}},
         "s@p:1:1 s>x@t:1:13 z@p:1:30 "},
        {{{"t", "{{$a}}{{y}}{{/a}}"}}, "y@t:1:7 "},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct set set;
        struct buf out;
        make_set(&set, cases[i].files);
        buf_init(&out, 4096);
        assert_int_equal(template_each_name(set.templates[0], note_name, &out), 0);
        assert_string_equal(out.data, cases[i].expected);
        buf_done(&out);
        free_set(&set);
    }
}

static void note_line(void *data, const char *line)
{
    struct buf *out = data;

    assert_int_equal(buf_printf(out, "%s\n", line), 0);
}

static void test_all_errors_of_a_text_are_told(void **state)
{
    static const char TEXT[] = "{{#a}}\n"
                               "{{x y}}\n"
                               "{{}} {{%z}} {{>*dynamic}}\n"
                               "{{#b}}{{/a}}\n"
                               "{{/c}}\n"
                               "{{=<%=}} {{a..b}}\n"
                               "{{<p}}{{value}}{{$k}}{{/k}}{{/p}}\n"
                               "{{name {{other}}\n"
                               "{{$block}} {{<parent}}\n"
                               "{{last";
    static const char EXPECTED[] = "t:2:1: a name has no blanks and no braces: 'x y'\n"
                                   "t:3:1: this tag has no name\n"
                                   "t:3:6: this kind of tag is not supported: '%z'\n"
                                   "t:3:13: this kind of tag is not supported: '*dynamic'\n"
                                   "t:4:7: 'a' is closed, but 'b' of line 4 is open\n"
                                   "t:5:1: no section is open here: 'c'\n"
                                   "t:6:1: these are no two delimiters: '<%'\n"
                                   "t:6:10: a part of this name is empty: 'a..b'\n"
                                   "t:7:7: only blocks stand in a parent: 'value'\n"
                                   "t:8:1: a name has no blanks and no braces: 'name {{other'\n"
                                   "t:10:1: this tag is not closed\n"
                                   "t:9:1: this block is not closed: 'block'\n"
                                   "t:9:12: this parent is not closed: 'parent'\n";
    struct template *template = NULL;
    struct ap_error error = {{0}};
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);
    assert_int_equal(template_check_text("t", TEXT, strlen(TEXT), note_line, &out), AP_ESYNTAX);
    assert_string_equal(out.data, EXPECTED);
    assert_int_equal(template_compile("t", TEXT, strlen(TEXT), &template, &error), AP_ESYNTAX);
    assert_memory_equal(error.text, EXPECTED, strlen(error.text)); /* the first one */
    buf_reset(&out);
    assert_int_equal(template_check_text("t", "{{fine}}", 8, note_line, &out), 0);
    assert_string_equal(out.data, "");
    buf_done(&out);
}

static void count_line(void *data, const char *line)
{
    (void)line;
    ++*(unsigned *)data;
}

static void test_a_hundred_errors_are_enough(void **state)
{
    char *text = malloc(AP_TEMPLATE_MAX_BYTES + 1);
    unsigned count = 0;

    (void)state;
    assert_non_null(text);
    memset(text, '{', AP_TEMPLATE_MAX_BYTES + 1);
    assert_int_equal(template_check_text("t", text, AP_TEMPLATE_MAX_BYTES, count_line, &count),
                     AP_ESYNTAX);
    assert_int_equal(count, 100);
    assert_int_equal(template_check_text("t", text, AP_TEMPLATE_MAX_BYTES + 1, NULL, NULL),
                     AP_ERANGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partials_are_written_in_place),
        cmocka_unit_test(test_delimiters_hold_to_the_end_of_their_file),
        cmocka_unit_test(test_blocks_are_overridden_by_the_most_derived_template),
        cmocka_unit_test(test_overrides_take_the_indentation_of_their_block),
        cmocka_unit_test(test_a_block_alone_on_its_line_is_a_place_for_additions),
        cmocka_unit_test(test_parent_is_indented_like_a_partial),
        cmocka_unit_test(test_missing_template_is_told_with_its_place),
        cmocka_unit_test(test_recursion_has_a_ceiling),
        cmocka_unit_test(test_branching_calls_end_at_the_ceiling_of_steps),
        cmocka_unit_test(test_names_are_visited_through_calls),
        cmocka_unit_test(test_all_errors_of_a_text_are_told),
        cmocka_unit_test(test_a_hundred_errors_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
