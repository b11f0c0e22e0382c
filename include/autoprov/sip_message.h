/* SIP messages of one datagram, as phones say them (RFC 3261; what phones do otherwise: see
 * docs/sip.md).
 *
 * Reading is tolerant where phones are known to deviate: compact header names, line feeds alone, no
 * branch, no From tag, no Max-Forwards, odd ports. Pure; nothing is kept. */
#ifndef AUTOPROV_SIP_MESSAGE_H
#define AUTOPROV_SIP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/mac.h"

/* Of a request its own; of a response that of its CSeq. */
enum sip_method { SIP_SUBSCRIBE, SIP_NOTIFY, SIP_OTHER };

#define SIP_VIAS_MAX       8
#define SIP_CHALLENGES_MAX 8 /* two places, three hashes each, with "-sess" and without */

/* WWW-Authenticate or Proxy-Authenticate: Digest (RFC 7616; RFC 8760). */
enum sip_hash { SIP_HASH_MD5, SIP_HASH_SHA_256, SIP_HASH_OTHER };
struct sip_challenge {
    bool proxy; /* Proxy-Authenticate */
    enum sip_hash hash;
    const char *realm, *nonce, *opaque; /* without quotes; opaque NULL: none. No '"', no '\\' */
    bool qop_auth;                      /* it offers auth */
    bool qop_given;                     /* it has a qop: without auth in it nobody can answer */
};

/* Texts are NUL-terminated, of the arena, without control characters (other bytes, 0x80 to 0xff
 * too, may be in them), or NULL: not there. Header texts are the value as it was sent, trimmed,
 * with blanks for tabs; of a folded header with one blank for the fold. */
struct sip_message {
    bool is_response;
    int status; /* 100..699; of a request 0 */
    enum sip_method method;
    const char *method_text;
    const char *request_uri; /* NULL of responses */
    const char *vias[SIP_VIAS_MAX];
    size_t via_count;       /* 1 or more; from the top */
    const char *via_branch; /* of the top one */
    bool via_rport;         /* the top one asks for it (RFC 3581) */
    const char *via_host;   /* of its sent-by, without brackets */
    uint16_t via_port;      /* 0: none is said */
    const char *from, *to, *call_id, *contact;
    const char *from_tag, *to_tag;
    const char *contact_uri; /* what stands between '<' and '>', or before parameters; of a response
                                with several that of the first */
    uint32_t cseq;
    int64_t expires;                                        /* -1: not there, or no number */
    const char *event;                                      /* whole */
    const char *event_package;                              /* "ua-profile" */
    const char *event_vendor, *event_model, *event_version; /* without quotes; also "vender" */
    const char *user_agent, *content_type;
    bool has_mac; /* of a phone that asks: in Request-URI, From, To or User-Agent, in that order */
    uint8_t mac[AP_MAC_LEN]; /* "MAC%3a0015651234AB", "MAC=…", "MAC:…", "MAC…", bare; any case */
    struct sip_challenge challenges[SIP_CHALLENGES_MAX];
    size_t challenge_count; /* of 401 and 407 alone */
    const char *body;
    size_t body_len;
};

/* Read len bytes (any content; more than AP_SIP_DATAGRAM_MAX_BYTES is refused). A cheap look comes
 * first: what does not begin as SIP is not given to a parser.
 * Wants Via, From, To, Call-ID, CSeq and a whole head without control characters; method and CSeq's
 * agree; what is said twice and may stand once is refused, and a body that is not there in full.
 * What comes behind the body is passed over (RFC 3261, 18.3), and challenges that nobody could
 * answer.
 * Errors: AP_ESYNTAX, AP_ERANGE too long or too many, AP_ENOMEM also above the arena's ceiling
 * (16 KiB are enough for any datagram). */
AP_MUSTCHECK int sip_message_read(const char *data, size_t len, struct arena *arena,
                                  struct sip_message *ret_message);

/* Host and port of "sip:user@192.0.2.7:5062;line=x" or "<…>": a numeric address alone; port 5060
 * where none stands (RFC 3261, 19.1.2). ret_address->port stays 0. What another reader could take
 * for another host is refused.
 * Errors: AP_ESYNTAX; AP_EINVAL a name instead of an address, sips, maddr, or a transport other
 * than udp; AP_ENOMEM. */
AP_MUSTCHECK int sip_uri_endpoint(const char *uri, struct address *ret_address, uint16_t *ret_port);

/* May the text stand in a SIP URI or header of ours: printable ASCII without blanks, '"', '<' and
 * '>'; not empty. */
bool sip_text_is_plain(const char *text);

#endif
