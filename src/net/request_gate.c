/* The request gate: reads a request's head, once and strictly.
 * Pure: no memory, no state, no clock. Must not know what a path or a header is used for. */
#include "autoprov/request_gate.h"

#include <assert.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "request_target.h"

/* What the header lines said, as far as it decides about the request. */
struct head_facts {
    unsigned host_lines;
    unsigned authorization_lines;
    unsigned content_length_lines;
    bool content_length_is_bad;
    bool has_transfer_encoding;
    bool has_expect;
    bool has_upgrade;
};

struct head_reader {
    enum gate_profile profile;
    const char *data;
    size_t len; /* never above AP_HEAD_MAX_BYTES: what follows a head can't change its verdict */
    size_t pos; /* where the next line begins */
    struct head_facts facts;
    struct gate_text target;
    struct gate_result *result;
};

enum line_state {
    LINE_WHOLE,
    LINE_PARTIAL,
    LINE_BROKEN, /* a byte that no line may hold */
    LINE_LONG,
};

static bool text_equals(const struct gate_text *text, const char *word)
{
    return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

static bool name_is(const struct gate_text *name, const char *lower)
{
    return text_equal_nocase(name->data, name->len, lower, strlen(lower));
}

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return text_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const struct gate_text *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (!is_token_char(text->data[i]))
            return false;
    }
    return text->len > 0;
}

/* RFC 9110, 5.5 for header lines (obs-text is tolerated: User-Agents hold names of people and
 * places); the request line is visible ASCII and blanks. */
