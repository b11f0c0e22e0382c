/* Keys of phones and of users over the admin API. */
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
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", \"model\": \"A1\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static const char *const OWNERS[] = {"/phones/001565000001/keys", "/users/alice/keys"};

static void ask_at(const char *method, const char *owner, const char *position, const char *body,
                   int status)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", owner, position);
    ask(method, path, body, status);
}

static void test_keys_are_added_at_the_first_free_position_replaced_and_deleted(void **state)
{
    static const char BLF[] = "{\"type\": \"blf\", \"value\": \"1001\", \"label\": \"Bob\"}";

    (void)state;
    for (size_t i = 0; i < AP_COUNT(OWNERS); i++) {
        ask("POST", OWNERS[i], BLF, 201);
        assert_int_equal(json_integer_value(json_object_get(server.reply.json, "position")), 1);
        ask("POST", OWNERS[i], "{\"type\": \"line\", \"line\": 2, \"position\": 3}", 201);
        ask("POST", OWNERS[i], BLF, 201);
        assert_int_equal(json_integer_value(json_object_get(server.reply.json, "position")), 2);
        ask("POST", OWNERS[i], BLF, 201);
        assert_int_equal(json_integer_value(json_object_get(server.reply.json, "position")), 4);
        ask("POST", OWNERS[i], "{\"type\": \"line\", \"position\": 3}", 409);
        api_points(&server, "/position");
        api_told(&server, "there is a key 3 already");
        ask_at("PUT", OWNERS[i], "3", "{\"type\": \"dtmf\", \"value\": \"*1\"}", 200);
        ask("GET", OWNERS[i], NULL, 200);
        assert_int_equal(json_array_size(api_items(&server)), 4);
        const json_t *third = json_array_get(api_items(&server), 2);
        assert_string_equal(api_text_of(third, "type"), "dtmf");
        assert_string_equal(api_text_of(third, "value"), "*1");
        assert_string_equal(api_text_of(third, "of"), i == 0 ? "phone" : "user");
        ask_at("DELETE", OWNERS[i], "3", NULL, 200);
        ask_at("DELETE", OWNERS[i], "3", NULL, 404);
        api_told(&server, "there is no key 3");
        ask_at("PUT", OWNERS[i], "512", BLF, 200);
    }
}

static void test_bad_keys_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *body;
        const char *pointer, *says;
    } ROWS[] = {
        {"{}", NULL, "type is missing"},
        {"{\"type\": \"none\"}", "/type", "type must be line, speed_dial, blf, park or dtmf"},
        {"{\"type\": \"blf\"}", "/value", "a key of type blf needs a value"},
        {"{\"type\": \"speed_dial\", \"value\": \"\"}", "/value", "needs a value"},
        {"{\"type\": \"blf\", \"value\": \"1\\n2\"}", "/value", "without control characters"},
        {"{\"type\": \"blf\", \"value\": \"1\", \"line\": 65}", "/line", "from 0 to 64"},
        {"{\"type\": \"blf\", \"value\": \"1\", \"line\": \"1\"}", "/line", "a number"},
        {"{\"type\": \"blf\", \"value\": \"1\", \"colour\": 1}", "/colour", "unknown member"},
    };
    static const struct {
        const char *position;
        int status;
    } POSITIONS[] = {{"0", 422}, {"513", 422}, {"-1", 422}, {"x", 422}, {"1x", 422}, {"01", 422}};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(OWNERS); i++) {
        for (size_t j = 0; j < AP_COUNT(ROWS); j++) {
            ask("POST", OWNERS[i], ROWS[j].body, 422);
            api_told(&server, ROWS[j].says);
            api_points(&server, ROWS[j].pointer);
            ask_at("PUT", OWNERS[i], "1", ROWS[j].body, 422);
            api_points(&server, ROWS[j].pointer);
        }
        for (size_t j = 0; j < AP_COUNT(POSITIONS); j++) {
            ask_at("PUT", OWNERS[i], POSITIONS[j].position, "{\"type\": \"line\"}",
                   POSITIONS[j].status);
            ask_at("DELETE", OWNERS[i], POSITIONS[j].position, NULL, POSITIONS[j].status);
        }
        ask("POST", OWNERS[i], "{\"type\": \"line\", \"position\": 513}", 422);
        api_points(&server, "/position");
        ask_at("PUT", OWNERS[i], "1", "{\"type\": \"line\", \"position\": 2}", 422);
        api_points(&server, "/position");
        ask("GET", OWNERS[i], NULL, 200);
        assert_int_equal(json_array_size(api_items(&server)), 0);
    }
    ask("GET", "/phones/001565000099/keys", NULL, 404);
    ask("GET", "/users/eve/keys", NULL, 404);
    ask("POST", "/phones/eve/keys", "{\"type\": \"line\"}", 422);
    ask("PUT", "/users/eve/keys/1", "{\"type\": \"line\"}", 404);
}

static void test_key_that_a_dialect_cannot_carry_changes_nothing(void **state)
{
    struct app_fixture *fixture = *state;

    for (size_t i = 0; i < AP_COUNT(OWNERS); i++) {
        ask("POST", OWNERS[i], "{\"type\": \"blf\", \"value\": \"1;2\"}", 422);
        api_told(&server, "the value of key 1 cannot stand in files of Acme: it holds ';'");
        ask_at("PUT", OWNERS[i], "2", "{\"type\": \"blf\", \"value\": \"1\", \"label\": \"a;b\"}",
               422);
        api_told(&server, "the label of key 2 cannot stand in files of Acme");
    }
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT (SELECT count(*) FROM \"key\") + "
                                             "(SELECT count(*) FROM user_key)"),
                     0);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action LIKE 'key.%'"), 0);
}

static void test_phones_key_goes_before_the_users_at_one_position(void **state)
{
    (void)state;
    ask("PUT", "/users/alice/keys/1", "{\"type\": \"blf\", \"value\": \"of-user\"}", 200);
    ask("PUT", "/users/alice/keys/2", "{\"type\": \"blf\", \"value\": \"of-user\"}", 200);
    ask("PUT", "/phones/001565000001/keys/1", "{\"type\": \"blf\", \"value\": \"of-phone\"}", 200);
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_non_null(strstr(api_member(&server, "body"), "key.1 = 16 of-phone\n"));
    assert_non_null(strstr(api_member(&server, "body"), "key.2 = 16 of-user\n"));
    ask("DELETE", "/phones/001565000001/keys/1", NULL, 200);
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_non_null(strstr(api_member(&server, "body"), "key.1 = 16 of-user\n"));
}

static void test_changes_are_in_the_audit(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", OWNERS[0], "{\"type\": \"line\"}", 201);
    ask("POST", OWNERS[1], "{\"type\": \"line\"}", 201);
    ask_at("PUT", OWNERS[0], "1", "{\"type\": \"line\", \"line\": 1}", 200);
    ask_at("DELETE", OWNERS[1], "1", NULL, 200);
    fixture_stop_store(fixture);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'key.add' AND detail = "
                                "'key=1 type=line' AND object IN ('mac=001565000001', "
                                "'user=alice')"),
        2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'key.set' "
                                             "AND object = 'mac=001565000001'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action = 'key.del' "
                                             "AND object = 'user=alice' AND detail = 'key=1'"),
                     1);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_keys_are_added_at_the_first_free_position_replaced_and_deleted),
        ROW(test_bad_keys_are_refused_with_their_place),
        ROW(test_key_that_a_dialect_cannot_carry_changes_nothing),
        ROW(test_phones_key_goes_before_the_users_at_one_position),
        ROW(test_changes_are_in_the_audit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
