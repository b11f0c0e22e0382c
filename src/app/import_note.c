/* What the first reading finds to be added and changed, put into words for the list. Secrets end
 * here: of a password it is only said that it changes. */
#include <stdio.h>
#include <string.h>

#include "import_private.h"

/* -- values ------------------------------------------------------------------------------------ */

static bool is_secret(enum import_column column)
{
    return column == IMPORT_PASSWORD || column == IMPORT_TOKEN;
}

void import_note_begin(struct import_run *run)
{
    run->listed.field_count = 0;
}

int import_note_field(struct import_run *run, const struct import_value *value)
{
    struct import_listed_field *field;

    _Static_assert(IMPORT_LISTED_FIELDS_MAX >= IMPORT_VALUES_MAX, "all values of a kind");
    if (run->listed.field_count == IMPORT_LISTED_FIELDS_MAX)
        return AP_ERANGE;
    field = &run->listed.fields[run->listed.field_count++];
    *field = (struct import_listed_field){.name = import_column_name(value->column)};
    if (is_secret(value->column))
        return 0;
    field->before = arena_strdup(&run->arena, value->before ? value->before : "");
    field->after = arena_strdup(&run->arena, value->after ? value->after : "");
    return field->before && field->after ? 0 : AP_ENOMEM;
}

/* -- users, accounts, phones ------------------------------------------------------------------- */

/* Host and user were measured when they were read. */
#define ADDRESS_MAX (AP_NAME_MAX_BYTES + AP_HOST_MAX_BYTES + 2)

static void write_address(const char *sip_user, const char *domain,
                          char ret_text[static ADDRESS_MAX])
{
    (void)snprintf(ret_text, ADDRESS_MAX, "%s@%s", sip_user, domain);
}

int import_note(struct import_run *run, const struct import_row *row, enum import_kind kind,
                enum import_state state)
{
    static const enum import_listed_kind KINDS[IMPORT_KIND_COUNT] = {
        [IMPORT_OF_USER] = IMPORT_LISTED_USER,
        [IMPORT_OF_ACCOUNT] = IMPORT_LISTED_ACCOUNT,
        [IMPORT_OF_PHONE] = IMPORT_LISTED_PHONE,
    };
    const char *owner = import_row_text(row, IMPORT_ACCOUNT_USER);
    const char *user = import_row_text(row, IMPORT_USER);
    struct import_listed *listed = &run->listed;
    char name[ADDRESS_MAX];

    if (state != IMPORT_NEW && state != IMPORT_CHANGED)
        return 0;
    listed->line = row->cells->line;
    listed->kind = KINDS[kind];
    listed->change = state == IMPORT_NEW ? IMPORT_LISTED_ADDED : IMPORT_LISTED_CHANGED;
    listed->name = user;
    listed->user = "";
    if (kind == IMPORT_OF_ACCOUNT) {
        write_address(import_row_text(row, IMPORT_SIP_USER), import_row_text(row, IMPORT_DOMAIN),
                      name);
        listed->name = name;
        listed->user = owner[0] ? owner : user;
    } else if (kind == IMPORT_OF_PHONE) {
        mac_format(row->mac, MAC_FORM_LOWER_COLON, name);
        listed->name = name;
        listed->user = user;
    }
    return import_list_add(run->list, store_vault(run->db), listed);
}

/* -- lines ------------------------------------------------------------------------------------- */

/* A MAC, "/", two digits. */
#define LINE_NAME_MAX (AP_MAC_TEXT_MAX + 12)

/* before, after: addresses of accounts, "" for none. */
static int list_line(struct import_run *run, uint64_t text_line, const uint8_t mac[AP_MAC_LEN],
                     uint32_t position, const char *before, const char *after)
{
    char text[AP_MAC_TEXT_MAX], name[LINE_NAME_MAX];
    struct import_listed listed = {
        .line = text_line,
        .kind = IMPORT_LISTED_LINE,
        .change = !before[0]  ? IMPORT_LISTED_ADDED
                  : !after[0] ? IMPORT_LISTED_REMOVED
                              : IMPORT_LISTED_CHANGED,
        .name = name,
        .user = "",
        .field_count = 1,
        .fields = {{"account", before, after}},
    };

    mac_format(mac, MAC_FORM_LOWER_COLON, text);
    (void)snprintf(name, sizeof(name), "%s/%u", text, (unsigned)position); /* 64 at most */
    return import_list_add(run->list, store_vault(run->db), &listed);
}

/* Rows of one phone mostly follow each other: its lines are then still at hand. */
static int know_phone(struct import_run *run, const struct import_entity *phone)
{
    char id[STORE_ID_TEXT_MAX];

    import_plan_id(phone, id);
    if (run->known.id && strcmp(run->known.id, id) == 0)
        return 0;
    run->known.id = NULL;
    arena_reset(&run->known_arena);
    return import_read_phone(run, phone, &run->known_arena, &run->known);
}

static const struct store_account *account_at(const struct store_phone *phone, uint32_t position)
{
    for (size_t i = 0; i < phone->line_count; i++) {
        if (phone->lines[i].position == position)
            return &phone->lines[i].account;
    }
    return NULL;
}

int import_note_line(struct import_run *run, const struct import_row *row,
                     const struct import_entity *phone, const struct import_entity *account,
                     uint32_t position)
{
    char before[ADDRESS_MAX] = "", after[ADDRESS_MAX], id[STORE_ID_TEXT_MAX];
    const struct store_account *found = NULL;

    /* Other lines of a phone that is there are a problem, told after the last row. */
    if (phone->state == IMPORT_BAD || (phone->state != IMPORT_NEW && !run->update))
        return 0;
    int err = phone->state == IMPORT_NEW ? 0 : know_phone(run, phone);
    if (err)
        return err;
    if (phone->state != IMPORT_NEW)
        found = account_at(&run->known, position);
    import_plan_id(account, id);
    if (found && strcmp(found->id, id) == 0)
        return 0;
    if (found)
        write_address(found->sip_user, found->domain, before);
    write_address(import_row_text(row, IMPORT_SIP_USER), import_row_text(row, IMPORT_DOMAIN),
                  after);
    return list_line(run, row->cells->line, row->mac, position, before, after);
}

int import_note_lost_lines(struct import_run *run, const struct import_entity *entity,
                           const struct store_phone *found, const uint8_t mac[static AP_MAC_LEN])
{
    char address[ADDRESS_MAX];
    int err = 0;

    for (size_t i = 0; i < found->line_count && !err; i++) {
        const struct store_line *line = &found->lines[i];
        if (entity->positions & UINT64_C(1) << (line->position - 1))
            continue;
        write_address(line->account.sip_user, line->account.domain, address);
        err = list_line(run, entity->line, mac, line->position, address, "");
    }
    return err;
}
