/* A fetch whose answer waits for a commit: over a reload, for a bootstrap token, for a right that
 * is used up. */
#include "autoprov/array.h"
#include "provision_fixture.h"

#define NETWORKS "flat_networks = { '192.0.2.0/24', '198.51.100.0/24' }\n"

static int open_worker(void **state)
{
    return open_with(state, "", false);
}

static int open_broken(void **state)
{
    return open_with(state, "", true);
}

static int open_bootstrap(void **state)
{
    return open_with(state, NETWORKS "flat = bootstrap\n", false);
}

static int open_once(void **state)
{
    return open_with(state, NETWORKS "secrets = once\n", false);
}

#define NEW_PATH  "/provision/" NEW_TOKEN "/001565000001.cfg"
#define OLD_PATH  "/provision/" OLD_TOKEN "/001565000001.cfg"
#define FLAT_PATH "/provision/001565000001.cfg"
#define BOOK_PATH "/provision/" NEW_TOKEN "/001565000001-book.xml" /* tells no secret */
#define ELSEWHERE "198.51.100.7"

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

static void test_a_304_is_seen_on_the_new_token(void **state)
{
    struct worker *worker = *state;
    struct http_exchange head, exchange;

    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH, .head = true}, &head), 200);
    assert_int_equal(fetch(worker, &(struct question){.path = OLD_PATH}, &exchange), 200);
    assert_int_equal(
        fetch(worker, &(struct question){.path = NEW_PATH, .if_none_match = head.etag}, &exchange),
        304);
    assert_int_equal(fetch(worker, &(struct question){.path = OLD_PATH}, &exchange), 404);
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

/* -- bootstrap --------------------------------------------------------------------------------- */

#define BOOT_URL "url = pbx.example.com/provision/"

/* The flat request's answer, and the path that it points to. */
static void bootstrap(struct worker *worker, struct http_exchange *exchange,
                      char ret_path[static 128])
{
    assert_int_equal(fetch(worker, &(struct question){.path = FLAT_PATH}, exchange), 200);
    assert_ptr_equal(strstr(exchange->body, BOOT_URL), exchange->body);
    const char *token = exchange->body + strlen(BOOT_URL);
    (void)snprintf(ret_path, 128, "/provision/%.*s/001565000001.cfg", (int)strcspn(token, "\n"),
                   token); /* 32 bytes of token */
    assert_null(strstr(ret_path, NEW_TOKEN));
}

static void test_bootstrap_leads_to_the_file_and_that_ends_flat_mode(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[128];

    bootstrap(worker, &exchange, path);
    assert_null(strstr(exchange.body, PASSWORD));
    assert_null(strstr(exchange.body, "1001"));
    assert_null(strstr(exchange.body, NEW_TOKEN));
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 200);
    assert_non_null(strstr(exchange.body, "/" NEW_TOKEN "/001565000001.cfg\n"));
    assert_non_null(strstr(exchange.body, "line.1 = 1001 " PASSWORD "\n"));
    /* It is on its way, but was not seen there: it may begin anew for a moment. */
    assert_int_equal(fetch(worker, &(struct question){.path = FLAT_PATH}, &exchange), 200);
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH}, &exchange), 200);
    assert_non_null(strstr(exchange.body, PASSWORD));
    assert_int_equal(fetch(worker, &(struct question){.path = FLAT_PATH}, &exchange), 404);
    assert_int_equal(fetch_log_count(worker->log, POLICY_FLAT_MOVED), 1);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 404);
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH}, &exchange), 200);
    assert_int_equal(repeats(worker), 0);
}

static void test_bootstrap_url_is_for_one_use_and_its_repeats(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[128];

    bootstrap(worker, &exchange, path);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 200);
    pass(worker, STORE_SAME_FETCH_S);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 200);
    pass(worker, 1);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 404);
    assert_int_equal(fetch_log_count(worker->log, POLICY_BOOTSTRAP_USED), 1);
    /* Nor does flat mode hand out another one. */
    assert_int_equal(fetch(worker, &(struct question){.path = FLAT_PATH}, &exchange), 404);
    assert_int_equal(repeats(worker), 1);
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH}, &exchange), 200);
}

