/* Who asked by multicast: one row for each MAC, bounded in time and number. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_pnp.h"

static struct store_pnp question(uint8_t last_byte, int64_t at)
{
    struct store_pnp row = {
        .vendor = "snom",
        .model = "snom370",
        .firmware = "8.7.5.48",
        .user_agent = "snom370/8.7.5.48",
        .contact = "sip:192.168.1.20:1053",
        .source = "192.168.1.20",
        .interface = "eth0",
        .first_at = at,
        .last_at = at,
        .count = 1,
        .outcome = "",
    };

    fixture_mac(last_byte, row.mac);
    return row;
}

static int note(struct fixture *fixture, const struct store_pnp *row)
{
    fixture_begin(fixture);
    int err = store_pnp_note(fixture->db, row);
    fixture_commit(fixture);
    return err;
}

static void prune(struct fixture *fixture)
{
    fixture_begin(fixture);
    assert_int_equal(store_pnp_prune(fixture->db), 0);
    fixture_commit(fixture);
}

static size_t list(struct fixture *fixture, enum store_pnp_which which, struct store_pnp **ret_rows)
{
    size_t count = 0;

    assert_int_equal(
        store_pnp_list(fixture->db, &fixture->arena, which, "", 20000, ret_rows, &count), 0);
    return count;
}

static void test_asked_again_it_counts_and_keeps_what_was_said_last(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp row = question(1, FIXTURE_NOW_S);
    struct store_pnp read;

    assert_int_equal(note(fixture, &row), 0);
    row.firmware = "8.9";
    row.source = "192.168.1.21";
    row.first_at = FIXTURE_NOW_S + 60;
    row.last_at = FIXTURE_NOW_S + 90;
    row.count = 2;
    assert_int_equal(note(fixture, &row), 0);
    assert_int_equal(store_pnp_get(fixture->db, &fixture->arena, row.mac, &read), 0);
    assert_memory_equal(read.mac, row.mac, AP_MAC_LEN);
    assert_string_equal(read.vendor, "snom");
    assert_string_equal(read.model, "snom370");
    assert_string_equal(read.firmware, "8.9");
    assert_string_equal(read.user_agent, "snom370/8.7.5.48");
    assert_string_equal(read.contact, "sip:192.168.1.20:1053");
    assert_string_equal(read.source, "192.168.1.21");
    assert_string_equal(read.interface, "eth0");
    assert_int_equal(read.first_at, FIXTURE_NOW_S);
    assert_int_equal(read.last_at, FIXTURE_NOW_S + 90);
    assert_int_equal(read.count, 3);
    assert_int_equal(read.told_at, 0);
    assert_string_equal(read.outcome, "");
    assert_int_equal(read.version, 2);
    assert_false(read.is_known);
}

static void test_an_outcome_goes_to_a_row_that_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp row = question(1, FIXTURE_NOW_S);
    struct store_pnp told = {.told_at = FIXTURE_NOW_S + 5, .outcome = "accepted"};
    struct store_pnp *rows = NULL;
    struct store_pnp read;

    memcpy(told.mac, row.mac, sizeof(told.mac));
    assert_int_equal(note(fixture, &told), 0);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 0);
    assert_int_equal(note(fixture, &row), 0);
    assert_int_equal(note(fixture, &told), 0);
    assert_int_equal(store_pnp_get(fixture->db, &fixture->arena, row.mac, &read), 0);
    assert_int_equal(read.told_at, FIXTURE_NOW_S + 5);
    assert_string_equal(read.outcome, "accepted");
    assert_int_equal(read.count, 1);
    /* Both at once, and a question alone takes nothing back. */
    row.told_at = FIXTURE_NOW_S + 9;
    row.outcome = "unreachable";
    assert_int_equal(note(fixture, &row), 0);
    row.told_at = 0;
    row.outcome = "";
    assert_int_equal(note(fixture, &row), 0);
    assert_int_equal(store_pnp_get(fixture->db, &fixture->arena, row.mac, &read), 0);
    assert_int_equal(read.told_at, FIXTURE_NOW_S + 9);
    assert_string_equal(read.outcome, "unreachable");
    assert_int_equal(read.count, 3);
}

static void test_known_are_those_that_a_phone_has_the_mac_of(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp *rows = NULL;
    struct token token;
    char user[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user);
    fixture_add_phone(fixture, user, 2, NULL, phone);
    for (uint8_t i = 3; i > 0; i--) {
        const struct store_pnp row = question(i, FIXTURE_NOW_S);
        assert_int_equal(note(fixture, &row), 0);
    }
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 3);
    assert_false(rows[0].is_known);
    assert_true(rows[1].is_known);
    assert_int_equal(list(fixture, STORE_PNP_KNOWN, &rows), 1);
    assert_int_equal(rows[0].mac[AP_MAC_LEN - 1], 2);
    assert_int_equal(list(fixture, STORE_PNP_UNKNOWN, &rows), 2);
    assert_int_equal(rows[1].mac[AP_MAC_LEN - 1], 3);
}

static void test_a_list_goes_on_behind_a_mac(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp *rows = NULL;
    size_t count = 0;
    char after[AP_MAC_TEXT_MAX];

    for (uint8_t i = 1; i <= 3; i++) {
        const struct store_pnp row = question(i, FIXTURE_NOW_S);
        assert_int_equal(note(fixture, &row), 0);
    }
    assert_int_equal(
        store_pnp_list(fixture->db, &fixture->arena, STORE_PNP_ALL, "", 2, &rows, &count), 0);
    assert_int_equal(count, 2);
    mac_format(rows[1].mac, MAC_FORM_LOWER, after);
    assert_int_equal(
        store_pnp_list(fixture->db, &fixture->arena, STORE_PNP_ALL, after, 2, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].mac[AP_MAC_LEN - 1], 3);
}

