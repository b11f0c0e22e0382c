/* Rotation of the master key (docs/decisions/0004-key-rotation.md): which key is which, the walk
 * that seals everything with the new one, its beginning and its end.
 *
 * Every transaction leaves a database that opens with both keys; the last one, one that opens with
 * the second alone. Who adds a sealed column adds a row to parts[]. Must not know what values mean.
 */
#include <stdio.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

#include "store_private.h"

/* 500 settings at their largest, sealed and open. */
#define STEP_MAX_BYTES ((size_t)STORE_REKEY_BATCH * 4 * AP_SETTING_MAX_BYTES)

int store_rekey_settle(struct store_db *db)
{
    uint8_t version = 0;

    int err = store_schema_canary_version(db, &version);
    if (err)
        return err;
    vault_number(db->vault, version);
    err = store_schema_check_canary(db, STORE_CANARY);
    if (err == AP_EKEY && vault_has_second(db->vault)) {
        vault_drop_first(db->vault);
        vault_number(db->vault, version);
        err = store_schema_check_canary(db, STORE_CANARY);
        db->rekeyed = err == 0;
    }
    if (err)
        return err;
    err = store_schema_check_canary(db, STORE_CANARY_NEXT);
    if (err)
        return err == AP_ENOENT ? 0 : err; /* AP_EKEY: the second key is not here */
    vault_use_second(db->vault, true);
    return 0;
}

enum store_rekey_state store_rekey_state(const struct store_db *db)
{
    if (db->rekeyed)
        return STORE_REKEY_DONE;
    if (vault_is_rotating(db->vault))
        return STORE_REKEY_RUNNING;
    return vault_has_second(db->vault) ? STORE_REKEY_WAITING : STORE_REKEY_NONE;
}

static int add_audit_row(struct store_db *db, const char *action)
{
    char object[16 + VAULT_FINGERPRINT_TEXT_MAX];
    const struct store_audit entry = {
        .actor = "autoprovd", .action = action, .object = object, .detail = ""};

    snprintf(object, sizeof(object), "keys=%s", vault_fingerprint(db->vault));
    return store_audit_add(db, &entry);
}

/* -- the beginning ----------------------------------------------------------------------------- */

static int note_beginning(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO meta (name, number) VALUES ('rekey_began', ?1) "
                      "ON CONFLICT (name) DO UPDATE SET number = ?1");
    store_query_bind_number(&query, clock_wall_s(db->clock));
    return store_query_run(&query);
}

static int begin(struct store_db *db)
{
    int err = store_write_begin(db);
    if (err)
        return err;
    err = store_schema_put_canary(db, STORE_CANARY_NEXT);
    if (!err)
        err = store_audit_rekey(db);
    if (!err)
        err = note_beginning(db);
    if (!err)
        err = add_audit_row(db, "key.rotate");
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    return err;
}

int store_rekey_begin(struct store_db *db, struct ap_error *error)
{
    if (store_rekey_state(db) != STORE_REKEY_WAITING)
        return 0;
    vault_use_second(db->vault, true);
    int err = begin(db);
    if (!err)
        return 0;
    vault_use_second(db->vault, false);
    return ap_error_set(error, err, "%s: the key rotation cannot begin: %s", db->path,
                        ap_strerror(err));
}

/* -- the walk ---------------------------------------------------------------------------------- */

/* A page has the row's keys (of three texts the first key_count) and the value, after the keys ?1
 * to ?3, ?4 rows of it; update writes ?4 for the keys ?1 to ?3. The keys, joined by '/', are the
 * row's id in the associated data. */
struct part {
    const char *table;
    const char *column;
    size_t key_count;
    const char *page;
    const char *update;
};

enum part_number {
    PART_PASSWORD,
    PART_PREVIOUS_PASSWORD,
    PART_AUTH_PASSWORD,
    PART_SETTING,
    PART_TOKEN,
    PART_DELIVERED,
};

