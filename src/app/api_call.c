/* One call: body in, answer or problem (RFC 9457) out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/text.h"

#define JSON_TEXT    "application/json"
#define PROBLEM_TEXT "application/problem+json"
#define CSV_TEXT     "text/csv"
#define DEFAULT_PAGE 100

static const struct problem_kind {
    int err;
    int status;
    const char *name; /* of the type URN; the control tool maps it to its exit code */
    const char *title;
} PROBLEMS[] = {
    {AP_ENOENT, 404, "not_found", "Not Found"},
    {AP_EEXIST, 409, "exists", "Exists Already"},
    {AP_ECONFLICT, 409, "conflict", "Conflict"},
    {AP_EINVAL, 422, "invalid", "Invalid Value"},
    {AP_ERANGE, 422, "invalid", "Invalid Value"},
    {AP_ESYNTAX, 400, "invalid", "Cannot Be Parsed"},
    {AP_ETHROTTLED, 429, "throttled", "Too Many Tries"},
    {AP_EAUTH, 401, "unauthenticated", "Unauthenticated"},
    {AP_EPERM, 403, "not_permitted", "Not Permitted"},
    {AP_ESTALE, 412, "stale", "Changed Meanwhile"},
    {AP_EFULL, 507, "full", "No Space Left"},
    {AP_EREADONLY, 503, "read_only", "Store Is Read Only"},
    {AP_EBUSY, 503, "busy", "Busy"},
    {AP_ENOMEM, 503, "busy", "Out Of Memory"},
};
static const struct problem_kind PROBLEM_OTHER = {0, 500, "failed", "Internal Error"};

static const struct problem_kind *problem_of(int err)
{
    for (size_t i = 0; i < AP_COUNT(PROBLEMS); i++) {
        if (PROBLEMS[i].err == err)
            return &PROBLEMS[i];
    }
    return &PROBLEM_OTHER;
}

void api_problem_write(struct api_call *call, const char *pointer, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(call->problem.text, sizeof(call->problem.text), fmt, args); /* may be cut */
    va_end(args);
    (void)snprintf(call->pointer, sizeof(call->pointer), "%s", pointer ? pointer : "");
}

const char *api_shown(const char *text, char out[static API_SHOWN_MAX])
{
    size_t len = 0;

    for (; text[len] && len < API_SHOWN_MAX - 1; len++)
        out[len] = text[len] >= 0x20 && text[len] < 0x7f ? text[len] : '?';
    out[len] = '\0';
    return out;
}

const char *api_object_name(struct api_call *call, const char *name)
{
    char shown[API_SHOWN_MAX];

    return arena_strdup(&call->arena, api_shown(name, shown));
}

/* head: all of the answer but its ETag and body. */
static void answer_json(struct http_exchange *exchange, const struct http_answer *head,
                        json_t *object)
{
    struct http_answer answer = *head;

    answer.authenticate[0] = answer.status == 401 ? "Bearer" : NULL;
    api_version_tag(object, answer.etag);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    buf_init_secret(&answer.body, AP_ADMIN_ANSWER_MAX_BYTES);
    if (object && (!text || buf_append_text(&answer.body, text) != 0 ||
                   buf_append_text(&answer.body, "\n") != 0)) {
        answer.status = 503;
        buf_reset(&answer.body);
    }
    if (text) {
        secret_wipe(text, strlen(text));
        free(text);
    }
    http_exchange_answer(exchange, &answer);
}

struct problem {
    const struct problem_kind *kind;
    const char *detail, *pointer, *allow; /* pointer, allow: NULL: none */
    uint32_t retry_after_s;
};

static void answer_problem(struct http_exchange *exchange, const struct problem *problem)
{
    const struct problem_kind *kind = problem->kind;
    const struct http_answer head = {.status = kind->status,
                                     .content_type = PROBLEM_TEXT,
                                     .allow = problem->allow,
                                     .retry_after_s = problem->retry_after_s};
    json_t *object = json_object();
    char type[64];

    (void)snprintf(type, sizeof(type), "urn:autoprovd:problem:%s",
                   kind->name); /* names are short */
    if (object) {
        json_object_set_new(object, "type", json_string(type));
        json_object_set_new(object, "title", json_string(kind->title));
        json_object_set_new(object, "status", json_integer(kind->status));
        json_object_set_new(object, "detail", json_string(problem->detail));
        if (problem->pointer && problem->pointer[0])
            json_object_set_new(object, "pointer", json_string(problem->pointer));
    }
    answer_json(exchange, &head, object);
    json_decref(object);
}

