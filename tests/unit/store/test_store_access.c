/* Windows, rights that are used up, bootstrap tokens, and who has not moved. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_access.h"

#define HOME "192.0.2.0/24"
#define AWAY "198.51.100.0/24"

struct house {
    struct fixture *fixture;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX];
    char phone_id[STORE_ID_TEXT_MAX];
};

static void build(struct house *house, struct fixture *fixture)
{
    char account_id[STORE_ID_TEXT_MAX];

    house->fixture = fixture;
    fixture_add_user(fixture, "alice", &house->token, house->user_id);
    fixture_add_account(fixture, house->user_id, "1001", "secret", account_id);
    fixture_add_phone(fixture, house->user_id, 1, account_id, house->phone_id);
}

static int claim(struct house *house, struct store_claim claim)
{
    claim.phone_id = house->phone_id;
    fixture_begin(house->fixture);
    int err = store_claim(house->fixture->db, &claim);
    fixture_commit(house->fixture);
    return err;
}

static int enrol(struct house *house, int64_t until)
{
    fixture_begin(house->fixture);
    int err = store_enrol(house->fixture->db, house->phone_id, until);
    fixture_commit(house->fixture);
    return err;
}

static int bootstrap(struct house *house, const char *network, struct token *ret_token,
                     bool *ret_repeated)
{
    struct token fresh;

    assert_int_equal(token_make(&fresh), 0);
    fixture_begin(house->fixture);
    int err = store_bootstrap(house->fixture->db, &house->fixture->arena, house->phone_id, &fresh,
                              network, house->fixture->wall_s + 86400, ret_token, ret_repeated);
    fixture_commit(house->fixture);
    return err;
}

static struct store_access access_of(struct house *house)
{
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];

    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house->fixture->db, &house->fixture->arena, mac, &phone), 0);
    return phone.access;
}

/* -- the first fetch --------------------------------------------------------------------------- */

static void test_secrets_served_once_are_noted_with_their_network(void **state)
{
    struct house house;

    build(&house, *state);
    assert_int_equal(access_of(&house).first_at, 0);
    assert_null(access_of(&house).first_network);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), 0);
    assert_int_equal(access_of(&house).first_at, FIXTURE_NOW_S);
    assert_string_equal(access_of(&house).first_network, HOME);
}

static void test_of_two_that_read_the_same_the_second_is_the_same_fetch_or_too_late(void **state)
{
    struct house house;

    build(&house, *state);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), 0);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), 0);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = AWAY}), AP_ECONFLICT);
    house.fixture->wall_s += STORE_SAME_FETCH_S + 1;
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), AP_ECONFLICT);
    house.fixture->wall_s -= 3600; /* a clock that is set back reopens nothing */
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), AP_ECONFLICT);
    assert_string_equal(access_of(&house).first_network, HOME);
}

static void test_a_window_forgets_the_first_fetch_and_ends_with_the_next(void **state)
{
    struct house house;

    build(&house, *state);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), 0);
    assert_int_equal(enrol(&house, FIXTURE_NOW_S + 900), 0);
    assert_int_equal(access_of(&house).enrol_until, FIXTURE_NOW_S + 900);
    assert_int_equal(access_of(&house).first_at, 0);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = AWAY}), 0);
    assert_int_equal(access_of(&house).enrol_until, FIXTURE_NOW_S + STORE_SAME_FETCH_S);
    assert_int_equal(enrol(&house, 0), 0);
    assert_int_equal(access_of(&house).enrol_until, 0);
    assert_string_equal(access_of(&house).first_network, AWAY);
    fixture_begin(house.fixture);
    assert_int_equal(store_enrol(house.fixture->db, "00000000-0000-0000-0000-000000000000", 1),
                     AP_ENOENT);
    fixture_commit(house.fixture);
}

/* -- bootstrap --------------------------------------------------------------------------------- */

