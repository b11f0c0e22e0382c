/* The decision over all facts, and the names of its reasons. */
#include "autoprov/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

static const struct store_phone ENABLED = {.id = "a", .enabled = true};
static const struct store_phone DISABLED = {.id = "b", .enabled = false};
static struct network PRIVATE[] = {{.family = AF_INET, .bytes = {10}, .prefix_len = 8}};
static const struct address INSIDE = {.family = AF_INET, .bytes = {10, 1, 2, 3}};
static const struct address OUTSIDE = {.family = AF_INET, .bytes = {192, 0, 2, 7}};
#define INSIDE_TEXT  "10.1.2.3"
#define OUTSIDE_TEXT "192.0.2.7"

static struct policy_options options_of(const struct options *options,
                                        const struct network_list *networks)
{
    return (struct policy_options){.options = options,
                                   .flat_networks = networks,
                                   .flat = STORE_FLAT_FULL,
                                   .secrets = STORE_SECRETS_ALWAYS};
}

enum who { NOBODY, ON, OFF, WHO_COUNT };

/* The rules as sentences, apart from how the code orders them. */
static enum policy_reason expected(bool flat, bool inside, bool forwarded, enum who who,
                                   bool security_disabled)
{
    if (flat && !security_disabled)
        return POLICY_FLAT_OFF;
    if (flat && (forwarded || !inside))
        return POLICY_ADDRESS_NOT_ALLOWED;
    if (who == NOBODY)
        return flat ? POLICY_UNKNOWN_MAC : POLICY_UNKNOWN_PAIR;
    return who == ON ? POLICY_SERVE : POLICY_DISABLED;
}

static void test_every_combination_of_facts_is_decided_by_the_rules(void **state)
{
    static const struct store_phone *const PHONES[WHO_COUNT] = {NULL, &ENABLED, &DISABLED};
    const struct network_list networks = {PRIVATE, 1};
    bool reached[POLICY_REASON_COUNT] = {false};

    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        for (int who = 0; who < WHO_COUNT; who++) {
            bool flat = bits & 1, inside = bits & 2, forwarded = bits & 4, disabled = bits & 8;
            const struct options options = {.disable_auto_provision_security = disabled};
            const struct policy_options given = options_of(&options, &networks);
            const struct policy_facts facts = {.flat = flat,
                                               .source = inside ? &INSIDE : &OUTSIDE,
                                               .has_forwarded = forwarded,
                                               .phone = PHONES[who]};
            enum policy_reason reason = policy_decide(&facts, &given);
            assert_int_equal(reason, expected(flat, inside, forwarded, (enum who)who, disabled));
            reached[reason] = true;
        }
    }
    assert_true(reached[POLICY_SERVE] && reached[POLICY_UNKNOWN_PAIR] &&
                reached[POLICY_UNKNOWN_MAC] && reached[POLICY_FLAT_OFF] &&
                reached[POLICY_ADDRESS_NOT_ALLOWED] && reached[POLICY_DISABLED]);
}

/* A common file needs a user's token, or in flat mode nothing but flat mode itself. */
static void test_common_files_are_decided_without_a_phone(void **state)
{
    const struct network_list networks = {PRIVATE, 1};

    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        bool flat = bits & 1, inside = bits & 2, token = bits & 4, disabled = bits & 8;
        const struct options options = {.disable_auto_provision_security = disabled};
        const struct policy_options given = options_of(&options, &networks);
        const struct policy_facts facts = {.flat = flat,
                                           .common = true,
                                           .token_known = token,
                                           .source = inside ? &INSIDE : &OUTSIDE};
        enum policy_reason expected = token ? POLICY_SERVE : POLICY_UNKNOWN_PAIR;
        if (flat)
            expected = !disabled ? POLICY_FLAT_OFF
                       : inside  ? POLICY_SERVE
                                 : POLICY_ADDRESS_NOT_ALLOWED;
        assert_int_equal(policy_decide(&facts, &given), expected);
    }
}