void api_answer_json(struct http_exchange *exchange, int status, const char *content_type,
                     json_t *object)
{
    const struct http_answer head = {.status = status, .content_type = content_type};

    answer_json(exchange, &head, object);
}

static void answer_call_text(struct api_call *call)
{
    struct http_answer answer = {
        .status = call->status, .content_type = call->text_type, .body = call->text};

    call->text = (struct buf){0}; /* ownership passes */
    http_exchange_answer(call->exchange, &answer);
}

void api_answer_problem(struct http_exchange *exchange, const struct api_problem_text *text)
{
    struct problem_kind kind = {.status = text->status, .name = "invalid", .title = text->title};

    const struct problem problem = {.kind = &kind, .detail = text->detail, .allow = text->allow};

    answer_problem(exchange, &problem);
}

void api_answer_refused(struct http_exchange *exchange, enum gate_reason reason)
{
    static const struct {
        enum gate_reason reason;
        struct api_problem_text text;
    } TEXTS[] = {
        {GATE_REASON_METHOD,
         {405, "Method Not Allowed", "this API has not that method",
          "GET, POST, PUT, PATCH, DELETE"}},
        {GATE_REASON_TARGET,
         {400, "Bad Request", "the path has a character that no name here has", NULL}},
        {GATE_REASON_BODY,
         {413, "Content Too Large", "a body needs one Content-Length, of 1 MiB at most", NULL}},
    };
    struct api_problem_text other = {400, "Bad Request", gate_reason_name(reason), NULL};

    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        if (TEXTS[i].reason == reason) {
            api_answer_problem(exchange, &TEXTS[i].text);
            return;
        }
    }
    api_answer_problem(exchange, &other);
}

void api_call_free(struct api_call *call)
{
    json_decref(call->body);
    json_decref(call->result);
    buf_done(&call->text);
    snapshot_unref(call->snapshot);
    arena_done(&call->arena);
    free(call);
}

void api_call_answer(struct api_call *call)
{
    if (call->err) {
        const struct problem_kind *kind = problem_of(call->err);
        const char *detail = call->problem.text[0] ? call->problem.text : ap_strerror(call->err);
        if (kind->status >= 500 && call->err != AP_EBUSY) /* who is told to wait has no failure */
            log_event(LOG_LEVEL_ERROR, "admin_failed", "action=%s actor=%s error=\"%s\"",
                      call->route && call->route->action ? call->route->action : "read",
                      call->actor, ap_strerror(call->err));
        const struct problem problem = {.kind = kind,
                                        .detail = detail,
                                        .pointer = call->pointer,
                                        .retry_after_s = call->retry_after_s};
        answer_problem(call->exchange, &problem);
    } else if (call->text_type) {
        answer_call_text(call);
    } else {
        if (call->route->action)
            log_event(LOG_LEVEL_NOTICE, "admin", "action=%s actor=%s%s%s", call->route->action,
                      call->actor, call->object ? " " : "", call->object ? call->object : "");
        const struct http_answer head = {.status = call->status,
                                         .content_type = call->result ? JSON_TEXT : NULL,
                                         .set_cookie = call->set_cookie};
        answer_json(call->exchange, &head, call->result);
    }
    api_call_free(call);
}

int api_result(struct api_call *call, int status, json_t *result)
{
    if (!result)
        return AP_ENOMEM;
    json_decref(call->result);
    call->status = status;
    call->result = result;
    return 0;
}

static bool has_type(const struct http_request *request, const char *type)
{
    return text_equal_nocase(request->content_type, strcspn(request->content_type, "; "), type,
                             strlen(type));
}

int api_take_text(struct api_call *call, const struct http_request *request)
{
    if (!has_type(request, CSV_TEXT))
        return api_problem(call, AP_EINVAL, NULL, "the body must be " CSV_TEXT);
    call->upload = request->body;
    call->upload_len = request->body_len;
    return 0;
}

