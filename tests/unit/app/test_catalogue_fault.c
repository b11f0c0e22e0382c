/* What a vendor file must not say, and where the message points. */
#include "catalogue_fixture.h"

#include "autoprov/array.h"

static const char BASE[] =
    "{\n"
    "  \"title\": \"Test\",\n"
    "  \"mac_case\": \"lower\",\n"
    "  \"content_type\": \"text/xml\",\n"
    "  \"escape\": \"xml\",\n"
    "  \"lines\": 2, \"keys\": 10,\n"
    "  \"url\": \"{{provisioning_base_url}}\",\n"
    "  \"codes\": {\n"
    "    \"transport\": {\"udp\": \"0\", \"tcp\": \"1\"},\n"
    "    \"codec\": {\"PCMU\": \"0\"},\n"
    "    \"key_type\": {\"none\": \"0\"},\n"
    "    \"srtp\": {\"off\": \"0\"}\n"
    "  },\n"
    "  \"models\": [\n"
    "    {\"model\": \"A1\", \"code\": \"11\", \"lines\": 1, \"keys\": 2},\n"
    "    {\"model\": \"B@2\", \"lines\": 2, \"keys\": 0}\n"
    "  ],\n"
    "  \"files\": [\n"
    "    {\"name\": \"{mac}.cfg\", \"role\": \"config\", \"template\": \"a.cfg\"},\n"
    "    {\"name\": \"{mac}.boot\", \"role\": \"probe\"}\n"
    "  ]\n"
    "}\n";

