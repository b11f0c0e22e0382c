/* Looking up a name in the tree of values. Allocates nothing, copies nothing. */
#include "autoprov/value.h"

#include <stdbool.h>
#include <string.h>

#include "autoprov/text.h"

const struct value *value_find_keyed(const struct value *object, const char *name, size_t len,
                                     uint32_t key)
{
    if (object->kind != VALUE_OBJECT)
        return NULL;
    const struct value_member *member = object->as.members;
    for (uint32_t left = object->len; left > 0; left--, member++) {
        if (member->key == key && member->name_len == len && memcmp(member->name, name, len) == 0)
            return &member->value;
    }
    return NULL;
}

/* Bytes of a row in front of what stands for a suffix, with their '_'; 0: it is a plain name. */
static size_t stem_len(const char *row)
{
    const char *underscore = strrchr(row, '_');

    if (!underscore || (strcmp(underscore, "_N") != 0 && strcmp(underscore, "_NAME") != 0))
        return 0;
    return (size_t)(underscore - row) + 1;
}

static bool is_number(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(text[i]))
            return false;
    }
    return len > 0;
}

static bool is_name_of(const char *row, const char *name, size_t len)
{
    size_t stem = stem_len(row);

    if (stem == 0)
        return strlen(row) == len && memcmp(row, name, len) == 0;
    if (len <= stem || memcmp(row, name, stem) != 0)
        return false;
    return strcmp(row + stem, "N") != 0 || is_number(name + stem, len - stem);
}

uint32_t value_shape_place(const struct value_shape *shape, const char *name, size_t len)
{
    uint32_t place = 0;

    while (place < shape->count && !is_name_of(shape->names[place], name, len))
        place++;
    return place;
}

const struct value *value_at_place(const struct value_record *record, uint32_t place,
                                   const char *name, size_t len)
{
    static const struct value TRUTH = {.kind = VALUE_TRUE};
    const struct value *value = &record->values[place];

    if (value->kind != VALUE_SUFFIX)
        return value;
    size_t stem = stem_len(record->shape->names[place]);
    if (len - stem != value->len || memcmp(name + stem, value->as.text, value->len) != 0)
        return NULL;
    return &TRUTH;
}

const struct value *value_find(const struct value *object, const char *name, size_t len)
{
    if (object->kind != VALUE_RECORD)
        return value_find_keyed(object, name, len, value_key(name, len));
    const struct value_record *record = object->as.record;
    uint32_t place = value_shape_place(record->shape, name, len);
    return place < record->shape->count ? value_at_place(record, place, name, len) : NULL;
}
