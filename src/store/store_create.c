/* Make an empty database. Must not know what the rows mean. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "store_private.h"

#define STR_(x) #x
#define STR(x)  STR_(x)

/* SQLite's files beside a database. */
static const char *const side_suffixes[] = {"-wal", "-shm", "-journal"};

char *store_create_path(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s%s", path, suffix);
    return joined;
}

void store_create_remove(const char *path)
{
    (void)unlink(path); /* clean-up after a failure that is reported already */
    for (size_t i = 0; i < AP_COUNT(side_suffixes); i++) {
        char side[PATH_MAX]; /* on the stack: clean-up must not need memory */
        int len = snprintf(side, sizeof(side), "%s%s", path, side_suffixes[i]);
        if (len > 0 && (size_t)len < sizeof(side))
            (void)unlink(side);
    }
}

int store_create_settle(const char *path, uid_t uid, gid_t gid)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return AP_EIO;
    int err = 0;
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || fchown(fd, uid, gid) != 0)
        err = AP_EPERM;
    else if (fsync(fd) != 0)
        err = AP_EIO;
    (void)close(fd); /* only read through it */
    return err;
}

int store_create_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return AP_ENOMEM;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return AP_EIO;
    int err = fsync(fd) == 0 ? 0 : AP_EIO;
    (void)close(fd); /* only synced through it */
    return err;
}

/* A file of our schema at path, which exists and is empty. */
static int build(const char *path, const struct vault *vault)
{
    struct store_db *db = NULL;

    int err = store_connect(path, STORE_WRITER, vault, clock_system(), &db);
    if (err)
        return err;
    err =
        store_exec(db, "PRAGMA page_size = " STR(
                           STORE_PAGE_BYTES) "; "
                                             "PRAGMA auto_vacuum = INCREMENTAL; "
                                             "PRAGMA application_id = " STR(STORE_APPLICATION_ID));
    if (!err)
        err = store_schema_migrate(db, &store_schema_migrations);
    if (!err)
        err = store_exec(db, "BEGIN IMMEDIATE");
    if (!err)
        err = store_schema_fill(db);
    if (!err)
        err = store_exec(db, "COMMIT");
    if (!err)
        err = store_exec(db, "PRAGMA journal_mode = WAL");
    store_close(db);
    return err;
}

/* A file or WAL of an older database is never replaced: SQLite would play an old WAL into the new
 * file. */
static int check_free(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0)
        return AP_EEXIST;
    for (size_t i = 0; i < AP_COUNT(side_suffixes); i++) {
        char *side = store_create_path(path, side_suffixes[i]);
        if (!side)
            return AP_ENOMEM;
        bool there = lstat(side, &status) == 0;
        free(side);
        if (there)
            return AP_EEXIST;
    }
    return 0;
}

/* Unlike rename(2), link(2) never replaces. */
static int publish(const char *from, const char *path)
{
    if (link(from, path) != 0)
        return errno == EEXIST ? AP_EEXIST : AP_EIO;
    (void)unlink(from); /* a second name is left at worst */
    int err = store_create_sync_folder(path);
    if (err)
        (void)unlink(path);
    return err;
}

static int make_new_file(char *name)
{
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return AP_ENOENT;
        if (errno == EACCES || errno == EROFS)
            return AP_EREADONLY;
        return errno == ENOSPC || errno == EDQUOT ? AP_EFULL : AP_EIO;
    }
    (void)close(fd); /* empty yet */
    return 0;
}

int store_create(const char *path, const struct vault *vault, uid_t uid, gid_t gid,
                 struct ap_error *error)
{
    char *name = store_create_path(path, ".new-XXXXXX");
    bool made = false;

    int err = name ? check_free(path) : AP_ENOMEM;
    if (!err) {
        err = make_new_file(name);
        made = err == 0;
    }
    if (!err)
        err = build(name, vault);
    if (!err)
        err = store_create_settle(name, uid, gid);
    if (!err)
        err = publish(name, path);
    if (made && err)
        store_create_remove(name);
    free(name);
    if (err == AP_EEXIST)
        return ap_error_set(error, err,
                            "%s: a database, or the -wal, -shm or -journal file of one, is here "
                            "already; it is left as it is",
                            path);
    if (err)
        return ap_error_set(error, err, "%s: cannot make the database: %s", path, ap_strerror(err));
    return 0;
}
