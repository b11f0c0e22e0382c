/* What bad input gets: one line with file, line and key. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "conf_folder.h"

#define L CONF_LISTENER

struct fault {
    const char *text;
    int err;
    int line;
    const char *expected; /* a part of the message */
};

static void check_fault(const struct conf_folder *folder, const struct fault *fault)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};
    char begin[CONF_PATH_MAX + 32];

    conf_write(folder, "autoprovd.conf", fault->text);
    int err = config_load(folder->main_file, &config, &error);
    if (fault->line > 0)
        snprintf(begin, sizeof(begin), "%s:%d: ", folder->main_file, fault->line);
    else
        snprintf(begin, sizeof(begin), "%s: ", folder->main_file);
    if (err != fault->err || strncmp(error.text, begin, strlen(begin)) != 0 ||
        !strstr(error.text, fault->expected))
        fail_msg("%s\ngave %d '%s', not %d '%s… %s'", fault->text, err, error.text, fault->err,
                 begin, fault->expected);
    assert_null(config);
    assert_null(strpbrk(error.text, "\r\n"));
    assert_int_equal(config_load(folder->main_file, &config, NULL), fault->err);
}

static void check_faults(void **state, const struct fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_fault(*state, &faults[i]);
}
#define CHECK(state, faults) check_faults(state, faults, AP_COUNT(faults))

/* What libConfuse 3.3 accepts, or reads in a way that nobody expects. */
static void test_traps_of_libconfuse_are_closed(void **state)
{
    static const struct fault faults[] = {
        {"workers = 2\nlistener a {\n public_url = https://a\n", AP_ESYNTAX, 2,
         "ends inside the section 'listener'"},
        {"listener a {\n certificate b {\n}\n", AP_ESYNTAX, 1, "ends inside the section"},
        {"\nlistener a {\n certificate b {\n", AP_ESYNTAX, 3, "section 'certificate'"},
        {"flat_networks = { ::1,\n", AP_ESYNTAX, 1, "inside the list 'flat_networks'"},
        {L "/* never\nended", AP_ESYNTAX, 8, "this comment has no end"},
        {"user = 'a\n\n", AP_ESYNTAX, 1, "this quote has no end"},
        {"user = \"a\ngroup = \"b\"\n", AP_ESYNTAX, 1, "this quote has no end"},
        {"workers = 1\n\nworkers = 1\n" L, AP_ESYNTAX, 3,
         "'workers' is given twice, first on line 1"},
        {"flat_networks = { }\nflat_networks = { }\n" L, AP_ESYNTAX, 2, "given twice"},
        {"listener a {\nport = 1\nport = 2\n}\n", AP_ESYNTAX, 3, "'port' is given twice"},
        {L "listener b {\n certificate c {\n key_file = /a\n key_file = /a\n", AP_ESYNTAX, 11,
         "'key_file' is given twice, first on line 10"},
        {L L, AP_ESYNTAX, 8, "phones"},
        {"user = \"${HOME}\"\n" L, AP_ESYNTAX, 1, "replaced from the environment"},
        {"user = ${HOME}\n" L, AP_ESYNTAX, 1, "replaced from the environment"},
        {"user = a${HOME}\n" L, AP_ESYNTAX, 1, "replaced from the environment"},
        {"user = a\\${HOME}\n" L, AP_ESYNTAX, 1, "replaced from the environment"},
        {"workers = 010\n" L, AP_ESYNTAX, 1, "workers: must be a whole number from 0 to 64"},
        {"workers = 0x10\n" L, AP_ESYNTAX, 1, "workers: must be a whole number"},
        {"workers = 10s\n" L, AP_ESYNTAX, 1, "workers: must be a whole number"},
        {"workers = -1\n" L, AP_ESYNTAX, 1, "workers: must be a whole number"},
        {"workers = +1\n" L, AP_ESYNTAX, 1, "'+'"},
        {"workers = 1*2\n" L, AP_ESYNTAX, 1, "'*'"},
        {"workers = \"\"\n" L, AP_ESYNTAX, 1, "workers: must be"},
        {"workers = ''\n" L, AP_ESYNTAX, 1, "workers: must be"},
        {"flat_networks += { ::1 }\n" L, AP_ESYNTAX, 1, "'+'"},
        {L "listener|port = 444\n", AP_ESYNTAX, 8, "unknown key 'listener|port'"},
        {L "listener=phones|port = 444\n", AP_ESYNTAX, 8, "unknown key 'listener'"},
        {"| = x\n" L, AP_ESYNTAX, 1, "unknown key '|'"},
        {"\"workers\" = 1\n" L, AP_ESYNTAX, 1, "keys stand without quotes"},
        {"user = \"a\\x00b\"\n" L, AP_ESYNTAX, 1, "in double quotes"},
        {"user = \"a\\n\"\n" L, AP_ESYNTAX, 1, "in double quotes"},
        {"include(\"/etc/passwd\")\n", AP_ESYNTAX, 1, "'('"},
    };

    CHECK(state, faults);
}

