/* Start order is dependency order; stopping is its mirror. */
#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/store_object.h"
#include "autoprov/turned_away.h"
#include "daemon_private.h"
#include "sip_socket.h"

void daemon_hide_memory(void)
{
#ifdef AP_SANITIZED
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as it was before the user changed */
#else
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none); /* lowering is always allowed */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int state_path(const struct config *config, const char *name, char *out, size_t room,
                      struct ap_error *error)
{
    if ((size_t)snprintf(out, room, "%s/%s", config->state_directory, name) >= room)
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", config->state_directory);
    return 0;
}

void daemon_tell_rekeyed(const struct config *config)
{
    log_event(LOG_LEVEL_NOTICE, "key_rotation",
              "state=done: %s is needed for older backups only; next: autoprovctl key rotate "
              "--finish",
              config->master_key_file);
}

/* -- start ---------------------------------------------------------------------------------------
 */

/* A rotation that cannot begin is no reason to serve nobody. */
static void begin_rekey(struct daemon *daemon, struct store_db *writer, const struct config *config)
{
    struct ap_error error = {{0}};

    if (store_rekey_begin(writer, &error) != 0)
        log_event(LOG_LEVEL_ERROR, "key_rotation",
                  "error=\"%s\"; keeping the old key, the next start tries again", error.text);
    daemon->rekey_state = store_rekey_state(writer);
    if (daemon->rekey_state == STORE_REKEY_RUNNING)
        log_event(LOG_LEVEL_NOTICE, "key_rotation",
                  "state=running: both keys are needed until it is done");
    if (daemon->rekey_state == STORE_REKEY_DONE)
        daemon_tell_rekeyed(config);
}

/* The lock before any port: of two daemons on one folder the second one must say so. */
static int claim_state(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    char *database = daemon->database;
    char lock[DAEMON_PATH_MAX];
    int err = state_path(config, STORE_FILE_NAME, database, sizeof(daemon->database), error);

    if (!err)
        err = state_path(config, STORE_LOCK_NAME, lock, sizeof(lock), error);
    if (!err)
        err = vault_open_keys(config->master_key_file, &daemon->vault, error);
    if (!err && access(database, F_OK) != 0)
        err = ap_error_set(error, AP_ENOENT, "%s: no database; make one with: autoprovctl init",
                           database);
    if (!err)
        err = file_lock(lock, &daemon->lock_fd, error);
    return err;
}

static int open_store(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    const char *database = daemon->database;
    struct store_db *writer = NULL;
    int err = store_open(database, STORE_WRITER, daemon->vault, daemon->clock, &writer, error);

    if (!err)
        begin_rekey(daemon, writer, config);
    if (!err) {
        err = store_writer_start(writer, &daemon->writer);
        if (err)
            (void)ap_error_set(error, err, "the writer cannot be started: %s", ap_strerror(err));
    }
    if (!err)
        err = store_open(database, STORE_READER, daemon->vault, daemon->clock, &daemon->reader,
                         error);
    return err;
}

static int make_snapshot(struct daemon *daemon, struct config *config, struct ap_error *error)
{
    struct arena arena;
    struct snapshot_stored stored;

    arena_init(&arena, SNAPSHOT_STORED_MAX_BYTES);
    int err = snapshot_read_stored(daemon->reader, &arena, &stored, error);
    if (err)
        config_free(config);
    else
        err =
            snapshot_new(config, &stored, clock_wall_s(daemon->clock), 1, &daemon->snapshot, error);
    arena_done(&arena);
    if (!err)
        reload_tell_passed_over(daemon->snapshot);
    return err;
}

/* The table's slots are per connection; each needs a descriptor, and so do files and pairs. */
static void fit_descriptors(const struct config *config)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < config->max_connections + 512)
        log_event(LOG_LEVEL_WARNING, "descriptors",
                  "limit=%llu max_connections=%u; connections above the limit will wait; raise "
                  "LimitNOFILE",
                  (unsigned long long)limit.rlim_cur, config->max_connections);
}

static int start_workers(struct daemon *daemon, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;
    int err = 0;
    size_t wanted = config->workers;

    daemon->workers = calloc(wanted, sizeof(struct worker *));
    daemon->drains = calloc(wanted, sizeof(*daemon->drains));
    if (!daemon->workers || !daemon->drains)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    for (size_t i = 0; !err && i < wanted; i++) {
        struct worker_setup setup = {
            .snapshot = daemon->snapshot,
            .database = daemon->database,
            .vault = daemon->vault,
            .writer = daemon->writer,
            .sources = daemon->sources,
            .turned_away = daemon->turned_away,
            .guard = daemon->guard,
            .alarms = daemon->alarms,
            .penalties = daemon->penalties,
            .auths = daemon->auths,
            .clock = daemon->clock,
            .control = daemon->mailbox,
            .fds = &daemon->fds[i * config->listener_count],
        };
        err = worker_start(&setup, &daemon->workers[i], error);
        for (size_t j = 0; j < config->listener_count; j++)
            daemon->fds[i * config->listener_count + j] = -1;
        if (!err)
            daemon->worker_count++;
    }
    return err;
}

