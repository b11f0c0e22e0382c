#include "api_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* -- server ------------------------------------------------------------------------------------ */

static void reload(void *data, enum api_part part,
                   void (*done)(void *done_data, int err, const char *line), void *done_data)
{
    struct api_server *server = data;

    server->reloads += part == API_PART_ALL;
    server->option_switches += part == API_PART_OPTIONS;
    if (part == API_PART_TEMPLATES)
        api_server_reload(server);
    done(done_data, server->reload_err, server->reload_err ? "f.conf:1: broken" : "");
}

static void status(void *data, json_t *object)
{
    (void)data;
    assert_int_equal(json_object_set_new(object, "workers", json_integer(2)), 0);
}

static void health(void *data, struct api_health *ret_health)
{
    *ret_health = ((struct api_server *)data)->health;
}

static int metrics(void *data, struct arena *arena, struct metrics *metrics)
{
    struct api_server *server = data;
    struct metrics_listener *listener = arena_alloc_array(arena, 1, sizeof(*listener));

    if (!listener)
        return AP_ENOMEM;
    *listener = (struct metrics_listener){.name = "phones", .certificate_expires_at = 4000000000};
    metrics->listeners = listener;
    metrics->listener_count = 1;
    metrics->workers = server->health.worker_count;
    metrics->refusals[POLICY_UNKNOWN_PAIR] = 7;
    return 0;
}

static struct snapshot *snapshot(void *data)
{
    return ((struct api_server *)data)->snapshot;
}

static int start(void *data, struct api_job *job)
{
    struct api_server *server = data;

    if (server->job_err)
        return server->job_err;
    server->jobs++;
    job->run(job);
    job->done(job);
    return 0;
}

static int open_reader(void *data, struct store_db **ret_reader)
{
    struct app_fixture *fixture = ((struct api_server *)data)->fixture;
    struct ap_error error = {{0}};

    return store_open(fixture->db_path, STORE_READER, fixture->vault, &fixture->clock, ret_reader,
                      &error);
}

static bool is_throttled(void *data, const struct address *source)
{
    const struct api_server *server = data;

    (void)source;
    return server->throttles;
}

