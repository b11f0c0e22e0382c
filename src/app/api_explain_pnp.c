/* Why a phone that asks by multicast is told its URL, or why not: the way of a question, walked
 * without handing anything out. */
#include <string.h>

#include "api_explain.h"
#include "autoprov/array.h"
#include "autoprov/store_pnp.h"
#include "pnp_find.h"

struct walk {
    struct api_call *call;
    struct store_db *db;
    json_t *steps;
    uint8_t mac[AP_MAC_LEN];
    struct address source;
    struct store_pnp row;
    bool has_asked; /* row is its */
    struct pnp_finding found;
    int err; /* the first failure to write a step */
};

static void step(struct walk *walk, const char *name, bool ok, const char *detail)
{
    json_t *item =
        detail ? json_pack("{s:s, s:b, s:s}", "step", name, "ok", (int)ok, "detail", detail) : NULL;

    if (json_array_append_new(walk->steps, item) != 0)
        walk->err = AP_ENOMEM;
}

/* As if asked from there: as told, else where it asked from last, else from this machine. */
static int settle_source(struct walk *walk, const char *from)
{
    const char *text = from ? from : walk->has_asked ? walk->row.source : "127.0.0.1";

    return address_parse(text, &walk->source) == 0
               ? 0
               : api_problem(walk->call, AP_EINVAL, "/from",
                             "from must be an IPv4 or IPv6 address");
}

static int read_question(struct walk *walk)
{
    struct api_call *call = walk->call;
    const char *mac = NULL, *from = NULL;
    bool pnp = true;
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .required = true, .target = &mac},
        {.name = "from", .type = API_FIELD_RAW, .target = &from},
        {.name = "pnp", .type = API_FIELD_BOOL, .target = &pnp},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = api_parse_mac(call, mac, "/mac", walk->mac);
    if (!err)
        err = store_pnp_get(walk->db, &call->arena, walk->mac, &walk->row);
    walk->has_asked = err == 0;
    return err && err != AP_ENOENT ? err : settle_source(walk, from);
}

/* -- the steps --------------------------------------------------------------------------------- */

static void step_asked(struct walk *walk)
{
    const struct store_pnp *row = &walk->row;

    if (!walk->has_asked) {
        step(walk, "question", true, "it has not asked by multicast for 30 days");
        return;
    }
    step(walk, "question", true,
         api_text(walk->call, "it asked last from %s%s%s, %llu times in all%s%s", row->source,
                  row->interface[0] ? " on " : "", row->interface, (unsigned long long)row->count,
                  row->told_at > 0 ? "; told a URL, the outcome was: " : "", row->outcome));
}

static void step_source(struct walk *walk)
{
    const struct config *config = walk->call->snapshot->config;
    bool is_private = address_is_private(&walk->source);
    bool is_flat = network_list_contains(&config->flat_networks, &walk->source);
    char text[AP_ADDRESS_TEXT_MAX];

    address_format(&walk->source, text);
    step(walk, "source", is_private || is_flat,
         api_text(walk->call, "%s is %s", text,
                  is_private ? "a private address"
                  : is_flat  ? "in flat_networks"
                             : "neither a private address nor in flat_networks"));
}

static void step_phone(struct walk *walk)
{
    const struct pnp_finding *found = &walk->found;
    const struct store_phone *phone = &found->phone;

    if (!found->phone_known) {
        step(walk, "phone", false,
             walk->found.reason == POLICY_PNP_UNKNOWN
                 ? "no phone has this MAC"
                 : "not looked for: the question was refused before");
        return;
    }
    step(walk, "phone", phone->enabled,
         api_text(walk->call, "%s %s of user %s, %s", phone->vendor, phone->model, phone->user_name,
                  phone->enabled ? "enabled" : "disabled"));
    if (!found->vendor)
        step(walk, "URL", false,
             api_text(walk->call, "vendor '%s' is not in the catalogue any more", phone->vendor));
    else
        step(walk, "URL", !found->vendor->flat_only,
             found->vendor->flat_only ? "its phones cannot be given one with a token"
                                      : found->vendor->pnp_url);
}

static void step_window(struct walk *walk)
{
    const struct store_access *access = &walk->found.phone.access;

    if (!walk->found.phone_known)
        return;
    bool is_open = access->enrol_until > store_now(walk->db);
    step(walk, "window", is_open,
         is_open                   ? "it is open"
         : access->enrol_until > 0 ? "it is over"
                                   : "none was opened");
    if (access->bootstrap_at > 0)
        step(walk, "bootstrap", access->moved_at == 0,
             access->moved_at > 0
                 ? "it was seen on its token URL after it was handed a bootstrap URL"
                 : "it has a bootstrap URL already: it is told the same again, "
                   "unless that was used or is of another network");
}

static int walk_all(struct walk *walk)
{
    const struct pnp_question question = {
        .snapshot = walk->call->snapshot,
        .reader = walk->db,
        .arena = &walk->call->arena,
        .mac = walk->mac,
        .source = &walk->source,
    };
    enum config_pnp mode = question.snapshot->config->pnp;
    int err = pnp_find(&question, &walk->found);

    if (err)
        return err;
    step(walk, "mode", mode == CONFIG_PNP_PROVISION,
         api_text(walk->call, "pnp = %s", config_pnp_name(mode)));
    step_asked(walk);
    if (mode == CONFIG_PNP_PROVISION) {
        step_source(walk);
        step_phone(walk);
        step_window(walk);
    }
    if (walk->found.reason == POLICY_RENDER_FAILED)
        step(walk, "render", false, walk->found.error.text);
    step(walk, "policy", walk->found.reason == POLICY_SERVE,
         policy_reason_name(walk->found.reason));
    return walk->err;
}

int api_explain_pnp(struct api_call *call, struct store_db *db)
{
    struct walk walk = {.call = call, .db = db, .steps = json_array()};
    int err = walk.steps ? read_question(&walk) : AP_ENOMEM;

    if (!err)
        err = walk_all(&walk);
    if (err) {
        json_decref(walk.steps);
        return err;
    }
    enum policy_reason reason = walk.found.reason;
    const char *next = api_explain_next(reason);

    if (reason == POLICY_NO_BOOTSTRAP)
        next = "there is no URL to tell: the name of the phone's file is not known; give it a "
               "model of the catalogue";
    else if (reason == POLICY_SERVE)
        next = "nothing is in the way: restart the phone, so that it asks";
    else if (reason == POLICY_PNP_UNKNOWN && !walk.has_asked)
        next = "enter the phone: autoprovctl phone add USER MAC, then autoprovctl phone enrol MAC";
    return api_explain_answer(call, reason, next, walk.steps);
}
