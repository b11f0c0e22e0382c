/* Tables over jansson's tree. Knows no file's meaning. */
#include "strict_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "autoprov/text.h"
#include "strict_json_place.h"

/* Room for "item 123 of 'name'", the name cut. */
#define LABEL_MAX      96
#define NAME_SHOWN_MAX 64

/* What comes from the file may hold line ends and other control characters. */
static void one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

static int fail_at(const struct strict_json *file, struct strict_json_place place, int code,
                   const char *what)
{
    char line[AP_ERROR_TEXT_MAX];

    (void)snprintf(line, sizeof(line), "%s:%u:%u: %s", file->path, place.line, place.column, what);
    one_line(line);
    ap_error_write(file->error, "%s", line);
    return code;
}

struct strict_json_place strict_json_place(const struct strict_json_node *node,
                                           enum strict_json_at at)
{
    /* Way from the node up to the root, and back down in the text. */
    size_t way[STRICT_JSON_DEPTH_MAX];
    size_t depth = 0;

    for (const struct strict_json_node *up = node; up->parent; up = up->parent) {
        if (depth < STRICT_JSON_DEPTH_MAX)
            way[depth++] = up->nth;
    }
    for (size_t i = 0; i < depth / 2; i++) {
        size_t kept = way[i];
        way[i] = way[depth - 1 - i];
        way[depth - 1 - i] = kept;
    }
    return strict_json_find(node->file->text, node->file->len, way, depth,
                            at == STRICT_JSON_AT_NAME);
}

