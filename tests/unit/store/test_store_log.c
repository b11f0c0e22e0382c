/* Lists of fetches and refusals, by every filter, and one phone's sum. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_log.h"

static void put(struct fixture *fixture, const struct store_record *record)
{
    fixture_begin(fixture);
    assert_int_equal(store_record_write(fixture->db, record), 0);
    fixture_commit(fixture);
}

static void put_refusal(struct fixture *fixture, const char *phone_id, const char *source,
                        const char *reason, int64_t at)
{
    struct store_record record = {.kind = STORE_RECORD_REFUSAL, .at = at, .count = 3};

    assert_int_equal(address_parse(source, &record.source), 0);
    (void)snprintf(record.phone_id, sizeof(record.phone_id), "%s", phone_id);
    (void)snprintf(record.reason, sizeof(record.reason), "%s", reason);
    put(fixture, &record);
}

static void put_fetch(struct fixture *fixture, const char *phone_id, const char *source, int64_t at,
                      const char *agent)
{
    struct store_record record = {.kind = STORE_RECORD_FETCH,
                                  .at = at,
                                  .role = "config",
                                  .file = "{mac}.xml",
                                  .status = 200,
                                  .body_bytes = 4321};

    assert_int_equal(address_parse(source, &record.source), 0);
    (void)snprintf(record.phone_id, sizeof(record.phone_id), "%s", phone_id);
    (void)snprintf(record.user_agent, sizeof(record.user_agent), "%s", agent);
    memset(record.body_digest, (int)at, sizeof(record.body_digest));
    put(fixture, &record);
}

static void add_phones(struct fixture *fixture, char a[static STORE_ID_TEXT_MAX],
                       char b[static STORE_ID_TEXT_MAX])
{
    struct token token;
    char user_id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_phone(fixture, user_id, 1, NULL, a);
    fixture_add_phone(fixture, user_id, 2, NULL, b);
}

/* Numbers of the rows that fit, newest first, as text: "5 3 1". */
static const char *refusals(struct fixture *fixture, struct store_log_filter filter)
{
    static char text[256];
    struct store_refusal *rows;
    size_t count, used = 0;

    filter.limit = filter.limit ? filter.limit : 100;
    assert_int_equal(store_log_refusals(fixture->db, &fixture->arena, &filter, &rows, &count), 0);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i > 0 ? " " : "",
                                 (int)rows[i].seq);
    return text;
}

static const char *fetches(struct fixture *fixture, struct store_log_filter filter)
{
    static char text[256];
    struct store_fetch *rows;
    size_t count, used = 0;

    filter.limit = filter.limit ? filter.limit : 100;
    assert_int_equal(store_log_fetches(fixture->db, &fixture->arena, &filter, &rows, &count), 0);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i > 0 ? " " : "",
                                 (int)rows[i].seq);
    return text;
}

static struct network network(const char *text)
{
    struct network network;

    assert_int_equal(network_parse(text, &network), 0);
    return network;
}

static void fill_refusals(struct fixture *fixture, const char *a)
{
    put_refusal(fixture, "", "192.0.2.1", "unknown_pair", 60);
    put_refusal(fixture, a, "192.0.2.200", "disabled", 130);
    put_refusal(fixture, "", "192.0.2.1", "bad_token", 120); /* late, with an older time */
    put_refusal(fixture, "", "2001:db8::7", "unknown_pair", 180);
    put_refusal(fixture, "", "198.51.100.1", "unknown_pair", 240);
}

static void test_refusals_are_listed_newest_first_by_every_filter(void **state)
{
    struct fixture *fixture = *state;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX];
    const struct network one = network("192.0.2.1"), net = network("192.0.2.0/24"),
                         six = network("2001:db8::/32"), other = network("10.0.0.0/8");

    add_phones(fixture, a, b);
    fill_refusals(fixture, a);
    const struct {
        struct store_log_filter filter;
        const char *expected;
    } cases[] = {
        {{.limit = 0}, "5 4 3 2 1"},
        {{.limit = 2}, "5 4"},
        {{.limit = 2, .before = 4}, "3 2"},
        {{.before = 1}, ""},
        {{.reason = "unknown_pair"}, "5 4 1"},
        {{.reason = "unknown_pair", .limit = 1, .before = 5}, "4"},
        {{.reason = "disabled"}, "2"},
        {{.reason = "flat_off"}, ""},
        {{.network = &one}, "3 1"},
        {{.network = &one, .reason = "bad_token"}, "3"},
        {{.network = &net}, "3 2 1"},
        {{.network = &six}, "4"},
        {{.network = &other}, ""},
        {{.since = 120}, "5 4 3 2"},
        {{.since = 121}, "5 4 2"},
        {{.since = 241}, ""},
        {{.since = 121, .network = &net}, "2"},
        {{.phone_id = a}, "2"},
        {{.phone_id = a, .reason = "unknown_pair"}, ""},
        {{.phone_id = b}, ""},
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        const char *got = refusals(fixture, cases[i].filter);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("case %zu: '%s', not '%s'", i, got, cases[i].expected);
    }
}

