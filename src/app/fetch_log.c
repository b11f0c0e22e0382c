/* Counting refusals before they reach log and store, so that a scanner fills neither. */
#include "autoprov/fetch_log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/log.h"
#include "autoprov/text.h"

/* Different (source, reason, minute) at a time; when full, the fullest table is handed on early. */
#define COUNTED_MAX 256
/* Refusals of one source, reason and minute that are an alarm, by one worker. */
#define BURST_COUNT 300
/* Quoted: four characters for one at most. */
_Static_assert(STORE_FILE_MAX > AP_CATALOGUE_PATTERN_MAX_BYTES, "a pattern names the delivery");
#define QUOTED_AGENT_MAX (4 * AP_USER_AGENT_MAX_BYTES + 3)

struct counted {
    struct address source; /* port zero: any */
    enum policy_reason reason;
    int64_t minute; /* UTC seconds of its start */
    uint32_t unsent;
    uint32_t total; /* of the minute; 0: free */
};

struct fetch_log {
    struct store_writer *writer; /* NULL: closed */
    struct alarms *alarms;
    _Atomic uint64_t counts[POLICY_REASON_COUNT];
    struct counted counted[COUNTED_MAX];
};

int fetch_log_new(struct store_writer *writer, struct alarms *alarms, struct fetch_log **ret_log)
{
    struct fetch_log *log = calloc(1, sizeof(*log));

    if (!log)
        return AP_ENOMEM;
    log->writer = writer;
    log->alarms = alarms;
    *ret_log = log;
    return 0;
}

static void copy_text(char *out, size_t room, const char *text)
{
    (void)snprintf(out, room, "%s", text ? text : ""); /* cutting is meant */
}

static void send_record(struct fetch_log *log, const struct store_record *record)
{
    if (log->writer)
        store_writer_record(log->writer, record);
    else
        free(record->line_digests);
}

static void send_counted(struct fetch_log *log, struct counted *counted)
{
    struct store_record record = {
        .kind = STORE_RECORD_REFUSAL,
        .at = counted->minute,
        .source = counted->source,
        .count = counted->unsent,
    };

    if (counted->unsent == 0)
        return;
    copy_text(record.reason, sizeof(record.reason), policy_reason_name(counted->reason));
    send_record(log, &record);
    counted->unsent = 0;
}

/* The minute is over, or the place is needed. */
static void finish_counted(struct fetch_log *log, struct counted *counted)
{
    char source[AP_ADDRESS_TEXT_MAX];

    if (counted->total == 0)
        return;
    send_counted(log, counted);
    address_format(&counted->source, source);
    log_event(LOG_LEVEL_NOTICE, "refused", "source=%s reason=%s count=%u", source,
              policy_reason_name(counted->reason), counted->total);
    *counted = (struct counted){0};
}

static void finish_all(struct fetch_log *log)
{
    for (size_t i = 0; i < COUNTED_MAX; i++)
        finish_counted(log, &log->counted[i]);
}

void fetch_log_close(struct fetch_log *log)
{
    finish_all(log);
    log->writer = NULL;
}

void fetch_log_free(struct fetch_log *log)
{
    free(log);
}

static void fill_record(struct store_record *record, const struct fetch_event *event)
{
    record->at = event->now;
    record->source = *event->source;
    if (event->phone)
        copy_text(record->phone_id, sizeof(record->phone_id), event->phone->id);
    if (event->mac)
        memcpy(record->mac, event->mac, sizeof(record->mac));
    copy_text(record->role, sizeof(record->role), event->role);
    copy_text(record->file, sizeof(record->file), event->file);
    copy_text(record->token_tag, sizeof(record->token_tag), event->token_tag);
    copy_text(record->user_agent, sizeof(record->user_agent), event->user_agent);
    record->count = 1;
}

/* Without memory the delivery is known all the same, but not by its lines. */
static void copy_lines(struct store_record *record, const struct fetch_event *event)
{
    size_t bytes = event->line_count * sizeof(*event->line_digests);

    if (!event->line_digests)
        return;
    record->line_digests = malloc(bytes + 1);
    if (!record->line_digests)
        return;
    memcpy(record->line_digests, event->line_digests, bytes);
    record->line_count = (uint32_t)event->line_count;
}

/* "source=… mac=… user=… token=… agent=…" */
static void describe(const struct fetch_event *event, char *out, size_t room)
{
    char source[AP_ADDRESS_TEXT_MAX];
    char mac[AP_MAC_TEXT_MAX] = "-";
    struct buf agent;

    buf_init(&agent, QUOTED_AGENT_MAX);
    address_format(event->source, source);
    if (event->mac)
        mac_format(event->mac, MAC_FORM_LOWER, mac);
    const char *text = event->user_agent ? event->user_agent : "";
    bool quoted = text_append_quoted(&agent, text, strlen(text), AP_USER_AGENT_MAX_BYTES) == 0;
    (void)snprintf(out, room, "source=%s mac=%s user=%s token=%s agent=%s", source, mac,
                   event->phone ? event->phone->user_name : "-",
                   event->token_tag && event->token_tag[0] ? event->token_tag : "-",
                   quoted ? agent.data : "-"); /* a long line is cut */
    buf_done(&agent);
}

