/* What a reload switches: built whole or not at all, shared, counted. */
#include "autoprov/snapshot.h"

#include "app_fixture.h"
#include "autoprov/array.h"

#define ON  "{\"disable_auto_provision_security\": true}"
#define OFF "{\"disable_auto_provision_security\": false}"

static struct snapshot *make(struct app_fixture *fixture, const char *stored)
{
    struct snapshot *snapshot = NULL;
    struct ap_error error = {{0}};

    if (snapshot_new(fixture_load_config(fixture), &(struct snapshot_stored){.options = stored},
                     FIXTURE_NOW_S, 3, &snapshot, &error) != 0)
        fail_msg("%s", error.text);
    return snapshot;
}

static void test_snapshot_holds_all_that_the_configuration_names(void **state)
{
    fixture_write_config(*state, "");
    struct snapshot *snapshot = make(*state, NULL);

    assert_string_equal(snapshot->config->listeners[0].public_url, "https://pbx.example.com");
    assert_non_null(template_set_find(snapshot->rendering->templates, "generic.xml"));
    assert_non_null(snapshot->tls[0]);
    assert_false(snapshot->options.disable_auto_provision_security);
    assert_false(snapshot->options_from_config);
    assert_int_equal(snapshot->loaded_at, FIXTURE_NOW_S);
    assert_int_equal(snapshot->generation, 3);
    snapshot_unref(snapshot);
}

static void test_conf_files_options_go_before_the_stored_ones(void **state)
{
    static const struct {
        const char *config;
        const char *stored;
        bool flat, from_config;
    } ROWS[] = {
        {"", NULL, false, false},
        {"", "", false, false},
        {"", OFF, false, false},
        {"", ON, true, false},
        {"custom_options = '" ON "'\n", NULL, true, true},
        {"custom_options = '" ON "'\n", OFF, true, true},
        {"custom_options = '" OFF "'\n", ON, false, true},
        /* What is not looked at need not be right. */
        {"custom_options = '" OFF "'\n", "{broken", false, true},
        {"custom_options = ''\n", ON, false, true},
    };
    struct app_fixture *fixture = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        void *own = NULL;
        fixture_setup(&own);
        fixture = own;
        fixture_write_config(fixture, ROWS[i].config);
        struct snapshot *snapshot = make(fixture, ROWS[i].stored);
        if (snapshot->options.disable_auto_provision_security != ROWS[i].flat ||
            snapshot->options_from_config != ROWS[i].from_config)
            fail_msg("row %zu", i);
        snapshot_unref(snapshot);
        fixture_teardown(&own);
    }
}

static void check_refused(struct app_fixture *fixture, const char *stored, int err,
                          const char *word)
{
    struct snapshot *snapshot = NULL;
    struct ap_error error = {{0}};

    assert_int_equal(snapshot_new(fixture_load_config(fixture),
                                  &(struct snapshot_stored){.options = stored}, 0, 1, &snapshot,
                                  &error),
                     err);
    if (!strstr(error.text, word))
        fail_msg("'%s' is not in '%s'", word, error.text);
    assert_null(snapshot);
}

static void test_any_fault_refuses_the_whole(void **state)
{
    struct app_fixture *fixture = *state;
    char path[FIXTURE_PATH_MAX];

    fixture_write_config(fixture, "");
    check_refused(fixture, "{\"unknown\": 1}", AP_EINVAL, "stored custom options: line 1");
    check_refused(fixture, "{", AP_ESYNTAX, "stored custom options: line 1");
    fixture_write(fixture, "templates/acme.xml", "{{#open}}");
    check_refused(fixture, NULL, AP_ESYNTAX, "templates/acme.xml:1:");
    fixture_path(fixture, "templates/acme.xml", path);
    assert_int_equal(remove(path), 0);
    fixture_path(fixture, "key.pem", path);
    assert_int_equal(remove(path), 0);
    check_refused(fixture, NULL, AP_ENOENT, "key.pem");
    fixture_write(fixture, "key.pem", "no key");
    check_refused(fixture, NULL, AP_EINVAL, "key.pem");
}

