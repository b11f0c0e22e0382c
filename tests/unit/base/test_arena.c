/* Request memory: ceilings, alignment, reset. */
#include "autoprov/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

static void test_arena_that_was_not_made_gives_nothing(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_strdup(&arena, ""));
    arena_reset(&arena);
    arena_done(&arena);
}

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    struct arena arena;
    unsigned char *pieces[200];

    (void)state;
    arena_init(&arena, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            pieces[i] = arena_alloc(&arena, i);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            for (size_t at = 0; at < i; at++)
                assert_int_equal(pieces[i][at], 0);
            memset(pieces[i], (int)i, i);
        }
        for (size_t i = 0; i < 200; i++) {
            for (size_t at = 0; at < i; at++)
                assert_int_equal(pieces[i][at], i);
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
    arena_done(&arena);
}

static void test_ceiling_counts_all_pieces_together(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 10000);
    assert_null(arena_alloc(&arena, 10001));
    assert_non_null(arena_alloc(&arena, 9000));
    assert_null(arena_alloc(&arena, 1001));
    assert_non_null(arena_alloc(&arena, 992));
    assert_true(arena.taken_bytes <= arena.max_bytes);
    assert_null(arena_alloc(&arena, 16));
    arena_reset(&arena);
    assert_int_equal(arena.taken_bytes, 0);
    assert_non_null(arena_alloc(&arena, 10000));
    assert_null(arena_alloc(&arena, 0));
    arena_done(&arena);
    assert_non_null(arena_alloc(&arena, 5000));
    arena_done(&arena);
}

static void test_overflowing_sizes_give_nothing(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc_array(&arena, 3, SIZE_MAX / 2));
    assert_null(arena_strndup(&arena, "x", SIZE_MAX));
    assert_non_null(arena_alloc_array(&arena, 0, 8));
    assert_non_null(arena_alloc_array(&arena, 8, 0));
    assert_non_null(arena_alloc_array(&arena, 100, 100));
    arena_done(&arena);
}

static void test_reset_keeps_one_block_for_the_next_request(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    void *first = arena_alloc(&arena, 100);
    for (int i = 0; i < 20; i++)
        assert_non_null(arena_alloc(&arena, 3000));
    assert_non_null(arena_alloc(&arena, 100000));
    arena_reset(&arena);
    alloc_fault_arm(0, 0);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    assert_non_null(arena_alloc(&arena, 3000));
    assert_int_equal(alloc_fault_count(), 0);
    arena_done(&arena);
    assert_null(arena.newest);
}

static void test_reset_does_not_keep_a_large_block(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_non_null(arena_alloc(&arena, 500000));
    arena_reset(&arena);
    assert_null(arena.newest);
    arena_done(&arena);
}

static void test_reset_wipes_the_block_that_it_keeps(void **state)
{
    static const char ZERO[7];
    struct arena arena;

    (void)state;
    arena_init(&arena, 4096);
    char *secret = arena_strdup(&arena, "secret");
    assert_non_null(secret);
    arena_reset(&arena);
    assert_memory_equal(secret, ZERO, sizeof(ZERO));
    arena_done(&arena);
}

static void test_copies_end_in_nul(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 4096);
    assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
    assert_string_equal(arena_strdup(&arena, "abcdef"), "abcdef");
    assert_memory_equal(arena_strndup(&arena, "a\0b", 3), "a\0b", 4);
    arena_done(&arena);
}

static int fill(void *data)
{
    struct arena arena;
    int err = 0;

    (void)data;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 12; i++) {
        if (!arena_alloc(&arena, i % 4 == 3 ? 9000 : 1500))
            err = AP_ENOMEM;
    }
    arena_reset(&arena);
    if (!arena_strdup(&arena, "after"))
        err = AP_ENOMEM;
    arena_done(&arena);
    return err;
}

static void test_failed_allocation_gives_null_and_leaves_the_rest(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(fill, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_that_was_not_made_gives_nothing),
        cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_ceiling_counts_all_pieces_together),
        cmocka_unit_test(test_overflowing_sizes_give_nothing),
        cmocka_unit_test(test_reset_keeps_one_block_for_the_next_request),
        cmocka_unit_test(test_reset_does_not_keep_a_large_block),
        cmocka_unit_test(test_reset_wipes_the_block_that_it_keeps),
        cmocka_unit_test(test_copies_end_in_nul),
        cmocka_unit_test(test_failed_allocation_gives_null_and_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
