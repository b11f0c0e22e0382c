/* Sessions of browsers: found by their cookie, begun, listed, ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"

#define COOKIE_RULES "; Secure; HttpOnly; SameSite=Strict; Path=/"

/* -- of a call --------------------------------------------------------------------------------- */

/* A session's last use on its way to the writer, who frees it. */
struct touch {
    struct store_write write;
    char id[STORE_ID_TEXT_MAX];
};

static int run_touch(struct store_write *write, struct store_db *db)
{
    struct touch *touch = (struct touch *)((char *)write - offsetof(struct touch, write));

    return store_session_touch(db, touch->id);
}

static void touch_done(struct store_write *write, int err)
{
    (void)err; /* the next use writes it */
    free((char *)write - offsetof(struct touch, write));
}

/* True: it was written less than AP_SESSION_TOUCH_S ago, or is on its way. */
static bool was_touched(struct api_door *door, const char *id, int64_t now_ms)
{
    for (size_t i = 0; i < AP_SESSIONS_TOUCHED; i++) {
        const struct api_touched *touched = &door->touched[i];
        if (strcmp(touched->id, id) == 0 &&
            now_ms - touched->at_ms < (int64_t)AP_SESSION_TOUCH_S * 1000)
            return true;
    }
    return false;
}

/* Nobody waits for it: a read stays one. */
static void touch_session(struct api *api, struct store_session *session)
{
    struct api_door *door = &api->door;
    int64_t now_ms = clock_monotonic_ms(api->clock);

    if (store_now(api->reader) - session->last_at < AP_SESSION_TOUCH_S ||
        was_touched(door, session->id, now_ms))
        return;
    struct touch *touch = calloc(1, sizeof(*touch));
    if (!touch)
        return;
    touch->write.run = run_touch;
    touch->write.done = touch_done;
    memcpy(touch->id, session->id, sizeof(touch->id));
    if (store_writer_submit(api->writer, &touch->write) != 0) {
        free(touch);
        return;
    }
    struct api_touched *touched = &door->touched[door->next_touched++ % AP_SESSIONS_TOUCHED];
    memcpy(touched->id, session->id, sizeof(touched->id));
    touched->at_ms = now_ms;
    session->last_at = store_now(api->reader);
}

static int find_by_cookie(struct api_call *call, struct store_db *db, const char *cookie,
                          struct store_session *ret_session)
{
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
    char text[STORE_TICKET_TEXT_MAX];
    int err = api_door_cookie(cookie, text) ? 0 : AP_ENOENT;

    if (!err)
        err = store_ticket_digest(text, strlen(text), digest);
    if (!err)
        err = store_session_find(db, &call->arena, digest, ret_session);
    secret_wipe(text, sizeof(text));
    return err;
}

int api_session_identify(struct api_call *call, const struct http_request *request)
{
    struct store_session *session = arena_alloc(&call->arena, sizeof(*session));
    int err =
        session ? find_by_cookie(call, call->api->reader, request->cookie, session) : AP_ENOMEM;

    if (err == AP_ENOENT)
        return api_problem(call, AP_EAUTH, NULL, "sign in: there is no session, or it has ended");
    if (err)
        return err;
    call->session = session;
    (void)snprintf(call->actor, sizeof(call->actor), "%s=%s", /* 70 bytes at most */
                   store_session_kind_name(session->kind), session->name);
    touch_session(call->api, session);
    if (session->kind == STORE_SESSION_USER) {
        call->role = API_ROLE_USER;
        return 0;
    }
    return api_role_parse(session->role, &call->role) == 0 ? 0 : AP_ECORRUPT;
}

/* The browser forgets the session that it had: nobody else should have it. In a write. */
static int end_former(struct api_call *call, struct store_db *db)
{
    const struct http_request *request = http_exchange_request(call->exchange);
    struct store_session former;
    int err = find_by_cookie(call, db, request->cookie, &former);

    if (!err)
        err = store_session_end(db, former.id);
    return err == AP_ENOENT ? 0 : err;
}

/* -- begin ------------------------------------------------------------------------------------- */

static json_t *session_json(const struct store_session *session)
{
    int64_t idle_ends_at = session->last_at + AP_SESSION_IDLE_S;

    if (idle_ends_at > session->ends_at)
        idle_ends_at = session->ends_at;
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kind",
                     store_session_kind_name(session->kind), "name", session->name, "role",
                     session->role ? session->role : api_role_name(API_ROLE_USER), "id",
                     session->id, "created_at", (json_int_t)session->created_at, "idle_ends_at",
                     (json_int_t)idle_ends_at, "ends_at", (json_int_t)session->ends_at);
}

