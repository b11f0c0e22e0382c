/* The admin API over its socket: routes, bodies, problems, audit. */
#include "api_client.h"

#include <signal.h>
#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;
static struct api_reply reply;

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    return 0;
}

static int open_server_with_options(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state,
                    "custom_options = '{\"disable_auto_provision_security\": true}'\n", getuid(),
                    (gid_t)-1);
    return 0;
}

static int close_server(void **state)
{
    api_reply_done(&reply);
    api_server_close(&server);
    return fixture_teardown(state);
}

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_reply_done(&reply);
    api_ask(&server, method, path, body, &reply);
    if (reply.status != status)
        fail_msg("%s %s: %d %s", method, path, reply.status, reply.text);
}

static const char *member(const char *name)
{
    const char *text = json_string_value(json_object_get(reply.json, name));

    if (!text)
        fail_msg("no text '%s' in %s", name, reply.text);
    return text;
}

static json_int_t number(const char *name)
{
    assert_true(json_is_integer(json_object_get(reply.json, name)));
    return json_integer_value(json_object_get(reply.json, name));
}

/* RFC 9457, 3: the members that every problem of ours has. */
static void check_problem(const char *type, const char *pointer)
{
    char urn[96];

    (void)snprintf(urn, sizeof(urn), "urn:autoprovd:problem:%s", type);
    assert_string_equal(reply.content_type, "application/problem+json");
    assert_string_equal(member("type"), urn);
    assert_true(member("title")[0]);
    assert_true(member("detail")[0]);
    assert_int_equal(number("status"), reply.status);
    if (pointer)
        assert_string_equal(member("pointer"), pointer);
    else
        assert_null(json_object_get(reply.json, "pointer"));
}

static void add_user_and_account(void)
{
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
        "\"password\": \"s3cret-word\"}",
        201);
}

static void test_status_shows_store_and_daemon(void **state)
{
    (void)state;
    ask("GET", "/status", NULL, 200);
    assert_string_equal(reply.content_type, "application/json");
    assert_string_equal(member("version"), AP_VERSION);
    assert_string_equal(member("options_source"), "store");
    assert_int_equal(number("generation"), 1);
    assert_int_equal(number("workers"), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(reply.json, "store"), "users")), 0);
}

static void test_unknown_paths_and_methods_are_problems(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } ROWS[] = {
        {"GET", "/nothing", 404},
        {"GET", "/", 404},
        {"GET", "", 404},
        {"GET", "/users/a/b/c/d", 404},
        {"GET", "/statuss", 404},
        {"GET", "/status/more", 404},
        {"DELETE", "/status", 405},
        {"POST", "/status", 405},
        {"PATCH", "/users", 405},
        {"PUT", "/users/alice", 405},
        {"GET", "/users/alice/token/rotate", 405},
        {"PUT", "/phones/cc5ef641b794/url", 405},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask(ROWS[i].method, ROWS[i].path, NULL, ROWS[i].status);
        check_problem(ROWS[i].status == 404 ? "not_found" : "invalid", NULL);
    }
    api_reply_done(&reply);
    api_ask_raw(&server, "GET /other HTTP/1.1\r\n\r\n", &reply);
    assert_int_equal(reply.status, 404);
    check_problem("not_found", NULL);
}

static void test_what_the_gate_refuses_is_a_problem_too(void **state)
{
    (void)state;
    api_ask_raw(&server, "GET /api/v1/users/%00 HTTP/1.1\r\n\r\n", &reply);
    assert_int_equal(reply.status, 400);
    check_problem("invalid", NULL);
    api_reply_done(&reply);
    api_ask_raw(&server, "BREW /api/v1/users HTTP/1.1\r\n\r\n", &reply);
    assert_int_equal(reply.status, 405);
    check_problem("invalid", NULL);
    api_reply_done(&reply);
    api_ask_raw(&server, "POST /api/v1/users HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", &reply);
    assert_int_equal(reply.status, 413);
    check_problem("invalid", NULL);
}

