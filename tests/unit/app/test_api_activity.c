/* What an overview shows, and what a browser reveals: activity, states, URLs, tokens, secrets. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define PHONE "/phones/001565000001"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" TOKEN "\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"d\", "
        "\"password\": \"s3cret-word\"}",
        201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", \"model\": \"A1\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static json_int_t number_of(const char *member)
{
    json_t *value = json_object_get(server.reply.json, member);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static json_int_t sum_of(const char *member, size_t index)
{
    return json_integer_value(json_array_get(json_object_get(server.reply.json, member), index));
}

/* -- activity ---------------------------------------------------------------------------------- */

static void put_fetch(struct app_fixture *fixture, int64_t at)
{
    char sql[200];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO fetch (at, source, status, body_bytes) "
                   "VALUES (%lld, '192.0.2.1', 200, 1) RETURNING seq",
                   (long long)at);
    (void)fixture_number(fixture, sql);
}

static void test_fetches_and_refusals_are_told_by_the_hour_that_ends_now(void **state)
{
    struct app_fixture *fixture = *state;
    static const int AGES_S[] = {0, 1, 3599, 3600, 7199, 7200};
    char sql[200];

    for (size_t i = 0; i < AP_COUNT(AGES_S); i++)
        put_fetch(fixture, FIXTURE_NOW_S - AGES_S[i]);
    put_fetch(fixture, FIXTURE_NOW_S + 60); /* by a clock that was put back since */
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO refusal (at, source, reason, mac, count) "
                   "VALUES (%lld, '192.0.2.9', 'bad_token', '', 12) RETURNING seq",
                   (long long)FIXTURE_NOW_S - 3600);
    (void)fixture_number(fixture, sql);
    ask("GET", "/activity?hours=2", NULL, 200);
    assert_int_equal(number_of("step_s"), 3600);
    assert_int_equal(number_of("from"), FIXTURE_NOW_S + 1 - 7200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "fetches")), 2);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "refusals")), 2);
    assert_int_equal(sum_of("fetches", 1), 3);
    assert_int_equal(sum_of("fetches", 0), 2);
    assert_int_equal(sum_of("refusals", 1), 0);
    assert_int_equal(sum_of("refusals", 0), 12);
    ask("GET", "/activity", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "fetches")), 24);
    assert_int_equal(sum_of("fetches", 21), 1);
    ask("GET", "/activity?hours=168", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "fetches")), 168);
    assert_int_equal(server.jobs, 3);
    ask("GET", "/activity?hours=169", NULL, 422);
    ask("GET", "/activity?hours=0", NULL, 422);
    ask("GET", "/activity?hours=day", NULL, 422);
}

/* -- states ------------------------------------------------------------------------------------ */

static void expect_states(const char *what, json_int_t looked_at, json_int_t current,
                          json_int_t stale, json_int_t broken, json_int_t never, json_int_t off)
{
    ask("GET", "/phone-states", NULL, 200);
    if (number_of("looked_at") != looked_at || number_of("current") != current ||
        number_of("stale") != stale || number_of("broken") != broken ||
        number_of("never_fetched") != never || number_of("disabled") != off)
        fail_msg("%s: %s", what, server.reply.text);
}

static void fetched(struct app_fixture *fixture, const char *mac)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql),
                   "UPDATE phone SET last_fetch_at = 7 WHERE mac = '%s' RETURNING 1", mac);
    (void)fixture_number(fixture, sql);
}

static void test_phones_are_counted_by_state_each_once(void **state)
{
    struct app_fixture *fixture = *state;

    expect_states("one that never came", 1, 0, 0, 0, 1, 0);
    /* Without a record of what it got there is no old file. */
    fetched(fixture, "001565000001");
    expect_states("fetched", 1, 1, 0, 0, 0, 0);
    (void)fixture_number(
        fixture, "INSERT INTO delivered (phone_id, file, digest, at) SELECT id, "
                 "'{mac}.cfg', x'abababababababababababababababababababababababababababababab"
                 "abab', 7 FROM phone RETURNING at");
    expect_states("another file", 1, 0, 1, 0, 0, 0);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000002\", \"vendor\": \"acme\", \"enabled\": "
        "false}",
        201);
    expect_states("off, never fetched", 2, 0, 1, 0, 0, 1);
    fetched(fixture, "001565000002");
    expect_states("off", 2, 0, 1, 0, 0, 1);
    ask("GET", "/phone-states?after=001565000001", NULL, 200);
    assert_int_equal(number_of("looked_at"), 1);
    assert_true(json_is_null(json_object_get(server.reply.json, "next")));
    ask("GET", "/phone-states?after=0015650000012345678901234567890", NULL, 422);
    api_told(&server, "no cursor");
}

/* -- what is revealed -------------------------------------------------------------------------- */

static void test_a_url_is_told_to_a_post_with_its_qr_code(void **state)
{
    struct app_fixture *fixture = *state;

    ask("GET", PHONE "/url", NULL, 200);
    assert_null(json_object_get(server.reply.json, "qr"));
    ask("POST", PHONE "/url", "{}", 200);
    json_t *rows = json_object_get(server.reply.json, "qr");
    size_t width = json_array_size(rows);
    assert_true(width >= 21);
    for (size_t i = 0; i < width; i++) {
        const char *row = json_string_value(json_array_get(rows, i));
        assert_int_equal(strlen(row), width);
        assert_int_equal(strspn(row, "01"), width);
    }
    assert_non_null(strstr(api_member(&server, "url"), TOKEN));
    ask("POST", PHONE "/url", "{\"x\": 1}", 422);
    api_points(&server, "/x");
    ask("POST", "/phones/001565000009/url", NULL, 404);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.url' AND object = 'mac=001565000001'"),
                     2);
}

static void test_secrets_of_a_file_are_told_to_a_post(void **state)
{
    struct app_fixture *fixture = *state;

    ask("GET", PHONE "/preview", NULL, 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    ask("POST", PHONE "/preview/secrets", "{}", 200);
    ask("POST", PHONE "/preview/secrets?file=001565000001.cfg", NULL, 200);
    assert_string_equal(api_member(&server, "file"), "001565000001.cfg");
    ask("POST", PHONE "/preview/secrets", "{\"file\": \"x\"}", 422);
    ask("POST", PHONE "/preview/secrets?file=none.cfg", NULL, 404);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.preview' AND detail = 'secrets'"),
                     2);
}

static void test_a_folder_token_is_told_to_a_post(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/users/alice/token", "{}", 200);
    assert_string_equal(api_member(&server, "user"), "alice");
    const char *url = api_member(&server, "provisioning_base_url");
    assert_string_equal(url + strlen(url) - strlen("/" TOKEN "/"), "/" TOKEN "/");
    ask("POST", "/users/eve/token", "{}", 404);
    ask("POST", "/users/alice/token", "{\"token\": \"x\"}", 422);
    ask("GET", "/users/alice/token", NULL, 405);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'token.show' AND object = 'user=alice'"),
                     1);
    assert_null(strstr(fixture->log, TOKEN));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_fetches_and_refusals_are_told_by_the_hour_that_ends_now),
        ROW(test_phones_are_counted_by_state_each_once),
        ROW(test_a_url_is_told_to_a_post_with_its_qr_code),
        ROW(test_secrets_of_a_file_are_told_to_a_post),
        ROW(test_a_folder_token_is_told_to_a_post),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
