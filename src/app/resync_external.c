/* Orders for a program of the admin's: given away, reported, given once more, lost. Must not know
 * what the program does. */
#include "resync_private.h"

/* Given away so often; then it has failed. */
#define GIVEN_MAX 2

int resync_queue(struct resync_attempt *attempt, int64_t now_ms)
{
    struct resync *resync = attempt->resync;

    if (resync->external_count >= AP_RESYNC_QUEUE_MAX)
        return AP_EBUSY;
    attempt->external_state = RESYNC_QUEUED;
    attempt->item_id = resync->next_item++;
    attempt->due_ms = now_ms + AP_RESYNC_QUEUE_MS;
    TAILQ_INSERT_TAIL(&resync->external, attempt, external);
    resync->external_count++;
    return 0;
}

void resync_unqueue(struct resync_attempt *attempt)
{
    struct resync *resync = attempt->resync;

    if (attempt->external_state == RESYNC_NOT_EXTERNAL)
        return;
    TAILQ_REMOVE(&resync->external, attempt, external);
    resync->external_count--;
    attempt->external_state = RESYNC_NOT_EXTERNAL;
}

bool resync_has_queued(const struct resync *resync)
{
    const struct resync_attempt *attempt;

    TAILQ_FOREACH(attempt, &resync->external, external)
    {
        if (attempt->external_state == RESYNC_QUEUED)
            return true;
    }
    return false;
}

int64_t resync_expire(struct resync *resync, int64_t now_ms)
{
    struct resync_attempt *attempt, *next;
    int64_t soonest = -1;

    for (attempt = TAILQ_FIRST(&resync->external); attempt; attempt = next) {
        next = TAILQ_NEXT(attempt, external);
        if (now_ms >= attempt->due_ms) {
            if (attempt->external_state == RESYNC_QUEUED || attempt->given == GIVEN_MAX) {
                attempt->row.why = attempt->external_state == RESYNC_QUEUED
                                       ? STORE_RESYNC_NOT_TAKEN
                                       : STORE_RESYNC_NOT_REPORTED;
                resync_end(attempt, STORE_RESYNC_FAILED, 0);
                continue;
            }
            attempt->external_state = RESYNC_QUEUED;
            attempt->due_ms = now_ms + AP_RESYNC_QUEUE_MS;
        }
        if (soonest < 0 || attempt->due_ms < soonest)
            soonest = attempt->due_ms;
    }
    return soonest;
}

/* What the phone is now; it was queued as something else, perhaps. */
static int fill_item(struct resync_attempt *attempt, struct arena *arena, struct resync_item *item)
{
    struct resync *resync = attempt->resync;
    const struct snapshot *snapshot = resync->setup.snapshot(resync->setup.data);
    struct store_resync_target target;
    int err = store_resync_target(resync->setup.reader, arena, attempt->mac, false, &target);

    if (err)
        return err;
    const struct catalogue_vendor *vendor =
        catalogue_vendor(snapshot->rendering->catalogue, target.vendor);
    *item = (struct resync_item){
        .item_id = attempt->item_id,
        .user = target.user_name,
        .sip_user = target.sip_user ? target.sip_user : "",
        .domain = target.domain ? target.domain : "",
        .contact = arena_strdup(arena, attempt->row.target),
        .event = vendor ? resync_event(vendor, attempt->row.kind) : NULL,
        .kind = attempt->row.kind,
    };
    memcpy(item->mac, attempt->mac, sizeof(item->mac));
    if (!item->contact)
        return AP_ENOMEM;
    if (!item->event)
        return AP_EINVAL;
    return item->kind == STORE_RESYNC_URL ? resync_url(resync, arena, attempt->mac, &item->url) : 0;
}

int resync_take(struct resync *resync, struct arena *arena, size_t limit,
                struct resync_item **ret_items, size_t *ret_count)
{
    struct resync_item *items = arena_alloc_array(arena, limit, sizeof(*items));
    struct resync_attempt *attempt, *next;
    int64_t now_ms = clock_monotonic_ms(resync->setup.clock);
    size_t count = 0;

    if (!items)
        return AP_ENOMEM;
    for (attempt = TAILQ_FIRST(&resync->external); attempt && count < limit; attempt = next) {
        next = TAILQ_NEXT(attempt, external);
        if (attempt->external_state != RESYNC_QUEUED)
            continue;
        int err = fill_item(attempt, arena, &items[count]);
        if (err == AP_ENOMEM) /* what was given counts as given: it is given again */
            break;
        if (err) {
            attempt->row.why =
                attempt->row.kind == STORE_RESYNC_URL ? STORE_RESYNC_NO_URL : STORE_RESYNC_NO_EVENT;
            resync_end(attempt, STORE_RESYNC_FAILED, 0);
            continue;
        }
        attempt->external_state = RESYNC_TAKEN;
        attempt->given++;
        attempt->due_ms = now_ms + AP_RESYNC_TAKEN_MS;
        count++;
    }
    *ret_items = items;
    *ret_count = count;
    /* There is another time to look at, or something to write. */
    if (count > 0 || !TAILQ_EMPTY(&resync->unwritten))
        resync->setup.wake(resync->setup.data);
    return 0;
}

int resync_report(struct resync *resync, uint64_t item_id, enum store_resync_outcome outcome,
                  int status)
{
    struct resync_attempt *attempt;

    TAILQ_FOREACH(attempt, &resync->external, external)
    {
        if (attempt->item_id == item_id && attempt->given > 0) {
            if (outcome == STORE_RESYNC_FAILED)
                attempt->row.why = STORE_RESYNC_PROGRAM;
            resync_end(attempt, outcome, status);
            resync->setup.wake(resync->setup.data);
            return 0;
        }
    }
    return AP_ENOENT;
}

void resync_listen(struct resync *resync, void (*ready)(void *data), void *data)
{
    resync->ready = ready;
    resync->ready_data = data;
}
