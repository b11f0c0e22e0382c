/* Phones as they are: lists, one phone, its URL, its end. Changes: api_phone_write.c. */
#include <string.h>

#include "api_private.h"
#include "autoprov/phone_file.h"
#include "autoprov/qr_rows.h"
#include "autoprov/secret.h"
#include "freshness.h"

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

json_t *api_phone_json(const struct store_phone *phone, bool with_lines)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s?, s:s, s:I, s:I, s:s, s:I}", "id", phone->id,
        "mac", mac, "user", phone->user_name, "vendor", phone->vendor, "model", phone->model,
        "label", phone->label, "enabled", (int)phone->enabled, "external_id", phone->external_id,
        "sip_contact", phone->sip_contact, "created_at", (json_int_t)phone->created_at,
        "last_fetch_at", (json_int_t)phone->last_fetch_at, "last_fetch_address",
        phone->last_fetch_address, "version", (json_int_t)phone->version);
    json_t *access = object ? api_access_json(&phone->access) : NULL;
    if (object &&
        (!access || json_object_update(object, access) != 0 || api_auth_show(phone, object) != 0)) {
        json_decref(access);
        json_decref(object);
        return NULL;
    }
    json_decref(access);
    if (object && with_lines && json_object_set_new(object, "lines", lines_json(phone)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int api_parse_mac(struct api_call *call, const char *text, const char *pointer,
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

int api_get_phone(struct api_call *call, struct store_db *db, struct store_phone *ret_phone)
{
    uint8_t mac[AP_MAC_LEN];
    int err = api_parse_mac(call, call->params[0], NULL, mac);

    if (!err)
        err = store_phone_get(db, &call->arena, mac, ret_phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no phone '%s'", call->params[0]);
    return err;
}

const char *api_phone_object(struct api_call *call, const uint8_t mac[static AP_MAC_LEN])
{
    char text[AP_MAC_TEXT_MAX];

    mac_format(mac, MAC_FORM_LOWER, text);
    return api_text(call, "mac=%s", text);
}

int api_phone_show(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    json_t *object = NULL;
    int err = api_get_phone(call, db, &phone);

    if (!err) {
        object = api_phone_json(&phone, true);
        err = object ? api_phone_sum(call, db, &phone, object) : AP_ENOMEM;
    }
    if (!err)
        return api_result(call, 200, object);
    json_decref(object);
    return err;
}

int api_get_whole_phone(struct api_call *call, struct store_db *db, struct store_phone *ret_phone)
{
    uint8_t mac[AP_MAC_LEN];
    int err = api_parse_mac(call, call->params[0], NULL, mac);

    if (!err)
        err = store_phone_by_mac(db, &call->arena, mac, ret_phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no phone '%s'", call->params[0]);
    return err;
}

const struct catalogue_vendor *api_phone_vendor(struct api_call *call,
                                                const struct store_phone *phone)
{
    const struct catalogue_vendor *vendor =
        catalogue_vendor(call->snapshot->rendering->catalogue, phone->vendor);

    if (!vendor)
        api_problem_write(call, NULL,
                          "vendor '%s' of this phone is not in the catalogue any more: bring its "
                          "file back, or give the phone another vendor",
                          phone->vendor);
    return vendor;
}

int api_phone_job(struct api_call *call, struct store_db *db, struct arena *arena,
                  const struct store_phone *phone, struct token *token,
                  struct rendering_job *ret_job)
{
    if (!api_phone_vendor(call, phone))
        return AP_ENOENT;
    return freshness_job(call->snapshot, db, arena, phone, token, ret_job);
}

int api_phone_file_name(struct api_call *call, const struct rendering_job *job,
                        const char **ret_name)
{
    if (!job->file)
        return api_problem(call, AP_ENOENT, NULL, "nothing is served to phones of %s",
                           job->vendor->title);
    int err = phone_file_name(job->vendor, job->model, job->file, job->phone->mac, &call->arena,
                              ret_name);
    if (err == AP_ENOENT)
        return api_problem(call, AP_EINVAL, NULL,
                           "the name of its file, '%s', is not known: give the phone a model of "
                           "the catalogue",
                           job->file->name);
    return err;
}

/* The URL of the phone's own file, and what is written on the phone. */
static int url_json(struct api_call *call, const struct rendering_job *job, json_t **ret_json)
{
    const char *base = api_folder_url(call, job->token);
    const char *name = NULL;
    const char *phone_url = NULL;
    struct ap_error error = {{0}};
    int err = rendering_phone_url(call->snapshot->rendering, job, &call->arena, &phone_url, &error);

    if (err == AP_EINVAL)
        return api_problem(call, err, NULL, "%s", error.text);
    if (!err)
        err = api_phone_file_name(call, job, &name);
    if (err || !base)
        return err ? err : AP_ENOMEM;
    *ret_json = json_pack("{s:s, s:s++, s:s}", "provisioning_base_url", base, "url", base, name, "",
                          "phone_url", phone_url);
    return *ret_json ? 0 : AP_ENOMEM;
}

int api_phone_add_qr(json_t *urls)
{
    json_t *rows = NULL;
    int err = qr_rows_json(json_string_value(json_object_get(urls, "url")), &rows);

    if (!err && json_object_set_new(urls, "qr", rows) != 0)
        err = AP_ENOMEM;
    return err;
}

int api_phone_urls(struct api_call *call, struct store_db *db, const struct store_phone *phone,
                   json_t **ret_json)
{
    struct rendering_job job;
    struct token token = {.len = 0};
    int err = api_phone_job(call, db, &call->arena, phone, &token, &job);

    if (!err && job.vendor->flat_only)
        err =
            api_problem(call, AP_EINVAL, NULL,
                        "phones of %s cannot be given a URL with a token: they are served in flat "
                        "mode only (docs/vendors.md)",
                        job.vendor->title);
    if (!err)
        err = url_json(call, &job, ret_json);
    secret_wipe(&token, sizeof(token));
    return err;
}

int api_phone_url(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    json_t *json = NULL;
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = api_get_whole_phone(call, db, &phone);
    if (!err)
        err = api_phone_urls(call, db, &phone, &json);
    /* A browser draws it; programs make their own. */
    if (!err && call->route->method == GATE_POST)
        err = api_phone_add_qr(json);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac), "");
    if (!err)
        return api_result(call, 200, json);
    json_decref(json);
    return err;
}

int api_phone_del(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = api_get_phone(call, db, &phone);

    if (!err)
        err = store_phone_del(db, phone.id);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac),
                        api_text(call, "user=%s", phone.user_name));
    return err ? err : api_result(call, 200, api_phone_json(&phone, true));
}
