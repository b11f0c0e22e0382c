/* Catalogue and templates bound together: what is missing, which template, which bytes. */
#include "autoprov/rendering.h"

#include "autoprov/array.h"
#include "support/alloc_fault.h"
#include "view_fixture.h"

/* A view fixture with a rendering of its folders. */
static struct rendering *rendering;

struct paths {
    char templates[FIXTURE_PATH_MAX], vendors[FIXTURE_PATH_MAX];
    struct rendering_folders folders;
};

static void fill_paths(const struct view_fixture *view, struct paths *paths)
{
    fixture_path(view->app, "templates", paths->templates);
    fixture_path(view->app, "vendors", paths->vendors);
    paths->folders = (struct rendering_folders){.templates = paths->templates,
                                                .custom_templates = "/nonexistent",
                                                .vendors = paths->vendors,
                                                .custom_vendors = "/nonexistent"};
}

static int load(const struct view_fixture *view, struct ap_error *error)
{
    struct paths paths;

    fill_paths(view, &paths);
    return rendering_load(&paths.folders, &rendering, error);
}

static int setup(void **state)
{
    struct ap_error error = {{0}};

    view_setup(state);
    if (load(*state, &error) != 0)
        fail_msg("%s", error.text);
    return 0;
}

static int teardown(void **state)
{
    rendering_free(rendering);
    rendering = NULL;
    return view_teardown(state);
}

/* The nth file of the vendor. */
static struct rendering_job job_of(struct view_fixture *view, const char *vendor, const char *model,
                                   size_t nth)
{
    const struct catalogue_vendor *of = catalogue_vendor(rendering->catalogue, vendor);

    view->phone.vendor = vendor;
    view->phone.model = model ? model : "";
    return (struct rendering_job){
        .vendor = of,
        .model = model ? catalogue_model(of, model) : NULL,
        .file = &of->files[nth],
        .phone = of->files[nth].role == CATALOGUE_COMMON ? NULL : &view->phone,
        .public_url = VIEW_PUBLIC_URL,
        .prefix = "/provision",
        .token = &view->token,
    };
}

static void check_body(struct view_fixture *view, const struct rendering_job *job,
                       const char *expected)
{
    struct ap_error error = {{0}};
    struct buf body;

    buf_init(&body, AP_BODY_MAX_BYTES);
    if (rendering_render(rendering, job, &view->arena, &body, &error) != 0)
        fail_msg("%s", error.text);
    assert_string_equal(body.data ? body.data : "", expected);
    assert_int_equal(body.len, strlen(expected));
    buf_done(&body);
}

/* -- loading ----------------------------------------------------------------------------------- */

static void test_missing_template_is_told_with_its_vendor(void **state)
{
    static const char *const NAMES[] = {"acme.cfg", "acme-a2.cfg", "acme-book.xml", "acme-boot.cfg",
                                        "acme-a2-boot.cfg"};
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(NAMES); i++) {
        struct ap_error error = {{0}};
        char path[FIXTURE_PATH_MAX], name[64], quoted[64];
        (void)snprintf(name, sizeof(name), "templates/%s", NAMES[i]);
        (void)snprintf(quoted, sizeof(quoted), "the template '%s'", NAMES[i]);
        fixture_path(view->app, name, path);
        assert_int_equal(remove(path), 0);
        assert_int_equal(load(view, &error), AP_ENOENT);
        assert_null(rendering);
        assert_non_null(strstr(error.text, "vendor 'acme'"));
        assert_non_null(strstr(error.text, quoted));
        fixture_write(view->app, name, "x");
    }
}

static void test_broken_url_form_and_broken_catalogue_are_told(void **state)
{
    struct view_fixture *view = *state;
    struct ap_error error = {{0}};

    fixture_write(view->app, "vendors/broken.json", "{");
    assert_int_equal(load(view, &error), AP_ESYNTAX);
    assert_non_null(strstr(error.text, "broken.json:1:"));
    assert_null(rendering);
    fixture_write(view->app, "vendors/broken.json",
                  "{\"title\": \"B\", \"mac_case\": \"lower\", \"content_type\": \"a/b\","
                  "\"escape\": \"xml\", \"lines\": 1, \"keys\": 0, \"url\": \"{{#open}}\","
                  "\"codes\": {\"transport\": {}, \"codec\": {}, \"key_type\": {}, \"srtp\": {}},"
                  "\"models\": [], \"files\": [{\"name\": \"b{mac}.xml\", \"role\": \"config\","
                  "\"template\": \"generic.xml\"}]}");
    int err = load(view, &error);
    assert_true(err == AP_ESYNTAX || err == AP_EINVAL);
    assert_non_null(strstr(error.text, "broken"));
    assert_null(rendering);
}

