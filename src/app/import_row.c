/* Cells by themselves: types, ranges, and what cannot stand without what. Must not know the store.
 */
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "import_private.h"

int import_tell(struct import_run *run, uint64_t line, const char *column, const char *fmt, ...)
{
    char text[AP_IMPORT_PROBLEM_MAX_BYTES];
    va_list args;

    int len = snprintf(text, sizeof(text), "%llu: %s: ", (unsigned long long)line, column);
    size_t used = len > 0 ? (size_t)len : 0; /* a number and a column's name */
    va_start(args, fmt);
    len = vsnprintf(text + used, sizeof(text) - used - 1, fmt, args); /* may be cut */
    va_end(args);
    used += len > 0 ? (size_t)len : 0;
    used = used < sizeof(text) - 2 ? used : sizeof(text) - 2;
    for (size_t i = 0; i < used; i++)
        text[i] = text[i] == '\n' ? ' ' : text[i];
    text[used++] = '\n';
    run->problem_count++;
    return import_file_append(run->problems, text, used);
}

bool import_row_has(const struct import_row *row, enum import_column column)
{
    return row->cells->cells[column].text != NULL;
}

bool import_row_given(const struct import_row *row, enum import_column column)
{
    return row->cells->cells[column].len > 0;
}

const char *import_row_text(const struct import_row *row, enum import_column column)
{
    return import_row_has(row, column) ? row->cells->cells[column].text : "";
}

/* -- single cells ------------------------------------------------------------------------------ */

enum part { PART_USER, PART_ACCOUNT, PART_PHONE };

static const struct {
    enum part part;
    enum api_field_type type;
    uint32_t min, max; /* of numbers */
} COLUMNS[IMPORT_COLUMN_COUNT] = {
    [IMPORT_USER] = {PART_USER, API_FIELD_NAME, 0, 0},
    [IMPORT_USER_DISPLAY_NAME] = {PART_USER, API_FIELD_TEXT, 0, 0},
    [IMPORT_USER_EXTERNAL_ID] = {PART_USER, API_FIELD_NAME, 0, 0},
    [IMPORT_SITE] = {PART_USER, API_FIELD_NAME, 0, 0},
    [IMPORT_TOKEN] = {PART_USER, API_FIELD_RAW, 0, 0},
    [IMPORT_ACCOUNT_USER] = {PART_ACCOUNT, API_FIELD_NAME, 0, 0},
    [IMPORT_SIP_USER] = {PART_ACCOUNT, API_FIELD_SIP_USER, 0, 0},
    [IMPORT_DOMAIN] = {PART_ACCOUNT, API_FIELD_DOMAIN, 0, 0},
    [IMPORT_PASSWORD] = {PART_ACCOUNT, API_FIELD_PASSWORD, 0, 0},
    [IMPORT_AUTH_USER] = {PART_ACCOUNT, API_FIELD_SIP_USER, 0, 0},
    [IMPORT_ACCOUNT_DISPLAY_NAME] = {PART_ACCOUNT, API_FIELD_TEXT, 0, 0},
    [IMPORT_REGISTRAR_HOST] = {PART_ACCOUNT, API_FIELD_HOST, 0, 0},
    [IMPORT_REGISTRAR_PORT] = {PART_ACCOUNT, API_FIELD_NUMBER, 0, 65535},
    [IMPORT_TRANSPORT] = {PART_ACCOUNT, API_FIELD_RAW, 0, 0},
    [IMPORT_OUTBOUND_PROXY] = {PART_ACCOUNT, API_FIELD_PROXY, 0, 0},
    [IMPORT_EXPIRES] = {PART_ACCOUNT, API_FIELD_NUMBER, 60, 86400},
    [IMPORT_ACCOUNT_EXTERNAL_ID] = {PART_ACCOUNT, API_FIELD_NAME, 0, 0},
    [IMPORT_MAC] = {PART_PHONE, API_FIELD_RAW, 0, 0},
    [IMPORT_VENDOR] = {PART_PHONE, API_FIELD_NAME, 0, 0},
    [IMPORT_MODEL] = {PART_PHONE, API_FIELD_NAME, 0, 0},
    [IMPORT_LABEL] = {PART_PHONE, API_FIELD_TEXT, 0, 0},
    [IMPORT_ENABLED] = {PART_PHONE, API_FIELD_BOOL, 0, 0},
    [IMPORT_PHONE_EXTERNAL_ID] = {PART_PHONE, API_FIELD_NAME, 0, 0},
    [IMPORT_LINE] = {PART_PHONE, API_FIELD_NUMBER, 1, AP_LINES_PER_PHONE_MAX},
};

