/* Connections that are held open and say little: those that the server closes are opened anew.
 *
 *   hold PORT CONNECTIONS SECONDS SOURCES BYTES
 *
 * BYTES is what each says after connecting, with \xNN in it ("" for nothing). They come from so
 * many addresses 127.0.1.1 and following. Prints "open N" with a time each second, at the end
 * "opened N least N" (least: of those lines from the time on when all were open). Loopback only. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_client.h"

#define LOOPBACK_1 0x7f000101u
/* Opened in one turn, so that closed ones are noticed in between. */
#define TURN_MAX 200

struct hold {
    unsigned short port;
    unsigned long connections, sources, opened, open;
    const char *bytes;
    size_t bytes_len;
    int epoll;
    bool is_full; /* all were open once */
    unsigned long least;
};

static bool open_one(struct hold *hold)
{
    int fd = bench_connect(hold->port, LOOPBACK_1 + (uint32_t)(hold->opened % hold->sources));
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

    if (fd < 0)
        return false;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        (hold->bytes_len > 0 && send(fd, hold->bytes, hold->bytes_len, MSG_NOSIGNAL) < 0) ||
        epoll_ctl(hold->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        return false;
    }
    hold->opened++;
    hold->open++;
    return true;
}

static void look(struct hold *hold)
{
    struct epoll_event events[256];
    char bytes[4096];
    int count = epoll_wait(hold->epoll, events, 256, 1);

    for (int i = 0; i < count; i++) {
        ssize_t got = recv(events[i].data.fd, bytes, sizeof(bytes), 0);
        if (got > 0 || (got < 0 && errno == EAGAIN))
            continue;
        close(events[i].data.fd);
        hold->open--;
    }
}

int main(int argc, char **argv)
{
    static char bytes[4096];
    struct hold hold = {0};

    if (argc != 6 || strlen(argv[5]) >= sizeof(bytes))
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    hold.port = (unsigned short)strtoul(argv[1], NULL, 10);
    hold.connections = strtoul(argv[2], NULL, 10);
    hold.sources = strtoul(argv[4], NULL, 10);
    hold.bytes = bytes;
    hold.bytes_len = bench_unescape(argv[5], bytes);
    hold.epoll = epoll_create1(EPOLL_CLOEXEC);
    hold.least = hold.connections;
    double begin = bench_now(), told = begin;
    while (bench_now() < begin + strtod(argv[3], NULL)) {
        for (int i = 0; i < TURN_MAX && hold.open < hold.connections; i++) {
            if (!open_one(&hold))
                break;
        }
        look(&hold);
        hold.is_full = hold.is_full || hold.open == hold.connections;
        if (bench_now() < told + 1)
            continue;
        told = bench_now();
        if (hold.is_full && hold.open < hold.least)
            hold.least = hold.open;
        printf("open %lu at %.0f s\n", hold.open, told - begin);
        (void)fflush(stdout);
    }
    printf("opened %lu least %lu\n", hold.opened, hold.is_full ? hold.least : 0);
    return 0;
}
