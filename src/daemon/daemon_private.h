/* The daemon's parts, shared by the files of this floor. All on the control thread. */
#ifndef AUTOPROV_DAEMON_PRIVATE_H
#define AUTOPROV_DAEMON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "autoprov/alarm.h"
#include "autoprov/api.h"
#include "autoprov/auth_table.h"
#include "autoprov/front.h"
#include "autoprov/mailbox.h"
#include "autoprov/penalty_table.h"
#include "autoprov/pnp.h"
#include "autoprov/resync.h"
#include "autoprov/snapshot.h"
#include "autoprov/source_table.h"
#include "autoprov/store.h"
#include "autoprov/store_writer.h"
#include "sandbox.h"
#include "worker.h"

enum daemon_state {
    DAEMON_STARTING,
    DAEMON_RUNNING,
    DAEMON_DRAINING, /* answers in hand are finished, AP_STOP_GRACE_MS at most */
    DAEMON_STOPPING,
};

/* One reload that waits for its turn or for its workers. */
struct reload;

/* The state folder's path (4095 at most) and a file's name. */
#define DAEMON_PATH_MAX 4200
/* unix(7), with its NUL */
#define CONTROL_PATH_MAX 108

struct daemon {
    enum daemon_state state;
    bool store_failed; /* daemon_run() ends with AP_EIO: systemd starts it again */
    const char *config_path;
    char database[DAEMON_PATH_MAX];
    const struct ap_clock *clock;
    int64_t started_ms; /* monotonic */
    int64_t started_at; /* UTC seconds */

    struct sandbox *sandbox;
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct snapshot *snapshot;
    struct vault *vault;
    int lock_fd; /* -1: not held */
    struct store_writer *writer;
    enum store_rekey_state rekey_state; /* as the log has told it */
    struct store_db *reader;
    struct source_table *sources;
    struct turned_away *turned_away;
    struct alarms *alarms;
    struct flat_guard *guard;
    uint64_t last_alarm;        /* the log has told of it */
    int64_t certificates_at_ms; /* looked at last; monotonic */
    struct penalty_table *penalties;
    struct auth_table *auths;
    uint64_t told_proxy_faults; /* refused on listeners behind a proxy, as the log has told it */
    int64_t told_proxy_ms;
    uint64_t told_strangers; /* closed on the portal's listeners, in the same way */
    int64_t told_strangers_ms;
    size_t listener_count;
    int *fds; /* listener_count for each worker in turn; -1: handed over */
    size_t fd_count;
    int *admin_fds; /* one for each listener: of those for admins; -1: none, or handed over */
    struct worker **workers;
    struct worker_request *drains;
    size_t worker_count;
    size_t undrained;
    struct front *front; /* of the control socket */
    int control_fd;      /* its listening socket; -1: none, or handed over */
    gid_t control_gid;
    char control_path[CONTROL_PATH_MAX];
    bool socket_bound;
    dev_t socket_device; /* with socket_inode: the socket file that is ours to remove */
    ino_t socket_inode;
    struct api *api;
    struct telephony *telephony; /* NULL: not yet, or no more */
    struct pnp *pnp;             /* its; NULL: nobody listens */
    struct resync *resync;       /* its */

    struct reload *reloads; /* FIFO; the first one is at work */
    bool reload_failed;     /* the last one that ended */

    uv_signal_t signals[3];
    uv_timer_t tick;
    uv_timer_t grace;
    bool handles_open;    /* the four above */
    uint64_t watchdog_ms; /* 0: systemd asks for none */
};

/* -- privilege.c ----------------------------------------------------------------------------------
 */

/* Whom a daemon started by root becomes. */
struct privilege {
    bool is_dropped; /* else it stays who it is: nobody's root, or told to be root */
    uid_t uid;
    gid_t gid;
    gid_t group; /* the only supplementary one */
};

/* Errors: AP_EINVAL no such account; AP_EPERM what the account must own belongs to somebody else.
 */
AP_MUSTCHECK int privilege_find(const struct config *config, struct privilege *ret_privilege,
                                struct ap_error *error);
/* Work as that user, until it is taken back: files are opened with its rights, not root's. */
AP_MUSTCHECK int privilege_lend(const struct privilege *privilege, struct ap_error *error);
AP_MUSTCHECK int privilege_take_back(const struct privilege *privilege, struct ap_error *error);
/* For good, and seen to be so; also the daemon's own user gets no new rights from now on. Before
 * the first thread. */
AP_MUSTCHECK int privilege_drop(const struct config *config, const struct privilege *privilege,
                                struct ap_error *error);

/* -- listeners.c ---------------------------------------------------------------------------------
 */

