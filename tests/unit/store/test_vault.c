#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "autoprov/vault.h"
#include "support/alloc_fault.h"
#include "vault_private.h"

static const struct vault_place place = {"account", "row-1", "password_sealed"};

/* Made with Python's cryptography 48 from the master key 00 01 … 1f: when one of these fails,
 * existing databases would not open any more. */
#define TOKEN_TEXT  "0123456789abcdef0123456789abcdef"
#define TOKEN_INDEX "cfcaab4e2def4635624fb66949b6759d3153ddc63cd31ee61021e55505d683d1"
#define TOKEN_TAG   "t:23386b39"
#define BODY_TEXT   "<config/>"
#define BODY_DIGEST "bdeb8ed0a6a46409b0d5a6a4a7f7fa08570f70fea847688a57a7d6ddff677d4c"
#define AUDIT_LINK  "65fc2f7bc942080259219f9acf6ea6d52e9fc85e9b8e0ab013b83449614e1a74"
#define SEALED_TEXT "s3cret"
#define SEALED      "01404142434445464748494a4b87cd87dbeabc56bda946cadb58532f3f8e56b2eb49b1"

/* OpenSSL's own allocations, failed one after the other. */
static unsigned long crypto_fail_at, crypto_seen;

static bool must_crypto_fail(void)
{
    crypto_seen++;
    return crypto_fail_at != 0 && crypto_seen == crypto_fail_at;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return must_crypto_fail() ? NULL : malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return must_crypto_fail() ? NULL : realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static struct secret counting_key(uint8_t bytes[static VAULT_MASTER_KEY_BYTES])
{
    for (uint8_t i = 0; i < VAULT_MASTER_KEY_BYTES; i++)
        bytes[i] = i;
    return (struct secret){.bytes = bytes, .len = VAULT_MASTER_KEY_BYTES};
}

static struct vault *new_vault(void)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = counting_key(bytes);
    struct vault *vault = NULL;
    assert_int_equal(vault_new(&key, &vault), 0);
    return vault;
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char hex[129];
    assert_true(2 * len < sizeof(hex));
    text_hex(bytes, len, hex);
    assert_string_equal(hex, expected);
}

