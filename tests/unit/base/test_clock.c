/* The system's clocks, and the replaceable interface. */
#include "autoprov/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static int64_t fake_monotonic(void *data)
{
    return *(int64_t *)data;
}

static int64_t fake_wall(void *data)
{
    return *(int64_t *)data + 1;
}

static void test_given_clock_is_asked_with_its_data(void **state)
{
    int64_t now = 42;
    const struct ap_clock fake = {fake_monotonic, fake_wall, &now};

    (void)state;
    assert_int_equal(clock_monotonic_ms(&fake), 42);
    now = -7;
    assert_int_equal(clock_monotonic_ms(&fake), -7);
    assert_int_equal(clock_wall_s(&fake), -6);
}

static void test_system_clock_shows_utc_seconds_and_never_goes_back(void **state)
{
    const struct ap_clock *system = clock_system();

    (void)state;
    time_t before = time(NULL);
    int64_t wall = clock_wall_s(system);
    assert_in_range(wall, before - 1, before + 60);
    int64_t last = clock_monotonic_ms(system);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ms(system);
        assert_true(now >= last);
        last = now;
    }
    assert_ptr_equal(system, clock_system());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_clock_is_asked_with_its_data),
        cmocka_unit_test(test_system_clock_shows_utc_seconds_and_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
