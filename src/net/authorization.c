/* Authorization: Basic; and the comparison of both schemes with a password. Knows no phones. */
#include "autoprov/authorization.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "authorization_private.h"
#include "autoprov/secret.h"
#include "autoprov/text.h"

/* USER ':' PASSWORD */
#define PAIR_MAX (AP_NAME_MAX_BYTES + 1 + AP_PASSWORD_MAX_BYTES)

bool authorization_has_scheme(const char *text, size_t len, const char *scheme, size_t *ret_at)
{
    size_t at = strlen(scheme);

    if (len <= at || !text_equal_nocase(text, at, scheme, at) || text[at] != ' ')
        return false;
    while (at < len && text[at] == ' ')
        at++;
    *ret_at = at;
    return true;
}

/* -- Base64 ------------------------------------------------------------------------------------ */

/* Of a letter 0 to 63; else -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four letters, the last one or two of them '=' in the last four alone; bits behind the end are
 * zero: so each text has one writing. 0: none of this. */
static size_t decode_group(const char *group, bool is_last, uint8_t *out)
{
    size_t letters = 4;
    uint32_t bits = 0;

    while (is_last && letters > 2 && group[letters - 1] == '=')
        letters--;
    for (size_t i = 0; i < 4; i++) {
        int value = i < letters ? value_of(group[i]) : 0;
        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
    }
    if ((bits & ((UINT32_C(1) << 8 * (4 - letters)) - 1)) != 0)
        return 0;
    for (size_t i = 0; i + 1 < letters; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return letters - 1;
}

static int decode(const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len)
{
    size_t written = 0;

    if (len == 0 || len % 4 != 0)
        return AP_ESYNTAX;
    if (len / 4 * 3 > room)
        return AP_ERANGE;
    for (size_t at = 0; at < len; at += 4) {
        size_t got = decode_group(text + at, at + 4 == len, out + written);
        if (got == 0)
            return AP_ESYNTAX;
        written += got;
    }
    *ret_len = written;
    return 0;
}

/* -- Basic ------------------------------------------------------------------------------------- */

static int split(const uint8_t *pair, size_t len, struct authorization_basic *ret_basic)
{
    const uint8_t *colon = memchr(pair, ':', len);
    size_t user_len = colon ? (size_t)(colon - pair) : 0;

    if (user_len == 0)
        return AP_ESYNTAX;
    for (size_t i = 0; i < len; i++) {
        if (pair[i] < 0x20 || pair[i] == 0x7f)
            return AP_ESYNTAX;
    }
    size_t password_len = len - user_len - 1;
    if (user_len > AP_NAME_MAX_BYTES || password_len > AP_PASSWORD_MAX_BYTES)
        return AP_ERANGE;
    memset(ret_basic, 0, sizeof(*ret_basic));
    memcpy(ret_basic->user, pair, user_len);
    memcpy(ret_basic->password, colon + 1, password_len);
    return 0;
}

int authorization_read_basic(const char *text, size_t len, struct authorization_basic *ret_basic)
{
    uint8_t pair[PAIR_MAX + 2]; /* whole groups of three */
    size_t at = 0, pair_len = 0;

    if (!authorization_has_scheme(text, len, "Basic", &at))
        return AP_ENOENT;
    int err = decode(text + at, len - at, pair, sizeof(pair), &pair_len);
    if (!err)
        err = split(pair, pair_len, ret_basic);
    secret_wipe(pair, sizeof(pair));
    return err;
}

bool authorization_basic_matches(const struct authorization_basic *basic, const char *password)
{
    char given[AP_PASSWORD_MAX_BYTES + 1] = {0};
    size_t len = strnlen(password, sizeof(given));
    bool equal = false;

    if (len < sizeof(given)) {
        memcpy(given, password, len);
        equal = CRYPTO_memcmp(given, basic->password, sizeof(given)) == 0;
    }
    secret_wipe(given, sizeof(given));
    return equal;
}

/* -- Digest ------------------------------------------------------------------------------------ */

/* Hex digits of a hash, and a NUL. */
#define HASH_TEXT_MAX 65

/* Parts with ':' between them, hashed, in hex digits. */
static bool hash_parts(const EVP_MD *md, const struct gate_text *parts, size_t count,
                       uint8_t ret_hash[static EVP_MAX_MD_SIZE],
                       char ret_text[static HASH_TEXT_MAX])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned len = 0;
    bool ok = context && EVP_DigestInit_ex(context, md, NULL) == 1;

    for (size_t i = 0; i < count && ok; i++)
        ok = (i == 0 || EVP_DigestUpdate(context, ":", 1) == 1) &&
             EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(context, ret_hash, &len) == 1 && 2 * len < HASH_TEXT_MAX;
    if (ok)
        text_hex(ret_hash, len, ret_text);
    EVP_MD_CTX_free(context); /* wipes */
    return ok;
}

static struct gate_text text_of(const char *text)
{
    return (struct gate_text){text, strlen(text)};
}

bool authorization_digest_matches(const struct authorization_digest *digest, const char *method,
                                  const char *password)
{
    const EVP_MD *md = digest->hash == AUTHORIZATION_MD5 ? EVP_md5() : EVP_sha256();
    const struct gate_text whom[] = {text_of(digest->user), digest->realm, text_of(password)};
    const struct gate_text what[] = {text_of(method), digest->uri};
    uint8_t hash[EVP_MAX_MD_SIZE];
    char whom_text[HASH_TEXT_MAX], what_text[HASH_TEXT_MAX], all_text[HASH_TEXT_MAX];
    bool equal = false;

    if (hash_parts(md, whom, 3, hash, whom_text) && hash_parts(md, what, 2, hash, what_text)) {
        const struct gate_text all[] = {text_of(whom_text), digest->nonce,   digest->count_text,
                                        digest->cnonce,     text_of("auth"), text_of(what_text)};
        equal = hash_parts(md, all, 6, hash, all_text) &&
                CRYPTO_memcmp(hash, digest->response, digest->response_len) == 0;
    }
    secret_wipe(whom_text, sizeof(whom_text));
    secret_wipe(all_text, sizeof(all_text));
    secret_wipe(hash, sizeof(hash));
    return equal;
}
