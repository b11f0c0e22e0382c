/* A house of a few phones, or of many, and the engine that tells them to fetch. */
#ifndef AUTOPROV_TESTS_RESYNC_WORLD_H
#define AUTOPROV_TESTS_RESYNC_WORLD_H

#include "autoprov/mailbox.h"
#include "resync_fixture.h"
#include "resync_private.h"

/* Of one test at a time. */
struct resync_world {
    struct app_fixture *fixture;
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct snapshot *snapshot;
    struct resync_fixture rig;
};
extern struct resync_world world;

/* User alice with phones 001565000001 (acme), 2 (acme, without a line), 3 (generic) and 4 (flatty),
 * one account. more: of the configuration. */
void world_open(void **state, const char *more);
int world_close(void **state);

void world_tick(int64_t later_ms);
/* Order; returns its number. */
uint64_t world_order_of(struct resync_order order);
/* One phone by the last byte of its MAC. */
uint64_t world_order_one(uint8_t last, enum store_resync_kind kind);
struct resync_progress world_progress_of(uint64_t order_id);
const struct resync_notice *world_last_notice(void);

int64_t world_number(const char *sql);
/* Rows of resync with that outcome. */
int64_t world_rows(const char *outcome);
/* All phones were there last. */
void world_fetched_from(const char *address);
/* In place of the few: 001565010000 and so on, acme, without lines, last at 192.0.2.7. */
void world_add_phones(unsigned count);

#endif
