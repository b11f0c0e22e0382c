/* Templates and their data from the input: bytes up to the first NUL are the template, the rest
 * builds the values. */
#include "autoprov/template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/arena.h"

#define OUTPUT_MAX_BYTES 65536
#define DEPTH_MAX        5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at, *end;
    struct arena arena;
};

static uint8_t take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static struct value build_value(struct input *input, unsigned depth)
{
    static const char *const NAMES[] = {"a", "b", "c", "lines", "user", "name", "mac", "is_tls"};
    uint8_t choice = take(input);
    size_t count = choice >> 3;

    switch (depth > DEPTH_MAX ? choice % 3 : choice % 5) {
    case 1:
        return value_bool(1);
    case 2:
        if (count > (size_t)(input->end - input->at))
            count = (size_t)(input->end - input->at);
        input->at += count;
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
            members[i] = value_member(NAMES[take(input) % 8], build_value(input, depth + 1));
        return value_object(members, count);
    }
    default:
        return value_null();
    }
}

static int check_name(void *data, const struct template_name *name)
{
    (void)data;
    if (name->name_len == 0 || name->line == 0 || name->column == 0)
        abort();
    return 0;
}

static void check_rendering(const struct template *template, const struct value *root)
{
    struct buf first, second;

    buf_init(&first, OUTPUT_MAX_BYTES);
    buf_init(&second, OUTPUT_MAX_BYTES);
    int err = template_render(template, root, &first);
    if (template_render(template, root, &second) != err)
        abort();
    if (first.len > OUTPUT_MAX_BYTES || first.len != second.len ||
        (first.len > 0 && memcmp(first.data, second.data, first.len) != 0))
        abort();
    buf_done(&first);
    buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *stop = size > 0 ? memchr(data, 0, size) : NULL;
    size_t len = stop ? (size_t)(stop - data) : size;
    struct input input = {.at = data + len + (stop ? 1 : 0), .end = data + size};
    struct template *template = NULL;
    struct ap_error error = {{0}};

    arena_init(&input.arena, 1 << 20);
    if (template_compile("fuzz", (const char *)data, len, TEMPLATE_ESCAPE_XML, &template, &error) ==
        0) {
        struct value root = build_value(&input, 0);
        if (template_each_name(template, check_name, NULL) != 0)
            abort();
        check_rendering(template, &root);
    } else if (template || !error.text[0]) {
        abort();
    }
    template_free(template);
    arena_done(&input.arena);
    return 0;
}
