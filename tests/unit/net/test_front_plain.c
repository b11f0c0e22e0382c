/* HTTP without TLS for phones: the same machine, gate, limits and deadlines. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "connection.h"
#include "front_fixture.h"
#include "front_private.h"

static int open_server(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 2, 1, 1});
}

static void expect(struct client *client, const char *request, int status)
{
    client_send_text(client, request);
    run_until_answer(&server, client, false, &answer);
    assert_int_equal(answer.status, status);
}

static void test_a_phone_is_answered_without_tls_and_the_request_says_so(void **state)
{
    (void)state;
    client_connect_plain(&clients[0], server.plain_port);
    for (int i = 0; i < 3; i++) {
        expect(&clients[0], "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n", 200);
        assert_string_equal(answer.body, "/hit");
        assert_true(server.was_plain);
        assert_int_equal(server.listener, 2);
        assert_string_equal(server.peer, "127.0.0.1");
    }
    assert_int_equal(stats_now().handshakes, 0);
    client_connect(&clients[1], server.port, 0);
    run_until_ready(&server, &clients[1]);
    expect(&clients[1], "GET /hit HTTP/1.1\r\n\r\n", 200);
    assert_false(server.was_plain);
}

static void test_control_socket_is_not_called_plain(void **state)
{
    (void)state;
    client_connect_unix(&clients[0], server.unix_path);
    expect(&clients[0], "GET /hit HTTP/1.1\r\n\r\n", 200);
    assert_false(server.was_plain);
}

static void test_the_gate_is_that_of_phones(void **state)
{
    (void)state;
    client_connect_plain(&clients[0], server.plain_port);
    expect(&clients[0], "POST /hit HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405);
    assert_int_equal(server.refusal, GATE_REASON_METHOD);
    expect(&clients[0], "GET /hit?a=b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 404);
    assert_int_equal(server.refusal, GATE_REASON_HOST);
}

/* What it waits for above capacity are handshakes. */
static void test_nobody_waits_for_a_handshake(void **state)
{
    (void)state;
    server.front->is_late = true;
    client_connect_plain(&clients[0], server.plain_port);
    expect(&clients[0], "GET /hit HTTP/1.1\r\n\r\n", 200);
}

/* A phone that was told https:// for this port: no request, and so the miss. */
static void test_a_client_hello_is_a_refused_request(void **state)
{
    (void)state;
    client_connect_plain(&clients[0], server.plain_port);
    client_send(&clients[0], "\x16\x03\x01\x02\x00\x01", 6);
    run_until_answer(&server, &clients[0], false, &answer);
    assert_int_equal(answer.status, 404);
    assert_int_equal(server.refusal, GATE_REASON_REQUEST_LINE);
    run_until_closed(&server, &clients[0]);
    assert_int_equal(stats_now().failed_handshakes, 0);
}

static void test_a_miss_leaves_at_its_due_time(void **state)
{
    (void)state;
    client_connect_plain(&clients[0], server.plain_port);
    int64_t begin = now_us();
    expect(&clients[0], "GET /nothing HTTP/1.1\r\n\r\n", 404);
    assert_true(now_us() - begin >= AP_MISS_DUE_MS * 1000);
}

static void test_connections_of_a_source_have_their_limit(void **state)
{
    (void)state;
    client_connect_plain(&clients[0], server.plain_port);
    client_connect_plain(&clients[1], server.plain_port);
    client_connect_plain(&clients[2], server.plain_port);
    run_until_closed(&server, &clients[2]);
    assert_int_equal(stats_now().refused_connections, 1);
    /* None of them takes a handshake's slot, of which there is one. */
    expect(&clients[0], "GET /hit HTTP/1.1\r\n\r\n", 200);
    expect(&clients[1], "GET /hit HTTP/1.1\r\n\r\n", 200);
}

static bool is_accepted(void *data)
{
    (void)data;
    return stats_now().accepted == 1;
}

static void test_a_silent_connection_costs_its_record_and_has_a_deadline(void **state)
{
    (void)state;
    server.front->deadlines.first_byte_ms = 60;
    client_connect_plain(&clients[0], server.plain_port);
    run_until(&server, NULL, is_accepted, NULL);
    assert_int_equal(server.front->connections.last->state, CONNECTION_IDLE);
    assert_null(server.front->connections.last->in.data);
    run_until_closed(&server, &clients[0]);
    assert_int_equal(stats_now().timeouts, 1);
    /* That of a connection which has asked already is the usual one. */
    client_connect_plain(&clients[1], server.plain_port);
    expect(&clients[1], "GET /hit HTTP/1.1\r\n\r\n", 200);
    const struct connection *idle = server.front->connections.last;
    assert_int_equal(idle->state, CONNECTION_IDLE);
    assert_true(idle->deadline_ms - uv_now(&server.loop) > 60);
}

static void test_a_slow_head_is_closed_by_its_deadline(void **state)
{
    (void)state;
    server.front->deadlines.head_ms = 60;
    client_connect_plain(&clients[0], server.plain_port);
    client_send_text(&clients[0], "GET ");
    run_until_closed(&server, &clients[0]);
    assert_int_equal(clients[0].in_len, 0);
    assert_int_equal(stats_now().timeouts, 1);
}

static void test_behind_a_proxy_the_header_comes_first(void **state)
{
    static struct network loopback = {.family = AF_INET, .bytes = {127}, .prefix_len = 8};
    static const struct network_list peers = {&loopback, 1};

    (void)state;
    front_set_proxy(server.front, 2, &peers);
    client_connect_plain(&clients[0], server.plain_port);
    /* Header and request in one piece. */
    client_send(&clients[0],
                "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x0a\x00\x00\x01\x1f\x90\x01"
                "\xbb"
                "GET /hit HTTP/1.1\r\n\r\n",
                28 + 21);
    run_until_answer(&server, &clients[0], false, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(server.peer, "203.0.113.7");
    client_connect_plain(&clients[1], server.plain_port);
    client_send_text(&clients[1], "GET /hit HTTP/1.1\r\n\r\n");
    run_until_closed(&server, &clients[1]);
    assert_int_equal(stats_now().bad_proxy_headers, 1);
}

static void test_new_certificates_do_not_concern_it(void **state)
{
    (void)state;
    front_set_tls(server.front, 2, server.tls);
    client_connect_plain(&clients[0], server.plain_port);
    expect(&clients[0], "GET /hit HTTP/1.1\r\n\r\n", 200);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_a_phone_is_answered_without_tls_and_the_request_says_so),
        ROW(test_control_socket_is_not_called_plain),
        ROW(test_the_gate_is_that_of_phones),
        ROW(test_nobody_waits_for_a_handshake),
        ROW(test_a_client_hello_is_a_refused_request),
        ROW(test_a_miss_leaves_at_its_due_time),
        ROW(test_connections_of_a_source_have_their_limit),
        ROW(test_a_silent_connection_costs_its_record_and_has_a_deadline),
        ROW(test_a_slow_head_is_closed_by_its_deadline),
        ROW(test_behind_a_proxy_the_header_comes_first),
        ROW(test_new_certificates_do_not_concern_it),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
