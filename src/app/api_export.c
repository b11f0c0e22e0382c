/* What an import reads, in an order that it can read: each user with phones, lines and accounts,
 * and last the lines on other users' accounts, when all accounts have been named.
 *
 * A cursor is "u:NAME", the last user of the page, or "l:MAC:POSITION", the last shared line; it is
 * "l::0" when the users are all there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/secret.h"
#include "autoprov/store_import.h"
#include "autoprov/text.h"
#include "import_csv.h"

/* Users of one page; what they have has no bound, but stays far below that of an answer. */
#define PAGE_USERS_MAX 100
#define PAGE_LINES     500
#define LINES_MARK     "l:"
#define USERS_MARK     "u:"

struct export
{
    struct api_call *call;
    struct store_db *db;
    struct arena arena; /* of one user */
    bool secrets;
    uint32_t users; /* of a page at most */
    json_t *items;
};

static bool is_secret(enum import_column column)
{
    return column == IMPORT_TOKEN || column == IMPORT_PASSWORD;
}

/* -- cells ------------------------------------------------------------------------------------- */

/* NULL, "" : the cell stays empty. Errors stay in the row: it is then not taken. */
static int put(json_t *row, enum import_column column, const char *text)
{
    if (!text || !text[0])
        return 0;
    return json_object_set_new(row, import_column_name(column), json_string(text)) == 0 ? 0
                                                                                        : AP_ENOMEM;
}

static int put_number(json_t *row, enum import_column column, uint64_t number)
{
    char text[TEXT_DECIMAL_MAX];

    (void)text_decimal(number, text); /* its length is of no use */
    return put(row, column, text);
}

static int put_user(struct export *export, json_t *row, const struct store_user *user)
{
    struct token token = {.len = 0};
    int err = put(row, IMPORT_USER, user->name);

    if (!err)
        err = put(row, IMPORT_USER_DISPLAY_NAME, user->display_name);
    if (!err)
        err = put(row, IMPORT_USER_EXTERNAL_ID, user->external_id);
    if (!err)
        err = put(row, IMPORT_SITE, user->site_name);
    if (!err && export->secrets)
        err = store_token_get(export->db, &export->arena, user->id, &token);
    if (!err && export->secrets)
        err = put(row, IMPORT_TOKEN, token.text);
    secret_wipe(&token, sizeof(token));
    return err;
}

static int put_account(struct export *export, json_t *row, const struct store_account *account)
{
    const char *password = NULL;
    int err = 0;

    if (export->secrets)
        err = store_account_password(export->db, &export->arena, account->id, &password);
    const struct {
        enum import_column column;
        const char *text;
    } CELLS[] = {
        {IMPORT_SIP_USER, account->sip_user},
        {IMPORT_DOMAIN, account->domain},
        {IMPORT_PASSWORD, password},
        {IMPORT_AUTH_USER, account->auth_user},
        {IMPORT_ACCOUNT_DISPLAY_NAME, account->display_name},
        {IMPORT_REGISTRAR_HOST, account->registrar_host},
        {IMPORT_TRANSPORT, api_transport_name(account->transport)},
        {IMPORT_OUTBOUND_PROXY, account->outbound_proxy},
        {IMPORT_ACCOUNT_EXTERNAL_ID, account->external_id},
    };
    for (size_t i = 0; i < AP_COUNT(CELLS) && !err; i++)
        err = put(row, CELLS[i].column, CELLS[i].text);
    if (!err)
        err = put_number(row, IMPORT_REGISTRAR_PORT, account->registrar_port);
    return err ? err : put_number(row, IMPORT_EXPIRES, account->expires_s);
}

static int put_phone(json_t *row, const struct store_phone *phone)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER, mac);
    int err = put(row, IMPORT_MAC, mac);
    if (!err)
        err = put(row, IMPORT_VENDOR, phone->vendor);
    if (!err)
        err = put(row, IMPORT_MODEL, phone->model);
    if (!err)
        err = put(row, IMPORT_LABEL, phone->label);
    if (!err)
        err = put(row, IMPORT_ENABLED, phone->enabled ? "yes" : "no");
    return err ? err : put(row, IMPORT_PHONE_EXTERNAL_ID, phone->external_id);
}