static void test_head_and_304_use_up_no_bootstrap_url(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange, head;
    char path[128];

    /* HEAD makes none, but tells the length. */
    assert_int_equal(fetch(worker, &(struct question){.path = FLAT_PATH, .head = true}, &head),
                     200);
    size_t len = strlen(head.body);
    pass(worker, 3600);
    bootstrap(worker, &exchange, path);
    assert_int_equal(strlen(exchange.body), len);
    assert_int_equal(fetch(worker, &(struct question){.path = path, .head = true}, &head), 200);
    assert_int_equal(
        fetch(worker, &(struct question){.path = path, .if_none_match = head.etag}, &exchange),
        304);
    pass(worker, STORE_SAME_FETCH_S + 1);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &exchange), 200);
    assert_int_equal(repeats(worker), 0);
}

static void test_second_bootstrap_request_gets_the_same_bytes(void **state)
{
    struct worker *worker = *state;
    struct http_exchange first, second;
    char path[128];

    bootstrap(worker, &first, path);
    pass(worker, STORE_SAME_FETCH_S);
    bootstrap(worker, &second, path);
    assert_string_equal(second.body, first.body);
    assert_string_equal(second.etag, first.etag);
    assert_int_equal(repeats(worker), 0);
    /* Later too, but somebody is told. */
    pass(worker, 1);
    bootstrap(worker, &second, path);
    assert_string_equal(second.body, first.body);
    assert_int_equal(repeats(worker), 1);
    assert_int_equal(fetch(worker, &(struct question){.path = path}, &second), 200);
}

static void test_bootstrap_is_for_the_network_that_asked_first(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[128];

    bootstrap(worker, &exchange, path);
    assert_int_equal(
        fetch(worker, &(struct question){.path = FLAT_PATH, .from = ELSEWHERE}, &exchange), 404);
    assert_int_equal(fetch_log_count(worker->log, POLICY_BOOTSTRAP_USED), 1);
    assert_int_equal(repeats(worker), 1);
    assert_int_equal(fetch(worker, &(struct question){.path = path, .from = ELSEWHERE}, &exchange),
                     404);
    assert_int_equal(fetch_log_count(worker->log, POLICY_OTHER_NETWORK), 1);
    /* The same network is no single address. */
    assert_int_equal(
        fetch(worker, &(struct question){.path = path, .from = "192.0.2.99"}, &exchange), 200);
}

/* -- waiting ----------------------------------------------------------------------------------- */

static void test_phone_that_waits_too_long_is_told_to_come_again(void **state)
{
    static const char *const PATHS[] = {NEW_PATH, FLAT_PATH};
    struct worker *worker = *state;

    for (size_t i = 0; i < AP_COUNT(PATHS); i++) {
        struct http_exchange exchange, later;
        close_gate(worker);
        ask(worker, PATHS[i], &exchange);
        atomic_fetch_add(&worker->app->monotonic_ms, AP_CLAIM_WAIT_MS - 1);
        provision_tick(worker->provision);
        assert_int_equal(exchange.answers, 0);
        assert_int_equal(worker->snapshot->references, 3);
        atomic_fetch_add(&worker->app->monotonic_ms, 1);
        provision_tick(worker->provision);
        provision_tick(worker->provision);
        assert_int_equal(exchange.answers, 1);
        assert_int_equal(exchange.status, 503);
        assert_string_equal(exchange.body, "Service Unavailable\n");
        /* What waits is there until the writer has answered; then it is gone. */
        assert_int_equal(worker->snapshot->references, 3);
        open_gate(worker);
        while (worker->snapshot->references > 2)
            (void)uv_run(&worker->loop, UV_RUN_ONCE);
        assert_int_equal(exchange.answers, 1);
        /* As if the answer had been lost on its way. */
        assert_int_equal(fetch(worker, &(struct question){.path = PATHS[i]}, &later), 200);
    }
    assert_non_null(strstr(worker->app->log, "step=claim"));
}

/* -- secrets = once ---------------------------------------------------------------------------- */

static bool has_secrets(const struct http_exchange *exchange)
{
    assert_int_equal(exchange->status, 200);
    assert_non_null(strstr(exchange->body, "mac = 001565000001\n"));
    return strstr(exchange->body, PASSWORD) != NULL;
}

