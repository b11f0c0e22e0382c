/* Within a second two answers of one kind differ in their ETag and Content-Length alone (the Date
 * is the same): a head that went through libmicrohttpd serves for both, with these two replaced.
 * Must not know pairs or connections. */
#include "http_head.h"

#include <string.h>

#include "autoprov/text.h"

#define ETAG_HEADER   "\r\nETag: "
#define LENGTH_HEADER "\r\nContent-Length: "

/* Has the answer no header but those that are looked at here? */
static bool is_plain(const struct http_answer *answer)
{
    return !answer->allow && !answer->authenticate[0] && !answer->set_cookie &&
           answer->retry_after_s == 0;
}

static const char *type_of(const struct http_answer *answer)
{
    return answer->content_type ? answer->content_type : "";
}

static bool is_same_kind(const struct http_head *head, const struct http_answer *answer)
{
    return head->status == answer->status && head->cache == answer->cache &&
           head->etag_len == strlen(answer->etag) && /* written over the one that is there */
           strcmp(head->content_type, type_of(answer)) == 0;
}

/* The head up to its length, that number, and the rest. */
static int write(const struct http_head *head, const struct http_answer *answer, size_t body_bytes,
                 struct buf *out)
{
    size_t begin = out->len, rest = head->length_at + head->length_len;
    char digits[TEXT_DECIMAL_MAX];

    (void)text_decimal(body_bytes, digits);
    int err = buf_append(out, head->text, head->length_at);
    if (!err)
        err = buf_append_text(out, digits);
    if (!err)
        err = buf_append(out, head->text + rest, head->len - rest);
    if (err)
        return err;
    if (head->etag_len > 0) {
        size_t moved = head->etag_at < head->length_at ? 0 : strlen(digits) - head->length_len;
        memcpy(out->data + begin + head->etag_at + moved, answer->etag, head->etag_len);
    }
    return 0;
}

bool http_heads_write(const struct http_heads *heads, const struct http_answer *answer,
                      size_t body_bytes, struct buf *out)
{
    time_t now = time(NULL); /* as libmicrohttpd asks for its Date */
    size_t begin = out->len;

    if (!is_plain(answer))
        return false;
    for (size_t i = 0; i < HTTP_HEADS_KEPT; i++) {
        const struct http_head *head = &heads->kept[i];
        if (head->second != now || !is_same_kind(head, answer))
            continue;
        if (write(head, answer, body_bytes, out) == 0)
            return true;
        out->len = begin; /* no memory: the other way tells */
        return false;
    }
    return false;
}

/* Where the value of a header begins that has this text; 0: not there. */
static size_t find_value(const struct http_head *head, const char *header, const char *value)
{
    const char *at = memmem(head->text, head->len, header, strlen(header));
    size_t begin = at ? (size_t)(at - head->text) + strlen(header) : 0;
    size_t len = strlen(value);

    return at && begin + len < head->len && memcmp(head->text + begin, value, len) == 0 &&
                   head->text[begin + len] == '\r'
               ? begin
               : 0;
}

void http_heads_keep(struct http_heads *heads, const struct http_answer *answer, size_t body_bytes,
                     time_t second, const struct buf *head)
{
    struct http_head kept = {.second = second,
                             .status = answer->status,
                             .cache = answer->cache,
                             .etag_len = strlen(answer->etag),
                             .len = head->len};
    char digits[TEXT_DECIMAL_MAX];
    size_t type_len = strlen(type_of(answer));

    if (!is_plain(answer) || head->len > sizeof(kept.text) || second != time(NULL) ||
        type_len >= sizeof(kept.content_type))
        return; /* its Date may be of either second */
    memcpy(kept.content_type, type_of(answer), type_len + 1);
    memcpy(kept.text, head->data, head->len);
    (void)text_decimal(body_bytes, digits);
    kept.length_len = strlen(digits);
    kept.length_at = find_value(&kept, LENGTH_HEADER, digits);
    kept.etag_at = kept.etag_len > 0 ? find_value(&kept, ETAG_HEADER, answer->etag) : 0;
    if (kept.length_at == 0 || (kept.etag_len > 0 && kept.etag_at == 0))
        return;
    heads->kept[heads->next] = kept;
    heads->next = (heads->next + 1) % HTTP_HEADS_KEPT;
}
