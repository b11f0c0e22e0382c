#include "fixture.h"

#include "autoprov/array.h"

#define SECRET_PASSWORD "correct-horse-battery-staple"

static void test_a_phone_comes_back_with_lines_in_order_and_no_password(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], first[STORE_ID_TEXT_MAX], second[STORE_ID_TEXT_MAX];
    char id[STORE_ID_TEXT_MAX];
    struct store_phone got;

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", "pw1", first);
    fixture_add_account(fixture, user_id, "101", "pw2", second);
    struct store_line lines[] = {{.position = 64, .account = {.id = first}},
                                 {.position = 2, .account = {.id = second}},
                                 {.position = 7, .account = {.id = first}}};
    struct store_phone phone = {.user_id = user_id,
                                .vendor = "linphone",
                                .model = "desk",
                                .label = "Reception",
                                .enabled = false,
                                .external_id = "ext",
                                .lines = lines,
                                .line_count = 3};
    fixture_mac(9, phone.mac);
    fixture_begin(fixture);
    assert_int_equal(store_phone_add(fixture->db, &phone, id), 0);
    fixture_commit(fixture);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, phone.mac, &got), 0);
    assert_string_equal(got.id, id);
    assert_memory_equal(got.mac, phone.mac, AP_MAC_LEN);
    assert_string_equal(got.user_id, user_id);
    assert_string_equal(got.user_name, "alice");
    assert_string_equal(got.vendor, "linphone");
    assert_string_equal(got.model, "desk");
    assert_string_equal(got.label, "Reception");
    assert_false(got.enabled);
    assert_string_equal(got.external_id, "ext");
    assert_int_equal(got.created_at, FIXTURE_NOW_S);
    assert_int_equal(got.last_fetch_at, 0);
    assert_string_equal(got.last_fetch_address, "");
    assert_int_equal(got.version, 1);
    assert_int_equal(got.line_count, 3);
    assert_int_equal(got.lines[0].position, 2);
    assert_string_equal(got.lines[0].account.sip_user, "101");
    assert_int_equal(got.lines[1].position, 7);
    assert_int_equal(got.lines[2].position, 64);
    for (size_t i = 0; i < 3; i++)
        assert_null(got.lines[i].account.password);
}

static void test_phones_that_break_a_rule_are_refused_whole(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const char *nobody = "00000000-0000-0000-0000-000000000000";

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", "pw", account);
    fixture_add_phone(fixture, user_id, 1, NULL, id);
    const struct {
        uint8_t last_byte;
        const char *user_id, *vendor;
        struct store_line lines[2];
        int err;
    } cases[] = {
        {1, user_id, "generic", {{1, {.id = account}}, {2, {.id = account}}}, AP_EEXIST},
        {2, nobody, "generic", {{1, {.id = account}}, {2, {.id = account}}}, AP_ENOENT},
        {2, user_id, "generic", {{1, {.id = account}}, {2, {.id = nobody}}}, AP_ENOENT},
        {2, user_id, "generic", {{1, {.id = account}}, {1, {.id = account}}}, AP_EINVAL},
        {2, user_id, "generic", {{1, {.id = account}}, {0, {.id = account}}}, AP_EINVAL},
        {2, user_id, "generic", {{1, {.id = account}}, {65, {.id = account}}}, AP_EINVAL},
        {2, user_id, "", {{1, {.id = account}}, {2, {.id = account}}}, AP_EINVAL},
        {2, user_id, "generic", {{1, {.id = account}}, {2, {.id = account}}}, 0},
    };
    fixture_begin(fixture);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct store_line lines[2] = {cases[i].lines[0], cases[i].lines[1]};
        struct store_phone phone = {.user_id = cases[i].user_id,
                                    .vendor = cases[i].vendor,
                                    .model = "",
                                    .label = "",
                                    .lines = lines,
                                    .line_count = 2};
        fixture_mac(cases[i].last_byte, phone.mac);
        assert_int_equal(store_phone_add(fixture->db, &phone, id), cases[i].err);
    }
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM phone"), 2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM line"), 2);
}

