/* HTTP over the control socket, by libcurl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "autoprov/config.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

#define DEFAULT_SOCKET "/run/autoprovd/control.sock"
/* A reload reads all templates; a write waits for its commit. */
#define CALL_TIMEOUT_S   60L
#define ANSWER_MAX_BYTES (8 * AP_ADMIN_BODY_MAX_BYTES)
#define URL_MAX          2048
#define SOCKET_PATH_MAX  CTL_SOCKET_PATH_MAX

/* --socket, else the configuration's, else the default where no configuration can be read: the
 * daemon that runs may well be asked while its next configuration is broken. */
int ctl_find_socket(const struct ctl_args *args, char *out, size_t room)
{
    struct config *config = NULL;
    struct ap_error error;
    const char *path = args->socket_path;
    int err = 0;

    if (!path) {
        err = config_load(args->config_path, &config, &error);
        if (err && args->config_given)
            return ctl_fail(ctl_exit_of(err), "%s; --socket PATH does without it", error.text);
        if (err && err != AP_ENOENT)
            (void)ctl_fail(CTL_OK, "warning: %s; trying " DEFAULT_SOCKET, error.text);
        path = err ? DEFAULT_SOCKET : config->control_socket;
    }
    int len = snprintf(out, room, "%s", path);
    config_free(config);
    if (len < 0 || (size_t)len >= room)
        return ctl_fail(CTL_INVALID, "the control socket's path is too long");
    return CTL_OK;
}

/* What goes along; data NULL: nothing. */
struct ctl_body {
    const char *type; /* the header */
    const char *data;
    size_t len;
};

static size_t take_answer(char *data, size_t size, size_t count, void *user)
{
    return buf_append(user, data, size * count) == 0 ? size * count : 0;
}

static int transport_failed(CURL *curl, CURLcode result, const char *socket)
{
    long os_error = 0;

    if (curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error) != CURLE_OK)
        os_error = 0;
    if (result == CURLE_COULDNT_CONNECT && (os_error == EACCES || os_error == EPERM))
        return ctl_fail(CTL_NOT_PERMITTED,
                        "%s: not permitted; run it as root or as a member of the daemon's group",
                        socket);
    if (result == CURLE_COULDNT_CONNECT)
        return ctl_fail(CTL_UNREACHABLE, "%s: no daemon answers (%s); is autoprovd running?",
                        socket, os_error ? strerror((int)os_error) : "cannot connect");
    return ctl_fail(CTL_UNREACHABLE, "%s: the daemon did not answer: %s", socket,
                    curl_easy_strerror(result));
}

static int problem_exit(long status)
{
    switch (status) {
    case 404:
        return CTL_NOT_FOUND;
    case 409:
    case 412:
        return CTL_EXISTS;
    case 400:
    case 405:
    case 413:
    case 422:
        return CTL_INVALID;
    case 401:
    case 403:
        return CTL_NOT_PERMITTED;
    default:
        return CTL_FAILED;
    }
}

static int read_answer(const struct buf *answer, long status, json_t **ret_json)
{
    json_t *json = answer->len > 0 ? json_loadb(answer->data, answer->len, 0, NULL) : NULL;

    if (status >= 200 && status < 300) {
        *ret_json = json;
        return CTL_OK;
    }
    const char *detail = json_string_value(json_object_get(json, "detail"));
    int code = ctl_fail(problem_exit(status), "%s",
                        detail ? detail : "the daemon failed; its log says why");
    json_decref(json);
    return code;
}

/* On failure curl is left for the caller to clean up. */
static CURLcode set_up(CURL *curl, const char *socket, const char *method, const char *url,
                       struct buf *answer)
{
    CURLcode result = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);

    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_URL, url);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_TIMEOUT, CALL_TIMEOUT_S);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return result;
}

static CURLcode set_body(CURL *curl, const struct ctl_body *body, struct curl_slist *headers)
{
    CURLcode result = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);

    if (result == CURLE_OK && body->data)
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
    if (result == CURLE_OK && body->data)
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
    return result;
}

