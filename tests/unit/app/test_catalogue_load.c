/* Folders of vendor files, and what is asked of the catalogue that they become. */
#include "catalogue_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/alloc_fault.h"

#define FILES      "{\"name\": \"{mac}.xml\", \"role\": \"config\", \"template\": \"t.xml\"}"
#define MODEL(of)  "{\"model\": \"" of "\", \"lines\": 2, \"keys\": 3}"
#define OUIS(list) "\"ouis\": [" list "], "

static int load(const struct catalogue_fixture *fixture, struct catalogue **ret_catalogue,
                struct ap_error *error)
{
    return catalogue_load(fixture->shipped, fixture->custom, ret_catalogue, error);
}

static const char EVERYTHING[] =
    "{\"title\": \"Acm\xc3\xa9\", \"about\": \"x\\ny\", \"ouis\": [\"0a0B0c\"], "
    "\"mac_case\": \"upper\","
    "\"content_type\": \"text/plain\", \"charset\": \"iso-8859-1\", \"line_ends\": \"crlf\","
    "\"escape\": \"text\", \"forbid\": \"\", \"forbid_in_keys\": \";|\","
    "\"forbid_in_passwords\": \"&%'=\", \"comment\": \"#\", \"reserved\": [\"%NULL%\", \"-\"],"
    "\"trims\": true, \"max_value_bytes\": 500, \"lines\": 0, \"keys\": 7,"
    "\"url\": \"{{provisioning_base_url}}{mac}\", \"user_agent\": \"Acme {any} {mac}\","
    "\"resync_event\": \"check-sync\", \"reboot_event\": \"check-sync;reboot=true\","
    "\"pnp_vendor\": \"Acme\", \"pnp_form\": \"external\", \"pnp_url\": \"{{provisioning_url}}\","
    "\"certificate_cn\": \"A-{mac_upper}.x\","
    "\"flat_only\": true,"
    "\"codes\": {\"transport\": {\"tcp\": \"1\", \"udp\": \"0\"}, \"codec\": {\"PCMU\": \"0\"},"
    "\"key_type\": {\"blf\": \"16\"}, \"srtp\": {}, \"language\": {\"pt-BR\": \"pt\"},"
    "\"time_zone\": {\"Europe/Berlin\": \"GER+1\"}},"
    "\"models\": [{\"keys\": 4, \"lines\": 3, \"model\": \"A@1\", \"code\": \"11\","
    " \"template\": \"a1.cfg\", \"bootstrap\": \"b1.cfg\"}],"
    "\"files\": [{\"name\": \"{mac}.cfg\", \"role\": \"config\", \"template\": \"a.cfg\","
    " \"bootstrap\": \"b.cfg\"},"
    "{\"name\": \"all.xml\", \"role\": \"common\", \"template\": \"all.xml\", \"flat\": true,"
    " \"models\": [\"a@1\"], \"content_type\": \"text/xml\", \"escape\": \"xml\","
    " \"charset\": \"utf-8\", \"line_ends\": \"lf\"}]}";

static void test_every_member_arrives(void **state)
{
    catalogue_fixture_write(*state, "shipped/acme-2.json", EVERYTHING);
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    const struct catalogue_vendor *vendor = catalogue_vendor(catalogue, "acme-2");
    assert_non_null(vendor);
    assert_string_equal(vendor->name, "acme-2");
    assert_string_equal(vendor->title, "Acm\xc3\xa9");
    assert_int_equal(vendor->mac_form, MAC_FORM_UPPER);
    assert_int_equal(vendor->lines, 0);
    assert_int_equal(vendor->keys, 7);
    assert_string_equal(vendor->url, "{{provisioning_base_url}}{mac}");
    assert_string_equal(vendor->user_agent, "Acme {any} {mac}");
    assert_string_equal(vendor->resync_event, "check-sync");
    assert_string_equal(vendor->reboot_event, "check-sync;reboot=true");
    assert_string_equal(vendor->pnp_vendor, "Acme");
    assert_int_equal(vendor->pnp_form, SIP_PNP_EXTERNAL);
    assert_string_equal(vendor->pnp_url, "{{provisioning_url}}");
    assert_string_equal(vendor->certificate_cn, "A-{mac_upper}.x");
    assert_true(vendor->flat_only);

    const struct dialect *dialect = &vendor->dialect;
    assert_int_equal(dialect->escape, DIALECT_ESCAPE_TEXT);
    assert_int_equal(dialect->charset, DIALECT_LATIN1);
    assert_true(dialect->crlf && dialect->trims);
    assert_null(dialect->forbid);
    assert_string_equal(dialect->forbid_in_keys, ";|");
    assert_string_equal(dialect->forbid_in_passwords, "&%'=");
    assert_int_equal(dialect->comment, '#');
    assert_int_equal(dialect->reserved_count, 2);
    assert_string_equal(dialect->reserved[1], "-");
    assert_int_equal(dialect->max_value_bytes, 500);

    assert_int_equal(vendor->model_count, 1);
    assert_ptr_equal(catalogue_model(vendor, "a@1"), vendor->models);
    assert_string_equal(vendor->models[0].name, "A@1");
    assert_string_equal(vendor->models[0].code, "11");
    assert_string_equal(vendor->models[0].template_name, "a1.cfg");
    assert_string_equal(vendor->models[0].bootstrap_name, "b1.cfg");
    assert_int_equal(vendor->models[0].lines, 3);
    assert_int_equal(vendor->models[0].keys, 4);
    catalogue_free(catalogue);
}

