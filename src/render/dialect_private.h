/* Private to src/render/: a dialect made ready for many values. */
#ifndef AUTOPROV_DIALECT_PRIVATE_H
#define AUTOPROV_DIALECT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/buf.h"
#include "autoprov/dialect.h"

struct dialect_writer {
    const struct dialect *dialect; /* borrowed */
    bool is_special[256];          /* bytes that are not written as they are, or perhaps not */
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
    bool is_special = len < writer->min_bytes || len > writer->max_bytes;

    if (writer->trims && len > 0)
        is_special |= text[0] == ' ' || text[len - 1] == ' ';
    for (size_t i = 0; i < len; i++) {
        room[i] = text[i];
        is_special |= writer->is_special[(unsigned char)text[i]];
    }
    return !is_special;
}

#endif
