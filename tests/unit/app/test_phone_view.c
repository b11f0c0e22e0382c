/* What templates see: names, values, quoting, the sample, and the reference page. */
#include "autoprov/phone_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

#define BASE_URL  "https://pbx.example.com/provision/0123456789abcdef/"
#define NAMES_MAX 64

struct view {
    struct arena arena;
    struct value root;
};

static int setup(void **state)
{
    static struct view view;

    arena_init(&view.arena, 1 << 20);
    assert_int_equal(phone_view_build(phone_view_sample(), BASE_URL, &view.arena, &view.root), 0);
    *state = &view;
    return 0;
}

static int teardown(void **state)
{
    arena_done(&((struct view *)*state)->arena);
    return 0;
}

static const struct value *member(const struct value *object, const char *name)
{
    size_t len = strlen(name);
    const struct value *value = value_find(object, name, len);

    if (!value)
        fail_msg("no member '%s'", name);
    return value;
}

static void check_text(const struct value *object, const char *name, const char *expected)
{
    const struct value *value = member(object, name);

    if (expected[0] == '\0' && value->kind == VALUE_NULL)
        return;
    assert_int_equal(value->kind, VALUE_TEXT);
    assert_int_equal(value->len, strlen(expected));
    assert_memory_equal(value->as.text, expected, value->len);
}

static void test_phone_values_are_prepared(void **state)
{
    const struct view *view = *state;

    check_text(&view->root, "mac", "001565123456");
    check_text(&view->root, "mac_upper", "001565123456");
    check_text(&view->root, "mac_colon", "00:15:65:12:34:56");
    check_text(&view->root, "provisioning_url", BASE_URL "001565123456.xml");
    check_text(&view->root, "provisioning_base_url", BASE_URL);
    check_text(&view->root, "vendor", "generic");
    check_text(&view->root, "label", "Reception");
    check_text(member(&view->root, "user"), "name", "sample");
    check_text(member(&view->root, "user"), "display_name", "Sample User");
    assert_int_equal(member(&view->root, "lines")->len, 2);
}

static void test_lines_resolve_to_their_defaults(void **state)
{
    const struct view *view = *state;
    const struct value *lines = member(&view->root, "lines");
    const struct value *first = &lines->as.items[0], *second = &lines->as.items[1];

    check_text(first, "index", "0");
    check_text(first, "position", "1");
    assert_int_equal(member(first, "is_first")->kind, VALUE_TRUE);
    check_text(first, "auth_user", "1001");
    check_text(first, "registrar_host", "pbx.example.com");
    check_text(first, "registrar_port", "");
    check_text(first, "registrar", "pbx.example.com");
    check_text(first, "transport", "udp");
    assert_int_equal(member(first, "is_udp")->kind, VALUE_TRUE);
    assert_int_equal(member(first, "is_tls")->kind, VALUE_NULL);
    check_text(second, "index", "1");
    assert_int_equal(member(second, "is_first")->kind, VALUE_NULL);
    check_text(second, "display_name", "1002");
    check_text(second, "auth_user", "auth1002");
    check_text(second, "registrar", "sip.example.com:5061");
    check_text(second, "registrar_port", "5061");
    assert_int_equal(member(second, "is_tls")->kind, VALUE_TRUE);
    check_text(second, "outbound_proxy", "proxy.example.com:5061");
    check_text(second, "expires", "600");
    check_text(second, "password", "sample-2");
}

static void test_position_is_the_lines_own_and_index_counts_from_zero(void **state)
{
    struct store_line lines[] = {
        {.position = 3, .account = phone_view_sample()->lines[0].account},
        {.position = 7, .account = phone_view_sample()->lines[1].account},
    };
    struct store_phone phone = *phone_view_sample();
    struct view *view = *state;
    struct value root;

    phone.lines = lines;
    assert_int_equal(phone_view_build(&phone, "", &view->arena, &root), 0);
    check_text(&member(&root, "lines")->as.items[1], "index", "1");
    check_text(&member(&root, "lines")->as.items[1], "position", "7");
    check_text(&root, "provisioning_url", "");
    check_text(&root, "provisioning_base_url", "");
}

static void test_mac_is_there_in_all_four_forms(void **state)
{
    struct store_phone phone = *phone_view_sample();
    struct view *view = *state;
    struct value root;

    memcpy(phone.mac, "\xcc\x5e\xf6\x41\xb7\x94", AP_MAC_LEN);
    assert_int_equal(phone_view_build(&phone, BASE_URL, &view->arena, &root), 0);
    check_text(&root, "mac", "cc5ef641b794");
    check_text(&root, "mac_upper", "CC5EF641B794");
    check_text(&root, "mac_colon", "cc:5e:f6:41:b7:94");
    check_text(&root, "mac_upper_colon", "CC:5E:F6:41:B7:94");
    check_text(&root, "provisioning_url", BASE_URL "cc5ef641b794.xml");
}

