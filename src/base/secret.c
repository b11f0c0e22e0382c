/* Bytes that are wiped. */
#include "autoprov/secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

int secret_set(struct secret *secret, const void *bytes, size_t len)
{
    if (len == SIZE_MAX)
        return AP_ENOMEM;
    uint8_t *copy = malloc(len + 1);
    if (!copy)
        return AP_ENOMEM;
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = 0;
    secret_done(secret);
    secret->bytes = copy;
    secret->len = len;
    return 0;
}

void secret_done(struct secret *secret)
{
    if (secret->bytes)
        secret_wipe(secret->bytes, secret->len);
    free(secret->bytes);
    *secret = (struct secret){0};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    if (a->len != b->len)
        return false;
    return a->len == 0 || CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}

void secret_free(void *memory)
{
    if (memory)
        secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

/* Not OPENSSL_cleanse(): that writes eight bytes at a time, and a fetch wipes some 20 KiB. */
void secret_wipe(void *memory, size_t len)
{
    if (len > 0)
        explicit_bzero(memory, len);
}
