/* Imports, exports and objects by external id over the admin API. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

#define HEAD "user,user_display_name,site,token,sip_user,domain,password,mac,vendor,label,line\n"

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static int64_t number(const char *object, const char *member)
{
    const json_t *json = object ? json_object_get(server.reply.json, object) : server.reply.json;

    return json_integer_value(json_object_get(json, member));
}

static void path_of(char *path, size_t room, const char *id, const char *more)
{
    assert_true((size_t)snprintf(path, room, "/imports/%s%s", id, more) < room);
}

/* The text in pieces of that many bytes; the answer to "apply" and then the last report is in
 * server.reply. */
static void import_pieces(const char *text, size_t piece, const char *order, char id[static 40])
{
    char path[96], request[4096];
    size_t len = strlen(text);
    unsigned count = 0;

    ask("POST", "/imports", "{}", 201);
    assert_true(snprintf(id, 40, "%s", api_member(&server, "id")) == 36);
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        api_reply_done(&server.reply);
        int used = snprintf(request, sizeof(request),
                            "PUT /api/v1/imports/%s/chunks/%u HTTP/1.1\r\nHost: x\r\n"
                            "Content-Type: text/csv\r\nContent-Length: %zu\r\n\r\n%.*s",
                            id, count++, part, (int)part, text + at);
        assert_true(used > 0 && (size_t)used < sizeof(request));
        api_ask_raw(&server, request, &server.reply);
        assert_int_equal(server.reply.status, 200);
    }
    path_of(path, sizeof(path), id, "/apply");
    ask("POST", path, order, 202);
    path_of(path, sizeof(path), id, "");
    ask("GET", path, NULL, 200);
}

/* Imports the text whole; expects that state. */
static void import(const char *text, const char *order, const char *state)
{
    char id[40], path[96];

    import_pieces(text, strlen(text) + 1, order, id);
    assert_string_equal(api_member(&server, "state"), state);
    path_of(path, sizeof(path), id, "");
    ask("DELETE", path, NULL, 200);
}

static void expect_problems(const char *text, const char *order, const char *const *expected,
                            size_t count)
{
    char id[40], path[96], told[512];

    import_pieces(text, strlen(text) + 1, order, id);
    assert_string_equal(api_member(&server, "state"), "failed");
    path_of(path, sizeof(path), id, "/problems");
    ask("GET", path, NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(api_items(&server), i);
        assert_true(snprintf(told, sizeof(told), "%lld: %s: %s",
                             (long long)json_integer_value(json_object_get(item, "line")),
                             api_text_of(item, "column"), api_text_of(item, "reason")) > 0);
        assert_memory_equal(told, expected[i], strlen(expected[i]));
    }
    path_of(path, sizeof(path), id, "");
    ask("DELETE", path, NULL, 200);
}

static const char TWO_USERS[] =
    HEAD "alice,Alice,hq,old-folder-of-alice-1,1001,pbx.example.com,pw-a,cc5ef641b794,,Desk,\n"
         "alice,,,,1002,pbx.example.com,pw-b,cc5ef641b794,,,\n"
         "bob,\"Bob, \"\"B\"\"\",,,2001,pbx.example.com,pw-c,00:02:03:04:05:06,generic,,3\n"
         "carol,,,,,,,,,,\n";

static void test_an_import_adds_users_accounts_phones_and_lines(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(TWO_USERS, "{}", "done");
    ask("GET", "/users/alice", NULL, 200);
    assert_string_equal(api_member(&server, "site"), "hq");
    assert_int_equal(number(NULL, "accounts"), 2);
    ask("GET", "/phones/cc5ef641b794", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 2);
    ask("GET", "/phones/cc5ef641b794/url", NULL, 200);
    assert_non_null(strstr(api_member(&server, "url"), "/old-folder-of-alice-1/"));
    ask("GET", "/users/bob", NULL, 200);
    assert_string_equal(api_member(&server, "display_name"), "Bob, \"B\"");
    ask("GET", "/phones/000203040506", NULL, 200);
    const json_t *line = json_array_get(json_object_get(server.reply.json, "lines"), 0);
    assert_int_equal(json_integer_value(json_object_get(line, "position")), 3);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM audit WHERE action = 'import' AND detail "
                                    "LIKE 'rows=4 users=3+0 accounts=3+0 phones=2+0 digest=%'"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM import"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token WHERE imported = 1"), 1);
}

