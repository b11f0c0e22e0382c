/* Orders of many phones: pace, pages, and that nobody is lost. */
#include "resync_world.h"

#include "autoprov/array.h"

static int open_direct(void **state)
{
    world_open(state, "");
    return 0;
}

static int open_automatic(void **state)
{
    world_open(state, "resync_stale = yes resync_rate = 500\n");
    return 0;
}

/* -- many -------------------------------------------------------------------------------------- */

static void test_an_order_keeps_its_pace(void **state)
{
    (void)state;
    world_add_phones(25);
    uint64_t order_id = world_order_of((struct resync_order){.whom = RESYNC_ALL}); /* 10 a second */
    world_tick(0);
    assert_int_equal(world.rig.notice_count, 1);
    assert_int_equal(world_progress_of(order_id).total, 25);
    assert_int_equal(world.rig.next_ms, world.fixture->monotonic_ms + 100);
    world_tick(99);
    assert_int_equal(world.rig.notice_count, 1);
    world_tick(1);
    assert_int_equal(world.rig.notice_count, 2);
    world_tick(10000); /* the loop was busy: no burst follows */
    assert_int_equal(world.rig.notice_count, 3);
    for (int i = 0; i < 22; i++)
        world_tick(100);
    assert_int_equal(world.rig.notice_count, 25);
    assert_int_equal(world_rows("waiting"), 25);
    assert_int_equal(world_progress_of(order_id).ended_at, 0);
    resync_fixture_answer(&world.rig, SIP_ACCEPTED, 200);
    world_tick(100);
    assert_true(world_progress_of(order_id).ended_at > 0);
    assert_int_equal(world_rows("accepted"), 25);
}

static void test_all_phones_are_told_page_by_page_once_each(void **state)
{
    (void)state;
    world_add_phones(300);
    uint64_t order_id = world_order_of((struct resync_order){.whom = RESYNC_ALL, .rate = 500});
    for (int i = 0; i < 20 && world.rig.notice_count < 300; i++)
        world_tick(100);
    world_tick(100);
    assert_int_equal(world.rig.notice_count, 300);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE outcome = 'waiting'"), 300);
    resync_fixture_answer(&world.rig, SIP_UNREACHABLE, 0);
    world_tick(0);
    assert_int_equal(world_progress_of(order_id).outcomes[STORE_RESYNC_UNREACHABLE], 300);
    assert_int_equal(world_rows("unreachable"), 300);
    assert_true(TAILQ_EMPTY(&world.rig.resync->attempts));
}

static void test_one_big_order_at_a_time_and_small_ones_beside_it(void **state)
{
    const struct resync_order all = {.whom = RESYNC_ALL, .actor = "uid=0"};
    const struct resync_order stale = {.whom = RESYNC_STALE, .actor = "uid=0"};
    uint64_t order_id = 0;

    (void)state;
    world_add_phones(5);
    (void)world_number(
        "UPDATE phone SET mac = '001565000001' WHERE mac = '001565010004' RETURNING 1");
    uint64_t big = world_order_of(all);
    assert_int_equal(resync_check(world.rig.resync, RESYNC_STALE), AP_EBUSY);
    assert_int_equal(resync_order(world.rig.resync, &stale, &order_id), AP_EBUSY);
    assert_int_equal(resync_order(world.rig.resync, &all, &order_id), AP_EBUSY);
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    assert_int_equal(world.rig.notice_count, 2);
    assert_int_equal(resync_cancel(world.rig.resync, NULL), 2);
    world_tick(0);
    assert_true(world_progress_of(big).cancelled);
    assert_int_equal(world_progress_of(big).ended_at, 0); /* one is under way */
    resync_fixture_answer(&world.rig, SIP_ACCEPTED, 200);
    world_tick(1000);
    assert_int_equal(world.rig.notice_count, 2);
    assert_int_equal(world_progress_of(big).total, 5); /* of whom one was told */
    assert_int_equal(world_progress_of(big).asked, 1);
    assert_true(world_progress_of(big).ended_at > 0);
    assert_int_equal(resync_check(world.rig.resync, RESYNC_ALL), 0);
    /* Many small ones have an end too. */
    for (size_t i = 0; i < AP_RESYNC_ORDERS_MAX; i++)
        (void)world_order_one(1, STORE_RESYNC_FETCH);
    assert_int_equal(resync_check(world.rig.resync, RESYNC_PHONES), AP_EBUSY);
}

static void test_a_full_notifier_is_tried_again_and_nobody_is_left_out(void **state)
{
    (void)state;
    world_add_phones(3);
    (void)world_order_of((struct resync_order){.whom = RESYNC_ALL, .rate = 500});
    world.rig.notify_err = AP_EBUSY;
    world_tick(100);
    assert_int_equal(world.rig.notice_count, 0);
    assert_int_equal(world.rig.next_ms, world.fixture->monotonic_ms + 100);
    assert_int_equal(world_number("SELECT count(*) FROM resync"), 0);
    world.rig.notify_err = 0;
    world_tick(50);
    assert_int_equal(world.rig.notice_count, 0);
    world_tick(50);
    assert_int_equal(world.rig.notice_count, 3);
}

