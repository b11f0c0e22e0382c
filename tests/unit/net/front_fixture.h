/* Test support: what tests of a front's limits stand on, a server and a crowd of clients. */
#ifndef AUTOPROV_TESTS_FRONT_FIXTURE_H
#define AUTOPROV_TESTS_FRONT_FIXTURE_H

#include "autoprov/limits.h"
#include "net_support.h"

/* One more than a source may have waiting, and one of another. */
#define CLIENTS_MAX (AP_HELD_MISSES_PER_SOURCE_MAX + 2)

extern struct client clients[CLIENTS_MAX];
extern struct server server;
extern struct answer_view answer;

/* Nobody is connected. Always 0, as cmocka's setups end. */
int fixture_open(const struct source_limits *limits);
/* cmocka's setup: with room for everybody. */
int fixture_open_roomy(void **state);
/* cmocka's teardown. */
int fixture_close(void **state);
struct front_stats stats_now(void);

/* client_connect_silent() from 127.0.0.last. */
void connect_silent_from(struct client *client, uint8_t last);

/* Its handshake is done; its request is answered. */
void connect_ready(struct client *client);
void expect_hit(struct client *client);

#endif
