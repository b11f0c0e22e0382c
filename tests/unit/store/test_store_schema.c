#include "fixture.h"

static const char second[] =
    "CREATE TABLE more (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;"
    "ALTER TABLE user ADD COLUMN extra TEXT NOT NULL DEFAULT 'x';";
static const char third[] = "INSERT INTO more VALUES ('third');";
static const char broken[] = "INSERT INTO more VALUES ('lost'); CREATE TABLE user (id TEXT);";
static const char orphan[] =
    "INSERT INTO line (phone_id, position, account_id) VALUES ('no', 1, 'no');";
/* SQLite's way to change what ALTER TABLE can't: build anew, copy, drop, rename. */
static const char rebuild[] =
    "CREATE TABLE new_site (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " external_id TEXT UNIQUE, created_at INTEGER NOT NULL, version INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "INSERT INTO new_site SELECT id, name, external_id, created_at, version FROM site;"
    "DROP TABLE site; ALTER TABLE new_site RENAME TO site;";

#define SHIPPED       2
#define SHIPPED_STEPS store_schema_migrations.steps[0], store_schema_migrations.steps[1]

static int migrate(struct fixture *fixture, const char *const *steps, uint32_t count)
{
    const struct store_migrations migrations = {steps, count};
    return store_schema_migrate(fixture->db, &migrations);
}

static uint32_t version(struct fixture *fixture)
{
    uint32_t number = 0;
    assert_int_equal(store_schema_version(fixture->db, &number), 0);
    return number;
}

static void test_this_build_ships_the_steps_that_these_tests_know(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_schema_migrations.count, SHIPPED);
    assert_int_equal(version(fixture), SHIPPED);
}

static void test_steps_run_once_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS, second, third};
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    assert_int_equal(version(fixture), SHIPPED);
    assert_int_equal(migrate(fixture, steps, SHIPPED + 1), 0);
    assert_int_equal(version(fixture), SHIPPED + 1);
    assert_int_equal(migrate(fixture, steps, SHIPPED + 2), 0);
    assert_int_equal(version(fixture), SHIPPED + 2);
    assert_int_equal(migrate(fixture, steps, SHIPPED + 2), 0); /* a second insert would fail */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM more"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user WHERE extra = 'x'"), 1);
    /* Foreign keys are back. */
    assert_int_equal(store_exec(fixture->db, orphan), AP_ECONFLICT);
}

static void test_from_nothing_to_the_newest_in_one_go(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS, second, third};
    struct store_db *db = NULL;
    const struct store_migrations migrations = {steps, SHIPPED + 2};
    uint32_t number = 0;
    char path[256];

    snprintf(path, sizeof(path), "%s/fresh.db", fixture->folder);
    fixture_write_file(path, "", 0);
    assert_int_equal(store_connect(path, STORE_WRITER, fixture->vault, &fixture->clock, &db), 0);
    assert_int_equal(store_schema_version(db, &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(store_schema_migrate(db, &migrations), 0);
    assert_int_equal(store_schema_version(db, &number), 0);
    assert_int_equal(number, SHIPPED + 2);
    store_close(db);
}

static void test_a_failing_step_undoes_all_steps(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS, second, broken};

    assert_int_not_equal(migrate(fixture, steps, SHIPPED + 2), 0);
    assert_int_equal(version(fixture), SHIPPED);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
    assert_int_equal(migrate(fixture, steps, SHIPPED + 1), 0);
}

static void test_a_step_that_breaks_references_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS, orphan};

    assert_int_equal(migrate(fixture, steps, SHIPPED + 1), AP_ECORRUPT);
    assert_int_equal(version(fixture), SHIPPED);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM line"), 0);
}

static void test_a_table_can_be_built_anew_without_losing_its_children(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS, rebuild};
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    fixture_sql(fixture, "INSERT INTO site (id, name, created_at) VALUES "
                         "('00000000-0000-0000-0000-000000000001', 'Berlin', 0);"
                         "UPDATE user SET site_id = '00000000-0000-0000-0000-000000000001'");
    assert_int_equal(migrate(fixture, steps, SHIPPED + 1), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user JOIN site "
                                             "ON site.id = user.site_id"),
                     1);
}

static void test_a_newer_schema_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    const char *const steps[] = {SHIPPED_STEPS};

    assert_int_equal(store_exec(fixture->db, "PRAGMA user_version = 3"), 0);
    assert_int_equal(migrate(fixture, steps, SHIPPED), AP_ENEWER);
    assert_int_equal(version(fixture), 3);
}

static void test_every_table_is_strict(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM pragma_table_list "
                                             "WHERE schema = 'main' AND type = 'table' "
                                             "AND name NOT LIKE 'sqlite_%' AND strict = 0"),
                     0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM pragma_table_list "
                                             "WHERE schema = 'main' AND strict = 1"),
                     14);
}

static void test_every_reference_has_an_index(void **state)
{
    struct fixture *fixture = *state;
    /* Without one a deletion reads the whole child table. */
    assert_int_equal(
        fixture_number(fixture,
                       "SELECT count(*) FROM sqlite_schema s, pragma_foreign_key_list(s.name) f "
                       "WHERE s.type = 'table' AND NOT EXISTS "
                       "(SELECT 1 FROM pragma_index_list(s.name) l, pragma_index_info(l.name) i "
                       "WHERE i.seqno = 0 AND i.name = f.\"from\")"),
        0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_this_build_ships_the_steps_that_these_tests_know),
        TEST(test_steps_run_once_and_in_order),
        TEST(test_from_nothing_to_the_newest_in_one_go),
        TEST(test_a_failing_step_undoes_all_steps),
        TEST(test_a_step_that_breaks_references_is_refused),
        TEST(test_a_table_can_be_built_anew_without_losing_its_children),
        TEST(test_a_newer_schema_is_left_alone),
        TEST(test_every_table_is_strict),
        TEST(test_every_reference_has_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
