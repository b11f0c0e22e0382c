/* One loop's queue for handshake slots: who waits, who is next, and who has left or waited too
 * long. Must not know how a handshake is made (connection_handshake.c). */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "autoprov/limits.h"
#include "autoprov/turned_away.h"
#include "connection.h"
#include "front_private.h"

/* Sources that are full are remembered while the queue is walked, the others tried again: so many
 * tries in vain, and a turn is over. */
#define FULL_SOURCES_MAX 16
#define TRIED_MAX        256
/* Of the newest, so many are looked at for those who were turned away: a turn must not be long. So
 * many of them are tried at once, and so often others, when those could not begin: they had not
 * said their hello yet, or their source has its fill. They are passed over for a while. */
#define RETURNING_MAX  512
#define CANDIDATES_MAX 16
#define PASSES_MAX     4
#define PASSED_OVER_MS 25
/* Of those who wait, so many are looked at for whether they have left, AP_SLOT_RETRY_MS apart. */
#define SWEEP_MAX 512

static void on_ticker(uv_timer_t *timer);

/* -- who waits --------------------------------------------------------------------------------- */

/* Since when its source waits, with earlier attempts. */
static uint64_t waits_since(const struct connection *connection)
{
    const struct front_setup *setup = &connection->front->setup;
    uint64_t opened_at_ms = connection->opened_at_ms;
    struct source_key key;

    if (!setup->turned_away)
        return opened_at_ms;
    address_source_key(&connection->peer, &key);
    uint64_t since_ms = turned_away_since(setup->turned_away, &key, opened_at_ms);
    return since_ms < opened_at_ms ? since_ms : opened_at_ms;
}

void front_add_waiting(struct connection *connection)
{
    struct front *front = connection->front;
    struct connection_list *list = &front->waiting;

    connection->waits_since_ms = waits_since(connection);
    connection->next_waiting = NULL;
    connection->previous_waiting = list->last;
    if (list->last)
        list->last->next_waiting = connection;
    else
        list->first = connection;
    list->last = connection;
    front->stats.waiting_handshakes++;
    if (!uv_is_active((uv_handle_t *)&front->ticker))
        (void)uv_timer_start(&front->ticker, on_ticker, AP_SLOT_RETRY_MS,
                             AP_SLOT_RETRY_MS); /* fails only when closing */
}

void front_remove_waiting(struct connection *connection)
{
    struct front *front = connection->front;
    struct connection_list *list = &front->waiting;

    if (front->next_swept == connection)
        front->next_swept = connection->next_waiting;
    if (connection->previous_waiting)
        connection->previous_waiting->next_waiting = connection->next_waiting;
    else
        list->first = connection->next_waiting;
    if (connection->next_waiting)
        connection->next_waiting->previous_waiting = connection->previous_waiting;
    else
        list->last = connection->previous_waiting;
    if (--front->stats.waiting_handshakes > 0)
        return;
    (void)uv_timer_stop(&front->ticker); /* never fails */
    front->no_room_since_ms = 0;
    front->is_late = false;
}

static bool is_among(const struct source_key *keys, size_t count, const struct source_key *key)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&keys[i], key, sizeof(*key)) == 0)
            return true;
    }
    return false;
}

void front_had_turn(const struct connection *connection)
{
    const struct front_setup *setup = &connection->front->setup;
    struct source_key key;

    if (!setup->turned_away)
        return;
    address_source_key(&connection->peer, &key);
    turned_away_had_turn(setup->turned_away, &key, uv_now(setup->loop));
}

