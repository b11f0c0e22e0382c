/* The first reading: what each row names is looked at once, against the rows before it and against
 * the store; what is wrong is told, and the next row read. Nothing is written. */
#include <stdlib.h>
#include <string.h>

#include "import_private.h"

/* -- what the checks of users, accounts and phones share --------------------------------------- */

int import_claim(struct import_run *run, struct import_row *row, enum import_column column,
                 uint32_t number)
{
    const struct import_cell *cell = &row->cells->cells[column];
    uint32_t owner = number;

    if (cell->len == 0)
        return 0;
    int err = import_plan_claim(
        run->plan, import_plan_hash(run->plan, column, cell->text, cell->len), number, &owner);
    if (!err && owner != number)
        err = import_refuse(run, row, column, "a row above has this for another");
    return err;
}

int import_compare(struct import_run *run, struct import_row *row,
                   const struct import_value *values, size_t count, bool *ret_changed)
{
    bool changed = false;
    int err = 0;

    for (size_t i = 0; i < count && !err && !row->failed; i++) {
        if (!values[i].differs)
            continue;
        changed = true;
        err = run->update
                  ? import_note_field(run, &values[i])
                  : import_refuse(run, row, values[i].column,
                                  "it is there already, with another value; --update changes it");
    }
    *ret_changed = changed;
    return err;
}

int import_add_change(struct import_run *run, struct import_entity *entity,
                      struct store_import_change **ret_change)
{
    if (entity->change > 0) {
        *ret_change = &run->changes[entity->change - 1];
        return 0;
    }
    if (run->change_count == AP_IMPORT_CHANGES_MAX)
        return ap_error_set(&run->call->problem, AP_ERANGE,
                            "more than %d rows would change; cut the file in parts",
                            AP_IMPORT_CHANGES_MAX);
    if (run->change_count == run->change_room) {
        size_t wanted = run->change_room ? run->change_room * 2 : 64;
        struct store_import_change *changes = realloc(run->changes, wanted * sizeof(*changes));
        if (!changes)
            return AP_ENOMEM;
        run->changes = changes;
        run->change_room = wanted;
    }
    *ret_change = &run->changes[run->change_count++];
    memset(*ret_change, 0, sizeof(**ret_change));
    entity->change = (uint32_t)run->change_count;
    return 0;
}

bool import_is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

const char *import_keep(struct import_run *run, const char *text, bool *failed)
{
    const char *copy = text ? arena_strdup(&run->kept, text) : NULL;

    *failed = *failed || (text && !copy);
    return copy;
}

int import_find_site(struct import_run *run, struct import_row *row, const char **ret_id)
{
    const char *name = import_row_text(row, IMPORT_SITE);
    struct store_site site;

    *ret_id = NULL;
    if (!name[0])
        return 0;
    if (strcmp(run->site, name) != 0) {
        int err = store_site_get(run->db, &run->arena, name, &site);
        if (err == AP_ENOENT)
            return import_refuse(run, row, IMPORT_SITE,
                                 "there is no such site; add it with 'autoprovctl site add'");
        if (err)
            return err;
        memcpy(run->site, name, strlen(name) + 1); /* measured when the row was read */
        memcpy(run->site_id, site.id, sizeof(run->site_id));
    }
    *ret_id = run->site_id;
    return 0;
}

/* -- again ------------------------------------------------------------------------------------- */

static void note_values(const struct import_run *run, const struct import_row *row,
                        enum import_kind kind, struct import_entity *entity)
{
    size_t count;
    const enum import_column *columns = import_values_of(kind, &count);

    for (size_t i = 0; i < count; i++) {
        const struct import_cell *cell = &row->cells->cells[columns[i]];
        if (cell->text)
            entity->values[i] =
                (uint32_t)import_plan_hash(run->plan, columns[i], cell->text, cell->len);
    }
}

/* Users and phones may be named by later rows with the rest left empty. An account has to be whole:
 * its values are checked against the phone of each row. */
