/* What phones say in HTTP: sealed, opened only on the way of a fetch. */
#include "fixture.h"

#include "autoprov/array.h"

#define PASSWORD "0123456789abcdef01234567"

struct house {
    struct fixture *fixture;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX];
    char phone_id[STORE_ID_TEXT_MAX];
};

static void build(struct house *house, struct fixture *fixture)
{
    house->fixture = fixture;
    fixture_add_user(fixture, "alice", &house->token, house->user_id);
    fixture_add_phone(fixture, house->user_id, 1, NULL, house->phone_id);
}

static struct store_phone phone_of(struct house *house)
{
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];

    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house->fixture->db, &house->fixture->arena, mac, &phone), 0);
    return phone;
}

static int set(struct house *house, struct store_auth auth)
{
    struct store_phone phone = phone_of(house);

    phone.lines = NULL;
    phone.access.auth = auth;
    fixture_begin(house->fixture);
    int err = store_phone_set(house->fixture->db, &phone, 0);
    fixture_commit(house->fixture);
    return err;
}

static struct store_auth fetched(struct house *house)
{
    struct store_phone phone;

    assert_int_equal(fixture_by_pair(house->fixture, house->fixture->db, &house->token, 1, &phone),
                     0);
    return phone.access.auth;
}

static size_t find(struct house *house, const char *user_id, const char *name,
                   struct store_auth **ret_pairs)
{
    size_t count = 0;

    assert_int_equal(store_auth_find(house->fixture->db, &house->fixture->arena, user_id, name,
                                     ret_pairs, &count),
                     0);
    return count;
}

static void test_a_phone_has_none_until_they_are_set(void **state)
{
    struct house house;

    build(&house, *state);
    assert_false(phone_of(&house).access.auth.required);
    assert_false(phone_of(&house).access.auth.has_password);
    assert_string_equal(phone_of(&house).access.auth.user, "");
    assert_null(fetched(&house).password);
}

static void test_what_is_set_is_opened_for_a_fetch_alone(void **state)
{
    struct house house;
    struct store_phone flat;
    uint8_t mac[AP_MAC_LEN];

    build(&house, *state);
    assert_int_equal(
        set(&house, (struct store_auth){.required = true, .user = "u1", .password = PASSWORD}), 0);
    assert_true(phone_of(&house).access.auth.required);
    assert_true(phone_of(&house).access.auth.has_password);
    assert_null(phone_of(&house).access.auth.password);
    assert_true(fetched(&house).required);
    assert_string_equal(fetched(&house).user, "u1");
    assert_string_equal(fetched(&house).password, PASSWORD);
    fixture_mac(1, mac);
    assert_int_equal(store_phone_by_mac(house.fixture->db, &house.fixture->arena, mac, &flat), 0);
    assert_string_equal(flat.access.auth.password, PASSWORD);
}

static void test_a_phone_is_added_with_them(void **state)
{
    struct house house;
    struct store_phone phone = {.vendor = "generic",
                                .model = "",
                                .label = "",
                                .enabled = true,
                                .access.auth = {.required = true, .password = PASSWORD}};
    struct store_phone read;
    char id[STORE_ID_TEXT_MAX];

    build(&house, *state);
    fixture_mac(2, phone.mac);
    phone.user_id = house.user_id;
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_add(house.fixture->db, &phone, id), 0);
    fixture_commit(house.fixture);
    assert_int_equal(fixture_by_pair(house.fixture, house.fixture->db, &house.token, 2, &read), 0);
    assert_string_equal(read.access.auth.password, PASSWORD);
}

static void test_null_leaves_the_password_and_an_empty_one_removes_it(void **state)
{
    struct house house;

    build(&house, *state);
    assert_int_equal(set(&house, (struct store_auth){.password = PASSWORD}), 0);
    assert_int_equal(set(&house, (struct store_auth){.user = "other"}), 0);
    assert_string_equal(fetched(&house).password, PASSWORD);
    assert_string_equal(fetched(&house).user, "other");
    assert_int_equal(set(&house, (struct store_auth){.password = ""}), 0);
    assert_false(fetched(&house).has_password);
    assert_null(fetched(&house).password);
}

static void test_a_password_that_is_too_long_is_refused(void **state)
{
    struct house house;
    char password[AP_PASSWORD_MAX_BYTES + 2];

    build(&house, *state);
    memset(password, 'x', sizeof(password));
    password[AP_PASSWORD_MAX_BYTES + 1] = '\0';
    assert_int_equal(set(&house, (struct store_auth){.password = password}), AP_EINVAL);
    password[AP_PASSWORD_MAX_BYTES] = '\0';
    assert_int_equal(set(&house, (struct store_auth){.password = password}), 0);
    assert_string_equal(fetched(&house).password, password);
}

