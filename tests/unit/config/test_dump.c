/* A dump loads again to the same; a reload knows what it cannot change. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "conf_folder.h"
#include "config_private.h"

static struct config *load_text(const struct conf_folder *folder, const char *text)
{
    conf_write(folder, "autoprovd.conf", text);
    return conf_must_load(folder);
}

static void assert_equal_section(const struct config_target *a, const struct config_target *b,
                                 enum config_section section)
{
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (CONFIG_KEYS[i].section == section && !config_value_equal(a, b, &CONFIG_KEYS[i]))
            fail_msg("'%s' differs", CONFIG_KEYS[i].name);
    }
}

static void assert_equal_config(struct config *x, struct config *y)
{
    struct config_target a = {.config = x}, b = {.config = y};

    assert_equal_section(&a, &b, CONFIG_TOP);
    assert_int_equal(x->options.disable_auto_provision_security,
                     y->options.disable_auto_provision_security);
    assert_int_equal(x->listener_count, y->listener_count);
    for (size_t i = 0; i < x->listener_count; i++) {
        a.listener = &x->listeners[i];
        b.listener = &y->listeners[i];
        assert_string_equal(a.listener->name, b.listener->name);
        assert_equal_section(&a, &b, CONFIG_LISTENER);
        assert_int_equal(a.listener->certificate_count, b.listener->certificate_count);
        for (size_t j = 0; j < a.listener->certificate_count; j++) {
            a.certificate = &a.listener->certificates[j];
            b.certificate = &b.listener->certificates[j];
            assert_string_equal(a.certificate->name, b.certificate->name);
            assert_equal_section(&a, &b, CONFIG_CERTIFICATE);
        }
    }
}

static const char *const TEXTS[] = {
    CONF_LISTENER,
    "custom_options = ''\nflat_networks = { }\n" CONF_LISTENER,
    "custom_options = '{\n \"disable_auto_provision_security\"\n:true}'\n"
    "state_directory = '/a\\'b\\\\c\"${d}'\nworkers = 1\nlog_level = warning\n"
    "fetch_retention = 120m\nrefusal_retention = 3601s\n"
    "flat_networks = { 10.1.2.3, fd00::/8, 192.0.2.0/24 }\n"
    "pnp = discover\npnp_interfaces = { 192.168.1.10, 10.0.0.1 }\npnp_port = 1\nsip_port = 5062\n"
    "listener v6 { address = 2001:db8::7 public_url = https://x:1 tls_resumption = yes auth = "
    "digest\n"
    " certificate a { certificate_file = '/a b' key_file = /k }\n"
    " certificate b { certificate_file = /c key_file = /k2 } }\n" CONF_LISTENER,
    "listener old { port = 1 public_url = https://x tls = legacy networks = { 10.0.0.0/8, ::1 }\n"
    " client_certificates = required client_crl_file = /x.crl\n"
    " client_ca_files = { acme:/a.pem, 'snom-dect:/b \\'c\\\\.pem' }\n"
    " certificate a { certificate_file = '/a b' key_file = /k } }\n"
    "listener portal { serves = portal address = 10.0.0.1 networks = { 10.0.0.0/8 }\n"
    " hosts = { pbx.example.com, \"[fd00::7]\", 10.0.0.1 }\n"
    " certificate a { certificate_file = /a key_file = /k } }\n"
    "listener plain { address = ::1 public_url = http://x tls = off networks = { ::1 } }\n",
};

static void test_a_dump_loads_to_the_same(void **state)
{
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        for (int changed_only = 0; changed_only < 2; changed_only++) {
            struct config *config = load_text(*state, TEXTS[i]);
            struct buf dump;
            buf_init(&dump, AP_CONFIG_FILE_MAX_BYTES);
            assert_int_equal(config_dump(config, changed_only, &dump), 0);
            struct config *again = load_text(*state, dump.data);
            assert_equal_config(config, again);
            config_free(again);
            config_free(config);
            buf_done(&dump);
        }
    }
}

static void test_a_full_dump_names_every_key(void **state)
{
    struct config *config = load_text(*state, CONF_LISTENER);
    struct buf dump;

    buf_init(&dump, AP_CONFIG_FILE_MAX_BYTES);
    assert_int_equal(config_dump(config, false, &dump), 0);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof(key), "%s = ", CONFIG_KEYS[i].name);
        bool is_unset = i == KEY_CUSTOM_OPTIONS || i == KEY_CLIENT_CRL_FILE;
        if (!strstr(dump.data, key) && !is_unset)
            fail_msg("'%s' is missing", CONFIG_KEYS[i].name);
    }
    assert_non_null(strstr(dump.data, "# custom_options is not set\n"));
    assert_non_null(strstr(dump.data, "# client_crl_file is not set\n"));
    buf_done(&dump);
    config_free(config);
}

static void test_a_dump_of_changes_leaves_defaults_out(void **state)
{
    struct config *config = load_text(*state, "user = autoprovd\nlog_level = debug\n"
                                              "log_format = json\nlog_target = auto\n"
                                              "max_connections = 10000\n" CONF_LISTENER);
    struct buf dump;

    buf_init(&dump, AP_CONFIG_FILE_MAX_BYTES);
    assert_int_equal(config_dump(config, true, &dump), 0);
    assert_string_equal(dump.data, "log_level = 'debug'\n"
                                   "log_format = 'json'\n"
                                   "listener 'phones' {\n"
                                   "    public_url = 'https://pbx.example.com'\n"
                                   "    certificate 'main' {\n"
                                   "        certificate_file = '/etc/a.pem'\n"
                                   "        key_file = '/etc/a.key'\n"
                                   "    }\n"
                                   "}\n");
    buf_done(&dump);
    config_free(config);
}

static void test_a_dump_keeps_the_ceiling_of_its_buffer(void **state)
{
    struct config *config = load_text(*state, CONF_LISTENER);
    struct buf dump;

    buf_init(&dump, 100);
    assert_int_equal(config_dump(config, false, &dump), AP_ERANGE);
    buf_done(&dump);
    config_free(config);
}

#define B                                                                                          \
    "listener b { port = 1 public_url = https://b certificate c { certificate_file = /a "          \
    "key_file = /b } }\n"

static void test_restart_keys_are_found(void **state)
{
    static const struct {
        const char *before, *after, *expected;
    } cases[] = {
        {CONF_LISTENER, CONF_LISTENER, NULL},
        {"workers = 1\n" CONF_LISTENER, "workers = 2\n" CONF_LISTENER, "workers"},
        {"user = a\n" CONF_LISTENER, "user = b\n" CONF_LISTENER, "user"},
        {"max_handshakes = 100\n" CONF_LISTENER, CONF_LISTENER, "max_handshakes"},
        {"control_socket = /a\n" CONF_LISTENER, CONF_LISTENER, "control_socket"},
        {"pnp_interfaces = { 10.0.0.1, 10.0.0.2 }\n" CONF_LISTENER,
         "pnp_interfaces = { 10.0.0.1, 10.0.0.3 }\n" CONF_LISTENER, "pnp_interfaces"},
        {"pnp = discover\npnp_interfaces = { 10.0.0.1 }\n" CONF_LISTENER,
         "pnp_interfaces = { 10.0.0.1 }\n" CONF_LISTENER, "pnp"},
        {"log_level = debug\nflat_networks = {}\ncustom_options = '{}'\nprovision_prefix = /x\n"
         "templates_directory = /t\n" CONF_LISTENER,
         CONF_LISTENER, NULL},
        {B,
         "listener b { port = 1 public_url = https://x certificate d { certificate_file = /x "
         "key_file = /y } certificate e { certificate_file = /z key_file = /z } }\n",
         NULL},
        {B,
         "listener b { port = 2 public_url = https://b certificate c { certificate_file = /a "
         "key_file = /b } }\n",
         "listener b: port"},
        {B,
         "listener b { address = ::1 port = 1 public_url = https://b certificate c { "
         "certificate_file = /a key_file = /b } }\n",
         "listener b: address"},
        {B,
         "listener b { port = 1 public_url = https://b proxy_protocol = v2 proxy_peers = { ::1 } "
         "certificate c { certificate_file = /a key_file = /b } }\n",
         "listener b: proxy_protocol"},
        {"listener b { public_url = https://b proxy_protocol = v2 proxy_peers = { ::1 } "
         "certificate c { certificate_file = /a key_file = /b } }\n",
         "listener b { public_url = https://b proxy_protocol = v2 proxy_peers = { ::2 } "
         "certificate c { certificate_file = /a key_file = /b } }\n",
         NULL},
        {B,
         "listener b { port = 1 public_url = https://b tls = compatible networks = { ::1 } "
         "certificate c { certificate_file = /a key_file = /b } }\n",
         NULL},
        {"listener b { address = 10.0.0.1 port = 1 public_url = http://b tls = off networks = { "
         "::1 } }\n" CONF_LISTENER,
         "listener b { address = 10.0.0.1 port = 1 public_url = https://b certificate c { "
         "certificate_file = /a key_file = /b } }\n" CONF_LISTENER,
         "listener b: tls"},
        {B, B CONF_LISTENER, "listener phones"},
        {B CONF_LISTENER, B, "listener phones"},
        {B CONF_LISTENER, CONF_LISTENER B, "listener b"},
    };

    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        struct config *before = load_text(*state, cases[i].before);
        struct config *after = load_text(*state, cases[i].after);
        char buffer[64];
        const char *key = config_restart_key(before, after, buffer, sizeof(buffer));
        if (cases[i].expected) {
            assert_non_null(key);
            assert_string_equal(key, cases[i].expected);
        } else {
            assert_null(key);
        }
        config_free(before);
        config_free(after);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_folder_setup, conf_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_dump_loads_to_the_same),
        TEST(test_a_full_dump_names_every_key),
        TEST(test_a_dump_of_changes_leaves_defaults_out),
        TEST(test_a_dump_keeps_the_ceiling_of_its_buffer),
        TEST(test_restart_keys_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
