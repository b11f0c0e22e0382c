/* What a message says: its first line, the values of its headers, where its body ends. Must not
 * know what is done with it. */
#include "autoprov/sip_message.h"

#include <string.h>
#include <strings.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "sip_private.h"

static const char VERSION[] = "SIP/2.0";
#define VERSION_LEN (sizeof(VERSION) - 1)

/* One message that is read. */
struct reader {
    struct sip_head head;
    struct arena *arena;
    struct sip_message message;
};

/* -- the cheap look ---------------------------------------------------------------------------- */

/* The first line begins or ends with the version: so no keep-alive, no scan and no other protocol
 * on this port gets any further. */
static bool looks_like_sip(const char *data, size_t len)
{
    const char *line_end = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t line_len = line_end ? (size_t)(line_end - data) : 0;

    if (line_len > 0 && data[line_len - 1] == '\r')
        line_len--;
    if (line_len <= VERSION_LEN + 1 || !text_is_alnum(data[0]))
        return false;
    return strncasecmp(data, VERSION, VERSION_LEN) == 0 ||
           strncasecmp(data + line_len - VERSION_LEN, VERSION, VERSION_LEN) == 0;
}

/* Digits, with zeros before them as some write them; not more than max.
 * Errors: AP_ESYNTAX; AP_ERANGE. */
static int read_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    while (text[0] == '0' && text[1] != '\0')
        text++;
    return text_parse_u64(text, strlen(text), 0, max, ret_number);
}

/* Cut off what stands before the next blank; NULL: there is none. */
static char *split_at_blank(char *text)
{
    char *blank = strchr(text, ' ');

    if (blank)
        *blank++ = '\0';
    return blank;
}

/* -- the first line ---------------------------------------------------------------------------- */

static enum sip_method method_of(const char *text)
{
    if (strcmp(text, "SUBSCRIBE") == 0)
        return SIP_SUBSCRIBE;
    return strcmp(text, "NOTIFY") == 0 ? SIP_NOTIFY : SIP_OTHER;
}

/* "SIP/2.0 200 OK"; the reason may be missing, with its blank. */
static int read_status_line(struct sip_message *message, char *rest)
{
    uint64_t status;

    (void)split_at_blank(rest); /* nobody reads the reason */
    if (strlen(rest) != 3 || text_parse_u64(rest, 3, 100, 699, &status) != 0)
        return AP_ESYNTAX;
    message->is_response = true;
    message->status = (int)status;
    return 0;
}

static int read_first_line(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    char *line = reader->head.first_line;
    char *rest = split_at_blank(line);

    if (!rest)
        return AP_ESYNTAX;
    if (strcasecmp(line, VERSION) == 0)
        return read_status_line(message, rest);
    char *version = split_at_blank(rest);
    if (!version || strcasecmp(version, VERSION) != 0 || !sip_text_is_token(line))
        return AP_ESYNTAX;
    message->method = method_of(line);
    message->method_text = line;
    message->request_uri = rest;
    return sip_parse_uri(rest);
}

/* -- what they say ----------------------------------------------------------------------------- */

static int read_via(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    struct sip_via via = {0};

    message->via_count = reader->head.via_count;
    if (message->via_count == 0)
        return AP_ESYNTAX;
    for (size_t i = message->via_count; i-- > 0;) { /* so the top one is the last */
        message->vias[i] = reader->head.vias[i];
        int err = sip_parse_via(message->vias[i], reader->arena, &via);
        if (err)
            return err;
    }
    message->via_branch = via.branch;
    message->via_host = via.host;
    message->via_port = via.port;
    message->via_rport = via.rport;
    return 0;
}

/* A Contact that cannot be read stays a text ("*"); nobody can use it. */
static int read_contact(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    const char *text = reader->head.values[SIP_HEADER_CONTACT], *unused = NULL;

    message->contact = text;
    if (reader->head.contact_count > 1 && !message->is_response)
        return AP_ESYNTAX; /* a redirection may name several; the first is as good as any */
    int err = text ? sip_parse_party(text, reader->arena, &unused) : AP_ESYNTAX;
    if (err)
        return err == AP_ENOMEM ? err : 0;
    const char *begin = sip_uri_begin(text);
    size_t len = strcspn(begin, begin == text ? "; ," : ">");
    message->contact_uri = arena_strndup(reader->arena, begin, len);
    return message->contact_uri ? 0 : AP_ENOMEM;
}

static int read_parties(struct reader *reader)
{
    struct sip_message *message = &reader->message;

    message->from = reader->head.values[SIP_HEADER_FROM];
    message->to = reader->head.values[SIP_HEADER_TO];
    message->call_id = reader->head.values[SIP_HEADER_CALL_ID];
    if (!message->from || !message->to || !message->call_id)
        return AP_ESYNTAX;
    int err = sip_parse_party(message->from, reader->arena, &message->from_tag);
    if (!err)
        err = sip_parse_party(message->to, reader->arena, &message->to_tag);
    return err ? err : read_contact(reader);
}

