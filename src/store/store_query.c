/* Prepared queries: the statement cache, binding, columns, and SQLite's codes as ours.
 *
 * Must not know any table. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "autoprov/log.h"
#include "autoprov/text.h"

#include "store_private.h"

/* Last errno of the main file or the WAL. sqlite3_system_errno() will not do: it tells errno at
 * the end of the call, after the rollback. */
static int last_errno(struct store_db *db, int op)
{
    sqlite3_file *file = NULL;
    int error_number = 0;

    int rc = sqlite3_file_control(db->sqlite, "main", op, &file);
    if (rc != SQLITE_OK || !file || !file->pMethods)
        return 0;
    rc = file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
    return rc == SQLITE_OK ? error_number : 0;
}

/* SQLite calls only ENOSPC "full". */
static int map_errno(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return AP_EFULL;
    case EROFS:
        return AP_EREADONLY;
    default:
        return AP_ESTORE;
    }
}

static int map_io_error(struct store_db *db, int rc)
{
    int err = AP_ESTORE;

    if (rc == SQLITE_IOERR_NOMEM)
        return AP_ENOMEM;
    if (rc == SQLITE_IOERR_WRITE) {
        /* Either file may still tell an older failure: the worse one counts. */
        int main_errno = last_errno(db, SQLITE_FCNTL_FILE_POINTER);
        int wal_errno = last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER);
        err = map_errno(wal_errno ? wal_errno : main_errno);
        if (main_errno && map_errno(main_errno) == AP_ESTORE)
            err = AP_ESTORE;
    }
    /* After a failed fsync the kernel may have thrown the dirty pages away, and a second fsync
     * reports success: what the file holds is unknown until it is read anew. */
    if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC ||
        (rc == SQLITE_IOERR_WRITE && err == AP_ESTORE))
        db->failed = true;
    return err;
}

static int map_constraint(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return AP_EEXIST;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return AP_ECONFLICT;
    default:
        return AP_EINVAL;
    }
}

int store_query_map_error(struct store_db *db, int rc)
{
    if (rc != SQLITE_OK)
        db->read_failed = true;
    switch (rc & 0xff) {
    case SQLITE_OK:
        return 0;
    case SQLITE_NOMEM:
        return AP_ENOMEM;
    case SQLITE_CONSTRAINT:
        return map_constraint(rc);
    case SQLITE_FULL:
        return AP_EFULL;
    case SQLITE_READONLY:
        return AP_EREADONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return AP_EBUSY;
    case SQLITE_TOOBIG:
        return AP_ERANGE;
    case SQLITE_MISMATCH:
        return AP_EINVAL;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return AP_EPERM;
    default:
        break;
    }
    log_event(LOG_LEVEL_DEBUG, "sqlite_error", "code=%d errno=%d", rc,
              sqlite3_system_errno(db->sqlite));
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        return AP_ECORRUPT;
    if ((rc & 0xff) == SQLITE_CANTOPEN)
        return AP_EIO;
    return (rc & 0xff) == SQLITE_IOERR ? map_io_error(db, rc) : AP_ESTORE;
}

static int find_statement(struct store_db *db, const char *sql, sqlite3_stmt **ret_stmt)
{
    size_t at = (uintptr_t)sql / 8 % STORE_STATEMENTS_MAX;

    for (size_t tried = 0; tried < STORE_STATEMENTS_MAX; tried++) {
        struct store_statement *slot = &db->statements[at];
        if (slot->sql == sql) {
            *ret_stmt = slot->stmt;
            return 0;
        }
        if (!slot->sql) {
            int rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt,
                                        NULL);
            if (rc != SQLITE_OK)
                return store_query_map_error(db, rc);
            slot->sql = sql;
            *ret_stmt = slot->stmt;
            return 0;
        }
        at = (at + 1) % STORE_STATEMENTS_MAX;
    }
    assert(false); /* more statements than STORE_STATEMENTS_MAX */
    return AP_ESTORE;
}

void store_query_begin(struct store_query *query, struct store_db *db, const char *sql)
{
    *query = (struct store_query){.db = db};
    query->err = find_statement(db, sql, &query->stmt);
}

static void check_bind(struct store_query *query, int rc)
{
    if (rc != SQLITE_OK)
        query->err = store_query_map_error(query->db, rc);
}

void store_query_bind_text(struct store_query *query, const char *text)
{
    if (!query->err)
        check_bind(query,
                   sqlite3_bind_text(query->stmt, ++query->parameter, text, -1, SQLITE_STATIC));
}

void store_query_bind_number(struct store_query *query, int64_t number)
{
    if (!query->err)
        check_bind(query, sqlite3_bind_int64(query->stmt, ++query->parameter, number));
}

void store_query_bind_blob(struct store_query *query, const void *data, size_t len)
{
    if (!query->err)
        check_bind(query,
                   sqlite3_bind_blob64(query->stmt, ++query->parameter, data, len, SQLITE_STATIC));
}

void store_query_bind_mac(struct store_query *query, const uint8_t mac[static AP_MAC_LEN],
                          char buffer[static AP_MAC_TEXT_MAX])
{
    mac_format(mac, MAC_FORM_LOWER, buffer);
    store_query_bind_text(query, buffer);
}

