/* What tests of answers to phones stand on: a worker over a real store, and the network floor,
 * which is played: its three functions are all that answers need of it. */
#ifndef AUTOPROV_TESTS_PROVISION_FIXTURE_H
#define AUTOPROV_TESTS_PROVISION_FIXTURE_H

#include <semaphore.h>
#include <uv.h>

#include "app_fixture.h"
#include "autoprov/limits.h"
#include "autoprov/provision.h"

/* alice has two Acme A1, 001565000001 and 001565000002, and the account 1001 on the first; her
 * token was changed a moment ago. The second must say its password in HTTP, and is served nowhere
 * else; the first has none. */
#define OLD_TOKEN     "0123456789abcdef0123456789abcdef"
#define NEW_TOKEN     "fedcba9876543210fedcba9876543210"
#define PASSWORD      "sip-password"
#define HTTP_PASSWORD "0123456789abcdef01234567"

struct http_exchange {
    struct http_request request;
    struct arena arena;
    unsigned answers;
    int status;
    enum http_when when;
    char content_type[HTTP_CONTENT_TYPE_MAX];
    char etag[40];
    char body[1024];
    char authenticate[2][HTTP_CHALLENGE_MAX];
    struct address peer;
};

/* What holds the writer up until the test lets it go. */
struct gate {
    struct store_write write;
    sem_t open, passed;
};

struct worker {
    struct app_fixture *app;
    struct alarms *alarms;
    struct gate gate;
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct fetch_log *log;
    struct penalty_table *penalties;
    struct auth_table *auths;
    struct provision *provision;
    struct snapshot *snapshot;
    struct address peer;
};

/* cmocka's: *state is a struct worker. Flat mode is on; config: what the configuration ends with.
 * frozen: no fetch of the first phone can be noted. */
int open_with(void **state, const char *config, bool frozen);
int close_worker(void **state);
/* Another snapshot of the same configuration. */
struct snapshot *load(struct app_fixture *app, uint32_t generation);

/* One request. Zero: a GET from the worker's peer, 192.0.2.7 unless a test says otherwise. */
struct question {
    const char *path;
    const char *from, *if_none_match, *authorization;
    bool head;
    unsigned listener; /* its number in the configuration */
};

void ask_as(struct worker *worker, const struct question *question, struct http_exchange *exchange);
void ask(struct worker *worker, const char *path, struct http_exchange *exchange);
void wait_for(struct worker *worker, const struct http_exchange *exchange);
/* Ask and wait; returns the status. */
int fetch(struct worker *worker, const struct question *question, struct http_exchange *exchange);
/* Time goes by. */
void pass(struct worker *worker, int64_t seconds);

/* What the writer is given from now on waits for open_gate(). */
void close_gate(struct worker *worker);
/* Afterwards all that it was given before close_gate() is in the database. */
void open_gate(struct worker *worker);

/* How many of that kind are open. */
size_t open_alarms(struct worker *worker, enum store_alarm_kind kind);

/* How often the first phone's bootstrap URL was asked for again, by alarms. No others are open. */
uint64_t repeats(struct worker *worker);

#endif
