/* Keyed digests of a body's lines. Must not know SQLite or any table. */
#include <string.h>

#include "autoprov/vault.h"

#include "siphash.h"
#include "vault_private.h"

int vault_line_digests(const struct vault *vault, const char *body, size_t len,
                       uint32_t ret_digests[static AP_BODY_LINES_MAX], size_t *ret_count)
{
    const char *at = body, *end = body + len;
    struct siphash_key key;
    size_t count = 0;
    int err = 0;

    siphash_key_init(&key, vault->sets[vault->newest].keys[VAULT_KEY_LINE]);
    while (at < end && !err) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (count == AP_BODY_LINES_MAX)
            err = AP_ERANGE;
        else
            ret_digests[count++] = (uint32_t)siphash(&key, at, (size_t)(stop - at));
        at = stop < end ? stop + 1 : end;
    }
    secret_wipe(&key, sizeof(key));
    if (!err)
        *ret_count = count;
    return err;
}
