/* The read that a worker keeps open: it must never show a state older than an answered write. */
#include <pthread.h>
#include <sys/stat.h>

#include "fixture.h"

/* Gives the user a new folder token, and waits for the answer. */
struct rotation {
    struct store_write write;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char user_id[STORE_ID_TEXT_MAX];
    struct token token;
    bool done;
    int result;
};

struct scene {
    struct fixture *fixture;
    struct store_writer *writer;
    struct store_db *reader;
    struct rotation rotation;
    struct token first;
};

static int run_rotation(struct store_write *write, struct store_db *db)
{
    const struct rotation *rotation = (const struct rotation *)write;
    return store_token_rotate(db, rotation->user_id, &rotation->token, 0);
}

static void rotation_done(struct store_write *write, int err)
{
    struct rotation *rotation = (struct rotation *)write;
    pthread_mutex_lock(&rotation->lock);
    rotation->done = true;
    rotation->result = err;
    pthread_cond_signal(&rotation->changed);
    pthread_mutex_unlock(&rotation->lock);
}

static void rotate(struct scene *scene)
{
    struct rotation *rotation = &scene->rotation;

    assert_int_equal(token_make(&rotation->token), 0);
    rotation->done = false;
    assert_int_equal(store_writer_submit(scene->writer, &rotation->write), 0);
    pthread_mutex_lock(&rotation->lock);
    while (!rotation->done)
        pthread_cond_wait(&rotation->changed, &rotation->lock);
    pthread_mutex_unlock(&rotation->lock);
    assert_int_equal(rotation->result, 0);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *fixture = NULL;

    if (!scene || fixture_setup(&fixture) != 0)
        return -1;
    scene->fixture = fixture;
    scene->rotation.write = (struct store_write){.run = run_rotation, .done = rotation_done};
    pthread_mutex_init(&scene->rotation.lock, NULL);
    pthread_cond_init(&scene->rotation.changed, NULL);
    fixture_add_user(scene->fixture, "alice", &scene->first, scene->rotation.user_id);
    struct store_db *db = scene->fixture->db;
    scene->fixture->db = NULL;
    if (store_writer_start(db, &scene->writer) != 0)
        return -1;
    scene->reader = fixture_open(scene->fixture, STORE_READER);
    store_read_follow(scene->reader, scene->writer);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *fixture = scene->fixture;

    store_read_follow(scene->reader, NULL);
    store_writer_stop(scene->writer);
    store_close(scene->reader);
    pthread_mutex_destroy(&scene->rotation.lock);
    pthread_cond_destroy(&scene->rotation.changed);
    free(scene);
    return fixture_teardown(&fixture);
}

static void check_token(struct scene *scene, const struct token *expected)
{
    struct token token;

    assert_int_equal(
        store_token_get(scene->reader, &scene->fixture->arena, scene->rotation.user_id, &token), 0);
    assert_string_equal(token.text, expected->text);
    arena_reset(&scene->fixture->arena);
}

static bool is_open(const struct scene *scene)
{
    return sqlite3_get_autocommit(scene->reader->sqlite) == 0;
}

static void test_one_transaction_lasts_from_lookup_to_lookup_until_it_rests(void **state)
{
    struct scene *scene = *state;

    assert_false(is_open(scene));
    store_read_rest(scene->reader); /* nothing to end */
    check_token(scene, &scene->first);
    assert_true(is_open(scene));
    check_token(scene, &scene->first);
    assert_true(is_open(scene));
    store_read_rest(scene->reader);
    assert_false(is_open(scene));
    check_token(scene, &scene->first);
    store_read_follow(scene->reader, NULL);
    assert_false(is_open(scene));
    check_token(scene, &scene->first);
    assert_false(is_open(scene));
}

static void test_the_lookup_after_an_answered_write_sees_it(void **state)
{
    struct scene *scene = *state;

    check_token(scene, &scene->first);
    for (int i = 0; i < 100; i++) {
        rotate(scene);
        check_token(scene, &scene->rotation.token);
    }
}

static void test_a_read_of_ones_own_stands_beside_a_kept_one(void **state)
{
    struct scene *scene = *state;

    check_token(scene, &scene->first);
    assert_int_equal(store_read_begin(scene->reader), 0);
    check_token(scene, &scene->first);
    rotate(scene);
    check_token(scene, &scene->first); /* one state until its end */
    store_read_end(scene->reader);
    check_token(scene, &scene->rotation.token);
}

static void test_a_transaction_in_which_a_query_failed_is_not_used_again(void **state)
{
    struct scene *scene = *state;

    check_token(scene, &scene->first);
    /* What SQLite does by itself after some errors. */
    assert_int_equal(sqlite3_exec(scene->reader->sqlite, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_query_map_error(scene->reader, SQLITE_IOERR_READ), AP_ESTORE);
    rotate(scene);
    check_token(scene, &scene->rotation.token);
    assert_true(is_open(scene));
}

static void test_the_wal_does_not_grow_without_bounds_while_a_reader_keeps_reading(void **state)
{
    struct scene *scene = *state;
    char wal_path[256];
    struct stat status;

    snprintf(wal_path, sizeof(wal_path), "%s-wal", scene->fixture->path);
    /* Each rotation rewrites some 10 pages: 600 of them are six times the limit. */
    for (int i = 0; i < 600; i++) {
        rotate(scene);
        check_token(scene, &scene->rotation.token);
    }
    assert_int_equal(stat(wal_path, &status), 0);
    assert_in_range(status.st_size, 1, 6 << 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_one_transaction_lasts_from_lookup_to_lookup_until_it_rests),
        TEST(test_the_lookup_after_an_answered_write_sees_it),
        TEST(test_a_read_of_ones_own_stands_beside_a_kept_one),
        TEST(test_a_transaction_in_which_a_query_failed_is_not_used_again),
        TEST(test_the_wal_does_not_grow_without_bounds_while_a_reader_keeps_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
