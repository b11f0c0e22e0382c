/* The second reading: what is new becomes ready rows, sealed here, off the writer. Only of a text
 * without a problem. */
#include <string.h>

#include "import_private.h"

static int add_row(struct import_batch *batch, enum store_import_kind kind,
                   struct store_import_row **ret_row)
{
    if (batch->count == batch->room)
        return AP_ERANGE; /* room is for all that AP_IMPORT_BATCH_ROWS lines can name */
    struct store_import_row *row = &batch->rows[batch->count++];
    memset(row, 0, sizeof(*row));
    row->kind = kind;
    *ret_row = row;
    return 0;
}

static const char *keep(struct import_batch *batch, const char *text, bool *failed)
{
    const char *copy = text ? arena_strdup(&batch->arena, text) : NULL;

    *failed = *failed || (text && !copy);
    return copy;
}

static const char *keep_id(struct import_batch *batch, const struct import_entity *entity,
                           bool *failed)
{
    char id[STORE_ID_TEXT_MAX];

    import_plan_id(entity, id);
    return keep(batch, id, failed);
}

static int stage_user(struct import_run *run, struct import_row *row, uint32_t number,
                      struct import_batch *batch)
{
    struct store_user user = import_new_user();
    struct store_import_row *ready;
    const char *site_id;
    bool failed = false;
    int err = import_find_site(run, row, &site_id);

    if (!err && (row->failed || run->token_count == AP_IMPORT_TOKENS_MAX))
        err = AP_ECONFLICT; /* the site has gone since the first reading */
    if (!err && row->token.len == 0)
        err = token_make(&row->token);
    if (!err)
        err = add_row(batch, STORE_IMPORT_USER, &ready);
    if (!err)
        err = store_import_seal_token(run->db, &row->token, &run->tokens[run->token_count].token);
    if (err)
        return err;
    run->tokens[run->token_count++].user = number;
    import_row_user(row, &user);
    ready->user.id = keep_id(batch, import_plan_at(run->plan, IMPORT_OF_USER, number), &failed);
    ready->user.name = keep(batch, user.name, &failed);
    ready->user.display_name = keep(batch, user.display_name, &failed);
    ready->user.external_id = keep(batch, user.external_id, &failed);
    ready->user.site_id = keep(batch, site_id, &failed);
    return failed ? AP_ENOMEM : 0;
}

int import_stage_tokens(struct import_run *run, size_t *next, struct import_batch *batch)
{
    struct store_import_row *ready;
    bool failed = false;
    int err = 0;

    while (!err && !failed && *next < run->token_count && batch->count < batch->room) {
        const struct import_token *token = &run->tokens[(*next)++];
        err = add_row(batch, STORE_IMPORT_TOKEN, &ready);
        if (err)
            break;
        ready->token.token = &token->token;
        ready->token.user_id =
            keep_id(batch, import_plan_at(run->plan, IMPORT_OF_USER, token->user), &failed);
    }
    return failed ? AP_ENOMEM : err;
}

static int stage_account(struct import_run *run, struct import_row *row,
                         const struct import_entity *entity, struct import_batch *batch)
{
    struct store_account account = import_new_account();
    struct store_import_row *ready;
    bool failed = false;
    int err = add_row(batch, STORE_IMPORT_ACCOUNT, &ready);

    if (err)
        return err;
    import_row_account(row, &account);
    ready->account = account;
    ready->account.id = keep_id(batch, entity, &failed);
    ready->account.user_id =
        keep_id(batch, import_plan_at(run->plan, IMPORT_OF_USER, entity->owner), &failed);
    ready->account.sip_user = keep(batch, account.sip_user, &failed);
    ready->account.domain = keep(batch, account.domain, &failed);
    ready->account.auth_user = keep(batch, account.auth_user, &failed);
    ready->account.display_name = keep(batch, account.display_name, &failed);
    ready->account.registrar_host = keep(batch, account.registrar_host, &failed);
    ready->account.outbound_proxy = keep(batch, account.outbound_proxy, &failed);
    ready->account.external_id = keep(batch, account.external_id, &failed);
    ready->account.password = NULL;
    struct store_import_password *password = arena_take(&batch->arena, sizeof(*password));
    if (failed || !password)
        return AP_ENOMEM;
    ready->password = password;
    return store_import_seal_password(run->db, ready->account.id, false, account.password,
                                      password);
}

