/* From a request to what it asks for, over a real store. */
#include "provision_find.h"

#include "app_fixture.h"
#include "autoprov/array.h"

/* alice has an Acme A1, a disabled Flatty and a Latin; bob a Flatty; carol no phone. */
#define ALICE "0123456789abcdef0123456789abcdef"
#define BOB   "fedcba9876543210fedcba9876543210"
#define CAROL "aaaabbbbccccddddeeeeffff00001111"

static struct snapshot *snapshot;
static struct arena arena;

struct add_write {
    struct store_write write;
    int err;
    bool done;
};

static int add_user(struct store_db *db, const char *name, const char *token_text,
                    char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_user user = {.name = name, .display_name = ""};
    struct token token;
    int err = token_parse(token_text, strlen(token_text), &token);

    return err ? err : store_user_add(db, &user, &token, ret_id);
}

static int add_phone(struct store_db *db, const char *user_id, uint8_t last, const char *vendor,
                     const char *model, bool enabled)
{
    const struct store_phone phone = {.mac = {0x00, 0x15, 0x65, 0, 0, last},
                                      .user_id = user_id,
                                      .vendor = vendor,
                                      .model = model,
                                      .label = "",
                                      .enabled = enabled};
    char id[STORE_ID_TEXT_MAX];

    return store_phone_add(db, &phone, id);
}

static int add_all(struct store_write *write, struct store_db *db)
{
    char alice[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], carol[STORE_ID_TEXT_MAX];
    int err = add_user(db, "alice", ALICE, alice);

    (void)write;
    if (!err)
        err = add_user(db, "bob", BOB, bob);
    if (!err)
        err = add_user(db, "carol", CAROL, carol);
    if (!err)
        err = add_phone(db, alice, 1, "acme", "A1", true);
    if (!err)
        err = add_phone(db, alice, 2, "flatty", "F1", false);
    if (!err)
        err = add_phone(db, alice, 3, "latin", "L1", true);
    if (!err)
        err = add_phone(db, bob, 4, "flatty", "F1", true);
    return err ? err : add_phone(db, bob, 5, "gone", "", true);
}

static void note(struct store_write *write, int err)
{
    ((struct add_write *)write)->err = err;
}

static int open_with(void **state, const char *options)
{
    struct app_fixture *fixture;
    struct ap_error error = {{0}};
    struct add_write add = {.write = {.run = add_all, .done = note}, .err = -1000};

    fixture_setup(state);
    fixture = *state;
    fixture_write_config(fixture, "flat_networks = { '10.0.0.0/8' }\n");
    fixture_start_store(fixture);
    assert_int_equal(store_writer_submit(fixture->writer, &add.write), 0);
    store_writer_stop(fixture->writer);
    fixture->writer = NULL;
    assert_int_equal(add.err, 0);
    if (snapshot_new(fixture_load_config(fixture), &(struct snapshot_stored){.options = options},
                     FIXTURE_NOW_S, 1, &snapshot, &error))
        fail_msg("%s", error.text);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    return 0;
}

static int open_flat_off(void **state)
{
    return open_with(state, NULL);
}

static int open_flat_on(void **state)
{
    return open_with(state, "{\"disable_auto_provision_security\": true}");
}

static int close_all(void **state)
{
    snapshot_unref(snapshot);
    arena_done(&arena);
    return fixture_teardown(state);
}

static void find(const struct app_fixture *fixture, const char *path, const char *from,
                 struct provision_finding *ret_finding)
{
    struct address source;

    assert_int_equal(address_parse(from, &source), 0);
    const struct provision_question question = {
        .snapshot = snapshot,
        .listener = &snapshot->config->listeners[0],
        .reader = fixture->reader,
        .arena = &arena,
        .path = path,
        .path_len = strlen(path),
        .source = &source,
    };
    assert_int_equal(provision_find(&question, ret_finding), 0);
}

struct row {
    const char *path;
    enum policy_reason reason;
    const char *file; /* pattern of what is asked for; NULL: not settled */
};

static void check_rows(void **state, const struct row *rows, size_t count, const char *from)
{
    for (size_t i = 0; i < count; i++) {
        struct provision_finding found;
        find(*state, rows[i].path, from, &found);
        if (found.reason != rows[i].reason ||
            strcmp(found.file ? found.file->name : "", rows[i].file ? rows[i].file : "") != 0)
            fail_msg("%s: %s '%s'", rows[i].path, policy_reason_name(found.reason),
                     found.file ? found.file->name : "");
    }
}

