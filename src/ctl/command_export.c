/* export: what import reads, page by page, so that any number of phones fits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "ctl_private.h"

/* A cell that needs no quotes in any dialect of CSV. */
static bool stands_plain(const char *text)
{
    size_t len = strlen(text);

    return strpbrk(text, "\",;\t\r\n") == NULL && text[0] != ' ' &&
           (len == 0 || text[len - 1] != ' ');
}

static void print_cell(const char *text)
{
    if (stands_plain(text)) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_row(const json_t *columns, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        const char *text = row ? json_string_value(json_object_get(row, name)) : name;
        if (i > 0)
            putchar(',');
        print_cell(text ? text : "");
    }
    putchar('\n');
}

static void print_page(const json_t *page, bool first)
{
    const json_t *columns = json_object_get(page, "columns");
    const json_t *row;
    size_t i;

    if (first)
        print_row(columns, NULL);
    json_array_foreach(json_object_get(page, "items"), i, row)
    {
        print_row(columns, row);
    }
}

int ctl_export(const struct ctl_args *args)
{
    const char *base = ctl_arg(args, "secrets") ? "/export/secrets" : "/export";
    char socket[CTL_SOCKET_PATH_MAX];
    struct ctl_args page_args = *args;
    char *path = strdup(base);
    bool first = true;
    int code = ctl_find_socket(args, socket, sizeof(socket));

    page_args.socket_path = socket;
    if (code == CTL_OK && !path)
        code = ctl_fail(CTL_FAILED, "out of memory");
    while (code == CTL_OK && path) {
        json_t *page = NULL;
        code = ctl_call(&page_args, "GET", path, NULL, &page);
        free(path);
        path = NULL;
        if (code == CTL_OK)
            print_page(page, first);
        first = false;
        const char *next = json_string_value(json_object_get(page, "next"));
        if (code == CTL_OK && next) {
            path = ctl_path_query(strdup(base), "after", next);
            if (!path)
                code = ctl_fail(CTL_FAILED, "out of memory");
        }
        json_decref(page);
    }
    free(path);
    return code;
}
