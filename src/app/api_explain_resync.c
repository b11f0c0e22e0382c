/* How a phone can be told to fetch anew, and what came of it last, for explain. */
#include "api_explain.h"
#include "provision_find.h"

/* NULL without memory, or *ret_err. */
static const char *last_resync(struct api_call *call, struct store_db *db, const char *phone_id,
                               int *ret_err)
{
    struct store_resync_row row;
    int err = store_resync_get(db, &call->arena, phone_id, &row);

    *ret_err = err == AP_ENOENT ? 0 : err;
    if (err)
        return err == AP_ENOENT ? "it was not told yet" : NULL;
    return api_text(call, "told last: %s%s%s%s", store_resync_outcome_name(row.outcome),
                    row.status ? api_text(call, " with %d", row.status) : "",
                    row.why ? api_text(call, " (%s)", store_resync_why_name(row.why)) : "",
                    row.fetched_at ? ", and it fetched since" : ", no fetch since");
}

/* A PBX knows the contacts of its accounts. */
static const char *by_program(struct api_call *call, const struct store_resync_target *target,
                              const char *event, const char *last)
{
    return api_text(call, "by %s through the program of notifier = external, as %s@%s; %s", event,
                    target->sip_user, target->domain, last);
}

int api_explain_resync(struct api_call *call, struct store_db *db,
                       const struct provision_finding *found, bool *ret_can,
                       const char **ret_detail)
{
    bool external = call->snapshot->config->notifier == CONFIG_NOTIFIER_EXTERNAL;
    const char *event = resync_event(found->vendor, STORE_RESYNC_FETCH);
    struct store_resync_target target;
    struct resync_place place = {.uri = ""};
    int err = 0;
    const char *last = last_resync(call, db, found->phone.id, &err);

    if (!err)
        err = store_resync_target(db, &call->arena, found->phone.mac, false, &target);
    if (err)
        return err;
    err = resync_find_place(&call->arena, &target, &place);
    if (err && err != AP_ENOENT)
        return err;
    *ret_can = event && (!err || (external && target.sip_user));
    if (!event)
        *ret_detail = "phones of this vendor cannot be told to fetch";
    else if (external && target.sip_user)
        *ret_detail = by_program(call, &target, event, last);
    else if (err)
        *ret_detail = api_text(call,
                               "where it listens is not known: it never fetched, and has no "
                               "sip_contact; %s",
                               last);
    else
        *ret_detail =
            api_text(call, "by %s to %s (%s%s); %s", event, place.uri, place.origin,
                     external ? ", through the program of notifier = external" : "", last);
    return *ret_detail && last ? 0 : AP_ENOMEM;
}