static void test_secrets_are_served_once_and_to_repeats(void **state)
{
    static const char *const PATHS[] = {NEW_PATH, FLAT_PATH};
    struct worker *worker = *state;
    struct http_exchange exchange, repeated, head;

    /* Neither is a delivery. */
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH, .head = true}, &head), 200);
    assert_int_equal(
        fetch(worker, &(struct question){.path = NEW_PATH, .if_none_match = head.etag}, &exchange),
        304);
    pass(worker, STORE_SAME_FETCH_S + 1);
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH}, &exchange), 200);
    assert_true(has_secrets(&exchange));
    pass(worker, STORE_SAME_FETCH_S);
    assert_int_equal(fetch(worker, &(struct question){.path = NEW_PATH}, &repeated), 200);
    assert_string_equal(repeated.body, exchange.body);
    pass(worker, 1);
    for (size_t i = 0; i < AP_COUNT(PATHS); i++) {
        assert_int_equal(fetch(worker, &(struct question){.path = PATHS[i]}, &exchange), 200);
        assert_false(has_secrets(&exchange));
        assert_null(strstr(exchange.body, "line.1"));
    }
    assert_null(strstr(exchange.body, NEW_TOKEN)); /* which opens the one with */
}

static void test_a_file_without_secrets_uses_up_no_right(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    assert_int_equal(fetch(worker, &(struct question){.path = BOOK_PATH}, &exchange), 200);
    pass(worker, STORE_SAME_FETCH_S + 1);
    assert_int_equal(
        fetch(worker, &(struct question){.path = NEW_PATH, .from = ELSEWHERE}, &exchange), 200);
    assert_true(has_secrets(&exchange));
}

static void test_of_two_racing_fetches_one_gets_the_secrets(void **state)
{
    struct worker *worker = *state;
    struct http_exchange here, there;

    close_gate(worker);
    ask(worker, NEW_PATH, &here);
    ask_as(worker, &(struct question){.path = NEW_PATH, .from = ELSEWHERE}, &there);
    assert_int_equal(here.answers + there.answers, 0);
    open_gate(worker);
    wait_for(worker, &here);
    wait_for(worker, &there);
    assert_true(has_secrets(&here));
    assert_false(has_secrets(&there));
}

/* A phone that hurries asks twice. */
static void test_two_racing_fetches_of_one_network_are_the_same_fetch(void **state)
{
    struct worker *worker = *state;
    struct http_exchange first, second;

    close_gate(worker);
    ask(worker, NEW_PATH, &first);
    ask(worker, NEW_PATH, &second);
    open_gate(worker);
    wait_for(worker, &first);
    wait_for(worker, &second);
    assert_true(has_secrets(&first));
    assert_true(has_secrets(&second));
}

static void test_of_two_racing_bootstrap_requests_one_network_wins(void **state)
{
    struct worker *worker = *state;
    struct http_exchange here, there;

    close_gate(worker);
    ask(worker, FLAT_PATH, &here);
    ask_as(worker, &(struct question){.path = FLAT_PATH, .from = ELSEWHERE}, &there);
    open_gate(worker);
    wait_for(worker, &here);
    wait_for(worker, &there);
    assert_int_equal(here.status, 200);
    assert_int_equal(there.status, 404);
    assert_int_equal(repeats(worker), 1);
}

#define ROW(name, open) cmocka_unit_test_setup_teardown(name, open, close_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_answer_waits_for_the_mark_and_keeps_its_snapshot, open_worker),
        ROW(test_a_304_is_seen_on_the_new_token, open_worker),
        ROW(test_a_mark_that_fails_is_no_file, open_broken),
        ROW(test_bootstrap_leads_to_the_file_and_that_ends_flat_mode, open_bootstrap),
        ROW(test_bootstrap_url_is_for_one_use_and_its_repeats, open_bootstrap),
        ROW(test_head_and_304_use_up_no_bootstrap_url, open_bootstrap),
        ROW(test_second_bootstrap_request_gets_the_same_bytes, open_bootstrap),
        ROW(test_bootstrap_is_for_the_network_that_asked_first, open_bootstrap),
        ROW(test_of_two_racing_bootstrap_requests_one_network_wins, open_bootstrap),
        ROW(test_phone_that_waits_too_long_is_told_to_come_again, open_bootstrap),
        ROW(test_secrets_are_served_once_and_to_repeats, open_once),
        ROW(test_a_file_without_secrets_uses_up_no_right, open_once),
        ROW(test_of_two_racing_fetches_one_gets_the_secrets, open_once),
        ROW(test_two_racing_fetches_of_one_network_are_the_same_fetch, open_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
