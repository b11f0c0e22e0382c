/* The request gate. First byte: profile; the rest: what a client sends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/request_gate.h"
#include "fuzz.h"

static void check_view(const struct gate_text *view, const char *data, size_t len)
{
    if (!view->data) {
        CHECK(view->len == 0);
        return;
    }
    CHECK(view->data >= data && view->data + view->len <= data + len);
    CHECK(memchr(view->data, '\r', view->len) == NULL);
    CHECK(memchr(view->data, '\n', view->len) == NULL);
    CHECK(memchr(view->data, '\0', view->len) == NULL);
}

/* What the header promises of every accepted path. */
static void check_path(const struct gate_result *result)
{
    const char *path = result->path;

    CHECK(path[0] == '/');
    CHECK(strlen(path) == result->path_len);
    CHECK(result->path_len <= AP_REQUEST_LINE_MAX_BYTES);
    CHECK(!strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../"));
    CHECK(!strpbrk(path, "\\%?# \"<>[]^`{|}"));
    CHECK(strcmp(path + result->path_len - 1, ".") != 0 || path[result->path_len - 2] != '/');
    if (result->path_len >= 3)
        CHECK(strcmp(path + result->path_len - 3, "/..") != 0);
    for (const char *c = path; *c; c++)
        CHECK(*c > 0x20 && *c < 0x7f);
}

static void check_result(enum gate_profile profile, enum gate_verdict verdict, const char *data,
                         size_t len, const struct gate_result *result)
{
    CHECK(result->head_bytes <= len && result->head_bytes <= AP_HEAD_MAX_BYTES);
    CHECK((verdict == GATE_NEED_MORE) == (len < AP_HEAD_MAX_BYTES && result->head_bytes == 0 &&
                                          result->reason == GATE_REASON_NONE));
    check_view(&result->query, data, len);
    check_view(&result->user_agent, data, len);
    check_view(&result->if_none_match, data, len);
    check_view(&result->if_match, data, len);
    check_view(&result->idempotency_key, data, len);
    check_view(&result->authorization, data, len);
    check_view(&result->content_type, data, len);
    check_view(&result->host, data, len);
    check_view(&result->cookie, data, len);
    check_view(&result->origin, data, len);
    check_view(&result->sec_fetch_site, data, len);
    if (profile == GATE_PHONE)
        CHECK(!result->cookie.data && !result->origin.data && !result->sec_fetch_site.data);
    if (verdict == GATE_ACCEPT) {
        check_path(result);
        CHECK(result->reason == GATE_REASON_NONE);
        CHECK(profile == GATE_ADMIN || result->method == GATE_GET || result->method == GATE_HEAD);
        CHECK(profile == GATE_ADMIN || result->body_bytes == 0);
    } else {
        CHECK(result->path[0] == '\0' && result->path_len == 0);
    }
    if (verdict == GATE_ACCEPT || verdict == GATE_REFUSE)
        CHECK(memcmp(data + result->head_bytes - 4, "\r\n\r\n", 4) == 0);
    if (verdict == GATE_REFUSE || verdict == GATE_REFUSE_AND_CLOSE)
        CHECK(result->reason != GATE_REASON_NONE);
    if (verdict == GATE_REFUSE_AND_CLOSE || result->http_1_0)
        CHECK(result->close);
}

static void check_same(enum gate_verdict a_verdict, const struct gate_result *a,
                       enum gate_verdict b_verdict, const struct gate_result *b)
{
    CHECK(a_verdict == b_verdict && a->reason == b->reason);
    CHECK(a->head_bytes == b->head_bytes && a->body_bytes == b->body_bytes);
    CHECK(a->method == b->method && a->close == b->close);
    CHECK(a->path_len == b->path_len && memcmp(a->path, b->path, a->path_len) == 0);
}

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static char *copy_of(const char *data, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len);
    return copy;
}

/* However the bytes are cut, the first verdict that is not NEED_MORE is the whole's. */
static void check_prefixes(enum gate_profile profile, const char *data, size_t len,
                           enum gate_verdict verdict, const struct gate_result *whole)
{
    struct gate_result part;
    /* Every cut of short inputs, sixteen of long ones. */
    size_t step = len / 16 + 1;

    for (size_t cut = len <= 256 ? 0 : len % step; cut < len; cut += len <= 256 ? 1 : step) {
        char *copy = copy_of(data, cut);
        enum gate_verdict early = gate_read(profile, copy, cut, &part);
        check_result(profile, early, copy, cut, &part);
        if (early != GATE_NEED_MORE)
            check_same(early, &part, verdict, whole);
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_result whole;
    struct gate_result other;

    if (size == 0)
        return 0;
    enum gate_profile profile = data[0] == 'A' ? GATE_ADMIN : GATE_PHONE;
    size_t len = size - 1;
    char *text = copy_of((const char *)data + 1, len);
    enum gate_verdict verdict = gate_read(profile, text, len, &whole);

    check_result(profile, verdict, text, len, &whole);
    check_prefixes(profile, text, len, verdict, &whole);
    if (verdict == GATE_ACCEPT || verdict == GATE_REFUSE) {
        /* What follows the head changes nothing. */
        char *cut = copy_of(text, whole.head_bytes);
        enum gate_verdict again = gate_read(profile, cut, whole.head_bytes, &other);
        check_same(again, &other, verdict, &whole);
        free(cut);
    }
    (void)gate_reason_name(whole.reason);
    free(text);
    return 0;
}
