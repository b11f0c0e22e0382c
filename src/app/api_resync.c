/* Making phones fetch: orders, what became of each phone, how far an order is. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"

/* -- what several routes need ------------------------------------------------------------------ */

int api_resync_before(struct api_call *call)
{
    return call->api->resync
               ? 0
               : api_problem(call, AP_EBUSY, NULL, "this daemon cannot tell phones to fetch");
}

int api_resync_macs(struct api_call *call, const char *const *texts, size_t count,
                    struct resync_order *order)
{
    uint8_t(*macs)[AP_MAC_LEN] = arena_alloc_array(&call->arena, count, sizeof(*macs));
    int err = macs ? 0 : AP_ENOMEM;

    for (size_t i = 0; !err && i < count; i++)
        err = mac_parse(texts[i], strlen(texts[i]), macs[i]);
    order->macs = macs;
    order->mac_count = count;
    return err;
}

int api_check_contact(struct api_call *call, const char *contact)
{
    static const char POINTER[] = "/sip_contact";
    int err = contact[0] ? resync_check_contact(contact) : 0;

    if (err == AP_ERANGE)
        return api_problem(call, err, POINTER, "sip_contact has at most %d bytes",
                           STORE_CONTACT_MAX - 1);
    if (err == AP_ESYNTAX)
        return api_problem(call, AP_EINVAL, POINTER,
                           "sip_contact must be a SIP URI, as in sip:1001@192.0.2.7:5060");
    if (err)
        return api_problem(
            call, err, POINTER,
            "sip_contact must have an address, not a name (the daemon asks no DNS), and "
            "be reached by UDP: no sips, no maddr, no other transport");
    return 0;
}

/* -- orders ------------------------------------------------------------------------------------ */

/* What the body says. */
struct wish {
    struct resync_order order;
    json_t *macs;
    const char *user;
};

static int read_whom(struct api_call *call, struct wish *wish, bool stale, bool all)
{
    int given = (wish->macs != NULL) + (wish->user != NULL) + stale + all;

    if (given != 1)
        return api_problem(call, AP_EINVAL, NULL, "give one of macs, user, stale or all");
    wish->order.whom = wish->macs   ? RESYNC_PHONES
                       : wish->user ? RESYNC_USER
                       : stale      ? RESYNC_STALE
                                    : RESYNC_ALL;
    if (call->site_id && wish->order.whom >= RESYNC_STALE)
        return api_problem(call, AP_EPERM, NULL,
                           "this is not of one site: a key of site '%s' names phones or users",
                           call->site_name);
    return 0;
}

static int read_wish(struct api_call *call, struct wish *wish)
{
    const char *kind = NULL;
    bool stale = false, all = false;
    uint64_t rate = 0;
    const struct api_field fields[] = {
        {.name = "macs", .type = API_FIELD_LIST, .target = &wish->macs},
        {.name = "user", .type = API_FIELD_NAME, .target = &wish->user},
        {.name = "stale", .type = API_FIELD_BOOL, .target = &stale},
        {.name = "all", .type = API_FIELD_BOOL, .target = &all},
        {.name = "kind", .type = API_FIELD_RAW, .target = &kind},
        {.name = "rate",
         .type = API_FIELD_NUMBER,
         .min = 1,
         .max = AP_RESYNC_RATE_MAX,
         .target = &rate},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err && kind && store_resync_kind_parse(kind, &wish->order.kind) != 0)
        err = api_problem(call, AP_EINVAL, "/kind", "kind: resync, reboot or url");
    /* As GET /phones/MAC/url: it opens the file with the passwords, and is sent in clear. */
    if (!err && wish->order.kind == STORE_RESYNC_URL && call->role < API_ROLE_ADMIN)
        err = api_problem(call, AP_EPERM, "/kind", "kind url needs the role %s; %s is %s",
                          api_role_name(API_ROLE_ADMIN), call->actor, api_role_name(call->role));
    wish->order.rate = (uint32_t)rate;
    wish->order.actor = call->actor;
    wish->order.site_id = call->site_id;
    return err ? err : read_whom(call, wish, stale, all);
}

