/* What a phone would get, and whether it has it: previews, states of files, stale phones, URLs. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define ACME  "/phones/001565000001"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static void add_phone(const char *mac, const char *vendor, const char *model)
{
    char body[256];

    (void)snprintf(body, sizeof(body),
                   "{\"user\": \"alice\", \"mac\": \"%s\", \"vendor\": \"%s\", \"model\": \"%s\"}",
                   mac, vendor, model);
    ask("POST", "/phones", body, 201);
}

static void open_with(void **state, const char *more)
{
    fixture_setup(state);
    api_server_open(&server, *state, more, getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" TOKEN "\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
        "\"password\": \"s3cret-word\"}",
        201);
    add_phone("001565000001", "acme", "A1");
}

static int open_server(void **state)
{
    open_with(state, "");
    return 0;
}

static int open_server_of_two_listeners(void **state)
{
    char more[512];
    const char *folder;

    fixture_setup(state);
    folder = ((struct app_fixture *)*state)->folder;
    (void)snprintf(more, sizeof(more),
                   "listener more {\n    address = '127.0.0.2'\n"
                   "    public_url = 'https://other.example.com'\n    certificate main {\n"
                   "        certificate_file = '%s/cert.pem'\n"
                   "        key_file = '%s/key.pem'\n    }\n}\n",
                   folder, folder);
    api_server_open(&server, *state, more, getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" TOKEN "\"}", 201);
    add_phone("001565000001", "acme", "");
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* -- previews ---------------------------------------------------------------------------------- */

static void test_preview_shows_each_file_of_the_phone(void **state)
{
    static const struct {
        const char *query;
        const char *file, *type, *template, *body;
    } ROWS[] = {
        {"", "001565000001.cfg", "text/plain", "/acme.cfg", "mac = 001565000001\n"},
        {"?file=001565000001.cfg", "001565000001.cfg", "text/plain", "/acme.cfg", "line.1 = 1001 "},
        {"?file=00-15-65-00-00-01.CFG", "001565000001.cfg", "text/plain", "/acme.cfg", "mac = "},
        {"?file=001565000001-book.xml", "001565000001-book.xml", "text/plain", "/acme-book.xml",
         "<book of=\"alice\"/>"},
        /* Of a name with a part that is anything the pattern is shown. */
        {"?file=83/2/001565000001.cfg", "83/{any}/{mac}.cfg", "text/plain", "/acme.cfg", "mac = "},
    };
    char path[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        (void)snprintf(path, sizeof(path), ACME "/preview%s", ROWS[i].query);
        ask("GET", path, NULL, 200);
        assert_string_equal(api_member(&server, "file"), ROWS[i].file);
        assert_string_equal(api_member(&server, "content_type"), ROWS[i].type);
        assert_non_null(strstr(api_member(&server, "template"), ROWS[i].template));
        assert_non_null(strstr(api_member(&server, "body"), ROWS[i].body));
    }
}

static void test_preview_of_what_is_not_the_phones_is_refused(void **state)
{
    static const char *const FILES[] = {
        "001565000002.cfg",
        "001565000001.xml",
        "001565000001.boot",
        "acme.cfg",
        "y11.cfg",
        "nothing",
        "",
    };
    char path[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(FILES); i++) {
        (void)snprintf(path, sizeof(path), ACME "/preview?file=%s", FILES[i]);
        ask("GET", path, NULL, 404);
        api_told(&server, "it has: 001565000001.cfg, 001565000001-book.xml, 83/{any}/{mac}.cfg");
    }
    ask("GET", "/phones/001565000099/preview", NULL, 404);
    ask("GET", "/phones/eve/preview", NULL, 422);
    ask("GET", ACME "/preview?name=x", NULL, 422);
    add_phone("001565000002", "silent", "");
    ask("GET", "/phones/001565000002/preview", NULL, 404);
    api_told(&server, "nothing is served to phones of Silent");
}

