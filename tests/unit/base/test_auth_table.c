/* Nonces, replays and wrong tries in a row. Time is what the test says. */
#include "autoprov/array.h"
#include "autoprov/auth_table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"

#define NOW 1000000

static struct auth_table *table;

static int setup(void **state)
{
    (void)state;
    return auth_table_new(&table);
}

static int teardown(void **state)
{
    (void)state;
    auth_table_free(table);
    return 0;
}

static struct source_key source(const char *text)
{
    struct address address;
    struct source_key key;

    assert_int_equal(address_parse(text, &address), 0);
    address_source_key(&address, &key);
    return key;
}

static void make(char nonce[static AUTH_NONCE_TEXT_MAX], int64_t now_ms)
{
    assert_int_equal(auth_table_make_nonce(table, now_ms, nonce), 0);
    assert_int_equal(strlen(nonce), AUTH_NONCE_TEXT_MAX - 1);
}

static bool is_fresh(const char *nonce, int64_t now_ms)
{
    return auth_table_is_fresh(table, nonce, strlen(nonce), now_ms);
}

static int use(const char *nonce, uint32_t count, int64_t now_ms)
{
    return auth_table_use(table, nonce, strlen(nonce), count, now_ms);
}

static void test_a_nonce_is_fresh_for_its_time(void **state)
{
    char nonce[AUTH_NONCE_TEXT_MAX], other[AUTH_NONCE_TEXT_MAX];

    (void)state;
    make(nonce, NOW);
    make(other, NOW);
    assert_string_not_equal(nonce, other);
    assert_true(is_fresh(nonce, NOW));
    assert_true(is_fresh(nonce, NOW + AP_NONCE_MS));
    assert_false(is_fresh(nonce, NOW + AP_NONCE_MS + 1));
    assert_false(is_fresh(nonce, NOW - 1)); /* from the future */
    assert_int_equal(use(nonce, 1, NOW + AP_NONCE_MS + 1), AP_EINVAL);
}

/* How long a machine runs is nobody's business. */
static void test_a_nonce_does_not_tell_the_time(void **state)
{
    char nonce[AUTH_NONCE_TEXT_MAX];
    int64_t told = 0;

    (void)state;
    make(nonce, NOW);
    assert_int_equal(text_unhex(nonce, 2 * sizeof(told), (uint8_t *)&told), 0);
    assert_int_not_equal(told, NOW);
    assert_true(auth_table_is_fresh(table, nonce, strlen(nonce), NOW));
}

static void test_only_our_own_nonces_are_fresh(void **state)
{
    char nonce[AUTH_NONCE_TEXT_MAX];
    struct auth_table *mine = table;

    (void)state;
    make(nonce, NOW);
    for (size_t i = 0; i < AUTH_NONCE_TEXT_MAX - 1; i++) {
        char kept = nonce[i];
        nonce[i] = kept == '0' ? '1' : '0';
        assert_false(is_fresh(nonce, NOW));
        nonce[i] = 'x';
        assert_false(is_fresh(nonce, NOW));
        nonce[i] = kept;
    }
    assert_false(auth_table_is_fresh(table, nonce, AUTH_NONCE_TEXT_MAX - 2, NOW));
    assert_false(is_fresh("", NOW));
    assert_int_equal(auth_table_new(&table), 0); /* another process */
    assert_false(is_fresh(nonce, NOW));
    auth_table_free(table);
    table = mine;
}

static void test_a_count_is_used_once_and_counts_rise(void **state)
{
    char nonce[AUTH_NONCE_TEXT_MAX], upper[AUTH_NONCE_TEXT_MAX];

    (void)state;
    make(nonce, NOW);
    assert_int_equal(use(nonce, 0, NOW), AP_EINVAL);
    assert_int_equal(use(nonce, 1, NOW), 0);
    assert_int_equal(use(nonce, 1, NOW), AP_EBUSY);
    assert_int_equal(use(nonce, 2, NOW), 0);
    assert_int_equal(use(nonce, 5, NOW), 0);
    assert_int_equal(use(nonce, 4, NOW), AP_EBUSY);
    assert_int_equal(use(nonce, 5, NOW + AP_NONCE_MS), AP_EBUSY);
    /* Written otherwise it is the same. */
    for (size_t i = 0; i < sizeof(upper); i++)
        upper[i] = (char)(nonce[i] >= 'a' && nonce[i] <= 'f' ? nonce[i] - 32 : nonce[i]);
    assert_int_equal(use(upper, 5, NOW), AP_EBUSY);
}

/* Three times as many as there is room for: each of them may be refused its first use, and none
 * gets a second one. */
