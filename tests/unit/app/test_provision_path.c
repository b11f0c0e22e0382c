/* Paths of phones into token and file name. */
#include "autoprov/provision_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

#define T32 "0123456789abcdef0123456789abcdef"
#define T15 "Old_Folder-15ch"
#define T64 T32 T32
#define MAC "cc5ef641b794"

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static enum policy_reason parse(const char *prefix, const char *path, size_t len, char *ret_file,
                                struct provision_path *ret_path)
{
    char *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, path, len);
    enum policy_reason reason = provision_path_parse(prefix, copy, len, ret_path);
    if (reason == POLICY_SERVE && ret_file) {
        memcpy(ret_file, ret_path->file, ret_path->file_len);
        ret_file[ret_path->file_len] = '\0';
    }
    free(copy);
    return reason;
}

static void test_accepted_paths_give_token_and_file(void **state)
{
    static const struct {
        const char *path;
        const char *token; /* NULL: flat */
        const char *file;
    } ROWS[] = {
        {"/provision/" T32 "/" MAC ".xml", T32, MAC ".xml"},
        {"/provision/" T32 "/anything at all", T32, "anything at all"},
        {"/provision/" T32 "/42/2/" MAC ".xml", T32, "42/2/" MAC ".xml"},
        {"/provision/" T15 "/" MAC ".xml", T15, MAC ".xml"},
        {"/provision/" T64 "/" MAC ".xml", T64, MAC ".xml"},
        {"/provision/---------------/" MAC ".xml", "---------------", MAC ".xml"},
        {"/provision/" T32 "/", T32, ""},
        {"/provision/" MAC ".xml", NULL, MAC ".xml"},
        {"/provision/" T32, NULL, T32},
        {"/provision/", NULL, ""},
        /* Shorter than any token: a flat name with a folder of its own. */
        {"/provision/42/2/" MAC ".xml", NULL, "42/2/" MAC ".xml"},
        {"/provision/" MAC "/phonebook.xml", NULL, MAC "/phonebook.xml"},
        {"/provision/01234567890123/x", NULL, "01234567890123/x"},
        {"/provision//" MAC ".xml", NULL, "/" MAC ".xml"},
    };
    char file[256];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct provision_path path;
        enum policy_reason reason =
            parse("/provision", ROWS[i].path, strlen(ROWS[i].path), file, &path);
        if (reason != POLICY_SERVE)
            fail_msg("'%s': %s", ROWS[i].path, policy_reason_name(reason));
        assert_int_equal(path.flat, ROWS[i].token == NULL);
        assert_string_equal(path.token.text, ROWS[i].token ? ROWS[i].token : "");
        assert_int_equal(path.token.len, ROWS[i].token ? strlen(ROWS[i].token) : 0);
        assert_string_equal(file, ROWS[i].file);
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
        {"/api/v1/status", POLICY_UNKNOWN_PATH},
        {"/provision/" T64 "0/" MAC ".xml", POLICY_BAD_TOKEN}, /* 65 */
        {"/provision/" T15 "!/" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision/" T15 "./" MAC ".xml", POLICY_BAD_TOKEN},
        {"/provision/" T15 "\xc3\xa4/" MAC ".xml", POLICY_BAD_TOKEN},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct provision_path path, untouched;
        memset(&path, 0x5a, sizeof(path));
        memset(&untouched, 0x5a, sizeof(untouched));
        enum policy_reason reason =
            parse("/provision", ROWS[i].path, strlen(ROWS[i].path), NULL, &path);
        if (reason != ROWS[i].reason)
            fail_msg("'%s': %s", ROWS[i].path, policy_reason_name(reason));
        assert_memory_equal(&path, &untouched, sizeof(path));
    }
}

static void test_prefix_is_the_configured_one(void **state)
{
    struct provision_path path;

    (void)state;
    assert_int_equal(parse("/a/b", "/a/b/" MAC ".xml", 21, NULL, &path), POLICY_SERVE);
    assert_int_equal(parse("/a/b", "/a/" MAC ".xml", 19, NULL, &path), POLICY_UNKNOWN_PATH);
    assert_int_equal(parse("/p", "/p/" T32 "/" MAC ".xml", 52, NULL, &path), POLICY_SERVE);
}

static void test_nul_bytes_are_no_end(void **state)
{
    static const char BEHIND[] = "/provision/" MAC ".xml\0";
    static const char INSIDE[] = "/provision/" T15 "\0"
                                 "/" MAC ".xml";
    struct provision_path path;

    (void)state;
    assert_int_equal(parse("/provision", BEHIND, sizeof(BEHIND) - 1, NULL, &path), POLICY_SERVE);
    assert_int_equal(path.file_len, sizeof(MAC ".xml")); /* with the NUL: no pattern has one */
    assert_int_equal(parse("/provision", INSIDE, sizeof(INSIDE) - 1, NULL, &path),
                     POLICY_BAD_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_paths_give_token_and_file),
        cmocka_unit_test(test_refused_paths_have_their_reason_and_write_nothing),
        cmocka_unit_test(test_prefix_is_the_configured_one),
        cmocka_unit_test(test_nul_bytes_are_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
