/* Imports on the writer: ready rows under the import's id, published or taken away as one.
 *
 * A row counts while it waits under an id that stands in the table import: STORE_VISIBLE leaves it
 * out. The id is never used again (AUTOINCREMENT), so that deleting its row publishes for good.
 * Must not know where the rows come from. */
#include "autoprov/store_import.h"
#include "autoprov/array.h"

#include "store_password.h"
#include "store_private.h"

void store_import_make_id(char ret_id[static STORE_ID_TEXT_MAX])
{
    store_change_make_id(ret_id);
}

int store_import_begin(struct store_db *db, int64_t *ret_import)
{
    struct store_query query;

    store_query_begin(&query, db, "INSERT INTO import (started_at) VALUES (?)");
    store_query_bind_number(&query, clock_wall_s(db->clock));
    int err = store_query_run(&query);
    if (!err)
        *ret_import = sqlite3_last_insert_rowid(db->sqlite);
    return err;
}

/* -- new rows -------------------------------------------------------------------------------- */

static int stage_token(struct store_db *db, int64_t import, const struct store_import_row *row)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO token (blind_index, kind, user_id, token_sealed, imported, "
                      "generation, created_at, import_id) VALUES (?, 'folder', ?, ?, ?, 0, ?, ?)");
    store_query_bind_blob(&query, row->token.token->index, VAULT_BLIND_INDEX_BYTES);
    store_query_bind_text(&query, row->token.user_id);
    store_query_bind_blob(&query, row->token.token->sealed, row->token.token->sealed_len);
    store_query_bind_number(&query, row->token.token->imported);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_number(&query, import);
    return store_query_run(&query);
}

static int stage_user(struct store_db *db, int64_t import, const struct store_import_row *row)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO user (id, name, display_name, external_id, site_id, created_at, "
                      "import_id) VALUES (?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, row->user.id);
    store_query_bind_text(&query, row->user.name);
    store_query_bind_text(&query, row->user.display_name);
    store_query_bind_text(&query, row->user.external_id);
    store_query_bind_text(&query, row->user.site_id);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_number(&query, import);
    return store_query_run(&query);
}

static int stage_account(struct store_db *db, int64_t import, const struct store_import_row *row)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO account (sip_user, domain, auth_user, display_name, "
                      "registrar_host, registrar_port, transport, outbound_proxy, expires_s, "
                      "external_id, id, user_id, created_at, password_at, password_sealed, "
                      "import_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?13, ?13, ?, ?)");
    store_account_bind(&query, &row->account);
    store_query_bind_text(&query, row->account.id);
    store_query_bind_text(&query, row->account.user_id);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_blob(&query, row->password->sealed, row->password->sealed_len);
    store_query_bind_number(&query, import);
    return store_query_run(&query);
}

static int stage_phone(struct store_db *db, int64_t import, const struct store_import_row *row)
{
    struct store_query query;
    char mac[AP_MAC_TEXT_MAX];

    store_query_begin(&query, db,
                      "INSERT INTO phone (id, mac, user_id, vendor, model, label, enabled, "
                      "external_id, created_at, import_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, row->phone.id);
    store_query_bind_mac(&query, row->phone.mac, mac);
    store_query_bind_text(&query, row->phone.user_id);
    store_query_bind_text(&query, row->phone.vendor);
    store_query_bind_text(&query, row->phone.model);
    store_query_bind_text(&query, row->phone.label);
    store_query_bind_number(&query, row->phone.enabled);
    store_query_bind_text(&query, row->phone.external_id);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    store_query_bind_number(&query, import);
    return store_query_run(&query);
}

static int stage_line(struct store_db *db, const struct store_import_row *row)
{
    const struct store_line line = {.position = row->line.position,
                                    .account = {.id = row->line.account_id}};

    return store_phone_insert_line(db, row->line.phone_id, &line);
}

static int stage_row(struct store_db *db, int64_t import, const struct store_import_row *row)
{
    switch (row->kind) {
    case STORE_IMPORT_USER:
        return stage_user(db, import, row);
    case STORE_IMPORT_TOKEN:
        return stage_token(db, import, row);
    case STORE_IMPORT_ACCOUNT:
        return stage_account(db, import, row);
    case STORE_IMPORT_PHONE:
        return stage_phone(db, import, row);
    case STORE_IMPORT_LINE:
        return stage_line(db, row);
    }
    return AP_EINVAL;
}

int store_import_stage(struct store_db *db, int64_t import, const struct store_import_row *rows,
                       size_t count)
{
    int err = store_savepoint_begin(db);
    if (err)
        return err;
    for (size_t i = 0; i < count && !err; i++)
        err = stage_row(db, import, &rows[i]);
    return store_savepoint_end(db, err == AP_ECONFLICT ? AP_ENOENT : err);
}

/* -- changes --------------------------------------------------------------------------------- */

static int change_user(struct store_db *db, const struct store_user *user)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE user SET name = ?, display_name = ?, external_id = ?, site_id = ?, "
                      "version = version + 1 WHERE id = ? AND version = ?");
    store_query_bind_text(&query, user->name);
    store_query_bind_text(&query, user->display_name);
    store_query_bind_text(&query, user->external_id);
    store_query_bind_text(&query, user->site_id);
    store_query_bind_text(&query, user->id);
    store_query_bind_number(&query, (int64_t)user->version);
    return store_query_run(&query);
}

