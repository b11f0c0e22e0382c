/* Which rows a requested name fits. The name comes from an outsider: nothing is allocated, and the
 * work is one walk over the name for each table plus one comparison for each pattern with two
 * wilds, which are anchored at both ends and need no second try. */
#include <string.h>

#include "autoprov/text.h"
#include "catalogue_private.h"

#define MAC_DIGITS         12
#define MAC_SEPARATED      17
#define MODEL_MAX          32
#define ANY_MAX            64
#define FOUND_MAX          16 /* keys that one name fits; the longest are kept */
#define SEPARATOR_AT(mac)  ((mac)[2])
#define SEPARATOR_FROM_END 3

/* A name in lower case with the hashes of all its beginnings and ends. */
struct subject {
    const struct catalogue *catalogue;
    size_t len;
    char text[AP_CATALOGUE_NAME_MAX_BYTES];
    uint32_t before[AP_CATALOGUE_NAME_MAX_BYTES + 1]; /* of text[0 .. i) */
    uint32_t behind[AP_CATALOGUE_NAME_MAX_BYTES + 1]; /* of text[i .. len) */
};

/* A key that the name fits. */
struct found {
    const struct catalogue_group *group;
    size_t literal_len;
    bool has_mac;
    uint8_t mac[AP_MAC_LEN];
    const char *model; /* what {model} stands for, in the subject */
    size_t model_len;
};
struct found_list {
    size_t count;
    struct found rows[FOUND_MAX];
};

/* The same as base's, of lower-case text; these are in the innermost loops, and those are calls. */
static inline bool is_digit_or(char c, char last_letter)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= last_letter);
}

static inline bool is_separator(char c)
{
    return c == ':' || c == '-' || c == '.';
}

/* Longest literals first; among equals, the first one found. */
static void add_found(struct found_list *list, struct found *found)
{
    const struct catalogue_group *group = found->group;
    size_t at = list->count;

    found->literal_len = group->prefix_len + group->middle_len + group->suffix_len;
    while (at > 0 && list->rows[at - 1].literal_len < found->literal_len)
        at--;
    if (at == FOUND_MAX)
        return;
    if (list->count < FOUND_MAX)
        list->count++;
    memmove(&list->rows[at + 1], &list->rows[at], (list->count - 1 - at) * sizeof(*found));
    list->rows[at] = *found;
}

/* -- without a wild, and with {mac} alone ------------------------------------------------------ */

static bool is_key_of(const struct subject *subject, const struct catalogue_group *group,
                      size_t before, size_t behind)
{
    return group->prefix_len == before && group->suffix_len == subject->len - behind &&
           memcmp(group->prefix, subject->text, before) == 0 &&
           memcmp(group->suffix, subject->text + behind, group->suffix_len) == 0;
}

static const struct catalogue_group *find_group(const struct catalogue_table_of_groups *table,
                                                const struct subject *subject, uint32_t hash,
                                                const size_t gap[static 2])
{
    for (size_t at = hash & table->mask; table->slots[at].group; at = (at + 1) & table->mask) {
        if (table->slots[at].hash == hash &&
            is_key_of(subject, table->slots[at].group, gap[0], gap[1]))
            return table->slots[at].group;
    }
    return NULL;
}

static void try_literal(const struct subject *subject, struct found_list *list)
{
    size_t gap[2] = {subject->len, subject->len};
    struct found found = {.group = find_group(&subject->catalogue->literals, subject,
                                              subject->before[subject->len], gap)};

    if (found.group)
        add_found(list, &found);
}

static void try_mac(const struct subject *subject, size_t from, size_t to, struct found_list *list)
{
    const struct catalogue *catalogue = subject->catalogue;
    size_t gap[2] = {from, to};
    struct found found;

    /* A name of nothing but digits has as many places as characters: most are no pattern's. */
    if (!catalogue->mac_prefixes[from] || !catalogue->mac_suffixes[subject->len - to])
        return;
    uint32_t hash = catalogue_hash_pair(subject->before[from], subject->behind[to]);
    found = (struct found){.group = find_group(&catalogue->macs, subject, hash, gap)};
    if (!found.group || mac_parse(subject->text + from, to - from, found.mac) != 0)
        return;
    found.has_mac = true;
    add_found(list, &found);
}

/* Every place that may hold a MAC. */
static void try_macs(const struct subject *subject, struct found_list *list)
{
    const char *text = subject->text;
    size_t digits = 0; /* that end at i */

    for (size_t i = 0; i < subject->len; i++) {
        digits = is_digit_or(text[i], 'f') ? digits + 1 : 0;
        if (digits >= MAC_DIGITS)
            try_mac(subject, i + 1 - MAC_DIGITS, i + 1, list);
        if (digits >= 2 && i + 1 >= MAC_SEPARATED && is_separator(text[i - 2]) &&
            text[i - 2] == SEPARATOR_AT(text + i + 1 - MAC_SEPARATED))
            try_mac(subject, i + 1 - MAC_SEPARATED, i + 1, list);
    }
}

/* -- the others ------------------------------------------------------------------------------- */

static bool is_wild(enum catalogue_wild wild, const char *text, size_t len)
{
    if (len == 0 || len > (wild == CATALOGUE_WILD_MODEL ? MODEL_MAX : ANY_MAX))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit_or(text[i], 'z') && text[i] != '_' && text[i] != '.' && text[i] != '-')
            return false;
    }
    return true;
}

