/* How much each source may still send, and all of them: buckets, as the one time at which each
 * would be full again (the virtual scheduling of ITU-T I.371). */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "autoprov/limits.h"
#include "sip_pnp_private.h"

/* A source is looked for in one set; there the one gives way that was full first. */
#define WAYS 16
#define SETS (AP_SIP_SOURCES_MAX / WAYS)
_Static_assert(AP_SIP_SOURCES_MAX % WAYS == 0, "whole sets");

struct source {
    struct source_key key;
    int64_t full_us; /* 0: unused */
};

struct sip_rate {
    uint64_t seed;
    int64_t step_us; /* that one more takes */
    struct source sources[SETS][WAYS];
};

int sip_rate_new(uint32_t per_s, struct sip_rate **ret_rate)
{
    struct sip_rate *rate = calloc(1, sizeof(*rate));

    if (!rate)
        return AP_ENOMEM;
    rate->step_us = 1000000 / (per_s > 0 ? per_s : 1);
    if (getrandom(&rate->seed, sizeof(rate->seed), 0) != (ssize_t)sizeof(rate->seed)) {
        free(rate);
        return AP_ECRYPTO;
    }
    *ret_rate = rate;
    return 0;
}

void sip_rate_free(struct sip_rate *rate)
{
    free(rate);
}

static struct source *find(struct sip_rate *rate, const struct source_key *key)
{
    struct source *set = rate->sources[address_source_hash(key, rate->seed) % SETS];
    struct source *idle = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].full_us != 0 && memcmp(&set[i].key, key, sizeof(*key)) == 0)
            return &set[i];
        if (set[i].full_us < idle->full_us)
            idle = &set[i];
    }
    *idle = (struct source){.key = *key};
    return idle;
}

/* One more in a bucket of room_us. */
static bool admit(int64_t *full_us, int64_t step_us, int64_t room_us, int64_t now_ms)
{
    int64_t now_us = now_ms * 1000;
    int64_t next_us = (*full_us > now_us ? *full_us : now_us) + step_us;

    if (next_us > now_us + room_us)
        return false;
    *full_us = next_us;
    return true;
}

bool sip_rate_admit(struct sip_rate *rate, const struct address *address, int64_t now_ms)
{
    struct source_key key;

    address_source_key(address, &key);
    return admit(&find(rate, &key)->full_us, rate->step_us, 1000000, now_ms);
}

void sip_bucket_init(struct sip_bucket *bucket, uint32_t per_s, uint32_t at_once)
{
    int64_t step_us = per_s > 0 ? 1000000 / per_s : 0;

    *bucket = (struct sip_bucket){.step_us = step_us, .room_us = step_us * at_once};
}

bool sip_bucket_admit(struct sip_bucket *bucket, int64_t now_ms)
{
    return admit(&bucket->full_us, bucket->step_us, bucket->room_us, now_ms);
}
