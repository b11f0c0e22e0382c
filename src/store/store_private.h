/* What the files of the store share: the connection, prepared queries, changes, rows.
 *
 * Private: nothing outside src/store/ and its unit tests includes this. */
#ifndef AUTOPROV_STORE_PRIVATE_H
#define AUTOPROV_STORE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "autoprov/arena.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_setting.h"
#include "autoprov/store_writer.h"

#define STORE_PAGE_BYTES 4096
/* "APVD": file(1) and we know our files by it. */
#define STORE_APPLICATION_ID 0x41505644
/* Slots for prepared statements; a power of two, about twice what the store has. */
#define STORE_STATEMENTS_MAX 512
/* Hex of a blind index and a NUL: the row id of a sealed token. */
#define STORE_TOKEN_ROW_ID_MAX (2 * VAULT_BLIND_INDEX_BYTES + 1)
/* How long a connection waits for a lock of another process. */
#define STORE_READER_BUSY_MS 50
#define STORE_WRITER_BUSY_MS 2000

struct store_statement {
    const char *sql; /* the literal's address is the key */
    sqlite3_stmt *stmt;
};

struct store_db {
    sqlite3 *sqlite;
    char *path;
    enum store_mode mode;
    struct vault *vault;
    const struct ap_clock *clock;
    int64_t highest_wall_s;          /* seen by this connection: a clock set back reopens nothing */
    int64_t highest_at_ms;           /* monotonic, when it was */
    bool reading;                    /* between store_read_begin() and store_read_end() */
    bool kept;                       /* the read that is open is one of store_read_follow() */
    bool read_failed;                /* a query of the kept read has failed: it is not used again */
    const _Atomic uint64_t *commits; /* the writer's, of store_read_follow(); else NULL */
    uint64_t commits_seen;           /* before the kept read began */
    bool failed;                     /* an fsync or a write met EIO: see store_query.c */
    bool rekeyed;                    /* no value needs the first of two keys */
    int wal_pages;                   /* after the last commit of this connection */
    struct store_statement statements[STORE_STATEMENTS_MAX];
};

/* -- store.c -------------------------------------------------------------------------------- */

/* A connection with limits and pragmas set, nothing checked. path is copied, vault cloned.
 * open_flags: SQLITE_OPEN_READONLY or _READWRITE. Errors: mapped, without a line. */
AP_MUSTCHECK int store_connect(const char *path, enum store_mode mode, const struct vault *vault,
                               const struct ap_clock *clock, struct store_db **ret_db);

/* store_open() of path that speaks of shown_path in its error lines. */
struct store_opening {
    const char *path;
    const char *shown_path;
    enum store_mode mode;
    const struct vault *vault;
    const struct ap_clock *clock;
};
AP_MUSTCHECK int store_open_as(const struct store_opening *opening, struct store_db **ret_db,
                               struct ap_error *error);

/* Run SQL text without parameters and without rows. */
AP_MUSTCHECK int store_exec(struct store_db *db, const char *sql);

/* One number from a PRAGMA or query that is used once: not kept as a prepared statement. */
AP_MUSTCHECK int store_exec_number(struct store_db *db, const char *sql, int64_t *ret_number);

/* The wall clock, but never before the highest time that this connection or the file has seen; set
 * back, it goes on from there. */
int64_t store_now_s(struct store_db *db);

/* -- store_read.c --------------------------------------------------------------------------- */

/* Join the transaction that is open or kept, or open a read for the time until the leave. */
AP_MUSTCHECK int store_read_join(struct store_db *db, bool *ret_opened);
void store_read_leave(struct store_db *db, bool opened);

/* -- store_writer.c ------------------------------------------------------------------------- */

/* Changes with each commit, before it is answered; with the flag no read may be kept now. Borrowed
 * from the writer. */
#define STORE_COMMITS_KEEP_NOTHING 1
#define STORE_COMMITS_ONE          2
const _Atomic uint64_t *store_writer_commits(const struct store_writer *writer);

