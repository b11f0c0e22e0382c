/* The queue for handshake slots: who comes when, and what happens when more come than can be
 * served. Nothing sleeps, the loop runs until it has happened. */
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

#define MANY 6 /* of the clients are enough here */

static int open_with_one_slot(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 100, 1, 10});
}

static int open_with_one_slot_each(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 100, 8, 1});
}

static int open_with_three_places(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){3, 3, 1, 3});
}

static bool is_waiting(void *data)
{
    return stats_now().waiting_handshakes == *(unsigned *)data;
}

static void run_until_waiting(unsigned count)
{
    run_until(&server, NULL, is_waiting, &count);
}

/* It never finishes its handshake: its hello is not whole. */
static void hold_slot(size_t number)
{
    client_connect_silent(&clients[number], server.port);
    client_send(&clients[number], "\x16\x03\x01\x02", 4);
    run_some_turns(&server, NULL);
}

/* It has said its hello. */
static void queue_client(size_t number)
{
    client_connect(&clients[number], server.port, 0);
    (void)client_step(&clients[number]);
    run_some_turns(&server, NULL);
}

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

static void connect_waiting(size_t number, uint8_t last)
{
    connect_silent_from(&clients[number], last);
    client_start_tls(&clients[number], 0);
    (void)client_step(&clients[number]);
    run_some_turns(&server, NULL);
}

static bool is_later(void *data)
{
    return uv_now(&server.loop) > *(uint64_t *)data;
}

/* Phones give up and try again: whoever has waited longest over all attempts comes first. */
static void test_who_was_turned_away_goes_before_the_newest(void **state)
{
    struct turned_away *table = NULL;

    (void)state;
    assert_int_equal(turned_away_new(&table), 0);
    server.front->setup.turned_away = table;
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
    server.front->waiting.first->opened_at_ms -= 30000;
    server.front->deadlines.waiting_ms = 20000;
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
    server.front->setup.turned_away = NULL;
    turned_away_free(table);
}

