/* What the files of PnP share. */
#ifndef AUTOPROV_PNP_PRIVATE_H
#define AUTOPROV_PNP_PRIVATE_H

#include "autoprov/fetch_log.h"
#include "autoprov/limits.h"
#include "autoprov/pnp.h"
#include "autoprov/store_pnp.h"

/* One phone whose row is to be written. */
struct pnp_row {
    uint8_t mac[AP_MAC_LEN];
    char vendor[STORE_PNP_WORD_MAX], model[STORE_PNP_WORD_MAX], firmware[STORE_PNP_WORD_MAX];
    char user_agent[STORE_PNP_AGENT_MAX], contact[STORE_PNP_CONTACT_MAX];
    char source[AP_ADDRESS_TEXT_MAX], interface[STORE_PNP_INTERFACE_MAX];
    int64_t first_at, last_at;
    uint64_t count; /* 0: it was only told something */
    int64_t told_at;
    enum sip_outcome outcome; /* if told_at */
};

/* Rows that were handed to the writer together. */
struct pnp_batch {
    struct store_write write;
    struct mailbox_message message;
    struct mailbox *mailbox;
    struct pnp *pnp; /* NULL: gone */
    struct pnp_row *rows;
    size_t count;
    int err;
};

/* A phone whose token is on its way to the database. */
struct pnp_held;

struct pnp {
    struct pnp_setup setup;
    struct fetch_log *log;
    struct pnp_held *held;
    struct pnp_row *rows; /* that gather */
    size_t row_count, row_room;
    struct pnp_batch *batch; /* under way; NULL: none */
    int64_t pruned_ms;       /* monotonic: when the writer last looked for old rows */
    struct pnp_stats stats;  /* refusals are the log's */
};

/* -- pnp_list.c -------------------------------------------------------------------------------- */

/* Let gather what the list shows of a question, or of what came of it. */
void pnp_list_asked(struct pnp *pnp, const struct sip_pnp_request *request, const char *interface);
void pnp_list_told(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN], enum sip_outcome outcome);
/* Hand to the writer what has gathered, unless a batch is under way. */
void pnp_list_tick(struct pnp *pnp);
/* Hand over the rest, and let go of what is under way. */
void pnp_list_close(struct pnp *pnp);

#endif
