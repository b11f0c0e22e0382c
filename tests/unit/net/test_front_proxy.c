/* Listeners behind a proxy: who may connect, what the header changes, and what it may not. */
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

static struct network LOOPBACK[] = {{.family = AF_INET, .bytes = {127}, .prefix_len = 8}};
static struct network ELSEWHERE[] = {{.family = AF_INET, .bytes = {10}, .prefix_len = 8}};
static const struct network_list OURS = {LOOPBACK, 1}, OTHERS = {ELSEWHERE, 1};

/* Of PROXY, TCP over IPv4, 203.0.113.HOST:8080. */
#define HEADER_BYTES 28
static const char *header_of(char host)
{
    static char header[HEADER_BYTES + 1];

    memcpy(header,
           "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x0a\x00\x00\x01\x1f\x90\x01\xbb",
           HEADER_BYTES);
    header[19] = host;
    return header;
}

static int open_with(const struct network_list *peers, const struct source_limits *limits)
{
    int err = fixture_open(limits);

    front_set_proxy(server.front, 0, peers);
    return err;
}

static int open_server(void **state)
{
    (void)state;
    return open_with(&OURS, &(struct source_limits){100, 2, 10, 1});
}

static int open_for_others(void **state)
{
    (void)state;
    return open_with(&OTHERS, &(struct source_limits){100, 2, 10, 10});
}

static void connect_from(struct client *client, char host)
{
    client_connect_silent(client, server.port);
    client_send(client, header_of(host), HEADER_BYTES);
}

static void expect_forwarded_hit(struct client *client)
{
    client_send_text(client, "GET /hit HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n");
    run_until_answer(&server, client, false, &answer);
    assert_int_equal(answer.status, 200);
}

static void test_the_headers_address_is_the_requests_peer(void **state)
{
    (void)state;
    server.front->is_late = true; /* the header is read first all the same */
    connect_from(&clients[0], 7);
    client_start_tls(&clients[0], 0);
    run_until_ready(&server, &clients[0]);
    expect_forwarded_hit(&clients[0]);
    assert_string_equal(server.peer, "203.0.113.7");
    assert_false(server.had_forwarded);
    front_set_proxy(server.front, 0, NULL);
    client_connect(&clients[1], server.port, 0);
    run_until_ready(&server, &clients[1]);
    expect_forwarded_hit(&clients[1]);
    assert_string_equal(server.peer, "127.0.0.1");
    assert_true(server.had_forwarded);
}

static bool has_read(void *data)
{
    const struct connection *connection = server.front->connections.last;

    return connection && connection->in.len == *(size_t *)data;
}

static void test_a_header_may_come_byte_by_byte_and_nothing_behind_it_is_read(void **state)
{
    (void)state;
    client_connect_silent(&clients[0], server.port);
    for (size_t i = 0; i < HEADER_BYTES - 1; i++) {
        size_t there = i + 1;
        client_send(&clients[0], header_of(7) + i, 1);
        run_until(&server, NULL, has_read, &there);
        assert_int_equal(server.front->connections.last->state, CONNECTION_PROXY);
    }
    /* The last one together with the whole ClientHello. */
    client_send(&clients[0], header_of(7) + HEADER_BYTES - 1, 1);
    client_start_tls(&clients[0], 0);
    (void)client_step(&clients[0]);
    run_until_ready(&server, &clients[0]);
    expect_forwarded_hit(&clients[0]);
    assert_string_equal(server.peer, "203.0.113.7");
}

static void test_behind_the_header_the_connection_is_silent_and_small(void **state)
{
    (void)state;
    connect_from(&clients[0], 7);
    for (int i = 0; i < 100 && (!server.front->connections.last ||
                                server.front->connections.last->state != CONNECTION_SILENT);
         i++)
        run_some_turns(&server, NULL);
    const struct connection *connection = server.front->connections.last;
    assert_non_null(connection);
    assert_int_equal(connection->state, CONNECTION_SILENT);
    assert_null(connection->in.data);
    assert_false(stream_is_started(&connection->stream));
}

static void test_whoever_is_no_peer_is_closed_at_once_and_counted(void **state)
{
    char text[AP_ADDRESS_TEXT_MAX];

    (void)state;
    client_connect_silent(&clients[0], server.port);
    run_until_closed(&server, &clients[0]);
    assert_int_equal(stats_now().foreign_peers, 1);
    assert_int_equal(stats_now().accepted, 0);
    assert_int_equal(stats_now().refused_connections, 0);
    struct front_stats stats = stats_now();
    address_format(&stats.last_bad_peer, text);
    assert_string_equal(text, "127.0.0.1");
    /* A reload that lists it. */
    front_set_proxy(server.front, 0, &OURS);
    connect_from(&clients[1], 7);
    client_start_tls(&clients[1], 0);
    run_until_ready(&server, &clients[1]);
    assert_int_equal(stats_now().foreign_peers, 1);
}

