/* What is checked when a database is opened, and the line that says what to do. Nothing here
 * grows with the data. Must not know tables. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "store_private.h"

static int check_access(const char *path, int how, int denied)
{
    if (faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0)
        return 0;
    switch (errno) {
    case EACCES:
    case EPERM:
    case EROFS:
        return denied;
    case ENOENT:
    case ENOTDIR:
        return AP_ENOENT;
    default:
        return AP_EIO;
    }
}

static int check_folder_writable(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

    if (!folder)
        return AP_ENOMEM;
    int err = check_access(folder, W_OK | X_OK, AP_EREADONLY);
    free(folder);
    return err;
}

int store_open_check_file(const struct store_opening *opening)
{
    struct stat status;

    if (stat(opening->path, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return AP_ENOENT;
        return errno == EACCES ? AP_EPERM : AP_EIO;
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return AP_ECORRUPT;
    int err = check_access(opening->path, R_OK, AP_EPERM);
    if (err || opening->mode == STORE_READER)
        return err;
    err = check_access(opening->path, W_OK, AP_EREADONLY);
    return err ? err : check_folder_writable(opening->path);
}

static int file_size(const char *path, const char *suffix, int64_t *ret_bytes)
{
    struct stat status;
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(size);

    if (!name)
        return AP_ENOMEM;
    snprintf(name, size, "%s%s", path, suffix);
    *ret_bytes = stat(name, &status) == 0 ? (int64_t)status.st_size : 0;
    free(name);
    return 0;
}

/* SQLite itself refuses a main file that is shorter than its header says, but not while a WAL is
 * there, because a crash during a checkpoint leaves that. The WAL's frames then must make up for
 * what is missing; 64 KiB more for the page that holds the locks (as SQLite's own checkpoint
 * has it). */
static int check_size(struct store_db *db)
{
    int64_t pages, page_bytes, main_bytes, wal_bytes;

    int err = store_exec_number(db, "PRAGMA page_count", &pages);
    if (!err)
        err = store_exec_number(db, "PRAGMA page_size", &page_bytes);
    if (!err)
        err = file_size(db->path, "", &main_bytes);
    if (!err)
        err = file_size(db->path, "-wal", &wal_bytes);
    if (err)
        return err;
    int64_t spare = wal_bytes > 0 ? wal_bytes + 65536 : 0;
    return main_bytes + spare >= pages * page_bytes ? 0 : AP_ECORRUPT;
}

int store_open_check_header(struct store_db *db)
{
    int64_t application_id;
    uint32_t version;

    int err = store_exec_number(db, "PRAGMA application_id", &application_id);
    if (err)
        return err;
    if (application_id != STORE_APPLICATION_ID)
        return AP_ECORRUPT;
    err = check_size(db);
    if (!err)
        err = store_schema_version(db, &version);
    if (err)
        return err;
    if (version == 0)
        return AP_ECORRUPT;
    return version > store_schema_migrations.count ? AP_ENEWER : 0;
}

static const struct explanation {
    int err;
    const char *text;
} explanations[] = {
    {AP_ENOENT, "no database here; make one with: autoprovctl init"},
    {AP_EPERM, "this user may not read the database"},
    {AP_ECORRUPT, "the database is damaged, cut short, empty or none of autoprovd; "
                  "restore a backup: autoprovctl restore FILE"},
    {AP_ENEWER, "the database has a newer schema than this program knows; install the newer "
                "program, or restore a backup made before the upgrade: autoprovctl restore FILE"},
    {AP_ECONFLICT, "the database has an older schema than this program's; the daemon migrates it "
                   "when it starts"},
    {AP_EKEY, "the master key does not open this database; give the key that it was made with, and "
              "during a key rotation both keys, the second one as a file of the same name with "
              ".new"},
    {AP_EREADONLY, "the database or its folder cannot be written; check owner, mode and mount"},
    {AP_EBUSY, "another process holds the database; end it first"},
    {AP_EFULL, "no space left beside the database"},
    {AP_EIO, "the database or the -wal and -shm files beside it cannot be opened"},
};

int store_open_check_explain(const struct store_opening *opening, int err, struct ap_error *error)
{
    const char *text = ap_strerror(err);

    for (size_t i = 0; i < AP_COUNT(explanations); i++) {
        if (explanations[i].err == err)
            text = explanations[i].text;
    }
    return ap_error_set(error, err, "%s: %s", opening->shown_path, text);
}
