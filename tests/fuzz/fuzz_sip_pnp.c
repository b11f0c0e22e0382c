/* The PnP machine: a play of questions of any bytes, answers from above, responses and times.
 * Nothing is sent but to who was served, and no byte of a question adds a line to a message of
 * ours. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/sip_pnp.h"
#include "fuzz.h"

#define WAITING_MAX 16

struct play {
    const uint8_t *at, *end;
    struct sip_notifier *notifier;
    struct sip_pnp *pnp;
    int64_t now_ms;
    bool send_fails, serving;
    size_t waiting_count, served, told, repeats;
    uint64_t waiting[WAITING_MAX];
    struct arena arena;
    char notify[4097]; /* the last one */
};

static uint8_t next_byte(struct play *play)
{
    return play->at < play->end ? *play->at++ : 0;
}

/* Lines up to the empty one; each ends with CR LF, and no other CR, LF or NUL is there. */
static size_t count_lines(const char *bytes, size_t len)
{
    size_t lines = 0;

    for (const char *at = bytes;; lines++) {
        const char *line_end = memchr(at, '\n', (size_t)(bytes + len - at));
        CHECK(line_end && line_end > at && line_end[-1] == '\r');
        CHECK(!memchr(at, '\0', (size_t)(line_end - at)));
        CHECK(memchr(at, '\r', (size_t)(line_end - at)) == line_end - 1);
        if (line_end == at + 1)
            return lines;
        at = line_end + 1;
    }
}

/* Sources are 192.0.2.0 to 3; nobody else was ever served. */
static bool play_send(void *data, const struct sip_endpoint *to, const char *bytes, size_t len)
{
    struct play *play = data;
    bool is_notify = len > 7 && memcmp(bytes, "NOTIFY ", 7) == 0;
    size_t lines = count_lines(bytes, len);

    CHECK(play->served > 0 || play->serving);
    CHECK(to->address.family == AF_INET && memcmp(to->address.bytes, "\xc0\0\2", 3) == 0);
    CHECK(to->port > 0 && len < sizeof(play->notify));
    if (is_notify) {
        CHECK(lines == 12);
        memcpy(play->notify, bytes, len);
        play->notify[len] = '\0';
    } else {
        CHECK(memcmp(bytes, "SIP/2.0 200 OK\r\n", 16) == 0);
        CHECK(lines >= 9 && lines <= 8 + SIP_VIAS_MAX);
    }
    return !play->send_fails;
}

static bool play_local(void *data, const struct sip_endpoint *to, char *ret_text, size_t room)
{
    struct play *play = data;

    (void)to;
    return play->now_ms % 150 != 149 && snprintf(ret_text, room, "192.0.2.53:5060") > 0;
}

static void serve(struct play *play, uint64_t id)
{
    static const char *const URLS[] = {"https://pbx.example/p/", "a b"};
    uint8_t how = next_byte(play);

    play->serving = true;
    int err =
        sip_pnp_serve(play->pnp, id, URLS[how >> 7], (enum sip_pnp_form)(how % 3), play->now_ms);
    play->serving = false;
    CHECK(err || how < 128);
    play->served += !err;
}

static void play_asked(void *data, const struct sip_pnp_request *request)
{
    struct play *play = data;

    for (const char *c = request->vendor; *c; c++)
        CHECK(*c >= 0x20 && *c < 0x7f);
    CHECK(!*request->contact || sip_text_is_plain(request->contact));
    if (request->from.port % 5 == 0)
        serve(play, request->id);
    else
        play->waiting[play->waiting_count++ % WAITING_MAX] = request->id;
}

static void play_told(void *data, const uint8_t *mac, enum sip_outcome outcome, int status)
{
    struct play *play = data;

    (void)mac;
    CHECK(outcome != SIP_ACCEPTED_CHALLENGED);
    CHECK((outcome == SIP_UNREACHABLE || outcome == SIP_CANCELLED) == (status == 0));
    play->told++;
    CHECK(play->told <= play->served);
}

static void play_done(void *data, void *notice_data, enum sip_outcome outcome, int status)
{
    struct play *play = data;

    CHECK(sip_pnp_done(play->pnp, notice_data, outcome, status));
    CHECK(!sip_pnp_done(play->pnp, play, outcome, status));
}

