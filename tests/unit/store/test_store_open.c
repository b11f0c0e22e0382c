#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "fixture.h"

static int open_mode(struct fixture *fixture, enum store_mode mode)
{
    struct store_db *db = NULL;
    fixture->error.text[0] = '\0';
    int err =
        store_open(fixture->path, mode, fixture->vault, &fixture->clock, &db, &fixture->error);
    if (err == 0)
        assert_non_null(db);
    else
        assert_null(db);
    store_close(db);
    return err;
}

/* Both modes refuse alike, with a line that names the file, and leave it as it was. */
static void assert_refused(struct fixture *fixture, int expected, const char *word)
{
    for (int mode = STORE_READER; mode <= STORE_WRITER; mode++) {
        int err = open_mode(fixture, (enum store_mode)mode);
        if (err != expected)
            fail_msg("mode %d: %d, not %d: %s", mode, err, expected, fixture->error.text);
        assert_non_null(strstr(fixture->error.text, fixture->path));
        assert_non_null(strstr(fixture->error.text, word));
    }
}

static void make_database(struct fixture *fixture)
{
    assert_int_equal(
        store_create(fixture->path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error), 0);
}

static void test_a_new_database_opens_for_reading_and_writing(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    uint64_t seq = 99;
    struct store_counts counts;

    make_database(fixture);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    struct store_db *writer = fixture_open(fixture, STORE_WRITER);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(store_change_seq(reader, &seq), 0);
    assert_int_equal(seq, 0);
    assert_int_equal(store_counts(reader, &counts), 0);
    assert_int_equal(counts.users + counts.accounts + counts.phones, 0);
    assert_int_equal(counts.fetches + counts.refusals, 0);
    assert_int_equal(counts.schema_version, store_schema_migrations.count);
    assert_true(counts.size_bytes >= 4096);
    store_close(reader);
    store_close(writer);
}

static void test_creating_never_replaces_and_leaves_nothing_behind(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct fixture *fixture = *state;
    char path[256];

    for (size_t i = 0; i < AP_COUNT(suffixes); i++) {
        snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
        fixture_write_file(path, "precious", 8);
        assert_int_equal(
            store_create(fixture->path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error),
            AP_EEXIST);
        assert_non_null(strstr(fixture->error.text, fixture->path));
        size_t len;
        char *data = fixture_read_file(path, &len);
        assert_int_equal(len, 8);
        free(data);
        assert_int_equal(unlink(path), 0);
    }
    /* Nothing else is there: the folder can be removed. */
    assert_int_equal(rmdir(fixture->folder), 0);
    assert_int_equal(
        store_create(fixture->path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error),
        AP_ENOENT);
    assert_int_equal(mkdir(fixture->folder, 0700), 0);
}

static void test_a_missing_database_is_not_made(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, AP_ENOENT, "autoprovctl init");
    assert_int_not_equal(access(fixture->path, F_OK), 0);
}

static void test_an_empty_file_is_no_database(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    fixture_write_file(fixture->path, "", 0);
    assert_refused(fixture, AP_ECORRUPT, "restore");
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_size, 0);
}

static void test_garbage_is_no_database(void **state)
{
    struct fixture *fixture = *state;
    char garbage[8192];
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (char)(i * 7 + 3);
    fixture_write_file(fixture->path, garbage, sizeof(garbage));
    assert_refused(fixture, AP_ECORRUPT, "restore");
    fixture_write_file(fixture->path, "SQLite format 3", 16);
    assert_refused(fixture, AP_ECORRUPT, "restore");
}

static void test_a_folder_or_a_foreign_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *sqlite = NULL;
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    assert_refused(fixture, AP_ECORRUPT, "restore");
    assert_int_equal(rmdir(fixture->path), 0);
    assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
    assert_refused(fixture, AP_ECORRUPT, "restore");
}

static void test_a_truncated_database_is_refused_at_every_length(void **state)
{
    struct fixture *fixture = *state;
    size_t len;

    make_database(fixture);
    char *data = fixture_read_file(fixture->path, &len);
    for (size_t cut = 1; cut < len; cut += cut < 4096 ? 511 : 4096) {
        fixture_write_file(fixture->path, data, cut);
        assert_refused(fixture, AP_ECORRUPT, "restore");
    }
    fixture_write_file(fixture->path, data, len - 1);
    assert_refused(fixture, AP_ECORRUPT, "restore");
    fixture_write_file(fixture->path, data, len);
    assert_int_equal(open_mode(fixture, STORE_WRITER), 0);
    free(data);
}

