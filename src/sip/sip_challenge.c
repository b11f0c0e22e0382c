/* WWW-Authenticate and Proxy-Authenticate: Digest. Must not know a password. */
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "sip_private.h"

enum member { REALM, NONCE, OPAQUE, ALGORITHM, QOP, MEMBER_COUNT };
static const char *const NAMES[] = {
    [REALM] = "realm",         [NONCE] = "nonce", [OPAQUE] = "opaque",
    [ALGORITHM] = "algorithm", [QOP] = "qop",
};
_Static_assert(AP_COUNT(NAMES) == MEMBER_COUNT, "a name per member");

/* What has an escape in it has two readings, the one that is hashed and the one that is sent:
 * phones disagree which is which, so such a challenge is not answered. */
static bool read_members(const char *at, struct sip_param members[static MEMBER_COUNT])
{
    struct sip_param param;
    enum sip_param_found found;

    while ((found = sip_param_next(&at, ',', &param)) == SIP_PARAM_FOUND) {
        for (size_t i = 0; i < MEMBER_COUNT; i++) {
            if (!sip_param_is(&param, NAMES[i]))
                continue;
            if (members[i].value || !param.value || memchr(param.value, '\\', param.value_len))
                return false;
            members[i] = param;
        }
    }
    return found == SIP_PARAM_END && members[REALM].value && members[NONCE].value &&
           members[NONCE].value_len > 0;
}

/* RFC 8760, 2.3: without a name it is MD5. */
static enum sip_hash hash_of(const struct sip_param *algorithm)
{
    if (!algorithm->value || text_equal_nocase(algorithm->value, algorithm->value_len, "MD5", 3))
        return SIP_HASH_MD5;
    if (text_equal_nocase(algorithm->value, algorithm->value_len, "SHA-256", 7))
        return SIP_HASH_SHA_256;
    return SIP_HASH_OTHER;
}

/* Words with commas between them. */
static bool has_auth(const struct sip_param *qop)
{
    const char *at = qop->value, *end = qop->value ? qop->value + qop->value_len : NULL;

    while (at < end) {
        const char *word = at;
        while (at < end && *at != ',' && *at != ' ')
            at++;
        if (text_equal_nocase(word, (size_t)(at - word), "auth", 4))
            return true;
        at += at < end;
    }
    return false;
}

int sip_challenge_read(const char *value, bool proxy, struct arena *arena,
                       struct sip_challenge *ret_challenge)
{
    static const char SCHEME[] = "Digest ";
    struct sip_param members[MEMBER_COUNT] = {0};

    if (strncasecmp(value, SCHEME, sizeof(SCHEME) - 1) != 0 ||
        !read_members(value + sizeof(SCHEME) - 1, members))
        return AP_ENOENT;
    struct sip_challenge challenge = {
        .proxy = proxy,
        .hash = hash_of(&members[ALGORITHM]),
        .realm = sip_param_copy(arena, &members[REALM]),
        .nonce = sip_param_copy(arena, &members[NONCE]),
        .opaque = members[OPAQUE].value ? sip_param_copy(arena, &members[OPAQUE]) : NULL,
        .qop_given = members[QOP].value != NULL,
        .qop_auth = has_auth(&members[QOP]),
    };
    if (!challenge.realm || !challenge.nonce || (members[OPAQUE].value && !challenge.opaque))
        return AP_ENOMEM;
    *ret_challenge = challenge;
    return 0;
}
