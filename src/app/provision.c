/* The way of a fetch behind the network floor (docs/architecture.md). Knows no sockets. */
#include "autoprov/provision.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/phone_view.h"
#include "autoprov/policy.h"
#include "autoprov/provision_path.h"
#include "autoprov/secret.h"
#include "autoprov/text.h"

#define MISS_BODY     "Not Found\n"
#define METHOD_BODY   "Method Not Allowed\n"
#define OVERLOAD_BODY "Service Unavailable\n"
#define PLAIN_TEXT    "text/plain; charset=utf-8"
#define XML_TEXT      "text/xml; charset=utf-8"
/* A phone with six lines has 2.4 KB: a body with secrets grows by copying and wiping. */
#define BODY_FIRST_BYTES 4095

struct provision {
    struct snapshot *snapshot;
    struct store_db *reader;
    struct store_writer *writer;
    struct mailbox *mailbox;
    struct fetch_log *log;
    const struct ap_clock *clock;
};

/* One request while it is worked on: facts found so far. */
struct fetch {
    struct provision *provision;
    struct http_exchange *exchange;
    const struct http_request *request;
    struct provision_path path;
    bool path_known;
    struct store_phone phone;
    bool phone_known;
    bool is_served;
    enum store_token_kind token_kind;
    char token_tag[VAULT_TOKEN_TAG_TEXT_MAX];
    uint8_t digest[VAULT_TAG_BYTES];
};

int provision_new(const struct provision_setup *setup, struct provision **ret_provision)
{
    struct provision *provision = calloc(1, sizeof(*provision));

    if (!provision)
        return AP_ENOMEM;
    provision->snapshot = snapshot_ref(setup->snapshot);
    provision->reader = setup->reader;
    provision->writer = setup->writer;
    provision->mailbox = setup->mailbox;
    provision->log = setup->log;
    provision->clock = setup->clock;
    *ret_provision = provision;
    return 0;
}

void provision_free(struct provision *provision)
{
    if (!provision)
        return;
    snapshot_unref(provision->snapshot);
    free(provision);
}

void provision_set_snapshot(struct provision *provision, struct snapshot *snapshot)
{
    struct snapshot *old = provision->snapshot;

    provision->snapshot = snapshot_ref(snapshot);
    snapshot_unref(old);
}

/* -- answers --------------------------------------------------------------------------------- */

static void answer_text(struct http_exchange *exchange, int status, const char *body,
                        enum http_when when, const char *allow)
{
    struct http_answer answer = {
        .status = status, .content_type = PLAIN_TEXT, .when = when, .allow = allow};

    buf_init(&answer.body, 64);
    if (buf_append_text(&answer.body, body) != 0)
        buf_reset(&answer.body); /* without memory the answer is the same but empty */
    http_exchange_answer(exchange, &answer);
}

/* The only maker of misses: what differs between two refusals is in the log alone. */
static void answer_refusal(struct http_exchange *exchange, enum policy_reason reason)
{
    if (reason == POLICY_METHOD)
        answer_text(exchange, 405, METHOD_BODY, HTTP_AT_DUE_TIME, "GET, HEAD");
    else
        answer_text(exchange, 404, MISS_BODY, HTTP_AT_DUE_TIME, NULL);
}

static void answer_unavailable(struct http_exchange *exchange)
{
    answer_text(exchange, 503, OVERLOAD_BODY, HTTP_NOW, NULL);
}

static void fill_event(const struct fetch *fetch, struct fetch_event *event)
{
    *event = (struct fetch_event){
        .source = fetch->request->peer,
        /* In flat form a MAC proves nothing: its refusals are counted like any stranger's. */
        .phone =
            fetch->phone_known && (!fetch->path.flat || fetch->is_served) ? &fetch->phone : NULL,
        .mac = fetch->path_known ? fetch->path.mac : NULL,
        .role = fetch->path_known ? fetch->path.role : "",
        .token_tag = fetch->token_tag,
        .user_agent = fetch->request->user_agent,
        .now = clock_wall_s(fetch->provision->clock),
    };
}

static void refuse(struct fetch *fetch, enum policy_reason reason)
{
    struct fetch_event event;

    fill_event(fetch, &event);
    event.reason = reason;
    fetch_log_refused(fetch->provision->log, &event);
    answer_refusal(fetch->exchange, reason);
}

static void fail(struct fetch *fetch, const char *what, int err)
{
    log_event(LOG_LEVEL_ERROR, "fetch_failed", "step=%s error=\"%s\"", what, ap_strerror(err));
    answer_unavailable(fetch->exchange);
}

/* -- the file ---------------------------------------------------------------------------------- */

/* The user's folder token: the one that the phone came with, or, for a phone on a previous token or
 * without one, that of the store, which is a query and an unsealing more. */
