/* One phone is told to fetch: where, with what, and what becomes of it. */
#include "resync_world.h"

#include "autoprov/array.h"

static int open_direct(void **state)
{
    world_open(state, "");
    return 0;
}

static void test_a_phone_is_told_by_its_vendors_event_in_its_own_accounts_name(void **state)
{
    (void)state;
    world_fetched_from("192.0.2.7");
    uint64_t order_id = world_order_one(1, STORE_RESYNC_FETCH);
    assert_int_equal(world.rig.wakes, 1);
    world_tick(0);
    const struct resync_notice *notice = world_last_notice();
    assert_string_equal(notice->host, "192.0.2.7");
    assert_int_equal(notice->port, 5060);
    assert_string_equal(notice->request_uri, "sip:1001@192.0.2.7:5060");
    assert_string_equal(notice->from, "<sip:1001@pbx.example.com>");
    assert_string_equal(notice->to_header, "<sip:1001@pbx.example.com>");
    assert_string_equal(notice->event, "check-sync;reboot=false");
    assert_string_equal(notice->subscription_state, "terminated;reason=timeout");
    assert_string_equal(notice->content_type, "");
    assert_string_equal(notice->body, "");
    assert_string_equal(notice->user, "1001");
    assert_string_equal(notice->password, "first");
    assert_int_equal(world_rows("waiting"), 1);
    assert_int_equal(world_progress_of(order_id).outcomes[STORE_RESYNC_WAITING], 1);
    resync_fixture_answer(&world.rig, SIP_ACCEPTED_CHALLENGED, 200);
    world_tick(1000);
    assert_int_equal(world_rows("challenged"), 1);
    assert_int_equal(
        world_number("SELECT count(*) FROM resync WHERE kind = 'resync' AND via = 'direct' "
                     "AND target = 'sip:1001@192.0.2.7:5060' AND status = 200 AND "
                     "asked_at = 1700000040 AND ended_at = 1700000040 AND order_id = 1"),
        1);
    struct resync_progress progress = world_progress_of(order_id);
    assert_int_equal(progress.ended_at, FIXTURE_NOW_S + 1);
    assert_int_equal(progress.outcomes[STORE_RESYNC_CHALLENGED], 1);
    assert_int_equal(progress.outcomes[STORE_RESYNC_WAITING], 0);
    assert_int_equal(world.rig.next_ms, -1);
    assert_non_null(strstr(world.fixture->log, "resync_order order=1 of=phones phones=1"));
    assert_non_null(strstr(world.fixture->log, "resync mac=001565000001 order=1 kind=resync "
                                               "via=direct outcome=challenged status=200"));
    assert_null(strstr(world.fixture->log, "first"));
}

#define PNP_CONTACT(contact) "UPDATE pnp SET contact = '" contact "' RETURNING 1"