/* Open or take over (sd_listen_fds(3), by the listener's name) every listener's sockets for
 * daemon->worker_count workers into daemon->fds; a passed control socket into control_fd. */
AP_MUSTCHECK int listeners_open(struct daemon *daemon, const struct config *config,
                                struct ap_error *error);
void listeners_close(struct daemon *daemon);

/* -- control.c -----------------------------------------------------------------------------------
 */

/* Bind the control socket, unless systemd has passed it; after listeners_open(). */
AP_MUSTCHECK int control_bind(struct daemon *daemon, const struct config *config,
                              struct ap_error *error);

/* Serve the control socket and the listeners for admins, with the API behind them. */
AP_MUSTCHECK int control_open(struct daemon *daemon, struct ap_error *error);

/* As in struct api_daemon; data is the struct daemon. */
AP_MUSTCHECK int control_start_job(void *data, struct api_job *job);
AP_MUSTCHECK int control_open_reader(void *data, struct store_db **ret_reader);

/* New connections of admins get the certificates of the daemon's snapshot. */
void control_switch(struct daemon *daemon);

/* Remove the socket file, unless another daemon has put its own in the place. */
void control_unlink(struct daemon *daemon);

/* -- telephony.c ----------------------------------------------------------------------------------
 */

/* Open the sockets of SIP, where the process may have any. */
AP_MUSTCHECK int telephony_claim(struct daemon *daemon, const struct config *config,
                                 struct ap_error *error);
/* Speak, and listen if pnp says so; daemon->pnp and daemon->resync are there from now on. */
AP_MUSTCHECK int telephony_open(struct daemon *daemon, struct ap_error *error);
/* The configuration is another one. */
void telephony_switch(struct daemon *daemon);
void telephony_metrics(const struct daemon *daemon, struct metrics_sip *ret_metrics);
/* Once a second. */
void telephony_tick(struct daemon *daemon);
/* Nothing is sent or heard any more; before the writer is halted. May run twice. */
void telephony_stop(struct daemon *daemon);
/* When the loop has run to its end and nobody asks the API any more. */
void telephony_free(struct daemon *daemon);

/* -- journal.c ------------------------------------------------------------------------------------
 */

/* Let the log be as the configuration says: level, form, and where it goes. */
void journal_apply(const struct config *config);

/* -- vitals.c -------------------------------------------------------------------------------------
 */

/* As struct api_daemon says; data is the struct daemon. */
void vitals_health(void *data, struct api_health *ret_health);
AP_MUSTCHECK int vitals_metrics(void *data, struct arena *arena, struct metrics *metrics);

/* Every worker's heartbeat and the writer's are fresh. */
bool vitals_all_alive(struct daemon *daemon);

/* Of all workers together, and of questions by multicast, since the start. */
uint64_t vitals_count(const struct daemon *daemon, enum policy_reason reason);

/* -- watch.c --------------------------------------------------------------------------------------
 */

/* Alarms from now on. After the store is open. */
AP_MUSTCHECK int watch_open(struct daemon *daemon, struct ap_error *error);
/* Once a second. */
void watch_tick(struct daemon *daemon);
/* Raise or end the alarms of certificates: at the start, after a reload, every hour. */
void watch_certificates(struct daemon *daemon);
/* Say who was refused on a listener behind a proxy, at most every AP_PROXY_LOG_MS. */
void vitals_tell_proxy_faults(struct daemon *daemon);
/* Say who is in no network of the portal, as often. */
void vitals_tell_strangers(struct daemon *daemon);

/* -- reload.c -------------------------------------------------------------------------------------
 */

/* Log which stored templates are passed over, and why. */
void reload_tell_passed_over(const struct snapshot *snapshot);

/* As api_daemon.reload says. Reloads run one after the other. */
void reload_request(struct daemon *daemon, enum api_part part,
                    void (*done)(void *data, int err, const char *line), void *data);

/* Fail what still waits. */
void reload_abandon(struct daemon *daemon);

/* -- service.c ------------------------------------------------------------------------------------
 */

/* Signals, the watchdog's tick, messages to systemd. */
AP_MUSTCHECK int service_open(struct daemon *daemon, struct ap_error *error);
void service_close(struct daemon *daemon);
void service_ready(struct daemon *daemon);
void service_reloading(void);
void service_stopping(void);

/* -- daemon.c -------------------------------------------------------------------------------------
 */

/* Say what flat mode opens, if it is on. */
void daemon_warn_flat(const struct daemon *daemon);

/* Tell the writer how long the snapshot's configuration keeps records. */
void daemon_retain(const struct daemon *daemon);

/* Say that a key rotation is done. */
void daemon_tell_rekeyed(const struct config *config);

/* Begin to stop; a second call stops at once. */
void daemon_stop(struct daemon *daemon);

#endif