static const struct part parts[] = {
    [PART_PASSWORD] =
        {"account", "password_sealed", 1,
         "SELECT id, '', '', password_sealed FROM account WHERE id > ?1 ORDER BY id LIMIT ?4",
         "UPDATE account SET password_sealed = ?4 WHERE id = ?1"},
    [PART_PREVIOUS_PASSWORD] = {"account", "previous_password_sealed", 1,
                                "SELECT id, '', '', previous_password_sealed FROM account WHERE id "
                                "> ?1 ORDER BY id LIMIT ?4",
                                "UPDATE account SET previous_password_sealed = ?4 WHERE id = ?1"},
    [PART_AUTH_PASSWORD] =
        {"phone", "auth_password_sealed", 1,
         "SELECT id, '', '', auth_password_sealed FROM phone WHERE id > ?1 ORDER BY id LIMIT ?4",
         "UPDATE phone SET auth_password_sealed = ?4 WHERE id = ?1"},
    [PART_SETTING] =
        {"setting", "value_sealed", 3,
         "SELECT scope, scope_id, name, value_sealed FROM setting "
         "WHERE (scope, scope_id, name) > (?1, ?2, ?3) ORDER BY scope, scope_id, name LIMIT ?4",
         "UPDATE setting SET value_sealed = ?4 WHERE scope = ?1 AND scope_id = ?2 AND name = ?3"},
    /* Its key is its index: see seal_token(). */
    [PART_TOKEN] = {"token", "token_sealed", 1,
                    "SELECT lower(hex(blind_index)), '', '', token_sealed FROM token "
                    "WHERE blind_index > ?1 ORDER BY blind_index LIMIT ?4",
                    "UPDATE token SET token_sealed = ?4, blind_index = ?5 WHERE blind_index = ?1"},
    /* No value, but what hangs on the old key: see forget_delivered(). */
    [PART_DELIVERED] = {"delivered", NULL, 2,
                        "SELECT phone_id, file, '', NULL FROM delivered "
                        "WHERE (phone_id, file) > (?1, ?2) ORDER BY phone_id, file LIMIT ?4",
                        "DELETE FROM delivered WHERE phone_id = ?1 AND file = ?2 "
                        "AND at < (SELECT number FROM meta WHERE name = 'rekey_began')"},
};
struct item {
    const char *keys[3];
    const uint8_t *sealed; /* NULL: none */
    size_t len;
};

static void read_item(struct store_query *query, struct arena *arena, void *data)
{
    struct item *item = data;

    for (size_t i = 0; i < AP_COUNT(item->keys); i++)
        item->keys[i] = store_query_column_text(query, arena);
    const uint8_t *sealed = store_query_column_blob(query, &item->len);
    if (!sealed || query->err)
        return;
    uint8_t *copy = arena_alloc(arena, item->len);
    if (copy)
        memcpy(copy, sealed, item->len);
    else
        query->err = AP_ENOMEM;
    item->sealed = copy;
}

static int read_page(struct store_db *db, struct arena *arena, const struct store_rekey_walk *walk,
                     struct store_rows *ret_rows)
{
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    size_t len = walk->keys[0][0] ? sizeof(index) : 0;
    struct store_query query;

    store_query_begin(&query, db, parts[walk->part].page);
    if (walk->part == PART_TOKEN) {
        int err = text_unhex(walk->keys[0], 2 * len, index);
        if (err)
            return store_query_end(&query, AP_ECORRUPT);
        store_query_bind_blob(&query, index, len);
    } else {
        store_query_bind_text(&query, walk->keys[0]);
    }
    store_query_bind_text(&query, walk->keys[1]);
    store_query_bind_text(&query, walk->keys[2]);
    store_query_bind_number(&query, STORE_REKEY_BATCH);
    return store_query_rows(&query, arena, sizeof(struct item), read_item, ret_rows);
}

