/* Templates over the admin API: shown, tried, stored and taken back. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

#define ACME "/templates/acme.cfg"

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
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"d\", "
        "\"password\": \"s3cret-word\"}",
        201);
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}",
        201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static void test_templates_are_listed_with_where_they_come_from(void **state)
{
    (void)state;
    ask("GET", "/templates", NULL, 200);
    json_t *item = api_item(&server, "name", "acme.cfg");
    assert_non_null(item);
    assert_string_equal(api_text_of(item, "source"), "shipped");
    assert_true(json_is_null(json_object_get(item, "problem")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(item, "vendors"), 0)),
                        "acme");
    ask("GET", ACME, NULL, 200);
    assert_memory_equal(api_member(&server, "text"), "mac = {{", 8);
    assert_string_equal(api_member(&server, "shipped"), api_member(&server, "text"));
    assert_true(json_is_false(json_object_get(server.reply.json, "read_only")));
    ask("GET", "/templates/none.cfg", NULL, 404);
    ask("GET", "/templates/passwd", NULL, 404);
    ask("GET", "/templates/.hidden.cfg", NULL, 404);
}

static void test_a_text_is_checked_with_the_places_of_its_faults(void **state)
{
    (void)state;
    ask("POST", ACME "/check", "{\"text\": \"mac = {{mac}}\\n\"}", 200);
    assert_true(json_is_true(json_object_get(server.reply.json, "ok")));
    assert_true(json_integer_value(json_object_get(server.reply.json, "renderings")) > 0);
    ask("POST", ACME "/check", "{\"text\": \"a\\n{{#lines}}\\n b {{/x}}\"}", 200);
    assert_true(json_is_false(json_object_get(server.reply.json, "ok")));
    json_t *problem = json_array_get(json_object_get(server.reply.json, "problems"), 0);
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 3);
    assert_true(json_integer_value(json_object_get(problem, "column")) > 0);
    assert_null(strstr(api_text_of(problem, "text"), "acme.cfg:"));
    ask("POST", ACME "/check", "{\"text\": \"{{no_such_name}}\"}", 200);
    problem = json_array_get(json_object_get(server.reply.json, "problems"), 0);
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 1);
    ask("POST", ACME "/check", "{\"text\": \"{{>none.cfg}}\"}", 200);
    assert_non_null(strstr(server.reply.text, "there is no template"));
    ask("POST", ACME "/check", "{}", 422);
    ask("POST", ACME "/check", "{\"text\": \"\"}", 422);
    ask("POST", "/templates/etc/check", "{\"text\": \"x\"}", 404);
}

static void test_a_text_is_tried_on_a_phone_without_its_secrets(void **state)
{
    (void)state;
    ask("POST", ACME "/preview",
        "{\"mac\": \"001565000001\", \"text\": "
        "\"new {{mac}}\\n{{#lines}}{{auth_password}}{{/lines}}\"}",
        200);
    assert_string_equal(api_member(&server, "file"), "001565000001.cfg");
    assert_non_null(strstr(api_member(&server, "body"), "new 001565000001"));
    assert_null(strstr(server.reply.text, "s3cret-word"));
    ask("POST", ACME "/preview", "{\"mac\": \"001565000001\", \"text\": \"{{\"}", 422);
    api_points(&server, "/text");
    api_told(&server, "acme.cfg:1:1");
    ask("POST", ACME "/preview", "{\"mac\": \"001565000009\", \"text\": \"x\"}", 404);
    api_points(&server, "/mac");
}

static void test_a_stored_template_is_in_use_when_answered_and_can_be_taken_back(void **state)
{
    struct app_fixture *fixture = *state;

    ask("PUT", ACME, "{\"text\": \"stored {{mac}}\\n\"}", 200);
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_string_equal(api_member(&server, "body"), "stored 001565000001\n");
    ask("GET", ACME, NULL, 200);
    assert_string_equal(api_member(&server, "source"), "stored");
    assert_string_equal(api_member(&server, "text"), "stored {{mac}}\n");
    assert_non_null(strstr(api_member(&server, "shipped"), "mac ="));
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "changed_at")),
                     FIXTURE_NOW_S);
    ask("PUT", ACME, "{\"text\": \"a\\n{{/x}}\"}", 422);
    api_points(&server, "/text");
    api_told(&server, "line 2, column");
    ask("DELETE", ACME, NULL, 200);
    ask("DELETE", ACME, NULL, 404);
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_memory_equal(api_member(&server, "body"), "mac = 001565000001\n", 19);
    fixture_stop_store(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit WHERE action IN "
                                             "('template.set', 'template.del') AND object = "
                                             "'template=acme.cfg'"),
                     2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM template"), 0);
}

static void test_two_who_change_one_template_do_not_overwrite_each_other(void **state)
{
    char field[128];

    (void)state;
    ask("GET", ACME, NULL, 200);
    (void)snprintf(field, sizeof(field), "If-Match: %s\r\n", server.reply.etag);
    api_expect_with(&server, field, "PUT", ACME, "{\"text\": \"first\"}", 200);
    api_expect_with(&server, field, "PUT", ACME, "{\"text\": \"second\"}", 412);
    ask("GET", ACME, NULL, 200);
    assert_string_equal(api_member(&server, "text"), "first");
}

static void test_a_part_that_others_call_stays(void **state)
{
    (void)state;
    ask("PUT", "/templates/part.cfg", "{\"text\": \"part\"}", 200);
    ask("PUT", ACME, "{\"text\": \"{{>part.cfg}}\"}", 200);
    ask("DELETE", "/templates/part.cfg", NULL, 409);
    api_told(&server, "there is no template 'part.cfg'");
    ask("DELETE", ACME, NULL, 200);
    ask("DELETE", "/templates/part.cfg", NULL, 200);
}

static void test_a_file_of_the_admins_folder_wins_and_is_read_only(void **state)
{
    struct app_fixture *fixture = *state;

    ask("PUT", ACME, "{\"text\": \"stored\"}", 200);
    fixture_make_folder(fixture, "custom");
    fixture_write(fixture, "custom/acme.cfg", "own {{mac}}\n");
    api_server_reload(&server);
    ask("GET", ACME, NULL, 200);
    assert_string_equal(api_member(&server, "source"), "file");
    assert_string_equal(api_member(&server, "text"), "own {{mac}}\n");
    assert_true(json_is_true(json_object_get(server.reply.json, "read_only")));
    assert_non_null(strstr(api_member(&server, "reason"), "/custom/acme.cfg"));
    ask("PUT", ACME, "{\"text\": \"x\"}", 409);
}

/* As after an upgrade: what was good does not compile any more. */
static void test_a_stored_template_that_does_not_compile_is_passed_over_and_marked(void **state)
{
    ask("PUT", ACME, "{\"text\": \"stored\"}", 200);
    (void)fixture_number(*state, "UPDATE template SET text = '{{#open}}' RETURNING 1");
    api_server_reload(&server);
    ask("GET", "/templates", NULL, 200);
    json_t *item = api_item(&server, "name", "acme.cfg");
    assert_string_equal(api_text_of(item, "source"), "stored");
    assert_non_null(strstr(api_text_of(item, "problem"), "acme.cfg:1:"));
    ask("GET", ACME, NULL, 200);
    assert_string_equal(api_member(&server, "text"), "{{#open}}");
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_memory_equal(api_member(&server, "body"), "mac = 001565000001\n", 19);
    ask("PUT", ACME, "{\"text\": \"mended\"}", 200);
    ask("GET", "/phones/001565000001/preview", NULL, 200);
    assert_string_equal(api_member(&server, "body"), "mended");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_templates_are_listed_with_where_they_come_from),
        ROW(test_a_text_is_checked_with_the_places_of_its_faults),
        ROW(test_a_text_is_tried_on_a_phone_without_its_secrets),
        ROW(test_a_stored_template_is_in_use_when_answered_and_can_be_taken_back),
        ROW(test_two_who_change_one_template_do_not_overwrite_each_other),
        ROW(test_a_part_that_others_call_stays),
        ROW(test_a_file_of_the_admins_folder_wins_and_is_read_only),
        ROW(test_a_stored_template_that_does_not_compile_is_passed_over_and_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