void fetch_log_served(struct fetch_log *log, const struct fetch_event *event)
{
    struct store_record record = {.kind = STORE_RECORD_FETCH};

    fill_record(&record, event);
    record.status = event->status;
    record.body_bytes = event->body_bytes;
    if (event->body_digest)
        memcpy(record.body_digest, event->body_digest, sizeof(record.body_digest));
    copy_lines(&record, event);
    send_record(log, &record);
    atomic_fetch_add_explicit(&log->counts[POLICY_SERVE], 1, memory_order_relaxed);
    if (log_enabled(LOG_LEVEL_INFO)) {
        char text[1024];
        describe(event, text, sizeof(text));
        log_event(LOG_LEVEL_INFO, "fetch", "%s status=%u bytes=%u", text, event->status,
                  event->body_bytes);
    }
}

/* An IPv6 /64 is one subscriber (as in address_source_key()): a row and a line for all of it. */
static struct address counted_source(const struct address *source)
{
    struct address counted = *source;

    counted.port = 0;
    if (counted.family == AF_INET6)
        memset(counted.bytes + 8, 0, 8);
    return counted;
}

static struct counted *counted_place(struct fetch_log *log, const struct fetch_event *event)
{
    int64_t minute = event->now - event->now % 60;
    struct address source = counted_source(event->source);
    struct counted *free_place = NULL;

    for (size_t i = 0; i < COUNTED_MAX; i++) {
        struct counted *counted = &log->counted[i];
        if (counted->total == 0) {
            free_place = free_place ? free_place : counted;
        } else if (counted->reason == event->reason && counted->minute == minute &&
                   counted->source.family == source.family &&
                   memcmp(counted->source.bytes, source.bytes, sizeof(source.bytes)) == 0) {
            return counted;
        }
    }
    if (!free_place) {
        finish_all(log);
        free_place = &log->counted[0];
    }
    *free_place = (struct counted){.source = source, .reason = event->reason, .minute = minute};
    return free_place;
}

/* Once a minute for a source and reason, when it is reached. */
static void tell_burst(struct fetch_log *log, const struct counted *counted)
{
    char source[AP_ADDRESS_TEXT_MAX], detail[STORE_ALARM_DETAIL_MAX];

    if (counted->total != BURST_COUNT)
        return;
    address_format(&counted->source, source);
    (void)snprintf(detail, sizeof(detail), "refused %d times within a minute: %s", BURST_COUNT,
                   policy_reason_name(counted->reason)); /* fits */
    alarms_raise(log->alarms, STORE_ALARM_REFUSAL_BURST, source, detail);
}

void fetch_log_refused(struct fetch_log *log, const struct fetch_event *event)
{
    atomic_fetch_add_explicit(&log->counts[event->reason], 1, memory_order_relaxed);
    /* Routine: a Yealink asks nine times at each start for what it does not need. Who asks by
     * multicast is in a list of its own. */
    if (event->reason == POLICY_PROBE || event->reason == POLICY_PNP_DISCOVER)
        return;
    /* Each visit of a phone begins with one; who never says more is seen with the log alone. */
    if (event->reason == POLICY_CREDENTIALS_MISSING) {
        if (log_enabled(LOG_LEVEL_INFO)) {
            char line[1024];
            describe(event, line, sizeof(line));
            log_event(LOG_LEVEL_INFO, "refused", "%s reason=%s", line,
                      policy_reason_name(event->reason));
        }
        return;
    }
    if (!event->phone) {
        struct counted *counted = counted_place(log, event);
        counted->unsent++;
        counted->total++;
        tell_burst(log, counted);
        return;
    }
    struct store_record record = {.kind = STORE_RECORD_REFUSAL};
    char text[1024];
    fill_record(&record, event);
    copy_text(record.reason, sizeof(record.reason), policy_reason_name(event->reason));
    send_record(log, &record);
    describe(event, text, sizeof(text));
    log_event(LOG_LEVEL_NOTICE, "refused", "%s reason=%s", text, policy_reason_name(event->reason));
}

void fetch_log_tick(struct fetch_log *log, int64_t now)
{
    for (size_t i = 0; i < COUNTED_MAX; i++) {
        struct counted *counted = &log->counted[i];
        /* Also when the wall clock was set back. */
        if (counted->total > 0 && (now >= counted->minute + 60 || now < counted->minute))
            finish_counted(log, counted);
        else
            send_counted(log, counted);
    }
}

uint64_t fetch_log_count(const struct fetch_log *log, enum policy_reason reason)
{
    return atomic_load_explicit(&log->counts[reason], memory_order_relaxed);
}
