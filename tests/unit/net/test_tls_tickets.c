/* Coming back without a full handshake: off unless wanted, by keys that the clock replaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "net_support.h"
#include "tls_link.h"
#include "tls_private.h"

static struct folder folder;

static int make_files(void **state)
{
    (void)state;
    folder_make(&folder);
    tls_context_unref(tls_for_tests(&folder));
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static int make_context(bool resumes, const char *authority, struct tls_context **ret_context,
                        struct ap_error *error)
{
    struct tls_certificate files = {folder_path(&folder, "cert.pem"),
                                    folder_path(&folder, "key.pem")};
    const struct tls_setup setup = {.certificates = &files,
                                    .certificate_count = 1,
                                    .resumes = resumes,
                                    .authority_files = &authority,
                                    .authority_count = authority != NULL};

    return tls_context_new(&setup, ret_context, error);
}

static struct tls_context *open_context(bool resumes)
{
    struct tls_context *context = NULL;
    struct ap_error error = {{0}};

    if (make_context(resumes, NULL, &context, &error) != 0)
        fail_msg("%s", error.text);
    return context;
}

/* One visit. session: what the client brings, NULL for nothing; ret_session: what it takes away. */
static bool visit(struct tls_context *context, int version, SSL_SESSION *session,
                  SSL_SESSION **ret_session)
{
    struct tls_link link;
    char byte;

    tls_link_open(&link, tls_link_client(version), context);
    if (session)
        assert_int_equal(SSL_set_session(link.client, session), 1);
    assert_true(tls_link_handshake(&link));
    assert_int_equal(SSL_version(link.server), version);
    /* Tickets of TLS 1.3 come with data. */
    assert_int_equal(SSL_write(link.server, "x", 1), 1);
    assert_int_equal(SSL_read(link.client, &byte, 1), 1);
    bool resumed = SSL_session_reused(link.server);
    assert_int_equal(SSL_session_reused(link.client), resumed);
    if (ret_session) {
        *ret_session = SSL_get1_session(link.client);
        assert_int_equal(SSL_SESSION_get_max_early_data(*ret_session), 0);
    }
    /* Else OpenSSL counts the session as broken. */
    (void)SSL_shutdown(link.client);
    (void)SSL_shutdown(link.server);
    tls_link_close(&link);
    return resumed;
}

static void test_without_being_wanted_no_session_is_resumed(void **state)
{
    struct tls_context *context = open_context(false);

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_SESSION *session;
        assert_false(visit(context, version, NULL, &session));
        assert_false(SSL_SESSION_has_ticket(session));
        assert_false(visit(context, version, session, NULL));
        SSL_SESSION_free(session);
    }
    tls_context_unref(context);
}

static void test_tickets_are_taken_while_their_key_is_kept(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_context *context = open_context(true);
        int64_t now = clock_monotonic_ms(clock_system());
        SSL_SESSION *first, *second;
        assert_false(visit(context, version, NULL, &first));
        assert_true(SSL_SESSION_has_ticket(first));
        assert_true(visit(context, version, first, NULL));
        tls_context_tick(context, now + AP_TICKET_KEY_MS / 2);
        assert_true(visit(context, version, first, NULL));
        /* The key is the older one now; with it a new ticket comes. */
        now += AP_TICKET_KEY_MS + 60000;
        tls_context_tick(context, now);
        assert_true(visit(context, version, first, &second));
        tls_context_tick(context, now + AP_TICKET_KEY_MS - 1000);
        assert_true(visit(context, version, first, NULL));
        now += AP_TICKET_KEY_MS;
        tls_context_tick(context, now);
        assert_false(visit(context, version, first, NULL));
        assert_true(visit(context, version, second, NULL));
        SSL_SESSION_free(first);
        SSL_SESSION_free(second);
        tls_context_unref(context);
    }
    tls_context_tick(NULL, 0);
}

static void test_a_key_that_was_slept_over_opens_nothing(void **state)
{
    struct tls_context *context = open_context(true);
    SSL_SESSION *session;

    (void)state;
    assert_false(visit(context, TLS1_3_VERSION, NULL, &session));
    tls_context_tick(context, clock_monotonic_ms(clock_system()) + 2 * (int64_t)AP_TICKET_KEY_MS);
    assert_false(visit(context, TLS1_3_VERSION, session, NULL));
    SSL_SESSION_free(session);
    tls_context_unref(context);
}

/* As after a reload, and as between two listeners. */
static void test_another_context_takes_no_ticket_of_this_one(void **state)
{
    struct tls_context *one = open_context(true);
    struct tls_context *two = open_context(true);
    struct tls_context *without = open_context(false);

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_SESSION *session;
        assert_false(visit(one, version, NULL, &session));
        assert_false(visit(two, version, session, NULL));
        assert_false(visit(without, version, session, NULL));
        SSL_SESSION_free(session);
    }
    tls_context_unref(one);
    tls_context_unref(two);
    tls_context_unref(without);
}

static void test_client_certificates_and_resumption_exclude_each_other(void **state)
{
    struct tls_context *context = NULL;
    struct ap_error error = {{0}};

    (void)state;
    assert_int_equal(make_context(true, "/nothing", &context, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "resumption would pass by client certificates"));
    assert_null(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_being_wanted_no_session_is_resumed),
        cmocka_unit_test(test_tickets_are_taken_while_their_key_is_kept),
        cmocka_unit_test(test_a_key_that_was_slept_over_opens_nothing),
        cmocka_unit_test(test_another_context_takes_no_ticket_of_this_one),
        cmocka_unit_test(test_client_certificates_and_resumption_exclude_each_other),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
