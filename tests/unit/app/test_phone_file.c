/* A phone's own files and their names. */
#include "autoprov/phone_file.h"

#include "autoprov/array.h"
#include "view_fixture.h"

static const uint8_t MAC[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, 0x94};

/* Common files are nobody's own, probes are never served, and rows may name models. */
static void test_files_of_a_phone_are_those_that_are_served_to_its_model(void **state)
{
    static const struct {
        const char *vendor, *model, *names[4];
    } ROWS[] = {
        {"acme", NULL, {"{mac}.cfg", "83/{any}/{mac}.cfg"}},
        {"acme", "A1", {"{mac}.cfg", "{mac}-book.xml", "83/{any}/{mac}.cfg"}},
        {"acme", "A2", {"{mac}.cfg", "83/{any}/{mac}.cfg"}},
        {"flatty", "F1", {"SEP{mac}.cnf.xml"}},
        {"latin", NULL, {"latin-{model}-{mac}.cfg"}},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct catalogue_file *file = NULL;
        view_of(view, ROWS[i].vendor, ROWS[i].model);
        for (size_t j = 0; j < 4; j++) {
            file = phone_file_next(view->source.vendor, view->source.model, file);
            assert_int_equal(file != NULL, ROWS[i].names[j] != NULL);
            if (!file)
                break;
            assert_string_equal(file->name, ROWS[i].names[j]);
        }
    }
}

static void test_names_are_those_that_the_phone_asks_for(void **state)
{
    static const struct {
        const char *vendor, *model;
        size_t file;
        const char *name; /* NULL: not known */
        const char *shown;
    } ROWS[] = {
        {"acme", NULL, 0, "CC5EF641B794.cfg", "CC5EF641B794.cfg"},
        {"acme", "A1", 2, "y11.cfg", "y11.cfg"},
        {"acme", "A2", 2, NULL, "y{code}.cfg"}, /* a model without a code */
        {"acme", NULL, 2, NULL, "y{code}.cfg"},
        {"acme", NULL, 3, "acme.cfg", "acme.cfg"},
        {"acme", "A1", 4, "CC5EF641B794-book.xml", "CC5EF641B794-book.xml"},
        {"acme", "A1", 5, NULL, "83/{any}/{mac}.cfg"},
        {"generic", NULL, 0, "cc5ef641b794.xml", "cc5ef641b794.xml"},
        {"latin", "L1", 1, "latin-L1-cc5ef641b794.cfg", "latin-L1-cc5ef641b794.cfg"},
        {"latin", NULL, 1, NULL, "latin-{model}-{mac}.cfg"},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const char *name = NULL;
        view_of(view, ROWS[i].vendor, ROWS[i].model);
        const struct catalogue_file *file = &view->source.vendor->files[ROWS[i].file];
        int err = phone_file_name(view->source.vendor, view->source.model, file, MAC, &view->arena,
                                  &name);
        assert_int_equal(err, ROWS[i].name ? 0 : AP_ENOENT);
        if (ROWS[i].name)
            assert_string_equal(name, ROWS[i].name);
        else
            assert_null(name);
        assert_string_equal(
            phone_file_shown(view->source.vendor, view->source.model, file, MAC, &view->arena),
            ROWS[i].shown);
    }
}

/* What we call a file is what the matcher knows it by. */
static void test_every_known_name_leads_back_to_its_row(void **state)
{
    struct view_fixture *view = *state;
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; (vendor = catalogue_vendor_at(view->catalogue, i)); i++) {
        for (size_t j = 0; j < vendor->model_count; j++) {
            const struct catalogue_model *model = &vendor->models[j];
            const struct catalogue_file *file = NULL;
            while ((file = phone_file_next(vendor, model, file))) {
                struct catalogue_match match;
                const char *name = NULL;
                if (phone_file_name(vendor, model, file, MAC, &view->arena, &name) != 0)
                    continue;
                assert_true(catalogue_match(view->catalogue, name, strlen(name), &match));
                assert_memory_equal(match.mac, MAC, sizeof(MAC));
                assert_ptr_equal(catalogue_match_of(&match, vendor->name, model->name), file);
            }
        }
    }
}

static void test_without_memory_there_is_no_name(void **state)
{
    struct view_fixture *view = *state;
    const char *name = NULL;
    struct arena arena;

    arena_init(&arena, 4);
    assert_int_equal(phone_file_name(view->source.vendor, NULL, &view->source.vendor->files[0], MAC,
                                     &arena, &name),
                     AP_ENOMEM);
    assert_null(name);
    assert_string_equal(
        phone_file_shown(view->source.vendor, NULL, &view->source.vendor->files[0], MAC, &arena),
        "{mac}.cfg");
    arena_done(&arena);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_files_of_a_phone_are_those_that_are_served_to_its_model),
        ROW(test_names_are_those_that_the_phone_asks_for),
        ROW(test_every_known_name_leads_back_to_its_row),
        ROW(test_without_memory_there_is_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