void api_server_open(struct api_server *server, struct app_fixture *fixture, const char *more,
                     uid_t own_uid, gid_t group_gid)
{
    struct ap_error error = {{0}};
    int fd = -1;

    *server = (struct api_server){
        .fixture = fixture, .health = {.running = true, .worker_count = 2, .writer_alive = true}};
    fixture_write_config(fixture, more);
    fixture_start_store(fixture);
    if (snapshot_new(fixture_load_config(fixture), NULL, FIXTURE_NOW_S, 1, &server->snapshot,
                     &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(uv_loop_init(&server->loop), 0);
    assert_int_equal(mailbox_open(&server->loop, &server->mailbox), 0);
    resync_fixture_open(&server->rig, fixture, &server->loop, server->mailbox, &server->snapshot);
    const struct api_setup setup = {
        .reader = fixture->reader,
        .writer = fixture->writer,
        .mailbox = server->mailbox,
        .clock = &fixture->clock,
        .daemon = {.data = server,
                   .reload = reload,
                   .status = status,
                   .health = health,
                   .is_throttled = is_throttled,
                   .metrics = metrics,
                   .start = start,
                   .open_reader = open_reader,
                   .snapshot = snapshot},
        .resync = server->rig.resync,
        .own_uid = own_uid,
        .group_gid = group_gid,
    };
    assert_int_equal(api_new(&setup, &server->api), 0);
    const struct front_setup front = {.loop = &server->loop,
                                      .clock = clock_system(),
                                      .handler = api_handle,
                                      .handler_data = server->api};
    assert_int_equal(front_open(&front, &server->front), 0);
    fixture_path(fixture, "control.sock", server->socket_path);
    assert_int_equal(listener_open_unix(server->socket_path, (gid_t)-1, &fd, &error), 0);
    assert_int_equal(front_add_listener(server->front, fd, FRONT_ADMIN_UNIX, 0, NULL), 0);
}

void api_server_close(struct api_server *server)
{
    api_reply_done(&server->reply);
    front_close(server->front);
    api_stop(server->api);
    if (server->fixture->writer) /* a test may have stopped the store itself */
        resync_stop(server->rig.resync);
    fixture_stop_store(server->fixture);
    mailbox_close(server->mailbox);
    assert_int_equal(uv_run(&server->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    api_free(server->api);
    resync_fixture_close(&server->rig);
    snapshot_unref(server->snapshot);
    (void)unlink(server->socket_path);
}

void api_server_reload(struct api_server *server)
{
    struct snapshot *fresh = NULL;
    struct snapshot_stored stored = {.options = NULL};
    struct arena arena;
    struct ap_error error = {{0}};

    arena_init(&arena, SNAPSHOT_STORED_MAX_BYTES);
    if (snapshot_read_stored(server->fixture->reader, &arena, &stored, &error) != 0)
        fail_msg("%s", error.text);
    stored.options = NULL;
    if (snapshot_new(fixture_load_config(server->fixture), &stored, FIXTURE_NOW_S,
                     server->snapshot->generation + 1, &fresh, &error) != 0)
        fail_msg("%s", error.text);
    arena_done(&arena);
    snapshot_unref(server->snapshot);
    server->snapshot = fresh;
}

/* The timer only wakes the loop: no test waits for it. */
static void wake(uv_timer_t *timer)
{
    (void)timer;
}

void api_run_until(struct api_server *server, bool (*done)(void *data), void *data)
{
    uv_timer_t timer;
    uint64_t end = uv_hrtime() + UINT64_C(20000000000);

    assert_int_equal(uv_timer_init(&server->loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, wake, 1, 1), 0);
    while (!done(data)) {
        assert_true(uv_hrtime() < end);
        (void)uv_run(&server->loop, UV_RUN_ONCE); /* handles are open: never 0 by itself */
    }
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&server->loop, UV_RUN_NOWAIT); /* the close */
}

/* -- client ------------------------------------------------------------------------------------ */

struct exchange {
    int fd;
    char *in;
    size_t len, room;
};

static bool is_answered(void *data)
{
    struct exchange *exchange = data;
    ssize_t got = recv(exchange->fd, exchange->in + exchange->len,
                       exchange->room - exchange->len - 1, MSG_DONTWAIT);

    if (got > 0)
        exchange->len += (size_t)got;
    else
        assert_true(got < 0 && errno == EAGAIN);
    exchange->in[exchange->len] = '\0';
    const char *end = strstr(exchange->in, "\r\n\r\n");
    const char *length = strcasestr(exchange->in, "\r\ncontent-length:");
    if (!end)
        return false;
    size_t body_len = length ? (size_t)strtoul(length + 17, NULL, 10) : 0;
    return exchange->len >= (size_t)(end + 4 - exchange->in) + body_len;
}

/* "" : the head has no such line. */
static void read_field(const struct exchange *exchange, const char *name, char *out, size_t room)
{
    char line[64];

    (void)snprintf(line, sizeof(line), "\r\n%s:", name);
    const char *field = strcasestr(exchange->in, line);
    out[0] = '\0';
    if (!field)
        return;
    field += strlen(line);
    field += strspn(field, " ");
    (void)snprintf(out, room, "%.*s", (int)strcspn(field, "\r"), field);
}

static void read_head(const struct exchange *exchange, struct api_reply *reply)
{
    assert_memory_equal(exchange->in, "HTTP/1.1 ", 9);
    reply->status = (int)strtol(exchange->in + 9, NULL, 10);
    read_field(exchange, "Content-Type", reply->content_type, sizeof(reply->content_type));
    read_field(exchange, "ETag", reply->etag, sizeof(reply->etag));
}

void api_ask_raw(struct api_server *server, const char *request, struct api_reply *ret_reply)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct exchange exchange = {.in = ret_reply->text, .room = sizeof(ret_reply->text)};
    size_t len = strlen(request);

    memset(ret_reply, 0, sizeof(*ret_reply));
    memcpy(name.sun_path, server->socket_path, strlen(server->socket_path));
    exchange.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(exchange.fd >= 0);
    assert_int_equal(connect(exchange.fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    /* Small enough for the socket's buffer. */
    assert_int_equal(send(exchange.fd, request, len, MSG_NOSIGNAL), len);
    api_run_until(server, is_answered, &exchange);
    read_head(&exchange, ret_reply);
    close(exchange.fd);
    const char *body = strstr(ret_reply->text, "\r\n\r\n") + 4;
    memmove(ret_reply->text, body, strlen(body) + 1);
    ret_reply->json = json_loads(ret_reply->text, 0, NULL);
}

void api_ask_with(struct api_server *server, const char *fields, const char *method,
                  const char *path, const char *body, struct api_reply *ret_reply)
{
    bool has_length = body || (strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0);
    char *request = NULL;

    if (has_length)
        assert_true(asprintf(&request,
                             "%s /api/v1%s HTTP/1.1\r\n%sContent-Type: application/json\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             method, path, fields, body ? strlen(body) : 0, body ? body : "") > 0);
    else
        assert_true(asprintf(&request, "%s /api/v1%s HTTP/1.1\r\n%s\r\n", method, path, fields) >
                    0);
    api_ask_raw(server, request, ret_reply);
    free(request);
}

void api_ask(struct api_server *server, const char *method, const char *path, const char *body,
             struct api_reply *ret_reply)
{
    api_ask_with(server, "", method, path, body, ret_reply);
}

void api_reply_done(struct api_reply *reply)
{
    json_decref(reply->json);
    reply->json = NULL;
}

/* -- shortcuts --------------------------------------------------------------------------------- */

void api_expect(struct api_server *server, const char *method, const char *path, const char *body,
                int status)
{
    api_expect_with(server, "", method, path, body, status);
}

void api_expect_with(struct api_server *server, const char *fields, const char *method,
                     const char *path, const char *body, int status)
{
    api_reply_done(&server->reply);
    api_ask_with(server, fields, method, path, body, &server->reply);
    if (server->reply.status != status)
        fail_msg("%s %s: %d %s", method, path, server->reply.status, server->reply.text);
}

const char *api_text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    if (!text)
        fail_msg("no text '%s'", member);
    return text;
}

const char *api_member(const struct api_server *server, const char *name)
{
    const char *text = json_string_value(json_object_get(server->reply.json, name));

    if (!text)
        fail_msg("no text '%s' in %s", name, server->reply.text);
    return text;
}

json_t *api_items(const struct api_server *server)
{
    json_t *items = json_object_get(server->reply.json, "items");

    if (!json_is_array(items))
        fail_msg("no items in %s", server->reply.text);
    return items;
}

json_t *api_item(const struct api_server *server, const char *member, const char *text)
{
    json_t *items = api_items(server);

    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (strcmp(api_text_of(item, member), text) == 0)
            return item;
    }
    return NULL;
}

void api_told(const struct api_server *server, const char *what)
{
    if (!strstr(api_member(server, "detail"), what))
        fail_msg("'%s' is not in %s", what, server->reply.text);
}

void api_points(const struct api_server *server, const char *pointer)
{
    if (!pointer && json_object_get(server->reply.json, "pointer"))
        fail_msg("a pointer is in %s", server->reply.text);
    if (pointer && strcmp(api_member(server, "pointer"), pointer) != 0)
        fail_msg("'%s' is not the pointer in %s", pointer, server->reply.text);
}
