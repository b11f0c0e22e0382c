/* Why a phone gets its file, or why not, told step by step; and nothing is written for it. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"

#define ALICE "0123456789abcdef0123456789abcdef"
#define BOB   "fedcba9876543210fedcba9876543210"
#define URL   "https://pbx.example.com/provision/"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

static void open_with(void **state, const char *more)
{
    static const char *const PHONES[] = {
        "{\"user\": \"alice\", \"mac\": \"001565000001\", \"vendor\": \"acme\", \"model\": \"A1\"}",
        ("{\"user\": \"alice\", \"mac\": \"001565000002\", \"vendor\": \"acme\","
         " \"enabled\": false}"),
        "{\"user\": \"bob\", \"mac\": \"001565000003\", \"vendor\": \"flatty\"}",
        "{\"user\": \"bob\", \"mac\": \"001565000004\", \"vendor\": \"silent\"}",
        "{\"user\": \"bob\", \"mac\": \"001565000005\", \"vendor\": \"latin\"}",
    };

    fixture_setup(state);
    api_server_open(&server, *state, more, getuid(), (gid_t)-1);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" ALICE "\"}", 201);
    ask("POST", "/users", "{\"name\": \"bob\", \"token\": \"" BOB "\"}", 201);
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
        "\"password\": \"s3cret-word\"}",
        201);
    for (size_t i = 0; i < AP_COUNT(PHONES); i++)
        ask("POST", "/phones", PHONES[i], 201);
}

static int open_server(void **state)
{
    open_with(state, "");
    return 0;
}

static int open_server_in_flat_mode(void **state)
{
    open_with(state, "flat_networks = { '10.0.0.0/8' }\n"
                     "custom_options = '{\"disable_auto_provision_security\": true}'\n");
    return 0;
}

/* The second one is for 10.0.0.0/8 alone. */
static int open_server_with_two_doors(void **state)
{
    open_with(state, "listener branch {\n"
                     "    port = 444\n"
                     "    public_url = 'https://branch.example.com'\n"
                     "    networks = { 10.0.0.0/8 }\n"
                     "    certificate main {\n"
                     "        certificate_file = 'FOLDER/cert.pem'\n"
                     "        key_file = 'FOLDER/key.pem'\n"
                     "    }\n"
                     "}\n");
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

/* What happened at a step; NULL: the walk did not come there. */
static const json_t *step_of(const char *name)
{
    const json_t *steps = json_object_get(server.reply.json, "steps");

    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        if (strcmp(api_text_of(step, "step"), name) == 0)
            return step;
    }
    return NULL;
}

struct row {
    const char *body;
    const char *reason;
    const char *failed; /* step; NULL: none */
    const char *next;   /* in the advice */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ask("POST", "/explain", rows[i].body, 200);
        if (strcmp(api_member(&server, "reason"), rows[i].reason) != 0 ||
            !strstr(api_member(&server, "next"), rows[i].next))
            fail_msg("%s: %s", rows[i].body, server.reply.text);
        bool served = strcmp(rows[i].reason, "served") == 0;
        assert_int_equal(json_is_true(json_object_get(server.reply.json, "served")), served);
        assert_int_equal(step_of("render") != NULL, served);
        const json_t *failed = rows[i].failed ? step_of(rows[i].failed) : NULL;
        if (rows[i].failed && (!failed || !json_is_false(json_object_get(failed, "ok"))))
            fail_msg("%s: %s", rows[i].body, server.reply.text);
        assert_null(strstr(server.reply.text, ALICE));
        assert_null(strstr(server.reply.text, BOB));
        assert_null(strstr(server.reply.text, "s3cret-word"));
    }
}