/* BASE with the first find replaced. */
static const struct fault_case {
    const char *find, *replace;
    int code;
    const char *expected; /* behind "FILE:" */
} CASES[] = {
    /* JSON itself */
    {"\"title\": \"Test\",", "\"title\": \"Test\"", AP_ESYNTAX, "3:12: '}' expected near"},
    {"\n}\n", "\n}\nx", AP_ESYNTAX, "23:1: end of file expected near 'x'"},
    {"Test", "\\u0000", AP_ESYNTAX, "2:"},
    {"Test", "\xff", AP_ESYNTAX, "2:"},
    {"\"keys\": 10", "\"keys\": 01", AP_ESYNTAX, "6:"},
    {"\"keys\": 10", "\"lines\": 2", AP_EINVAL, "6:15: this member is there already"},
    {"\"tcp\": \"1\"", "\"u\\u0064p\": \"1\"", AP_EINVAL, "9:31: this member is there already"},
    /* members: unknown, missing, of a wrong type */
    {"\"title\"", "\"titel\"", AP_EINVAL, "2:3: unknown member 'titel'"},
    {"\"title\": \"Test\",\n", "\"title\": \"\xc3\xa4\xe2\x82\xac\", \"x\": 1,\n", AP_EINVAL,
     "2:18: unknown member 'x'"},
    {"\"title\": \"Test\",\n", "\"title\": \"\\\"\\\\\", \"x\\u0079\": 1,\n", AP_EINVAL,
     "2:20: unknown member 'xy'"},
    {"\"title\": \"Test\",\n", "\"title\": \"Test\",\r\n\t \"a\\nb\": 1,\n", AP_EINVAL,
     "3:3: unknown member 'a b'"},
    {"\"title\": \"Test\",\n", "\"title\" \n\t:\r\n  \t 7 ,\n", AP_EINVAL,
     "4:5: 'title' must be a text in quotes"},
    {"  \"title\": \"Test\",\n", "", AP_EINVAL, "1:1: member 'title' is missing"},
    {"{\n", "\n\n  {\n", AP_EINVAL, NULL},
    {"\"title\": \"Test\"", "\"title\": \"\"", AP_EINVAL, "2:12: 'title' must be"},
    {"\"title\": \"Test\"", "\"title\": \"a\\tb\"", AP_EINVAL, "2:12: 'title' must be"},
    {"\"title\": \"Test\"", "\"title\": null", AP_EINVAL, "2:12: 'title' must be"},
    {"\"lower\"", "\"Lower\"", AP_EINVAL, "3:15: 'mac_case' must be one of \"lower\" \"upper\""},
    {"\"lower\"", "0", AP_EINVAL, "3:15: 'mac_case' must be one of"},
    {"text/xml", "text", AP_EINVAL, "4:19: 'content_type' must be a media type"},
    {"text/xml", "text/xml\\r\\nX: y", AP_EINVAL, "4:19: 'content_type' must be a media type"},
    {"\"xml\"", "\"none\"", AP_EINVAL, "5:13: 'escape' must be one of"},
    {"\"lines\": 2", "\"lines\": 65", AP_EINVAL, "6:12: 'lines' must be a number from 0 to 64"},
    {"\"lines\": 2", "\"lines\": -1", AP_EINVAL, "6:12: 'lines' must be a number"},
    {"\"lines\": 2", "\"lines\": 2.0", AP_EINVAL, "6:12: 'lines' must be a number"},
    {"\"keys\": 10", "\"keys\": \"10\"", AP_EINVAL, "6:23: 'keys' must be a number from 0 to 512"},
    {"\"keys\": 10", "\"keys\": 10, \"trims\": 1", AP_EINVAL,
     "6:36: 'trims' must be true or false"},
    {"\"keys\": 10", "\"keys\": 10, \"comment\": \"a\"", AP_EINVAL, "6:38: 'comment' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"comment\": \"//\"", AP_EINVAL, "6:38: 'comment' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"forbid\": \"\xc3\xa4\"", AP_EINVAL, "6:37: 'forbid' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"charset\": \"latin1\"", AP_EINVAL, "6:38: 'charset' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"max_value_bytes\": 0", AP_EINVAL, "6:46: 'max_value_bytes'"},
    {"\"keys\": 10", "\"keys\": 10, \"reserved\": {}", AP_EINVAL,
     "6:39: 'reserved' must be a list: [ … ]"},
    {"\"keys\": 10", "\"keys\": 10, \"reserved\": [\"a\", \"\"]", AP_EINVAL,
     "6:45: item 2 of 'reserved' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"ouis\": [\"001565\", \"00156x\"]", AP_EINVAL,
     "6:46: item 2 of 'ouis' must be hex digits"},
    {"\"keys\": 10", "\"keys\": 10, \"ouis\": [\"00156f\", \"00156F\"]", AP_EINVAL,
     "6:46: '00156F' is there already"},
    {"\"keys\": 10", "\"keys\": 10, \"ouis\": [1]", AP_EINVAL, "6:36: item 1 of 'ouis' must be"},
    {"\"keys\": 10", "\"keys\": 10, \"user_agent\": \"Acme\"", AP_EINVAL,
     "6:41: 'user_agent' must"},
    {"\"keys\": 10", "\"keys\": 10, \"user_agent\": \"{mac}{mac}\"", AP_EINVAL, "6:41: 'user_a"},
    {"\"keys\": 10", "\"keys\": 10, \"user_agent\": \"{mac}{code}\"", AP_EINVAL, "6:41: 'user_a"},
    {"\"keys\": 10", "\"keys\": 10, \"user_agent\": \"{mac} {MAC}\"", AP_EINVAL, "6:41: 'user_a"},
    {"\"keys\": 10", "\"keys\": 10, \"pnp_form\": \"turned\"", AP_EINVAL,
     "6:39: 'pnp_form' must be one of"},
    {"\"keys\": 10", "\"keys\": 10, \"resync_event\": \"x\\r\\ny\"", AP_EINVAL, "6:43: 'resync_ev"},
    {"\"keys\": 10", "\"keys\": 10, \"certificate_cn\": \"CN={mac\"", AP_EINVAL, "6:45: 'certifi"},
    /* codes */
    {"\"codes\": {", "\"codes\": [], \"about\": {", AP_EINVAL, "8:25: 'about' must be a text"},
    {"    \"srtp\": {\"off\": \"0\"}\n", "    \"language\": {}\n", AP_EINVAL,
     "8:12: member 'srtp' is missing"},
    {"\"udp\"", "\"sctp\"", AP_EINVAL, "9:19: 'sctp' is no word of 'transport'"},
    {"\"PCMU\": \"0\"", "\"PCMU\": \"0\", \"pcmu\": \"0\"", AP_EINVAL,
     "10:28: 'pcmu' is there already"},
    {"\"PCMU\": \"0\"", "\"PC MU\": \"0\"", AP_EINVAL, "10:15: 'PC MU' is no word of 'codec'"},
    {"\"PCMU\": \"0\"", "\"PCMU\": 0", AP_EINVAL, "10:23: 'PCMU' must be a text in quotes"},
    {"\"none\"", "\"None\"", AP_EINVAL, "11:18: 'None' is no word of 'key_type'"},
    {"\"off\"", "\"on\"", AP_EINVAL, "12:14: 'on' is no word of 'srtp'"},
    /* models */
    {"\"model\": \"B@2\", ", "", AP_EINVAL, "16:5: member 'model' is missing"},
    {"\"model\": \"B@2\"", "\"model\": \"a1\"", AP_EINVAL, "16:15: model 'a1' is there already"},
    {"\"model\": \"B@2\"", "\"model\": \"B@2\", \"code\": \"a/b\"", AP_EINVAL,
     "16:30: 'code' must be"},
    {"{\"model\": \"B@2\", \"lines\": 2", "{\"model\": \"B@2\", \"lines\": 0", AP_EINVAL,
     "16:31: 'lines' must be a number from 1 to 64"},
    {"{\"model\": \"B@2\", \"lines\": 2, \"keys\": 0}", "3", AP_EINVAL,
     "16:5: item 2 of 'models' must be an object: { … }"},
    {"\"model\": \"B@2\"", "\"model\": \"B@2\", \"template\": \"../a.cfg\"", AP_EINVAL,
     "16:34: 'template' must be a file name"},
    /* rows */
    {"{\"name\": \"{mac}.boot\"", "{\"nam\": \"{mac}.boot\"", AP_EINVAL,
     "20:6: unknown member 'nam'"},
    {"\"role\": \"probe\"", "\"role\": \"boot\"", AP_EINVAL, "20:36: 'role' must be one of"},
    {"\"role\": \"probe\"", "\"role\": \"probe\", \"template\": \"a.cfg\"", AP_EINVAL,
     "20:57: a file of role probe is never served"},
    {"\"role\": \"config\", \"template\": \"a.cfg\"", "\"role\": \"config\"", AP_EINVAL,
     "19:35: a file of role config needs a 'template'"},
    {"\"template\": \"a.cfg\"", "\"template\": \"a\"", AP_EINVAL, "19:57: 'template' must be"},
    {"\"template\": \"a.cfg\"", "\"template\": \"a.cfg\", \"flat\": true", AP_EINVAL,
     "19:74: 'flat' is for files of role common"},
    {"{mac}.cfg", "a.cfg", AP_EINVAL,
     "19:14: the name of a served file of role config needs {mac}"},
    {"{mac}.boot\", \"role\": \"probe\"",
     "{any}.x\", \"role\": \"common\", \"template\": \"a.cfg\"", AP_EINVAL,
     "20:14: a served file may hold {any} only beside {mac}"},
    {"{mac}.boot", "", AP_EINVAL, "20:14: 'name' must be a pattern"},
    {"{mac}.boot", "/{mac}.boot", AP_EINVAL, "20:14: the pattern is no path"},
    {"{mac}.boot", "a/../{mac}.boot", AP_EINVAL, "20:14: the pattern is no path"},
    {"{mac}.boot", "a//{mac}.boot", AP_EINVAL, "20:14: the pattern is no path"},
    {"{mac}.boot", "{mac}{mac}", AP_EINVAL, "20:14: the pattern holds {mac} twice"},
    {"{mac}.boot", "{any}{code}", AP_EINVAL, "20:14: the pattern holds more than one of"},
    {"{mac}.boot", "{MAC}.boot", AP_EINVAL, "20:14: the pattern holds a brace"},
    {"{mac}.boot", "a}.boot", AP_EINVAL, "20:14: the pattern holds a brace"},
    {"{mac}.boot", "a b", AP_EINVAL, "20:14: the pattern holds a character"},
    {"{mac}.boot", "\xc3\xa4", AP_EINVAL, "20:14: the pattern holds a character"},
    {"{mac}.boot", "a\\u0001b", AP_EINVAL, "20:14: the pattern holds a character"},
    {"{mac}.boot", "{model}.boot", AP_EINVAL, "20:14: {model} cannot stand for 'B@2'"},
    {"{mac}.boot\"", "{code}.boot\", \"models\": [\"B@2\"]", AP_EINVAL,
     "20:14: no model is there for {code} to stand for"},
    {"{mac}.boot\"", "{mac}.boot\", \"models\": []", AP_EINVAL, "20:38: 'models' is empty"},
    {"{mac}.boot\"", "{mac}.boot\", \"models\": [\"A1\", \"C3\"]", AP_EINVAL,
     "20:45: 'C3' is none of the vendor's \"models\""},
    {"{mac}.boot\"", "{mac}.boot\", \"models\": [\"A1\", \"a1\"]", AP_EINVAL,
     "20:45: 'a1' is there already"},
    {"{mac}.boot", "{MAC}.boot", AP_EINVAL, "20:14: the pattern holds a brace"},
    {"{mac}.boot", "{mac}.CFG", AP_EINVAL,
     "20:14: the name '{mac}.CFG' is in line 19, column 14 already"},
    {"\"role\": \"config\", \"template\": \"a.cfg\"", "\"role\": \"common\"", AP_EINVAL,
     "18:12: no file of role config"},
    {"\"template\": \"a.cfg\"", "\"template\": \"a.cfg\", \"models\": [\"A1\"]", AP_EINVAL,
     "18:12: model 'B@2' has no file of role config"},
    /* bootstrap files */
    {"\"role\": \"probe\"", "\"role\": \"probe\", \"bootstrap\": \"b.cfg\"", AP_EINVAL,
     "20:58: only a file of role config has a bootstrap file"},
    {"\"template\": \"a.cfg\"", "\"template\": \"a.cfg\", \"bootstrap\": \"../b.cfg\"", AP_EINVAL,
     "19:"},
    {"\"lines\": 1, \"keys\": 2", "\"lines\": 1, \"keys\": 2, \"bootstrap\": \"b.cfg\"", AP_EINVAL,
     "18:12: model 'A1' has a 'bootstrap' in place of that of '{mac}.cfg', which has none"},
};

