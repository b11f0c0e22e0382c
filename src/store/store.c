/* Open and close a connection; what status shows.
 *
 * Each connection has its limits and pragmas set here and nowhere else. Must not know rows. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/text.h"

#include "store_private.h"

/* Near the "high-security values" of sqlite.org/security.html; none is reached by our own SQL. */
static const struct {
    int id;
    int value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 1000000},
    {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_COLUMN, 100},
    {SQLITE_LIMIT_EXPR_DEPTH, 20},
    /* Settings have six scopes. */
    {SQLITE_LIMIT_COMPOUND_SELECT, 6},
    {SQLITE_LIMIT_VDBE_OP, 25000},
    {SQLITE_LIMIT_FUNCTION_ARG, 8},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

/* Debian builds with extension loading and double-quoted strings on. */
static const struct {
    int id;
    int value;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
};

/* 8 MiB of cache: 64 MiB gained little on a million phones (trials, section 4). mmap stays off: an
 * I/O error would arrive as SIGBUS. */
#define COMMON_PRAGMAS                                                                             \
    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; "              \
    "PRAGMA cache_size = -8192; "
static const char reader_pragmas[] = COMMON_PRAGMAS "PRAGMA query_only = ON;";
/* With synchronous = NORMAL a commit may vanish with the power (sqlite.org/wal.html). */
static const char writer_pragmas[] = COMMON_PRAGMAS
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 4194304;";

int store_exec(struct store_db *db, const char *sql)
{
    return store_query_map_error(db, sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL));
}

int store_exec_number(struct store_db *db, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *stmt = NULL;

    int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            *ret_number = sqlite3_column_int64(stmt, 0);
    }
    /* The first error counts. */
    (void)sqlite3_finalize(stmt);
    if (rc == SQLITE_DONE)
        return AP_ENOENT;
    return rc == SQLITE_ROW ? 0 : store_query_map_error(db, rc);
}

static int configure(struct store_db *db)
{
    for (size_t i = 0; i < AP_COUNT(switches); i++) {
        int now = -1;
        int rc = sqlite3_db_config(db->sqlite, switches[i].id, switches[i].value, &now);
        if (rc != SQLITE_OK || now != switches[i].value)
            return AP_ESTORE;
    }
    for (size_t i = 0; i < AP_COUNT(limits); i++)
        (void)sqlite3_limit(db->sqlite, limits[i].id, limits[i].value); /* returns the old one */
    /* The writer thread checkpoints; a reader never does. */
    int rc = sqlite3_wal_autocheckpoint(db->sqlite, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db->sqlite, db->mode == STORE_WRITER ? STORE_WRITER_BUSY_MS
                                                                       : STORE_READER_BUSY_MS);
    if (rc != SQLITE_OK)
        return store_query_map_error(db, rc);
    return store_exec(db, db->mode == STORE_WRITER ? writer_pragmas : reader_pragmas);
}

