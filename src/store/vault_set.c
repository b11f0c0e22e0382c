/* The keys derived from one master key, and from a second one while it takes the first one's place.
 *
 * Must not know SQLite or any table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "autoprov/text.h"
#include "autoprov/vault.h"

#include "vault_private.h"

/* First byte of a sealed value, of a database whose key was never rotated. */
#define FIRST_VERSION     1
#define FINGERPRINT_LABEL "autoprovd/1/fingerprint"
#define FINGERPRINT_BYTES ((VAULT_FINGERPRINT_LEN - 1) / 2)

/* Never change one: every database depends on them. */
static const char *const key_labels[VAULT_KEY_COUNT] = {
    [VAULT_KEY_INDEX] = "autoprovd/1/index", [VAULT_KEY_LOG] = "autoprovd/1/log",
    [VAULT_KEY_ETAG] = "autoprovd/1/etag",   [VAULT_KEY_AUDIT] = "autoprovd/1/audit",
    [VAULT_KEY_SEAL] = "autoprovd/1/seal",   [VAULT_KEY_LINE] = "autoprovd/1/line",
    [VAULT_KEY_BODY] = "autoprovd/1/body",
};

/* What OpenSSL leaves in the thread's error queue would be taken for a TLS error later. */
int vault_crypto_failed(void)
{
    ERR_clear_error();
    return AP_ECRYPTO;
}

int vault_derive(const uint8_t *key, size_t key_len, const char *info,
                 uint8_t ret_key[static VAULT_DERIVED_KEY_BYTES])
{
    int err = AP_ECRYPTO;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[4];

    if (!ctx)
        goto out;
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_len);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info));
    params[3] = OSSL_PARAM_construct_end();
    if (EVP_KDF_derive(ctx, ret_key, VAULT_DERIVED_KEY_BYTES, params) == 1)
        err = 0;
out:
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return err ? vault_crypto_failed() : 0;
}

static int make_mac(EVP_MAC *mac, const uint8_t key[static VAULT_DERIVED_KEY_BYTES],
                    EVP_MAC_CTX **ret_ctx)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

    if (!ctx || EVP_MAC_init(ctx, key, VAULT_DERIVED_KEY_BYTES, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return AP_ECRYPTO;
    }
    *ret_ctx = ctx;
    return 0;
}

int vault_make_mac(const uint8_t key[static VAULT_DERIVED_KEY_BYTES], EVP_MAC_CTX **ret_ctx)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    int err = mac ? make_mac(mac, key, ret_ctx) : AP_ECRYPTO;

    EVP_MAC_free(mac);
    return err ? vault_crypto_failed() : 0;
}

static int make_macs(struct vault_set *set)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    int err = mac ? 0 : AP_ECRYPTO;

    for (size_t i = 0; i < VAULT_KEY_MAC_COUNT && !err; i++)
        err = make_mac(mac, set->keys[i], &set->macs[i]);
    EVP_MAC_free(mac);
    return err ? vault_crypto_failed() : 0;
}

