/* A certificate chain and its key: read, and checked as far as they can be without a peer.
 * Every fault is one line that names the file. Must not know listeners. */
#include "tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "autoprov/buf.h"
#include "autoprov/file.h"

#define RSA_MIN_BITS 2048
#define EC_MIN_BITS  256
#define CHAIN_MAX    10

const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return reason ? reason : "unknown reason";
}

/* Never ask on a terminal. */
static int no_password(char *text, int size, int is_write, void *data)
{
    (void)text;
    (void)size;
    (void)is_write;
    *(bool *)data = true;
    return -1;
}

/* Group may read (Debian's group ssl-cert does); others may not. */
static int check_key_mode(const char *path, struct ap_error *error)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return ap_error_set(error, AP_EIO, "%s: %s", path, strerror(errno));
    if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        return ap_error_set(error, AP_EPERM,
                            "%s: a private key must not be open to others (mode %04o): chmod 0640",
                            path, (unsigned)(info.st_mode & 07777));
    return 0;
}

int tls_pem_open(const char *path, struct buf *content, BIO **ret_bio, struct ap_error *error)
{
    int err = file_read(path, content, error);
    if (err)
        return err;
    *ret_bio = BIO_new_mem_buf(content->data ? content->data : "", (int)content->len);
    return *ret_bio ? 0 : ap_error_set(error, AP_ENOMEM, "%s: out of memory", path);
}

static int read_key(const char *path, EVP_PKEY **ret_key, struct ap_error *error)
{
    struct buf content;
    BIO *bio = NULL;
    bool asked = false;
    int err;

    buf_init_secret(&content, TLS_PEM_MAX_BYTES);
    err = tls_pem_open(path, &content, &bio, error);
    if (err)
        goto out;
    err = check_key_mode(path, error);
    if (err)
        goto out;
    ERR_clear_error();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
    if (key)
        *ret_key = key;
    else if (asked)
        err = ap_error_set(error, AP_EINVAL,
                           "%s: the private key is encrypted: store it without "
                           "a passphrase",
                           path);
    else
        err = ap_error_set(error, AP_EINVAL, "%s: holds no readable PEM private key (%s)", path,
                           tls_reason());
out:
    ERR_clear_error();
    BIO_free(bio);
    buf_done(&content);
    return err;
}

static int read_rest_of_chain(const char *path, BIO *bio, STACK_OF(X509) * chain,
                              struct ap_error *error)
{
    X509 *next;

    while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        bool is_too_long = sk_X509_num(chain) + 1 >= CHAIN_MAX;
        if (!is_too_long && sk_X509_push(chain, next) > 0)
            continue;
        X509_free(next);
        if (!is_too_long)
            return ap_error_set(error, AP_ENOMEM, "%s: out of memory", path);
        return ap_error_set(error, AP_EINVAL, "%s: more than %d certificates", path, CHAIN_MAX);
    }
    /* The end of the file shows as "no start line"; anything else is damage. */
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return ap_error_set(error, AP_EINVAL, "%s: certificate %d cannot be read (%s)", path,
                            sk_X509_num(chain) + 2, tls_reason());
    ERR_clear_error();
    return 0;
}

static int read_certificates(const char *path, struct tls_pair *pair, struct ap_error *error)
{
    struct buf content;
    BIO *bio = NULL;
    int err;

    buf_init(&content, TLS_PEM_MAX_BYTES);
    err = tls_pem_open(path, &content, &bio, error);
    if (err)
        goto out;
    ERR_clear_error();
    pair->chain = sk_X509_new_null();
    pair->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (!pair->chain)
        err = ap_error_set(error, AP_ENOMEM, "%s: out of memory", path);
    else if (!pair->leaf)
        err = ap_error_set(error, AP_EINVAL, "%s: holds no readable PEM certificate (%s)", path,
                           tls_reason());
    else
        err = read_rest_of_chain(path, bio, pair->chain, error);
out:
    ERR_clear_error();
    BIO_free(bio);
    buf_done(&content);
    return err;
}