static int change_account(struct store_db *db, const struct store_import_change *change)
{
    const struct store_import_password *password = &change->password;
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE account SET sip_user = ?, domain = ?, auth_user = ?, "
                      "display_name = ?, registrar_host = ?, registrar_port = ?, transport = ?, "
                      "outbound_proxy = ?, expires_s = ?, external_id = ?, "
                      "version = version + 1 WHERE id = ? AND version = ?");
    store_account_bind(&query, &change->account);
    store_query_bind_text(&query, change->account.id);
    store_query_bind_number(&query, (int64_t)change->account.version);
    int err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ECONFLICT;
    if (err || password->sealed_len == 0)
        return err;
    return store_password_put(
        db, change->account.id, &(struct store_sealed){password->sealed, password->sealed_len},
        &(struct store_sealed){change->previous.sealed, change->previous.sealed_len});
}

/* Another device, or another user's folder: it has not fetched yet. */
static int forget_fetches(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM delivered WHERE phone_id = ?");
    store_query_bind_text(&query, phone_id);
    int err = store_query_run(&query);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "UPDATE phone SET last_fetch_at = 0, last_fetch_address = '', "
                      "seen_generation = 0, enrol_until = 0, first_at = 0, first_network = NULL, "
                      "bootstrap_at = 0, moved_at = 0 WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    err = store_query_run(&query);
    return err ? err : store_bootstrap_end(db, phone_id);
}

/* The device that went knows its HTTP password, and the one that comes does not. */
static int move_phone(struct store_db *db, const struct store_phone *phone)
{
    struct store_query query;
    char mac[AP_MAC_TEXT_MAX];

    store_query_begin(&query, db,
                      "UPDATE phone SET mac = ?2, user_id = ?3, "
                      "auth_password_sealed = iif(mac = ?2, auth_password_sealed, NULL) "
                      "WHERE id = ?1");
    store_query_bind_text(&query, phone->id);
    store_query_bind_mac(&query, phone->mac, mac);
    store_query_bind_text(&query, phone->user_id);
    int err = store_query_run(&query);
    return err ? err : forget_fetches(db, phone->id);
}

/* Not store_phone_set(): there are many, and its savepoint costs more than the change. */
static int change_phone(struct store_db *db, const struct store_import_change *change)
{
    const struct store_phone *phone = &change->phone;
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET vendor = ?, model = ?, label = ?, enabled = ?, "
                      "external_id = ?, version = version + 1 WHERE id = ? AND version = ?");
    store_query_bind_text(&query, phone->vendor);
    store_query_bind_text(&query, phone->model);
    store_query_bind_text(&query, phone->label);
    store_query_bind_number(&query, phone->enabled);
    store_query_bind_text(&query, phone->external_id);
    store_query_bind_text(&query, phone->id);
    store_query_bind_number(&query, (int64_t)phone->version);
    int err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ECONFLICT;
    if (!err && change->moved)
        err = move_phone(db, phone);
    if (!err && phone->lines)
        err = store_phone_replace_lines(db, phone);
    return err == AP_ENOENT ? AP_ECONFLICT : err;
}

