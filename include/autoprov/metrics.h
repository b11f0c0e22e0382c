/* The daemon's figures in Prometheus' text format 0.0.4 (prometheus.io, "Exposition formats"). */
#ifndef AUTOPROV_METRICS_H
#define AUTOPROV_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/pnp.h"
#include "autoprov/policy.h"
#include "autoprov/store.h"
#include "autoprov/store_alarm.h"
#include "autoprov/store_object.h"
#include "autoprov/store_resync.h"
#include "autoprov/store_writer.h"
#include "autoprov/tally.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_listener {
    const char *name;
    int64_t certificate_expires_at; /* UTC seconds; 0: without TLS */
    uint64_t outcomes[TALLY_OUTCOME_COUNT];
};

/* Of all workers together since the start, but for what is open at this moment. */
struct metrics_network {
    uint64_t accepted, refused_connections, timeouts;
    uint64_t handshakes, failed_handshakes;
    uint64_t foreign_peers, bad_proxy_headers;
    uint64_t connections, waiting_handshakes; /* at this moment */
};

/* Of the portal. */
struct metrics_portal {
    uint64_t sign_ins, failed_sign_ins, activations; /* since the start */
    uint64_t sessions;                               /* at this moment */
};

/* Of sources that guess. */
struct metrics_throttle {
    uint64_t sources, held_misses;       /* at this moment */
    uint64_t delayed, closed, penalised; /* since the start */
};

/* Datagrams of SIP, since the start. */
struct metrics_sip {
    uint64_t received, sent, unsent;
    uint64_t retransmitted; /* of those sent */
    uint64_t strays;        /* responses that answer nothing of ours */
    /* Dropped: too long; by an interface that is not listened on; questions too many of one source
     * or of all; questions that nobody may be answered because of. */
    uint64_t too_long, misplaced, over_rate, malformed;
    uint64_t repeats; /* of questions */
};

/* getrusage(2), proc(5); names of the samples as Prometheus' own client libraries have them. */
struct metrics_process {
    uint64_t cpu_us;
    uint64_t resident_bytes, virtual_bytes;
    uint64_t open_fds, max_fds;
    int64_t started_at; /* UTC seconds */
};

struct metrics {
    const struct metrics_listener *listeners;
    size_t listener_count;
    uint64_t workers;
    struct tally_sum answers;
    uint64_t refusals[POLICY_REASON_COUNT]; /* index POLICY_SERVE is not written */
    struct metrics_network network;
    struct metrics_throttle throttle;
    struct metrics_portal portal;
    struct pnp_stats pnp; /* its refusals are in those above too */
    struct metrics_sip sip;
    struct store_counts store;
    struct store_writer_stats writer;
    struct store_phone_states phones;
    uint64_t alarms[STORE_ALARM_KIND_COUNT];      /* open ones */
    uint64_t resyncs[STORE_RESYNC_OUTCOME_COUNT]; /* of WAITING: at this moment */
    bool flat_mode;
    bool reload_failed; /* the last one; the old configuration stays */
    int64_t loaded_at;  /* UTC seconds: the configuration that is in force */
    struct metrics_process process;
};

/* Append all of them. No MAC, token, user or path is in a label. Errors: those of buf_append(). */
AP_MUSTCHECK int metrics_write(const struct metrics *metrics, struct buf *out);

#endif
