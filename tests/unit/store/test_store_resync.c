/* Whom a resync is for, which password the phone knows, and what became of it. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_import.h"
#include "autoprov/store_resync.h"

struct house {
    struct fixture *fixture;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX];
    char account_id[STORE_ID_TEXT_MAX];
    char phone_id[STORE_ID_TEXT_MAX]; /* MAC 1, with a line on the account */
};

static void build(struct house *house, struct fixture *fixture)
{
    house->fixture = fixture;
    fixture_add_user(fixture, "alice", &house->token, house->user_id);
    fixture_add_account(fixture, house->user_id, "100", "first", house->account_id);
    fixture_add_phone(fixture, house->user_id, 1, house->account_id, house->phone_id);
}

static void at(struct house *house, int64_t seconds)
{
    atomic_store(&house->fixture->wall_s, FIXTURE_NOW_S + seconds);
}

static void change_password(struct house *house, const char *password)
{
    struct store_account account;

    assert_int_equal(
        store_account_get(house->fixture->db, &house->fixture->arena, house->account_id, &account),
        0);
    account.password = password;
    fixture_begin(house->fixture);
    assert_int_equal(store_account_set(house->fixture->db, &account, 0), 0);
    fixture_commit(house->fixture);
}

static void fetch(struct house *house, const char *phone_id)
{
    struct store_record record = {.kind = STORE_RECORD_FETCH,
                                  .at = atomic_load(&house->fixture->wall_s),
                                  .role = "config",
                                  .file = "{mac}.xml",
                                  .status = 200};

    assert_int_equal(address_parse("192.0.2.7", &record.source), 0);
    (void)snprintf(record.phone_id, sizeof(record.phone_id), "%s", phone_id);
    fixture_begin(house->fixture);
    assert_int_equal(store_record_write(house->fixture->db, &record), 0);
    fixture_commit(house->fixture);
}

static struct store_resync_target target_of(struct house *house, uint8_t last_byte)
{
    struct store_resync_target target;
    uint8_t mac[AP_MAC_LEN];

    fixture_mac(last_byte, mac);
    assert_int_equal(
        store_resync_target(house->fixture->db, &house->fixture->arena, mac, true, &target), 0);
    return target;
}

static void knows(struct house *house, const char *password)
{
    assert_string_equal(target_of(house, 1).password, password);
}

static int64_t previous_kept(struct house *house)
{
    return fixture_number(house->fixture, "SELECT count(*) FROM account "
                                          "WHERE previous_password_sealed IS NOT NULL");
}

/* -- what the phone knows ---------------------------------------------------------------------- */

static void test_a_phone_knows_the_password_that_it_fetched(void **state)
{
    struct house house;

    build(&house, *state);
    knows(&house, "first"); /* it never fetched: the current one is the best guess */
    at(&house, 10);
    fetch(&house, house.phone_id);
    knows(&house, "first");
    at(&house, 20);
    change_password(&house, "second");
    knows(&house, "first");
    at(&house, 30);
    fetch(&house, house.phone_id);
    knows(&house, "second");
}

static void test_a_second_change_before_the_fetch_keeps_what_the_phone_knows(void **state)
{
    struct house house;

    build(&house, *state);
    at(&house, 10);
    fetch(&house, house.phone_id);
    at(&house, 20);
    change_password(&house, "second");
    at(&house, 30);
    change_password(&house, "third");
    knows(&house, "first");
    at(&house, 40);
    fetch(&house, house.phone_id);
    knows(&house, "third");
    at(&house, 50);
    change_password(&house, "fourth");
    knows(&house, "third");
}

/* Of two phones one knows the current password, so that the one before it has to go. */
static void test_a_change_keeps_the_newest_password_that_some_phone_knows(void **state)
{
    struct house house;
    char other[STORE_ID_TEXT_MAX];

    build(&house, *state);
    fixture_add_phone(house.fixture, house.user_id, 2, house.account_id, other);
    at(&house, 10);
    fetch(&house, house.phone_id);
    fetch(&house, other);
    at(&house, 20);
    change_password(&house, "second");
    at(&house, 30);
    fetch(&house, other);
    at(&house, 40);
    change_password(&house, "third");
    assert_string_equal(target_of(&house, 2).password, "second");
}

