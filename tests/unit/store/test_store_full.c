/* Full disks and failing devices. SQLite's own seam for system calls (sqlite3_vfs.xSetSystemCall)
 * gives ENOSPC; fdatasync, which it calls directly, is replaced for this program. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

int fdatasync(int fd);

static _Atomic int write_errno; /* of pwrite64, 0: none */
static _Atomic int sync_errno;
static ssize_t (*real_pwrite)(int fd, const void *data, size_t len, off_t at);

static ssize_t failing_pwrite(int fd, const void *data, size_t len, off_t at)
{
    int error_number = atomic_load(&write_errno);
    if (error_number == 0)
        return real_pwrite(fd, data, len, at);
    errno = error_number;
    return -1;
}

int fdatasync(int fd)
{
    int error_number = atomic_load(&sync_errno);
    if (error_number == 0)
        return fsync(fd);
    errno = error_number;
    return -1;
}

static int setup_vfs(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    (void)state;
    assert_non_null(vfs);
    sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, "pwrite64");
    assert_non_null(real);
    memcpy(&real_pwrite, &real, sizeof(real));
    assert_int_equal(
        vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)(void (*)(void))failing_pwrite),
        SQLITE_OK);
    return 0;
}

static int setup(void **state)
{
    atomic_store(&write_errno, 0);
    atomic_store(&sync_errno, 0);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    atomic_store(&write_errno, 0);
    atomic_store(&sync_errno, 0);
    return fixture_teardown(state);
}

struct answered {
    struct store_write write;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char name[16];
    int64_t page_limit; /* PRAGMA max_page_count first; 0: leave it */
    int result;
    bool done;
};

static int run_write(struct store_write *write, struct store_db *db)
{
    struct answered *self = (struct answered *)write;
    const struct store_user user = {.name = self->name, .display_name = ""};
    struct token token;
    char id[STORE_ID_TEXT_MAX], sql[64];

    if (self->page_limit) {
        snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)self->page_limit);
        int err = store_exec(db, sql);
        if (err)
            return err;
    }
    int err = token_make(&token);
    return err ? err : store_user_add(db, &user, &token, id);
}

static void done_write(struct store_write *write, int err)
{
    struct answered *self = (struct answered *)write;
    pthread_mutex_lock(&self->lock);
    assert_false(self->done);
    self->done = true;
    self->result = err;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

/* Adds a user through the writer thread. */
static int write_user(struct store_writer *writer, int number, int64_t page_limit)
{
    struct answered write = {.write = {.run = run_write, .done = done_write},
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .changed = PTHREAD_COND_INITIALIZER,
                             .page_limit = page_limit};
    snprintf(write.name, sizeof(write.name), "w%d", number);
    assert_int_equal(store_writer_submit(writer, &write.write), 0);
    pthread_mutex_lock(&write.lock);
    while (!write.done)
        pthread_cond_wait(&write.changed, &write.lock);
    pthread_mutex_unlock(&write.lock);
    return write.result;
}

static struct store_writer *start(struct fixture *fixture)
{
    struct store_writer *writer = NULL;
    struct store_db *db = fixture->db;
    fixture->db = NULL;
    assert_int_equal(store_writer_start(db, &writer), 0);
    return writer;
}

static struct store_writer_stats stats_of(struct store_writer *writer)
{
    struct store_writer_stats stats;
    store_writer_stats(writer, &stats);
    return stats;
}

static void assert_reads_go_on(struct fixture *fixture, uint64_t users)
{
    struct store_counts counts;
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    assert_int_equal(store_counts(reader, &counts), 0);
    assert_int_equal(counts.users, users);
    store_close(reader);
}

static void ignore(void *data, const char *line)
{
    (void)data;
    (void)line;
}

static void test_a_full_disk_fails_writes_and_recovers_by_itself(void **state)
{
    static const int errnos[] = {ENOSPC, EDQUOT, EFBIG};
    struct fixture *fixture = *state;
    struct store_writer *writer = start(fixture);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(write_user(writer, 10 * i, 0), 0);
        assert_int_equal(stats_of(writer).last_error, 0);
        atomic_store(&write_errno, errnos[i]);
        assert_int_equal(write_user(writer, 10 * i + 1, 0), AP_EFULL);
        assert_int_equal(write_user(writer, 10 * i + 2, 0), AP_EFULL);
        assert_int_equal(stats_of(writer).last_error, AP_EFULL);
        assert_int_equal(stats_of(writer).failed_commits, 2 * (i + 1));
        assert_false(stats_of(writer).failed);
        assert_reads_go_on(fixture, (uint64_t)(2 * i + 1));
        atomic_store(&write_errno, 0);
        assert_int_equal(write_user(writer, 10 * i + 1, 0), 0);
        assert_int_equal(stats_of(writer).last_error, 0);
    }
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 6);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    assert_int_equal(store_check(fixture->db, ignore, NULL, &fixture->error), 0);
}

