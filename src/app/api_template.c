/* Templates in use, and those that admins store: checked on a job thread before they are written,
 * in use when that is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/file.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"
#include "autoprov/store_template.h"
#include "autoprov/template_check.h"
#include "freshness.h"

/* What is not stored has a tag too, so that two first changes do not meet. */
#define NOT_STORED_ID "00000000-0000-0000-0000-000000000000"

static const struct template_set *set_of(const struct api_call *call)
{
    return call->snapshot->rendering->templates;
}

static int no_template(struct api_call *call)
{
    char shown[API_SHOWN_MAX];

    return api_problem(call, AP_ENOENT, NULL, "there is no template '%s'",
                       api_shown(call->params[0], shown));
}

static int check_name(struct api_call *call)
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
    return template_set_find(set_of(call), name) &&
           template_set_source(set_of(call), name) == TEMPLATE_FILE;
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
    const char *why = template_set_why(set_of(call), name);
    enum template_source source = template_set_source(set_of(call), name);

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
    for (size_t i = 0; !err && template_set_at(set_of(call), i, &name); i++)
        err = json_array_append_new(
                  items, template_json(call, name, find_stored(stored, count, name))) == 0
                  ? 0
                  : AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        if (!template_set_find(set_of(call), stored[i].name) && /* nothing is in its place */
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
    int err = check_name(call);

    if (err)
        return err;
    err = store_template_get(db, &call->arena, name, &stored);
    bool is_stored = err == 0;
    if (err && err != AP_ENOENT)
        return err;
    if (!is_stored && !template_set_find(set_of(call), name))
        return no_template(call);
    json_t *json = template_json(call, name, is_stored ? &stored : NULL);
    err = json ? add_texts(call, is_stored ? &stored : NULL, json) : AP_ENOMEM;
    if (err) {
        json_decref(json);
        return err;
    }
    return api_result(call, 200, json);
}

/* -- tried ------------------------------------------------------------------------------------- */

/* Catalogue and templates as they would be with text as the template of the path; NULL: without
 * what is stored of it. */
static int load_with(struct api_call *call, struct store_db *db, const char *text,
                     struct rendering **ret_rendering, struct ap_error *error)
{
    const struct template_text trial = {.name = call->params[0], .text = text};
    struct rendering_folders folders = snapshot_folders(call->snapshot->config);
    struct store_template *stored = NULL;
    struct template_text *texts;
    size_t count = 0, kept = 0;
    struct arena arena;

    arena_init(&arena, (size_t)AP_TEMPLATES_STORED_MAX * (AP_TEMPLATE_MAX_BYTES + 4096));
    int err = store_template_list(db, &arena, &stored, &count);
    texts = err ? NULL : arena_alloc_array(&arena, count + 1, sizeof(*texts));
    for (size_t i = 0; texts && i < count; i++) {
        if (strcmp(stored[i].name, call->params[0]) != 0)
            texts[kept++] = (struct template_text){.name = stored[i].name, .text = stored[i].text};
    }
    folders.stored = texts;
    folders.stored_count = kept;
    folders.trial = text ? &trial : NULL;
    if (!err)
        err = texts ? rendering_load(&folders, ret_rendering, error) : AP_ENOMEM;
    arena_done(&arena);
    return err;
}

/* "NAME:LINE:COL: what" in its parts; else all of it is what. */
struct place {
    unsigned line, column;
    const char *what;
};

static struct place place_of(const struct api_call *call, const char *text)
{
    size_t len = strlen(call->params[0]);
    struct place place = {.what = text};
    int used = 0;

    if (strncmp(text, call->params[0], len) == 0 && text[len] == ':') {
        place.what = text + len + 1 + strspn(text + len + 1, " ");
        if (sscanf(text + len, ":%u:%u: %n", &place.line, &place.column, &used) == 2 && used > 0)
            place.what = text + len + used;
    }
    return place;
}

/* Problems of a check. */
struct problems {
    const struct api_call *call;
    json_t *list;
};

static void add_problem(void *data, const char *line)
{
    struct problems *problems = data;
    struct place place = place_of(problems->call, line);
    json_t *item = json_pack("{s:s}", "text", place.what);

    if (!item)
        return; /* the check has failed all the same */
    (void)json_object_set_new(item, "line", place.line ? json_integer(place.line) : json_null());
    (void)json_object_set_new(item, "column",
                              place.line ? json_integer(place.column) : json_null());
    (void)json_array_append_new(problems->list, item);
}

/* All that is wrong with text goes to problems. Errors: those of the store, AP_ENOMEM. */
static int check_text(struct api_call *call, struct store_db *db, const char *text,
                      struct problems *problems, size_t *ret_renderings)
{
    struct rendering *rendering = NULL;
    struct ap_error error = {{0}};
    const char *name = call->params[0];

    *ret_renderings = 0;
    if (template_check_text(name, text, strlen(text), add_problem, problems) != 0)
        return 0;
    int err = load_with(call, db, text, &rendering, &error);
    if (err && error.text[0]) {
        add_problem(problems, error.text);
        return 0;
    }
    if (err)
        return err;
    err = template_check(rendering, template_set_find(rendering->templates, name), name,
                         add_problem, problems, ret_renderings);
    rendering_free(rendering);
    return err == AP_EINVAL ? 0 : err;
}

