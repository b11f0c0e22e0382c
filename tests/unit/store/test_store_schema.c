#include "fixture.h"

#include "autoprov/array.h"

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

#define SHIPPED 10
#define SHIPPED_STEPS                                                                              \
    store_schema_migrations.steps[0], store_schema_migrations.steps[1],                            \
        store_schema_migrations.steps[2], store_schema_migrations.steps[3],                        \
        store_schema_migrations.steps[4], store_schema_migrations.steps[5],                        \
        store_schema_migrations.steps[6], store_schema_migrations.steps[7],                        \
        store_schema_migrations.steps[8], store_schema_migrations.steps[9]

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

/* What the first release wrote: a row of each kind, but for the sealed ones. */
static const char first_rows[] =
    "INSERT INTO user (id, name, created_at) VALUES "
    "('00000000-0000-0000-0000-00000000000a', 'alice', 1);"
    "INSERT INTO account (id, user_id, sip_user, domain, registrar_port, transport, expires_s, "
    "password_sealed, created_at) VALUES ('00000000-0000-0000-0000-00000000000b', "
    "'00000000-0000-0000-0000-00000000000a', '1001', 'pbx.example.com', 0, 'udp', 600, "
    "zeroblob(40), 1);"
    "INSERT INTO phone (id, mac, user_id, vendor, model, enabled, created_at, last_fetch_at, "
    "seen_generation) VALUES ('00000000-0000-0000-0000-00000000000c', 'cc5ef641b794', "
    "'00000000-0000-0000-0000-00000000000a', 'linphone', 'any', 1, 1, 5, 2);"
    "INSERT INTO line (phone_id, position, account_id) VALUES "
    "('00000000-0000-0000-0000-00000000000c', 3, '00000000-0000-0000-0000-00000000000b');"
    "INSERT INTO \"key\" (phone_id, position, type, value) VALUES "
    "('00000000-0000-0000-0000-00000000000c', 7, 'blf', '1002');"
    "INSERT INTO setting (scope, name, value) VALUES ('daemon', 'custom_options', '{}');"
    "INSERT INTO fetch (at, phone_id, source, status, body_bytes) VALUES "
    "(5, '00000000-0000-0000-0000-00000000000c', '192.0.2.7', 200, 10);"
    "INSERT INTO delivered (phone_id, file, digest, at) VALUES "
    "('00000000-0000-0000-0000-00000000000c', 'config', zeroblob(32), 5);";

static const struct {
    const char *sql;
    int64_t expected;
} kept[] = {
    {"SELECT count(*) FROM user WHERE name = 'alice'", 1},
    {"SELECT count(*) FROM account WHERE sip_user = '1001' AND length(password_sealed) = 40", 1},
    {"SELECT count(*) FROM phone WHERE mac = 'cc5ef641b794' AND model = 'any' AND "
     "last_fetch_at = 5 AND seen_generation = 2 AND version = 1",
     1},
    {"SELECT count(*) FROM line l JOIN phone p ON p.id = l.phone_id JOIN account a ON "
     "a.id = l.account_id WHERE l.position = 3",
     1},
    {"SELECT count(*) FROM \"key\" WHERE position = 7 AND value = '1002'", 1},
    {"SELECT count(*) FROM setting WHERE scope = 'daemon'", 1},
    {"SELECT count(*) FROM fetch", 1},
    /* By role, of templates that have changed since: such a digest says nothing any more. */
    {"SELECT count(*) FROM delivered", 0},
    {"SELECT count(*) FROM user_key", 0},
    {"SELECT count(*) FROM meta WHERE name = 'epoch' AND length(value) = 16", 1},
    {"SELECT count(*) FROM pragma_foreign_key_check", 0},
};

/* Steps 1 to count, to run what comes behind them over rows. */
static void begin_at(struct fixture *fixture, const char *name, uint32_t count,
                     struct store_db **ret_db)
{
    const struct store_migrations first = {store_schema_migrations.steps, count};
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s.db", fixture->folder, name);
    fixture_write_file(path, "", 0);
    assert_int_equal(store_connect(path, STORE_WRITER, fixture->vault, &fixture->clock, ret_db), 0);
    assert_int_equal(store_schema_migrate(*ret_db, &first), 0);
}

static void test_a_database_of_the_first_release_keeps_its_phones_and_lines(void **state)
{
    struct fixture *fixture = *state;
    struct store_db *db = NULL;

    begin_at(fixture, "first", 1, &db);
    assert_int_equal(store_exec(db, first_rows), 0);
    assert_int_equal(store_schema_migrate(db, &store_schema_migrations), 0);
    for (size_t i = 0; i < AP_COUNT(kept); i++) {
        int64_t number = -1;
        assert_int_equal(store_exec_number(db, kept[i].sql, &number), 0);
        if (number != kept[i].expected)
            fail_msg("%s: %lld", kept[i].sql, (long long)number);
    }
    store_close(db);
}

static void test_digests_of_another_making_are_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct store_db *db = NULL;
    int64_t number = -1;

    begin_at(fixture, "ninth", 9, &db);
    assert_int_equal(store_exec(db,
                                "INSERT INTO user (id, name, created_at) VALUES "
                                "('00000000-0000-0000-0000-00000000000a', 'alice', 1);"
                                "INSERT INTO phone (id, mac, user_id, vendor, enabled, created_at) "
                                "VALUES ('00000000-0000-0000-0000-00000000000c', 'cc5ef641b794', "
                                "'00000000-0000-0000-0000-00000000000a', 'linphone', 1, 1);"
                                "INSERT INTO delivered (phone_id, file, digest, at) VALUES "
                                "('00000000-0000-0000-0000-00000000000c', '{mac}.xml', "
                                "zeroblob(32), 5);"),
                     0);
    assert_int_equal(store_schema_migrate(db, &store_schema_migrations), 0);
    assert_int_equal(store_exec_number(db, "SELECT count(*) FROM delivered", &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(store_exec_number(db, "SELECT count(*) FROM phone", &number), 0);
    assert_int_equal(number, 1);
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

    assert_int_equal(store_exec(fixture->db, "PRAGMA user_version = 99"), 0);
    assert_int_equal(migrate(fixture, steps, SHIPPED), AP_ENEWER);
    assert_int_equal(version(fixture), 99);
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
                     23);
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
        TEST(test_a_database_of_the_first_release_keeps_its_phones_and_lines),
        TEST(test_digests_of_another_making_are_forgotten),
        TEST(test_a_failing_step_undoes_all_steps),
        TEST(test_a_step_that_breaks_references_is_refused),
        TEST(test_a_table_can_be_built_anew_without_losing_its_children),
        TEST(test_a_newer_schema_is_left_alone),
        TEST(test_every_table_is_strict),
        TEST(test_every_reference_has_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
