/* Settings over the admin API: scopes, values, lists, and what holds for one phone. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

/* Site hq with alice, who has an Acme A1 (:01) and a generic phone (:02). */
static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    ask("POST", "/users", "{\"name\": \"alice\", \"site\": \"hq\"}", 201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", \"model\": \"A1\"}",
        201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"020000000002\", \"vendor\": \"generic\"}", 201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void set(const char *scope, const char *id, const char *name, const char *value, int status)
{
    char body[1024];

    (void)snprintf(body, sizeof(body),
                   "{\"scope\": \"%s\", \"id\": \"%s\", \"name\": \"%s\", \"value\": \"%s\"}",
                   scope, id, name, value);
    ask("PUT", "/settings", body, status);
}

static void test_every_scope_is_named_as_people_name_it(void **state)
{
    static const struct {
        const char *scope, *id;
        const char *listed; /* id in lists */
    } ROWS[] = {
        {"global", "", ""},
        {"vendor", "acme", "acme"},
        {"model", "acme/a1", "acme/A1"},
        {"site", "hq", "hq"},
        {"user", "alice", "alice"},
        {"phone", "00:15:65:00:00:01", "001565000001"},
    };
    char path[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set(ROWS[i].scope, ROWS[i].id, "ntp_server", "ntp.example.com", 200);
        assert_string_equal(api_member(&server, "scope"), ROWS[i].scope);
        assert_string_equal(api_member(&server, "value"), "ntp.example.com");
    }
    ask("GET", "/settings", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), AP_COUNT(ROWS));
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const json_t *item = json_array_get(api_items(&server), i);
        assert_string_equal(api_text_of(item, "scope"), ROWS[i].scope);
        assert_string_equal(api_text_of(item, "id"), ROWS[i].listed);
    }
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        (void)snprintf(path, sizeof(path), "/settings?scope=%s%s%s", ROWS[i].scope,
                       ROWS[i].id[0] ? "&id=" : "", ROWS[i].id);
        ask("GET", path, NULL, 200);
        assert_int_equal(json_array_size(api_items(&server)), 1);
        (void)snprintf(path, sizeof(path), "/settings?scope=%s%s%s&name=ntp_server", ROWS[i].scope,
                       ROWS[i].id[0] ? "&id=" : "", ROWS[i].id);
        ask("DELETE", path, NULL, 200);
        ask("DELETE", path, NULL, 404);
        api_told(&server, "'ntp_server' is not set there");
    }
}

static const struct bad_row {
    const char *scope, *id, *name, *value;
    int status;
    const char *pointer, *says;
} BAD[] = {
    {"planet", "", "srtp", "off", 422, "/scope", "global, vendor, model, site, user or phone"},
    {"daemon", "", "srtp", "off", 422, "/scope", "scope must be"},
    {"global", "x", "srtp", "off", 422, "/id", "the global scope has no id"},
    {"vendor", "", "srtp", "off", 422, "/id", "which vendor?"},
    {"vendor", "nobody", "srtp", "off", 404, "/id", "there is no vendor 'nobody'"},
    {"vendor", "acme/A1", "srtp", "off", 422, "/id", "has no '/'"},
    {"model", "acme", "srtp", "off", 404, "/id", "give VENDOR/MODEL"},
    {"model", "acme/B1", "srtp", "off", 404, "/id", "there is no model 'acme/B1'"},
    {"model", "nobody/A1", "srtp", "off", 404, "/id", "there is no vendor 'nobody'"},
    {"site", "moon", "srtp", "off", 404, "/id", "there is no site 'moon'"},
    {"user", "eve", "srtp", "off", 404, "/id", "there is no user 'eve'"},
    {"phone", "001565000099", "srtp", "off", 404, "/id", "there is no phone '001565000099'"},
    {"phone", "eve", "srtp", "off", 422, "/id", "'eve' is not a MAC"},
    {"global", "", "volume", "5", 422, "/name",
     "there is no setting 'volume'; there are: ntp_serv"},
    {"global", "", "mac", "5", 422, "/name", "raw.NAME"},
    {"global", "", "srtp", "on", 422, "/value", "srtp: must be one of: off optional mandatory"},
    {"global", "", "time_zone", "Mars", 422, "/value", "time_zone: "},
    {"global", "", "resync_interval", "5", 422, "/value", "number from 300 to 2592000"},
    {"global", "", "codecs", "PCMU,AMR", 422, "/value", "at place 6"},
    {"global", "", "srtp", "", 422, "/value", "value must not be empty"},
    {"global", "", "raw.a", "1", 422, "/scope", "for a vendor, a model or a phone"},
    {"site", "hq", "raw.a", "1", 422, "/scope", "raw settings belong to a vendor"},
    {"user", "alice", "raw.a", "1", 422, "/scope", "raw settings belong to a vendor"},
    {"vendor", "generic", "raw.a b", "1", 422, "/name", "a name behind 'raw.'"},
    {"vendor", "acme", "raw.a=b", "1", 422, "/name", "a name behind 'raw.'"},
    {"phone", "001565000001", "raw.", "1", 422, "/name", "a name behind 'raw.'"},
    {"vendor", "acme", "raw.a", "# x", 422, "/value", "cannot stand in files of Acme"},
    {"vendor", "acme", "raw.a", "a\\nb", 422, "/value", "without control characters"},
    {"global", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1", 422,
     "/name", "64 bytes at most"},
};

