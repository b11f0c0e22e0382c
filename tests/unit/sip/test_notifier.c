/* NOTIFYs on their way: what is sent when, what ends them, and how a challenge is answered. */
#include "autoprov/sip_notifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/sip_digest.h"
#include "sip_world.h"

static struct world world;
static int thing; /* its address is a notice's data */

static int setup(void **state)
{
    (void)state;
    world_open(&world, 8);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static void start(const struct sip_notice *notice)
{
    assert_int_equal(sip_notifier_start(world.notifier, notice, world.now_ms), 0);
}

static void start_one(void)
{
    struct sip_notice notice = world_notice(&thing);

    start(&notice);
}

static void start_with_password(void)
{
    struct sip_notice notice = world_notice(&thing);

    notice.user = "2001";
    notice.password = "secret";
    start(&notice);
}

static void check_done(size_t count, enum sip_outcome outcome, int status)
{
    assert_int_equal(world.done_count, count);
    assert_ptr_equal(world.done[count - 1].data, &thing);
    assert_int_equal(world.done[count - 1].outcome, outcome);
    assert_int_equal(world.done[count - 1].status, status);
}

static struct sip_notifier_stats stats(void)
{
    struct sip_notifier_stats now;

    sip_notifier_stats(world.notifier, &now);
    return now;
}

/* -- what is sent ------------------------------------------------------------------------------ */

/* Hex digits that are random, as 'x'. */
static void mask(char *text, const char *before)
{
    char *at = strstr(text, before);

    assert_non_null(at);
    for (at += strlen(before); strchr("0123456789abcdef", *at) && *at; at++)
        *at = 'x';
}

static void test_a_notify_says_what_was_asked_for(void **state)
{
    (void)state;
    start_one();
    assert_int_equal(world.sent_count, 1);
    assert_int_equal(world.sent[0].to.port, 5060);
    mask(world.sent[0].bytes, "z9hG4bK");
    mask(world.sent[0].bytes, ";tag=");
    mask(world.sent[0].bytes, "Call-ID: ");
    assert_string_equal(world.sent[0].bytes,
                        "NOTIFY sip:2001@192.0.2.7:5060 SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP 192.0.2.53:5060;"
                        "branch=z9hG4bKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;rport\r\n"
                        "Max-Forwards: 70\r\n"
                        "From: <sip:autoprovd@192.0.2.53>;tag=xxxxxxxxxxxxxxxx\r\n"
                        "To: <sip:2001@192.0.2.7>\r\n"
                        "Call-ID: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
                        "CSeq: 1 NOTIFY\r\n"
                        "Contact: <sip:192.0.2.53:5060>\r\n"
                        "Event: check-sync;reboot=false\r\n"
                        "Subscription-State: terminated;reason=timeout\r\n"
                        "Content-Length: 0\r\n\r\n");
}

static void test_a_body_has_its_exact_length_and_no_line_end(void **state)
{
    struct sip_notice notice = world_notice(&thing);

    (void)state;
    notice.to = endpoint_of("2001:db8::7", 5062);
    notice.request_uri = "sip:[2001:db8::7]:5062";
    notice.from = "<sip:a@b>;tag=ours";
    notice.from_has_tag = true;
    notice.to_header = "<sip:c@d>;tag=theirs";
    notice.call_id = "their@call";
    notice.cseq = 41;
    notice.event = "ua-profile;vendor=\"x\"";
    notice.content_type = "application/url";
    notice.body = "https://pbx.example/p/";
    start(&notice);
    mask(world.sent[0].bytes, "z9hG4bK");
    assert_string_equal(world.sent[0].bytes,
                        "NOTIFY sip:[2001:db8::7]:5062 SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP [2001:db8::53]:5060;"
                        "branch=z9hG4bKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;rport\r\n"
                        "Max-Forwards: 70\r\n"
                        "From: <sip:a@b>;tag=ours\r\n"
                        "To: <sip:c@d>;tag=theirs\r\n"
                        "Call-ID: their@call\r\n"
                        "CSeq: 41 NOTIFY\r\n"
                        "Contact: <sip:[2001:db8::53]:5060>\r\n"
                        "Event: ua-profile;vendor=\"x\"\r\n"
                        "Subscription-State: terminated;reason=timeout\r\n"
                        "Content-Type: application/url\r\n"
                        "Content-Length: 22\r\n\r\n"
                        "https://pbx.example/p/");
}

static void test_branches_tags_and_call_ids_are_never_the_same(void **state)
{
    (void)state;
    start_one();
    start_one();
    for (const char *const *mark = (const char *const[]){"z9hG4bK", ";tag=", "Call-ID: ", NULL};
         *mark; mark++) {
        const char *a = strstr(world.sent[0].bytes, *mark);
        const char *b = strstr(world.sent[1].bytes, *mark);
        assert_memory_not_equal(a, b, strlen(*mark) + 16);
    }
}

static void test_what_cannot_stand_in_a_message_is_refused(void **state)
{
    static const char *const BROKEN[] = {"", "a\r\nX: y", "a\nb", "a\rb", "a\x01", "a\x7f"};
    static const char *const NOT_PLAIN[] = {"sip:a b", "sip:<a>", "sip:\"a\"", "sip:\xc3\xa4"};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(BROKEN) * 7; i++) {
        struct sip_notice notice = world_notice(&thing);
        const char **const fields[] = {&notice.request_uri, &notice.from,
                                       &notice.to_header,   &notice.call_id,
                                       &notice.event,       &notice.subscription_state,
                                       &notice.content_type};
        *fields[i % 7] = BROKEN[i / 7];
        assert_int_equal(sip_notifier_start(world.notifier, &notice, world.now_ms), AP_EINVAL);
    }
    for (size_t i = 0; i < AP_COUNT(NOT_PLAIN); i++) {
        struct sip_notice notice = world_notice(&thing);
        notice.request_uri = NOT_PLAIN[i];
        assert_int_equal(sip_notifier_start(world.notifier, &notice, world.now_ms), AP_EINVAL);
    }
    struct sip_notice notice = world_notice(&thing);
    notice.cseq = INT32_MAX;
    assert_int_equal(sip_notifier_start(world.notifier, &notice, world.now_ms), AP_EINVAL);
    assert_int_equal(world.sent_count, 0);
    assert_int_equal(stats().transactions, 0);
    assert_int_equal(sip_notifier_next_ms(world.notifier), -1);
}

