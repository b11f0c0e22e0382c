/* What each profile lets pass, as tables. Must not know certificates. */
#include <openssl/ssl.h>

#include "tls_private.h"

/* AES-128-GCM first: with AES instructions, as every server has, it costs a quarter less than
 * AES-256-GCM, and phones' hardware knows it best. */
#define CIPHERS_AEAD                                                                               \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
/* Phones of about 2012 to 2018: no AEAD, later no forward secrecy either. */
#define CIPHERS_CBC                                                                                \
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"                                           \
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
#define CIPHERS_RSA                                                                                \
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA"
/* Named one by one: at security level 0 a class such as ALL holds suites without any key. */
#define CIPHERS_LEGACY "ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA"
#define CIPHERS_1_3    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS         "X25519:P-256:P-384"
/* ECDSA first: a signature costs a twentieth of RSA-2048's. */
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"                                                      \
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

/* What a client may send as its certificate: phones' chains have 2 to 6 KiB, and OpenSSL lets 100
 * pass. */
#define CLIENT_CHAIN_MAX_BYTES 16384

/* level: OpenSSL's security level (SSL_CTX_set_security_level(3)). At 0 alone it makes TLS 1.0
 * handshakes, which sign with MD5 and SHA-1, and takes the SHA-1 and RSA-1024 of old phones'
 * certificates. */
static const struct profile {
    int oldest;
    int level;
    const char *ciphers;
    const char *signatures;
} PROFILES[] = {
    [TLS_PROFILE_MODERN] = {TLS1_2_VERSION, 2, CIPHERS_AEAD, SIGNATURES},
    [TLS_PROFILE_COMPATIBLE] = {TLS1_2_VERSION, 2, CIPHERS_AEAD ":" CIPHERS_CBC ":" CIPHERS_RSA,
                                SIGNATURES},
    [TLS_PROFILE_LEGACY] = {TLS1_VERSION, 0, CIPHERS_LEGACY, SIGNATURES ":ECDSA+SHA1:RSA+SHA1"},
};

/* Everything is said here, also what is OpenSSL's default: a host's openssl.cnf may have changed
 * the defaults before. */
int tls_profile_apply(SSL_CTX *ssl, enum tls_profile profile)
{
    const struct profile *row = &PROFILES[profile];

    SSL_CTX_clear_options(ssl, SSL_CTX_get_options(ssl));
    SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 /* old phones omit close_notify; lengths are explicit */
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ssl, row->level);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_verify_depth(ssl, 3);
    SSL_CTX_set_max_cert_list(ssl, CLIENT_CHAIN_MAX_BYTES);
    if (SSL_CTX_set_num_tickets(ssl, 0) != 1 || SSL_CTX_set_max_early_data(ssl, 0) != 1 ||
        SSL_CTX_set_min_proto_version(ssl, row->oldest) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ssl, row->ciphers) != 1 ||
        SSL_CTX_set_ciphersuites(ssl, CIPHERS_1_3) != 1 ||
        SSL_CTX_set1_groups_list(ssl, GROUPS) != 1 ||
        SSL_CTX_set1_sigalgs_list(ssl, row->signatures) != 1)
        return AP_ECRYPTO;
    return 0;
}