static void test_what_the_name_is_to_the_phone_counts_last(void **state)
{
    static const struct {
        enum policy_file file;
        bool flat_only, flat;
        enum policy_reason expected;
    } ROWS[] = {
        {POLICY_FILE_SERVED, false, false, POLICY_SERVE},
        {POLICY_FILE_PROBED, false, false, POLICY_PROBE},
        {POLICY_FILE_FOREIGN, false, false, POLICY_UNKNOWN_FILE},
        {POLICY_FILE_SERVED, true, false, POLICY_FLAT_ONLY},
        {POLICY_FILE_SERVED, true, true, POLICY_SERVE},
        {POLICY_FILE_PROBED, true, true, POLICY_PROBE},
        {POLICY_FILE_FOREIGN, true, false, POLICY_UNKNOWN_FILE},
    };
    const struct network_list networks = {PRIVATE, 1};
    const struct options options = {.disable_auto_provision_security = true};
    const struct policy_options given = options_of(&options, &networks);

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct policy_facts facts = {.flat = ROWS[i].flat,
                                     .flat_only = ROWS[i].flat_only,
                                     .file = ROWS[i].file,
                                     .source = &INSIDE,
                                     .phone = &ENABLED};
        assert_int_equal(policy_decide(&facts, &given), ROWS[i].expected);
        /* Who asks with somebody else's token learns nothing of the name. */
        facts.phone = NULL;
        assert_int_equal(policy_decide(&facts, &given),
                         ROWS[i].flat ? POLICY_UNKNOWN_MAC : POLICY_UNKNOWN_PAIR);
        facts.phone = &DISABLED;
        assert_int_equal(policy_decide(&facts, &given), POLICY_DISABLED);
    }
}

static void test_a_burnt_token_serves_only_where_the_phone_was_last(void **state)
{
    static const struct {
        const char *last_fetch_address;
        bool has_forwarded, enabled;
        enum policy_reason expected;
    } ROWS[] = {
        {INSIDE_TEXT, false, true, POLICY_SERVE},
        {OUTSIDE_TEXT, false, true, POLICY_BURNT},
        {"", false, true, POLICY_BURNT},
        {INSIDE_TEXT, true, true, POLICY_BURNT},
        {INSIDE_TEXT, false, false, POLICY_DISABLED},
    };
    const struct network_list networks = {PRIVATE, 1};
    const struct options options = {.disable_auto_provision_security = false};
    const struct policy_options given = options_of(&options, &networks);

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct store_phone phone = {.enabled = ROWS[i].enabled,
                                          .last_fetch_address = ROWS[i].last_fetch_address};
        const struct policy_facts facts = {.burnt = true,
                                           .source = &INSIDE,
                                           .has_forwarded = ROWS[i].has_forwarded,
                                           .phone = &phone};
        assert_int_equal(policy_decide(&facts, &given), ROWS[i].expected);
    }
}

static void test_no_networks_means_nobody_in_flat_mode(void **state)
{
    const struct network_list none = {NULL, 0};
    const struct options options = {.disable_auto_provision_security = true};
    const struct policy_options given = options_of(&options, &none);
    struct policy_facts facts = {.flat = true, .source = &INSIDE, .phone = &ENABLED};

    (void)state;
    assert_int_equal(policy_decide(&facts, &given), POLICY_ADDRESS_NOT_ALLOWED);
    facts.flat = false;
    assert_int_equal(policy_decide(&facts, &given), POLICY_SERVE);
}

/* -- facts of one phone ------------------------------------------------------------------------ */

#define NOW             INT64_C(1700000000)
#define INSIDE_NETWORK  "10.1.2.0/24"
#define OUTSIDE_NETWORK "192.0.2.0/24"

/* A phone, a request from INSIDE and flat mode for 10.0.0.0/8: each test changes what it is about.
 */
struct scene {
    struct options options;
    struct network_list networks;
    struct policy_options given;
    struct store_phone phone;
    struct policy_facts facts;
};

