/* Sockets in an epoll set of the front's own, which libuv polls as one descriptor. Must not know
 * what the sockets are for. */
#include "watch.h"

#include <unistd.h>

/* Fetched at once; what is left is announced again in the next turn. */
#define EVENTS_MAX 256

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct epoll_event happened[EVENTS_MAX];
    const struct watch_set *set = poll->data;

    (void)events;
    int count = status == 0 ? epoll_wait(set->fd, happened, EVENTS_MAX, 0) : 0;
    for (int i = 0; i < count; i++)
        set->on_event(happened[i].data.ptr, (happened[i].events & EPOLLERR) != 0);
}

int watch_set_open(struct watch_set *set, uv_loop_t *loop,
                   void (*on_event)(void *data, bool has_failed))
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0)
        return AP_EIO;
    if (uv_poll_init(loop, &set->poll, fd) != 0) {
        (void)close(fd); /* nothing was written */
        return AP_EIO;
    }
    set->poll.data = set;
    set->fd = fd;
    set->on_event = on_event;
    (void)uv_poll_start(&set->poll, UV_READABLE, on_ready); /* fails only when closing */
    return 0;
}

void watch_set_close(struct watch_set *set, uv_close_cb on_closed, void *data)
{
    set->poll.data = data;
    uv_close((uv_handle_t *)&set->poll, on_closed);
    (void)close(set->fd); /* nothing was written */
    set->fd = -1;
}

int watch_change(const struct watch_set *set, int fd, uint32_t before, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    /* A socket that is watched for nothing would still announce its end, again and again. */
    int what = events == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    return epoll_ctl(set->fd, what, fd, &event) == 0 ? 0 : AP_EIO;
}
