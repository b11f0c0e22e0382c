/* Who may fetch beyond the pair: networks, flat mode and secrets of a phone; enrolment windows; and
 * who has not moved to its token URL. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"

#define NETWORKS_MAX 64

/* A phone may be off over a weekend, but a window is none that stands open for it. */
#define MIN_WINDOW_S 60
/* MACs of one call: each is a row of one transaction. */
#define ENROL_MAX 1000

/* -- networks ---------------------------------------------------------------------------------- */

json_t *api_networks_json(const char *networks)
{
    json_t *list = json_array();

    for (const char *at = networks ? networks : ""; list && *at;) {
        size_t len = strcspn(at, ",");
        if (json_array_append_new(list, json_stringn(at, len)) != 0) {
            json_decref(list);
            return NULL;
        }
        at += len;
        at += *at == ',';
    }
    return list;
}

int api_join_networks(struct api_call *call, const json_t *list, const char **ret_networks)
{
    struct network network;
    const char *joined = "";

    if (json_array_size(list) > NETWORKS_MAX)
        return api_problem(call, AP_ERANGE, "/networks", "at most %d networks", NETWORKS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || network_parse(text, &network) != 0)
            return api_problem(call, AP_EINVAL, "/networks",
                               "networks: addresses or networks, as in 192.0.2.7, 10.0.0.0/8");
        joined = api_text(call, "%s%s%s", joined, joined[0] ? "," : "", text);
        if (!joined)
            return AP_ENOMEM;
    }
    *ret_networks = joined;
    return 0;
}

int api_settle_networks(struct api_call *call, const json_t *list, const char **networks)
{
    const char *joined = "";

    if (!list)
        return 0;
    int err = api_join_networks(call, list, &joined);
    if (!err)
        *networks = joined[0] ? joined : NULL;
    return err;
}

/* -- a phone's access -------------------------------------------------------------------------- */

json_t *api_access_json(const struct store_access *access)
{
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:s, s:I, s:I}", "flat",
                     store_flat_name(access->flat), "secrets", store_secrets_name(access->secrets),
                     "networks", api_networks_json(access->networks), "enrol_until",
                     (json_int_t)access->enrol_until, "first_fetch_at",
                     (json_int_t)access->first_at, "first_fetch_network",
                     access->first_network ? access->first_network : "", "bootstrap_at",
                     (json_int_t)access->bootstrap_at, "moved_at", (json_int_t)access->moved_at);
}

int api_settle_access(struct api_call *call, struct api_access_fields *fields,
                      struct store_access *access)
{
    int err = 0;

    if (fields->flat && !fields->flat[0])
        access->flat = STORE_FLAT_DEFAULT;
    else if (fields->flat && store_flat_parse(fields->flat, &access->flat) != 0)
        err = api_problem(call, AP_EINVAL, "/flat",
                          "flat: full, bootstrap, off, or empty for the configuration's");
    if (!err && fields->secrets && !fields->secrets[0])
        access->secrets = STORE_SECRETS_DEFAULT;
    else if (!err && fields->secrets && store_secrets_parse(fields->secrets, &access->secrets) != 0)
        err = api_problem(call, AP_EINVAL, "/secrets",
                          "secrets: always, once, first_network, or empty for the configuration's");
    if (!err)
        err = api_settle_auth(call, &fields->auth, &access->auth);
    return err ? err : api_settle_networks(call, fields->networks, &access->networks);
}

/* -- windows ----------------------------------------------------------------------------------- */

int api_settle_window(struct api_call *call, struct store_db *db, uint64_t seconds,
                      int64_t *ret_until)
{
    if (seconds > 0 && seconds < MIN_WINDOW_S)
        return api_problem(call, AP_EINVAL, "/for", "for: %d to %d seconds, or 0 for none",
                           MIN_WINDOW_S, API_WINDOW_MAX_S);
    *ret_until = seconds > 0 ? store_now(db) + (int64_t)seconds : 0;
    return 0;
}

struct enrolment {
    json_t *macs; /* of the body; NULL: the user's */
    const char *user;
    int64_t until; /* 0: close */
    json_t *opened;
};

static int enrol_phone(struct api_call *call, struct store_db *db, struct enrolment *enrolment,
                       const struct store_phone *phone)
{
    char mac[AP_MAC_TEXT_MAX];
    int err = store_enrol(db, phone->id, enrolment->until);

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    if (!err && json_array_append_new(enrolment->opened, json_string(mac)) != 0)
        err = AP_ENOMEM;
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone->mac),
                        enrolment->until > 0
                            ? api_text(call, "until=%lld", (long long)enrolment->until)
                            : "closed");
    return err;
}

