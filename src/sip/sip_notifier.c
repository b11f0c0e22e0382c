/* Client transactions of NOTIFYs (RFC 3261, 17.1.2). Must not know what a NOTIFY is for.
 *
 *   start -> TRYING --1xx--> PROCEEDING        in the schedule, in both hashes
 *               |                |
 *               +--- the end ----+--> SWALLOWING        in the list, in the branches' hash alone
 *
 * A challenge makes a new transaction with the notice of the old one, which swallows from then on.
 */
#include "autoprov/sip_notifier.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sip_machine.h"

/* RFC 3261, 17.1.2.2. */
#define T1_MS 500
#define T2_MS 4000
#define T4_MS 5000

enum state {
    PREPARED,
    UNSENT, /* the first try failed: to be told with the next tick */
    TRYING,
    PROCEEDING,
    CANCELLED, /* about to end */
    SWALLOWING,
};

struct sip_transaction {
    struct sip_timer timer; /* the first member: a timer is its transaction */
    struct sip_branch branch;
    enum state state;
    bool answers; /* a challenge */
    bool has_credentials;
    struct sip_endpoint to;
    struct sip_request request;
    struct secret user, password;
    void *notice_data;
    int64_t interval_ms, ends_ms;
    struct sip_link branch_link, data_link;
    struct sip_transaction *later; /* in the list of those that swallow */
};

struct sip_notifier {
    struct sip_notifier_setup setup;
    struct sip_schedule schedule;
    struct sip_index by_branch, by_data; /* all; those under way */
    /* Those that swallow, the oldest first: all swallow for the same time. */
    struct sip_transaction *oldest, **newest;
    size_t swallowing;
    int64_t now_ms; /* the latest that was told: sip_notifier_cancel() has none */
    bool closing;
    struct sip_notifier_stats stats;
};

/* -- finding ----------------------------------------------------------------------------------- */

/* Branches are random and nobody else's choice: any part of one is a hash. */
static uint64_t branch_hash(const struct sip_branch *branch)
{
    uint64_t hash;

    memcpy(&hash, branch->bytes, sizeof(hash));
    return hash;
}

