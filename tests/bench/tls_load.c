/* A bounded load of TLS requests from blocking threads: the client of the benchmarks.
 *
 *   tls_load storm|keepalive PORT tls1.2|tls1.3 CIPHER SECONDS THREADS VISITS
 *
 * VISITS: a file with a line for each phone: its User-Agent and its requests, separated by tabs,
 * each "STATUS PATH"; 304 asks with the ETag of an answer before. The threads share the phones,
 * from the first to the last and again. storm: for each phone connect, full handshake, its
 * requests, close. keepalive: each thread keeps its connection. Prints "VISITS REQUESTS FAILURES
 * P50 P99 MAX", the last three of a visit in milliseconds, within 2 %. Loopback only. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "bench_client.h"

#define THREADS_MAX  256
#define REQUESTS_MAX 8
#define ANSWER_MAX   65536
#define ETAG_MAX     80
/* Each 2 % longer than the one before, from a microsecond to 10 minutes. */
#define BUCKETS      1024
#define BUCKET_RATIO 1.02

struct request {
    char *path;
    char etag[ETAG_MAX]; /* of the thread that this phone belongs to */
    int status;
};

struct visit {
    char *agent;
    struct request requests[REQUESTS_MAX];
    size_t count;
};

struct plan {
    SSL_CTX *context;
    struct visit *visits;
    size_t count;
    double end;
    bool keep_alive;
    unsigned short port;
    size_t threads;
};

struct worker {
    pthread_t thread;
    const struct plan *plan;
    size_t number;
    unsigned long visits;
    unsigned long requests;
    unsigned long failures;
    unsigned long times[BUCKETS];
};

/* -- one connection ------------------------------------------------------------------------------
 */

static SSL *dial(const struct plan *plan)
{
    int fd = bench_connect(plan->port, 0);
    SSL *ssl = fd >= 0 ? SSL_new(plan->context) : NULL;

    if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) {
        SSL_free(ssl);
        bench_close(fd);
        return NULL;
    }
    return ssl;
}

static void keep_etag(struct request *request, const char *answer)
{
    const char *etag = strcasestr(answer, "\r\netag: ");

    if (etag)
        (void)sscanf(etag, "%*[^\"]%79[^\r]", request->etag); /* none stays none */
}

/* True for a whole answer of this status. */
static bool read_answer(SSL *ssl, int status, struct request *request)
{
    char answer[ANSWER_MAX + 1];
    size_t len = 0, need = 0;
    int seen = 0;

    while (need == 0 || len < need) {
        int got = SSL_read(ssl, answer + len, (int)(ANSWER_MAX - len));
        if (got <= 0)
            return false;
        len += (size_t)got;
        answer[len] = '\0';
        const char *body = strstr(answer, "\r\n\r\n");
        if (need != 0 || !body)
            continue;
        const char *length = strcasestr(answer, "content-length:");
        if (sscanf(answer, "HTTP/1.1 %d", &seen) != 1 || seen != status || (!length && seen != 304))
            return false;
        need = (size_t)(body + 4 - answer) + (seen == 304 ? 0 : strtoul(length + 15, NULL, 10));
    }
    keep_etag(request, answer);
    return len == need;
}

static bool ask(SSL *ssl, const char *agent, struct request *request, bool last)
{
    char head[2048];
    int status = request->status == 304 && !request->etag[0] ? 200 : request->status;
    int len = snprintf(head, sizeof(head),
                       "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\n%s%s%s%s\r\n",
                       request->path, agent, status == 304 ? "If-None-Match: " : "",
                       status == 304 ? request->etag : "", status == 304 ? "\r\n" : "",
                       last ? "Connection: close\r\n" : "");

    return len > 0 && (size_t)len < sizeof(head) && SSL_write(ssl, head, len) == len &&
           read_answer(ssl, status, request);
}

/* -- a thread -------------------------------------------------------------------------------------
 */

static void note(struct worker *worker, double seconds)
{
    double bucket = log(fmax(seconds * 1e6, 1.0)) / log(BUCKET_RATIO);

    worker->times[bucket < BUCKETS - 1 ? (size_t)bucket : BUCKETS - 1]++;
}

static bool work(struct worker *worker, SSL *ssl, struct visit *visit)
{
    for (size_t i = 0; i < visit->count; i++) {
        bool last = i + 1 == visit->count && !worker->plan->keep_alive;
        if (!ask(ssl, visit->agent, &visit->requests[i], last))
            return false;
        worker->requests++;
    }
    return true;
}

