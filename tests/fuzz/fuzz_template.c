/* Templates and their data from the input: bytes up to the first NUL are a template, and behind a
 * record separator (0x1E) a second one that it may call; the rest builds the values. Both are
 * linked to each other and to themselves, and rendered in every way of escaping. */
#include "autoprov/template.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/arena.h"
#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "fuzz.h"

#define OUTPUT_MAX_BYTES 65536
#define ARENA_MAX_BYTES  (1 << 20)
#define DEPTH_MAX        5

struct input {
    const uint8_t *at, *end;
    struct arena arena;
    bool is_plain;    /* texts of the same truth, but harmless */
    bool has_objects; /* and no records: the same names with the same values */
};

/* One shape for all records: the names of objects, and one of all numbers. */
#define NAME_COUNT 8
static const char *const NAMES[NAME_COUNT + 1] = {"a",    "b",   "c",      "lines", "user",
                                                  "name", "mac", "is_tls", "is_N"};
static const struct value_shape SHAPE = {.names = NAMES, .count = NAME_COUNT + 1, .number = 7};

static uint8_t take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static struct value build_value(struct input *input, unsigned depth);

static struct value build_record(struct input *input, unsigned number, unsigned depth)
{
    struct value *values = arena_alloc_array(&input->arena, SHAPE.count, sizeof(*values));
    struct value_member *members = arena_alloc_array(&input->arena, SHAPE.count, sizeof(*members));
    struct value_record *record = arena_alloc(&input->arena, sizeof(*record));
    char *name = arena_alloc(&input->arena, sizeof("is_99"));

    if (!values || !members || !record || !name)
        return value_null();
    (void)snprintf(name, sizeof("is_99"), "is_%u", number % 100); /* fits */
    for (size_t i = 0; i < NAME_COUNT; i++) {
        values[i] = build_value(input, depth + 1);
        members[i] = value_member(NAMES[i], values[i]);
    }
    values[NAME_COUNT] = value_suffix(value_number(name + strlen("is_")));
    members[NAME_COUNT] = value_member(name, value_bool(1));
    if (input->has_objects)
        return value_object(members, SHAPE.count);
    *record = (struct value_record){.shape = &SHAPE, .values = values};
    return value_of_record(record);
}

static struct value build_value(struct input *input, unsigned depth)
{
    uint8_t choice = take(input);
    size_t count = choice >> 3;

    switch (depth > DEPTH_MAX ? choice % 3 : choice % 6) {
    case 1:
        return value_bool(1);
    case 2:
        if (count > (size_t)(input->end - input->at))
            count = (size_t)(input->end - input->at);
        input->at += count;
        if (input->is_plain)
            return value_text(count > 0 ? "x" : "");
        return value_text_n((const char *)input->at - count, count);
    case 3: {
        struct value *items = arena_alloc_array(&input->arena, count + 1, sizeof(*items));
        if (!items)
            return value_null();
        for (size_t i = 0; i < count; i++)
            items[i] = build_value(input, depth + 1);
        return value_list(items, count);
    }
    case 4: {
        struct value_member *members =
            arena_alloc_array(&input->arena, count + 1, sizeof(*members));
        if (!members)
            return value_null();
        for (size_t i = 0; i < count; i++)
            members[i] =
                value_member(NAMES[take(input) % NAME_COUNT], build_value(input, depth + 1));
        return value_object(members, count);
    }
    case 5:
        return build_record(input, choice >> 3, depth);
    default:
        return value_null();
    }
}

static int check_name(void *data, const struct template_name *name)
{
    (void)data;
    if (name->name_len == 0 || name->line == 0 || name->column == 0 ||
        name->scope_count > AP_TEMPLATE_MAX_DEPTH)
        abort();
    return 0;
}

static const char *const RESERVED[] = {"%NULL%", "", "a"};
static const struct dialect DIALECTS[] = {
    {.escape = DIALECT_ESCAPE_XML},
    {.escape = DIALECT_ESCAPE_JSON, .crlf = true},
    {.escape = DIALECT_ESCAPE_URL},
    {.escape = DIALECT_ESCAPE_TEXT, .charset = DIALECT_LATIN1},
    {.escape = DIALECT_ESCAPE_TEXT,
     .forbid = "\"|",
     .comment = '#',
     .reserved = RESERVED,
     .reserved_count = 3,
     .trims = true,
     .max_value_bytes = 20,
     .crlf = true},
    {.escape = DIALECT_ESCAPE_NONE},
};
#define DIALECT_COUNT AP_COUNT(DIALECTS)

static size_t count_of(const struct buf *buf, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < buf->len; i++)
        count += buf->data[i] == c;
    return count;
}

/* Without raw tags a value changes neither lines nor markup: plain is the same file with harmless
 * values. */
static void check_escaping(enum dialect_escape escape, const struct buf *out,
                           const struct buf *plain)
{
    static const char *const KEPT[] = {[DIALECT_ESCAPE_XML] = "<>\"'",
                                       [DIALECT_ESCAPE_TEXT] = "\n\r",
                                       [DIALECT_ESCAPE_JSON] = "\n\r\t",
                                       [DIALECT_ESCAPE_URL] = "\n\r &?#",
                                       [DIALECT_ESCAPE_NONE] = ""};

    for (const char *c = KEPT[escape]; *c; c++) {
        if (count_of(out, *c) != count_of(plain, *c))
            abort();
    }
}

