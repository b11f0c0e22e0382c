/* Visits of one phone, one after the other: connect, full handshake, one GET, close.
 *
 *   visit_times PORT PATH SECONDS PAUSE_MS
 *
 * Prints "visits N failures N p50_us T p99_us T max_us T". Loopback only. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_client.h"

#define VISITS_MAX  1000000
#define VISIT_MAX_S 20

static bool wait_for(SSL *ssl, int got)
{
    struct pollfd look = {.fd = SSL_get_fd(ssl), .events = POLLIN};

    return SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ &&
           poll(&look, 1, VISIT_MAX_S * 1000) == 1;
}

static bool fetch(SSL *ssl, const char *request)
{
    static char answer[65536];
    size_t len = 0;
    int got;

    while ((got = SSL_do_handshake(ssl)) != 1) {
        if (!wait_for(ssl, got))
            return false;
    }
    if (SSL_write(ssl, request, (int)strlen(request)) <= 0)
        return false;
    do {
        got = SSL_read(ssl, answer + len, (int)(sizeof(answer) - len - 1));
        if (got <= 0 && !wait_for(ssl, got))
            return false;
        len += got > 0 ? (size_t)got : 0;
        answer[len] = '\0';
    } while (!bench_is_whole(answer, len));
    return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    char request[2048];
    size_t visits = 0, failures = 0;

    if (argc != 5)
        return 2;
    double *times = calloc(VISITS_MAX, sizeof(*times));
    SSL_CTX *context = bench_context();
    if (!times)
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
    unsigned short port = (unsigned short)strtoul(argv[1], NULL, 10);
    double end = bench_now() + strtod(argv[3], NULL);
    while (bench_now() < end && visits < VISITS_MAX) {
        double begin = bench_now();
        SSL *ssl = bench_dial(context, port, NULL);
        if (ssl && fetch(ssl, request))
            times[visits++] = bench_now() - begin;
        else
            failures++;
        if (ssl)
            bench_hang_up(ssl);
        (void)poll(NULL, 0, (int)strtol(argv[4], NULL, 10));
    }
    qsort(times, visits, sizeof(*times), compare);
    printf("visits %zu failures %zu", visits, failures);
    if (visits > 0)
        printf(" p50_us %.0f p99_us %.0f max_us %.0f", times[visits / 2] * 1e6,
               times[visits * 99 / 100] * 1e6, times[visits - 1] * 1e6);
    printf("\n");
    free(times);
    SSL_CTX_free(context);
    return 0;
}