static void test_a_row_of_a_refusal_says_who_and_why(void **state)
{
    struct fixture *fixture = *state;
    const struct store_log_filter filter = {.limit = 1};
    struct store_refusal *rows;
    size_t count;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX];
    struct store_record record = {.kind = STORE_RECORD_REFUSAL,
                                  .at = 300,
                                  .role = "config",
                                  .reason = "disabled",
                                  .token_tag = "t:01234567",
                                  .count = 1};

    add_phones(fixture, a, b);
    assert_int_equal(address_parse("192.0.2.9", &record.source), 0);
    memcpy(record.phone_id, a, sizeof(record.phone_id));
    fixture_mac(1, record.mac);
    put(fixture, &record);
    assert_int_equal(store_log_refusals(fixture->db, &fixture->arena, &filter, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].at, 300);
    assert_string_equal(rows[0].source, "192.0.2.9");
    assert_string_equal(rows[0].reason, "disabled");
    assert_string_equal(rows[0].mac, "cc5ef641b701");
    assert_string_equal(rows[0].role, "config");
    assert_string_equal(rows[0].token_tag, "t:01234567");
    assert_int_equal(rows[0].count, 1);
}

static void test_fetches_are_listed_newest_first_by_every_filter(void **state)
{
    struct fixture *fixture = *state;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX];
    const struct network one = network("192.0.2.1"), net = network("192.0.2.0/24");
    const struct store_log_filter newest = {.limit = 1};
    struct store_fetch *rows;
    size_t count;

    add_phones(fixture, a, b);
    put_fetch(fixture, a, "192.0.2.1", 10, "A/1");
    put_fetch(fixture, b, "192.0.2.2", 20, "B/1");
    put_fetch(fixture, "", "198.51.100.1", 30, "C/1");
    put_fetch(fixture, a, "192.0.2.1", 40, "A/2");
    const struct {
        struct store_log_filter filter;
        const char *expected;
    } cases[] = {
        {{.limit = 0}, "4 3 2 1"},    {{.limit = 1, .before = 4}, "3"},
        {{.phone_id = a}, "4 1"},     {{.phone_id = a, .since = 11}, "4"},
        {{.network = &one}, "4 1"},   {{.network = &net, .since = 15}, "4 2"},
        {{.since = 30}, "4 3"},       {{.since = 41}, ""},
        {{.reason = "disabled"}, ""}, /* no fetch has one */
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        const char *got = fetches(fixture, cases[i].filter);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("case %zu: '%s', not '%s'", i, got, cases[i].expected);
    }
    assert_int_equal(store_log_fetches(fixture->db, &fixture->arena, &newest, &rows, &count), 0);
    assert_string_equal(rows[0].mac, "cc5ef641b701");
    assert_string_equal(rows[0].user_agent, "A/2");
    assert_int_equal(rows[0].status, 200);
    assert_int_equal(rows[0].body_bytes, 4321);
}

static void test_one_phones_sum_tells_its_newest_fetch_and_refusal(void **state)
{
    struct fixture *fixture = *state;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX];
    struct store_log_sum sum;

    add_phones(fixture, a, b);
    assert_int_equal(store_log_sum(fixture->db, &fixture->arena, a, &sum), 0);
    assert_int_equal(sum.fetches, 0);
    assert_string_equal(sum.last_agent, "");
    assert_string_equal(sum.last_file, "");
    assert_int_equal(sum.digest[0], 0);
    assert_int_equal(sum.last_refusal_at, 0);
    put_fetch(fixture, a, "192.0.2.1", 10, "A/1");
    put_fetch(fixture, a, "192.0.2.1", 12, "A/2");
    put_fetch(fixture, b, "192.0.2.2", 20, "B/1");
    put_refusal(fixture, a, "192.0.2.1", "disabled", 30);
    put_refusal(fixture, a, "192.0.2.1", "render_failed", 31);
    assert_int_equal(store_log_sum(fixture->db, &fixture->arena, a, &sum), 0);
    assert_int_equal(sum.fetches, 2);
    assert_int_equal(sum.refusals, 6);
    assert_string_equal(sum.last_agent, "A/2");
    assert_string_equal(sum.last_file, "{mac}.xml");
    assert_int_equal(sum.digest[31], 12);
    assert_int_equal(sum.last_refusal_at, 31);
    assert_string_equal(sum.last_refusal_reason, "render_failed");
}

