/* Making phones fetch anew: who is told, by which event, in which order and pace, and what became
 * of it. Directly by NOTIFY (sip_notifier.h), or through a PBX by a program of the admin's that
 * takes orders over the control socket (autoprovctl notifier). Control loop's thread. */
#ifndef AUTOPROV_RESYNC_H
#define AUTOPROV_RESYNC_H

#include <stdint.h>

#include "autoprov/clock.h"
#include "autoprov/err.h"
#include "autoprov/mailbox.h"
#include "autoprov/sip_notifier.h"
#include "autoprov/snapshot.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"

enum resync_kind {
    RESYNC_FETCH,  /* the catalogue's resync_event */
    RESYNC_REBOOT, /* its reboot_event */
    RESYNC_URL,    /* Event ua-profile, application/url: the phone's own URL */
};

/* Whom an order concerns. */
enum resync_whom { RESYNC_PHONES, RESYNC_USER, RESYNC_STALE, RESYNC_ALL };

struct resync_setup {
    struct store_db *reader;     /* borrowed; the control loop's */
    struct store_writer *writer; /* borrowed */
    struct mailbox *mailbox;     /* borrowed; the control loop's */
    const struct ap_clock *clock;
    void *data;
    struct snapshot *(*snapshot)(void *data); /* the current one, borrowed until the next turn */
    /* sip_notifier_start(); notice->data comes back by resync_done(). Errors: its. */
    int (*notify)(void *data, const struct sip_notice *notice);
};

struct resync;

/* Caller owns, free with resync_free(), before the writer is halted. Errors: AP_ENOMEM. */
AP_MUSTCHECK int resync_new(const struct resync_setup *setup, struct resync **ret_resync);
void resync_free(struct resync *resync);

/* The notifier's done for a notice of resync_setup.notify. */
void resync_done(struct resync *resync, void *notice_data, enum sip_outcome outcome, int status);

/* Do what is due. Returns when to call next, monotonic ms; -1: nothing is under way. */
int64_t resync_tick(struct resync *resync, int64_t now_ms);

#endif