static void test_a_dry_run_tells_and_writes_nothing(void **state)
{
    struct app_fixture *fixture = *state;
    char id[40];

    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import_pieces(TWO_USERS, 7, "{\"dry_run\": true}", id);
    assert_string_equal(api_member(&server, "state"), "done");
    assert_int_equal(number("users", "added"), 3);
    assert_int_equal(number("accounts", "added"), 3);
    assert_int_equal(number("phones", "added"), 2);
    assert_int_equal(number(NULL, "rows"), 4);
    ask("GET", "/users", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 0);
}

static void test_what_is_there_already_is_unchanged_an_error_or_a_change(void **state)
{
    static const char OTHER[] =
        HEAD "alice,Alicia,hq,,1001,pbx.example.com,pw-new,cc5ef641b794,,Hall,\n";
    static const char *const PROBLEMS[] = {
        "2: user_display_name: it is there already, with another value; --update changes it"};

    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(TWO_USERS, "{}", "done");
    import(TWO_USERS, "{}", "done");
    expect_problems(OTHER, "{}", PROBLEMS, 1);
    ask("GET", "/users/alice", NULL, 200);
    assert_string_equal(api_member(&server, "display_name"), "Alice");
    import(OTHER, "{\"update\": true}", "done");
    ask("GET", "/users/alice", NULL, 200);
    assert_string_equal(api_member(&server, "display_name"), "Alicia");
    ask("GET", "/phones/cc5ef641b794", NULL, 200);
    assert_string_equal(api_member(&server, "label"), "Hall");
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 1);
    ask("GET", "/export/secrets", NULL, 200);
    const json_t *row = api_item(&server, "sip_user", "1001");
    assert_string_equal(api_text_of(row, "password"), "pw-new");
}