static bool is_line_char(char c, bool in_request_line)
{
    unsigned char byte = (unsigned char)c;

    if (in_request_line)
        return byte >= 0x20 && byte < 0x7f;
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* Find the next line byte by byte and stop at the first offence: so a longer buffer never gives
 * another verdict than its own beginning did. */
static enum line_state next_line(struct head_reader *head, size_t max_len,
                                 struct gate_text *ret_line)
{
    bool in_request_line = head->pos == 0;

    for (size_t i = head->pos; i < head->len; i++) {
        char c = head->data[i];
        if (c == '\r') {
            if (i + 1 == head->len)
                return LINE_PARTIAL;
            if (head->data[i + 1] != '\n')
                return LINE_BROKEN;
            ret_line->data = head->data + head->pos;
            ret_line->len = i - head->pos;
            head->pos = i + 2;
            return LINE_WHOLE;
        }
        if (!is_line_char(c, in_request_line))
            return LINE_BROKEN;
        if (i - head->pos >= max_len)
            return LINE_LONG;
    }
    return LINE_PARTIAL;
}

static enum gate_method method_of(const struct gate_text *name)
{
    static const char *const names[] = {
        [GATE_GET] = "GET", [GATE_HEAD] = "HEAD",   [GATE_POST] = "POST",
        [GATE_PUT] = "PUT", [GATE_PATCH] = "PATCH", [GATE_DELETE] = "DELETE",
    };

    for (size_t i = 0; i < AP_COUNT(names); i++) {
        if (text_equals(name, names[i]))
            return (enum gate_method)i;
    }
    return GATE_OTHER;
}

static enum gate_reason read_version(const struct gate_text *version, bool *ret_http_1_0)
{
    *ret_http_1_0 = text_equals(version, "HTTP/1.0");
    if (*ret_http_1_0 || text_equals(version, "HTTP/1.1"))
        return GATE_REASON_NONE;
    if (version->len == 8 && memcmp(version->data, "HTTP/", 5) == 0)
        return GATE_REASON_VERSION;
    return GATE_REASON_REQUEST_LINE;
}

/* METHOD SP target SP version, and nothing else. */
static enum gate_reason read_request_line(struct head_reader *head, const struct gate_text *line)
{
    struct gate_text method;
    struct gate_text version;
    const char *end = line->data + line->len;
    const char *first = memchr(line->data, ' ', line->len);
    const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;

    if (!second || memchr(second + 1, ' ', (size_t)(end - second - 1)))
        return GATE_REASON_REQUEST_LINE;
    method = (struct gate_text){line->data, (size_t)(first - line->data)};
    head->target = (struct gate_text){first + 1, (size_t)(second - first - 1)};
    version = (struct gate_text){second + 1, (size_t)(end - second - 1)};
    if (!is_token(&method) || head->target.len == 0)
        return GATE_REASON_REQUEST_LINE;
    head->result->method = method_of(&method);
    return read_version(&version, &head->result->http_1_0);
}

/* Connection: a list of words (RFC 9110, 7.6.1); only "close" means something here. */
static bool list_has_close(const struct gate_text *value)
{
    const char *pos = value->data;
    const char *end = value->data + value->len;

    while (pos < end) {
        const char *comma = memchr(pos, ',', (size_t)(end - pos));
        const char *stop = comma ? comma : end;
        while (pos < stop && (*pos == ' ' || *pos == '\t'))
            pos++;
        const char *last = stop;
        while (last > pos && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        if (text_equal_nocase(pos, (size_t)(last - pos), "close", 5))
            return true;
        pos = comma ? comma + 1 : end;
    }
    return false;
}

static void read_content_length(struct head_reader *head, const struct gate_text *value)
{
    uint64_t bytes = 0;

    head->facts.content_length_lines++;
    if (text_parse_u64(value->data, value->len, 0, SIZE_MAX / 2, &bytes) != 0)
        head->facts.content_length_is_bad = true;
    head->result->body_bytes = (size_t)bytes;
}

/* Headers that decide about framing and the connection. */
static bool read_framing_header(struct head_reader *head, const struct gate_text *name,
                                const struct gate_text *value)
{
    if (name_is(name, "content-length"))
        read_content_length(head, value);
    else if (name_is(name, "transfer-encoding"))
        head->facts.has_transfer_encoding = true;
    else if (name_is(name, "expect"))
        head->facts.has_expect = true;
    else if (name_is(name, "upgrade"))
        head->facts.has_upgrade = true;
    else if (name_is(name, "connection"))
        head->result->close = head->result->close || list_has_close(value);
    else if (name_is(name, "forwarded") || name_is(name, "x-forwarded-for") ||
             name_is(name, "x-real-ip") || name_is(name, "via"))
        head->result->has_forwarded = true;
    else
        return false;
    return true;
}

/* Headers of browsers, for the admin profile. Whoever sends one twice may mean either: it is then
 * as if nothing stood in it. */
static void read_browser_header(struct head_reader *head, const struct gate_text *name,
                                const struct gate_text *value)
{
    struct gate_result *result = head->result;
    struct {
        const char *name;
        struct gate_text *value;
    } known[] = {
        {"cookie", &result->cookie},
        {"origin", &result->origin},
        {"sec-fetch-site", &result->sec_fetch_site},
    };

    for (size_t i = 0; i < AP_COUNT(known); i++) {
        if (!name_is(name, known[i].name))
            continue;
        if (known[i].value->data)
            known[i].value->len = 0;
        else
            *known[i].value = *value;
        return;
    }
}

/* Headers that handlers read; the first of each name counts. */
static void read_known_header(struct head_reader *head, const struct gate_text *name,
                              const struct gate_text *value)
{
    struct gate_result *result = head->result;
    struct {
        const char *name;
        struct gate_text *value;
    } known[] = {
        {"host", &result->host},
        {"user-agent", &result->user_agent},
        {"if-none-match", &result->if_none_match},
        {"if-match", &result->if_match},
        {"idempotency-key", &result->idempotency_key},
        {"authorization", &result->authorization},
        {"content-type", &result->content_type},
    };

    for (size_t i = 0; i < AP_COUNT(known); i++) {
        if (!name_is(name, known[i].name))
            continue;
        if (!known[i].value->data)
            *known[i].value = *value;
        head->facts.host_lines += known[i].value == &result->host;
        head->facts.authorization_lines += known[i].value == &result->authorization;
        return;
    }
    if (head->profile == GATE_ADMIN)
        read_browser_header(head, name, value);
}

/* NAME ':' blanks value blanks. A blank before the colon, or a line that begins with one (a
 * folded line), is no name. */
static enum gate_reason read_header(struct head_reader *head, const struct gate_text *line)
{
    const char *colon = memchr(line->data, ':', line->len);
    struct gate_text name;
    struct gate_text value;

    if (!colon)
        return GATE_REASON_HEADER;
    name = (struct gate_text){line->data, (size_t)(colon - line->data)};
    if (!is_token(&name))
        return GATE_REASON_HEADER;
    value = (struct gate_text){colon + 1, line->len - name.len - 1};
    while (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.len--;
    }
    while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
        value.len--;
    if (!read_framing_header(head, &name, &value))
        read_known_header(head, &name, &value);
    return GATE_REASON_NONE;
}

/* Up to the blank line. GATE_NEED_MORE: not there yet; GATE_ACCEPT: there, all lines well formed;
 * else result->reason tells. */
static enum gate_verdict read_lines(struct head_reader *head)
{
    enum gate_reason reason = GATE_REASON_NONE;
    struct gate_text line = {0};

    for (unsigned lines = 0; reason == GATE_REASON_NONE; lines++) {
        bool is_first = lines == 0;
        size_t max_len = is_first ? AP_REQUEST_LINE_MAX_BYTES : AP_HEAD_MAX_BYTES;
        enum line_state state = next_line(head, max_len, &line);
        if (state == LINE_PARTIAL && head->len < AP_HEAD_MAX_BYTES)
            return GATE_NEED_MORE;
        if (state == LINE_PARTIAL || state == LINE_LONG)
            reason = GATE_REASON_HEAD_TOO_LONG;
        else if (state == LINE_BROKEN)
            reason = is_first ? GATE_REASON_REQUEST_LINE : GATE_REASON_HEADER;
        else if (is_first)
            reason = read_request_line(head, &line);
        else if (line.len == 0)
            return GATE_ACCEPT;
        else if (lines > AP_HEAD_MAX_LINES)
            reason = GATE_REASON_TOO_MANY_LINES;
        else
            reason = read_header(head, &line);
    }
    head->result->reason = reason;
    return GATE_REFUSE_AND_CLOSE;
}

static bool method_is_allowed(enum gate_profile profile, enum gate_method method)
{
    if (method == GATE_OTHER)
        return false;
    return profile == GATE_ADMIN || method == GATE_GET || method == GATE_HEAD;
}

static enum gate_verdict refuse(struct gate_result *result, enum gate_reason reason,
                                enum gate_verdict verdict)
{
    result->reason = reason;
    return verdict;
}

/* The length of a body is certain with at most one good Content-Length and nothing beside it. */
static bool length_is_certain(const struct head_facts *facts)
{
    return !facts->has_transfer_encoding && !facts->content_length_is_bad &&
           facts->content_length_lines <= 1;
}

/* All lines are well formed: what do they say together? */
static enum gate_verdict judge(struct head_reader *head)
{
    const struct head_facts *facts = &head->facts;
    struct gate_result *result = head->result;
    bool may_have_body = result->method != GATE_GET && result->method != GATE_HEAD;

    if (facts->host_lines > 1)
        return refuse(result, GATE_REASON_HOST, GATE_REFUSE_AND_CLOSE);
    if (!method_is_allowed(head->profile, result->method)) {
        /* After an Expect it is open whether the body comes at all (RFC 9110, 10.1.1). */
        bool is_certain = length_is_certain(facts) && !facts->has_expect;
        return refuse(result, GATE_REASON_METHOD, is_certain ? GATE_REFUSE : GATE_REFUSE_AND_CLOSE);
    }
    if (!length_is_certain(facts) || (!may_have_body && result->body_bytes > 0))
        return refuse(result, GATE_REASON_BODY, GATE_REFUSE_AND_CLOSE);
    if (facts->has_expect)
        return refuse(result, GATE_REASON_EXPECT, GATE_REFUSE_AND_CLOSE);
    if (facts->has_upgrade)
        return refuse(result, GATE_REASON_UPGRADE, GATE_REFUSE_AND_CLOSE);
    /* curl and browsers leave it out of a DELETE without body. */
    if (may_have_body && facts->content_length_lines == 0 && result->method != GATE_DELETE)
        return refuse(result, GATE_REASON_BODY, GATE_REFUSE);
    return GATE_ACCEPT;
}

/* Of two nobody can say which one counts. */
static void check_authorization(struct head_reader *head)
{
    struct gate_text *value = &head->result->authorization;
    bool is_good = head->facts.authorization_lines == 1 && value->len <= AP_AUTHORIZATION_MAX_BYTES;

    for (size_t i = 0; i < value->len && is_good; i++)
        is_good = value->data[i] >= 0x20 && value->data[i] < 0x7f;
    if (!is_good)
        *value = (struct gate_text){0};
}

static void result_clear(struct gate_result *result)
{
    /* Not the whole path: 2 KiB of zeros for each look at a request would be waste. */
    size_t path_at = offsetof(struct gate_result, path);
    size_t after_path = path_at + sizeof(result->path);

    memset(result, 0, path_at + 1);
    memset((char *)result + after_path, 0, sizeof(*result) - after_path);
    result->method = GATE_OTHER;
}

/* Nothing of a request that was not accepted, or is not whole, may be taken for read. */
static void forget_target(struct gate_result *result)
{
    result->path[0] = '\0';
    result->path_len = 0;
    result->query = (struct gate_text){0};
    result->target = (struct gate_text){0};
}

enum gate_verdict gate_read(enum gate_profile profile, const char *data, size_t len,
                            struct gate_result *result)
{
    struct head_reader head = {.profile = profile, .data = data, .result = result};
    struct gate_text query;
    enum gate_verdict verdict;

    result_clear(result);
    head.len = len < AP_HEAD_MAX_BYTES ? len : AP_HEAD_MAX_BYTES;
    verdict = read_lines(&head);
    if (verdict == GATE_NEED_MORE) {
        result_clear(result);
        return verdict;
    }
    result->head_bytes = head.pos;
    if (verdict == GATE_ACCEPT)
        verdict = judge(&head);
    if (verdict == GATE_ACCEPT) {
        if (!request_target_read(&head.target, result, &query))
            /* A body that is announced is still to come: only without one is the end here. */
            verdict = refuse(result, GATE_REASON_TARGET,
                             result->body_bytes > 0 ? GATE_REFUSE_AND_CLOSE : GATE_REFUSE);
        else if (profile == GATE_ADMIN)
            result->query = query;
        result->target = head.target;
    }
    if (profile == GATE_PHONE)
        check_authorization(&head);
    if (verdict != GATE_ACCEPT)
        forget_target(result);
    if (result->http_1_0 || verdict == GATE_REFUSE_AND_CLOSE)
        result->close = true;
    return verdict;
}

const char *gate_reason_name(enum gate_reason reason)
{
    static const char *const names[] = {
        [GATE_REASON_NONE] = "none",
        [GATE_REASON_METHOD] = "method",
        [GATE_REASON_HEAD_TOO_LONG] = "head_too_long",
        [GATE_REASON_REQUEST_LINE] = "request_line",
        [GATE_REASON_VERSION] = "version",
        [GATE_REASON_TARGET] = "target",
        [GATE_REASON_HEADER] = "header",
        [GATE_REASON_TOO_MANY_LINES] = "too_many_lines",
        [GATE_REASON_HOST] = "host",
        [GATE_REASON_BODY] = "body",
        [GATE_REASON_EXPECT] = "expect",
        [GATE_REASON_UPGRADE] = "upgrade",
    };

    static_assert(AP_COUNT(names) == GATE_REASON_COUNT, "a name per reason");
    assert((unsigned)reason < GATE_REASON_COUNT);
    return names[reason];
}
