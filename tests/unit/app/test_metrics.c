/* Figures as Prometheus reads them; the whole output meets promtool in tests/system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/metrics.h"

static const struct metrics_listener LISTENERS[] = {
    {.name = "phones", .certificate_expires_at = 1800000000, .outcomes = {[TALLY_SERVED] = 5}},
    {.name = "a\"b\\c\nd", .certificate_expires_at = 1},
};
static const struct metrics METRICS = {
    .listeners = LISTENERS,
    .listener_count = 2,
    .workers = 2,
    .answers = {.buckets = {3, 0, 1, [TALLY_BOUND_COUNT] = 1}, .duration_us = 2000123},
    .refusals = {[POLICY_SERVE] = 99, [POLICY_UNKNOWN_PAIR] = 4},
    .reload_failed = true,
    .loaded_at = 1700000000,
    .network = {.foreign_peers = 12, .bad_proxy_headers = 13},
    .throttle = {.sources = 7, .held_misses = 8, .delayed = 90, .closed = 10, .penalised = 11},
    .phones = {.disabled = 1, .never_fetched = 2, .fetched = 3},
    .process = {.cpu_us = 1500000},
};

static int open_text(void **state)
{
    static struct buf text;

    buf_init(&text, 65536);
    assert_int_equal(metrics_write(&METRICS, &text), 0);
    *state = &text;
    return 0;
}

static int close_text(void **state)
{
    buf_done(*state);
    return 0;
}

static void test_each_figure_is_a_line_of_its_own(void **state)
{
    static const char *const LINES[] = {
        ("autoprovd_build_info{version=\"" AP_VERSION "\"} 1"),
        "autoprovd_http_requests_total{listener=\"phones\",outcome=\"served\"} 5",
        "autoprovd_http_requests_total{listener=\"phones\",outcome=\"missed\"} 0",
        "autoprovd_http_requests_total{listener=\"a\\\"b\\\\c\\nd\",outcome=\"served\"} 0",
        "autoprovd_http_request_duration_seconds_bucket{le=\"0.000250\"} 3",
        "autoprovd_http_request_duration_seconds_bucket{le=\"0.001000\"} 4",
        "autoprovd_http_request_duration_seconds_bucket{le=\"1.000000\"} 4",
        "autoprovd_http_request_duration_seconds_bucket{le=\"+Inf\"} 5",
        "autoprovd_http_request_duration_seconds_sum 2.000123",
        "autoprovd_http_request_duration_seconds_count 5",
        "autoprovd_refusals_total{reason=\"unknown_pair\"} 4",
        "autoprovd_refusals_total{reason=\"flat_off\"} 0",
        "autoprovd_config_last_reload_successful 0",
        "autoprovd_config_last_reload_success_timestamp_seconds 1700000000",
        "autoprovd_tls_certificate_expiry_timestamp_seconds{listener=\"phones\"} 1800000000",
        "autoprovd_proxy_refusals_total{reason=\"peer\"} 12",
        "autoprovd_proxy_refusals_total{reason=\"header\"} 13",
        "autoprovd_throttled_sources 7",
        "autoprovd_sources_throttled_total 11",
        "autoprovd_held_misses 8",
        "autoprovd_misses_held_total 90",
        "autoprovd_misses_closed_total 10",
        "autoprovd_phones{state=\"disabled\"} 1",
        "autoprovd_phones{state=\"never_fetched\"} 2",
        "autoprovd_phones{state=\"fetched\"} 3",
        "process_cpu_seconds_total 1.500000",
    };
    const struct buf *text = *state;

    for (size_t i = 0; i < AP_COUNT(LINES); i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "\n%s\n", LINES[i]);
        if (!strstr(text->data, line))
            fail_msg("'%s' is not in\n%s", LINES[i], text->data);
    }
    assert_int_equal(text->data[text->len - 1], '\n');
}

static void test_every_reason_but_being_served_has_its_count(void **state)
{
    const struct buf *text = *state;

    for (int reason = POLICY_SERVE + 1; reason < POLICY_REASON_COUNT; reason++) {
        char label[64];
        (void)snprintf(label, sizeof(label), "{reason=\"%s\"}",
                       policy_reason_name((enum policy_reason)reason));
        assert_non_null(strstr(text->data, label));
    }
    assert_null(strstr(text->data, "} 99"));
}

static void test_each_family_is_told_once_and_before_its_samples(void **state)
{
    const struct buf *text = *state;
    size_t families = 0;

    for (const char *at = text->data; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        char name[128], again[160];
        assert_int_equal(sscanf(at, "# TYPE %127s", name), 1);
        (void)snprintf(again, sizeof(again), "# TYPE %s ", name);
        assert_null(strstr(at + 1, again));
        const char *sample = strchr(at, '\n') + 1;
        assert_memory_equal(sample, name, strlen(name));
        families++;
    }
    assert_in_range(families, 30, 60);
}

static void test_a_buffer_that_is_too_small_is_an_error(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 100);
    assert_int_equal(metrics_write(&METRICS, &text), AP_ERANGE);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_figure_is_a_line_of_its_own, open_text,
                                        close_text),
        cmocka_unit_test_setup_teardown(test_every_reason_but_being_served_has_its_count, open_text,
                                        close_text),
        cmocka_unit_test_setup_teardown(test_each_family_is_told_once_and_before_its_samples,
                                        open_text, close_text),
        cmocka_unit_test(test_a_buffer_that_is_too_small_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
