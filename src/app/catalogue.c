/* What is asked of a loaded catalogue, names of files aside. */
#include "autoprov/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"
#include "catalogue_private.h"
#include "catalogue_words.h"

struct catalogue *catalogue_new(void)
{
    struct catalogue *catalogue = calloc(1, sizeof(*catalogue));

    if (catalogue)
        arena_init(&catalogue->arena, AP_CATALOGUE_MAX_BYTES);
    return catalogue;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (!catalogue)
        return;
    free(catalogue->rules);
    free(catalogue->ouis);
    arena_done(&catalogue->arena);
    free(catalogue);
}

const struct catalogue_vendor *catalogue_vendor(const struct catalogue *catalogue, const char *name)
{
    size_t from = 0, to = catalogue->vendor_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, catalogue->vendors[middle]->name);
        if (order == 0)
            return catalogue->vendors[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const struct catalogue_vendor *catalogue_vendor_at(const struct catalogue *catalogue, size_t index)
{
    return index < catalogue->vendor_count ? catalogue->vendors[index] : NULL;
}

static bool is_same(const char *a, const char *b, bool any_case)
{
    if (!any_case)
        return strcmp(a, b) == 0;
    for (; *a && text_lower(*a) == text_lower(*b); a++, b++)
        ;
    return *a == '\0' && *b == '\0';
}

const struct catalogue_model *catalogue_model(const struct catalogue_vendor *vendor,
                                              const char *name)
{
    for (size_t i = 0; i < vendor->model_count; i++) {
        if (is_same(vendor->models[i].name, name, true))
            return &vendor->models[i];
    }
    return NULL;
}

const struct catalogue_vendor *catalogue_vendor_of_mac(const struct catalogue *catalogue,
                                                       const uint8_t mac[static AP_MAC_LEN])
{
    uint32_t prefix = (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2];
    size_t from = 0, to = catalogue->oui_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (catalogue->ouis[middle].prefix < prefix)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == catalogue->oui_count || catalogue->ouis[from].prefix != prefix)
        return NULL;
    if (from + 1 < catalogue->oui_count && catalogue->ouis[from + 1].prefix == prefix)
        return NULL;
    return catalogue->ouis[from].vendor;
}

const char *catalogue_code(const struct catalogue_vendor *vendor, enum catalogue_table table,
                           const char *word)
{
    const struct catalogue_codes *codes = &vendor->codes[table];
    bool any_case = table == CATALOGUE_CODEC || table == CATALOGUE_LANGUAGE;

    for (size_t i = 0; i < codes->count; i++) {
        if (is_same(codes->rows[i].word, word, any_case))
            return codes->rows[i].code;
    }
    return NULL;
}

const char *catalogue_role_name(enum catalogue_role role)
{
    return (unsigned)role < CATALOGUE_ROLE_COUNT ? CATALOGUE_WORDS_ROLES[role] : "unknown";
}

const char *catalogue_time_zone(const struct catalogue *catalogue, const char *name)
{
    size_t from = 0, to = catalogue->zone_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, catalogue->zones[middle].name);
        if (order == 0)
            return catalogue->zones[middle].posix;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const char *catalogue_time_zone_at(const struct catalogue *catalogue, size_t index)
{
    return index < catalogue->zone_count ? catalogue->zones[index].name : NULL;
}

bool catalogue_file_is_for(const struct catalogue_file *file, const struct catalogue_model *model)
{
    if (file->model_count == 0)
        return true;
    for (size_t i = 0; model && i < file->model_count; i++) {
        if (strcmp(file->models[i], model->name) == 0)
            return true;
    }
    return false;
}
