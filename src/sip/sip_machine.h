/* Private: what the two machines share. */
#ifndef AUTOPROV_SIP_MACHINE_H
#define AUTOPROV_SIP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/secret.h"
#include "autoprov/sip_notifier.h"

/* RFC 3261, 17.1.2.2 and 17.2.2: 64 * T1. */
#define SIP_TRANSACTION_MS 32000

/* -- sip_write.c ------------------------------------------------------------------------------- */

/* Writes a message of ours; after the first error nothing is written any more. */
struct sip_writer {
    struct buf *out;
    int err;
};

/* May it stand in a header of ours: not empty, no control characters. */
bool sip_text_is_value(const char *text);

void sip_write(struct sip_writer *writer, const char *text);
void sip_write_number(struct sip_writer *writer, uint64_t number);
/* "NAME: VALUE" and the line's end. A value that may not stand there: AP_EINVAL. */
void sip_write_header(struct sip_writer *writer, const char *name, const char *value);
/* What every message ends with. content_type NULL: no body. */
void sip_write_body(struct sip_writer *writer, const char *content_type, const char *body);

/* 2 * len hex digits and a NUL, of at most 32 random bytes. Errors: AP_ECRYPTO. */
AP_MUSTCHECK int sip_random_hex(size_t len, char *ret_text);

/* -- sip_request.c ----------------------------------------------------------------------------- */

#define SIP_BRANCH_BYTES 16
/* "z9hG4bK" (RFC 3261, 8.1.1.7), 32 hex digits and a NUL. */
#define SIP_BRANCH_TEXT_MAX (7 + 2 * SIP_BRANCH_BYTES + 1)

struct sip_branch {
    uint8_t bytes[SIP_BRANCH_BYTES];
};

/* Errors: AP_ECRYPTO. */
AP_MUSTCHECK int sip_branch_make(struct sip_branch *ret_branch);
/* False: it is none that was made here. text may be NULL. */
bool sip_branch_read(const char *text, struct sip_branch *ret_branch);

/* A NOTIFY as it is sent. */
struct sip_request {
    struct secret text; /* there may be a provisioning URL in it */
    size_t uri_len;     /* of the Request-URI, which follows "NOTIFY " */
    size_t branch_at;   /* where its 32 hex digits begin */
    size_t cseq_at;     /* where the CSeq line begins, and where the next one does */
    size_t cseq_end;
    uint32_t cseq;
};

/* local: what stands in Via and Contact. Errors: AP_EINVAL a text may not stand there, or it is too
 * long for a datagram; AP_ENOMEM; AP_ECRYPTO. */
AP_MUSTCHECK int sip_request_make(const struct sip_notice *notice, const char *local,
                                  const struct sip_branch *branch, struct sip_request *ret_request);

/* The same once more, with credentials: another branch, CSeq + 1. Errors: the same; AP_ENOENT the
 * response has no challenge that can be answered. */
AP_MUSTCHECK int sip_request_answer(const struct sip_request *request,
                                    const struct sip_message *response, const char *user,
                                    const char *password, const struct sip_branch *branch,
                                    struct sip_request *ret_request);

/* -- sip_schedule.c ---------------------------------------------------------------------------- */

/* What is due when: embedded in what waits. */
struct sip_timer {
    int64_t due_ms;
    size_t place; /* in the schedule, from 1; 0: it is not in it */
};

/* A binary heap, the earliest on top. */
struct sip_schedule {
    struct sip_timer **timers;
    size_t count, max;
};

/* Room for max of them, which is all that it ever takes. Errors: AP_ENOMEM. */
AP_MUSTCHECK int sip_schedule_init(struct sip_schedule *schedule, size_t max);
void sip_schedule_done(struct sip_schedule *schedule);

/* Put it in, or move it to another time. There must be room. */
void sip_schedule_set(struct sip_schedule *schedule, struct sip_timer *timer, int64_t due_ms);
/* Take it out; not in it: nothing is done. */
void sip_schedule_clear(struct sip_schedule *schedule, struct sip_timer *timer);
/* The earliest, or NULL. */
struct sip_timer *sip_schedule_first(const struct sip_schedule *schedule);

/* -- sip_index.c ------------------------------------------------------------------------------- */

/* Embedded in what is found by a hash. */
struct sip_link {
    struct sip_link *next, **back; /* back NULL: it is in no index */
    void *owner;
};

struct sip_index {
    struct sip_link **firsts;
    size_t mask;
};

/* For about max things. Errors: AP_ENOMEM. */
AP_MUSTCHECK int sip_index_init(struct sip_index *index, size_t max);
void sip_index_done(struct sip_index *index);
void sip_index_add(struct sip_index *index, uint64_t hash, struct sip_link *link, void *owner);
/* May run twice. */
void sip_index_remove(struct sip_link *link);
/* The first of all that have this hash or another of the same place; the others by next. */
struct sip_link *sip_index_first(const struct sip_index *index, uint64_t hash);

/* -- sip_notifier.c ---------------------------------------------------------------------------- */

struct sip_transaction;

/* sip_notifier_start() in two steps: all that may fail, and the sending. What was prepared must be
 * launched before anything else is asked of the notifier. Errors: those of sip_notifier_start(). */
AP_MUSTCHECK int sip_notifier_prepare(struct sip_notifier *notifier,
                                      const struct sip_notice *notice,
                                      struct sip_transaction **ret_transaction);
void sip_notifier_launch(struct sip_notifier *notifier, struct sip_transaction *transaction,
                         int64_t now_ms);

#endif