static int compare_values(struct import_run *run, struct import_row *row, enum import_kind kind,
                          const struct import_entity *entity)
{
    size_t count;
    const enum import_column *columns = import_values_of(kind, &count);
    int err = 0;

    for (size_t i = 0; i < count && !err; i++) {
        const struct import_cell *cell = &row->cells->cells[columns[i]];
        if (!cell->text || (cell->len == 0 && kind != IMPORT_OF_ACCOUNT))
            continue;
        if (entity->values[i] !=
            (uint32_t)import_plan_hash(run->plan, columns[i], cell->text, cell->len))
            err = import_refuse(run, row, columns[i], "line %u has another value for this %s",
                                (unsigned)entity->line,
                                kind == IMPORT_OF_USER      ? "user"
                                : kind == IMPORT_OF_ACCOUNT ? "account"
                                                            : "phone");
    }
    return err;
}

/* -- one row ----------------------------------------------------------------------------------- */

typedef int (*check_fn)(struct import_run *run, struct import_row *row,
                        struct import_entity *entity, uint32_t number);

struct named {
    struct import_entity *entity;
    uint32_t number;
    bool first; /* its first row */
};

static int look_at(struct import_run *run, struct import_row *row, enum import_kind kind,
                   uint64_t key, struct named *ret_named)
{
    static const check_fn CHECKS[IMPORT_KIND_COUNT] = {
        [IMPORT_OF_USER] = import_check_user,
        [IMPORT_OF_ACCOUNT] = import_check_account,
        [IMPORT_OF_PHONE] = import_check_phone,
    };
    struct named named;
    int err = import_plan_name(run->plan, kind, key, &named.entity, &named.number);

    if (err)
        return err;
    named.first = named.entity->state == IMPORT_NAMED || named.entity->state == IMPORT_OWNER;
    if (named.first) {
        bool failed = row->failed;
        named.entity->line = (uint32_t)row->cells->line;
        named.entity->state = IMPORT_BAD;
        row->failed = false;
        note_values(run, row, kind, named.entity);
        import_note_begin(run);
        err = CHECKS[kind](run, row, named.entity, named.number);
        /* What it refers to may have grown the table. */
        named.entity = import_plan_at(run->plan, kind, named.number);
        if (row->failed)
            named.entity->state = IMPORT_BAD;
        else if (!err)
            err = import_note(run, row, kind, (enum import_state)named.entity->state);
        row->failed = row->failed || failed;
    } else if (named.entity->state != IMPORT_BAD) {
        err = compare_values(run, row, kind, named.entity);
    }
    *ret_named = named;
    return err;
}

/* The account's owner, when it is not the row's user. */
static int look_at_owner(struct import_run *run, struct import_row *row, uint32_t user,
                         uint32_t *ret_owner)
{
    const char *name = import_row_text(row, IMPORT_ACCOUNT_USER);
    uint64_t key = import_key_of_user(run, name);
    struct import_entity *owner;
    struct store_user found;

    *ret_owner = user;
    if (!name[0] || import_plan_find(run->plan, IMPORT_OF_USER, key, ret_owner))
        return 0;
    int err = store_user_by_name(run->db, &run->arena, name, &found);
    if (err == AP_ENOENT)
        return import_refuse(run, row, IMPORT_ACCOUNT_USER,
                             "there is no such user, nor does a row above name it");
    if (!err)
        err = import_plan_name(run->plan, IMPORT_OF_USER, key, &owner, ret_owner);
    if (!err) {
        owner->state = IMPORT_OWNER;
        import_plan_set_id(owner, found.id);
    }
    return err;
}

uint32_t import_next_position(const struct import_row *row, const struct import_entity *phone)
{
    if (row->position > 0)
        return row->position;
    for (uint32_t last = AP_LINES_PER_PHONE_MAX; last > 0; last--) {
        if (phone->positions & UINT64_C(1) << (last - 1))
            return last + 1;
    }
    return 1;
}

static int settle_position(struct import_run *run, struct import_row *row,
                           struct import_entity *phone, uint32_t *ret_position)
{
    uint32_t position = import_next_position(row, phone);

    if (position > AP_LINES_PER_PHONE_MAX)
        return import_refuse(run, row, IMPORT_LINE, "a phone has at most %d lines",
                             AP_LINES_PER_PHONE_MAX);
    if (phone->positions & UINT64_C(1) << (position - 1))
        return import_refuse(run, row, IMPORT_LINE, "a row above has this line of the phone");
    phone->positions |= UINT64_C(1) << (position - 1);
    *ret_position = position;
    return 0;
}

/* What the lines of a phone are, whatever their order in the text. */
uint64_t import_line_digest(const struct import_run *run, uint32_t position, const char *account_id)
{
    return import_plan_hash(run->plan, IMPORT_COLUMN_COUNT + position, account_id,
                            strlen(account_id));
}

