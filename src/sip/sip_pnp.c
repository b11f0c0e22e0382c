/* Server transactions of questions (RFC 3261, 17.2.2), and the NOTIFY that follows. Must not know
 * who may be told what.
 *
 *   asked -> WAITING --serve--> TELLING --the NOTIFY's end--> TOLD
 *               +------ignore-> IGNORED
 *
 * Places are taken in a ring, so its first one is the oldest. */
#include "autoprov/sip_pnp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "autoprov/array.h"
#include "sip_pnp_private.h"

enum state { UNUSED, WAITING, IGNORED, TELLING, TOLD };

struct place {
    uint64_t id;
    enum state state;
    int64_t ends_ms; /* of a place that is not TELLING */
    char tag[17];    /* ours */
    struct sip_question question;
    struct sip_link link;
    char text[AP_SIP_PNP_TEXT_MAX_BYTES];
};

struct sip_pnp {
    struct sip_pnp_setup setup;
    struct sip_rate *rate;
    struct sip_bucket all; /* of new questions */
    struct sip_index index;
    uint64_t seed, sequence;
    struct place *places; /* AP_SIP_PNP_MAX */
    size_t oldest, count;
    struct buf out; /* has its memory from the beginning */
    struct sip_pnp_stats stats;
};

int sip_pnp_new(const struct sip_pnp_setup *setup, struct sip_pnp **ret_pnp)
{
    struct sip_pnp *pnp = calloc(1, sizeof(*pnp));
    int err = AP_ENOMEM;

    if (!pnp)
        return AP_ENOMEM;
    pnp->setup = *setup;
    sip_bucket_init(&pnp->all, setup->questions_per_s, setup->questions_at_once);
    buf_init(&pnp->out, AP_SIP_DATAGRAM_MAX_BYTES);
    pnp->places = calloc(AP_SIP_PNP_MAX, sizeof(struct place));
    if (pnp->places)
        err = buf_reserve(&pnp->out, AP_SIP_DATAGRAM_MAX_BYTES);
    if (!err)
        err = sip_index_init(&pnp->index, AP_SIP_PNP_MAX);
    if (!err)
        err = sip_rate_new(setup->per_source_per_s, &pnp->rate);
    if (!err && RAND_bytes((unsigned char *)&pnp->seed, sizeof(pnp->seed)) != 1)
        err = AP_ECRYPTO;
    if (err) {
        sip_pnp_free(pnp);
        return err;
    }
    *ret_pnp = pnp;
    return 0;
}

/* -- places ------------------------------------------------------------------------------------ */

static void leave(struct sip_pnp *pnp, struct place *place)
{
    if (place->state == TELLING)
        sip_notifier_cancel(pnp->setup.notifier, place); /* which calls sip_pnp_done() */
    sip_index_remove(&place->link);
    place->state = UNUSED;
}

static void leave_oldest(struct sip_pnp *pnp)
{
    leave(pnp, &pnp->places[pnp->oldest]);
    pnp->count--;
    /* From the beginning again when all are free: so a few phones touch little memory. */
    pnp->oldest = pnp->count > 0 ? (pnp->oldest + 1) % AP_SIP_PNP_MAX : 0;
}

static bool is_over(const struct place *place, int64_t now_ms)
{
    return place->state != TELLING && place->ends_ms <= now_ms;
}

/* Room for one more. */
static struct place *take_place(struct sip_pnp *pnp, int64_t now_ms)
{
    while (pnp->count > 0 &&
           (pnp->count == AP_SIP_PNP_MAX || is_over(&pnp->places[pnp->oldest], now_ms)))
        leave_oldest(pnp);
    return &pnp->places[(pnp->oldest + pnp->count) % AP_SIP_PNP_MAX];
}

static struct place *find_question(struct sip_pnp *pnp, const struct sip_question *question,
                                   uint64_t hash, int64_t now_ms)
{
    for (struct sip_link *link = sip_index_first(&pnp->index, hash); link; link = link->next) {
        struct place *place = link->owner;
        if (!is_over(place, now_ms) && sip_question_is(&place->question, question))
            return place;
    }
    return NULL;
}

static struct place *find_id(struct sip_pnp *pnp, uint64_t id)
{
    struct place *place = &pnp->places[id % AP_SIP_PNP_MAX];

    return place->id == id && place->state == WAITING ? place : NULL;
}

