/* Renders what a phone would get, and compares digests. Must not know who asks. */
#include "freshness.h"

#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"

#define PAGE_ROWS 500
/* Looked at in one call: about two seconds, which a stop of the daemon would wait for. */
#define WALK_MAX_ROWS 20000

static const struct store_delivery *find_delivery(const struct store_delivery *deliveries,
                                                  size_t count, const struct catalogue_file *file)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(deliveries[i].file, file->name) == 0)
            return &deliveries[i];
    }
    return NULL;
}

/* Which of the listeners' URLs stands in the file depends on where the phone came in: it is
 * current when it is what any of them would give. */
static int is_current(const struct freshness_question *question, struct rendering_job *job,
                      const struct store_delivery *delivery, bool *ret_current,
                      struct ap_error *error)
{
    const struct config *config = question->snapshot->config;
    uint8_t digest[VAULT_TAG_BYTES];
    struct arena arena; /* of one rendering: the largest phone takes a third of it */
    struct buf body;
    int err = 0;

    *ret_current = false;
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init_secret(&body, AP_BODY_MAX_BYTES);
    for (size_t i = 0; !err && !*ret_current && i < config->listener_count; i++) {
        /* An admin listener has no URL, and no phone comes in there. */
        if (config->listeners[i].serves != CONFIG_SERVES_PHONES)
            continue;
        job->public_url = config->listeners[i].public_url;
        buf_reset(&body);
        arena_reset(&arena);
        err = rendering_render(question->snapshot->rendering, job, &arena, &body, error);
        if (!err)
            err = vault_body_digest(store_vault(question->db), body.data ? body.data : "", body.len,
                                    digest);
        if (!err)
            *ret_current = memcmp(digest, delivery->digest, sizeof(digest)) == 0;
    }
    buf_done(&body);
    arena_done(&arena);
    return err;
}

int freshness_of_file(const struct freshness_question *question, struct rendering_job *job,
                      enum freshness *ret_freshness, int64_t *ret_at, struct ap_error *error)
{
    const struct store_delivery *delivery =
        find_delivery(question->deliveries, question->delivery_count, job->file);
    bool current = false;

    *ret_at = delivery ? delivery->at : 0;
    if (!delivery) {
        *ret_freshness = FRESHNESS_NEVER_FETCHED;
        return 0;
    }
    int err = is_current(question, job, delivery, &current, error);
    if (err == AP_EINVAL || err == AP_ERANGE || err == AP_ENOENT) {
        *ret_freshness = FRESHNESS_BROKEN;
        return 0;
    }
    *ret_freshness = current ? FRESHNESS_CURRENT : FRESHNESS_STALE;
    return err;
}

int freshness_job(const struct snapshot *snapshot, struct store_db *db, struct arena *arena,
                  const struct store_phone *phone, struct token *token,
                  struct rendering_job *ret_job)
{
    const struct config *config = snapshot->config;
    const struct catalogue_vendor *vendor =
        catalogue_vendor(snapshot->rendering->catalogue, phone->vendor);

    if (!vendor)
        return AP_ENOENT;
    const struct catalogue_model *model = catalogue_model(vendor, phone->model);
    *ret_job = (struct rendering_job){
        .vendor = vendor,
        .model = model,
        .file = phone_file_next(vendor, model, NULL),
        .phone = phone,
        .public_url = config_phone_listener(config)->public_url,
        .prefix = config->provision_prefix,
        .token = token,
    };
    return store_token_get(db, arena, phone->user_id, token);
}

/* -- all phones -------------------------------------------------------------------------------- */

struct arenas {
    struct arena phone, page; /* of one phone, and of one page of rows */
};

