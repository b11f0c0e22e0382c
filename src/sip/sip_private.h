/* Private: what the files that read messages share. libosipparser2 has macros of the names in
 * sip_notifier.h: so nothing of it here. */
#ifndef AUTOPROV_SIP_PRIVATE_H
#define AUTOPROV_SIP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/sip_message.h"

/* -- sip_head.c -------------------------------------------------------------------------------- */

enum sip_header {
    SIP_HEADER_VIA,
    SIP_HEADER_FROM,
    SIP_HEADER_TO,
    SIP_HEADER_CALL_ID,
    SIP_HEADER_CSEQ,
    SIP_HEADER_CONTACT,
    SIP_HEADER_EXPIRES,
    SIP_HEADER_EVENT,
    SIP_HEADER_USER_AGENT,
    SIP_HEADER_CONTENT_TYPE,
    SIP_HEADER_CONTENT_LENGTH,
    SIP_HEADER_WWW_AUTHENTICATE,
    SIP_HEADER_PROXY_AUTHENTICATE,
    SIP_HEADER_COUNT
};

/* A copy of a datagram whose lines are unfolded and end with NULs, in their places. Before reading
 * at and end stand around it, and *end is writable; after it at is where the body begins. */
struct sip_head {
    char *at, *end;
    char *first_line;
    bool seen[SIP_HEADER_COUNT];
    const char *values[SIP_HEADER_COUNT]; /* NULL: not there, or empty */
    size_t contact_count;                 /* values has the first one */
    const char *vias[SIP_VIAS_MAX];
    size_t via_count;
    struct {
        const char *value;
        bool proxy;
    } challenges[SIP_CHALLENGES_MAX]; /* further ones are passed over */
    size_t challenge_count;
};

/* Errors: AP_ESYNTAX also of what is there twice and may stand once; AP_ERANGE too many Vias. */
AP_MUSTCHECK int sip_head_read(struct sip_head *head);

/* RFC 3261, 25.1: token. */
bool sip_text_is_token(const char *text);

/* -- sip_param.c ------------------------------------------------------------------------------- */

/* NAME, NAME=VALUE or NAME="VALUE". Views into the text that was read. */
struct sip_param {
    const char *name;
    size_t name_len; /* 1 or more */
    const char
        *value; /* NULL: none. Of a quoted one what stands between the quotes, with escapes */
    size_t value_len;
    bool quoted;
};

enum sip_param_found { SIP_PARAM_FOUND, SIP_PARAM_END, SIP_PARAM_BROKEN };

/* The next one at *at, which moves behind it and its separator (';' or ','); blanks around all
 * parts and empty places are passed over. After SIP_PARAM_BROKEN there is no going on. */
enum sip_param_found sip_param_next(const char **at, char separator, struct sip_param *ret_param);

bool sip_param_is(const struct sip_param *param, const char *name);

/* Where the URI of From, To or Contact begins: behind a '<' that stands in no quotes, or at once.
 */
const char *sip_uri_begin(const char *value);

/* A copy without quotes and escapes. NULL: no memory. */
const char *sip_param_copy(struct arena *arena, const struct sip_param *param);

/* -- sip_challenge.c --------------------------------------------------------------------------- */

/* The value of WWW-Authenticate or Proxy-Authenticate. Errors: AP_ENOENT it is no Digest, or one
 * that nobody could answer; AP_ENOMEM. */
AP_MUSTCHECK int sip_challenge_read(const char *value, bool proxy, struct arena *arena,
                                    struct sip_challenge *ret_challenge);

/* -- sip_mac.c --------------------------------------------------------------------------------- */

/* The MAC in the user of a URI, or of a header's value with a URI in it: the last one. */
bool sip_mac_of_uri(const char *text, uint8_t ret_mac[static AP_MAC_LEN]);

/* The same anywhere in a text. */
bool sip_mac_of_text(const char *text, size_t len, uint8_t ret_mac[static AP_MAC_LEN]);

/* -- sip_parse.c: libosipparser2 --------------------------------------------------------------- */

struct sip_via {
    const char *branch; /* NULL: none */
    const char *host;   /* of sent-by, without brackets */
    uint16_t port;      /* 0: none */
    bool rport;         /* there without a value (RFC 3581, 3) */
};

/* Errors, of all: AP_ESYNTAX; AP_ENOMEM. */
AP_MUSTCHECK int sip_parse_via(const char *value, struct arena *arena, struct sip_via *ret_via);
/* From, To and Contact. *ret_tag: NULL: none. */
AP_MUSTCHECK int sip_parse_party(const char *value, struct arena *arena, const char **ret_tag);
AP_MUSTCHECK int sip_parse_uri(const char *uri);

#endif
