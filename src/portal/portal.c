/* Files of the web portal by their paths. Must not know HTTP beyond their types. */
#include "autoprov/portal.h"

#include <string.h>

#include "portal_table.h"

static const struct {
    const char *ending;
    const char *type;
} TYPES[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"}, /* RFC 9239 */
    {".svg", "image/svg+xml"},
};

static const char *type_of(const char *path)
{
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending && i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (strcmp(ending, TYPES[i].ending) == 0)
            return TYPES[i].type;
    }
    return "application/octet-stream";
}

bool portal_at(size_t i, struct portal_file *ret_file)
{
    if (i >= PORTAL_ROW_COUNT)
        return false;
    const struct portal_row *row = &PORTAL_ROWS[i];
    *ret_file =
        (struct portal_file){row->path, row->bytes, row->len, type_of(row->path), row->etag};
    return true;
}

bool portal_find(const char *path, struct portal_file *ret_file)
{
    struct portal_file file;

    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; portal_at(i, &file); i++) {
        if (strcmp(file.path, path) == 0) {
            *ret_file = file;
            return true;
        }
    }
    return false;
}
