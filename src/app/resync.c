/* Orders: who comes next, at which pace, and how far each is. Must not know how a phone is told. */
#include "resync_private.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/text.h"

/* MACs of ALL that are read at once: 100,000 phones are never in memory together. */
#define PAGE_ROWS 64
/* After a pause so much of a second's phones is told at once. */
#define BURST_MS 100

const char *resync_whom_name(enum resync_whom whom)
{
    static const char *const NAMES[] = {[RESYNC_PHONES] = "phones",
                                        [RESYNC_USER] = "user",
                                        [RESYNC_STALE] = "stale",
                                        [RESYNC_ALL] = "all"};

    return NAMES[whom];
}

const struct config *resync_config(const struct resync *resync)
{
    return resync->setup.snapshot(resync->setup.data)->config;
}

int resync_new(const struct resync_setup *setup, struct resync **ret_resync)
{
    struct resync *resync = calloc(1, sizeof(*resync));

    if (!resync)
        return AP_ENOMEM;
    resync->setup = *setup;
    TAILQ_INIT(&resync->attempts);
    TAILQ_INIT(&resync->unwritten);
    TAILQ_INIT(&resync->external);
    resync->batch.resync = resync;
    resync->look.resync = resync;
    /* Of a daemon before this one: what it has given away is not ours to hear of. */
    resync->next_item = (uint64_t)clock_wall_s(setup->clock) * 1000 + 1;
    int err = store_resync_last_order(setup->reader, &resync->last_order);
    if (err) {
        free(resync);
        return err;
    }
    *ret_resync = resync;
    return 0;
}

/* -- orders ------------------------------------------------------------------------------------ */

struct resync_run *resync_big_run(const struct resync *resync)
{
    for (struct resync_run *run = resync->runs; run; run = run->next) {
        if (run->progress.whom >= RESYNC_STALE && !run->progress.cancelled)
            return run;
    }
    return NULL;
}

int resync_check(const struct resync *resync, enum resync_whom whom)
{
    const struct resync_run *big = resync_big_run(resync);

    if (resync->stopped || resync->run_count == AP_RESYNC_ORDERS_MAX)
        return AP_EBUSY;
    /* The daemon's own gives way. */
    return whom >= RESYNC_STALE && big && !big->progress.automatic ? AP_EBUSY : 0;
}

static int fill_macs(struct resync_run *run, const struct resync_order *order)
{
    if (order->mac_count == 0)
        return 0;
    run->macs = calloc(order->mac_count, sizeof(*run->macs));
    if (!run->macs)
        return AP_ENOMEM;
    memcpy(run->macs, order->macs, order->mac_count * sizeof(*run->macs));
    run->mac_count = order->mac_count;
    run->progress.total = order->mac_count;
    run->progress.counted = true;
    return 0;
}

/* How many there are at this moment: for a progress bar. */
static int count_all(struct resync *resync, struct resync_run *run)
{
    struct store_phone_states states;
    int err = store_phone_states(resync->setup.reader, &states);

    if (!err) {
        /* Those that are off are not among the MACs. */
        run->progress.total = states.never_fetched + states.fetched;
        run->progress.counted = true;
    }
    return err;
}

static int make_run(struct resync *resync, const struct resync_order *order, bool automatic,
                    struct resync_run **ret_run)
{
    struct resync_run *run = calloc(1, sizeof(*run));
    int err = run ? fill_macs(run, order) : AP_ENOMEM;

    if (!err && order->whom == RESYNC_ALL)
        err = count_all(resync, run);
    if (err) {
        free(run ? run->macs : NULL);
        free(run);
        return err;
    }
    struct resync_progress *progress = &run->progress;
    run->has_more = order->whom >= RESYNC_STALE;
    run->paced_ms = clock_monotonic_ms(resync->setup.clock);
    run->allowance = 1000;
    progress->order_id = ++resync->last_order;
    progress->whom = order->whom;
    progress->kind = order->kind;
    progress->automatic = automatic;
    progress->rate = order->rate ? order->rate : resync_config(resync)->resync_rate;
    progress->ordered_at = clock_wall_s(resync->setup.clock);
    /* Both fit. */
    (void)snprintf(progress->actor, sizeof(progress->actor), "%s", order->actor);
    (void)snprintf(progress->site_id, sizeof(progress->site_id), "%s",
                   order->site_id ? order->site_id : "");
    *ret_run = run;
    return 0;
}

int resync_begin(struct resync *resync, const struct resync_order *order, bool automatic,
                 struct resync_run **ret_run)
{
    struct resync_run *big = resync_big_run(resync);
    struct resync_run **end = &resync->runs;
    int err = resync_check(resync, order->whom);

    if (!err)
        err = make_run(resync, order, automatic, ret_run);
    if (err)
        return err;
    if (order->whom >= RESYNC_STALE && big)
        resync_cancel_run(resync, big);
    while (*end)
        end = &(*end)->next;
    *end = *ret_run;
    resync->run_count++;
    return 0;
}

