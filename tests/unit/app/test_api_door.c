/* What the door for browsers reads from a request: whose page sends it, and which session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api_door.h"
#include "autoprov/array.h"

#define TEXT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OURS API_COOKIE "=" TEXT

static void test_a_session_is_one_cookie_of_our_name_and_form(void **state)
{
    static const struct {
        const char *cookie;
        bool is_one;
    } rows[] = {
        {OURS, true},
        {"a=b; " OURS, true},
        {OURS "; a=b", true},
        {"a=" OURS "; " OURS, true},
        {";;  " OURS ";", true},
        {"", false},
        {API_COOKIE, false},
        {API_COOKIE "=", false},
        {API_COOKIE "=" TEXT "0", false},
        {API_COOKIE "=" TEXT " ", false},
        {API_COOKIE "=\"" TEXT "\"", false},
        {API_COOKIE "=0123", false},
        {API_COOKIE "x=" TEXT, false},
        {"x" OURS, false},
        {"__host-autoprovd=" TEXT, false},
        {"a=b, " OURS, false},
        {OURS "; " OURS, false}, /* of two nobody knows which one counts */
        {OURS "; " API_COOKIE "=", false},
        {API_COOKIE "=0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false},
    };
    char text[STORE_TICKET_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        text[0] = '\0';
        if (api_door_cookie(rows[i].cookie, text) != rows[i].is_one)
            fail_msg("'%s'", rows[i].cookie);
        if (rows[i].is_one)
            assert_string_equal(text, TEXT);
    }
}

static void test_only_pages_of_the_same_origin_are_ours(void **state)
{
    static const struct {
        const char *site, *origin, *host;
        bool is_ours;
    } rows[] = {
        {"same-origin", "", "localhost:8443", true},
        {"same-origin", "https://evil.example", "localhost:8443", true},
        {"Same-Origin", "https://localhost:8443", "localhost:8443", false},
        {"same-site", "https://localhost:8443", "localhost:8443", false},
        {"cross-site", "https://localhost:8443", "localhost:8443", false},
        {"none", "", "localhost:8443", false},
        {"", "https://localhost:8443", "localhost:8443", true},
        {"", "https://LOCALHOST:8443", "localhost:8443", true},
        {"", "https://localhost", "localhost:8443", false},
        {"", "https://localhost:8443/", "localhost:8443", false},
        {"", "http://localhost:8443", "localhost:8443", false},
        {"", "https://", "", false},
        {"", "null", "localhost:8443", false},
        {"", "", "localhost:8443", false},
        {"", "", "", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        const struct http_request request = {
            .sec_fetch_site = rows[i].site, .origin = rows[i].origin, .host = rows[i].host};
        if (api_door_is_same_origin(&request) != rows[i].is_ours)
            fail_msg("'%s' '%s' '%s'", rows[i].site, rows[i].origin, rows[i].host);
    }
}

static void test_a_request_is_the_portals_by_its_listener_alone(void **state)
{
    struct config_listener listeners[] = {
        {.serves = CONFIG_SERVES_PHONES},
        {.serves = CONFIG_SERVES_ADMIN},
        {.serves = CONFIG_SERVES_PORTAL},
    };
    const struct config config = {.listeners = listeners, .listener_count = AP_COUNT(listeners)};
    const struct http_peer_user user = {.uid = 0};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct http_request request = {.listener = i};
        assert_int_equal(api_door_is_portal(&config, &request), i == 2);
        request.peer_user = &user; /* the control socket has no listener */
        assert_false(api_door_is_portal(&config, &request));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_is_one_cookie_of_our_name_and_form),
        cmocka_unit_test(test_only_pages_of_the_same_origin_are_ours),
        cmocka_unit_test(test_a_request_is_the_portals_by_its_listener_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
