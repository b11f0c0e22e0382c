/* token_parse(): what it accepts is of the alphabet, NUL-terminated, and parses again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/token.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token token, again;

    if (token_parse((const char *)data, size, &token) != 0)
        return 0;
    if (token.len != size || token.len < TOKEN_MIN_LEN || token.len > TOKEN_MAX_LEN ||
        strlen(token.text) != token.len || memcmp(token.text, data, size) != 0)
        abort();
    if (token_parse(token.text, token.len, &again) != 0 ||
        token_is_imported(&token) != token_is_imported(&again))
        abort();
    return 0;
}
