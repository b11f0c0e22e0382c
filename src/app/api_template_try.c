/* Texts tried as templates: checked, and rendered for a phone. On job threads; writes nothing. */
#include <string.h>

#include "api_private.h"
#include "api_template.h"
#include "autoprov/array.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"
#include "autoprov/store_template.h"
#include "autoprov/template_check.h"
#include "autoprov/text.h"

/* Catalogue and templates as they would be with text as the template of the path; NULL: without
 * what is stored of it. */
int api_template_load_with(struct api_call *call, struct store_db *db, const char *text,
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
    uint64_t line, column;
    const char *what;
};

/* A number that ends with ':'. */
static bool take_number(const char **at, uint64_t *ret_number)
{
    size_t len = strcspn(*at, ":");

    if ((*at)[len] != ':' || text_parse_u64(*at, len, 1, UINT32_MAX, ret_number) != 0)
        return false;
    *at += len + 1;
    return true;
}

static struct place place_of(const struct api_call *call, const char *text)
{
    size_t len = strlen(call->params[0]);
    struct place place = {.what = text};
    uint64_t line, column;

    if (strncmp(text, call->params[0], len) != 0 || text[len] != ':')
        return place;
    const char *at = text + len + 1;
    if (take_number(&at, &line) && take_number(&at, &column)) {
        place.line = line;
        place.column = column;
    } else {
        at = text + len + 1;
    }
    place.what = at + strspn(at, " ");
    return place;
}

static void add_problem(void *data, const char *line)
{
    struct api_template_problems *problems = data;
    struct place place = place_of(problems->call, line);
    json_t *item = json_pack("{s:s}", "text", place.what);

    if (!item)
        return; /* the check has failed all the same */
    (void)json_object_set_new(item, "line",
                              place.line ? json_integer((json_int_t)place.line) : json_null());
    (void)json_object_set_new(item, "column",
                              place.line ? json_integer((json_int_t)place.column) : json_null());
    (void)json_array_append_new(problems->list, item);
}

/* All that is wrong with text goes to problems. Errors: those of the store, AP_ENOMEM. */
int api_template_check_text(struct api_call *call, struct store_db *db, const char *text,
                            struct api_template_problems *problems, size_t *ret_renderings)
{
    struct rendering *rendering = NULL;
    struct ap_error error = {{0}};
    const char *name = call->params[0];

    *ret_renderings = 0;
    if (template_check_text(name, text, strlen(text), add_problem, problems) != 0)
        return 0;
    int err = api_template_load_with(call, db, text, &rendering, &error);
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

int api_template_read(struct api_call *call, const char **ret_text)
{
    const struct api_field fields[] = {
        {.name = "text", .type = API_FIELD_TEMPLATE, .required = true, .target = ret_text},
    };
    int err = api_template_check_name(call);

    return err ? err : api_read_fields(call, fields, AP_COUNT(fields));
}

int api_template_check(struct api_call *call, struct store_db *db)
{
    struct api_template_problems problems = {.call = call};
    size_t renderings = 0;
    const char *text = "";
    int err = api_template_read(call, &text);

    if (err)
        return err;
    problems.list = json_array();
    err =
        problems.list ? api_template_check_text(call, db, text, &problems, &renderings) : AP_ENOMEM;
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
                                   "body", api_body_json(body.data, body.len, job->file)));
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
    int err = api_template_check_name(call);

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
        err = api_template_load_with(call, db, text, &trial, &error);
    if (err && error.text[0])
        err = api_problem(call, AP_EINVAL, "/text", "%s", error.text);
    if (!err)
        err = render_trial(call, trial, &job, &phone);
    rendering_free(trial);
    secret_wipe(&token, sizeof(token));
    return err;
}
