/* What was raised a moment ago is not raised again, so that a flood is a row and not a load. */
#include "autoprov/alarm.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"

/* Remembered ones; of those that share a place the newer one. */
#define RECENT_COUNT 256
#define RECENT_MS    60000
#define FNV_OFFSET   UINT64_C(14695981039346656037)
#define FNV_PRIME    UINT64_C(1099511628211)

struct recent {
    uint64_t hash; /* 0: free */
    int64_t at_ms;
};

struct alarms {
    struct store_writer *writer;
    const struct ap_clock *clock;
    pthread_mutex_t lock;
    struct recent recent[RECENT_COUNT];
};

/* One on its way to the writer. */
struct raised {
    struct store_write write;
    enum store_alarm_kind kind;
    bool is_over;
    char subject[STORE_ALARM_SUBJECT_MAX];
    char detail[STORE_ALARM_DETAIL_MAX];
};

int alarms_new(struct store_writer *writer, const struct ap_clock *clock,
               struct alarms **ret_alarms)
{
    struct alarms *alarms = calloc(1, sizeof(*alarms));

    if (!alarms)
        return AP_ENOMEM;
    if (pthread_mutex_init(&alarms->lock, NULL) != 0) {
        free(alarms);
        return AP_ENOMEM;
    }
    alarms->writer = writer;
    alarms->clock = clock;
    *ret_alarms = alarms;
    return 0;
}

void alarms_free(struct alarms *alarms)
{
    if (!alarms)
        return;
    (void)pthread_mutex_destroy(&alarms->lock);
    free(alarms);
}

/* FNV-1a: two that meet cost one of them a repetition, no more. */
static uint64_t hash_of(enum store_alarm_kind kind, const char *subject)
{
    uint64_t hash = (FNV_OFFSET ^ (uint64_t)kind) * FNV_PRIME;

    for (; *subject; subject++)
        hash = (hash ^ (uint8_t)*subject) * FNV_PRIME;
    return hash ? hash : 1;
}

/* Is it due, and if so, remember it. */
static bool take_turn(struct alarms *alarms, uint64_t hash, int64_t now_ms)
{
    struct recent *recent = &alarms->recent[hash % RECENT_COUNT];

    (void)pthread_mutex_lock(&alarms->lock);
    bool is_due = recent->hash != hash || now_ms - recent->at_ms >= RECENT_MS;
    if (is_due)
        *recent = (struct recent){hash, now_ms};
    (void)pthread_mutex_unlock(&alarms->lock);
    return is_due;
}

static void forget(struct alarms *alarms, uint64_t hash)
{
    struct recent *recent = &alarms->recent[hash % RECENT_COUNT];

    (void)pthread_mutex_lock(&alarms->lock);
    if (recent->hash == hash)
        *recent = (struct recent){0};
    (void)pthread_mutex_unlock(&alarms->lock);
}

static int write_raised(struct store_write *write, struct store_db *db)
{
    const struct raised *raised = (struct raised *)write;

    if (raised->is_over)
        return store_alarm_end(db, raised->kind, raised->subject);
    return store_alarm_raise(db, raised->kind, raised->subject, raised->detail);
}

static void done(struct store_write *write, int err)
{
    (void)err; /* the writer's figures tell of failed commits; whoever raises it raises it again */
    free(write);
}

static int submit(struct alarms *alarms, enum store_alarm_kind kind, const char *subject,
                  const char *detail)
{
    struct raised *raised = calloc(1, sizeof(*raised));

    if (!raised)
        return AP_ENOMEM;
    raised->write.run = write_raised;
    raised->write.done = done;
    raised->kind = kind;
    raised->is_over = detail == NULL;
    (void)snprintf(raised->subject, sizeof(raised->subject), "%s", subject); /* cut, if need be */
    (void)snprintf(raised->detail, sizeof(raised->detail), "%s", detail ? detail : "");
    int err = store_writer_submit(alarms->writer, &raised->write);
    if (err)
        free(raised);
    return err;
}

void alarms_raise(struct alarms *alarms, enum store_alarm_kind kind, const char *subject,
                  const char *detail)
{
    if (!alarms)
        return;
    uint64_t hash = hash_of(kind, subject);
    if (!take_turn(alarms, hash, clock_monotonic_ms(alarms->clock)))
        return;
    if (submit(alarms, kind, subject, detail) != 0)
        forget(alarms, hash);
}

void alarms_end(struct alarms *alarms, enum store_alarm_kind kind, const char *subject)
{
    if (!alarms)
        return;
    forget(alarms, hash_of(kind, subject));
    (void)submit(alarms, kind, subject, NULL); /* whoever watches the cause calls again */
}
