/* An import's work, on a job thread: the text is read to check it, and when nothing is wrong read
 * again to write it. While one batch is written the next one is made ready.
 *
 *   text --parse, check--> plan, changes --parse, seal--> batch --writer--> hidden rows
 *                                                  last of all: publish, changes, audit */
#include "import_job.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/text.h"

/* A piece as it came and as it is sealed. */
#define PIECE_ARENA_BYTES (3 * AP_ADMIN_BODY_MAX_BYTES)
/* Of the changes' strings: AP_IMPORT_CHANGES_MAX whole ones. */
#define KEPT_MAX_BYTES (128 * 1048576)
#define DROP_ROWS      500

static int run_reading(struct import *import, const struct import_csv_sink *sink, bool looks)
{
    struct import_csv *csv = NULL;
    struct arena arena;
    uint64_t offset = 0;
    uint32_t number = 0;
    const char *data;
    size_t len;
    int err = import_csv_new(sink, &csv);

    arena_init(&arena, PIECE_ARENA_BYTES);
    while (!err) {
        if (atomic_load(&import->cancelled)) {
            err = AP_ECLOSED;
            break;
        }
        err = import_file_open(import->text, store_vault(import->reader), number, &offset, &arena,
                               &data, &len);
        if (err)
            break;
        /* One state for a piece's rows; longer, it would keep the WAL from being cut. */
        if (looks)
            err = store_read_begin(import->reader);
        if (!err) {
            err = import_csv_feed(csv, data, len);
            store_read_end(import->reader);
        }
        number++;
        /* Behind the second reading there are tokens to be written, and all to be published. */
        atomic_fetch_add(&import->read_bytes, looks ? len : len - len / 4);
        arena_reset(&arena);
    }
    if (err == AP_ENOENT)
        err = import_csv_end(csv);
    arena_done(&arena);
    import_csv_free(csv);
    return err;
}

/* -- the first reading ------------------------------------------------------------------------- */

static int check_row(void *data, const struct import_cells *cells)
{
    return import_check_row(data, cells);
}

static int take_problem(void *data, uint64_t line, const char *column, const char *reason)
{
    return import_tell(data, line, column, "%s", reason);
}

static void tally(struct import *import, struct import_run *run)
{
    for (int kind = 0; kind < IMPORT_KIND_COUNT; kind++) {
        struct import_tally *sum = &import->tallies[kind];
        uint32_t count = import_plan_count(run->plan, (enum import_kind)kind);
        for (uint32_t i = 0; i < count; i++) {
            const struct import_entity *entity =
                import_plan_at(run->plan, (enum import_kind)kind, i);
            sum->added += entity->state == IMPORT_NEW;
            sum->changed += entity->state == IMPORT_CHANGED;
            sum->same += entity->state == IMPORT_SAME;
        }
    }
    import->rows = run->rows;
    import->problem_count = run->problem_count;
}

static int check(struct import *import, struct import_run *run)
{
    const struct import_csv_sink sink = {run, check_row, take_problem};
    int err = run_reading(import, &sink, true);

    if (!err)
        err = import_check_end(run);
    int list_err = import_list_end(run->list, store_vault(run->db));
    err = err ? err : list_err;
    tally(import, run);
    return err;
}

/* -- the second reading ------------------------------------------------------------------------ */

struct slot {
    struct import_write write;
    struct import_batch batch;
    int64_t import;
};

struct staging {
    struct import *import;
    struct import_run *run;
    struct slot slots[2];
    size_t filling; /* the other one may be with the writer */
    int64_t id;
};

static int write_batch(struct import_write *write, struct store_db *db)
{
    const struct slot *slot = (struct slot *)((char *)write - offsetof(struct slot, write));

    return store_import_stage(db, slot->import, slot->batch.rows, slot->batch.count);
}

/* The filled one goes to the writer; the other comes back. */
static int send_batch(struct staging *staging)
{
    struct slot *slot = &staging->slots[staging->filling];
    struct slot *next = &staging->slots[1 - staging->filling];
    int err = import_write_wait(&next->write);

    if (!err && slot->batch.count > 0) {
        slot->import = staging->id;
        slot->write.run = write_batch;
        err = import_write_submit(&slot->write, staging->import->setup.writer,
                                  &staging->import->cancelled);
    }
    arena_reset(&next->batch.arena);
    next->batch.count = 0;
    next->batch.lines = 0;
    staging->filling = 1 - staging->filling;
    return err;
}

static int compare_tokens(const void *a, const void *b)
{
    const struct import_token *left = a;
    const struct import_token *right = b;
    const uint8_t *x = left->token.index, *y = right->token.index;

    return memcmp(x, y, VAULT_BLIND_INDEX_BYTES); /* tells nothing of the tokens themselves */
}

