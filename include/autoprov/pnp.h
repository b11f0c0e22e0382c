/* Phones without a configuration that ask by multicast: who is answered, with which URL, and the
 * list of who has asked. Control loop's thread.
 *
 * discover: listed, nobody is answered. provision: known phones alone, with an open enrolment
 * window, from where they may fetch; the URL is a bootstrap URL (store_bootstrap()) for the network
 * that was asked from, for 15 minutes. Everybody else is met with silence. */
#ifndef AUTOPROV_PNP_H
#define AUTOPROV_PNP_H

#include <stdint.h>

#include "autoprov/alarm.h"
#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/mailbox.h"
#include "autoprov/policy.h"
#include "autoprov/sip_pnp.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"

struct pnp_setup {
    struct store_db *reader;     /* borrowed; the control loop's */
    struct store_writer *writer; /* borrowed */
    struct mailbox *mailbox;     /* borrowed; the control loop's */
    struct alarms *alarms;       /* borrowed; NULL: none is raised */
    const struct ap_clock *clock;
    void *data;
    struct snapshot *(*snapshot)(void *data); /* the current one, borrowed until the next turn */
    /* sip_pnp_serve() and sip_pnp_ignore(). Called from within pnp_asked(), or later. url: borrowed
     * for the call; a secret. */
    int (*serve)(void *data, uint64_t id, const char *url, enum sip_pnp_form form);
    void (*ignore)(void *data, uint64_t id);
};

struct pnp;

/* Caller owns, free with pnp_free(), before the writer is halted: what has gathered is handed to it
 * then. The mailbox must outlive the writer. NULL is fine. Errors: AP_ENOMEM. */
AP_MUSTCHECK int pnp_new(const struct pnp_setup *setup, struct pnp **ret_pnp);
void pnp_free(struct pnp *pnp);

/* sip_pnp_setup's asked and told. interface: its name; "": not known. Each question is served or
 * ignored once; one that waits for the writer when pnp_free() is called is neither. */
void pnp_asked(struct pnp *pnp, const struct sip_pnp_request *request, const char *interface);
void pnp_told(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN], enum sip_outcome outcome,
              int status);

/* Write what has gathered, and forget rows that are older than 30 days; about every second. */
void pnp_tick(struct pnp *pnp);

#define PNP_OUTCOME_COUNT (SIP_CANCELLED + 1)
/* "accepted", "challenged", "refused", "unreachable", "cancelled"; never NULL. Stable: rows of the
 * list and metrics. */
const char *pnp_outcome_name(enum sip_outcome outcome);

/* Since the start. */
struct pnp_stats {
    uint64_t questions;
    uint64_t served; /* URLs that were handed out */
    uint64_t told[PNP_OUTCOME_COUNT];
    uint64_t refusals[POLICY_REASON_COUNT];
    uint64_t dropped_rows; /* of the list: more phones at once than AP_PNP_PENDING_MAX, or a commit
                              that failed */
};
/* pnp NULL: all zero. */
void pnp_stats(const struct pnp *pnp, struct pnp_stats *ret_stats);

#endif