/* -- store_retention.c ---------------------------------------------------------------------- */

/* Rows of one table that one step deletes: some 20 ms. */
#define STORE_RETENTION_BATCH 1000

/* What one step of upkeep came to. */
enum store_upkeep_result {
    STORE_UPKEEP_NOTHING, /* nothing to do: nothing was written */
    STORE_UPKEEP_LAST,    /* written, and now there is nothing to do */
    STORE_UPKEEP_MORE,    /* written, and there may be more */
};

/* Each in a transaction of its own; *ret_result is written only when something was done. */
AP_MUSTCHECK int store_retention_prune(struct store_db *db, const struct store_retention *retention,
                                       enum store_upkeep_result *ret_result);
AP_MUSTCHECK int store_retention_shrink(struct store_db *db, enum store_upkeep_result *ret_result);
/* Sessions and invitations whose end has come (store_session.c). */
AP_MUSTCHECK int store_session_prune(struct store_db *db, enum store_upkeep_result *ret_result);

/* -- store_rekey.c -------------------------------------------------------------------------- */

/* Which of the vault's keys has which version, and which one seals. Errors: AP_EKEY; AP_ECORRUPT.
 */
AP_MUSTCHECK int store_rekey_settle(struct store_db *db);

/* Values looked at in one step: some 20 ms if all of them are sealed anew. */
#define STORE_REKEY_BATCH 500
/* A setting's scope_id, the longest key, and a NUL. */
#define STORE_REKEY_KEY_MAX 132

/* Where the walk over all sealed values is; all zero: at its beginning. */
struct store_rekey_walk {
    size_t part;
    char keys[3][STORE_REKEY_KEY_MAX]; /* of the last row */
    uint64_t rows;                     /* looked at in this walk */
    uint64_t sealed_anew;              /* of them */
    uint64_t broken;                   /* of them: they open with neither key */
};
/* One step of the rotation that is at work, if one is. */
AP_MUSTCHECK int store_rekey_step(struct store_db *db, struct store_rekey_walk *walk,
                                  enum store_upkeep_result *ret_result);

/* -- store_upkeep.c ------------------------------------------------------------------------- */

enum store_upkeep_task {
    STORE_UPKEEP_PRUNE,
    STORE_UPKEEP_SHRINK,
    STORE_UPKEEP_REKEY,
    STORE_UPKEEP_SESSIONS,
    STORE_UPKEEP_TASKS
};

/* The writer thread's. */
struct store_upkeep {
    struct store_db *db;
    bool retains; /* retention is set */
    struct store_retention retention;
    int64_t time_noted_ms;
    int64_t stepped_ms;
    int64_t due_ms[STORE_UPKEEP_TASKS];
    size_t next_task; /* each has its turn */
    bool has_more;    /* of some task: look again soon */
    struct store_rekey_walk rekey;
};
void store_upkeep_init(struct store_upkeep *upkeep, struct store_db *db);
/* How long the thread may wait for work before it looks here again. */
int64_t store_upkeep_wait_ms(const struct store_upkeep *upkeep, int64_t most_ms);
/* What is due, one small piece of it. */
AP_MUSTCHECK int store_upkeep_step(struct store_upkeep *upkeep, bool *ret_committed);
bool store_upkeep_is_wal_long(const struct store_db *db);
void store_upkeep_move_wal(struct store_db *db);
void store_upkeep_truncate_wal(struct store_db *db);
/* After so long without a commit. */
void store_upkeep_idle(struct store_db *db, int64_t quiet_ms);

/* -- store_query.c -------------------------------------------------------------------------- */

/* Code of the last failed call on db for an extended SQLite result code; marks the connection as
 * failed where nothing written can be trusted any more. */
int store_query_map_error(struct store_db *db, int rc);

/* A prepared statement in use. Parameters are bound and columns read in their order; the first
 * error stays, later calls do nothing, so that only the end needs a check. Bound memory is
 * borrowed until store_query_end(). */
