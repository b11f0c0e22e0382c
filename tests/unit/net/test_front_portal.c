/* The door for browsers: what they say of themselves, and what each answer tells them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "front_private.h"
#include "net_support.h"

#define PORTAL 3

static struct client client;
static struct server server;
static struct answer_view answer;
static uint16_t portal_port;
static struct network_list networks;
/* What the handler gives, and what it saw. */
static struct http_answer given;
static char seen[512];

static void handle(void *data, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct http_answer copy = given;

    (void)data;
    (void)snprintf(seen, sizeof(seen), "%s|%s|%s|%s", request->host, request->cookie,
                   request->origin, request->sec_fetch_site);
    if (request->refusal)
        copy.status = 405;
    buf_init(&copy.body, 64);
    assert_int_equal(buf_append_text(&copy.body, "body"), 0);
    http_exchange_answer(exchange, &copy);
}

static void add_portal(void)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    struct address address;
    struct ap_error error;
    int fd;

    assert_int_equal(address_parse("127.0.0.1", &address), 0);
    assert_int_equal(listener_open_tcp(&address, true, &fd, &error), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
    address_from_sockaddr((const struct sockaddr *)&bound, &address);
    portal_port = address.port;
    assert_int_equal(front_add_listener(server.front, fd, FRONT_PORTAL_TLS, PORTAL, server.tls), 0);
}

static int open_server(void **state)
{
    (void)state;
    client.fd = -1;
    given = (struct http_answer){.status = 200, .content_type = "text/html"};
    server_open(&server, NULL);
    server.front->setup.handler = handle;
    add_portal();
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    client_done(&client);
    server_close(&server);
    return 0;
}

static void ask(const char *text)
{
    if (client.fd < 0) {
        client_connect(&client, portal_port, 0);
        run_until_ready(&server, &client);
    }
    client_send_text(&client, text);
    run_until_answer(&server, &client, strncmp(text, "HEAD", 4) == 0 || given.status == 304,
                     &answer);
}

static void assert_header(const char *name, const char *value)
{
    const char *is = answer_header(&answer, name);

    if (!value) {
        assert_null(is);
        return;
    }
    assert_non_null(is);
    assert_string_equal(is, value);
}

static void assert_kept_to_itself(void)
{
    assert_header(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    assert_header("X-Content-Type-Options", "nosniff");
    assert_header("Referrer-Policy", "no-referrer");
    assert_header("Cross-Origin-Opener-Policy", "same-origin");
    assert_header("Cross-Origin-Resource-Policy", "same-origin");
}

static void test_every_answer_to_browsers_keeps_its_page_to_itself(void **state)
{
    static const char *const asked[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        ask(asked[i]);
        assert_kept_to_itself();
        assert_header("Cache-Control", "private, no-store");
    }
    given.status = 304;
    ask(asked[0]);
    assert_kept_to_itself();
}

static void test_phones_and_programs_get_no_headers_of_browsers(void **state)
{
    (void)state;
    client_connect_unix(&client, server.unix_path);
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_header("Content-Security-Policy", NULL);
    client_done(&client);
    client_connect(&client, server.port, 0);
    run_until_ready(&server, &client);
    ask("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nOrigin: https://x\r\n\r\n");
    assert_header("Content-Security-Policy", NULL);
    assert_string_equal(seen, "|||");
}

static void test_the_handler_sees_what_a_browser_says_of_itself(void **state)
{
    (void)state;
    ask("POST / HTTP/1.1\r\nHost: localhost:8443\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n"
        "Origin: https://localhost:8443\r\nSec-Fetch-Site: same-origin\r\n\r\n");
    assert_string_equal(seen, "localhost:8443|a=b; c=d|https://localhost:8443|same-origin");
    ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nCookie: a=b\r\nCookie: c=d\r\n"
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Site: "
        "same-origin\r\n\r\n");
    assert_string_equal(seen, "x|||");
}

static void test_the_longest_cookie_and_all_headers_together_are_sent(void **state)
{
    char cookie[HTTP_COOKIE_MAX];
    char type[HTTP_CONTENT_TYPE_MAX];
    char challenge[HTTP_CHALLENGE_MAX];

    (void)state;
    memset(cookie, 'c', sizeof(cookie));
    cookie[sizeof(cookie) - 1] = '\0';
    memset(type, 't', sizeof(type));
    type[sizeof(type) - 1] = '\0';
    memset(challenge, 'a', sizeof(challenge));
    challenge[sizeof(challenge) - 1] = '\0';
    given = (struct http_answer){.status = 429,
                                 .content_type = type,
                                 .allow = "GET, POST, PUT, PATCH, DELETE",
                                 .authenticate = {challenge, challenge},
                                 .set_cookie = cookie,
                                 .retry_after_s = UINT32_MAX,
                                 .cache = HTTP_CACHE_ASK};
    memset(given.etag, 'e', sizeof(given.etag) - 1);
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(answer.status, 429);
    assert_header("Set-Cookie", cookie);
    assert_header("Retry-After", "4294967295");
    assert_header("Cache-Control", "no-cache");
    assert_header("ETag", given.etag);
    assert_kept_to_itself();
}

static void test_strangers_are_closed_before_tls(void **state)
{
    struct network network;
    struct front_stats stats;

    (void)state;
    assert_int_equal(network_parse("192.0.2.0/24", &network), 0);
    networks = (struct network_list){.items = &network, .count = 1};
    front_set_networks(server.front, PORTAL, &networks);
    client_connect_silent(&client, portal_port);
    run_until_closed(&server, &client);
    front_stats(server.front, &stats);
    assert_int_equal(stats.foreign_sources, 1);
    client_done(&client);
    client.fd = -1;
    assert_int_equal(network_parse("127.0.0.0/8", &network), 0);
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(answer.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_answer_to_browsers_keeps_its_page_to_itself,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_phones_and_programs_get_no_headers_of_browsers,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_the_handler_sees_what_a_browser_says_of_itself,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_the_longest_cookie_and_all_headers_together_are_sent,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_strangers_are_closed_before_tls, open_server,
                                        close_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
