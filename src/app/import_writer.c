/* The writer answers on its own thread; the job thread sleeps meanwhile. */
#include "import_writer.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

/* The writer takes 256 of its queue in some milliseconds. */
#define RETRY_NS 5000000L

int import_write_init(struct import_write *write)
{
    memset(write, 0, sizeof(*write));
    if (pthread_mutex_init(&write->lock, NULL) != 0)
        return AP_ENOMEM;
    if (pthread_cond_init(&write->wake, NULL) == 0)
        return 0;
    (void)pthread_mutex_destroy(&write->lock);
    return AP_ENOMEM;
}

void import_write_destroy(struct import_write *write)
{
    (void)pthread_cond_destroy(&write->wake);
    (void)pthread_mutex_destroy(&write->lock);
}

static int run(struct store_write *store_write, struct store_db *db)
{
    struct import_write *write =
        (struct import_write *)((char *)store_write - offsetof(struct import_write, write));

    return write->run(write, db);
}

static void done(struct store_write *store_write, int err)
{
    struct import_write *write =
        (struct import_write *)((char *)store_write - offsetof(struct import_write, write));

    (void)pthread_mutex_lock(&write->lock);
    write->err = err;
    write->answered = true;
    (void)pthread_cond_signal(&write->wake);
    (void)pthread_mutex_unlock(&write->lock);
}

int import_write_submit(struct import_write *write, struct store_writer *writer,
                        _Atomic bool *cancelled)
{
    const struct timespec pause = {.tv_nsec = RETRY_NS};

    write->write.run = run;
    write->write.done = done;
    write->answered = false;
    while (!atomic_load(cancelled)) {
        struct store_writer_stats stats;
        write->pending = store_writer_submit(writer, &write->write) == 0;
        if (write->pending)
            return 0;
        store_writer_stats(writer, &stats);
        if (stats.stopping)
            return AP_ECLOSED;
        (void)nanosleep(&pause, NULL); /* cut short is tried sooner */
    }
    return AP_ECLOSED;
}

int import_write_wait(struct import_write *write)
{
    if (!write->pending)
        return 0;
    (void)pthread_mutex_lock(&write->lock);
    while (!write->answered)
        (void)pthread_cond_wait(&write->wake, &write->lock);
    (void)pthread_mutex_unlock(&write->lock);
    write->pending = false;
    return write->err;
}
