/* The decision over what is known of one phone: networks, flat mode, windows, single uses, secrets.
 */
#include "autoprov/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "autoprov/array.h"

static struct network PRIVATE[] = {{.family = AF_INET, .bytes = {10}, .prefix_len = 8}};
static const struct address INSIDE = {.family = AF_INET, .bytes = {10, 1, 2, 3}};

static struct policy_options options_of(const struct options *options,
                                        const struct network_list *networks)
{
    return (struct policy_options){.options = options,
                                   .flat_networks = networks,
                                   .flat = STORE_FLAT_FULL,
                                   .secrets = STORE_SECRETS_ALWAYS};
}

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
        /* Its password is another since. */
        {STORE_SECRETS_ONCE, STORE_SECRETS_ALWAYS, 0, INSIDE_NETWORK, POLICY_PART_WHOLE, true},
        {STORE_SECRETS_ONCE, STORE_SECRETS_ALWAYS, 0, OUTSIDE_NETWORK, POLICY_PART_WITHOUT_SECRETS,
         false},
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
    /* A window is used up by a fetch with a token too. */
    set_scene(&scene, false);
    scene.phone.access.enrol_until = NOW + 1;
    assert_true(policy_is_first(&scene.facts, &scene.given));
    scene.phone.access.enrol_until = NOW;
    assert_false(policy_is_first(&scene.facts, &scene.given));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_of_user_and_phone_both_have_to_hold_the_source),
        cmocka_unit_test(test_a_paused_flat_mode_serves_nobody_and_tokens_go_on),
        cmocka_unit_test(test_flat_per_phone_goes_before_the_default),
        cmocka_unit_test(test_a_phone_that_has_moved_is_refused_in_flat_form_alone),
        cmocka_unit_test(test_with_windows_flat_mode_wants_one_or_the_first_network),
        cmocka_unit_test(test_a_bootstrap_token_is_for_one_network_and_one_use),
        cmocka_unit_test(test_a_contradicting_agent_is_refused_by_option_alone),
        cmocka_unit_test(test_secrets_are_served_as_often_as_the_phone_or_the_default_says),
        cmocka_unit_test(test_a_bootstrapped_phone_has_moved_when_it_comes_by_its_own_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
