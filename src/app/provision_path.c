/* Paths of phones. Knows neither file names nor phones. */
#include "autoprov/provision_path.h"

#include <string.h>

#include "autoprov/secret.h"

/* A MAC with separators has the form of a token of 17 characters: "cc-5e-…/phonebook.xml" is thus
 * none of a flat file. */
#define FOLDER_MIN_BYTES TOKEN_MIN_LEN

enum policy_reason provision_path_parse(const char *prefix, const char *path, size_t len,
                                        struct provision_path *ret_path)
{
    size_t prefix_len = strlen(prefix);
    struct provision_path parsed = {.flat = true};

    if (len <= prefix_len || memcmp(path, prefix, prefix_len) != 0 || path[prefix_len] != '/')
        return POLICY_UNKNOWN_PATH;
    parsed.file = path + prefix_len + 1;
    parsed.file_len = len - prefix_len - 1;
    const char *slash = memchr(parsed.file, '/', parsed.file_len);
    if (slash && (size_t)(slash - parsed.file) >= FOLDER_MIN_BYTES) {
        parsed.flat = false;
        if (token_parse(parsed.file, (size_t)(slash - parsed.file), &parsed.token) != 0)
            return POLICY_BAD_TOKEN;
        parsed.file_len -= (size_t)(slash + 1 - parsed.file);
        parsed.file = slash + 1;
    }
    *ret_path = parsed;
    secret_wipe(&parsed.token, sizeof(parsed.token));
    return POLICY_SERVE;
}
