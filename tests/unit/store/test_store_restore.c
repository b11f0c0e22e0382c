#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "fixture.h"

static char backup[256];
static bool keep_options;
static struct store_restored restored;

static void backup_now(struct fixture *fixture)
{
    size_t len;
    snprintf(backup, sizeof(backup), "%s/backup.db", fixture->folder);
    assert_int_equal(store_exec(fixture->db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    char *data = fixture_read_file(fixture->path, &len);
    fixture_write_file(backup, data, len);
    free(data);
}

static int restore(struct fixture *fixture)
{
    fixture->error.text[0] = '\0';
    const struct store_restore restore = {.path = fixture->path,
                                          .backup_path = backup,
                                          .vault = fixture->vault,
                                          .clock = &fixture->clock,
                                          .uid = (uid_t)-1,
                                          .gid = (gid_t)-1,
                                          .keep_options = keep_options,
                                          .actor = "uid=0"};
    return store_restore(&restore, &restored, &fixture->error);
}

static bool has_user(struct fixture *fixture, const char *name)
{
    struct store_user user;
    fixture->db = fixture_open(fixture, STORE_WRITER);
    int err = store_user_get(fixture->db, &fixture->arena, name, &user);
    fixture_close(fixture);
    assert_true(err == 0 || err == AP_ENOENT);
    return err == 0;
}

static bool is_there(struct fixture *fixture, const char *suffix)
{
    char path[256];
    snprintf(path, sizeof(path), "%s%s", fixture->path, suffix);
    return access(path, F_OK) == 0;
}

static void assert_no_leftovers(struct fixture *fixture)
{
    static const char *const suffixes[] = {".restoring", ".restoring-wal", ".restoring-shm",
                                           ".restoring-journal"};
    for (size_t i = 0; i < AP_COUNT(suffixes); i++)
        assert_false(is_there(fixture, suffixes[i]));
}

/* alice is in the backup, bob came later. */
static void prepare(struct fixture *fixture)
{
    struct token token;
    char id[STORE_ID_TEXT_MAX];
    fixture_add_user(fixture, "alice", &token, id);
    backup_now(fixture);
    fixture_add_user(fixture, "bob", &token, id);
    fixture_close(fixture);
}

static void test_a_backup_takes_the_place_and_the_old_database_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char kept[256];

    prepare(fixture);
    if (restore(fixture) != 0)
        fail_msg("%s", fixture->error.text);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(has_user(fixture, "alice"));
    assert_false(has_user(fixture, "bob"));
    assert_no_leftovers(fixture);
    assert_int_equal(access(backup, F_OK), 0);
    /* And back again. */
    snprintf(kept, sizeof(kept), "%s.before-restore", fixture->path);
    assert_int_equal(rename(kept, backup), 0);
    assert_int_equal(restore(fixture), 0);
    assert_true(has_user(fixture, "bob"));
}

static void test_the_wal_of_the_old_database_is_set_aside_with_it(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX], wal_path[300];
    size_t wal_len, len;

    fixture_add_user(fixture, "alice", &token, id);
    backup_now(fixture);
    fixture_add_user(fixture, "bob", &token, id);
    /* A killed daemon leaves its WAL. */
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    char *wal = fixture_read_file(wal_path, &wal_len);
    char *main_file = fixture_read_file(fixture->path, &len);
    fixture_close(fixture);
    fixture_write_file(fixture->path, main_file, len);
    fixture_write_file(wal_path, wal, wal_len);
    free(wal);
    free(main_file);

    assert_int_equal(restore(fixture), 0);
    assert_true(is_there(fixture, ".before-restore"));
    assert_true(is_there(fixture, ".before-restore-wal"));
    assert_false(is_there(fixture, "-wal"));
    assert_false(has_user(fixture, "bob"));
    assert_true(has_user(fixture, "alice"));
    /* What was set aside is a whole database. */
    snprintf(backup, sizeof(backup), "%s.before-restore", fixture->path);
    assert_int_equal(restore(fixture), 0);
    assert_true(has_user(fixture, "bob"));
}

static void test_a_bad_backup_leaves_the_old_database(void **state)
{
    static const struct {
        const char *sql; /* on a good backup */
        int err;
        const char *word;
    } cases[] = {
        {"DELETE FROM meta WHERE name = 'canary'", AP_ECORRUPT, "restore a backup"},
        {"PRAGMA user_version = 99", AP_ENEWER, "newer"},
        {"UPDATE token SET token_sealed = zeroblob(61)", AP_ECORRUPT, "does not open"},
        {"PRAGMA application_id = 1", AP_ECORRUPT, "restore a backup"},
    };
    struct fixture *fixture = *state;
    char path[128];

    prepare(fixture);
    size_t len;
    char *data = fixture_read_file(backup, &len);
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        fixture_write_file(backup, data, len);
        memcpy(path, fixture->path, sizeof(path));
        memcpy(fixture->path, backup, sizeof(fixture->path));
        fixture_sql(fixture, cases[i].sql);
        memcpy(fixture->path, path, sizeof(path));
        assert_int_equal(restore(fixture), cases[i].err);
        assert_non_null(strstr(fixture->error.text, backup));
        assert_non_null(strstr(fixture->error.text, cases[i].word));
        assert_no_leftovers(fixture);
        assert_false(is_there(fixture, ".before-restore"));
        assert_true(has_user(fixture, "bob"));
    }
    fixture_write_file(backup, data, len / 2);
    assert_int_equal(restore(fixture), AP_ECORRUPT);
    fixture_write_file(backup, "", 0);
    assert_int_equal(restore(fixture), AP_ECORRUPT);
    assert_int_equal(unlink(backup), 0);
    assert_int_equal(restore(fixture), AP_ENOENT);
    assert_non_null(strstr(fixture->error.text, backup));
    assert_int_equal(mkdir(backup, 0700), 0);
    assert_int_equal(restore(fixture), AP_ECORRUPT);
    assert_no_leftovers(fixture);
    assert_true(has_user(fixture, "bob"));
    free(data);
}

