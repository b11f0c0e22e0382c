/* Alarms on their way to the store, with a real writer. */
#include "autoprov/alarm.h"

#include "app_fixture.h"

struct world {
    struct app_fixture *fixture;
    struct alarms *alarms;
    struct arena arena;
};

static void open_world(struct world *world, struct app_fixture *fixture)
{
    arena_init(&world->arena, 1048576);
    world->fixture = fixture;
    fixture_start_store(fixture);
    assert_int_equal(alarms_new(fixture->writer, &fixture->clock, &world->alarms), 0);
}

/* The alarms that were written, oldest first; until arena_done(). */
static size_t close_world(struct world *world, struct store_alarm **ret_alarms)
{
    struct store_db *db = NULL;
    size_t count = 0;

    fixture_stop_store(world->fixture);
    alarms_free(world->alarms);
    assert_int_equal(store_open(world->fixture->db_path, STORE_WRITER, world->fixture->vault,
                                &world->fixture->clock, &db, NULL),
                     0);
    assert_int_equal(store_alarm_news(db, &world->arena, 0, 1000, ret_alarms, &count), 0);
    store_close(db);
    return count;
}

static void test_raised_again_within_a_minute_it_is_one_write(void **state)
{
    struct store_alarm *alarms = NULL;
    struct world world;

    open_world(&world, *state);
    for (int i = 0; i < 5000; i++) /* more than the writer's queue holds */
        alarms_raise(world.alarms, STORE_ALARM_FLAT_CROWD, "192.0.2.1", "many");
    alarms_raise(world.alarms, STORE_ALARM_FLAT_CROWD, "192.0.2.2", "many");
    alarms_raise(world.alarms, STORE_ALARM_REFUSAL_BURST, "192.0.2.1", "many");
    world.fixture->monotonic_ms += 60000;
    alarms_raise(world.alarms, STORE_ALARM_FLAT_CROWD, "192.0.2.1", "more");
    assert_int_equal(close_world(&world, &alarms), 3);
    assert_string_equal(alarms[0].subject, "192.0.2.1");
    assert_int_equal(alarms[0].count, 2);
    assert_string_equal(alarms[0].detail, "more");
    assert_int_equal(alarms[1].count, 1);
    arena_done(&world.arena);
}

static void raise_of_phones(struct world *world, enum store_alarm_kind kind, unsigned count)
{
    char subject[STORE_ALARM_SUBJECT_MAX];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(subject, sizeof(subject), "00156500%04x", i);
        alarms_raise(world->alarms, kind, subject, "");
    }
}

static void test_of_more_subjects_than_fit_in_a_minute_the_rest_is_one_alarm(void **state)
{
    struct store_alarm *alarms = NULL;
    struct world world;

    open_world(&world, *state);
    for (int fetch = 0; fetch < 3; fetch++)
        raise_of_phones(&world, STORE_ALARM_AGENT_CONTRADICTS, 3 * ALARMS_MINUTE_MAX);
    alarms_raise(world.alarms, STORE_ALARM_FLAT_BUDGET, "all", ""); /* other kinds have their own */
    world.fixture->monotonic_ms += 60000;
    alarms_raise(world.alarms, STORE_ALARM_AGENT_CONTRADICTS, "001565ffffff", "");
    assert_int_equal(close_world(&world, &alarms), ALARMS_MINUTE_MAX + 2);
    assert_string_equal(alarms[ALARMS_MINUTE_MAX - 2].subject, "0015650000fe");
    assert_string_equal(alarms[ALARMS_MINUTE_MAX - 1].subject, "others");
    for (size_t i = 0; i < ALARMS_MINUTE_MAX; i++)
        assert_int_equal(alarms[i].count, 1);
    assert_string_equal(alarms[ALARMS_MINUTE_MAX].subject, "all");
    assert_string_equal(alarms[ALARMS_MINUTE_MAX + 1].subject, "001565ffffff");
    arena_done(&world.arena);
}

/* They contradict every minute: the one that is new is told all the same. */
static void test_known_ones_do_not_hide_a_new_one(void **state)
{
    struct store_alarm *alarms = NULL;
    struct world world;

    open_world(&world, *state);
    raise_of_phones(&world, STORE_ALARM_AGENT_CONTRADICTS, 2 * ALARMS_MINUTE_MAX);
    world.fixture->monotonic_ms += 60000;
    raise_of_phones(&world, STORE_ALARM_AGENT_CONTRADICTS, ALARMS_MINUTE_MAX - 1);
    alarms_raise(world.alarms, STORE_ALARM_AGENT_CONTRADICTS, "001565ffffff", "");
    assert_int_equal(close_world(&world, &alarms), ALARMS_MINUTE_MAX + 1);
    assert_string_equal(alarms[ALARMS_MINUTE_MAX].subject, "001565ffffff");
    arena_done(&world.arena);
}

static void test_end_closes_and_lets_it_be_raised_at_once(void **state)
{
    struct store_alarm *alarms = NULL;
    struct world world;

    open_world(&world, *state);
    alarms_raise(world.alarms, STORE_ALARM_CERTIFICATE_END, "phones", "ends");
    alarms_end(world.alarms, STORE_ALARM_CERTIFICATE_END, "phones");
    alarms_raise(world.alarms, STORE_ALARM_CERTIFICATE_END, "phones", "ends");
    assert_int_equal(close_world(&world, &alarms), 2);
    assert_int_not_equal(alarms[0].closed_at, 0);
    assert_int_equal(alarms[1].closed_at, 0);
    arena_done(&world.arena);
}

static void test_after_the_writer_nothing_happens(void **state)
{
    struct app_fixture *fixture = *state;
    struct alarms *alarms = NULL;

    fixture_start_store(fixture);
    assert_int_equal(alarms_new(fixture->writer, &fixture->clock, &alarms), 0);
    store_writer_halt(fixture->writer);
    alarms_raise(alarms, STORE_ALARM_FLAT_BUDGET, "all", "");
    alarms_end(alarms, STORE_ALARM_FLAT_BUDGET, "all");
    alarms_raise(NULL, STORE_ALARM_FLAT_BUDGET, "all", "");
    store_writer_free(fixture->writer);
    fixture->writer = NULL;
    alarms_free(alarms);
    alarms_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_raised_again_within_a_minute_it_is_one_write),
        TEST(test_of_more_subjects_than_fit_in_a_minute_the_rest_is_one_alarm),
        TEST(test_known_ones_do_not_hide_a_new_one),
        TEST(test_end_closes_and_lets_it_be_raised_at_once),
        TEST(test_after_the_writer_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
