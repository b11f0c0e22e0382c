/* Who waited in vain, by a clock of the test's own; a full table; many threads. */
#include "autoprov/turned_away.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "support/alloc_fault.h"

#define NOW UINT64_C(1000000)

static struct source_key key_of(uint32_t number)
{
    struct source_key key = {{4}};

    memcpy(key.bytes + 1, &number, sizeof(number));
    return key;
}

static int open_table(void **state)
{
    struct turned_away *table = NULL;

    assert_int_equal(turned_away_new(&table), 0);
    *state = table;
    return 0;
}

static int close_table(void **state)
{
    turned_away_free(*state);
    return 0;
}

static void test_who_comes_for_the_first_time_waits_from_now_on(void **state)
{
    const struct source_key key = key_of(1);

    assert_int_equal(turned_away_since(*state, &key, NOW), NOW);
    turned_away_had_turn(*state, &key, NOW);
    assert_int_equal(turned_away_since(*state, &key, NOW + 1), NOW + 1);
}

static void test_who_comes_back_waits_since_the_first_attempt(void **state)
{
    const struct source_key key = key_of(1), other = key_of(2);

    turned_away_note(*state, &key, NOW, NOW + 5000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 6000), NOW);
    assert_int_equal(turned_away_since(*state, &other, NOW + 6000), NOW + 6000);
    turned_away_note(*state, &key, NOW, NOW + 11000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 12000), NOW);
}

static void test_of_several_behind_one_address_the_first_speaks(void **state)
{
    const struct source_key key = key_of(1);

    turned_away_note(*state, &key, NOW, NOW + 5000);
    turned_away_note(*state, &key, NOW + 3000, NOW + 6000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 7000), NOW);
}

static void test_a_turn_ends_it_and_so_does_time(void **state)
{
    const struct source_key key = key_of(1), other = key_of(2);

    turned_away_note(*state, &key, NOW, NOW + 1);
    turned_away_note(*state, &other, NOW, NOW + 1);
    turned_away_had_turn(*state, &key, NOW + 2);
    assert_int_equal(turned_away_since(*state, &key, NOW + 3), NOW + 3);
    assert_int_equal(turned_away_since(*state, &other, NOW + AP_TURNED_AWAY_MS), NOW);
    assert_int_equal(turned_away_since(*state, &other, NOW + 1 + AP_TURNED_AWAY_MS),
                     NOW + 1 + AP_TURNED_AWAY_MS);
}

/* Whoever keeps two waiting would else keep the age of the first for ever. */
static void test_what_waits_beside_a_turn_is_as_old_as_the_turn(void **state)
{
    const struct source_key key = key_of(1);

    turned_away_note(*state, &key, NOW, NOW + 1000);
    turned_away_had_turn(*state, &key, NOW + 2000);
    turned_away_note(*state, &key, NOW, NOW + 3000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 4000), NOW + 2000);
}

/* Else all who have waited for longer than a source is remembered would be alike. */
static void test_who_keeps_coming_back_grows_older_than_memory(void **state)
{
    const struct source_key key = key_of(1);
    uint64_t now = NOW;

    for (int i = 0; i < 10; i++)
        turned_away_note(*state, &key, NOW, now += AP_TURNED_AWAY_MS - 1);
    assert_int_equal(turned_away_since(*state, &key, now), NOW);
}

/* Rest is no waiting. */
static void test_who_was_served_and_comes_again_is_new(void **state)
{
    const struct source_key key = key_of(1);

    turned_away_note(*state, &key, NOW, NOW + 1000);
    turned_away_had_turn(*state, &key, NOW + 2000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 12000), NOW + 12000);
    turned_away_note(*state, &key, NOW + 12000, NOW + 13000);
    assert_int_equal(turned_away_since(*state, &key, NOW + 14000), NOW + 12000);
}

static void test_in_a_full_table_the_newest_are_kept(void **state)
{
    uint32_t count = 4 * AP_TURNED_AWAY_SOURCES_MAX, kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct source_key key = key_of(i);
        turned_away_note(*state, &key, NOW, NOW + 1 + i / 16);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct source_key key = key_of(i);
        bool is_kept = turned_away_since(*state, &key, NOW + count / 16) == NOW;
        kept += is_kept;
        if (i >= count - 1000)
            assert_true(is_kept);
    }
    assert_true(kept <= AP_TURNED_AWAY_SOURCES_MAX && kept > AP_TURNED_AWAY_SOURCES_MAX / 2);
}

static void *come_and_go(void *data)
{
    for (uint32_t i = 0; i < 20000; i++) {
        const struct source_key key = key_of(i % 64);
        turned_away_note(data, &key, NOW, NOW + i);
        if (turned_away_since(data, &key, NOW + i) < NOW)
            return data;
        if (i % 3 == 0)
            turned_away_had_turn(data, &key, NOW + i);
    }
    return NULL;
}

static void test_many_threads_share_it(void **state)
{
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, *state), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static int make_one(void *data)
{
    struct turned_away *table = NULL;
    int err = turned_away_new(&table);

    (void)data;
    turned_away_free(table);
    return err;
}

static void test_without_memory_there_is_none(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(make_one, NULL) > 1);
    turned_away_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)
    const struct CMUnitTest tests[] = {
        TEST(test_who_comes_for_the_first_time_waits_from_now_on),
        TEST(test_who_comes_back_waits_since_the_first_attempt),
        TEST(test_of_several_behind_one_address_the_first_speaks),
        TEST(test_a_turn_ends_it_and_so_does_time),
        TEST(test_what_waits_beside_a_turn_is_as_old_as_the_turn),
        TEST(test_who_keeps_coming_back_grows_older_than_memory),
        TEST(test_who_was_served_and_comes_again_is_new),
        TEST(test_in_a_full_table_the_newest_are_kept),
        TEST(test_many_threads_share_it),
        cmocka_unit_test(test_without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
