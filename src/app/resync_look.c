/* Looks for stale phones on a job thread, one step at a time: for an order, or by itself. Must not
 * know how they are told. */
#include "resync_private.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "autoprov/log.h"

static const char ACTOR[] = "autoprovd";

/* Unsigned and even enough: whose turn it is first is no secret. */
static uint32_t random_below(uint32_t limit)
{
    uint32_t number = 0;

    /* Without entropy the order is the one that was found. */
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        return limit - 1;
    return number % limit;
}

/* -- on the job thread ------------------------------------------------------------------------- */

static int is_asked(void *data, const struct store_phone *row, bool *ret_asked)
{
    const struct resync_look *look = data;
    int64_t asked_at = 0;

    *ret_asked = row->enabled;
    if (!row->enabled || look->asked_before == 0)
        return 0;
    int err = store_resync_asked_at(look->reader, row->id, &asked_at);
    *ret_asked = asked_at < look->asked_before;
    return err;
}

static int add_found(void *data, const struct freshness_found *found, bool *ret_enough)
{
    struct resync_look *look = data;

    /* Of one whose files cannot be rendered nothing would come of it. */
    if (found->stale_count == 0)
        return 0;
    memcpy(look->found[look->found_count++], found->phone->mac, AP_MAC_LEN);
    *ret_enough = look->found_count == AP_RESYNC_FOUND_MAX;
    return 0;
}

static void run_look(struct api_job *job)
{
    struct resync_look *look =
        (struct resync_look *)((char *)job - offsetof(struct resync_look, job));

    look->err = freshness_walk(&look->walk, &look->has_more);
}

/* -- on the loop ------------------------------------------------------------------------------- */

/* In the order of MACs phones of one delivery stand together, on one switch and one uplink. */
static void shuffle(uint8_t (*macs)[AP_MAC_LEN], size_t count)
{
    uint8_t kept[AP_MAC_LEN];

    for (size_t i = count; i > 1; i--) {
        size_t other = random_below((uint32_t)i);
        memcpy(kept, macs[i - 1], sizeof(kept));
        memcpy(macs[i - 1], macs[other], sizeof(kept));
        memcpy(macs[other], kept, sizeof(kept));
    }
}

static int take_found(struct resync_look *look, struct resync_run *run)
{
    if (!run->macs)
        run->macs = calloc(AP_RESYNC_FOUND_MAX, sizeof(*run->macs));
    if (!run->macs)
        return AP_ENOMEM;
    if (run->progress.automatic)
        shuffle(look->found, look->found_count);
    memcpy(run->macs, look->found, look->found_count * sizeof(*run->macs));
    memcpy(run->after, look->walk.after, sizeof(run->after));
    if (run->progress.automatic && run->progress.total == 0 && look->found_count > 0)
        log_event(LOG_LEVEL_NOTICE, "resync_order", "order=%llu of=stale kind=resync rate=%u %s",
                  (unsigned long long)run->progress.order_id, (unsigned)run->progress.rate, ACTOR);
    run->mac_at = 0;
    run->mac_count = look->found_count;
    run->has_more = look->has_more;
    run->progress.total += look->found_count;
    run->progress.counted = !look->has_more;
    return 0;
}

static void look_done(struct api_job *job)
{
    struct resync_look *look =
        (struct resync_look *)((char *)job - offsetof(struct resync_look, job));
    struct resync *resync = look->resync;
    struct resync_run *run = look->run;
    int err = look->err;

    store_close(look->reader);
    snapshot_unref(look->snapshot);
    look->is_busy = false;
    look->run = NULL;
    if (run)
        run->is_looked_for = false; /* else it was cancelled meanwhile */
    if (run && !err)
        err = take_found(look, run);
    if (run && err) {
        log_event(LOG_LEVEL_ERROR, "resync", "order=%llu error=\"%s\"; the rest is not told",
                  (unsigned long long)run->progress.order_id, ap_strerror(err));
        resync_cancel_run(resync, run);
    }
    if (!resync->stopped)
        resync->setup.wake(resync->setup.data);
}

int resync_look(struct resync *resync, struct resync_run *run)
{
    struct resync_look *look = &resync->look;
    const struct resync_setup *setup = &resync->setup;

    if (look->is_busy) /* of an order that was cancelled: it ends soon */
        return 0;
    int err = setup->open_reader(setup->data, &look->reader);
    if (err)
        return err;
    look->snapshot = snapshot_ref(setup->snapshot(setup->data));
    look->run = run;
    look->found_count = 0;
    look->has_more = false;
    look->asked_before =
        run->progress.automatic ? clock_wall_s(setup->clock) - AP_RESYNC_AGAIN_S : 0;
    look->walk = (struct freshness_walk){.snapshot = look->snapshot,
                                         .db = look->reader,
                                         .stopping = &resync->stopping,
                                         .data = look,
                                         .asked = is_asked,
                                         .found = add_found};
    memcpy(look->walk.after, run->after, sizeof(look->walk.after));
    look->job.run = run_look;
    look->job.done = look_done;
    look->is_busy = true;
    run->is_looked_for = true;
    err = setup->start(setup->data, &look->job);
    if (err) {
        look->is_busy = false;
        look->run = NULL;
        run->is_looked_for = false;
        store_close(look->reader);
        snapshot_unref(look->snapshot);
    }
    return err;
}

/* -- by itself --------------------------------------------------------------------------------- */

/* The same data and the same templates make nothing stale; those that were told and did not come
 * have their turn again after a while. */
static bool is_worth_a_look(struct resync *resync, int64_t now_ms)
{
    const struct snapshot *snapshot = resync->setup.snapshot(resync->setup.data);
    uint64_t seq = 0;

    if (store_change_seq(resync->setup.reader, &seq) != 0)
        return false; /* the store's own faults are told there */
    if (resync->looked_ms > 0 && seq == resync->looked_seq &&
        snapshot->generation == resync->looked_generation &&
        now_ms - resync->looked_ms < (int64_t)AP_RESYNC_AGAIN_S * 1000)
        return false;
    resync->looked_ms = now_ms;
    resync->looked_seq = seq;
    resync->looked_generation = snapshot->generation;
    return true;
}

int64_t resync_look_by_itself(struct resync *resync, int64_t now_ms)
{
    const struct resync_order order = {
        .whom = RESYNC_STALE, .kind = STORE_RESYNC_FETCH, .actor = ACTOR};
    struct resync_run *run;

    if (resync_config(resync)->resync_stale == CONFIG_NO)
        return -1;
    if (now_ms < resync->look_ms)
        return resync->look_ms;
    bool is_first = resync->look_ms == 0;
    /* Between four and six minutes: daemons that were started together do not stay so. */
    resync->look_ms =
        now_ms + AP_RESYNC_LOOK_MS * 4 / 5 + random_below((uint32_t)AP_RESYNC_LOOK_MS * 2 / 5);
    /* Not at once: after a start phones come by themselves. */
    if (is_first || resync_big_run(resync) || resync->look.is_busy ||
        !is_worth_a_look(resync, now_ms))
        return resync->look_ms;
    if (resync_begin(resync, &order, true, &run) != 0)
        resync->looked_ms = 0; /* too many orders run: the next look is soon enough */
    return resync->look_ms;
}
