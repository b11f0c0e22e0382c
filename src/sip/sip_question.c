/* What a phone asked, and the 200 to it. Knows no time. */
#include <string.h>
#include <strings.h>

#include "autoprov/array.h"
#include "sip_pnp_private.h"

static bool is_same_address(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The Contact counts when it is no detour: what stands in a datagram leads to no other host than
 * the one that sent it. */
static void find_target(const struct sip_message *message, struct sip_question *question)
{
    struct address address;
    uint16_t port;

    question->notify_to = question->from;
    if (!message->contact_uri || !sip_text_is_plain(message->contact_uri) ||
        sip_uri_endpoint(message->contact_uri, &address, &port) != 0 ||
        !is_same_address(&address, &question->from.address))
        return;
    question->notify_to.port = port;
    question->target = message->contact_uri;
}

/* Without rport the answer goes to the port of sent-by (RFC 3261, 18.2.2), if one is said for the
 * source's own address; else only the source port is known to lead back. */
static void find_way_back(const struct sip_message *message, struct sip_question *question)
{
    struct address said;
    bool same = address_parse(message->via_host, &said) == 0 &&
                is_same_address(&said, &question->from.address);

    question->rport = message->via_rport;
    question->received = !same || message->via_rport;
    question->answer_to = question->from;
    if (!message->via_rport && same && message->via_port != 0)
        question->answer_to.port = message->via_port;
    if (question->answer_to.port == 0)
        question->answer_to.port = question->notify_to.port;
}

bool sip_question_of(const struct sip_message *message, const struct sip_endpoint *from,
                     struct sip_question *ret_question)
{
    struct sip_question question = {
        .from = *from,
        .via_count = message->via_count,
        .from_text = message->from,
        .to_text = message->to,
        .call_id = message->call_id,
        .event = message->event,
        .has_from_tag = message->from_tag != NULL,
        .cseq = message->cseq,
    };

    if (message->is_response || message->method != SIP_SUBSCRIBE || message->to_tag ||
        !message->has_mac || !message->event_package ||
        strcasecmp(message->event_package, "ua-profile") != 0 ||
        (from->address.family != AF_INET && from->address.family != AF_INET6))
        return false;
    memcpy(question.mac, message->mac, sizeof(question.mac));
    memcpy(question.vias, message->vias, sizeof(question.vias));
    find_target(message, &question);
    if (question.notify_to.port == 0)
        return false;
    find_way_back(message, &question);
    *ret_question = question;
    return true;
}

static bool keep_text(const char **text, char **at, const char *end)
{
    size_t len = *text ? strlen(*text) + 1 : 0;

    if (len > (size_t)(end - *at))
        return false;
    if (*text) {
        memcpy(*at, *text, len);
        *text = *at;
        *at += len;
    }
    return true;
}

bool sip_question_keep(struct sip_question *question, char *text, size_t room)
{
    const char **const texts[] = {&question->from_text, &question->to_text, &question->call_id,
                                  &question->event, &question->target};
    char *at = text;

    for (size_t i = 0; i < question->via_count; i++) {
        if (!keep_text(&question->vias[i], &at, text + room))
            return false;
    }
    for (size_t i = 0; i < AP_COUNT(texts); i++) {
        if (!keep_text(texts[i], &at, text + room))
            return false;
    }
    return true;
}

/* Where the name of the first parameter "rport" without a value ends; NULL: there is none. */
static const char *find_rport(const char *via)
{
    bool quoted = false;

    for (const char *at = via; *at; at++) {
        quoted = *at == '"' ? !quoted : quoted;
        if (quoted || *at != ';')
            continue;
        const char *name = at + 1 + strspn(at + 1, " ");
        const char *end = name + 5;
        if (strncasecmp(name, "rport", 5) == 0 && (!*end || strchr("; ", *end)))
            return end;
    }
    return NULL;
}

static void write_top_via(struct sip_writer *writer, const struct sip_question *question)
{
    const char *via = question->vias[0];
    const char *end = question->rport ? find_rport(via) : NULL;
    char address[AP_ADDRESS_TEXT_MAX];

    sip_write(writer, "Via: ");
    if (end) {
        if (!writer->err)
            writer->err = buf_append(writer->out, via, (size_t)(end - via));
        sip_write(writer, "=");
        sip_write_number(writer, question->from.port);
        via = end;
    }
    sip_write(writer, via);
    if (question->received) {
        address_format(&question->from.address, address);
        sip_write(writer, ";received=");
        sip_write(writer, address);
    }
    sip_write(writer, "\r\n");
}

int sip_question_answer(const struct sip_question *question, const char *tag, const char *local,
                        struct buf *out)
{
    struct sip_writer writer = {.out = out};

    if (!sip_text_is_plain(local))
        return AP_EINVAL;
    sip_write(&writer, "SIP/2.0 200 OK\r\n");
    write_top_via(&writer, question);
    for (size_t i = 1; i < question->via_count; i++)
        sip_write_header(&writer, "Via", question->vias[i]);
    sip_write_header(&writer, "From", question->from_text);
    sip_write(&writer, "To: ");
    sip_write(&writer, question->to_text);
    sip_write(&writer, ";tag=");
    sip_write(&writer, tag);
    sip_write(&writer, "\r\n");
    sip_write_header(&writer, "Call-ID", question->call_id);
    sip_write(&writer, "CSeq: ");
    sip_write_number(&writer, question->cseq);
    sip_write(&writer, " SUBSCRIBE\r\nContact: <sip:");
    sip_write(&writer, local);
    sip_write(&writer, ">\r\nExpires: 0\r\n");
    sip_write_body(&writer, NULL, NULL);
    return writer.err;
}

bool sip_question_is(const struct sip_question *a, const struct sip_question *b)
{
    return a->cseq == b->cseq && is_same_address(&a->from.address, &b->from.address) &&
           strcmp(a->call_id, b->call_id) == 0;
}

/* FNV-1a from a random start: whoever sends Call-IDs does not know which meet in one place. */
uint64_t sip_question_hash(const struct sip_question *question, uint64_t seed)
{
    uint64_t hash = seed ^ question->cseq;

    for (const char *c = question->call_id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < sizeof(question->from.address.bytes); i++)
        hash = (hash ^ question->from.address.bytes[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}
