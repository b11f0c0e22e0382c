/* Authorization of Basic and Digest: what is read, what is refused, what matches. */
#include "autoprov/authorization.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

/* -- Basic ------------------------------------------------------------------------------------- */

struct basic_row {
    const char *text;
    int err;
    const char *user, *password;
};

static void test_basic_is_read_strictly(void **state)
{
    static const struct basic_row ROWS[] = {
        /* RFC 7617, 2 and 2.1 */
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 0, "Aladdin", "open sesame"},
        {"Basic dGVzdDoxMjPCow==", 0, "test", "123\xc2\xa3"},
        {"basic  YTpi", 0, "a", "b"},
        {"Basic YTo=", 0, "a", ""},
        {"Basic YTpiOmM=", 0, "a", "b:c"},
        {"Digest YTpi", AP_ENOENT, NULL, NULL},
        {"Basic", AP_ENOENT, NULL, NULL},
        {"", AP_ENOENT, NULL, NULL},
        {"BasicYTpi", AP_ENOENT, NULL, NULL},
        {"Basic ", AP_ESYNTAX, NULL, NULL},
        {"Basic YTpi ", AP_ESYNTAX, NULL, NULL},
        {"Basic YTpi, YTpi", AP_ESYNTAX, NULL, NULL},
        {"Basic YTo", AP_ESYNTAX, NULL, NULL},      /* no padding */
        {"Basic YTp=", AP_ESYNTAX, NULL, NULL},     /* bits behind the end */
        {"Basic YT==YTpi", AP_ESYNTAX, NULL, NULL}, /* padding inside */
        {"Basic Y===", AP_ESYNTAX, NULL, NULL},
        {"Basic ====", AP_ESYNTAX, NULL, NULL},
        {"Basic YT-_", AP_ESYNTAX, NULL, NULL},
        {"Basic YWI=", AP_ESYNTAX, NULL, NULL},     /* no colon */
        {"Basic OmI=", AP_ESYNTAX, NULL, NULL},     /* no user */
        {"Basic YTpiCg==", AP_ESYNTAX, NULL, NULL}, /* a line end */
        {"Basic YQA6Yg==", AP_ESYNTAX, NULL, NULL}, /* a NUL */
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct authorization_basic basic;
        assert_int_equal(authorization_read_basic(ROWS[i].text, strlen(ROWS[i].text), &basic),
                         ROWS[i].err);
        if (ROWS[i].err)
            continue;
        assert_string_equal(basic.user, ROWS[i].user);
        assert_string_equal(basic.password, ROWS[i].password);
        assert_true(authorization_basic_matches(&basic, ROWS[i].password));
        assert_false(authorization_basic_matches(&basic, "open sesamE"));
        assert_false(authorization_basic_matches(&basic, "open sesame "));
    }
}

static void test_a_pair_that_is_longer_than_any_is_refused(void **state)
{
    char text[400] = "Basic ";
    struct authorization_basic basic;

    (void)state;
    for (size_t i = 0; i < 65; i++)
        memcpy(text + 6 + 4 * i, i == 21 ? "YWE6" : "YWFh", 5); /* 65 letters, a colon, 129 more */
    assert_int_equal(authorization_read_basic(text, strlen(text), &basic), AP_ERANGE);
    strcat(text, "YWFhYWFh");
    assert_int_equal(authorization_read_basic(text, strlen(text), &basic), AP_ERANGE);
}

/* -- Digest ------------------------------------------------------------------------------------ */

/* RFC 7616, 3.9.1 */
#define RFC_NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define RFC_REST                                                                                   \
    "nonce=\"" RFC_NONCE "\", nc=00000001, "                                                       \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                          \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC_HEAD                                                                                   \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
#define RFC_MD5                                                                                    \
    RFC_HEAD "algorithm=MD5, " RFC_REST ", response=\"8ca523f5e9506fed4657c9700eebdbec\""
#define RFC_SHA_256                                                                                \
    RFC_HEAD "algorithm=SHA-256, " RFC_REST                                                        \
             ", response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""

static void test_the_examples_of_the_rfc_match(void **state)
{
    static const char *const TEXTS[] = {RFC_MD5, RFC_SHA_256};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        struct authorization_digest digest;
        assert_int_equal(authorization_read_digest(TEXTS[i], strlen(TEXTS[i]), &digest), 0);
        assert_string_equal(digest.user, "Mufasa");
        assert_int_equal(digest.count, 1);
        assert_int_equal(digest.hash, i == 0 ? AUTHORIZATION_MD5 : AUTHORIZATION_SHA_256);
        assert_memory_equal(digest.uri.data, "/dir/index.html", digest.uri.len);
        assert_memory_equal(digest.nonce.data, RFC_NONCE, digest.nonce.len);
        assert_true(authorization_digest_matches(&digest, "GET", "Circle of Life"));
        assert_false(authorization_digest_matches(&digest, "HEAD", "Circle of Life"));
        assert_false(authorization_digest_matches(&digest, "GET", "Circle of Life "));
        assert_false(authorization_digest_matches(&digest, "GET", ""));
        digest.response[digest.response_len - 1] ^= 1;
        assert_false(authorization_digest_matches(&digest, "GET", "Circle of Life"));
    }
}

#define R32 "0123456789abcdef0123456789abcdef"
#define GOOD                                                                                       \
    "username=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\",response=\"" R32                             \
    "\",cnonce=\"c\",nc=00000001,qop=auth"

