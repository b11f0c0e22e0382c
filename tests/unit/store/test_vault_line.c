/* The digests of lines, and the hash below them against OpenSSL's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "autoprov/array.h"
#include "autoprov/vault.h"
#include "siphash.h"

/* Every length of a last word, and more than one byte of length. */
#define LENGTHS 300

static struct vault *vault;

static int setup(void **state)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    const struct secret key = {.bytes = bytes, .len = sizeof(bytes)};

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    return vault_new(&key, &vault);
}

static int teardown(void **state)
{
    (void)state;
    vault_free(vault);
    return 0;
}

static uint64_t reference(const uint8_t *key, const uint8_t *data, size_t len)
{
    unsigned c_rounds = 1, d_rounds = 3;
    size_t size = 8, written = 0;
    uint8_t tag[8];
    uint64_t value = 0;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c_rounds),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d_rounds),
        OSSL_PARAM_construct_end(),
    };

    assert_int_equal(EVP_MAC_init(ctx, key, SIPHASH_KEY_BYTES, params), 1);
    assert_int_equal(EVP_MAC_update(ctx, data, len), 1);
    assert_int_equal(EVP_MAC_final(ctx, tag, &written, sizeof(tag)), 1);
    assert_int_equal(written, sizeof(tag));
    for (size_t i = 0; i < sizeof(tag); i++)
        value |= (uint64_t)tag[i] << (8 * i);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return value;
}

static void test_hash_of_every_length_is_the_one_of_openssl(void **state)
{
    uint8_t key_bytes[SIPHASH_KEY_BYTES], data[LENGTHS];
    struct siphash_key key;

    (void)state;
    for (size_t i = 0; i < sizeof(key_bytes); i++)
        key_bytes[i] = (uint8_t)(0xf0 - i);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37 + 200);
    siphash_key_init(&key, key_bytes);
    for (size_t len = 0; len <= LENGTHS; len++) {
        /* Of its own size: a byte too far is seen by the sanitizer. */
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, data, len);
        uint64_t expected = reference(key_bytes, copy, len);
        uint8_t *exact = realloc(copy, len ? len : 1);
        assert_non_null(exact);
        assert_true(siphash(&key, exact, len) == expected);
        free(exact);
    }
}

/* Made in Python from the master key 00 01 … 1f: when one of these fails, the lines that databases
 * hold would all count as new. */
#define SECRET_LINE 0x85cb6ad2
#define NO_TEXT     0xa967c789
#define TAG_LINE    0xfbc21c23

static void test_lines_end_at_a_line_feed_and_keep_the_rest(void **state)
{
    static const struct {
        const char *body;
        size_t count;
        uint32_t digests[3];
    } ROWS[] = {
        {"", 0, {0}},
        {"\n", 1, {NO_TEXT}},
        {"<config/>", 1, {TAG_LINE}},
        {"<config/>\n", 1, {TAG_LINE}},
        {"<config/>\n\n", 2, {TAG_LINE, NO_TEXT}},
        {"line.1 = 1001 s3cret\r\n\n<config/>", 3, {SECRET_LINE, NO_TEXT, TAG_LINE}},
    };
    uint32_t digests[AP_BODY_LINES_MAX];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        size_t count = 99;
        assert_int_equal(
            vault_line_digests(vault, ROWS[i].body, strlen(ROWS[i].body), digests, &count), 0);
        assert_int_equal(count, ROWS[i].count);
        for (size_t j = 0; j < count; j++)
            assert_int_equal(digests[j], ROWS[i].digests[j]);
    }
}

static void test_a_body_with_too_many_lines_has_no_digests(void **state)
{
    static char body[AP_BODY_LINES_MAX + 1];
    uint32_t digests[AP_BODY_LINES_MAX];
    size_t count = 99;

    (void)state;
    memset(body, '\n', sizeof(body));
    assert_int_equal(vault_line_digests(vault, body, sizeof(body), digests, &count), AP_ERANGE);
    assert_int_equal(count, 99);
    assert_int_equal(vault_line_digests(vault, body, sizeof(body) - 1, digests, &count), 0);
    assert_int_equal(count, AP_BODY_LINES_MAX);
}

static void test_another_key_gives_other_digests(void **state)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES] = {1};
    const struct secret other = {.bytes = bytes, .len = sizeof(bytes)};
    uint32_t digests[AP_BODY_LINES_MAX];
    struct vault *clone = NULL;
    size_t count = 0;

    (void)state;
    assert_int_equal(vault_clone(vault, &clone), 0);
    assert_int_equal(vault_line_digests(clone, "<config/>", 9, digests, &count), 0);
    assert_int_equal(digests[0], TAG_LINE);
    assert_int_equal(vault_add_key(clone, &other), 0);
    vault_use_second(clone, true);
    assert_int_equal(vault_line_digests(clone, "<config/>", 9, digests, &count), 0);
    assert_int_not_equal(digests[0], TAG_LINE);
    vault_free(clone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_of_every_length_is_the_one_of_openssl),
        cmocka_unit_test(test_lines_end_at_a_line_feed_and_keep_the_rest),
        cmocka_unit_test(test_a_body_with_too_many_lines_has_no_digests),
        cmocka_unit_test(test_another_key_gives_other_digests),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
