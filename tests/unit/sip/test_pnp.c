/* Questions by multicast: who is answered, with which bytes, and where to. */
#include "autoprov/sip_pnp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "sip_forms.h"
#include "sip_pnp_world.h"

/* Random hex digits behind before, as 'x'. */
static void mask(char *text, const char *before)
{
    char *at = strstr(text, before);

    assert_non_null(at);
    for (at += strlen(before); *at && strchr("0123456789abcdef", *at); at++)
        *at = 'x';
}

static void check_sent(size_t i, const char *address, uint16_t port)
{
    char text[AP_ADDRESS_TEXT_MAX];

    assert_true(i < world.sent_count);
    address_format(&world.sent[i].to.address, text);
    assert_string_equal(text, address);
    assert_int_equal(world.sent[i].to.port, port);
}

/* -- what is asked and answered ---------------------------------------------------------------- */

static void test_a_question_is_told_and_nothing_is_sent(void **state)
{
    static const uint8_t MAC[] = {0xc0, 0x74, 0xad, 0x11, 0x22, 0x33};

    (void)state;
    pnp_receive(FORM_GRANDSTREAM, "192.0.2.20", 5080);
    assert_int_equal(asked_last.count, 1);
    assert_memory_equal(asked_last.request.mac, MAC, sizeof(MAC));
    assert_int_equal(asked_last.request.from.port, 5080);
    assert_int_equal(asked_last.request.interface, 3);
    assert_string_equal(asked_last.vendor, "Grandstream");
    assert_string_equal(asked_last.model, "GRP2612W");
    assert_string_equal(asked_last.agent, "Grandstream GRP2612W 1.0.5.67");
    assert_string_equal(asked_last.contact, "sip:MAC%3AC074AD112233@192.0.2.20:5080");
    world_run(&world, world.now_ms + 60000);
    assert_int_equal(world.sent_count, 0);
    assert_int_equal(told_last.count, 0);
}

static void test_a_served_phone_gets_200_and_a_notify(void **state)
{
    (void)state;
    pnp_receive(FORM_SNOM, "192.0.2.17", 1053);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_int_equal(world.sent_count, 2);
    check_sent(0, "192.0.2.17", 1053);
    check_sent(1, "192.0.2.17", 1053);
    const char *tag = strstr(world.sent[0].bytes, "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=");
    assert_non_null(tag);
    char of_notify[80];
    (void)snprintf(of_notify, sizeof(of_notify), "\r\nFrom: %.*s\r\n", (int)strcspn(tag + 4, "\r"),
                   tag + 4);
    assert_non_null(strstr(world.sent[1].bytes, of_notify));
    mask(world.sent[0].bytes, "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=");
    assert_string_equal(world.sent[0].bytes,
                        "SIP/2.0 200 OK\r\n"
                        "Via: SIP/2.0/UDP 192.0.2.17:1053;rport=1053;received=192.0.2.17\r\n"
                        "From: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=1144022218\r\n"
                        "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=xxxxxxxxxxxxxxxx\r\n"
                        "Call-ID: 1144022218@192.0.2.17\r\n"
                        "CSeq: 1 SUBSCRIBE\r\n"
                        "Contact: <sip:192.0.2.53:5060>\r\n"
                        "Expires: 0\r\n"
                        "Content-Length: 0\r\n\r\n");
    mask(world.sent[1].bytes, "z9hG4bK");
    mask(world.sent[1].bytes, "From: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=");
    assert_string_equal(world.sent[1].bytes,
                        "NOTIFY sip:192.0.2.17:1053 SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP 192.0.2.53:5060;"
                        "branch=z9hG4bKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;rport\r\n"
                        "Max-Forwards: 70\r\n"
                        "From: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=xxxxxxxxxxxxxxxx\r\n"
                        "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=1144022218\r\n"
                        "Call-ID: 1144022218@192.0.2.17\r\n"
                        "CSeq: 1 NOTIFY\r\n"
                        "Contact: <sip:192.0.2.53:5060>\r\n"
                        "Event: ua-profile;profile-type=\"device\";vendor=\"snom\";"
                        "model=\"snom370\";version=\"8.7.5.48\"\r\n"
                        "Subscription-State: terminated;reason=timeout\r\n"
                        "Content-Type: application/url\r\n"
                        "Content-Length: 39\r\n\r\n" URL);
}

