/* What keys demand of each other. */
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

/* Line 1 opens the listener; its keys follow. */
#define CERT        "certificate c { certificate_file = /a key_file = /b }\n}\n"
#define TLS(keys)   "listener l {\n" keys "public_url = https://a\n" CERT
#define PLAIN(keys) "listener l {\n" keys "}\n"
#define ADMIN(keys) CONF_LISTENER "listener l {\nserves = admin\n" keys CERT
#define ADMIN_LINES 9

struct row {
    const char *text;
    int line; /* 0: good */
    const char *expected;
};

static void check_rows(const struct conf_folder *folder, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct config *config = NULL;
        struct ap_error error = {{0}};
        char begin[CONF_PATH_MAX + 32];

        conf_write(folder, "autoprovd.conf", rows[i].text);
        int err = config_load(folder->main_file, &config, &error);
        (void)snprintf(begin, sizeof(begin), "%s:%d: ", folder->main_file, rows[i].line);
        bool as_expected = rows[i].line == 0
                               ? err == 0
                               : err == AP_EINVAL && strstr(error.text, rows[i].expected) &&
                                     strncmp(error.text, begin, strlen(begin)) == 0;
        if (!as_expected)
            fail_msg("%s\ngave %d '%s'", rows[i].text, err, error.text);
        config_free(config);
    }
}
#define CHECK(state, rows) check_rows(*(state), rows, AP_COUNT(rows))

static void test_weak_profiles_need_networks(void **state)
{
    static const struct row rows[] = {
        {TLS("tls = modern\n"), 0, NULL},
        {TLS("tls = compatible\n"), 0, NULL},
        {TLS("tls = legacy\n"), 2, "tls: legacy and off need a list of networks"},
        {TLS("networks = { }\ntls = legacy\n"), 3, "tls: legacy and off need a list"},
        {TLS("tls = legacy\nnetworks = { 10.0.0.0/8 }\n"), 0, NULL},
        {PLAIN("address = 10.0.0.1\npublic_url = http://a\ntls = off\n"), 4,
         "tls: legacy and off need a list of networks"},
        {PLAIN("address = 10.0.0.1\npublic_url = http://a\ntls = off\nnetworks = { ::1 }\n"), 0,
         NULL},
        {TLS("tls = old\n"), 2, "tls: must be modern, compatible, legacy or off"},
    };

    CHECK(state, rows);
}

static void test_networks_never_cover_everything(void **state)
{
    static const struct row rows[] = {
        {TLS("networks = { 10.0.0.0/8, 192.0.2.7, fd00::/8 }\n"), 0, NULL},
        {TLS("networks = { 0.0.0.0/0 }\n"), 2, "networks: covers every address: leave the key out"},
        {TLS("tls = legacy\nnetworks = { 10.0.0.0/8, ::/0 }\n"), 3, "covers every address"},
        {TLS("networks = { 0.0.0.0/1, 128.0.0.0/1 }\n"), 2, "covers every address"},
        {TLS("networks = { 10.0.0.1/8 }\n"), 2, "has bits set behind its prefix length"},
    };

    CHECK(state, rows);
}

#define OFF(address)                                                                               \
    PLAIN("address = " address "\npublic_url = http://a\ntls = off\nnetworks = { ::1 }\n")

static void test_plain_http_needs_a_private_address(void **state)
{
    static const struct row rows[] = {
        {OFF("127.0.0.1"), 0, NULL},
        {OFF("::1"), 0, NULL},
        {OFF("172.31.255.255"), 0, NULL},
        {OFF("192.168.1.1"), 0, NULL},
        {OFF("169.254.1.1"), 0, NULL},
        {OFF("fd12::1"), 0, NULL},
        {OFF("fe80::1"), 0, NULL},
        {OFF("0.0.0.0"), 2, "address: tls = off needs one private or loopback address"},
        {OFF("::"), 2, "address: tls = off needs"},
        {OFF("172.32.0.1"), 2, "address: tls = off needs"},
        {OFF("192.0.2.7"), 2, "address: tls = off needs"},
        {OFF("2001:db8::7"), 2, "address: tls = off needs"},
        {OFF("::ffff:192.0.2.7"), 2, "address: tls = off needs"},
        /* The default is every address. */
        {PLAIN("tls = off\nnetworks = { ::1 }\npublic_url = http://a\n"), 1,
         "address: tls = off needs"},
    };

    CHECK(state, rows);
}

