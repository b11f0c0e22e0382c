/* Tables, objects, JSON, and the members of bodies. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "capture.h"
#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "NAME"}, {"label", "LABEL"}, {"count", "N"}, {NULL, NULL}};

static json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);

    if (!json)
        fail_msg("%s: %s", text, error.text);
    return json;
}

static void check_table(const char *items_text, const char *expected)
{
    const struct ctl_args args = {.json = false};
    struct capture capture;
    json_t *items = json_of(items_text);

    capture_begin(&capture);
    ctl_print_table(&args, items, COLUMNS);
    capture_end(&capture);
    assert_string_equal(capture.out, expected);
    assert_string_equal(capture.err, "");
    json_decref(items);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    check_table("[{\"name\": \"alice\", \"label\": \"a\", \"count\": 1},"
                " {\"name\": \"b\", \"label\": \"reception\", \"count\": 20000}]",
                "NAME   LABEL      N\n"
                "alice  a          1\n"
                "b      reception  20000\n");
}

static void test_columns_are_counted_in_characters_not_bytes(void **state)
{
    (void)state;
    check_table("[{\"name\": \"J\\u00f6rg\", \"label\": \"\\u20ac\\u20ac\", \"count\": 1},"
                " {\"name\": \"Anna\", \"label\": \"xx\", \"count\": 2}]",
                "NAME  LABEL  N\n"
                "J\xc3\xb6rg  \xe2\x82\xac\xe2\x82\xac     1\n"
                "Anna  xx     2\n");
}

static void test_empty_list_shows_its_header(void **state)
{
    (void)state;
    check_table("[]", "NAME  LABEL  N\n");
}

static void test_missing_and_odd_values_are_shown_without_harm(void **state)
{
    (void)state;
    check_table("[{\"label\": null, \"count\": true}, {\"name\": \"a\\u001b[31mb\\nc\", "
                "\"label\": [\"x\", \"y\"], \"count\": {}}]",
                "NAME       LABEL  N\n"
                "                  yes\n"
                "a?[31mb?c  x, y   \n");
}

static void test_json_is_printed_as_it_came(void **state)
{
    const struct ctl_args args = {.json = true};
    struct capture capture;
    json_t *items = json_of("[{\"name\": \"J\\u00f6rg\", \"other\": 1}]");

    (void)state;
    capture_begin(&capture);
    ctl_print_table(&args, items, COLUMNS);
    capture_end(&capture);
    json_t *again = json_of(capture.out);
    assert_true(json_equal(items, again));
    assert_int_equal(capture.out[strlen(capture.out) - 1], '\n');
    json_decref(items);
    json_decref(again);
}

static void test_object_is_a_line_per_member(void **state)
{
    static const struct ctl_column OBJECT[] = {
        {"name", "Name"},          {"lines", "Lines"}, {"last_fetch_at", "Last fetch"},
        {"created_at", "Created"}, {"at", "At"},       {NULL, NULL}};
    const struct ctl_args args = {.json = false};
    struct capture capture;
    json_t *object =
        json_of("{\"name\": \"alice\", \"last_fetch_at\": 0, \"created_at\": 86400, \"at\": 86400, "
                "\"lines\": [{\"account\": \"1@a\"}, {\"account\": \"2@a\"}, {}]}");

    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    capture_begin(&capture);
    ctl_print_object(&args, object, OBJECT);
    capture_end(&capture);
    assert_string_equal(capture.out, "Name            alice\n"
                                     "Lines           1@a, 2@a, ?\n"
                                     "Last fetch      never\n"
                                     "Created         1970-01-02 00:00:00\n"
                                     "At              1970-01-02 00:00:00\n");
    json_decref(object);
}

static void test_longest_cell_is_cut(void **state)
{
    static const struct ctl_column ONE[] = {{"x", "X"}, {NULL, NULL}};
    const struct ctl_args args = {.json = false};
    struct capture capture;
    json_t *list = json_array();
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 3; i++)
        assert_int_equal(json_array_append_new(list, json_string(text)), 0);
    json_t *object = json_pack("{s:o}", "x", list);
    capture_begin(&capture);
    ctl_print_object(&args, object, ONE);
    capture_end(&capture);
    assert_in_range(strlen(capture.out), 500, 600);
    json_decref(object);
}

static void test_errors_have_their_exit_codes(void **state)
{
    static const struct {
        int err, code;
    } ROWS[] = {
        {0, CTL_OK},
        {AP_ENOENT, CTL_NOT_FOUND},
        {AP_EEXIST, CTL_EXISTS},
        {AP_EPERM, CTL_NOT_PERMITTED},
        {AP_EINVAL, CTL_INVALID},
        {AP_ESYNTAX, CTL_INVALID},
        {AP_ERANGE, CTL_INVALID},
        {AP_ECORRUPT, CTL_INVALID},
        {AP_ENEWER, CTL_INVALID},
        {AP_EKEY, CTL_INVALID},
        {AP_ENOMEM, CTL_FAILED},
        {AP_EIO, CTL_FAILED},
        {AP_EBUSY, CTL_FAILED},
        {AP_EFULL, CTL_FAILED},
        {-1000, CTL_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++)
        assert_int_equal(ctl_exit_of(ROWS[i].err), ROWS[i].code);
    /* Scripts hold these numbers. */
    assert_int_equal(CTL_NOT_PERMITTED, 7);
    assert_int_equal(CTL_UNREACHABLE, 6);
    assert_int_equal(CTL_USAGE, 2);
}

static void test_failure_is_one_line_on_standard_error(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    int code = ctl_fail(CTL_EXISTS, "%s is %d", "this", 5);
    capture_end(&capture);
    assert_int_equal(code, CTL_EXISTS);
    assert_string_equal(capture.err, "autoprovctl: this is 5\n");
    assert_string_equal(capture.out, "");
}

