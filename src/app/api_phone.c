/* Phones, their lines, and the URL that a phone is told. */
#include <string.h>

#include "api_private.h"
#include "autoprov/secret.h"
#include "autoprov/template_set.h"

static json_t *lines_json(const struct store_phone *phone)
{
    json_t *lines = json_array();

    for (size_t i = 0; lines && i < phone->line_count; i++) {
        const struct store_line *line = &phone->lines[i];
        json_t *item = json_pack("{s:i, s:s+++}", "position", (int)line->position, "account",
                                 line->account.sip_user, "@", line->account.domain, "");
        if (json_array_append_new(lines, item) != 0) {
            json_decref(lines);
            return NULL;
        }
    }
    return lines;
}

static json_t *phone_json(const struct store_phone *phone)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s?, s:I, s:I, s:s, s:I}", "id", phone->id,
                  "mac", mac, "user", phone->user_name, "vendor", phone->vendor, "model",
                  phone->model, "label", phone->label, "enabled", (int)phone->enabled,
                  "external_id", phone->external_id, "created_at", (json_int_t)phone->created_at,
                  "last_fetch_at", (json_int_t)phone->last_fetch_at, "last_fetch_address",
                  phone->last_fetch_address, "version", (json_int_t)phone->version);
    if (object && phone->lines && json_object_set_new(object, "lines", lines_json(phone)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int parse_mac(struct api_call *call, const char *text, const char *pointer,
                     uint8_t ret_mac[static AP_MAC_LEN])
{
    char shown[API_SHOWN_MAX];
    int err = mac_parse(text, strlen(text), ret_mac);

    if (err == AP_EINVAL)
        return api_problem(call, err, pointer,
                           "this is the MAC of no phone: a multicast address, or all zero");
    if (err)
        return api_problem(call, AP_EINVAL, pointer,
                           "'%s' is not a MAC: 12 hex digits, bare or in pairs with : - or .",
                           api_shown(text, shown));
    return 0;
}

static int get_phone(struct api_call *call, struct store_db *db, struct store_phone *ret_phone)
{
    uint8_t mac[AP_MAC_LEN];
    int err = parse_mac(call, call->params[0], NULL, mac);

    if (!err)
        err = store_phone_get(db, &call->arena, mac, ret_phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no phone '%s'", call->params[0]);
    return err;
}

static const char *phone_object(struct api_call *call, const uint8_t mac[static AP_MAC_LEN])
{
    char text[AP_MAC_TEXT_MAX];

    mac_format(mac, MAC_FORM_LOWER, text);
    return api_text(call, "mac=%s", text);
}

int api_phone_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    const char *user_id = NULL;
    struct store_phone *phones = NULL;
    size_t count = 0;
    char next[AP_MAC_TEXT_MAX];
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = api_query_user(call, db, &user_id);
    if (!err)
        err = store_phone_list(db, &call->arena, user_id, after, limit, &phones, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, phone_json(&phones[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    if (count == limit)
        mac_format(phones[count - 1].mac, MAC_FORM_LOWER, next);
    return api_page_result(call, items, count == limit ? next : NULL);
}

int api_phone_show(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = get_phone(call, db, &phone);

    return err ? err : api_result(call, 200, phone_json(&phone));
}

/* The accounts named in the body become lines 1, 2, … in their order. */
static int lines_from_list(struct api_call *call, struct store_db *db, const json_t *list,
                           struct store_phone *phone)
{
    size_t count = json_array_size(list);

    if (count > AP_LINES_PER_PHONE_MAX)
        return api_problem(call, AP_ERANGE, "/lines", "at most %d lines", AP_LINES_PER_PHONE_MAX);
    phone->lines = arena_alloc_array(&call->arena, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name)
            return api_problem(call, AP_EINVAL, "/lines", "lines must hold account names");
        int err = store_account_get(db, &call->arena, name, &phone->lines[i].account);
        if (err == AP_ENOENT)
            return api_problem(call, err, "/lines", "there is no account '%.*s'", AP_TEXT_MAX_BYTES,
                               name);
        if (err)
            return err;
        phone->lines[i].position = (uint32_t)i + 1;
    }
    phone->line_count = count;
    return 0;
}

/* Without a list: the user's accounts, oldest first as they were added. */
static int lines_from_user(struct api_call *call, struct store_db *db, struct store_phone *phone)
{
    struct store_account *accounts = NULL;
    size_t count = 0;
    int err = store_account_list(db, &call->arena, phone->user_id, "", AP_LINES_PER_PHONE_MAX,
                                 &accounts, &count);

    if (err)
        return err;
    phone->lines = arena_alloc_array(&call->arena, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        /* Pages come in the order of ids; created_at is what a person expects. */
        size_t at = i;
        while (at > 0 && phone->lines[at - 1].account.created_at > accounts[i].created_at) {
            phone->lines[at] = phone->lines[at - 1];
            at--;
        }
        phone->lines[at].account = accounts[i];
    }
    for (size_t i = 0; i < count; i++)
        phone->lines[i].position = (uint32_t)i + 1;
    phone->line_count = count;
    return 0;
}

static int check_vendor(struct api_call *call, const char *vendor)
{
    const struct template_set *templates = call->snapshot->templates;
    const char *known = "";
    const char *name;

    if (template_set_find(templates, vendor))
        return 0;
    for (size_t i = 0; known && template_set_at(templates, i, &name); i++)
        known = api_text(call, "%s%s%s", known, i > 0 ? ", " : "", name);
    return api_problem(call, AP_EINVAL, "/vendor", "no template for vendor '%s'; there are: %s",
                       vendor, known ? known : "");
}

static int add_phone(struct api_call *call, struct store_db *db, struct store_phone *phone,
                     const char *user_name, const json_t *list)
{
    struct store_user user;
    char id[STORE_ID_TEXT_MAX];
    char mac[AP_MAC_TEXT_MAX];
    int err = store_user_get(db, &call->arena, user_name, &user);

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/user", "there is no user '%s'", user_name);
    if (err)
        return err;
    phone->user_id = user.id;
    err = list ? lines_from_list(call, db, list, phone) : lines_from_user(call, db, phone);
    if (!err)
        err = store_phone_add(db, phone, id);
    if (err == AP_EEXIST)
        return api_problem(call, err, "/mac",
                           "a phone with this MAC exists already (%s), or one with its external id",
                           mac);
    if (!err)
        err = api_audit(call, db, phone_object(call, phone->mac),
                        api_text(call, "user=%s vendor=%s", user.name, phone->vendor));
    return err;
}

int api_phone_add(struct api_call *call, struct store_db *db)
{
    struct store_phone phone = {
        .vendor = "generic", .model = "", .label = "", .enabled = true, .last_fetch_address = ""};
    const char *mac_text = NULL;
    const char *user_name = NULL;
    json_t *list = NULL;
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .required = true, .target = &mac_text},
        {.name = "user", .type = API_FIELD_NAME, .required = true, .target = &user_name},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &phone.vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone.model},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &phone.label},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &phone.enabled},
        {.name = "external_id", .type = API_FIELD_NAME, .target = &phone.external_id},
        {.name = "lines", .type = API_FIELD_LIST, .target = &list},
    };
    int err = api_read_fields(call, fields, sizeof(fields) / sizeof(fields[0]));

    if (!err)
        err = parse_mac(call, mac_text, "/mac", phone.mac);
    if (!err)
        err = check_vendor(call, phone.vendor);
    if (!err)
        err = add_phone(call, db, &phone, user_name, list);
    if (!err)
        err = store_phone_get(db, &call->arena, phone.mac, &phone);
    return err ? err : api_result(call, 201, phone_json(&phone));
}

