/* Alphabets of single values. */
#include "config_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

struct check_case {
    const char *text;
    bool good;
};

static void run_cases(enum config_key_id id, const struct check_case *cases, size_t count)
{
    const struct config_key *key = &CONFIG_KEYS[id];

    for (size_t i = 0; i < count; i++) {
        struct ap_error reason = {{0}};
        int err = config_key_binding(key)->check(key, cases[i].text, &reason);
        if ((err == 0) != cases[i].good || (err != 0) != (reason.text[0] != '\0'))
            fail_msg("%s '%s': %d '%s'", key->name, cases[i].text, err, reason.text);
    }
}
#define RUN(id, cases) run_cases(id, cases, AP_COUNT(cases))

static void test_public_url_is_scheme_host_and_port_only(void **state)
{
    static const struct check_case cases[] = {
        {"https://pbx.example.com", true},
        {"https://pbx", true},
        {"https://PBX.example.com:8443", true},
        {"https://1and1.example", true},
        {"https://a-b.c1:65535", true},
        {"https://192.0.2.7", true},
        {"https://192.0.2.7:1", true},
        {"https://[2001:db8::7]", true},
        {"https://[::1]:8443", true},
        {"http://pbx.example.com", true}, /* with tls = off alone: test_rules.c */
        {"http://pbx.example.com/", false},
        {"httpx://pbx.example.com", false},
        {"ftp://https://pbx.example.com", false},
        {"HTTPS://pbx.example.com", false},
        {"pbx.example.com", false},
        {"https://", false},
        {"https://:443", false},
        {"https://pbx.example.com/", false},
        {"https://pbx.example.com/provision", false},
        {"https://pbx.example.com?x", false},
        {"https://pbx.example.com#x", false},
        {"https://user@pbx.example.com", false},
        {"https://pbx.example.com:", false},
        {"https://pbx.example.com:0", false},
        {"https://pbx.example.com:65536", false},
        {"https://pbx.example.com:0443", false},
        {"https://pbx.example.com:443x", false},
        {"https://pbx..example.com", false},
        {"https://.example.com", false},
        {"https://example.com.", false},
        {"https://-a.example", false},
        {"https://a-.example", false},
        {"https://a.example-", false},
        {"https://a_b.example", false},
        {"https://a b", false},
        {"https://1.2.3", false},
        {"https://256.1.1.1", false},
        {"https://2001:db8::7", false},
        {"https://[192.0.2.7]", false},
        {"https://[fe80::1%eth0]", false},
        {"https://[::1", false},
        {"https://::1]", false},
        {"https://[]", false},
        {"https://[::1]x", false},
        {"https://a\nb", false},
        {"https://pbx.example.com\" onload=", false},
    };

    (void)state;
    RUN(KEY_PUBLIC_URL, cases);
}

static void test_long_host_names_are_refused(void **state)
{
    char url[8 + 260] = "https://";
    struct ap_error reason;
    const struct config_key *key = &CONFIG_KEYS[KEY_PUBLIC_URL];

    (void)state;
    memset(url + 8, 'a', 63);
    url[8 + 63] = '\0';
    assert_int_equal(config_check_public_url(key, url, &reason), 0);
    url[8 + 63] = 'a';
    url[8 + 64] = '\0';
    assert_int_not_equal(config_check_public_url(key, url, &reason), 0);
    for (size_t i = 0; i < 253; i++)
        url[8 + i] = i % 2 ? '.' : 'a';
    url[8 + 253] = '\0';
    assert_int_equal(config_check_public_url(key, url, &reason), 0);
    memcpy(url + 8 + 253, ".a", 3);
    assert_int_not_equal(config_check_public_url(key, url, &reason), 0);
}

static void test_prefix_is_a_plain_path(void **state)
{
    static const struct check_case cases[] = {
        {"/provision", true}, {"/a/b-c/d_e~f.g", true},
        {"/...", true},       {"/.hidden", true},
        {"provision", false}, {"/", false},
        {"/a/", false},       {"//a", false},
        {"/a//b", false},     {"/a/../b", false},
        {"/.", false},        {"/a/..", false},
        {"/a b", false},      {"/a%20b", false},
        {"/a?b", false},      {"/\xC3\xA4", false},
    };

    (void)state;
    RUN(KEY_PROVISION_PREFIX, cases);
}

static void test_paths_are_absolute(void **state)
{
    static const struct check_case cases[] = {
        {"/etc/x", true}, {"/", true},         {"/a b", true},       {"etc/x", false},
        {"~/x", false},   {"/etc/\nx", false}, {"/etc/\x7f", false},
    };
    static const struct check_case key_cases[] = {
        {"/etc/master.key", true},
        {"master.key", true},
        {"etc/master.key", false},
        {"..", false},
        {".", false},
        {"-", false},
    };

    (void)state;
    RUN(KEY_STATE_DIRECTORY, cases);
    RUN(KEY_MASTER_KEY_FILE, key_cases);
}

static void test_accounts_have_account_names(void **state)
{
    static const struct check_case cases[] = {
        {"autoprovd", true}, {"_apt", true}, {"a-1", true},  {"root", true}, {"1a", false},
        {"-a", false},       {"A", false},   {"a.b", false}, {"a b", false}, {"a:b", false},
    };

    (void)state;
    RUN(KEY_USER, cases);
    RUN(KEY_GROUP, cases);
}

static void test_titles_are_short_words(void **state)
{
    char long_title[66];

    (void)state;
    memset(long_title, 'a', 65);
    long_title[65] = '\0';
    assert_true(config_title_is_valid("phones"));
    assert_true(config_title_is_valid("a.b_c-1"));
    assert_true(config_title_is_valid(long_title + 1));
    assert_false(config_title_is_valid(long_title));
    assert_false(config_title_is_valid(""));
    assert_false(config_title_is_valid("a b"));
    assert_false(config_title_is_valid("a'b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_url_is_scheme_host_and_port_only),
        cmocka_unit_test(test_long_host_names_are_refused),
        cmocka_unit_test(test_prefix_is_a_plain_path),
        cmocka_unit_test(test_paths_are_absolute),
        cmocka_unit_test(test_accounts_have_account_names),
        cmocka_unit_test(test_titles_are_short_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
