/* TLS set-ups: what is taken, what is refused and with which words. A hostile openssl.cnf is in
 * force for the whole program: it must not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "autoprov/array.h"
#include "net_support.h"

static struct folder folder;
static EVP_PKEY *rsa;
static EVP_PKEY *ec;

static int make_files(void **state)
{
    X509 *cert;

    (void)state;
    folder_make(&folder);
    rsa = key_rsa(2048);
    ec = key_ec("P-256");
    key_write(&folder, "rsa.key", rsa);
    key_write(&folder, "ec.key", ec);
    cert = cert_make(&(struct cert_spec){
        .key = rsa, .name = "rsa", .names = "DNS:localhost", .ends_in_s = 7200});
    cert_write(&folder, "rsa.pem", &cert, 1);
    X509_free(cert);
    cert = cert_make(
        &(struct cert_spec){.key = ec, .name = "ec", .names = "DNS:localhost", .ends_in_s = 3600});
    cert_write(&folder, "ec.pem", &cert, 1);
    X509_free(cert);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    folder_remove(&folder);
    return 0;
}

static int make_of(const struct tls_certificate *files, size_t count,
                   struct tls_context **ret_context, struct ap_error *error)
{
    memset(error, 0, sizeof(*error));
    return tls_context_new(&(struct tls_setup){.certificates = files, .certificate_count = count},
                           ret_context, error);
}

static int make_context(const char *cert, const char *key, struct tls_context **ret_context,
                        struct ap_error *error)
{
    struct tls_certificate files = {folder_path(&folder, cert), folder_path(&folder, key)};

    return make_of(&files, 1, ret_context, error);
}

/* The line must name the file and say these words. */
static void expect_refusal(const char *cert, const char *key, int err, const char *file,
                           const char *words)
{
    struct tls_context *context = NULL;
    struct ap_error error;
    int got = make_context(cert, key, &context, &error);

    if (got != err || !strstr(error.text, folder_path(&folder, file)) ||
        !strstr(error.text, words) || strchr(error.text, '\n'))
        fail_msg("%d: %s", got, error.text);
    assert_null(context);
}

static void write_cert(const char *name, const struct cert_spec *spec)
{
    X509 *cert = cert_make(spec);

    cert_write(&folder, name, &cert, 1);
    X509_free(cert);
}

static void test_both_key_types_make_one_context(void **state)
{
    struct tls_certificate files[] = {
        {folder_path(&folder, "rsa.pem"), folder_path(&folder, "rsa.key")},
        {folder_path(&folder, "ec.pem"), folder_path(&folder, "ec.key")},
    };
    struct tls_context *context = NULL;
    struct ap_error error;
    int64_t now_s = clock_wall_s(clock_system());

    (void)state;
    assert_int_equal(make_of(files, 2, &context, &error), 0);
    assert_true(tls_context_expires_at(context) > now_s + 3500);
    assert_true(tls_context_expires_at(context) <= now_s + 3600);
    assert_ptr_equal(tls_context_ref(context), context);
    tls_context_unref(context);
    assert_true(tls_context_expires_at(context) > 0);
    tls_context_unref(context);
    tls_context_unref(NULL);
}

