/* The value of Authorization: Basic (RFC 7617) and Digest (RFC 7616), as phones say them.
 *
 * Pure functions over text; nothing is looked up, nothing kept. */
#ifndef AUTOPROV_AUTHORIZATION_H
#define AUTOPROV_AUTHORIZATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/limits.h"
#include "autoprov/request_gate.h"

/* What a phone shows of the place that wants a password; it names no product. */
#define AUTHORIZATION_REALM "provisioning"

/* A secret: to be wiped. */
struct authorization_basic {
    char user[AP_NAME_MAX_BYTES + 1];
    char password[AP_PASSWORD_MAX_BYTES + 1]; /* zero behind its end */
};

/* "Basic", blanks, Base64 with its padding (RFC 4648, 4) of USER ':' PASSWORD: no control
 * characters; both may be of any other bytes, the user not empty. len bytes of any content.
 * Errors: AP_ENOENT another scheme; AP_ESYNTAX; AP_ERANGE user or password is longer than any. */
AP_MUSTCHECK int authorization_read_basic(const char *text, size_t len,
                                          struct authorization_basic *ret_basic);

enum authorization_hash { AUTHORIZATION_MD5, AUTHORIZATION_SHA_256 };

#define AUTHORIZATION_CNONCE_MAX 128

/* Views into the text that was read. */
struct authorization_digest {
    char user[AP_NAME_MAX_BYTES + 1];
    struct gate_text realm, nonce, uri, cnonce;
    struct gate_text count_text;  /* nc as it was sent: eight hex digits */
    uint32_t count;               /* from 1 */
    enum authorization_hash hash; /* MD5 where no algorithm is named */
    uint8_t response[32];
    size_t response_len; /* 16 or 32, by the hash */
};

/* "Digest", blanks, members with commas between (RFC 7616, 3.4): each at most once; username,
 * realm, nonce, uri, response, cnonce, nc and qop=auth must be there; values in quotes have no
 * escapes. Members that nobody knows are passed over. Not taken: "username*", userhash, qop of
 * another word or none, "-sess". len bytes of any content.
 * Errors: AP_ENOENT another scheme; AP_ESYNTAX; AP_ERANGE the user is longer than any. */
AP_MUSTCHECK int authorization_read_digest(const char *text, size_t len,
                                           struct authorization_digest *ret_digest);

/* Is that the password that was meant? In constant time. The user is compared by the caller. */
bool authorization_basic_matches(const struct authorization_basic *basic, const char *password);

/* The same (RFC 7616, 3.4.1 to 3.4.3). method: as it was sent. False also without memory. */
bool authorization_digest_matches(const struct authorization_digest *digest, const char *method,
                                  const char *password);

#endif
