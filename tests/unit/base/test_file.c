/* Small files: ceilings, modes of secrets, files that are never replaced, the lock. */
#include "autoprov/file.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "support/alloc_fault.h"

#define NO_ID ((uid_t)-1)

struct folder {
    char path[64];
    char file[128];  /* does not exist at first */
    char other[128]; /* another such name */
};

static int setup(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/ap-file-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    (void)snprintf(folder->file, sizeof(folder->file), "%s/file", folder->path);
    (void)snprintf(folder->other, sizeof(folder->other), "%s/other", folder->path);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;

    (void)unlink(folder->file); /* may be absent */
    (void)unlink(folder->other);
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void put(const char *path, const void *data, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void test_file_is_read_whole_up_to_its_ceiling(void **state)
{
    static const size_t SIZES[] = {0, 1, 4095, 4096, 4097, 10000};
    struct folder *folder = *state;
    char *data = malloc(10000);

    assert_non_null(data);
    for (size_t i = 0; i < 10000; i++)
        data[i] = (char)(i % 251);
    for (size_t i = 0; i < AP_COUNT(SIZES); i++) {
        struct buf buf;
        struct ap_error error = {{0}};
        put(folder->file, data, SIZES[i], 0644);
        buf_init(&buf, SIZES[i]);
        assert_int_equal(file_read(folder->file, &buf, &error), 0);
        assert_int_equal(buf.len, SIZES[i]);
        if (SIZES[i] > 0)
            assert_memory_equal(buf.data, data, SIZES[i]);
        buf_done(&buf);
        if (SIZES[i] == 0)
            continue;
        buf_init(&buf, SIZES[i] - 1);
        assert_int_equal(file_read(folder->file, &buf, &error), AP_ERANGE);
        assert_non_null(strstr(error.text, folder->file));
        buf_done(&buf);
    }
    free(data);
}

static void test_what_cannot_be_read_is_named(void **state)
{
    struct folder *folder = *state;
    struct ap_error error;
    struct buf buf;
    char below[160];

    buf_init(&buf, 100);
    assert_int_equal(file_read(folder->file, &buf, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, folder->file));
    put(folder->file, "x", 1, 0644);
    (void)snprintf(below, sizeof(below), "%s/below", folder->file);
    assert_int_equal(file_read(below, &buf, &error), AP_ENOENT);
    assert_int_equal(file_read(folder->path, &buf, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "not a regular file"));
    assert_int_equal(file_read("/dev/zero", &buf, &error), AP_EINVAL);
    assert_int_equal(mkfifo(folder->other, 0600), 0);
    assert_int_equal(file_read(folder->other, &buf, &error), AP_EINVAL);
    assert_int_equal(file_read("", &buf, NULL), AP_ENOENT);
    if (geteuid() != 0) {
        assert_int_equal(chmod(folder->file, 0), 0);
        assert_int_equal(file_read(folder->file, &buf, &error), AP_EPERM);
    }
    buf_done(&buf);
}

static void test_dash_is_standard_input(void **state)
{
    struct buf buf;
    int kept = dup(STDIN_FILENO);
    int file = memfd_create("stdin", MFD_CLOEXEC);
    struct secret secret = {0};

    (void)state;
    assert_true(kept >= 0 && file >= 0);
    assert_int_equal(pwrite(file, "from a pipe\n", 12, 0), 12);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    buf_init(&buf, 100);
    assert_int_equal(file_read("-", &buf, NULL), 0);
    assert_string_equal(buf.data, "from a pipe\n");
    assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
    assert_int_equal(file_read_secret("-", 100, true, &secret, NULL), 0);
    assert_string_equal((const char *)secret.bytes, "from a pipe");
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    close(kept);
    close(file);
    buf_done(&buf);
    secret_done(&secret);
}

static void test_one_line_end_behind_a_secret_is_removed(void **state)
{
    static const struct {
        const char *content, *stripped;
    } ROWS[] = {
        {"", ""},         {"s", "s"},         {"s\n", "s"},       {"s\r\n", "s"},
        {"s\n\n", "s\n"}, {"s\r", "s\r"},     {"\n", ""},         {"\r\n", ""},
        {"s \n", "s "},   {"a\nb\n", "a\nb"}, {"s\r\r\n", "s\r"},
    };
    struct folder *folder = *state;
    struct secret secret = {0};

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        put(folder->file, ROWS[i].content, strlen(ROWS[i].content), 0600);
        assert_int_equal(file_read_secret(folder->file, 100, true, &secret, NULL), 0);
        assert_string_equal((const char *)secret.bytes, ROWS[i].stripped);
        assert_int_equal(secret.len, strlen(ROWS[i].stripped));
        assert_int_equal(file_read_secret(folder->file, 100, false, &secret, NULL), 0);
        assert_string_equal((const char *)secret.bytes, ROWS[i].content);
    }
    secret_done(&secret);
}

static void test_secret_that_others_may_touch_is_refused(void **state)
{
    struct folder *folder = *state;
    struct secret secret = {0};
    struct ap_error error;

    assert_int_equal(secret_set(&secret, "before", 6), 0);
    for (unsigned mode = 0400; mode <= 0777; mode++) {
        put(folder->file, "hunter2", 7, (mode_t)mode);
        int err = file_read_secret(folder->file, 100, true, &secret, &error);
        assert_int_equal(err, (mode & 077) ? AP_EPERM : 0);
        if (err) {
            assert_non_null(strstr(error.text, folder->file));
            assert_null(strstr(error.text, "hunter2"));
        }
        assert_int_equal(unlink(folder->file), 0);
    }
    secret_done(&secret);
}

/* In a child that has root's rights on files but another user's name. */
static int read_as_user_with_rights(const char *path)
{
    struct secret secret = {0};
    struct ap_error error = {{0}};

    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) != 0 || seteuid(12346) != 0)
        return 77;
    int err = file_read_secret(path, 100, true, &secret, &error);
    bool named = strstr(error.text, "owned by uid 12345") && !strstr(error.text, "hunter2");
    secret_done(&secret);
    return err == AP_EPERM && named ? 0 : 1;
}

