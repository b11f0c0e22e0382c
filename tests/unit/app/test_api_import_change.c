/* What an import adds and changes, over the admin API: row by row, and no secret in it. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

static struct api_server server;

#define UPDATE "{\"update\": true}"
#define DRY    "{\"update\": true, \"dry_run\": true}"

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

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static void ask_import(const char *method, const char *id, const char *more, const char *body,
                       int status)
{
    char path[160];

    assert_true((size_t)snprintf(path, sizeof(path), "/imports/%s%s", id, more) < sizeof(path));
    ask(method, path, body, status);
}

/* The last report is in server.reply. */
static void begin(const char *text, const char *order, const char *state, char id[static 40])
{
    char request[8192];

    ask("POST", "/imports", "{}", 201);
    assert_true(snprintf(id, 40, "%s", api_member(&server, "id")) == 36);
    api_reply_done(&server.reply);
    int used = snprintf(request, sizeof(request),
                        "PUT /api/v1/imports/%s/chunks/0 HTTP/1.1\r\nHost: x\r\n"
                        "Content-Type: text/csv\r\nContent-Length: %zu\r\n\r\n%s",
                        id, strlen(text), text);
    assert_true(used > 0 && (size_t)used < sizeof(request));
    api_ask_raw(&server, request, &server.reply);
    assert_int_equal(server.reply.status, 200);
    ask_import("POST", id, "/apply", order, 202);
    ask_import("GET", id, "", NULL, 200);
    assert_string_equal(api_member(&server, "state"), state);
}

static void import(const char *text, const char *order)
{
    char id[40];

    begin(text, order, "done", id);
    ask_import("DELETE", id, "", NULL, 200);
}

/* "LINE KIND NAME of USER: CHANGE NAME=BEFORE>AFTER …" */
static void write_change(const json_t *item, char *text, size_t room)
{
    const json_t *fields = json_object_get(item, "fields"), *field;
    const char *user = json_string_value(json_object_get(item, "user"));
    size_t i;
    int used = snprintf(text, room, "%lld %s %s%s%s: %s",
                        (long long)json_integer_value(json_object_get(item, "line")),
                        api_text_of(item, "kind"), api_text_of(item, "name"), user ? " of " : "",
                        user ? user : "", api_text_of(item, "change"));

    json_array_foreach(fields, i, field)
    {
        const char *before = json_string_value(json_object_get(field, "before"));
        const char *after = json_string_value(json_object_get(field, "after"));
        assert_true(used > 0 && (size_t)used < room);
        used += snprintf(text + used, room - (size_t)used, " %s=%s>%s", api_text_of(field, "name"),
                         before ? before : "null", after ? after : "null");
    }
    assert_true(used > 0 && (size_t)used < room);
}

/* A dry run of the text lists these, and nothing of the secrets in them. */
static void expect_changes(const char *text, const char *order, const char *state,
                           const char *const *expected, size_t count)
{
    char id[40], told[1024];

    begin(text, order, state, id);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "changes")), count);
    assert_int_equal(json_integer_value(json_object_get(server.reply.json, "changes_listed")),
                     count);
    ask_import("GET", id, "/changes", NULL, 200);
    char *whole = json_dumps(server.reply.json, 0);
    assert_non_null(whole);
    assert_null(strstr(whole, "secret"));
    free(whole);
    assert_int_equal(json_array_size(api_items(&server)), count);
    for (size_t i = 0; i < count; i++) {
        write_change(json_array_get(api_items(&server), i), told, sizeof(told));
        assert_string_equal(told, expected[i]);
    }
    assert_true(json_is_null(json_object_get(server.reply.json, "next")));
    ask_import("DELETE", id, "", NULL, 200);
}
#define EXPECT(text, order, state, ...)                                                            \
    do {                                                                                           \
        static const char *const EXPECTED[] = {__VA_ARGS__};                                       \
        expect_changes((text), (order), (state), EXPECTED, AP_COUNT(EXPECTED));                    \
    } while (0)