static void test_secrets_are_shown_on_the_audited_path_alone(void **state)
{
    struct app_fixture *fixture = *state;

    ask("GET", ACME "/preview", NULL, 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    assert_null(strstr(server.reply.text, TOKEN));
    assert_non_null(strstr(api_member(&server, "body"), "line.1 = 1001 ********\n"));
    ask("GET", ACME "/preview/secrets", NULL, 200);
    assert_non_null(strstr(api_member(&server, "body"), "line.1 = 1001 s3cret-word\n"));
    assert_non_null(strstr(api_member(&server, "body"), TOKEN));
    ask("GET", ACME "/preview/secrets?file=nothing", NULL, 404);
    assert_null(strstr(fixture->log, "s3cret-word"));
    assert_null(strstr(fixture->log, TOKEN));
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.preview' AND object = 'mac=001565000001'"),
                     1);
}

static void test_preview_is_utf_8_whatever_the_files_character_set(void **state)
{
    (void)state;
    add_phone("001565000003", "latin", "L1");
    ask("PATCH", "/phones/001565000003", "{\"label\": \"M\\u00fcller\"}", 200);
    ask("GET", "/phones/001565000003/preview", NULL, 200);
    assert_string_equal(api_member(&server, "body"), "l1=M\xc3\xbcller\r\n");
    assert_string_equal(api_member(&server, "file"), "latin-L1-001565000003.cfg");
}

/* -- URLs -------------------------------------------------------------------------------------- */

static void test_url_is_that_of_the_own_file_in_both_forms(void **state)
{
    (void)state;
    ask("GET", ACME "/url", NULL, 200);
    assert_string_equal(api_member(&server, "url"),
                        "https://pbx.example.com/provision/" TOKEN "/001565000001.cfg");
    assert_string_equal(api_member(&server, "provisioning_base_url"),
                        "https://pbx.example.com/provision/" TOKEN "/");
    assert_string_equal(api_member(&server, "phone_url"), "pbx.example.com/provision/" TOKEN);
}

static void test_phone_that_has_no_url_is_told_why(void **state)
{
    static const struct {
        const char *mac, *vendor, *model;
        int status;
        const char *says;
    } ROWS[] = {
        {"001565000002", "flatty", "F1", 422, "served in flat mode only"},
        {"001565000003", "silent", "", 404, "nothing is served to phones of Silent"},
        {"001565000004", "latin", "", 422, "latin-{model}-{mac}.cfg"},
    };
    struct app_fixture *fixture = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char path[64];
        add_phone(ROWS[i].mac, ROWS[i].vendor, ROWS[i].model);
        (void)snprintf(path, sizeof(path), "/phones/%s/url", ROWS[i].mac);
        ask("GET", path, NULL, ROWS[i].status);
        api_told(&server, ROWS[i].says);
        assert_null(strstr(server.reply.text, TOKEN));
    }
    fixture_stop_store(fixture);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'phone.url'"), 0);
}

/* -- states ------------------------------------------------------------------------------------ */

/* As if the phone had just fetched the file as it is now; query: "" or "?file=…". */
static void deliver(struct app_fixture *fixture, const char *mac, const char *query,
                    const char *pattern)
{
    uint8_t digest[VAULT_TAG_BYTES];
    char hex[2 * VAULT_TAG_BYTES + 1];
    char text[512];

    (void)snprintf(text, sizeof(text), "/phones/%s/preview/secrets%s", mac, query);
    ask("GET", text, NULL, 200);
    const char *body = api_member(&server, "body");
    assert_int_equal(vault_body_digest(fixture->vault, body, strlen(body), digest), 0);
    text_hex(digest, sizeof(digest), hex);
    (void)snprintf(text, sizeof(text),
                   "INSERT OR REPLACE INTO delivered (phone_id, file, digest, at) SELECT id, '%s', "
                   "x'%s', %lld FROM phone WHERE mac = '%s' RETURNING 1",
                   pattern, hex, (long long)FIXTURE_NOW_S, mac);
    assert_int_equal(fixture_number(fixture, text), 1);
    (void)snprintf(text, sizeof(text),
                   "UPDATE phone SET last_fetch_at = %lld WHERE mac = '%s' RETURNING 1",
                   (long long)FIXTURE_NOW_S, mac);
    assert_int_equal(fixture_number(fixture, text), 1);
}

