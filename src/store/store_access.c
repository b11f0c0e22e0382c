/* Windows and single uses. Must not decide who is served: that is policy. */
#include "autoprov/store_access.h"

#include "autoprov/array.h"

#include "store_private.h"

static const char *const FLAT_NAMES[] = {
    [STORE_FLAT_DEFAULT] = "",
    [STORE_FLAT_FULL] = "full",
    [STORE_FLAT_BOOTSTRAP] = "bootstrap",
    [STORE_FLAT_OFF] = "off",
};
static const char *const SECRETS_NAMES[] = {
    [STORE_SECRETS_DEFAULT] = "",
    [STORE_SECRETS_ALWAYS] = "always",
    [STORE_SECRETS_ONCE] = "once",
    [STORE_SECRETS_FIRST_NETWORK] = "first_network",
};

const char *store_flat_name(enum store_flat flat)
{
    return FLAT_NAMES[flat];
}

const char *store_secrets_name(enum store_secrets secrets)
{
    return SECRETS_NAMES[secrets];
}

static int find_name(const char *const *names, size_t count, const char *name, size_t *ret_index)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return AP_EINVAL;
}

int store_flat_parse(const char *name, enum store_flat *ret_flat)
{
    size_t index = 0;
    int err = find_name(FLAT_NAMES, AP_COUNT(FLAT_NAMES), name, &index);

    if (!err)
        *ret_flat = (enum store_flat)index;
    return err;
}

int store_secrets_parse(const char *name, enum store_secrets *ret_secrets)
{
    size_t index = 0;
    int err = find_name(SECRETS_NAMES, AP_COUNT(SECRETS_NAMES), name, &index);

    if (!err)
        *ret_secrets = (enum store_secrets)index;
    return err;
}

int64_t store_now(struct store_db *db)
{
    return store_now_s(db);
}

/* -- reading --------------------------------------------------------------------------------- */

void store_access_read(struct store_query *query, struct arena *arena, struct store_access *access)
{
    access->networks = store_query_column_text(query, arena);
    access->user_networks = store_query_column_text(query, arena);
    access->flat =
        (enum store_flat)store_query_column_name(query, FLAT_NAMES, AP_COUNT(FLAT_NAMES));
    access->secrets =
        (enum store_secrets)store_query_column_name(query, SECRETS_NAMES, AP_COUNT(SECRETS_NAMES));
    access->enrol_until = store_query_column_number(query);
    access->first_at = store_query_column_number(query);
    access->first_network = store_query_column_text(query, arena);
    access->bootstrap_at = store_query_column_number(query);
    access->moved_at = store_query_column_number(query);
    store_auth_read(query, arena, &access->auth);
}

/* -- windows --------------------------------------------------------------------------------- */

/* Closing takes nothing back: what was served stays noted. */
static int move_window(struct store_db *db, const char *phone_id, int64_t until)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET enrol_until = ?2, version = version + 1, "
                      "first_at = iif(?2 > 0, 0, first_at), "
                      "first_network = iif(?2 > 0, NULL, first_network), "
                      "bootstrap_at = iif(?2 > 0, 0, bootstrap_at), "
                      "moved_at = iif(?2 > 0, 0, moved_at) WHERE id = ?1");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, until);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ENOENT : err;
}

int store_enrol(struct store_db *db, const char *phone_id, int64_t until)
{
    int err = store_change_begin(db);

    if (err)
        return err;
    err = move_window(db, phone_id, until);
    if (!err && until > 0)
        err = store_bootstrap_end(db, phone_id);
    return store_change_end(db, err);
}

/* -- claims ---------------------------------------------------------------------------------- */

/* Another fetch came first: from the same network a moment ago it is the same one. */
static int check_same_fetch(struct store_db *db, const struct store_claim *claim)
{
    struct store_query query;

    store_query_begin(
        &query, db, "SELECT 1 FROM phone WHERE id = ?1 AND first_network = ?2 AND first_at >= ?3");
    store_query_bind_text(&query, claim->phone_id);
    store_query_bind_text(&query, claim->first_network);
    store_query_bind_number(&query, store_now_s(db) - STORE_SAME_FETCH_S);
    int err = store_query_end(&query, store_query_step(&query));
    return err == AP_ENOENT ? AP_ECONFLICT : err;
}

/* The window ends with the fetch it was opened for, and the time of repeats. */
static int claim_first(struct store_db *db, const struct store_claim *claim)
{
    struct store_query query;
    int64_t now = store_now_s(db);

    store_query_begin(&query, db,
                      "UPDATE phone SET first_at = ?3, first_network = ?2, "
                      "enrol_until = min(enrol_until, ?4), version = version + 1 "
                      "WHERE id = ?1 AND first_at = ?5");
    store_query_bind_text(&query, claim->phone_id);
    store_query_bind_text(&query, claim->first_network);
    store_query_bind_number(&query, now);
    store_query_bind_number(&query, now + STORE_SAME_FETCH_S);
    store_query_bind_number(&query, claim->first_at);
    int err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? check_same_fetch(db, claim) : err;
}

static int claim_bootstrap(struct store_db *db, const struct store_claim *claim)
{
    struct store_query query;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    int64_t now = store_now_s(db);
    int err = store_token_index(db, claim->bootstrap, index);

    if (err)
        return err;
    store_query_begin(&query, db,
                      "UPDATE token SET used_at = iif(used_at = 0, ?3, used_at), "
                      "version = version + 1 WHERE blind_index = ?1 AND kind = 'bootstrap' "
                      "AND network = ?2 AND ends_at > ?3 AND (used_at = 0 OR used_at >= ?4)");
    store_query_bind_blob(&query, index, sizeof(index));
    store_query_bind_text(&query, claim->network);
    store_query_bind_number(&query, now);
    store_query_bind_number(&query, now - STORE_SAME_FETCH_S);
    err = store_query_run(&query);
    return !err && store_query_changes(db) == 0 ? AP_ECONFLICT : err;
}

static int claim_moved(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET moved_at = ?2, version = version + 1 "
                      "WHERE id = ?1 AND moved_at = 0");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, store_now_s(db));
    int err = store_query_run(&query);
    return err ? err : store_bootstrap_end(db, phone_id);
}

static int claim_all(struct store_db *db, const struct store_claim *claim)
{
    int err = 0;

    if (claim->burnt)
        err = store_phone_use_burnt(db, claim->phone_id, claim->generation);
    else if (claim->seen)
        err = store_phone_seen_on_folder_token(db, claim->phone_id, claim->generation);
    if (!err && claim->first_network)
        err = claim_first(db, claim);
    if (!err && claim->bootstrap)
        err = claim_bootstrap(db, claim);
    if (!err && claim->moved)
        err = claim_moved(db, claim->phone_id);
    return err;
}

int store_claim(struct store_db *db, const struct store_claim *claim)
{
    int err = store_savepoint_begin(db);

    if (err)
        return err;
    if (claim->first_network || claim->bootstrap || claim->moved) {
        err = store_change_begin(db);
        if (!err)
            err = store_change_end(db, claim_all(db, claim));
    } else {
        err = claim_all(db, claim);
    }
    return store_savepoint_end(db, err);
}
