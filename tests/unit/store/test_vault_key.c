#include <fcntl.h>
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
#include "autoprov/vault.h"
#include "support/alloc_fault.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define RAW                                                                                        \
    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"                             \
    "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"

static char folder[] = "/tmp/ap-key-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/master.key", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    return 0;
}

static void write_key(const char *data, size_t len, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static const struct {
    const char *data;
    size_t len;
    int err;
} contents[] = {
    {RAW, 32, 0},
    {HEX, 64, 0},
    {HEX "\n", 65, 0},
    {HEX "\r\n", 66, 0},
    {HEX "\n\n", 66, AP_EINVAL},
    {HEX " ", 65, AP_EINVAL},
    {HEX "0", 65, AP_EINVAL},
    {HEX "\r\n\n", 67, AP_EINVAL},
    {RAW, 31, AP_EINVAL},
    {RAW "\n", 33, AP_EINVAL},
    {HEX, 63, AP_EINVAL},
    {HEX, 32, AP_EINVAL}, /* half a key in hex is not 32 bytes */
    {"g" HEX, 64, AP_EINVAL},
    {"", 0, AP_EINVAL},
};

static void test_a_key_file_holds_32_bytes_or_64_hex_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < AP_COUNT(contents); i++) {
        struct secret key = {0};
        struct ap_error error = {""};
        write_key(contents[i].data, contents[i].len, 0400);
        int err = vault_read_master_key(path, &key, &error);
        if (err != contents[i].err)
            fail_msg("case %zu: %d (%s)", i, err, error.text);
        if (err) {
            assert_null(key.bytes);
            assert_non_null(strstr(error.text, path));
        } else {
            assert_int_equal(key.len, VAULT_MASTER_KEY_BYTES);
            assert_memory_equal(key.bytes, RAW, VAULT_MASTER_KEY_BYTES);
        }
        secret_done(&key);
    }
}

static void test_a_key_file_that_others_may_read_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        int err;
    } modes[] = {{0400, 0},        {0600, 0},        {0440, AP_EPERM}, {0404, AP_EPERM},
                 {0640, AP_EPERM}, {0660, AP_EPERM}, {0644, AP_EPERM}, {0602, AP_EPERM}};
    (void)state;
    for (size_t i = 0; i < AP_COUNT(modes); i++) {
        struct secret key = {0};
        struct ap_error error = {""};
        write_key(RAW, 32, modes[i].mode);
        assert_int_equal(vault_read_master_key(path, &key, &error), modes[i].err);
        if (modes[i].err)
            assert_non_null(strstr(error.text, path));
        secret_done(&key);
    }
}

static void test_a_credential_is_found_by_name_and_its_mode_not_judged(void **state)
{
    struct secret key = {0};
    struct ap_error error = {""};
    (void)state;

    write_key(RAW, 32, 0440); /* as systemd's ACL shows */
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_int_equal(vault_read_master_key("master.key", &key, &error), 0);
    assert_memory_equal(key.bytes, RAW, VAULT_MASTER_KEY_BYTES);
    assert_int_equal(vault_read_master_key("other.key", &key, &error), AP_ENOENT);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(vault_read_master_key("master.key", &key, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, "master.key"));
    secret_done(&key);
}

static void test_a_missing_key_is_never_made(void **state)
{
    struct secret key = {0};
    struct ap_error error = {""};
    (void)state;
    unlink(path);
    assert_int_equal(vault_read_master_key(path, &key, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, path));
    assert_int_not_equal(access(path, F_OK), 0);
}

static int read_key(void *data)
{
    struct secret key = {0};
    (void)data;
    int err = vault_read_master_key(path, &key, NULL);
    secret_done(&key);
    return err;
}

static void test_every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    write_key(HEX "\n", 65, 0400);
    assert_true(alloc_fault_run(read_key, NULL) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_file_holds_32_bytes_or_64_hex_digits),
        cmocka_unit_test(test_a_key_file_that_others_may_read_is_refused),
        cmocka_unit_test(test_a_credential_is_found_by_name_and_its_mode_not_judged),
        cmocka_unit_test(test_a_missing_key_is_never_made),
        cmocka_unit_test(test_every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