static void check_state(const char *file, const char *state)
{
    ask("GET", ACME "/files", NULL, 200);
    const json_t *item = api_item(&server, "file", file);
    assert_non_null(item);
    assert_string_equal(api_text_of(item, "state"), state);
}

static void set_ntp(const char *value)
{
    char body[128];

    (void)snprintf(body, sizeof(body),
                   "{\"scope\": \"vendor\", \"id\": \"acme\", \"name\": \"raw.ntp\", "
                   "\"value\": \"%s\"}",
                   value);
    ask("PUT", "/settings", body, 200);
}

static void test_file_is_stale_when_a_setting_or_its_template_has_changed(void **state)
{
    struct app_fixture *fixture = *state;

    check_state("001565000001.cfg", "never_fetched");
    deliver(fixture, "001565000001", "", "{mac}.cfg");
    check_state("001565000001.cfg", "current");
    assert_int_equal(json_integer_value(json_object_get(
                         api_item(&server, "file", "001565000001.cfg"), "delivered_at")),
                     FIXTURE_NOW_S);
    check_state("001565000001-book.xml", "never_fetched");
    set_ntp("a");
    check_state("001565000001.cfg", "stale");
    deliver(fixture, "001565000001", "", "{mac}.cfg");
    check_state("001565000001.cfg", "current");
    fixture_write(fixture, "templates/acme.cfg", "other = {{mac}}\n");
    api_server_reload(&server);
    check_state("001565000001.cfg", "stale");
    /* What cannot be rendered is broken, and says why. */
    fixture_write(fixture, "templates/acme.cfg", "{{{user.display_name}}}\n");
    assert_int_equal(fixture_number(fixture, "UPDATE phone SET label = '# x' RETURNING 1"), 1);
    api_server_reload(&server);
    check_state("001565000001.cfg", "broken");
    assert_non_null(strstr(api_text_of(api_item(&server, "file", "001565000001.cfg"), "error"),
                           "the label cannot stand in files of Acme"));
}