static int note_wal_pages(void *data, sqlite3 *sqlite, const char *name, int pages)
{
    struct store_db *db = data;
    (void)sqlite;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

/* SQLite takes "file:…" for a URI, and its parameters could switch locking off. */
static char *copy_path(const char *path)
{
    const char *prefix = path[0] == '/' ? "" : "./";
    size_t size = strlen(prefix) + strlen(path) + 1;
    char *copy = malloc(size);
    if (copy)
        snprintf(copy, size, "%s%s", prefix, path);
    return copy;
}

int store_connect(const char *path, enum store_mode mode, const struct vault *vault,
                  const struct ap_clock *clock, struct store_db **ret_db)
{
    /* Debian's SQLite has no lookaside memory and counts each malloc() under one lock of the whole
     * process, for figures that nobody reads. From the second connection on it refuses: done. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = mode == STORE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    struct store_db *db = calloc(1, sizeof(*db));
    if (!db)
        return AP_ENOMEM;
    db->mode = mode;
    db->clock = clock;

    int err = vault_clone(vault, &db->vault);
    if (err)
        goto out;
    db->path = copy_path(path);
    if (!db->path) {
        err = AP_ENOMEM;
        goto out;
    }
    int rc = sqlite3_open_v2(db->path, &db->sqlite,
                             flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!db->sqlite)
        err = AP_ENOMEM;
    else if (rc != SQLITE_OK)
        err = store_query_map_error(db, rc);
    else
        err = configure(db);
    if (!err)
        err = store_log_prepare(db);
    if (!err)
        err = store_phone_search_prepare(db);
    if (err)
        goto out;
    /* Takes the place of the automatic checkpoint: returns its data, NULL. */
    (void)sqlite3_wal_hook(db->sqlite, note_wal_pages, db);
    *ret_db = db;
out:
    if (err)
        store_close(db);
    return err;
}

void store_close(struct store_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(db->statements[i].stmt); /* repeats an older error */
    /* Cannot fail: no statement is left. */
    (void)sqlite3_close(db->sqlite);
    vault_free(db->vault);
    free(db->path);
    free(db);
}

/* SQLite falls back to reading alone when the file may not be written. */
static int check_writable(struct store_db *db)
{
    if (db->mode == STORE_WRITER && sqlite3_db_readonly(db->sqlite, "main") != 0)
        return AP_EREADONLY;
    return 0;
}

static int check_version(struct store_db *db)
{
    uint32_t version;

    if (db->mode == STORE_WRITER) {
        int err = store_exec(db, "PRAGMA journal_mode = WAL");
        return err ? err : store_schema_migrate(db, &store_schema_migrations);
    }
    int err = store_schema_version(db, &version);
    if (err)
        return err;
    /* A reader cannot migrate: the writer is always opened first. */
    return version == store_schema_migrations.count ? 0 : AP_ECONFLICT;
}

static int read_highest_wall(struct store_db *db)
{
    int err = store_exec_number(db, "SELECT number FROM meta WHERE name = 'highest_wall'",
                                &db->highest_wall_s);

    db->highest_at_ms = clock_monotonic_ms(db->clock);
    return err == AP_ENOENT ? AP_ECORRUPT : err;
}

int store_open_as(const struct store_opening *opening, struct store_db **ret_db,
                  struct ap_error *error)
{
    struct store_db *db = NULL;

    int err = store_open_check_file(opening);
    if (!err)
        err = store_connect(opening->path, opening->mode, opening->vault, opening->clock, &db);
    if (!err)
        err = check_writable(db);
    if (!err)
        err = store_open_check_header(db);
    if (!err)
        err = store_rekey_settle(db);
    if (!err)
        err = check_version(db);
    if (!err)
        err = read_highest_wall(db);
    if (err) {
        store_close(db);
        return store_open_check_explain(opening, err, error);
    }
    *ret_db = db;
    return 0;
}

int store_open(const char *path, enum store_mode mode, const struct vault *vault,
               const struct ap_clock *clock, struct store_db **ret_db, struct ap_error *error)
{
    const struct store_opening opening = {path, path, mode, vault, clock};
    return store_open_as(&opening, ret_db, error);
}

int64_t store_now_s(struct store_db *db)
{
    int64_t ticks_ms = clock_monotonic_ms(db->clock);
    int64_t now = clock_wall_s(db->clock);
    int64_t least = db->highest_wall_s + (ticks_ms - db->highest_at_ms) / 1000;

    if (now < least)
        return least;
    db->highest_wall_s = now;
    db->highest_at_ms = ticks_ms;
    return now;
}

struct vault *store_vault(struct store_db *db)
{
    return db->vault;
}

static int read_epoch(struct store_db *db, char ret_epoch[static 33])
{
    struct store_query query;
    size_t len = 0;

    store_query_begin(&query, db, "SELECT value FROM meta WHERE name = 'epoch'");
    int err = store_query_step(&query);
    const uint8_t *bytes = err ? NULL : store_query_column_blob(&query, &len);
    if (bytes && len == 16)
        text_hex(bytes, len, ret_epoch);
    else if (!err)
        err = AP_ECORRUPT;
    return store_query_end(&query, err == AP_ENOENT ? AP_ECORRUPT : err);
}

/* Without an unfinished import SQLite counts without reading the rows. */
#define VISIBLE_COUNT(table)                                                                       \
    "(SELECT count(*) FROM " table ") - CASE WHEN EXISTS (SELECT 1 FROM import) THEN "             \
    "(SELECT count(*) FROM " table " r WHERE NOT " STORE_VISIBLE("r") ") ELSE 0 END"

int store_counts(struct store_db *db, struct store_counts *ret_counts)
{
    struct store_counts counts = {0};
    struct store_query query;
    struct stat status;

    /* Logs lose their oldest rows only, so their numbers tell how many there are. */
    store_query_begin(
        &query, db,
        "SELECT " VISIBLE_COUNT("user") ", " VISIBLE_COUNT("account") ", " VISIBLE_COUNT(
            "phone") ", "
                     "(SELECT coalesce(max(seq), 0) FROM fetch) - "
                     "(SELECT coalesce(min(seq), 1) - 1 FROM fetch), "
                     "(SELECT coalesce(max(seq), 0) FROM refusal) - "
                     "(SELECT coalesce(min(seq), 1) - 1 FROM refusal), "
                     "(SELECT number FROM meta WHERE name = 'change_seq')");
    int err = store_query_step(&query);
    if (!err) {
        counts.users = (uint64_t)store_query_column_number(&query);
        counts.accounts = (uint64_t)store_query_column_number(&query);
        counts.phones = (uint64_t)store_query_column_number(&query);
        counts.fetches = (uint64_t)store_query_column_number(&query);
        counts.refusals = (uint64_t)store_query_column_number(&query);
        counts.change_seq = (uint64_t)store_query_column_number(&query);
    }
    err = store_query_end(&query, err);
    if (!err)
        err = store_schema_version(db, &counts.schema_version);
    if (!err)
        err = read_epoch(db, counts.epoch);
    if (err)
        return err;
    if (stat(db->path, &status) != 0)
        return AP_EIO;
    counts.size_bytes = (uint64_t)status.st_size;
    *ret_counts = counts;
    return 0;
}