static void test_hkdf_gives_the_first_block_of_rfc_5869_case_3(void **state)
{
    uint8_t key[22], derived[VAULT_DERIVED_KEY_BYTES];
    (void)state;
    memset(key, 0x0b, sizeof(key));
    assert_int_equal(vault_derive(key, sizeof(key), "", derived), 0);
    assert_hex(derived, sizeof(derived),
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

static void test_values_made_elsewhere_from_the_same_key_are_the_same(void **state)
{
    struct vault *vault = new_vault();
    struct token token;
    uint8_t bytes[VAULT_TAG_BYTES];
    uint8_t zero[VAULT_TAG_BYTES] = {0};
    char tag[VAULT_TOKEN_TAG_TEXT_MAX];
    (void)state;

    assert_int_equal(token_parse(TOKEN_TEXT, strlen(TOKEN_TEXT), &token), 0);
    for (int again = 0; again < 2; again++) { /* contexts are used again */
        assert_int_equal(vault_blind_index(vault, &token, bytes), 0);
        assert_hex(bytes, sizeof(bytes), TOKEN_INDEX);
        assert_int_equal(vault_token_tag(vault, &token, tag), 0);
        assert_string_equal(tag, TOKEN_TAG);
        assert_int_equal(vault_body_digest(vault, BODY_TEXT, strlen(BODY_TEXT), bytes), 0);
        assert_hex(bytes, sizeof(bytes), BODY_DIGEST);
        assert_int_equal(vault_audit_link(vault, zero, "row", 3, bytes), 0);
        assert_hex(bytes, sizeof(bytes), AUDIT_LINK);
    }
    vault_free(vault);
}

static void test_a_value_sealed_elsewhere_opens(void **state)
{
    struct vault *vault = new_vault();
    struct arena arena;
    uint8_t sealed[sizeof(SEALED) / 2];
    char *plain;
    size_t len;
    (void)state;

    arena_init(&arena, 4096);
    assert_int_equal(text_unhex(SEALED, strlen(SEALED), sealed), 0);
    assert_int_equal(vault_open(vault, &place, sealed, strlen(SEALED) / 2, &arena, &plain, &len),
                     0);
    assert_int_equal(len, strlen(SEALED_TEXT));
    assert_string_equal(plain, SEALED_TEXT);
    arena_done(&arena);
    vault_free(vault);
}

static void test_what_is_sealed_opens_in_a_clone_and_nonces_are_fresh(void **state)
{
    struct vault *vault = new_vault(), *clone = NULL;
    struct arena arena;
    uint8_t sealed[2][300 + VAULT_SEAL_OVERHEAD];
    uint8_t content[300];
    (void)state;

    arena_init(&arena, 65536);
    assert_int_equal(vault_clone(vault, &clone), 0);
    memset(content, 0xa5, sizeof(content));
    for (size_t size = 0; size <= sizeof(content); size += 50) {
        char *plain;
        size_t len;
        assert_int_equal(vault_seal(vault, &place, content, size, sealed[0]), 0);
        assert_int_equal(vault_seal(vault, &place, content, size, sealed[1]), 0);
        assert_memory_not_equal(sealed[0] + 1, sealed[1] + 1, VAULT_NONCE_BYTES);
        assert_int_equal(
            vault_open(clone, &place, sealed[0], size + VAULT_SEAL_OVERHEAD, &arena, &plain, &len),
            0);
        assert_int_equal(len, size);
        assert_memory_equal(plain, content, size);
        assert_int_equal(plain[len], '\0');
    }
    arena_done(&arena);
    vault_free(clone);
    vault_free(vault);
}

static void test_a_moved_cell_does_not_open(void **state)
{
    static const struct vault_place others[] = {
        {"setting", "row-1", "password_sealed"},
        {"account", "row-2", "password_sealed"},
        {"account", "row-1", "previous_password_sealed"},
        /* the same letters, cut elsewhere */
        {"accountr", "ow-1", "password_sealed"},
        {"account", "row-1p", "assword_sealed"},
        {"account", "", "row-1password_sealed"},
        {"", "", ""},
    };
    struct vault *vault = new_vault();
    struct arena arena;
    uint8_t sealed[6 + VAULT_SEAL_OVERHEAD];
    char *plain = NULL;
    size_t len;
    (void)state;

    arena_init(&arena, 65536);
    assert_int_equal(vault_seal(vault, &place, "s3cret", 6, sealed), 0);
    for (size_t i = 0; i < AP_COUNT(others); i++)
        assert_int_equal(
            vault_open(vault, &others[i], sealed, sizeof(sealed), &arena, &plain, &len),
            AP_ECRYPTO);
    assert_null(plain);
    /* A failure leaves the context usable, and nothing in OpenSSL's error queue for TLS. */
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(vault_open(vault, &place, sealed, sizeof(sealed), &arena, &plain, &len), 0);
    arena_done(&arena);
    vault_free(vault);
}

static void test_each_changed_bit_and_each_cut_is_noticed(void **state)
{
    struct vault *vault = new_vault();
    struct arena arena;
    uint8_t sealed[6 + VAULT_SEAL_OVERHEAD];
    char *plain = NULL;
    size_t len;
    (void)state;

    arena_init(&arena, 65536);
    assert_int_equal(vault_seal(vault, &place, "s3cret", 6, sealed), 0);
    for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(vault_open(vault, &place, sealed, sizeof(sealed), &arena, &plain, &len),
                         AP_ECRYPTO);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        arena_reset(&arena);
    }
    for (size_t cut = 0; cut < sizeof(sealed); cut++) {
        uint8_t *exact = malloc(cut + 1); /* address sanitizer sees a read beyond */
        assert_non_null(exact);
        memcpy(exact, sealed, cut);
        assert_int_equal(vault_open(vault, &place, exact, cut, &arena, &plain, &len), AP_ECRYPTO);
        free(exact);
    }
    arena_done(&arena);
    vault_free(vault);
}

static void test_another_key_opens_nothing_and_indexes_differently(void **state)
{
    uint8_t other_bytes[VAULT_MASTER_KEY_BYTES] = {1};
    const struct secret other_key = {.bytes = other_bytes, .len = sizeof(other_bytes)};
    struct vault *vault = new_vault(), *other = NULL;
    struct arena arena;
    struct token token;
    uint8_t sealed[6 + VAULT_SEAL_OVERHEAD];
    uint8_t index[VAULT_BLIND_INDEX_BYTES], other_index[VAULT_BLIND_INDEX_BYTES];
    char *plain;
    size_t len;
    (void)state;

    arena_init(&arena, 65536);
    assert_int_equal(vault_new(&other_key, &other), 0);
    assert_int_equal(vault_seal(vault, &place, "s3cret", 6, sealed), 0);
    assert_int_equal(vault_open(other, &place, sealed, sizeof(sealed), &arena, &plain, &len),
                     AP_ECRYPTO);
    assert_int_equal(token_parse(TOKEN_TEXT, strlen(TOKEN_TEXT), &token), 0);
    assert_int_equal(vault_blind_index(vault, &token, index), 0);
    assert_int_equal(vault_blind_index(other, &token, other_index), 0);
    assert_memory_not_equal(index, other_index, sizeof(index));
    arena_done(&arena);
    vault_free(other);
    vault_free(vault);
}

static void test_a_master_key_of_another_length_is_refused(void **state)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES + 1] = {0};
    struct vault *vault = NULL;
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        const struct secret key = {.bytes = bytes, .len = len};
        int err = vault_new(&key, &vault);
        assert_int_equal(err, len == VAULT_MASTER_KEY_BYTES ? 0 : AP_EINVAL);
        if (!err)
            vault_free(vault);
    }
}

