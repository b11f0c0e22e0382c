/* The data a template sees: a tree of borrowed values, built per request in an arena. */
#ifndef AUTOPROV_VALUE_H
#define AUTOPROV_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
    VALUE_NULL,   /* also false: falsy, prints nothing */
    VALUE_TRUE,   /* truthy; prints "true" */
    VALUE_TEXT,   /* falsy when empty, as in most implementations of Mustache */
    VALUE_NUMBER, /* a text of digits, perhaps behind a '-': every dialect writes it as it is */
    VALUE_LIST,   /* falsy when empty */
    VALUE_OBJECT,
    VALUE_RECORD, /* an object as well, with the names of its shape */
    VALUE_SUFFIX, /* in a record only: true under the name that ends in this text, else absent */
};

struct value_member;
struct value_record;

/* 16 bytes: a phone with six lines and 60 keys has 1,500 of them. */
struct value {
    enum value_kind kind;
    uint32_t len; /* bytes of text, items of a list, members of an object */
    union {
        const char *text; /* need not end in NUL */
        const struct value *items;
        const struct value_member *members;
        const struct value_record *record;
    } as;
};

/* Names are unique in one object; objects are short, and searched from the first on. */
struct value_member {
    const char *name;
    uint32_t name_len;
    uint32_t key; /* value_key() of the name: compared first */
    struct value value;
};

/* The names that many objects have in common, known when the program is built. A template notes
 * where in a shape a name stands when it first meets both, so that none is searched for twice. */
struct value_shape {
    const char *const *names; /* unique; one that ends in "_N" stands for all names that end in a
                                 number in its place, one in "_NAME" for all that end in anything
                                 there and stand in no row before: their values are suffixes */
    uint32_t count;           /* at most VALUE_SHAPE_NAMES_MAX */
    uint32_t number;          /* below VALUE_SHAPES_MAX; no two shapes of a program share one */
};
#define VALUE_SHAPES_MAX      8
#define VALUE_SHAPE_NAMES_MAX 250

struct value_record {
    const struct value_shape *shape;
    const struct value *values; /* as many, and in the order of, its names */
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

/* text: as VALUE_NUMBER says. NULL is value_null(). */
static inline struct value value_number(const char *text)
{
    if (!text)
        return value_null();
    return (struct value){.kind = VALUE_NUMBER, .len = (uint32_t)strlen(text), .as.text = text};
}

static inline struct value value_list(const struct value *items, size_t count)
{
    return (struct value){.kind = VALUE_LIST, .len = (uint32_t)count, .as.items = items};
}

static inline struct value value_object(const struct value_member *members, size_t count)
{
    return (struct value){.kind = VALUE_OBJECT, .len = (uint32_t)count, .as.members = members};
}

static inline struct value value_of_record(const struct value_record *record)
{
    return (struct value){.kind = VALUE_RECORD, .as.record = record};
}

/* text: a VALUE_TEXT or VALUE_NUMBER. */
static inline struct value value_suffix(struct value text)
{
    return (struct value){.kind = VALUE_SUFFIX, .len = text.len, .as.text = text.as.text};
}

static inline struct value_member value_member(const char *name, struct value value)
{
    size_t len = strlen(name);

    return (struct value_member){
        .name = name, .name_len = (uint32_t)len, .key = value_key(name, len), .value = value};
}

/* The value of that name, or NULL: none, or no object. */
const struct value *value_find(const struct value *object, const char *name, size_t len);

/* The same in a VALUE_OBJECT with value_key(name, len) worked out before. */
const struct value *value_find_keyed(const struct value *object, const char *name, size_t len,
                                     uint32_t key);

/* Place of a name among those of a shape, or shape->count: not one of them. */
uint32_t value_shape_place(const struct value_shape *shape, const char *name, size_t len);

/* The value at a place of a record, as the one of that name, which value_shape_place() found there;
 * NULL: a suffix that the name has not. */
const struct value *value_at_place(const struct value_record *record, uint32_t place,
                                   const char *name, size_t len);

#endif