static void test_scheme_and_certificates_follow_the_profile(void **state)
{
    static const struct row rows[] = {
        {"listener l {\npublic_url = http://a\n" CERT, 2, "public_url: must begin with https://"},
        {PLAIN("address = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = https://a\n"), 5,
         "public_url: must begin with http://, since tls is off"},
        {"listener l {\naddress = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = http://a\n" CERT,
         1, "listener 'l' with tls = off must not have a certificate section"},
        {PLAIN("public_url = https://a\n"), 1, "listener 'l' needs a certificate section"},
    };

    CHECK(state, rows);
}

static void test_listeners_for_admins_take_strong_profiles_and_no_networks(void **state)
{
    static const struct row rows[] = {
        {ADMIN("tls = modern\n"), 0, NULL},
        {ADMIN("tls = compatible\n"), 0, NULL},
        {ADMIN("tls = legacy\nnetworks = { ::1 }\n"), ADMIN_LINES + 1,
         "tls: must be modern or compatible on a listener for admins"},
        {ADMIN("tls = off\nnetworks = { ::1 }\n"), ADMIN_LINES + 1,
         "tls: must be modern or compatible on a listener for admins"},
        {ADMIN("networks = { ::1 }\n"), ADMIN_LINES + 1, "networks: is for phones; where an API"},
    };

    CHECK(state, rows);
}

#define PORTAL(keys) CONF_LISTENER "listener l {\nserves = portal\n" keys CERT

static void test_a_portal_beyond_this_machine_needs_names_and_networks(void **state)
{
    static const struct row rows[] = {
        {PORTAL(""), 0, NULL},
        {PORTAL("address = ::1\n"), 0, NULL},
        {PORTAL("address = 127.0.0.2\nnetworks = { 127.0.0.0/8 }\nhosts = { localhost }\n"), 0,
         NULL},
        {PORTAL("address = 10.0.0.1\nnetworks = { 10.0.0.0/8 }\nhosts = { 10.0.0.1 }\n"), 0, NULL},
        {PORTAL("address = 0.0.0.0\nhosts = { pbx.example.com }\n"), ADMIN_LINES - 1,
         "networks: a portal beyond this machine needs the networks"},
        {PORTAL("address = ::\nnetworks = { ::1 }\n"), ADMIN_LINES - 1,
         "hosts: a portal beyond this machine needs the names"},
        {PORTAL("tls = off\n"), ADMIN_LINES + 1,
         "tls: must be modern or compatible on a listener for admins"},
        {PORTAL("auth = basic\n"), ADMIN_LINES + 1, "auth: is for phones"},
        {PORTAL("hosts = { pbx.example.com:8443 }\n"), ADMIN_LINES + 1,
         "hosts: 'pbx.example.com:84"},
        {PORTAL("hosts = { a.example, A.example }\n"), ADMIN_LINES + 1, "is there twice"},
        {ADMIN("hosts = { pbx.example.com }\n"), ADMIN_LINES + 1, "hosts: is for the portal"},
        {TLS("hosts = { pbx.example.com }\n"), 2, "hosts: is for the portal"},
    };

    CHECK(state, rows);
}

static struct config *load_portal(const struct conf_folder *folder, const char *keys)
{
    struct config *config = NULL;
    struct ap_error error;
    char text[1024];

    (void)snprintf(text, sizeof(text), CONF_LISTENER "listener l {\nserves = portal\n%s" CERT,
                   keys);
    conf_write(folder, "autoprovd.conf", text);
    assert_int_equal(config_load(folder->main_file, &config, &error), 0);
    return config;
}