int resync_order(struct resync *resync, const struct resync_order *order, uint64_t *ret_order_id)
{
    struct resync_run *run = NULL;
    int err = resync_begin(resync, order, false, &run);

    if (err)
        return err;
    log_event(LOG_LEVEL_NOTICE, "resync_order", "order=%llu of=%s phones=%llu kind=%s rate=%u %s",
              (unsigned long long)run->progress.order_id, resync_whom_name(order->whom),
              (unsigned long long)run->progress.total, store_resync_kind_name(order->kind),
              (unsigned)run->progress.rate, order->actor);
    *ret_order_id = run->progress.order_id;
    resync->setup.wake(resync->setup.data);
    return 0;
}

void resync_cancel_run(struct resync *resync, struct resync_run *run)
{
    struct resync_attempt *attempt, *next;

    if (run->progress.cancelled)
        return;
    run->progress.cancelled = true;
    run->mac_at = run->mac_count;
    run->has_more = false;
    if (resync->look.run == run) {
        resync->look.run = NULL; /* what it finds is thrown away */
        run->is_looked_for = false;
    }
    for (attempt = TAILQ_FIRST(&resync->external); attempt; attempt = next) {
        next = TAILQ_NEXT(attempt, external);
        if (attempt->run == run)
            resync_end(attempt, STORE_RESYNC_CANCELLED, 0);
    }
}

size_t resync_cancel(struct resync *resync, const char *site_id)
{
    size_t count = 0;

    for (struct resync_run *run = resync->runs; run; run = run->next) {
        if (run->progress.cancelled || (site_id && strcmp(site_id, run->progress.site_id) != 0))
            continue;
        resync_cancel_run(resync, run);
        count++;
    }
    resync->setup.wake(resync->setup.data);
    return count;
}

/* -- progress ---------------------------------------------------------------------------------- */

size_t resync_progress(const struct resync *resync, const char *site_id,
                       struct resync_progress ret_orders[static RESYNC_PROGRESS_MAX])
{
    size_t count = 0;

    for (const struct resync_run *run = resync->runs; run; run = run->next) {
        if (!site_id || strcmp(site_id, run->progress.site_id) == 0)
            ret_orders[count++] = run->progress;
    }
    for (size_t i = 0; i < resync->ended_count; i++) {
        size_t at = (resync->ended_next + AP_RESYNC_ENDED_MAX - 1 - i) % AP_RESYNC_ENDED_MAX;
        if (!site_id || strcmp(site_id, resync->ended[at].site_id) == 0)
            ret_orders[count++] = resync->ended[at];
    }
    return count;
}

void resync_totals(const struct resync *resync,
                   uint64_t ret_totals[static STORE_RESYNC_OUTCOME_COUNT])
{
    memcpy(ret_totals, resync->totals, sizeof(resync->totals));
}

static void tell_end(const struct resync_progress *progress)
{
    const uint64_t *outcomes = progress->outcomes;
    uint64_t accepted = outcomes[STORE_RESYNC_ACCEPTED] + outcomes[STORE_RESYNC_CHALLENGED];
    uint64_t failed = outcomes[STORE_RESYNC_FAILED] + outcomes[STORE_RESYNC_NO_TARGET] +
                      outcomes[STORE_RESYNC_CANCELLED];

    log_event(LOG_LEVEL_NOTICE, "resync_end",
              "order=%llu of=%s phones=%llu told=%llu accepted=%llu refused=%llu unreachable=%llu "
              "failed=%llu%s",
              (unsigned long long)progress->order_id, resync_whom_name(progress->whom),
              (unsigned long long)progress->total, (unsigned long long)progress->asked,
              (unsigned long long)accepted, (unsigned long long)outcomes[STORE_RESYNC_REFUSED],
              (unsigned long long)outcomes[STORE_RESYNC_UNREACHABLE], (unsigned long long)failed,
              progress->cancelled ? "; cancelled" : "");
}

static void finish(struct resync *resync, struct resync_run *run)
{
    struct resync_progress *progress = &run->progress;

    progress->ended_at = clock_wall_s(resync->setup.clock);
    /* Of one that was stopped it stays what it would have been. */
    if (!progress->cancelled || !progress->counted)
        progress->total = progress->asked + progress->passed_over;
    progress->counted = true;
    /* A look of the daemon itself that found nobody is no news. */
    if (!progress->automatic || progress->asked > 0) {
        tell_end(progress);
        resync->ended[resync->ended_next] = *progress;
        resync->ended_next = (resync->ended_next + 1) % AP_RESYNC_ENDED_MAX;
        if (resync->ended_count < AP_RESYNC_ENDED_MAX)
            resync->ended_count++;
    }
    resync->run_count--;
    free(run->macs);
    free(run);
}

