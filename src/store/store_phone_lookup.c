/* The way of a fetch: the phone that a (token, MAC) pair or a MAC alone names.
 *
 * Four prepared statements in one read transaction, the same for a hit and a miss. Must not decide
 * whether the phone is served: that is policy. */
#include "store_private.h"

#include "autoprov/array.h"

/* Not all of a phone: each text costs SQLite a malloc(). */
#define LOOKUP_COLUMNS                                                                             \
    "p.id, p.user_id, u.name, u.display_name, p.vendor, p.model, p.label, "                        \
    "p.enabled, " STORE_ACCESS_COLUMNS ", p.auth_password_sealed"

#define HIGHEST_WALL "(SELECT number FROM meta WHERE name = 'highest_wall')"

static const char *const kind_names[] = {
    [STORE_TOKEN_FOLDER] = "folder",
    [STORE_TOKEN_PREVIOUS] = "previous",
    [STORE_TOKEN_BOOTSTRAP] = "bootstrap",
    [STORE_TOKEN_BURNT] = "burnt",
};
#define KIND_COUNT AP_COUNT(kind_names)

/* The next place in phone->lines. */
static int add_line(struct arena *arena, size_t *capacity, struct store_phone *phone,
                    struct store_line **ret_line)
{
    void *lines = phone->lines;

    int err = store_query_grow(arena, &lines, phone->line_count, capacity, sizeof(**ret_line));
    if (err)
        return err;
    phone->lines = lines;
    *ret_line = &phone->lines[phone->line_count++];
    return 0;
}

int store_phone_read_lines(struct store_db *db, struct arena *arena, struct store_phone *phone)
{
    struct store_query query;
    struct store_line *line;
    size_t capacity = 0;
    int err;

    store_query_begin(&query, db,
                      "SELECT " STORE_ACCOUNT_COLUMNS ", l.position "
                      "FROM line l JOIN account a ON a.id = l.account_id "
                      "JOIN user u ON u.id = a.user_id WHERE l.phone_id = ? ORDER BY l.position");
    store_query_bind_text(&query, phone->id);
    while ((err = store_query_step(&query)) == 0 &&
           (err = add_line(arena, &capacity, phone, &line)) == 0) {
        store_account_read(&query, arena, &line->account);
        line->position = (uint32_t)store_query_column_number(&query);
    }
    return store_query_end(&query, err == AP_ENOENT ? 0 : err);
}

/* The same for a fetch: what the phone's file tells, with the passwords. A miss looks too. */
static int read_secret_lines(struct store_db *db, struct arena *arena, struct store_phone *phone)
{
    struct store_query query;
    struct store_line *line;
    size_t capacity = 0;
    int err;

    store_query_begin(&query, db,
                      "SELECT l.position, a.id, " STORE_ACCOUNT_SIP_COLUMNS ", a.password_sealed "
                      "FROM line l JOIN account a ON a.id = l.account_id "
                      "WHERE l.phone_id = ? ORDER BY l.position");
    store_query_bind_text(&query, phone->id ? phone->id : "");
    while ((err = store_query_step(&query)) == 0 &&
           (err = add_line(arena, &capacity, phone, &line)) == 0) {
        size_t len;
        line->position = (uint32_t)store_query_column_number(&query);
        line->account.id = store_query_column_text(&query, arena);
        store_account_read_sip(&query, arena, &line->account);
        const struct vault_place place = {"account", line->account.id, "password_sealed"};
        line->account.password = store_query_column_sealed(&query, &place, arena, &len);
    }
    return store_query_end(&query, err == AP_ENOENT ? 0 : err);
}

/* The row of a query over LOOKUP_COLUMNS; if kind is given, of pair_sql below. */
static int read_row(struct store_query *query, struct arena *arena, struct store_phone *phone,
                    enum store_token_kind *kind)
{
    int found = store_query_step(query);
    if (!found) {
        phone->id = store_query_column_text(query, arena);
        phone->user_id = store_query_column_text(query, arena);
        phone->user_name = store_query_column_text(query, arena);
        phone->user_display_name = store_query_column_text(query, arena);
        phone->vendor = store_query_column_text(query, arena);
        phone->model = store_query_column_text(query, arena);
        phone->label = store_query_column_text(query, arena);
        phone->enabled = store_query_column_number(query) != 0;
        store_access_read(query, arena, &phone->access);
        store_auth_open(query, arena, phone->id, &phone->access.auth);
    }
    if (!found && kind) {
        phone->token_generation = (uint64_t)store_query_column_number(query);
        phone->needs_seen_mark = store_query_column_number(query) != 0;
        *kind = (enum store_token_kind)store_query_column_name(query, kind_names, KIND_COUNT);
        phone->last_fetch_address = store_query_column_text(query, arena);
        phone->access.token_network = store_query_column_text(query, arena);
        phone->access.token_used_at = store_query_column_number(query);
    }
    int err = store_query_end(query, found);
    if (err && err != AP_ENOENT)
        return err;
    int rest = read_secret_lines(query->db, arena, phone);
    if (!rest)
        rest = store_setting_of_phone(query->db, arena, phone);
    if (!rest)
        rest = store_key_of_phone(query->db, arena, phone);
    return err ? err : rest;
}

/* CROSS JOIN keeps SQLite to this order: one row of each, by its key. A previous token has the
 * generation before the folder token's, so it serves phones not seen on a later one; a burnt one is
 * a previous one whose use is noted as if it were the folder token itself. CASE, unlike AND, asks
 * for the previous token only where the answer counts. */
