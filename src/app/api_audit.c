/* The audit log: read and proven, never written by a call of its own. */
#include <string.h>

#include "api_private.h"
#include "autoprov/text.h"

/* More findings tell nothing new; their number is told all the same. */
#define PROBLEMS_MAX 100

static json_t *entry_json(const struct store_audit *entry)
{
    return json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:s}", "row", (json_int_t)entry->row, "id",
                     entry->id, "at", (json_int_t)entry->at, "actor", entry->actor, "action",
                     entry->action, "object", entry->object, "detail", entry->detail);
}

/* "after" of a list that goes from the newest row to the oldest: the row before which it goes on.
 */
static int read_cursor(struct api_call *call, const char *after, int64_t *ret_before)
{
    uint64_t row = 0;

    if (after[0] && text_parse_u64(after, strlen(after), 1, INT64_MAX, &row) != 0)
        return api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    *ret_before = (int64_t)row;
    return 0;
}

int api_audit_list(struct api_call *call, struct store_db *db)
{
    struct store_audit *entries = NULL;
    const char *after;
    uint32_t limit;
    int64_t before = 0;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = read_cursor(call, after, &before);
    if (!err)
        err = store_audit_list(db, &call->arena, before, limit, &entries, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, entry_json(&entries[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    const char *next =
        count == limit ? api_text(call, "%lld", (long long)entries[count - 1].row) : NULL;
    return api_page_result(call, items, next);
}

struct problems {
    json_t *lines;
    size_t count;
};

static void note_problem(void *data, const char *line)
{
    struct problems *problems = data;

    /* A line that finds no memory is counted all the same. */
    if (problems->count++ < PROBLEMS_MAX)
        (void)json_array_append_new(problems->lines, json_string(line));
}

int api_audit_verify(struct api_call *call, struct store_db *db)
{
    struct problems problems = {.lines = json_array()};
    struct arena arena;
    uint64_t rows = 0;
    int err = problems.lines ? 0 : AP_ENOMEM;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    if (!err)
        err = store_audit_verify(db, &arena, note_problem, &problems, &rows);
    arena_done(&arena);
    if (!err)
        err = api_result(call, 200,
                         json_pack("{s:I, s:b, s:I, s:O}", "rows", (json_int_t)rows, "unbroken",
                                   (int)(problems.count == 0), "problem_count",
                                   (json_int_t)problems.count, "problems", problems.lines));
    json_decref(problems.lines);
    return err;
}