static int enrol_macs(struct api_call *call, struct store_db *db, struct enrolment *enrolment)
{
    size_t count = json_array_size(enrolment->macs);

    if (count == 0 || count > ENROL_MAX)
        return api_problem(call, AP_ERANGE, "/macs", "macs: 1 to %d", ENROL_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(enrolment->macs, i));
        const char *pointer = api_text(call, "/macs/%zu", i);
        struct store_phone phone;
        uint8_t mac[AP_MAC_LEN];
        char shown[API_SHOWN_MAX];
        int err = pointer ? api_parse_mac(call, text ? text : "", pointer, mac) : AP_ENOMEM;
        if (!err)
            err = store_phone_get(db, &call->arena, mac, &phone);
        if (!err)
            err = api_scope_has_user(call, db, phone.user_name);
        if (err == AP_ENOENT)
            return api_problem(call, err, pointer,
                               "there is no phone '%s': add it with 'autoprovctl phone add USER "
                               "MAC'; nothing was opened",
                               api_shown(text, shown));
        if (!err)
            err = enrol_phone(call, db, enrolment, &phone);
        if (err)
            return err;
    }
    return 0;
}

static int enrol_user(struct api_call *call, struct store_db *db, struct enrolment *enrolment)
{
    struct store_phone *phones = NULL;
    struct store_user user;
    size_t count = 0;
    const char *after = "";
    char mac[AP_MAC_TEXT_MAX];
    int err = api_scope_has_user(call, db, enrolment->user);

    if (!err)
        err = store_user_get(db, &call->arena, enrolment->user, &user);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/user", "there is no user '%s'", enrolment->user);
    do {
        if (!err)
            err = store_phone_list(db, &call->arena, user.id, after, ENROL_MAX, &phones, &count);
        for (size_t i = 0; !err && i < count; i++)
            err = enrol_phone(call, db, enrolment, &phones[i]);
        if (!err && count > 0) {
            mac_format(phones[count - 1].mac, MAC_FORM_LOWER, mac);
            after = mac;
        }
    } while (!err && count == ENROL_MAX);
    return err;
}

int api_enrol(struct api_call *call, struct store_db *db)
{
    struct enrolment enrolment = {.opened = json_array()};
    uint64_t seconds = API_WINDOW_S;
    const struct api_field fields[] = {
        {.name = "macs", .type = API_FIELD_LIST, .target = &enrolment.macs},
        {.name = "user", .type = API_FIELD_NAME, .target = &enrolment.user},
        {.name = "for", .type = API_FIELD_NUMBER, .max = API_WINDOW_MAX_S, .target = &seconds},
    };
    int err = enrolment.opened ? api_read_fields(call, fields, AP_COUNT(fields)) : AP_ENOMEM;

    if (!err && (enrolment.macs != NULL) == (enrolment.user != NULL))
        err = api_problem(call, AP_EINVAL, NULL, "give either macs or user");
    if (!err)
        err = api_settle_window(call, db, seconds, &enrolment.until);
    if (!err)
        err = enrolment.macs ? enrol_macs(call, db, &enrolment) : enrol_user(call, db, &enrolment);
    if (err) {
        json_decref(enrolment.opened);
        return err;
    }
    return api_result(call, 200,
                      json_pack("{s:o, s:I}", "macs", enrolment.opened, "enrol_until",
                                (json_int_t)enrolment.until));
}

/* -- who has not moved ------------------------------------------------------------------------- */

static json_t *unmoved_json(const struct store_unmoved *phone)
{
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER_COLON, mac);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "mac", mac, "user", phone->user_name, "why",
                     phone->why, "since", (json_int_t)phone->since, "ends_at",
                     (json_int_t)phone->ends_at, "last_fetch_at", (json_int_t)phone->last_fetch_at);
}

int api_unmoved_list(struct api_call *call, struct store_db *db)
{
    struct store_unmoved *phones = NULL;
    const char *user_id = NULL, *after;
    uint32_t limit;
    size_t count = 0;
    char next[AP_MAC_TEXT_MAX];
    json_t *items = json_array();
    int err = items ? api_query_page(call, &limit, &after) : AP_ENOMEM;

    if (!err)
        err = api_query_user(call, db, &user_id);
    if (!err)
        err = store_unmoved_list(db, &call->arena, user_id, after, limit, &phones, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, unmoved_json(&phones[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    if (count == limit)
        mac_format(phones[count - 1].mac, MAC_FORM_LOWER, next);
    return api_page_result(call, items, count == limit ? next : NULL);
}
