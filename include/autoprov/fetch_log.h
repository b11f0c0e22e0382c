/* One record per fetch; refusals counted per source, reason and minute. One per worker. */
#ifndef AUTOPROV_FETCH_LOG_H
#define AUTOPROV_FETCH_LOG_H

#include <stdint.h>

#include "autoprov/alarm.h"
#include "autoprov/policy.h"
#include "autoprov/store_writer.h"

struct fetch_log;

/* writer: borrowed. alarms: borrowed; NULL: none is raised. Caller owns; free with
 * fetch_log_free(). Errors: AP_ENOMEM. */
AP_MUSTCHECK int fetch_log_new(struct store_writer *writer, struct alarms *alarms,
                               struct fetch_log **ret_log);
void fetch_log_free(struct fetch_log *log);

struct fetch_event {
    const struct address *source;
    const struct store_phone *phone; /* NULL: no known phone */
    const uint8_t *mac;              /* AP_MAC_LEN bytes; NULL: none in the request */
    const char *role;                /* "" if unknown */
    const char *file;                /* of a fetch of a phone's own file: its pattern; else "" */
    const char *token_tag;           /* "t:…", "" for flat or none */
    const char *user_agent;
    uint16_t status;              /* of a fetch: 200, 304 */
    uint32_t body_bytes;          /* of a fetch */
    const uint8_t *body_digest;   /* of a fetch, VAULT_TAG_BYTES */
    const uint32_t *line_digests; /* with it, of vault_line_digests(); NULL: not known */
    size_t line_count;
    enum policy_reason reason; /* of a refusal */
    int64_t now;               /* UTC seconds */
};

/* A served file: one record, one log line at info. */
void fetch_log_served(struct fetch_log *log, const struct fetch_event *event);

/* A refusal. Of a known phone: a record and a line of its own; else counted. A probe and
 * a question that is only listed are in the counts alone. */
void fetch_log_refused(struct fetch_log *log, const struct fetch_event *event);

/* Hand on what was counted since the last call, and write the lines of minutes that are over.
 * Call about once a second. */
void fetch_log_tick(struct fetch_log *log, int64_t now);

/* Hand on everything, minutes that still run included, and let go of the writer: what comes
 * afterwards is counted only. */
void fetch_log_close(struct fetch_log *log);

/* Since the start, per reason; index is enum policy_reason, POLICY_SERVE counts fetches. Any
 * thread may read (relaxed atomics). */
uint64_t fetch_log_count(const struct fetch_log *log, enum policy_reason reason);

#endif
