/* What stands in for the daemon: canned answers over a socket. */
#ifndef AUTOPROV_TESTS_CTL_FAKE_DAEMON_H
#define AUTOPROV_TESTS_CTL_FAKE_DAEMON_H

#include <pthread.h>
#include <stddef.h>

/* A daemon that gives one canned answer per connection, in order, and keeps what it was asked. */
struct fake {
    char folder[32];
    char path[64];
    int fd;
    pthread_t thread;
    const char *const *answers;
    size_t count;
    char asked[8][1024];
};

/* answers: count of them, borrowed until fake_stop(). */
void fake_start(struct fake *fake, const char *const *answers, size_t count);
/* Waits until all are given. */
void fake_stop(struct fake *fake);

#endif
