#include "fixture.h"

#define GRACE_S 3600

struct house {
    struct token old, new;
    char user_id[STORE_ID_TEXT_MAX];
    char phone_id[3][STORE_ID_TEXT_MAX]; /* last bytes 0, 1, 2 */
};

static struct house build(struct fixture *fixture)
{
    struct house house;
    fixture_add_user(fixture, "alice", &house.old, house.user_id);
    for (uint8_t i = 0; i < 3; i++)
        fixture_add_phone(fixture, house.user_id, i, NULL, house.phone_id[i]);
    return house;
}

static void rotate(struct fixture *fixture, struct house *house, int64_t grace_ends_at)
{
    assert_int_equal(token_make(&house->new), 0);
    fixture_begin(fixture);
    assert_int_equal(store_token_rotate(fixture->db, house->user_id, &house->new, grace_ends_at),
                     0);
    fixture_commit(fixture);
}

static void mark_seen(struct fixture *fixture, const char *phone_id, uint64_t generation)
{
    fixture_begin(fixture);
    assert_int_equal(store_phone_seen_on_folder_token(fixture->db, phone_id, generation), 0);
    fixture_commit(fixture);
}

static void set_wall(struct fixture *fixture, int64_t offset_s)
{
    atomic_store(&fixture->wall_s, FIXTURE_NOW_S + offset_s);
}

static enum store_token_kind kind_of(struct fixture *fixture, const struct token *token)
{
    struct store_phone phone;
    enum store_token_kind kind;
    uint8_t mac[AP_MAC_LEN];
    fixture_mac(0, mac);
    assert_int_equal(store_phone_by_pair(fixture->db, &fixture->arena, token, mac, &phone, &kind),
                     0);
    return kind;
}

static void test_the_folder_token_is_shown_again(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token got;

    assert_int_equal(store_token_get(fixture->db, &fixture->arena, house.user_id, &got), 0);
    assert_string_equal(got.text, house.old.text);
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(store_token_get(fixture->db, &fixture->arena, house.user_id, &got), 0);
    assert_string_equal(got.text, house.new.text);
    assert_int_equal(store_token_get(fixture->db, &fixture->arena, house.phone_id[0], &got),
                     AP_ENOENT);
}

static void test_an_imported_token_is_marked_until_rotated(void **state)
{
    struct fixture *fixture = *state;
    const struct store_user user = {.name = "alice", .display_name = ""};
    struct token imported, fresh;
    char id[STORE_ID_TEXT_MAX];

    assert_int_equal(token_parse("An-imported_token", 17, &imported), 0);
    assert_int_equal(token_make(&fresh), 0);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &user, &imported, id), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT imported FROM token"), 1);
    fixture_begin(fixture);
    assert_int_equal(store_token_rotate(fixture->db, id, &fresh, 0), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT imported FROM token"), 0);
}

static void test_in_grace_both_tokens_serve_and_say_which_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    assert_int_equal(kind_of(fixture, &house.old), STORE_TOKEN_FOLDER);
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(kind_of(fixture, &house.old), STORE_TOKEN_PREVIOUS);
    assert_int_equal(kind_of(fixture, &house.new), STORE_TOKEN_FOLDER);
}

static void test_grace_ends_at_its_second(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    set_wall(fixture, GRACE_S - 1);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), 0);
    set_wall(fixture, GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, NULL), 0);
}

static void test_no_grace_ends_the_old_token_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    rotate(fixture, &house, 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 1);
}

static void test_a_clock_set_back_reopens_nothing_in_this_connection(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    set_wall(fixture, GRACE_S + 1);
    assert_int_equal(fixture_by_pair(fixture, reader, &house.old, 0, NULL), AP_ENOENT);
    set_wall(fixture, 10);
    assert_int_equal(fixture_by_pair(fixture, reader, &house.old, 0, NULL), AP_ENOENT);
    store_close(reader);
}

static void test_time_goes_on_while_the_clock_is_set_back(void **state)
{
    struct fixture *fixture = *state;

    set_wall(fixture, 100);
    fixture_begin(fixture);
    fixture_commit(fixture);
    fixture_close(fixture);
    set_wall(fixture, -100000);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(store_now_s(fixture->db), FIXTURE_NOW_S + 100);
    atomic_fetch_add(&fixture->monotonic_ms, 60999);
    assert_int_equal(store_now_s(fixture->db), FIXTURE_NOW_S + 160);
    set_wall(fixture, 500);
    assert_int_equal(store_now_s(fixture->db), FIXTURE_NOW_S + 500);
}

static void test_a_clock_set_back_reopens_nothing_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    set_wall(fixture, GRACE_S + 1);
    fixture_begin(fixture); /* any commit keeps the highest time */
    fixture_commit(fixture);
    fixture_close(fixture);
    set_wall(fixture, -100000);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(fixture_by_pair(fixture, reader, &house.old, 0, NULL), AP_ENOENT);
    store_close(reader);
}

