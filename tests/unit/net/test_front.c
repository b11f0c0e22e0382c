/* Requests and answers of the phone listener, over TLS on loopback. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "connection.h"
#include "front_private.h"
#include "net_support.h"

static struct client client;
static struct server server;
static struct answer_view answer;

static int open_server(void **state)
{
    (void)state;
    client.fd = -1;
    server_open(&server, &(struct source_limits){100, 100, 10, 10});
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    client_done(&client);
    server_close(&server);
    return 0;
}

static void connect_client(void)
{
    client_connect(&client, server.port, 0);
    run_until_ready(&server, &client);
}

static void ask(const char *text)
{
    client_send_text(&client, text);
    run_until_answer(&server, &client, false, &answer);
}

static struct front_stats stats_now(void)
{
    struct front_stats stats;

    front_stats(server.front, &stats);
    return stats;
}

static void test_hit_is_answered_with_exact_headers(void **state)
{
    (void)state;
    connect_client();
    ask("GET /hit HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "/hit");
    assert_string_equal(answer_header(&answer, "Content-Length"), "4");
    assert_string_equal(answer_header(&answer, "Content-Type"), "text/plain");
    assert_string_equal(answer_header(&answer, "Cache-Control"), "private, no-store");
    assert_non_null(answer_header(&answer, "Date"));
    assert_null(answer_header(&answer, "Server"));
    assert_null(answer_header(&answer, "Connection"));
    assert_null(answer_header(&answer, "Transfer-Encoding"));
    assert_null(answer_header(&answer, "ETag"));
    assert_null(answer_header(&answer, "Allow"));
    assert_string_equal(server.peer, "127.0.0.1");
    assert_false(server.had_peer_user);
}

static void test_small_answers_are_not_delayed(void **state)
{
    int no_delay = 0;
    socklen_t len = sizeof(no_delay);

    (void)state;
    connect_client();
    assert_int_equal(
        getsockopt(server.front->connections.first->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len),
        0);
    assert_true(no_delay);
}

static void test_both_tls_versions_are_served(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        client_connect(&client, server.port, versions[i]);
        run_until_ready(&server, &client);
        assert_int_equal(SSL_version(client.ssl), versions[i]);
        ask("GET /hit HTTP/1.1\r\n\r\n");
        assert_int_equal(answer.status, 200);
        client_done(&client);
        run_some_turns(&server, NULL);
    }
    assert_int_equal(stats_now().handshakes, 2);
    assert_int_equal(stats_now().open_connections, 0);
}

static void test_miss_leaves_at_arrival_plus_50_ms(void **state)
{
    (void)state;
    connect_client();
    for (int i = 0; i < 3; i++) {
        int64_t begin = now_us();
        ask("GET /nothing HTTP/1.1\r\n\r\n");
        int64_t took = now_us() - begin;
        assert_int_equal(answer.status, 404);
        assert_true(took >= 50000);
        assert_true(took < 1000000);
    }
}

/* Work took so long; the answer is then held for the rest. One more than the rest: both clocks
 * have cut their fractions off. */
static void test_late_miss_leaves_at_the_next_multiple_of_50_ms(void **state)
{
    static const struct {
        int took_ms;
        uint64_t held_ms;
    } rows[] = {{0, 51}, {1, 50}, {50, 1}, {51, 50}, {100, 1}, {120, 31}, {1001, 50}};

    (void)state;
    server.monotonic_ms = 1000000;
    connect_client();
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct http_answer late = {.status = 404, .when = HTTP_AT_DUE_TIME};
        client_send_text(&client, "GET /later HTTP/1.1\r\n\r\n");
        while (!server.kept)
            run_some_turns(&server, &client);
        server.monotonic_ms += rows[i].took_ms;
        buf_init(&late.body, 100);
        http_exchange_answer(server.kept, &late);
        server.kept = NULL;
        const struct connection *held = server.front->connections.first;
        assert_int_equal(held->state, CONNECTION_HELD);
        assert_int_equal(held->deadline_ms - uv_now(&server.loop), rows[i].held_ms);
        run_until_answer(&server, &client, false, &answer);
    }
}

