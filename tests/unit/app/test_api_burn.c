/* Burning a user over the admin API. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

#define GIVEN "a new password"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    static const char *const ACCOUNTS[] = {
        ("{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx\", "
         "\"password\": \"old1\"}"),
        ("{\"user\": \"alice\", \"sip_user\": \"1002\", \"domain\": \"pbx\", "
         "\"password\": \"old2\"}"),
        ("{\"user\": \"bob\", \"sip_user\": \"2001\", \"domain\": \"pbx\", "
         "\"password\": \"old3\"}"),
    };

    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/users", "{\"name\": \"bob\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ACCOUNTS); i++)
        ask("POST", "/accounts", ACCOUNTS[i], 201);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001122000001\", \"vendor\": \"acme\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static int64_t audit_rows(void **state)
{
    return fixture_number(*state, "SELECT count(*) FROM audit WHERE action = 'user.burn'");
}

static void test_passwords_are_made_and_handed_back_once(void **state)
{
    ask("GET", "/phones/001122000001/url", NULL, 200);
    char *old_url = strdup(api_member(&server, "url"));
    ask("POST", "/users/alice/burn", "{}", 200);
    const json_t *passwords = json_object_get(server.reply.json, "passwords");
    assert_int_equal(json_object_size(passwords), 2);
    assert_int_equal(strlen(api_text_of(passwords, "1001@pbx")), 32);
    assert_string_not_equal(api_text_of(passwords, "1001@pbx"), api_text_of(passwords, "1002@pbx"));
    char *made = strdup(api_text_of(passwords, "1001@pbx"));
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "burnt_ends_at")),
                     FIXTURE_NOW_S + 900);
    const json_t *phones = json_object_get(server.reply.json, "phones");
    assert_int_equal(json_array_size(phones), 1);
    assert_string_equal(json_string_value(json_array_get(phones, 0)), "001122000001");
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "auth_passwords_kept")), 0);
    ask("GET", "/phones/001122000001/url", NULL, 200);
    assert_string_not_equal(api_member(&server, "url"), old_url);
    ask("GET", "/phones/001122000001/preview/secrets", NULL, 200);
    assert_non_null(strstr(api_member(&server, "body"), made));
    assert_int_equal(audit_rows(state), 1);
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM audit WHERE detail LIKE "
                                            "'accounts=2 phones=1 passwords=made'"),
                     1);
    free(old_url);
    free(made);
}

static void test_passwords_of_the_pbx_are_taken_and_not_handed_back(void **state)
{
    ask("POST", "/users/alice/burn",
        "{\"hard\": true, \"passwords\": {\"1001@pbx\": \"" GIVEN "\", \"1002@pbx\": "
        "\"another\"}}",
        200);
    assert_int_equal(json_object_size(json_object_get(server.reply.json, "passwords")), 0);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "burnt_ends_at")), 0);
    assert_null(strstr(server.reply.text, GIVEN));
    ask("GET", "/phones/001122000001/preview/secrets", NULL, 200);
    assert_non_null(strstr(api_member(&server, "body"), GIVEN));
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM token WHERE kind <> 'folder'"),
                     0);
    assert_int_equal(fixture_number(*state, "SELECT count(*) FROM audit WHERE detail LIKE "
                                            "'%passwords=given hard'"),
                     1);
}

/* With a new one no phone could fetch the file that carries it. */
static void test_http_passwords_stay_and_their_phones_are_named(void **state)
{
    (void)state;
    ask("POST", "/phones",
        "{\"user\": \"bob\", \"mac\": \"001122000003\", \"vendor\": \"acme\", "
        "\"auth_password\": \"said\"}",
        201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001122000002\", \"vendor\": \"acme\", "
        "\"auth_password\": \"said\"}",
        201);
    ask("POST", "/users/alice/burn", "{}", 200);
    const json_t *kept = json_object_get(server.reply.json, "auth_passwords_kept");
    assert_int_equal(json_array_size(kept), 1);
    assert_string_equal(json_string_value(json_array_get(kept, 0)), "001122000002");
    assert_null(strstr(server.reply.text, "said"));
    ask("GET", "/phones/001122000002", NULL, 200);
    assert_true(json_is_true(json_object_get(server.reply.json, "auth_password_set")));
}

/* Theirs and others' with a line of the user; they know what is burnt. */
static void test_phones_are_told_to_fetch_with_what_they_know(void **state)
{
    ask("POST", "/phones",
        "{\"user\": \"bob\", \"mac\": \"001122000003\", \"vendor\": \"acme\", "
        "\"lines\": [\"1002@pbx\"]}",
        201);
    (void)fixture_number(*state, "UPDATE phone SET last_fetch_at = 5, last_fetch_address = "
                                 "'192.0.2.7' RETURNING 1");
    ask("POST", "/users/alice/burn", "{}", 200);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "resync")), 2);
    resync_fixture_tick(&server.rig, 0);
    resync_fixture_tick(&server.rig, 100);
    assert_int_equal(server.rig.notice_count, 2);
    assert_string_equal(server.rig.notices[0].password, "old1");
    assert_string_equal(server.rig.notices[1].user, "1002");
    assert_string_equal(server.rig.notices[1].password, "old2");
    ask("POST", "/users/alice/burn", "{\"hard\": true}", 200);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "resync")), 0);
    resync_stop(server.rig.resync);
    ask("POST", "/users/alice/burn", "{}", 200); /* nobody can be told */
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "resync")), 0);
}

static void test_a_burn_that_is_not_whole_changes_nothing(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *word;
    } CASES[] = {
        {"/users/alice/burn", "{\"passwords\": {\"1001@pbx\": \"" GIVEN "\"}}", 422, "1002@pbx"},
        {"/users/alice/burn",
         "{\"passwords\": {\"1001@pbx\": \"" GIVEN "\", \"1002@pbx\": \"x\", \"2001@pbx\": "
         "\"x\"}}",
         422, "has not"},
        {"/users/alice/burn", "{\"passwords\": {\"1001@pbx\": \"\", \"1002@pbx\": \"x\"}}", 422,
         "1001@pbx"},
        {"/users/alice/burn", "{\"passwords\": {\"1001@pbx\": 7, \"1002@pbx\": \"x\"}}", 422,
         "1001@pbx"},
        {"/users/alice/burn", "{\"passwords\": []}", 422, "object"},
        {"/users/alice/burn", "{\"hard\": 1}", 422, "hard"},
        {"/users/alice/burn", "{\"soft\": true}", 422, "unknown member"},
        {"/users/carol/burn", "{}", 404, "carol"},
    };

    ask("GET", "/phones/001122000001/url", NULL, 200);
    char *url = strdup(api_member(&server, "url"));
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        ask("POST", CASES[i].path, CASES[i].body, CASES[i].status);
        api_told(&server, CASES[i].word);
        assert_null(strstr(server.reply.text, GIVEN));
    }
    ask("GET", "/phones/001122000001/url", NULL, 200);
    assert_string_equal(api_member(&server, "url"), url);
    assert_int_equal(audit_rows(state), 0);
    free(url);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_passwords_are_made_and_handed_back_once),
        ROW(test_passwords_of_the_pbx_are_taken_and_not_handed_back),
        ROW(test_http_passwords_stay_and_their_phones_are_named),
        ROW(test_phones_are_told_to_fetch_with_what_they_know),
        ROW(test_a_burn_that_is_not_whole_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