struct store_query {
    struct store_db *db;
    sqlite3_stmt *stmt;
    int err;
    int parameter;
    int column;
};

/* sql: a literal; its address is the key of the prepared statement. */
void store_query_begin(struct store_query *query, struct store_db *db, const char *sql);
void store_query_bind_text(struct store_query *query, const char *text); /* NULL binds NULL */
void store_query_bind_number(struct store_query *query, int64_t number);
void store_query_bind_blob(struct store_query *query, const void *data, size_t len);
void store_query_bind_mac(struct store_query *query, const uint8_t mac[static AP_MAC_LEN],
                          char buffer[static AP_MAC_TEXT_MAX]);

/* 0: a row is there; AP_ENOENT: no more rows; or an error. */
AP_MUSTCHECK int store_query_step(struct store_query *query);

/* Copied to the arena; NULL only for SQL's NULL or after an error. */
const char *store_query_column_text(struct store_query *query, struct arena *arena);
/* Copied to out, cut to room; "" for NULL. */
void store_query_copy_text(struct store_query *query, char *out, size_t room);
/* The number of the column's text among names; none of them is AP_ECORRUPT. */
size_t store_query_column_name(struct store_query *query, const char *const *names, size_t count);
int64_t store_query_column_number(struct store_query *query);
/* Borrowed until the next step. */
const uint8_t *store_query_column_blob(struct store_query *query, size_t *ret_len);
void store_query_column_mac(struct store_query *query, uint8_t ret_mac[static AP_MAC_LEN]);
/* The sealed value of this column, opened into the arena. */
const char *store_query_column_sealed(struct store_query *query, const struct vault_place *place,
                                      struct arena *arena, size_t *ret_len);

/* All rows of a begun query, which it ends, as an array of the arena: read is called for each with
 * a zeroed item of item_size bytes. No rows: items is NULL. */
typedef void (*store_query_read_fn)(struct store_query *query, struct arena *arena, void *item);
struct store_rows {
    void *items;
    size_t count;
};
AP_MUSTCHECK int store_query_rows(struct store_query *query, struct arena *arena, size_t item_size,
                                  store_query_read_fn read, struct store_rows *ret_rows);

/* The first column of all rows of a begun query, which it ends. */
AP_MUSTCHECK int store_query_texts(struct store_query *query, struct arena *arena,
                                   const char *const **ret_texts, size_t *ret_count);

/* Give the statement back. Returns err if not 0, else the query's own error. */
AP_MUSTCHECK int store_query_end(struct store_query *query, int err);

/* Step to the end, rows ignored, and give the statement back. */
AP_MUSTCHECK int store_query_run(struct store_query *query);

/* Rows that the last INSERT, UPDATE or DELETE touched itself. */
int64_t store_query_changes(struct store_db *db);

/* Make room for one more item in an array of the arena: *items holds count of *capacity. */
AP_MUSTCHECK int store_query_grow(struct arena *arena, void **items, size_t count, size_t *capacity,
                                  size_t item_size);

/* -- store_change.c ------------------------------------------------------------------------- */

/* A savepoint: what happens until the end is kept or undone as one. */
AP_MUSTCHECK int store_savepoint_begin(struct store_db *db);
/* Undo if err is not 0. Returns err, or why the end failed. */
AP_MUSTCHECK int store_savepoint_end(struct store_db *db, int err);

/* The same for one domain change: an end without error bumps change_seq. */
AP_MUSTCHECK int store_change_begin(struct store_db *db);
AP_MUSTCHECK int store_change_end(struct store_db *db, int err);

/* A new row id, of the form of UUID version 7: ids made later sort later. */
void store_change_make_id(char ret_id[static STORE_ID_TEXT_MAX]);

/* sql reads the version of the row with the id. if_version: the one it must have, or 0.
 * Errors: AP_ENOENT, AP_ECONFLICT. */
AP_MUSTCHECK int store_change_check_version(struct store_db *db, const char *sql, const char *id,
                                            uint64_t if_version);

