/* Attempts to make phones fetch: the last one of each phone, and whom and what it needs.
 *
 * The rules of store_object.h hold: reads on any connection, strings of results borrowed from the
 * arena, its common errors. No change_seq: nobody's configuration changes. */
#ifndef AUTOPROV_STORE_RESYNC_H
#define AUTOPROV_STORE_RESYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"

enum store_resync_kind { STORE_RESYNC_FETCH, STORE_RESYNC_REBOOT, STORE_RESYNC_URL };
enum store_resync_via { STORE_RESYNC_DIRECT, STORE_RESYNC_EXTERNAL };
enum store_resync_outcome {
    STORE_RESYNC_WAITING,     /* asked, no answer yet */
    STORE_RESYNC_ACCEPTED,    /* the phone said 2xx; whether it fetches is another matter */
    STORE_RESYNC_CHALLENGED,  /* the same after a challenge */
    STORE_RESYNC_REFUSED,     /* status says with what */
    STORE_RESYNC_UNREACHABLE, /* nothing came */
    STORE_RESYNC_NO_TARGET,   /* it is not known where the phone listens */
    STORE_RESYNC_FAILED,      /* it could not be asked */
    STORE_RESYNC_CANCELLED,   /* stopped before the end was known */
    STORE_RESYNC_OUTCOME_COUNT
};

/* "resync", "reboot", "url"; "direct", "external"; "waiting", "accepted", …; never NULL. */
const char *store_resync_kind_name(enum store_resync_kind kind);
const char *store_resync_via_name(enum store_resync_via via);
const char *store_resync_outcome_name(enum store_resync_outcome outcome);
/* Why one has failed: "", "no_event", …; never NULL. */
enum store_resync_why {
    STORE_RESYNC_WHY_NONE,
    STORE_RESYNC_NO_EVENT,     /* its vendor has none for that, or has left the catalogue */
    STORE_RESYNC_NO_URL,       /* its phones cannot be told one so */
    STORE_RESYNC_BAD_CONTACT,  /* no address that can be sent to */
    STORE_RESYNC_NOT_SENT,     /* no way leads there */
    STORE_RESYNC_NOT_TAKEN,    /* no program asked for it */
    STORE_RESYNC_NOT_REPORTED, /* one took it, twice, and did not say what became of it */
    STORE_RESYNC_PROGRAM,      /* one said that it failed */
    STORE_RESYNC_WHY_COUNT
};
const char *store_resync_why_name(enum store_resync_why why);
/* Errors of both: AP_EINVAL. */
AP_MUSTCHECK int store_resync_kind_parse(const char *name, enum store_resync_kind *ret_kind);
AP_MUSTCHECK int store_resync_outcome_parse(const char *name,
                                            enum store_resync_outcome *ret_outcome);

/* A SIP URI, with its NUL. */
#define STORE_CONTACT_MAX 261

/* -- whom -------------------------------------------------------------------------------------- */

/* What a message to a phone is made of. */
struct store_resync_target {
    const char *phone_id;
    const char *user_id;
    const char *user_name;
    const char *vendor;
    bool enabled;
    const char *sip_contact;        /* "" if not said */
    const char *pnp_contact;        /* NULL: it did not ask by multicast, or told none */
    const char *last_fetch_address; /* "" if never */
    /* Of the first line; NULL: it has none. */
    const char *sip_user, *domain, *auth_user; /* auth_user "": same as sip_user */
    /* What the phone last fetched: the current password, or the previous one if the password became
     * another one since. A secret; NULL: no line, or not asked for. */
    const char *password;
};
/* with_password: open it. */
AP_MUSTCHECK int store_resync_target(struct store_db *db, struct arena *arena,
                                     const uint8_t mac[static AP_MAC_LEN], bool with_password,
                                     struct store_resync_target *ret_target);

/* MACs (12 lower-case hex digits) of enabled phones behind after_mac, in their order, limit at
 * most. */
AP_MUSTCHECK int store_resync_macs(struct store_db *db, struct arena *arena, const char *after_mac,
                                   uint32_t limit, const char *const **ret_macs, size_t *ret_count);

/* -- what became of it ------------------------------------------------------------------------- */

/* An attempt, to be written: fixed size, so that it may cross to the writer's thread. */
struct store_resync {
    char phone_id[STORE_ID_TEXT_MAX];
    uint64_t order_id; /* later ones are higher */
    int64_t asked_at;  /* UTC seconds */
    enum store_resync_kind kind;
    enum store_resync_via via;
    char target[STORE_CONTACT_MAX]; /* "" : none */
    enum store_resync_outcome outcome;
    int status;                /* of SIP, 100..699; 0: none */
    enum store_resync_why why; /* of one that failed */
    int64_t ended_at;          /* 0: waiting */
};
/* In place of the phone's last one, unless that is of a later order. A phone that is gone meanwhile
 * is no error. Writer. */
AP_MUSTCHECK int store_resync_put(struct store_db *db, const struct store_resync *resync);

/* What waited when the daemon ended will never hear: cancelled. *ret_count: how many. Writer. */
AP_MUSTCHECK int store_resync_recover(struct store_db *db, uint64_t *ret_count);

struct store_resync_row {
    const char *phone_id;
    uint8_t mac[AP_MAC_LEN];
    const char *user_name;
    uint64_t order_id;
    int64_t asked_at;
    enum store_resync_kind kind;
    enum store_resync_via via;
    const char *target;
    enum store_resync_outcome outcome;
    int status;
    enum store_resync_why why;
    int64_t ended_at;
    int64_t fetched_at; /* the phone's last fetch, if not before asked_at: the proof; else 0 */
};
/* AP_ENOENT: the phone was never asked. */
AP_MUSTCHECK int store_resync_get(struct store_db *db, struct arena *arena, const char *phone_id,
                                  struct store_resync_row *ret_row);

/* What is not given does not count. */
struct store_resync_filter {
    const char *outcome; /* a name; NULL: any */
    const char *user_id; /* NULL: any */
    const char *site_id; /* of the user; NULL: any */
    const uint8_t *mac;  /* AP_MAC_LEN bytes; NULL: any */
    const char *after;   /* phone_id of the last row of the page before; "" : first */
    uint32_t limit;
};
/* In the order of the phones' ids: as they were added. */
AP_MUSTCHECK int store_resync_list(struct store_db *db, struct arena *arena,
                                   const struct store_resync_filter *filter,
                                   struct store_resync_row **ret_rows, size_t *ret_count);

/* When the phone was asked last; 0: never. */
AP_MUSTCHECK int store_resync_asked_at(struct store_db *db, const char *phone_id,
                                       int64_t *ret_asked_at);

/* Phones of one order that have fetched since they were asked; looks at each row of the order. */
AP_MUSTCHECK int store_resync_fetched(struct store_db *db, uint64_t order_id, uint64_t *ret_count);

/* The highest order_id that is there; 0: none. */
AP_MUSTCHECK int store_resync_last_order(struct store_db *db, uint64_t *ret_order_id);

/* Rows by outcome; reads each. */
AP_MUSTCHECK int store_resync_counts(struct store_db *db,
                                     uint64_t ret_counts[static STORE_RESYNC_OUTCOME_COUNT]);

#endif
