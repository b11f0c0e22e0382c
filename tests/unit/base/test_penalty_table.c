/* Penalties by a clock of the test's own; the table when it is full; many threads. */
#include "autoprov/penalty_table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "support/alloc_fault.h"

#define START_MS     INT64_C(1000000)
#define FREE_GUESSES (AP_PENALTY_ACTIVE_MS / AP_PENALTY_GUESS_MS)

static struct source_key key_of(uint32_t number)
{
    struct source_key key = {{4}};

    memcpy(key.bytes + 1, &number, sizeof(number));
    return key;
}

static int open_table(void **state)
{
    struct penalty_table *table = NULL;

    assert_int_equal(penalty_table_new(&table), 0);
    *state = table;
    return 0;
}

static int close_table(void **state)
{
    penalty_table_free(*state);
    return 0;
}

static struct penalty_totals totals_at(struct penalty_table *table, int64_t now_ms)
{
    struct penalty_totals totals;

    penalty_table_totals(table, now_ms, &totals);
    return totals;
}

/* So many guesses at once; true when one of them made the source penalised. */
static bool guess(struct penalty_table *table, const struct source_key *key, int count,
                  int64_t now_ms)
{
    bool became = false;

    for (int i = 0; i < count; i++)
        became = penalty_table_guess(table, key, now_ms) || became;
    return became;
}

static void test_below_the_threshold_nothing_happens(void **state)
{
    struct source_key key = key_of(1);

    assert_false(guess(*state, &key, FREE_GUESSES, START_MS));
    assert_false(penalty_table_is_penalised(*state, &key, START_MS));
    assert_int_equal(totals_at(*state, START_MS).sources, 0);
}

static void test_one_guess_more_and_the_source_is_penalised_once(void **state)
{
    struct source_key key = key_of(1), other = key_of(2);

    assert_false(guess(*state, &key, FREE_GUESSES, START_MS));
    assert_true(penalty_table_guess(*state, &key, START_MS));
    assert_false(guess(*state, &key, 100, START_MS));
    assert_true(penalty_table_is_penalised(*state, &key, START_MS));
    assert_false(penalty_table_is_penalised(*state, &other, START_MS));
    assert_int_equal(totals_at(*state, START_MS).sources, 1);
    assert_int_equal(totals_at(*state, START_MS).became_sources, 1);
}

static void test_penalties_decay_with_time(void **state)
{
    struct source_key key = key_of(1);
    int64_t now_ms = START_MS;

    /* As many as decay: nothing adds up. */
    for (int i = 0; i < 10 * FREE_GUESSES; i++) {
        assert_false(penalty_table_guess(*state, &key, now_ms));
        now_ms += AP_PENALTY_GUESS_MS;
    }
    assert_false(penalty_table_is_penalised(*state, &key, now_ms));
    /* Two for each that decays: half of them add up. */
    for (int i = 0; i < FREE_GUESSES - 1; i++) {
        assert_false(guess(*state, &key, 2, now_ms));
        now_ms += AP_PENALTY_GUESS_MS;
    }
    assert_true(guess(*state, &key, 3, now_ms));
}

static void test_a_penalised_source_stays_so_until_its_penalty_has_run_out(void **state)
{
    struct source_key key = key_of(1);
    int64_t end_ms = START_MS + (FREE_GUESSES + 1) * (int64_t)AP_PENALTY_GUESS_MS;

    assert_true(guess(*state, &key, FREE_GUESSES + 1, START_MS));
    assert_true(penalty_table_is_penalised(*state, &key, end_ms - 1));
    assert_false(penalty_table_is_penalised(*state, &key, end_ms));
    assert_int_equal(totals_at(*state, end_ms).sources, 0);
    /* The next one begins from nothing. */
    assert_false(guess(*state, &key, FREE_GUESSES, end_ms));
    assert_false(penalty_table_is_penalised(*state, &key, end_ms));
    assert_true(guess(*state, &key, 1, end_ms));
    assert_int_equal(totals_at(*state, end_ms).became_sources, 2);
}

static void test_a_penalty_has_a_ceiling(void **state)
{
    struct source_key key = key_of(1);

    assert_true(guess(*state, &key, 100000, START_MS));
    assert_true(penalty_table_is_penalised(*state, &key, START_MS + AP_PENALTY_MAX_MS - 1));
    assert_false(penalty_table_is_penalised(*state, &key, START_MS + AP_PENALTY_MAX_MS));
}

