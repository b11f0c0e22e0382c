/* Phones that asked by multicast, over the API: listed, adopted, forgotten, explained. */
#include "api_client.h"

#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/store_pnp.h"

#define PROVISION "pnp = provision\npnp_interfaces = { 192.168.1.10 }\n"
#define ALICE     "0123456789abcdef0123456789abcdef"

static struct api_server server;

static void ask(const char *method, const char *path, const char *body, int status)
{
    api_expect(&server, method, path, body, status);
}

/* One question each: 00:15:65 is acme's, the others are nobody's. */
struct questions {
    struct store_write write;
    int err;
};

static int add_questions(struct store_write *write, struct store_db *db)
{
    static const struct {
        uint8_t mac[AP_MAC_LEN];
        const char *vendor, *model;
    } ROWS[] = {
        {{0x00, 0x15, 0x65, 0, 0, 1}, "OEM", "A1"},
        {{0x00, 0x15, 0x65, 0, 0, 2}, "Acme Phone", "Acme A2"},
        {{0x02, 0, 0, 0, 0, 1}, "acme phone", "A1"},
        {{0x02, 0, 0, 0, 0, 2}, "OEM", "OEM"},
    };
    int err = 0;

    (void)write;
    for (size_t i = 0; !err && i < AP_COUNT(ROWS); i++) {
        struct store_pnp row = {
            .vendor = ROWS[i].vendor,
            .model = ROWS[i].model,
            .firmware = "1.2",
            .user_agent = "Acme A1 1.2",
            .contact = "sip:192.168.1.20:5062",
            .source = "192.168.1.20",
            .interface = "eth0",
            .first_at = FIXTURE_NOW_S - 60,
            .last_at = FIXTURE_NOW_S,
            .count = 2,
            .outcome = "",
        };
        memcpy(row.mac, ROWS[i].mac, sizeof(row.mac));
        err = store_pnp_note(db, &row);
    }
    return err;
}

static void questions_done(struct store_write *write, int err)
{
    ((struct questions *)write)->err = err;
}

static void open_with(void **state, const char *more)
{
    struct questions questions = {.write = {.run = add_questions, .done = questions_done},
                                  .err = -1};

    fixture_setup(state);
    api_server_open(&server, *state, more, getuid(), (gid_t)-1);
    assert_int_equal(store_writer_submit(((struct app_fixture *)*state)->writer, &questions.write),
                     0);
    ask("POST", "/users", "{\"name\": \"alice\", \"token\": \"" ALICE "\"}", 201);
    assert_int_equal(questions.err, 0); /* it came first */
    ask("POST", "/accounts",
        "{\"user\": \"alice\", \"sip_user\": \"1001\", \"domain\": \"pbx.example.com\", "
        "\"password\": \"s3cret-word\"}",
        201);
}

static int open_server(void **state)
{
    open_with(state, "");
    return 0;
}

static int open_provision(void **state)
{
    open_with(state, PROVISION);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

static json_int_t number(const char *name)
{
    return json_integer_value(json_object_get(server.reply.json, name));
}

/* -- tests ------------------------------------------------------------------------------------- */

static void test_the_list_tells_what_was_said_and_what_it_may_be(void **state)
{
    static const struct {
        const char *mac, *vendor, *model, *said_vendor, *said_model;
    } ROWS[] = {
        {"00:15:65:00:00:01", "acme", "A1", "OEM", "A1"},
        {"00:15:65:00:00:02", "acme", "A2", "Acme Phone", "Acme A2"},
        {"02:00:00:00:00:01", "acme", "A1", "acme phone", "A1"},
        {"02:00:00:00:00:02", "", "", "OEM", "OEM"},
    };

    (void)state;
    ask("GET", "/pnp", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), AP_COUNT(ROWS));
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const json_t *item = json_array_get(api_items(&server), i);
        assert_string_equal(api_text_of(item, "mac"), ROWS[i].mac);
        assert_string_equal(api_text_of(item, "vendor"), ROWS[i].vendor);
        assert_string_equal(api_text_of(item, "model"), ROWS[i].model);
        assert_string_equal(api_text_of(item, "said_vendor"), ROWS[i].said_vendor);
        assert_string_equal(api_text_of(item, "said_model"), ROWS[i].said_model);
        assert_string_equal(api_text_of(item, "source"), "192.168.1.20");
        assert_true(json_is_false(json_object_get(item, "known")));
    }
    ask("GET", "/pnp?limit=3", NULL, 200);
    assert_string_equal(api_member(&server, "next"), "020000000001");
    ask("GET", "/pnp?limit=3&after=020000000001", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("GET", "/pnp?known=maybe", NULL, 422);
    api_told(&server, "known must be yes or no");
}