static int load_and_free(void *data)
{
    struct ap_error error = {{0}};
    int err = load(data, &error);

    assert_true(err == 0 || err == AP_ENOMEM);
    rendering_free(rendering);
    rendering = NULL;
    return err;
}

static void test_failed_allocation_gives_no_rendering(void **state)
{
    assert_true(alloc_fault_run(load_and_free, *state) > 10);
    rendering_free(NULL);
}

/* -- templates --------------------------------------------------------------------------------- */

static void test_model_with_a_template_of_its_own_takes_it_for_its_own_file(void **state)
{
    static const struct {
        const char *vendor, *model;
        size_t file;
        const char *expected;
    } ROWS[] = {
        {"acme", NULL, 0, "acme.cfg"},
        {"acme", "A1", 0, "acme.cfg"},
        {"acme", "A2", 0, "acme-a2.cfg"},
        {"acme", "A2", 2, "acme-first.cfg"}, /* a common file */
        {"acme", "A2", 4, "acme-book.xml"},
        {"acme", "A2", 5, "acme-a2.cfg"}, /* the same file by another name */
        {"latin", "L1", 1, "latin-l1.cfg"},
        {"latin", "A1", 1, "latin.cfg"},
        {"latin", NULL, 1, "latin.cfg"},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct rendering_job job = job_of(*state, ROWS[i].vendor, ROWS[i].model, ROWS[i].file);
        const char *name = template_name(rendering_template(rendering, &job));
        if (strcmp(strrchr(name, '/') + 1, ROWS[i].expected) != 0)
            fail_msg("row %zu: %s", i, name);
    }
}

static void test_bootstrap_template_is_the_models_or_the_rows(void **state)
{
    static const struct {
        const char *vendor, *model;
        size_t file;
        const char *expected; /* NULL: none */
    } ROWS[] = {
        {"acme", NULL, 0, "acme-boot.cfg"},
        {"acme", "A1", 0, "acme-boot.cfg"},
        {"acme", "A2", 0, "acme-a2-boot.cfg"},
        {"acme", "A1", 2, NULL},
        {"acme", "A1", 5, NULL},
        {"latin", "L1", 1, NULL},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct rendering_job job = job_of(*state, ROWS[i].vendor, ROWS[i].model, ROWS[i].file);
        job.bootstrap = true;
        const struct template *template = rendering_template(rendering, &job);
        const char *name = template ? strrchr(template_name(template), '/') + 1 : "";
        if (strcmp(name, ROWS[i].expected ? ROWS[i].expected : "") != 0)
            fail_msg("row %zu: %s", i, name);
    }
}

/* -- bytes ------------------------------------------------------------------------------------- */

static void test_file_holds_what_the_phone_has(void **state)
{
    struct rendering_job job = job_of(*state, "acme", "A1", 0);

    check_body(*state, &job,
               "mac = 001565123456\n"
               "url = " VIEW_PUBLIC_URL "/" VIEW_FOLDER "/001565123456.cfg\n"
               "admin = sample-admin\n"
               "line.1 = 1001 sample-1\n"
               "line.2 = 1002 sample-2\n"
               "key.1 = 15 \n"
               "key.2 = 16 1003\n"
               "key.3 =  0123456\n"
               "key.4 =  701\n"
               "sample = 1\n");
    job.mask_secrets = true;
    check_body(*state, &job,
               "mac = 001565123456\n"
               "url = " VIEW_PUBLIC_URL "/provision/********/001565123456.cfg\n"
               "admin = ********\n"
               "line.1 = 1001 ********\n"
               "line.2 = 1002 ********\n"
               "key.1 = 15 \n"
               "key.2 = 16 1003\n"
               "key.3 =  0123456\n"
               "key.4 =  701\n"
               "sample = 1\n");
}

