/* The database: open, create, check, migrate, restore. SQL lives in src/store/ only. */
#ifndef AUTOPROV_STORE_H
#define AUTOPROV_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/vault.h"

#define STORE_FILE_NAME "autoprovd.db"
#define STORE_LOCK_NAME "lock"
/* 36 characters of a UUID (RFC 4122, 3) and a NUL. */
#define STORE_ID_TEXT_MAX 37

enum store_mode {
    STORE_READER, /* SQLITE_OPEN_READONLY, statements see one committed state each */
    STORE_WRITER, /* the only one in the process; migrates an older schema when opened */
};

/* One SQLite connection with its prepared statements, a vault of its own and a clock. Used by one
 * thread at a time. */
struct store_db;

/* Make an empty database with the newest schema and its canary row, mode 0600, owner uid:gid
 * (-1: leave). Never replaces a database or the -wal, -shm or -journal file of one. On error
 * nothing is left behind. Errors, each with a line: AP_EEXIST; AP_ENOENT no such folder; AP_EPERM,
 * AP_EREADONLY, AP_EFULL, AP_EIO, AP_ESTORE; AP_ENOMEM; AP_ECRYPTO. */
AP_MUSTCHECK int store_create(const char *path, const struct vault *vault, uid_t uid, gid_t gid,
                              struct ap_error *error);

/* Open an existing database. Checks header, size against page count, schema version and canary:
 * nothing that grows with the data. Never repairs, replaces or creates.
 * vault: cloned. clock: borrowed for the connection's life.
 * A reader of a folder that it may not write works only while the writer has the database open:
 * SQLite's WAL needs its -wal and -shm files beside it (AP_EREADONLY without).
 * Errors, each with one line that names the file and what to do: AP_ENOENT; AP_EPERM; AP_ECORRUPT
 * (not a database, damaged, truncated, empty); AP_ENEWER; AP_EKEY; AP_EREADONLY (writer on a
 * read-only folder); AP_ECONFLICT (reader of an older schema: open the writer first); AP_EBUSY
 * (another process holds it); AP_EFULL, AP_EIO, AP_ESTORE; AP_ENOMEM. */
AP_MUSTCHECK int store_open(const char *path, enum store_mode mode, const struct vault *vault,
                            const struct ap_clock *clock, struct store_db **ret_db,
                            struct ap_error *error);
void store_close(struct store_db *db);

/* integrity_check, foreign_key_check, and every sealed value opens. problem is called once per
 * finding with a line without secrets. Errors: AP_ECORRUPT at least one finding, AP_ESTORE. */
AP_MUSTCHECK int store_check(struct store_db *db, void (*problem)(void *data, const char *line),
                             void *data, struct ap_error *error);

/* Copy the database to a file of its own while others go on reading and writing: SQLite's online
 * backup, in small steps with pauses, of one state. The WAL cannot be cut meanwhile. */
struct store_backup {
    const char *path;
    bool replace; /* a file that is there already */
    /* NULL, or called after each step. */
    void (*progress)(void *data, uint32_t pages_done, uint32_t pages);
    void *data;
};
/* The copy is made as path + ".partial" with mode 0600, named after the time and the master key's
 * fingerprint, checked as by store_open() and store_check(), synced and renamed. It never holds the
 * key. db: a reader, kept in one read until the end.
 * Errors, each with a line: AP_EEXIST; AP_EINVAL path is the database itself; AP_EBUSY another
 * backup to path runs; AP_ECORRUPT the copy has faults, so the database has; AP_ENOENT no such
 * folder; AP_EPERM, AP_EREADONLY, AP_EFULL, AP_EIO, AP_ESTORE; AP_ENOMEM. On error path is as it
 * was, and no copy is left. */
AP_MUSTCHECK int store_backup(struct store_db *db, const struct store_backup *backup,
                              struct ap_error *error);

/* Put a backup in the place of a database, or where none is. */
struct store_restore {
    const char *path;
    const char *backup_path;
    const struct vault *vault;
    const struct ap_clock *clock;
    uid_t uid; /* of the new file; (uid_t)-1: leave */
    gid_t gid;
    bool keep_options; /* else the stored custom options go, and flat mode with them */
    const char *actor; /* of the audit row */
};
struct store_restored {
    int64_t backup_at; /* UTC seconds; 0: not made by store_backup() */
    bool options_dropped;
};
/* The backup is copied beside path, the copy opened and checked as by store_open() and
 * store_check(), given a new epoch and an audit row, synced and renamed; the old file is kept as
 * path + ".before-restore" (and "-wal"). The caller holds the lock file: no daemon runs.
 * Errors: those of store_open() and store_check() for the backup (AP_EKEY names the key that is
 * missing); path is then as it was. */
AP_MUSTCHECK int store_restore(const struct store_restore *restore,
                               struct store_restored *ret_restored, struct ap_error *error);

/* Rotation of the master key (docs/decisions/0004-key-rotation.md), of a vault with two keys. */
enum store_rekey_state {
    STORE_REKEY_NONE,    /* one key */
    STORE_REKEY_WAITING, /* a second key is there; store_rekey_begin() was not called */
    STORE_REKEY_RUNNING, /* both keys are needed; the writer thread seals anew */
    STORE_REKEY_DONE,    /* the second key is all that is needed */
};
enum store_rekey_state store_rekey_state(const struct store_db *db);
/* Begin the rotation that waits, if one does. db: the writer, before its thread and any reader.
 * Errors, with a line: AP_EFULL, AP_EREADONLY, AP_ESTORE, AP_ENOMEM, AP_ECRYPTO; then the first
 * key goes on alone. */
AP_MUSTCHECK int store_rekey_begin(struct store_db *db, struct ap_error *error);

/* Start a read that sees one state of the database, end it. Nesting is not allowed. */
AP_MUSTCHECK int store_read_begin(struct store_db *db);
void store_read_end(struct store_db *db);

/* Number of the last committed change, from 0. Errors: AP_ESTORE. */
AP_MUSTCHECK int store_change_seq(struct store_db *db, uint64_t *ret_seq);

/* What status shows. */
struct store_counts {
    uint64_t users, accounts, phones, fetches, refusals;
    uint64_t size_bytes; /* of the main file */
    uint64_t change_seq;
    uint32_t schema_version;
    char epoch[33]; /* 32 hex digits: another one after each restore */
};
AP_MUSTCHECK int store_counts(struct store_db *db, struct store_counts *ret_counts);

/* The vault of this connection: for its thread only, borrowed until store_close(). */
struct vault *store_vault(struct store_db *db);

#endif
