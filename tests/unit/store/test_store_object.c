#include "fixture.h"

#include "autoprov/array.h"

static uint64_t change_seq(struct fixture *fixture)
{
    uint64_t seq = 0;
    assert_int_equal(store_change_seq(fixture->db, &seq), 0);
    return seq;
}

/* -- users ------------------------------------------------------------------------------------- */

static void test_a_user_is_found_by_name_and_by_id(void **state)
{
    struct fixture *fixture = *state;
    struct store_user user = {.name = "alice", .display_name = "Alice Ä", .external_id = "pbx-17"};
    struct store_user got;
    struct token token;
    char id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];

    assert_int_equal(token_make(&token), 0);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    fixture_commit(fixture);
    fixture_add_account(fixture, id, "a1", "pw", account_id);
    fixture_add_account(fixture, id, "a2", "pw", account_id);
    fixture_add_phone(fixture, id, 1, NULL, phone_id);
    const char *const keys[] = {"alice", id};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(store_user_get(fixture->db, &fixture->arena, keys[i], &got), 0);
        assert_string_equal(got.id, id);
        assert_string_equal(got.name, "alice");
        assert_string_equal(got.display_name, "Alice Ä");
        assert_string_equal(got.external_id, "pbx-17");
        assert_int_equal(got.created_at, FIXTURE_NOW_S);
        assert_int_equal(got.version, 1);
        assert_int_equal(got.account_count, 2);
        assert_int_equal(got.phone_count, 1);
    }
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "Alice", &got), AP_ENOENT);
}

static void test_a_name_that_looks_like_an_id_wins(void **state)
{
    struct fixture *fixture = *state;
    struct store_user got;
    struct token token;
    char id[STORE_ID_TEXT_MAX], other[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    fixture_add_user(fixture, id, &token, other);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, id, &got), 0);
    assert_string_equal(got.id, other);
}

static void test_unique_values_of_users_are_taken_once(void **state)
{
    struct fixture *fixture = *state;
    const struct store_user cases[] = {
        {.name = "alice", .display_name = ""},
        {.name = "bob", .display_name = "", .external_id = "x"},
        {.name = "bob", .display_name = ""},
    };
    struct store_user first = {.name = "alice", .display_name = "", .external_id = "x"};
    struct token token, fresh;
    char id[STORE_ID_TEXT_MAX];

    fixture_begin(fixture);
    assert_int_equal(token_make(&token), 0);
    assert_int_equal(store_user_add(fixture->db, &first, &token, id), 0);
    for (size_t i = 0; i < 3; i++) { /* the last one only by its token */
        assert_int_equal(token_make(&fresh), 0);
        assert_int_equal(store_user_add(fixture->db, &cases[i], i == 2 ? &token : &fresh, id),
                         AP_EEXIST);
    }
    assert_int_equal(store_user_add(fixture->db, &cases[2], &fresh, id), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 2);
}

static void test_the_schema_refuses_what_is_too_long_or_missing(void **state)
{
    struct fixture *fixture = *state;
    char long_name[66], long_text[130], exact_name[65];
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    memset(long_name, 'n', sizeof(long_name));
    long_name[65] = '\0';
    memset(exact_name, 'n', sizeof(exact_name));
    exact_name[64] = '\0';
    memset(long_text, 't', sizeof(long_text));
    long_text[129] = '\0';
    const struct {
        struct store_user user;
        int err;
    } cases[] = {
        {{.name = long_name, .display_name = ""}, AP_EINVAL},
        {{.name = "", .display_name = ""}, AP_EINVAL},
        {{.name = NULL, .display_name = ""}, AP_EINVAL},
        {{.name = "n", .display_name = long_text}, AP_EINVAL},
        {{.name = "n", .display_name = NULL}, AP_EINVAL},
        {{.name = "n", .display_name = "", .external_id = ""}, AP_EINVAL},
        {{.name = "n", .display_name = "", .external_id = long_text}, AP_EINVAL},
        {{.name = exact_name, .display_name = ""}, 0},
    };
    fixture_begin(fixture);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        assert_int_equal(token_make(&token), 0);
        assert_int_equal(store_user_add(fixture->db, &cases[i].user, &token, id), cases[i].err);
    }
    fixture_commit(fixture);
}

static void test_users_are_listed_in_pages(void **state)
{
    static const char *const names[] = {"dora", "alice", "carol", "bob", "erin"};
    struct fixture *fixture = *state;
    struct store_user *users;
    struct token token;
    char id[STORE_ID_TEXT_MAX];
    char seen[64] = "";
    const char *after = "";
    size_t count, pages = 0;

    for (size_t i = 0; i < 5; i++)
        fixture_add_user(fixture, names[i], &token, id);
    do {
        assert_int_equal(
            store_user_list(fixture->db, &fixture->arena, NULL, after, 2, &users, &count), 0);
        for (size_t i = 0; i < count; i++) {
            seen[strlen(seen)] = users[i].name[0];
            after = users[i].name;
        }
        pages++;
    } while (count == 2);
    assert_string_equal(seen, "abcde");
    assert_int_equal(pages, 3);
    assert_int_equal(store_user_list(fixture->db, &fixture->arena, NULL, "erin", 2, &users, &count),
                     0);
    assert_int_equal(count, 0);
}

