/* Fetches and refusals on their way to log and store, with a real writer. */
#include "autoprov/fetch_log.h"

#include "app_fixture.h"

static const uint8_t MAC[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, 0x94};
static const struct address SOURCE = {.family = AF_INET, .bytes = {192, 0, 2, 7}, .port = 4711};

static struct fetch_event refusal(enum policy_reason reason, int64_t now)
{
    return (struct fetch_event){.source = &SOURCE,
                                .role = "",
                                .token_tag = "",
                                .user_agent = "",
                                .reason = reason,
                                .now = now};
}

static struct fetch_log *open_log(struct app_fixture *fixture)
{
    struct fetch_log *log = NULL;

    fixture_start_store(fixture);
    assert_int_equal(fetch_log_new(fixture->writer, NULL, &log), 0);
    return log;
}

static void close_log(struct app_fixture *fixture, struct fetch_log *log)
{
    fetch_log_close(log);
    fixture_stop_store(fixture);
    fetch_log_free(log);
}

/* Lines of the log that hold text. */
static unsigned lines_with(const struct app_fixture *fixture, const char *text)
{
    unsigned count = 0;

    for (const char *at = fixture->log; (at = strstr(at, text)) != NULL;) {
        at = strchr(at, '\n');
        assert_non_null(at);
        count++;
    }
    return count;
}

/* A user with one phone; strings of the phone are borrowed from arena. */
static void add_phone(struct app_fixture *fixture, struct arena *arena, struct store_phone *phone)
{
    struct store_user user = {.name = "alice", .display_name = ""};
    struct store_phone row = {.vendor = "generic", .model = "", .label = "", .enabled = true};
    struct store_db *db = NULL;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];

    assert_int_equal(store_create(fixture->db_path, fixture->vault, (uid_t)-1, (gid_t)-1, NULL), 0);
    assert_int_equal(
        store_open(fixture->db_path, STORE_WRITER, fixture->vault, &fixture->clock, &db, NULL), 0);
    assert_int_equal(token_make(&token), 0);
    assert_int_equal(store_write_begin(db), 0);
    assert_int_equal(store_user_add(db, &user, &token, user_id), 0);
    row.user_id = user_id;
    memcpy(row.mac, MAC, AP_MAC_LEN);
    assert_int_equal(store_phone_add(db, &row, phone_id), 0);
    assert_int_equal(store_write_commit(db), 0);
    assert_int_equal(store_phone_by_mac(db, arena, MAC, phone), 0);
    assert_int_equal(store_writer_start(db, &fixture->writer), 0);
}

static void test_refusals_are_counted_per_source_reason_and_minute(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    struct address other = SOURCE;
    struct fetch_event event;

    other.bytes[3] = 8;
    for (int i = 0; i < 100; i++) {
        struct address same = SOURCE;
        same.port = (uint16_t)i; /* each connection has another port */
        event = refusal(POLICY_UNKNOWN_PAIR, FIXTURE_NOW_S + i % 20);
        event.source = &same;
        fetch_log_refused(log, &event);
    }
    for (int i = 0; i < 7; i++) {
        event = refusal(POLICY_BAD_TOKEN, FIXTURE_NOW_S);
        fetch_log_refused(log, &event);
        event = refusal(POLICY_UNKNOWN_PAIR, FIXTURE_NOW_S);
        event.source = &other;
        fetch_log_refused(log, &event);
        event = refusal(POLICY_UNKNOWN_PAIR, FIXTURE_NOW_S + 60);
        fetch_log_refused(log, &event);
    }
    assert_int_equal(fixture->log_len, 0);
    assert_int_equal(fetch_log_count(log, POLICY_UNKNOWN_PAIR), 114);
    assert_int_equal(fetch_log_count(log, POLICY_BAD_TOKEN), 7);
    close_log(fixture, log);
    assert_int_equal(lines_with(fixture, "refused"), 4);
    assert_int_equal(lines_with(fixture, "source=192.0.2.7 reason=unknown_pair count=100"), 1);
    assert_int_equal(lines_with(fixture, "source=192.0.2.7 reason=unknown_pair count=7"), 1);
    assert_int_equal(lines_with(fixture, "source=192.0.2.8 reason=unknown_pair count=7"), 1);
    assert_int_equal(lines_with(fixture, "source=192.0.2.7 reason=bad_token count=7"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 4);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 121);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal WHERE at % 60 <> 0"), 0);
}

