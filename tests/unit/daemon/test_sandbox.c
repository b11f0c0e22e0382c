/* What a process that has entered the sandbox can do, and what it cannot: each tried by a child. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "sandbox.h"

/* Of the children. */
enum { DONE, NOT_ENTERED, FAILED_WITH_OTHER, FAILED /* and errno above it */ };

static char folder[] = "/tmp/ap-sandbox-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* etc/ holds the configuration, state/ and run/ are the daemon's, outside/ is nobody's. */
static int make_folders(void **state)
{
    static const char *const NAMES[] = {"etc", "state", "run", "outside", "templates", "tls"};
    char text[2048];

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < AP_COUNT(NAMES); i++)
        assert_int_equal(mkdir(in_folder(NAMES[i]), 0755), 0);
    (void)snprintf(text, sizeof(text),
                   "state_directory = '%s/state'\ncontrol_socket = '%s/run/control.sock'\n"
                   "templates_directory = '%s/templates'\nvendors_directory = '%s/templates'\n"
                   "listener \"phones\" {\n public_url = 'https://a.test'\n"
                   " certificate \"a\" {\n  certificate_file = '%s/tls/a.pem'\n"
                   "  key_file = '%s/tls/a.key'\n }\n}\n",
                   folder, folder, folder, folder, folder, folder);
    put("etc/autoprovd.conf", text);
    put("tls/a.pem", "");
    put("tls/a.key", "");
    put("outside/file", "");
    put("run/control.sock", "");
    put("templates/a.xml", "");
    return 0;
}

static int remove_folders(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "%s", folder);
    char *const arguments[] = {(char *)"rm", (char *)"-rf", command, NULL};
    pid_t child = fork();
    if (child == 0) {
        (void)execv("/bin/rm", arguments);
        _exit(1);
    }
    return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static struct config *load(void)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};

    if (config_load(in_folder("etc/autoprovd.conf"), &config, &error) != 0)
        fail_msg("%s", error.text);
    return config;
}

/* The wait status of a child that enters the sandbox and acts. */
static int try(int (*act)(void))
{
    struct config *config = load();
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        struct sandbox *sandbox = NULL;
        struct ap_error error;
        (void)setrlimit(RLIMIT_CORE, &none);
        if (sandbox_enter(config, &sandbox, &error) != 0)
            _exit(NOT_ENTERED);
        errno = 0;
        _exit(act() == 0 ? DONE : errno > 0 && errno < 200 ? FAILED + errno : FAILED_WITH_OTHER);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    config_free(config);
    return status;
}

static void assert_done(int (*act)(void))
{
    int status = try(act);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DONE);
}

static void assert_fails(int (*act)(void), int number)
{
    int status = try(act);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FAILED + number);
}

/* -- files -------------------------------------------------------------------------------------
 */

static void need_landlock(void)
{
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) <= 0)
        skip();
}

static int open_as(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC, 0600) < 0 ? -1 : 0;
}

static int read_template(void)
{
    return open_as(in_folder("templates/a.xml"), O_RDONLY);
}

static int read_renewed_key(void)
{
    return open_as(in_folder("tls/a.key"), O_RDONLY);
}

static int write_state(void)
{
    const char *path = in_folder("state/autoprovd.db-wal");

    return open_as(path, O_RDWR | O_CREAT | O_TRUNC) != 0 || unlink(path) != 0 ? -1 : 0;
}

static int unlink_socket(void)
{
    return unlink(in_folder("run/control.sock"));
}

static int count_descriptors(void)
{
    return open_as("/proc/self/fd", O_RDONLY | O_DIRECTORY);
}

static int read_outside(void)
{
    return open_as(in_folder("outside/file"), O_RDONLY);
}

static int read_passwd(void)
{
    return open_as("/etc/passwd", O_RDONLY);
}

static int write_configuration(void)
{
    return open_as(in_folder("etc/autoprovd.conf"), O_WRONLY);
}