/* -- members of bodies ------------------------------------------------------------------------- */

static struct ctl_args one_option(const char *name, const char *value)
{
    struct ctl_args args = {.option_count = 1};

    args.names[0] = name;
    args.values[0] = value;
    return args;
}

static void test_numbers_of_options_are_checked(void **state)
{
    static const struct {
        const char *text;
        int code;
    } ROWS[] = {
        {"0", CTL_OK},          {"5060", CTL_OK},
        {"4294967295", CTL_OK}, {"4294967296", CTL_INVALID},
        {"", CTL_INVALID},      {"-1", CTL_INVALID},
        {"5x", CTL_INVALID},    {"0x10", CTL_INVALID},
        {"010", CTL_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ctl_args args = one_option("port", ROWS[i].text);
        struct capture capture;
        json_t *body = json_object();
        capture_begin(&capture);
        int code = ctl_add_number(&args, "port", "port", body);
        int absent = ctl_add_number(&args, "expires", "expires", body);
        capture_end(&capture);
        assert_int_equal(code, ROWS[i].code);
        assert_int_equal(absent, CTL_OK);
        assert_int_equal(json_object_size(body), code == CTL_OK);
        json_decref(body);
    }
}

static void test_text_that_is_no_utf8_is_refused(void **state)
{
    struct ctl_args args = one_option("label", "\xff");
    struct capture capture;
    json_t *body = json_object();

    (void)state;
    capture_begin(&capture);
    int code = ctl_add_string(&args, "label", "label", body);
    capture_end(&capture);
    assert_int_equal(code, CTL_INVALID);
    assert_int_equal(json_object_size(body), 0);
    json_decref(body);
}

static int add_secret(const char *content, mode_t mode, json_t *body, struct capture *capture)
{
    char path[] = "/tmp/ap-ctl-XXXXXX";
    int fd = mkstemp(path);
    struct ctl_args args = one_option("password-file", path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    capture_begin(capture);
    int code = ctl_add_secret(&args, "password-file", "password", true, body);
    capture_end(capture);
    assert_int_equal(unlink(path), 0);
    return code;
}

static void test_secrets_come_from_files_that_nobody_else_may_read(void **state)
{
    struct capture capture;
    json_t *body = json_object();

    (void)state;
    assert_int_equal(add_secret("hunter2\n", 0644, body, &capture), CTL_NOT_PERMITTED);
    assert_null(strstr(capture.err, "hunter2"));
    assert_int_equal(add_secret("\n", 0600, body, &capture), CTL_INVALID);
    assert_int_equal(add_secret("\xff\n", 0600, body, &capture), CTL_INVALID);
    assert_null(strstr(capture.err, "\xff"));
    assert_int_equal(json_object_size(body), 0);
    assert_int_equal(add_secret("hunter2\n", 0600, body, &capture), CTL_OK);
    assert_string_equal(json_string_value(json_object_get(body, "password")), "hunter2");
    assert_string_equal(capture.err, "");
    json_decref(body);
}

static void test_missing_secret_is_a_usage_error_where_it_is_required(void **state)
{
    const struct ctl_args args = {.option_count = 0};
    struct capture capture;
    json_t *body = json_object();

    (void)state;
    capture_begin(&capture);
    assert_int_equal(ctl_add_secret(&args, "password-file", "password", false, body), CTL_OK);
    assert_int_equal(ctl_add_secret(&args, "password-file", "password", true, body), CTL_USAGE);
    capture_end(&capture);
    assert_non_null(strstr(capture.err, "--password-file is missing"));
    json_decref(body);
}

static void test_output_that_is_not_taken_is_a_failure(void **state)
{
    struct capture capture;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(full >= 0);
    capture_begin(&capture);
    int whole = ctl_finish(CTL_NOT_FOUND);
    (void)dup2(full, STDOUT_FILENO);
    fputs("lost", stdout);
    int lost = ctl_finish(CTL_OK);
    clearerr(stdout);
    capture_end(&capture);
    close(full);
    assert_int_equal(whole, CTL_NOT_FOUND);
    assert_int_equal(lost, CTL_FAILED);
    assert_string_equal(capture.err, "autoprovctl: standard output cannot be written\n");
}

static void test_text_that_is_not_utf_8_is_told(void **state)
{
    const struct ctl_args args = {.names = {"label"}, .values = {"a\xff"}, .option_count = 1};
    struct capture capture;
    json_t *body = json_object();

    (void)state;
    capture_begin(&capture);
    int code = ctl_add_string(&args, "label", "label", body);
    capture_end(&capture);
    assert_int_equal(code, CTL_INVALID);
    assert_string_equal(capture.err, "autoprovctl: label: not UTF-8\n");
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(test_columns_are_counted_in_characters_not_bytes),
        cmocka_unit_test(test_empty_list_shows_its_header),
        cmocka_unit_test(test_missing_and_odd_values_are_shown_without_harm),
        cmocka_unit_test(test_json_is_printed_as_it_came),
        cmocka_unit_test(test_object_is_a_line_per_member),
        cmocka_unit_test(test_longest_cell_is_cut),
        cmocka_unit_test(test_output_that_is_not_taken_is_a_failure),
        cmocka_unit_test(test_text_that_is_not_utf_8_is_told),
        cmocka_unit_test(test_errors_have_their_exit_codes),
        cmocka_unit_test(test_failure_is_one_line_on_standard_error),
        cmocka_unit_test(test_numbers_of_options_are_checked),
        cmocka_unit_test(test_text_that_is_no_utf8_is_refused),
        cmocka_unit_test(test_secrets_come_from_files_that_nobody_else_may_read),
        cmocka_unit_test(test_missing_secret_is_a_usage_error_where_it_is_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
