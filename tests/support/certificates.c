#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S 86400L
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "certificates: %s\n", #condition);                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum signer {
    ACME,     /* the vendor's root */
    ISSUING,  /* an intermediate authority of ACME's */
    BOLT,     /* another vendor's root */
    STRANGER, /* nobody's */
    IMPOSTOR, /* ACME's name, another key */
    SELF,     /* ACME's name as issuer, signed by the certificate's own key */
    SIGNERS
};

struct authority {
    X509 *cert;
    EVP_PKEY *key;
};

struct leaf {
    enum signer signer;
    const char *cn;
    size_t cn_len; /* 0: its length; a CN may hold a NUL */
    const char *second_cn;
    int cn_type;     /* 0: UTF-8 */
    const char *eku; /* NULL: none */
    const char *san;
    const char *constraints;   /* NULL: CA:FALSE */
    const char *subject_of_ca; /* instead of a CN */
    long starts_s, ends_s;     /* 0: two days ago, in a day */
    bool sha1, rsa1024, sends_issuing;
};

#define MAC   CERTIFICATES_MAC
#define OTHER CERTIFICATES_OTHER_MAC

/* The row and how it is made, side by side. */
#define ROWS(ROW)                                                                                  \
    ROW("right", MAC, 0, 0, .cn = MAC)                                                             \
    ROW("right-without-eku", MAC, 0, 0, .cn = MAC, .eku = NULL)                                    \
    ROW("right-by-chain", MAC, 0, 0, .cn = MAC, .signer = ISSUING, .sends_issuing = true)          \
    ROW("chain-incomplete", NULL, 0, 0, .cn = MAC, .signer = ISSUING)                              \
    ROW("other-mac", OTHER, 0, 0, .cn = OTHER)                                                     \
    ROW("generic", "Acme generic", 0, 0, .cn = "Acme generic")                                     \
    ROW("expired", NULL, 0, 0, .cn = MAC, .ends_s = -60)                                           \
    ROW("not-yet-valid", NULL, 0, 0, .cn = MAC, .starts_s = 600)                                   \
    ROW("sha1", MAC, 1, 0, .cn = MAC, .sha1 = true)                                                \
    ROW("rsa1024", MAC, 1, 0, .cn = MAC, .rsa1024 = true)                                          \
    ROW("wrong-ca", NULL, 0, 0, .cn = MAC, .signer = STRANGER)                                     \
    ROW("impostor-ca", NULL, 0, 0, .cn = MAC, .signer = IMPOSTOR)                                  \
    ROW("self-signed", NULL, 0, 0, .cn = MAC, .signer = SELF)                                      \
    ROW("self-signed-ca", NULL, 0, 0, .subject_of_ca = "Acme Root CA", .signer = SELF,             \
        .constraints = "critical,CA:TRUE")                                                         \
    ROW("two-cns", "", 0, 0, .cn = MAC, .second_cn = OTHER)                                        \
    ROW("two-cns-reversed", "", 0, 0, .cn = OTHER, .second_cn = MAC)                               \
    ROW("same-cn-twice", "", 0, 0, .cn = MAC, .second_cn = MAC)                                    \
    ROW("nul-in-cn", "", 0, 0, .cn = MAC "\0.example", .cn_len = sizeof(MAC "\0.example") - 1)     \
    ROW("nul-behind-cn", "", 0, 0, .cn = MAC "\0", .cn_len = sizeof(MAC "\0") - 1)                 \
    ROW("mac-in-san-only", "phone", 0, 0, .cn = "phone", .san = "DNS:" MAC)                        \
    ROW("no-cn", "", 0, 0, .cn = NULL, .san = "DNS:" MAC)                                          \
    ROW("revoked", NULL, 0, 0, .cn = MAC)                                                          \
    ROW("lower-case", "cc5ef641b794", 0, 0, .cn = "cc5ef641b794")                                  \
    ROW("mixed-case", "CC5EF641b794", 0, 0, .cn = "CC5EF641b794")                                  \
    ROW("colons", "CC:5E:F6:41:B7:94", 0, 0, .cn = "CC:5E:F6:41:B7:94")                            \
    ROW("blank-behind", MAC " ", 0, 0, .cn = MAC " ")                                              \
    ROW("more-behind", MAC ".example.com", 0, 0, .cn = MAC ".example.com")                         \
    ROW("long-cn", "", 0, 0, .cn = MAC ".and.a.name.that.goes.on")                                 \
    ROW("not-ascii", "", 0, 0, .cn = MAC "\xc3\xa9")                                               \
    ROW("wide-characters", "", 0, 0, .cn = MAC, .cn_type = V_ASN1_BMPSTRING)                       \
    ROW("server-auth-only", NULL, 0, 0, .cn = MAC, .eku = "serverAuth")                            \
    ROW("ca-as-leaf", NULL, 0, 0, .cn = MAC, .constraints = "critical,CA:TRUE")                    \
    ROW("bolt-right", OTHER, 0, 1, .cn = OTHER, .signer = BOLT)                                    \
    ROW("bolt-with-mac", MAC, 0, 1, .cn = MAC, .signer = BOLT)

