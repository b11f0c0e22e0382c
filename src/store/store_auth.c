/* What a phone says in HTTP: its user name and its sealed password. Must not know how it is said,
 * nor who asks for it: that is policy. */
#include "autoprov/limits.h"

#include "store_private.h"

#define COLUMN "auth_password_sealed"

struct sealed {
    uint8_t bytes[AP_PASSWORD_MAX_BYTES + VAULT_SEAL_OVERHEAD];
    size_t len; /* 0: none */
};

static int seal(struct store_db *db, const char *phone_id, const char *password,
                struct sealed *ret_sealed)
{
    const struct vault_place place = {"phone", phone_id, COLUMN};
    size_t len = strlen(password);

    if (len > AP_PASSWORD_MAX_BYTES)
        return AP_EINVAL;
    if (len == 0)
        return 0;
    int err = vault_seal(db->vault, &place, password, len, ret_sealed->bytes);
    if (!err)
        ret_sealed->len = len + VAULT_SEAL_OVERHEAD;
    return err;
}

/* Each password under a user name costs a hash at a common file. */
int store_auth_check_pairs(struct store_db *db, const char *phone_id)
{
    struct store_query query;
    int64_t count = 0;

    store_query_begin(&query, db,
                      "SELECT count(*) FROM phone p JOIN phone q ON q.user_id = p.user_id AND "
                      "q.auth_user = p.auth_user AND q.auth_password_sealed IS NOT NULL "
                      "WHERE p.id = ? AND p.auth_user <> ''");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err)
        count = store_query_column_number(&query);
    err = store_query_end(&query, err);
    return !err && count > AP_AUTH_PAIRS_MAX ? AP_ERANGE : err;
}

int store_auth_write(struct store_db *db, const char *phone_id, const struct store_auth *auth)
{
    struct sealed sealed = {.len = 0};
    struct store_query query;

    int err = auth->password ? seal(db, phone_id, auth->password, &sealed) : 0;
    if (err)
        return err;
    store_query_begin(&query, db,
                      "UPDATE phone SET auth_required = ?2, auth_user = ?3, "
                      "auth_password_sealed = iif(?4, ?5, auth_password_sealed), "
                      "first_at = iif(?4, 0, first_at) WHERE id = ?1");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, auth->required);
    store_query_bind_text(&query, auth->user ? auth->user : "");
    store_query_bind_number(&query, auth->password != NULL);
    store_query_bind_blob(&query, sealed.len > 0 ? sealed.bytes : NULL, sealed.len);
    err = store_query_run(&query);
    return err ? err : store_auth_check_pairs(db, phone_id);
}

void store_auth_read(struct store_query *query, struct arena *arena, struct store_auth *auth)
{
    auth->required = store_query_column_number(query) != 0;
    auth->user = store_query_column_text(query, arena);
    auth->has_password = store_query_column_number(query) != 0;
}

void store_auth_open(struct store_query *query, struct arena *arena, const char *phone_id,
                     struct store_auth *auth)
{
    const struct vault_place place = {"phone", phone_id, COLUMN};
    size_t len;

    if (auth->has_password)
        auth->password = store_query_column_sealed(query, &place, arena, &len);
    else
        (void)store_query_column_blob(query, &len); /* the next column comes next all the same */
}

/* A row of the queries below. */
static void read_pair(struct store_query *query, struct arena *arena, void *item)
{
    struct store_auth *auth = item;
    const char *id = store_query_column_text(query, arena);

    *auth = (struct store_auth){.has_password = true};
    auth->user = store_query_column_text(query, arena);
    if (id)
        store_auth_open(query, arena, id, auth);
}

#define NAMED                                                                                      \
    "SELECT id, ?2, auth_password_sealed FROM phone p WHERE auth_password_sealed IS NOT NULL "     \
    "AND enabled = 1 AND " STORE_VISIBLE("p") " "

int store_auth_find(struct store_db *db, struct arena *arena, const char *user_id, const char *name,
                    struct store_auth **ret_pairs, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows = {.items = NULL};

    if (user_id)
        store_query_begin(&query, db,
                          NAMED
                          "AND user_id = ?1 AND iif(auth_user = '', mac, auth_user) = ?2 LIMIT ?3");
    else
        store_query_begin(&query, db, NAMED "AND mac = ?2 AND auth_user IN ('', ?2) LIMIT ?3");
    store_query_bind_text(&query, user_id);
    store_query_bind_text(&query, name);
    store_query_bind_number(&query, AP_AUTH_PAIRS_MAX);
    int err = store_query_rows(&query, arena, sizeof(struct store_auth), read_pair, &rows);
    if (err)
        return err;
    *ret_pairs = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_auth_phones(struct store_db *db, struct arena *arena, const char *user_id,
                      const char *const **ret_macs, size_t *ret_count)
{
    struct store_query query;

    store_query_begin(
        &query, db,
        "SELECT mac FROM phone WHERE user_id = ? AND auth_password_sealed IS NOT NULL "
        "ORDER BY mac");
    store_query_bind_text(&query, user_id);
    return store_query_texts(&query, arena, ret_macs, ret_count);
}