static void test_an_adopted_phone_has_what_was_discovered_and_an_open_window(void **state)
{
    (void)state;
    ask("POST", "/pnp/001565000001/adopt", "{\"user\": \"alice\", \"label\": \"Door\"}", 201);
    assert_string_equal(api_member(&server, "vendor"), "acme");
    assert_string_equal(api_member(&server, "model"), "A1");
    assert_string_equal(api_member(&server, "label"), "Door");
    assert_string_equal(api_member(&server, "user"), "alice");
    assert_int_equal(json_array_size(json_object_get(server.reply.json, "lines")), 1);
    assert_int_equal(number("enrol_until"), FIXTURE_NOW_S + 900);
    ask("GET", "/pnp/00-15-65-00-00-01", NULL, 200);
    assert_true(json_is_true(json_object_get(server.reply.json, "known")));
    ask("GET", "/pnp?known=yes", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 1);
    ask("GET", "/pnp?known=no", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 3);
    ask("GET", "/audit", NULL, 200);
    const json_t *row = api_item(&server, "action", "pnp.adopt");
    assert_non_null(row);
    assert_string_equal(api_text_of(row, "detail"), "user=alice vendor=acme until=1700000940");
    ask("POST", "/pnp/001565000001/adopt", "{\"user\": \"alice\"}", 409);
}

static void test_what_is_given_goes_before_what_was_discovered(void **state)
{
    static const struct {
        const char *mac, *body, *vendor, *model;
        json_int_t enrol_until;
    } ROWS[] = {
        {"001565000001", "{\"user\": \"alice\", \"model\": \"A2\", \"for\": 0}", "acme", "A2", 0},
        {"001565000002", "{\"user\": \"alice\", \"vendor\": \"latin\", \"for\": 60}", "latin", "",
         FIXTURE_NOW_S + 60},
        {"020000000001",
         "{\"user\": \"alice\", \"vendor\": \"acme\", \"lines\": [], \"for\": 86400}", "acme", "A1",
         FIXTURE_NOW_S + 86400},
        {"020000000002", "{\"user\": \"alice\"}", "generic", "", FIXTURE_NOW_S + 900},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/pnp/%s/adopt", ROWS[i].mac);
        ask("POST", path, ROWS[i].body, 201);
        assert_string_equal(api_member(&server, "vendor"), ROWS[i].vendor);
        assert_string_equal(api_member(&server, "model"), ROWS[i].model);
        assert_int_equal(number("enrol_until"), ROWS[i].enrol_until);
    }
}

static void test_what_cannot_be_adopted_is_pointed_to_and_leaves_nothing(void **state)
{
    static const struct {
        const char *mac, *body;
        int status;
        const char *pointer;
    } ROWS[] = {
        {"001565000001", "{}", 422, NULL},
        {"001565000001", "{\"user\": \"nobody\"}", 404, "/user"},
        {"001565000001", "{\"user\": \"alice\", \"vendor\": \"nobody\"}", 422, "/vendor"},
        {"001565000001", "{\"user\": \"alice\", \"model\": \"Z9\"}", 422, "/model"},
        {"001565000001", "{\"user\": \"alice\", \"for\": 59}", 422, "/for"},
        {"001565000001", "{\"user\": \"alice\", \"for\": 86401}", 422, "/for"},
        {"001565000001", "{\"user\": \"alice\", \"lines\": [\"1@nowhere\"]}", 404, "/lines"},
        {"001565000001", "{\"user\": \"alice\", \"mac\": \"001565000001\"}", 422, "/mac"},
        {"001565000009", "{\"user\": \"alice\"}", 404, NULL},
        {"nonsense", "{\"user\": \"alice\"}", 422, NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/pnp/%s/adopt", ROWS[i].mac);
        ask("POST", path, ROWS[i].body, ROWS[i].status);
        api_points(&server, ROWS[i].pointer);
    }
    ask("GET", "/phones", NULL, 200);
    assert_int_equal(json_array_size(api_items(&server)), 0);
}

static void test_a_forgotten_phone_is_gone_from_the_list_alone(void **state)
{
    (void)state;
    ask("POST", "/pnp/001565000001/adopt", "{\"user\": \"alice\"}", 201);
    ask("DELETE", "/pnp/001565000001", NULL, 200);
    assert_string_equal(api_member(&server, "mac"), "00:15:65:00:00:01");
    ask("GET", "/pnp/001565000001", NULL, 404);
    ask("DELETE", "/pnp/001565000001", NULL, 404);
    ask("GET", "/phones/001565000001", NULL, 200);
    ask("GET", "/audit", NULL, 200);
    assert_non_null(api_item(&server, "action", "pnp.forget"));
}

static const char *step_detail(const char *name)
{
    json_t *steps = json_object_get(server.reply.json, "steps");

    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        if (strcmp(api_text_of(step, "step"), name) == 0)
            return api_text_of(step, "detail");
    }
    return NULL;
}

