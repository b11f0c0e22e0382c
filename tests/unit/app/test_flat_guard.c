/* Guard rails of flat mode: the budget of unknown MACs, the pause, the crowd behind one address. */
#include "autoprov/flat_guard.h"

#include "app_fixture.h"
#include "autoprov/limits.h"

static const struct flat_budget BUDGET = {.all = 10, .per_oui = 4};
#define HOUR_MS 3600000

struct world {
    struct app_fixture *fixture;
    struct alarms *alarms;
    struct flat_guard *guard;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    void *fixture = NULL;

    assert_non_null(world);
    fixture_setup(&fixture);
    world->fixture = fixture;
    fixture_start_store(world->fixture);
    assert_int_equal(alarms_new(world->fixture->writer, &world->fixture->clock, &world->alarms), 0);
    assert_int_equal(flat_guard_new(&world->fixture->clock, world->alarms, &world->guard), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    void *fixture = world->fixture;

    flat_guard_free(world->guard);
    flat_guard_free(NULL);
    fixture_teardown(&fixture);
    alarms_free(world->alarms);
    free(world);
    return 0;
}

static void refuse(struct world *world, uint8_t oui, uint8_t device)
{
    const uint8_t mac[AP_MAC_LEN] = {0x02, 0x00, oui, 0, 0, device};

    flat_guard_refused(world->guard, &BUDGET, mac);
}

/* Alarms in the database, by kind; ends the store. */
static int64_t alarms_of(struct world *world, const char *kind)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM alarm WHERE kind = '%s'", kind);
    fixture_stop_store(world->fixture);
    return fixture_number(world->fixture, sql);
}

static void test_one_mac_asked_for_often_is_one(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 1000; i++)
        refuse(world, 1, 1);
    assert_false(flat_guard_is_paused(world->guard));
    assert_int_equal(alarms_of(world, "flat_budget"), 0);
}

static void test_more_of_one_oui_than_its_budget_pause_with_an_alarm(void **state)
{
    struct world *world = *state;

    for (uint8_t i = 0; i < 4; i++)
        refuse(world, 1, i);
    assert_false(flat_guard_is_paused(world->guard));
    refuse(world, 2, 0); /* of another */
    assert_false(flat_guard_is_paused(world->guard));
    refuse(world, 1, 4);
    assert_true(flat_guard_is_paused(world->guard));
    assert_non_null(strstr(world->fixture->log, "flat_paused subject=020001 "));
    assert_int_equal(alarms_of(world, "flat_budget"), 1);
}

static void test_more_of_all_than_their_budget_pause(void **state)
{
    struct world *world = *state;

    for (uint8_t i = 0; i < 10; i++)
        refuse(world, i, 0);
    assert_false(flat_guard_is_paused(world->guard));
    refuse(world, 10, 0);
    assert_true(flat_guard_is_paused(world->guard));
    assert_non_null(strstr(world->fixture->log, "flat_paused subject=all "));
}

static void test_the_largest_budget_ends_too(void **state)
{
    static const struct flat_budget LARGEST = {AP_FLAT_BUDGET_MAX, AP_FLAT_BUDGET_MAX};
    struct world *world = *state;

    for (uint32_t i = 0; i < AP_FLAT_BUDGET_MAX; i++) {
        const uint8_t mac[AP_MAC_LEN] = {0x02, (uint8_t)i, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
        flat_guard_refused(world->guard, &LARGEST, mac);
    }
    assert_false(flat_guard_is_paused(world->guard));
    flat_guard_refused(world->guard, &LARGEST, (const uint8_t[AP_MAC_LEN]){0x02, 0xff, 0xff});
    assert_true(flat_guard_is_paused(world->guard));
}

static void test_the_pause_ends_and_the_budget_with_its_hour(void **state)
{
    struct world *world = *state;

    for (uint8_t i = 0; i < 5; i++)
        refuse(world, 1, i);
    world->fixture->monotonic_ms += AP_FLAT_PAUSE_MS - 1;
    assert_true(flat_guard_is_paused(world->guard));
    world->fixture->monotonic_ms += 1;
    assert_false(flat_guard_is_paused(world->guard));
    /* Within the hour a new one pauses at once: 120 an hour are 120 an hour. */
    refuse(world, 1, 4); /* none is counted twice */
    assert_false(flat_guard_is_paused(world->guard));
    refuse(world, 1, 5);
    assert_true(flat_guard_is_paused(world->guard));
    world->fixture->monotonic_ms += HOUR_MS;
    assert_false(flat_guard_is_paused(world->guard));
    for (uint8_t i = 0; i < 4; i++)
        refuse(world, 1, i);
    assert_false(flat_guard_is_paused(world->guard));
}

static void test_a_sweep_costs_fixed_memory(void **state)
{
    struct world *world = *state;
    const struct flat_budget most = {AP_FLAT_BUDGET_MAX, AP_FLAT_BUDGET_MAX};

    for (uint32_t i = 0; i < AP_FLAT_BUDGET_MAX; i++) {
        const uint8_t mac[AP_MAC_LEN] = {2, 0, (uint8_t)(i >> 8), 0, 0, (uint8_t)i};
        flat_guard_refused(world->guard, &most, mac);
        assert_false(flat_guard_is_paused(world->guard));
    }
    world->fixture->monotonic_ms += HOUR_MS - 1;
    refuse(world, 0xff, 0xff);
    assert_true(flat_guard_is_paused(world->guard));
}

static void serve(struct world *world, uint8_t host, uint8_t device)
{
    const struct address source = {.family = AF_INET, .bytes = {192, 0, 2, host}};
    const uint8_t mac[AP_MAC_LEN] = {0x02, 0, 0, 0, 0, device};

    flat_guard_served(world->guard, &source, mac);
}

static void test_32_phones_of_one_address_are_no_crowd_and_one_more_is(void **state)
{
    struct world *world = *state;

    for (int again = 0; again < 3; again++) {
        for (uint8_t i = 0; i < AP_FLAT_CROWD; i++)
            serve(world, 7, i);
    }
    for (uint8_t host = 1; host < 200; host++) /* others, one each */
        serve(world, host, AP_FLAT_CROWD);
    fixture_stop_store(world->fixture);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM alarm WHERE subject = "
                                                    "'192.0.2.7' AND kind = 'flat_crowd'"),
                     1);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM alarm"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_mac_asked_for_often_is_one),
        TEST(test_more_of_one_oui_than_its_budget_pause_with_an_alarm),
        TEST(test_more_of_all_than_their_budget_pause),
        TEST(test_the_largest_budget_ends_too),
        TEST(test_the_pause_ends_and_the_budget_with_its_hour),
        TEST(test_a_sweep_costs_fixed_memory),
        TEST(test_32_phones_of_one_address_are_no_crowd_and_one_more_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