static void test_lines_with_secrets_are_left_out_and_no_others(void **state)
{
    static const struct {
        const char *text, *whole, *without;
    } ROWS[] = {
        {"a = 1\npw = {{admin_password}}\nb = 2\n", "a = 1\npw = sample-admin\nb = 2\n",
         "a = 1\nb = 2\n"},
        {"{{admin_password}}\nb", "sample-admin\nb", "b"},
        {"a\n{{admin_password}}", "a\nsample-admin", "a\n"},
        {"x{{admin_password}}y {{mac}}\n\n\n", "xsample-adminy 001565123456\n\n\n", "\n\n"},
        {"{{#lines}}\n{{#has_password}}\nu = {{sip_user}}\np = {{password}}\n"
         "{{/has_password}}\n{{/lines}}\n",
         "u = 1001\np = sample-1\nu = 1002\np = sample-2\n", "u = 1001\nu = 1002\n"},
        {"{{admin_password}}\n", "sample-admin\n", ""},
        {"a {{label}}\n", "a Reception\n", "a Reception\n"},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ap_error error = {{0}};
        fixture_write(view->app, "templates/acme.cfg", ROWS[i].text);
        if (load(view, &error) != 0)
            fail_msg("row %zu: %s", i, error.text);
        struct rendering_job job = job_of(view, "acme", NULL, 0);
        check_body(view, &job, ROWS[i].whole);
        job.withhold_secrets = true;
        check_body(view, &job, ROWS[i].without);
        rendering_free(rendering);
        rendering = NULL;
    }
}

/* The token of the file's own address is no secret to whom it was given by that token. */
static void test_file_without_secrets_keeps_its_url(void **state)
{
    struct rendering_job job = job_of(*state, "acme", "A1", 0);

    job.withhold_secrets = true;
    check_body(*state, &job,
               "mac = 001565123456\n"
               "url = " VIEW_PUBLIC_URL "/" VIEW_FOLDER "/001565123456.cfg\n"
               "key.1 = 15 \n"
               "key.2 = 16 1003\n"
               "key.3 =  0123456\n"
               "key.4 =  701\n"
               "sample = 1\n");
}

static void test_bootstrap_file_shows_the_given_token_and_no_secret(void **state)
{
    static const char TOKEN[] = "fedcba9876543210fedcba9876543210";
    struct view_fixture *view = *state;
    struct rendering_job job = job_of(view, "acme", "A1", 0);
    struct ap_error error = {{0}};
    struct token token;
    struct buf body;

    assert_int_equal(token_parse(TOKEN, strlen(TOKEN), &token), 0);
    job.bootstrap = true;
    job.token = &token;
    check_body(view, &job,
               "url = pbx.example.com/provision/fedcba9876543210fedcba9876543210\n"
               "own = " VIEW_PUBLIC_URL
               "/provision/fedcba9876543210fedcba9876543210/001565123456.cfg\n");
    /* Names no template. */
    job.file = &job.vendor->files[5];
    buf_init(&body, AP_BODY_MAX_BYTES);
    assert_int_equal(rendering_render(rendering, &job, &view->arena, &body, &error), AP_ENOENT);
    buf_done(&body);
}

static void test_common_file_holds_what_no_phone_has(void **state)
{
    static const struct store_setting SETTINGS[] = {
        {STORE_SCOPE_GLOBAL, "", "ntp_server", "ntp.example.com", false, 1},
    };
    struct rendering_job job = job_of(*state, "acme", "A1", 2);

    job.settings = SETTINGS;
    job.setting_count = 1;
    check_body(*state, &job,
               "model = A1\nurl = " VIEW_PUBLIC_URL "/" VIEW_FOLDER "/\n"
               "ntp = ntp.example.com\nadmin = \n");
    job.token = NULL;
    check_body(*state, &job,
               "model = A1\nurl = " VIEW_PUBLIC_URL "/provision/\nntp = ntp.example.com\n"
               "admin = \n");
}

static void test_dialect_of_the_row_goes_before_the_vendors(void **state)
{
    struct view_fixture *view = *state;
    struct rendering_job job = job_of(view, "acme", "A1", 4);

    view->phone.user_display_name = "<Al & \"Ice\">";
    check_body(view, &job, "<book of=\"&lt;Al &amp; &quot;Ice&quot;&gt;\"/>\n");
}

static void test_character_set_and_line_ends_are_the_dialects(void **state)
{
    struct view_fixture *view = *state;
    struct rendering_job job = job_of(view, "latin", NULL, 1);

    view->phone.label = "M\xc3\xbcller";
    check_body(view, &job, "label=M\xfcller\r\nntp=pool.ntp.org\r\n");
}

/* Digests tell stale files: nothing in a file may depend on when it was made. */
static void test_second_rendering_has_the_same_bytes(void **state)
{
    struct view_fixture *view = *state;
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        for (size_t j = 0; j < vendor->file_count; j++) {
            struct ap_error error = {{0}};
            struct buf first;
            struct rendering_job job = job_of(view, vendor->name, NULL, j);
            if (!job.file->template_name)
                continue;
            buf_init(&first, AP_BODY_MAX_BYTES);
            assert_int_equal(rendering_render(rendering, &job, &view->arena, &first, &error), 0);
            arena_reset(&view->arena);
            check_body(view, &job, first.data);
            buf_done(&first);
        }
    }
}