static void explain(const char *body, const char *reason)
{
    ask("POST", "/explain", body, 200);
    assert_string_equal(api_member(&server, "reason"), reason);
    assert_int_equal(json_is_true(json_object_get(server.reply.json, "served")),
                     strcmp(reason, "served") == 0);
}

static void test_explain_walks_a_question(void **state)
{
    (void)state;
    explain("{\"mac\": \"001565000001\", \"pnp\": true}", "pnp_unknown");
    assert_string_equal(step_detail("mode"), "pnp = provision");
    assert_string_equal(step_detail("question"),
                        "it asked last from 192.168.1.20 on eth0, 2 times in all");
    assert_string_equal(step_detail("source"), "192.168.1.20 is a private address");
    assert_non_null(strstr(api_member(&server, "next"), "autoprovctl pnp adopt"));
    ask("POST", "/pnp/001565000001/adopt", "{\"user\": \"alice\"}", 201);
    explain("{\"mac\": \"001565000001\", \"pnp\": true}", "served");
    assert_string_equal(step_detail("URL"), "{{provisioning_base_url}}");
    assert_string_equal(step_detail("window"), "it is open");
    explain("{\"mac\": \"001565000001\", \"pnp\": true, \"from\": \"192.0.2.7\"}", "pnp_address");
    ask("PATCH", "/phones/001565000001", "{\"networks\": [\"10.0.0.0/8\"]}", 200);
    explain("{\"mac\": \"001565000001\", \"pnp\": true}", "pnp_address");
    explain("{\"mac\": \"001565000001\", \"pnp\": true, \"from\": \"10.1.2.3\"}", "served");
    ask("PATCH", "/phones/001565000001", "{\"enabled\": false}", 200);
    explain("{\"mac\": \"001565000001\", \"pnp\": true, \"from\": \"10.1.2.3\"}", "disabled");
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000003\", \"vendor\": \"flatty\"}", 201);
    explain("{\"mac\": \"001565000003\", \"pnp\": true}", "flat_only");
    assert_string_equal(step_detail("question"), "it has not asked by multicast for 30 days");
    /* Its file's name is not known without a model. */
    ask("POST", "/phones",
        "{\"user\": \"alice\", \"mac\": \"001565000004\", \"vendor\": \"silent\"}", 201);
    explain("{\"mac\": \"001565000004\", \"pnp\": true}", "no_bootstrap");
    ask("POST", "/phones", "{\"user\": \"alice\", \"mac\": \"001565000005\", \"vendor\": \"acme\"}",
        201);
    explain("{\"mac\": \"001565000005\", \"pnp\": true}", "window_closed");
    /* It is not the way of a fetch. */
    ask("POST", "/explain", "{\"mac\": \"001565000005\", \"pnp\": true, \"file\": \"x\"}", 422);
    api_points(&server, "/file");
    ask("POST", "/explain", "{\"pnp\": true}", 422);
    ask("POST", "/explain", "{\"mac\": \"001565000005\", \"pnp\": 1}", 422);
    api_points(&server, "/pnp");
}

static void test_explain_says_that_nobody_listens(void **state)
{
    (void)state;
    explain("{\"mac\": \"001565000001\", \"pnp\": true}", "pnp_off");
    assert_string_equal(step_detail("mode"), "pnp = off");
    assert_null(step_detail("source"));
    ask("GET", "/status", NULL, 200);
    assert_string_equal(api_member(&server, "pnp"), "off");
}

#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_list_tells_what_was_said_and_what_it_may_be, open_server),
        TEST(test_an_adopted_phone_has_what_was_discovered_and_an_open_window, open_server),
        TEST(test_what_is_given_goes_before_what_was_discovered, open_server),
        TEST(test_what_cannot_be_adopted_is_pointed_to_and_leaves_nothing, open_server),
        TEST(test_a_forgotten_phone_is_gone_from_the_list_alone, open_server),
        TEST(test_explain_walks_a_question, open_provision),
        TEST(test_explain_says_that_nobody_listens, open_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