static void test_an_update_goes_by_external_id_before_mac_and_name(void **state)
{
    static const char FIRST[] = "user,user_external_id,mac,phone_external_id\n"
                                "alice,u-1,cc5ef641b794,p-1\n";
    static const char SECOND[] = "user,user_external_id,mac,phone_external_id\n"
                                 "alicia,u-1,cc5ef641b7aa,p-1\n";

    (void)state;
    import(FIRST, "{}", "done");
    import(SECOND, "{\"update\": true}", "done");
    ask("GET", "/users", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("GET", "/users/alicia", NULL, 200);
    ask("GET", "/phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("GET", "/phones/cc5ef641b7aa", NULL, 200);
    assert_string_equal(api_member(&server, "user"), "alicia");
}

static void test_every_row_at_fault_is_told(void **state)
{
    static const char TEXT[] = HEAD "a b,,,,,,,,,,\n"
                                    ",,,,,,,,,,\n"
                                    "u1,,moon,,,,,,,,\n"
                                    "u2,,,short,,,,,,,\n"
                                    "u3,,,,1,pbx,,,,,\n"
                                    "u4,,,,1,,pw,,,,\n"
                                    "u5,,,,,,,01:00:00:00:00:00,,,\n"
                                    "u6,,,,,,,02000000000z,,,\n"
                                    "u7,,,,7,pbx,pw,020000000007,nobody,,\n"
                                    "u8,,,,8,pbx,pw,020000000008,,,65\n"
                                    "u9,,,,9,pbx,pw,020000000009,,,1\n"
                                    "u9,,,,10,pbx,pw,020000000009,,,1\n"
                                    "u9,other,,,,,,,,,\n"
                                    "u10,,,,9,pbx,pw,,,,\n"
                                    "u11,,,,,,,020000000009,,,\n"
                                    "u12,,,tokentokentoken1,,,,,,,\n"
                                    "u13,,,tokentokentoken1,,,,,,,\n"
                                    "u9,,,,,,,,,,\n"
                                    "u14,,,,,,,,,lost,\n";
    static const char *const PROBLEMS[] = {
        "2: user: letters",
        "3: user: this cell is empty",
        "4: site: there is no such site",
        "5: token: 15 to 64",
        "6: password: a new account needs its password",
        "7: domain: missing",
        "8: mac: this is the MAC of no phone",
        "9: mac: no MAC",
        "10: vendor: there is no vendor",
        "11: line: a number from 1 to 64",
        "13: line: a row above has this line",
        "14: user_display_name: line 12 has another value",
        "15: account_user: line 12 has this account for another user",
        "16: user: line 12 has this phone for another user",
        "18: token: a row above has this for another",
        "19: user: line 12 names it already",
        "20: mac: missing",
    };
    struct app_fixture *fixture = *state;

    expect_problems(TEXT, "{}", PROBLEMS, AP_COUNT(PROBLEMS));
    assert_null(strstr(fixture->log, "tokentoken"));
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM user"), 0);
}

static void test_values_that_no_file_carries_are_refused(void **state)
{
    static const char *const PROBLEMS[] = {"2: "};

    (void)state;
    ask("POST", "/users", "{\"name\": \"alice\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1\", \"domain\": \"d\", \"password\": \"p\", "
        "\"display_name\": \"\\u20ac\"}",
        201);
    /* What one phone is refused, the same phone of an import is. */
    api_reply_done(&server.reply);
    api_ask(&server, "POST", "/phones",
            "{\"user\": \"alice\", \"mac\": \"020000000001\", \"vendor\": \"latin\"}",
            &server.reply);
    assert_int_equal(server.reply.status, 422);
    expect_problems("user,sip_user,domain,mac,vendor\nalice,1,d,020000000001,latin\n", "{}",
                    PROBLEMS, 1);
    expect_problems("user,sip_user,domain,password,account_display_name,mac,vendor\n"
                    "bob,2,d,p,\xe2\x82\xac,020000000002,latin\n",
                    "{}", PROBLEMS, 1);
}

static void test_an_export_is_an_import_that_changes_nothing(void **state)
{
    const json_t *columns, *row;
    char text[8192] = "";
    char id[40];
    size_t i, j;

    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(TWO_USERS, "{}", "done");
    import("user,account_user,sip_user,domain,mac,line\n"
           "bob,alice,1001,pbx.example.com,000203040506,1\n"
           "bob,bob,2001,pbx.example.com,000203040506,3\n",
           "{\"update\": true}", "done");
    json_t *pages = json_array();
    char path[64] = "/export/secrets?limit=2";
    while (path[0]) {
        ask("GET", path, NULL, 200);
        assert_int_equal(json_array_extend(pages, api_items(&server)), 0);
        columns = json_object_get(server.reply.json, "columns");
        if (!text[0]) {
            for (i = 0; i < json_array_size(columns); i++)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
                               i ? "," : "", json_string_value(json_array_get(columns, i)));
            strcat(text, "\n");
        }
        json_array_foreach(api_items(&server), i, row)
        {
            for (j = 0; j < json_array_size(columns); j++) {
                const char *cell = json_string_value(
                    json_object_get(row, json_string_value(json_array_get(columns, j))));
                /* Only Bob's name has quotes. */
                bool quoted = cell && strchr(cell, '"');
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
                               j ? "," : "",
                               quoted ? "\"Bob, \"\"B\"\"\""
                               : cell ? cell
                                      : "");
            }
            strcat(text, "\n");
        }
        const char *next = json_string_value(json_object_get(server.reply.json, "next"));
        if (next)
            (void)snprintf(path, sizeof(path), "/export/secrets?limit=2&after=%s", next);
        else
            path[0] = '\0';
    }
    assert_int_equal(json_array_size(pages), 5);
    json_decref(pages);
    import_pieces(text, 2000, "{\"dry_run\": true, \"update\": true}", id);
    assert_string_equal(api_member(&server, "state"), "done");
    assert_int_equal(number("users", "unchanged"), 3);
    assert_int_equal(number("phones", "unchanged"), 2);
    assert_int_equal(number("users", "changed") + number("accounts", "changed") +
                         number("phones", "changed") + number("users", "added"),
                     0);
}

