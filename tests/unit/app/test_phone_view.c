/* What templates see: names, slots, lines, keys, URLs, and what is hidden. */
#include "view_fixture.h"

#include "autoprov/array.h"
#include "support/alloc_fault.h"

/* -- names ------------------------------------------------------------------------------------- */

struct walk {
    const struct variable *seen[512];
    size_t count;
};

/* Each member of value is in the table at its level, once per object. */
static void walk(struct walk *walked, enum variable_level level, const struct value *value)
{
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->len; i++)
        walk(walked, level, &value->as.items[i]);
    const struct value *member;
    char name[VIEW_NAME_MAX], other[VIEW_NAME_MAX];
    for (size_t i = 0; (member = view_member_at(value, i, name)); i++) {
        const struct variable *variable = variable_find(level, name, strlen(name));
        if (!variable)
            fail_msg("'%s' of level %d is not in the table", name, (int)level);
        assert_true(walked->count < AP_COUNT(walked->seen));
        walked->seen[walked->count++] = variable;
        for (size_t j = 0; j < i; j++) {
            (void)view_member_at(value, j, other);
            assert_string_not_equal(name, other);
        }
        walk(walked, variable->opens, member);
    }
}

static bool has_seen(const struct walk *walked, const struct variable *variable)
{
    for (size_t i = 0; i < walked->count; i++) {
        if (walked->seen[i] == variable)
            return true;
    }
    return false;
}

/* One line, one key: of every level there is something, and the tree is short. */
static void test_view_gives_exactly_the_names_of_the_table(void **state)
{
    struct view_fixture *view = *state;
    const struct variable *variable;
    struct walk walked = {.count = 0};

    view_of(view, "generic", NULL);
    view->phone.line_count = 1;
    view->phone.key_count = 1;
    view_build(view);
    walk(&walked, VARIABLE_TOP, &view->root);
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        if (!has_seen(&walked, variable))
            fail_msg("'%s' of level %d is in no view", variable->name, (int)variable->level);
    }
}

/* In a common file user, dst, lines, keys may be empty, but nothing is missing at the top: what
 * templates ask for is the same. */
static void test_common_file_has_the_names_of_a_phone(void **state)
{
    struct view_fixture *view = *state;
    const struct variable *variable;
    struct walk walked = {.count = 0};

    view->source.phone = NULL;
    view_build(view);
    walk(&walked, VARIABLE_TOP, &view->root);
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        if (variable->level == VARIABLE_TOP && !has_seen(&walked, variable))
            fail_msg("'%s' is not in the view of a common file", variable->name);
    }
}

