/* The shipped folder with the admin's folder laid over it. */
#include "autoprov/template_set.h"

#include <sys/stat.h>
#include <unistd.h>

#include "app_fixture.h"
#include "support/alloc_fault.h"

struct paths {
    struct app_fixture *fixture;
    char shipped[FIXTURE_PATH_MAX], custom[FIXTURE_PATH_MAX];
};

static struct paths make_folders(struct app_fixture *fixture, bool with_custom)
{
    struct paths paths = {.fixture = fixture};

    fixture_path(fixture, "shipped", paths.shipped);
    fixture_path(fixture, "custom", paths.custom);
    fixture_make_folder(fixture, "shipped");
    if (with_custom)
        fixture_make_folder(fixture, "custom");
    return paths;
}

static struct template_set *load(const struct paths *paths)
{
    struct template_set *set = NULL;
    struct ap_error error = {{0}};

    if (template_set_load(paths->shipped, paths->custom, &set, &error) != 0)
        fail_msg("%s", error.text);
    return set;
}

static void check_rendering(const struct template_set *set, const char *file, const char *expected)
{
    const struct template *template = template_set_find(set, file);
    static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};
    const struct value nothing = value_object(NULL, 0);
    struct buf out;

    assert_non_null(template);
    buf_init(&out, 1000);
    assert_int_equal(template_render(template, &XML, &nothing, &out), 0);
    assert_string_equal(out.data, expected);
    buf_done(&out);
}

static void test_admins_file_goes_before_the_shipped_one_of_its_name(void **state)
{
    struct paths paths = make_folders(*state, true);

    fixture_write(*state, "shipped/generic.xml", "shipped generic");
    fixture_write(*state, "shipped/linphone.xml", "shipped linphone");
    fixture_write(*state, "custom/linphone.xml", "my linphone");
    fixture_write(*state, "custom/acme.xml", "my acme");
    struct template_set *set = load(&paths);
    check_rendering(set, "generic.xml", "shipped generic");
    check_rendering(set, "linphone.xml", "my linphone");
    check_rendering(set, "acme.xml", "my acme");
    assert_null(template_set_find(set, "unknown.xml"));
    assert_null(template_set_find(set, ""));
    assert_null(template_set_find(set, "lin"));
    assert_null(template_set_find(set, "linphone"));
    assert_null(template_set_find(set, "Linphone.xml"));
    template_set_free(set);
}

static void test_templates_are_listed_once_in_the_order_of_names(void **state)
{
    static const char *const NAMES[] = {"acme.xml", "generic.xml", "zeta.xml"};
    struct paths paths = make_folders(*state, true);
    const char *file = NULL;

    fixture_write(*state, "shipped/zeta.xml", "z");
    fixture_write(*state, "shipped/generic.xml", "g");
    fixture_write(*state, "custom/zeta.xml", "Z");
    fixture_write(*state, "custom/acme.xml", "a");
    struct template_set *set = load(&paths);
    for (size_t i = 0; i < 3; i++) {
        const struct template *template = template_set_at(set, i, &file);
        assert_string_equal(file, NAMES[i]);
        assert_ptr_equal(template, template_set_find(set, NAMES[i]));
        assert_ptr_equal(template, template_set_at(set, i, NULL));
    }
    assert_null(template_set_at(set, 3, &file));
    template_set_free(set);
}

static void test_files_are_told_from_templates_by_their_names(void **state)
{
    struct paths paths = make_folders(*state, false);

    fixture_write(*state, "shipped/generic.xml", "g");
    fixture_write(*state, "shipped/.hidden.xml", "{{broken");
    fixture_write(*state, "shipped/.xml", "{{broken");
    fixture_write(*state, "shipped/README.md", "{{broken");
    fixture_write(*state, "shipped/generic.xml~", "{{broken");
    fixture_write(*state, "shipped/generic.XML", "{{broken");
    fixture_write(*state, "shipped/generic.xml.dpkg-old", "{{broken");
    fixture_write(*state, "shipped/_part.xml", "{{broken");
    fixture_write(*state, "shipped/yealink.cfg", "y");
    fixture_write(*state, "shipped/a.txt", "a");
    fixture_write(*state, "shipped/b.json", "b");
    fixture_write(*state, "shipped/0.conf", "0");
    struct template_set *set = load(&paths);
    assert_non_null(template_set_find(set, "generic.xml"));
    assert_non_null(template_set_find(set, "yealink.cfg"));
    assert_non_null(template_set_at(set, 4, NULL));
    assert_null(template_set_at(set, 5, NULL));
    template_set_free(set);
}