int api_session_begin(struct api_call *call, struct store_db *db,
                      const struct store_session *session)
{
    const struct http_request *request = http_exchange_request(call->exchange);
    bool is_admin = session->kind == STORE_SESSION_ADMIN;
    struct store_session begun = *session;
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
    char text[STORE_TICKET_TEXT_MAX] = "";
    char address[AP_ADDRESS_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    char agent[STORE_SESSION_AGENT_MAX_BYTES + 1];
    int err = end_former(call, db);

    if (!err)
        err = store_ticket_make(text);
    address_format(request->peer, address);
    for (size_t i = 0; i < sizeof(agent); i++) {
        char c = i < sizeof(agent) - 1 ? request->user_agent[i] : '\0';
        agent[i] = c == '\0' || (c >= 0x20 && c < 0x7f) ? c : '?';
        if (c == '\0')
            break;
    }
    begun.address = address;
    begun.agent = agent;
    begun.ends_at = store_now(db) + (is_admin ? AP_SESSION_ADMIN_S : AP_SESSION_USER_S);
    if (!err)
        err = store_ticket_digest(text, strlen(text), digest);
    if (!err)
        err = store_session_add(db, &begun, digest, id);
    if (!err)
        err = store_session_get(db, &call->arena, id, &begun);
    if (!err) {
        call->set_cookie = api_text(call, API_COOKIE "=%s" COOKIE_RULES, text);
        err = call->set_cookie ? api_result(call, 201, session_json(&begun)) : AP_ENOMEM;
    }
    secret_wipe(text, sizeof(text));
    return err;
}

/* -- routes ------------------------------------------------------------------------------------ */

int api_session_show(struct api_call *call, struct store_db *db)
{
    (void)db;
    return api_result(call, 200, session_json(call->session));
}

int api_session_sign_out(struct api_call *call, struct store_db *db)
{
    int err = store_session_end(db, call->session->id);

    if (err == AP_ENOENT) /* somebody was faster: it is over either way */
        err = 0;
    if (!err)
        err = api_audit(call, db, api_text(call, "session=%s", call->session->id), "");
    call->set_cookie = API_COOKIE "=" COOKIE_RULES "; Max-Age=0";
    return err ? err : api_result(call, 200, session_json(call->session));
}

/* Whose sessions the caller may see and end: NULL in *ret_holder_id: everybody's. AP_EPERM:
 * nobody's, since a key has none. */
static int settle_reach(const struct api_call *call, const char **ret_holder_id)
{
    *ret_holder_id = NULL;
    if (call->role >= API_ROLE_ADMIN)
        return 0;
    if (!call->session)
        return AP_EPERM;
    *ret_holder_id = call->session->holder_id;
    return 0;
}

static json_t *row_json(const struct api_call *call, const struct store_session *session)
{
    bool is_current = call->session && strcmp(call->session->id, session->id) == 0;

    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:b}", "id", session->id, "kind",
                     store_session_kind_name(session->kind), "name", session->name, "created_at",
                     (json_int_t)session->created_at, "last_at", (json_int_t)session->last_at,
                     "ends_at", (json_int_t)session->ends_at, "address", session->address, "agent",
                     session->agent, "current", (int)is_current);
}

int api_session_list(struct api_call *call, struct store_db *db)
{
    const char *after, *holder_id;
    uint32_t limit;
    struct store_session *sessions = NULL;
    size_t count = 0;
    json_t *items = json_array();
    int err = api_query_page(call, &limit, &after);

    if (!err && settle_reach(call, &holder_id) == 0)
        err = store_session_list(db, &call->arena, holder_id, after, limit, &sessions, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = json_array_append_new(items, row_json(call, &sessions[i])) == 0 ? 0 : AP_ENOMEM;
    if (err) {
        json_decref(items);
        return err;
    }
    return api_page_result(call, items,
                           count > 0 && count == limit ? sessions[count - 1].id : NULL);
}

int api_session_end(struct api_call *call, struct store_db *db)
{
    struct store_session session = {.id = NULL};
    const char *holder_id;
    int err = settle_reach(call, &holder_id) == 0 ? 0 : AP_ENOENT;

    if (!err)
        err = store_session_get(db, &call->arena, call->params[0], &session);
    if (!err && holder_id && strcmp(session.holder_id, holder_id) != 0)
        err = AP_ENOENT;
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no session '%s', or it has ended",
                           call->params[0]);
    if (!err)
        err = store_session_end(db, session.id);
    if (!err)
        err =
            api_audit(call, db, api_text(call, "session=%s", session.id),
                      api_text(call, "%s=%s", store_session_kind_name(session.kind), session.name));
    return err ? err : api_result(call, 200, row_json(call, &session));
}
