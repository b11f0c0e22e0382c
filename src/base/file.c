/* Small files. Every error line names the path, never the content. */
#include "autoprov/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int error_from_errno(const char *path, const char *what, struct ap_error *error)
{
    int code = AP_EIO;

    if (errno == ENOENT || errno == ENOTDIR)
        code = AP_ENOENT;
    else if (errno == EACCES || errno == EPERM)
        code = AP_EPERM;
    else if (errno == EEXIST)
        code = AP_EEXIST;
    else if (errno == ENOSPC || errno == EDQUOT)
        code = AP_EFULL;
    else if (errno == EROFS)
        code = AP_EREADONLY;
    return ap_error_set(error, code, "%s: %s: %s", path, what, strerror(errno));
}

static int read_descriptor(int fd, const char *path, struct buf *buf, struct ap_error *error)
{
    char chunk[4096];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(path, "cannot be read", error);
        if (got == 0)
            return 0;
        int err = buf_append(buf, chunk, (size_t)got);
        if (buf->secret)
            secret_wipe(chunk, sizeof(chunk));
        if (err == AP_ERANGE)
            return ap_error_set(error, err, "%s: larger than %zu bytes", path, buf->max);
        if (err)
            return ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
    }
}

/* A FIFO or a device could block or never end: regular files only. */
static int open_regular(const char *path, int *ret_fd, struct stat *ret_stat,
                        struct ap_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_from_errno(path, "cannot be opened", error);
    if (fstat(fd, ret_stat) != 0) {
        int err = error_from_errno(path, "cannot be examined", error);
        (void)close(fd); /* nothing was written */
        return err;
    }
    if (!S_ISREG(ret_stat->st_mode)) {
        (void)close(fd); /* nothing was written */
        return ap_error_set(error, AP_EINVAL, "%s: not a regular file", path);
    }
    *ret_fd = fd;
    return 0;
}

int file_read(const char *path, struct buf *buf, struct ap_error *error)
{
    struct stat info = {0};
    int fd = -1;

    if (strcmp(path, "-") == 0)
        return read_descriptor(STDIN_FILENO, "standard input", buf, error);
    int err = open_regular(path, &fd, &info, error);
    if (err)
        return err;
    err = read_descriptor(fd, path, buf, error);
    (void)close(fd); /* nothing was written */
    return err;
}

static bool in_credentials_directory(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t len = folder ? strlen(folder) : 0;

    if (len == 0 || strncmp(path, folder, len) != 0 || path[len] != '/')
        return false;
    return strchr(path + len + 1, '/') == NULL;
}

static int judge_secret_mode(const char *path, const struct stat *info, struct ap_error *error)
{
    if (in_credentials_directory(path))
        return 0;
    if ((info->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return ap_error_set(error, AP_EPERM,
                            "%s: group or others have rights on it (mode %04o): chmod 0600 it, and "
                            "replace the secret if somebody may have read it",
                            path, (unsigned)(info->st_mode & 07777));
    /* Root works on the daemon's own files too: autoprovctl db check, restore. */
    if (info->st_uid != 0 && geteuid() != 0 && info->st_uid != geteuid())
        return ap_error_set(error, AP_EPERM,
                            "%s: owned by uid %u, neither root nor the user that reads it (uid %u)",
                            path, (unsigned)info->st_uid, (unsigned)geteuid());
    return 0;
}

int file_read_secret(const char *path, size_t max_bytes, bool strip_newline,
                     struct secret *ret_secret, struct ap_error *error)
{
    struct buf buf;
    struct stat info = {0};
    int fd = -1;
    int err;

    buf_init_secret(&buf, max_bytes);
    if (strcmp(path, "-") == 0) {
        err = read_descriptor(STDIN_FILENO, "standard input", &buf, error);
    } else {
        err = open_regular(path, &fd, &info, error);
        if (!err)
            err = judge_secret_mode(path, &info, error);
        if (!err)
            err = read_descriptor(fd, path, &buf, error);
    }
    if (err)
        goto out;
    size_t len = buf.len;
    if (strip_newline && len > 0 && buf.data[len - 1] == '\n')
        len--;
    if (strip_newline && len > 0 && len < buf.len && buf.data[len - 1] == '\r')
        len--;
    err = secret_set(ret_secret, buf.data, len);
    if (err)
        (void)ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
out:
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    buf_done(&buf);
    return err;
}

static int write_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t put = write(fd, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        at += put;
        len -= (size_t)put;
    }
    return 0;
}

static int sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, path, len + 1);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int saved = errno;
    (void)close(fd); /* read only */
    errno = saved;
    return result;
}

int file_create(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid,
                struct ap_error *error)
{
    int err = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);

    if (fd < 0)
        return error_from_errno(path, "cannot be created", error);
    if (write_all(fd, data, len) != 0 || fchmod(fd, mode) != 0 ||
        ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) != 0) || fsync(fd) != 0)
        err = error_from_errno(path, "cannot be written", error);
    if (close(fd) != 0 && !err)
        err = error_from_errno(path, "cannot be written", error);
    if (!err && sync_folder_of(path) != 0)
        err = error_from_errno(path, "its folder cannot be synced", error);
    if (err)
        (void)unlink(path); /* ours: O_EXCL made it; the first error is the one to tell */
    return err;
}

int file_lock(const char *path, int *ret_fd, struct ap_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_from_errno(path, "cannot be opened", error);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int err = errno == EWOULDBLOCK
                      ? ap_error_set(error, AP_EBUSY,
                                     "%s: locked by another autoprovd; stop it first", path)
                      : error_from_errno(path, "cannot be locked", error);
        (void)close(fd); /* nothing was written */
        return err;
    }
    *ret_fd = fd;
    return 0;
}