static void test_a_full_table_never_takes_a_replay(void **state)
{
    enum { COUNT = 3 * AP_USED_NONCES_MAX };
    char(*nonces)[AUTH_NONCE_TEXT_MAX] = calloc(COUNT, sizeof(*nonces));
    size_t taken = 0;

    (void)state;
    assert_non_null(nonces);
    for (size_t i = 0; i < COUNT; i++) {
        make(nonces[i], NOW + (int64_t)(i / 8));
        taken += use(nonces[i], 1, NOW + (int64_t)(i / 8)) == 0;
    }
    assert_in_range(taken, COUNT - COUNT / 100, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_not_equal(use(nonces[i], 1, NOW + COUNT / 8), 0);
    free(nonces);
}

static _Atomic unsigned first_uses;

static void *use_all(void *data)
{
    const char(*nonces)[AUTH_NONCE_TEXT_MAX] = data;

    for (size_t i = 0; i < 200; i++) {
        if (auth_table_use(table, nonces[i], AUTH_NONCE_TEXT_MAX - 1, 1, NOW) == 0)
            atomic_fetch_add(&first_uses, 1);
    }
    return NULL;
}

static void test_of_many_threads_one_uses_a_nonce(void **state)
{
    static char nonces[200][AUTH_NONCE_TEXT_MAX];
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        make(nonces[i], NOW);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_all, nonces), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(first_uses, 200);
}

/* -- wrong tries ------------------------------------------------------------------------------- */

static struct auth_try try_of(const char *address, uint8_t phone, const char *name)
{
    return (struct auth_try){.source = source(address), .name = name, .mac = {[5] = phone}};
}

static void test_the_third_wrong_try_in_a_row_is_a_guess(void **state)
{
    const struct auth_try tried = try_of("192.0.2.1", 1, "cc5ef641b794");

    (void)state;
    assert_false(auth_table_wrong(table, &tried, NOW));
    assert_false(auth_table_wrong(table, &tried, NOW));
    assert_true(auth_table_wrong(table, &tried, NOW));
    assert_true(auth_table_wrong(table, &tried, NOW));
    auth_table_right(table, &tried);
    assert_false(auth_table_wrong(table, &tried, NOW));
}

static void test_a_row_is_of_one_source_one_name_and_one_phone(void **state)
{
    const struct auth_try here = try_of("192.0.2.1", 1, "a"),
                          others[] = {try_of("192.0.2.2", 1, "a"), try_of("192.0.2.1", 1, "b"),
                                      try_of("192.0.2.1", 2, "a")};

    (void)state;
    for (int i = 0; i < 3; i++)
        (void)auth_table_wrong(table, &here, NOW);
    for (size_t i = 0; i < AP_COUNT(others); i++) {
        assert_false(auth_table_wrong(table, &others[i], NOW));
        auth_table_right(table, &others[i]);
    }
    assert_true(auth_table_wrong(table, &here, NOW));
}

/* Who knows one phone's password could try another's that has the same name. */
static void test_a_common_file_ends_no_row(void **state)
{
    const struct auth_try tried = try_of("192.0.2.1", 0, "a");

    (void)state;
    (void)auth_table_wrong(table, &tried, NOW);
    (void)auth_table_wrong(table, &tried, NOW);
    auth_table_right(table, &tried);
    assert_true(auth_table_wrong(table, &tried, NOW));
}

static void test_a_row_is_forgotten_after_its_time(void **state)
{
    const struct auth_try tried = try_of("2001:db8::1", 1, "a");

    (void)state;
    for (int i = 0; i < 3; i++)
        (void)auth_table_wrong(table, &tried, NOW);
    assert_true(auth_table_wrong(table, &tried, NOW + AP_WRONG_TRY_MS));
    assert_false(auth_table_wrong(table, &tried, NOW + 2 * AP_WRONG_TRY_MS + 1));
}

static void test_five_hundred_phones_of_one_source_have_two_tries_each(void **state)
{
    struct auth_try tried = try_of("192.0.2.1", 1, "");
    char name[16];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            (void)snprintf(name, sizeof(name), "0015650%05x", i);
            tried.name = name;
            assert_int_equal(auth_table_wrong(table, &tried, NOW), round == 2);
        }
    }
}

/* Names without end make no room beyond what there is. */
static void test_names_without_end_take_no_memory(void **state)
{
    struct auth_try tried = try_of("192.0.2.1", 1, "");
    char name[16];

    (void)state;
    for (int i = 0; i < 2 * AP_WRONG_TRIES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        tried.name = name;
        assert_false(auth_table_wrong(table, &tried, NOW + i));
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_nonce_is_fresh_for_its_time),
        TEST(test_a_nonce_does_not_tell_the_time),
        TEST(test_only_our_own_nonces_are_fresh),
        TEST(test_a_count_is_used_once_and_counts_rise),
        TEST(test_a_full_table_never_takes_a_replay),
        TEST(test_of_many_threads_one_uses_a_nonce),
        TEST(test_the_third_wrong_try_in_a_row_is_a_guess),
        TEST(test_a_row_is_of_one_source_one_name_and_one_phone),
        TEST(test_a_common_file_ends_no_row),
        TEST(test_a_row_is_forgotten_after_its_time),
        TEST(test_five_hundred_phones_of_one_source_have_two_tries_each),
        TEST(test_names_without_end_take_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