static void test_the_previous_password_goes_with_the_last_phone_that_knew_it(void **state)
{
    struct house house;
    char other[STORE_ID_TEXT_MAX], spare[STORE_ID_TEXT_MAX], stranger[STORE_ID_TEXT_MAX];

    build(&house, *state);
    fixture_add_phone(house.fixture, house.user_id, 2, house.account_id, other);
    fixture_add_phone(house.fixture, house.user_id, 3, house.account_id, spare); /* never comes */
    fixture_add_phone(house.fixture, house.user_id, 4, NULL, stranger);
    at(&house, 10);
    fetch(&house, house.phone_id);
    fetch(&house, other);
    at(&house, 20);
    change_password(&house, "second");
    assert_int_equal(previous_kept(&house), 1);
    at(&house, 30);
    fetch(&house, stranger);
    fetch(&house, house.phone_id);
    assert_int_equal(previous_kept(&house), 1);
    fetch(&house, other);
    assert_int_equal(previous_kept(&house), 0);
    knows(&house, "second");
}

static void test_an_import_that_changes_a_password_is_such_a_change(void **state)
{
    struct house house;
    struct store_import_change change = {.kind = STORE_IMPORT_ACCOUNT};
    const struct store_import_counts none = {0};
    int64_t import;

    build(&house, *state);
    at(&house, 10);
    fetch(&house, house.phone_id);
    at(&house, 20);
    struct store_db *db = house.fixture->db;
    assert_int_equal(
        store_account_get(db, &house.fixture->arena, house.account_id, &change.account), 0);
    assert_int_equal(
        store_import_seal_password(db, house.account_id, false, "brought along", &change.password),
        0);
    assert_int_equal(
        store_import_seal_password(db, house.account_id, true, "first", &change.previous), 0);
    fixture_begin(house.fixture);
    assert_int_equal(store_import_begin(db, &import), 0);
    assert_int_equal(store_import_publish(db, import, &change, 1, &none), 0);
    fixture_commit(house.fixture);
    knows(&house, "first");
    at(&house, 30);
    fetch(&house, house.phone_id);
    knows(&house, "brought along");
    assert_int_equal(previous_kept(&house), 0);
}

/* -- whom -------------------------------------------------------------------------------------- */

static void test_a_target_has_all_that_a_message_needs(void **state)
{
    struct house house;
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];

    build(&house, *state);
    struct store_resync_target target = target_of(&house, 1);
    assert_string_equal(target.phone_id, house.phone_id);
    assert_string_equal(target.user_id, house.user_id);
    assert_string_equal(target.user_name, "alice");
    assert_string_equal(target.vendor, "generic");
    assert_true(target.enabled);
    assert_string_equal(target.sip_contact, "");
    assert_null(target.pnp_contact);
    assert_string_equal(target.last_fetch_address, "");
    assert_string_equal(target.sip_user, "100");
    assert_string_equal(target.domain, "sip.example.org");
    assert_string_equal(target.auth_user, "");

    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(house.fixture->db, &house.fixture->arena, mac, &phone), 0);
    assert_string_equal(phone.sip_contact, "");
    phone.sip_contact = "sip:100@192.0.2.9:5062";
    phone.lines = NULL;
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_set(house.fixture->db, &phone, 0), 0);
    fixture_commit(house.fixture);
    fixture_sql(house.fixture, "INSERT INTO pnp (mac, contact, source, first_at, last_at, count) "
                               "VALUES ('cc5ef641b701', 'sip:1@192.0.2.8', '192.0.2.8', 1, 1, 1)");
    fetch(&house, house.phone_id);
    target = target_of(&house, 1);
    assert_string_equal(target.sip_contact, "sip:100@192.0.2.9:5062");
    assert_string_equal(target.pnp_contact, "sip:1@192.0.2.8");
    assert_string_equal(target.last_fetch_address, "192.0.2.7");
    assert_int_equal(
        store_resync_target(house.fixture->db, &house.fixture->arena, mac, false, &target), 0);
    assert_null(target.password);
}

static void test_a_phone_without_lines_has_no_account(void **state)
{
    struct house house;
    struct store_resync_target target;
    char id[STORE_ID_TEXT_MAX];
    uint8_t mac[AP_MAC_LEN];

    build(&house, *state);
    fixture_add_phone(house.fixture, house.user_id, 2, NULL, id);
    target = target_of(&house, 2);
    assert_null(target.sip_user);
    assert_null(target.password);
    fixture_mac(3, mac);
    assert_int_equal(
        store_resync_target(house.fixture->db, &house.fixture->arena, mac, true, &target),
        AP_ENOENT);
}

