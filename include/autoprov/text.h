/* Strict parsing of small values and safe writing of foreign text. */
#ifndef AUTOPROV_TEXT_H
#define AUTOPROV_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"

/* Decimal digits only: no sign, no blank, no octal, no leading zero but "0" itself.
 * Errors: AP_ESYNTAX, AP_ERANGE outside [min, max]. */
AP_MUSTCHECK int text_parse_u64(const char *text, size_t len, uint64_t min, uint64_t max,
                                uint64_t *ret_value);

/* "500ms", "30s", "5m", "12h", "7d": a number and its unit, no blank between. */
AP_MUSTCHECK int text_parse_duration_ms(const char *text, size_t len, uint64_t min_ms,
                                        uint64_t max_ms, uint64_t *ret_ms);

/* Decimal digits, NUL-terminated. Returns their number. */
#define TEXT_DECIMAL_MAX 21
size_t text_decimal(uint64_t number, char ret_text[static TEXT_DECIMAL_MAX]);

/* Lower-case hex of data, NUL-terminated: out holds 2 * len + 1 bytes. */
void text_hex(const void *data, size_t len, char *out);

/* len hex digits of any case into len / 2 bytes. Errors: AP_ESYNTAX (also for an odd len). */
AP_MUSTCHECK int text_unhex(const char *text, size_t len, uint8_t *ret_bytes);

/* ASCII only, whatever the locale. */
bool text_is_digit(char c);
bool text_is_hex(char c);
bool text_is_alnum(char c);
char text_lower(char c);
bool text_equal_nocase(const char *a, size_t a_len, const char *b, size_t b_len);

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL. */
bool text_is_utf8(const char *text, size_t len);

/* Append text as a log value: printable ASCII as it is, everything else, quotes and
 * backslashes as \xNN, in double quotes, cut after max_len input bytes.
 * Errors: those of buf_append(). */
AP_MUSTCHECK int text_append_quoted(struct buf *buf, const char *text, size_t len, size_t max_len);

#endif