/* All that wait, when their users are with the writer; they are borrowed until it has answered. */
static int send_tokens(struct staging *staging)
{
    struct import_run *run = staging->run;
    size_t next = 0;
    int err = send_batch(staging);

    qsort(run->tokens, run->token_count, sizeof(*run->tokens), compare_tokens);
    while (!err && next < run->token_count) {
        err = import_stage_tokens(run, &next, &staging->slots[staging->filling].batch);
        if (!err)
            err = send_batch(staging);
    }
    if (!err)
        err = send_batch(staging); /* waits for the one before */
    run->token_count = 0;
    return err;
}

static int stage_row(void *data, const struct import_cells *cells)
{
    struct staging *staging = data;
    struct import_batch *batch = &staging->slots[staging->filling].batch;
    int err = import_stage_row(staging->run, cells, batch);

    if (!err && staging->run->token_count == AP_IMPORT_TOKENS_MAX)
        return send_tokens(staging);
    return !err && batch->lines == AP_IMPORT_BATCH_ROWS ? send_batch(staging) : err;
}

static int no_problem(void *data, uint64_t line, const char *column, const char *reason)
{
    (void)data;
    (void)line;
    (void)column;
    (void)reason;
    return AP_ECONFLICT; /* not the text of the first reading */
}

static int open_slots(struct staging *staging)
{
    int err = 0;

    for (size_t i = 0; i < AP_COUNT(staging->slots); i++) {
        struct slot *slot = &staging->slots[i];
        int made = import_write_init(&slot->write);
        /* A line names at most a user, an account, a phone and a line. */
        slot->batch.room = (size_t)4 * AP_IMPORT_BATCH_ROWS;
        slot->batch.rows = calloc(slot->batch.room, sizeof(*slot->batch.rows));
        arena_init(&slot->batch.arena, (size_t)AP_IMPORT_BATCH_ROWS * AP_IMPORT_LINE_MAX_BYTES);
        if (made || !slot->batch.rows)
            err = AP_ENOMEM;
    }
    return err;
}

/* Returns err, or what the last write met. */
static int close_slots(struct staging *staging, int err)
{
    for (size_t i = 0; i < AP_COUNT(staging->slots); i++) {
        struct slot *slot = &staging->slots[i];
        int wait_err = import_write_wait(&slot->write);
        err = err ? err : wait_err;
        import_write_destroy(&slot->write);
        free(slot->batch.rows);
        arena_done(&slot->batch.arena);
    }
    return err;
}

static int stage(struct import *import, struct import_run *run, int64_t id)
{
    struct staging staging = {.import = import, .run = run, .id = id};
    const struct import_csv_sink sink = {&staging, stage_row, no_problem};
    int err = open_slots(&staging);

    run->tokens = calloc(AP_IMPORT_TOKENS_MAX, sizeof(*run->tokens));
    if (!run->tokens)
        err = AP_ENOMEM;
    if (!err)
        err = run_reading(import, &sink, false);
    if (!err)
        err = send_tokens(&staging);
    return close_slots(&staging, err);
}

/* -- begin, publish, drop ---------------------------------------------------------------------- */

/* One write with what it needs. */
struct step {
    struct import_write write;
    struct import *import;
    const struct import_run *run;
    int64_t id;
    bool more;
};

static int take_step(struct step *step, int (*run)(struct import_write *write, struct store_db *db),
                     struct store_writer *writer, _Atomic bool *cancelled)
{
    int err = import_write_init(&step->write);

    if (err)
        return err;
    step->write.run = run;
    err = import_write_submit(&step->write, writer, cancelled);
    if (!err)
        err = import_write_wait(&step->write);
    import_write_destroy(&step->write);
    return err;
}

static struct step *step_of(struct import_write *write)
{
    return (struct step *)((char *)write - offsetof(struct step, write));
}

static int begin(struct import_write *write, struct store_db *db)
{
    return store_import_begin(db, &step_of(write)->id);
}

static int drop(struct import_write *write, struct store_db *db)
{
    struct step *step = step_of(write);

    return store_import_drop(db, step->id, DROP_ROWS, &step->more);
}

static int publish(struct import_write *write, struct store_db *db)
{
    const struct step *step = step_of(write);
    const struct import *import = step->import;
    const struct import_tally *tallies = import->tallies;
    const struct store_import_counts staged = {tallies[IMPORT_OF_USER].added,
                                               tallies[IMPORT_OF_ACCOUNT].added,
                                               tallies[IMPORT_OF_PHONE].added};
    char object[STORE_ID_TEXT_MAX + 8], detail[512], digest[2 * VAULT_TAG_BYTES + 1];
    const struct store_audit entry = {
        .actor = import->actor, .action = "import", .object = object, .detail = detail};
    int err =
        store_import_publish(db, step->id, step->run->changes, step->run->change_count, &staged);

    if (err)
        return err;
    text_hex(import->digest, sizeof(import->digest), digest);
    (void)snprintf(object, sizeof(object), "import=%s", import->id); /* 43 bytes */
    (void)snprintf(detail, sizeof(detail),                           /* 20 digits each at most */
                   "rows=%llu users=%llu+%llu accounts=%llu+%llu phones=%llu+%llu digest=%s",
                   (unsigned long long)import->rows,
                   (unsigned long long)tallies[IMPORT_OF_USER].added,
                   (unsigned long long)tallies[IMPORT_OF_USER].changed,
                   (unsigned long long)tallies[IMPORT_OF_ACCOUNT].added,
                   (unsigned long long)tallies[IMPORT_OF_ACCOUNT].changed,
                   (unsigned long long)tallies[IMPORT_OF_PHONE].added,
                   (unsigned long long)tallies[IMPORT_OF_PHONE].changed, digest);
    return store_audit_add(db, &entry);
}