static void test_codes_and_rows_arrive(void **state)
{
    catalogue_fixture_write(*state, "shipped/acme-2.json", EVERYTHING);
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    const struct catalogue_vendor *vendor = catalogue_vendor(catalogue, "acme-2");
    const struct dialect *dialect = &vendor->dialect;
    assert_int_equal(vendor->codes[CATALOGUE_TRANSPORT].count, 2);
    assert_string_equal(vendor->codes[CATALOGUE_TRANSPORT].rows[0].word, "tcp");
    assert_string_equal(catalogue_code(vendor, CATALOGUE_TRANSPORT, "udp"), "0");
    assert_null(catalogue_code(vendor, CATALOGUE_TRANSPORT, "UDP"));
    assert_null(catalogue_code(vendor, CATALOGUE_TRANSPORT, "tls"));
    assert_string_equal(catalogue_code(vendor, CATALOGUE_CODEC, "pcmu"), "0");
    assert_string_equal(catalogue_code(vendor, CATALOGUE_LANGUAGE, "PT-br"), "pt");
    assert_null(catalogue_code(vendor, CATALOGUE_LANGUAGE, "pt"));
    assert_null(catalogue_code(vendor, CATALOGUE_SRTP, "off"));
    assert_string_equal(catalogue_code(vendor, CATALOGUE_TIME_ZONE, "Europe/Berlin"), "GER+1");

    const struct catalogue_file *file = &vendor->files[1];
    assert_int_equal(vendor->file_count, 2);
    assert_ptr_equal(vendor->files[0].dialect, dialect);
    assert_string_equal(vendor->files[0].content_type, "text/plain");
    assert_false(vendor->files[0].flat);
    assert_int_equal(file->role, CATALOGUE_COMMON);
    assert_string_equal(file->name, "all.xml");
    assert_string_equal(file->content_type, "text/xml");
    assert_true(file->flat);
    assert_int_equal(file->model_count, 1);
    assert_ptr_equal(file->models[0], vendor->models[0].name);
    assert_int_equal(file->dialect->escape, DIALECT_ESCAPE_XML);
    assert_int_equal(file->dialect->charset, DIALECT_UTF8);
    assert_false(file->dialect->crlf);
    assert_int_equal(file->dialect->comment, '#');
    catalogue_free(catalogue);
}

static void test_admins_file_goes_before_the_shipped_one_of_its_name(void **state)
{
    catalogue_fixture_vendor(*state, "shipped/b.json", MODEL("old"), FILES, "");
    catalogue_fixture_vendor(*state, "shipped/a.json", "", FILES, "");
    catalogue_fixture_vendor(*state, "custom/b.json", MODEL("new"), FILES, "");
    catalogue_fixture_vendor(*state, "custom/a-c.json", "", FILES, "");
    catalogue_fixture_write(*state, "shipped/time_zones.json", "{\"UTC\": \"UTC0\"}");
    catalogue_fixture_write(*state, "custom/time_zones.json",
                            "{\"Z/B\": \"B2\", \"Z/A\": \"AAA1\", \"Z/B-C\": \"CCC3\"}");
    struct ap_error error = {{0}};
    struct catalogue *catalogue = NULL;
    assert_int_equal(load(*state, &catalogue, &error), AP_EINVAL); /* "B2" */
    catalogue_fixture_write(*state, "custom/time_zones.json",
                            "{\"Z/B\": \"BBB2\", \"Z/A\": \"AAA1\", \"Z/B-C\": \"CCC3\"}");

    catalogue = catalogue_fixture_load(*state);
    static const char *const NAMES[] = {"a", "a-c", "b"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(catalogue_vendor_at(catalogue, i)->name, NAMES[i]);
        assert_ptr_equal(catalogue_vendor(catalogue, NAMES[i]), catalogue_vendor_at(catalogue, i));
    }
    assert_null(catalogue_vendor_at(catalogue, 3));
    assert_null(catalogue_vendor(catalogue, ""));
    assert_null(catalogue_vendor(catalogue, "B"));
    assert_null(catalogue_vendor(catalogue, "time_zones"));
    assert_string_equal(catalogue_vendor(catalogue, "b")->models[0].name, "new");
    assert_string_equal(catalogue_time_zone_at(catalogue, 0), "Z/A");
    assert_string_equal(catalogue_time_zone_at(catalogue, 1), "Z/B");
    assert_string_equal(catalogue_time_zone(catalogue, "Z/B-C"), "CCC3");
    assert_null(catalogue_time_zone_at(catalogue, 3));
    assert_null(catalogue_time_zone(catalogue, "UTC"));
    catalogue_free(catalogue);
}