static void test_an_arena_without_room_is_no_memory(void **state)
{
    struct vault *vault = new_vault();
    struct arena arena;
    uint8_t sealed[64 + VAULT_SEAL_OVERHEAD] = {0};
    char *plain;
    size_t len;
    (void)state;
    arena_init(&arena, 16);
    assert_int_equal(vault_seal(vault, &place, sealed, 64, sealed), 0);
    assert_int_equal(vault_open(vault, &place, sealed, sizeof(sealed), &arena, &plain, &len),
                     AP_ENOMEM);
    arena_done(&arena);
    vault_free(vault);
}

/* All of a vault's life; 0 when everything went well. */
static int live(void *data)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = counting_key(bytes);
    struct vault *vault = NULL, *clone = NULL;
    struct arena arena;
    struct token token;
    uint8_t sealed[6 + VAULT_SEAL_OVERHEAD], index[VAULT_BLIND_INDEX_BYTES];
    char *plain;
    size_t len;
    (void)data;

    arena_init(&arena, 4096);
    int err = token_parse(TOKEN_TEXT, strlen(TOKEN_TEXT), &token);
    if (!err)
        err = vault_new(&key, &vault);
    if (!err)
        err = vault_clone(vault, &clone);
    if (!err)
        err = vault_blind_index(clone, &token, index);
    if (!err)
        err = vault_seal(clone, &place, "s3cret", 6, sealed);
    if (!err)
        err = vault_open(vault, &place, sealed, sizeof(sealed), &arena, &plain, &len);
    arena_done(&arena);
    vault_free(clone);
    vault_free(vault);
    return err;
}

static void test_every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(live, NULL) > 4);
}

static void test_every_failing_allocation_of_openssl_is_survived(void **state)
{
    (void)state;
    assert_int_equal(live(NULL), 0); /* algorithms and random generator are loaded now */
    crypto_fail_at = 0;
    crypto_seen = 0;
    assert_int_equal(live(NULL), 0);
    unsigned long count = crypto_seen;
    assert_true(count > 10);
    for (unsigned long nth = 1; nth <= count; nth++) {
        crypto_seen = 0;
        crypto_fail_at = nth;
        /* Some are tried again by OpenSSL; what counts is that none is taken for success while
         * the work is undone, and that nothing leaks. */
        int err = live(NULL);
        assert_true(err == 0 || err == AP_ECRYPTO || err == AP_ENOMEM);
    }
    crypto_fail_at = 0;
    assert_int_equal(live(NULL), 0);
}

static struct vault *vault_of_byte(uint8_t byte)
{
    uint8_t key[VAULT_MASTER_KEY_BYTES];
    const struct secret secret = {.bytes = key, .len = sizeof(key)};
    struct vault *vault = NULL;

    memset(key, byte, sizeof(key));
    assert_int_equal(vault_new(&secret, &vault), 0);
    return vault;
}

static void test_the_fingerprint_names_the_key_and_is_none_of_its_bytes(void **state)
{
    struct vault *a = vault_of_byte(0x11), *b = vault_of_byte(0x11), *c = vault_of_byte(0x22);
    struct vault *clone = NULL;

    (void)state;
    assert_int_equal(vault_clone(a, &clone), 0);
    assert_int_equal(strlen(vault_fingerprint(a)), 16);
    assert_string_equal(vault_fingerprint(a), vault_fingerprint(b));
    assert_string_equal(vault_fingerprint(a), vault_fingerprint(clone));
    assert_string_not_equal(vault_fingerprint(a), vault_fingerprint(c));
    assert_null(strstr(vault_fingerprint(a), "1111"));
    vault_free(a);
    vault_free(b);
    vault_free(c);
    vault_free(clone);
}

static bool opens(struct vault *vault, const uint8_t *sealed, size_t len)
{
    struct arena arena;
    char *plain = NULL;
    size_t plain_len = 0;

    arena_init(&arena, 4096);
    int err = vault_open(vault, &(struct vault_place){"t", "r", "c"}, sealed, len, &arena, &plain,
                         &plain_len);
    assert_true(err == 0 || err == AP_ECRYPTO);
    assert_true(err || strcmp(plain, "x") == 0);
    arena_done(&arena);
    return err == 0;
}