static int parse_bool(const char *text, bool *ret_value)
{
    static const char *const WORDS[] = {"no", "yes", "false", "true", "0", "1"};

    for (size_t i = 0; i < AP_COUNT(WORDS); i++) {
        if (strcmp(text, WORDS[i]) == 0) {
            *ret_value = i % 2 == 1;
            return 0;
        }
    }
    return AP_EINVAL;
}

/* Of a cell that read_cell() took. */
static uint64_t number_of(const struct import_row *row, enum import_column column)
{
    const struct import_cell *cell = &row->cells->cells[column];
    uint64_t number = 0;

    return text_parse_u64(cell->text, cell->len, 0, UINT32_MAX, &number) == 0 ? number : 0;
}

static int read_cell(struct import_run *run, struct import_row *row, enum import_column column)
{
    const struct import_cell *cell = &row->cells->cells[column];
    enum api_field_type type = COLUMNS[column].type;
    uint64_t number;
    bool yes;

    if (type == API_FIELD_NUMBER) {
        if (text_parse_u64(cell->text, cell->len, COLUMNS[column].min, COLUMNS[column].max,
                           &number) == 0)
            return 0;
        return import_refuse(run, row, column, "a number from %u to %u",
                             (unsigned)COLUMNS[column].min, (unsigned)COLUMNS[column].max);
    }
    if (type == API_FIELD_BOOL)
        return parse_bool(cell->text, &yes) == 0
                   ? 0
                   : import_refuse(run, row, column, "yes or no, true or false, 1 or 0");
    return api_check_text(type, cell->text, cell->len) == 0
               ? 0
               : import_refuse(run, row, column, "%s", api_rule_of(type));
}

/* Those whose type is their own. */
static int read_special(struct import_run *run, struct import_row *row)
{
    const struct import_cell *cells = row->cells->cells;
    enum store_transport transport;
    int err = 0;

    if (cells[IMPORT_TOKEN].len > 0 &&
        token_parse(cells[IMPORT_TOKEN].text, cells[IMPORT_TOKEN].len, &row->token) != 0)
        err = import_refuse(run, row, IMPORT_TOKEN, "%d to %d letters, digits, '_' and '-'",
                            TOKEN_MIN_LEN, TOKEN_MAX_LEN);
    if (!err && cells[IMPORT_TRANSPORT].len > 0 &&
        api_parse_transport(cells[IMPORT_TRANSPORT].text, &transport) != 0)
        err = import_refuse(run, row, IMPORT_TRANSPORT, "udp, tcp or tls");
    if (!err && cells[IMPORT_MAC].len > 0) {
        int mac_err = mac_parse(cells[IMPORT_MAC].text, cells[IMPORT_MAC].len, row->mac);
        if (mac_err)
            err = import_refuse(run, row, IMPORT_MAC,
                                mac_err == AP_EINVAL
                                    ? "this is the MAC of no phone: a multicast address, or all "
                                      "zero"
                                    : "no MAC: 12 hex digits, bare or in pairs with : - or .");
    }
    return err;
}