static void test_secret_of_another_user_is_read_by_root_only(void **state)
{
    struct folder *folder = *state;
    struct secret secret = {0};
    int status = 0;

    if (geteuid() != 0)
        skip();
    put(folder->file, "hunter2", 7, 0600);
    assert_int_equal(chown(folder->file, 12345, NO_ID), 0);
    assert_int_equal(file_read_secret(folder->file, 100, true, &secret, NULL), 0);
    secret_done(&secret);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(read_as_user_with_rights(folder->file));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_secret_in_the_credentials_folder_is_not_judged(void **state)
{
    struct folder *folder = *state;
    struct secret secret = {0};
    struct ap_error error;
    char below[128], sibling[200];

    put(folder->file, "hunter2", 7, 0440);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder->path, 1), 0);
    assert_int_equal(file_read_secret(folder->file, 100, true, &secret, &error), 0);
    /* Neither deeper, nor in a folder whose name merely begins the same. */
    (void)snprintf(below, sizeof(below), "%s/./file", folder->path);
    assert_int_equal(file_read_secret(below, 100, true, &secret, &error), AP_EPERM);
    (void)snprintf(sibling, sizeof(sibling), "%.*s", (int)strlen(folder->path) - 1, folder->path);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", sibling, 1), 0);
    assert_int_equal(file_read_secret(folder->file, 100, true, &secret, &error), AP_EPERM);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
    assert_int_equal(file_read_secret(folder->file, 100, true, &secret, &error), AP_EPERM);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    secret_done(&secret);
}

static void test_secret_above_the_ceiling_is_refused_and_the_old_stays(void **state)
{
    struct folder *folder = *state;
    struct secret secret = {0};
    struct ap_error error;

    assert_int_equal(secret_set(&secret, "before", 6), 0);
    put(folder->file, "hunter2", 7, 0600);
    assert_int_equal(file_read_secret(folder->file, 6, true, &secret, &error), AP_ERANGE);
    assert_string_equal((const char *)secret.bytes, "before");
    assert_null(strstr(error.text, "hunter2"));
    secret_done(&secret);
}

