/* Many requests that are refused, over many connections, from one thread: how long each kind takes,
 * and whether the answers differ.
 *
 *   miss_load PORT REQUESTS CONNECTIONS SECONDS KINDS [SOURCES EACH RATE]
 *
 * KINDS is a file with a line for each kind: a name (ending with '!': the server closes after
 * its answer), a tab, and the request with \r, \n and \xNN in it. The kind of each request is drawn
 * at random. With SOURCES every connection begins with a PROXY header of version 2 from one of so
 * many addresses in turn, and asks EACH times; RATE requests a second at most (0: no limit). Ends
 * after SECONDS in any case. Loopback only. Prints:
 *
 *   requests N answered N closed N distinct N seconds S
 *   kind NAME answers N mean_us M sd_us S
 *   pair NAME NAME t T cropped_t T standard_error_us E     (Welch's t; cropped: below the 95th
 *                                                           percentile of all) */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include <openssl/err.h>

#include "bench_client.h"

#define KINDS_MAX    64
#define REQUEST_MAX  8192
#define DISTINCT_MAX 16

struct kind {
    char name[64];
    char request[REQUEST_MAX];
    size_t request_len;
    bool may_close; /* its name ends with '!' */
    float *times_us;
    size_t count;
};

enum state { STATE_CLOSED, STATE_SHAKING, STATE_READY, STATE_ASKED };

struct connection {
    SSL *ssl;
    enum state state;
    struct kind *kind;
    double asked_at;
    double answered_at; /* its first byte */
    unsigned asked;
    size_t len;
    char answer[4096];
};

struct load {
    SSL_CTX *context;
    unsigned short port;
    unsigned long requests, connections, sources, each, rate;
    double begin, end;
    int epoll;
    unsigned long next_source, asked, answered, closed, open;
    struct connection *all;
    struct kind kinds[KINDS_MAX];
    size_t kind_count;
    char distinct[DISTINCT_MAX][4096];
    size_t distinct_count;
    unsigned seed;
};

/* -- what came ----------------------------------------------------------------------------------
 */

/* The answer without its Date; more than DISTINCT_MAX are not told apart any further. */
static void note_answer(struct load *load, char *answer)
{
    char *date = strstr(answer, "\r\nDate: ");
    char *end = date ? strstr(date + 2, "\r\n") : NULL;

    if (end)
        memmove(date, end, strlen(end) + 1);
    for (size_t i = 0; i < load->distinct_count; i++) {
        if (strncmp(load->distinct[i], answer, sizeof(load->distinct[0]) - 1) == 0)
            return;
    }
    if (load->distinct_count < DISTINCT_MAX)
        (void)snprintf(load->distinct[load->distinct_count++], sizeof(load->distinct[0]), "%s",
                       answer);
}

static void hang_up(struct load *load, struct connection *connection)
{
    if (connection->state == STATE_CLOSED)
        return;
    bench_hang_up(connection->ssl);
    connection->ssl = NULL;
    connection->state = STATE_CLOSED;
    load->open--;
}

static void lose(struct load *load, struct connection *connection)
{
    if (connection->state == STATE_ASKED)
        load->closed++;
    hang_up(load, connection);
}

/* -- one connection -----------------------------------------------------------------------------
 */

static void shake_hands(struct load *load, struct connection *connection)
{
    ERR_clear_error();
    int got = SSL_do_handshake(connection->ssl);

    if (got == 1)
        connection->state = STATE_READY;
    else if (SSL_get_error(connection->ssl, got) != SSL_ERROR_WANT_READ)
        hang_up(load, connection);
}

static void call(struct load *load, struct connection *connection)
{
    uint8_t header[BENCH_HEADER_BYTES];
    bool proxied = load->sources > 0;
    unsigned long source = load->next_source++;

    if (proxied)
        bench_proxy_header(header, (uint32_t)(source % load->sources));
    connection->ssl = bench_dial(load->context, load->port, proxied ? header : NULL);
    if (!connection->ssl)
        return;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, SSL_get_fd(connection->ssl), &event) != 0)
        abort();
    connection->state = STATE_SHAKING;
    connection->asked = 0;
    load->open++;
    /* The server may have been so quick that nothing more comes. */
    shake_hands(load, connection);
}

static void ask(struct load *load, struct connection *connection)
{
    struct kind *kind = &load->kinds[(size_t)rand_r(&load->seed) % load->kind_count];

    connection->kind = kind;
    connection->len = 0;
    connection->asked++;
    connection->state = STATE_ASKED;
    load->asked++;
    connection->asked_at = bench_now();
    if (SSL_write(connection->ssl, kind->request, (int)kind->request_len) <= 0)
        lose(load, connection);
}

static void take_answer(struct load *load, struct connection *connection)
{
    struct kind *kind = connection->kind;

    load->answered++;
    kind->times_us[kind->count++] = (float)((connection->answered_at - connection->asked_at) * 1e6);
    connection->state = STATE_READY;
    note_answer(load, connection->answer);
    if (kind->may_close || (load->each > 0 && connection->asked >= load->each))
        hang_up(load, connection);
}

static void read_answer(struct load *load, struct connection *connection)
{
    ERR_clear_error();
    int got = SSL_read(connection->ssl, connection->answer + connection->len,
                       (int)(sizeof(connection->answer) - connection->len - 1));

    if (got <= 0) {
        if (SSL_get_error(connection->ssl, got) != SSL_ERROR_WANT_READ)
            lose(load, connection);
        return;
    }
    if (connection->len == 0)
        connection->answered_at = bench_now();
    connection->len += (size_t)got;
    connection->answer[connection->len] = '\0';
    if (connection->state == STATE_ASKED && bench_is_whole(connection->answer, connection->len))
        take_answer(load, connection);
}