static void test_the_database_holds_it_sealed_for_its_row(void **state)
{
    struct house house;
    struct store_phone phone;
    char other[STORE_ID_TEXT_MAX];
    size_t len = 0;

    build(&house, *state);
    fixture_add_phone(house.fixture, house.user_id, 2, NULL, other);
    assert_int_equal(set(&house, (struct store_auth){.password = PASSWORD}), 0);
    fixture_sql(house.fixture,
                "UPDATE phone SET auth_password_sealed = (SELECT auth_password_sealed FROM phone "
                "WHERE auth_password_sealed IS NOT NULL) WHERE auth_password_sealed IS NULL;"
                "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(fixture_by_pair(house.fixture, house.fixture->db, &house.token, 2, &phone),
                     AP_ECRYPTO);
    char *file = fixture_read_file(house.fixture->path, &len);
    assert_null(memmem(file, len, PASSWORD, strlen(PASSWORD)));
    free(file);
}

/* For files that are no phone's own. */
static void test_a_user_name_finds_the_phones_of_one_user_that_have_it(void **state)
{
    struct house house;
    struct token token;
    struct store_auth *pairs = NULL;
    uint8_t mac[AP_MAC_LEN];
    char text[AP_MAC_TEXT_MAX], bob[STORE_ID_TEXT_MAX];

    build(&house, *state);
    fixture_add_user(house.fixture, "bob", &token, bob);
    fixture_mac(1, mac);
    mac_format(mac, MAC_FORM_LOWER, text);
    assert_int_equal(find(&house, house.user_id, text, &pairs), 0); /* no password */
    assert_int_equal(set(&house, (struct store_auth){.password = PASSWORD}), 0);
    assert_int_equal(find(&house, house.user_id, text, &pairs), 1);
    assert_string_equal(pairs[0].password, PASSWORD);
    assert_string_equal(pairs[0].user, text);
    assert_int_equal(find(&house, bob, text, &pairs), 0);
    assert_int_equal(find(&house, NULL, text, &pairs), 1);
    assert_int_equal(find(&house, house.user_id, "", &pairs), 0);
    assert_int_equal(set(&house, (struct store_auth){.user = "desk"}), 0);
    assert_int_equal(find(&house, house.user_id, text, &pairs), 0);
    assert_int_equal(find(&house, house.user_id, "desk", &pairs), 1);
    assert_int_equal(find(&house, NULL, text, &pairs), 0);
    fixture_sql(house.fixture, "UPDATE phone SET enabled = 0");
    assert_int_equal(find(&house, house.user_id, "desk", &pairs), 0);
}

/* As with a new SIP password: or the phone would never get it. */
static void test_a_new_password_opens_a_right_that_was_used_up(void **state)
{
    struct house house;

    build(&house, *state);
    fixture_sql(house.fixture, "UPDATE phone SET first_at = 7");
    assert_int_equal(set(&house, (struct store_auth){.user = "desk"}), 0);
    assert_int_equal(phone_of(&house).access.first_at, 7);
    assert_int_equal(set(&house, (struct store_auth){.user = "desk", .password = PASSWORD}), 0);
    assert_int_equal(phone_of(&house).access.first_at, 0);
}

static void test_a_name_is_of_so_many_phones_of_a_user_at_most(void **state)
{
    struct house house;
    struct store_auth *pairs;
    char phone_id[STORE_ID_TEXT_MAX];
    unsigned i;

    build(&house, *state);
    for (i = 0; i <= AP_AUTH_PAIRS_MAX; i++) {
        struct store_phone phone = {.user_id = house.user_id,
                                    .vendor = "acme",
                                    .model = "",
                                    .label = "",
                                    .enabled = true,
                                    .access.auth = {.user = "desk", .password = PASSWORD}};
        fixture_mac((uint8_t)(100 + i), phone.mac);
        fixture_begin(house.fixture);
        assert_int_equal(store_phone_add(house.fixture->db, &phone, phone_id),
                         i < AP_AUTH_PAIRS_MAX ? 0 : AP_ERANGE);
        fixture_commit(house.fixture);
    }
    assert_int_equal(find(&house, house.user_id, "desk", &pairs), AP_AUTH_PAIRS_MAX);
    assert_int_equal(set(&house, (struct store_auth){.user = "desk", .password = PASSWORD}),
                     AP_ERANGE);
    assert_int_equal(set(&house, (struct store_auth){.user = "", .password = PASSWORD}), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_phone_has_none_until_they_are_set),
        TEST(test_what_is_set_is_opened_for_a_fetch_alone),
        TEST(test_a_phone_is_added_with_them),
        TEST(test_null_leaves_the_password_and_an_empty_one_removes_it),
        TEST(test_a_password_that_is_too_long_is_refused),
        TEST(test_the_database_holds_it_sealed_for_its_row),
        TEST(test_a_new_password_opens_a_right_that_was_used_up),
        TEST(test_a_name_is_of_so_many_phones_of_a_user_at_most),
        TEST(test_a_user_name_finds_the_phones_of_one_user_that_have_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
