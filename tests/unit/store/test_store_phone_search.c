/* Searches of phones: what fits, in which order, page by page. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_phone_search.h"

#define NOBODY_FETCHED 0

struct row {
    const char *user, *vendor, *model, *label;
    int64_t last_fetch_at;
    bool disabled;
};

/* Users, models and times that several have: ties in every order. The last byte of a MAC is the
 * row's number from 1. */
static const struct row ROWS[] = {
    {"bob", "yealink", "T46U", "Reception", 100, false},
    {"alice", "yealink", "T46U", "50% off_desk", NOBODY_FETCHED, false},
    {"alice", "snom", "D785", "Büro Süd", 300, false},
    {"carol", "snom", "", "", 100, true},
    {"bob", "yealink", "T48U", "", NOBODY_FETCHED, true},
    {"alice", "generic", "", "lobby", 100, false},
    {"carol", "snom", "D785", "LOBBY 2", 200, false},
    {"bob", "generic", "", "50x offadesk", NOBODY_FETCHED, false},
};
#define ROW_COUNT AP_COUNT(ROWS)

static const char *user_id_of(struct fixture *fixture, const char *name)
{
    struct store_user user;

    assert_int_equal(store_user_get(fixture->db, &fixture->arena, name, &user), 0);
    return user.id;
}

static void add_row(struct fixture *fixture, size_t number)
{
    const struct row *row = &ROWS[number - 1];
    struct store_phone phone = {.user_id = user_id_of(fixture, row->user),
                                .vendor = row->vendor,
                                .model = row->model,
                                .label = row->label,
                                .enabled = !row->disabled};
    char id[STORE_ID_TEXT_MAX], sql[160];

    fixture_mac((uint8_t)number, phone.mac);
    fixture_begin(fixture);
    assert_int_equal(store_phone_add(fixture->db, &phone, id), 0);
    fixture_commit(fixture);
    (void)snprintf(sql, sizeof(sql), "UPDATE phone SET last_fetch_at = %lld WHERE id = '%s'",
                   (long long)row->last_fetch_at, id);
    fixture_sql(fixture, sql);
}

static int setup(void **state)
{
    static const char *const USERS[] = {"alice", "bob", "carol"};
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_setup(state);
    for (size_t i = 0; i < AP_COUNT(USERS); i++)
        fixture_add_user(*state, USERS[i], &token, id);
    fixture_sql(*state, "UPDATE user SET display_name = 'Bob Śmith' WHERE name = 'bob'");
    for (size_t i = 1; i <= ROW_COUNT; i++)
        add_row(*state, i);
    return 0;
}

/* The rows found, by their numbers, as "1 2 7"; and that the count is the same. */
static void expect(struct fixture *fixture, struct store_phone_search search, const char *numbers)
{
    struct store_phone *phones = NULL;
    size_t count = 0;
    uint64_t counted = 0;
    char found[64] = "";

    search.filter.limit = 1000;
    search.after_key = search.after_mac = "";
    assert_int_equal(store_phone_search(fixture->db, &fixture->arena, &search, &phones, &count), 0);
    for (size_t i = 0; i < count; i++)
        (void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%d",
                       i > 0 ? " " : "", phones[i].mac[AP_MAC_LEN - 1]);
    if (strcmp(found, numbers) != 0)
        fail_msg("'%s', state %d, order %d: found %s, not %s", search.text, (int)search.state,
                 (int)search.order, found, numbers);
    assert_int_equal(store_phone_search_count(fixture->db, &search, &counted), 0);
    assert_int_equal(counted, count);
}

