/* A user of an import, and its account, against the store. */
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/phone_view.h"
#include "autoprov/text.h"
#include "import_private.h"

/* -- users ------------------------------------------------------------------------------------- */

/* By external id, else by name. AP_ENOENT: none. A name that another one has is told. */
static int find_user(struct import_run *run, struct import_row *row, struct store_user *ret_user)
{
    const char *name = import_row_text(row, IMPORT_USER);
    const char *external_id = import_row_text(row, IMPORT_USER_EXTERNAL_ID);
    struct store_user by_name, by_id;
    int name_err = store_user_by_name(run->db, &run->arena, name, &by_name);
    int id_err = external_id[0] ? store_user_by_external(run->db, &run->arena, external_id, &by_id)
                                : AP_ENOENT;

    if (name_err && name_err != AP_ENOENT)
        return name_err;
    if (id_err && id_err != AP_ENOENT)
        return id_err;
    if (!name_err && !id_err && strcmp(by_name.id, by_id.id) != 0)
        return import_refuse(run, row, IMPORT_USER_EXTERNAL_ID, "another user has it");
    if (name_err && id_err)
        return AP_ENOENT;
    *ret_user = id_err ? by_name : by_id;
    return 0;
}

static int check_new_user(struct import_run *run, struct import_row *row,
                          struct import_entity *entity)
{
    char id[STORE_ID_TEXT_MAX];
    int err = AP_ENOENT;

    if (row->token.len > 0)
        err = store_token_exists(run->db, &row->token);
    if (!err)
        return import_refuse(run, row, IMPORT_TOKEN, "another user has it");
    if (err != AP_ENOENT)
        return err;
    entity->state = IMPORT_NEW;
    store_import_make_id(id);
    import_plan_set_id(entity, id);
    return 0;
}

static int check_token(struct import_run *run, struct import_row *row, const char *user_id)
{
    struct token token = {.len = 0};
    int err = row->token.len > 0 ? store_token_get(run->db, &run->arena, user_id, &token) : 0;

    if (!err && row->token.len > 0 && !store_import_is_same(token.text, row->token.text))
        err = import_refuse(run, row, IMPORT_TOKEN,
                            "the user has another token; 'autoprovctl token rotate' changes it");
    secret_wipe(&token, sizeof(token));
    return err;
}

/* Every file of the user's phones, with what another site sets. */
static int check_site(struct import_run *run, struct import_row *row, const char *user_id,
                      const char *site_id)
{
    const struct catalogue *catalogue = run->call->snapshot->rendering->catalogue;
    struct store_phone *phones = NULL;
    size_t count = 0;
    int err =
        store_phone_list(run->db, &run->arena, user_id, "", AP_LIST_PAGE_MAX, &phones, &count);

    for (size_t i = 0; i < count && !err && !row->failed; i++) {
        struct ap_error error = {{0}};
        struct store_phone phone;
        err = store_phone_by_mac(run->db, &run->arena, phones[i].mac, &phone);
        if (!err)
            err = store_phone_inherit(run->db, &run->arena, site_id ? site_id : "", &phone);
        const struct catalogue_vendor *vendor =
            err ? NULL : catalogue_vendor(catalogue, phone.vendor);
        if (vendor && phone_view_check(vendor, &phone, &error) == AP_EINVAL)
            err = import_refuse(run, row, IMPORT_SITE, "%s", error.text);
    }
    return err;
}

static int change_user(struct import_run *run, struct import_row *row, struct import_entity *entity,
                       const struct store_user *user)
{
    const struct api_check check = {
        .run = api_check_user, .object = user, .scope = STORE_SCOPE_USER, .id = user->id};
    struct store_import_change *change;
    bool failed = false;
    int err = api_check_vendors(run->call, run->db, &check);

    if (err == AP_EINVAL)
        return import_refuse(run, row, IMPORT_USER_DISPLAY_NAME, "%s", run->call->problem.text);
    if (!err)
        err = import_add_change(run, entity, &change);
    if (err)
        return err;
    change->kind = STORE_IMPORT_USER;
    change->user = *user;
    change->user.id = import_keep(run, user->id, &failed);
    change->user.name = import_keep(run, user->name, &failed);
    change->user.display_name = import_keep(run, user->display_name, &failed);
    change->user.external_id = import_keep(run, user->external_id, &failed);
    change->user.site_id = import_keep(run, user->site_id, &failed);
    change->user.site_name = NULL;
    entity->state = IMPORT_CHANGED;
    return failed ? AP_ENOMEM : 0;
}

