/* What phones asked for: refusals and fetches. Both may look at every row, so they run on a job
 * thread. */
#include <string.h>

#include "api_private.h"
#include "autoprov/policy.h"
#include "autoprov/store_log.h"
#include "autoprov/text.h"

/* What the query says; network is the filter's. */
struct log_query {
    struct store_log_filter filter;
    struct network network;
};

static int read_phone_filter(struct api_call *call, struct store_db *db, struct log_query *query)
{
    const char *text = api_query(call, "phone");
    struct store_phone phone;
    uint8_t mac[AP_MAC_LEN];
    char shown[API_SHOWN_MAX];

    if (!text)
        return 0;
    int err = api_parse_mac(call, text, NULL, mac);
    if (!err)
        err = store_phone_get(db, &call->arena, mac, &phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no phone '%s'", api_shown(text, shown));
    if (!err)
        query->filter.phone_id = phone.id;
    return err;
}

static int read_reason(struct api_call *call, struct log_query *query)
{
    const char *text = api_query(call, "reason");
    char shown[API_SHOWN_MAX];

    if (!text)
        return 0;
    for (int reason = POLICY_SERVE + 1; reason < POLICY_REASON_COUNT; reason++) {
        if (strcmp(text, policy_reason_name((enum policy_reason)reason)) == 0) {
            query->filter.reason = text;
            return 0;
        }
    }
    return api_problem(call, AP_EINVAL, NULL,
                       "there is no reason '%s'; docs/operations.md lists them",
                       api_shown(text, shown));
}

static int read_source(struct api_call *call, struct log_query *query)
{
    const char *text = api_query(call, "from");
    char shown[API_SHOWN_MAX];

    if (!text)
        return 0;
    int err = network_parse(text, &query->network);
    if (err)
        return api_problem(
            call, AP_EINVAL, NULL, "'%s' is no address and no network as 192.0.2.0/24%s",
            api_shown(text, shown), err == AP_EINVAL ? ": it has bits behind its length" : "");
    query->filter.network = &query->network;
    return 0;
}

static int read_since(struct api_call *call, struct log_query *query)
{
    const char *text = api_query(call, "since");
    uint64_t since;

    if (!text)
        return 0;
    if (text_parse_u64(text, strlen(text), 0, INT64_MAX, &since) != 0)
        return api_problem(call, AP_EINVAL, NULL, "since must be a time in UTC seconds");
    query->filter.since = (int64_t)since;
    return 0;
}

static int read_query(struct api_call *call, struct store_db *db, struct log_query *query)
{
    const char *after;
    int err = api_query_page(call, &query->filter.limit, &after);

    if (!err && after[0] &&
        text_parse_u64(after, strlen(after), 1, INT64_MAX, &query->filter.before) != 0)
        err = api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    if (!err)
        err = read_phone_filter(call, db, query);
    if (!err)
        err = read_reason(call, query);
    if (!err)
        err = read_source(call, query);
    return err ? err : read_since(call, query);
}

/* A MAC as people read it, or null. */
static json_t *mac_json(const char *text)
{
    uint8_t mac[AP_MAC_LEN];
    char form[AP_MAC_TEXT_MAX];

    if (text_unhex(text, strlen(text), mac) != 0 || strlen(text) != sizeof(mac) * 2)
        return json_null();
    mac_format(mac, MAC_FORM_LOWER_COLON, form);
    return json_string(form);
}

static json_t *refusal_json(const struct store_refusal *refusal)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:o, s:s, s:s, s:I}", "seq", (json_int_t)refusal->seq,
                     "at", (json_int_t)refusal->at, "source", refusal->source, "reason",
                     refusal->reason, "mac", mac_json(refusal->mac), "role", refusal->role, "token",
                     refusal->token_tag, "count", (json_int_t)refusal->count);
}

static json_t *fetch_json(const struct store_fetch *fetch)
{
    return json_pack("{s:I, s:I, s:s, s:o, s:s, s:s, s:s, s:i, s:I}", "seq", (json_int_t)fetch->seq,
                     "at", (json_int_t)fetch->at, "source", fetch->source, "mac",
                     mac_json(fetch->mac), "role", fetch->role, "token", fetch->token_tag, "agent",
                     fetch->user_agent, "status", (int)fetch->status, "bytes",
                     (json_int_t)fetch->body_bytes);
}

/* The cursor of the next page is the last row's number. */
static int page(struct api_call *call, json_t *items, const struct log_query *query)
{
    size_t count = json_array_size(items);
    json_int_t seq =
        json_integer_value(json_object_get(json_array_get(items, count ? count - 1 : 0), "seq"));

    return api_page_result(
        call, items, count == query->filter.limit ? api_text(call, "%lld", (long long)seq) : NULL);
}

int api_refusal_list(struct api_call *call, struct store_db *db)
{
    struct log_query query = {.filter = {.limit = 0}};
    struct store_refusal *refusals = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = items ? read_query(call, db, &query) : AP_ENOMEM;

    if (!err)
        err = store_log_refusals(db, &call->arena, &query.filter, &refusals, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, refusal_json(&refusals[i])) == 0 ? 0 : AP_ENOMEM;
    if (!err)
        return page(call, items, &query);
    json_decref(items);
    return err;
}

int api_fetch_list(struct api_call *call, struct store_db *db)
{
    struct log_query query = {.filter = {.limit = 0}};
    struct store_fetch *fetches = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = items ? read_query(call, db, &query) : AP_ENOMEM;

    if (!err)
        err = store_log_fetches(db, &call->arena, &query.filter, &fetches, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, fetch_json(&fetches[i])) == 0 ? 0 : AP_ENOMEM;
    if (!err)
        return page(call, items, &query);
    json_decref(items);
    return err;
}

int api_phone_sum(struct api_call *call, struct store_db *db, const struct store_phone *phone,
                  json_t *object)
{
    struct store_log_sum sum;
    char digest[33];
    int err = store_log_sum(db, &call->arena, phone->id, &sum);

    if (err)
        return err;
    text_hex(sum.digest, 16, digest); /* as in the ETag that the phone got */
    json_t *more = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "last_fetch_agent", sum.last_agent,
        "last_fetch_file", sum.last_file, "last_fetch_digest", sum.last_file[0] ? digest : "",
        "fetches", (json_int_t)sum.fetches, "refusals", (json_int_t)sum.refusals, "last_refusal_at",
        (json_int_t)sum.last_refusal_at, "last_refusal_reason", sum.last_refusal_reason);
    err = more && json_object_update(object, more) == 0 ? 0 : AP_ENOMEM;
    json_decref(more);
    return err;
}
