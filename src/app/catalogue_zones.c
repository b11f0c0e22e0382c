/* The table of IANA names, time_zones.json. */
#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"
#include "autoprov/time_zone.h"
#include "catalogue_private.h"
#include "catalogue_words.h"

static bool is_zone_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(name[i]) && !strchr("/_+-", name[i]))
            return false;
    }
    return len > 0 && len <= AP_NAME_MAX_BYTES;
}

static int read_zone(void *data, const struct strict_json_node *node)
{
    struct catalogue *catalogue = data;
    struct catalogue_zone zone;
    struct time_zone parsed;

    if (!is_zone_name(node->name))
        return strict_json_fail(node, STRICT_JSON_AT_NAME, AP_EINVAL,
                                "'%.*s' is no name of a time zone such as Europe/Berlin",
                                AP_NAME_MAX_BYTES, node->name);
    int err = strict_json_text(node, &CATALOGUE_TEXT_ZONE_RULE, &zone.posix);
    if (err)
        return err;
    if (time_zone_parse(zone.posix, &parsed) != 0)
        return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                "'%s' is no POSIX TZ string such as CET-1CEST,M3.5.0,M10.5.0/3",
                                zone.posix);
    zone.name = arena_strdup(&catalogue->arena, node->name);
    if (!zone.name)
        return strict_json_no_memory(node);
    catalogue->zones[node->nth] = zone;
    catalogue->zone_count = node->nth + 1;
    return 0;
}

static int by_name(const void *left, const void *right)
{
    const struct catalogue_zone *a = left;
    const struct catalogue_zone *b = right;

    return strcmp(a->name, b->name);
}

int catalogue_add_zones(struct catalogue *catalogue, const struct catalogue_text *file,
                        struct ap_error *error)
{
    struct strict_json json = {.path = file->path,
                               .text = file->text,
                               .len = file->len,
                               .arena = &catalogue->arena,
                               .error = error};
    struct strict_json_node root;

    int err = strict_json_open(&json, &root);
    if (err)
        goto out;
    catalogue->zones = arena_alloc_array(&catalogue->arena, json_object_size(root.value),
                                         sizeof(*catalogue->zones));
    if (!catalogue->zones) {
        err = strict_json_no_memory(&root);
        goto out;
    }
    err = strict_json_each(&root, JSON_OBJECT, AP_TIME_ZONES_MAX, read_zone, catalogue);
    if (!err)
        qsort(catalogue->zones, catalogue->zone_count, sizeof(*catalogue->zones), by_name);
out:
    strict_json_done(&json);
    return err;
}
