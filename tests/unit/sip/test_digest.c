/* Which challenge is answered, and how. */
#include "autoprov/sip_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

/* RFC 7616, 3.9.1 */
#define RFC_NONCE  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define RFC_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RFC_OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"

static const struct sip_digest RFC_DIGEST = {
    .user = "Mufasa",
    .password = "Circle of Life",
    .method = "GET",
    .uri = "/dir/index.html",
    .cnonce = RFC_CNONCE,
    .count = 1,
};

static void check_line(const struct sip_challenge *challenge, const struct sip_digest *digest,
                       const char *expected)
{
    struct buf out;

    buf_init_secret(&out, 2048);
    assert_int_equal(buf_append_text(&out, "before\r\n"), 0);
    assert_int_equal(sip_digest_write(&out, challenge, digest), 0);
    assert_memory_equal(out.data, "before\r\n", 8);
    assert_string_equal(out.data + 8, expected);
    buf_done(&out);
}

static void test_the_examples_of_the_rfc_come_out(void **state)
{
    struct sip_challenge challenge = {
        .realm = "http-auth@example.org",
        .nonce = RFC_NONCE,
        .opaque = RFC_OPAQUE,
        .qop_given = true,
        .qop_auth = true,
    };

    (void)state;
    check_line(&challenge, &RFC_DIGEST,
               "Authorization: Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
               "nonce=\"" RFC_NONCE "\", uri=\"/dir/index.html\", "
               "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, "
               "cnonce=\"" RFC_CNONCE "\", qop=auth, nc=00000001, opaque=\"" RFC_OPAQUE "\"\r\n");
    challenge.hash = SIP_HASH_SHA_256;
    challenge.proxy = true;
    check_line(&challenge, &RFC_DIGEST,
               "Proxy-Authorization: Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
               "nonce=\"" RFC_NONCE "\", uri=\"/dir/index.html\", "
               "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
               "algorithm=SHA-256, cnonce=\"" RFC_CNONCE "\", qop=auth, nc=00000001, "
               "opaque=\"" RFC_OPAQUE "\"\r\n");
}

/* By hand: echo -n … | md5sum, three times. */
static void test_without_qop_there_is_no_count_and_no_cnonce(void **state)
{
    const struct sip_challenge challenge = {.realm = "asterisk", .nonce = "4f2b"};
    const struct sip_digest digest = {
        .user = "2001",
        .password = "secret",
        .method = "NOTIFY",
        .uri = "sip:2001@192.0.2.7:5060",
        .cnonce = "0",
        .count = 1,
    };

    (void)state;
    check_line(&challenge, &digest,
               "Authorization: Digest username=\"2001\", realm=\"asterisk\", nonce=\"4f2b\", "
               "uri=\"sip:2001@192.0.2.7:5060\", response=\"b0dde29a5d4377a5ad190607c540f2bf"
               "\", algorithm=MD5\r\n");
}

static void test_the_strongest_that_can_be_answered_is_chosen(void **state)
{
    static const struct sip_challenge MD5 = {.hash = SIP_HASH_MD5},
                                      SHA = {.hash = SIP_HASH_SHA_256},
                                      OTHER = {.hash = SIP_HASH_OTHER},
                                      INT = {.hash = SIP_HASH_SHA_256, .qop_given = true},
                                      AUTH = {.qop_given = true, .qop_auth = true};
    static const struct {
        const struct sip_challenge *given[3];
        int chosen; /* -1: none */
    } ROWS[] = {
        {{NULL}, -1},       {{&MD5}, 0},       {{&SHA, &MD5}, 0},   {{&MD5, &AUTH, &SHA}, 2},
        {{&AUTH, &MD5}, 0}, {{&OTHER}, -1},    {{&OTHER, &MD5}, 1}, {{&INT}, -1},
        {{&INT, &AUTH}, 1}, {{&SHA, &SHA}, 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct sip_message response = {.status = 401};
        while (response.challenge_count < 3 && ROWS[i].given[response.challenge_count]) {
            response.challenges[response.challenge_count] =
                *ROWS[i].given[response.challenge_count];
            response.challenge_count++;
        }
        const struct sip_challenge *chosen = sip_digest_choose(&response);
        assert_int_equal(chosen ? chosen - response.challenges : -1, ROWS[i].chosen);
    }
}

static void test_what_cannot_stand_in_quotes_is_refused(void **state)
{
    static const char *const TEXTS[] = {"a\"b", "a\\b", "a\r\nX: y", "a\nb", "a\x7f", "\x01"};
    struct buf out;

    (void)state;
    buf_init_secret(&out, 1024);
    assert_int_equal(buf_append_text(&out, "x"), 0);
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        for (int which = 0; which < 5; which++) {
            struct sip_challenge challenge = {.realm = "r", .nonce = "n", .opaque = "o"};
            struct sip_digest digest = RFC_DIGEST;
            *(which == 0   ? &challenge.realm
              : which == 1 ? &challenge.nonce
              : which == 2 ? &challenge.opaque
              : which == 3 ? &digest.user
                           : &digest.uri) = TEXTS[i];
            assert_int_equal(sip_digest_write(&out, &challenge, &digest), AP_EINVAL);
            assert_string_equal(out.data, "x");
        }
    }
    buf_done(&out);
}

static void test_without_room_nothing_is_written(void **state)
{
    const struct sip_challenge challenge = {
        .realm = "r", .nonce = "n", .opaque = "o", .qop_given = true, .qop_auth = true};

    (void)state;
    for (size_t max = 1;; max++) {
        struct buf out;
        buf_init_secret(&out, max);
        assert_int_equal(buf_append_text(&out, "x"), 0);
        int err = sip_digest_write(&out, &challenge, &RFC_DIGEST);
        if (err)
            assert_string_equal(out.data, "x");
        buf_done(&out);
        if (!err)
            break;
        assert_int_equal(err, AP_ERANGE);
        assert_true(max < 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_examples_of_the_rfc_come_out),
        cmocka_unit_test(test_without_qop_there_is_no_count_and_no_cnonce),
        cmocka_unit_test(test_the_strongest_that_can_be_answered_is_chosen),
        cmocka_unit_test(test_what_cannot_stand_in_quotes_is_refused),
        cmocka_unit_test(test_without_room_nothing_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
