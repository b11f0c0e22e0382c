/* How a value's text is written into a vendor's file, and what it cannot carry. Knows no templates
 * and no vendors. */
#include "autoprov/dialect.h"

#include <stdint.h>
#include <string.h>

#include "autoprov/array.h"
#include "dialect_private.h"

/* One character of UTF-8 (RFC 3629, section 4). */
struct utf8 {
    size_t len; /* 0: none begins there */
    uint32_t code;
};

static struct utf8 utf8_next(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char first = bytes[0];
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    struct utf8 none = {0}, next;

    if (first < 0x80)
        return (struct utf8){.len = 1, .code = first};
    if (first >= 0xC2 && first <= 0xDF)
        next = (struct utf8){.len = 2, .code = first & 0x1F};
    else if (first >= 0xE0 && first <= 0xEF)
        next = (struct utf8){.len = 3, .code = first & 0x0F};
    else if (first >= 0xF0 && first <= 0xF4)
        next = (struct utf8){.len = 4, .code = first & 0x07};
    else
        return none;
    if (first == 0xE0)
        low = 0xA0; /* below: overlong */
    else if (first == 0xED)
        high = 0x9F; /* above: surrogates */
    else if (first == 0xF0)
        low = 0x90; /* below: overlong */
    else if (first == 0xF4)
        high = 0x8F; /* above U+10FFFF */
    if (len < next.len || bytes[1] < low || bytes[1] > high)
        return none;
    for (size_t i = 1; i < next.len; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return none;
        next.code = next.code << 6 | (bytes[i] & 0x3F);
    }
    return next;
}

/* -- what a value may hold --------------------------------------------------------------------- */

static bool is_in(const char *set, uint32_t code)
{
    return set && code > 0 && code < 0x80 && strchr(set, (int)code);
}

static bool is_forbidden(const struct dialect *dialect, enum dialect_use use, uint32_t code)
{
    if (is_in(dialect->forbid, code))
        return true;
    if (use == DIALECT_USE_KEY)
        return is_in(dialect->forbid_in_keys, code);
    return use == DIALECT_USE_PASSWORD && is_in(dialect->forbid_in_passwords, code);
}

static bool is_reserved(const struct dialect *dialect, const char *text, size_t len)
{
    for (size_t i = 0; i < dialect->reserved_count; i++) {
        const char *word = dialect->reserved[i];
        bool may_be = len > 0 ? word[0] == text[0] : word[0] == '\0';
        if (may_be && strlen(word) == len && memcmp(word, text, len) == 0)
            return true;
    }
    return false;
}

static int check_character(const struct dialect *dialect, enum dialect_use use, uint32_t code,
                           struct ap_error *error)
{
    if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        return ap_error_set(error, AP_EINVAL, "holds a control character");
    if (code == 0xFFFE || code == 0xFFFF)
        return ap_error_set(error, AP_EINVAL, "holds U+%X, which is no character", (unsigned)code);
    if (dialect->charset == DIALECT_LATIN1 && code > 0xFF)
        return ap_error_set(error, AP_EINVAL,
                            "holds a character that the file's ISO-8859-1 does not have");
    if (is_forbidden(dialect, use, code))
        return ap_error_set(error, AP_EINVAL, "holds '%c', which the phone cannot read there",
                            (char)code);
    return 0;
}

static int check_whole(const struct dialect *dialect, const char *text, size_t len, size_t count,
                       struct ap_error *error)
{
    size_t bytes = dialect->charset == DIALECT_LATIN1 ? count : len;

    if (dialect->max_value_bytes && bytes > dialect->max_value_bytes)
        return ap_error_set(error, AP_EINVAL, "is longer than the %zu bytes that the phone reads",
                            dialect->max_value_bytes);
    if (dialect->trims && len > 0 && (text[0] == ' ' || text[len - 1] == ' '))
        return ap_error_set(error, AP_EINVAL,
                            "begins or ends with a blank, which the phone drops there");
    if (is_reserved(dialect, text, len))
        return ap_error_set(error, AP_EINVAL, "is a word with a meaning of its own there");
    return 0;
}

void dialect_prepare(struct dialect *dialect)
{
    memset(dialect->plain, 0, sizeof(dialect->plain));
    for (uint32_t code = 0x20; code < 0x7F; code++) {
        bool special = is_in(dialect->forbid, code) || is_in(dialect->forbid_in_keys, code) ||
                       is_in(dialect->forbid_in_passwords, code) ||
                       code == (unsigned char)dialect->comment;
        dialect->plain[code] = !special;
    }
    for (size_t i = 0; i < dialect->reserved_count; i++)
        dialect->plain[(unsigned char)dialect->reserved[i][0]] = 0;
    dialect->max_plain_bytes = dialect->max_value_bytes ? dialect->max_value_bytes : SIZE_MAX;
}

