/* A table of small sets, as that of penalties: a source belongs to one set by a keyed hash. Must
 * not know queues. */
#include "autoprov/turned_away.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "autoprov/limits.h"

#define SET_SLOTS 8
#define SETS      (AP_TURNED_AWAY_SOURCES_MAX / SET_SLOTS)

/* It waits for nothing. */
#define NEVER UINT64_MAX

struct slot {
    struct source_key source;
    uint64_t since_ms; /* or NEVER */
    uint64_t turn_ms;  /* of its last turn; 0: none */
    uint64_t left_ms;  /* or had its turn; 0: free */
};

struct set {
    struct slot slots[SET_SLOTS];
};

_Static_assert(SETS * sizeof(struct set) <= 3 << 20, "the table is small");

struct turned_away {
    uint64_t seed;
    _Atomic uint64_t newest_ms; /* when the last one was noted; 0: never */
    struct set *sets;
    pthread_mutex_t lock; /* of all sets: it is taken above capacity alone */
};

int turned_away_new(struct turned_away **ret_table)
{
    struct turned_away *table = calloc(1, sizeof(*table));
    /* Pages that no source has touched take no memory. */
    struct set *sets = calloc(SETS, sizeof(*sets));
    int err = AP_ENOMEM;

    if (table && sets) {
        table->sets = sets;
        bool is_seeded =
            getrandom(&table->seed, sizeof(table->seed), 0) == (ssize_t)sizeof(table->seed);
        err = is_seeded && pthread_mutex_init(&table->lock, NULL) == 0 ? 0 : AP_EIO;
    }
    if (err) {
        free(sets);
        free(table);
        return err;
    }
    *ret_table = table;
    return 0;
}

void turned_away_free(struct turned_away *table)
{
    if (!table)
        return;
    pthread_mutex_destroy(&table->lock);
    free(table->sets);
    free(table);
}

/* Its set; the caller unlocks. */
static struct set *lock_set(struct turned_away *table, const struct source_key *source)
{
    pthread_mutex_lock(&table->lock);
    return &table->sets[address_source_hash(source, table->seed) % SETS];
}

static bool is_kept(const struct slot *slot, uint64_t now_ms)
{
    return slot->left_ms != 0 && now_ms < slot->left_ms + AP_TURNED_AWAY_MS;
}

static struct slot *find(struct set *set, const struct source_key *source, uint64_t now_ms)
{
    for (size_t i = 0; i < SET_SLOTS; i++) {
        struct slot *slot = &set->slots[i];
        if (is_kept(slot, now_ms) && memcmp(&slot->source, source, sizeof(*source)) == 0)
            return slot;
    }
    return NULL;
}

/* Its slot, or the one that gives way. */
static struct slot *take(struct set *set, const struct source_key *source, uint64_t now_ms)
{
    struct slot *slot = find(set, source, now_ms);

    if (slot)
        return slot;
    slot = &set->slots[0];
    for (size_t i = 1; i < SET_SLOTS; i++) {
        if (set->slots[i].left_ms < slot->left_ms)
            slot = &set->slots[i];
    }
    *slot = (struct slot){.source = *source, .since_ms = now_ms};
    return slot;
}

void turned_away_note(struct turned_away *table, const struct source_key *source, uint64_t since_ms,
                      uint64_t now_ms)
{
    struct set *set = lock_set(table, source);
    struct slot *slot = take(set, source, now_ms);

    /* Of several behind one address the one that has waited longest speaks for it. */
    if (since_ms < slot->since_ms)
        slot->since_ms = since_ms;
    if (slot->since_ms < slot->turn_ms)
        slot->since_ms = slot->turn_ms;
    slot->left_ms = now_ms;
    pthread_mutex_unlock(&table->lock);
    atomic_store_explicit(&table->newest_ms, now_ms, memory_order_relaxed);
}

/* False for nearly all of the time: then no lock is taken. */
static bool may_hold(struct turned_away *table, uint64_t now_ms)
{
    uint64_t newest_ms = atomic_load_explicit(&table->newest_ms, memory_order_relaxed);

    return newest_ms != 0 && now_ms < newest_ms + AP_TURNED_AWAY_MS;
}

uint64_t turned_away_since(struct turned_away *table, const struct source_key *source,
                           uint64_t now_ms)
{
    if (!may_hold(table, now_ms))
        return now_ms;
    struct set *set = lock_set(table, source);
    const struct slot *slot = find(set, source, now_ms);
    uint64_t since_ms = slot && slot->since_ms != NEVER ? slot->since_ms : now_ms;
    pthread_mutex_unlock(&table->lock);
    return since_ms;
}

void turned_away_had_turn(struct turned_away *table, const struct source_key *source,
                          uint64_t now_ms)
{
    if (!may_hold(table, now_ms))
        return;
    struct set *set = lock_set(table, source);
    struct slot *slot = find(set, source, now_ms);
    if (slot)
        *slot = (struct slot){*source, .since_ms = NEVER, .turn_ms = now_ms, .left_ms = now_ms};
    pthread_mutex_unlock(&table->lock);
}
