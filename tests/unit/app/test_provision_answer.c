/* A fetch whose answer waits for a commit, over a reload; misses that come late. The network floor
 * is played by this file: its three functions are all that answers need of it. */
#include <sqlite3.h>
#include <uv.h>

#include "app_fixture.h"
#include "autoprov/limits.h"
#include "autoprov/provision.h"

#define OLD_TOKEN "0123456789abcdef0123456789abcdef"
#define NEW_TOKEN "fedcba9876543210fedcba9876543210"
#define GRACE_S   3600

/* -- the network floor ------------------------------------------------------------------------- */

struct http_exchange {
    struct http_request request;
    struct arena arena;
    unsigned answers;
    int status;
    enum http_when when;
    char content_type[HTTP_CONTENT_TYPE_MAX];
    char body[1024];
};

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

void http_exchange_answer(struct http_exchange *exchange, struct http_answer *answer)
{
    exchange->answers++;
    exchange->status = answer->status;
    exchange->when = answer->when;
    (void)snprintf(exchange->content_type, sizeof(exchange->content_type), "%s",
                   answer->content_type ? answer->content_type : "");
    (void)snprintf(exchange->body, sizeof(exchange->body), "%s",
                   answer->body.data ? answer->body.data : "");
    buf_done(&answer->body);
    arena_done(&exchange->arena);
}

/* -- the rest ---------------------------------------------------------------------------------- */

struct worker {
    struct app_fixture *app;
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct fetch_log *log;
    struct penalty_table *penalties;
    struct provision *provision;
    struct snapshot *snapshot;
    struct address peer;
};

struct add_write {
    struct store_write write;
    int err;
};

/* alice has two Acme A1; her token was changed a moment ago. */
static int add_all(struct store_write *write, struct store_db *db)
{
    const struct store_user user = {.name = "alice", .display_name = ""};
    struct store_phone phone = {.mac = {0x00, 0x15, 0x65, 0, 0, 1},
                                .vendor = "acme",
                                .model = "A1",
                                .label = "",
                                .enabled = true};
    char user_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];
    struct token token;

    (void)write;
    int err = token_parse(OLD_TOKEN, strlen(OLD_TOKEN), &token);
    if (!err)
        err = store_user_add(db, &user, &token, user_id);
    phone.user_id = user_id;
    if (!err)
        err = store_phone_add(db, &phone, phone_id);
    phone.mac[5] = 2;
    if (!err)
        err = store_phone_add(db, &phone, phone_id);
    if (!err)
        err = token_parse(NEW_TOKEN, strlen(NEW_TOKEN), &token);
    return err ? err : store_token_rotate(db, user_id, &token, FIXTURE_NOW_S + GRACE_S);
}

static void note(struct store_write *write, int err)
{
    ((struct add_write *)write)->err = err;
}

static struct snapshot *load(struct app_fixture *app, uint32_t generation)
{
    struct snapshot *snapshot = NULL;
    struct ap_error error = {{0}};

    if (snapshot_new(fixture_load_config(app), NULL, FIXTURE_NOW_S, generation, &snapshot, &error))
        fail_msg("%s", error.text);
    return snapshot;
}

/* The first phone's mark is that of the second, and there can be one only. (The store lets no
 * trigger run.) */