#define P "/provision/"

static void test_pair_is_served_its_models_files_alone(void **state)
{
    static const struct row ROWS[] = {
        {P ALICE "/001565000001.cfg", POLICY_SERVE, "{mac}.cfg"},
        {P ALICE "/00-15-65-00-00-01.CFG", POLICY_SERVE, "{mac}.cfg"},
        {P ALICE "/83/4.5/001565000001.cfg", POLICY_SERVE, "83/{any}/{mac}.cfg"},
        {P ALICE "/001565000001-book.xml", POLICY_SERVE, "{mac}-book.xml"},
        {P ALICE "/001565000001.boot", POLICY_PROBE, "{mac}.boot"},
        {P ALICE "/latin-001565000003.boot", POLICY_PROBE, "latin-{mac}.boot"},
        {P ALICE "/latin-L1-001565000003.cfg", POLICY_SERVE, "latin-{model}-{mac}.cfg"},
        /* Another vendor's name for a known pair. */
        {P ALICE "/001565000001.xml", POLICY_UNKNOWN_FILE, NULL},
        {P ALICE "/SEP001565000001.cnf.xml", POLICY_UNKNOWN_FILE, NULL},
        {P ALICE "/001565000003.cfg", POLICY_UNKNOWN_FILE, NULL},
        /* Of a vendor that has left the catalogue. */
        {P BOB "/001565000005.cfg", POLICY_UNKNOWN_FILE, NULL},
        /* Whatever the name, of others nothing is told. */
        {P BOB "/001565000001.cfg", POLICY_UNKNOWN_PAIR, NULL},
        {P BOB "/001565000001.boot", POLICY_UNKNOWN_PAIR, NULL},
        {P BOB "/SEP001565000001.cnf.xml", POLICY_UNKNOWN_PAIR, NULL},
        {P ALICE "/001565000099.cfg", POLICY_UNKNOWN_PAIR, NULL},
        {P "00000000000000000000000000000000/001565000001.cfg", POLICY_UNKNOWN_PAIR, NULL},
        {P ALICE "/SEP001565000002.cnf.xml", POLICY_DISABLED, "SEP{mac}.cnf.xml"},
        {P BOB "/SEP001565000004.cnf.xml", POLICY_FLAT_ONLY, "SEP{mac}.cnf.xml"},
        {P ALICE "/nothing.of.that.name", POLICY_UNKNOWN_FILE, NULL},
        {P ALICE "/", POLICY_UNKNOWN_FILE, NULL},
        {"/provision", POLICY_UNKNOWN_PATH, NULL},
        {"/elsewhere/001565000001.cfg", POLICY_UNKNOWN_PATH, NULL},
        {P "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!/001565000001.cfg", POLICY_BAD_TOKEN, NULL},
    };

    check_rows(state, ROWS, AP_COUNT(ROWS), "192.0.2.7");
}

static void test_common_file_needs_a_token_whose_user_has_such_a_phone(void **state)
{
    static const struct row ROWS[] = {
        {P ALICE "/acme.cfg", POLICY_SERVE, "acme.cfg"},
        {P ALICE "/y11.cfg", POLICY_SERVE, "y{code}.cfg"},
        /* A disabled phone counts for nothing. */
        {P ALICE "/flat-default.xml", POLICY_UNKNOWN_FILE, NULL},
        {P BOB "/flat-default.xml", POLICY_FLAT_ONLY, "flat-default.xml"},
        {P BOB "/acme.cfg", POLICY_UNKNOWN_FILE, NULL},
        {P BOB "/y11.cfg", POLICY_UNKNOWN_FILE, NULL},
        /* Nor does a user without phones get what flat mode would serve. */
        {P CAROL "/y11.cfg", POLICY_UNKNOWN_FILE, NULL},
        {P CAROL "/acme.cfg", POLICY_UNKNOWN_FILE, NULL},
        {P "00000000000000000000000000000000/y11.cfg", POLICY_UNKNOWN_PAIR, NULL},
        {P "00000000000000000000000000000000/acme.cfg", POLICY_UNKNOWN_PAIR, NULL},
    };

    check_rows(state, ROWS, AP_COUNT(ROWS), "192.0.2.7");
}