static void test_a_piece_of_text_finds_label_user_names_vendor_and_model(void **state)
{
    static const struct {
        const char *text, *numbers;
    } CASES[] = {
        {"", "1 2 3 4 5 6 7 8"},
        {"reception", "1"},
        {"LOBBY", "6 7"},
        {"carol", "4 7"},
        {"bob Ś", "1 5 8"}, /* of the display name */
        {"yealink", "1 2 5"},
        {"t48", "5"},
        {"nothing of this", ""},
        {"50% off_desk", "2"}, /* no pattern */
        {"%", "2"},
        {"_", "2"},
        {"'", ""},
        {"\\", ""},
        {"büro", "3"},
        {"süd", "3"}, /* upper case of ASCII alone */
        {"BÜRO", ""},
        {"\xff", ""}, /* no UTF-8 */
        {"d785\xffsnom", ""},
        {"generict46", ""}, /* pieces of two texts are no piece of one */
    };

    for (size_t i = 0; i < AP_COUNT(CASES); i++)
        expect(*state, (struct store_phone_search){.text = CASES[i].text}, CASES[i].numbers);
}

static void test_a_piece_of_a_mac_is_found_with_any_separators(void **state)
{
    static const struct {
        const char *text, *numbers;
    } CASES[] = {
        {"cc:5e:f6:41:b7:03", "3"},
        {"CC-5E-F6-41-B7-03", "3"},
        {"cc5e.f641.b703", "3"},
        {"cc 5e f6 41 b7 03", "3"},
        {"cc5ef641b703", "3"},
        {"b7:03", "3"},
        {"7:0", "1 2 3 4 5 6 7 8"},
        {"F641", "1 2 3 4 5 6 7 8"},
        {"cc5ef641b7034", ""}, /* longer than one */
        {"cc5ef641b703 x", ""},
        {":-. ", ""}, /* separators alone are no piece */
        {"-", ""},
    };

    for (size_t i = 0; i < AP_COUNT(CASES); i++)
        expect(*state, (struct store_phone_search){.text = CASES[i].text}, CASES[i].numbers);
}

static void test_a_text_longer_than_any_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char text[AP_TEXT_MAX_BYTES + 2];
    struct store_phone_search search = {.text = text, .after_key = "", .after_mac = ""};
    struct store_phone *phones;
    size_t count;
    uint64_t counted;

    memset(text, 'x', sizeof(text));
    text[AP_TEXT_MAX_BYTES + 1] = '\0';
    assert_int_equal(store_phone_search(fixture->db, &fixture->arena, &search, &phones, &count),
                     AP_ERANGE);
    assert_int_equal(store_phone_search_count(fixture->db, &search, &counted), AP_ERANGE);
    text[AP_TEXT_MAX_BYTES] = '\0';
    expect(fixture, search, "");
}

static void test_states_and_filters_narrow_what_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct store_phone_search search = {.text = ""};
    struct store_site site = {.name = "hq"};
    char site_id[STORE_ID_TEXT_MAX], sql[160];

    search.state = STORE_PHONE_DISABLED;
    expect(fixture, search, "4 5");
    search.state = STORE_PHONE_NEVER_FETCHED;
    expect(fixture, search, "2 8");
    search.state = STORE_PHONE_FETCHED;
    expect(fixture, search, "1 3 6 7");
    search.filter.user_id = user_id_of(fixture, "alice");
    expect(fixture, search, "3 6");
    search.text = "lob";
    expect(fixture, search, "6");
    search = (struct store_phone_search){.text = "", .filter = {.vendor = "snom"}};
    expect(fixture, search, "3 4 7");
    search.filter.model = "D785";
    expect(fixture, search, "3 7");
    search = (struct store_phone_search){.text = "", .filter = {.never_fetched = true}};
    expect(fixture, search, "2 5 8");

    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &site, site_id), 0);
    fixture_commit(fixture);
    (void)snprintf(sql, sizeof(sql), "UPDATE user SET site_id = '%s' WHERE name = 'bob'", site_id);
    fixture_sql(fixture, sql);
    search = (struct store_phone_search){.text = "", .filter = {.site_id = site_id}};
    expect(fixture, search, "1 5 8");
    search.text = "alice";
    expect(fixture, search, "");
}