static void test_new_file_has_its_mode_whatever_the_umask(void **state)
{
    struct folder *folder = *state;
    struct stat info;
    struct buf buf;
    mode_t old = umask(0077);

    assert_int_equal(file_create(folder->file, "data", 4, 0640, NO_ID, NO_ID, NULL), 0);
    (void)umask(0);
    assert_int_equal(file_create(folder->other, NULL, 0, 0600, getuid(), getgid(), NULL), 0);
    (void)umask(old);
    assert_int_equal(stat(folder->file, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(stat(folder->other, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    buf_init(&buf, 10);
    assert_int_equal(file_read(folder->file, &buf, NULL), 0);
    assert_string_equal(buf.data, "data");
    buf_done(&buf);
}

static void test_new_file_never_replaces_anything(void **state)
{
    struct folder *folder = *state;
    struct ap_error error;
    struct buf buf;

    put(folder->file, "old", 3, 0600);
    assert_int_equal(file_create(folder->file, "new", 3, 0600, NO_ID, NO_ID, &error), AP_EEXIST);
    assert_non_null(strstr(error.text, folder->file));
    /* A dangling link is not followed either. */
    assert_int_equal(symlink("nowhere", folder->other), 0);
    assert_int_equal(file_create(folder->other, "new", 3, 0600, NO_ID, NO_ID, &error), AP_EEXIST);
    buf_init(&buf, 10);
    assert_int_equal(file_read(folder->file, &buf, NULL), 0);
    assert_string_equal(buf.data, "old");
    buf_done(&buf);
}

static void test_failed_creation_leaves_nothing_behind(void **state)
{
    struct folder *folder = *state;
    struct ap_error error;
    struct stat info;
    char absent[160];

    (void)snprintf(absent, sizeof(absent), "%s/absent/file", folder->path);
    assert_int_equal(file_create(absent, "x", 1, 0600, NO_ID, NO_ID, &error), AP_ENOENT);
    if (geteuid() != 0)
        assert_int_equal(file_create(folder->file, "x", 1, 0600, 0, NO_ID, &error), AP_EPERM);
    assert_int_equal(file_create("/dev/full", "x", 1, 0600, NO_ID, NO_ID, &error), AP_EEXIST);
    assert_int_equal(stat(folder->file, &info), -1);
}

static int lock_in_child(const char *path)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int fd = -1;
        struct ap_error error = {{0}};
        int err = file_lock(path, &fd, &error);
        if (err == AP_EBUSY && (fd != -1 || !strstr(error.text, path)))
            err = AP_EINVAL;
        _exit(-err);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void test_lock_is_exclusive_across_processes(void **state)
{
    struct folder *folder = *state;
    struct ap_error error;
    struct stat info;
    int fd = -1, second = -1;

    assert_int_equal(file_lock(folder->file, &fd, &error), 0);
    assert_int_equal(stat(folder->file, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(lock_in_child(folder->file), AP_EBUSY);
    assert_int_equal(file_lock(folder->file, &second, &error), AP_EBUSY);
    assert_int_equal(close(fd), 0);
    assert_int_equal(lock_in_child(folder->file), 0);
    assert_int_equal(file_lock(folder->file, &fd, &error), 0);
    assert_int_equal(close(fd), 0);
}

static void test_lock_does_not_follow_a_link(void **state)
{
    struct folder *folder = *state;
    struct ap_error error;
    struct stat info;
    int fd = -1;

    assert_int_equal(symlink("other", folder->file), 0);
    assert_true(file_lock(folder->file, &fd, &error) < 0);
    assert_int_equal(fd, -1);
    assert_int_equal(stat(folder->other, &info), -1);
}

static int read_both(void *data)
{
    const struct folder *folder = data;
    struct secret secret = {0};
    struct buf buf;

    buf_init(&buf, 10000);
    int err = file_read(folder->file, &buf, NULL);
    if (!err)
        err = file_read_secret(folder->file, 10000, true, &secret, NULL);
    if (err)
        assert_int_equal(err, AP_ENOMEM);
    buf_done(&buf);
    secret_done(&secret);
    return err;
}

static void test_failed_allocation_while_reading_is_told(void **state)
{
    static const char DATA[9000];
    struct folder *folder = *state;

    put(folder->file, DATA, sizeof(DATA), 0600);
    assert_true(alloc_fault_run(read_both, folder) > 4);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_file_is_read_whole_up_to_its_ceiling),
        ROW(test_what_cannot_be_read_is_named),
        ROW(test_dash_is_standard_input),
        ROW(test_one_line_end_behind_a_secret_is_removed),
        ROW(test_secret_that_others_may_touch_is_refused),
        ROW(test_secret_of_another_user_is_read_by_root_only),
        ROW(test_secret_in_the_credentials_folder_is_not_judged),
        ROW(test_secret_above_the_ceiling_is_refused_and_the_old_stays),
        ROW(test_new_file_has_its_mode_whatever_the_umask),
        ROW(test_new_file_never_replaces_anything),
        ROW(test_failed_creation_leaves_nothing_behind),
        ROW(test_lock_is_exclusive_across_processes),
        ROW(test_lock_does_not_follow_a_link),
        ROW(test_failed_allocation_while_reading_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