/* Addresses, ours alone: the low bits are all alike, a product mixes them upwards. */
static uint64_t data_hash(const void *data)
{
    return ((uint64_t)(uintptr_t)data * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

static struct sip_transaction *find_branch(const struct sip_notifier *notifier,
                                           const struct sip_branch *branch)
{
    struct sip_link *link = sip_index_first(&notifier->by_branch, branch_hash(branch));

    for (; link; link = link->next) {
        struct sip_transaction *transaction = link->owner;
        if (memcmp(&transaction->branch, branch, sizeof(*branch)) == 0)
            return transaction;
    }
    return NULL;
}

/* -- one transaction --------------------------------------------------------------------------- */

static void forget_secrets(struct sip_transaction *transaction)
{
    secret_done(&transaction->request.text);
    secret_done(&transaction->user);
    secret_done(&transaction->password);
}

/* One that is in no table. */
static void transaction_free(struct sip_transaction *transaction)
{
    if (!transaction)
        return;
    forget_secrets(transaction);
    free(transaction);
}

static void forget_oldest(struct sip_notifier *notifier)
{
    struct sip_transaction *oldest = notifier->oldest;

    notifier->oldest = oldest->later;
    if (!notifier->oldest)
        notifier->newest = &notifier->oldest;
    notifier->swallowing--;
    sip_index_remove(&oldest->branch_link);
    transaction_free(oldest);
}

static void make_room(struct sip_notifier *notifier)
{
    while (notifier->oldest &&
           notifier->stats.transactions + notifier->swallowing > notifier->setup.transactions_max)
        forget_oldest(notifier);
}

/* From under way to swallowing (timer K; after timer F too, since an answer may be on its way). */
static void begin_swallowing(struct sip_notifier *notifier, struct sip_transaction *transaction)
{
    sip_schedule_clear(&notifier->schedule, &transaction->timer);
    sip_index_remove(&transaction->data_link);
    forget_secrets(transaction);
    transaction->state = SWALLOWING;
    transaction->ends_ms = notifier->now_ms + T4_MS;
    *notifier->newest = transaction;
    notifier->newest = &transaction->later;
    notifier->swallowing++;
    notifier->stats.transactions--;
}

static void finish(struct sip_notifier *notifier, struct sip_transaction *transaction,
                   enum sip_outcome outcome, int status)
{
    void *notice_data = transaction->notice_data;

    begin_swallowing(notifier, transaction);
    notifier->setup.done(notifier->setup.data, notice_data, outcome, status);
}

static bool send_request(struct sip_notifier *notifier, const struct sip_transaction *transaction)
{
    const struct secret *text = &transaction->request.text;

    return notifier->setup.send(notifier->setup.data, &transaction->to, (const char *)text->bytes,
                                text->len);
}

static void plan(struct sip_notifier *notifier, struct sip_transaction *transaction, int64_t due_ms)
{
    if (due_ms > transaction->ends_ms)
        due_ms = transaction->ends_ms;
    sip_schedule_set(&notifier->schedule, &transaction->timer, due_ms);
}

/* Timer E, in its own rhythm even when a tick comes late, but never twice at once. */
static void send_again(struct sip_notifier *notifier, struct sip_transaction *transaction)
{
    int64_t due_ms = transaction->timer.due_ms;

    notifier->stats.retransmitted++;
    (void)send_request(notifier, transaction); /* as if it were lost */
    transaction->interval_ms *= 2;
    if (transaction->state == PROCEEDING || transaction->interval_ms > T2_MS)
        transaction->interval_ms = T2_MS;
    due_ms += transaction->interval_ms;
    if (due_ms <= notifier->now_ms)
        due_ms = notifier->now_ms + transaction->interval_ms;
    plan(notifier, transaction, due_ms);
}

/* -- starting ---------------------------------------------------------------------------------- */

int sip_notifier_new(const struct sip_notifier_setup *setup, struct sip_notifier **ret_notifier)
{
    struct sip_notifier *notifier = calloc(1, sizeof(*notifier));

    if (!notifier)
        return AP_ENOMEM;
    notifier->setup = *setup;
    notifier->newest = &notifier->oldest;
    if (sip_index_init(&notifier->by_branch, setup->transactions_max) != 0 ||
        sip_index_init(&notifier->by_data, setup->transactions_max) != 0 ||
        sip_schedule_init(&notifier->schedule, setup->transactions_max) != 0) {
        sip_notifier_free(notifier);
        return AP_ENOMEM;
    }
    *ret_notifier = notifier;
    return 0;
}

void sip_notifier_free(struct sip_notifier *notifier)
{
    if (!notifier)
        return;
    notifier->closing = true;
    for (struct sip_timer *timer; (timer = sip_schedule_first(&notifier->schedule)) != NULL;)
        finish(notifier, (struct sip_transaction *)timer, SIP_CANCELLED, 0);
    while (notifier->oldest)
        forget_oldest(notifier);
    sip_schedule_done(&notifier->schedule);
    sip_index_done(&notifier->by_branch);
    sip_index_done(&notifier->by_data);
    free(notifier);
}

static int fill(struct sip_notifier *notifier, const struct sip_notice *notice,
                struct sip_transaction *transaction)
{
    char local[AP_ADDRESS_TEXT_MAX];
    int err = 0;

    transaction->to = notice->to;
    transaction->notice_data = notice->data;
    if (!notifier->setup.local(notifier->setup.data, &notice->to, local, sizeof(local)))
        return AP_EIO;
    err = sip_branch_make(&transaction->branch);
    if (!err)
        err = sip_request_make(notice, local, &transaction->branch, &transaction->request);
    if (err || !notice->user || !notice->password)
        return err;
    transaction->has_credentials = true;
    err = secret_set(&transaction->user, notice->user, strlen(notice->user));
    return err ? err
               : secret_set(&transaction->password, notice->password, strlen(notice->password));
}

/* Into the tables; there is room. */
static void admit(struct sip_notifier *notifier, struct sip_transaction *transaction)
{
    notifier->stats.transactions++;
    make_room(notifier);
    sip_index_add(&notifier->by_branch, branch_hash(&transaction->branch),
                  &transaction->branch_link, transaction);
    sip_index_add(&notifier->by_data, data_hash(transaction->notice_data), &transaction->data_link,
                  transaction);
}

int sip_notifier_prepare(struct sip_notifier *notifier, const struct sip_notice *notice,
                         struct sip_transaction **ret_transaction)
{
    if (notifier->closing || notifier->stats.transactions >= notifier->setup.transactions_max)
        return AP_EBUSY;
    struct sip_transaction *transaction = calloc(1, sizeof(*transaction));
    int err = transaction ? fill(notifier, notice, transaction) : AP_ENOMEM;
    if (err) {
        transaction_free(transaction);
        return err;
    }
    admit(notifier, transaction);
    *ret_transaction = transaction;
    return 0;
}

void sip_notifier_launch(struct sip_notifier *notifier, struct sip_transaction *transaction,
                         int64_t now_ms)
{
    assert(transaction->state == PREPARED);
    notifier->now_ms = now_ms;
    notifier->stats.sent++;
    transaction->state = TRYING;
    transaction->interval_ms = T1_MS;
    transaction->ends_ms = now_ms + SIP_TRANSACTION_MS;
    plan(notifier, transaction, now_ms + T1_MS);
    if (send_request(notifier, transaction) || transaction->answers)
        return;
    transaction->state = UNSENT;
    plan(notifier, transaction, now_ms + 1); /* not in this tick: done may have started it there */
}

int sip_notifier_start(struct sip_notifier *notifier, const struct sip_notice *notice,
                       int64_t now_ms)
{
    struct sip_transaction *transaction;
    int err = sip_notifier_prepare(notifier, notice, &transaction);

    if (!err)
        sip_notifier_launch(notifier, transaction, now_ms);
    return err;
}

/* -- responses --------------------------------------------------------------------------------- */

/* A new transaction that takes the old one's place; it has no credentials left for a second answer.
 * False: it cannot be answered. */
static bool answer_challenge(struct sip_notifier *notifier, struct sip_transaction *old,
                             const struct sip_message *response)
{
    struct sip_transaction *answer;

    if (!old->has_credentials)
        return false;
    answer = calloc(1, sizeof(*answer));
    if (!answer)
        return false;
    answer->answers = true;
    answer->to = old->to;
    answer->notice_data = old->notice_data;
    if (sip_branch_make(&answer->branch) != 0 ||
        sip_request_answer(&old->request, response, (const char *)old->user.bytes,
                           (const char *)old->password.bytes, &answer->branch,
                           &answer->request) != 0) {
        transaction_free(answer);
        return false;
    }
    begin_swallowing(notifier, old);
    admit(notifier, answer);
    notifier->stats.challenges_answered++;
    sip_notifier_launch(notifier, answer, notifier->now_ms);
    return true;
}

static void final_response(struct sip_notifier *notifier, struct sip_transaction *transaction,
                           const struct sip_message *response)
{
    int status = response->status;

    if ((status == 401 || status == 407) && answer_challenge(notifier, transaction, response))
        return;
    enum sip_outcome outcome = status >= 300          ? SIP_REFUSED
                               : transaction->answers ? SIP_ACCEPTED_CHALLENGED
                                                      : SIP_ACCEPTED;
    finish(notifier, transaction, outcome, status);
}

static bool is_from(const struct sip_transaction *transaction, const struct sip_endpoint *from)
{
    const struct address *to = &transaction->to.address;

    return to->family == from->address.family &&
           memcmp(to->bytes, from->address.bytes, sizeof(to->bytes)) == 0;
}

bool sip_notifier_receive(struct sip_notifier *notifier, const struct sip_endpoint *from,
                          const struct sip_message *response, int64_t now_ms)
{
    struct sip_transaction *transaction = NULL;
    struct sip_branch branch;

    if (!response->is_response)
        return false;
    notifier->now_ms = now_ms;
    if (response->method == SIP_NOTIFY && sip_branch_read(response->via_branch, &branch))
        transaction = find_branch(notifier, &branch);
    if (!transaction || !is_from(transaction, from)) {
        notifier->stats.strays++;
        return false;
    }
    if (transaction->state == SWALLOWING)
        return true;
    if (response->status >= 200)
        final_response(notifier, transaction, response);
    else if (transaction->state == TRYING)
        transaction->state = PROCEEDING;
    return true;
}

/* -- time -------------------------------------------------------------------------------------- */

void sip_notifier_tick(struct sip_notifier *notifier, int64_t now_ms)
{
    struct sip_timer *timer;

    notifier->now_ms = now_ms;
    while (notifier->oldest && notifier->oldest->ends_ms <= now_ms)
        forget_oldest(notifier);
    while ((timer = sip_schedule_first(&notifier->schedule)) != NULL && timer->due_ms <= now_ms) {
        struct sip_transaction *transaction = (struct sip_transaction *)timer;
        if (transaction->state == UNSENT || transaction->ends_ms <= now_ms)
            finish(notifier, transaction, SIP_UNREACHABLE, 0);
        else
            send_again(notifier, transaction);
    }
}

int64_t sip_notifier_next_ms(const struct sip_notifier *notifier)
{
    const struct sip_timer *timer = sip_schedule_first(&notifier->schedule);
    int64_t next_ms = timer ? timer->due_ms : -1;

    if (notifier->oldest && (next_ms < 0 || notifier->oldest->ends_ms < next_ms))
        next_ms = notifier->oldest->ends_ms;
    return next_ms;
}

/* One of that data and state. */
static struct sip_transaction *find_data(const struct sip_notifier *notifier, const void *data,
                                         bool cancelled)
{
    struct sip_link *link = sip_index_first(&notifier->by_data, data_hash(data));

    for (; link; link = link->next) {
        struct sip_transaction *transaction = link->owner;
        if (transaction->notice_data == data && (transaction->state == CANCELLED) == cancelled)
            return transaction;
    }
    return NULL;
}

/* Marked first: what done starts anew with that data goes on. */
void sip_notifier_cancel(struct sip_notifier *notifier, const void *notice_data)
{
    struct sip_transaction *found;

    while ((found = find_data(notifier, notice_data, false)) != NULL)
        found->state = CANCELLED;
    while ((found = find_data(notifier, notice_data, true)) != NULL)
        finish(notifier, found, SIP_CANCELLED, 0);
}

void sip_notifier_stats(const struct sip_notifier *notifier, struct sip_notifier_stats *ret_stats)
{
    *ret_stats = notifier->stats;
}
