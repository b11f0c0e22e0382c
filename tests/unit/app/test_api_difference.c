/* What of a phone's file is new since it last got it. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define ACME  "/phones/001565000001"
#define LATIN "/phones/001565000003"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static int open_server(void **state)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" TOKEN "\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
        "\"password\": \"s3cret-word\"}",
        201);
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", "
        "\"model\": \"A1\"}",
        201);
    fixture_write(*state, "templates/acme.cfg",
                  "mac = {{mac_upper}}\nurl = {{provisioning_url}}\nadmin = {{admin_password}}\n"
                  "{{#lines}}\n{{#is_set}}\nline.{{position}} = {{sip_user}} {{password}}\n"
                  "{{/is_set}}\n{{/lines}}\n");
    api_server_reload(&server);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* As if the phone had fetched that body, with or without digests of its lines. */
static void deliver(struct app_fixture *fixture, const char *mac, const char *pattern,
                    const char *body, bool with_lines)
{
    uint32_t digests[AP_BODY_LINES_MAX];
    uint8_t digest[VAULT_TAG_BYTES];
    char hex[2 * VAULT_TAG_BYTES + 1], lines[1024] = "", sql[2048];
    size_t count = 0;

    assert_int_equal(vault_body_digest(fixture->vault, body, strlen(body), digest), 0);
    text_hex(digest, sizeof(digest), hex);
    assert_int_equal(vault_line_digests(fixture->vault, body, strlen(body), digests, &count), 0);
    for (size_t i = 0; i < count; i++) {
        const uint8_t bytes[] = {(uint8_t)digests[i], (uint8_t)(digests[i] >> 8),
                                 (uint8_t)(digests[i] >> 16), (uint8_t)(digests[i] >> 24)};
        text_hex(bytes, sizeof(bytes), lines + 8 * i);
    }
    (void)snprintf(sql, sizeof(sql),
                   "INSERT OR REPLACE INTO delivered (phone_id, file, digest, at, lines) SELECT "
                   "id, '%s', x'%s', %lld, iif(%d, x'%s', NULL) FROM phone WHERE mac = '%s' "
                   "RETURNING 1",
                   pattern, hex, (long long)FIXTURE_NOW_S, with_lines, lines, mac);
    assert_int_equal(fixture_number(fixture, sql), 1);
}

/* state, and the number of new and of gone lines; gone -1: null. */
static void check(const char *path, const char *state, size_t expected_new, int64_t gone)
{
    const json_t *line;
    size_t i, fresh = 0;

    ask("GET", path, NULL, 200);
    const json_t *number = json_object_get(server.reply.json, "gone");
    json_array_foreach(json_object_get(server.reply.json, "lines"), i, line) fresh +=
        json_is_true(json_object_get(line, "is_new"));
    assert_string_equal(api_member(&server, "state"), state);
    assert_int_equal(fresh, expected_new);
    if (gone < 0)
        assert_true(json_is_null(number));
    else
        assert_int_equal(json_integer_value(number), gone);
    assert_null(strstr(server.reply.text, "s3cret-word"));
    assert_null(strstr(server.reply.text, TOKEN));
}

static const json_t *line_at(size_t i)
{
    const json_t *line = json_array_get(json_object_get(server.reply.json, "lines"), i);

    assert_non_null(line);
    return line;
}

#define URL_LINE "url = https://pbx.example.com/provision/" TOKEN "/001565000001.cfg\n"

