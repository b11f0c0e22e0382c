/* Questions by multicast over a real store: who is answered, with which URL, what that URL opens,
 * and what is left behind. The SIP floor is played. */
#include "autoprov/pnp.h"

#include "autoprov/array.h"
#include "autoprov/store_access.h"
#include "autoprov/store_log.h"
#include "autoprov/store_pnp.h"
#include "provision_fixture.h"

#define PROVISION "pnp = provision\npnp_interfaces = { 192.168.1.10 }\n"
#define DISCOVER  "pnp = discover\npnp_interfaces = { 192.168.1.10 }\n"
#define HERE      "192.168.1.20"
#define ELSEWHERE "192.168.2.20"
#define BASE      "https://pbx.example.com/provision/"
#define WINDOW_S  900

/* What the SIP floor was told. */
static struct played {
    struct pnp *pnp;
    struct worker *worker;
    unsigned served, ignored;
    uint64_t id; /* of the last one */
    char url[256];
    enum sip_pnp_form form;
    int serve_err; /* what the next call ends with */
} played;

static struct snapshot *current(void *data)
{
    return ((struct played *)data)->worker->snapshot;
}

static int serve(void *data, uint64_t id, const char *url, enum sip_pnp_form form)
{
    struct played *of = data;

    of->id = id;
    of->form = form;
    (void)snprintf(of->url, sizeof(of->url), "%s", url);
    of->served += of->serve_err == 0;
    return of->serve_err;
}

static void ignore(void *data, uint64_t id)
{
    struct played *of = data;

    of->id = id;
    of->ignored++;
}

static int open_pnp(void **state, const char *config)
{
    open_with(state, config, false);
    struct worker *worker = *state;
    const struct pnp_setup setup = {
        .reader = worker->app->reader,
        .writer = worker->app->writer,
        .mailbox = worker->mailbox,
        .alarms = worker->alarms,
        .clock = &worker->app->clock,
        .data = &played,
        .snapshot = current,
        .serve = serve,
        .ignore = ignore,
    };

    played = (struct played){.worker = worker};
    assert_int_equal(pnp_new(&setup, &played.pnp), 0);
    return 0;
}

static int open_provision(void **state)
{
    return open_pnp(state, PROVISION);
}

static int open_discover(void **state)
{
    return open_pnp(state, DISCOVER);
}

/* Everything that was handed to the writer is in the database, and its answers are here. */
static void settle(struct worker *worker)
{
    close_gate(worker);
    open_gate(worker);
    (void)uv_run(&worker->loop, UV_RUN_NOWAIT);
}

static int close_pnp(void **state)
{
    pnp_free(played.pnp);
    played.pnp = NULL;
    settle(*state);
    return close_worker(state);
}

/* -- helpers ----------------------------------------------------------------------------------- */

struct change {
    struct store_write write;
    int64_t until;
    bool disable;
    int err;
};

static int run_change(struct store_write *write, struct store_db *db)
{
    const struct change *change = (struct change *)write;
    static const uint8_t MAC[AP_MAC_LEN] = {0x00, 0x15, 0x65, 0, 0, 1};
    struct store_phone phone;
    struct arena arena;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    int err = store_phone_get(db, &arena, MAC, &phone);
    if (!err && change->disable) {
        phone.enabled = false;
        phone.lines = NULL;
        phone.line_count = 0;
        err = store_phone_set(db, &phone, 0);
    } else if (!err) {
        err = store_enrol(db, phone.id, change->until);
    }
    arena_done(&arena);
    return err;
}

static void change_done(struct store_write *write, int err)
{
    ((struct change *)write)->err = err;
}

static void make(struct worker *worker, struct change change)
{
    change.write = (struct store_write){.run = run_change, .done = change_done};
    assert_int_equal(store_writer_submit(worker->app->writer, &change.write), 0);
    settle(worker);
    assert_int_equal(change.err, 0);
}

static void enrol(struct worker *worker)
{
    make(worker, (struct change){.until = store_now(worker->app->reader) + WINDOW_S});
}

