/* Rotation of the master key: interrupted anywhere, everything opens with both keys. */
#include "fixture.h"

#include <time.h>

#include "autoprov/array.h"
#include "autoprov/store_setting.h"

#define OLD_BYTE 0x11 /* the fixture's key */
#define NEW_BYTE 0x22
#define PASSWORD "pw-before-the-rotation"
/* More than one page of each table. */
#define USERS 700

struct scene {
    struct fixture *fixture;
    struct vault *old_vault, *both, *new_vault;
    struct token tokens[USERS];
};

static struct secret key_of(uint8_t byte, uint8_t bytes[static VAULT_MASTER_KEY_BYTES])
{
    memset(bytes, byte, VAULT_MASTER_KEY_BYTES);
    return (struct secret){.bytes = bytes, .len = VAULT_MASTER_KEY_BYTES};
}

static struct vault *two_keys(void)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = key_of(NEW_BYTE, bytes);
    struct vault *vault = fixture_vault(OLD_BYTE);

    assert_int_equal(vault_add_key(vault, &key), 0);
    return vault;
}

static void add_users(struct scene *scene)
{
    struct store_db *db = scene->fixture->db;
    char name[32], id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX];

    assert_int_equal(store_write_begin(db), 0);
    for (int i = 0; i < USERS; i++) {
        snprintf(name, sizeof(name), "u%d", i);
        const struct store_user user = {.name = name, .display_name = ""};
        assert_int_equal(token_make(&scene->tokens[i]), 0);
        assert_int_equal(store_user_add(db, &user, &scene->tokens[i], id), 0);
        struct store_account account = {.user_id = id,
                                        .sip_user = name,
                                        .domain = "pbx.example.com",
                                        .auth_user = "",
                                        .display_name = "",
                                        .registrar_host = "",
                                        .outbound_proxy = "",
                                        .expires_s = 3600,
                                        .password = "an older one"};
        assert_int_equal(store_account_add(db, &account, account_id), 0);
        account.id = account_id;
        account.password = PASSWORD;
        assert_int_equal(store_account_set(db, &account, 0), 0);
        const struct store_setting setting = {.scope = STORE_SCOPE_USER,
                                              .scope_id = id,
                                              .name = "admin_password",
                                              .value = PASSWORD,
                                              .secret = true};
        assert_int_equal(store_setting_set(db, &setting), 0);
        const struct store_audit entry = {
            .actor = "uid=0", .action = "user.add", .object = name, .detail = ""};
        if (i < 5)
            assert_int_equal(store_audit_add(db, &entry), 0);
    }
    assert_int_equal(store_write_commit(db), 0);
    fixture_sql(scene->fixture,
                "INSERT INTO phone (id, mac, user_id, vendor, enabled, created_at) "
                "SELECT '00000000-0000-0000-0000-000000000001', 'cc5ef641b701', id, 'generic', 1, "
                "0 FROM user WHERE name = 'u0';"
                "INSERT INTO line (phone_id, position, account_id) "
                "SELECT '00000000-0000-0000-0000-000000000001', 1, id FROM account "
                "WHERE sip_user = 'u0';"
                "INSERT INTO delivered (phone_id, file, digest, at) VALUES "
                "('00000000-0000-0000-0000-000000000001', 'a', zeroblob(32), 1)");
    assert_int_equal(store_write_begin(db), 0);
    assert_int_equal(store_auth_write(db, "00000000-0000-0000-0000-000000000001",
                                      &(struct store_auth){.password = PASSWORD}),
                     0);
    assert_int_equal(store_write_commit(db), 0);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *fixture = NULL;

    if (!scene || fixture_setup(&fixture) != 0)
        return -1;
    scene->fixture = fixture;
    add_users(scene);
    fixture_close(scene->fixture);
    scene->old_vault = scene->fixture->vault;
    scene->both = two_keys();
    scene->new_vault = fixture_vault(NEW_BYTE);
    scene->fixture->vault = scene->both;
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *fixture = scene->fixture;

    scene->fixture->vault = scene->old_vault;
    vault_free(scene->both);
    vault_free(scene->new_vault);
    free(scene);
    return fixture_teardown(&fixture);
}