static void test_an_idle_daemon_notes_the_time_only_while_a_token_waits_for_its_end(void **state)
{
    static const char sql[] = "SELECT number FROM meta WHERE name = 'highest_wall'";
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    set_wall(fixture, 50);
    assert_int_equal(store_change_note_time(fixture->db), 0);
    assert_int_equal(fixture_number(fixture, sql), FIXTURE_NOW_S);
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    set_wall(fixture, GRACE_S + 7);
    assert_int_equal(store_change_note_time(fixture->db), 0);
    assert_int_equal(fixture_number(fixture, sql), FIXTURE_NOW_S + GRACE_S + 7);
    set_wall(fixture, GRACE_S + 1000);
    assert_int_equal(store_change_note_time(fixture->db), 0);
    assert_int_equal(fixture_number(fixture, sql), FIXTURE_NOW_S + GRACE_S + 7);
}

static void test_a_phone_seen_on_the_new_token_loses_the_old_one_alone(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct store_phone phone;

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 1, &phone), 0);
    assert_false(phone.needs_seen_mark);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 1, &phone), 0);
    assert_true(phone.needs_seen_mark);
    mark_seen(fixture, house.phone_id[1], phone.token_generation);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 1, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 1, &phone), 0);
    assert_false(phone.needs_seen_mark);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 2, NULL), 0);
}

static void test_the_mark_is_due_only_while_a_previous_token_serves(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct store_phone phone;

    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, &phone), 0);
    assert_false(phone.needs_seen_mark);
    rotate(fixture, &house, 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, &phone), 0);
    assert_false(phone.needs_seen_mark);
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, &phone), 0);
    assert_true(phone.needs_seen_mark);
    set_wall(fixture, GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, &phone), 0);
    assert_false(phone.needs_seen_mark);
}

static void test_a_mark_noted_again_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    uint64_t before, after;

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    mark_seen(fixture, house.phone_id[0], 1);
    assert_int_equal(store_change_seq(fixture->db, &before), 0);
    mark_seen(fixture, house.phone_id[0], 1);
    mark_seen(fixture, house.phone_id[0], 0);
    assert_int_equal(store_change_seq(fixture->db, &after), 0);
    assert_int_equal(after, before);
    fixture_begin(fixture);
    assert_int_equal(store_phone_seen_on_folder_token(fixture->db, house.user_id, 1), AP_ENOENT);
    fixture_commit(fixture);
}

static void test_a_mark_that_a_rotation_overtakes_does_not_lock_the_phone_out(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct store_phone phone;

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, &phone), 0);
    struct token phones_url = house.new;
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    mark_seen(fixture, phone.id, phone.token_generation);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &phones_url, 0, NULL), 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, &phone), 0);
    mark_seen(fixture, phone.id, phone.token_generation);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &phones_url, 0, NULL), AP_ENOENT);
}

static void test_a_second_rotation_ends_the_older_previous_token(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token first = house.old;

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    struct token second = house.new;
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &first, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &second, 0, NULL), 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, NULL), 0);
}

static void test_a_taken_token_or_an_unknown_user_rotates_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token bobs;
    char bob[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "bob", &bobs, bob);
    fixture_begin(fixture);
    assert_int_equal(store_token_rotate(fixture->db, house.user_id, &bobs, 0), AP_EEXIST);
    assert_int_equal(store_token_rotate(fixture->db, house.user_id, &house.old, 0), AP_EEXIST);
    assert_int_equal(token_make(&house.new), 0);
    assert_int_equal(store_token_rotate(fixture->db, house.phone_id[0], &house.new, 0), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(kind_of(fixture, &house.old), STORE_TOKEN_FOLDER);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 2);
}

static void test_a_bootstrap_token_opens_its_phone_alone_and_ends(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token bootstrap;
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    struct store_query query;

    assert_int_equal(token_make(&bootstrap), 0);
    assert_int_equal(vault_blind_index(fixture->vault, &bootstrap, index), 0);
    fixture_begin(fixture);
    store_query_begin(&query, fixture->db,
                      "INSERT INTO token (blind_index, kind, user_id, phone_id, token_sealed, "
                      "imported, generation, created_at, ends_at) "
                      "VALUES (?, 'bootstrap', ?, ?, zeroblob(61), 0, 0, 0, ?)");
    store_query_bind_blob(&query, index, sizeof(index));
    store_query_bind_text(&query, house.user_id);
    store_query_bind_text(&query, house.phone_id[1]);
    store_query_bind_number(&query, FIXTURE_NOW_S + 900);
    assert_int_equal(store_query_run(&query), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &bootstrap, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &bootstrap, 1, NULL), 0);
    set_wall(fixture, 900);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &bootstrap, 1, NULL), AP_ENOENT);
}

static void test_the_end_of_the_previous_token_is_told_while_there_is_one(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    int64_t ends_at = 0;

    assert_int_equal(store_token_previous_end(fixture->db, house.user_id, &ends_at), AP_ENOENT);
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(store_token_previous_end(fixture->db, house.user_id, &ends_at), 0);
    assert_int_equal(ends_at, FIXTURE_NOW_S + GRACE_S);
    rotate(fixture, &house, 0);
    assert_int_equal(store_token_previous_end(fixture->db, house.user_id, &ends_at), AP_ENOENT);
}

