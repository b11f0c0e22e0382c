/* Used nonces and wrong tries, each in small sets as the penalties are (penalty_table.c): nothing
 * is moved, searched or freed. */
#include "autoprov/auth_table.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "autoprov/text.h"

#define SET_SLOTS  16
#define NONCE_SETS (AP_USED_NONCES_MAX / SET_SLOTS)
#define TRY_SETS   (AP_WRONG_TRIES_MAX / SET_SLOTS)
#define LOCK_COUNT 64 /* of the sets in turn, of both kinds */
#define KEY_BYTES  32
/* A used nonce is remembered so much longer than it is fresh: a use may come late to its lock. */
#define EDGE_MS   1000
#define TAG_BYTES 32
/* What is not the tag of a nonce, and how much of the tag there is. */
#define NONCE_BYTES     16
#define NONCE_TAG_BYTES 16

struct used {
    uint64_t id; /* the nonce's random bytes */
    int64_t made_ms;
    uint32_t count; /* the highest; 0: the slot is free */
};
struct used_set {
    struct used slots[SET_SLOTS];
    int64_t floor_ms; /* nonces made before this are not new, if they are not in a slot */
};

struct tries {
    uint64_t id; /* of source and name, by the key */
    int64_t last_ms;
    uint32_t count; /* 0: the slot is free */
};
struct try_set {
    struct tries slots[SET_SLOTS];
};

struct auth_table {
    uint8_t key[KEY_BYTES];
    uint32_t offset_ms; /* added to times that are told */
    struct used_set *used;
    struct try_set *tries;
    size_t lock_count; /* made */
    pthread_mutex_t locks[LOCK_COUNT];
};

int auth_table_new(struct auth_table **ret_table)
{
    struct auth_table *table = calloc(1, sizeof(*table));
    int err = AP_ENOMEM;

    if (!table)
        return err;
    /* Pages that nobody has touched take no memory. */
    table->used = calloc(NONCE_SETS, sizeof(*table->used));
    table->tries = calloc(TRY_SETS, sizeof(*table->tries));
    if (!table->used || !table->tries)
        goto out;
    if (RAND_bytes(table->key, sizeof(table->key)) != 1 ||
        RAND_bytes((unsigned char *)&table->offset_ms, sizeof(table->offset_ms)) != 1) {
        err = AP_ECRYPTO;
        goto out;
    }
    for (; table->lock_count < LOCK_COUNT; table->lock_count++) {
        if (pthread_mutex_init(&table->locks[table->lock_count], NULL) != 0)
            goto out;
    }
    *ret_table = table;
    return 0;
out:
    auth_table_free(table);
    return err;
}

void auth_table_free(struct auth_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->lock_count; i++)
        pthread_mutex_destroy(&table->locks[i]);
    free(table->used);
    free(table->tries);
    secret_wipe(table->key, sizeof(table->key));
    free(table);
}

static bool tag(const struct auth_table *table, const void *data, size_t len,
                uint8_t ret_tag[static TAG_BYTES])
{
    unsigned tag_len = 0;

    return HMAC(EVP_sha256(), table->key, KEY_BYTES, data, len, ret_tag, &tag_len) &&
           tag_len == TAG_BYTES;
}

/* -- nonces ------------------------------------------------------------------------------------ */

struct nonce {
    int64_t made_ms;
    uint64_t id;
    uint8_t tag[NONCE_TAG_BYTES];
};
_Static_assert(sizeof(struct nonce) == NONCE_BYTES + NONCE_TAG_BYTES, "no padding");
_Static_assert(2 * sizeof(struct nonce) + 1 == AUTH_NONCE_TEXT_MAX, "in hex digits");

int auth_table_make_nonce(struct auth_table *table, int64_t now_ms,
                          char ret_nonce[static AUTH_NONCE_TEXT_MAX])
{
    struct nonce nonce = {.made_ms = now_ms + table->offset_ms};
    uint8_t whole[TAG_BYTES];

    if (RAND_bytes((unsigned char *)&nonce.id, sizeof(nonce.id)) != 1 ||
        !tag(table, &nonce, NONCE_BYTES, whole))
        return AP_ECRYPTO;
    memcpy(nonce.tag, whole, sizeof(nonce.tag));
    text_hex(&nonce, sizeof(nonce), ret_nonce);
    return 0;
}

/* What is not ours tells nothing, not even its age. */
static bool read_nonce(const struct auth_table *table, const char *text, size_t len, int64_t now_ms,
                       struct nonce *ret_nonce)
{
    uint8_t whole[TAG_BYTES];

    if (len != 2 * sizeof(*ret_nonce) || text_unhex(text, len, (uint8_t *)ret_nonce) != 0 ||
        !tag(table, ret_nonce, NONCE_BYTES, whole) ||
        CRYPTO_memcmp(ret_nonce->tag, whole, sizeof(ret_nonce->tag)) != 0)
        return false;
    ret_nonce->made_ms -= table->offset_ms;
    return ret_nonce->made_ms <= now_ms && now_ms - ret_nonce->made_ms <= AP_NONCE_MS;
}

