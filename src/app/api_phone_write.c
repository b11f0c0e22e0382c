/* Changes of phones and their lines. */
#include <string.h>

#include "api_line.h"
#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/text.h"

/* -- vendor and model -------------------------------------------------------------------------- */

static int unknown_vendor(struct api_call *call, const char *name)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const struct catalogue_vendor *vendor;
    const char *known = "";

    for (size_t i = 0; known && (vendor = catalogue_vendor_at(catalogue, i)); i++)
        known = api_text(call, "%s%s%s", known, i > 0 ? ", " : "", vendor->name);
    return api_problem(call, AP_EINVAL, "/vendor",
                       "there is no vendor '%s' in the catalogue; there are: %s", name,
                       known ? known : "");
}

/* Models whose names begin with what was given, of one vendor or of all. */
struct candidates {
    const struct catalogue_vendor *vendor; /* of the last one */
    const struct catalogue_model *model;
    size_t count;
    const char *shown; /* the first few; NULL without memory */
};
#define CANDIDATES_SHOWN 12

static void add_candidates(struct api_call *call, const struct catalogue_vendor *vendor,
                           const char *begin, struct candidates *candidates)
{
    size_t len = strlen(begin);

    for (size_t i = 0; i < vendor->model_count; i++) {
        const struct catalogue_model *model = &vendor->models[i];
        if (strlen(model->name) < len || !text_equal_nocase(model->name, len, begin, len))
            continue;
        candidates->vendor = vendor;
        candidates->model = model;
        if (candidates->shown && candidates->count < CANDIDATES_SHOWN)
            candidates->shown = api_text(call, "%s%s%s/%s", candidates->shown,
                                         candidates->count ? ", " : "", vendor->name, model->name);
        candidates->count++;
    }
}

static int unknown_model(struct api_call *call, const struct catalogue_vendor *vendor,
                         const struct candidates *candidates, const char *name)
{
    if (candidates->count > 0)
        return api_problem(call, AP_EINVAL, "/model", "which model '%s'? There are: %s%s", name,
                           candidates->shown ? candidates->shown : "",
                           candidates->count > CANDIDATES_SHOWN ? ", …" : "");
    if (vendor)
        return api_problem(call, AP_EINVAL, "/model",
                           "%s has no model '%s' in the catalogue; look with 'autoprovctl model "
                           "list --vendor %s', leave the model out, or add it (docs/templates.md)",
                           vendor->title, name, vendor->name);
    return api_problem(call, AP_EINVAL, "/model",
                       "the catalogue has no such model '%s'; look with 'autoprovctl model list', "
                       "leave the model out and give --vendor, or add it (docs/templates.md)",
                       name);
}

/* By its whole name, or by a beginning that only one model has. vendor NULL: of any vendor. */
static int settle_model(struct api_call *call, const struct catalogue_vendor *vendor,
                        struct store_phone *phone)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const struct catalogue_vendor *of =
        vendor ? vendor : catalogue_vendor_of_model(catalogue, phone->model);
    const struct catalogue_model *model = of ? catalogue_model(of, phone->model) : NULL;
    struct candidates candidates = {.shown = ""};

    for (size_t i = 0; !model && !vendor && (of = catalogue_vendor_at(catalogue, i)); i++)
        add_candidates(call, of, phone->model, &candidates);
    if (!model && vendor)
        add_candidates(call, vendor, phone->model, &candidates);
    if (!model && candidates.count == 1) {
        model = candidates.model;
        of = candidates.vendor;
    }
    if (!model)
        return unknown_model(call, vendor, &candidates, phone->model);
    phone->vendor = of->name;
    phone->model = model->name;
    return 0;
}

int api_settle_vendor(struct api_call *call, struct store_phone *phone, bool vendor_given)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const struct catalogue_vendor *vendor = NULL;

    if (!vendor_given && phone->model[0])
        return settle_model(call, NULL, phone);
    if (!vendor_given)
        vendor = catalogue_vendor_of_mac(catalogue, phone->mac);
    if (vendor)
        phone->vendor = vendor->name;
    vendor = catalogue_vendor(catalogue, phone->vendor);
    if (!vendor)
        return unknown_vendor(call, phone->vendor);
    return phone->model[0] && vendor->model_count > 0 ? settle_model(call, vendor, phone) : 0;
}

