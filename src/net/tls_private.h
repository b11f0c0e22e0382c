/* Private: the TLS set-up as the network floor's other files see it. */
#ifndef AUTOPROV_NET_TLS_PRIVATE_H
#define AUTOPROV_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/http.h"
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

/* -- tls_tickets.c -------------------------------------------------------------------------------
 */

/* Keys of session tickets: one that seals, and one older that still opens. Any thread. */
struct tls_tickets;

/* now_ms: monotonic. *ret_tickets: caller owns, free with tls_tickets_free() after ssl.
 * Errors: AP_ENOMEM, AP_ECRYPTO. */
AP_MUSTCHECK int tls_tickets_new(int64_t now_ms, struct tls_tickets **ret_tickets);
void tls_tickets_free(struct tls_tickets *tickets);

/* Let ssl, whose options are set, give and take tickets; tickets: borrowed for its life.
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int tls_tickets_use(SSL_CTX *ssl, struct tls_tickets *tickets);

/* As tls_context_tick(). */
void tls_tickets_rotate(struct tls_tickets *tickets, int64_t now_ms);

/* -- tls_names.c: sets of pairs are bits, bit i for pair i ---------------------------------------
 */

/* "a.example.com" and its NUL (RFC 1035, 2.3.4); longer ones are never asked for. */
#define TLS_NAME_MAX 256

/* What serves a client that asks for name: of each key type the first that holds it, one that
 * holds it by a wildcard last. 0: none. */
unsigned tls_names_match(const struct tls_pair *pairs, size_t count, const char *name);

/* What serves all others: the first, and the first of the other key type that shares a name or an
 * address with it. count: 1 or more. */
unsigned tls_names_default(const struct tls_pair *pairs, size_t count);

/* Does any name that they hold lead to others than the default ones? */
bool tls_names_matter(const struct tls_pair *pairs, size_t count);

/* A name that is answered with pair index. False: there is none. */
bool tls_names_sample(const struct tls_pair *pairs, size_t count, size_t index,
                      char ret_name[static TLS_NAME_MAX]);

/* What a handshake with itself is to prove. */
struct tls_check {
    SSL_CTX *server;
    enum tls_profile profile;
    const struct tls_pair *pair;  /* that must be served */
    const char *name;             /* to a client that asks for this; NULL: that does not ask */
    const char *certificate_file; /* for the error's text */
};

/* A handshake in memory at each version that the profile is for, with the key type that pair has.
 * Errors: AP_ECRYPTO. */
AP_MUSTCHECK int tls_self_check(const struct tls_check *check, struct ap_error *error);

/* Say all that a profile says to a fresh SSL_CTX. Errors: AP_ECRYPTO, with OpenSSL's reason in this
 * thread's queue. */
AP_MUSTCHECK int tls_profile_apply(SSL_CTX *ssl, enum tls_profile profile);

/* Read a PEM file for PEM_read_bio_x(). content: initialised by the caller, whose it stays.
 * Errors: those of file_read(), AP_ENOMEM. */
AP_MUSTCHECK int tls_pem_open(const char *path, struct buf *content, BIO **ret_bio,
                              struct ap_error *error);
/* A chain of ten certificates of 2 KiB each, in base64, four times over. */
#define TLS_PEM_MAX_BYTES 131072

/* "2026-01-31 23:59:59" of a time in UTC; false: it cannot be read. */
#define TLS_TIME_TEXT_MAX 32
bool tls_time_read(const ASN1_TIME *time, int64_t *ret_s, char ret_text[static TLS_TIME_TEXT_MAX]);

/* Whose client certificates count, and which are revoked. */
struct tls_authorities;

/* Read and check the files of setup (tls_context.h). now_s: wall clock.
 * *ret_authorities: caller owns, free with tls_authorities_free() after ssl.
 * Errors: those of tls_context_new(). */
AP_MUSTCHECK int tls_authorities_new(const struct tls_setup *setup, int64_t now_s,
                                     struct tls_authorities **ret_authorities,
                                     struct ap_error *error);
void tls_authorities_free(struct tls_authorities *authorities);

/* Let ssl ask clients for a certificate; authorities: borrowed for its life. Errors: AP_ENOMEM. */
AP_MUSTCHECK int tls_authorities_use(SSL_CTX *ssl, struct tls_authorities *authorities);

/* Where the verified certificate of this client goes; of use when the handshake is done, which
 * proves that the client has its key. certificate: all zero, borrowed for ssl's life. */
void tls_certificate_wanted(SSL *ssl, struct http_certificate *certificate);

/* After the handshake: give back what of the client's certificate is of no more use. */
void tls_certificate_release(SSL *ssl);

/* The reason of OpenSSL's newest error in this thread, "unknown reason" without one; the queue is
 * emptied. Borrowed: static. */
const char *tls_reason(void);

#endif
