/* The header of the PROXY protocol, version 2. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "fuzz.h"
#include "proxy_header.h"

/* A copy of exactly this size, so that address sanitizer sees one byte over. */
static enum proxy_verdict read_exactly(const uint8_t *data, size_t len, struct proxy_header *header)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (!copy)
        abort();
    if (len > 0)
        memcpy(copy, data, len);
    enum proxy_verdict verdict = proxy_header_read(copy, len, header);
    free(copy);
    return verdict;
}

static void check_source(const struct address *source)
{
    CHECK(source->family == AF_UNSPEC || source->family == AF_INET || source->family == AF_INET6);
    for (size_t i = source->family == AF_INET ? 4 : 0; source->family != AF_INET6 && i < 16; i++)
        CHECK(source->bytes[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole, part;
    enum proxy_verdict verdict = read_exactly(data, size, &whole);

    if (verdict == PROXY_ACCEPT) {
        CHECK(whole.bytes >= 16 && whole.bytes <= size);
        CHECK(whole.bytes <= AP_PROXY_HEADER_MAX_BYTES);
        check_source(&whole.source);
    }
    if (verdict == PROXY_NEED_MORE)
        CHECK(whole.bytes > size && whole.bytes <= AP_PROXY_HEADER_MAX_BYTES);
    size_t end = verdict == PROXY_ACCEPT ? whole.bytes : size;
    for (size_t cut = 0; cut < size && cut <= end; cut++) {
        enum proxy_verdict early = read_exactly(data, cut, &part);
        if (early == PROXY_NEED_MORE) {
            CHECK(part.bytes > cut && (verdict != PROXY_ACCEPT || part.bytes <= whole.bytes));
            continue;
        }
        CHECK(early == verdict);
        CHECK(early != PROXY_ACCEPT ||
              (part.bytes == whole.bytes &&
               memcmp(&part.source, &whole.source, sizeof(part.source)) == 0));
    }
    return 0;
}
