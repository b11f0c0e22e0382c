/* Private: what the PnP machine is made of. */
#ifndef AUTOPROV_SIP_PNP_PRIVATE_H
#define AUTOPROV_SIP_PNP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/limits.h"
#include "autoprov/sip_pnp.h"
#include "sip_machine.h"

/* -- sip_rate.c -------------------------------------------------------------------------------- */

struct sip_rate;

/* per_s: that a source may send in a second, and at once. Errors: AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int sip_rate_new(uint32_t per_s, struct sip_rate **ret_rate);
void sip_rate_free(struct sip_rate *rate);

/* One for all sources. */
struct sip_bucket {
    int64_t full_us, step_us, room_us;
};
/* per_s: 0 is no bound. at_once: 1 or more. */
void sip_bucket_init(struct sip_bucket *bucket, uint32_t per_s, uint32_t at_once);
bool sip_bucket_admit(struct sip_bucket *bucket, int64_t now_ms);

/* One more now? It is counted if so. */
bool sip_rate_admit(struct sip_rate *rate, const struct address *address, int64_t now_ms);

/* -- sip_question.c ---------------------------------------------------------------------------- */

/* What answer and NOTIFY need of a question. */
struct sip_question {
    struct sip_endpoint from;      /* its source */
    struct sip_endpoint answer_to; /* RFC 3261, 18.2.2; RFC 3581, 4 */
    struct sip_endpoint notify_to;
    const char *vias[SIP_VIAS_MAX];
    size_t via_count;
    bool rport;    /* the top one asks for it */
    bool received; /* the top one's sent-by is another address, or it asks for rport */
    const char *from_text, *to_text, *call_id, *event;
    const char *target; /* Request-URI of the NOTIFY: the Contact; NULL: source address and port */
    bool has_from_tag;
    uint32_t cseq;
    uint8_t mac[AP_MAC_LEN];
};

/* Texts are borrowed from the message. False: nobody may be answered because of it. */
bool sip_question_of(const struct sip_message *message, const struct sip_endpoint *from,
                     struct sip_question *ret_question);

/* Copy the texts to the room, so that the question outlives its message. False: they don't fit. */
bool sip_question_keep(struct sip_question *question, char *text, size_t room);

/* 200 to it. tag: ours. Errors: AP_EINVAL local may not stand there; AP_ERANGE, AP_ENOMEM. */
AP_MUSTCHECK int sip_question_answer(const struct sip_question *question, const char *tag,
                                     const char *local, struct buf *out);

/* The same Call-ID, CSeq and source address. */
bool sip_question_is(const struct sip_question *a, const struct sip_question *b);
uint64_t sip_question_hash(const struct sip_question *question, uint64_t seed);

#endif
