/* Questions over time: repeats, what is forgotten when, sources that ask too often, endings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "sip_forms.h"
#include "sip_pnp_private.h"
#include "sip_pnp_world.h"
#include "support/alloc_fault.h"

#define ASK                                                                                        \
    "SUBSCRIBE sip:MAC%%3a001565000001@224.0.1.75 SIP/2.0\r\n"                                     \
    "Via: SIP/2.0/UDP 192.0.2.1;branch=%s;rport\r\n"                                               \
    "From: <sip:a@b>;tag=f\r\nTo: <sip:a@b>\r\nCall-ID: %zu\r\nCSeq: %u SUBSCRIBE\r\n"             \
    "Event: ua-profile\r\n\r\n"

static void ask(size_t call_id, unsigned cseq, const char *branch, const char *address,
                uint16_t port)
{
    char text[1000];

    (void)snprintf(text, sizeof(text), ASK, branch, call_id, cseq);
    pnp_receive(text, address, port);
}

/* -- repeats ----------------------------------------------------------------------------------- */

static void test_a_repeated_question_is_told_once_and_swallowed(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        pnp_receive(FORM_GRANDSTREAM, "192.0.2.20", 5080);
        world_run(&world, world.now_ms + 1000);
    }
    assert_int_equal(asked_last.count, 1);
    assert_int_equal(world.sent_count, 0);
    assert_int_equal(pnp_stats().questions, 1);
    assert_int_equal(pnp_stats().repeats, 4);
}

static void test_a_served_question_that_is_repeated_gets_the_same_200_alone(void **state)
{
    (void)state;
    asked_last.serve_at_once = true;
    pnp_receive(FORM_GRANDSTREAM, "192.0.2.20", 5080);
    assert_int_equal(world.sent_count, 2);
    pnp_receive(FORM_GRANDSTREAM, "192.0.2.20", 5080);
    assert_int_equal(world.sent_count, 3);
    assert_string_equal(world.sent[2].bytes, world.sent[0].bytes);
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    pnp_receive(FORM_GRANDSTREAM, "192.0.2.20", 5080);
    assert_int_equal(world.sent_count, 4);
    assert_string_equal(world.sent[3].bytes, world.sent[0].bytes);
    assert_int_equal(asked_last.count, 1);
    assert_int_equal(told_last.count, 1);
    assert_int_equal(pnp_stats().served, 1);
}

/* Else a phone with a new socket for each try hears nothing of the first one's answer. */
static void test_a_repeat_is_answered_on_its_own_way_with_the_same_tag(void **state)
{
    (void)state;
    ask(1, 1, "one", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    ask(1, 1, "two", "192.0.2.1", 4001);
    assert_int_equal(asked_last.count, 1);
    assert_int_equal(world.sent_count, 3);
    assert_int_equal(world.sent[2].to.port, 4001);
    assert_non_null(strstr(world.sent[2].bytes, ";branch=two;rport=4001;"));
    assert_string_equal(strstr(world.sent[0].bytes, "\r\nTo: "),
                        strstr(world.sent[2].bytes, "\r\nTo: "));
}

static void test_call_id_cseq_and_address_make_a_question(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    ask(2, 1, "b", "192.0.2.1", 4000);
    ask(1, 2, "b", "192.0.2.1", 4000);
    ask(1, 1, "b", "192.0.2.2", 4000);
    assert_int_equal(asked_last.count, 4);
    ask(1, 1, "b", "192.0.2.2", 4001);
    assert_int_equal(asked_last.count, 4);

    /* Where the hash leads to the same chain too. */
    struct sip_question a = {.call_id = "1", .cseq = 1}, b = a;
    a.from = endpoint_of("192.0.2.1", 4000);
    b.from = endpoint_of("192.0.2.1", 4001);
    assert_true(sip_question_is(&a, &b));
    b.from = endpoint_of("192.0.2.2", 4000);
    assert_false(sip_question_is(&a, &b));
    b = a;
    b.cseq = 2;
    assert_false(sip_question_is(&a, &b));
    b = a;
    b.call_id = "11";
    assert_false(sip_question_is(&a, &b));
}

static void test_an_ignored_question_is_never_answered(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    sip_pnp_ignore(pnp, asked_last.request.id);
    sip_pnp_ignore(pnp, asked_last.request.id);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), AP_ENOENT);
    ask(1, 1, "b", "192.0.2.1", 4000);
    world_run(&world, world.now_ms + 31999);
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(asked_last.count, 1);
    assert_int_equal(world.sent_count, 0);
    assert_int_equal(pnp_stats().ignored, 1);
    world_run(&world, world.now_ms + 1);
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(asked_last.count, 2);
}

