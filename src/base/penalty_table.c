/* Penalties in a table of small sets: a source belongs to one set by a keyed hash, and within a
 * full set the penalty that would end first gives way. Nothing is moved, searched or freed.
 *
 * A table of its own, not part of source_table.c: an entry there lives as long as a connection, one
 * here outlives it. */
#include "autoprov/penalty_table.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "autoprov/limits.h"

/* With 10,000 sources 2.4 are in a set on average: one in 10^8 sets is full. */
#define SET_SLOTS  16
#define KIND_SETS  (AP_PENALTY_SOURCES_MAX / SET_SLOTS)
#define SET_COUNT  (2 * KIND_SETS) /* IPv4 first */
#define LOCK_COUNT 64              /* of the sets in turn */

struct slot {
    uint64_t source;    /* of its kind; anything while the slot is free */
    int64_t ends_at_ms; /* what the penalty is, from now on; in the past: none */
    uint16_t held;      /* a slot with held misses never gives way */
    bool is_active;     /* penalised, until the penalty ends */
};

struct set {
    struct slot slots[SET_SLOTS];
};

static_assert(SET_COUNT * sizeof(struct set) <= 6 << 20, "the table is small");
static_assert(KIND_SETS % LOCK_COUNT == 0, "every lock has as many sets");
static_assert(AP_PENALTY_ACTIVE_MS < AP_PENALTY_MAX_MS, "a source can become penalised");

struct penalty_table {
    uint64_t seed;
    struct set *sets;
    _Atomic uint32_t held;
    _Atomic uint64_t held_misses, closed_misses, became_sources;
    size_t lock_count; /* made */
    pthread_mutex_t locks[LOCK_COUNT];
};

int penalty_table_new(struct penalty_table **ret_table)
{
    struct penalty_table *table = calloc(1, sizeof(*table));
    int err = AP_ENOMEM;

    if (!table)
        return err;
    /* Pages that no source has touched take no memory. */
    table->sets = calloc(SET_COUNT, sizeof(*table->sets));
    if (!table->sets)
        goto out;
    if (getrandom(&table->seed, sizeof(table->seed), 0) != (ssize_t)sizeof(table->seed)) {
        err = AP_EIO;
        goto out;
    }
    for (; table->lock_count < LOCK_COUNT; table->lock_count++) {
        if (pthread_mutex_init(&table->locks[table->lock_count], NULL) != 0)
            goto out;
    }
    *ret_table = table;
    return 0;
out:
    penalty_table_free(table);
    return err;
}

void penalty_table_free(struct penalty_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->lock_count; i++)
        pthread_mutex_destroy(&table->locks[i]);
    free(table->sets);
    free(table);
}

/* -- sets -------------------------------------------------------------------------------------- */

/* One source's place, locked. */
struct place {
    struct set *set;
    pthread_mutex_t *lock;
    uint64_t source;
};

static bool is_internet(const struct source_key *key)
{
    return key->bytes[0] == 4 || key->bytes[0] == 6;
}

static struct place lock_place(struct penalty_table *table, const struct source_key *key)
{
    size_t number = address_source_hash(key, table->seed) % KIND_SETS;
    struct place place = {.lock = &table->locks[number % LOCK_COUNT]};

    if (key->bytes[0] == 6)
        number += KIND_SETS;
    place.set = &table->sets[number];
    memcpy(&place.source, key->bytes + 1, sizeof(place.source));
    pthread_mutex_lock(place.lock);
    return place;
}

static void unlock_place(const struct place *place)
{
    pthread_mutex_unlock(place->lock);
}

/* Slots that were never used have the source 0, 0.0.0.0 or ::/64: the same as free ones of it. */
static struct slot *find_slot(const struct place *place)
{
    for (size_t i = 0; i < SET_SLOTS; i++) {
        if (place->set->slots[i].source == place->source)
            return &place->set->slots[i];
    }
    return NULL;
}

/* Penalties that are over end first of all. NULL: every slot has held misses. */
static struct slot *find_or_take_slot(const struct place *place, int64_t now_ms)
{
    struct slot *slot = find_slot(place);
    struct slot *weakest = NULL;

