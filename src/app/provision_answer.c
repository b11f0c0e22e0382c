/* The answers to phones: the file, and the uniform miss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/text.h"
#include "provision_private.h"

#define MISS_BODY     "Not Found\n"
#define AUTH_BODY     "Unauthorized\n"
#define METHOD_BODY   "Method Not Allowed\n"
#define OVERLOAD_BODY "Service Unavailable\n"
#define PLAIN_TEXT    "text/plain; charset=utf-8"

/* The answer's body is added; without memory it is the same but empty. */
static void answer_text(struct http_exchange *exchange, struct http_answer *answer,
                        const char *body)
{
    answer->content_type = PLAIN_TEXT;
    buf_init(&answer->body, 64);
    if (buf_append_text(&answer->body, body) != 0)
        buf_reset(&answer->body);
    http_exchange_answer(exchange, answer);
}

static void answer_unavailable(struct http_exchange *exchange)
{
    answer_text(exchange, &(struct http_answer){.status = 503, .when = HTTP_NOW}, OVERLOAD_BODY);
}

/* Who has not said the right credentials where they are asked for learns nothing else. */
static bool wants_credentials(const struct fetch *fetch)
{
    return fetch->snapshot->config->listeners[fetch->request->listener].auth != CONFIG_AUTH_NONE &&
           fetch->found.auth != POLICY_AUTH_RIGHT;
}

static void answer_challenge(const struct fetch *fetch, enum http_when when)
{
    const struct provision *provision = fetch->provision;
    struct http_answer answer = {.status = 401, .when = when};
    struct provision_challenge challenge;
    int err = provision_auth_challenge(
        fetch->snapshot->config->listeners[fetch->request->listener].auth, provision->auths,
        clock_monotonic_ms(provision->clock), fetch->stale_nonce, &challenge);

    if (err) {
        log_event(LOG_LEVEL_ERROR, "fetch_failed", "step=challenge error=\"%s\"", ap_strerror(err));
        answer_unavailable(fetch->exchange);
        return;
    }
    answer.authenticate[0] = challenge.first;
    answer.authenticate[1] = challenge.second[0] ? challenge.second : NULL;
    answer_text(fetch->exchange, &answer, AUTH_BODY);
}

/* The only maker of misses: what differs between two refusals of one listener is in the log alone.
 */
static void answer_refusal(const struct fetch *fetch, enum policy_reason reason,
                           enum http_when when)
{
    if (reason == POLICY_METHOD)
        answer_text(fetch->exchange,
                    &(struct http_answer){.status = 405, .when = when, .allow = "GET, HEAD"},
                    METHOD_BODY);
    else if (wants_credentials(fetch))
        answer_challenge(fetch, when);
    else
        answer_text(fetch->exchange, &(struct http_answer){.status = 404, .when = when}, MISS_BODY);
}

/* Before the answer is given: the request is gone with it. */
static void count(const struct fetch *fetch, enum tally_outcome outcome)
{
    tally_answer(fetch->provision->tally, fetch->request->listener, outcome,
                 clock_measure_us() - fetch->start_us);
}

/* Of the settled file; else what the name is to any vendor. */
static const char *role_of(const struct fetch *fetch)
{
    if (fetch->found.file)
        return catalogue_role_name(fetch->found.file->role);
    return fetch->found.name_known ? catalogue_role_name(fetch->found.match.claims[0].file->role)
                                   : "";
}

static void fill_event(const struct fetch *fetch, struct fetch_event *event)
{
    *event = (struct fetch_event){
        .source = fetch->request->peer,
        /* In flat form a MAC proves nothing: its refusals are counted like any stranger's. */
        .phone = fetch->found.phone_known &&
                         (!fetch->found.path.flat || fetch->found.reason == POLICY_SERVE)
                     ? &fetch->found.phone
                     : NULL,
        .mac =
            fetch->found.name_known && fetch->found.match.has_mac ? fetch->found.match.mac : NULL,
        .role = role_of(fetch),
        .token_tag = fetch->token_tag,
        .user_agent = fetch->request->user_agent,
        .now = clock_wall_s(fetch->provision->clock),
    };
}