static void test_stale_list_holds_the_phones_whose_files_have_changed(void **state)
{
    struct app_fixture *fixture = *state;

    add_phone("001565000002", "acme", "A2");
    add_phone("001565000003", "latin", "L1");
    add_phone("001565000004", "acme", "A1");
    deliver(fixture, "001565000001", "", "{mac}.cfg");
    deliver(fixture, "001565000001", "?file=001565000001-book.xml", "{mac}-book.xml");
    deliver(fixture, "001565000002", "", "{mac}.cfg");
    deliver(fixture, "001565000003", "", "latin-{model}-{mac}.cfg");
    ask("GET", "/stale-phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    /* A2's own template does not write it; the fourth never fetched. */
    set_ntp("a");
    ask("GET", "/stale-phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    const json_t *item = api_item(&server, "mac", "00:15:65:00:00:01");
    assert_non_null(item);
    assert_string_equal(api_text_of(item, "user"), "alice");
    const json_t *files = json_object_get(item, "files");
    assert_int_equal(json_array_size(files), 1);
    assert_string_equal(json_string_value(json_array_get(files, 0)), "001565000001.cfg");
    fixture_write(fixture, "templates/acme-a2.cfg", "new = {{mac}}\n");
    api_server_reload(&server);
    ask("GET", "/stale-phones?limit=1", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    assert_string_equal(api_member(&server, "next"), "001565000001");
    ask("GET", "/stale-phones?limit=1&after=001565000001", NULL, 200);
    assert_non_null(api_item(&server, "mac", "00:15:65:00:00:02"));
    ask("GET", "/stale-phones?limit=1&after=001565000002", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    assert_true(json_is_null(json_object_get(server.reply.json, "next")));
    assert_int_equal(server.jobs, 5);
}

static void test_stale_list_that_cannot_be_made_says_so(void **state)
{
    (void)state;
    ask("GET", "/stale-phones?after=a-cursor-longer-than-any-mac", NULL, 422);
    ask("GET", "/stale-phones?limit=0", NULL, 422);
    ask("GET", "/stale-phones?user=alice", NULL, 422);
    server.job_err = AP_EBUSY;
    ask("GET", "/stale-phones", NULL, 503);
    assert_int_equal(server.jobs, 2);
}

static void test_phone_whose_vendor_has_gone_has_no_files(void **state)
{
    struct app_fixture *fixture = *state;
    char path[FIXTURE_PATH_MAX];

    deliver(fixture, "001565000001", "", "{mac}.cfg");
    fixture_path(fixture, "vendors/acme.json", path);
    assert_int_equal(remove(path), 0);
    api_server_reload(&server);
    ask("GET", ACME "/files", NULL, 404);
    api_told(&server, "vendor 'acme' of this phone is not in the catalogue any more");
    ask("GET", ACME "/preview", NULL, 404);
    api_told(&server, "vendor 'acme'");
    ask("GET", ACME "/url", NULL, 404);
    ask("GET", "/stale-phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

/* Each rendering of such a phone takes a third of a request's memory. */
static void test_phone_with_all_keys_can_be_looked_at_whole(void **state)
{
    struct app_fixture *fixture = *state;

    assert_int_equal(
        fixture_number(fixture,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "512) INSERT INTO \"key\" (phone_id, position, type, value, label) SELECT "
                       "id, i, 'blf', '1', '' FROM n, phone RETURNING 1"),
        1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM \"key\""), 512);
    deliver(fixture, "001565000001", "", "{mac}.cfg");
    deliver(fixture, "001565000001", "?file=83/1/001565000001.cfg", "83/{any}/{mac}.cfg");
    set_ntp("a");
    check_state("001565000001.cfg", "stale");
    ask("GET", "/stale-phones", NULL, 200);
    const json_t *item = api_item(&server, "mac", "00:15:65:00:00:01");
    assert_non_null(item);
    assert_int_equal(json_array_size(json_object_get(item, "files")), 2);
}

/* Which of the listeners' URLs stands in the file depends on where the phone came in. */
static void test_file_of_any_listener_is_current(void **state)
{
    struct app_fixture *fixture = *state;
    static const char BODY[] =
        "url = https://other.example.com/provision/" TOKEN "/001565000001.cfg\n";
    uint8_t digest[VAULT_TAG_BYTES];
    char hex[2 * VAULT_TAG_BYTES + 1];
    char sql[256];

    fixture_write(fixture, "templates/acme.cfg", "url = {{provisioning_url}}\n");
    api_server_reload(&server);
    deliver(fixture, "001565000001", "", "{mac}.cfg");
    check_state("001565000001.cfg", "current");
    assert_int_equal(vault_body_digest(fixture->vault, BODY, strlen(BODY), digest), 0);
    text_hex(digest, sizeof(digest), hex);
    (void)snprintf(sql, sizeof(sql), "UPDATE delivered SET digest = x'%s' RETURNING 1", hex);
    assert_int_equal(fixture_number(fixture, sql), 1);
    check_state("001565000001.cfg", "current");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
#define TWO(name) cmocka_unit_test_setup_teardown(name, open_server_of_two_listeners, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_preview_shows_each_file_of_the_phone),
        ROW(test_preview_of_what_is_not_the_phones_is_refused),
        ROW(test_secrets_are_shown_on_the_audited_path_alone),
        ROW(test_preview_is_utf_8_whatever_the_files_character_set),
        ROW(test_url_is_that_of_the_own_file_in_both_forms),
        ROW(test_phone_that_has_no_url_is_told_why),
        ROW(test_file_is_stale_when_a_setting_or_its_template_has_changed),
        ROW(test_stale_list_holds_the_phones_whose_files_have_changed),
        ROW(test_stale_list_that_cannot_be_made_says_so),
        ROW(test_phone_whose_vendor_has_gone_has_no_files),
        TWO(test_phone_with_all_keys_can_be_looked_at_whole),
        TWO(test_file_of_any_listener_is_current),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