static int drop_all(struct store_writer *writer, int64_t id, _Atomic bool *cancelled)
{
    struct step step = {.id = id, .more = true};
    int err = 0;

    while (!err && step.more)
        err = take_step(&step, drop, writer, cancelled);
    return err;
}

int import_sweep(struct store_db *db, struct store_writer *writer, _Atomic bool *cancelled)
{
    int64_t id = 0;
    int err;

    while ((err = store_import_pending(db, &id)) == 0) {
        err = drop_all(writer, id, cancelled);
        if (err)
            return err;
    }
    return err == AP_ENOENT ? 0 : err;
}

static int write_all(struct import *import, struct import_run *run)
{
    struct store_writer *writer = import->setup.writer;
    struct step step = {.import = import, .run = run};
    int err = take_step(&step, begin, writer, &import->cancelled);

    if (err)
        return err;
    err = stage(import, run, step.id);
    if (!err)
        err = take_step(&step, publish, writer, &import->cancelled);
    if (err) {
        /* Cancelled or not, what was written goes; what a stop of the daemon leaves, its next start
         * takes away. */
        _Atomic bool never = false;
        int drop_err = drop_all(writer, step.id, &never);
        if (drop_err && drop_err != AP_ECLOSED)
            log_event(LOG_LEVEL_WARNING, "import",
                      "error=\"%s\": its rows stay unseen, until the next start takes them away",
                      ap_strerror(drop_err));
    }
    return err;
}

/* -- the job ----------------------------------------------------------------------------------- */

static void explain(struct import *import, const struct import_run *run, int err)
{
    const char *text = ap_strerror(err);

    if (err == AP_ECLOSED)
        text = "it was cancelled";
    else if (err == AP_EEXIST || err == AP_ECONFLICT || err == AP_ENOENT)
        text = "somebody changed what it is about meanwhile; nothing was imported: try again";
    else if (run->call->problem.text[0] && err == AP_ERANGE)
        text = run->call->problem.text;
    import->err = err;
    (void)ap_error_set(&import->error, err, "%s", text);
}

static int open_run(struct import *import, struct api_call *call, struct import_run *run)
{
    arena_init(&call->arena, AP_ADMIN_ANSWER_MAX_BYTES);
    call->snapshot = import->snapshot;
    run->call = call;
    run->db = import->reader;
    run->update = import->update;
    run->problems = import->problems;
    run->list = import->list;
    arena_init(&run->known_arena, AP_ADMIN_ANSWER_MAX_BYTES);
    arena_init(&run->arena, AP_ADMIN_ANSWER_MAX_BYTES);
    arena_init(&run->kept, KEPT_MAX_BYTES);
    arena_init(&run->inherited_arena, AP_REQUEST_ARENA_MAX_BYTES);
    return import_plan_new(&run->plan);
}

static void close_run(struct import_run *run)
{
    import_plan_free(run->plan);
    free(run->tokens);
    free(run->changes); /* what is secret in it is sealed */
    arena_done(&run->arena);
    arena_done(&run->known_arena);
    arena_done(&run->kept);
    arena_done(&run->inherited_arena);
    arena_done(&run->call->arena);
}

void import_job_run(struct api_job *job)
{
    struct import *import = (struct import *)((char *)job - offsetof(struct import, job));
    struct api_call call = {.err = 0};
    struct import_run run = {.rows = 0};
    int err = open_run(import, &call, &run);

    if (!err)
        err = check(import, &run);
    bool changes = run.change_count > 0 || import->tallies[IMPORT_OF_USER].added > 0 ||
                   import->tallies[IMPORT_OF_ACCOUNT].added > 0 ||
                   import->tallies[IMPORT_OF_PHONE].added > 0;
    if (!err && run.problem_count == 0 && changes && !import->dry_run)
        err = write_all(import, &run);
    if (err)
        explain(import, &run, err);
    else if (run.problem_count == 0)
        atomic_store(&import->read_bytes, import->dry_run ? import->bytes : 2 * import->bytes);
    close_run(&run);
}
