/* Request paths of phones: what is accepted must render back to what came in. */
#include "autoprov/provision_path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define PREFIX "/provision"

static void check_accepted(const char *path, size_t len, const struct provision_path *parsed)
{
    size_t file_at = strlen(PREFIX) + 1;

    CHECK(strncmp(path, PREFIX "/", file_at) == 0);
    if (parsed->flat) {
        CHECK(parsed->token.len == 0 && parsed->token.text[0] == '\0');
    } else {
        CHECK(parsed->token.len >= TOKEN_MIN_LEN && parsed->token.len <= TOKEN_MAX_LEN);
        CHECK(strlen(parsed->token.text) == parsed->token.len);
        CHECK(memcmp(path + file_at, parsed->token.text, parsed->token.len) == 0);
        CHECK(path[file_at + parsed->token.len] == '/');
        file_at += parsed->token.len + 1;
    }
    CHECK(parsed->file == path + file_at && parsed->file_len == len - file_at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct provision_path parsed;
    struct provision_path untouched;
    char *path = calloc(1, size > 0 ? size : 1);

    CHECK(path);
    if (size > 0)
        memcpy(path, data, size);
    memset(&parsed, 0xa5, sizeof(parsed));
    memset(&untouched, 0xa5, sizeof(untouched));
    enum policy_reason reason = provision_path_parse(PREFIX, path, size, &parsed);
    if (reason == POLICY_SERVE) {
        check_accepted(path, size, &parsed);
    } else {
        CHECK(reason == POLICY_UNKNOWN_PATH || reason == POLICY_BAD_TOKEN);
        CHECK(memcmp(&parsed, &untouched, sizeof(parsed)) == 0);
    }
    free(path);
    return 0;
}
