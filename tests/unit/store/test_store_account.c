#include "fixture.h"

#include "autoprov/array.h"

static struct store_account account_of(const char *user_id, const char *sip_user)
{
    return (struct store_account){.user_id = user_id,
                                  .sip_user = sip_user,
                                  .domain = "sip.example.org",
                                  .auth_user = "auth",
                                  .display_name = "Dis Play",
                                  .registrar_host = "reg.example.org",
                                  .registrar_port = 5061,
                                  .transport = STORE_TRANSPORT_TCP,
                                  .outbound_proxy = "proxy.example.org:5060",
                                  .expires_s = 600,
                                  .external_id = NULL,
                                  .password = "pass word"};
}

static void test_an_account_comes_back_as_given_without_its_password(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    struct store_account got;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    struct store_account account = account_of(user_id, "100");
    account.external_id = "ext";
    fixture_begin(fixture);
    assert_int_equal(store_account_add(fixture->db, &account, id), 0);
    fixture_commit(fixture);
    const char *const keys[] = {"100@sip.example.org", id};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(store_account_get(fixture->db, &fixture->arena, keys[i], &got), 0);
        assert_string_equal(got.id, id);
        assert_string_equal(got.user_id, user_id);
        assert_string_equal(got.user_name, "alice");
        assert_string_equal(got.sip_user, account.sip_user);
        assert_string_equal(got.domain, account.domain);
        assert_string_equal(got.auth_user, account.auth_user);
        assert_string_equal(got.display_name, account.display_name);
        assert_string_equal(got.registrar_host, account.registrar_host);
        assert_int_equal(got.registrar_port, account.registrar_port);
        assert_int_equal(got.transport, account.transport);
        assert_string_equal(got.outbound_proxy, account.outbound_proxy);
        assert_int_equal(got.expires_s, account.expires_s);
        assert_string_equal(got.external_id, "ext");
        assert_null(got.password);
        assert_int_equal(got.created_at, FIXTURE_NOW_S);
        assert_int_equal(got.version, 1);
    }
    assert_int_equal(store_account_get(fixture->db, &fixture->arena, "100@other.org", &got),
                     AP_ENOENT);
    assert_int_equal(store_account_get(fixture->db, &fixture->arena, "100", &got), AP_ENOENT);
}

static void test_accounts_that_break_a_rule_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    char long_password[AP_PASSWORD_MAX_BYTES + 2];

    memset(long_password, 'p', sizeof(long_password));
    long_password[sizeof(long_password) - 1] = '\0';
    fixture_add_user(fixture, "alice", &token, user_id);
    const struct store_account good = account_of(user_id, "100");
    struct {
        struct store_account account;
        int err;
    } cases[10];
    for (size_t i = 0; i < 10; i++)
        cases[i].account = good;
    cases[0].err = 0;
    cases[1].err = AP_EEXIST; /* the same address */
    cases[2].account.user_id = "00000000-0000-0000-0000-000000000000";
    cases[2].account.sip_user = "101";
    cases[2].err = AP_ENOENT;
    cases[3].account.password = NULL;
    cases[3].err = AP_EINVAL;
    cases[4].account.password = "";
    cases[4].err = AP_EINVAL;
    cases[5].account.password = long_password;
    cases[5].err = AP_EINVAL;
    cases[6].account.expires_s = 59;
    cases[6].err = AP_EINVAL;
    cases[7].account.expires_s = 86401;
    cases[7].err = AP_EINVAL;
    cases[8].account.transport = (enum store_transport)3;
    cases[8].err = AP_EINVAL;
    cases[9].account.domain = "";
    cases[9].err = AP_EINVAL;
    fixture_begin(fixture);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(store_account_add(fixture->db, &cases[i].account, id), cases[i].err);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM account"), 1);
}

