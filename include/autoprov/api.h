/* The admin API, /api/v1, with health and metrics: routes, roles, problems. Served on the control
 * loop.
 *
 * Reads run on the loop's reader; changes run on the writer thread, each with its audit row in the
 * same transaction, and are answered when committed. */
#ifndef AUTOPROV_API_H
#define AUTOPROV_API_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "autoprov/address.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/http.h"
#include "autoprov/mailbox.h"
#include "autoprov/metrics.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"

enum api_role {
    API_ROLE_NONE, /* not let in */
    API_ROLE_USER, /* of a user's own session: their own phones */
    API_ROLE_VIEWER,
    API_ROLE_OPERATOR, /* no secrets, no keys */
    API_ROLE_ADMIN,
};

/* What is to be read anew. */
enum api_part {
    API_PART_ALL,
    API_PART_OPTIONS,   /* the stored options alone */
    API_PART_TEMPLATES, /* catalogue and templates, and the stored options */
};

/* One piece of work on a job thread; lives inside the asker's object until done was called. */
struct api_job {
    void (*run)(struct api_job *job);  /* on a job thread */
    void (*done)(struct api_job *job); /* on the control loop's thread, once, after run */
};

/* Whether the daemon's threads live. */
struct api_health {
    bool running; /* neither starting nor stopping */
    size_t worker_count, stuck_workers;
    bool writer_alive;
};

/* What only the daemon can do; callbacks given from above. Control loop's thread. */
struct api_daemon {
    void *data;
    /* Read the configuration, or that part of it, anew, and switch all workers; done is called when
     * the last one has switched, or at once with the reason why the old one stays (err, line). */
    void (*reload)(void *data, enum api_part part,
                   void (*done)(void *done_data, int err, const char *line), void *done_data);
    /* Add what status shows of the daemon itself to object. */
    void (*status)(void *data, json_t *object);
    void (*health)(void *data, struct api_health *ret_health);
    /* Do misses of that source come late now? */
    bool (*is_throttled)(void *data, const struct address *source);
    /* Fill all but store, writer and phones, which the API knows itself; what it points to is from
     * arena. Errors: AP_ENOMEM. */
    int (*metrics)(void *data, struct arena *arena, struct metrics *metrics);
    /* Hand job to a job thread. Errors: AP_ENOMEM, AP_EBUSY: done is not called. */
    int (*start)(void *data, struct api_job *job);
    /* A new reader of the database, for one job: caller closes it. */
    int (*open_reader)(void *data, struct store_db **ret_reader);
    /* The current snapshot, borrowed until the next turn of the loop. */
    struct snapshot *(*snapshot)(void *data);
};

struct api;
struct resync;

struct api_setup {
    struct store_db *reader;     /* borrowed; the control loop's own */
    struct store_writer *writer; /* borrowed */
    struct mailbox *mailbox;     /* borrowed; the control loop's */
    const struct ap_clock *clock;
    struct api_daemon daemon;
    struct resync *resync; /* borrowed; NULL: nobody can be told to fetch */
    uid_t own_uid;         /* the daemon's user may use the socket */
    gid_t group_gid;       /* its members may; (gid_t)-1: no such group */
};

/* Caller owns, free with api_free() after the front is closed and the writer stopped.
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int api_new(const struct api_setup *setup, struct api **ret_api);
void api_free(struct api *api);

/* Begin to take away what imports that never finished have left. Once, when the writer runs. */
void api_recover(struct api *api);
/* About every second: an import that nobody asks for any more is dropped, and who has waited long
 * enough is told that there is nothing. */
void api_tick(struct api *api);
/* Jobs end soon, done as far as they are; who waits is answered. Before the writer stops; NULL is
 * fine. */
void api_stop(struct api *api);

/* http_handler_fn of the control socket and the listeners for admins and the portal; data is the
 * struct api. Beside /api/v1 it answers /healthz and /readyz, to whoever may connect, and /metrics;
 * for the portal also its files. */
void api_handle(void *data, struct http_exchange *exchange);

#endif