/* Write the highest wall time down when tokens wait for their end: an idle daemon makes no other
 * commit. Opens no transaction. */
AP_MUSTCHECK int store_change_note_time(struct store_db *db);

/* -- store_schema.c ------------------------------------------------------------------------- */

/* Step n brings schema version n to n + 1. */
struct store_migrations {
    const char *const *steps;
    uint32_t count;
};
extern const struct store_migrations store_schema_migrations;

/* Bring the schema to migrations->count in one transaction; all or nothing. Does nothing when it
 * is there. Errors: AP_ENEWER; AP_ECORRUPT a step breaks foreign keys; those of SQLite. */
AP_MUSTCHECK int store_schema_migrate(struct store_db *db,
                                      const struct store_migrations *migrations);
AP_MUSTCHECK int store_schema_version(struct store_db *db, uint32_t *ret_version);

/* Rows that an empty database has, canary included. In a transaction. */
AP_MUSTCHECK int store_schema_fill(struct store_db *db);

/* The canary of the key, and of the second one while it takes its place. */
#define STORE_CANARY      "canary"
#define STORE_CANARY_NEXT "canary_next"
/* Write one, sealed by the key that seals now. In a transaction. */
AP_MUSTCHECK int store_schema_put_canary(struct store_db *db, const char *name);
/* Errors: AP_EKEY it does not open; AP_ENOENT it is missing. */
AP_MUSTCHECK int store_schema_check_canary(struct store_db *db, const char *name);
/* The key version of the canary. Errors: AP_ECORRUPT it is missing. */
AP_MUSTCHECK int store_schema_canary_version(struct store_db *db, uint8_t *ret_version);

/* -- store_create.c ------------------------------------------------------------------------- */

/* path and suffix joined: caller frees. NULL: no memory. */
char *store_create_path(const char *path, const char *suffix);
/* Mode 0600, owner, fsync. Not while a connection is open on it. */
AP_MUSTCHECK int store_create_settle(const char *path, uid_t uid, gid_t gid);
AP_MUSTCHECK int store_create_sync_folder(const char *path);
/* Remove path and SQLite's files beside it. */
void store_create_remove(const char *path);

/* -- store_copy.c --------------------------------------------------------------------------- */

#define STORE_COPY_FAULT_MAX (AP_ERROR_TEXT_MAX / 4)

/* Copy a regular file to a new one, mode 0600. Errors: AP_ECORRUPT none, or empty; AP_ENOENT,
 * AP_EPERM, AP_EREADONLY, AP_EFULL, AP_EIO. */
AP_MUSTCHECK int store_copy_file(const char *from_path, const char *to_path);
int store_copy_map_errno(int error_number);

/* Open a copy as the writer, which migrates an older schema and moves a WAL into the file, and look
 * through all of it. ret_fault: the first finding, or "" when it cannot even be opened (error
 * tells). Close *ret_db with store_close(). Errors: those of store_open() and store_check(). */
AP_MUSTCHECK int store_copy_check(const struct store_opening *opening, struct store_db **ret_db,
                                  char ret_fault[static STORE_COPY_FAULT_MAX],
                                  struct ap_error *error);

/* -- store_backup.c ------------------------------------------------------------------------- */

/* What a backup says of itself; zero, "": it is none of store_backup(). */
struct store_backup_note {
    int64_t at;
    char fingerprint[VAULT_FINGERPRINT_TEXT_MAX];
};
AP_MUSTCHECK int store_backup_read_note(struct store_db *db, struct store_backup_note *ret_note);
/* In a transaction. */
AP_MUSTCHECK int store_backup_remove_note(struct store_db *db);

/* -- store_open_check.c --------------------------------------------------------------------- */

/* Before SQLite sees the file: there, regular, not empty, and writable with its folder for a
 * writer. Never opens it: closing it would drop the locks of this process's other connections
 * (fcntl(2) locks belong to the process). */