static void test_accounts_are_listed_in_pages_for_all_or_one_user(void **state)
{
    struct fixture *fixture = *state;
    struct store_account *accounts;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const char *after = "";
    size_t count, total = 0;

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_user(fixture, "bob", &token, bob);
    for (int i = 0; i < 21; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        fixture_add_account(fixture, i % 3 ? alice : bob, name, "pw", id);
    }
    do {
        assert_int_equal(
            store_account_list(fixture->db, &fixture->arena, NULL, after, 4, &accounts, &count), 0);
        for (size_t i = 0; i < count; i++) {
            assert_true(strcmp(accounts[i].id, after) > 0);
            assert_null(accounts[i].password);
            after = accounts[i].id;
        }
        total += count;
    } while (count > 0);
    assert_int_equal(total, 21);
    assert_int_equal(
        store_account_list(fixture->db, &fixture->arena, bob, "", 100, &accounts, &count), 0);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(accounts[i].user_name, "bob");
}

/* The password that phone 1 gets, and the sealed previous one. */
static void assert_passwords(struct fixture *fixture, const struct token *token, const char *id,
                             const char *current, const char *previous)
{
    const struct vault_place place = {"account", id, "previous_password_sealed"};
    struct store_phone phone;
    struct store_query query;
    size_t len;

    assert_int_equal(fixture_by_pair(fixture, fixture->db, token, 1, &phone), 0);
    assert_string_equal(phone.lines[0].account.password, current);
    store_query_begin(&query, fixture->db,
                      "SELECT previous_password_sealed FROM account WHERE id = ?");
    store_query_bind_text(&query, id);
    assert_int_equal(store_query_step(&query), 0);
    if (previous)
        assert_string_equal(store_query_column_sealed(&query, &place, &fixture->arena, &len),
                            previous);
    else
        assert_null(store_query_column_blob(&query, &len));
    assert_int_equal(store_query_end(&query, 0), 0);
}

static void test_a_changed_password_keeps_the_previous_one(void **state)
{
    static const struct {
        const char *password, *current, *previous;
    } cases[] = {
        {NULL, "first", NULL},     {"first", "first", NULL},      {"second", "second", "first"},
        {NULL, "second", "first"}, {"second", "second", "first"}, {"third", "third", "second"},
    };
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", "first", id);
    fixture_add_phone(fixture, user_id, 1, id, phone_id);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct store_account account = account_of(user_id, "100");
        account.id = id;
        account.password = cases[i].password;
        fixture_begin(fixture);
        assert_int_equal(store_account_set(fixture->db, &account, i + 1), 0);
        fixture_commit(fixture);
        assert_passwords(fixture, &token, id, cases[i].current, cases[i].previous);
    }
}

static void test_setting_an_account_checks_the_version_and_the_rules(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    struct store_account got;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX], other[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", "pw", id);
    fixture_add_account(fixture, user_id, "101", "pw", other);
    struct store_account account = account_of(user_id, "200");
    account.id = id;
    fixture_begin(fixture);
    assert_int_equal(store_account_set(fixture->db, &account, 2), AP_ECONFLICT);
    assert_int_equal(store_account_set(fixture->db, &account, 1), 0);
    assert_int_equal(store_account_set(fixture->db, &account, 1), AP_ECONFLICT);
    assert_int_equal(store_account_set(fixture->db, &account, 0), 0);
    account.sip_user = "101";
    assert_int_equal(store_account_set(fixture->db, &account, 0), AP_EEXIST);
    account.sip_user = "";
    assert_int_equal(store_account_set(fixture->db, &account, 0), AP_EINVAL);
    account.id = "00000000-0000-0000-0000-000000000000";
    assert_int_equal(store_account_set(fixture->db, &account, 0), AP_ENOENT);
    assert_int_equal(store_account_del(fixture->db, account.id), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(store_account_get(fixture->db, &fixture->arena, id, &got), 0);
    assert_string_equal(got.sip_user, "200");
    assert_int_equal(got.version, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_an_account_comes_back_as_given_without_its_password),
        TEST(test_accounts_that_break_a_rule_are_refused),
        TEST(test_accounts_are_listed_in_pages_for_all_or_one_user),
        TEST(test_a_changed_password_keeps_the_previous_one),
        TEST(test_setting_an_account_checks_the_version_and_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
