/* Phones that asked by multicast: who they are, to forget one, and to make one a phone of a user.
 */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/store_pnp.h"
#include "pnp_guess.h"

static struct pnp_guess guess_of(const struct api_call *call, const struct store_pnp *row)
{
    return pnp_guess(call->snapshot->rendering->catalogue, row->mac, row->vendor, row->model);
}

static json_t *row_json(const struct api_call *call, const struct store_pnp *row)
{
    const struct pnp_guess guess = guess_of(call, row);
    char mac[AP_MAC_TEXT_MAX];

    mac_format(row->mac, MAC_FORM_LOWER_COLON, mac);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:s}", "mac",
        mac, "vendor", guess.vendor ? guess.vendor->name : "", "model",
        guess.model ? guess.model->name : "", "said_vendor", row->vendor, "said_model", row->model,
        "firmware", row->firmware, "user_agent", row->user_agent, "contact", row->contact, "source",
        row->source, "interface", row->interface, "first_at", (json_int_t)row->first_at, "last_at",
        (json_int_t)row->last_at, "count", (json_int_t)row->count, "known", (int)row->is_known,
        "told_at", (json_int_t)row->told_at, "outcome", row->outcome);
}

static int read_which(struct api_call *call, enum store_pnp_which *ret_which)
{
    const char *known = api_query(call, "known");

    *ret_which = STORE_PNP_ALL;
    if (!known)
        return 0;
    *ret_which = strcmp(known, "yes") == 0 ? STORE_PNP_KNOWN : STORE_PNP_UNKNOWN;
    return *ret_which == STORE_PNP_KNOWN || strcmp(known, "no") == 0
               ? 0
               : api_problem(call, AP_EINVAL, NULL, "known must be yes or no");
}

int api_pnp_list(struct api_call *call, struct store_db *db)
{
    struct store_pnp *rows = NULL;
    size_t count = 0;
    enum store_pnp_which which;
    uint32_t limit;
    const char *after;
    char next[AP_MAC_TEXT_MAX];
    json_t *items = json_array();
    int err = items ? api_query_page(call, &limit, &after) : AP_ENOMEM;

    if (!err)
        err = read_which(call, &which);
    if (!err)
        err = store_pnp_list(db, &call->arena, which, after, limit, &rows, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, row_json(call, &rows[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    if (count == limit)
        mac_format(rows[count - 1].mac, MAC_FORM_LOWER, next);
    return api_page_result(call, items, count == limit ? next : NULL);
}

/* The row that the path names. */
static int get_row(struct api_call *call, struct store_db *db, struct store_pnp *ret_row)
{
    uint8_t mac[AP_MAC_LEN];
    char shown[API_SHOWN_MAX];
    int err = api_parse_mac(call, call->params[0], NULL, mac);

    if (!err)
        err = store_pnp_get(db, &call->arena, mac, ret_row);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL,
                           "no phone with the MAC '%s' has asked by multicast; look with "
                           "'autoprovctl pnp list'",
                           api_shown(call->params[0], shown));
    return err;
}

int api_pnp_show(struct api_call *call, struct store_db *db)
{
    struct store_pnp row;
    int err = get_row(call, db, &row);

    return err ? err : api_result(call, 200, row_json(call, &row));
}

int api_pnp_del(struct api_call *call, struct store_db *db)
{
    struct store_pnp row;
    int err = get_row(call, db, &row);

    if (!err)
        err = store_pnp_del(db, row.mac);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, row.mac), "");
    return err ? err : api_result(call, 200, row_json(call, &row));
}

/* -- adoption ---------------------------------------------------------------------------------- */

/* What was not given is as it was discovered; another vendor than that begins without a model. */
static int settle_vendor(struct api_call *call, const struct store_pnp *row,
                         struct store_phone *phone)
{
    const struct pnp_guess guess = guess_of(call, row);
    bool vendor_given = json_object_get(call->body, "vendor") != NULL;
    bool model_given = json_object_get(call->body, "model") != NULL;

    /* A model of the discovered vendor is meant before one of the same name elsewhere. */
    if (!vendor_given && guess.vendor &&
        (!model_given || catalogue_model(guess.vendor, phone->model))) {
        phone->vendor = guess.vendor->name;
        vendor_given = true;
    }
    if (!model_given && guess.vendor && guess.model &&
        strcmp(phone->vendor, guess.vendor->name) == 0)
        phone->model = guess.model->name;
    return api_settle_vendor(call, phone, vendor_given);
}

int api_pnp_adopt(struct api_call *call, struct store_db *db)
{
    struct store_phone phone = {
        .vendor = "generic", .model = "", .label = "", .enabled = true, .last_fetch_address = ""};
    const char *user_name = NULL;
    uint64_t seconds = API_WINDOW_S;
    json_t *list = NULL;
    struct store_phone added;
    struct store_pnp row;
    int64_t until = 0;
    const struct api_field fields[] = {
        {.name = "user", .type = API_FIELD_NAME, .required = true, .target = &user_name},
        {.name = "vendor", .type = API_FIELD_NAME, .target = &phone.vendor},
        {.name = "model", .type = API_FIELD_NAME, .may_be_empty = true, .target = &phone.model},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &phone.label},
        {.name = "lines", .type = API_FIELD_LIST, .target = &list},
        {.name = "for", .type = API_FIELD_NUMBER, .max = API_WINDOW_MAX_S, .target = &seconds},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = get_row(call, db, &row);
    if (!err)
        err = api_settle_window(call, db, seconds, &until);
    if (!err) {
        memcpy(phone.mac, row.mac, sizeof(phone.mac));
        err = settle_vendor(call, &row, &phone);
    }
    if (!err)
        err = api_add_phone(call, db, &phone, user_name, list);
    if (!err)
        err = store_phone_get(db, &call->arena, phone.mac, &added);
    if (!err && until > 0)
        err = store_enrol(db, added.id, until);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac),
                        api_text(call, "user=%s vendor=%s until=%lld", phone.user_name,
                                 phone.vendor, (long long)until));
    return err ? err : api_phone_result(call, db, &phone, 201, NULL);
}
