/* The answer to a challenge of SIP (RFC 7616, RFC 8760), qop auth or none. Pure. */
#ifndef AUTOPROV_SIP_DIGEST_H
#define AUTOPROV_SIP_DIGEST_H

#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/sip_message.h"

struct sip_digest {
    const char *user, *password; /* secrets */
    const char *method, *uri;
    const char *cnonce; /* 32 hex digits, fresh */
    uint32_t count;     /* nc, from 1 */
};

/* The one to answer: SHA-256 before MD5; NULL: none can be answered. */
const struct sip_challenge *sip_digest_choose(const struct sip_message *response);

/* Append the whole header line, "Authorization: Digest …" or "Proxy-Authorization: …", CR LF.
 * Errors: AP_EINVAL user, realm or nonce cannot stand in a quoted string; AP_ECRYPTO; those of
 * buf_append(). */
AP_MUSTCHECK int sip_digest_write(struct buf *out, const struct sip_challenge *challenge,
                                  const struct sip_digest *digest);

#endif
