/* Answers that come late: when, how many of them wait, and what becomes of the rest. */
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

static struct penalty_totals totals_now(void)
{
    struct penalty_totals totals;

    penalty_table_totals(server.penalties, clock_monotonic_ms(&server.clock), &totals);
    return totals;
}

static bool is_called(void *data)
{
    return server.calls >= *(unsigned *)data;
}

/* Connected and asked; its answer, if there is one, still waits. */
static void ask(struct client *client, const char *path)
{
    unsigned calls = server.calls + 1;

    client_connect(client, server.port, 0);
    run_until_ready(&server, client);
    client_send_text(client, "GET ");
    client_send_text(client, path);
    client_send_text(client, " HTTP/1.1\r\n\r\n");
    run_until(&server, client, is_called, &calls);
}

static const struct connection *last_connection(void)
{
    return server.front->connections.last;
}

/* Work took so long; the answer is then held for the rest. One more than the rest: both clocks
 * count whole milliseconds. */
static void test_late_answers_are_due_after_two_seconds_or_at_the_next_multiple(void **state)
{
    static const struct {
        int64_t took_ms;
        uint64_t held_ms;
    } rows[] = {{0, 2001}, {1, 2000}, {60, 1941}, {2000, 1}, {2001, 50}, {2050, 1}, {2051, 50}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_answer late = {.status = 404, .when = HTTP_LATE};
        server.monotonic_ms = 1000;
        ask(&clients[0], "/later");
        server.monotonic_ms = 1000 + rows[i].took_ms;
        http_exchange_answer(server.kept, &late);
        server.kept = NULL;
        assert_int_equal(last_connection()->state, CONNECTION_HELD);
        assert_int_equal(last_connection()->deadline_ms - uv_now(&server.loop), rows[i].held_ms);
        client_done(&clients[0]);
        connection_close(server.front->connections.last);
        assert_int_equal(totals_now().held, 0);
    }
}

static void test_a_late_answer_leaves_and_the_connection_goes_on(void **state)
{
    (void)state;
    server.front->deadlines.late_ms = 150;
    int64_t begin = now_us();
    ask(&clients[0], "/late");
    assert_int_equal(totals_now().held, 1);
    run_until_answer(&server, &clients[0], false, &answer);
    assert_true(now_us() - begin >= 150000);
    assert_int_equal(answer.status, 404);
    assert_int_equal(totals_now().held, 0);
    client_send_text(&clients[0], "GET /hit HTTP/1.1\r\n\r\n");
    run_until_answer(&server, &clients[0], false, &answer);
    assert_int_equal(answer.status, 200);
}

static void test_beyond_eight_of_a_source_the_connection_is_closed_without_an_answer(void **state)
{
    struct client *more = &clients[AP_HELD_MISSES_PER_SOURCE_MAX];

    (void)state;
    for (size_t i = 0; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        ask(&clients[i], "/late");
    ask(more, "/late");
    run_until_closed(&server, more);
    assert_int_equal(more->in_len, 0);
    assert_true(more->had_goodbye);
    assert_int_equal(totals_now().held, AP_HELD_MISSES_PER_SOURCE_MAX);
    assert_int_equal(totals_now().closed_misses, 1);
    /* Files, and misses that are not late, are not in their way. */
    client_done(more);
    ask(more, "/hit");
    run_until_answer(&server, more, false, &answer);
    assert_int_equal(answer.status, 200);
    client_send_text(more, "GET /nothing HTTP/1.1\r\n\r\n");
    run_until_answer(&server, more, false, &answer);
    assert_int_equal(answer.status, 404);
    assert_int_equal(totals_now().held, AP_HELD_MISSES_PER_SOURCE_MAX);
}

static void test_a_place_comes_free_with_its_answer(void **state)
{
    (void)state;
    server.front->deadlines.late_ms = 150;
    for (size_t i = 0; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        ask(&clients[i], "/late");
    for (size_t i = 0; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++) {
        run_until_answer(&server, &clients[i], false, &answer);
        assert_int_equal(answer.status, 404);
    }
    ask(&clients[CLIENTS_MAX - 1], "/late");
    run_until_answer(&server, &clients[CLIENTS_MAX - 1], false, &answer);
    assert_int_equal(answer.status, 404);
    assert_int_equal(totals_now().closed_misses, 0);
}

static void test_a_front_that_closes_gives_all_places_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        ask(&clients[i], "/late");
    assert_int_equal(totals_now().held, 3);
    front_close(server.front);
    server.front = NULL;
    assert_int_equal(totals_now().held, 0);
}

static void test_without_a_table_late_answers_wait_all_the_same(void **state)
{
    (void)state;
    server.front->setup.penalties = NULL;
    server.front->deadlines.late_ms = 150;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        ask(&clients[i], "/late");
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        run_until_answer(&server, &clients[i], false, &answer);
        assert_int_equal(answer.status, 404);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_open_roomy, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_late_answers_are_due_after_two_seconds_or_at_the_next_multiple),
        ROW(test_a_late_answer_leaves_and_the_connection_goes_on),
        ROW(test_beyond_eight_of_a_source_the_connection_is_closed_without_an_answer),
        ROW(test_a_place_comes_free_with_its_answer),
        ROW(test_a_front_that_closes_gives_all_places_back),
        ROW(test_without_a_table_late_answers_wait_all_the_same),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
