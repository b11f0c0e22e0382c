/* Headers of the PROXY protocol: what is told, what is refused, however the bytes arrive. */
#include "proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xcb\x00\x71\x07\x0a\x00\x00\x01\x1f\x90\x01\xbb" /* 203.0.113.7:8080 */
#define V6_SOURCE "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define V6_MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x07"
#define V6_REST   "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90\x01\xbb"
#define DOTS_50   ".................................................."
#define UNIX_216  "/tmp/a\0." DOTS_50 DOTS_50 "/tmp/b\0." DOTS_50 DOTS_50

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static enum proxy_verdict read_exactly(const char *bytes, size_t len, struct proxy_header *header)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum proxy_verdict verdict = proxy_header_read(copy, len, header);
    free(copy);
    return verdict;
}

struct row {
    const char *bytes;
    size_t len;
    const char *source; /* NULL: none is told */
    uint16_t port;
};
#define ROW(text, source, port)                                                                    \
    {                                                                                              \
        SIGNATURE text, sizeof(SIGNATURE text) - 1, source, port                                   \
    }

static void test_the_source_is_told(void **state)
{
    static const struct row rows[] = {
        ROW("\x21\x11\x00\x0c" V4, "203.0.113.7", 8080),
        ROW("\x21\x21\x00\x24" V6_SOURCE V6_REST, "2001:db8::7", 8080),
        ROW("\x21\x21\x00\x24" V6_MAPPED V6_REST, "203.0.113.7", 8080),
        /* With TLVs, and with what only looks like one. */
        ROW("\x21\x11\x00\x13" V4 "\x03\x00\x04\xde\xad\xbe\xef", "203.0.113.7", 8080),
        ROW("\x21\x11\x00\x0d" V4 "\xff", "203.0.113.7", 8080),
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct proxy_header header;
        char text[AP_ADDRESS_TEXT_MAX];
        assert_int_equal(read_exactly(rows[i].bytes, rows[i].len, &header), PROXY_ACCEPT);
        assert_int_equal(header.bytes, rows[i].len);
        address_format(&header.source, text);
        assert_string_equal(text, rows[i].source);
        assert_int_equal(header.source.port, rows[i].port);
    }
}

static void test_what_tells_no_internet_stream_has_no_source(void **state)
{
    static const struct row rows[] = {
        ROW("\x20\x00\x00\x00", NULL, 0),    /* LOCAL */
        ROW("\x20\x11\x00\x0c" V4, NULL, 0), /* LOCAL, whatever the rest says */
        ROW("\x20\xff\x00\x01x", NULL, 0),   /* LOCAL: the family is not looked at */
        ROW("\x21\x00\x00\x00", NULL, 0),    /* unknown */
        ROW("\x21\x00\x00\x03xyz", NULL, 0), /* unknown, with bytes to skip */
        ROW("\x21\x10\x00\x0c" V4, NULL, 0), /* IPv4, unknown transport */
        ROW("\x21\x12\x00\x0c" V4, NULL, 0), /* UDP */
        ROW("\x21\x22\x00\x24" V6_SOURCE V6_REST, NULL, 0),
        ROW("\x21\x31\x00\xd8" UNIX_216, NULL, 0), /* UNIX */
        ROW("\x21\x32\x00\xd8" UNIX_216, NULL, 0),
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct proxy_header header;
        assert_int_equal(read_exactly(rows[i].bytes, rows[i].len, &header), PROXY_ACCEPT);
        assert_int_equal(header.bytes, rows[i].len);
        assert_int_equal(header.source.family, AF_UNSPEC);
    }
}

static void test_what_is_no_header_of_version_2_is_refused(void **state)
{
    static const struct row rows[] = {
        {"P", 1, NULL, 0},
        {"PROXY TCP4 203.0.113.7 10.0.0.1 8080 443\r\n", 42, NULL, 0},
        {"\x16\x03\x01", 3, NULL, 0},
        {"GET / HTTP/1.1\r\n\r\n", 18, NULL, 0},
        {"\r\n\r\nx", 5, NULL, 0},
        {"\r\n\r\n\0\r\nQUIt", 11, NULL, 0},
        ROW("\x11\x11\x00\x0c" V4, NULL, 0), /* version 1 */
        ROW("\x31\x11\x00\x0c" V4, NULL, 0), /* version 3 */
        ROW("\x22\x11\x00\x0c" V4, NULL, 0), /* command 2 */
        ROW("\x2f\x11\x00\x0c" V4, NULL, 0),
        ROW("\x21\x41\x00\x0c" V4, NULL, 0), /* family 4 */
        ROW("\x21\x13\x00\x0c" V4, NULL, 0), /* transport 3 */
        ROW("\x21\x11\x00\x0b" V4, NULL, 0), /* too short for its family */
        ROW("\x21\x11\x00\x00", NULL, 0),
        ROW("\x21\x12\x00\x00", NULL, 0),
        ROW("\x21\x21\x00\x23" V6_SOURCE V6_REST, NULL, 0),
        ROW("\x21\x31\x00\xd7" UNIX_216, NULL, 0),
        ROW("\x21\x11\xff\xff" V4, NULL, 0), /* too long */
        ROW("\x20\x00\xff\xff", NULL, 0),
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct proxy_header header;
        if (read_exactly(rows[i].bytes, rows[i].len, &header) != PROXY_REFUSE)
            fail_msg("row %zu is not refused", i);
    }
}

static void test_the_longest_header_is_bounded(void **state)
{
    size_t rest = AP_PROXY_HEADER_MAX_BYTES - 16;
    char *bytes = calloc(1, AP_PROXY_HEADER_MAX_BYTES + 1);
    struct proxy_header header;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, SIGNATURE "\x21\x11", 14);
    bytes[14] = (char)(rest >> 8);
    bytes[15] = (char)(rest & 0xff);
    assert_int_equal(read_exactly(bytes, AP_PROXY_HEADER_MAX_BYTES, &header), PROXY_ACCEPT);
    assert_int_equal(header.bytes, AP_PROXY_HEADER_MAX_BYTES);
    bytes[15]++;
    assert_int_equal(read_exactly(bytes, AP_PROXY_HEADER_MAX_BYTES + 1, &header), PROXY_REFUSE);
    free(bytes);
}

/* As many as are asked for, and nothing else is read: what follows belongs to TLS. */
static void test_bytes_that_are_asked_for_are_the_headers(void **state)
{
    static const char whole[] = SIGNATURE "\x21\x11\x00\x0f" V4 "tlv"
                                          "\x16\x03\x01";
    const size_t header_len = sizeof(whole) - 1 - 3;
    struct proxy_header header;

    (void)state;
    for (size_t len = 0; len < header_len; len++) {
        assert_int_equal(read_exactly(whole, len, &header), PROXY_NEED_MORE);
        assert_int_equal(header.bytes, len < 16 ? 16 : header_len);
    }
    for (size_t len = header_len; len < sizeof(whole); len++) {
        assert_int_equal(read_exactly(whole, len, &header), PROXY_ACCEPT);
        assert_int_equal(header.bytes, header_len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_source_is_told),
        cmocka_unit_test(test_what_tells_no_internet_stream_has_no_source),
        cmocka_unit_test(test_what_is_no_header_of_version_2_is_refused),
        cmocka_unit_test(test_the_longest_header_is_bounded),
        cmocka_unit_test(test_bytes_that_are_asked_for_are_the_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
