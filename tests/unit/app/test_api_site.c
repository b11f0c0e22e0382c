/* Sites, the catalogue, and how a phone comes to its vendor over the admin API. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* -- sites ------------------------------------------------------------------------------------- */

static void test_sites_are_added_shown_listed_and_deleted(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/sites", "{\"name\": \"hq\", \"external_id\": \"s-1\"}", 201);
    assert_string_equal(api_member(&server, "external_id"), "s-1");
    ask("POST", "/sites", "{\"name\": \"branch\"}", 201);
    ask("POST", "/sites", "{\"name\": \"hq\"}", 409);
    api_points(&server, "/name");
    ask("POST", "/sites", "{\"name\": \"other\", \"external_id\": \"s-1\"}", 409);
    ask("POST", "/sites", "{}", 422);
    ask("POST", "/sites", "{\"name\": \"a b\"}", 422);
    api_points(&server, "/name");
    ask("POST", "/sites", "{\"name\": \"x\", \"colour\": 1}", 422);
    api_points(&server, "/colour");
    ask("GET", "/sites", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 2);
    ask("GET", "/sites?limit=1", NULL, 200);
    assert_string_equal(api_member(&server, "next"), "branch");
    ask("GET", "/sites?limit=1&after=branch", NULL, 200);
    assert_non_null(api_item(&server, "name", "hq"));
    ask("GET", "/sites/hq", NULL, 200);
    ask("GET", "/sites/moon", NULL, 404);
    ask("DELETE", "/sites/branch", NULL, 200);
    ask("DELETE", "/sites/branch", NULL, 404);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'site.add' AND object IN ('site=hq', "
                                             "'site=branch')"),
                     2);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'site.del'"), 1);
}

static void test_a_site_is_renamed_and_what_hangs_on_it_stays(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/sites", "{\"name\": \"hq\", \"external_id\": \"s-1\"}", 201);
    ask("PATCH", "/users/alice", "{\"site\": \"hq\"}", 200);
    ask("PUT", "/settings",
        "{\"scope\": \"site\", \"id\": \"hq\", \"name\": \"language\", \"value\": \"de\"}", 200);
    ask("PATCH", "/sites/hq", "{\"name\": \"home\"}", 200);
    assert_string_equal(api_member(&server, "name"), "home");
    assert_string_equal(api_member(&server, "external_id"), "s-1");
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "users")), 1);
    ask("GET", "/sites/hq", NULL, 404);
    ask("GET", "/users/alice", NULL, 200);
    assert_string_equal(api_member(&server, "site"), "home");
    ask("GET", "/settings?scope=site&id=home", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("PATCH", "/sites/home", "{\"external_id\": null}", 200);
    assert_true(json_is_null(json_object_get(server.reply.json, "external_id")));
    ask("PATCH", "/sites/home", "{\"external_id\": \"s-2\"}", 200);
    ask("PATCH", "/sites/home", "{}", 200);
    assert_string_equal(api_member(&server, "external_id"), "s-2");
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'site.set' AND object = 'site=hq' AND detail = "
                                             "'name=home'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'site.set' AND object = 'site=home' AND detail = ''"),
                     3);
}

static void test_a_change_of_a_site_that_cannot_be_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *pointer, *says;
    } ROWS[] = {
        {"/sites/moon", "{\"name\": \"sun\"}", 404, NULL, "there is no site 'moon'"},
        {"/sites/hq", "{\"name\": \"branch\"}", 409, "/name", "site 'branch' exists already"},
        {"/sites/hq", "{\"external_id\": \"s-2\"}", 409, "/external_id", "this external id"},
        {"/sites/hq", "{\"name\": \"new\", \"external_id\": \"s-2\"}", 409, "/external_id",
         "this external id"},
        {"/sites/hq", "{\"name\": null}", 422, "/name", "name must be a string"},
        {"/sites/hq", "{\"name\": \"\"}", 422, "/name", "must not be empty"},
        {"/sites/hq", "{\"name\": \"..\"}", 422, "/name", "neither '.' nor '..'"},
        {"/sites/hq", "{\"external_id\": \"\"}", 422, "/external_id", "must not be empty"},
        {"/sites/hq", "{\"external_id\": 5}", 422, "/external_id", "must be a string"},
        {"/sites/hq", "{\"users\": 5}", 422, "/users", "unknown member"},
    };
    struct app_fixture *fixture = *state;

    ask("POST", "/sites", "{\"name\": \"hq\", \"external_id\": \"s-1\"}", 201);
    ask("POST", "/sites", "{\"name\": \"branch\", \"external_id\": \"s-2\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask("PATCH", ROWS[i].path, ROWS[i].body, ROWS[i].status);
        api_points(&server, ROWS[i].pointer);
        api_told(&server, ROWS[i].says);
    }
    ask("GET", "/sites/hq", NULL, 200);
    assert_string_equal(api_member(&server, "external_id"), "s-1");
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "version")), 1);
    fixture_stop_store(fixture);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'site.set'"), 0);
}

