#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "fixture.h"

/* A write that adds a user, waits for a gate, or fails as told; counts its answers. */
struct test_write {
    struct store_write write;
    struct log *log;
    char name[16];
    int fail_with; /* after the user was added */
    bool hold;     /* wait in run() until the gate opens */
    int run_count;
    int done_count;
    int result;
    int order; /* of the answer, from 1 */
};

struct log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool gate_open;
    bool held; /* a write waits at the gate */
    int answers;
    _Atomic int commits;
};

static void log_init_empty(struct log *log)
{
    *log = (struct log){.gate_open = false};
    assert_int_equal(pthread_mutex_init(&log->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&log->changed, NULL), 0);
}

static int run_write(struct store_write *write, struct store_db *db)
{
    struct test_write *self = (struct test_write *)write;
    const struct store_user user = {.name = self->name, .display_name = ""};
    struct token token;
    char id[STORE_ID_TEXT_MAX];

    self->run_count++;
    int err = token_make(&token);
    if (!err)
        err = store_user_add(db, &user, &token, id);
    if (self->hold) {
        pthread_mutex_lock(&self->log->lock);
        self->log->held = true;
        pthread_cond_broadcast(&self->log->changed);
        while (!self->log->gate_open)
            pthread_cond_wait(&self->log->changed, &self->log->lock);
        pthread_mutex_unlock(&self->log->lock);
    }
    return err ? err : self->fail_with;
}

static void done_write(struct store_write *write, int err)
{
    struct test_write *self = (struct test_write *)write;
    pthread_mutex_lock(&self->log->lock);
    self->done_count++;
    self->result = err;
    self->order = ++self->log->answers;
    pthread_cond_broadcast(&self->log->changed);
    pthread_mutex_unlock(&self->log->lock);
}

static void init_write(struct test_write *write, struct log *log, const char *prefix, int number)
{
    *write = (struct test_write){.write = {.run = run_write, .done = done_write}, .log = log};
    snprintf(write->name, sizeof(write->name), "%s%d", prefix, number);
}

static void wait_for_answers(struct log *log, int count)
{
    pthread_mutex_lock(&log->lock);
    while (log->answers < count)
        pthread_cond_wait(&log->changed, &log->lock);
    pthread_mutex_unlock(&log->lock);
}

static void wait_until_held(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    while (!log->held)
        pthread_cond_wait(&log->changed, &log->lock);
    pthread_mutex_unlock(&log->lock);
}

