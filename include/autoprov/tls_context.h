/* One listener's TLS set-up: certificates, keys, profile. Built whole, then immutable. */
#ifndef AUTOPROV_TLS_CONTEXT_H
#define AUTOPROV_TLS_CONTEXT_H

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

/* Borrowed for the call. */
struct tls_setup {
    enum tls_profile profile;
    const struct tls_certificate *certificates;
    size_t certificate_count; /* 1 or more */
};

/* Reads and checks everything: files, that no key file is open to others or encrypted, that each
 * key fits its certificate, the order of the chain, one certificate per key type (RSA, EC), not
 * expired, not below RSA-2048 or P-256, and for each certificate handshakes with itself in memory.
 * In every profile: server preference, no tickets, no session cache, no renegotiation, no early
 * data, no system-wide openssl.cnf policy.
 * *ret_context: one reference, drop it with tls_context_unref().
 * Errors, each with one line that names the file: AP_ENOENT, AP_EPERM, AP_EINVAL, AP_ECRYPTO,
 * AP_ENOMEM. */
AP_MUSTCHECK int tls_context_new(const struct tls_setup *setup, struct tls_context **ret_context,
                                 struct ap_error *error);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

/* Earliest notAfter of its certificates, UTC seconds; NULL, that is no TLS, has INT64_MAX. */
int64_t tls_context_expires_at(const struct tls_context *context);

#endif
