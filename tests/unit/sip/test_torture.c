/* Datagrams that are broken on purpose (in the spirit of RFC 4475; the texts are ours): each is
 * refused or read as its row says, and nothing is read beyond its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "sip_forms.h"
#include "sip_support.h"
#include "support/alloc_fault.h"

static struct arena arena;
static struct sip_message message;

static int teardown(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

#define FIRST   "SUBSCRIBE sip:b@192.0.2.2 SIP/2.0\r\n"
#define VIA     "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
#define FROM    "From: <sip:a@192.0.2.1>;tag=f\r\n"
#define TO      "To: <sip:b@192.0.2.2>\r\n"
#define CALL_ID "Call-ID: c\r\n"
#define CSEQ    "CSeq: 7 SUBSCRIBE\r\n"
#define REST    FROM TO CALL_ID CSEQ
#define GOOD    FIRST VIA REST

struct row {
    const char *text;
    int err;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int err = read_text(&arena, rows[i].text, &message);
        if (err != rows[i].err)
            fail_msg("%s: %d", rows[i].text, err);
    }
}

static void test_first_lines(void **state)
{
    static const struct row ROWS[] = {
        {GOOD "\r\n", 0},
        {"subscribe sip:b@192.0.2.2 SIP/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 7 subscribe\r\n\r\n",
         0},
        {"X-1.2!%*_+`'~ sip:b@h sip/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 7 X-1.2!%*_+`'~\r\n\r\n",
         0},
        {"SUBSCRIBE  sip:b@192.0.2.2 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE sip:b@192.0.2.2  SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE sip:b @192.0.2.2 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE <sip:b@192.0.2.2> SIP/2.1\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE sip:b@192.0.2.2 SIP/7.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE sip:b@192.0.2.2 HTTP/1.1\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE sip:b@192.0.2.2\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUBSCRIBE nothing SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SUB/SCRIBE sip:b@192.0.2.2 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {" SUBSCRIBE sip:b@192.0.2.2 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"\r\nSUBSCRIBE sip:b@192.0.2.2 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"SIP/2.0 SIP/2.0 SIP/2.0\r\n" VIA REST "\r\n", AP_ESYNTAX},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", AP_ESYNTAX},
        {"\r\n\r\n", AP_ESYNTAX},
        {"\r\n", AP_ESYNTAX},
        {"", AP_ESYNTAX},
        {"jaK", AP_ESYNTAX},
    };

    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_what_must_be_there(void **state)
{
    static const struct row ROWS[] = {
        {FIRST REST "\r\n", AP_ESYNTAX},
        {FIRST VIA TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "\r\n", AP_ESYNTAX},
        {FIRST VIA "From:\r\n" TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM "To:\r\n" CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO "Call-ID: \r\n" CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq:\r\n\r\n", AP_ESYNTAX},
        {FIRST "Via:\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "\r\n", AP_ESYNTAX},
        {FIRST, AP_ESYNTAX},
        {GOOD, AP_ESYNTAX}, /* no end of the head */
        {GOOD "\r", AP_ESYNTAX},
        {GOOD "Content-Length: 0", AP_ESYNTAX},
        {"SIP/2.0 200 OK\r\n\r\n", AP_ESYNTAX},
    };

    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_what_may_stand_once(void **state)
{
    static const struct row ROWS[] = {
        {GOOD VIA "\r\n", 0},
        {GOOD "X: 1\r\nX: 2\r\n\r\n", 0},
        {GOOD FROM "\r\n", AP_ESYNTAX},
        {GOOD "f: <sip:a@192.0.2.1>\r\n\r\n", AP_ESYNTAX},
        {GOOD TO "\r\n", AP_ESYNTAX},
        {GOOD CALL_ID "\r\n", AP_ESYNTAX},
        {GOOD CSEQ "\r\n", AP_ESYNTAX},
        {GOOD "Event: a\r\no: b\r\n\r\n", AP_ESYNTAX},
        {GOOD "Expires: 0\r\nexpires: 0\r\n\r\n", AP_ESYNTAX},
        {GOOD "User-Agent: a\r\nUser-Agent: a\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Type: a/b\r\nc: a/b\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Length: 3\r\nl: 1\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length:\r\nContent-Length: 0\r\n\r\n", AP_ESYNTAX},
        {GOOD "Contact: <sip:192.0.2.1>\r\nm: <sip:192.0.2.1>\r\n\r\n", AP_ESYNTAX},
        {"SIP/2.0 302 x\r\n" VIA REST "m: <sip:192.0.2.1>\r\nm: <sip:192.0.2.2>\r\n\r\n", 0},
    };

    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_numbers(void **state)
{
    static const struct row ROWS[] = {
        {FIRST VIA FROM TO CALL_ID "CSeq: 0009   SUBSCRIBE\r\n\r\n", 0},
        {FIRST VIA FROM TO CALL_ID "CSeq: 2147483647 SUBSCRIBE\r\n\r\n", 0},
        {FIRST VIA FROM TO CALL_ID "CSeq: 2147483648 SUBSCRIBE\r\n\r\n", AP_ERANGE},
        {FIRST VIA FROM TO CALL_ID "CSeq: 36893488147419103232 SUBSCRIBE\r\n\r\n", AP_ERANGE},
        {FIRST VIA FROM TO CALL_ID "CSeq: -1 SUBSCRIBE\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: +1 SUBSCRIBE\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 0x1 SUBSCRIBE\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: SUBSCRIBE\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 1\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 1SUBSCRIBE\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 1 SUBSCRIBE 2\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 1 NOTIFY\r\n\r\n", AP_ESYNTAX},
        {FIRST VIA FROM TO CALL_ID "CSeq: 1 subscribe\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Length: 0\r\n\r\n", 0},
        {GOOD "Content-Length: 1\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Length: 999999\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: -3\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: +3\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: 3 3\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: 3, 3\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: 0x3\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length:\r\n\r\n", AP_ESYNTAX},
        {GOOD "Content-Length: 18446744073709551619\r\n\r\nabc", AP_ESYNTAX},
        {GOOD "Content-Length: 4294967299\r\n\r\nabc", AP_ESYNTAX},
        {FIRST "Via: SIP/2.0/UDP 192.0.2.1:65536\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: SIP/2.0/UDP 192.0.2.1:0\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: SIP/2.0/UDP 192.0.2.1:-5060\r\n" REST "\r\n", AP_ESYNTAX},
    };

    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_header_lines(void **state)
{
    static const struct row ROWS[] = {
        {GOOD "Subject: a: b; c, \"d\r\n\r\n", 0},
        {GOOD "Subject:\r\n\r\n", 0},
        {GOOD "X-\xc3\xa4: b\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: \xc3\xa4\xff\r\n\r\n", 0},
        {FIRST VIA "From: \"J\xfcrg\" <sip:a@h>\r\n" TO CALL_ID CSEQ "\r\n", 0},
        {GOOD "no colon\r\n\r\n", AP_ESYNTAX},
        {GOOD ": no name\r\n\r\n", AP_ESYNTAX},
        {GOOD "two words: x\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\rb\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\r\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\r\n\r\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\x01\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\x0b\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\x1b[2J\r\n\r\n", AP_ESYNTAX},
        {GOOD "Subject: a\x7f\r\n\r\n", AP_ESYNTAX},
        {FIRST " " VIA REST "\r\n", AP_ESYNTAX}, /* a fold of the first line */
        {GOOD "Subject: a\r\n \r\n \r\n\r\n", 0},
        {FIRST "Via: SIP/2.0/UDP 192.0.2.1,\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: , SIP/2.0/UDP 192.0.2.1\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: SIP/2.0/UDP\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: SIP/1.0/UDP 192.0.2.1\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST "Via: 192.0.2.1\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST VIA "Via: x\r\n" REST "\r\n", AP_ESYNTAX},
        {FIRST VIA "From: <sip:a@192.0.2.1\r\n" TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA "From: \"a <sip:a@192.0.2.1>\r\n" TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA "From: a\r\n" TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
        {FIRST VIA "From: <>\r\n" TO CALL_ID CSEQ "\r\n", AP_ESYNTAX},
    };

    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_a_nul_is_refused_wherever_it_stands_in_the_head(void **state)
{
    static const char TEXT[] = GOOD "Event: ua-profile\r\nContent-Length: 3\r\n\r\nabc";
    size_t head_len = sizeof(TEXT) - 1 - 3;
    char changed[sizeof(TEXT)];

    (void)state;
    assert_int_equal(read_text(&arena, TEXT, &message), 0);
    for (size_t at = 0; at < sizeof(TEXT) - 1; at++) {
        memcpy(changed, TEXT, sizeof(TEXT));
        changed[at] = '\0';
        int err = read_bytes(&arena, changed, sizeof(TEXT) - 1, &message);
        if ((err == 0) != (at >= head_len))
            fail_msg("at %zu: %d", at, err);
    }
}

/* Whatever arrives of a message: the head is whole or it is refused. */
static void test_no_part_of_a_message_is_taken_for_one(void **state)
{
    static const char *const FORMS[] = {FORM_SNOM, FORM_GRANDSTREAM, FORM_PANASONIC};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(FORMS); i++) {
        size_t len = strlen(FORMS[i]);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(read_bytes(&arena, FORMS[i], cut, &message), 0);
        assert_int_equal(read_bytes(&arena, FORMS[i], len, &message), 0);
    }
}

static bool is_clean(const char *text)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

/* Every byte at every place: what is read has no line ends in its texts. */
static void test_no_change_of_a_byte_gets_a_line_end_into_a_text(void **state)
{
    static const char BYTES[] = "\r\n\t \"<>\\;,=:@%?/0aZ\x80\xff";
    char text[] = FORM_SNOM;
    size_t read = 0;

    (void)state;
    for (size_t at = 0; at + 1 < sizeof(text); at++) {
        char old = text[at];
        for (const char *byte = BYTES; *byte; byte++) {
            text[at] = *byte;
            if (read_bytes(&arena, text, sizeof(text) - 1, &message) != 0)
                continue;
            read++;
            assert_true(message.via_count >= 1 && message.from && message.to && message.call_id);
            assert_true(is_clean(message.vias[0]) && is_clean(message.from) &&
                        is_clean(message.to) && is_clean(message.call_id) &&
                        is_clean(message.contact) && is_clean(message.event) &&
                        is_clean(message.user_agent) && is_clean(message.request_uri));
        }
        text[at] = old;
    }
    assert_true(read > 1000);
}

static void test_sizes_have_ends(void **state)
{
    char text[AP_SIP_DATAGRAM_MAX_BYTES + 2];
    int len = snprintf(text, sizeof(text), GOOD "X: ");

    (void)state;
    memset(text + len, 'x', sizeof(text) - (size_t)len);
    memcpy(text + AP_SIP_DATAGRAM_MAX_BYTES - 4, "\r\n\r\n", 4);
    assert_int_equal(read_bytes(&arena, text, AP_SIP_DATAGRAM_MAX_BYTES, &message), 0);
    assert_int_equal(read_bytes(&arena, text, AP_SIP_DATAGRAM_MAX_BYTES + 1, &message), AP_ERANGE);

    len = snprintf(text, sizeof(text), GOOD);
    for (int i = 1; i < SIP_VIAS_MAX; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, VIA);
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
    assert_int_equal(read_text(&arena, text, &message), 0);
    assert_int_equal(message.via_count, SIP_VIAS_MAX);
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "v: SIP/2.0/UDP a\r\n\r\n");
    assert_int_equal(read_text(&arena, text, &message), AP_ERANGE);
}

static void test_an_arena_that_is_full_is_told(void **state)
{
    struct arena small;

    (void)state;
    for (size_t max = 0;; max += 16) {
        arena_init(&small, max);
        int err = sip_message_read(FORM_GRANDSTREAM, strlen(FORM_GRANDSTREAM), &small, &message);
        arena_done(&small);
        if (!err)
            break;
        assert_int_equal(err, AP_ENOMEM);
        assert_true(max < 3 * strlen(FORM_GRANDSTREAM));
    }
}

static int read_anew(void *data)
{
    struct arena fresh;

    (void)data;
    arena_init(&fresh, 65536);
    int err = sip_message_read(FORM_GRANDSTREAM, strlen(FORM_GRANDSTREAM), &fresh, &message);
    arena_done(&fresh);
    return err;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(read_anew, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_lines),
        cmocka_unit_test(test_what_must_be_there),
        cmocka_unit_test(test_what_may_stand_once),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_header_lines),
        cmocka_unit_test(test_a_nul_is_refused_wherever_it_stands_in_the_head),
        cmocka_unit_test(test_no_part_of_a_message_is_taken_for_one),
        cmocka_unit_test(test_no_change_of_a_byte_gets_a_line_end_into_a_text),
        cmocka_unit_test(test_sizes_have_ends),
        cmocka_unit_test(test_an_arena_that_is_full_is_told),
        cmocka_unit_test(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
