/* Alarms: one open row of a kind and subject, closed by an admin or by the end of its cause. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_alarm.h"

static void raise(struct fixture *fixture, enum store_alarm_kind kind, const char *subject,
                  const char *detail)
{
    fixture_begin(fixture);
    assert_int_equal(store_alarm_raise(fixture->db, kind, subject, detail), 0);
    fixture_commit(fixture);
}

static int ack(struct fixture *fixture, uint64_t seq)
{
    fixture_begin(fixture);
    int err = store_alarm_ack(fixture->db, seq, "uid=0");
    fixture_commit(fixture);
    return err;
}

static size_t list(struct fixture *fixture, bool open_only, struct store_alarm **ret_alarms)
{
    size_t count = 0;

    assert_int_equal(
        store_alarm_list(fixture->db, &fixture->arena, open_only, 0, 100, ret_alarms, &count), 0);
    return count;
}

static void test_raised_again_it_counts(void **state)
{
    struct fixture *fixture = *state;
    struct store_alarm *alarms = NULL;

    raise(fixture, STORE_ALARM_NEW_NETWORK, "0015651234ab", "from 192.0.2.0/24");
    fixture->wall_s += 60;
    raise(fixture, STORE_ALARM_NEW_NETWORK, "0015651234ab", "from 198.51.100.0/24");
    raise(fixture, STORE_ALARM_NEW_NETWORK, "0015651234ac", "");
    assert_int_equal(list(fixture, true, &alarms), 2);
    assert_string_equal(alarms[1].subject, "0015651234ab");
    assert_string_equal(alarms[1].detail, "from 198.51.100.0/24");
    assert_int_equal(alarms[1].count, 2);
    assert_int_equal(alarms[1].raised_at, FIXTURE_NOW_S);
    assert_int_equal(alarms[1].last_at, FIXTURE_NOW_S + 60);
    assert_int_equal(alarms[1].closed_at, 0);
}

static void test_acknowledged_once_and_raised_anew(void **state)
{
    struct fixture *fixture = *state;
    struct store_alarm *alarms = NULL;
    struct store_alarm alarm;

    raise(fixture, STORE_ALARM_FLAT_BUDGET, "all", "");
    assert_int_equal(ack(fixture, 1), 0);
    assert_int_equal(ack(fixture, 1), AP_ECONFLICT);
    assert_int_equal(ack(fixture, 7), AP_ENOENT);
    assert_int_equal(list(fixture, true, &alarms), 0);
    assert_int_equal(store_alarm_get(fixture->db, &fixture->arena, 1, &alarm), 0);
    assert_string_equal(alarm.closed_by, "uid=0");
    raise(fixture, STORE_ALARM_FLAT_BUDGET, "all", "");
    assert_int_equal(list(fixture, true, &alarms), 1);
    assert_int_equal(alarms[0].seq, 2);
    assert_int_equal(alarms[0].count, 1);
    assert_int_equal(list(fixture, false, &alarms), 2);
}

static void test_end_of_the_cause_closes_it(void **state)
{
    struct fixture *fixture = *state;
    uint64_t counts[STORE_ALARM_KIND_COUNT];

    raise(fixture, STORE_ALARM_CERTIFICATE_END, "phones", "ends in 7 days");
    raise(fixture, STORE_ALARM_CERTIFICATE_END, "admins", "ends in 7 days");
    fixture_begin(fixture);
    assert_int_equal(store_alarm_end(fixture->db, STORE_ALARM_CERTIFICATE_END, "phones"), 0);
    assert_int_equal(store_alarm_end(fixture->db, STORE_ALARM_CERTIFICATE_END, "none"), 0);
    fixture_commit(fixture);
    assert_int_equal(store_alarm_counts(fixture->db, counts), 0);
    assert_int_equal(counts[STORE_ALARM_CERTIFICATE_END], 1);
    assert_int_equal(counts[STORE_ALARM_FLAT_BUDGET], 0);
}

static void test_news_come_oldest_first_and_numbers_never_again(void **state)
{
    struct fixture *fixture = *state;
    struct store_alarm *alarms = NULL;
    uint64_t last = 7;
    size_t count = 0;

    assert_int_equal(store_alarm_last(fixture->db, &last), 0);
    assert_int_equal(last, 0);
    raise(fixture, STORE_ALARM_FLAT_CROWD, "192.0.2.1", "");
    raise(fixture, STORE_ALARM_FLAT_CROWD, "192.0.2.2", "");
    assert_int_equal(store_alarm_news(fixture->db, &fixture->arena, 0, 10, &alarms, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(alarms[0].subject, "192.0.2.1");
    fixture_sql(fixture, "DELETE FROM alarm");
    raise(fixture, STORE_ALARM_FLAT_CROWD, "192.0.2.3", "");
    assert_int_equal(store_alarm_news(fixture->db, &fixture->arena, 2, 10, &alarms, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(alarms[0].seq, 3);
}

static void test_strangers_do_not_fill_the_table(void **state)
{
    struct fixture *fixture = *state;
    struct store_alarm *alarms = NULL;

    fixture_sql(fixture,
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
                "INSERT INTO alarm (kind, subject, raised_at, last_at, count) "
                "SELECT 'refusal_burst', 'source ' || i, 1, 1, 1 FROM n");
    raise(fixture, STORE_ALARM_REFUSAL_BURST, "one more", "");
    raise(fixture, STORE_ALARM_REFUSAL_BURST, "source 1", "");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM alarm"), STORE_ALARM_OPEN_MAX);
    assert_int_equal(fixture_number(fixture, "SELECT count FROM alarm WHERE seq = 1"), 2);
    assert_int_equal(list(fixture, true, &alarms), 100);
}

static void test_closed_ones_go_after_90_days(void **state)
{
    struct fixture *fixture = *state;

    raise(fixture, STORE_ALARM_FLAT_BUDGET, "all", "");
    assert_int_equal(ack(fixture, 1), 0);
    fixture->wall_s += 90 * 86400;
    raise(fixture, STORE_ALARM_FLAT_CROWD, "192.0.2.1", "");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM alarm"), 2);
    fixture->wall_s += 1;
    raise(fixture, STORE_ALARM_FLAT_CROWD, "192.0.2.2", "");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM alarm"), 2);
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    struct fixture *fixture = *state;
    struct store_alarm *alarms = NULL;
    char detail[400];

    memset(detail, 'a', sizeof(detail));
    memcpy(detail + STORE_ALARM_DETAIL_MAX - 2, "\xc3\xa4", 3);
    raise(fixture, STORE_ALARM_FLAT_BUDGET, "all", detail);
    assert_int_equal(list(fixture, true, &alarms), 1);
    assert_int_equal(strlen(alarms[0].detail), STORE_ALARM_DETAIL_MAX - 2);
}

static void test_every_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int one = 0; one < STORE_ALARM_KIND_COUNT; one++) {
        for (int two = 0; two < one; two++)
            assert_string_not_equal(store_alarm_kind_name((enum store_alarm_kind)one),
                                    store_alarm_kind_name((enum store_alarm_kind)two));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_raised_again_it_counts),
        TEST(test_acknowledged_once_and_raised_anew),
        TEST(test_end_of_the_cause_closes_it),
        TEST(test_news_come_oldest_first_and_numbers_never_again),
        TEST(test_strangers_do_not_fill_the_table),
        TEST(test_closed_ones_go_after_90_days),
        TEST(test_long_texts_are_cut_between_characters),
        cmocka_unit_test(test_every_kind_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("store_alarm", tests, NULL, NULL);
}
