/* The PnP machine's fixture. */
#include "sip_pnp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "sip_support.h"

struct world world;
struct sip_pnp *pnp;
struct asked_last asked_last;
struct told_last told_last;

static void on_asked(void *data, const struct sip_pnp_request *request)
{
    assert_ptr_equal(data, &world);
    asked_last.count++;
    asked_last.request = *request;
    (void)snprintf(asked_last.vendor, sizeof(asked_last.vendor), "%s", request->vendor);
    (void)snprintf(asked_last.model, sizeof(asked_last.model), "%s", request->model);
    (void)snprintf(asked_last.agent, sizeof(asked_last.agent), "%s", request->user_agent);
    (void)snprintf(asked_last.contact, sizeof(asked_last.contact), "%s", request->contact);
    if (asked_last.serve_at_once)
        assert_int_equal(sip_pnp_serve(pnp, request->id, URL, SIP_PNP_PLAIN, world.now_ms), 0);
}

static void on_told(void *data, const uint8_t *mac, enum sip_outcome outcome, int status)
{
    assert_ptr_equal(data, &world);
    told_last.count++;
    memcpy(told_last.mac, mac, AP_MAC_LEN);
    told_last.outcome = outcome;
    told_last.status = status;
}

static void on_done(struct world *of, void *notice_data, enum sip_outcome outcome, int status)
{
    assert_true(sip_pnp_done(pnp, notice_data, outcome, status));
    assert_false(sip_pnp_done(pnp, of, outcome, status));
}

static void open_pnp(uint32_t questions_per_s, uint32_t questions_at_once)
{
    const struct sip_pnp_setup with = {
        .data = &world,
        .send = world_send,
        .local = world_local,
        .asked = on_asked,
        .told = on_told,
        .notifier = world.notifier,
        .per_source_per_s = 10,
        .questions_per_s = questions_per_s,
        .questions_at_once = questions_at_once,
    };

    assert_int_equal(sip_pnp_new(&with, &pnp), 0);
}

int pnp_open(void **state)
{
    (void)state;
    memset(&asked_last, 0, sizeof(asked_last));
    memset(&told_last, 0, sizeof(told_last));
    world_open(&world, AP_SIP_PNP_MAX + 8);
    world.on_done = on_done;
    open_pnp(0, 0);
    return 0;
}

void pnp_open_bounded(uint32_t questions_per_s, uint32_t questions_at_once)
{
    sip_pnp_free(pnp);
    open_pnp(questions_per_s, questions_at_once);
}

int pnp_close(void **state)
{
    (void)state;
    sip_pnp_free(pnp);
    pnp = NULL;
    world_close(&world);
    return 0;
}

void pnp_receive(const char *text, const char *address, uint16_t port)
{
    struct sip_endpoint from = endpoint_of(address, port);
    struct sip_message message;

    assert_int_equal(read_text(&world.arena, text, &message), 0);
    sip_pnp_receive(pnp, &from, 3, &message, world.now_ms);
}

int pnp_serve(enum sip_pnp_form form)
{
    return sip_pnp_serve(pnp, asked_last.request.id, URL, form, world.now_ms);
}

struct sip_pnp_stats pnp_stats(void)
{
    struct sip_pnp_stats now;

    sip_pnp_stats(pnp, &now);
    return now;
}
