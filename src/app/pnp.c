/* Questions by multicast: looked at, decided, and where they are served held until the token is
 * committed. Must not know sockets and messages. */
#include "autoprov/pnp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"
#include "autoprov/store_access.h"
#include "pnp_find.h"
#include "pnp_private.h"

/* Design, section 7: the phone turns to it at once. */
#define BOOTSTRAP_PNP_S 900

/* Lives until the writer has answered, even if the answer comes to nobody. */
struct pnp_held {
    struct store_write write;
    struct mailbox_message message;
    struct pnp_held *next;
    struct pnp *pnp; /* NULL: gone */
    struct mailbox *mailbox;
    uint64_t id;
    uint8_t mac[AP_MAC_LEN];
    struct address source;
    char interface[STORE_PNP_INTERFACE_MAX];
    char phone_id[STORE_ID_TEXT_MAX];
    char network[AP_ADDRESS_TEXT_MAX]; /* around the source */
    int64_t ends_at;
    struct token token; /* a fresh one; then that which was handed out */
    bool repeated;
    int err;
};

static const char *const OUTCOME_NAMES[PNP_OUTCOME_COUNT] = {
    [SIP_ACCEPTED] = "accepted",   [SIP_ACCEPTED_CHALLENGED] = "challenged",
    [SIP_REFUSED] = "refused",     [SIP_UNREACHABLE] = "unreachable",
    [SIP_CANCELLED] = "cancelled",
};

const char *pnp_outcome_name(enum sip_outcome outcome)
{
    return (unsigned)outcome < PNP_OUTCOME_COUNT ? OUTCOME_NAMES[outcome] : "unknown";
}

/* -- life -------------------------------------------------------------------------------------- */

int pnp_new(const struct pnp_setup *setup, struct pnp **ret_pnp)
{
    struct pnp *pnp = calloc(1, sizeof(*pnp));

    if (!pnp)
        return AP_ENOMEM;
    pnp->setup = *setup;
    pnp->pruned_ms = clock_monotonic_ms(setup->clock);
    int err = fetch_log_new(setup->writer, setup->alarms, &pnp->log);
    if (err) {
        free(pnp);
        return err;
    }
    *ret_pnp = pnp;
    return 0;
}

void pnp_free(struct pnp *pnp)
{
    if (!pnp)
        return;
    for (struct pnp_held *held = pnp->held; held; held = held->next)
        held->pnp = NULL;
    pnp_list_close(pnp);
    fetch_log_close(pnp->log);
    fetch_log_free(pnp->log);
    free(pnp);
}

void pnp_stats(const struct pnp *pnp, struct pnp_stats *ret_stats)
{
    struct pnp_stats stats = {.questions = 0};

    if (pnp) {
        stats = pnp->stats;
        for (int reason = POLICY_SERVE + 1; reason < POLICY_REASON_COUNT; reason++)
            stats.refusals[reason] = fetch_log_count(pnp->log, (enum policy_reason)reason);
    }
    *ret_stats = stats;
}

/* -- silence ----------------------------------------------------------------------------------- */

struct asked {
    uint64_t id;
    const uint8_t *mac;
    const struct address *source;
    const char *user_agent;
};

/* phone NULL: none is known. */
static void refuse(struct pnp *pnp, const struct asked *asked, const struct store_phone *phone,
                   enum policy_reason reason)
{
    const struct fetch_event event = {
        .source = asked->source,
        .phone = phone,
        .mac = asked->mac,
        .role = "",
        .file = "",
        .token_tag = "",
        .user_agent = asked->user_agent,
        .reason = reason,
        .now = clock_wall_s(pnp->setup.clock),
    };

    fetch_log_refused(pnp->log, &event);
    pnp->setup.ignore(pnp->setup.data, asked->id);
}

/* Ours, not the phone's: said once, here. */
static void fail(struct pnp *pnp, const struct asked *asked, const char *step, int err)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(asked->mac, MAC_FORM_LOWER, mac);
    log_event(LOG_LEVEL_ERROR, "pnp_failed", "step=%s mac=%s error=\"%s\"; it is not answered",
              step, mac, ap_strerror(err));
    pnp->setup.ignore(pnp->setup.data, asked->id);
}