static void note_unknown(const struct fetch *fetch)
{
    const struct config *config = fetch->snapshot->config;
    const struct flat_budget budget = {config->flat_budget, config->flat_budget_per_oui};

    flat_guard_refused(fetch->provision->guard, &budget, fetch->found.match.mac);
}

/* Count a guess; one line when it was one too many. */
static void count_guess(const struct fetch *fetch, const struct source_key *key, int64_t now_ms)
{
    char source[AP_ADDRESS_TEXT_MAX];

    if (!penalty_table_guess(fetch->provision->penalties, key, now_ms))
        return;
    address_format(fetch->request->peer, source);
    log_event(LOG_LEVEL_NOTICE, "throttled",
              "source=%s; it has guessed too often: its misses come late, phones there are served",
              source);
}

static struct auth_try try_of(const struct fetch *fetch)
{
    const struct provision_finding *found = &fetch->found;
    struct auth_try tried = {.name = provision_auth_user(fetch->credentials)};

    address_source_key(fetch->request->peer, &tried.source);
    if (found->name_known && found->match.has_mac)
        memcpy(tried.mac, found->match.mac, sizeof(tried.mac));
    return tried;
}

/* Wrong credentials of whoever it is: a name of which two were wrong may be a phone's that begins
 * with its factory's. Those are answered in time behind the address of a scanner too, or the phone
 * would never come to its right ones; so is who only has to take a new nonce. */
static enum http_when time_of_wrong(const struct fetch *fetch, int64_t now_ms, bool *ret_guess)
{
    const struct provision *provision = fetch->provision;
    const struct auth_try tried = try_of(fetch);

    *ret_guess = !fetch->stale_nonce && auth_table_wrong(provision->auths, &tried, now_ms);
    if (!*ret_guess)
        return HTTP_AT_DUE_TIME;
    count_guess(fetch, &tried.source, now_ms);
    return penalty_table_is_penalised(provision->penalties, &tried.source, now_ms)
               ? HTTP_LATE
               : HTTP_AT_DUE_TIME;
}

/* Every miss of a penalised source is late, or its time would tell one from another. Not so the
 * misses that phones provoke at each start with their right token, behind the address of a
 * scanner too; and the 405, which is the same for every path, as is the question for credentials of
 * who has said none: nothing was looked up.
 * *ret_guess: with credentials, from the third wrong ones in a row. */
static enum http_when due_time(const struct fetch *fetch, enum policy_reason reason,
                               bool *ret_guess)
{
    const struct provision *provision = fetch->provision;
    const struct provision_finding *found = &fetch->found;
    int64_t now_ms = clock_monotonic_ms(provision->clock);
    struct source_key key;

    *ret_guess = false;
    if (!provision->penalties || provision->snapshot->config->throttle == CONFIG_NO ||
        reason == POLICY_METHOD || reason == POLICY_CREDENTIALS_MISSING ||
        found->auth == POLICY_AUTH_RIGHT)
        return HTTP_AT_DUE_TIME;
    if (reason == POLICY_CREDENTIALS_WRONG)
        return time_of_wrong(fetch, now_ms, ret_guess);
    address_source_key(fetch->request->peer, &key);
    /* Who has a right pair guesses nothing, from wherever he comes. */
    if (policy_is_guess(reason) && (found->path.flat || !found->phone_known))
        count_guess(fetch, &key, now_ms);
    if (policy_is_routine(reason) && !found->path.flat &&
        (found->phone_known || found->token_known))
        return HTTP_AT_DUE_TIME;
    return penalty_table_is_penalised(provision->penalties, &key, now_ms) ? HTTP_LATE
                                                                          : HTTP_AT_DUE_TIME;
}