/* -- all of them --------------------------------------------------------------------------------
 */

/* As many requests as the rate lets through by now. */
static bool may_ask(const struct load *load)
{
    if (load->asked >= load->requests)
        return false;
    return load->rate == 0 ||
           (double)load->asked < (bench_now() - load->begin) * (double)load->rate;
}

static void start_what_may(struct load *load)
{
    unsigned calls = 0; /* a few in a turn, so that answers are read in time */

    for (unsigned long i = 0; i < load->connections && may_ask(load); i++) {
        struct connection *connection = &load->all[i];
        if (connection->state == STATE_READY)
            ask(load, connection);
        else if (connection->state == STATE_CLOSED && calls++ < 8)
            call(load, connection);
    }
}

static void run(struct load *load)
{
    struct epoll_event events[256];

    while (bench_now() < load->end && load->answered + load->closed < load->requests) {
        start_what_may(load);
        int count = epoll_wait(load->epoll, events, 256, 1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection->state == STATE_SHAKING)
                shake_hands(load, connection);
            else if (connection->state != STATE_CLOSED)
                read_answer(load, connection);
        }
    }
}

/* -- what it says -------------------------------------------------------------------------------
 */

struct moments {
    double mean, variance;
    size_t count;
};

static struct moments moments_of(const struct kind *kind, float below)
{
    struct moments moments = {0};
    double squares = 0;

    for (size_t i = 0; i < kind->count; i++) {
        if (kind->times_us[i] > below)
            continue;
        double delta = kind->times_us[i] - moments.mean;
        moments.count++;
        moments.mean += delta / (double)moments.count;
        squares += delta * (kind->times_us[i] - moments.mean);
    }
    moments.variance = moments.count > 1 ? squares / (double)(moments.count - 1) : 0;
    return moments;
}

static double welch(struct moments a, struct moments b, double *ret_error)
{
    *ret_error = sqrt(a.variance / (double)a.count + b.variance / (double)b.count);
    return (a.mean - b.mean) / *ret_error;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static float percentile_95(const struct load *load)
{
    float *all = calloc(load->answered + 1, sizeof(*all));
    size_t count = 0;

    for (size_t i = 0; all && i < load->kind_count; i++) {
        memcpy(all + count, load->kinds[i].times_us, load->kinds[i].count * sizeof(*all));
        count += load->kinds[i].count;
    }
    if (!all)
        abort();
    qsort(all, count, sizeof(*all), compare);
    float value = all[count * 95 / 100];
    free(all);
    return value;
}

static void report(const struct load *load)
{
    float below = percentile_95(load);

    printf("requests %lu answered %lu closed %lu distinct %zu seconds %.1f\n", load->asked,
           load->answered, load->closed, load->distinct_count, bench_now() - load->begin);
    for (size_t i = 0; i < load->kind_count; i++) {
        struct moments moments = moments_of(&load->kinds[i], INFINITY);
        printf("kind %s answers %zu mean_us %.2f sd_us %.2f\n", load->kinds[i].name, moments.count,
               moments.mean, sqrt(moments.variance));
    }
    for (size_t i = 0; i < load->kind_count; i++) {
        for (size_t j = i + 1; j < load->kind_count; j++) {
            const struct kind *a = &load->kinds[i], *b = &load->kinds[j];
            double error, cropped_error;
            double t = welch(moments_of(a, INFINITY), moments_of(b, INFINITY), &error);
            double cropped = welch(moments_of(a, below), moments_of(b, below), &cropped_error);
            printf("pair %s %s t %.2f cropped_t %.2f standard_error_us %.2f\n", a->name, b->name, t,
                   cropped, error);
        }
    }
}

static void read_kinds(struct load *load, const char *path)
{
    char line[REQUEST_MAX];
    FILE *file = fopen(path, "re");

    while (file && load->kind_count < KINDS_MAX && fgets(line, sizeof(line), file)) {
        struct kind *kind = &load->kinds[load->kind_count];
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        (void)snprintf(kind->name, sizeof(kind->name), "%.*s", (int)(tab - line), line);
        tab[strcspn(tab, "\n")] = '\0';
        kind->may_close = tab[-1] == '!';
        kind->request_len = bench_unescape(tab + 1, kind->request);
        kind->times_us = calloc(load->requests, sizeof(*kind->times_us));
        if (!kind->times_us)
            abort();
        load->kind_count++;
    }
    if (file)
        (void)fclose(file);
}

int main(int argc, char **argv)
{
    static struct load load;

    if (argc != 6 && argc != 9)
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    load.port = (unsigned short)strtoul(argv[1], NULL, 10);
    load.requests = strtoul(argv[2], NULL, 10);
    load.connections = strtoul(argv[3], NULL, 10);
    if (argc == 9) {
        load.sources = strtoul(argv[6], NULL, 10);
        load.each = strtoul(argv[7], NULL, 10);
        load.rate = strtoul(argv[8], NULL, 10);
    }
    load.context = bench_context();
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.all = calloc(load.connections, sizeof(*load.all));
    read_kinds(&load, argv[5]);
    if (!load.all || load.epoll < 0 || load.kind_count == 0)
        return 1;
    load.seed = (unsigned)time(NULL);
    load.begin = bench_now();
    load.end = load.begin + strtod(argv[4], NULL);
    run(&load);
    report(&load);
    for (unsigned long i = 0; i < load.connections; i++)
        hang_up(&load, &load.all[i]);
    for (size_t i = 0; i < load.kind_count; i++)
        free(load.kinds[i].times_us);
    free(load.all);
    SSL_CTX_free(load.context);
    return 0;
}