static void test_users_come_to_a_site_and_leave_it(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    ask("POST", "/users", "{\"name\": \"bob\", \"site\": \"hq\"}", 201);
    assert_string_equal(api_member(&server, "site"), "hq");
    ask("POST", "/users", "{\"name\": \"carol\", \"site\": \"moon\"}", 404);
    api_points(&server, "/site");
    ask("PATCH", "/users/alice", "{\"site\": \"hq\", \"display_name\": \"Alice\"}", 200);
    assert_string_equal(api_member(&server, "site"), "hq");
    ask("GET", "/sites/hq", NULL, 200);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "users")), 2);
    ask("DELETE", "/sites/hq", NULL, 409);
    api_told(&server, "users or API keys belong to site 'hq'");
    ask("PATCH", "/users/alice", "{\"display_name\": \"A\"}", 200);
    assert_string_equal(api_member(&server, "site"), "hq");
    ask("PATCH", "/users/alice", "{\"site\": \"moon\"}", 404);
    api_points(&server, "/site");
    ask("PATCH", "/users/alice", "{\"site\": \"\"}", 200);
    assert_true(json_is_null(json_object_get(server.reply.json, "site")));
    assert_string_equal(api_member(&server, "display_name"), "A");
    ask("PATCH", "/users/bob", "{\"site\": \"\"}", 200);
    ask("DELETE", "/sites/hq", NULL, 200);
    ask("PATCH", "/users/alice", "{\"name\": \"eve\"}", 422);
    api_points(&server, "/name");
    ask("PATCH", "/users/eve", "{\"site\": \"\"}", 404);
    ask("PATCH", "/users/alice", "{\"external_id\": \"u-1\"}", 200);
    ask("PATCH", "/users/bob", "{\"external_id\": \"u-1\"}", 409);
    api_points(&server, "/external_id");
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'user.set' AND detail = 'site=hq'"),
                     1);
}

/* With the site come its settings, which were checked for the phones that it had. */
static void test_user_whose_phone_cannot_have_the_sites_settings_stays_out(void **state)
{
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    ask("PUT", "/settings",
        "{\"scope\": \"site\", \"id\": \"hq\", \"name\": \"admin_password\", \"value\": \"50%\"}",
        200);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        201);
    ask("PATCH", "/users/alice", "{\"site\": \"hq\"}", 422);
    api_told(&server, "admin_password cannot stand in files of Acme: it holds '%'");
    ask("GET", "/users/alice", NULL, 200);
    assert_true(json_is_null(json_object_get(server.reply.json, "site")));
    (void)state;
}

static void test_display_name_that_a_phones_file_cannot_carry_is_refused(void **state)
{
    (void)state;
    ask("PATCH", "/users/alice", "{\"display_name\": \"# one\"}", 200);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        422);
    api_told(&server, "the user's display name cannot stand in files of Acme");
    ask("GET", "/phones/001565000001", NULL, 404);
    ask("PATCH", "/users/alice", "{\"display_name\": \"one\"}", 200);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        201);
    ask("PATCH", "/users/alice", "{\"display_name\": \"# one\"}", 422);
    api_points(&server, "/display_name");
    ask("GET", "/users/alice", NULL, 200);
    assert_string_equal(api_member(&server, "display_name"), "one");
}

static void test_account_that_a_phones_file_cannot_carry_is_refused(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"d\", \"password\": \"ok\"}",
        201);
    ask("PATCH", "/accounts/1001@d", "{\"password\": \"50%\"}", 200);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        422);
    api_told(&server, "the password of 1001 cannot stand in files of Acme");
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": "
        "\"generic\"}",
        201);
    ask("PATCH", "/phones/001565000001", "{\"vendor\": \"acme\"}", 422);
    api_told(&server, "the password of 1001 cannot stand in files of Acme");
    ask("GET", "/phones/001565000001", NULL, 200);
    assert_string_equal(api_member(&server, "vendor"), "generic");
    ask("PATCH", "/accounts/1001@d", "{\"password\": \"ok\"}", 200);
    ask("PATCH", "/phones/001565000001", "{\"vendor\": \"acme\"}", 200);
    ask("PATCH", "/accounts/1001@d", "{\"password\": \"60%\"}", 422);
    assert_null(strstr(server.reply.text, "60%"));
    ask("PATCH", "/accounts/1001@d", "{\"display_name\": \"# x\"}", 422);
    api_told(&server, "the display name of 1001");
    fixture_stop_store(fixture);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM account WHERE display_name = ''"), 1);
}

/* -- vendors and models ------------------------------------------------------------------------ */

