/* Authorization: Digest, read strictly. Pure. Must not know a password. */
#include <string.h>

#include "authorization_private.h"
#include "autoprov/array.h"
#include "autoprov/authorization.h"
#include "autoprov/text.h"

enum member {
    USERNAME,
    REALM,
    NONCE,
    URI,
    RESPONSE,
    CNONCE,
    COUNT,
    QOP,
    ALGORITHM, /* from here on they may be absent */
    USERHASH,
    USERNAME_EXTENDED,
    OPAQUE,
    MEMBER_COUNT
};
static const char *const NAMES[] = {
    [USERNAME] = "username",
    [REALM] = "realm",
    [NONCE] = "nonce",
    [URI] = "uri",
    [RESPONSE] = "response",
    [CNONCE] = "cnonce",
    [COUNT] = "nc",
    [QOP] = "qop",
    [ALGORITHM] = "algorithm",
    [USERHASH] = "userhash",
    [USERNAME_EXTENDED] = "username*",
    [OPAQUE] = "opaque",
};
_Static_assert(AP_COUNT(NAMES) == MEMBER_COUNT, "a name per member");

struct reader {
    const char *text;
    size_t len, at;
    struct gate_text values[MEMBER_COUNT];
};

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->len &&
           (reader->text[reader->at] == ' ' || reader->text[reader->at] == '\t'))
        reader->at++;
}

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return text_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool read_token(struct reader *reader, struct gate_text *ret_token)
{
    size_t begin = reader->at;

    while (reader->at < reader->len && is_token_char(reader->text[reader->at]))
        reader->at++;
    *ret_token = (struct gate_text){reader->text + begin, reader->at - begin};
    return ret_token->len > 0;
}

/* Of printable ASCII without escapes: so there is one reading of it. */
static bool read_quoted(struct reader *reader, struct gate_text *ret_value)
{
    size_t begin = ++reader->at;

    for (; reader->at < reader->len; reader->at++) {
        char c = reader->text[reader->at];
        if (c == '"') {
            *ret_value = (struct gate_text){reader->text + begin, reader->at - begin};
            reader->at++;
            return true;
        }
        if (c < 0x20 || c > 0x7e || c == '\\')
            return false;
    }
    return false;
}

static bool is_word(const struct gate_text *text, const char *word)
{
    return text_equal_nocase(text->data, text->len, word, strlen(word));
}

/* NAME "=" value; of a member that is known once at most. */
static bool read_member(struct reader *reader)
{
    struct gate_text name, value;

    if (!read_token(reader, &name))
        return false;
    skip_blanks(reader);
    if (reader->at == reader->len || reader->text[reader->at++] != '=')
        return false;
    skip_blanks(reader);
    bool is_quoted = reader->at < reader->len && reader->text[reader->at] == '"';
    if (is_quoted ? !read_quoted(reader, &value) : !read_token(reader, &value))
        return false;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (!is_word(&name, NAMES[i]))
            continue;
        if (reader->values[i].data)
            return false;
        reader->values[i] = value;
    }
    return true;
}

static bool read_members(struct reader *reader)
{
    for (;;) {
        if (!read_member(reader))
            return false;
        skip_blanks(reader);
        if (reader->at == reader->len)
            return true;
        if (reader->text[reader->at++] != ',')
            return false;
        skip_blanks(reader);
    }
}

static bool read_count(const struct gate_text *text, uint32_t *ret_count)
{
    uint8_t bytes[4];

    if (text->len != 8 || text_unhex(text->data, text->len, bytes) != 0)
        return false;
    *ret_count =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return *ret_count > 0;
}

static bool read_hash(const struct gate_text *text, enum authorization_hash *ret_hash)
{
    bool is_sha_256 = text->data && is_word(text, "SHA-256");

    *ret_hash = is_sha_256 ? AUTHORIZATION_SHA_256 : AUTHORIZATION_MD5;
    return !text->data || is_sha_256 || is_word(text, "MD5");
}

static bool read_values(const struct reader *reader, struct authorization_digest *digest)
{
    const struct gate_text *values = reader->values;

    for (size_t i = 0; i < ALGORITHM; i++) {
        if (!values[i].data || values[i].len == 0)
            return false;
    }
    if (values[USERNAME_EXTENDED].data || !is_word(&values[QOP], "auth") ||
        (values[USERHASH].data && !is_word(&values[USERHASH], "false")) ||
        values[CNONCE].len > AUTHORIZATION_CNONCE_MAX ||
        !read_count(&values[COUNT], &digest->count) ||
        !read_hash(&values[ALGORITHM], &digest->hash))
        return false;
    digest->response_len = digest->hash == AUTHORIZATION_MD5 ? 16 : 32;
    if (values[RESPONSE].len != 2 * digest->response_len ||
        text_unhex(values[RESPONSE].data, values[RESPONSE].len, digest->response) != 0)
        return false;
    digest->realm = values[REALM];
    digest->nonce = values[NONCE];
    digest->uri = values[URI];
    digest->cnonce = values[CNONCE];
    digest->count_text = values[COUNT];
    return true;
}

int authorization_read_digest(const char *text, size_t len, struct authorization_digest *ret_digest)
{
    struct reader reader = {.text = text, .len = len};
    struct authorization_digest digest = {.count = 0};

    if (!authorization_has_scheme(text, len, "Digest", &reader.at))
        return AP_ENOENT;
    if (!read_members(&reader) || !read_values(&reader, &digest))
        return AP_ESYNTAX;
    if (reader.values[USERNAME].len > AP_NAME_MAX_BYTES)
        return AP_ERANGE;
    memcpy(digest.user, reader.values[USERNAME].data, reader.values[USERNAME].len);
    *ret_digest = digest;
    return 0;
}
