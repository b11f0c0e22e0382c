/* Templates before they meet a phone: names, values, well-formed XML, each fault once. */
#include "autoprov/template_check.h"

#include "app_fixture.h"
#include "autoprov/array.h"

static struct rendering *rendering;

struct faults {
    char text[4096];
    size_t count;
};

static void keep(void *data, const char *line)
{
    struct faults *faults = data;
    size_t len = strlen(faults->text);

    faults->count++;
    (void)snprintf(faults->text + len, sizeof(faults->text) - len, "%s\n", line);
}

static int setup(void **state)
{
    fixture_setup(state);
    fixture_write_vendors(*state);
    return 0;
}

static int teardown(void **state)
{
    rendering_free(rendering);
    rendering = NULL;
    return fixture_teardown(state);
}

/* Write the file, load all, check that one. */
static int check(const struct app_fixture *fixture, const char *file, const char *text,
                 struct faults *faults, size_t *ret_renderings)
{
    char templates[FIXTURE_PATH_MAX], vendors[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];
    const struct rendering_folders folders = {.templates = templates,
                                              .custom_templates = "/nonexistent",
                                              .vendors = vendors,
                                              .custom_vendors = "/nonexistent"};
    struct ap_error error = {{0}};

    memset(faults, 0, sizeof(*faults));
    (void)snprintf(path, sizeof(path), "templates/%s", file);
    fixture_write(fixture, path, text);
    fixture_path(fixture, "templates", templates);
    fixture_path(fixture, "vendors", vendors);
    rendering_free(rendering);
    rendering = NULL;
    if (rendering_load(&folders, &rendering, &error) != 0)
        fail_msg("%s", error.text);
    return template_check(rendering, template_set_find(rendering->templates, file), file, keep,
                          faults, ret_renderings);
}

static void check_faults(const struct faults *faults, const char *const *expected, size_t count)
{
    assert_int_equal(faults->count, count);
    for (size_t i = 0; i < count; i++) {
        if (!strstr(faults->text, expected[i]))
            fail_msg("'%s' is not in\n%s", expected[i], faults->text);
    }
}

static void test_good_template_is_rendered_for_each_vendor_and_model(void **state)
{
    static const struct {
        const char *file, *text;
        size_t renderings;
    } ROWS[] = {
        /* Rows 0 and 5; model A2 has another template: A1 and a model unknown. */
        {"acme.cfg", "{{#lines}}{{sip_user}}{{/lines}}\n", 4},
        {"acme-a2.cfg", "{{mac}}\n", 2},
        {"acme-boot.cfg", "{{phone_url}}\n", 2},
        {"acme-a2-boot.cfg", "{{phone_url}}\n", 1},
        {"acme-book.xml", "<a/>\n", 1},
        {"acme-first.cfg", "{{ntp_server}}\n", 6},
        {"generic.xml", "<a>{{mac}}</a>\n", 1},
        {"unused.xml", "{{sip_user}}{{type_code}}<not xml", 0},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct faults faults;
        size_t renderings = 1000;
        int err = check(*state, ROWS[i].file, ROWS[i].text, &faults, &renderings);
        if (err || renderings != ROWS[i].renderings)
            fail_msg("%s: %d, %zu renderings\n%s", ROWS[i].file, err, renderings, faults.text);
    }
}

static void test_unknown_variable_is_told_once_though_its_partial_is_used_often(void **state)
{
    static const char *const EXPECTED[] = {"part.xml:2:3: unknown variable 'macc'"};
    struct faults faults;
    size_t renderings;

    fixture_write(*state, "templates/part.xml", "<b/>\n  {{macc}}\n");
    assert_int_equal(check(*state, "generic.xml",
                           "<a>{{>part.xml}}{{>part.xml}}{{>part.xml}}{{>part.xml}}{{>part.xml}}"
                           "</a>\n",
                           &faults, &renderings),
                     AP_EINVAL);
    check_faults(&faults, EXPECTED, 1);
}