static void test_faults_of_shape_name_their_line(void **state)
{
    static const struct fault faults[] = {
        {"\n\nwrokers = 1\n" L, AP_ESYNTAX, 3, "unknown key 'wrokers' (top level)"},
        {"listener a {\n workers = 1\n}\n", AP_ESYNTAX, 2, "unknown key 'workers' (listener)"},
        {"port = 443\n" L, AP_ESYNTAX, 1, "unknown key 'port' (top level)"},
        {"listener a { certificate b { port = 1 } }\n", AP_ESYNTAX, 1, "(certificate)"},
        {"Workers = 1\n" L, AP_ESYNTAX, 1, "unknown key 'Workers'"},
        {"portal \"x\" {\n}\n", AP_ESYNTAX, 1, "a section 'portal' does not belong here"},
        {"certificate \"x\" {\n}\n", AP_ESYNTAX, 1, "'certificate' does not belong here (top"},
        {"listener a {\nlistener b {\n}\n}\n", AP_ESYNTAX, 2, "does not belong here (listener)"},
        {"listener {\n}\n", AP_ESYNTAX, 1, "needs a name"},
        {"workers\n" L, AP_ESYNTAX, 1, "'=' is missing after 'workers'"},
        {"workers 4\n" L, AP_ESYNTAX, 1, "'=' is missing after 'workers'"},
        {"workers =\n" L, AP_ESYNTAX, 2, "keys stand without quotes"},
        {"workers = = 4\n", AP_ESYNTAX, 1, "the value of 'workers' is missing"},
        {"workers = , 4\n", AP_ESYNTAX, 1, "the value of 'workers' is missing"},
        {"workers", AP_ESYNTAX, 1, "the file ends after 'workers'"},
        {"workers =", AP_ESYNTAX, 1, "the file ends after 'workers'"},
        {"listener x", AP_ESYNTAX, 1, "the file ends after 'listener'"},
        {"workers = { 4 }\n" L, AP_ESYNTAX, 1, "unexpected token '{'"},
        {"}\n" L, AP_ESYNTAX, 1, "unexpected '}'"},
        {L "}\n", AP_ESYNTAX, 8, "unexpected '}'"},
        {"flat_networks = { { ::1 } }\n" L, AP_ESYNTAX, 1, "unexpected '{'"},
        {"flat_networks = { a = b }\n" L, AP_ESYNTAX, 1, "unexpected '='"},
        {"flat_networks = { ::1 ::2 }\n" L, AP_ESYNTAX, 1, "unexpected token"},
        {"flat_networks = { ::1,, ::2 }\n" L, AP_ESYNTAX, 1, "unexpected token ','"},
        {"user = a\n\x01", AP_ESYNTAX, 2, "control character 0x01"},
        {"user = a\rb\n", AP_ESYNTAX, 1, "control character 0x0d"},
        {"# latin \xE4\n" L, AP_ESYNTAX, 1, "not UTF-8"},
        {"listener '' {\n}\n", AP_EINVAL, 1, "the name of a section has"},
        {"\nlistener 'a b' {\n}\n", AP_EINVAL, 2, "the name of a section has"},
        {L "listener 'a\nb' {\n}\nlistener 'a\nb' {\n}\n", AP_ESYNTAX, 12, "duplicate title 'a?b'"},
    };

    CHECK(state, faults);
}

