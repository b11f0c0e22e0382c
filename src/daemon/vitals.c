/* The daemon's figures and signs of life, for status, health and metrics. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/log.h"
#include "autoprov/text.h"
#include "daemon_private.h"

/* A loop that has not turned for this long is stuck: workers tick twice a second. */
#define HEARTBEAT_FRESH_MS 10000

void vitals_health(void *data, struct api_health *ret_health)
{
    const struct daemon *daemon = data;
    int64_t now = clock_monotonic_ms(daemon->clock);
    struct api_health health = {
        .running = daemon->state == DAEMON_RUNNING,
        .worker_count = daemon->worker_count,
        .writer_alive = now - store_writer_heartbeat_ms(daemon->writer) <= HEARTBEAT_FRESH_MS,
    };

    for (size_t i = 0; i < daemon->worker_count; i++) {
        if (now - worker_heartbeat_ms(daemon->workers[i]) > HEARTBEAT_FRESH_MS)
            health.stuck_workers++;
    }
    *ret_health = health;
}

bool vitals_all_alive(struct daemon *daemon)
{
    struct api_health health;

    vitals_health(daemon, &health);
    return health.stuck_workers == 0 && health.writer_alive;
}

uint64_t vitals_count(const struct daemon *daemon, enum policy_reason reason)
{
    struct pnp_stats pnp;

    pnp_stats(daemon->pnp, &pnp);
    uint64_t sum = pnp.refusals[reason];
    for (size_t i = 0; i < daemon->worker_count; i++)
        sum += worker_count(daemon->workers[i], reason);
    return sum;
}

/* -- the process --------------------------------------------------------------------------------
 */

static uint64_t microseconds(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

/* Its two first figures, in pages (proc(5)); zero where /proc is not there. */
static void read_memory(struct metrics_process *process)
{
    uint64_t pages[2] = {0, 0};
    char line[128] = "";
    const char *at = line;
    long page = sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file)
        return;
    bool is_read = page > 0 && fgets(line, sizeof(line), file) != NULL;
    for (size_t i = 0; is_read && i < AP_COUNT(pages); i++) {
        size_t len = strcspn(at, " \n");
        is_read = text_parse_u64(at, len, 0, UINT64_MAX / (uint64_t)page, &pages[i]) == 0;
        at += len + (at[len] != '\0');
    }
    if (is_read) {
        process->virtual_bytes = pages[0] * (uint64_t)page;
        process->resident_bytes = pages[1] * (uint64_t)page;
    }
    (void)fclose(file); /* read only */
}

static uint64_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count > 0 ? count - 1 : 0; /* the folder's own */
}

static void read_process(const struct daemon *daemon, struct metrics_process *process)
{
    struct rusage usage;
    struct rlimit limit;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        process->cpu_us = microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process->max_fds = limit.rlim_cur;
    read_memory(process);
    process->open_fds = count_descriptors();
    process->started_at = daemon->started_at;
}

/* -- metrics ------------------------------------------------------------------------------------
 */

static void add_network(const struct daemon *daemon, struct metrics_network *network)
{
    struct source_totals totals;

    source_table_totals(daemon->sources, &totals);
    network->connections = totals.connections;
    for (size_t i = 0; i < daemon->worker_count; i++) {
        struct front_stats stats;
        worker_front_stats(daemon->workers[i], &stats);
        network->accepted += stats.accepted;
        network->refused_connections += stats.refused_connections;
        network->timeouts += stats.timeouts;
        network->handshakes += stats.handshakes;
        network->failed_handshakes += stats.failed_handshakes;
        network->waiting_handshakes += stats.waiting_handshakes;
        network->foreign_peers += stats.foreign_peers;
        network->bad_proxy_headers += stats.bad_proxy_headers;
    }
}

