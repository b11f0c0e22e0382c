/* Fetches that wait for the writer: a right that is used up is committed before the first byte of
 * what it opens leaves; a bootstrap token is committed before it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"
#include "provision_private.h"

/* Many phones turn to a new URL only at their next restart (design, section 7). */
#define BOOTSTRAP_FLAT_S 86400

/* One fetch while it waits. Lives until the writer has answered, even if the phone has been
 * answered before. */
struct held {
    struct store_write write;
    struct mailbox_message message;
    struct held *next;
    struct provision *provision;
    struct mailbox *mailbox;
    struct fetch *fetch;       /* in the exchange's arena; NULL: answered already */
    struct snapshot *snapshot; /* what was found points into it: a reload may come between */
    int64_t since_ms;          /* monotonic */
    void (*finish)(struct held *held);
    int err;
    char phone_id[STORE_ID_TEXT_MAX];
    char network[AP_ADDRESS_TEXT_MAX]; /* around the source */
    /* of a claim */
    struct store_claim claim;
    struct buf body;
    struct token token; /* the one that is used up, or the one that is handed out */
    /* of a bootstrap */
    int64_t ends_at;
    bool repeated;
};

static void free_held(struct held *held)
{
    buf_done(&held->body);
    snapshot_unref(held->snapshot);
    secret_wipe(&held->token, sizeof(held->token));
    free(held);
}

/* -- on its way and back ----------------------------------------------------------------------- */

static void take_out(struct held *held)
{
    struct held **at = &held->provision->held;

    while (*at && *at != held)
        at = &(*at)->next;
    if (*at)
        *at = held->next;
}

static void come_back(struct mailbox_message *message)
{
    struct held *held = (struct held *)((char *)message - offsetof(struct held, message));

    take_out(held);
    if (held->fetch)
        held->finish(held);
    free_held(held);
}

static void done(struct store_write *write, int err)
{
    struct held *held = (struct held *)write;

    held->err = err;
    mailbox_post(held->mailbox, &held->message);
}

/* Copies the fetch to its exchange, which outlives this call. NULL: no memory. */
static struct held *hold(struct fetch *fetch)
{
    struct fetch *kept = arena_alloc(http_exchange_arena(fetch->exchange), sizeof(*kept));
    struct held *held = kept ? calloc(1, sizeof(*held)) : NULL;

    if (!held)
        return NULL;
    *kept = *fetch;
    held->fetch = kept;
    held->provision = fetch->provision;
    held->mailbox = fetch->provision->mailbox;
    held->snapshot = snapshot_ref(fetch->provision->snapshot);
    held->since_ms = clock_monotonic_ms(fetch->provision->clock);
    held->write.done = done;
    held->message.run = come_back;
    (void)snprintf(held->phone_id, sizeof(held->phone_id), "%s", /* a UUID: fits */
                   fetch->found.phone.id);
    network_around(fetch->request->peer, held->network);
    return held;
}

static int submit(struct held *held)
{
    int err = store_writer_submit(held->provision->writer, &held->write);

    if (err)
        return err;
    held->next = held->provision->held;
    held->provision->held = held;
    return 0;
}

/* So long a phone waits; the write may still come, and is then as if the answer had been lost. */
void provision_tick(struct provision *provision)
{
    int64_t now_ms = clock_monotonic_ms(provision->clock);

    for (struct held *held = provision->held; held; held = held->next) {
        struct fetch *fetch = held->fetch;
        if (!fetch || now_ms - held->since_ms < AP_CLAIM_WAIT_MS)
            continue;
        held->fetch = NULL;
        secret_wipe(&fetch->found.path.token, sizeof(fetch->found.path.token));
        provision_fail(fetch, "claim", AP_EBUSY);
    }
}

/* -- rights that are used up ------------------------------------------------------------------- */

static int run_claim(struct store_write *write, struct store_db *db)
{
    struct held *held = (struct held *)write;

    return store_claim(db, &held->claim);
}

/* Somebody else was faster: what he left decides. */
static void claim_too_late(struct fetch *fetch)
{
    if (fetch->found.token_kind == STORE_TOKEN_BURNT && !fetch->found.path.flat)
        provision_refuse(fetch, POLICY_BURNT);
    else if (fetch->found.token_kind == STORE_TOKEN_BOOTSTRAP && !fetch->found.path.flat)
        provision_refuse(fetch, POLICY_BOOTSTRAP_USED);
    else if (fetch->asked_again)
        provision_fail(fetch, "claim", AP_ECONFLICT);
    else {
        fetch->asked_again = true;
        provision_look(fetch);
    }
}

static void finish_claim(struct held *held)
{
    struct fetch *fetch = held->fetch;

    if (held->err == AP_ECONFLICT)
        claim_too_late(fetch);
    else if (held->err)
        provision_fail(fetch, "claim", held->err);
    else
        provision_answer_file(fetch, &held->body);
}

