/* Keys derived from the master key, and what is done with them: HMAC-SHA256 and AES-256-GCM.
 *
 * OpenSSL's algorithms are fetched once and the contexts kept with their keys set: a fetch by name
 * for each operation costs more than the operation. Must not know SQLite or any table. */
#include "autoprov/vault.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#include "vault_private.h"

/* First byte of a sealed value. Another version means another K_seal. */
#define KEY_VERSION 1
/* Of table, row id and column with their lengths: the longest has about 110. */
#define PLACE_MAX_BYTES 512

enum key {
    KEY_INDEX,
    KEY_LOG,
    KEY_ETAG,
    KEY_AUDIT,
    KEY_MAC_COUNT, /* the keys above are HMAC keys */
    KEY_SEAL = KEY_MAC_COUNT,
    KEY_COUNT
};

#define FINGERPRINT_LABEL "autoprovd/1/fingerprint"

/* Never change one: every database depends on them. */
static const char *const key_labels[KEY_COUNT] = {
    [KEY_INDEX] = "autoprovd/1/index", [KEY_LOG] = "autoprovd/1/log",
    [KEY_ETAG] = "autoprovd/1/etag",   [KEY_AUDIT] = "autoprovd/1/audit",
    [KEY_SEAL] = "autoprovd/1/seal",
};

struct vault {
    char fingerprint[VAULT_FINGERPRINT_TEXT_MAX];
    uint8_t keys[KEY_COUNT][VAULT_DERIVED_KEY_BYTES];
    EVP_MAC_CTX *macs[KEY_MAC_COUNT];
    EVP_CIPHER_CTX *sealer;
    EVP_CIPHER_CTX *opener;
};

struct piece {
    const void *data;
    size_t len;
};

/* What OpenSSL leaves in the thread's error queue would be taken for a TLS error later. */
static int crypto_failed(void)
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
    return err ? crypto_failed() : 0;
}

static int make_macs(struct vault *vault)
{
    int err = AP_ECRYPTO;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    if (!mac)
        goto out;
    for (size_t i = 0; i < KEY_MAC_COUNT; i++) {
        vault->macs[i] = EVP_MAC_CTX_new(mac);
        if (!vault->macs[i] ||
            EVP_MAC_init(vault->macs[i], vault->keys[i], sizeof(vault->keys[i]), params) != 1)
            goto out;
    }
    err = 0;
out:
    EVP_MAC_free(mac);
    return err ? crypto_failed() : 0;
}

static int make_ciphers(struct vault *vault)
{
    int err = AP_ECRYPTO;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

    vault->sealer = EVP_CIPHER_CTX_new();
    vault->opener = EVP_CIPHER_CTX_new();
    if (!cipher || !vault->sealer || !vault->opener)
        goto out;
    if (EVP_EncryptInit_ex2(vault->sealer, cipher, vault->keys[KEY_SEAL], NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(vault->opener, cipher, vault->keys[KEY_SEAL], NULL, NULL) != 1)
        goto out;
    err = 0;
out:
    EVP_CIPHER_free(cipher);
    return err ? crypto_failed() : 0;
}

static int make_contexts(struct vault *vault)
{
    int err = make_macs(vault);
    return err ? err : make_ciphers(vault);
}

static int make_fingerprint(struct vault *vault, const struct secret *master_key)
{
    uint8_t key[VAULT_DERIVED_KEY_BYTES];

    int err = vault_derive(master_key->bytes, master_key->len, FINGERPRINT_LABEL, key);
    if (!err)
        text_hex(key, (VAULT_FINGERPRINT_TEXT_MAX - 1) / 2, vault->fingerprint);
    secret_wipe(key, sizeof(key));
    return err;
}

int vault_new(const struct secret *master_key, struct vault **ret_vault)
{
    if (master_key->len != VAULT_MASTER_KEY_BYTES)
        return AP_EINVAL;
    struct vault *vault = calloc(1, sizeof(*vault));
    if (!vault)
        return AP_ENOMEM;

    int err = 0;
    for (size_t i = 0; i < KEY_COUNT && !err; i++)
        err = vault_derive(master_key->bytes, master_key->len, key_labels[i], vault->keys[i]);
    if (!err)
        err = make_fingerprint(vault, master_key);
    if (!err)
        err = make_contexts(vault);
    if (err) {
        vault_free(vault);
        return err;
    }
    *ret_vault = vault;
    return 0;
}

int vault_clone(const struct vault *vault, struct vault **ret_vault)
{
    struct vault *clone = calloc(1, sizeof(*clone));
    if (!clone)
        return AP_ENOMEM;
    memcpy(clone->keys, vault->keys, sizeof(clone->keys));
    memcpy(clone->fingerprint, vault->fingerprint, sizeof(clone->fingerprint));

    int err = make_contexts(clone);
    if (err) {
        vault_free(clone);
        return err;
    }
    *ret_vault = clone;
    return 0;
}

void vault_free(struct vault *vault)
{
    if (!vault)
        return;
    for (size_t i = 0; i < KEY_MAC_COUNT; i++)
        EVP_MAC_CTX_free(vault->macs[i]);
    EVP_CIPHER_CTX_free(vault->sealer);
    EVP_CIPHER_CTX_free(vault->opener);
    secret_wipe(vault->keys, sizeof(vault->keys));
    free(vault);
}

const char *vault_fingerprint(const struct vault *vault)
{
    return vault->fingerprint;
}

static int hmac(struct vault *vault, enum key key, const struct piece pieces[static 2],
                uint8_t ret_tag[static VAULT_TAG_BYTES])
{
    EVP_MAC_CTX *ctx = vault->macs[key];
    size_t len = 0;

    /* No key given: the one set by make_macs() again. */
    if (EVP_MAC_init(ctx, NULL, 0, NULL) != 1)
        return crypto_failed();
    for (size_t i = 0; i < 2; i++) {
        if (pieces[i].len > 0 && EVP_MAC_update(ctx, pieces[i].data, pieces[i].len) != 1)
            return crypto_failed();
    }
    if (EVP_MAC_final(ctx, ret_tag, &len, VAULT_TAG_BYTES) != 1 || len != VAULT_TAG_BYTES)
        return crypto_failed();
    return 0;
}

int vault_blind_index(struct vault *vault, const struct token *token,
                      uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES])
{
    /* The prefix, with its NUL, keeps K_index free for other kinds of values. */
    const struct piece pieces[] = {{"tok", 4}, {token->text, token->len}};
    return hmac(vault, KEY_INDEX, pieces, ret_index);
}