static int make_ciphers(struct vault_set *set)
{
    int err = AP_ECRYPTO;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

    set->sealer = EVP_CIPHER_CTX_new();
    set->opener = EVP_CIPHER_CTX_new();
    set->hasher = EVP_CIPHER_CTX_new();
    if (!cipher || !set->sealer || !set->opener || !set->hasher)
        goto out;
    if (EVP_EncryptInit_ex2(set->sealer, cipher, set->keys[VAULT_KEY_SEAL], NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(set->opener, cipher, set->keys[VAULT_KEY_SEAL], NULL, NULL) != 1 ||
        EVP_EncryptInit_ex2(set->hasher, cipher, set->keys[VAULT_KEY_BODY], NULL, NULL) != 1)
        goto out;
    err = 0;
out:
    EVP_CIPHER_free(cipher);
    return err ? vault_crypto_failed() : 0;
}

static int make_contexts(struct vault_set *set)
{
    int err = make_macs(set);
    return err ? err : make_ciphers(set);
}

static void free_set(struct vault_set *set)
{
    for (size_t i = 0; i < VAULT_KEY_MAC_COUNT; i++)
        EVP_MAC_CTX_free(set->macs[i]);
    EVP_CIPHER_CTX_free(set->sealer);
    EVP_CIPHER_CTX_free(set->opener);
    EVP_CIPHER_CTX_free(set->hasher);
    secret_wipe(set, sizeof(*set));
}

static int make_fingerprint(struct vault_set *set, const struct secret *master_key)
{
    uint8_t key[VAULT_DERIVED_KEY_BYTES];

    int err = vault_derive(master_key->bytes, master_key->len, FINGERPRINT_LABEL, key);
    if (!err)
        text_hex(key, FINGERPRINT_BYTES, set->fingerprint);
    secret_wipe(key, sizeof(key));
    return err;
}

/* What to free, also on failure. */
static int make_set(struct vault_set *set, const struct secret *master_key)
{
    if (master_key->len != VAULT_MASTER_KEY_BYTES)
        return AP_EINVAL;
    int err = make_fingerprint(set, master_key);
    for (size_t i = 0; i < VAULT_KEY_COUNT && !err; i++)
        err = vault_derive(master_key->bytes, master_key->len, key_labels[i], set->keys[i]);
    return err ? err : make_contexts(set);
}

/* "x", or "x and y" while values of both are there. */
static void describe(struct vault *vault)
{
    snprintf(vault->fingerprint, sizeof(vault->fingerprint), "%s%s%s", vault->sets[0].fingerprint,
             vault_is_rotating(vault) ? " and " : "",
             vault_is_rotating(vault) ? vault->sets[1].fingerprint : "");
}

int vault_new(const struct secret *master_key, struct vault **ret_vault)
{
    struct vault *vault = calloc(1, sizeof(*vault));
    if (!vault)
        return AP_ENOMEM;
    vault->count = 1;
    int err = make_set(&vault->sets[0], master_key);
    if (err) {
        vault_free(vault);
        return err;
    }
    vault_number(vault, FIRST_VERSION);
    describe(vault);
    *ret_vault = vault;
    return 0;
}

int vault_add_key(struct vault *vault, const struct secret *master_key)
{
    struct vault_set *set = &vault->sets[1];

    if (vault->count > 1)
        return AP_EEXIST;
    int err = make_set(set, master_key);
    if (!err && strcmp(set->fingerprint, vault->sets[0].fingerprint) == 0)
        err = AP_EEXIST;
    if (err) {
        free_set(set);
        return err;
    }
    vault->count = 2;
    vault_number(vault, vault->sets[0].version);
    return 0;
}

int vault_clone(const struct vault *vault, struct vault **ret_vault)
{
    struct vault *clone = calloc(1, sizeof(*clone));
    int err = 0;
    if (!clone)
        return AP_ENOMEM;
    clone->count = vault->count;
    clone->newest = vault->newest;
    for (size_t i = 0; i < vault->count && !err; i++) {
        struct vault_set *set = &clone->sets[i];
        set->version = vault->sets[i].version;
        memcpy(set->fingerprint, vault->sets[i].fingerprint, sizeof(set->fingerprint));
        memcpy(set->keys, vault->sets[i].keys, sizeof(set->keys));
        err = make_contexts(set);
    }
    if (err) {
        vault_free(clone);
        return err;
    }
    describe(clone);
    *ret_vault = clone;
    return 0;
}

void vault_free(struct vault *vault)
{
    if (!vault)
        return;
    for (size_t i = 0; i < vault->count; i++)
        free_set(&vault->sets[i]);
    free(vault);
}

/* From 1 to 255 and round again: zero is no version. */
void vault_number(struct vault *vault, uint8_t version)
{
    vault->sets[0].version = version;
    vault->sets[1].version = (uint8_t)(version % UINT8_MAX + 1);
}

bool vault_has_second(const struct vault *vault)
{
    return vault->count == 2;
}

bool vault_is_rotating(const struct vault *vault)
{
    return vault->newest == 1;
}

void vault_use_second(struct vault *vault, bool use)
{
    vault->newest = use && vault->count == 2 ? 1 : 0;
    describe(vault);
}

void vault_drop_first(struct vault *vault)
{
    if (vault->count < 2)
        return;
    free_set(&vault->sets[0]);
    vault->sets[0] = vault->sets[1];
    secret_wipe(&vault->sets[1], sizeof(vault->sets[1]));
    vault->count = 1;
    vault->newest = 0;
    describe(vault);
}

uint8_t vault_version(const struct vault *vault)
{
    return vault->sets[vault->newest].version;
}

const char *vault_fingerprint(const struct vault *vault)
{
    return vault->fingerprint;
}
