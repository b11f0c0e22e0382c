/* Open addressing over arrays that grow: an import of 100,000 phones takes some 25 MiB here. */
#include "import_plan.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/store_import.h"
#include "autoprov/text.h"

/* Slots hold numbers from 1; a quarter stays free. */
struct table {
    unsigned char *items;
    size_t item_size;
    uint32_t count, room;
    uint32_t *slots;
    size_t slot_count; /* a power of two, or 0 */
};

struct claim {
    uint64_t key;
    uint32_t owner;
};

struct import_plan {
    uint64_t seed;
    struct table kinds[IMPORT_KIND_COUNT];
    struct table claims;
    struct import_line *lines;
    size_t line_count, line_room;
};

static const unsigned VALUES[IMPORT_KIND_COUNT] = {
    [IMPORT_OF_USER] = 4,
    [IMPORT_OF_ACCOUNT] = 9,
    [IMPORT_OF_PHONE] = 5,
};

int import_plan_new(struct import_plan **ret_plan)
{
    struct import_plan *plan = calloc(1, sizeof(*plan));
    char id[STORE_ID_TEXT_MAX];

    if (!plan)
        return AP_ENOMEM;
    /* 74 bits of it are random. */
    store_import_make_id(id);
    plan->seed = import_plan_hash(plan, 0, id, strlen(id));
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        /* Whole words: the next item's are aligned too. */
        size_t size = sizeof(struct import_entity) + VALUES[i] * sizeof(uint32_t);
        plan->kinds[i].item_size = (size + 7) / 8 * 8;
    }
    plan->claims.item_size = sizeof(struct claim);
    *ret_plan = plan;
    return 0;
}

void import_plan_free(struct import_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        free(plan->kinds[i].items);
        free(plan->kinds[i].slots);
    }
    free(plan->claims.items);
    free(plan->claims.slots);
    free(plan->lines);
    free(plan);
}

/* FNV-1a from a random start, then the finish of MurmurHash3: nobody outside chooses the names. */
uint64_t import_plan_hash(const struct import_plan *plan, unsigned what, const char *text,
                          size_t len)
{
    uint64_t hash = plan->seed ^ (what * UINT64_C(0x9e3779b97f4a7c15));

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ (hash >> 33);
}

/* -- tables ------------------------------------------------------------------------------------ */

/* Every item begins with its key. */
static uint64_t key_at(const struct table *table, uint32_t index)
{
    uint64_t key;

    memcpy(&key, table->items + index * table->item_size, sizeof(key));
    return key;
}