static void test_common_file_tells_of_no_phone(void **state)
{
    static const char *const EMPTY[] = {
        "mac",      "mac_upper", "mac_colon",        "mac_upper_colon",
        "mac_dash", "label",     "provisioning_url", "admin_password",
    };
    static const struct store_setting SETTINGS[] = {
        {STORE_SCOPE_GLOBAL, "", "ntp_server", "ntp.example.com", false, 1},
        {STORE_SCOPE_GLOBAL, "", "admin_password", "never-told", true, 1},
        {STORE_SCOPE_VENDOR, "acme", "raw.x", "1", false, 1},
    };
    struct view_fixture *view = *state;

    view_of(view, "acme", "A1");
    view->source.phone = NULL;
    view->source.settings = SETTINGS;
    view->source.setting_count = 3;
    view_build(view);
    for (size_t i = 0; i < AP_COUNT(EMPTY); i++)
        view_top(view, EMPTY[i], "");
    view_top(view, "vendor", "acme");
    view_top(view, "model", "A1");
    view_top(view, "ntp_server", "ntp.example.com");
    view_top(view, "line_count", "0");
    view_top(view, "key_count", "0");
    view_top(view, "provisioning_base_url", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/");
    assert_int_equal(view_member(&view->root, "user")->kind, VALUE_NULL);
    assert_int_equal(view_member(&view->root, "lines")->len, 0);
    assert_int_equal(view_member(&view->root, "keys")->len, 0);
    assert_int_equal(view_member(&view->root, "raw")->len, 0);
}

/* -- the phone --------------------------------------------------------------------------------- */

static void test_mac_is_there_in_all_forms(void **state)
{
    struct view_fixture *view = *state;

    memcpy(view->phone.mac, "\xcc\x5e\xf6\x41\xb7\x94", AP_MAC_LEN);
    view_build(view);
    view_top(view, "mac", "cc5ef641b794");
    view_top(view, "mac_upper", "CC5EF641B794");
    view_top(view, "mac_colon", "cc:5e:f6:41:b7:94");
    view_top(view, "mac_upper_colon", "CC:5E:F6:41:B7:94");
    view_top(view, "mac_dash", "CC-5E-F6-41-B7-94");
}

static void test_user_without_display_name_shows_the_name(void **state)
{
    static const char *const NONE[] = {"", NULL};
    struct view_fixture *view = *state;

    view_build(view);
    view_check(view_member(&view->root, "user"), "display_name", "Sample User");
    for (size_t i = 0; i < AP_COUNT(NONE); i++) {
        view->phone.user_display_name = NONE[i];
        view_build(view);
        view_check(view_member(&view->root, "user"), "name", "sample");
        view_check(view_member(&view->root, "user"), "display_name", "sample");
    }
}

/* -- slots ------------------------------------------------------------------------------------- */

static void test_slots_are_the_models_else_the_vendors(void **state)
{
    static const struct {
        const char *vendor, *model;
        size_t lines, keys;
    } ROWS[] = {
        {"acme", "A1", 3, 4},    {"acme", "A2", 1, 0},  {"acme", NULL, 2, 5},
        {"generic", NULL, 2, 5}, {"latin", "L1", 1, 1}, {"latin", NULL, 2, 5},
        {"flatty", "F1", 1, 0},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char count[24];
        view_of(view, ROWS[i].vendor, ROWS[i].model);
        view_build(view);
        assert_int_equal(view_member(&view->root, "lines")->len, ROWS[i].lines);
        assert_int_equal(view_member(&view->root, "keys")->len, ROWS[i].keys);
        (void)snprintf(count, sizeof(count), "%zu", ROWS[i].lines);
        view_top(view, "line_count", count);
        (void)snprintf(count, sizeof(count), "%zu", ROWS[i].keys);
        view_top(view, "key_count", count);
    }
}

static void test_model_unknown_to_the_catalogue_grows_to_what_is_set(void **state)
{
    struct store_line lines[] = {{.position = 5, .account = phone_view_sample()->lines[0].account}};
    struct store_key keys[] = {{.position = 9, .type = "blf", .value = "1", .label = ""}};
    struct view_fixture *view = *state;

    view->phone.lines = lines;
    view->phone.line_count = 1;
    view->phone.keys = keys;
    view->phone.key_count = 1;
    view_build(view);
    assert_int_equal(view_member(&view->root, "lines")->len, 5);
    assert_int_equal(view_member(&view->root, "keys")->len, 9);
    view->phone.line_count = 0;
    view->phone.key_count = 0;
    view_build(view);
    assert_int_equal(view_member(&view->root, "lines")->len, 2);
    assert_int_equal(view_member(&view->root, "keys")->len, 3);
}

static void test_vendor_without_slots_lists_what_is_set(void **state)
{
    struct store_line lines[] = {
        {.position = 3, .account = phone_view_sample()->lines[0].account},
        {.position = 7, .account = phone_view_sample()->lines[1].account},
    };
    struct store_key keys[] = {
        {.position = 4, .type = "blf", .value = "1", .label = ""},
        {.position = 8, .type = "line", .value = "", .label = "", .line = 7},
    };
    struct view_fixture *view = *state;

    view_of(view, "generic", NULL);
    view->phone.lines = lines;
    view->phone.keys = keys;
    view->phone.key_count = 2;
    view_build(view);
    view_check(view_item(view, "lines", 1), "index", "1");
    view_check(view_item(view, "lines", 1), "position", "7");
    assert_true(view_is(view_item(view, "lines", 1), "is_line_7"));
    assert_true(view_is(view_item(view, "lines", 1), "is_last"));
    assert_false(view_is(view_item(view, "lines", 0), "is_last"));
    view_check(view_item(view, "keys", 1), "index", "1");
    view_check(view_item(view, "keys", 1), "position", "8");
    view_check(view_item(view, "keys", 1), "line_sip_user", "1002");
    view->phone.line_count = 0;
    view->phone.key_count = 0;
    view_build(view);
    assert_int_equal(view_member(&view->root, "lines")->kind, VALUE_LIST);
    assert_int_equal(view_member(&view->root, "lines")->len, 0);
    assert_int_equal(view_member(&view->root, "keys")->len, 0);
}

/* -- lines ------------------------------------------------------------------------------------- */

static void test_lines_resolve_to_their_defaults(void **state)
{
    static const struct {
        const char *name, *first, *second;
    } ROWS[] = {
        {"index", "0", "1"},
        {"position", "1", "2"},
        {"line", "1", "2"},
        {"line_index", "0", "1"},
        {"sip_user", "1001", "1002"},
        {"domain", "pbx.example.com", "pbx.example.com"},
        {"auth_user", "1001", "auth1002"},
        {"password", "sample-1", "sample-2"},
        {"display_name", "Sample One", "1002"},
        {"line_label", "Sample One", "1002"},
        {"registrar_host", "pbx.example.com", "sip.example.com"},
        {"registrar_port", "", "5061"},
        {"sip_port", "5060", "5061"},
        {"registrar", "pbx.example.com", "sip.example.com:5061"},
        {"transport", "udp", "tls"},
        {"transport_code", "0", "2"},
        {"outbound_proxy", "", "proxy.example.com:5061"},
        {"outbound_proxy_host", "", "proxy.example.com"},
        {"outbound_proxy_port", "", "5061"},
        {"expires", "3600", "600"},
        {"expires_minutes", "60", "10"},
    };
    struct view_fixture *view = *state;

    view_build(view);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        view_check(view_item(view, "lines", 0), ROWS[i].name, ROWS[i].first);
        view_check(view_item(view, "lines", 1), ROWS[i].name, ROWS[i].second);
    }
    assert_true(view_is(view_item(view, "lines", 0), "is_first"));
    assert_true(view_is(view_item(view, "lines", 0), "is_udp"));
    assert_false(view_is(view_item(view, "lines", 0), "is_tls"));
    assert_true(view_is(view_item(view, "lines", 1), "is_tls"));
    assert_true(view_is(view_item(view, "lines", 1), "has_password"));
}