static int stage_phone(struct import_run *run, struct import_row *row,
                       const struct import_entity *entity, struct import_batch *batch)
{
    struct store_phone phone = import_new_phone();
    struct store_import_row *ready;
    bool failed = false, ignored;
    int err = add_row(batch, STORE_IMPORT_PHONE, &ready);

    import_row_phone(row, &phone, &ignored);
    if (!err)
        err = api_settle_vendor(run->call, &phone, import_row_given(row, IMPORT_VENDOR));
    if (err)
        return err;
    ready->phone = phone;
    ready->phone.id = keep_id(batch, entity, &failed);
    ready->phone.user_id =
        keep_id(batch, import_plan_at(run->plan, IMPORT_OF_USER, entity->owner), &failed);
    ready->phone.vendor = keep(batch, phone.vendor, &failed);
    ready->phone.model = keep(batch, phone.model, &failed);
    ready->phone.label = keep(batch, phone.label, &failed);
    ready->phone.external_id = keep(batch, phone.external_id, &failed);
    return failed ? AP_ENOMEM : 0;
}

/* Rows come in the order of the first reading, and so positions come out the same. */
static int stage_line(struct import_row *row, struct import_entity *phone,
                      const struct import_entity *account, struct import_batch *batch)
{
    struct store_import_row *ready;
    uint32_t position = import_next_position(row, phone);
    bool failed = false;
    int err = add_row(batch, STORE_IMPORT_LINE, &ready);

    if (err)
        return err;
    phone->positions |= UINT64_C(1) << (position - 1);
    ready->line.position = position;
    ready->line.phone_id = keep_id(batch, phone, &failed);
    ready->line.account_id = keep_id(batch, account, &failed);
    return failed ? AP_ENOMEM : 0;
}

/* Named in the first reading: it is there. */
static struct import_entity *find(struct import_run *run, enum import_kind kind, uint64_t key)
{
    uint32_t number;

    return import_plan_find(run->plan, kind, key, &number);
}

static int stage_parts(struct import_run *run, struct import_row *row, struct import_batch *batch)
{
    uint32_t number = 0;
    struct import_entity *user =
        import_plan_find(run->plan, IMPORT_OF_USER,
                         import_key_of_user(run, import_row_text(row, IMPORT_USER)), &number);
    struct import_entity *account =
        row->has_account ? find(run, IMPORT_OF_ACCOUNT, import_key_of_account(run, row)) : NULL;
    struct import_entity *phone =
        row->has_phone ? find(run, IMPORT_OF_PHONE, import_key_of_phone(run, row)) : NULL;
    uint64_t line = row->cells->line;
    int err = 0;

    if (!user || (row->has_account && !account) || (row->has_phone && !phone))
        return AP_ECONFLICT; /* not the text of the first reading */
    if (user->state == IMPORT_NEW && user->line == line)
        err = stage_user(run, row, number, batch);
    if (!err && account && account->state == IMPORT_NEW && account->line == line)
        err = stage_account(run, row, account, batch);
    if (!err && phone && phone->state == IMPORT_NEW && phone->line == line) {
        phone->positions = 0;
        err = stage_phone(run, row, phone, batch);
    }
    if (!err && phone && account && phone->state == IMPORT_NEW)
        err = stage_line(row, phone, account, batch);
    return err;
}

int import_stage_row(struct import_run *run, const struct import_cells *cells,
                     struct import_batch *batch)
{
    struct import_row row = {.cells = cells};
    int err = import_row_read(run, cells, &row);

    if (!err && row.failed)
        err = AP_ECONFLICT; /* not the text of the first reading */
    if (!err)
        err = stage_parts(run, &row, batch);
    batch->lines++;
    secret_wipe(&row, sizeof(row));
    arena_reset(&run->arena);
    arena_reset(&run->call->arena);
    return err;
}
