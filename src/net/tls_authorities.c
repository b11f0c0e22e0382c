/* Certificates of clients: whose count, what of one is kept, and what is verified by whom.
 *
 * A handshake never fails over a client's certificate, so that nothing but an answer tells whether
 * it was good: what cannot be verified is as if it had not been shown. Must not know what a name
 * in a certificate means. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tls_private.h"

/* Certificates in all files together. */
#define ANCHORS_MAX 256
#define CRLS_MAX    64

struct anchor {
    X509 *certificate;
    uint32_t files; /* a bit for each file that holds it */
};

struct tls_authorities {
    X509_STORE *store;
    struct anchor *anchors;
    size_t anchor_count;
};

/* -- reading ----------------------------------------------------------------------------------- */

static int no_memory(struct ap_error *error)
{
    return ap_error_set(error, AP_ENOMEM, "out of memory");
}

static struct anchor *find_anchor(const struct tls_authorities *authorities,
                                  const X509 *certificate)
{
    for (size_t i = 0; i < authorities->anchor_count; i++) {
        if (X509_cmp(authorities->anchors[i].certificate, certificate) == 0)
            return &authorities->anchors[i];
    }
    return NULL;
}

/* certificate: taken over, also on failure. */
static int add_anchor(struct tls_authorities *authorities, const char *path, size_t file,
                      size_t number, X509 *certificate, struct ap_error *error)
{
    struct anchor *anchor = find_anchor(authorities, certificate);
    int err = 0;

    if (X509_check_ca(certificate) == 0)
        err = ap_error_set(error, AP_EINVAL,
                           "%s: certificate %zu is not an authority's: put in those that sign the "
                           "phones' certificates",
                           path, number);
    else if (anchor)
        anchor->files |= UINT32_C(1) << file;
    else if (authorities->anchor_count == ANCHORS_MAX)
        err = ap_error_set(error, AP_ERANGE, "%s: more than %d authorities in all files", path,
                           ANCHORS_MAX);
    else if (X509_STORE_add_cert(authorities->store, certificate) != 1)
        err = no_memory(error);
    if (err || anchor) {
        X509_free(certificate);
        return err;
    }
    authorities->anchors[authorities->anchor_count++] =
        (struct anchor){certificate, UINT32_C(1) << file};
    return 0;
}

/* What PEM_read_bio_x() says at the end of what it is looking for; anything else is damage. */
static bool is_end_of_file(void)
{
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

    if (is_end)
        ERR_clear_error();
    return is_end;
}

static int read_authority_file(struct tls_authorities *authorities, const char *path, size_t file,
                               struct ap_error *error)
{
    struct buf content;
    BIO *bio = NULL;
    X509 *certificate;
    size_t count = 0;
    int err;

    buf_init(&content, TLS_PEM_MAX_BYTES);
    err = tls_pem_open(path, &content, &bio, error);
    ERR_clear_error();
    while (!err && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        err = add_anchor(authorities, path, file, ++count, certificate, error);
    if (!err && !is_end_of_file())
        err = ap_error_set(error, AP_EINVAL, "%s: certificate %zu cannot be read (%s)", path,
                           count + 1, tls_reason());
    if (!err && count == 0)
        err = ap_error_set(error, AP_EINVAL, "%s: holds no PEM certificate of an authority", path);
    ERR_clear_error();
    BIO_free(bio);
    buf_done(&content);
    return err;
}

/* Names may repeat: the key decides. */
static bool is_signed(const struct tls_authorities *authorities, X509_CRL *crl)
{
    for (size_t i = 0; i < authorities->anchor_count; i++) {
        X509 *anchor = authorities->anchors[i].certificate;
        if (X509_NAME_cmp(X509_get_subject_name(anchor), X509_CRL_get_issuer(crl)) == 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(anchor)) == 1)
            return true;
    }
    return false;
}

