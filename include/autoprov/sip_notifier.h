/* Sends NOTIFYs: non-INVITE client transactions over UDP (RFC 3261, 17.1.2), one answer to a
 * challenge. Knows no phones, no sockets and no clock: bytes and the time come from above, bytes,
 * results and the next time go back there.
 *
 * T1 500 ms, T2 4 s: sent at 0, 0.5, 1.5, 3.5, 7.5 s and then every 4 s until a response, or 32 s
 * have passed (timer F). A 1xx slows to 4 s. After the end late responses are swallowed (timer K,
 * 5 s). A 401 or 407 is answered once, as a new transaction: CSeq + 1, new branch, same Call-ID and
 * From tag. All of one thread. */
#ifndef AUTOPROV_SIP_NOTIFIER_H
#define AUTOPROV_SIP_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/err.h"
#include "autoprov/sip_message.h"

struct sip_endpoint {
    struct address address;
    uint16_t port;
};

enum sip_outcome {
    SIP_ACCEPTED,            /* 2xx */
    SIP_ACCEPTED_CHALLENGED, /* 2xx after a challenge */
    SIP_REFUSED,     /* 3xx to 6xx; also a second challenge, or one that cannot be answered */
    SIP_UNREACHABLE, /* nothing came, or it could not be sent */
    SIP_CANCELLED,   /* sip_notifier_cancel(), sip_notifier_free() */
};

/* Texts are copied; what cannot stand in a message is refused. NULL where a comment says so. */
struct sip_notice {
    struct sip_endpoint to;
    const char *request_uri;
    const char *from;      /* the header's value without a tag, or with the one of a dialog */
    const char *to_header; /* the same */
    const char *call_id;   /* NULL: made */
    bool from_has_tag;     /* else one is made */
    uint32_t cseq;         /* 0: 1; below 2^31 - 1 */
    const char *event;
    const char *subscription_state; /* "terminated;reason=timeout" */
    const char *content_type;       /* NULL: no body */
    const char *body;               /* no line end is added */
    const char *user, *password;    /* for a challenge; NULL: none. Secrets, wiped with the end */
    void *data;                     /* given back by done */
};

struct sip_notifier_setup {
    void *data;
    /* May fail; false: as if it were lost, and the end a millisecond later when even the first
     * try fails so. */
    bool (*send)(void *data, const struct sip_endpoint *to, const char *bytes, size_t len);
    /* Once for each notice that was taken, never from within sip_notifier_start(). status: of the
     * final response; 0: none. May start others. */
    void (*done)(void *data, void *notice_data, enum sip_outcome outcome, int status);
    /* What stands in Via and Contact for a target: our address as it sees us, numeric, brackets
     * around IPv6, with port. */
    bool (*local)(void *data, const struct sip_endpoint *to, char *ret_text, size_t room);
    size_t transactions_max; /* at once, 1 or more; those that swallow late responses count too,
                                but give way */
};

struct sip_notifier;

/* Caller owns, free with sip_notifier_free(), which ends all with SIP_CANCELLED. Memory of a
 * transaction is taken when it starts. Errors: AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int sip_notifier_new(const struct sip_notifier_setup *setup,
                                  struct sip_notifier **ret_notifier);
void sip_notifier_free(struct sip_notifier *notifier);

/* Errors: AP_EBUSY transactions_max are under way; AP_EINVAL a text cannot stand there, or the
 * message would not fit; AP_EIO setup's local knows no address; AP_ENOMEM; AP_ECRYPTO: done is not
 * called. */
AP_MUSTCHECK int sip_notifier_start(struct sip_notifier *notifier, const struct sip_notice *notice,
                                    int64_t now_ms);

/* A response that came. True: it is one of ours (also a late one); else nothing was done. Matched
 * by branch and CSeq's method (RFC 3261, 17.1.3), and the address that it was sent to; a port may
 * differ. */
bool sip_notifier_receive(struct sip_notifier *notifier, const struct sip_endpoint *from,
                          const struct sip_message *response, int64_t now_ms);

/* Do what is due; when to call next, or -1: nothing is under way. */
void sip_notifier_tick(struct sip_notifier *notifier, int64_t now_ms);
int64_t sip_notifier_next_ms(const struct sip_notifier *notifier);

/* End with SIP_CANCELLED all whose data it is; not those that done then starts. */
void sip_notifier_cancel(struct sip_notifier *notifier, const void *notice_data);

struct sip_notifier_stats {
    size_t transactions; /* without those that only swallow */
    uint64_t sent;       /* first tries, of answers to challenges too */
    uint64_t retransmitted, challenges_answered;
    uint64_t strays; /* responses that are none of ours */
};
void sip_notifier_stats(const struct sip_notifier *notifier, struct sip_notifier_stats *ret_stats);

#endif