static const struct row ROWS[] = {
    {"{\"mac\": \"00:15:65:00:00:01\"}", "served", NULL, "nothing is in the way"},
    {"{\"mac\": \"001565000001\", \"file\": \"001565000001-book.xml\"}", "served", NULL, "nothing"},
    {"{\"mac\": \"001565000001\", \"file\": \"y11.cfg\"}", "served", NULL, "nothing"},
    {"{\"mac\": \"001565000001\", \"file\": \"001565000001.boot\"}", "probe", "policy", "expected"},
    {"{\"mac\": \"001565000001\", \"file\": \"001565000001.xml\"}", "unknown_file", "file",
     "none of the phone's files"},
    {"{\"mac\": \"001565000001\", \"file\": \"nothing\"}", "unknown_file", "file name",
     "none of the phone's files"},
    {"{\"mac\": \"001565000002\"}", "disabled", "policy", "phone set MAC --enable"},
    {"{\"url\": \"" URL ALICE "/001565000001.cfg\"}", "served", NULL, "nothing"},
    {"{\"url\": \"" URL ALICE "/001565000001.cfg?x=1#y\"}", "served", NULL, "nothing"},
    {"{\"url\": \"/provision/" ALICE "/acme.cfg\"}", "served", NULL, "nothing"},
    {"{\"url\": \"" URL BOB "/001565000001.cfg\"}", "unknown_pair", "phone", "phone url MAC"},
    {"{\"url\": \"" URL BOB "/acme.cfg\"}", "unknown_file", "file", "none of the phone's files"},
    {"{\"url\": \"" URL "00000000000000000000000000000000/acme.cfg\"}", "unknown_pair", "token",
     "no user has this token"},
    {"{\"url\": \"" URL ALICE "/001565000099.cfg\"}", "unknown_pair", "phone", "phone list"},
    {"{\"url\": \"" URL "001565000001.cfg\"}", "flat_off", "policy", "flat mode is off"},
    {"{\"mac\": \"001565000003\"}", "flat_off", "policy", "flat mode is off"},
    {"{\"url\": \"" URL BOB "/SEP001565000003.cnf.xml\"}", "flat_only", "policy", "flat mode only"},
    {"{\"url\": \"" URL "!aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/001565000001.cfg\"}", "bad_token",
     "route", "is no token"},
    {"{\"url\": \"https://pbx.example.com/elsewhere/001565000001.cfg\"}", "unknown_path", "route",
     "provision_prefix"},
};

static void test_every_way_of_a_fetch_is_told(void **state)
{
    (void)state;
    check_rows(ROWS, AP_COUNT(ROWS));
}

static void test_flat_mode_is_told_by_network(void **state)
{
    static const struct row FLAT[] = {
        {"{\"mac\": \"001565000003\", \"from\": \"10.1.2.3\"}", "served", NULL, "nothing"},
        {"{\"mac\": \"001565000003\", \"from\": \"192.0.2.7\"}", "address_not_allowed", "policy",
         "flat_networks"},
        {"{\"mac\": \"001565000003\", \"from\": \"2001:db8::1\"}", "address_not_allowed", "policy",
         "behind a proxy"},
        {"{\"url\": \"" URL "001565000001.cfg\", \"from\": \"10.1.2.3\"}", "served", NULL,
         "nothing"},
        {"{\"url\": \"" URL "y11.cfg\", \"from\": \"10.1.2.3\"}", "served", NULL, "nothing"},
        {"{\"url\": \"" URL "001565000099.cfg\", \"from\": \"10.1.2.3\"}", "unknown_mac", "phone",
         "phone add USER MAC"},
    };

    (void)state;
    check_rows(FLAT, AP_COUNT(FLAT));
}

static void test_a_listeners_networks_are_told(void **state)
{
#define BRANCH "https://branch.example.com/provision/" ALICE "/001565000001.cfg"
    static const struct row DOORS[] = {
        {"{\"mac\": \"001565000001\", \"from\": \"192.0.2.7\"}", "served", NULL, "nothing"},
        {"{\"mac\": \"001565000001\", \"from\": \"192.0.2.7\", \"listener\": \"branch\"}",
         "address_not_allowed", "policy", "the networks of the listener"},
        {"{\"mac\": \"001565000001\", \"from\": \"10.0.0.7\", \"listener\": \"branch\"}", "served",
         NULL, "nothing"},
        {"{\"url\": \"" BRANCH "\", \"from\": \"192.0.2.7\"}", "address_not_allowed", "policy",
         "the networks of the listener"},
        {"{\"url\": \"" BRANCH "\", \"from\": \"10.0.0.7\"}", "served", NULL, "nothing"},
        {"{\"url\": \"" BRANCH "\", \"from\": \"192.0.2.7\", \"listener\": \"phones\"}", "served",
         NULL, "nothing"},
        {"{\"url\": \"" URL ALICE "/001565000001.cfg\", \"from\": \"192.0.2.7\"}", "served", NULL,
         "nothing"},
    };

    (void)state;
    check_rows(DOORS, AP_COUNT(DOORS));
    ask("POST", "/explain", "{\"mac\": \"001565000001\", \"listener\": \"back\"}", 422);
    api_told(&server, "there is no listener 'back' for phones");
    api_points(&server, "/listener");
}

