/* Imports: the text comes in pieces, is looked at or applied on a job thread, and its problems are
 * read in pages. One at a time: a second one is told to wait. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/store_import.h"
#include "autoprov/text.h"
#include "import.h"

static const char *const PHASES[] = {
    [IMPORT_RECEIVING] = "receiving",
    [IMPORT_RUNNING] = "running",
    [IMPORT_DONE] = "done",
    [IMPORT_FAILED] = "failed",
};

/* -- what never finished ----------------------------------------------------------------------- */

static struct api *api_of(struct api_job *job)
{
    struct api_imports *imports =
        (struct api_imports *)((char *)job - offsetof(struct api_imports, sweep));

    return (struct api *)((char *)imports - offsetof(struct api, imports));
}

static void sweep(struct api_job *job)
{
    struct api *api = api_of(job);
    int err = import_sweep(api->imports.sweep_reader, api->writer, &api->imports.stopping);

    if (err && err != AP_ECLOSED)
        log_event(LOG_LEVEL_WARNING, "import",
                  "error=\"%s\": rows of an import that never finished stay unseen, until the next "
                  "start takes them away",
                  ap_strerror(err));
}

static void sweep_done(struct api_job *job)
{
    struct api_imports *imports = &api_of(job)->imports;

    store_close(imports->sweep_reader);
    imports->sweep_reader = NULL;
    imports->sweeping = false;
}

void api_recover(struct api *api)
{
    struct api_imports *imports = &api->imports;
    int64_t pending;

    if (store_import_pending(api->reader, &pending) != 0)
        return;
    log_event(LOG_LEVEL_NOTICE, "import", "an import did not finish; taking its rows away");
    imports->sweep.run = sweep;
    imports->sweep.done = sweep_done;
    imports->sweeping = true;
    int err = api->daemon.open_reader(api->daemon.data, &imports->sweep_reader);
    if (!err)
        err = api->daemon.start(api->daemon.data, &imports->sweep);
    if (err) {
        sweep_done(&imports->sweep);
        log_event(LOG_LEVEL_WARNING, "import", "error=\"%s\": its rows stay unseen",
                  ap_strerror(err));
    }
}

void api_import_tick(struct api *api)
{
    struct import *import = api->imports.current;

    if (!import || import_is_running(import) || import_idle_ms(import) < AP_IMPORT_IDLE_MS)
        return;
    api->imports.current = NULL;
    import_free(import);
}

void api_import_stop(struct api *api)
{
    atomic_store(&api->imports.stopping, true);
    if (api->imports.current)
        import_cancel(api->imports.current);
}

void api_import_free(struct api *api)
{
    if (api)
        import_free(api->imports.current);
}

/* -- routes ------------------------------------------------------------------------------------ */

static int find_import(struct api_call *call, struct import **ret_import)
{
    struct import *import = call->api->imports.current;

    if (!import || strcmp(import_id(import), call->params[0]) != 0)
        return api_problem(call, AP_ENOENT, NULL,
                           "there is no such import; one that nobody asks for is dropped after "
                           "%d s",
                           AP_IMPORT_IDLE_MS / 1000);
    *ret_import = import;
    return 0;
}

static json_t *tally_json(const struct import_tally *tally)
{
    return json_pack("{s:I, s:I, s:I}", "added", (json_int_t)tally->added, "changed",
                     (json_int_t)tally->changed, "unchanged", (json_int_t)tally->same);
}

static int report(struct api_call *call, struct import *import, int status)
{
    struct import_report report;

    import_tell_report(import, &report);
    return api_result(call, status,
                      json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, "
                                "s:I, s:s}",
                                "id", import_id(import), "state", PHASES[report.phase], "dry_run",
                                (int)report.dry_run, "bytes", (json_int_t)report.bytes, "read",
                                (json_int_t)report.read, "total", (json_int_t)report.total, "rows",
                                (json_int_t)report.rows, "problems", (json_int_t)report.problems,
                                "users", tally_json(&report.users), "accounts",
                                tally_json(&report.accounts), "phones", tally_json(&report.phones),
                                "changes", (json_int_t)report.changes, "changes_listed",
                                (json_int_t)report.listed, "error", report.error));
}

/* A call that is sent again, because its answer was lost, is answered again and does nothing. */
static bool is_repeated(const struct api_call *call, const char *remembered)
{
    return call->idempotency_key[0] && strcmp(call->idempotency_key, remembered) == 0;
}