static void receive(struct play *play, const char *data, size_t len)
{
    uint8_t who = next_byte(play);
    struct sip_endpoint from = {.address = {.family = AF_INET, .bytes = {192, 0, 2, who & 3}},
                                .port = who};
    struct sip_message message;

    arena_reset(&play->arena);
    if (sip_message_read(data, len, &play->arena, &message) != 0)
        return;
    if (message.is_response)
        (void)sip_notifier_receive(play->notifier, &from, &message, play->now_ms); /* any is fine */
    else
        sip_pnp_receive(play->pnp, &from, 1, &message, play->now_ms);
}

static void receive_bytes(struct play *play)
{
    size_t len = next_byte(play) * 8U;

    if (len > (size_t)(play->end - play->at))
        len = (size_t)(play->end - play->at);
    const char *data = (const char *)play->at;
    play->at += len;
    receive(play, data, len);
}

/* One that is a question, with a byte anywhere. */
static void receive_question(struct play *play)
{
    char text[] = "SUBSCRIBE sip:MAC%3a001565000001@224.0.1.75 SIP/2.0\r\n"
                  "Via: SIP/2.0/UDP 192.0.2.1:5090;branch=b;rport, SIP/2.0/UDP 10.0.0.1\r\n"
                  "From: <sip:a@b>;tag=f\r\nTo: \"c\" <sip:d@e>\r\nCall-ID: 0\r\n"
                  "CSeq: 1 SUBSCRIBE\r\nm: <sip:192.0.2.1:5070>\r\n"
                  "Event: ua-profile;vendor=\"x\"\r\n\r\n";
    size_t at = next_byte(play) * 2U + (next_byte(play) & 1);

    *(strstr(text, "Call-ID: ") + 9) = (char)('0' + next_byte(play) % 8);
    if (at < sizeof(text) - 1)
        text[at] = (char)next_byte(play);
    receive(play, text, sizeof(text) - 1);
}

static void answer(struct play *play)
{
    char text[1024];
    const char *via = strstr(play->notify, "\r\nVia: ");

    if (!via)
        return;
    int len = snprintf(text, sizeof(text),
                       "SIP/2.0 %d x%.*s\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: c\r\n"
                       "CSeq: 1 NOTIFY\r\n\r\n",
                       100 + next_byte(play) % 6 * 100, (int)strcspn(via + 2, "\r") + 2, via);
    receive(play, text, (size_t)len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play play = {.at = data, .end = data + size, .now_ms = 1};
    const struct sip_notifier_setup notifier_setup = {.data = &play,
                                                      .send = play_send,
                                                      .done = play_done,
                                                      .local = play_local,
                                                      .transactions_max = 4};
    struct sip_pnp_setup setup = {.data = &play,
                                  .send = play_send,
                                  .local = play_local,
                                  .asked = play_asked,
                                  .told = play_told,
                                  .per_source_per_s = 10};

    arena_init(&play.arena, 65536);
    CHECK(sip_notifier_new(&notifier_setup, &play.notifier) == 0);
    setup.notifier = play.notifier;
    CHECK(sip_pnp_new(&setup, &play.pnp) == 0);
    while (play.at < play.end) {
        uint8_t what = next_byte(&play);
        play.send_fails = what >= 0xf8;
        switch (what & 7) {
        case 0:
        case 1:
            receive_question(&play);
            break;
        case 2:
            receive_bytes(&play);
            break;
        case 3:
        case 4:
            serve(&play, play.waiting[next_byte(&play) % WAITING_MAX]);
            break;
        case 5:
            sip_pnp_ignore(play.pnp, play.waiting[next_byte(&play) % WAITING_MAX]);
            break;
        case 6:
            answer(&play);
            break;
        default:
            play.now_ms += next_byte(&play) * 149;
            sip_notifier_tick(play.notifier, play.now_ms);
        }
    }
    sip_pnp_free(play.pnp);
    CHECK(play.told == play.served);
    sip_notifier_free(play.notifier);
    arena_done(&play.arena);
    return 0;
}