static void test_proxies_are_split_and_minutes_rounded_up(void **state)
{
    static const struct {
        const char *proxy;
        enum store_transport transport;
        uint32_t expires_s;
        const char *host, *port, *minutes;
    } ROWS[] = {
        {"", STORE_TRANSPORT_UDP, 60, "", "", "1"},
        {"p.example.com", STORE_TRANSPORT_TCP, 61, "p.example.com", "5060", "2"},
        {"p.example.com", STORE_TRANSPORT_TLS, 119, "p.example.com", "5061", "2"},
        {"p.example.com:5070", STORE_TRANSPORT_TLS, 120, "p.example.com", "5070", "2"},
        {"[2001:db8::1]", STORE_TRANSPORT_UDP, 3600, "[2001:db8::1]", "5060", "60"},
        {"[2001:db8::1]:5080", STORE_TRANSPORT_UDP, 86400, "[2001:db8::1]", "5080", "1440"},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct store_line line = phone_view_sample()->lines[0];
        line.account.outbound_proxy = ROWS[i].proxy;
        line.account.transport = ROWS[i].transport;
        line.account.expires_s = ROWS[i].expires_s;
        view->phone.lines = &line;
        view->phone.line_count = 1;
        view_build(view);
        view_check(view_item(view, "lines", 0), "outbound_proxy_host", ROWS[i].host);
        view_check(view_item(view, "lines", 0), "outbound_proxy_port", ROWS[i].port);
        view_check(view_item(view, "lines", 0), "expires_minutes", ROWS[i].minutes);
    }
}

/* A name that a slot without account had not would be found at the top: the phone's label as the
 * line's. */
static void test_unset_lines_and_keys_have_every_name_and_leak_none(void **state)
{
    static const char *const OWN[] = {"position",   "index",   "line",
                                      "line_index", "is_last", "is_line_3"};
    struct view_fixture *view = *state;
    const struct variable *variable;

    view_of(view, "acme", "A1");
    view_build(view);
    const struct value *unset = view_item(view, "lines", 2);
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        bool own = strcmp(variable->name, "is_line_N") == 0;
        for (size_t j = 0; j < AP_COUNT(OWN); j++)
            own = own || strcmp(OWN[j], variable->name) == 0;
        if (variable->level == VARIABLE_LINE && !own)
            assert_int_equal(view_member(unset, variable->name)->kind, VALUE_NULL);
    }
    view_check(unset, "position", "3");
    view->phone.key_count = 0;
    view_build(view);
    for (size_t i = 0; i < 4; i++) {
        view_check(view_item(view, "keys", i), "value", "");
        view_check(view_item(view, "keys", i), "label", "");
        assert_true(view_is(view_item(view, "keys", i), "is_none"));
    }
}

