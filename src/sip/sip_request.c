/* The NOTIFY: written once, kept as bytes, and changed where an answer to a challenge differs.
 * Knows no time and no transaction. */
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>

#include "autoprov/limits.h"
#include "autoprov/sip_digest.h"
#include "autoprov/text.h"
#include "sip_machine.h"

static const char COOKIE[] = "z9hG4bK";
#define COOKIE_LEN (sizeof(COOKIE) - 1)
static const char METHOD[] = "NOTIFY ";
#define METHOD_LEN (sizeof(METHOD) - 1)
/* RFC 3261, 8.1.1.5: below 2^31, and there is one more to come. */
#define CSEQ_MAX (INT32_MAX - 1)

int sip_branch_make(struct sip_branch *ret_branch)
{
    return RAND_bytes(ret_branch->bytes, sizeof(ret_branch->bytes)) == 1 ? 0 : AP_ECRYPTO;
}

bool sip_branch_read(const char *text, struct sip_branch *ret_branch)
{
    return text && strlen(text) == SIP_BRANCH_TEXT_MAX - 1 &&
           strncasecmp(text, COOKIE, COOKIE_LEN) == 0 &&
           text_unhex(text + COOKIE_LEN, 2 * SIP_BRANCH_BYTES, ret_branch->bytes) == 0;
}

static void write_via(struct sip_writer *writer, const char *local, const struct sip_branch *branch,
                      struct sip_request *request)
{
    char digits[2 * SIP_BRANCH_BYTES + 1];

    text_hex(branch->bytes, SIP_BRANCH_BYTES, digits);
    sip_write(writer, "Via: SIP/2.0/UDP ");
    sip_write(writer, local);
    sip_write(writer, ";branch=");
    sip_write(writer, COOKIE);
    request->branch_at = writer->out->len;
    sip_write(writer, digits);
    sip_write(writer, ";rport\r\n");
}

static void write_cseq(struct sip_writer *writer, uint32_t cseq, struct sip_request *request)
{
    request->cseq = cseq;
    request->cseq_at = writer->out->len;
    sip_write(writer, "CSeq: ");
    sip_write_number(writer, cseq);
    sip_write(writer, " NOTIFY\r\n");
    request->cseq_end = writer->out->len;
}

/* Values were looked at by the caller where they do not stand alone in a header. */
static void write_parties(struct sip_writer *writer, const struct sip_notice *notice,
                          const char *tag, const char *call_id)
{
    sip_write(writer, "From: ");
    sip_write(writer, notice->from);
    if (!notice->from_has_tag) {
        sip_write(writer, ";tag=");
        sip_write(writer, tag);
    }
    sip_write(writer, "\r\n");
    sip_write_header(writer, "To", notice->to_header);
    sip_write_header(writer, "Call-ID", notice->call_id ? notice->call_id : call_id);
}

static int write_notify(struct sip_writer *writer, const struct sip_notice *notice,
                        const char *local, const struct sip_branch *branch,
                        struct sip_request *request)
{
    char tag[17], call_id[33];

    if (sip_random_hex(8, tag) != 0 || sip_random_hex(16, call_id) != 0)
        return AP_ECRYPTO;
    request->uri_len = strlen(notice->request_uri);
    sip_write(writer, METHOD);
    sip_write(writer, notice->request_uri);
    sip_write(writer, " SIP/2.0\r\n");
    write_via(writer, local, branch, request);
    sip_write(writer, "Max-Forwards: 70\r\n");
    write_parties(writer, notice, tag, call_id);
    write_cseq(writer, notice->cseq ? notice->cseq : 1, request);
    sip_write(writer, "Contact: <sip:");
    sip_write(writer, local);
    sip_write(writer, ">\r\n");
    sip_write_header(writer, "Event", notice->event);
    sip_write_header(writer, "Subscription-State", notice->subscription_state);
    sip_write_body(writer, notice->content_type, notice->body ? notice->body : "");
    return writer->err == AP_ERANGE ? AP_EINVAL : writer->err;
}

int sip_request_make(const struct sip_notice *notice, const char *local,
                     const struct sip_branch *branch, struct sip_request *ret_request)
{
    struct sip_request request = {0};
    struct buf text;
    struct sip_writer writer = {.out = &text};

    if (!sip_text_is_plain(notice->request_uri) || !sip_text_is_plain(local) ||
        !sip_text_is_value(notice->from) || notice->cseq > CSEQ_MAX)
        return AP_EINVAL;
    buf_init_secret(&text, AP_SIP_DATAGRAM_MAX_BYTES);
    int err = write_notify(&writer, notice, local, branch, &request);
    if (!err)
        err = secret_set(&request.text, text.data, text.len);
    buf_done(&text);
    if (!err)
        *ret_request = request;
    return err;
}

/* -- the answer to a challenge ----------------------------------------------------------------- */

static int write_credentials(struct buf *out, const struct sip_request *request,
                             const struct sip_challenge *challenge, const char *user,
                             const char *password)
{
    char cnonce[33], uri[AP_SIP_DATAGRAM_MAX_BYTES];
    const struct sip_digest digest = {
        .user = user,
        .password = password,
        .method = "NOTIFY",
        .uri = uri,
        .cnonce = cnonce,
        .count = 1,
    };

    memcpy(uri, request->text.bytes + METHOD_LEN, request->uri_len); /* less than the datagram */
    uri[request->uri_len] = '\0';
    int err = sip_random_hex(16, cnonce);
    return err ? err : sip_digest_write(out, challenge, &digest);
}

/* The old text up to its CSeq, that one anew, the credentials, and the rest. */
static int write_answer(struct sip_writer *writer, const struct sip_request *old,
                        const struct sip_challenge *challenge, const char *user,
                        const char *password, struct sip_request *request)
{
    const uint8_t *bytes = old->text.bytes;

    writer->err = buf_append(writer->out, bytes, old->cseq_at);
    write_cseq(writer, old->cseq + 1, request);
    if (!writer->err)
        writer->err = write_credentials(writer->out, old, challenge, user, password);
    if (!writer->err)
        writer->err = buf_append(writer->out, bytes + old->cseq_end, old->text.len - old->cseq_end);
    return writer->err == AP_ERANGE ? AP_EINVAL : writer->err;
}

int sip_request_answer(const struct sip_request *request, const struct sip_message *response,
                       const char *user, const char *password, const struct sip_branch *branch,
                       struct sip_request *ret_request)
{
    const struct sip_challenge *challenge = sip_digest_choose(response);
    struct sip_request answer = {.uri_len = request->uri_len, .branch_at = request->branch_at};
    char digits[2 * SIP_BRANCH_BYTES + 1];
    struct buf text;
    struct sip_writer writer = {.out = &text};

    if (!challenge)
        return AP_ENOENT;
    buf_init_secret(&text, AP_SIP_DATAGRAM_MAX_BYTES);
    int err = write_answer(&writer, request, challenge, user, password, &answer);
    if (!err) {
        text_hex(branch->bytes, SIP_BRANCH_BYTES, digits);
        memcpy(text.data + answer.branch_at, digits, 2 * SIP_BRANCH_BYTES);
        err = secret_set(&answer.text, text.data, text.len);
    }
    buf_done(&text);
    if (!err)
        *ret_request = answer;
    return err;
}
