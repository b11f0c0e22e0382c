/* Paths of phones. Knows file names, not phones. */
#include "autoprov/provision_path.h"

#include <string.h>

#include "autoprov/secret.h"
#include "autoprov/text.h"

/* How a vendor's phone names its file: what stands before and behind the MAC. */
static const struct file_pattern {
    const char *before;
    const char *behind;
    const char *role;
} PATTERNS[] = {
    {"", ".xml", "config"},
    {"cfg", ".xml", "config"},
};

static bool match_file(const char *name, size_t len, struct provision_path *path)
{
    for (size_t i = 0; i < sizeof(PATTERNS) / sizeof(PATTERNS[0]); i++) {
        size_t before = strlen(PATTERNS[i].before);
        size_t behind = strlen(PATTERNS[i].behind);
        if (len <= before + behind ||
            !text_equal_nocase(name, before, PATTERNS[i].before, before) ||
            !text_equal_nocase(name + len - behind, behind, PATTERNS[i].behind, behind))
            continue;
        if (mac_parse(name + before, len - before - behind, path->mac) == 0) {
            path->role = PATTERNS[i].role;
            return true;
        }
    }
    return false;
}

enum policy_reason provision_path_parse(const char *prefix, const char *path, size_t len,
                                        struct provision_path *ret_path)
{
    size_t prefix_len = strlen(prefix);
    struct provision_path parsed = {.role = ""};

    if (len <= prefix_len || memcmp(path, prefix, prefix_len) != 0 || path[prefix_len] != '/')
        return POLICY_UNKNOWN_PATH;
    const char *folder = path + prefix_len + 1;
    size_t rest = len - prefix_len - 1;
    const char *slash = memchr(folder, '/', rest);
    const char *file = slash ? slash + 1 : folder;
    size_t file_len = (size_t)(folder + rest - file);
    if (memchr(file, '/', file_len))
        return POLICY_UNKNOWN_PATH;

    parsed.flat = slash == NULL;
    if (slash && token_parse(folder, (size_t)(slash - folder), &parsed.token) != 0)
        return POLICY_BAD_TOKEN;
    if (!match_file(file, file_len, &parsed)) {
        secret_wipe(&parsed.token, sizeof(parsed.token));
        return POLICY_UNKNOWN_FILE;
    }
    *ret_path = parsed;
    secret_wipe(&parsed.token, sizeof(parsed.token));
    return POLICY_SERVE;
}
