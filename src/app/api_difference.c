/* A phone's file as it would be now, and which of its lines the last delivered one did not have.
 * Lines are compared with their secrets and shown without. Writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"

struct digests {
    uint32_t *items; /* NULL: none */
    size_t count;
};

struct difference {
    struct rendering_job job;
    enum freshness state;
    int64_t delivered_at;
    struct ap_error error;      /* of a broken one */
    struct buf body, masked;    /* both empty if it is broken */
    struct digests before, now; /* of both or of none */
};

/* -- the file ---------------------------------------------------------------------------------- */

static int settle_state(struct api_call *call, struct store_db *db, const char *phone_id,
                        struct difference *difference)
{
    struct freshness_question question = {.snapshot = call->snapshot, .db = db};
    struct store_delivery *deliveries = NULL;
    int err =
        store_delivery_list(db, &call->arena, phone_id, &deliveries, &question.delivery_count);

    question.deliveries = deliveries;
    if (!err)
        err = freshness_of_file(&question, &difference->job, &difference->state,
                                &difference->delivered_at, &difference->error);
    /* Of a current one it is now that of the listener where the phone came in. */
    if (difference->state != FRESHNESS_CURRENT)
        difference->job.public_url = config_phone_listener(call->snapshot->config)->public_url;
    return err;
}

/* Each rendering takes up to a third of a request's memory: with an arena of its own. */
static int render(struct api_call *call, struct difference *difference, bool mask, struct buf *body)
{
    struct arena arena;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    difference->job.mask_secrets = mask;
    int err = rendering_render(call->snapshot->rendering, &difference->job, &arena, body,
                               &difference->error);
    arena_done(&arena);
    return err;
}

static int render_both(struct api_call *call, struct difference *difference)
{
    int err = 0;

    if (difference->state != FRESHNESS_BROKEN)
        err = render(call, difference, false, &difference->body);
    if (!err && difference->state != FRESHNESS_BROKEN)
        err = render(call, difference, true, &difference->masked);
    if (err == AP_EINVAL || err == AP_ERANGE || err == AP_ENOENT)
        difference->state = FRESHNESS_BROKEN; /* one that was never fetched, until now */
    else if (err)
        return err;
    if (difference->state == FRESHNESS_BROKEN) {
        buf_reset(&difference->body);
        buf_reset(&difference->masked);
    }
    return 0;
}

/* -- its lines --------------------------------------------------------------------------------- */

/* The line at *at, as vault_line_digests() cuts; false: none is left. */
static bool next_line(const struct buf *body, size_t *at, const char **ret_line, size_t *ret_len)
{
    if (*at >= body->len)
        return false;
    const char *line = body->data + *at;
    const char *stop = memchr(line, '\n', body->len - *at);
    *ret_line = line;
    *ret_len = stop ? (size_t)(stop - line) : body->len - *at;
    *at += *ret_len + 1;
    return true;
}

static size_t count_lines(const struct buf *body)
{
    const char *line;
    size_t at = 0, len, count = 0;

    while (next_line(body, &at, &line, &len))
        count++;
    return count;
}

static int compare_digests(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static void sort(struct digests *digests)
{
    if (digests->count > 0)
        qsort(digests->items, digests->count, sizeof(*digests->items), compare_digests);
}

static bool has(const struct digests *sorted, uint32_t digest)
{
    return sorted->count > 0 &&
           bsearch(&digest, sorted->items, sorted->count, sizeof(digest), compare_digests) != NULL;
}

/* The delivered file's sorted, the others in the order of lines. */
static int find_digests(struct api_call *call, struct store_db *db, const char *phone_id,
                        struct difference *difference)
{
    struct digests *before = &difference->before, *now = &difference->now;
    const struct buf *body = &difference->body;

    if (difference->state == FRESHNESS_BROKEN)
        return 0;
    int err = store_delivery_lines(db, &call->arena, phone_id, difference->job.file->name,
                                   &before->items, &before->count);
    if (err)
        return err == AP_ENOENT ? 0 : err;
    uint32_t *items = arena_alloc_array(&call->arena, AP_BODY_LINES_MAX, sizeof(*items));
    if (!items)
        return AP_ENOMEM;
    err = vault_line_digests(store_vault(db), body->data ? body->data : "", body->len, items,
                             &now->count);
    if (err) {
        *before = (struct digests){NULL, 0};
        return err == AP_ERANGE ? 0 : err; /* too many lines to be compared */
    }
    now->items = items;
    sort(before);
    return 0;
}

static json_t *lines_json(const struct difference *difference)
{
    json_t *lines = json_array();
    const char *line;
    size_t at = 0, len;

    for (size_t i = 0; lines && next_line(&difference->masked, &at, &line, &len); i++) {
        bool is_new = difference->now.items && !has(&difference->before, difference->now.items[i]);
        size_t shown_len = len > 0 && line[len - 1] == '\r' ? len - 1 : len;
        json_t *text = api_body_json(line, shown_len, difference->job.file);
        if (json_array_append_new(lines, json_pack("{s:o, s:b}", "text", text, "is_new", is_new)) !=
            0) {
            json_decref(lines);
            lines = NULL;
        }
    }
    return lines;
}

/* How many of the delivered lines are not there any more; NULL: not known. */
static json_t *gone_json(struct difference *difference)
{
    size_t gone = 0;

    if (!difference->now.items)
        return json_null();
    sort(&difference->now);
    for (size_t i = 0; i < difference->before.count; i++)
        gone += !has(&difference->now, difference->before.items[i]);
    return json_integer((json_int_t)gone);
}

/* -- the answer -------------------------------------------------------------------------------- */

static int answer(struct api_call *call, const struct store_phone *phone,
                  struct difference *difference)
{
    const struct rendering_job *job = &difference->job;

    /* Masking changes values alone. */
    if (count_lines(&difference->body) != count_lines(&difference->masked))
        return api_problem(call, AP_EIO, NULL,
                           "the file has another number of lines without its secrets: its lines "
                           "cannot be compared");
    const char *name =
        phone_file_shown(job->vendor, job->model, job->file, phone->mac, &call->arena);
    json_t *lines = lines_json(difference);
    return api_result(call, 200,
                      json_pack("{s:s, s:s, s:I, s:o, s:o, s:s?}", "file", name, "state",
                                api_freshness_name(difference->state), "delivered_at",
                                (json_int_t)difference->delivered_at, "lines", lines, "gone",
                                gone_json(difference), "error",
                                difference->error.text[0] ? difference->error.text : NULL));
}

int api_phone_difference(struct api_call *call, struct store_db *db)
{
    struct difference difference = {.delivered_at = 0};
    struct store_phone phone;
    struct token token = {.len = 0};
    int err = api_get_whole_phone(call, db, &phone);

    buf_init_secret(&difference.body, AP_BODY_MAX_BYTES);
    buf_init_secret(&difference.masked, AP_BODY_MAX_BYTES);
    if (!err)
        err = api_phone_job(call, db, &call->arena, &phone, &token, &difference.job);
    if (!err)
        err = api_settle_file(call, &difference.job);
    if (!err)
        err = settle_state(call, db, phone.id, &difference);
    if (!err)
        err = render_both(call, &difference);
    if (!err)
        err = find_digests(call, db, phone.id, &difference);
    if (!err)
        err = answer(call, &phone, &difference);
    buf_done(&difference.body);
    buf_done(&difference.masked);
    secret_wipe(&token, sizeof(token));
    return err;
}
