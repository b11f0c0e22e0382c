/* Random texts that open something, and the digests by which the database finds them: API keys,
 * sessions, invitations, the first admin's setup token. */
#ifndef AUTOPROV_STORE_TICKET_H
#define AUTOPROV_STORE_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

/* 64 hex digits of 256 random bits, and a NUL. */
#define STORE_TICKET_TEXT_MAX     65
#define STORE_TICKET_DIGEST_BYTES 32

/* A new one, a secret of the caller. Errors: AP_ECRYPTO. Any thread. */
AP_MUSTCHECK int store_ticket_make(char ret_text[static STORE_TICKET_TEXT_MAX]);

/* What the database holds of it: SHA-256 of its text. It needs no salt and no slow hash, since
 * nobody can guess 256 random bits. text: len bytes of any kind. Errors: AP_ECRYPTO. Any thread. */
AP_MUSTCHECK int store_ticket_digest(const char *text, size_t len,
                                     uint8_t ret_digest[static STORE_TICKET_DIGEST_BYTES]);

#endif