static int busy(struct api_call *call)
{
    return api_problem(call, AP_EBUSY, NULL,
                       "an order of all or of stale phones runs, or too many do: 'autoprovctl "
                       "resync status' shows them, 'autoprovctl resync stop' ends them");
}

int api_resync_add_before(struct api_call *call)
{
    struct wish *wish = arena_alloc(&call->arena, sizeof(*wish));
    int err = api_resync_before(call);

    call->more = wish;
    if (!err)
        err = wish ? read_wish(call, wish) : AP_ENOMEM;
    if (!err && resync_check(call->api->resync, wish->order.whom) != 0)
        err = busy(call);
    return err;
}

/* One phone that cannot be told is a mistake; among many it is one of them. */
static int check_only(struct api_call *call, const struct store_phone *phone,
                      enum store_resync_kind kind)
{
    const struct catalogue_vendor *vendor = api_phone_vendor(call, phone);

    if (!vendor)
        return AP_ENOENT;
    if (!phone->enabled)
        return api_problem(call, AP_EINVAL, "/macs/0",
                           "the phone is off: autoprovctl phone set MAC --enable");
    if (resync_event(vendor, kind))
        return 0;
    if (kind == STORE_RESYNC_URL)
        return api_problem(call, AP_EINVAL, "/kind",
                           "phones of %s cannot be given a URL with a token", vendor->title);
    return api_problem(call, AP_EINVAL, "/kind",
                       "phones of %s cannot be told to %s: the catalogue has no event for it",
                       vendor->title, kind == STORE_RESYNC_REBOOT ? "restart" : "fetch");
}

static int settle_mac(struct api_call *call, struct store_db *db, struct wish *wish, size_t index,
                      uint8_t ret_mac[static AP_MAC_LEN])
{
    const char *text = json_string_value(json_array_get(wish->macs, index));
    const char *pointer = api_text(call, "/macs/%zu", index);
    struct store_phone phone;
    char shown[API_SHOWN_MAX];
    int err = pointer ? api_parse_mac(call, text ? text : "", pointer, ret_mac) : AP_ENOMEM;

    if (err)
        return err;
    err = store_phone_get(db, &call->arena, ret_mac, &phone);
    if (!err)
        err = api_scope_has_user(call, db, phone.user_name);
    if (err == AP_ENOENT)
        return api_problem(call, err, pointer, "there is no phone '%s'; nobody is told",
                           api_shown(text, shown));
    if (!err && json_array_size(wish->macs) == 1)
        err = check_only(call, &phone, wish->order.kind);
    return err;
}

static int settle_macs(struct api_call *call, struct store_db *db, struct wish *wish)
{
    size_t count = json_array_size(wish->macs);
    uint8_t(*macs)[AP_MAC_LEN];
    int err = 0;

    if (count == 0 || count > AP_RESYNC_MACS_MAX)
        return api_problem(call, AP_ERANGE, "/macs", "macs: 1 to %d", AP_RESYNC_MACS_MAX);
    macs = arena_alloc_array(&call->arena, count, sizeof(*macs));
    if (!macs)
        return AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++)
        err = settle_mac(call, db, wish, i, macs[i]);
    wish->order.macs = macs;
    wish->order.mac_count = count;
    return err;
}

/* Of a caller of one site: phones of other sites that share a line stay out. */
static int keep_own(struct api_call *call, struct store_db *db, struct resync_order *order)
{
    uint8_t(*macs)[AP_MAC_LEN] = arena_alloc_array(&call->arena, order->mac_count, sizeof(*macs));
    size_t count = 0;
    int err = macs ? 0 : AP_ENOMEM;

    for (size_t i = 0; !err && i < order->mac_count; i++) {
        struct store_phone phone;
        err = store_phone_get(db, &call->arena, order->macs[i], &phone);
        if (!err)
            err = api_scope_has_user(call, db, phone.user_name);
        if (!err)
            memcpy(macs[count++], order->macs[i], sizeof(*macs));
        if (err == AP_ENOENT)
            err = 0;
    }
    order->macs = macs;
    order->mac_count = count;
    return err;
}

