/* Raising alarms from any thread: written by the store's writer, at most once a minute for a kind
 * and subject, and of a kind at most ALARMS_MINUTE_MAX in a minute. */
#ifndef AUTOPROV_ALARM_H
#define AUTOPROV_ALARM_H

#include "autoprov/clock.h"
#include "autoprov/store_alarm.h"
#include "autoprov/store_writer.h"

/* Beyond, nothing of the kind is written in that minute; the last one has the subject "others". */
#define ALARMS_MINUTE_MAX 256

struct alarms;

/* writer and clock: borrowed; what is on its way when the writer stops ends with it. Caller owns,
 * free with alarms_free() when no thread raises any more and the writer has stopped.
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int alarms_new(struct store_writer *writer, const struct ap_clock *clock,
                            struct alarms **ret_alarms);
void alarms_free(struct alarms *alarms);

/* detail: no secrets; cut and copied. Never blocks for long; when the writer's queue is full, the
 * next call for the same will try again. NULL is fine for alarms: nothing happens. Any thread. */
void alarms_raise(struct alarms *alarms, enum store_alarm_kind kind, const char *subject,
                  const char *detail);

/* The cause is over. Not held back. Any thread. */
void alarms_end(struct alarms *alarms, enum store_alarm_kind kind, const char *subject);

#endif
