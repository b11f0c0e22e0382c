/* The queue for handshake slots when more come than can be served: who is watched, who goes first,
 * and who gives way. */
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

static int open_with_three_places_one_slot_each(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){3, 3, 8, 1});
}

static int open_with_three_places(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){3, 3, 1, 3});
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
    wait_for_own_slot();
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
    connect_waiting(3, 3);
    run_until_closed(&server, &clients[1]);
    assert_int_equal(stats_now().waiting_handshakes, 2);
    assert_int_equal(stats_now().refused_connections, 1);
    /* Nobody else has waited long. */
    connect_waiting(4, 4);
    run_until_closed(&server, &clients[4]);
    assert_int_equal(stats_now().refused_connections, 2);
    client_done(&clients[0]);
    for (size_t i = 3; i >= 2; i--) {
        run_until_ready(&server, &clients[i]);
        expect_hit(&clients[i]);
    }
}

static int open_with_three_places_two_each(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){3, 2, 1, 3});
}

/* So that nobody is closed for somebody who is refused. */
static void test_source_at_its_limit_takes_nobodys_place(void **state)
{
    (void)state;
    connect_silent_from(&clients[0], 5);
    client_send(&clients[0], "\x16\x03\x01\x02", 4);
    run_some_turns(&server, NULL);
    connect_waiting(1, 2);
    become_late();
    connect_waiting(2, 5);
    run_until_waiting(2);
    connect_silent_from(&clients[3], 5);
    run_until_closed(&server, &clients[3]);
    assert_int_equal(stats_now().refused_connections, 1);
    assert_int_equal(stats_now().waiting_handshakes, 2);
}

/* A source that has its fill waits for itself: there is no crowd, and who comes is refused. */
static void test_full_table_without_a_crowd_refuses_who_comes(void **state)
{
    (void)state;
    wait_for_own_slot();
    connect_silent_from(&clients[2], 2);
    run_some_turns(&server, NULL);
    connect_silent_from(&clients[3], 3);
    run_until_closed(&server, &clients[3]);
    assert_int_equal(stats_now().waiting_handshakes, 1);
}

/* -- those who were turned away, of a crowd -------------------------------------------------------
 */

#define OLDER 40 /* more than are tried at once */

static struct client older[OLDER];

static bool is_waiting_from(uint8_t last)
{
    for (const struct connection *it = server.front->waiting.first; it; it = it->next_waiting) {
        struct source_key key;
        address_source_key(&it->peer, &key);
        if (key.bytes[4] == last)
            return true;
    }
    return false;
}

static void note_since(struct turned_away *table, uint8_t last, uint64_t ago_ms)
{
    struct source_key key = {{4, 127, 0, 0, last}};
    uint64_t now_ms = uv_now(&server.loop);

    turned_away_note(table, &key, now_ms > ago_ms ? now_ms - ago_ms : 1, now_ms);
}

static bool has_one_begun(void *data)
{
    (void)data;
    return !is_waiting_from(77) || !is_waiting_from(88);
}

/* .77 has waited for 10 s, as many older ones as may be are in its way, .88 is new. */
static void expect_returning_one_first(struct turned_away *table,
                                       void (*connect_older)(struct client *client, uint8_t last),
                                       void (*meanwhile)(struct turned_away *table))
{
    hold_slot(0);
    connect_waiting(1, 2);
    become_late();
    note_since(table, 77, 10000);
    for (uint8_t i = 0; i < OLDER; i++)
        note_since(table, (uint8_t)(100 + i), 20000);
    connect_waiting(2, 77);
    for (uint8_t i = 0; i < OLDER; i++)
        connect_older(&older[i], (uint8_t)(100 + i));
    connect_waiting(3, 88);
    run_until_waiting(OLDER + 3);
    if (meanwhile)
        meanwhile(table);
    client_done(&clients[0]);
    run_until(&server, NULL, has_one_begun, NULL);
    assert_false(is_waiting_from(77));
    assert_true(is_waiting_from(88));
    for (uint8_t i = 0; i < OLDER; i++)
        client_done(&older[i]);
}

static void connect_silently(struct client *client, uint8_t last)
{
    connect_silent_from(client, last);
    run_some_turns(&server, NULL);
}

