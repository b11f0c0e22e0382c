/* Client certificates: which are verified, what of them is kept, which files are refused, and that
 * no handshake fails over one. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "autoprov/array.h"
#include "net_support.h"
#include "support/certificates.h"
#include "tls_link.h"
#include "tls_private.h"

#define ACME_BIT UINT32_C(1)
#define BOLT_BIT UINT32_C(2)

static struct folder folder;

static int make_files(void **state)
{
    EVP_PKEY *key = key_rsa(2048);
    X509 *cert = cert_make(&(struct cert_spec){.key = key, .name = "localhost"});

    (void)state;
    folder_make(&folder);
    cert_write(&folder, "server.pem", &cert, 1);
    key_write(&folder, "server.key", key);
    X509_free(cert);
    EVP_PKEY_free(key);
    certificates_write(folder.path);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static int make_context(enum tls_profile profile, const char *const *files, size_t count,
                        const char *crl, struct tls_context **ret_context, struct ap_error *error)
{
    struct tls_certificate server = {folder_path(&folder, "server.pem"),
                                     folder_path(&folder, "server.key")};
    char paths[TLS_AUTHORITY_FILES_MAX + 1][128];
    const char *authorities[TLS_AUTHORITY_FILES_MAX + 1];
    char crl_path[128];
    struct tls_setup setup = {.profile = profile,
                              .certificates = &server,
                              .certificate_count = 1,
                              .authority_files = authorities,
                              .authority_count = count};

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder.path, files[i]);
        authorities[i] = paths[i];
    }
    if (crl) {
        (void)snprintf(crl_path, sizeof(crl_path), "%s/%s", folder.path, crl);
        setup.crl_file = crl_path;
    }
    memset(error, 0, sizeof(*error));
    return tls_context_new(&setup, ret_context, error);
}

static struct tls_context *trusting(enum tls_profile profile)
{
    static const char *const files[] = {"acme-ca.pem", "bolt-ca.pem"};
    struct tls_context *context = NULL;
    struct ap_error error;

    if (make_context(profile, files, AP_COUNT(files), "acme.crl", &context, &error) != 0)
        fail_msg("%s", error.text);
    return context;
}

/* -- a client with a certificate --------------------------------------------------------------- */

struct visit {
    struct tls_link link;
    struct http_certificate certificate;
};

/* name NULL: without one. */
static void visit_prepare(struct visit *visit, struct tls_context *context, int version,
                          const char *name)
{
    SSL_CTX *client_side = tls_link_client(version);
    char file[64];

    SSL_CTX_set_security_level(client_side, 0);
    if (name) {
        (void)snprintf(file, sizeof(file), "%s.pem", name);
        assert_int_equal(
            SSL_CTX_use_certificate_chain_file(client_side, folder_path(&folder, file)), 1);
        (void)snprintf(file, sizeof(file), "%s.key", name);
        assert_int_equal(
            SSL_CTX_use_PrivateKey_file(client_side, folder_path(&folder, file), SSL_FILETYPE_PEM),
            1);
    }
    tls_link_open(&visit->link, client_side, context);
    visit->certificate = (struct http_certificate){0};
    tls_certificate_wanted(visit->link.server, &visit->certificate);
}

static void visit_open(struct visit *visit, struct tls_context *context, int version,
                       const char *name)
{
    visit_prepare(visit, context, version, name);
    (void)tls_link_handshake(&visit->link); /* some tests want none */
}

/* Bytes go through in both directions. */
static bool link_talks(struct tls_link *link)
{
    char bytes[8];

    return SSL_is_init_finished(link->client) && SSL_is_init_finished(link->server) &&
           SSL_write(link->client, "ping", 4) == 4 && SSL_read(link->server, bytes, 8) == 4 &&
           SSL_write(link->server, "pong", 4) == 4 && SSL_read(link->client, bytes, 8) == 4;
}

