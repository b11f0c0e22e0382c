/* The decision over a question by multicast: anybody can ask it, with any MAC. */
#include "autoprov/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "autoprov/array.h"

#define NOW INT64_C(1700000000)

/* A phone with an open window, asked from INSIDE: each test changes what it is about. */
static const struct address INSIDE = {.family = AF_INET, .bytes = {192, 168, 1, 20}};
static const struct address CAMPUS = {.family = AF_INET, .bytes = {192, 0, 2, 20}};
static const struct address STRANGER = {.family = AF_INET, .bytes = {198, 51, 100, 20}};
static struct network CAMPUS_NETWORK[] = {
    {.family = AF_INET, .bytes = {192, 0, 2}, .prefix_len = 24}};

struct scene {
    struct network_list networks;
    struct policy_pnp_options options;
    struct store_phone phone;
    struct policy_pnp_facts facts;
};

static void set_scene(struct scene *scene)
{
    *scene = (struct scene){
        .networks = {CAMPUS_NETWORK, 1},
        .options = {.mode = CONFIG_PNP_PROVISION},
        .phone = {.id = "a", .enabled = true, .access = {.enrol_until = NOW + 1}},
        .facts = {.source = &INSIDE, .now = NOW, .has_url = true},
    };
    scene->options.flat_networks = &scene->networks;
    scene->facts.phone = &scene->phone;
}

static enum policy_reason decide(const struct scene *scene)
{
    return policy_pnp_decide(&scene->facts, &scene->options);
}

static void test_only_provision_serves(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene);
    assert_int_equal(decide(&scene), POLICY_SERVE);
    scene.options.mode = CONFIG_PNP_DISCOVER;
    assert_int_equal(decide(&scene), POLICY_PNP_DISCOVER);
    scene.options.mode = CONFIG_PNP_OFF;
    assert_int_equal(decide(&scene), POLICY_PNP_OFF);
    /* And says nothing of who is there. */
    scene.facts.phone = NULL;
    scene.facts.source = &STRANGER;
    assert_int_equal(decide(&scene), POLICY_PNP_OFF);
}

static void test_the_window_is_needed_and_is_of_one_network(void **state)
{
    static const struct {
        int64_t enrol_until;
        const char *first_network;
        enum policy_reason reason;
    } ROWS[] = {
        {NOW + 1, NULL, POLICY_SERVE},
        {NOW, NULL, POLICY_WINDOW_CLOSED},
        {0, NULL, POLICY_WINDOW_CLOSED},
        {NOW + 1, "192.168.1.0/24", POLICY_SERVE}, /* repeats of the first fetch */
        {NOW + 1, "192.168.2.0/24", POLICY_WINDOW_CLOSED},
        {NOW, "192.168.1.0/24", POLICY_WINDOW_CLOSED},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene);
        scene.phone.access.enrol_until = ROWS[i].enrol_until;
        scene.phone.access.first_network = ROWS[i].first_network;
        assert_int_equal(decide(&scene), ROWS[i].reason);
    }
}

static void test_the_source_is_private_or_in_flat_networks(void **state)
{
    static const struct {
        const struct address *source;
        bool has_networks;
        enum policy_reason reason;
    } ROWS[] = {
        {&INSIDE, true, POLICY_SERVE},         {&INSIDE, false, POLICY_SERVE},
        {&CAMPUS, true, POLICY_SERVE},         {&CAMPUS, false, POLICY_PNP_ADDRESS},
        {&STRANGER, true, POLICY_PNP_ADDRESS},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene);
        scene.facts.source = ROWS[i].source;
        scene.networks.count = ROWS[i].has_networks;
        assert_int_equal(decide(&scene), ROWS[i].reason);
        scene.facts.phone = NULL; /* a stranger does not learn who is there from the log either */
        assert_int_equal(decide(&scene),
                         ROWS[i].reason == POLICY_SERVE ? POLICY_PNP_UNKNOWN : ROWS[i].reason);
    }
}

static void test_networks_of_user_and_phone_both_have_to_hold_the_source(void **state)
{
    static const struct {
        const char *phone, *user;
        bool served;
    } ROWS[] = {
        {NULL, NULL, true},
        {"192.168.1.0/24", NULL, true},
        {"192.168.2.0/24", NULL, false},
        {"192.168.2.0/24,192.168.1.20", NULL, true},
        {NULL, "192.168.2.0/24", false},
        {"192.168.1.0/24", "192.168.2.0/24", false},
        {"192.168.1.0/24", "192.168.0.0/16", true},
        {"not a network", NULL, false},
    };
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        set_scene(&scene);
        scene.phone.access.networks = ROWS[i].phone;
        scene.phone.access.user_networks = ROWS[i].user;
        assert_int_equal(decide(&scene), ROWS[i].served ? POLICY_SERVE : POLICY_PNP_ADDRESS);
    }
}

static void test_what_no_window_would_help_is_told_first(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene);
    scene.phone.access.enrol_until = 0;
    scene.phone.access.moved_at = NOW - 10;
    assert_int_equal(decide(&scene), POLICY_FLAT_MOVED);
    scene.facts.has_url = false;
    assert_int_equal(decide(&scene), POLICY_NO_BOOTSTRAP);
    scene.facts.flat_only = true;
    assert_int_equal(decide(&scene), POLICY_FLAT_ONLY);
    scene.phone.enabled = false;
    assert_int_equal(decide(&scene), POLICY_DISABLED);
    scene.facts.phone = NULL;
    assert_int_equal(decide(&scene), POLICY_PNP_UNKNOWN);
}

/* Whoever forges a source must not get somebody banned (conf/fail2ban). */
static void test_no_question_is_a_guess(void **state)
{
    static const enum policy_reason REASONS[] = {
        POLICY_PNP_OFF,      POLICY_PNP_DISCOVER,  POLICY_PNP_UNKNOWN, POLICY_PNP_ADDRESS,
        POLICY_DISABLED,     POLICY_WINDOW_CLOSED, POLICY_FLAT_MOVED,  POLICY_FLAT_ONLY,
        POLICY_NO_BOOTSTRAP, POLICY_BOOTSTRAP_USED};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(REASONS); i++)
        assert_false(policy_is_guess(REASONS[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_provision_serves),
        cmocka_unit_test(test_the_window_is_needed_and_is_of_one_network),
        cmocka_unit_test(test_the_source_is_private_or_in_flat_networks),
        cmocka_unit_test(test_networks_of_user_and_phone_both_have_to_hold_the_source),
        cmocka_unit_test(test_what_no_window_would_help_is_told_first),
        cmocka_unit_test(test_no_question_is_a_guess),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
