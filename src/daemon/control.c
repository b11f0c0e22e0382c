/* The control socket: who may use it, and what only the daemon can tell or do. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/log.h"
#include "daemon_private.h"

/* The control socket's index: none of a listener of the configuration. */
#define CONTROL_LISTENER UINT_MAX

static void api_reload(void *data, enum api_part part,
                       void (*done)(void *done_data, int err, const char *line), void *done_data)
{
    reload_request(data, part, done, done_data);
}

static struct snapshot *api_snapshot(void *data)
{
    struct daemon *daemon = data;

    return daemon->snapshot;
}

/* libuv's request of one job, gone when the job is done. */
struct control_job {
    uv_work_t work;
    struct api_job *job;
};

static void run_job(uv_work_t *work)
{
    struct api_job *job = ((struct control_job *)work)->job;

    job->run(job);
}

static void job_done(uv_work_t *work, int status)
{
    struct api_job *job = ((struct control_job *)work)->job;

    (void)status; /* nothing cancels it */
    free(work);
    job->done(job);
}

int control_start_job(void *data, struct api_job *job)
{
    struct daemon *daemon = data;
    struct control_job *work = calloc(1, sizeof(*work));

    if (!work)
        return AP_ENOMEM;
    work->job = job;
    if (uv_queue_work(&daemon->loop, &work->work, run_job, job_done) == 0)
        return 0;
    free(work);
    return AP_EBUSY;
}

int control_open_reader(void *data, struct store_db **ret_reader)
{
    struct daemon *daemon = data;
    struct ap_error error = {{0}};
    int err = store_open(daemon->database, STORE_READER, daemon->vault, daemon->clock, ret_reader,
                         &error);

    if (err)
        log_event(LOG_LEVEL_ERROR, "job", "error=\"%s\"", error.text);
    return err;
}

static json_t *listeners_json(const struct snapshot *snapshot)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < snapshot->config->listener_count; i++) {
        const struct config_listener *listener = &snapshot->config->listeners[i];
        char address[AP_ADDRESS_TEXT_MAX];
        address_format(&listener->address, address);
        /* A row that finds no memory is left out. */
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:i, s:s?, s:o}", "name", listener->name, "serves",
                      config_serves_name(listener->serves), "address", address, "port",
                      (int)listener->address.port, "public_url", listener->public_url,
                      "certificate_expires_at",
                      snapshot->tls[i] ? json_integer(tls_context_expires_at(snapshot->tls[i]))
                                       : json_null()));
    }
    return list;
}

static json_t *counters_json(const struct daemon *daemon)
{
    json_t *counters = json_object();

    for (int reason = 0; counters && reason < POLICY_REASON_COUNT; reason++) {
        uint64_t sum = vitals_count(daemon, (enum policy_reason)reason);
        (void)json_object_set_new(counters, policy_reason_name((enum policy_reason)reason),
                                  json_integer((json_int_t)sum)); /* left out without memory */
    }
    return counters;
}

static void api_daemon_status(void *data, json_t *object)
{
    struct daemon *daemon = data;
    struct source_totals totals;

    struct penalty_totals penalties;

    source_table_totals(daemon->sources, &totals);
    penalty_table_totals(daemon->penalties, clock_monotonic_ms(daemon->clock), &penalties);
    json_t *more = json_pack(
        "{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "pid", (json_int_t)getpid(),
        "sandbox", sandbox_describe(daemon->sandbox), "uptime_s",
        (json_int_t)((clock_monotonic_ms(daemon->clock) - daemon->started_ms) / 1000), "workers",
        (json_int_t)daemon->worker_count, "connections", (json_int_t)totals.connections,
        "handshakes", (json_int_t)totals.handshakes, "refused_connections",
        (json_int_t)totals.refused_connections, "throttled_sources", (json_int_t)penalties.sources,
        "listeners", listeners_json(daemon->snapshot), "requests", counters_json(daemon));
    /* Without memory these are left out. */
    if (more)
        (void)json_object_update(object, more);
    json_decref(more);
}

static bool api_is_throttled(void *data, const struct address *source)
{
    const struct daemon *daemon = data;
    struct source_key key;

    address_source_key(source, &key);
    return penalty_table_is_penalised(daemon->penalties, &key, clock_monotonic_ms(daemon->clock));
}

