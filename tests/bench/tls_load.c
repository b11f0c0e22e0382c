/* A bounded load of TLS requests from a few blocking threads: the client of the benchmarks.
 *
 *   tls_load storm|keepalive PORT PATH tls1.2|tls1.3 CIPHER SECONDS THREADS
 *
 * storm: connect, full handshake, one GET, close. keepalive: each thread keeps its connection.
 * Prints "REQUESTS FAILURES". Loopback only. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define THREADS_MAX 64
#define ANSWER_MAX  65536

struct load {
    pthread_t thread;
    SSL_CTX *context;
    bool keep_alive;
    unsigned short port;
    char request[2048];
    time_t end;
    unsigned long requests;
    unsigned long failures;
};

static time_t now_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static SSL *dial(const struct load *load)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load->port)};
    struct linger linger = {.l_onoff = 1, .l_linger = 0}; /* no TIME_WAIT: ports last longer */
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    SSL *ssl = SSL_new(load->context);
    if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) {
        SSL_free(ssl);
        close(fd);
        return NULL;
    }
    return ssl;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

/* One GET; true for a whole 200. */
static bool fetch(SSL *ssl, const char *request)
{
    char answer[ANSWER_MAX + 1];
    size_t len = 0, need = 0;

    if (SSL_write(ssl, request, (int)strlen(request)) <= 0)
        return false;
    while (need == 0 || len < need) {
        int got = SSL_read(ssl, answer + len, (int)(ANSWER_MAX - len));
        if (got <= 0)
            return false;
        len += (size_t)got;
        answer[len] = '\0';
        const char *body = strstr(answer, "\r\n\r\n");
        if (need == 0 && body) {
            const char *length = strcasestr(answer, "content-length:");
            if (!length || strncmp(answer, "HTTP/1.1 200", 12) != 0)
                return false;
            need = (size_t)(body + 4 - answer) + strtoul(length + 15, NULL, 10);
        }
    }
    return len == need;
}

static void *run(void *data)
{
    struct load *load = data;
    SSL *ssl = NULL;

    while (now_s() < load->end) {
        if (!ssl)
            ssl = dial(load);
        bool ok = ssl && fetch(ssl, load->request);
        load->requests += ok;
        load->failures += !ok;
        if (ssl && (!ok || !load->keep_alive)) {
            hang_up(ssl);
            ssl = NULL;
        }
    }
    if (ssl)
        hang_up(ssl);
    return NULL;
}

static SSL_CTX *make_context(const char *version, const char *cipher)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool tls13 = strcmp(version, "tls1.3") == 0;
    int number = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;

    if (!context || SSL_CTX_set_min_proto_version(context, number) != 1 ||
        SSL_CTX_set_max_proto_version(context, number) != 1 ||
        (tls13 ? SSL_CTX_set_ciphersuites(context, cipher)
               : SSL_CTX_set_cipher_list(context, cipher)) != 1)
        return NULL;
    return context;
}

int main(int argc, char **argv)
{
    static struct load loads[THREADS_MAX];
    unsigned long requests = 0, failures = 0;

    if (argc != 8) {
        fprintf(stderr, "usage: tls_load storm|keepalive PORT PATH tls1.2|tls1.3 CIPHER SECONDS "
                        "THREADS\n");
        return 2;
    }
    unsigned long threads = strtoul(argv[7], NULL, 10);
    SSL_CTX *context = make_context(argv[4], argv[5]);
    if (!context || threads < 1 || threads > THREADS_MAX)
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    for (unsigned long i = 0; i < threads; i++) {
        struct load *load = &loads[i];
        load->context = context;
        load->keep_alive = strcmp(argv[1], "keepalive") == 0;
        load->port = (unsigned short)strtoul(argv[2], NULL, 10);
        load->end = now_s() + (time_t)strtoul(argv[6], NULL, 10);
        (void)snprintf(load->request, sizeof(load->request),
                       "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Yealink SIP-T46S "
                       "66.85.0.5 00:15:65:12:34:56\r\n%s\r\n",
                       argv[3], load->keep_alive ? "" : "Connection: close\r\n");
        if (pthread_create(&load->thread, NULL, run, load) != 0)
            return 1;
    }
    for (unsigned long i = 0; i < threads; i++) {
        pthread_join(loads[i].thread, NULL);
        requests += loads[i].requests;
        failures += loads[i].failures;
    }
    SSL_CTX_free(context);
    printf("%lu %lu\n", requests, failures);
    return 0;
}
