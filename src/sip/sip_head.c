/* The head of a datagram: lines, folds, names of headers, what may stand once. Must not know what
 * they mean. */
#include <string.h>
#include <strings.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "sip_private.h"

static const struct {
    const char *name, *compact; /* RFC 3261, 7.3.3; RFC 6665, 8.2.1 */
} HEADERS[] = {
    [SIP_HEADER_VIA] = {"Via", "v"},
    [SIP_HEADER_FROM] = {"From", "f"},
    [SIP_HEADER_TO] = {"To", "t"},
    [SIP_HEADER_CALL_ID] = {"Call-ID", "i"},
    [SIP_HEADER_CSEQ] = {"CSeq", NULL},
    [SIP_HEADER_CONTACT] = {"Contact", "m"},
    [SIP_HEADER_EXPIRES] = {"Expires", NULL},
    [SIP_HEADER_EVENT] = {"Event", "o"},
    [SIP_HEADER_USER_AGENT] = {"User-Agent", NULL},
    [SIP_HEADER_CONTENT_TYPE] = {"Content-Type", "c"},
    [SIP_HEADER_CONTENT_LENGTH] = {"Content-Length", "l"},
    [SIP_HEADER_WWW_AUTHENTICATE] = {"WWW-Authenticate", NULL},
    [SIP_HEADER_PROXY_AUTHENTICATE] = {"Proxy-Authenticate", NULL},
};
_Static_assert(AP_COUNT(HEADERS) == SIP_HEADER_COUNT, "a name per header");

/* -- lines ------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next line without its end, with its folds (RFC 3261, 7.3.1) each as one blank, tabs as
 * blanks, and without blanks at the end. No other control character may stand in it: so none gets
 * into a text of the message, and from there into one of ours. */
static int read_line(struct sip_head *head, char **ret_line)
{
    char *line = head->at, *out = line;

    while (head->at < head->end) {
        char c = *head->at++;
        if (c == '\r' && head->at < head->end && *head->at == '\n')
            continue;
        if (c != '\n') {
            if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
                return AP_ESYNTAX;
            *out++ = c == '\t' ? ' ' : c;
            continue;
        }
        while (out > line && out[-1] == ' ')
            out--;
        if (out == line || head->at == head->end || !is_blank(*head->at)) {
            *out = '\0';
            *ret_line = line;
            return 0;
        }
        while (head->at < head->end && is_blank(*head->at))
            head->at++;
        *out++ = ' ';
    }
    return AP_ESYNTAX;
}

/* RFC 3261, 25.1: token. */
bool sip_text_is_token(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (!text_is_alnum(*c) && !strchr("-.!%*_+`'~", *c))
            return false;
    }
    return *text != '\0';
}

/* -- headers ----------------------------------------------------------------------------------- */

/* Several in one header have commas between them (RFC 3261, 7.3.1). */
static int add_vias(struct sip_head *head, char *value)
{
    for (char *begin = value, *next; begin; begin = next) {
        bool quoted = false;
        char *end = begin;
        while (*end && (*end != ',' || quoted)) {
            quoted = *end == '"' ? !quoted : quoted;
            end++;
        }
        next = *end ? end + 1 : NULL;
        while (end > begin && end[-1] == ' ')
            end--;
        *end = '\0';
        while (*begin == ' ')
            begin++;
        if (!*begin)
            return AP_ESYNTAX;
        if (head->via_count == SIP_VIAS_MAX)
            return AP_ERANGE;
        head->vias[head->via_count++] = begin;
    }
    return 0;
}

static int add_header(struct sip_head *head, enum sip_header header, char *value)
{
    bool proxy = header == SIP_HEADER_PROXY_AUTHENTICATE;

    if (header == SIP_HEADER_VIA)
        return add_vias(head, value);
    if (proxy || header == SIP_HEADER_WWW_AUTHENTICATE) {
        if (head->challenge_count < SIP_CHALLENGES_MAX) {
            head->challenges[head->challenge_count].value = value;
            head->challenges[head->challenge_count++].proxy = proxy;
        }
        return 0;
    }
    if (header == SIP_HEADER_CONTACT && head->contact_count++ > 0)
        return 0;
    if (head->seen[header])
        return AP_ESYNTAX;
    head->seen[header] = true;
    head->values[header] = *value ? value : NULL;
    return 0;
}

/* Headers that nobody knows are passed over. */
static int read_header(struct sip_head *head, char *line)
{
    char *value = strchr(line, ':');

    if (!value)
        return AP_ESYNTAX;
    char *name_end = value;
    while (name_end > line && name_end[-1] == ' ')
        name_end--;
    *value++ = '\0';
    *name_end = '\0';
    if (!sip_text_is_token(line))
        return AP_ESYNTAX;
    while (*value == ' ')
        value++;
    for (enum sip_header header = 0; header < SIP_HEADER_COUNT; header++) {
        const char *compact = HEADERS[header].compact;
        if (strcasecmp(line, HEADERS[header].name) == 0 ||
            (compact && strcasecmp(line, compact) == 0))
            return add_header(head, header, value);
    }
    return 0;
}

int sip_head_read(struct sip_head *head)
{
    int err = read_line(head, &head->first_line);

    while (!err) {
        char *line = NULL;
        err = read_line(head, &line);
        if (!err && !*line)
            return 0;
        if (!err)
            err = read_header(head, line);
    }
    return err;
}
