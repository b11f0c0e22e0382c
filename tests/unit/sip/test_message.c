/* SIP messages as phones say them: what is taken, and what of it is told. */
#include "autoprov/sip_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "sip_forms.h"
#include "sip_support.h"

static struct arena arena;
static struct sip_message message;

static int teardown(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* A text, or none. */
static void check_text(const char *text, const char *expected)
{
    if (expected) {
        assert_non_null(text);
        assert_string_equal(text, expected);
    } else {
        assert_null(text);
    }
}

static void test_the_forms_of_phones_are_read(void **state)
{
    static const struct {
        const char *text, *mac, *vendor, *model, *branch, *from_tag, *contact_uri;
        bool rport;
        uint16_t via_port;
        uint32_t cseq;
    } ROWS[] = {
        {FORM_SNOM, "000413a1b2c3", "snom", "snom370", NULL, "1144022218", "sip:192.0.2.17:1053",
         true, 1053, 1},
        {FORM_YEALINK_OLD, "001565aabb0c", "yealink", "W52P", "z9hG4bK1894250021", "1894250021",
         "sip:MAC001565aabb0c@192.0.2.18:5059", false, 5059, 1},
        {FORM_YEALINK_NEW, "805e0c112233", "Yealink", "T53W", "z9hG4bK2910", "2910",
         "sip:MAC%3a805e0c112233@192.0.2.19:5059", false, 5059, 1},
        {FORM_GRANDSTREAM, "c074ad112233", "Grandstream", "GRP2612W", "z9hG4bK57264710",
         "1420317405", "sip:MAC%3AC074AD112233@192.0.2.20:5080", true, 5080, 20000},
        {FORM_PLANET, "a8f7e0445566", "VOIP", "VIP-1120PT", "z9hG4bK-pnp", NULL,
         "sip:192.0.2.21:5060", false, 5060, 1},
        {FORM_AUDIOCODES, "00908f123456", "AudioCodes", "430HD", "z9hG4bK-a1", "a1",
         "sip:390112345678@192.0.2.22:5060", true, 5060, 1},
        {FORM_PANASONIC, "0080f0778899", "Panasonic", "KX-HDV130", "z9hG4bKpana", "p1",
         "sip:192.0.2.23", false, 5060, 1},
        {FORM_OEM, "001a2b445566", "OEM", "OEM", NULL, "9", "sip:192.0.2.24:1024", true, 1024, 1},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char mac[AP_MAC_TEXT_MAX];
        assert_int_equal(read_text(&arena, ROWS[i].text, &message), 0);
        assert_false(message.is_response);
        assert_int_equal(message.status, 0);
        assert_int_equal(message.method, SIP_SUBSCRIBE);
        assert_true(message.has_mac);
        mac_format(message.mac, MAC_FORM_LOWER, mac);
        assert_string_equal(mac, ROWS[i].mac);
        check_text(message.event_package, "ua-profile");
        check_text(message.event_vendor, ROWS[i].vendor);
        check_text(message.event_model, ROWS[i].model);
        check_text(message.via_branch, ROWS[i].branch);
        check_text(message.from_tag, ROWS[i].from_tag);
        check_text(message.to_tag, NULL);
        check_text(message.contact_uri, ROWS[i].contact_uri);
        assert_int_equal(message.via_rport, ROWS[i].rport);
        assert_int_equal(message.via_port, ROWS[i].via_port);
        assert_int_equal(message.cseq, ROWS[i].cseq);
        assert_int_equal(message.expires, 0);
        assert_int_equal(message.body_len, 0);
    }
}

static void test_header_texts_are_as_they_were_sent(void **state)
{
    (void)state;
    assert_int_equal(read_text(&arena, FORM_SNOM, &message), 0);
    assert_int_equal(message.via_count, 1);
    check_text(message.vias[0], "SIP/2.0/UDP 192.0.2.17:1053;rport");
    check_text(message.via_host, "192.0.2.17");
    check_text(message.from, "<sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=1144022218");
    check_text(message.to, "<sip:MAC%3a000413A1B2C3@224.0.1.75>");
    check_text(message.call_id, "1144022218@192.0.2.17");
    check_text(message.contact, "<sip:192.0.2.17:1053>");
    check_text(message.request_uri, "sip:MAC%3a000413A1B2C3@224.0.1.75");
    check_text(message.event, "ua-profile;profile-type=\"device\";vendor=\"snom\";"
                              "model=\"snom370\";version=\"8.7.5.48\"");
    check_text(message.event_version, "8.7.5.48");
    check_text(message.user_agent, "snom370/8.7.5.48");
    check_text(message.content_type, NULL);
    check_text(message.method_text, "SUBSCRIBE");
}

/* -- one header at a time ---------------------------------------------------------------------- */

#define VIA       "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
#define PARTIES   "From: <sip:a@192.0.2.1>;tag=f\r\nTo: <sip:b@192.0.2.2>\r\nCall-ID: c\r\n"
#define CSEQ      "CSeq: 7 SUBSCRIBE\r\n"
#define SUBSCRIBE "SUBSCRIBE sip:b@192.0.2.2 SIP/2.0\r\n"
#define ASK(more) SUBSCRIBE VIA PARTIES CSEQ more "\r\n"

static void test_folds_and_tabs_become_one_blank(void **state)
{
    (void)state;
    assert_int_equal(read_text(&arena,
                               SUBSCRIBE "Via\t: SIP/2.0/UDP\t192.0.2.1\r\n ;branch=z9hG4bKx \t\r\n"
                                         "\t;rport\r\n" PARTIES CSEQ
                                         "User-Agent:\r\n  a\tb  \n \n c \r\n\r\n",
                               &message),
                     0);
    check_text(message.vias[0], "SIP/2.0/UDP 192.0.2.1 ;branch=z9hG4bKx ;rport");
    check_text(message.via_branch, "z9hG4bKx");
    assert_true(message.via_rport);
    check_text(message.user_agent, "a b c");
}

static void test_vias_are_told_from_the_top(void **state)
{
    (void)state;
    assert_int_equal(read_text(&arena,
                               SUBSCRIBE
                               "Via: SIP/2.0/UDP [2001:db8::1]:5062;branch=one;x=\"a,b\" , "
                               "SIP/2.0/TCP two.example;branch=two\r\n"
                               "v: SIP/2.0/UDP 192.0.2.3;branch=three;rport=5060\r\n" PARTIES CSEQ
                               "\r\n",
                               &message),
                     0);
    assert_int_equal(message.via_count, 3);
    check_text(message.vias[0], "SIP/2.0/UDP [2001:db8::1]:5062;branch=one;x=\"a,b\"");
    check_text(message.vias[1], "SIP/2.0/TCP two.example;branch=two");
    check_text(message.vias[2], "SIP/2.0/UDP 192.0.2.3;branch=three;rport=5060");
    check_text(message.via_branch, "one");
    check_text(message.via_host, "2001:db8::1");
    assert_int_equal(message.via_port, 5062);
    assert_false(message.via_rport);
}

static void test_a_port_that_was_filled_in_is_no_question_for_one(void **state)
{
    static const struct {
        const char *text;
        bool rport;
    } ROWS[] = {
        {"Via: SIP/2.0/UDP 192.0.2.1;rport\r\n", true},
        {"Via: SIP/2.0/UDP 192.0.2.1;RPORT;branch=x\r\n", true},
        {"Via: SIP/2.0/UDP 192.0.2.1;rport=5060\r\n", false},
        {"Via: SIP/2.0/UDP 192.0.2.1;xrport\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), SUBSCRIBE "%s" PARTIES CSEQ "\r\n", ROWS[i].text);
        assert_int_equal(read_text(&arena, text, &message), 0);
        assert_int_equal(message.via_rport, ROWS[i].rport);
    }
}

static void test_event_parameters_are_read_quoted_or_not(void **state)
{
    static const struct {
        const char *event, *package, *vendor, *model, *version;
    } ROWS[] = {
        {"ua-profile", "ua-profile", NULL, NULL, NULL},
        {"UA-Profile ; Vendor = \"a b\" ; MODEL=c ;version=1.2", "UA-Profile", "a b", "c", "1.2"},
        {"ua-profile;vendor=\"a;b=\\\"c\\\\\";model=\"\"", "ua-profile", "a;b=\"c\\", "", NULL},
        {"ua-profile;vender=x;vendor=y", "ua-profile", "x", NULL, NULL},
        {"ua-profile;;model=a;model=b;", "ua-profile", NULL, "a", NULL},
        {"ua-profile;model=VOIP PHONE;version=2", "ua-profile", NULL, "VOIP PHONE", "2"},
        /* what cannot be read ends them */
        {"ua-profile;vendor=a;model=\"b", "ua-profile", "a", NULL, NULL},
        {"ua-profile;vendor=a;=b;model=c", "ua-profile", "a", NULL, NULL},
        {"ua-profile;vendor=;model=c", "ua-profile", NULL, NULL, NULL},
        {"ua-profile;vendor;model=c", "ua-profile", NULL, "c", NULL},
        {"ua-profile;vendor=\"a\\", "ua-profile", NULL, NULL, NULL},
        {"check-sync;reboot=false", "check-sync", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), ASK("Event: %s\r\n"), ROWS[i].event);
        assert_int_equal(read_text(&arena, text, &message), 0);
        check_text(message.event, ROWS[i].event);
        check_text(message.event_package, ROWS[i].package);
        check_text(message.event_vendor, ROWS[i].vendor);
        check_text(message.event_model, ROWS[i].model);
        check_text(message.event_version, ROWS[i].version);
    }
}

static void test_the_mac_is_looked_for_in_order(void **state)
{
    static const struct {
        const char *uri, *from, *to, *agent, *mac; /* NULL: none */
    } ROWS[] = {
        {"sip:MAC%3a00156500000a@h", "MAC00156500000b", "x", "00156500000d", "00156500000a"},
        {"sip:224.0.1.75", "MAC00156500000b", "MAC00156500000c", "00156500000d", "00156500000b"},
        {"sip:x@h", "1001", "mac=00156500000c", "00156500000d", "00156500000c"},
        {"sip:x@h", "1001", "x", "A 1 00156500000d", "00156500000d"},
        {"sip:x@h", "1001", "x", "A (00:15:65:00:00:0d)", "00156500000d"},
        {"sip:x@h", "1001", "x", "A 1.2 00-15-65-00-00-0D", "00156500000d"},
        {"sip:00156500000a@h", "1001", "x", "A", "00156500000a"},
        {"sip:MAC%3A00%3A15%3A65%3A00%3A00%3A0a@h", "1001", "x", "A", "00156500000a"},
        {"sip:Mac:00:15:65:00:00:0a@h", "1001", "x", "A", "00156500000a"},
        {"sip:MAC%3D00156500000a@h", "1001", "x", "A", "00156500000a"},
        {"sips:phone-00156500000a@h", "1001", "x", "A", "00156500000a"},
        /* the last one, as models may look like one */
        {"sip:x@h", "1001", "x", "A 202006010101 00156500000d", "00156500000d"},
        /* no MACs: longer rows, tags, hosts, a group's address, none */
        {"sip:x@h", "1001", "x", "A 00156500000d1", NULL},
        {"sip:x@h", "1001", "x", "A 100156500000d x00:15:65:00:00:0d", NULL},
        {"sip:x@h", "1001", "x", "A 1:00:15:65:00:00:0d", NULL},
        {"sip:x@h", "1001", "x", "A 00:15:65:00:00:0d:1", NULL},
        {"sip:x@00156500000a", "1001", "x", "A", NULL},
        {"sip:x@h;y=00156500000a", "1001", "x", "A", NULL},
        {"sip:010156500000@h", "1001", "x", "A 000000000000", NULL},
        {"sip:MAC%3a0015650000@h", "1001", "x", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600], mac[AP_MAC_TEXT_MAX];
        (void)snprintf(text, sizeof(text),
                       "SUBSCRIBE %s SIP/2.0\r\n" VIA
                       "From: \"001565ffffff\" <sip:%s@h>;tag=001565ffffff\r\nTo: sip:%s@h\r\n"
                       "Call-ID: 001565ffffff\r\n" CSEQ "User-Agent: %s\r\n\r\n",
                       ROWS[i].uri, ROWS[i].from, ROWS[i].to, ROWS[i].agent);
        assert_int_equal(read_text(&arena, text, &message), 0);
        if (message.has_mac != (ROWS[i].mac != NULL))
            fail_msg("%s: %d", text, message.has_mac);
        if (!ROWS[i].mac)
            continue;
        mac_format(message.mac, MAC_FORM_LOWER, mac);
        assert_string_equal(mac, ROWS[i].mac);
    }
}

static void test_the_contact_uri_stands_in_brackets_or_before_parameters(void **state)
{
    static const struct {
        const char *contact, *uri; /* NULL: none */
    } ROWS[] = {
        {"<sip:a@192.0.2.1:5062;line=x>;q=1", "sip:a@192.0.2.1:5062;line=x"},
        {"\"a <sip:b@c>\" <sip:d@192.0.2.1>", "sip:d@192.0.2.1"},
        {"\"a \\\" <sip:b@c>\" <sip:d@192.0.2.1>", "sip:d@192.0.2.1"},
        {"sip:a@192.0.2.1;expires=3", "sip:a@192.0.2.1"},
        {"A B <sip:192.0.2.1>", "sip:192.0.2.1"},
        {"*", NULL},
        {"\"a:bcdefgh", NULL},
        {"<sip:a@192.0.2.1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), ASK("Contact: %s\r\n"), ROWS[i].contact);
        assert_int_equal(read_text(&arena, text, &message), 0);
        check_text(message.contact, ROWS[i].contact);
        check_text(message.contact_uri, ROWS[i].uri);
    }
}

static void test_expires_is_a_number_or_nothing(void **state)
{
    static const struct {
        const char *text;
        int64_t expires;
    } ROWS[] = {
        {"", -1},
        {"Expires: 0\r\n", 0},
        {"Expires: 3600\r\n", 3600},
        {"Expires: 0060\r\n", 60},
        {"Expires: 4294967295\r\n", UINT32_MAX},
        {"Expires: 4294967296\r\n", -1},
        {"Expires: -1\r\n", -1},
        {"Expires: 1 day\r\n", -1},
        {"Expires:\r\n", -1},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), ASK("%s"), ROWS[i].text);
        assert_int_equal(read_text(&arena, text, &message), 0);
        assert_int_equal(message.expires, ROWS[i].expires);
    }
}