static int add_crl(struct tls_authorities *authorities, const char *path, size_t number,
                   int64_t now_s, X509_CRL *crl, struct ap_error *error)
{
    const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);
    char text[TLS_TIME_TEXT_MAX];
    int64_t end_s;

    if (!is_signed(authorities, crl))
        return ap_error_set(error, AP_EINVAL,
                            "%s: list %zu is signed by no certificate of client_ca_files: remove "
                            "it, or add its authority there",
                            path, number);
    if (!end || !tls_time_read(end, &end_s, text))
        return ap_error_set(error, AP_EINVAL, "%s: list %zu does not say when it ends", path,
                            number);
    if (end_s <= now_s)
        return ap_error_set(error, AP_EINVAL,
                            "%s: list %zu ended on %s UTC: get a new one from the authority", path,
                            number, text);
    return X509_STORE_add_crl(authorities->store, crl) == 1 ? 0 : no_memory(error);
}

static int read_crls(struct tls_authorities *authorities, const char *path, int64_t now_s,
                     struct ap_error *error)
{
    struct buf content;
    BIO *bio = NULL;
    X509_CRL *crl;
    size_t count = 0;
    int err;

    /* Lists of revoked phones grow long: 40 bytes for each. */
    buf_init(&content, 16 * TLS_PEM_MAX_BYTES);
    err = tls_pem_open(path, &content, &bio, error);
    ERR_clear_error();
    while (!err && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
        if (++count > CRLS_MAX)
            err = ap_error_set(error, AP_ERANGE, "%s: more than %d lists", path, CRLS_MAX);
        else
            err = add_crl(authorities, path, count, now_s, crl, error);
        X509_CRL_free(crl);
    }
    if (!err && !is_end_of_file())
        err = ap_error_set(error, AP_EINVAL, "%s: list %zu cannot be read (%s)", path, count + 1,
                           tls_reason());
    if (!err && count == 0)
        err = ap_error_set(error, AP_EINVAL, "%s: holds no PEM revocation list", path);
    ERR_clear_error();
    BIO_free(bio);
    buf_done(&content);
    return err;
}

/* -- verifying --------------------------------------------------------------------------------- */

/* An authority that no list was given for revokes nothing; every other fault counts. */
static int on_fault(int ok, X509_STORE_CTX *store)
{
    if (ok || X509_STORE_CTX_get_error(store) != X509_V_ERR_UNABLE_TO_GET_CRL)
        return ok;
    STACK_OF(X509_CRL) *crls = X509_STORE_CTX_get1_crls(
        store, X509_get_issuer_name(X509_STORE_CTX_get_current_cert(store)));
    bool has_list = sk_X509_CRL_num(crls) > 0;
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return has_list ? 0 : 1;
}

/* Leaves ret_name as it is when the subject has not exactly one CN that is printable ASCII. */
static void read_common_name(const X509 *certificate, char ret_name[static HTTP_COMMON_NAME_MAX])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return;
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    int type = ASN1_STRING_type(text);
    const unsigned char *data = ASN1_STRING_get0_data(text);
    int len = ASN1_STRING_length(text);
    /* One byte for a character; a NUL is one like any other here. */
    if ((type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING && type != V_ASN1_IA5STRING &&
         type != V_ASN1_T61STRING) ||
        len >= HTTP_COMMON_NAME_MAX)
        return;
    for (int i = 0; i < len; i++) {
        if (data[i] < ' ' || data[i] > '~')
            return;
    }
    memcpy(ret_name, data, (size_t)len);
    ret_name[len] = '\0';
}

static void keep(const struct tls_authorities *authorities, X509_STORE_CTX *store, X509 *leaf,
                 struct http_certificate *certificate)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    const struct anchor *anchor =
        find_anchor(authorities, sk_X509_value(chain, sk_X509_num(chain) - 1));

    /* An authority proves others, never itself. */
    if (!anchor || sk_X509_num(chain) < 2 || X509_check_ca(leaf) != 0)
        return;
    certificate->authorities = anchor->files;
    read_common_name(leaf, certificate->common_name);
}

