/* Which phones have a file that has changed since they fetched it. Renders every phone's files, so
 * it runs on a job thread with a reader of its own. */
#include <string.h>

#include "api_private.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"

#define PAGE_ROWS 500
/* Looked at in one call: about two seconds, which a stop of the daemon would wait for. */
#define SCAN_MAX_ROWS 20000
/* Of one phone, and of one page of rows. */
#define SCAN_MAX_BYTES AP_REQUEST_ARENA_MAX_BYTES

struct scan {
    struct api_call *call;
    struct store_db *db;
    struct arena phone_arena, page_arena;
    json_t *items;
    uint32_t limit;
    char after[AP_MAC_TEXT_MAX];
};

/* Names of the phone's files that are stale or broken; an empty array: none. */
static int find_files(struct scan *scan, const struct store_phone *phone, json_t *files)
{
    struct arena *arena = &scan->phone_arena;
    struct api_file_question question = {.snapshot = scan->call->snapshot, .db = scan->db};
    struct store_delivery *deliveries = NULL;
    struct rendering_job job;
    struct token token = {.len = 0};
    int err = api_phone_job(scan->call, scan->db, arena, phone, &token, &job);

    if (!err)
        err =
            store_delivery_list(scan->db, arena, phone->id, &deliveries, &question.delivery_count);
    question.deliveries = deliveries;
    for (; !err && job.file; job.file = phone_file_next(job.vendor, job.model, job.file)) {
        enum api_file_state state;
        struct ap_error error = {{0}};
        const char *name;
        int64_t at;
        err = api_file_state(&question, &job, &state, &at, &error);
        if (err || state == API_FILE_CURRENT || state == API_FILE_NEVER_FETCHED)
            continue;
        name = phone_file_shown(job.vendor, job.model, job.file, phone->mac, arena);
        err = json_array_append_new(files, json_string(name)) == 0 ? 0 : AP_ENOMEM;
    }
    secret_wipe(&token, sizeof(token));
    /* Its vendor has left the catalogue: it gets nothing at all, which is another list's matter. */
    return err == AP_ENOENT ? 0 : err;
}

static int look_at(struct scan *scan, const struct store_phone *row)
{
    struct store_phone phone;
    char mac[AP_MAC_TEXT_MAX];
    json_t *files = json_array();
    int err = files ? 0 : AP_ENOMEM;

    mac_format(row->mac, MAC_FORM_LOWER_COLON, mac);
    if (!err)
        err = store_phone_by_mac(scan->db, &scan->phone_arena, row->mac, &phone);
    if (!err)
        err = find_files(scan, &phone, files);
    if (!err && json_array_size(files) > 0) {
        json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:I, s:O}", "mac", mac, "user",
                                 phone.user_name, "vendor", phone.vendor, "model", phone.model,
                                 "last_fetch_at", (json_int_t)row->last_fetch_at, "files", files);
        err = json_array_append_new(scan->items, item) == 0 ? 0 : AP_ENOMEM;
    }
    json_decref(files);
    arena_reset(&scan->phone_arena);
    return err == AP_ENOENT ? 0 : err; /* deleted meanwhile */
}

static int scan_phones(struct scan *scan, bool *ret_more)
{
    struct store_phone *rows = NULL;
    size_t count = PAGE_ROWS, looked_at = 0;
    int err = 0;

    *ret_more = false;
    while (!err && count == PAGE_ROWS && !*ret_more) {
        arena_reset(&scan->page_arena);
        err = store_phone_list(scan->db, &scan->page_arena, NULL, scan->after, PAGE_ROWS, &rows,
                               &count);
        for (size_t i = 0; !err && i < count && !*ret_more; i++) {
            /* A phone that never fetched has no old file. */
            if (rows[i].last_fetch_at > 0)
                err = look_at(scan, &rows[i]);
            mac_format(rows[i].mac, MAC_FORM_LOWER, scan->after);
            *ret_more = json_array_size(scan->items) == scan->limit || ++looked_at == SCAN_MAX_ROWS;
        }
    }
    return err;
}

int api_stale(struct api_call *call, struct store_db *db)
{
    struct scan scan = {.call = call, .db = db, .items = json_array()};
    const char *after;
    bool more = false;
    int err = api_query_page(call, &scan.limit, &after);

    arena_init(&scan.phone_arena, SCAN_MAX_BYTES);
    arena_init(&scan.page_arena, SCAN_MAX_BYTES);
    if (!err && strlen(after) >= sizeof(scan.after))
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    if (!err) {
        memcpy(scan.after, after, strlen(after) + 1);
        err = scan.items ? scan_phones(&scan, &more) : AP_ENOMEM;
    }
    arena_done(&scan.phone_arena);
    arena_done(&scan.page_arena);
    if (err) {
        json_decref(scan.items);
        return err;
    }
    return api_page_result(call, scan.items, more ? scan.after : NULL);
}