static void test_the_body_ends_where_its_length_says(void **state)
{
    static const struct {
        const char *text, *body;
    } ROWS[] = {
        {ASK("Content-Length: 3\r\nContent-Type: a/b\r\n") "abc", "abc"},
        {ASK("l: 003\r\n") "abcdef", "abc"},
        {ASK("") "abc\r\n", "abc\r\n"},
        {ASK("Content-Length: 0\r\n") "abc", ""},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        assert_int_equal(read_text(&arena, ROWS[i].text, &message), 0);
        assert_int_equal(message.body_len, strlen(ROWS[i].body));
        assert_string_equal(message.body, ROWS[i].body);
    }
}

/* -- responses --------------------------------------------------------------------------------- */

#define ANSWER(first, more) first "\r\n" VIA PARTIES "CSeq: 2 NOTIFY\r\n" more "\r\n"

static void test_a_response_is_read_with_its_challenges(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(&arena,
                  ANSWER("SIP/2.0 401 Unauthorized",
                         "WWW-Authenticate: Digest realm=\"r, x\", nonce=\"n=1\",opaque=\"\", "
                         "qop=\"auth-int , auth\", algorithm=sha-256, stale=FALSE\r\n"
                         "WWW-Authenticate: Basic realm=\"b\"\r\n"
                         "Proxy-Authenticate: digest  nonce=\"m\",realm=\"\"\r\n"
                         "WWW-Authenticate: Digest realm=\"r\",nonce=n,qop=auth-int,"
                         "algorithm=\"MD5-sess\"\r\n"),
                  &message),
        0);
    assert_true(message.is_response);
    assert_int_equal(message.status, 401);
    assert_int_equal(message.method, SIP_NOTIFY);
    assert_int_equal(message.cseq, 2);
    check_text(message.request_uri, NULL);
    assert_false(message.has_mac);
    assert_int_equal(message.challenge_count, 3);
    const struct sip_challenge *challenge = message.challenges;
    assert_int_equal(challenge->hash, SIP_HASH_SHA_256);
    assert_false(challenge->proxy);
    check_text(challenge->realm, "r, x");
    check_text(challenge->nonce, "n=1");
    check_text(challenge->opaque, "");
    assert_true(challenge->qop_given && challenge->qop_auth);
    challenge++;
    assert_int_equal(challenge->hash, SIP_HASH_MD5);
    assert_true(challenge->proxy);
    check_text(challenge->realm, "");
    check_text(challenge->opaque, NULL);
    assert_false(challenge->qop_given || challenge->qop_auth);
    challenge++;
    assert_int_equal(challenge->hash, SIP_HASH_OTHER);
    check_text(challenge->nonce, "n");
    assert_true(challenge->qop_given && !challenge->qop_auth);
}