static bool is_over(const struct resync_run *run)
{
    return run->mac_at == run->mac_count && !run->has_more && !run->is_looked_for &&
           run->under_way == 0;
}

static void finish_those_over(struct resync *resync)
{
    for (struct resync_run **at = &resync->runs; *at;) {
        struct resync_run *run = *at;
        if (is_over(run)) {
            *at = run->next;
            finish(resync, run);
        } else {
            at = &run->next;
        }
    }
}

/* -- pace -------------------------------------------------------------------------------------- */

/* The next page of ALL. */
static int read_page(struct resync *resync, struct resync_run *run)
{
    const char *const *macs = NULL;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena, (size_t)PAGE_ROWS * 256);
    if (!run->macs)
        run->macs = calloc(PAGE_ROWS, sizeof(*run->macs));
    int err = run->macs ? store_resync_macs(resync->setup.reader, &arena, run->after, PAGE_ROWS,
                                            &macs, &count)
                        : AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++)
        err = mac_parse(macs[i], strlen(macs[i]), run->macs[i]);
    if (!err) {
        run->mac_at = 0;
        run->mac_count = count;
        run->has_more = count == PAGE_ROWS;
        if (count > 0)
            mac_format(run->macs[count - 1], MAC_FORM_LOWER, run->after);
    }
    arena_done(&arena);
    return err;
}

/* Let there be somebody to tell, if there is. */
static void refill(struct resync *resync, struct resync_run *run)
{
    int err;

    if (run->mac_at < run->mac_count || !run->has_more || run->is_looked_for)
        return;
    err = run->progress.whom == RESYNC_ALL ? read_page(resync, run) : resync_look(resync, run);
    if (!err)
        return;
    log_event(LOG_LEVEL_ERROR, "resync", "order=%llu error=\"%s\"; the rest is not told",
              (unsigned long long)run->progress.order_id, ap_strerror(err));
    resync_cancel_run(resync, run);
}

static void take_allowance(struct resync_run *run, int64_t now_ms)
{
    uint64_t rate = run->progress.rate;
    uint64_t most = rate * BURST_MS > 1000 ? rate * BURST_MS : 1000;

    if (now_ms > run->paced_ms)
        run->allowance += (uint64_t)(now_ms - run->paced_ms) * rate;
    run->paced_ms = now_ms;
    if (run->allowance > most)
        run->allowance = most;
}

/* Tell whom the pace allows. Returns when to go on; -1: when something else has happened. */
static int64_t advance(struct resync *resync, struct resync_run *run, int64_t now_ms)
{
    take_allowance(run, now_ms);
    if (now_ms < run->pause_ms)
        return run->pause_ms;
    refill(resync, run);
    while (run->allowance >= 1000 && run->mac_at < run->mac_count) {
        if (resync_send(resync, run, run->macs[run->mac_at], now_ms) == AP_EBUSY) {
            run->pause_ms = now_ms + RESYNC_RETRY_MS;
            return run->pause_ms;
        }
        run->mac_at++;
        run->allowance -= 1000;
        refill(resync, run);
    }
    if (run->mac_at == run->mac_count)
        return -1;
    uint64_t missing = 1000 - run->allowance;
    return now_ms + (int64_t)((missing + run->progress.rate - 1) / run->progress.rate);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t resync_tick(struct resync *resync, int64_t now_ms)
{
    int64_t next = -1;

    if (!resync->stopped) {
        next = resync_expire(resync, now_ms);
        next = sooner(next, resync_look_by_itself(resync, now_ms));
        for (struct resync_run *run = resync->runs; run; run = run->next)
            next = sooner(next, advance(resync, run, now_ms));
        if (resync->ready && resync_has_queued(resync)) {
            resync->ready(resync->ready_data);
            next = sooner(next, resync_expire(resync, now_ms));
        }
        finish_those_over(resync);
    }
    return sooner(next, resync_write(resync, now_ms));
}

/* -- the end ----------------------------------------------------------------------------------- */

void resync_stop(struct resync *resync)
{
    if (!resync || resync->stopped)
        return;
    resync->stopped = true;
    atomic_store(&resync->stopping, true);
    for (struct resync_run *run = resync->runs; run; run = run->next) {
        resync_cancel_run(resync, run);
        tell_end(&run->progress); /* the daemon ends: nothing else will tell of it */
    }
    resync->write_again_ms = 0;
    (void)resync_write(resync, clock_monotonic_ms(resync->setup.clock)); /* the rest: recovered */
}

void resync_free(struct resync *resync)
{
    if (!resync)
        return;
    while (!TAILQ_EMPTY(&resync->attempts))
        resync_free_attempt(TAILQ_FIRST(&resync->attempts));
    while (resync->runs) {
        struct resync_run *run = resync->runs;
        resync->runs = run->next;
        free(run->macs);
        free(run);
    }
    free(resync);
}
