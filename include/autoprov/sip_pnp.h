/* Answers the multicast question of phones without a configuration (SUBSCRIBE, Event ua-profile):
 * 200, then NOTIFY with a URL. Silent unless told otherwise from above. Knows no phones, no sockets
 * and no clock. Non-INVITE server transactions (RFC 3261, 17.2.2) with the answer cached 32 s; the
 * NOTIFY goes by a struct sip_notifier. All of one thread; memory is taken once. */
#ifndef AUTOPROV_SIP_PNP_H
#define AUTOPROV_SIP_PNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/sip_notifier.h"

/* One phone that asks. Texts are borrowed for the call. */
struct sip_pnp_request {
    uint64_t id; /* for sip_pnp_serve(), sip_pnp_ignore() */
    struct sip_endpoint from;
    unsigned interface; /* index that it came in by; 0: unknown */
    uint8_t mac[AP_MAC_LEN];
    const char *vendor, *model, *version; /* of the Event header; "": not told, or not of printable
                                             ASCII (blanks may be in it: "VOIP PHONE") */
    const char *user_agent;               /* the same */
    const char *contact;                  /* its Contact URI; "": none, or not plain */
};

/* How the NOTIFY is said to this vendor's phones. */
enum sip_pnp_form {
    SIP_PNP_PLAIN,    /* application/url, From and To the other way round */
    SIP_PNP_UNTURNED, /* From and To as the phone said them */
    SIP_PNP_EXTERNAL, /* message/external-body;access-type="URL";URL="…" (RFC 6080, 5) */
};

struct sip_pnp_setup {
    void *data;
    bool (*send)(void *data, const struct sip_endpoint *to, const char *bytes, size_t len);
    bool (*local)(void *data, const struct sip_endpoint *to, char *ret_text, size_t room);
    /* A phone asks, for the first time within 32 s (by Call-ID, CSeq and source address). Say what
     * is to be done now (from within) or later; until then it is not answered. */
    void (*asked)(void *data, const struct sip_pnp_request *request);
    /* The NOTIFY of a served phone ended; with SIP_CANCELLED also when its place was needed for
     * another question, and from sip_pnp_free(). */
    void (*told)(void *data, const uint8_t *mac, enum sip_outcome outcome, int status);
    struct sip_notifier *notifier; /* borrowed; its done must call sip_pnp_done() */
    uint32_t per_source_per_s;     /* that sip_pnp_admit() lets pass, and at once; 1 or more */
    /* New ones of all sources that are looked at; the others are dropped. 0: no bound. */
    uint32_t questions_per_s, questions_at_once;
};

struct sip_pnp;

/* Caller owns, free with sip_pnp_free() before the notifier. AP_SIP_PNP_MAX questions and
 * AP_SIP_SOURCES_MAX sources are remembered; where there is no room the oldest gives way.
 * Errors: AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int sip_pnp_new(const struct sip_pnp_setup *setup, struct sip_pnp **ret_pnp);
void sip_pnp_free(struct sip_pnp *pnp);

/* A request that came; sip_pnp_admit() was asked before. Not a SUBSCRIBE for ua-profile, with a To
 * tag, without a MAC, without Contact and port, or with more text than is kept: dropped and
 * counted. Repeated: answered as before if it was served, with the same To tag; else swallowed. The
 * answer goes to the source address; to its port if rport was asked for (RFC 3581, 4), or where the
 * top Via names no port for that address; else to that port (RFC 3261, 18.2.2). */
void sip_pnp_receive(struct sip_pnp *pnp, const struct sip_endpoint *from, unsigned interface,
                     const struct sip_message *request, int64_t now_ms);

/* May the source (by address_source_key()) send one more now? To be asked before a datagram is
 * parsed. Where there is no room for a source, one gives way that has been idle for long. */
bool sip_pnp_admit(struct sip_pnp *pnp, const struct sip_endpoint *from, int64_t now_ms);

/* 200 and NOTIFY with that URL, in place of an earlier one to the same MAC that is under way
 * (SIP_CANCELLED): to the phone's Contact if that is its source address, else to its
 * source address and port; nowhere else.
 * Errors: AP_ENOENT it is not waiting any more; AP_EINVAL it is no plain text of at most
 * AP_URL_MAX_BYTES; AP_EIO setup's local knows no address; those of sip_notifier_start(): nothing
 * was sent, and it is waiting still. */
AP_MUSTCHECK int sip_pnp_serve(struct sip_pnp *pnp, uint64_t id, const char *url,
                               enum sip_pnp_form form, int64_t now_ms);
/* Never answered: not told of either. Repeats are swallowed for 32 s. */
void sip_pnp_ignore(struct sip_pnp *pnp, uint64_t id);

/* The notifier's done, for notices that were started here: true if it was. While sip_pnp_free()
 * runs too. */
bool sip_pnp_done(struct sip_pnp *pnp, void *notice_data, enum sip_outcome outcome, int status);

struct sip_pnp_stats {
    uint64_t questions, repeats; /* the first of each, and the others */
    uint64_t dropped_rate, dropped_form;
    uint64_t served, ignored;
};
void sip_pnp_stats(const struct sip_pnp *pnp, struct sip_pnp_stats *ret_stats);

#endif
