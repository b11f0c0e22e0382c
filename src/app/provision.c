/* The way of a fetch behind the network floor (docs/architecture.md). Knows no sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"
#include "provision_private.h"

/* A phone with six lines has 7 KB, and a head comes before it: a body with secrets grows by copying
 * and wiping. */
#define BODY_FIRST_BYTES 8191

int provision_new(const struct provision_setup *setup, struct provision **ret_provision)
{
    struct provision *provision = calloc(1, sizeof(*provision));

    if (!provision)
        return AP_ENOMEM;
    int err = tally_new(setup->snapshot->config->listener_count, &provision->tally);
    if (err) {
        free(provision);
        return err;
    }
    provision->snapshot = snapshot_ref(setup->snapshot);
    provision->reader = setup->reader;
    provision->writer = setup->writer;
    provision->mailbox = setup->mailbox;
    provision->log = setup->log;
    provision->guard = setup->guard;
    provision->alarms = setup->alarms;
    provision->penalties = setup->penalties;
    provision->auths = setup->auths;
    provision->clock = setup->clock;
    *ret_provision = provision;
    return 0;
}

void provision_free(struct provision *provision)
{
    if (!provision)
        return;
    snapshot_unref(provision->snapshot);
    tally_free(provision->tally);
    free(provision);
}

const struct tally *provision_tally(const struct provision *provision)
{
    return provision->tally;
}

void provision_set_snapshot(struct provision *provision, struct snapshot *snapshot)
{
    struct snapshot *old = provision->snapshot;

    provision->snapshot = snapshot_ref(snapshot);
    snapshot_unref(old);
}

/* -- the file ---------------------------------------------------------------------------------- */

static struct provision_question question_of(const struct fetch *fetch)
{
    const struct http_request *request = fetch->request;

    return (struct provision_question){
        .snapshot = fetch->snapshot,
        .listener = &fetch->snapshot->config->listeners[request->listener],
        .reader = fetch->provision->reader,
        .arena = http_exchange_arena(fetch->exchange),
        .path = request->path,
        .path_len = request->path_len,
        .source = request->peer,
        .has_forwarded = request->has_forwarded,
        .flat_paused = fetch->provision->guard && flat_guard_is_paused(fetch->provision->guard),
        .user_agent = request->user_agent,
        .certificate = request->certificate,
        .credentials = fetch->credentials,
    };
}

static int render(struct fetch *fetch, const struct token *bootstrap, struct buf *body,
                  struct ap_error *error)
{
    const struct snapshot *snapshot = fetch->snapshot;
    const struct provision_question question = question_of(fetch);
    struct token *token = arena_alloc(question.arena, sizeof(*token));
    struct rendering_job job;
    int err = token ? provision_job(&question, &fetch->found, token, &job) : AP_ENOMEM;

    if (err)
        return ap_error_set(error, err, "%s", ap_strerror(err));
    job.public_url = question.listener->public_url;
    if (bootstrap) {
        job.bootstrap = true;
        job.token = bootstrap;
        if (question.listener->tls == CONFIG_TLS_OFF)
            job.public_url = config_phone_listener(snapshot->config)->public_url;
    }
    return rendering_render(snapshot->rendering, &job, question.arena, body, error);
}

static void render_failed(struct fetch *fetch, int err, const struct ap_error *error)
{
    if (err == AP_ESTORE || err == AP_ECORRUPT) {
        provision_fail(fetch, "token", err);
        return;
    }
    log_event(LOG_LEVEL_ERROR, "render_failed", "vendor=%s file=\"%s\" error=\"%s\"",
              fetch->found.vendor->name, fetch->found.file->name,
              error->text[0] ? error->text : ap_strerror(err));
    provision_refuse(fetch, POLICY_RENDER_FAILED);
}

bool provision_render(struct fetch *fetch, const struct token *bootstrap, struct buf *body)
{
    struct ap_error error = {{0}};

    buf_init_secret(body, AP_BODY_MAX_BYTES);
    int err = buf_reserve(body, BODY_FIRST_BYTES);
    if (!err)
        err = render(fetch, bootstrap, body, &error);
    tally_render(fetch->provision->tally, err);
    if (!err)
        err = vault_body_digest(store_vault(fetch->provision->reader), body->data ? body->data : "",
                                body->len, fetch->digest);
    if (!err)
        return true;
    buf_done(body);
    render_failed(fetch, err, &error);
    return false;
}

/* Whom the phone says it is, if that contradicts. */
static void tell_agent(const struct fetch *fetch)
{
    const struct http_request *request = fetch->request;
    char mac[AP_MAC_TEXT_MAX], source[AP_ADDRESS_TEXT_MAX], detail[STORE_ALARM_DETAIL_MAX];
    char agent[AP_USER_AGENT_MAX_BYTES + 1];

    /* Whoever says wrong credentials is not the phone, whatever he calls himself. */
    if (fetch->found.agent == CATALOGUE_AGENT_SILENT || fetch->found.auth == POLICY_AUTH_WRONG)
        return;
    (void)snprintf(agent, sizeof(agent), "%s", request->user_agent); /* cutting is meant */
    for (char *c = agent; *c; c++) {
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || *c == '"')
            *c = '?';
    }
    mac_format(fetch->found.phone.mac, MAC_FORM_LOWER, mac);
    address_format(request->peer, source);
    (void)snprintf(detail, sizeof(detail), "User-Agent '%s' from %s names another %s", agent,
                   source,
                   fetch->found.agent == CATALOGUE_AGENT_OTHER_MAC ? "MAC" : "vendor"); /* cut */
    alarms_raise(fetch->provision->alarms, STORE_ALARM_AGENT_CONTRADICTS, mac, detail);
}