static void test_every_form_of_phones_is_served(void **state)
{
    static const struct {
        const char *text, *address;
        uint16_t port;
        const char *notify;
        uint16_t notify_port;
    } ROWS[] = {
        {FORM_YEALINK_OLD, "192.0.2.18", 5059,
         "NOTIFY sip:MAC001565aabb0c@192.0.2.18:5059 SIP/2.0\r\n", 5059},
        {FORM_YEALINK_NEW, "192.0.2.19", 5059,
         "NOTIFY sip:MAC%3a805e0c112233@192.0.2.19:5059 SIP/2.0\r\n", 5059},
        {FORM_GRANDSTREAM, "192.0.2.20", 5080,
         "NOTIFY sip:MAC%3AC074AD112233@192.0.2.20:5080 SIP/2.0\r\n", 5080},
        {FORM_PLANET, "192.0.2.21", 5060, "NOTIFY sip:192.0.2.21:5060 SIP/2.0\r\n", 5060},
        {FORM_AUDIOCODES, "192.0.2.22", 5060, "NOTIFY sip:390112345678@192.0.2.22:5060 SIP/2.0\r\n",
         5060},
        {FORM_PANASONIC, "192.0.2.23", 40000, "NOTIFY sip:192.0.2.23 SIP/2.0\r\n", 5060},
        {FORM_OEM, "192.0.2.24", 1024, "NOTIFY sip:192.0.2.24:1024 SIP/2.0\r\n", 1024},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        pnp_receive(ROWS[i].text, ROWS[i].address, ROWS[i].port);
        assert_int_equal(asked_last.count, i + 1);
        assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
        assert_int_equal(world.sent_count, 2 * i + 2);
        check_sent(2 * i + 1, ROWS[i].address, ROWS[i].notify_port);
        assert_memory_equal(world.sent[2 * i + 1].bytes, ROWS[i].notify, strlen(ROWS[i].notify));
        assert_true(world_answer(&world, &world.sent[2 * i + 1], 200, ""));
        assert_int_equal(told_last.count, i + 1);
        assert_int_equal(told_last.outcome, SIP_ACCEPTED);
        assert_int_equal(told_last.status, 200);
        assert_memory_equal(told_last.mac, asked_last.request.mac, AP_MAC_LEN);
    }
}

static void test_the_forms_of_a_notify_differ_by_vendor(void **state)
{
    (void)state;
    pnp_receive(FORM_SNOM, "192.0.2.17", 1053);
    assert_int_equal(pnp_serve(SIP_PNP_UNTURNED), 0);
    assert_non_null(strstr(world.sent[1].bytes,
                           "\r\nFrom: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=1144022218\r\n"
                           "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>\r\n"));
    assert_non_null(strstr(world.sent[1].bytes, "\r\nContent-Type: application/url\r\n"));
    pnp_receive(FORM_PLANET, "192.0.2.21", 5060);
    assert_int_equal(pnp_serve(SIP_PNP_UNTURNED), 0);
    assert_non_null(
        strstr(world.sent[3].bytes, "\r\nFrom: <sip:MAC=a8f7e0445566@224.0.1.75>;tag="));
    pnp_receive(FORM_OEM, "192.0.2.24", 1024);
    assert_int_equal(pnp_serve(SIP_PNP_EXTERNAL), 0);
    assert_non_null(strstr(world.sent[5].bytes,
                           "\r\nContent-Type: message/external-body;access-type=\"URL\";"
                           "URL=\"" URL "\"\r\nContent-Length: 0\r\n\r\n"));
    assert_non_null(
        strstr(world.sent[5].bytes, "\r\nTo: <sip:MAC:001A2B445566@224.0.1.75>;tag=9\r\n"));
}

