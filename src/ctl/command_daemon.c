/* status, reload */
#include <stdio.h>
#include <string.h>

#include "ctl_private.h"

static const struct ctl_column FIELDS[] = {
    {"version", "Version:"},         {"pid", "Process:"},
    {"uptime_s", "Uptime (s):"},     {"config", "Configuration:"},
    {"loaded_at", "Loaded:"},        {"workers", "Workers:"},
    {"connections", "Connections:"}, {"refused_connections", "Conns refused:"},
    {"handshakes", "Handshakes:"},   {"throttled_sources", "Throttled:"},
    {"flat_mode", "Flat mode:"},     {"pnp", "PnP:"},
    {"sandbox", "Sandbox:"},         {0},
};
static const struct ctl_column STORE_FIELDS[] = {
    {"users", "Users:"},
    {"accounts", "Accounts:"},
    {"phones", "Phones:"},
    {"fetches", "Fetches:"},
    {"refusals", "Refusals:"},
    {"size_bytes", "Store (bytes):"},
    {"change_seq", "Changes:"},
    {"epoch", "Epoch:"},
    {"queued_writes", "Writes queued:"},
    {"queued_records", "Records queued:"},
    {"dropped_records", "Dropped:"},
    {"last_error", "Store error:"},
    {0},
};
static const struct ctl_column LISTENER_COLUMNS[] = {
    {"name", "LISTENER"},
    {"address", "ADDRESS"},
    {"port", "PORT"},
    {"public_url", "PUBLIC URL"},
    {"certificate_expires_at", "CERTIFICATE ENDS"},
    {0},
};

static void print_rotation(const json_t *rotation)
{
    const char *state = json_string_value(json_object_get(rotation, "state"));
    long long seen = json_integer_value(json_object_get(rotation, "values_seen"));
    long long broken = json_integer_value(json_object_get(rotation, "broken"));

    if (!state || strcmp(state, "none") == 0)
        return;
    printf("%-15s %s", "Key rotation:", state);
    if (strcmp(state, "running") == 0)
        printf(", %lld values seen in this walk", seen);
    if (broken > 0)
        printf(", %lld open with neither key (see: autoprovctl db check)", broken);
    if (strcmp(state, "waiting") == 0)
        printf("; it begins when autoprovd is restarted");
    printf("%s\n", strcmp(state, "done") == 0 ? "; next: autoprovctl key rotate --finish" : "");
}

static void print_alarms(const json_t *alarms)
{
    const char *kind;
    json_t *count;
    bool is_any = false;

    json_object_foreach((json_t *)alarms, kind, count)
    {
        if (json_integer_value(count) == 0)
            continue;
        printf("%s%s %lld", is_any ? ", " : "Alarms:         ", kind,
               (long long)json_integer_value(count));
        is_any = true;
    }
    printf("%s\n", is_any ? "; look: autoprovctl alarm list" : "Alarms:         none");
}

static void print_requests(const json_t *requests)
{
    const char *name;
    json_t *count;

    json_object_foreach((json_t *)requests, name, count)
    {
        if (json_integer_value(count) > 0)
            printf("  %-22s %lld\n", name, (long long)json_integer_value(count));
    }
}

int ctl_status(const struct ctl_args *args)
{
    json_t *status = NULL;
    int code = ctl_call(args, "GET", "/status", NULL, &status);

    if (code == CTL_OK && args->json) {
        ctl_print_json(status);
    } else if (code == CTL_OK) {
        ctl_print_object(args, status, FIELDS);
        ctl_print_object(args, json_object_get(status, "store"), STORE_FIELDS);
        print_rotation(json_object_get(json_object_get(status, "store"), "key_rotation"));
        print_alarms(json_object_get(status, "alarms"));
        printf("\n");
        ctl_print_table(args, json_object_get(status, "listeners"), LISTENER_COLUMNS);
        printf("\nRequests since the start:\n");
        print_requests(json_object_get(status, "requests"));
    }
    json_decref(status);
    return code;
}

int ctl_reload(const struct ctl_args *args)
{
    json_t *result = NULL;
    int code = ctl_call(args, "POST", "/reload", json_object(), &result);

    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK)
        printf("reloaded; every worker uses configuration %lld\n",
               (long long)json_integer_value(json_object_get(result, "generation")));
    json_decref(result);
    return code;
}
