/* Several certificates behind one listener: who gets which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "autoprov/array.h"
#include "net_support.h"
#include "tls_link.h"
#include "tls_private.h"

static struct folder folder;

/* NAME.pem and NAME.key; r… has an RSA key, e… an EC one. */
static const struct {
    const char *name, *cn, *names;
} FILES[] = {
    {"ra", "x", "DNS:a.example, DNS:www.a.example"},
    {"ea", "x", "DNS:a.example"},
    {"rb", "x", "DNS:b.example"},
    {"eb", "x", "DNS:b.example, DNS:other.example"},
    {"rw", "x", "DNS:*.w.example"},
    {"ew", "x", "DNS:exact.w.example, DNS:a.example"},
    {"ecn", "cn.example", NULL},
    {"rip", "ip", "IP:127.0.0.1"},
    {"eip", "x", "IP:127.0.0.1, DNS:ip.example"},
    {"ra2", "x", "DNS:A.example"},
};

static int make_files(void **state)
{
    EVP_PKEY *keys[] = {key_rsa(2048), key_ec("P-256")};
    char file[16];

    (void)state;
    folder_make(&folder);
    for (size_t i = 0; i < AP_COUNT(FILES); i++) {
        EVP_PKEY *key = keys[FILES[i].name[0] == 'e'];
        X509 *cert = cert_make(
            &(struct cert_spec){.key = key, .name = FILES[i].cn, .names = FILES[i].names});
        (void)snprintf(file, sizeof(file), "%s.pem", FILES[i].name);
        cert_write(&folder, file, &cert, 1);
        (void)snprintf(file, sizeof(file), "%s.key", FILES[i].name);
        key_write(&folder, file, key);
        X509_free(cert);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

#define PAIRS_MAX 8

/* names: "ra ea rb". */
static int make_context(const char *names, struct tls_context **ret_context, struct ap_error *error)
{
    static char paths[2 * PAIRS_MAX][128];
    struct tls_certificate files[PAIRS_MAX];
    struct tls_setup setup = {.certificates = files};

    memset(error, 0, sizeof(*error));
    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        char *cert = paths[2 * setup.certificate_count];
        char *key = paths[2 * setup.certificate_count + 1];
        (void)snprintf(cert, sizeof(paths[0]), "%s/%.*s.pem", folder.path, (int)len, at);
        (void)snprintf(key, sizeof(paths[0]), "%s/%.*s.key", folder.path, (int)len, at);
        files[setup.certificate_count++] = (struct tls_certificate){cert, key};
        at += len;
    }
    return tls_context_new(&setup, ret_context, error);
}

/* The file whose certificate the server shows; "" without a handshake. */
static const char *shown(struct tls_context *context, int version, bool rsa_only, const char *sni)
{
    static char name[16];
    SSL_CTX *client_side = tls_link_client(version);
    struct tls_link link;
    char file[32];

    if (rsa_only)
        assert_int_equal(SSL_CTX_set1_sigalgs_list(client_side, "RSA-PSS+SHA256:RSA+SHA256"), 1);
    tls_link_open(&link, client_side, context);
    if (sni)
        assert_int_equal(SSL_set_tlsext_host_name(link.client, sni), 1);
    bool is_done = tls_link_handshake(&link);
    name[0] = '\0';
    for (size_t i = 0; is_done && i < AP_COUNT(FILES); i++) {
        (void)snprintf(file, sizeof(file), "%s.pem", FILES[i].name);
        BIO *bio = BIO_new_file(folder_path(&folder, file), "r");
        X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (X509_cmp(cert, SSL_get0_peer_certificate(link.client)) == 0)
            (void)snprintf(name, sizeof(name), "%s", FILES[i].name);
        X509_free(cert);
        BIO_free(bio);
    }
    tls_link_close(&link);
    return name;
}

struct row {
    const char *sni; /* NULL: none is sent */
    const char *any; /* what a client gets that takes EC and RSA */
    const char *rsa; /* and one that takes RSA alone; "" : no handshake */
};

static void check_rows(const char *names, const struct row *rows, size_t count)
{
    struct tls_context *context = NULL;
    struct ap_error error;

    if (make_context(names, &context, &error) != 0)
        fail_msg("%s: %s", names, error.text);
    for (size_t i = 0; i < count; i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            const char *sni = rows[i].sni ? rows[i].sni : "no name";
            const char *got = shown(context, version, false, rows[i].sni);
            if (strcmp(got, rows[i].any) != 0)
                fail_msg("%s: %s gets '%s'", names, sni, got);
            got = shown(context, version, true, rows[i].sni);
            if (strcmp(got, rows[i].rsa) != 0)
                fail_msg("%s: %s gets '%s' for RSA", names, sni, got);
        }
    }
    tls_context_unref(context);
}