static void set_phone(struct fixture *fixture, const struct store_phone *phone, uint64_t if_version,
                      int err)
{
    fixture_begin(fixture);
    assert_int_equal(store_phone_set(fixture->db, phone, if_version), err);
    fixture_commit(fixture);
}

static void test_a_changed_phone_keeps_what_was_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_line line = {.position = 3};
    struct store_phone phone, got;
    uint8_t mac[AP_MAC_LEN];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", SECRET_PASSWORD, account);
    fixture_add_phone(fixture, user_id, 1, account, id);
    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &phone), 0);
    phone.vendor = "linphone";
    phone.model = "desk";
    phone.label = "door";
    phone.enabled = false;
    phone.external_id = "ext";
    phone.user_id = "nobody";
    phone.lines = NULL;
    set_phone(fixture, &phone, 1, 0);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &got), 0);
    assert_string_equal(got.vendor, "linphone");
    assert_string_equal(got.model, "desk");
    assert_string_equal(got.label, "door");
    assert_false(got.enabled);
    assert_string_equal(got.external_id, "ext");
    assert_string_equal(got.user_id, user_id);
    assert_int_equal(got.created_at, FIXTURE_NOW_S);
    assert_int_equal(got.version, 2);
    assert_int_equal(got.line_count, 1);
    line.account.id = account;
    phone.lines = &line;
    phone.line_count = 1;
    set_phone(fixture, &phone, 0, 0);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &got), 0);
    assert_int_equal(got.line_count, 1);
    assert_int_equal(got.lines[0].position, 3);
    phone.line_count = 0;
    set_phone(fixture, &phone, 0, 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM line"), 0);
}

static void test_a_refused_change_leaves_the_phone_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const char *nobody = "00000000-0000-0000-0000-000000000000";
    uint8_t mac[AP_MAC_LEN];
    struct store_phone before, got;

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", SECRET_PASSWORD, account);
    fixture_add_phone(fixture, user_id, 1, account, id);
    fixture_add_phone(fixture, user_id, 2, account, id);
    fixture_sql(fixture, "UPDATE phone SET external_id = 'taken' WHERE mac LIKE '%01'");
    fixture_mac(2, mac);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &before), 0);
    const struct {
        const char *id, *vendor, *external_id, *account_id;
        uint32_t position;
        uint64_t if_version;
        int err;
    } cases[] = {
        {nobody, "generic", NULL, account, 1, 0, AP_ENOENT},
        {id, "", NULL, account, 1, 0, AP_EINVAL},
        {id, "generic", "taken", account, 1, 0, AP_EEXIST},
        {id, "generic", NULL, nobody, 1, 0, AP_ENOENT},
        {id, "generic", NULL, account, 65, 0, AP_EINVAL},
        {id, "generic", NULL, account, 1, 7, AP_ECONFLICT},
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct store_line line = {.position = cases[i].position,
                                  .account = {.id = cases[i].account_id}};
        struct store_phone phone = {.id = cases[i].id,
                                    .vendor = cases[i].vendor,
                                    .model = "other",
                                    .label = "",
                                    .external_id = cases[i].external_id,
                                    .lines = &line,
                                    .line_count = 1};
        set_phone(fixture, &phone, cases[i].if_version, cases[i].err);
    }
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &got), 0);
    assert_string_equal(got.model, before.model);
    assert_int_equal(got.version, before.version);
    assert_int_equal(got.line_count, 1);
    assert_int_equal(got.lines[0].position, before.lines[0].position);
}

