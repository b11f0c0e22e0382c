/* Templates that admins stored. */
#include "fixture.h"

#include "autoprov/store_template.h"

static void put(struct fixture *fixture, const char *name, const char *text, int err)
{
    fixture_begin(fixture);
    assert_int_equal(store_template_put(fixture->db, name, text), err);
    fixture_commit(fixture);
}

static void test_a_template_is_stored_replaced_and_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_template *rows = NULL, row;
    size_t count = 0;

    put(fixture, "b.cfg", "one\n", 0);
    put(fixture, "a.cfg", "two", 0);
    atomic_store(&fixture->wall_s, FIXTURE_NOW_S + 5);
    put(fixture, "b.cfg", "three", 0);
    assert_int_equal(store_template_list(fixture->db, &fixture->arena, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "a.cfg");
    assert_string_equal(rows[1].text, "three");
    assert_int_equal(store_template_get(fixture->db, &fixture->arena, "b.cfg", &row), 0);
    assert_int_equal(row.version, 2);
    assert_int_equal(row.changed_at, FIXTURE_NOW_S + 5);
    fixture_begin(fixture);
    assert_int_equal(store_template_del(fixture->db, "b.cfg"), 0);
    assert_int_equal(store_template_del(fixture->db, "b.cfg"), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(store_template_get(fixture->db, &fixture->arena, "b.cfg", &row), AP_ENOENT);
}

static void test_what_no_template_can_be_is_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t len = AP_TEMPLATE_MAX_BYTES + 1;
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    put(fixture, "a.cfg", text, AP_EINVAL);
    put(fixture, "a.cfg", "", AP_EINVAL);
    text[len - 1] = '\0';
    put(fixture, "a.cfg", text, 0);
    free(text);
}

static void test_there_is_a_limit_to_their_number(void **state)
{
    struct fixture *fixture = *state;
    char name[32];

    for (int i = 0; i < AP_TEMPLATES_STORED_MAX; i++) {
        (void)snprintf(name, sizeof(name), "t%d.cfg", i);
        put(fixture, name, "x", 0);
    }
    put(fixture, "more.cfg", "x", AP_ERANGE);
    put(fixture, "t7.cfg", "y", 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM template"),
                     AP_TEMPLATES_STORED_MAX);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_a_template_is_stored_replaced_and_taken_back),
        ROW(test_what_no_template_can_be_is_refused),
        ROW(test_there_is_a_limit_to_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
