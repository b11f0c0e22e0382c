/* The list of what an import changes: in order, in pages, bounded, and sealed on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app_fixture.h"
#include "autoprov/limits.h"
#include "import_list.h"
#include "support/alloc_fault.h"

#define MAX  200
#define MANY 500

struct seen {
    uint64_t first, count;
    char text[16384]; /* of the last one */
    int err;          /* to end with */
};

static int take(void *data, const struct import_listed *listed)
{
    struct seen *seen = data;
    size_t used;

    if (seen->count++ == 0)
        seen->first = listed->line;
    used = (size_t)snprintf(seen->text, sizeof(seen->text), "%llu %d %d %s|%s",
                            (unsigned long long)listed->line, (int)listed->kind,
                            (int)listed->change, listed->name, listed->user);
    for (size_t i = 0; i < listed->field_count; i++)
        used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "|%s=%s>%s",
                                 listed->fields[i].name,
                                 listed->fields[i].before ? listed->fields[i].before : "(secret)",
                                 listed->fields[i].after ? listed->fields[i].after : "(secret)");
    return seen->err;
}

static struct import_listed entry(uint64_t line)
{
    return (struct import_listed){
        .line = line,
        .kind = IMPORT_LISTED_PHONE,
        .change = IMPORT_LISTED_CHANGED,
        .name = "cc:5e:f6:41:b7:94",
        .user = "alice",
        .field_count = 3,
        .fields = {{"label", "", "Hall"}, {"password", NULL, NULL}, {"model", "T31P", ""}},
    };
}

static struct import_list *open_list(const struct app_fixture *fixture, uint64_t max,
                                     uint64_t count)
{
    struct import_list *list = NULL;

    assert_int_equal(import_list_new(fixture->folder, max, &list), 0);
    for (uint64_t line = 1; line <= count; line++) {
        const struct import_listed listed = entry(line);
        assert_int_equal(import_list_add(list, fixture->vault, &listed), 0);
    }
    assert_int_equal(import_list_end(list, fixture->vault), 0);
    return list;
}

static void test_an_entry_comes_out_as_it_went_in(void **state)
{
    const struct app_fixture *fixture = *state;
    struct import_list *list = open_list(fixture, MAX, 1);
    struct seen seen = {.count = 0};
    uint64_t next = 0;

    assert_int_equal(import_list_read(list, fixture->vault, 10, &next, take, &seen), 0);
    assert_string_equal(seen.text, "1 2 1 cc:5e:f6:41:b7:94|alice|label=>Hall|"
                                   "password=(secret)>(secret)|model=T31P>");
    assert_int_equal(next, 1);
    import_list_free(list);
    import_list_free(NULL);
}

static void test_pages_of_every_length_lead_to_the_end(void **state)
{
    static const uint32_t LIMITS[] = {1, 7, 63, 64, 65, 128, 1000};
    const struct app_fixture *fixture = *state;
    struct import_list *list = open_list(fixture, MAX, MAX - 1);

    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        uint64_t next = 0, all = 0;
        while (next < import_list_listed(list)) {
            struct seen seen = {.count = 0};
            uint64_t from = next;
            assert_int_equal(import_list_read(list, fixture->vault, LIMITS[i], &next, take, &seen),
                             0);
            assert_int_equal(seen.first, from + 1);
            assert_int_equal(seen.count, next - from);
            assert_true(seen.count > 0 && seen.count <= LIMITS[i]);
            all += seen.count;
        }
        assert_int_equal(all, MAX - 1);
    }
    import_list_free(list);
}

static void test_behind_the_limit_entries_are_only_counted(void **state)
{
    const struct app_fixture *fixture = *state;
    struct import_list *list = open_list(fixture, MAX, MANY);
    struct seen seen = {.count = 0};
    uint64_t next = 0;

    assert_int_equal(import_list_count(list), MANY);
    assert_int_equal(import_list_listed(list), MAX);
    assert_int_equal(import_list_read(list, fixture->vault, MANY, &next, take, &seen), 0);
    assert_int_equal(seen.count, MAX);
    assert_int_equal(next, MAX);
    /* A cursor of anybody's making finds nothing. */
    next = INT64_MAX;
    seen.count = 0;
    assert_int_equal(import_list_read(list, fixture->vault, MANY, &next, take, &seen), 0);
    assert_int_equal(seen.count, 0);
    import_list_free(list);
}

static void test_long_texts_are_cut_and_bound_the_file_and_the_page(void **state)
{
    static const uint64_t COUNT = 10000;
    const struct app_fixture *fixture = *state;
    struct import_list *list = NULL;
    struct import_listed listed = entry(1);
    struct seen seen = {.count = 0};
    uint64_t next = 0;
    char text[AP_IMPORT_LISTED_TEXT_MAX_BYTES * 2 + 2];

    /* Two bytes each, so that the cut falls into the middle of one. */
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xb6", 2);
    text[sizeof(text) - 2] = '\0';
    listed.field_count = IMPORT_LISTED_FIELDS_MAX;
    for (size_t i = 0; i < IMPORT_LISTED_FIELDS_MAX; i++)
        listed.fields[i] = (struct import_listed_field){"label", text, text};
    assert_int_equal(import_list_new(fixture->folder, COUNT, &list), 0);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(import_list_add(list, fixture->vault, &listed), 0);
    assert_int_equal(import_list_end(list, fixture->vault), 0);
    assert_int_equal(import_list_count(list), COUNT);
    assert_true(import_list_listed(list) < 4000);
    assert_true(import_list_listed(list) > AP_IMPORT_LIST_MAX_BYTES / 12000);

    assert_int_equal(import_list_read(list, fixture->vault, 1000, &next, take, &seen), 0);
    assert_int_equal(next, seen.count);
    assert_true(seen.count > 50 && seen.count < 200);
    const char *cut = strstr(seen.text, "\xe2\x80\xa6>");
    assert_non_null(cut);
    assert_memory_equal(cut - 2, "\xc3\xb6", 2);
    import_list_free(list);
}

static void test_what_reads_may_end_it(void **state)
{
    const struct app_fixture *fixture = *state;
    struct import_list *list = open_list(fixture, MAX, MAX);
    struct seen seen = {.err = AP_ENOMEM};
    uint64_t next = 3;

    assert_int_equal(import_list_read(list, fixture->vault, 10, &next, take, &seen), AP_ENOMEM);
    assert_int_equal(seen.count, 1);
    assert_int_equal(next, 3);
    import_list_free(list);
}

static int fill_and_read(void *data)
{
    struct app_fixture *fixture = data;
    struct import_list *list = NULL;
    struct import_listed listed = entry(1);
    struct seen seen = {.count = 0};
    uint64_t next = 0;
    int err = import_list_new(fixture->folder, MAX, &list);

    for (unsigned i = 0; i < 70 && !err; i++)
        err = import_list_add(list, fixture->vault, &listed);
    if (!err)
        err = import_list_end(list, fixture->vault);
    if (!err)
        err = import_list_read(list, fixture->vault, 1000, &next, take, &seen);
    if (!err)
        assert_int_equal(seen.count, 70);
    import_list_free(list);
    return err;
}

static void test_running_out_of_memory_is_told_and_leaks_nothing(void **state)
{
    assert_true(alloc_fault_run(fill_and_read, *state) > 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_an_entry_comes_out_as_it_went_in),
        TEST(test_pages_of_every_length_lead_to_the_end),
        TEST(test_behind_the_limit_entries_are_only_counted),
        TEST(test_long_texts_are_cut_and_bound_the_file_and_the_page),
        TEST(test_what_reads_may_end_it),
        TEST(test_running_out_of_memory_is_told_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