static void test_challenges_that_nobody_could_answer_are_passed_over(void **state)
{
    static const char *const TEXTS[] = {
        "Digest",
        "Digest ",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"\"",
        "Digest realm=\"r\", nonce=\"n",
        "Digest realm=\"r\\\"\",nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"n\", nonce=\"m\"",
        "Digest realm=\"r\" nonce=\"n\"",
        "Digest realm, nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"n\", qop",
        "NTLM realm=\"r\", nonce=\"n\"",
        "Digestrealm=\"r\", nonce=\"n\"",
        "",
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text),
                       ANSWER("SIP/2.0 407 x", "Proxy-Authenticate: %s\r\n"
                                               "Proxy-Authenticate: Digest realm=a,nonce=b\r\n"),
                       TEXTS[i]);
        assert_int_equal(read_text(&arena, text, &message), 0);
        assert_int_equal(message.challenge_count, 1);
        check_text(message.challenges[0].realm, "a");
    }
    assert_int_equal(
        read_text(&arena, ANSWER("SIP/2.0 200 OK", "WWW-Authenticate: Digest realm=a,nonce=b\r\n"),
                  &message),
        0);
    assert_int_equal(message.challenge_count, 0);
}

static void test_a_ninth_challenge_is_passed_over(void **state)
{
    char text[2000] = "SIP/2.0 401 x\r\n" VIA PARTIES "CSeq: 2 NOTIFY\r\n";

    (void)state;
    for (int i = 0; i < SIP_CHALLENGES_MAX + 2; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                       "WWW-Authenticate: Digest realm=r,nonce=n%d\r\n", i);
    strcat(text, "\r\n");
    assert_int_equal(read_text(&arena, text, &message), 0);
    assert_int_equal(message.challenge_count, SIP_CHALLENGES_MAX);
    check_text(message.challenges[SIP_CHALLENGES_MAX - 1].nonce, "n7");
}

