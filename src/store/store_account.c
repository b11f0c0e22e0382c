/* SIP accounts and their sealed passwords. Must not know phones. */
#include <openssl/crypto.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

#include "store_password.h"
#include "store_private.h"

#define PASSWORD_COLUMN "password_sealed"
#define PREVIOUS_COLUMN "previous_password_sealed"
#define SEALED_MAX      (AP_PASSWORD_MAX_BYTES + VAULT_SEAL_OVERHEAD)

static const char *const transport_names[] = {
    [STORE_TRANSPORT_UDP] = "udp",
    [STORE_TRANSPORT_TCP] = "tcp",
    [STORE_TRANSPORT_TLS] = "tls",
};
#define TRANSPORT_COUNT AP_COUNT(transport_names)

struct sealed {
    uint8_t bytes[SEALED_MAX];
    size_t len; /* 0: none */
};

static int seal_password(struct store_db *db, const char *account_id, const char *column,
                         const char *password, struct sealed *ret_sealed)
{
    const struct vault_place place = {"account", account_id, column};
    size_t len = strlen(password);

    if (len == 0 || len > AP_PASSWORD_MAX_BYTES)
        return AP_EINVAL;
    int err = vault_seal(db->vault, &place, password, len, ret_sealed->bytes);
    if (!err)
        ret_sealed->len = len + VAULT_SEAL_OVERHEAD;
    return err;
}

void store_account_bind(struct store_query *query, const struct store_account *account)
{
    store_query_bind_text(query, account->sip_user);
    store_query_bind_text(query, account->domain);
    store_query_bind_text(query, account->auth_user);
    store_query_bind_text(query, account->display_name);
    store_query_bind_text(query, account->registrar_host);
    store_query_bind_number(query, account->registrar_port);
    store_query_bind_text(query, transport_names[account->transport]);
    store_query_bind_text(query, account->outbound_proxy);
    store_query_bind_number(query, account->expires_s);
    store_query_bind_text(query, account->external_id);
}

static void bind_sealed(struct store_query *query, const struct sealed *sealed)
{
    store_query_bind_blob(query, sealed->len > 0 ? sealed->bytes : NULL, sealed->len);
}

static int insert_account(struct store_db *db, const char *id, const struct store_account *account,
                          const struct sealed *password)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO account (sip_user, domain, auth_user, display_name, "
                      "registrar_host, registrar_port, transport, outbound_proxy, expires_s, "
                      "external_id, id, user_id, created_at, password_at, password_sealed) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?13, ?13, ?)");
    store_account_bind(&query, account);
    store_query_bind_text(&query, id);
    store_query_bind_text(&query, account->user_id);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    bind_sealed(&query, password);
    int err = store_query_run(&query);
    return err == AP_ECONFLICT ? AP_ENOENT : err; /* the user is what it refers to */
}