static void test_a_bootstrap_token_names_its_phone_alone(void **state)
{
    struct house house;
    struct store_phone phone;
    struct token token;
    char other_id[STORE_ID_TEXT_MAX];
    enum store_token_kind kind;
    uint8_t mac[AP_MAC_LEN];
    bool repeated = true;

    build(&house, *state);
    fixture_add_phone(house.fixture, house.user_id, 2, NULL, other_id);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    assert_false(repeated);
    fixture_mac(1, mac);
    assert_int_equal(
        store_phone_by_pair(house.fixture->db, &house.fixture->arena, &token, mac, &phone, &kind),
        0);
    assert_int_equal(kind, STORE_TOKEN_BOOTSTRAP);
    assert_string_equal(phone.access.token_network, HOME);
    assert_int_equal(phone.access.token_used_at, 0);
    assert_int_equal(phone.access.bootstrap_at, FIXTURE_NOW_S);
    assert_int_equal(fixture_by_pair(house.fixture, house.fixture->db, &token, 2, NULL), AP_ENOENT);
    house.fixture->wall_s += 86400;
    assert_int_equal(fixture_by_pair(house.fixture, house.fixture->db, &token, 1, NULL), AP_ENOENT);
}

static void test_asked_again_it_is_the_same_token_and_told(void **state)
{
    struct house house;
    struct token first, again;
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &first, &repeated), 0);
    assert_int_equal(bootstrap(&house, HOME, &again, &repeated), 0);
    assert_false(repeated); /* within the minute: the same fetch */
    assert_string_equal(first.text, again.text);
    house.fixture->wall_s += STORE_SAME_FETCH_S + 1;
    assert_int_equal(bootstrap(&house, HOME, &again, &repeated), 0);
    assert_true(repeated);
    assert_int_equal(bootstrap(&house, AWAY, &again, &repeated), AP_ECONFLICT);
    /* When it has ended, there may be another. */
    house.fixture->wall_s += 86400;
    assert_int_equal(bootstrap(&house, AWAY, &again, &repeated), 0);
    assert_string_not_equal(first.text, again.text);
    assert_int_equal(
        fixture_number(house.fixture, "SELECT count(*) FROM token WHERE kind = 'bootstrap'"), 1);
}

static void test_a_bootstrap_token_is_used_once_from_its_network(void **state)
{
    struct house house;
    struct token token;
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    const struct store_claim use = {.bootstrap = &token, .network = HOME};
    assert_int_equal(claim(&house, (struct store_claim){.bootstrap = &token, .network = AWAY}),
                     AP_ECONFLICT);
    assert_int_equal(claim(&house, use), 0);
    house.fixture->wall_s += STORE_SAME_FETCH_S;
    assert_int_equal(claim(&house, use), 0); /* the same use */
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    house.fixture->wall_s += 1;
    assert_int_equal(claim(&house, use), AP_ECONFLICT);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), AP_ECONFLICT);
    /* A new window lets it begin anew. */
    assert_int_equal(enrol(&house, house.fixture->wall_s + 900), 0);
    assert_int_equal(bootstrap(&house, AWAY, &token, &repeated), 0);
    assert_false(repeated);
}

static void test_seen_on_its_token_url_flat_access_is_closed(void **state)
{
    struct house house;
    struct store_phone phone;
    struct token token;
    uint8_t mac[AP_MAC_LEN];
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    house.fixture->wall_s += 5;
    assert_int_equal(claim(&house, (struct store_claim){.moved = true}), 0);
    assert_int_equal(access_of(&house).moved_at, FIXTURE_NOW_S + 5);
    assert_int_equal(fixture_by_pair(house.fixture, house.fixture->db, &token, 1, NULL), AP_ENOENT);
    house.fixture->wall_s += 5;
    assert_int_equal(claim(&house, (struct store_claim){.moved = true}), 0); /* stays */
    assert_int_equal(access_of(&house).moved_at, FIXTURE_NOW_S + 5);
    /* An admin who opens flat access means it. */
    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house.fixture->db, &house.fixture->arena, mac, &phone), 0);
    phone.lines = NULL;
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_set(house.fixture->db, &phone, 0), 0);
    fixture_commit(house.fixture);
    assert_int_not_equal(access_of(&house).moved_at, 0);
    phone.access.flat = STORE_FLAT_FULL;
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_set(house.fixture->db, &phone, 0), 0);
    fixture_commit(house.fixture);
    assert_int_equal(access_of(&house).moved_at, 0);
    assert_int_equal(access_of(&house).flat, STORE_FLAT_FULL);
}

static int count_bootstraps(struct house *house)
{
    return (int)fixture_number(house->fixture,
                               "SELECT count(*) FROM token WHERE kind = 'bootstrap'");
}

