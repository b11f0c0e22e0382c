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
    const char *vendor, *model, *version; /* of the Event header; "" : not told, or not plain */
    const char *user_agent;               /* the same */
    const char *contact;                  /* its Contact URI; "" : none */
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
    /* A phone asks, for the first time within 32 s (by Call-ID, CSeq and source). Say what is to be
     * done now or later; until then it is not answered. */
    void (*asked)(void *data, const struct sip_pnp_request *request);
    /* The NOTIFY of a served phone ended. */
    void (*told)(void *data, const uint8_t *mac, enum sip_outcome outcome, int status);
    struct sip_notifier *notifier; /* borrowed; its done must call sip_pnp_done() */
    uint32_t per_source_per_s;     /* questions that are looked at; more are dropped and counted */
};

struct sip_pnp;

/* Caller owns, free with sip_pnp_free() before the notifier. AP_SIP_PNP_MAX questions and
 * AP_SIP_SOURCES_MAX sources are remembered; where there is no room the oldest gives way.
 * Errors: AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int sip_pnp_new(const struct sip_pnp_setup *setup, struct sip_pnp **ret_pnp);
void sip_pnp_free(struct sip_pnp *pnp);

/* A request that came. Not a SUBSCRIBE for ua-profile, with a To tag, without a MAC, without
 * Contact and port: dropped and counted. Repeated: answered from the cache, or swallowed. */
void sip_pnp_receive(struct sip_pnp *pnp, const struct sip_endpoint *from, unsigned interface,
                     const struct sip_message *request, int64_t now_ms);

/* May source send one more now? To be asked before a datagram is parsed. */
bool sip_pnp_admit(struct sip_pnp *pnp, const struct sip_endpoint *from, int64_t now_ms);

/* 200 and NOTIFY with that URL. Errors: AP_ENOENT it is not waiting any more; those of
 * sip_notifier_start(): nothing was sent. */
AP_MUSTCHECK int sip_pnp_serve(struct sip_pnp *pnp, uint64_t id, const char *url,
                               enum sip_pnp_form form, int64_t now_ms);
/* Never answered: not told of either. Repeats are swallowed for 32 s. */
void sip_pnp_ignore(struct sip_pnp *pnp, uint64_t id);

/* The notifier's done, for notices that were started here: true if it was. */
bool sip_pnp_done(struct sip_pnp *pnp, void *notice_data, enum sip_outcome outcome, int status);

struct sip_pnp_stats {
    uint64_t questions, repeats, dropped_rate, dropped_form, served, ignored;
};
void sip_pnp_stats(const struct sip_pnp *pnp, struct sip_pnp_stats *ret_stats);

#endif
