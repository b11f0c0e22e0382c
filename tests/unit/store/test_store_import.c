/* Rows of an unfinished import are in no answer; publishing shows all of them, dropping none. */
#include "fixture.h"

#include "autoprov/store_import.h"

struct staged {
    struct store_import_token sealed_token;
    struct store_import_password sealed_password;
    int64_t import;
    char user_id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];
    struct token token;
    uint8_t mac[AP_MAC_LEN];
};
static const struct store_import_counts ONE_EACH = {1, 1, 1};

static struct store_import_row user_row(struct staged *staged)
{
    return (struct store_import_row){
        .kind = STORE_IMPORT_USER,
        .user = {
            .id = staged->user_id, .name = "carol", .display_name = "Carol", .external_id = "u-1"}};
}

static struct store_import_row token_row(struct fixture *fixture, struct staged *staged)
{
    assert_int_equal(store_import_seal_token(fixture->db, &staged->token, &staged->sealed_token),
                     0);
    return (struct store_import_row){.kind = STORE_IMPORT_TOKEN,
                                     .token = {staged->user_id, &staged->sealed_token}};
}

static struct store_import_row account_row(struct fixture *fixture, struct staged *staged)
{
    struct store_import_row row = {.kind = STORE_IMPORT_ACCOUNT,
                                   .account = {.id = staged->account_id,
                                               .user_id = staged->user_id,
                                               .sip_user = "3001",
                                               .domain = "pbx.example.com",
                                               .auth_user = "",
                                               .display_name = "",
                                               .registrar_host = "",
                                               .outbound_proxy = "",
                                               .expires_s = 600,
                                               .external_id = "a-1"}};

    assert_int_equal(store_import_seal_password(fixture->db, staged->account_id, false,
                                                "carols-password", &staged->sealed_password),
                     0);
    row.password = &staged->sealed_password;
    return row;
}

static struct store_import_row phone_row(struct staged *staged)
{
    struct store_import_row row = {.kind = STORE_IMPORT_PHONE,
                                   .phone = {.id = staged->phone_id,
                                             .user_id = staged->user_id,
                                             .vendor = "linphone",
                                             .model = "",
                                             .label = "",
                                             .enabled = true,
                                             .external_id = "p-1"}};

    memcpy(row.phone.mac, staged->mac, AP_MAC_LEN);
    return row;
}

static void begin(struct fixture *fixture, struct staged *staged)
{
    fixture_begin(fixture);
    assert_int_equal(store_import_begin(fixture->db, &staged->import), 0);
    fixture_commit(fixture);
    store_import_make_id(staged->user_id);
    store_import_make_id(staged->account_id);
    store_import_make_id(staged->phone_id);
    assert_int_equal(token_make(&staged->token), 0);
    fixture_mac(0x31, staged->mac);
}

static void stage(struct fixture *fixture, struct staged *staged)
{
    begin(fixture, staged);
    const struct store_import_row rows[] = {
        user_row(staged),
        token_row(fixture, staged),
        account_row(fixture, staged),
        phone_row(staged),
        {.kind = STORE_IMPORT_LINE, .line = {staged->phone_id, staged->account_id, 1}},
    };
    fixture_begin(fixture);
    assert_int_equal(store_import_stage(fixture->db, staged->import, rows, 5), 0);
    fixture_commit(fixture);
}

/* Every read that a person or a phone has: result 0 or AP_ENOENT. */
static void expect_everywhere(struct fixture *fixture, struct staged *staged, int result)
{
    struct store_user user, *users = NULL;
    struct store_account account, *accounts = NULL;
    struct store_phone phone, *phones = NULL;
    struct store_counts counts;
    enum store_token_kind kind;
    const char *user_id;
    const char *const *vendors;
    size_t count, wanted = result == 0;
    struct store_db *db = fixture->db;
    struct arena *arena = &fixture->arena;

    assert_int_equal(store_user_get(db, arena, "carol", &user), result);
    assert_int_equal(store_user_get(db, arena, staged->user_id, &user), result);
    assert_int_equal(store_user_by_name(db, arena, "carol", &user), result);
    assert_int_equal(store_user_by_external(db, arena, "u-1", &user), result);
    assert_int_equal(store_account_get(db, arena, "3001@pbx.example.com", &account), result);
    assert_int_equal(store_account_get(db, arena, staged->account_id, &account), result);
    assert_int_equal(store_account_by_external(db, arena, "a-1", &account), result);
    assert_int_equal(store_phone_get(db, arena, staged->mac, &phone), result);
    assert_int_equal(store_phone_by_mac(db, arena, staged->mac, &phone), result);
    assert_int_equal(store_phone_by_external(db, arena, "p-1", &phone), result);
    assert_int_equal(store_phone_by_pair(db, arena, &staged->token, staged->mac, &phone, &kind),
                     result);
    assert_int_equal(store_user_by_token(db, arena, &staged->token, &user_id, &vendors, &count),
                     result);
    assert_int_equal(store_user_list(db, arena, NULL, "", 10, &users, &count), 0);
    assert_int_equal(count, wanted);
    assert_int_equal(store_account_list(db, arena, NULL, "", 10, &accounts, &count), 0);
    assert_int_equal(count, wanted);
    assert_int_equal(store_account_list(db, arena, staged->user_id, "", 10, &accounts, &count), 0);
    assert_int_equal(count, wanted);
    assert_int_equal(store_phone_list(db, arena, NULL, "", 10, &phones, &count), 0);
    assert_int_equal(count, wanted);
    assert_int_equal(store_phone_list(db, arena, staged->user_id, "", 10, &phones, &count), 0);
    assert_int_equal(count, wanted);
    assert_int_equal(store_counts(db, &counts), 0);
    assert_int_equal(counts.users + counts.accounts + counts.phones, 3 * wanted);
}

