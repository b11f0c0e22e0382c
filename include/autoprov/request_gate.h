/* The request gate: what may be a request at all. A pure function over a byte buffer.
 *
 * libmicrohttpd 0.9.75 must not meet the open network (docs/security.md): this is the only reader
 * of what clients send. It allocates nothing, keeps no state and calls nothing. */
#ifndef AUTOPROV_REQUEST_GATE_H
#define AUTOPROV_REQUEST_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/limits.h"

enum gate_profile {
    GATE_PHONE, /* GET and HEAD, no body */
    GATE_ADMIN, /* also POST, PUT, PATCH, DELETE with exactly one Content-Length; a query */
};

enum gate_method {
    GATE_GET,
    GATE_HEAD,
    GATE_POST,
    GATE_PUT,
    GATE_PATCH,
    GATE_DELETE,
    GATE_OTHER,
};

enum gate_verdict {
    GATE_NEED_MORE, /* no blank line yet, and still within the limits */
    GATE_ACCEPT,
    GATE_REFUSE,           /* well enough formed to be answered: the uniform miss, or 405 */
    GATE_REFUSE_AND_CLOSE, /* the byte stream can't be trusted any further: answer, then close */
};

/* Why; for logs and metrics, never shown to a client. Names by gate_reason_name(). */
enum gate_reason {
    GATE_REASON_NONE,
    GATE_REASON_METHOD, /* well formed, but not allowed by the profile: 405 */
    GATE_REASON_HEAD_TOO_LONG,
    GATE_REASON_REQUEST_LINE, /* not METHOD SP target SP HTTP/1.x */
    GATE_REASON_VERSION,
    GATE_REASON_TARGET, /* not origin form, or forbidden bytes or escapes in it */
    GATE_REASON_HEADER, /* malformed line, control byte, folding, bare CR or LF */
    GATE_REASON_TOO_MANY_LINES,
    GATE_REASON_HOST, /* more than one Host */
    GATE_REASON_BODY, /* Content-Length or Transfer-Encoding where none may be */
    GATE_REASON_EXPECT,
    GATE_REASON_UPGRADE,
    GATE_REASON_COUNT
};

/* A view into the caller's buffer; not NUL-terminated; data NULL: absent. */
struct gate_text {
    const char *data;
    size_t len;
};

struct gate_result {
    enum gate_reason reason;
    enum gate_method method;
    bool http_1_0;
    bool close;         /* the client asked for it, or speaks HTTP/1.0 */
    size_t head_bytes;  /* consumed by the head, blank line included; 0 with NEED_MORE; with
                           REFUSE_AND_CLOSE as far as it was read */
    size_t body_bytes;  /* Content-Length: to be read (admin) or dropped (refused method) */
    bool has_forwarded; /* Forwarded, X-Forwarded-For, X-Real-IP or Via was there */

    /* The target's path in canonical form: one leading '/', runs of '/' collapsed, one level of
     * %XX undone for unreserved characters (RFC 3986, 2.3) and ':', query and fragment cut off.
     * NUL-terminated. Empty unless accepted. */
    char path[AP_REQUEST_LINE_MAX_BYTES + 1];
    size_t path_len;
    struct gate_text query;  /* admin: after '?', raw */
    struct gate_text target; /* as it was sent; absent unless accepted */

    /* Header values that handlers read, trimmed of blanks; the first of each name counts. */
    struct gate_text user_agent;
    struct gate_text if_none_match;
    /* Phone: absent also when there were several, or one of more than AP_AUTHORIZATION_MAX_BYTES or
     * with anything but printable ASCII: nobody says it so. */
    struct gate_text authorization;
    struct gate_text content_type;
    struct gate_text if_match;
    struct gate_text idempotency_key;
    struct gate_text host;
    /* What browsers say of themselves. Admin only, else absent; of several of one name the value is
     * empty: no browser says it so. */
    struct gate_text cookie;
    struct gate_text origin;
    struct gate_text sec_fetch_site;
};

/* Look at the first len bytes of a request. result is written for every verdict; its views point
 * into data.
 *
 * Grammar: RFC 9112 with less: HTTP/1.0 or 1.1, origin form only, CRLF line ends, one SP between
 * the parts of the request line, no control bytes (HTAB in values apart), no obs-fold, at most one
 * Host, no Transfer-Encoding, Expect or Upgrade, AP_HEAD_MAX_BYTES, AP_REQUEST_LINE_MAX_BYTES,
 * AP_HEAD_MAX_LINES header lines. %00, %2f, %5c, "..", "." segments and '\' are refused, so is
 * every other escape. GET and HEAD may carry "Content-Length: 0" and no other; an admin's DELETE
 * may do without. REFUSE_AND_CLOSE: whenever the end of the request is not certain, and as soon as
 * that is known. However the bytes arrive, the first verdict that is not NEED_MORE is the same;
 * what follows the head never changes it. */
enum gate_verdict gate_read(enum gate_profile profile, const char *data, size_t len,
                            struct gate_result *result);

/* "head_too_long", "target", …: stable, for logs and metrics. */
const char *gate_reason_name(enum gate_reason reason);

#endif
