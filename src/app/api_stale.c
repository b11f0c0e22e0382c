/* Which phones have a file that has changed since they fetched it. Renders every phone's files, so
 * it runs on a job thread with a reader of its own. */
#include <string.h>

#include "api_private.h"
#include "freshness.h"

struct scan {
    json_t *items;
    uint32_t limit;
};

static json_t *files_json(const struct freshness_found *found)
{
    json_t *files = json_array();

    for (size_t i = 0; files && i < found->file_count; i++) {
        if (json_array_append_new(files, json_string(found->files[i])) != 0) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

static int add_phone(void *data, const struct freshness_found *found, bool *ret_enough)
{
    struct scan *scan = data;
    const struct store_phone *phone = found->phone;
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "mac", mac, "user", phone->user_name,
                             "vendor", phone->vendor, "model", phone->model, "last_fetch_at",
                             (json_int_t)found->last_fetch_at, "files", files_json(found));
    if (json_array_append_new(scan->items, item) != 0)
        return AP_ENOMEM;
    *ret_enough = json_array_size(scan->items) == scan->limit;
    return 0;
}

int api_stale(struct api_call *call, struct store_db *db)
{
    struct scan scan = {.items = json_array()};
    struct freshness_walk walk = {
        .snapshot = call->snapshot, .db = db, .data = &scan, .found = add_phone};
    const char *after;
    bool more = false;
    int err = api_query_page(call, &scan.limit, &after);

    if (!err && strlen(after) >= sizeof(walk.after))
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    if (!err) {
        memcpy(walk.after, after, strlen(after) + 1);
        err = scan.items ? freshness_walk(&walk, &more) : AP_ENOMEM;
    }
    if (err) {
        json_decref(scan.items);
        return err;
    }
    return api_page_result(call, scan.items, more ? walk.after : NULL);
}