static void test_phone_without_lines_has_an_empty_list(void **state)
{
    struct store_phone phone = *phone_view_sample();
    struct view *view = *state;
    struct value root;

    phone.lines = NULL;
    phone.line_count = 0;
    assert_int_equal(phone_view_build(&phone, "", &view->arena, &root), 0);
    assert_int_equal(member(&root, "lines")->kind, VALUE_LIST);
    assert_int_equal(member(&root, "lines")->len, 0);
}

static void test_line_without_password_says_so(void **state)
{
    static const char *const NONE[] = {NULL, ""};
    struct view *view = *state;

    for (size_t i = 0; i < 2; i++) {
        struct store_line line = phone_view_sample()->lines[0];
        struct store_phone phone = *phone_view_sample();
        struct value root;
        line.account.password = NONE[i];
        phone.lines = &line;
        phone.line_count = 1;
        assert_int_equal(phone_view_build(&phone, "", &view->arena, &root), 0);
        const struct value *only = &member(&root, "lines")->as.items[0];
        assert_int_equal(member(only, "has_password")->kind, VALUE_NULL);
    }
}

/* RFC 3261, 25.1: quoted-pair. */
static void test_display_names_are_quoted_for_sip(void **state)
{
    static const struct {
        const char *name, *quoted;
    } ROWS[] = {
        {"Alice", "Alice"},
        {"Al \"the\" Ice", "Al \\\"the\\\" Ice"},
        {"back\\slash", "back\\\\slash"},
        {"\"", "\\\""},
        {"\\\"", "\\\\\\\""},
        {"\xc3\x84"
         "rger",
         "\xc3\x84"
         "rger"},
        {"\" <sip:evil@example.net>", "\\\" <sip:evil@example.net>"},
    };
    struct view *view = *state;

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct store_line line = phone_view_sample()->lines[0];
        struct store_phone phone = *phone_view_sample();
        struct value root;
        line.account.display_name = ROWS[i].name;
        phone.lines = &line;
        phone.line_count = 1;
        assert_int_equal(phone_view_build(&phone, "", &view->arena, &root), 0);
        const struct value *only = &member(&root, "lines")->as.items[0];
        check_text(only, "display_name", ROWS[i].name);
        check_text(only, "display_name_quoted", ROWS[i].quoted);
    }
}

/* -- names ------------------------------------------------------------------------------------- */

static int check(const char *text, struct ap_error *error)
{
    struct template *template = NULL;

    assert_int_equal(
        template_compile("t.xml", text, strlen(text), TEMPLATE_ESCAPE_XML, &template, error), 0);
    int err = phone_view_check_names(template, error);
    template_free(template);
    return err;
}

