/* Figures as text. Every set of labels is written from the start on, with 0. */
#include "autoprov/metrics.h"

#include "autoprov/array.h"

#define PREFIX "autoprovd_"

/* The first error stays; later calls do nothing. */
struct text {
    struct buf *out;
    int err;
};

static void family(struct text *text, const char *name, const char *type, const char *help)
{
    if (!text->err)
        text->err = buf_printf(text->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append(struct text *text, const char *more)
{
    if (!text->err)
        text->err = buf_append_text(text->out, more);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void append_label(struct text *text, const char *value)
{
    for (; *value; value++) {
        char plain[2] = {*value, '\0'};
        if (*value == '\n')
            append(text, "\\n");
        else if (*value == '"' || *value == '\\')
            append(text, *value == '"' ? "\\\"" : "\\\\");
        else
            append(text, plain);
    }
}

/* One label at most, but for outcomes. label NULL: none. */
static void sample(struct text *text, const char *name, const char *label, const char *value,
                   uint64_t number)
{
    append(text, name);
    if (label) {
        append(text, "{");
        append(text, label);
        append(text, "=\"");
        append_label(text, value);
        append(text, "\"}");
    }
    if (!text->err)
        text->err = buf_printf(text->out, " %llu\n", (unsigned long long)number);
}

/* Microseconds as seconds, exactly. */
static void append_seconds(struct text *text, uint64_t microseconds)
{
    if (!text->err)
        text->err = buf_printf(text->out, "%llu.%06u", (unsigned long long)(microseconds / 1000000),
                               (unsigned)(microseconds % 1000000));
}

/* A family with a single sample and no label. */
struct figure {
    const char *name, *type, *help;
    uint64_t number;
};

static void write_figures(struct text *text, const struct figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        family(text, figures[i].name, figures[i].type, figures[i].help);
        sample(text, figures[i].name, NULL, NULL, figures[i].number);
    }
}

static void write_requests(struct text *text, const struct metrics *metrics)
{
    static const char NAME[] = PREFIX "http_requests_total";

    family(text, NAME, "counter", "Requests of phones, by listener and how they were answered.");
    for (size_t i = 0; i < metrics->listener_count; i++) {
        const struct metrics_listener *listener = &metrics->listeners[i];
        for (int outcome = 0; outcome < TALLY_OUTCOME_COUNT; outcome++) {
            append(text, NAME);
            append(text, "{listener=\"");
            append_label(text, listener->name);
            append(text, "\",outcome=\"");
            append(text, tally_outcome_name((enum tally_outcome)outcome));
            if (!text->err)
                text->err = buf_printf(text->out, "\"} %llu\n",
                                       (unsigned long long)listener->outcomes[outcome]);
        }
    }
}

static void write_durations(struct text *text, const struct tally_sum *answers)
{
    static const char NAME[] = PREFIX "http_request_duration_seconds";
    uint64_t count = 0;

    family(text, NAME, "histogram",
           "Time from a request to its answer; a miss is then held back, which is no part of it.");
    for (size_t i = 0; i <= TALLY_BOUND_COUNT; i++) {
        count += answers->buckets[i];
        append(text, NAME);
        append(text, "_bucket{le=\"");
        if (i < TALLY_BOUND_COUNT)
            append_seconds(text, TALLY_BOUNDS_US[i]);
        else
            append(text, "+Inf");
        if (!text->err)
            text->err = buf_printf(text->out, "\"} %llu\n", (unsigned long long)count);
    }
    append(text, NAME);
    append(text, "_sum ");
    append_seconds(text, answers->duration_us);
    append(text, "\n");
    sample(text, PREFIX "http_request_duration_seconds_count", NULL, NULL, count);
}

static void write_refusals(struct text *text, const struct metrics *metrics)
{
    static const char NAME[] = PREFIX "refusals_total";

    family(text, NAME, "counter", "Requests that were refused, by reason.");
    for (int reason = POLICY_SERVE + 1; reason < POLICY_REASON_COUNT; reason++)
        sample(text, NAME, "reason", policy_reason_name((enum policy_reason)reason),
               metrics->refusals[reason]);
}

static void write_network(struct text *text, const struct metrics *metrics)
{
    const struct metrics_network *network = &metrics->network;
    const struct figure figures[] = {
        {PREFIX "connections", "gauge", "Connections of phones that are open.",
         network->connections},
        {PREFIX "connections_accepted_total", "counter", "Connections that were accepted.",
         network->accepted},
        {PREFIX "connections_refused_total", "counter",
         "Connections that were closed over a limit, at once or for one that came later.",
         network->refused_connections},
        {PREFIX "connection_timeouts_total", "counter", "Connections closed by a deadline.",
         network->timeouts},
        {PREFIX "tls_handshakes_total", "counter", "TLS handshakes that were finished.",
         network->handshakes},
        {PREFIX "tls_handshake_failures_total", "counter", "TLS handshakes that failed.",
         network->failed_handshakes},
        {PREFIX "tls_handshakes_waiting", "gauge",
         "Connections that wait for their turn to begin a TLS handshake.",
         network->waiting_handshakes},
    };

    static const char PROXY[] = PREFIX "proxy_refusals_total";

    write_figures(text, figures, AP_COUNT(figures));
    family(
        text, PROXY, "counter",
        "Connections that were closed on a listener behind a proxy: not from a proxy of ours, or "
        "without a header of version 2.");
    sample(text, PROXY, "reason", "peer", network->foreign_peers);
    sample(text, PROXY, "reason", "header", network->bad_proxy_headers);
}

static void write_throttle(struct text *text, const struct metrics *metrics)
{
    const struct metrics_throttle *throttle = &metrics->throttle;
    const struct figure figures[] = {
        {PREFIX "throttled_sources", "gauge",
         "Sources that have guessed too often: their misses come late.", throttle->sources},
        {PREFIX "sources_throttled_total", "counter",
         "How often a source was found to have guessed too often.", throttle->penalised},
        {PREFIX "held_misses", "gauge", "Misses of throttled sources that wait for their time.",
         throttle->held_misses},
        {PREFIX "misses_held_total", "counter", "Misses of throttled sources that were held back.",
         throttle->delayed},
        {PREFIX "misses_closed_total", "counter",
         "Misses of throttled sources whose connection was closed instead: too many were held.",
         throttle->closed},
    };

    write_figures(text, figures, AP_COUNT(figures));
}

static void write_portal(struct text *text, const struct metrics_portal *portal)
{
    const struct figure figures[] = {
        {PREFIX "sign_ins_total", "counter", "Admins who have signed in to the portal.",
         portal->sign_ins},
        {PREFIX "sign_in_failures_total", "counter",
         "Wrong passwords, setup tokens and links, and tries that came too early.",
         portal->failed_sign_ins},
        {PREFIX "activations_total", "counter", "Users who have followed their link.",
         portal->activations},
        {PREFIX "sessions", "gauge", "Sessions of browsers that are open.", portal->sessions},
    };

    write_figures(text, figures, AP_COUNT(figures));
}

static void write_pnp(struct text *text, const struct pnp_stats *pnp)
{
    static const char NAME[] = PREFIX "pnp_told_total";
    const struct figure figures[] = {
        {PREFIX "pnp_questions_total", "counter",
         "Questions of phones without a configuration, by multicast.", pnp->questions},
    };

    write_figures(text, figures, AP_COUNT(figures));
    family(text, NAME, "counter", "Such phones that were told a URL, by what they answered.");
    for (int outcome = 0; outcome < PNP_OUTCOME_COUNT; outcome++)
        sample(text, NAME, "outcome", pnp_outcome_name((enum sip_outcome)outcome),
               pnp->told[outcome]);
}

static void write_sip(struct text *text, const struct metrics_sip *sip)
{
    static const char DROPPED[] = PREFIX "sip_dropped_total";
    const struct figure figures[] = {
        {PREFIX "sip_received_total", "counter", "SIP datagrams that were read.", sip->received},
        {PREFIX "sip_sent_total", "counter", "SIP datagrams that were sent.", sip->sent},
        {PREFIX "sip_unsent_total", "counter", "SIP datagrams that could not be sent.",
         sip->unsent},
        {PREFIX "sip_retransmitted_total", "counter", "SIP requests that were sent again.",
         sip->retransmitted},
        {PREFIX "sip_strays_total", "counter", "SIP responses that answer no request.",
         sip->strays},
        {PREFIX "pnp_repeats_total", "counter", "Questions by multicast that were repeats.",
         sip->repeats},
    };

    write_figures(text, figures, AP_COUNT(figures));
    family(text, DROPPED, "counter", "SIP datagrams that were dropped, by the reason.");
    sample(text, DROPPED, "reason", "length", sip->too_long);
    sample(text, DROPPED, "reason", "interface", sip->misplaced);
    sample(text, DROPPED, "reason", "rate", sip->over_rate);
    sample(text, DROPPED, "reason", "form", sip->malformed);
}

static void write_store(struct text *text, const struct metrics *metrics)
{
    const struct store_counts *store = &metrics->store;
    const struct store_writer_stats *writer = &metrics->writer;
    const struct figure figures[] = {
        {PREFIX "store_size_bytes", "gauge", "Size of the database's main file.",
         store->size_bytes},
        {PREFIX "store_change_seq", "gauge", "Number of the last change of what phones get.",
         store->change_seq},
        {PREFIX "store_fetch_records", "gauge", "Records of fetches in the database.",
         store->fetches},
        {PREFIX "store_refusal_records", "gauge", "Records of refusals in the database.",
         store->refusals},
        {PREFIX "store_failed_commits_total", "counter", "Commits that failed.",
         writer->failed_commits},
        {PREFIX "store_dropped_records_total", "counter",
         "Records of fetches and refusals that were lost: a queue was full, or a commit failed.",
         writer->dropped_records},
        {PREFIX "store_queued_writes", "gauge", "Changes that wait for their commit.",
         writer->queued_writes},
        {PREFIX "store_queued_records", "gauge", "Records that wait for their commit.",
         writer->queued_records},
        {PREFIX "store_failed", "gauge", "1: the disk refused a write, the daemon stops.",
         writer->failed},
        {PREFIX "users", "gauge", "Users.", store->users},
        {PREFIX "accounts", "gauge", "SIP accounts.", store->accounts},
    };
    static const char PHONES[] = PREFIX "phones";

    write_figures(text, figures, AP_COUNT(figures));
    family(text, PHONES, "gauge", "Phones, by state: each has one.");
    sample(text, PHONES, "state", "disabled", metrics->phones.disabled);
    sample(text, PHONES, "state", "never_fetched", metrics->phones.never_fetched);
    sample(text, PHONES, "state", "fetched", metrics->phones.fetched);
}

static void write_alarms(struct text *text, const struct metrics *metrics)
{
    static const char NAME[] = PREFIX "alarms";

    family(text, NAME, "gauge", "Open alarms, by kind.");
    for (int kind = 0; kind < STORE_ALARM_KIND_COUNT; kind++)
        sample(text, NAME, "kind", store_alarm_kind_name((enum store_alarm_kind)kind),
               metrics->alarms[kind]);
}

static void write_resyncs(struct text *text, const struct metrics *metrics)
{
    static const char NAME[] = PREFIX "resyncs_total";
    const struct figure waiting = {PREFIX "resyncs_waiting", "gauge",
                                   "Phones that were told to fetch and have not answered yet.",
                                   metrics->resyncs[STORE_RESYNC_WAITING]};

    family(text, NAME, "counter", "Phones that were told to fetch, by how that ended.");
    for (int outcome = STORE_RESYNC_WAITING + 1; outcome < STORE_RESYNC_OUTCOME_COUNT; outcome++)
        sample(text, NAME, "outcome", store_resync_outcome_name((enum store_resync_outcome)outcome),
               metrics->resyncs[outcome]);
    write_figures(text, &waiting, 1);
}

static void write_configuration(struct text *text, const struct metrics *metrics)
{
    static const char INFO[] = PREFIX "build_info";
    static const char EXPIRY[] = PREFIX "tls_certificate_expiry_timestamp_seconds";
    const struct figure figures[] = {
        {PREFIX "workers", "gauge", "Worker threads.", metrics->workers},
        {PREFIX "flat_mode", "gauge", "1: flat mode is on.", metrics->flat_mode},
        {PREFIX "config_last_reload_successful", "gauge",
         "0: the last reload failed, and the configuration before it is in force.",
         !metrics->reload_failed},
        {PREFIX "config_last_reload_success_timestamp_seconds", "gauge",
         "When the configuration that is in force was read.", (uint64_t)metrics->loaded_at},
    };

    family(text, INFO, "gauge", "Always 1; the label says which version runs.");
    sample(text, INFO, "version", AP_VERSION, 1);
    write_figures(text, figures, AP_COUNT(figures));
    family(text, EXPIRY, "gauge", "When the first of a listener's certificates ends.");
    for (size_t i = 0; i < metrics->listener_count; i++) {
        if (metrics->listeners[i].certificate_expires_at == 0)
            continue;
        sample(text, EXPIRY, "listener", metrics->listeners[i].name,
               (uint64_t)metrics->listeners[i].certificate_expires_at);
    }
}

static void write_process(struct text *text, const struct metrics_process *process)
{
    static const char CPU[] = "process_cpu_seconds_total";
    const struct figure figures[] = {
        {"process_resident_memory_bytes", "gauge", "Resident memory.", process->resident_bytes},
        {"process_virtual_memory_bytes", "gauge", "Virtual memory.", process->virtual_bytes},
        {"process_open_fds", "gauge", "Open file descriptors.", process->open_fds},
        {"process_max_fds", "gauge", "Most file descriptors that may be open.", process->max_fds},
        {"process_start_time_seconds", "gauge", "When the process started.",
         (uint64_t)process->started_at},
    };

    family(text, CPU, "counter", "CPU time of user and system.");
    append(text, CPU);
    append(text, " ");
    append_seconds(text, process->cpu_us);
    append(text, "\n");
    write_figures(text, figures, AP_COUNT(figures));
}

int metrics_write(const struct metrics *metrics, struct buf *out)
{
    struct text text = {.out = out};
    const struct figure renders[] = {
        {PREFIX "renders_total", "counter", "Files that were rendered for phones.",
         metrics->answers.renders},
        {PREFIX "render_errors_total", "counter", "Renderings that failed.",
         metrics->answers.render_errors},
    };

    write_configuration(&text, metrics);
    write_requests(&text, metrics);
    write_durations(&text, &metrics->answers);
    write_figures(&text, renders, AP_COUNT(renders));
    write_refusals(&text, metrics);
    write_network(&text, metrics);
    write_throttle(&text, metrics);
    write_portal(&text, &metrics->portal);
    write_pnp(&text, &metrics->pnp);
    write_sip(&text, &metrics->sip);
    write_store(&text, metrics);
    write_alarms(&text, metrics);
    write_resyncs(&text, metrics);
    write_process(&text, &metrics->process);
    return text.err;
}