/* The text with the first find replaced; caller frees. */
static char *replaced(const char *text, const char *find, const char *replace)
{
    const char *at = strstr(text, find);
    char *out = NULL;

    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, replace, at + strlen(find)) > 0);
    return out;
}

static int load(const struct catalogue_fixture *fixture, struct ap_error *error)
{
    struct catalogue *catalogue = NULL;
    int err = catalogue_load(fixture->shipped, fixture->custom, &catalogue, error);

    assert_int_equal(err != 0, catalogue == NULL);
    catalogue_free(catalogue);
    return err;
}

static void test_faults_are_told_with_their_place(void **state)
{
    struct catalogue_fixture *fixture = *state;
    char expected[1024];

    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        struct ap_error error = {{0}};
        char *text = replaced(BASE, CASES[i].find, CASES[i].replace);
        catalogue_fixture_write(fixture, "shipped/acme.json", text);
        int err = load(fixture, &error);
        (void)snprintf(expected, sizeof(expected), "%s/acme.json:%s", fixture->shipped,
                       CASES[i].expected ? CASES[i].expected : "");
        if (!CASES[i].expected && err != 0)
            fail_msg("%s: %s", CASES[i].replace, error.text);
        if (CASES[i].expected &&
            (err != CASES[i].code || strncmp(error.text, expected, strlen(expected)) != 0))
            fail_msg("%s: %d %s, expected %s", CASES[i].replace, err, error.text,
                     CASES[i].expected);
        free(text);
    }
}

