/* One phone: where it listens, what it is told, and how that ended. Must not know whose turn it is.
 */
#include "resync_private.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/log.h"
#include "autoprov/secret.h"
#include "autoprov/sip_message.h"

#define SIP_PORT 5060
/* A phone with its settings and keys, for its URL; without, some hundred bytes. */
#define SEND_MAX_BYTES AP_REQUEST_ARENA_MAX_BYTES

static const char UA_PROFILE[] = "ua-profile"; /* RFC 6080, 7.5 */

/* -- where ------------------------------------------------------------------------------------- */

static const char *format(struct arena *arena, const char *fmt, ...) AP_PRINTF(2, 3);

static const char *format(struct arena *arena, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
    if (text) {
        va_start(args, fmt);
        (void)vsnprintf(text, (size_t)len + 1, fmt, args); /* measured above */
        va_end(args);
    }
    return text;
}

/* Anybody can ask by multicast in a phone's name, with any Contact: it tells the port at the
 * address that the phone fetched from, and nothing else of it is used. */
static uint16_t port_of_pnp(const struct store_resync_target *target, const struct address *fetched)
{
    struct address said;
    uint16_t port;

    if (!target->pnp_contact || sip_uri_endpoint(target->pnp_contact, &said, &port) != 0 ||
        said.family != fetched->family ||
        memcmp(said.bytes, fetched->bytes, sizeof(said.bytes)) != 0)
        return 0;
    return port;
}

int resync_find_place(struct arena *arena, const struct store_resync_target *target,
                      struct resync_place *ret_place)
{
    struct address address;
    const char *user = target->sip_user ? target->sip_user : "";

    if (target->sip_contact[0]) {
        *ret_place = (struct resync_place){target->sip_contact, "sip_contact"};
        return 0;
    }
    if (address_parse(target->last_fetch_address, &address) != 0)
        return AP_ENOENT; /* never, or over a control socket */
    bool is_v6 = address.family == AF_INET6;
    uint16_t port = port_of_pnp(target, &address);
    ret_place->uri =
        format(arena, "sip:%s%s%s%s%s:%u", user, user[0] ? "@" : "", is_v6 ? "[" : "",
               target->last_fetch_address, is_v6 ? "]" : "", (unsigned)(port ? port : SIP_PORT));
    ret_place->origin = port ? "pnp" : "last_fetch";
    return ret_place->uri ? 0 : AP_ENOMEM;
}

int resync_check_contact(const char *contact)
{
    struct address address;
    uint16_t port;

    if (strlen(contact) >= STORE_CONTACT_MAX)
        return AP_ERANGE;
    if (strncmp(contact, "sip:", 4) != 0 || !contact[4] || !sip_text_is_plain(contact) ||
        strchr(contact, '\\'))
        return AP_ESYNTAX;
    int err = sip_uri_endpoint(contact, &address, &port);
    /* Any other error is none of the contact's. */
    return err == AP_ESYNTAX || err == AP_EINVAL ? err : 0;
}

/* -- what -------------------------------------------------------------------------------------- */

const char *resync_event(const struct catalogue_vendor *vendor, enum store_resync_kind kind)
{
    switch (kind) {
    case STORE_RESYNC_FETCH:
        return vendor->resync_event;
    case STORE_RESYNC_REBOOT:
        return vendor->reboot_event;
    case STORE_RESYNC_URL:
        break;
    }
    return vendor->flat_only ? NULL : UA_PROFILE;
}

int resync_url(struct resync *resync, struct arena *arena, const uint8_t mac[static AP_MAC_LEN],
               const char **ret_url)
{
    const struct snapshot *snapshot = resync->setup.snapshot(resync->setup.data);
    struct store_db *db = resync->setup.reader;
    struct store_phone phone;
    struct rendering_job job;
    struct token token = {.len = 0};
    struct ap_error error = {{0}};
    int err = store_phone_by_mac(db, arena, mac, &phone);

    if (!err)
        err = freshness_job(snapshot, db, arena, &phone, &token, &job);
    if (!err && !job.file)
        err = AP_ENOENT;
    if (!err && job.vendor->flat_only)
        err = AP_EINVAL;
    if (!err)
        job.for_notify = true;
    if (!err)
        err = rendering_phone_url(snapshot->rendering, &job, arena, ret_url, &error);
    if (!err && !(*ret_url)[0])
        err = AP_EINVAL; /* its phones cannot be told one so */
    secret_wipe(&token, sizeof(token));
    return err;
}

/* -- how it ended ------------------------------------------------------------------------------ */

