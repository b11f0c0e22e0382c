/* What a user may see and do who has followed an invitation: own phones, and adding some. */
#include <string.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"

static json_t *phone_json(const struct store_phone *phone)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "mac", mac, "vendor", phone->vendor, "model",
                     phone->model, "label", phone->label, "last_fetch_at",
                     (json_int_t)phone->last_fetch_at);
}

int api_my_phone_list(struct api_call *call, struct store_db *db)
{
    struct store_phone *phones = NULL;
    const char *after;
    uint32_t limit;
    size_t count = 0;
    char next[AP_MAC_TEXT_MAX];
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = store_phone_list(db, &call->arena, call->session->holder_id, after, limit, &phones,
                               &count);
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

int api_my_model_list(struct api_call *call, struct store_db *db)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const struct catalogue_vendor *vendor;
    json_t *items = json_array();
    int err = items ? 0 : AP_ENOMEM;

    (void)db;
    for (size_t i = 0; !err && (vendor = catalogue_vendor_at(catalogue, i)); i++) {
        for (size_t j = 0; !err && j < vendor->model_count; j++) {
            json_t *item =
                json_pack("{s:s, s:s}", "vendor", vendor->name, "model", vendor->models[j].name);
            err = json_array_append_new(items, item) == 0 ? 0 : AP_ENOMEM;
        }
    }
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, NULL);
}

/* What is told to the phone, and shown as a QR code. */
static int add_urls(struct api_call *call, struct store_db *db,
                    const uint8_t mac[static AP_MAC_LEN], json_t *object)
{
    struct store_phone phone;
    json_t *urls = NULL;
    int err = store_phone_by_mac(db, &call->arena, mac, &phone);

    if (!err)
        err = api_phone_urls(call, db, &phone, &urls);
    if (!err)
        err = api_phone_add_qr(urls);
    if (!err && json_object_update(object, urls) != 0)
        err = AP_ENOMEM;
    json_decref(urls);
    return err;
}

static int answer_urls(struct api_call *call, struct store_db *db, const struct store_phone *phone,
                       int status)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "mac", mac, "vendor", phone->vendor, "model", phone->model);
    int err = object ? add_urls(call, db, phone->mac, object) : AP_ENOMEM;
    if (!err)
        return api_result(call, status, object);
    json_decref(object);
    return err;
}

/* Whoever's it is: a link is no way to ask which phones there are. */
static int tell_existing(struct api_call *call)
{
    return api_problem(call, AP_EEXIST, "/mac",
                       "a phone with this MAC is entered already: ask who has invited you");
}

/* Well-formed MACs count until one is added, or a link would tell which phones there are. */
int api_my_phone_add_before(struct api_call *call)
{
    struct store_phone *phone = arena_alloc(&call->arena, sizeof(*phone));
    const char *name = api_text(call, "phones of %s", call->session->invitation_id);
    const char *mac_text = NULL;
    uint32_t tries;

    if (!phone || !name)
        return AP_ENOMEM;
    *phone = (struct store_phone){
        .vendor = "generic", .model = "", .label = "", .enabled = true, .last_fetch_address = ""};
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .required = true, .target = &mac_text},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &phone->vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone->model},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = api_parse_mac(call, mac_text, "/mac", phone->mac);
    if (!err)
        err = api_settle_vendor(call, phone, json_object_get(call->body, "vendor") != NULL);
    call->more = phone;
    return err ? err : api_sign_in_begin_named(call, name, &tries);
}

int api_my_phone_add_after(struct api_call *call)
{
    sign_in_throttle_right(call->api->door.throttle,
                           api_text(call, "phones of %s", call->session->invitation_id), NULL);
    return 0;
}

int api_my_phone_add(struct api_call *call, struct store_db *db)
{
    struct store_phone *phone = call->more;
    int err = store_invitation_add_phone(db, call->session->invitation_id);

    if (err == AP_ERANGE && !call->problem.text[0])
        return api_problem(call, AP_ECONFLICT, NULL,
                           "one invitation is for %d phones: ask for another",
                           AP_INVITATION_PHONES_MAX);
    if (!err)
        err = api_add_phone(call, db, phone, call->session->name, NULL);
    if (err == AP_EEXIST)
        return tell_existing(call);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone->mac),
                        api_text(call, "user=%s vendor=%s", phone->user_name, phone->vendor));
    return err ? err : answer_urls(call, db, phone, 201);
}

int api_my_phone_url(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = api_get_phone(call, db, &phone);
    if (!err && strcmp(phone.user_id, call->session->holder_id) != 0)
        err = api_problem(call, AP_ENOENT, NULL, "there is no phone '%s'", call->params[0]);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac), "");
    return err ? err : answer_urls(call, db, &phone, 200);
}
