/* Lists of refusals and fetches, and filters on phones, over the admin API. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

static void ask(const char *path, int status)
{
    api_expect(&server, "GET", path, NULL, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    api_expect(&server, "POST", "/users", "{\"name\": \"alice\"}", 201);
    api_expect(&server, "POST", "/phones",
               "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}", 201);
    api_expect(&server, "POST", "/phones",
               "{\"user\": \"alice\", \"mac\": \"001565000002\", \"vendor\": \"generic\"}", 201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* Of the phone 001565000001: two fetches and a refusal; and three refusals of strangers. */
static void put_records(void)
{
    static const char *const SQL[] = {
        "INSERT INTO fetch (at, phone_id, source, role, user_agent, status, body_bytes) "
        "SELECT 100, id, '192.0.2.1', 'config', 'Acme A1', 200, 77 FROM phone "
        "WHERE mac = '001565000001' RETURNING seq",
        "INSERT INTO fetch (at, phone_id, source, role, user_agent, status, body_bytes) "
        "SELECT 110, id, '192.0.2.2', 'config', 'Acme A2', 304, 0 FROM phone "
        "WHERE mac = '001565000001' RETURNING seq",
        "INSERT INTO delivered (phone_id, file, digest, at) SELECT id, '{mac}.cfg', "
        "x'abababababababababababababababababababababababababababababababab', 100 FROM phone "
        "WHERE mac = '001565000001' RETURNING at",
        "INSERT INTO refusal (at, phone_id, source, reason, mac, count) "
        "SELECT 120, id, '192.0.2.1', 'disabled', mac, 1 FROM phone "
        "WHERE mac = '001565000001' RETURNING seq",
        "INSERT INTO refusal (at, source, reason, mac, count) VALUES "
        "(180, '192.0.2.9', 'unknown_pair', '', 12) RETURNING seq",
        "INSERT INTO refusal (at, source, reason, mac, count) VALUES "
        "(180, '198.51.100.1', 'bad_token', '', 3) RETURNING seq",
        "INSERT INTO refusal (at, source, reason, mac, count) VALUES "
        "(240, '2001:db8::1', 'unknown_pair', '', 1) RETURNING seq",
    };

    for (size_t i = 0; i < AP_COUNT(SQL); i++)
        (void)fixture_number(server.fixture, SQL[i]);
}

static json_int_t number_of(const json_t *object, const char *member)
{
    json_t *value = json_object_get(object, member);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void test_refusals_are_listed_by_every_filter_on_a_job_thread(void **state)
{
    static const struct {
        const char *path;
        const char *seqs;
    } CASES[] = {
        {"/refusals", "4 3 2 1"},
        {"/refusals?reason=unknown_pair", "4 2"},
        {"/refusals?reason=flat_off", ""},
        {"/refusals?from=192.0.2.0/24", "2 1"},
        {"/refusals?from=192.0.2.9", "2"},
        {"/refusals?from=2001:db8::/32", "4"},
        {"/refusals?since=181", "4"},
        {"/refusals?phone=00:15:65:00:00:01", "1"},
        {"/refusals?phone=001565000002", ""},
        {"/refusals?limit=2&after=3", "2 1"},
    };

    (void)state;
    put_records();
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        char seqs[64] = "";
        ask(CASES[i].path, 200);
        for (size_t j = 0; j < json_array_size(api_items(&server)); j++)
            (void)snprintf(seqs + strlen(seqs), sizeof(seqs) - strlen(seqs), "%s%d",
                           j > 0 ? " " : "",
                           (int)number_of(json_array_get(api_items(&server), j), "seq"));
        if (strcmp(seqs, CASES[i].seqs) != 0)
            fail_msg("%s: '%s'", CASES[i].path, seqs);
    }
    assert_int_equal(server.jobs, AP_COUNT(CASES));
    ask("/refusals?limit=3", 200);
    assert_string_equal(api_member(&server, "next"), "2");
    ask("/refusals?phone=001565000001", 200);
    const json_t *row = json_array_get(api_items(&server), 0);
    assert_string_equal(api_text_of(row, "reason"), "disabled");
    assert_string_equal(api_text_of(row, "mac"), "00:15:65:00:00:01");
    assert_string_equal(api_text_of(row, "source"), "192.0.2.1");
    assert_int_equal(number_of(row, "count"), 1);
    ask("/refusals?reason=bad_token", 200);
    assert_true(json_is_null(json_object_get(json_array_get(api_items(&server), 0), "mac")));
}

