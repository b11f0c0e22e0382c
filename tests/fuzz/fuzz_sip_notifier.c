/* The notifier: the input is a play of starts, times, responses that nearly fit, datagrams of any
 * bytes and endings. Each notice ends once, whatever comes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/sip_notifier.h"
#include "fuzz.h"

#define NOTICES 64
#define MAX     8

struct play {
    const uint8_t *at, *end;
    struct sip_notifier *notifier;
    int64_t now_ms;
    bool send_fails, starting;
    size_t started, under_way;
    uint8_t ends[NOTICES];
    char sent[4097]; /* the last one */
    struct sip_endpoint sent_to;
};

static uint8_t next_byte(struct play *play)
{
    return play->at < play->end ? *play->at++ : 0;
}

static bool play_send(void *data, const struct sip_endpoint *to, const char *bytes, size_t len)
{
    struct play *play = data;

    CHECK(len < sizeof(play->sent) && !memchr(bytes, '\0', len));
    memcpy(play->sent, bytes, len);
    play->sent[len] = '\0';
    play->sent_to = *to;
    return !play->send_fails;
}

static bool play_local(void *data, const struct sip_endpoint *to, char *ret_text, size_t room)
{
    (void)data;
    return to->port != 9 && snprintf(ret_text, room, "192.0.2.53:5060") > 0;
}

static void start(struct play *play);

static void play_done(void *data, void *notice_data, enum sip_outcome outcome, int status)
{
    struct play *play = data;
    uint8_t *ends = notice_data;

    CHECK(!play->starting);
    CHECK(ends >= play->ends && ends<play->ends + NOTICES && * ends> 0);
    --*ends;
    play->under_way--;
    CHECK((outcome == SIP_ACCEPTED || outcome == SIP_ACCEPTED_CHALLENGED) ==
          (status >= 200 && status < 300));
    CHECK((outcome == SIP_REFUSED) == (status >= 300));
    if (play->started % 3 == 0)
        start(play);
}

/* Several may have the same data. */
static void start(struct play *play)
{
    uint8_t how = next_byte(play);
    struct sip_notice notice = {
        .to = {.address = {.family = AF_INET, .bytes = {192, 0, 2, how & 3}},
               .port = how == 255 ? 9 : 5060},
        .request_uri = "sip:a@192.0.2.1",
        .from = "<sip:us@192.0.2.53>",
        .to_header = "<sip:a@192.0.2.1>",
        .event = how == 254 ? "a\nb" : "check-sync",
        .subscription_state = "terminated",
        .content_type = (how & 4) != 0 ? "application/url" : NULL,
        .body = "https://pbx.example/",
        .user = (how & 8) != 0 ? "user" : NULL,
        .password = (how & 8) != 0 ? "password" : NULL,
        .data = &play->ends[(how >> 4) & 7],
    };

    if (++play->started > NOTICES)
        return;
    play->starting = true;
    int err = sip_notifier_start(play->notifier, &notice, play->now_ms);
    play->starting = false;
    CHECK((err == AP_EIO) == (how == 255 && play->under_way < MAX) || err == AP_EBUSY);
    if (!err) {
        play->ends[(how >> 4) & 7]++;
        play->under_way++;
    }
    CHECK(play->under_way <= MAX);
}

/* The top Via of what was sent last, with a byte of it changed or not. */
static void answer(struct play *play)
{
    char text[1024], via[256] = "";
    const char *begin = strstr(play->sent, "\r\nVia: ");
    uint8_t how = next_byte(play), change = next_byte(play);
    struct sip_message response;
    struct arena arena;

    if (!begin)
        return;
    size_t len = strcspn(begin + 7, "\r");
    if (len >= sizeof(via))
        return;
    memcpy(via, begin + 7, len);
    if (change != 0 && len > 0)
        via[change % len] = (char)change;
    int text_len = snprintf(text, sizeof(text),
                            "SIP/2.0 %d x\r\nVia: %s\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: c\r\n"
                            "CSeq: 1 NOTIFY\r\n%s\r\n",
                            100 + (how & 7) * 100 + (how >> 7), via,
                            (how & 64) != 0 ? "WWW-Authenticate: Digest realm=r,nonce=n\r\n" : "");
    arena_init(&arena, 65536);
    if (sip_message_read(text, (size_t)text_len, &arena, &response) == 0) {
        struct sip_endpoint from = play->sent_to;
        from.port = how;
        if ((how & 32) != 0)
            from.address.bytes[3] ^= 1;
        bool ours = sip_notifier_receive(play->notifier, &from, &response, play->now_ms);
        CHECK(!ours || (how & 32) == 0);
    }
    arena_done(&arena);
}

static void receive_bytes(struct play *play)
{
    size_t len = next_byte(play) * 16U;
    const struct sip_endpoint from = play->sent_to;
    struct sip_message message;
    struct arena arena;

    if (len > (size_t)(play->end - play->at))
        len = (size_t)(play->end - play->at);
    arena_init(&arena, 65536);
    if (sip_message_read((const char *)play->at, len, &arena, &message) == 0)
        CHECK(!sip_notifier_receive(play->notifier, &from, &message, play->now_ms) ||
              message.is_response);
    arena_done(&arena);
    play->at += len;
}

static void pass_time(struct play *play)
{
    play->now_ms += next_byte(play) * 150;
    sip_notifier_tick(play->notifier, play->now_ms);
    CHECK(sip_notifier_next_ms(play->notifier) == -1 ||
          sip_notifier_next_ms(play->notifier) >= play->now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play play = {.at = data, .end = data + size, .now_ms = 1};
    const struct sip_notifier_setup setup = {.data = &play,
                                             .send = play_send,
                                             .done = play_done,
                                             .local = play_local,
                                             .transactions_max = MAX};
    struct sip_notifier_stats stats;

    CHECK(sip_notifier_new(&setup, &play.notifier) == 0);
    while (play.at < play.end) {
        uint8_t what = next_byte(&play);
        play.send_fails = (what & 0xf8) == 0xf8;
        switch (what & 7) {
        case 0:
        case 1:
            start(&play);
            break;
        case 2:
        case 3:
            pass_time(&play);
            break;
        case 4:
        case 5:
            answer(&play);
            break;
        case 6:
            sip_notifier_cancel(play.notifier, &play.ends[next_byte(&play) & 7]);
            break;
        default:
            receive_bytes(&play);
        }
        sip_notifier_stats(play.notifier, &stats);
        CHECK(stats.transactions == play.under_way);
    }
    play.started = NOTICES;
    sip_notifier_free(play.notifier);
    CHECK(play.under_way == 0);
    return 0;
}
