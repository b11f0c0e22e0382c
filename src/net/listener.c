/* Listening sockets, bound and ready. Must not know who accepts on them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "autoprov/front.h"

static int error_line(struct ap_error *error, const char *where, const char *what)
{
    int code = AP_EIO;

    if (errno == EADDRINUSE)
        code = AP_EBUSY;
    else if (errno == EACCES || errno == EPERM)
        code = AP_EPERM;
    else if (errno == EAFNOSUPPORT)
        code = AP_EINVAL;
    return ap_error_set(error, code, "%s: %s: %s", where, what, strerror(errno));
}

/* -- TCP -------------------------------------------------------------------------------------- */

/* "192.0.2.7:443", "[2001:db8::7]:443" */
#define WHERE_MAX (AP_ADDRESS_TEXT_MAX + 8)

static void format_where(const struct address *address, char where[static WHERE_MAX])
{
    char text[AP_ADDRESS_TEXT_MAX];
    bool is_ipv6 = address->family == AF_INET6;

    address_format(address, text);
    (void)snprintf(where, WHERE_MAX, "%s%s%s:%u", is_ipv6 ? "[" : "", text, is_ipv6 ? "]" : "",
                   (unsigned)address->port); /* fits: see WHERE_MAX */
}

static int bind_tcp(const struct address *address, bool share, const char *where, int *ret_fd,
                    struct ap_error *error)
{
    const int one = 1;
    struct sockaddr_storage sockaddr;
    socklen_t len = address_to_sockaddr(address, &sockaddr);
    int err = 0;
    int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_line(error, where, "no socket");
    /* V6ONLY: what "::" means must not depend on a sysctl; who wants both names both. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0) ||
        (address->family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0))
        err = error_line(error, where, "socket options");
    else if (bind(fd, (const struct sockaddr *)&sockaddr, len) != 0)
        err = error_line(error, where, "cannot be bound");
    if (err) {
        (void)close(fd); /* nothing was written */
        return err;
    }
    *ret_fd = fd;
    return 0;
}

int listener_open_tcp(const struct address *address, bool first, int *ret_fd,
                      struct ap_error *error)
{
    char where[WHERE_MAX];
    int fd = -1;
    int err;

    format_where(address, where);
    if (first && address->port != 0) {
        /* Without SO_REUSEPORT a bind fails when anybody listens there, our own user's other
         * programs included. */
        err = bind_tcp(address, false, where, &fd, error);
        if (err)
            return err;
        (void)close(fd); /* nothing was written */
    }
    err = bind_tcp(address, true, where, &fd, error);
    if (err)
        return err;
    if (listen(fd, SOMAXCONN) != 0) {
        err = error_line(error, where, "cannot be listened on");
        (void)close(fd); /* nothing was written */
        return err;
    }
    *ret_fd = fd;
    return 0;
}

/* -- control socket --------------------------------------------------------------------------- */

/* A socket file that a daemon left behind is removed, one that is in use or anything that is no
 * socket is not. */
static int remove_stale(const char *path, const struct sockaddr_un *name, struct ap_error *error)
{
    struct stat info;
    int err = 0;

    if (lstat(path, &info) != 0)
        return errno == ENOENT ? 0 : error_line(error, path, "cannot be examined");
    if (!S_ISSOCK(info.st_mode))
        return ap_error_set(error, AP_EPERM, "%s: is there and is no socket: move it away", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_line(error, path, "no socket");
    /* EAGAIN: it listens, and its queue is full. */
    if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 || errno == EAGAIN)
        err = ap_error_set(error, AP_EBUSY, "%s: another daemon listens on it", path);
    else if (errno != ECONNREFUSED)
        err = error_line(error, path, "cannot be tried");
    else if (unlink(path) != 0)
        err = error_line(error, path, "is left over and cannot be removed");
    (void)close(fd); /* nothing was written */
    return err;
}

/* Nobody gets in before listen(2), so the order of these leaves no gap. */
static int bind_unix(int fd, const struct sockaddr_un *name, gid_t gid, struct ap_error *error)
{
    const char *path = name->sun_path;
    struct stat info;

    if (bind(fd, (const struct sockaddr *)name, sizeof(*name)) != 0)
        return error_line(error, path, "cannot be bound");
    if (lstat(path, &info) != 0)
        return error_line(error, path, "cannot be examined");
    /* The unit's filter lets nobody change owners, and there it has its group already. */
    if (gid != (gid_t)-1 && info.st_gid != gid && lchown(path, (uid_t)-1, gid) != 0)
        return error_line(error, path, "cannot be given to its group");
    if (chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0)
        return error_line(error, path, "cannot be given its mode");
    if (listen(fd, SOMAXCONN) != 0)
        return error_line(error, path, "cannot be listened on");
    return 0;
}

int listener_open_unix(const char *path, gid_t gid, int *ret_fd, struct ap_error *error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int err;

    if (len == 0 || len >= sizeof(name.sun_path))
        return ap_error_set(error, AP_EINVAL, "%s: a socket's path has 1 to %zu bytes", path,
                            sizeof(name.sun_path) - 1);
    memcpy(name.sun_path, path, len);
    err = remove_stale(path, &name, error);
    if (err)
        return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_line(error, path, "no socket");
    err = bind_unix(fd, &name, gid, error);
    if (err) {
        (void)close(fd); /* nothing was written */
        return err;
    }
    *ret_fd = fd;
    return 0;
}