static void test_fetches_are_listed_by_every_filter(void **state)
{
    (void)state;
    put_records();
    ask("/fetches", 200);
    assert_int_equal(json_array_size(api_items(&server)), 2);
    assert_string_equal(api_text_of(json_array_get(api_items(&server), 0), "agent"), "Acme A2");
    ask("/fetches?since=110&phone=001565000001", 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    assert_int_equal(number_of(json_array_get(api_items(&server), 0), "status"), 304);
    ask("/fetches?from=192.0.2.1", 200);
    assert_int_equal(number_of(json_array_get(api_items(&server), 0), "bytes"), 77);
    ask("/fetches?phone=001565000002", 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

static void test_filters_that_mean_nothing_are_refused(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *says;
    } CASES[] = {
        {"/refusals?reason=weather", 422, "there is no reason 'weather'"},
        {"/refusals?reason=", 422, "there is no reason ''"},
        {"/refusals?from=moon", 422, "is no address"},
        {"/refusals?from=192.0.2.1/24", 422, "bits behind its length"},
        {"/refusals?since=yesterday", 422, "UTC seconds"},
        {"/refusals?phone=001565000009", 404, "there is no phone"},
        {"/refusals?phone=bob", 422, "not a MAC"},
        {"/refusals?after=x", 422, "no cursor"},
        {"/fetches?after=0", 422, "no cursor"},
        {"/fetches?reason=disabled", 422, "unknown query parameter"},
        {"/phones?never_fetched=perhaps", 422, "true or false"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        ask(CASES[i].path, CASES[i].status);
        api_told(&server, CASES[i].says);
    }
}

static void test_phones_are_listed_by_vendor_model_and_whether_they_fetched(void **state)
{
    (void)state;
    (void)fixture_number(server.fixture, "UPDATE phone SET last_fetch_at = 5 "
                                         "WHERE mac = '001565000001' RETURNING last_fetch_at");
    ask("/phones?vendor=acme", 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    assert_non_null(api_item(&server, "mac", "00:15:65:00:00:01"));
    ask("/phones?never_fetched=true", 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    assert_non_null(api_item(&server, "mac", "00:15:65:00:00:02"));
    ask("/phones?never_fetched=false", 200);
    assert_int_equal(json_array_size(api_items(&server)), 2);
    ask("/phones?vendor=acme&never_fetched=true", 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    ask("/phones?user=alice&model=none", 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

static void test_a_phone_tells_what_it_fetched_and_why_it_was_refused(void **state)
{
    (void)state;
    ask("/phones/001565000001", 200);
    assert_int_equal(number_of(server.reply.json, "fetches"), 0);
    assert_string_equal(api_member(&server, "last_fetch_digest"), "");
    put_records();
    ask("/phones/001565000001", 200);
    assert_int_equal(number_of(server.reply.json, "fetches"), 2);
    assert_int_equal(number_of(server.reply.json, "refusals"), 1);
    assert_int_equal(number_of(server.reply.json, "last_refusal_at"), 120);
    assert_string_equal(api_member(&server, "last_refusal_reason"), "disabled");
    assert_string_equal(api_member(&server, "last_fetch_agent"), "Acme A2");
    assert_string_equal(api_member(&server, "last_fetch_file"), "{mac}.cfg");
    assert_string_equal(api_member(&server, "last_fetch_digest"),
                        "abababababababababababababababab");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_refusals_are_listed_by_every_filter_on_a_job_thread),
        ROW(test_fetches_are_listed_by_every_filter),
        ROW(test_filters_that_mean_nothing_are_refused),
        ROW(test_phones_are_listed_by_vendor_model_and_whether_they_fetched),
        ROW(test_a_phone_tells_what_it_fetched_and_why_it_was_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