static void test_results_wait_for_a_writer_that_takes_none(void **state)
{
    (void)state;
    world_add_phones(200);
    (void)world_order_of((struct resync_order){.whom = RESYNC_ALL, .rate = 500});
    world_tick(0);
    store_writer_halt(world.fixture->writer);
    for (int i = 0; i < 10; i++)
        world_tick(100);
    resync_fixture_answer(&world.rig, SIP_ACCEPTED, 200);
    world_tick(100);
    assert_int_equal(world.rig.resync->attempt_count, 200);
    assert_int_equal(world.rig.next_ms, world.fixture->monotonic_ms + 100);
    resync_stop(world.rig.resync);
    store_writer_free(world.fixture->writer);
    world.fixture->writer = NULL;
}

static void test_what_waited_when_the_daemon_ended_is_cancelled(void **state)
{
    struct resync_fixture *rig = &world.rig;

    (void)state;
    world_fetched_from("192.0.2.7");
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    assert_int_equal(world_rows("waiting"), 1);
    resync_fixture_close(rig);
    resync_fixture_open(rig, world.fixture, &world.loop, world.mailbox, &world.snapshot);
    world_tick(0);
    assert_int_equal(world_rows("cancelled"), 1);
    assert_int_equal(world_order_one(1, STORE_RESYNC_FETCH), 2); /* numbers go on */
}

/* -- stale ------------------------------------------------------------------------------------- */

/* As if the first count of them had fetched another file than they would get now. */
static void grow_old(unsigned count)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO delivered (phone_id, file, digest, at) "
                   "SELECT id, '{mac}.cfg', zeroblob(32), 5 FROM phone ORDER BY mac LIMIT %u "
                   "RETURNING 1",
                   count);
    (void)world_number(sql);
}

static void test_stale_phones_are_looked_for_and_told(void **state)
{
    (void)state;
    world_add_phones(20);
    grow_old(7);
    (void)world_number("UPDATE phone SET enabled = 0 WHERE mac = '001565010003' RETURNING 1");
    uint64_t order_id = world_order_of((struct resync_order){.whom = RESYNC_STALE, .rate = 500});
    world_tick(0);
    assert_int_equal(world.rig.jobs, 1);
    world_tick(100);
    assert_int_equal(world.rig.notice_count, 6);
    assert_int_equal(world_progress_of(order_id).total, 6);
    resync_fixture_answer(&world.rig, SIP_ACCEPTED, 200);
    world_tick(0);
    assert_true(world_progress_of(order_id).ended_at > 0);
}

static void test_the_daemon_tells_stale_phones_by_itself_once_in_six_hours(void **state)
{
    (void)state;
    world_add_phones(20);
    grow_old(7);
    world_tick(0);
    assert_int_equal(world.rig.notice_count, 0); /* not at once */
    assert_in_range(world.rig.next_ms - world.fixture->monotonic_ms, 240000, 360000);
    world_tick(360000);
    world_tick(100);
    world_tick(100);
    assert_int_equal(world.rig.notice_count, 7);
    resync_fixture_answer(&world.rig, SIP_UNREACHABLE, 0);
    world_tick(100);
    assert_non_null(strstr(world.fixture->log, "resync_order order=1 of=stale"));
    /* Nothing has changed: no look. */
    unsigned jobs = world.rig.jobs;
    world_tick(360000);
    world_tick(360000);
    assert_int_equal(world.rig.jobs, jobs);
    /* Something has, but those were told. */
    (void)world_number("UPDATE meta SET number = number + 1 WHERE name = 'change_seq' RETURNING 1");
    world_tick(360000);
    world_tick(100);
    assert_int_equal(world.rig.jobs, jobs + 1);
    assert_int_equal(world.rig.notice_count, 7);
    world_tick(6 * 3600000);
    world_tick(100);
    world_tick(100);
    assert_int_equal(world.rig.notice_count, 14);
}

static void test_an_admins_order_goes_before_the_daemons_own(void **state)
{
    (void)state;
    world_add_phones(400);
    grow_old(400);
    world_tick(0);
    world_tick(360000);
    world_tick(100);
    assert_true(world.rig.notice_count > 0);
    size_t told = world.rig.notice_count;
    uint64_t order_id = world_order_of((struct resync_order){.whom = RESYNC_ALL, .rate = 1});
    world_tick(100);
    assert_int_equal(world.rig.notice_count, told + 1);
    assert_int_equal(world_progress_of(order_id).asked, 1);
    assert_true(world_progress_of(order_id - 1).cancelled);
}

int main(void)
{
#define DIRECT(name)    cmocka_unit_test_setup_teardown(name, open_direct, world_close)
#define AUTOMATIC(name) cmocka_unit_test_setup_teardown(name, open_automatic, world_close)
    const struct CMUnitTest tests[] = {
        DIRECT(test_an_order_keeps_its_pace),
        DIRECT(test_all_phones_are_told_page_by_page_once_each),
        DIRECT(test_one_big_order_at_a_time_and_small_ones_beside_it),
        DIRECT(test_a_full_notifier_is_tried_again_and_nobody_is_left_out),
        DIRECT(test_results_wait_for_a_writer_that_takes_none),
        DIRECT(test_what_waited_when_the_daemon_ended_is_cancelled),
        DIRECT(test_stale_phones_are_looked_for_and_told),
        AUTOMATIC(test_the_daemon_tells_stale_phones_by_itself_once_in_six_hours),
        AUTOMATIC(test_an_admins_order_goes_before_the_daemons_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
