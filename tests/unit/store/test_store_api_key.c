/* Keys of the admin API: digests, names, lists. */
#include "fixture.h"

#include "autoprov/store_api_key.h"

static void digest_of(const char *text, uint8_t ret_digest[static STORE_API_KEY_DIGEST_BYTES])
{
    assert_int_equal(store_api_key_digest(text, strlen(text), ret_digest), 0);
}

static int add(struct fixture *fixture, const char *name, const char *text, const char *site_id,
               char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_api_key key = {
        .name = name, .role = "operator", .site_id = site_id, .networks = "10.0.0.0/8"};
    uint8_t digest[STORE_API_KEY_DIGEST_BYTES];

    digest_of(text, digest);
    fixture_begin(fixture);
    int err = store_api_key_add(fixture->db, &key, digest, ret_id);
    fixture_commit(fixture);
    return err;
}

static int find(struct fixture *fixture, const char *text, struct store_api_key *ret_key)
{
    uint8_t digest[STORE_API_KEY_DIGEST_BYTES];

    digest_of(text, digest);
    return store_api_key_find(fixture->db, &fixture->arena, digest, ret_key);
}

static void test_made_keys_differ_and_say_what_they_are(void **state)
{
    char one[STORE_API_KEY_TEXT_MAX], two[STORE_API_KEY_TEXT_MAX];

    (void)state;
    assert_int_equal(store_api_key_make(one), 0);
    assert_int_equal(store_api_key_make(two), 0);
    assert_int_equal(strlen(one), STORE_API_KEY_TEXT_MAX - 1);
    assert_memory_equal(one, "apk_", 4);
    assert_int_equal(strspn(one + 4, "0123456789abcdef"), 64);
    assert_string_not_equal(one, two);
}

/* FIPS 180-4's example of "abc". */
static void test_digest_is_sha_256(void **state)
{
    static const uint8_t BEGIN[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    uint8_t digest[STORE_API_KEY_DIGEST_BYTES];

    (void)state;
    digest_of("abc", digest);
    assert_memory_equal(digest, BEGIN, sizeof(BEGIN));
}

static void test_key_is_found_by_its_text_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store_api_key key;
    char id[STORE_ID_TEXT_MAX];

    assert_int_equal(add(fixture, "pbx", "apk_1", NULL, id), 0);
    assert_int_equal(find(fixture, "apk_1", &key), 0);
    assert_string_equal(key.id, id);
    assert_string_equal(key.name, "pbx");
    assert_string_equal(key.role, "operator");
    assert_string_equal(key.networks, "10.0.0.0/8");
    assert_null(key.site_id);
    assert_null(key.site_name);
    assert_int_equal(key.created_at, FIXTURE_NOW_S);
    assert_int_equal(find(fixture, "apk_2", &key), AP_ENOENT);
    assert_int_equal(find(fixture, "", &key), AP_ENOENT);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM api_key WHERE "
                                             "instr(CAST(digest AS TEXT), 'apk_') > 0"),
                     0);
}

static void test_names_are_unique_and_a_deleted_key_opens_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_api_key key;
    char id[STORE_ID_TEXT_MAX], other[STORE_ID_TEXT_MAX];

    assert_int_equal(add(fixture, "pbx", "apk_1", NULL, id), 0);
    assert_int_equal(add(fixture, "pbx", "apk_2", NULL, other), AP_EEXIST);
    assert_int_equal(store_api_key_get(fixture->db, &fixture->arena, "pbx", &key), 0);
    assert_int_equal(store_api_key_get(fixture->db, &fixture->arena, id, &key), 0);
    fixture_begin(fixture);
    assert_int_equal(store_api_key_del(fixture->db, id), 0);
    assert_int_equal(store_api_key_del(fixture->db, id), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(find(fixture, "apk_1", &key), AP_ENOENT);
    assert_int_equal(store_api_key_get(fixture->db, &fixture->arena, "pbx", &key), AP_ENOENT);
}

static void test_list_goes_by_name_and_page(void **state)
{
    static const char *const NAMES[] = {"c", "a", "b"};
    struct fixture *fixture = *state;
    struct store_api_key *keys = NULL;
    size_t count = 0;
    char id[STORE_ID_TEXT_MAX];

    for (int i = 0; i < 3; i++)
        assert_int_equal(add(fixture, NAMES[i], NAMES[i], NULL, id), 0);
    assert_int_equal(store_api_key_list(fixture->db, &fixture->arena, "", 2, &keys, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(keys[0].name, "a");
    assert_string_equal(keys[1].name, "b");
    assert_int_equal(store_api_key_list(fixture->db, &fixture->arena, "b", 2, &keys, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(keys[0].name, "c");
}

static void test_a_site_with_keys_stays(void **state)
{
    struct fixture *fixture = *state;
    const struct store_site site = {.name = "hq"};
    struct store_api_key key;
    char site_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &site, site_id), 0);
    fixture_commit(fixture);
    assert_int_equal(add(fixture, "pbx", "apk_1", site_id, id), 0);
    assert_int_equal(find(fixture, "apk_1", &key), 0);
    assert_string_equal(key.site_id, site_id);
    assert_string_equal(key.site_name, "hq");
    fixture_begin(fixture);
    assert_int_equal(store_site_del(fixture->db, site_id), AP_ECONFLICT);
    fixture_commit(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_made_keys_differ_and_say_what_they_are),
        TEST(test_digest_is_sha_256),
        TEST(test_key_is_found_by_its_text_alone),
        TEST(test_names_are_unique_and_a_deleted_key_opens_nothing),
        TEST(test_list_goes_by_name_and_page),
        TEST(test_a_site_with_keys_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