static void test_silent_ones_keep_nobody_from_his_turn(void **state)
{
    struct turned_away *table = remember_turned_away();

    (void)state;
    server.front->deadlines.first_byte_ms = 60000;
    expect_returning_one_first(table, connect_silently, NULL);
}

static void give_older_their_turn(struct turned_away *table)
{
    for (uint8_t i = 0; i < OLDER; i++) {
        struct source_key key = {{4, 127, 0, 0, (uint8_t)(100 + i)}};
        turned_away_had_turn(table, &key, uv_now(&server.loop));
    }
}

/* As other workers give it to others of these sources. */
static void test_who_had_his_turn_elsewhere_keeps_nobody_from_his(void **state)
{
    struct turned_away *table = remember_turned_away();

    (void)state;
    expect_returning_one_first(table, connect_and_speak, give_older_their_turn);
}

static bool is_one_taken(void *data)
{
    (void)data;
    return !is_waiting_from(10) || !is_waiting_from(11) || !is_waiting_from(12);
}

static void test_of_those_who_return_the_oldest_is_first(void **state)
{
    struct turned_away *table = remember_turned_away();

    (void)state;
    hold_slot(0);
    connect_waiting(1, 2);
    become_late();
    note_since(table, 10, 10000);
    note_since(table, 11, 15000);
    note_since(table, 12, 5000);
    for (uint8_t i = 0; i < 3; i++)
        connect_waiting(2 + i, (uint8_t)(10 + i));
    run_until_waiting(4);
    client_done(&clients[0]);
    run_until(&server, NULL, is_one_taken, NULL);
    assert_false(is_waiting_from(11));
    assert_true(is_waiting_from(10) && is_waiting_from(12));
}

/* It connects and leaves, again and again, and has waited for nothing. */
static void test_who_leaves_without_a_word_grows_no_older(void **state)
{
    struct turned_away *table = remember_turned_away();
    struct source_key key = {{4, 127, 0, 0, 9}};

    (void)state;
    make_late();
    connect_silent_from(&clients[2], 9);
    run_until_waiting(2);
    uint64_t came_ms = uv_now(&server.loop);
    client_done(&clients[2]);
    run_until_waiting(1);
    run_until(&server, NULL, is_later, &came_ms);
    assert_int_equal(turned_away_since(table, &key, uv_now(&server.loop)), uv_now(&server.loop));
}

static void test_front_closes_with_unwatched_ones(void **state)
{
    (void)state;
    make_late();
    queue_client(2);
    run_until_waiting(2);
    /* The teardown finds that nothing is left. */
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, close_queue)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_who_comes_late_waits_unwatched_and_is_served, open_with_one_slot),
        ROW(test_unwatched_client_that_leaves_gives_its_place_back, open_with_one_slot),
        ROW(test_unwatched_client_waits_for_so_long_only, open_with_one_slot),
        ROW(test_full_source_makes_nobody_late, open_with_one_slot_each),
        ROW(test_unwatched_silent_one_holds_nobody_up, open_with_one_slot),
        ROW(test_unwatched_silent_one_leaves_the_queue, open_with_one_slot),
        ROW(test_drain_closes_the_unwatched_silent_one, open_with_one_slot),
        ROW(test_sweep_goes_on_behind_those_who_left_the_queue, open_with_one_slot),
        ROW(test_newcomer_takes_the_place_of_who_has_waited_long, open_with_three_places),
        ROW(test_source_at_its_limit_takes_nobodys_place, open_with_three_places_two_each),
        ROW(test_full_table_without_a_crowd_refuses_who_comes,
            open_with_three_places_one_slot_each),
        ROW(test_silent_ones_keep_nobody_from_his_turn, open_with_one_slot),
        ROW(test_who_had_his_turn_elsewhere_keeps_nobody_from_his, open_with_one_slot),
        ROW(test_of_those_who_return_the_oldest_is_first, open_with_one_slot),
        ROW(test_who_leaves_without_a_word_grows_no_older, open_with_one_slot),
        ROW(test_front_closes_with_unwatched_ones, open_with_one_slot),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
