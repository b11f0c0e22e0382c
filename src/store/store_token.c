/* Folder tokens: found by their blind index, kept sealed. A token row's id, for the associated
 * data of its seal, is the blind index in hex: it stays when the token turns "previous". */
#include "autoprov/text.h"

#include "store_private.h"

static struct vault_place token_place(const char *row_id)
{
    return (struct vault_place){"token", row_id, "token_sealed"};
}

static int find_row(struct store_db *db, const uint8_t index[static VAULT_BLIND_INDEX_BYTES])
{
    struct store_query query;

    store_query_begin(&query, db, "SELECT 1 FROM token WHERE blind_index = ?");
    store_query_bind_blob(&query, index, VAULT_BLIND_INDEX_BYTES);
    int err = store_query_step(&query);
    return store_query_end(&query, err);
}

int store_token_index(struct store_db *db, const struct token *token,
                      uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES])
{
    uint8_t old_index[VAULT_BLIND_INDEX_BYTES];

    int err = vault_blind_index(db->vault, token, ret_index);
    if (err || !vault_is_rotating(db->vault))
        return err;
    err = vault_old_blind_index(db->vault, token, old_index);
    if (!err)
        err = find_row(db, old_index);
    if (!err)
        memcpy(ret_index, old_index, sizeof(old_index));
    return err == AP_ENOENT ? 0 : err;
}

/* Unique under the new index alone would let a token in that still has its old one. */
static int check_old_index(struct store_db *db, const struct token *token)
{
    uint8_t old_index[VAULT_BLIND_INDEX_BYTES];

    if (!vault_is_rotating(db->vault))
        return 0;
    int err = vault_old_blind_index(db->vault, token, old_index);
    if (!err)
        err = find_row(db, old_index);
    if (!err)
        return AP_EEXIST;
    return err == AP_ENOENT ? 0 : err;
}

int store_token_insert(struct store_db *db, const char *user_id, const struct token *token,
                       int64_t generation)
{
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    uint8_t sealed[TOKEN_MAX_LEN + VAULT_SEAL_OVERHEAD];
    char row_id[STORE_TOKEN_ROW_ID_MAX];
    struct store_query query;

    int err = check_old_index(db, token);
    if (!err)
        err = vault_blind_index(db->vault, token, index);
    if (err)
        return err;
    text_hex(index, sizeof(index), row_id);
    struct vault_place place = token_place(row_id);
    err = vault_seal(db->vault, &place, token->text, token->len, sealed);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO token (blind_index, kind, user_id, token_sealed, imported, "
                      "generation, created_at) VALUES (?, 'folder', ?, ?, ?, ?, ?)");
    store_query_bind_blob(&query, index, sizeof(index));
    store_query_bind_text(&query, user_id);
    store_query_bind_blob(&query, sealed, token->len + VAULT_SEAL_OVERHEAD);
    store_query_bind_number(&query, token_is_imported(token));
    store_query_bind_number(&query, generation);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    return store_query_run(&query);
}

static int read_token(struct store_db *db, struct arena *arena, const char *user_id,
                      struct token *ret_token)
{
    struct store_query query;
    char row_id[STORE_TOKEN_ROW_ID_MAX] = "";
    struct vault_place place = token_place(row_id);
    const char *text = NULL;
    size_t len = 0;

    store_query_begin(&query, db,
                      "SELECT blind_index, token_sealed FROM token "
                      "WHERE user_id = ? AND kind = 'folder'");
    store_query_bind_text(&query, user_id);
    int err = store_query_step(&query);
    if (!err) {
        size_t index_len;
        const uint8_t *index = store_query_column_blob(&query, &index_len);
        if (!index || index_len != VAULT_BLIND_INDEX_BYTES)
            return store_query_end(&query, AP_ECORRUPT);
        text_hex(index, index_len, row_id);
        text = store_query_column_sealed(&query, &place, arena, &len);
    }
    err = store_query_end(&query, err);
    if (err)
        return err;
    return token_parse(text, len, ret_token) == 0 ? 0 : AP_ECORRUPT;
}

int store_token_get(struct store_db *db, struct arena *arena, const char *user_id,
                    struct token *ret_token)
{
    bool opened = false;

    int err = store_read_join(db, &opened);
    if (err)
        return err;
    err = read_token(db, arena, user_id, ret_token);
    store_read_leave(db, opened);
    return err;
}

int store_token_previous_end(struct store_db *db, const char *user_id, int64_t *ret_ends_at)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT ends_at FROM token WHERE user_id = ? AND kind = 'previous'");
    store_query_bind_text(&query, user_id);
    int err = store_query_step(&query);
    int64_t ends_at = err ? 0 : store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_ends_at = ends_at;
    return err;
}

/* The number of the user's folder token. */
static int read_generation(struct store_db *db, const char *user_id, int64_t *ret_generation)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT generation FROM token WHERE user_id = ? AND kind = 'folder'");
    store_query_bind_text(&query, user_id);
    int err = store_query_step(&query);
    int64_t generation = err ? 0 : store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_generation = generation;
    return err;
}

static int end_previous(struct store_db *db, const char *user_id)
{
    struct store_query query;
    store_query_begin(&query, db, "DELETE FROM token WHERE user_id = ? AND kind = 'previous'");
    store_query_bind_text(&query, user_id);
    return store_query_run(&query);
}

/* They open the same phones. */
static int end_bootstraps(struct store_db *db, const char *user_id)
{
    struct store_query query;
    store_query_begin(&query, db, "DELETE FROM token WHERE user_id = ? AND kind = 'bootstrap'");
    store_query_bind_text(&query, user_id);
    return store_query_run(&query);
}

static int make_previous(struct store_db *db, const char *user_id, int64_t ends_at, bool burnt)
{
    struct store_query query;
    store_query_begin(&query, db,
                      "UPDATE token SET kind = 'previous', ends_at = ?2, burnt = ?3, "
                      "version = version + 1 WHERE user_id = ?1 AND kind = 'folder'");
    store_query_bind_text(&query, user_id);
    store_query_bind_number(&query, ends_at);
    store_query_bind_number(&query, burnt);
    return store_query_run(&query);
}

/* ends_at: of the old one; 0: now. */
static int replace(struct store_db *db, const char *user_id, const struct token *token,
                   int64_t ends_at, bool burnt)
{
    int64_t generation = 0;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = read_generation(db, user_id, &generation);
    if (!err)
        err = end_previous(db, user_id);
    if (!err)
        err = make_previous(db, user_id, ends_at, burnt);
    if (!err)
        err = store_token_insert(db, user_id, token, generation + 1);
    /* Only now: the same token again must be refused while its row is there. */
    if (!err && ends_at == 0)
        err = end_previous(db, user_id);
    if (!err && (ends_at == 0 || burnt))
        err = end_bootstraps(db, user_id);
    return store_change_end(db, err);
}

int store_token_rotate(struct store_db *db, const char *user_id, const struct token *token,
                       int64_t grace_ends_at)
{
    return replace(db, user_id, token, grace_ends_at, false);
}

int store_token_burn(struct store_db *db, const char *user_id, const struct token *token,
                     int64_t ends_at)
{
    return replace(db, user_id, token, ends_at, true);
}
