/* How a value's text is written into a document. Knows no templates. */
#include "template_private.h"

#include <stdbool.h>
#include <stdint.h>

/* NULL: written as it is. */
static const char *xml_reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;"; /* HTML 4 has no &apos; and some phones read XML with its parser */
    default:
        return NULL;
    }
}

/* Length of the UTF-8 character at text (RFC 3629, section 4), 0 for none. */
static size_t utf8_length(const unsigned char *text, size_t len)
{
    unsigned char first = text[0];
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    size_t need;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        need = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        need = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        need = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0; /* below: overlong */
    else if (first == 0xED)
        high = 0x9F; /* above: surrogates */
    else if (first == 0xF0)
        low = 0x90; /* below: overlong */
    else if (first == 0xF4)
        high = 0x8F; /* above U+10FFFF */
    if (len < need || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    return need;
}

/* XML 1.0, 2.2: of well-formed UTF-8 only control characters and U+FFFE, U+FFFF are no Char. */
static bool xml_forbids(const unsigned char *text, size_t char_len)
{
    if (char_len == 1)
        return text[0] < 0x20 && text[0] != '\t' && text[0] != '\n' && text[0] != '\r';
    return char_len == 3 && text[0] == 0xEF && text[1] == 0xBF && text[2] >= 0xBE;
}

/* ASCII that is written as it is: nearly all that there is, so it is asked first. Of the first 64
 * characters those with a bit here are not: controls and what has a reference. */
#define BIT(c) (1ULL << (c))
static bool is_plain(unsigned char c)
{
    const uint64_t others = (BIT(32) - 1 - BIT('\t') - BIT('\n') - BIT('\r')) | BIT('&') |
                            BIT('<') | BIT('>') | BIT('"') | BIT('\'');

    return c < 64 ? (others >> c & 1) == 0 : c < 128;
}

static int append_xml(const char *text, size_t len, struct buf *out)
{
    size_t plain = 0; /* begin of the run that is written as it is */
    size_t at = 0;
    int err = 0;

    while (err == 0 && at < len) {
        if (is_plain((unsigned char)text[at])) {
            at++;
            continue;
        }
        const unsigned char *bytes = (const unsigned char *)text + at;
        const char *reference = xml_reference(text[at]);
        size_t char_len = utf8_length(bytes, len - at);
        bool dropped = char_len == 0 || xml_forbids(bytes, char_len);

        if (!reference && !dropped) {
            at += char_len;
            continue;
        }
        err = buf_append(out, text + plain, at - plain);
        if (err == 0 && reference)
            err = buf_append_text(out, reference);
        at += char_len ? char_len : 1;
        plain = at;
    }
    return err ? err : buf_append(out, text + plain, len - plain);
}

int escape_append(enum template_escape escape, const char *text, size_t len, struct buf *out)
{
    if (escape == TEMPLATE_ESCAPE_XML)
        return append_xml(text, len, out);
    return buf_append(out, text, len);
}