static void publish(struct fixture *fixture, struct staged *staged,
                    const struct store_import_change *changes, size_t count, int result)
{
    assert_int_equal(store_write_begin(fixture->db), 0);
    assert_int_equal(store_import_publish(fixture->db, staged->import, changes, count, &ONE_EACH),
                     result);
    assert_int_equal(store_write_commit(fixture->db), 0);
}

static void drop(struct fixture *fixture, int64_t import)
{
    bool more = true;

    for (unsigned i = 0; more; i++) {
        assert_true(i < 10);
        fixture_begin(fixture);
        assert_int_equal(store_import_drop(fixture->db, import, 2, &more), 0);
        fixture_commit(fixture);
    }
}

static void test_staged_rows_are_in_no_answer_until_they_are_published(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged;
    struct store_phone phone;
    uint64_t before = 0, after = 0;

    assert_int_equal(store_change_seq(fixture->db, &before), 0);
    stage(fixture, &staged);
    expect_everywhere(fixture, &staged, AP_ENOENT);
    assert_int_equal(store_change_seq(fixture->db, &after), 0);
    assert_int_equal(after, before);
    publish(fixture, &staged, NULL, 0, 0);
    expect_everywhere(fixture, &staged, 0);
    assert_int_equal(store_change_seq(fixture->db, &after), 0);
    assert_true(after > before);
    assert_int_equal(store_phone_by_mac(fixture->db, &fixture->arena, staged.mac, &phone), 0);
    assert_int_equal(phone.line_count, 1);
    assert_string_equal(phone.lines[0].account.password, "carols-password");
    assert_int_equal(store_check(fixture->db, NULL, NULL, &fixture->error), 0);
}

static void test_a_dropped_import_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged;
    int64_t pending = 0;

    stage(fixture, &staged);
    assert_int_equal(store_import_pending(fixture->db, &pending), 0);
    assert_int_equal(pending, staged.import);
    drop(fixture, pending);
    expect_everywhere(fixture, &staged, AP_ENOENT);
    assert_int_equal(
        fixture_number(fixture, "SELECT (SELECT count(*) FROM user) + (SELECT count(*) FROM "
                                "account) + (SELECT count(*) FROM phone) + (SELECT count(*) FROM "
                                "token) + (SELECT count(*) FROM line)"),
        0);
    assert_int_equal(store_import_pending(fixture->db, &pending), AP_ENOENT);
    /* Once published or dropped it is none any more. */
    publish(fixture, &staged, NULL, 0, AP_ECONFLICT);
}

static void test_a_published_id_is_never_used_again(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged, next;

    stage(fixture, &staged);
    publish(fixture, &staged, NULL, 0, 0);
    begin(fixture, &next);
    assert_true(next.import > staged.import);
    expect_everywhere(fixture, &staged, 0);
}

static void test_rows_that_went_meanwhile_keep_the_rest_unpublished(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged;

    stage(fixture, &staged);
    fixture_begin(fixture);
    assert_int_equal(store_phone_del(fixture->db, staged.phone_id), 0);
    fixture_commit(fixture);
    publish(fixture, &staged, NULL, 0, AP_ECONFLICT);
    drop(fixture, staged.import);
}

static void test_a_taken_value_is_told_and_the_batch_undone(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged;
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "carol", &token, id);
    begin(fixture, &staged);
    struct store_import_row row = user_row(&staged);
    fixture_begin(fixture);
    assert_int_equal(store_import_stage(fixture->db, staged.import, &row, 1), AP_EEXIST);
    row = account_row(fixture, &staged);
    assert_int_equal(store_import_stage(fixture->db, staged.import, &row, 1), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 1);
}