static void test_bad_values_name_key_and_range(void **state)
{
    static const struct fault faults[] = {
        {"workers = 65\n" L, AP_ERANGE, 1, "workers: must be a whole number from 0 to 64"},
        {"workers = 99999999999999999999999\n" L, AP_ERANGE, 1, "workers: "},
        {"max_connections = 0\n" L, AP_ERANGE, 1, "max_connections: must be a whole number from 1"},
        {"user = 'A b'\n" L, AP_EINVAL, 1, "user: must be an account name"},
        {"user = ''\n" L, AP_ERANGE, 1, "user: must have 1 to 32 bytes"},
        {"log_format = xml\n" L, AP_EINVAL, 1, "log_format: must be text or json"},
        {"log_target = file\n" L, AP_EINVAL, 1, "log_target: must be auto, stderr or journal"},
        {"fetch_retention = 59m\n" L, AP_ERANGE, 1,
         "fetch_retention: must be a number with a unit"},
        {"fetch_retention = 90\n" L, AP_ESYNTAX, 1, "from 1h to 3650d"},
        {"refusal_retention = 3600500ms\n" L, AP_ESYNTAX, 1, "refusal_retention"},
        {"refusal_rows_max = 999\n" L, AP_ERANGE, 1, "refusal_rows_max"},
        {"resync_rate = 501\n" L, AP_ERANGE, 1, "resync_rate"},
        {"notifier = pbx\n" L, AP_EINVAL, 1, "notifier: must be direct or external"},
        {"\nlog_level = loud\n" L, AP_EINVAL, 2, "log_level: must be error, warning, notice"},
        {"state_directory = lib\n" L, AP_EINVAL, 1, "state_directory: must be an absolute path"},
        {"provision_prefix = /a/\n" L, AP_EINVAL, 1, "provision_prefix: must begin with '/'"},
        {"control_socket = /2345678901234567890123456789012345678901234567890123456789012345678901"
         "23456789012345678901234567890123456ab\n" L,
         AP_ERANGE, 1, "control_socket: must have 1 to 107 bytes"},
        {"flat_networks = {\n 10.0.0.0/8,\n 10.0.0.1/8 }\n" L, AP_EINVAL, 1,
         "flat_networks: '10.0.0.1/8' has bits set behind its prefix length"},
        {"flat_networks = { pbx.example.com }\n" L, AP_ESYNTAX, 1,
         "'pbx.example.com' is no network"},
        {"flat_networks = { '10.0.0.0/8\n' }\n" L, AP_ESYNTAX, 1, "is no network"},
        {"flat_networks = { 0.0.0.0/0 }\n" L, AP_EINVAL, 1, "covers every address: whoever knows"},
        {"flat_networks = { ::/0 }\n" L, AP_EINVAL, 1, "covers every address"},
        {"flat_networks = { 128.0.0.0/1, 10.0.0.0/8, 0.0.0.0/1 }\n" L, AP_EINVAL, 1,
         "covers every address"},
        {"user = prov\ncustom_options = '{\"x\" : true}'\n" L, AP_EINVAL, 2,
         "custom_options: line 1, column 2: unknown option 'x'"},
        {"custom_options = '{\n  \"disable_auto_provision_security\" : yes}'\n" L, AP_ESYNTAX, 1,
         "custom_options: line 2, column "},
        {"custom_options = { }\n" L, AP_ESYNTAX, 1, "unexpected token"},
        {"listener a {\n address = pbx\n}\n", AP_ESYNTAX, 2, "address: must be a numeric address"},
        {"listener a {\n address = 0.0.0.0:443\n}\n", AP_ESYNTAX, 2, "address: must be"},
        {"listener a {\n\n port = 0\n}\n", AP_ERANGE, 3, "port: must be a whole number from 1 to"},
        {"listener a {\n port = 0443\n}\n", AP_ESYNTAX, 2, "port: must be a whole number"},
        {"listener a {\n public_url = http://a\n}\n", AP_EINVAL, 2,
         "public_url: must begin with h"},
        {"listener a {\n public_url = https://a/\n}\n", AP_EINVAL, 2, "public_url: must be https:"},
        {"listener a { public_url = https://a certificate b {\n certificate_file = a.pem\n} }\n",
         AP_EINVAL, 2, "certificate_file: must be an absolute path"},
    };

    CHECK(state, faults);
}