static void check_row(struct tls_context *context, int version, bool weak_counts,
                      const struct certificate_row *row)
{
    struct visit visit;
    bool verified = row->common_name && (weak_counts || !row->weak);

    visit_open(&visit, context, version, row->name);
    if (!link_talks(&visit.link))
        fail_msg("%s: no handshake", row->name);
    uint32_t expected = verified ? (row->bolt ? BOLT_BIT : ACME_BIT) : 0;
    if (visit.certificate.authorities != expected ||
        strcmp(visit.certificate.common_name, verified ? row->common_name : "") != 0)
        fail_msg("%s: authorities %u, CN '%s'", row->name, (unsigned)visit.certificate.authorities,
                 visit.certificate.common_name);
    tls_link_close(&visit.link);
}

static void test_the_matrix_is_judged_alike_at_1_2_and_1_3(void **state)
{
    static const enum tls_profile profiles[] = {TLS_PROFILE_MODERN, TLS_PROFILE_COMPATIBLE};

    (void)state;
    assert_true(CERTIFICATE_COUNT >= 16);
    for (size_t i = 0; i < AP_COUNT(profiles); i++) {
        struct tls_context *context = trusting(profiles[i]);
        for (size_t j = 0; j < CERTIFICATE_COUNT; j++) {
            check_row(context, TLS1_2_VERSION, false, &CERTIFICATES[j]);
            check_row(context, TLS1_3_VERSION, false, &CERTIFICATES[j]);
        }
        tls_context_unref(context);
    }
}

static void test_sha1_and_short_keys_count_with_the_legacy_profile_alone(void **state)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_context *context = trusting(TLS_PROFILE_LEGACY);

    (void)state;
    for (size_t i = 0; i < AP_COUNT(versions); i++) {
        for (size_t j = 0; j < CERTIFICATE_COUNT; j++)
            check_row(context, versions[i], true, &CERTIFICATES[j]);
    }
    tls_context_unref(context);
}

static void test_a_client_without_one_gets_through_and_has_shown_nothing(void **state)
{
    static const struct certificate_row none = {.name = NULL};
    struct tls_context *context = trusting(TLS_PROFILE_MODERN);

    (void)state;
    check_row(context, TLS1_2_VERSION, false, &none);
    check_row(context, TLS1_3_VERSION, false, &none);
    tls_context_unref(context);
}

static void test_clients_are_not_asked_without_authorities(void **state)
{
    struct tls_context *context = NULL;
    struct ap_error error;
    struct visit visit;

    (void)state;
    assert_int_equal(make_context(TLS_PROFILE_MODERN, NULL, 0, NULL, &context, &error), 0);
    visit_open(&visit, context, TLS1_3_VERSION, "right");
    assert_true(link_talks(&visit.link));
    assert_int_equal(visit.certificate.authorities, 0);
    tls_link_close(&visit.link);
    tls_context_unref(context);
}

/* The public half of one key and the private half of another: no check of the client's notices. */
static EVP_PKEY *forged_key(EVP_PKEY *public_half, EVP_PKEY *private_half)
{
    unsigned char point[256];
    unsigned char number[32];
    size_t point_len = 0;
    BIGNUM *secret = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_get_octet_string_param(public_half, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof(point), &point_len),
                     1);
    assert_int_equal(EVP_PKEY_get_bn_param(private_half, OSSL_PKEY_PARAM_PRIV_KEY, &secret), 1);
    assert_int_equal(BN_bn2nativepad(secret, number, sizeof(number)), sizeof(number));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, point_len),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, sizeof(number)),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
    assert_int_equal(EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(maker);
    BN_free(secret);
    return key;
}

