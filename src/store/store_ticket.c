/* Random texts and their digests. Must not know what they open. */
#include "autoprov/store_ticket.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "autoprov/secret.h"
#include "autoprov/text.h"

#define RANDOM_BYTES 32
_Static_assert(2 * RANDOM_BYTES + 1 == STORE_TICKET_TEXT_MAX, "hex and a NUL");

int store_ticket_make(char ret_text[static STORE_TICKET_TEXT_MAX])
{
    uint8_t random[RANDOM_BYTES];

    if (RAND_bytes(random, (int)sizeof(random)) != 1) {
        ERR_clear_error();
        return AP_ECRYPTO;
    }
    text_hex(random, sizeof(random), ret_text);
    secret_wipe(random, sizeof(random));
    return 0;
}

int store_ticket_digest(const char *text, size_t len,
                        uint8_t ret_digest[static STORE_TICKET_DIGEST_BYTES])
{
    if (EVP_Digest(text, len, ret_digest, NULL, EVP_sha256(), NULL) == 1)
        return 0;
    ERR_clear_error();
    return AP_ECRYPTO;
}
