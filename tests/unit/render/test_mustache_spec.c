/* The Mustache specification's own tests, read from the folder in AP_MUSTACHE_SPEC. */
#include "autoprov/template.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "autoprov/arena.h"
#include "autoprov/limits.h"

static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};

#define EXIT_SKIPPED 77

/* Of the mandatory files and of inheritance.json; fewer would mean that some were not read. */
#define MANDATORY_COUNT   136
#define INHERITANCE_COUNT 27
#define PARTIALS_MAX      8

struct counts {
    unsigned passed, failed;
};

/* A test's templates: that which is rendered is the first one. */
struct templates {
    const char *names[PARTIALS_MAX + 1];
    struct template *items[PARTIALS_MAX + 1];
    size_t count;
};

/* The value model has text only: numbers as the specification prints them. */
static struct value number_value(const json_t *json, struct arena *arena)
{
    char text[64];

    if (json_is_integer(json))
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(json));
    else
        snprintf(text, sizeof(text), "%g", json_real_value(json));
    return value_text(arena_strdup(arena, text));
}

static struct value json_value(const json_t *json, struct arena *arena)
{
    const char *name;
    json_t *item;
    size_t count = 0;

    if (json_is_number(json))
        return number_value(json, arena);
    if (json_is_string(json))
        return value_text_n(json_string_value(json), json_string_length(json));
    if (json_is_array(json)) {
        struct value *items = arena_alloc_array(arena, json_array_size(json) + 1, sizeof(*items));
        if (!items)
            abort();
        for (size_t i = 0; i < json_array_size(json); i++)
            items[i] = json_value(json_array_get(json, i), arena);
        return value_list(items, json_array_size(json));
    }
    if (json_is_object(json)) {
        struct value_member *members =
            arena_alloc_array(arena, json_object_size(json) + 1, sizeof(*members));
        if (!members)
            abort();
        json_object_foreach((json_t *)json, name, item) members[count++] =
            value_member(name, json_value(item, arena));
        return value_object(members, count);
    }
    return value_bool(json_is_true(json));
}

static bool run_rendering(const char *name, const struct template *template, const json_t *test)
{
    const char *expected = json_string_value(json_object_get(test, "expected"));
    struct arena arena;
    struct buf out;
    bool passed;

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&out, AP_BODY_MAX_BYTES);
    struct value root = json_value(json_object_get(test, "data"), &arena);
    passed = template_render(template, &XML, &root, &out) == 0 &&
             strcmp(out.data ? out.data : "", expected) == 0;
    if (!passed)
        fprintf(stderr, "FAILED %s\n  expected: %s\n  rendered: %s\n", name, expected,
                out.data ? out.data : "");
    buf_done(&out);
    arena_done(&arena);
    return passed;
}

static const struct template *find_partial(void *data, const char *name, size_t len)
{
    const struct templates *templates = data;

    for (size_t i = 1; i < templates->count; i++) {
        if (strlen(templates->names[i]) == len && memcmp(templates->names[i], name, len) == 0)
            return templates->items[i];
    }
    return NULL;
}

static bool add(struct templates *templates, const char *name, const char *text)
{
    struct ap_error error = {{0}};

    if (templates->count > PARTIALS_MAX)
        abort();
    templates->names[templates->count] = name;
    if (template_compile(name, text, strlen(text), &templates->items[templates->count], &error)) {
        fprintf(stderr, "FAILED %s\n  %s\n", name, error.text);
        return false;
    }
    templates->count++;
    return true;
}

static bool make_templates(const char *name, const json_t *test, struct templates *templates)
{
    bool made = add(templates, name, json_string_value(json_object_get(test, "template")));
    const char *partial;
    json_t *text;

    json_object_foreach(json_object_get(test, "partials"), partial, text)
    {
        made = made && add(templates, partial, json_string_value(text));
    }
    for (size_t i = 0; made && i < templates->count; i++)
        made = template_link(templates->items[i], find_partial, templates, true, NULL) == 0;
    return made;
}

static void run_test(const char *file, const json_t *test, struct counts *counts)
{
    struct templates templates = {.count = 0};
    char name[256];

    snprintf(name, sizeof(name), "%s: %s", file, json_string_value(json_object_get(test, "name")));
    if (make_templates(name, test, &templates) && run_rendering(name, templates.items[0], test))
        counts->passed++;
    else
        counts->failed++;
    for (size_t i = 0; i < templates.count; i++)
        template_free(templates.items[i]);
}

/* Returns false when the file cannot be read. */
static bool run_file(const char *folder, const char *file, struct counts *counts)
{
    char path[4096];
    json_error_t error;
    json_t *root, *test;
    size_t i;

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        return false;
    }
    json_array_foreach(json_object_get(root, "tests"), i, test) run_test(file, test, counts);
    json_decref(root);
    return true;
}

/* Returns false when a file cannot be read or a test failed. */
static bool run_files(const char *folder, const char *const *files, unsigned expected)
{
    struct counts counts = {0};

    for (; *files; files++) {
        if (!run_file(folder, *files, &counts))
            return false;
    }
    printf("%u passed, %u failed, of %u\n", counts.passed, counts.failed, expected);
    return counts.failed == 0 && counts.passed >= expected;
}

int main(void)
{
    static const char *const MANDATORY[] = {"comments.json",
                                            "delimiters.json",
                                            "interpolation.json",
                                            "inverted.json",
                                            "partials.json",
                                            "sections.json",
                                            NULL};
    static const char *const INHERITANCE[] = {"inheritance.json", NULL};
    const char *folder = getenv("AP_MUSTACHE_SPEC");

    if (!folder || !folder[0]) {
        printf("SKIPPED: AP_MUSTACHE_SPEC does not name the folder of the specification's tests\n");
        return EXIT_SKIPPED;
    }
    bool mandatory = run_files(folder, MANDATORY, MANDATORY_COUNT);
    bool inheritance = run_files(folder, INHERITANCE, INHERITANCE_COUNT);
    return mandatory && inheritance ? EXIT_SUCCESS : EXIT_FAILURE;
}