static gid_t group_of(const struct config *config)
{
    errno = 0;
    const struct group *group = getgrnam(config->group);

    /* Only root and members may give a file to a group. */
    if (group && (geteuid() == 0 || group_member(group->gr_gid)))
        return group->gr_gid;
    log_event(LOG_LEVEL_WARNING, "control",
              "group=%s; %s; root and the daemon's own user alone may use the socket",
              config->group, group ? "the daemon's user is no member of it" : "no such group");
    return (gid_t)-1;
}

static void remember_socket(struct daemon *daemon, const char *path)
{
    struct stat info;

    (void)snprintf(daemon->control_path, sizeof(daemon->control_path), "%s", path); /* it fits */
    daemon->socket_bound = stat(path, &info) == 0;
    if (daemon->socket_bound) {
        daemon->socket_device = info.st_dev;
        daemon->socket_inode = info.st_ino;
    }
}

void control_unlink(struct daemon *daemon)
{
    struct stat info;

    if (!daemon->socket_bound)
        return;
    const char *path = daemon->control_path;
    if (stat(path, &info) == 0 && info.st_dev == daemon->socket_device &&
        info.st_ino == daemon->socket_inode)
        (void)unlink(path); /* else the next start replaces it */
}

static int open_admin_listeners(struct daemon *daemon, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        bool is_portal = listener->serves == CONFIG_SERVES_PORTAL;
        int fd = daemon->admin_fds[i];
        if (fd < 0)
            continue;
        daemon->admin_fds[i] = -1;
        int err =
            front_add_listener(daemon->front, fd, is_portal ? FRONT_PORTAL_TLS : FRONT_ADMIN_TLS,
                               (unsigned)i, daemon->snapshot->tls[i]);
        if (err)
            return ap_error_set(error, err, "listener %s cannot be served: %s", listener->name,
                                ap_strerror(err));
        if (is_portal)
            front_set_networks(daemon->front, (unsigned)i, &listener->networks);
    }
    return 0;
}

void control_switch(struct daemon *daemon)
{
    const struct snapshot *snapshot = daemon->snapshot;

    for (size_t i = 0; i < snapshot->config->listener_count; i++) {
        const struct config_listener *listener = &snapshot->config->listeners[i];
        if (listener->serves == CONFIG_SERVES_PHONES)
            continue;
        front_set_tls(daemon->front, (unsigned)i, snapshot->tls[i]);
        if (listener->serves == CONFIG_SERVES_PORTAL)
            front_set_networks(daemon->front, (unsigned)i, &listener->networks);
    }
}

int control_bind(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    daemon->control_gid = group_of(config);
    if (daemon->control_fd >= 0) /* it is systemd's, and stays when the daemon stops */
        return 0;
    int err =
        listener_open_unix(config->control_socket, daemon->control_gid, &daemon->control_fd, error);
    if (!err)
        remember_socket(daemon, config->control_socket);
    return err;
}

int control_open(struct daemon *daemon, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;
    int fd = daemon->control_fd;
    struct api_setup api = {
        .reader = daemon->reader,
        .writer = daemon->writer,
        .mailbox = daemon->mailbox,
        .clock = daemon->clock,
        .resync = daemon->resync,
        .own_uid = geteuid(),
        .group_gid = daemon->control_gid,
        .daemon = {.data = daemon,
                   .reload = api_reload,
                   .status = api_daemon_status,
                   .health = vitals_health,
                   .is_throttled = api_is_throttled,
                   .metrics = vitals_metrics,
                   .start = control_start_job,
                   .open_reader = control_open_reader,
                   .snapshot = api_snapshot},
    };
    struct front_setup front = {
        .loop = &daemon->loop, .clock = daemon->clock, .handler = api_handle};
    int err = api_new(&api, &daemon->api);

    if (!err) {
        front.handler_data = daemon->api;
        err = front_open(&front, &daemon->front);
    }
    if (err)
        return ap_error_set(error, err, "the control socket cannot be served: %s",
                            ap_strerror(err));
    api_recover(daemon->api);
    daemon->control_fd = -1;
    err = front_add_listener(daemon->front, fd, FRONT_ADMIN_UNIX, CONTROL_LISTENER, NULL);
    if (err)
        return ap_error_set(error, err, "%s: cannot be served: %s", config->control_socket,
                            ap_strerror(err));
    return open_admin_listeners(daemon, error);
}
