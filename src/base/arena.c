/* Request memory in blocks; wiped when given back. */
#include "autoprov/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/secret.h"

/* A phone with six lines takes about 10 KiB; larger requests add blocks, each of twice the size, so
 * that their number hardly grows. */
#define ARENA_BLOCK_BYTES 12288
#define ARENA_LARGE_BYTES 98304

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

static void block_free(struct arena_block *block)
{
    secret_wipe(block->bytes, block->used);
    free(block);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->newest;

    while (block && (block->older || block->size > ARENA_BLOCK_BYTES)) {
        struct arena_block *older = block->older;
        block_free(block);
        block = older;
    }
    if (block) {
        secret_wipe(block->bytes, block->used);
        block->used = 0;
    }
    arena->newest = block;
    arena->taken_bytes = 0;
}

void arena_done(struct arena *arena)
{
    while (arena->newest) {
        struct arena_block *older = arena->newest->older;
        block_free(arena->newest);
        arena->newest = older;
    }
    arena->taken_bytes = 0;
}

static struct arena_block *block_new(const struct arena_block *older, size_t size)
{
    size_t room = older ? 2 * older->size : ARENA_BLOCK_BYTES;
    if (room > ARENA_LARGE_BYTES)
        room = ARENA_LARGE_BYTES;
    if (size > room)
        room = size;
    if (room > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = malloc(sizeof(*block) + room);
    if (block)
        *block = (struct arena_block){.size = room};
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (size == 0)
        size = 1;
    if (size > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (aligned > arena->max_bytes - arena->taken_bytes)
        return NULL;

    struct arena_block *block = arena->newest;
    if (!block || aligned > block->size - block->used) {
        block = block_new(arena->newest, aligned);
        if (!block)
            return NULL;
        block->older = arena->newest;
        arena->newest = block;
    }
    void *piece = block->bytes + block->used;
    block->used += aligned;
    arena->taken_bytes += aligned;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *piece = arena_take(arena, size);
    if (piece)
        memset(piece, 0, size);
    return piece;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = arena_take(arena, len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}