/* -- where answers go -------------------------------------------------------------------------- */

/* Each call_id is another question. */
static void ask_by(const char *vias, const char *contact, size_t call_id, const char *address)
{
    char text[1000];

    (void)snprintf(text, sizeof(text),
                   "SUBSCRIBE sip:MAC%%3a001565000001@224.0.1.75 SIP/2.0\r\n%s"
                   "From: <sip:a@b>;tag=f\r\nTo: <sip:a@b>\r\nCall-ID: %zu\r\n"
                   "CSeq: 1 SUBSCRIBE\r\nEvent: ua-profile\r\n%s\r\n",
                   vias, call_id, contact);
    pnp_receive(text, address, 4000);
}

static void test_the_top_via_says_where_the_answer_goes(void **state)
{
    static const struct {
        const char *sent, *vias;
        uint16_t port;
    } ROWS[] = {
        {"Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b;rport;x=\"y;rport\"\r\n",
         "Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b;rport=4000;x=\"y;rport\";received=192.0.2.1\r\n",
         4000},
        {"Via: SIP/2.0/UDP 192.0.2.1:5090;x=\";rport;\"; RPORT ;branch=b\r\n",
         "Via: SIP/2.0/UDP 192.0.2.1:5090;x=\";rport;\"; RPORT=4000 ;branch=b;received=192.0.2.1"
         "\r\n",
         4000},
        {"Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b\r\n",
         "Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b\r\n", 5090},
        {"Via: SIP/2.0/UDP 192.0.2.1;branch=b\r\n", "Via: SIP/2.0/UDP 192.0.2.1;branch=b\r\n",
         4000},
        {"Via: SIP/2.0/UDP 10.0.0.1:5090;branch=b\r\n",
         "Via: SIP/2.0/UDP 10.0.0.1:5090;branch=b;received=192.0.2.1\r\n", 4000},
        {"Via: SIP/2.0/UDP phone.example:5090\r\n",
         "Via: SIP/2.0/UDP phone.example:5090;received=192.0.2.1\r\n", 4000},
        {"Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b, SIP/2.0/UDP 10.0.0.1;rport\r\n"
         "v: SIP/2.0/TCP a.example;branch=c\r\n",
         "Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b\r\nVia: SIP/2.0/UDP 10.0.0.1;rport\r\n"
         "Via: SIP/2.0/TCP a.example;branch=c\r\n",
         5090},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char expected[400];
        ask_by(ROWS[i].sent, "", i, "192.0.2.1");
        assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
        check_sent(2 * i, "192.0.2.1", ROWS[i].port);
        (void)snprintf(expected, sizeof(expected), "SIP/2.0 200 OK\r\n%sFrom: ", ROWS[i].vias);
        assert_memory_equal(world.sent[2 * i].bytes, expected, strlen(expected));
    }
}

static void test_no_contact_leads_to_another_host(void **state)
{
    static const struct {
        const char *contact, *uri;
        uint16_t port;
    } ROWS[] = {
        {"m: <sip:192.0.2.1:5070>\r\n", "sip:192.0.2.1:5070", 5070},
        {"m: <sip:x@192.0.2.1;line=2>\r\n", "sip:x@192.0.2.1;line=2", 5060},
        {"", "sip:192.0.2.1:4000", 4000},
        {"m: <sip:192.0.2.2:5070>\r\n", "sip:192.0.2.1:4000", 4000},
        {"m: <sip:host.example>\r\n", "sip:192.0.2.1:4000", 4000},
        {"m: <sip:192.0.2.1;transport=tcp>\r\n", "sip:192.0.2.1:4000", 4000},
        {"m: <sip:192.0.2.1;maddr=192.0.2.9>\r\n", "sip:192.0.2.1:4000", 4000},
        {"m: <sip:a b@192.0.2.1>\r\n", "sip:192.0.2.1:4000", 4000},
        {"m: *\r\n", "sip:192.0.2.1:4000", 4000},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char expected[200];
        ask_by("v: SIP/2.0/UDP a\r\n", ROWS[i].contact, i, "192.0.2.1");
        assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
        check_sent(2 * i + 1, "192.0.2.1", ROWS[i].port);
        (void)snprintf(expected, sizeof(expected), "NOTIFY %s SIP/2.0\r\n", ROWS[i].uri);
        assert_memory_equal(world.sent[2 * i + 1].bytes, expected, strlen(expected));
    }
}

