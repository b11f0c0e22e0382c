/* Phones and their lines: what an admin changes and lists. The way of a fetch is
 * store_phone_lookup.c. Must not know what a vendor or a model is. */
#include "autoprov/limits.h"

#include "store_private.h"

static int check_lines(const struct store_phone *phone)
{
    uint64_t taken = 0;
    _Static_assert(AP_LINES_PER_PHONE_MAX <= 64, "one bit for each position");

    for (size_t i = 0; i < phone->line_count; i++) {
        uint32_t position = phone->lines[i].position;
        if (position < 1 || position > AP_LINES_PER_PHONE_MAX)
            return AP_EINVAL;
        uint64_t bit = UINT64_C(1) << (position - 1);
        if (taken & bit)
            return AP_EINVAL;
        taken |= bit;
    }
    return 0;
}

static void bind_access(struct store_query *query, const struct store_access *access)
{
    store_query_bind_text(query, access->networks);
    store_query_bind_text(query, store_flat_name(access->flat));
    store_query_bind_text(query, store_secrets_name(access->secrets));
}

static const char *contact_of(const struct store_phone *phone)
{
    return phone->sip_contact ? phone->sip_contact : "";
}

static int insert_phone(struct store_db *db, const char *id, const struct store_phone *phone)
{
    struct store_query query;
    char mac[AP_MAC_TEXT_MAX];

    store_query_begin(&query, db,
                      "INSERT INTO phone (id, mac, user_id, vendor, model, label, enabled, "
                      "external_id, sip_contact, networks, flat, secrets, created_at) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_text(&query, id);
    store_query_bind_mac(&query, phone->mac, mac);
    store_query_bind_text(&query, phone->user_id);
    store_query_bind_text(&query, phone->vendor);
    store_query_bind_text(&query, phone->model);
    store_query_bind_text(&query, phone->label);
    store_query_bind_number(&query, phone->enabled);
    store_query_bind_text(&query, phone->external_id);
    store_query_bind_text(&query, contact_of(phone));
    bind_access(&query, &phone->access);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    int err = store_query_run(&query);
    return err == AP_ECONFLICT ? AP_ENOENT : err; /* the user is what it refers to */
}

int store_phone_insert_line(struct store_db *db, const char *phone_id,
                            const struct store_line *line)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO line (phone_id, position, account_id) VALUES (?, ?, ?)");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, line->position);
    store_query_bind_text(&query, line->account.id);
    int err = store_query_run(&query);
    return err == AP_ECONFLICT ? AP_ENOENT : err; /* the account is what it refers to */
}

int store_phone_add(struct store_db *db, const struct store_phone *phone,
                    char ret_id[static STORE_ID_TEXT_MAX])
{
    char id[STORE_ID_TEXT_MAX];

    int err = check_lines(phone);
    if (err)
        return err;
    err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    err = insert_phone(db, id, phone);
    if (!err)
        err = store_auth_write(db, id, &phone->access.auth);
    for (size_t i = 0; i < phone->line_count && !err; i++)
        err = store_phone_insert_line(db, id, &phone->lines[i]);
    err = store_change_end(db, err);
    if (!err)
        memcpy(ret_id, id, sizeof(id));
    return err;
}

void store_phone_read(struct store_query *query, struct arena *arena, struct store_phone *ret_phone)
{
    struct store_phone *phone = ret_phone;

    phone->id = store_query_column_text(query, arena);
    store_query_column_mac(query, phone->mac);
    phone->user_id = store_query_column_text(query, arena);
    phone->user_name = store_query_column_text(query, arena);
    phone->vendor = store_query_column_text(query, arena);
    phone->model = store_query_column_text(query, arena);
    phone->label = store_query_column_text(query, arena);
    phone->enabled = store_query_column_number(query) != 0;
    phone->external_id = store_query_column_text(query, arena);
    phone->sip_contact = store_query_column_text(query, arena);
    phone->created_at = store_query_column_number(query);
    phone->last_fetch_at = store_query_column_number(query);
    phone->last_fetch_address = store_query_column_text(query, arena);
    phone->version = (uint64_t)store_query_column_number(query);
    store_access_read(query, arena, &phone->access);
}

static int read_phone(struct store_db *db, struct arena *arena,
                      const uint8_t mac[static AP_MAC_LEN], struct store_phone *phone)
{
    struct store_query query;
    char text[AP_MAC_TEXT_MAX];

    store_query_begin(
        &query, db,
        "SELECT " STORE_PHONE_COLUMNS " "
        "FROM phone p JOIN user u ON u.id = p.user_id WHERE p.mac = ? AND " STORE_VISIBLE("p"));
    store_query_bind_mac(&query, mac, text);
    int err = store_query_step(&query);
    if (!err)
        store_phone_read(&query, arena, phone);
    err = store_query_end(&query, err);
    return err ? err : store_phone_read_lines(db, arena, phone);
}

