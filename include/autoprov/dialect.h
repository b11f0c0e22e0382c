/* What a vendor's kind of file can carry in a value, and how the value is written into it. */
#ifndef AUTOPROV_DIALECT_H
#define AUTOPROV_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"

enum dialect_escape {
    DIALECT_ESCAPE_XML,  /* & < > " ' as references; what XML 1.0 (2.2) forbids, and what is no
                            UTF-8, is dropped */
    DIALECT_ESCAPE_TEXT, /* key = value and the like: nothing can be escaped, so a value that the
                            dialect cannot carry is refused */
    DIALECT_ESCAPE_JSON, /* inside of a string (RFC 8259, 7); what is no UTF-8 is dropped */
    DIALECT_ESCAPE_URL,  /* all but unreserved characters as %XX (RFC 3986, 2.3) */
    DIALECT_ESCAPE_NONE, /* as it is */
};

enum dialect_charset { DIALECT_UTF8, DIALECT_LATIN1 /* ISO-8859-1 */ };

/* Where a value stands: the same for most, narrower for some. */
enum dialect_use {
    DIALECT_USE_VALUE,
    DIALECT_USE_KEY /* value or label of a key */,
    DIALECT_USE_PASSWORD
};

/* Filled by the catalogue; immutable; strings borrowed from it. All zero is plain XML. */
struct dialect {
    enum dialect_escape escape;
    enum dialect_charset charset;
    const char *forbid;              /* ASCII characters that no value holds; NULL: none */
    const char *forbid_in_keys;      /* the same for DIALECT_USE_KEY, besides those */
    const char *forbid_in_passwords; /* the same for DIALECT_USE_PASSWORD */
    char comment;                    /* begins a comment: neither first in a value nor behind a
                                        blank; 0: none */
    const char *const *reserved;     /* whole values with a meaning of their own ("%NULL%") */
    size_t reserved_count;
    bool trims;             /* blanks at either end are lost: refused there */
    size_t max_value_bytes; /* 0: no limit but ours */
    bool crlf;              /* line ends are CR LF, whatever the template's are */
    uint8_t plain[256];     /* of dialect_prepare(): 1: ASCII that needs no second look; or 0 */
    size_t max_plain_bytes; /* the same of a value's length */
};

/* Work out what makes dialect_check() quick. Once, when all else is filled; without it the check is
 * the same, but slow. */
void dialect_prepare(struct dialect *dialect);

/* Can the dialect carry text as a value, so that the phone reads exactly text again? Control
 * characters (C0, DEL, C1), what is no UTF-8, U+FFFE and U+FFFF are refused by every dialect but
 * DIALECT_ESCAPE_NONE; characters above U+00FF by DIALECT_LATIN1.
 * Errors: AP_EINVAL with the reason as a phrase for a person, without the value ("holds '#', which
 * begins a comment there"). Pure; any thread. */
AP_MUSTCHECK int dialect_check(const struct dialect *dialect, enum dialect_use use,
                               const char *text, size_t len, struct ap_error *error);

/* Does text need no dialect_check(), whatever the use: a prepared dialect carries it for certain?
 * Quick; most values are. An empty one is not. text ends in NUL. Pure; any thread. */
bool dialect_is_plain(const struct dialect *dialect, const char *text);

/* Append text as the dialect writes it. In DIALECT_ESCAPE_TEXT a value that dialect_check() refuses
 * as DIALECT_USE_VALUE is AP_EINVAL, and nothing is appended. Others: those of buf_append(). */
AP_MUSTCHECK int dialect_append(const struct dialect *dialect, const char *text, size_t len,
                                struct buf *out);

/* Turn a whole rendered file, UTF-8, into the dialect's character set and line ends.
 * Errors: AP_EINVAL a character that the set has not; those of buf_reserve(). */
AP_MUSTCHECK int dialect_convert(const struct dialect *dialect, struct buf *body);

/* "xml", "text", "json", "url" -> the mode. Errors: AP_ENOENT. */
AP_MUSTCHECK int dialect_escape_parse(const char *name, enum dialect_escape *ret_escape);

#endif
