/* Misses of a source that guesses: when they come, and whom it does not concern. */
#include "provision_fixture.h"

static int open_worker(void **state)
{
    return open_with(state, "", false);
}

#define NEW_PATH     "/provision/" NEW_TOKEN "/001565000001.cfg"
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