#define HEAD                                                                                       \
    "user,user_display_name,user_external_id,site,token,account_user,sip_user,domain,password,"    \
    "account_display_name,registrar_port,transport,expires,mac,vendor,label,enabled,"              \
    "phone_external_id,line\n"
static const char FIRST[] =
    HEAD "alice,Alice,u-1,hq,secret-folder-of-alice,,1001,pbx,secret-a,,5060,udp,600,"
         "cc5ef641b794,acme,Desk,yes,p-1,1\n"
         "alice,,,,,,1002,pbx,secret-b,,,,,cc5ef641b794,,,,,3\n"
         "bob,Bob,,,,alice,1001,pbx,secret-a,,5060,udp,600,00:02:03:04:05:06,acme,,,,\n";

static void test_what_is_new_is_listed_in_the_order_of_the_file(void **state)
{
    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    EXPECT(FIRST, DRY, "done", "2 user alice: added", "2 account 1001@pbx of alice: added",
           "2 phone cc:5e:f6:41:b7:94 of alice: added",
           "2 line cc:5e:f6:41:b7:94/1: added account=>1001@pbx",
           "3 account 1002@pbx of alice: added",
           "3 line cc:5e:f6:41:b7:94/3: added account=>1002@pbx", "4 user bob: added",
           "4 phone 00:02:03:04:05:06 of bob: added",
           "4 line 00:02:03:04:05:06/1: added account=>1001@pbx");
    import(FIRST, "{}");
    expect_changes(FIRST, DRY, "done", NULL, 0); /* all of it is there */
}

static void test_what_changes_is_listed_with_old_and_new_values_and_no_secret(void **state)
{
    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    ask("POST", "/sites", "{\"name\": \"lab\"}", 201);
    import(FIRST, "{}");
    EXPECT(HEAD "alicia,Alicia,u-1,lab,,,1001,pbx,secret-c,A,5061,tls,3600,"
                "cc5ef641b7aa,acme,,no,p-1,1\n"
                "alicia,,,,,,1001,pbx,secret-c,A,5061,tls,3600,cc5ef641b7aa,,,,,3\n"
                "alicia,,,,,,1003,pbx,secret-d,,,,,cc5ef641b7aa,,,,,4\n",
           DRY, "done",
           "2 user alicia: changed user=alice>alicia user_display_name=Alice>Alicia site=hq>lab",
           "2 account 1001@pbx of alicia: changed password=null>null account_display_name=>A "
           "registrar_port=5060>5061 transport=udp>tls expires=600>3600",
           "2 phone cc:5e:f6:41:b7:aa of alicia: changed mac=cc:5e:f6:41:b7:94>cc:5e:f6:41:b7:aa "
           "label=Desk> enabled=yes>no",
           "3 line cc:5e:f6:41:b7:aa/3: changed account=1002@pbx>1001@pbx",
           "4 account 1003@pbx of alicia: added",
           "4 line cc:5e:f6:41:b7:aa/4: added account=>1003@pbx");
    /* Nothing of that was applied; a real import tells the same. */
    EXPECT("user,sip_user,domain,password,mac\nbob,2001,pbx,secret-e,cc5ef641b794\n", UPDATE,
           "done", "2 account 2001@pbx of bob: added",
           "2 phone cc:5e:f6:41:b7:94 of bob: changed user=alice>bob",
           "2 line cc:5e:f6:41:b7:94/1: changed account=1001@pbx>2001@pbx",
           "2 line cc:5e:f6:41:b7:94/3: removed account=1002@pbx>");
}

/* The rows of a phone need not follow each other. */
static void test_lines_are_compared_wherever_their_rows_stand(void **state)
{
    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(FIRST, "{}");
    EXPECT("user,account_user,sip_user,domain,mac,line\n"
           "alice,,1001,pbx,cc5ef641b794,1\n"
           "bob,alice,1002,pbx,000203040506,1\n"
           "alice,,1002,pbx,cc5ef641b794,2\n"
           "bob,alice,1001,pbx,000203040506,2\n",
           DRY, "done", "3 line 00:02:03:04:05:06/1: changed account=1001@pbx>1002@pbx",
           "4 line cc:5e:f6:41:b7:94/2: added account=>1002@pbx",
           "5 line 00:02:03:04:05:06/2: added account=>1001@pbx",
           "2 line cc:5e:f6:41:b7:94/3: removed account=1002@pbx>");
}

