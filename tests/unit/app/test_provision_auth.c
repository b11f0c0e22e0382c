/* Listeners that ask for HTTP credentials: what they answer to whom, and what counts as a guess. */
#include "provision_fixture.h"

#include <openssl/evp.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

enum { OPEN, BASIC, DIGEST, DIGEST_MD5, ELSEWHERE };
#define LISTENER(name, port, auth)                                                                 \
    "listener " name " {\n address = '127.0.0.1'\n port = " port "\n auth = " auth                 \
    "\n public_url = 'https://pbx.example.com'\n certificate main {\n"                             \
    " certificate_file = 'FOLDER/cert.pem'\n key_file = 'FOLDER/key.pem'\n }\n}\n"

#define FIRST  "001565000001" /* it has no credentials */
#define SECOND "001565000002"
#define PATH   "/provision/" NEW_TOKEN "/"

static int open_worker(void **state)
{
    return open_with(state,
                     LISTENER("basic", "8444", "basic") LISTENER("digest", "8445", "digest")
                         LISTENER("md5", "8446", "digest_md5")
                             LISTENER("elsewhere", "8447", "basic\n networks = { '10.9.0.0/16' }"),
                     false);
}

static const char *basic(const char *user, const char *password)
{
    static char text[400];
    char pair[256];
    int len = snprintf(pair, sizeof(pair), "%s:%s", user, password);

    memcpy(text, "Basic ", 6);
    (void)EVP_EncodeBlock((unsigned char *)text + 6, (const unsigned char *)pair, len);
    return text;
}

static void hash(const EVP_MD *md, const char *text, char out[static 65])
{
    unsigned char digest[32];

    assert_int_equal(EVP_Digest(text, strlen(text), digest, NULL, md, NULL), 1);
    text_hex(digest, (size_t)EVP_MD_get_size(md), out);
}

/* As a client says it: for a path, with the nonce of a challenge, in the hash that it names. */
static const char *digest(const char *challenge, const char *user, const char *password,
                          const char *path, unsigned count)
{
    bool is_md5 = strstr(challenge, "algorithm=MD5") != NULL;
    const EVP_MD *md = is_md5 ? EVP_md5() : EVP_sha256();
    static char text[1200];
    char input[1400], a1[65], a2[65], response[65];
    const char *at = strstr(challenge, "nonce=\"");

    assert_non_null(at);
    (void)snprintf(input, sizeof(input), "%s:provisioning:%s", user, password);
    hash(md, input, a1);
    (void)snprintf(input, sizeof(input), "GET:%s", path);
    hash(md, input, a2);
    (void)snprintf(input, sizeof(input), "%s:%.64s:%08x:c:auth:%s", a1, at + 7, count, a2);
    hash(md, input, response);
    (void)snprintf(text, sizeof(text),
                   "Digest username=\"%s\", realm=\"provisioning\", nonce=\"%.64s\", uri=\"%s\", "
                   "algorithm=%s, response=\"%s\", qop=auth, nc=%08x, cnonce=\"c\"",
                   user, at + 7, path, is_md5 ? "MD5" : "SHA-256", response, count);
    return text;
}

static int ask_with(struct worker *worker, unsigned listener, const char *path,
                    const char *authorization, struct http_exchange *exchange)
{
    return fetch(
        worker,
        &(struct question){.path = path, .listener = listener, .authorization = authorization},
        exchange);
}

static const char *challenge_of(struct worker *worker, struct http_exchange *exchange)
{
    assert_int_equal(ask_with(worker, DIGEST, "/", NULL, exchange), 401);
    return exchange->authenticate[0];
}

static const char *const PATHS[] = {
    PATH SECOND ".cfg",
    PATH FIRST ".cfg",
    PATH "001565000003.cfg",
    PATH "unknown.name",
    PATH,
    "/provision/00000000000000000000000000000000/" SECOND ".cfg",
    "/provision/short/" SECOND ".cfg",
    "/provision/" SECOND ".cfg",
    "/provision/001565000003.cfg",
    "/",
    "/elsewhere",
};

