/* Objects over the admin API: names in paths, changed phones, what a call may not carry. */
#include "api_client.h"

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

static void told(const char *what)
{
    if (!strstr(member("detail"), what))
        fail_msg("'%s' is not in %s", what, reply.text);
}

#define SIP_BODY(sip_user, domain)                                                                 \
    "{\"user\": \"alice\", \"sip_user\": \"" sip_user "\", \"domain\": \"" domain                  \
    "\", \"password\": \"s3cret-word\"}"

static void add_user_and_accounts(void)
{
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/accounts", SIP_BODY("1001", "pbx.example.com"), 201);
    ask("POST", "/accounts", SIP_BODY("1002", "pbx.example.com"), 201);
}

static void test_every_character_of_a_user_name_can_be_in_a_path(void **state)
{
    static const char *const NAMES[] = {"a.b", "a_b",  "a@b", "a-b", ".a", "..a", "...", "@",
                                        "-",   "a..b", "_",   "A9",  "a.", "@..", ".@.", "..@"};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(NAMES); i++) {
        char body[64], path[64];
        (void)snprintf(body, sizeof(body), "{\"name\": \"%s\"}", NAMES[i]);
        (void)snprintf(path, sizeof(path), "/users/%s", NAMES[i]);
        ask("POST", "/users", body, 201);
        ask("GET", path, NULL, 200);
        ask("DELETE", path, NULL, 200);
    }
}

static void test_every_character_of_an_account_can_be_in_a_path(void **state)
{
    static const char *const USERS[] = {"1-2", "1_2", "1.2", "1~2", "+49", "1*2", "!", "..."};

    (void)state;
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    for (size_t i = 0; i < AP_COUNT(USERS); i++) {
        char body[160], path[96];
        (void)snprintf(body, sizeof(body),
                       "{\"user\": \"alice\", \"sip_user\": \"%s\", \"domain\": \"a-b.c\", "
                       "\"password\": \"s3cret-word\"}",
                       USERS[i]);
        (void)snprintf(path, sizeof(path), "/accounts/%s@a-b.c", USERS[i]);
        ask("POST", "/accounts", body, 201);
        ask("GET", path, NULL, 200);
        ask("PATCH", path, "{\"expires\": 600}", 200);
        ask("DELETE", path, NULL, 200);
    }
}

static void test_what_no_path_could_name_is_refused(void **state)
{
    (void)state;
    ask("POST", "/users", "{\"name\": \".\"}", 422);
    told("neither '.' nor '..'");
    ask("POST", "/users", "{\"name\": \"..\"}", 422);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/accounts", SIP_BODY(".", "pbx"), 422);
    ask("POST", "/accounts", SIP_BODY("..", "pbx"), 422);
    ask("POST", "/accounts", SIP_BODY("9", "[::1]"), 422);
    assert_string_equal(member("pointer"), "/domain");
    told("an IPv6 address goes into registrar_host");
    ask("POST", "/accounts", SIP_BODY("9", "192.0.2.1"), 201);
    ask("PATCH", "/accounts/9@192.0.2.1", "{\"registrar_host\": \"[2001:db8::1]\"}", 200);
    ask("PATCH", "/accounts/9@192.0.2.1", "{\"domain\": \"[2001:db8::1]\"}", 422);
}

static void test_a_disabled_phone_can_be_enabled_and_changed(void **state)
{
    struct app_fixture *fixture = *state;

    add_user_and_accounts();
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"cc5ef641b794\", \"enabled\": false, "
        "\"label\": \"door\", \"external_id\": \"x1\"}",
        201);
    ask("PATCH", "/phones/cc5ef641b794", "{\"enabled\": true}", 200);
    assert_true(json_is_true(json_object_get(reply.json, "enabled")));
    assert_string_equal(member("label"), "door");
    assert_string_equal(member("external_id"), "x1");
    assert_int_equal(json_array_size(json_object_get(reply.json, "lines")), 2);
    ask("PATCH", "/phones/CC:5E:F6:41:B7:94",
        "{\"label\": \"\", \"model\": \"m\", \"lines\": [\"1002@pbx.example.com\"]}", 200);
    assert_string_equal(member("model"), "m");
    assert_string_equal(member("label"), "");
    assert_int_equal(json_array_size(json_object_get(reply.json, "lines")), 1);
    ask("PATCH", "/phones/cc5ef641b794", "{\"lines\": []}", 200);
    assert_true(json_is_array(json_object_get(reply.json, "lines")));
    assert_int_equal(json_array_size(json_object_get(reply.json, "lines")), 0);
    assert_non_null(strstr(fixture->log, "action=phone.set actor=uid="));
    assert_non_null(strstr(fixture->log, " mac=cc5ef641b794"));
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.set' AND object = 'mac=cc5ef641b794'"),
                     3);
}

