/* A copy of the database while it is in use: SQLite's online backup.
 *
 * All steps lie in one read of the source, so that a commit between two of them does not start the
 * copy anew: with steady writes it would never end. Must not know rows beyond meta. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_private.h"

/* 1 MiB of 4 KiB pages a step; the pause leaves the disk to the writer's fsyncs and bounds the
 * copy at about 200 MB/s. */
#define STEP_PAGES 256
#define PAUSE_NS   (5 * 1000000L)
/* All at the end would hold the writer's own fsync up for half a second on 100 MB. */
#define SYNC_STEPS 4

/* The work on one backup. */
struct copying {
    struct store_db *db;
    const struct store_backup *backup;
    char *partial_path;
    int fd; /* of the partial file, locked; closed last: until then its name is ours */
};

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    (void)nanosleep(&pause, NULL); /* a shorter one does no harm */
}

static int open_partial(struct copying *copying)
{
    copying->fd =
        open(copying->partial_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (copying->fd < 0)
        return store_copy_map_errno(errno);
    if (flock(copying->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? AP_EBUSY : AP_EIO;
    /* Of a backup that was broken off. */
    if (ftruncate(copying->fd, 0) != 0 || fchmod(copying->fd, S_IRUSR | S_IWUSR) != 0)
        return store_copy_map_errno(errno);
    return 0;
}

static int run_steps(const struct copying *copying, struct store_db *copy, sqlite3_backup *steps)
{
    const struct store_backup *backup = copying->backup;
    unsigned done = 0;
    int rc;

    do {
        rc = sqlite3_backup_step(steps, STEP_PAGES);
        if (++done % SYNC_STEPS == 0 && fdatasync(copying->fd) != 0)
            return store_copy_map_errno(errno);
        if (backup->progress)
            backup->progress(
                backup->data,
                (uint32_t)(sqlite3_backup_pagecount(steps) - sqlite3_backup_remaining(steps)),
                (uint32_t)sqlite3_backup_pagecount(steps));
        if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            pause_briefly();
    } while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
    return rc == SQLITE_DONE ? 0 : store_query_map_error(copy, rc);
}

static int copy_pages(const struct copying *copying, struct store_db *copy)
{
    uint64_t seq;

    int err = store_read_begin(copying->db);
    if (err)
        return err;
    err = store_change_seq(copying->db, &seq); /* the read begins with its first row */
    if (!err) {
        sqlite3_backup *steps =
            sqlite3_backup_init(copy->sqlite, "main", copying->db->sqlite, "main");
        err = steps ? run_steps(copying, copy, steps) : AP_ESTORE;
        if (steps)
            (void)sqlite3_backup_finish(steps); /* repeats the step's error */
    }
    store_read_end(copying->db);
    return err;
}

static int write_note(struct store_db *copy, const struct copying *copying)
{
    const char *fingerprint = vault_fingerprint(copying->db->vault);
    struct store_query query;

    store_query_begin(&query, copy,
                      "INSERT INTO meta (name, number, value) VALUES ('backup', ?1, ?2) "
                      "ON CONFLICT (name) DO UPDATE SET number = ?1, value = ?2");
    store_query_bind_number(&query, clock_wall_s(copying->db->clock));
    store_query_bind_blob(&query, fingerprint, strlen(fingerprint));
    return store_query_run(&query);
}

int store_backup_read_note(struct store_db *db, struct store_backup_note *ret_note)
{
    struct store_backup_note note = {0};
    struct store_query query;
    size_t len = 0;

    store_query_begin(&query, db, "SELECT number, value FROM meta WHERE name = 'backup'");
    int err = store_query_step(&query);
    if (!err) {
        note.at = store_query_column_number(&query);
        const uint8_t *text = store_query_column_blob(&query, &len);
        if (text && len < sizeof(note.fingerprint))
            memcpy(note.fingerprint, text, len);
    }
    err = store_query_end(&query, err);
    if (err && err != AP_ENOENT)
        return err;
    *ret_note = note;
    return 0;
}

int store_backup_remove_note(struct store_db *db)
{
    struct store_query query;
    store_query_begin(&query, db, "DELETE FROM meta WHERE name = 'backup'");
    return store_query_run(&query);
}

/* Neither journal nor fsync: until the end nobody takes this file for anything. */
static int fill(const struct copying *copying)
{
    struct store_db *copy = NULL;

    int err = store_connect(copying->partial_path, STORE_WRITER, copying->db->vault,
                            copying->db->clock, &copy);
    if (err)
        return err;
    err = store_exec(copy, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    if (!err)
        err = copy_pages(copying, copy);
    if (!err)
        err = write_note(copy, copying);
    store_close(copy);
    return err;
}

static int check(const struct copying *copying, struct ap_error *error)
{
    const struct store_opening opening = {copying->partial_path, copying->backup->path,
                                          STORE_WRITER, copying->db->vault, copying->db->clock};
    struct store_db *copy = NULL;
    char fault[STORE_COPY_FAULT_MAX];

    int err = store_copy_check(&opening, &copy, fault, error);
    store_close(copy);
    if (err == AP_ECORRUPT && fault[0])
        return ap_error_set(error, err,
                            "%s: no backup was made: the copy has faults, so the database has (see "
                            "autoprovctl db check): %s",
                            copying->backup->path, fault);
    return err;
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Renamed over the database, the copy would cut the daemon off from it. */
static bool is_database(const struct store_db *db, const char *path)
{
    struct stat database, status;

    return stat(db->path, &database) == 0 && stat(path, &status) == 0 &&
           database.st_dev == status.st_dev && database.st_ino == status.st_ino;
}

static int publish(const struct copying *copying)
{
    const char *path = copying->backup->path;
    unsigned flags = copying->backup->replace ? 0 : RENAME_NOREPLACE;

    int err = store_create_settle(copying->partial_path, (uid_t)-1, (gid_t)-1);
    if (err)
        return err;
    int failed = renameat2(AT_FDCWD, copying->partial_path, AT_FDCWD, path, flags);
    /* Some file systems cannot refuse by themselves. */
    if (failed && errno == EINVAL) {
        if (is_there(path))
            return AP_EEXIST;
        failed = rename(copying->partial_path, path);
    }
    if (failed)
        return errno == EEXIST ? AP_EEXIST : store_copy_map_errno(errno);
    return store_create_sync_folder(path);
}

static int explain(const struct store_backup *backup, int err, struct ap_error *error)
{
    if (err == AP_EEXIST)
        return ap_error_set(error, err, "%s: exists already; it is left as it is", backup->path);
    if (err == AP_EBUSY)
        return ap_error_set(error, err, "%s: another backup to this file is at work", backup->path);
    return ap_error_set(error, err, "%s: the backup cannot be made: %s", backup->path,
                        ap_strerror(err));
}

int store_backup(struct store_db *db, const struct store_backup *backup, struct ap_error *error)
{
    struct copying copying = {.db = db, .backup = backup, .fd = -1};
    struct ap_error fault = {{0}};

    if (is_database(db, backup->path))
        return ap_error_set(error, AP_EINVAL, "%s: is the database itself; name another file",
                            backup->path);
    if (!backup->replace && is_there(backup->path))
        return explain(backup, AP_EEXIST, error);
    copying.partial_path = store_create_path(backup->path, ".partial");
    int err = copying.partial_path ? open_partial(&copying) : AP_ENOMEM;
    bool is_ours = err == 0;
    if (!err)
        err = fill(&copying);
    if (!err)
        err = check(&copying, &fault);
    if (!err)
        err = publish(&copying);
    if (err && is_ours)
        store_create_remove(copying.partial_path);
    if (copying.fd >= 0)
        (void)close(copying.fd); /* written through SQLite's own */
    free(copying.partial_path);
    if (!err)
        return 0;
    return fault.text[0] ? ap_error_set(error, err, "%s", fault.text) : explain(backup, err, error);
}
