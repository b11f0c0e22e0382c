/* The deep look at a whole database: pages, references, every sealed value, the audit chain.
 *
 * Time grows with the data. Finds, never repairs; no line holds a secret. */
#include <stdio.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

#include "store_private.h"

/* More findings of integrity_check tell nothing new. */
#define INTEGRITY_SQL  "PRAGMA integrity_check(100)"
#define LINE_MAX_BYTES 512

struct check {
    struct store_db *db;
    struct arena arena;
    void (*problem)(void *data, const char *line);
    void *data;
    size_t count;
};

static void report(void *data, const char *line)
{
    struct check *check = data;
    check->count++;
    check->problem(check->data, line);
}

/* What cannot be read at all is a finding too, and the rest is still looked at. */
static int finish(struct check *check, const char *part, int err)
{
    char line[LINE_MAX_BYTES];

    if (err != AP_ECORRUPT)
        return err;
    snprintf(line, sizeof(line), "%s: damaged pages stop the check of this part", part);
    report(check, line);
    return 0;
}

static int check_pages(struct check *check)
{
    struct store_query query;
    char line[LINE_MAX_BYTES];
    int err;

    store_query_begin(&query, check->db, INTEGRITY_SQL);
    while ((err = store_query_step(&query)) == 0) {
        const char *text = store_query_column_text(&query, &check->arena);
        if (query.err)
            break;
        /* SQLite tells its own lack of memory as if the page were bad. */
        if (text && strstr(text, "error code=7")) {
            err = AP_ENOMEM;
            break;
        }
        if (text && strcmp(text, "ok") != 0) {
            snprintf(line, sizeof(line), "integrity: %s", text);
            report(check, line);
        }
        arena_reset(&check->arena);
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    return finish(check, "integrity", err);
}

static int check_references(struct check *check)
{
    struct store_query query;
    char line[LINE_MAX_BYTES];
    int err;

    store_query_begin(&query, check->db, "SELECT \"table\", parent FROM pragma_foreign_key_check");
    while ((err = store_query_step(&query)) == 0) {
        const char *table = store_query_column_text(&query, &check->arena);
        const char *parent = store_query_column_text(&query, &check->arena);
        if (query.err)
            break;
        snprintf(line, sizeof(line), "references: a row of %s refers to a missing row of %s", table,
                 parent);
        report(check, line);
        arena_reset(&check->arena);
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    return finish(check, "references", err);
}

/* Each query gives a row id and a sealed value. */
static const struct sealed_column {
    const char *table;
    const char *column;
    const char *sql;
} sealed_columns[] = {
    {"token", "token_sealed", "SELECT lower(hex(blind_index)), token_sealed FROM token"},
    {"account", "password_sealed", "SELECT id, password_sealed FROM account"},
    {"account", "previous_password_sealed",
     "SELECT id, previous_password_sealed FROM account "
     "WHERE previous_password_sealed IS NOT NULL"},
    {"phone", "auth_password_sealed",
     "SELECT id, auth_password_sealed FROM phone WHERE auth_password_sealed IS NOT NULL"},
    {"setting", "value_sealed",
     "SELECT scope || '/' || scope_id || '/' || name, value_sealed FROM setting "
     "WHERE value_sealed IS NOT NULL"},
};

/* A token must also be found by its blind index. */
static bool is_found_by_index(struct store_db *db, const char *row_id, const char *text, size_t len)
{
    struct token token;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    char hex[STORE_TOKEN_ROW_ID_MAX];

    if (token_parse(text, len, &token) != 0)
        return false;
    int err = store_token_index(db, &token, index);
    secret_wipe(&token, sizeof(token));
    if (err)
        return false;
    text_hex(index, sizeof(index), hex);
    return strcmp(hex, row_id) == 0;
}

static int check_sealed_value(struct check *check, struct store_query *query,
                              const struct sealed_column *column)
{
    char line[LINE_MAX_BYTES];
    size_t len = 0;

    const char *row_id = store_query_column_text(query, &check->arena);
    if (query->err)
        return query->err;
    const struct vault_place place = {column->table, row_id ? row_id : "", column->column};
    const char *plain = store_query_column_sealed(query, &place, &check->arena, &len);
    if (query->err == AP_ECRYPTO) {
        query->err = 0;
        snprintf(line, sizeof(line), "sealed: %s of the row %.64s of %s does not open",
                 column->column, place.row_id, column->table);
        report(check, line);
    } else if (!query->err && strcmp(column->table, "token") == 0 &&
               !is_found_by_index(check->db, place.row_id, plain, len)) {
        snprintf(line, sizeof(line), "sealed: the token %.64s is not the one of its blind index",
                 place.row_id);
        report(check, line);
    }
    arena_reset(&check->arena);
    return query->err;
}

static int check_sealed_column(struct check *check, const struct sealed_column *column)
{
    struct store_query query;
    int err;

    store_query_begin(&query, check->db, column->sql);
    while ((err = store_query_step(&query)) == 0) {
        err = check_sealed_value(check, &query, column);
        if (err)
            break;
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    return finish(check, column->column, err);
}

static int check_audit(struct check *check)
{
    uint64_t rows;
    int err = store_audit_verify(check->db, &check->arena, report, check, &rows);
    return finish(check, "audit", err);
}

static int check_all(struct check *check)
{
    int err = check_pages(check);
    if (!err)
        err = check_references(check);
    for (size_t i = 0; i < AP_COUNT(sealed_columns) && !err; i++)
        err = check_sealed_column(check, &sealed_columns[i]);
    return err ? err : check_audit(check);
}

int store_check(struct store_db *db, void (*problem)(void *data, const char *line), void *data,
                struct ap_error *error)
{
    struct check check = {.db = db, .problem = problem, .data = data};
    bool opened = false;

    arena_init(&check.arena, AP_REQUEST_ARENA_MAX_BYTES);
    int err = store_read_join(db, &opened);
    if (!err)
        err = check_all(&check);
    store_read_leave(db, opened);
    arena_done(&check.arena);
    if (err)
        return ap_error_set(error, err, "%s: the check cannot go on: %s", db->path,
                            ap_strerror(err));
    if (check.count > 0)
        return ap_error_set(error, AP_ECORRUPT,
                            "%s: %zu problems found; restore a backup: autoprovctl restore FILE",
                            db->path, check.count);
    return 0;
}