static void test_digest_is_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int err;
    } ROWS[] = {
        {"Digest " GOOD, 0},
        {"digest  " GOOD ", algorithm=md5", 0},
        {"Digest " GOOD ",algorithm=\"MD5\"", 0},
        {"Digest " GOOD " , unknown = word ,other=\"\"", 0},
        {"Digest " GOOD ",userhash=false", 0},
        {"Digest USERNAME=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\",response=" R32
         ",cnonce=c,nc=ffffffff,qop=\"auth\"",
         0},
        {"Basic " GOOD, AP_ENOENT},
        {"Digest", AP_ENOENT},
        {"Digest ", AP_ESYNTAX},
        {"Digest " GOOD ",", AP_ESYNTAX},
        {"Digest ," GOOD, AP_ESYNTAX},
        {"Digest " GOOD ",,a=b", AP_ESYNTAX},
        {"Digest " GOOD ",nc=00000001", AP_ESYNTAX}, /* twice */
        {"Digest " GOOD ",a", AP_ESYNTAX},
        {"Digest " GOOD ",a=", AP_ESYNTAX},
        {"Digest " GOOD ",a=\"b", AP_ESYNTAX},
        {"Digest " GOOD ",a=\"b\\\"c\"", AP_ESYNTAX},
        {"Digest " GOOD ",a=b c=d", AP_ESYNTAX},
        {"Digest " GOOD ",algorithm=MD5-sess", AP_ESYNTAX},
        {"Digest " GOOD ",algorithm=SHA-256", AP_ESYNTAX}, /* and a response of MD5's length */
        {"Digest " GOOD ",algorithm=\"\"", AP_ESYNTAX},
        {"Digest " GOOD ",userhash=true", AP_ESYNTAX},
        {"Digest " GOOD ",username*=UTF-8''u", AP_ESYNTAX},
        {"Digest realm=\"r\",nonce=\"n\",uri=\"/\",response=" R32 ",cnonce=c,nc=00000001,qop=auth",
         AP_ESYNTAX},
        {"Digest username=\"\",realm=\"r\",nonce=\"n\",uri=\"/\",response=" R32
         ",cnonce=c,nc=00000001,qop=auth",
         AP_ESYNTAX},
        {"Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32 ",cnonce=c,nc=00000000,"
         "qop=auth",
         AP_ESYNTAX},
        {"Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32 ",cnonce=c,nc=1,qop=auth",
         AP_ESYNTAX},
        {"Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32
         ",cnonce=c,nc=00000001,qop=auth-int",
         AP_ESYNTAX},
        {"Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32, AP_ESYNTAX}, /* no qop */
        {"Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32 "0,cnonce=c,nc=00000001,"
         "qop=auth",
         AP_ESYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct authorization_digest digest;
        size_t len = strlen(ROWS[i].text);
        char *exact = malloc(len);
        assert_non_null(exact);
        memcpy(exact, ROWS[i].text, len);
        int err = authorization_read_digest(exact, len, &digest);
        free(exact);
        if (err != ROWS[i].err)
            fail_msg("%s: %d", ROWS[i].text, err);
    }
}

/* Whatever of it arrives, and whatever is changed in it, it is read or it is not. */
static void test_no_part_and_no_change_of_a_digest_reads_beyond_its_end(void **state)
{
    struct authorization_digest digest;
    size_t len = strlen(RFC_SHA_256);

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        char *part = malloc(cut + 1);
        assert_non_null(part);
        memcpy(part, RFC_SHA_256, cut);
        assert_int_not_equal(authorization_read_digest(part, cut, &digest), 0);
        memcpy(part, RFC_SHA_256, cut);
        part[cut] = '"';
        assert_int_equal(authorization_read_digest(part, cut + 1, &digest) == 0, cut + 1 == len);
        free(part);
    }
}

static void test_a_user_or_a_cnonce_that_is_too_long_is_refused(void **state)
{
    char text[1200], user[80];
    struct authorization_digest digest;

    (void)state;
    memset(user, 'u', sizeof(user));
    for (int len = 64; len <= 65; len++) {
        int written = snprintf(text, sizeof(text),
                               "Digest username=%.*s,realm=r,nonce=n,uri=\"/\",response=" R32
                               ",cnonce=c,nc=00000001,qop=auth",
                               len, user);
        assert_int_equal(authorization_read_digest(text, (size_t)written, &digest),
                         len == 64 ? 0 : AP_ERANGE);
    }
    for (int len = 128; len <= 129; len++) {
        int written = snprintf(text, sizeof(text),
                               "Digest username=u,realm=r,nonce=n,uri=\"/\",response=" R32
                               ",cnonce=%0*d,nc=00000001,qop=auth",
                               len, 0);
        assert_int_equal(authorization_read_digest(text, (size_t)written, &digest),
                         len == 128 ? 0 : AP_ESYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic_is_read_strictly),
        cmocka_unit_test(test_a_pair_that_is_longer_than_any_is_refused),
        cmocka_unit_test(test_the_examples_of_the_rfc_match),
        cmocka_unit_test(test_digest_is_read_strictly),
        cmocka_unit_test(test_no_part_and_no_change_of_a_digest_reads_beyond_its_end),
        cmocka_unit_test(test_a_user_or_a_cnonce_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
