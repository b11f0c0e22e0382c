/* Listening sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>

#include "net_support.h"

static struct folder folder;
static struct ap_error error;

static int make_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static struct address address_of(const char *text, int fd)
{
    struct address address;
    struct sockaddr_storage sockaddr;
    socklen_t len = sizeof(sockaddr);

    assert_int_equal(address_parse(text, &address), 0);
    if (fd >= 0) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
        address_from_sockaddr((const struct sockaddr *)&sockaddr, &address);
    }
    return address;
}

static void test_workers_share_a_port_but_not_with_strangers(void **state)
{
    struct address address = address_of("127.0.0.1", -1);
    int first = -1;
    int second = -1;
    int third = -1;

    (void)state;
    assert_int_equal(listener_open_tcp(&address, true, &first, &error), 0);
    address = address_of("127.0.0.1", first);
    assert_int_equal(listener_open_tcp(&address, false, &second, &error), 0);
    assert_int_equal(listener_open_tcp(&address, true, &third, &error), AP_EBUSY);
    assert_int_equal(third, -1);
    assert_non_null(strstr(error.text, "127.0.0.1:"));
    assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
    close(first);
    close(second);
    assert_int_equal(listener_open_tcp(&address, true, &third, &error), 0);
    close(third);
}

static void test_ipv6_listener_is_ipv6_only(void **state)
{
    struct address address = address_of("::1", -1);
    int fd = -1;
    int only = 0;
    socklen_t len = sizeof(only);

    (void)state;
    if (listener_open_tcp(&address, true, &fd, &error) != 0)
        skip(); /* a machine without IPv6 */
    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len), 0);
    assert_int_equal(only, 1);
    close(fd);
}

static void test_foreign_address_is_named_in_the_error(void **state)
{
    struct address address = address_of("2001:db8::7", -1);
    int fd = -1;

    (void)state;
    address.port = 8443;
    assert_true(listener_open_tcp(&address, false, &fd, &error) < 0);
    assert_non_null(strstr(error.text, "[2001:db8::7]:8443"));
    assert_int_equal(fd, -1);
}

static void test_control_socket_has_its_mode_and_group(void **state)
{
    const char *path = folder_path(&folder, "a.sock");
    struct stat info;
    int fd = -1;

    (void)state;
    assert_int_equal(listener_open_unix(path, getgid(), &fd, &error), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 07777, 0660);
    assert_int_equal(info.st_gid, getgid());
    close(fd);
}

static void test_left_over_socket_is_replaced_and_a_used_one_is_not(void **state)
{
    const char *path = folder_path(&folder, "b.sock");
    int fd = -1;
    int second = -1;

    (void)state;
    assert_int_equal(listener_open_unix(path, (gid_t)-1, &fd, &error), 0);
    assert_int_equal(listener_open_unix(path, (gid_t)-1, &second, &error), AP_EBUSY);
    assert_non_null(strstr(error.text, path));
    close(fd);
    assert_int_equal(listener_open_unix(path, (gid_t)-1, &second, &error), 0);
    close(second);
}

static void test_file_that_is_no_socket_is_left_alone(void **state)
{
    const char *path = folder_path(&folder, "precious");
    struct stat info;
    int fd = -1;

    (void)state;
    folder_write(&folder, "precious", "data");
    assert_int_equal(listener_open_unix(path, (gid_t)-1, &fd, &error), AP_EPERM);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 4);
}

static void test_path_of_a_socket_has_a_limit(void **state)
{
    char path[200];
    int fd = -1;

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(listener_open_unix(path, (gid_t)-1, &fd, &error), AP_EINVAL);
    assert_int_equal(listener_open_unix("", (gid_t)-1, &fd, &error), AP_EINVAL);
    assert_int_equal(listener_open_unix("/nonexistent/a.sock", (gid_t)-1, &fd, &error), AP_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_share_a_port_but_not_with_strangers),
        cmocka_unit_test(test_ipv6_listener_is_ipv6_only),
        cmocka_unit_test(test_foreign_address_is_named_in_the_error),
        cmocka_unit_test(test_control_socket_has_its_mode_and_group),
        cmocka_unit_test(test_left_over_socket_is_replaced_and_a_used_one_is_not),
        cmocka_unit_test(test_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(test_path_of_a_socket_has_a_limit),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