static int check_known_user(struct import_run *run, struct import_row *row,
                            struct import_entity *entity, const struct store_user *found)
{
    struct store_user user = *found;
    const char *site_id = NULL;
    bool changed;
    int err = check_token(run, row, found->id);

    import_plan_set_id(entity, found->id);
    entity->state = IMPORT_SAME;
    import_row_user(row, &user);
    if (!err)
        err = import_find_site(run, row, &site_id);
    if (import_row_has(row, IMPORT_SITE))
        user.site_id = site_id;
    const struct import_value VALUES[] = {
        TEXT_VALUE(IMPORT_USER, found->name, user.name),
        TEXT_VALUE(IMPORT_USER_DISPLAY_NAME, found->display_name, user.display_name),
        TEXT_VALUE(IMPORT_USER_EXTERNAL_ID, found->external_id, user.external_id),
        {!import_is_same(user.site_id, found->site_id), IMPORT_SITE, found->site_name,
         import_row_text(row, IMPORT_SITE)},
    };
    if (err || row->failed)
        return err;
    err = import_compare(run, row, VALUES, AP_COUNT(VALUES), &changed);
    if (!err && !row->failed && !import_is_same(user.site_id, found->site_id))
        err = check_site(run, row, found->id, user.site_id);
    return err || row->failed || !changed ? err : change_user(run, row, entity, &user);
}

int import_check_user(struct import_run *run, struct import_row *row, struct import_entity *entity,
                      uint32_t number)
{
    struct store_user found;
    const char *site_id;
    int err = import_claim(run, row, IMPORT_USER_EXTERNAL_ID, number);

    if (!err)
        err = import_claim(run, row, IMPORT_TOKEN, number);
    if (err || row->failed)
        return err;
    err = find_user(run, row, &found);
    if (row->failed)
        return err;
    if (!err)
        return check_known_user(run, row, entity, &found);
    if (err != AP_ENOENT)
        return err;
    err = import_find_site(run, row, &site_id);
    return err ? err : check_new_user(run, row, entity);
}

/* -- accounts ---------------------------------------------------------------------------------- */

static int find_account(struct import_run *run, struct import_row *row,
                        struct store_account *ret_account)
{
    const char *external_id = import_row_text(row, IMPORT_ACCOUNT_EXTERNAL_ID);
    const char *address = api_text(run->call, "%s@%s", import_row_text(row, IMPORT_SIP_USER),
                                   import_row_text(row, IMPORT_DOMAIN));
    struct store_account by_name, by_id;
    int name_err = address ? store_account_get(run->db, &run->arena, address, &by_name) : AP_ENOMEM;
    int id_err = external_id[0]
                     ? store_account_by_external(run->db, &run->arena, external_id, &by_id)
                     : AP_ENOENT;

    if (name_err && name_err != AP_ENOENT)
        return name_err;
    if (id_err && id_err != AP_ENOENT)
        return id_err;
    if (!name_err && !id_err && strcmp(by_name.id, by_id.id) != 0)
        return import_refuse(run, row, IMPORT_ACCOUNT_EXTERNAL_ID, "another account has it");
    if (name_err && id_err)
        return AP_ENOENT;
    *ret_account = id_err ? by_name : by_id;
    return 0;
}

static int keep_account(struct import_run *run, const struct store_account *account,
                        struct store_account *ret_kept)
{
    struct store_account kept = *account;
    bool failed = false;

    kept.id = import_keep(run, account->id, &failed);
    kept.user_id = NULL;
    kept.user_name = NULL;
    kept.sip_user = import_keep(run, account->sip_user, &failed);
    kept.domain = import_keep(run, account->domain, &failed);
    kept.auth_user = import_keep(run, account->auth_user, &failed);
    kept.display_name = import_keep(run, account->display_name, &failed);
    kept.registrar_host = import_keep(run, account->registrar_host, &failed);
    kept.outbound_proxy = import_keep(run, account->outbound_proxy, &failed);
    kept.external_id = import_keep(run, account->external_id, &failed);
    kept.password = NULL;
    *ret_kept = kept;
    return failed ? AP_ENOMEM : 0;
}