static void test_admins_folder_may_be_absent_the_shipped_one_not(void **state)
{
    struct paths paths = make_folders(*state, false);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};

    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, paths.shipped));
    fixture_write(*state, "shipped/generic.xml", "g");
    set = load(&paths);
    template_set_free(set);
    set = NULL;
    assert_int_equal(template_set_load(paths.custom, paths.shipped, &set, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, paths.custom));
    assert_null(set);
}

static void test_broken_template_is_told_with_its_place(void **state)
{
    struct paths paths = make_folders(*state, true);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};
    char place[FIXTURE_PATH_MAX + 32];

    fixture_write(*state, "shipped/generic.xml", "g");
    fixture_write(*state, "custom/acme.xml", "line one\n  {{#open}}");
    (void)snprintf(place, sizeof(place), "%s/acme.xml:2:", paths.custom);
    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_ESYNTAX);
    assert_memory_equal(error.text, place, strlen(place));
    assert_null(set);
}

static void test_templates_call_each_other_by_file_name(void **state)
{
    struct paths paths = make_folders(*state, true);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};
    char place[FIXTURE_PATH_MAX + 64];

    fixture_write(*state, "shipped/a.cfg", "{{>part.txt}} {{$x}}default{{/x}}");
    fixture_write(*state, "shipped/part.txt", "shipped");
    fixture_write(*state, "custom/part.txt", "mine");
    fixture_write(*state, "custom/b.cfg", "{{<a.cfg}}{{$x}}override{{/x}}{{/a.cfg}}");
    set = load(&paths);
    check_rendering(set, "a.cfg", "mine default");
    check_rendering(set, "b.cfg", "mine override");
    template_set_free(set);
    set = NULL;
    fixture_write(*state, "custom/c.cfg", "\n {{>part}}");
    (void)snprintf(place, sizeof(place), "%s/c.cfg:2:2: there is no template 'part'", paths.custom);
    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_ENOENT);
    assert_string_equal(error.text, place);
    assert_null(set);
}

static void test_too_large_template_is_refused(void **state)
{
    struct paths paths = make_folders(*state, false);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};
    char *text = malloc(AP_TEMPLATE_MAX_BYTES + 2);

    assert_non_null(text);
    memset(text, 'x', AP_TEMPLATE_MAX_BYTES + 1);
    text[AP_TEMPLATE_MAX_BYTES + 1] = '\0';
    fixture_write(*state, "shipped/generic.xml", text);
    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "generic.xml"));
    text[AP_TEMPLATE_MAX_BYTES] = '\0';
    fixture_write(*state, "shipped/generic.xml", text);
    template_set_free(load(&paths));
    free(text);
}

static void test_folder_with_a_templates_name_is_an_error(void **state)
{
    struct paths paths = make_folders(*state, false);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};

    fixture_make_folder(*state, "shipped/generic.xml");
    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "generic.xml"));
}

static int load_and_free(void *data)
{
    const struct paths *paths = data;
    struct template_set *set = NULL;
    struct ap_error error = {{0}};
    int err = template_set_load(paths->shipped, paths->custom, &set, &error);

    if (err) {
        assert_int_equal(err, AP_ENOMEM);
        assert_null(set);
        assert_true(error.text[0]);
    }
    template_set_free(set);
    return err;
}

static void test_failed_allocation_gives_no_set(void **state)
{
    struct paths paths = make_folders(*state, true);

    fixture_write(*state, "shipped/generic.xml", "{{#lines}}{{sip_user}}{{/lines}}");
    fixture_write(*state, "custom/acme.xml", "{{mac}}{{>generic.xml}}");
    assert_true(alloc_fault_run(load_and_free, &paths) > 6);
    template_set_free(NULL);
}

/* What a shell leaves behind that wrote a template over itself: a phone would take it for its file.
 */