static void test_agent_that_tells_another_mac_is_noted(void **state)
{
    static const struct {
        const char *agent;
        bool ok;
        const char *says;
    } AGENTS[] = {
        {"Acme A1 1.0 00:15:65:00:00:01", true, "the same MAC"},
        {"Acme A1 1.0 001565000002", false, "another MAC"},
        {"Acme A1 1.0", true, "tells no MAC"},
        {"curl/8", true, "tells no MAC"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(AGENTS); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body), "{\"mac\": \"001565000001\", \"agent\": \"%s\"}",
                       AGENTS[i].agent);
        ask("POST", "/explain", body, 200);
        assert_string_equal(api_member(&server, "reason"), "served");
        const json_t *step = step_of("agent");
        assert_non_null(step);
        assert_int_equal(json_is_true(json_object_get(step, "ok")), AGENTS[i].ok);
        assert_non_null(strstr(api_text_of(step, "detail"), AGENTS[i].says));
    }
    ask("POST", "/explain", "{\"mac\": \"001565000001\"}", 200);
    assert_null(step_of("agent"));
}

static void test_bad_questions_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *pointer, *says;
    } BAD[] = {
        {"{}", 422, NULL, "give either mac or url"},
        {"{\"mac\": \"001565000001\", \"url\": \"/x\"}", 422, NULL, "give either mac or url"},
        {"{\"url\": \"/x\", \"file\": \"x\"}", 422, "/file", "names its file itself"},
        {"{\"url\": \"x\"}", 422, "/url", "https://HOST/PATH"},
        {"{\"url\": \"https://pbx.example.com\"}", 422, "/url", "https://HOST/PATH"},
        {"{\"mac\": \"eve\"}", 422, "/mac", "'eve' is not a MAC"},
        {"{\"mac\": \"001565000099\"}", 404, "/mac", "phone add USER MAC"},
        {"{\"mac\": \"001565000001\", \"from\": \"home\"}", 422, "/from", "IPv4 or IPv6"},
        {"{\"mac\": \"001565000001\", \"colour\": \"red\"}", 422, "/colour", "unknown member"},
        {"{\"mac\": \"001565000004\"}", 404, NULL, "nothing is served to phones of Silent"},
        {"{\"mac\": \"001565000005\"}", 422, NULL, "latin-{model}-{mac}.cfg"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(BAD); i++) {
        ask("POST", "/explain", BAD[i].body, BAD[i].status);
        api_told(&server, BAD[i].says);
        api_points(&server, BAD[i].pointer);
    }
}

/* The size is that of the file that would be served, whoever asks for it in which way. */
static void test_rendering_is_that_of_the_fetch(void **state)
{
    static const struct {
        const char *body;
        const char *file; /* acme-first.cfg */
    } FILES[] = {
        {"{\"url\": \"" URL ALICE "/y11.cfg\"}",
         "model = A1\nurl = " URL ALICE "/\nntp = a-long-name.example.com\nadmin = \n"},
        {"{\"url\": \"" URL "y11.cfg\", \"from\": \"10.1.2.3\"}",
         "model = A1\nurl = " URL "\nntp = a-long-name.example.com\nadmin = \n"},
    };

    (void)state;
    ask("PUT", "/settings",
        "{\"scope\": \"vendor\", \"id\": \"acme\", \"name\": \"ntp_server\", "
        "\"value\": \"a-long-name.example.com\"}",
        200);
    for (size_t i = 0; i < AP_COUNT(FILES); i++) {
        char size[32];
        (void)snprintf(size, sizeof(size), "%zu bytes", strlen(FILES[i].file));
        ask("POST", "/explain", FILES[i].body, 200);
        assert_string_equal(api_text_of(step_of("render"), "detail"), size);
    }
    /* A phone in flat mode is told its URL with the token, and so has as many bytes. */
    ask("POST", "/explain", "{\"url\": \"" URL ALICE "/001565000001.cfg\"}", 200);
    char *by_token = strdup(api_text_of(step_of("render"), "detail"));
    ask("POST", "/explain", "{\"url\": \"" URL "001565000001.cfg\", \"from\": \"10.1.2.3\"}", 200);
    assert_string_equal(api_text_of(step_of("render"), "detail"), by_token);
    free(by_token);
}