static void remember(const struct api_call *call, char key[static API_IDEMPOTENCY_KEY_MAX])
{
    memcpy(key, call->idempotency_key, strlen(call->idempotency_key) + 1); /* admitted: it fits */
}

int api_import_add(struct api_call *call, struct store_db *db)
{
    struct api *api = call->api;
    const struct import_setup setup = {.folder = call->snapshot->config->state_directory,
                                       .clock = api->clock,
                                       .writer = api->writer,
                                       .daemon = &api->daemon};
    int err = api_read_fields(call, NULL, 0);

    (void)db; /* nothing is stored yet */
    if (err)
        return err;
    if (api->imports.sweeping || api->imports.stopping)
        return api_problem(call, AP_EBUSY, NULL,
                           "what an unfinished import left is being taken away; try again soon");
    if (api->imports.current && is_repeated(call, api->imports.begin_key))
        return report(call, api->imports.current, 201);
    if (api->imports.current)
        return api_problem(call, AP_EBUSY, NULL,
                           "another import is under way: wait for its end; without its client it "
                           "is dropped after %d s",
                           AP_IMPORT_IDLE_MS / 1000);
    err = import_new(&setup, &api->imports.current);
    if (err)
        return err;
    remember(call, api->imports.begin_key);
    api->imports.apply_key[0] = '\0';
    return report(call, api->imports.current, 201);
}

int api_import_receive(struct api_call *call, struct store_db *db)
{
    struct import *import;
    uint64_t number = 0;
    int err = find_import(call, &import);

    if (!err && text_parse_u64(call->params[1], strlen(call->params[1]), 0, UINT32_MAX, &number))
        return api_problem(call, AP_EINVAL, NULL, "pieces have numbers: 0, 1, …");
    if (!err)
        err = import_receive(import, store_vault(db), (uint32_t)number, call->upload,
                             call->upload_len);
    if (err == AP_ECONFLICT)
        return api_problem(call, err, NULL, "this is not the next piece of the text");
    if (err == AP_ERANGE)
        return api_problem(call, err, NULL, "an import has at most %d MiB",
                           AP_IMPORT_MAX_BYTES / 1048576);
    return err ? err : report(call, import, 200);
}

static void log_end(void *data)
{
    struct import *import = ((struct api *)data)->imports.current;
    struct import_report report;

    import_tell_report(import, &report);
    log_event(LOG_LEVEL_NOTICE, "import",
              "import=%s state=%s dry_run=%s rows=%llu problems=%llu users=%llu accounts=%llu "
              "phones=%llu%s%s",
              import_id(import), PHASES[report.phase], report.dry_run ? "yes" : "no",
              (unsigned long long)report.rows, (unsigned long long)report.problems,
              (unsigned long long)report.users.added + report.users.changed,
              (unsigned long long)report.accounts.added + report.accounts.changed,
              (unsigned long long)report.phones.added + report.phones.changed,
              report.error[0] ? " error=" : "", report.error);
}