bool auth_table_is_fresh(const struct auth_table *table, const char *nonce, size_t len,
                         int64_t now_ms)
{
    struct nonce read;

    return read_nonce(table, nonce, len, now_ms, &read);
}

/* NULL: every slot has a younger one. */
static struct used *take_used(struct used_set *set, const struct nonce *nonce, int64_t now_ms)
{
    struct used *oldest = &set->slots[0];

    for (size_t i = 0; i < SET_SLOTS; i++) {
        struct used *slot = &set->slots[i];
        if (slot->count == 0 || now_ms - slot->made_ms > AP_NONCE_MS + EDGE_MS)
            return slot;
        if (slot->made_ms < oldest->made_ms)
            oldest = slot;
    }
    if (nonce->made_ms <= oldest->made_ms)
        return NULL;
    set->floor_ms = oldest->made_ms + 1;
    return oldest;
}

static int use(struct used_set *set, const struct nonce *nonce, uint32_t count, int64_t now_ms)
{
    struct used *slot = NULL;

    for (size_t i = 0; i < SET_SLOTS && !slot; i++) {
        if (set->slots[i].count > 0 && set->slots[i].id == nonce->id)
            slot = &set->slots[i];
    }
    if (slot && count <= slot->count)
        return AP_EBUSY;
    if (!slot && nonce->made_ms >= set->floor_ms)
        slot = take_used(set, nonce, now_ms);
    if (!slot)
        return AP_EBUSY;
    *slot = (struct used){.id = nonce->id, .made_ms = nonce->made_ms, .count = count};
    return 0;
}

int auth_table_use(struct auth_table *table, const char *nonce, size_t len, uint32_t count,
                   int64_t now_ms)
{
    struct nonce read;

    if (count == 0 || !read_nonce(table, nonce, len, now_ms, &read))
        return AP_EINVAL;
    size_t number = read.id % NONCE_SETS;
    pthread_mutex_t *lock = &table->locks[number % LOCK_COUNT];
    pthread_mutex_lock(lock);
    int err = use(&table->used[number], &read, count, now_ms);
    pthread_mutex_unlock(lock);
    return err;
}

/* -- wrong tries ------------------------------------------------------------------------------- */

/* One source's and name's place, locked; set NULL: there is no hash, and nothing is counted. */
struct place {
    struct try_set *set;
    pthread_mutex_t *lock;
    uint64_t id;
};

static struct place lock_place(struct auth_table *table, const struct auth_try *tried)
{
    uint8_t input[sizeof(tried->source.bytes) + AP_MAC_LEN + AP_NAME_MAX_BYTES], whole[TAG_BYTES];
    size_t len = strnlen(tried->name, AP_NAME_MAX_BYTES), at = sizeof(tried->source.bytes);
    struct place place = {.set = NULL};
    uint32_t number;

    memcpy(input, tried->source.bytes, at);
    memcpy(input + at, tried->mac, AP_MAC_LEN);
    memcpy(input + at + AP_MAC_LEN, tried->name, len);
    if (!tag(table, input, at + AP_MAC_LEN + len, whole))
        return place;
    memcpy(&place.id, whole, sizeof(place.id));
    memcpy(&number, whole + sizeof(place.id), sizeof(number));
    number %= TRY_SETS;
    place.set = &table->tries[number];
    place.lock = &table->locks[number % LOCK_COUNT];
    pthread_mutex_lock(place.lock);
    return place;
}

static struct tries *find(const struct place *place)
{
    for (size_t i = 0; i < SET_SLOTS; i++) {
        struct tries *slot = &place->set->slots[i];
        if (slot->count > 0 && slot->id == place->id)
            return slot;
    }
    return NULL;
}

static struct tries *take(const struct place *place)
{
    struct tries *oldest = &place->set->slots[0];

    for (size_t i = 0; i < SET_SLOTS; i++) {
        struct tries *slot = &place->set->slots[i];
        if (slot->count == 0)
            return slot;
        if (slot->last_ms < oldest->last_ms)
            oldest = slot;
    }
    *oldest = (struct tries){.count = 0};
    return oldest;
}

bool auth_table_wrong(struct auth_table *table, const struct auth_try *tried, int64_t now_ms)
{
    struct place place = lock_place(table, tried);

    if (!place.set)
        return false;
    struct tries *slot = find(&place);
    slot = slot ? slot : take(&place);
    if (now_ms - slot->last_ms > AP_WRONG_TRY_MS)
        slot->count = 0;
    slot->id = place.id;
    slot->last_ms = now_ms;
    if (slot->count <= AP_WRONG_TRIES_FREE)
        slot->count++;
    bool is_guess = slot->count > AP_WRONG_TRIES_FREE;
    pthread_mutex_unlock(place.lock);
    return is_guess;
}

void auth_table_right(struct auth_table *table, const struct auth_try *tried)
{
    static const uint8_t nobody[AP_MAC_LEN];

    if (memcmp(tried->mac, nobody, sizeof(nobody)) == 0)
        return;
    struct place place = lock_place(table, tried);
    if (!place.set)
        return;
    struct tries *slot = find(&place);
    if (slot)
        *slot = (struct tries){.count = 0};
    pthread_mutex_unlock(place.lock);
}
