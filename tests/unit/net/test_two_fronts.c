/* Two fronts on two threads that share one table of sources and one TLS context, as workers do.
 * Meant for thread sanitizer. cmocka's checks are for the main thread: the others report by their
 * results. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net_support.h"

#define THREADS    2
#define CLIENTS    4
#define VISITS     12
#define REQUESTS   5
#define REQUEST    "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n"
#define ANSWER_MAX 1024

struct worker {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    struct front *front;
    struct front_stats stats;
    bool is_clean;
};

static void handle(void *data, struct http_exchange *exchange)
{
    struct http_answer answer = {.status = 200, .content_type = "text/plain"};

    (void)data;
    buf_init_secret(&answer.body, 100);
    if (buf_append_text(&answer.body, http_exchange_request(exchange)->path) != 0)
        answer.status = 500;
    http_exchange_answer(exchange, &answer);
}

static void on_stop(uv_async_t *async)
{
    struct worker *worker = async->data;

    front_stats(worker->front, &worker->stats);
    front_close(worker->front);
    uv_close((uv_handle_t *)async, NULL);
}

static void *run_worker(void *data)
{
    struct worker *worker = data;

    worker->is_clean =
        uv_run(&worker->loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&worker->loop) == 0;
    return NULL;
}

/* The front is opened here and then belongs to its thread. */
static void start_worker(struct worker *worker, struct source_table *sources,
                         struct tls_context *tls, int fd)
{
    struct front_setup setup = {
        .loop = &worker->loop, .clock = clock_system(), .sources = sources, .handler = handle};

    assert_int_equal(uv_loop_init(&worker->loop), 0);
    assert_int_equal(uv_async_init(&worker->loop, &worker->stop, on_stop), 0);
    worker->stop.data = worker;
    assert_int_equal(front_open(&setup, &worker->front), 0);
    assert_int_equal(front_add_listener(worker->front, fd, FRONT_PHONE_TLS, 0, tls), 0);
    assert_int_equal(pthread_create(&worker->thread, NULL, run_worker, worker), 0);
}

struct visitor {
    pthread_t thread;
    SSL_CTX *context;
    uint16_t port;
    unsigned answers;
};

/* One blocking exchange; the answer is short and comes in one record. */
static bool ask(SSL *ssl)
{
    char text[ANSWER_MAX + 1];
    int len;

    if (SSL_write(ssl, REQUEST, (int)strlen(REQUEST)) != (int)strlen(REQUEST))
        return false;
    len = SSL_read(ssl, text, ANSWER_MAX);
    if (len <= 0)
        return false;
    text[len] = '\0';
    return strncmp(text, "HTTP/1.1 200 ", 13) == 0 && strstr(text, "\r\n\r\n/hit");
}

static void visit(struct visitor *visitor)
{
    struct sockaddr_in sockaddr = {.sin_family = AF_INET, .sin_port = htons(visitor->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(visitor->context);

    sockaddr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SSL_set_fd(ssl, fd);
    if (connect(fd, (const struct sockaddr *)&sockaddr, sizeof(sockaddr)) == 0 &&
        SSL_connect(ssl) == 1) {
        for (int i = 0; i < REQUESTS; i++)
            visitor->answers += ask(ssl) ? 1 : 0;
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
}

static void *run_visitor(void *data)
{
    for (int i = 0; i < VISITS; i++)
        visit(data);
    return NULL;
}

static void run_visitors(uint16_t port)
{
    struct visitor visitors[CLIENTS];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    assert_non_null(context);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        visitors[i] = (struct visitor){.context = context, .port = port};
        assert_int_equal(pthread_create(&visitors[i].thread, NULL, run_visitor, &visitors[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].answers, VISITS * REQUESTS);
    }
    SSL_CTX_free(context);
}

static void test_two_fronts_share_sources_and_certificates(void **state)
{
    struct source_limits limits = {100, 100, 1, 1}; /* one slot: they wait for each other */
    struct worker workers[THREADS] = {0};
    struct source_table *sources = NULL;
    struct source_totals totals;
    struct tls_context *tls;
    struct folder folder;
    struct address address;
    struct ap_error error;
    uint64_t requests = 0;

    (void)state;
    folder_make(&folder);
    tls = tls_for_tests(&folder);
    assert_int_equal(source_table_new(&limits, &sources), 0);
    assert_int_equal(address_parse("127.0.0.1", &address), 0);
    for (size_t i = 0; i < THREADS; i++) {
        struct sockaddr_in sockaddr;
        socklen_t len = sizeof(sockaddr);
        int fd = -1;
        assert_int_equal(listener_open_tcp(&address, i == 0, &fd, &error), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
        address.port = ntohs(sockaddr.sin_port);
        start_worker(&workers[i], sources, tls, fd);
    }
    run_visitors(address.port);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(uv_async_send(&workers[i].stop), 0);
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].is_clean);
        requests += workers[i].stats.requests;
    }
    assert_int_equal(requests, CLIENTS * VISITS * REQUESTS);
    source_table_totals(sources, &totals);
    assert_int_equal(totals.connections, 0);
    assert_int_equal(totals.handshakes, 0);
    source_table_free(sources);
    tls_context_unref(tls);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_fronts_share_sources_and_certificates),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
