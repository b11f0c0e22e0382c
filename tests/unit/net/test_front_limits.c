/* Deadlines, descriptors, drain: what happens when something is not as it should
 * be. Deadlines are shortened; nothing sleeps, the loop runs until it has happened. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "connection.h"
#include "front_fixture.h"
#include "front_private.h"

#define MANY 6 /* of the clients are enough here */

static int open_with_two_connections(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 2, 10, 10});
}

/* -- deadlines -------------------------------------------------------------------------------- */

static void test_silent_connection_is_closed(void **state)
{
    (void)state;
    server.front->deadlines.first_byte_ms = 60;
    client_connect_silent(&clients[0], server.port);
    int64_t begin = now_us();
    run_until_closed(&server, &clients[0]);
    assert_true(now_us() - begin >= 50000);
    assert_int_equal(stats_now().timeouts, 1);
    assert_int_equal(stats_now().failed_handshakes, 0);
}

static void test_unfinished_handshake_is_closed(void **state)
{
    static const uint8_t begin_of_hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};

    (void)state;
    server.front->deadlines.handshake_ms = 60;
    client_connect_silent(&clients[0], server.port);
    client_send(&clients[0], begin_of_hello, sizeof(begin_of_hello));
    run_until_closed(&server, &clients[0]);
    assert_int_equal(stats_now().timeouts, 1);
}

static void test_garbage_is_no_handshake(void **state)
{
    (void)state;
    client_connect_silent(&clients[0], server.port);
    client_send_text(&clients[0], "GET /hit HTTP/1.1\r\n\r\n");
    run_until_closed(&server, &clients[0]);
    assert_int_equal(stats_now().failed_handshakes, 1);
    assert_int_equal(server.calls, 0);
}

struct trickle {
    const char *text;
    size_t sent;
    int64_t next_us;
    int64_t begin_us;
};

/* One byte each 5 ms. */
static bool trickle_until_closed(void *data)
{
    struct trickle *trickle = data;

    if (clients[0].is_closed)
        return true;
    if (now_us() >= trickle->next_us && trickle->text[trickle->sent] != '\0') {
        client_send(&clients[0], trickle->text + trickle->sent, 1);
        trickle->sent++;
        trickle->next_us = now_us() + 5000;
    }
    return false;
}

static void test_byte_by_byte_sender_is_closed_by_the_head_deadline(void **state)
{
    struct trickle trickle = {
        .text =
            "GET /hit HTTP/1.1\r\nUser-Agent: a phone that sends one byte after the other\r\n"
            "X-Comment: an idle timer would begin anew with each of them and never end\r\n\r\n"};

    (void)state;
    server.front->deadlines.head_ms = 120;
    connect_ready(&clients[0]);
    trickle.begin_us = now_us();
    run_until(&server, &clients[0], trickle_until_closed, &trickle);
    assert_true(now_us() - trickle.begin_us >= 110000);
    assert_true(trickle.text[trickle.sent] != '\0');
    assert_int_equal(server.calls, 0);
    assert_int_equal(stats_now().timeouts, 1);
}

static void test_idle_connection_is_closed_after_its_answer(void **state)
{
    (void)state;
    server.front->deadlines.idle_ms = 60;
    connect_ready(&clients[0]);
    int64_t begin = now_us(); /* before the answer: it may be seen late */
    expect_hit(&clients[0]);
    run_until_closed(&server, &clients[0]);
    assert_true(now_us() - begin >= 50000);
    assert_true(clients[0].had_goodbye);
}

static void test_connection_has_an_end_even_when_busy(void **state)
{
    (void)state;
    server.front->deadlines.connection_ms = 150;
    connect_ready(&clients[0]);
    unsigned answers = 0;
    while (!clients[0].is_closed && answers < 100000) {
        client_send_text(&clients[0], "GET /hit HTTP/1.1\r\n\r\n");
        while (!clients[0].is_closed && !answer_read(&clients[0], false, &answer))
            run_some_turns(&server, &clients[0]);
        if (!clients[0].is_closed)
            answer_take(&clients[0], &answer);
        answers++;
    }
    assert_true(clients[0].is_closed);
    assert_true(answers > 1);
}

static bool is_timed_out(void *data)
{
    (void)data;
    return stats_now().timeouts > 0;
}

/* The client reads nothing: kernel buffers fill up, then the answer waits. */
static void test_answer_must_be_taken(void **state)
{
    (void)state;
    server.front->deadlines.answer_ms = 100;
    connect_ready(&clients[0]);
    for (int i = 0; i < 150; i++)
        client_send_text(&clients[0], "GET /big/262144 HTTP/1.1\r\n\r\n");
    run_until(&server, NULL, is_timed_out, NULL);
    assert_true(server.calls > 1);
    assert_true(server.calls < 150);
}

static void test_connections_over_the_limit_are_closed_at_once(void **state)
{
    (void)state;
    connect_ready(&clients[0]);
    connect_ready(&clients[1]);
    client_connect_silent(&clients[2], server.port);
    run_until_closed(&server, &clients[2]);
    assert_int_equal(stats_now().refused_connections, 1);
    client_done(&clients[0]);
    run_some_turns(&server, NULL);
    connect_ready(&clients[3]);
    expect_hit(&clients[3]);
}