void resync_end(struct resync_attempt *attempt, enum store_resync_outcome outcome, int status)
{
    struct resync *resync = attempt->resync;
    struct resync_progress *progress = &attempt->run->progress;
    struct store_resync *row = &attempt->row;
    char mac[AP_MAC_TEXT_MAX];

    row->outcome = outcome;
    row->status = status;
    row->ended_at = clock_wall_s(resync->setup.clock);
    progress->outcomes[STORE_RESYNC_WAITING]--;
    progress->outcomes[outcome]++;
    resync->totals[STORE_RESYNC_WAITING]--;
    resync->totals[outcome]++;
    mac_format(attempt->mac, MAC_FORM_LOWER, mac);
    log_event(LOG_LEVEL_INFO, "resync",
              "mac=%s order=%llu kind=%s via=%s outcome=%s status=%d%s%s%s%s", mac,
              (unsigned long long)row->order_id, store_resync_kind_name(row->kind),
              store_resync_via_name(row->via), store_resync_outcome_name(outcome), status,
              row->why ? " why=" : "", store_resync_why_name(row->why),
              row->target[0] ? " target=" : "", row->target);
    resync_unqueue(attempt);
    attempt->run->under_way--;
    attempt->run = NULL;
    resync_mark(attempt);
}

void resync_done(struct resync *resync, void *notice_data, enum sip_outcome outcome, int status)
{
    static const enum store_resync_outcome OUTCOMES[] = {
        [SIP_ACCEPTED] = STORE_RESYNC_ACCEPTED,
        [SIP_ACCEPTED_CHALLENGED] = STORE_RESYNC_CHALLENGED,
        [SIP_REFUSED] = STORE_RESYNC_REFUSED,
        [SIP_UNREACHABLE] = STORE_RESYNC_UNREACHABLE,
        [SIP_CANCELLED] = STORE_RESYNC_CANCELLED,
    };

    resync_end(notice_data, OUTCOMES[outcome], status);
    resync->setup.wake(resync->setup.data);
}

void resync_free_attempt(struct resync_attempt *attempt)
{
    struct resync *resync = attempt->resync;

    if (attempt->is_unwritten)
        TAILQ_REMOVE(&resync->unwritten, attempt, unwritten);
    resync_unqueue(attempt);
    TAILQ_REMOVE(&resync->attempts, attempt, all);
    resync->attempt_count--;
    free(attempt);
}

/* -- telling ----------------------------------------------------------------------------------- */

static struct resync_attempt *new_attempt(struct resync *resync, struct resync_run *run,
                                          const uint8_t mac[static AP_MAC_LEN],
                                          const struct store_resync_target *target)
{
    struct resync_attempt *attempt = calloc(1, sizeof(*attempt));

    if (!attempt)
        return NULL;
    attempt->resync = resync;
    attempt->run = run;
    memcpy(attempt->mac, mac, sizeof(attempt->mac));
    attempt->row = (struct store_resync){
        .order_id = run->progress.order_id,
        .asked_at = clock_wall_s(resync->setup.clock),
        .kind = run->progress.kind,
        .via = resync_config(resync)->notifier == CONFIG_NOTIFIER_EXTERNAL ? STORE_RESYNC_EXTERNAL
                                                                           : STORE_RESYNC_DIRECT,
        .outcome = STORE_RESYNC_WAITING,
    };
    (void)snprintf(attempt->row.phone_id, sizeof(attempt->row.phone_id), "%s",
                   target->phone_id); /* an id */
    TAILQ_INSERT_TAIL(&resync->attempts, attempt, all);
    resync->attempt_count++;
    return attempt;
}

/* Whatever it is, it is the phone's: the next one may well be told. */
static int failed(struct resync_attempt *attempt, enum store_resync_why why)
{
    attempt->row.why = why;
    return AP_EINVAL;
}

/* Texts are of the arena. */
static int make_notice(struct resync_attempt *attempt, struct arena *arena,
                       const struct store_resync_target *target, const char *event,
                       struct sip_notice *notice)
{
    struct resync *resync = attempt->resync;
    const char *uri = arena_strdup(arena, attempt->row.target);
    char host[AP_ADDRESS_TEXT_MAX], mac[AP_MAC_TEXT_MAX];

