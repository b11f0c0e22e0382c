/* Listening sockets for all workers: bound here, or passed by systemd. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "daemon_private.h"

/* sd_listen_fds_with_names(3): the descriptor whose name is the listener's, or -1. */
static int passed_socket(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (names && names[i] && strcmp(names[i], name) == 0)
            return SD_LISTEN_FDS_START + i;
    }
    return -1;
}

static bool is_any(const struct address *address)
{
    static const uint8_t ANY[sizeof(address->bytes)];

    return memcmp(address->bytes, ANY, sizeof(ANY)) == 0;
}

/* [::] of a socket unit takes IPv4 too, so it stands for 0.0.0.0 as well. */
static bool is_same_address(int fd, const struct address *address)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    struct address actual;

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return false;
    address_from_sockaddr((const struct sockaddr *)&bound, &actual);
    if (is_any(&actual) && is_any(address))
        return true;
    return actual.family == address->family &&
           memcmp(actual.bytes, address->bytes, sizeof(actual.bytes)) == 0;
}

/* One accept queue serves all workers: each polls a duplicate. */
static int share_passed(int fd, const struct config_listener *listener, size_t copies, int *ret_fds,
                        size_t stride, struct ap_error *error)
{
    const char *name = listener->name;

    if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, listener->address.port) <= 0)
        return ap_error_set(error, AP_EINVAL,
                            "listener %s: systemd passes a socket for it that does not listen on "
                            "port %u; make 'port' here and ListenStream= of autoprovd.socket agree",
                            name, listener->address.port);
    if (!is_same_address(fd, &listener->address))
        return ap_error_set(error, AP_EINVAL,
                            "listener %s: systemd passes a socket for it that listens on another "
                            "address; make 'address' here and ListenStream= of autoprovd.socket "
                            "agree",
                            name);
    for (size_t i = 0; i < copies; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return ap_error_set(error, AP_EIO, "listener %s: %s", name, strerror(errno));
        ret_fds[i * stride] = copy;
        int flags = fcntl(copy, F_GETFL);
        if (flags < 0 || fcntl(copy, F_SETFL, flags | O_NONBLOCK) != 0)
            return ap_error_set(error, AP_EIO, "listener %s: %s", name, strerror(errno));
    }
    return 0;
}

/* A listener for admins has one socket, the control loop's; one for phones a socket per worker. */
static int open_listener(struct daemon *daemon, size_t index, int passed, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;
    const struct config_listener *listener = &config->listeners[index];
    bool for_phones = listener->serves == CONFIG_SERVES_PHONES;
    int *fds = for_phones ? &daemon->fds[index] : &daemon->admin_fds[index];
    size_t copies = for_phones ? daemon->worker_count : 1;
    size_t stride = config->listener_count;

    if (passed >= 0)
        return share_passed(passed, listener, copies, fds, stride, error);
    for (size_t i = 0; i < copies; i++) {
        struct ap_error detail;
        int err = listener_open_tcp(&listener->address, i == 0, &fds[i * stride], &detail);
        if (err)
            return ap_error_set(error, err, "%s:%d: listener %s: %s%s", config->path,
                                listener->line, listener->name, detail.text,
                                err == AP_EPERM ? "; ports below 1024 come from systemd: systemctl "
                                                  "enable --now autoprovd.socket"
                                                : "");
    }
    return 0;
}

int listeners_open(struct daemon *daemon, struct ap_error *error)
{
    const struct config *config = daemon->snapshot->config;
    char **names = NULL;
    int passed = sd_listen_fds_with_names(1, &names);
    int err = 0;

    daemon->fd_count = daemon->worker_count * config->listener_count;
    daemon->fds = calloc(daemon->fd_count, sizeof(*daemon->fds));
    daemon->admin_fds = calloc(config->listener_count, sizeof(*daemon->admin_fds));
    for (size_t i = 0; daemon->admin_fds && i < config->listener_count; i++)
        daemon->admin_fds[i] = -1;
    if (!daemon->fds || !daemon->admin_fds) {
        daemon->fd_count = 0;
        err = ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    }
    for (size_t i = 0; i < daemon->fd_count; i++)
        daemon->fds[i] = -1;
    for (size_t i = 0; !err && i < config->listener_count; i++)
        err = open_listener(daemon, i, passed_socket(config->listeners[i].name, names, passed),
                            error);
    for (int i = 0; i < passed; i++) {
        (void)close(SD_LISTEN_FDS_START + i); /* duplicates are in use */
        if (names)
            free(names[i]);
    }
    free(names);
    return err;
}

void listeners_close(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->fd_count; i++) {
        if (daemon->fds[i] >= 0)
            (void)close(daemon->fds[i]); /* never served */
    }
    for (size_t i = 0; daemon->admin_fds && i < daemon->snapshot->config->listener_count; i++) {
        if (daemon->admin_fds[i] >= 0)
            (void)close(daemon->admin_fds[i]); /* never served */
    }
    free(daemon->admin_fds);
    daemon->admin_fds = NULL;
    free(daemon->fds);
    daemon->fds = NULL;
    daemon->fd_count = 0;
}