/* -- descriptors ------------------------------------------------------------------------------ */

static void test_running_out_of_descriptors_closes_one_client_and_rests(void **state)
{
    struct rlimit before;
    struct rlimit low;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (size_t i = 0; i < 3; i++)
        client_connect_silent(&clients[i], server.port);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    low = before;
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int64_t begin = now_us();
    run_until_closed(&server, &clients[0]);
    run_some_turns(&server, NULL);
    assert_int_equal(stats_now().refused_connections, 1);
    assert_int_equal(stats_now().accepted, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_start_tls(&clients[1], 0);
    run_until_ready(&server, &clients[1]);
    assert_true(now_us() - begin >= 90000);
    expect_hit(&clients[1]);
}

/* -- drain and reload ------------------------------------------------------------------------- */

static void on_drained(void *data)
{
    *(bool *)data = true;
}

static bool is_true(void *data)
{
    return *(bool *)data;
}

static void test_drain_closes_the_idle_and_answers_the_rest(void **state)
{
    struct http_answer later = {.status = 200};
    bool is_drained = false;

    (void)state;
    connect_ready(&clients[0]); /* idle */
    client_connect_silent(&clients[1], server.port);
    connect_ready(&clients[2]); /* has a request in hand */
    client_send_text(&clients[2], "GET /later HTTP/1.1\r\n\r\n");
    connect_ready(&clients[3]); /* its miss is held */
    client_send_text(&clients[3], "GET /nothing HTTP/1.1\r\n\r\n");
    while (server.calls < 2)
        run_some_turns(&server, NULL);
    client_connect_silent(&clients[4], server.port); /* in its handshake */
    client_start_tls(&clients[4], 0);
    (void)client_step(&clients[4]);
    run_some_turns(&server, NULL);

    front_drain(server.front, on_drained, &is_drained);
    assert_false(is_drained);
    run_until_closed(&server, &clients[0]);
    assert_true(clients[0].had_goodbye);
    run_until_closed(&server, &clients[1]);
    run_until_answer(&server, &clients[3], false, &answer);
    assert_int_equal(answer.status, 404);
    run_until_closed(&server, &clients[3]);
    run_until_ready(&server, &clients[4]);
    expect_hit(&clients[4]);
    run_until_closed(&server, &clients[4]);
    assert_false(is_drained);
    buf_init(&later.body, 10);
    http_exchange_answer(server.kept, &later);
    server.kept = NULL;
    run_until_answer(&server, &clients[2], false, &answer);
    run_until_closed(&server, &clients[2]);
    for (size_t i = 0; i < MANY; i++)
        client_done(&clients[i]); /* answers linger until the clients have closed */
    run_until(&server, NULL, is_true, &is_drained);
    assert_int_equal(stats_now().open_connections, 0);
}

static void test_drain_of_an_empty_front_is_reported_from_the_loop(void **state)
{
    bool is_drained = false;

    (void)state;
    front_drain(server.front, on_drained, &is_drained);
    assert_false(is_drained);
    run_until(&server, NULL, is_true, &is_drained);
}

static void close_front(void *data)
{
    (void)data;
    front_close(server.front);
}

static void test_front_may_be_closed_by_drained(void **state)
{
    (void)state;
    front_drain(server.front, close_front, NULL);
    assert_int_equal(uv_run(&server.loop, UV_RUN_DEFAULT), 0);
    server.front = NULL;
}

static X509 *peer_certificate(struct client *client)
{
    return SSL_get0_peer_certificate(client->ssl);
}

static void test_new_certificates_are_for_new_connections(void **state)
{
    struct folder folder;
    struct tls_context *tls;

    (void)state;
    folder_make(&folder);
    tls = tls_for_tests(&folder);
    connect_ready(&clients[0]);
    front_set_tls(server.front, 0, tls);
    tls_context_unref(tls);
    connect_ready(&clients[1]);
    assert_int_not_equal(X509_cmp(peer_certificate(&clients[0]), peer_certificate(&clients[1])), 0);
    expect_hit(&clients[0]);
    expect_hit(&clients[1]);
    folder_remove(&folder);
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_silent_connection_is_closed, fixture_open_roomy),
        ROW(test_unfinished_handshake_is_closed, fixture_open_roomy),
        ROW(test_garbage_is_no_handshake, fixture_open_roomy),
        ROW(test_byte_by_byte_sender_is_closed_by_the_head_deadline, fixture_open_roomy),
        ROW(test_idle_connection_is_closed_after_its_answer, fixture_open_roomy),
        ROW(test_connection_has_an_end_even_when_busy, fixture_open_roomy),
        ROW(test_answer_must_be_taken, fixture_open_roomy),
        ROW(test_connections_over_the_limit_are_closed_at_once, open_with_two_connections),
        ROW(test_running_out_of_descriptors_closes_one_client_and_rests, fixture_open_roomy),
        ROW(test_drain_closes_the_idle_and_answers_the_rest, fixture_open_roomy),
        ROW(test_drain_of_an_empty_front_is_reported_from_the_loop, fixture_open_roomy),
        ROW(test_front_may_be_closed_by_drained, fixture_open_roomy),
        ROW(test_new_certificates_are_for_new_connections, fixture_open_roomy),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
