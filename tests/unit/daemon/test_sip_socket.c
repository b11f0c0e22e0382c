/* Datagrams over loopback, multicast ones too: what is heard, what is said, beside whom. */
#include "sip_socket.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"

/* One that came, and how many in all. */
struct heard {
    size_t count;
    char text[64];
    size_t len;
    struct sip_endpoint from;
    bool is_multicast;
    unsigned interface;
    char interface_name[32];
};

struct scene {
    uv_loop_t loop;
    struct config config;
    struct address interface;
    struct sip_socket *sip;
    struct heard heard;
    int other; /* another program's socket; -1: none */
};

/* -- another program's sockets ----------------------------------------------------------------- */

static struct sockaddr_in name_of(const char *text, uint16_t port)
{
    struct sockaddr_storage sockaddr;
    struct sockaddr_in name;
    struct address address;

    assert_int_equal(address_parse(text, &address), 0);
    address.port = port;
    (void)address_to_sockaddr(&address, &sockaddr); /* IPv4 */
    memcpy(&name, &sockaddr, sizeof(name));
    return name;
}

/* Returns the socket, or -1. */
static int bind_other(const char *text, uint16_t port, bool reuse)
{
    const struct sockaddr_in name = name_of(text, port);
    const int one = reuse;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in name = {.sin_port = 0};
    socklen_t len = sizeof(name);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    return ntohs(name.sin_port);
}

static uint16_t free_port(void)
{
    int fd = bind_other("0.0.0.0", 0, false);
    uint16_t port = port_of(fd);

    assert_int_equal(close(fd), 0);
    return port;
}

static void send_as(int fd, const char *to, uint16_t port, const void *bytes, size_t len)
{
    const struct sockaddr_in name = name_of(to, port);
    const struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};

    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)), 0);
    assert_int_equal(sendto(fd, bytes, len, 0, (const struct sockaddr *)&name, sizeof(name)), len);
}

/* -- the scene --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    static char path[] = "x.conf";
    struct scene *scene = calloc(1, sizeof(*scene));

    assert_non_null(scene);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(address_parse("127.0.0.1", &scene->interface), 0);
    scene->config = (struct config){
        .path = path,
        .pnp = CONFIG_PNP_DISCOVER,
        .pnp_interfaces = {&scene->interface, 1},
        .pnp_port = free_port(),
    };
    scene->other = -1;
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    sip_socket_close(scene->sip);
    assert_int_equal(uv_run(&scene->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    if (scene->other >= 0)
        assert_int_equal(close(scene->other), 0);
    free(scene);
    return 0;
}

static void hear(void *data, const struct sip_datagram *datagram)
{
    struct heard *heard = &((struct scene *)data)->heard;
    size_t count = heard->count + 1;

    *heard = (struct heard){.count = count,
                            .len = datagram->len,
                            .from = datagram->from,
                            .is_multicast = datagram->is_multicast,
                            .interface = datagram->interface};
    (void)snprintf(heard->text, sizeof(heard->text), "%.*s", (int)datagram->len, datagram->bytes);
    (void)snprintf(heard->interface_name, sizeof(heard->interface_name), "%s",
                   datagram->interface_name);
}

static void open_sockets(struct scene *scene)
{
    struct ap_error error = {{0}};

    if (sip_socket_open(&scene->config, &scene->sip, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(sip_socket_start(scene->sip, &scene->loop, hear, scene), 0);
}

static void assert_refused(struct scene *scene, int expected, const char *text)
{
    struct ap_error error = {{0}};

    assert_int_equal(sip_socket_open(&scene->config, &scene->sip, &error), expected);
    if (strncmp(error.text, "x.conf: ", 8) != 0 || !strstr(error.text, text))
        fail_msg("'%s', expected %s", error.text, text);
}

static void wait_for(struct scene *scene, size_t count)
{
    while (scene->heard.count < count)
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    assert_int_equal(scene->heard.count, count);
}

/* -- tests ------------------------------------------------------------------------------------- */

static void test_what_the_group_is_asked_arrives_with_source_and_interface(void **state)
{
    struct scene *scene = *state;

    open_sockets(scene);
    scene->other = bind_other("127.0.0.1", 0, false);
    send_as(scene->other, SIP_SOCKET_GROUP, (uint16_t)scene->config.pnp_port, "SUBSCRIBE", 9);
    wait_for(scene, 1);
    assert_string_equal(scene->heard.text, "SUBSCRIBE");
    assert_true(scene->heard.is_multicast);
    assert_int_equal(scene->heard.interface, 1); /* of loopback it is always 1 */
    assert_string_equal(scene->heard.interface_name, "lo");
    assert_memory_equal(scene->heard.from.address.bytes, scene->interface.bytes, 16);
    assert_int_equal(scene->heard.from.port, port_of(scene->other));
}

