/* Guard rails of flat mode that need a memory: how many unknown MACs were asked for, and for how
 * many phones one address fetches. One for the process, of fixed size; any thread. */
#ifndef AUTOPROV_FLAT_GUARD_H
#define AUTOPROV_FLAT_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/alarm.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/mac.h"

struct flat_guard;

/* clock, alarms: borrowed. Caller owns, free with flat_guard_free(). Errors: AP_ENOMEM. */
AP_MUSTCHECK int flat_guard_new(const struct ap_clock *clock, struct alarms *alarms,
                                struct flat_guard **ret_guard);
void flat_guard_free(struct flat_guard *guard);

/* Distinct unknown MACs within an hour that are still refused one by one. */
struct flat_budget {
    uint32_t all;     /* 1..AP_FLAT_BUDGET_MAX */
    uint32_t per_oui; /* the same of one OUI */
};

/* An unknown MAC was refused. One too many: flat mode pauses for AP_FLAT_PAUSE_MS, with an alarm.
 */
void flat_guard_refused(struct flat_guard *guard, const struct flat_budget *budget,
                        const uint8_t mac[static AP_MAC_LEN]);

bool flat_guard_is_paused(struct flat_guard *guard);

/* A phone fetched its file without a token. More than AP_FLAT_CROWD phones of one address within a
 * day: an alarm, since it may be a whole network behind address translation, or a collector. */
void flat_guard_served(struct flat_guard *guard, const struct address *source,
                       const uint8_t mac[static AP_MAC_LEN]);

#endif