static void test_a_peer_without_a_header_of_version_2_is_closed_and_counted(void **state)
{
    static const char *const TEXTS[] = {"PROXY TCP4 203.0.113.7 10.0.0.1 8080 443\r\n",
                                        "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02"};

    (void)state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        client_connect_silent(&clients[0], server.port);
        client_send_text(&clients[0], TEXTS[i]);
        run_until_closed(&server, &clients[0]);
        client_done(&clients[0]);
        assert_int_equal(stats_now().bad_proxy_headers, i + 1);
    }
    assert_int_equal(server.calls, 0);
    assert_int_equal(stats_now().failed_handshakes, 0);
}

static void test_a_header_must_come_within_the_handshakes_deadline(void **state)
{
    (void)state;
    server.front->deadlines.handshake_ms = 60;
    client_connect_silent(&clients[0], server.port);
    client_send(&clients[0], header_of(7), 5);
    int64_t begin = now_us();
    run_until_closed(&server, &clients[0]);
    assert_true(now_us() - begin < 5000000);
    assert_int_equal(stats_now().timeouts, 1);
    assert_int_equal(stats_now().bad_proxy_headers, 0);
}

static void test_limits_are_the_sources_and_a_peer_has_none(void **state)
{
    (void)state;
    connect_from(&clients[0], 7);
    connect_from(&clients[1], 7);
    connect_from(&clients[2], 8);
    connect_from(&clients[3], 7); /* its third */
    run_until_closed(&server, &clients[3]);
    assert_int_equal(stats_now().refused_connections, 1);
    assert_int_equal(stats_now().open_connections, 3);
    client_start_tls(&clients[2], 0);
    run_until_ready(&server, &clients[2]);
    expect_forwarded_hit(&clients[2]);
    assert_string_equal(server.peer, "203.0.113.8");
    client_done(&clients[0]);
    run_some_turns(&server, NULL);
    connect_from(&clients[4], 7);
    client_start_tls(&clients[4], 0);
    run_until_ready(&server, &clients[4]);
    expect_forwarded_hit(&clients[4]);
}

static void test_late_answers_are_held_for_the_headers_source(void **state)
{
    struct source_key seven;
    struct address address;

    (void)state;
    connect_from(&clients[0], 7);
    client_start_tls(&clients[0], 0);
    run_until_ready(&server, &clients[0]);
    client_send_text(&clients[0], "GET /late HTTP/1.1\r\n\r\n");
    while (server.calls == 0)
        run_some_turns(&server, &clients[0]);
    assert_int_equal(address_parse("203.0.113.7", &address), 0);
    address_source_key(&address, &seven);
    for (int i = 1; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        assert_int_equal(penalty_table_hold(server.penalties, &seven, 0), 0);
    assert_int_equal(penalty_table_hold(server.penalties, &seven, 0), AP_EBUSY);
    for (int i = 1; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        penalty_table_release(server.penalties, &seven);
}

/* A health check: it may shake hands and ask; who handles the request knows that nobody asks. */
static void test_a_local_connection_has_no_source(void **state)
{
    (void)state;
    client_connect_silent(&clients[0], server.port);
    client_send(&clients[0], "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);
    client_start_tls(&clients[0], 0);
    run_until_ready(&server, &clients[0]);
    expect_forwarded_hit(&clients[0]);
    assert_string_equal(server.peer, "unknown");
}

static void on_drained(void *data)
{
    *(bool *)data = true;
}

static bool is_true(void *data)
{
    return *(bool *)data;
}

static void test_drain_closes_connections_without_a_header(void **state)
{
    bool is_drained = false;

    (void)state;
    client_connect_silent(&clients[0], server.port);
    client_send(&clients[0], header_of(7), 5);
    while (stats_now().accepted == 0)
        run_some_turns(&server, NULL);
    front_drain(server.front, on_drained, &is_drained);
    run_until_closed(&server, &clients[0]);
    run_until(&server, NULL, is_true, &is_drained);
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_the_headers_address_is_the_requests_peer, open_server),
        ROW(test_a_header_may_come_byte_by_byte_and_nothing_behind_it_is_read, open_server),
        ROW(test_behind_the_header_the_connection_is_silent_and_small, open_server),
        ROW(test_whoever_is_no_peer_is_closed_at_once_and_counted, open_for_others),
        ROW(test_a_peer_without_a_header_of_version_2_is_closed_and_counted, open_server),
        ROW(test_a_header_must_come_within_the_handshakes_deadline, open_server),
        ROW(test_limits_are_the_sources_and_a_peer_has_none, open_server),
        ROW(test_late_answers_are_held_for_the_headers_source, open_server),
        ROW(test_a_local_connection_has_no_source, open_server),
        ROW(test_drain_closes_connections_without_a_header, open_server),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
