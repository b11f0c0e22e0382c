/* One loop's front: turns of the loop, the queue for handshake slots, drain and close.
 * Must not know what a connection does. */
#include "autoprov/front.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autoprov/limits.h"
#include "autoprov/turned_away.h"
#include "connection.h"
#include "front_private.h"

/* Sources that are full are remembered while the queue is walked, the others tried again: so many
 * tries in vain, and a turn is over. */
#define FULL_SOURCES_MAX 16
#define TRIED_MAX        256
/* Of the newest, so many are looked at for those who were turned away: a turn must not be long. */
#define RETURNING_MAX 256
/* Of those who wait, so many are looked at for whether they have left, AP_SLOT_RETRY_MS apart. */
#define SWEEP_MAX 512

static void on_ticker(uv_timer_t *timer);

/* -- the queue for handshake slots ------------------------------------------------------------ */

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

    if (!setup->turned_away)
        return;
    address_source_key(&connection->peer, &key);
    turned_away_note(setup->turned_away, &key, connection->waits_since_ms, uv_now(setup->loop));
}

static bool is_same_source(const struct connection *a, const struct connection *b)
{
    struct source_key key_a, key_b;

    address_source_key(&a->peer, &key_a);
    address_source_key(&b->peer, &key_b);
    return memcmp(&key_a, &key_b, sizeof(key_a)) == 0;
}

