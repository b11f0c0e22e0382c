/* Bootstrap tokens: of one phone, for one use, from one network. Must not know who asked for them.
 */
#include "autoprov/store_access.h"
#include "autoprov/store_import.h"
#include "autoprov/text.h"

#include "store_private.h"

int store_bootstrap_end(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM token WHERE phone_id = ? AND kind = 'bootstrap'");
    store_query_bind_text(&query, phone_id);
    return store_query_run(&query);
}

/* What the phone has; neither ended nor, but for repeats, used. */
struct handed {
    const char *network;
    const char *text;
    int64_t created_at, used_at;
};

static int read_handed(struct store_db *db, struct arena *arena, const char *phone_id,
                       struct handed *handed)
{
    struct store_query query;
    char row_id[2 * VAULT_BLIND_INDEX_BYTES + 1] = "";
    const struct vault_place place = {"token", row_id, "token_sealed"};
    size_t len;

    store_query_begin(&query, db,
                      "SELECT network, created_at, used_at, blind_index, token_sealed FROM token "
                      "WHERE phone_id = ?1 AND kind = 'bootstrap' AND ends_at > ?2");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, store_now_s(db));
    int err = store_query_step(&query);
    if (!err) {
        handed->network = store_query_column_text(&query, arena);
        handed->created_at = store_query_column_number(&query);
        handed->used_at = store_query_column_number(&query);
        const uint8_t *index = store_query_column_blob(&query, &len);
        if (!index || len != VAULT_BLIND_INDEX_BYTES)
            return store_query_end(&query, AP_ECORRUPT);
        text_hex(index, len, row_id);
        handed->text = store_query_column_sealed(&query, &place, arena, &len);
    }
    return store_query_end(&query, err);
}

static int find_owner(struct store_db *db, struct arena *arena, const char *phone_id,
                      const char **ret_user_id)
{
    struct store_query query;

    store_query_begin(&query, db, "SELECT user_id FROM phone WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err)
        *ret_user_id = store_query_column_text(&query, arena);
    return store_query_end(&query, err);
}

static int insert_bootstrap(struct store_db *db, const char *user_id, const char *phone_id,
                            const struct token *token, const char *network, int64_t ends_at)
{
    struct store_query query;
    struct store_import_token sealed;
    int err = store_import_seal_token(db, token, &sealed);

    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO token (blind_index, kind, user_id, phone_id, token_sealed, "
                      "imported, generation, created_at, ends_at, network) "
                      "VALUES (?, 'bootstrap', ?, ?, ?, 0, 0, ?, ?, ?)");
    store_query_bind_blob(&query, sealed.index, sizeof(sealed.index));
    store_query_bind_text(&query, user_id);
    store_query_bind_text(&query, phone_id);
    store_query_bind_blob(&query, sealed.sealed, sealed.sealed_len);
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_number(&query, ends_at);
    store_query_bind_text(&query, network);
    return store_query_run(&query);
}

static int note_bootstrap(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET bootstrap_at = ?2, version = version + 1 WHERE id = ?1");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, store_now_s(db));
    return store_query_run(&query);
}

static int hand_fresh(struct store_db *db, struct arena *arena, const char *phone_id,
                      const struct token *fresh, const char *network, int64_t ends_at)
{
    const char *user_id = NULL;
    int err = store_change_begin(db);

    if (err)
        return err;
    err = find_owner(db, arena, phone_id, &user_id);
    if (!err)
        err = store_bootstrap_end(db, phone_id); /* one that has ended */
    if (!err)
        err = insert_bootstrap(db, user_id, phone_id, fresh, network, ends_at);
    if (!err)
        err = note_bootstrap(db, phone_id);
    return store_change_end(db, err);
}

int store_bootstrap(struct store_db *db, struct arena *arena, const char *phone_id,
                    const struct token *fresh, const char *network, int64_t ends_at,
                    struct token *ret_token, bool *ret_repeated)
{
    struct handed handed = {0};
    int64_t now = store_now_s(db);
    int err = read_handed(db, arena, phone_id, &handed);

    if (err == AP_ENOENT) {
        err = hand_fresh(db, arena, phone_id, fresh, network, ends_at);
        if (!err) {
            *ret_token = *fresh;
            *ret_repeated = false;
        }
        return err;
    }
    if (err)
        return err;
    if (!handed.network || !handed.text)
        return AP_ECORRUPT;
    if (strcmp(handed.network, network) != 0 ||
        (handed.used_at != 0 && now - handed.used_at > STORE_SAME_FETCH_S))
        return AP_ECONFLICT;
    err = token_parse(handed.text, strlen(handed.text), ret_token);
    if (!err)
        *ret_repeated = now - handed.created_at > STORE_SAME_FETCH_S;
    return err ? AP_ECORRUPT : 0;
}