static void test_a_certificate_without_its_key_is_no_handshake(void **state)
{
    struct tls_context *context = trusting(TLS_PROFILE_MODERN);
    EVP_PKEY *other = key_ec("P-256");

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct visit visit;
        visit_prepare(&visit, context, version, "right");
        EVP_PKEY *forged =
            forged_key(X509_get0_pubkey(SSL_get_certificate(visit.link.client)), other);
        assert_int_equal(SSL_use_PrivateKey(visit.link.client, forged), 1);
        EVP_PKEY_free(forged);
        (void)tls_link_handshake(&visit.link);
        assert_false(SSL_is_init_finished(visit.link.server));
        int reason =
            ERR_GET_REASON(ERR_peek_error()); /* the server's, or what the client is told */
        assert_true(reason == SSL_R_BAD_SIGNATURE || reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
        ERR_clear_error();
        tls_link_close(&visit.link);
    }
    EVP_PKEY_free(other);
    tls_context_unref(context);
}

static void test_an_authority_may_stand_in_several_files_and_an_intermediate_alone(void **state)
{
    static const char *const twice[] = {"bolt-ca.pem", "acme-ca.pem", "acme-ca.pem"};
    static const char *const issuing[] = {"acme-issuing-ca.pem"};
    struct tls_context *context = NULL;
    struct ap_error error;
    struct visit visit;

    (void)state;
    assert_int_equal(make_context(TLS_PROFILE_MODERN, twice, 3, NULL, &context, &error), 0);
    visit_open(&visit, context, TLS1_3_VERSION, "right");
    assert_int_equal(visit.certificate.authorities, 6);
    tls_link_close(&visit.link);
    tls_context_unref(context);
    assert_int_equal(make_context(TLS_PROFILE_MODERN, issuing, 1, NULL, &context, &error), 0);
    visit_open(&visit, context, TLS1_3_VERSION, "chain-incomplete");
    assert_int_equal(visit.certificate.authorities, 1);
    tls_link_close(&visit.link);
    visit_open(&visit, context, TLS1_3_VERSION, "right");
    assert_int_equal(visit.certificate.authorities, 0);
    tls_link_close(&visit.link);
    tls_context_unref(context);
}

static void test_without_a_list_nothing_is_revoked(void **state)
{
    static const char *const files[] = {"acme-ca.pem"};
    struct tls_context *context = NULL;
    struct ap_error error;
    struct visit visit;

    (void)state;
    assert_int_equal(make_context(TLS_PROFILE_MODERN, files, 1, NULL, &context, &error), 0);
    visit_open(&visit, context, TLS1_3_VERSION, "revoked");
    assert_string_equal(visit.certificate.common_name, CERTIFICATES_MAC);
    tls_link_close(&visit.link);
    tls_context_unref(context);
}

/* -- memory ------------------------------------------------------------------------------------ */

/* Of OpenSSL; sanitizers know the size of a block as well. */
static size_t bytes_in_use;

static void *count_malloc(size_t size, const char *file, int line)
{
    void *block = malloc(size);

    (void)file;
    (void)line;
    bytes_in_use += malloc_usable_size(block);
    return block;
}

static void count_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    bytes_in_use -= malloc_usable_size(block);
    free(block);
}

static void *count_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    bytes_in_use -= malloc_usable_size(block);
    block = realloc(block, size);
    bytes_in_use += malloc_usable_size(block);
    return block;
}

/* What the server holds for an idle connection. */
static size_t held_bytes(struct tls_context *context, int version, const char *name)
{
    struct visit visit;

    visit_open(&visit, context, version, name);
    assert_true(link_talks(&visit.link));
    tls_certificate_release(visit.link.server);
    assert_true(link_talks(&visit.link));
    size_t before = bytes_in_use;
    SSL_free(visit.link.server);
    visit.link.server = NULL;
    size_t held = before - bytes_in_use;
    tls_link_close(&visit.link);
    return held;
}

static void test_an_idle_connection_keeps_little_of_a_certificate(void **state)
{
    struct tls_context *context = trusting(TLS_PROFILE_MODERN);

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        size_t without = held_bytes(context, version, NULL);
        size_t with = held_bytes(context, version, "right-by-chain");
        print_message("%x: %zu bytes, with a certificate and its chain %zu\n", (unsigned)version,
                      without, with);
        assert_true(without > 1024 && with < without + 1280);
    }
    tls_context_unref(context);
}

