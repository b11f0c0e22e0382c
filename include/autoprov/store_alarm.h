/* Alarms: what an admin should look at.
 *
 * The rules of store_object.h hold. There is one open row of a kind and subject; raising it again
 * counts. It is closed by an admin's acknowledgement, or when its cause is over; raised afterwards,
 * it is a new row. No change_seq: nobody's configuration changes. */
#ifndef AUTOPROV_STORE_ALARM_H
#define AUTOPROV_STORE_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"

/* Names are stable: log, list, metrics. docs/operations.md says what each means. */
enum store_alarm_kind {
    STORE_ALARM_CERTIFICATE_END,    /* subject: a listener's name */
    STORE_ALARM_NEW_NETWORK,        /* subject: a phone's MAC */
    STORE_ALARM_AGENT_CONTRADICTS,  /* subject: a phone's MAC */
    STORE_ALARM_FLAT_BUDGET,        /* subject: "all" or an OUI */
    STORE_ALARM_FLAT_CROWD,         /* subject: an address */
    STORE_ALARM_BOOTSTRAP_REPEATED, /* subject: a phone's MAC */
    STORE_ALARM_REFUSAL_BURST,      /* subject: an address */
    STORE_ALARM_PLAIN_SECRETS,      /* subject: a listener's name */
    STORE_ALARM_KIND_COUNT
};

/* "certificate_end", …; never NULL. */
const char *store_alarm_kind_name(enum store_alarm_kind kind);

#define STORE_ALARM_SUBJECT_MAX 65  /* with its NUL */
#define STORE_ALARM_DETAIL_MAX  257 /* with its NUL */

/* Open rows at most: subjects come from strangers too. */
#define STORE_ALARM_OPEN_MAX 10000

/* Raise, or count what is open. detail replaces the one before; no secrets. When
 * STORE_ALARM_OPEN_MAX are open, new ones are not kept. Longer texts are cut. Writer. */
AP_MUSTCHECK int store_alarm_raise(struct store_db *db, enum store_alarm_kind kind,
                                   const char *subject, const char *detail);
/* The cause is over: close what is open. Writer. */
AP_MUSTCHECK int store_alarm_end(struct store_db *db, enum store_alarm_kind kind,
                                 const char *subject);

struct store_alarm {
    uint64_t seq; /* from 1, in the order in which they were raised first */
    enum store_alarm_kind kind;
    const char *subject;
    const char *detail;
    int64_t raised_at;     /* UTC seconds */
    int64_t last_at;       /* raised last */
    uint64_t count;        /* how often */
    int64_t closed_at;     /* 0: open */
    const char *closed_by; /* actor; "" : open, or its cause is over */
};

/* Close it in the name of actor. Errors: AP_ENOENT; AP_ECONFLICT it is closed already. Writer. */
AP_MUSTCHECK int store_alarm_ack(struct store_db *db, uint64_t seq, const char *actor);
AP_MUSTCHECK int store_alarm_get(struct store_db *db, struct arena *arena, uint64_t seq,
                                 struct store_alarm *ret_alarm);
/* Newest first; before: the seq of the last row of the page before, 0: first page. */
AP_MUSTCHECK int store_alarm_list(struct store_db *db, struct arena *arena, bool open_only,
                                  uint64_t before, uint32_t limit, struct store_alarm **ret_alarms,
                                  size_t *ret_count);
/* Raised since, oldest first: seq > after. For the log. */
AP_MUSTCHECK int store_alarm_news(struct store_db *db, struct arena *arena, uint64_t after,
                                  uint32_t limit, struct store_alarm **ret_alarms,
                                  size_t *ret_count);
/* Open rows, by kind. */
AP_MUSTCHECK int store_alarm_counts(struct store_db *db,
                                    uint64_t ret_counts[static STORE_ALARM_KIND_COUNT]);
/* The highest seq so far; 0: none. */
AP_MUSTCHECK int store_alarm_last(struct store_db *db, uint64_t *ret_seq);

#endif
