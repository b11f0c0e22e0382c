/* Addresses, networks and lists of them. */
#include "autoprov/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "autoprov/array.h"

static struct address address_of(const char *text)
{
    struct address address;

    if (address_parse(text, &address) != 0)
        fail_msg("'%s'", text);
    return address;
}

static void test_addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        int family;
        const char *written;
    } ROWS[] = {
        {"192.0.2.7", AF_INET, "192.0.2.7"},
        {"0.0.0.0", AF_INET, "0.0.0.0"},
        {"255.255.255.255", AF_INET, "255.255.255.255"},
        {"2001:DB8::7", AF_INET6, "2001:db8::7"},
        {"::", AF_INET6, "::"},
        {"::1", AF_INET6, "::1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", AF_INET6,
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"::ffff:192.0.2.7", AF_INET, "192.0.2.7"},
        {"::ffff:c000:207", AF_INET, "192.0.2.7"},
        {"::192.0.2.7", AF_INET6, "::192.0.2.7"}, /* deprecated form, not mapped */
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[AP_ADDRESS_TEXT_MAX];
        struct address address = address_of(ROWS[i].text);
        assert_int_equal(address.family, ROWS[i].family);
        assert_int_equal(address.port, 0);
        address_format(&address, text);
        assert_string_equal(text, ROWS[i].written);
    }
}

static void test_what_is_no_numeric_address_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "",           "localhost", "192.0.2",    "192.0.2.256",   "192.0.2.7.1", "0192.0.2.7",
        "192.0.2.7 ", "[::1]",     "::1%eth0",   "1:2:3:4:5:6:7", "g::",         "192.0.2.7:80",
        "0x7f000001", "127.1",     "2130706433", ":::",           "1::2::3",     "::ffff:1.2.3",
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct address address = {.family = 4711};
        if (address_parse(ROWS[i], &address) != AP_ESYNTAX || address.family != 4711)
            fail_msg("'%s'", ROWS[i]);
    }
}

static void test_socket_addresses_go_both_ways(void **state)
{
    static const char *const ROWS[] = {"192.0.2.7", "2001:db8::7"};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct address address = address_of(ROWS[i]), back;
        struct sockaddr_storage storage;
        address.port = 65535 - 443;
        socklen_t len = address_to_sockaddr(&address, &storage);
        assert_int_equal(storage.ss_family, address.family);
        assert_int_equal(len, address.family == AF_INET ? sizeof(struct sockaddr_in)
                                                        : sizeof(struct sockaddr_in6));
        address_from_sockaddr((const struct sockaddr *)&storage, &back);
        assert_memory_equal(&address, &back, sizeof(address));
    }
}

static void test_mapped_peer_is_an_ipv4_peer(void **state)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(5060)};
    struct address mapped, plain = address_of("10.1.2.3");
    struct network network;

    (void)state;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr), 1);
    address_from_sockaddr((const struct sockaddr *)&in6, &mapped);
    plain.port = 5060;
    assert_memory_equal(&mapped, &plain, sizeof(plain));
    assert_int_equal(network_parse("10.0.0.0/8", &network), 0);
    assert_true(network_contains(&network, &mapped));
}

static void test_socket_addresses_of_other_families_have_a_name(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr other = {.sa_family = AF_PACKET};
    struct address address;
    char text[AP_ADDRESS_TEXT_MAX];

    (void)state;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_from_sockaddr((const struct sockaddr *)&in, &address);
    address_format(&address, text);
    assert_string_equal(text, "127.0.0.1");
    address_from_sockaddr((const struct sockaddr *)&un, &address);
    assert_int_equal(address.family, AF_UNIX);
    address_format(&address, text);
    assert_string_equal(text, "unix");
    address_from_sockaddr(&other, &address);
    assert_int_equal(address.family, AF_UNSPEC);
    address_format(&address, text);
    assert_string_equal(text, "unknown");
}

