/* What was raised a moment ago is not raised again, and of a kind there are only so many in a
 * minute, so that a flood is a few rows and not a load: each is a commit of the writer's, after
 * which every reader reads its pages anew. */
#include "autoprov/alarm.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"

/* Remembered ones; of those that share a place the newer one. */
#define RECENT_COUNT 1024
#define RECENT_MS    60000
/* Takes the place of all subjects beyond ALARMS_MINUTE_MAX. */
#define OTHERS        "others"
#define OTHERS_DETAIL "so many within a minute that only the first of them are entered"
#define FNV_OFFSET    UINT64_C(14695981039346656037)
#define FNV_PRIME     UINT64_C(1099511628211)

struct recent {
    uint64_t hash; /* 0: free */
    int64_t at_ms;
};

/* Of one kind. */
struct minute {
    int64_t start_ms;
    uint32_t count;
};

struct alarms {
    struct store_writer *writer;
    const struct ap_clock *clock;
    pthread_mutex_t lock;
    struct recent recent[RECENT_COUNT];
    struct minute minutes[STORE_ALARM_KIND_COUNT];
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

/* TURN_LAST: all others of the minute have to be told by this one. */
enum turn { TURN_NONE, TURN_ITS_OWN, TURN_LAST };

/* Half of a minute's are kept for what was not raised before: known ones must not hide it. */
static enum turn turn_in_minute(struct minute *minute, int64_t now_ms, bool is_again)
{
    if (minute->count == 0 || now_ms - minute->start_ms >= RECENT_MS)
        *minute = (struct minute){now_ms, 0};
    if (minute->count >= (is_again ? ALARMS_MINUTE_MAX / 2 : ALARMS_MINUTE_MAX))
        return TURN_NONE;
    minute->count++;
    return minute->count < ALARMS_MINUTE_MAX ? TURN_ITS_OWN : TURN_LAST;
}

/* Is it due, and if so, remember it. */
static enum turn take_turn(struct alarms *alarms, enum store_alarm_kind kind, uint64_t hash)
{
    struct recent *recent = &alarms->recent[hash % RECENT_COUNT];
    int64_t now_ms = clock_monotonic_ms(alarms->clock);
    enum turn turn = TURN_NONE;

    (void)pthread_mutex_lock(&alarms->lock);
    bool is_again = recent->hash == hash;
    if (!is_again || now_ms - recent->at_ms >= RECENT_MS)
        turn = turn_in_minute(&alarms->minutes[kind], now_ms, is_again);
    if (turn == TURN_ITS_OWN)
        *recent = (struct recent){hash, now_ms};
    (void)pthread_mutex_unlock(&alarms->lock);
    return turn;
}

static void forget_locked(struct alarms *alarms, uint64_t hash)
{
    struct recent *recent = &alarms->recent[hash % RECENT_COUNT];

    if (recent->hash == hash)
        *recent = (struct recent){0};
}

static void forget(struct alarms *alarms, uint64_t hash)
{
    (void)pthread_mutex_lock(&alarms->lock);
    forget_locked(alarms, hash);
    (void)pthread_mutex_unlock(&alarms->lock);
}

static void give_turn_back(struct alarms *alarms, enum store_alarm_kind kind, uint64_t hash)
{
    struct minute *minute = &alarms->minutes[kind];

    (void)pthread_mutex_lock(&alarms->lock);
    forget_locked(alarms, hash);
    if (minute->count > 0)
        minute->count--;
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
    enum turn turn = take_turn(alarms, kind, hash);
    int err = 0;
    if (turn == TURN_ITS_OWN)
        err = submit(alarms, kind, subject, detail);
    else if (turn == TURN_LAST)
        err = submit(alarms, kind, OTHERS, OTHERS_DETAIL);
    if (err)
        give_turn_back(alarms, kind, hash);
}

void alarms_end(struct alarms *alarms, enum store_alarm_kind kind, const char *subject)
{
    if (!alarms)
        return;
    forget(alarms, hash_of(kind, subject));
    (void)submit(alarms, kind, subject, NULL); /* whoever watches the cause calls again */
}