static void test_new_and_gone_lines_are_told_without_their_secrets(void **state)
{
    struct app_fixture *fixture = *state;
    static const struct {
        const char *delivered;
        const char *state;
        size_t fresh;
        int64_t gone;
        size_t new_line; /* of the answer */
    } ROWS[] = {
        {"mac = 001565000001\n" URL_LINE "admin = \nline.1 = 1001 s3cret-word\n", "current", 0, 0,
         99},
        /* A secret that is another one is a new line, masked as it is. */
        {"mac = 001565000001\n" URL_LINE "admin = \nline.1 = 1001 old-word\n", "stale", 1, 1, 3},
        {URL_LINE "admin = \nline.1 = 1001 s3cret-word\nkey.1 = 15 1\nkey.2 = 15 1\n", "stale", 1,
         2, 0},
        /* Order and repetition are no difference; line ends are. */
        {"line.1 = 1001 s3cret-word\nadmin = \nadmin = \n" URL_LINE "mac = 001565000001\n", "stale",
         0, 0, 99},
        {"mac = 001565000001\r\n" URL_LINE "admin = \nline.1 = 1001 s3cret-word\n", "stale", 1, 1,
         0},
        {"", "stale", 4, 0, 0},
    };

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        deliver(fixture, "001565000001", "{mac}.cfg", ROWS[i].delivered, true);
        check(ACME "/difference", ROWS[i].state, ROWS[i].fresh, ROWS[i].gone);
        if (ROWS[i].new_line < 4)
            assert_true(json_is_true(json_object_get(line_at(ROWS[i].new_line), "is_new")));
        assert_string_equal(api_text_of(line_at(0), "text"), "mac = 001565000001");
        assert_string_equal(api_text_of(line_at(3), "text"), "line.1 = 1001 ********");
        assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 4);
        assert_string_equal(api_member(&server, "file"), "001565000001.cfg");
        assert_int_equal(json_integer_value(json_object_get(server.reply.json, "delivered_at")),
                         FIXTURE_NOW_S);
    }
    assert_null(strstr(fixture->log, "s3cret-word"));
}

static void test_without_digests_no_line_is_new(void **state)
{
    struct app_fixture *fixture = *state;

    check(ACME "/difference", "never_fetched", 0, -1);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "delivered_at")), 0);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 4);
    deliver(fixture, "001565000001", "{mac}.cfg", "old\n", false);
    check(ACME "/difference", "stale", 0, -1);
    check(ACME "/difference?file=001565000001-book.xml", "never_fetched", 0, -1);
}

static void test_latin_lines_are_compared_as_sent_and_shown_as_utf_8(void **state)
{
    struct app_fixture *fixture = *state;

    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000003\", \"vendor\": \"latin\", "
        "\"model\": \"L1\"}",
        201);
    ask("PATCH", LATIN, "{\"label\": \"M\\u00fcller\"}", 200);
    deliver(fixture, "001565000003", "latin-{model}-{mac}.cfg", "l1=M\xfcller\r\n", true);
    check(LATIN "/difference", "current", 0, 0);
    assert_string_equal(api_text_of(line_at(0), "text"), "l1=M\xc3\xbcller");
    ask("PATCH", LATIN, "{\"label\": \"M\\u00f6ller\"}", 200);
    check(LATIN "/difference", "stale", 1, 1);
    assert_string_equal(api_text_of(line_at(0), "text"), "l1=M\xc3\xb6ller");
}

static void test_a_file_that_cannot_be_rendered_says_why(void **state)
{
    struct app_fixture *fixture = *state;

    fixture_write(fixture, "templates/acme.cfg", "{{{label}}}\n");
    api_server_reload(&server);
    assert_int_equal(fixture_number(fixture, "UPDATE phone SET label = '# x' RETURNING 1"), 1);
    for (int i = 0; i < 2; i++) {
        check(ACME "/difference", "broken", 0, -1);
        assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 0);
        assert_non_null(strstr(api_member(&server, "error"), "the label cannot stand"));
        deliver(fixture, "001565000001", "{mac}.cfg", "old\n", true);
    }
}

static void test_what_is_not_the_phones_is_refused(void **state)
{
    (void)state;
    ask("GET", ACME "/difference?file=001565000002.cfg", NULL, 404);
    ask("GET", ACME "/difference?name=x", NULL, 422);
    ask("GET", "/phones/001565000099/difference", NULL, 404);
}

/* More lines than a row has room for. */
static void test_a_long_file_is_shown_and_not_compared(void **state)
{
    struct app_fixture *fixture = *state;
    static char template[2 * (AP_BODY_LINES_MAX + 1) + 1];

    for (size_t i = 0; i <= AP_BODY_LINES_MAX; i++)
        memcpy(template + 2 * i, "x\n", 2);
    fixture_write(fixture, "templates/acme.cfg", template);
    api_server_reload(&server);
    deliver(fixture, "001565000001", "{mac}.cfg", "old\n", true);
    check(ACME "/difference", "stale", 0, -1);
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")),
                     AP_BODY_LINES_MAX + 1);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_new_and_gone_lines_are_told_without_their_secrets),
        ROW(test_without_digests_no_line_is_new),
        ROW(test_latin_lines_are_compared_as_sent_and_shown_as_utf_8),
        ROW(test_a_file_that_cannot_be_rendered_says_why),
        ROW(test_what_is_not_the_phones_is_refused),
        ROW(test_a_long_file_is_shown_and_not_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
