/* A crowd of phones on one thread, each with an address of its own: what a building does that asks
 * for more than the server can give.
 *
 *   crowd PORT tls1.2|tls1.3 CIPHER SECONDS PHONES THINK_S PATIENCE_S RETRY_S PATHS
 *
 * Each phone connects, makes a full handshake, fetches its file and closes. It gives an attempt up
 * after PATIENCE_S, waits RETRY_S (half more or less, at random) and tries again; once served it
 * rests for THINK_S (a tenth more or less). With a THINK_S of 0 it is a closed loop. PATHS: a file
 * with a path on each line: all of them are asked for, also by fewer phones than there are.
 *
 * Prints one line of names and values. served, attempts, timed_out, refused and seconds are of the
 * last three quarters of the time; of them too are p50, p99 and max, the seconds from the first
 * attempt of a phone, which may lie before, until it was served. oldest: how long the phone has
 * waited at the end that waits longest. cpu: the part of a core that this program took. Loopback
 * only. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/err.h>

#include "bench_client.h"

#define LOOPBACK_1 0x7f000101u
#define ANSWER_MAX 32768
#define EVENTS_MAX 256
/* The wheel of what is due: 80 s, more than anybody waits. */
#define TICK_S 0.01
#define TICKS  8192
/* Attempts begun before sockets are looked at again. */
#define STARTS_MAX 64
/* A prime: no number of paths in use is a multiple of it. */
#define SPREAD 7919

enum phone_state { PHONE_RESTING, PHONE_CONNECTING, PHONE_SHAKING, PHONE_ASKING };

struct phone {
    struct phone *previous, *next; /* in its place of the wheel */
    SSL *ssl;
    char *answer;
    size_t answer_len;
    double since; /* the first attempt; 0: it wants nothing */
    unsigned long due;
    uint32_t number;
    uint32_t served;
    int fd;
    enum phone_state state;
};

struct totals {
    unsigned long served, attempts, timed_out, refused;
};

struct crowd {
    SSL_CTX *context;
    struct phone *phones;
    struct phone *wheel[TICKS];
    char **paths;
    double *waits; /* of those served, in seconds */
    size_t count, path_count, wait_count, wait_room;
    double begin, now, think_s, patience_s, retry_s;
    unsigned long tick; /* all before it is done */
    uint64_t random;
    struct totals totals;
    unsigned short port;
    int epoll;
};

/* -- time -----------------------------------------------------------------------------------------
 */

/* xorshift64* (Vigna 2016): from 0 to 1. */
static double chance(struct crowd *crowd)
{
    crowd->random ^= crowd->random >> 12;
    crowd->random ^= crowd->random << 25;
    crowd->random ^= crowd->random >> 27;
    return (double)(crowd->random * 0x2545f4914f6cdd1dULL >> 11) / 9007199254740992.0;
}

static void wheel_remove(struct crowd *crowd, struct phone *phone)
{
    if (phone->previous)
        phone->previous->next = phone->next;
    else
        crowd->wheel[phone->due % TICKS] = phone->next;
    if (phone->next)
        phone->next->previous = phone->previous;
}

static void wheel_add(struct crowd *crowd, struct phone *phone, double after_s)
{
    unsigned long due = (unsigned long)((crowd->now - crowd->begin + after_s) / TICK_S);

    phone->due = due > crowd->tick ? due : crowd->tick + 1;
    struct phone **place = &crowd->wheel[phone->due % TICKS];
    phone->previous = NULL;
    phone->next = *place;
    if (*place)
        (*place)->previous = phone;
    *place = phone;
}

/* -- a phone --------------------------------------------------------------------------------------
 */

static void rest(struct crowd *crowd, struct phone *phone, double seconds)
{
    if (phone->ssl)
        bench_hang_up(phone->ssl);
    else
        bench_close(phone->fd);
    free(phone->answer);
    phone->ssl = NULL;
    phone->fd = -1;
    phone->answer = NULL;
    phone->answer_len = 0;
    phone->state = PHONE_RESTING;
    wheel_remove(crowd, phone);
    wheel_add(crowd, phone, seconds);
}

static void fail(struct crowd *crowd, struct phone *phone, unsigned long *counter)
{
    (*counter)++;
    rest(crowd, phone, crowd->retry_s * (0.5 + chance(crowd)));
}