    *notice = (struct sip_notice){.request_uri = uri,
                                  .event = event,
                                  .subscription_state = "terminated;reason=timeout",
                                  .data = attempt};
    int err = uri ? sip_uri_endpoint(uri, &notice->to.address, &notice->to.port) : AP_ENOMEM;
    if (err)
        return failed(attempt, STORE_RESYNC_BAD_CONTACT);
    if (target->sip_user) {
        /* Both ends are the phone's own account: phones trust their own domain. */
        notice->from = format(arena, "<sip:%s@%s>", target->sip_user, target->domain);
        notice->user = target->auth_user[0] ? target->auth_user : target->sip_user;
        notice->password = target->password;
    } else {
        mac_format(attempt->mac, MAC_FORM_LOWER, mac);
        address_format(&notice->to.address, host);
        bool is_v6 = notice->to.address.family == AF_INET6;
        notice->from =
            format(arena, "<sip:%s@%s%s%s>", mac, is_v6 ? "[" : "", host, is_v6 ? "]" : "");
    }
    notice->to_header = notice->from;
    if (!notice->from)
        return AP_ENOMEM;
    if (attempt->row.kind != STORE_RESYNC_URL)
        return 0;
    notice->content_type = "application/url";
    err = resync_url(resync, arena, attempt->mac, &notice->body);
    return err ? failed(attempt, STORE_RESYNC_NO_URL) : 0;
}

static int notify(struct resync_attempt *attempt, struct arena *arena,
                  const struct store_resync_target *target, const char *event)
{
    struct resync *resync = attempt->resync;
    struct sip_notice notice;
    int err = make_notice(attempt, arena, target, event, &notice);

    if (err)
        return AP_EINVAL;
    err = resync->setup.notify(resync->setup.data, &notice);
    return err && err != AP_EBUSY ? failed(attempt, STORE_RESYNC_NOT_SENT) : err;
}

/* Errors: AP_ENOENT nobody knows where; AP_EBUSY no room; others: it cannot be told. */
static int tell(struct resync_attempt *attempt, struct arena *arena,
                const struct store_resync_target *target, int64_t now_ms)
{
    struct resync *resync = attempt->resync;
    const struct snapshot *snapshot = resync->setup.snapshot(resync->setup.data);
    const struct catalogue_vendor *vendor =
        catalogue_vendor(snapshot->rendering->catalogue, target->vendor);
    const char *event = vendor ? resync_event(vendor, attempt->row.kind) : NULL;
    struct resync_place place = {.uri = ""};
    bool external = attempt->row.via == STORE_RESYNC_EXTERNAL;

    if (!event)
        return failed(attempt, attempt->row.kind == STORE_RESYNC_URL ? STORE_RESYNC_NO_URL
                                                                     : STORE_RESYNC_NO_EVENT);
    int err = resync_find_place(arena, target, &place);
    /* A PBX knows the contacts of its accounts. */
    if (err && !(err == AP_ENOENT && external && target->sip_user))
        return err;
    if (strlen(place.uri) >= sizeof(attempt->row.target))
        return failed(attempt, STORE_RESYNC_BAD_CONTACT);
    memcpy(attempt->row.target, place.uri, strlen(place.uri) + 1);
    return external ? resync_queue(attempt, now_ms) : notify(attempt, arena, target, event);
}

static int send_to(struct resync *resync, struct resync_run *run, struct arena *arena,
                   const uint8_t mac[static AP_MAC_LEN], int64_t now_ms)
{
    struct store_resync_target target;
    struct resync_progress *progress = &run->progress;
    int err = store_resync_target(resync->setup.reader, arena, mac, true, &target);

    if (err == AP_ENOENT || (!err && !target.enabled)) {
        progress->passed_over++;
        return 0;
    }
    struct resync_attempt *attempt = err ? NULL : new_attempt(resync, run, mac, &target);
    if (!attempt) {
        /* Its row cannot be read, so none can be written of it. */
        log_event(LOG_LEVEL_ERROR, "resync", "order=%llu error=\"%s\"; a phone is not told",
                  (unsigned long long)progress->order_id, ap_strerror(err ? err : AP_ENOMEM));
        progress->asked++;
        progress->outcomes[STORE_RESYNC_FAILED]++;
        resync->totals[STORE_RESYNC_FAILED]++;
        return 0;
    }
    err = tell(attempt, arena, &target, now_ms);
    if (err == AP_EBUSY) {
        resync_free_attempt(attempt);
        return err;
    }
    progress->asked++;
    progress->outcomes[STORE_RESYNC_WAITING]++;
    resync->totals[STORE_RESYNC_WAITING]++;
    run->under_way++;
    if (err)
        resync_end(attempt, err == AP_ENOENT ? STORE_RESYNC_NO_TARGET : STORE_RESYNC_FAILED, 0);
    else
        resync_mark(attempt);
    return 0;
}

int resync_send(struct resync *resync, struct resync_run *run, const uint8_t mac[static AP_MAC_LEN],
                int64_t now_ms)
{
    struct arena arena;

    if (resync->attempt_count >= AP_SIP_TRANSACTIONS_MAX)
        return AP_EBUSY;
    arena_init(&arena, SEND_MAX_BYTES);
    int err = send_to(resync, run, &arena, mac, now_ms);
    arena_done(&arena);
    return err;
}