/* RFC 3261, 8.1.1.5: below 2^31. */
static int read_cseq(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    char *text = reader->head.values[SIP_HEADER_CSEQ]
                     ? arena_strdup(reader->arena, reader->head.values[SIP_HEADER_CSEQ])
                     : NULL;
    uint64_t number;

    if (!reader->head.values[SIP_HEADER_CSEQ] || !text)
        return reader->head.values[SIP_HEADER_CSEQ] ? AP_ENOMEM : AP_ESYNTAX;
    char *method = split_at_blank(text);
    if (!method)
        return AP_ESYNTAX;
    while (*method == ' ')
        method++;
    int err = read_number(text, INT32_MAX, &number);
    if (err || !sip_text_is_token(method))
        return err ? err : AP_ESYNTAX;
    if (message->is_response) {
        message->method = method_of(method);
        message->method_text = method;
    }
    message->cseq = (uint32_t)number;
    return strcmp(method, message->method_text) == 0 ? 0 : AP_ESYNTAX;
}

/* Of 401 and 407; what nobody could answer is passed over. */
static int read_challenges(struct reader *reader)
{
    struct sip_message *message = &reader->message;

    if (message->status != 401 && message->status != 407)
        return 0;
    for (size_t i = 0; i < reader->head.challenge_count; i++) {
        int err =
            sip_challenge_read(reader->head.challenges[i].value, reader->head.challenges[i].proxy,
                               reader->arena, &message->challenges[message->challenge_count]);
        if (!err)
            message->challenge_count++;
        else if (err != AP_ENOENT)
            return err;
    }
    return 0;
}

/* The first of its name counts; a parameter that cannot be read ends them. */
static int read_event(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    const struct {
        const char *name;
        const char **ret_text;
    } WANTED[] = {
        {"vendor", &message->event_vendor},
        {"vender", &message->event_vendor}, /* Panasonic */
        {"model", &message->event_model},
        {"version", &message->event_version},
    };
    const char *at = reader->head.values[SIP_HEADER_EVENT];
    struct sip_param param;

    if (!at)
        return 0;
    message->event = at;
    size_t len = strcspn(at, "; ");
    message->event_package = arena_strndup(reader->arena, at, len);
    if (!message->event_package)
        return AP_ENOMEM;
    for (at += len; sip_param_next(&at, ';', &param) == SIP_PARAM_FOUND;) {
        for (size_t i = 0; i < AP_COUNT(WANTED); i++) {
            if (!param.value || !sip_param_is(&param, WANTED[i].name) || *WANTED[i].ret_text)
                continue;
            *WANTED[i].ret_text = sip_param_copy(reader->arena, &param);
            if (!*WANTED[i].ret_text)
                return AP_ENOMEM;
        }
    }
    return 0;
}

static void find_mac(struct sip_message *message)
{
    const char *agent = message->user_agent;

    message->has_mac = sip_mac_of_uri(message->request_uri, message->mac) ||
                       sip_mac_of_uri(message->from, message->mac) ||
                       sip_mac_of_uri(message->to, message->mac) ||
                       (agent && sip_mac_of_text(agent, strlen(agent), message->mac));
}

/* RFC 3261, 18.3: the datagram ends the body where no length is said; what comes behind a shorter
 * one is passed over. */
static int read_body(struct reader *reader)
{
    struct sip_head *head = &reader->head;
    size_t left = (size_t)(head->end - head->at);
    const char *length = head->values[SIP_HEADER_CONTENT_LENGTH];
    uint64_t number = left;

    if (head->seen[SIP_HEADER_CONTENT_LENGTH] &&
        (!length || read_number(length, left, &number) != 0))
        return AP_ESYNTAX;
    reader->message.body = head->at;
    reader->message.body_len = (size_t)number;
    head->at[number] = '\0';
    return 0;
}

static int read_values(struct reader *reader)
{
    struct sip_message *message = &reader->message;
    uint64_t expires;
    int err = read_via(reader);

    if (!err)
        err = read_parties(reader);
    if (!err)
        err = read_cseq(reader);
    if (!err)
        err = read_event(reader);
    if (!err)
        err = read_challenges(reader);
    if (!err)
        err = read_body(reader);
    if (err)
        return err;
    const char *text = reader->head.values[SIP_HEADER_EXPIRES];
    message->expires = text && read_number(text, UINT32_MAX, &expires) == 0 ? (int64_t)expires : -1;
    message->user_agent = reader->head.values[SIP_HEADER_USER_AGENT];
    message->content_type = reader->head.values[SIP_HEADER_CONTENT_TYPE];
    if (!message->is_response)
        find_mac(message);
    return 0;
}

int sip_message_read(const char *data, size_t len, struct arena *arena,
                     struct sip_message *ret_message)
{
    struct reader reader = {.arena = arena};

    if (len > AP_SIP_DATAGRAM_MAX_BYTES)
        return AP_ERANGE;
    if (!looks_like_sip(data, len))
        return AP_ESYNTAX;
    reader.head.at = arena_strndup(arena, data, len);
    if (!reader.head.at)
        return AP_ENOMEM;
    reader.head.end = reader.head.at + len;
    int err = sip_head_read(&reader.head);
    if (!err)
        err = read_first_line(&reader);
    if (!err)
        err = read_values(&reader);
    if (!err)
        *ret_message = reader.message;
    return err;
}

bool sip_text_is_plain(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f || strchr("\"<>", *c))
            return false;
    }
    return *text != '\0';
}
