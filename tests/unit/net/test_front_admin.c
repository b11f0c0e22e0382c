/* The control socket's door of the front. */
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

#include "autoprov/limits.h"
#include "front_private.h"
#include "net_support.h"

static struct client client;
static struct server server;
static struct answer_view answer;

static int open_server(void **state)
{
    (void)state;
    client.fd = -1;
    /* A table that lets nobody through: it is not asked here. */
    server_open(&server, &(struct source_limits){1, 1, 0, 0});
    client_connect_unix(&client, server.unix_path);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    client_done(&client);
    server_close(&server);
    return 0;
}

static void ask(const char *text)
{
    client_send_text(&client, text);
    run_until_answer(&server, &client, false, &answer);
}

static void test_admin_request_has_peer_credentials(void **state)
{
    (void)state;
    ask("GET /hit?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_true(server.had_peer_user);
    assert_int_equal(server.peer_uid, getuid());
    assert_int_equal(server.peer_groups, getgroups(0, NULL));
    assert_string_equal(server.peer, "unix");
}

static void test_admin_body_is_read_whole(void **state)
{
    (void)state;
    ask("POST /hit HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"a\": true}");
    assert_string_equal(server.body, "{\"a\": true}");
    assert_int_equal(server.method, GATE_POST);
    client_send_text(&client, "PUT /hit HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
    run_some_turns(&server, &client);
    assert_int_equal(server.calls, 1);
    ask("cdDELETE /hit2 HTTP/1.1\r\n\r\n");
    assert_string_equal(server.body, "abcd");
    run_until_answer(&server, &client, false, &answer);
    assert_string_equal(answer.body, "/hit2");
    assert_int_equal(server.body_len, 0);
}

static void test_largest_admin_body_is_read(void **state)
{
    static char chunk[65536];

    (void)state;
    memset(chunk, 'x', sizeof(chunk));
    client_send_text(&client, "POST /hit HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n");
    for (size_t sent = 0; sent < AP_ADMIN_BODY_MAX_BYTES; sent += sizeof(chunk)) {
        client_send(&client, chunk, sizeof(chunk));
        run_some_turns(&server, &client);
    }
    run_until_answer(&server, &client, false, &answer);
    assert_int_equal(server.body_len, AP_ADMIN_BODY_MAX_BYTES);
}

static void test_admin_body_above_the_ceiling_is_refused_and_closed(void **state)
{
    (void)state;
    ask("POST /hit HTTP/1.1\r\nContent-Length: 1048577\r\n\r\nxxx");
    assert_int_equal(server.refusal, GATE_REASON_BODY);
    assert_string_equal(server.path, "");
    run_until_closed(&server, &client);
}

static void test_admin_body_that_does_not_come_is_closed(void **state)
{
    struct front_stats stats;

    (void)state;
    server.front->deadlines.admin_body_ms = 60;
    client_send_text(&client, "POST /hit HTTP/1.1\r\nContent-Length: 10\r\n\r\nxxx");
    run_until_closed(&server, &client);
    assert_int_equal(server.calls, 0);
    front_stats(server.front, &stats);
    assert_int_equal(stats.timeouts, 1);
}

static void test_large_admin_answer_arrives_whole(void **state)
{
    (void)state;
    ask("GET /big/1000000 HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.body_len, 1000000);
    for (size_t at = 0; at < answer.body_len; at++)
        assert_int_equal(answer.body[at], 'a' + at % 23);
    client_send_text(&client, "GET /big/9000000 HTTP/1.1\r\n\r\n");
    run_until_closed(&server, &client);
    assert_int_equal(client.in_len, 0);
}

static bool are_accepted(void *data)
{
    struct front_stats stats;

    (void)data;
    front_stats(server.front, &stats);
    return stats.accepted + stats.refused_connections == AP_ADMIN_CONNECTIONS_MAX + 3;
}

static void test_control_socket_has_a_limit_of_connections(void **state)
{
    struct client *others = calloc(AP_ADMIN_CONNECTIONS_MAX + 2, sizeof(*others));
    struct front_stats stats;

    (void)state;
    assert_non_null(others);
    for (size_t i = 0; i < AP_ADMIN_CONNECTIONS_MAX + 2; i++)
        client_connect_unix(&others[i], server.unix_path);
    run_until(&server, NULL, are_accepted, NULL);
    front_stats(server.front, &stats);
    assert_int_equal(stats.accepted, AP_ADMIN_CONNECTIONS_MAX);
    assert_int_equal(stats.refused_connections, 3);
    ask("GET /hit HTTP/1.1\r\n\r\n");
    for (size_t i = 0; i < AP_ADMIN_CONNECTIONS_MAX + 2; i++)
        client_done(&others[i]);
    free(others);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_admin_request_has_peer_credentials),
        ROW(test_admin_body_is_read_whole),
        ROW(test_largest_admin_body_is_read),
        ROW(test_admin_body_above_the_ceiling_is_refused_and_closed),
        ROW(test_admin_body_that_does_not_come_is_closed),
        ROW(test_large_admin_answer_arrives_whole),
        ROW(test_control_socket_has_a_limit_of_connections),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
