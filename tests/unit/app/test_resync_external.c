/* A program takes orders, reports, or does not. */
#include "resync_world.h"

static int open_external(void **state)
{
    world_open(state, "notifier = external\n");
    return 0;
}

static size_t take(struct arena *arena, size_t limit, struct resync_item **ret_items)
{
    size_t count = 0;

    assert_int_equal(resync_take(world.rig.resync, arena, limit, ret_items, &count), 0);
    return count;
}

static void test_a_program_takes_orders_and_reports(void **state)
{
    struct resync_item *items = NULL;
    struct arena arena;

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(take(&arena, 4, &items), 0);
    (void)world_order_one(1, STORE_RESYNC_REBOOT);
    (void)world_order_one(1, STORE_RESYNC_URL);
    world_tick(0);
    assert_int_equal(world.rig.notice_count, 0);
    assert_int_equal(
        world_number("SELECT count(*) FROM resync WHERE via = 'external' AND target = ''"), 1);
    assert_int_equal(take(&arena, 1, &items), 1);
    uint64_t first = items[0].item_id;
    assert_memory_equal(items[0].mac, "\x00\x15\x65\x00\x00\x01", AP_MAC_LEN);
    assert_string_equal(items[0].user, "alice");
    assert_string_equal(items[0].sip_user, "1001");
    assert_string_equal(items[0].domain, "pbx.example.com");
    assert_string_equal(items[0].contact, ""); /* the PBX knows it */
    assert_string_equal(items[0].event, "check-sync;reboot=true");
    assert_null(items[0].url);
    assert_int_equal(take(&arena, 4, &items), 1);
    assert_memory_equal(items[0].url, "https://pbx.example.com/provision/", 34);
    assert_int_equal(take(&arena, 4, &items), 0);
    assert_int_equal(resync_report(world.rig.resync, first, STORE_RESYNC_ACCEPTED, 200), 0);
    assert_int_equal(resync_report(world.rig.resync, first, STORE_RESYNC_ACCEPTED, 200), AP_ENOENT);
    assert_int_equal(resync_report(world.rig.resync, first + 7, STORE_RESYNC_ACCEPTED, 0),
                     AP_ENOENT);
    world_tick(0);
    assert_int_equal(world_progress_of(1).outcomes[STORE_RESYNC_ACCEPTED], 1);
    arena_done(&arena);
}

static void test_what_is_not_reported_is_given_once_more(void **state)
{
    struct resync_item *items = NULL;
    struct arena arena;

    (void)state;
    arena_init(&arena, 65536);
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    assert_int_equal(take(&arena, 4, &items), 1);
    uint64_t item_id = items[0].item_id;
    world_tick(59999);
    assert_int_equal(take(&arena, 4, &items), 0);
    world_tick(1);
    assert_int_equal(take(&arena, 4, &items), 1);
    assert_int_equal(items[0].item_id, item_id);
    world_tick(60000);
    assert_int_equal(take(&arena, 4, &items), 0);
    assert_int_equal(world_rows("failed"), 1);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE why = 'not_reported'"), 1);
    assert_int_equal(resync_report(world.rig.resync, item_id, STORE_RESYNC_ACCEPTED, 0), AP_ENOENT);
    arena_done(&arena);
}

static void test_what_nobody_takes_fails_after_ten_minutes(void **state)
{
    (void)state;
    (void)world_order_one(1, STORE_RESYNC_FETCH);
    world_tick(0);
    world_tick(599999);
    assert_int_equal(world_rows("waiting"), 1);
    world_tick(1);
    assert_int_equal(world_rows("failed"), 1);
    assert_int_equal(world_number("SELECT count(*) FROM resync WHERE why = 'not_taken'"), 1);
}

static void count_ready(void *data)
{
    (*(unsigned *)data)++;
}

static void test_the_queue_is_bounded_and_orders_wait(void **state)
{
    struct resync_item *items = NULL;
    struct arena arena;
    unsigned ready = 0;

    (void)state;
    arena_init(&arena, 1048576);
    resync_listen(world.rig.resync, count_ready, &ready);
    world_add_phones(AP_RESYNC_QUEUE_MAX + 10);
    uint64_t order_id = world_order_of((struct resync_order){.whom = RESYNC_ALL, .rate = 500});
    for (int i = 0; i < 10; i++)
        world_tick(100);
    assert_true(ready > 0);
    assert_int_equal(world_progress_of(order_id).asked, AP_RESYNC_QUEUE_MAX);
    size_t count = take(&arena, AP_RESYNC_TAKE_MAX, &items);
    assert_int_equal(count, AP_RESYNC_TAKE_MAX);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(resync_report(world.rig.resync, items[i].item_id, STORE_RESYNC_REFUSED, 2),
                         0);
    world_tick(100);
    assert_int_equal(world_progress_of(order_id).asked, AP_RESYNC_QUEUE_MAX + 10);
    assert_int_equal(resync_cancel(world.rig.resync, NULL), 1);
    world_tick(0);
    assert_int_equal(world_progress_of(order_id).outcomes[STORE_RESYNC_CANCELLED],
                     AP_RESYNC_QUEUE_MAX + 10 - AP_RESYNC_TAKE_MAX);
    assert_int_equal(world_rows("refused"), AP_RESYNC_TAKE_MAX);
    arena_done(&arena);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_external, world_close)
    const struct CMUnitTest tests[] = {
        ROW(test_a_program_takes_orders_and_reports),
        ROW(test_what_is_not_reported_is_given_once_more),
        ROW(test_what_nobody_takes_fails_after_ten_minutes),
        ROW(test_the_queue_is_bounded_and_orders_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