static void test_kept_connection_serves_many_requests(void **state)
{
    char text[64];

    (void)state;
    connect_client();
    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof(text), "GET /hit%d HTTP/1.1\r\n\r\n", i);
        ask(text);
        (void)snprintf(text, sizeof(text), "/hit%d", i);
        assert_string_equal(answer.body, text);
    }
    assert_int_equal(stats_now().requests, 200);
    assert_int_equal(stats_now().accepted, 1);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    char text[64];

    (void)state;
    connect_client();
    /* In one record, a miss (held) among them, and more than the buffer of heads holds. */
    char all[16000] = "";
    size_t len = 0;
    for (int i = 0; i < 300; i++)
        len += (size_t)snprintf(all + len, sizeof(all) - len, "GET /%s%d HTTP/1.1\r\nA: b\r\n\r\n",
                                i == 3 ? "miss" : "hit", i);
    client_send(&client, all, len);
    for (int i = 0; i < 300; i++) {
        run_until_answer(&server, &client, false, &answer);
        (void)snprintf(text, sizeof(text), "/hit%d", i);
        assert_string_equal(answer.body, i == 3 ? "no\n" : text);
    }
}

static void test_pipelined_requests_in_many_records_are_answered(void **state)
{
    (void)state;
    connect_client();
    client_send_text(&client, "GET /hi");
    for (int i = 0; i < 40; i++)
        client_send_text(&client, "t HTTP/1.1\r\n\r\nGET /hi");
    for (int i = 0; i < 40; i++)
        run_until_answer(&server, &client, false, &answer);
}

