/* The audit log over the admin API. */
#include "api_client.h"

#include <sqlite3.h>
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
    ask("POST", "/users", "{\"name\": \"bob\"}", 201);
    ask("POST", "/users", "{\"name\": \"carol\"}", 201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* Behind the store's back. */
static void run_sql(const struct app_fixture *fixture, const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(fixture->db_path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void test_the_log_is_listed_newest_first_page_by_page(void **state)
{
    char actor[32];

    (void)state;
    snprintf(actor, sizeof(actor), "uid=%u", (unsigned)getuid());
    ask("GET", "/audit?limit=2", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 2);
    const json_t *newest = json_array_get(api_items(&server), 0);
    assert_string_equal(api_text_of(newest, "object"), "user=carol");
    assert_string_equal(api_text_of(newest, "action"), "user.add");
    assert_string_equal(api_text_of(newest, "actor"), actor);
    assert_int_equal(json_integer_value(json_object_get(newest, "row")), 3);
    assert_int_equal(json_integer_value(json_object_get(newest, "at")), FIXTURE_NOW_S);
    assert_string_equal(api_member(&server, "next"), "2");
    ask("GET", "/audit?limit=2&after=2", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    assert_non_null(api_item(&server, "object", "user=alice"));
    assert_true(json_is_null(json_object_get(server.reply.json, "next")));
    ask("GET", "/audit?after=x", NULL, 422);
    api_told(&server, "cursor");
    ask("GET", "/audit?after=0", NULL, 422);
    ask("GET", "/audit?user=alice", NULL, 422);
    ask("POST", "/audit", "{}", 405);
}

static void test_an_untouched_log_is_unbroken(void **state)
{
    (void)state;
    ask("GET", "/audit/verify", NULL, 200);
    assert_true(json_is_true(json_object_get(server.reply.json, "unbroken")));
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "rows")), 3);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "problems")), 0);
    assert_int_equal(server.jobs, 1);
}

static void test_a_changed_a_removed_and_a_cut_off_row_are_named(void **state)
{
    static const struct {
        const char *sql;
        const char *line;
    } CASES[] = {
        {"UPDATE audit SET object = 'user=mallory' WHERE seq = 1", "audit row 1 was changed"},
        {"DELETE FROM audit WHERE seq = 3", "audit row 3 is missing"},
        {"DELETE FROM audit WHERE seq = 5", "audit row 5 is missing"},
    };

    ask("POST", "/users", "{\"name\": \"dave\"}", 201);
    ask("POST", "/users", "{\"name\": \"erin\"}", 201);
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        run_sql(*state, CASES[i].sql);
        ask("GET", "/audit/verify", NULL, 200);
        assert_true(json_is_false(json_object_get(server.reply.json, "unbroken")));
        const json_t *problems = json_object_get(server.reply.json, "problems");
        assert_int_equal(json_array_size(problems), i + 1);
        bool found = false;
        for (size_t j = 0; j < json_array_size(problems); j++)
            found |= strcmp(json_string_value(json_array_get(problems, j)), CASES[i].line) == 0;
        assert_true(found);
    }
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_the_log_is_listed_newest_first_page_by_page),
        ROW(test_an_untouched_log_is_unbroken),
        ROW(test_a_changed_a_removed_and_a_cut_off_row_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
