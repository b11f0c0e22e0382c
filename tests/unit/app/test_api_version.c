/* Entity tags, and If-Match as the guard of a change. */
#include <unistd.h>

#include "api_client.h"
#include "autoprov/array.h"

static struct api_server server;

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    api_expect(&server, "POST", "/sites", "{\"name\": \"hq\"}", 201);
    api_expect(&server, "POST", "/users", "{\"name\": \"alice\"}", 201);
    api_expect(&server, "POST", "/accounts",
               "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
               "\"password\": \"s3cret-word\"}",
               201);
    api_expect(&server, "POST", "/phones",
               "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\"}", 201);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

struct object {
    const char *path, *change, *other_change;
    const char *member;
};
static const struct object OBJECTS[] = {
    {"/users/alice", "{\"display_name\": \"A\"}", "{\"display_name\": \"B\"}", "display_name"},
    {"/accounts/1001@pbx.example.com", "{\"display_name\": \"A\"}", "{\"display_name\": \"B\"}",
     "display_name"},
    {"/phones/001565000001", "{\"label\": \"A\"}", "{\"label\": \"B\"}", "label"},
    {"/sites/hq", "{\"external_id\": \"A\"}", "{\"external_id\": \"B\"}", "external_id"},
};

static void if_match(const char *tag, char out[static 128])
{
    (void)snprintf(out, 128, "If-Match: %s\r\n", tag);
}

static void test_an_object_has_a_tag_that_changes_with_it(void **state)
{
    char tag[64];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(OBJECTS); i++) {
        api_expect(&server, "GET", OBJECTS[i].path, NULL, 200);
        assert_int_equal(server.reply.etag[0], '"');
        (void)snprintf(tag, sizeof(tag), "%s", server.reply.etag);
        api_expect(&server, "GET", OBJECTS[i].path, NULL, 200);
        assert_string_equal(server.reply.etag, tag);
        api_expect(&server, "PATCH", OBJECTS[i].path, OBJECTS[i].change, 200);
        assert_string_not_equal(server.reply.etag, tag);
        (void)snprintf(tag, sizeof(tag), "%s", server.reply.etag);
        api_expect(&server, "GET", OBJECTS[i].path, NULL, 200);
        assert_string_equal(server.reply.etag, tag);
    }
    api_expect(&server, "GET", "/users", NULL, 200);
    assert_string_equal(server.reply.etag, "");
}

static void test_of_two_changes_of_one_version_the_second_is_refused(void **state)
{
    char field[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(OBJECTS); i++) {
        api_expect(&server, "GET", OBJECTS[i].path, NULL, 200);
        if_match(server.reply.etag, field);
        api_expect_with(&server, field, "PATCH", OBJECTS[i].path, OBJECTS[i].change, 200);
        api_expect_with(&server, field, "PATCH", OBJECTS[i].path, OBJECTS[i].other_change, 412);
        assert_string_equal(api_member(&server, "type"), "urn:autoprovd:problem:stale");
        api_told(&server, "changed meanwhile");
        api_expect_with(&server, field, "DELETE", OBJECTS[i].path, NULL, 412);
        api_expect(&server, "GET", OBJECTS[i].path, NULL, 200);
        assert_string_equal(api_member(&server, OBJECTS[i].member), "A");
    }
}

static void test_if_match_takes_lists_and_the_star_but_no_weak_tag(void **state)
{
    char field[128], tag[96];

    (void)state;
    api_expect(&server, "GET", "/users/alice", NULL, 200);
    (void)snprintf(tag, sizeof(tag), "W/%s", server.reply.etag);
    if_match(tag, field);
    api_expect_with(&server, field, "PATCH", "/users/alice", "{\"display_name\": \"W\"}", 412);
    api_expect(&server, "GET", "/users/alice", NULL, 200);
    (void)snprintf(tag, sizeof(tag), "\"other\", %s", server.reply.etag);
    if_match(tag, field);
    api_expect_with(&server, field, "PATCH", "/users/alice", "{\"display_name\": \"L\"}", 200);
    api_expect_with(&server, "If-Match: *\r\n", "PATCH", "/users/alice",
                    "{\"display_name\": \"S\"}", 200);
    api_expect_with(&server, "If-Match: *\r\n", "PATCH", "/users/nobody",
                    "{\"display_name\": \"S\"}", 404);
}

/* Version 1 again, but another object. */
static void test_an_object_made_anew_has_another_tag(void **state)
{
    char field[128];

    (void)state;
    api_expect(&server, "POST", "/users", "{\"name\": \"bob\"}", 201);
    if_match(server.reply.etag, field);
    api_expect(&server, "DELETE", "/users/bob", NULL, 200);
    api_expect(&server, "POST", "/users", "{\"name\": \"bob\"}", 201);
    api_expect_with(&server, field, "DELETE", "/users/bob", NULL, 412);
}

static void test_a_path_without_tags_refuses_if_match(void **state)
{
    (void)state;
    api_expect_with(&server, "If-Match: \"x\"\r\n", "POST", "/users", "{\"name\": \"bob\"}", 422);
    api_told(&server, "gives no ETag");
    api_expect_with(&server, "If-Match: \"x\"\r\n", "PUT", "/settings",
                    "{\"scope\": \"global\", \"name\": \"language\", \"value\": \"de\"}", 422);
    api_expect(&server, "GET", "/users/bob", NULL, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_object_has_a_tag_that_changes_with_it, open_server,
                                        close_server),
        cmocka_unit_test_setup_teardown(test_of_two_changes_of_one_version_the_second_is_refused,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_if_match_takes_lists_and_the_star_but_no_weak_tag,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_an_object_made_anew_has_another_tag, open_server,
                                        close_server),
        cmocka_unit_test_setup_teardown(test_a_path_without_tags_refuses_if_match, open_server,
                                        close_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