/* All that root's rights are needed for, then without them for good; no thread runs yet. The key is
 * read and the lock taken as the user, so that both are seen to be its own. */
static int claim(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    struct privilege privilege;
    int err = privilege_find(config, &privilege, error);

    if (!err)
        err = privilege_lend(&privilege, error);
    if (!err)
        err = claim_state(daemon, config, error);
    if (!err)
        err = privilege_take_back(&privilege, error);
    if (err)
        return err;
    fit_descriptors(config);
    err = listeners_open(daemon, config, error);
    if (!err)
        err = telephony_claim(daemon, config, error);
    if (!err)
        err = privilege_drop(config, &privilege, error);
    if (!err)
        err = control_bind(daemon, config, error);
    if (!err)
        err = sandbox_enter(config, &daemon->sandbox, error);
    return err;
}

static int start_parts(struct daemon *daemon, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;
    const struct source_limits limits = {
        .connections = config->max_connections,
        .connections_per_source = config->max_connections_per_source,
        .handshakes = config->max_handshakes,
        .handshakes_per_source = config->max_handshakes_per_source,
    };
    int err = source_table_new(&limits, &daemon->sources);

    if (!err)
        err = turned_away_new(&daemon->turned_away);
    if (!err)
        err = penalty_table_new(&daemon->penalties);
    if (!err)
        err = auth_table_new(&daemon->auths);
    if (!err)
        err = mailbox_open(&daemon->loop, &daemon->mailbox);
    if (err)
        return ap_error_set(error, err, "cannot be started: %s", ap_strerror(err));
    err = start_workers(daemon, error);
    if (!err)
        err = telephony_open(daemon, error);
    if (!err)
        err = control_open(daemon, error);
    if (!err)
        err = service_open(daemon, error);
    return err;
}

static int start(struct daemon *daemon, struct ap_error *error)
{
    struct config *config = NULL;
    int err = config_load(daemon->config_path, &config, error);

    if (err)
        return err;
    journal_apply(config);
    err = claim(daemon, config, error);
    if (!err)
        err = open_store(daemon, config, error);
    if (err) {
        config_free(config);
        return err;
    }
    err = make_snapshot(daemon, config, error);
    if (!err)
        err = watch_open(daemon, error);
    if (err)
        return err;
    watch_certificates(daemon);
    daemon_retain(daemon);
    return start_parts(daemon, error);
}

void daemon_retain(const struct daemon *daemon)
{
    const struct config *config = daemon->snapshot->config;
    const struct store_retention retention = {
        .fetches = {config->fetch_retention_s, config->fetch_rows_max},
        .refusals = {config->refusal_retention_s, config->refusal_rows_max},
    };
    store_writer_retain(daemon->writer, &retention);
}

void daemon_warn_flat(const struct daemon *daemon)
{
    if (daemon->snapshot->options.disable_auto_provision_security)
        log_event(LOG_LEVEL_WARNING, "flat_mode",
                  "state=on; whoever is in flat_networks and knows a MAC reads that phone's SIP "
                  "password; behind address translation the whole Internet looks private");
}

static void announce_pnp(const struct config *config)
{
    char interfaces[AP_SIP_INTERFACES_MAX * AP_ADDRESS_TEXT_MAX] = "";
    size_t used = 0;

    for (size_t i = 0; i < config->pnp_interfaces.count && used < sizeof(interfaces); i++) {
        char address[AP_ADDRESS_TEXT_MAX];
        address_format(&config->pnp_interfaces.items[i], address);
        int len = snprintf(interfaces + used, sizeof(interfaces) - used, "%s%s", i > 0 ? "," : "",
                           address); /* all of them fit */
        used += len > 0 ? (size_t)len : 0;
    }
    if (config->pnp != CONFIG_PNP_OFF)
        log_event(LOG_LEVEL_NOTICE, "listening", "pnp=%s group=%s port=%u interfaces=%s",
                  config_pnp_name(config->pnp), SIP_SOCKET_GROUP, config->pnp_port, interfaces);
}

static void announce(struct daemon *daemon)
{
    const struct snapshot *snapshot = daemon->snapshot;

    if (geteuid() == 0)
        log_event(LOG_LEVEL_WARNING, "start",
                  "user=root; run it as a user of its own (docs/operations.md)");
    daemon_warn_flat(daemon);
    for (size_t i = 0; i < snapshot->config->listener_count; i++) {
        const struct config_listener *listener = &snapshot->config->listeners[i];
        char address[AP_ADDRESS_TEXT_MAX];
        address_format(&listener->address, address);
        if (listener->serves != CONFIG_SERVES_PHONES)
            log_event(LOG_LEVEL_NOTICE, "listening", "listener=%s address=%s port=%u serves=%s",
                      listener->name, address, listener->address.port,
                      config_serves_name(listener->serves));
        else
            log_event(LOG_LEVEL_NOTICE, "listening", "listener=%s address=%s port=%u url=%s%s/",
                      listener->name, address, listener->address.port, listener->public_url,
                      snapshot->config->provision_prefix);
    }
    announce_pnp(snapshot->config);
    log_event(LOG_LEVEL_NOTICE, "sandbox", "%s", sandbox_describe(daemon->sandbox));
    log_event(LOG_LEVEL_NOTICE, "ready", "version=%s workers=%zu config=%s", AP_VERSION,
              daemon->worker_count, snapshot->config->path);
}