/* -- the token --------------------------------------------------------------------------------- */

static void free_held(struct pnp_held *held)
{
    secret_wipe(&held->token, sizeof(held->token));
    free(held);
}

static void raise_repeated(const struct pnp_held *held, const char *what)
{
    char mac[AP_MAC_TEXT_MAX], source[AP_ADDRESS_TEXT_MAX], detail[STORE_ALARM_DETAIL_MAX];

    mac_format(held->mac, MAC_FORM_LOWER, mac);
    address_format(&held->source, source);
    (void)snprintf(detail, sizeof(detail),
                   "%s by multicast from %s; it was not seen on its token URL yet", what,
                   source); /* fits */
    alarms_raise(held->pnp->setup.alarms, STORE_ALARM_BOOTSTRAP_REPEATED, mac, detail);
}

static void log_served(const struct pnp_held *held, const struct store_phone *phone)
{
    char mac[AP_MAC_TEXT_MAX], source[AP_ADDRESS_TEXT_MAX];
    char tag[VAULT_TOKEN_TAG_TEXT_MAX];

    mac_format(held->mac, MAC_FORM_LOWER, mac);
    address_format(&held->source, source);
    if (vault_token_tag(store_vault(held->pnp->setup.reader), &held->token, tag) != 0)
        (void)snprintf(tag, sizeof(tag), "-"); /* fits */
    log_event(LOG_LEVEL_INFO, "pnp_served",
              "source=%s interface=%s mac=%s user=%s token=%s repeated=%s", source,
              held->interface[0] ? held->interface : "-", mac, phone->user_name, tag,
              held->repeated ? "yes" : "no");
}

/* The phone as it is now: between question and commit it may have been changed. */
static void serve(struct pnp_held *held, const struct asked *asked, struct arena *arena)
{
    struct pnp *pnp = held->pnp;
    const struct pnp_question question = {
        .snapshot = pnp->setup.snapshot(pnp->setup.data),
        .reader = pnp->setup.reader,
        .arena = arena,
        .mac = held->mac,
        .source = &held->source,
    };
    struct pnp_finding finding;
    const char *url = NULL;
    int err = pnp_find(&question, &finding);

    if (!err && finding.reason != POLICY_SERVE) {
        refuse(pnp, asked, finding.phone_known ? &finding.phone : NULL, finding.reason);
        return;
    }
    if (!err && held->err == AP_ECONFLICT) {
        raise_repeated(held, "refused another bootstrap URL");
        refuse(pnp, asked, &finding.phone, POLICY_BOOTSTRAP_USED);
        return;
    }
    if (!err)
        err = pnp_url(&question, &finding, &held->token, &url);
    if (err) {
        fail(pnp, asked, "url", err);
        return;
    }
    err = pnp->setup.serve(pnp->setup.data, held->id, url, finding.vendor->pnp_form);
    if (err) {
        fail(pnp, asked, "notify", err);
        return;
    }
    if (held->repeated)
        raise_repeated(held, "told its bootstrap URL again");
    pnp->stats.served++;
    log_served(held, &finding.phone);
}

static void finish(struct pnp_held *held)
{
    const struct asked asked = {held->id, held->mac, &held->source, ""};
    struct arena arena;

    if (held->err && held->err != AP_ECONFLICT) {
        fail(held->pnp, &asked, "bootstrap", held->err);
        return;
    }
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    serve(held, &asked, &arena);
    arena_done(&arena);
}

static void take_out(struct pnp_held *held)
{
    struct pnp_held **at = &held->pnp->held;

    while (*at && *at != held)
        at = &(*at)->next;
    if (*at)
        *at = held->next;
}

static void come_back(struct mailbox_message *message)
{
    struct pnp_held *held =
        (struct pnp_held *)((char *)message - offsetof(struct pnp_held, message));

    if (held->pnp) {
        take_out(held);
        finish(held);
    }
    free_held(held);
}

