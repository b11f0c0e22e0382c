/* One listener's TLS set-up, built whole and then never changed.
 * Must not know connections: they hold a reference and ask for the SSL_CTX. */
#include "autoprov/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "autoprov/clock.h"
#include "tls_private.h"

/* RSA and EC. */
#define KEY_TYPES 2

struct tls_context {
    SSL_CTX *ssl;
    int64_t expires_at;
    _Atomic unsigned references;
};

/* AES-128-GCM first: with AES instructions, as every server has, it costs a quarter less than
 * AES-256-GCM, and phones' hardware knows it best. */
#define CIPHERS_1_2                                                                                \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS      "X25519:P-256:P-384"
/* ECDSA first: a signature costs a twentieth of RSA-2048's. */
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"                                                      \
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

/* Everything is said here, also what is OpenSSL's default: a host's openssl.cnf may have changed
 * the defaults before this function ran. */
static int apply_modern_profile(SSL_CTX *ssl)
{
    SSL_CTX_clear_options(ssl, SSL_CTX_get_options(ssl));
    SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 /* old phones omit close_notify; lengths are explicit */
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    if (SSL_CTX_set_num_tickets(ssl, 0) != 1 || SSL_CTX_set_max_early_data(ssl, 0) != 1 ||
        SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ssl, CIPHERS_1_2) != 1 ||
        SSL_CTX_set_ciphersuites(ssl, CIPHERS_1_3) != 1 ||
        SSL_CTX_set1_groups_list(ssl, GROUPS) != 1 ||
        SSL_CTX_set1_sigalgs_list(ssl, SIGNATURES) != 1)
        return AP_ECRYPTO;
    return 0;
}

static int install(struct tls_context *context, const struct tls_certificate *files,
                   const struct tls_pair *pair, struct ap_error *error)
{
    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(context->ssl, pair->leaf, pair->key, pair->chain, 0) != 1)
        return ap_error_set(error, AP_EINVAL, "%s: OpenSSL does not take the certificate (%s)",
                            files->certificate_file, tls_reason());
    if (context->expires_at == 0 || pair->expires_at < context->expires_at)
        context->expires_at = pair->expires_at;
    return 0;
}

static int install_all(struct tls_context *context, const struct tls_certificate *certificates,
                       size_t count, struct tls_pair *pairs, struct ap_error *error)
{
    int64_t now_s = clock_wall_s(clock_system());

    for (size_t i = 0; i < count; i++) {
        int err = tls_pair_read(&certificates[i], now_s, &pairs[i], error);
        if (err)
            return err;
        for (size_t other = 0; other < i; other++) {
            if (pairs[other].key_type == pairs[i].key_type)
                return ap_error_set(
                    error, AP_EINVAL, "%s: %s is already the certificate for this type of key",
                    certificates[i].certificate_file, certificates[other].certificate_file);
        }
        err = install(context, &certificates[i], &pairs[i], error);
        if (err)
            return err;
    }
    for (size_t i = 0; i < count; i++) {
        int err = tls_self_check(context->ssl, &pairs[i], certificates[i].certificate_file, error);
        if (err)
            return err;
    }
    return 0;
}

int tls_context_new(const struct tls_certificate *certificates, size_t count,
                    struct tls_context **ret_context, struct ap_error *error)
{
    struct tls_pair pairs[KEY_TYPES] = {0};
    struct tls_context *context = NULL;
    int err;

    if (count == 0)
        return ap_error_set(error, AP_EINVAL, "no certificate is given");
    if (count > KEY_TYPES)
        return ap_error_set(error, AP_EINVAL, "%s: one RSA and one EC certificate at most",
                            certificates[KEY_TYPES].certificate_file);
    /* First come, first served: when another part of the process has loaded openssl.cnf before,
     * apply_modern_profile() undoes what it says about TLS. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return ap_error_set(error, AP_ECRYPTO, "OpenSSL cannot be started (%s)", tls_reason());
    context = calloc(1, sizeof(*context));
    if (!context)
        return ap_error_set(error, AP_ENOMEM, "out of memory");
    atomic_init(&context->references, 1);
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (!context->ssl || apply_modern_profile(context->ssl) != 0) {
        err = ap_error_set(error, AP_ECRYPTO, "OpenSSL refuses the TLS profile (%s)", tls_reason());
        goto out;
    }
    err = install_all(context, certificates, count, pairs, error);
    if (err)
        goto out;
    *ret_context = context;
    context = NULL;
out:
    for (size_t i = 0; i < KEY_TYPES; i++)
        tls_pair_done(&pairs[i]);
    tls_context_unref(context);
    return err;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(context->ssl);
    free(context);
}

int64_t tls_context_expires_at(const struct tls_context *context)
{
    return context->expires_at;
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}