/* -- stop ----------------------------------------------------------------------------------------
 */

static void stop_now(struct daemon *daemon)
{
    if (daemon->state == DAEMON_STOPPING)
        return;
    daemon->state = DAEMON_STOPPING;
    uv_stop(&daemon->loop);
}

static void one_drained(struct daemon *daemon)
{
    if (--daemon->undrained == 0)
        stop_now(daemon);
}

static void worker_drained(struct worker_request *request)
{
    one_drained(request->data);
}

static void control_drained(void *data)
{
    one_drained(data);
}

static void on_grace_over(uv_timer_t *timer)
{
    log_event(LOG_LEVEL_WARNING, "stop", "answers in hand are cut off after %d ms",
              AP_STOP_GRACE_MS);
    stop_now(timer->data);
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->state != DAEMON_RUNNING) {
        stop_now(daemon);
        return;
    }
    daemon->state = DAEMON_DRAINING;
    log_event(LOG_LEVEL_NOTICE, "stop", "finishing answers in hand");
    service_stopping();
    api_stop(daemon->api);
    telephony_stop(daemon);
    (void)uv_timer_start(&daemon->grace, on_grace_over, AP_STOP_GRACE_MS, 0); /* cannot fail */
    daemon->undrained = daemon->worker_count + 1;
    for (size_t i = 0; i < daemon->worker_count; i++) {
        daemon->drains[i].done = worker_drained;
        daemon->drains[i].data = daemon;
        worker_drain(daemon->workers[i], &daemon->drains[i]);
    }
    front_drain(daemon->front, control_drained, daemon);
}

/* Also after a start that failed half-way: every part may be absent. */
static void tear_down(struct daemon *daemon)
{
    front_close(daemon->front);
    api_stop(daemon->api);
    telephony_stop(daemon);
    for (size_t i = 0; i < daemon->worker_count; i++)
        worker_stop(daemon->workers[i]);
    /* Answers that still wait for a commit get it now; loops that are stopped take them below. */
    store_writer_halt(daemon->writer);
    for (size_t i = 0; i < daemon->worker_count; i++)
        worker_free(daemon->workers[i]);
    mailbox_close(daemon->mailbox);
    reload_abandon(daemon);
    service_close(daemon);
    while (uv_run(&daemon->loop, UV_RUN_DEFAULT) != 0)
        ;
    (void)uv_loop_close(&daemon->loop); /* no handle is left, and no job that held the writer */
    store_writer_free(daemon->writer);
    api_free(daemon->api);
    telephony_free(daemon);
    listeners_close(daemon);
    free(daemon->drains);
    free(daemon->workers);
    source_table_free(daemon->sources);
    turned_away_free(daemon->turned_away);
    flat_guard_free(daemon->guard);
    alarms_free(daemon->alarms);
    penalty_table_free(daemon->penalties);
    auth_table_free(daemon->auths);
    store_close(daemon->reader);
    control_unlink(daemon);
    snapshot_unref(daemon->snapshot);
    vault_free(daemon->vault);
    sandbox_free(daemon->sandbox);
    if (daemon->lock_fd >= 0)
        (void)close(daemon->lock_fd); /* releases the lock */
    log_set_sink(NULL, NULL);
}

int daemon_run(const char *config_path, struct ap_error *error)
{
    struct daemon daemon = {
        .config_path = config_path, .clock = clock_system(), .lock_fd = -1, .control_fd = -1};
    int err;

    if (uv_loop_init(&daemon.loop) != 0)
        return ap_error_set(error, AP_EIO, "the event loop cannot be made");
    daemon.started_ms = clock_monotonic_ms(daemon.clock);
    daemon.started_at = clock_wall_s(daemon.clock);
    err = start(&daemon, error);
    if (!err) {
        daemon.state = DAEMON_RUNNING;
        announce(&daemon);
        service_ready(&daemon);
        (void)uv_run(&daemon.loop, UV_RUN_DEFAULT); /* until stop_now() */
        log_event(LOG_LEVEL_NOTICE, "stopped", "version=%s", AP_VERSION);
        if (daemon.store_failed)
            err = ap_error_set(error, AP_EIO, "the database's disk refused a write");
    }
    daemon.state = DAEMON_STOPPING;
    tear_down(&daemon);
    return err;
}