static void test_phones_that_are_off_are_passed_over(void **state)
{
    struct house house;
    const char *const *macs = NULL;
    char id[STORE_ID_TEXT_MAX];
    size_t count;

    build(&house, *state);
    for (uint8_t i = 2; i <= 5; i++)
        fixture_add_phone(house.fixture, house.user_id, i, NULL, id);
    fixture_sql(house.fixture, "UPDATE phone SET enabled = 0 WHERE mac = 'cc5ef641b703'");
    assert_int_equal(
        store_resync_macs(house.fixture->db, &house.fixture->arena, "", 3, &macs, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(macs[2], "cc5ef641b704");
    assert_int_equal(
        store_resync_macs(house.fixture->db, &house.fixture->arena, macs[2], 3, &macs, &count), 0);
    assert_int_equal(count, 1);
}

/* -- what became of it ------------------------------------------------------------------------- */

static struct store_resync attempt_of(const char *phone_id, uint64_t order_id,
                                      enum store_resync_outcome outcome)
{
    struct store_resync resync = {.order_id = order_id,
                                  .asked_at = FIXTURE_NOW_S,
                                  .kind = STORE_RESYNC_REBOOT,
                                  .via = STORE_RESYNC_EXTERNAL,
                                  .target = "sip:100@192.0.2.7:5060",
                                  .outcome = outcome};

    (void)snprintf(resync.phone_id, sizeof(resync.phone_id), "%s", phone_id);
    if (outcome != STORE_RESYNC_WAITING)
        resync.ended_at = FIXTURE_NOW_S + 1;
    return resync;
}

static void put(struct house *house, const struct store_resync *resync)
{
    fixture_begin(house->fixture);
    assert_int_equal(store_resync_put(house->fixture->db, resync), 0);
    fixture_commit(house->fixture);
}

static void test_the_last_attempt_of_a_phone_is_kept_and_proved_by_a_later_fetch(void **state)
{
    struct house house;
    struct store_resync_row row;
    uint64_t fetched;

    build(&house, *state);
    struct arena *arena = &house.fixture->arena;
    assert_int_equal(store_resync_get(house.fixture->db, arena, house.phone_id, &row), AP_ENOENT);
    at(&house, -10);
    fetch(&house, house.phone_id); /* before it was asked */
    struct store_resync resync = attempt_of(house.phone_id, 7, STORE_RESYNC_WAITING);
    put(&house, &resync);
    assert_int_equal(store_resync_get(house.fixture->db, arena, house.phone_id, &row), 0);
    assert_int_equal(row.outcome, STORE_RESYNC_WAITING);
    assert_int_equal(row.fetched_at, 0);
    resync = attempt_of(house.phone_id, 7, STORE_RESYNC_REFUSED);
    resync.status = 489;
    put(&house, &resync);
    resync = attempt_of(house.phone_id, 6, STORE_RESYNC_ACCEPTED); /* of an older order */
    put(&house, &resync);
    at(&house, 0);
    fetch(&house, house.phone_id);
    assert_int_equal(store_resync_get(house.fixture->db, arena, house.phone_id, &row), 0);
    assert_string_equal(row.phone_id, house.phone_id);
    assert_string_equal(row.user_name, "alice");
    assert_int_equal(row.order_id, 7);
    assert_int_equal(row.asked_at, FIXTURE_NOW_S);
    assert_int_equal(row.kind, STORE_RESYNC_REBOOT);
    assert_int_equal(row.via, STORE_RESYNC_EXTERNAL);
    assert_string_equal(row.target, "sip:100@192.0.2.7:5060");
    assert_int_equal(row.outcome, STORE_RESYNC_REFUSED);
    assert_int_equal(row.status, 489);
    assert_int_equal(row.ended_at, FIXTURE_NOW_S + 1);
    assert_int_equal(row.fetched_at, FIXTURE_NOW_S);
    assert_int_equal(store_resync_fetched(house.fixture->db, 7, &fetched), 0);
    assert_int_equal(fetched, 1);
    assert_int_equal(store_resync_fetched(house.fixture->db, 6, &fetched), 0);
    assert_int_equal(fetched, 0);
}

static void test_an_attempt_of_a_removed_phone_is_no_error(void **state)
{
    struct house house;

    build(&house, *state);
    fixture_begin(house.fixture);
    assert_int_equal(store_phone_del(house.fixture->db, house.phone_id), 0);
    fixture_commit(house.fixture);
    struct store_resync resync = attempt_of(house.phone_id, 1, STORE_RESYNC_ACCEPTED);
    put(&house, &resync);
    assert_int_equal(fixture_number(house.fixture, "SELECT count(*) FROM resync"), 0);
}

static void test_attempts_are_listed_counted_and_cancelled_by_a_new_start(void **state)
{
    static const enum store_resync_outcome OUTCOMES[] = {
        STORE_RESYNC_ACCEPTED, STORE_RESYNC_WAITING, STORE_RESYNC_REFUSED, STORE_RESYNC_WAITING};
    struct house house;
    struct store_resync_filter filter = {.after = "", .limit = 2};
    struct store_resync_row *rows = NULL;
    uint64_t counts[STORE_RESYNC_OUTCOME_COUNT], last, recovered = 0;
    char bob[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    uint8_t mac[AP_MAC_LEN];
    struct token token;
    size_t count;

    build(&house, *state);
    struct store_db *db = house.fixture->db;
    struct arena *arena = &house.fixture->arena;
    assert_int_equal(store_resync_last_order(db, &last), 0);
    assert_int_equal(last, 0);
    fixture_add_user(house.fixture, "bob", &token, bob);
    for (size_t i = 0; i < AP_COUNT(OUTCOMES); i++) {
        fixture_add_phone(house.fixture, i < 2 ? house.user_id : bob, (uint8_t)(10 + i), NULL, id);
        struct store_resync resync = attempt_of(id, i + 1, OUTCOMES[i]);
        put(&house, &resync);
    }
    assert_int_equal(store_resync_last_order(db, &last), 0);
    assert_int_equal(last, AP_COUNT(OUTCOMES));
    size_t total = 0, waiting = 0;
    do {
        assert_int_equal(store_resync_list(db, arena, &filter, &rows, &count), 0);
        for (size_t i = 0; i < count; i++) {
            /* Ids of one millisecond have no order among them. */
            assert_true(strcmp(rows[i].phone_id, filter.after) > 0);
            filter.after = rows[i].phone_id;
            waiting += rows[i].outcome == STORE_RESYNC_WAITING;
            total++;
        }
    } while (count > 0);
    assert_int_equal(total, AP_COUNT(OUTCOMES));
    assert_int_equal(waiting, 2);

    filter = (struct store_resync_filter){.outcome = "waiting", .after = "", .limit = 10};
    assert_int_equal(store_resync_list(db, arena, &filter, &rows, &count), 0);
    assert_int_equal(count, 2);
    filter.user_id = bob;
    assert_int_equal(store_resync_list(db, arena, &filter, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].user_name, "bob");
    fixture_mac(10, mac);
    filter = (struct store_resync_filter){.mac = mac, .after = "", .limit = 10};
    assert_int_equal(store_resync_list(db, arena, &filter, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].outcome, STORE_RESYNC_ACCEPTED);
    filter = (struct store_resync_filter){.site_id = bob, .after = "", .limit = 10};
    assert_int_equal(store_resync_list(db, arena, &filter, &rows, &count), 0);
    assert_int_equal(count, 0);

    fixture_begin(house.fixture);
    assert_int_equal(store_resync_recover(db, &recovered), 0);
    fixture_commit(house.fixture);
    assert_int_equal(recovered, 2);
    assert_int_equal(store_resync_counts(db, counts), 0);
    assert_int_equal(counts[STORE_RESYNC_WAITING], 0);
    assert_int_equal(counts[STORE_RESYNC_CANCELLED], 2);
    assert_int_equal(counts[STORE_RESYNC_ACCEPTED], 1);
}

static void test_names_come_back(void **state)
{
    enum store_resync_outcome outcome;
    enum store_resync_kind kind;

    (void)state;
    for (int i = 0; i < STORE_RESYNC_OUTCOME_COUNT; i++) {
        assert_int_equal(store_resync_outcome_parse(
                             store_resync_outcome_name((enum store_resync_outcome)i), &outcome),
                         0);
        assert_int_equal(outcome, i);
    }
    assert_int_equal(store_resync_outcome_parse("done", &outcome), AP_EINVAL);
    assert_int_equal(store_resync_kind_parse("reboot", &kind), 0);
    assert_int_equal(kind, STORE_RESYNC_REBOOT);
    assert_int_equal(store_resync_kind_parse("", &kind), AP_EINVAL);
    assert_string_equal(store_resync_via_name(STORE_RESYNC_EXTERNAL), "external");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_phone_knows_the_password_that_it_fetched),
        TEST(test_a_second_change_before_the_fetch_keeps_what_the_phone_knows),
        TEST(test_a_change_keeps_the_newest_password_that_some_phone_knows),
        TEST(test_the_previous_password_goes_with_the_last_phone_that_knew_it),
        TEST(test_an_import_that_changes_a_password_is_such_a_change),
        TEST(test_a_target_has_all_that_a_message_needs),
        TEST(test_a_phone_without_lines_has_no_account),
        TEST(test_phones_that_are_off_are_passed_over),
        TEST(test_the_last_attempt_of_a_phone_is_kept_and_proved_by_a_later_fetch),
        TEST(test_an_attempt_of_a_removed_phone_is_no_error),
        TEST(test_attempts_are_listed_counted_and_cancelled_by_a_new_start),
        TEST(test_names_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