static void test_missing_parts_name_their_section(void **state)
{
    static const struct fault faults[] = {
        {"", AP_EINVAL, 0, "at least one listener for phones is needed"},
        {"workers = 2\n", AP_EINVAL, 0, "at least one listener for phones is needed"},
        {"listener a {\nserves = admin\ncertificate b {\ncertificate_file = /a\nkey_file = "
         "/b\n}\n}\n",
         AP_EINVAL, 0, "at least one listener for phones is needed"},
        {"listener a {\nserves = nobody\n}\n", AP_EINVAL, 2,
         "serves: must be phones, admin or portal"},
        {"\nlistener a {\n}\n", AP_EINVAL, 2, "listener 'a' needs public_url"},
        {"\nlistener a {\nproxy_protocol = v2\n}\n", AP_EINVAL, 2,
         "listener 'a' needs proxy_peers"},
        {"listener a {\nproxy_peers = { 10.0.0.1 }\n}\n", AP_EINVAL, 1,
         "listener 'a' has proxy_peers, but no proxy_protocol"},
        {"listener a {\nserves = admin proxy_protocol = v2 proxy_peers = { 10.0.0.1 }\n}\n",
         AP_EINVAL, 1, "proxy_protocol is for listeners for phones"},
        {"listener a {\nproxy_protocol = v1\n}\n", AP_EINVAL, 2, "must be no or v2"},
        {"listener a {\nproxy_protocol = v2\nproxy_peers = { 0.0.0.0/0 }\n}\n", AP_EINVAL, 3,
         "covers every address: whoever reaches the listener"},
        {"listener a {\npublic_url = https://a\n}\n", AP_EINVAL, 1,
         "listener 'a' needs a certificate section"},
        {"listener a {\npublic_url = https://a\ncertificate b {\nkey_file = /a\n}\n}\n", AP_EINVAL,
         3, "certificate 'b' needs certificate_file"},
        {"listener a {\npublic_url = https://a\ncertificate b {\ncertificate_file = /a\n}\n}\n",
         AP_EINVAL, 3, "certificate 'b' needs key_file"},
    };

    CHECK(state, faults);
}

static void test_keys_that_contradict_each_other_are_refused(void **state)
{
    static const struct fault faults[] = {
        {"max_connections = 500\n" L, AP_ERANGE, 1,
         "max_connections_per_source (1000) must not be above max_connections (500)"},
        {"max_connections = 500\nmax_connections_per_source = 501\n" L, AP_ERANGE, 2,
         "max_connections_per_source (501) must not be above max_connections (500)"},
        {"max_handshakes_per_source = 257\n" L, AP_ERANGE, 1, "max_handshakes (256)"},
        {L "listener b {\npublic_url = https://b\ncertificate c { certificate_file = /a key_file = "
           "/b }\n}\n",
         AP_EINVAL, 8, "listener 'b' has the address and port of listener 'phones'"},
    };

    CHECK(state, faults);
}

