/* Private: what embed.cmake writes. */
#ifndef AUTOPROV_PORTAL_TABLE_H
#define AUTOPROV_PORTAL_TABLE_H

#include <stddef.h>

struct portal_row {
    const char *path; /* "/index.html" */
    const unsigned char *bytes;
    size_t len;
    const char *etag; /* with its quotes */
};

/* In the order of paths. */
extern const struct portal_row PORTAL_ROWS[];
extern const size_t PORTAL_ROW_COUNT;

#endif