static void test_names_that_templates_use_are_checked(void **state)
{
    static const struct {
        const char *text;
        const char *place; /* NULL: fine */
    } ROWS[] = {
        {"plain", NULL},
        {"{{mac}} {{user.name}} {{provisioning_url}}", NULL},
        {"{{#lines}}{{sip_user}}{{mac}}{{/lines}}", NULL},
        {"{{#lines}}{{#is_tls}}{{registrar}}{{/is_tls}}{{/lines}}", NULL},
        {"{{^lines}}none{{/lines}}", NULL},
        {"{{#user}}{{name}}{{/user}}", NULL},
        {"{{#label}}{{.}}{{/label}}", NULL},
        {"{{macc}}", "t.xml:1:1"},
        {"\n  {{Mac}}", "t.xml:2:3"},
        {"{{sip_user}}", "t.xml:1:1"},
        {"{{password}}", "t.xml:1:1"},
        {"{{#lines}}{{secret}}{{/lines}}", "t.xml:1:11"},
        {"{{#line}}x{{/line}}", "t.xml:1:1"},
        {"{{user.password}}", "t.xml:1:1"},
        {"{{lines.sip_user}}", "t.xml:1:1"},
        {"{{mac.upper}}", "t.xml:1:1"},
        {"{{user.name.first}}", "t.xml:1:1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct ap_error error = {{0}};
        int err = check(ROWS[i].text, &error);
        if (err != (ROWS[i].place ? AP_EINVAL : 0))
            fail_msg("'%s': %d %s", ROWS[i].text, err, error.text);
        if (ROWS[i].place)
            assert_memory_equal(error.text, ROWS[i].place, strlen(ROWS[i].place));
    }
}

/* Names as "lines.sip_user", as the reference page would have them. */
struct names {
    char text[NAMES_MAX][64];
    size_t count;
};

static void add_name(struct names *names, const char *section, const char *name, size_t len)
{
    assert_true(names->count < NAMES_MAX);
    (void)snprintf(names->text[names->count++], sizeof(names->text[0]), "%s%.*s", section, (int)len,
                   name);
}

static void collect(const struct value *object, const char *section, struct names *names)
{
    for (size_t i = 0; i < object->len; i++) {
        const struct value_member *entry = &object->as.members[i];
        add_name(names, section, entry->name, entry->name_len);
        if (entry->value.kind == VALUE_OBJECT)
            collect(&entry->value, "user.", names);
        else if (entry->value.kind == VALUE_LIST)
            collect(&entry->value.as.items[0], "lines.", names);
    }
}

/* Rows "| `name` | meaning |" below "## Variables", until the next heading. */
static void read_reference(struct names *names)
{
    FILE *file = fopen(AP_SOURCE_DIR "/docs/templates.md", "r");
    char line[1024];
    bool in_part = false, in_lines = false;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "## ", 3) == 0)
            in_part = strncmp(line, "## Variables", 12) == 0;
        if (strncmp(line, "Inside `{{#lines}}`", 19) == 0)
            in_lines = true;
        if (!in_part || strncmp(line, "| `", 3) != 0)
            continue;
        size_t len = strcspn(line + 3, "`");
        add_name(names, in_lines ? "lines." : "", line + 3, len);
    }
    assert_int_equal(fclose(file), 0);
}

static bool has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->text[i], name) == 0)
            return true;
    }
    return false;
}

static void test_reference_page_lists_exactly_the_names_that_there_are(void **state)
{
    const struct view *view = *state;
    struct names given = {.count = 0}, written = {.count = 0};
    unsigned wrong = 0;

    collect(&view->root, "", &given);
    read_reference(&written);
    for (size_t i = 0; i < given.count; i++) {
        if (!has(&written, given.text[i])) {
            print_error("docs/templates.md lacks '%s'\n", given.text[i]);
            wrong++;
        }
    }
    for (size_t i = 0; i < written.count; i++) {
        if (!has(&given, written.text[i])) {
            print_error("docs/templates.md names '%s', which is not there\n", written.text[i]);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_all_given_names_are_known_to_the_check(void **state)
{
    const struct view *view = *state;
    struct names given = {.count = 0};
    struct ap_error error = {{0}};

    collect(&view->root, "", &given);
    for (size_t i = 0; i < given.count; i++) {
        char text[128];
        const char *name = given.text[i];
        if (strncmp(name, "lines.", 6) == 0)
            (void)snprintf(text, sizeof(text), "{{#lines}}{{%s}}{{/lines}}", name + 6);
        else
            (void)snprintf(text, sizeof(text), "{{%s}}", name);
        if (check(text, &error) != 0)
            fail_msg("%s", error.text);
    }
}

static int build(void *data)
{
    struct arena arena;
    struct value root;

    (void)data;
    arena_init(&arena, 1 << 20);
    int err = phone_view_build(phone_view_sample(), BASE_URL, &arena, &root);
    arena_done(&arena);
    return err;
}

static void test_failed_allocation_is_told(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(build, NULL) > 1);
}

static void test_arena_of_any_size_gives_a_view_or_no_memory(void **state)
{
    int err = AP_ENOMEM;

    (void)state;
    for (size_t max = 0; err; max += 64) {
        struct arena arena;
        struct value root;
        arena_init(&arena, max);
        err = phone_view_build(phone_view_sample(), BASE_URL, &arena, &root);
        assert_true(err == 0 || err == AP_ENOMEM);
        arena_done(&arena);
        assert_true(max < 100000);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_phone_values_are_prepared),
        ROW(test_lines_resolve_to_their_defaults),
        ROW(test_position_is_the_lines_own_and_index_counts_from_zero),
        ROW(test_mac_is_there_in_all_four_forms),
        ROW(test_phone_without_lines_has_an_empty_list),
        ROW(test_line_without_password_says_so),
        ROW(test_display_names_are_quoted_for_sip),
        ROW(test_names_that_templates_use_are_checked),
        ROW(test_reference_page_lists_exactly_the_names_that_there_are),
        ROW(test_all_given_names_are_known_to_the_check),
        ROW(test_failed_allocation_is_told),
        ROW(test_arena_of_any_size_gives_a_view_or_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
