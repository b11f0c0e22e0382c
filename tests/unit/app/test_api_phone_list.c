/* Searches and counts of phones over the admin API. */
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
    static const struct {
        const char *user, *mac, *more;
    } PHONES[] = {
        {"bob", "001565000001", "\"vendor\": \"acme\", \"model\": \"A1\", \"label\": \"Desk one\""},
        {"alice", "001565000002", "\"vendor\": \"acme\", \"model\": \"A2\""},
        {"alice", "020000000003", "\"vendor\": \"generic\", \"label\": \"Büro 50%\""},
        {"carol", "020000000004", "\"vendor\": \"generic\", \"enabled\": false"},
    };

    fixture_setup(state);
    api_server_open(&server, *state, "", getuid(), (gid_t)-1);
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    ask("POST", "/users", "{\"name\": \"alice\", \"display_name\": \"Alice A\"}", 201);
    ask("POST", "/users", "{\"name\": \"bob\", \"site\": \"hq\"}", 201);
    ask("POST", "/users", "{\"name\": \"carol\"}", 201);
    for (size_t i = 0; i < AP_COUNT(PHONES); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body), "{\"user\": \"%s\", \"mac\": \"%s\", %s}",
                       PHONES[i].user, PHONES[i].mac, PHONES[i].more);
        ask("POST", "/phones", body, 201);
    }
    (void)fixture_number(*state, "UPDATE phone SET last_fetch_at = 50 WHERE mac = '001565000002' "
                                 "RETURNING last_fetch_at");
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* The last digits of the MACs of a page, as "1 2". */
static void expect_page(const char *numbers, const char *path)
{
    char found[64] = "";

    for (size_t i = 0; i < json_array_size(api_items(&server)); i++) {
        const char *mac = api_text_of(json_array_get(api_items(&server), i), "mac");
        (void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%c",
                       i > 0 ? " " : "", mac[strlen(mac) - 1]);
    }
    if (strcmp(found, numbers) != 0)
        fail_msg("%s: %s, not %s", path, found, numbers);
}

static const struct {
    const char *query, *numbers;
} QUESTIONS[] = {
    {"q=desk", "1"},
    {"q=DESK+ONE", "1"}, /* a blank as browsers write it */
    {"q=desk%20one", "1"},
    {"q=alice+a", "2 3"},
    {"q=50%25", "3"},
    {"q=B%C3%BCro", "3"},
    {"q=_", ""},
    {"q=00:15:65", "1 2"},
    {"q=", "1 2 3 4"},
    {"q=acme&user=alice", "2"},
    {"sort=user", "2 3 1 4"},
    {"sort=user&order=desc", "4 1 3 2"},
    {"sort=model", "1 2 3 4"},
    {"sort=last_fetch&order=desc", "2 4 3 1"},
    {"order=desc", "4 3 2 1"},
    {"state=disabled", "4"},
    {"state=fetched", "2"},
    {"state=never_fetched", "1 3"},
    {"state=any", "1 2 3 4"},
    {"site=hq", "1"},
    {"site=hq&state=fetched", ""},
    {"site=hq&user=alice", ""},
};

static void test_phones_are_searched_on_a_job_thread_and_counted(void **state)
{
    char path[128];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(QUESTIONS); i++) {
        unsigned jobs = server.jobs;
        (void)snprintf(path, sizeof(path), "/phones?%s", QUESTIONS[i].query);
        ask("GET", path, NULL, 200);
        expect_page(QUESTIONS[i].numbers, path);
        /* An index serves a site or a user. */
        assert_int_equal(server.jobs - jobs, strncmp(QUESTIONS[i].query, "site=hq", 7) != 0 ||
                                                 strstr(QUESTIONS[i].query, "state"));
        (void)snprintf(path, sizeof(path), "/phones/count?%s", QUESTIONS[i].query);
        ask("GET", path, NULL, 200);
        assert_int_equal(json_integer_value(json_object_get(server.reply.json, "count")),
                         (strlen(QUESTIONS[i].numbers) + 1) / 2);
    }
}

static void test_pages_of_a_search_go_on_at_their_cursor(void **state)
{
    static const char *const SORTS[] = {"mac", "user", "model", "last_fetch"};
    static const char *const ORDERS[] = {"asc", "desc"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < 2 * AP_COUNT(SORTS); i++) {
        char whole[16] = "", pages[16] = "", next[128] = "";
        (void)snprintf(path, sizeof(path), "/phones?sort=%s&order=%s", SORTS[i / 2], ORDERS[i % 2]);
        ask("GET", path, NULL, 200);
        for (size_t at = 0; at < 4; at++)
            whole[at] = api_text_of(json_array_get(api_items(&server), at), "mac")[16];
        assert_true(json_is_null(json_object_get(server.reply.json, "next")));
        for (size_t at = 0; at < 4; at++) {
            (void)snprintf(path, sizeof(path), "/phones?limit=1&sort=%s&order=%s%s%s", SORTS[i / 2],
                           ORDERS[i % 2], at ? "&after=" : "", next);
            ask("GET", path, NULL, 200);
            pages[at] = api_text_of(json_array_get(api_items(&server), 0), "mac")[16];
            (void)snprintf(next, sizeof(next), "%s", api_member(&server, "next"));
        }
        assert_string_equal(pages, whole);
    }
}

static void test_a_search_that_means_nothing_is_refused(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *says;
    } CASES[] = {
        {"/phones?sort=colour", 422, "sort must be one of"},
        {"/phones?order=up", 422, "order must be one of"},
        {"/phones?state=on", 422, "state must be one of"},
        {"/phones?q=x&after=y", 422, "no cursor"},
        {"/phones?sort=model&after=001565000001~x", 422, "no cursor"},
        {"/phones?sort=last_fetch&after=001565000001~never", 422, "no cursor"},
        {"/phones?site=moon", 404, "there is no site 'moon'"},
        {"/phones?user=eve&q=x", 404, "there is no user 'eve'"},
        {"/phones?text=x", 422, "unknown query parameter"},
        {"/phones/count?text=x", 422, "unknown query parameter"},
        {"/phones/count?never_fetched=maybe", 422, "never_fetched"},
    };
    char path[400] = "/phones?q=";

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        ask("GET", CASES[i].path, NULL, CASES[i].status);
        api_told(&server, CASES[i].says);
    }
    memset(path + strlen(path), 'x', AP_TEXT_MAX_BYTES + 1);
    ask("GET", path, NULL, 422);
    api_told(&server, "q has at most");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        ROW(test_phones_are_searched_on_a_job_thread_and_counted),
        ROW(test_pages_of_a_search_go_on_at_their_cursor),
        ROW(test_a_search_that_means_nothing_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