static int try_open(struct scene *scene, const struct vault *vault)
{
    struct store_db *db = NULL;
    int err = store_open(scene->fixture->path, STORE_WRITER, vault, &scene->fixture->clock, &db,
                         &scene->fixture->error);
    store_close(db);
    return err;
}

static void open_writer(struct scene *scene)
{
    scene->fixture->db = fixture_open(scene->fixture, STORE_WRITER);
    assert_int_equal(store_rekey_begin(scene->fixture->db, &scene->fixture->error), 0);
}

static void no_problem(void *data, const char *line)
{
    (void)data;
    fail_msg("%s", line);
}

/* Everything opens on db: the deep check, a pair with its password, the audit chain. */
static void assert_readable(struct scene *scene, struct store_db *db)
{
    struct fixture *fixture = scene->fixture;
    struct store_phone phone;
    uint64_t rows;

    assert_int_equal(store_check(db, no_problem, NULL, &fixture->error), 0);
    assert_int_equal(fixture_by_pair(fixture, db, &scene->tokens[0], 1, &phone), 0);
    assert_string_equal(phone.lines[0].account.password, PASSWORD);
    assert_string_equal(phone.access.auth.password, PASSWORD);
    assert_int_equal(fixture_by_pair(fixture, db, &scene->tokens[1], 1, NULL), AP_ENOENT);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(store_audit_verify(db, &arena, no_problem, NULL, &rows), 0);
    arena_done(&arena);
    arena_reset(&fixture->arena);
}

/* So many steps of a new walk, or all (-1). True: it is done. */
static bool run_steps(struct scene *scene, int steps)
{
    struct store_rekey_walk walk = {0};

    for (int i = 0; i != steps; i++) {
        enum store_upkeep_result result = STORE_UPKEEP_NOTHING;
        assert_int_equal(store_rekey_step(scene->fixture->db, &walk, &result), 0);
        if (result != STORE_UPKEEP_MORE)
            return true;
        assert_true(i < 100);
    }
    return false;
}

static int64_t count_version(struct scene *scene, int version)
{
    char sql[600];

    snprintf(sql, sizeof(sql),
             "SELECT (SELECT count(*) FROM account WHERE substr(password_sealed, 1, 1) = x'%02x') "
             "+ (SELECT count(*) FROM account WHERE substr(previous_password_sealed, 1, 1) = "
             "x'%02x') + (SELECT count(*) FROM token WHERE substr(token_sealed, 1, 1) = x'%02x') "
             "+ (SELECT count(*) FROM setting WHERE substr(value_sealed, 1, 1) = x'%02x') "
             "+ (SELECT count(*) FROM phone WHERE substr(auth_password_sealed, 1, 1) = x'%02x')",
             version, version, version, version, version);
    return fixture_number(scene->fixture, sql);
}

static void test_a_second_key_alone_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct store_db *db = fixture_open(scene->fixture, STORE_WRITER);

    assert_int_equal(store_rekey_state(db), STORE_REKEY_WAITING);
    assert_readable(scene, db);
    store_close(db);
    assert_int_equal(try_open(scene, scene->old_vault), 0);
    assert_int_equal(count_version(scene, 2), 0);
}

static void test_once_begun_both_keys_are_needed(void **state)
{
    struct scene *scene = *state;

    open_writer(scene);
    assert_int_equal(store_rekey_state(scene->fixture->db), STORE_REKEY_RUNNING);
    assert_readable(scene, scene->fixture->db);
    fixture_close(scene->fixture);
    assert_int_equal(try_open(scene, scene->old_vault), AP_EKEY);
    assert_non_null(strstr(scene->fixture->error.text, ".new"));
    assert_int_equal(try_open(scene, scene->new_vault), AP_EKEY);
    assert_int_equal(try_open(scene, scene->both), 0);
}

static void test_another_second_key_is_refused_once_begun(void **state)
{
    struct scene *scene = *state;
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = key_of(0x33, bytes);
    struct vault *other = fixture_vault(OLD_BYTE);

    assert_int_equal(vault_add_key(other, &key), 0);
    open_writer(scene);
    fixture_close(scene->fixture);
    assert_int_equal(try_open(scene, other), AP_EKEY);
    vault_free(other);
}