static int settle_user(struct api_call *call, struct store_db *db, struct wish *wish)
{
    const char *const *texts = NULL;
    struct store_user user;
    size_t count = 0;
    int err = api_scope_has_user(call, db, wish->user);

    if (!err)
        err = store_user_get(db, &call->arena, wish->user, &user);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/user", "there is no user '%s'", wish->user);
    if (!err)
        err = store_phone_concerned(db, &call->arena, user.id, &texts, &count);
    if (!err)
        err = api_resync_macs(call, texts, count, &wish->order);
    if (!err && call->site_id)
        err = keep_own(call, db, &wish->order);
    if (!err && wish->order.mac_count == 0)
        err = api_problem(call, AP_EINVAL, "/user", "user '%s' has no phone", wish->user);
    return err;
}

static const char *object_of(struct api_call *call, const struct wish *wish)
{
    if (wish->order.whom == RESYNC_USER)
        return api_text(call, "user=%s", wish->user);
    if (wish->order.whom == RESYNC_PHONES && wish->order.mac_count == 1)
        return api_phone_object(call, wish->order.macs[0]);
    if (wish->order.whom == RESYNC_PHONES)
        return api_text(call, "phones=%zu", wish->order.mac_count);
    return api_text(call, "phones=%s", resync_whom_name(wish->order.whom));
}

int api_resync_add(struct api_call *call, struct store_db *db)
{
    struct wish *wish = call->more;
    int err = 0;

    if (wish->macs)
        err = settle_macs(call, db, wish);
    else if (wish->user)
        err = settle_user(call, db, wish);
    if (err)
        return err;
    return api_audit(call, db, object_of(call, wish),
                     api_text(call, "kind=%s", store_resync_kind_name(wish->order.kind)));
}

int api_resync_add_after(struct api_call *call)
{
    struct wish *wish = call->more;
    uint64_t order_id = 0;
    int err = resync_order(call->api->resync, &wish->order, &order_id);

    if (err == AP_EBUSY) /* another one was committed meanwhile */
        return busy(call);
    if (err)
        return err;
    return api_result(call, 202,
                      json_pack("{s:I, s:s, s:o, s:s}", "order", (json_int_t)order_id, "of",
                                resync_whom_name(wish->order.whom), "phones",
                                wish->order.whom < RESYNC_STALE
                                    ? json_integer((json_int_t)wish->order.mac_count)
                                    : json_null(),
                                "kind", store_resync_kind_name(wish->order.kind)));
}

int api_resync_cancel(struct api_call *call, struct store_db *db)
{
    return api_audit(call, db, api_text(call, "phones=%s", call->site_id ? "site" : "all"), "");
}

int api_resync_cancel_after(struct api_call *call)
{
    size_t count = resync_cancel(call->api->resync, call->site_id);

    return api_result(call, 200, json_pack("{s:I}", "stopped", (json_int_t)count));
}

/* -- what became of it ------------------------------------------------------------------------- */

static json_t *row_json(const struct store_resync_row *row)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(row->mac, MAC_FORM_LOWER_COLON, mac);
    return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:I}", "mac", mac,
                     "user", row->user_name, "order", (json_int_t)row->order_id, "asked_at",
                     (json_int_t)row->asked_at, "kind", store_resync_kind_name(row->kind), "via",
                     store_resync_via_name(row->via), "target", row->target, "outcome",
                     store_resync_outcome_name(row->outcome), "status", row->status, "why",
                     store_resync_why_name(row->why), "ended_at", (json_int_t)row->ended_at,
                     "fetched_at", (json_int_t)row->fetched_at);
}