static void seal_x(struct vault *vault, uint8_t sealed[static 1 + VAULT_SEAL_OVERHEAD])
{
    assert_int_equal(vault_seal(vault, &(struct vault_place){"t", "r", "c"}, "x", 1, sealed), 0);
}

static void test_two_keys_open_both_versions_and_the_second_takes_over(void **state)
{
    static const struct {
        uint8_t first, second;
    } VERSIONS[] = {{1, 2}, {2, 3}, {254, 255}, {255, 1}};
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = {.bytes = bytes, .len = sizeof(bytes)};
    struct token token = {.text = "0123456789abcdef", .len = 16};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(VERSIONS); i++) {
        struct vault *vault = vault_of_byte(0x11), *clone = NULL;
        uint8_t old_sealed[1 + VAULT_SEAL_OVERHEAD], sealed[1 + VAULT_SEAL_OVERHEAD];
        uint8_t old_index[VAULT_BLIND_INDEX_BYTES], index[VAULT_BLIND_INDEX_BYTES];

        memset(bytes, 0x11, sizeof(bytes));
        assert_int_equal(vault_add_key(vault, &key), AP_EEXIST);
        memset(bytes, 0x22, sizeof(bytes));
        assert_int_equal(vault_add_key(vault, &key), 0);
        assert_int_equal(vault_add_key(vault, &key), AP_EEXIST);
        vault_number(vault, VERSIONS[i].first);
        seal_x(vault, old_sealed);
        assert_int_equal(old_sealed[0], VERSIONS[i].first);
        assert_int_equal(vault_blind_index(vault, &token, old_index), 0);
        assert_int_equal(vault_old_blind_index(vault, &token, index), AP_ENOENT);

        vault_use_second(vault, true);
        assert_true(vault_is_rotating(vault));
        assert_int_equal(vault_clone(vault, &clone), 0);
        seal_x(clone, sealed);
        assert_int_equal(sealed[0], VERSIONS[i].second);
        assert_true(opens(vault, old_sealed, sizeof(old_sealed)));
        assert_true(opens(vault, sealed, sizeof(sealed)));
        assert_int_equal(vault_old_blind_index(vault, &token, index), 0);
        assert_memory_equal(index, old_index, sizeof(index));
        assert_int_equal(vault_blind_index(vault, &token, index), 0);
        assert_memory_not_equal(index, old_index, sizeof(index));
        assert_non_null(strstr(vault_fingerprint(vault), " and "));

        vault_drop_first(vault);
        assert_false(opens(vault, old_sealed, sizeof(old_sealed)));
        assert_true(opens(vault, sealed, sizeof(sealed)));
        assert_null(strstr(vault_fingerprint(vault), " and "));
        vault_free(vault);
        vault_free(clone);
    }
}

static void test_a_link_by_a_kept_key_is_the_link_that_it_made(void **state)
{
    struct vault *vault = vault_of_byte(0x11);
    const uint8_t previous[VAULT_TAG_BYTES] = {7};
    uint8_t key[VAULT_AUDIT_KEY_BYTES], link[VAULT_TAG_BYTES], again[VAULT_TAG_BYTES];

    (void)state;
    vault_old_audit_key(vault, key);
    assert_int_equal(vault_audit_link(vault, previous, "row", 3, link), 0);
    assert_int_equal(vault_audit_link_by(key, previous, "row", 3, again), 0);
    assert_memory_equal(link, again, sizeof(link));
    vault_free(vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fingerprint_names_the_key_and_is_none_of_its_bytes),
        cmocka_unit_test(test_two_keys_open_both_versions_and_the_second_takes_over),
        cmocka_unit_test(test_a_link_by_a_kept_key_is_the_link_that_it_made),
        cmocka_unit_test(test_hkdf_gives_the_first_block_of_rfc_5869_case_3),
        cmocka_unit_test(test_values_made_elsewhere_from_the_same_key_are_the_same),
        cmocka_unit_test(test_a_value_sealed_elsewhere_opens),
        cmocka_unit_test(test_what_is_sealed_opens_in_a_clone_and_nonces_are_fresh),
        cmocka_unit_test(test_a_moved_cell_does_not_open),
        cmocka_unit_test(test_each_changed_bit_and_each_cut_is_noticed),
        cmocka_unit_test(test_another_key_opens_nothing_and_indexes_differently),
        cmocka_unit_test(test_a_master_key_of_another_length_is_refused),
        cmocka_unit_test(test_an_arena_without_room_is_no_memory),
        cmocka_unit_test(test_every_failing_allocation_is_an_error),
        cmocka_unit_test(test_every_failing_allocation_of_openssl_is_survived),
    };
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
