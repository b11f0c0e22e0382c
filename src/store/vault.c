/* What is done with the keys: HMAC-SHA256 and AES-256-GCM.
 *
 * OpenSSL's algorithms are fetched once and the contexts kept with their keys set: a fetch by name
 * for each operation costs more than the operation. Must not know SQLite or any table. */
#include "autoprov/vault.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#include "vault_private.h"

/* Of table, row id and column with their lengths: the longest has about 110. */
#define PLACE_MAX_BYTES 512

struct piece {
    const void *data;
    size_t len;
};

static struct vault_set *newest(struct vault *vault)
{
    return &vault->sets[vault->newest];
}

static int hmac(struct vault_set *set, enum vault_key key, const struct piece pieces[static 2],
                uint8_t ret_tag[static VAULT_TAG_BYTES])
{
    EVP_MAC_CTX *ctx = set->macs[key];
    size_t len = 0;

    /* No key given: the one that the context was made with again. */
    if (EVP_MAC_init(ctx, NULL, 0, NULL) != 1)
        return vault_crypto_failed();
    for (size_t i = 0; i < 2; i++) {
        if (pieces[i].len > 0 && EVP_MAC_update(ctx, pieces[i].data, pieces[i].len) != 1)
            return vault_crypto_failed();
    }
    if (EVP_MAC_final(ctx, ret_tag, &len, VAULT_TAG_BYTES) != 1 || len != VAULT_TAG_BYTES)
        return vault_crypto_failed();
    return 0;
}

int vault_blind_index(struct vault *vault, const struct token *token,
                      uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES])
{
    /* The prefix, with its NUL, keeps K_index free for other kinds of values. */
    const struct piece pieces[] = {{"tok", 4}, {token->text, token->len}};
    return hmac(newest(vault), VAULT_KEY_INDEX, pieces, ret_index);
}

int vault_old_blind_index(struct vault *vault, const struct token *token,
                          uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES])
{
    const struct piece pieces[] = {{"tok", 4}, {token->text, token->len}};
    if (!vault_is_rotating(vault))
        return AP_ENOENT;
    return hmac(&vault->sets[0], VAULT_KEY_INDEX, pieces, ret_index);
}

int vault_token_tag(struct vault *vault, const struct token *token,
                    char ret_tag[static VAULT_TOKEN_TAG_TEXT_MAX])
{
    const struct piece pieces[] = {{token->text, token->len}, {NULL, 0}};
    uint8_t tag[VAULT_TAG_BYTES];

    int err = hmac(newest(vault), VAULT_KEY_LOG, pieces, tag);
    if (err)
        return err;
    ret_tag[0] = 't';
    ret_tag[1] = ':';
    text_hex(tag, 4, ret_tag + 2);
    return 0;
}

/* GMAC with a constant nonce, which is a universal hash: two bodies of L blocks have the same with
 * a chance of L in 2^128. Whoever saw hashes could find the key, so that they go nowhere but into
 * hmac(). */
static int universal_hash(struct vault_set *set, const void *body, size_t len,
                          uint8_t ret_hash[static VAULT_GCM_TAG_BYTES])
{
    static const uint8_t nonce[VAULT_NONCE_BYTES];
    EVP_CIPHER_CTX *ctx = set->hasher;
    int done;

    if (len > INT_MAX || EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
        (len > 0 && EVP_EncryptUpdate(ctx, NULL, &done, body, (int)len) != 1) ||
        EVP_EncryptFinal_ex(ctx, ret_hash, &done) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, VAULT_GCM_TAG_BYTES, ret_hash) != 1)
        return vault_crypto_failed();
    return 0;
}

int vault_body_digest(struct vault *vault, const void *body, size_t len,
                      uint8_t ret_digest[static VAULT_TAG_BYTES])
{
    uint8_t hash[VAULT_GCM_TAG_BYTES];
    const struct piece pieces[] = {{hash, sizeof(hash)}, {NULL, 0}};
    int err = universal_hash(newest(vault), body, len, hash);

    return err ? err : hmac(newest(vault), VAULT_KEY_ETAG, pieces, ret_digest);
}

int vault_audit_link(struct vault *vault, const uint8_t previous[static VAULT_TAG_BYTES],
                     const void *row, size_t len, uint8_t ret_link[static VAULT_TAG_BYTES])
{
    const struct piece pieces[] = {{previous, VAULT_TAG_BYTES}, {row, len}};
    return hmac(newest(vault), VAULT_KEY_AUDIT, pieces, ret_link);
}

