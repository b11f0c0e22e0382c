/* Counts per source in one open-addressed table, sharded by lock.
 *
 * A slot is taken while its source has a connection. With one slot per possible connection, twice
 * over, spread evenly over the shards by a keyed hash, a full shard means an attack on the hash;
 * it is refused like any other limit. */
#include "autoprov/source_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHARD_COUNT 16
/* Smallest number of slots in a shard, so that small tables stay even. */
#define SHARD_MIN_SLOTS 64

struct source_slot {
    struct source_key key;
    uint32_t connections; /* 0: free */
    uint32_t handshakes;
};

struct shard {
    pthread_mutex_t lock;
    struct source_slot *slots;
};

struct source_table {
    struct source_limits limits;
    uint64_t seed;
    size_t slots_per_shard; /* a power of two */
    _Atomic uint32_t connections;
    _Atomic uint32_t handshakes;
    _Atomic uint64_t refused;
    struct shard shards[SHARD_COUNT];
};

int source_table_new(const struct source_limits *limits, struct source_table **ret_table)
{
    struct source_table *table = calloc(1, sizeof(*table));
    if (!table)
        return AP_ENOMEM;
    table->limits = *limits;
    if (getrandom(&table->seed, sizeof(table->seed), 0) != (ssize_t)sizeof(table->seed)) {
        free(table);
        return AP_EIO;
    }
    table->slots_per_shard = SHARD_MIN_SLOTS;
    while (table->slots_per_shard * SHARD_COUNT < 2 * (size_t)limits->connections)
        table->slots_per_shard *= 2;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &table->shards[i];
        shard->slots = calloc(table->slots_per_shard, sizeof(*shard->slots));
        if (!shard->slots || pthread_mutex_init(&shard->lock, NULL) != 0) {
            free(shard->slots);
            shard->slots = NULL;
            source_table_free(table);
            return AP_ENOMEM;
        }
    }
    *ret_table = table;
    return 0;
}

void source_table_free(struct source_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < SHARD_COUNT && table->shards[i].slots; i++) {
        pthread_mutex_destroy(&table->shards[i].lock);
        free(table->shards[i].slots);
    }
    free(table);
}

/* Locks the key's shard. *ret_start: where its probe sequence begins. */
static struct shard *lock_shard(struct source_table *table, const struct source_key *key,
                                size_t *ret_start)
{
    uint64_t hash = address_source_hash(key, table->seed);
    struct shard *shard = &table->shards[hash % SHARD_COUNT];

    *ret_start = (size_t)(hash / SHARD_COUNT) & (table->slots_per_shard - 1);
    pthread_mutex_lock(&shard->lock);
    return shard;
}

/* The key's slot, or the free slot where it belongs, or NULL when the shard is full. */
static struct source_slot *find_slot(const struct source_table *table, const struct shard *shard,
                                     size_t start, const struct source_key *key)
{
    for (size_t i = 0; i < table->slots_per_shard; i++) {
        struct source_slot *slot = &shard->slots[(start + i) & (table->slots_per_shard - 1)];
        if (slot->connections == 0 || memcmp(&slot->key, key, sizeof(*key)) == 0)
            return slot;
    }
    return NULL;
}

/* Linear probing without tombstones: move later entries of the run into the hole. */
static void close_hole(const struct source_table *table, struct shard *shard, size_t hole)
{
    size_t mask = table->slots_per_shard - 1;

    for (size_t i = (hole + 1) & mask; shard->slots[i].connections != 0; i = (i + 1) & mask) {
        uint64_t hash = address_source_hash(&shard->slots[i].key, table->seed);
        size_t home = (size_t)(hash / SHARD_COUNT) & mask;
        /* An entry may move back when its home is not behind the hole. */
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            shard->slots[hole] = shard->slots[i];
            shard->slots[i] = (struct source_slot){0};
            hole = i;
        }
    }
}