int strict_json_fail(const struct strict_json_node *node, enum strict_json_at at, int code,
                     const char *fmt, ...)
{
    char what[AP_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return fail_at(node->file, strict_json_place(node, at), code, what);
}

struct strict_json_place strict_json_member_place(const struct strict_json_node *node,
                                                  const char *name)
{
    struct strict_json_node member = {.file = node->file, .parent = node};

    json_object_foreach(node->value, member.name, member.value)
    {
        if (strcmp(member.name, name) == 0)
            return strict_json_place(&member, STRICT_JSON_AT_VALUE);
        member.nth++;
    }
    return strict_json_place(node, STRICT_JSON_AT_VALUE);
}

int strict_json_fail_member(const struct strict_json_node *node, const char *name, int code,
                            const char *fmt, ...)
{
    char what[AP_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return fail_at(node->file, strict_json_member_place(node, name), code, what);
}

int strict_json_no_memory(const struct strict_json_node *node)
{
    return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
}

static int parse_failed(const struct strict_json *file, const json_error_t *failure)
{
    struct strict_json_place place = {
        .line = failure->line > 0 ? (unsigned)failure->line : 1,
        .column = failure->column > 0 ? (unsigned)failure->column : 1,
    };

    switch (json_error_code(failure)) {
    case json_error_out_of_memory:
        return fail_at(file, place, AP_ENOMEM, ap_strerror(AP_ENOMEM));
    case json_error_duplicate_key:
        /* jansson stops behind the name. */
        place = strict_json_string_before(file->text, file->len, (size_t)failure->position);
        return fail_at(file, place, AP_EINVAL, "this member is there already; remove one of them");
    default:
        return fail_at(file, place, AP_ESYNTAX, failure->text);
    }
}

int strict_json_open(struct strict_json *file, struct strict_json_node *ret_root)
{
    json_error_t failure;

    file->root = json_loadb(file->text, file->len, JSON_REJECT_DUPLICATES, &failure);
    if (!file->root)
        return parse_failed(file, &failure);
    struct strict_json_node root = {.file = file, .value = file->root};
    if (!json_is_object(file->root))
        return strict_json_fail(&root, STRICT_JSON_AT_VALUE, AP_EINVAL, "must be an object: { … }");
    *ret_root = root;
    return 0;
}

void strict_json_done(struct strict_json *file)
{
    json_decref(file->root);
    file->root = NULL;
}

/* How a message names the node. */
static const char *label_of(const struct strict_json_node *node, char label[static LABEL_MAX])
{
    if (node->name)
        (void)snprintf(label, LABEL_MAX, "'%.*s'", NAME_SHOWN_MAX, node->name);
    else if (node->parent && node->parent->name)
        (void)snprintf(label, LABEL_MAX, "item %zu of '%.*s'", node->nth + 1, NAME_SHOWN_MAX,
                       node->parent->name);
    else
        (void)snprintf(label, LABEL_MAX, "this");
    return label;
}

static int fail_value(const struct strict_json_node *node, int code, const char *must_be)
{
    char label[LABEL_MAX];

    return strict_json_fail(node, STRICT_JSON_AT_VALUE, code, "%s must be %s",
                            label_of(node, label), must_be);
}

int strict_json_text(const struct strict_json_node *node, const struct strict_json_text *rule,
                     const char **ret_text)
{
    if (!json_is_string(node->value))
        return fail_value(node, AP_EINVAL, "a text in quotes");
    const char *text = json_string_value(node->value);
    size_t len = json_string_length(node->value);
    if (len < rule->min || len > rule->max || (rule->is_right && !rule->is_right(text, len))) {
        char must_be[AP_ERROR_TEXT_MAX / 2];
        (void)snprintf(must_be, sizeof(must_be), "%s, %zu to %zu bytes", rule->phrase, rule->min,
                       rule->max);
        return fail_value(node, AP_EINVAL, must_be);
    }
    const char *copy = arena_strndup(node->file->arena, text, len);
    if (!copy)
        return strict_json_no_memory(node);
    *ret_text = copy;
    return 0;
}

static int read_number(const struct strict_json_node *node, uint32_t min, uint32_t max,
                       uint32_t *ret_number)
{
    json_int_t number = json_integer_value(node->value);

    if (!json_is_integer(node->value) || number < min || number > max) {
        char must_be[64];
        (void)snprintf(must_be, sizeof(must_be), "a number from %" PRIu32 " to %" PRIu32, min, max);
        return fail_value(node, AP_EINVAL, must_be);
    }
    *ret_number = (uint32_t)number;
    return 0;
}

static int read_word(const struct strict_json_node *node, const char *const *words,
                     unsigned *ret_word)
{
    char must_be[256] = "one of";
    const char *text = json_string_value(node->value);
    size_t used = strlen(must_be);

    for (unsigned i = 0; words[i]; i++) {
        if (text && strcmp(text, words[i]) == 0) {
            *ret_word = i;
            return 0;
        }
        int more = snprintf(must_be + used, sizeof(must_be) - used, " \"%s\"", words[i]);
        used += more > 0 && (size_t)more < sizeof(must_be) - used ? (size_t)more : 0;
    }
    return fail_value(node, AP_EINVAL, must_be);
}

static int read_field(const struct strict_json_node *node, const struct strict_json_field *field,
                      void *target)
{
    void *place = (char *)target + field->offset;

    switch (field->kind) {
    case STRICT_JSON_TEXT:
        return strict_json_text(node, field->text, place);
    case STRICT_JSON_NUMBER:
        return read_number(node, field->min, field->max, place);
    case STRICT_JSON_WORD:
        return read_word(node, field->words, place);
    case STRICT_JSON_FLAG:
        if (!json_is_boolean(node->value))
            return fail_value(node, AP_EINVAL, "true or false");
        *(bool *)place = json_is_true(node->value);
        return 0;
    case STRICT_JSON_NODE:
        *(struct strict_json_node *)place = *node;
        return 0;
    }
    return AP_EINVAL;
}

int strict_json_read(const struct strict_json_node *node, const struct strict_json_field *fields,
                     size_t count, void *target)
{
    struct strict_json_node member = {.file = node->file, .parent = node};
    uint32_t seen = 0;

    if (!json_is_object(node->value))
        return fail_value(node, AP_EINVAL, "an object: { … }");
    /* jansson keeps the order of the text. */
    json_object_foreach(node->value, member.name, member.value)
    {
        size_t at = 0;
        while (at < count && strcmp(fields[at].name, member.name) != 0)
            at++;
        if (at == count)
            return strict_json_fail(&member, STRICT_JSON_AT_NAME, AP_EINVAL,
                                    "unknown member '%.*s'; remove it or correct its name",
                                    NAME_SHOWN_MAX, member.name);
        int err = read_field(&member, &fields[at], target);
        if (err)
            return err;
        seen |= UINT32_C(1) << at;
        member.nth++;
    }
    for (size_t at = 0; at < count; at++) {
        if (!fields[at].is_optional && !(seen & (UINT32_C(1) << at)))
            return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                    "member '%s' is missing; add it", fields[at].name);
    }
    return 0;
}

int strict_json_each(const struct strict_json_node *node, json_type type, size_t max,
                     int (*visit)(void *data, const struct strict_json_node *child), void *data)
{
    struct strict_json_node child = {.file = node->file, .parent = node};
    bool is_array = type == JSON_ARRAY;
    int err = 0;

    if (json_typeof(node->value) != type)
        return fail_value(node, AP_EINVAL, is_array ? "a list: [ … ]" : "an object: { … }");
    size_t count = is_array ? json_array_size(node->value) : json_object_size(node->value);
    if (count > max) {
        char must_be[64];
        (void)snprintf(must_be, sizeof(must_be), "of at most %zu entries", max);
        return fail_value(node, AP_ERANGE, must_be);
    }
    void *member = is_array ? NULL : json_object_iter(node->value);
    for (; !err && child.nth < count; child.nth++) {
        if (is_array) {
            child.value = json_array_get(node->value, child.nth);
        } else {
            child.name = json_object_iter_key(member);
            child.value = json_object_iter_value(member);
            member = json_object_iter_next(node->value, member);
        }
        err = visit(data, &child);
    }
    return err;
}
