#include "fixture.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "autoprov/array.h"

#define DAY_S INT64_C(86400)

static const struct store_retention generous = {{90 * DAY_S, 1000000}, {30 * DAY_S, 1000000}};

/* count fetches and as many refusals, the first one at first_at, step_s apart. */
static void add_records(struct fixture *fixture, int count, int64_t first_at, int64_t step_s)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "INSERT INTO fetch (at, source, user_agent, status, body_bytes) "
             "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d) "
             "SELECT %lld + i * %lld, '192.0.2.7', hex(zeroblob(60)), 200, i FROM n",
             count, (long long)first_at, (long long)step_s);
    fixture_sql(fixture, sql);
    fixture_sql(fixture, "INSERT INTO refusal (at, source, reason, mac, count) "
                         "SELECT at, 'a' || (seq + (SELECT count(*) FROM refusal)), 'flat_off', "
                         "'', 1 FROM fetch");
}

static enum store_upkeep_result prune(struct fixture *fixture,
                                      const struct store_retention *retention)
{
    enum store_upkeep_result result = STORE_UPKEEP_NOTHING;
    assert_int_equal(store_retention_prune(fixture->db, retention, &result), 0);
    return result;
}

static void test_records_that_are_too_old_go_and_the_others_stay(void **state)
{
    struct fixture *fixture = *state;

    /* One a day: the newest is today's. */
    add_records(fixture, 100, FIXTURE_NOW_S - 99 * DAY_S, DAY_S);
    assert_int_equal(prune(fixture, &generous), STORE_UPKEEP_LAST);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), 91);
    assert_int_equal(fixture_number(fixture, "SELECT min(at) FROM fetch"),
                     FIXTURE_NOW_S - 90 * DAY_S);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 31);
    assert_int_equal(prune(fixture, &generous), STORE_UPKEEP_NOTHING);
}

static void test_the_oldest_go_when_there_are_too_many(void **state)
{
    static const struct store_retention few = {{90 * DAY_S, 40}, {90 * DAY_S, 7}};
    struct fixture *fixture = *state;

    add_records(fixture, 100, FIXTURE_NOW_S - 100, 1);
    assert_int_equal(prune(fixture, &few), STORE_UPKEEP_LAST);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), 40);
    assert_int_equal(fixture_number(fixture, "SELECT max(seq) FROM fetch"), 100);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 7);
    assert_int_equal(prune(fixture, &few), STORE_UPKEEP_NOTHING);
}

static void test_one_step_deletes_one_batch(void **state)
{
    struct fixture *fixture = *state;
    int steps = 0;

    add_records(fixture, 2500, FIXTURE_NOW_S - 200 * DAY_S, 1);
    for (int left = 2500; left > 0; left -= STORE_RETENTION_BATCH) {
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), left);
        assert_int_equal(prune(fixture, &generous), STORE_UPKEEP_MORE);
        assert_true(++steps <= 3);
    }
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), 0);
    assert_int_equal(prune(fixture, &generous), STORE_UPKEEP_NOTHING);
}

static void test_a_clock_that_ran_ahead_once_does_not_stop_it(void **state)
{
    struct fixture *fixture = *state;

    add_records(fixture, 1, FIXTURE_NOW_S + 900 * DAY_S, 1);
    add_records(fixture, 10, FIXTURE_NOW_S - 200 * DAY_S, 1);
    add_records(fixture, 5, FIXTURE_NOW_S, 0);
    assert_int_equal(prune(fixture, &generous), STORE_UPKEEP_LAST);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), 5);
}

static void test_what_status_counts_stays_right(void **state)
{
    struct fixture *fixture = *state;
    struct store_counts counts;

    add_records(fixture, 100, FIXTURE_NOW_S - 99 * DAY_S, DAY_S);
    (void)prune(fixture, &generous);
    assert_int_equal(store_counts(fixture->db, &counts), 0);
    assert_int_equal(counts.fetches, 91);
    assert_int_equal(counts.refusals, 31);
}