static void freeze_phones(const struct app_fixture *app)
{
    static const char SQL[] = "UPDATE phone SET seen_generation = (SELECT max(generation) FROM "
                              "token) WHERE mac = '001565000002';"
                              "CREATE UNIQUE INDEX frozen ON phone(seen_generation)";
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(app->db_path, &db), SQLITE_OK);
    if (sqlite3_exec(db, SQL, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int open_with(void **state, bool frozen)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct add_write add = {.write = {.run = add_all, .done = note}, .err = -1000};
    void *app = NULL;

    assert_non_null(worker);
    fixture_setup(&app);
    worker->app = app;
    fixture_write_config(worker->app, "");
    fixture_start_store(worker->app);
    assert_int_equal(store_writer_submit(worker->app->writer, &add.write), 0);
    fixture_stop_store(worker->app);
    assert_int_equal(add.err, 0);
    if (frozen)
        freeze_phones(worker->app);
    fixture_restart_store(worker->app);
    assert_int_equal(uv_loop_init(&worker->loop), 0);
    assert_int_equal(mailbox_open(&worker->loop, &worker->mailbox), 0);
    assert_int_equal(fetch_log_new(worker->app->writer, NULL, &worker->log), 0);
    assert_int_equal(penalty_table_new(&worker->penalties), 0);
    worker->snapshot = load(worker->app, 1);
    const struct provision_setup setup = {
        .snapshot = worker->snapshot,
        .reader = worker->app->reader,
        .writer = worker->app->writer,
        .mailbox = worker->mailbox,
        .log = worker->log,
        .penalties = worker->penalties,
        .clock = &worker->app->clock,
    };
    assert_int_equal(provision_new(&setup, &worker->provision), 0);
    assert_int_equal(address_parse("192.0.2.7", &worker->peer), 0);
    *state = worker;
    return 0;
}

static int open_worker(void **state)
{
    return open_with(state, false);
}

static int open_broken(void **state)
{
    return open_with(state, true);
}

static int close_worker(void **state)
{
    struct worker *worker = *state;
    void *app = worker->app;

    provision_free(worker->provision);
    penalty_table_free(worker->penalties);
    snapshot_unref(worker->snapshot);
    mailbox_close(worker->mailbox);
    assert_int_equal(uv_run(&worker->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&worker->loop), 0);
    fetch_log_close(worker->log);
    fixture_stop_store(worker->app);
    fetch_log_free(worker->log);
    free(worker);
    return fixture_teardown(&app);
}

static void ask(struct worker *worker, const char *path, struct http_exchange *exchange)
{
    *exchange = (struct http_exchange){.request = {.profile = GATE_PHONE,
                                                   .method = GATE_GET,
                                                   .path = path,
                                                   .path_len = strlen(path),
                                                   .query = "",
                                                   .user_agent = "",
                                                   .if_none_match = "",
                                                   .if_match = "",
                                                   .content_type = "",
                                                   .peer = &worker->peer}};
    arena_init(&exchange->arena, AP_REQUEST_ARENA_MAX_BYTES);
    provision_handle(worker->provision, exchange);
}

#define NEW_PATH "/provision/" NEW_TOKEN "/001565000001.cfg"
#define OLD_PATH "/provision/" OLD_TOKEN "/001565000001.cfg"

/* -- tests ------------------------------------------------------------------------------------- */

static void test_answer_waits_for_the_mark_and_keeps_its_snapshot(void **state)
{
    struct worker *worker = *state;
    struct snapshot *next = load(worker->app, 2);
    struct http_exchange exchange;

    ask(worker, NEW_PATH, &exchange);
    assert_int_equal(exchange.answers, 0);
    provision_set_snapshot(worker->provision, next);
    snapshot_unref(next);
    /* The test's own, and that of what waits. */
    assert_int_equal(worker->snapshot->references, 2);
    while (exchange.answers == 0)
        (void)uv_run(&worker->loop, UV_RUN_ONCE);
    assert_int_equal(exchange.answers, 1);
    assert_int_equal(exchange.status, 200);
    assert_string_equal(exchange.content_type, "text/plain");
    assert_true(exchange.body[0] != '\0');
    assert_int_equal(worker->snapshot->references, 1);
    /* It is in the database: the old token is over for this phone. */
    ask(worker, OLD_PATH, &exchange);
    assert_int_equal(exchange.answers, 1);
    assert_int_equal(exchange.status, 404);
    ask(worker, NEW_PATH, &exchange);
    assert_int_equal(exchange.status, 200);
}

static void test_a_mark_that_fails_is_no_file(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    ask(worker, NEW_PATH, &exchange);
    assert_int_equal(exchange.answers, 0);
    assert_int_equal(worker->snapshot->references, 3);
    while (exchange.answers == 0)
        (void)uv_run(&worker->loop, UV_RUN_ONCE);
    assert_int_equal(exchange.status, 503);
    assert_string_equal(exchange.body, "Service Unavailable\n");
    assert_int_equal(worker->snapshot->references, 2);
    assert_non_null(strstr(worker->app->log, "step=claim"));
}

/* -- throttle ---------------------------------------------------------------------------------- */

#define FREE_GUESSES (AP_PENALTY_ACTIVE_MS / AP_PENALTY_GUESS_MS)
#define WRONG_PATH   "/provision/00000000000000000000000000000000/001565000001.cfg"

static enum http_when miss(struct worker *worker, const char *path)
{
    struct http_exchange exchange;

    ask(worker, path, &exchange);
    assert_int_equal(exchange.answers, 1);
    assert_int_equal(exchange.status, 404);
    return exchange.when;
}

static void guess(struct worker *worker, int count)
{
    for (int i = 0; i < count; i++)
        (void)miss(worker, WRONG_PATH);
}

static void test_misses_of_a_source_that_guesses_come_late(void **state)
{
    struct worker *worker = *state;

    guess(worker, FREE_GUESSES - 1);
    assert_int_equal(miss(worker, WRONG_PATH), HTTP_AT_DUE_TIME);
    assert_null(strstr(worker->app->log, "throttled"));
    assert_int_equal(miss(worker, WRONG_PATH), HTTP_LATE);
    const char *line = strstr(worker->app->log, "throttled source=192.0.2.7");
    assert_non_null(line);
    guess(worker, 100);
    assert_null(strstr(line + 1, "throttled"));
    /* All kinds of them, or the time would tell one from another. */
    assert_int_equal(miss(worker, "/"), HTTP_LATE);
    assert_int_equal(miss(worker, "/provision/" NEW_TOKEN "/no.such.file"), HTTP_LATE);
    assert_int_equal(miss(worker, "/provision/001565000001.boot"), HTTP_LATE);
    /* Another source is another matter. */
    assert_int_equal(address_parse("192.0.2.8", &worker->peer), 0);
    assert_int_equal(miss(worker, WRONG_PATH), HTTP_AT_DUE_TIME);
}

static void test_a_right_pair_is_served_at_once_whatever_its_source_has_done(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    guess(worker, 10 * FREE_GUESSES);
    for (int i = 0; i < 2; i++) { /* the first marks the phone as seen, and waits for that */
        ask(worker, NEW_PATH, &exchange);
        while (exchange.answers == 0)
            (void)uv_run(&worker->loop, UV_RUN_ONCE);
        assert_int_equal(exchange.status, 200);
        assert_int_equal(exchange.when, HTTP_NOW);
    }
}

/* A phone behind the address of a scanner asks for these before it asks for its own file. */
static void test_what_phones_ask_for_as_a_matter_of_routine_is_not_late(void **state)
{
    static const char *const NAMES[] = {"001565000001.boot", "001565000001.xml"};
    struct worker *worker = *state;

    guess(worker, 10 * FREE_GUESSES);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "/provision/" NEW_TOKEN "/%s", NAMES[i]);
        assert_int_equal(miss(worker, path), HTTP_AT_DUE_TIME);
        (void)snprintf(path, sizeof(path), "/provision/00000000000000000000000000000000/%s",
                       NAMES[i]);
        assert_int_equal(miss(worker, path), HTTP_LATE);
    }
}