static int seal(struct store_db *db, struct arena *arena, const struct vault_place *place,
                const char *plain, struct item *item)
{
    uint8_t *sealed = arena_alloc(arena, item->len);
    if (!sealed)
        return AP_ENOMEM;
    int err = vault_seal(db->vault, place, plain, item->len - VAULT_SEAL_OVERHEAD, sealed);
    item->sealed = sealed;
    return err;
}

/* The row gets its new index and, since that is its id, a seal for it, at once. */
static int seal_token(struct store_db *db, struct arena *arena, const char *plain,
                      struct item *item)
{
    uint8_t old_index[VAULT_BLIND_INDEX_BYTES], index[VAULT_BLIND_INDEX_BYTES];
    char row_id[STORE_TOKEN_ROW_ID_MAX];
    const struct vault_place place = {"token", row_id, "token_sealed"};
    struct token token = {.len = 0};
    struct store_query query;

    if (token_parse(plain, item->len - VAULT_SEAL_OVERHEAD, &token) != 0 ||
        text_unhex(item->keys[0], strlen(item->keys[0]), old_index) != 0)
        return AP_ECORRUPT;
    int err = vault_blind_index(db->vault, &token, index);
    secret_wipe(&token, sizeof(token));
    if (err)
        return err;
    text_hex(index, sizeof(index), row_id);
    err = seal(db, arena, &place, plain, item);
    if (err)
        return err;
    store_query_begin(&query, db, parts[PART_TOKEN].update);
    store_query_bind_blob(&query, old_index, sizeof(old_index));
    store_query_bind_text(&query, NULL);
    store_query_bind_text(&query, NULL);
    store_query_bind_blob(&query, item->sealed, item->len);
    store_query_bind_blob(&query, index, sizeof(index));
    return store_query_run(&query);
}

static int seal_value(struct store_db *db, struct arena *arena, const struct part *part,
                      const struct vault_place *place, const char *plain, struct item *item)
{
    struct store_query query;

    int err = seal(db, arena, place, plain, item);
    if (err)
        return err;
    store_query_begin(&query, db, part->update);
    for (size_t i = 0; i < AP_COUNT(item->keys); i++)
        store_query_bind_text(&query, item->keys[i]);
    store_query_bind_blob(&query, item->sealed, item->len);
    return store_query_run(&query);
}

static int rekey_item(struct store_db *db, struct arena *arena, struct store_rekey_walk *walk,
                      struct item *item)
{
    const struct part *part = &parts[walk->part];
    char row_id[3 * STORE_REKEY_KEY_MAX];
    char *plain = NULL;
    size_t len = 0;

    if (part->key_count == 3)
        snprintf(row_id, sizeof(row_id), "%s/%s/%s", item->keys[0], item->keys[1], item->keys[2]);
    else
        snprintf(row_id, sizeof(row_id), "%s", item->keys[0]);
    const struct vault_place place = {part->table, row_id, part->column};
    int err = vault_open(db->vault, &place, item->sealed, item->len, arena, &plain, &len);
    if (!err)
        err = walk->part == PART_TOKEN ? seal_token(db, arena, plain, item)
                                       : seal_value(db, arena, part, &place, plain, item);
    if (err == AP_ECRYPTO || err == AP_ECORRUPT) {
        /* db check tells which one. */
        walk->broken++;
        return 0;
    }
    walk->sealed_anew += err == 0;
    return err;
}

/* A digest of a body that nobody has any more cannot be made under the new key: the phone counts
 * as one that never fetched the file. */
static int forget_delivered(struct store_db *db, const struct item *item)
{
    struct store_query query;

    store_query_begin(&query, db, parts[PART_DELIVERED].update);
    store_query_bind_text(&query, item->keys[0]);
    store_query_bind_text(&query, item->keys[1]);
    return store_query_run(&query);
}

static bool is_old(const struct store_db *db, const struct item *item)
{
    return item->sealed && item->len > VAULT_SEAL_OVERHEAD - 1 &&
           item->sealed[0] != vault_version(db->vault);
}

