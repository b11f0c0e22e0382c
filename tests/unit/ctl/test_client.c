/* Calls over the control socket: exit codes of answers, paths, pages. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "autoprov/array.h"
#include "capture.h"
#include "ctl_private.h"
#include "fake_daemon.h"

#define PROBLEM(status, detail)                                                                    \
    "HTTP/1.1 " status " X\r\nContent-Length: 18\r\n\r\n{\"detail\": \"" detail "\"}"

static void test_statuses_have_their_exit_codes(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } ROWS[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", CTL_OK},
        {"HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\n{}", CTL_OK},
        {"HTTP/1.1 204 OK\r\n\r\n", CTL_OK},
        {PROBLEM("400", "told"), CTL_INVALID},
        {PROBLEM("403", "told"), CTL_NOT_PERMITTED},
        {PROBLEM("404", "told"), CTL_NOT_FOUND},
        {PROBLEM("405", "told"), CTL_INVALID},
        {PROBLEM("409", "told"), CTL_EXISTS},
        {PROBLEM("422", "told"), CTL_INVALID},
        {PROBLEM("500", "told"), CTL_FAILED},
        {PROBLEM("503", "told"), CTL_FAILED},
        {PROBLEM("507", "told"), CTL_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct fake fake;
        struct capture capture;
        json_t *json = NULL;
        fake_start(&fake, &ROWS[i].answer, 1);
        const struct ctl_args args = {.socket_path = fake.path};
        capture_begin(&capture);
        int code = ctl_call(&args, "GET", "/status", NULL, &json);
        capture_end(&capture);
        fake_stop(&fake);
        if (code != ROWS[i].code)
            fail_msg("%.12s: %d", ROWS[i].answer, code);
        assert_string_equal(capture.err, code == CTL_OK ? "" : "autoprovctl: told\n");
        assert_true(code == CTL_OK || !json);
        json_decref(json);
    }
}

static void test_body_and_path_arrive(void **state)
{
    static const char *const ANSWER[] = {
        "HTTP/1.1 201 OK\r\nContent-Length: 10\r\n\r\n{\"a\": [1]}"};
    struct fake fake;
    json_t *json = NULL;

    (void)state;
    fake_start(&fake, ANSWER, 1);
    const struct ctl_args args = {.socket_path = fake.path};
    assert_int_equal(
        ctl_call(&args, "POST", "/users?x=1", json_pack("{s:s}", "name", "alice"), &json), CTL_OK);
    fake_stop(&fake);
    assert_memory_equal(fake.asked[0], "POST /api/v1/users?x=1 HTTP/1.1\r\n", 33);
    assert_non_null(strstr(fake.asked[0], "Content-Type: application/json\r\n"));
    assert_non_null(strstr(fake.asked[0], "\r\n\r\n{\"name\":\"alice\"}"));
    assert_null(strcasestr(fake.asked[0], "Expect:"));
    assert_int_equal(json_array_size(json_object_get(json, "a")), 1);
    json_decref(json);
}

static void test_without_a_daemon_it_says_so(void **state)
{
    const struct ctl_args args = {.socket_path = "/nonexistent/control.sock"};
    struct capture capture;
    json_t *json = NULL;

    (void)state;
    capture_begin(&capture);
    int code = ctl_call(&args, "GET", "/status", NULL, &json);
    capture_end(&capture);
    assert_int_equal(code, CTL_UNREACHABLE);
    assert_non_null(strstr(capture.err, "/nonexistent/control.sock: no daemon answers"));
    assert_null(json);
}

static void test_daemon_that_hangs_up_is_unreachable(void **state)
{
    static const char *const ANSWER[] = {""};
    struct fake fake;
    struct capture capture;
    json_t *json = NULL;

    (void)state;
    fake_start(&fake, ANSWER, 1);
    const struct ctl_args args = {.socket_path = fake.path};
    capture_begin(&capture);
    int code = ctl_call(&args, "GET", "/status", NULL, &json);
    capture_end(&capture);
    fake_stop(&fake);
    assert_int_equal(code, CTL_UNREACHABLE);
    assert_non_null(strstr(capture.err, "did not answer"));
}

static void test_given_configuration_that_cannot_be_read_is_told(void **state)
{
    const struct ctl_args args = {.config_path = "/nonexistent/a.conf", .config_given = true};
    struct capture capture;
    json_t *json = NULL;

    (void)state;
    capture_begin(&capture);
    int code = ctl_call(&args, "GET", "/status", NULL, &json);
    capture_end(&capture);
    assert_int_equal(code, CTL_NOT_FOUND);
    assert_non_null(strstr(capture.err, "/nonexistent/a.conf"));
}

static void test_a_broken_default_configuration_is_a_warning_only(void **state)
{
    static const struct {
        bool given;
        const char *holds;
    } ROWS[] = {
        {true, "--socket PATH does without it"},
        {false, "warning: "},
    };
    char path[] = "/tmp/ap-conf-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "broken\n", 7), 7);
    close(fd);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct ctl_args args = {.config_path = path, .config_given = ROWS[i].given};
        struct capture capture;
        json_t *json = NULL;
        capture_begin(&capture);
        int code = ctl_call(&args, "GET", "/nothing-of-ours", NULL, &json);
        capture_end(&capture);
        if (ROWS[i].given)
            assert_int_equal(code, CTL_INVALID);
        else /* whatever the default socket says */
            assert_non_null(strstr(capture.err, "trying /run/autoprovd/control.sock\n"));
        assert_non_null(strstr(capture.err, path));
        assert_non_null(strstr(capture.err, ROWS[i].holds));
        json_decref(json);
    }
    assert_int_equal(unlink(path), 0);
}

