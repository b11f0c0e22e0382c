/* What a good file becomes. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf_folder.h"

static struct config *load_text(void **state, const char *text)
{
    conf_write(*state, "autoprovd.conf", text);
    return conf_must_load(*state);
}

static void test_defaults_fill_what_is_not_set(void **state)
{
    struct config *config = load_text(state, CONF_LISTENER);
    const struct config_listener *listener = &config->listeners[0];
    struct address inside, outside;

    assert_string_equal(config->user, "autoprovd");
    assert_string_equal(config->group, "autoprovd");
    assert_string_equal(config->state_directory, "/var/lib/autoprovd");
    assert_string_equal(config->control_socket, "/run/autoprovd/control.sock");
    assert_string_equal(config->provision_prefix, "/provision");
    assert_null(config->custom_options);
    assert_false(config->options.disable_auto_provision_security);
    assert_in_range(config->workers, 1, 64);
    assert_int_equal(config->max_connections, 10000);
    assert_int_equal(config->throttle, CONFIG_YES);
    assert_int_equal(config->fetch_retention_s, 90 * 86400);
    assert_int_equal(config->refusal_rows_max, 1000000);
    assert_int_equal(config->notifier, CONFIG_NOTIFIER_DIRECT);
    assert_int_equal(config->resync_rate, 10);
    assert_int_equal(config->resync_stale, CONFIG_NO);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config->log_target, CONFIG_LOG_AUTO);
    assert_int_equal(config->flat_networks.count, 8);
    assert_int_equal(address_parse("172.31.0.1", &inside), 0);
    assert_int_equal(address_parse("172.32.0.1", &outside), 0);
    assert_true(network_list_contains(&config->flat_networks, &inside));
    assert_false(network_list_contains(&config->flat_networks, &outside));
    assert_int_equal(config->listener_count, 1);
    assert_int_equal(listener->address.family, AF_INET);
    assert_int_equal(listener->address.port, 443);
    assert_int_equal(listener->proxy_protocol, CONFIG_PROXY_NO);
    assert_int_equal(listener->proxy_peers.count, 0);
    assert_int_equal(listener->line, 1);
    assert_int_equal(listener->certificates[0].line, 3);
    config_free(config);
}

static void test_every_key_is_read(void **state)
{
    struct config *config = load_text(
        state, "user = prov\n"
               "group = phones\n"
               "workers = 3\n"
               "state_directory = /srv/a\n"
               "master_key_file = master.key\n"
               "control_socket = '/run/x.sock'\n"
               "templates_directory = \"/srv/t\"\n"
               "custom_templates_directory = /srv/c\n"
               "provision_prefix = /p/q\n"
               "flat_networks = { 10.1.0.0/16, \"fd00::/8\", 192.0.2.7 }\n"
               "custom_options = '{\"disable_auto_provision_security\" : true}'\n"
               "max_connections = 65535\n"
               "max_connections_per_source = 2\n"
               "max_handshakes = 3\n"
               "max_handshakes_per_source = 1 throttle = no\n"
               "fetch_retention = 36h\n"
               "fetch_rows_max = 1000\n"
               "refusal_retention = 90m\n"
               "refusal_rows_max = 1000000000\n"
               "notifier = external resync_rate = 500 resync_stale = yes\n"
               "log_level = debug log_format = json log_target = journal\n"
               "listener a { address = '::1' port = 8443 public_url = https://[::1]:8443\n"
               "  certificate rsa { certificate_file = /r.pem key_file = /r.key }\n"
               "  certificate ec { certificate_file = /e.pem key_file = /e.key }\n"
               "}\n"
               "listener b { proxy_protocol = v2 proxy_peers = { 10.0.0.1, 10.1.0.0/16 } "
               "public_url = https://b certificate x {certificate_file=/x "
               "key_file=/y} }\n");

    assert_string_equal(config->user, "prov");
    assert_string_equal(config->group, "phones");
    assert_int_equal(config->workers, 3);
    assert_string_equal(config->state_directory, "/srv/a");
    assert_string_equal(config->master_key_file, "master.key");
    assert_string_equal(config->control_socket, "/run/x.sock");
    assert_string_equal(config->templates_directory, "/srv/t");
    assert_string_equal(config->custom_templates_directory, "/srv/c");
    assert_string_equal(config->provision_prefix, "/p/q");
    assert_int_equal(config->flat_networks.count, 3);
    assert_int_equal(config->flat_networks.items[2].prefix_len, 32);
    assert_string_equal(config->custom_options, "{\"disable_auto_provision_security\" : true}");
    assert_true(config->options.disable_auto_provision_security);
    assert_int_equal(config->max_connections, 65535);
    assert_int_equal(config->max_connections_per_source, 2);
    assert_int_equal(config->max_handshakes, 3);
    assert_int_equal(config->max_handshakes_per_source, 1);
    assert_int_equal(config->throttle, CONFIG_NO);
    assert_int_equal(config->fetch_retention_s, 36 * 3600);
    assert_int_equal(config->fetch_rows_max, 1000);
    assert_int_equal(config->refusal_retention_s, 90 * 60);
    assert_int_equal(config->refusal_rows_max, 1000000000);
    assert_int_equal(config->notifier, CONFIG_NOTIFIER_EXTERNAL);
    assert_int_equal(config->resync_rate, 500);
    assert_int_equal(config->resync_stale, CONFIG_YES);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log_format, LOG_FORMAT_JSON);
    assert_int_equal(config->log_target, CONFIG_LOG_JOURNAL);
    assert_int_equal(config->listener_count, 2);
    assert_string_equal(config->listeners[0].name, "a");
    assert_int_equal(config->listeners[0].address.family, AF_INET6);
    assert_int_equal(config->listeners[0].address.port, 8443);
    assert_int_equal(config->listeners[0].certificate_count, 2);
    assert_string_equal(config->listeners[0].certificates[1].name, "ec");
    assert_string_equal(config->listeners[0].certificates[1].key_file, "/e.key");
    assert_int_equal(config->listeners[0].proxy_protocol, CONFIG_PROXY_NO);
    assert_int_equal(config->listeners[1].proxy_protocol, CONFIG_PROXY_V2);
    assert_int_equal(config->listeners[1].proxy_peers.count, 2);
    assert_int_equal(config->listeners[1].proxy_peers.items[0].prefix_len, 32);
    assert_string_equal(config->listeners[1].public_url, "https://b");
    assert_int_equal(config->listeners[1].line, 26);
    config_free(config);
}

static void test_empty_custom_options_are_set_and_mean_none(void **state)
{
    struct config *config = load_text(state, "custom_options = ''\n" CONF_LISTENER);

    assert_string_equal(config->custom_options, "");
    assert_false(config->options.disable_auto_provision_security);
    config_free(config);
}

static void test_an_empty_list_of_networks_is_nobody(void **state)
{
    struct config *config = load_text(state, "flat_networks = { }\n" CONF_LISTENER);

    assert_int_equal(config->flat_networks.count, 0);
    config_free(config);
}

static void test_json_over_several_lines_is_kept_as_it_is(void **state)
{
    struct config *config =
        load_text(state, "custom_options = '{\n  \"disable_auto_provision_security\" :\n true}'\n"
                         "workers = 2\n" CONF_LISTENER);

    assert_string_equal(config->custom_options,
                        "{\n  \"disable_auto_provision_security\" :\n true}");
    assert_int_equal(config->listeners[0].line, 5);
    config_free(config);
}

/* Also where libConfuse itself would miscount lines. */
static void test_comments_are_comments_only_outside_quotes(void **state)
{
    struct config *config =
        load_text(state, "#\n# ${HOME} \" '\n//x\n/* a */ /* b { \n*/ "
                         "workers = 2 # c\n"
                         "state_directory = '/a#b//c/*d${X}' // e\n"
                         "templates_directory = /a//b\n" CONF_LISTENER "# no line end");

    assert_string_equal(config->state_directory, "/a#b//c/*d${X}");
    assert_string_equal(config->templates_directory, "/a//b");
    assert_int_equal(config->listeners[0].line, 8);
    config_free(config);
}

