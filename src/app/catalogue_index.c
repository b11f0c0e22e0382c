/* From the rules of all vendors to what names are looked up in; faults that show only among rows
 * and vendors are found here. */
#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"
#include "catalogue_private.h"

/* -- hashes ----------------------------------------------------------------------------------- */

static uint32_t hash_forward(const char *text, size_t len)
{
    uint32_t hash = CATALOGUE_HASH_START;

    for (size_t i = 0; i < len; i++)
        hash = catalogue_hash_step(hash, text_lower(text[i]));
    return hash;
}

static uint32_t hash_backward(const char *text, size_t len)
{
    uint32_t hash = CATALOGUE_HASH_START;

    for (size_t i = len; i > 0; i--)
        hash = catalogue_hash_step(hash, text_lower(text[i - 1]));
    return hash;
}

/* A power of two that count entries fill to a half at most. */
static size_t slots_for(size_t count)
{
    size_t slots = 2;

    while (slots < 2 * count)
        slots *= 2;
    return slots;
}

/* -- faults among rows ------------------------------------------------------------------------ */

/* Rows that name models may stand beside one that doesn't: they go first. */
static bool is_overlap(const struct catalogue_file *a, const struct catalogue_file *b)
{
    for (size_t i = 0; i < a->model_count; i++) {
        for (size_t k = 0; k < b->model_count; k++) {
            if (strcmp(a->models[i], b->models[k]) == 0)
                return true;
        }
    }
    return a->model_count == 0 && b->model_count == 0;
}

static bool has_mac(const char *key)
{
    return strchr(key, CATALOGUE_WILD_MAC) != NULL;
}

/* earlier and later: two rules of one key. */
static int check_pair(const struct catalogue_rule *earlier, const struct catalogue_rule *later,
                      struct ap_error *error)
{
    const struct catalogue_file *file = later->claim.file;
    const struct catalogue_place *here = later->place;
    const struct catalogue_place *there = earlier->place;

    if (earlier->claim.vendor == later->claim.vendor) {
        if (!is_overlap(earlier->claim.file, file))
            return 0;
        return ap_error_set(error, AP_EINVAL,
                            "%s:%u:%u: the name '%s' is in line %u, column %u already; remove one "
                            "of them, or give each its own 'models'",
                            here->path, here->at.line, here->at.column, file->name, there->at.line,
                            there->at.column);
    }
    if (has_mac(later->key) || !file->template_name || !earlier->claim.file->template_name)
        return 0;
    return ap_error_set(error, AP_EINVAL,
                        "%s:%u:%u: the name '%s' is served by %s:%u:%u too; without {mac} only one "
                        "vendor can have it",
                        here->path, here->at.line, here->at.column, later->key, there->path,
                        there->at.line, there->at.column);
}

static int check_group(const struct catalogue_rule *rules, size_t count, struct ap_error *error)
{
    for (size_t i = 1; i < count; i++) {
        const struct catalogue_place *place = rules[i].place;
        if (i == CATALOGUE_CLAIMS_MAX)
            return ap_error_set(error, AP_ERANGE,
                                "%s:%u:%u: the name '%s' has more than %d rows in all files",
                                place->path, place->at.line, place->at.column,
                                rules[i].claim.file->name, CATALOGUE_CLAIMS_MAX);
        for (size_t k = 0; k < i; k++) {
            /* In the order of the files, whatever the order of claims. */
            bool in_order = rules[k].order < rules[i].order;
            int err = check_pair(&rules[in_order ? k : i], &rules[in_order ? i : k], error);
            if (err)
                return err;
        }
    }
    return 0;
}

/* -- groups ----------------------------------------------------------------------------------- */

static int by_key(const void *left, const void *right)
{
    const struct catalogue_rule *a = left;
    const struct catalogue_rule *b = right;
    int order = strcmp(a->key, b->key);

    if (order == 0)
        order = strcmp(a->claim.vendor->name, b->claim.vendor->name);
    if (order == 0)
        order = (a->claim.file->model_count == 0) - (b->claim.file->model_count == 0);
    if (order == 0)
        order = a->order < b->order ? -1 : 1;
    return order;
}