bool dialect_is_plain(const struct dialect *dialect, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (dialect->plain[*at])
        at++;
    size_t len = (size_t)(at - (const unsigned char *)text);
    bool has_edge = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
    return *at == '\0' && len > 0 && len <= dialect->max_plain_bytes &&
           !(dialect->trims && has_edge);
}

int dialect_check(const struct dialect *dialect, enum dialect_use use, const char *text, size_t len,
                  struct ap_error *error)
{
    if (dialect->escape == DIALECT_ESCAPE_NONE)
        return 0;
    size_t at = 0;
    while (at < len && dialect->plain[(unsigned char)text[at]])
        at++;
    size_t count = at;
    for (; at < len; count++) {
        struct utf8 next = utf8_next(text + at, len - at);
        if (next.len == 0)
            return ap_error_set(error, AP_EINVAL, "is not UTF-8");
        int err = check_character(dialect, use, next.code, error);
        if (err)
            return err;
        if (dialect->comment && text[at] == dialect->comment && (at == 0 || text[at - 1] == ' '))
            return ap_error_set(error, AP_EINVAL, "holds '%c', which begins a comment there",
                                dialect->comment);
        at += next.len;
    }
    return check_whole(dialect, text, len, count, error);
}

/* -- writing ----------------------------------------------------------------------------------- */

static void set_special(struct dialect_writer *writer, const char *characters, bool special)
{
    for (const char *c = characters ? characters : ""; *c; c++)
        writer->is_special[(unsigned char)*c] = special;
}

/* Rules about whole values, as far as they can be told by lengths and single bytes. */
static void set_whole_rules(struct dialect_writer *writer, const struct dialect *dialect)
{
    writer->trims = dialect->trims;
    if (dialect->max_value_bytes)
        writer->max_bytes = dialect->max_value_bytes;
    for (size_t i = 0; i < dialect->reserved_count; i++) {
        set_special(writer, (const char[]){dialect->reserved[i][0], '\0'}, true);
        if (!dialect->reserved[i][0])
            writer->min_bytes = 1;
    }
}

void dialect_writer_init(struct dialect_writer *writer, const struct dialect *dialect)
{
    writer->dialect = dialect;
    writer->trims = false;
    writer->min_bytes = 0;
    writer->max_bytes = SIZE_MAX;
    memset(writer->is_special, dialect->escape != DIALECT_ESCAPE_NONE, sizeof(writer->is_special));
    if (dialect->escape == DIALECT_ESCAPE_URL) {
        set_special(writer, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                    false);
        return;
    }
    memset(writer->is_special + 0x20, false, 0x7F - 0x20);
    switch (dialect->escape) {
    case DIALECT_ESCAPE_XML:
        set_special(writer, "\t\n\r\x7F", false);
        set_special(writer, "&<>\"'", true);
        break;
    case DIALECT_ESCAPE_TEXT:
        set_special(writer, dialect->forbid, true);
        set_special(writer, (const char[]){dialect->comment, '\0'}, true);
        set_whole_rules(writer, dialect);
        break;
    case DIALECT_ESCAPE_JSON:
        set_special(writer, "\x7F", false);
        set_special(writer, "\"\\", true);
        break;
    default:
        break;
    }
}

/* How a special character is written: in room, or elsewhere. Empty: not at all. */
struct written {
    const char *text;
    size_t len;
};
#define ROOM_BYTES 8

static struct written write_hex(const char *prefix, unsigned value, unsigned digits, char *room)
{
    size_t len = strlen(prefix);

    memcpy(room, prefix, len);
    while (digits-- > 0)
        room[len++] = "0123456789ABCDEF"[value >> 4 * digits & 0xF];
    return (struct written){.text = room, .len = len};
}

static struct written write_xml(uint32_t code)
{
    switch (code) {
    case '&':
        return (struct written){"&amp;", 5};
    case '<':
        return (struct written){"&lt;", 4};
    case '>':
        return (struct written){"&gt;", 4};
    case '"':
        return (struct written){"&quot;", 6};
    case '\'': /* HTML 4 has no &apos; and some phones read XML with its parser */
        return (struct written){"&#39;", 5};
    default: /* of ASCII the others are no Char of XML 1.0, 2.2 */
        return (struct written){"", 0};
    }
}

