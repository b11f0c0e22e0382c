/* A phone of an import and its lines, against the store and the catalogue. */
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/phone_view.h"
#include "import_private.h"

/* By external id, else by MAC, with its lines, into run->known. AP_ENOENT: none. */
static int find_phone(struct import_run *run, struct import_row *row)
{
    const char *external_id = import_row_text(row, IMPORT_PHONE_EXTERNAL_ID);
    struct arena *arena = &run->known_arena;
    struct store_phone by_mac, by_id;

    run->known.id = NULL;
    arena_reset(arena);
    int mac_err = store_phone_get(run->db, arena, row->mac, &by_mac);
    int id_err =
        external_id[0] ? store_phone_by_external(run->db, arena, external_id, &by_id) : AP_ENOENT;
    if (mac_err && mac_err != AP_ENOENT)
        return mac_err;
    if (id_err && id_err != AP_ENOENT)
        return id_err;
    if (!mac_err && !id_err && strcmp(by_mac.id, by_id.id) != 0)
        return import_refuse(run, row, IMPORT_PHONE_EXTERNAL_ID, "another phone has it");
    if (mac_err && id_err)
        return AP_ENOENT;
    run->known = id_err ? by_mac : by_id;
    return 0;
}

int import_read_phone(struct import_run *run, const struct import_entity *entity,
                      struct arena *arena, struct store_phone *ret_phone)
{
    char id[STORE_ID_TEXT_MAX];
    uint8_t mac[AP_MAC_LEN];
    const char *text = NULL;

    import_plan_id(entity, id);
    int err = store_phone_mac_of(run->db, arena, id, &text);
    if (!err)
        err = mac_parse(text, strlen(text), mac);
    return err ? err : store_phone_get(run->db, arena, mac, ret_phone);
}

static int settle(struct import_run *run, struct import_row *row, struct store_phone *phone,
                  bool vendor_given)
{
    int err = api_settle_vendor(run->call, phone, vendor_given);

    if (err == AP_EINVAL)
        return import_refuse(
            run, row, strcmp(run->call->pointer, "/model") == 0 ? IMPORT_MODEL : IMPORT_VENDOR,
            "%s", run->call->problem.text);
    return err;
}

/* Where the vendor stands in the catalogue; what is not there (its file was taken away) is behind
 * the last one. */
static uint16_t number_of_vendor(const struct catalogue *catalogue, const char *name)
{
    const struct catalogue_vendor *vendor;
    uint16_t i = 0;

    while ((vendor = catalogue_vendor_at(catalogue, i)) != NULL && strcmp(vendor->name, name) != 0)
        i++;
    return i;
}

/* What a new phone of that user has besides its own; of new users the last answer is kept. */
static int inherit(struct import_run *run, struct import_row *row,
                   const struct import_entity *owner, struct store_phone *phone)
{
    struct store_phone *last = &run->inherited;
    const char *site_id = NULL;
    char user_id[STORE_ID_TEXT_MAX];

    if (owner->state == IMPORT_SAME || owner->state == IMPORT_CHANGED) {
        import_plan_id(owner, user_id);
        phone->user_id = arena_strdup(&run->arena, user_id);
        return phone->user_id ? store_phone_inherit(run->db, &run->arena, NULL, phone) : AP_ENOMEM;
    }
    int err = import_find_site(run, row, &site_id);
    if (err)
        return err;
    site_id = site_id ? site_id : "";
    if (!last->vendor || strcmp(last->vendor, phone->vendor) != 0 ||
        strcmp(last->model, phone->model) != 0 || strcmp(last->user_id, site_id) != 0) {
        arena_reset(&run->inherited_arena);
        *last = (struct store_phone){.vendor = arena_strdup(&run->inherited_arena, phone->vendor),
                                     .model = arena_strdup(&run->inherited_arena, phone->model)};
        if (!last->vendor || !last->model)
            return AP_ENOMEM;
        err = store_phone_inherit(run->db, &run->inherited_arena, site_id, last);
        last->user_id = arena_strdup(&run->inherited_arena, site_id); /* only to know it again */
        if (!err && !last->user_id)
            err = AP_ENOMEM;
    }
    phone->settings = last->settings;
    phone->setting_count = last->setting_count;
    phone->keys = last->keys;
    phone->key_count = last->key_count;
    return err;
}

/* Can its files carry what it has? Its lines are looked at row by row. */
static int check_values(struct import_run *run, struct import_row *row,
                        const struct store_phone *phone)
{
    const struct catalogue_vendor *vendor =
        catalogue_vendor(run->call->snapshot->rendering->catalogue, phone->vendor);
    struct ap_error error = {{0}};

    if (vendor && phone_view_check(vendor, phone, &error) == AP_EINVAL)
        return import_refuse(run, row, IMPORT_MAC, "%s", error.text);
    return 0;
}

