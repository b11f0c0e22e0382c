/* From a request path to token and file name. Strict, once, at the edge. */
#ifndef AUTOPROV_PROVISION_PATH_H
#define AUTOPROV_PROVISION_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"
#include "autoprov/policy.h"
#include "autoprov/token.h"

struct provision_path {
    bool flat;          /* PREFIX/FILE; else PREFIX/TOKEN/FILE */
    struct token token; /* unless flat */
    const char *file;   /* borrowed from path; may hold '/'; not NUL-terminated */
    size_t file_len;
};

/* path: canonical, as the request gate gives it (leading '/', no empty segments, no escapes).
 * prefix: begins with '/', no '/' at its end.
 * With more than one segment behind the prefix the first one is the token, unless it is shorter
 * than any: then all of it is a flat file name ("42/2/7C2F80E0D605.xml").
 * ret_path is written only for POLICY_SERVE. The other results are POLICY_UNKNOWN_PATH and
 * POLICY_BAD_TOKEN. */
AP_MUSTCHECK enum policy_reason provision_path_parse(const char *prefix, const char *path,
                                                     size_t len, struct provision_path *ret_path);

#endif
