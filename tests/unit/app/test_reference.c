/* docs/templates.md tells of exactly the variables and settings that there are, in the words of the
 * table. With AP_PRINT_REFERENCE=1 both parts are printed, to be put in their place. */
#include "autoprov/variable.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/buf.h"
#include "autoprov/file.h"

#define PAGE AP_SOURCE_DIR "/docs/templates.md"

/* In the order of enum variable_level. */
static const char *const INTRODUCTIONS[VARIABLE_LEVEL_COUNT] = {
    "At the top:",
    "Inside `{{#user}}`, or as `user.name`:",
    "Inside `{{#dst}}`, or as `dst.save_s`:",
    "Inside `{{#codecs}}` and `{{#codecs_off}}`:",
    "Inside `{{#lines}}`:",
    "Inside `{{#keys}}`:",
    "Inside `{{#raw}}`:",
};

static void add_levels(struct buf *out)
{
    const struct variable *variable;
    size_t i = 0;

    for (size_t level = 0; level < VARIABLE_LEVEL_COUNT; level++) {
        assert_int_equal(
            buf_printf(out, "%s\n\n| variable | meaning |\n|---|---|\n", INTRODUCTIONS[level]), 0);
        for (; (variable = variable_at(i)) && variable->level == level; i++)
            assert_int_equal(buf_printf(out, "| `%s` | %s |\n", variable->name, variable->meaning),
                             0);
        assert_int_equal(buf_append_text(out, "\n"), 0);
    }
}

static void add_type(struct buf *out, const struct variable *variable)
{
    static const char *const TYPES[] = {
        [VARIABLE_TEXT] = "text",
        [VARIABLE_HOST] = "host name or address",
        [VARIABLE_CHOICE] = "choice",
        [VARIABLE_TIME_ZONE] = "name of a time zone",
        [VARIABLE_LANGUAGE] = "language",
        [VARIABLE_CODECS] = "list with commas between",
        [VARIABLE_DIAL] = "letters, digits and `+*#.-_`",
        [VARIABLE_PASSWORD] = "text",
    };
    int err;

    if (variable->type == VARIABLE_NUMBER)
        err = buf_printf(out, "number, %" PRIu64 " to %" PRIu64, variable->min, variable->max);
    else if (variable->choices)
        err = buf_printf(out, "one of `%s`", variable->choices);
    else
        err = buf_printf(out, "%s, %" PRIu64 " to %" PRIu64 " bytes", TYPES[variable->type],
                         variable->min, variable->max);
    assert_int_equal(err, 0);
}

static void add_settings(struct buf *out)
{
    const struct variable *variable;

    assert_int_equal(buf_append_text(out, "| setting | value | default | secret | meaning |\n"
                                          "|---|---|---|---|---|\n"),
                     0);
    for (size_t i = 0; (variable = variable_setting_at(i)); i++) {
        const char *value = variable->default_value;
        assert_int_equal(buf_printf(out, "| `%s` | ", variable->name), 0);
        add_type(out, variable);
        assert_int_equal(buf_printf(out, " | %s%s%s | %s | %s |\n", value ? "`" : "",
                                    value ? value : "none", value ? "`" : "",
                                    variable->secret ? "yes" : "no", variable->meaning),
                         0);
    }
    assert_int_equal(buf_append_text(out, "\n"), 0);
}

/* What stands on the page from the first table behind heading on, up to the last one before the
 * next heading: the rest around is for people. */
static void check_part(const char *heading, void (*add)(struct buf *out))
{
    struct ap_error error = {{0}};
    struct buf page, part;

    buf_init(&page, 1 << 20);
    buf_init(&part, 1 << 20);
    add(&part);
    if (getenv("AP_PRINT_REFERENCE"))
        (void)printf("%s\n%s", heading, part.data); /* longer than cmocka prints */
    if (file_read(PAGE, &page, &error) != 0)
        fail_msg("%s", error.text);
    const char *begin = strstr(page.data, heading);
    const char *next = begin ? strstr(begin + 1, "\n## ") : NULL;
    const char *found = begin ? strstr(begin, part.data) : NULL;
    if (!found || (next && found > next))
        fail_msg("'%s' of docs/templates.md differs from src/app/variable.c; AP_PRINT_REFERENCE=1 "
                 "prints what it must hold",
                 heading);
    buf_done(&part);
    buf_done(&page);
}

static void test_page_lists_exactly_the_variables(void **state)
{
    (void)state;
    check_part("\n## Variables\n", add_levels);
}

static void test_page_lists_exactly_the_settings(void **state)
{
    (void)state;
    check_part("\n## Settings\n", add_settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_lists_exactly_the_variables),
        cmocka_unit_test(test_page_lists_exactly_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
