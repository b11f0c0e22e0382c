/* Listening sockets for all workers: bound here, or passed by systemd. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "daemon_private.h"

/* FileDescriptorName= of the control socket; a listener may have this name too. */
#define CONTROL_NAME "control"

struct passed {
    char **names;
    int count;
};

/* sd_listen_fds_with_names(3): the descriptor of this name, or -1. */
static int passed_socket(const struct passed *passed, const char *name, bool is_unix)
{
    for (int i = 0; passed->names && i < passed->count; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        bool is_of_kind = (sd_is_socket(fd, AF_UNIX, 0, -1) > 0) == is_unix;
        if (is_of_kind && passed->names[i] && strcmp(passed->names[i], name) == 0)
            return fd;
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

static int copy_socket(int fd, int *ret_copy)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0)
        return AP_EIO;
    *ret_copy = copy;
    int flags = fcntl(copy, F_GETFL);
    return flags < 0 || fcntl(copy, F_SETFL, flags | O_NONBLOCK) != 0 ? AP_EIO : 0;
}

static int take_control(struct daemon *daemon, const struct config *config, int fd,
                        struct ap_error *error)
{
    if (fd < 0)
        return 0;
    if (sd_is_socket_unix(fd, SOCK_STREAM, 1, config->control_socket, 0) <= 0)
        return ap_error_set(error, AP_EINVAL,
                            "systemd passes a control socket that does not listen on %s; make "
                            "'control_socket' and ListenStream= of autoprovd-control.socket agree",
                            config->control_socket);
    if (copy_socket(fd, &daemon->control_fd) != 0)
        return ap_error_set(error, AP_EIO, "the control socket: %s", strerror(errno));
    return 0;
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
        if (copy_socket(fd, &ret_fds[i * stride]) != 0)
            return ap_error_set(error, AP_EIO, "listener %s: %s", name, strerror(errno));
    }
    return 0;
}

static const char *bind_hint(int err)
{
    if (err == AP_EPERM)
        return "; ports below 1024 come from systemd: systemctl enable --now autoprovd.socket";
    if (err == AP_EINVAL) /* RestrictAddressFamilies=, or no IPv6 here */
        return "; where the daemon may open none itself, systemd passes it: a .socket unit whose "
               "FileDescriptorName= is the listener's name";
    return "";
}

/* A listener for admins has one socket, the control loop's; one for phones a socket per worker. */
static int open_listener(struct daemon *daemon, const struct config *config, size_t index,
                         int passed, struct ap_error *error)
{
    const struct config_listener *listener = &config->listeners[index];
    bool for_phones = listener->serves == CONFIG_SERVES_PHONES;
    int *fds = for_phones ? &daemon->fds[index] : &daemon->admin_fds[index];
    size_t copies = for_phones ? config->workers : 1;
    size_t stride = config->listener_count;

    if (passed >= 0)
        return share_passed(passed, listener, copies, fds, stride, error);
    for (size_t i = 0; i < copies; i++) {
        struct ap_error detail;
        int err = listener_open_tcp(&listener->address, i == 0, &fds[i * stride], &detail);
        if (err)
            return ap_error_set(error, err, "%s:%d: listener %s: %s%s", config->path,
                                listener->line, listener->name, detail.text, bind_hint(err));
    }
    return 0;
}

static int open_all(struct daemon *daemon, const struct config *config, const struct passed *passed,
                    struct ap_error *error)
{
    int err = take_control(daemon, config, passed_socket(passed, CONTROL_NAME, true), error);

    for (size_t i = 0; !err && i < config->listener_count; i++)
        err = open_listener(daemon, config, i,
                            passed_socket(passed, config->listeners[i].name, false), error);
    return err;
}

int listeners_open(struct daemon *daemon, const struct config *config, struct ap_error *error)
{
    struct passed passed = {NULL, 0};
    int err = 0;

    passed.count = sd_listen_fds_with_names(1, &passed.names);
    daemon->listener_count = config->listener_count;
    daemon->fd_count = config->workers * config->listener_count;
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
    if (!err)
        err = open_all(daemon, config, &passed, error);
    for (int i = 0; i < passed.count; i++) {
        (void)close(SD_LISTEN_FDS_START + i); /* duplicates are in use */
        if (passed.names)
            free(passed.names[i]);
    }
    free(passed.names);
    return err;
}

void listeners_close(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->fd_count; i++) {
        if (daemon->fds[i] >= 0)
            (void)close(daemon->fds[i]); /* never served */
    }
    for (size_t i = 0; daemon->admin_fds && i < daemon->listener_count; i++) {
        if (daemon->admin_fds[i] >= 0)
            (void)close(daemon->admin_fds[i]); /* never served */
    }
    if (daemon->control_fd >= 0)
        (void)close(daemon->control_fd); /* the same */
    daemon->control_fd = -1;
    free(daemon->admin_fds);
    daemon->admin_fds = NULL;
    free(daemon->fds);
    daemon->fds = NULL;
    daemon->fd_count = 0;
}
