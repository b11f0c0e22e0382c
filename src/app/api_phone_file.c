/* A phone's files: what it would get, and whether that is what it has. Writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"

/* -- preview ----------------------------------------------------------------------------------- */

static int unknown_file(struct api_call *call, const struct rendering_job *job, const char *name)
{
    const struct catalogue_file *file = NULL;
    const char *known = "";
    char shown[API_SHOWN_MAX];

    while (known && (file = phone_file_next(job->vendor, job->model, file))) {
        const char *own =
            phone_file_shown(job->vendor, job->model, file, job->phone->mac, &call->arena);
        known = api_text(call, "%s%s%s", known, known[0] ? ", " : "", own);
    }
    return api_problem(call, AP_ENOENT, NULL, "this phone has no file '%s'; it has: %s",
                       api_shown(name, shown), known ? known : "");
}

/* By the name that the phone asks for. */
int api_settle_file(struct api_call *call, struct rendering_job *job)
{
    const char *name = api_query(call, "file");
    struct catalogue_match match;
    const struct catalogue_file *file = NULL;

    if (!name)
        return job->file ? 0
                         : api_problem(call, AP_ENOENT, NULL, "nothing is served to phones of %s",
                                       job->vendor->title);
    if (catalogue_match(call->snapshot->rendering->catalogue, name, strlen(name), &match) &&
        match.has_mac && memcmp(match.mac, job->phone->mac, sizeof(match.mac)) == 0)
        file = catalogue_match_of(&match, job->vendor->name, job->phone->model);
    if (!file || !file->template_name)
        return unknown_file(call, job, name);
    job->file = file;
    return 0;
}

/* A body is bytes of the phone's character set: in JSON ISO-8859-1 becomes UTF-8. */
json_t *api_body_json(const char *body, size_t len, const struct catalogue_file *file)
{
    char *text;
    size_t text_len = 0;

    if (file->dialect->charset != DIALECT_LATIN1)
        return json_stringn(body ? body : "", len);
    text = malloc(2 * len + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)body[i];
        if (c >= 0x80) {
            text[text_len++] = (char)(0xC0 | c >> 6);
            text[text_len++] = (char)(0x80 | (c & 0x3F));
        } else {
            text[text_len++] = (char)c;
        }
    }
    json_t *json = json_stringn(text, text_len);
    secret_wipe(text, text_len);
    free(text);
    return json;
}

static int preview(struct api_call *call, struct store_db *db, bool mask, struct store_phone *phone)
{
    struct rendering_job job;
    struct token token = {.len = 0};
    struct ap_error error = {{0}};
    struct buf body;
    int err = api_get_whole_phone(call, db, phone);

    buf_init_secret(&body, AP_BODY_MAX_BYTES);
    if (!err)
        err = api_phone_job(call, db, &call->arena, phone, &token, &job);
    if (!err) {
        job.mask_secrets = mask;
        err = api_settle_file(call, &job);
    }
    if (!err) {
        err = rendering_render(call->snapshot->rendering, &job, &call->arena, &body, &error);
        if (err)
            err = api_problem(call, AP_EINVAL, NULL, "%s", error.text);
    }
    if (!err) {
        const char *name =
            phone_file_shown(job.vendor, job.model, job.file, phone->mac, &call->arena);
        const struct template *template = rendering_template(call->snapshot->rendering, &job);
        err = api_result(call, 200,
                         json_pack("{s:s, s:s, s:s, s:o}", "file", name, "content_type",
                                   job.file->content_type, "template", template_name(template),
                                   "body", api_body_json(body.data, body.len, job.file)));
    }
    buf_done(&body);
    secret_wipe(&token, sizeof(token));
    return err;
}

int api_phone_preview(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;

    return preview(call, db, true, &phone);
}

int api_phone_preview_secrets(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = preview(call, db, false, &phone);
    return err ? err : api_audit(call, db, api_phone_object(call, phone.mac), "secrets");
}

/* -- what the phone has -------------------------------------------------------------------------
 */

static const char *const STATES[] = {
    [FRESHNESS_NEVER_FETCHED] = "never_fetched",
    [FRESHNESS_CURRENT] = "current",
    [FRESHNESS_STALE] = "stale",
    [FRESHNESS_BROKEN] = "broken",
};

const char *api_freshness_name(enum freshness freshness)
{
    return STATES[freshness];
}

static int add_file(struct api_call *call, const struct freshness_question *question,
                    struct rendering_job *job, json_t *items)
{
    enum freshness state;
    struct ap_error error = {{0}};
    const char *name;
    int64_t at;
    int err = freshness_of_file(question, job, &state, &at, &error);

    if (err)
        return err;
    name = phone_file_shown(job->vendor, job->model, job->file, job->phone->mac, &call->arena);
    return json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s?}", "file", name,
                                                  "role", catalogue_role_name(job->file->role),
                                                  "template", job->file->template_name, "state",
                                                  STATES[state], "delivered_at", (json_int_t)at,
                                                  "error", error.text[0] ? error.text : NULL)) == 0
               ? 0
               : AP_ENOMEM;
}

int api_phone_files(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    struct rendering_job job;
    struct token token = {.len = 0};
    struct store_delivery *deliveries = NULL;
    struct freshness_question question = {.snapshot = call->snapshot, .db = db};
    json_t *items = json_array();
    int err = api_get_whole_phone(call, db, &phone);

    if (!err)
        err = api_phone_job(call, db, &call->arena, &phone, &token, &job);
    if (!err)
        err =
            store_delivery_list(db, &call->arena, phone.id, &deliveries, &question.delivery_count);
    question.deliveries = deliveries;
    for (; !err && job.file; job.file = phone_file_next(job.vendor, job.model, job.file))
        err = add_file(call, &question, &job, items);
    secret_wipe(&token, sizeof(token));
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, NULL);
}
