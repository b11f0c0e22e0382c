#include "front_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct client clients[CLIENTS_MAX];
struct server server;
struct answer_view answer;

int fixture_open(const struct source_limits *limits)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = -1;
    server_open(&server, limits);
    return 0;
}

int fixture_open_roomy(void **state)
{
    (void)state;
    return fixture_open(&(struct source_limits){100, 100, 10, 10});
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

void connect_silent_from(struct client *client, uint8_t last)
{
    in_addr_t own = htonl((INADDR_LOOPBACK & ~0xffU) | last);
    const struct sockaddr_in to = {AF_INET, htons(server.port), {htonl(INADDR_LOOPBACK)}, {0}};
    const struct sockaddr_in from = {AF_INET, 0, {own}, {0}};

    memset(client, 0, offsetof(struct client, in));
    client->in_len = 0;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(bind(client->fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(client->fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

void connect_ready(struct client *client)
{
    client_connect(client, server.port, 0);
    run_until_ready(&server, client);
}

void expect_hit(struct client *client)
{
    client_send_text(client, "GET /hit HTTP/1.1\r\n\r\n");
    run_until_answer(&server, client, false, &answer);
    assert_int_equal(answer.status, 200);
}
