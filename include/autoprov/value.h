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

/* 16 bytes: a phone with six lines and 60 keys has 1,200 of them. */
struct value {
    enum value_kind kind;
    uint32_t len; /* bytes of text, items of a list, members of an object */
    union {
        const char *text; /* need not end in NUL */
        const struct value *items;
        const struct value_member *members;
    } as;
};

/* Names are unique in one object; objects are short, and searched from the first on. */
struct value_member {
    const char *name;
    uint32_t name_len;
    uint32_t key; /* value_key() of the name: compared first */
    struct value value;
};

/* Two names with different keys differ. Of the first and the last eight bytes, so that a compiler
 * works it out for a name in quotes; names of one object have long beginnings in common. */
static inline uint32_t value_key(const char *name, size_t len)
{
    uint64_t head = 0, tail = 0;

    memcpy(&head, name, len < sizeof(head) ? len : sizeof(head));
    if (len > sizeof(tail))
        memcpy(&tail, name + len - sizeof(tail), sizeof(tail));
    return (uint32_t)(((head ^ tail * 0x9E3779B97F4A7C15ULL) * 0xC2B2AE3D27D4EB4FULL) >> 32);
}

/* Here, so that the compiler writes them into place: a phone with six lines has 130 members. */
static inline struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static inline struct value value_bool(int truth)
{
    return (struct value){.kind = truth ? VALUE_TRUE : VALUE_NULL};
}

/* Lengths and counts are below 4 GiB: an arena holds a megabyte, a configuration not much more. */
static inline struct value value_text_n(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .len = (uint32_t)len, .as.text = text};
}

/* text NULL is value_null(). */
static inline struct value value_text(const char *text)
{
    return text ? value_text_n(text, strlen(text)) : value_null();
}

static inline struct value value_list(const struct value *items, size_t count)
{
    return (struct value){.kind = VALUE_LIST, .len = (uint32_t)count, .as.items = items};
}

static inline struct value value_object(const struct value_member *members, size_t count)
{
    return (struct value){.kind = VALUE_OBJECT, .len = (uint32_t)count, .as.members = members};
}

static inline struct value_member value_member(const char *name, struct value value)
{
    size_t len = strlen(name);

    return (struct value_member){
        .name = name, .name_len = (uint32_t)len, .key = value_key(name, len), .value = value};
}

/* The member's value, or NULL. */
const struct value *value_find(const struct value *object, const char *name, size_t len);

/* The member whose value value_find() gave. */
static inline const struct value_member *value_member_of(const struct value *value)
{
    return (const struct value_member *)((const char *)value -
                                         offsetof(struct value_member, value));
}

/* value_find() with value_key(name, len) worked out before. */
const struct value *value_find_keyed(const struct value *object, const char *name, size_t len,
                                     uint32_t key);

#endif