static void ask_for(uint8_t last_byte, const char *from)
{
    struct sip_pnp_request request = {
        .id = played.id + 1,
        .mac = {0x00, 0x15, 0x65, 0, 0, last_byte},
        .vendor = "OEM",
        .model = "A1",
        .version = "1.2",
        .user_agent = "Acme A1 1.2",
        .contact = "sip:192.168.1.20:5062",
    };

    assert_int_equal(address_parse(from, &request.from.address), 0);
    request.from.port = 5062;
    played.url[0] = '\0';
    pnp_asked(played.pnp, &request, "eth0");
}

/* Ask, and wait until the writer has answered. */
static void ask_and_settle(struct worker *worker, uint8_t last_byte, const char *from)
{
    ask_for(last_byte, from);
    settle(worker);
}

static void write_rows(struct worker *worker)
{
    pnp_tick(played.pnp);
    settle(worker);
}

static struct store_pnp *row_of(struct worker *worker, struct arena *arena, uint8_t last_byte,
                                struct store_pnp *ret_row)
{
    const uint8_t mac[AP_MAC_LEN] = {0x00, 0x15, 0x65, 0, 0, last_byte};

    return store_pnp_get(worker->app->reader, arena, mac, ret_row) == 0 ? ret_row : NULL;
}

static uint64_t refused_for(enum policy_reason reason)
{
    struct pnp_stats stats;

    pnp_stats(played.pnp, &stats);
    return stats.refusals[reason];
}

/* Only one question was asked, and it was met with silence. */
static void assert_silent(enum policy_reason reason)
{
    assert_int_equal(played.served, 0);
    assert_int_equal(played.ignored, 1);
    assert_int_equal(refused_for(reason), 1);
}

#define PATH_MAX_BYTES 320

/* The phone appends the name of its own file to the URL that it was told. */
static void path_below_url(char ret_path[static PATH_MAX_BYTES])
{
    assert_memory_equal(played.url, BASE, strlen(BASE));
    (void)snprintf(ret_path, PATH_MAX_BYTES, "%s001565000001.cfg",
                   played.url + strlen("https://pbx.example.com"));
}

/* -- tests ------------------------------------------------------------------------------------- */

static void test_a_known_phone_is_told_a_url_that_opens_its_file_once(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[PATH_MAX_BYTES], token[TOKEN_MADE_LEN + 1];

    enrol(worker);
    ask_for(1, HERE);
    assert_int_equal(played.served, 0); /* not before it is committed */
    settle(worker);
    assert_int_equal(played.served, 1);
    assert_int_equal(played.ignored, 0);
    assert_int_equal(played.form, SIP_PNP_PLAIN);
    assert_int_equal(strlen(played.url), strlen(BASE) + TOKEN_MADE_LEN + 1);
    assert_null(strstr(played.url, NEW_TOKEN));
    (void)snprintf(token, sizeof(token), "%.32s", played.url + strlen(BASE));
    assert_null(strstr(worker->app->log, token));
    /* The phone appends its own name; the file holds the long-lived URL. */
    path_below_url(path);
    const struct question question = {.path = path, .from = HERE};
    assert_int_equal(fetch(worker, &question, &exchange), 200);
    assert_non_null(strstr(exchange.body, NEW_TOKEN));
    pass(worker, STORE_SAME_FETCH_S + 1);
    assert_int_equal(fetch(worker, &question, &exchange), 404);
    assert_int_equal(repeats(worker), 0);
}

static void test_the_url_ends_after_a_quarter_of_an_hour(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[PATH_MAX_BYTES];

    make(worker, (struct change){.until = store_now(worker->app->reader) + 86400});
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.served, 1);
    path_below_url(path);
    pass(worker, 901);
    assert_int_equal(fetch(worker, &(struct question){.path = path, .from = HERE}, &exchange), 404);
}