static void test_broken_off_after_each_step_everything_opens_and_it_ends(void **state)
{
    struct scene *scene = *state;
    bool done = false;

    /* Each round begins its walk anew, as a start after a crash does, and comes one step further.
     */
    for (int steps = 0; !done; steps++) {
        assert_true(steps < 40);
        open_writer(scene);
        done = run_steps(scene, steps);
        assert_readable(scene, scene->fixture->db);
        struct store_db *reader = fixture_open(scene->fixture, STORE_READER);
        assert_readable(scene, reader);
        store_close(reader);
        fixture_close(scene->fixture);
    }
    assert_int_equal(count_version(scene, 1), 0);
    assert_int_equal(count_version(scene, 2), 4 * USERS + 1);
}

static void test_at_the_end_the_new_key_alone_is_needed(void **state)
{
    struct scene *scene = *state;

    open_writer(scene);
    assert_true(run_steps(scene, -1));
    assert_int_equal(store_rekey_state(scene->fixture->db), STORE_REKEY_DONE);
    assert_readable(scene, scene->fixture->db);
    fixture_close(scene->fixture);
    assert_int_equal(try_open(scene, scene->old_vault), AP_EKEY);

    /* Both files are still there. */
    scene->fixture->db = fixture_open(scene->fixture, STORE_WRITER);
    assert_int_equal(store_rekey_state(scene->fixture->db), STORE_REKEY_DONE);
    assert_int_equal(store_rekey_begin(scene->fixture->db, NULL), 0);
    assert_readable(scene, scene->fixture->db);
    fixture_close(scene->fixture);

    scene->fixture->vault = scene->new_vault;
    scene->fixture->db = fixture_open(scene->fixture, STORE_WRITER);
    assert_int_equal(store_rekey_state(scene->fixture->db), STORE_REKEY_NONE);
    assert_readable(scene, scene->fixture->db);
    assert_int_equal(fixture_number(scene->fixture,
                                    "SELECT count(*) FROM meta WHERE name IN ('canary_next', "
                                    "'rekey_began')"),
                     0);
    assert_int_equal(fixture_number(scene->fixture, "SELECT count(*) FROM delivered"), 0);
}

static void test_a_second_rotation_follows_the_first(void **state)
{
    struct scene *scene = *state;
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    struct secret key = key_of(0x33, bytes);

    open_writer(scene);
    assert_true(run_steps(scene, -1));
    fixture_close(scene->fixture);
    assert_int_equal(vault_add_key(scene->new_vault, &key), 0);
    scene->fixture->vault = scene->new_vault;
    open_writer(scene);
    assert_true(run_steps(scene, -1));
    fixture_close(scene->fixture);
    assert_int_equal(count_version(scene, 3), 4 * USERS + 1);
    struct vault *third = fixture_vault(0x33);
    scene->fixture->vault = third;
    scene->fixture->db = fixture_open(scene->fixture, STORE_WRITER);
    assert_readable(scene, scene->fixture->db);
    assert_int_equal(
        fixture_number(scene->fixture, "SELECT count(*) FROM meta WHERE name LIKE 'audit_until_%'"),
        2);
    fixture_close(scene->fixture);
    scene->fixture->vault = scene->both;
    vault_free(third);
}

static void test_what_is_written_meanwhile_has_the_new_key_and_old_tokens_stay_unique(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    open_writer(scene);
    fixture_add_user(fixture, "bob", &token, id);
    fixture_add_phone(fixture, id, 7, NULL, id);
    assert_int_equal(count_version(scene, 2), 1);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &token, 7, NULL), 0);
    const struct store_user thief = {.name = "thief", .display_name = ""};
    assert_int_equal(store_write_begin(fixture->db), 0);
    assert_int_equal(store_user_add(fixture->db, &thief, &scene->tokens[5], id), AP_EEXIST);
    store_write_rollback(fixture->db);
    assert_true(run_steps(scene, -1));
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &token, 7, NULL), 0);
}

#define LINE_MAX_BYTES 200

static void keep_first(void *data, const char *line)
{
    char *first = data;
    if (!first[0])
        snprintf(first, LINE_MAX_BYTES, "%s", line);
}

