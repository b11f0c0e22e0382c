/* Making phones fetch anew: who is told, by which event, in which order and pace, and what became
 * of it. Directly by NOTIFY (sip_notifier.h), or through a PBX by a program of the admin's that
 * takes orders over the control socket (autoprovctl notifier). Control loop's thread. */
#ifndef AUTOPROV_RESYNC_H
#define AUTOPROV_RESYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/mac.h"
#include "autoprov/mailbox.h"
#include "autoprov/sip_notifier.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_resync.h"
#include "autoprov/store_writer.h"

struct api_job;

struct resync_setup {
    struct store_db *reader;     /* borrowed; the control loop's */
    struct store_writer *writer; /* borrowed */
    struct mailbox *mailbox;     /* borrowed; the control loop's */
    const struct ap_clock *clock;
    void *data;
    struct snapshot *(*snapshot)(void *data); /* the current one, borrowed until the next turn */
    /* sip_notifier_start(); notice->data comes back by resync_done(). Errors: its. */
    int (*notify)(void *data, const struct sip_notice *notice);
    /* Something is due: call resync_tick() soon, never from within. */
    void (*wake)(void *data);
    /* As in struct api_daemon: what is stale is looked for on a job thread. */
    int (*start)(void *data, struct api_job *job);
    int (*open_reader)(void *data, struct store_db **ret_reader);
};

struct resync;

/* Errors: AP_ENOMEM; AP_ESTORE. *ret_resync: caller owns; resync_stop(), then resync_free() when
 * the writer is halted and the loop has run to its end. */
AP_MUSTCHECK int resync_new(const struct resync_setup *setup, struct resync **ret_resync);
/* Nobody is told any more, and a look for stale phones ends soon. May run twice; NULL is fine. */
void resync_stop(struct resync *resync);
void resync_free(struct resync *resync);

/* The notifier's done for a notice of resync_setup.notify; not after resync_free(). */
void resync_done(struct resync *resync, void *notice_data, enum sip_outcome outcome, int status);

/* Do what is due. Returns when to call next, monotonic ms; -1: nothing is under way. */
int64_t resync_tick(struct resync *resync, int64_t now_ms);

/* -- orders ------------------------------------------------------------------------------------ */

/* Whom an order concerns. */
enum resync_whom {
    RESYNC_PHONES,
    RESYNC_USER,  /* the same, called otherwise: store_phone_concerned() of one user */
    RESYNC_STALE, /* phones with a file that has changed since they fetched it */
    RESYNC_ALL,
};
/* "phones", "user", "stale", "all"; never NULL. */
const char *resync_whom_name(enum resync_whom whom);

#define RESYNC_ACTOR_MAX 80 /* with its NUL */

struct resync_order {
    enum resync_whom whom;
    enum store_resync_kind kind;
    const uint8_t (*macs)[AP_MAC_LEN]; /* of PHONES and USER; copied */
    size_t mac_count;
    uint32_t rate;       /* phones a second, 1..AP_RESYNC_RATE_MAX; 0: as configured */
    const char *actor;   /* copied */
    const char *site_id; /* of the actor's key, copied; NULL: none */
};

/* Phones that are off, or gone, are passed over. STALE and ALL: one at a time.
 * Errors: AP_EBUSY such a one runs, or AP_RESYNC_ORDERS_MAX run, or resync_stop(); AP_ENOMEM. */
AP_MUSTCHECK int resync_order(struct resync *resync, const struct resync_order *order,
                              uint64_t *ret_order_id);
/* Would it be taken? Errors: AP_EBUSY. */
AP_MUSTCHECK int resync_check(const struct resync *resync, enum resync_whom whom);

/* End all orders of the site (NULL: of any): who was not told yet is not told, what waits for a
 * program is cancelled. Returns how many there were. */
size_t resync_cancel(struct resync *resync, const char *site_id);

struct resync_progress {
    uint64_t order_id;
    enum resync_whom whom;
    enum store_resync_kind kind;
    uint32_t rate;
    char actor[RESYNC_ACTOR_MAX];
    char site_id[STORE_ID_TEXT_MAX]; /* "" : none */
    bool automatic;                  /* nobody's: resync_stale */
    bool cancelled;
    int64_t ordered_at, ended_at;                  /* UTC seconds; ended_at 0: it runs */
    bool counted;                                  /* total is all of it, as far as is known */
    uint64_t total;                                /* phones */
    uint64_t passed_over;                          /* of them, off or gone */
    uint64_t asked;                                /* of them, WAITING included */
    uint64_t outcomes[STORE_RESYNC_OUTCOME_COUNT]; /* of those */
};
#define RESYNC_PROGRESS_MAX (AP_RESYNC_ORDERS_MAX + AP_RESYNC_ENDED_MAX)
/* Those that run, then those that have ended last, the newest first, of the site (NULL: of any);
 * returns how many, at most RESYNC_PROGRESS_MAX. */
size_t resync_progress(const struct resync *resync, const char *site_id,
                       struct resync_progress ret_orders[static RESYNC_PROGRESS_MAX]);

/* Since the start, and WAITING at this moment. */
void resync_totals(const struct resync *resync,
                   uint64_t ret_totals[static STORE_RESYNC_OUTCOME_COUNT]);

/* -- whom and how ------------------------------------------------------------------------------ */

struct resync_place {
    const char *uri;    /* borrowed from target or arena */
    const char *origin; /* "sip_contact", "pnp", "last_fetch" */
};
/* Where a phone listens, as far as it is known. Errors: AP_ENOENT it is not; AP_ENOMEM. */
AP_MUSTCHECK int resync_find_place(struct arena *arena, const struct store_resync_target *target,
                                   struct resync_place *ret_place);

/* The Event that the vendor's phones understand; NULL: they cannot be told so. */
const char *resync_event(const struct catalogue_vendor *vendor, enum store_resync_kind kind);

/* May that stand as a phone's contact? Errors: AP_ESYNTAX no SIP URI of printable ASCII; AP_EINVAL
 * it has a name in the place of an address, or wants another transport than UDP; AP_ERANGE too
 * long. Any thread. */
AP_MUSTCHECK int resync_check_contact(const char *contact);

/* -- the program of notifier = external -------------------------------------------------------- */

struct resync_item {
    uint64_t item_id;
    uint8_t mac[AP_MAC_LEN];
    const char *user;
    const char *sip_user, *domain; /* "" : the phone has no line */
    const char *contact;           /* "" : not known */
    const char *event;
    enum store_resync_kind kind;
    const char *url; /* of STORE_RESYNC_URL: a secret; else NULL */
};
/* Give away at most limit that wait; each has to be reported within AP_RESYNC_TAKEN_MS, else it is
 * given once more, and then it has failed. Texts are of arena. Errors: AP_ENOMEM. */
AP_MUSTCHECK int resync_take(struct resync *resync, struct arena *arena, size_t limit,
                             struct resync_item **ret_items, size_t *ret_count);
/* What became of it: ACCEPTED, REFUSED, UNREACHABLE or FAILED. Errors: AP_ENOENT it was not given
 * away, or is reported, or lost by now. */
AP_MUSTCHECK int resync_report(struct resync *resync, uint64_t item_id,
                               enum store_resync_outcome outcome, int status);
/* ready is called, on the loop's thread, when there is something to take. Once. */
void resync_listen(struct resync *resync, void (*ready)(void *data), void *data);

#endif
