/* A program takes orders over the admin API, waits for them, and reports. */
#include "api_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "notifier = external\n", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx\", \"password\": "
        "\"old1\"}",
        201);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void order(const char *kind)
{
    char body[80];

    (void)snprintf(body, sizeof(body), "{\"macs\": [\"001565000001\"], \"kind\": \"%s\"}", kind);
    ask("POST", "/resyncs", body, 202);
    resync_fixture_tick(&server.rig, 0);
}

/* -- a client that waits ----------------------------------------------------------------------- */

struct waiting {
    int fd;
    char in[8192];
    size_t len;
};

static void begin_take(struct waiting *waiting)
{
    static const char BODY[] = "{\"limit\": 4, \"wait\": 20}";
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char request[256];
    int len = snprintf(request, sizeof(request),
                       "POST /api/v1/notifications/take HTTP/1.1\r\nContent-Type: "
                       "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(BODY), BODY);

    *waiting = (struct waiting){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    memcpy(name.sun_path, server.socket_path, strlen(server.socket_path));
    assert_int_equal(connect(waiting->fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(send(waiting->fd, request, (size_t)len, MSG_NOSIGNAL), len);
}

static bool is_answered(void *data)
{
    struct waiting *waiting = data;
    ssize_t got = recv(waiting->fd, waiting->in + waiting->len,
                       sizeof(waiting->in) - waiting->len - 1, MSG_DONTWAIT);

    if (got > 0)
        waiting->len += (size_t)got;
    return strstr(waiting->in, "\r\n\r\n{") && strstr(waiting->in, "}\n");
}

/* The request has arrived when the API keeps it: another one is answered behind it. */
static void settle(struct waiting *waiting)
{
    ask("GET", "/users/alice", NULL, 200);
    assert_false(is_answered(waiting));
}

static void test_orders_are_taken_and_reported(void **state)
{
    char path[64];

    ask("POST", "/notifications/take", "{}", 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    assert_true(json_is_true(json_object_get(server.reply.json, "enabled")));
    order("url");
    assert_int_equal(server.rig.notice_count, 0);
    ask("POST", "/notifications/take", "{\"limit\": 64}", 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    const json_t *item = json_array_get(api_items(&server), 0);
    assert_string_equal(api_text_of(item, "mac"), "00:15:65:00:00:01");
    assert_string_equal(api_text_of(item, "user"), "alice");
    assert_string_equal(api_text_of(item, "sip_user"), "1001");
    assert_string_equal(api_text_of(item, "domain"), "pbx");
    assert_string_equal(api_text_of(item, "contact"), "");
    assert_string_equal(api_text_of(item, "event"), "ua-profile");
    assert_string_equal(api_text_of(item, "kind"), "url");
    assert_memory_equal(api_text_of(item, "url"), "https://pbx.example.com/provision/", 34);
    (void)snprintf(path, sizeof(path), "/notifications/%lld",
                   (long long)json_integer_value(json_object_get(item, "id")));
    ask("POST", path, "{\"outcome\": \"waiting\"}", 422);
    api_points(&server, "/outcome");
    ask("POST", path, "{\"status\": 1}", 422);
    ask("POST", path, "{\"outcome\": \"refused\", \"status\": 700}", 422);
    ask("POST", path, "{\"outcome\": \"refused\", \"status\": 3}", 200);
    ask("POST", path, "{\"outcome\": \"accepted\"}", 404);
    ask("POST", "/notifications/x", "{\"outcome\": \"accepted\"}", 404);
    resync_fixture_tick(&server.rig, 0);
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM resync WHERE via = 'external' "
                                            "AND outcome = 'refused' AND status = 3"),
                     1);
}

static void test_who_waits_is_answered_when_there_is_something(void **state)
{
    struct waiting waiting;

    (void)state;
    begin_take(&waiting);
    settle(&waiting);
    order("resync");
    api_run_until(&server, is_answered, &waiting);
    assert_non_null(strstr(waiting.in, "\"event\":\"check-sync;reboot=false\""));
    assert_non_null(strstr(waiting.in, "\"url\":null"));
    close(waiting.fd);
}

static void test_who_waited_long_enough_gets_nothing(void **state)
{
    struct waiting waiting;

    (void)state;
    begin_take(&waiting);
    settle(&waiting);
    server.fixture->monotonic_ms += 19999;
    api_tick(server.api);
    settle(&waiting);
    server.fixture->monotonic_ms += 1;
    api_tick(server.api);
    api_run_until(&server, is_answered, &waiting);
    assert_non_null(strstr(waiting.in, "\"items\":[]"));
    close(waiting.fd);
}

static void test_who_has_left_gets_nothing(void **state)
{
    struct waiting gone, waiting;

    (void)state;
    begin_take(&gone);
    settle(&gone);
    close(gone.fd);
    begin_take(&waiting);
    settle(&waiting);
    order("resync");
    api_run_until(&server, is_answered, &waiting);
    assert_non_null(strstr(waiting.in, "\"event\":\"check-sync;reboot=false\""));
    close(waiting.fd);
}

/* With nothing to take there is nothing to do: a second one that waits must not turn the loop. */
static void test_who_waits_costs_nothing(void **state)
{
    struct waiting first, second;

    (void)state;
    begin_take(&first);
    settle(&first);
    order("resync");
    api_run_until(&server, is_answered, &first);
    begin_take(&second);
    settle(&second);
    unsigned wakes = server.rig.wakes;
    resync_fixture_tick(&server.rig, 1000);
    resync_fixture_tick(&server.rig, 1000);
    assert_int_equal(server.rig.wakes, wakes);
    assert_false(is_answered(&second));
    close(first.fd);
    close(second.fd);
}

static void test_a_stop_keeps_nobody_waiting(void **state)
{
    struct waiting first, second;

    (void)state;
    begin_take(&first);
    settle(&first);
    api_stop(server.api);
    api_run_until(&server, is_answered, &first);
    begin_take(&second);
    api_run_until(&server, is_answered, &second);
    close(first.fd);
    close(second.fd);
}

static void test_a_few_programs_may_wait(void **state)
{
    struct waiting waiting[AP_RESYNC_TAKERS_MAX];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(waiting); i++) {
        begin_take(&waiting[i]);
        settle(&waiting[i]);
    }
    ask("POST", "/notifications/take", "{\"wait\": 5}", 503);
    ask("POST", "/notifications/take", "{}", 200);
    ask("POST", "/notifications/take", "{\"wait\": 26}", 422);
    ask("POST", "/notifications/take", "{\"limit\": 65}", 422);
    order("reboot"); /* the first that came has it */
    api_run_until(&server, is_answered, &waiting[0]);
    for (size_t i = 0; i < AP_COUNT(waiting); i++) {
        assert_true(i == 0 || !is_answered(&waiting[i]));
        close(waiting[i].fd);
    }
}

static void test_explain_says_that_a_program_tells_the_phone(void **state)
{
    (void)state;
    ask("POST", "/explain", "{\"mac\": \"001565000001\"}", 200);
    assert_non_null(strstr(server.reply.text, "through the program of notifier = external, as "
                                              "1001@pbx; it was not told yet"));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_orders_are_taken_and_reported),
        ROW(test_who_waits_is_answered_when_there_is_something),
        ROW(test_who_waited_long_enough_gets_nothing),
        ROW(test_who_has_left_gets_nothing),
        ROW(test_who_waits_costs_nothing),
        ROW(test_a_stop_keeps_nobody_waiting),
        ROW(test_a_few_programs_may_wait),
        ROW(test_explain_says_that_a_program_tells_the_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
