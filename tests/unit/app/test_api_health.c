/* /healthz, /readyz and /metrics, beside the API. */
#include "api_client.h"

#include <unistd.h>

static struct api_server server;

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    return 0;
}

/* Whom the API lets do nothing: neither the daemon's user nor of its group. */
static int open_server_of_others(void **state)
{
    if (getuid() == 0)
        return open_server(state); /* root may do everything */
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid() + 1, (gid_t)-1);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void ask(const char *request, int status)
{
    char text[256];

    api_reply_done(&server.reply);
    (void)snprintf(text, sizeof(text), "%s HTTP/1.1\r\n\r\n", request);
    api_ask_raw(&server, text, &server.reply);
    if (server.reply.status != status)
        fail_msg("%s: %d %s", request, server.reply.status, server.reply.text);
}

static void check_is(const char *name, const char *state)
{
    const json_t *checks = json_object_get(server.reply.json, "checks");
    const json_t *check = json_array_get(json_object_get(checks, name), 0);

    assert_string_equal(api_text_of(check, "status"), state);
    if (strcmp(state, "pass") == 0)
        assert_null(json_object_get(check, "output"));
    else
        assert_true(api_text_of(check, "output")[0]);
}

static void test_healthz_says_that_the_process_lives_and_nothing_else(void **state)
{
    (void)state;
    server.health.running = false;
    ask("GET /healthz", 200);
    assert_string_equal(server.reply.content_type, "application/health+json");
    assert_string_equal(server.reply.text, "{\"status\":\"pass\"}\n");
}

static void test_readyz_passes_when_every_check_does(void **state)
{
    (void)state;
    ask("GET /readyz", 200);
    assert_string_equal(server.reply.content_type, "application/health+json");
    assert_string_equal(api_member(&server, "status"), "pass");
    check_is("store:read", "pass");
    check_is("store:write", "pass");
    check_is("tls:certificates", "pass");
    check_is("daemon:workers", "pass");
    check_is("daemon:writer", "pass");
    check_is("daemon:running", "pass");
}

static void test_readyz_fails_with_a_stuck_worker_writer_or_stop(void **state)
{
    (void)state;
    server.health.stuck_workers = 1;
    ask("GET /readyz", 503);
    assert_string_equal(api_member(&server, "status"), "fail");
    check_is("daemon:workers", "fail");
    check_is("store:read", "pass");
    server.health.stuck_workers = 0;
    server.health.writer_alive = false;
    ask("GET /readyz", 503);
    check_is("daemon:writer", "fail");
    server.health.writer_alive = true;
    server.health.running = false;
    ask("GET /readyz", 503);
    check_is("daemon:running", "fail");
}

static void test_readyz_tells_of_a_certificate_that_ends(void **state)
{
    const int64_t end = tls_context_expires_at(server.snapshot->tls[0]);

    (void)state;
    atomic_store(&server.fixture->wall_s, end - 15 * 86400);
    ask("GET /readyz", 200);
    check_is("tls:certificates", "pass");
    atomic_store(&server.fixture->wall_s, end - 13 * 86400);
    ask("GET /readyz", 200);
    assert_string_equal(api_member(&server, "status"), "warn");
    check_is("tls:certificates", "warn");
    atomic_store(&server.fixture->wall_s, end);
    ask("GET /readyz", 503);
    check_is("tls:certificates", "fail");
}

static void test_health_needs_no_role_but_metrics_do(void **state)
{
    (void)state;
    ask("GET /healthz", 200);
    ask("GET /readyz", 200);
    ask("GET /metrics", getuid() == 0 ? 200 : 403);
}

static void test_health_and_metrics_are_read_only(void **state)
{
    (void)state;
    ask("DELETE /healthz", 405);
    ask("DELETE /readyz", 405);
    ask("DELETE /metrics", 405);
    ask("GET /metrics?x=1", 422);
    ask("GET /metrics/", 404);
    ask("GET /healthz/more", 404);
    ask("GET /api/v1/metrics", 404);
    ask("GET /api/v1/healthz", 404);
}

static void test_metrics_join_what_the_store_and_the_daemon_know(void **state)
{
    (void)state;
    api_expect(&server, "POST", "/users", "{\"name\": \"alice\"}", 201);
    api_expect(&server, "POST", "/phones",
               "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}", 201);
    ask("GET /metrics", 200);
    assert_string_equal(server.reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_non_null(strstr(server.reply.text, "\nautoprovd_users 1\n"));
    assert_non_null(strstr(server.reply.text, "\nautoprovd_phones{state=\"never_fetched\"} 1\n"));
    assert_non_null(
        strstr(server.reply.text, "\nautoprovd_refusals_total{reason=\"unknown_pair\"} 7\n"));
    assert_non_null(strstr(server.reply.text, "\nautoprovd_workers 2\n"));
    assert_null(strstr(server.reply.text, "001565000001"));
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_healthz_says_that_the_process_lives_and_nothing_else),
        ROW(test_readyz_passes_when_every_check_does),
        ROW(test_readyz_fails_with_a_stuck_worker_writer_or_stop),
        ROW(test_readyz_tells_of_a_certificate_that_ends),
        cmocka_unit_test_setup_teardown(test_health_needs_no_role_but_metrics_do,
                                        open_server_of_others, close_server),
        ROW(test_health_and_metrics_are_read_only),
        ROW(test_metrics_join_what_the_store_and_the_daemon_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