static void test_what_is_no_guess_penalises_nobody(void **state)
{
    struct worker *worker = *state;

    for (int i = 0; i < 3 * FREE_GUESSES; i++) {
        assert_int_equal(miss(worker, "/provision/" NEW_TOKEN "/001565000001.boot"),
                         HTTP_AT_DUE_TIME);
        assert_int_equal(miss(worker, "/favicon.ico"), HTTP_AT_DUE_TIME);
        assert_int_equal(miss(worker, "/provision/" NEW_TOKEN "/no.such.file"), HTTP_AT_DUE_TIME);
    }
    assert_null(strstr(worker->app->log, "throttled"));
}

static void test_the_answer_to_a_wrong_method_is_never_late(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange = {.request = {.refusal = GATE_REASON_METHOD,
                                                 .method = GATE_OTHER,
                                                 .path = "",
                                                 .user_agent = "",
                                                 .peer = &worker->peer}};

    guess(worker, 10 * FREE_GUESSES);
    provision_handle(worker->provision, &exchange);
    assert_int_equal(exchange.status, 405);
    assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
}

/* A health check of a proxy: whatever it asks for. */
static void test_whoever_has_no_source_gets_the_miss(void **state)
{
    struct worker *worker = *state;

    worker->peer = (struct address){.family = AF_UNSPEC};
    for (int i = 0; i < 3 * FREE_GUESSES; i++)
        assert_int_equal(miss(worker, i % 2 == 0 ? NEW_PATH : WRONG_PATH), HTTP_AT_DUE_TIME);
    assert_int_equal(fetch_log_count(worker->log, POLICY_NO_SOURCE), 3 * FREE_GUESSES);
}

static void test_throttle_is_switched_off_and_on_by_a_reload(void **state)
{
    struct worker *worker = *state;

    guess(worker, 10 * FREE_GUESSES);
    assert_int_equal(miss(worker, WRONG_PATH), HTTP_LATE);
    for (unsigned on = 0; on < 2; on++) {
        struct snapshot *next = load(worker->app, 2 + on);
        next->config->throttle = on ? CONFIG_YES : CONFIG_NO;
        provision_set_snapshot(worker->provision, next);
        snapshot_unref(next);
        assert_int_equal(miss(worker, WRONG_PATH), on ? HTTP_LATE : HTTP_AT_DUE_TIME);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_worker, close_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answer_waits_for_the_mark_and_keeps_its_snapshot,
                                        open_worker, close_worker),
        cmocka_unit_test_setup_teardown(test_a_mark_that_fails_is_no_file, open_broken,
                                        close_worker),
        ROW(test_misses_of_a_source_that_guesses_come_late),
        ROW(test_a_right_pair_is_served_at_once_whatever_its_source_has_done),
        ROW(test_what_phones_ask_for_as_a_matter_of_routine_is_not_late),
        ROW(test_what_is_no_guess_penalises_nobody),
        ROW(test_the_answer_to_a_wrong_method_is_never_late),
        ROW(test_whoever_has_no_source_gets_the_miss),
        ROW(test_throttle_is_switched_off_and_on_by_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
