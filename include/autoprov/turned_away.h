/* Sources that waited for their turn in vain: whoever comes back goes on where he stood in the
 * queue.
 *
 * Shared by all workers: one table of fixed size, short locks. */
#ifndef AUTOPROV_TURNED_AWAY_H
#define AUTOPROV_TURNED_AWAY_H

#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"

struct turned_away;

/* All memory is taken here. Caller owns, free with turned_away_free(). Errors: AP_ENOMEM, AP_EIO.
 */
AP_MUSTCHECK int turned_away_new(struct turned_away **ret_table);
void turned_away_free(struct turned_away *table);

/* A source that has waited since since_ms left at now_ms. It is kept for AP_TURNED_AWAY_MS, and
 * counts as having waited since its last turn at most; when there is no room the one that left
 * longest ago gives way. Times: monotonic milliseconds. Any thread, as for all of these. */
void turned_away_note(struct turned_away *table, const struct source_key *source, uint64_t since_ms,
                      uint64_t now_ms);

/* Since when a source waits that comes at now_ms: of its earlier attempt, else now_ms. */
uint64_t turned_away_since(struct turned_away *table, const struct source_key *source,
                           uint64_t now_ms);

/* It has had its turn, and waits for nothing: who comes later waits from then on, and who was there
 * already since now. Costs nothing while nobody is turned away. */
void turned_away_had_turn(struct turned_away *table, const struct source_key *source,
                          uint64_t now_ms);

#endif
