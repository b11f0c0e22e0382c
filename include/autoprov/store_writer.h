/* The writer thread: acknowledged writes in grouped commits, droppable records in batches. */
#ifndef AUTOPROV_STORE_WRITER_H
#define AUTOPROV_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/limits.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"

struct store_writer;

/* One acknowledged write; lives inside the sender's object until done was called. */
struct store_write {
    struct store_write *next; /* the writer's */
    /* On the writer thread, inside a savepoint of the batch's transaction. An error undoes this
     * write alone. */
    int (*run)(struct store_write *write, struct store_db *db);
    /* On the writer thread, after COMMIT: err is run's result, or why the commit failed (then none
     * of the batch is there). Must only hand over to another thread (mailbox_post()). Called
     * exactly once for each accepted write. */
    void (*done)(struct store_write *write, int err);
};

/* What a phone's request left behind. Droppable. Strings are cut and copied: fixed size. */
/* Longest pattern of a file name, with its NUL. */
#define STORE_FILE_MAX 97
enum store_record_kind { STORE_RECORD_FETCH, STORE_RECORD_REFUSAL };
struct store_record {
    enum store_record_kind kind;
    int64_t at; /* UTC seconds; of a counted refusal: the minute's start */
    struct address source;
    char phone_id[STORE_ID_TEXT_MAX];         /* "" : no known phone */
    uint8_t mac[AP_MAC_LEN];                  /* zero: none in the request */
    char role[16];                            /* file role: "config", "probe", "" */
    char file[STORE_FILE_MAX];                /* of a fetch: pattern of its name; for delivered */
    char reason[32];                          /* of a refusal */
    char token_tag[VAULT_TOKEN_TAG_TEXT_MAX]; /* "" : flat or none */
    char user_agent[AP_USER_AGENT_MAX_BYTES + 1]; /* of a fetch */
    uint32_t count;                               /* refusals that this record stands for */
    uint16_t status;                              /* 200, 304 of a fetch */
    uint32_t body_bytes;                          /* of a fetch */
    uint8_t body_digest[VAULT_TAG_BYTES]; /* of a fetch with status 200: goes to delivered */
    uint32_t *line_digests; /* with it, malloc'd: of vault_line_digests(); NULL: not kept */
    uint32_t line_count;    /* at most AP_BODY_LINES_MAX */
};

/* Takes ownership of db (opened as STORE_WRITER), also on failure; starts the thread.
 * *ret_writer: stop and free with store_writer_stop(). Errors: AP_ENOMEM, AP_EIO. */
AP_MUSTCHECK int store_writer_start(struct store_db *db, struct store_writer **ret_writer);

/* Everything accepted is committed and answered, records included, then the thread ends, the WAL
 * is checkpointed and the database closed. Once. Others may still hold the writer: what they submit
 * is refused, until store_writer_free(). NULL is fine for both. */
void store_writer_halt(struct store_writer *writer);
void store_writer_free(struct store_writer *writer);
/* Both. */
void store_writer_stop(struct store_writer *writer);

/* Queue a write. Errors: AP_EBUSY the queue (AP_WRITER_QUEUE_MAX) is full, or store_writer_halt()
 * has begun: nothing queued, done is not called. Any thread; never blocks for long. */
AP_MUSTCHECK int store_writer_submit(struct store_writer *writer, struct store_write *write);

/* Queue a copy of the record; when full it is dropped and counted. Takes ownership of its
 * line_digests, also then. Any thread, never blocks for long. A fetch record also updates the
 * phone's last fetch and delivered. */
void store_writer_record(struct store_writer *writer, const struct store_record *record);

/* Let db, a reader, keep one read transaction open from lookup to lookup (store_phone_by_pair(),
 * store_phone_by_mac(), store_phone_get(), store_token_get()) for as long as the writer commits
 * nothing: whatever was answered by done() before a lookup is seen by it. The thread calls
 * store_read_rest() at least every second, else the WAL could not be cut.
 * writer: borrowed until the same call with NULL, which ends it. */
void store_read_follow(struct store_db *db, const struct store_writer *writer);

/* End the kept transaction; the next lookup begins another. Does nothing without one. */
void store_read_rest(struct store_db *db);

/* Records that are kept: neither older than max_age_s seconds nor more than max_rows. */
struct store_keep {
    int64_t max_age_s;
    int64_t max_rows;
};
struct store_retention {
    struct store_keep fetches;
    struct store_keep refusals;
};
/* From now on delete what is beyond, the oldest first: every minute, in batches of 1,000 rows with
 * pauses; before the first call nothing is deleted. Then the main file's free pages, beyond a
 * tenth of it, are given back in small pieces (a database that was made before schema 3 keeps its
 * size). Any thread. */
void store_writer_retain(struct store_writer *writer, const struct store_retention *retention);

struct store_writer_stats {
    uint64_t dropped_records;
    uint64_t failed_commits;
    uint32_t queued_writes;
    uint32_t queued_records;
    bool failed;   /* fsync or a write met EIO: what the file holds is unknown, and every write is
                      refused with AP_ESTORE until the process starts anew */
    bool stopping; /* store_writer_halt() has begun: nothing is accepted any more */
    enum store_rekey_state rekey_state;
    uint64_t rekey_rows;   /* sealed values looked at in the walk that runs */
    uint64_t rekey_broken; /* of them: values that open with neither key, so that it cannot end */
    int last_error;        /* 0, or why the newest commit failed: AP_EFULL, AP_EREADONLY, … */
};
void store_writer_stats(struct store_writer *writer, struct store_writer_stats *ret_stats);

/* Milliseconds (monotonic) of the thread's last sign of life; fresh within a few seconds even
 * when idle. For the watchdog. Any thread. */
int64_t store_writer_heartbeat_ms(struct store_writer *writer);

#endif
