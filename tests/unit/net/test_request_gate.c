/* The request gate: every rule, every limit at its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/request_gate.h"
#include "support/alloc_fault.h"

struct row {
    const char *text;
    enum gate_verdict verdict;
    enum gate_reason reason;
    const char *path; /* NULL: not looked at */
};

/* An exact-size copy, so that address sanitizer sees one byte over. */
static enum gate_verdict read_exact(enum gate_profile profile, const char *text, size_t len,
                                    struct gate_result *result, char **ret_copy)
{
    *ret_copy = malloc(len > 0 ? len : 1);
    assert_non_null(*ret_copy);
    memcpy(*ret_copy, text, len);
    return gate_read(profile, *ret_copy, len, result);
}

static void check_rows(enum gate_profile profile, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct gate_result result;
        char *copy;
        enum gate_verdict verdict =
            read_exact(profile, rows[i].text, strlen(rows[i].text), &result, &copy);
        if (verdict != rows[i].verdict || result.reason != rows[i].reason)
            fail_msg("row %zu: verdict %d, reason %s: %s", i, (int)verdict,
                     gate_reason_name(result.reason), rows[i].text);
        if (rows[i].path)
            assert_string_equal(result.path, rows[i].path);
        assert_int_equal(result.path_len, strlen(result.path));
        if (verdict != GATE_ACCEPT)
            assert_int_equal(result.path_len, 0);
        free(copy);
    }
}

#define ACCEPTED(text, path)                                                                       \
    {                                                                                              \
        text, GATE_ACCEPT, GATE_REASON_NONE, path                                                  \
    }