static void test_whoever_is_not_served_is_met_with_silence(void **state)
{
    static const struct {
        uint8_t last_byte;
        bool with_window, disabled;
        const char *from;
        enum policy_reason reason;
    } ROWS[] = {
        {9, false, false, HERE, POLICY_PNP_UNKNOWN},
        {1, false, false, HERE, POLICY_WINDOW_CLOSED},
        {1, true, false, "192.0.2.7", POLICY_PNP_ADDRESS},
        {2, true, false, HERE, POLICY_WINDOW_CLOSED}, /* another phone's */
        {1, true, true, HERE, POLICY_DISABLED},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct worker *worker = *state;
        if (ROWS[i].with_window)
            enrol(worker);
        if (ROWS[i].disabled)
            make(worker, (struct change){.disable = true});
        ask_and_settle(worker, ROWS[i].last_byte, ROWS[i].from);
        assert_silent(ROWS[i].reason);
        close_pnp(state);
        open_provision(state);
    }
}

static void test_refusals_are_recorded_as_others_are(void **state)
{
    struct worker *worker = *state;
    const struct store_log_filter filter = {.limit = 10};
    struct store_refusal *refusals = NULL;
    struct arena arena;
    size_t count = 0;

    ask_for(9, HERE);
    ask_for(8, HERE);
    ask_for(1, HERE);
    pass(worker, 60);
    write_rows(worker);
    pnp_free(played.pnp); /* its records are in the writer's hands */
    played.pnp = NULL;
    fixture_stop_store(worker->app);
    fixture_restart_store(worker->app);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    assert_int_equal(store_log_refusals(worker->app->reader, &arena, &filter, &refusals, &count),
                     0);
    assert_int_equal(count, 2);
    /* The known phone's own row, and strangers summed up. */
    for (size_t i = 0; i < count; i++) {
        bool is_known = strcmp(refusals[i].mac, "001565000001") == 0;
        assert_string_equal(refusals[i].source, HERE);
        assert_string_equal(refusals[i].reason, is_known ? "window_closed" : "pnp_unknown");
        assert_int_equal(refusals[i].count, is_known ? 1 : 2);
    }
    arena_done(&arena);
    assert_non_null(strstr(worker->app->log, "refused source=" HERE " reason=pnp_unknown count=2"));
}

static void test_a_new_question_within_its_life_gets_the_same_url(void **state)
{
    struct worker *worker = *state;
    char first[256];

    enrol(worker);
    ask_and_settle(worker, 1, HERE);
    (void)snprintf(first, sizeof(first), "%s", played.url);
    pass(worker, 33);
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.served, 2);
    assert_string_equal(played.url, first);
    assert_int_equal(repeats(worker), 0);
    /* Long after that somebody should look at it. */
    pass(worker, STORE_SAME_FETCH_S);
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.served, 3);
    assert_string_equal(played.url, first);
    assert_int_equal(repeats(worker), 1);
}

static void test_another_network_gets_nothing_and_raises_an_alarm(void **state)
{
    struct worker *worker = *state;

    enrol(worker);
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.served, 1);
    ask_and_settle(worker, 1, ELSEWHERE);
    assert_int_equal(played.served, 1);
    assert_int_equal(played.ignored, 1);
    assert_int_equal(refused_for(POLICY_BOOTSTRAP_USED), 1);
    assert_int_equal(repeats(worker), 1);
}

/* Phones ask at every start, before they look at the URL that they have. */
static void test_a_phone_that_has_fetched_is_let_go_without_an_alarm(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char path[PATH_MAX_BYTES];

    enrol(worker);
    ask_and_settle(worker, 1, HERE);
    path_below_url(path);
    assert_int_equal(fetch(worker, &(struct question){.path = path, .from = HERE}, &exchange), 200);
    pass(worker, STORE_SAME_FETCH_S + 1);
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.served, 1);
    assert_int_equal(played.ignored, 1);
    assert_int_equal(refused_for(POLICY_WINDOW_CLOSED), 1);
    assert_int_equal(repeats(worker), 0);
}

static void test_what_changes_before_the_commit_counts(void **state)
{
    struct worker *worker = *state;

    enrol(worker);
    close_gate(worker);
    ask_for(1, HERE);
    struct change change = {
        .write = {.run = run_change, .done = change_done}, .disable = true, .err = -1};
    assert_int_equal(store_writer_submit(worker->app->writer, &change.write), 0);
    open_gate(worker);
    settle(worker);
    assert_int_equal(change.err, 0);
    assert_silent(POLICY_DISABLED);
}