static void test_an_ipv6_subscriber_is_one_source(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    struct address source = {.family = AF_INET6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
    struct fetch_event event = refusal(POLICY_UNKNOWN_PAIR, FIXTURE_NOW_S);

    event.source = &source;
    for (uint8_t i = 1; i <= 50; i++) {
        source.bytes[8] = i;
        source.bytes[15] = i;
        fetch_log_refused(log, &event);
    }
    close_log(fixture, log);
    assert_int_equal(lines_with(fixture, "source=2001:db8:: reason=unknown_pair count=50"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 1);
}

static void test_300_refusals_within_a_minute_are_an_alarm(void **state)
{
    struct app_fixture *fixture = *state;
    struct alarms *alarms = NULL;
    struct fetch_log *log = NULL;
    struct fetch_event event = refusal(POLICY_UNKNOWN_PAIR, FIXTURE_NOW_S);

    fixture_start_store(fixture);
    assert_int_equal(alarms_new(fixture->writer, &fixture->clock, &alarms), 0);
    assert_int_equal(fetch_log_new(fixture->writer, alarms, &log), 0);
    for (int i = 0; i < 299; i++)
        fetch_log_refused(log, &event);
    event.now += 60; /* the next minute */
    for (int i = 0; i < 301; i++)
        fetch_log_refused(log, &event);
    event = refusal(POLICY_PROBE, FIXTURE_NOW_S); /* routine */
    for (int i = 0; i < 1000; i++)
        fetch_log_refused(log, &event);
    close_log(fixture, log);
    alarms_free(alarms);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM alarm WHERE kind = "
                                             "'refusal_burst' AND subject = '192.0.2.7'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count FROM alarm"), 1);
}

static void test_tick_hands_on_what_is_new_and_writes_the_line_when_the_minute_is_over(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    struct fetch_event event = refusal(POLICY_FLAT_OFF, FIXTURE_NOW_S);

    for (int second = 0; second < 20; second++) {
        event.now = FIXTURE_NOW_S + second;
        fetch_log_refused(log, &event);
        fetch_log_tick(log, event.now);
    }
    fetch_log_tick(log, FIXTURE_NOW_S + 19);
    assert_int_equal(fixture->log_len, 0);
    fetch_log_tick(log, FIXTURE_NOW_S + 60);
    assert_int_equal(lines_with(fixture, "reason=flat_off count=20"), 1);
    fetch_log_tick(log, FIXTURE_NOW_S + 61);
    fetch_log_tick(log, FIXTURE_NOW_S + 120);
    assert_int_equal(lines_with(fixture, "refused"), 1);
    close_log(fixture, log);
    assert_int_equal(lines_with(fixture, "refused"), 1);
    /* One row all the same: the store adds up what belongs together. */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count FROM refusal"), 20);
}

static void test_clock_that_was_set_back_ends_the_minute(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    struct fetch_event event = refusal(POLICY_FLAT_OFF, FIXTURE_NOW_S);

    fetch_log_refused(log, &event);
    fetch_log_tick(log, FIXTURE_NOW_S - 3600);
    assert_int_equal(lines_with(fixture, "reason=flat_off count=1"), 1);
    close_log(fixture, log);
}

static void test_scan_from_many_sources_loses_no_count(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);

    for (unsigned i = 0; i < 700; i++) {
        struct address scanner = {.family = AF_INET,
                                  .bytes = {198, 51, (uint8_t)(i >> 8), (uint8_t)i}};
        struct fetch_event event = refusal(POLICY_UNKNOWN_PATH, FIXTURE_NOW_S);
        event.source = &scanner;
        fetch_log_refused(log, &event);
    }
    close_log(fixture, log);
    assert_int_equal(lines_with(fixture, "refused"), 700);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 700);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal"), 700);
}

static void test_refusal_of_a_known_phone_has_its_own_row_and_line(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = NULL;
    struct store_phone phone;
    struct arena arena;
    struct fetch_event event = refusal(POLICY_DISABLED, FIXTURE_NOW_S + 5);

    arena_init(&arena, 65536);
    add_phone(fixture, &arena, &phone);
    assert_int_equal(fetch_log_new(fixture->writer, NULL, &log), 0);
    event.phone = &phone;
    event.mac = MAC;
    event.role = "config";
    event.token_tag = "t:01234567";
    event.user_agent = "Acme/1.0";
    fetch_log_refused(log, &event);
    fetch_log_refused(log, &event);
    assert_int_equal(lines_with(fixture, "refused source=192.0.2.7 mac=cc5ef641b794 user=alice "
                                         "token=t:01234567 agent=\"Acme/1.0\" reason=disabled"),
                     2);
    close_log(fixture, log);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal WHERE phone_id = "
                                             "(SELECT id FROM phone) AND mac = 'cc5ef641b794' AND "
                                             "token_tag = 't:01234567' AND reason = 'disabled' "
                                             "AND at = 1700000045"),
                     2);
    arena_done(&arena);
}