static void set_scene(struct scene *scene, bool flat)
{
    *scene = (struct scene){.options = {.disable_auto_provision_security = true},
                            .networks = {PRIVATE, 1},
                            .phone = {.id = "a", .enabled = true, .last_fetch_address = ""},
                            .facts = {.flat = flat, .source = &INSIDE, .now = NOW}};
    scene->given = options_of(&scene->options, &scene->networks);
    scene->facts.phone = &scene->phone;
}

static enum policy_reason decide(const struct scene *scene)
{
    return policy_decide(&scene->facts, &scene->given);
}

static void test_networks_of_user_and_phone_both_have_to_hold_the_source(void **state)
{
    static const struct {
        const char *phone, *user;
        bool forwarded, served;
    } ROWS[] = {
        {NULL, NULL, false, true},
        {NULL, NULL, true, true}, /* nothing is asked of the source */
        {INSIDE_NETWORK, NULL, false, true},
        {OUTSIDE_NETWORK, NULL, false, false},
        {OUTSIDE_NETWORK "," INSIDE_NETWORK, NULL, false, true},
        {NULL, OUTSIDE_NETWORK, false, false},
        {INSIDE_NETWORK, OUTSIDE_NETWORK, false, false},
        {INSIDE_NETWORK, INSIDE_NETWORK, false, true},
        {INSIDE_NETWORK, NULL, true, false},
        {"not a network", NULL, false, false},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene, false);
        scene.phone.access.networks = ROWS[i].phone;
        scene.phone.access.user_networks = ROWS[i].user;
        scene.facts.has_forwarded = ROWS[i].forwarded;
        assert_int_equal(decide(&scene),
                         ROWS[i].served ? POLICY_SERVE : POLICY_ADDRESS_NOT_ALLOWED);
    }
}

static void test_a_paused_flat_mode_serves_nobody_and_tokens_go_on(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, true);
    scene.facts.flat_paused = true;
    assert_int_equal(decide(&scene), POLICY_FLAT_PAUSED);
    scene.facts.phone = NULL; /* and does not tell who is there */
    assert_int_equal(decide(&scene), POLICY_FLAT_PAUSED);
    set_scene(&scene, false);
    scene.facts.flat_paused = true;
    assert_int_equal(decide(&scene), POLICY_SERVE);
}

static void test_flat_per_phone_goes_before_the_default(void **state)
{
    static const struct {
        enum store_flat phone, common;
        bool has_bootstrap;
        enum policy_reason reason;
        enum policy_part part;
    } ROWS[] = {
        {STORE_FLAT_DEFAULT, STORE_FLAT_FULL, true, POLICY_SERVE, POLICY_PART_WHOLE},
        {STORE_FLAT_DEFAULT, STORE_FLAT_OFF, true, POLICY_FLAT_CLOSED, POLICY_PART_WHOLE},
        {STORE_FLAT_DEFAULT, STORE_FLAT_BOOTSTRAP, true, POLICY_SERVE, POLICY_PART_BOOTSTRAP},
        {STORE_FLAT_DEFAULT, STORE_FLAT_BOOTSTRAP, false, POLICY_NO_BOOTSTRAP, POLICY_PART_WHOLE},
        {STORE_FLAT_OFF, STORE_FLAT_FULL, true, POLICY_FLAT_CLOSED, POLICY_PART_WHOLE},
        {STORE_FLAT_FULL, STORE_FLAT_OFF, false, POLICY_SERVE, POLICY_PART_WHOLE},
        {STORE_FLAT_BOOTSTRAP, STORE_FLAT_FULL, true, POLICY_SERVE, POLICY_PART_BOOTSTRAP},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene, true);
        scene.phone.access.flat = ROWS[i].phone;
        scene.given.flat = ROWS[i].common;
        scene.facts.has_bootstrap = ROWS[i].has_bootstrap;
        assert_int_equal(decide(&scene), ROWS[i].reason);
        if (ROWS[i].reason == POLICY_SERVE)
            assert_int_equal(policy_part(&scene.facts, &scene.given), ROWS[i].part);
        /* A token URL does not ask for any of it. */
        scene.facts.flat = false;
        assert_int_equal(decide(&scene), POLICY_SERVE);
        assert_int_equal(policy_part(&scene.facts, &scene.given), POLICY_PART_WHOLE);
    }
}

