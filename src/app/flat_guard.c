/* Fixed tables behind one short lock, taken by requests of flat mode alone. */
#include "autoprov/flat_guard.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/log.h"

#define HOUR_MS     INT64_C(3600000)
#define DAY_MS      INT64_C(86400000)
#define OUI_BYTES   3
#define CROWD_COUNT 256
/* One more than any budget: that is the one too many. */
#define PLACES (AP_FLAT_BUDGET_MAX + 1)

struct refused {
    int64_t at_ms;
    uint8_t mac[AP_MAC_LEN];
};

/* An address and the phones that it fetched for. */
struct crowd {
    struct source_key source;
    int64_t since_ms;
    uint32_t count; /* 0: free */
    uint8_t macs[AP_FLAT_CROWD + 1][AP_MAC_LEN];
};

struct flat_guard {
    const struct ap_clock *clock;
    struct alarms *alarms;
    pthread_mutex_t lock;
    int64_t paused_until_ms;
    /* The last hour's, oldest first, from first on around the end. */
    struct refused refused[PLACES];
    size_t first, count;
    struct crowd crowds[CROWD_COUNT];
};

int flat_guard_new(const struct ap_clock *clock, struct alarms *alarms,
                   struct flat_guard **ret_guard)
{
    struct flat_guard *guard = calloc(1, sizeof(*guard));

    if (!guard)
        return AP_ENOMEM;
    if (pthread_mutex_init(&guard->lock, NULL) != 0) {
        free(guard);
        return AP_ENOMEM;
    }
    guard->clock = clock;
    guard->alarms = alarms;
    *ret_guard = guard;
    return 0;
}

void flat_guard_free(struct flat_guard *guard)
{
    if (!guard)
        return;
    (void)pthread_mutex_destroy(&guard->lock);
    free(guard);
}

/* -- unknown MACs ------------------------------------------------------------------------------ */

static struct refused *refused_at(struct flat_guard *guard, size_t nth)
{
    return &guard->refused[(guard->first + nth) % PLACES];
}

static void forget_old(struct flat_guard *guard, int64_t now_ms)
{
    while (guard->count > 0 && now_ms - refused_at(guard, 0)->at_ms >= HOUR_MS) {
        guard->first = (guard->first + 1) % PLACES;
        guard->count--;
    }
}

/* How many of the MAC's OUI are there; *ret_known: the MAC is one of them. */
static uint32_t count_oui(struct flat_guard *guard, const uint8_t mac[static AP_MAC_LEN],
                          bool *ret_known)
{
    uint32_t count = 0;

    *ret_known = false;
    for (size_t i = 0; i < guard->count; i++) {
        const struct refused *refused = refused_at(guard, i);
        if (memcmp(refused->mac, mac, OUI_BYTES) != 0)
            continue;
        count++;
        *ret_known = *ret_known || memcmp(refused->mac, mac, AP_MAC_LEN) == 0;
    }
    return count;
}

/* Count it. True: it is one too many, for what subject names. */
static bool spend(struct flat_guard *guard, const struct flat_budget *budget,
                  const uint8_t mac[static AP_MAC_LEN], int64_t now_ms, char subject[static 8])
{
    bool is_known;

    forget_old(guard, now_ms);
    uint32_t of_oui = count_oui(guard, mac, &is_known);
    if (is_known)
        return false;
    if (guard->count == PLACES) { /* then it is spent anyhow */
        guard->first = (guard->first + 1) % PLACES;
        guard->count--;
    }
    struct refused *refused = refused_at(guard, guard->count++);
    refused->at_ms = now_ms;
    memcpy(refused->mac, mac, AP_MAC_LEN);
    if (guard->count <= budget->all && of_oui < budget->per_oui)
        return false;
    if (of_oui >= budget->per_oui)
        (void)snprintf(subject, 8, "%02x%02x%02x", mac[0], mac[1], mac[2]); /* fits */
    else
        (void)snprintf(subject, 8, "all"); /* fits */
    guard->paused_until_ms = now_ms + AP_FLAT_PAUSE_MS;
    return true;
}

void flat_guard_refused(struct flat_guard *guard, const struct flat_budget *budget,
                        const uint8_t mac[static AP_MAC_LEN])
{
    int64_t now_ms = clock_monotonic_ms(guard->clock);
    char subject[8] = "";

    (void)pthread_mutex_lock(&guard->lock);
    bool is_spent = now_ms >= guard->paused_until_ms && spend(guard, budget, mac, now_ms, subject);
    (void)pthread_mutex_unlock(&guard->lock);
    if (!is_spent)
        return;
    log_event(LOG_LEVEL_WARNING, "flat_paused",
              "subject=%s minutes=%d; too many unknown MACs within an hour, token URLs go on",
              subject, AP_FLAT_PAUSE_MS / 60000);
    alarms_raise(guard->alarms, STORE_ALARM_FLAT_BUDGET, subject,
                 "flat mode pauses for 15 minutes: too many unknown MACs within an hour");
}

bool flat_guard_is_paused(struct flat_guard *guard)
{
    int64_t now_ms = clock_monotonic_ms(guard->clock);

    (void)pthread_mutex_lock(&guard->lock);
    bool is_paused = now_ms < guard->paused_until_ms;
    (void)pthread_mutex_unlock(&guard->lock);
    return is_paused;
}

/* -- many phones of one address ---------------------------------------------------------------- */

/* The source's place, or the one that it takes: free, of yesterday, or with the fewest phones of
 * those looked at. */
static struct crowd *place_of(struct flat_guard *guard, const struct source_key *source,
                              int64_t now_ms)
{
    struct crowd *taken = &guard->crowds[0];

    for (size_t i = 0; i < CROWD_COUNT; i++) {
        struct crowd *crowd = &guard->crowds[i];
        if (crowd->count > 0 && now_ms - crowd->since_ms >= DAY_MS)
            crowd->count = 0;
        if (crowd->count > 0 && memcmp(&crowd->source, source, sizeof(*source)) == 0)
            return crowd;
        if (crowd->count < taken->count)
            taken = crowd;
    }
    *taken = (struct crowd){.source = *source, .since_ms = now_ms};
    return taken;
}

/* True: this phone makes it a crowd. */
static bool join(struct crowd *crowd, const uint8_t mac[static AP_MAC_LEN])
{
    for (uint32_t i = 0; i < crowd->count; i++) {
        if (memcmp(crowd->macs[i], mac, AP_MAC_LEN) == 0)
            return false;
    }
    if (crowd->count == AP_COUNT(crowd->macs))
        return false;
    memcpy(crowd->macs[crowd->count++], mac, AP_MAC_LEN);
    return crowd->count == AP_COUNT(crowd->macs);
}

void flat_guard_served(struct flat_guard *guard, const struct address *source,
                       const uint8_t mac[static AP_MAC_LEN])
{
    int64_t now_ms = clock_monotonic_ms(guard->clock);
    struct source_key key;
    char subject[AP_ADDRESS_TEXT_MAX];

    address_source_key(source, &key);
    (void)pthread_mutex_lock(&guard->lock);
    bool is_crowd = join(place_of(guard, &key, now_ms), mac);
    (void)pthread_mutex_unlock(&guard->lock);
    if (!is_crowd)
        return;
    address_format(source, subject);
    alarms_raise(guard->alarms, STORE_ALARM_FLAT_CROWD, subject,
                 "fetched the files of more than 32 phones without a token within a day");
}