void sip_pnp_free(struct sip_pnp *pnp)
{
    if (!pnp)
        return;
    while (pnp->places && pnp->count > 0)
        leave_oldest(pnp);
    sip_index_done(&pnp->index);
    sip_rate_free(pnp->rate);
    buf_done(&pnp->out);
    free(pnp->places);
    free(pnp);
}

/* -- questions --------------------------------------------------------------------------------- */

static const char *printable(const char *text)
{
    for (const char *c = text; c && *c; c++) {
        if (*c < 0x20 || *c >= 0x7f)
            return "";
    }
    return text ? text : "";
}

static void ask(struct sip_pnp *pnp, const struct place *place, unsigned interface,
                const struct sip_message *message)
{
    bool plain = message->contact_uri && sip_text_is_plain(message->contact_uri);
    struct sip_pnp_request request = {
        .id = place->id,
        .from = place->question.from,
        .interface = interface,
        .vendor = printable(message->event_vendor),
        .model = printable(message->event_model),
        .version = printable(message->event_version),
        .user_agent = printable(message->user_agent),
        .contact = plain ? message->contact_uri : "",
    };

    memcpy(request.mac, message->mac, sizeof(request.mac));
    pnp->setup.asked(pnp->setup.data, &request);
}

/* Into pnp->out. */
static int write_answer(struct sip_pnp *pnp, const struct sip_question *question, const char *tag)
{
    char local[AP_ADDRESS_TEXT_MAX];

    if (!pnp->setup.local(pnp->setup.data, &question->answer_to, local, sizeof(local)))
        return AP_EIO;
    buf_reset(&pnp->out);
    int err = sip_question_answer(question, tag, local, &pnp->out);
    return err == AP_ERANGE ? AP_EINVAL : err;
}

/* Lost or not: the phone asks again. */
static void send_answer(struct sip_pnp *pnp, const struct sip_question *question)
{
    (void)pnp->setup.send(pnp->setup.data, &question->answer_to, pnp->out.data, pnp->out.len);
}

void sip_pnp_receive(struct sip_pnp *pnp, const struct sip_endpoint *from, unsigned interface,
                     const struct sip_message *message, int64_t now_ms)
{
    struct sip_question question;

    if (!sip_question_of(message, from, &question)) {
        pnp->stats.dropped_form++;
        return;
    }
    uint64_t hash = sip_question_hash(&question, pnp->seed);
    struct place *place = find_question(pnp, &question, hash, now_ms);
    if (place) {
        /* By the question at hand: it may come by another way, with another branch. */
        pnp->stats.repeats++;
        if ((place->state == TELLING || place->state == TOLD) &&
            write_answer(pnp, &question, place->tag) == 0)
            send_answer(pnp, &question);
        return;
    }
    if (!sip_bucket_admit(&pnp->all, now_ms)) {
        pnp->stats.dropped_rate++;
        return;
    }
    place = take_place(pnp, now_ms);
    if (!sip_question_keep(&question, place->text, sizeof(place->text)) ||
        sip_random_hex(8, place->tag) != 0) {
        pnp->stats.dropped_form++;
        return;
    }
    place->id = ++pnp->sequence * AP_SIP_PNP_MAX + (size_t)(place - pnp->places);
    place->state = WAITING;
    place->ends_ms = now_ms + SIP_TRANSACTION_MS;
    place->question = question;
    sip_index_add(&pnp->index, hash, &place->link, place);
    pnp->count++;
    pnp->stats.questions++;
    ask(pnp, place, interface, message);
}

bool sip_pnp_admit(struct sip_pnp *pnp, const struct sip_endpoint *from, int64_t now_ms)
{
    bool admitted = sip_rate_admit(pnp->rate, &from->address, now_ms);

    pnp->stats.dropped_rate += !admitted;
    return admitted;
}

/* -- answers ----------------------------------------------------------------------------------- */

/* What the NOTIFY says that does not stand in the question as it is. */
struct texts {
    char from[AP_SIP_PNP_TEXT_MAX_BYTES + 32];
    char target[AP_ADDRESS_TEXT_MAX + 16];
    char content_type[AP_URL_MAX_BYTES + 64]; /* a secret, as the URL is */
};