static void test_a_new_folder_token_without_grace_or_burnt_ends_bootstraps(void **state)
{
    static const bool BURNS[] = {false, true};
    struct house house;
    struct token handed, next;
    bool repeated;

    build(&house, *state);
    for (size_t i = 0; i < AP_COUNT(BURNS); i++) {
        assert_int_equal(bootstrap(&house, HOME, &handed, &repeated), 0);
        assert_int_equal(count_bootstraps(&house), 1);
        assert_int_equal(token_make(&next), 0);
        fixture_begin(house.fixture);
        assert_int_equal(BURNS[i] ? store_token_burn(house.fixture->db, house.user_id, &next,
                                                     house.fixture->wall_s + 60)
                                  : store_token_rotate(house.fixture->db, house.user_id, &next, 0),
                         0);
        fixture_commit(house.fixture);
        assert_int_equal(count_bootstraps(&house), 0);
    }
}

static void set_flat(struct house *house, enum store_flat flat)
{
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];

    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house->fixture->db, &house->fixture->arena, mac, &phone), 0);
    phone.access.flat = flat;
    fixture_begin(house->fixture);
    assert_int_equal(store_phone_set(house->fixture->db, &phone, 0), 0);
    fixture_commit(house->fixture);
}

static void test_flat_off_ends_what_flat_mode_handed_out_and_opens_nothing_later(void **state)
{
    struct house house;
    struct token handed;
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &handed, &repeated), 0);
    assert_int_equal(claim(&house, (struct store_claim){.moved = true}), 0);
    assert_int_equal(bootstrap(&house, HOME, &handed, &repeated), 0);
    set_flat(&house, STORE_FLAT_OFF);
    assert_int_equal(count_bootstraps(&house), 0);
    assert_int_equal(access_of(&house).moved_at, FIXTURE_NOW_S);
    set_flat(&house, STORE_FLAT_DEFAULT);
    assert_int_equal(access_of(&house).moved_at, FIXTURE_NOW_S);
    set_flat(&house, STORE_FLAT_BOOTSTRAP);
    assert_int_equal(access_of(&house).moved_at, 0);
}

static void test_another_password_may_be_fetched_again_in_the_first_network(void **state)
{
    struct house house;
    struct store_account account;

    build(&house, *state);
    assert_int_equal(claim(&house, (struct store_claim){.first_network = HOME}), 0);
    assert_int_equal(store_account_get(house.fixture->db, &house.fixture->arena,
                                       "1001@sip.example.org", &account),
                     0);
    account.password = "secret"; /* the same */
    fixture_begin(house.fixture);
    assert_int_equal(store_account_set(house.fixture->db, &account, 0), 0);
    fixture_commit(house.fixture);
    assert_int_equal(access_of(&house).first_at, FIXTURE_NOW_S);
    account.password = "another";
    fixture_begin(house.fixture);
    assert_int_equal(store_account_set(house.fixture->db, &account, 0), 0);
    fixture_commit(house.fixture);
    assert_int_equal(access_of(&house).first_at, 0);
    assert_string_equal(access_of(&house).first_network, HOME);
}

static void test_one_right_that_is_gone_undoes_the_others(void **state)
{
    struct house house;
    struct token token;
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    assert_int_equal(
        claim(&house,
              (struct store_claim){.first_network = HOME, .bootstrap = &token, .network = AWAY}),
        AP_ECONFLICT);
    assert_int_equal(access_of(&house).first_at, 0);
}

/* -- fields ------------------------------------------------------------------------------------ */

static void test_networks_flat_and_secrets_are_kept(void **state)
{
    struct house house;
    struct store_phone phone;
    struct store_user user;
    uint8_t mac[AP_MAC_LEN];

    build(&house, *state);
    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house.fixture->db, &house.fixture->arena, mac, &phone), 0);
    assert_int_equal(store_user_get(house.fixture->db, &house.fixture->arena, "alice", &user), 0);
    assert_null(user.networks);
    phone.lines = NULL;
    phone.access = (struct store_access){.networks = "192.0.2.0/24,2001:db8::/32",
                                         .flat = STORE_FLAT_BOOTSTRAP,
                                         .secrets = STORE_SECRETS_ONCE};
    user.networks = "10.0.0.0/8";
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_set(house.fixture->db, &phone, 0), 0);
    assert_int_equal(store_user_set(house.fixture->db, &user, 0), 0);
    fixture_commit(house.fixture);
    assert_int_equal(store_phone_by_mac(house.fixture->db, &house.fixture->arena, mac, &phone), 0);
    assert_string_equal(phone.access.networks, "192.0.2.0/24,2001:db8::/32");
    assert_string_equal(phone.access.user_networks, "10.0.0.0/8");
    assert_int_equal(phone.access.flat, STORE_FLAT_BOOTSTRAP);
    assert_int_equal(phone.access.secrets, STORE_SECRETS_ONCE);
}

