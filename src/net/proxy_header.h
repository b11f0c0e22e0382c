/* Private: the header by which a proxy tells whose connection it forwards (HAProxy's
 * proxy-protocol.txt, section 2.2: version 2, binary). A pure function over a byte buffer. */
#ifndef AUTOPROV_NET_PROXY_HEADER_H
#define AUTOPROV_NET_PROXY_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/address.h"

enum proxy_verdict {
    PROXY_NEED_MORE,
    PROXY_ACCEPT,
    PROXY_REFUSE, /* no header of version 2, or a malformed or too long one */
};

struct proxy_header {
    /* ACCEPT: the client; AF_UNSPEC: none is told (LOCAL, UNIX, datagrams, an unknown family). */
    struct address source;
    /* ACCEPT: the header's length. NEED_MORE: so many bytes from its beginning are to be there at
     * the next call; all of them are the header's, so that nothing behind it need be read. */
    size_t bytes;
};

/* Look at the first len bytes of a connection. ret_header is written with ACCEPT and NEED_MORE.
 *
 * Version 1, which is text, is refused, and so is whatever does not begin like a header, at its
 * first wrong byte. What follows the addresses (TLVs, their checksum too) is skipped. At most
 * AP_PROXY_HEADER_MAX_BYTES. However the bytes arrive, the first verdict that is not NEED_MORE is
 * the same, and what follows the header never changes it. */
enum proxy_verdict proxy_header_read(const uint8_t *data, size_t len,
                                     struct proxy_header *ret_header);

#endif