static void test_an_empty_file_refuses_the_set(void **state)
{
    struct paths paths = make_folders(*state, true);
    struct template_set *set = NULL;
    struct ap_error error = {{0}};

    fixture_write(*state, "shipped/a.cfg", "x\n");
    fixture_write(*state, "custom/a.cfg", "");
    assert_int_equal(template_set_load(paths.shipped, paths.custom, &set, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "custom/a.cfg: empty"));
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* -- texts between the folders ----------------------------------------------------------------- */

static struct template_set *load_all(const struct paths *paths, const struct template_text *stored,
                                     size_t count)
{
    const struct template_sources sources = {.custom_folder = paths->custom,
                                             .shipped_folder = paths->shipped,
                                             .stored = stored,
                                             .stored_count = count};
    struct template_set *set = NULL;
    struct ap_error error = {{0}};

    if (template_set_load_all(&sources, &set, &error) != 0)
        fail_msg("%s", error.text);
    return set;
}

static void test_a_stored_text_lies_between_the_admins_file_and_the_shipped_one(void **state)
{
    static const struct template_text STORED[] = {
        {"a.xml", "stored a"}, {"b.xml", "stored b"}, {"new.xml", "stored new"}};
    struct paths paths = make_folders(*state, true);

    fixture_write(*state, "shipped/a.xml", "shipped a");
    fixture_write(*state, "shipped/b.xml", "shipped b");
    fixture_write(*state, "shipped/c.xml", "shipped c");
    fixture_write(*state, "custom/a.xml", "own a");
    struct template_set *set = load_all(&paths, STORED, 3);
    check_rendering(set, "a.xml", "own a");
    check_rendering(set, "b.xml", "stored b");
    check_rendering(set, "c.xml", "shipped c");
    check_rendering(set, "new.xml", "stored new");
    assert_int_equal(template_set_source(set, "a.xml"), TEMPLATE_FILE);
    assert_int_equal(template_set_source(set, "b.xml"), TEMPLATE_STORED);
    assert_int_equal(template_set_source(set, "c.xml"), TEMPLATE_SHIPPED);
    template_set_free(set);
}

/* d calls e, which calls a text that does not compile; so does a file of the admin's. */
static void test_what_does_not_compile_is_passed_over_with_all_that_call_it(void **state)
{
    static const struct template_text STORED[] = {{"d.xml", "d {{>e.xml}}"},
                                                  {"e.xml", "e {{>part.xml}}"},
                                                  {"f.xml", "good"},
                                                  {"part.xml", "{{#open}}"}};
    struct paths paths = make_folders(*state, true);
    const char *file, *why;
    size_t count = 0;

    fixture_write(*state, "shipped/d.xml", "shipped d");
    fixture_write(*state, "shipped/own.xml", "shipped own");
    fixture_write(*state, "custom/own.xml", "own {{>part.xml}}");
    struct template_set *set = load_all(&paths, STORED, 4);
    check_rendering(set, "d.xml", "shipped d");
    check_rendering(set, "own.xml", "shipped own");
    check_rendering(set, "f.xml", "good");
    assert_null(template_set_find(set, "e.xml"));
    assert_null(template_set_find(set, "part.xml"));
    while (template_set_passed_over(set, count, &file, &why))
        count++;
    assert_int_equal(count, 4);
    assert_non_null(strstr(template_set_why(set, "part.xml"), "part.xml:1:"));
    assert_non_null(strstr(template_set_why(set, "d.xml"), "there is no template 'e.xml'"));
    assert_null(template_set_why(set, "f.xml"));
    template_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_stored_text_lies_between_the_admins_file_and_the_shipped_one, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(
            test_what_does_not_compile_is_passed_over_with_all_that_call_it, fixture_setup,
            fixture_teardown),
        ROW(test_admins_file_goes_before_the_shipped_one_of_its_name),
        ROW(test_templates_are_listed_once_in_the_order_of_names),
        ROW(test_files_are_told_from_templates_by_their_names),
        ROW(test_admins_folder_may_be_absent_the_shipped_one_not),
        ROW(test_broken_template_is_told_with_its_place),
        ROW(test_templates_call_each_other_by_file_name),
        ROW(test_an_empty_file_refuses_the_set),
        ROW(test_too_large_template_is_refused),
        ROW(test_folder_with_a_templates_name_is_an_error),
        ROW(test_failed_allocation_gives_no_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