static int change_account(struct import_run *run, struct import_row *row,
                          struct import_entity *entity, const struct store_account *account,
                          const char *old_password)
{
    const struct api_check check = {
        .run = api_check_account, .object = account, .scope = STORE_SCOPE_COUNT, .id = account->id};
    struct store_import_change *change;
    int err = api_check_vendors(run->call, run->db, &check);

    if (err == AP_EINVAL)
        return import_refuse(run, row, IMPORT_SIP_USER, "%s", run->call->problem.text);
    if (!err)
        err = import_add_change(run, entity, &change);
    if (err)
        return err;
    change->kind = STORE_IMPORT_ACCOUNT;
    entity->state = IMPORT_CHANGED;
    err = keep_account(run, account, &change->account);
    if (!err && account->password) {
        err = store_import_seal_password(run->db, account->id, false, account->password,
                                         &change->password);
        if (!err)
            err = store_import_seal_password(run->db, account->id, true, old_password,
                                             &change->previous);
    }
    return err;
}

static int check_known_account(struct import_run *run, struct import_row *row,
                               struct import_entity *entity, const struct store_account *found)
{
    struct store_account account = *found;
    char ports[2][TEXT_DECIMAL_MAX], expires[2][TEXT_DECIMAL_MAX];
    const char *password = NULL;
    bool changed;
    int err = store_account_password(run->db, &run->arena, found->id, &password);

    import_plan_set_id(entity, found->id);
    entity->state = IMPORT_SAME;
    if (err)
        return err;
    import_row_account(row, &account);
    if (account.password && store_import_is_same(account.password, password))
        account.password = NULL;
    /* Their lengths are of no use. */
    (void)text_decimal(found->registrar_port, ports[0]);
    (void)text_decimal(account.registrar_port, ports[1]);
    (void)text_decimal(found->expires_s, expires[0]);
    (void)text_decimal(account.expires_s, expires[1]);
    const struct import_value VALUES[] = {
        TEXT_VALUE(IMPORT_SIP_USER, found->sip_user, account.sip_user),
        TEXT_VALUE(IMPORT_DOMAIN, found->domain, account.domain),
        {account.password != NULL, IMPORT_PASSWORD, NULL, NULL},
        TEXT_VALUE(IMPORT_AUTH_USER, found->auth_user, account.auth_user),
        TEXT_VALUE(IMPORT_ACCOUNT_DISPLAY_NAME, found->display_name, account.display_name),
        TEXT_VALUE(IMPORT_REGISTRAR_HOST, found->registrar_host, account.registrar_host),
        TEXT_VALUE(IMPORT_REGISTRAR_PORT, ports[0], ports[1]),
        TEXT_VALUE(IMPORT_TRANSPORT, api_transport_name(found->transport),
                   api_transport_name(account.transport)),
        TEXT_VALUE(IMPORT_OUTBOUND_PROXY, found->outbound_proxy, account.outbound_proxy),
        TEXT_VALUE(IMPORT_EXPIRES, expires[0], expires[1]),
        TEXT_VALUE(IMPORT_ACCOUNT_EXTERNAL_ID, found->external_id, account.external_id),
    };
    err = import_compare(run, row, VALUES, AP_COUNT(VALUES), &changed);
    return err || row->failed || !changed ? err
                                          : change_account(run, row, entity, &account, password);
}

int import_check_account(struct import_run *run, struct import_row *row,
                         struct import_entity *entity, uint32_t number)
{
    const struct import_entity *owner = import_plan_at(run->plan, IMPORT_OF_USER, entity->owner);
    char owner_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_account found;
    int err = import_claim(run, row, IMPORT_ACCOUNT_EXTERNAL_ID, number);

    if (!err && !row->failed)
        err = find_account(run, row, &found);
    if (row->failed)
        return err;
    if (!err) {
        import_plan_id(owner, owner_id);
        if (owner->state != IMPORT_BAD && strcmp(owner_id, found.user_id) != 0)
            return import_refuse(run, row, IMPORT_SIP_USER,
                                 "it is there already and belongs to another user");
        return check_known_account(run, row, entity, &found);
    }
    if (err != AP_ENOENT)
        return err;
    if (!import_row_given(row, IMPORT_PASSWORD))
        return import_refuse(run, row, IMPORT_PASSWORD, "a new account needs its password");
    entity->state = IMPORT_NEW;
    store_import_make_id(id);
    import_plan_set_id(entity, id);
    return 0;
}