void vault_old_audit_key(const struct vault *vault, uint8_t ret_key[static VAULT_AUDIT_KEY_BYTES])
{
    memcpy(ret_key, vault->sets[0].keys[VAULT_KEY_AUDIT], VAULT_AUDIT_KEY_BYTES);
}

int vault_audit_link_by(const uint8_t key[static VAULT_AUDIT_KEY_BYTES],
                        const uint8_t previous[static VAULT_TAG_BYTES], const void *row, size_t len,
                        uint8_t ret_link[static VAULT_TAG_BYTES])
{
    const struct piece pieces[] = {{previous, VAULT_TAG_BYTES}, {row, len}};
    struct vault_set set = {.version = 0};

    int err = vault_make_mac(key, &set.macs[VAULT_KEY_AUDIT]);
    if (!err)
        err = hmac(&set, VAULT_KEY_AUDIT, pieces, ret_link);
    EVP_MAC_CTX_free(set.macs[VAULT_KEY_AUDIT]);
    return err;
}

/* Associated data: of table, row id and column each the length (4 bytes, big endian) and the
 * bytes, then the key version. With lengths no two places give the same bytes. */
static int add_place(EVP_CIPHER_CTX *ctx, const struct vault_place *place, uint8_t version)
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
    bytes[at++] = version;
    return EVP_CipherUpdate(ctx, NULL, &out_len, bytes, (int)at) == 1 ? 0 : AP_ECRYPTO;
}

int vault_seal(struct vault *vault, const struct vault_place *place, const void *plain, size_t len,
               uint8_t *ret_sealed)
{
    struct vault_set *set = newest(vault);
    EVP_CIPHER_CTX *ctx = set->sealer;
    uint8_t *nonce = ret_sealed + 1;
    uint8_t *cipher = nonce + VAULT_NONCE_BYTES;
    int out_len;

    if (len > INT_MAX - VAULT_SEAL_OVERHEAD)
        return AP_ECRYPTO;
    ret_sealed[0] = set->version;
    if (RAND_bytes(nonce, VAULT_NONCE_BYTES) != 1 ||
        EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
        add_place(ctx, place, set->version) != 0)
        return vault_crypto_failed();
    if (len > 0 && EVP_EncryptUpdate(ctx, cipher, &out_len, plain, (int)len) != 1)
        return vault_crypto_failed();
    if (EVP_EncryptFinal_ex(ctx, cipher + len, &out_len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, VAULT_GCM_TAG_BYTES, cipher + len) != 1)
        return vault_crypto_failed();
    return 0;
}

/* NULL: sealed by a key that is not here. */
static struct vault_set *set_of(struct vault *vault, uint8_t version)
{
    for (size_t i = 0; i < vault->count; i++) {
        if (vault->sets[i].version == version)
            return &vault->sets[i];
    }
    return NULL;
}

int vault_open(struct vault *vault, const struct vault_place *place, const uint8_t *sealed,
               size_t sealed_len, struct arena *arena, char **ret_plain, size_t *ret_len)
{
    int out_len;

    if (sealed_len < VAULT_SEAL_OVERHEAD || sealed_len > INT_MAX)
        return AP_ECRYPTO;
    uint8_t version = sealed[0];
    struct vault_set *set = set_of(vault, version);
    if (!set)
        return AP_ECRYPTO;
    EVP_CIPHER_CTX *ctx = set->opener;
    const uint8_t *nonce = sealed + 1;
    const uint8_t *cipher = nonce + VAULT_NONCE_BYTES;
    size_t len = sealed_len - VAULT_SEAL_OVERHEAD;
    uint8_t tag[VAULT_GCM_TAG_BYTES];
    uint8_t *plain = arena_alloc(arena, len + 1);
    if (!plain)
        return AP_ENOMEM;

    memcpy(tag, cipher + len, sizeof(tag));
    if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
        add_place(ctx, place, version) != 0 ||
        (len > 0 && EVP_DecryptUpdate(ctx, plain, &out_len, cipher, (int)len) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
        EVP_DecryptFinal_ex(ctx, plain + len, &out_len) != 1) {
        secret_wipe(plain, len);
        return vault_crypto_failed();
    }
    plain[len] = '\0';
    *ret_plain = (char *)plain;
    *ret_len = len;
    return 0;
}