static void *run(void *data)
{
    struct worker *worker = data;
    const struct plan *plan = worker->plan;
    SSL *ssl = NULL;

    for (size_t at = worker->number % plan->count; bench_now() < plan->end;
         at = (at + plan->threads) % plan->count) {
        double begin = bench_now();
        if (!ssl)
            ssl = dial(plan);
        bool ok = ssl && work(worker, ssl, &plan->visits[at]);
        if (ok)
            note(worker, bench_now() - begin);
        worker->visits += ok;
        worker->failures += !ok;
        if (ssl && (!ok || !plan->keep_alive)) {
            (void)SSL_shutdown(ssl); /* the server may have gone first */
            bench_hang_up(ssl);
            ssl = NULL;
        }
    }
    if (ssl)
        bench_hang_up(ssl);
    return NULL;
}

/* -- the whole ------------------------------------------------------------------------------------
 */

static bool read_visit(char *line, struct visit *visit)
{
    char *rest = NULL;
    const char *agent = strtok_r(line, "\t\n", &rest);

    visit->agent = agent ? strdup(agent) : NULL;
    if (!visit->agent)
        return false;
    for (char *one = strtok_r(NULL, "\t\n", &rest); one; one = strtok_r(NULL, "\t\n", &rest)) {
        char *path = NULL;
        if (visit->count == REQUESTS_MAX)
            return false;
        struct request *request = &visit->requests[visit->count++];
        request->status = (int)strtol(one, &path, 10);
        if (*path != ' ')
            return false;
        request->path = strdup(path + 1);
        if (!request->path)
            return false;
    }
    return visit->count > 0;
}

static bool read_visits(const char *name, struct plan *plan)
{
    FILE *file = fopen(name, "re");
    char line[4096];
    size_t room = 0;
    bool ok = file != NULL;

    while (ok && fgets(line, sizeof(line), file)) {
        if (plan->count == room) {
            room = room ? room * 2 : 64;
            struct visit *more = realloc(plan->visits, room * sizeof(*more));
            if (!more)
                abort();
            plan->visits = more;
        }
        plan->visits[plan->count] = (struct visit){0};
        ok = read_visit(line, &plan->visits[plan->count++]);
    }
    if (file)
        (void)fclose(file); /* only read */
    return ok && plan->count > 0;
}

static double quantile_ms(const unsigned long *times, unsigned long count, double part)
{
    unsigned long seen = 0;
    size_t i = 0;

    while (i < BUCKETS - 1 && (double)(seen += times[i]) < part * (double)count)
        i++;
    return count ? pow(BUCKET_RATIO, (double)i + 0.5) / 1e3 : 0;
}

static void print_sum(const struct worker *workers, size_t count)
{
    static struct worker sum;

    for (size_t i = 0; i < count; i++) {
        sum.visits += workers[i].visits;
        sum.requests += workers[i].requests;
        sum.failures += workers[i].failures;
        for (size_t b = 0; b < BUCKETS; b++)
            sum.times[b] += workers[i].times[b];
    }
    printf("%lu %lu %lu %.2f %.2f %.2f\n", sum.visits, sum.requests, sum.failures,
           quantile_ms(sum.times, sum.visits, 0.5), quantile_ms(sum.times, sum.visits, 0.99),
           quantile_ms(sum.times, sum.visits, 1.0));
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS_MAX];
    struct plan plan = {0};

    if (argc != 8) {
        fprintf(stderr, "usage: tls_load storm|keepalive PORT tls1.2|tls1.3 CIPHER SECONDS THREADS "
                        "VISITS\n");
        return 2;
    }
    plan.context = bench_context();
    plan.keep_alive = strcmp(argv[1], "keepalive") == 0;
    plan.port = (unsigned short)strtoul(argv[2], NULL, 10);
    plan.threads = strtoul(argv[6], NULL, 10);
    if (!bench_choose(plan.context, argv[3], argv[4]) || plan.threads < 1 ||
        plan.threads > THREADS_MAX || !read_visits(argv[7], &plan)) {
        fprintf(stderr, "tls_load: bad arguments\n");
        return 2;
    }
    if (plan.threads > plan.count)
        plan.threads = plan.count; /* a phone's ETag belongs to one thread */
    (void)signal(SIGPIPE, SIG_IGN);
    plan.end = bench_now() + strtod(argv[5], NULL);
    for (size_t i = 0; i < plan.threads; i++) {
        workers[i].plan = &plan;
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
            return 1;
    }
    for (size_t i = 0; i < plan.threads; i++)
        pthread_join(workers[i].thread, NULL);
    print_sum(workers, plan.threads);
    SSL_CTX_free(plan.context);
    return 0;
}
