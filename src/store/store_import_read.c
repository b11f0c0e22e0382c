/* What an import and an export ask: rows by external id, secrets, lines that are shared; and the
 * seals of rows that are not there yet. Must not know what the rows become. */
#include <openssl/crypto.h>

#include "autoprov/store_import.h"
#include "autoprov/text.h"

#include "store_private.h"

/* -- seals ----------------------------------------------------------------------------------- */

int store_import_seal_token(struct store_db *db, const struct token *token,
                            struct store_import_token *ret_token)
{
    char row_id[STORE_TOKEN_ROW_ID_MAX];
    const struct vault_place place = {"token", row_id, "token_sealed"};

    int err = vault_blind_index(db->vault, token, ret_token->index);
    if (err)
        return err;
    text_hex(ret_token->index, sizeof(ret_token->index), row_id);
    ret_token->sealed_len = token->len + VAULT_SEAL_OVERHEAD;
    ret_token->imported = token_is_imported(token);
    return vault_seal(db->vault, &place, token->text, token->len, ret_token->sealed);
}

int store_import_seal_password(struct store_db *db, const char *account_id, bool previous,
                               const char *password, struct store_import_password *ret_password)
{
    const struct vault_place place = {"account", account_id,
                                      previous ? "previous_password_sealed" : "password_sealed"};
    size_t len = strlen(password);

    if (len == 0 || len > AP_PASSWORD_MAX_BYTES)
        return AP_EINVAL;
    int err = vault_seal(db->vault, &place, password, len, ret_password->sealed);
    if (!err)
        ret_password->sealed_len = len + VAULT_SEAL_OVERHEAD;
    return err;
}

/* -- by external id -------------------------------------------------------------------------- */

/* The one text of a begun query with one parameter, which it ends. */
static int read_one(struct store_query *query, struct arena *arena, const char *parameter,
                    const char **ret_text)
{
    const char *text = NULL;

    store_query_bind_text(query, parameter ? parameter : "");
    int err = store_query_step(query);
    if (!err)
        text = store_query_column_text(query, arena);
    err = store_query_end(query, err);
    if (!err)
        *ret_text = text;
    return err;
}

int store_user_by_external(struct store_db *db, struct arena *arena, const char *external_id,
                           struct store_user *ret_user)
{
    struct store_query query;
    const char *name = NULL;

    store_query_begin(&query, db, "SELECT name FROM user WHERE external_id = ?");
    int err = read_one(&query, arena, external_id, &name);
    return err ? err : store_user_get(db, arena, name, ret_user);
}

int store_account_by_external(struct store_db *db, struct arena *arena, const char *external_id,
                              struct store_account *ret_account)
{
    struct store_query query;
    const char *id = NULL;

    store_query_begin(&query, db, "SELECT id FROM account WHERE external_id = ?");
    int err = read_one(&query, arena, external_id, &id);
    return err ? err : store_account_get(db, arena, id, ret_account);
}

int store_phone_by_external(struct store_db *db, struct arena *arena, const char *external_id,
                            struct store_phone *ret_phone)
{
    struct store_query query;
    uint8_t mac[AP_MAC_LEN];

    store_query_begin(&query, db, "SELECT mac FROM phone WHERE external_id = ?");
    store_query_bind_text(&query, external_id ? external_id : "");
    int err = store_query_step(&query);
    if (!err)
        store_query_column_mac(&query, mac);
    err = store_query_end(&query, err);
    return err ? err : store_phone_get(db, arena, mac, ret_phone);
}

int store_user_by_name(struct store_db *db, struct arena *arena, const char *name,
                       struct store_user *ret_user)
{
    struct store_query query;
    const char *found = NULL;

    store_query_begin(&query, db, "SELECT name FROM user WHERE name = ?");
    int err = read_one(&query, arena, name, &found);
    return err ? err : store_user_get(db, arena, found, ret_user);
}

int store_account_password(struct store_db *db, struct arena *arena, const char *account_id,
                           const char **ret_password)
{
    const struct vault_place place = {"account", account_id, "password_sealed"};
    struct store_query query;
    const char *password = NULL;
    size_t len;

    store_query_begin(&query, db, "SELECT password_sealed FROM account WHERE id = ?");
    store_query_bind_text(&query, account_id);
    int err = store_query_step(&query);
    if (!err)
        password = store_query_column_sealed(&query, &place, arena, &len);
    err = store_query_end(&query, err);
    if (!err)
        *ret_password = password;
    return err;
}

bool store_import_is_same(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

int store_token_exists(struct store_db *db, const struct token *token)
{
    struct store_query query;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];

    int err = vault_blind_index(db->vault, token, index);
    if (err)
        return err;
    store_query_begin(&query, db, "SELECT 1 FROM token WHERE blind_index = ?");
    store_query_bind_blob(&query, index, sizeof(index));
    return store_query_end(&query, store_query_step(&query));
}

int store_phone_inherit(struct store_db *db, struct arena *arena, const char *site_id,
                        struct store_phone *phone)
{
    int err = store_setting_of_site(db, arena, site_id, phone);

    return err ? err : store_key_of_phone(db, arena, phone);
}

/* -- shared lines ---------------------------------------------------------------------------- */

static void read_shared(struct store_query *query, struct arena *arena, void *item)
{
    struct store_shared_line *line = item;

    store_query_column_mac(query, line->mac);
    line->user_name = store_query_column_text(query, arena);
    line->position = (uint32_t)store_query_column_number(query);
    store_account_read(query, arena, &line->account);
}

int store_shared_line_list(struct store_db *db, struct arena *arena, const char *after_mac,
                           uint32_t after_position, uint32_t limit,
                           struct store_shared_line **ret_lines, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT p.mac, o.name, l.position, " STORE_ACCOUNT_COLUMNS " FROM phone p "
                      "JOIN user o ON o.id = p.user_id JOIN line l ON l.phone_id = p.id "
                      "JOIN account a ON a.id = l.account_id JOIN user u ON u.id = a.user_id "
                      "WHERE a.user_id <> p.user_id AND " STORE_VISIBLE(
                          "p") " AND p.mac >= ?1 AND (p.mac, l.position) > (?1, ?2) "
                               "ORDER BY p.mac, l.position LIMIT ?3");
    store_query_bind_text(&query, after_mac);
    store_query_bind_number(&query, after_position);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_shared_line), read_shared, &rows);
    if (err)
        return err;
    *ret_lines = rows.items;
    *ret_count = rows.count;
    return 0;
}
