/* One listener's TLS set-up: certificates, keys, profile. Built whole, then immutable. */
#ifndef AUTOPROV_TLS_CONTEXT_H
#define AUTOPROV_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

/* Reference-counted; any thread. Connections keep the one that they began with. */
struct tls_context;

struct tls_certificate {
    const char *certificate_file; /* PEM chain, leaf first */
    const char *key_file;         /* PEM private key */
};

/* Which versions and ciphers (tls_profile.c). */
enum tls_profile {
    TLS_PROFILE_MODERN,     /* 1.2 and 1.3, ECDHE with AEAD */
    TLS_PROFILE_COMPATIBLE, /* the same, and at 1.2 ECDHE with CBC, and RSA key exchange */
    TLS_PROFILE_LEGACY,     /* from 1.0, three CBC suites below 1.3; RSA certificates only; SHA-1 */
};

/* One bit each in struct http_certificate. */
#define TLS_AUTHORITY_FILES_MAX 32

#define TLS_CERTIFICATES_MAX    8

/* Borrowed for the call. */
struct tls_setup {
    enum tls_profile profile;
    /* A client gets those that hold the name that it asks for (SNI), of each key type the first;
     * who asks for none of them, or for none at all, gets the first, and beside it the first of the
     * other key type that shares a name with it. */
    const struct tls_certificate *certificates;
    size_t certificate_count; /* 1 to TLS_CERTIFICATES_MAX */
    /* PEM files of the authorities whose client certificates count; at most
     * TLS_AUTHORITY_FILES_MAX. With 0 clients are not asked for one. A client without one, or with
     * one that cannot be verified, is not turned away here: what it gets is the handler's matter
     * (struct http_certificate). */
    const char *const *authority_files;
    size_t authority_count;
    const char *crl_file; /* PEM, of these authorities; NULL: none. An authority without a list
                             revokes nothing; one whose list has ended has no good certificate */
    /* Clients may come back without a full handshake, by stateless tickets that end with the
     * context. Not together with authorities: a certificate is looked at in a full handshake alone.
     */
    bool resumes;
};

/* Reads and checks everything: files, that no key file is open to others or encrypted, that each
 * key fits its certificate, the order of the chain, that each certificate is served to somebody,
 * not expired, not below RSA-2048 or P-256; that authorities are such, and that each revocation
 * list is signed by one of them and has not ended. For each certificate it makes handshakes with
 * itself in memory.
 *
 * In every profile: server preference, no tickets unless wanted, no session cache, no
 * renegotiation, no early data, no system-wide openssl.cnf policy.
 *
 * *ret_context: one reference, drop it with tls_context_unref().
 *
 * Errors, each with one line that names the file: AP_ENOENT, AP_EPERM, AP_EINVAL, AP_ERANGE,
 * AP_ECRYPTO, AP_ENOMEM. */
AP_MUSTCHECK int tls_context_new(const struct tls_setup *setup, struct tls_context **ret_context,
                                 struct ap_error *error);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

/* Replace the key of tickets when its time has come; to be called every few seconds. NULL is fine.
 * now_ms: monotonic. Any thread. */
void tls_context_tick(struct tls_context *context, int64_t now_ms);

/* Earliest notAfter of its certificates, UTC seconds; NULL, that is no TLS, has INT64_MAX. */
int64_t tls_context_expires_at(const struct tls_context *context);

#endif