static int64_t main_file_bytes(struct fixture *fixture)
{
    struct stat status;

    assert_int_equal(store_exec(fixture->db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    assert_int_equal(stat(fixture->path, &status), 0);
    return status.st_size;
}

static void test_free_space_is_given_back_in_small_pieces(void **state)
{
    struct fixture *fixture = *state;
    enum store_upkeep_result result = STORE_UPKEEP_NOTHING;
    int pieces = 0;

    add_records(fixture, 30000, FIXTURE_NOW_S - 200 * DAY_S, 1);
    int64_t before = main_file_bytes(fixture);
    assert_int_equal(store_retention_shrink(fixture->db, &result), 0);
    assert_int_equal(result, STORE_UPKEEP_NOTHING);
    fixture_sql(fixture, "DELETE FROM fetch; DELETE FROM refusal");
    do {
        result = STORE_UPKEEP_NOTHING;
        assert_int_equal(store_retention_shrink(fixture->db, &result), 0);
        pieces += result == STORE_UPKEEP_MORE;
    } while (result == STORE_UPKEEP_MORE);
    assert_true(pieces > 5);
    assert_true(main_file_bytes(fixture) < before / 2);
}

static void test_a_database_made_without_vacuum_keeps_its_size(void **state)
{
    struct fixture *fixture = *state;
    enum store_upkeep_result result = STORE_UPKEEP_NOTHING;

    fixture_close(fixture);
    fixture_sql(fixture, "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
    fixture->db = fixture_open(fixture, STORE_WRITER);
    add_records(fixture, 30000, FIXTURE_NOW_S, 0);
    fixture_sql(fixture, "DELETE FROM fetch");
    assert_int_equal(store_retention_shrink(fixture->db, &result), 0);
    assert_int_equal(result, STORE_UPKEEP_NOTHING);
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

static void test_the_writer_prunes_once_it_is_told_how_long(void **state)
{
    struct fixture *fixture = *state;
    struct store_writer *writer = NULL;
    int64_t left = 3000;

    add_records(fixture, 3000, FIXTURE_NOW_S - 200 * DAY_S, 1);
    assert_int_equal(store_writer_start(fixture->db, &writer), 0);
    fixture->db = NULL;
    atomic_fetch_add(&fixture->monotonic_ms, 120000);
    sleep_ms(600);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch"), 3000);
    store_writer_retain(writer, &generous);
    for (int i = 0; i < 3000 && left > 0; i++) {
        atomic_fetch_add(&fixture->monotonic_ms, 61000);
        sleep_ms(10);
        left = fixture_number(fixture, "SELECT count(*) FROM fetch");
    }
    assert_int_equal(left, 0);
    store_writer_stop(writer);
}

/* -- the WAL under steady writes ------------------------------------------------------------ */

struct reading {
    struct fixture *fixture;
    const struct store_writer *writer;
    _Atomic bool ends, failed;
    bool follows; /* keeps its reads open, as a worker does */
};

static void *read_on(void *data)
{
    struct reading *reading = data;
    struct arena arena;
    struct store_db *db = fixture_open(reading->fixture, STORE_READER);
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];

    arena_init(&arena, 1 << 20);
    fixture_mac(1, mac);
    if (reading->follows)
        store_read_follow(db, reading->writer);
    while (!atomic_load(&reading->ends)) {
        if (store_phone_by_mac(db, &arena, mac, &phone) != AP_ENOENT)
            atomic_store(&reading->failed, true);
        arena_reset(&arena);
    }
    store_read_follow(db, NULL);
    store_close(db);
    arena_done(&arena);
    return NULL;
}

static void test_the_wal_stays_bounded_under_steady_records_and_reads(void **state)
{
    struct fixture *fixture = *state;
    struct store_writer *writer = NULL;
    struct store_writer_stats stats;
    struct store_record record = {.kind = STORE_RECORD_FETCH, .role = "config", .status = 200};
    char wal_path[200];
    int64_t longest = 0;
    pthread_t threads[2];

    assert_int_equal(store_writer_start(fixture->db, &writer), 0);
    fixture->db = NULL;
    struct reading readings[2] = {{.fixture = fixture, .writer = writer, .follows = true},
                                  {.fixture = fixture, .writer = writer}};
    for (size_t i = 0; i < AP_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    memset(record.user_agent, 'a', sizeof(record.user_agent) - 1);
    /* Some 50 MB of rows: twelve times the bound. */
    for (int i = 0; i < 200000; i++) {
        struct stat status;
        record.at = FIXTURE_NOW_S + i;
        record.body_bytes = (uint32_t)i;
        store_writer_record(writer, &record);
        if (i % 2000 != 0)
            continue;
        atomic_fetch_add(&fixture->monotonic_ms, 1000);
        do {
            sleep_ms(1);
            store_writer_stats(writer, &stats);
        } while (stats.queued_records > AP_RECORD_QUEUE_MAX / 2);
        if (stat(wal_path, &status) == 0 && status.st_size > longest)
            longest = status.st_size;
    }
    for (size_t i = 0; i < AP_COUNT(threads); i++) {
        atomic_store(&readings[i].ends, true);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(atomic_load(&readings[i].failed));
    }
    store_writer_stats(writer, &stats);
    assert_int_equal(stats.dropped_records, 0);
    store_writer_stop(writer);
    assert_in_range(longest, AP_WAL_MAX_BYTES / 2, 3 * AP_WAL_MAX_BYTES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_records_that_are_too_old_go_and_the_others_stay),
        TEST(test_the_oldest_go_when_there_are_too_many),
        TEST(test_one_step_deletes_one_batch),
        TEST(test_a_clock_that_ran_ahead_once_does_not_stop_it),
        TEST(test_what_status_counts_stays_right),
        TEST(test_free_space_is_given_back_in_small_pieces),
        TEST(test_a_database_made_without_vacuum_keeps_its_size),
        TEST(test_the_writer_prunes_once_it_is_told_how_long),
        TEST(test_the_wal_stays_bounded_under_steady_records_and_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