static void test_without_credentials_every_path_gets_the_same_question(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    for (size_t i = 0; i < AP_COUNT(PATHS); i++) {
        assert_int_equal(ask_with(worker, BASIC, PATHS[i], NULL, &exchange), 401);
        assert_string_equal(exchange.authenticate[0],
                            "Basic realm=\"provisioning\", charset=\"UTF-8\"");
        assert_string_equal(exchange.authenticate[1], "");
        assert_string_equal(exchange.body, "Unauthorized\n");
        assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
        assert_int_equal(ask_with(worker, DIGEST, PATHS[i], NULL, &exchange), 401);
        assert_null(strstr(exchange.authenticate[0], "stale"));
        assert_non_null(strstr(exchange.authenticate[0],
                               "Digest realm=\"provisioning\", qop=\"auth\", algorithm=SHA-256, "));
        assert_non_null(strstr(exchange.authenticate[1],
                               "Digest realm=\"provisioning\", qop=\"auth\", algorithm=MD5, "));
    }
    assert_int_equal(fetch_log_count(worker->log, POLICY_CREDENTIALS_MISSING), 2 * AP_COUNT(PATHS));
}

static void test_right_credentials_open_their_own_phone_alone(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    assert_int_equal(address_parse("10.0.0.7", &worker->peer), 0); /* flat mode is for these */
    for (size_t i = 0; i < AP_COUNT(PATHS); i++) {
        int expected = i == 0                             ? 200 /* its own file */
                       : strstr(PATHS[i], "unknown.name") ? 404 /* of its own user's folder */
                       : strcmp(PATHS[i], PATH) == 0      ? 404
                       : strcmp(PATHS[i], "/provision/" SECOND ".cfg") == 0 ? 200 /* flat */
                                                                            : 401;
        assert_int_equal(ask_with(worker, BASIC, PATHS[i], basic(SECOND, HTTP_PASSWORD), &exchange),
                         expected);
        assert_int_equal(ask_with(worker, BASIC, PATHS[i], basic(SECOND, "wrong"), &exchange), 401);
        assert_int_equal(ask_with(worker, BASIC, PATHS[i], basic(FIRST, HTTP_PASSWORD), &exchange),
                         401);
        assert_int_equal(ask_with(worker, BASIC, PATHS[i], basic(FIRST, ""), &exchange), 401);
        const char *said =
            digest(challenge_of(worker, &exchange), SECOND, HTTP_PASSWORD, PATHS[i], 1);
        assert_int_equal(ask_with(worker, DIGEST, PATHS[i], said, &exchange), expected);
    }
}

static void test_a_phone_that_must_say_a_password_is_a_miss_elsewhere(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    assert_int_equal(ask_with(worker, OPEN, PATHS[0], NULL, &exchange), 404);
    assert_int_equal(ask_with(worker, OPEN, PATHS[0], basic(SECOND, HTTP_PASSWORD), &exchange),
                     404);
    assert_string_equal(exchange.authenticate[0], "");
    assert_int_equal(fetch_log_count(worker->log, POLICY_AUTH_REQUIRED), 2);
    assert_int_equal(ask_with(worker, OPEN, PATHS[1], NULL, &exchange), 200);
}

static void test_a_form_that_was_not_asked_for_is_none(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    const char *said = digest(challenge_of(worker, &exchange), SECOND, HTTP_PASSWORD, PATHS[0], 1);

    assert_int_equal(ask_with(worker, BASIC, PATHS[0], said, &exchange), 401);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], basic(SECOND, HTTP_PASSWORD), &exchange),
                     401);
    assert_int_equal(ask_with(worker, BASIC, PATHS[0], "Basic ????", &exchange), 401);
    assert_int_equal(fetch_log_count(worker->log, POLICY_CREDENTIALS_WRONG), 0);
}

/* For phones that read one challenge: the second of the others is there alone. */
static void test_md5_alone_is_asked_for_and_taken(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char both[2][HTTP_CHALLENGE_MAX];

    assert_int_equal(ask_with(worker, DIGEST_MD5, PATHS[0], NULL, &exchange), 401);
    assert_non_null(strstr(exchange.authenticate[0], "algorithm=MD5, "));
    assert_string_equal(exchange.authenticate[1], "");
    const char *said = digest(exchange.authenticate[0], SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST_MD5, PATHS[0], said, &exchange), 200);

    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], NULL, &exchange), 401);
    memcpy(both, exchange.authenticate, sizeof(both));
    said = digest(both[1], SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 200);
    said = digest(both[0], SECOND, HTTP_PASSWORD, PATHS[0], 2);
    assert_int_equal(ask_with(worker, DIGEST_MD5, PATHS[0], said, &exchange), 401);
    assert_int_equal(fetch_log_count(worker->log, POLICY_CREDENTIALS_WRONG), 0);
}