static void test_a_message_that_no_datagram_holds_is_refused(void **state)
{
    static char body[4096];
    struct sip_notice notice = world_notice(&thing);

    (void)state;
    memset(body, 'x', sizeof(body) - 1);
    notice.content_type = "application/url";
    notice.body = body;
    assert_int_equal(sip_notifier_start(world.notifier, &notice, world.now_ms), AP_EINVAL);
    assert_int_equal(world.sent_count, 0);
}

static void test_without_an_address_of_ours_nothing_starts(void **state)
{
    struct sip_notice notice = world_notice(&thing);

    (void)state;
    world.no_local = true;
    assert_int_equal(sip_notifier_start(world.notifier, &notice, world.now_ms), AP_EIO);
    assert_int_equal(world.sent_count, 0);
    assert_int_equal(world.done_count, 0);
}

/* -- when -------------------------------------------------------------------------------------- */

static void check_times(const int64_t *times, size_t count)
{
    assert_int_equal(world.sent_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(world.sent[i].at_ms - world.sent[0].at_ms, times[i]);
}

static void test_without_an_answer_it_is_sent_again_for_32_seconds(void **state)
{
    static const int64_t TIMES[] = {0,     500,   1500,  3500,  7500, 11500,
                                    15500, 19500, 23500, 27500, 31500};
    int64_t begin = world.now_ms;

    (void)state;
    start_one();
    world_run(&world, begin + 31999);
    assert_int_equal(world.done_count, 0);
    check_times(TIMES, AP_COUNT(TIMES));
    for (size_t i = 1; i < AP_COUNT(TIMES); i++)
        assert_string_equal(world.sent[i].bytes, world.sent[0].bytes);
    world_run(&world, begin + 60000);
    check_times(TIMES, AP_COUNT(TIMES));
    check_done(1, SIP_UNREACHABLE, 0);
    assert_int_equal(world.done[0].at_ms, begin + 32000);
    assert_int_equal(sip_notifier_next_ms(world.notifier), -1);
    assert_int_equal(stats().sent, 1);
    assert_int_equal(stats().retransmitted, 10);
}

static void test_a_provisional_answer_slows_it_to_4_seconds(void **state)
{
    static const int64_t TIMES[] = {0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500};
    int64_t begin = world.now_ms;

    (void)state;
    start_one();
    world_run(&world, begin + 100);
    assert_true(world_answer(&world, &world.sent[0], 100, ""));
    assert_true(world_answer(&world, &world.sent[0], 183, ""));
    world_run(&world, begin + 32000);
    check_times(TIMES, AP_COUNT(TIMES));
    check_done(1, SIP_UNREACHABLE, 0);
}

static void test_a_final_answer_ends_it(void **state)
{
    static const struct {
        int status;
        enum sip_outcome outcome;
    } ROWS[] = {
        {200, SIP_ACCEPTED}, {202, SIP_ACCEPTED}, {299, SIP_ACCEPTED}, {302, SIP_REFUSED},
        {401, SIP_REFUSED},  {407, SIP_REFUSED},  {481, SIP_REFUSED},  {489, SIP_REFUSED},
        {500, SIP_REFUSED},  {603, SIP_REFUSED},  {699, SIP_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        start_one();
        assert_true(world_answer(&world, &world.sent[i], ROWS[i].status, ""));
        check_done(i + 1, ROWS[i].outcome, ROWS[i].status);
        assert_int_equal(stats().transactions, 0);
    }
    world_run(&world, world.now_ms + 60000);
    assert_int_equal(world.sent_count, AP_COUNT(ROWS));
}

static void test_answers_that_come_late_or_twice_are_swallowed_for_5_seconds(void **state)
{
    int64_t begin = world.now_ms;

    (void)state;
    start_one();
    assert_true(world_answer(&world, &world.sent[0], 200, ""));
    assert_true(world_answer(&world, &world.sent[0], 200, ""));
    assert_true(world_answer(&world, &world.sent[0], 100, ""));
    world_run(&world, begin + 4999);
    assert_true(world_answer(&world, &world.sent[0], 500, ""));
    assert_int_equal(stats().strays, 0);
    assert_int_equal(sip_notifier_next_ms(world.notifier), begin + 5000);
    world_run(&world, begin + 5000);
    assert_false(world_answer(&world, &world.sent[0], 200, ""));
    assert_int_equal(stats().strays, 1);
    check_done(1, SIP_ACCEPTED, 200);
    assert_int_equal(world.sent_count, 1);
}

static void test_after_a_late_tick_nothing_is_sent_in_a_row(void **state)
{
    int64_t begin = world.now_ms;

    (void)state;
    start_one();
    world.now_ms = begin + 20000;
    sip_notifier_tick(world.notifier, world.now_ms);
    assert_int_equal(world.sent_count, 2);
    assert_int_equal(sip_notifier_next_ms(world.notifier), begin + 21000);
    world.now_ms = begin + 90000;
    sip_notifier_tick(world.notifier, world.now_ms);
    assert_int_equal(world.sent_count, 2);
    check_done(1, SIP_UNREACHABLE, 0);
}

static void test_what_cannot_be_sent_at_all_is_unreachable_a_moment_later(void **state)
{
    (void)state;
    world.send_fails = true;
    start_one();
    assert_int_equal(world.done_count, 0);
    sip_notifier_tick(world.notifier, world.now_ms);
    assert_int_equal(world.done_count, 0);
    assert_int_equal(sip_notifier_next_ms(world.notifier), world.now_ms + 1);
    world_run(&world, world.now_ms + 1);
    check_done(1, SIP_UNREACHABLE, 0);
}

static void test_what_cannot_be_sent_again_is_as_if_it_were_lost(void **state)
{
    int64_t begin = world.now_ms;

    (void)state;
    start_one();
    world.send_fails = true;
    world_run(&world, begin + 10000);
    assert_int_equal(world.done_count, 0);
    world.send_fails = false;
    world_run(&world, begin + 11500);
    assert_int_equal(world.sent_count, 2);
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    check_done(1, SIP_ACCEPTED, 200);
}

/* -- who answers ------------------------------------------------------------------------------- */

static void test_an_answer_comes_from_its_address_and_any_port(void **state)
{
    static const char *const OTHERS[] = {"192.0.2.8", "2001:db8::7", "192.0.2.6"};
    struct sip_endpoint from;

    (void)state;
    start_one();
    for (size_t i = 0; i < AP_COUNT(OTHERS); i++) {
        from = endpoint_of(OTHERS[i], 5060);
        assert_false(world_answer_from(&world, &world.sent[0], 200, "", &from));
        assert_int_equal(stats().strays, i + 1);
    }
    assert_int_equal(world.done_count, 0);
    from = endpoint_of("192.0.2.7", 33000);
    from.address.port = 7;
    assert_true(world_answer_from(&world, &world.sent[0], 200, "", &from));
    check_done(1, SIP_ACCEPTED, 200);
}

static void test_answers_to_something_else_are_strays(void **state)
{
    struct sip_endpoint from = endpoint_of("192.0.2.7", 5060);
    struct sip_message response;
    char branch[64];

    (void)state;
    start_one();
    response = world_read(&world, &world.sent[0]);
    assert_false(sip_notifier_receive(world.notifier, &from, &response, world.now_ms));
    assert_int_equal(stats().strays, 0); /* a request is no answer */
    response.is_response = true;
    response.status = 200;
    (void)snprintf(branch, sizeof(branch), "%s", response.via_branch);
    response.via_branch = branch;

    response.method = SIP_SUBSCRIBE;
    assert_false(sip_notifier_receive(world.notifier, &from, &response, world.now_ms));
    response.method = SIP_NOTIFY;
    static const char *const BRANCHES[] = {NULL,
                                           "",
                                           "z9hG4bK",
                                           "z9hG4bK0123456789abcdef",
                                           "x9hG4bK0123456789abcdef0123456789abcdef",
                                           "z9hG4bK0123456789abcdef0123456789abcdef",
                                           "z9hG4bK0123456789abcdef0123456789abcdeg"};
    for (size_t i = 0; i < AP_COUNT(BRANCHES); i++) {
        response.via_branch = BRANCHES[i];
        assert_false(sip_notifier_receive(world.notifier, &from, &response, world.now_ms));
    }
    for (size_t at = 0; branch[at]; at++) {
        char old = branch[at];
        response.via_branch = branch;
        branch[at] = old == '0' ? '1' : '0';
        assert_false(sip_notifier_receive(world.notifier, &from, &response, world.now_ms));
        branch[at] = old;
    }
    assert_int_equal(stats().strays, 1 + AP_COUNT(BRANCHES) + strlen(branch));
    assert_int_equal(world.done_count, 0);
    assert_true(sip_notifier_receive(world.notifier, &from, &response, world.now_ms));
    check_done(1, SIP_ACCEPTED, 200);
}

/* -- challenges -------------------------------------------------------------------------------- */

#define CHALLENGE                                                                                  \
    "WWW-Authenticate: Digest realm=\"asterisk\", nonce=\"4f2b\", opaque=\"o\", qop=\"auth\", "    \
    "algorithm=MD5\r\n"

/* The line is what sip_digest_write() makes with the cnonce that was chosen. */
static void check_credentials(const char *text)
{
    const struct sip_challenge challenge = {
        .realm = "asterisk", .nonce = "4f2b", .opaque = "o", .qop_given = true, .qop_auth = true};
    char cnonce[33] = "";
    struct sip_digest digest = {.user = "2001",
                                .password = "secret",
                                .method = "NOTIFY",
                                .uri = "sip:2001@192.0.2.7:5060",
                                .cnonce = cnonce,
                                .count = 1};
    const char *at = strstr(text, "cnonce=\"");
    struct buf line;

    assert_non_null(at);
    memcpy(cnonce, at + 8, 32);
    assert_int_equal(strspn(cnonce, "0123456789abcdef"), 32);
    buf_init_secret(&line, 2048);
    assert_int_equal(sip_digest_write(&line, &challenge, &digest), 0);
    assert_non_null(strstr(text, line.data));
    buf_done(&line);
}

static void test_a_challenge_is_answered_once_by_a_new_transaction(void **state)
{
    struct sip_notice notice = world_notice(&thing);
    char first_branch[64], call_id[64], tag[64];
    struct sip_message message;
    int64_t begin = world.now_ms;

    (void)state;
    notice.user = "2001";
    notice.password = "secret";
    notice.cseq = 9; /* so that the number grows by a digit */
    notice.content_type = "application/url";
    notice.body = "https://pbx.example/";
    start(&notice);
    message = world_read(&world, &world.sent[0]);
    (void)snprintf(first_branch, sizeof(first_branch), "%s", message.via_branch);
    (void)snprintf(call_id, sizeof(call_id), "%s", message.call_id);
    (void)snprintf(tag, sizeof(tag), "%s", message.from_tag);
    assert_null(strstr(world.sent[0].bytes, "uthorization"));

    world_run(&world, begin + 20000);
    size_t before = world.sent_count;
    assert_true(world_answer(&world, &world.sent[0], 401, CHALLENGE));
    assert_int_equal(world.sent_count, before + 1);
    assert_int_equal(world.done_count, 0);
    message = world_read(&world, &world.sent[before]);
    assert_string_not_equal(message.via_branch, first_branch);
    assert_string_equal(message.call_id, call_id);
    assert_string_equal(message.from_tag, tag);
    assert_int_equal(message.cseq, 10);
    assert_string_equal(message.body, "https://pbx.example/");
    assert_int_equal(message.body_len, 20);
    check_credentials(world.sent[before].bytes);

    assert_true(world_answer(&world, &world.sent[0], 401, CHALLENGE)); /* late: swallowed */
    assert_int_equal(world.sent_count, before + 1);
    world_run(&world, begin + 20500); /* a schedule of its own */
    assert_int_equal(world.sent_count, before + 2);
    assert_string_equal(world.sent[before + 1].bytes, world.sent[before].bytes);
    assert_true(world_answer(&world, &world.sent[before], 200, ""));
    check_done(1, SIP_ACCEPTED_CHALLENGED, 200);
    assert_int_equal(stats().challenges_answered, 1);
    assert_int_equal(stats().sent, 2);
}

static void test_an_answer_to_a_challenge_has_32_seconds_of_its_own(void **state)
{
    int64_t begin = world.now_ms;

    (void)state;
    start_with_password();
    world_run(&world, begin + 31000);
    assert_true(world_answer(&world, &world.sent[0], 407,
                             "Proxy-Authenticate: Digest realm=r,nonce=n\r\n"));
    assert_non_null(
        strstr(world.sent[world.sent_count - 1].bytes, "\r\nProxy-Authorization: Digest "));
    world_run(&world, begin + 62999);
    assert_int_equal(world.done_count, 0);
    world_run(&world, begin + 63000);
    check_done(1, SIP_UNREACHABLE, 0);
}

static void test_a_second_challenge_is_a_refusal(void **state)
{
    (void)state;
    start_with_password();
    assert_true(world_answer(&world, &world.sent[0], 401, CHALLENGE));
    assert_true(world_answer(&world, &world.sent[1], 401, CHALLENGE));
    check_done(1, SIP_REFUSED, 401);
    assert_int_equal(world.sent_count, 2);
}

static void test_a_challenge_that_cannot_be_answered_is_a_refusal(void **state)
{
    static const struct {
        const char *user, *password, *more;
    } ROWS[] = {
        {NULL, NULL, CHALLENGE},
        {"2001", NULL, CHALLENGE},
        {"2001", "secret", ""},
        {"2001", "secret", "WWW-Authenticate: Basic realm=\"r\"\r\n"},
        {"2001", "secret", "WWW-Authenticate: Digest realm=r,nonce=n,algorithm=MD5-sess\r\n"},
        {"2001", "secret", "WWW-Authenticate: Digest realm=r,nonce=n,qop=\"auth-int\"\r\n"},
        {"20\"01", "secret", CHALLENGE},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct sip_notice notice = world_notice(&thing);
        notice.user = ROWS[i].user;
        notice.password = ROWS[i].password;
        start(&notice);
        assert_true(world_answer(&world, &world.sent[i], 401, ROWS[i].more));
        assert_int_equal(world.sent_count, i + 1);
        check_done(i + 1, SIP_REFUSED, 401);
    }
}

static void test_an_answer_that_cannot_be_sent_at_once_is_sent_again(void **state)
{
    (void)state;
    start_with_password();
    world.send_fails = true;
    assert_true(world_answer(&world, &world.sent[0], 401, CHALLENGE));
    world.send_fails = false;
    world_run(&world, world.now_ms + 500);
    assert_int_equal(world.sent_count, 2);
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    check_done(1, SIP_ACCEPTED_CHALLENGED, 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_notify_says_what_was_asked_for),
        TEST(test_a_body_has_its_exact_length_and_no_line_end),
        TEST(test_branches_tags_and_call_ids_are_never_the_same),
        TEST(test_what_cannot_stand_in_a_message_is_refused),
        TEST(test_a_message_that_no_datagram_holds_is_refused),
        TEST(test_without_an_address_of_ours_nothing_starts),
        TEST(test_without_an_answer_it_is_sent_again_for_32_seconds),
        TEST(test_a_provisional_answer_slows_it_to_4_seconds),
        TEST(test_a_final_answer_ends_it),
        TEST(test_answers_that_come_late_or_twice_are_swallowed_for_5_seconds),
        TEST(test_after_a_late_tick_nothing_is_sent_in_a_row),
        TEST(test_what_cannot_be_sent_at_all_is_unreachable_a_moment_later),
        TEST(test_what_cannot_be_sent_again_is_as_if_it_were_lost),
        TEST(test_an_answer_comes_from_its_address_and_any_port),
        TEST(test_answers_to_something_else_are_strays),
        TEST(test_a_challenge_is_answered_once_by_a_new_transaction),
        TEST(test_an_answer_to_a_challenge_has_32_seconds_of_its_own),
        TEST(test_a_second_challenge_is_a_refusal),
        TEST(test_a_challenge_that_cannot_be_answered_is_a_refusal),
        TEST(test_an_answer_that_cannot_be_sent_at_once_is_sent_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
