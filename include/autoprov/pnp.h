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
#include "autoprov/sip_pnp.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"

struct pnp_setup {
    struct store_db *reader;     /* borrowed; the control loop's */
    struct store_writer *writer; /* borrowed */
    struct mailbox *mailbox;     /* borrowed; the control loop's */
    struct alarms *alarms;       /* borrowed */
    const struct ap_clock *clock;
    void *data;
    struct snapshot *(*snapshot)(void *data); /* the current one, borrowed until the next turn */
    /* sip_pnp_serve() and sip_pnp_ignore(). */
    int (*serve)(void *data, uint64_t id, const char *url, enum sip_pnp_form form);
    void (*ignore)(void *data, uint64_t id);
};

struct pnp;

/* Caller owns, free with pnp_free(), before the writer is halted. Errors: AP_ENOMEM. */
AP_MUSTCHECK int pnp_new(const struct pnp_setup *setup, struct pnp **ret_pnp);
void pnp_free(struct pnp *pnp);

/* sip_pnp_setup's asked and told. interface: its name; "": not known. */
void pnp_asked(struct pnp *pnp, const struct sip_pnp_request *request, const char *interface);
void pnp_told(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN], enum sip_outcome outcome,
              int status);

/* Write what has gathered, and forget rows that are older than 30 days; about every second. */
void pnp_tick(struct pnp *pnp);

#endif