static void test_status_lines(void **state)
{
    static const struct {
        const char *line;
        int status; /* 0: refused */
    } ROWS[] = {
        {"SIP/2.0 200 OK", 200},
        {"SIP/2.0 200", 200},
        {"sip/2.0 699 a b c", 699},
        {"SIP/2.0 100 \xc3\xa4", 100},
        {"SIP/2.0 099 x", 0},
        {"SIP/2.0 700 x", 0},
        {"SIP/2.0 20 x", 0},
        {"SIP/2.0 2000 x", 0},
        {"SIP/2.0 4294967496 x", 0},
        {"SIP/2.0 -20 x", 0},
        {"SIP/2.0  200 x", 0},
        {"SIP/3.0 200 OK", 0},
        {"SIP/2.0", 0},
        {"SIP/2.0200 OK", 0},
        {"HTTP/1.1 200 OK", 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), "%s\r\n" VIA PARTIES "CSeq: 2 NOTIFY\r\n\r\n",
                       ROWS[i].line);
        int err = read_text(&arena, text, &message);
        if (err != (ROWS[i].status ? 0 : AP_ESYNTAX))
            fail_msg("%s: %d", ROWS[i].line, err);
        if (!err)
            assert_int_equal(message.status, ROWS[i].status);
    }
}