static int read_text(struct api_call *call, const char **ret_text)
{
    const struct api_field fields[] = {
        {.name = "text", .type = API_FIELD_TEMPLATE, .required = true, .target = ret_text},
    };
    int err = check_name(call);

    return err ? err : api_read_fields(call, fields, AP_COUNT(fields));
}

int api_template_check(struct api_call *call, struct store_db *db)
{
    struct problems problems = {.call = call};
    size_t renderings = 0;
    const char *text = "";
    int err = read_text(call, &text);

    if (err)
        return err;
    problems.list = json_array();
    err = problems.list ? check_text(call, db, text, &problems, &renderings) : AP_ENOMEM;
    if (err) {
        json_decref(problems.list);
        return err;
    }
    return api_result(call, 200,
                      json_pack("{s:b, s:I, s:o}", "ok", json_array_size(problems.list) == 0,
                                "renderings", (json_int_t)renderings, "problems", problems.list));
}

/* The file name of a template in use; NULL: it is none. */
static const char *name_of(const struct template_set *set, const struct template *template)
{
    const struct template *other;
    const char *name;

    for (size_t i = 0; (other = template_set_at(set, i, &name)); i++) {
        if (other == template)
            return name;
    }
    return NULL;
}

/* The phone's file that the template of the path makes; else its own, which may call it. */
static const char *settle_file(struct api_call *call, struct rendering_job *job)
{
    const struct rendering *rendering = call->snapshot->rendering;
    const struct catalogue_file *own = job->file;

    for (; job->file; job->file = phone_file_next(job->vendor, job->model, job->file)) {
        const char *name = name_of(rendering->templates, rendering_template(rendering, job));
        if (name && strcmp(name, call->params[0]) == 0)
            return name;
    }
    job->file = own;
    return own ? name_of(rendering->templates, rendering_template(rendering, job)) : NULL;
}

static int render_trial(struct api_call *call, const struct rendering *trial,
                        struct rendering_job *job, const struct store_phone *phone)
{
    struct ap_error error = {{0}};
    const char *name = settle_file(call, job);
    const struct template *template = name ? template_set_find(trial->templates, name) : NULL;
    struct buf body;

    if (!template)
        return api_problem(call, AP_EINVAL, "/mac", "nothing is served to this phone");
    buf_init_secret(&body, AP_BODY_MAX_BYTES);
    job->mask_secrets = true;
    int err = rendering_render_with(call->snapshot->rendering, job, template, &call->arena, &body,
                                    &error);
    if (err)
        err = api_problem(call, AP_EINVAL, "/text", "%s", error.text);
    else
        err = api_result(call, 200,
                         json_pack("{s:s, s:o}", "file",
                                   phone_file_shown(job->vendor, job->model, job->file, phone->mac,
                                                    &call->arena),
                                   "body", api_body_json(&body, job->file)));
    buf_done(&body);
    return err;
}

int api_template_preview(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    struct rendering_job job;
    struct rendering *trial = NULL;
    struct token token = {.len = 0};
    struct ap_error error = {{0}};
    const char *text = "", *mac_text = "";
    uint8_t mac[AP_MAC_LEN];
    const struct api_field fields[] = {
        {.name = "text", .type = API_FIELD_TEMPLATE, .required = true, .target = &text},
        {.name = "mac", .type = API_FIELD_RAW, .required = true, .target = &mac_text},
    };
    int err = check_name(call);

    if (!err)
        err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = api_parse_mac(call, mac_text, "/mac", mac);
    if (err)
        return err;
    err = store_phone_by_mac(db, &call->arena, mac, &phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/mac", "there is no such phone");
    if (!err)
        err = api_phone_job(call, db, &call->arena, &phone, &token, &job);
    if (!err)
        err = load_with(call, db, text, &trial, &error);
    if (err && error.text[0])
        err = api_problem(call, AP_EINVAL, "/text", "%s", error.text);
    if (!err)
        err = render_trial(call, trial, &job, &phone);
    rendering_free(trial);
    secret_wipe(&token, sizeof(token));
    return err;
}

/* -- stored ------------------------------------------------------------------------------------ */

int api_template_set_look(struct api_call *call, struct store_db *db)
{
    struct problems problems = {.call = call};
    size_t renderings = 0;
    const char *text = "";
    int err = read_text(call, &text);

    if (!err && is_read_only(call, call->params[0]))
        return refuse_read_only(call);
    if (err)
        return err;
    problems.list = json_array();
    err = problems.list ? check_text(call, db, text, &problems, &renderings) : AP_ENOMEM;
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
    int err = read_text(call, &text);

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
    int err = check_name(call);

    if (!err)
        err = store_template_get(db, &call->arena, call->params[0], &stored);
    if (err == AP_ENOENT && !call->problem.text[0])
        return api_problem(call, err, NULL, "it is not stored: there is nothing to take back");
    if (!err)
        err = load_with(call, db, NULL, &rendering, &error);
    if (err && error.text[0])
        return api_problem(call, AP_ECONFLICT, NULL, "without it: %s", error.text);
    for (size_t i = 0; !err && template_set_passed_over(rendering->templates, i, &name, &why);
         i++) {
        if (!template_set_why(set_of(call), name))
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
