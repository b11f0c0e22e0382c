/* Alarms: what is open, what was, and that somebody has seen it. */
#include <string.h>

#include "api_private.h"
#include "autoprov/text.h"

static json_t *alarm_json(const struct store_alarm *alarm)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "seq", (json_int_t)alarm->seq,
                     "kind", store_alarm_kind_name(alarm->kind), "subject", alarm->subject,
                     "detail", alarm->detail, "raised_at", (json_int_t)alarm->raised_at, "last_at",
                     (json_int_t)alarm->last_at, "count", (json_int_t)alarm->count, "closed_at",
                     (json_int_t)alarm->closed_at, "closed_by", alarm->closed_by);
}

static int read_query(struct api_call *call, bool *ret_open_only, uint32_t *ret_limit,
                      uint64_t *ret_before)
{
    const char *open = api_query(call, "open");
    const char *after;
    int err = api_query_page(call, ret_limit, &after);

    *ret_before = 0;
    *ret_open_only = open && strcmp(open, "true") == 0;
    if (!err && open && !*ret_open_only && strcmp(open, "false") != 0)
        err = api_problem(call, AP_EINVAL, NULL, "open must be true or false");
    if (!err && after[0] && text_parse_u64(after, strlen(after), 1, INT64_MAX, ret_before) != 0)
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    return err;
}

int api_alarm_list(struct api_call *call, struct store_db *db)
{
    struct store_alarm *alarms = NULL;
    size_t count = 0;
    bool open_only;
    uint32_t limit;
    uint64_t before;
    json_t *items = json_array();
    int err = items ? read_query(call, &open_only, &limit, &before) : AP_ENOMEM;

    if (!err)
        err = store_alarm_list(db, &call->arena, open_only, before, limit, &alarms, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, alarm_json(&alarms[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(
        call, items,
        count == limit ? api_text(call, "%llu", (unsigned long long)alarms[count - 1].seq) : NULL);
}

static int get_alarm(struct api_call *call, struct store_db *db, struct store_alarm *ret_alarm)
{
    const char *text = call->params[0];
    char shown[API_SHOWN_MAX];
    uint64_t seq;
    int err = AP_ENOENT;

    if (text_parse_u64(text, strlen(text), 1, INT64_MAX, &seq) == 0)
        err = store_alarm_get(db, &call->arena, seq, ret_alarm);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no alarm '%s'", api_shown(text, shown));
    return err;
}

int api_alarm_show(struct api_call *call, struct store_db *db)
{
    struct store_alarm alarm;
    int err = get_alarm(call, db, &alarm);

    return err ? err : api_result(call, 200, alarm_json(&alarm));
}

int api_alarm_ack(struct api_call *call, struct store_db *db)
{
    struct store_alarm alarm;
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = get_alarm(call, db, &alarm);
    if (!err)
        err = store_alarm_ack(db, alarm.seq, call->actor);
    if (err == AP_ECONFLICT)
        err = api_problem(call, err, NULL, "alarm %s is closed already", call->params[0]);
    if (!err)
        err = api_audit(
            call, db, api_text(call, "alarm=%llu", (unsigned long long)alarm.seq),
            api_text(call, "kind=%s subject=%s", store_alarm_kind_name(alarm.kind), alarm.subject));
    if (!err)
        err = store_alarm_get(db, &call->arena, alarm.seq, &alarm);
    return err ? err : api_result(call, 200, alarm_json(&alarm));
}

int api_alarm_counts(struct store_db *db, json_t **ret_json)
{
    uint64_t counts[STORE_ALARM_KIND_COUNT];
    json_t *object;
    int err = store_alarm_counts(db, counts);

    if (err)
        return err;
    object = json_object();
    for (int kind = 0; object && !err && kind < STORE_ALARM_KIND_COUNT; kind++)
        err = json_object_set_new(object, store_alarm_kind_name((enum store_alarm_kind)kind),
                                  json_integer((json_int_t)counts[kind]))
                  ? AP_ENOMEM
                  : 0;
    if (err || !object) {
        json_decref(object);
        return AP_ENOMEM;
    }
    *ret_json = object;
    return 0;
}
