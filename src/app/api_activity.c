/* What an overview shows: fetches and refusals over time, and phones by state. Both look at many
 * rows, so they run on job threads. */
#include <string.h>

#include "api_private.h"
#include "autoprov/store_log.h"
#include "autoprov/text.h"
#include "freshness.h"

#define STEP_S        3600
#define HOURS_MAX     168
#define HOURS_DEFAULT 24

static json_t *numbers_json(const uint64_t *numbers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, json_integer((json_int_t)numbers[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int api_activity(struct api_call *call, struct store_db *db)
{
    const char *text = api_query(call, "hours");
    uint64_t hours = HOURS_DEFAULT;
    uint64_t fetches[HOURS_MAX], refusals[HOURS_MAX];

    if (text && text_parse_u64(text, strlen(text), 1, HOURS_MAX, &hours) != 0)
        return api_problem(call, AP_EINVAL, NULL, "hours must be a number from 1 to %d", HOURS_MAX);
    int64_t from = clock_wall_s(call->api->clock) + 1 - (int64_t)hours * STEP_S;
    int err = store_log_activity(db, from, STEP_S, hours, fetches, refusals);
    if (err)
        return err;
    return api_result(call, 200,
                      json_pack("{s:I, s:i, s:o, s:o}", "from", (json_int_t)from, "step_s", STEP_S,
                                "fetches", numbers_json(fetches, hours), "refusals",
                                numbers_json(refusals, hours)));
}

/* -- phones by state --------------------------------------------------------------------------- */

struct states {
    uint64_t fetched, stale, broken; /* of those that are on */
};

static int take_row(void *data, const struct store_phone *row, bool *ret_asked)
{
    struct states *states = data;

    *ret_asked = row->enabled;
    states->fetched += row->enabled;
    return 0;
}

static int take_found(void *data, const struct freshness_found *found, bool *ret_enough)
{
    struct states *states = data;

    (void)ret_enough;
    if (found->stale_count < found->file_count)
        states->broken++;
    else
        states->stale++;
    return 0;
}

int api_phone_states(struct api_call *call, struct store_db *db)
{
    struct states states = {0};
    struct freshness_walk walk = {.snapshot = call->snapshot,
                                  .db = db,
                                  .data = &states,
                                  .asked = take_row,
                                  .found = take_found};
    const char *after = api_query(call, "after");
    bool more = false;

    if (after && strlen(after) >= sizeof(walk.after))
        return api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    if (after)
        memcpy(walk.after, after, strlen(after) + 1);
    int err = freshness_walk(&walk, &more);
    if (err)
        return err;
    return api_result(
        call, 200,
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s?}", "looked_at", (json_int_t)walk.looked_at,
                  "current", (json_int_t)(states.fetched - states.stale - states.broken), "stale",
                  (json_int_t)states.stale, "broken", (json_int_t)states.broken, "never_fetched",
                  (json_int_t)walk.never_fetched, "disabled", (json_int_t)walk.disabled, "next",
                  more ? walk.after : NULL));
}
