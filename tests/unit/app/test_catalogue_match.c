/* Which vendors' rows a requested name fits. */
#include "catalogue_fixture.h"

#include "autoprov/array.h"
#include "autoprov/mac.h"

#define CONFIG(name)    "{\"name\": \"" name "\", \"role\": \"config\", \"template\": \"t.cfg\"}"
#define COMMON(name)    "{\"name\": \"" name "\", \"role\": \"common\", \"template\": \"c.cfg\"}"
#define PROBE(name)     "{\"name\": \"" name "\", \"role\": \"probe\"}"
#define UPLOAD(name)    "{\"name\": \"" name "\", \"role\": \"upload\"}"
#define FIRMWARE(name)  "{\"name\": \"" name "\", \"role\": \"firmware\"}"
#define MODEL(name)     "{\"model\": \"" name "\", \"lines\": 2, \"keys\": 3}"
#define CODED(name, of) "{\"model\": \"" name "\", \"code\": \"" of "\", \"lines\": 2, \"keys\": 3}"

static const struct {
    const char *name, *models, *files;
} VENDORS[] = {
    {"cisco", MODEL("8841"),
     CONFIG("{mac}.xml") "," CONFIG("Cisco/CP-{model}-3PCC/{mac}.cfg") "," PROBE(
         "{model}-3PCC.xml") "," PROBE("SEP{mac}.cnf.xml")},
    {"gigaset", MODEL("N870@IP@PRO") "," MODEL("N510"),
     CONFIG("{mac}.xml") "," CONFIG("42/2/{mac}.xml")},
    {"grandstream", MODEL("GRP2614"),
     CONFIG("cfg{mac}.xml") "," PROBE("cfg{mac}") "," PROBE("cfg{mac}.bin") "," COMMON(
         "cfg{model}.xml") "," COMMON("cfg.xml")},
    {"poly", MODEL("VVX_450"),
     CONFIG("{mac}.cfg") "," COMMON("000000000000.cfg") "," PROBE("{mac}-{any}.cfg") "," UPLOAD(
         "{mac}-{any}.log") "," CONFIG("{mac}-registration.cfg") "," FIRMWARE("{any}.ld")},
    {"snom", MODEL("D785") "," MODEL("D717"),
     CONFIG("snom{model}-{mac}.htm") "," CONFIG("{mac}.xml") "," COMMON("snom{model}.htm") "," //
     CONFIG("-{mac}") "," PROBE("{mac}_firmware.xml")},
    {"yealink", CODED("T54W", "96") "," CODED("T53", "95") "," CODED("T53W", "95"),
     CONFIG("{mac}.cfg") "," PROBE("{mac}.boot") "," PROBE("y000000000000.boot") "," COMMON(
         "y0000000000{code}.cfg") "," FIRMWARE("{any}.rom")},
};

static struct catalogue *load_vendors(void **state)
{
    char path[64];

    for (size_t i = 0; i < AP_COUNT(VENDORS); i++) {
        (void)snprintf(path, sizeof(path), "shipped/%s.json", VENDORS[i].name);
        catalogue_fixture_vendor(*state, path, VENDORS[i].models, VENDORS[i].files, "");
    }
    return catalogue_fixture_load(*state);
}

/* "MAC vendor:pattern:model …" as a text to compare with; "" for no match. */
static void describe(const struct catalogue *catalogue, const char *name, size_t len, char *out,
                     size_t size)
{
    struct catalogue_match match;
    char mac[AP_MAC_TEXT_MAX] = "-";
    size_t used;

    out[0] = '\0';
    if (!catalogue_match(catalogue, name, len, &match))
        return;
    if (match.has_mac)
        mac_format(match.mac, MAC_FORM_LOWER, mac);
    used = (size_t)snprintf(out, size, "%s", mac);
    for (size_t i = 0; i < match.count; i++) {
        const struct catalogue_claim *claim = &match.claims[i];
        used += (size_t)snprintf(out + used, size - used, " %s:%s:%s", claim->vendor->name,
                                 claim->file->name, claim->model ? claim->model->name : "");
        assert_true(used < size);
    }
}

