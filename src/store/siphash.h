/* SipHash-1-3: a keyed hash for many short texts, some 180 instructions for one of 35 bytes
 * (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012). */
#ifndef AUTOPROV_STORE_SIPHASH_H
#define AUTOPROV_STORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_BYTES 16

struct siphash_key {
    uint64_t words[2];
};

void siphash_key_init(struct siphash_key *key, const uint8_t bytes[static SIPHASH_KEY_BYTES]);

/* The paper's value: its bytes are the result's, the lowest first. */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
