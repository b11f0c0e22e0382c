/* What one worker counts of its answers: outcomes per listener, how long they took, renderings. */
#ifndef AUTOPROV_TALLY_H
#define AUTOPROV_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

/* Every way in which a request ends. Names are stable (tally_outcome_name): a label of metrics. */
enum tally_outcome {
    TALLY_SERVED,       /* 200 */
    TALLY_NOT_MODIFIED, /* 304 */
    TALLY_MISSED,       /* the uniform miss, 404 */
    TALLY_METHOD,       /* 405 */
    TALLY_FAILED,       /* 503: the store failed */
    TALLY_OUTCOME_COUNT
};

/* "served", …; never NULL. */
const char *tally_outcome_name(enum tally_outcome outcome);

/* Upper bounds of the histogram's buckets, in microseconds, rising; one more bucket has no bound.
 */
#define TALLY_BOUND_COUNT 12
extern const uint32_t TALLY_BOUNDS_US[TALLY_BOUND_COUNT];

struct tally;

/* Caller owns, free with tally_free(). Errors: AP_ENOMEM. */
AP_MUSTCHECK int tally_new(size_t listener_count, struct tally **ret_tally);
void tally_free(struct tally *tally);

/* One answer. duration_us: from the request to the answer; the time that a miss is then held back
 * is no part of it. The worker's thread. */
void tally_answer(struct tally *tally, unsigned listener, enum tally_outcome outcome,
                  int64_t duration_us);

/* One rendering that was tried; err: 0, or why it failed. The worker's thread. */
void tally_render(struct tally *tally, int err);

/* Of all workers together. */
struct tally_sum {
    uint64_t buckets[TALLY_BOUND_COUNT + 1]; /* each counts its own answers alone */
    uint64_t duration_us;
    uint64_t renders, render_errors;
};

/* Add what tally holds. Any thread (relaxed atomics). */
void tally_add(const struct tally *tally, struct tally_sum *sum);
void tally_add_outcomes(const struct tally *tally, unsigned listener,
                        uint64_t outcomes[static TALLY_OUTCOME_COUNT]);

#endif
