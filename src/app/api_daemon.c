/* Status: the store's part here, the daemon's through its callback. */
#include "api_private.h"

static const char *const REKEY_STATES[] = {
    [STORE_REKEY_NONE] = "none",
    [STORE_REKEY_WAITING] = "waiting",
    [STORE_REKEY_RUNNING] = "running",
    [STORE_REKEY_DONE] = "done",
};

int api_status(struct api_call *call, struct store_db *db)
{
    const struct snapshot *snapshot = call->snapshot;
    struct store_writer_stats writer;
    struct store_counts counts;
    int err = store_counts(db, &counts);

    if (err)
        return err;
    store_writer_stats(call->api->writer, &writer);
    json_t *store = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:s, s:I, s:I, s:s?}", "users",
        (json_int_t)counts.users, "accounts", (json_int_t)counts.accounts, "phones",
        (json_int_t)counts.phones, "fetches", (json_int_t)counts.fetches, "refusals",
        (json_int_t)counts.refusals, "size_bytes", (json_int_t)counts.size_bytes, "change_seq",
        (json_int_t)counts.change_seq, "schema_version", (int)counts.schema_version, "epoch",
        counts.epoch, "dropped_records", (json_int_t)writer.dropped_records, "failed_commits",
        (json_int_t)writer.failed_commits, "last_error",
        writer.last_error ? ap_strerror(writer.last_error) : NULL);
    json_t *rotation =
        json_pack("{s:s, s:I, s:I}", "state", REKEY_STATES[writer.rekey_state], "values_seen",
                  (json_int_t)writer.rekey_rows, "broken", (json_int_t)writer.rekey_broken);
    if (!store || json_object_set_new(store, "key_rotation", rotation) != 0) {
        json_decref(store);
        return AP_ENOMEM;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:b, s:s, s:o}", "version", AP_VERSION, "config",
                  snapshot->config->path, "generation", (json_int_t)snapshot->generation,
                  "loaded_at", (json_int_t)snapshot->loaded_at, "flat_mode",
                  (int)snapshot->options.disable_auto_provision_security, "options_source",
                  snapshot->options_from_config ? "config" : "store", "store", store);
    if (!object)
        return AP_ENOMEM;
    call->api->daemon.status(call->api->daemon.data, object);
    return api_result(call, 200, object);
}
