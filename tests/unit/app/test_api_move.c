/* Phones that go to another user, and whole lists of keys, with the phone's tag as their guard. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

#define PHONE "/phones/001565000001"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    static const char *const ACCOUNTS[][2] = {{"alice", "1001"}, {"bob", "2001"}, {"bob", "2002"}};
    char body[200];

    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/users", "{\"name\": \"bob\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ACCOUNTS); i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"user\": \"%s\", \"sip_user\": \"%s\", \"domain\": \"d\", "
                       "\"password\": \"p\"}",
                       ACCOUNTS[i][0], ACCOUNTS[i][1]);
        ask("POST", "/accounts", body, 201);
    }
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", \"model\": \"A1\", "
        "\"label\": \"Desk\", \"external_id\": \"x-1\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void if_match(const char *method, const char *path, const char *tag, const char *body,
                     int status)
{
    char field[128];

    (void)snprintf(field, sizeof(field), "If-Match: %s\r\n", tag);
    api_expect_with(&server, field, method, path, body, status);
}

static void get_tag(char tag[static 64])
{
    ask("GET", PHONE, NULL, 200);
    (void)snprintf(tag, 64, "%s", server.reply.etag);
}

static const char *line(size_t index)
{
    return api_text_of(json_array_get(json_object_get(server.reply.json, "lines"), index),
                       "account");
}

/* -- moves ------------------------------------------------------------------------------------- */

static void test_a_phone_goes_to_another_user_with_what_it_is_and_did(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", PHONE "/keys", "{\"type\": \"dtmf\", \"value\": \"*1\"}", 201);
    ask("PUT", "/settings",
        "{\"scope\": \"phone\", \"id\": \"001565000001\", \"name\": \"language\", \"value\": "
        "\"de\"}",
        200);
    (void)fixture_number(fixture, "UPDATE phone SET last_fetch_at = 9, first_at = 9, moved_at = 9, "
                                  "bootstrap_at = 8, enrol_until = 99, first_network = 'x', "
                                  "seen_generation = 5 RETURNING 1");
    (void)fixture_number(fixture, "INSERT INTO token (blind_index, kind, user_id, phone_id, "
                                  "token_sealed, imported, generation, created_at, ends_at) SELECT "
                                  "zeroblob(32), 'bootstrap', user_id, id, zeroblob(44), 0, 0, 1, "
                                  "9999999999 FROM phone RETURNING 1");
    ask("POST", "/users/bob/token/rotate", NULL, 200);
    ask("POST", PHONE "/move", "{\"user\": \"bob\"}", 200);
    assert_string_equal(api_member(&server, "user"), "bob");
    assert_string_equal(api_member(&server, "label"), "Desk");
    assert_string_equal(api_member(&server, "external_id"), "x-1");
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 2);
    assert_string_equal(line(0), "2001@d");
    assert_string_equal(line(1), "2002@d");
    ask("GET", PHONE "/keys", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("GET", "/users/alice", NULL, 200);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "phones")), 0);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token WHERE kind = "
                                             "'bootstrap'"),
                     0);
    /* The one token that names it is bob's newest. */
    assert_int_equal(fixture_number(fixture, "SELECT seen_generation FROM phone"), 1);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT first_at + moved_at + bootstrap_at + "
                                    "enrol_until + (first_network IS NOT NULL) FROM phone"),
                     0);
    assert_int_equal(fixture_number(fixture, "SELECT last_fetch_at FROM phone"), 9);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE scope = 'phone'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = "
                                             "'phone.move' AND object = 'mac=001565000001' AND "
                                             "detail = 'from=alice to=bob'"),
                     1);
}

static void test_a_move_takes_the_lines_that_it_is_given(void **state)
{
    (void)state;
    ask("POST", PHONE "/move", "{\"user\": \"bob\", \"lines\": [\"2002@d\", \"1001@d\"]}", 200);
    assert_string_equal(line(0), "2002@d");
    assert_string_equal(line(1), "1001@d");
    ask("POST", PHONE "/move", "{\"user\": \"alice\", \"lines\": []}", 200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 0);
}

static void test_a_move_that_cannot_be_leaves_the_phone_as_it_is(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *pointer;
    } ROWS[] = {
        {PHONE "/move", "{\"user\": \"eve\"}", 404, "/user"},
        {PHONE "/move", "{\"user\": \"alice\"}", 409, "/user"},
        {PHONE "/move", "{\"user\": \"bob\", \"lines\": [\"9@d\"]}", 404, "/lines"},
        {PHONE "/move", "{\"user\": \"bob\", \"mac\": \"1\"}", 422, "/mac"},
        {PHONE "/move", "{}", 422, NULL},
        {"/phones/001565000009/move", "{\"user\": \"bob\"}", 404, NULL},
    };
    char tag[64], now[64];

    (void)state;
    get_tag(tag);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        ask("POST", ROWS[i].path, ROWS[i].body, ROWS[i].status);
        api_points(&server, ROWS[i].pointer);
    }
    /* A value that bob's phones of this vendor cannot have. */
    ask("PATCH", "/users/bob", "{\"display_name\": \"# one\"}", 200);
    ask("POST", PHONE "/move", "{\"user\": \"bob\"}", 422);
    api_told(&server, "cannot stand in files of Acme");
    get_tag(now);
    assert_string_equal(now, tag);
    assert_string_equal(api_member(&server, "user"), "alice");
}