static void burn(struct fixture *fixture, struct house *house, int64_t ends_at)
{
    assert_int_equal(token_make(&house->new), 0);
    fixture_begin(fixture);
    assert_int_equal(store_token_burn(fixture->db, house->user_id, &house->new, ends_at), 0);
    fixture_commit(fixture);
}

static int use_burnt(struct fixture *fixture, const char *phone_id, uint64_t generation)
{
    fixture_begin(fixture);
    int err = store_phone_use_burnt(fixture->db, phone_id, generation);
    fixture_commit(fixture);
    return err;
}

static void test_a_burnt_token_serves_each_phone_once_and_says_where_it_was(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct store_phone phone;
    const char *user_id;
    const char *const *vendors;
    size_t count;

    fixture_sql(fixture, "UPDATE phone SET last_fetch_address = '192.0.2.7', last_fetch_at = 1");
    burn(fixture, &house, FIXTURE_NOW_S + 900);
    assert_int_equal(kind_of(fixture, &house.old), STORE_TOKEN_BURNT);
    assert_int_equal(kind_of(fixture, &house.new), STORE_TOKEN_FOLDER);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 1, &phone), 0);
    assert_true(phone.needs_seen_mark);
    assert_string_equal(phone.last_fetch_address, "192.0.2.7");
    assert_int_equal(phone.token_generation, 1);
    /* Common files are no phone's: nothing holds a stranger off them. */
    assert_int_equal(
        store_user_by_token(fixture->db, &fixture->arena, &house.old, &user_id, &vendors, &count),
        AP_ENOENT);
    assert_int_equal(use_burnt(fixture, house.phone_id[1], phone.token_generation), 0);
    assert_int_equal(use_burnt(fixture, house.phone_id[1], phone.token_generation), AP_ECONFLICT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 1, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 1, NULL), 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 2, NULL), 0);
    /* Seen on the new one: the burnt one is over for this phone too. */
    mark_seen(fixture, house.phone_id[2], 1);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 2, NULL), AP_ENOENT);
    set_wall(fixture, 900);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), AP_ENOENT);
}

static void test_a_hard_burn_leaves_the_old_token_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token first = house.old;

    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    struct token second = house.new;
    burn(fixture, &house, 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &first, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &second, 0, NULL), AP_ENOENT);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.new, 0, NULL), 0);
}

static void test_a_rotation_after_a_burn_makes_no_burnt_token(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);

    burn(fixture, &house, FIXTURE_NOW_S + 900);
    struct token second = house.new;
    rotate(fixture, &house, FIXTURE_NOW_S + GRACE_S);
    assert_int_equal(kind_of(fixture, &second), STORE_TOKEN_PREVIOUS);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &house.old, 0, NULL), AP_ENOENT);
}

static void test_phones_of_others_with_a_line_of_the_user_are_concerned(void **state)
{
    struct fixture *fixture = *state;
    struct house house = build(fixture);
    struct token token;
    char bob[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];
    const char *const *macs;
    size_t count;

    fixture_add_account(fixture, house.user_id, "1001", "a password", account);
    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_phone(fixture, bob, 7, account, phone);
    fixture_add_phone(fixture, bob, 8, NULL, phone);
    assert_int_equal(
        store_phone_concerned(fixture->db, &fixture->arena, house.user_id, &macs, &count), 0);
    assert_int_equal(count, 4);
    assert_string_equal(macs[0], "cc5ef641b700");
    assert_string_equal(macs[3], "cc5ef641b707");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_the_folder_token_is_shown_again),
        TEST(test_an_imported_token_is_marked_until_rotated),
        TEST(test_in_grace_both_tokens_serve_and_say_which_they_are),
        TEST(test_grace_ends_at_its_second),
        TEST(test_no_grace_ends_the_old_token_at_once),
        TEST(test_a_clock_set_back_reopens_nothing_in_this_connection),
        TEST(test_time_goes_on_while_the_clock_is_set_back),
        TEST(test_a_clock_set_back_reopens_nothing_after_a_restart),
        TEST(test_an_idle_daemon_notes_the_time_only_while_a_token_waits_for_its_end),
        TEST(test_a_phone_seen_on_the_new_token_loses_the_old_one_alone),
        TEST(test_the_mark_is_due_only_while_a_previous_token_serves),
        TEST(test_a_mark_noted_again_changes_nothing),
        TEST(test_a_mark_that_a_rotation_overtakes_does_not_lock_the_phone_out),
        TEST(test_a_second_rotation_ends_the_older_previous_token),
        TEST(test_the_end_of_the_previous_token_is_told_while_there_is_one),
        TEST(test_a_taken_token_or_an_unknown_user_rotates_nothing),
        TEST(test_a_burnt_token_serves_each_phone_once_and_says_where_it_was),
        TEST(test_a_hard_burn_leaves_the_old_token_nothing),
        TEST(test_a_rotation_after_a_burn_makes_no_burnt_token),
        TEST(test_phones_of_others_with_a_line_of_the_user_are_concerned),
        TEST(test_a_bootstrap_token_opens_its_phone_alone_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
