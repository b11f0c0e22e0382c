/* Orders for a program that tells phones through a PBX: it asks, waits until there are some, and
 * reports. On the control loop alone. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/text.h"

static json_t *item_json(const struct resync_item *item)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(item->mac, MAC_FORM_LOWER_COLON, mac);
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?}", "id",
                     (json_int_t)item->item_id, "mac", mac, "user", item->user, "sip_user",
                     item->sip_user, "domain", item->domain, "contact", item->contact, "event",
                     item->event, "kind", store_resync_kind_name(item->kind), "url", item->url);
}

static int set_result(struct api_call *call, const struct resync_item *items, size_t count)
{
    const struct config *config = call->api->daemon.snapshot(call->api->daemon.data)->config;
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, item_json(&items[i])) != 0) {
            json_decref(list);
            return AP_ENOMEM;
        }
    }
    /* For a program that waits in vain. */
    return api_result(call, 200,
                      json_pack("{s:o, s:b}", "items", list, "enabled",
                                (int)(config->notifier == CONFIG_NOTIFIER_EXTERNAL)));
}

/* *ret_count: how many there were. */
static int take(struct api_call *call, size_t *ret_count)
{
    const uint64_t *limit = call->more;
    struct resync_item *items = NULL;
    int err = resync_take(call->api->resync, &call->arena, (size_t)*limit, &items, ret_count);

    return !err && *ret_count > 0 ? set_result(call, items, *ret_count) : err;
}

int api_notification_take(struct api_call *call, struct store_db *db)
{
    struct api_takers *takers = &call->api->takers;
    uint64_t *limit = arena_alloc(&call->arena, sizeof(*limit));
    uint64_t wait_s = 0;
    size_t count = 0;
    const struct api_field fields[] = {
        {.name = "limit",
         .type = API_FIELD_NUMBER,
         .min = 1,
         .max = AP_RESYNC_TAKE_MAX,
         .target = limit},
        {.name = "wait", .type = API_FIELD_NUMBER, .max = AP_RESYNC_TAKE_WAIT_S, .target = &wait_s},
    };
    int err;

    (void)db; /* the engine has its own */
    if (!limit)
        return AP_ENOMEM;
    *limit = 1;
    call->more = limit;
    err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = take(call, &count);
    if (err || count > 0)
        return err;
    if (wait_s == 0 || takers->stopping)
        return set_result(call, NULL, 0);
    if (takers->count == AP_RESYNC_TAKERS_MAX)
        return api_problem(call, AP_EBUSY, NULL, "%d programs wait already", AP_RESYNC_TAKERS_MAX);
    call->is_kept = true;
    call->due_ms = clock_monotonic_ms(call->api->clock) + (int64_t)wait_s * 1000;
    takers->calls[takers->count++] = call;
    return 0;
}

/* The call at that place has its answer, which is call->err or its result. */
static void answer(struct api_takers *takers, size_t index)
{
    struct api_call *call = takers->calls[index];

    takers->count--;
    for (size_t i = index; i < takers->count; i++)
        takers->calls[i] = takers->calls[i + 1];
    api_call_answer(call);
}

static void answer_nothing(struct api_takers *takers, size_t index)
{
    struct api_call *call = takers->calls[index];

    call->err = set_result(call, NULL, 0);
    answer(takers, index);
}

/* What they would take is lost for a minute. */
static void drop_gone(struct api_takers *takers)
{
    for (size_t i = takers->count; i > 0; i--) {
        if (http_exchange_is_gone(takers->calls[i - 1]->exchange))
            answer_nothing(takers, i - 1);
    }
}

void api_takers_ready(void *data)
{
    struct api_takers *takers = &((struct api *)data)->takers;

    drop_gone(takers);
    while (takers->count > 0) {
        struct api_call *call = takers->calls[0];
        size_t count = 0;
        call->err = take(call, &count);
        if (!call->err && count == 0)
            return;
        answer(takers, 0);
    }
}

void api_takers_tick(struct api *api)
{
    struct api_takers *takers = &api->takers;
    int64_t now_ms = clock_monotonic_ms(api->clock);

    drop_gone(takers);
    for (size_t i = takers->count; i > 0; i--) {
        if (now_ms >= takers->calls[i - 1]->due_ms)
            answer_nothing(takers, i - 1);
    }
}

void api_takers_stop(struct api *api)
{
    api->takers.stopping = true;
    while (api->takers.count > 0)
        answer_nothing(&api->takers, 0);
}

int api_notification_report(struct api_call *call, struct store_db *db)
{
    static const enum store_resync_outcome OUTCOMES[] = {
        STORE_RESYNC_ACCEPTED, STORE_RESYNC_REFUSED, STORE_RESYNC_UNREACHABLE, STORE_RESYNC_FAILED};
    const char *text = call->params[0];
    const char *name = NULL;
    enum store_resync_outcome outcome = STORE_RESYNC_WAITING;
    uint64_t item_id, status = 0;
    char shown[API_SHOWN_MAX];
    const struct api_field fields[] = {
        {.name = "outcome", .type = API_FIELD_RAW, .required = true, .target = &name},
        {.name = "status", .type = API_FIELD_NUMBER, .max = 699, .target = &status},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    bool is_one = false;

    (void)db; /* the engine has its own */
    if (err)
        return err;
    if (store_resync_outcome_parse(name, &outcome) == 0) {
        for (size_t i = 0; i < AP_COUNT(OUTCOMES); i++)
            is_one = is_one || OUTCOMES[i] == outcome;
    }
    if (!is_one)
        return api_problem(call, AP_EINVAL, "/outcome",
                           "outcome: accepted, refused, unreachable or failed");
    err = text_parse_u64(text, strlen(text), 1, INT64_MAX, &item_id) == 0
              ? resync_report(call->api->resync, item_id, outcome, (int)status)
              : AP_ENOENT;
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL,
                           "there is no notification '%s': it was reported, or given up",
                           api_shown(text, shown));
    return err ? err
               : api_result(call, 200,
                            json_pack("{s:I, s:s}", "id", (json_int_t)item_id, "outcome", name));
}
