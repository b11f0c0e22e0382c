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

/* A token opens nothing from elsewhere, and flat mode has its own list besides. */
static void test_a_listeners_networks_bound_every_request(void **state)
{
    static const struct store_phone *const PHONES[] = {NULL, &ENABLED, &DISABLED};
    static struct network anywhere_v4[] = {{.family = AF_INET, .prefix_len = 0}};
    const struct network_list networks = {PRIVATE, 1}, none = {NULL, 0},
                              flat_networks = {anywhere_v4, 1};
    const struct options options = {.disable_auto_provision_security = true};
    struct policy_options given = {
        .options = &options, .flat_networks = &flat_networks, .networks = &networks};

    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        for (size_t who = 0; who < AP_COUNT(PHONES); who++) {
            bool inside = bits & 1, forwarded = bits & 2;
            const struct policy_facts facts = {.flat = bits & 4,
                                               .common = bits & 8,
                                               .token_known = true,
                                               .source = inside ? &INSIDE : &OUTSIDE,
                                               .has_forwarded = forwarded,
                                               .phone = bits & 8 ? NULL : PHONES[who]};
            given.networks = &networks;
            enum policy_reason bound = policy_decide(&facts, &given);
            given.networks = &none;
            enum policy_reason open = policy_decide(&facts, &given);
            given.networks = NULL;
            assert_int_equal(policy_decide(&facts, &given), open);
            assert_int_equal(bound, inside && !forwarded ? open : POLICY_ADDRESS_NOT_ALLOWED);
        }
    }
}

/* A certificate adds to what was asked before: it opens nothing, and is the last to be looked at.
 */
static void test_certificates_close_and_never_open(void **state)
{
    static const struct store_phone *const PHONES[] = {NULL, &ENABLED, &DISABLED};
    const struct network_list networks = {PRIVATE, 1};

    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        const struct options options = {.disable_auto_provision_security = bits & 1};
        struct policy_options given = {.options = &options, .flat_networks = &networks};
        struct policy_facts facts = {.flat = bits & 2,
                                     .common = bits & 4,
                                     .token_known = bits & 8,
                                     .flat_only = bits & 16,
                                     .burnt = bits & 32,
                                     .source = bits & 64 ? &INSIDE : &OUTSIDE,
                                     .file = bits & 128 ? POLICY_FILE_PROBED : POLICY_FILE_SERVED};
        for (size_t i = 0; i < AP_COUNT(PHONES) * 9; i++) {
            struct store_phone phone = {.last_fetch_address = INSIDE_TEXT};
            const struct store_phone *row = PHONES[i / 9];
            if (row)
                phone.enabled = row->enabled;
            facts.phone = row && !facts.common ? &phone : NULL;
            facts.certificate_proves_mac = i % 3 == 1;
            facts.certificate_names_phone = i % 3 >= 1;
            if (facts.burnt && !facts.phone)
                continue; /* a fact of phones */
            given.client_certificates = CONFIG_CERTIFICATES_OFF;
            enum policy_reason without = policy_decide(&facts, &given);
            given.client_certificates = (enum config_client_certificates)(i / 3 % 3);
            enum policy_reason expected = without;
            if (without == POLICY_SERVE && !facts.certificate_proves_mac &&
                (given.client_certificates == CONFIG_CERTIFICATES_REQUIRED ||
                 (given.client_certificates == CONFIG_CERTIFICATES_OPTIONAL &&
                  facts.certificate_names_phone)))
                expected = POLICY_CERTIFICATE_MISMATCH;
            assert_int_equal(policy_decide(&facts, &given), expected);
        }
    }
}

/* Right ones change nothing, and without them nothing of the phone decides. */
static void test_credentials_close_and_never_open(void **state)
{
    static const struct store_phone *const PHONES[] = {NULL, &ENABLED, &DISABLED};
    const struct network_list networks = {PRIVATE, 1};

    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        const struct options options = {.disable_auto_provision_security = bits & 1};
        struct policy_options given = {.options = &options, .flat_networks = &networks};
        struct policy_facts facts = {.flat = bits & 2,
                                     .common = bits & 4,
                                     .token_known = bits & 8,
                                     .flat_only = bits & 16,
                                     .flat_paused = bits & 32,
                                     .source = bits & 64 ? &INSIDE : &OUTSIDE,
                                     .file = bits & 128 ? POLICY_FILE_PROBED : POLICY_FILE_SERVED};
        given.networks = bits & 16 ? &networks : NULL;
        enum policy_reason wrong[AP_COUNT(PHONES)];
        for (size_t i = 0; i < AP_COUNT(PHONES); i++) {
            facts.phone = facts.common ? NULL : PHONES[i];
            given.auth = CONFIG_AUTH_NONE;
            facts.auth = POLICY_AUTH_NONE;
            enum policy_reason without = policy_decide(&facts, &given);
            given.auth = i % 2 ? CONFIG_AUTH_BASIC : CONFIG_AUTH_DIGEST;
            assert_int_equal(policy_decide(&facts, &given), POLICY_CREDENTIALS_MISSING);
            facts.auth = POLICY_AUTH_RIGHT;
            assert_int_equal(policy_decide(&facts, &given), without);
            facts.auth = POLICY_AUTH_WRONG;
            wrong[i] = policy_decide(&facts, &given);
            assert_int_not_equal(wrong[i], POLICY_SERVE);
            assert_int_equal(wrong[i], wrong[0]);
        }
    }
}

static void test_a_phone_that_must_say_a_password_is_a_miss_where_none_is_asked_for(void **state)
{
    const struct store_phone phone = {.enabled = true, .access.auth.required = true};
    const struct network_list networks = {PRIVATE, 1};
    const struct options options = {.disable_auto_provision_security = true};
    struct policy_options given = options_of(&options, &networks);
    struct policy_facts facts = {.source = &INSIDE, .phone = &phone};

    (void)state;
    for (int flat = 0; flat < 2; flat++) {
        facts.flat = flat;
        given.auth = CONFIG_AUTH_NONE;
        facts.auth = POLICY_AUTH_NONE;
        assert_int_equal(policy_decide(&facts, &given), POLICY_AUTH_REQUIRED);
        given.auth = CONFIG_AUTH_DIGEST;
        facts.auth = POLICY_AUTH_RIGHT;
        assert_int_equal(policy_decide(&facts, &given), POLICY_SERVE);
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
        "certificate_mismatch",
        "plain_http",
        "credentials_missing",
        "credentials_wrong",
        "auth_required",
        "pnp_off",
        "pnp_discover",
        "pnp_unknown",
        "pnp_address",
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
        cmocka_unit_test(test_a_listeners_networks_bound_every_request),
        cmocka_unit_test(test_certificates_close_and_never_open),
        cmocka_unit_test(test_credentials_close_and_never_open),
        cmocka_unit_test(test_a_phone_that_must_say_a_password_is_a_miss_where_none_is_asked_for),
        cmocka_unit_test(test_no_networks_means_nobody_in_flat_mode),
        cmocka_unit_test(test_reason_names_are_stable),
        cmocka_unit_test(test_guesses_are_tries_of_tokens_and_macs_alone),
        cmocka_unit_test(test_no_guess_is_routine),
        cmocka_unit_test(test_reason_names_are_unique_words_that_fit_a_record),
        cmocka_unit_test(test_reason_out_of_range_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