static int rekey_items(struct store_db *db, struct arena *arena, struct store_rekey_walk *walk,
                       const struct store_rows *rows)
{
    struct item *items = rows->items;
    int err = store_write_begin(db);
    if (err)
        return err;
    err = store_change_begin(db);
    if (!err) {
        for (size_t i = 0; i < rows->count && !err; i++) {
            if (walk->part == PART_DELIVERED)
                err = forget_delivered(db, &items[i]);
            else if (is_old(db, &items[i]))
                err = rekey_item(db, arena, walk, &items[i]);
        }
        err = store_change_end(db, err);
    }
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    return err;
}

static bool needs_work(const struct store_db *db, const struct store_rekey_walk *walk,
                       const struct store_rows *rows)
{
    const struct item *items = rows->items;
    bool old = walk->part == PART_DELIVERED && rows->count > 0;

    for (size_t i = 0; i < rows->count && !old; i++)
        old = is_old(db, &items[i]);
    return old;
}

static int keep_place(struct store_rekey_walk *walk, const struct store_rows *rows)
{
    const struct item *items = rows->items;

    walk->rows += rows->count;
    if (rows->count < STORE_REKEY_BATCH) {
        walk->part++;
        memset(walk->keys, 0, sizeof(walk->keys));
        return 0;
    }
    for (size_t i = 0; i < AP_COUNT(walk->keys); i++) {
        const char *key = items[rows->count - 1].keys[i];
        if (!key || strlen(key) >= sizeof(walk->keys[i]))
            return AP_ECORRUPT;
        memcpy(walk->keys[i], key, strlen(key) + 1);
    }
    return 0;
}

static int walk_on(struct store_db *db, struct arena *arena, struct store_rekey_walk *walk)
{
    struct store_rows rows = {.items = NULL};

    int err = read_page(db, arena, walk, &rows);
    /* What a transaction undoes is not counted. */
    struct store_rekey_walk after = *walk;
    if (!err && needs_work(db, walk, &rows))
        err = rekey_items(db, arena, &after, &rows);
    if (!err)
        err = keep_place(&after, &rows);
    if (!err)
        *walk = after;
    return err;
}

/* -- the end ----------------------------------------------------------------------------------- */

static int end(struct store_db *db)
{
    struct store_query query;

    int err = store_write_begin(db);
    if (err)
        return err;
    err = store_schema_put_canary(db, STORE_CANARY);
    if (!err) {
        store_query_begin(
            &query, db, "DELETE FROM meta WHERE name IN ('" STORE_CANARY_NEXT "', 'rekey_began')");
        err = store_query_run(&query);
    }
    if (!err)
        err = add_audit_row(db, "key.rotated");
    if (!err)
        err = store_write_commit(db);
    if (err)
        store_write_rollback(db);
    return err;
}

int store_rekey_step(struct store_db *db, struct store_rekey_walk *walk,
                     enum store_upkeep_result *ret_result)
{
    struct arena arena;
    int err;

    if (store_rekey_state(db) != STORE_REKEY_RUNNING)
        return 0;
    if (walk->part < AP_COUNT(parts)) {
        arena_init(&arena, STEP_MAX_BYTES);
        err = walk_on(db, &arena, walk);
        arena_done(&arena);
        if (!err)
            *ret_result = STORE_UPKEEP_MORE;
        return err;
    }
    /* Only a walk that found nothing proves that nothing is left. */
    bool found = walk->sealed_anew > 0 || walk->broken > 0;
    err = found ? 0 : end(db);
    if (err)
        return err;
    db->rekeyed = !found;
    *ret_result = walk->broken > 0 || !found ? STORE_UPKEEP_LAST : STORE_UPKEEP_MORE;
    if (found)
        *walk = (struct store_rekey_walk){.broken = 0};
    return 0;
}
