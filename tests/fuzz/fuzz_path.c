/* Request paths of phones: what is accepted must render back to what came in. */
#include "autoprov/provision_path.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"

#define PREFIX "/provision"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "broken: %s\n", #condition);                                           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file's name in its canonical form: lower case, no separators between the MAC's pairs. */
static size_t canonical_file(const char *file, size_t len, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        /* The last dot is the extension's. */
        bool separator = strchr(":-.", file[i]) != NULL && i + 4 != len;
        if (!separator)
            out[used++] = text_lower(file[i]);
    }
    out[used] = '\0';
    return used;
}

static void check_accepted(const char *path, size_t len, const struct provision_path *parsed)
{
    char mac[AP_MAC_TEXT_MAX];
    char expected[64];
    char file[64];
    size_t file_at = strlen(PREFIX) + 1;
    uint8_t again[AP_MAC_LEN];

    CHECK(memchr(path, '\0', len) == NULL);
    CHECK(strncmp(path, PREFIX "/", file_at) == 0);
    CHECK(strcmp(parsed->role, "config") == 0);
    if (parsed->flat) {
        CHECK(parsed->token.len == 0 && parsed->token.text[0] == '\0');
    } else {
        CHECK(parsed->token.len >= TOKEN_MIN_LEN && parsed->token.len <= TOKEN_MAX_LEN);
        CHECK(strlen(parsed->token.text) == parsed->token.len);
        CHECK(len > file_at + parsed->token.len + 1);
        CHECK(memcmp(path + file_at, parsed->token.text, parsed->token.len) == 0);
        CHECK(path[file_at + parsed->token.len] == '/');
        file_at += parsed->token.len + 1;
    }
    mac_format(parsed->mac, MAC_FORM_LOWER, mac);
    CHECK(mac_parse(mac, strlen(mac), again) == 0 && memcmp(again, parsed->mac, AP_MAC_LEN) == 0);
    CHECK(len - file_at < sizeof(file));
    size_t file_len = canonical_file(path + file_at, len - file_at, file);
    (void)snprintf(expected, sizeof(expected), "%s%s.xml",
                   strncmp(file, "cfg", 3) == 0 ? "cfg" : "", mac);
    CHECK(file_len == strlen(expected) && strcmp(file, expected) == 0);
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
        CHECK(reason == POLICY_UNKNOWN_PATH || reason == POLICY_BAD_TOKEN ||
              reason == POLICY_UNKNOWN_FILE);
        CHECK(memcmp(&parsed, &untouched, sizeof(parsed)) == 0);
    }
    free(path);
    return 0;
}