/* OpenSSL would keep the client's chain for as long as the connection lives: 6 KiB and more. All
 * that it still needs is the public key, for the proof that the client has the other half. */
static void shrink(X509_STORE_CTX *store, X509 *leaf)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    X509 *bare;

    if (!key || sk_X509_value(sent, 0) != leaf)
        return;
    bare = X509_new();
    if (!bare || X509_set_pubkey(bare, key) != 1) {
        X509_free(bare);
        return;
    }
    X509_STORE_CTX_set_cert(store, bare);
    X509_STORE_CTX_set0_verified_chain(store, NULL);
    while (sk_X509_num(sent) > 1)
        X509_free(sk_X509_pop(sent));
    (void)sk_X509_set(sent, 0, bare); /* there is a first one */
    X509_free(leaf);
}

/* As SSL_CTX_set_cert_verify_callback(3) wants it: 1 lets the handshake go on. */
static int on_certificate(X509_STORE_CTX *store, void *data)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct http_certificate *certificate = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(store);

    if (X509_verify_cert(store) == 1 && certificate)
        keep(data, store, leaf, certificate);
    shrink(store, leaf);
    X509_STORE_CTX_set_error(store, X509_V_OK);
    ERR_clear_error();
    return 1;
}

/* -- the whole --------------------------------------------------------------------------------- */

int tls_authorities_new(const struct tls_setup *setup, int64_t now_s,
                        struct tls_authorities **ret_authorities, struct ap_error *error)
{
    struct tls_authorities *authorities = calloc(1, sizeof(*authorities));
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN; /* an intermediate authority may stand alone */
    int err = 0;

    if (authorities) {
        authorities->store = X509_STORE_new();
        authorities->anchors = calloc(ANCHORS_MAX, sizeof(*authorities->anchors));
    }
    if (!authorities || !authorities->store || !authorities->anchors)
        err = no_memory(error);
    if (!err && setup->authority_count > TLS_AUTHORITY_FILES_MAX)
        err = ap_error_set(error, AP_ERANGE, "more than %d files of authorities",
                           TLS_AUTHORITY_FILES_MAX);
    for (size_t i = 0; !err && i < setup->authority_count; i++)
        err = read_authority_file(authorities, setup->authority_files[i], i, error);
    if (!err && setup->crl_file) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
        err = read_crls(authorities, setup->crl_file, now_s, error);
    }
    if (err) {
        tls_authorities_free(authorities);
        return err;
    }
    (void)X509_STORE_set_flags(authorities->store, flags); /* always 1 */
    X509_STORE_set_verify_cb(authorities->store, on_fault);
    *ret_authorities = authorities;
    return 0;
}

void tls_authorities_free(struct tls_authorities *authorities)
{
    if (!authorities)
        return;
    for (size_t i = 0; i < authorities->anchor_count; i++)
        X509_free(authorities->anchors[i].certificate);
    free(authorities->anchors);
    X509_STORE_free(authorities->store);
    free(authorities);
}

int tls_authorities_use(SSL_CTX *ssl, struct tls_authorities *authorities)
{
    if (SSL_CTX_set1_verify_cert_store(ssl, authorities->store) != 1)
        return AP_ENOMEM;
    /* No list of names goes to the client: old ones have small buffers. */
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, on_certificate, authorities);
    return 0;
}

void tls_certificate_wanted(SSL *ssl, struct http_certificate *certificate)
{
    (void)SSL_set_app_data(ssl, certificate); /* without memory the client has shown nothing */
}

void tls_certificate_release(SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    EVP_PKEY *own = certificate ? X509_get0_pubkey(SSL_get_certificate(ssl)) : NULL;

    /* There is no call that takes it away; the server's own key is there anyway. */
    if (own)
        (void)X509_set_pubkey(certificate, own); /* without memory the client's stays */
}