static int read_filter(struct api_call *call, struct store_db *db,
                       struct store_resync_filter *filter, uint8_t mac[static AP_MAC_LEN])
{
    const char *text = api_query(call, "mac");
    enum store_resync_outcome outcome;
    struct store_phone phone;
    char shown[API_SHOWN_MAX];
    int err = api_query_page(call, &filter->limit, &filter->after);

    if (!err)
        err = api_query_user(call, db, &filter->user_id);
    filter->outcome = api_query(call, "outcome");
    if (!err && filter->outcome && store_resync_outcome_parse(filter->outcome, &outcome) != 0)
        err = api_problem(call, AP_EINVAL, NULL,
                          "outcome: waiting, accepted, challenged, refused, unreachable, "
                          "no_target, failed or cancelled");
    if (err || !text)
        return err;
    err = api_parse_mac(call, text, NULL, mac);
    if (err)
        return err;
    err = store_phone_get(db, &call->arena, mac, &phone);
    if (!err)
        err = api_scope_has_user(call, db, phone.user_name);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no phone '%s'", api_shown(text, shown));
    filter->mac = mac;
    return err;
}

int api_resync_list(struct api_call *call, struct store_db *db)
{
    struct store_resync_filter filter = {.site_id = call->site_id};
    struct store_resync_row *rows = NULL;
    uint8_t mac[AP_MAC_LEN];
    size_t count = 0;
    json_t *items = json_array();
    int err = items ? read_filter(call, db, &filter, mac) : AP_ENOMEM;

    if (!err)
        err = store_resync_list(db, &call->arena, &filter, &rows, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, row_json(&rows[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == filter.limit ? rows[count - 1].phone_id : NULL);
}

/* -- how far it is ----------------------------------------------------------------------------- */

/* What is at work at this moment, for the job thread. */
struct status {
    struct resync_progress orders[RESYNC_PROGRESS_MAX];
    size_t count;
};

int api_resync_status_before(struct api_call *call)
{
    struct status *status = arena_alloc(&call->arena, sizeof(*status));
    int err = api_resync_before(call);

    if (err || !status)
        return err ? err : AP_ENOMEM;
    status->count = resync_progress(call->api->resync, call->site_id, status->orders);
    call->more = status;
    return 0;
}

static json_t *outcomes_json(const uint64_t counts[static STORE_RESYNC_OUTCOME_COUNT])
{
    json_t *object = json_object();

    for (int i = 0; object && i < STORE_RESYNC_OUTCOME_COUNT; i++) {
        if (json_object_set_new(object, store_resync_outcome_name((enum store_resync_outcome)i),
                                json_integer((json_int_t)counts[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static int add_order(struct store_db *db, const struct resync_progress *order, json_t *items)
{
    uint64_t fetched = 0;
    int err = store_resync_fetched(db, order->order_id, &fetched);

    if (err)
        return err;
    json_t *item = json_pack(
        "{s:I, s:s, s:s, s:i, s:s, s:b, s:b, s:I, s:I, s:o, s:I, s:I, s:I, s:o}", "order",
        (json_int_t)order->order_id, "of", resync_whom_name(order->whom), "kind",
        store_resync_kind_name(order->kind), "rate", (int)order->rate, "actor", order->actor,
        "automatic", (int)order->automatic, "cancelled", (int)order->cancelled, "ordered_at",
        (json_int_t)order->ordered_at, "ended_at", (json_int_t)order->ended_at, "phones",
        order->counted ? json_integer((json_int_t)order->total) : json_null(), "passed_over",
        (json_int_t)order->passed_over, "asked", (json_int_t)order->asked, "fetched",
        (json_int_t)fetched, "outcomes", outcomes_json(order->outcomes));
    return json_array_append_new(items, item) == 0 ? 0 : AP_ENOMEM;
}

int api_resync_status(struct api_call *call, struct store_db *db)
{
    const struct status *status = call->more;
    json_t *items = json_array();
    int err = items ? 0 : AP_ENOMEM;

    for (size_t i = 0; !err && i < status->count; i++)
        err = add_order(db, &status->orders[i], items);
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, NULL);
}