static void test_bodies_are_read_strictly(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *type, *pointer;
    } ROWS[] = {
        {"{", 400, "invalid", NULL},
        {"[]", 422, "invalid", NULL},
        {"\"alice\"", 400, "invalid", NULL},
        {"{\"name\": \"a\", \"name\": \"b\"}", 400, "invalid", NULL},
        {"{\"name\": \"a\"} x", 400, "invalid", NULL},
        {"{}", 422, "invalid", NULL}, /* a member that is missing has no place */
        {"{\"name\": 5}", 422, "invalid", "/name"},
        {"{\"name\": \"\"}", 422, "invalid", "/name"},
        {"{\"name\": \"a b\"}", 422, "invalid", "/name"},
        {"{\"name\": \"a/b\"}", 422, "invalid", "/name"},
        {"{\"name\": \"\\u00e4\"}", 422, "invalid", "/name"},
        {"{\"name\": \"a\", \"colour\": \"red\"}", 422, "invalid", "/colour"},
        {"{\"name\": \"a\", \"display_name\": \"a\\nb\"}", 422, "invalid", "/display_name"},
        {"{\"name\": \"a\", \"token\": \"short\"}", 422, "invalid", "/token"},
        {"{\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", 422,
         "invalid", "/name"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask("POST", "/users", ROWS[i].body, ROWS[i].status);
        check_problem(ROWS[i].type, ROWS[i].pointer);
    }
    api_reply_done(&reply);
    api_ask_raw(&server,
                "POST /api/v1/users HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n"
                "\r\n{\"name\": \"a\"} ",
                &reply);
    assert_int_equal(reply.status, 422);
    ask("GET", "/users", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(reply.json, "items")), 0);
}

static void test_users_are_added_shown_listed_and_deleted(void **state)
{
    (void)state;
    ask("POST", "/users", "{\"name\": \"bob\", \"display_name\": \"B\\u00f6b\"}", 201);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/users", "{\"name\": \"alice\"}", 409);
    check_problem("exists", "/name");
    ask("GET", "/users/bob", NULL, 200);
    assert_string_equal(member("display_name"), "B\xc3\xb6"
                                                "b");
    ask("GET", "/users?limit=1", NULL, 200);
    assert_string_equal(member("next"), "alice");
    ask("GET", "/users?limit=1&after=alice", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(reply.json, "items")), 1);
    ask("GET", "/users?limit=0", NULL, 422);
    check_problem("invalid", NULL);
    ask("DELETE", "/users/bob", NULL, 200);
    ask("GET", "/users/bob", NULL, 404);
    check_problem("not_found", NULL);
    ask("DELETE", "/users/bob", NULL, 404);
}

static void test_passwords_never_come_back(void **state)
{
    struct app_fixture *fixture = *state;

    add_user_and_account();
    assert_null(strstr(reply.text, "s3cret-word"));
    ask("GET", "/accounts", NULL, 200);
    assert_null(strstr(reply.text, "s3cret-word"));
    ask("PATCH", "/accounts/1001@pbx.example.com", "{\"password\": \"s3cret-word2\"}", 200);
    assert_null(strstr(reply.text, "s3cret-word"));
    ask("POST", "/accounts", "{\"user\": \"alice\", \"password\": \"s3cret-word\"", 400);
    assert_null(strstr(reply.text, "s3cret-word"));
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"x\", \"domain\": \"d\", "
        "\"password\": \"s3cret-word\\u0001\"}",
        422);
    assert_null(strstr(reply.text, "s3cret-word"));
    assert_null(strstr(fixture->log, "s3cret-word"));
}

static void test_phone_url_is_told_and_audited(void **state)
{
    struct app_fixture *fixture = *state;

    add_user_and_account();
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"CC-5E-F6-41-B7-94\"}", 201);
    assert_string_equal(member("mac"), "cc:5e:f6:41:b7:94");
    ask("GET", "/phones/cc5ef641b794", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(reply.json, "lines")), 1);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"cc5ef641b794\"}", 409);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"ffffffffffff\"}", 422);
    check_problem("invalid", "/mac");
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"cc5ef641b795\", \"vendor\": \"no\"}",
        422);
    check_problem("invalid", "/vendor");
    ask("GET", "/phones/cc5ef641b794/url", NULL, 200);
    assert_memory_equal(member("url"), "https://pbx.example.com/provision/", 34);
    char token[33];
    (void)snprintf(token, sizeof(token), "%.32s", member("url") + 34);
    assert_null(strstr(fixture->log, token));
    api_reply_done(&reply);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.url' AND object = 'mac=cc5ef641b794'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit"), 4);
}

