/* Put a backup in the place of the database.
 *
 * The copy is checked, not the backup itself: what is checked is what will serve, and SQLite would
 * write files beside a backup that may lie on a read-only medium. At every moment a crash leaves
 * either the old database, or none (which refuses to start, and restore can run again), or the new
 * one; never a file with the WAL of another. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

#define COPY_CHUNK_BYTES 65536

static int map_errno(int error_number)
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
            return map_errno(errno);
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

static int copy_file(const char *from_path, const char *to_path)
{
    struct stat status;
    int to = -1;
    int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0)
        return map_errno(errno);

    int err = 0;
    if (fstat(from, &status) != 0)
        err = AP_EIO;
    else if (!S_ISREG(status.st_mode) || status.st_size == 0)
        err = AP_ECORRUPT;
    if (err)
        goto out;
    to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (to < 0) {
        err = map_errno(errno);
        goto out;
    }
    err = copy_content(from, to);
    if (close(to) != 0 && !err)
        err = map_errno(errno);
out:
    (void)close(from); /* only read through it */
    return err;
}

/* A backup that was copied from a running daemon has its newest commits in the WAL. */
static int copy_wal(const char *backup_path, const char *copy_path)
{
    struct stat status;
    char *from = store_create_path(backup_path, "-wal");
    char *to = store_create_path(copy_path, "-wal");
    int err = from && to ? 0 : AP_ENOMEM;

    if (!err && stat(from, &status) == 0 && status.st_size > 0)
        err = copy_file(from, to);
    free(from);
    free(to);
    return err;
}

static void keep_first(void *data, const char *line)
{
    char *first = data;
    if (!first[0])
        snprintf(first, AP_ERROR_TEXT_MAX / 4, "%s", line);
}

/* Opened as the writer: migrates an older schema and moves the WAL into the file. */
static int check_copy(const struct store_opening *opening, struct ap_error *error)
{
    struct store_db *db = NULL;
    char first[AP_ERROR_TEXT_MAX / 4] = "";

    int err = store_open_as(opening, &db, error);
    if (err)
        return err;
    err = store_check(db, keep_first, first, error);
    store_close(db);
    if (err == AP_ECORRUPT)
        return ap_error_set(error, err, "%s: this backup is damaged: %s", opening->shown_path,
                            first);
    if (err)
        return ap_error_set(error, err, "%s: the check cannot go on: %s", opening->shown_path,
                            ap_strerror(err));
    return 0;
}

static int move_if_there(const char *from, const char *to)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return 0;
    return map_errno(errno);
}

/* The main file goes first: from then on nobody can take the rest for a database. */
static int set_aside(const char *path)
{
    char *kept = store_create_path(path, ".before-restore");
    char *kept_wal = store_create_path(path, ".before-restore-wal");
    char *wal = store_create_path(path, "-wal");
    char *shm = store_create_path(path, "-shm");
    struct stat status;
    int err = kept && kept_wal && wal && shm ? 0 : AP_ENOMEM;

    if (!err && stat(path, &status) == 0) {
        (void)unlink(kept_wal); /* of an older restore; absent as a rule */
        err = move_if_there(path, kept);
    }
    if (!err)
        err = move_if_there(wal, kept_wal);
    if (!err && unlink(shm) != 0 && errno != ENOENT)
        err = map_errno(errno);
    free(kept);
    free(kept_wal);
    free(wal);
    free(shm);
    return err;
}

static int swap(const char *path, const char *copy_path, uid_t uid, gid_t gid)
{
    struct stat status;
    char *wal = store_create_path(copy_path, "-wal");
    if (!wal)
        return AP_ENOMEM;
    /* The last close has moved the WAL into the file; otherwise part of it would be lost. */
    int err = stat(wal, &status) == 0 && status.st_size > 0 ? AP_ESTORE : 0;
    free(wal);
    if (!err)
        err = store_create_settle(copy_path, uid, gid);
    if (!err)
        err = set_aside(path);
    if (!err && rename(copy_path, path) != 0)
        err = map_errno(errno);
    return err ? err : store_create_sync_folder(path);
}

int store_restore(const char *path, const char *backup_path, const struct vault *vault,
                  const struct ap_clock *clock, uid_t uid, gid_t gid, struct ap_error *error)
{
    char *copy_path = store_create_path(path, ".restoring");
    if (!copy_path)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", path, ap_strerror(AP_ENOMEM));
    const struct store_opening opening = {copy_path, backup_path, STORE_WRITER, vault, clock};

    store_create_remove(copy_path); /* of a restore that was broken off */
    int err = copy_file(backup_path, copy_path);
    if (!err)
        err = copy_wal(backup_path, copy_path);
    if (err == AP_ECORRUPT) {
        (void)store_open_check_explain(&opening, err, error);
        goto out;
    }
    if (err) {
        (void)ap_error_set(error, err, "%s: cannot be copied to %s: %s", backup_path, copy_path,
                           ap_strerror(err));
        goto out;
    }
    err = check_copy(&opening, error);
    if (err)
        goto out;
    err = swap(path, copy_path, uid, gid);
    if (err)
        (void)ap_error_set(error, err, "%s: cannot put the backup in place: %s", path,
                           ap_strerror(err));
out:
    if (err)
        store_create_remove(copy_path);
    free(copy_path);
    return err;
}