static void test_a_phone_that_has_moved_is_refused_in_flat_form_alone(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, true);
    scene.phone.access.bootstrap_at = NOW - 100;
    assert_int_equal(decide(&scene), POLICY_SERVE);
    scene.phone.access.moved_at = NOW - 50;
    assert_int_equal(decide(&scene), POLICY_FLAT_MOVED);
    scene.facts.flat = false;
    assert_int_equal(decide(&scene), POLICY_SERVE);
}

static void test_with_windows_flat_mode_wants_one_or_the_first_network(void **state)
{
    static const struct {
        int64_t until, first_at;
        const char *first_network;
        bool served;
    } ROWS[] = {
        {0, 0, NULL, false},
        {NOW, 0, NULL, false},
        {NOW + 1, 0, NULL, true},
        {NOW + 1, NOW - 5, OUTSIDE_NETWORK, false}, /* used up, elsewhere */
        {NOW + 1, NOW - 5, INSIDE_NETWORK, true},
        {0, NOW - 86400, INSIDE_NETWORK, true},
        {0, NOW - 86400, OUTSIDE_NETWORK, false},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene, true);
        scene.given.flat_needs_window = true;
        scene.phone.access.enrol_until = ROWS[i].until;
        scene.phone.access.first_at = ROWS[i].first_at;
        scene.phone.access.first_network = ROWS[i].first_network;
        assert_int_equal(decide(&scene), ROWS[i].served ? POLICY_SERVE : POLICY_WINDOW_CLOSED);
        scene.given.flat_needs_window = false;
        assert_int_equal(decide(&scene), POLICY_SERVE);
    }
}

static void test_a_bootstrap_token_is_for_one_network_and_one_use(void **state)
{
    static const struct {
        const char *network;
        int64_t used_at;
        bool forwarded;
        enum policy_reason expected;
    } ROWS[] = {
        {INSIDE_NETWORK, 0, false, POLICY_SERVE},
        {INSIDE_NETWORK, NOW - STORE_SAME_FETCH_S, false, POLICY_SERVE},
        {INSIDE_NETWORK, NOW - STORE_SAME_FETCH_S - 1, false, POLICY_BOOTSTRAP_USED},
        {OUTSIDE_NETWORK, 0, false, POLICY_OTHER_NETWORK},
        {INSIDE_NETWORK, 0, true, POLICY_OTHER_NETWORK},
        {NULL, 0, false, POLICY_OTHER_NETWORK},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene, false);
        scene.facts.bootstrap = true;
        scene.facts.has_forwarded = ROWS[i].forwarded;
        scene.phone.access.token_network = ROWS[i].network;
        scene.phone.access.token_used_at = ROWS[i].used_at;
        assert_int_equal(decide(&scene), ROWS[i].expected);
    }
}

static void test_a_contradicting_agent_is_refused_by_option_alone(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, false);
    for (int agent = CATALOGUE_AGENT_SILENT; agent <= CATALOGUE_AGENT_OTHER_VENDOR; agent++) {
        scene.facts.agent = (enum catalogue_agent)agent;
        scene.given.refuses_agents = false;
        assert_int_equal(decide(&scene), POLICY_SERVE);
        scene.given.refuses_agents = true;
        assert_int_equal(decide(&scene),
                         agent == CATALOGUE_AGENT_SILENT ? POLICY_SERVE : POLICY_AGENT_CONTRADICTS);
    }
}

