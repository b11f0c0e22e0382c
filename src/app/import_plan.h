/* What the rows of an import name: users, accounts, phones and lines, each once, found by a
 * fingerprint. Memory alone: must not know the store, nor what a value may be.
 *
 * Fingerprints are 64 bits under a random seed: of two million names two are the same by chance
 * once in ten million imports. */
#ifndef AUTOPROV_APP_IMPORT_PLAN_H
#define AUTOPROV_APP_IMPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "autoprov/store.h"

enum import_kind { IMPORT_OF_USER, IMPORT_OF_ACCOUNT, IMPORT_OF_PHONE, IMPORT_KIND_COUNT };

enum import_state {
    IMPORT_NAMED, /* by its own row or as an owner: not looked at yet */
    IMPORT_OWNER, /* there already, and only named as an owner so far */
    IMPORT_NEW,
    IMPORT_SAME,
    IMPORT_CHANGED,
    IMPORT_BAD, /* a problem was told */
};

/* More values than any kind has columns. */
#define IMPORT_VALUES_MAX 12

struct import_entity {
    uint64_t key;
    uint64_t positions;    /* of a phone: bit n - 1 is line n */
    uint64_t wanted_lines; /* of a phone: digest of what the file says */
    uint64_t found_lines;  /* and of what it has */
    uint32_t line;         /* of the text: where its values stand */
    uint32_t change;       /* number of its change, from 1; 0: none */
    uint32_t owner;        /* of an account or phone: number of its user */
    uint16_t vendor;       /* of a phone: its place in the catalogue */
    uint8_t state;         /* enum import_state */
    uint8_t id[16];        /* row id */
    uint32_t values[];     /* fingerprints of its cells */
};

/* One line of a phone: numbers of the entities. */
struct import_line {
    uint32_t phone, account;
    uint32_t position;
};

struct import_plan;

AP_MUSTCHECK int import_plan_new(struct import_plan **ret_plan);
void import_plan_free(struct import_plan *plan);

/* Under the plan's seed. */
uint64_t import_plan_hash(const struct import_plan *plan, unsigned what, const char *text,
                          size_t len);

/* The entity of that key, made in state IMPORT_NAMED if there is none. Borrowed until the next one
 * of its kind is made. Errors: AP_ENOMEM. */
AP_MUSTCHECK int import_plan_name(struct import_plan *plan, enum import_kind kind, uint64_t key,
                                  struct import_entity **ret_entity, uint32_t *ret_number);
/* NULL: none. */
struct import_entity *import_plan_find(struct import_plan *plan, enum import_kind kind,
                                       uint64_t key, uint32_t *ret_number);
struct import_entity *import_plan_at(struct import_plan *plan, enum import_kind kind,
                                     uint32_t number);
uint32_t import_plan_count(const struct import_plan *plan, enum import_kind kind);

/* A value that only one entity may have: *ret_owner is whose it is, number itself when it was
 * free. */
AP_MUSTCHECK int import_plan_claim(struct import_plan *plan, uint64_t key, uint32_t number,
                                   uint32_t *ret_owner);

AP_MUSTCHECK int import_plan_add_line(struct import_plan *plan, const struct import_line *line);
const struct import_line *import_plan_lines(const struct import_plan *plan, size_t *ret_count);
/* In the order of phones and positions. */
void import_plan_sort_lines(struct import_plan *plan);

/* Row ids, packed. */
void import_plan_set_id(struct import_entity *entity, const char *id);
void import_plan_id(const struct import_entity *entity, char ret_id[static STORE_ID_TEXT_MAX]);

#endif