static const struct match_case {
    const char *name, *expected;
} CASES[] = {
    {"001565aabbcc.cfg", "001565aabbcc poly:{mac}.cfg: yealink:{mac}.cfg:"},
    {"001565AABBCC.CFG", "001565aabbcc poly:{mac}.cfg: yealink:{mac}.cfg:"},
    {"00:15:65:aa:bb:cc.cfg", "001565aabbcc poly:{mac}.cfg: yealink:{mac}.cfg:"},
    {"00-15-65-AA-bb-CC.cfg", "001565aabbcc poly:{mac}.cfg: yealink:{mac}.cfg:"},
    {"00.15.65.aa.bb.cc.cfg", "001565aabbcc poly:{mac}.cfg: yealink:{mac}.cfg:"},
    {"00:15-65:aa:bb:cc.cfg", ""},
    {"0015:65aabbcc.cfg", ""},
    {"001565aabbc.cfg", ""},
    {"001565aabbccd.cfg", ""},
    {"001565aabbcg.cfg", ""},
    {"011565aabbcc.cfg", ""}, /* multicast */
    {"000000000000.xml", ""}, /* zero, and no name of its own */
    {"000000000000.cfg", "- poly:000000000000.cfg:"},
    {"000413aabbcc.xml", "000413aabbcc cisco:{mac}.xml: gigaset:{mac}.xml: snom:{mac}.xml:"},
    {"42/2/7C2F80AABBCC.xml", "7c2f80aabbcc gigaset:42/2/{mac}.xml:"},
    {"42//2/7C2F80AABBCC.xml", ""},
    {"7C2F80AABBCC.xml/", ""},
    {"/7C2F80AABBCC.xml", ""},
    {"cfg000b82aabbcc", "000b82aabbcc grandstream:cfg{mac}:"},
    {"cfg000b82aabbcc.xml", "000b82aabbcc grandstream:cfg{mac}.xml:"},
    {"cfg000b82aabbcc.bin", "000b82aabbcc grandstream:cfg{mac}.bin:"},
    {"cfgGRP2614.xml", "- grandstream:cfg{model}.xml:GRP2614"},
    {"cfggrp2614.xml", "- grandstream:cfg{model}.xml:GRP2614"},
    {"cfgGRP2615.xml", ""},
    {"cfg.xml", "- grandstream:cfg.xml:"},
    {"0004f2aabbcc-registration.cfg",
     "0004f2aabbcc poly:{mac}-registration.cfg: poly:{mac}-{any}.cfg:"},
    {"0004f2aabbcc-web.cfg", "0004f2aabbcc poly:{mac}-{any}.cfg:"},
    {"0004f2aabbcc-.cfg", ""},
    {"0004f2aabbcc-a/b.cfg", ""},
    {"00-04-f2-aa-bb-cc-web.cfg", "0004f2aabbcc poly:{mac}-{any}.cfg:"},
    {"0004f2aabbcc-app.log", "0004f2aabbcc poly:{mac}-{any}.log:"},
    {"3111-48450-001.sip.ld", "- poly:{any}.ld:"},
    {".ld", ""},
    {"snomD785-000413AABBCC.htm", "000413aabbcc snom:snom{model}-{mac}.htm:D785"},
    {"snomd717-00-04-13-aa-bb-cc.htm", "000413aabbcc snom:snom{model}-{mac}.htm:D717"},
    {"snomD999-000413AABBCC.htm", "000413aabbcc snom:snom{model}-{mac}.htm:"},
    {"snom-000413AABBCC.htm", ""},
    {"snomD785.htm", "- snom:snom{model}.htm:D785"},
    {"-000413AABBCC", "000413aabbcc snom:-{mac}:"},
    {"000413aabbcc_firmware.xml", "000413aabbcc snom:{mac}_firmware.xml:"},
    {"Cisco/CP-8841-3PCC/00562b043615.cfg",
     "00562b043615 cisco:Cisco/CP-{model}-3PCC/{mac}.cfg:8841"},
    {"Cisco/CP-8841/x-3PCC/00562b043615.cfg", ""},
    {"8841-3PCC.xml", "- cisco:{model}-3PCC.xml:8841"},
    {"SEP00562B043615.cnf.xml", "00562b043615 cisco:SEP{mac}.cnf.xml:"},
    {"y000000000096.cfg", "- yealink:y0000000000{code}.cfg:T54W"},
    {"y000000000095.cfg", "- yealink:y0000000000{code}.cfg:"}, /* two models */
    {"y000000000097.cfg", ""},
    {"Y000000000000.boot", "- yealink:y000000000000.boot:"},
    {"x54.rom", "- yealink:{any}.rom:"},
    {"favicon.ico", ""},
    {"", ""},
};

static void test_names_fit_the_rows_that_their_patterns_say(void **state)
{
    struct catalogue *catalogue = load_vendors(state);
    char got[1024];

    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        describe(catalogue, CASES[i].name, strlen(CASES[i].name), got, sizeof(got));
        if (strcmp(got, CASES[i].expected) != 0)
            fail_msg("%s: got '%s', expected '%s'", CASES[i].name, got, CASES[i].expected);
    }
    catalogue_free(catalogue);
}

static void test_bytes_of_any_kind_fit_nothing(void **state)
{
    struct catalogue *catalogue = load_vendors(state);
    struct catalogue_match match;
    char name[AP_CATALOGUE_NAME_MAX_BYTES + 1];

    assert_false(catalogue_match(catalogue, "001565aabbcc.cfg\0", 17, &match));
    assert_false(catalogue_match(catalogue, "cfg\x01.xml", 8, &match));
    assert_false(catalogue_match(catalogue, "\x01.cfg", 5, &match));
    assert_false(catalogue_match(catalogue, "\xc3\xa4.ld", 5, &match));
    memset(name, 'a', sizeof(name));
    assert_false(catalogue_match(catalogue, name, sizeof(name), &match));
    assert_false(catalogue_match(catalogue, name, sizeof(name) - 1, &match));
    catalogue_free(catalogue);
}