static void test_bad_settings_are_refused_with_their_place(void **state)
{
    struct app_fixture *fixture = *state;
    int64_t audits = fixture_number(fixture, "SELECT count(*) FROM audit");

    for (size_t i = 0; i < AP_COUNT(BAD); i++) {
        set(BAD[i].scope, BAD[i].id, BAD[i].name, BAD[i].value, BAD[i].status);
        api_told(&server, BAD[i].says);
        api_points(&server, BAD[i].pointer);
    }
    ask("PUT", "/settings", "{\"scope\": \"global\", \"name\": \"srtp\"}", 422);
    api_told(&server, "value is missing");
    ask("PUT", "/settings", "{\"scope\": \"global\", \"name\": \"srtp\", \"value\": 5}", 422);
    api_points(&server, "/value");
    ask("PUT", "/settings", "{\"colour\": 5}", 422);
    api_points(&server, "/colour");
    ask("GET", "/settings", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit"), audits);
}

static void test_queries_that_name_no_scope_are_refused(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *says;
    } ROWS[] = {
        {"GET", "/settings?scope=planet", 422, "scope must be"},
        {"GET", "/settings?scope=planet&id=x", 422, "scope must be"},
        {"GET", "/settings?id=alice", 422, "scope"},
        {"GET", "/settings?scope=user&id=eve", 404, "there is no user 'eve'"},
        {"GET", "/settings?after=x", 422, "no cursor"},
        {"GET", "/settings?after=x/y/z", 422, "no cursor"},
        {"GET", "/settings?limit=0", 422, "limit"},
        {"GET", "/settings?name=srtp", 422, "unknown query parameter 'name'"},
        {"DELETE", "/settings", 422, "give scope and name"},
        {"DELETE", "/settings?scope=global", 422, "give scope and name"},
        {"DELETE", "/settings?name=srtp", 422, "give scope and name"},
        {"DELETE", "/settings?scope=user&name=srtp", 422, "which user?"},
        {"DELETE", "/settings?scope=global&name=srtp", 404, "'srtp' is not set there"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask(ROWS[i].method, ROWS[i].path, NULL, ROWS[i].status);
        api_told(&server, ROWS[i].says);
    }
}

static void test_secrets_go_in_and_never_come_out(void **state)
{
    struct app_fixture *fixture = *state;

    set("user", "alice", "admin_password", "s3cret-word", 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    assert_true(json_is_null(json_object_get(server.reply.json, "value")));
    assert_true(json_is_true(json_object_get(server.reply.json, "secret")));
    ask("GET", "/settings", NULL, 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    assert_true(
        json_is_null(json_object_get(api_item(&server, "name", "admin_password"), "value")));
    ask("GET", "/phones/001565000001/settings", NULL, 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    const json_t *item = api_item(&server, "name", "admin_password");
    assert_string_equal(api_text_of(item, "value"), "********");
    assert_string_equal(api_text_of(item, "from"), "user");
    set("user", "alice", "admin_password", "s3cret-word\\u0001", 422);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    assert_null(strstr(fixture->log, "s3cret-word"));
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE "
                                             "instr(object || detail, 's3cret')"),
                     0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE value IS NULL"),
                     1);
}

/* The value is fine for generic phones, but alice has an Acme too: nothing of it may stay. */
static void test_value_that_one_dialect_cannot_carry_changes_nothing(void **state)
{
    static const struct {
        const char *scope, *id;
    } ROWS[] = {{"global", ""}, {"site", "hq"}, {"user", "alice"}, {"phone", "001565000001"}};
    struct app_fixture *fixture = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set(ROWS[i].scope, ROWS[i].id, "admin_password", "50%", 422);
        api_points(&server, "/value");
        api_told(&server, "admin_password cannot stand in files of Acme: it holds '%'");
    }
    set("phone", "020000000002", "admin_password", "50%", 200);
    set("vendor", "generic", "admin_password", "50%", 200);
    set("vendor", "acme", "admin_password", "50%", 422);
    set("model", "acme/A1", "admin_password", "50%", 422);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting"), 2);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'setting.set'"), 2);
}

