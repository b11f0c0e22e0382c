/* How much each source may still send: a bucket per source, as the one time at which it would be
 * full again (the virtual scheduling of ITU-T I.371). */
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

bool sip_rate_admit(struct sip_rate *rate, const struct address *address, int64_t now_ms)
{
    int64_t now_us = now_ms * 1000;
    struct source_key key;

    address_source_key(address, &key);
    struct source *source = find(rate, &key);
    int64_t full_us = source->full_us > now_us ? source->full_us : now_us;
    if (full_us + rate->step_us > now_us + 1000000)
        return false;
    source->full_us = full_us + rate->step_us;
    return true;
}
