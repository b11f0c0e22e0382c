/* Templates in use, and those that admins store: checked on a job thread before they are written,
 * in use when that is answered. */
#include <string.h>

#include "api_private.h"
#include "api_template.h"
#include "autoprov/array.h"
#include "autoprov/file.h"
#include "autoprov/store_template.h"
#include "autoprov/template_check.h"

/* What is not stored has a tag too, so that two first changes do not meet. */
#define NOT_STORED_ID "00000000-0000-0000-0000-000000000000"

static int no_template(struct api_call *call)
{
    char shown[API_SHOWN_MAX];

    return api_problem(call, AP_ENOENT, NULL, "there is no template '%s'",
                       api_shown(call->params[0], shown));
}

int api_template_check_name(struct api_call *call)
{
    const char *name = call->params[0];
    size_t len = strlen(name);

    if (template_set_is_name(name) && api_check_text(API_FIELD_NAME, name, len) == 0)
        return 0;
    return no_template(call);
}

/* Where a file of that name wins over what is stored. */
static bool is_read_only(const struct api_call *call, const char *name)
{
    return template_set_find(api_template_set_of(call), name) &&
           template_set_source(api_template_set_of(call), name) == TEMPLATE_FILE;
}

static int refuse_read_only(struct api_call *call)
{
    return api_problem(call, AP_ECONFLICT, NULL,
                       "%s/%s is in its place: change that file and reload, or take it away",
                       call->snapshot->config->custom_templates_directory, call->params[0]);
}

/* -- shown ------------------------------------------------------------------------------------- */

static json_t *vendors_json(const struct rendering *rendering, const char *name)
{
    const struct catalogue_vendor *vendor;
    struct rendering_job job;
    json_t *vendors = json_array();

    for (size_t i = 0; vendors && (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        if (template_check_job(rendering, name, vendor->name, NULL, &job) == 0 &&
            json_array_append_new(vendors, json_string(vendor->name)) != 0) {
            json_decref(vendors);
            return NULL;
        }
    }
    return vendors;
}

/* stored: NULL: it is not. */
static json_t *template_json(const struct api_call *call, const char *name,
                             const struct store_template *stored)
{
    const char *why = template_set_why(api_template_set_of(call), name);
    enum template_source source = template_set_source(api_template_set_of(call), name);

    if (why && source != TEMPLATE_FILE)
        source = TEMPLATE_STORED;
    json_t *json = json_pack("{s:s, s:o, s:s, s:s?}", "name", name, "vendors",
                             vendors_json(call->snapshot->rendering, name), "source",
                             template_source_name(source), "problem", why);
    if (json && json_object_set_new(json, "changed_at",
                                    stored && source == TEMPLATE_STORED
                                        ? json_integer((json_int_t)stored->changed_at)
                                        : json_null()) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static const struct store_template *find_stored(const struct store_template *stored, size_t count,
                                                const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(stored[i].name, name) == 0)
            return &stored[i];
    }
    return NULL;
}

int api_template_list(struct api_call *call, struct store_db *db)
{
    struct store_template *stored = NULL;
    size_t count = 0;
    const char *name;
    json_t *items = json_array();
    struct arena arena; /* texts of all of them */

    arena_init(&arena, (size_t)AP_TEMPLATES_STORED_MAX * (AP_TEMPLATE_MAX_BYTES + 4096));
    int err = store_template_list(db, &arena, &stored, &count);
    for (size_t i = 0; !err && template_set_at(api_template_set_of(call), i, &name); i++)
        err = json_array_append_new(
                  items, template_json(call, name, find_stored(stored, count, name))) == 0
                  ? 0
                  : AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        if (!template_set_find(api_template_set_of(call),
                               stored[i].name) && /* nothing is in its place */
            json_array_append_new(items, template_json(call, stored[i].name, &stored[i])) != 0)
            err = AP_ENOMEM;
    }
    arena_done(&arena);
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, NULL);
}

/* *ret_text: NULL: there is no such file. */
static int read_file(struct api_call *call, const char *folder, const char **ret_text)
{
    const char *path = api_text(call, "%s/%s", folder, call->params[0]);
    struct ap_error error = {{0}};
    struct buf text;

    *ret_text = NULL;
    if (!path)
        return AP_ENOMEM;
    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    int err = file_read(path, &text, &error);
    if (!err) {
        *ret_text = arena_strndup(&call->arena, text.data ? text.data : "", text.len);
        err = *ret_text ? 0 : AP_ENOMEM;
    }
    buf_done(&text);
    if (err == AP_ENOENT)
        return 0;
    return err ? api_problem(call, err, NULL, "%s", error.text) : 0;
}