static void test_the_name_that_is_asked_for_decides(void **state)
{
    static const struct row rows[] = {
        {"a.example", "ea", "ra"},       {"A.EXAMPLE", "ea", "ra"},
        {"www.a.example", "ra", "ra"},   {"b.example", "eb", "rb"},
        {"other.example", "eb", ""},     {NULL, "ea", "ra"},
        {"unknown.example", "ea", "ra"}, {"a.example.com", "ea", "ra"},
        {"sub.a.example", "ea", "ra"},   {".example", "ea", "ra"},
    };

    (void)state;
    check_rows("ra ea rb eb", rows, AP_COUNT(rows));
}

static void test_the_first_one_is_for_all_others(void **state)
{
    static const struct row b_first[] = {
        {NULL, "eb", "rb"}, {"unknown.example", "eb", "rb"}, {"a.example", "ea", "ra"}};
    /* The EC one shares no name with the first: it is for who asks for it. */
    static const struct row apart[] = {
        {NULL, "ra", "ra"}, {"unknown.example", "ra", "ra"}, {"b.example", "eb", ""}};
    static const struct row ec_first[] = {
        {NULL, "eb", ""}, {"a.example", "ra", "ra"}, {"x.a.example", "eb", ""}};

    (void)state;
    check_rows("rb eb ra ea", b_first, AP_COUNT(b_first));
    check_rows("ra eb", apart, AP_COUNT(apart));
    check_rows("eb ra", ec_first, AP_COUNT(ec_first));
}

static void test_wildcards_hold_one_label_and_go_behind_exact_names(void **state)
{
    static const struct row rows[] = {
        {"one.w.example", "rw", "rw"},
        {"exact.w.example", "ew", "rw"},
        {"two.one.w.example", "ea", "ra"},
        {"w.example", "ea", "ra"},
    };

    (void)state;
    check_rows("ra ea rw ew", rows, AP_COUNT(rows));
}

static void test_a_common_name_counts_without_other_names_and_addresses_pair(void **state)
{
    static const struct row cn[] = {{"cn.example", "ecn", ""}, {NULL, "ra", "ra"}};
    static const struct row ip[] = {{NULL, "eip", "rip"}, {"ip.example", "eip", ""}};

    (void)state;
    check_rows("ra ecn", cn, AP_COUNT(cn));
    check_rows("rip eip", ip, AP_COUNT(ip));
}

/* A wildcard beside an exact name, and names that only one of two has. */
static void test_names_of_two_that_differ_matter(void **state)
{
    static const struct row apart[] = {
        {"a.example", "ea", "ra"}, {"www.a.example", "ra", "ra"}, {NULL, "ea", "ra"}};
    static const struct row wild[] = {{"exact.w.example", "ew", "rw"},
                                      {"one.w.example", "rw", "rw"},
                                      {"a.example", "ew", ""},
                                      {NULL, "ew", "rw"}};

    (void)state;
    check_rows("ra ea", apart, AP_COUNT(apart));
    check_rows("rw ew", wild, AP_COUNT(wild));
}

static void test_a_certificate_that_nobody_would_get_is_refused(void **state)
{
    static const struct {
        const char *names, *file;
    } rows[] = {{"ra ra", "ra.pem"}, {"ra ra2", "ra2.pem"}, {"ra rb rb", "rb.pem"}};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(rows); i++) {
        struct tls_context *context = NULL;
        struct ap_error error;
        assert_int_equal(make_context(rows[i].names, &context, &error), AP_EINVAL);
        if (!strstr(error.text, folder_path(&folder, rows[i].file)) ||
            !strstr(error.text, "clients get another certificate of this type of key"))
            fail_msg("%s: %s", rows[i].names, error.text);
        assert_null(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_name_that_is_asked_for_decides),
        cmocka_unit_test(test_the_first_one_is_for_all_others),
        cmocka_unit_test(test_wildcards_hold_one_label_and_go_behind_exact_names),
        cmocka_unit_test(test_a_common_name_counts_without_other_names_and_addresses_pair),
        cmocka_unit_test(test_names_of_two_that_differ_matter),
        cmocka_unit_test(test_a_certificate_that_nobody_would_get_is_refused),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
