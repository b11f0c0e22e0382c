/* What clients get from each profile. A strict openssl.cnf is in force for the whole program: it
 * must matter as little as the loose one of test_tls_context.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "net_support.h"
#include "tls_link.h"
#include "tls_private.h"

static struct folder folder;

static void write_pair(const char *name, EVP_PKEY *key)
{
    char file[32];
    X509 *cert = cert_make(&(struct cert_spec){.key = key, .name = "localhost"});

    (void)snprintf(file, sizeof(file), "%s.pem", name);
    cert_write(&folder, file, &cert, 1);
    (void)snprintf(file, sizeof(file), "%s.key", name);
    key_write(&folder, file, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int make_files(void **state)
{
    (void)state;
    folder_make(&folder);
    write_pair("rsa", key_rsa(2048));
    write_pair("ec", key_ec("P-256"));
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static int make_context(enum tls_profile profile, size_t count, struct tls_context **ret_context,
                        struct ap_error *error)
{
    struct tls_certificate files[] = {
        {folder_path(&folder, "rsa.pem"), folder_path(&folder, "rsa.key")},
        {folder_path(&folder, "ec.pem"), folder_path(&folder, "ec.key")},
    };
    struct tls_setup setup = {
        .profile = profile, .certificates = files, .certificate_count = count};

    memset(error, 0, sizeof(*error));
    return tls_context_new(&setup, ret_context, error);
}

struct offer {
    int version;
    const char *ciphers;
    const char *suites;
    const char *groups;
    const char *signatures;
};

static SSL_CTX *client_context(const struct offer *offer)
{
    SSL_CTX *context = tls_link_client(offer->version);

    SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    assert_int_equal(
        SSL_CTX_set_cipher_list(context, offer->ciphers ? offer->ciphers : "ALL:@SECLEVEL=0"), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(
                         context, offer->suites ? offer->suites
                                                : "TLS_CHACHA20_POLY1305_SHA256:"
                                                  "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"),
                     1);
    assert_int_equal(
        SSL_CTX_set1_groups_list(context, offer->groups ? offer->groups : "P-521:P-384:P-256"), 1);
    assert_int_equal(SSL_CTX_set1_sigalgs_list(context, offer->signatures
                                                            ? offer->signatures
                                                            : "ECDSA+SHA256:RSA-PSS+SHA256:RSA+"
                                                              "SHA256:ECDSA+SHA1:RSA+SHA1"),
                     1);
    return context;
}

/* NULL: no handshake. */
static const char *cipher_agreed(struct tls_context *context, const struct offer *offer,
                                 int *ret_key_type)
{
    struct tls_link link;
    const char *name = NULL;

    tls_link_open(&link, client_context(offer), context);
    if (tls_link_handshake(&link)) {
        name = SSL_get_cipher_name(link.server);
        *ret_key_type =
            EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(link.client)));
        assert_int_equal(SSL_version(link.server), offer->version);
        assert_false(SSL_SESSION_has_ticket(SSL_get0_session(link.client)));
        assert_int_equal(SSL_renegotiate(link.server), 0);
    }
    tls_link_close(&link);
    return name;
}

struct row {
    struct offer offer;
    const char *cipher; /* NULL: refused */
    int key_type;
};

static void check_rows(enum tls_profile profile, size_t certificates, const struct row *rows,
                       size_t count)
{
    struct tls_context *context = NULL;
    struct ap_error error;

    if (make_context(profile, certificates, &context, &error) != 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < count; i++) {
        int key_type = 0;
        const char *cipher = cipher_agreed(context, &rows[i].offer, &key_type);
        if (!rows[i].cipher != !cipher || (cipher && strcmp(cipher, rows[i].cipher) != 0))
            fail_msg("row %zu: %s", i, cipher ? cipher : "refused");
        assert_int_equal(key_type, rows[i].key_type);
    }
    tls_context_unref(context);
}

#define V10 .version = TLS1_VERSION
#define V11 .version = TLS1_1_VERSION
#define V12 .version = TLS1_2_VERSION
#define V13 .version = TLS1_3_VERSION
#define RSA EVP_PKEY_RSA
#define EC  EVP_PKEY_EC

static void test_modern_profile_is_what_clients_get(void **state)
{
    static const struct row rows[] = {
        {{V13}, "TLS_AES_128_GCM_SHA256", EC},
        {{V12}, "ECDHE-ECDSA-AES128-GCM-SHA256", EC},
        {{V13, .signatures = "RSA-PSS+SHA256"}, "TLS_AES_128_GCM_SHA256", RSA},
        {{V13, .suites = "TLS_CHACHA20_POLY1305_SHA256"}, "TLS_CHACHA20_POLY1305_SHA256", EC},
        {{V12, .ciphers = "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:"
                          "ECDHE-RSA-AES128-GCM-SHA256"},
         "ECDHE-RSA-AES128-GCM-SHA256",
         RSA},
        {{V12, .ciphers = "AES128-SHA:AES128-GCM-SHA256"}, NULL, 0},
        {{V12, .ciphers = "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA256"}, NULL, 0},
        {{V12, .ciphers = "ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256"}, NULL, 0},
        {{V12, .ciphers = "DHE-RSA-AES128-GCM-SHA256"}, NULL, 0},
        {{V12, .groups = "P-521"}, NULL, 0},
        {{V11}, NULL, 0},
        {{V10}, NULL, 0},
    };

    (void)state;
    check_rows(TLS_PROFILE_MODERN, 2, rows, AP_COUNT(rows));
}