static void test_a_part_is_checked_for_what_any_place_could_give(void **state)
{
    static const char *const EXPECTED[] = {"part.xml:1:14: unknown variable 'sip_usr'"};
    struct faults faults;
    size_t renderings = 1000;

    assert_int_equal(check(*state, "part.xml", "{{sip_user}} {{sip_usr}}", &faults, &renderings),
                     AP_EINVAL);
    assert_int_equal(renderings, 0);
    check_faults(&faults, EXPECTED, 1);
}

static void test_result_that_is_not_well_formed_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } ROWS[] = {
        {"<a>\n<b>\n</a>\n", "generic: the result is not well-formed XML: line 3, column "},
        {"<a/>\n<b/>\n", "not well-formed XML: line 2"},
        {"<a>{{{label}}}</a", "not well-formed XML"},
        {"<a b={{mac}}/>\n", "not well-formed XML: line 1"},
        {"<a/>\n{{#keys}}\n<b/>\n{{/keys}}\n", "not well-formed XML: line 2"},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct faults faults;
        size_t renderings;
        assert_int_equal(check(*state, "generic.xml", ROWS[i].text, &faults, &renderings),
                         AP_EINVAL);
        check_faults(&faults, &ROWS[i].says, 1);
    }
}

static void test_text_files_need_not_be_xml(void **state)
{
    struct faults faults;
    size_t renderings;

    assert_int_equal(check(*state, "acme.cfg", "<a>\n<b>\n", &faults, &renderings), 0);
    assert_int_equal(faults.count, 0);
}

static void test_rendering_that_fails_is_told_with_vendor_and_model(void **state)
{
    static const char *const EXPECTED[] = {"latin.cfg: latin: ", "latin.cfg: latin/A1: "};
    struct faults faults;
    size_t renderings;

    /* Its character set has no euro sign. */
    assert_int_equal(check(*state, "latin.cfg", "price=\xe2\x82\xac\n", &faults, &renderings),
                     AP_EINVAL);
    assert_int_equal(renderings, 2);
    check_faults(&faults, EXPECTED, 2);
}

static void test_what_is_left_without_secrets_is_checked_too(void **state)
{
    static const struct {
        const char *text, *says;
    } ROWS[] = {
        {"<a>\n<b c=\"{{admin_password}}\">\n</b>\n</a>\n",
         "generic, without secrets: the result is not well-formed XML: line 2"},
        {"<a>{{admin_password}}</a>\n",
         "generic, without secrets: the result is not well-formed XML: line 1"},
        {"<a>\n{{#lines}}\n<b><c>{{password}}</c>\n</b>\n{{/lines}}\n</a>\n",
         "generic, without secrets: the result is not well-formed XML: line 2"},
        {"<a>\nsample-2\n</a>\n", "generic, without secrets: the result holds a secret"},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct faults faults;
        size_t renderings;
        assert_int_equal(check(*state, "generic.xml", ROWS[i].text, &faults, &renderings),
                         AP_EINVAL);
        check_faults(&faults, &ROWS[i].says, 1);
    }
}

static void test_bootstrap_file_must_tell_nothing_of_accounts_and_people(void **state)
{
    static const char *const TEXTS[] = {
        "{{#lines}}{{sip_user}}{{/lines}}\n",
        "{{#lines}}{{display_name}}{{/lines}}\n",
        "{{#lines}}{{#is_set}}x{{/is_set}}{{/lines}}\n",
        "{{#keys}}{{value}}{{/keys}}\n",
        "{{#keys}}{{label}}{{/keys}}\n",
        "{{user.name}}\n",
        "{{user.display_name}}\n",
        "{{label}}\n",
        "{{#lines}}{{#has_password}}x{{/has_password}}{{/lines}}\n",
    };
    static const char *const EXPECTED[] = {
        "acme-boot.cfg: acme/A1, bootstrap file: line 2 of the result depends on accounts",
        "acme-boot.cfg: acme, bootstrap file: line 2 of the result depends on accounts"};

    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        struct faults faults;
        size_t renderings;
        char text[256];
        (void)snprintf(text, sizeof(text), "url = {{phone_url}}\n%s", TEXTS[i]);
        assert_int_equal(check(*state, "acme-boot.cfg", text, &faults, &renderings), AP_EINVAL);
        check_faults(&faults, EXPECTED, 2);
    }
}

