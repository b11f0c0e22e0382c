/* Copies of a database file: how they are made from one that nobody writes to, and checked.
 *
 * A copy is checked, not what it was made from: what is checked is what will serve. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

#define COPY_CHUNK_BYTES 65536

int store_copy_map_errno(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        return AP_ENOENT;
    case EACCES:
    case EPERM:
        return AP_EPERM;
    case EROFS:
        return AP_EREADONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return AP_EFULL;
    default:
        return AP_EIO;
    }
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return store_copy_map_errno(errno);
        data += written;
        len -= (size_t)written;
    }
    return 0;
}

static int copy_content(int from, int to)
{
    char *chunk = malloc(COPY_CHUNK_BYTES);
    int err = chunk ? 0 : AP_ENOMEM;

    while (!err) {
        ssize_t len = read(from, chunk, COPY_CHUNK_BYTES);
        if (len == 0)
            break;
        if (len > 0)
            err = write_all(to, chunk, (size_t)len);
        else if (errno != EINTR)
            err = AP_EIO;
    }
    free(chunk);
    return err;
}

int store_copy_file(const char *from_path, const char *to_path)
{
    struct stat status;
    int to = -1;
    int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0)
        return store_copy_map_errno(errno);

    int err = 0;
    if (fstat(from, &status) != 0)
        err = AP_EIO;
    else if (!S_ISREG(status.st_mode) || status.st_size == 0)
        err = AP_ECORRUPT;
    if (err)
        goto out;
    to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (to < 0) {
        err = store_copy_map_errno(errno);
        goto out;
    }
    err = copy_content(from, to);
    if (close(to) != 0 && !err)
        err = store_copy_map_errno(errno);
out:
    (void)close(from); /* only read through it */
    return err;
}

static void keep_first(void *data, const char *line)
{
    char *first = data;
    if (!first[0])
        snprintf(first, STORE_COPY_FAULT_MAX, "%s", line);
}

int store_copy_check(const struct store_opening *opening, struct store_db **ret_db,
                     char ret_fault[static STORE_COPY_FAULT_MAX], struct ap_error *error)
{
    struct store_db *db = NULL;

    ret_fault[0] = '\0';
    int err = store_open_as(opening, &db, error);
    if (err)
        return err;
    err = store_check(db, keep_first, ret_fault, error);
    if (err) {
        store_close(db);
        return err;
    }
    *ret_db = db;
    return 0;
}