static size_t wild_at(const char *key)
{
    static const char WILDS[] = {CATALOGUE_WILD_MAC, CATALOGUE_WILD_MODEL, CATALOGUE_WILD_ANY, 0};

    return strcspn(key, WILDS);
}

static struct catalogue_group group_of(const char *key)
{
    struct catalogue_group group = {.prefix = key, .prefix_len = wild_at(key)};

    key += group.prefix_len;
    group.middle = key;
    group.suffix = key;
    if (*key == '\0')
        return group;
    group.first = (enum catalogue_wild) * key++;
    group.middle = key;
    group.middle_len = wild_at(key);
    group.suffix = key + group.middle_len;
    if (*group.suffix) {
        group.second = (enum catalogue_wild) * group.suffix++;
    } else {
        group.suffix = group.middle;
        group.middle_len = 0;
    }
    group.suffix_len = strlen(group.suffix);
    return group;
}

static size_t literal_len(const struct catalogue_group *group)
{
    return group->prefix_len + group->middle_len + group->suffix_len;
}

static int by_literals(const void *left, const void *right)
{
    const struct catalogue_group *a = left;
    const struct catalogue_group *b = right;

    if (literal_len(a) != literal_len(b))
        return literal_len(a) > literal_len(b) ? -1 : 1;
    return strcmp(a->prefix, b->prefix);
}

static int make_table(struct catalogue *catalogue, struct catalogue_table_of_groups *table,
                      size_t count)
{
    size_t slots = slots_for(count);

    table->slots = arena_alloc_array(&catalogue->arena, slots, sizeof(*table->slots));
    table->mask = slots - 1;
    return table->slots ? 0 : AP_ENOMEM;
}

static void put_group(struct catalogue_table_of_groups *table, const struct catalogue_group *group)
{
    uint32_t hash = hash_forward(group->prefix, group->prefix_len);

    if (group->first != CATALOGUE_WILD_NONE)
        hash = catalogue_hash_pair(hash, hash_backward(group->suffix, group->suffix_len));
    size_t at = hash & table->mask;
    while (table->slots[at].group)
        at = (at + 1) & table->mask;
    table->slots[at] = (struct catalogue_slot){hash, group};
}

/* Where a group is looked for. */
static struct catalogue_table_of_groups *table_of(struct catalogue *catalogue,
                                                  const struct catalogue_group *group)
{
    if (group->first == CATALOGUE_WILD_NONE)
        return &catalogue->literals;
    if (group->first == CATALOGUE_WILD_MAC && group->second == CATALOGUE_WILD_NONE)
        return &catalogue->macs;
    return NULL;
}

static int sort_groups(struct catalogue *catalogue, const struct catalogue_group *groups,
                       size_t count)
{
    size_t literals = 0, macs = 0;

    for (size_t i = 0; i < count; i++) {
        literals += table_of(catalogue, &groups[i]) == &catalogue->literals;
        macs += table_of(catalogue, &groups[i]) == &catalogue->macs;
    }
    catalogue->wilds =
        arena_alloc_array(&catalogue->arena, count - literals - macs, sizeof(*catalogue->wilds));
    if (!catalogue->wilds || make_table(catalogue, &catalogue->literals, literals) != 0 ||
        make_table(catalogue, &catalogue->macs, macs) != 0)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct catalogue_table_of_groups *table = table_of(catalogue, &groups[i]);
        if (table)
            put_group(table, &groups[i]);
        else
            catalogue->wilds[catalogue->wild_count++] = groups[i];
        if (table == &catalogue->macs) {
            catalogue->mac_prefixes[groups[i].prefix_len] = true;
            catalogue->mac_suffixes[groups[i].suffix_len] = true;
        }
    }
    if (catalogue->wild_count > 0)
        qsort(catalogue->wilds, catalogue->wild_count, sizeof(*catalogue->wilds), by_literals);
    return 0;
}

