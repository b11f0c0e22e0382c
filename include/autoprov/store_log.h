/* What phones asked for: fetches, refusals, and the sum of both for one phone.
 *
 * The rules of store_object.h hold: reads on any connection, strings of results borrowed from the
 * arena, its common errors. Written by store_writer_record(). Rows are numbered in the order in
 * which they were written; the newest stand first. */
#ifndef AUTOPROV_STORE_LOG_H
#define AUTOPROV_STORE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/vault.h"

/* Which rows; what is not given does not count. A network that is no single address, and any
 * source of fetches, is looked for row by row: on a job thread. */
struct store_log_filter {
    const char *phone_id;          /* NULL: any, and none */
    const char *reason;            /* of a refusal; NULL: any */
    const struct network *network; /* of the source; NULL: any */
    int64_t since;                 /* UTC seconds; 0: all */
    uint64_t before;               /* number of the last row of the page before; 0: first page */
    uint32_t limit;
};

struct store_refusal {
    uint64_t seq;
    int64_t at; /* UTC seconds; of counted refusals: the minute's start */
    const char *source;
    const char *reason; /* policy_reason_name() */
    const char *mac;    /* 12 lower-case hex digits; "" : none, or several */
    const char *role;
    const char *token_tag;
    uint64_t count; /* refusals that the row stands for */
};
AP_MUSTCHECK int store_log_refusals(struct store_db *db, struct arena *arena,
                                    const struct store_log_filter *filter,
                                    struct store_refusal **ret_refusals, size_t *ret_count);

struct store_fetch {
    uint64_t seq;
    int64_t at; /* UTC seconds */
    const char *source;
    const char *mac; /* "" : the phone is gone, or the file is one of all phones */
    const char *role;
    const char *token_tag;
    const char *user_agent;
    uint16_t status; /* 200, 304 */
    uint64_t body_bytes;
};
AP_MUSTCHECK int store_log_fetches(struct store_db *db, struct arena *arena,
                                   const struct store_log_filter *filter,
                                   struct store_fetch **ret_fetches, size_t *ret_count);

/* What was fetched and refused, in count steps of step_s seconds from that time on (UTC seconds);
 * ret_fetches and ret_refusals have room for count. Reads an index of all rows of that time: on a
 * job thread. */
AP_MUSTCHECK int store_log_activity(struct store_db *db, int64_t from, uint32_t step_s,
                                    size_t count, uint64_t *ret_fetches, uint64_t *ret_refusals);

/* One phone's: counts of the rows that are still there, and the newest of each. */
struct store_log_sum {
    uint64_t fetches, refusals;
    const char *last_agent;          /* User-Agent of the newest fetch; "" if never */
    const char *last_file;           /* pattern of the file that it last got anew; "" if none */
    uint8_t digest[VAULT_TAG_BYTES]; /* of that file's body; zero if none */
    int64_t last_refusal_at;         /* 0: never */
    const char *last_refusal_reason; /* "" if never */
};
AP_MUSTCHECK int store_log_sum(struct store_db *db, struct arena *arena, const char *phone_id,
                               struct store_log_sum *ret_sum);

#endif