void provision_refuse(struct fetch *fetch, enum policy_reason reason)
{
    struct fetch_event event;
    bool guess;
    enum http_when when = due_time(fetch, reason, &guess);

    fill_event(fetch, &event);
    event.reason = reason;
    if (guess)
        event.phone = NULL; /* who guesses is a stranger: counted, and an alarm at many */
    fetch_log_refused(fetch->provision->log, &event);
    if (reason == POLICY_UNKNOWN_MAC && fetch->provision->guard)
        note_unknown(fetch);
    count(fetch, reason == POLICY_METHOD ? TALLY_METHOD : TALLY_MISSED);
    answer_refusal(fetch, reason, when);
}

void provision_fail(struct fetch *fetch, const char *what, int err)
{
    log_event(LOG_LEVEL_ERROR, "fetch_failed", "step=%s error=\"%s\"", what, ap_strerror(err));
    count(fetch, TALLY_FAILED);
    answer_unavailable(fetch->exchange);
}

static void write_etag(const struct fetch *fetch, char etag[static 40])
{
    char hex[33];

    text_hex(fetch->digest, 16, hex);
    (void)snprintf(etag, 40, "\"%s\"", hex); /* 34 of 40 bytes */
}

/* RFC 9110, 13.1.2: a list of entity tags or "*"; weak comparison. */
bool provision_is_known(const struct fetch *fetch)
{
    const char *if_none_match = fetch->request->if_none_match;
    char etag[40];

    write_etag(fetch, etag);
    return strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL;
}

/* A file that the phone gets: by its lines it is seen later what is new. Most fetches bring a phone
 * what it has, whose lines are known. */
static void note_served(const struct fetch *fetch, const struct buf *body,
                        struct fetch_event *event)
{
    struct store_db *reader = fetch->provision->reader;
    const struct vault *vault = store_vault(reader);

    if (event->status != 200 || !event->file[0] ||
        store_delivery_find(reader, fetch->found.phone.id, event->file, fetch->digest) == 0) {
        fetch_log_served(fetch->provision->log, event);
        return;
    }
    uint32_t digests[AP_BODY_LINES_MAX];
    if (vault_line_digests(vault, body->data ? body->data : "", body->len, digests,
                           &event->line_count) == 0)
        event->line_digests = digests; /* of too many lines none */
    fetch_log_served(fetch->provision->log, event);
    event->line_digests = NULL; /* they were copied */
}

void provision_answer_file(struct fetch *fetch, struct buf *body)
{
    struct http_answer answer = {
        .status = 200, .content_type = fetch->found.file->content_type, .when = HTTP_NOW};
    struct fetch_event event;

    write_etag(fetch, answer.etag);
    fill_event(fetch, &event);
    event.body_bytes = (uint32_t)body->len;
    event.body_digest = fetch->digest;
    event.file = fetch->found.phone_known ? fetch->found.file->name : "";
    if (provision_is_known(fetch)) {
        answer.status = 304;
        answer.content_type = NULL;
        event.body_bytes = 0;
    }
    event.status = (uint16_t)answer.status;
    /* HEAD is no delivery: the phone has not got its file. */
    if (fetch->request->method == GATE_GET)
        note_served(fetch, body, &event);
    answer.body = *body;
    *body = (struct buf){.data = NULL}; /* the answer's now */
    if (fetch->found.path.flat && fetch->found.phone_known && fetch->provision->guard)
        flat_guard_served(fetch->provision->guard, fetch->request->peer, fetch->found.phone.mac);
    if (fetch->found.auth == POLICY_AUTH_RIGHT) {
        const struct auth_try tried = try_of(fetch);
        auth_table_right(fetch->provision->auths, &tried);
    }
    count(fetch, answer.status == 304 ? TALLY_NOT_MODIFIED : TALLY_SERVED);
    http_exchange_answer(fetch->exchange, &answer);
}