int api_read_body(struct api_call *call, const struct http_request *request)
{
    json_error_t error;

    if (request->body_len == 0) {
        call->body = json_object();
        return call->body ? 0 : AP_ENOMEM;
    }
    if (!has_type(request, JSON_TEXT))
        return api_problem(call, AP_EINVAL, NULL, "the body must be " JSON_TEXT);
    call->body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    /* jansson's own text quotes the token nearby, which may be part of a password. */
    if (!call->body)
        return api_problem(call, AP_ESYNTAX, NULL, "the body is not JSON: line %d, column %d",
                           error.line, error.column);
    if (!json_is_object(call->body))
        return api_problem(call, AP_EINVAL, NULL, "the body must be a JSON object");
    return 0;
}

const char *api_text(struct api_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_alloc(&call->arena, (size_t)len + 1);
    if (text) {
        va_start(args, fmt);
        (void)vsnprintf(text, (size_t)len + 1, fmt, args); /* measured above */
        va_end(args);
    }
    return text;
}

/* RFC 3986, 2.1, and '+' as the blank that browsers write so (url.spec.whatwg.org, 5.1); a broken
 * escape stays as it is and fails the later check of its field. */
static const char *decode(struct arena *arena, const char *text, size_t len)
{
    char *decoded = arena_alloc(arena, len + 1);
    size_t out = 0;

    for (size_t i = 0; decoded && i < len; i++) {
        uint8_t byte;
        if (text[i] == '%' && len - i > 2 && text_unhex(text + i + 1, 2, &byte) == 0 && byte != 0) {
            decoded[out++] = (char)byte;
            i += 2;
        } else {
            decoded[out++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

const char *api_query(struct api_call *call, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = call->query; *at;) {
        size_t len = strcspn(at, "&");
        if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=')
            return decode(&call->arena, at + name_len + 1, len - name_len - 1);
        at += len;
        at += *at == '&';
    }
    return NULL;
}

int api_check_query(struct api_call *call)
{
    const char *const *names = call->route->query;

    for (const char *at = call->query; *at;) {
        size_t len = strcspn(at, "&");
        size_t name_len = strcspn(at, "&=");
        bool known = len == 0;
        for (size_t i = 0; !known && names && names[i]; i++)
            known = strlen(names[i]) == name_len && memcmp(at, names[i], name_len) == 0;
        if (!known) {
            char shown[API_SHOWN_MAX];
            const char *name = api_text(call, "%.*s", (int)name_len, at);
            return name ? api_problem(call, AP_EINVAL, NULL, "unknown query parameter '%s'",
                                      api_shown(name, shown))
                        : AP_ENOMEM;
        }
        at += len;
        at += *at == '&';
    }
    return 0;
}

int api_query_page(struct api_call *call, uint32_t *ret_limit, const char **ret_after)
{
    const char *limit_text = api_query(call, "limit");
    const char *after = api_query(call, "after");
    uint64_t limit = DEFAULT_PAGE;

    if (limit_text && text_parse_u64(limit_text, strlen(limit_text), 1, AP_LIST_PAGE_MAX, &limit))
        return api_problem(call, AP_EINVAL, NULL, "limit must be a number from 1 to %d",
                           AP_LIST_PAGE_MAX);
    *ret_limit = (uint32_t)limit;
    *ret_after = after ? after : "";
    return 0;
}

int api_query_user(struct api_call *call, struct store_db *db, const char **ret_id)
{
    const char *name = api_query(call, "user");
    struct store_user user;
    int err;

    *ret_id = NULL;
    if (!name)
        return 0;
    err = store_user_get(db, &call->arena, name, &user);
    if (!err && !api_scope_has_site(call, user.site_id))
        err = AP_ENOENT;
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no user '%s'", name);
    if (!err)
        *ret_id = user.id;
    return err;
}

int api_page_result(struct api_call *call, json_t *items, const char *next)
{
    if (!items)
        return AP_ENOMEM;
    return api_result(call, 200, json_pack("{s:o, s:s?}", "items", items, "next", next));
}

int api_audit(struct api_call *call, struct store_db *db, const char *object, const char *detail)
{
    struct store_audit entry = {
        .actor = call->actor, .action = call->route->action, .object = object, .detail = detail};

    if (!object || !detail)
        return AP_ENOMEM;
    call->object = strchr(object, '=') ? object : NULL;
    return store_audit_add(db, &entry);
}

const char *api_folder_url(struct api_call *call, const struct token *token)
{
    const struct config *config = call->snapshot->config;

    return api_text(call, "%s%s/%s/", config_phone_listener(config)->public_url,
                    config->provision_prefix, token->text);
}