void vitals_tell_proxy_faults(struct daemon *daemon)
{
    int64_t now_ms = clock_monotonic_ms(daemon->clock);
    struct front_stats sum = {0};
    char source[AP_ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < daemon->worker_count; i++) {
        struct front_stats stats;
        worker_front_stats(daemon->workers[i], &stats);
        sum.foreign_peers += stats.foreign_peers;
        sum.bad_proxy_headers += stats.bad_proxy_headers;
        if (stats.foreign_peers + stats.bad_proxy_headers > 0)
            sum.last_bad_peer = stats.last_bad_peer;
    }
    uint64_t faults = sum.foreign_peers + sum.bad_proxy_headers;
    if (faults == daemon->told_proxy_faults ||
        (daemon->told_proxy_faults > 0 && now_ms - daemon->told_proxy_ms < AP_PROXY_LOG_MS))
        return;
    daemon->told_proxy_faults = faults;
    daemon->told_proxy_ms = now_ms;
    address_format(&sum.last_bad_peer, source);
    log_event(LOG_LEVEL_NOTICE, "proxy_refused",
              "foreign_peers=%llu bad_headers=%llu last=%s; since the start; see proxy_peers",
              (unsigned long long)sum.foreign_peers, (unsigned long long)sum.bad_proxy_headers,
              source);
}

void vitals_tell_strangers(struct daemon *daemon)
{
    int64_t now_ms = clock_monotonic_ms(daemon->clock);
    struct front_stats stats;
    char source[AP_ADDRESS_TEXT_MAX];

    front_stats(daemon->front, &stats);
    if (stats.foreign_sources == daemon->told_strangers ||
        (daemon->told_strangers > 0 && now_ms - daemon->told_strangers_ms < AP_PROXY_LOG_MS))
        return;
    daemon->told_strangers = stats.foreign_sources;
    daemon->told_strangers_ms = now_ms;
    address_format(&stats.last_bad_peer, source);
    log_event(LOG_LEVEL_NOTICE, "portal_refused",
              "connections=%llu last=%s; since the start; see networks of the portal's listener",
              (unsigned long long)stats.foreign_sources, source);
}

static void add_throttle(const struct daemon *daemon, struct metrics_throttle *throttle)
{
    struct penalty_totals totals;

    penalty_table_totals(daemon->penalties, clock_monotonic_ms(daemon->clock), &totals);
    *throttle = (struct metrics_throttle){
        .sources = totals.sources,
        .held_misses = totals.held,
        .delayed = totals.held_misses,
        .closed = totals.closed_misses,
        .penalised = totals.became_sources,
    };
}

static int add_listeners(const struct daemon *daemon, struct arena *arena, struct metrics *metrics)
{
    const struct snapshot *snapshot = daemon->snapshot;
    size_t count = snapshot->config->listener_count;
    struct metrics_listener *listeners = arena_alloc_array(arena, count, sizeof(*listeners));

    if (!listeners)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        listeners[i] = (struct metrics_listener){
            .name = snapshot->config->listeners[i].name,
            .certificate_expires_at =
                snapshot->tls[i] ? tls_context_expires_at(snapshot->tls[i]) : 0,
        };
        for (size_t j = 0; j < daemon->worker_count; j++)
            tally_add_outcomes(worker_tally(daemon->workers[j]), (unsigned)i,
                               listeners[i].outcomes);
    }
    metrics->listeners = listeners;
    metrics->listener_count = count;
    return 0;
}

int vitals_metrics(void *data, struct arena *arena, struct metrics *metrics)
{
    struct daemon *daemon = data;
    int err = add_listeners(daemon, arena, metrics);

    if (err)
        return err;
    metrics->workers = daemon->worker_count;
    for (size_t i = 0; i < daemon->worker_count; i++)
        tally_add(worker_tally(daemon->workers[i]), &metrics->answers);
    for (int reason = 0; reason < POLICY_REASON_COUNT; reason++)
        metrics->refusals[reason] = vitals_count(daemon, (enum policy_reason)reason);
    pnp_stats(daemon->pnp, &metrics->pnp);
    telephony_metrics(daemon, &metrics->sip);
    add_network(daemon, &metrics->network);
    add_throttle(daemon, &metrics->throttle);
    metrics->flat_mode = daemon->snapshot->options.disable_auto_provision_security;
    metrics->reload_failed = daemon->reload_failed;
    metrics->loaded_at = daemon->snapshot->loaded_at;
    read_process(daemon, &metrics->process);
    return 0;
}