/* -- URIs -------------------------------------------------------------------------------------- */

static void test_an_endpoint_is_a_numeric_address_and_a_port(void **state)
{
    static const struct {
        const char *uri;
        int err;
        const char *address;
        uint16_t port;
    } ROWS[] = {
        {"sip:user@192.0.2.7:5062;line=x", 0, "192.0.2.7", 5062},
        {"<sip:user:secret@192.0.2.7>;x=y", 0, "192.0.2.7", 5060},
        {"SIP:192.0.2.7;transport=UDP", 0, "192.0.2.7", 5060},
        {"sip:[2001:db8::7]:65535", 0, "2001:db8::7", 65535},
        {"sip:[2001:db8::7]", 0, "2001:db8::7", 5060},
        {"sip:[::ffff:192.0.2.7]", 0, "192.0.2.7", 5060},
        {"sip:MAC%3a001565aabbcc@192.0.2.7:5059", 0, "192.0.2.7", 5059},
        {"sip:phone.example:5060", AP_EINVAL, NULL, 0},
        {"sip:192.0.2", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7.", AP_EINVAL, NULL, 0},
        {"sips:192.0.2.7", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7;transport=tcp", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7;Transport=tls;x", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7;transport", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7;maddr=192.0.2.8", AP_EINVAL, NULL, 0},
        {"sip:192.0.2.7:0", AP_ESYNTAX, NULL, 0},
        {"sip:192.0.2.7:65536", AP_ESYNTAX, NULL, 0},
        {"sip:192.0.2.7:-1", AP_ESYNTAX, NULL, 0},
        {"sip:192.0.2.7:5o60", AP_ESYNTAX, NULL, 0},
        {"sip:", AP_ESYNTAX, NULL, 0},
        {"", AP_ESYNTAX, NULL, 0},
        {"192.0.2.7", AP_ESYNTAX, NULL, 0},
        {"<sip:192.0.2.7", AP_ESYNTAX, NULL, 0},
        {"tel:+390112345678", AP_ESYNTAX, NULL, 0},
        /* What one reader takes for the host, another must too. */
        {"sip:a@192.0.2.7:[192.0.2.66]:5060", AP_ESYNTAX, NULL, 0},
        {"sip:a@192.0.2.7:5060@[192.0.2.66]:99", AP_ESYNTAX, NULL, 0},
        {"sip:a@192.0.2.7@192.0.2.66", AP_ESYNTAX, NULL, 0},
        {"sip:192.0.2.7[192.0.2.66]", AP_ESYNTAX, NULL, 0},
        {"sip:a@[192.0.2.7]x:5060", AP_ESYNTAX, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct address address;
        char text[AP_ADDRESS_TEXT_MAX];
        uint16_t port = 0;
        int err = sip_uri_endpoint(ROWS[i].uri, &address, &port);
        if (err != ROWS[i].err)
            fail_msg("%s: %d", ROWS[i].uri, err);
        if (err)
            continue;
        address_format(&address, text);
        assert_string_equal(text, ROWS[i].address);
        assert_int_equal(port, ROWS[i].port);
        assert_int_equal(address.port, 0);
    }
}

static void test_plain_texts_have_no_blanks_quotes_and_brackets(void **state)
{
    static const char *const REFUSED[] = {"",     "a b",  "a\"b", "<a>",  "a>b",
                                          "a\rb", "a\nb", "a\tb", "\x7f", "\xc3\xa4"};

    (void)state;
    assert_true(sip_text_is_plain("https://pbx.example/provision/0f/?a=b&c=%20;~!"));
    for (size_t i = 0; i < AP_COUNT(REFUSED); i++)
        assert_false(sip_text_is_plain(REFUSED[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_forms_of_phones_are_read),
        cmocka_unit_test(test_header_texts_are_as_they_were_sent),
        cmocka_unit_test(test_folds_and_tabs_become_one_blank),
        cmocka_unit_test(test_vias_are_told_from_the_top),
        cmocka_unit_test(test_a_port_that_was_filled_in_is_no_question_for_one),
        cmocka_unit_test(test_event_parameters_are_read_quoted_or_not),
        cmocka_unit_test(test_the_mac_is_looked_for_in_order),
        cmocka_unit_test(test_the_contact_uri_stands_in_brackets_or_before_parameters),
        cmocka_unit_test(test_expires_is_a_number_or_nothing),
        cmocka_unit_test(test_the_body_ends_where_its_length_says),
        cmocka_unit_test(test_a_response_is_read_with_its_challenges),
        cmocka_unit_test(test_challenges_that_nobody_could_answer_are_passed_over),
        cmocka_unit_test(test_a_ninth_challenge_is_passed_over),
        cmocka_unit_test(test_status_lines),
        cmocka_unit_test(test_an_endpoint_is_a_numeric_address_and_a_port),
        cmocka_unit_test(test_plain_texts_have_no_blanks_quotes_and_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
