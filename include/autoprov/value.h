/* The data a template sees: a tree of borrowed values, built per request in an arena. */
#ifndef AUTOPROV_VALUE_H
#define AUTOPROV_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
    VALUE_NULL, /* also false: falsy, prints nothing */
    VALUE_TRUE, /* truthy; prints "true" */
    VALUE_TEXT, /* falsy when empty, as in most implementations of Mustache */
    VALUE_LIST, /* falsy when empty */
    VALUE_OBJECT,
};

struct value_member;

struct value {
    enum value_kind kind;
    size_t len; /* bytes of text, items of a list, members of an object */
    union {
        const char *text; /* need not end in NUL */
        const struct value *items;
        const struct value_member *members;
    } as;
};

/* Names are unique in one object; objects are short, and searched from the first on. */
struct value_member {
    const char *name;
    size_t name_len;
    struct value value;
};

/* Here, so that the compiler writes them into place: a phone with six lines has 130 members. */
static inline struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static inline struct value value_bool(int truth)
{
    return (struct value){.kind = truth ? VALUE_TRUE : VALUE_NULL};
}

static inline struct value value_text_n(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .len = len, .as.text = text};
}

/* text NULL is value_null(). */
static inline struct value value_text(const char *text)
{
    return text ? value_text_n(text, strlen(text)) : value_null();
}

static inline struct value value_list(const struct value *items, size_t count)
{
    return (struct value){.kind = VALUE_LIST, .len = count, .as.items = items};
}

static inline struct value value_object(const struct value_member *members, size_t count)
{
    return (struct value){.kind = VALUE_OBJECT, .len = count, .as.members = members};
}

static inline struct value_member value_member(const char *name, struct value value)
{
    return (struct value_member){.name = name, .name_len = strlen(name), .value = value};
}

/* The member's value, or NULL. */
const struct value *value_find(const struct value *object, const char *name, size_t len);

#endif