static void test_a_truncated_database_with_a_wal_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX], name[16];
    struct token token;
    size_t len, wal_len;
    char wal_path[256];

    make_database(fixture);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    for (int i = 0; i < 500; i++) {
        const struct store_user user = {.name = name, .display_name = "to make the file grow"};
        snprintf(name, sizeof(name), "u%d", i);
        assert_int_equal(token_make(&token), 0);
        if (i == 0)
            fixture_begin(fixture);
        assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    }
    fixture_commit(fixture);
    assert_int_equal(store_exec(fixture->db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    fixture_add_user(fixture, "last", &token, id);
    /* What a crash leaves: both files as they are now. */
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    char *data = fixture_read_file(fixture->path, &len);
    char *wal = fixture_read_file(wal_path, &wal_len);
    assert_true(wal_len > 0);
    fixture_close(fixture);

    fixture_write_file(wal_path, wal, wal_len);
    fixture_write_file(fixture->path, data, len / 4);
    assert_refused(fixture, AP_ECORRUPT, "restore");
    fixture_write_file(wal_path, wal, wal_len);
    fixture_write_file(fixture->path, data, len);
    fixture->db = fixture_open(fixture, STORE_WRITER); /* whole: the WAL is played back */
    struct store_user user;
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "last", &user), 0);
    free(data);
    free(wal);
}

static void test_another_master_key_is_refused(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    vault_free(fixture->vault);
    fixture->vault = fixture_vault(0x22);
    assert_refused(fixture, AP_EKEY, "master key");
}

static void test_a_newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    fixture_sql(fixture, "PRAGMA user_version = 4711");
    assert_refused(fixture, AP_ENEWER, "newer");
    assert_int_equal(fixture_number(fixture, "PRAGMA user_version"), 4711);
}

static void test_a_missing_canary_is_damage(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    fixture_sql(fixture, "DELETE FROM meta WHERE name = 'canary'");
    assert_refused(fixture, AP_ECORRUPT, "restore");
}

#define NOBODY 65534

/* Root may write everywhere. */
static void become_nobody(struct fixture *fixture)
{
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(fixture->folder, NOBODY, NOBODY), 0);
    assert_int_equal(chown(fixture->path, NOBODY, NOBODY), 0);
    assert_int_equal(seteuid(NOBODY), 0);
}

static void become_myself(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void test_a_read_only_folder_or_file_refuses_the_writer(void **state)
{
    struct fixture *fixture = *state;

    make_database(fixture);
    become_nobody(fixture);
    assert_int_equal(open_mode(fixture, STORE_WRITER), 0);
    assert_int_equal(chmod(fixture->folder, 0500), 0);
    int folder_err = open_mode(fixture, STORE_WRITER);
    int reader_err = open_mode(fixture, STORE_READER);
    assert_int_equal(chmod(fixture->folder, 0700), 0);
    assert_int_equal(chmod(fixture->path, 0400), 0);
    int file_err = open_mode(fixture, STORE_WRITER);
    assert_int_equal(chmod(fixture->path, 0000), 0);
    int unreadable_err = open_mode(fixture, STORE_READER);
    become_myself();
    assert_int_equal(folder_err, AP_EREADONLY);
    assert_int_equal(reader_err, AP_EREADONLY); /* WAL needs its -shm file, as store.h says */
    assert_int_equal(file_err, AP_EREADONLY);
    assert_int_equal(unreadable_err, AP_EPERM);
}

static void test_a_reader_in_a_read_only_folder_reads_while_the_writer_is_there(void **state)
{
    struct fixture *fixture = *state;

    make_database(fixture);
    become_nobody(fixture);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(chmod(fixture->folder, 0500), 0);
    int err = open_mode(fixture, STORE_READER);
    assert_int_equal(chmod(fixture->folder, 0700), 0);
    fixture_close(fixture);
    become_myself();
    assert_int_equal(err, 0);
}

static void test_a_reader_cannot_write(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX];
    const struct store_user user = {.name = "alice", .display_name = ""};

    make_database(fixture);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(token_make(&token), 0);
    assert_int_equal(store_write_begin(reader), AP_EREADONLY);
    assert_int_equal(store_user_add(reader, &user, &token, id), AP_EREADONLY);
    assert_int_equal(store_exec(reader, "DELETE FROM meta"), AP_EREADONLY);
    store_close(reader);
}

