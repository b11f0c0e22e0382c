/* What must count across workers: connections and handshakes, per source and in total.
 *
 * The only mutable thing that workers share (design: one fixed-size table, short locks). */
#ifndef AUTOPROV_SOURCE_TABLE_H
#define AUTOPROV_SOURCE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"

struct source_table;

/* All counts are of connections that are open at this moment. */
struct source_limits {
    uint32_t connections;            /* in total, 1..65,535 */
    uint32_t connections_per_source; /* 1..connections */
    uint32_t handshakes; /* unfinished, in total; the last quarter for sources that have none */
    uint32_t handshakes_per_source; /* unfinished */
};

struct source_totals {
    uint32_t connections;
    uint32_t handshakes;
    uint64_t refused_connections; /* since the start */
};

/* Memory is taken here once and never grows: one slot per possible connection, twice over, so
 * that probing stays short. Caller owns, free with source_table_free(). Errors: AP_ENOMEM. */
AP_MUSTCHECK int source_table_new(const struct source_limits *limits,
                                  struct source_table **ret_table);
void source_table_free(struct source_table *table);

/* Count a new connection. Errors: AP_EBUSY a limit is reached (nothing counted). Any thread. */
AP_MUSTCHECK int source_table_connect(struct source_table *table, const struct source_key *key);

/* The same in two steps, for a connection whose source comes to be known later: count it in total,
 * then say whose it is. Errors: AP_EBUSY a limit is reached; after source_table_assign() the
 * connection is then still counted in total. Any thread. */
AP_MUSTCHECK int source_table_admit(struct source_table *table);
AP_MUSTCHECK int source_table_assign(struct source_table *table, const struct source_key *key);

/* Is it below its own limit at this moment? Any thread. */
bool source_table_has_room(struct source_table *table, const struct source_key *key);

/* Undo one successful source_table_admit() that was not followed by a successful
 * source_table_assign(). Any thread. */
void source_table_dismiss(struct source_table *table);

/* Undo one successful source_table_connect(), or source_table_assign(). Any thread. */
void source_table_disconnect(struct source_table *table, const struct source_key *key);

/* Take a handshake slot for a counted connection. Errors, which mean to wait, the connection is not
 * to be refused: AP_EBUSY none is free; AP_ERANGE its source has its fill, or others find room
 * where it does not. Any thread. */
AP_MUSTCHECK int source_table_handshake_begin(struct source_table *table,
                                              const struct source_key *key);
void source_table_handshake_end(struct source_table *table, const struct source_key *key);

void source_table_totals(struct source_table *table, struct source_totals *ret_totals);

#endif
