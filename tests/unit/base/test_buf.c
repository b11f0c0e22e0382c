/* Growing bytes: ceilings, the NUL behind the content, wiping. */
#include "autoprov/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "support/alloc_fault.h"

static void check(const struct buf *buf)
{
    assert_true(buf->len <= buf->max);
    assert_true(buf->cap <= buf->max + 1);
    if (buf->data) {
        assert_true(buf->cap > buf->len);
        assert_int_equal(buf->data[buf->len], '\0');
    } else {
        assert_int_equal(buf->len, 0);
        assert_int_equal(buf->cap, 0);
    }
}

static void test_new_buffer_owns_no_memory(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    check(&buf);
    assert_null(buf.data);
    buf_reset(&buf);
    buf_consume(&buf, 0);
    check(&buf);
    buf_done(&buf);
    buf_done(&buf);
}

static void test_content_grows_to_its_ceiling_and_not_beyond(void **state)
{
    static const size_t CEILINGS[] = {0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, 4097};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CEILINGS); i++) {
        for (size_t piece = 1; piece <= 700; piece += 233) {
            struct buf buf;
            int err = 0;
            size_t put = 0;
            char data[700];

            memset(data, 'd', sizeof(data));
            buf_init(&buf, CEILINGS[i]);
            while ((err = buf_append(&buf, data, piece)) == 0) {
                put += piece;
                check(&buf);
            }
            assert_int_equal(err, AP_ERANGE);
            check(&buf);
            assert_int_equal(buf.len, put);
            assert_true(put + piece > CEILINGS[i]);
            assert_int_equal(buf_append(&buf, data, 0), 0);
            buf_done(&buf);
            check(&buf);
        }
    }
}

static void test_huge_sizes_do_not_overflow(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, SIZE_MAX);
    assert_int_equal(buf_append(&buf, "abc", 3), 0);
    assert_int_equal(buf_reserve(&buf, SIZE_MAX), AP_ERANGE);
    assert_int_equal(buf_reserve(&buf, SIZE_MAX - 3), AP_ERANGE);
    assert_string_equal(buf.data, "abc");
    check(&buf);
    buf_done(&buf);
}

static void test_reserved_room_is_there(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5000);
    assert_int_equal(buf_append_text(&buf, "head"), 0);
    assert_int_equal(buf_reserve(&buf, 4996), 0);
    memset(buf.data + buf.len, 'x', 4996);
    assert_memory_equal(buf.data, "headx", 5);
    assert_int_equal(buf_reserve(&buf, 4997), AP_ERANGE);
    buf_done(&buf);
}

static void test_printf_appends_or_leaves_the_content(void **state)
{
    struct buf buf;
    char long_text[600];

    (void)state;
    memset(long_text, 'l', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    buf_init(&buf, 620);
    assert_int_equal(buf_printf(&buf, "%s=%d;", "a", -5), 0);
    assert_string_equal(buf.data, "a=-5;");
    assert_int_equal(buf_printf(&buf, "%s", long_text), 0);
    assert_int_equal(buf.len, 604);
    assert_int_equal(buf_printf(&buf, "%s", long_text), AP_ERANGE);
    assert_int_equal(buf.len, 604);
    check(&buf);
    assert_int_equal(buf_printf(&buf, "%s", ""), 0);
    buf_done(&buf);
}

static void test_consume_keeps_what_follows(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    assert_int_equal(buf_append_text(&buf, "GET /next"), 0);
    buf_consume(&buf, 0);
    assert_string_equal(buf.data, "GET /next");
    buf_consume(&buf, 4);
    assert_string_equal(buf.data, "/next");
    check(&buf);
    buf_consume(&buf, 5);
    assert_string_equal(buf.data, "");
    check(&buf);
    buf_done(&buf);
}

/* Room for the front in the back's memory, none, more than the front may have; ceilings; secrets.
 */
static void test_two_are_joined_in_whichever_memory_has_room(void **state)
{
    static const struct {
        size_t front, back, back_max, front_max;
        bool front_secret, back_secret;
        int err;
        bool stays;
    } ROWS[] = {
        {3, 5, 1000, 1000, false, false, 0, true},
        {3, 5, 1000, 1000, true, false, 0, true},
        {3, 5, 1000, 1000, false, true, 0, true},
        {0, 5, 1000, 1000, true, true, 0, true},
        {3, 0, 100, 100, false, false, 0, false},
        {0, 0, 100, 100, false, false, 0, false},
        {3, 300, 1000, 400, false, true, 0, false},
        {60, 255, 255, 1000, true, true, 0, false},
        {60, 255, 1000, 400, false, true, 0, false},
        {250, 250, 1000, 500, true, true, 0, false},
        {250, 251, 1000, 500, true, true, AP_ERANGE, false},
        {8, 8, 20, 8, false, false, AP_ERANGE, false},
    };
    char front_bytes[300], back_bytes[300], both[600];

    (void)state;
    memset(front_bytes, 'f', sizeof(front_bytes));
    memset(back_bytes, 'b', sizeof(back_bytes));
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct buf front, back;
        buf_init(&front, ROWS[i].front_max);
        buf_init(&back, ROWS[i].back_max);
        front.secret = ROWS[i].front_secret;
        back.secret = ROWS[i].back_secret;
        assert_int_equal(buf_append(&front, front_bytes, ROWS[i].front), 0);
        assert_int_equal(buf_append(&back, back_bytes, ROWS[i].back), 0);
        const char *memory = back.data;
        assert_int_equal(buf_join(&front, &back), ROWS[i].err);
        check(&front);
        check(&back);
        bool joined = ROWS[i].err == 0;
        assert_int_equal(front.len, ROWS[i].front + (joined ? ROWS[i].back : 0));
        assert_int_equal(back.len, joined ? 0 : ROWS[i].back);
        memcpy(both, front_bytes, ROWS[i].front);
        memcpy(both + ROWS[i].front, back_bytes, ROWS[i].back);
        if (front.len > 0)
            assert_memory_equal(front.data, both, front.len);
        if (ROWS[i].stays)
            assert_ptr_equal(front.data, memory);
        if (joined)
            assert_int_equal(front.secret, ROWS[i].front_secret || ROWS[i].back_secret);
        assert_int_equal(front.max, ROWS[i].front_max);
        buf_done(&front);
        buf_done(&back);
    }
}