static void test_a_notify_that_cannot_be_sent_is_said(void **state)
{
    struct worker *worker = *state;
    struct pnp_stats stats;

    enrol(worker);
    played.serve_err = AP_EBUSY;
    ask_and_settle(worker, 1, HERE);
    assert_int_equal(played.ignored, 1);
    pnp_stats(played.pnp, &stats);
    assert_int_equal(stats.served, 0);
    assert_non_null(strstr(worker->app->log, "pnp_failed step=notify mac=001565000001"));
}

static void test_who_is_discovered_is_listed_and_not_answered(void **state)
{
    struct worker *worker = *state;
    struct store_pnp row;
    struct arena arena;

    enrol(worker);
    ask_and_settle(worker, 1, HERE);
    ask_and_settle(worker, 9, HERE);
    pass(worker, 40);
    ask_and_settle(worker, 9, ELSEWHERE);
    assert_int_equal(played.served, 0);
    assert_int_equal(played.ignored, 3);
    assert_int_equal(refused_for(POLICY_PNP_DISCOVER), 3);
    assert_null(strstr(worker->app->log, "refused"));
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    assert_null(row_of(worker, &arena, 9, &row));
    write_rows(worker);
    assert_non_null(row_of(worker, &arena, 9, &row));
    assert_string_equal(row.vendor, "OEM");
    assert_string_equal(row.model, "A1");
    assert_string_equal(row.firmware, "1.2");
    assert_string_equal(row.user_agent, "Acme A1 1.2");
    assert_string_equal(row.contact, "sip:192.168.1.20:5062");
    assert_string_equal(row.source, ELSEWHERE);
    assert_string_equal(row.interface, "eth0");
    assert_int_equal(row.count, 2);
    assert_int_equal(row.first_at, FIXTURE_NOW_S);
    assert_int_equal(row.last_at, FIXTURE_NOW_S + 40);
    assert_false(row.is_known);
    assert_non_null(row_of(worker, &arena, 1, &row));
    assert_true(row.is_known);
    arena_done(&arena);
}

static void test_what_became_of_it_is_in_row_figures_and_log(void **state)
{
    static const uint8_t MAC[AP_MAC_LEN] = {0x00, 0x15, 0x65, 0, 0, 1};
    struct worker *worker = *state;
    struct pnp_stats stats;
    struct store_pnp row;
    struct arena arena;

    enrol(worker);
    ask_and_settle(worker, 1, HERE);
    write_rows(worker);
    pnp_told(played.pnp, MAC, SIP_ACCEPTED, 200);
    write_rows(worker);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    assert_non_null(row_of(worker, &arena, 1, &row));
    assert_string_equal(row.outcome, "accepted");
    assert_int_equal(row.told_at, FIXTURE_NOW_S);
    assert_int_equal(row.count, 1);
    pnp_told(played.pnp, MAC, SIP_UNREACHABLE, 0);
    pnp_stats(played.pnp, &stats);
    assert_int_equal(stats.questions, 1);
    assert_int_equal(stats.served, 1);
    assert_int_equal(stats.told[SIP_ACCEPTED], 1);
    assert_int_equal(stats.told[SIP_UNREACHABLE], 1);
    assert_non_null(strstr(worker->app->log,
                           "pnp_served source=" HERE " interface=eth0 mac=001565000001 user=alice "
                           "token=t:"));
    assert_non_null(
        strstr(worker->app->log, "pnp_told mac=001565000001 outcome=accepted status=200"));
    /* What has gathered is not lost with the end. */
    pnp_free(played.pnp);
    played.pnp = NULL;
    settle(worker);
    assert_non_null(row_of(worker, &arena, 1, &row));
    assert_string_equal(row.outcome, "unreachable");
    arena_done(&arena);
}

