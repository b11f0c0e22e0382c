/* Paths of phones into token, MAC and role. */
#include "autoprov/provision_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T32          "0123456789abcdef0123456789abcdef"
#define T15          "Old_Folder-15ch"
#define T64          T32 T32
#define MAC          "cc5ef641b794"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t MAC_BYTES[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, 0x94};

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static enum policy_reason parse(const char *prefix, const char *path, size_t len,
                                struct provision_path *ret_path)
{
    char *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, path, len);
    enum policy_reason reason = provision_path_parse(prefix, copy, len, ret_path);
    free(copy);
    return reason;
}

static void test_accepted_paths_give_token_mac_and_role(void **state)
{
    static const struct {
        const char *path;
        const char *token; /* NULL: flat */
    } ROWS[] = {
        {"/provision/" T32 "/" MAC ".xml", T32},
        {"/provision/" T32 "/CC5EF641B794.xml", T32},
        {"/provision/" T32 "/cc:5e:f6:41:b7:94.xml", T32},
        {"/provision/" T32 "/cc-5e-f6-41-b7-94.xml", T32},
        {"/provision/" T32 "/CC.5E.F6.41.B7.94.xml", T32},
        {"/provision/" T32 "/" MAC ".XML", T32},
        {"/provision/" T32 "/" MAC ".Xml", T32},
        {"/provision/" T32 "/cfg" MAC ".xml", T32},
        {"/provision/" T32 "/CFG" MAC ".xml", T32},
        {"/provision/" T32 "/cfgcc:5e:f6:41:b7:94.xml", T32},
        {"/provision/" T15 "/" MAC ".xml", T15},
        {"/provision/" T64 "/" MAC ".xml", T64},
        {"/provision/---------------/" MAC ".xml", "---------------"},
        {"/provision/" MAC ".xml", NULL},
        {"/provision/CC-5E-F6-41-B7-94.xml", NULL},
        {"/provision/cfg" MAC ".XML", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct provision_path path;
        enum policy_reason reason = parse("/provision", ROWS[i].path, strlen(ROWS[i].path), &path);
        if (reason != POLICY_SERVE)
            fail_msg("'%s': %s", ROWS[i].path, policy_reason_name(reason));
        assert_int_equal(path.flat, ROWS[i].token == NULL);
        assert_string_equal(path.token.text, ROWS[i].token ? ROWS[i].token : "");
        assert_int_equal(path.token.len, ROWS[i].token ? strlen(ROWS[i].token) : 0);
        assert_memory_equal(path.mac, MAC_BYTES, AP_MAC_LEN);
        assert_string_equal(path.role, "config");
    }
}

static void test_refused_paths_have_their_reason_and_write_nothing(void **state)
{
    static const struct {
        const char *path;
        enum policy_reason reason;
    } ROWS[] = {
        {"", POLICY_UNKNOWN_PATH},
        {"/", POLICY_UNKNOWN_PATH},
        {"/provision", POLICY_UNKNOWN_PATH},
        {"/provisio/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/provisioning/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/Provision/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/" T32 "/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"provision/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/x/provision/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/provision/" T32 "/a/" MAC ".xml", POLICY_UNKNOWN_PATH},
        {"/provision/" T32 "/" MAC ".xml/", POLICY_UNKNOWN_PATH},
        {"/api/v1/status", POLICY_UNKNOWN_PATH},
        {"/provision/", POLICY_UNKNOWN_FILE},
        {"/provision/" T32, POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC, POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC ".cfg", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC ".xml.gz", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC ".xmlx", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC "xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/cfg.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/cfgcfg" MAC ".xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/" MAC "0.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/x" MAC ".xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/cc5ef641b79.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/cc:5e-f6:41:b7:94.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/000000000000.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/ffffffffffff.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/01005e000001.xml", POLICY_UNKNOWN_FILE},
        {"/provision/" T32 "/y000000000028.cfg", POLICY_UNKNOWN_FILE},
        {"/provision/y000000000028.cfg", POLICY_UNKNOWN_FILE},
        {"/provision/" MAC ".boot", POLICY_UNKNOWN_FILE},
        {"/provision/01234567890123/" MAC ".xml", POLICY_BAD_TOKEN}, /* 14 */
        {"/provision/" T64 "0/" MAC ".xml", POLICY_BAD_TOKEN},       /* 65 */
        {"/provision/" T15 "!/" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision/" T15 "./" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision/" T15 "\xc3\xa4/" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision//" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision/" MAC ".xml/", POLICY_BAD_TOKEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct provision_path path, untouched;
        memset(&path, 0x5a, sizeof(path));
        memset(&untouched, 0x5a, sizeof(untouched));
        enum policy_reason reason = parse("/provision", ROWS[i].path, strlen(ROWS[i].path), &path);
        if (reason != ROWS[i].reason)
            fail_msg("'%s': %s", ROWS[i].path, policy_reason_name(reason));
        assert_memory_equal(&path, &untouched, sizeof(path));
    }
}

static void test_prefix_is_the_configured_one(void **state)
{
    struct provision_path path;

    (void)state;
    assert_int_equal(parse("/a/b", "/a/b/" MAC ".xml", 21, &path), POLICY_SERVE);
    assert_int_equal(parse("/a/b", "/a/" MAC ".xml", 19, &path), POLICY_UNKNOWN_PATH);
    assert_int_equal(parse("/p", "/p/" T32 "/" MAC ".xml", 52, &path), POLICY_SERVE);
}

static void test_nul_bytes_are_no_end(void **state)
{
    static const char BEHIND[] = "/provision/" MAC ".xml\0";
    static const char INSIDE[] = "/provision/" T15 "\0"
                                 "/" MAC ".xml";
    struct provision_path path;

    (void)state;
    assert_int_equal(parse("/provision", BEHIND, sizeof(BEHIND) - 1, &path), POLICY_UNKNOWN_FILE);
    assert_int_equal(parse("/provision", INSIDE, sizeof(INSIDE) - 1, &path), POLICY_BAD_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_paths_give_token_mac_and_role),
        cmocka_unit_test(test_refused_paths_have_their_reason_and_write_nothing),
        cmocka_unit_test(test_prefix_is_the_configured_one),
        cmocka_unit_test(test_nul_bytes_are_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