static void test_flat_mode_serves_by_mac_and_what_first_contact_needs(void **state)
{
    static const struct row ROWS[] = {
        {P "001565000001.cfg", POLICY_SERVE, "{mac}.cfg"},
        {P "83/1/001565000001.cfg", POLICY_SERVE, "83/{any}/{mac}.cfg"},
        {P "001565000001.boot", POLICY_PROBE, "{mac}.boot"},
        {P "001565000001.xml", POLICY_UNKNOWN_FILE, NULL},
        {P "SEP001565000004.cnf.xml", POLICY_SERVE, "SEP{mac}.cnf.xml"},
        {P "SEP001565000002.cnf.xml", POLICY_DISABLED, "SEP{mac}.cnf.xml"},
        {P "001565000099.cfg", POLICY_UNKNOWN_MAC, NULL},
        {P "y11.cfg", POLICY_SERVE, "y{code}.cfg"},
        {P "acme.cfg", POLICY_UNKNOWN_FILE, NULL},
        {P "nothing", POLICY_UNKNOWN_FILE, NULL},
    };
    static const struct row OUTSIDE[] = {
        {P "001565000001.cfg", POLICY_ADDRESS_NOT_ALLOWED, NULL},
        {P "y11.cfg", POLICY_ADDRESS_NOT_ALLOWED, NULL},
        {P ALICE "/001565000001.cfg", POLICY_SERVE, "{mac}.cfg"},
    };

    check_rows(state, ROWS, AP_COUNT(ROWS), "10.1.2.3");
    check_rows(state, OUTSIDE, AP_COUNT(OUTSIDE), "192.0.2.7");
}

static void test_flat_form_is_off_without_its_option(void **state)
{
    static const struct row ROWS[] = {
        {P "001565000001.cfg", POLICY_FLAT_OFF, NULL},
        {P "001565000099.cfg", POLICY_FLAT_OFF, NULL},
        {P "y11.cfg", POLICY_FLAT_OFF, NULL},
        {P "nothing", POLICY_UNKNOWN_FILE, NULL},
    };

    check_rows(state, ROWS, AP_COUNT(ROWS), "10.1.2.3");
}

/* A closed reader would crash: what is refused whatever the phone never comes to it. */
static void test_refused_flat_request_opens_no_row(void **state)
{
    struct app_fixture *fixture = *state;
    struct store_db *reader = fixture->reader;
    struct provision_finding found;

    fixture->reader = NULL;
    find(fixture, P "001565000001.cfg", "10.1.2.3", &found);
    assert_int_equal(found.reason, POLICY_FLAT_OFF);
    assert_false(found.phone_known);
    assert_true(found.name_known);
    find(fixture, P ALICE "/nothing", "10.1.2.3", &found);
    assert_int_equal(found.reason, POLICY_UNKNOWN_FILE);
    fixture->reader = reader;
}

static void test_finding_holds_what_the_file_is_made_from(void **state)
{
    struct provision_finding found;

    find(*state, P ALICE "/001565000001.cfg", "192.0.2.7", &found);
    assert_true(found.path_known && found.name_known && found.phone_known);
    assert_false(found.token_known);
    assert_string_equal(found.phone.user_name, "alice");
    assert_string_equal(found.vendor->name, "acme");
    assert_string_equal(found.model->name, "A1");
    assert_int_equal(found.token_kind, STORE_TOKEN_FOLDER);
    assert_string_equal(found.path.token.text, ALICE);
    find(*state, P ALICE "/y11.cfg", "192.0.2.7", &found);
    assert_true(found.token_known);
    assert_false(found.phone_known);
    assert_string_equal(found.model->name, "A1");
}

#define ROW(name)  cmocka_unit_test_setup_teardown(name, open_flat_off, close_all)
#define FLAT(name) cmocka_unit_test_setup_teardown(name, open_flat_on, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_pair_is_served_its_models_files_alone),
        ROW(test_common_file_needs_a_token_whose_user_has_such_a_phone),
        FLAT(test_flat_mode_serves_by_mac_and_what_first_contact_needs),
        ROW(test_flat_form_is_off_without_its_option),
        ROW(test_refused_flat_request_opens_no_row),
        ROW(test_finding_holds_what_the_file_is_made_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