static void tell_plain(const struct fetch *fetch)
{
    const struct config_listener *listener =
        &fetch->snapshot->config->listeners[fetch->request->listener];

    if (listener->tls == CONFIG_TLS_OFF && fetch->found.phone_known &&
        fetch->found.part == POLICY_PART_WHOLE)
        alarms_raise(fetch->provision->alarms, STORE_ALARM_PLAIN_SECRETS, listener->name,
                     "served a phone's secrets without TLS: everybody on the way can read them");
}

/* A file that tells no secret, like Poly's list of the others, uses up no right to them. */
static void settle_first(struct fetch *fetch, const struct buf *body)
{
    struct ap_error error = {{0}};
    struct buf without;

    buf_init_secret(&without, AP_BODY_MAX_BYTES);
    fetch->found.part = POLICY_PART_WITHOUT_SECRETS;
    int err = render(fetch, NULL, &without, &error);
    fetch->found.part = POLICY_PART_WHOLE;
    /* Without the comparison it counts as the first. */
    if (!err && without.len == body->len &&
        (body->len == 0 || memcmp(without.data, body->data, body->len) == 0))
        fetch->found.is_first = false;
    buf_done(&without);
}

static void serve(struct fetch *fetch)
{
    struct buf body;

    if (fetch->found.part == POLICY_PART_BOOTSTRAP)
        provision_bootstrap(fetch);
    else if (provision_render(fetch, NULL, &body)) {
        tell_plain(fetch);
        if (fetch->found.is_first)
            settle_first(fetch, &body);
        provision_answer(fetch, &body);
    }
}

/* -- the request ------------------------------------------------------------------------------- */

static int read_credentials(struct fetch *fetch)
{
    const struct provision *provision = fetch->provision;
    const struct config_listener *listener =
        &fetch->snapshot->config->listeners[fetch->request->listener];

    return provision_auth_read(
        fetch->request, listener->auth, provision->auths, clock_monotonic_ms(provision->clock),
        http_exchange_arena(fetch->exchange), &fetch->credentials, &fetch->stale_nonce);
}

/* Right ones of Digest count once. Not before they are known to be right: so nobody else can fill
 * the table. A phone that says the same count again is told to take a new nonce. */
static void use_nonce(struct fetch *fetch)
{
    const struct provision_credentials *credentials = fetch->credentials;

    if (fetch->found.auth != POLICY_AUTH_RIGHT || credentials->kind != PROVISION_DIGEST ||
        fetch->nonce_used)
        return;
    fetch->nonce_used = true;
    if (auth_table_use(fetch->provision->auths, credentials->digest.nonce.data,
                       credentials->digest.nonce.len, credentials->digest.count,
                       clock_monotonic_ms(fetch->provision->clock)) == 0)
        return;
    fetch->stale_nonce = true;
    fetch->found.auth = POLICY_AUTH_WRONG;
    fetch->found.reason = POLICY_CREDENTIALS_WRONG;
}

static int find(struct fetch *fetch)
{
    const struct provision_question question = question_of(fetch);
    int err = provision_find(&question, &fetch->found);

    if (!err && fetch->found.path_known && !fetch->found.path.flat)
        err = vault_token_tag(store_vault(fetch->provision->reader), &fetch->found.path.token,
                              fetch->token_tag);
    return err;
}

void provision_look(struct fetch *fetch)
{
    fetch->snapshot = fetch->provision->snapshot;
    int err = fetch->credentials ? 0 : read_credentials(fetch);
    if (!err)
        err = find(fetch);
    if (!err)
        use_nonce(fetch);

    if (err == AP_ECRYPTO || err == AP_ECORRUPT) {
        /* One damaged row: its phone gets the miss, and nobody learns that there is a row. */
        log_event(LOG_LEVEL_ERROR, "row_damaged", "error=\"%s\"; look with: autoprovctl db check",
                  ap_strerror(err));
        provision_refuse(fetch, POLICY_RENDER_FAILED);
    } else if (err) {
        provision_fail(fetch, "look_up", err);
    } else {
        tell_agent(fetch);
        if (fetch->found.reason == POLICY_SERVE)
            serve(fetch);
        else
            provision_refuse(fetch, fetch->found.reason);
    }
}

void provision_handle(void *data, struct http_exchange *exchange)
{
    struct fetch fetch = {
        .provision = data,
        .exchange = exchange,
        .request = http_exchange_request(exchange),
        .start_us = clock_measure_us(),
    };

    fetch.snapshot = fetch.provision->snapshot;
    if (fetch.request->refusal == GATE_REASON_METHOD)
        provision_refuse(&fetch, POLICY_METHOD);
    else if (fetch.request->refusal != GATE_REASON_NONE)
        provision_refuse(&fetch, POLICY_BAD_REQUEST);
    else if (fetch.request->peer->family == AF_UNSPEC)
        provision_refuse(&fetch, POLICY_NO_SOURCE);
    else
        provision_look(&fetch);
    secret_wipe(&fetch.found.path.token, sizeof(fetch.found.path.token));
}