static void test_errors_name_the_template_and_no_value(void **state)
{
    struct view_fixture *view = *state;
    struct rendering_job job = job_of(view, "acme", NULL, 2);
    static const struct store_setting BAD[] = {
        {STORE_SCOPE_GLOBAL, "", "ntp_server", "hunter2\nadmin = 1", false, 1},
    };
    struct ap_error error = {{0}};
    struct buf body;

    /* The settings of a common file meet the dialect first when they are written. */
    job.settings = BAD;
    job.setting_count = 1;
    buf_init(&body, AP_BODY_MAX_BYTES);
    assert_int_equal(rendering_render(rendering, &job, &view->arena, &body, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "acme-first.cfg: "));
    assert_null(strstr(error.text, "hunter2"));
    buf_done(&body);
    job = job_of(view, "acme", NULL, 0);
    buf_init(&body, 20);
    assert_int_equal(rendering_render(rendering, &job, &view->arena, &body, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "acme.cfg: "));
    buf_done(&body);
}

static void test_phone_url_is_in_the_vendors_form(void **state)
{
    static const struct {
        const char *vendor, *expected, *flat, *masked, *notified;
    } ROWS[] = {
        {"acme", "pbx.example.com/" VIEW_FOLDER, "pbx.example.com/provision",
         "pbx.example.com/provision/********", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/"},
        {"generic", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/001565123456.xml",
         VIEW_PUBLIC_URL "/provision/001565123456.xml",
         VIEW_PUBLIC_URL "/provision/********/001565123456.xml",
         VIEW_PUBLIC_URL "/" VIEW_FOLDER "/001565123456.xml"},
    };
    struct view_fixture *view = *state;
    struct ap_error error = {{0}};

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const char *url = NULL;
        struct rendering_job job = job_of(view, ROWS[i].vendor, NULL, 0);
        assert_int_equal(rendering_phone_url(rendering, &job, &view->arena, &url, &error), 0);
        assert_string_equal(url, ROWS[i].expected);
        job.for_notify = true;
        assert_int_equal(rendering_phone_url(rendering, &job, &view->arena, &url, &error), 0);
        assert_string_equal(url, ROWS[i].notified);
        job.for_notify = false;
        job.mask_secrets = true;
        assert_int_equal(rendering_phone_url(rendering, &job, &view->arena, &url, &error), 0);
        assert_string_equal(url, ROWS[i].masked);
        job.token = NULL;
        assert_int_equal(rendering_phone_url(rendering, &job, &view->arena, &url, &error), 0);
        assert_string_equal(url, ROWS[i].flat);
    }
}

static int render(void *data)
{
    struct view_fixture *view = data;
    struct rendering_job job = job_of(view, "acme", "A1", 0);
    struct ap_error error = {{0}};
    struct arena arena;
    struct buf body;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&body, AP_BODY_MAX_BYTES);
    int err = rendering_render(rendering, &job, &arena, &body, &error);
    assert_true(err == 0 || err == AP_ENOMEM);
    buf_done(&body);
    arena_done(&arena);
    return err;
}

static void test_failed_allocation_gives_no_file(void **state)
{
    assert_true(alloc_fault_run(render, *state) > 1);
}

#define LOADED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ROW(name)    cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_missing_template_is_told_with_its_vendor),
        ROW(test_broken_url_form_and_broken_catalogue_are_told),
        ROW(test_failed_allocation_gives_no_rendering),
        LOADED(test_model_with_a_template_of_its_own_takes_it_for_its_own_file),
        LOADED(test_bootstrap_template_is_the_models_or_the_rows),
        LOADED(test_file_holds_what_the_phone_has),
        ROW(test_lines_with_secrets_are_left_out_and_no_others),
        LOADED(test_file_without_secrets_keeps_its_url),
        LOADED(test_bootstrap_file_shows_the_given_token_and_no_secret),
        LOADED(test_common_file_holds_what_no_phone_has),
        LOADED(test_dialect_of_the_row_goes_before_the_vendors),
        LOADED(test_character_set_and_line_ends_are_the_dialects),
        LOADED(test_second_rendering_has_the_same_bytes),
        LOADED(test_errors_name_the_template_and_no_value),
        LOADED(test_phone_url_is_in_the_vendors_form),
        LOADED(test_failed_allocation_gives_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
