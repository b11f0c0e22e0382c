/* Status and metrics: the store's part here, the daemon's through its callbacks. */
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
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:s, s:I, s:I, s:I, s:I, s:s?}", "users",
        (json_int_t)counts.users, "accounts", (json_int_t)counts.accounts, "phones",
        (json_int_t)counts.phones, "fetches", (json_int_t)counts.fetches, "refusals",
        (json_int_t)counts.refusals, "size_bytes", (json_int_t)counts.size_bytes, "change_seq",
        (json_int_t)counts.change_seq, "schema_version", (int)counts.schema_version, "epoch",
        counts.epoch, "queued_writes", (json_int_t)writer.queued_writes, "queued_records",
        (json_int_t)writer.queued_records, "dropped_records", (json_int_t)writer.dropped_records,
        "failed_commits", (json_int_t)writer.failed_commits, "last_error",
        writer.last_error ? ap_strerror(writer.last_error) : NULL);
    json_t *rotation =
        json_pack("{s:s, s:I, s:I}", "state", REKEY_STATES[writer.rekey_state], "values_seen",
                  (json_int_t)writer.rekey_rows, "broken", (json_int_t)writer.rekey_broken);
    if (!store || json_object_set_new(store, "key_rotation", rotation) != 0) {
        json_decref(store);
        return AP_ENOMEM;
    }
    json_t *alarms = NULL;
    err = api_alarm_counts(db, &alarms);
    if (err) {
        json_decref(store);
        return err;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:b, s:s, s:s, s:o, s:o}", "version", AP_VERSION, "config",
                  snapshot->config->path, "generation", (json_int_t)snapshot->generation,
                  "loaded_at", (json_int_t)snapshot->loaded_at, "flat_mode",
                  (int)snapshot->options.disable_auto_provision_security, "options_source",
                  snapshot->options_from_config ? "config" : "store", "pnp",
                  config_pnp_name(snapshot->config->pnp), "alarms", alarms, "store", store);
    if (!object)
        return AP_ENOMEM;
    call->api->daemon.status(call->api->daemon.data, object);
    return api_result(call, 200, object);
}

int api_metrics(struct api_call *call, struct store_db *db)
{
    struct metrics metrics = {.listeners = NULL};
    int err = store_counts(db, &metrics.store);

    if (!err)
        err = store_phone_states(db, &metrics.phones);
    if (!err)
        err = store_alarm_counts(db, metrics.alarms);
    if (!err)
        err = store_session_count(db, &metrics.portal.sessions);
    if (!err)
        err = call->api->daemon.metrics(call->api->daemon.data, &call->arena, &metrics);
    if (err)
        return err;
    const struct api_door *door = &call->api->door;
    metrics.portal.sign_ins = door->sign_ins;
    metrics.portal.failed_sign_ins = door->failed_sign_ins;
    metrics.portal.activations = door->activations;
    store_writer_stats(call->api->writer, &metrics.writer);
    if (call->api->resync)
        resync_totals(call->api->resync, metrics.resyncs);
    buf_init(&call->text, AP_ADMIN_ANSWER_MAX_BYTES);
    call->status = 200;
    err = metrics_write(&metrics, &call->text);
    if (!err)
        call->text_type = METRICS_CONTENT_TYPE;
    return err;
}
