/* Private: the TLS set-up as the network floor's other files see it. */
#ifndef AUTOPROV_NET_TLS_PRIVATE_H
#define AUTOPROV_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "autoprov/tls_context.h"

/* Borrowed: lives as long as the context. */
SSL_CTX *tls_context_ssl(const struct tls_context *context);

/* One key with its chain, as read from its two files. */
struct tls_pair {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf; may be empty */
    EVP_PKEY *key;
    int key_type; /* EVP_PKEY_RSA, EVP_PKEY_EC */
    int64_t expires_at;
};

/* Read and check both files (tls_context.h). now_s: wall clock.
 * ret_pair: caller owns, free with tls_pair_done(); untouched on error. */
AP_MUSTCHECK int tls_pair_read(const struct tls_certificate *files, int64_t now_s,
                               struct tls_pair *ret_pair, struct ap_error *error);
void tls_pair_done(struct tls_pair *pair);

/* A handshake in memory at each version that the profile is for, with the key type that pair has.
 * certificate_file: for the error's text. Errors: AP_ECRYPTO. */
AP_MUSTCHECK int tls_self_check(SSL_CTX *server, enum tls_profile profile,
                                const struct tls_pair *pair, const char *certificate_file,
                                struct ap_error *error);

/* Say all that a profile says to a fresh SSL_CTX. Errors: AP_ECRYPTO, with OpenSSL's reason in this
 * thread's queue. */
AP_MUSTCHECK int tls_profile_apply(SSL_CTX *ssl, enum tls_profile profile);

/* The reason of OpenSSL's newest error in this thread, "unknown reason" without one; the queue is
 * emptied. Borrowed: static. */
const char *tls_reason(void);

#endif
