/* Who asks: a peer of the control socket, or the holder of an API key. Knows no routes. */
#include <stdio.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/store_api_key.h"
#include "autoprov/text.h"

static const char *const ROLES[] = {[API_ROLE_USER] = "user",
                                    [API_ROLE_VIEWER] = "viewer",
                                    [API_ROLE_OPERATOR] = "operator",
                                    [API_ROLE_ADMIN] = "admin"};

int api_role_parse(const char *text, enum api_role *ret_role)
{
    for (size_t i = API_ROLE_VIEWER; i < AP_COUNT(ROLES); i++) {
        if (strcmp(ROLES[i], text) == 0) {
            *ret_role = (enum api_role)i;
            return 0;
        }
    }
    return AP_EINVAL;
}

const char *api_role_name(enum api_role role)
{
    return role == API_ROLE_NONE ? "nobody" : ROLES[role];
}

/* -- the control socket ------------------------------------------------------------------------ */

/* unix(7): the socket's mode let the peer in; this names it. Under PrivateUsers= all but root and
 * the daemon's own user show as 65534, and the mode alone has decided. */
static enum api_role role_of_peer(const struct api *api, const struct http_peer_user *user)
{
    if (user->uid == 0 || user->uid == api->own_uid || user->uid == 65534)
        return API_ROLE_ADMIN;
    if (api->group_gid == (gid_t)-1)
        return API_ROLE_NONE;
    if (user->gid == api->group_gid)
        return API_ROLE_ADMIN;
    for (size_t i = 0; i < user->group_count; i++) {
        if (user->groups[i] == api->group_gid)
            return API_ROLE_ADMIN;
    }
    return API_ROLE_NONE;
}

static int identify_peer(struct api_call *call, const struct http_peer_user *user)
{
    call->role = role_of_peer(call->api, user);
    (void)snprintf(call->actor, sizeof(call->actor), "uid=%u", /* 14 bytes at most */
                   (unsigned)user->uid);
    if (call->role == API_ROLE_NONE)
        return api_problem(call, AP_EPERM, NULL,
                           "only root and members of the group '%s' may do this",
                           call->snapshot->config->group);
    return 0;
}

/* -- keys -------------------------------------------------------------------------------------- */

/* RFC 6750, 2.1: "Bearer" and one blank or more; the scheme in any case (RFC 9110, 11.1). NULL: it
 * is none. */
static const char *bearer_of(const char *authorization)
{
    static const char SCHEME[] = "Bearer ";
    size_t len = sizeof(SCHEME) - 1;

    if (strlen(authorization) <= len || !text_equal_nocase(authorization, len, SCHEME, len))
        return NULL;
    return authorization + len + strspn(authorization + len, " ");
}

static int find_key(struct api_call *call, const char *text, struct store_api_key *ret_key)
{
    uint8_t digest[STORE_API_KEY_DIGEST_BYTES];
    int err = store_api_key_digest(text, strlen(text), digest);

    return err ? err : store_api_key_find(call->api->reader, &call->arena, digest, ret_key);
}

static int identify_key(struct api_call *call, const struct http_request *request)
{
    const char *text = bearer_of(request->authorization);
    struct store_api_key key = {.id = NULL};
    char source[AP_ADDRESS_TEXT_MAX];
    int err = text ? find_key(call, text, &key) : AP_ENOENT;

    address_format(request->peer, source);
    if (err == AP_ENOENT) {
        if (text)
            log_event(LOG_LEVEL_WARNING, "admin_refused", "source=%s reason=unknown_key", source);
        return api_problem(call, AP_EAUTH, NULL,
                           "send an API key: Authorization: Bearer KEY (autoprovctl apikey add)");
    }
    if (err)
        return err;
    (void)snprintf(call->actor, sizeof(call->actor), "key=%s", key.name); /* 64 bytes at most */
    if (key.networks[0] && !network_text_contains(key.networks, request->peer)) {
        log_event(LOG_LEVEL_WARNING, "admin_refused", "source=%s reason=key_network %s", source,
                  call->actor);
        return api_problem(call, AP_EPERM, NULL, "the key '%s' may not be used from %s", key.name,
                           source);
    }
    call->key_id = key.id;
    call->site_id = key.site_id;
    call->site_name = key.site_name;
    return api_role_parse(key.role, &call->role) == 0 ? 0 : AP_ECORRUPT;
}

int api_identify(struct api_call *call, const struct http_request *request)
{
    if (request->peer_user)
        return identify_peer(call, request->peer_user);
    if (!request->authorization[0] && api_door_is_portal(call->snapshot->config, request))
        return api_session_identify(call, request);
    return identify_key(call, request);
}

/* The session that came, unless it has ended or its holder may do less. */
static int check_session(struct api_call *call, struct store_db *db)
{
    const struct store_session *session = call->session;
    struct store_session now;
    int err = store_session_get(db, &call->arena, session->id, &now);

    if (err == AP_ENOENT ||
        (!err && session->role && (!now.role || strcmp(session->role, now.role) != 0)))
        return api_problem(call, AP_EAUTH, NULL, "sign in: the session has ended meanwhile");
    return err;
}

int api_identify_again(struct api_call *call, struct store_db *db)
{
    struct store_api_key key;
    int err = call->session ? check_session(call, db) : 0;

    if (err || !call->key_id)
        return err;
    err = store_api_key_get(db, &call->arena, call->key_id, &key);
    return err == AP_ENOENT ? api_problem(call, AP_EAUTH, NULL, "the key was deleted meanwhile")
                            : err;
}

/* -- whom a route is for ----------------------------------------------------------------------- */

int api_check_who(struct api_call *call)
{
    const struct http_request *request = http_exchange_request(call->exchange);
    const struct store_session *session = call->session;

    /* What is shown is a secret, and browsers keep what they GET. */
    if (session && call->route->method == GATE_GET && call->route->kind == API_WRITE)
        return api_problem(call, AP_EPERM, NULL, "a browser asks for this by POST");
    switch (call->route->who) {
    case API_WHO_ANYBODY:
        return 0;
    case API_WHO_SOCKET:
        return request->peer_user
                   ? 0
                   : api_problem(call, AP_EPERM, NULL,
                                 "this is for the control socket alone: autoprovctl");
    case API_WHO_BROWSER:
        break;
    case API_WHO_SESSION:
        if (session)
            return 0;
        break;
    case API_WHO_ADMIN_SESSION:
        if (session && session->kind == STORE_SESSION_ADMIN)
            return 0;
        break;
    case API_WHO_USER_SESSION:
        if (session && session->kind == STORE_SESSION_USER)
            return 0;
        break;
    }
    return api_problem(call, AP_EPERM, NULL, "this is for browsers with a session of another kind");
}