static void test_a_thing_that_is_named_twice_is_listed_once(void **state)
{
    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(FIRST, "{}");
    EXPECT("user,user_display_name,mac,label\n"
           "alice,A,cc5ef641b794,Hall\n"
           "alice,A,000203040507,\n",
           DRY, "done", "2 user alice: changed user_display_name=Alice>A",
           "2 phone cc:5e:f6:41:b7:94 of alice: changed label=Desk>Hall",
           "3 phone 00:02:03:04:05:07 of alice: added");
    /* There and back: the second row is a problem, the first one's change is told. */
    EXPECT("user,user_display_name,mac\n"
           "alice,A,\n"
           "alice,Alice,000203040507\n",
           DRY, "failed", "2 user alice: changed user_display_name=Alice>A");
}

static void test_what_is_refused_is_no_change(void **state)
{
    (void)state;
    ask("POST", "/sites", "{\"name\": \"hq\"}", 201);
    import(FIRST, "{}");
    /* Without "update", or with a value that cannot be. */
    expect_changes("user,user_display_name,mac,label\nalice,A,cc5ef641b794,Hall\n",
                   "{\"dry_run\": true}", "failed", NULL, 0);
    expect_changes(
        "user,account_user,sip_user,domain,mac,line\nbob,alice,1002,pbx,000203040506,1\n", "{}",
        "failed", NULL, 0);
    expect_changes("user,mac,label\nalice,cc5ef641b794,a\tb\n", DRY, "failed", NULL, 0);
    expect_changes("user,mac,label\nalice,cc5ef641b794,a\x1b[2Jb\n", DRY, "failed", NULL, 0);
}

static void test_markup_is_a_text_as_any_other(void **state)
{
    (void)state;
    EXPECT("user,user_display_name\nalice,<img src=x onerror=a()>\n", UPDATE, "done",
           "2 user alice: added");
    EXPECT("user,user_display_name\nalice,\"\"\"</td>\\u0041 \xe2\x82\xac\"\n", DRY, "done",
           "2 user alice: changed user_display_name=<img src=x onerror=a()>>\"</td>\\u0041 "
           "\xe2\x82\xac");
}

static void test_pages_lead_to_the_end_and_faults_of_a_query_are_told(void **state)
{
    char text[4096] = "user\n", id[40], more[64] = "/changes?limit=7";
    unsigned seen = 0, pages = 0;
    const char *next;

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "u%u\n", i);
    begin(text, DRY, "done", id);
    do {
        ask_import("GET", id, more, NULL, 200);
        for (size_t i = 0; i < json_array_size(api_items(&server)); i++) {
            const json_t *item = json_array_get(api_items(&server), i);
            assert_int_equal(json_integer_value(json_object_get(item, "line")), ++seen + 1);
        }
        next = json_string_value(json_object_get(server.reply.json, "next"));
        if (next)
            assert_true(snprintf(more, sizeof(more), "/changes?limit=7&after=%s", next) > 0);
        pages++;
    } while (next);
    assert_int_equal(seen, 200);
    assert_int_equal(pages, 29);
    ask_import("GET", id, "/changes?after=200", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    ask_import("GET", id, "/changes?after=99999999999", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
    ask_import("GET", id, "/changes?after=x", NULL, 422);
    api_told(&server, "this is no cursor of this list");
    ask_import("GET", id, "/changes?limit=0", NULL, 422);
    ask("GET", "/imports/nobody/changes", NULL, 404);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_new_is_listed_in_the_order_of_the_file),
        TEST(test_what_changes_is_listed_with_old_and_new_values_and_no_secret),
        TEST(test_lines_are_compared_wherever_their_rows_stand),
        TEST(test_a_thing_that_is_named_twice_is_listed_once),
        TEST(test_what_is_refused_is_no_change),
        TEST(test_markup_is_a_text_as_any_other),
        TEST(test_pages_lead_to_the_end_and_faults_of_a_query_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