int vault_token_tag(struct vault *vault, const struct token *token,
                    char ret_tag[static VAULT_TOKEN_TAG_TEXT_MAX])
{
    const struct piece pieces[] = {{token->text, token->len}, {NULL, 0}};
    uint8_t tag[VAULT_TAG_BYTES];

    int err = hmac(vault, KEY_LOG, pieces, tag);
    if (err)
        return err;
    ret_tag[0] = 't';
    ret_tag[1] = ':';
    text_hex(tag, 4, ret_tag + 2);
    return 0;
}

int vault_body_digest(struct vault *vault, const void *body, size_t len,
                      uint8_t ret_digest[static VAULT_TAG_BYTES])
{
    const struct piece pieces[] = {{body, len}, {NULL, 0}};
    return hmac(vault, KEY_ETAG, pieces, ret_digest);
}

int vault_audit_link(struct vault *vault, const uint8_t previous[static VAULT_TAG_BYTES],
                     const void *row, size_t len, uint8_t ret_link[static VAULT_TAG_BYTES])
{
    const struct piece pieces[] = {{previous, VAULT_TAG_BYTES}, {row, len}};
    return hmac(vault, KEY_AUDIT, pieces, ret_link);
}

/* Associated data: of table, row id and column each the length (4 bytes, big endian) and the
 * bytes, then the key version. With lengths no two places give the same bytes. */
static int add_place(EVP_CIPHER_CTX *ctx, const struct vault_place *place)
{
    const char *const names[] = {place->table, place->row_id, place->column};
    uint8_t bytes[PLACE_MAX_BYTES]; /* in one piece: a call of OpenSSL costs more than the copy */
    size_t at = 0;
    int out_len;

    for (size_t i = 0; i < AP_COUNT(names); i++) {
        size_t len = strlen(names[i]);
        if (len + 5 > sizeof(bytes) - at) /* room for the prefix and the version */
            return AP_ECRYPTO;
        const uint8_t prefix[4] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};
        memcpy(bytes + at, prefix, sizeof(prefix));
        memcpy(bytes + at + sizeof(prefix), names[i], len);
        at += sizeof(prefix) + len;
    }
    bytes[at++] = KEY_VERSION;
    return EVP_CipherUpdate(ctx, NULL, &out_len, bytes, (int)at) == 1 ? 0 : AP_ECRYPTO;
}

int vault_seal(struct vault *vault, const struct vault_place *place, const void *plain, size_t len,
               uint8_t *ret_sealed)
{
    EVP_CIPHER_CTX *ctx = vault->sealer;
    uint8_t *nonce = ret_sealed + 1;
    uint8_t *cipher = nonce + VAULT_NONCE_BYTES;
    int out_len;

    if (len > INT_MAX - VAULT_SEAL_OVERHEAD)
        return AP_ECRYPTO;
    ret_sealed[0] = KEY_VERSION;
    if (RAND_bytes(nonce, VAULT_NONCE_BYTES) != 1 ||
        EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 || add_place(ctx, place) != 0)
        return crypto_failed();
    if (len > 0 && EVP_EncryptUpdate(ctx, cipher, &out_len, plain, (int)len) != 1)
        return crypto_failed();
    if (EVP_EncryptFinal_ex(ctx, cipher + len, &out_len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, VAULT_GCM_TAG_BYTES, cipher + len) != 1)
        return crypto_failed();
    return 0;
}

int vault_open(struct vault *vault, const struct vault_place *place, const uint8_t *sealed,
               size_t sealed_len, struct arena *arena, char **ret_plain, size_t *ret_len)
{
    EVP_CIPHER_CTX *ctx = vault->opener;
    int out_len;

    if (sealed_len < VAULT_SEAL_OVERHEAD || sealed_len > INT_MAX || sealed[0] != KEY_VERSION)
        return AP_ECRYPTO;
    const uint8_t *nonce = sealed + 1;
    const uint8_t *cipher = nonce + VAULT_NONCE_BYTES;
    size_t len = sealed_len - VAULT_SEAL_OVERHEAD;
    uint8_t tag[VAULT_GCM_TAG_BYTES];
    uint8_t *plain = arena_alloc(arena, len + 1);
    if (!plain)
        return AP_ENOMEM;

    memcpy(tag, cipher + len, sizeof(tag));
    if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 || add_place(ctx, place) != 0 ||
        (len > 0 && EVP_DecryptUpdate(ctx, plain, &out_len, cipher, (int)len) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
        EVP_DecryptFinal_ex(ctx, plain + len, &out_len) != 1) {
        secret_wipe(plain, len);
        return crypto_failed();
    }
    plain[len] = '\0';
    *ret_plain = (char *)plain;
    *ret_len = len;
    return 0;
}
