/* Limits per source and in total; the table against a simple model; many threads. */
#include "autoprov/source_table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

static struct source_key key_of(uint32_t number)
{
    struct source_key key = {{4}};

    memcpy(key.bytes + 1, &number, sizeof(number));
    return key;
}

static struct source_table *table_of(uint32_t connections, uint32_t per_source, uint32_t handshakes,
                                     uint32_t handshakes_per_source)
{
    const struct source_limits limits = {connections, per_source, handshakes,
                                         handshakes_per_source};
    struct source_table *table = NULL;

    assert_int_equal(source_table_new(&limits, &table), 0);
    return table;
}

static void check_totals(struct source_table *table, uint32_t connections, uint32_t handshakes,
                         uint64_t refused)
{
    struct source_totals totals;

    source_table_totals(table, &totals);
    assert_int_equal(totals.connections, connections);
    assert_int_equal(totals.handshakes, handshakes);
    assert_int_equal(totals.refused_connections, refused);
}

static void test_connections_of_a_source_have_a_limit(void **state)
{
    struct source_table *table = table_of(10, 3, 10, 10);
    struct source_key a = key_of(1), b = key_of(2);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(source_table_connect(table, &a), 0);
    assert_int_equal(source_table_connect(table, &a), AP_EBUSY);
    assert_int_equal(source_table_connect(table, &b), 0);
    check_totals(table, 4, 0, 1);
    source_table_disconnect(table, &a);
    assert_int_equal(source_table_connect(table, &a), 0);
    assert_int_equal(source_table_connect(table, &a), AP_EBUSY);
    check_totals(table, 4, 0, 2);
    source_table_free(table);
}

static void test_connections_in_total_have_a_limit(void **state)
{
    struct source_table *table = table_of(5, 5, 10, 10);
    struct source_key key;

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        key = key_of(i);
        assert_int_equal(source_table_connect(table, &key), 0);
    }
    assert_int_equal(source_table_connect(table, &key), AP_EBUSY);
    check_totals(table, 5, 0, 1);
    source_table_disconnect(table, &key);
    key = key_of(99);
    assert_int_equal(source_table_connect(table, &key), 0);
    check_totals(table, 5, 0, 1);
    source_table_free(table);
}

static void test_a_connection_counts_in_total_before_its_source_is_known(void **state)
{
    struct source_table *table = table_of(3, 2, 10, 10);
    struct source_key a = key_of(1);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(source_table_admit(table), 0);
    assert_int_equal(source_table_admit(table), AP_EBUSY);
    assert_int_equal(source_table_connect(table, &a), AP_EBUSY);
    assert_int_equal(source_table_assign(table, &a), 0);
    assert_int_equal(source_table_assign(table, &a), 0);
    assert_int_equal(source_table_assign(table, &a), AP_EBUSY);
    check_totals(table, 3, 0, 3);
    source_table_dismiss(table);
    check_totals(table, 2, 0, 3);
    source_table_disconnect(table, &a);
    source_table_disconnect(table, &a);
    check_totals(table, 0, 0, 3);
    source_table_free(table);
}

static void test_handshakes_wait_for_a_slot(void **state)
{
    struct source_table *table = table_of(100, 100, 3, 2);
    struct source_key a = key_of(1), b = key_of(2), stranger = key_of(3);

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(source_table_connect(table, &a), 0);
        assert_int_equal(source_table_connect(table, &b), 0);
    }
    assert_int_equal(source_table_handshake_begin(table, &a), 0);
    assert_int_equal(source_table_handshake_begin(table, &a), 0);
    assert_int_equal(source_table_handshake_begin(table, &a), AP_ERANGE);
    assert_int_equal(source_table_handshake_begin(table, &stranger), AP_ERANGE);
    check_totals(table, 20, 2, 0);
    assert_int_equal(source_table_handshake_begin(table, &b), 0);
    assert_int_equal(source_table_handshake_begin(table, &b), AP_EBUSY);
    check_totals(table, 20, 3, 0);
    source_table_handshake_end(table, &a);
    assert_int_equal(source_table_handshake_begin(table, &b), 0);
    check_totals(table, 20, 3, 0);
    source_table_free(table);
}