static void test_quotes_have_their_escapes(void **state)
{
    struct config *config =
        load_text(state, "state_directory = \"/a\\\"b\\\\c\"\n"
                         "templates_directory = '/a\\'b\\\\c\\d\"$e'\n" CONF_LISTENER);

    assert_string_equal(config->state_directory, "/a\"b\\c");
    assert_string_equal(config->templates_directory, "/a'b\\c\\d\"$e");
    config_free(config);
}

static void test_line_ends_of_windows_are_fine(void **state)
{
    struct config *config = load_text(state, "workers = 2\r\nuser = prov\r\nlistener a {\r\n"
                                             "public_url = https://a\r\ncertificate c {\r\n"
                                             "certificate_file = /a\r\nkey_file = /b\r\n}\r\n}");

    assert_int_equal(config->workers, 2);
    assert_string_equal(config->user, "prov");
    assert_string_equal(config->listeners[0].certificates[0].key_file, "/b");
    config_free(config);
}

static void test_the_environment_changes_nothing(void **state)
{
    struct config *config;

    assert_int_equal(setenv("AUTOPROV_TEST", "changed", 1), 0);
    config = load_text(state, "state_directory = '/${AUTOPROV_TEST}'\n"
                              "templates_directory = /$AUTOPROV_TEST\n" CONF_LISTENER);
    assert_string_equal(config->state_directory, "/${AUTOPROV_TEST}");
    assert_string_equal(config->templates_directory, "/$AUTOPROV_TEST");
    config_free(config);
}