static int add_line(struct import_run *run, struct import_row *row, const struct named *phone,
                    const struct named *account)
{
    struct import_line line = {.phone = phone->number, .account = account->number};
    const uint32_t pair[] = {phone->number, account->number};
    char id[STORE_ID_TEXT_MAX];
    uint32_t owner = 0;
    int err = import_plan_claim(
        run->plan, import_plan_hash(run->plan, IMPORT_LINE, (const char *)pair, sizeof(pair)),
        (uint32_t)row->cells->line, &owner);

    if (!err && owner != row->cells->line && row->position == 0)
        return import_refuse(run, row, IMPORT_SIP_USER,
                             "line %u puts this account on the phone already; for two lines with "
                             "it give their numbers",
                             (unsigned)owner);
    if (!err)
        err = settle_position(run, row, phone->entity, &line.position);
    if (err || row->failed)
        return err;
    import_plan_id(account->entity, id);
    phone->entity->wanted_lines += import_line_digest(run, line.position, id);
    err = import_plan_add_line(run->plan, &line);
    if (!err)
        err = import_check_line(run, row, phone->entity, account->entity);
    if (err || row->failed)
        return err;
    return import_note_line(run, row, phone->entity, account->entity, line.position);
}

/* A row that says nothing new is a row too many. */
static int refuse_again(struct import_run *run, struct import_row *row, enum import_column column,
                        const struct named *named)
{
    return import_refuse(run, row, column, "line %u names it already",
                         (unsigned)named->entity->line);
}

/* An account or a phone: whose it is stands in its entity before it is looked at. */
static int look_at_owned(struct import_run *run, struct import_row *row, enum import_kind kind,
                         uint32_t owner, struct named *ret_named)
{
    bool is_account = kind == IMPORT_OF_ACCOUNT;
    uint64_t key = is_account ? import_key_of_account(run, row) : import_key_of_phone(run, row);
    struct import_entity *entity;
    uint32_t number;
    int err = import_plan_name(run->plan, kind, key, &entity, &number);

    if (err)
        return err;
    if (entity->state == IMPORT_NAMED)
        entity->owner = owner;
    else if (entity->owner != owner)
        return import_refuse(run, row, is_account ? IMPORT_ACCOUNT_USER : IMPORT_USER,
                             "line %u has this %s for another user", (unsigned)entity->line,
                             is_account ? "account" : "phone");
    return look_at(run, row, kind, key, ret_named);
}

static int check_parts(struct import_run *run, struct import_row *row)
{
    struct named user, account = {.entity = NULL}, phone = {.entity = NULL};
    uint32_t owner = 0;
    int err = look_at(run, row, IMPORT_OF_USER,
                      import_key_of_user(run, import_row_text(row, IMPORT_USER)), &user);

    if (!err && row->has_account)
        err = look_at_owner(run, row, user.number, &owner);
    if (!err && row->has_account && !row->failed)
        err = look_at_owned(run, row, IMPORT_OF_ACCOUNT, owner, &account);
    if (!err && row->has_phone && !row->failed)
        err = look_at_owned(run, row, IMPORT_OF_PHONE, user.number, &phone);
    if (err || row->failed)
        return err;
    if (phone.entity && account.entity)
        return add_line(run, row, &phone, &account);
    if (phone.entity && !phone.first)
        return refuse_again(run, row, IMPORT_MAC, &phone);
    if (!phone.entity && account.entity && !account.first)
        return refuse_again(run, row, IMPORT_SIP_USER, &account);
    if (!phone.entity && !account.entity && !user.first)
        return refuse_again(run, row, IMPORT_USER, &user);
    return 0;
}

int import_check_row(struct import_run *run, const struct import_cells *cells)
{
    struct import_row row = {.cells = cells};
    int err = 0;

    if (++run->rows > AP_IMPORT_ROWS_MAX)
        return ap_error_set(&run->call->problem, AP_ERANGE,
                            "more than %d rows; cut the file in parts", AP_IMPORT_ROWS_MAX);
    err = import_row_read(run, cells, &row);
    if (!err && !row.failed)
        err = check_parts(run, &row);
    secret_wipe(&row, sizeof(row));
    arena_reset(&run->arena);
    arena_reset(&run->call->arena);
    return err;
}
