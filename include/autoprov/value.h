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

struct value value_null(void);
struct value value_bool(int truth);
/* text NULL is value_null(). */
struct value value_text(const char *text);
struct value value_text_n(const char *text, size_t len);
struct value value_list(const struct value *items, size_t count);
struct value value_object(const struct value_member *members, size_t count);

/* Here, so that the length of a literal is a constant: a phone with six lines has 130 members. */
static inline struct value_member value_member(const char *name, struct value value)
{
    return (struct value_member){.name = name, .name_len = strlen(name), .value = value};
}

/* The member's value, or NULL. */
const struct value *value_find(const struct value *object, const char *name, size_t len);

#endif