static int apply_change(struct store_db *db, const struct store_import_change *change)
{
    if (change->kind == STORE_IMPORT_PHONE)
        return change_phone(db, change);
    if (change->kind == STORE_IMPORT_ACCOUNT)
        return change_account(db, change);
    int err = change_user(db, &change->user);
    return !err && store_query_changes(db) == 0 ? AP_ECONFLICT : err;
}

/* After all changes: it makes phones' versions others than the changes were made for. */
static int reopen_phones(struct store_db *db, const struct store_import_change *changes,
                         size_t count)
{
    int err = 0;

    for (size_t i = 0; i < count && !err; i++) {
        if (changes[i].kind == STORE_IMPORT_ACCOUNT && changes[i].password.sealed_len > 0)
            err = store_account_reopen_phones(db, changes[i].account.id);
    }
    return err;
}

/* -- all or nothing -------------------------------------------------------------------------- */

/* Rows go with a user that an admin deletes meanwhile. */
static int check_counts(struct store_db *db, int64_t import,
                        const struct store_import_counts *expected)
{
    struct store_query query;
    bool all_there = false;

    store_query_begin(&query, db,
                      "SELECT (SELECT count(*) FROM user WHERE import_id = ?1), "
                      "(SELECT count(*) FROM account WHERE import_id = ?1), "
                      "(SELECT count(*) FROM phone WHERE import_id = ?1)");
    store_query_bind_number(&query, import);
    int err = store_query_step(&query);
    if (!err) {
        uint64_t users = (uint64_t)store_query_column_number(&query);
        uint64_t accounts = (uint64_t)store_query_column_number(&query);
        uint64_t phones = (uint64_t)store_query_column_number(&query);
        all_there = users == expected->users && accounts == expected->accounts &&
                    phones == expected->phones;
    }
    err = store_query_end(&query, err);
    return !err && !all_there ? AP_ECONFLICT : err;
}

static int end_import(struct store_db *db, int64_t import)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM import WHERE id = ?");
    store_query_bind_number(&query, import);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

int store_import_publish(struct store_db *db, int64_t import,
                         const struct store_import_change *changes, size_t count,
                         const struct store_import_counts *expected)
{
    int err = store_change_begin(db);
    if (err)
        return err;
    err = check_counts(db, import, expected);
    for (size_t i = 0; i < count && !err; i++)
        err = apply_change(db, &changes[i]);
    if (!err)
        err = reopen_phones(db, changes, count);
    if (!err)
        err = end_import(db, import);
    return store_change_end(db, err);
}

/* Phones before accounts, whose lines they hold, before users. The newest first: ids made later
 * sort later, so that they are found without a look at what was there before. */
int store_import_drop(struct store_db *db, int64_t import, uint32_t limit, bool *ret_more)
{
    static const char *const DELETES[] = {
        "DELETE FROM phone WHERE id IN "
        "(SELECT id FROM phone WHERE import_id = ?1 AND import_id <> 0 "
        "ORDER BY id DESC LIMIT ?2)",
        "DELETE FROM account WHERE id IN "
        "(SELECT id FROM account WHERE import_id = ?1 AND import_id <> 0 "
        "ORDER BY id DESC LIMIT ?2)",
        "DELETE FROM user WHERE id IN "
        "(SELECT id FROM user WHERE import_id = ?1 AND import_id <> 0 "
        "ORDER BY id DESC LIMIT ?2)",
    };
    int64_t gone = 0;

    int err = store_savepoint_begin(db);
    if (err)
        return err;
    for (size_t i = 0; i < AP_COUNT(DELETES) && !err && gone < limit; i++) {
        struct store_query query;
        store_query_begin(&query, db, DELETES[i]);
        store_query_bind_number(&query, import);
        store_query_bind_number(&query, (int64_t)limit - gone);
        err = store_query_run(&query);
        if (!err)
            gone += store_query_changes(db);
    }
    if (!err && gone == 0)
        err = end_import(db, import);
    err = store_savepoint_end(db, err);
    if (!err)
        *ret_more = gone > 0;
    return err;
}

int store_import_pending(struct store_db *db, int64_t *ret_import)
{
    struct store_query query;
    int64_t import = 0;

    store_query_begin(&query, db, "SELECT id FROM import ORDER BY id LIMIT 1");
    int err = store_query_step(&query);
    if (!err)
        import = store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_import = import;
    return err;
}
