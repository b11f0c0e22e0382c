/* Who tries too often waits, whatever the password; who was right begins anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "sign_in_throttle.h"

static struct sign_in_throttle *throttle;
static int64_t now_ms;
static uint32_t wait_s, tries;

static int open_throttle(void **state)
{
    (void)state;
    now_ms = 1000000;
    return sign_in_throttle_new(&throttle);
}

static int close_throttle(void **state)
{
    (void)state;
    sign_in_throttle_free(throttle);
    return 0;
}

static struct address source_of(unsigned number)
{
    struct address address;
    char text[AP_ADDRESS_TEXT_MAX];

    (void)snprintf(text, sizeof(text), "10.%u.%u.%u", (number >> 16) & 255, (number >> 8) & 255,
                   number & 255);
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

/* From a source of its own, unless that is said. */
static int try_account(const char *name)
{
    static unsigned number;
    const struct address source = source_of(++number);

    return sign_in_throttle_begin(throttle, name, &source, now_ms, &wait_s, &tries);
}

static int try_from(unsigned number, const char *name)
{
    const struct address source = source_of(number);

    return sign_in_throttle_begin(throttle, name, &source, now_ms, &wait_s, &tries);
}

static void test_the_wait_doubles_from_the_sixth_try_up_to_a_quarter_of_an_hour(void **state)
{
    static const uint32_t waits[] = {2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900};

    (void)state;
    for (int i = 0; i < AP_SIGN_IN_FREE; i++)
        assert_int_equal(try_account("eva"), 0);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_int_equal(try_account("eva"), 0);
        assert_int_equal(tries, AP_SIGN_IN_FREE + 1 + i);
        assert_int_equal(try_account("eva"), AP_EBUSY);
        assert_int_equal(wait_s, waits[i]);
        now_ms += (int64_t)waits[i] * 1000 - 1;
        assert_int_equal(try_account("eva"), AP_EBUSY);
        assert_int_equal(wait_s, 1);
        now_ms += 1;
    }
}

static void test_an_account_is_the_same_in_any_case_and_others_are_free(void **state)
{
    (void)state;
    for (int i = 0; i < AP_SIGN_IN_FREE; i++)
        assert_int_equal(try_account(i % 2 ? "eva" : "EVA"), 0);
    assert_int_equal(try_account("Eva"), 0);
    assert_int_equal(try_account("eVa"), AP_EBUSY);
    assert_int_equal(try_account("adam"), 0);
    assert_int_equal(try_account(""), 0);
}

static void test_a_source_that_tries_many_names_waits_and_others_are_free(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i <= AP_SIGN_IN_FREE; i++) {
        (void)snprintf(name, sizeof(name), "name%d", i);
        assert_int_equal(try_from(1000, name), 0);
    }
    assert_int_equal(try_from(1000, "another"), AP_EBUSY);
    assert_int_equal(try_from(1000, NULL), AP_EBUSY);
    assert_int_equal(try_from(1001, "another"), 0);
}

static void test_a_right_one_frees_the_account_and_takes_its_own_try_back(void **state)
{
    const struct address source = source_of(2000);

    (void)state;
    for (int round = 0; round < 3 * AP_SIGN_IN_FREE; round++) {
        assert_int_equal(try_from(2000, "eva"), 0);
        sign_in_throttle_right(throttle, "eva", &source);
    }
    for (int i = 0; i < AP_SIGN_IN_FREE; i++)
        assert_int_equal(try_account("eva"), 0);
    assert_int_equal(tries, AP_SIGN_IN_FREE);
}

/* An own account is no way to guess others' without end. */
static void test_a_right_one_does_not_free_its_source(void **state)
{
    const struct address source = source_of(3000);

    (void)state;
    for (int i = 0; i <= AP_SIGN_IN_FREE; i++) {
        assert_int_equal(try_from(3000, "victim"), 0);
        if (i < AP_SIGN_IN_FREE) {
            assert_int_equal(try_from(3000, "own"), 0);
            sign_in_throttle_right(throttle, "own", &source);
        }
    }
    assert_int_equal(try_from(3000, "own"), AP_EBUSY);
}

static void test_tries_are_forgotten_after_a_while(void **state)
{
    (void)state;
    for (int i = 0; i <= AP_SIGN_IN_FREE; i++)
        assert_int_equal(try_account("eva"), 0);
    now_ms += (int64_t)AP_SIGN_IN_KEEP_S * 1000;
    assert_int_equal(try_account("eva"), 0);
    assert_int_equal(tries, 1);
}

static void test_a_flood_of_names_does_not_free_who_waits(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i <= AP_SIGN_IN_FREE; i++)
        assert_int_equal(try_account("eva"), 0);
    for (int i = 0; i < 3 * AP_SIGN_IN_ROWS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "name%d", i);
        assert_int_equal(try_account(name), 0);
    }
    assert_int_equal(try_account("eva"), AP_EBUSY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_throttle, close_throttle)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_wait_doubles_from_the_sixth_try_up_to_a_quarter_of_an_hour),
        TEST(test_an_account_is_the_same_in_any_case_and_others_are_free),
        TEST(test_a_source_that_tries_many_names_waits_and_others_are_free),
        TEST(test_a_right_one_frees_the_account_and_takes_its_own_try_back),
        TEST(test_a_right_one_does_not_free_its_source),
        TEST(test_tries_are_forgotten_after_a_while),
        TEST(test_a_flood_of_names_does_not_free_who_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
