/* Phones that asked by multicast: who, when, from where, and what became of it.
 *
 * The rules of store_object.h hold: reads on any connection, strings of results borrowed from the
 * arena, its common errors. What a phone tells of itself is kept as it was told: it proves nothing.
 */
#ifndef AUTOPROV_STORE_PNP_H
#define AUTOPROV_STORE_PNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"

/* Longest texts of a row in bytes, with their NUL. */
#define STORE_PNP_WORD_MAX      65
#define STORE_PNP_AGENT_MAX     129
#define STORE_PNP_CONTACT_MAX   261
#define STORE_PNP_SOURCE_MAX    65
#define STORE_PNP_INTERFACE_MAX 16
#define STORE_PNP_OUTCOME_MAX   16
/* Rows of unknown MACs are forgotten this long after their last question. */
#define STORE_PNP_KEPT_S (30 * 86400)

/* Times are UTC seconds. Texts are UTF-8 within the maxima above, and "" where nothing is known. */
struct store_pnp {
    uint8_t mac[AP_MAC_LEN];
    const char *vendor, *model, *firmware; /* as its Event header says */
    const char *user_agent;
    const char *contact;
    const char *source;    /* of its last question; never "" in a row */
    const char *interface; /* the same */
    int64_t first_at, last_at;
    uint64_t count;      /* questions */
    int64_t told_at;     /* when the last NOTIFY to it ended; 0: it was told nothing */
    const char *outcome; /* of that: "accepted", … */
    /* Of reads: */
    bool is_known; /* a phone has this MAC */
    uint64_t version;
};

/* Add what happened to the row of the MAC, or begin one: count more questions, the last of them as
 * told, and when told_at is set its outcome. count 0: nothing was asked, and where there is no row
 * nothing happens. In a transaction; does not bump change_seq. Errors: AP_EINVAL a text is too
 * long, or a source is missing. */
AP_MUSTCHECK int store_pnp_note(struct store_db *db, const struct store_pnp *row);

/* Of MACs that no phone has, delete rows whose last question is older than STORE_PNP_KEPT_S, and
 * beyond AP_PNP_ROWS_MAX those that asked longest ago: after each batch of notes, as it reads all
 * rows. Rows of phones stay, or a flood of forged MACs would make their ports forgotten. In a
 * transaction. */
AP_MUSTCHECK int store_pnp_prune(struct store_db *db);

enum store_pnp_which { STORE_PNP_ALL, STORE_PNP_KNOWN, STORE_PNP_UNKNOWN };
/* In the order of MACs, those behind after_mac (12 lower-case hex digits, or ""). */
AP_MUSTCHECK int store_pnp_list(struct store_db *db, struct arena *arena,
                                enum store_pnp_which which, const char *after_mac, uint32_t limit,
                                struct store_pnp **ret_rows, size_t *ret_count);

/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_pnp_get(struct store_db *db, struct arena *arena,
                               const uint8_t mac[static AP_MAC_LEN], struct store_pnp *ret_row);

/* Until it asks again. Errors: AP_ENOENT. */
AP_MUSTCHECK int store_pnp_del(struct store_db *db, const uint8_t mac[static AP_MAC_LEN]);

#endif