static void test_fetch_is_a_record_a_line_and_the_phones_last_fetch(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = NULL;
    struct store_phone phone;
    struct arena arena;
    uint8_t digest[VAULT_TAG_BYTES];
    static const uint32_t LINES[] = {1, 2};
    struct fetch_event event = refusal(POLICY_SERVE, FIXTURE_NOW_S);

    arena_init(&arena, 65536);
    memset(digest, 0xd1, sizeof(digest));
    add_phone(fixture, &arena, &phone);
    assert_int_equal(fetch_log_new(fixture->writer, NULL, &log), 0);
    event.phone = &phone;
    event.mac = MAC;
    event.role = "config";
    event.file = "{mac}.xml";
    event.token_tag = "t:01234567";
    event.user_agent = "Acme \"X\"\n\x1b[31m\xff";
    event.status = 200;
    event.body_bytes = 1234;
    event.body_digest = digest;
    event.line_digests = LINES;
    event.line_count = 2;
    fetch_log_served(log, &event);
    assert_int_equal(fetch_log_count(log, POLICY_SERVE), 1);
    assert_int_equal(
        lines_with(fixture, "fetch source=192.0.2.7 mac=cc5ef641b794 user=alice token=t:01234567 "
                            "agent=\"Acme \\x22X\\x22\\x0a\\x1b[31m\\xff\" status=200 bytes=1234"),
        1);
    close_log(fixture, log);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch WHERE status = 200 AND "
                                             "body_bytes = 1234 AND source = '192.0.2.7'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT last_fetch_at FROM phone"), FIXTURE_NOW_S);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM delivered WHERE length(digest) = 32 AND "
                                    "lines = x'0100000002000000'"),
                     1);
    arena_done(&arena);
}

static void test_longest_fields_are_cut_not_spilled(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    char agent[2000];
    struct fetch_event event = refusal(POLICY_SERVE, FIXTURE_NOW_S);

    memset(agent, '\n', sizeof(agent) - 1);
    agent[sizeof(agent) - 1] = '\0';
    event.user_agent = agent;
    event.status = 200;
    event.role = "a role that is longer than any role";
    fetch_log_served(log, &event);
    close_log(fixture, log);
    assert_int_equal(lines_with(fixture, "status=200 bytes=0"), 1);
    assert_true(fixture->log_len < 1024);
}

static void test_closed_log_lets_go_of_the_writer_and_counts_on(void **state)
{
    struct app_fixture *fixture = *state;
    struct fetch_log *log = open_log(fixture);
    struct fetch_event event = refusal(POLICY_UNKNOWN_MAC, FIXTURE_NOW_S);

    fetch_log_refused(log, &event);
    fetch_log_close(log);
    fixture_stop_store(fixture);
    fetch_log_refused(log, &event);
    fetch_log_tick(log, FIXTURE_NOW_S + 120);
    event.status = 200;
    fetch_log_served(log, &event);
    fetch_log_close(log);
    assert_int_equal(fetch_log_count(log, POLICY_UNKNOWN_MAC), 2);
    assert_int_equal(fixture_number(fixture, "SELECT sum(count) FROM refusal"), 1);
    fetch_log_free(log);
    fetch_log_free(NULL);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_refusals_are_counted_per_source_reason_and_minute),
        ROW(test_an_ipv6_subscriber_is_one_source),
        ROW(test_300_refusals_within_a_minute_are_an_alarm),
        ROW(test_tick_hands_on_what_is_new_and_writes_the_line_when_the_minute_is_over),
        ROW(test_clock_that_was_set_back_ends_the_minute),
        ROW(test_scan_from_many_sources_loses_no_count),
        ROW(test_refusal_of_a_known_phone_has_its_own_row_and_line),
        ROW(test_fetch_is_a_record_a_line_and_the_phones_last_fetch),
        ROW(test_longest_fields_are_cut_not_spilled),
        ROW(test_closed_log_lets_go_of_the_writer_and_counts_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
