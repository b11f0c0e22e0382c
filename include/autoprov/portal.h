/* The pages of the web portal: files that were put into the program when it was built. */
#ifndef AUTOPROV_PORTAL_H
#define AUTOPROV_PORTAL_H

#include <stdbool.h>
#include <stddef.h>

struct portal_file {
    const char *path; /* "/app.js" */
    const void *bytes;
    size_t len;
    const char *type; /* for Content-Type */
    const char *etag; /* strong, with its quotes */
};

/* The file of exactly that path; "/" is "/index.html". Static memory. False: there is none.
 * Any thread. */
bool portal_find(const char *path, struct portal_file *ret_file);

/* The file number i, from 0, in no order that means something; false: behind the last one. */
bool portal_at(size_t i, struct portal_file *ret_file);

#endif
