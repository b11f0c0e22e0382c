/* import --dry-run: what would be added and changed, a line each. */
#include <stdio.h>
#include <stdlib.h>

#include "autoprov/limits.h"
#include "ctl_private.h"

/* One page of the daemon: what a person reads. Behind it the counts have to do. */
#define SHOWN_MAX AP_LIST_PAGE_MAX

/* What was refused as input cannot come back, but a terminal is easily fooled. */
static void print_text(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_value(const char *text)
{
    if (text[0])
        print_text(text);
    else
        fputs("\"\"", stdout);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* "label Desk -> Hall"; a secret has no values. */
static void print_field(const json_t *field, bool first)
{
    fputs(first ? ": " : ", ", stdout);
    print_text(text_of(field, "name"));
    if (!json_is_string(json_object_get(field, "before")))
        return;
    putchar(' ');
    print_value(text_of(field, "before"));
    fputs(" -> ", stdout);
    print_value(text_of(field, "after"));
}

static void print_change(const json_t *change)
{
    const json_t *fields = json_object_get(change, "fields"), *field;
    const char *user = text_of(change, "user");
    size_t i;

    printf("line %lld: %s ", (long long)json_integer_value(json_object_get(change, "line")),
           text_of(change, "kind"));
    print_text(text_of(change, "name"));
    if (user[0]) {
        fputs(" of ", stdout);
        print_text(user);
    }
    printf(": %s", text_of(change, "change"));
    json_array_foreach(fields, i, field)
    {
        print_field(field, i == 0);
    }
    putchar('\n');
}

int ctl_import_changes(const struct ctl_args *args, const char *path, json_t *report)
{
    json_int_t count = json_integer_value(json_object_get(report, "changes"));
    const json_t *change;
    json_t *page = NULL, *items;
    char *full = NULL;
    size_t i;

    if (asprintf(&full, "%s/changes?limit=%d", path, SHOWN_MAX) < 0)
        return ctl_fail(CTL_FAILED, "out of memory");
    int code = ctl_call(args, "GET", full, NULL, &page);
    free(full);
    if (code != CTL_OK)
        return code;
    items = json_object_get(page, "items");
    if (args->json && json_object_set(report, "items", items) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (!args->json) {
        json_array_foreach(items, i, change)
        {
            print_change(change);
        }
        if ((json_int_t)json_array_size(items) < count)
            printf("and %lld more\n", (long long)count - (long long)json_array_size(items));
    }
    json_decref(page);
    return code;
}