static int add_texts(struct api_call *call, const struct store_template *stored, json_t *json)
{
    const struct config *config = call->snapshot->config;
    bool read_only = is_read_only(call, call->params[0]);
    const char *text = NULL, *shipped = NULL;
    int err = read_file(call, config->templates_directory, &shipped);

    if (!err && read_only)
        err = read_file(call, config->custom_templates_directory, &text);
    if (err)
        return err;
    if (!read_only)
        text = stored ? stored->text : shipped;
    json_t *more =
        json_pack("{s:s, s:I, s:s?, s:s?, s:b, s:s?}", "id", stored ? stored->id : NOT_STORED_ID,
                  "version", stored ? (json_int_t)stored->version : (json_int_t)0, "text",
                  text ? text : "", "shipped", shipped, "read_only", (int)read_only, "reason",
                  read_only ? api_text(call, "%s/%s is in its place",
                                       config->custom_templates_directory, call->params[0])
                            : NULL);
    err = json_object_update(json, more) == 0 ? 0 : AP_ENOMEM;
    json_decref(more);
    return err;
}

int api_template_show(struct api_call *call, struct store_db *db)
{
    const char *name = call->params[0];
    struct store_template stored;
    int err = api_template_check_name(call);

    if (err)
        return err;
    err = store_template_get(db, &call->arena, name, &stored);
    bool is_stored = err == 0;
    if (err && err != AP_ENOENT)
        return err;
    if (!is_stored && !template_set_find(api_template_set_of(call), name))
        return no_template(call);
    json_t *json = template_json(call, name, is_stored ? &stored : NULL);
    err = json ? add_texts(call, is_stored ? &stored : NULL, json) : AP_ENOMEM;
    if (err) {
        json_decref(json);
        return err;
    }
    return api_result(call, 200, json);
}

/* -- stored ------------------------------------------------------------------------------------ */

int api_template_set_look(struct api_call *call, struct store_db *db)
{
    struct api_template_problems problems = {.call = call};
    size_t renderings = 0;
    const char *text = "";
    int err = api_template_read(call, &text);

    if (!err && is_read_only(call, call->params[0]))
        return refuse_read_only(call);
    if (err)
        return err;
    problems.list = json_array();
    err =
        problems.list ? api_template_check_text(call, db, text, &problems, &renderings) : AP_ENOMEM;
    const json_t *first = json_array_get(problems.list, 0);
    json_int_t line = json_integer_value(json_object_get(first, "line"));
    if (!err && first && line > 0)
        err = api_problem(call, AP_EINVAL, "/text", "line %d, column %d: %s", (int)line,
                          (int)json_integer_value(json_object_get(first, "column")),
                          json_string_value(json_object_get(first, "text")));
    else if (!err && first)
        err = api_problem(call, AP_EINVAL, "/text", "%s",
                          json_string_value(json_object_get(first, "text")));
    json_decref(problems.list);
    return err;
}

static const char *object_of(struct api_call *call)
{
    return api_text(call, "template=%s", call->params[0]);
}

int api_template_set(struct api_call *call, struct store_db *db)
{
    const char *name = call->params[0];
    struct store_template stored;
    const char *text = "";
    int err = api_template_read(call, &text);

    if (!err)
        err = store_template_put(db, name, text);
    if (err == AP_ERANGE && !call->problem.text[0])
        return api_problem(call, err, NULL, "at most %d templates are stored",
                           AP_TEMPLATES_STORED_MAX);
    if (!err)
        err = store_template_get(db, &call->arena, name, &stored);
    if (!err)
        err = api_audit(call, db, object_of(call), api_text(call, "bytes=%zu", strlen(text)));
    return err ? err
               : api_result(call, 200,
                            json_pack("{s:s, s:s, s:I, s:I}", "id", stored.id, "name", name,
                                      "changed_at", (json_int_t)stored.changed_at, "version",
                                      (json_int_t)stored.version));
}

/* Who would miss it? What was passed over before does not count. */
int api_template_del_look(struct api_call *call, struct store_db *db)
{
    struct rendering *rendering = NULL;
    struct ap_error error = {{0}};
    struct store_template stored;
    const char *name, *why;
    int err = api_template_check_name(call);

    if (!err)
        err = store_template_get(db, &call->arena, call->params[0], &stored);
    if (err == AP_ENOENT && !call->problem.text[0])
        return api_problem(call, err, NULL, "it is not stored: there is nothing to take back");
    if (!err)
        err = api_template_load_with(call, db, NULL, &rendering, &error);
    if (err && error.text[0])
        return api_problem(call, AP_ECONFLICT, NULL, "without it: %s", error.text);
    for (size_t i = 0; !err && template_set_passed_over(rendering->templates, i, &name, &why);
         i++) {
        if (!template_set_why(api_template_set_of(call), name))
            err = api_problem(call, AP_ECONFLICT, NULL, "without it: %s", why);
    }
    rendering_free(rendering);
    return err;
}

int api_template_del(struct api_call *call, struct store_db *db)
{
    int err = store_template_del(db, call->params[0]);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "it is not stored: there is nothing to take back");
    if (!err)
        err = api_audit(call, db, object_of(call), "");
    return err ? err : api_result(call, 200, json_pack("{s:s}", "name", call->params[0]));
}
