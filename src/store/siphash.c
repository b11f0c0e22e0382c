/* SipHash-1-3: one round for each eight bytes, three at the end. Must not know what is hashed. */
#include "siphash.h"

#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

static uint64_t load(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void turn(struct state *state)
{
    state->v0 += state->v1;
    state->v2 += state->v3;
    state->v1 = rotate(state->v1, 13) ^ state->v0;
    state->v3 = rotate(state->v3, 16) ^ state->v2;
    state->v0 = rotate(state->v0, 32) + state->v3;
    state->v2 += state->v1;
    state->v1 = rotate(state->v1, 17) ^ state->v2;
    state->v3 = rotate(state->v3, 21) ^ state->v0;
    state->v2 = rotate(state->v2, 32);
}

static inline void add(struct state *state, uint64_t word)
{
    state->v3 ^= word;
    turn(state);
    state->v0 ^= word;
}

/* The bytes behind the last whole word, and the length's lowest byte above them. */
static uint64_t last_word(const uint8_t *data, size_t len)
{
    size_t rest = len % 8;
    uint64_t word = 0;

    if (rest > 0 && len > 8) {
        word = load(data + len - 8) >> (64 - 8 * rest); /* in one: some of it for the second time */
    } else {
        for (size_t i = 0; i < rest; i++)
            word |= (uint64_t)data[len - rest + i] << (8 * i);
    }
    return word | (uint64_t)len << 56;
}

void siphash_key_init(struct siphash_key *key, const uint8_t bytes[static SIPHASH_KEY_BYTES])
{
    key->words[0] = load(bytes);
    key->words[1] = load(bytes + 8);
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    struct state state = {
        /* "somepseudorandomlygeneratedbytes" */
        .v0 = key->words[0] ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->words[1] ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->words[0] ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->words[1] ^ UINT64_C(0x7465646279746573),
    };

    for (size_t at = 0; at + 8 <= len; at += 8)
        add(&state, load(bytes + at));
    add(&state, last_word(bytes, len));
    state.v2 ^= 0xff;
    turn(&state);
    turn(&state);
    turn(&state);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