/* TLS 1.2 wants the chain in order (RFC 5246, 7.4.2), and old phones insist on it. */
static int check_chain_order(const char *path, const struct tls_pair *pair, struct ap_error *error)
{
    X509 *subject = pair->leaf;

    for (int i = 0; i < sk_X509_num(pair->chain); i++) {
        X509 *issuer = sk_X509_value(pair->chain, i);
        if (X509_check_issued(issuer, subject) != X509_V_OK)
            return ap_error_set(error, AP_EINVAL,
                                "%s: certificate %d did not issue certificate %d: put the leaf "
                                "first, then each issuer",
                                path, i + 2, i + 1);
        subject = issuer;
    }
    return 0;
}

static int check_key(const struct tls_certificate *files, struct tls_pair *pair,
                     struct ap_error *error)
{
    int bits = EVP_PKEY_get_bits(pair->key);

    pair->key_type = EVP_PKEY_get_base_id(pair->key);
    if (pair->key_type != EVP_PKEY_RSA && pair->key_type != EVP_PKEY_EC)
        return ap_error_set(error, AP_EINVAL, "%s: the key is neither RSA nor EC", files->key_file);
    if (pair->key_type == EVP_PKEY_RSA && bits < RSA_MIN_BITS)
        return ap_error_set(error, AP_EINVAL, "%s: an RSA key of %d bits is too short: %d at least",
                            files->key_file, bits, RSA_MIN_BITS);
    if (pair->key_type == EVP_PKEY_EC && bits < EC_MIN_BITS)
        return ap_error_set(error, AP_EINVAL,
                            "%s: an EC key of %d bits is too short: P-256 at least",
                            files->key_file, bits);
    if (X509_check_private_key(pair->leaf, pair->key) != 1) {
        ERR_clear_error();
        return ap_error_set(error, AP_EINVAL, "%s: the key does not belong to certificate %s",
                            files->key_file, files->certificate_file);
    }
    return 0;
}

bool tls_time_read(const ASN1_TIME *time, int64_t *ret_s, char ret_text[static TLS_TIME_TEXT_MAX])
{
    struct tm fields;

    if (ASN1_TIME_to_tm(time, &fields) != 1)
        return false;
    *ret_s = (int64_t)timegm(&fields);
    (void)strftime(ret_text, TLS_TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &fields); /* always fits */
    return true;
}

static int check_dates(const char *path, struct tls_pair *pair, int64_t now_s,
                       struct ap_error *error)
{
    char text[TLS_TIME_TEXT_MAX];

    if (!tls_time_read(X509_get0_notAfter(pair->leaf), &pair->expires_at, text))
        return ap_error_set(error, AP_EINVAL, "%s: the certificate's end date cannot be read",
                            path);
    if (pair->expires_at > now_s)
        return 0;
    return ap_error_set(error, AP_EINVAL, "%s: the certificate expired on %s UTC", path, text);
}

int tls_pair_read(const struct tls_certificate *files, int64_t now_s, struct tls_pair *ret_pair,
                  struct ap_error *error)
{
    struct tls_pair pair = {0};
    int err;

    err = read_certificates(files->certificate_file, &pair, error);
    if (err)
        goto out;
    err = read_key(files->key_file, &pair.key, error);
    if (err)
        goto out;
    err = check_key(files, &pair, error);
    if (err)
        goto out;
    err = check_dates(files->certificate_file, &pair, now_s, error);
    if (err)
        goto out;
    err = check_chain_order(files->certificate_file, &pair, error);
    if (err)
        goto out;
    *ret_pair = pair;
    pair = (struct tls_pair){0};
out:
    tls_pair_done(&pair);
    return err;
}

void tls_pair_done(struct tls_pair *pair)
{
    X509_free(pair->leaf);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
    *pair = (struct tls_pair){0};
}
