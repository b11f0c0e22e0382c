/* Orders that make phones fetch, over the admin API. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/metrics.h"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    static const char *const USERS[] = {"{\"name\": \"alice\"}", "{\"name\": \"bob\"}",
                                        "{\"name\": \"carol\"}"};
    static const char *const PHONES[] = {
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        "{\"user\": \"alice\", \"mac\": \"001565000002\", \"vendor\": \"generic\"}",
        ("{\"user\": \"bob\", \"mac\": \"001565000003\", \"vendor\": \"acme\", "
         "\"lines\": [\"1001@pbx\"], \"sip_contact\": \"sip:1001@192.0.2.9:5062\"}"),
    };

    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    for (size_t i = 0; i < AP_COUNT(USERS); i++)
        ask("POST", "/users", USERS[i], 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx\", \"password\": "
        "\"old1\"}",
        201);
    for (size_t i = 0; i < AP_COUNT(PHONES); i++)
        ask("POST", "/phones", PHONES[i], 201);
    (void)fixture_number(*state, "UPDATE phone SET last_fetch_at = 5, last_fetch_address = "
                                 "'192.0.2.7' WHERE mac <> '001565000003' RETURNING 1");
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void tick(int64_t later_ms)
{
    resync_fixture_tick(&server.rig, later_ms);
}

static json_int_t number_of(const json_t *object, const char *member)
{
    const json_t *number = json_object_get(object, member);

    if (!json_is_integer(number))
        fail_msg("no number '%s'", member);
    return json_integer_value(number);
}

static void test_a_phone_is_told_and_its_row_says_how_that_ended(void **state)
{
    ask("POST", "/resyncs", "{\"macs\": [\"00:15:65:00:00:01\"], \"kind\": \"reboot\"}", 202);
    assert_int_equal(number_of(server.reply.json, "order"), 1);
    assert_int_equal(number_of(server.reply.json, "phones"), 1);
    assert_string_equal(api_member(&server, "of"), "phones");
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM audit WHERE action = "
                                            "'resync.add' AND object = 'mac=001565000001' AND "
                                            "detail = 'kind=reboot'"),
                     1);
    tick(0);
    ask("GET", "/resyncs?mac=001565000001", NULL, 200);
    assert_string_equal(api_text_of(json_array_get(api_items(&server), 0), "outcome"), "waiting");
    resync_fixture_answer(&server.rig, SIP_REFUSED, 489);
    tick(0);
    ask("GET", "/resyncs?outcome=refused&user=alice", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    const json_t *row = json_array_get(api_items(&server), 0);
    assert_string_equal(api_text_of(row, "mac"), "00:15:65:00:00:01");
    assert_string_equal(api_text_of(row, "target"), "sip:1001@192.0.2.7:5060");
    assert_int_equal(number_of(row, "status"), 489);
    assert_int_equal(number_of(row, "fetched_at"), 0);
    ask("GET", "/resyncs?outcome=accepted", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    ask("GET", "/resyncs?user=bob", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    ask("GET", "/resyncs?outcome=lost", NULL, 422);
    ask("GET", "/resyncs?mac=001565000009", NULL, 404);
}

static void test_a_users_order_reaches_phones_of_others_with_a_line_of_the_user(void **state)
{
    (void)state;
    ask("POST", "/resyncs", "{\"user\": \"alice\", \"rate\": 500}", 202);
    assert_int_equal(number_of(server.reply.json, "phones"), 3);
    tick(0);
    tick(100);
    assert_int_equal(server.rig.notice_count, 2); /* generic has no event */
    assert_string_equal(server.rig.notices[1].request_uri, "sip:1001@192.0.2.9:5062");
    ask("GET", "/resyncs/status", NULL, 200);
    const json_t *order = json_array_get(api_items(&server), 0);
    assert_string_equal(api_text_of(order, "of"), "user");
    assert_int_equal(number_of(order, "phones"), 3);
    assert_int_equal(number_of(order, "asked"), 3);
    assert_int_equal(number_of(order, "rate"), 500);
    assert_int_equal(number_of(order, "ended_at"), 0);
    assert_int_equal(number_of(json_object_get(order, "outcomes"), "waiting"), 2);
    assert_int_equal(number_of(json_object_get(order, "outcomes"), "failed"), 1);
    resync_fixture_answer(&server.rig, SIP_ACCEPTED, 200);
    (void)fixture_number(server.fixture, "UPDATE phone SET last_fetch_at = 4000000000 WHERE mac = "
                                         "'001565000003' RETURNING 1");
    tick(0);
    ask("GET", "/resyncs/status", NULL, 200);
    order = json_array_get(api_items(&server), 0);
    assert_true(number_of(order, "ended_at") > 0);
    assert_int_equal(number_of(order, "fetched"), 1);
    assert_int_equal(server.jobs, 2);
}

