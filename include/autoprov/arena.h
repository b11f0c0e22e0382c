/* Memory of one request: taken piece by piece, wiped and given back at once. */
#ifndef AUTOPROV_ARENA_H
#define AUTOPROV_ARENA_H

#include <stddef.h>

#include "autoprov/err.h"

struct arena_block;

/* Embedded; all zero is an arena that gives nothing until arena_init(). */
struct arena {
    struct arena_block *newest;
    size_t taken_bytes;
    size_t max_bytes;
};

/* Allocates nothing yet. max_bytes: ceiling of all pieces together. */
void arena_init(struct arena *arena, size_t max_bytes);

/* Wipe and free all pieces but one block, kept for the next request. */
void arena_reset(struct arena *arena);

/* Wipe and free everything. May run twice. */
void arena_done(struct arena *arena);

/* A zeroed piece, aligned for any type, borrowed until reset or done.
 * NULL: no memory, or above the ceiling. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, not zeroed: for what is filled at once. */
void *arena_take(struct arena *arena, size_t size);

/* A zeroed piece for count items of size bytes; NULL also when the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of len bytes; NULL as above. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);

#endif