/* Else a few sources that never finish theirs keep everybody else waiting. */
static void test_the_last_quarter_of_slots_is_for_sources_that_have_none(void **state)
{
    struct source_table *table = table_of(100, 100, 8, 8);
    struct source_key a = key_of(1), b = key_of(2), c = key_of(3);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(source_table_connect(table, &a), 0);
    assert_int_equal(source_table_connect(table, &b), 0);
    assert_int_equal(source_table_connect(table, &b), 0);
    assert_int_equal(source_table_connect(table, &c), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(source_table_handshake_begin(table, &a), 0);
    assert_int_equal(source_table_handshake_begin(table, &a), AP_ERANGE);
    assert_int_equal(source_table_handshake_begin(table, &b), 0);
    assert_int_equal(source_table_handshake_begin(table, &b), AP_ERANGE);
    assert_int_equal(source_table_handshake_begin(table, &c), 0);
    check_totals(table, 13, 8, 0);
    assert_int_equal(source_table_handshake_begin(table, &b), AP_EBUSY);
    source_table_handshake_end(table, &b);
    assert_int_equal(source_table_handshake_begin(table, &a), AP_ERANGE);
    assert_int_equal(source_table_handshake_begin(table, &b), 0);
    check_totals(table, 13, 8, 0);
    source_table_free(table);
}

static void test_ipv4_and_ipv6_sources_of_the_same_bytes_are_apart(void **state)
{
    struct source_table *table = table_of(10, 1, 10, 10);
    struct source_key four = {{4, 1, 2, 3, 4}}, six = {{6, 1, 2, 3, 4}};

    (void)state;
    assert_int_equal(source_table_connect(table, &four), 0);
    assert_int_equal(source_table_connect(table, &six), 0);
    assert_int_equal(source_table_connect(table, &four), AP_EBUSY);
    source_table_free(table);
}

static void test_largest_table_holds_one_source_per_connection(void **state)
{
    struct source_table *table = table_of(65535, 1, 1, 1);

    (void)state;
    for (uint32_t i = 0; i < 65535; i++) {
        struct source_key key = key_of(i);
        assert_int_equal(source_table_connect(table, &key), 0);
    }
    struct source_key more = key_of(70000);
    assert_int_equal(source_table_connect(table, &more), AP_EBUSY);
    for (uint32_t i = 0; i < 65535; i++) {
        struct source_key key = key_of(i);
        source_table_disconnect(table, &key);
    }
    check_totals(table, 0, 0, 1);
    source_table_free(table);
}

/* -- against a model ------------------------------------------------------------------------- */

#define MODEL_SOURCES     1500
#define MODEL_CONNECTIONS 512
#define MODEL_PER_SOURCE  4
#define MODEL_HANDSHAKES  40
#define MODEL_HS_SOURCE   2

struct model {
    uint32_t connections[MODEL_SOURCES];
    uint32_t handshakes[MODEL_SOURCES];
    uint32_t total, handshake_total;
    uint64_t refused;
};

static int model_begin(const struct model *model, uint32_t connections, uint32_t handshakes)
{
    uint32_t limit = handshakes == 0 ? MODEL_HANDSHAKES : MODEL_HANDSHAKES - MODEL_HANDSHAKES / 4;

    if (connections == 0 || handshakes >= MODEL_HS_SOURCE)
        return AP_ERANGE;
    if (model->handshake_total < limit)
        return 0;
    return model->handshake_total < MODEL_HANDSHAKES ? AP_ERANGE : AP_EBUSY;
}

static void churn_once(struct source_table *table, struct model *model, uint32_t source,
                       unsigned what)
{
    struct source_key key = key_of(source * 2654435761u);
    uint32_t *connections = &model->connections[source];
    uint32_t *handshakes = &model->handshakes[source];
    bool room;
    int err;

    switch (what) {
    case 0:
    case 1:
        room = model->total < MODEL_CONNECTIONS && *connections < MODEL_PER_SOURCE;
        assert_int_equal(source_table_connect(table, &key), room ? 0 : AP_EBUSY);
        *connections += room;
        model->total += room;
        model->refused += !room;
        return;
    case 2:
        if (*connections <= *handshakes)
            return;
        source_table_disconnect(table, &key);
        --*connections;
        model->total--;
        return;
    case 3:
        if (*handshakes >= *connections && *connections > 0)
            return;
        err = model_begin(model, *connections, *handshakes);
        assert_int_equal(source_table_handshake_begin(table, &key), err);
        room = err == 0;
        *handshakes += room;
        model->handshake_total += room;
        return;
    default:
        if (*handshakes == 0)
            return;
        source_table_handshake_end(table, &key);
        --*handshakes;
        model->handshake_total--;
    }
}

static void test_random_churn_agrees_with_a_simple_model(void **state)
{
    struct source_table *table =
        table_of(MODEL_CONNECTIONS, MODEL_PER_SOURCE, MODEL_HANDSHAKES, MODEL_HS_SOURCE);
    struct model *model = calloc(1, sizeof(*model));
    const char *given = getenv("AP_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

    (void)state;
    print_message("seed: AP_TEST_SEED=%u\n", seed);
    assert_non_null(model);
    for (unsigned i = 0; i < 300000; i++) {
        /* Long phases of mostly coming and mostly going, so that it fills and empties. */
        unsigned what = (unsigned)rand_r(&seed) % 5;
        if ((i / 5000) % 2 == 1 && what < 2)
            what = 2 + 2 * (unsigned)(rand_r(&seed) % 2);
        churn_once(table, model, (uint32_t)rand_r(&seed) % MODEL_SOURCES, what);
        if (i % 1000 == 0)
            check_totals(table, model->total, model->handshake_total, model->refused);
    }
    check_totals(table, model->total, model->handshake_total, model->refused);
    for (uint32_t i = 0; i < MODEL_SOURCES; i++) {
        while (model->handshakes[i] > 0)
            churn_once(table, model, i, 4);
        while (model->connections[i] > 0)
            churn_once(table, model, i, 2);
    }
    check_totals(table, 0, 0, model->refused);
    free(model);
    source_table_free(table);
}

/* -- threads ----------------------------------------------------------------------------------- */

struct crowd {
    struct source_table *table;
    unsigned number;
    unsigned long connected, refused;
};

static void *hammer(void *data)
{
    struct crowd *crowd = data;
    unsigned seed = crowd->number;

    for (int i = 0; i < 4000; i++) {
        struct source_key key = key_of((uint32_t)rand_r(&seed) % 20);
        if (source_table_connect(crowd->table, &key) != 0) {
            crowd->refused++;
            continue;
        }
        crowd->connected++;
        if (source_table_handshake_begin(crowd->table, &key) == 0)
            source_table_handshake_end(crowd->table, &key);
        source_table_disconnect(crowd->table, &key);
    }
    return NULL;
}

static void test_threads_leave_the_table_empty(void **state)
{
    struct crowd crowds[4];
    pthread_t threads[4];
    struct source_table *table = table_of(3, 1, 1, 1);
    unsigned long refused = 0, connected = 0;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){.table = table, .number = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &crowds[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        refused += crowds[i].refused;
        connected += crowds[i].connected;
    }
    assert_int_equal(connected + refused, 16000);
    check_totals(table, 0, 0, refused);
    source_table_free(table);
}

static int make(void *data)
{
    const struct source_limits limits = {100, 10, 10, 1};
    struct source_table *table = NULL;
    int err = source_table_new(&limits, &table);

    (void)data;
    if (err)
        assert_null(table);
    source_table_free(table);
    return err;
}

static void test_failed_allocation_gives_no_table(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(make, NULL) > 16);
    source_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_of_a_source_have_a_limit),
        cmocka_unit_test(test_connections_in_total_have_a_limit),
        cmocka_unit_test(test_a_connection_counts_in_total_before_its_source_is_known),
        cmocka_unit_test(test_handshakes_wait_for_a_slot),
        cmocka_unit_test(test_the_last_quarter_of_slots_is_for_sources_that_have_none),
        cmocka_unit_test(test_ipv4_and_ipv6_sources_of_the_same_bytes_are_apart),
        cmocka_unit_test(test_largest_table_holds_one_source_per_connection),
        cmocka_unit_test(test_random_churn_agrees_with_a_simple_model),
        cmocka_unit_test(test_threads_leave_the_table_empty),
        cmocka_unit_test(test_failed_allocation_gives_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
