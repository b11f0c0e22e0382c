/* The dispatcher: from a request to a call that runs. The only place that looks at roles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/secret.h"

int api_new(const struct api_setup *setup, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof(*api));

    if (!api)
        return AP_ENOMEM;
    api->reader = setup->reader;
    api->writer = setup->writer;
    api->mailbox = setup->mailbox;
    api->clock = setup->clock;
    api->daemon = setup->daemon;
    api->own_uid = setup->own_uid;
    api->group_gid = setup->group_gid;
    api->resync = setup->resync;
    int err = sign_in_throttle_new(&api->door.throttle);
    if (err) {
        free(api);
        return err;
    }
    if (api->resync)
        resync_listen(api->resync, api_takers_ready, api);
    *ret_api = api;
    return 0;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    api_import_free(api);
    sign_in_throttle_free(api->door.throttle);
    free(api);
}

void api_tick(struct api *api)
{
    api_import_tick(api);
    api_takers_tick(api);
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    api_import_stop(api);
    api_takers_stop(api);
    api_passwords_stop(api);
}

static int prepare_call(struct api_call *call, const struct http_request *request)
{
    call->query = request->query;
    call->if_match = request->if_match;
    call->idempotency_key = request->idempotency_key;
    if (strlen(call->idempotency_key) >= API_IDEMPOTENCY_KEY_MAX)
        return api_problem(call, AP_ERANGE, NULL, "Idempotency-Key has at most %d bytes",
                           API_IDEMPOTENCY_KEY_MAX - 1);
    int err = api_check_query(call);
    if (err || request->method == GATE_GET)
        return err;
    if (request->method == GATE_DELETE)
        return request->body_len == 0
                   ? 0
                   : api_problem(call, AP_EINVAL, NULL, "a DELETE takes no body");
    if (call->route->kind == API_UPLOAD)
        return api_take_text(call, request);
    err = api_read_body(call, request);
    /* Who runs a reload reads no body. */
    return !err && call->route->kind == API_RELOAD ? api_read_fields(call, NULL, 0) : err;
}

static struct api_call *new_call(struct api *api, struct http_exchange *exchange)
{
    struct api_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->api = api;
    call->exchange = exchange;
    call->snapshot = snapshot_ref(api->daemon.snapshot(api->daemon.data));
    arena_init(&call->arena, AP_ADMIN_ANSWER_MAX_BYTES);
    return call;
}

/* Is the call one of the portal's pages before somebody has signed in? */
static bool is_open(const struct api_call *call, const struct http_request *request)
{
    return call->route && call->route->who == API_WHO_BROWSER &&
           api_door_is_portal(call->snapshot->config, request);
}

/* What a browser sends with a session, or to get one, must come from a page of ours. Programs have
 * keys, which no page can make a browser send. */
static int check_origin(struct api_call *call, const struct http_request *request)
{
    char text[STORE_TICKET_TEXT_MAX];
    bool must_be_ours = api_door_cookie(request->cookie, text) ||
                        (is_open(call, request) && request->method != GATE_GET);

    secret_wipe(text, sizeof(text));
    /* An open route looks at no key. */
    bool has_key = request->authorization[0] && !is_open(call, request);
    if (has_key || !must_be_ours || api_door_is_same_origin(request) ||
        !api_door_is_portal(call->snapshot->config, request))
        return 0;
    return api_problem(call, AP_EPERM, NULL,
                       "the request comes from no page of this portal (Sec-Fetch-Site, Origin)");
}

/* Who, then what: somebody who may do nothing learns nothing of the paths either, but for those
 * that are there to become somebody. */
static int admit(struct api_call *call, const struct http_request *request, const char **ret_allow)
{
    const char *allow = NULL;
    int found = api_find_route(call, request, &allow);
    int err = check_origin(call, request);

    if (err)
        return err;
    if (is_open(call, request))
        return prepare_call(call, request);
    err = api_identify(call, request);
    if (err)
        return err;
    *ret_allow = allow;
    if (found == AP_ENOENT)
        return api_problem(call, found, NULL, "there is no such path below %s", API_PREFIX);
    if (found)
        return found;
    if (call->role < call->route->role)
        return api_problem(call, AP_EPERM, NULL, "this needs the role %s; %s is %s",
                           api_role_name(call->route->role), call->actor,
                           api_role_name(call->role));
    err = api_check_who(call);
    if (!err)
        err = api_scope_admit(call);
    return err ? err : prepare_call(call, request);
}

void api_handle(void *data, struct http_exchange *exchange)
{
    static const struct api_problem_text NO_MEMORY = {503, "Service Unavailable", "out of memory",
                                                      NULL};
    const struct http_request *request = http_exchange_request(exchange);
    struct api_call *call;
    const char *allow = NULL;

    if (request->refusal != GATE_REASON_NONE) {
        api_answer_refused(exchange, request->refusal);
        return;
    }
    if (api_door_answer(data, exchange) || api_health_answer(data, exchange))
        return;
    call = new_call(data, exchange);
    if (!call) {
        api_answer_problem(exchange, &NO_MEMORY);
        return;
    }
    call->err = admit(call, request, &allow);
    if (allow) {
        struct api_problem_text wrong_method = {405, "Method Not Allowed",
                                                "this path has not that method", allow};
        api_answer_problem(exchange, &wrong_method);
        api_call_free(call);
    } else if (call->err) {
        api_call_answer(call);
    } else {
        api_run(call);
    }
}