static void test_phones_are_listed_by_mac_and_removed(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_phone *phones, got;
    uint8_t mac[AP_MAC_LEN];
    char after[AP_MAC_TEXT_MAX] = "";
    size_t count, total = 0;

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_user(fixture, "bob", &token, bob);
    for (uint8_t i = 0; i < 11; i++)
        fixture_add_phone(fixture, i % 2 ? alice : bob, (uint8_t)(255 - i), NULL, id);
    do {
        assert_int_equal(
            store_phone_list(fixture->db, &fixture->arena, NULL, after, 3, &phones, &count), 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(phones[i].mac[5], 245 + total + i);
            assert_null(phones[i].lines);
            mac_format(phones[i].mac, MAC_FORM_LOWER, after);
        }
        total += count;
    } while (count > 0);
    assert_int_equal(total, 11);
    assert_int_equal(
        store_phone_list(fixture->db, &fixture->arena, alice, "", 100, &phones, &count), 0);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(phones[i].user_name, "alice");

    fixture_begin(fixture);
    assert_int_equal(store_phone_del(fixture->db, id), 0);
    assert_int_equal(store_phone_del(fixture->db, id), AP_ENOENT);
    fixture_commit(fixture);
    fixture_mac(245, mac);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &got), AP_ENOENT);
    assert_int_equal(store_phone_by_mac(fixture->db, &fixture->arena, mac, &got), AP_ENOENT);
}

static void test_the_pair_and_the_mac_give_all_that_a_phone_needs(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX];
    char account[STORE_ID_TEXT_MAX], shared[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_phone by[2];
    enum store_token_kind kind = STORE_TOKEN_BOOTSTRAP;
    uint8_t mac[AP_MAC_LEN];

    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_account(fixture, bob, "200", "bobs-password", shared);
    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_account(fixture, alice, "100", SECRET_PASSWORD, account);
    struct store_line lines[] = {{1, {.id = account}}, {3, {.id = shared}}};
    struct store_phone phone = {.user_id = alice,
                                .vendor = "generic",
                                .model = "",
                                .label = "",
                                .enabled = true,
                                .lines = lines,
                                .line_count = 2};
    fixture_mac(1, phone.mac);
    fixture_mac(1, mac);
    fixture_begin(fixture);
    assert_int_equal(store_phone_add(fixture->db, &phone, id), 0);
    fixture_commit(fixture);

    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(store_phone_by_pair(reader, &fixture->arena, &token, mac, &by[0], &kind), 0);
    assert_int_equal(kind, STORE_TOKEN_FOLDER);
    assert_int_equal(store_phone_by_mac(reader, &fixture->arena, mac, &by[1]), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(by[i].id, id);
        assert_string_equal(by[i].user_name, "alice");
        assert_string_equal(by[i].user_display_name, "A user");
        assert_true(by[i].enabled);
        assert_false(by[i].needs_seen_mark);
        assert_int_equal(by[i].line_count, 2);
        assert_int_equal(by[i].lines[0].position, 1);
        assert_string_equal(by[i].lines[0].account.password, SECRET_PASSWORD);
        assert_int_equal(by[i].lines[0].account.transport, STORE_TRANSPORT_TLS);
        assert_int_equal(by[i].lines[1].position, 3);
        assert_string_equal(by[i].lines[1].account.password, "bobs-password");
        assert_string_equal(by[i].lines[1].account.id, shared);
    }
    store_close(reader);
}

static void test_a_disabled_phone_is_found_and_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_phone got;

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_phone(fixture, user_id, 1, NULL, id);
    fixture_sql(fixture, "UPDATE phone SET enabled = 0");
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &token, 1, &got), 0);
    assert_false(got.enabled);
    assert_int_equal(got.line_count, 0);
}

#define USERS  10
#define PHONES 10

static void test_no_token_opens_another_users_phone(void **state)
{
    struct fixture *fixture = *state;
    struct token tokens[USERS];
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    for (uint8_t user = 0; user < USERS; user++) {
        char name[8];
        snprintf(name, sizeof(name), "u%d", user);
        fixture_add_user(fixture, name, &tokens[user], user_id);
        fixture_add_account(fixture, user_id, name, name, account);
        for (uint8_t phone = 0; phone < PHONES; phone++)
            fixture_add_phone(fixture, user_id, (uint8_t)(user * PHONES + phone), account, id);
    }
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    for (uint8_t user = 0; user < USERS; user++) {
        for (uint8_t mac = 0; mac < USERS * PHONES + 10; mac++) {
            struct store_phone got;
            bool own = mac / PHONES == user;
            assert_int_equal(fixture_by_pair(fixture, reader, &tokens[user], mac, &got),
                             own ? 0 : AP_ENOENT);
            if (own) {
                char name[8];
                snprintf(name, sizeof(name), "u%d", user);
                assert_string_equal(got.user_name, name);
                assert_string_equal(got.lines[0].account.password, name);
            }
            arena_reset(&fixture->arena);
        }
    }
    store_close(reader);
}