static void test_file_that_fails_to_render_is_told(void **state)
{
    struct app_fixture *fixture = *state;

    assert_int_equal(fixture_number(fixture, "UPDATE phone SET label = '# x' WHERE mac = "
                                             "'001565000001' RETURNING 1"),
                     1);
    ask("POST", "/explain", "{\"mac\": \"001565000001\"}", 200);
    assert_string_equal(api_member(&server, "reason"), "render_failed");
    assert_true(json_is_false(json_object_get(server.reply.json, "served")));
    assert_non_null(strstr(api_text_of(step_of("render"), "detail"), "the label cannot stand"));
}

static void test_a_throttled_source_is_told_and_still_served(void **state)
{
    (void)state;
    ask("POST", "/explain", "{\"mac\": \"001565000001\"}", 200);
    assert_null(step_of("throttle"));
    ask("POST", "/explain", "{\"mac\": \"001565000001\", \"from\": \"192.0.2.7\"}", 200);
    assert_string_equal(api_text_of(step_of("throttle"), "detail"), "this source is not throttled");
    server.throttles = true;
    ask("POST", "/explain", "{\"mac\": \"001565000001\", \"from\": \"192.0.2.7\"}", 200);
    assert_true(json_is_true(json_object_get(step_of("throttle"), "ok")));
    assert_true(json_is_true(json_object_get(server.reply.json, "served")));
    assert_non_null(strstr(api_text_of(step_of("throttle"), "detail"), "come late now"));
    ask("POST", "/explain",
        "{\"url\": \"/provision/x/001565000001.cfg\", \"from\": "
        "\"192.0.2.7\"}",
        200);
    assert_false(json_is_true(json_object_get(step_of("throttle"), "ok")));
    assert_string_equal(api_member(&server, "reason"), "unknown_file");
}

static int64_t rows_of_all(struct app_fixture *fixture)
{
    return fixture_number(fixture,
                          "SELECT (SELECT count(*) FROM audit) + (SELECT count(*) FROM fetch) + "
                          "(SELECT count(*) FROM refusal) + (SELECT count(*) FROM delivered) + "
                          "(SELECT sum(version + last_fetch_at + seen_generation) FROM phone)");
}

static void test_nothing_is_written_and_nothing_counted(void **state)
{
    static const char SEQ[] = "SELECT number FROM meta WHERE name = 'change_seq'";
    struct app_fixture *fixture = *state;
    int64_t rows = rows_of_all(fixture);
    int64_t seq = fixture_number(fixture, SEQ);

    ask("POST", "/users/alice/token/rotate", "{\"grace\": 3600}", 200);
    assert_true(fixture_number(fixture, SEQ) > seq);
    rows = rows_of_all(fixture);
    seq = fixture_number(fixture, SEQ);
    size_t lines = fixture->log_len;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++)
        ask("POST", "/explain", ROWS[i].body, 200);
    assert_int_equal(fixture->log_len, lines);
    fixture_stop_store(fixture);
    assert_int_equal(rows_of_all(fixture), rows);
    assert_int_equal(fixture_number(fixture, SEQ), seq);
    assert_null(strstr(fixture->log, ALICE));
}

/* The phone still comes with the old token: that is told, and the new one is not. */
static void test_previous_token_is_told(void **state)
{
    (void)state;
    ask("POST", "/users/alice/token/rotate", "{\"grace\": 3600}", 200);
    char *folder = strdup(api_member(&server, "provisioning_base_url"));
    char *token = strstr(folder, "/provision/") + 11;
    token[32] = '\0';
    ask("POST", "/explain", "{\"url\": \"" URL ALICE "/001565000001.cfg\"}", 200);
    assert_string_equal(api_member(&server, "reason"), "served");
    assert_non_null(strstr(api_text_of(step_of("phone"), "detail"), "by the previous token"));
    assert_null(strstr(server.reply.text, token));
    free(folder);
}

#define ROW(name)  cmocka_unit_test_setup_teardown(name, open_server, close_server)
#define FLAT(name) cmocka_unit_test_setup_teardown(name, open_server_in_flat_mode, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_every_way_of_a_fetch_is_told),
        FLAT(test_flat_mode_is_told_by_network),
        cmocka_unit_test_setup_teardown(test_a_listeners_networks_are_told,
                                        open_server_with_two_doors, close_server),
        ROW(test_agent_that_tells_another_mac_is_noted),
        ROW(test_bad_questions_are_refused),
        FLAT(test_rendering_is_that_of_the_fetch),
        ROW(test_file_that_fails_to_render_is_told),
        ROW(test_a_throttled_source_is_told_and_still_served),
        ROW(test_nothing_is_written_and_nothing_counted),
        ROW(test_previous_token_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