static void test_changes_that_a_phone_cannot_have_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *pointer, *says;
    } ROWS[] = {
        {"{\"mac\": \"cc5ef641b795\"}", 422, "/mac", "stays with its MAC and its user"},
        {"{\"user\": \"alice\"}", 422, "/user", "stays with its MAC and its user"},
        {"{\"vendor\": \"no\"}", 422, "/vendor", "there is no vendor 'no' in the catalogue"},
        {"{\"lines\": [\"9@x\"]}", 404, "/lines", "there is no account '9@x'"},
        {"{\"external_id\": \"x2\"}", 409, "/external_id", "another phone has this external id"},
        {"{\"colour\": \"red\"}", 422, "/colour", "unknown member"},
    };

    (void)state;
    add_user_and_accounts();
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"cc5ef641b794\"}", 201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"cc5ef641b795\", \"external_id\": \"x2\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask("PATCH", "/phones/cc5ef641b794", ROWS[i].body, ROWS[i].status);
        told(ROWS[i].says);
        assert_string_equal(member("pointer"), ROWS[i].pointer);
    }
    ask("PATCH", "/phones/001122334455", "{\"enabled\": true}", 404);
    ask("GET", "/phones/cc5ef641b794", NULL, 200);
    assert_int_equal(json_integer_value(json_object_get(reply.json, "version")), 1);
}

static void test_problems_name_the_mac(void **state)
{
    (void)state;
    add_user_and_accounts();
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"cc5ef6\\u0007\"}", 422);
    told("'cc5ef6?' is not a MAC");
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"cc5ef641b794\"}", 201);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"CC5EF641B794\"}", 409);
    told("cc:5e:f6:41:b7:94");
}

static void test_what_a_call_does_not_take_is_refused(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *says; /* NULL: success */
    } ROWS[] = {
        {"GET", "/users?limt=1", NULL, 422, "unknown query parameter 'limt'"},
        {"GET", "/users?user=alice", NULL, 422, "unknown query parameter 'user'"},
        {"GET", "/users?limit=1&x", NULL, 422, "unknown query parameter 'x'"},
        {"GET", "/status?limit=1", NULL, 422, "unknown query parameter 'limit'"},
        {"DELETE", "/users/alice?yes=1", NULL, 422, "unknown query parameter 'yes'"},
        {"GET", "/users?limit=1&after=a", NULL, 200, NULL},
        {"GET", "/phones?user=alice&limit=1&after=", NULL, 200, NULL},
        {"POST", "/reload", "{\"force\": true}", 422, "unknown member"},
        {"POST", "/reload", "{}", 200, NULL},
        {"DELETE", "/users/alice", "{}", 422, "takes no body"},
        {"DELETE", "/users/alice", NULL, 200, NULL},
    };

    (void)state;
    add_user_and_accounts();
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask(ROWS[i].method, ROWS[i].path, ROWS[i].body, ROWS[i].status);
        if (ROWS[i].says)
            told(ROWS[i].says);
    }
    assert_int_equal(server.reloads, 1);
}

static void test_a_rotation_says_whether_it_ended_a_token(void **state)
{
    static const struct {
        const char *body;
        bool ends;
    } ROWS[] = {
        {"{\"grace\": 3600}", false},
        {"{\"grace\": 0}", true},
        {"{\"grace\": 0}", false},
        {"{}", false},
        {"{}", true},
    };

    (void)state;
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask("POST", "/users/alice/token/rotate", ROWS[i].body, 200);
        assert_int_equal(json_is_true(json_object_get(reply.json, "ended_one_before")),
                         ROWS[i].ends);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_every_character_of_a_user_name_can_be_in_a_path),
        ROW(test_every_character_of_an_account_can_be_in_a_path),
        ROW(test_what_no_path_could_name_is_refused),
        ROW(test_a_disabled_phone_can_be_enabled_and_changed),
        ROW(test_changes_that_a_phone_cannot_have_are_refused),
        ROW(test_problems_name_the_mac),
        ROW(test_what_a_call_does_not_take_is_refused),
        ROW(test_a_rotation_says_whether_it_ended_a_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
