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

/* A backup that was copied from a running daemon has its newest commits in the WAL. */
static int copy_wal(const char *backup_path, const char *copy_path)
{
    struct stat status;
    char *from = store_create_path(backup_path, "-wal");
    char *to = store_create_path(copy_path, "-wal");
    int err = from && to ? 0 : AP_ENOMEM;

    if (!err && stat(from, &status) == 0 && status.st_size > 0)
        err = store_copy_file(from, to);
    free(from);
    free(to);
    return err;
}

/* Which key is missing, if the backup says so; error holds the general line. */
static void explain_key(const struct store_restore *restore, const struct store_opening *opening,
                        struct ap_error *error)
{
    struct store_backup_note note = {0};
    struct store_db *db = NULL;

    int err = store_connect(opening->path, STORE_WRITER, opening->vault, opening->clock, &db);
    if (!err)
        err = store_backup_read_note(db, &note);
    if (!err && note.fingerprint[0] &&
        strcmp(note.fingerprint, vault_fingerprint(restore->vault)) != 0)
        ap_error_write(
            error,
            "%s: this backup needs the master key with fingerprint %s, the one given has "
            "%s; bring the key that was kept with it",
            opening->shown_path, note.fingerprint, vault_fingerprint(restore->vault));
    store_close(db);
}

static int set_epoch(struct store_db *db)
{
    struct store_query query;
    store_query_begin(&query, db,
                      "UPDATE meta SET value = randomblob(16), version = version + 1 "
                      "WHERE name = 'epoch'");
    return store_query_run(&query);
}

/* Who was signed in when the backup was made may have been shut out since. */
static int end_sessions(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM session");
    int err = store_query_run(&query);
    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM meta WHERE name = 'setup'");
    return store_query_run(&query);
}

/* Who fetched without a token before the backup was made need not be let in again unasked. */
static int drop_options(struct store_db *db, bool *ret_dropped)
{
    struct arena arena;
    const char *json;

    arena_init(&arena, (size_t)2 * AP_CUSTOM_OPTIONS_MAX_BYTES);
    int err = store_options_get(db, &arena, &json);
    arena_done(&arena);
    if (err)
        return err == AP_ENOENT ? 0 : err;
    *ret_dropped = true;
    return store_options_set(db, NULL);
}

static int add_audit_row(struct store_db *db, const struct store_restore *restore,
                         const struct store_restored *restored)
{
    char object[64] = "backup=foreign";
    if (restored->backup_at > 0)
        snprintf(object, sizeof(object), "backup_at=%lld", (long long)restored->backup_at);
    const struct store_audit entry = {
        .actor = restore->actor,
        .action = "restore",
        .object = object,
        .detail = restored->options_dropped ? "custom_options=dropped" : "",
    };
    return store_audit_add(db, &entry);
}

static int run_changes(struct store_db *db, const struct store_restore *restore,
                       struct store_restored *restored)
{
    struct store_backup_note note = {0};

    int err = store_backup_read_note(db, &note);
    restored->backup_at = note.at;
    if (!err)
        err = store_backup_remove_note(db);
    if (!err)
        err = set_epoch(db);
    if (!err)
        err = end_sessions(db);
    if (!err && !restore->keep_options)
        err = drop_options(db, &restored->options_dropped);
    return err ? err : add_audit_row(db, restore, restored);
}

/* What is other in the restored database than in the backup. */
static int change_copy(struct store_db *db, const struct store_restore *restore,
                       struct store_restored *restored)
{
    int err = store_write_begin(db);
    if (err)
        return err;
    err = run_changes(db, restore, restored);
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    return err;
}

static int settle_copy(const struct store_restore *restore, const struct store_opening *opening,
                       struct store_restored *restored, struct ap_error *error)
{
    struct store_db *db = NULL;
    char fault[STORE_COPY_FAULT_MAX];

    int err = store_copy_check(opening, &db, fault, error);
    if (err == AP_EKEY)
        explain_key(restore, opening, error);
    if (err == AP_ECORRUPT && fault[0])
        return ap_error_set(error, err, "%s: this backup is damaged: %s", opening->shown_path,
                            fault);
    if (err)
        return err;
    err = change_copy(db, restore, restored);
    store_close(db);
    return err ? ap_error_set(error, err, "%s: its copy cannot be prepared: %s",
                              opening->shown_path, ap_strerror(err))
               : 0;
}

static int move_if_there(const char *from, const char *to)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return 0;
    return store_copy_map_errno(errno);
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
        err = store_copy_map_errno(errno);
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
        err = store_copy_map_errno(errno);
    return err ? err : store_create_sync_folder(path);
}

int store_restore(const struct store_restore *restore, struct store_restored *ret_restored,
                  struct ap_error *error)
{
    const char *path = restore->path;
    struct store_restored restored = {0};
    char *copy_path = store_create_path(path, ".restoring");
    if (!copy_path)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", path, ap_strerror(AP_ENOMEM));
    const struct store_opening opening = {copy_path, restore->backup_path, STORE_WRITER,
                                          restore->vault, restore->clock};

    store_create_remove(copy_path); /* of a restore that was broken off */
    int err = store_copy_file(restore->backup_path, copy_path);
    if (!err)
        err = copy_wal(restore->backup_path, copy_path);
    if (err == AP_ECORRUPT) {
        (void)store_open_check_explain(&opening, err, error);
        goto out;
    }
    if (err) {
        (void)ap_error_set(error, err, "%s: cannot be copied to %s: %s", restore->backup_path,
                           copy_path, ap_strerror(err));
        goto out;
    }
    err = settle_copy(restore, &opening, &restored, error);
    if (err)
        goto out;
    err = swap(path, copy_path, restore->uid, restore->gid);
    if (err)
        (void)ap_error_set(error, err, "%s: cannot put the backup in place: %s", path,
                           ap_strerror(err));
out:
    if (err)
        store_create_remove(copy_path);
    else
        *ret_restored = restored;
    free(copy_path);
    return err;
}
