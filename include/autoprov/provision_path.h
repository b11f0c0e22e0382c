/* From a request path to token, MAC and the file's role. Strict, once, at the edge. */
#ifndef AUTOPROV_PROVISION_PATH_H
#define AUTOPROV_PROVISION_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/mac.h"
#include "autoprov/policy.h"
#include "autoprov/token.h"

struct provision_path {
    bool flat;          /* PREFIX/FILE; else PREFIX/TOKEN/FILE */
    struct token token; /* unless flat */
    uint8_t mac[AP_MAC_LEN];
    const char *role; /* static: "config" */
};

/* path: canonical, as the request gate gives it (leading '/', no empty segments, no escapes).
 * prefix: begins with '/', no '/' at its end.
 * File names, in any case: the MAC in any form of mac_parse() and ".xml"; "cfg" before it too.
 * ret_path is written only for POLICY_SERVE. The other results are POLICY_UNKNOWN_PATH,
 * POLICY_BAD_TOKEN and POLICY_UNKNOWN_FILE. */
AP_MUSTCHECK enum policy_reason provision_path_parse(const char *prefix, const char *path,
                                                     size_t len, struct provision_path *ret_path);

#endif