static void test_a_removed_user_takes_everything_along(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    fixture_add_account(fixture, id, "a", "pw", account_id);
    fixture_add_phone(fixture, id, 1, account_id, phone_id);
    fixture_begin(fixture);
    assert_int_equal(store_user_del(fixture->db, id), 0);
    assert_int_equal(store_user_del(fixture->db, id), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT (SELECT count(*) FROM user) + "
                                             "(SELECT count(*) FROM token) + "
                                             "(SELECT count(*) FROM account) + "
                                             "(SELECT count(*) FROM phone) + "
                                             "(SELECT count(*) FROM line)"),
                     0);
}

static void test_a_user_whose_account_rings_elsewhere_stays(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX];
    char account_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_account(fixture, alice, "a", "pw", account_id);
    fixture_add_phone(fixture, bob, 1, account_id, phone_id);
    fixture_begin(fixture);
    assert_int_equal(store_user_del(fixture->db, alice), AP_ECONFLICT);
    assert_int_equal(store_account_del(fixture->db, account_id), AP_ECONFLICT);
    assert_int_equal(store_user_del(fixture->db, bob), 0);
    assert_int_equal(store_account_del(fixture->db, account_id), 0);
    assert_int_equal(store_user_del(fixture->db, alice), 0);
    fixture_commit(fixture);
}

/* -- options and changes ----------------------------------------------------------------------- */

static void test_options_are_kept_replaced_and_unset(void **state)
{
    struct fixture *fixture = *state;
    const char *json;

    assert_int_equal(store_options_get(fixture->db, &fixture->arena, &json), AP_ENOENT);
    fixture_begin(fixture);
    assert_int_equal(store_options_set(fixture->db, NULL), 0);
    assert_int_equal(store_options_set(fixture->db, "{}"), 0);
    assert_int_equal(store_options_set(fixture->db, "{\"a\": 1}"), 0);
    fixture_commit(fixture);
    assert_int_equal(store_options_get(fixture->db, &fixture->arena, &json), 0);
    assert_string_equal(json, "{\"a\": 1}");
    fixture_begin(fixture);
    assert_int_equal(store_options_set(fixture->db, NULL), 0);
    fixture_commit(fixture);
    assert_int_equal(store_options_get(fixture->db, &fixture->arena, &json), AP_ENOENT);
}

static void test_every_change_and_only_a_change_bumps_change_seq(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const struct store_user again = {.name = "alice", .display_name = ""};

    fixture_add_user(fixture, "alice", &token, user_id);
    uint64_t seq = change_seq(fixture);
    assert_int_equal(seq, 1);
    fixture_add_account(fixture, user_id, "100", "pw", id);
    assert_int_equal(change_seq(fixture), ++seq);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &again, &token, id), AP_EEXIST);
    fixture_commit(fixture);
    assert_int_equal(change_seq(fixture), seq);
    fixture_begin(fixture);
    assert_int_equal(store_options_set(fixture->db, "{}"), 0);
    store_write_rollback(fixture->db);
    assert_int_equal(change_seq(fixture), seq);
}

static void test_a_failed_operation_leaves_the_rest_of_the_transaction(void **state)
{
    struct fixture *fixture = *state;
    struct token token, other;
    char id[STORE_ID_TEXT_MAX];
    struct store_user got;
    const struct store_user alice = {.name = "alice", .display_name = ""};
    const struct store_user bob = {.name = "bob", .display_name = ""};
    const struct store_user carol = {.name = "carol", .display_name = ""};

    assert_int_equal(token_make(&token), 0);
    assert_int_equal(token_make(&other), 0);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &alice, &token, id), 0);
    assert_int_equal(store_user_add(fixture->db, &bob, &token, id), AP_EEXIST); /* the token */
    assert_int_equal(store_user_add(fixture->db, &carol, &other, id), 0);
    fixture_commit(fixture);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "alice", &got), 0);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "bob", &got), AP_ENOENT);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "carol", &got), 0);
}

static void test_a_change_outside_of_a_transaction_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_options_set(fixture->db, "{}"), AP_ESTORE);
    assert_int_equal(store_write_commit(fixture->db), AP_ESTORE);
    store_write_rollback(fixture->db);
}

static void test_another_process_that_holds_the_database_is_busy(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_busy_timeout(fixture->db->sqlite, 0), SQLITE_OK);
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_write_begin(fixture->db), AP_EBUSY);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    fixture_begin(fixture);
    fixture_commit(fixture);
}

static void test_a_small_arena_is_no_memory_and_no_leak(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    struct arena small;
    struct store_user got, *users;
    size_t count;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    arena_init(&small, 48);
    assert_int_equal(store_user_get(fixture->db, &small, "alice", &got), AP_ENOMEM);
    assert_int_equal(store_user_list(fixture->db, &small, NULL, "", 10, &users, &count), AP_ENOMEM);
    arena_done(&small);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "alice", &got), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_user_is_found_by_name_and_by_id),
        TEST(test_a_name_that_looks_like_an_id_wins),
        TEST(test_unique_values_of_users_are_taken_once),
        TEST(test_the_schema_refuses_what_is_too_long_or_missing),
        TEST(test_users_are_listed_in_pages),
        TEST(test_a_removed_user_takes_everything_along),
        TEST(test_a_user_whose_account_rings_elsewhere_stays),
        TEST(test_options_are_kept_replaced_and_unset),
        TEST(test_every_change_and_only_a_change_bumps_change_seq),
        TEST(test_a_failed_operation_leaves_the_rest_of_the_transaction),
        TEST(test_a_change_outside_of_a_transaction_is_refused),
        TEST(test_another_process_that_holds_the_database_is_busy),
        TEST(test_a_small_arena_is_no_memory_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
