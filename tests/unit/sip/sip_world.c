/* A network and a clock for tests of the machines. */
#include "sip_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sip_support.h"

struct sip_endpoint endpoint_of(const char *address, uint16_t port)
{
    struct sip_endpoint endpoint = {.port = port};

    assert_int_equal(address_parse(address, &endpoint.address), 0);
    return endpoint;
}

bool world_send(void *data, const struct sip_endpoint *to, const char *bytes, size_t len)
{
    struct world *world = data;

    if (world->send_fails)
        return false;
    if (world->sent_count < WORLD_SENT_MAX) {
        struct world_sent *sent = &world->sent[world->sent_count];
        assert_true(len < sizeof(sent->bytes));
        *sent = (struct world_sent){.to = *to, .at_ms = world->now_ms, .len = len};
        memcpy(sent->bytes, bytes, len);
        assert_int_equal(strlen(sent->bytes), len);
    }
    world->sent_count++;
    return true;
}

bool world_local(void *data, const struct sip_endpoint *to, char *ret_text, size_t room)
{
    struct world *world = data;

    if (world->no_local)
        return false;
    return snprintf(ret_text, room, "%s",
                    to->address.family == AF_INET6 ? "[2001:db8::53]:5060" : "192.0.2.53:5060") > 0;
}

static void world_done(void *data, void *notice_data, enum sip_outcome outcome, int status)
{
    struct world *world = data;

    if (world->done_count < WORLD_DONE_MAX)
        world->done[world->done_count] =
            (struct world_done){notice_data, outcome, status, world->now_ms};
    world->done_count++;
    if (world->on_done)
        world->on_done(world, notice_data, outcome, status);
}

void world_open(struct world *world, size_t transactions_max)
{
    const struct sip_notifier_setup setup = {
        .data = world,
        .send = world_send,
        .done = world_done,
        .local = world_local,
        .transactions_max = transactions_max,
    };

    memset(world, 0, sizeof(*world));
    world->now_ms = 1000000;
    assert_int_equal(sip_notifier_new(&setup, &world->notifier), 0);
}

void world_close(struct world *world)
{
    sip_notifier_free(world->notifier);
    world->notifier = NULL;
    arena_done(&world->arena);
}

void world_run(struct world *world, int64_t at_ms)
{
    int64_t next_ms;

    while ((next_ms = sip_notifier_next_ms(world->notifier)) >= 0 && next_ms <= at_ms) {
        assert_true(next_ms >= world->now_ms);
        world->now_ms = next_ms;
        sip_notifier_tick(world->notifier, next_ms);
    }
    world->now_ms = at_ms;
    sip_notifier_tick(world->notifier, at_ms);
}

struct sip_notice world_notice(void *data)
{
    return (struct sip_notice){
        .to = endpoint_of("192.0.2.7", 5060),
        .request_uri = "sip:2001@192.0.2.7:5060",
        .from = "<sip:autoprovd@192.0.2.53>",
        .to_header = "<sip:2001@192.0.2.7>",
        .event = "check-sync;reboot=false",
        .subscription_state = "terminated;reason=timeout",
        .data = data,
    };
}

struct sip_message world_read(struct world *world, const struct world_sent *sent)
{
    struct sip_message message;

    assert_int_equal(read_bytes(&world->arena, sent->bytes, sent->len, &message), 0);
    return message;
}

bool world_answer_from(struct world *world, const struct world_sent *sent, int status,
                       const char *more, const struct sip_endpoint *from)
{
    char text[4096];
    struct sip_message asked = world_read(world, sent), response;
    int len =
        snprintf(text, sizeof(text),
                 "SIP/2.0 %d Said\r\nVia: %s;received=192.0.2.53\r\nFrom: %s\r\nTo: %s;tag=x\r\n"
                 "Call-ID: %s\r\nCSeq: %u %s\r\n%sContent-Length: 0\r\n\r\n",
                 status, asked.vias[0], asked.from, asked.to, asked.call_id, (unsigned)asked.cseq,
                 asked.method_text, more);

    assert_true(len > 0 && (size_t)len < sizeof(text));
    assert_int_equal(read_bytes(&world->arena, text, (size_t)len, &response), 0);
    return sip_notifier_receive(world->notifier, from, &response, world->now_ms);
}

bool world_answer(struct world *world, const struct world_sent *sent, int status, const char *more)
{
    return world_answer_from(world, sent, status, more, &sent->to);
}