static void test_a_row_is_forgotten_once(void **state)
{
    struct fixture *fixture = *state;
    const struct store_pnp row = question(1, FIXTURE_NOW_S);
    struct store_pnp read;

    assert_int_equal(note(fixture, &row), 0);
    fixture_begin(fixture);
    assert_int_equal(store_pnp_del(fixture->db, row.mac), 0);
    assert_int_equal(store_pnp_del(fixture->db, row.mac), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(store_pnp_get(fixture->db, &fixture->arena, row.mac, &read), AP_ENOENT);
}

static void test_old_rows_go(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp row = question(1, FIXTURE_NOW_S);
    struct store_pnp *rows = NULL;

    assert_int_equal(note(fixture, &row), 0);
    row = question(2, FIXTURE_NOW_S + 1);
    assert_int_equal(note(fixture, &row), 0);
    fixture->wall_s = FIXTURE_NOW_S + STORE_PNP_KEPT_S;
    prune(fixture);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 2);
    fixture->wall_s++;
    prune(fixture);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 1);
    assert_int_equal(rows[0].mac[AP_MAC_LEN - 1], 2);
}

/* Or a flood of forged MACs would make their ports forgotten. */
static void test_rows_of_phones_stay(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp row = question(0, FIXTURE_NOW_S);
    struct store_pnp *rows = NULL;
    struct token token;
    char alice[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, alice);
    fixture_add_phone(fixture, alice, 7, NULL, id);
    fixture_mac(7, row.mac);
    assert_int_equal(note(fixture, &row), 0);
    fixture_begin(fixture);
    for (int i = 0; i < AP_PNP_ROWS_MAX + 2; i++) {
        row.mac[3] = 0xff;
        row.mac[4] = (uint8_t)(i >> 8);
        row.mac[5] = (uint8_t)i;
        row.last_at = FIXTURE_NOW_S + 100 + i;
        assert_int_equal(store_pnp_note(fixture->db, &row), 0);
    }
    fixture_commit(fixture);
    fixture->wall_s = FIXTURE_NOW_S + STORE_PNP_KEPT_S + 1;
    prune(fixture);
    assert_int_equal(list(fixture, STORE_PNP_KNOWN, &rows), 1);
    assert_int_equal(list(fixture, STORE_PNP_UNKNOWN, &rows), AP_PNP_ROWS_MAX);
}

static void test_beyond_the_maximum_those_that_asked_longest_ago_go(void **state)
{
    struct fixture *fixture = *state;
    struct store_pnp row = question(0, FIXTURE_NOW_S);
    struct store_pnp *rows = NULL;

    fixture_begin(fixture);
    for (int i = 0; i < AP_PNP_ROWS_MAX + 2; i++) {
        row.mac[4] = (uint8_t)(i >> 8);
        row.mac[5] = (uint8_t)i;
        row.last_at = FIXTURE_NOW_S + (i == 0 ? 100000 : i);
        assert_int_equal(store_pnp_note(fixture->db, &row), 0);
    }
    fixture_commit(fixture);
    prune(fixture);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), AP_PNP_ROWS_MAX);
    assert_int_equal(rows[0].mac[5], 0);
    assert_int_equal(rows[1].mac[5], 3);
}

static void test_what_does_not_fit_is_refused_and_leaves_others_alone(void **state)
{
    struct fixture *fixture = *state;
    char text[300];
    struct store_pnp *rows = NULL;
    const struct store_pnp good = question(1, FIXTURE_NOW_S);
    struct store_pnp bad = question(2, FIXTURE_NOW_S);

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    fixture_begin(fixture);
    assert_int_equal(store_pnp_note(fixture->db, &good), 0);
    bad.user_agent = text;
    assert_int_equal(store_pnp_note(fixture->db, &bad), AP_EINVAL);
    bad = question(2, FIXTURE_NOW_S);
    bad.source = "";
    assert_int_equal(store_pnp_note(fixture->db, &bad), AP_EINVAL);
    fixture_commit(fixture);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 1);
    /* The longest of each are taken by the schema too. */
    bad.vendor = bad.model = bad.firmware = text + sizeof(text) - STORE_PNP_WORD_MAX;
    bad.user_agent = text + sizeof(text) - STORE_PNP_AGENT_MAX;
    bad.contact = text + sizeof(text) - STORE_PNP_CONTACT_MAX;
    bad.source = text + sizeof(text) - STORE_PNP_SOURCE_MAX;
    bad.interface = text + sizeof(text) - STORE_PNP_INTERFACE_MAX;
    bad.outcome = text + sizeof(text) - STORE_PNP_OUTCOME_MAX;
    bad.told_at = FIXTURE_NOW_S;
    assert_int_equal(note(fixture, &bad), 0);
    assert_int_equal(list(fixture, STORE_PNP_ALL, &rows), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_asked_again_it_counts_and_keeps_what_was_said_last),
        TEST(test_an_outcome_goes_to_a_row_that_is_there),
        TEST(test_known_are_those_that_a_phone_has_the_mac_of),
        TEST(test_a_list_goes_on_behind_a_mac),
        TEST(test_a_row_is_forgotten_once),
        TEST(test_old_rows_go),
        TEST(test_rows_of_phones_stay),
        TEST(test_beyond_the_maximum_those_that_asked_longest_ago_go),
        TEST(test_what_does_not_fit_is_refused_and_leaves_others_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