static void test_failed_change_leaves_no_audit_row(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/users", "{\"name\": \"alice\"}", 409);
    ask("POST", "/phones", "{\"user\": \"nobody\", \"mac\": \"cc5ef641b794\"}", 404);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit"), 1);
}

static void test_actor_is_the_peers_uid(void **state)
{
    struct app_fixture *fixture = *state;
    char sql[128];

    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    fixture_stop_store(fixture);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE actor = 'uid=%u'",
                   (unsigned)getuid());
    assert_int_equal(fixture_number(fixture, sql), 1);
}

static void test_options_are_switched_before_the_answer(void **state)
{
    (void)state;
    ask("GET", "/options", NULL, 200);
    assert_string_equal(member("source"), "none");
    ask("PUT", "/options", "{\"custom_options\": \"{\\\"disable_auto_provision_security\\\": 1}\"}",
        422);
    check_problem("invalid", "/custom_options");
    assert_int_equal(server.option_switches, 0);
    ask("PUT", "/options",
        "{\"custom_options\": \"{\\\"disable_auto_provision_security\\\": true}\"}", 200);
    assert_int_equal(server.option_switches, 1);
    ask("GET", "/options", NULL, 200);
    assert_string_equal(member("source"), "store");
    ask("DELETE", "/options", NULL, 200);
    assert_int_equal(server.option_switches, 2);
    assert_int_equal(server.reloads, 0);
}

static void test_longest_custom_options_can_be_set(void **state)
{
    char *body = malloc(AP_CUSTOM_OPTIONS_MAX_BYTES + 64);
    size_t blanks = AP_CUSTOM_OPTIONS_MAX_BYTES - 2;

    (void)state;
    assert_non_null(body);
    (void)snprintf(body, AP_CUSTOM_OPTIONS_MAX_BYTES + 64, "{\"custom_options\": \"{%*s}\"}",
                   (int)blanks, "");
    ask("PUT", "/options", body, 200);
    free(body);
}

static void test_options_of_the_conf_file_are_read_only(void **state)
{
    (void)state;
    ask("GET", "/options", NULL, 200);
    assert_string_equal(member("source"), "config");
    ask("PUT", "/options", "{\"custom_options\": \"{}\"}", 409);
    check_problem("conflict", NULL);
    ask("DELETE", "/options", NULL, 409);
    assert_int_equal(server.option_switches, 0);
}

static void test_reload_answers_with_its_outcome(void **state)
{
    (void)state;
    ask("POST", "/reload", NULL, 200);
    assert_int_equal(server.reloads, 1);
    assert_int_equal(number("generation"), 1);
    server.reload_err = AP_ESYNTAX;
    ask("POST", "/reload", NULL, 422);
    check_problem("invalid", NULL);
    assert_string_equal(member("detail"), "f.conf:1: broken");
}

static void test_rotation_gives_a_new_url_and_the_end_of_the_old(void **state)
{
    (void)state;
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/users/alice/token/rotate", "{\"grace\": 3600}", 200);
    assert_int_equal(number("previous_ends_at"), FIXTURE_NOW_S + 3600);
    assert_int_equal(strlen(member("provisioning_base_url")), 34 + 32 + 1);
    ask("POST", "/users/alice/token/rotate", "{\"grace\": -1}", 422);
    check_problem("invalid", "/grace");
    ask("POST", "/users/nobody/token/rotate", "{}", 404);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_status_shows_store_and_daemon),
        ROW(test_unknown_paths_and_methods_are_problems),
        ROW(test_what_the_gate_refuses_is_a_problem_too),
        ROW(test_bodies_are_read_strictly),
        ROW(test_users_are_added_shown_listed_and_deleted),
        ROW(test_passwords_never_come_back),
        ROW(test_phone_url_is_told_and_audited),
        ROW(test_failed_change_leaves_no_audit_row),
        ROW(test_actor_is_the_peers_uid),
        ROW(test_options_are_switched_before_the_answer),
        ROW(test_longest_custom_options_can_be_set),
        cmocka_unit_test_setup_teardown(test_options_of_the_conf_file_are_read_only,
                                        open_server_with_options, close_server),
        ROW(test_reload_answers_with_its_outcome),
        ROW(test_rotation_gives_a_new_url_and_the_end_of_the_old),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
