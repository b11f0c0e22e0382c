/* The catalogue as an admin sees it: vendors and models. Reads no database. */
#include "api_private.h"

static json_t *vendor_json(const struct catalogue_vendor *vendor)
{
    return json_pack("{s:s, s:s, s:I, s:s?, s:s?, s:b}", "name", vendor->name, "title",
                     vendor->title, "models", (json_int_t)vendor->model_count, "resync_event",
                     vendor->resync_event, "user_agent", vendor->user_agent, "flat_only",
                     (int)vendor->flat_only);
}

int api_vendor_list(struct api_call *call, struct store_db *db)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const char *mac_text = api_query(call, "mac");
    const struct catalogue_vendor *vendor;
    uint8_t mac[AP_MAC_LEN];
    int err = mac_text ? api_parse_mac(call, mac_text, NULL, mac) : 0;
    (void)db;

    if (err)
        return err;
    json_t *items = json_array();
    for (size_t i = 0; (vendor = catalogue_vendor_at(catalogue, i)); i++) {
        if (mac_text && vendor != catalogue_vendor_of_mac(catalogue, mac))
            continue;
        if (json_array_append_new(items, vendor_json(vendor)) != 0) {
            json_decref(items);
            return AP_ENOMEM;
        }
    }
    return api_page_result(call, items, NULL);
}

static json_t *model_json(const struct catalogue_vendor *vendor,
                          const struct catalogue_model *model)
{
    return json_pack("{s:s, s:s, s:I, s:I}", "vendor", vendor->name, "model", model->name, "lines",
                     (json_int_t)model->lines, "keys", (json_int_t)model->keys);
}

static int add_models(const struct catalogue_vendor *vendor, json_t *items)
{
    for (size_t i = 0; i < vendor->model_count; i++) {
        if (json_array_append_new(items, model_json(vendor, &vendor->models[i])) != 0)
            return AP_ENOMEM;
    }
    return 0;
}

int api_model_list(struct api_call *call, struct store_db *db)
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    const char *name = api_query(call, "vendor");
    const struct catalogue_vendor *vendor;
    json_t *items;
    char shown[API_SHOWN_MAX];
    int err = 0;
    (void)db;

    if (name && !catalogue_vendor(catalogue, name))
        return api_problem(call, AP_ENOENT, NULL, "there is no vendor '%s' in the catalogue",
                           api_shown(name, shown));
    items = json_array();
    for (size_t i = 0; !err && (vendor = catalogue_vendor_at(catalogue, i)); i++) {
        if (!name || vendor == catalogue_vendor(catalogue, name))
            err = add_models(vendor, items);
    }
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, NULL);
}

static json_t *files_json(const struct catalogue_vendor *vendor)
{
    json_t *files = json_array();

    for (size_t i = 0; files && i < vendor->file_count; i++) {
        const struct catalogue_file *file = &vendor->files[i];
        json_t *item = json_pack("{s:s, s:s, s:s?}", "name", file->name, "role",
                                 catalogue_role_name(file->role), "template", file->template_name);
        if (json_array_append_new(files, item) != 0) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

int api_model_show(struct api_call *call, struct store_db *db)
{
    const struct catalogue_vendor *vendor =
        catalogue_vendor(call->snapshot->rendering->catalogue, call->params[0]);
    const struct catalogue_model *model = vendor ? catalogue_model(vendor, call->params[1]) : NULL;
    json_t *json;
    (void)db;

    if (!model)
        return api_problem(call, AP_ENOENT, NULL, "there is no model '%s/%s' in the catalogue",
                           call->params[0], call->params[1]);
    json = model_json(vendor, model);
    if (!json || json_object_set_new(json, "files", files_json(vendor)) != 0 ||
        json_object_set_new(json, "url", json_string(vendor->url)) != 0) {
        json_decref(json);
        return AP_ENOMEM;
    }
    return api_result(call, 200, json);
}