int store_query_step(struct store_query *query)
{
    if (query->err)
        return query->err;
    query->column = 0;
    int rc = sqlite3_step(query->stmt);
    if (rc == SQLITE_ROW)
        return 0;
    if (rc == SQLITE_DONE)
        return AP_ENOENT;
    query->err = store_query_map_error(query->db, rc);
    return query->err;
}

const char *store_query_column_text(struct store_query *query, struct arena *arena)
{
    int column = query->column++;

    if (query->err)
        return NULL;
    /* As a blob: of a text SQLite would first make a copy with a NUL behind it. NULL if empty. */
    const char *text = sqlite3_column_blob(query->stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(query->stmt, column);
    if (len == 0)
        return sqlite3_column_type(query->stmt, column) == SQLITE_NULL ? NULL : "";
    const char *copy = text ? arena_strndup(arena, text, len) : NULL;
    if (!copy)
        query->err = AP_ENOMEM;
    return copy;
}

void store_query_copy_text(struct store_query *query, char *out, size_t room)
{
    size_t len;
    const uint8_t *text = store_query_column_blob(query, &len);

    len = len < room ? len : room - 1;
    if (text)
        memcpy(out, text, len);
    out[text ? len : 0] = '\0';
}

size_t store_query_column_name(struct store_query *query, const char *const *names, size_t count)
{
    size_t len;
    const uint8_t *text = store_query_column_blob(query, &len);

    for (size_t i = 0; i < count; i++) {
        /* SQLite gives no pointer to an empty text. */
        if (strlen(names[i]) == len && (len == 0 || memcmp(names[i], text, len) == 0))
            return i;
    }
    if (!query->err)
        query->err = AP_ECORRUPT;
    return 0;
}

int64_t store_query_column_number(struct store_query *query)
{
    int column = query->column++;
    return query->err ? 0 : sqlite3_column_int64(query->stmt, column);
}

const uint8_t *store_query_column_blob(struct store_query *query, size_t *ret_len)
{
    int column = query->column++;

    *ret_len = 0;
    if (query->err)
        return NULL;
    const uint8_t *data = sqlite3_column_blob(query->stmt, column);
    if (data)
        *ret_len = (size_t)sqlite3_column_bytes(query->stmt, column);
    return data;
}

void store_query_column_mac(struct store_query *query, uint8_t ret_mac[static AP_MAC_LEN])
{
    size_t len;
    const uint8_t *text = store_query_column_blob(query, &len);

    if (!query->err && (!text || len != (size_t)2 * AP_MAC_LEN ||
                        text_unhex((const char *)text, len, ret_mac) != 0))
        query->err = AP_ECORRUPT;
}

const char *store_query_column_sealed(struct store_query *query, const struct vault_place *place,
                                      struct arena *arena, size_t *ret_len)
{
    size_t sealed_len;
    const uint8_t *sealed = store_query_column_blob(query, &sealed_len);
    char *plain = NULL;

    if (query->err)
        return NULL;
    query->err = vault_open(query->db->vault, place, sealed, sealed_len, arena, &plain, ret_len);
    return plain;
}

int store_query_end(struct store_query *query, int err)
{
    if (query->stmt) {
        /* Both repeat an earlier error at most. */
        (void)sqlite3_reset(query->stmt);
        (void)sqlite3_clear_bindings(query->stmt);
    }
    return err ? err : query->err;
}

int store_query_run(struct store_query *query)
{
    int err;

    do {
        err = store_query_step(query);
    } while (!err);
    return store_query_end(query, err == AP_ENOENT ? 0 : err);
}

int64_t store_query_changes(struct store_db *db)
{
    return sqlite3_changes64(db->sqlite);
}

int store_query_grow(struct arena *arena, void **items, size_t count, size_t *capacity,
                     size_t item_size)
{
    if (count < *capacity)
        return 0;
    size_t grown = *capacity ? *capacity * 2 : 8;
    void *memory = arena_alloc_array(arena, grown, item_size);
    if (!memory)
        return AP_ENOMEM;
    if (count > 0)
        memcpy(memory, *items, count * item_size);
    *items = memory;
    *capacity = grown;
    return 0;
}

int store_query_rows(struct store_query *query, struct arena *arena, size_t item_size,
                     store_query_read_fn read, struct store_rows *ret_rows)
{
    struct store_rows rows = {.items = NULL};
    size_t capacity = 0;
    int err;

    while ((err = store_query_step(query)) == 0) {
        err = store_query_grow(arena, &rows.items, rows.count, &capacity, item_size);
        if (err)
            break;
        read(query, arena, (char *)rows.items + rows.count++ * item_size);
    }
    err = store_query_end(query, err == AP_ENOENT ? 0 : err);
    if (!err)
        *ret_rows = rows;
    return err;
}

static void read_text(struct store_query *query, struct arena *arena, void *item)
{
    const char *text = store_query_column_text(query, arena);

    memcpy(item, &text, sizeof(text));
}

int store_query_texts(struct store_query *query, struct arena *arena, const char *const **ret_texts,
                      size_t *ret_count)
{
    struct store_rows rows;
    int err = store_query_rows(query, arena, sizeof(const char *), read_text, &rows);

    if (err)
        return err;
    *ret_texts = rows.items;
    *ret_count = rows.count;
    return 0;
}
