/* The life of an import on the control loop: its text comes, its job runs, its report is read. What
 * the job does: import_job.c. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "import_job.h"

int import_new(const struct import_setup *setup, struct import **ret_import)
{
    struct import *import = calloc(1, sizeof(*import));
    int err = AP_ENOMEM;

    if (!import)
        return err;
    import->setup = *setup;
    store_import_make_id(import->id);
    import->touched_ms = clock_monotonic_ms(setup->clock);
    err = import_file_new(setup->folder, &import->text);
    if (!err)
        err = import_file_new(setup->folder, &import->problems);
    if (!err)
        err = import_list_new(setup->folder, AP_IMPORT_LISTED_MAX, &import->list);
    if (err) {
        import_free(import);
        return err;
    }
    *ret_import = import;
    return 0;
}

void import_free(struct import *import)
{
    if (!import)
        return;
    import_file_free(import->text);
    import_file_free(import->problems);
    import_list_free(import->list);
    free(import);
}

const char *import_id(const struct import *import)
{
    return import->id;
}

bool import_is_running(const struct import *import)
{
    return import->phase == IMPORT_RUNNING;
}

int64_t import_idle_ms(const struct import *import)
{
    return clock_monotonic_ms(import->setup.clock) - import->touched_ms;
}

static void touch(struct import *import)
{
    import->touched_ms = clock_monotonic_ms(import->setup.clock);
}

/* Of all pieces so far: the audit's word for which text it was. Keyed, as it is full of passwords.
 */
static int add_to_digest(struct import *import, struct vault *vault, const char *data, size_t len)
{
    uint8_t both[2 * VAULT_TAG_BYTES];
    int err = vault_body_digest(vault, data, len, both + VAULT_TAG_BYTES);

    memcpy(both, import->digest, VAULT_TAG_BYTES);
    return err ? err : vault_body_digest(vault, both, sizeof(both), import->digest);
}

int import_receive(struct import *import, struct vault *vault, uint32_t number, const char *data,
                   size_t len)
{
    touch(import);
    if (import->phase != IMPORT_RECEIVING || number != import->pieces)
        return AP_ECONFLICT;
    if (len > AP_IMPORT_MAX_BYTES - import->bytes)
        return AP_ERANGE;
    int err = import_file_seal(import->text, vault, number, data, len);
    if (!err)
        err = add_to_digest(import, vault, data, len);
    if (err)
        return err;
    import->pieces++;
    import->bytes += len;
    return 0;
}

static void job_done(struct api_job *job)
{
    struct import *import = (struct import *)((char *)job - offsetof(struct import, job));

    store_close(import->reader);
    import->reader = NULL;
    snapshot_unref(import->snapshot);
    import->snapshot = NULL;
    import->phase = import->err || import->problem_count > 0 ? IMPORT_FAILED : IMPORT_DONE;
    touch(import);
    import->done(import->done_data);
}

int import_start(struct import *import, struct snapshot *snapshot, const struct import_order *order,
                 void (*done)(void *data), void *data)
{
    const struct api_daemon *daemon = import->setup.daemon;

    touch(import);
    if (import->phase != IMPORT_RECEIVING)
        return AP_ECONFLICT;
    int err = daemon->open_reader(daemon->data, &import->reader);
    if (err)
        return err;
    import->snapshot = snapshot_ref(snapshot);
    import->update = order->update;
    import->dry_run = order->dry_run;
    (void)snprintf(import->actor, sizeof(import->actor), "%s", order->actor); /* API_ACTOR_MAX */
    import->done = done;
    import->done_data = data;
    import->job.run = import_job_run;
    import->job.done = job_done;
    import->phase = IMPORT_RUNNING;
    err = daemon->start(daemon->data, &import->job);
    if (err) {
        store_close(import->reader);
        import->reader = NULL;
        snapshot_unref(import->snapshot);
        import->snapshot = NULL;
        import->phase = IMPORT_RECEIVING;
    }
    return err;
}

void import_cancel(struct import *import)
{
    atomic_store(&import->cancelled, true);
}

void import_tell_report(struct import *import, struct import_report *ret_report)
{
    bool running = import_is_running(import);

    touch(import);
    *ret_report = (struct import_report){
        .phase = import->phase,
        .bytes = import->bytes,
        .read = atomic_load(&import->read_bytes),
        .total = import->dry_run ? import->bytes : 2 * import->bytes,
        .dry_run = import->dry_run,
        .error = running || !import->err ? "" : import->error.text,
    };
    if (running)
        return;
    ret_report->rows = import->rows;
    ret_report->problems = import->problem_count;
    ret_report->changes = import_list_count(import->list);
    ret_report->listed = import_list_listed(import->list);
    ret_report->users = import->tallies[IMPORT_OF_USER];
    ret_report->accounts = import->tallies[IMPORT_OF_ACCOUNT];
    ret_report->phones = import->tallies[IMPORT_OF_PHONE];
}

int import_problem(struct import *import, uint64_t *offset,
                   char ret_line[static AP_IMPORT_PROBLEM_MAX_BYTES])
{
    size_t len = 0;
    int err =
        import_file_read(import->problems, *offset, ret_line, AP_IMPORT_PROBLEM_MAX_BYTES, &len);
    const char *end = err ? NULL : memchr(ret_line, '\n', len);

    touch(import);
    if (err)
        return err;
    if (!end)
        return AP_ENOENT;
    *offset += (uint64_t)(end - ret_line) + 1;
    ret_line[end - ret_line] = '\0';
    return 0;
}

int import_read_changes(struct import *import, struct vault *vault, uint32_t limit, uint64_t *next,
                        import_list_take take, void *data)
{
    touch(import);
    return import_list_read(import->list, vault, limit, next, take, data);
}
