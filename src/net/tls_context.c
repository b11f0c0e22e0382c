/* One listener's TLS set-up, built whole and then never changed.
 * Must not know connections: they hold a reference and ask for the SSL_CTX. */
#include "autoprov/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "autoprov/clock.h"
#include "tls_private.h"

struct tls_context {
    SSL_CTX *ssl;                        /* with the certificates of by_default */
    struct tls_authorities *authorities; /* NULL: clients are not asked */
    struct tls_tickets *tickets;         /* NULL: no resumption */
    struct tls_pair *pairs;
    size_t pair_count;
    unsigned by_default; /* a bit for each pair */
    int64_t expires_at;
    _Atomic unsigned references;
};

/* As SSL_CTX_set_cert_cb(3) wants it: a client's hello was read. 1: go on. */
static int on_hello(SSL *ssl, void *data)
{
    const struct tls_context *context = data;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    unsigned chosen =
        name ? tls_names_match(context->pairs, context->pair_count, name) : context->by_default;

    /* Who asks for an unknown name gets what it would get without, so that the list of names cannot
     * be asked for. */
    if (chosen == 0 || chosen == context->by_default)
        return 1;
    SSL_certs_clear(ssl);
    for (size_t i = 0; i < context->pair_count; i++) {
        const struct tls_pair *pair = &context->pairs[i];
        if ((chosen & 1U << i) &&
            SSL_use_cert_and_key(ssl, pair->leaf, pair->key, pair->chain, 0) != 1)
            return 0;
    }
    return 1;
}

static int read_pairs(struct tls_context *context, const struct tls_setup *setup,
                      struct ap_error *error)
{
    int64_t now_s = clock_wall_s(clock_system());

    context->pairs = calloc(setup->certificate_count, sizeof(*context->pairs));
    if (!context->pairs)
        return ap_error_set(error, AP_ENOMEM, "out of memory");
    for (size_t i = 0; i < setup->certificate_count; i++) {
        struct tls_pair *pair = &context->pairs[i];
        int err = tls_pair_read(&setup->certificates[i], now_s, pair, error);
        if (err)
            return err;
        context->pair_count++;
        if (setup->profile == TLS_PROFILE_LEGACY && pair->key_type != EVP_PKEY_RSA)
            return ap_error_set(error, AP_EINVAL,
                                "%s: with the profile legacy only RSA certificates serve: take one",
                                setup->certificates[i].certificate_file);
        if (context->expires_at == 0 || pair->expires_at < context->expires_at)
            context->expires_at = pair->expires_at;
    }
    return 0;
}

/* Each by OpenSSL's own judgement, and the default ones as what SSL objects begin with. */
static int install_pairs(struct tls_context *context, const struct tls_setup *setup,
                         struct ap_error *error)
{
    SSL *judge = SSL_new(context->ssl);
    int err = judge ? 0 : ap_error_set(error, AP_ENOMEM, "out of memory");

    context->by_default = tls_names_default(context->pairs, context->pair_count);
    for (size_t i = 0; !err && i < context->pair_count; i++) {
        const struct tls_pair *pair = &context->pairs[i];
        bool is_default = context->by_default >> i & 1U;
        ERR_clear_error();
        if (SSL_use_cert_and_key(judge, pair->leaf, pair->key, pair->chain, 1) != 1 ||
            (is_default &&
             SSL_CTX_use_cert_and_key(context->ssl, pair->leaf, pair->key, pair->chain, 0) != 1))
            err = ap_error_set(error, AP_EINVAL, "%s: OpenSSL does not take the certificate (%s)",
                               setup->certificates[i].certificate_file, tls_reason());
    }
    SSL_free(judge);
    return err;
}

/* Each must be what somebody gets, and get through. */
static int check_pairs(const struct tls_context *context, const struct tls_setup *setup,
                       struct ap_error *error)
{
    char name[TLS_NAME_MAX];

    for (size_t i = 0; i < context->pair_count; i++) {
        bool is_default = context->by_default >> i & 1U;
        struct tls_check check = {
            .server = context->ssl,
            .profile = setup->profile,
            .pair = &context->pairs[i],
            .certificate_file = setup->certificates[i].certificate_file,
        };
        if (!is_default && !tls_names_sample(context->pairs, context->pair_count, i, name))
            return ap_error_set(error, AP_EINVAL,
                                "%s: clients get another certificate of this type of key for every "
                                "name in it: remove one of them",
                                check.certificate_file);
        if (!is_default)
            check.name = name;
        int err = tls_self_check(&check, error);
        if (err)
            return err;
    }
    return 0;
}

/* Sessions belong to a set-up: OpenSSL compares it when one is brought back. */
static int name_sessions(const struct tls_context *context, const struct tls_setup *setup)
{
    unsigned char bytes[EVP_MAX_MD_SIZE], digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool is_good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(md, &setup->profile, sizeof(setup->profile)) == 1;

    for (size_t i = 0; is_good && i < context->pair_count; i++)
        is_good = X509_digest(context->pairs[i].leaf, EVP_sha256(), bytes, &len) == 1 &&
                  EVP_DigestUpdate(md, bytes, len) == 1;
    is_good = is_good && EVP_DigestFinal_ex(md, digest, &len) == 1 &&
              SSL_CTX_set_session_id_context(context->ssl, digest, len) == 1;
    EVP_MD_CTX_free(md);
    return is_good ? 0 : AP_ECRYPTO;
}

static int let_resume(struct tls_context *context, const struct tls_setup *setup,
                      struct ap_error *error)
{
    int err = name_sessions(context, setup);

    if (!err && setup->resumes)
        err = tls_tickets_new(clock_monotonic_ms(clock_system()), &context->tickets);
    if (!err && setup->resumes)
        err = tls_tickets_use(context->ssl, context->tickets);
    return err ? ap_error_set(error, err, "sessions cannot be set up (%s)", tls_reason()) : 0;
}

static int load_pairs(struct tls_context *context, const struct tls_setup *setup,
                      struct ap_error *error)
{
    int err = read_pairs(context, setup, error);

    if (!err)
        err = let_resume(context, setup, error);
    if (!err)
        err = install_pairs(context, setup, error);
    if (err)
        return err;
    /* Looking at names costs a hundredth of a handshake. */
    if (tls_names_matter(context->pairs, context->pair_count))
        SSL_CTX_set_cert_cb(context->ssl, on_hello, context);
    return check_pairs(context, setup, error);
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
    struct tls_context *context = NULL;
    int err;

    if (setup->certificate_count == 0)
        return ap_error_set(error, AP_EINVAL, "no certificate is given");
    if (setup->resumes && setup->authority_count > 0)
        return ap_error_set(error, AP_EINVAL, "resumption would pass by client certificates");
    if (setup->certificate_count > TLS_CERTIFICATES_MAX)
        return ap_error_set(error, AP_ERANGE, "more than %d certificates", TLS_CERTIFICATES_MAX);
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
    err = load_pairs(context, setup, error);
    if (err)
        goto out;
    if (setup->authority_count > 0)
        err = ask_clients(context, setup, error);
    if (err)
        goto out;
    *ret_context = context;
    context = NULL;
out:
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
    tls_tickets_free(context->tickets);
    for (size_t i = 0; i < context->pair_count; i++)
        tls_pair_done(&context->pairs[i]);
    free(context->pairs);
    free(context);
}

void tls_context_tick(struct tls_context *context, int64_t now_ms)
{
    if (context && context->tickets)
        tls_tickets_rotate(context->tickets, now_ms);
}

int64_t tls_context_expires_at(const struct tls_context *context)
{
    return context ? context->expires_at : INT64_MAX;
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}