static int folder_token(struct fetch *fetch, struct token *ret_token)
{
    if (!fetch->path.flat && fetch->token_kind == STORE_TOKEN_FOLDER) {
        *ret_token = fetch->path.token;
        return 0;
    }
    return store_token_get(fetch->provision->reader, http_exchange_arena(fetch->exchange),
                           fetch->phone.user_id, ret_token);
}

/* The folder URL as the phone is to use it: one on a previous token learns the current one. */
static int folder_url(struct fetch *fetch, const char **ret_url)
{
    const struct config *config = fetch->provision->snapshot->config;
    const char *public_url = config->listeners[fetch->request->listener].public_url;
    struct token token;
    size_t room = strlen(public_url) + strlen(config->provision_prefix) + TOKEN_MAX_LEN + 3;
    char *url = arena_alloc(http_exchange_arena(fetch->exchange), room);
    int err = url ? folder_token(fetch, &token) : AP_ENOMEM;

    if (err)
        return err;
    (void)snprintf(url, room, "%s%s/%s/", public_url, config->provision_prefix,
                   token.text); /* room was counted */
    secret_wipe(&token, sizeof(token));
    *ret_url = url;
    return 0;
}

static int render(struct fetch *fetch, struct buf *body)
{
    struct arena *arena = http_exchange_arena(fetch->exchange);
    const struct template *template =
        template_set_find(fetch->provision->snapshot->templates, fetch->phone.vendor);
    const char *base_url = NULL;
    struct value view;

    if (!template)
        return AP_ENOENT;
    int err = folder_url(fetch, &base_url);
    if (!err)
        err = phone_view_build(&fetch->phone, base_url, arena, &view);
    if (!err)
        err = template_render(template, &view, body);
    return err;
}

/* RFC 9110, 13.1.2: a list of entity tags or "*"; weak comparison. */
static bool etag_matches(const char *if_none_match, const char *etag)
{
    if (strcmp(if_none_match, "*") == 0)
        return true;
    return strstr(if_none_match, etag) != NULL;
}

static void answer_file(struct fetch *fetch, struct buf *body)
{
    struct http_answer answer = {.status = 200, .content_type = XML_TEXT, .when = HTTP_NOW};
    struct fetch_event event;
    char hex[33];

    text_hex(fetch->digest, 16, hex);
    (void)snprintf(answer.etag, sizeof(answer.etag), "\"%s\"", hex); /* 34 of 40 bytes */
    fill_event(fetch, &event);
    event.body_bytes = (uint32_t)body->len;
    event.body_digest = fetch->digest;
    event.file = fetch->path.role;
    if (etag_matches(fetch->request->if_none_match, answer.etag)) {
        answer.status = 304;
        answer.content_type = NULL;
        event.body_bytes = 0;
    }
    answer.body = *body;
    event.status = (uint16_t)answer.status;
    /* HEAD is no delivery: the phone has not got its file. */
    if (fetch->request->method == GATE_GET)
        fetch_log_served(fetch->provision->log, &event);
    http_exchange_answer(fetch->exchange, &answer);
}

/* -- a phone that came back on the new token --------------------------------------------------- */

/* Kept until the mark is committed: the answer waits for it, since it ends the old token. */
struct seen_write {
    struct store_write write;
    struct mailbox_message message;
    struct fetch *fetch; /* in the exchange's arena */
    struct buf body;
    struct mailbox *mailbox;
    char phone_id[STORE_ID_TEXT_MAX];
    uint64_t generation;
    int err;
};

static int seen_run(struct store_write *write, struct store_db *db)
{
    struct seen_write *seen = (struct seen_write *)write;

    return store_phone_seen_on_folder_token(db, seen->phone_id, seen->generation);
}

static void seen_answer(struct mailbox_message *message)
{
    struct seen_write *seen =
        (struct seen_write *)((char *)message - offsetof(struct seen_write, message));

    if (seen->err) {
        buf_done(&seen->body);
        fail(seen->fetch, "mark_seen", seen->err);
    } else {
        answer_file(seen->fetch, &seen->body);
    }
    free(seen);
}

static void seen_done(struct store_write *write, int err)
{
    struct seen_write *seen = (struct seen_write *)write;

    seen->err = err;
    mailbox_post(seen->mailbox, &seen->message);
}

static void answer_after_mark(struct fetch *fetch, struct buf *body)
{
    struct fetch *kept = arena_alloc(http_exchange_arena(fetch->exchange), sizeof(*kept));
    struct seen_write *seen = calloc(1, sizeof(*seen));
    int err = AP_ENOMEM;

    if (!kept || !seen)
        goto out;
    *kept = *fetch;
    seen->write.run = seen_run;
    seen->write.done = seen_done;
    seen->message.run = seen_answer;
    seen->fetch = kept;
    seen->body = *body;
    seen->mailbox = fetch->provision->mailbox;
    seen->generation = fetch->phone.token_generation;
    (void)snprintf(seen->phone_id, sizeof(seen->phone_id), "%s", /* a UUID: fits */
                   fetch->phone.id);
    err = store_writer_submit(fetch->provision->writer, &seen->write);
out:
    if (err) {
        free(seen);
        buf_done(body);
        fail(fetch, "mark_seen", err);
    }
}