/* -- rows -------------------------------------------------------------------------------------- */

/* What one row tells; NULL: not of this row. */
struct parts {
    const struct store_user *user;
    const struct store_phone *phone;
    const struct store_account *account;
    uint32_t position; /* 0: none */
};

static int add_row(struct export *export, const struct parts *parts)
{
    json_t *row = json_object();
    int err = row ? put_user(export, row, parts->user) : AP_ENOMEM;

    if (!err && parts->account)
        err = put_account(export, row, parts->account);
    if (!err && parts->phone)
        err = put_phone(row, parts->phone);
    if (!err && parts->position > 0)
        err = put_number(row, IMPORT_LINE, parts->position);
    if (err) {
        json_decref(row);
        return err;
    }
    return json_array_append_new(export->items, row) == 0 ? 0 : AP_ENOMEM;
}

static bool is_line_of(const struct store_phone *phone, const struct store_account *account)
{
    for (size_t i = 0; i < phone->line_count; i++) {
        if (strcmp(phone->lines[i].account.id, account->id) == 0)
            return true;
    }
    return false;
}

static int add_phone(struct export *export, const struct store_user *user,
                     const struct store_phone *phone)
{
    size_t own = 0;
    int err = 0;

    for (size_t i = 0; i < phone->line_count && !err; i++) {
        const struct store_line *line = &phone->lines[i];
        const struct parts parts = {user, phone, &line->account, line->position};
        if (strcmp(line->account.user_id, user->id) != 0)
            continue;
        own++;
        err = add_row(export, &parts);
    }
    if (!err && own == 0)
        err = add_row(export, &(struct parts){.user = user, .phone = phone});
    return err;
}

/* Ids that are made together have no order of their own. */
static int compare_accounts(const void *a, const void *b)
{
    const struct store_account *left = a;
    const struct store_account *right = b;
    int order = strcmp(left->sip_user, right->sip_user);

    return order ? order : strcmp(left->domain, right->domain);
}

/* All phones of the user, with lines, in the order of MACs. */
static int read_phones(struct export *export, const char *user_id, struct store_phone **ret_phones,
                       size_t *ret_count)
{
    struct store_phone *phones = NULL;
    size_t count = 0;
    int err =
        store_phone_list(export->db, &export->arena, user_id, "", UINT32_MAX, &phones, &count);

    for (size_t i = 0; i < count && !err; i++)
        err = store_phone_get(export->db, &export->arena, phones[i].mac, &phones[i]);
    *ret_phones = phones;
    *ret_count = count;
    return err;
}

static int add_user(struct export *export, const struct store_user *user)
{
    struct store_account *accounts = NULL;
    struct store_phone *phones = NULL;
    size_t account_count = 0, phone_count = 0;
    size_t before = json_array_size(export->items);
    int err = read_phones(export, user->id, &phones, &phone_count);

    if (!err)
        err = store_account_list(export->db, &export->arena, user->id, "", UINT32_MAX, &accounts,
                                 &account_count);
    if (!err && account_count > 0)
        qsort(accounts, account_count, sizeof(*accounts), compare_accounts);
    for (size_t i = 0; i < phone_count && !err; i++)
        err = add_phone(export, user, &phones[i]);
    for (size_t i = 0; i < account_count && !err; i++) {
        bool named = false;
        for (size_t j = 0; j < phone_count && !named; j++)
            named = is_line_of(&phones[j], &accounts[i]);
        if (!named)
            err = add_row(export, &(struct parts){.user = user, .account = &accounts[i]});
    }
    if (!err && json_array_size(export->items) == before)
        err = add_row(export, &(struct parts){.user = user});
    return err;
}

/* The phone has been told: what names it is enough, and the account in full. */
static int add_shared_line(struct export *export, const struct store_shared_line *line)
{
    char mac[AP_MAC_TEXT_MAX];
    json_t *row = json_object();
    int err = row ? put(row, IMPORT_USER, line->user_name) : AP_ENOMEM;

    mac_format(line->mac, MAC_FORM_LOWER, mac);
    if (!err)
        err = put(row, IMPORT_ACCOUNT_USER, line->account.user_name);
    if (!err)
        err = put_account(export, row, &line->account);
    if (!err)
        err = put(row, IMPORT_MAC, mac);
    if (!err)
        err = put_number(row, IMPORT_LINE, line->position);
    if (err) {
        json_decref(row);
        return err;
    }
    return json_array_append_new(export->items, row) == 0 ? 0 : AP_ENOMEM;
}