int api_phone_result(struct api_call *call, struct store_db *db, struct store_phone *phone,
                     int status, const char *made_password)
{
    const struct catalogue_vendor *vendor;
    struct store_phone whole;
    uint32_t unused = 0;
    json_t *json;
    int err = store_phone_get(db, &call->arena, phone->mac, phone);

    if (!err)
        err = store_phone_by_mac(db, &call->arena, phone->mac, &whole);
    if (err)
        return err;
    vendor = catalogue_vendor(call->snapshot->rendering->catalogue, phone->vendor);
    const struct catalogue_model *model = vendor ? catalogue_model(vendor, phone->model) : NULL;
    for (size_t i = 0; model && i < whole.line_count; i++)
        unused += whole.lines[i].position > model->lines;
    json = api_phone_json(phone, true);
    if (!json || json_object_set_new(json, "unused_lines", json_integer(unused)) != 0 ||
        (made_password &&
         json_object_set_new(json, "auth_password", json_string(made_password)) != 0)) {
        json_decref(json);
        return AP_ENOMEM;
    }
    return api_result(call, status, json);
}

int api_tell_range(struct api_call *call, int err)
{
    return err != AP_ERANGE ? err
                            : api_problem(call, err, "/auth_user",
                                          "%d phones of the user have HTTP passwords under this "
                                          "name: give it another, or none",
                                          AP_AUTH_PAIRS_MAX);
}

/* -- add and set ------------------------------------------------------------------------------- */

int api_add_phone(struct api_call *call, struct store_db *db, struct store_phone *phone,
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
    phone->user_name = user.name;
    err = api_settle_lines(call, db, list, phone);
    if (!err)
        err = api_tell_range(call, store_phone_add(db, phone, id));
    if (err == AP_EEXIST)
        return api_problem(call, err, "/mac",
                           "a phone with this MAC exists already (%s), or one with its external id",
                           mac);
    return err ? err : api_check_phone(call, db, phone->mac);
}

int api_phone_add(struct api_call *call, struct store_db *db)
{
    struct store_phone phone = {
        .vendor = "generic", .model = "", .label = "", .enabled = true, .last_fetch_address = ""};
    const char *mac_text = NULL;
    const char *user_name = NULL;
    json_t *list = NULL;
    struct api_access_fields access = {.flat = NULL};
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .required = true, .target = &mac_text},
        {.name = "user", .type = API_FIELD_NAME, .required = true, .target = &user_name},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &phone.vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone.model},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &phone.label},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &phone.enabled},
        {.name = "external_id", .type = API_FIELD_NAME, .target = &phone.external_id},
        {.name = "sip_contact",
         .type = API_FIELD_RAW,
         .may_be_empty = true,
         .target = &phone.sip_contact},
        {.name = "lines", .type = API_FIELD_LIST, .target = &list},
        {.name = "flat", .type = API_FIELD_RAW, .may_be_empty = true, .target = &access.flat},
        {.name = "secrets", .type = API_FIELD_RAW, .may_be_empty = true, .target = &access.secrets},
        {.name = "networks", .type = API_FIELD_LIST, .target = &access.networks},
        {.name = "auth_required", .type = API_FIELD_BOOL, .target = &phone.access.auth.required},
        {.name = "auth_user",
         .type = API_FIELD_NAME,
         .may_be_empty = true,
         .target = &phone.access.auth.user},
        {.name = "auth_password",
         .type = API_FIELD_PASSWORD,
         .may_be_null = true,
         .target = &access.auth.password},
        {.name = "auth_password_make", .type = API_FIELD_BOOL, .target = &access.auth.make},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = api_parse_mac(call, mac_text, "/mac", phone.mac);
    if (!err)
        err = api_settle_vendor(call, &phone, json_object_get(call->body, "vendor") != NULL);
    if (!err)
        err = api_settle_access(call, &access, &phone.access);
    if (!err && phone.sip_contact)
        err = api_check_contact(call, phone.sip_contact);
    if (!err)
        err = api_add_phone(call, db, &phone, user_name, list);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac),
                        api_text(call, "user=%s vendor=%s", phone.user_name, phone.vendor));
    return err ? err : api_phone_result(call, db, &phone, 201, access.auth.made);
}

