/* The queue for handshake slots: who comes when. Nothing sleeps, the loop runs until it has
 * happened. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/turned_away.h"
#include "connection.h"
#include "front_fixture.h"
#include "front_private.h"
#include "queue_fixture.h"

static void test_connections_wait_for_a_handshake_slot_in_turn(void **state)
{
    (void)state;
    hold_slot(0);
    for (size_t i = 1; i < MANY; i++) {
        queue_client(i);
    }
    run_until_waiting(MANY - 1);
    assert_int_equal(stats_now().handshakes, 0);
    client_done(&clients[0]);
    for (size_t i = 1; i < MANY; i++) {
        run_until_ready(&server, &clients[i]);
        expect_hit(&clients[i]);
    }
    assert_int_equal(stats_now().waiting_handshakes, 0);
    assert_int_equal(stats_now().handshakes, MANY - 1);
}

/* The slot is held by somebody else's front: only the ticker finds out that it is free. */
static void test_slot_that_another_front_frees_is_found(void **state)
{
    struct address other;
    struct source_key key;

    (void)state;
    assert_int_equal(address_parse("192.0.2.1", &other), 0);
    address_source_key(&other, &key);
    assert_int_equal(source_table_connect(server.sources, &key), 0);
    assert_int_equal(source_table_handshake_begin(server.sources, &key), 0);
    queue_client(0);
    run_until_waiting(1);
    source_table_handshake_end(server.sources, &key);
    source_table_disconnect(server.sources, &key);
    run_until_ready(&server, &clients[0]);
    expect_hit(&clients[0]);
}

static void test_waiting_for_a_slot_is_bounded(void **state)
{
    (void)state;
    server.front->deadlines.first_byte_ms = 60;
    hold_slot(0);
    server.front->deadlines.handshake_ms = 60;
    queue_client(1);
    run_until_waiting(1);
    run_until_closed(&server, &clients[1]);
    assert_int_equal(stats_now().waiting_handshakes, 0);
    assert_int_equal(stats_now().timeouts, 1);
}

/* The first client has the only slot, and says no more; two wait for it. */
static void queue_two(void)
{

    hold_slot(0);
    for (size_t i = 1; i < 3; i++) {
        queue_client(i);
    }
    run_until_waiting(2);
}

/* Nobody signs for a client that has left the queue. */
static void test_waiting_client_that_leaves_costs_no_handshake(void **state)
{
    (void)state;
    queue_two();
    client_done(&clients[1]);
    client_done(&clients[0]);
    run_until_ready(&server, &clients[2]);
    expect_hit(&clients[2]);
    assert_int_equal(stats_now().handshakes, 1);
    assert_int_equal(stats_now().failed_handshakes, 1); /* the first client's */
}

static void test_waiting_client_that_leaves_gives_its_place_back(void **state)
{
    (void)state;
    hold_slot(0);
    queue_client(1);
    run_until_waiting(1);
    client_done(&clients[1]);
    run_until_waiting(0); /* though no slot has become free */
    assert_int_equal(stats_now().open_connections, 1);
}

/* Whoever has waited long is about to give up: a handshake with it would be for nothing. */
static void test_newest_is_taken_when_the_oldest_has_waited_long(void **state)
{
    (void)state;
    server.front->deadlines.waiting_ms = 0;
    queue_two();
    client_done(&clients[0]);
    /* The older one says nothing more: with the only slot it would be in the way. */
    run_until_ready(&server, &clients[2]);
    expect_hit(&clients[2]);
    run_until_ready(&server, &clients[1]);
    expect_hit(&clients[1]);
}

/* Phones give up and try again: whoever has waited longest over all attempts comes first. */
static void test_who_was_turned_away_goes_before_the_newest(void **state)
{
    struct turned_away *table = remember_turned_away();

    (void)state;
    hold_slot(0);
    connect_waiting(1, 2);
    run_until_waiting(1);
    client_done(&clients[1]);
    run_until_waiting(0);
    uint64_t back_ms = uv_now(&server.loop);
    run_until(&server, NULL, is_later, &back_ms); /* or its two attempts are one */
    back_ms = uv_now(&server.loop);
    connect_waiting(2, 3); /* the newest are taken because of it, below */
    connect_waiting(3, 2); /* comes back */
    connect_waiting(4, 4);
    run_until_waiting(3);
    age_first();
    client_done(&clients[0]);
    run_until_ready(&server, &clients[3]);
    /* Nobody's handshake was begun before it. */
    assert_int_equal(stats_now().timeouts, 0);
    assert_int_equal(stats_now().waiting_handshakes, 2);
    expect_hit(&clients[3]);
    run_until_ready(&server, &clients[4]);
    run_until_ready(&server, &clients[2]);
    /* It has had its turn: nothing is left of the earlier attempt. */
    struct source_key key = {{4, 127, 0, 0, 2}};
    uint64_t now_ms = uv_now(&server.loop);
    assert_in_range(turned_away_since(table, &key, now_ms), back_ms, now_ms);
}

/* Its slots are taken: those behind it don't wait for them. */
static void test_who_was_turned_away_stands_in_nobodys_way(void **state)
{
    struct turned_away *table = remember_turned_away();
    struct source_key key = {{4, 127, 0, 0, 2}};

    (void)state;
    connect_silent_from(&clients[0], 2); /* never finishes */
    client_send(&clients[0], "\x16\x03\x01\x02", 4);
    run_some_turns(&server, NULL);
    turned_away_note(table, &key, 1, uv_now(&server.loop));
    connect_waiting(1, 2);
    connect_waiting(2, 2);
    run_until_waiting(2);
    age_first();
    connect_waiting(3, 4);
    run_until_ready(&server, &clients[3]);
    expect_hit(&clients[3]);
    assert_int_equal(stats_now().waiting_handshakes, 2);
}

/* The signatures of many would come before the answers to those that were begun. */
static void test_handshakes_of_a_crowd_are_begun_in_several_turns(void **state)
{
    unsigned turns = 0;

    (void)state;
    assert_true(CLIENTS_MAX > AP_HANDSHAKES_PER_TURN);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        client_connect(&clients[i], server.port, 0); /* no turn between them */
        (void)client_step(&clients[i]);
    }
    while (stats_now().waiting_handshakes == 0 && turns++ < 10)
        (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    assert_int_equal(stats_now().waiting_handshakes, CLIENTS_MAX - AP_HANDSHAKES_PER_TURN);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        run_until_ready(&server, &clients[i]);
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, close_queue)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_connections_wait_for_a_handshake_slot_in_turn, open_with_one_slot),
        ROW(test_slot_that_another_front_frees_is_found, open_with_one_slot),
        ROW(test_waiting_for_a_slot_is_bounded, open_with_one_slot),
        ROW(test_waiting_client_that_leaves_costs_no_handshake, open_with_one_slot),
        ROW(test_waiting_client_that_leaves_gives_its_place_back, open_with_one_slot),
        ROW(test_newest_is_taken_when_the_oldest_has_waited_long, open_with_one_slot),
        ROW(test_newest_is_taken_when_the_oldest_has_waited_long, open_with_one_slot_each),
        ROW(test_who_was_turned_away_goes_before_the_newest, open_with_one_slot),
        ROW(test_who_was_turned_away_stands_in_nobodys_way, open_with_one_slot_each),
        ROW(test_handshakes_of_a_crowd_are_begun_in_several_turns, fixture_open_roomy),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