/* -- files ------------------------------------------------------------------------------------- */

static void expect_refusal(const char *const *files, size_t count, const char *crl, int err,
                           const char *file, const char *words)
{
    struct tls_context *context = NULL;
    struct ap_error error;
    int got = make_context(TLS_PROFILE_MODERN, files, count, crl, &context, &error);

    if (got != err || (file && !strstr(error.text, folder_path(&folder, file))) ||
        !strstr(error.text, words) || strchr(error.text, '\n'))
        fail_msg("%d: %s", got, error.text);
    assert_null(context);
}

static void test_bad_files_are_named_with_their_fault(void **state)
{
    static const struct {
        const char *file, *crl;
        int err;
        const char *named, *words;
    } rows[] = {
        {"nothing.pem", NULL, AP_ENOENT, "nothing.pem", ""},
        {"empty.pem", NULL, AP_EINVAL, "empty.pem", "holds no PEM certificate of an authority"},
        {"right.key", NULL, AP_EINVAL, "right.key", "holds no PEM certificate of an authority"},
        {"right.pem", NULL, AP_EINVAL, "right.pem", "certificate 1 is not an authority's"},
        {"half.pem", NULL, AP_EINVAL, "half.pem", "certificate 2 cannot be read"},
        {"acme-ca.pem", "nothing.crl", AP_ENOENT, "nothing.crl", ""},
        {"acme-ca.pem", "empty.pem", AP_EINVAL, "empty.pem", "holds no PEM revocation list"},
        {"acme-ca.pem", "acme-ca.pem", AP_EINVAL, "acme-ca.pem", "holds no PEM revocation list"},
        {"acme-ca.pem", "stranger.crl", AP_EINVAL, "stranger.crl",
         "list 1 is signed by no certificate of client_ca_files"},
        {"bolt-ca.pem", "acme.crl", AP_EINVAL, "acme.crl", "list 1 is signed by no certificate"},
        {"acme-ca.pem", "acme-ended.crl", AP_EINVAL, "acme-ended.crl", "list 1 ended on 2"},
    };
    char text[8192];
    FILE *file = fopen(folder_path(&folder, "acme-ca.pem"), "r");

    (void)state;
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 100, file);
    fclose(file);
    (void)snprintf(text + len, sizeof(text) - len,
                   "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder_write(&folder, "half.pem", text);
    folder_write(&folder, "empty.pem", "");
    for (size_t i = 0; i < AP_COUNT(rows); i++)
        expect_refusal(&rows[i].file, 1, rows[i].crl, rows[i].err, rows[i].named, rows[i].words);
}

static void test_more_files_than_bits_are_refused(void **state)
{
    const char *files[TLS_AUTHORITY_FILES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < AP_COUNT(files); i++)
        files[i] = "acme-ca.pem";
    expect_refusal(files, AP_COUNT(files), NULL, AP_ERANGE, NULL, "more than 32 files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_matrix_is_judged_alike_at_1_2_and_1_3),
        cmocka_unit_test(test_sha1_and_short_keys_count_with_the_legacy_profile_alone),
        cmocka_unit_test(test_a_client_without_one_gets_through_and_has_shown_nothing),
        cmocka_unit_test(test_clients_are_not_asked_without_authorities),
        cmocka_unit_test(test_a_certificate_without_its_key_is_no_handshake),
        cmocka_unit_test(test_an_authority_may_stand_in_several_files_and_an_intermediate_alone),
        cmocka_unit_test(test_without_a_list_nothing_is_revoked),
        cmocka_unit_test(test_an_idle_connection_keeps_little_of_a_certificate),
        cmocka_unit_test(test_bad_files_are_named_with_their_fault),
        cmocka_unit_test(test_more_files_than_bits_are_refused),
    };

    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