static void test_missing_and_unreadable_files_are_named(void **state)
{
    (void)state;
    folder_write(&folder, "empty", "");
    folder_write(&folder, "text", "no PEM\n");
    folder_write(&folder, "damaged.pem",
                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect_refusal("nothing", "ec.key", AP_ENOENT, "nothing", "");
    expect_refusal("ec.pem", "nothing", AP_ENOENT, "nothing", "");
    expect_refusal("empty", "ec.key", AP_EINVAL, "empty", "no readable PEM certificate");
    expect_refusal("text", "ec.key", AP_EINVAL, "text", "no readable PEM certificate");
    expect_refusal("damaged.pem", "ec.key", AP_EINVAL, "damaged.pem", "certificate");
    expect_refusal("ec.pem", "text", AP_EINVAL, "text", "no readable PEM private key");
    expect_refusal("ec.key", "ec.key", AP_EINVAL, "ec.key", "no readable PEM certificate");
    expect_refusal("ec.pem", "ec.pem", AP_EINVAL, "ec.pem", "no readable PEM private key");
}

static void test_key_of_another_certificate_is_refused(void **state)
{
    EVP_PKEY *other = key_ec("P-256");

    (void)state;
    key_write(&folder, "other.key", other);
    EVP_PKEY_free(other);
    expect_refusal("ec.pem", "other.key", AP_EINVAL, "other.key", "does not belong to");
    expect_refusal("ec.pem", "rsa.key", AP_EINVAL, "rsa.key", "does not belong to");
}

static void test_expired_certificate_is_refused(void **state)
{
    (void)state;
    write_cert("old.pem", &(struct cert_spec){.key = ec, .name = "old", .ends_in_s = -60});
    expect_refusal("old.pem", "ec.key", AP_EINVAL, "old.pem", "expired on 2");
}

static void test_weak_keys_are_refused(void **state)
{
    static const struct {
        const char *curve; /* NULL: RSA */
        unsigned bits;
        const char *words;
    } rows[] = {
        {NULL, 1024, "RSA key of 1024 bits is too short"},
        {NULL, 2047, "RSA key of 2047 bits is too short"},
        {"P-224", 0, "EC key of 224 bits is too short"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        EVP_PKEY *key = rows[i].curve ? key_ec(rows[i].curve) : key_rsa(rows[i].bits);
        key_write(&folder, "weak.key", key);
        write_cert("weak.pem", &(struct cert_spec){.key = key, .name = "weak"});
        EVP_PKEY_free(key);
        expect_refusal("weak.pem", "weak.key", AP_EINVAL, "weak.key", rows[i].words);
    }
}

static void test_other_key_types_and_digests_are_refused(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    (void)state;
    key_write(&folder, "ed.key", key);
    write_cert("ed.pem", &(struct cert_spec){.key = key, .name = "ed"});
    EVP_PKEY_free(key);
    expect_refusal("ed.pem", "ed.key", AP_EINVAL, "ed.key", "neither RSA nor EC");
    /* Signed by a CA with SHA-1: OpenSSL's own level refuses it. */
    write_cert("sha1.pem", &(struct cert_spec){.key = ec,
                                               .name = "sha1",
                                               .issuer_name = "CA",
                                               .issuer_key = rsa,
                                               .digest = EVP_sha1()});
    expect_refusal("sha1.pem", "ec.key", AP_EINVAL, "sha1.pem", "does not take");
}

static void test_larger_curves_pass_their_own_handshake(void **state)
{
    static const char *const curves[] = {"P-384", "P-521"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tls_context *context = NULL;
        struct ap_error error;
        EVP_PKEY *key = key_ec(curves[i]);
        key_write(&folder, "large.key", key);
        write_cert("large.pem", &(struct cert_spec){.key = key, .name = "large"});
        EVP_PKEY_free(key);
        assert_int_equal(make_context("large.pem", "large.key", &context, &error), 0);
        tls_context_unref(context);
    }
}

static void test_key_open_to_others_is_refused(void **state)
{
    struct tls_context *context = NULL;
    struct ap_error error;
    const char *path = folder_path(&folder, "open.key");

    (void)state;
    key_write(&folder, "open.key", ec);
    assert_int_equal(chmod(path, 0644), 0);
    expect_refusal("ec.pem", "open.key", AP_EPERM, "open.key", "mode 0644");
    assert_int_equal(chmod(path, 0660), 0);
    expect_refusal("ec.pem", "open.key", AP_EPERM, "open.key", "mode 0660");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(make_context("ec.pem", "open.key", &context, &error), 0);
    tls_context_unref(context);
}

static void test_encrypted_key_is_refused_without_asking(void **state)
{
    FILE *file = fopen(folder_path(&folder, "locked.key"), "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, ec, EVP_aes_256_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    fclose(file);
    assert_int_equal(chmod(folder_path(&folder, "locked.key"), 0600), 0);
    expect_refusal("ec.pem", "locked.key", AP_EINVAL, "locked.key", "is encrypted");
}

static void test_chain_must_be_in_order(void **state)
{
    EVP_PKEY *ca_key = key_ec("P-256");
    EVP_PKEY *middle_key = key_ec("P-256");
    X509 *chain[3];
    X509 *swapped[3];
    struct tls_context *context = NULL;
    struct ap_error error;

    (void)state;
    chain[0] = cert_make(&(struct cert_spec){
        .key = ec, .name = "leaf", .issuer_name = "middle", .issuer_key = middle_key});
    chain[1] = cert_make(&(struct cert_spec){
        .key = middle_key, .name = "middle", .issuer_name = "CA", .issuer_key = ca_key});
    chain[2] = cert_make(&(struct cert_spec){.key = ca_key, .name = "CA"});
    cert_write(&folder, "chain.pem", chain, 3);
    assert_int_equal(make_context("chain.pem", "ec.key", &context, &error), 0);
    tls_context_unref(context);
    swapped[0] = chain[0];
    swapped[1] = chain[2];
    swapped[2] = chain[1];
    cert_write(&folder, "swapped.pem", swapped, 3);
    expect_refusal("swapped.pem", "ec.key", AP_EINVAL, "swapped.pem",
                   "certificate 2 did not issue certificate 1");
    for (size_t i = 0; i < 3; i++)
        X509_free(chain[i]);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(middle_key);
}

static void test_damage_behind_the_leaf_is_noticed(void **state)
{
    FILE *file = fopen(folder_path(&folder, "ec.pem"), "r");
    char text[4096];
    size_t len;

    (void)state;
    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 200, file);
    fclose(file);
    (void)snprintf(text + len, sizeof(text) - len,
                   "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder_write(&folder, "half.pem", text);
    expect_refusal("half.pem", "ec.key", AP_EINVAL, "half.pem", "certificate 2 cannot be read");
}

static void test_too_few_and_too_many_certificates_are_refused(void **state)
{
    struct tls_certificate files[TLS_CERTIFICATES_MAX + 1];
    struct tls_context *context = NULL;
    struct ap_error error;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(files); i++)
        files[i] = (struct tls_certificate){folder_path(&folder, "ec.pem"),
                                            folder_path(&folder, "ec.key")};
    assert_int_equal(make_of(files, 0, &context, &error), AP_EINVAL);
    assert_int_equal(make_of(files, AP_COUNT(files), &context, &error), AP_ERANGE);
    assert_non_null(strstr(error.text, "more than 8 certificates"));
    assert_null(context);
}

/* A policy that would break TLS 1.3, our ciphers and our groups, if it were followed. */
static void use_hostile_policy(char *path)
{
    static const char text[] = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                               "MinProtocol = TLSv1\nMaxProtocol = TLSv1.2\n"
                               "CipherString = AES128-SHA@SECLEVEL=0\nGroups = P-521\n"
                               "Options = UnsafeLegacyRenegotiation,SessionTicket\n";
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0 ||
        setenv("OPENSSL_CONF", path, 1) != 0)
        abort();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_key_types_make_one_context),
        cmocka_unit_test(test_missing_and_unreadable_files_are_named),
        cmocka_unit_test(test_key_of_another_certificate_is_refused),
        cmocka_unit_test(test_expired_certificate_is_refused),
        cmocka_unit_test(test_weak_keys_are_refused),
        cmocka_unit_test(test_other_key_types_and_digests_are_refused),
        cmocka_unit_test(test_larger_curves_pass_their_own_handshake),
        cmocka_unit_test(test_key_open_to_others_is_refused),
        cmocka_unit_test(test_encrypted_key_is_refused_without_asking),
        cmocka_unit_test(test_chain_must_be_in_order),
        cmocka_unit_test(test_damage_behind_the_leaf_is_noticed),
        cmocka_unit_test(test_too_few_and_too_many_certificates_are_refused),
    };
    char policy[] = "/tmp/autoprov-policy-XXXXXX";

    use_hostile_policy(policy);
    int failed = cmocka_run_group_tests(tests, make_files, remove_files);
    (void)unlink(policy);
    return failed;
}