static void test_file_without_an_object_is_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *place;
    } ROWS[] = {
        {"", AP_ESYNTAX, "acme.json:1:1: "},
        {"[]", AP_EINVAL, "acme.json:1:1: must be an"},
        {"\n  []", AP_EINVAL, "acme.json:2:3: "},
        {"{", AP_ESYNTAX, "acme.json:1:1: "},
        {"3", AP_ESYNTAX, "acme.json:1:1: "},
        {"{}", AP_EINVAL, "acme.json:1:1: member 'title'"},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ap_error error = {{0}};
        catalogue_fixture_write(*state, "shipped/acme.json", ROWS[i].text);
        assert_int_equal(load(*state, &error), ROWS[i].code);
        if (!strstr(error.text, ROWS[i].place))
            fail_msg("'%s': %s", ROWS[i].text, error.text);
    }
}

static void test_name_without_mac_has_one_vendor_only(void **state)
{
    struct catalogue_fixture *fixture = *state;
    struct ap_error error = {{0}};
    char expected[1024];
    char *common = replaced(BASE, "{\"name\": \"{mac}.boot\", \"role\": \"probe\"}",
                            "{\"name\": \"y{code}.cfg\", \"role\": \"common\", \"template\": "
                            "\"a.cfg\"}");
    char *probe = replaced(BASE, "{mac}.boot", "Y11.cfg");
    char *served = replaced(probe, "\"probe\"", "\"common\", \"template\": \"a.cfg\"");

    /* Both know it, one serves it. */
    catalogue_fixture_write(fixture, "shipped/acme.json", common);
    catalogue_fixture_write(fixture, "custom/acme-2.json", probe);
    assert_int_equal(load(fixture, &error), 0);
    catalogue_fixture_write(fixture, "custom/acme-2.json", served);
    assert_int_equal(load(fixture, &error), AP_EINVAL);
    (void)snprintf(expected, sizeof(expected),
                   "%s/acme-2.json:20:14: the name 'y11.cfg' is served by %s/acme.json:20:14 too",
                   fixture->custom, fixture->shipped);
    assert_memory_equal(error.text, expected, strlen(expected));
    free(common);
    free(probe);
    free(served);
}