static void test_a_portal_goes_by_its_names_with_and_without_its_port(void **state)
{
    static const struct {
        const char *host;
        bool is_ours, is_named;
    } rows[] = {
        {"localhost", true, false},
        {"LocalHost:8443", true, false},
        {"127.0.0.1:8443", true, false},
        {"[::1]", true, false},
        {"[::1]:8443", true, false},
        {"pbx.example.com", false, true},
        {"PBX.example.com:8443", false, true},
        {"pbx.example.com:443", false, false},
        {"pbx.example.com:08443", false, false},
        {"pbx.example.com:", false, false},
        {"pbx.example.com.evil.example", false, false},
        {"evil-pbx.example.com", false, false},
        {"pbx.example.com.", false, false},
        {"127.0.0.1.nip.example", false, false},
        {"::1", false, false},
        {"0", false, false},
        {"", false, false},
    };
    struct config *here = load_portal(*state, "");
    struct config *far = load_portal(*state, "hosts = { pbx.example.com, 10.0.0.1 }\n");

    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        if (config_listener_is_named(&here->listeners[1], rows[i].host) != rows[i].is_ours ||
            config_listener_is_named(&far->listeners[1], rows[i].host) != rows[i].is_named)
            fail_msg("'%s'", rows[i].host);
    }
    assert_string_equal(config_listener_host(&here->listeners[1]), "localhost");
    assert_string_equal(config_listener_host(&far->listeners[1]), "pbx.example.com");
    config_free(here);
    config_free(far);
}

#define CA "client_ca_files = { acme:/a.pem, \"snom-dect:/b c.pem\" }\n"

static void test_client_certificates_need_authorities_and_the_other_way_round(void **state)
{
    static const struct row rows[] = {
        {TLS("client_certificates = off\n"), 0, NULL},
        {TLS("client_certificates = optional\n" CA), 0, NULL},
        {TLS(CA "client_certificates = required\nclient_crl_file = /c.crl\n"), 0, NULL},
        {TLS("client_certificates = required\n"), 2,
         "client_certificates: needs client_ca_files in the same listener"},
        {TLS("\nclient_certificates = on\n"), 3,
         "client_certificates: must be off, optional or required"},
        {TLS(CA), 2, "client_ca_files: has no effect while client_certificates is off"},
        {TLS("client_crl_file = /c.crl\n"), 0, NULL},
        {TLS(CA "client_certificates = optional\nclient_crl_file = c.crl\n"), 4,
         "client_crl_file: must be an absolute path"},
        {ADMIN("client_certificates = optional\n" CA), ADMIN_LINES + 1,
         "client_certificates: is for phones; programs have API keys"},
        {PLAIN("address = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = http://a\n"
               "client_certificates = optional\n" CA),
         6, "client_certificates: there are none with tls = off"},
    };

    CHECK(state, rows);
}

static void test_resumption_is_not_for_listeners_that_look_at_certificates(void **state)
{
    static const struct row rows[] = {
        {TLS("tls_resumption = no\nclient_certificates = optional\n" CA), 0, NULL},
        {TLS("tls_resumption = yes\n"), 0, NULL},
        {ADMIN("tls_resumption = yes\n"), 0, NULL},
        {TLS("tls_resumption = on\n"), 2, "tls_resumption: must be no or yes"},
        {TLS("client_certificates = optional\n" CA "tls_resumption = yes\n"), 4,
         "tls_resumption: must be no where client_certificates are looked at"},
        {PLAIN("address = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = http://a\n"
               "tls_resumption = yes\n"),
         6, "tls_resumption: must be no with tls = off"},
    };

    CHECK(state, rows);
}

static void test_passwords_are_for_phones_and_want_tls(void **state)
{
    static const struct row rows[] = {
        {TLS("auth = none\n"), 0, NULL},
        {TLS("auth = basic\n"), 0, NULL},
        {TLS("auth = digest\n"), 0, NULL},
        {TLS("auth = digest_md5\n"), 0, NULL},
        {TLS("\nauth = md5\n"), 3, "auth: must be none, basic, digest or digest_md5"},
        {ADMIN("auth = basic\n"), ADMIN_LINES + 1, "auth: is for phones; programs have API keys"},
        {PLAIN("address = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = http://a\n"
               "auth = digest\n"),
         6, "auth: must be none with tls = off"},
    };

    CHECK(state, rows);
}

#define PNP(keys) keys CONF_LISTENER
#define OLD_ONLY                                                                                   \
    "listener l {\naddress = ::1\ntls = off\nnetworks = { ::1 }\npublic_url = http://a\n}\n"