/* Keep the candidates that have waited longest, one of each source, the longest first. */
static size_t add_candidate(struct connection *candidates[static AP_HANDSHAKES_PER_TURN],
                            size_t count, struct connection *connection)
{
    size_t at = count;

    for (size_t i = 0; i < count; i++) {
        if (candidates[i]->waits_since_ms > connection->waits_since_ms && at == count)
            at = i;
        if (is_same_source(candidates[i], connection)) {
            /* The list is walked from the newest on: who has more time left stays. */
            return count;
        }
    }
    if (at == AP_HANDSHAKES_PER_TURN)
        return count;
    size_t last = count < AP_HANDSHAKES_PER_TURN ? count : count - 1;
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

/* Of those who have just come, and so have time left, the ones who were turned away longest ago. */
static void start_returning(struct front *front, uint64_t now_ms)
{
    struct connection *candidates[AP_HANDSHAKES_PER_TURN];
    size_t count = 0, looked_at = 0;

    if (!front->setup.turned_away)
        return;
    for (struct connection *connection = front->waiting.last;
         connection && looked_at < RETURNING_MAX; connection = connection->previous_waiting) {
        looked_at++;
        bool has_time = now_ms - connection->opened_at_ms < front->deadlines.waiting_ms;
        bool is_longer = count < AP_HANDSHAKES_PER_TURN ||
                         connection->waits_since_ms < candidates[count - 1]->waits_since_ms;
        if (has_time && is_longer && connection->waits_since_ms < connection->opened_at_ms)
            count = add_candidate(candidates, count, connection);
    }
    for (size_t i = 0; i < count && front->begun_handshakes < AP_HANDSHAKES_PER_TURN; i++) {
        /* Another of its source may have had its turn since it came. */
        if (waits_since(candidates[i]) >= candidates[i]->opened_at_ms)
            continue;
        int err = connection_begin_handshake(candidates[i]);
        if (err == AP_EBUSY || err == AP_ERANGE)
            continue; /* there is no room for its source: the others go on */
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

/* In order of arrival, or when the first has waited long those who came back, then the newest
 * first; but nobody waits behind the connections of a source that has its fill. */
static void start_waiting(struct front *front)
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
    start_waiting(front);
}

/* -- turns of the loop ------------------------------------------------------------------------ */

static void close_parts(struct front *front);

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* while active, the loop doesn't sleep */
}

static void report_drained(struct front *front)
{
    void (*drained)(void *data) = front->drained;

    if (!front->is_draining || !drained || front->connections.first || front->is_closing)
        return;
    front->drained = NULL;
    drained(front->drained_data);
}

/* After the sockets were served, and again before the loop sleeps: timers queue work too, and the
 * loop would sleep on it. All answers of a turn go through libmicrohttpd together. */
static void run_turn(struct front *front)
{
    bool work_is_left;

    if (front->is_closing)
        return;
    front->is_in_turn = true;
    if (front->may_begin)
        start_waiting(front);
    work_is_left = http_run(front->http);
    report_drained(front);
    front->is_in_turn = false;
    if (front->is_closing) {
        close_parts(front);
        return;
    }
    if (work_is_left || (front->may_begin && front->waiting.first))
        (void)uv_idle_start(&front->idle, on_idle); /* never fails */
    else
        (void)uv_idle_stop(&front->idle); /* never fails */
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct front *front = prepare->data;

    front->begun_handshakes = 0;
    run_turn(front);
}

static void on_check(uv_check_t *check)
{
    run_turn(check->data);
}

/* -- open and close --------------------------------------------------------------------------- */

int front_open(const struct front_setup *setup, struct front **ret_front)
{
    struct front *front = calloc(1, sizeof(*front));
    int err;

    if (!front)
        return AP_ENOMEM;
    front->setup = *setup;
    front->deadlines = (struct front_deadlines){
        .first_byte_ms = AP_FIRST_BYTE_DEADLINE_MS,
        .handshake_ms = AP_HANDSHAKE_DEADLINE_MS,
        .head_ms = AP_HEAD_DEADLINE_MS,
        .admin_body_ms = AP_ADMIN_BODY_DEADLINE_MS,
        .dropped_body_ms = AP_DROPPED_BODY_DEADLINE_MS,
        .idle_ms = AP_KEEPALIVE_IDLE_MS,
        .answer_ms = AP_ANSWER_DEADLINE_MS,
        .late_ms = AP_MISS_LATE_MS,
        .waiting_ms = AP_HANDSHAKE_LATE_MS,
        .linger_ms = AP_LINGER_MS,
        .connection_ms = AP_CONNECTION_MAX_MS,
    };
    err = http_open(&front->http);
    if (!err)
        err = watch_set_open(&front->watches, setup->loop, connection_on_event);
    if (err) {
        http_close(front->http);
        free(front);
        return err;
    }
    /* -1 is fine: the reserve is then missing, and tried for again when it would be needed. */
    front->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* None of these fails (libuv's documentation of each). */
    (void)uv_prepare_init(setup->loop, &front->prepare);
    (void)uv_check_init(setup->loop, &front->check);
    (void)uv_idle_init(setup->loop, &front->idle);
    (void)uv_timer_init(setup->loop, &front->ticker);
    front->prepare.data = front;
    front->check.data = front;
    front->idle.data = front;
    front->ticker.data = front;
    front->parts = 5;
    front->sweep_max = SWEEP_MAX;
    (void)uv_prepare_start(&front->prepare, on_prepare);
    (void)uv_check_start(&front->check, on_check);
    *ret_front = front;
    return 0;
}

void front_part_done(struct front *front)
{
    if (--front->parts > 0)
        return;
    while (front->listeners) {
        struct listener *listener = front->listeners;
        front->listeners = listener->next;
        tls_context_unref(listener->tls);
        free(listener);
    }
    if (front->spare_fd >= 0)
        (void)close(front->spare_fd); /* nothing was written */
    free(front);
}

static void on_part_closed(uv_handle_t *handle)
{
    front_part_done(handle->data);
}

static void close_parts(struct front *front)
{
    for (struct listener *listener = front->listeners; listener; listener = listener->next)
        listener_close(listener);
    while (front->connections.first)
        connection_close(front->connections.first);
    http_close(front->http);
    front->http = NULL;
    watch_set_close(&front->watches, on_part_closed, front);
    uv_close((uv_handle_t *)&front->prepare, on_part_closed);
    uv_close((uv_handle_t *)&front->check, on_part_closed);
    uv_close((uv_handle_t *)&front->idle, on_part_closed);
    uv_close((uv_handle_t *)&front->ticker, on_part_closed);
}

void front_close(struct front *front)
{
    if (!front || front->is_closing)
        return;
    front->is_closing = true;
    /* A handler or drained may have called: the turn that called them ends first. */
    if (!front->is_in_turn)
        close_parts(front);
}

void front_drain(struct front *front, void (*drained)(void *data), void *data)
{
    struct connection *next;

    if (front->is_closing)
        return;
    front->is_draining = true;
    front->drained = drained;
    front->drained_data = data;
    for (struct listener *listener = front->listeners; listener; listener = listener->next)
        listener_close(listener);
    for (struct connection *connection = front->connections.first; connection; connection = next) {
        next = connection->next;
        if (connection->state == CONNECTION_PROXY || connection->state == CONNECTION_SILENT ||
            connection->state == CONNECTION_IDLE) {
            stream_say_goodbye(&connection->stream);
            connection_close(connection);
        }
    }
    /* Also when nothing was open: drained is called from the loop, never from here. */
    (void)uv_idle_start(&front->idle, on_idle); /* never fails */
}

void front_stats(const struct front *front, struct front_stats *ret_stats)
{
    *ret_stats = front->stats;
}