static void test_hints_are_given_by_a_single_vendor_only(void **state)
{
    static const uint8_t MACS[][AP_MAC_LEN] = {
        {0x00, 0x15, 0x65}, {0x00, 0x04, 0x13}, {0xfc, 0xff, 0xff}, {0x00, 0x00, 0x00}};

    catalogue_fixture_vendor(*state, "shipped/a.json", MODEL("X1") "," MODEL("x2"), FILES,
                             OUIS("\"001565\", \"fCfffF\""));
    catalogue_fixture_vendor(*state, "shipped/b.json", MODEL("X2") "," MODEL("X3"), FILES,
                             OUIS("\"000413\", \"001565\""));
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    assert_null(catalogue_vendor_of_mac(catalogue, MACS[0]));
    assert_string_equal(catalogue_vendor_of_mac(catalogue, MACS[1])->name, "b");
    assert_string_equal(catalogue_vendor_of_mac(catalogue, MACS[2])->name, "a");
    assert_null(catalogue_vendor_of_mac(catalogue, MACS[3]));
    assert_string_equal(catalogue_vendor_of_model(catalogue, "x1")->name, "a");
    assert_null(catalogue_vendor_of_model(catalogue, "x2"));
    assert_string_equal(catalogue_vendor_of_model(catalogue, "x3")->name, "b");
    assert_null(catalogue_vendor_of_model(catalogue, "x4"));
    assert_null(catalogue_vendor_of_model(catalogue, ""));
    catalogue_free(catalogue);
}

static void test_roles_have_names(void **state)
{
    (void)state;
    assert_string_equal(catalogue_role_name(CATALOGUE_CONFIG), "config");
    assert_string_equal(catalogue_role_name(CATALOGUE_UPLOAD), "upload");
    assert_non_null(catalogue_role_name(CATALOGUE_ROLE_COUNT));
}

static void test_only_json_files_are_read(void **state)
{
    catalogue_fixture_vendor(*state, "shipped/a.json", "", FILES, "");
    catalogue_fixture_write(*state, "shipped/.hidden.json", "broken");
    catalogue_fixture_write(*state, "shipped/.json", "broken");
    catalogue_fixture_write(*state, "shipped/README.md", "broken");
    catalogue_fixture_write(*state, "shipped/a.json~", "broken");
    struct catalogue *catalogue = catalogue_fixture_load(*state);
    assert_null(catalogue_vendor_at(catalogue, 1));
    catalogue_free(catalogue);
}

static void test_file_of_another_name_is_refused(void **state)
{
    struct catalogue_fixture *fixture = *state;
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};

    catalogue_fixture_vendor(fixture, "shipped/Acme.json", "", FILES, "");
    assert_int_equal(load(fixture, &catalogue, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "/Acme.json:1:1: a vendor's file is named by"));
    assert_null(catalogue);
}

static void test_admins_folder_may_be_absent_the_shipped_one_not(void **state)
{
    struct catalogue_fixture *fixture = *state;
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};

    assert_int_equal(load(fixture, &catalogue, &error), AP_ENOENT);
    assert_non_null(strstr(error.text, "no vendor file"));
    catalogue_fixture_vendor(fixture, "shipped/a.json", "", FILES, "");
    assert_int_equal(load(fixture, &catalogue, &error), 0);
    catalogue_free(catalogue);
    catalogue = NULL;
    assert_int_equal(catalogue_load(fixture->shipped, NULL, &catalogue, &error), 0);
    catalogue_free(catalogue);
    catalogue = NULL;
    assert_int_equal(catalogue_load(fixture->custom, fixture->shipped, &catalogue, &error),
                     AP_ENOENT);
    assert_non_null(strstr(error.text, fixture->custom));
    assert_int_equal(catalogue_load("/dev/null", NULL, &catalogue, NULL), AP_ENOENT);
    assert_null(catalogue);
}