static void test_what_cannot_be_ordered_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *pointer, *word;
    } CASES[] = {
        {"{}", 422, NULL, "one of macs, user, stale or all"},
        {"{\"all\": true, \"stale\": true}", 422, NULL, "one of macs"},
        {"{\"macs\": []}", 422, "/macs", "1 to 1000"},
        {"{\"macs\": [\"zz\"]}", 422, "/macs/0", "not a MAC"},
        {"{\"macs\": [\"001565000001\", \"001565000009\"]}", 404, "/macs/1", "nobody is told"},
        {"{\"macs\": [\"001565000002\"]}", 422, "/kind", "Generic cannot be told to fetch"},
        {"{\"macs\": [\"001565000004\"]}", 422, "/macs/0", "the phone is off"},
        {"{\"macs\": [\"001565000005\"], \"kind\": \"url\"}", 422, "/kind", "a URL"},
        {"{\"user\": \"nobody\"}", 404, "/user", "no user 'nobody'"},
        {"{\"user\": \"carol\"}", 422, "/user", "has no phone"},
        {"{\"all\": true, \"kind\": \"shout\"}", 422, "/kind", "resync, reboot or url"},
        {"{\"all\": true, \"rate\": 501}", 422, "/rate", "1 to 500"},
    };

    (void)state;
    ask("POST", "/phones",
        "{\"user\": \"bob\", \"mac\": \"001565000004\", \"vendor\": \"acme\", \"enabled\": false}",
        201);
    ask("POST", "/phones",
        "{\"user\": \"bob\", \"mac\": \"001565000005\", \"vendor\": \"flatty\", \"lines\": []}",
        201);
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        ask("POST", "/resyncs", CASES[i].body, CASES[i].status);
        api_told(&server, CASES[i].word);
        api_points(&server, CASES[i].pointer);
    }
    tick(0);
    assert_int_equal(server.rig.notice_count, 0);
    assert_int_equal(
        fixture_number(*state, "SELECT count(*) FROM audit WHERE action = 'resync.add'"), 0);
}

static void test_one_big_order_runs_and_can_be_stopped(void **state)
{
    ask("POST", "/resyncs", "{\"all\": true, \"rate\": 1}", 202);
    assert_true(json_is_null(json_object_get(server.reply.json, "phones")));
    tick(0);
    ask("POST", "/resyncs", "{\"stale\": true}", 503);
    api_told(&server, "resync stop");
    ask("DELETE", "/resyncs", NULL, 200);
    assert_int_equal(number_of(server.reply.json, "stopped"), 1);
    tick(5000);
    assert_int_equal(server.rig.notice_count, 1);
    ask("GET", "/resyncs/status", NULL, 200);
    assert_true(json_is_true(json_object_get(json_array_get(api_items(&server), 0), "cancelled")));
    ask("POST", "/resyncs", "{\"stale\": true}", 202);
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM audit WHERE action IN "
                                            "('resync.add', 'resync.stop') AND object IN "
                                            "('phones=all', 'phones=stale')"),
                     3);
}