static int index_rules(struct catalogue *catalogue, struct ap_error *error)
{
    size_t count = catalogue->rule_count;
    struct catalogue_rule *rules = catalogue->rules;
    struct catalogue_claim *claims = arena_alloc_array(&catalogue->arena, count, sizeof(*claims));
    struct catalogue_group *groups = arena_alloc_array(&catalogue->arena, count, sizeof(*groups));
    size_t group_count = 0;

    if (!claims || !groups)
        return AP_ENOMEM;
    if (count > 0)
        qsort(rules, count, sizeof(*rules), by_key);
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at; end < count && strcmp(rules[end].key, rules[at].key) == 0; end++)
            claims[end] = rules[end].claim;
        int err = check_group(&rules[at], end - at, error);
        if (err)
            return err;
        groups[group_count] = group_of(rules[at].key);
        groups[group_count].claims = &claims[at];
        groups[group_count++].count = end - at;
    }
    return sort_groups(catalogue, groups, group_count);
}

/* -- models and OUIs -------------------------------------------------------------------------- */

static int index_models(struct catalogue *catalogue)
{
    size_t count = 0;

    for (size_t i = 0; i < catalogue->vendor_count; i++)
        count += catalogue->vendors[i]->model_count;
    size_t slots = slots_for(count);
    catalogue->models = arena_alloc_array(&catalogue->arena, slots, sizeof(*catalogue->models));
    if (!catalogue->models)
        return AP_ENOMEM;
    catalogue->model_mask = slots - 1;
    for (size_t i = 0; i < catalogue->vendor_count; i++) {
        const struct catalogue_vendor *vendor = catalogue->vendors[i];
        for (size_t m = 0; m < vendor->model_count; m++) {
            const struct catalogue_model *model = &vendor->models[m];
            uint32_t hash = hash_forward(model->name, strlen(model->name));
            size_t at = hash & catalogue->model_mask;
            while (catalogue->models[at].vendor)
                at = (at + 1) & catalogue->model_mask;
            catalogue->models[at] = (struct catalogue_model_slot){hash, vendor, model};
        }
    }
    return 0;
}

const struct catalogue_model *catalogue_find_model(const struct catalogue *catalogue,
                                                   const struct catalogue_vendor *vendor,
                                                   const char *name, size_t len)
{
    uint32_t hash = hash_forward(name, len);

    for (size_t at = hash & catalogue->model_mask; catalogue->models[at].vendor;
         at = (at + 1) & catalogue->model_mask) {
        const struct catalogue_model_slot *slot = &catalogue->models[at];
        if (slot->hash == hash && slot->vendor == vendor &&
            text_equal_nocase(slot->model->name, strlen(slot->model->name), name, len))
            return slot->model;
    }
    return NULL;
}

const struct catalogue_vendor *catalogue_vendor_of_model(const struct catalogue *catalogue,
                                                         const char *model)
{
    const struct catalogue_vendor *found = NULL;
    size_t len = strlen(model);
    uint32_t hash = hash_forward(model, len);

    for (size_t at = hash & catalogue->model_mask; catalogue->models[at].vendor;
         at = (at + 1) & catalogue->model_mask) {
        const struct catalogue_model_slot *slot = &catalogue->models[at];
        if (slot->hash != hash ||
            !text_equal_nocase(slot->model->name, strlen(slot->model->name), model, len))
            continue;
        if (found)
            return NULL;
        found = slot->vendor;
    }
    return found;
}

static int by_prefix(const void *left, const void *right)
{
    const struct catalogue_oui *a = left;
    const struct catalogue_oui *b = right;

    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    return strcmp(a->vendor->name, b->vendor->name);
}

int catalogue_index(struct catalogue *catalogue, struct ap_error *error)
{
    struct ap_error fault = {{0}};

    int err = index_rules(catalogue, &fault);
    if (!err)
        err = index_models(catalogue);
    if (err)
        return ap_error_set(error, err, "%s", fault.text[0] ? fault.text : ap_strerror(err));
    if (catalogue->oui_count > 0)
        qsort(catalogue->ouis, catalogue->oui_count, sizeof(*catalogue->ouis), by_prefix);
    free(catalogue->rules);
    catalogue->rules = NULL;
    catalogue->rule_count = catalogue->rule_room = 0;
    return 0;
}
