/* Many NOTIFYs at once: limits, endings from above, and a load against a simple model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip_machine.h"
#include "sip_support.h"
#include "sip_world.h"
#include "support/alloc_fault.h"

static struct world world;
static int things[4]; /* their addresses are notices' data */

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static int start(void *data)
{
    struct sip_notice notice = world_notice(data);

    notice.user = "2001";
    notice.password = "secret";
    return sip_notifier_start(world.notifier, &notice, world.now_ms);
}

static void test_no_more_than_the_maximum_are_under_way(void **state)
{
    (void)state;
    world_open(&world, 2);
    assert_int_equal(start(&things[0]), 0);
    assert_int_equal(start(&things[1]), 0);
    assert_int_equal(start(&things[2]), AP_EBUSY);
    assert_int_equal(world.sent_count, 2);
    assert_true(world_answer(&world, &world.sent[0], 200, ""));
    assert_int_equal(start(&things[2]), 0);
    assert_int_equal(start(&things[3]), AP_EBUSY);
}

static void test_those_that_swallow_give_way_to_new_ones(void **state)
{
    (void)state;
    world_open(&world, 2);
    assert_int_equal(start(&things[0]), 0);
    assert_int_equal(start(&things[1]), 0);
    assert_true(world_answer(&world, &world.sent[0], 200, ""));
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    assert_int_equal(start(&things[2]), 0);
    assert_false(world_answer(&world, &world.sent[0], 200, "")); /* the oldest gave way */
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    assert_int_equal(start(&things[3]), 0);
    assert_false(world_answer(&world, &world.sent[1], 200, ""));
    assert_int_equal(world.done_count, 2);
}

static void test_a_challenge_is_answered_when_there_is_room_for_one(void **state)
{
    (void)state;
    world_open(&world, 1);
    assert_int_equal(start(&things[0]), 0);
    assert_true(
        world_answer(&world, &world.sent[0], 401, "WWW-Authenticate: Digest realm=r,nonce=n\r\n"));
    assert_int_equal(start(&things[1]), AP_EBUSY);
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    assert_int_equal(world.done[0].outcome, SIP_ACCEPTED_CHALLENGED);
}

/* -- endings from above ------------------------------------------------------------------------ */

static void test_cancelling_ends_all_of_that_data_and_no_other(void **state)
{
    (void)state;
    world_open(&world, 8);
    assert_int_equal(start(&things[0]), 0);
    assert_int_equal(start(&things[1]), 0);
    assert_int_equal(start(&things[0]), 0);
    sip_notifier_cancel(world.notifier, &things[2]);
    assert_int_equal(world.done_count, 0);
    sip_notifier_cancel(world.notifier, &things[0]);
    assert_int_equal(world.done_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(world.done[i].data, &things[0]);
        assert_int_equal(world.done[i].outcome, SIP_CANCELLED);
        assert_int_equal(world.done[i].status, 0);
    }
    assert_true(world_answer(&world, &world.sent[0], 200, "")); /* swallowed */
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    assert_int_equal(world.done_count, 3);
    sip_notifier_cancel(world.notifier, &things[0]);
    sip_notifier_cancel(world.notifier, &things[1]);
    assert_int_equal(world.done_count, 3);
}

static void start_again(struct world *of, void *notice_data, enum sip_outcome outcome, int status)
{
    (void)outcome;
    (void)status;
    if (of->done_count <= 6)
        assert_int_equal(start(notice_data), 0);
}

static void test_an_ending_may_start_others(void **state)
{
    (void)state;
    world_open(&world, 3);
    world.on_done = start_again;
    assert_int_equal(start(&things[0]), 0);
    assert_int_equal(start(&things[0]), 0);
    sip_notifier_cancel(world.notifier, &things[0]); /* what is started anew goes on */
    assert_int_equal(world.done_count, 2);
    assert_int_equal(world.sent_count, 4);
    assert_true(world_answer(&world, &world.sent[2], 200, ""));
    assert_int_equal(world.done_count, 3);
    world_run(&world, world.now_ms + 32000); /* two end with nothing, and begin again */
    assert_int_equal(world.done_count, 5);
    world.send_fails = true;
    world_run(&world, world.now_ms + 100000);
    assert_int_equal(world.done_count, 8);
    assert_int_equal(sip_notifier_next_ms(world.notifier), -1);
}