static void test_an_id_serves_once(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), AP_ENOENT);
    assert_int_equal(sip_pnp_serve(pnp, 0, URL, SIP_PNP_PLAIN, world.now_ms), AP_ENOENT);
    assert_int_equal(sip_pnp_serve(pnp, UINT64_MAX, URL, SIP_PNP_PLAIN, world.now_ms), AP_ENOENT);
    sip_pnp_ignore(pnp, asked_last.request.id);
    assert_int_equal(pnp_stats().ignored, 0);
    assert_int_equal(world.sent_count, 2);
}

static void test_after_32_seconds_nobody_waits_any_more(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    world.now_ms += 31999;
    ask(2, 1, "b", "192.0.2.1", 4000);
    uint64_t second = asked_last.request.id;
    world.now_ms += 1;
    assert_int_equal(
        sip_pnp_serve(pnp, second - AP_SIP_PNP_MAX - 1, URL, SIP_PNP_PLAIN, world.now_ms),
        AP_ENOENT);
    assert_int_equal(sip_pnp_serve(pnp, second, URL, SIP_PNP_PLAIN, world.now_ms), 0);
}

static void test_the_end_of_a_notify_is_told(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    world_run(&world, world.now_ms + 32000);
    assert_int_equal(told_last.count, 1);
    assert_int_equal(told_last.outcome, SIP_UNREACHABLE);
    ask(2, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_true(world_answer(&world, &world.sent[world.sent_count - 1], 401,
                             "WWW-Authenticate: Digest realm=r,nonce=n\r\n"));
    assert_int_equal(told_last.count, 2);
    assert_int_equal(told_last.outcome, SIP_REFUSED);
    assert_int_equal(told_last.status, 401);
}

/* -- room -------------------------------------------------------------------------------------- */

static void test_where_there_is_no_room_the_oldest_gives_way(void **state)
{
    (void)state;
    ask(0, 1, "b", "192.0.2.1", 4000);
    uint64_t first = asked_last.request.id;
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    for (size_t i = 1; i < AP_SIP_PNP_MAX; i++)
        ask(i, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(asked_last.count, AP_SIP_PNP_MAX);
    assert_int_equal(told_last.count, 0);
    ask(AP_SIP_PNP_MAX, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(told_last.count, 1); /* its NOTIFY had not ended */
    assert_int_equal(told_last.outcome, SIP_CANCELLED);
    assert_int_not_equal(asked_last.request.id, first);
    assert_int_equal(asked_last.request.id % AP_SIP_PNP_MAX, first % AP_SIP_PNP_MAX);
    assert_int_equal(sip_pnp_serve(pnp, first, URL, SIP_PNP_PLAIN, world.now_ms), AP_ENOENT);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    ask(1, 1, "b", "192.0.2.1", 4000); /* the second one is still known */
    assert_int_equal(pnp_stats().repeats, 1);
    ask(0, 1, "b", "192.0.2.1", 4000); /* the first one is not, and takes its place */
    assert_int_equal(pnp_stats().repeats, 1);
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_stats().repeats, 1);
}

static void test_places_are_used_again_when_their_time_is_over(void **state)
{
    (void)state;
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < 3; i++)
            ask(i, 1, "b", "192.0.2.1", 4000);
        assert_int_equal(asked_last.count, 3 * round + 3);
        assert_int_equal(asked_last.request.id % AP_SIP_PNP_MAX, 2);
        world.now_ms += 32000;
    }
}

/* -- rates ------------------------------------------------------------------------------------- */

static void test_a_source_that_asks_too_often_is_not_admitted(void **state)
{
    struct sip_endpoint a = endpoint_of("192.0.2.1", 1), b = endpoint_of("192.0.2.2", 1);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(sip_pnp_admit(pnp, &a, world.now_ms));
    a.port = 2; /* a port is no other source */
    assert_false(sip_pnp_admit(pnp, &a, world.now_ms));
    assert_true(sip_pnp_admit(pnp, &b, world.now_ms));
    assert_false(sip_pnp_admit(pnp, &a, world.now_ms + 99));
    assert_true(sip_pnp_admit(pnp, &a, world.now_ms + 100));
    assert_false(sip_pnp_admit(pnp, &a, world.now_ms + 100));
    assert_int_equal(pnp_stats().dropped_rate, 3);
    for (int i = 0; i < 10; i++)
        assert_true(sip_pnp_admit(pnp, &a, world.now_ms + 1100));
    assert_false(sip_pnp_admit(pnp, &a, world.now_ms + 1100));
    assert_int_equal(world.sent_count + asked_last.count, 0);
}