static void test_ipv6_has_its_brackets(void **state)
{
    (void)state;
    ask_by("v: SIP/2.0/UDP [2001:db8::1]:5061;rport\r\n", "", 1, "2001:db8::1");
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_non_null(
        strstr(world.sent[0].bytes, "[2001:db8::1]:5061;rport=4000;received=2001:db8::1\r\n"));
    assert_non_null(strstr(world.sent[0].bytes, "Contact: <sip:[2001:db8::53]:5060>\r\n"));
    assert_memory_equal(world.sent[1].bytes, "NOTIFY sip:[2001:db8::1]:4000 SIP/2.0\r\n", 39);
}

/* -- who is not answered ----------------------------------------------------------------------- */

#define FORM(method, to, event)                                                                    \
    method " sip:MAC%3a001565000001@224.0.1.75 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n"          \
           "From: <sip:a@b>;tag=f\r\nTo: <sip:a@b>" to "\r\nCall-ID: c\r\nCSeq: 1 " method         \
           "\r\n" event "\r\n"

static void test_other_requests_are_dropped_and_counted(void **state)
{
    static const char *const TEXTS[] = {
        FORM("NOTIFY", "", "Event: ua-profile\r\n"),
        FORM("OPTIONS", "", "Event: ua-profile\r\n"),
        FORM("SUBSCRIBE", ";tag=t", "Event: ua-profile\r\n"),
        FORM("SUBSCRIBE", "", "Event: message-summary\r\n"),
        FORM("SUBSCRIBE", "", "Event: ua-profile2\r\n"),
        FORM("SUBSCRIBE", "", ""),
        "SUBSCRIBE sip:224.0.1.75 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b>\r\n"
        "To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\nEvent: ua-profile\r\n\r\n",
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n"
        "Call-ID: c\r\nCSeq: 1 SUBSCRIBE\r\nEvent: ua-profile\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        pnp_receive(TEXTS[i], "192.0.2.1", 5060);
        assert_int_equal(pnp_stats().dropped_form, i + 1);
    }
    pnp_receive(FORM("SUBSCRIBE", "", "Event: ua-profile\r\n"), "192.0.2.1", 0);
    assert_int_equal(pnp_stats().dropped_form, AP_COUNT(TEXTS) + 1);
    assert_int_equal(asked_last.count, 0);
    assert_int_equal(pnp_stats().questions, 0);
    pnp_receive(FORM("SUBSCRIBE", "", "Event: UA-Profile\r\n"), "192.0.2.1", 5060);
    assert_int_equal(asked_last.count, 1);
}

static void test_a_question_with_more_text_than_is_kept_is_dropped(void **state)
{
    char text[AP_SIP_DATAGRAM_MAX_BYTES];
    int len = snprintf(text, sizeof(text),
                       "SUBSCRIBE sip:MAC%%3a001565000001@h SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b>\r\n"
                       "To: <sip:a@b>\r\nCSeq: 1 SUBSCRIBE\r\n"
                       "Event: ua-profile\r\nCall-ID: ");

    (void)state;
    memset(text + len, 'c', AP_SIP_PNP_TEXT_MAX_BYTES);
    memcpy(text + len + AP_SIP_PNP_TEXT_MAX_BYTES, "\r\n\r\n", 5);
    pnp_receive(text, "192.0.2.1", 5060);
    assert_int_equal(pnp_stats().dropped_form, 1);
    memcpy(text + len + AP_SIP_PNP_TEXT_MAX_BYTES - 100, "\r\n\r\n", 5);
    pnp_receive(text, "192.0.2.1", 5060);
    assert_int_equal(asked_last.count, 1);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
}

