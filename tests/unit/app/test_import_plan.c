/* What an import names: found again among many, claimed once, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import_plan.h"
#include "support/alloc_fault.h"

#define MANY 5000

static uint64_t key_of(const struct import_plan *plan, unsigned number)
{
    char name[16];
    int len = snprintf(name, sizeof(name), "u%u", number);

    assert_true(len > 0);
    return import_plan_hash(plan, 1, name, (size_t)len);
}

static void test_entities_are_found_again_among_many(void **state)
{
    struct import_plan *plan = NULL;
    struct import_entity *entity = NULL;
    uint32_t number = 0;

    (void)state;
    assert_int_equal(import_plan_new(&plan), 0);
    assert_null(import_plan_find(plan, IMPORT_OF_USER, key_of(plan, 0), &number));
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(import_plan_name(plan, IMPORT_OF_USER, key_of(plan, i), &entity, &number),
                         0);
        assert_int_equal(number, i);
        assert_int_equal(entity->state, IMPORT_NAMED);
        entity->state = IMPORT_NEW;
        entity->line = i;
        entity->values[3] = i;
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(import_plan_name(plan, IMPORT_OF_USER, key_of(plan, i), &entity, &number),
                         0);
        assert_int_equal(number, i);
        assert_int_equal(entity->line, i);
        assert_int_equal(entity->values[3], i);
        assert_ptr_equal(import_plan_find(plan, IMPORT_OF_USER, key_of(plan, i), &number), entity);
    }
    assert_int_equal(import_plan_count(plan, IMPORT_OF_USER), MANY);
    assert_int_equal(import_plan_count(plan, IMPORT_OF_PHONE), 0);
    assert_null(import_plan_find(plan, IMPORT_OF_USER, key_of(plan, MANY), &number));
    import_plan_free(plan);
    import_plan_free(NULL);
}

static void test_a_value_is_claimed_by_the_first(void **state)
{
    struct import_plan *plan = NULL;
    uint32_t owner = 0;

    (void)state;
    assert_int_equal(import_plan_new(&plan), 0);
    assert_int_equal(import_plan_claim(plan, key_of(plan, 1), 7, &owner), 0);
    assert_int_equal(owner, 7);
    assert_int_equal(import_plan_claim(plan, key_of(plan, 1), 8, &owner), 0);
    assert_int_equal(owner, 7);
    assert_int_equal(import_plan_claim(plan, key_of(plan, 2), 8, &owner), 0);
    assert_int_equal(owner, 8);
    /* The same text for something else is another value. */
    assert_true(import_plan_hash(plan, 1, "x", 1) != import_plan_hash(plan, 2, "x", 1));
    import_plan_free(plan);
}

static void test_lines_come_in_the_order_of_phones_and_positions(void **state)
{
    struct import_plan *plan = NULL;
    size_t count = 0;

    (void)state;
    assert_int_equal(import_plan_new(&plan), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct import_line line = {
            .phone = i * 7919 % MANY / 4, .account = i, .position = MANY - i};
        assert_int_equal(import_plan_add_line(plan, &line), 0);
    }
    import_plan_sort_lines(plan);
    const struct import_line *lines = import_plan_lines(plan, &count);
    assert_int_equal(count, MANY);
    for (size_t i = 1; i < count; i++)
        assert_true(
            lines[i - 1].phone < lines[i].phone ||
            (lines[i - 1].phone == lines[i].phone && lines[i - 1].position < lines[i].position));
    import_plan_free(plan);
}

static void test_row_ids_come_out_as_they_went_in(void **state)
{
    static const char ID[] = "01a2154b-87a4-78aa-b13a-afebb46f8729";
    struct import_plan *plan = NULL;
    struct import_entity *entity = NULL;
    char id[STORE_ID_TEXT_MAX];
    uint32_t number;

    (void)state;
    assert_int_equal(import_plan_new(&plan), 0);
    assert_int_equal(import_plan_name(plan, IMPORT_OF_PHONE, 1, &entity, &number), 0);
    import_plan_set_id(entity, ID);
    import_plan_id(entity, id);
    assert_string_equal(id, ID);
    import_plan_free(plan);
}

static int fill(void *data)
{
    struct import_plan *plan = NULL;
    struct import_entity *entity;
    const struct import_line line = {.position = 1};
    uint32_t number;
    int err = import_plan_new(&plan);

    (void)data;
    for (unsigned i = 0; i < 2000 && !err; i++) {
        err = import_plan_name(plan, IMPORT_OF_ACCOUNT, key_of(plan, i), &entity, &number);
        if (!err)
            err = import_plan_claim(plan, key_of(plan, i), i, &number);
        if (!err)
            err = import_plan_add_line(plan, &line);
    }
    import_plan_free(plan);
    return err;
}

static void test_running_out_of_memory_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(fill, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entities_are_found_again_among_many),
        cmocka_unit_test(test_a_value_is_claimed_by_the_first),
        cmocka_unit_test(test_lines_come_in_the_order_of_phones_and_positions),
        cmocka_unit_test(test_row_ids_come_out_as_they_went_in),
        cmocka_unit_test(test_running_out_of_memory_is_told_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