static void test_unknown_tokens_are_misses_and_write_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct token token, unknown;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    struct store_phone got = {.id = "untouched"};

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_phone(fixture, user_id, 1, NULL, id);
    assert_int_equal(token_make(&unknown), 0);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &unknown, 1, &got), AP_ENOENT);
    assert_string_equal(got.id, "untouched");
    unknown = token;
    unknown.text[31] = unknown.text[31] == '0' ? '1' : '0';
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &unknown, 1, &got), AP_ENOENT);
    unknown = token;
    unknown.len--;
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &unknown, 1, &got), AP_ENOENT);
}

static void test_a_moved_password_is_no_hit(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], other[STORE_ID_TEXT_MAX];
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", SECRET_PASSWORD, account);
    fixture_add_account(fixture, user_id, "101", "other", other);
    fixture_add_phone(fixture, user_id, 1, other, id);
    fixture_sql(fixture, "UPDATE account SET password_sealed = "
                         "(SELECT password_sealed FROM account WHERE sip_user = '100') "
                         "WHERE sip_user = '101'");
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &token, 1, NULL), AP_ECRYPTO);
}

static void test_a_lookup_takes_no_full_scan(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX];
    struct store_phone got;
    uint8_t mac[AP_MAC_LEN];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", "pw", account);
    fixture_add_phone(fixture, user_id, 1, account, id);
    fixture_mac(1, mac);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &token, 1, &got), 0);
    assert_int_equal(store_phone_by_mac(fixture->db, &fixture->arena, mac, &got), 0);
    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++) {
        const struct store_statement *slot = &fixture->db->statements[i];
        if (slot->stmt && strstr(slot->sql, "SELECT p.id"))
            assert_int_equal(sqlite3_stmt_status(slot->stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0),
                             0);
    }
}

static void test_secrets_are_nowhere_in_the_files(void **state)
{
    static const char *const suffixes[] = {"", "-wal"};
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_account(fixture, user_id, "100", SECRET_PASSWORD, account);
    fixture_add_phone(fixture, user_id, 1, account, id);
    for (int moved = 0; moved < 2; moved++) {
        bool user_seen = false;
        for (size_t i = 0; i < 2; i++) {
            char path[256];
            size_t len;
            snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
            char *data = fixture_read_file(path, &len);
            assert_null(memmem(data, len, token.text, token.len));
            assert_null(memmem(data, len, SECRET_PASSWORD, strlen(SECRET_PASSWORD)));
            user_seen = user_seen || memmem(data, len, user_id, strlen(user_id));
            free(data);
        }
        assert_true(user_seen); /* we do look at the right files */
        assert_int_equal(store_exec(fixture->db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_phone_comes_back_with_lines_in_order_and_no_password),
        TEST(test_phones_that_break_a_rule_are_refused_whole),
        TEST(test_a_changed_phone_keeps_what_was_not_given),
        TEST(test_a_refused_change_leaves_the_phone_as_it_was),
        TEST(test_phones_are_listed_by_mac_and_removed),
        TEST(test_the_pair_and_the_mac_give_all_that_a_phone_needs),
        TEST(test_a_disabled_phone_is_found_and_says_so),
        TEST(test_no_token_opens_another_users_phone),
        TEST(test_unknown_tokens_are_misses_and_write_nothing),
        TEST(test_a_moved_password_is_no_hit),
        TEST(test_a_lookup_takes_no_full_scan),
        TEST(test_secrets_are_nowhere_in_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