static void test_texts_that_are_not_printable_are_not_told(void **state)
{
    (void)state;
    pnp_receive(FORM("SUBSCRIBE", "",
                     "Event: ua-profile;vendor=\"\xc3\xa4\";model=VOIP PHONE\r\n"
                     "User-Agent: \xff\r\nContact: <sip:\xc3\xa4@192.0.2.1>\r\n"),
                "192.0.2.1", 5060);
    assert_int_equal(asked_last.count, 1);
    assert_string_equal(asked_last.vendor, "");
    assert_string_equal(asked_last.model, "VOIP PHONE");
    assert_string_equal(asked_last.agent, "");
    assert_string_equal(asked_last.contact, "");
}

static void test_what_is_no_url_is_not_sent(void **state)
{
    static char long_url[AP_URL_MAX_BYTES + 2] = "https://";
    static const char *const URLS[] = {"",     "a b", "a\r\nb",   "a\"b",
                                       "a\\b", "a>",  "\xc3\xa4", long_url};

    (void)state;
    memset(long_url + 8, 'x', AP_URL_MAX_BYTES - 7);
    pnp_receive(FORM_SNOM, "192.0.2.17", 1053);
    for (size_t i = 0; i < AP_COUNT(URLS); i++) {
        assert_int_equal(
            sip_pnp_serve(pnp, asked_last.request.id, URLS[i], SIP_PNP_EXTERNAL, world.now_ms),
            AP_EINVAL);
    }
    world.no_local = true;
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), AP_EIO);
    assert_int_equal(world.sent_count, 0);
    world.no_local = false;
    long_url[AP_URL_MAX_BYTES] = '\0';
    assert_int_equal(
        sip_pnp_serve(pnp, asked_last.request.id, long_url, SIP_PNP_EXTERNAL, world.now_ms), 0);
    assert_non_null(strstr(world.sent[1].bytes, long_url));
}

static int start_other(void)
{
    struct sip_notice notice = world_notice(&world);

    return sip_notifier_start(world.notifier, &notice, world.now_ms);
}

static void test_without_a_free_transaction_nothing_is_sent(void **state)
{
    void (*done)(struct world *, void *, enum sip_outcome, int) = world.on_done;

    (void)state;
    world.on_done = NULL;
    pnp_receive(FORM_SNOM, "192.0.2.17", 1053);
    size_t others = 0;
    while (start_other() == 0)
        others++;
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), AP_EBUSY);
    assert_int_equal(world.sent_count, others);
    assert_int_equal(pnp_stats().served, 0);
    sip_notifier_cancel(world.notifier, &world);
    assert_int_equal(pnp_serve(SIP_PNP_PLAIN), 0);
    assert_int_equal(world.sent_count, others + 2);
    world.on_done = done;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pnp_open, pnp_close)
    const struct CMUnitTest tests[] = {
        TEST(test_a_question_is_told_and_nothing_is_sent),
        TEST(test_a_served_phone_gets_200_and_a_notify),
        TEST(test_every_form_of_phones_is_served),
        TEST(test_the_forms_of_a_notify_differ_by_vendor),
        TEST(test_the_top_via_says_where_the_answer_goes),
        TEST(test_no_contact_leads_to_another_host),
        TEST(test_ipv6_has_its_brackets),
        TEST(test_other_requests_are_dropped_and_counted),
        TEST(test_a_question_with_more_text_than_is_kept_is_dropped),
        TEST(test_texts_that_are_not_printable_are_not_told),
        TEST(test_what_is_no_url_is_not_sent),
        TEST(test_without_a_free_transaction_nothing_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