static int check_new_phone(struct import_run *run, struct import_row *row,
                           struct import_entity *entity)
{
    const struct import_entity *owner = import_plan_at(run->plan, IMPORT_OF_USER, entity->owner);
    struct store_phone phone = import_new_phone();
    char id[STORE_ID_TEXT_MAX];
    bool ignored;

    import_row_phone(row, &phone, &ignored);
    int err = settle(run, row, &phone, import_row_given(row, IMPORT_VENDOR));
    if (err || row->failed)
        return err;
    entity->state = IMPORT_NEW;
    entity->vendor = number_of_vendor(run->call->snapshot->rendering->catalogue, phone.vendor);
    store_import_make_id(id);
    import_plan_set_id(entity, id);
    phone.user_name = import_row_text(row, IMPORT_USER);
    phone.user_display_name = import_row_text(row, IMPORT_USER_DISPLAY_NAME);
    err = inherit(run, row, owner, &phone);
    return err || row->failed ? err : check_values(run, row, &phone);
}

/* Lines: left as they are, until import_check_end() knows all of them. */
static int change_phone(struct import_run *run, struct import_entity *entity,
                        const struct store_phone *phone)
{
    struct store_import_change *change;
    bool failed = false;
    int err = import_add_change(run, entity, &change);

    if (err)
        return err;
    change->kind = STORE_IMPORT_PHONE;
    change->phone = (struct store_phone){
        .id = import_keep(run, phone->id, &failed),
        .user_id = import_keep(run, phone->user_id, &failed),
        .vendor = import_keep(run, phone->vendor, &failed),
        .model = import_keep(run, phone->model, &failed),
        .label = import_keep(run, phone->label, &failed),
        .external_id = import_keep(run, phone->external_id, &failed),
        .enabled = phone->enabled,
        .version = phone->version,
    };
    memcpy(change->phone.mac, phone->mac, AP_MAC_LEN);
    entity->state = IMPORT_CHANGED;
    return failed ? AP_ENOMEM : 0;
}

static int compare(struct import_run *run, struct import_row *row, const struct store_phone *phone,
                   const struct store_phone *found, bool *ret_changed)
{
    char before[AP_MAC_TEXT_MAX], after[AP_MAC_TEXT_MAX];

    mac_format(found->mac, MAC_FORM_LOWER_COLON, before);
    mac_format(phone->mac, MAC_FORM_LOWER_COLON, after);
    const struct import_value VALUES[] = {
        TEXT_VALUE(IMPORT_MAC, before, after),
        {!import_is_same(phone->user_id, found->user_id), IMPORT_USER, found->user_name,
         import_row_text(row, IMPORT_USER)},
        TEXT_VALUE(IMPORT_VENDOR, found->vendor, phone->vendor),
        TEXT_VALUE(IMPORT_MODEL, found->model, phone->model),
        TEXT_VALUE(IMPORT_LABEL, found->label, phone->label),
        TEXT_VALUE(IMPORT_ENABLED, found->enabled ? "yes" : "no", phone->enabled ? "yes" : "no"),
        TEXT_VALUE(IMPORT_PHONE_EXTERNAL_ID, found->external_id, phone->external_id),
    };

    return import_compare(run, row, VALUES, AP_COUNT(VALUES), ret_changed);
}

static int check_changed(struct import_run *run, struct import_row *row,
                         const struct store_phone *phone, const struct store_phone *found)
{
    struct store_phone whole;
    int err = store_phone_by_mac(run->db, &run->arena, found->mac, &whole);

    if (err)
        return err;
    whole.vendor = phone->vendor;
    whole.model = phone->model;
    whole.label = phone->label;
    whole.user_id = phone->user_id;
    err = store_phone_inherit(run->db, &run->arena, NULL, &whole);
    return err || !phone->enabled ? err : check_values(run, row, &whole);
}

static int check_known_phone(struct import_run *run, struct import_row *row,
                             struct import_entity *entity, const struct store_phone *found)
{
    const struct import_entity *owner = import_plan_at(run->plan, IMPORT_OF_USER, entity->owner);
    struct store_phone phone = *found;
    char user_id[STORE_ID_TEXT_MAX];
    bool needs_settling, changed = false;
    int err = 0;