static void test_vendor_is_guessed_from_model_then_mac_then_generic(void **state)
{
    static const struct {
        const char *body; /* behind user and mac */
        const char *mac;
        const char *vendor, *model;
    } ROWS[] = {
        {"", "020000000001", "generic", ""},
        {"", "001565000002", "acme", ""},
        {", \"model\": \"a2\"", "020000000003", "acme", "A2"},
        {", \"model\": \"F1\"", "001565000004", "flatty", "F1"},
        {", \"model\": \"\"", "001565000005", "acme", ""},
        {", \"vendor\": \"latin\"", "001565000006", "latin", ""},
        {", \"vendor\": \"latin\", \"model\": \"a1\"", "001565000007", "latin", "A1"},
        {", \"vendor\": \"generic\", \"model\": \"anything\"", "001565000008", "generic",
         "anything"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body), "{\"user\": \"alice\", \"mac\": \"%s\"%s}", ROWS[i].mac,
                       ROWS[i].body);
        ask("POST", "/phones", body, 201);
        assert_string_equal(api_member(&server, "vendor"), ROWS[i].vendor);
        assert_string_equal(api_member(&server, "model"), ROWS[i].model);
    }
}

static void test_model_that_does_not_settle_the_vendor_is_refused(void **state)
{
    static const struct {
        const char *body;
        const char *pointer, *says;
    } ROWS[] = {
        {"\"model\": \"A1\"", "/model", "which model 'A1'? There are: acme/A1, latin/A1"},
        {"\"model\": \"Z9\"", "/model", "the catalogue has no such model 'Z9'"},
        {"\"vendor\": \"acme\", \"model\": \"F1\"", "/model",
         "Acme has no model 'F1' in the catalogue"},
        {"\"vendor\": \"nobody\"", "/vendor", "there are: acme, flatty, generic, latin, silent"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body), "{\"user\": \"alice\", \"mac\": \"001565000001\", %s}",
                       ROWS[i].body);
        ask("POST", "/phones", body, 422);
        api_points(&server, ROWS[i].pointer);
        api_told(&server, ROWS[i].says);
    }
    ask("GET", "/phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

/* From before the catalogue, or of a file that was taken away: what is not changed is not asked. */
static void test_phone_of_an_unknown_vendor_or_model_can_be_changed_otherwise(void **state)
{
    static const char *const CHANGES[] = {"vendor = 'gone'", "vendor = 'acme', model = 'old'"};
    struct app_fixture *fixture = *state;

    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\"}", 201);
    for (size_t i = 0; i < AP_COUNT(CHANGES); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof(sql), "UPDATE phone SET %s RETURNING 1", CHANGES[i]);
        assert_int_equal(fixture_number(fixture, sql), 1);
        ask("PATCH", "/phones/001565000001", "{\"enabled\": false, \"label\": \"desk\"}", 200);
        assert_true(json_is_false(json_object_get(server.reply.json, "enabled")));
    }
    ask("PATCH", "/phones/001565000001", "{\"model\": \"older\"}", 422);
    api_points(&server, "/model");
    ask("PATCH", "/phones/001565000001", "{\"vendor\": \"gone\"}", 422);
    api_points(&server, "/vendor");
    ask("PATCH", "/phones/001565000001", "{\"model\": \"a1\"}", 200);
    assert_string_equal(api_member(&server, "model"), "A1");
    ask("PATCH", "/phones/001565000001", "{\"vendor\": \"latin\"}", 200);
    assert_string_equal(api_member(&server, "model"), "");
}

static void test_catalogue_is_shown(void **state)
{
    (void)state;
    ask("GET", "/vendors?mac=0:0", NULL, 422);
    ask("GET", "/vendors?mac=fe:00:00:00:00:01", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "items")), 0);
    ask("GET", "/vendors", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 5);
    const json_t *flatty = api_item(&server, "name", "flatty");
    assert_true(json_is_true(json_object_get(flatty, "flat_only")));
    assert_int_equal(json_integer_value(json_object_get(flatty, "models")), 1);
    ask("GET", "/models", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 6);
    ask("GET", "/models?vendor=acme", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 2);
    ask("GET", "/models?vendor=nobody", NULL, 404);
    api_told(&server, "there is no vendor 'nobody'");
    ask("GET", "/models?limit=1", NULL, 422);
    ask("GET", "/models/acme/a1", NULL, 200);
    assert_string_equal(api_member(&server, "model"), "A1");
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "keys")), 4);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "files")), 6);
    assert_string_equal(api_member(&server, "url"), "{{provisioning_host_path}}");
    ask("GET", "/models/acme/F1", NULL, 404);
    ask("GET", "/models/nobody/A1", NULL, 404);
    ask("GET", "/models/acme", NULL, 404);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_sites_are_added_shown_listed_and_deleted),
        ROW(test_a_site_is_renamed_and_what_hangs_on_it_stays),
        ROW(test_a_change_of_a_site_that_cannot_be_is_refused_with_its_place),
        ROW(test_users_come_to_a_site_and_leave_it),
        ROW(test_user_whose_phone_cannot_have_the_sites_settings_stays_out),
        ROW(test_display_name_that_a_phones_file_cannot_carry_is_refused),
        ROW(test_account_that_a_phones_file_cannot_carry_is_refused),
        ROW(test_vendor_is_guessed_from_model_then_mac_then_generic),
        ROW(test_model_that_does_not_settle_the_vendor_is_refused),
        ROW(test_phone_of_an_unknown_vendor_or_model_can_be_changed_otherwise),
        ROW(test_catalogue_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