static void test_where_a_phone_listens(void **state)
{
    static const struct {
        const char *sql, *request_uri;
    } CASES[] = {
        {"UPDATE phone SET last_fetch_at = 5, last_fetch_address = '2001:db8::7' RETURNING 1",
         "sip:1001@[2001:db8::7]:5060"},
        /* Whoever asks by multicast can say any contact: it tells a port, and no other host. */
        {"INSERT INTO pnp (mac, contact, source, first_at, last_at, count) VALUES "
         "('001565000001', 'sip:x@192.0.2.8:5062', '192.0.2.8', 1, 1, 1) RETURNING 1",
         "sip:1001@[2001:db8::7]:5060"},
        {"UPDATE phone SET last_fetch_address = '192.0.2.80' RETURNING 1",
         "sip:1001@192.0.2.80:5060"},
        {"UPDATE phone SET last_fetch_address = '192.0.2.8' RETURNING 1",
         "sip:1001@192.0.2.8:5062"},
        /* Texts that begin with the phone's address, and lead elsewhere or nowhere. */
        {PNP_CONTACT("sip:a@192.0.2.8:[192.0.2.66]:5060"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:a@192.0.2.8:5060@[192.0.2.66]:99"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:192.0.2.8:1@192.0.2.66:5060"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:a@192.0.2.8:5061;maddr=192.0.2.66"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:a@192.0.2.8;transport=tcp"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:a@192.0.2.8:0"), "sip:1001@192.0.2.8:5060"},
        {PNP_CONTACT("sip:[2001:db8::7]:5063"), "sip:1001@192.0.2.8:5060"},
        {"UPDATE phone SET last_fetch_address = '2001:db8::7' RETURNING 1",
         "sip:1001@[2001:db8::7]:5063"},
        {"UPDATE phone SET sip_contact = 'sip:1001@192.0.2.9' RETURNING 1", "sip:1001@192.0.2.9"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        (void)world_number(CASES[i].sql);
        (void)world_order_one(1, STORE_RESYNC_REBOOT);
        world_tick(0);
        assert_string_equal(world_last_notice()->request_uri, CASES[i].request_uri);
        assert_string_equal(world_last_notice()->event, "check-sync;reboot=true");
    }
}

/* A commit costs more than a row. */
static void test_results_of_a_tenth_of_a_second_are_one_commit(void **state)
{
    struct resync *resync = world.rig.resync;
    int64_t now_ms;

    (void)state;
    world_fetched_from("192.0.2.7");
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    now_ms = world.fixture->monotonic_ms;
    resync->write_again_ms = now_ms + 100; /* as the commit has left it */
    resync_fixture_answer(&world.rig, SIP_ACCEPTED, 200);
    assert_int_equal(resync_tick(resync, now_ms + 99), now_ms + 100);
    assert_false(resync->batch.is_busy);
    assert_int_equal(resync_tick(resync, now_ms + 100), -1);
    assert_true(resync->batch.is_busy);
    world_tick(0);
    assert_int_equal(world_rows("accepted"), 1);
}

static void test_a_phone_without_a_line_is_told_in_the_name_of_its_mac(void **state)
{
    (void)state;
    world_fetched_from("192.0.2.7");
    (void)world_order_one(2, STORE_RESYNC_FETCH);
    world_tick(0);
    assert_string_equal(world_last_notice()->request_uri, "sip:192.0.2.7:5060");
    assert_string_equal(world_last_notice()->from, "<sip:001565000002@192.0.2.7>");
    assert_string_equal(world_last_notice()->password, "");
}

static void test_the_url_goes_in_the_vendors_form(void **state)
{
    (void)state;
    world_fetched_from("192.0.2.7");
    (void)world_order_one(1, STORE_RESYNC_URL);
    world_tick(0);
    assert_string_equal(world_last_notice()->event, "ua-profile");
    assert_string_equal(world_last_notice()->content_type, "application/url");
    assert_memory_equal(world_last_notice()->body, "https://pbx.example.com/provision/", 34);
    assert_null(strstr(world.fixture->log, world_last_notice()->body));
    /* Flatty's phones take none. */
    (void)world_order_one(4, STORE_RESYNC_URL);
    world_tick(0);
    assert_int_equal(world.rig.notice_count, 1);
    assert_int_equal(world_rows("failed"), 1);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE why = 'no_url'"), 1);
    assert_non_null(strstr(world.fixture->log, "outcome=failed status=0 why=no_url"));
}

static void test_who_cannot_be_told_gets_an_outcome_all_the_same(void **state)
{
    const uint8_t macs[4][AP_MAC_LEN] = {{0, 0x15, 0x65, 0, 0, 1},
                                         {0, 0x15, 0x65, 0, 0, 2},
                                         {0, 0x15, 0x65, 0, 0, 3},
                                         {0, 0x15, 0x65, 0, 0, 9}};

    (void)state;
    (void)world_number("UPDATE phone SET enabled = 0 WHERE mac = '001565000002' RETURNING 1");
    uint64_t order_id = world_order_of((struct resync_order){
        .whom = RESYNC_PHONES, .macs = macs, .mac_count = AP_COUNT(macs), .rate = 500});
    world_tick(0);
    world_tick(100);
    struct resync_progress progress = world_progress_of(order_id);
    assert_int_equal(world.rig.notice_count, 0);
    assert_int_equal(progress.outcomes[STORE_RESYNC_NO_TARGET], 1); /* 1: it never fetched */
    assert_int_equal(progress.outcomes[STORE_RESYNC_FAILED], 1);    /* 3: its vendor has no event */
    assert_int_equal(progress.passed_over, 2);                      /* 2: off; 9: gone */
    assert_int_equal(progress.total, 4);
    assert_true(progress.ended_at > 0);
    assert_int_equal(world_rows("no_target"), 1);
    assert_int_equal(world_rows("failed"), 1);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE why = 'no_event'"), 1);
    /* What the notifier refuses is no reason to stop. */
    world_fetched_from("192.0.2.7");
    world.rig.notify_err = AP_EINVAL;
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    assert_int_equal(world_rows("failed"), 2);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE why = 'not_sent'"), 1);
}

static void test_outcomes_of_the_notifier(void **state)
{
    static const struct {
        enum sip_outcome outcome;
        int status;
        const char *name;
    } CASES[] = {{SIP_ACCEPTED, 202, "accepted"},
                 {SIP_REFUSED, 489, "refused"},
                 {SIP_UNREACHABLE, 0, "unreachable"},
                 {SIP_CANCELLED, 0, "cancelled"}};

    (void)state;
    world_fetched_from("192.0.2.7");
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        (void)world_order_one(1, STORE_RESYNC_FETCH);
        world_tick(0);
        resync_fixture_answer(&world.rig, CASES[i].outcome, CASES[i].status);
        world_tick(0);
        assert_int_equal(world_rows(CASES[i].name), 1); /* the phone's last one */
        assert_int_equal(world_number("SELECT status FROM resync"), CASES[i].status);
    }
    uint64_t totals[STORE_RESYNC_OUTCOME_COUNT];
    resync_totals(world.rig.resync, totals);
    assert_int_equal(totals[STORE_RESYNC_REFUSED], 1);
    assert_int_equal(totals[STORE_RESYNC_WAITING], 0);
}

static void test_contacts_that_may_stand(void **state)
{
    static const struct {
        const char *contact;
        int err;
    } CASES[] = {
        {"sip:1001@192.0.2.7:5062", 0},
        {"sip:[2001:db8::7]:5060;line=x", 0},
        {"sips:1001@192.0.2.7", AP_ESYNTAX},
        {"1001@192.0.2.7", AP_ESYNTAX},
        {"sip:", AP_ESYNTAX},
        {"sip:1001@192.0.2.7 x", AP_ESYNTAX},
        {"<sip:1001@192.0.2.7>", AP_ESYNTAX},
        {"sip:1001@192.0.2.7\r\nX: y", AP_ESYNTAX},
        {"sip:1001@phone.example.com", AP_EINVAL},
        {"sip:1001@192.0.2.7;transport=tcp", AP_EINVAL},
        {"sip:1001@192.0.2.7:[192.0.2.8]", AP_ESYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++)
        assert_int_equal(resync_check_contact(CASES[i].contact), CASES[i].err);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_direct, world_close)
    const struct CMUnitTest tests[] = {
        ROW(test_a_phone_is_told_by_its_vendors_event_in_its_own_accounts_name),
        ROW(test_where_a_phone_listens),
        ROW(test_results_of_a_tenth_of_a_second_are_one_commit),
        ROW(test_a_phone_without_a_line_is_told_in_the_name_of_its_mac),
        ROW(test_the_url_goes_in_the_vendors_form),
        ROW(test_who_cannot_be_told_gets_an_outcome_all_the_same),
        ROW(test_outcomes_of_the_notifier),
        ROW(test_contacts_that_may_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
