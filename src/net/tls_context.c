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
    struct tls_authorities *authorities; /* NULL: clients are not asked */
    int64_t expires_at;
    _Atomic unsigned references;
};

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

static int install_all(struct tls_context *context, const struct tls_setup *setup,
                       struct tls_pair *pairs, struct ap_error *error)
{
    const struct tls_certificate *certificates = setup->certificates;
    size_t count = setup->certificate_count;
    int64_t now_s = clock_wall_s(clock_system());

    for (size_t i = 0; i < count; i++) {
        int err = tls_pair_read(&certificates[i], now_s, &pairs[i], error);
        if (err)
            return err;
        if (setup->profile == TLS_PROFILE_LEGACY && pairs[i].key_type != EVP_PKEY_RSA)
            return ap_error_set(error, AP_EINVAL,
                                "%s: with the profile legacy only RSA certificates serve: take one",
                                certificates[i].certificate_file);
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
        int err = tls_self_check(context->ssl, setup->profile, &pairs[i],
                                 certificates[i].certificate_file, error);
        if (err)
            return err;
    }
    return 0;
}

static int ask_clients(struct tls_context *context, const struct tls_setup *setup,
                       struct ap_error *error)
{
    int err =
        tls_authorities_new(setup, clock_wall_s(clock_system()), &context->authorities, error);

    if (err)
        return err;
    err = tls_authorities_use(context->ssl, context->authorities);
    return err ? ap_error_set(error, err, "out of memory") : 0;
}

int tls_context_new(const struct tls_setup *setup, struct tls_context **ret_context,
                    struct ap_error *error)
{
    struct tls_pair pairs[KEY_TYPES] = {0};
    struct tls_context *context = NULL;
    int err;

    if (setup->certificate_count == 0)
        return ap_error_set(error, AP_EINVAL, "no certificate is given");
    if (setup->certificate_count > KEY_TYPES)
        return ap_error_set(error, AP_EINVAL, "%s: one RSA and one EC certificate at most",
                            setup->certificates[KEY_TYPES].certificate_file);
    /* First come, first served: when another part of the process has loaded openssl.cnf before,
     * tls_profile_apply() undoes what it says about TLS. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return ap_error_set(error, AP_ECRYPTO, "OpenSSL cannot be started (%s)", tls_reason());
    context = calloc(1, sizeof(*context));
    if (!context)
        return ap_error_set(error, AP_ENOMEM, "out of memory");
    atomic_init(&context->references, 1);
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (!context->ssl || tls_profile_apply(context->ssl, setup->profile) != 0) {
        err = ap_error_set(error, AP_ECRYPTO, "OpenSSL refuses the TLS profile (%s)", tls_reason());
        goto out;
    }
    err = install_all(context, setup, pairs, error);
    if (err)
        goto out;
    if (setup->authority_count > 0)
        err = ask_clients(context, setup, error);
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
    tls_authorities_free(context->authorities);
    free(context);
}

int64_t tls_context_expires_at(const struct tls_context *context)
{
    return context ? context->expires_at : INT64_MAX;
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}
