/* Numbers, hex, UTF-8 and log quoting. ASCII rules of our own: the C library's depend on the
 * locale, and its number parsers accept signs, blanks and octal. */
#include "autoprov/text.h"

#include <string.h>

#include "autoprov/array.h"

bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_hex(char c)
{
    return text_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool text_is_alnum(char c)
{
    return text_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++) {
        if (text_lower(a[i]) != text_lower(b[i]))
            return false;
    }
    return true;
}

int text_parse_u64(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (len == 0 || (len > 1 && text[0] == '0'))
        return AP_ESYNTAX;
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(text[i]))
            return AP_ESYNTAX;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return AP_ERANGE;
        value = value * 10 + digit;
    }
    if (value < min || value > max)
        return AP_ERANGE;
    *ret_value = value;
    return 0;
}

int text_parse_duration_ms(const char *text, size_t len, uint64_t min_ms, uint64_t max_ms,
                           uint64_t *ret_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } UNITS[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = 0;

    while (digits < len && text_is_digit(text[digits]))
        digits++;
    for (size_t i = 0; i < AP_COUNT(UNITS); i++) {
        size_t unit_len = strlen(UNITS[i].unit);
        if (len - digits != unit_len || memcmp(text + digits, UNITS[i].unit, unit_len) != 0)
            continue;
        uint64_t count = 0;
        int err = text_parse_u64(text, digits, 0, UINT64_MAX / UNITS[i].ms, &count);
        if (err)
            return err;
        if (count * UNITS[i].ms < min_ms || count * UNITS[i].ms > max_ms)
            return AP_ERANGE;
        *ret_ms = count * UNITS[i].ms;
        return 0;
    }
    return AP_ESYNTAX;
}

size_t text_decimal(uint64_t number, char ret_text[static TEXT_DECIMAL_MAX])
{
    char digits[TEXT_DECIMAL_MAX];
    size_t len = 0;

    do {
        digits[len++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < len; i++)
        ret_text[i] = digits[len - 1 - i];
    ret_text[len] = '\0';
    return len;
}

void text_hex(const void *data, size_t len, char *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = DIGITS[bytes[i] >> 4];
        out[2 * i + 1] = DIGITS[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static uint8_t hex_value(char c)
{
    if (text_is_digit(c))
        return (uint8_t)(c - '0');
    return (uint8_t)(text_lower(c) - 'a' + 10);
}

int text_unhex(const char *text, size_t len, uint8_t *ret_bytes)
{
    if (len % 2 != 0)
        return AP_ESYNTAX;
    for (size_t i = 0; i < len; i++) {
        if (!text_is_hex(text[i]))
            return AP_ESYNTAX;
    }
    for (size_t i = 0; i < len; i += 2)
        ret_bytes[i / 2] = (uint8_t)(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
    return 0;
}

/* Length of the well-formed sequence at text, or 0. RFC 3629, section 4. */
static size_t utf8_sequence(const uint8_t *text, size_t len)
{
    uint8_t first = text[0];
    size_t need;
    uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */

    if (first < 0x80)
        return first == 0 ? 0 : 1;
    if (first >= 0xc2 && first <= 0xdf) {
        need = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        need = 3;
        if (first == 0xe0)
            low = 0xa0;
        if (first == 0xed)
            high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        need = 4;
        if (first == 0xf0)
            low = 0x90;
        if (first == 0xf4)
            high = 0x8f;
    } else {
        return 0;
    }
    if (len < need || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return need;
}

bool text_is_utf8(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;

    for (size_t at = 0; at < len;) {
        size_t step = utf8_sequence(bytes + at, len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

int text_append_quoted(struct buf *buf, const char *text, size_t len, size_t max_len)
{
    size_t start = buf->len;
    int err = buf_append(buf, "\"", 1);

    for (size_t i = 0; !err && i < len && i < max_len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            err = buf_append(buf, &text[i], 1);
        else
            err = buf_printf(buf, "\\x%02x", c);
    }
    if (!err)
        err = buf_append(buf, "\"", 1);
    if (err && buf->data) {
        buf->len = start;
        buf->data[start] = '\0';
    }
    return err;
}
