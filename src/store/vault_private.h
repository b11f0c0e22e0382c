/* The keys behind a vault, and the one piece that unit tests check against published vectors by
 * itself. */
#ifndef AUTOPROV_VAULT_PRIVATE_H
#define AUTOPROV_VAULT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "autoprov/err.h"
#include "autoprov/vault.h"

#define VAULT_DERIVED_KEY_BYTES 32
#define VAULT_FINGERPRINT_LEN   17 /* of one key, with its NUL */

enum vault_key {
    VAULT_KEY_INDEX,
    VAULT_KEY_LOG,
    VAULT_KEY_ETAG,
    VAULT_KEY_AUDIT,
    VAULT_KEY_MAC_COUNT, /* the keys above are HMAC keys */
    VAULT_KEY_SEAL = VAULT_KEY_MAC_COUNT,
    VAULT_KEY_LINE, /* of SipHash, which takes the first half */
    VAULT_KEY_BODY, /* of GMAC, as AES-256-GCM */
    VAULT_KEY_COUNT
};

/* All of one master key. */
struct vault_set {
    uint8_t version;
    char fingerprint[VAULT_FINGERPRINT_LEN];
    uint8_t keys[VAULT_KEY_COUNT][VAULT_DERIVED_KEY_BYTES];
    EVP_MAC_CTX *macs[VAULT_KEY_MAC_COUNT];
    EVP_CIPHER_CTX *sealer;
    EVP_CIPHER_CTX *opener;
    EVP_CIPHER_CTX *hasher; /* under VAULT_KEY_BODY */
};

struct vault {
    struct vault_set sets[2];
    size_t count;
    size_t newest; /* which one seals */
    char fingerprint[VAULT_FINGERPRINT_TEXT_MAX];
};

/* AP_ECRYPTO, with OpenSSL's error queue of this thread empty. */
int vault_crypto_failed(void);

/* A context of HMAC-SHA256 with its key: free with EVP_MAC_CTX_free(). Errors: AP_ECRYPTO. */
AP_MUSTCHECK int vault_make_mac(const uint8_t key[static VAULT_DERIVED_KEY_BYTES],
                                EVP_MAC_CTX **ret_ctx);

/* HKDF-SHA256 (RFC 5869) without salt. Errors: AP_ECRYPTO. */
AP_MUSTCHECK int vault_derive(const uint8_t *key, size_t key_len, const char *info,
                              uint8_t ret_key[static VAULT_DERIVED_KEY_BYTES]);

#endif