static void test_compatible_profile_adds_cbc_and_rsa_key_exchange_at_1_2(void **state)
{
    static const struct row rows[] = {
        {{V13}, "TLS_AES_128_GCM_SHA256", EC},
        /* AEAD goes first, forward secrecy next. */
        {{V12}, "ECDHE-ECDSA-AES128-GCM-SHA256", EC},
        {{V12, .ciphers = "AES256-SHA:AES128-SHA:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA256"},
         "ECDHE-RSA-AES128-SHA256",
         RSA},
        {{V12, .ciphers = "ECDHE-ECDSA-AES128-SHA256"}, "ECDHE-ECDSA-AES128-SHA256", EC},
        {{V12, .ciphers = "ECDHE-ECDSA-AES256-SHA"}, "ECDHE-ECDSA-AES256-SHA", EC},
        {{V12, .ciphers = "ECDHE-RSA-AES128-SHA"}, "ECDHE-RSA-AES128-SHA", RSA},
        {{V12, .ciphers = "AES256-GCM-SHA384"}, "AES256-GCM-SHA384", RSA},
        {{V12, .ciphers = "AES128-SHA256"}, "AES128-SHA256", RSA},
        {{V12, .ciphers = "AES128-SHA"}, "AES128-SHA", RSA},
        {{V12, .ciphers = "DHE-RSA-AES128-SHA:DHE-RSA-AES128-GCM-SHA256"}, NULL, 0},
        {{V12, .ciphers = "ADH-AES128-SHA:AECDH-AES128-SHA:NULL-SHA"}, NULL, 0},
        {{V12, .ciphers = "CAMELLIA128-SHA:AES128-CCM"}, NULL, 0},
        /* SHA-1 signs nothing. */
        {{V12, .ciphers = "ECDHE-RSA-AES128-SHA", .signatures = "RSA+SHA1"}, NULL, 0},
        {{V11}, NULL, 0},
        {{V10}, NULL, 0},
    };

    (void)state;
    check_rows(TLS_PROFILE_COMPATIBLE, 2, rows, AP_COUNT(rows));
}

static void test_legacy_profile_begins_at_1_0_with_three_suites(void **state)
{
    static const struct row rows[] = {
        {{V13}, "TLS_AES_128_GCM_SHA256", RSA},
        {{V12}, "ECDHE-RSA-AES128-SHA", RSA},
        {{V11}, "ECDHE-RSA-AES128-SHA", RSA},
        {{V10}, "ECDHE-RSA-AES128-SHA", RSA},
        {{V10, .ciphers = "AES256-SHA:AES128-SHA"}, "AES128-SHA", RSA},
        {{V10, .ciphers = "AES256-SHA"}, "AES256-SHA", RSA},
        {{V12, .ciphers = "ECDHE-RSA-AES128-SHA", .signatures = "RSA+SHA1"},
         "ECDHE-RSA-AES128-SHA",
         RSA},
        {{V12, .ciphers = "AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"}, NULL, 0},
        {{V10, .ciphers = "DHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA"}, NULL, 0},
        {{V10, .ciphers = "ADH-AES128-SHA:ADH-AES256-SHA:AECDH-AES128-SHA"}, NULL, 0},
        {{V10, .ciphers = "NULL-SHA:NULL-MD5:AECDH-NULL-SHA:ECDHE-RSA-NULL-SHA"}, NULL, 0},
    };

    (void)state;
    check_rows(TLS_PROFILE_LEGACY, 1, rows, AP_COUNT(rows));
}

static void test_legacy_profile_refuses_an_ec_certificate(void **state)
{
    struct tls_context *context = NULL;
    struct ap_error error;

    (void)state;
    assert_int_equal(make_context(TLS_PROFILE_LEGACY, 2, &context, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "ec.pem: with the profile legacy only RSA"));
    assert_null(context);
}

/* Followed, it would leave TLS 1.3 alone. */
static void use_strict_policy(char *path)
{
    static const char text[] = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                               "MinProtocol = TLSv1.3\n"
                               "CipherString = ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=3\n"
                               "Groups = P-384\nSignatureAlgorithms = ECDSA+SHA384\n"
                               "Options = -Compression\n";
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0 ||
        setenv("OPENSSL_CONF", path, 1) != 0)
        abort();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modern_profile_is_what_clients_get),
        cmocka_unit_test(test_compatible_profile_adds_cbc_and_rsa_key_exchange_at_1_2),
        cmocka_unit_test(test_legacy_profile_begins_at_1_0_with_three_suites),
        cmocka_unit_test(test_legacy_profile_refuses_an_ec_certificate),
    };
    char policy[] = "/tmp/autoprov-policy-XXXXXX";

    use_strict_policy(policy);
    int failed = cmocka_run_group_tests(tests, make_files, remove_files);
    (void)unlink(policy);
    return failed;
}