static void test_connections_are_hardened(void **state)
{
    static const struct {
        const char *sql;
        int64_t writer, reader;
    } expected[] = {
        {"PRAGMA synchronous", 2, 2},      {"PRAGMA foreign_keys", 1, 1},
        {"PRAGMA trusted_schema", 0, 0},   {"PRAGMA cell_size_check", 1, 1},
        {"PRAGMA secure_delete", 1, 1},    {"PRAGMA temp_store", 2, 2},
        {"PRAGMA busy_timeout", 2000, 50}, {"PRAGMA wal_autocheckpoint", 0, 0},
        {"PRAGMA query_only", 0, 1},       {"PRAGMA page_size", 4096, 4096},
    };
    struct fixture *fixture = *state;

    make_database(fixture);
    for (int mode = STORE_READER; mode <= STORE_WRITER; mode++) {
        struct store_db *db = fixture_open(fixture, (enum store_mode)mode);
        for (size_t i = 0; i < AP_COUNT(expected); i++) {
            int64_t number = -1;
            assert_int_equal(store_exec_number(db, expected[i].sql, &number), 0);
            int64_t wanted = mode == STORE_WRITER ? expected[i].writer : expected[i].reader;
            if (number != wanted)
                fail_msg("%s: %d, not %d", expected[i].sql, (int)number, (int)wanted);
        }
        assert_int_not_equal(store_exec(db, "SELECT load_extension('x')"), 0);
        assert_int_not_equal(store_exec(db, "SELECT * FROM meta WHERE name = \"a string\""), 0);
        assert_int_not_equal(store_exec(db, "ATTACH ':memory:' AS other"), 0);
        assert_int_not_equal(store_exec(db, "PRAGMA writable_schema = ON; "
                                            "DELETE FROM sqlite_schema"),
                             0);
        store_close(db);
    }
}

static void test_a_path_that_looks_like_a_uri_is_a_path(void **state)
{
    struct fixture *fixture = *state;
    struct store_db *db = NULL;
    char old[4096];
    const char *path = "file:x?mode=memory";

    assert_non_null(getcwd(old, sizeof(old)));
    assert_int_equal(chdir(fixture->folder), 0);
    assert_int_equal(store_create(path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error), 0);
    assert_int_equal(
        store_open(path, STORE_WRITER, fixture->vault, &fixture->clock, &db, &fixture->error), 0);
    store_close(db);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(chdir(old), 0);
}

static void test_opening_more_readers_keeps_the_locks_of_the_first(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    make_database(fixture);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    fixture_begin(fixture);
    for (int i = 0; i < 4; i++)
        store_close(fixture_open(fixture, STORE_READER));
    /* A second writer is still kept out. */
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    fixture_commit(fixture);
    fixture_add_user(fixture, "alice", &token, id);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_folder, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_database_opens_for_reading_and_writing),
        TEST(test_creating_never_replaces_and_leaves_nothing_behind),
        TEST(test_a_missing_database_is_not_made),
        TEST(test_an_empty_file_is_no_database),
        TEST(test_garbage_is_no_database),
        TEST(test_a_folder_or_a_foreign_database_is_refused),
        TEST(test_a_truncated_database_is_refused_at_every_length),
        TEST(test_a_truncated_database_with_a_wal_is_refused),
        TEST(test_another_master_key_is_refused),
        TEST(test_a_newer_schema_is_refused),
        TEST(test_a_missing_canary_is_damage),
        TEST(test_a_read_only_folder_or_file_refuses_the_writer),
        TEST(test_a_reader_in_a_read_only_folder_reads_while_the_writer_is_there),
        TEST(test_a_reader_cannot_write),
        TEST(test_connections_are_hardened),
        TEST(test_a_path_that_looks_like_a_uri_is_a_path),
        TEST(test_opening_more_readers_keeps_the_locks_of_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
