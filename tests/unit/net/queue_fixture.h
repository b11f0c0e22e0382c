/* Test support: a front whose handshake slots are few, and who waits for them. Nothing sleeps, the
 * loop runs until it has happened. */
#ifndef AUTOPROV_TESTS_QUEUE_FIXTURE_H
#define AUTOPROV_TESTS_QUEUE_FIXTURE_H

#include <stdbool.h>

#include "front_fixture.h"

#define MANY 6 /* of the clients are enough here */

/* cmocka's setups: one slot for all; one for each source. */
int open_with_one_slot(void **state);
int open_with_one_slot_each(void **state);

void run_until_waiting(unsigned count);

/* The client of that number never finishes its handshake: its hello is not whole. */
void hold_slot(size_t number);

/* It says its hello, from 127.0.0.1 or from 127.0.0.last. */
void queue_client(size_t number);
void connect_waiting(size_t number, uint8_t last);
void connect_and_speak(struct client *client, uint8_t last);

/* Of run_until(): the loop's clock has gone on from *data, a uint64_t. */
bool is_later(void *data);

/* One waits, and there was no room for long. */
void become_late(void);

/* The first client has the only slot, the second waits for it, and so has the front become. */
void make_late(void);

#endif
