/* Bytes that are wiped. */
#include "autoprov/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

static void test_secret_is_a_copy_with_a_nul_behind(void **state)
{
    struct secret secret = {0};
    char source[] = {'k', 'e', 'y', '\0', 'x'};

    (void)state;
    assert_int_equal(secret_set(&secret, source, sizeof(source)), 0);
    memset(source, 0, sizeof(source));
    assert_int_equal(secret.len, 5);
    assert_memory_equal(secret.bytes, "key\0x", 6);
    assert_int_equal(secret_set(&secret, "", 0), 0);
    assert_int_equal(secret.len, 0);
    assert_non_null(secret.bytes);
    assert_int_equal(secret.bytes[0], 0);
    secret_done(&secret);
    assert_null(secret.bytes);
    secret_done(&secret);
}

static void test_secret_may_be_set_from_itself(void **state)
{
    struct secret secret = {0};

    (void)state;
    assert_int_equal(secret_set(&secret, "0123456789", 10), 0);
    assert_int_equal(secret_set(&secret, secret.bytes + 2, 4), 0);
    assert_memory_equal(secret.bytes, "2345", 5);
    secret_done(&secret);
}

static void test_secrets_are_equal_by_length_and_content(void **state)
{
    struct secret a = {0}, b = {0}, empty = {0};

    (void)state;
    assert_true(secret_equal(&empty, &empty));
    assert_int_equal(secret_set(&a, "password", 8), 0);
    assert_int_equal(secret_set(&b, "password", 8), 0);
    assert_true(secret_equal(&a, &b));
    assert_false(secret_equal(&a, &empty));
    b.bytes[7] ^= 1;
    assert_false(secret_equal(&a, &b));
    assert_int_equal(secret_set(&b, "passwor", 7), 0);
    assert_false(secret_equal(&a, &b));
    secret_done(&a);
    secret_done(&b);
}

static void test_wipe_overwrites_exactly_its_length(void **state)
{
    char memory[8] = "abcdefg";

    (void)state;
    secret_wipe(memory, 3);
    assert_memory_equal(memory, "\0\0\0defg", 8);
    secret_wipe(memory, 0);
    secret_wipe(NULL, 0);
    assert_memory_equal(memory, "\0\0\0defg", 8);
}

static void test_freeing_takes_memory_of_any_size_and_null(void **state)
{
    (void)state;
    secret_free(NULL);
    for (size_t size = 1; size < 5000; size = size * 2 + 1) {
        char *memory = malloc(size);
        assert_non_null(memory);
        memset(memory, 's', size);
        secret_free(memory);
    }
}

static void test_without_memory_the_old_secret_stays(void **state)
{
    struct secret secret = {0};

    (void)state;
    assert_int_equal(secret_set(&secret, "old", 3), 0);
    alloc_fault_arm(1, 0);
    assert_int_equal(secret_set(&secret, "newer", 5), AP_ENOMEM);
    alloc_fault_arm(0, 0);
    assert_int_equal(secret_set(&secret, "x", SIZE_MAX), AP_ENOMEM);
    assert_int_equal(secret.len, 3);
    assert_string_equal((const char *)secret.bytes, "old");
    secret_done(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_is_a_copy_with_a_nul_behind),
        cmocka_unit_test(test_secret_may_be_set_from_itself),
        cmocka_unit_test(test_secrets_are_equal_by_length_and_content),
        cmocka_unit_test(test_wipe_overwrites_exactly_its_length),
        cmocka_unit_test(test_freeing_takes_memory_of_any_size_and_null),
        cmocka_unit_test(test_without_memory_the_old_secret_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