static void test_what_is_said_leaves_one_port_and_answers_come_back_there(void **state)
{
    struct scene *scene = *state;
    struct sip_endpoint to = {.address = scene->interface};
    struct sockaddr_in from = {.sin_port = 0};
    socklen_t from_len = sizeof(from);
    char text[64], local[64];
    struct sip_socket_stats stats;

    scene->config.sip_port = free_port();
    open_sockets(scene);
    scene->other = bind_other("127.0.0.1", 0, false);
    to.port = port_of(scene->other);
    assert_true(sip_socket_send(scene->sip, &to, "NOTIFY", 6));
    assert_int_equal(
        recvfrom(scene->other, text, sizeof(text), 0, (struct sockaddr *)&from, &from_len), 6);
    assert_int_equal(ntohs(from.sin_port), scene->config.sip_port);
    assert_true(sip_socket_local(scene->sip, &to, local, sizeof(local)));
    (void)snprintf(text, sizeof(text), "127.0.0.1:%u", scene->config.sip_port);
    assert_string_equal(local, text);
    assert_false(sip_socket_local(scene->sip, &to, local, strlen(text)));
    send_as(scene->other, "127.0.0.1", (uint16_t)scene->config.sip_port, "200", 3);
    wait_for(scene, 1);
    assert_string_equal(scene->heard.text, "200");
    assert_false(scene->heard.is_multicast);
    assert_int_equal(scene->heard.interface, 0);
    assert_string_equal(scene->heard.interface_name, "");
    to.address.family = AF_UNIX;
    assert_false(sip_socket_send(scene->sip, &to, "NOTIFY", 6));
    sip_socket_stats(scene->sip, &stats);
    assert_int_equal(stats.sent, 1);
    assert_int_equal(stats.unsent, 1);
}

static void test_ipv6_targets_have_a_socket_of_their_own(void **state)
{
    struct scene *scene = *state;
    struct sip_endpoint to = {.port = 5060};
    char local[64];

    open_sockets(scene);
    assert_int_equal(address_parse("::1", &to.address), 0);
    if (!sip_socket_local(scene->sip, &to, local, sizeof(local)))
        skip(); /* no IPv6 here */
    assert_memory_equal(local, "[::1]:", 6);
    assert_true(strtol(local + 6, NULL, 10) > 0);
}

static void test_the_longest_arrives_and_a_longer_one_is_dropped(void **state)
{
    struct scene *scene = *state;
    static char bytes[AP_SIP_DATAGRAM_MAX_BYTES + 1];
    struct sip_socket_stats stats;

    open_sockets(scene);
    memset(bytes, 'x', sizeof(bytes));
    scene->other = bind_other("127.0.0.1", 0, false);
    uint16_t port = (uint16_t)scene->config.pnp_port;
    send_as(scene->other, SIP_SOCKET_GROUP, port, bytes, sizeof(bytes));
    send_as(scene->other, SIP_SOCKET_GROUP, port, bytes, sizeof(bytes) - 1);
    wait_for(scene, 1);
    assert_int_equal(scene->heard.len, AP_SIP_DATAGRAM_MAX_BYTES);
    send_as(scene->other, SIP_SOCKET_GROUP, port, bytes, 0);
    wait_for(scene, 2);
    assert_int_equal(scene->heard.len, 0);
    sip_socket_stats(scene->sip, &stats);
    assert_int_equal(stats.too_long, 1);
    assert_int_equal(stats.received, 2);
}

static void test_a_flood_leaves_the_loop_its_turns(void **state)
{
    struct scene *scene = *state;
    enum { FLOOD = 2 * AP_SIP_BATCH_MAX + 10 };

    open_sockets(scene);
    scene->other = bind_other("127.0.0.1", 0, false);
    for (int i = 0; i < FLOOD; i++)
        send_as(scene->other, SIP_SOCKET_GROUP, (uint16_t)scene->config.pnp_port, "x", 1);
    (void)uv_run(&scene->loop, UV_RUN_ONCE);
    assert_in_range(scene->heard.count, 1, AP_SIP_BATCH_MAX);
    wait_for(scene, FLOOD);
}