static void serve(struct fetch *fetch)
{
    struct buf body;

    buf_init_secret(&body, AP_BODY_MAX_BYTES);
    int err = buf_reserve(&body, BODY_FIRST_BYTES);
    if (!err)
        err = render(fetch, &body);
    if (!err)
        err = vault_body_digest(store_vault(fetch->provision->reader), body.data ? body.data : "",
                                body.len, fetch->digest);
    if (err) {
        buf_done(&body);
        if (err == AP_ESTORE || err == AP_ECORRUPT) {
            fail(fetch, "token", err);
            return;
        }
        log_event(LOG_LEVEL_ERROR, "render_failed", "vendor=%s error=\"%s\"", fetch->phone.vendor,
                  ap_strerror(err));
        refuse(fetch, POLICY_RENDER_FAILED);
        return;
    }
    if (!fetch->path.flat && fetch->phone.needs_seen_mark && fetch->request->method == GATE_GET)
        answer_after_mark(fetch, &body);
    else
        answer_file(fetch, &body);
}

/* -- the request --------------------------------------------------------------------------------
 */

/* One indexed read, the same work for a hit and a miss. */
static int look_up(struct fetch *fetch)
{
    struct arena *arena = http_exchange_arena(fetch->exchange);
    struct store_db *reader = fetch->provision->reader;
    int err;

    if (fetch->path.flat)
        err = store_phone_by_mac(reader, arena, fetch->path.mac, &fetch->phone);
    else
        err = store_phone_by_pair(reader, arena, &fetch->path.token, fetch->path.mac, &fetch->phone,
                                  &fetch->token_kind);
    fetch->phone_known = err == 0;
    return err == AP_ENOENT ? 0 : err;
}

static enum policy_reason read_request(struct fetch *fetch)
{
    const struct config *config = fetch->provision->snapshot->config;
    enum policy_reason reason;

    if (fetch->request->refusal == GATE_REASON_METHOD)
        return POLICY_METHOD;
    if (fetch->request->refusal != GATE_REASON_NONE)
        return POLICY_BAD_REQUEST;
    reason = provision_path_parse(config->provision_prefix, fetch->request->path,
                                  fetch->request->path_len, &fetch->path);
    fetch->path_known = reason == POLICY_SERVE;
    return reason;
}

static enum policy_reason decide(const struct fetch *fetch)
{
    const struct snapshot *snapshot = fetch->provision->snapshot;
    struct policy_facts facts = {
        .flat = fetch->path.flat,
        .source = fetch->request->peer,
        .has_forwarded = fetch->request->has_forwarded,
        .phone = fetch->phone_known ? &fetch->phone : NULL,
    };
    struct policy_options options = {
        .options = &snapshot->options,
        .flat_networks = &snapshot->config->flat_networks,
    };

    return policy_decide(&facts, &options);
}

static void look_up_and_answer(struct fetch *fetch)
{
    enum policy_reason reason;
    int err = 0;

    if (!fetch->path.flat)
        err = vault_token_tag(store_vault(fetch->provision->reader), &fetch->path.token,
                              fetch->token_tag);
    if (!err)
        err = look_up(fetch);
    if (err == AP_ECRYPTO || err == AP_ECORRUPT) {
        /* One damaged row: its phone gets the miss, and nobody learns that there is a row. */
        log_event(LOG_LEVEL_ERROR, "row_damaged", "error=\"%s\"; look with: autoprovctl db check",
                  ap_strerror(err));
        refuse(fetch, POLICY_RENDER_FAILED);
        return;
    }
    if (err) {
        fail(fetch, "look_up", err);
        return;
    }
    reason = decide(fetch);
    fetch->is_served = reason == POLICY_SERVE;
    if (fetch->is_served)
        serve(fetch);
    else
        refuse(fetch, reason);
}

void provision_handle(void *data, struct http_exchange *exchange)
{
    struct fetch fetch = {
        .provision = data,
        .exchange = exchange,
        .request = http_exchange_request(exchange),
        .path = {.role = ""},
    };
    enum policy_reason reason = read_request(&fetch);

    /* What is refused whatever the phone opens no row for strangers. */
    if (reason == POLICY_SERVE && fetch.path.flat) {
        reason = decide(&fetch);
        reason = reason == POLICY_UNKNOWN_MAC ? POLICY_SERVE : reason;
    }
    if (reason == POLICY_SERVE)
        look_up_and_answer(&fetch);
    else
        refuse(&fetch, reason);
    secret_wipe(&fetch.path.token, sizeof(fetch.path.token));
}