int store_phone_get(struct store_db *db, struct arena *arena, const uint8_t mac[static AP_MAC_LEN],
                    struct store_phone *ret_phone)
{
    struct store_phone phone = {0};

    bool opened = false;
    int err = store_read_join(db, &opened);
    if (err)
        return err;
    err = read_phone(db, arena, mac, &phone);
    store_read_leave(db, opened);
    if (!err)
        *ret_phone = phone;
    return err;
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    store_phone_read(query, arena, item);
}

int store_phone_list(struct store_db *db, struct arena *arena, const char *user_id,
                     const char *after_mac, uint32_t limit, struct store_phone **ret_phones,
                     size_t *ret_count)
{
    const struct store_phone_filter filter = {
        .user_id = user_id, .after_mac = after_mac, .limit = limit};

    return store_phone_find(db, arena, &filter, ret_phones, ret_count);
}

/* A statement for each filter that an index serves; the others look at the rows found so. */
#define FROM        "phone p JOIN user u ON u.id = p.user_id"
#define FROM_A_SITE "user u CROSS JOIN phone p ON p.user_id = u.id" /* a small part of all */
#define LIST(from, by)                                                                             \
    "SELECT " STORE_PHONE_COLUMNS " FROM " from " "                                                \
    "WHERE " by " AND p.mac > ?1 AND (?3 IS NULL OR p.vendor = ?3) "                               \
    "AND (?4 IS NULL OR p.model = ?4) AND (?5 = 0 OR p.last_fetch_at = 0) "                        \
    "AND (?7 IS NULL OR u.site_id = ?7) "                                                          \
    "AND " STORE_VISIBLE("p") " "                                                                  \
                              "ORDER BY p.mac LIMIT ?6"

int store_phone_find(struct store_db *db, struct arena *arena,
                     const struct store_phone_filter *filter, struct store_phone **ret_phones,
                     size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    if (filter->user_id)
        store_query_begin(&query, db, LIST(FROM, "p.user_id = ?2"));
    else if (filter->site_id)
        store_query_begin(&query, db, LIST(FROM_A_SITE, "u.site_id = ?7"));
    else if (filter->vendor && filter->model)
        store_query_begin(&query, db, LIST(FROM, "p.vendor = ?3 AND p.model = ?4"));
    else if (filter->never_fetched)
        store_query_begin(&query, db, LIST(FROM, "p.last_fetch_at = 0"));
    else
        store_query_begin(&query, db, LIST(FROM, "true"));
    store_query_bind_text(&query, filter->after_mac);
    store_query_bind_text(&query, filter->user_id);
    store_query_bind_text(&query, filter->vendor);
    store_query_bind_text(&query, filter->model);
    store_query_bind_number(&query, filter->never_fetched);
    store_query_bind_number(&query, filter->limit);
    store_query_bind_text(&query, filter->site_id);
    int err = store_query_rows(&query, arena, sizeof(struct store_phone), read_row, &rows);
    if (err)
        return err;
    *ret_phones = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_phone_states(struct store_db *db, struct store_phone_states *ret_states)
{
    struct store_phone_states states = {0};
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT (SELECT count(*) FROM phone), "
                      "(SELECT count(*) FROM phone WHERE enabled = 0), "
                      "(SELECT count(*) FROM phone WHERE last_fetch_at = 0), "
                      "(SELECT count(*) FROM phone WHERE enabled = 0 AND last_fetch_at = 0)");
    int err = store_query_step(&query);
    if (!err) {
        uint64_t all = (uint64_t)store_query_column_number(&query);
        states.disabled = (uint64_t)store_query_column_number(&query);
        states.never_fetched = (uint64_t)store_query_column_number(&query);
        states.never_fetched -= (uint64_t)store_query_column_number(&query);
        states.fetched = all - states.disabled - states.never_fetched;
    }
    err = store_query_end(&query, err);
    if (!err)
        *ret_states = states;
    return err;
}