/* -- pages ------------------------------------------------------------------------------------- */

static int export_users(struct export *export, const char *after, const char **ret_next)
{
    struct store_user *users = NULL;
    size_t count = 0;
    int err = store_user_list(export->db, &export->call->arena, NULL, after, export->users, &users,
                              &count);

    for (size_t i = 0; i < count && !err; i++) {
        err = add_user(export, &users[i]);
        arena_reset(&export->arena);
    }
    if (err)
        return err;
    *ret_next = count < export->users
                    ? LINES_MARK ":0"
                    : api_text(export->call, USERS_MARK "%s", users[count - 1].name);
    return *ret_next ? 0 : AP_ENOMEM;
}

static int export_lines(struct export *export, const char *after, const char **ret_next)
{
    const char *colon = strchr(after, ':');
    struct store_shared_line *lines = NULL;
    char mac[AP_MAC_TEXT_MAX];
    uint64_t position;
    size_t count = 0;

    if (!colon || colon - after >= AP_MAC_TEXT_MAX ||
        text_parse_u64(colon + 1, strlen(colon + 1), 0, AP_LINES_PER_PHONE_MAX, &position) != 0)
        return api_problem(export->call, AP_EINVAL, NULL, "this is no cursor of an export");
    memcpy(mac, after, (size_t)(colon - after));
    mac[colon - after] = '\0';
    int err = store_shared_line_list(export->db, &export->call->arena, mac, (uint32_t)position,
                                     PAGE_LINES, &lines, &count);
    for (size_t i = 0; i < count && !err; i++) {
        err = add_shared_line(export, &lines[i]);
        arena_reset(&export->arena);
    }
    *ret_next = NULL;
    if (err || count < PAGE_LINES)
        return err;
    mac_format(lines[count - 1].mac, MAC_FORM_LOWER, mac);
    *ret_next =
        api_text(export->call, LINES_MARK "%s:%u", mac, (unsigned)lines[count - 1].position);
    return *ret_next ? 0 : AP_ENOMEM;
}

static json_t *columns_json(bool secrets)
{
    json_t *columns = json_array();

    for (int i = 0; columns && i < IMPORT_COLUMN_COUNT; i++) {
        if (is_secret((enum import_column)i) && !secrets)
            continue;
        if (json_array_append_new(columns,
                                  json_string(import_column_name((enum import_column)i))) != 0) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

static int export_page(struct api_call *call, struct store_db *db, bool secrets)
{
    struct export export = {.call = call, .db = db, .secrets = secrets, .items = json_array()};
    const char *next = NULL, *after;
    uint32_t limit;
    int err = api_query_page(call, &limit, &after);

    if (err) {
        json_decref(export.items);
        return err;
    }
    export.users = limit < PAGE_USERS_MAX ? limit : PAGE_USERS_MAX;
    arena_init(&export.arena, AP_ADMIN_ANSWER_MAX_BYTES);
    after = after[0] ? after : USERS_MARK;
    if (strncmp(after, USERS_MARK, 2) == 0)
        err = export_users(&export, after + 2, &next);
    else if (strncmp(after, LINES_MARK, 2) == 0)
        err = export_lines(&export, after + 2, &next);
    else
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of an export");
    arena_done(&export.arena);
    if (err) {
        json_decref(export.items);
        return err;
    }
    return api_result(call, 200,
                      json_pack("{s:o, s:o, s:s?}", "columns", columns_json(secrets), "items",
                                export.items, "next", next));
}

int api_export(struct api_call *call, struct store_db *db)
{
    return export_page(call, db, false);
}

int api_export_secrets(struct api_call *call, struct store_db *db)
{
    const char *after = api_query(call, "after");
    int err = export_page(call, db, true);

    return err ? err
               : api_audit(call, db, after ? api_object_name(call, after) : "all", "secrets=yes");
}