static void test_ipv4_and_ipv6_sources_of_the_same_bytes_are_apart(void **state)
{
    struct source_key four = {{4, 1, 2, 3, 4}}, six = {{6, 1, 2, 3, 4}};

    assert_true(guess(*state, &four, FREE_GUESSES + 1, START_MS));
    assert_false(penalty_table_is_penalised(*state, &six, START_MS));
    assert_true(guess(*state, &six, FREE_GUESSES + 1, START_MS));
    assert_int_equal(totals_at(*state, START_MS).sources, 2);
}

static void test_the_zero_address_is_a_source_like_others(void **state)
{
    struct source_key zero = {{4}};

    assert_true(guess(*state, &zero, FREE_GUESSES + 1, START_MS));
    assert_true(penalty_table_is_penalised(*state, &zero, START_MS));
}

static void test_no_address_is_no_source(void **state)
{
    struct source_key none = {{0}};

    assert_false(guess(*state, &none, 10 * FREE_GUESSES, START_MS));
    assert_false(penalty_table_is_penalised(*state, &none, START_MS));
}

/* -- memory is bounded ------------------------------------------------------------------------- */

static unsigned count_penalised(struct penalty_table *table, uint32_t first, uint32_t count,
                                int64_t now_ms)
{
    unsigned found = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct source_key key = key_of(first + i);
        found += penalty_table_is_penalised(table, &key, now_ms) ? 1 : 0;
    }
    return found;
}

static void test_ten_thousand_sources_have_room(void **state)
{
    for (uint32_t i = 0; i < 10000; i++) {
        struct source_key key = key_of(i);
        guess(*state, &key, FREE_GUESSES + 1, START_MS);
    }
    /* A full set is as good as impossible: see penalty_table.c. */
    assert_int_equal(totals_at(*state, START_MS).sources, 10000);
}

static void test_when_full_the_weakest_penalty_gives_way(void **state)
{
    const uint32_t strong = 1000, weak = 2 * AP_PENALTY_SOURCES_MAX;

    for (uint32_t i = 0; i < strong; i++) {
        struct source_key key = key_of(i);
        guess(*state, &key, 3 * FREE_GUESSES, START_MS);
    }
    for (uint32_t i = 0; i < weak; i++) {
        struct source_key key = key_of(strong + i);
        guess(*state, &key, FREE_GUESSES + 1, START_MS);
    }
    assert_int_equal(count_penalised(*state, 0, strong, START_MS), strong);
    assert_in_range(totals_at(*state, START_MS).sources, AP_PENALTY_SOURCES_MAX * 9 / 10,
                    AP_PENALTY_SOURCES_MAX);
    /* The last one that came always has its place. */
    assert_int_equal(count_penalised(*state, strong + weak - 1, 1, START_MS), 1);
}

static void test_a_flood_of_ipv6_drives_no_ipv4_source_out(void **state)
{
    struct source_key four = key_of(7);

    guess(*state, &four, FREE_GUESSES + 1, START_MS);
    for (uint32_t i = 0; i < 2 * AP_PENALTY_SOURCES_MAX; i++) {
        struct source_key six = key_of(i);
        six.bytes[0] = 6;
        guess(*state, &six, FREE_GUESSES + 2, START_MS);
    }
    assert_true(penalty_table_is_penalised(*state, &four, START_MS));
}

/* -- held misses ------------------------------------------------------------------------------- */