/* Files of the phone that are stale or broken into found. */
static int find_files(struct freshness_walk *walk, struct arena *arena,
                      const struct store_phone *phone, struct freshness_found *found)
{
    struct freshness_question question = {.snapshot = walk->snapshot, .db = walk->db};
    struct store_delivery *deliveries = NULL;
    struct rendering_job job = {.file = NULL};
    struct token token = {.len = 0};
    const char **files = arena_alloc_array(arena, AP_CATALOGUE_FILES_MAX, sizeof(*files));
    int err =
        files ? freshness_job(walk->snapshot, walk->db, arena, phone, &token, &job) : AP_ENOMEM;

    if (!err)
        err =
            store_delivery_list(walk->db, arena, phone->id, &deliveries, &question.delivery_count);
    question.deliveries = deliveries;
    found->files = files;
    for (; !err && job.file; job.file = phone_file_next(job.vendor, job.model, job.file)) {
        struct ap_error error = {{0}};
        enum freshness freshness;
        int64_t at;
        err = freshness_of_file(&question, &job, &freshness, &at, &error);
        if (err || freshness == FRESHNESS_CURRENT || freshness == FRESHNESS_NEVER_FETCHED)
            continue;
        const char *name = phone_file_shown(job.vendor, job.model, job.file, phone->mac, arena);
        if (!name || found->file_count == AP_CATALOGUE_FILES_MAX) {
            err = AP_ENOMEM;
            continue;
        }
        files[found->file_count++] = name;
        found->stale_count += freshness == FRESHNESS_STALE;
    }
    secret_wipe(&token, sizeof(token));
    /* Its vendor has left the catalogue: it gets nothing at all, which is another list's matter. */
    return err == AP_ENOENT ? 0 : err;
}

static int look_at(struct freshness_walk *walk, struct arena *arena, const struct store_phone *row,
                   bool *ret_enough)
{
    struct store_phone phone;
    struct freshness_found found = {.phone = &phone, .last_fetch_at = row->last_fetch_at};
    bool asked = true;
    int err = walk->asked ? walk->asked(walk->data, row, &asked) : 0;

    if (err || !asked)
        return err;
    err = store_phone_by_mac(walk->db, arena, row->mac, &phone);
    if (err)
        return err == AP_ENOENT ? 0 : err; /* deleted meanwhile */
    err = find_files(walk, arena, &phone, &found);
    if (!err && found.file_count > 0)
        err = walk->found(walk->data, &found, ret_enough);
    return err;
}

static int walk_phones(struct freshness_walk *walk, struct arenas *arenas, bool *ret_more)
{
    struct store_phone *rows = NULL;
    size_t count = PAGE_ROWS, looked_at = 0;
    int err = 0;

    while (!err && count == PAGE_ROWS && !*ret_more) {
        arena_reset(&arenas->page);
        err =
            store_phone_list(walk->db, &arenas->page, NULL, walk->after, PAGE_ROWS, &rows, &count);
        for (size_t i = 0; !err && i < count && !*ret_more; i++) {
            bool enough = walk->stopping && atomic_load(walk->stopping);
            /* A phone that never fetched has no old file. */
            bool never = rows[i].last_fetch_at == 0;
            if (!enough && !never)
                err = look_at(walk, &arenas->phone, &rows[i], &enough);
            walk->looked_at++;
            walk->disabled += !rows[i].enabled;
            walk->never_fetched += never && rows[i].enabled;
            arena_reset(&arenas->phone);
            mac_format(rows[i].mac, MAC_FORM_LOWER, walk->after);
            *ret_more = enough || ++looked_at == WALK_MAX_ROWS;
        }
    }
    return err;
}

int freshness_walk(struct freshness_walk *walk, bool *ret_more)
{
    struct arenas arenas;

    *ret_more = false;
    arena_init(&arenas.phone, AP_REQUEST_ARENA_MAX_BYTES);
    arena_init(&arenas.page, AP_REQUEST_ARENA_MAX_BYTES);
    int err = walk_phones(walk, &arenas, ret_more);
    arena_done(&arenas.phone);
    arena_done(&arenas.page);
    return err;
}
