/* A notifier with a network that records what is sent, and a clock that stands still. */
#ifndef AUTOPROV_TESTS_SIP_WORLD_H
#define AUTOPROV_TESTS_SIP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/sip_notifier.h"

#define WORLD_SENT_MAX 64
#define WORLD_DONE_MAX 64

struct world_sent {
    struct sip_endpoint to;
    int64_t at_ms;
    size_t len;
    char bytes[4097]; /* NUL-terminated */
};

struct world_done {
    void *data;
    enum sip_outcome outcome;
    int status;
    int64_t at_ms;
};

struct world {
    struct sip_notifier *notifier;
    int64_t now_ms;
    bool send_fails, no_local;
    struct world_sent sent[WORLD_SENT_MAX]; /* the first ones; all are counted */
    size_t sent_count;
    struct world_done done[WORLD_DONE_MAX];
    size_t done_count;
    /* From done, if not NULL. */
    void (*on_done)(struct world *world, void *notice_data, enum sip_outcome outcome, int status);
    struct arena arena;
};

struct sip_endpoint endpoint_of(const char *address, uint16_t port);

bool world_send(void *data, const struct sip_endpoint *to, const char *bytes, size_t len);
bool world_local(void *data, const struct sip_endpoint *to, char *ret_text, size_t room);

void world_open(struct world *world, size_t transactions_max);
void world_close(struct world *world);

/* Ticks at each time that the notifier names, up to at_ms, which is now afterwards. */
void world_run(struct world *world, int64_t at_ms);

/* A notice for 192.0.2.7:5060 with all that it needs. */
struct sip_notice world_notice(void *data);

/* The response of that status to what was sent, from its target: more has header lines with their
 * ends. */
bool world_answer(struct world *world, const struct world_sent *sent, int status, const char *more);
bool world_answer_from(struct world *world, const struct world_sent *sent, int status,
                       const char *more, const struct sip_endpoint *from);

/* What was sent, read. Borrowed until the next message is read. */
struct sip_message world_read(struct world *world, const struct world_sent *sent);

#endif
