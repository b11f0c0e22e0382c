/* One import from its first byte to its end: what of it the admin API asks for. */
#ifndef AUTOPROV_APP_IMPORT_H
#define AUTOPROV_APP_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "api_private.h"
#include "import_list.h"

enum import_phase {
    IMPORT_RECEIVING, /* pieces of the text come */
    IMPORT_RUNNING,   /* on its job thread */
    IMPORT_DONE,
    IMPORT_FAILED, /* nothing of it is there */
};

struct import_setup {
    const char *folder;           /* for its text: the state folder */
    const struct ap_clock *clock; /* borrowed, as all that follows */
    struct store_writer *writer;
    const struct api_daemon *daemon;
};

struct import_order {
    bool update;  /* change what is there too */
    bool dry_run; /* look and tell, write nothing */
    const char *actor;
};

/* Counts of one kind. */
struct import_tally {
    uint64_t added, changed, same;
};

struct import_report {
    enum import_phase phase;
    uint64_t bytes;       /* of the text, as far as it came */
    uint64_t read, total; /* bytes that the readings have behind them, and all they will have */
    uint64_t rows, problems;
    bool dry_run;
    struct import_tally users, accounts, phones;
    uint64_t changes, listed; /* of the list: all, and those that can be read */
    const char *error;        /* of IMPORT_FAILED without problems; else "" */
};

struct import;

/* All of these: control loop's thread. *ret_import: free with import_free() when it does not run.
 * Errors: those of import_file_new(). */
AP_MUSTCHECK int import_new(const struct import_setup *setup, struct import **ret_import);
void import_free(struct import *import);

/* A UUID. */
const char *import_id(const struct import *import);
bool import_is_running(const struct import *import);
/* Milliseconds (monotonic) since anybody asked. */
int64_t import_idle_ms(const struct import *import);

/* The next piece of the text; number from 0. vault: of this thread.
 * Errors: AP_ECONFLICT not the next one, or no longer receiving; AP_ERANGE above
 * AP_IMPORT_MAX_BYTES; AP_EFULL and its like. */
AP_MUSTCHECK int import_receive(struct import *import, struct vault *vault, uint32_t number,
                                const char *data, size_t len);

/* Begin on a job thread. done: called on this thread when it has ended; snapshot: referenced until
 * then. Errors: AP_ECONFLICT it has begun before; AP_ENOMEM, AP_EBUSY and those of a new reader. */
AP_MUSTCHECK int import_start(struct import *import, struct snapshot *snapshot,
                              const struct import_order *order, void (*done)(void *data),
                              void *data);
/* End soon, with nothing written unless it is published already. */
void import_cancel(struct import *import);

/* Strings: borrowed until it is freed. */
void import_tell_report(struct import *import, struct import_report *ret_report);
/* One problem at *offset (0: the first) into ret_line, without its line end; *offset is then the
 * next one's. Not while it runs. Errors: AP_ENOENT no more. */
AP_MUSTCHECK int import_problem(struct import *import, uint64_t *offset,
                                char ret_line[static AP_IMPORT_PROBLEM_MAX_BYTES]);

/* What it adds and changes, as of import_list_read(). Not while it runs. vault: of this thread. */
AP_MUSTCHECK int import_read_changes(struct import *import, struct vault *vault, uint32_t limit,
                                     uint64_t *next, import_list_take take, void *data);

/* Take away what imports that never finished have left. Job thread, with a reader of its own. */
AP_MUSTCHECK int import_sweep(struct store_db *db, struct store_writer *writer,
                              _Atomic bool *cancelled);

#endif
