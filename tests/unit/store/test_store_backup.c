#include "fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"

#define USERS 400

static char target[120];

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    snprintf(target, sizeof(target), "%s/backup.db", fixture->folder);
    return 0;
}

static bool is_there(const char *suffix)
{
    char path[300];
    snprintf(path, sizeof(path), "%s%s", target, suffix);
    return access(path, F_OK) == 0;
}

static void assert_no_leftovers(void)
{
    static const char *const suffixes[] = {".partial",         ".partial-wal", ".partial-shm",
                                           ".partial-journal", "-wal",         "-shm"};
    for (size_t i = 0; i < AP_COUNT(suffixes); i++)
        assert_false(is_there(suffixes[i]));
}

/* More than one step's pages. */
static void add_users(struct fixture *fixture)
{
    struct token token;
    char name[32], id[STORE_ID_TEXT_MAX];

    fixture_begin(fixture);
    for (int i = 0; i < USERS; i++) {
        snprintf(name, sizeof(name), "u%d", i);
        const struct store_user user = {.name = name, .display_name = "A user"};
        assert_int_equal(token_make(&token), 0);
        assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    }
    fixture_commit(fixture);
    fixture_sql(fixture,
                "INSERT INTO fetch (at, source, user_agent, status, body_bytes) "
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                "WHERE i < 20000) SELECT i, '192.0.2.7', hex(zeroblob(64)), 200, i FROM n");
}

static int backup(struct fixture *fixture, struct store_backup backup)
{
    struct store_db *reader = fixture_open(fixture, STORE_READER);

    backup.path = target;
    fixture->error.text[0] = '\0';
    int err = store_backup(reader, &backup, &fixture->error);
    store_close(reader);
    return err;
}

static int64_t number_in_backup(struct fixture *fixture, const char *sql)
{
    char path[128];

    memcpy(path, fixture->path, sizeof(path));
    snprintf(fixture->path, sizeof(fixture->path), "%s", target);
    int64_t number = fixture_number(fixture, sql);
    memcpy(fixture->path, path, sizeof(path));
    return number;
}

static void test_a_backup_is_whole_private_and_names_key_and_time(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char sql[200];

    add_users(fixture);
    if (backup(fixture, (struct store_backup){0}) != 0)
        fail_msg("%s", fixture->error.text);
    assert_no_leftovers();
    assert_int_equal(stat(target, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(number_in_backup(fixture, "SELECT count(*) FROM user"), USERS);
    assert_int_equal(number_in_backup(fixture, "SELECT count(*) FROM fetch"), 20000);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM meta WHERE name = 'backup' AND number = %lld AND "
             "CAST(value AS TEXT) = '%s'",
             (long long)FIXTURE_NOW_S, vault_fingerprint(fixture->vault));
    assert_int_equal(number_in_backup(fixture, sql), 1);
    /* The source knows nothing of it. */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM meta WHERE name = 'backup'"), 0);
}

struct writing {
    struct fixture *fixture;
    int steps;
    uint32_t last_done, last_pages;
};

/* Between two steps somebody writes: it works at once, and the copy goes on where it was. */
static void write_meanwhile(void *data, uint32_t pages_done, uint32_t pages)
{
    struct writing *writing = data;
    struct token token;
    char name[32], id[STORE_ID_TEXT_MAX];

    assert_true(pages_done > writing->last_done);
    writing->last_done = pages_done;
    writing->last_pages = pages;
    snprintf(name, sizeof(name), "later%d", writing->steps++);
    fixture_add_user(writing->fixture, name, &token, id);
}

static void test_writes_go_on_and_the_copy_is_of_one_state(void **state)
{
    struct fixture *fixture = *state;
    struct writing writing = {.fixture = fixture};

    add_users(fixture);
    assert_int_equal(
        backup(fixture, (struct store_backup){.progress = write_meanwhile, .data = &writing}), 0);
    assert_true(writing.steps >= 3);
    assert_int_equal(writing.last_done, writing.last_pages);
    assert_int_equal(number_in_backup(fixture, "SELECT count(*) FROM user"), USERS);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), USERS + writing.steps);
}

static void test_a_file_that_is_there_is_replaced_only_when_told(void **state)
{
    struct fixture *fixture = *state;
    size_t len;

    fixture_write_file(target, "mine", 4);
    assert_int_equal(backup(fixture, (struct store_backup){0}), AP_EEXIST);
    assert_non_null(strstr(fixture->error.text, target));
    char *data = fixture_read_file(target, &len);
    assert_memory_equal(data, "mine", 4);
    free(data);
    assert_no_leftovers();
    assert_int_equal(backup(fixture, (struct store_backup){.replace = true}), 0);
    assert_int_equal(number_in_backup(fixture, "SELECT count(*) FROM user"), 0);
}

static void appear(void *data, uint32_t pages_done, uint32_t pages)
{
    (void)data;
    (void)pages_done;
    (void)pages;
    fixture_write_file(target, "mine", 4);
}

static void test_a_file_that_appears_meanwhile_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    size_t len;

    assert_int_equal(backup(fixture, (struct store_backup){.progress = appear}), AP_EEXIST);
    char *data = fixture_read_file(target, &len);
    assert_memory_equal(data, "mine", 4);
    free(data);
    assert_no_leftovers();
}

static void test_a_damaged_database_makes_no_backup(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    fixture_sql(fixture, "UPDATE token SET token_sealed = zeroblob(61)");
    assert_int_equal(backup(fixture, (struct store_backup){0}), AP_ECORRUPT);
    assert_non_null(strstr(fixture->error.text, "does not open"));
    assert_false(is_there(""));
    assert_no_leftovers();
}

static void test_what_a_broken_off_backup_left_is_no_obstacle(void **state)
{
    struct fixture *fixture = *state;
    char path[300];

    snprintf(path, sizeof(path), "%s.partial", target);
    fixture_write_file(path, "half a copy", 11);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(backup(fixture, (struct store_backup){0}), 0);
    assert_no_leftovers();
}

static void test_two_backups_to_one_file_do_not_meet(void **state)
{
    struct fixture *fixture = *state;
    char path[300];

    snprintf(path, sizeof(path), "%s.partial", target);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(backup(fixture, (struct store_backup){0}), AP_EBUSY);
    assert_true(is_there(".partial"));
    (void)close(fd);
}

static void test_the_database_itself_is_never_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, id);
    assert_int_equal(link(fixture->path, target), 0); /* by whatever name */
    assert_int_equal(backup(fixture, (struct store_backup){.replace = true}), AP_EINVAL);
    assert_non_null(strstr(fixture->error.text, "the database itself"));
    assert_int_equal(unlink(target), 0);
    assert_int_equal(backup(fixture, (struct store_backup){0}), 0);
}

static void test_a_folder_that_is_not_there_is_named(void **state)
{
    struct fixture *fixture = *state;

    snprintf(target, sizeof(target), "%s/none/backup.db", fixture->folder);
    assert_int_equal(backup(fixture, (struct store_backup){0}), AP_ENOENT);
    assert_non_null(strstr(fixture->error.text, target));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_backup_is_whole_private_and_names_key_and_time),
        TEST(test_writes_go_on_and_the_copy_is_of_one_state),
        TEST(test_a_file_that_is_there_is_replaced_only_when_told),
        TEST(test_a_file_that_appears_meanwhile_is_left_alone),
        TEST(test_a_damaged_database_makes_no_backup),
        TEST(test_what_a_broken_off_backup_left_is_no_obstacle),
        TEST(test_two_backups_to_one_file_do_not_meet),
        TEST(test_the_database_itself_is_never_replaced),
        TEST(test_a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