    import_plan_set_id(entity, found->id);
    entity->state = IMPORT_SAME;
    for (size_t i = 0; i < found->line_count; i++)
        entity->found_lines +=
            import_line_digest(run, found->lines[i].position, found->lines[i].account.id);
    import_row_phone(row, &phone, &needs_settling);
    if (needs_settling)
        err = settle(run, row, &phone, true);
    entity->vendor = number_of_vendor(run->call->snapshot->rendering->catalogue, phone.vendor);
    if (err || row->failed || owner->state == IMPORT_BAD)
        return err;
    import_plan_id(owner, user_id);
    phone.user_id = user_id;
    err = compare(run, row, &phone, found, &changed);
    if (!err && !row->failed && changed)
        err = check_changed(run, row, &phone, found);
    if (err || row->failed || !changed)
        return err;
    err = change_phone(run, entity, &phone);
    if (!err)
        run->changes[entity->change - 1].moved =
            memcmp(phone.mac, found->mac, AP_MAC_LEN) != 0 || strcmp(user_id, found->user_id) != 0;
    return err;
}

int import_check_phone(struct import_run *run, struct import_row *row, struct import_entity *entity,
                       uint32_t number)
{
    int err = import_claim(run, row, IMPORT_PHONE_EXTERNAL_ID, number);

    if (!err && !row->failed)
        err = find_phone(run, row);
    if (row->failed)
        return err;
    if (!err)
        return check_known_phone(run, row, entity, &run->known);
    return err == AP_ENOENT ? check_new_phone(run, row, entity) : err;
}

/* -- lines ------------------------------------------------------------------------------------- */

int import_check_line(struct import_run *run, struct import_row *row,
                      const struct import_entity *phone, const struct import_entity *account)
{
    const struct catalogue_vendor *vendor =
        catalogue_vendor_at(run->call->snapshot->rendering->catalogue, phone->vendor);
    struct store_account values = import_new_account();
    struct ap_error error = {{0}};
    char id[STORE_ID_TEXT_MAX];
    int err = 0;

    if (!vendor || phone->state == IMPORT_BAD || account->state == IMPORT_BAD)
        return 0;
    if (account->state != IMPORT_NEW) {
        import_plan_id(account, id);
        err = store_account_get(run->db, &run->arena, id, &values);
    }
    import_row_account(row, &values);
    if (!err && !values.password)
        err = store_account_password(run->db, &run->arena, id, &values.password);
    if (!err && phone_view_check_account(vendor, &values, &error) == AP_EINVAL)
        err = import_refuse(run, row, IMPORT_SIP_USER, "%s", error.text);
    return err;
}

/* The phone's lines as the file has them: lines [from, to) of the plan. */
static int set_lines(struct import_run *run, const struct import_line *lines, size_t count,
                     struct store_phone *phone)
{
    phone->lines = arena_alloc_array(&run->kept, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        char id[STORE_ID_TEXT_MAX];
        import_plan_id(import_plan_at(run->plan, IMPORT_OF_ACCOUNT, lines[i].account), id);
        phone->lines[i].position = lines[i].position;
        phone->lines[i].account.id = arena_strdup(&run->kept, id);
        if (!phone->lines[i].account.id)
            return AP_ENOMEM;
    }
    phone->line_count = count;
    return 0;
}

static int change_lines(struct import_run *run, const struct import_line *lines, size_t count)
{
    struct import_entity *entity = import_plan_at(run->plan, IMPORT_OF_PHONE, lines[0].phone);
    struct store_phone phone;

    if (!run->update)
        return import_tell(run, entity->line, import_column_name(IMPORT_LINE),
                           "the phone is there already, with other lines; --update changes them");
    int err = import_read_phone(run, entity, &run->arena, &phone);
    if (!err && entity->change == 0)
        err = change_phone(run, entity, &phone);
    struct store_phone *changed = err ? NULL : &run->changes[entity->change - 1].phone;
    if (!err)
        err = set_lines(run, lines, count, changed);
    if (!err)
        err = import_note_lost_lines(run, entity, &phone, changed->mac);
    arena_reset(&run->arena);
    return err;
}

int import_check_end(struct import_run *run)
{
    size_t count, from = 0;
    int err = 0;

    import_plan_sort_lines(run->plan);
    const struct import_line *lines = import_plan_lines(run->plan, &count);
    while (from < count && !err) {
        const struct import_entity *phone =
            import_plan_at(run->plan, IMPORT_OF_PHONE, lines[from].phone);
        size_t to = from;
        while (to < count && lines[to].phone == lines[from].phone)
            to++;
        if ((phone->state == IMPORT_SAME || phone->state == IMPORT_CHANGED) &&
            phone->wanted_lines != phone->found_lines)
            err = change_lines(run, &lines[from], to - from);
        from = to;
    }
    return err;
}