static void test_time_zones_are_checked(void **state)
{
    static const struct {
        const char *zones;
        int code;
        const char *expected;
    } ROWS[] = {
        {"{\"Europe/Berlin\": \"CET-1\",\n \"Europe Berlin\": \"CET-1\"}", AP_EINVAL,
         "time_zones.json:2:2: 'Europe Berlin' is no name of a time zone"},
        {"{\"Europe/Berlin\": \"CET-1CEST\"}", AP_EINVAL,
         "time_zones.json:1:19: 'CET-1CEST' is no POSIX TZ string"},
        {"{\"Europe/Berlin\": 1}", AP_EINVAL, "time_zones.json:1:19: 'Europe/Berlin' must be"},
        {"{\"UTC\": \"UTC0\", \"UTC\": \"UTC0\"}", AP_EINVAL,
         "time_zones.json:1:17: this member is there already"},
        {"{\"Europe/Paris\": \"CET-1\"}", AP_EINVAL,
         "acme.json:10:43: 'Europe/Berlin' is no word of 'time_zone'"},
        {"{\"Europe/Berlin\": \"CET-1\"}", 0, ""},
    };
    char *text = replaced(BASE, "{\"PCMU\": \"0\"}",
                          "{\"PCMU\": \"0\"}, \"time_zone\": {\"Europe/Berlin\": \"x\"}");

    catalogue_fixture_write(*state, "shipped/acme.json", text);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ap_error error = {{0}};
        catalogue_fixture_write(*state, "shipped/time_zones.json", ROWS[i].zones);
        assert_int_equal(load(*state, &error), ROWS[i].code);
        if (!strstr(error.text, ROWS[i].expected))
            fail_msg("%s: %s", ROWS[i].zones, error.text);
    }
    free(text);
}

#define ROW(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, catalogue_fixture_setup, catalogue_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_faults_are_told_with_their_place),
        ROW(test_file_without_an_object_is_refused),
        ROW(test_name_without_mac_has_one_vendor_only),
        ROW(test_time_zones_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