/* The slot of the key, or the free one where it would be. Only with slots. */
static uint32_t *slot_of(const struct table *table, uint64_t key)
{
    size_t at = (size_t)key & (table->slot_count - 1);

    while (table->slots[at] != 0 && key_at(table, table->slots[at] - 1) != key)
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

static int grow_slots(struct table *table)
{
    size_t wanted = table->slot_count ? table->slot_count * 2 : 1024;
    uint32_t *slots = calloc(wanted, sizeof(*slots));

    if (!slots)
        return AP_ENOMEM;
    free(table->slots);
    table->slots = slots;
    table->slot_count = wanted;
    for (uint32_t i = 0; i < table->count; i++)
        *slot_of(table, key_at(table, i)) = i + 1;
    return 0;
}

static int grow_items(struct table *table)
{
    uint32_t wanted = table->room ? table->room * 2 : 512;
    unsigned char *items = realloc(table->items, wanted * table->item_size);

    if (!items)
        return AP_ENOMEM;
    table->items = items;
    table->room = wanted;
    return 0;
}

/* The item's index, a zeroed one with the key if there was none. */
static int name(struct table *table, uint64_t key, uint32_t *ret_index, bool *ret_made)
{
    int err = 0;

    if ((size_t)table->count + 1 > table->slot_count / 4 * 3)
        err = grow_slots(table);
    if (!err && table->count == table->room)
        err = grow_items(table);
    if (err)
        return err;
    uint32_t *slot = slot_of(table, key);
    *ret_made = *slot == 0;
    if (*ret_made) {
        unsigned char *item = table->items + table->count * table->item_size;
        memset(item, 0, table->item_size);
        memcpy(item, &key, sizeof(key));
        *slot = ++table->count;
    }
    *ret_index = *slot - 1;
    return 0;
}

struct import_entity *import_plan_at(struct import_plan *plan, enum import_kind kind,
                                     uint32_t number)
{
    struct table *table = &plan->kinds[kind];

    return (void *)(table->items + number * table->item_size);
}

uint32_t import_plan_count(const struct import_plan *plan, enum import_kind kind)
{
    return plan->kinds[kind].count;
}

int import_plan_name(struct import_plan *plan, enum import_kind kind, uint64_t key,
                     struct import_entity **ret_entity, uint32_t *ret_number)
{
    uint32_t number = 0;
    bool made;
    int err = name(&plan->kinds[kind], key, &number, &made);

    if (err)
        return err;
    *ret_entity = import_plan_at(plan, kind, number);
    *ret_number = number;
    return 0;
}

struct import_entity *import_plan_find(struct import_plan *plan, enum import_kind kind,
                                       uint64_t key, uint32_t *ret_number)
{
    const struct table *table = &plan->kinds[kind];
    uint32_t slot = table->slot_count > 0 ? *slot_of(table, key) : 0;

    if (slot == 0)
        return NULL;
    *ret_number = slot - 1;
    return import_plan_at(plan, kind, slot - 1);
}

int import_plan_claim(struct import_plan *plan, uint64_t key, uint32_t number, uint32_t *ret_owner)
{
    struct claim *claims;
    uint32_t index = 0;
    bool made;
    int err = name(&plan->claims, key, &index, &made);

    if (err)
        return err;
    claims = (void *)plan->claims.items;
    if (made)
        claims[index].owner = number;
    *ret_owner = claims[index].owner;
    return 0;
}

/* -- lines ------------------------------------------------------------------------------------- */

int import_plan_add_line(struct import_plan *plan, const struct import_line *line)
{
    if (plan->line_count == plan->line_room) {
        size_t wanted = plan->line_room ? plan->line_room * 2 : 512;
        struct import_line *lines = realloc(plan->lines, wanted * sizeof(*lines));
        if (!lines)
            return AP_ENOMEM;
        plan->lines = lines;
        plan->line_room = wanted;
    }
    plan->lines[plan->line_count++] = *line;
    return 0;
}

const struct import_line *import_plan_lines(const struct import_plan *plan, size_t *ret_count)
{
    *ret_count = plan->line_count;
    return plan->lines;
}

static int compare_lines(const void *a, const void *b)
{
    const struct import_line *left = a;
    const struct import_line *right = b;

    if (left->phone != right->phone)
        return left->phone < right->phone ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

void import_plan_sort_lines(struct import_plan *plan)
{
    if (plan->line_count > 0)
        qsort(plan->lines, plan->line_count, sizeof(*plan->lines), compare_lines);
}

/* -- ids --------------------------------------------------------------------------------------- */

void import_plan_set_id(struct import_entity *entity, const char *id)
{
    char digits[2 * sizeof(entity->id) + 1] = "";
    size_t len = 0;

    for (; *id && len < sizeof(digits) - 1; id++) {
        if (*id != '-')
            digits[len++] = *id;
    }
    /* Our own ids are UUIDs; of anything else zeros are left, which name no row. */
    if (text_unhex(digits, len, entity->id) != 0)
        memset(entity->id, 0, sizeof(entity->id));
}

void import_plan_id(const struct import_entity *entity, char ret_id[static STORE_ID_TEXT_MAX])
{
    char digits[2 * sizeof(entity->id) + 1];
    size_t out = 0;

    text_hex(entity->id, sizeof(entity->id), digits);
    for (size_t i = 0; i < sizeof(digits) - 1; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            ret_id[out++] = '-';
        ret_id[out++] = digits[i];
    }
    ret_id[out] = '\0';
}