static void refuse_start(struct world *of, void *notice_data, enum sip_outcome outcome, int status)
{
    struct sip_notice notice = world_notice(notice_data);

    (void)outcome;
    (void)status;

    assert_int_equal(sip_notifier_start(of->notifier, &notice, of->now_ms), AP_EBUSY);
}

static void test_freeing_ends_all_and_starts_none(void **state)
{
    (void)state;
    world_open(&world, 8);
    assert_int_equal(start(&things[0]), 0);
    assert_int_equal(start(&things[1]), 0);
    assert_true(world_answer(&world, &world.sent[1], 200, ""));
    world.on_done = refuse_start;
    sip_notifier_free(world.notifier);
    world.notifier = NULL;
    assert_int_equal(world.done_count, 2);
    assert_ptr_equal(world.done[1].data, &things[0]);
    assert_int_equal(world.done[1].outcome, SIP_CANCELLED);
}

/* -- a load ------------------------------------------------------------------------------------ */

#define LOAD 16384

/* What is to become of each, and what has. */
struct row {
    int plan; /* 0: nothing comes; else its status */
    int tries, ends;
    enum sip_outcome outcome;
};

struct load {
    struct sip_notifier *notifier;
    struct row rows[LOAD];
    uint64_t random;
    int64_t now_ms;
    struct arena arena;
};

static uint64_t next_random(struct load *load)
{
    load->random = load->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return load->random >> 33;
}

/* Phones 10.0.x.y: the number is the row's. */
static bool load_send(void *data, const struct sip_endpoint *to, const char *bytes, size_t len)
{
    struct load *load = data;

    (void)bytes;
    assert_true(len < 1024);
    load->rows[(size_t)to->address.bytes[2] << 8 | to->address.bytes[3]].tries++;
    return true;
}

static void load_done(void *data, void *notice_data, enum sip_outcome outcome, int status)
{
    struct load *load = data;
    struct row *row = notice_data;

    (void)load;
    (void)status;
    row->ends++;
    row->outcome = outcome;
}

static void load_start(struct load *load, size_t i)
{
    struct sip_notice notice = world_notice(&load->rows[i]);

    notice.to.address.bytes[0] = 10;
    notice.to.address.bytes[1] = 0;
    notice.to.address.bytes[2] = (uint8_t)(i >> 8);
    notice.to.address.bytes[3] = (uint8_t)i;
    assert_int_equal(sip_notifier_start(load->notifier, &notice, load->now_ms), 0);
}

/* 500 starts a second; a quarter never ends by itself. */
static void test_a_storm_of_notifies_ends_as_planned(void **state)
{
    static struct load load;
    const struct sip_notifier_setup setup = {.data = &load,
                                             .send = load_send,
                                             .done = load_done,
                                             .local = world_local,
                                             .transactions_max = LOAD};
    struct sip_notifier_stats stats;

    (void)state;
    world_open(&world, 1);
    load.random = 4711;
    assert_int_equal(sip_notifier_new(&setup, &load.notifier), 0);
    for (size_t i = 0; i < LOAD; i++) {
        if (i % 50 == 0)
            load.now_ms += 100;
        sip_notifier_tick(load.notifier, load.now_ms);
        load.rows[i].plan = next_random(&load) % 4 != 0;
        load_start(&load, i);
        if (next_random(&load) % 2 == 0) /* one that began some time ago is ended */
            sip_notifier_cancel(load.notifier, &load.rows[next_random(&load) % (i + 1)]);
    }
    while (sip_notifier_next_ms(load.notifier) >= 0) {
        assert_true(sip_notifier_next_ms(load.notifier) >= load.now_ms);
        load.now_ms = sip_notifier_next_ms(load.notifier);
        sip_notifier_tick(load.notifier, load.now_ms);
    }
    size_t unreachable = 0;
    for (size_t i = 0; i < LOAD; i++) {
        assert_int_equal(load.rows[i].ends, 1);
        assert_true(load.rows[i].outcome == SIP_UNREACHABLE ? load.rows[i].tries == 11
                                                            : load.rows[i].tries >= 1);
        unreachable += load.rows[i].outcome == SIP_UNREACHABLE;
    }
    assert_true(unreachable > LOAD / 4 && unreachable < LOAD);
    sip_notifier_stats(load.notifier, &stats);
    assert_int_equal(stats.transactions, 0);
    assert_int_equal(stats.sent, LOAD);
    sip_notifier_free(load.notifier);
}