static void test_changes_come_with_the_publication_or_not_at_all(void **state)
{
    struct fixture *fixture = *state;
    struct staged staged;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];
    char other[STORE_ID_TEXT_MAX];
    struct store_import_change changes[3] = {{.kind = STORE_IMPORT_USER},
                                             {.kind = STORE_IMPORT_ACCOUNT},
                                             {.kind = STORE_IMPORT_PHONE, .moved = true}};
    struct store_phone found;

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_account(fixture, alice, "1001", "old-password", account);
    fixture_add_phone(fixture, alice, 1, account, phone);
    fixture_add_phone(fixture, alice, 2, account, other);
    fixture_sql(fixture, "UPDATE phone SET last_fetch_at = 5, seen_generation = 0, "
                         "enrol_until = 6, first_at = 7, first_network = '192.0.2.0/24', "
                         "bootstrap_at = 8, moved_at = 9");
    fixture_sql(fixture, "INSERT INTO token (blind_index, kind, user_id, phone_id, token_sealed, "
                         "imported, generation, created_at, ends_at, network) "
                         "SELECT zeroblob(32), 'bootstrap', user_id, id, zeroblob(60), 0, 0, 1, 2, "
                         "'a' FROM phone ORDER BY mac LIMIT 1");
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, alice, &changes[0].user), 0);
    changes[0].user.name = "alicia";
    assert_int_equal(store_account_get(fixture->db, &fixture->arena, account, &changes[1].account),
                     0);
    assert_int_equal(store_import_seal_password(fixture->db, account, false, "new-password",
                                                &changes[1].password),
                     0);
    assert_int_equal(store_import_seal_password(fixture->db, account, true, "old-password",
                                                &changes[1].previous),
                     0);
    uint8_t mac[AP_MAC_LEN];
    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &changes[2].phone), 0);
    changes[2].phone.lines = NULL;
    changes[2].phone.access.auth.password = "of the device that goes";
    fixture_begin(fixture);
    assert_int_equal(store_phone_set(fixture->db, &changes[2].phone, 0), 0);
    fixture_commit(fixture);
    fixture_sql(fixture, "UPDATE phone SET first_at = 7");
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &changes[2].phone), 0);
    fixture_mac(0x77, changes[2].phone.mac);
    changes[2].phone.label = "Reception";
    changes[2].phone.lines = NULL;

    stage(fixture, &staged);
    changes[0].user.version++;
    publish(fixture, &staged, changes, 3, AP_ECONFLICT);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &found), 0);
    changes[0].user.version--;
    publish(fixture, &staged, changes, 3, 0);
    assert_int_equal(store_phone_by_mac(fixture->db, &fixture->arena, mac, &found), AP_ENOENT);
    assert_int_equal(store_phone_by_mac(fixture->db, &fixture->arena, changes[2].phone.mac, &found),
                     0);
    assert_string_equal(found.user_name, "alicia");
    assert_string_equal(found.label, "Reception");
    assert_int_equal(found.line_count, 1);
    assert_false(found.access.auth.has_password);
    assert_string_equal(found.lines[0].account.password, "new-password");
    /* Another device: it has not fetched yet, and has no rights of the one before. */
    assert_int_equal(fixture_number(fixture, "SELECT last_fetch_at + enrol_until + first_at + "
                                             "bootstrap_at + moved_at + (first_network IS NOT "
                                             "NULL) FROM phone WHERE label = 'Reception'"),
                     0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token WHERE kind = 'bootstrap'"),
                     0);
    /* The other phone may have the new password where it was served first. */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM phone WHERE label = '' AND "
                                             "first_at = 0 AND first_network = '192.0.2.0/24'"),
                     1);
    assert_int_equal(store_check(fixture->db, NULL, NULL, &fixture->error), 0);
}

static void test_shared_lines_are_listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX];
    char phone[STORE_ID_TEXT_MAX];
    struct store_shared_line *lines = NULL;
    size_t count = 0;

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_account(fixture, alice, "1001", "x", account);
    fixture_add_phone(fixture, alice, 1, account, phone);
    fixture_add_phone(fixture, bob, 2, account, phone);
    fixture_add_phone(fixture, bob, 3, account, phone);
    assert_int_equal(store_shared_line_list(fixture->db, &fixture->arena, "", 0, 1, &lines, &count),
                     0);
    assert_int_equal(count, 1);
    assert_string_equal(lines[0].user_name, "bob");
    assert_string_equal(lines[0].account.user_name, "alice");
    char mac[AP_MAC_TEXT_MAX];
    mac_format(lines[0].mac, MAC_FORM_LOWER, mac);
    assert_int_equal(store_shared_line_list(fixture->db, &fixture->arena, mac, lines[0].position,
                                            10, &lines, &count),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(lines[0].mac[5], 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_staged_rows_are_in_no_answer_until_they_are_published),
        TEST(test_a_dropped_import_leaves_nothing),
        TEST(test_a_published_id_is_never_used_again),
        TEST(test_rows_that_went_meanwhile_keep_the_rest_unpublished),
        TEST(test_a_taken_value_is_told_and_the_batch_undone),
        TEST(test_changes_come_with_the_publication_or_not_at_all),
        TEST(test_shared_lines_are_listed_in_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
