#include "fixture.h"

#include "autoprov/array.h"

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

static void fill(struct fixture *fixture)
{
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const struct store_audit entry = {
        .actor = "uid=0", .action = "user.add", .object = "", .detail = ""};

    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "u%d", i);
        fixture_add_user(fixture, name, &token, user_id);
        fixture_add_account(fixture, user_id, name, "password", account);
        fixture_add_phone(fixture, user_id, (uint8_t)i, account, id);
        fixture_begin(fixture);
        assert_int_equal(store_audit_add(fixture->db, &entry), 0);
        struct store_account changed = {.id = account,
                                        .sip_user = name,
                                        .domain = "d",
                                        .auth_user = "",
                                        .display_name = "",
                                        .registrar_host = "",
                                        .outbound_proxy = "",
                                        .expires_s = 60,
                                        .password = "new"};
        assert_int_equal(store_account_set(fixture->db, &changed, 0), 0);
        fixture_commit(fixture);
    }
}

static void test_a_good_database_has_no_findings_for_reader_and_writer(void **state)
{
    struct fixture *fixture = *state;
    struct findings findings = {0};

    assert_int_equal(store_check(fixture->db, note, &findings, &fixture->error), 0);
    fill(fixture);
    assert_int_equal(store_check(fixture->db, note, &findings, &fixture->error), 0);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(store_check(reader, note, &findings, &fixture->error), 0);
    store_close(reader);
    assert_int_equal(findings.count, 0);
}

static const struct {
    const char *sql;
    const char *word;
} damages[] = {
    {"UPDATE account SET password_sealed = zeroblob(40) WHERE sip_user = 'u3'",
     "password_sealed of the row"},
    {"UPDATE account SET password_sealed = previous_password_sealed WHERE sip_user = 'u4'",
     "password_sealed of the row"},
    {"UPDATE account SET previous_password_sealed = zeroblob(40) WHERE sip_user = 'u3'",
     "previous_password_sealed of the row"},
    {"UPDATE token SET token_sealed = zeroblob(61) "
     "WHERE user_id = (SELECT id FROM user WHERE name = 'u1')",
     "token_sealed of the row"},
    {"PRAGMA foreign_keys = OFF; DELETE FROM account WHERE sip_user = 'u5'",
     "a row of line refers to a missing row of account"},
    {"PRAGMA ignore_check_constraints = ON; UPDATE phone SET mac = 'CC5EF641B700' "
     "WHERE mac = 'cc5ef641b700'",
     "CHECK constraint failed in phone"},
    {"DELETE FROM audit WHERE seq = 7", "audit row 7 is missing"},
};

static void test_each_damage_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    size_t len;

    fill(fixture);
    fixture_close(fixture);
    char *data = fixture_read_file(fixture->path, &len);
    for (size_t i = 0; i < AP_COUNT(damages); i++) {
        struct findings findings = {0};
        fixture_write_file(fixture->path, data, len);
        fixture_sql(fixture, damages[i].sql);
        fixture->db = fixture_open(fixture, STORE_WRITER);
        assert_int_equal(store_check(fixture->db, note, &findings, &fixture->error), AP_ECORRUPT);
        fixture_close(fixture);
        if (findings.count < 1 || !strstr(findings.first, damages[i].word))
            fail_msg("%s: %d, %s", damages[i].sql, findings.count, findings.first);
        assert_non_null(strstr(fixture->error.text, fixture->path));
    }
    free(data);
}

static void test_overwritten_pages_are_found_or_refused_never_a_crash(void **state)
{
    struct fixture *fixture = *state;
    size_t len;

    fill(fixture);
    fixture_close(fixture);
    char *data = fixture_read_file(fixture->path, &len);
    char *damaged = malloc(len);
    assert_non_null(damaged);
    for (size_t page = 0; page < len / 4096; page++) {
        struct findings findings = {0};
        struct store_db *db = NULL;
        memcpy(damaged, data, len);
        memset(damaged + page * 4096 + (page ? 0 : 100), 0xff, 1000);
        fixture_write_file(fixture->path, damaged, len);
        int err = store_open(fixture->path, STORE_READER, fixture->vault, &fixture->clock, &db,
                             &fixture->error);
        if (!err)
            err = store_check(db, note, &findings, &fixture->error);
        store_close(db);
        if (err != AP_ECORRUPT)
            fail_msg("page %zu: %d: %s", page, err, fixture->error.text);
    }
    fixture_write_file(fixture->path, data, len);
    free(damaged);
    free(data);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_database_has_no_findings_for_reader_and_writer),
        TEST(test_each_damage_is_found_and_named),
        TEST(test_overwritten_pages_are_found_or_refused_never_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
