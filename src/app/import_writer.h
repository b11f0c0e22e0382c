/* Writes of a job thread: handed to the writer, waited for here. */
#ifndef AUTOPROV_APP_IMPORT_WRITER_H
#define AUTOPROV_APP_IMPORT_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "autoprov/store_writer.h"

/* Lives inside the asker's object until it was waited for. */
struct import_write {
    struct store_write write;
    int (*run)(struct import_write *write, struct store_db *db); /* on the writer thread */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool pending; /* submitted, not waited for */
    bool answered;
    int err;
};

AP_MUSTCHECK int import_write_init(struct import_write *write);
/* Not while it is pending. */
void import_write_destroy(struct import_write *write);

/* Submit; a full queue is tried again until cancelled. Errors: AP_ECLOSED cancelled, or
 * the writer is stopping. */
AP_MUSTCHECK int import_write_submit(struct import_write *write, struct store_writer *writer,
                                     _Atomic bool *cancelled);
/* run's result, or why the commit failed; 0 if nothing is pending. */
AP_MUSTCHECK int import_write_wait(struct import_write *write);

#endif