/* What is named by two or three cells needs all of them. */
static int check_parts(struct import_run *run, struct import_row *row)
{
    bool given[3] = {false};
    int err = 0;

    for (size_t i = 0; i < IMPORT_COLUMN_COUNT; i++)
        given[COLUMNS[i].part] =
            given[COLUMNS[i].part] || import_row_given(row, (enum import_column)i);
    row->has_account = given[PART_ACCOUNT];
    row->has_phone = given[PART_PHONE];
    if (!import_row_given(row, IMPORT_USER))
        err = import_refuse(run, row, IMPORT_USER, "this cell is empty: each row names its user");
    if (!err && row->has_account && !import_row_given(row, IMPORT_SIP_USER))
        err = import_refuse(run, row, IMPORT_SIP_USER, "missing: the row has cells of an account");
    if (!err && row->has_account && !import_row_given(row, IMPORT_DOMAIN))
        err = import_refuse(run, row, IMPORT_DOMAIN, "missing: the row has cells of an account");
    if (!err && row->has_phone && !import_row_given(row, IMPORT_MAC))
        err = import_refuse(run, row, IMPORT_MAC, "missing: the row has cells of a phone");
    if (!err && import_row_given(row, IMPORT_LINE) && !row->has_account)
        err = import_refuse(run, row, IMPORT_LINE, "a line needs an account");
    return err;
}

int import_row_read(struct import_run *run, const struct import_cells *cells,
                    struct import_row *ret_row)
{
    struct import_row row = {.cells = cells};
    int err = 0;

    for (int i = 0; i < IMPORT_COLUMN_COUNT && !err; i++) {
        if (cells->cells[i].len > 0)
            err = read_cell(run, &row, (enum import_column)i);
    }
    if (!err)
        err = read_special(run, &row);
    if (!err)
        err = check_parts(run, &row);
    if (!err && !row.failed && import_row_given(&row, IMPORT_LINE))
        row.position = (uint32_t)number_of(&row, IMPORT_LINE);
    *ret_row = row;
    secret_wipe(&row, sizeof(row));
    return err;
}

/* -- cells over values ------------------------------------------------------------------------- */

/* An empty cell is an empty value. */
static void lay(const struct import_row *row, enum import_column column, const char **value)
{
    if (import_row_has(row, column))
        *value = row->cells->cells[column].text;
}

/* An empty external id is none. */
static void lay_id(const struct import_row *row, enum import_column column, const char **value)
{
    if (import_row_has(row, column))
        *value = import_row_given(row, column) ? row->cells->cells[column].text : NULL;
}

struct store_user import_new_user(void)
{
    return (struct store_user){.display_name = ""};
}

void import_row_user(const struct import_row *row, struct store_user *user)
{
    lay(row, IMPORT_USER, &user->name);
    lay(row, IMPORT_USER_DISPLAY_NAME, &user->display_name);
    lay_id(row, IMPORT_USER_EXTERNAL_ID, &user->external_id);
}

struct store_account import_new_account(void)
{
    return (struct store_account){.auth_user = "",
                                  .display_name = "",
                                  .registrar_host = "",
                                  .outbound_proxy = "",
                                  .expires_s = API_DEFAULT_EXPIRES_S};
}

void import_row_account(const struct import_row *row, struct store_account *account)
{
    lay(row, IMPORT_SIP_USER, &account->sip_user);
    lay(row, IMPORT_DOMAIN, &account->domain);
    lay(row, IMPORT_AUTH_USER, &account->auth_user);
    lay(row, IMPORT_ACCOUNT_DISPLAY_NAME, &account->display_name);
    lay(row, IMPORT_REGISTRAR_HOST, &account->registrar_host);
    lay(row, IMPORT_OUTBOUND_PROXY, &account->outbound_proxy);
    lay_id(row, IMPORT_ACCOUNT_EXTERNAL_ID, &account->external_id);
    if (import_row_given(row, IMPORT_REGISTRAR_PORT))
        account->registrar_port = (uint16_t)number_of(row, IMPORT_REGISTRAR_PORT);
    if (import_row_given(row, IMPORT_EXPIRES))
        account->expires_s = (uint32_t)number_of(row, IMPORT_EXPIRES);
    enum store_transport transport;
    if (import_row_given(row, IMPORT_TRANSPORT) &&
        api_parse_transport(import_row_text(row, IMPORT_TRANSPORT), &transport) == 0)
        account->transport = transport;
    account->password =
        import_row_given(row, IMPORT_PASSWORD) ? import_row_text(row, IMPORT_PASSWORD) : NULL;
}