static void check_conversion(const struct dialect *dialect, struct buf *out)
{
    if (dialect_convert(dialect, out) != 0 || !dialect->crlf)
        return;
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] == '\n' && (i == 0 || out->data[i - 1] != '\r'))
            abort();
    }
}

/* Returns what rendering returned. */
static int check_rendering(const struct template *template, const struct dialect *dialect,
                           const struct value *root, const struct value *plain_root)
{
    struct buf out, plain;

    buf_init(&out, OUTPUT_MAX_BYTES);
    buf_init(&plain, OUTPUT_MAX_BYTES);
    int err = template_render(template, dialect, root, &out);
    if (err != 0 && err != AP_ERANGE && err != AP_EINVAL)
        abort();
    if (err == AP_EINVAL && dialect->escape != DIALECT_ESCAPE_TEXT)
        abort();
    if (out.len > OUTPUT_MAX_BYTES || (out.data && out.data[out.len] != '\0'))
        abort();
    if (!err && plain_root && template_render(template, dialect, plain_root, &plain) == 0)
        check_escaping(dialect->escape, &out, &plain);
    if (!err)
        check_conversion(dialect, &out);
    buf_done(&out);
    buf_done(&plain);
    return err;
}

/* Rendered again, and with objects in the place of records, it is the same. */
static void check_twice(const struct template *template, const struct value *root,
                        const struct value *same)
{
    struct buf first, second;

    buf_init(&first, OUTPUT_MAX_BYTES);
    buf_init(&second, OUTPUT_MAX_BYTES);
    int err = template_render(template, &DIALECTS[0], root, &first);
    if (template_render(template, &DIALECTS[0], same, &second) != err)
        abort();
    if (first.len != second.len ||
        (first.len > 0 && memcmp(first.data, second.data, first.len) != 0))
        abort();
    buf_done(&first);
    buf_done(&second);
}

/* Also where it only looks so: those texts are then not asked. */
static bool may_write_raw(const char *text, size_t len)
{
    const char *end = text + len;

    if (memchr(text, '&', len) || memchr(text, '=', len))
        return true; /* raw by sign; other delimiters */
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), "{{", 2)) != NULL; at++) {
        const char *sign = at + 2;
        while (sign < end && strchr(" \t\r\n", *sign))
            sign++;
        if (sign < end && *sign == '{')
            return true;
    }
    return false;
}

struct pair {
    struct template *first, *second;
};

static const struct template *find(void *data, const char *name, size_t len)
{
    const struct pair *pair = data;

    return len > 0 && (name[0] & 1) ? pair->second : pair->first;
}

static void ignore_line(void *data, const char *line)
{
    unsigned *count = data;

    if (strncmp(line, "fuzz:", 5) != 0)
        abort();
    ++*count;
}

static struct template *compile(const char *text, size_t len)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};
    unsigned count = 0;
    int err = template_compile("fuzz", text, len, &template, &error);

    if ((err != 0) != (template == NULL) || (err != 0) != (error.text[0] != '\0'))
        abort();
    if (template_check_text("fuzz", text, len, ignore_line, &count) != err ||
        (count > 0) != (err != 0) || count > 101)
        abort();
    return template;
}

static void check_pair(const struct pair *pair, struct input *input, bool may_be_raw)
{
    struct input again = *input, objects = *input;

    again.is_plain = true;
    objects.has_objects = true;
    struct value root = build_value(input, 0);
    arena_init(&again.arena, ARENA_MAX_BYTES);
    struct value plain = build_value(&again, 0);
    arena_init(&objects.arena, ARENA_MAX_BYTES);
    struct value same = build_value(&objects, 0);
    int walked = template_each_name(pair->first, check_name, NULL);
    if (walked != 0 && walked != AP_ERANGE)
        abort();
    check_twice(pair->first, &root, &root);
    check_twice(pair->first, &root, &same);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        /* Long ways to a ceiling are gone once. */
        if (check_rendering(pair->first, &DIALECTS[i], &root, may_be_raw ? NULL : &plain) ==
            AP_ERANGE)
            break;
    }
    arena_done(&again.arena);
    arena_done(&objects.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char CALLED[] = "{{#lines}}{{$a}}\n  {{b}} {{name}}\n{{/a}}{{/lines}}\n"
                                 "  {{$b}}{{/b}}\n{{<b}}{{$c}}{{a}}{{/c}}{{/b}}";
    const char *text = (const char *)data;
    const char *stop = size > 0 ? memchr(text, 0, size) : NULL;
    size_t len = stop ? (size_t)(stop - text) : size;
    const char *cut = len > 0 ? memchr(text, 0x1E, len) : NULL;
    const char *called = cut ? cut + 1 : CALLED;
    size_t called_len = cut ? (size_t)(text + len - called) : sizeof(CALLED) - 1;
    struct input input = {.at = data + len + (stop ? 1 : 0), .end = data + size};
    struct pair pair = {.first = compile(text, cut ? (size_t)(cut - text) : len),
                        .second = compile(called, called_len)};

    arena_init(&input.arena, ARENA_MAX_BYTES);
    if (pair.first && pair.second) {
        if (template_link(pair.first, find, &pair, false, NULL) != 0 ||
            template_link(pair.second, find, &pair, false, NULL) != 0)
            abort();
        check_pair(&pair, &input, may_write_raw(text, len) || may_write_raw(called, called_len));
    }
    template_free(pair.first);
    template_free(pair.second);
    arena_done(&input.arena);
    return 0;
}
