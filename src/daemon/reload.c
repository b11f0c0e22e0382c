/* A reload: build a whole new snapshot, then switch every worker; on any fault the old one stays.
 */
#include <stdlib.h>

#include "autoprov/arena.h"
#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "daemon_private.h"

struct reload {
    struct reload *next;
    struct daemon *daemon;
    enum api_part part;
    void (*done)(void *data, int err, const char *line);
    void *data;
    struct snapshot *snapshot; /* while workers switch */
    size_t waiting;
    struct worker_request *requests; /* one per worker */
};

static void start_first(struct daemon *daemon);

/* Tell the asker, and go on with the next one. */
static void finish(struct reload *reload, int err, const char *line)
{
    struct daemon *daemon = reload->daemon;

    if (err)
        log_event(LOG_LEVEL_ERROR, "reload",
                  "result=failed error=\"%s\"; keeping the old configuration", line);
    else
        log_event(LOG_LEVEL_NOTICE, "reload", "result=ok generation=%u flat_mode=%s",
                  daemon->snapshot->generation,
                  daemon->snapshot->options.disable_auto_provision_security ? "on" : "off");
    daemon->reloads = reload->next;
    daemon->reload_failed = err != 0;
    service_ready(daemon);
    reload->done(reload->data, err, line);
    free(reload->requests);
    free(reload);
    start_first(daemon);
}

static void on_switched(struct worker_request *request)
{
    struct reload *reload = request->data;
    struct daemon *daemon = reload->daemon;

    if (--reload->waiting > 0)
        return;
    bool was_flat = daemon->snapshot->options.disable_auto_provision_security;
    snapshot_unref(daemon->snapshot);
    daemon->snapshot = reload->snapshot;
    if (daemon->state != DAEMON_STOPPING) { /* else front and writer are gone */
        control_switch(daemon);
        telephony_switch(daemon);
        daemon_retain(daemon);
        watch_certificates(daemon);
    }
    if (!was_flat)
        daemon_warn_flat(daemon);
    finish(reload, 0, "");
}

void reload_tell_passed_over(const struct snapshot *snapshot)
{
    const char *file, *why;

    for (size_t i = 0; template_set_passed_over(snapshot->rendering->templates, i, &file, &why);
         i++)
        log_event(LOG_LEVEL_WARNING, "template_passed_over", "template=%s error=\"%s\"", file, why);
}

static int build_all(struct reload *reload, const struct snapshot_stored *stored, int64_t now,
                     uint32_t generation, struct ap_error *error)
{
    struct daemon *daemon = reload->daemon;
    struct config *config = NULL;
    char key[128];
    int err = config_load(daemon->config_path, &config, error);
    const char *changed =
        err ? NULL : config_restart_key(daemon->snapshot->config, config, key, sizeof(key));

    if (changed) {
        err = ap_error_set(error, AP_EINVAL,
                           "%s: '%s' was changed; it takes a restart (systemctl restart "
                           "autoprovd), nothing was changed",
                           daemon->config_path, changed);
    } else if (!err) {
        err = sandbox_check(daemon->sandbox, config, error);
    }
    if (err) {
        config_free(config);
        return err;
    }
    return snapshot_new(config, stored, now, generation, &reload->snapshot, error);
}

static int build(struct reload *reload, struct ap_error *error)
{
    struct daemon *daemon = reload->daemon;
    struct arena arena;
    struct snapshot_stored stored;
    int64_t now = clock_wall_s(daemon->clock);
    uint32_t generation = daemon->snapshot->generation + 1;

    arena_init(&arena, SNAPSHOT_STORED_MAX_BYTES);
    int err = snapshot_read_stored(daemon->reader, &arena, &stored, error);
    if (!err && reload->part == API_PART_OPTIONS)
        err = snapshot_with_options(daemon->snapshot, stored.options, now, generation,
                                    &reload->snapshot, error);
    else if (!err && reload->part == API_PART_TEMPLATES)
        err = snapshot_with_templates(daemon->snapshot, &stored, now, generation, &reload->snapshot,
                                      error);
    else if (!err)
        err = build_all(reload, &stored, now, generation, error);
    arena_done(&arena);
    if (!err && reload->part != API_PART_OPTIONS)
        reload_tell_passed_over(reload->snapshot);
    return err;
}

static void start_first(struct daemon *daemon)
{
    struct reload *reload = daemon->reloads;
    struct ap_error error = {{0}};

    /* While stopping no worker may be asked any more; reload_abandon() answers what waits. */
    if (!reload || daemon->state != DAEMON_RUNNING)
        return;
    service_reloading();
    reload->requests = calloc(daemon->worker_count, sizeof(*reload->requests));
    int err = reload->requests ? build(reload, &error)
                               : ap_error_set(&error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    if (err) {
        finish(reload, err, error.text);
        return;
    }
    if (reload->part == API_PART_ALL)
        journal_apply(reload->snapshot->config);
    reload->waiting = daemon->worker_count;
    for (size_t i = 0; i < daemon->worker_count; i++) {
        reload->requests[i].snapshot = reload->snapshot;
        reload->requests[i].done = on_switched;
        reload->requests[i].data = reload;
        worker_switch(daemon->workers[i], &reload->requests[i]);
    }
}

void reload_request(struct daemon *daemon, enum api_part part,
                    void (*done)(void *data, int err, const char *line), void *data)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    struct reload **end = &daemon->reloads;

    if (!reload || daemon->state != DAEMON_RUNNING) {
        free(reload);
        done(data, AP_EBUSY, "the daemon is starting, stopping or out of memory");
        return;
    }
    reload->daemon = daemon;
    reload->part = part;
    reload->done = done;
    reload->data = data;
    bool alone = daemon->reloads == NULL;
    while (*end)
        end = &(*end)->next;
    *end = reload;
    if (alone)
        start_first(daemon);
}

void reload_abandon(struct daemon *daemon)
{
    while (daemon->reloads) {
        struct reload *reload = daemon->reloads;
        daemon->reloads = reload->next;
        snapshot_unref(reload->snapshot);
        reload->done(reload->data, AP_EBUSY, "the daemon is stopping");
        free(reload->requests);
        free(reload);
    }
}