static void open_gate(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    log->gate_open = true;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

static int count_commit(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
    return 0;
}

static struct store_writer *start(struct fixture *fixture, struct log *log)
{
    struct store_writer *writer = NULL;
    log_init_empty(log);
    sqlite3_commit_hook(fixture->db->sqlite, count_commit, &log->commits);
    struct store_db *db = fixture->db;
    fixture->db = NULL;
    assert_int_equal(store_writer_start(db, &writer), 0);
    return writer;
}

static void hold_writer(struct store_writer *writer, struct log *log, struct test_write *write)
{
    init_write(write, log, "gate", 0);
    write->hold = true;
    assert_int_equal(store_writer_submit(writer, &write->write), 0);
    wait_until_held(log);
}

static struct store_writer_stats stats_of(struct store_writer *writer)
{
    struct store_writer_stats stats;
    store_writer_stats(writer, &stats);
    return stats;
}

static struct store_record refusal(int64_t at)
{
    struct store_record record = {
        .kind = STORE_RECORD_REFUSAL, .at = at, .reason = "unknown_pair", .count = 1};
    assert_int_equal(address_parse("192.0.2.1", &record.source), 0);
    return record;
}

/* Waits for another thread, at most 20 s; the condition is what counts. */
static bool wait_for_no_records(struct store_writer *writer)
{
    for (int i = 0; i < 20000; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        if (stats_of(writer).queued_records == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static size_t file_size(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

static void test_writes_that_wait_share_one_commit_and_are_answered_once_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct test_write gate, writes[50];
    struct log log;
    struct store_writer *writer = start(fixture, &log);

    hold_writer(writer, &log, &gate);
    for (int i = 0; i < 50; i++) {
        init_write(&writes[i], &log, "u", i);
        assert_int_equal(store_writer_submit(writer, &writes[i].write), 0);
    }
    assert_int_equal(stats_of(writer).queued_writes, 50);
    open_gate(&log);
    wait_for_answers(&log, 51);
    assert_int_equal(atomic_load(&log.commits), 2);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(writes[i].run_count, 1);
        assert_int_equal(writes[i].done_count, 1);
        assert_int_equal(writes[i].result, 0);
        assert_int_equal(writes[i].order, i + 2);
    }
    assert_int_equal(stats_of(writer).queued_writes, 0);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 51);
}

static void test_a_failing_write_undoes_itself_alone(void **state)
{
    struct fixture *fixture = *state;
    struct test_write gate, writes[5];
    struct log log;
    struct store_writer *writer = start(fixture, &log);

    hold_writer(writer, &log, &gate);
    for (int i = 0; i < 5; i++) {
        init_write(&writes[i], &log, "u", i == 3 ? 1 : i); /* 3 takes the name of 1 */
        writes[i].fail_with = i == 2 ? AP_EPERM : 0;
        assert_int_equal(store_writer_submit(writer, &writes[i].write), 0);
    }
    open_gate(&log);
    wait_for_answers(&log, 6);
    assert_int_equal(writes[0].result, 0);
    assert_int_equal(writes[1].result, 0);
    assert_int_equal(writes[2].result, AP_EPERM);
    assert_int_equal(writes[3].result, AP_EEXIST);
    assert_int_equal(writes[4].result, 0);
    assert_int_equal(stats_of(writer).failed_commits, 0);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user WHERE name = 'u2'"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 4);
}

static void test_a_full_queue_refuses_without_an_answer(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct test_write gate, over;
    struct test_write *writes = calloc(AP_WRITER_QUEUE_MAX, sizeof(*writes));

    assert_non_null(writes);
    hold_writer(writer, &log, &gate);
    for (int i = 0; i < AP_WRITER_QUEUE_MAX; i++) {
        init_write(&writes[i], &log, "u", i);
        assert_int_equal(store_writer_submit(writer, &writes[i].write), 0);
    }
    init_write(&over, &log, "over", 0);
    assert_int_equal(store_writer_submit(writer, &over.write), AP_EBUSY);
    open_gate(&log);
    wait_for_answers(&log, AP_WRITER_QUEUE_MAX + 1);
    assert_int_equal(atomic_load(&log.commits), 1 + AP_WRITER_QUEUE_MAX / AP_WRITER_BATCH_MAX);
    assert_int_equal(store_writer_submit(writer, &over.write), 0);
    store_writer_stop(writer);
    assert_int_equal(over.done_count, 1);
    for (int i = 0; i < AP_WRITER_QUEUE_MAX; i++)
        assert_int_equal(writes[i].done_count, 1);
    free(writes);
}

static void test_a_full_ring_drops_and_counts(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct test_write gate;

    hold_writer(writer, &log, &gate);
    for (int i = 0; i < AP_RECORD_QUEUE_MAX + 7; i++) {
        struct store_record record = refusal(60 * (i % 10));
        record.line_digests = malloc(8); /* the writer's to free, also of those that it drops */
        assert_non_null(record.line_digests);
        store_writer_record(writer, &record);
    }
    assert_int_equal(stats_of(writer).queued_records, AP_RECORD_QUEUE_MAX);
    assert_int_equal(stats_of(writer).dropped_records, 7);
    open_gate(&log);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 10);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"),
                     AP_RECORD_QUEUE_MAX);
}

static void test_records_wait_for_their_time_and_then_go_in_one_commit(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct test_write write;

    for (int i = 0; i < 20; i++) {
        struct store_record record = refusal(60);
        store_writer_record(writer, &record);
    }
    init_write(&write, &log, "u", 0);
    assert_int_equal(store_writer_submit(writer, &write.write), 0);
    wait_for_answers(&log, 1);
    assert_int_equal(stats_of(writer).queued_records, 20); /* the clock stands still */
    atomic_fetch_add(&fixture->monotonic_ms, AP_RECORD_DELAY_MS);
    assert_true(wait_for_no_records(writer));
    store_writer_stop(writer);
    assert_int_equal(atomic_load(&log.commits), 2);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 20);
}