int store_account_add(struct store_db *db, const struct store_account *account,
                      char ret_id[static STORE_ID_TEXT_MAX])
{
    char id[STORE_ID_TEXT_MAX];
    struct sealed password = {.len = 0};

    if (!account->password || account->transport >= TRANSPORT_COUNT)
        return AP_EINVAL;
    store_change_make_id(id);
    int err = seal_password(db, id, PASSWORD_COLUMN, account->password, &password);
    if (err)
        return err;
    err = store_change_begin(db);
    if (err)
        return err;
    err = insert_account(db, id, account, &password);
    err = store_change_end(db, err);
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

void store_account_read_sip(struct store_query *query, struct arena *arena,
                            struct store_account *account)
{
    account->sip_user = store_query_column_text(query, arena);
    account->domain = store_query_column_text(query, arena);
    account->auth_user = store_query_column_text(query, arena);
    account->display_name = store_query_column_text(query, arena);
    account->registrar_host = store_query_column_text(query, arena);
    account->registrar_port = (uint16_t)store_query_column_number(query);
    account->transport =
        (enum store_transport)store_query_column_name(query, transport_names, TRANSPORT_COUNT);
    account->outbound_proxy = store_query_column_text(query, arena);
    account->expires_s = (uint32_t)store_query_column_number(query);
}

void store_account_read(struct store_query *query, struct arena *arena,
                        struct store_account *ret_account)
{
    struct store_account *account = ret_account;

    account->id = store_query_column_text(query, arena);
    account->user_id = store_query_column_text(query, arena);
    account->user_name = store_query_column_text(query, arena);
    store_account_read_sip(query, arena, account);
    account->external_id = store_query_column_text(query, arena);
    account->created_at = store_query_column_number(query);
    account->version = (uint64_t)store_query_column_number(query);
    account->password = NULL;
}

/* "sip_user@domain" in two; an id has no '@'. */
static int bind_address(struct store_query *query, struct arena *arena, const char *address_or_id)
{
    const char *at = strrchr(address_or_id, '@');

    if (!at) {
        store_query_bind_text(query, NULL);
        store_query_bind_text(query, NULL);
        return 0;
    }
    const char *sip_user = arena_strndup(arena, address_or_id, (size_t)(at - address_or_id));
    if (!sip_user)
        return AP_ENOMEM;
    store_query_bind_text(query, sip_user);
    store_query_bind_text(query, at + 1);
    return 0;
}

int store_account_get(struct store_db *db, struct arena *arena, const char *address_or_id,
                      struct store_account *ret_account)
{
    struct store_account account = {0};
    struct store_query query;

    store_query_begin(
        &query, db,
        "SELECT " STORE_ACCOUNT_COLUMNS " FROM account a JOIN user u ON u.id = a.user_id "
        "WHERE ((a.sip_user = ?1 AND a.domain = ?2) OR a.id = ?3) AND " STORE_VISIBLE("a"));
    int err = bind_address(&query, arena, address_or_id);
    store_query_bind_text(&query, address_or_id);
    if (!err)
        err = store_query_step(&query);
    if (!err)
        store_account_read(&query, arena, &account);
    err = store_query_end(&query, err);
    if (!err)
        *ret_account = account;
    return err;
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    store_account_read(query, arena, item);
}

/* A site is a small part of all: user by user, each by its index. */
#define LIST(from, by)                                                                             \
    "SELECT " STORE_ACCOUNT_COLUMNS " FROM " from " WHERE " by                                     \
    " AND a.id > ?1 AND " STORE_VISIBLE("a") " ORDER BY a.id LIMIT ?2"
#define FROM        "account a JOIN user u ON u.id = a.user_id"
#define FROM_A_SITE "user u CROSS JOIN account a ON a.user_id = u.id"

/* of: what ?3 in the statement is, or NULL. */
static int list(struct store_db *db, struct arena *arena, const char *sql, const char *of,
                const char *after, uint32_t limit, struct store_account **ret_accounts,
                size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db, sql);
    store_query_bind_text(&query, after);
    store_query_bind_number(&query, limit);
    if (of)
        store_query_bind_text(&query, of);
    int err = store_query_rows(&query, arena, sizeof(struct store_account), read_row, &rows);
    if (err)
        return err;
    *ret_accounts = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_account_list(struct store_db *db, struct arena *arena, const char *user_id,
                       const char *after, uint32_t limit, struct store_account **ret_accounts,
                       size_t *ret_count)
{
    const char *sql = user_id ? LIST(FROM, "a.user_id = ?3") : LIST(FROM, "true");

    return list(db, arena, sql, user_id, after, limit, ret_accounts, ret_count);
}

int store_account_list_of_site(struct store_db *db, struct arena *arena, const char *site_id,
                               const char *after, uint32_t limit,
                               struct store_account **ret_accounts, size_t *ret_count)
{
    return list(db, arena, LIST(FROM_A_SITE, "u.site_id = ?3"), site_id, after, limit, ret_accounts,
                ret_count);
}

static bool is_same(const char *a, size_t a_len, const char *b)
{
    return a_len == strlen(b) && CRYPTO_memcmp(a, b, a_len) == 0;
}

/* The version that stands, and the password under it. */
static int read_password(struct store_db *db, struct arena *arena, const char *account_id,
                         uint64_t *ret_version, const char **ret_password)
{
    const struct vault_place place = {"account", account_id, PASSWORD_COLUMN};
    struct store_query query;
    size_t len;

    store_query_begin(&query, db, "SELECT version, password_sealed FROM account WHERE id = ?");
    store_query_bind_text(&query, account_id);
    int err = store_query_step(&query);
    if (!err) {
        *ret_version = (uint64_t)store_query_column_number(&query);
        *ret_password = store_query_column_sealed(&query, &place, arena, &len);
    }
    return store_query_end(&query, err);
}

static int update_account(struct store_db *db, const struct store_account *account)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE account SET sip_user = ?, domain = ?, auth_user = ?, "
                      "display_name = ?, registrar_host = ?, registrar_port = ?, transport = ?, "
                      "outbound_proxy = ?, expires_s = ?, external_id = ?, "
                      "version = version + 1 WHERE id = ?");
    store_account_bind(&query, account);
    store_query_bind_text(&query, account->id);
    return store_query_run(&query);
}

int store_account_reopen_phones(struct store_db *db, const char *account_id)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET first_at = 0, version = version + 1 WHERE first_at > 0 "
                      "AND id IN (SELECT phone_id FROM line WHERE account_id = ?)");
    store_query_bind_text(&query, account_id);
    return store_query_run(&query);
}

static int set_account(struct store_db *db, const struct store_account *account,
                       uint64_t if_version)
{
    struct arena arena;
    struct sealed password = {.len = 0}, previous = {.len = 0};
    const char *old_password = "";
    uint64_t version = 0;

    arena_init(&arena, 4096);
    int err = read_password(db, &arena, account->id, &version, &old_password);
    if (!err && if_version != 0 && if_version != version)
        err = AP_ECONFLICT;
    if (!err && account->password &&
        !is_same(old_password, strlen(old_password), account->password)) {
        err = seal_password(db, account->id, PASSWORD_COLUMN, account->password, &password);
        if (!err)
            err = seal_password(db, account->id, PREVIOUS_COLUMN, old_password, &previous);
    }
    if (!err)
        err = update_account(db, account);
    if (!err && password.len > 0)
        err = store_password_put(db, account->id,
                                 &(struct store_sealed){password.bytes, password.len},
                                 &(struct store_sealed){previous.bytes, previous.len});
    if (!err && password.len > 0)
        err = store_account_reopen_phones(db, account->id);
    arena_done(&arena);
    return err;
}

int store_account_set(struct store_db *db, const struct store_account *account, uint64_t if_version)
{
    if (account->transport >= TRANSPORT_COUNT)
        return AP_EINVAL;
    int err = store_change_begin(db);
    return err ? err : store_change_end(db, set_account(db, account, if_version));
}

int store_account_del(struct store_db *db, const char *account_id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_query_begin(&query, db, "DELETE FROM account WHERE id = ?");
    store_query_bind_text(&query, account_id);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}