#define GET_ACCEPTED(target, path) ACCEPTED("GET " target " HTTP/1.1\r\n\r\n", path)
#define GET_MISSES(target)                                                                         \
    {                                                                                              \
        "GET " target " HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_TARGET, ""                     \
    }
#define CLOSES(text, reason)                                                                       \
    {                                                                                              \
        text, GATE_REFUSE_AND_CLOSE, reason, ""                                                    \
    }
#define LINE_CLOSES(line, reason)     CLOSES(line "\r\n\r\n", reason)
#define HEADER_CLOSES(header, reason) CLOSES("GET / HTTP/1.1\r\n" header "\r\n\r\n", reason)

static void test_paths_are_brought_into_canonical_form(void **state)
{
    static const struct row rows[] = {
        GET_ACCEPTED("/", "/"),
        GET_ACCEPTED("/provision/t0/cc5ef641b794.xml", "/provision/t0/cc5ef641b794.xml"),
        GET_ACCEPTED("//provision///t0//a.cfg", "/provision/t0/a.cfg"),
        GET_ACCEPTED("///", "/"),
        GET_ACCEPTED("/a//", "/a/"),
        GET_ACCEPTED("/a?x=1&y=%00", "/a"),
        GET_ACCEPTED("/a?", "/a"),
        GET_ACCEPTED("/?/..", "/"),
        GET_ACCEPTED("/a#b?c", "/a"),
        GET_ACCEPTED("/a?b#c", "/a"),
        GET_ACCEPTED("/cc%3A5e%3a.cfg", "/cc:5e:.cfg"),
        GET_ACCEPTED("/%41%5a%61%7A%30%39%2D%2e%5F%7e", "/AZaz09-._~"),
        GET_ACCEPTED("/...", "/..."),
        GET_ACCEPTED("/a./.b/..c", "/a./.b/..c"),
        GET_ACCEPTED("/-0013abc.cfg", "/-0013abc.cfg"),
        GET_ACCEPTED("/!$&'()*+,;=:@", "/!$&'()*+,;=:@"),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
    check_rows(GATE_ADMIN, rows, AP_COUNT(rows));
}

static void test_forbidden_targets_are_a_miss(void **state)
{
    static const struct row rows[] = {
        GET_MISSES("*"),
        GET_MISSES("a"),
        GET_MISSES("?a"),
        GET_MISSES("#/"),
        GET_MISSES("http://host/a"),
        GET_MISSES("host:443"),
        GET_MISSES("/a%00b"),
        GET_MISSES("/a%2fb"),
        GET_MISSES("/a%2Fb"),
        GET_MISSES("/a%5cb"),
        GET_MISSES("/a\\b"),
        GET_MISSES("/%25"),
        GET_MISSES("/%2541"),
        GET_MISSES("/%20"),
        GET_MISSES("/%0a"),
        GET_MISSES("/%7f"),
        GET_MISSES("/%c3%a4"),
        GET_MISSES("/%"),
        GET_MISSES("/%4"),
        GET_MISSES("/%4g"),
        GET_MISSES("/%-1"),
        GET_MISSES("/a%?41"),
        GET_MISSES("/.."),
        GET_MISSES("/."),
        GET_MISSES("/../a"),
        GET_MISSES("/a/../b"),
        GET_MISSES("/a/./b"),
        GET_MISSES("/a/.."),
        GET_MISSES("/a/..?x"),
        GET_MISSES("/%2e%2E/a"),
        GET_MISSES("/.%2e/"),
        GET_MISSES("//../"),
        GET_MISSES("/{mac}.xml"),
        GET_MISSES("/<script>"),
        GET_MISSES("/a|b"),
        GET_MISSES("/a^b"),
        GET_MISSES("/a`b"),
        GET_MISSES("/a\"b"),
        GET_MISSES("/[a]"),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
}

static void test_broken_request_lines_close(void **state)
{
    static const struct row rows[] = {
        CLOSES("\r\n\r\n", GATE_REASON_REQUEST_LINE),
        CLOSES("\r\nGET / HTTP/1.1\r\n\r\n", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET  / HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /  HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET / HTTP/1.1 ", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES(" GET / HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /a b HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET\t/\tHTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET / http/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET / HTTP/1.10", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET / HTTPS/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("G(T / HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /\x01 HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /\x7f HTTP/1.1", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET /\xc3\xa4 HTTP/1.1", GATE_REASON_REQUEST_LINE),
        CLOSES("GET / HTTP/1.1\n\n", GATE_REASON_REQUEST_LINE),
        CLOSES("GET / HTTP/1.1\r\r\n\r\n", GATE_REASON_REQUEST_LINE),
        CLOSES("\x16\x03\x01\x02", GATE_REASON_REQUEST_LINE),
        LINE_CLOSES("GET / HTTP/2.0", GATE_REASON_VERSION),
        LINE_CLOSES("GET / HTTP/1.2", GATE_REASON_VERSION),
        LINE_CLOSES("GET / HTTP/0.9", GATE_REASON_VERSION),
        LINE_CLOSES("PRI * HTTP/2.0", GATE_REASON_VERSION),
        LINE_CLOSES("POST / HTTP/3.0", GATE_REASON_VERSION),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
    check_rows(GATE_ADMIN, rows, AP_COUNT(rows));
}

static void test_broken_headers_close(void **state)
{
    static const struct row rows[] = {
        HEADER_CLOSES("Host", GATE_REASON_HEADER),
        HEADER_CLOSES(": a", GATE_REASON_HEADER),
        HEADER_CLOSES("Host : a", GATE_REASON_HEADER),
        HEADER_CLOSES("Ho st: a", GATE_REASON_HEADER),
        HEADER_CLOSES(" Host: a", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\r\n folded", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\r\n\tfolded", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\x01", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\x7f", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\nB: c", GATE_REASON_HEADER),
        HEADER_CLOSES("A: b\rB: c", GATE_REASON_HEADER),
        HEADER_CLOSES("\xc3\xa4: b", GATE_REASON_HEADER),
        HEADER_CLOSES("A(: b", GATE_REASON_HEADER),
        HEADER_CLOSES("Host: a\r\nHost: a", GATE_REASON_HOST),
        HEADER_CLOSES("hOST:a\r\nHost:b", GATE_REASON_HOST),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
    check_rows(GATE_ADMIN, rows, AP_COUNT(rows));
}

static void test_tolerated_headers_pass(void **state)
{
    static const struct row rows[] = {
        ACCEPTED("GET / HTTP/1.1\r\nA:\r\n\r\n", "/"),
        ACCEPTED("GET / HTTP/1.1\r\nA: \t b \t c \t\r\n\r\n", "/"),
        ACCEPTED("GET / HTTP/1.1\r\nUser-Agent: Caf\xc3\xa9 \xff\r\n\r\n", "/"),
        ACCEPTED("GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n", "/"),
        ACCEPTED("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "/"),
        ACCEPTED("HEAD / HTTP/1.0\r\nHost:\r\n\r\n", "/"),
        ACCEPTED("GET / HTTP/1.1\r\nRange: bytes=0-\r\nCookie: a\r\nAccept: */*\r\n\r\n", "/"),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
}

static void test_bodies_of_get_close(void **state)
{
    static const struct row rows[] = {
        HEADER_CLOSES("Content-Length: 1", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 0\r\nContent-Length: 0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 00", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: +0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: -0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 0,0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 0x0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 0 0", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length:", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 99999999999999999999999", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 18446744073709551615", GATE_REASON_BODY),
        HEADER_CLOSES("Transfer-Encoding: chunked", GATE_REASON_BODY),
        HEADER_CLOSES("Transfer-Encoding: identity", GATE_REASON_BODY),
        HEADER_CLOSES("Transfer-Encoding:", GATE_REASON_BODY),
        HEADER_CLOSES("Content-Length: 0\r\nTransfer-Encoding: chunked", GATE_REASON_BODY),
        HEADER_CLOSES("Expect: 100-continue", GATE_REASON_EXPECT),
        HEADER_CLOSES("Expect:", GATE_REASON_EXPECT),
        HEADER_CLOSES("Upgrade: h2c", GATE_REASON_UPGRADE),
        HEADER_CLOSES("Connection: Upgrade\r\nUpgrade: websocket", GATE_REASON_UPGRADE),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
    check_rows(GATE_ADMIN, rows, AP_COUNT(rows));
}

static void test_other_methods_are_refused_for_phones_whatever_the_path(void **state)
{
    static const struct row rows[] = {
        {"POST / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"POST /.. HTTP/1.1\r\nContent-Length: 5\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"PUT /%00 HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"DELETE / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"PATCH / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"OPTIONS * HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"CONNECT a:443 HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"TRACE / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"get / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"GETT / HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        /* Where a body ends is not certain here. */
        CLOSES("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", GATE_REASON_METHOD),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", GATE_REASON_METHOD),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
               GATE_REASON_METHOD),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
               GATE_REASON_METHOD),
    };

    (void)state;
    check_rows(GATE_PHONE, rows, AP_COUNT(rows));
}

static void test_admin_profile_has_bodies_and_a_query(void **state)
{
    static const struct row rows[] = {
        ACCEPTED("POST /api HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "/api"),
        ACCEPTED("PUT /api HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "/api"),
        ACCEPTED("PATCH /api HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", "/api"),
        ACCEPTED("DELETE /api HTTP/1.1\r\n\r\n", "/api"),
        {"POST /api HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_BODY, ""},
        {"PUT /api HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_BODY, ""},
        {"OPTIONS /api HTTP/1.1\r\n\r\n", GATE_REFUSE, GATE_REASON_METHOD, ""},
        {"POST /.. HTTP/1.1\r\nContent-Length: 0\r\n\r\n", GATE_REFUSE, GATE_REASON_TARGET, ""},
        CLOSES("POST /.. HTTP/1.1\r\nContent-Length: 1\r\n\r\n", GATE_REASON_TARGET),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
               GATE_REASON_BODY),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
               GATE_REASON_BODY),
        CLOSES("POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
               GATE_REASON_EXPECT),
    };
    static const char text[] = "POST /a?b=%41&c#d HTTP/1.1\r\nContent-Length: 12\r\n\r\n";
    struct gate_result result;

    (void)state;
    check_rows(GATE_ADMIN, rows, AP_COUNT(rows));
    assert_int_equal(gate_read(GATE_ADMIN, text, strlen(text), &result), GATE_ACCEPT);
    assert_int_equal(result.body_bytes, 12);
    assert_int_equal(result.method, GATE_POST);
    assert_int_equal(result.query.len, 7);
    assert_memory_equal(result.query.data, "b=%41&c", 7);
    assert_int_equal(gate_read(GATE_PHONE, "GET /?a HTTP/1.1\r\n\r\n", 20, &result), GATE_ACCEPT);
    assert_null(result.query.data);
}

static void test_unfinished_heads_need_more(void **state)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n\r\n";
    struct gate_result result;
    char *copy;

    (void)state;
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(read_exact(GATE_PHONE, text, len, &result, &copy), GATE_NEED_MORE);
        assert_int_equal(result.head_bytes, 0);
        assert_null(result.host.data);
        assert_int_equal(result.path_len, 0);
        free(copy);
    }
    assert_int_equal(read_exact(GATE_PHONE, text, strlen(text), &result, &copy), GATE_ACCEPT);
    assert_int_equal(result.head_bytes, strlen(text));
    free(copy);
}

/* Write "GET /", a number of 'a', " HTTP/1.1" so that the line has line_len bytes. */
static size_t put_request_line(char *text, size_t line_len)
{
    memcpy(text, "GET /", 5);
    memset(text + 5, 'a', line_len - 14);
    memcpy(text + line_len - 9, " HTTP/1.1\r\n", 11);
    return line_len + 2;
}

static void test_request_line_has_a_limit(void **state)
{
    static const size_t max = AP_REQUEST_LINE_MAX_BYTES;
    char text[AP_HEAD_MAX_BYTES];
    struct gate_result result;
    size_t len;

    (void)state;
    len = put_request_line(text, max);
    memcpy(text + len, "\r\n", 2);
    assert_int_equal(gate_read(GATE_PHONE, text, len + 2, &result), GATE_ACCEPT);
    assert_int_equal(result.path_len, max - 13);
    len = put_request_line(text, max + 1);
    memcpy(text + len, "\r\n", 2);
    assert_int_equal(gate_read(GATE_PHONE, text, len + 2, &result), GATE_REFUSE_AND_CLOSE);
    assert_int_equal(result.reason, GATE_REASON_HEAD_TOO_LONG);
    /* Known as soon as it is too long. */
    assert_int_equal(gate_read(GATE_PHONE, text, max, &result), GATE_NEED_MORE);
    assert_int_equal(gate_read(GATE_PHONE, text, max + 1, &result), GATE_REFUSE_AND_CLOSE);
}

/* A head of exactly len bytes. */
static void put_head(char *text, size_t len)
{
    static const char begin[] = "GET / HTTP/1.1\r\nX: ";

    memset(text, 'x', len);
    memcpy(text, begin, strlen(begin));
    memcpy(text + len - 4, "\r\n\r\n", 4);
}

static void test_head_has_a_limit(void **state)
{
    char text[AP_HEAD_MAX_BYTES + 1];
    struct gate_result result;

    (void)state;
    put_head(text, AP_HEAD_MAX_BYTES);
    assert_int_equal(gate_read(GATE_PHONE, text, AP_HEAD_MAX_BYTES, &result), GATE_ACCEPT);
    assert_int_equal(result.head_bytes, AP_HEAD_MAX_BYTES);
    assert_int_equal(gate_read(GATE_PHONE, text, AP_HEAD_MAX_BYTES - 1, &result), GATE_NEED_MORE);
    put_head(text, AP_HEAD_MAX_BYTES + 1);
    assert_int_equal(gate_read(GATE_PHONE, text, AP_HEAD_MAX_BYTES + 1, &result),
                     GATE_REFUSE_AND_CLOSE);
    assert_int_equal(result.reason, GATE_REASON_HEAD_TOO_LONG);
    assert_int_equal(gate_read(GATE_PHONE, text, AP_HEAD_MAX_BYTES, &result),
                     GATE_REFUSE_AND_CLOSE);
}

static void test_header_lines_have_a_limit(void **state)
{
    char text[AP_HEAD_MAX_BYTES];
    struct gate_result result;

    (void)state;
    for (int count = AP_HEAD_MAX_LINES; count <= AP_HEAD_MAX_LINES + 1; count++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "A: b\r\n");
        if (count > AP_HEAD_MAX_LINES)
            assert_int_equal(gate_read(GATE_PHONE, text, len, &result), GATE_REFUSE_AND_CLOSE);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
        enum gate_verdict verdict = gate_read(GATE_PHONE, text, len, &result);
        assert_int_equal(verdict, count > AP_HEAD_MAX_LINES ? GATE_REFUSE_AND_CLOSE : GATE_ACCEPT);
        assert_int_equal(result.reason,
                         count > AP_HEAD_MAX_LINES ? GATE_REASON_TOO_MANY_LINES : GATE_REASON_NONE);
    }
}

static bool view_is(const struct gate_text *view, const char *text)
{
    return view->data && view->len == strlen(text) && memcmp(view->data, text, view->len) == 0;
}

static void test_views_are_trimmed_and_the_first_of_a_name_counts(void **state)
{
    static const char text[] = "GET /a HTTP/1.1\r\n"
                               "hOsT:  pbx.example:443 \r\n"
                               "USER-AGENT:\tYealink SIP-T53W 96.86.0.75 80:5e:c0:12:34:56\t \r\n"
                               "User-Agent: another\r\n"
                               "If-None-Match: \"a\", W/\"b\"\r\n"
                               "If-Match: *\r\n"
                               "Idempotency-Key: 4e6f\r\n"
                               "Authorization: Basic YTpi\r\n"
                               "Content-Type:\r\n\r\n";
    struct gate_result result;

    (void)state;
    assert_int_equal(gate_read(GATE_PHONE, text, strlen(text), &result), GATE_ACCEPT);
    assert_true(view_is(&result.host, "pbx.example:443"));
    assert_true(view_is(&result.user_agent, "Yealink SIP-T53W 96.86.0.75 80:5e:c0:12:34:56"));
    assert_true(view_is(&result.if_none_match, "\"a\", W/\"b\""));
    assert_true(view_is(&result.if_match, "*"));
    assert_true(view_is(&result.idempotency_key, "4e6f"));
    assert_true(view_is(&result.authorization, "Basic YTpi"));
    assert_true(view_is(&result.content_type, ""));
    assert_true(result.host.data >= text && result.host.data < text + strlen(text));
}

static void test_close_and_version_are_read(void **state)
{
    static const struct {
        const char *text;
        bool http_1_0, close;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", false, false},
        {"GET / HTTP/1.0\r\n\r\n", true, true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true},
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: CLOSE\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: a\t,\tclose ,b\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: a\r\nConnection: close\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: close\r\nConnection: a\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nConnection: closed, ,x close\r\n\r\n", false, false},
        {"GET / HTTP/1.1\r\nConnection:\r\n\r\n", false, false},
        {"GET /.. HTTP/1.1\r\n\r\n", false, false},
        {"POST / HTTP/1.0\r\n\r\n", true, true},
        {"GET / HTTP/1.1\r\nExpect: x\r\n\r\n", false, true},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct gate_result result;
        (void)gate_read(GATE_PHONE, rows[i].text, strlen(rows[i].text), &result);
        assert_int_equal(result.http_1_0, rows[i].http_1_0);
        assert_int_equal(result.close, rows[i].close);
    }
}

static void test_forwarding_headers_are_noticed(void **state)
{
    static const char *const names[] = {"Forwarded", "X-Forwarded-For", "x-real-ip", "VIA"};
    static const char *const others[] = {"X-Forwarded-Proto", "Forwarded-For", "Vi", "Viaa"};
    struct gate_result result;
    char text[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(names); i++) {
        int len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s: x\r\n\r\n", names[i]);
        assert_int_equal(gate_read(GATE_PHONE, text, (size_t)len, &result), GATE_ACCEPT);
        assert_true(result.has_forwarded);
        len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s: x\r\n\r\n", others[i]);
        assert_int_equal(gate_read(GATE_PHONE, text, (size_t)len, &result), GATE_ACCEPT);
        assert_false(result.has_forwarded);
    }
}

static void test_pipelined_requests_are_read_one_by_one(void **state)
{
    static const char text[] = "GET /a HTTP/1.1\r\n\r\n"
                               "HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /.. HTTP/1.1\r\n\r\n"
                               "GET /c HTTP/1.0\r\n\r\nrest";
    static const char *const paths[] = {"/a", "/b", "", "/c"};
    struct gate_result result;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(paths); i++) {
        enum gate_verdict verdict = gate_read(GATE_PHONE, text + at, strlen(text) - at, &result);
        assert_int_equal(verdict, i == 2 ? GATE_REFUSE : GATE_ACCEPT);
        assert_string_equal(result.path, paths[i]);
        assert_int_equal(result.method, i == 1 ? GATE_HEAD : GATE_GET);
        at += result.head_bytes;
    }
    assert_string_equal(text + at, "rest");
}

static void test_dropped_bodies_have_their_length(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n";
    struct gate_result result;

    (void)state;
    assert_int_equal(gate_read(GATE_PHONE, text, strlen(text), &result), GATE_REFUSE);
    assert_int_equal(result.body_bytes, 70000);
    assert_int_equal(result.method, GATE_POST);
}

static void test_every_reason_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < GATE_REASON_COUNT; i++) {
        assert_true(strlen(gate_reason_name((enum gate_reason)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(gate_reason_name((enum gate_reason)i),
                                    gate_reason_name((enum gate_reason)j));
    }
}

static void test_gate_allocates_nothing(void **state)
{
    static const char text[] = "GET /a%3Ab HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    struct gate_result result;

    (void)state;
    alloc_fault_arm(0, 0);
    assert_int_equal(gate_read(GATE_PHONE, text, strlen(text), &result), GATE_ACCEPT);
    assert_int_equal(alloc_fault_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_are_brought_into_canonical_form),
        cmocka_unit_test(test_forbidden_targets_are_a_miss),
        cmocka_unit_test(test_broken_request_lines_close),
        cmocka_unit_test(test_broken_headers_close),
        cmocka_unit_test(test_tolerated_headers_pass),
        cmocka_unit_test(test_bodies_of_get_close),
        cmocka_unit_test(test_other_methods_are_refused_for_phones_whatever_the_path),
        cmocka_unit_test(test_admin_profile_has_bodies_and_a_query),
        cmocka_unit_test(test_unfinished_heads_need_more),
        cmocka_unit_test(test_request_line_has_a_limit),
        cmocka_unit_test(test_head_has_a_limit),
        cmocka_unit_test(test_header_lines_have_a_limit),
        cmocka_unit_test(test_views_are_trimmed_and_the_first_of_a_name_counts),
        cmocka_unit_test(test_close_and_version_are_read),
        cmocka_unit_test(test_forwarding_headers_are_noticed),
        cmocka_unit_test(test_pipelined_requests_are_read_one_by_one),
        cmocka_unit_test(test_dropped_bodies_have_their_length),
        cmocka_unit_test(test_every_reason_has_its_own_name),
        cmocka_unit_test(test_gate_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