#define ROW(name, cn, weak, bolt, ...) {name, cn, weak, bolt},
const struct certificate_row CERTIFICATES[] = {ROWS(ROW)};
#undef ROW
const size_t CERTIFICATE_COUNT = sizeof(CERTIFICATES) / sizeof(CERTIFICATES[0]);

#define ROW(name, cn, weak, bolt, ...) {.eku = "clientAuth", __VA_ARGS__},
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct leaf LEAVES[] = {ROWS(ROW)};
#pragma GCC diagnostic pop
#undef ROW

/* -- making ------------------------------------------------------------------------------------ */

static void add_cn(X509_NAME *name, int type, const char *text, size_t len)
{
    CHECK(X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const unsigned char *)text,
                                     (int)len, -1, 0) == 1);
}

static void add_extension(X509 *cert, int nid, const char *text)
{
    X509_EXTENSION *extension = text ? X509V3_EXT_conf_nid(NULL, NULL, nid, text) : NULL;

    CHECK(!text || (extension && X509_add_ext(cert, extension, -1) == 1));
    X509_EXTENSION_free(extension);
}

static X509 *begin_cert(EVP_PKEY *key, const char *issuer, long starts_s, long ends_s)
{
    static long serial = 1;
    X509 *cert = X509_new();

    CHECK(cert && X509_set_version(cert, X509_VERSION_3) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++) == 1);
    add_cn(X509_get_issuer_name(cert), MBSTRING_UTF8, issuer, strlen(issuer));
    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), starts_s ? starts_s : -2 * DAY_S));
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), ends_s ? ends_s : DAY_S));
    CHECK(X509_set_pubkey(cert, key) == 1);
    return cert;
}

static const char *const NAMES[SIGNERS] = {
    [ACME] = "Acme Root CA",      [ISSUING] = "Acme Issuing CA", [BOLT] = "Bolt Root CA",
    [STRANGER] = "Other Root CA", [IMPOSTOR] = "Acme Root CA",   [SELF] = "Acme Root CA",
};