/* A line with a secret does not come to be. */
static void test_bootstrap_file_may_name_what_it_is_not_given(void **state)
{
    struct faults faults;
    size_t renderings;

    assert_int_equal(
        check(*state, "acme-boot.cfg",
              "url = {{phone_url}} {{ntp_server}} {{mac}}\nadmin = {{admin_password}}\n", &faults,
              &renderings),
        0);
    assert_int_equal(faults.count, 0);
}

static void test_names_and_renderings_are_both_told(void **state)
{
    static const char *const EXPECTED[] = {"generic.xml:1:4: unknown variable 'nope'",
                                           "not well-formed XML"};
    struct faults faults;
    size_t renderings;

    assert_int_equal(check(*state, "generic.xml", "<a>{{nope}}\n", &faults, &renderings),
                     AP_EINVAL);
    check_faults(&faults, EXPECTED, 2);
}

static void test_first_job_of_a_file_is_found_by_vendor_and_model(void **state)
{
    static const struct {
        const char *file, *vendor, *model;
        bool found;
        const char *job_vendor, *job_model; /* "": none */
    } ROWS[] = {
        {"acme.cfg", NULL, NULL, true, "acme", "A1"},
        {"acme.cfg", "acme", "A1", true, "acme", "A1"},
        {"acme.cfg", "acme", "A2", false, NULL, NULL}, /* has another */
        {"acme-a2.cfg", NULL, NULL, true, "acme", "A2"},
        {"acme.cfg", "latin", NULL, false, NULL, NULL},
        {"acme-boot.cfg", NULL, NULL, true, "acme", "A1"},
        {"acme-a2-boot.cfg", NULL, NULL, true, "acme", "A2"},
        {"generic.xml", NULL, NULL, true, "generic", ""},
        {"generic.xml", NULL, "A1", false, NULL, NULL},
        {"part.xml", NULL, NULL, false, NULL, NULL},
    };
    struct faults faults;
    size_t renderings;

    assert_int_equal(check(*state, "part.xml", "x", &faults, &renderings), 0);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct rendering_job job;
        int err = template_check_job(rendering, ROWS[i].file, ROWS[i].vendor, ROWS[i].model, &job);
        assert_int_equal(err, ROWS[i].found ? 0 : AP_ENOENT);
        if (err)
            continue;
        assert_string_equal(job.vendor->name, ROWS[i].job_vendor);
        assert_string_equal(job.model ? job.model->name : "", ROWS[i].job_model);
        assert_non_null(job.phone);
        assert_int_equal(job.bootstrap, strstr(ROWS[i].file, "-boot.cfg") != NULL);
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_good_template_is_rendered_for_each_vendor_and_model),
        ROW(test_unknown_variable_is_told_once_though_its_partial_is_used_often),
        ROW(test_a_part_is_checked_for_what_any_place_could_give),
        ROW(test_result_that_is_not_well_formed_is_told_with_its_line),
        ROW(test_text_files_need_not_be_xml),
        ROW(test_rendering_that_fails_is_told_with_vendor_and_model),
        ROW(test_what_is_left_without_secrets_is_checked_too),
        ROW(test_bootstrap_file_must_tell_nothing_of_accounts_and_people),
        ROW(test_bootstrap_file_may_name_what_it_is_not_given),
        ROW(test_names_and_renderings_are_both_told),
        ROW(test_first_job_of_a_file_is_found_by_vendor_and_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
