/* Folder tokens: the secret part of a provisioning URL. */
#ifndef AUTOPROV_TOKEN_H
#define AUTOPROV_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"

/* Made here: 128 bits as 32 lower-case hex digits. */
#define TOKEN_MADE_LEN 32
/* Brought from another system: 15 to 64 of [0-9A-Za-z_-]. */
#define TOKEN_MIN_LEN 15
#define TOKEN_MAX_LEN 64

/* Parsed; text is NUL-terminated. A secret: wipe with secret_wipe() when done. */
struct token {
    char text[TOKEN_MAX_LEN + 1];
    size_t len;
};

/* Errors: AP_ESYNTAX wrong length or alphabet. */
AP_MUSTCHECK int token_parse(const char *text, size_t len, struct token *ret_token);

/* From RAND_bytes(3). Errors: AP_ECRYPTO. */
AP_MUSTCHECK int token_make(struct token *ret_token);

/* False for tokens of our own form: imported ones are listed until rotated. */
bool token_is_imported(const struct token *token);

#endif
