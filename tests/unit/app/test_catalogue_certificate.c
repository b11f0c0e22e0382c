/* Common names in exactly a vendor's form, and nothing near it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "catalogue_private.h"

static const uint8_t MAC[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, 0x94};

static void test_only_the_vendors_exact_form_names_a_phone(void **state)
{
    static const struct {
        const char *pattern, *common_name;
        bool named;
    } ROWS[] = {
        {"{mac}", "cc5ef641b794", true},
        {"{mac}", "CC5EF641B794", true},
        {"{mac}", "CC5EF641b794", false},
        {"{mac}", "cc:5e:f6:41:b7:94", false},
        {"{mac}", "cc5ef641b79", false},
        {"{mac}", "cc5ef641b7940", false},
        {"{mac}", " cc5ef641b794", false},
        {"{mac}", "cc5ef641b794 ", false},
        {"{mac}", "cc5ef641b79g", false},
        {"{mac}", "", false},
        {"{mac}", "000000000000", false},
        {"{mac}", "ffffffffffff", false},
        {"{mac}", "Acme generic", false},
        {"{mac_lower}", "cc5ef641b794", true},
        {"{mac_lower}", "CC5EF641B794", false},
        {"{mac_upper}", "CC5EF641B794", true},
        {"{mac_upper}", "cc5ef641b794", false},
        {"{mac_lower_colon}", "cc:5e:f6:41:b7:94", true},
        {"{mac_lower_colon}", "cc-5e-f6-41-b7-94", false},
        {"{mac_lower_colon}", "cc5ef641b794", false},
        {"{mac_upper_colon}", "CC:5E:F6:41:B7:94", true},
        {"{mac_upper_colon}", "cc:5e:f6:41:b7:94", false},
        {"SIP-{mac_upper}.x", "SIP-CC5EF641B794.x", true},
        {"SIP-{mac_upper}.x", "sip-CC5EF641B794.x", false},
        {"SIP-{mac_upper}.x", "SIP-CC5EF641B794.y", false},
        {"SIP-{mac_upper}.x", "SIP-CC5EF641B794", false},
        {"SIP-{mac_upper}.x", "CC5EF641B794.x", false},
        {NULL, "CC5EF641B794", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct catalogue_vendor vendor = {.certificate_cn = ROWS[i].pattern};
        uint8_t mac[AP_MAC_LEN] = {0};
        int err = catalogue_certificate_mac(&vendor, ROWS[i].common_name, mac);
        if (err != (ROWS[i].named ? 0 : AP_ENOENT) ||
            (ROWS[i].named && memcmp(mac, MAC, sizeof(mac)) != 0))
            fail_msg("%s: '%s': %d", ROWS[i].pattern, ROWS[i].common_name, err);
    }
}

static void test_patterns_have_one_mac_and_fit_a_connection(void **state)
{
    static const struct {
        const char *pattern;
        bool good;
    } ROWS[] = {
        {"{mac}", true},
        {"a b{mac_upper}c", true},
        {"123456789012345{mac}", true},
        {"1234567890123456{mac}", false},
        {"1234567890{mac_upper_colon}", true},
        {"12345678901{mac_upper_colon}", false},
        {"", false},
        {"Acme", false},
        {"{mac}{mac}", false},
        {"{mac}{mac_upper}", false},
        {"{MAC}", false},
        {"{mac", false},
        {"mac}", false},
        {"{any}{mac}", false},
        {"{{mac}}", false},
        {"{mac}\n", false},
        {"{mac}\xc3\xa9", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        if (catalogue_certificate_is_pattern(ROWS[i].pattern, strlen(ROWS[i].pattern)) !=
            ROWS[i].good)
            fail_msg("'%s'", ROWS[i].pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_vendors_exact_form_names_a_phone),
        cmocka_unit_test(test_patterns_have_one_mac_and_fit_a_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