static void start(struct crowd *crowd, struct phone *phone)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = phone};

    if (phone->since == 0)
        phone->since = crowd->now;
    crowd->totals.attempts++;
    wheel_remove(crowd, phone);
    wheel_add(crowd, phone, crowd->patience_s);
    phone->state = PHONE_CONNECTING;
    phone->fd = bench_connect_later(crowd->port, LOOPBACK_1 + phone->number);
    if (phone->fd < 0 || epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, phone->fd, &event) != 0)
        fail(crowd, phone, &crowd->totals.refused);
}

static void note_wait(struct crowd *crowd, double seconds)
{
    if (crowd->wait_count == crowd->wait_room) {
        crowd->wait_room = crowd->wait_room ? crowd->wait_room * 2 : 65536;
        double *more = realloc(crowd->waits, crowd->wait_room * sizeof(*more));
        if (!more)
            abort();
        crowd->waits = more;
    }
    crowd->waits[crowd->wait_count++] = seconds;
}

static void be_served(struct crowd *crowd, struct phone *phone)
{
    crowd->totals.served++;
    phone->served++;
    note_wait(crowd, bench_now() - phone->since);
    phone->since = 0;
    (void)SSL_shutdown(phone->ssl); /* the server may have gone first */
    rest(crowd, phone, crowd->think_s * (0.9 + 0.2 * chance(crowd)));
}

/* -- one attempt: each returns false when it is over with nothing ---------------------------------
 */

static bool begin_tls(const struct crowd *crowd, struct phone *phone)
{
    phone->ssl = SSL_new(crowd->context);
    if (!phone->ssl || SSL_set_fd(phone->ssl, phone->fd) != 1)
        return false;
    SSL_set_connect_state(phone->ssl);
    phone->state = PHONE_SHAKING;
    return true;
}