/* -- keys -------------------------------------------------------------------------------------- */

static void test_all_keys_of_a_phone_are_given_at_once(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", PHONE "/keys", "{\"type\": \"dtmf\", \"value\": \"*1\"}", 201);
    ask("POST", "/users/alice/keys", "{\"type\": \"dtmf\", \"value\": \"*2\", \"position\": 4}",
        201);
    ask("PUT", PHONE "/keys",
        "{\"keys\": [{\"position\": 3, \"type\": \"blf\", \"value\": \"10\", \"label\": \"Bob\", "
        "\"line\": 1}, {\"position\": 2, \"type\": \"line\"}]}",
        200);
    assert_int_equal(json_array_size(api_items(&server)), 3);
    assert_string_equal(api_text_of(json_array_get(api_items(&server), 1), "label"), "Bob");
    assert_string_equal(api_text_of(json_array_get(api_items(&server), 2), "of"), "user");
    ask("PUT", PHONE "/keys", "{\"keys\": []}", 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'key.set' "
                                             "AND detail IN ('keys=2', 'keys=0')"),
                     2);
}

static void test_a_key_of_the_list_that_cannot_be_is_pointed_to(void **state)
{
    static const struct {
        const char *keys, *pointer;
    } ROWS[] = {
        {"5", "/keys"},
        {"[5]", "/keys/0"},
        {"[{\"type\": \"line\"}]", "/keys/0"},
        {"[{\"position\": 1, \"type\": \"line\"}, {\"position\": 1, \"type\": \"line\"}]",
         "/keys/1/position"},
        {"[{\"position\": 0, \"type\": \"line\"}]", "/keys/0/position"},
        {"[{\"position\": 513, \"type\": \"line\"}]", "/keys/0/position"},
        {"[{\"position\": 1, \"type\": \"line\"}, {\"position\": 2, \"type\": \"moon\"}]",
         "/keys/1/type"},
        {"[{\"position\": 1, \"type\": \"blf\"}]", "/keys/0/value"},
        {"[{\"position\": 1, \"type\": \"line\", \"colour\": 1}]", "/keys/0/colour"},
        {"[{\"position\": 1}]", "/keys/0"},
    };
    char body[256];

    (void)state;
    ask("POST", PHONE "/keys", "{\"type\": \"dtmf\", \"value\": \"*1\"}", 201);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        (void)snprintf(body, sizeof(body), "{\"keys\": %s}", ROWS[i].keys);
        ask("PUT", PHONE "/keys", body, 422);
        api_points(&server, ROWS[i].pointer);
    }
    ask("PUT", PHONE "/keys", "{}", 422);
    ask("PUT", "/phones/001565000009/keys", "{\"keys\": []}", 404);
    ask("GET", PHONE "/keys", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
}

/* -- the phone's tag --------------------------------------------------------------------------- */

static void test_a_change_of_keys_lines_or_settings_changes_the_phones_tag(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } ROWS[] = {
        {"POST", PHONE "/keys", "{\"type\": \"line\", \"position\": 1}"},
        {"PUT", PHONE "/keys/1", "{\"type\": \"line\", \"line\": 1}"},
        {"DELETE", PHONE "/keys/1", NULL},
        {"PUT", PHONE "/keys", "{\"keys\": []}"},
        {"PATCH", PHONE, "{\"lines\": []}"},
        {"PUT", "/settings",
         "{\"scope\": \"phone\", \"id\": \"001565000001\", \"name\": \"language\", \"value\": "
         "\"de\"}"},
        {"DELETE", "/settings?scope=phone&id=001565000001&name=language", NULL},
        {"POST", PHONE "/move", "{\"user\": \"bob\"}"},
    };
    char before[64], after[64];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        get_tag(before);
        ask(ROWS[i].method, ROWS[i].path, ROWS[i].body,
            strcmp(ROWS[i].method, "POST") == 0 && i == 0 ? 201 : 200);
        get_tag(after);
        assert_string_not_equal(after, before);
    }
}

static void test_keys_and_moves_are_guarded_by_the_phones_tag(void **state)
{
    char tag[64];

    (void)state;
    get_tag(tag);
    if_match("PUT", PHONE "/keys", tag, "{\"keys\": [{\"position\": 1, \"type\": \"line\"}]}", 200);
    if_match("PUT", PHONE "/keys", tag, "{\"keys\": []}", 412);
    if_match("POST", PHONE "/move", tag, "{\"user\": \"bob\"}", 412);
    ask("GET", PHONE "/keys", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    get_tag(tag);
    if_match("POST", PHONE "/move", tag, "{\"user\": \"bob\"}", 200);
    get_tag(tag);
    if_match("POST", PHONE "/keys", tag, "{\"type\": \"line\"}", 422);
    api_told(&server, "gives no ETag");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_a_phone_goes_to_another_user_with_what_it_is_and_did),
        ROW(test_a_move_takes_the_lines_that_it_is_given),
        ROW(test_a_move_that_cannot_be_leaves_the_phone_as_it_is),
        ROW(test_all_keys_of_a_phone_are_given_at_once),
        ROW(test_a_key_of_the_list_that_cannot_be_is_pointed_to),
        ROW(test_a_change_of_keys_lines_or_settings_changes_the_phones_tag),
        ROW(test_keys_and_moves_are_guarded_by_the_phones_tag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
