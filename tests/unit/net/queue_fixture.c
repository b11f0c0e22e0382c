/* Test support: see queue_fixture.h. */
#include "queue_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "connection.h"
#include "front_private.h"

int open_with_one_slot(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 100, 1, 10});
}

int open_with_one_slot_each(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 100, 8, 1});
}

static struct turned_away *turned_away;

int close_queue(void **state)
{
    int result = fixture_close(state);

    turned_away_free(turned_away); /* the front has used it to its end */
    turned_away = NULL;
    return result;
}

struct turned_away *remember_turned_away(void)
{
    assert_int_equal(turned_away_new(&turned_away), 0);
    server.front->setup.turned_away = turned_away;
    return turned_away;
}

static bool is_waiting(void *data)
{
    return stats_now().waiting_handshakes == *(unsigned *)data;
}

void run_until_waiting(unsigned count)
{
    run_until(&server, NULL, is_waiting, &count);
}

/* It never finishes its handshake: its hello is not whole. */
void hold_slot(size_t number)
{
    client_connect_silent(&clients[number], server.port);
    client_send(&clients[number], "\x16\x03\x01\x02", 4);
    run_some_turns(&server, NULL);
}

/* It has said its hello. */
void queue_client(size_t number)
{
    client_connect(&clients[number], server.port, 0);
    (void)client_step(&clients[number]);
    run_some_turns(&server, NULL);
}

void connect_and_speak(struct client *client, uint8_t last)
{
    connect_silent_from(client, last);
    client_start_tls(client, 0);
    (void)client_step(client);
    run_some_turns(&server, NULL);
}

void connect_waiting(size_t number, uint8_t last)
{
    connect_and_speak(&clients[number], last);
}

bool is_later(void *data)
{
    return uv_now(&server.loop) > *(uint64_t *)data;
}

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

void age_first(void)
{
    server.front->waiting.first->opened_at_ms -= 30000;
    server.front->deadlines.waiting_ms = 20000;
}

void wait_for_own_slot(void)
{
    hold_slot(0);
    connect_waiting(1, 1);
    run_until_waiting(1);
    age_first();
}

/* One waits, and there was no room for long. */
void become_late(void)
{
    run_until_waiting(1);
    run_until(&server, NULL, is_without_room, NULL);
    server.front->no_room_since_ms -= 30000;
    age_first();
    run_until(&server, NULL, is_late, NULL);
}

/* The first client has the only slot, the second waits for it, and there was no room for long. */
void make_late(void)
{

    hold_slot(0);
    queue_client(1);
    become_late();
}
