/* Looking up a name in the tree of values. Allocates nothing, copies nothing. */
#include "autoprov/value.h"

#include <string.h>

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

const struct value *value_find(const struct value *object, const char *name, size_t len)
{
    return value_find_keyed(object, name, len, value_key(name, len));
}