static void test_empty_custom_options_are_told_how_to_unset(void **state)
{
    const struct ctl_args args = {.positionals = {" \n"}, .positional_count = 1};
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    int code = ctl_options_set(&args);
    capture_end(&capture);
    assert_int_equal(code, CTL_INVALID);
    assert_non_null(strstr(capture.err, "autoprovctl options unset"));
}

static void test_all_pages_of_a_list_are_fetched(void **state)
{
    static const char *const ANSWERS[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{\"items\": [1, 2], \"next\": \"b c/d\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"items\": [3], \"next\": null}",
    };
    struct fake fake;
    json_t *items = NULL;

    (void)state;
    fake_start(&fake, ANSWERS, 2);
    const struct ctl_args args = {.socket_path = fake.path};
    assert_int_equal(ctl_call_list(&args, "/phones?user=x", &items), CTL_OK);
    fake_stop(&fake);
    assert_int_equal(json_array_size(items), 3);
    assert_non_null(strstr(fake.asked[0], "/phones?user=x&limit=1000&after= "));
    assert_non_null(strstr(fake.asked[1], "/phones?user=x&limit=1000&after=b%20c%2fd "));
    json_decref(items);
}

static void test_arguments_are_escaped_into_paths(void **state)
{
    static const struct {
        const char *fmt, *argument, *path;
    } ROWS[] = {
        {"/users/{}", "alice", "/users/alice"},
        {"/users/{}/token/rotate", "a-b_c.d~e", "/users/a-b_c.d~e/token/rotate"},
        {"/accounts/{}", "1001@pbx.example.com", "/accounts/1001@pbx.example.com"},
        {"/phones/{}", "cc:5e:f6:41:b7:94", "/phones/cc:5e:f6:41:b7:94"},
        {"/users/{}", "a/b", "/users/a%2fb"},
        {"/users/{}", "a?b#c%d", "/users/a%3fb%23c%25d"},
        {"/users/{}", "\xc3\xa4 \n", "/users/%c3%a4%20%0a"},
        {"/users/{}", "", "/users/"},
        {"/status", "unused", "/status"},
    };
    char long_argument[4000];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char *path = ctl_path(ROWS[i].fmt, ROWS[i].argument);
        assert_non_null(path);
        assert_string_equal(path, ROWS[i].path);
        free(path);
    }
    memset(long_argument, 'a', sizeof(long_argument) - 1);
    long_argument[sizeof(long_argument) - 1] = '\0';
    assert_null(ctl_path("/users/{}", long_argument));
}

static void test_queries_are_escaped_and_left_out_without_a_value(void **state)
{
    static const struct {
        const char *path, *name, *value, *expected;
    } ROWS[] = {
        {"/settings", "scope", "global", "/settings?scope=global"},
        {"/settings?scope=user", "id", "a b", "/settings?scope=user&id=a%20b"},
        {"/settings", "name", "raw.a&b=c", "/settings?name=raw.a%26b%3dc"},
        {"/settings", "id", "acme/A1", "/settings?id=acme%2fA1"},
        {"/settings", "id", "", "/settings?id="},
        {"/settings", "id", NULL, "/settings"},
    };
    char long_value[4000];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char *path = ctl_path_query(strdup(ROWS[i].path), ROWS[i].name, ROWS[i].value);
        assert_non_null(path);
        assert_string_equal(path, ROWS[i].expected);
        free(path);
    }
    memset(long_value, 'a', sizeof(long_value) - 1);
    long_value[sizeof(long_value) - 1] = '\0';
    assert_null(ctl_path_query(strdup("/settings"), "id", long_value));
    assert_null(ctl_path_query(NULL, "id", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses_have_their_exit_codes),
        cmocka_unit_test(test_body_and_path_arrive),
        cmocka_unit_test(test_without_a_daemon_it_says_so),
        cmocka_unit_test(test_daemon_that_hangs_up_is_unreachable),
        cmocka_unit_test(test_given_configuration_that_cannot_be_read_is_told),
        cmocka_unit_test(test_a_broken_default_configuration_is_a_warning_only),
        cmocka_unit_test(test_empty_custom_options_are_told_how_to_unset),
        cmocka_unit_test(test_all_pages_of_a_list_are_fetched),
        cmocka_unit_test(test_arguments_are_escaped_into_paths),
        cmocka_unit_test(test_queries_are_escaped_and_left_out_without_a_value),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
