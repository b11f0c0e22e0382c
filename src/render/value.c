/* Looking up a name in the tree of values. Allocates nothing, copies nothing. */
#include "autoprov/value.h"

#include <string.h>

const struct value *value_find(const struct value *object, const char *name, size_t len)
{
    if (object->kind != VALUE_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->len; i++) {
        const struct value_member *member = &object->as.members[i];
        /* The first byte here: memcmp() would be called for each name of the same length. */
        if (member->name_len == len &&
            (len == 0 || (member->name[0] == name[0] && memcmp(member->name, name, len) == 0)))
            return &member->value;
    }
    return NULL;
}
