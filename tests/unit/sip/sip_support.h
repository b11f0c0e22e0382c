/* What tests of the SIP floor share. */
#ifndef AUTOPROV_TESTS_SIP_SUPPORT_H
#define AUTOPROV_TESTS_SIP_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "autoprov/arena.h"
#include "autoprov/sip_message.h"

/* Read from an exact-size copy, so that address sanitizer sees one byte over. The message is the
 * arena's, which begins anew. */
static inline int read_bytes(struct arena *arena, const char *data, size_t len,
                             struct sip_message *ret_message)
{
    char *copy = malloc(len > 0 ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len);
    arena_done(arena);
    arena_init(arena, 65536);
    int err = sip_message_read(copy, len, arena, ret_message);
    free(copy);
    return err;
}

static inline int read_text(struct arena *arena, const char *text, struct sip_message *ret_message)
{
    return read_bytes(arena, text, strlen(text), ret_message);
}

#endif