/* The lengths are those of kept texts, and of a URL that was looked at: nothing is cut off. */
static void fill_texts(const struct place *place, const char *url, struct texts *texts)
{
    const struct sip_question *question = &place->question;
    char address[AP_ADDRESS_TEXT_MAX];
    bool brackets = question->from.address.family == AF_INET6;

    address_format(&question->from.address, address);
    (void)snprintf(texts->from, sizeof(texts->from), "%s;tag=%s", question->to_text, place->tag);
    (void)snprintf(texts->target, sizeof(texts->target), "sip:%s%s%s:%u", brackets ? "[" : "",
                   address, brackets ? "]" : "", (unsigned)question->notify_to.port);
    (void)snprintf(texts->content_type, sizeof(texts->content_type),
                   "message/external-body;access-type=\"URL\";URL=\"%s\"", url);
}

/* RFC 6665, 4.2.1: the NOTIFY is of the dialog that the 200 made. */
static struct sip_notice notice_of(struct place *place, const struct texts *texts, const char *url,
                                   enum sip_pnp_form form)
{
    const struct sip_question *question = &place->question;
    struct sip_notice notice = {
        .to = question->notify_to,
        .request_uri = question->target ? question->target : texts->target,
        .from = texts->from,
        .from_has_tag = true,
        .to_header = question->from_text,
        .call_id = question->call_id,
        .event = question->event,
        .subscription_state = "terminated;reason=timeout",
        .content_type = "application/url",
        .body = url,
        .data = place,
    };

    if (form == SIP_PNP_UNTURNED) {
        notice.from = question->from_text;
        notice.from_has_tag = question->has_from_tag;
        notice.to_header = question->to_text;
    } else if (form == SIP_PNP_EXTERNAL) {
        notice.content_type = texts->content_type;
        notice.body = "";
    }
    return notice;
}

/* A phone that asks anew, as after a restart, waits for one NOTIFY; and who forges its questions
 * begins no second series of repeats. */
static void cancel_older(struct sip_pnp *pnp, const struct place *place)
{
    for (size_t i = 0; i < pnp->count; i++) {
        struct place *other = &pnp->places[(pnp->oldest + i) % AP_SIP_PNP_MAX];
        if (other != place && other->state == TELLING &&
            memcmp(other->question.mac, place->question.mac, AP_MAC_LEN) == 0)
            sip_notifier_cancel(pnp->setup.notifier, other); /* which calls sip_pnp_done() */
    }
}

static bool is_url(const char *url)
{
    return strlen(url) <= AP_URL_MAX_BYTES && sip_text_is_plain(url) && !strchr(url, '\\');
}

int sip_pnp_serve(struct sip_pnp *pnp, uint64_t id, const char *url, enum sip_pnp_form form,
                  int64_t now_ms)
{
    struct place *place = find_id(pnp, id);
    struct sip_transaction *transaction = NULL;
    struct texts texts;

    if (!place || is_over(place, now_ms))
        return AP_ENOENT;
    if (!is_url(url))
        return AP_EINVAL;
    fill_texts(place, url, &texts);
    const struct sip_notice notice = notice_of(place, &texts, url, form);
    int err = write_answer(pnp, &place->question, place->tag);
    if (!err)
        err = sip_notifier_prepare(pnp->setup.notifier, &notice, &transaction);
    secret_wipe(&texts, sizeof(texts));
    if (err)
        return err;
    cancel_older(pnp, place);
    place->state = TELLING;
    place->ends_ms = now_ms + SIP_TRANSACTION_MS;
    pnp->stats.served++;
    send_answer(pnp, &place->question); /* first, or phones know nothing of a subscription */
    sip_notifier_launch(pnp->setup.notifier, transaction, now_ms);
    return 0;
}

void sip_pnp_ignore(struct sip_pnp *pnp, uint64_t id)
{
    struct place *place = find_id(pnp, id);

    if (!place)
        return;
    place->state = IGNORED;
    pnp->stats.ignored++;
}

bool sip_pnp_done(struct sip_pnp *pnp, void *notice_data, enum sip_outcome outcome, int status)
{
    uintptr_t at = (uintptr_t)notice_data, first = (uintptr_t)pnp->places;

    if (at < first || at >= first + AP_SIP_PNP_MAX * sizeof(struct place))
        return false;
    struct place *place = notice_data;
    place->state = TOLD;
    pnp->setup.told(pnp->setup.data, place->question.mac, outcome, status);
    return true;
}

void sip_pnp_stats(const struct sip_pnp *pnp, struct sip_pnp_stats *ret_stats)
{
    *ret_stats = pnp->stats;
}
