/* The handler of phone listeners: from request to the phone's file, or to the uniform miss. */
#ifndef AUTOPROV_PROVISION_H
#define AUTOPROV_PROVISION_H

#include "autoprov/auth_table.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/fetch_log.h"
#include "autoprov/flat_guard.h"
#include "autoprov/http.h"
#include "autoprov/mailbox.h"
#include "autoprov/penalty_table.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"
#include "autoprov/tally.h"

/* What one worker needs to answer phones. */
struct provision;

struct provision_setup {
    struct snapshot *snapshot;    /* referenced */
    struct store_db *reader;      /* borrowed; this worker's own */
    struct store_writer *writer;  /* borrowed, shared */
    struct mailbox *mailbox;      /* borrowed; this worker's loop, for acknowledged writes */
    struct fetch_log *log;        /* borrowed; this worker's own */
    struct flat_guard *guard;     /* borrowed, shared; NULL: nothing is counted */
    struct alarms *alarms;        /* borrowed, shared; NULL: none is raised */
    const struct ap_clock *clock; /* borrowed */
    /* Borrowed, shared by all workers. NULL: nobody is penalised. */
    struct penalty_table *penalties;
    struct auth_table *auths; /* borrowed, shared by all workers */
};

/* Caller owns, free with provision_free() after the front is closed. Errors: AP_ENOMEM. */
AP_MUSTCHECK int provision_new(const struct provision_setup *setup,
                               struct provision **ret_provision);
void provision_free(struct provision *provision);

/* Use another snapshot from the next request on. Worker's thread. */
void provision_set_snapshot(struct provision *provision, struct snapshot *snapshot);

/* About twice a second: fetches that have waited too long for the writer are answered 503. Worker's
 * thread. */
void provision_tick(struct provision *provision);

/* What it has counted so far, borrowed for its life. Any thread. */
const struct tally *provision_tally(const struct provision *provision);

/* http_handler_fn of the worker's phone listeners; data is the struct provision. Answers 200 or
 * 304, the uniform miss (404 at due time; where the listener asks for credentials 401, but for who
 * says the right ones), 405 for a wrong method (at due time), or 503 when the store fails. */
void provision_handle(void *data, struct http_exchange *exchange);

#endif
