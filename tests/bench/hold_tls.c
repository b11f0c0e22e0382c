/* Established TLS connections that are held open and idle, each after a handshake and one fetch.
 *
 *   hold_tls PORT tls1.2|tls1.3 CIPHER CONNECTIONS SECONDS SOURCES PATH
 *
 * They come from so many addresses 127.0.1.1 and following, opened by a few threads. One that would
 * have been idle for long while the others were opened fetches again. Prints "open N" when all are,
 * is silent for SECONDS, then prints "left N": those that the server still has. Loopback only. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_client.h"

#define LOOPBACK_1 0x7f000101u
/* The server closes what is idle for 15 s: SECONDS has to end before. */
#define FRESH_S     5.0
#define THREADS     16
#define ANSWER_MAX  65536
#define SOURCES_MAX 65000u

struct held {
    struct held *later; /* used after this one */
    SSL *ssl;
    double used;
};

struct hold {
    SSL_CTX *context;
    struct held *held;
    const char *path;
    size_t count;
    uint32_t sources;
    unsigned short port;
};

/* Those from first on, of one thread. */
struct part {
    pthread_t thread;
    const struct hold *hold;
    size_t first, count;
    struct held *idlest, *latest; /* in order of use */
    atomic_uint *ended;
    bool ok;
};

static bool fetch(const struct hold *hold, struct held *held)
{
    char answer[ANSWER_MAX + 1];
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

static void note_use(struct part *part, struct held *held)
{
    held->later = NULL;
    if (part->latest)
        part->latest->later = held;
    else
        part->idlest = held;
    part->latest = held;
}

/* Those that have been idle for long. */
static bool refresh(struct part *part)
{
    while (part->idlest && bench_now() > part->idlest->used + FRESH_S) {
        struct held *held = part->idlest;
        if (!fetch(part->hold, held))
            return false;
        part->idlest = held->later;
        if (!part->idlest)
            part->latest = NULL;
        note_use(part, held);
    }
    return true;
}

static void *open_part(void *data)
{
    struct part *part = data;

    part->ok = true;
    for (size_t i = part->first; part->ok && i < part->first + part->count; i++) {
        part->ok = open_one(part->hold, i) && refresh(part);
        note_use(part, &part->hold->held[i]);
    }
    atomic_fetch_add(part->ended, 1);
    while (part->ok && atomic_load(part->ended) < THREADS) {
        part->ok = refresh(part);
        (void)usleep(10000); /* waking early does no harm */
    }
    return NULL;
}

static bool open_all(const struct hold *hold)
{
    static struct part parts[THREADS];
    atomic_uint ended = 0;
    bool ok = true;

    for (size_t i = 0; i < THREADS; i++) {
        parts[i].hold = hold;
        parts[i].ended = &ended;
        parts[i].first = hold->count * i / THREADS;
        parts[i].count = hold->count * (i + 1) / THREADS - parts[i].first;
        if (pthread_create(&parts[i].thread, NULL, open_part, &parts[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(parts[i].thread, NULL);
        ok = ok && parts[i].ok;
    }
    return ok;
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