static bool must_wait(const struct phone *phone, int result)
{
    int error = SSL_get_error(phone->ssl, result);

    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* Another one when the last was served; one after the other they are no neighbours. */
static const char *path_of(const struct crowd *crowd, const struct phone *phone)
{
    size_t turn = phone->number + phone->served * crowd->count;

    return crowd->paths[turn * SPREAD % crowd->path_count];
}

static bool ask(const struct crowd *crowd, struct phone *phone)
{
    char head[1024];
    int len = snprintf(head, sizeof(head),
                       "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Yealink SIP-T46U "
                       "108.86.0.20\r\nConnection: close\r\n\r\n",
                       path_of(crowd, phone));

    phone->state = PHONE_ASKING;
    phone->answer = malloc(ANSWER_MAX + 1);
    /* A socket that has sent nothing but a handshake has room for a head. */
    return phone->answer && len > 0 && (size_t)len < sizeof(head) &&
           SSL_write(phone->ssl, head, len) == len;
}

static bool shake(const struct crowd *crowd, struct phone *phone)
{
    int result = SSL_do_handshake(phone->ssl);

    return result == 1 ? ask(crowd, phone) : must_wait(phone, result);
}

static bool take(struct crowd *crowd, struct phone *phone)
{
    for (;;) {
        int got = SSL_read(phone->ssl, phone->answer + phone->answer_len,
                           (int)(ANSWER_MAX - phone->answer_len));
        if (got <= 0)
            return must_wait(phone, got);
        phone->answer_len += (size_t)got;
        phone->answer[phone->answer_len] = '\0';
        if (!bench_is_whole(phone->answer, phone->answer_len))
            continue;
        if (strncmp(phone->answer, "HTTP/1.1 200", 12) != 0)
            return false;
        be_served(crowd, phone);
        return true;
    }
}

static void go_on(struct crowd *crowd, struct phone *phone, uint32_t events)
{
    bool ok = true;

    ERR_clear_error();
    if (phone->state == PHONE_CONNECTING)
        ok = !(events & (EPOLLERR | EPOLLHUP)) && (!(events & EPOLLOUT) || begin_tls(crowd, phone));
    if (ok && phone->state == PHONE_SHAKING)
        ok = shake(crowd, phone);
    if (ok && phone->state == PHONE_ASKING)
        ok = take(crowd, phone);
    if (!ok)
        fail(crowd, phone, &crowd->totals.refused);
}

/* -- the whole ------------------------------------------------------------------------------------
 */

static void come_due(struct crowd *crowd, struct phone *phone)
{
    if (phone->state == PHONE_RESTING)
        start(crowd, phone);
    else
        fail(crowd, phone, &crowd->totals.timed_out);
}

/* False: there is more to do at once. */
static bool turn_wheel(struct crowd *crowd)
{
    unsigned long until = (unsigned long)((crowd->now - crowd->begin) / TICK_S);
    unsigned done = 0;

    while (crowd->tick < until) {
        struct phone **place = &crowd->wheel[crowd->tick % TICKS];
        while (*place) {
            if (done++ == STARTS_MAX)
                return false;
            come_due(crowd, *place); /* puts it to another place */
        }
        crowd->tick++;
    }
    return true;
}

static void run_until(struct crowd *crowd, double end)
{
    struct epoll_event events[EVENTS_MAX];
    bool is_idle = true;

    while ((crowd->now = bench_now()) < end) {
        int count = epoll_wait(crowd->epoll, events, EVENTS_MAX, is_idle ? 5 : 0);
        for (int i = 0; i < count; i++)
            go_on(crowd, events[i].data.ptr, events[i].events);
        crowd->now = bench_now();
        is_idle = turn_wheel(crowd);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const struct crowd *crowd, double part)
{
    size_t last = crowd->wait_count - 1;

    return crowd->wait_count ? crowd->waits[(size_t)(part * (double)last)] : 0;
}

static double cpu_s(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) != 0
               ? 0
               : (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(struct crowd *crowd, double seconds)
{
    double oldest = 0;

    crowd->begin = crowd->now = bench_now();
    for (size_t i = 0; i < crowd->count; i++)
        wheel_add(crowd, &crowd->phones[i], crowd->think_s * chance(crowd));
    run_until(crowd, crowd->begin + seconds / 4);
    double cpu = cpu_s(), from = crowd->now;
    crowd->totals = (struct totals){0};
    crowd->wait_count = 0;
    run_until(crowd, crowd->begin + seconds);
    for (size_t i = 0; i < crowd->count; i++) {
        double since = crowd->phones[i].since;
        if (since > 0 && crowd->now - since > oldest)
            oldest = crowd->now - since;
    }
    qsort(crowd->waits, crowd->wait_count, sizeof(*crowd->waits), compare);
    const struct totals *totals = &crowd->totals;
    printf("served %lu attempts %lu timed_out %lu refused %lu seconds %.3f p50 %.3f p99 %.3f "
           "max %.3f oldest %.3f cpu %.3f\n",
           totals->served, totals->attempts, totals->timed_out, totals->refused, crowd->now - from,
           quantile(crowd, 0.5), quantile(crowd, 0.99), quantile(crowd, 1), oldest,
           (cpu_s() - cpu) / (crowd->now - from));
}

static bool read_paths(struct crowd *crowd, const char *name)
{
    FILE *file = fopen(name, "re");
    char line[1024];
    bool ok = file != NULL;

    while (ok && fgets(line, sizeof(line), file)) {
        char **more = realloc(crowd->paths, (crowd->path_count + 1) * sizeof(*more));
        if (!more)
            abort();
        crowd->paths = more;
        line[strcspn(line, "\n")] = '\0';
        crowd->paths[crowd->path_count] = strdup(line);
        ok = crowd->paths[crowd->path_count++] != NULL;
    }
    if (file)
        (void)fclose(file); /* only read */
    return ok && crowd->path_count > 0;
}

static bool make_phones(struct crowd *crowd, size_t count)
{
    crowd->phones = calloc(count + 1, sizeof(*crowd->phones));
    if (!crowd->phones)
        return false;
    for (size_t i = 0; i < count; i++) {
        crowd->phones[i].number = (uint32_t)i;
        crowd->phones[i].fd = -1;
    }
    crowd->count = count;
    return count > 0;
}

int main(int argc, char **argv)
{
    static struct crowd crowd;

    if (argc != 10) {
        fprintf(stderr, "usage: crowd PORT tls1.2|tls1.3 CIPHER SECONDS PHONES THINK_S PATIENCE_S "
                        "RETRY_S PATHS\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    crowd.context = bench_context();
    crowd.port = (unsigned short)strtoul(argv[1], NULL, 10);
    crowd.think_s = strtod(argv[6], NULL);
    crowd.patience_s = strtod(argv[7], NULL);
    crowd.retry_s = strtod(argv[8], NULL);
    crowd.random = 0x9e3779b97f4a7c15ULL;
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    double longest = TICKS * TICK_S / 2;
    if (!bench_choose(crowd.context, argv[2], argv[3]) || crowd.epoll < 0 ||
        crowd.think_s > longest || crowd.patience_s > longest || crowd.retry_s > longest ||
        !make_phones(&crowd, strtoul(argv[5], NULL, 10)) || !read_paths(&crowd, argv[9])) {
        fprintf(stderr, "crowd: bad arguments\n");
        return 2;
    }
    run(&crowd, strtod(argv[4], NULL));
    return 0; /* the kernel closes what is open, at once */
}