static void test_pnp_wants_interfaces_and_tls(void **state)
{
    static const struct row rows[] = {
        {PNP("pnp = off\n"), 0, NULL},
        {PNP("pnp = discover\npnp_interfaces = { 192.168.1.10 }\n"), 0, NULL},
        {PNP("pnp = provision\npnp_interfaces = { 192.168.1.10, 10.0.0.1 }\n"), 0, NULL},
        {PNP("pnp_interfaces = { 192.168.1.10 }\npnp_port = 5062\nsip_port = 5062\n"), 0, NULL},
        {PNP("pnp = on\n"), 1, "pnp: must be off, discover or provision"},
        {PNP("\npnp = discover\n"), 2, "pnp_interfaces: pnp needs the addresses"},
        {PNP("pnp_interfaces = { }\npnp = provision\n"), 1, "pnp_interfaces: pnp needs"},
        {"pnp = discover\npnp_interfaces = { 127.0.0.1 }\n" OLD_ONLY, 0, NULL},
        {"pnp_interfaces = { 127.0.0.1 }\npnp = provision\n" OLD_ONLY, 2,
         "pnp: provision needs a listener with TLS"},
    };

    CHECK(state, rows);
}

static void test_interfaces_are_single_ipv4_addresses(void **state)
{
#define AT(item)   PNP("pnp_interfaces = { " item " }\n")
#define NO_ADDRESS "is no IPv4 address of an interface"
    static const struct row rows[] = {
        {AT("127.0.0.1"), 0, NULL},
        {AT("223.255.255.254"), 0, NULL},
        {AT("0.0.0.0"), 1, "pnp_interfaces: '0.0.0.0' " NO_ADDRESS},
        {AT("224.0.1.75"), 1, NO_ADDRESS},
        {AT("255.255.255.255"), 1, NO_ADDRESS},
        {AT("::1"), 1, NO_ADDRESS},
        {AT("eth0"), 1, NO_ADDRESS},
        {AT("10.0.0.0/8"), 1, NO_ADDRESS},
        {AT("10.0.0.1, 10.0.0.2, 10.0.0.1"), 1, "'10.0.0.1' is there twice"},
    };

    CHECK(state, rows);
}

static void test_authorities_are_a_vendor_and_a_path(void **state)
{
#define WITH(item) TLS("client_certificates = optional\nclient_ca_files = { " item " }\n")
#define NEITHER    "is no vendor of the catalogue with an absolute path"
    static const struct row rows[] = {
        {WITH("acme:/a.pem"), 0, NULL},
        {WITH("'acme:/a:b\\'c.pem'"), 0, NULL},
        {WITH("/a.pem"), 3, "client_ca_files: '/a.pem' " NEITHER},
        {WITH("acme:a.pem"), 3, NEITHER},
        {WITH("acme:"), 3, NEITHER},
        {WITH("':/a.pem'"), 3, NEITHER},
        {WITH("Acme:/a.pem"), 3, NEITHER},
        {WITH("'ac me:/a.pem'"), 3, NEITHER},
        {WITH("'acme:/a\tb.pem'"), 3, NEITHER},
    };

    CHECK(state, rows);
}

static void test_too_many_authorities_are_refused(void **state)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};
    struct buf text;

    buf_init(&text, AP_CONFIG_FILE_MAX_BYTES);
    assert_int_equal(buf_append_text(&text, "listener l {\nclient_certificates = optional\n"
                                            "client_ca_files = { "),
                     0);
    for (int i = 0; i < 33; i++)
        assert_int_equal(buf_append_text(&text, i < 32 ? "a:/b, " : "a:/b }\n" CERT), 0);
    conf_write(*state, "autoprovd.conf", text.data);
    assert_int_equal(config_load(((struct conf_folder *)*state)->main_file, &config, &error),
                     AP_ERANGE);
    assert_non_null(strstr(error.text, ":3: client_ca_files: must have at most 32 files"));
    buf_done(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_folder_setup, conf_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_weak_profiles_need_networks),
        TEST(test_networks_never_cover_everything),
        TEST(test_plain_http_needs_a_private_address),
        TEST(test_scheme_and_certificates_follow_the_profile),
        TEST(test_listeners_for_admins_take_strong_profiles_and_no_networks),
        TEST(test_a_portal_beyond_this_machine_needs_names_and_networks),
        TEST(test_a_portal_goes_by_its_names_with_and_without_its_port),
        TEST(test_client_certificates_need_authorities_and_the_other_way_round),
        TEST(test_resumption_is_not_for_listeners_that_look_at_certificates),
        TEST(test_passwords_are_for_phones_and_want_tls),
        TEST(test_pnp_wants_interfaces_and_tls),
        TEST(test_interfaces_are_single_ipv4_addresses),
        TEST(test_authorities_are_a_vendor_and_a_path),
        TEST(test_too_many_authorities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
