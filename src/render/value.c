/* The tree of values that a template sees. Allocates nothing, copies nothing. */
#include "autoprov/value.h"

#include <string.h>

struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

struct value value_bool(int truth)
{
    return (struct value){.kind = truth ? VALUE_TRUE : VALUE_NULL};
}

struct value value_text(const char *text)
{
    return text ? value_text_n(text, strlen(text)) : value_null();
}

struct value value_text_n(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .len = len, .as.text = text};
}

struct value value_list(const struct value *items, size_t count)
{
    return (struct value){.kind = VALUE_LIST, .len = count, .as.items = items};
}

struct value value_object(const struct value_member *members, size_t count)
{
    return (struct value){.kind = VALUE_OBJECT, .len = count, .as.members = members};
}

const struct value *value_find(const struct value *object, const char *name, size_t len)
{
    if (object->kind != VALUE_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->len; i++) {
        const struct value_member *member = &object->as.members[i];
        if (member->name_len == len && memcmp(member->name, name, len) == 0)
            return &member->value;
    }
    return NULL;
}
