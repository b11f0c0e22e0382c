/* Private: the sockets of a front's connections, in one epoll set that its loop looks at.
 *
 * libuv makes six system calls for a socket that comes and goes, this one, and one more for each
 * change of mind (epoll_ctl(2)): closing takes a socket out of its set. */
#ifndef AUTOPROV_NET_WATCH_H
#define AUTOPROV_NET_WATCH_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <uv.h>

#include "autoprov/err.h"

struct watch_set {
    uv_poll_t poll; /* of the set itself */
    int fd;         /* -1: closed */
    /* Something has happened to data's socket. has_failed: it has an error, most often a reset. May
     * close and change any watch. */
    void (*on_event)(void *data, bool has_failed);
};

/* on_event: called from loop only. Errors: AP_EIO. */
AP_MUSTCHECK int watch_set_open(struct watch_set *set, uv_loop_t *loop,
                                void (*on_event)(void *data, bool has_failed));

/* on_closed: the set's memory may go; its handle's data is data. */
void watch_set_close(struct watch_set *set, uv_close_cb on_closed, void *data);

/* From now on fd is watched for events, level-triggered: EPOLLIN, EPOLLOUT, EPOLLRDHUP; 0: for
 * nothing, not even its end. before: the events of the last call, 0 at first. data: must stay for
 * as long as fd, and behind fd's close until the loop closes handles, as events of a turn are
 * fetched together. Errors: AP_EIO nothing was changed. */
AP_MUSTCHECK int watch_change(const struct watch_set *set, int fd, uint32_t before, uint32_t events,
                              void *data);

#endif