static void test_wilds_have_their_longest(void **state)
{
    char name[128];
    struct catalogue_match match;
    struct catalogue *catalogue = load_vendors(state);

    for (size_t len = 63; len < 67; len++) {
        memset(name, 'x', len);
        memcpy(name + len, ".ld", 3);
        assert_int_equal(catalogue_match(catalogue, name, len + 3, &match), len <= 64);
    }
    for (size_t len = 31; len < 35; len++) {
        memcpy(name, "snom", 4);
        memset(name + 4, 'x', len);
        memcpy(name + 4 + len, "-000413aabbcc.htm", 17);
        assert_int_equal(catalogue_match(catalogue, name, 4 + len + 17, &match), len <= 32);
    }
    catalogue_free(catalogue);
}

static void test_all_claims_tell_one_mac(void **state)
{
    struct catalogue_match match;

    catalogue_fixture_vendor(*state, "shipped/a.json", "", CONFIG("{any}{mac}"), "");
    catalogue_fixture_vendor(*state, "shipped/b.json", "", CONFIG("{mac}ee"), "");
    catalogue_fixture_vendor(*state, "shipped/c.json", "", CONFIG("c{mac}") "," PROBE("{any}e"),
                             "");
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    /* a would read 00:11:22:33:44:ee. */
    assert_true(catalogue_match(catalogue, "ac0011223344ee", 14, &match));
    assert_true(match.has_mac);
    assert_memory_equal(match.mac, "\xac\x00\x11\x22\x33\x44", AP_MAC_LEN);
    assert_int_equal(match.count, 2);
    assert_string_equal(match.claims[0].vendor->name, "b");
    /* Beside it stands one without a MAC. */
    assert_string_equal(match.claims[1].file->name, "{any}e");
    catalogue_free(catalogue);
}

static const char *own_file(const struct catalogue *catalogue, const char *name, const char *vendor,
                            const char *model)
{
    struct catalogue_match match;

    if (!catalogue_match(catalogue, name, strlen(name), &match))
        return "(nobody's)";
    const struct catalogue_file *file = catalogue_match_of(&match, vendor, model);
    return file ? file->template_name ? file->template_name : "(never served)" : "(not its own)";
}

static void test_row_of_a_phone_is_that_of_its_vendor_and_model(void **state)
{
    static const struct {
        const char *name, *vendor, *model, *expected;
    } ROWS[] = {
        {"7c2f80aabbcc.xml", "gigaset", "N510", "old.xml"},
        {"7c2f80aabbcc.xml", "gigaset", "n510", "old.xml"},
        {"7c2f80aabbcc.xml", "gigaset", "N870", "new.xml"},
        {"7c2f80aabbcc.xml", "gigaset", "", "new.xml"},
        {"7c2f80aabbcc.xml", "gigaset", "N999", "new.xml"},
        {"7c2f80aabbcc.xml", "yealink", "", "(not its own)"},
        {"7c2f80aabbcc.xml", "", "", "(not its own)"},
        {"7c2f80aabbcc-2.xml", "gigaset", "N510", "(not its own)"},
        {"7c2f80aabbcc-2.xml", "gigaset", "N870", "second.xml"},
        {"7c2f80aabbcc-2.xml", "gigaset", "", "(not its own)"},
        {"7c2f80aabbcc.log", "gigaset", "N510", "(never served)"},
        {"x.xml", "gigaset", "N510", "(nobody's)"},
    };

    catalogue_fixture_vendor(
        *state, "shipped/gigaset.json", MODEL("N510") "," MODEL("N870"),
        "{\"name\": \"{mac}.xml\", \"role\": \"config\", \"template\": \"new.xml\"},"
        "{\"name\": \"{mac}.xml\", \"role\": \"config\", \"template\": \"old.xml\","
        " \"models\": [\"n510\"]},"
        "{\"name\": \"{mac}-2.xml\", \"role\": \"config\", \"template\": \"second.xml\","
        " \"models\": [\"N870\"]}," UPLOAD("{mac}.log"),
        "");
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const char *got = own_file(catalogue, ROWS[i].name, ROWS[i].vendor, ROWS[i].model);
        if (strcmp(got, ROWS[i].expected) != 0)
            fail_msg("%s of %s: got %s, expected %s", ROWS[i].name, ROWS[i].model, got,
                     ROWS[i].expected);
    }
    catalogue_free(catalogue);
}

#define ROW(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, catalogue_fixture_setup, catalogue_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_names_fit_the_rows_that_their_patterns_say),
        ROW(test_bytes_of_any_kind_fit_nothing),
        ROW(test_wilds_have_their_longest),
        ROW(test_all_claims_tell_one_mac),
        ROW(test_row_of_a_phone_is_that_of_its_vendor_and_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
