/* The one piece of the vault that unit tests check against published vectors by itself. */
#ifndef AUTOPROV_VAULT_PRIVATE_H
#define AUTOPROV_VAULT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

#define VAULT_DERIVED_KEY_BYTES 32

/* HKDF-SHA256 (RFC 5869) without salt. Errors: AP_ECRYPTO. */
AP_MUSTCHECK int vault_derive(const uint8_t *key, size_t key_len, const char *info,
                              uint8_t ret_key[static VAULT_DERIVED_KEY_BYTES]);

#endif
