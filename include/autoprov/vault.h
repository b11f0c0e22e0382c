/* The master key and everything made from it: blind index, sealing, log tags, ETags, audit chain.
 *
 * Master key -> HKDF-SHA256 (RFC 5869) with one label each -> K_index, K_seal, K_log, K_etag,
 * K_audit, K_line. Knows neither SQLite nor tables. */
#ifndef AUTOPROV_VAULT_H
#define AUTOPROV_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "autoprov/token.h"

#define VAULT_MASTER_KEY_BYTES  32
#define VAULT_BLIND_INDEX_BYTES 32
#define VAULT_TAG_BYTES         32
#define VAULT_NONCE_BYTES       12 /* NIST SP 800-38D, 8.2.2: random, at most 2^32 seals per key */
#define VAULT_GCM_TAG_BYTES     16
/* version byte, nonce, ciphertext, tag: a sealed value is this much longer than its content. */
#define VAULT_SEAL_OVERHEAD (1 + VAULT_NONCE_BYTES + VAULT_GCM_TAG_BYTES)
/* "t:" and 8 hex digits and a NUL. */
#define VAULT_TOKEN_TAG_TEXT_MAX 11
/* 16 hex digits, " and ", 16 more, and a NUL. */
#define VAULT_FINGERPRINT_TEXT_MAX 38
#define VAULT_AUDIT_KEY_BYTES      32

/* Where a sealed value lives: associated data of AES-256-GCM, so that a cell moved to another
 * row, column or table does not open. The three names have 490 bytes at most. */
struct vault_place {
    const char *table;
    const char *row_id;
    const char *column;
};

/* Keys and reusable OpenSSL contexts of one thread. */
struct vault;

/* master_key: exactly VAULT_MASTER_KEY_BYTES, used for the derivation only, not kept.
 * *ret_vault: caller owns, free with vault_free(). Used by one thread at a time: each thread
 * makes its own with vault_clone(). Errors: AP_EINVAL wrong length, AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int vault_new(const struct secret *master_key, struct vault **ret_vault);
AP_MUSTCHECK int vault_clone(const struct vault *vault, struct vault **ret_vault);
void vault_free(struct vault *vault);

/* -- two keys, while one takes the place of the other (docs/decisions/0004-key-rotation.md) ---- */

/* A second key: it opens too, and seals once told so. Not a clone's. Errors: AP_EEXIST it is the
 * first one again, or there are two; those of vault_new(). */
AP_MUSTCHECK int vault_add_key(struct vault *vault, const struct secret *master_key);

/* The first key has that version (1 to 255), the second one the next. Before: 1. */
void vault_number(struct vault *vault, uint8_t version);
bool vault_has_second(const struct vault *vault);
/* The second key seals, indexes and links from now on, or (false) the first one again. */
void vault_use_second(struct vault *vault, bool use);
bool vault_is_rotating(const struct vault *vault); /* the second one does */
/* Wipe the first key: the second one takes its place. */
void vault_drop_first(struct vault *vault);
/* First byte of what is sealed now. */
uint8_t vault_version(const struct vault *vault);

/* Which master keys this database needs, for people and backups: 16 hex digits made from each by
 * an HKDF label of their own, so that they tell nothing of it; "x and y" during a rotation.
 * Borrowed until the keys change. */
const char *vault_fingerprint(const struct vault *vault);

/* Read the key at path, and the second one at path + VAULT_NEXT_SUFFIX if it is there.
 * *ret_vault: as of vault_new(). Errors: those of vault_read_master_key() and vault_new(), each
 * with a line. */
#define VAULT_NEXT_SUFFIX ".new"
AP_MUSTCHECK int vault_open_keys(const char *path, struct vault **ret_vault,
                                 struct ap_error *error);

/* Read the master key: the 32 bytes themselves or 64 hex digits with an optional line end, from a
 * file that file_read_secret() accepts. A name without '/' is looked up in
 * $CREDENTIALS_DIRECTORY. Never makes one.
 * Errors: AP_ENOENT, AP_EPERM, AP_EINVAL (neither form), each with a line that names the file. */
AP_MUSTCHECK int vault_read_master_key(const char *path, struct secret *ret_key,
                                       struct ap_error *error);

/* HMAC-SHA256(K_index, token): the database finds a token by it. */
AP_MUSTCHECK int vault_blind_index(struct vault *vault, const struct token *token,
                                   uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES]);

/* The same under the first key during a rotation; else AP_ENOENT. */
AP_MUSTCHECK int vault_old_blind_index(struct vault *vault, const struct token *token,
                                       uint8_t ret_index[static VAULT_BLIND_INDEX_BYTES]);

/* AES-256-GCM under K_seal with a fresh nonce. ret_sealed holds len + VAULT_SEAL_OVERHEAD bytes.
 * Errors: AP_ECRYPTO. */
AP_MUSTCHECK int vault_seal(struct vault *vault, const struct vault_place *place, const void *plain,
                            size_t len, uint8_t *ret_sealed);

/* Open a sealed value into the arena, NUL-terminated (the NUL is not counted).
 * Errors: AP_ECRYPTO too short, changed, moved or another key; AP_ENOMEM. */
AP_MUSTCHECK int vault_open(struct vault *vault, const struct vault_place *place,
                            const uint8_t *sealed, size_t sealed_len, struct arena *arena,
                            char **ret_plain, size_t *ret_len);

/* What logs show of a token: "t:" and the first 8 hex digits of HMAC(K_log, token). */
AP_MUSTCHECK int vault_token_tag(struct vault *vault, const struct token *token,
                                 char ret_tag[static VAULT_TOKEN_TAG_TEXT_MAX]);

/* Keyed digest of a body, for ETag and the delivered table: a plain hash would let passwords be
 * guessed offline. HMAC-SHA256(K_etag, GMAC(K_body, nonce of zeros, body)): a third of what HMAC
 * over all of a body costs. Errors: AP_ECRYPTO; above INT_MAX bytes, too. */
AP_MUSTCHECK int vault_body_digest(struct vault *vault, const void *body, size_t len,
                                   uint8_t ret_digest[static VAULT_TAG_BYTES]);

/* Digests of a body's lines, in their order: SipHash-1-3 under K_line, its lower 32 bits. A line
 * ends before its '\n' or with the body; a '\r' before that belongs to it. They tell which lines a
 * body did not have, no more: one of 2^32 pairs of lines has the same. Errors: AP_ERANGE more lines
 * than AP_BODY_LINES_MAX. */
AP_MUSTCHECK int vault_line_digests(const struct vault *vault, const char *body, size_t len,
                                    uint32_t ret_digests[static AP_BODY_LINES_MAX],
                                    size_t *ret_count);

/* Link of the audit chain: HMAC-SHA256(K_audit, previous link, then row). */
AP_MUSTCHECK int vault_audit_link(struct vault *vault,
                                  const uint8_t previous[static VAULT_TAG_BYTES], const void *row,
                                  size_t len, uint8_t ret_link[static VAULT_TAG_BYTES]);

/* K_audit of the first key: a secret, kept sealed for the rows that it has linked. */
void vault_old_audit_key(const struct vault *vault, uint8_t ret_key[static VAULT_AUDIT_KEY_BYTES]);

/* The same link under such a key. */
AP_MUSTCHECK int vault_audit_link_by(const uint8_t key[static VAULT_AUDIT_KEY_BYTES],
                                     const uint8_t previous[static VAULT_TAG_BYTES],
                                     const void *row, size_t len,
                                     uint8_t ret_link[static VAULT_TAG_BYTES]);

#endif