/* A 304 hands out nothing, so it uses up nothing. */
static bool uses_up(const struct provision_finding *found)
{
    return found->is_first || (!found->path.flat && (found->token_kind == STORE_TOKEN_BOOTSTRAP ||
                                                     found->token_kind == STORE_TOKEN_BURNT));
}

static bool needs_claim(const struct fetch *fetch)
{
    const struct provision_finding *found = &fetch->found;
    bool by_token = !found->path.flat;

    if (!found->phone_known || fetch->request->method != GATE_GET)
        return false;
    if (by_token && found->token_kind != STORE_TOKEN_BURNT &&
        (found->phone.needs_seen_mark || found->has_moved))
        return true;
    return !provision_is_known(fetch) && uses_up(found);
}

static void fill_claim(struct held *held, const struct fetch *fetch)
{
    const struct provision_finding *found = &fetch->found;
    bool by_token = !found->path.flat;
    bool seen = by_token && found->phone.needs_seen_mark;
    bool is_delivered = !provision_is_known(fetch);

    held->token = found->path.token;
    held->claim = (struct store_claim){
        .phone_id = held->phone_id,
        .seen = seen,
        .burnt = seen && found->token_kind == STORE_TOKEN_BURNT,
        .generation = found->phone.token_generation,
        .first_network = is_delivered && found->is_first ? held->network : NULL,
        .first_at = found->phone.access.first_at,
        .bootstrap = is_delivered && by_token && found->token_kind == STORE_TOKEN_BOOTSTRAP
                         ? &held->token
                         : NULL,
        .network = held->network,
        .moved = found->has_moved,
    };
}

void provision_answer(struct fetch *fetch, struct buf *body)
{
    if (!needs_claim(fetch)) {
        provision_answer_file(fetch, body);
        return;
    }
    struct held *held = hold(fetch);
    int err = held ? 0 : AP_ENOMEM;
    if (!err) {
        fill_claim(held, fetch);
        held->write.run = run_claim;
        held->finish = finish_claim;
        held->body = *body;
        *body = (struct buf){.data = NULL};
        err = submit(held);
    }
    if (err) {
        if (held)
            free_held(held);
        buf_done(body);
        provision_fail(fetch, "claim", err);
    }
}

/* -- bootstrap --------------------------------------------------------------------------------- */

static int run_bootstrap(struct store_write *write, struct store_db *db)
{
    struct held *held = (struct held *)write;
    struct arena arena;
    struct token token;

    arena_init(&arena, 4096);
    int err = store_bootstrap(db, &arena, held->phone_id, &held->token, held->network,
                              held->ends_at, &token, &held->repeated);
    if (!err)
        held->token = token;
    secret_wipe(&token, sizeof(token));
    arena_done(&arena);
    return err;
}

static void raise_repeated(const struct fetch *fetch, const char *what)
{
    char mac[AP_MAC_TEXT_MAX], source[AP_ADDRESS_TEXT_MAX], detail[STORE_ALARM_DETAIL_MAX];

    mac_format(fetch->found.phone.mac, MAC_FORM_LOWER, mac);
    address_format(fetch->request->peer, source);
    (void)snprintf(detail, sizeof(detail), "%s from %s; it was not seen on its token URL yet", what,
                   source); /* fits */
    alarms_raise(fetch->provision->alarms, STORE_ALARM_BOOTSTRAP_REPEATED, mac, detail);
}

static void finish_bootstrap(struct held *held)
{
    struct fetch *fetch = held->fetch;
    struct buf body;

    if (held->err == AP_ECONFLICT) {
        raise_repeated(fetch, "refused another bootstrap URL");
        provision_refuse(fetch, POLICY_BOOTSTRAP_USED);
    } else if (held->err) {
        provision_fail(fetch, "bootstrap", held->err);
    } else if (provision_render(fetch, &held->token, &body)) {
        if (held->repeated)
            raise_repeated(fetch, "handed its bootstrap URL again");
        provision_answer_file(fetch, &body);
    }
}

/* HEAD: no token is made, and one of zeros is as long. */
static void answer_head(struct fetch *fetch)
{
    struct token token = {.len = TOKEN_MADE_LEN};
    struct buf body;

    memset(token.text, '0', TOKEN_MADE_LEN);
    if (provision_render(fetch, &token, &body))
        provision_answer_file(fetch, &body);
}

void provision_bootstrap(struct fetch *fetch)
{
    if (fetch->request->method != GATE_GET) {
        answer_head(fetch);
        return;
    }
    struct held *held = hold(fetch);
    int err = held ? token_make(&held->token) : AP_ENOMEM;
    if (!err) {
        held->ends_at = store_now(fetch->provision->reader) + BOOTSTRAP_FLAT_S;
        held->write.run = run_bootstrap;
        held->finish = finish_bootstrap;
        err = submit(held);
    }
    if (err) {
        if (held)
            free_held(held);
        provision_fail(fetch, "bootstrap", err);
    }
}