    for (size_t i = 0; i < SET_SLOTS && !slot; i++) {
        struct slot *other = &place->set->slots[i];
        if (other->held == 0 && (!weakest || other->ends_at_ms < weakest->ends_at_ms))
            weakest = other;
    }
    if (slot || !weakest)
        return slot;
    *weakest = (struct slot){.source = place->source, .ends_at_ms = now_ms};
    return weakest;
}

/* -- penalties --------------------------------------------------------------------------------- */

bool penalty_table_guess(struct penalty_table *table, const struct source_key *key, int64_t now_ms)
{
    bool became_active = false;

    if (!is_internet(key))
        return false;
    struct place place = lock_place(table, key);
    struct slot *slot = find_or_take_slot(&place, now_ms);
    if (slot) {
        if (slot->ends_at_ms <= now_ms) {
            slot->ends_at_ms = now_ms;
            slot->is_active = false;
        }
        slot->ends_at_ms += AP_PENALTY_GUESS_MS;
        if (slot->ends_at_ms > now_ms + AP_PENALTY_MAX_MS)
            slot->ends_at_ms = now_ms + AP_PENALTY_MAX_MS;
        became_active = !slot->is_active && slot->ends_at_ms > now_ms + AP_PENALTY_ACTIVE_MS;
        slot->is_active = slot->is_active || became_active;
    }
    unlock_place(&place);
    if (became_active)
        atomic_fetch_add(&table->became_sources, 1);
    return became_active;
}

static bool is_penalised(const struct slot *slot, int64_t now_ms)
{
    return slot->is_active && slot->ends_at_ms > now_ms;
}

bool penalty_table_is_penalised(struct penalty_table *table, const struct source_key *key,
                                int64_t now_ms)
{
    if (!is_internet(key))
        return false;
    struct place place = lock_place(table, key);
    const struct slot *slot = find_slot(&place);
    bool penalised = slot && is_penalised(slot, now_ms);
    unlock_place(&place);
    return penalised;
}

/* -- held misses ------------------------------------------------------------------------------- */

static bool take_total(struct penalty_table *table)
{
    uint32_t seen = atomic_load_explicit(&table->held, memory_order_relaxed);

    do {
        if (seen >= AP_HELD_MISSES_MAX)
            return false;
    } while (!atomic_compare_exchange_weak(&table->held, &seen, seen + 1));
    return true;
}

int penalty_table_hold(struct penalty_table *table, const struct source_key *key, int64_t now_ms)
{
    bool taken = false;

    if (take_total(table)) {
        struct place place = lock_place(table, key);
        struct slot *slot = find_or_take_slot(&place, now_ms);
        if (slot && slot->held < AP_HELD_MISSES_PER_SOURCE_MAX) {
            slot->held++;
            taken = true;
        }
        unlock_place(&place);
        if (!taken)
            atomic_fetch_sub(&table->held, 1);
    }
    atomic_fetch_add(taken ? &table->held_misses : &table->closed_misses, 1);
    return taken ? 0 : AP_EBUSY;
}

void penalty_table_release(struct penalty_table *table, const struct source_key *key)
{
    struct place place = lock_place(table, key);
    struct slot *slot = find_slot(&place);

    assert(slot && slot->held > 0);
    slot->held--;
    unlock_place(&place);
    atomic_fetch_sub(&table->held, 1);
}

/* -- totals ------------------------------------------------------------------------------------ */

static uint32_t count_penalised(const struct set *set, int64_t now_ms)
{
    uint32_t count = 0;

    for (size_t i = 0; i < SET_SLOTS; i++)
        count += is_penalised(&set->slots[i], now_ms) ? 1 : 0;
    return count;
}

void penalty_table_totals(struct penalty_table *table, int64_t now_ms,
                          struct penalty_totals *ret_totals)
{
    *ret_totals = (struct penalty_totals){
        .held = atomic_load(&table->held),
        .held_misses = atomic_load(&table->held_misses),
        .closed_misses = atomic_load(&table->closed_misses),
        .became_sources = atomic_load(&table->became_sources),
    };
    if (ret_totals->became_sources == 0)
        return; /* and so the pages stay untouched */
    for (size_t lock = 0; lock < LOCK_COUNT; lock++) {
        pthread_mutex_lock(&table->locks[lock]);
        for (size_t number = lock; number < SET_COUNT; number += LOCK_COUNT)
            ret_totals->sources += count_penalised(&table->sets[number], now_ms);
        pthread_mutex_unlock(&table->locks[lock]);
    }
}