static void test_a_backup_of_another_key_leaves_the_old_database(void **state)
{
    struct fixture *fixture = *state;
    struct vault *own = fixture->vault;

    prepare(fixture);
    fixture->vault = fixture_vault(0x22);
    assert_int_equal(restore(fixture), AP_EKEY);
    assert_non_null(strstr(fixture->error.text, backup));
    vault_free(fixture->vault);
    fixture->vault = own;
    assert_no_leftovers(fixture);
    assert_true(has_user(fixture, "bob"));
}

static void test_restore_works_without_an_old_database_and_after_a_broken_restore(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    prepare(fixture);
    /* Broken off after the old one was set aside, with a half copy lying about. */
    snprintf(path, sizeof(path), "%s.restoring", fixture->path);
    fixture_write_file(path, "half", 4);
    snprintf(path, sizeof(path), "%s.before-restore", fixture->path);
    assert_int_equal(rename(fixture->path, path), 0);
    if (restore(fixture) != 0)
        fail_msg("%s", fixture->error.text);
    assert_true(has_user(fixture, "alice"));
    assert_true(is_there(fixture, ".before-restore"));
    assert_no_leftovers(fixture);
}

static void test_a_backup_with_its_wal_is_restored_whole(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX], wal_path[300];
    size_t len;

    fixture_add_user(fixture, "alice", &token, id);
    backup_now(fixture);
    fixture_add_user(fixture, "bob", &token, id);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    char *wal = fixture_read_file(wal_path, &len);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", backup);
    fixture_write_file(wal_path, wal, len);
    free(wal);
    fixture_close(fixture);
    if (restore(fixture) != 0)
        fail_msg("%s", fixture->error.text);
    assert_true(has_user(fixture, "bob"));
}

static void set_options(struct fixture *fixture)
{
    fixture_begin(fixture);
    assert_int_equal(store_options_set(fixture->db, "{\"disable_auto_provision_security\": true}"),
                     0);
    fixture_commit(fixture);
}

static void test_flat_mode_is_closed_unless_the_options_are_kept(void **state)
{
    struct fixture *fixture = *state;
    const char *json;

    set_options(fixture);
    backup_now(fixture);
    fixture_close(fixture);
    assert_int_equal(restore(fixture), 0);
    assert_true(restored.options_dropped);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(store_options_get(fixture->db, &fixture->arena, &json), AP_ENOENT);
    fixture_close(fixture);

    keep_options = true;
    assert_int_equal(restore(fixture), 0);
    keep_options = false;
    assert_false(restored.options_dropped);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(store_options_get(fixture->db, &fixture->arena, &json), 0);
}

static void test_a_restore_begins_a_new_epoch_and_tells_the_audit(void **state)
{
    struct fixture *fixture = *state;
    struct store_counts before, after;
    struct store_audit *entries;
    size_t count;

    assert_int_equal(store_counts(fixture->db, &before), 0);
    prepare(fixture);
    assert_int_equal(restore(fixture), 0);
    assert_int_equal(restored.backup_at, 0); /* of no backup of ours */
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(store_counts(fixture->db, &after), 0);
    assert_int_equal(strlen(after.epoch), 32);
    assert_string_not_equal(after.epoch, before.epoch);
    assert_int_equal(store_audit_list(fixture->db, &fixture->arena, 0, 1, &entries, &count), 0);
    assert_string_equal(entries[0].action, "restore");
    assert_string_equal(entries[0].actor, "uid=0");
}

static void test_the_missing_key_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault *own = fixture->vault;
    char path[300];

    snprintf(path, sizeof(path), "%s/named.db", fixture->folder);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(store_backup(reader, &(struct store_backup){.path = path}, &fixture->error),
                     0);
    store_close(reader);
    fixture_close(fixture);
    memcpy(backup, path, sizeof(backup));
    fixture->vault = fixture_vault(0x22);
    assert_int_equal(restore(fixture), AP_EKEY);
    assert_non_null(strstr(fixture->error.text, vault_fingerprint(own)));
    assert_non_null(strstr(fixture->error.text, vault_fingerprint(fixture->vault)));
    vault_free(fixture->vault);
    fixture->vault = own;
    assert_int_equal(restore(fixture), 0);
    assert_int_equal(restored.backup_at, FIXTURE_NOW_S);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_backup_takes_the_place_and_the_old_database_is_kept),
        TEST(test_the_wal_of_the_old_database_is_set_aside_with_it),
        TEST(test_a_bad_backup_leaves_the_old_database),
        TEST(test_a_backup_of_another_key_leaves_the_old_database),
        TEST(test_restore_works_without_an_old_database_and_after_a_broken_restore),
        TEST(test_a_backup_with_its_wal_is_restored_whole),
        TEST(test_flat_mode_is_closed_unless_the_options_are_kept),
        TEST(test_a_restore_begins_a_new_epoch_and_tells_the_audit),
        TEST(test_the_missing_key_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