static void test_two_that_cannot_be_joined_stay(void **state)
{
    struct buf front, back;

    (void)state;
    buf_init_secret(&front, 1000);
    buf_init_secret(&back, 300);
    assert_int_equal(buf_append_text(&front, "front"), 0);
    assert_int_equal(buf_reserve(&back, 299), 0);
    while (back.len < 298)
        assert_int_equal(buf_append(&back, "b", 1), 0);
    alloc_fault_arm(1, 1);
    assert_int_equal(buf_join(&front, &back), AP_ENOMEM);
    alloc_fault_arm(0, 0);
    assert_string_equal(front.data, "front");
    assert_int_equal(back.len, 298);
    buf_done(&front);
    buf_done(&back);
}

static void test_reset_keeps_the_memory_and_done_the_ceiling(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 8);
    assert_int_equal(buf_append_text(&buf, "12345678"), 0);
    const char *memory = buf.data;
    buf_reset(&buf);
    assert_ptr_equal(buf.data, memory);
    check(&buf);
    buf_done(&buf);
    assert_int_equal(buf_append_text(&buf, "123456789"), AP_ERANGE);
    assert_int_equal(buf_append_text(&buf, "12345678"), 0);
    buf_done(&buf);
}

static void test_secret_content_is_wiped_by_reset_and_consume(void **state)
{
    static const char ZERO[16];
    struct buf buf;

    (void)state;
    buf_init_secret(&buf, 100);
    assert_int_equal(buf_append_text(&buf, "0123456789abcdef"), 0);
    buf_consume(&buf, 10);
    assert_string_equal(buf.data, "abcdef");
    assert_memory_equal(buf.data + 6, ZERO, 10);
    buf_reset(&buf);
    assert_memory_equal(buf.data, ZERO, 16);
    check(&buf);
    buf_done(&buf);
    assert_true(buf.secret);
}

static void test_secret_content_survives_growth(void **state)
{
    struct buf buf;
    char expected[3001];

    (void)state;
    buf_init_secret(&buf, 3000);
    for (size_t i = 0; i < 3000; i++) {
        expected[i] = (char)('a' + i % 26);
        assert_int_equal(buf_append(&buf, &expected[i], 1), 0);
        check(&buf);
    }
    expected[3000] = '\0';
    assert_string_equal(buf.data, expected);
    buf_done(&buf);
}

static int fill(void *data)
{
    struct buf buf;
    int err = 0;

    if (*(bool *)data)
        buf_init_secret(&buf, 5000);
    else
        buf_init(&buf, 5000);
    for (size_t i = 0; !err && i < 40; i++) {
        size_t before = buf.len;
        err = i % 2 ? buf_append(&buf, "0123456789abcdef0123456789abcdef", 32)
                    : buf_printf(&buf, "%040zu", i);
        check(&buf);
        if (err)
            assert_int_equal(buf.len, before);
    }
    buf_done(&buf);
    return err;
}

static void test_failed_allocation_leaves_the_content(void **state)
{
    bool secret = false;

    (void)state;
    assert_true(alloc_fault_run(fill, &secret) > 3);
    secret = true;
    assert_true(alloc_fault_run(fill, &secret) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_buffer_owns_no_memory),
        cmocka_unit_test(test_content_grows_to_its_ceiling_and_not_beyond),
        cmocka_unit_test(test_huge_sizes_do_not_overflow),
        cmocka_unit_test(test_reserved_room_is_there),
        cmocka_unit_test(test_printf_appends_or_leaves_the_content),
        cmocka_unit_test(test_consume_keeps_what_follows),
        cmocka_unit_test(test_two_are_joined_in_whichever_memory_has_room),
        cmocka_unit_test(test_two_that_cannot_be_joined_stay),
        cmocka_unit_test(test_reset_keeps_the_memory_and_done_the_ceiling),
        cmocka_unit_test(test_secret_content_is_wiped_by_reset_and_consume),
        cmocka_unit_test(test_secret_content_survives_growth),
        cmocka_unit_test(test_failed_allocation_leaves_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