#define NEEDS_SEEN_MARK                                                                            \
    "CASE WHEN t.burnt = 1 THEN 1 WHEN t.kind = 'folder' AND p.seen_generation < t.generation "    \
    "THEN EXISTS "                                                                                 \
    "(SELECT 1 FROM token o WHERE o.user_id = t.user_id AND o.kind = 'previous' "                  \
    "AND o.ends_at > ?3 AND o.ends_at > " HIGHEST_WALL ") ELSE 0 END"

static const char pair_sql[] =
    "SELECT " LOOKUP_COLUMNS ", t.generation + t.burnt, " NEEDS_SEEN_MARK ", "
    "CASE t.burnt WHEN 1 THEN 'burnt' ELSE t.kind END, "
    "CASE t.burnt WHEN 1 THEN p.last_fetch_address ELSE '' END, t.network, t.used_at "
    "FROM token t "
    "CROSS JOIN phone p ON p.user_id = t.user_id CROSS JOIN user u ON u.id = p.user_id "
    "WHERE t.blind_index = ?1 AND p.mac = ?2 "
    "AND (t.ends_at IS NULL OR (t.ends_at > ?3 AND t.ends_at > " HIGHEST_WALL ")) "
    "AND (t.kind <> 'previous' OR p.seen_generation <= t.generation) "
    "AND (t.phone_id IS NULL OR t.phone_id = p.id) AND " STORE_VISIBLE("p");

static int read_pair(struct store_db *db, struct arena *arena,
                     const uint8_t index[static VAULT_BLIND_INDEX_BYTES],
                     const uint8_t mac[static AP_MAC_LEN], struct store_phone *phone,
                     enum store_token_kind *kind)
{
    struct store_query query;
    char mac_text[AP_MAC_TEXT_MAX];

    store_query_begin(&query, db, pair_sql);
    store_query_bind_blob(&query, index, VAULT_BLIND_INDEX_BYTES);
    store_query_bind_mac(&query, mac, mac_text);
    store_query_bind_number(&query, store_now_s(db));
    return read_row(&query, arena, phone, kind);
}

int store_phone_by_pair(struct store_db *db, struct arena *arena, const struct token *token,
                        const uint8_t mac[static AP_MAC_LEN], struct store_phone *ret_phone,
                        enum store_token_kind *ret_kind)
{
    struct store_phone phone = {0};
    enum store_token_kind kind = STORE_TOKEN_FOLDER;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    bool opened = false;

    int err = store_read_join(db, &opened);
    if (err)
        return err;
    err = store_token_index(db, token, index);
    if (!err)
        err = read_pair(db, arena, index, mac, &phone, &kind);
    store_read_leave(db, opened);
    if (err)
        return err;
    memcpy(phone.mac, mac, sizeof(phone.mac));
    *ret_phone = phone;
    *ret_kind = kind;
    return 0;
}

int store_phone_by_mac(struct store_db *db, struct arena *arena,
                       const uint8_t mac[static AP_MAC_LEN], struct store_phone *ret_phone)
{
    struct store_phone phone = {0};
    struct store_query query;
    char mac_text[AP_MAC_TEXT_MAX];
    bool opened = false;

    int err = store_read_join(db, &opened);
    if (err)
        return err;
    store_query_begin(
        &query, db,
        "SELECT " LOOKUP_COLUMNS
        " FROM phone p JOIN user u ON u.id = p.user_id WHERE p.mac = ? AND " STORE_VISIBLE("p"));
    store_query_bind_mac(&query, mac, mac_text);
    err = read_row(&query, arena, &phone, NULL);
    store_read_leave(db, opened);
    if (err)
        return err;
    memcpy(phone.mac, mac, sizeof(phone.mac));
    *ret_phone = phone;
    return 0;
}

int store_user_by_token(struct store_db *db, struct arena *arena, const struct token *token,
                        const char **ret_user_id, const char *const **ret_vendors,
                        size_t *ret_count)
{
    struct store_query query;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    const char *user_id = NULL;
    bool opened = false;

    int err = store_read_join(db, &opened);
    if (err)
        return err;
    err = store_token_index(db, token, index);
    if (err)
        goto out;
    store_query_begin(&query, db,
                      "SELECT user_id FROM token t WHERE blind_index = ?1 AND kind <> 'bootstrap' "
                      "AND burnt = 0 "
                      "AND (ends_at IS NULL OR (ends_at > ?2 AND ends_at > " HIGHEST_WALL ")) "
                      "AND " STORE_VISIBLE("t"));
    store_query_bind_blob(&query, index, sizeof(index));
    store_query_bind_number(&query, store_now_s(db));
    err = store_query_step(&query);
    if (!err)
        user_id = store_query_column_text(&query, arena);
    err = store_query_end(&query, err);
    if (!err || err == AP_ENOENT) {
        store_query_begin(&query, db,
                          "SELECT DISTINCT p.vendor FROM phone p WHERE p.user_id = ? AND "
                          "p.enabled = 1 AND " STORE_VISIBLE("p") " "
                                                                  "ORDER BY 1");
        store_query_bind_text(&query, user_id ? user_id : "");
        int rest = store_query_texts(&query, arena, ret_vendors, ret_count);
        err = err ? err : rest;
    }
out:
    store_read_leave(db, opened);
    if (!err)
        *ret_user_id = user_id;
    return err;
}
