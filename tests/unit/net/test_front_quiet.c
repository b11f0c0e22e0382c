/* Clients that keep TLS itself busy and say nothing over it: no deadline is looked at while OpenSSL
 * goes on reading, so an amount of bytes ends it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "autoprov/array.h"
#include "front_private.h"
#include "net_support.h"

/* A KeyUpdate is a record of 27 bytes with the ciphers of TLS 1.3. */
#define KEY_UPDATE_BYTES 27
#define QUIET_BYTES      65536
#define FLOOD_BYTES      (4 << 20)
#define ROUND            512 /* records between two turns of the server */

static struct client noisy;
static struct client good;
static struct server server;
static struct answer_view answer;

static int open_server(void **state)
{
    (void)state;
    noisy.fd = -1;
    good.fd = -1;
    server_open(&server, &(struct source_limits){100, 100, 10, 10});
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    client_done(&noisy);
    client_done(&good);
    server_close(&server);
    return 0;
}

/* False: the server has closed, or takes no more for now. */
static bool send_key_update(struct client *client)
{
    ERR_clear_error();
    if (SSL_get_key_update_type(client->ssl) == SSL_KEY_UPDATE_NONE)
        assert_int_equal(SSL_key_update(client->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    int got = SSL_do_handshake(client->ssl);
    if (got == 1)
        return true;
    int why = SSL_get_error(client->ssl, got);
    if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
        client->is_closed = true;
    ERR_clear_error();
    return false;
}

static void expect_hit(struct client *client)
{
    client_send_text(client, "GET /hit HTTP/1.1\r\n\r\n");
    run_until_answer(&server, client, false, &answer);
    assert_int_equal(answer.status, 200);
}

/* Until the server closes. Returns the bytes that it took. */
static size_t flood(void)
{
    size_t sent = 0;

    while (!noisy.is_closed && sent < FLOOD_BYTES) {
        for (int i = 0; i < ROUND && send_key_update(&noisy); i++)
            sent += KEY_UPDATE_BYTES;
        run_some_turns(&server, NULL);
        (void)client_step(&noisy);
    }
    return sent;
}

static void test_client_that_sends_only_key_updates_is_closed(void **state)
{
    static const char *const BEFORE[] = {"", "GET /hit HTT", "GET /hit HTTP/1.1\r\n\r\n"};
    struct front_stats stats;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(BEFORE); i++) {
        client_connect(&noisy, server.port, TLS1_3_VERSION);
        run_until_ready(&server, &noisy);
        client_connect(&good, server.port, 0);
        run_until_ready(&server, &good);
        if (BEFORE[i][0] != '\0')
            client_send_text(&noisy, BEFORE[i]);
        run_some_turns(&server, NULL);
        size_t sent = flood();
        assert_true(noisy.is_closed);
        assert_true(sent >= QUIET_BYTES - KEY_UPDATE_BYTES);
        assert_true(sent <= 2 * QUIET_BYTES);
        expect_hit(&good);
        client_done(&noisy);
        client_done(&good);
    }
    front_stats(server.front, &stats);
    assert_int_equal(stats.timeouts, 0); /* it was not the deadline */
}

/* All of it lies in the socket before the server looks once: one turn must not read it to the end.
 */
static void test_key_updates_that_wait_already_end_the_connection_in_one_turn(void **state)
{
    struct front_stats stats;

    (void)state;
    client_connect(&noisy, server.port, TLS1_3_VERSION);
    run_until_ready(&server, &noisy);
    run_some_turns(&server, NULL);
    front_stats(server.front, &stats);
    assert_int_equal(stats.open_connections, 1);
    size_t sent = 0;
    while (sent < 4 * QUIET_BYTES && send_key_update(&noisy))
        sent += KEY_UPDATE_BYTES;
    assert_true(sent > QUIET_BYTES + 16384);
    (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    front_stats(server.front, &stats);
    assert_int_equal(stats.open_connections, 0);
}

/* Renewing keys is no fault of a client that also asks for something. */
static void test_key_updates_between_requests_are_served(void **state)
{
    (void)state;
    client_connect(&noisy, server.port, TLS1_3_VERSION);
    run_until_ready(&server, &noisy);
    for (int round = 0; round < 4; round++) {
        for (size_t sent = 0; sent < QUIET_BYTES / 2; sent += KEY_UPDATE_BYTES) {
            while (!send_key_update(&noisy)) {
                assert_false(noisy.is_closed);
                run_some_turns(&server, NULL);
            }
        }
        expect_hit(&noisy);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_client_that_sends_only_key_updates_is_closed),
        ROW(test_key_updates_that_wait_already_end_the_connection_in_one_turn),
        ROW(test_key_updates_between_requests_are_served),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