static void done(struct store_write *write, int err)
{
    struct pnp_held *held = (struct pnp_held *)write;

    held->err = err;
    mailbox_post(held->mailbox, &held->message);
}

static int run_bootstrap(struct store_write *write, struct store_db *db)
{
    struct pnp_held *held = (struct pnp_held *)write;
    struct arena arena;
    struct token token = {.len = 0};

    arena_init(&arena, 4096);
    int err = store_bootstrap(db, &arena, held->phone_id, &held->token, held->network,
                              held->ends_at, &token, &held->repeated);
    if (!err)
        held->token = token;
    secret_wipe(&token, sizeof(token));
    arena_done(&arena);
    return err;
}

static int hand_out(struct pnp *pnp, const struct asked *asked, const char *interface,
                    const struct store_phone *phone)
{
    struct pnp_held *held = calloc(1, sizeof(*held));
    int err = held ? token_make(&held->token) : AP_ENOMEM;

    if (!err) {
        held->write.run = run_bootstrap;
        held->write.done = done;
        held->message.run = come_back;
        held->pnp = pnp;
        held->mailbox = pnp->setup.mailbox;
        held->id = asked->id;
        memcpy(held->mac, asked->mac, sizeof(held->mac));
        held->source = *asked->source;
        (void)snprintf(held->interface, sizeof(held->interface), "%s", interface); /* may be cut */
        (void)snprintf(held->phone_id, sizeof(held->phone_id), "%s", phone->id); /* a UUID: fits */
        network_around(asked->source, held->network);
        held->ends_at = store_now(pnp->setup.reader) + BOOTSTRAP_PNP_S;
        err = store_writer_submit(pnp->setup.writer, &held->write);
    }
    if (err) {
        if (held)
            free_held(held);
        return err;
    }
    held->next = pnp->held;
    pnp->held = held;
    return 0;
}

/* -- questions --------------------------------------------------------------------------------- */

void pnp_asked(struct pnp *pnp, const struct sip_pnp_request *request, const char *interface)
{
    const struct asked asked = {request->id, request->mac, &request->from.address,
                                request->user_agent};
    struct pnp_finding finding;
    struct arena arena;
    const struct pnp_question question = {
        .snapshot = pnp->setup.snapshot(pnp->setup.data),
        .reader = pnp->setup.reader,
        .arena = &arena,
        .mac = request->mac,
        .source = &request->from.address,
    };

    pnp->stats.questions++;
    pnp_list_asked(pnp, request, interface);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    int err = pnp_find(&question, &finding);
    if (err) {
        fail(pnp, &asked, "look_up", err);
    } else if (finding.reason != POLICY_SERVE) {
        if (finding.reason == POLICY_RENDER_FAILED)
            log_event(LOG_LEVEL_ERROR, "render_failed", "vendor=%s error=\"%s\"",
                      finding.vendor->name, finding.error.text);
        refuse(pnp, &asked, finding.phone_known ? &finding.phone : NULL, finding.reason);
    } else {
        err = hand_out(pnp, &asked, interface, &finding.phone);
        if (err)
            fail(pnp, &asked, "bootstrap", err);
    }
    arena_done(&arena);
}

void pnp_told(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN], enum sip_outcome outcome,
              int status)
{
    bool is_good = outcome == SIP_ACCEPTED || outcome == SIP_ACCEPTED_CHALLENGED;
    char text[AP_MAC_TEXT_MAX];

    if ((unsigned)outcome >= PNP_OUTCOME_COUNT)
        return;
    pnp->stats.told[outcome]++;
    pnp_list_told(pnp, mac, outcome);
    mac_format(mac, MAC_FORM_LOWER, text);
    log_event(is_good ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE, "pnp_told",
              "mac=%s outcome=%s status=%d", text, pnp_outcome_name(outcome), status);
}

void pnp_tick(struct pnp *pnp)
{
    fetch_log_tick(pnp->log, clock_wall_s(pnp->setup.clock));
    pnp_list_tick(pnp);
}