static void test_a_replay_is_refused_and_the_next_count_is_not(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char challenge[HTTP_CHALLENGE_MAX];

    (void)snprintf(challenge, sizeof(challenge), "%s", challenge_of(worker, &exchange));
    const char *said = digest(challenge, SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 200);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 401);
    assert_non_null(strstr(exchange.authenticate[0], ", stale=true"));
    assert_int_equal(fetch_log_count(worker->log, POLICY_CREDENTIALS_WRONG), 1);
    said = digest(challenge, SECOND, HTTP_PASSWORD, PATHS[0], 2);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 200);
    /* What was said for one path is nothing for another. */
    said = digest(challenge, SECOND, HTTP_PASSWORD, "/provision/" SECOND ".cfg", 3);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 401);
}

static void test_an_old_nonce_is_stale_and_no_guess(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char challenge[HTTP_CHALLENGE_MAX];

    (void)snprintf(challenge, sizeof(challenge), "%s", challenge_of(worker, &exchange));
    pass(worker, AP_NONCE_MS / 1000 + 1);
    const char *said = digest(challenge, SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 401);
    assert_non_null(strstr(exchange.authenticate[0], ", stale=true"));
    assert_non_null(strstr(exchange.authenticate[1], ", stale=true"));
    assert_int_equal(fetch_log_count(worker->log, POLICY_CREDENTIALS_WRONG), 0);
    said = digest(challenge_of(worker, &exchange), SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 200);
}

/* -- guesses ----------------------------------------------------------------------------------- */

#define FREE_GUESSES (AP_PENALTY_ACTIVE_MS / AP_PENALTY_GUESS_MS)

static void test_from_the_third_in_a_row_wrong_credentials_are_guesses(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    for (int i = 0; i < AP_WRONG_TRIES_FREE + FREE_GUESSES; i++) {
        (void)ask_with(worker, BASIC, PATHS[0], basic(SECOND, "wrong"), &exchange);
        assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
    }
    (void)ask_with(worker, BASIC, PATHS[0], basic(SECOND, "wrong"), &exchange);
    assert_int_equal(exchange.status, 401);
    assert_int_equal(exchange.when, HTTP_LATE);
    /* Whoever has said nothing yet waits for nobody's guesses, nor does who is right. */
    (void)ask_with(worker, BASIC, PATHS[0], NULL, &exchange);
    assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
    assert_int_equal(ask_with(worker, BASIC, PATHS[0], basic(SECOND, HTTP_PASSWORD), &exchange),
                     200);
    assert_int_equal(exchange.when, HTTP_NOW);
}

static void scan(struct worker *worker, struct http_exchange *exchange)
{
    int tries = 0;

    do
        (void)ask_with(worker, OPEN, PATHS[5], NULL, exchange);
    while (++tries < 1000 && exchange->when == HTTP_AT_DUE_TIME);
    assert_int_equal(exchange->when, HTTP_LATE);
}

/* Or a phone that begins with its factory's pair would never come to its own. */
static void test_behind_a_scanners_address_a_phone_may_be_wrong_twice(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char challenge[HTTP_CHALLENGE_MAX];

    scan(worker, &exchange);
    for (size_t path = 0; path < 3; path++) {
        const char *const name = path == 0 ? SECOND : path == 1 ? FIRST : "001565000003";
        for (int i = 0; i < 3; i++) {
            assert_int_equal(
                ask_with(worker, BASIC, PATHS[path], basic(name, "factory"), &exchange), 401);
            assert_int_equal(exchange.when, i < 2 ? HTTP_AT_DUE_TIME : HTTP_LATE);
        }
    }
    assert_int_equal(ask_with(worker, BASIC, PATHS[0], basic(SECOND, HTTP_PASSWORD), &exchange),
                     200);
    assert_int_equal(exchange.when, HTTP_NOW);
    /* Who was right a moment ago has only to take a new nonce. */
    (void)snprintf(challenge, sizeof(challenge), "%s", challenge_of(worker, &exchange));
    const char *said = digest(challenge, SECOND, HTTP_PASSWORD, PATHS[0], 1);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 200);
    assert_int_equal(ask_with(worker, DIGEST, PATHS[0], said, &exchange), 401);
    assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
    /* And who is right about a name that nobody knows. */
    (void)ask_with(worker, BASIC, PATHS[3], basic(SECOND, HTTP_PASSWORD), &exchange);
    assert_int_equal(exchange.status, 404);
    assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
}