/* Body members that stay as they are when the body has not got them. */
static int read_changes(struct api_call *call, struct store_phone *phone, json_t **ret_lines)
{
    const char *vendor = NULL;
    const char *fixed = NULL;
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .may_be_empty = true, .target = &fixed},
        {.name = "user", .type = API_FIELD_RAW, .may_be_empty = true, .target = &fixed},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone->model},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &phone->label},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &phone->enabled},
        {.name = "external_id", .type = API_FIELD_NAME, .target = &phone->external_id},
        {.name = "lines", .type = API_FIELD_LIST, .target = ret_lines},
    };
    int err = api_read_fields(call, fields, sizeof(fields) / sizeof(fields[0]));

    if (err)
        return err;
    if (fixed)
        return api_problem(call, AP_EINVAL, NULL,
                           "a phone stays with its MAC and its user: delete it and add another");
    if (!vendor)
        return 0;
    phone->vendor = vendor;
    return check_vendor(call, vendor);
}

int api_phone_set(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    json_t *list = NULL;
    int err = get_phone(call, db, &phone);

    if (!err)
        err = read_changes(call, &phone, &list);
    if (!err) {
        phone.lines = NULL;
        phone.line_count = 0;
    }
    if (!err && list)
        err = lines_from_list(call, db, list, &phone);
    if (!err)
        err = store_phone_set(db, &phone, 0);
    if (err == AP_EEXIST)
        err = api_problem(call, err, "/external_id", "another phone has this external id");
    if (!err)
        err = api_audit(call, db, phone_object(call, phone.mac),
                        api_text(call, "vendor=%s enabled=%s%s", phone.vendor,
                                 phone.enabled ? "yes" : "no", list ? " lines=changed" : ""));
    if (!err)
        err = store_phone_get(db, &call->arena, phone.mac, &phone);
    return err ? err : api_result(call, 200, phone_json(&phone));
}

int api_phone_url(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    struct token token = {.len = 0};
    char mac[AP_MAC_TEXT_MAX];
    const char *base = NULL;
    int err = get_phone(call, db, &phone);

    if (!err)
        err = store_token_get(db, &call->arena, phone.user_id, &token);
    if (!err)
        err = api_audit(call, db, phone_object(call, phone.mac), "");
    if (!err) {
        mac_format(phone.mac, MAC_FORM_LOWER, mac);
        base = api_folder_url(call, &token);
        err = base ? api_result(call, 200,
                                json_pack("{s:s, s:s+++}", "provisioning_base_url", base, "url",
                                          base, mac, ".xml", ""))
                   : AP_ENOMEM;
    }
    secret_wipe(&token, sizeof(token));
    return err;
}

int api_phone_del(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = get_phone(call, db, &phone);

    if (!err)
        err = store_phone_del(db, phone.id);
    if (!err)
        err = api_audit(call, db, phone_object(call, phone.mac),
                        api_text(call, "user=%s", phone.user_name));
    return err ? err : api_result(call, 200, phone_json(&phone));
}