static int update_phone(struct store_db *db, const struct store_phone *phone)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET vendor = ?, model = ?, label = ?, enabled = ?, "
                      "external_id = ?, sip_contact = ?, networks = ?, flat = ?8, secrets = ?, "
                      "moved_at = iif(?8 IN (flat, '', 'off'), moved_at, 0), version = version + 1 "
                      "WHERE id = ?");
    store_query_bind_text(&query, phone->vendor);
    store_query_bind_text(&query, phone->model);
    store_query_bind_text(&query, phone->label);
    store_query_bind_number(&query, phone->enabled);
    store_query_bind_text(&query, phone->external_id);
    store_query_bind_text(&query, contact_of(phone));
    bind_access(&query, &phone->access);
    store_query_bind_text(&query, phone->id);
    return store_query_run(&query);
}

int store_phone_replace_lines(struct store_db *db, const struct store_phone *phone)
{
    struct store_query query;

    store_query_begin(&query, db, "DELETE FROM line WHERE phone_id = ?");
    store_query_bind_text(&query, phone->id);
    int err = store_query_run(&query);
    for (size_t i = 0; i < phone->line_count && !err; i++)
        err = store_phone_insert_line(db, phone->id, &phone->lines[i]);
    return err;
}

int store_phone_set(struct store_db *db, const struct store_phone *phone, uint64_t if_version)
{
    int err = phone->lines ? check_lines(phone) : 0;
    if (err)
        return err;
    err = store_change_begin(db);
    if (err)
        return err;
    err = store_change_check_version(db, "SELECT version FROM phone WHERE id = ?", phone->id,
                                     if_version);
    if (!err)
        err = update_phone(db, phone);
    if (!err)
        err = store_auth_write(db, phone->id, &phone->access.auth);
    if (!err && phone->lines)
        err = store_phone_replace_lines(db, phone);
    if (!err && phone->access.flat == STORE_FLAT_OFF)
        err = store_bootstrap_end(db, phone->id);
    return store_change_end(db, err);
}

int store_phone_touch(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    store_query_begin(&query, db, "UPDATE phone SET version = version + 1 WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    return store_query_run(&query);
}

int store_phone_mac_of(struct store_db *db, struct arena *arena, const char *phone_id,
                       const char **ret_mac)
{
    struct store_query query;
    const char *mac = NULL;

    store_query_begin(&query, db, "SELECT mac FROM phone WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    int err = store_query_step(&query);
    if (!err)
        mac = store_query_column_text(&query, arena);
    err = store_query_end(&query, err);
    if (!err)
        *ret_mac = mac;
    return err;
}

int store_phone_del(struct store_db *db, const char *phone_id)
{
    struct store_query query;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = store_setting_forget(db, STORE_SCOPE_PHONE, phone_id);
    if (err)
        return store_change_end(db, err);
    store_query_begin(&query, db, "DELETE FROM phone WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    return store_change_end(db, err);
}

static int check_phone_exists(struct store_db *db, const char *phone_id)
{
    struct store_query query;
    store_query_begin(&query, db, "SELECT 1 FROM phone WHERE id = ?");
    store_query_bind_text(&query, phone_id);
    return store_query_end(&query, store_query_step(&query));
}

static int mark_seen(struct store_db *db, const char *phone_id, uint64_t generation,
                     bool *ret_marked)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET seen_generation = ?2, version = version + 1 "
                      "WHERE id = ?1 AND seen_generation < ?2");
    store_query_bind_text(&query, phone_id);
    store_query_bind_number(&query, (int64_t)generation);
    int err = store_query_run(&query);
    *ret_marked = !err && store_query_changes(db) > 0;
    return err ? err : check_phone_exists(db, phone_id);
}

int store_phone_seen_on_folder_token(struct store_db *db, const char *phone_id, uint64_t generation)
{
    bool marked = false;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = mark_seen(db, phone_id, generation, &marked);
    return marked ? store_change_end(db, err) : store_savepoint_end(db, err);
}

int store_phone_use_burnt(struct store_db *db, const char *phone_id, uint64_t generation)
{
    bool marked = false;

    int err = store_change_begin(db);
    if (err)
        return err;
    err = mark_seen(db, phone_id, generation, &marked);
    return store_change_end(db, !err && !marked ? AP_ECONFLICT : err);
}

int store_phone_concerned(struct store_db *db, struct arena *arena, const char *user_id,
                          const char *const **ret_macs, size_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT mac FROM phone WHERE user_id = ?1 UNION "
                      "SELECT p.mac FROM account a JOIN line l ON l.account_id = a.id "
                      "JOIN phone p ON p.id = l.phone_id WHERE a.user_id = ?1 ORDER BY 1");
    store_query_bind_text(&query, user_id);
    return store_query_texts(&query, arena, ret_macs, ret_count);
}