static void test_a_pbx_on_the_same_port_is_no_hindrance(void **state)
{
    struct scene *scene = *state;
    uint16_t port = (uint16_t)scene->config.pnp_port;

    /* As Asterisk is, when it is bound to its address. */
    scene->other = bind_other("127.0.0.1", port, false);
    open_sockets(scene);
    int phone = bind_other("127.0.0.1", 0, false);
    send_as(phone, SIP_SOCKET_GROUP, port, "x", 1);
    wait_for(scene, 1);
    assert_int_equal(close(phone), 0);
}

static void test_one_that_has_every_address_is_named_as_the_hindrance(void **state)
{
    struct scene *scene = *state;

    scene->other = bind_other("0.0.0.0", (uint16_t)scene->config.pnp_port, false);
    assert_refused(scene, AP_EBUSY, "pnp_port: UDP " SIP_SOCKET_GROUP " port ");
    assert_refused(scene, AP_EBUSY, "a PBX that is bound to 0.0.0.0 is in the way");
    assert_int_equal(close(scene->other), 0);
    scene->other = bind_other("0.0.0.0", (uint16_t)scene->config.pnp_port, true);
    open_sockets(scene); /* it lets others in */
}

static void test_the_groups_own_port_may_send_too_and_hears_the_group_once(void **state)
{
    struct scene *scene = *state;
    uint16_t port = (uint16_t)scene->config.pnp_port;

    scene->config.sip_port = port;
    open_sockets(scene);
    scene->other = bind_other("127.0.0.1", 0, false);
    send_as(scene->other, SIP_SOCKET_GROUP, port, "group", 5);
    wait_for(scene, 1);
    assert_true(scene->heard.is_multicast);
    send_as(scene->other, "127.0.0.1", port, "answer", 6);
    wait_for(scene, 2);
    assert_false(scene->heard.is_multicast);
    (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
    assert_int_equal(scene->heard.count, 2);
}

static void test_without_pnp_the_group_is_not_heard(void **state)
{
    struct scene *scene = *state;

    scene->config.pnp = CONFIG_PNP_OFF;
    scene->config.sip_port = scene->config.pnp_port;
    open_sockets(scene);
    scene->other = bind_other("127.0.0.1", 0, false);
    send_as(scene->other, SIP_SOCKET_GROUP, (uint16_t)scene->config.pnp_port, "group", 5);
    send_as(scene->other, "127.0.0.1", (uint16_t)scene->config.pnp_port, "answer", 6);
    wait_for(scene, 1);
    assert_string_equal(scene->heard.text, "answer");
}

static void test_an_interface_that_is_not_there_is_named(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(address_parse("203.0.113.77", &scene->interface), 0);
    assert_refused(scene, AP_EIO, "pnp_interfaces: no interface has the address 203.0.113.77");
}

static void test_a_port_that_is_taken_is_named(void **state)
{
    struct scene *scene = *state;

    scene->config.sip_port = free_port();
    scene->other = bind_other("0.0.0.0", (uint16_t)scene->config.sip_port, false);
    assert_refused(scene, AP_EBUSY, "sip_port: UDP 0.0.0.0 port ");
}

static void test_what_was_never_started_is_closed(void **state)
{
    struct scene *scene = *state;
    struct ap_error error = {{0}};
    struct sip_socket_stats stats;

    assert_int_equal(sip_socket_open(&scene->config, &scene->sip, &error), 0);
    sip_socket_close(scene->sip);
    scene->sip = NULL;
    sip_socket_close(NULL);
    sip_socket_stats(NULL, &stats);
    assert_int_equal(stats.received, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_group_is_asked_arrives_with_source_and_interface),
        TEST(test_what_is_said_leaves_one_port_and_answers_come_back_there),
        TEST(test_ipv6_targets_have_a_socket_of_their_own),
        TEST(test_the_longest_arrives_and_a_longer_one_is_dropped),
        TEST(test_a_flood_leaves_the_loop_its_turns),
        TEST(test_a_pbx_on_the_same_port_is_no_hindrance),
        TEST(test_one_that_has_every_address_is_named_as_the_hindrance),
        TEST(test_the_groups_own_port_may_send_too_and_hears_the_group_once),
        TEST(test_without_pnp_the_group_is_not_heard),
        TEST(test_an_interface_that_is_not_there_is_named),
        TEST(test_a_port_that_is_taken_is_named),
        TEST(test_what_was_never_started_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
