/* The schema: which steps have run and which run now, the rows of an empty database, the canary.
 * Must not know what the rows are used for. */
#include <stdio.h>
#include <string.h>

#include "store_private.h"

#define CANARY_TEXT "autoprovd canary"

int store_schema_version(struct store_db *db, uint32_t *ret_version)
{
    int64_t version;

    int err = store_exec_number(db, "PRAGMA user_version", &version);
    if (err)
        return err;
    if (version < 0 || version > UINT32_MAX)
        return AP_ECORRUPT;
    *ret_version = (uint32_t)version;
    return 0;
}

static int set_version(struct store_db *db, uint32_t version)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %u", (unsigned)version);
    return store_exec(db, sql);
}

static int check_references(struct store_db *db)
{
    int64_t broken;
    int err = store_exec_number(db, "SELECT count(*) FROM pragma_foreign_key_check", &broken);
    if (err)
        return err;
    return broken == 0 ? 0 : AP_ECORRUPT;
}

static int run_steps(struct store_db *db, const struct store_migrations *migrations)
{
    uint32_t version = 0;

    int err = store_write_begin(db);
    if (err)
        return err;
    /* Asked inside the transaction: another process may have been first. */
    err = store_schema_version(db, &version);
    for (; !err && version < migrations->count; version++)
        err = store_exec(db, migrations->steps[version]);
    if (!err && version > migrations->count)
        err = AP_ENEWER;
    if (!err)
        err = check_references(db);
    if (!err)
        err = set_version(db, version);
    if (!err)
        err = store_exec(db, "COMMIT");
    if (err)
        store_write_rollback(db);
    return err;
}

int store_schema_migrate(struct store_db *db, const struct store_migrations *migrations)
{
    uint32_t version;

    int err = store_schema_version(db, &version);
    if (err)
        return err;
    if (version > migrations->count)
        return AP_ENEWER;
    if (version == migrations->count)
        return 0;
    /* A step may build a table anew, and dropping the old one must not take its children along
     * (sqlite.org/lang_altertable.html, section 7). Cannot be switched inside a transaction. */
    err = store_exec(db, "PRAGMA foreign_keys = OFF");
    if (err)
        return err;
    err = run_steps(db, migrations);
    int on_err = store_exec(db, "PRAGMA foreign_keys = ON");
    return err ? err : on_err;
}

int store_schema_fill(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO meta (name, value) VALUES "
                      "('change_seq', NULL), ('highest_wall', NULL)");
    int err = store_query_run(&query);
    return err ? err : store_schema_put_canary(db, STORE_CANARY);
}

int store_schema_put_canary(struct store_db *db, const char *name)
{
    const struct vault_place place = {"meta", name, "value"};
    uint8_t sealed[sizeof(CANARY_TEXT) - 1 + VAULT_SEAL_OVERHEAD];
    struct store_query query;

    int err = vault_seal(db->vault, &place, CANARY_TEXT, sizeof(CANARY_TEXT) - 1, sealed);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                      "ON CONFLICT (name) DO UPDATE SET value = ?2, version = version + 1");
    store_query_bind_text(&query, name);
    store_query_bind_blob(&query, sealed, sizeof(sealed));
    return store_query_run(&query);
}

static const char find_canary[] = "SELECT value FROM meta WHERE name = ?";

int store_schema_canary_version(struct store_db *db, uint8_t *ret_version)
{
    struct store_query query;
    size_t len = 0;

    store_query_begin(&query, db, find_canary);
    store_query_bind_text(&query, STORE_CANARY);
    int err = store_query_step(&query);
    const uint8_t *sealed = err ? NULL : store_query_column_blob(&query, &len);
    uint8_t version = sealed && len > 0 ? sealed[0] : 0;
    err = store_query_end(&query, err);
    if (err)
        return err == AP_ENOENT ? AP_ECORRUPT : err;
    *ret_version = version;
    return 0;
}

int store_schema_check_canary(struct store_db *db, const char *name)
{
    const struct vault_place place = {"meta", name, "value"};
    struct arena arena;
    struct store_query query;
    size_t len = 0;

    arena_init(&arena, 4096);
    store_query_begin(&query, db, find_canary);
    store_query_bind_text(&query, name);
    int err = store_query_step(&query);
    if (err) {
        err = store_query_end(&query, err);
        goto out;
    }
    const char *plain = store_query_column_sealed(&query, &place, &arena, &len);
    err = store_query_end(&query, 0);
    if (err == AP_ECRYPTO)
        err = AP_EKEY;
    else if (!err && (len != sizeof(CANARY_TEXT) - 1 || memcmp(plain, CANARY_TEXT, len) != 0))
        err = AP_ECORRUPT;
out:
    arena_done(&arena);
    return err;
}
