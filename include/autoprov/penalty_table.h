/* Penalties of sources that guess, and the misses that are held back for them.
 *
 * After OpenSSH's PerSourcePenalties (sshd_config(5); srclimit.c): each guess adds
 * AP_PENALTY_GUESS_MS; above AP_PENALTY_ACTIVE_MS the source is penalised, and stays so until its
 * penalty has run out; it never has more than AP_PENALTY_MAX_MS. Shared by all workers, with a
 * short lock for each part of it. Time is monotonic. */
#ifndef AUTOPROV_PENALTY_TABLE_H
#define AUTOPROV_PENALTY_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"

struct penalty_table;

/* Memory is taken here once and never grows: AP_PENALTY_SOURCES_MAX IPv4 sources and as many IPv6
 * ones, so that neither kind drives the other out. Where there is no room the penalty that would
 * end first gives way. Caller owns, free with penalty_table_free(). Errors: AP_ENOMEM, AP_EIO no
 * random bytes. */
AP_MUSTCHECK int penalty_table_new(struct penalty_table **ret_table);
void penalty_table_free(struct penalty_table *table);

/* Count a guess. True: by this one the source became penalised, which is worth a line. A source
 * that is neither IPv4 nor IPv6 is never penalised. Any thread. */
bool penalty_table_guess(struct penalty_table *table, const struct source_key *key, int64_t now_ms);

/* Any thread. */
bool penalty_table_is_penalised(struct penalty_table *table, const struct source_key *key,
                                int64_t now_ms);

/* Take a place for a miss that is held back. Errors: AP_EBUSY the source has
 * AP_HELD_MISSES_PER_SOURCE_MAX of them, or all together have AP_HELD_MISSES_MAX (counted as
 * closed). Any thread. */
AP_MUSTCHECK int penalty_table_hold(struct penalty_table *table, const struct source_key *key,
                                    int64_t now_ms);

/* Undo one successful penalty_table_hold(). Any thread. */
void penalty_table_release(struct penalty_table *table, const struct source_key *key);

struct penalty_totals {
    uint32_t sources;        /* penalised at this moment */
    uint32_t held;           /* misses at this moment */
    uint64_t held_misses;    /* since the start, those at this moment included */
    uint64_t closed_misses;  /* since the start: no place was free */
    uint64_t became_sources; /* since the start: how often a source became penalised */
};

/* Looks through the whole table, one part after the other. Any thread. */
void penalty_table_totals(struct penalty_table *table, int64_t now_ms,
                          struct penalty_totals *ret_totals);

#endif