static void test_other_options_share_all_the_rest(void **state)
{
    struct ap_error error = {{0}};
    struct snapshot *second = NULL, *third = NULL;

    fixture_write_config(*state, "");
    struct snapshot *first = make(*state, NULL);
    assert_int_equal(snapshot_with_options(first, ON, FIXTURE_NOW_S + 1, 4, &second, &error), 0);
    assert_ptr_equal(second->config, first->config);
    assert_ptr_equal(second->rendering, first->rendering);
    assert_ptr_equal(second->tls, first->tls);
    assert_true(second->options.disable_auto_provision_security);
    assert_false(first->options.disable_auto_provision_security);
    assert_int_equal(second->generation, 4);
    assert_int_equal(second->loaded_at, FIXTURE_NOW_S + 1);
    assert_int_equal(first->references, 2);
    /* Of the second one only the options are looked at; no chain grows. */
    assert_int_equal(snapshot_with_options(second, NULL, 0, 5, &third, &error), 0);
    assert_ptr_equal(third->base, first);
    assert_int_equal(second->references, 1);
    snapshot_unref(second);
    snapshot_unref(first);
    assert_string_equal(third->config->listeners[0].name, "phones");
    snapshot_unref(third);
}

static void test_broken_options_leave_the_old_snapshot_alone(void **state)
{
    struct ap_error error = {{0}};
    struct snapshot *second = NULL;

    fixture_write_config(*state, "");
    struct snapshot *first = make(*state, ON);
    assert_int_equal(snapshot_with_options(first, "[]", 0, 4, &second, &error), AP_EINVAL);
    assert_null(second);
    assert_non_null(strstr(error.text, "stored custom options"));
    assert_int_equal(first->references, 1);
    assert_true(first->options.disable_auto_provision_security);
    snapshot_unref(first);
}

static void test_options_of_the_conf_file_stay_whatever_is_stored(void **state)
{
    struct ap_error error = {{0}};
    struct snapshot *second = NULL;

    fixture_write_config(*state, "custom_options = '" ON "'\n");
    struct snapshot *first = make(*state, NULL);
    assert_int_equal(snapshot_with_options(first, OFF, 0, 4, &second, &error), 0);
    assert_true(second->options.disable_auto_provision_security);
    assert_true(second->options_from_config);
    snapshot_unref(first);
    snapshot_unref(second);
}

static void test_last_reference_frees(void **state)
{
    fixture_write_config(*state, "");
    struct snapshot *snapshot = make(*state, NULL);

    assert_ptr_equal(snapshot_ref(snapshot), snapshot);
    snapshot_unref(snapshot);
    assert_int_equal(snapshot->references, 1);
    snapshot_unref(snapshot);
    snapshot_unref(NULL);
}

static void test_check_says_what_a_start_would_say_and_looks_at_names(void **state)
{
    struct app_fixture *fixture = *state;
    struct ap_error error = {{0}};

    fixture_write_config(fixture, "");
    assert_int_equal(snapshot_check(fixture->config_path, &error), 0);
    fixture_write(fixture, "templates/acme.xml", "ok\n{{no_such_name}}\n");
    assert_int_equal(snapshot_check(fixture->config_path, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "templates/acme.xml:2:1: unknown variable 'no_such_name'"));
    fixture_write(fixture, "templates/acme.xml", "{{#broken}}");
    assert_int_equal(snapshot_check(fixture->config_path, &error), AP_ESYNTAX);
    assert_int_equal(snapshot_check("/nonexistent/autoprovd.conf", &error), AP_ENOENT);
    fixture_write(fixture, "autoprovd.conf", "no_such_key = 1\n");
    assert_true(snapshot_check(fixture->config_path, &error) < 0);
    assert_non_null(strstr(error.text, "autoprovd.conf:1:"));
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_snapshot_holds_all_that_the_configuration_names),
        ROW(test_conf_files_options_go_before_the_stored_ones),
        ROW(test_any_fault_refuses_the_whole),
        ROW(test_other_options_share_all_the_rest),
        ROW(test_broken_options_leave_the_old_snapshot_alone),
        ROW(test_options_of_the_conf_file_stay_whatever_is_stored),
        ROW(test_last_reference_frees),
        ROW(test_check_says_what_a_start_would_say_and_looks_at_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
