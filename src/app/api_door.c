/* The door for browsers, before a call: whether the request is meant for us, comes from a page of
 * ours, and is one for a file. Must not know roles or what routes do. */
#include "api_door.h"

#include <string.h>
#include <strings.h>

#include "api_private.h"
#include "autoprov/portal.h"

bool api_door_is_portal(const struct config *config, const struct http_request *request)
{
    return !request->peer_user && request->listener < config->listener_count &&
           config->listeners[request->listener].serves == CONFIG_SERVES_PORTAL;
}

/* -- files ------------------------------------------------------------------------------------- */

static bool is_for_api(const char *path)
{
    static const char *const roots[] = {"/healthz", "/readyz", "/metrics"};
    size_t prefix = strlen(API_PREFIX);

    if (strncmp(path, API_PREFIX, prefix) == 0 && (path[prefix] == '/' || path[prefix] == '\0'))
        return true;
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        if (strcmp(path, roots[i]) == 0)
            return true;
    }
    return false;
}

static void answer_file(struct http_exchange *exchange, const struct portal_file *file)
{
    const struct http_request *request = http_exchange_request(exchange);
    const char *held = request->if_none_match;
    struct http_answer answer = {
        .status = 200, .content_type = file->type, .cache = HTTP_CACHE_ASK};

    (void)snprintf(answer.etag, sizeof(answer.etag), "%s", file->etag); /* 34 bytes */
    /* RFC 9110, 13.1.2; the quotes are part of a tag. */
    if (strcmp(held, "*") == 0 || strstr(held, file->etag))
        answer.status = 304;
    buf_init(&answer.body, file->len + 1);
    if (buf_append(&answer.body, file->bytes, file->len) != 0)
        answer.status = 503;
    http_exchange_answer(exchange, &answer);
}

bool api_door_answer(struct api *api, struct http_exchange *exchange)
{
    static const struct api_problem_text MISDIRECTED = {
        421, "Misdirected Request",
        "this portal does not go by that name: 'hosts' of its listener says by which", NULL};
    static const struct api_problem_text NO_FILE = {404, "Not Found", "there is no such page",
                                                    NULL};
    static const struct api_problem_text WRONG_METHOD = {405, "Method Not Allowed",
                                                         "a page can only be read", "GET, HEAD"};
    const struct http_request *request = http_exchange_request(exchange);
    const struct config *config = api->daemon.snapshot(api->daemon.data)->config;
    struct portal_file file;

    if (!api_door_is_portal(config, request))
        return false;
    if (!config_listener_is_named(&config->listeners[request->listener], request->host))
        api_answer_problem(exchange, &MISDIRECTED);
    else if (is_for_api(request->path))
        return false;
    else if (!portal_find(request->path, &file))
        api_answer_problem(exchange, &NO_FILE);
    else if (request->method != GATE_GET && request->method != GATE_HEAD)
        api_answer_problem(exchange, &WRONG_METHOD);
    else
        answer_file(exchange, &file);
    return true;
}

/* -- calls ------------------------------------------------------------------------------------- */

/* OWASP, Cross-Site Request Forgery Prevention Cheat Sheet, "Fetch Metadata": pages of another
 * site, of another name of this site, and what was typed or came from a bookmark are no page of
 * ours. An old browser says its Origin at least. */
bool api_door_is_same_origin(const struct http_request *request)
{
    static const char SCHEME[] = "https://";

    if (request->sec_fetch_site[0])
        return strcmp(request->sec_fetch_site, "same-origin") == 0;
    return request->host[0] && strncmp(request->origin, SCHEME, sizeof(SCHEME) - 1) == 0 &&
           strcasecmp(request->origin + sizeof(SCHEME) - 1, request->host) == 0;
}

/* RFC 6265, 4.2.1. */
bool api_door_cookie(const char *cookie, char ret_text[static STORE_TICKET_TEXT_MAX])
{
    size_t name = strlen(API_COOKIE), text = STORE_TICKET_TEXT_MAX - 1;
    const char *found = NULL;

    for (const char *at = cookie; *at;) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (len > name && strncmp(at, API_COOKIE "=", name + 1) == 0) {
            if (found)
                return false;
            found = at + name + 1;
        }
        at += len;
    }
    if (!found || strspn(found, "0123456789abcdef") != text ||
        (found[text] != '\0' && found[text] != ';'))
        return false;
    memcpy(ret_text, found, text);
    ret_text[text] = '\0';
    return true;
}