static struct written write_json(uint32_t code, char *room)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, letter */

    for (size_t i = 0; i + 1 < sizeof(SHORT); i += 2) {
        if ((uint32_t)SHORT[i] == code) {
            room[0] = '\\';
            room[1] = SHORT[i + 1];
            return (struct written){.text = room, .len = 2};
        }
    }
    return write_hex("\\u", code, 4, room);
}

/* Steps over one special character. */
static struct written write_other(enum dialect_escape escape, const char *text, size_t *step,
                                  size_t len, char *room)
{
    struct utf8 next;

    *step = 1;
    if (escape == DIALECT_ESCAPE_URL)
        return write_hex("%", (unsigned char)text[0], 2, room);
    next = utf8_next(text, len);
    if (next.len == 0)
        return (struct written){"", 0};
    *step = next.len;
    if (next.len > 1) {
        bool dropped = escape == DIALECT_ESCAPE_XML && (next.code == 0xFFFE || next.code == 0xFFFF);
        return (struct written){.text = text, .len = dropped ? 0 : next.len};
    }
    return escape == DIALECT_ESCAPE_XML ? write_xml(next.code) : write_json(next.code, room);
}

static int append_escaped(const struct dialect_writer *writer, const char *text, size_t len,
                          struct buf *out)
{
    char room[ROOM_BYTES];
    size_t at = 0;
    int err = 0;

    while (err == 0 && at < len) {
        size_t plain = at;
        while (at < len && !writer->is_special[(unsigned char)text[at]])
            at++;
        err = buf_append(out, text + plain, at - plain);
        if (err == 0 && at < len) {
            size_t step;
            struct written other =
                write_other(writer->dialect->escape, text + at, &step, len - at, room);
            err = buf_append(out, other.text, other.len);
            at += step;
        }
    }
    return err;
}

int dialect_writer_append(const struct dialect_writer *writer, const char *text, size_t len,
                          struct buf *out)
{
    switch (writer->dialect->escape) {
    case DIALECT_ESCAPE_NONE:
        return buf_append(out, text, len);
    case DIALECT_ESCAPE_TEXT:
        if (dialect_check(writer->dialect, DIALECT_USE_VALUE, text, len, NULL) != 0)
            return AP_EINVAL;
        return buf_append(out, text, len);
    default:
        return append_escaped(writer, text, len, out);
    }
}

int dialect_append(const struct dialect *dialect, const char *text, size_t len, struct buf *out)
{
    struct dialect_writer writer;

    dialect_writer_init(&writer, dialect);
    return dialect_writer_append(&writer, text, len, out);
}

/* -- whole files ------------------------------------------------------------------------------- */

static int to_latin1(struct buf *body)
{
    size_t len = 0;

    for (size_t at = 0; at < body->len;) {
        struct utf8 next = utf8_next(body->data + at, body->len - at);
        if (next.len == 0 || next.code > 0xFF)
            return AP_EINVAL;
        body->data[len++] = (char)next.code;
        at += next.len;
    }
    if (body->data)
        body->data[len] = '\0';
    body->len = len;
    return 0;
}

/* Of line ends that are CR LF already nothing changes. */
static int to_crlf(struct buf *body)
{
    size_t missing = 0;

    for (size_t i = 0; i < body->len; i++)
        missing += body->data[i] == '\n' && (i == 0 || body->data[i - 1] != '\r');
    int err = buf_reserve(body, missing);
    if (err)
        return err;
    size_t to = body->len + missing;
    body->data[to] = '\0';
    /* From the end: what is still to be read is never written over. */
    for (size_t from = body->len; from-- > 0;) {
        body->data[--to] = body->data[from];
        if (body->data[from] == '\n' && (from == 0 || body->data[from - 1] != '\r'))
            body->data[--to] = '\r';
    }
    body->len += missing;
    return 0;
}

int dialect_convert(const struct dialect *dialect, struct buf *body)
{
    int err = dialect->charset == DIALECT_LATIN1 ? to_latin1(body) : 0;

    if (err == 0 && dialect->crlf)
        err = to_crlf(body);
    return err;
}

int dialect_escape_parse(const char *name, enum dialect_escape *ret_escape)
{
    static const struct {
        const char *name;
        enum dialect_escape escape;
    } MODES[] = {
        {"xml", DIALECT_ESCAPE_XML},
        {"text", DIALECT_ESCAPE_TEXT},
        {"json", DIALECT_ESCAPE_JSON},
        {"url", DIALECT_ESCAPE_URL},
    };

    for (size_t i = 0; i < AP_COUNT(MODES); i++) {
        if (strcmp(MODES[i].name, name) == 0) {
            *ret_escape = MODES[i].escape;
            return 0;
        }
    }
    return AP_ENOENT;
}
