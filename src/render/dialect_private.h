/* Private to src/render/: a dialect made ready for many values. */
#ifndef AUTOPROV_DIALECT_PRIVATE_H
#define AUTOPROV_DIALECT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "autoprov/buf.h"
#include "autoprov/dialect.h"

struct dialect_writer {
    const struct dialect *dialect; /* borrowed */
    uint8_t is_special[256];       /* 1: bytes that are not written as they are, or perhaps not */
    bool trims;                    /* a value of harmless bytes can be refused, too */
    size_t min_bytes, max_bytes;   /* the same */
};

void dialect_writer_init(struct dialect_writer *writer, const struct dialect *dialect);

/* dialect_append(). */
AP_MUSTCHECK int dialect_writer_append(const struct dialect_writer *writer, const char *text,
                                       size_t len, struct buf *out);

/* Is this value written as it is? It is copied to room, of len bytes, while that is found out: most
 * are a few bytes of ASCII, so one pass over them is all that they cost. */
static inline bool dialect_writer_copy(const struct dialect_writer *writer, const char *text,
                                       size_t len, char *room)
{
    const uint8_t *table = writer->is_special;
    const unsigned char *from = (const unsigned char *)text;
    unsigned is_special = len < writer->min_bytes || len > writer->max_bytes;
    size_t at = 0;

    if (writer->trims && len > 0)
        is_special |= text[0] == ' ' || text[len - 1] == ' ';
    for (; len - at >= 4; at += 4) {
        memcpy(room + at, text + at, 4);
        is_special |=
            table[from[at]] | table[from[at + 1]] | table[from[at + 2]] | table[from[at + 3]];
    }
    for (; at < len; at++) {
        room[at] = text[at];
        is_special |= table[from[at]];
    }
    return !is_special;
}

#endif