/* Add one unless the limit is reached. */
static bool take_total(_Atomic uint32_t *total, uint32_t limit)
{
    uint32_t seen = atomic_load_explicit(total, memory_order_relaxed);

    do {
        if (seen >= limit)
            return false;
    } while (!atomic_compare_exchange_weak(total, &seen, seen + 1));
    return true;
}

int source_table_admit(struct source_table *table)
{
    if (take_total(&table->connections, table->limits.connections))
        return 0;
    atomic_fetch_add(&table->refused, 1);
    return AP_EBUSY;
}

int source_table_assign(struct source_table *table, const struct source_key *key)
{
    size_t start;
    bool taken = false;
    struct shard *shard = lock_shard(table, key, &start);
    struct source_slot *slot = find_slot(table, shard, start, key);

    if (slot && slot->connections < table->limits.connections_per_source) {
        slot->key = *key;
        slot->connections++;
        taken = true;
    }
    pthread_mutex_unlock(&shard->lock);
    if (taken)
        return 0;
    atomic_fetch_add(&table->refused, 1);
    return AP_EBUSY;
}

bool source_table_has_room(struct source_table *table, const struct source_key *key)
{
    size_t start;
    struct shard *shard = lock_shard(table, key, &start);
    const struct source_slot *slot = find_slot(table, shard, start, key);
    bool has_room = slot && slot->connections < table->limits.connections_per_source;

    pthread_mutex_unlock(&shard->lock);
    return has_room;
}

void source_table_dismiss(struct source_table *table)
{
    atomic_fetch_sub(&table->connections, 1);
}

int source_table_connect(struct source_table *table, const struct source_key *key)
{
    int err = source_table_admit(table);

    if (err)
        return err;
    err = source_table_assign(table, key);
    if (err)
        source_table_dismiss(table);
    return err;
}

void source_table_disconnect(struct source_table *table, const struct source_key *key)
{
    size_t start;
    struct shard *shard = lock_shard(table, key, &start);
    struct source_slot *slot = find_slot(table, shard, start, key);

    if (slot && slot->connections > 0 && --slot->connections == 0) {
        *slot = (struct source_slot){0};
        close_hole(table, shard, (size_t)(slot - shard->slots));
    }
    pthread_mutex_unlock(&shard->lock);
    atomic_fetch_sub(&table->connections, 1);
}

/* The last quarter is kept for sources that have none: so those that never finish theirs, however
 * many of them wait, are in nobody else's way. */
static uint32_t total_for(const struct source_table *table, const struct source_slot *slot)
{
    uint32_t limit = table->limits.handshakes;

    return slot->handshakes == 0 ? limit : limit - limit / 4;
}

int source_table_handshake_begin(struct source_table *table, const struct source_key *key)
{
    size_t start;
    int err = 0;
    struct shard *shard = lock_shard(table, key, &start);
    struct source_slot *slot = find_slot(table, shard, start, key);
    if (!slot || slot->connections == 0 || slot->handshakes >= table->limits.handshakes_per_source)
        err = AP_ERANGE;
    else if (!take_total(&table->handshakes, total_for(table, slot)))
        err = atomic_load(&table->handshakes) < table->limits.handshakes ? AP_ERANGE : AP_EBUSY;
    else
        slot->handshakes++;
    pthread_mutex_unlock(&shard->lock);
    return err;
}

void source_table_handshake_end(struct source_table *table, const struct source_key *key)
{
    size_t start;
    struct shard *shard = lock_shard(table, key, &start);
    struct source_slot *slot = find_slot(table, shard, start, key);

    if (slot && slot->handshakes > 0)
        slot->handshakes--;
    pthread_mutex_unlock(&shard->lock);
    atomic_fetch_sub(&table->handshakes, 1);
}

void source_table_totals(struct source_table *table, struct source_totals *ret_totals)
{
    ret_totals->connections = atomic_load(&table->connections);
    ret_totals->handshakes = atomic_load(&table->handshakes);
    ret_totals->refused_connections = atomic_load(&table->refused);
}