static int perform(const char *socket, const char *method, const char *path,
                   const struct ctl_body *body, json_t **ret_json)
{
    struct buf answer;
    char url[URL_MAX];
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    CURLcode result = curl ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    int code;

    buf_init_secret(&answer, ANSWER_MAX_BYTES);
    if ((size_t)snprintf(url, sizeof(url), "http://localhost/api/v1%s", path) >= sizeof(url)) {
        code = ctl_fail(CTL_INVALID, "an argument is too long");
        goto out;
    }
    /* "Expect:" without a value keeps libcurl from asking before it sends a larger body. */
    headers = curl_slist_append(NULL, "Expect:");
    if (body->data && headers) {
        struct curl_slist *more = curl_slist_append(headers, body->type);
        headers = more ? more : headers;
    }
    if (result == CURLE_OK)
        result = set_up(curl, socket, method, url, &answer);
    if (result == CURLE_OK)
        result = set_body(curl, body, headers);
    if (result == CURLE_OK)
        result = curl_easy_perform(curl);
    if (result == CURLE_OK)
        result = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    code = result == CURLE_OK ? read_answer(&answer, status, ret_json)
                              : transport_failed(curl, result, socket);
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buf_done(&answer);
    return code;
}

int ctl_call(const struct ctl_args *args, const char *method, const char *path, json_t *body,
             json_t **ret_json)
{
    char socket[SOCKET_PATH_MAX];
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    const struct ctl_body whole = {
        .type = "Content-Type: application/json", .data = text, .len = text ? strlen(text) : 0};
    int code = ctl_find_socket(args, socket, sizeof(socket));

    *ret_json = NULL;
    if (code == CTL_OK && body && !text)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK)
        code = perform(socket, method, path, &whole, ret_json);
    if (text) {
        secret_wipe(text, strlen(text));
        free(text);
    }
    json_decref(body);
    return code;
}

int ctl_call_csv(const struct ctl_args *args, const char *method, const char *path,
                 const char *data, size_t len, json_t **ret_json)
{
    char socket[SOCKET_PATH_MAX];
    const struct ctl_body body = {.type = "Content-Type: text/csv", .data = data, .len = len};
    int code = ctl_find_socket(args, socket, sizeof(socket));

    *ret_json = NULL;
    return code == CTL_OK ? perform(socket, method, path, &body, ret_json) : code;
}

/* RFC 3986, 3.3: what names of ours may hold beyond the unreserved characters needs no escape in a
 * path or a query, and the daemon's request gate takes no escape for it. */
static bool stands_plain(char c)
{
    return text_is_alnum(c) || (c != '\0' && strchr("-._~@:+*!", c) != NULL);
}

char *ctl_path(const char *fmt, const char *argument)
{
    const char *hole = strstr(fmt, "{}");
    size_t before = hole ? (size_t)(hole - fmt) : strlen(fmt);
    struct buf path;
    int err;

    buf_init(&path, URL_MAX);
    err = buf_append(&path, fmt, before);
    for (const char *c = argument; hole && !err && *c; c++)
        err = stands_plain(*c) ? buf_append(&path, c, 1)
                               : buf_printf(&path, "%%%02x", (unsigned char)*c);
    if (!err && hole)
        err = buf_append_text(&path, hole + 2);
    if (err)
        buf_done(&path);
    return path.data;
}

char *ctl_path_query(char *path, const char *name, const char *value)
{
    struct buf whole;
    char *encoded;
    int err;

    if (!path || !value)
        return path;
    encoded = ctl_path("{}", value);
    buf_init(&whole, URL_MAX);
    err = buf_printf(&whole, "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', name,
                     encoded ? encoded : "");
    if (err || (!encoded && value[0]))
        buf_done(&whole);
    free(encoded);
    free(path);
    return whole.data;
}

int ctl_call_list(const struct ctl_args *args, const char *path, json_t **ret_items)
{
    char socket[SOCKET_PATH_MAX];
    struct ctl_args page_args = *args; /* the socket is looked for once, not with every page */
    json_t *items = json_array();
    char *after = strdup("");
    int code = items && after ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_find_socket(args, socket, sizeof(socket));
    page_args.socket_path = socket;

    while (code == CTL_OK && after) {
        char *page_path = NULL;
        json_t *page = NULL;
        if (asprintf(&page_path, "%s%climit=%d&after=%s", path, strchr(path, '?') ? '&' : '?',
                     AP_LIST_PAGE_MAX, after) < 0)
            page_path = NULL;
        code = page_path ? ctl_call(&page_args, "GET", page_path, NULL, &page)
                         : ctl_fail(CTL_FAILED, "out of memory");
        free(page_path);
        free(after);
        after = NULL;
        if (code == CTL_OK && json_array_extend(items, json_object_get(page, "items")) != 0)
            code = ctl_fail(CTL_FAILED, "the daemon's answer is no list");
        const char *next = json_string_value(json_object_get(page, "next"));
        if (code == CTL_OK && next)
            after = ctl_path("{}", next);
        json_decref(page);
    }
    free(after);
    if (code != CTL_OK) {
        json_decref(items);
        return code;
    }
    *ret_items = items;
    return CTL_OK;
}