/* Body members that stay as they are when the body has not got them. */
static int read_changes(struct api_call *call, struct store_phone *phone, json_t **ret_lines,
                        const char **ret_made)
{
    const char *vendor = NULL;
    const char *fixed = NULL;
    struct api_access_fields access = {.flat = NULL};
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .may_be_empty = true, .target = &fixed},
        {.name = "user", .type = API_FIELD_RAW, .may_be_empty = true, .target = &fixed},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone->model},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &phone->label},
        {.name = "enabled", .type = API_FIELD_BOOL, .target = &phone->enabled},
        {.name = "external_id",
         .type = API_FIELD_NAME,
         .may_be_null = true,
         .target = &phone->external_id},
        {.name = "sip_contact",
         .type = API_FIELD_RAW,
         .may_be_empty = true,
         .target = &phone->sip_contact},
        {.name = "lines", .type = API_FIELD_LIST, .target = ret_lines},
        {.name = "flat", .type = API_FIELD_RAW, .may_be_empty = true, .target = &access.flat},
        {.name = "secrets", .type = API_FIELD_RAW, .may_be_empty = true, .target = &access.secrets},
        {.name = "networks", .type = API_FIELD_LIST, .target = &access.networks},
        {.name = "auth_required", .type = API_FIELD_BOOL, .target = &phone->access.auth.required},
        {.name = "auth_user",
         .type = API_FIELD_NAME,
         .may_be_empty = true,
         .target = &phone->access.auth.user},
        {.name = "auth_password",
         .type = API_FIELD_PASSWORD,
         .may_be_null = true,
         .target = &access.auth.password},
        {.name = "auth_password_make", .type = API_FIELD_BOOL, .target = &access.auth.make},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (err)
        return err;
    if (fixed)
        return api_problem(call, AP_EINVAL, json_object_get(call->body, "mac") ? "/mac" : "/user",
                           "a phone stays with its MAC and its user: delete it and add another");
    err = api_settle_access(call, &access, &phone->access);
    if (!err)
        err = api_check_contact(call, phone->sip_contact);
    if (err)
        return err;
    *ret_made = access.auth.made;
    bool model_given = json_object_get(call->body, "model") != NULL;
    if (vendor)
        phone->vendor = vendor;
    /* A model belongs to its vendor: another vendor begins without one. */
    if (vendor && !model_given)
        phone->model = "";
    /* What has left the catalogue may stay. */
    return vendor || model_given ? api_settle_vendor(call, phone, true) : 0;
}

int api_phone_set(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    json_t *list = NULL;
    const char *made = NULL;
    int err = api_get_phone(call, db, &phone);

    if (!err)
        err = read_changes(call, &phone, &list, &made);
    if (!err) {
        phone.lines = NULL;
        phone.line_count = 0;
    }
    if (!err && list)
        err = api_settle_lines(call, db, list, &phone);
    if (!err)
        err = api_tell_range(call, store_phone_set(db, &phone, 0));
    if (err == AP_EEXIST)
        err = api_problem(call, err, "/external_id", "another phone has this external id");
    bool is_changed = phone.access.auth.password != NULL;
    /* One that is off gets no file: it is checked when it is switched on. */
    if (!err && phone.enabled)
        err = api_check_phone(call, db, phone.mac);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac),
                        api_text(call,
                                 "vendor=%s enabled=%s flat=%s secrets=%s networks=%s "
                                 "auth_required=%s%s%s",
                                 phone.vendor, phone.enabled ? "yes" : "no",
                                 store_flat_name(phone.access.flat),
                                 store_secrets_name(phone.access.secrets),
                                 phone.access.networks ? phone.access.networks : "",
                                 phone.access.auth.required ? "yes" : "no",
                                 is_changed ? " auth=changed" : "", list ? " lines=changed" : ""));
    return err ? err : api_phone_result(call, db, &phone, 200, made);
}