struct store_phone import_new_phone(void)
{
    return (struct store_phone){
        .vendor = "generic", .model = "", .label = "", .enabled = true, .last_fetch_address = ""};
}

void import_row_phone(const struct import_row *row, struct store_phone *phone, bool *ret_settle)
{
    const char *vendor = phone->vendor;
    const char *model = phone->model;

    memcpy(phone->mac, row->mac, sizeof(phone->mac));
    /* A model belongs to its vendor: another vendor begins without one. */
    if (import_row_given(row, IMPORT_VENDOR) &&
        strcmp(vendor, import_row_text(row, IMPORT_VENDOR)) != 0) {
        phone->vendor = import_row_text(row, IMPORT_VENDOR);
        phone->model = "";
    }
    lay(row, IMPORT_MODEL, &phone->model);
    lay(row, IMPORT_LABEL, &phone->label);
    lay_id(row, IMPORT_PHONE_EXTERNAL_ID, &phone->external_id);
    bool enabled;
    if (import_row_given(row, IMPORT_ENABLED) &&
        parse_bool(import_row_text(row, IMPORT_ENABLED), &enabled) == 0)
        phone->enabled = enabled;
    *ret_settle = strcmp(vendor, phone->vendor) != 0 || strcmp(model, phone->model) != 0;
}

/* -- what a row names -------------------------------------------------------------------------- */

const enum import_column *import_values_of(enum import_kind kind, size_t *ret_count)
{
    static const enum import_column USER[] = {IMPORT_USER_DISPLAY_NAME, IMPORT_USER_EXTERNAL_ID,
                                              IMPORT_SITE, IMPORT_TOKEN};
    static const enum import_column ACCOUNT[] = {
        IMPORT_PASSWORD,       IMPORT_AUTH_USER,      IMPORT_ACCOUNT_DISPLAY_NAME,
        IMPORT_REGISTRAR_HOST, IMPORT_REGISTRAR_PORT, IMPORT_TRANSPORT,
        IMPORT_OUTBOUND_PROXY, IMPORT_EXPIRES,        IMPORT_ACCOUNT_EXTERNAL_ID};
    static const enum import_column PHONE[] = {IMPORT_VENDOR, IMPORT_MODEL, IMPORT_LABEL,
                                               IMPORT_ENABLED, IMPORT_PHONE_EXTERNAL_ID};
    static const struct {
        const enum import_column *columns;
        size_t count;
    } KINDS[IMPORT_KIND_COUNT] = {
        [IMPORT_OF_USER] = {USER, AP_COUNT(USER)},
        [IMPORT_OF_ACCOUNT] = {ACCOUNT, AP_COUNT(ACCOUNT)},
        [IMPORT_OF_PHONE] = {PHONE, AP_COUNT(PHONE)},
    };
    _Static_assert(AP_COUNT(ACCOUNT) <= IMPORT_VALUES_MAX, "room in every entity");

    *ret_count = KINDS[kind].count;
    return KINDS[kind].columns;
}

uint64_t import_key_of_user(const struct import_run *run, const char *name)
{
    return import_plan_hash(run->plan, IMPORT_USER, name, strlen(name));
}

uint64_t import_key_of_account(const struct import_run *run, const struct import_row *row)
{
    const struct import_cell *user = &row->cells->cells[IMPORT_SIP_USER];
    const struct import_cell *domain = &row->cells->cells[IMPORT_DOMAIN];
    char address[AP_NAME_MAX_BYTES + AP_HOST_MAX_BYTES + 2];

    /* Both were measured when they were read. */
    int len = snprintf(address, sizeof(address), "%s@%s", user->text, domain->text);
    return import_plan_hash(run->plan, IMPORT_SIP_USER, address, len > 0 ? (size_t)len : 0);
}

uint64_t import_key_of_phone(const struct import_run *run, const struct import_row *row)
{
    return import_plan_hash(run->plan, IMPORT_MAC, (const char *)row->mac, sizeof(row->mac));
}
