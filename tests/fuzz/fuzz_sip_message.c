/* A datagram on the SIP port: what is read keeps what sip_message.h promises, and what is told of
 * it can be written into a message of ours. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/sip_digest.h"
#include "autoprov/sip_message.h"
#include "fuzz.h"

static void check_text(const char *text)
{
    for (; text && *text; text++)
        CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_challenges(const struct sip_message *message)
{
    const struct sip_digest digest = {"user", "password", "NOTIFY", "sip:a@192.0.2.1", "0", 1};
    const struct sip_challenge *chosen = sip_digest_choose(message);
    struct buf out;

    CHECK(message->challenge_count <= SIP_CHALLENGES_MAX);
    CHECK(message->challenge_count == 0 || message->status == 401 || message->status == 407);
    for (size_t i = 0; i < message->challenge_count; i++) {
        const struct sip_challenge *challenge = &message->challenges[i];
        check_text(challenge->realm);
        check_text(challenge->nonce);
        check_text(challenge->opaque);
        CHECK(!strpbrk(challenge->realm, "\"\\") && !strpbrk(challenge->nonce, "\"\\"));
        CHECK(!challenge->opaque || !strpbrk(challenge->opaque, "\"\\"));
        CHECK(challenge->qop_given || !challenge->qop_auth);
    }
    if (!chosen)
        return;
    buf_init_secret(&out, 8192);
    CHECK(sip_digest_write(&out, chosen, &digest) == 0);
    CHECK(out.len > 2 && strchr(out.data, '\n') == out.data + out.len - 1);
    buf_done(&out);
}

static void check_contact(const struct sip_message *message)
{
    struct address address;
    uint16_t port;

    check_text(message->contact);
    check_text(message->contact_uri);
    CHECK(message->contact || !message->contact_uri);
    if (!message->contact_uri || sip_uri_endpoint(message->contact_uri, &address, &port) != 0)
        return;
    CHECK(port > 0 && (address.family == AF_INET || address.family == AF_INET6));
}

static void check_message(const struct sip_message *message)
{
    CHECK(message->is_response ? message->status >= 100 && message->status <= 699
                               : message->status == 0 && message->request_uri != NULL);
    CHECK(!message->is_response || !message->has_mac);
    CHECK(message->via_count >= 1 && message->via_count <= SIP_VIAS_MAX);
    for (size_t i = 0; i < message->via_count; i++) {
        CHECK(*message->vias[i]);
        check_text(message->vias[i]);
    }
    CHECK(message->via_host && message->from && message->to && message->call_id);
    CHECK(message->method_text && message->cseq <= INT32_MAX);
    CHECK((message->method == SIP_SUBSCRIBE) == (strcmp(message->method_text, "SUBSCRIBE") == 0));
    check_text(message->method_text);
    check_text(message->request_uri);
    check_text(message->via_branch);
    check_text(message->from);
    check_text(message->from_tag);
    check_text(message->to);
    check_text(message->to_tag);
    check_text(message->call_id);
    check_text(message->event);
    check_text(message->event_package);
    check_text(message->event_vendor);
    check_text(message->event_model);
    check_text(message->event_version);
    check_text(message->user_agent);
    check_text(message->content_type);
    CHECK(message->expires >= -1 && message->expires <= UINT32_MAX);
    CHECK(message->body && message->body[message->body_len] == '\0');
    check_contact(message);
    check_challenges(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sip_message message;
    struct arena arena;
    /* Of exactly this size, so that address sanitizer sees one byte over. */
    char *copy = malloc(size > 0 ? size : 1);

    CHECK(copy);
    if (size > 0)
        memcpy(copy, data, size);
    arena_init(&arena, 65536);
    int err = sip_message_read(copy, size, &arena, &message);
    CHECK(err == 0 || err == AP_ESYNTAX || err == AP_ERANGE);
    CHECK(arena.taken_bytes <= 16384);
    free(copy);
    if (!err)
        check_message(&message);
    arena_done(&arena);
    /* And as a URI alone. */
    char *uri = calloc(1, size + 1);
    struct address address;
    uint16_t port;
    CHECK(uri);
    if (size > 0)
        memcpy(uri, data, size);
    CHECK(sip_uri_endpoint(uri, &address, &port) != 0 || port > 0);
    free(uri);
    return 0;
}