static void test_a_record_that_the_schema_refuses_is_dropped_alone(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct store_record good = refusal(60), bad = refusal(60);

    bad.count = 0;
    store_writer_record(writer, &good);
    store_writer_record(writer, &bad);
    store_writer_record(writer, &good);
    atomic_fetch_add(&fixture->monotonic_ms, AP_RECORD_DELAY_MS);
    assert_true(wait_for_no_records(writer));
    struct test_write write; /* answered after the records' commit was counted */
    init_write(&write, &log, "u", 0);
    assert_int_equal(store_writer_submit(writer, &write.write), 0);
    wait_for_answers(&log, 1);
    assert_int_equal(stats_of(writer).dropped_records, 1);
    assert_int_equal(stats_of(writer).failed_commits, 0);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 2);
}

static void test_stop_commits_and_answers_all_that_was_accepted(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct test_write gate;
    struct test_write *writes = calloc(600, sizeof(*writes));
    char wal_path[256];

    assert_non_null(writes);
    hold_writer(writer, &log, &gate);
    for (int i = 0; i < 600; i++) {
        struct store_record record = refusal(60);
        init_write(&writes[i], &log, "u", i);
        assert_int_equal(store_writer_submit(writer, &writes[i].write), 0);
        store_writer_record(writer, &record);
    }
    open_gate(&log);
    store_writer_stop(writer);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(writes[i].done_count, 1);
        assert_int_equal(writes[i].result, 0);
    }
    /* The main file alone has everything. */
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    FILE *wal = fopen(wal_path, "rb");
    assert_null(wal);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 601);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 600);
    store_writer_stop(NULL);
    free(writes);
}

static void test_a_reader_sees_committed_states_only(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    struct test_write gate, next;
    struct store_user user;
    uint64_t seq;

    hold_writer(writer, &log, &gate);
    assert_int_equal(store_user_get(reader, &fixture->arena, "gate0", &user), AP_ENOENT);
    open_gate(&log);
    wait_for_answers(&log, 1);
    assert_int_equal(store_read_begin(reader), 0);
    assert_int_equal(store_user_get(reader, &fixture->arena, "gate0", &user), 0);
    assert_int_equal(store_change_seq(reader, &seq), 0);
    assert_int_equal(seq, 1);
    init_write(&next, &log, "next", 0);
    assert_int_equal(store_writer_submit(writer, &next.write), 0);
    wait_for_answers(&log, 2);
    assert_int_equal(store_user_get(reader, &fixture->arena, "next0", &user), AP_ENOENT);
    assert_int_equal(store_change_seq(reader, &seq), 0);
    assert_int_equal(seq, 1);
    store_read_end(reader);
    store_read_end(reader); /* may run twice */
    assert_int_equal(store_user_get(reader, &fixture->arena, "next0", &user), 0);
    assert_int_equal(store_change_seq(reader, &seq), 0);
    assert_int_equal(seq, 2);
    store_writer_stop(writer);
    store_close(reader);
}

struct crowd {
    struct store_writer *writer;
    struct log *log;
    struct test_write writes[60];
    int number;
};

static void *send_all(void *data)
{
    struct crowd *crowd = data;
    for (int i = 0; i < 60; i++) {
        struct store_record record = {.kind = STORE_RECORD_REFUSAL,
                                      .at = 60,
                                      .reason = "flat_off",
                                      .source = {.family = AF_UNIX},
                                      .count = 1};
        char prefix[8];
        snprintf(prefix, sizeof(prefix), "c%d-", crowd->number);
        init_write(&crowd->writes[i], crowd->log, prefix, i);
        while (store_writer_submit(crowd->writer, &crowd->writes[i].write) == AP_EBUSY)
            continue;
        store_writer_record(crowd->writer, &record);
        (void)store_writer_heartbeat_ms(crowd->writer);
        (void)stats_of(crowd->writer);
    }
    return NULL;
}

static void *read_on(void *data)
{
    struct store_db *reader = data;
    uint64_t last = 0, seq = 0;
    while (seq < 240) {
        if (store_change_seq(reader, &seq) != 0 || seq < last)
            return data;
        last = seq;
    }
    return NULL;
}

static void test_many_threads_send_while_another_reads(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct store_db *reader = fixture_open(fixture, STORE_READER);
    struct crowd *crowds = calloc(4, sizeof(*crowds));
    pthread_t threads[5];
    void *failed = NULL;

    assert_non_null(crowds);
    for (int i = 0; i < 4; i++) {
        crowds[i].writer = writer;
        crowds[i].log = &log;
        crowds[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &crowds[i]), 0);
    }
    assert_int_equal(pthread_create(&threads[4], NULL, read_on, reader), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(pthread_join(threads[4], &failed), 0);
    assert_null(failed);
    store_close(reader);
    store_writer_stop(writer);
    assert_int_equal(log.answers, 240);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 240);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 240);
    free(crowds);
}