static void test_secrets_are_served_as_often_as_the_phone_or_the_default_says(void **state)
{
    static const struct {
        enum store_secrets phone, common;
        int64_t first_at;
        const char *first_network;
        enum policy_part part;
        bool is_first;
    } ROWS[] = {
        {STORE_SECRETS_DEFAULT, STORE_SECRETS_ALWAYS, 0, NULL, POLICY_PART_WHOLE, false},
        {STORE_SECRETS_DEFAULT, STORE_SECRETS_ONCE, 0, NULL, POLICY_PART_WHOLE, true},
        {STORE_SECRETS_ALWAYS, STORE_SECRETS_ONCE, 0, NULL, POLICY_PART_WHOLE, false},
        {STORE_SECRETS_ONCE, STORE_SECRETS_ALWAYS, NOW - 60, INSIDE_NETWORK, POLICY_PART_WHOLE,
         false},
        {STORE_SECRETS_ONCE, STORE_SECRETS_ALWAYS, NOW - 61, INSIDE_NETWORK,
         POLICY_PART_WITHOUT_SECRETS, false},
        {STORE_SECRETS_ONCE, STORE_SECRETS_ALWAYS, NOW - 5, OUTSIDE_NETWORK,
         POLICY_PART_WITHOUT_SECRETS, false},
        {STORE_SECRETS_FIRST_NETWORK, STORE_SECRETS_ALWAYS, 0, NULL, POLICY_PART_WHOLE, true},
        {STORE_SECRETS_FIRST_NETWORK, STORE_SECRETS_ALWAYS, NOW - 86400, INSIDE_NETWORK,
         POLICY_PART_WHOLE, false},
        {STORE_SECRETS_FIRST_NETWORK, STORE_SECRETS_ALWAYS, NOW - 5, OUTSIDE_NETWORK,
         POLICY_PART_WITHOUT_SECRETS, false},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene, false);
        scene.given.secrets = ROWS[i].common;
        scene.phone.access.secrets = ROWS[i].phone;
        scene.phone.access.first_at = ROWS[i].first_at;
        scene.phone.access.first_network = ROWS[i].first_network;
        assert_int_equal(decide(&scene), POLICY_SERVE);
        assert_int_equal(policy_part(&scene.facts, &scene.given), ROWS[i].part);
        assert_int_equal(policy_is_first(&scene.facts, &scene.given), ROWS[i].is_first);
    }
    /* Flat mode notes where it served a phone first, whatever the phone's secrets. */
    set_scene(&scene, true);
    assert_true(policy_is_first(&scene.facts, &scene.given));
    scene.given.flat = STORE_FLAT_BOOTSTRAP;
    assert_false(policy_is_first(&scene.facts, &scene.given));
    scene.facts.common = true;
    assert_int_equal(policy_part(&scene.facts, &scene.given), POLICY_PART_WHOLE);
    assert_false(policy_is_first(&scene.facts, &scene.given));
}

static void test_a_bootstrapped_phone_has_moved_when_it_comes_by_its_own_token(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, false);
    assert_false(policy_has_moved(&scene.facts));
    scene.phone.access.bootstrap_at = NOW - 5;
    assert_true(policy_has_moved(&scene.facts));
    scene.facts.bootstrap = true;
    assert_false(policy_has_moved(&scene.facts));
    scene.facts.bootstrap = false;
    scene.facts.flat = true;
    assert_false(policy_has_moved(&scene.facts));
    scene.facts.flat = false;
    scene.phone.access.moved_at = NOW;
    assert_false(policy_has_moved(&scene.facts));
}

/* Scripts, alarms and refusal rows hold these: a change is a change of the interface. */
static void test_reason_names_are_stable(void **state)
{
    static const char *const NAMES[] = {
        "served",
        "bad_request",
        "method",
        "unknown_path",
        "bad_token",
        "unknown_file",
        "unknown_pair",
        "unknown_mac",
        "flat_off",
        "address_not_allowed",
        "disabled",
        "render_failed",
        "probe",
        "flat_only",
        "burnt",
        "flat_paused",
        "flat_closed",
        "flat_moved",
        "window_closed",
        "no_bootstrap",
        "bootstrap_used",
        "other_network",
        "agent_contradicts",
        "no_source",
    };

    (void)state;
    assert_int_equal(AP_COUNT(NAMES), POLICY_REASON_COUNT);
    for (int reason = 0; reason < POLICY_REASON_COUNT; reason++)
        assert_string_equal(policy_reason_name((enum policy_reason)reason), NAMES[reason]);
}

