#include "front_fixture.h"

struct client clients[CLIENTS_MAX];
struct server server;
struct answer_view answer;

void fixture_open(const struct source_limits *limits)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = -1;
    server_open(&server, limits);
}

int fixture_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        client_done(&clients[i]);
    server_close(&server);
    return 0;
}

struct front_stats stats_now(void)
{
    struct front_stats stats;

    front_stats(server.front, &stats);
    return stats;
}