static void make_authority(struct authority *authorities, enum signer which)
{
    struct authority *authority = &authorities[which];
    const struct authority *signer = which == ISSUING ? &authorities[ACME] : authority;

    authority->key = EVP_EC_gen("P-256");
    CHECK(authority->key);
    authority->cert = begin_cert(authority->key, NAMES[which == ISSUING ? ACME : which], 0, 0);
    add_cn(X509_get_subject_name(authority->cert), MBSTRING_UTF8, NAMES[which],
           strlen(NAMES[which]));
    add_extension(authority->cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(authority->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    CHECK(X509_sign(authority->cert, signer->key, EVP_sha256()) > 0);
}

static FILE *create(const char *folder, const char *name, const char *end)
{
    char path[512];
    FILE *file;

    CHECK((size_t)snprintf(path, sizeof(path), "%s/%s%s", folder, name, end) < sizeof(path));
    file = fopen(path, "w");
    CHECK(file && chmod(path, 0600) == 0);
    return file;
}

static void write_authority(const char *folder, const char *name, const X509 *cert)
{
    FILE *file = create(folder, name, "");

    CHECK(PEM_write_X509(file, cert) == 1 && fclose(file) == 0);
}

/* revoked NULL: an empty list. */
static void write_crl(const char *folder, const char *name, const struct authority *authority,
                      const X509 *revoked, long ends_s)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *start = X509_gmtime_adj(NULL, -2 * DAY_S);
    ASN1_TIME *end = X509_gmtime_adj(NULL, ends_s);
    FILE *file = create(folder, name, "");

    CHECK(crl && start && end && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
    CHECK(X509_CRL_set_issuer_name(crl, X509_get_subject_name(authority->cert)) == 1);
    CHECK(X509_CRL_set1_lastUpdate(crl, start) == 1 && X509_CRL_set1_nextUpdate(crl, end) == 1);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();
        CHECK(entry && X509_REVOKED_set_revocationDate(entry, start) == 1);
        CHECK(X509_REVOKED_set_serialNumber(entry,
                                            (ASN1_INTEGER *)X509_get0_serialNumber(revoked)) == 1);
        CHECK(X509_CRL_add0_revoked(crl, entry) == 1);
    }
    CHECK(X509_CRL_sign(crl, authority->key, EVP_sha256()) > 0);
    CHECK(PEM_write_X509_CRL(file, crl) == 1 && fclose(file) == 0);
    ASN1_TIME_free(start);
    ASN1_TIME_free(end);
    X509_CRL_free(crl);
}

static void set_subject(X509 *cert, const struct leaf *leaf)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    if (leaf->subject_of_ca)
        add_cn(subject, MBSTRING_UTF8, leaf->subject_of_ca, strlen(leaf->subject_of_ca));
    if (leaf->cn_type == V_ASN1_BMPSTRING) {
        unsigned char wide[2 * sizeof(MAC)] = {0};
        for (size_t i = 0; i < strlen(leaf->cn); i++)
            wide[2 * i + 1] = (unsigned char)leaf->cn[i];
        CHECK(X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_BMPSTRING, wide,
                                         (int)(2 * strlen(leaf->cn)), -1, 0) == 1);
    } else if (leaf->cn) {
        /* As it is: no conversion would let a NUL pass. */
        add_cn(subject, V_ASN1_UTF8STRING, leaf->cn,
               leaf->cn_len ? leaf->cn_len : strlen(leaf->cn));
    }
    if (leaf->second_cn)
        add_cn(subject, MBSTRING_UTF8, leaf->second_cn, strlen(leaf->second_cn));
}

static X509 *make_leaf(const struct leaf *leaf, const struct authority *authorities, EVP_PKEY *key)
{
    X509 *cert = begin_cert(key, NAMES[leaf->signer], leaf->starts_s, leaf->ends_s);
    EVP_PKEY *signer = leaf->signer == SELF ? key : authorities[leaf->signer].key;

    set_subject(cert, leaf);
    add_extension(cert, NID_basic_constraints, leaf->constraints ? leaf->constraints : "CA:FALSE");
    add_extension(cert, NID_ext_key_usage, leaf->eku);
    add_extension(cert, NID_subject_alt_name, leaf->san);
    CHECK(X509_sign(cert, signer, leaf->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    return cert;
}

static void write_leaf(const char *folder, size_t at, const struct authority *authorities)
{
    const struct leaf *leaf = &LEAVES[at];
    const char *name = CERTIFICATES[at].name;
    EVP_PKEY *key = leaf->rsa1024 ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
    FILE *file = create(folder, name, ".pem");

    CHECK(key);
    X509 *cert = make_leaf(leaf, authorities, key);
    CHECK(PEM_write_X509(file, cert) == 1);
    if (leaf->sends_issuing)
        CHECK(PEM_write_X509(file, authorities[ISSUING].cert) == 1);
    CHECK(fclose(file) == 0);
    file = create(folder, name, ".key");
    CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    if (strcmp(name, "revoked") == 0)
        write_crl(folder, "acme.crl", &authorities[ACME], cert, DAY_S);
    X509_free(cert);
    EVP_PKEY_free(key);
}

void certificates_write(const char *folder)
{
    struct authority authorities[SIGNERS] = {{0}};

    for (int which = 0; which < SELF; which++)
        make_authority(authorities, (enum signer)which);
    write_authority(folder, "acme-ca.pem", authorities[ACME].cert);
    write_authority(folder, "acme-issuing-ca.pem", authorities[ISSUING].cert);
    write_authority(folder, "bolt-ca.pem", authorities[BOLT].cert);
    write_crl(folder, "acme-ended.crl", &authorities[ACME], NULL, -60);
    write_crl(folder, "stranger.crl", &authorities[STRANGER], NULL, DAY_S);
    for (size_t i = 0; i < CERTIFICATE_COUNT; i++)
        write_leaf(folder, i, authorities);
    for (int which = 0; which < SELF; which++) {
        X509_free(authorities[which].cert);
        EVP_PKEY_free(authorities[which].key);
    }
}
