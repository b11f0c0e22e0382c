/* Keys of session tickets (RFC 5077, RFC 8446 4.6.1): made at random, never stored, replaced by the
 * clock. What they seal outlives none of them. Must not know whose sessions they are. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "tls_private.h"

/* Of SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
#define KEY_NAME_BYTES 16

struct ticket_key {
    unsigned char name[KEY_NAME_BYTES]; /* stands in the ticket in clear */
    unsigned char cipher[32];           /* AES-256-CBC */
    unsigned char mac[32];              /* HMAC-SHA256 */
};

struct tls_tickets {
    pthread_mutex_t lock;
    struct ticket_key current;
    struct ticket_key older;
    bool has_older;
    int64_t made_at_ms;
};

static int make_key(struct ticket_key *ret_key)
{
    return RAND_bytes((unsigned char *)ret_key, sizeof(*ret_key)) == 1 ? 0 : AP_ECRYPTO;
}

int tls_tickets_new(int64_t now_ms, struct tls_tickets **ret_tickets)
{
    struct tls_tickets *tickets = calloc(1, sizeof(*tickets));

    if (!tickets || pthread_mutex_init(&tickets->lock, NULL) != 0) {
        free(tickets);
        return AP_ENOMEM;
    }
    tickets->made_at_ms = now_ms;
    int err = make_key(&tickets->current);
    if (err) {
        tls_tickets_free(tickets);
        return err;
    }
    *ret_tickets = tickets;
    return 0;
}

void tls_tickets_free(struct tls_tickets *tickets)
{
    if (!tickets)
        return;
    (void)pthread_mutex_destroy(&tickets->lock); /* nobody holds it */
    secret_wipe(tickets, sizeof(*tickets));
    free(tickets);
}

void tls_tickets_rotate(struct tls_tickets *tickets, int64_t now_ms)
{
    struct ticket_key key;

    (void)pthread_mutex_lock(&tickets->lock);
    int64_t age_ms = now_ms - tickets->made_at_ms;
    /* Without a new one the old one goes on for a second. */
    if (age_ms >= AP_TICKET_KEY_MS && make_key(&key) == 0) {
        tickets->older = tickets->current;
        /* What was slept over is too old to go on. */
        tickets->has_older = age_ms < 2 * (int64_t)AP_TICKET_KEY_MS;
        if (!tickets->has_older)
            secret_wipe(&tickets->older, sizeof(tickets->older));
        tickets->current = key;
        tickets->made_at_ms = now_ms;
        secret_wipe(&key, sizeof(key));
    }
    (void)pthread_mutex_unlock(&tickets->lock);
}

/* The key of a ticket that comes (name), or for a new one (NULL). 0: unknown; 1; 2: it is the older
 * one, a new ticket is due. */
static int take_key(struct tls_tickets *tickets, const unsigned char *name,
                    struct ticket_key *ret_key)
{
    int found = 0;

    (void)pthread_mutex_lock(&tickets->lock);
    if (!name || memcmp(name, tickets->current.name, KEY_NAME_BYTES) == 0) {
        *ret_key = tickets->current;
        found = 1;
    } else if (tickets->has_older && memcmp(name, tickets->older.name, KEY_NAME_BYTES) == 0) {
        *ret_key = tickets->older;
        found = 2;
    }
    (void)pthread_mutex_unlock(&tickets->lock);
    return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* -1 fails the handshake, 0 makes a full one. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_new)
{
    struct tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int found = take_key(tickets, is_new ? NULL : name, &key);

    if (found == 0)
        return 0;
    if (is_new)
        memcpy(name, key.name, KEY_NAME_BYTES);
    bool is_set = set_mac(mac, &key) &&
                  (!is_new || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1) &&
                  EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), key.cipher, iv, is_new, NULL) == 1;
    secret_wipe(&key, sizeof(key));
    return is_set ? found : -1;
}

int tls_tickets_use(SSL_CTX *ssl, struct tls_tickets *tickets)
{
    SSL_CTX_clear_options(ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_timeout(ssl, AP_TICKET_KEY_MS / 1000);
    if (SSL_CTX_set_app_data(ssl, tickets) != 1 || SSL_CTX_set_num_tickets(ssl, 1) != 1)
        return AP_ENOMEM;
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
    return 0;
}