static void test_a_source_holds_eight_misses_at_most(void **state)
{
    struct source_key a = key_of(1), b = key_of(2);

    for (int i = 0; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        assert_int_equal(penalty_table_hold(*state, &a, START_MS), 0);
    assert_int_equal(penalty_table_hold(*state, &a, START_MS), AP_EBUSY);
    assert_int_equal(penalty_table_hold(*state, &b, START_MS), 0);
    assert_int_equal(totals_at(*state, START_MS).held, AP_HELD_MISSES_PER_SOURCE_MAX + 1);
    assert_int_equal(totals_at(*state, START_MS).closed_misses, 1);
    penalty_table_release(*state, &a);
    assert_int_equal(penalty_table_hold(*state, &a, START_MS), 0);
    assert_int_equal(penalty_table_hold(*state, &a, START_MS), AP_EBUSY);
    assert_int_equal(totals_at(*state, START_MS).held_misses, AP_HELD_MISSES_PER_SOURCE_MAX + 2);
}

static void test_all_sources_hold_1024_misses_at_most(void **state)
{
    struct source_key more = key_of(AP_HELD_MISSES_MAX);

    for (uint32_t i = 0; i < AP_HELD_MISSES_MAX; i++) {
        struct source_key key = key_of(i);
        assert_int_equal(penalty_table_hold(*state, &key, START_MS), 0);
    }
    assert_int_equal(penalty_table_hold(*state, &more, START_MS), AP_EBUSY);
    for (uint32_t i = 0; i < AP_HELD_MISSES_MAX; i++) {
        struct source_key key = key_of(i);
        penalty_table_release(*state, &key);
    }
    assert_int_equal(totals_at(*state, START_MS).held, 0);
    assert_int_equal(penalty_table_hold(*state, &more, START_MS), 0);
}

/* Else its release would be somebody else's. */
static void test_a_source_with_held_misses_keeps_its_place_in_a_flood(void **state)
{
    struct source_key key = key_of(0);

    assert_int_equal(penalty_table_hold(*state, &key, START_MS), 0);
    for (uint32_t i = 1; i < 4 * AP_PENALTY_SOURCES_MAX; i++) {
        struct source_key other = key_of(i);
        guess(*state, &other, 2, START_MS);
    }
    for (int i = 1; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        assert_int_equal(penalty_table_hold(*state, &key, START_MS), 0);
    assert_int_equal(penalty_table_hold(*state, &key, START_MS), AP_EBUSY);
    for (int i = 0; i < AP_HELD_MISSES_PER_SOURCE_MAX; i++)
        penalty_table_release(*state, &key);
    assert_int_equal(totals_at(*state, START_MS).held, 0);
}

/* -- threads ----------------------------------------------------------------------------------- */

struct crowd {
    pthread_t thread;
    struct penalty_table *table;
    unsigned seed;
    unsigned held, refused, became;
};

static void *hammer(void *data)
{
    struct crowd *crowd = data;

    for (int i = 0; i < 20000; i++) {
        struct source_key key = key_of((uint32_t)rand_r(&crowd->seed) % 20);
        crowd->became += penalty_table_guess(crowd->table, &key, START_MS) ? 1 : 0;
        if (penalty_table_hold(crowd->table, &key, START_MS) != 0) {
            crowd->refused++;
            continue;
        }
        crowd->held++;
        penalty_table_release(crowd->table, &key);
    }
    return NULL;
}

static void test_threads_count_the_same_things(void **state)
{
    struct crowd crowds[4];
    unsigned held = 0, refused = 0, became = 0;

    for (unsigned i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){.table = *state, .seed = i + 1};
        assert_int_equal(pthread_create(&crowds[i].thread, NULL, hammer, &crowds[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(crowds[i].thread, NULL), 0);
        held += crowds[i].held;
        refused += crowds[i].refused;
        became += crowds[i].became;
    }
    struct penalty_totals totals = totals_at(*state, START_MS);
    assert_int_equal(became, 20);
    assert_int_equal(totals.sources, 20);
    assert_int_equal(totals.held, 0);
    assert_int_equal(totals.held_misses, held);
    assert_int_equal(totals.closed_misses, refused);
}

static int make(void *data)
{
    struct penalty_table *table = NULL;
    int err = penalty_table_new(&table);

    (void)data;
    if (err)
        assert_null(table);
    penalty_table_free(table);
    return err;
}

static void test_failed_allocation_gives_no_table(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(make, NULL) > 2);
    penalty_table_free(NULL);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_below_the_threshold_nothing_happens),
        ROW(test_one_guess_more_and_the_source_is_penalised_once),
        ROW(test_penalties_decay_with_time),
        ROW(test_a_penalised_source_stays_so_until_its_penalty_has_run_out),
        ROW(test_a_penalty_has_a_ceiling),
        ROW(test_ipv4_and_ipv6_sources_of_the_same_bytes_are_apart),
        ROW(test_the_zero_address_is_a_source_like_others),
        ROW(test_no_address_is_no_source),
        ROW(test_ten_thousand_sources_have_room),
        ROW(test_when_full_the_weakest_penalty_gives_way),
        ROW(test_a_flood_of_ipv6_drives_no_ipv4_source_out),
        ROW(test_a_source_holds_eight_misses_at_most),
        ROW(test_all_sources_hold_1024_misses_at_most),
        ROW(test_a_source_with_held_misses_keeps_its_place_in_a_flood),
        ROW(test_threads_count_the_same_things),
        cmocka_unit_test(test_failed_allocation_gives_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
