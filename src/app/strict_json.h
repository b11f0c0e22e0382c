/* JSON files of the project and the admin, read strictly by tables: what is not expected is
 * refused, with its line and column. */
#ifndef AUTOPROV_STRICT_JSON_H
#define AUTOPROV_STRICT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/err.h"

/* Embedded; text and path are borrowed until strict_json_done(). */
struct strict_json {
    const char *path; /* as it stands in messages */
    const char *text;
    size_t len;
    struct arena *arena;    /* of the texts that are read */
    struct ap_error *error; /* of the first fault; may be NULL */
    json_t *root;
};

/* A value with its way from the root; parents live on the reader's stack. */
struct strict_json_node {
    const struct strict_json *file;
    const struct strict_json_node *parent; /* NULL: the root */
    size_t nth;                            /* among the parent's members or items, from 0 */
    const char *name;                      /* of a member; NULL: an item, or the root */
    json_t *value;                         /* NULL: an optional member that is not there */
};

enum strict_json_at { STRICT_JSON_AT_NAME, STRICT_JSON_AT_VALUE };

struct strict_json_place {
    unsigned line, column; /* from 1; columns are characters */
};

/* What a text must be; phrase completes "'NAME' must be …". Lengths in bytes. */
struct strict_json_text {
    size_t min, max;
    bool (*is_right)(const char *text, size_t len);
    const char *phrase;
};

enum strict_json_kind {
    STRICT_JSON_TEXT,   /* const char *, in the arena */
    STRICT_JSON_FLAG,   /* bool */
    STRICT_JSON_NUMBER, /* uint32_t */
    STRICT_JSON_WORD,   /* unsigned: which of words */
    STRICT_JSON_NODE,   /* struct strict_json_node: read by the caller */
};

/* A member of an object and where in the target its value goes. */
struct strict_json_field {
    const char *name;
    enum strict_json_kind kind;
    bool is_optional; /* the target keeps what it holds */
    size_t offset;
    const struct strict_json_text *text;
    const char *const *words; /* ends with NULL */
    uint32_t min, max;
};

/* Parse; the outer value must be an object. file must be initialised but for root, and done in
 * any case. Errors: AP_ESYNTAX, AP_EINVAL a member twice or no object, AP_ENOMEM. */
AP_MUSTCHECK int strict_json_open(struct strict_json *file, struct strict_json_node *ret_root);
void strict_json_done(struct strict_json *file);

struct strict_json_place strict_json_place(const struct strict_json_node *node,
                                           enum strict_json_at at);

/* Of the value of the object's member of this name, or of the object without one. */
struct strict_json_place strict_json_member_place(const struct strict_json_node *node,
                                                  const char *name);

/* Write "PATH:LINE:COL: …", in one line whatever is printed; the value is code. */
int strict_json_fail(const struct strict_json_node *node, enum strict_json_at at, int code,
                     const char *fmt, ...) AP_PRINTF(4, 5);
/* The same at strict_json_member_place(). */
int strict_json_fail_member(const struct strict_json_node *node, const char *name, int code,
                            const char *fmt, ...) AP_PRINTF(4, 5);
/* The same for a failed allocation. */
int strict_json_no_memory(const struct strict_json_node *node);

/* Read an object's members into target. At most 32 fields.
 * Errors: AP_EINVAL unknown or missing member, wrong type, bad value; AP_ERANGE; AP_ENOMEM. */
AP_MUSTCHECK int strict_json_read(const struct strict_json_node *node,
                                  const struct strict_json_field *fields, size_t count,
                                  void *target);

/* Errors: AP_EINVAL no text, or not what rule says; AP_ENOMEM. */
AP_MUSTCHECK int strict_json_text(const struct strict_json_node *node,
                                  const struct strict_json_text *rule, const char **ret_text);

/* Visit the members of an object or the items of an array, in the order of the text, until visit
 * returns an error. Errors: AP_EINVAL another type; AP_ERANGE more than max; those of visit. */
AP_MUSTCHECK int strict_json_each(const struct strict_json_node *node, json_type type, size_t max,
                                  int (*visit)(void *data, const struct strict_json_node *child),
                                  void *data);

#endif