static void test_every_order_has_its_rows_and_ties_go_by_mac(void **state)
{
    static const struct {
        enum store_phone_order order;
        const char *up, *down;
    } CASES[] = {
        {STORE_PHONE_BY_MAC, "1 2 3 4 5 6 7 8", "8 7 6 5 4 3 2 1"},
        {STORE_PHONE_BY_USER, "2 3 6 1 5 8 4 7", "7 4 8 5 1 6 3 2"},
        {STORE_PHONE_BY_MODEL, "6 8 4 3 7 1 2 5", "5 2 1 7 3 4 8 6"},
        {STORE_PHONE_BY_LAST_FETCH, "2 5 8 1 4 6 7 3", "3 7 6 4 1 8 5 2"},
    };
    struct store_phone_search search = {.text = ""};

    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        search.order = CASES[i].order;
        search.descending = false;
        expect(*state, search, CASES[i].up);
        search.descending = true;
        expect(*state, search, CASES[i].down);
    }
}

/* The pages of a search one after another must hold what one large page holds. */
static void walk_pages(struct fixture *fixture, struct store_phone_search search)
{
    struct store_phone *all = NULL, *page = NULL;
    size_t all_count = 0, count, passed = 0;

    search.filter.limit = 1000;
    search.after_key = search.after_mac = "";
    assert_int_equal(store_phone_search(fixture->db, &fixture->arena, &search, &all, &all_count),
                     0);
    search.filter.limit = 3;
    do {
        assert_int_equal(store_phone_search(fixture->db, &fixture->arena, &search, &page, &count),
                         0);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(page[i].id, all[passed + i].id);
        passed += count;
        if (count > 0) {
            char *mac = arena_alloc(&fixture->arena, AP_MAC_TEXT_MAX);
            mac_format(page[count - 1].mac, MAC_FORM_LOWER, mac);
            search.after_mac = mac;
            search.after_key =
                store_phone_order_key(&fixture->arena, search.order, &page[count - 1]);
        }
    } while (count == 3);
    assert_int_equal(passed, all_count);
    assert_int_equal(all_count, ROW_COUNT);
}

static void test_pages_hold_each_row_once_in_every_order_both_ways(void **state)
{
    for (int order = 0; order < STORE_PHONE_ORDER_COUNT; order++) {
        for (int down = 0; down < 2; down++)
            walk_pages(*state, (struct store_phone_search){.text = "",
                                                           .order = (enum store_phone_order)order,
                                                           .descending = down == 1});
    }
}

static void test_a_page_goes_on_where_its_last_row_stood_although_that_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct store_phone_search search = {.text = "",
                                        .order = STORE_PHONE_BY_USER,
                                        .filter = {.limit = 2},
                                        .after_key = "alice",
                                        .after_mac = "cc5ef641b704"}; /* none, between 3 and 6 */
    struct store_phone *phones = NULL;
    size_t count = 0;

    assert_int_equal(store_phone_search(fixture->db, &fixture->arena, &search, &phones, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(phones[0].mac[AP_MAC_LEN - 1], 6);
    assert_int_equal(phones[1].mac[AP_MAC_LEN - 1], 1);
}

static void test_phones_of_an_import_that_has_not_ended_are_not_found(void **state)
{
    struct fixture *fixture = *state;

    fixture_sql(fixture, "INSERT INTO import (id, started_at) VALUES (7, 0);"
                         "UPDATE phone SET import_id = 7 WHERE mac = 'cc5ef641b703'");
    expect(fixture, (struct store_phone_search){.text = "snom"}, "4 7");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_a_piece_of_text_finds_label_user_names_vendor_and_model),
        ROW(test_a_piece_of_a_mac_is_found_with_any_separators),
        ROW(test_a_text_longer_than_any_is_refused),
        ROW(test_states_and_filters_narrow_what_is_found),
        ROW(test_every_order_has_its_rows_and_ties_go_by_mac),
        ROW(test_pages_hold_each_row_once_in_every_order_both_ways),
        ROW(test_a_page_goes_on_where_its_last_row_stood_although_that_is_gone),
        ROW(test_phones_of_an_import_that_has_not_ended_are_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