static void test_a_changed_audit_row_of_the_old_key_is_still_found(void **state)
{
    static const struct {
        const char *sql;
        const char *line;
    } cases[] = {
        {"UPDATE audit SET detail = 'x' WHERE seq = 2", "row 2 was changed"},
        {"UPDATE audit SET detail = '' WHERE seq = 2; UPDATE audit SET detail = 'x' WHERE seq = 6",
         "row 6 was changed"},
        {"UPDATE audit SET detail = '' WHERE seq = 6; DELETE FROM audit WHERE seq = 5",
         "row 5 is missing"},
    };
    struct scene *scene = *state;
    struct arena arena;

    open_writer(scene);
    assert_true(run_steps(scene, -1));
    fixture_close(scene->fixture);
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        char first[LINE_MAX_BYTES] = "";
        uint64_t rows;
        fixture_sql(scene->fixture, cases[i].sql);
        scene->fixture->vault = scene->new_vault;
        struct store_db *db = fixture_open(scene->fixture, STORE_READER);
        scene->fixture->vault = scene->both;
        assert_int_equal(store_audit_verify(db, &arena, keep_first, first, &rows), 0);
        if (!strstr(first, cases[i].line))
            fail_msg("%s: %s", cases[i].sql, first);
        store_close(db);
    }
    arena_done(&arena);
}

static void test_a_value_that_does_not_open_keeps_both_keys_needed(void **state)
{
    struct scene *scene = *state;
    struct store_rekey_walk walk = {0};
    enum store_upkeep_result result = STORE_UPKEEP_NOTHING;

    fixture_sql(
        scene->fixture,
        "UPDATE account SET password_sealed = "
        "x'0100000000000000000000000000000000000000000000000000000000000000000000000000000000' "
        "WHERE sip_user = 'u9'");
    open_writer(scene);
    for (int i = 0; i < 100 && result != STORE_UPKEEP_LAST; i++)
        assert_int_equal(store_rekey_step(scene->fixture->db, &walk, &result), 0);
    assert_int_equal(result, STORE_UPKEEP_LAST);
    assert_int_equal(store_rekey_state(scene->fixture->db), STORE_REKEY_RUNNING);
    assert_int_equal(count_version(scene, 1), 1);
}

static void test_the_writer_thread_rotates_to_the_end(void **state)
{
    struct scene *scene = *state;
    struct store_writer *writer = NULL;
    struct store_writer_stats stats = {0};

    open_writer(scene);
    struct store_db *db = scene->fixture->db;
    scene->fixture->db = NULL;
    assert_int_equal(store_writer_start(db, &writer), 0);
    struct store_db *reader = fixture_open(scene->fixture, STORE_READER);
    store_read_follow(reader, writer);
    for (int i = 0; i < 3000 && stats.rekey_state != STORE_REKEY_DONE; i++) {
        const struct timespec pause = {.tv_nsec = 5000000};
        atomic_fetch_add(&scene->fixture->monotonic_ms, 200);
        assert_int_equal(fixture_by_pair(scene->fixture, reader, &scene->tokens[0], 1, NULL), 0);
        arena_reset(&scene->fixture->arena);
        nanosleep(&pause, NULL);
        store_writer_stats(writer, &stats);
    }
    assert_int_equal(stats.rekey_state, STORE_REKEY_DONE);
    assert_int_equal(fixture_by_pair(scene->fixture, reader, &scene->tokens[0], 1, NULL), 0);
    store_read_follow(reader, NULL);
    store_close(reader);
    store_writer_stop(writer);
    assert_int_equal(try_open(scene, scene->new_vault), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_second_key_alone_changes_nothing),
        TEST(test_once_begun_both_keys_are_needed),
        TEST(test_another_second_key_is_refused_once_begun),
        TEST(test_broken_off_after_each_step_everything_opens_and_it_ends),
        TEST(test_at_the_end_the_new_key_alone_is_needed),
        TEST(test_a_second_rotation_follows_the_first),
        TEST(test_what_is_written_meanwhile_has_the_new_key_and_old_tokens_stay_unique),
        TEST(test_a_changed_audit_row_of_the_old_key_is_still_found),
        TEST(test_a_value_that_does_not_open_keeps_both_keys_needed),
        TEST(test_the_writer_thread_rotates_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