static void test_pages_go_on_where_they_ended(void **state)
{
    static const char *const NAMES[] = {"language", "ntp_server", "srtp"};
    char path[256] = "/settings?limit=1";
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(NAMES); i++)
        set("global", "", NAMES[i], i == 0 ? "de" : i == 1 ? "a.example" : "off", 200);
    set("model", "acme/A1", "srtp", "off", 200);
    set("phone", "001565000001", "raw.account 1", "x", 200);
    for (;; count++) {
        ask("GET", path, NULL, 200);
        const char *next = json_string_value(json_object_get(server.reply.json, "next"));
        if (json_array_size(api_items(&server)) == 0)
            break;
        if (count < AP_COUNT(NAMES))
            assert_string_equal(api_text_of(json_array_get(api_items(&server), 0), "name"),
                                NAMES[count]);
        assert_non_null(next);
        (void)snprintf(path, sizeof(path), "/settings?limit=1&after=%s", next);
        for (char *blank = strchr(path, ' '); blank; blank = strchr(blank, ' ')) {
            memmove(blank + 3, blank + 1, strlen(blank + 1) + 1);
            memcpy(blank, "%20", 3);
        }
    }
    assert_int_equal(count, 5);
}

static void check_holds(const char *name, const char *value, const char *from)
{
    const json_t *item = api_item(&server, "name", name);

    assert_non_null(item);
    if (value)
        assert_string_equal(api_text_of(item, "value"), value);
    else
        assert_true(json_is_null(json_object_get(item, "value")));
    assert_string_equal(api_text_of(item, "from"), from);
}

static void test_phone_shows_what_holds_and_where_it_comes_from(void **state)
{
    (void)state;
    set("global", "", "ntp_server", "a.example", 200);
    set("phone", "001565000001", "ntp_server", "b.example", 200);
    set("site", "hq", "language", "de", 200);
    set("vendor", "acme", "raw.x", "vendor", 200);
    set("model", "acme/A1", "raw.x", "model", 200);
    set("vendor", "acme", "raw.w", "w", 200);
    ask("GET", "/phones/001565000001/settings", NULL, 200);
    check_holds("ntp_server", "b.example", "phone");
    check_holds("language", "de", "site");
    check_holds("srtp", "off", "default");
    check_holds("voicemail_number", NULL, "nowhere");
    check_holds("raw.x", "model", "model");
    check_holds("raw.w", "w", "vendor");
    /* Eight settings and two names behind raw., each once. */
    assert_int_equal(json_array_size(api_items(&server)), 10);
    ask("GET", "/phones/020000000002/settings", NULL, 200);
    check_holds("ntp_server", "a.example", "global");
    assert_int_equal(json_array_size(api_items(&server)), 8);
    ask("GET", "/phones/020000000099/settings", NULL, 404);
    ask("GET", "/phones/alice/settings", NULL, 422);
}

static void test_changes_are_in_the_audit(void **state)
{
    struct app_fixture *fixture = *state;

    set("global", "", "srtp", "off", 200);
    set("user", "alice", "srtp", "off", 200);
    ask("DELETE", "/settings?scope=global&name=srtp", NULL, 200);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM audit WHERE action = 'setting.set' AND "
                                    "object = 'setting=srtp' AND detail = 'scope=global id='"),
                     1);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM audit WHERE action = 'setting.set' AND "
                                    "detail LIKE 'scope=user id=%'"),
                     1);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'setting.unset'"), 1);
}

/* What a vendor that has left the catalogue leaves behind can still be seen and taken back. */
static void test_settings_of_a_vendor_that_has_gone_can_be_taken_back(void **state)
{
    struct app_fixture *fixture = *state;
    char path[FIXTURE_PATH_MAX];

    set("vendor", "silent", "srtp", "off", 200);
    fixture_path(fixture, "vendors/silent.json", path);
    assert_int_equal(remove(path), 0);
    api_server_reload(&server);
    set("vendor", "silent", "srtp", "off", 404);
    ask("GET", "/settings?scope=vendor&id=silent", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("DELETE", "/settings?scope=vendor&id=silent&name=srtp", NULL, 200);
    ask("GET", "/settings", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_every_scope_is_named_as_people_name_it),
        ROW(test_bad_settings_are_refused_with_their_place),
        ROW(test_queries_that_name_no_scope_are_refused),
        ROW(test_secrets_go_in_and_never_come_out),
        ROW(test_value_that_one_dialect_cannot_carry_changes_nothing),
        ROW(test_pages_go_on_where_they_ended),
        ROW(test_phone_shows_what_holds_and_where_it_comes_from),
        ROW(test_changes_are_in_the_audit),
        ROW(test_settings_of_a_vendor_that_has_gone_can_be_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