#define CERTIFICATE "certificate c { certificate_file = /c.pem\nkey_file = /c.key\n}\n"

/* Open to this machine alone unless somebody says otherwise. */
static void test_a_listener_for_admins_has_defaults_of_its_own(void **state)
{
    static const uint8_t LOOPBACK[] = {127, 0, 0, 1}, ANY[] = {0, 0, 0, 0};
    struct config *config = load_text(
        state, "listener api { serves = admin\n" CERTIFICATE "}\n"
               "listener wide { serves = admin\naddress = 0.0.0.0\nport = 444\n" CERTIFICATE
               "}\n" CONF_LISTENER);
    struct buf dump;

    assert_int_equal(config->listener_count, 3);
    assert_int_equal(config->listeners[0].serves, CONFIG_SERVES_ADMIN);
    assert_memory_equal(config->listeners[0].address.bytes, LOOPBACK, sizeof(LOOPBACK));
    assert_int_equal(config->listeners[0].address.port, 8443);
    assert_null(config->listeners[0].public_url);
    assert_memory_equal(config->listeners[1].address.bytes, ANY, sizeof(ANY));
    assert_int_equal(config->listeners[1].address.port, 444);
    assert_int_equal(config->listeners[2].serves, CONFIG_SERVES_PHONES);
    assert_ptr_equal(config_phone_listener(config), &config->listeners[2]);
    buf_init(&dump, 65536);
    assert_int_equal(config_dump(config, true, &dump), 0);
    assert_non_null(strstr(dump.data, "serves = 'admin'"));
    assert_non_null(strstr(dump.data, "address = '127.0.0.1'"));
    assert_non_null(strstr(dump.data, "port = 8443"));
    buf_done(&dump);
    config_free(config);
}

static void test_free_of_nothing_is_fine(void **state)
{
    (void)state;
    config_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_folder_setup, conf_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_fill_what_is_not_set),
        TEST(test_every_key_is_read),
        TEST(test_empty_custom_options_are_set_and_mean_none),
        TEST(test_an_empty_list_of_networks_is_nobody),
        TEST(test_json_over_several_lines_is_kept_as_it_is),
        TEST(test_comments_are_comments_only_outside_quotes),
        TEST(test_quotes_have_their_escapes),
        TEST(test_line_ends_of_windows_are_fine),
        TEST(test_the_environment_changes_nothing),
        TEST(test_a_listener_for_admins_has_defaults_of_its_own),
        cmocka_unit_test(test_free_of_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
