/* Bytes that must not be seen: no function prints them, every exit wipes them. */
#ifndef AUTOPROV_SECRET_H
#define AUTOPROV_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

/* Embedded; all zero is an empty secret. bytes[len] is a NUL, for C libraries. */
struct secret {
    uint8_t *bytes;
    size_t len;
};

/* Copy len bytes; the old content is wiped. Errors: AP_ENOMEM (the old content stays). */
AP_MUSTCHECK int secret_set(struct secret *secret, const void *bytes, size_t len);

/* Wipe and free. May run twice. */
void secret_done(struct secret *secret);

/* Constant time for equal lengths; the length itself is no secret. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* free() that wipes the whole piece first: for libraries that take an allocator (jansson). */
void secret_free(void *memory);

/* Overwrite memory in a way that the compiler keeps. */
void secret_wipe(void *memory, size_t len);

#endif