/* text: what stands between prefix and suffix. The MAC is at one end of it, the middle literals
 * beside it, the other wild is the rest. */
static bool take_mac(const struct catalogue_group *group, const char *text, size_t len,
                     struct found *found)
{
    bool first = group->first == CATALOGUE_WILD_MAC;

    if (len < MAC_DIGITS + group->middle_len + 1)
        return false;
    bool separated = is_separator(first ? SEPARATOR_AT(text) : text[len - SEPARATOR_FROM_END]);
    size_t mac_len = separated ? MAC_SEPARATED : MAC_DIGITS;
    if (len < mac_len + group->middle_len + 1)
        return false;
    size_t rest = len - mac_len - group->middle_len;
    const char *mac = first ? text : text + len - mac_len;
    const char *middle = first ? text + mac_len : text + rest;
    const char *wild = first ? text + len - rest : text;
    enum catalogue_wild which = first ? group->second : group->first;
    if (memcmp(middle, group->middle, group->middle_len) != 0 || !is_wild(which, wild, rest) ||
        mac_parse(mac, mac_len, found->mac) != 0)
        return false;
    found->has_mac = true;
    if (which == CATALOGUE_WILD_MODEL) {
        found->model = wild;
        found->model_len = rest;
    }
    return true;
}

static bool has_ends_of(const struct subject *subject, const struct catalogue_group *group)
{
    const char *text = subject->text;
    size_t prefix = group->prefix_len, suffix = group->suffix_len;

    /* A look at one character saves most calls. */
    if (subject->len <= prefix + suffix || (prefix > 0 && text[0] != group->prefix[0]) ||
        (suffix > 0 && text[subject->len - 1] != group->suffix[suffix - 1]))
        return false;
    return memcmp(text, group->prefix, prefix) == 0 &&
           memcmp(text + subject->len - suffix, group->suffix, suffix) == 0;
}

static void try_wilds(const struct subject *subject, struct found_list *list)
{
    const struct catalogue *catalogue = subject->catalogue;

    for (size_t i = 0; i < catalogue->wild_count; i++) {
        const struct catalogue_group *group = &catalogue->wilds[i];
        if (!has_ends_of(subject, group))
            continue;
        struct found found = {.group = group};
        const char *text = subject->text + group->prefix_len;
        size_t len = subject->len - group->prefix_len - group->suffix_len;
        bool fits = group->second == CATALOGUE_WILD_NONE ? is_wild(group->first, text, len)
                                                         : take_mac(group, text, len, &found);
        if (fits)
            add_found(list, &found);
    }
}

/* -- claims ----------------------------------------------------------------------------------- */

static void add_claims(const struct subject *subject, const struct found *found,
                       struct catalogue_match *match)
{
    const struct catalogue_group *group = found->group;

    for (size_t i = 0; i < group->count && match->count < CATALOGUE_CLAIMS_MAX; i++) {
        struct catalogue_claim *claim = &match->claims[match->count++];
        *claim = group->claims[i];
        if (found->model)
            claim->model = catalogue_find_model(subject->catalogue, claim->vendor, found->model,
                                                found->model_len);
    }
}

static void fill_match(const struct subject *subject, const struct found_list *list,
                       struct catalogue_match *ret_match)
{
    ret_match->has_mac = false;
    ret_match->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct found *found = &list->rows[i];
        /* Two readings of one name: the one with more literals is meant. */
        if (found->has_mac && ret_match->has_mac &&
            memcmp(found->mac, ret_match->mac, AP_MAC_LEN) != 0)
            continue;
        if (found->has_mac) {
            ret_match->has_mac = true;
            memcpy(ret_match->mac, found->mac, AP_MAC_LEN);
        }
        add_claims(subject, found, ret_match);
    }
}

bool catalogue_match(const struct catalogue *catalogue, const char *name, size_t len,
                     struct catalogue_match *ret_match)
{
    struct subject subject = {.catalogue = catalogue, .len = len};
    struct found_list list = {.count = 0};

    if (len == 0 || len > AP_CATALOGUE_NAME_MAX_BYTES)
        return false;
    subject.before[0] = CATALOGUE_HASH_START;
    subject.behind[len] = CATALOGUE_HASH_START;
    for (size_t i = 0; i < len; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        subject.text[i] = is_upper ? (char)(name[i] - 'A' + 'a') : name[i];
        subject.before[i + 1] = catalogue_hash_step(subject.before[i], subject.text[i]);
    }
    for (size_t i = len; i > 0; i--)
        subject.behind[i - 1] = catalogue_hash_step(subject.behind[i], subject.text[i - 1]);
    try_literal(&subject, &list);
    try_macs(&subject, &list);
    try_wilds(&subject, &list);
    if (list.count == 0)
        return false;
    fill_match(&subject, &list, ret_match);
    return true;
}

static bool is_for(const struct catalogue_file *file, const char *model)
{
    size_t len = strlen(model);

    for (size_t i = 0; i < file->model_count; i++) {
        if (text_equal_nocase(file->models[i], strlen(file->models[i]), model, len))
            return true;
    }
    return file->model_count == 0;
}

const struct catalogue_file *catalogue_match_of(const struct catalogue_match *match,
                                                const char *vendor, const char *model)
{
    for (size_t i = 0; i < match->count; i++) {
        const struct catalogue_claim *claim = &match->claims[i];
        if (strcmp(claim->vendor->name, vendor) == 0 && is_for(claim->file, model))
            return claim->file;
    }
    return NULL;
}