static void test_more_phones_than_there_is_room_for_are_counted(void **state)
{
    struct worker *worker = *state;
    struct sip_pnp_request request = {
        .vendor = "", .model = "", .version = "", .user_agent = "", .contact = ""};
    struct store_pnp *rows = NULL;
    struct pnp_stats stats;
    struct arena arena;
    size_t count = 0;

    assert_int_equal(address_parse(HERE, &request.from.address), 0);
    for (unsigned i = 0; i < AP_PNP_PENDING_MAX + 5; i++) {
        request.mac[4] = (uint8_t)(i >> 8);
        request.mac[5] = (uint8_t)i;
        pnp_asked(played.pnp, &request, "");
    }
    pnp_stats(played.pnp, &stats);
    assert_int_equal(stats.dropped_rows, 5);
    write_rows(worker);
    arena_init(&arena, 16 * AP_REQUEST_ARENA_MAX_BYTES);
    assert_int_equal(
        store_pnp_list(worker->app->reader, &arena, STORE_PNP_ALL, "", 2000, &rows, &count), 0);
    assert_int_equal(count, AP_PNP_PENDING_MAX);
    arena_done(&arena);
    request.mac[3] = 1; /* there is room again */
    pnp_asked(played.pnp, &request, "");
    pnp_stats(played.pnp, &stats);
    assert_int_equal(stats.dropped_rows, 5);
}

static void test_texts_of_strangers_are_cut_and_plain(void **state)
{
    struct worker *worker = *state;
    char text[400];
    struct sip_pnp_request request = {.mac = {0, 1, 2, 3, 4, 5},
                                      .vendor = "a\nb\xff",
                                      .model = text,
                                      .version = text,
                                      .user_agent = text,
                                      .contact = text};
    static const uint8_t MAC[AP_MAC_LEN] = {0, 1, 2, 3, 4, 5};
    struct store_pnp row;
    struct arena arena;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(address_parse(HERE, &request.from.address), 0);
    pnp_asked(played.pnp, &request, "an-interface-of-sixteen-or-more");
    write_rows(worker);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    assert_int_equal(store_pnp_get(worker->app->reader, &arena, MAC, &row), 0);
    assert_string_equal(row.vendor, "a?b?");
    assert_int_equal(strlen(row.model), STORE_PNP_WORD_MAX - 1);
    assert_int_equal(strlen(row.user_agent), STORE_PNP_AGENT_MAX - 1);
    assert_int_equal(strlen(row.contact), STORE_PNP_CONTACT_MAX - 1);
    assert_string_equal(row.interface, "an-interface-of");
    arena_done(&arena);
}

static void test_what_waits_at_the_end_is_let_go(void **state)
{
    struct worker *worker = *state;

    enrol(worker);
    close_gate(worker);
    ask_for(1, HERE);
    pnp_tick(played.pnp);
    ask_for(9, HERE);
    pnp_free(played.pnp);
    played.pnp = NULL;
    open_gate(worker);
    settle(worker);
    assert_int_equal(played.served, 0);
}

#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_pnp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_known_phone_is_told_a_url_that_opens_its_file_once, open_provision),
        TEST(test_the_url_ends_after_a_quarter_of_an_hour, open_provision),
        TEST(test_whoever_is_not_served_is_met_with_silence, open_provision),
        TEST(test_refusals_are_recorded_as_others_are, open_provision),
        TEST(test_a_new_question_within_its_life_gets_the_same_url, open_provision),
        TEST(test_another_network_gets_nothing_and_raises_an_alarm, open_provision),
        TEST(test_a_phone_that_has_fetched_is_let_go_without_an_alarm, open_provision),
        TEST(test_what_changes_before_the_commit_counts, open_provision),
        TEST(test_a_notify_that_cannot_be_sent_is_said, open_provision),
        TEST(test_who_is_discovered_is_listed_and_not_answered, open_discover),
        TEST(test_what_became_of_it_is_in_row_figures_and_log, open_provision),
        TEST(test_more_phones_than_there_is_room_for_are_counted, open_discover),
        TEST(test_texts_of_strangers_are_cut_and_plain, open_discover),
        TEST(test_what_waits_at_the_end_is_let_go, open_provision),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
