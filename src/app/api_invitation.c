/* Invitations: links by which users enter their phones themselves. */
#include <stdio.h>
#include <string.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"

/* -- made, listed, taken back ------------------------------------------------------------------ */

static const struct config_listener *portal_of(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].serves == CONFIG_SERVES_PORTAL)
            return &config->listeners[i];
    }
    return NULL;
}

/* Behind '#': browsers keep that to themselves. NULL without memory. */
static const char *url_of(struct api_call *call, const struct config_listener *portal,
                          const char *text)
{
    unsigned port = portal->address.port;
    const char *host = config_listener_host(portal);

    if (port == 443)
        return api_text(call, "https://%s/#/activate/%s", host, text);
    return api_text(call, "https://%s:%u/#/activate/%s", host, port, text);
}

int api_invitation_add(struct api_call *call, struct store_db *db)
{
    const struct config_listener *portal = portal_of(call->snapshot->config);
    char text[STORE_TICKET_TEXT_MAX] = "", id[STORE_ID_TEXT_MAX];
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
    uint64_t seconds = AP_INVITATION_S;
    struct store_user user;
    const struct api_field fields[] = {
        {.name = "for",
         .type = API_FIELD_NUMBER,
         .min = AP_INVITATION_MIN_S,
         .max = AP_INVITATION_S,
         .target = &seconds},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = api_get_user(call, db, &user);
    if (!err && !portal)
        err = api_problem(call, AP_ECONFLICT, NULL,
                          "there is no portal that a link could lead to: a listener with serves = "
                          "portal");
    if (!err)
        err = store_ticket_make(text);
    if (!err)
        err = store_ticket_digest(text, strlen(text), digest);
    int64_t ends_at = store_now(db) + (int64_t)seconds;
    if (!err)
        err = store_invitation_add(db, user.id, digest, ends_at, id);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", user.name),
                        api_text(call, "invitation=%s", id));
    if (!err)
        err = api_result(call, 201,
                         json_pack("{s:s, s:s, s:I}", "id", id, "url", url_of(call, portal, text),
                                   "ends_at", (json_int_t)ends_at));
    secret_wipe(text, sizeof(text));
    return err;
}

static json_t *invitation_json(const struct store_invitation *invitation)
{
    return json_pack("{s:s, s:I, s:I, s:I}", "id", invitation->id, "created_at",
                     (json_int_t)invitation->created_at, "ends_at", (json_int_t)invitation->ends_at,
                     "used_at", (json_int_t)invitation->used_at);
}

int api_invitation_list(struct api_call *call, struct store_db *db)
{
    const char *after;
    uint32_t limit;
    struct store_user user;
    struct store_invitation *invitations = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err)
        err = api_get_user(call, db, &user);
    if (!err)
        err = store_invitation_list(db, &call->arena, user.id, after, limit, &invitations, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, invitation_json(&invitations[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items, count == limit ? invitations[count - 1].id : NULL);
}

int api_invitation_del(struct api_call *call, struct store_db *db)
{
    struct store_invitation invitation = {.id = NULL};
    int err = store_invitation_get(db, &call->arena, call->params[0], &invitation);

    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no invitation '%s'", call->params[0]);
    if (!err)
        err = store_invitation_del(db, invitation.id);
    if (!err)
        err = api_audit(call, db, api_text(call, "user=%s", invitation.user_name),
                        api_text(call, "invitation=%s", invitation.id));
    return err ? err : api_result(call, 200, invitation_json(&invitation));
}

/* -- followed ---------------------------------------------------------------------------------- */

struct activation {
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
    bool is_in;
};

/* Dead links of a whole office do not hold up its admins: an account of the source's own. */
static int begin_try(struct api_call *call)
{
    char source[AP_ADDRESS_TEXT_MAX];
    uint32_t tries;

    api_sign_in_source(call, source);
    const char *name = api_text(call, "link from %s", source);
    return name ? api_sign_in_begin_named(call, name, &tries) : AP_ENOMEM;
}

int api_activation_before(struct api_call *call)
{
    struct activation *activation = arena_alloc(&call->arena, sizeof(*activation));
    const char *token = NULL;
    const struct api_field fields[] = {
        {.name = "token", .type = API_FIELD_RAW, .required = true, .target = &token},
    };
    int err = activation ? api_read_fields(call, fields, AP_COUNT(fields)) : AP_ENOMEM;

    if (!err)
        err = begin_try(call);
    if (!err)
        err = store_ticket_digest(token, strlen(token), activation->digest);
    call->more = activation;
    return err;
}

/* Of two at the same time the writer runs one first, and the other finds it used. */
int api_activation(struct api_call *call, struct store_db *db)
{
    struct activation *activation = call->more;
    struct store_invitation invitation = {.id = NULL};
    struct store_session session = {.kind = STORE_SESSION_USER};
    int err = store_invitation_use(db, &call->arena, activation->digest, &invitation);

    if (err == AP_ENOENT)
        return 0; /* told behind the commit, where it is counted */
    session.holder_id = invitation.user_id;
    session.invitation_id = invitation.id;
    if (!err)
        err = api_session_begin(call, db, &session);
    if (err)
        return err;
    (void)snprintf(call->actor, sizeof(call->actor), "user=%s", /* 69 bytes at most */
                   invitation.user_name);
    activation->is_in = true;
    return api_audit(call, db, call->actor, api_text(call, "invitation=%s", invitation.id));
}

int api_activation_after(struct api_call *call)
{
    const struct activation *activation = call->more;
    char source[AP_ADDRESS_TEXT_MAX];

    if (!activation->is_in) {
        api_sign_in_wrong(call, "invitation");
        return api_problem(call, AP_EAUTH, NULL, "this link does not work, or no more");
    }
    api_sign_in_source(call, source);
    sign_in_throttle_right(call->api->door.throttle, api_text(call, "link from %s", source), NULL);
    call->api->door.activations++;
    log_event(LOG_LEVEL_NOTICE, "user_signed_in", "%s source=%s", call->actor, source);
    return 0;
}