static void test_a_contact_is_checked_shown_and_taken_away(void **state)
{
    static const char *const WRONG[] = {
        "{\"sip_contact\": \"1001@192.0.2.7\"}",
        "{\"sip_contact\": \"sip:1001@phone.example.com\"}",
        "{\"sip_contact\": \"sip:1001@192.0.2.7\\r\\nVia: x\"}",
        "{\"sip_contact\": 5}",
    };

    (void)state;
    ask("GET", "/phones/001565000003", NULL, 200);
    assert_string_equal(api_member(&server, "sip_contact"), "sip:1001@192.0.2.9:5062");
    for (size_t i = 0; i < AP_COUNT(WRONG); i++) {
        ask("PATCH", "/phones/001565000003", WRONG[i], 422);
        api_points(&server, "/sip_contact");
    }
    ask("PATCH", "/phones/001565000003", "{\"label\": \"Desk\"}", 200);
    assert_string_equal(api_member(&server, "sip_contact"), "sip:1001@192.0.2.9:5062");
    ask("PATCH", "/phones/001565000003", "{\"sip_contact\": \"\"}", 200);
    assert_string_equal(api_member(&server, "sip_contact"), "");
}

static void test_explain_tells_where_it_listens_and_what_came_of_it(void **state)
{
    static const struct {
        const char *mac, *detail;
    } CASES[] = {
        {"001565000001", "by check-sync;reboot=false to sip:1001@192.0.2.7:5060 (last_fetch); told "
                         "last: accepted with 200, no fetch since"},
        {"001565000003", "by check-sync;reboot=false to sip:1001@192.0.2.9:5062 (sip_contact); it "
                         "was not told yet"},
        {"001565000002", "phones of this vendor cannot be told to fetch"},
    };
    char body[64];

    (void)state;
    ask("POST", "/resyncs", "{\"macs\": [\"001565000001\"]}", 202);
    tick(0);
    resync_fixture_answer(&server.rig, SIP_ACCEPTED, 200);
    tick(0);
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        (void)snprintf(body, sizeof(body), "{\"mac\": \"%s\"}", CASES[i].mac);
        ask("POST", "/explain", body, 200);
        json_t *steps = json_object_get(server.reply.json, "steps");
        const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
        assert_string_equal(api_text_of(last, "step"), "resync");
        assert_string_equal(api_text_of(last, "detail"), CASES[i].detail);
    }
}

static void test_metrics_count_outcomes(void **state)
{
    (void)state;
    ask("POST", "/resyncs", "{\"macs\": [\"001565000001\", \"001565000003\"]}", 202);
    tick(0);
    resync_fixture_answer(&server.rig, SIP_UNREACHABLE, 0);
    tick(100);
    api_reply_done(&server.reply);
    api_ask_raw(&server, "GET /metrics HTTP/1.1\r\n\r\n", &server.reply);
    assert_non_null(
        strstr(server.reply.text, "autoprovd_resyncs_total{outcome=\"unreachable\"} 1\n"));
    assert_non_null(strstr(server.reply.text, "autoprovd_resyncs_total{outcome=\"accepted\"} 0\n"));
    assert_non_null(strstr(server.reply.text, "autoprovd_resyncs_waiting 1\n"));
    assert_null(strstr(server.reply.text, "outcome=\"waiting\""));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_a_phone_is_told_and_its_row_says_how_that_ended),
        ROW(test_a_users_order_reaches_phones_of_others_with_a_line_of_the_user),
        ROW(test_what_cannot_be_ordered_is_refused_with_its_place),
        ROW(test_one_big_order_runs_and_can_be_stopped),
        ROW(test_a_contact_is_checked_shown_and_taken_away),
        ROW(test_explain_tells_where_it_listens_and_what_came_of_it),
        ROW(test_metrics_count_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
