/* Health, for whoever watches the process: no role, so no version, name or number of phones.
 * The form is that of draft-inadarei-api-health-check-06. */
#include <stdio.h>
#include <string.h>

#include "api_private.h"

#define HEALTH_TEXT "application/health+json"
/* Renewal is due 30 days before the end; with less than this it has failed. */
#define CERTIFICATE_WARN_S (14 * 86400)

enum state { PASS, WARN, FAIL };

struct checks {
    json_t *object;
    enum state worst;
};

static const char *state_name(enum state state)
{
    static const char *const NAMES[] = {[PASS] = "pass", [WARN] = "warn", [FAIL] = "fail"};

    return NAMES[state];
}

/* output: what is wrong; "" if nothing is. A check that finds no memory is left out. */
static void add(struct checks *checks, const char *name, enum state state, const char *output)
{
    json_t *list = checks->object ? json_pack("[{s:s, s:s*}]", "status", state_name(state),
                                              "output", output[0] ? output : NULL)
                                  : NULL;

    if (state > checks->worst)
        checks->worst = state;
    if (list)
        (void)json_object_set_new(checks->object, name, list);
}

static void check_store(const struct api *api, struct checks *checks)
{
    struct store_writer_stats writer;
    uint64_t seq;
    int err = store_change_seq(api->reader, &seq);

    add(checks, "store:read", err ? FAIL : PASS, err ? ap_strerror(err) : "");
    store_writer_stats(api->writer, &writer);
    if (writer.failed)
        add(checks, "store:write", FAIL, "the disk refused a write");
    else
        add(checks, "store:write", writer.last_error ? WARN : PASS,
            writer.last_error ? ap_strerror(writer.last_error) : "");
}

static void check_certificates(const struct api *api, struct checks *checks)
{
    const struct snapshot *snapshot = api->daemon.snapshot(api->daemon.data);
    int64_t now = clock_wall_s(api->clock);
    int64_t end = INT64_MAX;

    for (size_t i = 0; i < snapshot->config->listener_count; i++) {
        if (!snapshot->tls[i])
            continue;
        int64_t expires_at = tls_context_expires_at(snapshot->tls[i]);
        end = expires_at < end ? expires_at : end;
    }
    if (end <= now)
        add(checks, "tls:certificates", FAIL, "a certificate has ended");
    else if (end - now < CERTIFICATE_WARN_S)
        add(checks, "tls:certificates", WARN, "a certificate ends within two weeks");
    else
        add(checks, "tls:certificates", PASS, "");
}

static void check_threads(const struct api *api, struct checks *checks)
{
    struct api_health health = {.running = false};
    char output[96];

    api->daemon.health(api->daemon.data, &health);
    (void)snprintf(output, sizeof(output), "%zu of %zu workers do not turn", /* 60 bytes */
                   health.stuck_workers, health.worker_count);
    add(checks, "daemon:workers", health.stuck_workers ? FAIL : PASS,
        health.stuck_workers ? output : "");
    add(checks, "daemon:writer", health.writer_alive ? PASS : FAIL,
        health.writer_alive ? "" : "the writer does not turn");
    add(checks, "daemon:running", health.running ? PASS : FAIL,
        health.running ? "" : "the daemon is starting or stopping");
}

static void answer(struct http_exchange *exchange, enum state state, json_t *checks)
{
    json_t *object = json_pack("{s:s, s:O*}", "status", state_name(state), "checks", checks);

    api_answer_json(exchange, state == FAIL ? 503 : 200, HEALTH_TEXT, object);
    json_decref(object);
}

bool api_health_answer(const struct api *api, struct http_exchange *exchange)
{
    static const struct api_problem_text WRONG_METHOD = {405, "Method Not Allowed",
                                                         "this path has not that method", "GET"};
    const struct http_request *request = http_exchange_request(exchange);
    bool is_ready = strcmp(request->path, "/readyz") == 0;

    if (!is_ready && strcmp(request->path, "/healthz") != 0)
        return false;
    if (request->method != GATE_GET && request->method != GATE_HEAD) {
        api_answer_problem(exchange, &WRONG_METHOD);
    } else if (!is_ready) {
        answer(exchange, PASS, NULL); /* that it answers is all */
    } else {
        struct checks checks = {.object = json_object()};
        check_store(api, &checks);
        check_certificates(api, &checks);
        check_threads(api, &checks);
        answer(exchange, checks.worst, checks.object);
        json_decref(checks.object);
    }
    return true;
}
