/* Counters of one worker, read by the control loop. */
#include "autoprov/tally.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A rendering takes some 50 µs, a commit that an answer waits for some milliseconds. */
const uint32_t TALLY_BOUNDS_US[TALLY_BOUND_COUNT] = {250,   500,   1000,   2500,   5000,   10000,
                                                     25000, 50000, 100000, 250000, 500000, 1000000};

struct tally {
    _Atomic uint64_t buckets[TALLY_BOUND_COUNT + 1];
    _Atomic uint64_t duration_us;
    _Atomic uint64_t renders, render_errors;
    size_t listener_count;
    _Atomic uint64_t outcomes[][TALLY_OUTCOME_COUNT];
};

const char *tally_outcome_name(enum tally_outcome outcome)
{
    static const char *const NAMES[TALLY_OUTCOME_COUNT] = {
        [TALLY_SERVED] = "served", [TALLY_NOT_MODIFIED] = "not_modified",
        [TALLY_MISSED] = "missed", [TALLY_METHOD] = "method",
        [TALLY_FAILED] = "failed",
    };

    return (unsigned)outcome < TALLY_OUTCOME_COUNT ? NAMES[outcome] : "unknown";
}

int tally_new(size_t listener_count, struct tally **ret_tally)
{
    struct tally *tally =
        calloc(1, sizeof(*tally) + listener_count * TALLY_OUTCOME_COUNT * sizeof(uint64_t));

    if (!tally)
        return AP_ENOMEM;
    tally->listener_count = listener_count;
    *ret_tally = tally;
    return 0;
}

void tally_free(struct tally *tally)
{
    free(tally);
}

/* Only the worker writes: no read-modify-write with its bus lock is needed. */
static void add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void tally_answer(struct tally *tally, unsigned listener, enum tally_outcome outcome,
                  int64_t duration_us)
{
    uint64_t duration = duration_us > 0 ? (uint64_t)duration_us : 0;
    size_t bucket = 0;

    while (bucket < TALLY_BOUND_COUNT && duration > TALLY_BOUNDS_US[bucket])
        bucket++;
    add(&tally->buckets[bucket], 1);
    add(&tally->duration_us, duration);
    if (listener < tally->listener_count)
        add(&tally->outcomes[listener][outcome], 1);
}

void tally_render(struct tally *tally, int err)
{
    add(&tally->renders, 1);
    if (err)
        add(&tally->render_errors, 1);
}

void tally_add(const struct tally *tally, struct tally_sum *sum)
{
    for (size_t i = 0; i <= TALLY_BOUND_COUNT; i++)
        sum->buckets[i] += get(&tally->buckets[i]);
    sum->duration_us += get(&tally->duration_us);
    sum->renders += get(&tally->renders);
    sum->render_errors += get(&tally->render_errors);
}

void tally_add_outcomes(const struct tally *tally, unsigned listener,
                        uint64_t outcomes[static TALLY_OUTCOME_COUNT])
{
    for (size_t i = 0; listener < tally->listener_count && i < TALLY_OUTCOME_COUNT; i++)
        outcomes[i] += get(&tally->outcomes[listener][i]);
}
