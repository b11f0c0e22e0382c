/* Every allocation of the network floor fails once: nothing crashes, nothing leaks, and the next
 * client is served. Meant for address sanitizer. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net_support.h"
#include "support/alloc_fault.h"

static struct client client;

/* 0: answered; -1: 503, or the connection was closed instead. */
static int fetch(struct server *server, const char *text)
{
    struct answer_view answer;
    int result = -1;

    do
        run_some_turns(server, &client); /* may be closed at once */
    while (!client.is_closed && !client.is_ready);
    if (client.is_ready && !client.is_closed)
        client_send_text(&client, text);
    while (!client.is_closed && !answer_read(&client, false, &answer))
        run_some_turns(server, &client);
    if (!client.is_closed && answer.status == 200)
        result = 0;
    client_done(&client);
    run_some_turns(server, NULL);
    return result;
}

static int fetch_by_tls(void *data)
{
    struct server *server = data;

    client_connect(&client, server->port, 0);
    return fetch(server, "GET /hit HTTP/1.1\r\nUser-Agent: a\r\n\r\n");
}

static int fetch_through_a_proxy(void *data)
{
    static struct network loopback = {.family = AF_INET, .bytes = {127}, .prefix_len = 8};
    static const struct network_list peers = {&loopback, 1};
    struct server *server = data;

    front_set_proxy(server->front, 0, &peers);
    client_connect_silent(&client, server->port);
    client_send(&client, "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);
    client_start_tls(&client, 0);
    int result = fetch(server, "GET /hit HTTP/1.1\r\n\r\n");
    front_set_proxy(server->front, 0, NULL);
    return result;
}

static int fetch_without_tls(void *data)
{
    struct server *server = data;

    client_connect_plain(&client, server->plain_port);
    return fetch(server, "GET /hit HTTP/1.1\r\n\r\n");
}

static int post_to_control_socket(void *data)
{
    struct server *server = data;

    client_connect_unix(&client, server->unix_path);
    return fetch(server, "POST /hit HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
}

static void test_failing_memory_costs_one_connection_at_most(void **state)
{
    struct server server;

    (void)state;
    server_open(&server, &(struct source_limits){100, 100, 10, 10});
    assert_true(alloc_fault_run(fetch_by_tls, &server) > 2);
    assert_true(alloc_fault_run(fetch_through_a_proxy, &server) > 3);
    assert_true(alloc_fault_run(fetch_without_tls, &server) > 2);
    assert_true(alloc_fault_run(post_to_control_socket, &server) > 2);
    assert_int_equal(fetch_by_tls(&server), 0);
    server_close(&server);
}

static int open_and_close(void *data)
{
    uv_loop_t loop;
    struct front *front = NULL;
    struct ap_error error;
    struct address address;
    int fd = -1;
    int err;

    (void)data;
    assert_int_equal(address_parse("127.0.0.1", &address), 0);
    assert_int_equal(listener_open_tcp(&address, true, &fd, &error), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct front_setup setup = {.loop = &loop, .clock = clock_system()};
    err = front_open(&setup, &front);
    if (err == 0)
        err = front_add_listener(front, fd, FRONT_PHONE_TLS, 0, NULL);
    else
        close(fd);
    front_close(front);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    return err;
}

static void test_front_that_cannot_be_opened_leaves_nothing(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(open_and_close, NULL) > 2);
}

static struct folder folder;

static int make_tls(void *data)
{
    struct tls_certificate files = {folder_path(&folder, "cert.pem"),
                                    folder_path(&folder, "key.pem")};
    struct tls_context *context = NULL;
    struct ap_error error;
    int err = tls_context_new(
        &(struct tls_setup){.certificates = &files, .certificate_count = 1, .resumes = true},
        &context, &error);

    (void)data;
    assert_true(err == 0 || strlen(error.text) > 0);
    tls_context_unref(context);
    return err;
}

static void test_tls_context_without_memory_is_an_error(void **state)
{
    (void)state;
    folder_make(&folder);
    tls_context_unref(tls_for_tests(&folder));
    assert_true(alloc_fault_run(make_tls, NULL) > 2);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failing_memory_costs_one_connection_at_most),
        cmocka_unit_test(test_front_that_cannot_be_opened_leaves_nothing),
        cmocka_unit_test(test_tls_context_without_memory_is_an_error),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