static void test_more_than_the_limits_is_refused(void **state)
{
    struct catalogue_fixture *fixture = *state;
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};
    char *text = malloc(AP_CATALOGUE_FILE_MAX_BYTES + 2);
    char name[64];

    assert_non_null(text);
    memset(text, ' ', AP_CATALOGUE_FILE_MAX_BYTES + 1);
    text[AP_CATALOGUE_FILE_MAX_BYTES + 1] = '\0';
    catalogue_fixture_write(fixture, "shipped/a.json", text);
    assert_int_equal(load(fixture, &catalogue, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "a.json"));
    free(text);

    char ouis[(AP_CATALOGUE_RESERVED_MAX + 1) * 4 + 32] = "\"reserved\": [\"a\"";
    for (size_t i = 0; i < AP_CATALOGUE_RESERVED_MAX; i++)
        memcpy(ouis + strlen(ouis), ",\"a\"", 5);
    memcpy(ouis + strlen(ouis), "], ", 4);
    catalogue_fixture_vendor(fixture, "shipped/a.json", "", FILES, ouis);
    assert_int_equal(load(fixture, &catalogue, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "a.json:2:30: 'reserved' must be of at most 32 entries"));

    /* A name that more rows claim than a match can hold. */
    for (size_t i = 0; i <= CATALOGUE_CLAIMS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "shipped/a%03zu.json", i);
        catalogue_fixture_vendor(fixture, i == 0 ? "shipped/a.json" : name, "", FILES, "");
        assert_int_equal(load(fixture, &catalogue, &error),
                         i < CATALOGUE_CLAIMS_MAX ? 0 : AP_ERANGE);
        if (i < CATALOGUE_CLAIMS_MAX)
            catalogue_free(catalogue);
    }
    assert_non_null(strstr(error.text, "a064.json:6:20: the name '{mac}.xml' has more than 64"));
}

static void test_more_vendors_than_the_limit_are_refused(void **state)
{
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};
    char name[64], file[128];

    for (size_t i = 0; i <= AP_CATALOGUE_VENDORS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "shipped/v%03zu.json", i);
        (void)snprintf(file, sizeof(file),
                       "{\"name\": \"%zu{mac}\", \"role\": \"config\", \"template\": \"t.xml\"}",
                       i);
        catalogue_fixture_vendor(*state, name, "", file, "");
    }
    assert_int_equal(load(*state, &catalogue, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "v128.json:1:1: more than 128 vendors"));
}

static int load_and_free(void *data)
{
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};
    int err = load(data, &catalogue, &error);

    if (err) {
        assert_int_equal(err, AP_ENOMEM);
        assert_null(catalogue);
        assert_true(error.text[0]);
    }
    catalogue_free(catalogue);
    return err;
}

static void test_failed_allocation_gives_no_catalogue(void **state)
{
    char models[8192] = "";
    size_t used = 0;

    /* Enough for a second block of memory and a longer list of rules. */
    for (unsigned i = 0; i < 130; i++)
        used += (size_t)snprintf(models + used, sizeof(models) - used, "%s" MODEL("M%u"),
                                 i ? "," : "", i);
    catalogue_fixture_vendor(*state, "shipped/a.json", models,
                             FILES ", {\"name\": \"{model}.xml\", \"role\": \"probe\"},"
                                   "{\"name\": \"{model}.cfg\", \"role\": \"probe\", "
                                   "\"escape\": \"text\", \"models\": [\"M1\", \"M2\"]}",
                             OUIS("\"001565\"") "\"reserved\": [\"x\"], ");
    catalogue_fixture_vendor(*state, "custom/b.json", MODEL("X"), FILES, OUIS("\"000413\""));
    catalogue_fixture_write(*state, "custom/time_zones.json", "{\"UTC\": \"UTC0\"}");
    assert_true(alloc_fault_run(load_and_free, *state) > 20);
    catalogue_free(NULL);
}

#define ROW(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, catalogue_fixture_setup, catalogue_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_every_member_arrives),
        ROW(test_codes_and_rows_arrive),
        ROW(test_admins_file_goes_before_the_shipped_one_of_its_name),
        ROW(test_hints_are_given_by_a_single_vendor_only),
        ROW(test_roles_have_names),
        ROW(test_only_json_files_are_read),
        ROW(test_file_of_another_name_is_refused),
        ROW(test_admins_folder_may_be_absent_the_shipped_one_not),
        ROW(test_more_than_the_limits_is_refused),
        ROW(test_more_vendors_than_the_limit_are_refused),
        ROW(test_failed_allocation_gives_no_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
