#include "fixture.h"

#include "autoprov/array.h"

#define ENTRIES 5

struct findings {
    int count;
    char first[512];
};

static void note(void *data, const char *line)
{
    struct findings *findings = data;
    if (findings->count++ == 0)
        snprintf(findings->first, sizeof(findings->first), "%s", line);
}

static void add_entries(struct fixture *fixture, int from, int to)
{
    for (int i = from; i < to; i++) {
        char object[32];
        snprintf(object, sizeof(object), "user=u%d", i);
        const struct store_audit entry = {
            .actor = "uid=0", .action = "user.add", .object = object, .detail = ""};
        fixture_begin(fixture);
        assert_int_equal(store_audit_add(fixture->db, &entry), 0);
        fixture_commit(fixture);
        atomic_fetch_add(&fixture->wall_s, 1);
    }
}

static struct findings verify(struct fixture *fixture)
{
    struct findings findings = {0};
    uint64_t rows = UINT64_MAX;
    assert_int_equal(store_audit_verify(fixture->db, &fixture->arena, note, &findings, &rows), 0);
    assert_int_equal(rows, fixture_number(fixture, "SELECT count(*) FROM audit"));
    return findings;
}

static void test_entries_are_listed_newest_first(void **state)
{
    struct fixture *fixture = *state;
    struct store_audit *entries;
    size_t count;

    add_entries(fixture, 0, ENTRIES);
    assert_int_equal(store_audit_list(fixture->db, &fixture->arena, 0, 3, &entries, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(entries[0].row, 5);
    assert_string_equal(entries[0].object, "user=u4");
    assert_int_equal(entries[0].at, FIXTURE_NOW_S + 4);
    assert_string_equal(entries[2].object, "user=u2");
    assert_string_equal(entries[2].actor, "uid=0");
    assert_string_equal(entries[2].action, "user.add");
    assert_string_equal(entries[2].detail, "");
    assert_int_equal(strlen(entries[2].id), 36);
    assert_int_equal(
        store_audit_list(fixture->db, &fixture->arena, entries[2].row, 3, &entries, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(entries[0].object, "user=u1");
    assert_string_equal(entries[1].object, "user=u0");
    assert_int_equal(store_audit_list(fixture->db, &fixture->arena, 1, 3, &entries, &count), 0);
    assert_int_equal(count, 0);
}

static void test_an_empty_and_an_untouched_chain_verify(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(verify(fixture).count, 0);
    add_entries(fixture, 0, ENTRIES);
    assert_int_equal(verify(fixture).count, 0);
    fixture_close(fixture);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    add_entries(fixture, ENTRIES, 2 * ENTRIES);
    assert_int_equal(verify(fixture).count, 0);
}

static void test_every_way_to_change_the_log_is_noticed(void **state)
{
    static const struct {
        const char *sql;
        const char *word;
    } cases[] = {
        {"UPDATE audit SET actor = 'uid=1' WHERE seq = 3", "row 3"},
        {"UPDATE audit SET action = 'user.del' WHERE seq = 1", "row 1"},
        {"UPDATE audit SET object = 'user=x' WHERE seq = 5", "row 5"},
        {"UPDATE audit SET detail = 'x' WHERE seq = 2", "row 2"},
        {"UPDATE audit SET at = at + 1 WHERE seq = 2", "row 2"},
        {"UPDATE audit SET id = '00000000-0000-0000-0000-000000000000' WHERE seq = 2", "row 2"},
        {"UPDATE audit SET link = zeroblob(32) WHERE seq = 4", "row 4"},
        /* letters moved from one field to the next */
        {"UPDATE audit SET actor = 'uid=', action = '0user.add' WHERE seq = 2", "row 2"},
        {"DELETE FROM audit WHERE seq = 1", "row 1 is missing"},
        {"DELETE FROM audit WHERE seq = 3", "row 3 is missing"},
        {"DELETE FROM audit WHERE seq BETWEEN 2 AND 4", "rows 2 to 4 are missing"},
        {"DELETE FROM audit WHERE seq = 5", "row 5 is missing"},
        {"DELETE FROM audit WHERE seq > 2", "rows 3 to 5 are missing"},
        {"DELETE FROM audit", "rows 1 to 5 are missing"},
        {"INSERT INTO audit (seq, id, at, actor, action, link) VALUES "
         "(-1, '00000000-0000-0000-0000-000000000000', 0, 'a', 'b', zeroblob(32))",
         "row -1 was changed"},
        {"DELETE FROM audit; DELETE FROM meta WHERE name = 'audit_head'", NULL},
        {"DELETE FROM meta WHERE name = 'audit_head'", "names row 0"},
        {"UPDATE meta SET value = zeroblob(69) WHERE name = 'audit_head'", "sealed end"},
        {"UPDATE audit SET seq = 6 WHERE seq = 5", "row 5 is missing"},
        {"INSERT INTO audit (seq, id, at, actor, action, link) VALUES "
         "(6, '00000000-0000-0000-0000-000000000000', 0, 'a', 'b', zeroblob(32))",
         "row 6"},
    };
    struct fixture *fixture = *state;
    char *data;
    size_t len;

    add_entries(fixture, 0, ENTRIES);
    fixture_close(fixture);
    data = fixture_read_file(fixture->path, &len);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        fixture_write_file(fixture->path, data, len);
        fixture_sql(fixture, cases[i].sql);
        fixture->db = fixture_open(fixture, STORE_WRITER);
        struct findings findings = verify(fixture);
        fixture_close(fixture);
        /* Who removes all of it, end included, leaves a new log: the known limit. */
        if (!cases[i].word) {
            assert_int_equal(findings.count, 0);
            continue;
        }
        if (findings.count == 0 || !strstr(findings.first, cases[i].word))
            fail_msg("%s: %d findings, %s", cases[i].sql, findings.count, findings.first);
    }
    free(data);
}

static void test_the_audit_row_goes_with_its_change(void **state)
{
    struct fixture *fixture = *state;
    const struct store_audit entry = {
        .actor = "uid=0", .action = "options.set", .object = "", .detail = ""};

    fixture_begin(fixture);
    assert_int_equal(store_options_set(fixture->db, "{}"), 0);
    assert_int_equal(store_audit_add(fixture->db, &entry), 0);
    store_write_rollback(fixture->db);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit"), 0);
    assert_int_equal(verify(fixture).count, 0);
}

static void test_an_entry_that_breaks_a_rule_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char text[9000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    const struct store_audit cases[] = {
        {.actor = "", .action = "a", .object = "", .detail = ""},
        {.actor = "a", .action = "", .object = "", .detail = ""},
        {.actor = "a", .action = "a", .object = text, .detail = ""},
        {.actor = "a", .action = "a", .object = "", .detail = text + 4000},
    };
    fixture_begin(fixture);
    for (size_t i = 0; i < AP_COUNT(cases); i++)
        assert_int_equal(store_audit_add(fixture->db, &cases[i]), AP_EINVAL);
    fixture_commit(fixture);
    add_entries(fixture, 0, 2);
    assert_int_equal(verify(fixture).count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_entries_are_listed_newest_first),
        TEST(test_an_empty_and_an_untouched_chain_verify),
        TEST(test_every_way_to_change_the_log_is_noticed),
        TEST(test_the_audit_row_goes_with_its_change),
        TEST(test_an_entry_that_breaks_a_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
