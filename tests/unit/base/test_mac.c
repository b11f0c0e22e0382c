/* MAC addresses: accepted forms, refused forms, output forms. */
#include "autoprov/mac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

static const uint8_t MAC[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, 0x94};

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static int parse(const char *text, uint8_t ret_mac[static AP_MAC_LEN])
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    char *exact = realloc(copy, len > 0 ? len : 1);
    assert_non_null(exact);
    int err = mac_parse(exact, len, ret_mac);
    free(exact);
    return err;
}

static void test_all_forms_that_phones_and_people_write_are_read(void **state)
{
    static const char *const FORMS[] = {
        "cc5ef641b794",      "CC5EF641B794",      "Cc5eF641b794",      "cc:5e:f6:41:b7:94",
        "CC:5E:F6:41:B7:94", "cc-5e-f6-41-b7-94", "cc.5e.f6.41.b7.94",
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(FORMS); i++) {
        uint8_t mac[AP_MAC_LEN] = {0};
        assert_int_equal(parse(FORMS[i], mac), 0);
        assert_memory_equal(mac, MAC, AP_MAC_LEN);
    }
}

static void test_everything_else_is_refused_and_writes_nothing(void **state)
{
    static const struct {
        const char *text;
        int err;
    } ROWS[] = {
        {"", AP_ESYNTAX},
        {"cc5ef641b79", AP_ESYNTAX},
        {"cc5ef641b7940", AP_ESYNTAX},
        {"cc5ef641b79g", AP_ESYNTAX},
        {" cc5ef641b794", AP_ESYNTAX},
        {"cc5ef641b794 ", AP_ESYNTAX},
        {"0xcc5ef641b7", AP_ESYNTAX},
        {"cc:5e:f6:41:b7-94", AP_ESYNTAX},
        {"cc-5e:f6:41:b7:94", AP_ESYNTAX},
        {"cc:5e:f6:41:b7:9", AP_ESYNTAX},
        {"cc:5e:f6:41:b7:94:", AP_ESYNTAX},
        {"cc:5e:f6:41:b7::4", AP_ESYNTAX},
        {"c:c5e:f6:41:b7:94", AP_ESYNTAX},
        {"cc5e.f641.b794", AP_ESYNTAX},
        {"cc 5e f6 41 b7 94", AP_ESYNTAX},
        {"cc_5e_f6_41_b7_94", AP_ESYNTAX},
        {"cc:5e:f6:41:b7:\xc3\xa4", AP_ESYNTAX},
        {"000000000000", AP_EINVAL},
        {"00:00:00:00:00:00", AP_EINVAL},
        {"ffffffffffff", AP_EINVAL},
        {"01005e7fffff", AP_EINVAL},
        {"cd5ef641b794", AP_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        uint8_t mac[AP_MAC_LEN] = {1, 2, 3, 4, 5, 6};
        const uint8_t untouched[AP_MAC_LEN] = {1, 2, 3, 4, 5, 6};
        int err = parse(ROWS[i].text, mac);
        if (err != ROWS[i].err)
            fail_msg("'%s': %d", ROWS[i].text, err);
        assert_memory_equal(mac, untouched, AP_MAC_LEN);
    }
}

static void test_nul_byte_inside_is_refused(void **state)
{
    uint8_t mac[AP_MAC_LEN];

    (void)state;
    assert_int_equal(mac_parse("cc5ef6\0"
                               "1b794",
                               12, mac),
                     AP_ESYNTAX);
}

static void test_locally_administered_address_is_read(void **state)
{
    uint8_t mac[AP_MAC_LEN];

    (void)state;
    assert_int_equal(parse("020000000001", mac), 0);
}

static void test_each_form_is_written_and_read_back(void **state)
{
    static const struct {
        enum mac_form form;
        const char *text;
    } ROWS[] = {
        {MAC_FORM_LOWER, "cc5ef641b794"},
        {MAC_FORM_UPPER, "CC5EF641B794"},
        {MAC_FORM_LOWER_COLON, "cc:5e:f6:41:b7:94"},
        {MAC_FORM_UPPER_COLON, "CC:5E:F6:41:B7:94"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[AP_MAC_TEXT_MAX];
        uint8_t mac[AP_MAC_LEN] = {0};
        memset(text, 'x', sizeof(text));
        mac_format(MAC, ROWS[i].form, text);
        assert_string_equal(text, ROWS[i].text);
        assert_int_equal(parse(text, mac), 0);
        assert_memory_equal(mac, MAC, AP_MAC_LEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_forms_that_phones_and_people_write_are_read),
        cmocka_unit_test(test_everything_else_is_refused_and_writes_nothing),
        cmocka_unit_test(test_nul_byte_inside_is_refused),
        cmocka_unit_test(test_locally_administered_address_is_read),
        cmocka_unit_test(test_each_form_is_written_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
