/* The answer to a challenge. Keeps nothing; what it works with is wiped. */
#include "autoprov/sip_digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "autoprov/secret.h"
#include "autoprov/text.h"

/* Hex digits of a hash, and a NUL. */
#define HASH_TEXT_MAX 65

const struct sip_challenge *sip_digest_choose(const struct sip_message *response)
{
    const struct sip_challenge *chosen = NULL;

    for (size_t i = 0; i < response->challenge_count; i++) {
        const struct sip_challenge *challenge = &response->challenges[i];
        if (challenge->hash == SIP_HASH_OTHER || (challenge->qop_given && !challenge->qop_auth))
            continue;
        if (!chosen || (chosen->hash == SIP_HASH_MD5 && challenge->hash == SIP_HASH_SHA_256))
            chosen = challenge;
    }
    return chosen;
}

/* Parts with ':' between them, hashed, in hex digits. */
static bool hash_parts(enum sip_hash hash, const char *const *parts, size_t count,
                       char ret_text[static HASH_TEXT_MAX])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = context && EVP_DigestInit_ex(context, hash == SIP_HASH_MD5 ? EVP_md5() : EVP_sha256(),
                                           NULL) == 1;

    for (size_t i = 0; i < count && ok; i++)
        ok = (i == 0 || EVP_DigestUpdate(context, ":", 1) == 1) &&
             EVP_DigestUpdate(context, parts[i], strlen(parts[i])) == 1;
    ok = ok && EVP_DigestFinal_ex(context, bytes, &len) == 1 && 2 * len < HASH_TEXT_MAX;
    if (ok)
        text_hex(bytes, len, ret_text);
    secret_wipe(bytes, sizeof(bytes));
    EVP_MD_CTX_free(context); /* wipes */
    return ok;
}

/* RFC 7616, 3.4.1 to 3.4.3; without qop as RFC 2069 had it (RFC 3261, 22.4). */
static bool make_response(const struct sip_challenge *challenge, const struct sip_digest *digest,
                          const char *count, char ret_text[static HASH_TEXT_MAX])
{
    char whom_text[HASH_TEXT_MAX], what_text[HASH_TEXT_MAX];
    const char *const whom[] = {digest->user, challenge->realm, digest->password};
    const char *const what[] = {digest->method, digest->uri};
    bool ok = hash_parts(challenge->hash, whom, 3, whom_text) &&
              hash_parts(challenge->hash, what, 2, what_text);

    if (ok && challenge->qop_auth) {
        const char *const all[] = {whom_text,      challenge->nonce, count,
                                   digest->cnonce, "auth",           what_text};
        ok = hash_parts(challenge->hash, all, 6, ret_text);
    } else if (ok) {
        const char *const all[] = {whom_text, challenge->nonce, what_text};
        ok = hash_parts(challenge->hash, all, 3, ret_text);
    }
    secret_wipe(whom_text, sizeof(whom_text));
    return ok;
}

/* Without escapes, since what is hashed and what is sent would differ. */
static bool is_quotable(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\\')
            return false;
    }
    return true;
}

int sip_digest_write(struct buf *out, const struct sip_challenge *challenge,
                     const struct sip_digest *digest)
{
    char response[HASH_TEXT_MAX], count[9] = "";
    const uint8_t bytes[4] = {(uint8_t)(digest->count >> 24), (uint8_t)(digest->count >> 16),
                              (uint8_t)(digest->count >> 8), (uint8_t)digest->count};
    size_t begin = out->len;

    if (!is_quotable(digest->user) || !is_quotable(challenge->realm) ||
        !is_quotable(challenge->nonce) || !is_quotable(digest->uri) ||
        !is_quotable(digest->cnonce) || (challenge->opaque && !is_quotable(challenge->opaque)))
        return AP_EINVAL;
    text_hex(bytes, sizeof(bytes), count);
    if (!make_response(challenge, digest, count, response))
        return AP_ECRYPTO;
    int err = buf_printf(out,
                         "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
                         "response=\"%s\", algorithm=%s",
                         challenge->proxy ? "Proxy-Authorization" : "Authorization", digest->user,
                         challenge->realm, challenge->nonce, digest->uri, response,
                         challenge->hash == SIP_HASH_MD5 ? "MD5" : "SHA-256");
    if (!err && challenge->qop_auth)
        err = buf_printf(out, ", cnonce=\"%s\", qop=auth, nc=%s", digest->cnonce, count);
    if (!err && challenge->opaque)
        err = buf_printf(out, ", opaque=\"%s\"", challenge->opaque);
    if (!err)
        err = buf_append(out, "\r\n", 2);
    if (err && out->data) {
        out->len = begin;
        out->data[begin] = '\0';
    }
    return err;
}