static void test_head_is_like_get_without_the_body(void **state)
{
    (void)state;
    connect_client();
    client_send_text(&client, "HEAD /hit HTTP/1.1\r\n\r\n");
    run_until_answer(&server, &client, true, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Content-Length"), "4");
    assert_int_equal(server.method, GATE_HEAD);
    ask("GET /hit2 HTTP/1.1\r\n\r\n");
    assert_string_equal(answer.body, "/hit2");
}

static void test_not_modified_has_no_body(void **state)
{
    (void)state;
    connect_client();
    ask("GET /etag HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "ETag"), "\"abc\"");
    client_send_text(&client, "GET /etag HTTP/1.1\r\nIf-None-Match: \"abc\"\r\n\r\n");
    run_until_answer(&server, &client, true, &answer);
    assert_int_equal(answer.status, 304);
    assert_string_equal(answer_header(&answer, "ETag"), "\"abc\"");
    ask("GET /hit HTTP/1.1\r\n\r\n");
    assert_string_equal(answer.body, "/hit");
}

static void test_http_1_0_is_served_and_closed(void **state)
{
    (void)state;
    connect_client();
    ask("GET /hit HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_int_equal(answer.status, 200);
    run_until_closed(&server, &client);
    assert_true(client.had_goodbye);
}

static void test_close_is_honoured_from_either_side(void **state)
{
    static const char *const heads[] = {
        "GET /hit HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /close HTTP/1.1\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        connect_client();
        ask(heads[i]);
        assert_int_equal(answer.status, 200);
        run_until_closed(&server, &client);
        assert_true(client.had_goodbye);
        client_done(&client);
    }
}

static void test_refused_target_keeps_the_connection(void **state)
{
    (void)state;
    connect_client();
    ask("GET /%2e%2e/x HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.status, 404);
    assert_int_equal(server.refusal, GATE_REASON_TARGET);
    assert_string_equal(server.path, "");
    ask("GET /hit HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.status, 200);
}

static void test_untrusted_stream_is_answered_and_closed(void **state)
{
    static const struct {
        const char *text;
        enum gate_reason reason;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", GATE_REASON_HOST},
        {"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /hit HTTP/1.1\r\n\r\n", GATE_REASON_BODY},
        {"GET / HTTP/1.1\nHost: a\n\n", GATE_REASON_REQUEST_LINE},
        {"GET / HTTP/1.1\r\nA : b\r\n\r\n", GATE_REASON_HEADER},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        connect_client();
        ask(rows[i].text);
        assert_int_equal(answer.status, 404);
        assert_int_equal(server.refusal, rows[i].reason);
        run_until_closed(&server, &client);
        assert_int_equal(client.in_len, 0);
        client_done(&client);
    }
}

static void test_wrong_method_has_its_body_dropped(void **state)
{
    static char body[60000];

    (void)state;
    memset(body, 'x', sizeof(body));
    connect_client();
    client_send_text(&client, "POST /hit HTTP/1.1\r\nContent-Length: 60000\r\n\r\n");
    run_some_turns(&server, &client);
    assert_int_equal(server.calls, 0);
    for (size_t i = 0; i < sizeof(body); i += 6000)
        client_send(&client, body + i, 6000);
    run_until_answer(&server, &client, false, &answer);
    assert_int_equal(answer.status, 405);
    assert_string_equal(answer_header(&answer, "Allow"), "GET, HEAD");
    assert_int_equal(server.refusal, GATE_REASON_METHOD);
    assert_int_equal(server.method, GATE_POST);
    ask("GET /hit HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.status, 200);
}

static void test_wrong_method_with_a_large_body_is_answered_and_closed(void **state)
{
    static char body[70000];

    (void)state;
    connect_client();
    client_send_text(&client, "POST /hit HTTP/1.1\r\nContent-Length: 70000\r\n\r\n");
    for (size_t i = 0; i < sizeof(body); i += 7000)
        client_send(&client, body + i, 7000);
    run_until_answer(&server, &client, false, &answer);
    assert_int_equal(answer.status, 405);
    run_until_closed(&server, &client);
    assert_true(client.had_goodbye);
}

static void test_body_that_does_not_come_is_answered_and_closed(void **state)
{
    (void)state;
    server.front->deadlines.dropped_body_ms = 60;
    connect_client();
    client_send_text(&client, "POST /hit HTTP/1.0\r\nContent-Length: 100\r\n\r\nonly this");
    run_until_answer(&server, &client, false, &answer);
    assert_int_equal(answer.status, 405);
    run_until_closed(&server, &client);
    assert_true(client.had_goodbye);
}

static void test_answer_may_come_later(void **state)
{
    struct http_answer later = {.status = 200};

    (void)state;
    connect_client();
    client_send_text(&client, "GET /later HTTP/1.1\r\n\r\nGET /hit HTTP/1.1\r\n\r\n");
    while (!server.kept)
        run_some_turns(&server, &client);
    run_some_turns(&server, &client);
    assert_int_equal(server.calls, 1);
    buf_init(&later.body, 100);
    assert_int_equal(buf_append_text(&later.body, "now"), 0);
    http_exchange_answer(server.kept, &later);
    server.kept = NULL;
    run_until_answer(&server, &client, false, &answer);
    assert_string_equal(answer.body, "now");
    run_until_answer(&server, &client, false, &answer);
    assert_string_equal(answer.body, "/hit");
}

static bool nobody_is_left(void *data)
{
    (void)data;
    return stats_now().open_connections == 0;
}

/* The client closes, or resets; the connection's end comes from its own deadline or the poll. */
static void test_client_may_leave_before_the_answer(void **state)
{
    struct http_answer later = {.status = 200};
    struct linger reset = {.l_onoff = 1};

    (void)state;
    server.front->deadlines.connection_ms = 100;
    connect_client();
    client_send_text(&client, "GET /later HTTP/1.1\r\n\r\n");
    while (!server.kept)
        run_some_turns(&server, &client);
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    client_done(&client);
    run_until(&server, NULL, nobody_is_left, NULL);
    assert_string_equal(http_exchange_request(server.kept)->path, "/later");
    assert_int_equal(http_exchange_request(server.kept)->peer->family, AF_INET);
    buf_init_secret(&later.body, 100);
    assert_int_equal(buf_append_text(&later.body, "nobody reads this"), 0);
    http_exchange_answer(server.kept, &later);
    server.kept = NULL;
}

static void test_client_may_leave_while_its_miss_is_held(void **state)
{
    (void)state;
    connect_client();
    client_send_text(&client, "GET /nothing HTTP/1.1\r\n\r\n");
    while (server.calls == 0)
        run_some_turns(&server, &client);
    client_done(&client);
    run_until(&server, NULL, nobody_is_left, NULL);
}

static void test_large_body_arrives_whole(void **state)
{
    char head[64];
    static const size_t sizes[] = {1, 4095, 4096, 16384, 65536, 200000, AP_BODY_MAX_BYTES};

    (void)state;
    connect_client();
    for (size_t i = 0; i < AP_COUNT(sizes); i++) {
        (void)snprintf(head, sizeof(head), "GET /big/%zu HTTP/1.1\r\n\r\n", sizes[i]);
        ask(head);
        assert_int_equal(answer.body_len, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(answer.body[at], 'a' + at % 23);
    }
}

static void test_body_above_the_ceiling_closes_the_connection(void **state)
{
    (void)state;
    connect_client();
    client_send_text(&client, "GET /big/300000 HTTP/1.1\r\n\r\n");
    run_until_closed(&server, &client);
    assert_int_equal(client.in_len, 0);
    client_done(&client);
    connect_client();
    ask("GET /hit HTTP/1.1\r\n\r\n");
    assert_int_equal(answer.status, 200);
}

/* More connections in one turn than there are pairs. */
static void test_more_answers_at_once_than_pairs(void **state)
{
    enum { COUNT = AP_HTTP_PAIRS_MAX + 20 };
    struct client *clients = calloc(COUNT, sizeof(*clients));

    (void)state;
    assert_non_null(clients);
    for (size_t i = 0; i < COUNT; i++) {
        client_connect(&clients[i], server.port, 0);
        run_until_ready(&server, &clients[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        client_send_text(&clients[i], "GET /big/100000 HTTP/1.1\r\n\r\n");
    for (size_t i = 0; i < COUNT; i++) {
        run_until_answer(&server, &clients[i], false, &answer);
        assert_int_equal(answer.body_len, 100000);
        client_done(&clients[i]);
    }
    free(clients);
}

static void test_front_may_be_closed_in_the_middle_of_everything(void **state)
{
    static struct client others[3];

    (void)state;
    connect_client();
    client_send_text(&client, "GET /later HTTP/1.1\r\n\r\n");
    for (size_t i = 0; i < 3; i++) {
        client_connect(&others[i], server.port, 0);
        run_until_ready(&server, &others[i]);
    }
    client_send_text(&others[0], "GET /nothing HTTP/1.1\r\n\r\n");
    client_send_text(&others[1], "GET /big/200000 HTTP/1.1\r\n\r\nGET /hit");
    client_send_text(&others[2], "GET /half");
    while (server.calls < 3)
        (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < 3; i++)
        client_done(&others[i]);
}

/* From a poll's callback, and from the middle of a turn: the second request of a pipeline. */
static void test_handler_may_close_the_front(void **state)
{
    static const char *const texts[] = {
        "GET /shutdown HTTP/1.1\r\n\r\n",
        "GET /hit HTTP/1.1\r\n\r\nGET /shutdown HTTP/1.1\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        connect_client();
        client_send_text(&client, texts[i]);
        run_until_closed(&server, &client);
        client_done(&client);
        server_close(&server);
        server_open(&server, NULL);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_hit_is_answered_with_exact_headers),
        ROW(test_small_answers_are_not_delayed),
        ROW(test_both_tls_versions_are_served),
        ROW(test_miss_leaves_at_arrival_plus_50_ms),
        ROW(test_late_miss_leaves_at_the_next_multiple_of_50_ms),
        ROW(test_kept_connection_serves_many_requests),
        ROW(test_pipelined_requests_are_answered_in_order),
        ROW(test_pipelined_requests_in_many_records_are_answered),
        ROW(test_head_is_like_get_without_the_body),
        ROW(test_not_modified_has_no_body),
        ROW(test_http_1_0_is_served_and_closed),
        ROW(test_close_is_honoured_from_either_side),
        ROW(test_refused_target_keeps_the_connection),
        ROW(test_untrusted_stream_is_answered_and_closed),
        ROW(test_wrong_method_has_its_body_dropped),
        ROW(test_wrong_method_with_a_large_body_is_answered_and_closed),
        ROW(test_body_that_does_not_come_is_answered_and_closed),
        ROW(test_answer_may_come_later),
        ROW(test_client_may_leave_before_the_answer),
        ROW(test_client_may_leave_while_its_miss_is_held),
        ROW(test_large_body_arrives_whole),
        ROW(test_body_above_the_ceiling_closes_the_connection),
        ROW(test_more_answers_at_once_than_pairs),
        ROW(test_front_may_be_closed_in_the_middle_of_everything),
        ROW(test_handler_may_close_the_front),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