static void test_line_without_password_says_so(void **state)
{
    static const char *const NONE[] = {NULL, ""};
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(NONE); i++) {
        struct store_line line = phone_view_sample()->lines[0];
        line.account.password = NONE[i];
        view->phone.lines = &line;
        view->phone.line_count = 1;
        view_build(view);
        assert_false(view_is(view_item(view, "lines", 0), "has_password"));
    }
}

/* RFC 3261, 25.1: quoted-pair. */
static void test_display_names_are_quoted_for_sip(void **state)
{
    static const struct {
        const char *name, *quoted;
    } ROWS[] = {
        {"Alice", "Alice"},
        {"Al \"the\" Ice", "Al \\\"the\\\" Ice"},
        {"back\\slash", "back\\\\slash"},
        {"\"", "\\\""},
        {"\\\"", "\\\\\\\""},
        {"\xc3\x84"
         "rger",
         "\xc3\x84"
         "rger"},
        {"\" <sip:evil@example.net>", "\\\" <sip:evil@example.net>"},
    };
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct store_line line = phone_view_sample()->lines[0];
        line.account.display_name = ROWS[i].name;
        view->phone.lines = &line;
        view->phone.line_count = 1;
        view_build(view);
        view_check(view_item(view, "lines", 0), "display_name", ROWS[i].name);
        view_check(view_item(view, "lines", 0), "display_name_quoted", ROWS[i].quoted);
    }
}

/* -- keys -------------------------------------------------------------------------------------- */

static void test_keys_stand_at_their_positions(void **state)
{
    static const struct store_key KEYS[] = {
        {.position = 2, .type = "line", .value = "", .label = "", .line = 2},
        {.position = 4, .type = "blf", .value = "1003", .label = "Bob", .line = 0},
        {.position = 9, .type = "blf", .value = "beyond", .label = "", .line = 0},
    };
    static const struct {
        const char *name, *texts[4];
    } ROWS[] = {
        {"position", {"1", "2", "3", "4"}},
        {"index", {"0", "1", "2", "3"}},
        {"type", {"none", "line", "none", "blf"}},
        {"type_code", {"0", "15", "0", "16"}},
        {"value", {"", "", "", "1003"}},
        {"label", {"", "", "", "Bob"}},
        {"line", {"1", "2", "1", "1"}},
        {"line_index", {"0", "1", "0", "0"}},
        {"line_sip_user", {"1001", "1002", "", "1001"}},
        {"line_domain", {"pbx.example.com", "pbx.example.com", "", "pbx.example.com"}},
    };
    struct view_fixture *view = *state;

    view_of(view, "acme", "A1");
    view->phone.keys = (struct store_key *)(uintptr_t)KEYS;
    view->phone.key_count = 3;
    view_build(view);
    assert_int_equal(view_member(&view->root, "keys")->len, 4);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        for (size_t j = 0; j < 4; j++)
            view_check(view_item(view, "keys", j), ROWS[i].name, ROWS[i].texts[j]);
    }
    assert_true(view_is(view_item(view, "keys", 0), "is_default_line"));
    assert_false(view_is(view_item(view, "keys", 1), "is_default_line"));
    assert_false(view_is(view_item(view, "keys", 2), "is_default_line"));
    assert_true(view_is(view_item(view, "keys", 1), "is_line"));
    assert_true(view_is(view_item(view, "keys", 3), "is_key_4"));
    assert_true(view_is(view_item(view, "keys", 3), "is_last"));
    assert_true(view_is(view_item(view, "keys", 3), "is_set"));
}

