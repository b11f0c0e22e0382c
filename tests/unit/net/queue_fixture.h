/* Test support: a front whose handshake slots are few, and who waits for them. Nothing sleeps, the
 * loop runs until it has happened. */
#ifndef AUTOPROV_TESTS_QUEUE_FIXTURE_H
#define AUTOPROV_TESTS_QUEUE_FIXTURE_H

#include <stdbool.h>

#include "autoprov/turned_away.h"
#include "front_fixture.h"

#define MANY 6 /* of the clients are enough here */

/* cmocka's setups: one slot for all; one for each source. And their teardown. */
int open_with_one_slot(void **state);
int open_with_one_slot_each(void **state);
int close_queue(void **state);

/* From now on the front remembers sources that it turned away; until close_queue(). */
struct turned_away *remember_turned_away(void);

void run_until_waiting(unsigned count);

/* The client of that number never finishes its handshake: its hello is not whole. */
void hold_slot(size_t number);

/* It says its hello, from 127.0.0.1 or from 127.0.0.last. */
void queue_client(size_t number);
void connect_waiting(size_t number, uint8_t last);
void connect_and_speak(struct client *client, uint8_t last);

/* Of run_until(): the loop's clock has gone on from *data, a uint64_t. */
bool is_later(void *data);

/* The first who waits has waited for long. */
void age_first(void);

/* The source of client 1 has its fill of slots, and client 1 has waited for one for long. */
void wait_for_own_slot(void);

/* One waits, and there was no room for long. */
void become_late(void);

/* The first client has the only slot, the second waits for it, and so has the front become. */
void make_late(void);

#endif