AP_MUSTCHECK int store_open_check_file(const struct store_opening *opening);
/* Application id, size against page count, schema version not above ours. */
AP_MUSTCHECK int store_open_check_header(struct store_db *db);
/* The line for a person. Returns err. */
int store_open_check_explain(const struct store_opening *opening, int err, struct ap_error *error);

/* -- store_log.c ---------------------------------------------------------------------------- */

/* Give the connection what the lists of store_log.h ask SQLite for. */
AP_MUSTCHECK int store_log_prepare(struct store_db *db);

/* -- store_phone_search.c ------------------------------------------------------------------- */

/* The same for the searches of store_phone_search.h. */
AP_MUSTCHECK int store_phone_search_prepare(struct store_db *db);

/* -- rows shared between files -------------------------------------------------------------- */

/* Of a row of user, account, phone or token: no part of an unfinished import (store_import.c). */
#define STORE_VISIBLE(row)                                                                         \
    "(" row ".import_id = 0 OR NOT EXISTS (SELECT 1 FROM import WHERE id = " row ".import_id))"

/* Its password is another: phones with a line on it may have their secrets again, from the network
 * that they were first served in. */
AP_MUSTCHECK int store_account_reopen_phones(struct store_db *db, const char *account_id);
/* sip_user to external_id, as parameters in this order. */
void store_account_bind(struct store_query *query, const struct store_account *account);

/* The columns of store_account_read_sip(), with account as a: all that a phone's file tells. */
#define STORE_ACCOUNT_SIP_COLUMNS                                                                  \
    "a.sip_user, a.domain, a.auth_user, a.display_name, a.registrar_host, a.registrar_port, "      \
    "a.transport, a.outbound_proxy, a.expires_s"
/* The other fields stay. Errors stay in the query. */
void store_account_read_sip(struct store_query *query, struct arena *arena,
                            struct store_account *account);

/* The columns of store_account_read(), with user as u and account as a. */
#define STORE_ACCOUNT_COLUMNS                                                                      \
    "a.id, a.user_id, u.name, " STORE_ACCOUNT_SIP_COLUMNS ", a.external_id, a.created_at, "        \
    "a.version"
/* Errors stay in the query. */
void store_account_read(struct store_query *query, struct arena *arena,
                        struct store_account *ret_account);

/* The phone's lines, without passwords. */
AP_MUSTCHECK int store_phone_read_lines(struct store_db *db, struct arena *arena,
                                        struct store_phone *phone);

/* Fill phone->settings as of a phone whose user is of that site; NULL: of the user's site. */
AP_MUSTCHECK int store_setting_of_site(struct store_db *db, struct arena *arena,
                                       const char *site_id, struct store_phone *phone);
/* Fill phone->settings and phone->keys, by its id, user_id, vendor and model; all NULL: a miss. */
AP_MUSTCHECK int store_setting_of_phone(struct store_db *db, struct arena *arena,
                                        struct store_phone *phone);
AP_MUSTCHECK int store_key_of_phone(struct store_db *db, struct arena *arena,
                                    struct store_phone *phone);

/* Settings name what they belong to by text, so they go with it by hand: the owner's, and those of
 * a user's phones. Before the owner goes, in its change. */
AP_MUSTCHECK int store_setting_forget(struct store_db *db, enum store_scope scope,
                                      const char *owner_id);

/* Insert the user's folder token. In a change. */
AP_MUSTCHECK int store_token_insert(struct store_db *db, const char *user_id,
                                    const struct token *token, int64_t generation);

/* The blind index by which a token is found: during a key rotation its row may still have the old
 * one. The same work whether there is a row. In a read or a transaction. */
AP_MUSTCHECK int store_token_index(struct store_db *db, const struct token *token,
                                   uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES]);

/* A rotation begins: keep K_audit of the first key for the rows that it has linked, and seal the
 * end of the chain with the second one. In a transaction. */
AP_MUSTCHECK int store_audit_rekey(struct store_db *db);

/* One droppable record, in a transaction. */
AP_MUSTCHECK int store_record_write(struct store_db *db, const struct store_record *record);

#include "store_phone_private.h"

#endif