static bool same_source(const char *a, const char *b)
{
    struct address first = address_of(a), second = address_of(b);
    struct source_key first_key, second_key;

    first.port = 1;
    second.port = 2;
    memset(&first_key, 0xaa, sizeof(first_key));
    address_source_key(&first, &first_key);
    address_source_key(&second, &second_key);
    return memcmp(&first_key, &second_key, sizeof(first_key)) == 0;
}

static void test_a_source_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
    struct address unix_peer = {.family = AF_UNIX};
    struct source_key key;
    static const uint8_t ZERO[sizeof(key.bytes)];

    (void)state;
    assert_true(same_source("192.0.2.7", "192.0.2.7"));
    assert_true(same_source("192.0.2.7", "::ffff:192.0.2.7"));
    assert_false(same_source("192.0.2.7", "192.0.2.8"));
    assert_true(same_source("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
    assert_false(same_source("2001:db8:0:1::1", "2001:db8:0:2::1"));
    assert_false(same_source("0.0.0.0", "::"));
    address_source_key(&unix_peer, &key);
    assert_memory_equal(key.bytes, ZERO, sizeof(ZERO));
}

static void test_private_addresses_are_those_of_no_stranger(void **state)
{
    static const struct {
        const char *text;
        bool is_private;
    } ROWS[] = {
        {"127.0.0.1", true},
        {"10.255.255.255", true},
        {"172.16.0.0", true},
        {"172.31.255.255", true},
        {"192.168.0.1", true},
        {"169.254.1.1", true},
        {"::1", true},
        {"fd12::1", true},
        {"fe80::1", true},
        {"febf::1", true},
        {"126.255.255.255", false},
        {"11.0.0.0", false},
        {"172.15.255.255", false},
        {"172.32.0.0", false},
        {"192.167.255.255", false},
        {"192.0.2.7", false},
        {"224.0.1.75", false},
        {"::2", false},
        {"::", false},
        {"2001:db8::7", false},
        {"fec0::1", false},
        {"fe00::1", false},
        {"::ffff:192.0.2.7", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct address address = address_of(ROWS[i].text);
        if (address_is_private(&address) != ROWS[i].is_private)
            fail_msg("%s", ROWS[i].text);
    }
    const struct address local = {.family = AF_UNIX};
    assert_false(address_is_private(&local));
}

static void test_networks_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int err;
        int family;
        unsigned prefix_len;
    } ROWS[] = {
        {"10.0.0.0/8", 0, AF_INET, 8},
        {"0.0.0.0/0", 0, AF_INET, 0},
        {"192.0.2.7", 0, AF_INET, 32},
        {"192.0.2.7/32", 0, AF_INET, 32},
        {"192.0.2.6/31", 0, AF_INET, 31},
        {"fd00::/8", 0, AF_INET6, 8},
        {"::/0", 0, AF_INET6, 0},
        {"::1", 0, AF_INET6, 128},
        {"2001:db8::/127", 0, AF_INET6, 127},
        {"10.0.0.1/8", AP_EINVAL, 0, 0},
        {"192.0.2.7/31", AP_EINVAL, 0, 0},
        {"128.0.0.0/0", AP_EINVAL, 0, 0},
        {"2001:db8::1/64", AP_EINVAL, 0, 0},
        {"fd00::/7", AP_EINVAL, 0, 0},
        {"10.0.0.0/33", AP_ESYNTAX, 0, 0},
        {"::/129", AP_ESYNTAX, 0, 0},
        {"::ffff:10.0.0.0/104", AP_ESYNTAX, 0, 0}, /* mapped: write it as IPv4 */
        {"10.0.0.0/", AP_ESYNTAX, 0, 0},
        {"10.0.0.0/08", AP_ESYNTAX, 0, 0},
        {"10.0.0.0/-1", AP_ESYNTAX, 0, 0},
        {"10.0.0.0/8 ", AP_ESYNTAX, 0, 0},
        {"10.0.0.0/8/8", AP_ESYNTAX, 0, 0},
        {"10.0.0.0/255.0.0.0", AP_ESYNTAX, 0, 0},
        {"10/8", AP_ESYNTAX, 0, 0},
        {"/8", AP_ESYNTAX, 0, 0},
        {"", AP_ESYNTAX, 0, 0},
        {"11111111111111111111111111111111111111111111111111111111111111111111111111/8", AP_ESYNTAX,
         0, 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct network network = {.family = 4711};
        int err = network_parse(ROWS[i].text, &network);
        if (err != ROWS[i].err)
            fail_msg("'%s': %d", ROWS[i].text, err);
        assert_int_equal(network.family, err ? 4711 : ROWS[i].family);
        if (!err)
            assert_int_equal(network.prefix_len, ROWS[i].prefix_len);
    }
}

static void test_network_ends_at_its_edges(void **state)
{
    static const struct {
        const char *network, *inside_first, *inside_last, *below, *above;
    } ROWS[] = {
        {"10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.255", "192.0.2.127", "192.0.3.0"},
        {"172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
        {"192.0.2.6/31", "192.0.2.6", "192.0.2.7", "192.0.2.5", "192.0.2.8"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"},
        {"0.0.0.0/1", "0.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255"},
        {"fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fbff::", "fe00::"},
        {"2001:db8::/33", "2001:db8::", "2001:db8:7fff::1", "2001:db7:ffff::", "2001:db8:8000::"},
        {"::1", "::1", "::1", "::", "::2"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct network network;
        struct address first = address_of(ROWS[i].inside_first);
        struct address last = address_of(ROWS[i].inside_last);
        struct address below = address_of(ROWS[i].below), above = address_of(ROWS[i].above);
        assert_int_equal(network_parse(ROWS[i].network, &network), 0);
        assert_true(network_contains(&network, &first));
        assert_true(network_contains(&network, &last));
        assert_false(network_contains(&network, &below));
        assert_false(network_contains(&network, &above));
    }
}

static void test_families_do_not_mix(void **state)
{
    struct network all4, all6;
    struct address v4 = address_of("192.0.2.7"), v6 = address_of("2001:db8::7");
    struct address unix_peer = {.family = AF_UNIX}, unknown = {.family = AF_UNSPEC};

    (void)state;
    assert_int_equal(network_parse("0.0.0.0/0", &all4), 0);
    assert_int_equal(network_parse("::/0", &all6), 0);
    assert_true(network_contains(&all4, &v4));
    assert_false(network_contains(&all4, &v6));
    assert_true(network_contains(&all6, &v6));
    assert_false(network_contains(&all6, &v4));
    assert_false(network_contains(&all4, &unix_peer));
    assert_false(network_contains(&all6, &unknown));
}

/* "a b c": a list of networks; free items. */
static struct network_list list_of(const char *text)
{
    struct network_list list = {.items = calloc(300, sizeof(struct network))};

    assert_non_null(list.items);
    while (*text) {
        char word[64];
        size_t len = strcspn(text, " ");
        assert_true(len < sizeof(word));
        memcpy(word, text, len);
        word[len] = '\0';
        if (network_parse(word, &list.items[list.count++]) != 0)
            fail_msg("'%s'", word);
        text += len + strspn(text + len, " ");
    }
    return list;
}

static void test_list_contains_what_one_of_it_contains(void **state)
{
    struct network_list list = list_of("10.0.0.0/8 fd00::/8 192.0.2.7");
    struct network_list empty = {0};
    struct address in4 = address_of("10.9.9.9"), in6 = address_of("fd00::1");
    struct address alone = address_of("192.0.2.7"), out = address_of("192.0.2.8");

    (void)state;
    assert_true(network_list_contains(&list, &in4));
    assert_true(network_list_contains(&list, &in6));
    assert_true(network_list_contains(&list, &alone));
    assert_false(network_list_contains(&list, &out));
    assert_false(network_list_contains(&empty, &in4));
    free(list.items);
}

static void test_list_that_covers_a_whole_family_is_seen(void **state)
{
    static const struct {
        const char *networks;
        bool covers;
    } ROWS[] = {
        {"", false},
        {"0.0.0.0/0", true},
        {"::/0", true},
        {"10.0.0.0/8 0.0.0.0/0", true},
        {"0.0.0.0/1", false},
        {"128.0.0.0/1", false},
        {"0.0.0.0/1 128.0.0.0/1", true},
        {"128.0.0.0/1 0.0.0.0/1", true},
        {"0.0.0.0/1 8000::/1", false},
        {"::/1 128.0.0.0/1", false},
        {"::/1 8000::/1", true},
        {"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 ::1 fe80::/10 "
         "fc00::/7",
         false},
        {"0.0.0.0/2 64.0.0.0/2 128.0.0.0/2 192.0.0.0/2", true},
        {"192.0.0.0/2 64.0.0.0/2 0.0.0.0/2 128.0.0.0/2", true},
        {"0.0.0.0/2 64.0.0.0/2 192.0.0.0/2", false},
        {"64.0.0.0/2 128.0.0.0/2 192.0.0.0/2", false},
        /* nested inside one another */
        {"0.0.0.0/1 0.0.0.0/8 10.0.0.0/8 128.0.0.0/1 192.0.2.0/24", true},
        {"0.0.0.0/8 0.0.0.0/1 127.0.0.0/8 128.0.0.0/1", true},
        {"0.0.0.0/1 0.0.0.0/1 0.0.0.0/1", false},
        /* the last address is missing */
        {"0.0.0.0/1 128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 240.0.0.0/5 248.0.0.0/6 252.0.0.0/7 "
         "254.0.0.0/8 255.0.0.0/9",
         false},
        {"255.255.255.255 0.0.0.0", false},
        {"::/2 4000::/2 8000::/1 10.0.0.0/8", true},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct network_list list = list_of(ROWS[i].networks);
        if (network_list_covers_everything(&list) != ROWS[i].covers)
            fail_msg("'%s'", ROWS[i].networks);
        free(list.items);
    }
}

/* 0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/3, …, each half of the rest, and the last two addresses. */
static void test_list_that_misses_a_single_address_covers_not_everything(void **state)
{
    static const int FAMILIES[] = {AF_INET, AF_INET6};

    (void)state;
    for (size_t f = 0; f < AP_COUNT(FAMILIES); f++) {
        size_t bits = FAMILIES[f] == AF_INET ? 32 : 128;
        struct network items[129] = {0};
        struct network_list list = {.items = items, .count = bits + 1};
        for (size_t i = 0; i <= bits; i++) {
            /* Backwards, so that the order given is the worst one. */
            struct network *network = &items[bits - i];
            size_t ones = i < bits ? i : bits;
            network->family = FAMILIES[f];
            network->prefix_len = (uint8_t)(i < bits ? i + 1 : bits);
            for (size_t bit = 0; bit < ones; bit++)
                network->bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
        }
        assert_true(network_list_covers_everything(&list));
        for (size_t gap = 0; gap <= bits; gap++) {
            struct network kept = items[gap];
            items[gap] = items[gap > 0 ? gap - 1 : 1];
            assert_false(network_list_covers_everything(&list));
            items[gap] = kept;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_read_and_written),
        cmocka_unit_test(test_what_is_no_numeric_address_is_refused),
        cmocka_unit_test(test_socket_addresses_go_both_ways),
        cmocka_unit_test(test_mapped_peer_is_an_ipv4_peer),
        cmocka_unit_test(test_socket_addresses_of_other_families_have_a_name),
        cmocka_unit_test(test_a_source_is_an_ipv4_address_or_an_ipv6_64),
        cmocka_unit_test(test_private_addresses_are_those_of_no_stranger),
        cmocka_unit_test(test_networks_are_read_strictly),
        cmocka_unit_test(test_network_ends_at_its_edges),
        cmocka_unit_test(test_families_do_not_mix),
        cmocka_unit_test(test_list_contains_what_one_of_it_contains),
        cmocka_unit_test(test_list_that_covers_a_whole_family_is_seen),
        cmocka_unit_test(test_list_that_misses_a_single_address_covers_not_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