static void test_outside_the_networks_a_right_password_tells_nothing(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(
            ask_with(worker, ELSEWHERE, PATHS[i], basic(SECOND, HTTP_PASSWORD), &exchange), 401);
        assert_int_equal(ask_with(worker, ELSEWHERE, PATHS[i], basic(SECOND, "wrong"), &exchange),
                         401);
    }
    assert_int_equal(fetch_log_count(worker->log, POLICY_ADDRESS_NOT_ALLOWED), 12);
}

/* Two are lines of the phone; who goes on is a stranger, and many are an alarm. */
static void test_guesses_at_a_known_phone_are_counted_as_a_strangers(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    const char *at = worker->app->log;
    int lines = 0;

    for (int i = 0; i < 310; i++)
        (void)ask_with(worker, BASIC, PATHS[0], basic(SECOND, "wrong"), &exchange);
    for (; (at = strstr(at, "reason=credentials_wrong")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 2);
    assert_int_equal(open_alarms(worker, STORE_ALARM_REFUSAL_BURST), 1);
}

/* The same count of tries for a phone that there is and for one that there is not. */
static void test_guesses_do_not_tell_whether_there_is_a_phone(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;

    for (size_t path = 0; path < 3; path++) {
        int tries = 0;
        worker->peer.bytes[3]++;
        do
            (void)ask_with(worker, BASIC, PATHS[path], basic(SECOND, "wrong"), &exchange);
        while (++tries < 1000 && exchange.when == HTTP_AT_DUE_TIME);
        assert_int_equal(tries, AP_WRONG_TRIES_FREE + FREE_GUESSES + 1);
    }
}

static void test_five_hundred_phones_with_two_wrong_tries_each_are_not_throttled(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange;
    char name[32];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "0015651%05d", i % 500);
        (void)ask_with(worker, BASIC, PATHS[5], basic(name, "000000000000"), &exchange);
        assert_int_equal(exchange.when, HTTP_AT_DUE_TIME);
    }
    assert_null(strstr(worker->app->log, "throttled"));
}

static void test_a_wrong_method_is_no_matter_of_passwords(void **state)
{
    struct worker *worker = *state;
    struct http_exchange exchange = {.request = {.refusal = GATE_REASON_METHOD,
                                                 .method = GATE_OTHER,
                                                 .path = "",
                                                 .user_agent = "",
                                                 .listener = BASIC,
                                                 .peer = &worker->peer}};

    provision_handle(worker->provision, &exchange);
    assert_int_equal(exchange.status, 405);
    exchange = (struct http_exchange){.request = exchange.request};
    exchange.request.refusal = GATE_REASON_TARGET;
    provision_handle(worker->provision, &exchange);
    assert_int_equal(exchange.status, 401);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_worker, close_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_credentials_every_path_gets_the_same_question),
        TEST(test_right_credentials_open_their_own_phone_alone),
        TEST(test_a_phone_that_must_say_a_password_is_a_miss_elsewhere),
        TEST(test_a_form_that_was_not_asked_for_is_none),
        TEST(test_md5_alone_is_asked_for_and_taken),
        TEST(test_a_replay_is_refused_and_the_next_count_is_not),
        TEST(test_an_old_nonce_is_stale_and_no_guess),
        TEST(test_from_the_third_in_a_row_wrong_credentials_are_guesses),
        TEST(test_behind_a_scanners_address_a_phone_may_be_wrong_twice),
        TEST(test_outside_the_networks_a_right_password_tells_nothing),
        TEST(test_guesses_at_a_known_phone_are_counted_as_a_strangers),
        TEST(test_guesses_do_not_tell_whether_there_is_a_phone),
        TEST(test_five_hundred_phones_with_two_wrong_tries_each_are_not_throttled),
        TEST(test_a_wrong_method_is_no_matter_of_passwords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