static int create_beside_socket(void)
{
    return open_as(in_folder("run/file"), O_RDWR | O_CREAT);
}

#ifndef AP_SANITIZED
static int read_own_memory(void)
{
    return open_as("/proc/self/mem", O_RDONLY);
}
#endif

static void test_files_in_use_can_be_opened(void **state)
{
    (void)state;
    assert_done(read_template);
    assert_done(read_renewed_key);
    assert_done(count_descriptors);
    assert_done(unlink_socket);
    assert_done(write_state);
}

static void test_other_files_cannot(void **state)
{
    (void)state;
    need_landlock();
    assert_fails(read_outside, EACCES);
    assert_fails(read_passwd, EACCES);
    assert_fails(write_configuration, EACCES);
    assert_fails(create_beside_socket, EACCES);
#ifndef AP_SANITIZED
    assert_fails(read_own_memory, EACCES);
#endif
}

static void test_a_reload_that_names_another_folder_is_refused(void **state)
{
    struct config *config = load();
    pid_t child = fork();
    int status = 0;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        struct sandbox *sandbox = NULL;
        struct ap_error error = {{0}};
        if (sandbox_enter(config, &sandbox, &error) != 0 ||
            sandbox_check(sandbox, config, &error) != 0)
            _exit(1);
        if (strstr(sandbox_describe(sandbox), "landlock=abi") == NULL)
            _exit(0);
        free(config->custom_templates_directory);
        config->custom_templates_directory = strdup(in_folder("outside"));
        _exit(sandbox_check(sandbox, config, &error) == AP_EPERM &&
                      strstr(error.text, "custom_templates_directory") &&
                      strstr(error.text, "restart")
                  ? 0
                  : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    config_free(config);
}

/* -- calls -------------------------------------------------------------------------------------
 */

static void need_filter(void)
{
#ifdef AP_SANITIZED
    skip();
#endif
}

static int execute(void)
{
    char *const arguments[] = {(char *)"true", NULL};

    return execv("/bin/true", arguments);
}

static int be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : -1;
}

static int fork_once(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0 ? -1 : 0;
}

static int open_packets(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? -1 : 0;
}

static int open_tcp(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}

static int become_root(void)
{
    return (int)syscall(SYS_setuid, 0);
}

static int raise_limit(void)
{
    const struct rlimit limit = {64, 64};

    return setrlimit(RLIMIT_NOFILE, &limit);
}

static void *add_one(void *data)
{
    ++*(int *)data;
    return NULL;
}

static int make_thread(void)
{
    pthread_t thread;
    int count = 0;

    return pthread_create(&thread, NULL, add_one, &count) != 0 || pthread_join(thread, NULL) != 0 ||
                   count != 1
               ? -1
               : 0;
}

static void test_calls_that_are_not_the_daemons_fail(void **state)
{
    (void)state;
    need_filter();
    assert_fails(fork_once, EPERM);
    assert_fails(open_packets, EPERM);
    assert_fails(make_code, EPERM);
    assert_fails(become_root, EPERM);
    assert_fails(raise_limit, EPERM);
}

static void test_calls_of_a_break_in_end_the_process(void **state)
{
    static int (*const ACTS[])(void) = {execute, be_traced};

    (void)state;
    need_filter();
    for (size_t i = 0; i < AP_COUNT(ACTS); i++) {
        int status = try(ACTS[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

static void test_threads_and_sockets_can_be_made(void **state)
{
    (void)state;
    assert_done(make_thread);
    assert_done(open_tcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_in_use_can_be_opened),
        cmocka_unit_test(test_other_files_cannot),
        cmocka_unit_test(test_a_reload_that_names_another_folder_is_refused),
        cmocka_unit_test(test_calls_that_are_not_the_daemons_fail),
        cmocka_unit_test(test_calls_of_a_break_in_end_the_process),
        cmocka_unit_test(test_threads_and_sockets_can_be_made),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
