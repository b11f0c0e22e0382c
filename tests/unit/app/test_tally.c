/* What one worker counts of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/tally.h"

static void test_an_answer_is_in_the_first_bucket_that_holds_its_time(void **state)
{
    static const struct {
        int64_t duration_us;
        size_t bucket;
    } CASES[] = {
        {-5, 0},      {0, 0},        {250, 0},      {251, 1},
        {999999, 11}, {1000000, 11}, {1000001, 12}, {INT64_MAX, 12},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        struct tally *tally = NULL;
        struct tally_sum sum = {.renders = 0};
        assert_int_equal(tally_new(1, &tally), 0);
        tally_answer(tally, 0, TALLY_SERVED, CASES[i].duration_us);
        tally_add(tally, &sum);
        for (size_t j = 0; j <= TALLY_BOUND_COUNT; j++) {
            if (sum.buckets[j] != (j == CASES[i].bucket))
                fail_msg("%lld: bucket %zu", (long long)CASES[i].duration_us, j);
        }
        tally_free(tally);
    }
}

static void test_outcomes_are_counted_for_each_listener(void **state)
{
    struct tally *tally = NULL;
    uint64_t first[TALLY_OUTCOME_COUNT] = {0}, second[TALLY_OUTCOME_COUNT] = {0};

    (void)state;
    assert_int_equal(tally_new(2, &tally), 0);
    tally_answer(tally, 0, TALLY_SERVED, 1);
    tally_answer(tally, 1, TALLY_MISSED, 1);
    tally_answer(tally, 1, TALLY_MISSED, 1);
    tally_answer(tally, 2, TALLY_FAILED, 1); /* no such listener: timed, but not counted */
    tally_add_outcomes(tally, 0, first);
    tally_add_outcomes(tally, 1, second);
    tally_add_outcomes(tally, 2, second);
    assert_int_equal(first[TALLY_SERVED], 1);
    assert_int_equal(first[TALLY_MISSED], 0);
    assert_int_equal(second[TALLY_MISSED], 2);
    assert_int_equal(second[TALLY_FAILED], 0);
    tally_free(tally);
}

static void test_tallies_of_all_workers_are_added_up(void **state)
{
    struct tally *tallies[2] = {NULL, NULL};
    struct tally_sum sum = {.renders = 0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tally_new(1, &tallies[i]), 0);
        tally_render(tallies[i], 0);
        tally_render(tallies[i], AP_ERANGE);
        tally_answer(tallies[i], 0, TALLY_SERVED, 100);
        tally_add(tallies[i], &sum);
    }
    assert_int_equal(sum.renders, 4);
    assert_int_equal(sum.render_errors, 2);
    assert_int_equal(sum.duration_us, 200);
    assert_int_equal(sum.buckets[0], 2);
    for (size_t i = 0; i < 2; i++)
        tally_free(tallies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_in_the_first_bucket_that_holds_its_time),
        cmocka_unit_test(test_outcomes_are_counted_for_each_listener),
        cmocka_unit_test(test_tallies_of_all_workers_are_added_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