/* Its slots are taken: those behind it don't wait for them. */
static void test_who_was_turned_away_stands_in_nobodys_way(void **state)
{
    struct turned_away *table = NULL;
    struct source_key key = {{4, 127, 0, 0, 2}};

    (void)state;
    assert_int_equal(turned_away_new(&table), 0);
    server.front->setup.turned_away = table;
    connect_silent_from(&clients[0], 2); /* never finishes */
    client_send(&clients[0], "\x16\x03\x01\x02", 4);
    run_some_turns(&server, NULL);
    turned_away_note(table, &key, 1, uv_now(&server.loop));
    connect_waiting(1, 2);
    connect_waiting(2, 2);
    run_until_waiting(2);
    server.front->waiting.first->opened_at_ms -= 30000;
    server.front->deadlines.waiting_ms = 20000;
    connect_waiting(3, 4);
    run_until_ready(&server, &clients[3]);
    expect_hit(&clients[3]);
    assert_int_equal(stats_now().waiting_handshakes, 2);
    server.front->setup.turned_away = NULL;
    turned_away_free(table);
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

/* -- more come than can be served ----------------------------------------------------------------
 */

static bool is_late(void *data)
{
    (void)data;
    return server.front->is_late;
}

static bool is_without_room(void *data)
{
    (void)data;
    return server.front->no_room_since_ms != 0;
}

/* The first client has the only slot, the second waits for it, and there was no room for long. */
static void make_late(void)
{

    hold_slot(0);
    queue_client(1);
    run_until_waiting(1);
    run_until(&server, NULL, is_without_room, NULL);
    server.front->waiting.first->opened_at_ms -= 30000;
    server.front->no_room_since_ms -= 30000;
    server.front->deadlines.waiting_ms = 20000;
    run_until(&server, NULL, is_late, NULL);
}

static void test_who_comes_late_waits_unwatched_and_is_served(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    run_until_waiting(2);
    assert_false(server.front->waiting.last->is_watched);
    assert_int_equal(server.front->waiting.last->events, 0);
    client_done(&clients[0]);
    run_until_ready(&server, &clients[2]);
    expect_hit(&clients[2]);
    run_until_ready(&server, &clients[1]);
    expect_hit(&clients[1]);
    /* All is over: the next one is watched again. */
    assert_false(server.front->is_late);
    client_connect_silent(&clients[3], server.port);
    run_some_turns(&server, NULL);
    assert_true(server.front->connections.last->is_watched);
    assert_int_equal(stats_now().waiting_handshakes, 0);
}

static void test_unwatched_client_that_leaves_gives_its_place_back(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    run_until_waiting(2);
    client_done(&clients[2]);
    run_until_waiting(1); /* though no slot has become free */
    assert_int_equal(stats_now().open_connections, 2);
    assert_int_equal(stats_now().timeouts, 0);
}

static void test_unwatched_client_waits_for_so_long_only(void **state)
{
    (void)state;
    make_late();
    server.front->deadlines.first_byte_ms = 30;
    server.front->deadlines.handshake_ms = 30;
    queue_client(2);
    run_until_closed(&server, &clients[2]);
    assert_int_equal(stats_now().waiting_handshakes, 1);
    assert_int_equal(stats_now().timeouts, 1);
}

/* A source that has its fill has waited long: it makes nobody late. */
static void test_full_source_makes_nobody_late(void **state)
{
    (void)state;
    hold_slot(0);
    connect_waiting(1, 1);
    run_until_waiting(1);
    server.front->waiting.first->opened_at_ms -= 30000;
    server.front->deadlines.waiting_ms = 20000;
    for (size_t i = 2; i < MANY; i++) {
        connect_waiting(i, (uint8_t)i);
        run_until_ready(&server, &clients[i]);
        expect_hit(&clients[i]);
        assert_false(server.front->is_late);
    }
    assert_int_equal(stats_now().waiting_handshakes, 1);
}

/* The one who has said nothing yet is the newest. */
static void test_unwatched_silent_one_holds_nobody_up(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    client_connect_silent(&clients[3], server.port);
    run_until_waiting(3);
    client_done(&clients[0]);
    run_until_ready(&server, &clients[2]);
    expect_hit(&clients[2]);
}

static void test_unwatched_silent_one_leaves_the_queue(void **state)
{
    (void)state;
    make_late();
    client_connect_silent(&clients[2], server.port);
    run_until_waiting(2);
    run_until_waiting(1);
    assert_int_equal(stats_now().open_connections, 3);
    client_done(&clients[0]);
    client_start_tls(&clients[2], 0);
    run_until_ready(&server, &clients[2]);
    expect_hit(&clients[2]);
}

static void test_drain_closes_the_unwatched_silent_one(void **state)
{
    (void)state;
    make_late();
    client_connect_silent(&clients[2], server.port);
    run_until_waiting(2);
    server.front->deadlines.first_byte_ms = 60000;
    front_drain(server.front, NULL, NULL);
    run_until_closed(&server, &clients[2]);
    assert_int_equal(stats_now().timeouts, 0);
    client_done(&clients[0]);
    run_until_ready(&server, &clients[1]);
    expect_hit(&clients[1]);
}

static bool is_swept_to_the_newest(void *data)
{
    (void)data;
    return server.front->next_swept && server.front->next_swept == server.front->waiting.last;
}

static bool has_been_swept(void *data)
{
    return server.front->next_swept != data;
}

/* The one with whom the next sweep would go on is gone by then. */
static void test_sweep_goes_on_behind_those_who_left_the_queue(void **state)
{
    (void)state;
    make_late();
    server.front->sweep_max = 1;
    for (size_t i = 2; i < MANY; i++) {
        hold_slot(i);
    }
    run_until_waiting(MANY - 1);
    run_until(&server, NULL, is_swept_to_the_newest, NULL);
    client_done(&clients[0]);
    run_until_waiting(MANY - 2);
    client_done(&clients[MANY - 1]);
    run_until_waiting(MANY - 3);
    run_until(&server, NULL, has_been_swept, server.front->next_swept);
    assert_int_equal(stats_now().open_connections, MANY - 2);
}

/* All places are taken by those who wait: who comes has time left, the oldest has none. */
static void test_newcomer_takes_the_place_of_who_has_waited_long(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    run_until_waiting(2);
    queue_client(3);
    run_until_closed(&server, &clients[1]);
    assert_int_equal(stats_now().waiting_handshakes, 2);
    assert_int_equal(stats_now().refused_connections, 1);
    /* Nobody else has waited long. */
    queue_client(4);
    run_until_closed(&server, &clients[4]);
    assert_int_equal(stats_now().refused_connections, 2);
    client_done(&clients[0]);
    for (size_t i = 3; i >= 2; i--) {
        run_until_ready(&server, &clients[i]);
        expect_hit(&clients[i]);
    }
}

static void test_front_closes_with_unwatched_ones(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    run_until_waiting(2);
    /* The teardown finds that nothing is left. */
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, fixture_close)

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
        ROW(test_who_comes_late_waits_unwatched_and_is_served, open_with_one_slot),
        ROW(test_unwatched_client_that_leaves_gives_its_place_back, open_with_one_slot),
        ROW(test_unwatched_client_waits_for_so_long_only, open_with_one_slot),
        ROW(test_full_source_makes_nobody_late, open_with_one_slot_each),
        ROW(test_unwatched_silent_one_holds_nobody_up, open_with_one_slot),
        ROW(test_unwatched_silent_one_leaves_the_queue, open_with_one_slot),
        ROW(test_drain_closes_the_unwatched_silent_one, open_with_one_slot),
        ROW(test_sweep_goes_on_behind_those_who_left_the_queue, open_with_one_slot),
        ROW(test_newcomer_takes_the_place_of_who_has_waited_long, open_with_three_places),
        ROW(test_front_closes_with_unwatched_ones, open_with_one_slot),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