int api_import_apply(struct api_call *call, struct store_db *db)
{
    struct import_order order = {.actor = call->actor};
    struct import *import = NULL;
    const struct api_field fields[] = {
        {.name = "update", .type = API_FIELD_BOOL, .target = &order.update},
        {.name = "dry_run", .type = API_FIELD_BOOL, .target = &order.dry_run},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    (void)db; /* the job has a reader of its own */
    if (!err)
        err = find_import(call, &import);
    if (!err)
        err = import_start(import, call->snapshot, &order, log_end, call->api);
    if (err == AP_ECONFLICT && is_repeated(call, call->api->imports.apply_key))
        return report(call, import, 202);
    if (err == AP_ECONFLICT)
        return api_problem(call, err, NULL, "this import was applied already");
    if (err)
        return err;
    remember(call, call->api->imports.apply_key);
    return report(call, import, 202);
}

int api_import_show(struct api_call *call, struct store_db *db)
{
    struct import *import;
    int err = find_import(call, &import);

    (void)db; /* it is in memory */
    return err ? err : report(call, import, 200);
}

/* "LINE: COLUMN: REASON" */
static json_t *problem_json(const char *line)
{
    const char *column = strstr(line, ": ");
    const char *reason = column ? strstr(column + 2, ": ") : NULL;

    uint64_t number;
    if (!reason || text_parse_u64(line, (size_t)(column - line), 1, INT64_MAX, &number) != 0)
        return NULL;
    return json_pack("{s:I, s:s%, s:s}", "line", (json_int_t)number, "column", column + 2,
                     (size_t)(reason - column - 2), "reason", reason + 2);
}

/* Of a list that is there when the import has ended; a cursor is a number. */
static int find_page(struct api_call *call, struct import **ret_import, uint32_t *ret_limit,
                     uint64_t *ret_from)
{
    const char *after;
    int err = find_import(call, ret_import);

    *ret_from = 0;
    if (!err)
        err = api_query_page(call, ret_limit, &after);
    if (!err && after[0] && text_parse_u64(after, strlen(after), 0, INT64_MAX, ret_from) != 0)
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    if (!err && import_is_running(*ret_import))
        err = api_problem(call, AP_ECONFLICT, NULL, "the import still runs");
    return err;
}

int api_import_problems(struct api_call *call, struct store_db *db)
{
    char line[AP_IMPORT_PROBLEM_MAX_BYTES];
    struct import *import;
    uint32_t limit;
    uint64_t offset;
    json_t *items = json_array();
    int err = find_page(call, &import, &limit, &offset);

    (void)db; /* they are in a file */
    bool more = true;
    while (!err && more && json_array_size(items) < limit) {
        err = import_problem(import, &offset, line);
        more = err != AP_ENOENT;
        if (!more)
            err = 0;
        else if (!err && json_array_append_new(items, problem_json(line)) != 0)
            err = AP_ENOMEM;
    }
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items,
                           more ? api_text(call, "%llu", (unsigned long long)offset) : NULL);
}

static json_t *fields_json(const struct import_listed *listed)
{
    json_t *fields = json_array();

    for (size_t i = 0; i < listed->field_count; i++) {
        const struct import_listed_field *field = &listed->fields[i];
        if (json_array_append_new(fields,
                                  json_pack("{s:s, s:s?, s:s?}", "name", field->name, "before",
                                            field->before, "after", field->after)) != 0) {
            json_decref(fields);
            return NULL;
        }
    }
    return fields;
}

static int take_change(void *data, const struct import_listed *listed)
{
    static const char *const KINDS[IMPORT_LISTED_KIND_COUNT] = {
        [IMPORT_LISTED_USER] = "user",
        [IMPORT_LISTED_ACCOUNT] = "account",
        [IMPORT_LISTED_PHONE] = "phone",
        [IMPORT_LISTED_LINE] = "line",
    };
    static const char *const CHANGES[IMPORT_LISTED_CHANGE_COUNT] = {
        [IMPORT_LISTED_ADDED] = "added",
        [IMPORT_LISTED_CHANGED] = "changed",
        [IMPORT_LISTED_REMOVED] = "removed",
    };
    json_t *item = json_pack("{s:I, s:s, s:s, s:s?, s:s, s:o}", "line", (json_int_t)listed->line,
                             "kind", KINDS[listed->kind], "name", listed->name, "user",
                             listed->user[0] ? listed->user : NULL, "change",
                             CHANGES[listed->change], "fields", fields_json(listed));

    return json_array_append_new(data, item) == 0 ? 0 : AP_ENOMEM;
}

int api_import_changes(struct api_call *call, struct store_db *db)
{
    struct import_report report;
    struct import *import;
    uint32_t limit;
    uint64_t next;
    json_t *items = json_array();
    int err = find_page(call, &import, &limit, &next);

    if (!err && !items)
        err = AP_ENOMEM;
    if (!err)
        err = import_read_changes(import, store_vault(db), limit, &next, take_change, items);
    if (err) {
        json_decref(items);
        return err;
    }
    import_tell_report(import, &report);
    return api_page_result(call, items,
                           next < report.listed ? api_text(call, "%llu", (unsigned long long)next)
                                                : NULL);
}

/* One that runs is told to end; it is deleted when it has. */
int api_import_del(struct api_call *call, struct store_db *db)
{
    struct import *import;
    int err = find_import(call, &import);

    (void)db; /* it is in memory */
    if (err)
        return err;
    if (import_is_running(import)) {
        import_cancel(import);
        return report(call, import, 202);
    }
    err = report(call, import, 200);
    call->api->imports.current = NULL;
    import_free(import);
    return err;
}