static void test_a_schedule_gives_the_earliest(void **state)
{
    static struct sip_timer timers[500];
    struct sip_schedule schedule;
    struct load load = {.random = 42};
    bool in[500] = {false};

    (void)state;
    world_open(&world, 1);
    assert_int_equal(sip_schedule_init(&schedule, 500), 0);
    for (int turn = 0; turn < 20000; turn++) {
        size_t i = next_random(&load) % 500;
        if (next_random(&load) % 3 == 0) {
            sip_schedule_clear(&schedule, &timers[i]);
            in[i] = false;
        } else {
            sip_schedule_set(&schedule, &timers[i], (int64_t)(next_random(&load) % 1000));
            in[i] = true;
        }
        const struct sip_timer *first = sip_schedule_first(&schedule);
        size_t count = 0;
        for (size_t k = 0; k < 500; k++) {
            count += in[k];
            assert_true(!in[k] || (first && first->due_ms <= timers[k].due_ms));
            assert_int_equal(in[k], timers[k].place != 0);
        }
        assert_int_equal(schedule.count, count);
    }
    sip_schedule_done(&schedule);
}

/* -- without memory ---------------------------------------------------------------------------- */

static int whole_life(void *data)
{
    int err = 0;

    (void)data;
    world_close(&world);
    memset(&world, 0, sizeof(world));
    const struct sip_notifier_setup setup = {.data = &world,
                                             .send = world_send,
                                             .done = load_done,
                                             .local = world_local,
                                             .transactions_max = 4};
    static struct row row;
    row = (struct row){0};
    err = sip_notifier_new(&setup, &world.notifier);
    if (!err)
        err = start(&row);
    if (err)
        return err;
    /* Written by hand: what the test reads must not fail. */
    struct sip_message response = {.is_response = true, .status = 401, .method = SIP_NOTIFY};
    char branch[SIP_BRANCH_TEXT_MAX] = "";
    memcpy(branch, strstr(world.sent[0].bytes, "z9hG4bK"), SIP_BRANCH_TEXT_MAX - 1);
    response.via_branch = branch;
    response.challenge_count = 1;
    response.challenges[0] = (struct sip_challenge){.realm = "r", .nonce = "n"};
    assert_true(sip_notifier_receive(world.notifier, &world.sent[0].to, &response, 1));
    if (row.ends) {
        assert_int_equal(row.outcome, SIP_REFUSED);
        return AP_ENOMEM;
    }
    return world.sent_count == 2 ? 0 : AP_EINVAL;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    world_open(&world, 1);
    assert_true(alloc_fault_run(whole_life, NULL) > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_no_more_than_the_maximum_are_under_way),
        TEST(test_those_that_swallow_give_way_to_new_ones),
        TEST(test_a_challenge_is_answered_when_there_is_room_for_one),
        TEST(test_cancelling_ends_all_of_that_data_and_no_other),
        TEST(test_an_ending_may_start_others),
        TEST(test_freeing_ends_all_and_starts_none),
        TEST(test_a_storm_of_notifies_ends_as_planned),
        TEST(test_a_schedule_gives_the_earliest),
        TEST(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