static void test_one_import_at_a_time_and_only_in_order(void **state)
{
    char id[40], path[96];

    (void)state;
    ask("POST", "/imports", "{}", 201);
    assert_true(snprintf(id, sizeof(id), "%s", api_member(&server, "id")) == 36);
    ask("POST", "/imports", "{}", 503);
    api_told(&server, "another import is under way");
    ask("GET", "/imports/nobody", NULL, 404);
    ask("GET", "/imports/nobody/problems", NULL, 404);
    path_of(path, sizeof(path), id, "/chunks/1");
    ask("PUT", path, "{}", 422);
    api_told(&server, "text/csv");
    path_of(path, sizeof(path), id, "/apply");
    ask("POST", path, "{}", 202);
    ask("POST", path, "{}", 409);
    path_of(path, sizeof(path), id, "");
    ask("GET", path, NULL, 200);
    assert_string_equal(api_member(&server, "state"), "failed"); /* an empty text */
    ask("DELETE", path, NULL, 200);
    ask("POST", "/imports", "{}", 201);
    atomic_fetch_add(&server.fixture->monotonic_ms, 61000);
    api_tick(server.api);
    ask("POST", "/imports", "{}", 201);
}

/* The client did not get the answer and sends the same call again. */
static void test_a_call_of_one_idempotency_key_is_made_once(void **state)
{
    static const char KEY[] = "Idempotency-Key: 4e6f\r\n", OTHER[] = "Idempotency-Key: 4e70\r\n";
    char path[96], id[40], fields[128];

    (void)state;
    api_expect_with(&server, KEY, "POST", "/imports", "{}", 201);
    (void)snprintf(id, sizeof(id), "%s", api_member(&server, "id"));
    api_expect_with(&server, KEY, "POST", "/imports", "{}", 201);
    assert_string_equal(api_member(&server, "id"), id);
    api_expect_with(&server, OTHER, "POST", "/imports", "{}", 503);
    ask("POST", "/imports", "{}", 503);
    path_of(path, sizeof(path), id, "/apply");
    api_expect_with(&server, KEY, "POST", path, "{}", 202);
    api_expect_with(&server, KEY, "POST", path, "{}", 202);
    api_expect_with(&server, OTHER, "POST", path, "{}", 409);
    ask("POST", path, "{}", 409);
    (void)snprintf(fields, sizeof(fields), "Idempotency-Key: %065d\r\n", 1);
    api_expect_with(&server, fields, "POST", "/imports", "{}", 422);
    api_told(&server, "at most 64 bytes");
}

static void test_objects_are_put_by_external_id(void **state)
{
    (void)state;
    ask("PUT", "/users/by-external/u-1", "{\"name\": \"alice\"}", 201);
    ask("PUT", "/users/by-external/u-1", "{\"name\": \"alice\", \"display_name\": \"A\"}", 200);
    assert_string_equal(api_member(&server, "display_name"), "A");
    ask("PUT", "/users/by-external/u-1", "{\"name\": \"bob\"}", 409);
    api_points(&server, "/name");
    ask("PUT", "/users/by-external/u-1", "{\"external_id\": \"u-2\"}", 422);
    ask("PUT", "/accounts/by-external/a-1",
        "{\"user\": \"alice\", \"sip_user\": \"1\", \"domain\": \"d\", \"password\": \"p\"}", 201);
    ask("PUT", "/accounts/by-external/a-1", "{\"user\": \"alice\", \"sip_user\": \"2\"}", 200);
    ask("GET", "/accounts/2@d", NULL, 200);
    ask("PUT", "/phones/by-external/p-1", "{\"user\": \"alice\", \"mac\": \"02:00:00:00:00:01\"}",
        201);
    ask("PUT", "/phones/by-external/p-1",
        "{\"user\": \"alice\", \"mac\": \"020000000001\", \"label\": \"Hall\"}", 200);
    assert_string_equal(api_member(&server, "label"), "Hall");
    ask("PUT", "/phones/by-external/p-1", "{\"mac\": \"020000000002\"}", 409);
    api_points(&server, "/mac");
    ask("GET", "/phones/by-external/p-1", NULL, 405);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(test_an_import_adds_users_accounts_phones_and_lines),
        TEST(test_a_dry_run_tells_and_writes_nothing),
        TEST(test_what_is_there_already_is_unchanged_an_error_or_a_change),
        TEST(test_an_update_goes_by_external_id_before_mac_and_name),
        TEST(test_every_row_at_fault_is_told),
        TEST(test_values_that_no_file_carries_are_refused),
        TEST(test_an_export_is_an_import_that_changes_nothing),
        TEST(test_one_import_at_a_time_and_only_in_order),
        TEST(test_a_call_of_one_idempotency_key_is_made_once),
        TEST(test_objects_are_put_by_external_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
