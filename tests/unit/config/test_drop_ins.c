/* conf.d: which files, in which order, and what they may change. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf_folder.h"

#define OTHER_LISTENER                                                                             \
    "listener \"others\" {\n port = 8443\n public_url = https://b\n"                               \
    " certificate c { certificate_file = /a key_file = /b }\n}\n"

static void test_later_files_win_in_the_order_of_names(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", "workers = 1\nuser = main\ngroup = main\n" CONF_LISTENER);
    conf_write(folder, "conf.d/9.conf", "workers = 9\n");
    conf_write(folder, "conf.d/10.conf", "workers = 10\nuser = ten\n");
    conf_write(folder, "conf.d/A.conf", "workers = 20\n");
    struct config *config = conf_must_load(folder);
    assert_int_equal(config->workers, 20); /* "10" < "9" < "A" by bytes */
    assert_string_equal(config->user, "ten");
    assert_string_equal(config->group, "main");
    config_free(config);
}

static void test_unset_keys_of_a_drop_in_change_nothing(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf",
               "flat_networks = { ::1 }\ncustom_options = ''\nlog_level = debug\n" CONF_LISTENER);
    conf_write(folder, "conf.d/a.conf", "# nothing\n");
    conf_write(folder, "conf.d/b.conf", "");
    struct config *config = conf_must_load(folder);
    assert_int_equal(config->flat_networks.count, 1);
    assert_string_equal(config->custom_options, "");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    config_free(config);
}

static void test_lists_and_options_are_replaced_whole(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf",
               "flat_networks = { ::1 }\n"
               "custom_options = '{\"disable_auto_provision_security\":true}'\n" CONF_LISTENER);
    conf_write(folder, "conf.d/a.conf", "flat_networks = { }\ncustom_options = '{}'\n");
    struct config *config = conf_must_load(folder);
    assert_int_equal(config->flat_networks.count, 0);
    assert_false(config->options.disable_auto_provision_security);
    assert_string_equal(config->custom_options, "{}");
    config_free(config);
}

static void test_more_than_ten_files_are_read(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", CONF_LISTENER);
    for (int i = 10; i < 45; i++) {
        char name[32], text[32];
        snprintf(name, sizeof(name), "conf.d/%d.conf", i);
        snprintf(text, sizeof(text), "workers = %d\n", i);
        conf_write(folder, name, text);
    }
    struct config *config = conf_must_load(folder);
    assert_int_equal(config->workers, 44);
    config_free(config);
}

static void test_other_names_are_not_read(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", CONF_LISTENER);
    conf_write(folder, "conf.d/.hidden.conf", "broken {");
    conf_write(folder, "conf.d/a.conf.dpkg-dist", "broken {");
    conf_write(folder, "conf.d/a.conf~", "broken {");
    conf_write(folder, "conf.d/.conf", "broken {");
    conf_write(folder, "conf.d/README", "broken {");
    config_free(conf_must_load(folder));
}

static void test_listeners_add_up(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", "# one line\n" CONF_LISTENER);
    conf_write(folder, "conf.d/a.conf", OTHER_LISTENER);
    struct config *config = conf_must_load(folder);
    assert_int_equal(config->listener_count, 2);
    assert_string_equal(config->listeners[0].name, "phones");
    assert_string_equal(config->listeners[1].name, "others");
    assert_int_equal(config->listeners[1].line, 1);
    config_free(config);
}

static void test_listeners_may_stand_in_drop_ins_alone(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", "workers = 2\n");
    conf_write(folder, "conf.d/a.conf", CONF_LISTENER);
    config_free(conf_must_load(folder));
}

static void check_fault(const struct conf_folder *folder, const char *where, const char *expected)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};
    char begin[256];

    snprintf(begin, sizeof(begin), "%s/%s: ", folder->path, where);
    assert_int_not_equal(config_load(folder->main_file, &config, &error), 0);
    if (strncmp(error.text, begin, strlen(begin)) != 0 || !strstr(error.text, expected))
        fail_msg("'%s' is not '%s… %s'", error.text, begin, expected);
}

static void test_faults_name_the_drop_in(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", CONF_LISTENER);
    conf_write(folder, "conf.d/a.conf", "workers = 2\n");
    conf_write(folder, "conf.d/b.conf", "\nworkers = 65\n");
    check_fault(folder, "conf.d/b.conf:2", "workers: must be");
    conf_write(folder, "conf.d/b.conf", "workers = 2\nworkers = 2\n");
    check_fault(folder, "conf.d/b.conf:2", "given twice");
    conf_write(folder, "conf.d/b.conf", "# x\nmax_connections = 500\n");
    check_fault(folder, "conf.d/b.conf:2", "max_connections_per_source (1000) must not be above");
}

static void test_a_listener_of_the_same_name_in_another_file_is_refused(void **state)
{
    const struct conf_folder *folder = *state;
    char before[256];

    conf_write(folder, "autoprovd.conf", "\n" CONF_LISTENER);
    conf_write(folder, "conf.d/a.conf", "\n\n" CONF_LISTENER);
    snprintf(before, sizeof(before), "listener 'phones' is there already, at %s:2",
             folder->main_file);
    check_fault(folder, "conf.d/a.conf:3", before);
}

static void test_a_listener_of_the_same_port_in_another_file_is_refused(void **state)
{
    const struct conf_folder *folder = *state;

    conf_write(folder, "autoprovd.conf", OTHER_LISTENER);
    conf_write(folder, "conf.d/a.conf",
               "listener x {\n port = 8443 public_url = https://c\n"
               " certificate c { certificate_file = /a key_file = /b }\n}\n");
    check_fault(folder, "conf.d/a.conf:1", "has the address and port of listener 'others'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_folder_setup, conf_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_later_files_win_in_the_order_of_names),
        TEST(test_unset_keys_of_a_drop_in_change_nothing),
        TEST(test_lists_and_options_are_replaced_whole),
        TEST(test_more_than_ten_files_are_read),
        TEST(test_other_names_are_not_read),
        TEST(test_listeners_add_up),
        TEST(test_listeners_may_stand_in_drop_ins_alone),
        TEST(test_faults_name_the_drop_in),
        TEST(test_a_listener_of_the_same_name_in_another_file_is_refused),
        TEST(test_a_listener_of_the_same_port_in_another_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