void front_turn_away(const struct connection *connection)
{
    const struct front_setup *setup = &connection->front->setup;
    struct source_key key;
    char byte;

    /* Who leaves without a word has waited for nothing. */
    if (!setup->turned_away || recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
        return;
    address_source_key(&connection->peer, &key);
    turned_away_note(setup->turned_away, &key, connection->waits_since_ms, uv_now(setup->loop));
}

/* -- whose turn it is -------------------------------------------------------------------------- */

static bool is_of_source(const struct connection *connection, const struct source_key *key)
{
    struct source_key own;

    address_source_key(&connection->peer, &own);
    return memcmp(&own, key, sizeof(own)) == 0;
}

/* Keep the candidates that have waited longest, one of each source, the longest first. */
static size_t add_candidate(struct connection *candidates[static CANDIDATES_MAX], size_t count,
                            struct connection *connection)
{
    struct source_key key;
    size_t at = count;

    address_source_key(&connection->peer, &key);
    for (size_t i = 0; i < count; i++) {
        if (candidates[i]->waits_since_ms > connection->waits_since_ms && at == count)
            at = i;
        if (is_of_source(candidates[i], &key)) {
            /* The list is walked from the newest on: who has more time left stays. */
            return count;
        }
    }
    if (at == CANDIDATES_MAX)
        return count;
    size_t last = count < CANDIDATES_MAX ? count : count - 1;
    memmove(&candidates[at + 1], &candidates[at], (last - at) * sizeof(struct connection *));
    candidates[at] = connection;
    return last + 1;
}

/* The first in the queue has waited long: see AP_HANDSHAKE_LATE_MS. */
static bool takes_newest(const struct front *front)
{
    const struct connection *first = front->waiting.first;

    return front->is_late || (first && uv_now(front->setup.loop) - first->opened_at_ms >=
                                           front->deadlines.waiting_ms);
}

static size_t find_candidates(const struct front *front, uint64_t now_ms,
                              struct connection *candidates[static CANDIDATES_MAX])
{
    size_t count = 0, looked_at = 0;

    for (struct connection *connection = front->waiting.last;
         connection && looked_at < RETURNING_MAX; connection = connection->previous_waiting) {
        looked_at++;
        bool has_time = now_ms - connection->opened_at_ms < front->deadlines.waiting_ms;
        bool is_longer = count < CANDIDATES_MAX ||
                         connection->waits_since_ms < candidates[count - 1]->waits_since_ms;
        if (has_time && is_longer && connection->waits_since_ms < connection->opened_at_ms &&
            now_ms >= connection->passed_until_ms)
            count = add_candidate(candidates, count, connection);
    }
    return count;
}

/* False: there is no room for more. */
static bool start_candidate(struct connection *candidate, uint64_t now_ms)
{
    /* Another of its source may have had its turn since it came: it is as new as it is, then. */
    if (waits_since(candidate) >= candidate->opened_at_ms) {
        candidate->waits_since_ms = candidate->opened_at_ms;
        return true;
    }
    int err = connection_begin_handshake(candidate);
    if (err == AP_ENOENT || err == AP_ERANGE)
        candidate->passed_until_ms = now_ms + PASSED_OVER_MS;
    return err != AP_EBUSY;
}

/* Of those who have just come, and so have time left, the ones who were turned away longest ago. */
static void start_returning(struct front *front, uint64_t now_ms)
{
    struct connection *candidates[CANDIDATES_MAX];
    size_t count = CANDIDATES_MAX;

    if (!front->setup.turned_away)
        return;
    for (unsigned pass = 0; pass < PASSES_MAX && count == CANDIDATES_MAX; pass++) {
        count = find_candidates(front, now_ms, candidates);
        for (size_t i = 0; i < count; i++) {
            if (front->begun_handshakes >= AP_HANDSHAKES_PER_TURN ||
                !start_candidate(candidates[i], now_ms))
                return;
        }
    }
}

/* All that may begin, one after the other. False: somebody might, but there is no room. */
static bool start_all(struct front *front)
{
    struct source_key full[FULL_SOURCES_MAX];
    size_t full_count = 0, tried = 0;
    bool from_newest = takes_newest(front);
    struct connection *next;

    for (struct connection *connection = from_newest ? front->waiting.last : front->waiting.first;
         connection && tried < TRIED_MAX; connection = next) {
        struct source_key key;
        next = from_newest ? connection->previous_waiting : connection->next_waiting;
        address_source_key(&connection->peer, &key);
        if (is_among(full, full_count, &key))
            continue;
        if (front->begun_handshakes >= AP_HANDSHAKES_PER_TURN)
            return false;
        int err = connection_begin_handshake(connection);
        if (err == AP_EBUSY)
            return false;
        tried += err == AP_ERANGE;
        if (err == AP_ERANGE && full_count < FULL_SOURCES_MAX)
            full[full_count++] = key;
    }
    return true;
}

void front_start_waiting(struct front *front)
{
    uint64_t now_ms = uv_now(front->setup.loop);

    if (front->begun_handshakes >= AP_HANDSHAKES_PER_TURN) {
        front->may_begin = true; /* in the next turn */
        return;
    }
    front->may_begin = false;
    if (takes_newest(front))
        start_returning(front, now_ms);
    if (start_all(front)) {
        front->no_room_since_ms = 0;
        front->is_late = false;
        return;
    }
    if (front->no_room_since_ms == 0)
        front->no_room_since_ms = now_ms;
    front->is_late = now_ms - front->no_room_since_ms >= front->deadlines.waiting_ms;
    if (front->begun_handshakes >= AP_HANDSHAKES_PER_TURN)
        front->may_begin = true; /* in the next turn */
}

/* -- who has left ------------------------------------------------------------------------------ */

bool front_make_room(struct front *front)
{
    struct connection *first = front->waiting.first;

    if (!front->is_late || !first ||
        uv_now(front->setup.loop) - first->opened_at_ms < front->deadlines.waiting_ms)
        return false;
    front->stats.refused_connections++;
    connection_close(first);
    return true;
}

/* Those who wait unwatched and have left, or waited for too long: they must not fill the table of
 * connections. */
static void sweep(struct front *front)
{
    struct connection *seen[SWEEP_MAX];
    struct pollfd looks[SWEEP_MAX];
    size_t count = 0;
    unsigned walked = 0;
    struct connection *connection = front->next_swept ? front->next_swept : front->waiting.first;

    for (; connection && walked < front->sweep_max; connection = connection->next_waiting) {
        walked++;
        if (connection->is_watched)
            continue;
        seen[count] = connection;
        looks[count++] = (struct pollfd){.fd = connection->fd, .events = POLLRDHUP};
    }
    front->next_swept = connection;
    if (count == 0 || poll(looks, count, 0) < 0)
        return; /* without memory: the next time */
    for (size_t i = 0; i < count; i++) {
        if (looks[i].revents != 0)
            connection_close(seen[i]);
        else
            connection_check_deadline(seen[i]);
    }
}

static void on_ticker(uv_timer_t *timer)
{
    struct front *front = timer->data;

    sweep(front);
    front_start_waiting(front);
}

void front_queue_init(struct front *front)
{
    (void)uv_timer_init(front->setup.loop, &front->ticker); /* never fails */
    front->ticker.data = front;
    front->sweep_max = SWEEP_MAX;
}
