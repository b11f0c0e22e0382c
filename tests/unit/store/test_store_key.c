/* Keys of phones and users, and the vendors behind a token. */
#include "fixture.h"

#include "autoprov/store_setting.h"

struct scene {
    struct token token;
    char user[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];
};

static void make_scene(struct fixture *fixture, struct scene *scene)
{
    fixture_add_user(fixture, "alice", &scene->token, scene->user);
    fixture_add_phone(fixture, scene->user, 1, NULL, scene->phone);
}

static void set(struct fixture *fixture, enum store_key_owner owner, const char *id,
                uint32_t position, const char *value)
{
    const struct store_key key = {
        .position = position, .type = "blf", .value = value, .label = "Bob", .line = 2};

    fixture_begin(fixture);
    assert_int_equal(store_key_set(fixture->db, owner, id, &key), 0);
    fixture_commit(fixture);
}

static void test_a_phones_own_key_goes_before_its_users_at_one_position(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_phone phone;

    make_scene(fixture, &scene);
    set(fixture, STORE_KEY_USER, scene.user, 3, "user3");
    set(fixture, STORE_KEY_USER, scene.user, 1, "user1");
    set(fixture, STORE_KEY_PHONE, scene.phone, 3, "phone3");
    set(fixture, STORE_KEY_PHONE, scene.phone, 2, "phone2");
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &scene.token, 1, &phone), 0);
    static const char *const values[] = {"user1", "phone2", "phone3"};
    assert_int_equal(phone.key_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(phone.keys[i].position, i + 1);
        assert_string_equal(phone.keys[i].value, values[i]);
        assert_string_equal(phone.keys[i].type, "blf");
        assert_string_equal(phone.keys[i].label, "Bob");
        assert_int_equal(phone.keys[i].line, 2);
    }
    assert_int_equal(phone.keys[0].owner, STORE_KEY_USER);
    assert_int_equal(phone.keys[2].owner, STORE_KEY_PHONE);
}

static void test_keys_are_replaced_listed_and_removed_per_owner(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_key *keys = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    for (int owner = STORE_KEY_PHONE; owner <= STORE_KEY_USER; owner++) {
        const char *id = owner == STORE_KEY_PHONE ? scene.phone : scene.user;
        set(fixture, (enum store_key_owner)owner, id, 7, "old");
        set(fixture, (enum store_key_owner)owner, id, 7, "new");
        assert_int_equal(store_key_list(fixture->db, &fixture->arena, (enum store_key_owner)owner,
                                        id, &keys, &count),
                         0);
        assert_int_equal(count, 1);
        assert_string_equal(keys[0].value, "new");
        assert_int_equal(keys[0].owner, owner);
        fixture_begin(fixture);
        assert_int_equal(store_key_del(fixture->db, (enum store_key_owner)owner, id, 7), 0);
        assert_int_equal(store_key_del(fixture->db, (enum store_key_owner)owner, id, 7), AP_ENOENT);
        fixture_commit(fixture);
    }
}

static void test_keys_need_an_owner_and_a_position(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_key key = {.position = 1, .type = "blf", .value = "", .label = ""};

    make_scene(fixture, &scene);
    fixture_begin(fixture);
    assert_int_equal(store_key_set(fixture->db, STORE_KEY_PHONE, "nobody", &key), AP_ENOENT);
    assert_int_equal(store_key_set(fixture->db, STORE_KEY_USER, "nobody", &key), AP_ENOENT);
    key.position = 513;
    assert_int_equal(store_key_set(fixture->db, STORE_KEY_PHONE, scene.phone, &key), AP_EINVAL);
    assert_int_equal(store_phone_del(fixture->db, scene.phone), 0);
    fixture_commit(fixture);
}

static void test_a_token_tells_the_vendors_of_its_enabled_phones(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct token other;
    char id[STORE_ID_TEXT_MAX];
    const char *const *vendors = NULL;
    const char *user_id = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    fixture_add_phone(fixture, scene.user, 2, NULL, id);
    fixture_add_phone(fixture, scene.user, 3, NULL, id);
    fixture_sql(fixture, "UPDATE phone SET vendor = 'acme' WHERE mac LIKE '%2'");
    fixture_sql(fixture, "UPDATE phone SET vendor = 'off', enabled = 0 WHERE mac LIKE '%3'");
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &scene.token, &user_id, &vendors, &count),
        0);
    assert_int_equal(count, 2);
    assert_string_equal(vendors[0], "acme");
    assert_int_equal(token_make(&other), 0);
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &other, &user_id, &vendors, &count),
        AP_ENOENT);
}