/* conf/fail2ban and conf/monitoring have the same ones; tests/system/test_monitoring.py looks. */
static void test_guesses_are_tries_of_tokens_and_macs_alone(void **state)
{
    (void)state;
    for (int reason = 0; reason < POLICY_REASON_COUNT; reason++) {
        bool expected = reason == POLICY_UNKNOWN_PAIR || reason == POLICY_BAD_TOKEN ||
                        reason == POLICY_UNKNOWN_MAC || reason == POLICY_FLAT_OFF ||
                        reason == POLICY_ADDRESS_NOT_ALLOWED;
        assert_int_equal(policy_is_guess((enum policy_reason)reason), expected);
    }
    assert_false(policy_is_guess(POLICY_REASON_COUNT));
}

static void test_no_guess_is_routine(void **state)
{
    (void)state;
    assert_true(policy_is_routine(POLICY_PROBE));
    assert_false(policy_is_routine(POLICY_DISABLED));
    assert_false(policy_is_routine(POLICY_BURNT));
    assert_false(policy_is_routine(POLICY_REASON_COUNT));
    for (int reason = 0; reason < POLICY_REASON_COUNT; reason++)
        assert_false(policy_is_guess((enum policy_reason)reason) &&
                     policy_is_routine((enum policy_reason)reason));
}

static void test_reason_names_are_unique_words_that_fit_a_record(void **state)
{
    (void)state;
    for (int reason = 0; reason < POLICY_REASON_COUNT; reason++) {
        const char *name = policy_reason_name((enum policy_reason)reason);
        assert_in_range(strlen(name), 1, 31);
        for (const char *c = name; *c; c++)
            assert_true(*c == '_' || (text_is_alnum(*c) && *c == text_lower(*c)));
        for (int other = 0; other < reason; other++)
            assert_string_not_equal(name, policy_reason_name((enum policy_reason)other));
    }
}

static void test_reason_out_of_range_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(policy_reason_name(POLICY_REASON_COUNT), "unknown");
    assert_string_equal(policy_reason_name((enum policy_reason)1000), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_combination_of_facts_is_decided_by_the_rules),
        cmocka_unit_test(test_common_files_are_decided_without_a_phone),
        cmocka_unit_test(test_what_the_name_is_to_the_phone_counts_last),
        cmocka_unit_test(test_a_burnt_token_serves_only_where_the_phone_was_last),
        cmocka_unit_test(test_no_networks_means_nobody_in_flat_mode),
        cmocka_unit_test(test_networks_of_user_and_phone_both_have_to_hold_the_source),
        cmocka_unit_test(test_a_paused_flat_mode_serves_nobody_and_tokens_go_on),
        cmocka_unit_test(test_flat_per_phone_goes_before_the_default),
        cmocka_unit_test(test_a_phone_that_has_moved_is_refused_in_flat_form_alone),
        cmocka_unit_test(test_with_windows_flat_mode_wants_one_or_the_first_network),
        cmocka_unit_test(test_a_bootstrap_token_is_for_one_network_and_one_use),
        cmocka_unit_test(test_a_contradicting_agent_is_refused_by_option_alone),
        cmocka_unit_test(test_secrets_are_served_as_often_as_the_phone_or_the_default_says),
        cmocka_unit_test(test_a_bootstrapped_phone_has_moved_when_it_comes_by_its_own_token),
        cmocka_unit_test(test_reason_names_are_stable),
        cmocka_unit_test(test_guesses_are_tries_of_tokens_and_macs_alone),
        cmocka_unit_test(test_no_guess_is_routine),
        cmocka_unit_test(test_reason_names_are_unique_words_that_fit_a_record),
        cmocka_unit_test(test_reason_out_of_range_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
