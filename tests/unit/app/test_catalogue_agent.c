/* MACs in User-Agents of the vendors that are known to send them. */
#include "catalogue_fixture.h"

#include "autoprov/array.h"

static const struct agent_case {
    const char *pattern, *user_agent;
    const char *mac; /* NULL: tells none */
} CASES[] = {
    {"{any} {mac}", "Yealink SIP-T46G 28.83.0.120 00:15:65:4a:a9:37", "0015654aa937"},
    {"{any} {mac}", "yealink SIP-T28P  2.70.0.140 00:15:65:4A:A9:37", "0015654aa937"},
    {"{any} {mac}", "Yealink SIP-T56A 58.80.0.25 001565f429a4", "001565f429a4"},
    {"{any} {mac}", "W52P 25.30.0.2 00:15:65:44:b3:7c", "00156544b37c"},
    {"{any} {mac}", "Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", NULL},
    {"{any} {mac}", "Yealink-T46G 28.71.0.81 28.10.00.12.00.00.00", NULL},
    {"{any} {mac}", "Yealink SIP-T46G 28.83.0.120", NULL},
    {"Yealink {any} {mac}", "yealink SIP-T46G 28.83.0.120 00-15-65-4a-a9-37", "0015654aa937"},
    {"Yealink {any} {mac}", "Fanvil SIP-T46G 28.83.0.120 00:15:65:4a:a9:37", NULL},
    {"Grandstream {any}DevId {mac}", "Grandstream Model HW GXP1628 SW 1.0.4.138 DevId c074ad2bd859",
     "c074ad2bd859"},
    {"Grandstream {any}DevId {mac}",
     "Grandstream Model HW GXV3240 V1.6B SW 1.0.1.27 DevId 000b82632815", "000b82632815"},
    {"Grandstream {any}DevId {mac}",
     "Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/boot55e.bin:1.1.6.9) DevId 000b822726c8",
     "000b822726c8"},
    {"Grandstream Model HW {model} {any}DevId {mac}",
     "Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad2bd859", "c074ad2bd859"},
    {"Mozilla/4.0 (compatible; snom{any} {mac}{any})",
     "Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413741767)",
     "000413741767"},
    {"Mozilla/4.0 (compatible; snom{any} {mac}{any})",
     "Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12-00004-g9ba52f5 000413922D24 SXM:0 "
     "UXM:0)",
     "000413922d24"},
    {"Mozilla/4.0 (compatible; snom{any} {mac}{any})",
     "Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "000413b60680"},
    {"Mozilla/4.0 (compatible; snom{any} {mac}{any})",
     "Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)", NULL},
    {"Mozilla/4.0 (compatible; snom{any} {mac}{any})", "Mozilla/4.0 (compatible; snom lid 3605)",
     NULL},
    {"Fanvil {any} {mac}", "Fanvil X4 2.10.2.6887 0c383e07e16c", "0c383e07e16c"},
    {"Fanvil {any} {mac}", "Fanvil X6U Pro 0.0.10 0c383e2cd782", "0c383e2cd782"},
    {"Htek {any} {mac}", "Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9", "001fc11c22a9"},
    {"{any};{mac}{any}", "Gigaset N720 DM PRO/70.089.00.000.000;7C2F80CA21E4", "7c2f80ca21e4"},
    {"{any};{mac}{any}", "N510 IP PRO/42.258.00.000.000;7C2F806257D7", "7c2f806257d7"},
    {"{any};{mac}{any}", "\"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605;Handset=1\"",
     "7c2f80e0d605"},
    {"{any};{mac}{any}", "\"Gigaset N870 IP PRO/83.V2.11.0;7C2F80E0D605\"", "7c2f80e0d605"},
    {"{any};{mac}{any}", "N510 IP PRO/42.258.00.000.000", NULL},
    {"Panasonic_{any} ({mac})", "Panasonic_KX-UT113/01.133 (0080f0c8c381)", "0080f0c8c381"},
    {"{any} MAC:{mac} {any}", "Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP", "00085d237429"},
    {"{any} MAC:{mac} {any}", "Mitel6940 MAC:14-00-E9-1B-45-24 V:6.4.0.140-SIP", "1400e91b4524"},
    {"ALE {any} {mac}", "ALE M3-CE 2.11.01.1604 3c28a620089e", "3c28a620089e"},
    {"ALE {any} {mac}", "Alcatel IP Touch 4028/2.01.20", NULL},
    {"Flyingvoice {any} {mac}", "Flyingvoice FIP13G V0.6.24 00:21:F2:22:AE:F1", "0021f222aef1"},
    {"FileTransport Poly{any} (SN:{mac}){any}",
     "FileTransport PolyCCX-CCX_600-UA/8.0.2.3267 (SN:482567b5313f) Type/Application",
     "482567b5313f"},
    {"FileTransport Poly{any} (SN:{mac}){any}",
     "FileTransport PolycomVVX-VVX_450-UA/5.9.1.0615 Type/Application", NULL},
    {"Cisco/{any}({mac}){any}", "Cisco/SPA508G-7.4.8a (0002FDFF2103)(CBT141400UK)", "0002fdff2103"},
    {"Cisco/{any}({mac}){any}", "Cisco/SPA525G-7.4.7 (CBT141900G7)", NULL},
    /* A serial that looks like a MAC. */
    {"Cisco/{any}({mac}){any}", "Linksys/SPA-942-6.1.5(a) (88019FA42805)", NULL},
    {"Cisco-CP-{any} ({mac})", "Cisco-CP-8841-3PCC/11.0 (00562b043615)", "00562b043615"},
    /* Pieces of something longer, and what mac_parse() refuses. */
    {"{any}{mac}{any}", "x 001565aabbcc0 y", NULL},
    {"{any}{mac}{any}", "x g001565aabbcc y", NULL},
    {"{any}{mac}{any}", "x 00:15:65:aa:bb:cc:dd y", NULL},
    {"{any}{mac}{any}", "x 00:15:65:aa:bb:cc-dd y", "001565aabbcc"},
    {"{any}{mac}{any}", "x 00:15:65:aa-bb:cc y", NULL},
    {"{any}{mac}{any}", "x 000000000000 y", NULL},
    {"{any}{mac}{any}", "x 011565aabbcc y", NULL},
    {"{any}{mac}{any}", "000413aabbcc 001565aabbcc", "001565aabbcc"},
    {"{any}{mac}{any}", "001565aabbcc", "001565aabbcc"},
    {"{mac}", "001565aabbcc", "001565aabbcc"},
    {"{mac}", " 001565aabbcc", NULL},
    {"{mac}", "", NULL},
    {"c{mac}c", "c001565aabbccc", "001565aabbcc"},
    {"{model}{mac}", "T54W001565aabbcc", NULL},
    {"{model}/{mac}", "T54W/001565aabbcc", "001565aabbcc"},
    {"{model}/{mac}", "/001565aabbcc", NULL},
    {"{model}/{mac}", "X6U Pro/001565aabbcc", NULL},
    {"{model}/{mac}", "abcdefghijklmnopqrstuvwxyz012345/001565aabbcc", "001565aabbcc"},
    {"{model}/{mac}", "abcdefghijklmnopqrstuvwxyz0123456/001565aabbcc", NULL},
    {"{any}{model}/{mac}", "?abcdefghijklmnopqrstuvwxyz0123456/001565aabbcc", "001565aabbcc"},
    {"{mac}/{model}", "001565aabbcc/abcdefghijklmnopqrstuvwxyz012345", "001565aabbcc"},
    {"{mac}/{model}", "001565aabbcc/abcdefghijklmnopqrstuvwxyz0123456", NULL},
    {"{mac}/{model} {any}x", "001565aabbcc/T5 yx", "001565aabbcc"},
};

static void test_agents_tell_the_macs_that_their_patterns_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        struct catalogue_vendor vendor = {.user_agent = CASES[i].pattern};
        uint8_t mac[AP_MAC_LEN] = {0};
        char text[AP_MAC_TEXT_MAX] = "none";
        int err = catalogue_agent_mac(&vendor, CASES[i].user_agent, mac);
        if (err == 0)
            mac_format(mac, MAC_FORM_LOWER, text);
        else
            assert_int_equal(err, AP_ENOENT);
        if (strcmp(text, CASES[i].mac ? CASES[i].mac : "none") != 0)
            fail_msg("%s by %s: got %s", CASES[i].user_agent, CASES[i].pattern, text);
    }
}

static void test_vendor_without_a_pattern_tells_none(void **state)
{
    const struct catalogue_vendor vendor = {.user_agent = NULL};
    uint8_t mac[AP_MAC_LEN];

    (void)state;
    assert_int_equal(catalogue_agent_mac(&vendor, "001565aabbcc", mac), AP_ENOENT);
}

static void test_overlong_agent_tells_none(void **state)
{
    const struct catalogue_vendor vendor = {.user_agent = "{any}{mac}"};
    char agent[AP_CATALOGUE_AGENT_MAX_BYTES + 2];
    uint8_t mac[AP_MAC_LEN];

    (void)state;
    memset(agent, ' ', sizeof(agent));
    agent[sizeof(agent) - 1] = '\0';
    memcpy(agent + sizeof(agent) - 13, "001565aabbcc", 12);
    assert_int_equal(catalogue_agent_mac(&vendor, agent, mac), AP_ENOENT);
    assert_int_equal(catalogue_agent_mac(&vendor, agent + 1, mac), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agents_tell_the_macs_that_their_patterns_say),
        cmocka_unit_test(test_vendor_without_a_pattern_tells_none),
        cmocka_unit_test(test_overlong_agent_tells_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