static void test_types_without_a_code_have_none_and_labels_default_to_values(void **state)
{
    struct store_key keys[] = {
        {.position = 1, .type = "speed_dial", .value = "110", .label = ""},
        {.position = 2, .type = "park", .value = "701", .label = "Park"},
        {.position = 3, .type = "dtmf", .value = "*1", .label = ""},
    };
    struct view_fixture *view = *state;

    view->phone.keys = keys;
    view->phone.key_count = 3;
    view_build(view);
    for (size_t i = 0; i < 3; i++)
        view_check(view_item(view, "keys", i), "type_code", "");
    view_check(view_item(view, "keys", 0), "label", "110");
    view_check(view_item(view, "keys", 1), "label", "Park");
    assert_true(view_is(view_item(view, "keys", 0), "is_speed_dial"));
    assert_true(view_is(view_item(view, "keys", 1), "is_park"));
    assert_true(view_is(view_item(view, "keys", 2), "is_dtmf"));
}

/* -- memory ------------------------------------------------------------------------------------ */

static int build(void *data)
{
    struct view_fixture *view = data;
    struct ap_error error = {{0}};
    struct arena arena;
    struct value root;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    int err = phone_view_build(&view->source, &arena, &root, &error);
    assert_true(err == 0 || (err == AP_ENOMEM && error.text[0]));
    arena_done(&arena);
    return err;
}

static void test_failed_allocation_is_told(void **state)
{
    assert_true(alloc_fault_run(build, *state) > 1);
}

static void test_arena_of_any_size_gives_a_view_or_no_memory(void **state)
{
    struct view_fixture *view = *state;
    int err = AP_ENOMEM;

    view_of(view, "acme", "A1");
    for (size_t max = 0; err; max += 64) {
        struct ap_error error = {{0}};
        struct arena arena;
        struct value root;
        arena_init(&arena, max);
        err = phone_view_build(&view->source, &arena, &root, &error);
        assert_true(err == 0 || err == AP_ENOMEM);
        arena_done(&arena);
        assert_true(max < 100000);
    }
}

/* All that the store can hold for one phone, in the memory of one request. */
static void test_largest_phone_fits_a_requests_memory(void **state)
{
    static struct store_line lines[AP_LINES_PER_PHONE_MAX];
    static struct store_key keys[AP_KEYS_PER_PHONE_MAX];
    struct view_fixture *view = *state;

    for (uint32_t i = 0; i < AP_LINES_PER_PHONE_MAX; i++)
        lines[i] = (struct store_line){.position = i + 1,
                                       .account = phone_view_sample()->lines[1].account};
    for (uint32_t i = 0; i < AP_KEYS_PER_PHONE_MAX; i++)
        keys[i] = (struct store_key){.position = i + 1, .type = "blf", .value = "1", .label = ""};
    view->phone.lines = lines;
    view->phone.line_count = AP_LINES_PER_PHONE_MAX;
    view->phone.keys = keys;
    view->phone.key_count = AP_KEYS_PER_PHONE_MAX;
    view_build(view);
    assert_int_equal(view_member(&view->root, "lines")->len, AP_LINES_PER_PHONE_MAX);
    assert_int_equal(view_member(&view->root, "keys")->len, AP_KEYS_PER_PHONE_MAX);
    view_check(view_item(view, "keys", AP_KEYS_PER_PHONE_MAX - 1), "position", "512");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_view_gives_exactly_the_names_of_the_table),
        ROW(test_common_file_has_the_names_of_a_phone),
        ROW(test_common_file_tells_of_no_phone),
        ROW(test_mac_is_there_in_all_forms),
        ROW(test_user_without_display_name_shows_the_name),
        ROW(test_slots_are_the_models_else_the_vendors),
        ROW(test_model_unknown_to_the_catalogue_grows_to_what_is_set),
        ROW(test_vendor_without_slots_lists_what_is_set),
        ROW(test_lines_resolve_to_their_defaults),
        ROW(test_proxies_are_split_and_minutes_rounded_up),
        ROW(test_unset_lines_and_keys_have_every_name_and_leak_none),
        ROW(test_line_without_password_says_so),
        ROW(test_display_names_are_quoted_for_sip),
        ROW(test_keys_stand_at_their_positions),
        ROW(test_types_without_a_code_have_none_and_labels_default_to_values),
        ROW(test_failed_allocation_is_told),
        ROW(test_arena_of_any_size_gives_a_view_or_no_memory),
        ROW(test_largest_phone_fits_a_requests_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
