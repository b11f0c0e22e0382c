/* setting …: scopes on the command line, and secrets that never stand there. */
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

static const char OK[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
static const char EMPTY[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"items\": [], \"next\": null}";

struct run {
    struct fake fake;
    struct capture capture;
    int code;
};

/* One command against one canned answer; answer NULL: the daemon must not be asked. */
static void run(struct run *run, int (*command)(const struct ctl_args *args), struct ctl_args args,
                const char *const *answer)
{
    if (answer)
        fake_start(&run->fake, answer, 1);
    args.socket_path = answer ? run->fake.path : "/nonexistent/control.sock";
    capture_begin(&run->capture);
    run->code = command(&args);
    capture_end(&run->capture);
    if (answer)
        fake_stop(&run->fake);
}

static struct ctl_args args_of(const char *name, const char *value, const char *scope)
{
    struct ctl_args args = {.positionals = {name, value},
                            .positional_count = value ? 2 : 1,
                            .names = {"scope"},
                            .values = {scope},
                            .option_count = scope ? 1 : 0};

    return args;
}

static const struct scope_row {
    const char *scope;
    const char *name, *id;
    const char *query;
} SCOPES[] = {
    {"global", "global", "", "?scope=global&name=srtp"},
    {"global:", "global", "", "?scope=global&name=srtp"},
    {"vendor:yealink", "vendor", "yealink", "?scope=vendor&id=yealink&name=srtp"},
    {"model:yealink/T54W", "model", "yealink/T54W", "?scope=model&id=yealink%2fT54W&name=srtp"},
    {"site:hq", "site", "hq", "?scope=site&id=hq&name=srtp"},
    {"user:a@b", "user", "a@b", "?scope=user&id=a@b&name=srtp"},
    {"phone:cc:5e:f6:41:b7:94", "phone", "cc:5e:f6:41:b7:94",
     "?scope=phone&id=cc:5e:f6:41:b7:94&name=srtp"},
    /* What is no scope the daemon tells, with its list. */
    {"planet:mars", "planet", "mars", "?scope=planet&id=mars&name=srtp"},
};

static void test_scope_is_told_from_its_id_at_the_first_colon(void **state)
{
    static const char *const ANSWER[] = {OK};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(SCOPES); i++) {
        struct run ran;
        char body[256], line[256];
        run(&ran, ctl_setting_set, args_of("srtp", "off", SCOPES[i].scope), ANSWER);
        assert_int_equal(ran.code, CTL_OK);
        (void)snprintf(body, sizeof(body),
                       "{\"scope\":\"%s\",\"id\":\"%s\",\"name\":\"srtp\",\"value\":\"off\"}",
                       SCOPES[i].name, SCOPES[i].id);
        assert_memory_equal(ran.fake.asked[0], "PUT /api/v1/settings HTTP/1.1\r\n", 31);
        if (!strstr(ran.fake.asked[0], body))
            fail_msg("'%s' is not in %s", body, ran.fake.asked[0]);
        run(&ran, ctl_setting_unset, args_of("srtp", NULL, SCOPES[i].scope), ANSWER);
        assert_int_equal(ran.code, CTL_OK);
        (void)snprintf(line, sizeof(line), "DELETE /api/v1/settings%s HTTP/1.1\r\n",
                       SCOPES[i].query);
        if (strncmp(ran.fake.asked[0], line, strlen(line)) != 0)
            fail_msg("'%s' is not %s", line, ran.fake.asked[0]);
    }
}

static void test_missing_and_impossible_scopes_are_told(void **state)
{
    static const struct {
        const char *scope;
        int code;
        const char *says;
    } ROWS[] = {
        {NULL, CTL_USAGE, "--scope is missing: global, vendor:NAME, model:VENDOR/MODEL"},
        {"a-scope-of-a-very-long-name:x", CTL_INVALID, "is no scope"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct run ran;
        run(&ran, ctl_setting_set, args_of("srtp", "off", ROWS[i].scope), NULL);
        assert_int_equal(ran.code, ROWS[i].code);
        assert_non_null(strstr(ran.capture.err, ROWS[i].says));
        run(&ran, ctl_setting_unset, args_of("srtp", NULL, ROWS[i].scope), NULL);
        assert_int_equal(ran.code, ROWS[i].code);
    }
}

static void test_secret_is_refused_as_an_argument(void **state)
{
    struct run ran;

    (void)state;
    run(&ran, ctl_setting_set, args_of("admin_password", "hunter2", "global"), NULL);
    assert_int_equal(ran.code, CTL_USAGE);
    assert_non_null(strstr(ran.capture.err, "admin_password is a secret"));
    assert_non_null(strstr(ran.capture.err, "--value-file FILE, or - for standard input"));
    assert_null(strstr(ran.capture.err, "hunter2"));
    run(&ran, ctl_setting_set, args_of("admin_password", NULL, "global"), NULL);
    assert_int_equal(ran.code, CTL_USAGE);
    assert_non_null(strstr(ran.capture.err, "give a value: --value-file FILE"));
    run(&ran, ctl_setting_set, args_of("srtp", NULL, "global"), NULL);
    assert_int_equal(ran.code, CTL_USAGE);
    assert_non_null(strstr(ran.capture.err, "give a value, or --value-file FILE"));
}

static void test_value_comes_from_a_file_without_its_line_end(void **state)
{
    static const char *const ANSWER[] = {OK};
    char path[] = "/tmp/ap-value-XXXXXX";
    int fd = mkstemp(path);
    struct run ran;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hunter2\n", 8), 8);
    close(fd);
    struct ctl_args args = args_of("admin_password", NULL, "user:alice");
    args.names[1] = "value-file";
    args.values[1] = path;
    args.option_count = 2;
    run(&ran, ctl_setting_set, args, ANSWER);
    assert_int_equal(ran.code, CTL_OK);
    assert_non_null(strstr(ran.fake.asked[0], "\"value\":\"hunter2\"}"));
    assert_null(strstr(ran.capture.out, "hunter2"));
    /* Not both. */
    args.positionals[1] = "x";
    args.positional_count = 2;
    run(&ran, ctl_setting_set, args, NULL);
    assert_int_equal(ran.code, CTL_USAGE);
    assert_int_equal(unlink(path), 0);
}

static void test_list_asks_for_all_or_for_one_scope(void **state)
{
    static const struct {
        const char *scope, *line;
    } ROWS[] = {
        {NULL, "GET /api/v1/settings?limit=1000&after= HTTP/1.1\r\n"},
        {"global", "GET /api/v1/settings?scope=global&limit=1000&after= HTTP/1.1\r\n"},
        {"user:alice", "GET /api/v1/settings?scope=user&id=alice&limit=1000&after= HTTP/1.1\r\n"},
    };
    static const char *const ANSWER[] = {EMPTY};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct run ran;
        struct ctl_args args = args_of("", NULL, ROWS[i].scope);
        args.positional_count = 0;
        run(&ran, ctl_setting_list, args, ANSWER);
        assert_int_equal(ran.code, CTL_OK);
        if (strncmp(ran.fake.asked[0], ROWS[i].line, strlen(ROWS[i].line)) != 0)
            fail_msg("%s", ran.fake.asked[0]);
    }
}

static void test_show_says_what_a_setting_means_and_where_it_is_set(void **state)
{
    static const char *const NOTHING[] = {EMPTY};
    struct run ran;

    (void)state;
    run(&ran, ctl_setting_show, args_of("srtp", NULL, NULL), NOTHING);
    assert_int_equal(ran.code, CTL_OK);
    assert_non_null(strstr(ran.capture.out, "srtp: media encryption\ndefault: off; one of: off "));
    run(&ran, ctl_setting_show, args_of("volume", NULL, NULL), NOTHING);
    assert_int_equal(ran.code, CTL_NOT_FOUND);
    assert_non_null(strstr(ran.capture.err, "there is no setting 'volume'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope_is_told_from_its_id_at_the_first_colon),
        cmocka_unit_test(test_missing_and_impossible_scopes_are_told),
        cmocka_unit_test(test_secret_is_refused_as_an_argument),
        cmocka_unit_test(test_value_comes_from_a_file_without_its_line_end),
        cmocka_unit_test(test_list_asks_for_all_or_for_one_scope),
        cmocka_unit_test(test_show_says_what_a_setting_means_and_where_it_is_set),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
