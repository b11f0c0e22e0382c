/* Established TLS connections that are held open and idle, each after a handshake and one fetch.
 *
 *   hold_tls PORT tls1.2|tls1.3 CIPHER CONNECTIONS SECONDS SOURCES PATH
 *
 * They come from so many addresses 127.0.1.1 and following. One that would have been idle for long
 * while the others were opened fetches again. Prints "open N" when all are, is silent for SECONDS,
 * then prints "left N": those that the server still has. Loopback only. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_client.h"

#define LOOPBACK_1 0x7f000101u
/* The server closes what is idle for 15 s: SECONDS has to end before. */
#define FRESH_S     6.0
#define ANSWER_MAX  65536
#define SOURCES_MAX 65000u

struct held {
    SSL *ssl;
    double used;
};

struct hold {
    SSL_CTX *context;
    struct held *held; /* in order of opening, and of refreshing */
    const char *path;
    size_t count;
    uint32_t sources;
    unsigned short port;
};

static bool fetch(const struct hold *hold, struct held *held)
{
    static char answer[ANSWER_MAX + 1];
    char head[1024];
    int len = snprintf(
        head, sizeof(head),
        "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Yealink SIP-T46U 108.86.0.20\r\n\r\n",
        hold->path);
    size_t have = 0;

    if (len < 0 || (size_t)len >= sizeof(head) || SSL_write(held->ssl, head, len) != len)
        return false;
    do {
        int got = SSL_read(held->ssl, answer + have, (int)(ANSWER_MAX - have));
        if (got <= 0)
            return false;
        have += (size_t)got;
        answer[have] = '\0';
    } while (!bench_is_whole(answer, have));
    held->used = bench_now();
    return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static bool open_one(const struct hold *hold, size_t number)
{
    struct held *held = &hold->held[number];
    int fd = bench_connect(hold->port, LOOPBACK_1 + (uint32_t)number % hold->sources);

    held->ssl = fd >= 0 ? SSL_new(hold->context) : NULL;
    if (!held->ssl || SSL_set_fd(held->ssl, fd) != 1 || SSL_connect(held->ssl) != 1) {
        bench_close(fd);
        return false;
    }
    return fetch(hold, held);
}

/* Opens all. next: the one that has been idle the longest. */
static bool open_all(const struct hold *hold)
{
    size_t next = 0;

    for (size_t open = 0; open < hold->count; open++) {
        if (!open_one(hold, open))
            return false;
        while (bench_now() > hold->held[next].used + FRESH_S) {
            if (!fetch(hold, &hold->held[next]))
                return false;
            next = (next + 1) % (open + 1);
        }
    }
    return true;
}

static size_t count_left(const struct hold *hold)
{
    size_t left = 0;

    for (size_t i = 0; i < hold->count; i++) {
        struct pollfd look = {.fd = SSL_get_fd(hold->held[i].ssl), .events = POLLIN | POLLRDHUP};
        left += poll(&look, 1, 0) == 0;
    }
    return left;
}

int main(int argc, char **argv)
{
    struct hold hold = {0};

    if (argc != 8) {
        fprintf(stderr, "usage: hold_tls PORT tls1.2|tls1.3 CIPHER CONNECTIONS SECONDS SOURCES "
                        "PATH\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    hold.context = bench_context();
    hold.port = (unsigned short)strtoul(argv[1], NULL, 10);
    hold.count = strtoul(argv[4], NULL, 10);
    hold.sources = (uint32_t)strtoul(argv[6], NULL, 10);
    hold.path = argv[7];
    hold.held = calloc(hold.count + 1, sizeof(*hold.held));
    if (!hold.held || hold.sources < 1 || hold.sources > SOURCES_MAX ||
        !bench_choose(hold.context, argv[2], argv[3])) {
        fprintf(stderr, "hold_tls: bad arguments\n");
        return 2;
    }
    if (!open_all(&hold)) {
        fprintf(stderr, "hold_tls: the server does not take so many\n");
        return 1;
    }
    printf("open %zu\n", hold.count);
    (void)fflush(stdout);
    (void)usleep((useconds_t)(strtod(argv[5], NULL) * 1e6));
    printf("left %zu\n", count_left(&hold));
    return 0; /* the kernel closes them all at once */
}