static void test_a_rotated_token_tells_nothing_after_its_grace(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct token new_token;
    const char *const *vendors = NULL;
    const char *user_id = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    assert_int_equal(token_make(&new_token), 0);
    fixture_begin(fixture);
    assert_int_equal(store_token_rotate(fixture->db, scene.user, &new_token, FIXTURE_NOW_S + 10),
                     0);
    fixture_commit(fixture);
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &scene.token, &user_id, &vendors, &count),
        0);
    atomic_store(&fixture->wall_s, FIXTURE_NOW_S + 10);
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &scene.token, &user_id, &vendors, &count),
        AP_ENOENT);
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &new_token, &user_id, &vendors, &count),
        0);
}

static void test_deliveries_are_listed_by_file(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_delivery *list = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    for (int i = 0; i < 2; i++) {
        struct store_record record = {
            .kind = STORE_RECORD_FETCH, .at = 5, .role = "config", .status = 200};
        assert_int_equal(address_parse("192.0.2.7", &record.source), 0);
        snprintf(record.phone_id, sizeof(record.phone_id), "%s", scene.phone);
        snprintf(record.file, sizeof(record.file), "%s", i ? "{mac}.cfg" : "{mac}-user.cfg");
        memset(record.body_digest, i + 1, sizeof(record.body_digest));
        fixture_begin(fixture);
        assert_int_equal(store_record_write(fixture->db, &record), 0);
        fixture_commit(fixture);
    }
    assert_int_equal(store_delivery_list(fixture->db, &fixture->arena, scene.phone, &list, &count),
                     0);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].file, "{mac}-user.cfg");
    assert_int_equal(list[0].digest[31], 1);
    assert_int_equal(list[1].at, 5);
}

static int64_t version_of(struct fixture *fixture)
{
    return fixture_number(fixture, "SELECT version FROM phone");
}

static void test_each_change_of_a_phones_keys_makes_a_new_version_of_it(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;

    make_scene(fixture, &scene);
    set(fixture, STORE_KEY_PHONE, scene.phone, 3, "a");
    assert_int_equal(version_of(fixture), 2);
    set(fixture, STORE_KEY_USER, scene.user, 3, "a");
    assert_int_equal(version_of(fixture), 2);
    fixture_begin(fixture);
    assert_int_equal(store_key_del(fixture->db, STORE_KEY_PHONE, scene.phone, 4), AP_ENOENT);
    assert_int_equal(store_key_del(fixture->db, STORE_KEY_USER, scene.user, 3), 0);
    fixture_commit(fixture);
    assert_int_equal(version_of(fixture), 2);
    fixture_begin(fixture);
    assert_int_equal(store_key_del(fixture->db, STORE_KEY_PHONE, scene.phone, 3), 0);
    fixture_commit(fixture);
    assert_int_equal(version_of(fixture), 3);
}

static void test_a_phones_keys_are_replaced_as_a_whole_or_not_at_all(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_key *keys = NULL;
    size_t count = 0;
    struct store_key list[] = {{.position = 9, .type = "blf", .value = "9", .label = ""},
                               {.position = 2, .type = "dtmf", .value = "2", .label = ""}};

    make_scene(fixture, &scene);
    set(fixture, STORE_KEY_PHONE, scene.phone, 3, "a");
    fixture_begin(fixture);
    assert_int_equal(store_key_replace(fixture->db, scene.phone, list, 2), 0);
    fixture_commit(fixture);
    assert_int_equal(
        store_key_list(fixture->db, &fixture->arena, STORE_KEY_PHONE, scene.phone, &keys, &count),
        0);
    assert_int_equal(count, 2);
    assert_int_equal(keys[0].position, 2);
    assert_int_equal(keys[1].position, 9);
    assert_int_equal(version_of(fixture), 3);
    list[1].type = ""; /* the schema refuses it */
    fixture_begin(fixture);
    assert_int_equal(store_key_replace(fixture->db, scene.phone, list, 2), AP_EINVAL);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM \"key\""), 2);
    assert_int_equal(version_of(fixture), 3);
    fixture_begin(fixture);
    assert_int_equal(store_key_replace(fixture->db, scene.phone, list, 0), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM \"key\""), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_change_of_a_phones_keys_makes_a_new_version_of_it,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_phones_keys_are_replaced_as_a_whole_or_not_at_all,
                                        fixture_setup, fixture_teardown),
        TEST(test_a_phones_own_key_goes_before_its_users_at_one_position),
        TEST(test_keys_are_replaced_listed_and_removed_per_owner),
        TEST(test_keys_need_an_owner_and_a_position),
        TEST(test_a_token_tells_the_vendors_of_its_enabled_phones),
        TEST(test_a_rotated_token_tells_nothing_after_its_grace),
        TEST(test_deliveries_are_listed_by_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