static void test_the_same_port_on_another_address_is_fine(void **state)
{
    conf_write(*state, "autoprovd.conf",
               L "listener b {\naddress = 127.0.0.1\npublic_url = https://b\ncertificate c { "
                 "certificate_file = /a key_file = /b }\n}\n");
    config_free(conf_must_load(*state));
}

static void test_too_many_sections_are_refused(void **state)
{
    struct buf text;
    struct fault fault = {.err = AP_ERANGE, .line = 65, .expected = "more than 64 listeners"};

    buf_init(&text, AP_CONFIG_FILE_MAX_BYTES);
    for (int i = 0; i < 65; i++)
        assert_int_equal(buf_printf(&text, "listener l%d { }\n", i), 0);
    fault.text = text.data;
    check_fault(*state, &fault);
    buf_reset(&text);
    assert_int_equal(buf_append_text(&text, "listener a {\n"), 0);
    for (int i = 0; i < 9; i++)
        assert_int_equal(buf_printf(&text, "certificate c%d { }\n", i), 0);
    fault = (struct fault){text.data, AP_ERANGE, 10, "more than 8 certificates"};
    check_fault(*state, &fault);
    buf_done(&text);
}

static void test_too_many_networks_are_refused(void **state)
{
    struct buf text;
    struct fault fault = {.err = AP_ERANGE, .line = 1, .expected = "at most 256 networks"};

    buf_init(&text, AP_CONFIG_FILE_MAX_BYTES);
    assert_int_equal(buf_append_text(&text, "flat_networks = { "), 0);
    for (int i = 0; i < 257; i++)
        assert_int_equal(buf_printf(&text, "10.0.%d.%d,", i / 200, i % 200), 0);
    assert_int_equal(buf_append_text(&text, "}\n" L), 0);
    fault.text = text.data;
    check_fault(*state, &fault);
    buf_done(&text);
}

static void test_missing_and_unreadable_files_are_named(void **state)
{
    const struct conf_folder *folder = *state;
    struct config *config = NULL;
    struct ap_error error = {{0}};

    assert_int_equal(config_load(folder->main_file, &config, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, folder->main_file));
    assert_int_not_equal(config_load(folder->path, &config, &error), 0);
    assert_non_null(strstr(error.text, folder->path));
    if (geteuid() == 0)
        return; /* root reads everything */
    conf_write(folder, "autoprovd.conf", L);
    assert_int_equal(chmod(folder->main_file, 0), 0);
    assert_int_equal(config_load(folder->main_file, &config, &error), AP_EPERM);
    assert_non_null(strstr(error.text, folder->main_file));
}

static void test_huge_files_are_refused(void **state)
{
    char *text = malloc(AP_CONFIG_FILE_MAX_BYTES + 2);
    struct fault fault = {text, AP_ERANGE, 0, "larger than"};

    assert_non_null(text);
    memset(text, ' ', AP_CONFIG_FILE_MAX_BYTES + 1);
    text[AP_CONFIG_FILE_MAX_BYTES + 1] = '\0';
    check_fault(*state, &fault);
    text[AP_CONFIG_FILE_MAX_BYTES] = '\0';
    fault = (struct fault){text, AP_EINVAL, 0, "at least one listener"};
    check_fault(*state, &fault);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_folder_setup, conf_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_traps_of_libconfuse_are_closed),
        TEST(test_faults_of_shape_name_their_line),
        TEST(test_bad_values_name_key_and_range),
        TEST(test_missing_parts_name_their_section),
        TEST(test_keys_that_contradict_each_other_are_refused),
        TEST(test_the_same_port_on_another_address_is_fine),
        TEST(test_too_many_sections_are_refused),
        TEST(test_too_many_networks_are_refused),
        TEST(test_missing_and_unreadable_files_are_named),
        TEST(test_huge_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