static void test_phones_are_found_by_vendor_model_and_whether_they_fetched(void **state)
{
    struct fixture *fixture = *state;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX], user_id[STORE_ID_TEXT_MAX];
    struct store_phone_states states;
    struct store_phone *rows;
    struct token token;
    size_t count;

    add_phones(fixture, a, b);
    fixture_add_user(fixture, "bob", &token, user_id);
    fixture_add_phone(fixture, user_id, 3, NULL, b);
    fixture_sql(fixture, "UPDATE phone SET vendor = 'acme', model = 'A1' WHERE mac LIKE '%02';"
                         "UPDATE phone SET vendor = 'acme', model = 'A2' WHERE mac LIKE '%03';"
                         "UPDATE phone SET enabled = 0 WHERE mac LIKE '%03'");
    put_fetch(fixture, a, "192.0.2.1", 10, "A/1");
    const struct {
        struct store_phone_filter filter;
        size_t expected;
    } cases[] = {
        {{.vendor = NULL}, 3},
        {{.vendor = "acme"}, 2},
        {{.vendor = "acme", .model = "A2"}, 1},
        {{.vendor = "none"}, 0},
        {{.model = "A1"}, 1},
        {{.never_fetched = true}, 2},
        {{.never_fetched = true, .vendor = "acme", .model = "A1"}, 1},
        {{.user_id = user_id, .vendor = "acme"}, 1},
        {{.user_id = user_id, .model = "A1"}, 0},
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct store_phone_filter filter = cases[i].filter;
        filter.after_mac = "";
        filter.limit = 100;
        assert_int_equal(store_phone_find(fixture->db, &fixture->arena, &filter, &rows, &count), 0);
        if (count != cases[i].expected)
            fail_msg("case %zu: %zu, not %zu", i, count, cases[i].expected);
    }
    assert_int_equal(store_phone_states(fixture->db, &states), 0);
    assert_int_equal(states.disabled, 1);
    assert_int_equal(states.never_fetched, 1);
    assert_int_equal(states.fetched, 1);
}

/* The plans of the statements that the lists have left in the cache. */
static void test_what_a_list_is_most_asked_for_by_has_an_index(void **state)
{
    struct fixture *fixture = *state;
    char a[STORE_ID_TEXT_MAX], b[STORE_ID_TEXT_MAX];
    const struct network one = network("192.0.2.1");
    size_t seen = 0;

    add_phones(fixture, a, b);
    (void)refusals(fixture, (struct store_log_filter){.phone_id = a});
    (void)refusals(fixture, (struct store_log_filter){.network = &one});
    (void)refusals(fixture, (struct store_log_filter){.reason = "disabled"});
    (void)fetches(fixture, (struct store_log_filter){.phone_id = a});
    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++) {
        const char *sql = fixture->db->statements[i].sql;
        char explain[2048];
        sqlite3_stmt *stmt = NULL;
        if (!sql || !strstr(sql, "in_network"))
            continue;
        seen++;
        (void)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
        assert_int_equal(sqlite3_prepare_v2(fixture->db->sqlite, explain, -1, &stmt, NULL),
                         SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(stmt, 3);
            bool by_number = strstr(detail, "l USING INTEGER PRIMARY KEY") != NULL;
            if (strstr(detail, "SCAN") || by_number)
                fail_msg("%s: %s", detail, sql);
        }
        (void)sqlite3_finalize(stmt);
    }
    assert_int_equal(seen, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refusals_are_listed_newest_first_by_every_filter,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_row_of_a_refusal_says_who_and_why, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_fetches_are_listed_newest_first_by_every_filter,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_phones_sum_tells_its_newest_fetch_and_refusal,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            test_phones_are_found_by_vendor_model_and_whether_they_fetched, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_a_list_is_most_asked_for_by_has_an_index,
                                        fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