static void test_a_file_size_limit_counts_as_full(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit old, small;
    struct store_writer *writer = start(fixture);

    assert_int_equal(write_user(writer, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int err = write_user(writer, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err, AP_EFULL);
    assert_int_equal(write_user(writer, 1, 0), 0);
    store_writer_stop(writer);
}

static void test_a_page_limit_fails_the_batch_and_the_next_one_recovers(void **state)
{
    struct fixture *fixture = *state;
    struct store_writer *writer = start(fixture);
    int number = 0, err = 0;

    assert_int_equal(write_user(writer, number++, 1), 0); /* SQLite: not below what it has */
    while (err == 0 && number < 10000)
        err = write_user(writer, number++, 0);
    assert_int_equal(err, AP_EFULL);
    assert_reads_go_on(fixture, (uint64_t)number - 1);
    assert_int_equal(write_user(writer, number, 1000000), 0);
    assert_int_equal(write_user(writer, number + 1, 0), 0);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), number + 1);
}

static void test_records_that_find_no_space_are_counted_as_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct store_writer *writer = start(fixture);
    struct store_record record = {.kind = STORE_RECORD_REFUSAL,
                                  .at = 60,
                                  .reason = "flat_off",
                                  .source = {.family = AF_UNIX},
                                  .count = 1};

    assert_int_equal(write_user(writer, 0, 0), 0);
    atomic_store(&write_errno, ENOSPC);
    for (int i = 0; i < 5; i++)
        store_writer_record(writer, &record);
    atomic_fetch_add(&fixture->monotonic_ms, AP_RECORD_DELAY_MS);
    assert_int_equal(write_user(writer, 1, 0), AP_EFULL); /* the records follow in the same turn */
    assert_int_equal(write_user(writer, 1, 0), AP_EFULL);
    assert_int_equal(stats_of(writer).dropped_records, 5);
    atomic_store(&write_errno, 0);
    store_writer_record(writer, &record);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 1);
}

/* sync_errno and write_errno, one of them EIO. */
static void assert_fails_for_good(struct fixture *fixture, _Atomic int *error_number)
{
    struct store_writer *writer = start(fixture);

    assert_int_equal(write_user(writer, 0, 0), 0);
    atomic_store(error_number, EIO);
    assert_int_equal(write_user(writer, 1, 0), AP_ESTORE);
    assert_true(stats_of(writer).failed);
    atomic_store(error_number, 0);
    assert_int_equal(write_user(writer, 2, 0), AP_ESTORE);
    assert_int_equal(stats_of(writer).last_error, AP_ESTORE);
    assert_reads_go_on(fixture, 1);
    store_writer_stop(writer);
    /* A new start reads the file anew. */
    fixture->db = fixture_open(fixture, STORE_WRITER);
    writer = start(fixture);
    assert_int_equal(write_user(writer, 3, 0), 0);
    store_writer_stop(writer);
}

static void test_after_a_failed_fsync_nothing_is_written_any_more(void **state)
{
    assert_fails_for_good(*state, &sync_errno);
}

static void test_after_an_io_error_nothing_is_written_any_more(void **state)
{
    assert_fails_for_good(*state, &write_errno);
}

static void test_a_file_system_turned_read_only_says_so_and_recovers(void **state)
{
    struct fixture *fixture = *state;
    struct store_writer *writer = start(fixture);

    assert_int_equal(write_user(writer, 0, 0), 0);
    atomic_store(&write_errno, EROFS);
    assert_int_equal(write_user(writer, 1, 0), AP_EREADONLY);
    atomic_store(&write_errno, 0);
    assert_int_equal(write_user(writer, 1, 0), 0);
    store_writer_stop(writer);
}

static void test_a_database_that_finds_no_space_is_not_half_made(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    snprintf(path, sizeof(path), "%s/other.db", fixture->folder);
    atomic_store(&write_errno, ENOSPC);
    assert_int_equal(store_create(path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error),
                     AP_EFULL);
    assert_non_null(strstr(fixture->error.text, path));
    atomic_store(&write_errno, 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(store_create(path, fixture->vault, (uid_t)-1, (gid_t)-1, &fixture->error), 0);
}

static void test_an_offline_transaction_that_meets_a_full_disk_is_rolled_back_whole(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char id[STORE_ID_TEXT_MAX];
    const struct store_user user = {.name = "alice", .display_name = ""};

    fixture_begin(fixture);
    assert_int_equal(token_make(&token), 0);
    assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    atomic_store(&write_errno, ENOSPC);
    assert_int_equal(store_write_commit(fixture->db), AP_EFULL);
    store_write_rollback(fixture->db);
    atomic_store(&write_errno, 0);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    fixture_commit(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_disk_fails_writes_and_recovers_by_itself),
        TEST(test_a_file_size_limit_counts_as_full),
        TEST(test_a_page_limit_fails_the_batch_and_the_next_one_recovers),
        TEST(test_records_that_find_no_space_are_counted_as_dropped),
        TEST(test_after_a_failed_fsync_nothing_is_written_any_more),
        TEST(test_after_an_io_error_nothing_is_written_any_more),
        TEST(test_a_file_system_turned_read_only_says_so_and_recovers),
        TEST(test_a_database_that_finds_no_space_is_not_half_made),
        TEST(test_an_offline_transaction_that_meets_a_full_disk_is_rolled_back_whole),
    };
    return cmocka_run_group_tests(tests, setup_vfs, NULL);
}
