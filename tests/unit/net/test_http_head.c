/* Heads that are used again: which answers are alike, and what is replaced. */
#include "http_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

#define TAG_A "\"00112233445566778899aabbccddeeff\""
#define TAG_B "\"ffeeddccbbaa99887766554433221100\""

static struct http_answer answer_of(int status, const char *type, const char *etag)
{
    struct http_answer answer = {.status = status, .content_type = type};

    (void)snprintf(answer.etag, sizeof(answer.etag), "%s", etag);
    return answer;
}

/* As libmicrohttpd writes one; length_first: the order is not relied upon. */
static void make_head(const struct http_answer *answer, size_t body_bytes, bool length_first,
                      struct buf *head)
{
    char length[64], etag[64] = "";

    (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", body_bytes);
    if (answer->etag[0])
        (void)snprintf(etag, sizeof(etag), "ETag: %s\r\n", answer->etag);
    buf_init(head, 4096);
    assert_int_equal(buf_printf(head, "HTTP/1.1 %d X\r\nDate: now\r\n%s%s%s%s%s\r\n",
                                answer->status, length_first ? length : "",
                                answer->content_type ? "Content-Type: " : "",
                                answer->content_type ? answer->content_type : "",
                                answer->content_type ? "\r\n" : "", etag),
                     0);
    if (!length_first) {
        head->len -= 2;
        assert_int_equal(buf_append_text(head, length), 0);
        assert_int_equal(buf_append_text(head, "\r\n"), 0);
    }
}

/* Keep a head, in the second that it is now: time() may step between, so once more then. */
static void keep(struct http_heads *heads, const struct http_answer *answer, size_t body_bytes,
                 const struct buf *head)
{
    unsigned before = heads->next;

    for (int i = 0; i < 3 && heads->next == before; i++)
        http_heads_keep(heads, answer, body_bytes, time(NULL), head);
}

static void test_etag_and_length_are_those_of_the_answer(void **state)
{
    static const struct {
        const char *kept_tag, *tag;
        size_t kept_bytes, bytes;
    } ROWS[] = {
        {TAG_A, TAG_B, 6870, 7}, {TAG_A, TAG_B, 9, 1234567},
        {TAG_A, TAG_A, 10, 10},  {"", "", 10, 0},
        {"", "", 0, 99},
    };

    (void)state;
    for (size_t i = 0; i < 2 * AP_COUNT(ROWS); i++) {
        bool length_first = i >= AP_COUNT(ROWS);
        size_t row = i % AP_COUNT(ROWS);
        struct http_heads heads = {.next = 0};
        const struct http_answer first = answer_of(200, "text/xml", ROWS[row].kept_tag);
        const struct http_answer second = answer_of(200, "text/xml", ROWS[row].tag);
        struct buf made, expected, out;
        make_head(&first, ROWS[row].kept_bytes, length_first, &made);
        make_head(&second, ROWS[row].bytes, length_first, &expected);
        buf_init(&out, 4096);
        assert_int_equal(buf_append_text(&out, "before"), 0);
        bool written = false;
        for (int again = 0; again < 3 && !written; again++) { /* a second may end between */
            keep(&heads, &first, ROWS[row].kept_bytes, &made);
            written = http_heads_write(&heads, &second, ROWS[row].bytes, &out);
        }
        assert_true(written);
        assert_int_equal(out.len, strlen("before") + expected.len);
        assert_memory_equal(out.data + strlen("before"), expected.data, expected.len);
        buf_done(&made);
        buf_done(&expected);
        buf_done(&out);
    }
}

static void test_only_an_answer_of_the_same_kind_gets_it(void **state)
{
    struct http_answer kept = answer_of(200, "text/xml", TAG_A);
    struct http_answer other[] = {
        answer_of(304, "text/xml", TAG_A), answer_of(200, "text/plain", TAG_A),
        answer_of(200, NULL, TAG_A),       answer_of(200, "text/xml", ""),
        answer_of(200, "text/xml", TAG_A), answer_of(200, "text/xml", TAG_A),
        answer_of(200, "text/xml", TAG_A), answer_of(200, "text/xml", TAG_A),
        answer_of(200, "text/xml", TAG_A), answer_of(200, "text/xml", "\"0123-1\""),
    };
    struct http_heads heads = {.next = 0};
    struct buf made, out;

    (void)state;
    other[4].allow = "GET";
    other[5].authenticate[0] = "Basic";
    other[6].set_cookie = "a=b";
    other[7].retry_after_s = 1;
    other[8].cache = HTTP_CACHE_ASK;
    make_head(&kept, 5, false, &made);
    keep(&heads, &kept, 5, &made);
    buf_init(&out, 4096);
    for (size_t i = 0; i < AP_COUNT(other); i++) {
        assert_false(http_heads_write(&heads, &other[i], 5, &out));
        assert_int_equal(out.len, 0);
    }
    buf_done(&made);
    buf_done(&out);
}

static void test_what_cannot_be_replaced_is_not_kept(void **state)
{
    const struct http_answer plain = answer_of(200, "text/xml", TAG_A);
    struct http_answer asking = plain;
    struct http_heads heads = {.next = 0};
    struct buf good, large, odd;
    time_t now = time(NULL);

    (void)state;
    asking.authenticate[0] = "Basic";
    make_head(&plain, 5, false, &good);
    make_head(&plain, 5, false, &large);
    while (large.len <= HTTP_HEAD_KEPT_BYTES)
        assert_int_equal(buf_append_text(&large, "more and more "), 0);
    buf_init(&odd, 4096);
    assert_int_equal(buf_append_text(&odd, "HTTP/1.1 200 OK\r\n\r\n"), 0);
    http_heads_keep(&heads, &asking, 5, now, &good);
    http_heads_keep(&heads, &plain, 5, now - 1, &good); /* of another second */
    http_heads_keep(&heads, &plain, 6, now, &good);     /* another length */
    http_heads_keep(&heads, &plain, 5, now, &large);
    http_heads_keep(&heads, &plain, 5, now, &odd);
    assert_int_equal(heads.next, 0);
    for (size_t i = 0; i < HTTP_HEADS_KEPT; i++)
        assert_int_equal(heads.kept[i].second, 0);
    buf_done(&good);
    buf_done(&large);
    buf_done(&odd);
}

static void test_a_head_ends_with_its_second(void **state)
{
    const struct http_answer answer = answer_of(200, "text/xml", TAG_A);
    struct http_heads heads = {.next = 0};
    struct buf made, out;

    (void)state;
    make_head(&answer, 5, false, &made);
    keep(&heads, &answer, 5, &made);
    heads.kept[0].second--;
    buf_init(&out, 4096);
    assert_false(http_heads_write(&heads, &answer, 5, &out));
    buf_done(&made);
    buf_done(&out);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_etag_and_length_are_those_of_the_answer),
        TEST(test_only_an_answer_of_the_same_kind_gets_it),
        TEST(test_what_cannot_be_replaced_is_not_kept),
        TEST(test_a_head_ends_with_its_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