static void test_names_are_read_back(void **state)
{
    enum store_flat flat;
    enum store_secrets secrets;

    (void)state;
    for (int i = STORE_FLAT_FULL; i <= STORE_FLAT_OFF; i++) {
        assert_int_equal(store_flat_parse(store_flat_name((enum store_flat)i), &flat), 0);
        assert_int_equal(flat, i);
    }
    for (int i = STORE_SECRETS_ALWAYS; i <= STORE_SECRETS_FIRST_NETWORK; i++) {
        assert_int_equal(store_secrets_parse(store_secrets_name((enum store_secrets)i), &secrets),
                         0);
        assert_int_equal(secrets, i);
    }
    assert_int_equal(store_flat_parse("", &flat), AP_EINVAL);
    assert_int_equal(store_secrets_parse("never", &secrets), AP_EINVAL);
}

/* -- who has not moved ------------------------------------------------------------------------- */

static size_t unmoved(struct house *house, const char *user_id, struct store_unmoved **ret_phones)
{
    size_t count = 0;

    assert_int_equal(store_unmoved_list(house->fixture->db, &house->fixture->arena, user_id, "",
                                        100, ret_phones, &count),
                     0);
    return count;
}

static void test_after_a_rotation_phones_are_listed_until_they_were_seen(void **state)
{
    struct house house;
    struct store_unmoved *phones = NULL;
    struct token fresh;

    build(&house, *state);
    assert_int_equal(unmoved(&house, NULL, &phones), 0);
    assert_int_equal(token_make(&fresh), 0);
    fixture_begin(house.fixture);
    assert_int_equal(
        store_token_rotate(house.fixture->db, house.user_id, &fresh, FIXTURE_NOW_S + 3600), 0);
    fixture_commit(house.fixture);
    assert_int_equal(unmoved(&house, house.user_id, &phones), 1);
    assert_string_equal(phones[0].why, "previous_token");
    assert_string_equal(phones[0].user_name, "alice");
    assert_int_equal(phones[0].ends_at, FIXTURE_NOW_S + 3600);
    assert_int_equal(unmoved(&house, "somebody else", &phones), 0);
    assert_int_equal(claim(&house, (struct store_claim){.seen = true, .generation = 1}), 0);
    assert_int_equal(unmoved(&house, NULL, &phones), 0);
}

static void test_a_bootstrap_is_listed_until_the_phone_was_seen(void **state)
{
    struct house house;
    struct store_unmoved *phones = NULL;
    struct token token;
    bool repeated;

    build(&house, *state);
    assert_int_equal(bootstrap(&house, HOME, &token, &repeated), 0);
    assert_int_equal(unmoved(&house, NULL, &phones), 1);
    assert_string_equal(phones[0].why, "bootstrap");
    assert_int_equal(phones[0].since, FIXTURE_NOW_S);
    assert_int_equal(phones[0].ends_at, FIXTURE_NOW_S + 86400);
    assert_int_equal(claim(&house, (struct store_claim){.moved = true}), 0);
    assert_int_equal(unmoved(&house, NULL, &phones), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_secrets_served_once_are_noted_with_their_network),
        TEST(test_of_two_that_read_the_same_the_second_is_the_same_fetch_or_too_late),
        TEST(test_a_window_forgets_the_first_fetch_and_ends_with_the_next),
        TEST(test_a_bootstrap_token_names_its_phone_alone),
        TEST(test_asked_again_it_is_the_same_token_and_told),
        TEST(test_a_bootstrap_token_is_used_once_from_its_network),
        TEST(test_seen_on_its_token_url_flat_access_is_closed),
        TEST(test_a_new_folder_token_without_grace_or_burnt_ends_bootstraps),
        TEST(test_flat_off_ends_what_flat_mode_handed_out_and_opens_nothing_later),
        TEST(test_another_password_may_be_fetched_again_in_the_first_network),
        TEST(test_one_right_that_is_gone_undoes_the_others),
        TEST(test_networks_flat_and_secrets_are_kept),
        cmocka_unit_test(test_names_are_read_back),
        TEST(test_after_a_rotation_phones_are_listed_until_they_were_seen),
        TEST(test_a_bootstrap_is_listed_until_the_phone_was_seen),
    };
    return cmocka_run_group_tests_name("store_access", tests, NULL, NULL);
}
