/* Parse and make folder tokens. Knows neither URLs nor the database. */
#include "autoprov/token.h"

#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "autoprov/secret.h"
#include "autoprov/text.h"

static bool is_token_char(char c)
{
    return text_is_alnum(c) || c == '-' || c == '_';
}

int token_parse(const char *text, size_t len, struct token *ret_token)
{
    if (len < TOKEN_MIN_LEN || len > TOKEN_MAX_LEN)
        return AP_ESYNTAX;
    for (size_t i = 0; i < len; i++) {
        if (!is_token_char(text[i]))
            return AP_ESYNTAX;
    }
    memset(ret_token, 0, sizeof(*ret_token));
    memcpy(ret_token->text, text, len);
    ret_token->len = len;
    return 0;
}

int token_make(struct token *ret_token)
{
    uint8_t random[TOKEN_MADE_LEN / 2];

    if (RAND_bytes(random, (int)sizeof(random)) != 1) {
        ERR_clear_error();
        return AP_ECRYPTO;
    }
    memset(ret_token, 0, sizeof(*ret_token));
    text_hex(random, sizeof(random), ret_token->text);
    ret_token->len = TOKEN_MADE_LEN;
    secret_wipe(random, sizeof(random));
    return 0;
}

bool token_is_imported(const struct token *token)
{
    if (token->len != TOKEN_MADE_LEN)
        return true;
    for (size_t i = 0; i < token->len; i++) {
        char c = token->text[i];
        if (!text_is_hex(c) || c != text_lower(c))
            return true;
    }
    return false;
}