/* 1024 places in sets: those that are loud stay known among many that ask once. */
static void test_many_quiet_sources_do_not_make_a_loud_one_forgotten(void **state)
{
    struct sip_endpoint loud = endpoint_of("192.0.2.1", 1), quiet = endpoint_of("10.0.0.0", 1);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(sip_pnp_admit(pnp, &loud, world.now_ms));
    for (int i = 0; i < 100000; i++) {
        quiet.address.bytes[1] = (uint8_t)(i >> 16);
        quiet.address.bytes[2] = (uint8_t)(i >> 8);
        quiet.address.bytes[3] = (uint8_t)i;
        assert_true(sip_pnp_admit(pnp, &quiet, world.now_ms + i / 1000));
    }
    assert_false(sip_pnp_admit(pnp, &loud, world.now_ms + 99));
}

static void test_questions_of_all_sources_together_are_bounded(void **state)
{
    char address[32];

    (void)state;
    pnp_open_bounded(4, 8);
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(address, sizeof(address), "192.0.2.%zu", i + 1);
        ask(i, 1, "b", address, 4000);
    }
    assert_int_equal(asked_last.count, 8);
    assert_int_equal(pnp_stats().questions, 8);
    assert_int_equal(pnp_stats().dropped_rate, 92);
    /* One that has a place is known still: its repeat is no new question. */
    ask(0, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_stats().repeats, 1);
    world.now_ms += 250;
    ask(99, 1, "b", "192.0.2.100", 4000); /* asks again, and is heard */
    ask(98, 1, "b", "192.0.2.99", 4000);
    assert_int_equal(asked_last.count, 9);
}

static void test_a_phone_that_asks_anew_is_told_once(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    ask(2, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_int_equal(told_last.count, 1); /* the first one is given up */
    assert_int_equal(told_last.outcome, SIP_CANCELLED);
    size_t sent = world.sent_count;
    world_run(&world, world.now_ms + 500);
    assert_int_equal(world.sent_count, sent + 1); /* T1: one series of repeats */
}

/* -- endings ----------------------------------------------------------------------------------- */

static void test_freeing_tells_of_notifies_that_had_not_ended(void **state)
{
    (void)state;
    ask(1, 1, "b", "192.0.2.1", 4000);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    ask(2, 1, "b", "192.0.2.1", 4000);
    sip_pnp_free(pnp);
    pnp = NULL;
    assert_int_equal(told_last.count, 1);
    assert_int_equal(told_last.outcome, SIP_CANCELLED);
    assert_true(world_answer(&world, &world.sent[1], 200, "")); /* swallowed */
    assert_int_equal(told_last.count, 1);
}

static int whole_life(void *data)
{
    struct sip_pnp_setup setup = {
        .data = &world, .send = world_send, .local = world_local, .per_source_per_s = 1};
    struct sip_pnp *other;

    (void)data;
    setup.notifier = world.notifier;
    int err = sip_pnp_new(&setup, &other);
    if (!err)
        sip_pnp_free(other);
    return err;
}

static int serve_one(void *data)
{
    (void)data;
    return pnp_serve(SIP_PNP_PLAIN);
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(whole_life, NULL) > 4);
    ask(1, 1, "b", "192.0.2.1", 4000);
    alloc_fault_arm(1, 1);
    int err = serve_one(NULL);
    alloc_fault_arm(0, 0);
    assert_int_equal(err, AP_ENOMEM);
    assert_int_equal(world.sent_count, 0); /* and it is waiting still */
    assert_int_equal(serve_one(NULL), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pnp_open, pnp_close)
    const struct CMUnitTest tests[] = {
        TEST(test_a_repeated_question_is_told_once_and_swallowed),
        TEST(test_a_served_question_that_is_repeated_gets_the_same_200_alone),
        TEST(test_a_repeat_is_answered_on_its_own_way_with_the_same_tag),
        TEST(test_call_id_cseq_and_address_make_a_question),
        TEST(test_an_ignored_question_is_never_answered),
        TEST(test_an_id_serves_once),
        TEST(test_after_32_seconds_nobody_waits_any_more),
        TEST(test_the_end_of_a_notify_is_told),
        TEST(test_where_there_is_no_room_the_oldest_gives_way),
        TEST(test_places_are_used_again_when_their_time_is_over),
        TEST(test_a_source_that_asks_too_often_is_not_admitted),
        TEST(test_many_quiet_sources_do_not_make_a_loud_one_forgotten),
        TEST(test_questions_of_all_sources_together_are_bounded),
        TEST(test_a_phone_that_asks_anew_is_told_once),
        TEST(test_freeing_tells_of_notifies_that_had_not_ended),
        TEST(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