static void test_the_heartbeat_follows_the_clock_even_when_idle(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);

    atomic_store(&fixture->monotonic_ms, 7777777);
    for (int i = 0; i < 20000 && store_writer_heartbeat_ms(writer) != 7777777; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(store_writer_heartbeat_ms(writer), 7777777);
    store_writer_stop(writer);
}

static void test_the_wal_does_not_grow_without_bounds(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct test_write *write = calloc(1, sizeof(*write));
    char wal_path[256];

    assert_non_null(write);
    /* Each commit rewrites some 8 pages: 800 of them are six times the limit. */
    for (int i = 0; i < 800; i++) {
        init_write(write, &log, "u", i);
        assert_int_equal(store_writer_submit(writer, &write->write), 0);
        wait_for_answers(&log, i + 1);
    }
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    assert_in_range(file_size(wal_path), 1, 6 << 20);
    store_writer_stop(writer);
    free(write);
}

static void test_an_idle_writer_gives_the_space_of_the_wal_back(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    char wal_path[256];
    size_t len = 1;

    /* Far above the limit at which a passive checkpoint runs, which leaves the size. */
    fixture_begin(fixture);
    for (int i = 0; i < 9000; i++) {
        char name[16], id[STORE_ID_TEXT_MAX];
        const struct store_user user = {.name = name, .display_name = "to make the WAL grow"};
        struct token token;
        snprintf(name, sizeof(name), "u%d", i);
        assert_int_equal(token_make(&token), 0);
        assert_int_equal(store_user_add(fixture->db, &user, &token, id), 0);
    }
    fixture_commit(fixture);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", fixture->path);
    len = file_size(wal_path);
    assert_in_range(len, 4 << 20, 1 << 30);
    struct store_writer *writer = start(fixture, &log);
    atomic_fetch_add(&fixture->monotonic_ms, 10000);
    for (int i = 0; i < 20000 && len > 0; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
        len = file_size(wal_path);
    }
    assert_int_equal(len, 0);
    store_writer_stop(writer);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 9000);
}

static int run_after_halt(struct store_write *write, struct store_db *db)
{
    (void)write;
    (void)db;
    return AP_EINVAL;
}

static void answered_after_halt(struct store_write *write, int err)
{
    (void)write;
    fail_msg("a write after the halt was answered: %d", err);
}

/* A job thread may come late: it is told, and the writer's memory is still there. */
static void test_after_a_halt_writes_are_refused_until_it_is_freed(void **state)
{
    struct fixture *fixture = *state;
    struct log log;
    struct store_writer *writer = start(fixture, &log);
    struct store_write late = {.run = run_after_halt, .done = answered_after_halt};
    struct store_record record = {.kind = STORE_RECORD_FETCH, .status = 200};
    struct store_writer_stats stats;

    store_writer_halt(writer);
    assert_int_equal(store_writer_submit(writer, &late), AP_EBUSY);
    store_writer_record(writer, &record);
    store_writer_stats(writer, &stats);
    assert_true(stats.stopping);
    store_writer_free(writer);
    store_writer_halt(NULL);
    store_writer_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_writes_that_wait_share_one_commit_and_are_answered_once_in_order),
        TEST(test_a_failing_write_undoes_itself_alone),
        TEST(test_a_full_queue_refuses_without_an_answer),
        TEST(test_a_full_ring_drops_and_counts),
        TEST(test_records_wait_for_their_time_and_then_go_in_one_commit),
        TEST(test_a_record_that_the_schema_refuses_is_dropped_alone),
        TEST(test_stop_commits_and_answers_all_that_was_accepted),
        TEST(test_after_a_halt_writes_are_refused_until_it_is_freed),
        TEST(test_a_reader_sees_committed_states_only),
        TEST(test_many_threads_send_while_another_reads),
        TEST(test_the_heartbeat_follows_the_clock_even_when_idle),
        TEST(test_the_wal_does_not_grow_without_bounds),
        TEST(test_an_idle_writer_gives_the_space_of_the_wal_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
